//! The handover: what one associate owed to customers is owed by another, in the transactions of the hub.
//!
//! # Invariants
//! - The open promises of a customer are the same before and after, with the same words and the same dates; the transaction that would lose
//!   one is undone.
//! - A customer's promises and their owner change hands together or not at all.
//! - It goes to somebody whose book the customer is in; others are told of and stay as they are.
//! - Done again it changes nothing.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::Serialize;
use sync_core::authority::{HubAuthor, HubEdit};
use sync_core::card::{CardView, Facet, Reading, Source};
use sync_core::concierge::handover;
use sync_core::documents;
use sync_core::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};
use sync_core::notices::bodies::OwnerBody;
use sync_core::notices::{self, Subject};
use sync_core::projection;
use sync_core::scope::Scope;
use sync_core::store::{ReadTx, StoreError};

use crate::book::{EngineTx, reading};
use crate::desk::{DeskError, owners};
use crate::http::AppState;
use crate::identity::access::Principal;
use crate::writer::WriteError;

/// Customers in one transaction.
const BATCH: usize = 16;
/// Customers who are looked at in one call.
const LOOKED_AT_MAX: usize = 100;

/// Why nothing was handed over.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// The book could not be written.
    #[error(transparent)]
    Book(#[from] DeskError),
    /// Nobody writes in this name.
    #[error("sign in to write")]
    NotSignedIn,
    /// There is no such associate.
    #[error("there is no such associate")]
    NoAssociate,
    /// A promise would be lost.
    #[error("a promise would be lost: nothing was handed over")]
    PromisesDiffer,
}

impl From<StoreError> for HandoverError {
    fn from(error: StoreError) -> Self {
        Self::Book(error.into())
    }
}

/// Whom to hand over.
#[derive(Debug, Clone)]
pub enum Who {
    /// These.
    These(Vec<CustomerId>),
    /// Everybody whom the leaver looks after or promised something, after this one.
    EverybodyAfter(Option<CustomerId>),
}

/// A customer who was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Handed {
    /// Whom.
    pub id: CustomerId,
    /// How many promises changed hands.
    pub promises: usize,
    /// How many promises are open, before and after.
    pub open_promises: usize,
    /// Whether the new associate looks after them first from now on.
    pub is_owner: bool,
}

/// A customer who stays where they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Whom.
    pub id: CustomerId,
    /// Why: `not_in_book`, or `not_kept`.
    pub code: &'static str,
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Who was handed over.
    pub handed: Vec<Handed>,
    /// Who was not.
    pub refused: Vec<Refused>,
    /// Where to go on; nothing at the end.
    pub next: Option<CustomerId>,
}

/// Whose hands it goes through.
#[derive(Debug, Clone, Copy)]
struct Hands {
    author: HubAuthor,
    from: AssociateId,
    to: AssociateId,
    /// Whose book a customer has to be in for that; any, for who acts for the whole chain.
    shop: Option<ShopId>,
}

/// What became of one customer.
#[derive(Debug)]
enum Taken {
    /// The leaver owed them nothing.
    Nothing,
    Handed(Handed),
    Refused(Refused),
}

impl Outcome {
    fn take(&mut self, taken: Vec<Taken>) {
        for one in taken {
            match one {
                Taken::Nothing => (),
                Taken::Handed(handed) => self.handed.push(handed),
                Taken::Refused(refused) => self.refused.push(refused),
            }
        }
    }
}

/// Gives another associate what one owes to customers within the principal's reach.
///
/// # Errors
/// [`HandoverError`]; batches that were written before stay.
pub async fn hand_over(
    state: &AppState,
    principal: &Principal,
    (from, to): (AssociateId, AssociateId),
    who: Who,
) -> Result<Outcome, HandoverError> {
    let author = reading::author(principal).ok_or(HandoverError::NotSignedIn)?;
    let taker = {
        let directory = state.identity.directory();
        let row = directory.associates.get(&to);
        let row = row.ok_or(HandoverError::NoAssociate)?;
        (!row.chain).then_some(row.shop)
    };
    let mut outcome = Outcome::default();
    let customers = match who {
        Who::These(customers) => customers,
        Who::EverybodyAfter(after) => {
            let tx = state.store.read()?;
            let (customers, next) = theirs(&*tx, (principal, from), after)?;
            outcome.next = next;
            customers
        }
    };
    let hands = Hands {
        author,
        from,
        to,
        shop: taker,
    };
    for batch in customers.chunks(BATCH) {
        match write(state, batch.to_vec(), hands).await {
            Ok(done) => outcome.take(done),
            Err(error) if is_the_hubs(&error) => return Err(error),
            // One customer's card must not keep the others back.
            Err(_) => {
                for id in batch {
                    match write(state, vec![*id], hands).await {
                        Ok(done) => outcome.take(done),
                        Err(error) if is_the_hubs(&error) => return Err(error),
                        Err(_) => outcome.refused.push(Refused {
                            id: *id,
                            code: "not_kept",
                        }),
                    }
                }
            }
        }
    }
    Ok(outcome)
}

/// Whether the hub itself failed, rather than one card.
fn is_the_hubs(error: &HandoverError) -> bool {
    matches!(
        error,
        HandoverError::Book(DeskError::Store(_) | DeskError::Writer)
    )
}

async fn write(
    state: &AppState,
    customers: Vec<CustomerId>,
    hands: Hands,
) -> Result<Vec<Taken>, HandoverError> {
    let written = state.book.write_batch(move |engine| {
        let taken = customers.iter().map(|id| one(engine, *id, hands));
        taken.collect::<Result<Vec<_>, HandoverError>>()
    });
    written.await.map_err(|error| match error {
        WriteError::Job(error) => error,
        WriteError::Commit(_) | WriteError::Panicked | WriteError::Stopping => {
            HandoverError::Book(DeskError::Writer)
        }
    })
}

/// Hands over one customer.
fn one(engine: &mut EngineTx<'_>, id: CustomerId, hands: Hands) -> Result<Taken, HandoverError> {
    let before = view(engine, id, &hands.author)?;
    let edits = handover::edits(&before, hands.from, hands.to);
    let promises = edits.len();
    let owner = notices::get::<OwnerBody>(engine.tx().as_read(), Subject::Customer(id), "")?;
    let is_owner = owner.is_some_and(|(_, body)| body.owner == hands.from);
    if promises == 0 && !is_owner {
        return Ok(Taken::Nothing);
    }
    if !holds(engine.tx().as_read(), id, hands.shop)? {
        let code = "not_in_book";
        return Ok(Taken::Refused(Refused { id, code }));
    }
    let edits: Vec<HubEdit> = edits
        .into_iter()
        .map(|edit| HubEdit {
            id: EditId(engine.entropy().bytes()),
            edit,
            source: Source::Typed,
            as_of: None,
        })
        .collect();
    if promises > 0 {
        engine
            .record(&hands.author, id, &edits)
            .map_err(DeskError::from)?;
        let after = view(engine, id, &hands.author)?;
        let is_left = !handover::edits(&after, hands.from, hands.to).is_empty();
        if is_left || open(&before) != open(&after) {
            return Err(HandoverError::PromisesDiffer);
        }
    }
    Ok(Taken::Handed(Handed {
        id,
        promises,
        open_promises: open(&before).len(),
        is_owner: owners::pass_on(engine, id, (hands.from, hands.to))?,
    }))
}

fn view(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    author: &HubAuthor,
) -> Result<CardView, StoreError> {
    let now = engine.now();
    let reader = (author.shop, Some(author.associate));
    let (visible, corrections) = engine.visible(customer, reader)?;
    let corrections = &corrections;
    Ok(CardView::read(&visible, &Reading { now, corrections }))
}

/// What is promised and by when: what a handover leaves as it is.
fn open(view: &CardView) -> BTreeSet<(EditId, &str, Option<Timestamp>)> {
    let open = view.promises.iter().filter(|promise| promise.is_open());
    open.map(|promise| (promise.id, promise.what.value.as_str(), promise.due))
        .collect()
}

/// Whether a customer is in the book of a shop; nobody's shop is any.
fn holds(tx: &dyn ReadTx, customer: CustomerId, shop: Option<ShopId>) -> Result<bool, StoreError> {
    let Some(shop) = shop else {
        return Ok(true);
    };
    let scopes = documents::scopes(tx, Facet::Card.document(customer))?;
    Ok(scopes.contains(&Scope::Book(shop)))
}

type Page = (Vec<CustomerId>, Option<CustomerId>);

/// Customers within reach whom somebody looks after, or who are promised something by anybody: only their card tells by whom.
fn theirs(
    tx: &dyn ReadTx,
    (principal, from): (&Principal, AssociateId),
    after: Option<CustomerId>,
) -> Result<Page, StoreError> {
    let owned: BTreeSet<CustomerId> = owners::of(tx, from)?.into_iter().collect();
    let mut found = Vec::new();
    let mut next = None;
    projection::rows(tx, after, &mut |row| {
        let counts = row.open_promises > 0 || owned.contains(&row.customer);
        if !counts || reading::reach(tx, principal, row.customer)?.is_none() {
            return Ok(ControlFlow::Continue(()));
        }
        found.push(row.customer);
        if found.len() >= LOOKED_AT_MAX {
            next = Some(row.customer);
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((found, next))
}
