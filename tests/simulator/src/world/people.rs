//! What people do on handhelds: record, look, sign in and out; and what happens to the devices in their hands.

use sync_core::access::{AccessEntry, AccessKind};
use sync_core::card::schema::Role;
use sync_core::card::{CardView, Edit, Reading};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, SessionId, Timestamp};
use sync_core::outbox;
use sync_core::projection;
use sync_core::replica::RecordError;
use sync_core::store::{Store as _, StoreError, Table};

use super::{HANDHELDS_MAX, Unit, World, hash_of};
use crate::disk::Fault;
use crate::edits::{self, Scene};
use crate::invariants::Violation;
use crate::oracle::{Look, Told};
use crate::sabotage::Sabotage;

const YEAR_MS: i64 = 365 * Timestamp::DAY_MS;

impl World {
    pub(super) fn record(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        self.record_as(who, false, entropy)
    }

    fn record_as(
        &mut self,
        who: usize,
        is_stray: bool,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let drawn = self.draw_edit(who, entropy)?;
        self.record_this(who, drawn, is_stray)
    }

    /// Records an edit about a customer.
    pub(super) fn record_this(
        &mut self,
        who: usize,
        (customer, edit): (CustomerId, Edit),
        is_stray: bool,
    ) -> Result<(), Violation> {
        let planted = self.sabotage;
        let unit = self.unit(who);
        let author = unit.handheld.author;
        if planted == Some(Sabotage::AuthorOfFirstSignIn)
            && let Some(first) = unit.handheld.signed_in.first().copied()
        {
            unit.handheld.switch_to(first);
        }
        let outcome = unit.handheld.record(customer, &edit);
        unit.handheld.author = author;
        match outcome {
            Ok(recorded) => {
                let tx = unit.handheld.store.read()?;
                let row = outbox::get(&*tx, recorded.number)?.expect("it was just recorded");
                drop(tx);
                let told = Told {
                    customer,
                    facets: row.plan.writes.iter().map(|(facet, _)| *facet).collect(),
                    associate: author.associate,
                    session: author.session,
                    device: unit.handheld.replica.device(),
                    role: author.role,
                    is_stray,
                    is_forgiven: false,
                };
                self.oracle.told.insert(recorded.edit, told);
                self.totals.recorded += 1;
                *self.totals.edits.entry(edits::name(&edit)).or_default() += 1;
                self.drop_row(who, customer)
            }
            Err(RecordError::Store(error)) => Err(error.into()),
            Err(
                RecordError::Edit(_)
                | RecordError::UnknownCustomer
                | RecordError::Erased
                | RecordError::OutboxFull { .. }
                | RecordError::TooMuch
                | RecordError::CardFull,
            ) => {
                self.totals.declined += 1;
                Ok(())
            }
        }
    }

    /// Planted: the read row of a customer is lost.
    fn drop_row(&mut self, who: usize, customer: CustomerId) -> Result<(), Violation> {
        if self.sabotage == Some(Sabotage::RowNotFolded) {
            let mut tx = self.unit(who).handheld.store.write()?;
            tx.delete(Table::Row, customer.as_bytes())?;
            tx.commit()?;
        }
        Ok(())
    }

    /// A customer and what to record about them on a handheld.
    fn draw_edit(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(CustomerId, Edit), Violation> {
        let room = u64::try_from(self.customers.len()).unwrap_or(u64::MAX) < self.shape.customers;
        if self.customers.is_empty() || (room && entropy.percent(8)) {
            let customer = CustomerId::random(entropy);
            self.customers.push(customer);
            return Ok((customer, edits::create(entropy)));
        }
        // Few customers get most of the attention, so that people meet on cards; and most often one that is in the book.
        let mut pool = self.customers.clone();
        if entropy.percent(85) {
            let book = self.unit(who).handheld.store.read()?;
            let is_here =
                |customer: &CustomerId| Ok(projection::read_row(&*book, *customer)?.is_some());
            let here: Result<Vec<bool>, StoreError> = pool.iter().map(is_here).collect();
            let mut here = here?.into_iter();
            pool.retain(|_| here.next().unwrap_or_default());
        }
        if entropy.percent(70) {
            pool.truncate(3);
        }
        let customer = entropy.pick(&pool).copied().unwrap_or(CustomerId([1; 16]));
        let unit = self.unit(who);
        let visible = unit.handheld.visible(customer)?;
        let tx = unit.handheld.store.read()?;
        let corrections =
            unit.handheld
                .replica
                .corrections(&*tx, &unit.handheld.author, customer)?;
        drop(tx);
        let now = unit.handheld.now;
        let reading = Reading {
            now,
            corrections: &corrections,
        };
        let view = CardView::read(&visible, &reading);
        let scene = Scene {
            visible: &visible,
            conflicts: &view.conflicts,
            customers: &self.customers,
            people: &self.people,
            now,
        };
        Ok((customer, edits::any(entropy, &scene)))
    }

    pub(super) fn read(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let Some(customer) = entropy.pick(&self.customers).copied() else {
            return Ok(());
        };
        let unit = self.unit(who);
        unit.handheld.open_card(customer)?;
        let look = Look {
            device: unit.handheld.replica.device(),
            entry: AccessEntry {
                associate: unit.handheld.author.associate,
                customer,
                kind: AccessKind::Opened,
                at: unit.handheld.now,
            },
            is_forgiven: false,
        };
        self.oracle.looks.push(look);
        Ok(())
    }

    pub(super) fn believe(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let role = self.unit(who).handheld.author.role;
        self.unit(who).handheld.author.role = Role::Manager;
        let outcome = self.record(who, entropy);
        self.unit(who).handheld.author.role = role;
        outcome
    }

    pub(super) fn stray(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let session = self.unit(who).handheld.author.session;
        self.unit(who).handheld.author.session = SessionId::random(entropy);
        let outcome = self.record_as(who, true, entropy);
        self.unit(who).handheld.author.session = session;
        outcome
    }

    pub(super) fn sign_in(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let unit = self
            .units
            .get_mut(who)
            .expect("handhelds are counted around");
        let associate = entropy.pick(&unit.associates).copied();
        let welcome = |associate: &AssociateId| !self.hub.people.deactivated.contains(associate);
        if let Some(associate) = associate.filter(welcome)
            && !unit.is_away
        {
            unit.handheld.sign_in(&mut self.hub, associate);
            self.links.remove(&who);
        }
        Ok(())
    }

    pub(super) fn sign_out(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let planted = self.sabotage;
        let unit = self.unit(who);
        let Some(associate) = entropy.pick(&unit.handheld.signed_in).copied() else {
            return Ok(());
        };
        unit.handheld.sign_out(associate);
        if planted == Some(Sabotage::OutboxClearedAtSignOut) {
            let mut tx = unit.handheld.store.write()?;
            for (number, row) in outbox::all(tx.as_read())? {
                if row.associate == associate {
                    outbox::remove(&mut *tx, number, &row)?;
                }
            }
            tx.commit()?;
        }
        self.links.remove(&who);
        Ok(())
    }

    pub(super) fn switch(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let unit = self.unit(who);
        if let Some(associate) = entropy.pick(&unit.handheld.signed_in).copied() {
            unit.handheld.switch_to(associate);
        }
        Ok(())
    }

    pub(super) fn promote(&mut self, entropy: &mut SeededEntropy) -> Result<(), Violation> {
        if let Some(associate) = entropy.pick(&self.people).copied() {
            let role = if entropy.percent(50) {
                Role::Manager
            } else {
                Role::Associate
            };
            self.hub.people.roles.insert(associate, role);
        }
        Ok(())
    }

    pub(super) fn deactivate(&mut self, entropy: &mut SeededEntropy) -> Result<(), Violation> {
        if let Some(associate) = entropy.pick(&self.people).copied()
            && entropy.percent(50)
        {
            self.hub.people.deactivated.insert(associate);
            // Every session of this associate ends; the others find their way back.
            let of = |unit: &Unit| unit.handheld.signed_in.contains(&associate);
            self.links
                .retain(|who, _| self.units.get(*who).is_some_and(|unit| !of(unit)));
        }
        Ok(())
    }

    pub(super) fn reopen(&mut self, who: usize) -> Result<(), Violation> {
        self.links.remove(&who);
        self.unit(who).handheld.reopen();
        Ok(())
    }

    pub(super) fn jump(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let span = 20 * YEAR_MS;
        let bound = u64::try_from(span).expect("positive");
        let at = i64::try_from(entropy.below(bound)).expect("below twenty years");
        let small = entropy.percent(40);
        self.unit(who).ahead_ms = if small { at / 500_000 } else { at - span / 2 };
        Ok(())
    }

    pub(super) fn drift(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        self.unit(who).drift_ms = i64::try_from(entropy.below(20_000)).expect("small") - 10_000;
        Ok(())
    }

    pub(super) fn full_record(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        let fault = if entropy.percent(20) {
            Fault::Commit
        } else {
            Fault::FullAfter(entropy.below(40))
        };
        let unit = self.unit(who);
        let before = hash_of(&unit.handheld.store, unit.handheld.fingerprint()?)?;
        unit.handheld.store.arm(fault);
        let outcome = self.record(who, entropy);
        self.after_fault(who, before, outcome)
    }

    /// What must hold once a fault was armed: it struck and left nothing, or it did not strike and is taken back.
    pub(super) fn after_fault(
        &mut self,
        who: usize,
        before: sync_core::ids::Hash32,
        outcome: Result<(), Violation>,
    ) -> Result<(), Violation> {
        let unit = self.unit(who);
        unit.handheld.store.disarm();
        let Err(violation) = outcome else {
            return Ok(());
        };
        if !violation.is_full_disk() {
            return Err(violation);
        }
        let after = hash_of(&unit.handheld.store, unit.handheld.fingerprint()?)?;
        if before == after {
            Ok(())
        } else {
            let detail = format!("handheld {who} kept a part of what a full disk refused");
            Err(Violation::new("all or nothing", detail))
        }
    }

    pub(super) fn clone_unit(
        &mut self,
        who: usize,
        entropy: &mut SeededEntropy,
    ) -> Result<(), Violation> {
        if self.units.len() >= HANDHELDS_MAX || self.unit(who).is_hostile {
            return Ok(());
        }
        let seed = entropy.below(u64::MAX);
        let unit = self.unit(who);
        unit.is_cloned = true;
        let copy = Unit {
            handheld: unit.handheld.duplicate(seed, false),
            associates: unit.associates.clone(),
            is_hostile: false,
            is_cloned: true,
            image: None,
            ahead_ms: unit.ahead_ms,
            drift_ms: 0,
            is_away: false,
            is_unsettled: unit.is_unsettled,
        };
        self.units.push(copy);
        Ok(())
    }

    pub(super) fn take_image(&mut self, who: usize) -> Result<(), Violation> {
        let unit = self.unit(who);
        if !unit.is_unsettled {
            unit.image = Some(unit.handheld.store.duplicate());
        }
        Ok(())
    }

    /// Goes back to an older disk. What only the newer one held is gone with it, which no software can mend.
    pub(super) fn restore(&mut self, who: usize) -> Result<(), Violation> {
        let unit = self.unit(who);
        let Some(image) = &unit.image else {
            return Ok(());
        };
        unit.handheld.store = image.duplicate();
        unit.handheld.reopen();
        let device = unit.handheld.replica.device();
        self.links.remove(&who);
        self.forgive(device)
    }

    fn forgive(&mut self, device: sync_core::ids::DeviceId) -> Result<(), Violation> {
        let mut held = std::collections::BTreeSet::new();
        let mut lines = Vec::new();
        for unit in &self.units {
            if unit.handheld.replica.device() == device {
                let tx = unit.handheld.store.read()?;
                held.extend(outbox::all(&*tx)?.into_iter().map(|(_, row)| row.edit));
                lines.extend(sync_core::access::unsent(&*tx, usize::MAX)?.1);
            }
        }
        let hub = self.hub.store.read()?;
        for (edit, told) in &mut self.oracle.told {
            if told.device == device && !held.contains(edit) {
                let mut accepted = true;
                for document in told.documents() {
                    let found = sync_core::documents::change_of_edit(&*hub, document, *edit)?;
                    accepted &= found.is_some();
                }
                told.is_forgiven |= !accepted;
            }
        }
        let stored = crate::invariants::stored_looks(&*hub)?;
        for look in &mut self.oracle.looks {
            let known = stored.contains(&(look.device, look.entry.clone()));
            if look.device == device && !known && !lines.contains(&look.entry) {
                look.is_forgiven = true;
            }
        }
        Ok(())
    }
}
