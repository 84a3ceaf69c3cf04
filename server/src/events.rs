//! Small events: what they are, who is on the list, who came, and who was heard.
//!
//! What an event is goes to its shop as a notice; the guest list stays on the hub, in [`Table::Desk`] under `l ‖ shop ‖ event`, because who
//! is on it says something of every guest.
//!
//! # Invariants
//! - A proposal changes nothing; the host's list is kept as the host made it, with remarks beside it.
//! - A list holds a customer once. Seats are given to those on it alone ([`is_listed`]).
//! - Of an event that was called off nobody holds a seat, and nothing but that is changed any more.

pub mod after;
pub mod calling_off;
mod field;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use serde::Serialize;
use sync_core::card::Facet;
use sync_core::card::normal::fold;
use sync_core::concierge::guests::{
    self, CAPACITY_DEFAULT, CAPACITY_MAX, EventBody, EventState, Proposal, Remark, Seat, Setting,
};
use sync_core::documents;
use sync_core::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};
use sync_core::notices::{self, NoticeDraft, NoticeError, Subject};
use sync_core::scope::Scope;
use sync_core::store::{self, ReadTx, StoreError, Table};

use crate::book::Book;
use crate::desk::DeskError;
use crate::writer::WriteError;
use field::{field, latest};

const LISTS: &[u8] = b"l";
/// Which system says so.
const SOURCE: &str = "hub";
/// Customers of a book that are looked at for a proposal: those with the latest dealings. A larger book is not read whole for one evening.
const CANDIDATES_MAX: usize = 5_000;
/// Guests on a list; far beyond what an event seats, so that a host can note whom to ask next.
pub const LIST_MAX: usize = 100;
/// Bytes of an event's name or theme.
const TEXT_BYTES_MAX: usize = 200;
/// Themes of one event.
const THEMES_MAX: usize = 16;

/// Who is among the best customers: known on the hub alone.
pub trait Cohort: Send + Sync {
    /// Whether a customer is among the best.
    ///
    /// # Errors
    /// What the store reports.
    fn is_best(&self, tx: &dyn ReadTx, customer: CustomerId) -> Result<bool, StoreError>;
}

/// A new event.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// What it is called.
    pub name: String,
    /// What it is about.
    pub themes: Vec<String>,
    /// Seats; [`CAPACITY_DEFAULT`] where none is named.
    pub capacity: Option<u32>,
    /// Who hosts it.
    pub hosts: Vec<AssociateId>,
    /// When it begins.
    pub begins_at: Timestamp,
}

/// Why an event could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// A value can't be used; says which, and what is expected.
    #[error("{0}")]
    Invalid(String),
    /// There is no such event in this shop.
    #[error("there is no such event in this shop")]
    Unknown,
    /// It is off: nothing of it is to be changed.
    #[error("the event was called off: make another one")]
    CalledOff,
    /// The desk could not do its part.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// It could not be posted.
    #[error(transparent)]
    Notice(#[from] NoticeError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A guest on the host's list. Encoded as a CBOR array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(array)]
pub struct Listed {
    /// Who.
    #[n(0)]
    pub customer: CustomerId,
    /// Which host looks after them.
    #[n(1)]
    pub host: Option<AssociateId>,
    /// Whether they came.
    #[n(2)]
    pub attended: bool,
}

/// The list of an event, in the host's order. Encoded as a CBOR array.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct ListRow {
    #[n(0)]
    guests: Vec<Listed>,
}

/// An event with its list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventView {
    /// Its id.
    pub id: String,
    /// What it is.
    pub event: EventBody,
    /// Who is on the list.
    pub guests: Vec<Listed>,
}

fn list_key(shop: ShopId, event: &str) -> Vec<u8> {
    store::key(&[LISTS, shop.as_bytes(), event.as_bytes()])
}

fn guests_of(tx: &dyn ReadTx, shop: ShopId, event: &str) -> Result<Vec<Listed>, StoreError> {
    let row: Option<ListRow> = store::get_row(tx, Table::Desk, &list_key(shop, event))?;
    Ok(row.unwrap_or_default().guests)
}

/// Makes an event of a shop; its id.
///
/// # Errors
/// [`EventError`] says what to do; otherwise why nothing was kept.
pub async fn create(
    book: &Book,
    shop: ShopId,
    new: NewEvent,
) -> Result<EventView, WriteError<EventError>> {
    let event = checked(new, book.now()).map_err(WriteError::Job)?;
    book.write_batch(move |engine| {
        let id = engine.entropy().with(EditId::random).to_string();
        let of = (SOURCE, engine.now());
        let draft = NoticeDraft::new(Subject::Shop(shop), id.as_str(), of, &event);
        engine.put_notices(&[draft])?;
        Ok(EventView {
            id,
            event,
            guests: Vec::new(),
        })
    })
    .await
}

fn checked(new: NewEvent, now: Timestamp) -> Result<EventBody, EventError> {
    let invalid = |text: String| Err(EventError::Invalid(text));
    let is_good = |text: &str| {
        !text.is_empty() && text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control)
    };
    let name = new.name.trim().to_owned();
    if !is_good(&name) {
        return invalid(format!(
            "name: expected 1 to {TEXT_BYTES_MAX} bytes in one line"
        ));
    }
    let themes: BTreeSet<String> = new.themes.iter().map(|theme| fold(theme)).collect();
    if themes.len() > THEMES_MAX || !themes.iter().all(|theme| is_good(theme)) {
        return invalid(format!("themes: expected up to {THEMES_MAX} short words"));
    }
    let capacity = new.capacity.unwrap_or(CAPACITY_DEFAULT);
    if !(1..=CAPACITY_MAX).contains(&capacity) {
        return invalid(format!(
            "capacity: expected 1 to {CAPACITY_MAX}: at a larger event nobody is met; make two"
        ));
    }
    if new.begins_at <= now {
        return invalid("begins_at: lies in the past".to_owned());
    }
    let hosts: BTreeSet<AssociateId> = new.hosts.into_iter().collect();
    let few = u32::try_from(hosts.len()).is_ok_and(|hosts| (1..=CAPACITY_MAX).contains(&hosts));
    if !few {
        return invalid("hosts: name at least one, who looks after the guests".to_owned());
    }
    Ok(EventBody {
        name,
        themes: themes.into_iter().collect(),
        capacity,
        hosts: hosts.into_iter().collect(),
        begins_at: new.begins_at,
        state: EventState::Planned,
        granted: 0,
    })
}

/// The events of a shop, by id.
///
/// # Errors
/// What the store reports.
pub fn events(tx: &dyn ReadTx, shop: ShopId) -> Result<BTreeMap<String, EventBody>, StoreError> {
    let mut events = BTreeMap::new();
    notices::for_each::<EventBody>(tx, Subject::Shop(shop), &mut |notice, body| {
        events.insert(notice.key, body);
    })?;
    Ok(events)
}

/// One event with its list.
///
/// # Errors
/// [`EventError::Unknown`], or what the store reports.
pub fn event(tx: &dyn ReadTx, shop: ShopId, id: &str) -> Result<EventView, EventError> {
    let known = notices::get::<EventBody>(tx, Subject::Shop(shop), id)?;
    let (_, event) = known.ok_or(EventError::Unknown)?;
    Ok(EventView {
        guests: guests_of(tx, shop, id)?,
        id: id.to_owned(),
        event,
    })
}

/// One event with its list, as long as it was not called off.
fn event_that_is_on(tx: &dyn ReadTx, shop: ShopId, id: &str) -> Result<EventView, EventError> {
    let view = event(tx, shop, id)?;
    match view.event.state {
        EventState::CalledOff => Err(EventError::CalledOff),
        EventState::Planned | EventState::Over => Ok(view),
    }
}

/// Whether a person, by any of their cards, is on the list of an event of this shop.
///
/// # Errors
/// What the store reports.
pub fn is_listed(
    tx: &dyn ReadTx,
    (shop, id): (ShopId, &str),
    person: &[CustomerId],
) -> Result<bool, StoreError> {
    let guests = guests_of(tx, shop, id)?;
    Ok(guests.iter().any(|guest| person.contains(&guest.customer)))
}

/// What a proposal and a review go by, besides the cards.
pub struct Asked<'a> {
    /// The cohort.
    pub cohort: &'a dyn Cohort,
    /// The present moment.
    pub now: Timestamp,
}

impl std::fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// Proposes guests for an event from the shop's book. Reads many cards: not for a thread that serves sockets.
///
/// # Errors
/// [`EventError`].
pub fn propose(
    book: &Book,
    (shop, id): (ShopId, &str),
    asked: &Asked<'_>,
) -> Result<Proposal, EventError> {
    let view = event_that_is_on(&*book.store().read()?, shop, id)?;
    let customers = latest(&*book.store().read()?, shop)?;
    let mut field = field(book, (shop, &view), &customers, asked)?;
    // Of linked cards one speaks for the person.
    for customer in &field.again {
        field.candidates.remove(customer);
    }
    Ok(guests::propose(&Setting {
        id,
        event: &view.event,
        candidates: &field.candidates,
        apart: &field.apart,
        now: asked.now,
    }))
}

/// What the bounds say of the host's list.
///
/// # Errors
/// [`EventError`].
pub fn review(
    book: &Book,
    (shop, id): (ShopId, &str),
    asked: &Asked<'_>,
) -> Result<Vec<Remark>, EventError> {
    let view = event(&*book.store().read()?, shop, id)?;
    let listed: Vec<CustomerId> = view.guests.iter().map(|guest| guest.customer).collect();
    let field = field(book, (shop, &view), &listed, asked)?;
    let setting = Setting {
        id,
        event: &view.event,
        candidates: &field.candidates,
        apart: &field.apart,
        now: asked.now,
    };
    let seats: Vec<Seat> = view
        .guests
        .iter()
        .map(|guest| Seat {
            customer: guest.customer,
            host: guest.host,
        })
        .collect();
    let mut remarks = guests::review(&setting, &seats);
    let again = field.again.iter();
    remarks.extend(again.map(|customer| Remark::Twice {
        customer: *customer,
    }));
    Ok(remarks)
}

/// Replaces the list by the host's own, in their order. Who came stays noted, unless they are on it no more.
///
/// # Errors
/// [`EventError`]; otherwise why nothing was kept.
pub async fn set_guests(
    book: &Book,
    (shop, id): (ShopId, String),
    seats: Vec<Seat>,
) -> Result<EventView, WriteError<EventError>> {
    book.write_batch(move |engine| {
        let mut view = event_that_is_on(engine.tx().as_read(), shop, &id)?;
        let distinct: BTreeSet<_> = seats.iter().map(|seat| seat.customer).collect();
        if seats.len() > LIST_MAX || distinct.len() < seats.len() {
            return Err(EventError::Invalid(format!(
                "guests: expected up to {LIST_MAX} different customers"
            )));
        }
        for customer in &distinct {
            let card = Facet::Card.document(*customer);
            let scopes = documents::scopes(engine.tx().as_read(), card)?;
            if !scopes.contains(&Scope::Book(shop)) {
                let text = format!("guests: {customer} is not in this shop's book");
                return Err(EventError::Invalid(text));
            }
        }
        let came: BTreeSet<CustomerId> = view
            .guests
            .iter()
            .filter(|guest| guest.attended)
            .map(|guest| guest.customer)
            .collect();
        let listed = seats.into_iter().map(|seat| Listed {
            customer: seat.customer,
            host: seat.host,
            attended: came.contains(&seat.customer),
        });
        let before = std::mem::replace(&mut view.guests, listed.collect());
        after::keep_list(engine, shop, &view, &before)?;
        Ok(view)
    })
    .await
}
