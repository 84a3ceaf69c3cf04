//! What an operator asks of a hub on its own machine: people, handhelds and keys.
//!
//! The same orders run on a hub that serves, through [`door`], and on one that was opened for the one command.
//!
//! # Why
//! Whoever can read the data folder holds the hub's keys and its database, and can do all of this by hand.
//! So an order needs no sign-in; it needs the folder.

#[cfg(unix)]
pub mod door;
pub mod gap;

use serde::{Deserialize, Serialize};
use sync_core::ids::{AssociateId, DeviceId, ShopId};

use crate::handover::{self, HandoverError, Who};
use crate::http::AppState;
use crate::identity::IdentityError;
use crate::identity::access::{Principal, Role, Scope, Scopes};
use crate::identity::directory::Directory;
use crate::identity::integrations::{IntegrationId, NewIntegration};
use crate::identity::people::{NewAssociate, Subject, normal_login};
use crate::identity::rows::AssociateRow;
use crate::setup::{random_password, reset_password};

/// One order. Its form binds nobody: both ends are the same program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Make a code that enrols one handheld.
    Enrol {
        /// The shop, by name or id; not needed where there is one.
        shop: Option<String>,
        /// The login of the manager who vouches; the chain's first, unless named.
        by: Option<String>,
    },
    /// Add an associate.
    AddAssociate(AddAssociate),
    /// End everything of an associate.
    DeactivateAssociate {
        /// What the associate types to sign in.
        login: String,
    },
    /// Hand what an associate owes to customers over to another.
    Handover {
        /// What the one types to sign in.
        from: String,
        /// What the other types to sign in.
        to: String,
        /// The login of the manager in whose name it is written; the chain's first, unless named.
        by: Option<String>,
    },
    /// Give an associate a new password.
    ResetPassword {
        /// What the associate types to sign in.
        login: String,
    },
    /// End everything of a handheld.
    RevokeDevice {
        /// Its id.
        device: String,
    },
    /// Make a key for another system.
    AddIntegration(AddIntegration),
    /// End a key.
    RevokeIntegration {
        /// Its number.
        integration: String,
    },
    /// Say where the gap to the 1 % stands.
    Gap(gap::GapOrder),
    /// Say where the gap stood at the end of each week.
    GapWeeks {
        /// Of so many weeks, the latest; of all, unless said.
        latest: Option<usize>,
        /// As JSON.
        json: bool,
    },
    /// Name the promises whose time is over.
    UnkeptPromises {
        /// As JSON.
        json: bool,
    },
    /// Say what the playbook is.
    ShowPlaybook,
    /// Set the playbook.
    SetPlaybook {
        /// Its JSON.
        json: String,
    },
}

/// Whom to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddAssociate {
    /// What the associate types to sign in.
    pub login: String,
    /// Name as colleagues see it.
    pub name: String,
    /// Whether the associate looks after people and handhelds.
    pub is_manager: bool,
    /// Whether the role holds in every shop.
    pub chain: bool,
    /// The shop, by name or id; not needed where there is one.
    pub shop: Option<String>,
}

/// Which key to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddIntegration {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Days until it ends.
    pub days: i64,
    /// Whether it works for every shop.
    pub chain: bool,
    /// The shop, by name or id; not needed where there is one.
    pub shop: Option<String>,
    /// The login of the manager who answers for it; the chain's first, unless named.
    pub by: Option<String>,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// It names what there is not, or not clearly.
    #[error("{0}")]
    Unclear(String),
    /// Identity refuses.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Customers could not be handed over.
    #[error(transparent)]
    Handover(#[from] HandoverError),
}

/// What an order answers, in lines; secrets in them are not kept anywhere else.
pub type Answer = Vec<String>;

impl Order {
    /// What it is, without whom it is about: for the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Enrol { .. } => "enrol",
            Self::AddAssociate(_) => "add_associate",
            Self::DeactivateAssociate { .. } => "deactivate_associate",
            Self::Handover { .. } => "handover",
            Self::ResetPassword { .. } => "reset_password",
            Self::RevokeDevice { .. } => "revoke_device",
            Self::AddIntegration(_) => "add_integration",
            Self::RevokeIntegration { .. } => "revoke_integration",
            Self::Gap(_) => "gap",
            Self::GapWeeks { .. } => "gap_weeks",
            Self::UnkeptPromises { .. } => "unkept_promises",
            Self::ShowPlaybook => "show_playbook",
            Self::SetPlaybook { .. } => "set_playbook",
        }
    }
}

/// Carries out an order; what it wrote is durable when this returns.
///
/// # Errors
/// [`OrderError`] says what to do.
pub async fn carry_out(state: &AppState, order: Order) -> Result<Answer, OrderError> {
    let identity = &state.identity;
    tracing::info!(order = order.name(), "an operator's order");
    Ok(match order {
        Order::Enrol { shop: named, by } => {
            let (home, by) = place(state, named.as_deref(), by.as_deref())?;
            let code = identity.make_enrolment_code(home, by).await?;
            vec![
                format!("code       {}", code.typed),
                format!("to scan    {}", code.scanned),
                "One handheld, for 10 minutes.".to_owned(),
            ]
        }
        Order::AddAssociate(new) => add_associate(state, new).await?,
        Order::DeactivateAssociate { login } => {
            let id = find(&identity.directory(), &login)?;
            identity.deactivate(Subject::Associate(id)).await?;
            vec![format!(
                "{login} can't sign in any more, and every open sign-in has ended"
            )]
        }
        Order::Handover { from, to, by } => hand_over(state, (&from, &to), by.as_deref()).await?,
        Order::ResetPassword { login } => {
            let login = normal_login(&login)?;
            let password = reset_password(identity, &login, &state.entropy).await?;
            vec![shown_once("password", password.expose())]
        }
        Order::RevokeDevice { device } => {
            let id: DeviceId = parsed(&device, "handheld")?;
            identity.deactivate(Subject::Device(id)).await?;
            vec![format!("{device} is revoked")]
        }
        Order::AddIntegration(new) => add_integration(state, new).await?,
        Order::RevokeIntegration { integration } => {
            let id: IntegrationId = parsed(&integration, "key")?;
            identity.deactivate(Subject::Integration(id)).await?;
            vec![format!("{integration} is revoked")]
        }
        Order::Gap(order) => gap::gap(state, order).await?,
        Order::GapWeeks { latest, json } => gap::weeks(state, latest, json)?,
        Order::UnkeptPromises { json } => gap::promises(state, json).await?,
        Order::ShowPlaybook => gap::show_playbook(state)?,
        Order::SetPlaybook { json } => gap::set_playbook(state, &json).await?,
    })
}

async fn add_associate(state: &AppState, order: AddAssociate) -> Result<Answer, OrderError> {
    let AddAssociate {
        login,
        name,
        is_manager,
        chain,
        shop: named,
    } = order;
    let home = shop(&state.identity.directory(), named.as_deref())?;
    let password = random_password(&state.entropy);
    let role = if is_manager {
        Role::Manager
    } else {
        Role::Associate
    };
    let new = NewAssociate {
        login: login.clone(),
        name,
        role,
        shop: home,
        chain,
        password: password.clone(),
    };
    let id = state.identity.add_associate(new).await?;
    Ok(vec![
        format!("added {} {login} ({id})", role.name()),
        shown_once("password", password.expose()),
    ])
}

async fn add_integration(state: &AppState, order: AddIntegration) -> Result<Answer, OrderError> {
    let AddIntegration {
        name,
        scopes,
        days,
        chain,
        shop: named,
        by,
    } = order;
    let (home, by) = place(state, named.as_deref(), by.as_deref())?;
    let new = NewIntegration {
        name,
        scopes: read_scopes(&scopes)?,
        shop: home,
        chain,
        days,
        by,
    };
    let made = state.identity.add_integration(new).await?;
    Ok(vec![
        format!("number     {}", made.id),
        shown_once("key", made.key.expose()),
    ])
}

/// In whose name it is handed over, from whom and to whom.
fn hands(
    directory: &Directory,
    (from_login, to_login): (&str, &str),
    by: Option<&str>,
) -> Result<(Principal, AssociateId, AssociateId), OrderError> {
    let (from, to) = (find(directory, from_login)?, find(directory, to_login)?);
    if from == to {
        return Err(unclear("name two associates"));
    }
    let has_left = |row: &AssociateRow| row.deactivated_at.is_some();
    if directory.associates.get(&to).is_none_or(has_left) {
        return Err(unclear(format!("{to_login} has left")));
    }
    let by = manager(directory, by)?;
    let row = directory.associates.get(&by);
    let row = row.ok_or_else(|| unclear("there is no such manager"))?;
    let principal = Principal {
        device: None,
        associate: Some(by),
        session: None,
        integration: None,
        shop: row.shop,
        chain: row.chain,
        role: Role::Manager,
        scopes: Role::Manager.scopes(),
    };
    Ok((principal, from, to))
}

/// Hands over everybody, in as many steps as it takes.
async fn hand_over(
    state: &AppState,
    (from_login, to_login): (&str, &str),
    by: Option<&str>,
) -> Result<Answer, OrderError> {
    let (principal, from, to) = hands(&state.identity.directory(), (from_login, to_login), by)?;
    let (mut customers, mut promises, mut owners, mut refused) = (0, 0, 0, Vec::new());
    let mut after = None;
    loop {
        let who = Who::EverybodyAfter(after);
        let done = handover::hand_over(state, &principal, (from, to), who).await?;
        for one in done.handed {
            customers += 1;
            promises += one.promises;
            owners += usize::from(one.is_owner);
        }
        refused.extend(done.refused);
        after = done.next;
        if after.is_none() {
            break;
        }
    }
    let mut lines = vec![format!(
        "{to_login} has {promises} promises to {customers} customers of {from_login}'s now, and looks after {owners} of them first"
    )];
    lines.extend(refused.iter().map(|one| {
        let why = match one.code {
            "not_in_book" => "is not in the book of their shop",
            _ => "could not be written",
        };
        format!("{} stays: the card {why}", one.id)
    }));
    Ok(lines)
}

fn shown_once(what: &str, secret: &str) -> String {
    format!("{what:<10} {secret}   (not shown again)")
}

fn unclear(text: impl Into<String>) -> OrderError {
    OrderError::Unclear(text.into())
}

fn parsed<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, OrderError> {
    text.parse()
        .map_err(|_unparsed| unclear(format!("{text:?} is no {what}'s number")))
}

fn place(
    state: &AppState,
    shop_named: Option<&str>,
    by: Option<&str>,
) -> Result<(ShopId, AssociateId), OrderError> {
    let directory = state.identity.directory();
    Ok((shop(&directory, shop_named)?, manager(&directory, by)?))
}

/// The shop that is meant: by id or by name, or the only one there is.
///
/// # Errors
/// [`OrderError::Unclear`] when none or several are meant.
pub fn shop(directory: &Directory, named: Option<&str>) -> Result<ShopId, OrderError> {
    let Some(named) = named else {
        let mut all = directory.shops.keys();
        return match (all.next(), all.next()) {
            (Some(only), None) => Ok(*only),
            _ => Err(unclear(format!(
                "name the shop with --shop: {}",
                shop_names(directory)
            ))),
        };
    };
    let by_id = named.parse().ok();
    let found: Vec<ShopId> = directory
        .shops
        .iter()
        .filter(|(id, row)| by_id == Some(**id) || row.name == named)
        .map(|(id, _)| *id)
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(unclear(format!(
            "there is no shop {named:?}; there is {}",
            shop_names(directory)
        ))),
        _ => Err(unclear(format!(
            "several shops are called {named:?}: name one by its id"
        ))),
    }
}

fn shop_names(directory: &Directory) -> String {
    let names = directory
        .shops
        .iter()
        .map(|(id, row)| format!("{:?} ({id})", row.name));
    names.collect::<Vec<_>>().join(", ")
}

/// In whose name an order is carried out: the manager that is named, or the first of the chain.
fn manager(directory: &Directory, named: Option<&str>) -> Result<AssociateId, OrderError> {
    let mut managers = directory
        .associates
        .iter()
        .filter(|(_, row)| row.role == Role::Manager && row.deactivated_at.is_none());
    let found = match named {
        Some(login) => managers.find(|(_, row)| row.login == login),
        None => managers.max_by_key(|(id, row)| (row.chain, std::cmp::Reverse(**id))),
    };
    found
        .map(|(id, _)| *id)
        .ok_or_else(|| unclear("there is no such manager: see `carnet admin associates list`"))
}

fn find(directory: &Directory, login: &str) -> Result<AssociateId, OrderError> {
    let found = directory.associate_by_login(&normal_login(login)?);
    found.map(|(id, _)| id).ok_or_else(|| {
        unclear(format!(
            "nobody signs in as {login:?}: see `carnet admin associates list`"
        ))
    })
}

fn read_scopes(names: &[String]) -> Result<Scopes, OrderError> {
    let mut scopes = Vec::new();
    for name in names {
        let scope = Scope::of_integration(name.trim()).ok_or_else(|| {
            let known: Vec<_> = Scope::FOR_INTEGRATIONS
                .iter()
                .map(|scope| scope.name())
                .collect();
            unclear(format!(
                "--scopes: {name:?} is none of {}",
                known.join(", ")
            ))
        })?;
        scopes.push(scope);
    }
    if scopes.is_empty() {
        return Err(unclear("--scopes: name at least one"));
    }
    Ok(Scopes::of(&scopes))
}
