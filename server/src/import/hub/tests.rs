//! Claims about imports through the real writer, onto SQLite.

use std::io::BufReader;
use std::sync::Arc;

use sync_core::audit;
use sync_core::card::terms::Place;
use sync_core::card::{CardView, Facet, Reading};
use sync_core::documents;
use sync_core::ids::{AssociateId, CustomerId, ShopId, Timestamp};
use sync_core::projection;
use sync_core::records::{self, Currency, Totals};
use sync_core::scope::Scope;
use sync_core::search::search;
use sync_core::store::Store;
use sync_store_sqlite::{OpenOptions, SqliteStore};

use super::super::{ImportOptions, Report, Silent, What, import};
use super::*;
use crate::book::BookParts;
use crate::clock::ManualClock;
use crate::entropy::SharedEntropy;
use crate::keys::Keystore;
use crate::writer::{Writer, WriterThread};

const SHOP: ShopId = ShopId([7; 8]);
const EXCERPT: &[u8] = include_bytes!("../../../../tests/fixtures/import/cdnow_excerpt.txt");
/// Of the excerpt, by adding up its lines.
const EXCERPT_CUSTOMERS: u64 = 34;

struct Hub {
    book: Arc<Book>,
    store: Arc<SqliteStore>,
    secret: Secret<[u8; 32]>,
    thread: WriterThread,
    _folder: tempfile::TempDir,
}

impl Hub {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("carnet.db");
        let store = Arc::new(SqliteStore::open(&path, &OpenOptions::default()).unwrap());
        let clock = Arc::new(ManualClock::new(Timestamp(1_800_000_000_000)));
        let entropy = SharedEntropy::system();
        let keys = entropy.with(|source| Keystore::generate(source, Timestamp(0)));
        let (writer, thread) = Writer::start(store.clone()).unwrap();
        let book = Book::open(BookParts {
            store: store.clone(),
            writer,
            key: Arc::new(keys.hub_key()),
            clock,
            entropy,
        });
        Self {
            book: Arc::new(book.unwrap()),
            store,
            secret: keys.import_secret(),
            thread,
            _folder: folder,
        }
    }

    fn options(&self) -> ImportOptions {
        ImportOptions {
            source: "cdnow".to_owned(),
            shop: Some(SHOP),
            currency: Some("USD".parse().unwrap()),
            phone_country: None,
            shops: BTreeSet::new(),
            now: self.book.run_time(),
        }
    }

    fn sink(&self, run: Timestamp) -> BookSink {
        let author = ImportAuthor {
            associate: source_author("cdnow"),
            shop: SHOP,
            secret: self.secret.clone(),
            run,
        };
        BookSink::new(Arc::clone(&self.book), author, Handle::current())
    }

    async fn import(&self, what: What, bytes: &'static [u8]) -> Report {
        let options = self.options();
        let mut sink = self.sink(options.now);
        let importing = tokio::task::spawn_blocking(move || {
            let mut reader = BufReader::new(bytes);
            import(what, &options, &mut reader, &mut sink, &mut Silent)
        });
        importing.await.unwrap().unwrap()
    }

    fn customers(&self) -> Vec<CustomerId> {
        let mut all = Vec::new();
        let tx = self.store.read().unwrap();
        projection::rows(&*tx, None, &mut |row| {
            all.push(row.customer);
            Ok(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
        all
    }

    fn totals(&self) -> Totals {
        let tx = self.store.read().unwrap();
        let mut totals = Totals::default();
        for customer in self.customers() {
            records::for_each(&*tx, customer, &mut |record| totals.add(&record)).unwrap();
        }
        totals
    }

    fn verify(&self) -> audit::Checked {
        let tx = self.store.read().unwrap();
        audit::verify(&*tx, &|_| None, &mut |_| ()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_log_imports_once_however_often_it_comes() {
    let hub = Hub::new();
    let first = hub.import(What::Sales, EXCERPT).await;
    let rows = u64::try_from(EXCERPT.split(|byte| *byte == b'\n').skip(1).count()).unwrap() - 1;
    assert_eq!((first.rows, first.records_new), (rows, rows));
    assert_eq!(first.customers_new, EXCERPT_CUSTOMERS);
    let usd: Currency = "USD".parse().unwrap();
    let totals = hub.totals();
    assert_eq!(totals.count, rows);
    assert_eq!(totals.amount_minor[&usd], first.amount_minor[&usd]);
    let before = hub.verify();
    let again = hub.import(What::Sales, EXCERPT).await;
    assert!(!again.has_changed(), "{again}");
    assert_eq!(again.records_unchanged, rows);
    assert_eq!(hub.verify(), before, "not one row more");
    assert_eq!(before.documents, EXCERPT_CUSTOMERS);
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_conflicting_twin_says_the_same_every_night() {
    let hub = Hub::new();
    let csv = b"sale_id,customer_id,date,amount,currency\n\
        1,ines,2026-06-14,10,EUR\n2,ines,2026-06-14,5,EUR\n1,ines,2026-06-14,20,EUR\n";
    let first = hub.import(What::Sales, csv).await;
    let (totals, refused) = (hub.totals(), BTreeMap::from([("repeated", 1)]));
    assert_eq!((first.records_new, &first.rejected), (2, &refused));
    let second = hub.import(What::Sales, csv).await;
    assert_eq!((second.records_unchanged, &second.rejected), (2, &refused));
    assert!(!second.has_changed(), "{second}");
    assert_eq!(hub.totals(), totals);
    let third = hub.import(What::Sales, csv).await;
    assert_eq!((third, hub.totals()), (second, totals));
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_customers_are_in_the_shop_s_book_found_and_told_to_sessions() {
    let hub = Hub::new();
    let mut news = hub.book.subscribe();
    let csv = b"customer_id,given_name,family_name,phone,email,note\n\
        7,In\xc3\xa8s,K\xc3\xb6hler,+33612345678,ines@example.org,likes oysters\n";
    let report = hub.import(What::Customers, csv).await;
    assert_eq!(report.customers_new, 1);
    let moved = news.recv().await.unwrap();
    assert_eq!(
        *moved,
        [Scope::Book(SHOP)],
        "connected handhelds hear of it"
    );
    let tx = hub.store.read().unwrap();
    let found = search(&*tx, "oysters", 5).unwrap().rows;
    let customer = found.first().expect("words of notes are indexed").customer;
    let card = Facet::Card.document(customer);
    assert_eq!(documents::scopes(&*tx, card).unwrap(), [Scope::Book(SHOP)]);
    let change = documents::changes(&*tx, card).unwrap().remove(0);
    let envelope = change.sealed.envelope;
    assert_eq!(envelope.associate, source_author("cdnow"));
    assert_ne!(envelope.associate, AssociateId([0; 8]));
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_goes_back_on_itself_is_followed_each_time() {
    let hub = Hub::new();
    for (csv, name) in [
        (b"customer_id,given_name\n7,Ana\n".as_slice(), "Ana"),
        (b"customer_id,given_name\n7,Anna\n", "Anna"),
        (b"customer_id,given_name\n7,Ana\n", "Ana"),
        (b"customer_id,given_name\n7,Anna\n", "Anna"),
    ] {
        hub.import(What::Customers, csv).await;
        let customer = hub.customers()[0];
        let (visible, corrections) = hub.book.visible(customer, (SHOP, None)).unwrap();
        let view = CardView::read(
            &visible,
            &Reading {
                now: hub.book.now(),
                corrections: &corrections,
            },
        );
        assert_eq!(view.name.shown(), name);
        assert_eq!(hub.customers().len(), 1);
    }
    hub.verify();
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_given_up_leaves_no_trace_and_the_next_goes_on() {
    let hub = Hub::new();
    let key = SourceKey {
        source: "cdnow".to_owned(),
        id: "1".to_owned(),
    };
    let mut sink = hub.sink(hub.book.run_time());
    let given_up = key.clone();
    tokio::task::spawn_blocking(move || {
        sink.begin_batch().unwrap();
        let made = sink.upsert_customer(&given_up, None).unwrap();
        assert!(matches!(made, Upserted::New(_)));
        let same = sink.upsert_customer(&given_up, None).unwrap();
        assert!(matches!(same, Upserted::Unchanged(_)), "in the same batch");
    })
    .await
    .unwrap();
    let mut sink = hub.sink(hub.book.run_time());
    tokio::task::spawn_blocking(move || {
        sink.begin_batch().unwrap();
        let made = sink.upsert_customer(&key, None).unwrap();
        assert!(matches!(made, Upserted::New(_)), "as if it had never come");
        sink.commit().unwrap();
        sink.finish().unwrap();
    })
    .await
    .unwrap();
    assert_eq!(hub.customers().len(), 1);
    hub.verify();
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_cut_before_its_end_is_indexed_when_the_hub_starts() {
    let hub = Hub::new();
    let mut sink = hub.sink(hub.book.run_time());
    let key = SourceKey {
        source: "cdnow".to_owned(),
        id: "4711".to_owned(),
    };
    tokio::task::spawn_blocking(move || {
        sink.begin_batch().unwrap();
        sink.upsert_customer(&key, None).unwrap();
        sink.commit().unwrap();
    })
    .await
    .unwrap();
    let found = || search(&*hub.store.read().unwrap(), "4711", 5).unwrap();
    assert!(found().rows.is_empty(), "the entries wait for the end");
    let settled = hub.book.write_batch(|engine| engine.index_what_waits());
    settled.await.unwrap();
    assert_eq!(found().rows.len(), 1);
    hub.verify();
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_that_came_before_the_first_known_touch_moves_nobody_up() {
    let hub = Hub::new();
    let header = "sale_id,customer_id,date,amount,currency,kind\n";
    let csv = |rows: &str| -> &'static [u8] { format!("{header}{rows}").leak().as_bytes() };
    // Newest first, then older ones, a return, and a correction that makes the newest an old one.
    for rows in [
        "1,ines,2026-06-14,10,EUR,sale\n",
        "2,ines,2024-01-02,5,EUR,sale\n3,ines,2026-06-20,5,EUR,return\n",
        "1,ines,2023-05-05,10,EUR,sale\n",
        "4,ines,2025-05-05,10,EUR,sale\n4b,otto,1971-01-01,1,EUR,sale\n",
    ] {
        hub.import(What::Sales, csv(rows)).await;
        hub.verify();
    }
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_stops_ends_the_import_with_what_to_do() {
    let hub = Hub::new();
    let mut sink = hub.sink(hub.book.run_time());
    hub.thread.stop().await;
    let error = tokio::task::spawn_blocking(move || {
        let key = SourceKey {
            source: "cdnow".to_owned(),
            id: "1".to_owned(),
        };
        sink.begin_batch()
            .and_then(|()| sink.upsert_customer(&key, None))
            .unwrap_err()
    });
    let error = error.await.unwrap();
    assert!(matches!(error, SinkError::Stopping), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_stays_erased() {
    let hub = Hub::new();
    let csv: &[u8] = b"customer_id,given_name\n7,Ana\n8,Ben\n";
    hub.import(What::Customers, csv).await;
    let secret = hub.secret.clone();
    let erased = hub.book.write_batch(move |engine| {
        let key = SourceKey {
            source: "cdnow".to_owned(),
            id: "7".to_owned(),
        };
        let index = ImportIndex::new(secret.expose());
        let Some(KnownCustomer::Present { customer, .. }) =
            index.customer(engine.tx().as_read(), &key)?
        else {
            panic!("the customer was imported");
        };
        index.erase(engine.tx(), customer)?;
        Ok::<_, StoreError>(customer)
    });
    erased.await.unwrap();
    let again = hub.import(What::Customers, csv).await;
    assert_eq!(again.rejected["erased"], 1, "{again}");
    assert_eq!((again.customers_new, again.customers_unchanged), (0, 1));
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_hub_refuses_is_reported_and_the_rest_goes_on() {
    let hub = Hub::new();
    hub.import(What::Customers, b"customer_id,given_name\n7,Ana\n")
        .await;
    let ana = hub.customers()[0];
    let author = HubAuthor {
        associate: AssociateId([1; 8]),
        session: SessionId([0; 8]),
        shop: SHOP,
        role: Role::Hub,
    };
    for full in (0..u16::try_from(limits::NOTES_MAX).unwrap()).step_by(100) {
        let notes = (full..full + 100).map(|number| HubEdit {
            id: edit_id(1, number),
            edit: Edit::AddNote {
                place: Place::Card,
                body: format!("note {number}"),
                title: None,
                label: None,
            },
            source: Source::Imported,
            as_of: None,
        });
        hub.book.record(author, ana, notes.collect()).await.unwrap();
    }
    let csv = b"customer_id,given_name,note\n7,Ana,one too many\n8,Ben,the first\n";
    let report = hub.import(What::Customers, csv).await;
    assert_eq!(report.rejected["refused"], 1, "{report}");
    assert_eq!(report.customers_new, 1, "{report}");
    // Nothing of it was remembered: the row is tried again when it comes again.
    let again = hub.import(What::Customers, csv).await;
    assert_eq!(again.rejected["refused"], 1, "{again}");
    assert_eq!(again.customers_unchanged, 1, "{again}");
    hub.verify();
    hub.thread.stop().await;
}
