//! Seats at small events: as many as there are, the first who asked first.
//!
//! What an event is and who is on its list is the guest list's; here is counted what was given, and told with the event.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sync_core::card::view::AskView;
use sync_core::concierge::guests::{EventBody, EventState};
use sync_core::crypto::sha256;
use sync_core::ids::{CustomerId, EditId, ShopId, Timestamp};
use sync_core::notices::{self, NoticeDraft, Subject};
use sync_core::store::{self, ReadTx, StoreError, Table, decode_row, put_row};

use super::answers::Answer;
use super::invitations::guest_within;
use super::settings::SOURCE;
use super::{DeskError, asks};
use crate::book::EngineTx;
use crate::events;

const SEATS: &[u8] = b"e";
const HOLDERS: &[u8] = b"h";

fn event_key(of: &[u8], event: &str) -> Vec<u8> {
    let event = sha256("desk.event.v1", &[event.as_bytes()]);
    store::key(&[of, event.as_bytes()])
}

fn ask_key(of: &[u8], event: &str, ask: EditId) -> Vec<u8> {
    store::key(&[&event_key(of, event), ask.as_bytes()])
}

/// An event of a shop.
fn event_of(
    tx: &dyn ReadTx,
    (shop, event): (ShopId, &str),
) -> Result<Option<EventBody>, StoreError> {
    let found = notices::get::<EventBody>(tx, Subject::Shop(shop), event)?;
    Ok(found.map(|(_, body)| body))
}

/// Whether one can still get a seat.
fn is_to_come(body: &EventBody, now: Timestamp) -> bool {
    body.state == EventState::Planned && body.begins_at > now
}

fn called_off() -> Answer {
    Answer::refused("called_off", Some("The event was called off."))
}

/// Gives seats to who is on the list, while there are any.
pub(super) fn decide(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    ask: &AskView,
) -> Result<Answer, DeskError> {
    let unknown = Answer::refused("no_event", Some("There is no such event to come."));
    let Some(event) = ask.subject.as_deref() else {
        return Ok(unknown);
    };
    let (now, shop) = (engine.now(), ask.words.shop);
    let (_, person) = guest_within(engine, customer, shop)?;
    let tx = engine.tx();
    let found = event_of(tx.as_read(), (shop, event))?;
    if found
        .as_ref()
        .is_some_and(|body| body.state == EventState::CalledOff)
    {
        return Ok(called_off());
    }
    let Some(body) = found.filter(|body| is_to_come(body, now)) else {
        return Ok(unknown);
    };
    if !events::is_listed(tx.as_read(), (shop, event), &person)? {
        let words = "They are not on the guest list: its host decides who is.";
        return Ok(Answer::refused("not_listed", Some(words)));
    }
    let others = given(tx.as_read(), event, Some(ask.id))?;
    let seats = i64::from(body.seats());
    if ask.quantity < 1 || others.saturating_add(ask.quantity) > seats {
        return Ok(Answer::refused("full", Some("Every seat is taken.")));
    }
    put_row(
        tx,
        Table::Desk,
        &ask_key(SEATS, event, ask.id),
        &ask.quantity,
    )?;
    put_row(tx, Table::Desk, &ask_key(HOLDERS, event, ask.id), &customer)?;
    tell(engine, (shop, event))?;
    Ok(Answer::confirmed(Some(body.begins_at)))
}

/// Posts how many seats of an event were granted.
fn tell(engine: &mut EngineTx<'_>, (shop, event): (ShopId, &str)) -> Result<(), DeskError> {
    let subject = Subject::Shop(shop);
    let tx = engine.tx().as_read();
    let Some((_, body)) = notices::get::<EventBody>(tx, subject, event)? else {
        return Ok(());
    };
    let granted = u32::try_from(given(tx, event, None)?).unwrap_or(u32::MAX);
    if granted != body.granted {
        let said = (SOURCE, engine.now());
        let body = EventBody { granted, ..body };
        engine.put_notices(&[NoticeDraft::new(subject, event, said, &body)])?;
    }
    Ok(())
}

fn given(tx: &dyn ReadTx, event: &str, but: Option<EditId>) -> Result<i64, StoreError> {
    let mut given = 0_i64;
    store::scan_prefix(
        tx,
        Table::Desk,
        &event_key(SEATS, event),
        &mut |key, value| {
            if but.is_none_or(|but| !key.ends_with(but.as_bytes())) {
                let seats: i64 = decode_row(Table::Desk, value)?;
                given = given.saturating_add(seats);
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(given)
}

/// The seats are free again.
pub(super) fn give_back(
    engine: &mut EngineTx<'_>,
    (shop, event): (ShopId, Option<&str>),
    ask: EditId,
) -> Result<(), DeskError> {
    let Some(event) = event else {
        return Ok(());
    };
    for of in [SEATS, HOLDERS] {
        engine.tx().delete(Table::Desk, &ask_key(of, event, ask))?;
    }
    tell(engine, (shop, event))
}

/// Takes every seat of an event back that was called off, and answers so whoever asked for one. Returns who had a seat.
///
/// # Errors
/// [`DeskError`]; the job must then fail.
pub fn take_back(
    engine: &mut EngineTx<'_>,
    (shop, event): (ShopId, &str),
) -> Result<BTreeSet<CustomerId>, DeskError> {
    let prefix = event_key(HOLDERS, event);
    let mut held = Vec::new();
    store::scan_prefix(
        engine.tx().as_read(),
        Table::Desk,
        &prefix,
        &mut |key, value| {
            let customer: CustomerId = decode_row(Table::Desk, value)?;
            let ask = key.get(prefix.len()..).and_then(EditId::from_slice);
            held.extend(ask.map(|ask| (ask, customer)));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    for (ask, customer) in &held {
        give_back(engine, (shop, Some(event)), *ask)?;
        let is_erased = engine
            .tx()
            .get(Table::Tombstone, customer.as_bytes())?
            .is_some();
        if !is_erased {
            asks::post(engine, *customer, *ask, &called_off())?;
        }
    }
    Ok(held.into_iter().map(|(_, customer)| customer).collect())
}
