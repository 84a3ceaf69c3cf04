//! The gap as of another day, or by other settings: everybody is counted once, beside whoever writes, and nothing is kept.
//!
//! What is known *now* is judged as of then: a promise that was kept later is open again, what was written later about earlier days counts.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sync_core::concierge::gap::report::Beside;
use sync_core::concierge::gap::{self, Best, Contribution, Discovery, Report, Settings, Tally};
use sync_core::ids::Timestamp;
use sync_core::projection;
use sync_core::store::StoreError;

use super::gather;
use crate::book::Book;
use crate::walk_ins::counted;

/// Counts everybody as of a moment; which cards are one person is read from what is kept ([`super::keeper::settle`]). Takes some 200 bytes of memory for each active customer.
///
/// # Errors
/// What the store reports.
pub fn report(
    book: &Book,
    settings: &Settings,
    now: Timestamp,
) -> Result<(Report, Vec<Discovery>), StoreError> {
    let tx = book.store().read()?;
    let (playbook, version) = super::playbook(&*tx)?;
    let mut house = gather::shops(&*tx)?;
    let mut cards = Vec::new();
    projection::rows(&*tx, None, &mut |row| {
        cards.push(row.customer);
        Ok(ControlFlow::Continue(()))
    })?;
    let mut tally = Tally::default();
    let mut ranked: BTreeMap<Vec<u8>, Contribution> = BTreeMap::new();
    for card in cards {
        let whole = gather::whole_of(book, &*tx, card)?;
        // Of linked cards the oldest speaks for all.
        if whole.members.first() != Some(&card) {
            continue;
        }
        gather::stock(&*tx, &whole, &mut house)?;
        let row = Contribution::of((&whole, &house), &playbook, settings, now);
        tally.add(&row, &playbook, settings);
        if row.is_active {
            ranked.insert(row.rank(card, &settings.order), row);
        }
    }
    let many = settings.best_of(tally.all.customers).unwrap_or_default();
    let mut best = Best::default();
    for row in ranked
        .values()
        .take(usize::try_from(many).unwrap_or(usize::MAX))
    {
        best.add(row, &playbook, settings);
    }
    let beside = Beside {
        playbook: (&playbook, version),
        settings,
        walk_ins: counted::within(&*tx, settings.window_days, now)?,
        previous: None,
        now,
    };
    let report = gap::report(&tally, &best, &beside);
    let found = gap::discover(&tally, &best, &playbook);
    Ok((report, found))
}
