//! Rights on a handheld: what it holds for whoever works, and what is spent of it.
//!
//! # Invariants
//! - A right is spent in the transaction that records what spends it, and stays spent whatever the hub says of that edit: the call was made.
//! - Marks of rights that were given and are gone do not stay.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::{Book, BookError};
use crate::card::Edit;
use crate::card::terms::InteractionKind;
use crate::concierge::rights::{Held, Holder, Marks, RightBody};
use crate::ids::{CustomerId, Timestamp};
use crate::notices::{self, Notice, NoticeKind, Subject};
use crate::store::{self, ReadTx, StoreError, Table, WriteTx, get_row, put_row};

impl Book {
    /// The rights that this handheld holds for whoever works.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn held(&self, tx: &dyn ReadTx, now: Timestamp) -> Result<Held, BookError> {
        let author = self.author(now)?;
        let mut rights = Vec::new();
        let mine = Subject::Associate(author.associate);
        notices::for_each::<RightBody>(tx, mine, &mut |notice, body| {
            rights.push((notice.key, body));
        })?;
        let here = Holder {
            device: self.enrolment()?.device,
            session: author.session,
        };
        let marks: Option<Marks> = get_row(tx, Table::Progress, Marks::KEY)?;
        Ok(Held::new(here, rights, marks.unwrap_or_default()))
    }

    /// Keeps what was spent of the rights held here.
    ///
    /// # Errors
    /// What the store reports.
    pub fn keep_marks(tx: &mut dyn WriteTx, held: &Held) -> Result<(), StoreError> {
        let mut marks = held.marks().clone();
        let before: Option<Marks> = get_row(tx.as_read(), Table::Progress, Marks::KEY)?;
        // Marks of colleagues on this handheld stay: they hold rights of their own.
        let before = before.unwrap_or_default();
        marks.contacts.extend(before.contacts);
        for (right, minor) in before.spent_minor {
            let spent = marks.spent_minor.entry(right).or_default();
            *spent = (*spent).max(minor);
        }
        marks.keep(&given(tx.as_read())?);
        put_row(tx, Table::Progress, Marks::KEY, &marks)
    }

    /// Spends the right for a call or a message that whoever works made themselves, where this handheld holds one.
    pub(super) fn spend_contact(
        &mut self,
        tx: &mut dyn WriteTx,
        (customer, edit): (CustomerId, &Edit),
        now: Timestamp,
    ) -> Result<(), BookError> {
        if !is_contact(edit) {
            return Ok(());
        }
        let mut held = self.held(tx.as_read(), now)?;
        if held.keys().is_empty() {
            return Ok(());
        }
        let associate = self.author(now)?.associate;
        let view = self.read_card(tx.as_read(), customer, now)?;
        let (view, members) = self.joined(tx.as_read(), (customer, view), now)?;
        let right = held.contact(&members, (customer, associate, now), &view);
        if let Ok(right) = right.map(str::to_owned) {
            held.mark_contact(&right, customer);
            Self::keep_marks(tx, &held)?;
        }
        Ok(())
    }
}

fn is_contact(edit: &Edit) -> bool {
    matches!(
        edit,
        Edit::RecordInteraction {
            kind: InteractionKind::Call | InteractionKind::Message,
            by_customer: false,
            ..
        }
    )
}

/// The keys of all rights that stand on this handheld, its associates' together.
fn given(tx: &dyn ReadTx) -> Result<BTreeSet<String>, StoreError> {
    let mut keys = BTreeSet::new();
    // Every subject that is an associate begins so.
    store::scan_prefix(tx, Table::Notice, b"a", &mut |_, bytes| {
        let notice: Notice = store::decode_row(Table::Notice, bytes)?;
        if notice.kind == NoticeKind::Right && notice.body.is_some() {
            keys.insert(notice.key);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(keys)
}
