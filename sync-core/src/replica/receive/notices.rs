//! Notices as they arrive: by the feed the latest version wins, and a page is the hub's word on everything between two places.
//!
//! # Invariants
//! - What is not read in the scope that it came by is left out, and so is what is about a customer whose card is not here: the feed brings
//!   it again behind the card.
//! - After a page a handheld holds there exactly what the hub named, whatever it held before: a hub that was restored from a backup may hold
//!   less, and may count versions anew.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::pages::documents_between;
use super::*;
use crate::notices::{self, Notice, NoticeError, PutNotice, Subject, held};
use crate::protocol::frame::{Page, Phase};

/// Stores notices that the feed tells of.
pub(super) fn receive_notices(
    tx: &mut dyn WriteTx,
    ledger: &mut Ledger,
    (scope, notices): (Scope, &[Notice]),
    received: &mut Received,
) -> Result<(), StoreError> {
    for notice in notices {
        if !held::is_read_in(tx.as_read(), scope, notice.subject)? {
            continue;
        }
        let before = match notices::put(tx, notice) {
            Ok(PutNotice::Unchanged) => continue,
            Ok(PutNotice::Inserted) => None,
            Ok(PutNotice::Replaced { before }) => Some(before),
            Err(NoticeError::Store(error)) => return Err(error),
            // A notice that is not well formed is left out; the digests then differ, and say so.
            Err(NoticeError::BadKey | NoticeError::TooLarge { .. }) => continue,
        };
        let after = notice.item_hash();
        move_item(tx, ledger, notice.subject, (before.as_ref(), Some(&after)))?;
        received.hear(notice.subject);
    }
    Ok(())
}

/// Makes the notices that are held between the ends of a page those that it names.
pub(super) fn receive_notice_page(
    tx: &mut dyn WriteTx,
    ledger: &mut Ledger,
    page: &Page,
    received: &mut Received,
) -> Result<(), StoreError> {
    let Some(told) = &page.notices else {
        return Ok(());
    };
    let named: BTreeSet<_> = told.notices.iter().map(Notice::key).collect();
    for notice in held_between(tx.as_read(), page, &told.after)? {
        let key = notice.key();
        if !named.contains(&key) {
            tx.delete(Table::Notice, &key)?;
            let before = notice.item_hash();
            move_item(tx, ledger, notice.subject, (Some(&before), None))?;
            received.hear(notice.subject);
        }
    }
    for notice in &told.notices {
        let is_good =
            notice.check().is_ok() && held::is_read_in(tx.as_read(), page.scope, notice.subject)?;
        let key = notice.key();
        let before: Option<Notice> = store::get_row(tx.as_read(), Table::Notice, &key)?;
        if !is_good || before.as_ref() == Some(notice) {
            continue;
        }
        store::put_row(tx, Table::Notice, &key, notice)?;
        let before = before.map(|before| before.item_hash());
        let after = notice.item_hash();
        move_item(tx, ledger, notice.subject, (before.as_ref(), Some(&after)))?;
        received.hear(notice.subject);
    }
    Ok(())
}

/// The notices that are here between the ends of a page. About customers only those of a repair: a first sync begins with none.
fn held_between(tx: &dyn ReadTx, page: &Page, after: &[u8]) -> Result<Vec<Notice>, StoreError> {
    let mut found = Vec::new();
    match page.phase {
        Phase::Notices => {
            for prefix in held::house(page.scope) {
                held::scan(tx, (&prefix, after), &mut |key, notice| {
                    if !page.last && key > page.cursor.as_slice() {
                        return ControlFlow::Break(());
                    }
                    found.push(notice);
                    ControlFlow::Continue(())
                })?;
            }
        }
        Phase::Records if tx.get(Table::Progress, &page.scope.key())?.is_none() => {
            for document in documents_between(tx, page, after)? {
                let row = documents::row(tx, document)?;
                if let Some(row) = row.filter(|row| row.facet == Facet::Card) {
                    let subject = Subject::Customer(row.customer);
                    notices::for_each_of(tx, subject, &mut |notice| found.push(notice))?;
                }
            }
        }
        Phase::Records | Phase::Rows | Phase::Documents => {}
    }
    Ok(found)
}

/// Moves a notice's item in every scope of this replica that reads it.
fn move_item(
    tx: &dyn WriteTx,
    ledger: &mut Ledger,
    subject: Subject,
    (before, after): (Option<&Hash32>, Option<&Hash32>),
) -> Result<(), StoreError> {
    for scope in held::audience(tx.as_read(), subject)? {
        ledger.replace_item(tx.as_read(), scope, before, after)?;
    }
    Ok(())
}
