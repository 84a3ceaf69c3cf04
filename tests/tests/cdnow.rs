//! The CDNOW log of a real shop, imported on the hub, carried to two handhelds, and added up on all three against the file's own facts.
//!
//! The whole file is used where it lies beside the repository (`../shared/data/cdnow`); otherwise the excerpt in the fixtures, and the test says so.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that can't go on has failed, and says what it runs on"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use server::book::{Book, BookParts};
use server::check;
use server::clock::ManualClock;
use server::entropy::SharedEntropy;
use server::import::hub::{BookSink, ImportAuthor, source_author};
use server::import::{ImportOptions, Report, Silent, What, check_encoding, import};
use server::keys::Keystore;
use server::sync::{Meeting, Reply};
use server::writer::Writer;
use sync_core::authority::judge::Presenter;
use sync_core::crypto::{DeviceSigner as _, SoftwareDeviceKey};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, DeviceId, ShopId, Timestamp};
use sync_core::projection;
use sync_core::protocol::frame::Frame;
use sync_core::protocol::handheld::{HandheldSession, Identity};
use sync_core::records;
use sync_core::replica::Replica;
use sync_core::scope::Scope;
use sync_core::search::search;
use sync_core::store::memory::MemoryStore;
use sync_core::store::{ReadTx, Store};
use sync_store_sqlite::{OpenOptions, SqliteStore};

const SHOP: ShopId = ShopId([7; 8]);
const NOON: Timestamp = Timestamp(1_800_000_000_000);

/// What a log says when somebody adds it up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Facts {
    rows: u64,
    cents: i64,
    /// Cents of each customer, by the log's own number.
    spent: BTreeMap<String, i64>,
}

impl Facts {
    /// Adds up a log: cents per line are its amount times a hundred.
    fn of(log: &str) -> Self {
        let mut facts = Self::default();
        for line in log.lines().skip(1) {
            let fields: Vec<_> = line.split_whitespace().collect();
            let [customer, _, _, amount] = fields.as_slice() else {
                panic!("a line of the log has four fields: {line:?}");
            };
            let (whole, part) = amount.split_once('.').unwrap_or((amount, "0"));
            let part = format!("{part:0<2}");
            let cents = whole.parse::<i64>().unwrap() * 100 + part.parse::<i64>().unwrap();
            facts.rows += 1;
            facts.cents += cents;
            *facts.spent.entry((*customer).to_owned()).or_default() += cents;
        }
        facts
    }

    /// What a replica holds.
    fn held(tx: &dyn ReadTx) -> Self {
        let mut facts = Self::default();
        let mut customers: Vec<(CustomerId, String)> = Vec::new();
        projection::rows(tx, None, &mut |row| {
            customers.push((row.customer, row.name));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        for (customer, name) in customers {
            let mut cents = 0;
            records::for_each(tx, customer, &mut |record| {
                facts.rows += 1;
                cents += record.sale.amount_minor;
            })
            .unwrap();
            facts.cents += cents;
            let before = facts.spent.insert(name, cents);
            assert_eq!(before, None, "one card for each number of the log");
        }
        facts
    }
}

/// The whole log, or the excerpt where it is missing; and whether it is the whole.
fn log() -> (PathBuf, bool) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The data lies beside the repository, wherever a checkout of it stands.
    for above in ["../../shared", "../../../shared"] {
        let whole = root.join(above).join("data/cdnow/CDNOW_master.txt");
        if whole.is_file() {
            return (whole, true);
        }
    }
    println!(
        "shared/data/cdnow/CDNOW_master.txt is not here: this runs on the excerpt of 34 customers"
    );
    (root.join("fixtures/import/cdnow_excerpt.txt"), false)
}

struct Hub {
    book: Arc<Book>,
    store: Arc<SqliteStore>,
    keys: Keystore,
    thread: server::writer::WriterThread,
    _folder: tempfile::TempDir,
}

impl Hub {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("carnet.db");
        let options = OpenOptions {
            cache_kib: 16_384,
            writer_cache_kib: 16_384,
            ..OpenOptions::default()
        };
        let store = Arc::new(SqliteStore::open(&path, &options).unwrap());
        let entropy = SharedEntropy::new(SeededEntropy::new(1));
        let keys = entropy.with(|source| Keystore::generate(source, NOON));
        let (writer, thread) = Writer::start(store.clone()).unwrap();
        let book = Book::open(BookParts {
            store: store.clone(),
            writer,
            key: Arc::new(keys.hub_key()),
            clock: Arc::new(ManualClock::new(NOON)),
            entropy,
        });
        Self {
            book: Arc::new(book.unwrap()),
            store,
            keys,
            thread,
            _folder: folder,
        }
    }

    async fn import(&self, path: &Path) -> Report {
        let options = ImportOptions {
            source: "cdnow".to_owned(),
            shop: Some(SHOP),
            currency: Some("USD".parse().unwrap()),
            phone_country: None,
            now: self.book.run_time(),
        };
        let author = ImportAuthor {
            associate: source_author("cdnow"),
            shop: SHOP,
            secret: self.keys.import_secret(),
            run: options.now,
        };
        let book = Arc::clone(&self.book);
        let runtime = tokio::runtime::Handle::current();
        let path = path.to_owned();
        let importing = tokio::task::spawn_blocking(move || {
            let open = || BufReader::new(fs::File::open(&path).unwrap());
            check_encoding(&mut open()).unwrap();
            let mut sink = BookSink::new(book, author, runtime);
            import(What::Sales, &options, &mut open(), &mut sink, &mut Silent)
        });
        importing.await.unwrap().unwrap()
    }
}

struct Handheld {
    store: MemoryStore,
    replica: Replica,
    key: SoftwareDeviceKey,
    entropy: SeededEntropy,
}

impl Handheld {
    fn new(number: u8) -> Self {
        let mut entropy = SeededEntropy::new(u64::from(number));
        Self {
            store: MemoryStore::default(),
            replica: Replica::open(DeviceId([number; 8]), &mut entropy),
            key: SoftwareDeviceKey::generate(&mut entropy),
            entropy,
        }
    }

    /// Meets the hub until both agree; returns the bytes that came down.
    async fn meet(&mut self, hub: &Hub) -> usize {
        let scopes = vec![Scope::Book(SHOP)];
        let presenter = Presenter {
            device: self.replica.device(),
            key: self.key.public_key(),
            shop: SHOP,
            scopes: scopes.clone(),
        };
        let mut meeting = Meeting::new(Arc::clone(&hub.book), presenter, scopes);
        let mut session = HandheldSession::default();
        let hub_key = hub.keys.hub_key().public_key();
        let mut bytes = 0;
        let mut up = vec![session.hello(&*self.store.read().unwrap()).unwrap()];
        while let Some(frame) = up.pop() {
            let Reply::Frames(down) = meeting.receive(&frame.pack()).await else {
                panic!("the hub ended the meeting");
            };
            for packed in down {
                bytes += packed.len();
                let frame = Frame::unpack(&packed).unwrap();
                let identity = Identity {
                    hub: &hub_key,
                    shop: SHOP,
                };
                let mut tx = self.store.write().unwrap();
                let step = session
                    .receive(
                        &mut *tx,
                        &mut self.replica,
                        &frame,
                        &identity,
                        &mut self.entropy,
                    )
                    .unwrap();
                tx.commit().unwrap();
                up.extend(step.replies);
            }
        }
        assert!(session.is_settled(), "hub and handheld agree");
        bytes
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_shop_s_log_adds_up_on_the_hub_and_on_two_handhelds() {
    let (path, is_whole) = log();
    let facts = Facts::of(&fs::read_to_string(&path).unwrap());
    if is_whole {
        let told = (facts.rows, facts.spent.len(), facts.cents);
        assert_eq!(told, (69_659, 23_570, 250_031_563));
        assert_eq!(facts.spent["07592"], 1_399_093);
    }
    let hub = Hub::new();
    let report = hub.import(&path).await;
    assert_eq!((report.rows, report.rejected_total()), (facts.rows, 0));
    assert_eq!(report.records_new, facts.rows);
    assert_eq!(report.customers_new, facts.spent.len() as u64);
    assert_eq!(Facts::held(&*hub.store.read().unwrap()), facts);
    let checked = check::verify(&hub.store, &mut |_| ()).unwrap().checked;
    assert_eq!(checked.records, facts.rows);
    assert_eq!(checked.documents, facts.spent.len() as u64);

    for number in [1, 2] {
        let mut handheld = Handheld::new(number);
        let first = handheld.meet(&hub).await;
        {
            let tx = handheld.store.read().unwrap();
            assert_eq!(Facts::held(&*tx), facts, "handheld {number}");
            let found = search(&*tx, "07592", 5).unwrap().rows;
            let best = found.first().expect("the customer who spent most is found");
            let totals = records::totals(&*tx, best.customer).unwrap();
            let cents: i64 = totals.amount_minor.values().sum();
            assert_eq!(cents, facts.spent["07592"]);
        }
        let again = handheld.meet(&hub).await;
        assert!(
            again < 1_000 && again < first / 10,
            "nothing changed: {again} of {first} bytes"
        );
    }
    let again = hub.import(&path).await;
    assert!(!again.has_changed(), "{again}");
    hub.thread.stop().await;
}
