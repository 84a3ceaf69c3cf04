//! Appointments: nobody is promised twice at one time.

use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::card::view::AskView;
use sync_core::concierge::House;
use sync_core::concierge::guard::Settings;
use sync_core::concierge::rights::local_day;
use sync_core::ids::{AssociateId, EditId, ShopId, Timestamp};
use sync_core::store::{self, ReadTx, StoreError, Table, WriteTx, decode_row, put_row};

use super::answers::Answer;
use super::{DeskError, gathering};
use crate::book::EngineTx;

const APPOINTMENT: &[u8] = b"p";
const MINUTE_MS: i64 = 60_000;
/// How far apart the beginnings are that are proposed instead.
const STEP_MS: i64 = 30 * MINUTE_MS;
/// How far a proposal may lie behind what was asked for.
const LOOK_AHEAD_MS: i64 = 14 * Timestamp::DAY_MS;

/// An appointment that was confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Appointment {
    #[n(0)]
    from: Timestamp,
    #[n(1)]
    until: Timestamp,
}

impl Appointment {
    fn meets(&self, other: &Self) -> bool {
        self.from < other.until && other.from < self.until
    }
}

fn appointment_key(associate: AssociateId, ask: EditId) -> Vec<u8> {
    store::key(&[APPOINTMENT, associate.as_bytes(), ask.as_bytes()])
}

/// Confirms the time, or proposes the next that is free.
pub(super) fn decide(
    engine: &mut EngineTx<'_>,
    ask: &AskView,
    settings: &Settings,
) -> Result<Answer, DeskError> {
    let Some(wanted) = ask.at else {
        return Ok(Answer::refused("no_time", Some("Say when.")));
    };
    let now = engine.now();
    let associate = ask.words.by;
    let house = gathering::house(engine.tx().as_read())?;
    let taken = taken(engine.tx().as_read(), associate, ask.id)?;
    let length = i64::from(settings.appointment_minutes) * MINUTE_MS;
    let at = |from: Timestamp| Appointment {
        from,
        until: from.plus_ms(length),
    };
    let is_free = |from: Timestamp| !taken.iter().any(|other| other.meets(&at(from)));
    let is_open = |from: Timestamp| is_open(&house, ask.words.shop, settings, at(from));
    let code = if wanted <= now {
        "past"
    } else if !is_open(wanted) {
        "closed"
    } else if is_free(wanted) {
        let key = appointment_key(associate, ask.id);
        put_row(engine.tx(), Table::Desk, &key, &at(wanted))?;
        return Ok(Answer::confirmed(Some(wanted)));
    } else {
        "taken"
    };
    let first = wanted.max(now).0.div_euclid(STEP_MS) + 1;
    let last = wanted.max(now).plus_ms(LOOK_AHEAD_MS).0.div_euclid(STEP_MS);
    let mut next = (first..=last).map(|step| Timestamp(step.saturating_mul(STEP_MS)));
    let next = next.find(|from| is_open(*from) && is_free(*from));
    Ok(match next {
        Some(next) => Answer::countered(code, Some(next), "Another time is free: ask for it."),
        None => Answer::refused(code, Some("No time is free within two weeks.")),
    })
}

/// Whether an appointment lies within the day of the shop; where the shop's clock is not known, any does.
fn is_open(house: &House, shop: ShopId, settings: &Settings, wanted: Appointment) -> bool {
    let Some(ahead) = house.minutes_ahead(shop, wanted.from) else {
        return true;
    };
    let day = local_day(wanted.from, ahead);
    let minute = |at: Timestamp| at.0.saturating_sub(day.from.0) / MINUTE_MS;
    minute(wanted.from) >= i64::from(settings.day_begins_minute)
        && minute(wanted.until) <= i64::from(settings.day_ends_minute)
}

fn taken(
    tx: &dyn ReadTx,
    associate: AssociateId,
    but: EditId,
) -> Result<Vec<Appointment>, StoreError> {
    let prefix = store::key(&[APPOINTMENT, associate.as_bytes()]);
    let mut found = Vec::new();
    store::scan_prefix(tx, Table::Desk, &prefix, &mut |key, value| {
        if !key.ends_with(but.as_bytes()) {
            found.push(decode_row(Table::Desk, value)?);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// The time is free again.
pub(super) fn give_back(
    tx: &mut dyn WriteTx,
    associate: AssociateId,
    ask: EditId,
) -> Result<(), StoreError> {
    tx.delete(Table::Desk, &appointment_key(associate, ask))
}
