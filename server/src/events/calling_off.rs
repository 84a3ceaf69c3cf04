//! Calling an event off: nobody is left with a seat, and whoever was invited is told by somebody.
//!
//! # Invariants
//! - State, seats, answers and promises change in one transaction.
//! - It can be done again, and is then as it was: promises are named by event and customer.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::authority::{HubAuthor, HubEdit};
use sync_core::card::terms::InvitationState;
use sync_core::card::{Edit, Source};
use sync_core::concierge::guests::{EventBody, EventState};
use sync_core::crypto::sha256;
use sync_core::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};
use sync_core::notices::bodies::OwnerBody;
use sync_core::notices::{self, NoticeDraft, Subject};
use sync_core::store::{StoreError, Table};

use super::after::keep_list;
use super::{EventError, EventView, SOURCE, event};
use crate::book::{Book, EngineTx};
use crate::desk::invitations::guest_within;
use crate::desk::{self, DeskError};
use crate::writer::WriteError;

/// By when whoever was invited is to know.
const TELL_MS: i64 = Timestamp::DAY_MS;

/// What calling an event off came to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CalledOff {
    /// The event, as it is now.
    #[serde(flatten)]
    pub event: EventView,
    /// Who had a seat, an invitation or had said that they come: each is promised to be told.
    pub to_tell: BTreeSet<CustomerId>,
}

/// Calls an event off that has not begun.
///
/// # Errors
/// [`EventError`]; otherwise why nothing was kept.
pub async fn call_off(
    book: &Book,
    author: HubAuthor,
    (shop, id): (ShopId, String),
) -> Result<CalledOff, WriteError<EventError>> {
    book.write_batch(move |engine| {
        let mut view = event(engine.tx().as_read(), shop, &id)?;
        let now = engine.now();
        let is_off = view.event.state == EventState::CalledOff;
        if !is_off && view.event.begins_at <= now {
            let text = "the event has begun: note who came instead".to_owned();
            return Err(EventError::Invalid(text));
        }
        let had_seats = desk::take_seats_back(engine, (shop, &id))?;
        // The desk told how many seats are granted now: read again.
        view.event = event(engine.tx().as_read(), shop, &id)?.event;
        if !is_off {
            view.event = EventBody {
                state: EventState::CalledOff,
                ..view.event
            };
            let said = (SOURCE, now);
            let draft = NoticeDraft::new(Subject::Shop(shop), id.as_str(), said, &view.event);
            engine.put_notices(&[draft])?;
            // Somebody ticked before its day did not come either.
            for guest in &mut view.guests {
                guest.attended = false;
            }
            keep_list(engine, shop, &view, &[])?;
        }
        let to_tell = who_expects_it(engine, (shop, &view), &had_seats)?;
        for (customer, host) in &to_tell {
            promise_to_tell(engine, &author, (*customer, *host), &view)?;
        }
        Ok(CalledOff {
            event: view,
            to_tell: to_tell.into_keys().collect(),
        })
    })
    .await
}

/// Everybody who had a seat, was invited or said that they come, with the host who looks after them.
fn who_expects_it(
    engine: &mut EngineTx<'_>,
    (shop, view): (ShopId, &EventView),
    had_seats: &BTreeSet<CustomerId>,
) -> Result<BTreeMap<CustomerId, Option<AssociateId>>, StoreError> {
    let listed = view.guests.iter().map(|guest| (guest.customer, guest.host));
    let seated = had_seats.iter().map(|customer| (*customer, None));
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (customer, host) in listed.chain(seated) {
        if seen.contains(&customer) {
            continue;
        }
        if engine
            .tx()
            .get(Table::Tombstone, customer.as_bytes())?
            .is_some()
        {
            continue;
        }
        let (card, person) = guest_within(engine, customer, shop)?;
        seen.extend(person.iter().copied());
        let expects = card.invitations.iter().any(|one| {
            let comes = matches!(
                one.state,
                InvitationState::Invited | InvitationState::Accepted
            );
            one.event.value == view.id && comes
        });
        let promise = told_edit(&view.id, customer);
        let was_told = card.promises.iter().any(|one| one.id == promise);
        let had_seat = person.iter().any(|member| had_seats.contains(member));
        if expects || was_told || had_seat || had_seats.contains(&customer) {
            found.insert(customer, host);
        }
    }
    Ok(found)
}

/// Somebody is to tell them within a day, and before it would have begun.
fn promise_to_tell(
    engine: &mut EngineTx<'_>,
    author: &HubAuthor,
    (customer, host): (CustomerId, Option<AssociateId>),
    view: &EventView,
) -> Result<(), EventError> {
    let subject = Subject::Customer(customer);
    let owner = notices::get::<OwnerBody>(engine.tx().as_read(), subject, "")?;
    let owner = owner.map(|(_, body)| body.owner);
    let id = told_edit(&view.id, customer);
    let due = engine.now().plus_ms(TELL_MS).min(view.event.begins_at);
    let edit = Edit::MakePromise {
        what: format!("Tell them that “{}” was called off.", view.event.name),
        due: Some(due),
        assignee: host.or(owner),
    };
    let edit = HubEdit {
        id,
        edit,
        source: Source::Typed,
        as_of: None,
    };
    let recorded = engine.record(author, customer, &[edit]);
    recorded.map_err(DeskError::from)?;
    Ok(())
}

/// The promise to tell somebody of an event: the same however often it is called off.
fn told_edit(event: &str, customer: CustomerId) -> EditId {
    let hash = sha256(
        "event.called-off.v1",
        &[event.as_bytes(), customer.as_bytes()],
    );
    EditId(*hash.0.first_chunk().expect("a digest has 32 bytes"))
}
