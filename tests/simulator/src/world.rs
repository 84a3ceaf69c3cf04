//! A world: one hub, its handhelds and their links, played step by step.
//!
//! # Invariants
//! - What happens follows from the seed and the steps alone.
//! - Every step ends with all its transactions committed or gone; nothing is in the middle but frames under way.

mod market;
mod network;
mod people;

use std::collections::BTreeMap;

use sync_core::card::schema::Role;
use sync_core::crypto::sha256;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, Hash32, ShopId, Timestamp};
use sync_core::store::{Direction, KeyRange, Store, StoreError, Table};

use crate::disk::Disk;
use crate::edits;
use crate::fleet::{Handheld, Hub, Link};
use crate::invariants::{self, Violation};
use crate::oracle::Oracle;
use crate::plan::{Act, Shape, Step};
use crate::run::Totals;
use crate::sabotage::Sabotage;

/// Where all worlds begin.
const NOON: Timestamp = Timestamp(1_790_000_000_000);
/// Rounds in which everyone meets the hub, within which a fleet without faults must agree.
const ROUNDS_MAX: usize = 20;
/// Bytes of a meeting at which nothing changed.
const QUIET_BYTES_MAX: usize = 256;
/// Handhelds there may be with their copies.
const HANDHELDS_MAX: usize = 14;

/// A handheld with what the world knows of it.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one handheld"
)]
pub struct Unit {
    /// The handheld.
    pub handheld: Handheld,
    /// Who may work on it.
    pub associates: Vec<AssociateId>,
    /// Whether it lies.
    pub is_hostile: bool,
    /// Whether its disk has a copy, or is one.
    pub is_cloned: bool,
    image: Option<Disk>,
    ahead_ms: i64,
    drift_ms: i64,
    is_away: bool,
    /// Whether it got frames out of order and has not met the hub undisturbed since.
    is_unsettled: bool,
}

/// Everything there is.
#[derive(Debug)]
pub struct World {
    /// Its sizes.
    pub shape: Shape,
    /// The hub.
    pub hub: Hub,
    /// The handhelds.
    pub units: Vec<Unit>,
    /// What was watched.
    pub oracle: Oracle,
    /// Everybody with a card, or about to have one.
    pub customers: Vec<CustomerId>,
    /// The shops.
    pub shops: Vec<ShopId>,
    /// Everybody who works here.
    pub people: Vec<AssociateId>,
    /// What was counted.
    pub totals: Totals,
    links: BTreeMap<usize, Link>,
    now: Timestamp,
    trace: Hash32,
    sabotage: Option<Sabotage>,
}

impl World {
    /// The world that belongs to a seed, before anything has happened.
    ///
    /// # Errors
    /// A [`Violation`] when even that goes wrong.
    pub fn new(seed: u64, sabotage: Option<Sabotage>) -> Result<Self, Violation> {
        let shape = Shape::of(seed);
        let entropy = &mut SeededEntropy::new(seed ^ 0xc0de);
        let shops: Vec<_> = (1..=shape.shops).map(|shop| ShopId([shop; 8])).collect();
        let first = shops.first().copied().expect("a world has a shop");
        let mut hub = Hub::new(first, NOON, entropy);
        hub.sabotage = sabotage;
        hub.frame_target = shape.frame_target;
        hub.people.believes_everybody = sabotage == Some(Sabotage::RosterUnchecked);
        let mut world = Self {
            hub,
            units: Vec::new(),
            oracle: Oracle::default(),
            customers: Vec::new(),
            people: (0..shape.handhelds.saturating_mul(2).max(4))
                .map(|number| AssociateId([number + 0x20; 8]))
                .collect(),
            shops,
            totals: Totals::default(),
            links: BTreeMap::new(),
            now: NOON,
            trace: sha256("simulation.v1", &[&seed.to_be_bytes()]),
            sabotage,
            shape,
        };
        for associate in world.people.iter().step_by(5) {
            world.hub.people.roles.insert(*associate, Role::Manager);
        }
        for number in 0..world.shape.handhelds {
            world.enrol(number, entropy);
        }
        for _ in 0..world.shape.customers.div_ceil(2) {
            let customer = CustomerId::random(entropy);
            world.customers.push(customer);
            let edit = edits::create(entropy);
            world.back_office(customer, edit, entropy)?;
        }
        Ok(world)
    }

    fn enrol(&mut self, number: u8, entropy: &mut SeededEntropy) {
        let mut associates = Vec::new();
        for _ in 0..self.shape.associates_each {
            associates.extend(entropy.pick(&self.people));
        }
        let shop = entropy.pick(&self.shops).copied();
        let (Some(first), Some(shop)) = (associates.first().copied(), shop) else {
            return;
        };
        let seed = u64::from(number) + entropy.below(1 << 40);
        let handheld = Handheld::enrol_in(&mut self.hub, shop, (number + 1, first), seed);
        let lies = self.shape.families.contains(&crate::plan::Family::Hostile);
        self.units.push(Unit {
            handheld,
            associates,
            is_hostile: lies && number == 0,
            is_cloned: false,
            image: None,
            ahead_ms: 0,
            drift_ms: 0,
            is_away: false,
            is_unsettled: false,
        });
    }

    /// Plays one step.
    ///
    /// # Errors
    /// The [`Violation`] that it brought to light.
    pub fn play(&mut self, step: Step) -> Result<(), Violation> {
        let who = usize::from(step.who) % self.units.len();
        let entropy = &mut SeededEntropy::new(step.pick);
        let seconds = i64::try_from(entropy.below(90)).expect("below 90");
        self.now = self.now.plus_ms(1_000 + seconds * 1_000);
        self.hub.set_now(self.now);
        for unit in &mut self.units {
            unit.ahead_ms += unit.drift_ms;
            unit.handheld.now = self.now.plus_ms(unit.ahead_ms);
        }
        if step.act.family().is_some() {
            *self.totals.faults.entry(step.act).or_default() += 1;
        }
        self.act(step.act, who, entropy)?;
        self.totals.steps += 1;
        self.note_trace(who)
    }

    fn act(&mut self, act: Act, who: usize, entropy: &mut SeededEntropy) -> Result<(), Violation> {
        match act {
            Act::Record => self.record(who, entropy),
            Act::BackOffice => self.back_office_any(entropy),
            Act::Read => self.read(who, entropy),
            Act::Connect => self.connect(who),
            Act::Up => self.up(who),
            Act::Down => self.down(who),
            Act::Wake => self.wake(who),
            Act::Meet => self.meet(who),
            Act::Reopen => self.reopen(who),
            Act::Check => self.check(who),
            Act::Cut => self.cut(who),
            Act::LoseUp => self.lose_up(who),
            Act::LoseDown => self.lose_down(who),
            Act::RepeatUp => self.repeat_up(who),
            Act::RepeatDown => self.repeat_down(who),
            Act::SwapUp => self.swap_up(who, entropy),
            Act::SwapDown => self.swap_down(who, entropy),
            Act::Partition => self.partition(who),
            Act::HubDies => self.hub_dies(who, entropy),
            Act::HubDiesAfter => self.hub_dies_after(who, entropy),
            Act::Dies => self.dies(who),
            Act::DiesAfter => self.dies_after(who),
            Act::Jump => self.jump(who, entropy),
            Act::Drift => self.drift(who, entropy),
            Act::FullRecord => self.full_record(who, entropy),
            Act::FullDown => self.full_down(who, entropy),
            Act::HubFull => self.hub_full(who, entropy),
            Act::Clone => self.clone_unit(who, entropy),
            Act::Image => self.take_image(who),
            Act::Restore => self.restore(who),
            Act::SignIn => self.sign_in(who, entropy),
            Act::SignOut => self.sign_out(who, entropy),
            Act::Switch => self.switch(who, entropy),
            Act::Promote => self.promote(entropy),
            Act::Deactivate => self.deactivate(entropy),
            Act::Believe => self.believe(who, entropy),
            Act::Stray => self.stray(who, entropy),
            Act::Enter => self.move_in_book(true, entropy),
            Act::Leave => self.move_in_book(false, entropy),
            Act::Sale => self.sale(entropy),
            Act::Post => self.post(entropy),
            Act::Lie => self.lie(entropy),
        }
    }

    fn unit(&mut self, who: usize) -> &mut Unit {
        self.units
            .get_mut(who)
            .expect("handhelds are counted around")
    }

    fn check(&mut self, who: usize) -> Result<(), Violation> {
        invariants::hub(self)?;
        if !self.unit(who).is_unsettled {
            // A page before the word that a first sync begins is explained only by what follows.
            invariants::handheld(self, who)?;
        }
        invariants::edits(self)
    }

    fn note_trace(&mut self, who: usize) -> Result<(), Violation> {
        let mut under_way = Vec::new();
        if let Some(link) = self.links.get(&who) {
            for frame in link.to_hub.iter().chain(&link.to_handheld) {
                under_way.extend_from_slice(frame);
            }
        }
        let unit = self.units.get(who).expect("handhelds are counted around");
        let standing = unit.handheld.fingerprint()?;
        let last = self.trace;
        self.trace = sha256(
            "trace.v1",
            &[last.as_bytes(), &under_way, standing.as_bytes()],
        );
        Ok(())
    }

    /// The end: faults off, clocks right, everyone meets until all is quiet; then everything is looked at.
    ///
    /// # Errors
    /// The [`Violation`] that it brought to light.
    pub fn finish(&mut self) -> Result<Hash32, Violation> {
        self.links.clear();
        for unit in &mut self.units {
            unit.handheld.store.disarm();
            (unit.ahead_ms, unit.drift_ms, unit.is_away) = (0, 0, false);
            unit.handheld.now = self.now;
        }
        self.hub.store.disarm();
        self.settle()?;
        invariants::edits(self)?;
        invariants::hub(self)?;
        for who in 0..self.units.len() {
            invariants::handheld(self, who)?;
            invariants::agreement(self, who)?;
        }
        invariants::looks(self)?;
        self.seal_trace()
    }

    fn settle(&mut self) -> Result<(), Violation> {
        let mut restless = Vec::new();
        for _ in 0..ROUNDS_MAX {
            restless.clear();
            for who in 0..self.units.len() {
                self.meet(who)?;
                let link = self.links.remove(&who).expect("it has just met");
                if link.frames != (1, 1) {
                    restless.push((who, link.frames));
                    continue;
                }
                let scopes = self.unit(who).handheld.signed_in.len() + 1;
                let bytes = link.bytes.0 + link.bytes.1;
                if scopes <= 3 && bytes > QUIET_BYTES_MAX {
                    let detail = format!("a quiet meeting of {scopes} scopes took {bytes} bytes");
                    return Err(Violation::new("liveness", detail));
                }
            }
            if restless.is_empty() {
                return Ok(());
            }
        }
        let detail =
            format!("after {ROUNDS_MAX} rounds these still have something to say: {restless:?}");
        Err(Violation::new("liveness", detail))
    }

    fn seal_trace(&mut self) -> Result<Hash32, Violation> {
        let mut digest = hash_of(&self.hub.store, self.trace)?;
        for unit in &self.units {
            digest = hash_of(&unit.handheld.store, digest)?;
        }
        self.trace = digest;
        Ok(digest)
    }
}

/// A digest over everything on a disk.
pub(crate) fn hash_of(store: &dyn Store, start: Hash32) -> Result<Hash32, StoreError> {
    let tx = store.read()?;
    let all = KeyRange {
        from: &[],
        to: None,
    };
    let mut digest = start;
    for table in Table::ALL {
        let mut bytes = Vec::new();
        tx.scan(table, all, Direction::Ascending, &mut |key, value| {
            bytes.extend_from_slice(&u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(value);
            bytes.push(0);
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        digest = sha256(
            "disk.v1",
            &[digest.as_bytes(), table.name().as_bytes(), &bytes],
        );
    }
    Ok(digest)
}
