//! Claims about the audit: a whole store passes, every kind of damage is found in its own table, and what is derived is made again.

use super::*;
use crate::authority::{Authority, Batch, HubAuthor, HubEdit};
use crate::card::edit::EndpointInput;
use crate::card::schema::Role;
use crate::card::terms::{EndpointKind, NamePart, Place};
use crate::card::{Edit, Source};
use crate::entropy::SeededEntropy;
use crate::ids::{AssociateId, EditId, SessionId, ShopId, Timestamp};
use crate::notices::NoticeDraft;
use crate::notices::bodies::ArticleBody;
use crate::records::{Currency, RecordDraft, RecordKind, Sale, SoldAt};
use crate::store::memory::MemoryStore;
use crate::store::{Direction, KeyRange, Store as _};

const NOON: Timestamp = Timestamp(1_790_000_000_000);
const SHOP: ShopId = ShopId([1; 8]);

fn edit(entropy: &mut SeededEntropy, edit: Edit) -> HubEdit {
    HubEdit {
        id: EditId::random(entropy),
        edit,
        source: Source::Typed,
        as_of: None,
    }
}

fn create(given: &str) -> Edit {
    Edit::CreateCustomer {
        name: [(NamePart::Given, given.to_owned())].into(),
        language: Some("fr".to_owned()),
        endpoints: vec![EndpointInput {
            kind: EndpointKind::Phone,
            value: "+33612345678".to_owned(),
        }],
        since: None,
    }
}

fn note(place: Place) -> Edit {
    Edit::AddNote {
        place,
        body: "prefers the quiet corner".to_owned(),
        title: None,
        label: None,
    }
}

fn purchase(number: u32) -> RecordDraft {
    RecordDraft {
        kind: RecordKind::Purchase,
        source: "till".to_owned(),
        source_id: number.to_string(),
        as_of: NOON,
        sale: Sale {
            shop: Some(SHOP),
            at: SoldAt::Day(20_000),
            lines: Vec::new(),
            amount_minor: 1_250,
            currency: "EUR".parse::<Currency>().unwrap(),
        },
    }
}

/// A hub of three customers in two books, with notes in every facet and purchases.
fn hub() -> MemoryStore {
    let store = MemoryStore::default();
    let mut entropy = SeededEntropy::new(7);
    let mut authority = Authority::open(DeviceId([9; 8]), 16, &mut entropy);
    let author = HubAuthor {
        associate: AssociateId([2; 8]),
        session: SessionId([3; 8]),
        shop: SHOP,
        role: Role::Manager,
    };
    for (number, given) in (1_u32..).zip(["Ines", "Otto", "Yuki"]) {
        let mut tx = store.write().unwrap();
        let mut batch = Batch::default();
        let customer = CustomerId::random(&mut entropy);
        for list in [
            vec![create(given), note(Place::Card)],
            vec![note(Place::Shop), note(Place::Private)],
            vec![Edit::SetLanguage {
                language: Some("en".to_owned()),
            }],
        ] {
            let edits: Vec<_> = list
                .into_iter()
                .map(|one| edit(&mut entropy, one))
                .collect();
            let now = (NOON, &mut entropy as &mut dyn crate::entropy::Entropy);
            authority
                .record(&mut *tx, &mut batch, &author, (customer, &edits), now)
                .unwrap();
        }
        let place = (customer, [purchase(number), purchase(number + 10)].to_vec());
        authority
            .put_records(&mut *tx, &mut batch, (place.0, &place.1), &mut entropy)
            .unwrap();
        let other = (customer, ShopId([4; 8]));
        authority
            .enter_book(&mut *tx, &mut batch, other, &mut entropy)
            .unwrap();
        let drafts = [
            Subject::Chain,
            Subject::Shop(SHOP),
            Subject::Associate(author.associate),
            Subject::Customer(customer),
        ]
        .map(|subject| posted(subject, number));
        authority
            .put_notices(&mut *tx, &mut batch, &drafts, &mut entropy)
            .unwrap();
        authority.finish(&mut *tx, &mut batch).unwrap();
        tx.commit().unwrap();
    }
    store
}

fn posted(subject: Subject, number: u32) -> NoticeDraft {
    let body = ArticleBody {
        label: format!("scarf {number}"),
        ..ArticleBody::default()
    };
    NoticeDraft::new(subject, number.to_string(), ("catalogue", NOON), &body)
}

fn audit(store: &MemoryStore) -> Result<Checked, AuditError> {
    verify(&*store.read().unwrap(), &|_| None, &mut |_| ())
}

fn damage(store: &MemoryStore) -> Damage {
    match audit(store) {
        Err(AuditError::Damaged(damage)) => damage,
        other => panic!("expected damage, got {other:?}"),
    }
}

fn rows(store: &MemoryStore, table: Table) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    let range = KeyRange {
        from: &[],
        to: None,
    };
    let tx = store.read().unwrap();
    tx.scan(table, range, Direction::Ascending, &mut |key, value| {
        all.push((key.to_vec(), value.to_vec()));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    all
}

fn put(store: &MemoryStore, table: Table, key: &[u8], value: &[u8]) {
    let mut tx = store.write().unwrap();
    tx.put(table, key, value).unwrap();
    tx.commit().unwrap();
}

fn delete(store: &MemoryStore, table: Table, key: &[u8]) {
    let mut tx = store.write().unwrap();
    tx.delete(table, key).unwrap();
    tx.commit().unwrap();
}

/// Tables that the audit answers for, with whom else may be named when one of their rows is damaged.
const AUDITED: [(Table, &[Table]); 12] = [
    (Table::Document, &[Table::Cache, Table::Change]),
    (
        Table::Change,
        &[Table::ChangeIndex, Table::EditIndex, Table::Document],
    ),
    (Table::ChangeIndex, &[]),
    (Table::EditIndex, &[]),
    (Table::Cache, &[]),
    (Table::Feed, &[]),
    (Table::ScopeState, &[]),
    (Table::Record, &[Table::Feed, Table::ScopeState]),
    (Table::Notice, &[Table::Feed, Table::ScopeState]),
    (Table::Row, &[]),
    (Table::Term, &[]),
    (Table::ScopeDocument, &[Table::DocumentScope]),
];

#[test]
fn a_store_that_only_its_engine_wrote_passes() {
    let checked = audit(&hub()).unwrap();
    let told = (checked.documents, checked.changes, checked.records);
    assert_eq!(told, (9, 12, 6), "{checked:?}");
    assert_eq!(checked.notices, 12, "{checked:?}");
    assert_eq!((checked.scopes, checked.rows), (3, 3), "{checked:?}");
    assert!(
        checked.terms > 20 && checked.feed_entries > 12,
        "{checked:?}"
    );
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_its_table_named() {
    let mut flips = 0;
    for (table, others) in AUDITED {
        let whole = hub();
        for (key, value) in rows(&whole, table) {
            // Every byte of small rows, some of large ones; a coarse digest of 2 KB is one number.
            let step = value.len() / 12 + 1;
            for at in (0..value.len()).step_by(step) {
                let mut bad = value.clone();
                bad[at] ^= 1 << (at % 8);
                put(&whole, table, &key, &bad);
                let found = damage(&whole);
                let is_named = found.table == table || others.contains(&found.table);
                assert!(is_named, "{table:?} byte {at}: {found}");
                put(&whole, table, &key, &value);
                flips += 1;
            }
        }
        audit(&whole).expect("everything was put back");
    }
    assert!(flips > 600, "{flips}");
}

#[test]
fn a_row_that_is_gone_is_missed() {
    for (table, others) in AUDITED {
        let whole = hub();
        for (key, value) in rows(&whole, table) {
            delete(&whole, table, &key);
            let found = damage(&whole);
            let names_another = table == Table::Document || found.table == Table::ScopeState;
            let is_named = found.table == table || others.contains(&found.table);
            assert!(is_named || names_another, "{table:?}: {found}");
            put(&whole, table, &key, &value);
        }
    }
}

#[test]
fn a_row_too_many_is_named() {
    let stray = [7; 48];
    for table in [
        Table::Change,
        Table::ChangeIndex,
        Table::Cache,
        Table::Base,
        Table::Row,
        Table::Term,
        Table::EditIndex,
        Table::ScopeDocument,
        Table::DocumentScope,
        Table::Feed,
        Table::ScopeState,
        Table::Record,
        Table::Notice,
        Table::AccessLog,
        Table::Tombstone,
    ] {
        let whole = hub();
        put(&whole, table, &stray, &[0; 2]);
        assert_eq!(damage(&whole).table, table);
    }
}

#[test]
fn a_handheld_s_change_without_its_signature_is_no_truth() {
    let whole = hub();
    let (key, value) = rows(&whole, Table::Change).remove(0);
    let mut stored: crate::documents::StoredChange = minicbor::decode(&value).unwrap();
    stored.sealed.envelope.kind = crate::envelope::EnvelopeKind::Device;
    put(&whole, Table::Change, &key, &store::encode_row(&stored));
    let found = damage(&whole);
    assert_eq!(found.table, Table::Change);
    assert!(found.what.contains("signature is missing"), "{found}");
}

#[test]
fn what_was_written_about_somebody_is_in_no_message() {
    for (table, _) in AUDITED {
        let whole = hub();
        let (key, _) = rows(&whole, table).remove(0);
        put(&whole, table, &key, b"prefers the quiet corner");
        let told = damage(&whole).to_string().to_lowercase();
        for words in ["corner", "ines", "otto", "yuki", "345678", "till"] {
            assert!(!told.contains(words), "{told}");
        }
    }
}

#[test]
fn a_rebuild_makes_the_derived_tables_again_byte_for_byte() {
    let whole = hub();
    let content = |store: &MemoryStore| [Table::Row, Table::Term].map(|table| rows(store, table));
    let before = content(&whole);
    let mut tx = whole.write().unwrap();
    let untouched = rebuild(&mut *tx, &mut |_| ()).unwrap();
    tx.commit().unwrap();
    assert_eq!((untouched.documents, untouched.rows), (9, 3));
    assert_eq!(
        untouched.caches_changed + untouched.rows_changed + untouched.strays,
        0
    );
    assert_eq!(content(&whole), before);
    for table in Table::DERIVED {
        let all = rows(&whole, table);
        put(&whole, table, &all[0].0, b"damaged");
        delete(&whole, table, &all[1].0);
        put(&whole, table, &[7; 16], b"stray");
    }
    assert!(damage(&whole).is_derived());
    let mut tx = whole.write().unwrap();
    let mended = rebuild(&mut *tx, &mut |_| ()).unwrap();
    tx.commit().unwrap();
    assert_eq!(
        (mended.caches_changed, mended.rows_changed, mended.strays),
        (2, 2, 2)
    );
    assert_eq!(content(&whole), before);
    audit(&whole).expect("the store is whole again");
}

#[test]
fn a_rebuild_of_damaged_truth_stops_and_names_it() {
    let whole = hub();
    let (key, _) = rows(&whole, Table::Change).remove(0);
    delete(&whole, Table::Change, &key);
    let mut tx = whole.write().unwrap();
    let stopped = rebuild(&mut *tx, &mut |_| ());
    assert!(matches!(stopped, Err(AuditError::Damaged(damage)) if damage.table == Table::Change));
}
