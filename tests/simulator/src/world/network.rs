//! What happens to frames and connections, and the deaths that fall between a commit and its answer.

use std::collections::VecDeque;

use sync_core::card::Edit;
use sync_core::card::terms::Place;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::CustomerId;
use sync_core::outbox::{self, OutboxState};
use sync_core::protocol::frame::{Frame, Ruling, Verdicts};
use sync_core::protocol::handheld::Event;
use sync_core::store::{Store as _, StoreError};

use super::{World, hash_of};
use crate::disk::{self, Fault};
use crate::edits;
use crate::fleet::{Handheld, Link};
use crate::hostile;
use crate::invariants::{self, Violation};
use crate::sabotage::Sabotage;

/// Deliveries within which a meeting must come to rest.
const DELIVERIES_MAX: usize = 1_000;

impl World {
    pub(super) fn connect(&mut self, who: usize) -> Result<(), Violation> {
        let unit = self.units.get(who).expect("handhelds are counted around");
        if unit.is_away || self.links.contains_key(&who) {
            return Ok(());
        }
        let link = Link::open(&unit.handheld, &self.hub)?;
        self.links.insert(who, link);
        Ok(())
    }

    pub(super) fn up(&mut self, who: usize) -> Result<(), Violation> {
        let unit = self.units.get(who).expect("handhelds are counted around");
        let Some(link) = self.links.get_mut(&who) else {
            return Ok(());
        };
        if let Some(exchange) = link.deliver_up(&unit.handheld, &mut self.hub)? {
            self.oracle.watch(&exchange);
            hostile::must_not_leak(&self.hub, &link.granted, &exchange.replies)?;
        }
        if link.is_broken && link.is_disordered {
            return self.cut(who);
        }
        if link.is_broken {
            let detail = format!("the hub ended the session of honest handheld {who}");
            return Err(Violation::new("honest sessions", detail));
        }
        Ok(())
    }

    pub(super) fn down(&mut self, who: usize) -> Result<(), Violation> {
        self.plant_in_verdicts(who)?;
        let unit = self
            .units
            .get_mut(who)
            .expect("handhelds are counted around");
        let Some(link) = self.links.get_mut(&who) else {
            return Ok(());
        };
        link.deliver_down(&mut unit.handheld)?;
        if self.sabotage == Some(Sabotage::ReadsForgottenEarly) {
            forget_reads(&unit.handheld, link)?;
        }
        let is_disordered = link.is_disordered;
        for event in std::mem::take(&mut link.events) {
            match event {
                Event::Diverged(_) | Event::Stopped(_) if is_disordered => return self.cut(who),
                Event::Diverged(scope) => {
                    let (mine, theirs) = (unit.handheld.store.read()?, self.hub.store.read()?);
                    let differs = invariants::difference(&*mine, &*theirs, scope)?;
                    let detail =
                        format!("handheld {who} can't agree with the hub on {scope:?}: {differs}");
                    return Err(Violation::new("no divergence", detail));
                }
                Event::Stopped(stop) => {
                    let detail = format!("handheld {who} was stopped: {stop:?}");
                    return Err(Violation::new("honest sessions", detail));
                }
                Event::Judged(judged) => {
                    for (number, code) in &judged.refused {
                        invariants::refusal(&unit.handheld, *number, code)?;
                    }
                    self.totals.refused += u64::try_from(judged.refused.len()).unwrap_or(0);
                    self.totals.replayed += u64::from(judged.replayed);
                }
                Event::Changed(_)
                | Event::HouseChanged
                | Event::Searchable(_)
                | Event::CaughtUp(_)
                | Event::InSync => {}
            }
        }
        Ok(())
    }

    pub(super) fn wake(&mut self, who: usize) -> Result<(), Violation> {
        let unit = self
            .units
            .get_mut(who)
            .expect("handhelds are counted around");
        let Some(link) = self.links.get_mut(&who) else {
            return Ok(());
        };
        let pumped = link.wake(&mut unit.handheld, &self.hub)?;
        hostile::must_not_leak(&self.hub, &link.granted, &pumped)?;
        if self.sabotage == Some(Sabotage::ReadsForgottenEarly) {
            forget_reads(&unit.handheld, link)?;
        }
        Ok(())
    }

    /// A whole meeting that nothing disturbs: at its end there is nothing left to say.
    pub(super) fn meet(&mut self, who: usize) -> Result<(), Violation> {
        self.cut(who)?;
        self.connect(who)?;
        let mut deliveries = 0;
        while self.links.get(&who).is_some_and(|link| !link.is_idle()) {
            self.up(who)?;
            self.down(who)?;
            deliveries += 1;
            if deliveries > DELIVERIES_MAX {
                let waiting = self.waiting(who)?;
                let detail = format!("handheld {who} and the hub talk without end: {waiting}");
                return Err(Violation::new("liveness", detail));
            }
        }
        let Some(link) = self.links.get(&who) else {
            return Ok(());
        };
        let waiting = self.waiting(who)?;
        if !link.is_settled() || !waiting.is_empty() {
            let settled = link.is_settled();
            let detail = format!(
                "handheld {who} met the hub undisturbed (settled: {settled}), pending with the last word: {waiting}"
            );
            return Err(Violation::new("a whole meeting", detail));
        }
        self.totals.carry(link);
        self.unit(who).is_unsettled = false;
        Ok(())
    }

    /// The pending edits of a handheld with the hub's last word on each; empty when there is none.
    fn waiting(&self, who: usize) -> Result<String, Violation> {
        let unit = self.units.get(who).expect("handhelds are counted around");
        let mut waiting = Vec::new();
        for (_, row) in outbox::all(&*unit.handheld.store.read()?)? {
            if row.state == OutboxState::Pending {
                let word = self.oracle.rulings.get(&row.edit);
                waiting.push(format!("{:?} {word:?}", row.edit));
            }
        }
        Ok(waiting.join(", "))
    }

    pub(super) fn cut(&mut self, who: usize) -> Result<(), Violation> {
        if let Some(link) = self.links.remove(&who) {
            self.totals.carry(&link);
        }
        Ok(())
    }

    pub(super) fn lose_up(&mut self, who: usize) -> Result<(), Violation> {
        // A stream that lost a frame is over, but what was under way the other way may still arrive.
        let Some(link) = self.links.get_mut(&who) else {
            return Ok(());
        };
        link.to_hub.clear();
        self.down(who)?;
        self.cut(who)
    }

    pub(super) fn lose_down(&mut self, who: usize) -> Result<(), Violation> {
        let Some(link) = self.links.get_mut(&who) else {
            return Ok(());
        };
        link.to_handheld.clear();
        self.up(who)?;
        self.cut(who)
    }

    pub(super) fn repeat_up(&mut self, who: usize) -> Result<(), Violation> {
        if let Some(link) = self.links.get_mut(&who)
            && let Some(next) = link.to_hub.front().cloned()
        {
            link.to_hub.push_front(next);
            self.up(who)?;
            self.up(who)?;
        }
        Ok(())
    }

    pub(super) fn repeat_down(&mut self, who: usize) -> Result<(), Violation> {
        if let Some(link) = self.links.get_mut(&who)
            && let Some(next) = link.to_handheld.front().cloned()
        {
            link.to_handheld.push_front(next);
            self.down(who)?;
            self.down(who)?;
        }
        Ok(())
    }

    pub(super) fn swap_up(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        if let Some(link) = self.links.get_mut(&who)
            && overtake(&mut link.to_hub, entropy)
        {
            link.is_disordered = true;
            self.up(who)?;
        }
        Ok(())
    }

    pub(super) fn swap_down(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        if let Some(link) = self.links.get_mut(&who)
            && overtake(&mut link.to_handheld, entropy)
        {
            link.is_disordered = true;
            self.unit(who).is_unsettled = true;
            self.down(who)?;
        }
        Ok(())
    }

    pub(super) fn partition(&mut self, who: usize) -> Result<(), Violation> {
        self.cut(who)?;
        let unit = self.unit(who);
        unit.is_away = !unit.is_away;
        Ok(())
    }

    /// The hub dies before it commits what a frame brought: that work is gone, and no answer was given.
    pub(super) fn hub_dies(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        self.bring_to_push(who)?;
        let struck = self.hub.store.faults();
        self.hub.store.arm(Fault::Commit);
        let outcome = self.up(who);
        self.hub.store.disarm();
        match outcome {
            Ok(()) if self.hub.store.faults() == struck => return Ok(()),
            // Planted: the answer arrives although nothing was committed.
            Ok(()) => {
                self.links.retain(|of, _| *of == who);
                while self.links.get(&who).is_some_and(Link::brings_something) {
                    self.down(who)?;
                }
            }
            Err(violation) if violation.is_full_disk() => self.links.clear(),
            Err(violation) => return Err(violation),
        }
        self.hub.restart(entropy);
        Ok(())
    }

    /// The hub's disk is full while it keeps a push, and has room again for the one behind it.
    pub(super) fn hub_full(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        self.bring_to_push(who)?;
        // What is recorded on the connection goes out in a push of its own; that of a new customer and that of what is noted about them.
        let customer = CustomerId::random(entropy);
        self.customers.push(customer);
        let note = Edit::AddNote {
            place: Place::Shop,
            body: "asked for the tailor".to_owned(),
            title: None,
            label: None,
        };
        for edit in [edits::create(entropy), note] {
            self.record_this(who, (customer, edit), false)?;
            self.wake(who)?;
        }
        self.hub.store.arm(Fault::FullAfter(entropy.below(40)));
        let outcome = self.up(who);
        self.hub.store.disarm();
        outcome
    }

    /// The hub dies after its commit: the work stands, the answer is lost.
    pub(super) fn hub_dies_after(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        self.bring_to_push(who)?;
        self.up(who)?;
        self.links.clear();
        self.hub.restart(entropy);
        Ok(())
    }

    /// Lets a handheld come to where its next frame is a push, if it has anything to push: a death of the hub matters most there.
    fn bring_to_push(&mut self, who: usize) -> Result<(), Violation> {
        self.connect(who)?;
        for _ in 0..8 {
            let next = self.links.get(&who).and_then(|link| link.to_hub.front());
            if next.is_some_and(|next| matches!(Frame::unpack(next), Ok(Frame::Push(_)))) {
                break;
            }
            self.up(who)?;
            self.down(who)?;
        }
        Ok(())
    }

    pub(super) fn dies(&mut self, who: usize) -> Result<(), Violation> {
        let unit = self.unit(who);
        let before = hash_of(&unit.handheld.store, unit.handheld.fingerprint()?)?;
        unit.handheld.store.arm(Fault::Commit);
        let outcome = self.down(who);
        self.after_fault(who, before, outcome)?;
        self.reopen(who)
    }

    pub(super) fn dies_after(&mut self, who: usize) -> Result<(), Violation> {
        self.down(who)?;
        self.reopen(who)
    }

    pub(super) fn full_down(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let unit = self.unit(who);
        let before = hash_of(&unit.handheld.store, unit.handheld.fingerprint()?)?;
        let struck = unit.handheld.store.faults();
        unit.handheld.store.arm(Fault::FullAfter(entropy.below(60)));
        let outcome = self.down(who);
        let strikes = self.unit(who).handheld.store.faults() > struck;
        self.after_fault(who, before, outcome)?;
        if strikes {
            // The session can't go on without what it lost; the app stays open.
            self.cut(who)?;
        }
        Ok(())
    }

    /// Planted: the handheld marks refused edits and does nothing about those behind them.
    fn plant_in_verdicts(&mut self, who: usize) -> Result<(), Violation> {
        if self.sabotage != Some(Sabotage::RefusalNotFollowed) {
            return Ok(());
        }
        let Some(link) = self.links.get_mut(&who) else {
            return Ok(());
        };
        let Some(front) = link.to_handheld.front_mut() else {
            return Ok(());
        };
        let Ok(Frame::Verdicts(verdicts)) = Frame::unpack(front) else {
            return Ok(());
        };
        let unit = self.units.get(who).expect("handhelds are counted around");
        *front = ignore_refusals(&unit.handheld, verdicts)?.pack();
        Ok(())
    }
}

/// Brings a frame that is not the next one to the front; false when there is none.
fn overtake(under_way: &mut VecDeque<Vec<u8>>, entropy: &mut SeededEntropy) -> bool {
    let behind = under_way.len().saturating_sub(1);
    if behind == 0 {
        return false;
    }
    let behind = u64::try_from(behind).expect("few frames are under way");
    let at = usize::try_from(1 + entropy.below(behind)).expect("few frames are under way");
    let frame = under_way.remove(at).expect("it is below the length");
    under_way.push_front(frame);
    true
}

fn ignore_refusals(handheld: &Handheld, verdicts: Verdicts) -> Result<Frame, StoreError> {
    let mut tx = handheld.store.write()?;
    let mut kept = Vec::new();
    for verdict in verdicts.verdicts {
        match &verdict.ruling {
            Ruling::Refused { code } => {
                for (number, mut row) in outbox::all(tx.as_read())? {
                    let is_it = |member: &sync_core::envelope::Sealed| {
                        member.envelope.change == verdict.change
                    };
                    if row.members.iter().any(is_it) {
                        row.state = OutboxState::Refused { code: code.clone() };
                        outbox::put(&mut *tx, number, &row)?;
                    }
                }
            }
            Ruling::Unmet => {}
            Ruling::Accepted { .. }
            | Ruling::Duplicate { .. }
            | Ruling::Erased
            | Ruling::NewEpoch { .. }
            | Ruling::Later { .. } => kept.push(verdict),
        }
    }
    tx.commit()?;
    Ok(Frame::Verdicts(Verdicts {
        verdicts: kept,
        backup_seq: verdicts.backup_seq,
    }))
}

/// Planted: what is under way to the hub is deleted at once.
fn forget_reads(handheld: &Handheld, link: &Link) -> Result<(), StoreError> {
    for frame in &link.to_hub {
        if let Ok(Frame::Reads(reads)) = Frame::unpack(frame) {
            let mut tx = handheld.store.write()?;
            let sent = u64::try_from(reads.entries.len()).unwrap_or(0);
            sync_core::access::forget_sent(&mut *tx, reads.first + sent)?;
            tx.commit()?;
        }
    }
    Ok(())
}

impl From<StoreError> for Violation {
    fn from(error: StoreError) -> Self {
        Self::storage(disk::is_armed_fault(&error), error.to_string())
    }
}
