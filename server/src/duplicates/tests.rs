//! Claims about the index of duplicates on the hub: it follows the cards, through restarts, and only what changed is posted.

use sync_core::authority::{HubAuthor, HubEdit};
use sync_core::card::edit::EndpointInput;
use sync_core::card::schema::Role;
use sync_core::card::terms::NamePart;
use sync_core::card::{Edit, Source};
use sync_core::duplicates::{Warning, look_up};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, EditId, SessionId, ShopId};
use sync_core::notices;
use sync_core::store::Store as _;
use sync_core::store::memory::MemoryStore;

use super::*;
use crate::book::BookParts;
use crate::clock::{Clock as _, ManualClock};
use crate::entropy::SharedEntropy;
use crate::keys::Keystore;
use crate::writer::{Writer, WriterThread};

const SHOP: ShopId = ShopId([7; 8]);
const NOW: Timestamp = Timestamp(1_800_000_000_000);

struct Hub {
    store: Arc<MemoryStore>,
    book: Arc<Book>,
    keeper: Arc<Keeper>,
    clock: Arc<ManualClock>,
    entropy: SharedEntropy,
    keys: Keystore,
    thread: WriterThread,
}

impl Hub {
    fn new() -> Self {
        Self::on(Arc::new(MemoryStore::default()))
    }

    /// A hub that starts on what another left.
    fn on(store: Arc<MemoryStore>) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let entropy = SharedEntropy::new(SeededEntropy::new(3));
        let keys = entropy.with(|source| Keystore::generate(source, clock.now()));
        let (writer, thread) = Writer::start(store.clone()).unwrap();
        let book = Book::open(BookParts {
            store: store.clone(),
            writer,
            key: Arc::new(keys.hub_key()),
            clock: clock.clone(),
            entropy: entropy.clone(),
        });
        let book = Arc::new(book.unwrap());
        Self {
            keeper: Arc::new(Keeper::new(Arc::clone(&book), keys.chain_key())),
            store,
            book,
            clock,
            entropy,
            keys,
            thread,
        }
    }

    async fn record(&self, customer: CustomerId, edit: Edit) {
        let author = HubAuthor {
            associate: AssociateId([1; 8]),
            session: SessionId([0; 8]),
            shop: SHOP,
            role: Role::Manager,
        };
        let edit = HubEdit {
            id: self.entropy.with(EditId::random),
            edit,
            source: Source::Stated,
            as_of: None,
        };
        self.book
            .record(author, customer, vec![edit])
            .await
            .unwrap();
    }

    async fn add(&self, number: u8, phone: &str) -> CustomerId {
        let customer = CustomerId([number; 16]);
        let create = Edit::CreateCustomer {
            name: BTreeMap::from([(NamePart::Given, format!("C{number}"))]),
            language: None,
            endpoints: vec![EndpointInput {
                kind: EndpointKind::Phone,
                value: phone.to_owned(),
            }],
            since: None,
        };
        self.record(customer, create).await;
        customer
    }

    fn ask(&self, phone: &str) -> Warning {
        let tx = self.store.read().unwrap();
        look_up(&*tx, EndpointKind::Phone, phone).unwrap()
    }

    /// Versions of all shards together: how often one was posted.
    fn posted(&self) -> u64 {
        let tx = self.store.read().unwrap();
        let mut versions = 0;
        notices::for_each::<EndpointsBody>(&*tx, Subject::Chain, &mut |notice, body| {
            if matches!(body, EndpointsBody::Shard(_)) {
                versions += notice.version;
            }
        })
        .unwrap();
        versions
    }

    fn holders(&self, phone: &str) -> Vec<CustomerId> {
        self.keeper.holders(EndpointKind::Phone, phone).unwrap()
    }
}

#[tokio::test]
async fn the_index_follows_the_cards() {
    let hub = Hub::new();
    assert_eq!(hub.ask("+33612345678"), Warning::NotHere);
    let ines = hub.add(1, "+33612345678").await;
    hub.add(2, "+33612345670").await;
    hub.keeper.catch_up().await.unwrap();
    assert_eq!(hub.ask("+33612345678"), Warning::MayExist);
    assert_eq!(hub.ask("+33699999999"), Warning::Absent);
    assert_eq!(hub.posted(), 2);
    assert_eq!(hub.holders("0033 6 12 34 56 78"), [ines]);
    // A note is no endpoint: nothing is posted. A number that comes changes its own shard alone.
    let note = Edit::AddNote {
        place: sync_core::card::terms::Place::Card,
        body: "likes tea".to_owned(),
        title: None,
        label: None,
    };
    hub.record(ines, note).await;
    hub.keeper.catch_up().await.unwrap();
    assert_eq!(hub.posted(), 2);
    let more = Edit::AddEndpoint {
        kind: EndpointKind::Phone,
        value: "+33611111111".to_owned(),
    };
    hub.record(ines, more).await;
    hub.keeper.catch_up().await.unwrap();
    assert_eq!(
        (hub.ask("+33611111111"), hub.posted()),
        (Warning::MayExist, 3)
    );
    hub.thread.stop().await;
}

#[tokio::test]
async fn a_number_of_two_is_kept_until_neither_has_it() {
    let hub = Hub::new();
    let one = hub.add(1, "+33612345678").await;
    let two = hub.add(2, "+33612345678").await;
    hub.keeper.catch_up().await.unwrap();
    assert_eq!(hub.holders("+33612345678"), [one, two]);
    let wrong = || Edit::MarkEndpoint {
        kind: EndpointKind::Phone,
        value: "+33612345678".to_owned(),
        status: EndpointStatus::WrongPerson,
    };
    hub.record(one, wrong()).await;
    hub.keeper.catch_up().await.unwrap();
    assert_eq!(hub.ask("+33612345678"), Warning::MayExist);
    assert_eq!(hub.holders("+33612345678"), [two]);
    hub.record(two, wrong()).await;
    hub.keeper.catch_up().await.unwrap();
    assert_eq!(hub.ask("+33612345678"), Warning::Absent);
    hub.thread.stop().await;
}

#[tokio::test]
async fn it_is_brought_up_to_date_at_most_once_a_minute() {
    let hub = Hub::new();
    hub.add(1, "+33612345678").await;
    assert!(hub.keeper.tick(NOW).await.unwrap());
    hub.add(2, "+33611111111").await;
    assert!(
        !hub.keeper
            .tick(NOW.plus_ms(POST_EVERY_MS - 1))
            .await
            .unwrap()
    );
    assert_eq!(hub.ask("+33611111111"), Warning::Absent);
    assert!(hub.keeper.tick(NOW.plus_ms(POST_EVERY_MS)).await.unwrap());
    assert_eq!(hub.ask("+33611111111"), Warning::MayExist);
    // A clock that went back must not silence it for ever.
    hub.clock.advance_ms(-Timestamp::DAY_MS);
    assert!(hub.keeper.tick(hub.clock.now()).await.unwrap());
    hub.thread.stop().await;
}

#[tokio::test]
async fn what_happened_while_nobody_kept_it_is_made_up_for() {
    let hub = Hub::new();
    hub.add(1, "+33612345678").await;
    hub.keeper.catch_up().await.unwrap();
    // These come while the keeper is not running; the next start knows the same key.
    for number in 2..=40 {
        hub.add(number, &format!("+3361200{number:04}")).await;
    }
    let key = hub.keys.chain_key();
    let again = Arc::new(Keeper::new(Arc::clone(&hub.book), key));
    again.catch_up().await.unwrap();
    for number in 2..=40 {
        assert_eq!(hub.ask(&format!("+3361200{number:04}")), Warning::MayExist);
    }
    let before = hub.posted();
    again.catch_up().await.unwrap();
    assert_eq!(hub.posted(), before, "nothing is said twice");
    hub.thread.stop().await;
}
