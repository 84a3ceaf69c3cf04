//! What is certain of a handheld that an associate held rights on before.
//!
//! Nobody can take a right back from a handheld that is not there. Two things make certain what it spent:
//! - it came again, after it had been told that it holds nothing, with nothing left to tell ([`Stand`]);
//!   A change of its associate that was refused lately is not known, so then this does not count;
//! - its lease is over since the last time its sign-in was renewed: then its book is locked, and nothing is recorded.
//!
//! # Why
//! What the handheld said when it *came* counts, not what it is told meanwhile: only a hello tells at once where it stands and what waits.

use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::authority::followers::{self, Follower};
use sync_core::concierge::rights::Fate;
use sync_core::ids::{AssociateId, DeviceId, SessionId, Timestamp};
use sync_core::limits::CLOCK_TOLERANCE_MS;
use sync_core::protocol::frame::{Push, Ruling, Verdict};
use sync_core::scope::Scope;
use sync_core::store::{
    self, Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, get_row, prefix_end, put_row,
};

use super::SignedIn;
use crate::book::EngineTx;
use crate::identity::contact::Stand;
use crate::identity::rows::SessionEnd;
use crate::identity::{Identity, directory};

const TAKEN_BACK: &[u8] = b"w";
const REFUSED: &[u8] = b"q";
const HOUR_MS: i64 = 3_600_000;
/// The longest that a right is given for, and ahead.
const RIGHT_LASTS_MS: i64 = 12 * Timestamp::DAY_MS;

/// Rights that were taken back from a handheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct TakenBack {
    /// When.
    #[n(0)]
    at: Timestamp,
    /// From which entry of the associate's feed on the handheld knows.
    #[n(1)]
    entry: u64,
}

impl TakenBack {
    /// Whether a handheld that stands so knows, and has told all that it did before.
    fn is_known(&self, associate: AssociateId, stand: &Stand) -> bool {
        match stand.of.get(&associate) {
            Some(entry) => *entry >= self.entry,
            None => stand.at > self.at,
        }
    }
}

fn key(associate: AssociateId, device: DeviceId) -> Vec<u8> {
    store::key(&[TAKEN_BACK, associate.as_bytes(), device.as_bytes()])
}

/// Notes that rights were taken back from a handheld in this transaction.
pub(super) fn note_taken_back(
    engine: &mut EngineTx<'_>,
    identity: &Identity,
    (associate, device): (AssociateId, DeviceId),
) -> Result<(), StoreError> {
    let taken = TakenBack {
        at: engine.now(),
        entry: last_entry(engine.tx().as_read(), associate)?,
    };
    identity.await_stand(device, (associate, taken.entry));
    put_row(engine.tx(), Table::Desk, &key(associate, device), &taken)
}

/// Notes of whom something in a push was refused: what they did then on that handheld is not known here.
pub(crate) fn note_refused(
    tx: &mut dyn WriteTx,
    (push, device): (&Push, DeviceId),
    verdicts: &[Verdict],
    now: Timestamp,
) -> Result<(), StoreError> {
    // What is erased leaves nothing here either, of what was spent on it.
    let is_refused =
        |verdict: &&Verdict| matches!(verdict.ruling, Ruling::Refused { .. } | Ruling::Erased);
    for verdict in verdicts.iter().filter(is_refused) {
        let mut pushed = push.entries.iter().map(|sealed| &sealed.envelope);
        let envelope = pushed.find(|envelope| envelope.change == verdict.change);
        let Some(associate) = envelope.map(|envelope| envelope.associate) else {
            continue;
        };
        // A handheld can name whom it likes; rights it has held for those who signed in on it.
        if directory::ever_signed_in(tx.as_read(), device, associate)? {
            note_unknown(tx, (associate, device), now)?;
        }
    }
    Ok(())
}

/// Notes that not all is known of what an associate did on a handheld.
pub(crate) fn note_unknown(
    tx: &mut dyn WriteTx,
    (associate, device): (AssociateId, DeviceId),
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = store::key(&[REFUSED, associate.as_bytes(), device.as_bytes()]);
    put_row(tx, Table::Desk, &key, &now)
}

/// Whether something of an associate was refused from a handheld within the time that a right may last.
fn was_refused(
    tx: &dyn ReadTx,
    (associate, device): (AssociateId, DeviceId),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let key = store::key(&[REFUSED, associate.as_bytes(), device.as_bytes()]);
    let at: Option<Timestamp> = get_row(tx, Table::Desk, &key)?;
    Ok(at.is_some_and(|at| now < at.plus_ms(RIGHT_LASTS_MS)))
}

/// The last entry of an associate's feed, those of this transaction among them.
fn last_entry(tx: &dyn ReadTx, associate: AssociateId) -> Result<u64, StoreError> {
    let prefix = Scope::Associate(associate).key();
    let end = prefix_end(&prefix);
    let range = KeyRange {
        from: &prefix,
        to: end.as_deref(),
    };
    let mut last = 0;
    tx.scan(Table::Feed, range, Direction::Descending, &mut |key, _| {
        let number = key.last_chunk().copied().map(u64::from_be_bytes);
        last = number.unwrap_or_default();
        Ok(ControlFlow::Break(()))
    })?;
    Ok(last)
}

/// What is certain of the handheld and sign-in that something was given to; nothing where it is the present one.
pub(super) fn of(
    tx: &dyn ReadTx,
    to: SignedIn,
    (device, session): (DeviceId, Option<SessionId>),
    identity: &Identity,
    now: Timestamp,
) -> Result<Option<Fate>, StoreError> {
    let row = session.map(|session| directory::session(tx, session));
    let row = row.transpose()?.flatten();
    // Where a refresh token came twice, a copy of this very sign-in may be about.
    let may_be_copied = row
        .as_ref()
        .is_some_and(|row| row.end == Some(SessionEnd::RefreshReused));
    if device == to.holder.device && !may_be_copied {
        return Ok(None);
    }
    let taken: Option<TakenBack> = get_row(tx, Table::Desk, &key(to.associate, device))?;
    let stand = identity.stand(device);
    let is_known = taken.zip(stand).is_some_and(|(taken, stand)| {
        // One that came again may be the copy, the other not.
        !may_be_copied && taken.is_known(to.associate, &stand)
    });
    if is_known && !was_refused(tx, (to.associate, device), now)? {
        // What it told may be on cards that the desk has not come to yet.
        let unread = followers::touched(tx, Follower::Desk, 1)?;
        let is_read = unread.customers.is_empty() && !unread.is_everybody;
        return Ok(Some(if is_read { Fate::Settled } else { Fate::Out }));
    }
    let Some(row) = row else {
        return Ok(Some(Fate::Out));
    };
    let renewed = row.refresh.map(|refresh| refresh.rotated_at);
    let renewed = renewed.unwrap_or(row.started_at).max(row.started_at);
    let lease_hours = directory::lease_hours(tx, device)?;
    let lease_ms = i64::from(lease_hours) * HOUR_MS + CLOCK_TOLERANCE_MS;
    let lease_over = renewed.plus_ms(lease_ms);
    let signed_out = row
        .ended_at
        .filter(|_| row.end == Some(SessionEnd::SignedOut));
    let over = signed_out.map_or(lease_over, |at| {
        at.plus_ms(CLOCK_TOLERANCE_MS).min(lease_over)
    });
    Ok(Some(if over <= now {
        Fate::Over(over)
    } else {
        Fate::Out
    }))
}
