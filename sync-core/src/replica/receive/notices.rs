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
use crate::concierge::today::due;
use crate::notices::bodies::StockBody;
use crate::notices::{self, Notice, NoticeError, NoticeKind, PutNotice, Subject, held};
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
        outdate(tx, notice)?;
        received.hear(notice.subject);
    }
    Ok(())
}

/// What was made from what a notice says is made again.
fn outdate(tx: &mut dyn WriteTx, notice: &Notice) -> Result<(), StoreError> {
    match (notice.subject, notice.kind) {
        (Subject::Customer(customer), _) => due::forget_person(tx, customer, &[]),
        // What is owed, and by whose clock.
        (_, NoticeKind::Playbook | NoticeKind::Shop) => due::begin_again(tx),
        (_, NoticeKind::Stock) => due::forget_waiting(tx, &article_of(notice)),
        (Subject::Chain | Subject::Shop(_) | Subject::Associate(_), _) => Ok(()),
    }
}

/// The article whose stock a notice tells of. Where the notice is gone, or says what this build does not read, its key tells: the shop, a
/// stroke, the number.
fn article_of(notice: &Notice) -> String {
    let told = notice.body::<StockBody>().ok().flatten();
    told.map_or_else(
        || {
            let key = &notice.key;
            key.split_once('/')
                .map_or(key.as_str(), |(_, sku)| sku)
                .to_owned()
        },
        |stock| stock.sku,
    )
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
            outdate(tx, &notice)?;
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
        outdate(tx, notice)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::concierge::playbook::{Playbook, PlaybookBody};
    use crate::concierge::today::{CustomerDue, due};
    use crate::notices::NoticeDraft;
    use crate::notices::bodies::{CaseBody, CaseState};
    use crate::projection::{Row, RowFacts};
    use crate::store::Store;
    use crate::store::memory::MemoryStore;

    const NOW: Timestamp = Timestamp(1_767_225_600_000);
    const SHOP: ShopId = ShopId([1; ShopId::LEN]);

    fn customer(number: u8) -> CustomerId {
        CustomerId([number; 16])
    }

    /// Makes what is to be made; for whom.
    fn make(tx: &mut dyn WriteTx) -> Vec<CustomerId> {
        let missing = due::missing(tx.as_read(), 9, NOW).unwrap();
        for customer in &missing.customers {
            let row = CustomerDue {
                customer: *customer,
                owner: None,
                delivery_bp: None,
                wishes: vec![format!("a-{}", customer.as_bytes()[0])],
                items: Vec::new(),
            };
            due::put(tx, &row, NOW).unwrap();
        }
        missing.keep(tx).unwrap();
        missing.customers
    }

    fn notice(draft: &NoticeDraft) -> Notice {
        let store = MemoryStore::default();
        let notice = notices::next_version(&*store.read().unwrap(), draft);
        notice.unwrap().unwrap()
    }

    #[test]
    fn what_is_due_is_made_again_from_what_a_notice_says() {
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        let tx = &mut *tx;
        for number in 1..=3 {
            let row = Row::new(customer(number), &RowFacts::default());
            projection::fold(tx, &row).unwrap();
        }
        let everybody = [customer(1), customer(2), customer(3)];
        assert_eq!(make(tx), everybody);
        let case = CaseBody {
            topic: "a zip".to_owned(),
            is_complaint: true,
            state: CaseState::Open,
            opened_at: NOW,
            solved_at: None,
            sku: None,
        };
        let subject = Subject::Customer(customer(2));
        let case = notice(&NoticeDraft::new(subject, "desk:1", ("desk", NOW), &case));
        let place = Scope::Book(SHOP).document_key(Facet::Card.document(customer(2)));
        tx.put(Table::ScopeDocument, &place, &[]).unwrap();
        let stock = StockBody {
            shop: SHOP,
            sku: "A-1".to_owned(),
            on_hand: BTreeMap::new(),
            arriving: Vec::new(),
            there_since: None,
        };
        let playbook = PlaybookBody::of(&Playbook::standard());
        let source = ("hub", NOW);
        let stock = notice(&NoticeDraft::new(Subject::Chain, "A-1", source, &stock));
        let playbook = notice(&NoticeDraft::new(Subject::Chain, "", source, &playbook));
        let hear = |tx: &mut dyn WriteTx, notice: Notice| {
            let mut received = Received::default();
            let told = (Scope::Book(SHOP), &[notice][..]);
            receive_notices(tx, &mut Ledger::default(), told, &mut received).unwrap();
            assert_eq!(received.house, received.noticed.is_empty());
            make(tx)
        };
        assert_eq!(hear(tx, case), [customer(2)]);
        assert_eq!(
            hear(tx, stock),
            [customer(1)],
            "who waits for it, however it is spelled"
        );
        assert_eq!(hear(tx, playbook), everybody);
    }
}
