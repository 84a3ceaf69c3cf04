//! The shop behind the story: its hub filled with the boutique, its people, and what the back office does.

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use server::boutique::Boutique;
use server::http::AppState;
use server::identity::access::Role;
use server::identity::enrolment::EnrolmentCode;
use server::identity::people::NewAssociate;
use server::secret::Secret;
use server::setup::FirstRun;
use sync_core::authority::{Authority, HubAuthor, HubEdit};
use sync_core::card::schema;
use sync_core::card::{Edit, Source};
use sync_core::ids::{AssociateId, CustomerId, EditId, SessionId, ShopId};

use super::words;

/// The password of the two associates.
pub(super) const PASSWORD: &str = "quiet-river-9";

/// The shop.
#[derive(Debug, Clone)]
pub(super) struct Shop {
    state: AppState,
    runtime: tokio::runtime::Handle,
    shop: ShopId,
    manager: AssociateId,
    /// What the manager types to sign in.
    pub(super) login: String,
    /// And their password.
    pub(super) password: String,
    /// The boutique that fills it.
    pub(super) boutique: Boutique,
}

/// Fills the hub and takes two associates on.
pub(super) async fn open(
    state: &AppState,
    first_run: &FirstRun,
    boutique: Boutique,
) -> anyhow::Result<Shop> {
    words::title(&boutique)?;
    let manager = {
        let directory = state.identity.directory();
        let found = directory.associate_by_login(&first_run.login);
        found
            .map(|(id, _)| id)
            .context("the first run makes a manager")?
    };
    let shop = Shop {
        state: state.clone(),
        runtime: tokio::runtime::Handle::current(),
        shop: first_run.shop,
        manager,
        login: first_run.login.clone(),
        password: first_run.password.expose().clone(),
        boutique,
    };
    let anna = shop.take_on("anna", "Anna").await?;
    let bilal = shop.take_on("bilal", "Bilal").await?;
    let staff = [anna, bilal, manager].map(|associate| shop.author(associate));
    let bar = ProgressBar::new(u64::from(boutique.customers));
    let style = "  {wide_bar} {pos}/{len} customers";
    bar.set_style(ProgressStyle::with_template(style).context("the bar's own template")?);
    let written = boutique
        .write(&state.book, &staff, |done| {
            bar.set_position(u64::from(done))
        })
        .await?;
    bar.finish_and_clear();
    words::filled(&written)?;
    Ok(shop)
}

impl Shop {
    async fn take_on(&self, login: &str, name: &str) -> anyhow::Result<AssociateId> {
        let new = NewAssociate {
            login: login.to_owned(),
            name: name.to_owned(),
            role: Role::Associate,
            shop: self.shop,
            chain: false,
            password: Secret::new(PASSWORD.to_owned()),
        };
        Ok(self.state.identity.add_associate(new).await?)
    }

    fn author(&self, associate: AssociateId) -> HubAuthor {
        HubAuthor {
            associate,
            session: SessionId([0; 8]),
            shop: self.shop,
            role: schema::Role::Manager,
        }
    }

    /// A code that enrols one handheld.
    pub(super) async fn code(&self) -> anyhow::Result<EnrolmentCode> {
        let identity = &self.state.identity;
        Ok(identity
            .make_enrolment_code(self.shop, self.manager)
            .await?)
    }

    /// The same, for a thread that may wait.
    pub(super) fn code_now(&self) -> anyhow::Result<EnrolmentCode> {
        self.runtime.block_on(self.code())
    }

    /// The manager records an edit at the back office.
    pub(super) fn manager_records(&self, customer: CustomerId, edit: Edit) -> anyhow::Result<()> {
        let edit = HubEdit {
            id: EditId(self.state.entropy.bytes()),
            edit,
            source: Source::Stated,
            as_of: None,
        };
        let author = self.author(self.manager);
        let recorded = self.state.book.record(author, customer, vec![edit]);
        if !self.runtime.block_on(recorded)? {
            bail!("the hub had this edit already");
        }
        Ok(())
    }

    /// How many changes the hub has accepted so far.
    pub(super) fn accepted(&self) -> anyhow::Result<u64> {
        Ok(Authority::accepted_number(
            &*self.state.book.store().read()?,
        )?)
    }

    /// What people call an associate.
    pub(super) fn name_of(&self, associate: AssociateId) -> String {
        let directory = self.state.identity.directory();
        let row = directory.associates.get(&associate);
        row.map_or_else(|| associate.to_string(), |row| row.name.clone())
    }
}
