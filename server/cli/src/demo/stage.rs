//! Who plays, and on what: the people of the boutique, their handhelds, and the hub behind them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use anyhow::Context as _;
use carnet_ffi::{Book, BookListener, BookOptions, ChangeSummary, ListenerError, Status};
use server::http::AppState;
use server::identity::access::Role;
use server::identity::people::NewAssociate;
use server::secret::Secret;
use sync_core::authority::{HubAuthor, HubEdit};
use sync_core::card::schema;
use sync_core::card::{Edit, Source};
use sync_core::ids::{AssociateId, CustomerId, EditId, SessionId, ShopId};
use tokio::runtime::Runtime;

use super::network::Network;

/// Time in which anything on this machine is long done.
const DEADLINE: Duration = Duration::from_secs(60);

/// One of the people.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: AssociateId,
    pub(super) login: &'static str,
    pub(super) name: &'static str,
    pub(super) password: String,
    role: schema::Role,
}

/// The people of the boutique.
#[derive(Debug)]
pub(super) struct People {
    pub(super) shop: ShopId,
    pub(super) ana: Person,
    pub(super) ben: Person,
    pub(super) claire: Person,
}

impl People {
    /// Everybody, as authors of the boutique's history.
    pub(super) fn authors(&self) -> Vec<HubAuthor> {
        [&self.ana, &self.ben, &self.claire]
            .map(|person| self.author(person))
            .to_vec()
    }

    fn author(&self, person: &Person) -> HubAuthor {
        HubAuthor {
            associate: person.id,
            session: SessionId([0; 8]),
            shop: self.shop,
            role: person.role,
        }
    }
}

/// Takes on the people of the boutique.
pub(super) async fn hire(state: &AppState) -> anyhow::Result<People> {
    let shop = state.identity.directory().shops.keys().next().copied();
    let shop = shop.ok_or_else(|| anyhow::anyhow!("the hub has no shop"))?;
    let mut hired = Vec::new();
    let staff = [
        (
            "ana",
            "Ana Duarte",
            Role::Associate,
            schema::Role::Associate,
        ),
        (
            "ben",
            "Ben Okafor",
            Role::Associate,
            schema::Role::Associate,
        ),
        (
            "claire",
            "Claire Martin",
            Role::Manager,
            schema::Role::Manager,
        ),
    ];
    for (login, name, role, core_role) in staff {
        let password = sync_core::ids::to_base32(&state.entropy.bytes::<10>());
        let new = NewAssociate {
            login: login.to_owned(),
            name: name.to_owned(),
            role,
            shop,
            chain: false,
            password: Secret::new(password.clone()),
        };
        let id = state.identity.add_associate(new).await?;
        hired.push(Person {
            id,
            login,
            name,
            password,
            role: core_role,
        });
    }
    let Ok([ana, ben, claire]) = <[Person; 3]>::try_from(hired) else {
        anyhow::bail!("three people were taken on");
    };
    Ok(People {
        shop,
        ana,
        ben,
        claire,
    })
}

/// What the story is played on.
pub(super) struct Stage<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) state: &'a AppState,
    pub(super) network: &'a Network,
    pub(super) folder: &'a Path,
}

impl Stage<'_> {
    /// A code by which one more handheld can be enrolled.
    pub(super) async fn enrolment_code(&self, people: &People) -> anyhow::Result<String> {
        let identity = &self.state.identity;
        Ok(identity
            .make_enrolment_code(people.shop, people.claire.id)
            .await?
            .typed)
    }

    /// A new handheld, enrolled, with `person` signed in.
    pub(super) fn handheld(&self, people: &People, person: &Person) -> anyhow::Result<Arc<Book>> {
        let path = self.folder.join(format!("handheld-{}.db", person.login));
        let key = self.state.entropy.bytes::<32>().to_vec();
        let book = Book::open(path.display().to_string(), key, BookOptions::default())?;
        let code = self.runtime.block_on(self.enrolment_code(people))?;
        let label = format!("{}'s handheld", person.name);
        book.enrol(self.network.url().to_owned(), code, label)?;
        book.sign_in(person.login.to_owned(), person.password.clone())?;
        Ok(book)
    }

    /// Waits until the network broke.
    pub(super) fn until_torn(&self) -> anyhow::Result<()> {
        let torn = async { tokio::time::timeout(DEADLINE, self.network.until_torn()).await };
        self.runtime
            .block_on(torn)
            .context("the network did not break")
    }

    /// Records an edit at the back office.
    pub(super) fn record_at_hub(
        &self,
        people: &People,
        person: &Person,
        customer: CustomerId,
        edit: Edit,
    ) -> anyhow::Result<()> {
        let id = EditId(self.state.entropy.bytes());
        let edit = HubEdit {
            id,
            edit,
            source: Source::Stated,
            as_of: None,
        };
        let author = people.author(person);
        let recorded = self.state.book.record(author, customer, vec![edit]);
        self.runtime
            .block_on(recorded)
            .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        Ok(())
    }
}

/// Tells that a book changed.
#[derive(Debug)]
struct Waking(Mutex<mpsc::Sender<()>>);

impl BookListener for Waking {
    fn on_change(&self, _: ChangeSummary) -> Result<(), ListenerError> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.send(()).map_err(|_gone| ListenerError::Failed)
    }
}

/// Waits for what a live connection brings about.
pub(super) fn until(book: &Book, is_so: impl Fn(&Status) -> bool) -> anyhow::Result<()> {
    let (sender, woken) = mpsc::channel();
    book.listen(Some(Arc::new(Waking(Mutex::new(sender)))))?;
    loop {
        book.drain(u32::MAX);
        if is_so(&book.status()?) {
            return Ok(book.listen(None)?);
        }
        let woken = woken.recv_timeout(DEADLINE);
        woken.context("a handheld did not get on with its hub")?;
    }
}
