//! Seats at small events: as many as there are, the first who asked first.
//!
//! What an event is and who is on its list is the guest list's; here is counted what was given.

use std::ops::ControlFlow;

use sync_core::card::view::AskView;
use sync_core::crypto::sha256;
use sync_core::ids::{CustomerId, EditId, ShopId};
use sync_core::store::{self, ReadTx, StoreError, Table, WriteTx, decode_row, put_row};

use super::DeskError;
use super::answers::Answer;
use crate::book::EngineTx;

const SEATS: &[u8] = b"e";

fn event_key(event: &str) -> Vec<u8> {
    let event = sha256("desk.event.v1", &[event.as_bytes()]);
    store::key(&[SEATS, event.as_bytes()])
}

/// How many seats an event has for this customer at all; nothing when there is no such event, or it is over.
///
/// The boundary to the guest list: it knows events, and whom their lists hold.
fn capacity(
    _tx: &dyn ReadTx,
    _event: (ShopId, &str),
    _customer: CustomerId,
) -> Result<Option<i64>, StoreError> {
    Ok(None)
}

/// Gives seats while there are any.
pub(super) fn decide(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    ask: &AskView,
) -> Result<Answer, DeskError> {
    let unknown = Answer::refused("no_event", Some("There is no such event."));
    let Some(event) = ask.subject.as_deref() else {
        return Ok(unknown);
    };
    let tx = engine.tx();
    let Some(capacity) = capacity(tx.as_read(), (ask.words.shop, event), customer)? else {
        return Ok(unknown);
    };
    let given = given(tx.as_read(), event, ask.id)?;
    if ask.quantity < 1 || given.saturating_add(ask.quantity) > capacity {
        return Ok(Answer::refused("full", Some("Every seat is taken.")));
    }
    let key = store::key(&[&event_key(event), ask.id.as_bytes()]);
    put_row(tx, Table::Desk, &key, &ask.quantity)?;
    Ok(Answer::confirmed(None))
}

fn given(tx: &dyn ReadTx, event: &str, but: EditId) -> Result<i64, StoreError> {
    let mut given = 0_i64;
    store::scan_prefix(tx, Table::Desk, &event_key(event), &mut |key, value| {
        if !key.ends_with(but.as_bytes()) {
            let seats: i64 = decode_row(Table::Desk, value)?;
            given = given.saturating_add(seats);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(given)
}

/// The seats are free again.
pub(super) fn give_back(
    tx: &mut dyn WriteTx,
    event: Option<&str>,
    ask: EditId,
) -> Result<(), StoreError> {
    let Some(event) = event else {
        return Ok(());
    };
    tx.delete(
        Table::Desk,
        &store::key(&[&event_key(event), ask.as_bytes()]),
    )
}
