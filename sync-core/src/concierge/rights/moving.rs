//! What becomes of a slot when its associate works on another handheld.
//!
//! Nobody can take a right back from a handheld that is not there. So a slot stays in the way as long as its handheld may spend it, and what is
//! given next is given around what is left of it.

use super::Slot;
use crate::ids::Timestamp;

/// What is certain of the handheld, in the sign-in that a slot was given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It may still spend it, or has spent it without anybody knowing.
    Out,
    /// It can't spend it from this moment on; what it spent before may still come.
    Over(Timestamp),
    /// It knew that it holds the right no more and had nothing left to tell: what it spent is known.
    Settled,
}

/// What of a slot still stands in the way, with the contacts that its handheld is known to have made; nothing where it is free again.
#[must_use]
pub fn left(slot: Slot, fate: Fate, contacts: &[Timestamp]) -> Option<Slot> {
    if let Some(at) = contacts.iter().filter(|at| slot.holds(**at)).min() {
        return Some(Slot::moment(*at));
    }
    match fate {
        Fate::Out => Some(slot),
        Fate::Over(at) => (slot.from < at).then(|| Slot {
            until: slot.until.min(at),
            ..slot
        }),
        Fate::Settled => None,
    }
}

#[cfg(test)]
mod tests;
