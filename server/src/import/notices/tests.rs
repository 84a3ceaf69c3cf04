//! Claims about what other systems bring in, through the real writer onto a store in memory.

use std::io::BufReader;
use std::sync::Arc;

use sync_core::authority::{HubAuthor, HubEdit};
use sync_core::card::edit::EndpointInput;
use sync_core::card::schema::Role;
use sync_core::card::terms::NamePart;
use sync_core::card::{Edit, Source};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, EditId, SessionId};
use sync_core::notices::bodies::{
    ArticleBody, CaseBody, CaseState, ContactBody, ResponseBody, StockBody,
};
use sync_core::notices::{self, Notice, NoticeBody, Subject};
use sync_core::store::Store as _;
use sync_core::store::memory::MemoryStore;
use tokio::runtime::Handle;

use super::hub::BookNotices;
use super::*;
use crate::book::{Book, BookParts};
use crate::clock::ManualClock;
use crate::duplicates::Keeper;
use crate::entropy::SharedEntropy;
use crate::import::sink::{ImportIndex, SourceKey};
use crate::keys::Keystore;
use crate::writer::{Writer, WriterThread};

const SHOP: ShopId = ShopId([7; 8]);
/// 2026-06-15.
const NOW: Timestamp = Timestamp(1_781_481_600_000);
const DAY: i64 = Timestamp::DAY_MS;

struct Hub {
    store: Arc<MemoryStore>,
    book: Arc<Book>,
    keeper: Arc<Keeper>,
    keys: Keystore,
    entropy: SharedEntropy,
    thread: WriterThread,
}

/// Notes what a person would be told.
#[derive(Default)]
struct Told(Vec<String>);

impl ImportObserver for Told {
    fn progress(&mut self, _: Progress) {}

    fn problem(&mut self, problem: &Problem, _: &str) {
        self.0.push(problem.to_string());
    }
}

impl Hub {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::default());
        let entropy = SharedEntropy::new(SeededEntropy::new(3));
        let keys = entropy.with(|source| Keystore::generate(source, NOW));
        let (writer, thread) = Writer::start(store.clone()).unwrap();
        let book = Book::open(BookParts {
            store: store.clone(),
            writer,
            key: Arc::new(keys.hub_key()),
            clock: Arc::new(ManualClock::new(NOW)),
            entropy: entropy.clone(),
        });
        let book = Arc::new(book.unwrap());
        Self {
            keeper: Arc::new(Keeper::new(Arc::clone(&book), keys.chain_key())),
            store,
            book,
            keys,
            entropy,
            thread,
        }
    }

    /// A customer whom the till calls `number`.
    async fn add(&self, number: &str, phone: &str) -> CustomerId {
        let customer = self.entropy.with(CustomerId::random);
        let author = HubAuthor {
            associate: AssociateId([1; 8]),
            session: SessionId([0; 8]),
            shop: SHOP,
            role: Role::Manager,
        };
        let create = Edit::CreateCustomer {
            name: BTreeMap::from([(NamePart::Given, number.to_owned())]),
            language: None,
            endpoints: vec![EndpointInput {
                kind: EndpointKind::Phone,
                value: phone.to_owned(),
            }],
            since: None,
        };
        let edit = HubEdit {
            id: self.entropy.with(EditId::random),
            edit: create,
            source: Source::Stated,
            as_of: None,
        };
        let secret = self.keys.import_secret();
        let key = SourceKey {
            source: "till".to_owned(),
            id: number.to_owned(),
        };
        self.book
            .write_batch(move |engine| {
                engine.record(&author, customer, &[edit])?;
                let index = ImportIndex::new(secret.expose());
                index.remember_customer(engine.tx(), &key, customer, BTreeMap::new())?;
                Ok::<_, sync_core::authority::AuthorityError>(())
            })
            .await
            .unwrap();
        self.keeper.catch_up().await.unwrap();
        customer
    }

    async fn import_at(
        &self,
        facts: Facts,
        text: &str,
        now: Timestamp,
    ) -> (Result<FactsReport, ImportError>, Vec<String>) {
        let options = FactsOptions {
            source: "desk".to_owned(),
            customers_of: "till".to_owned(),
            shop: Some(SHOP),
            shops: BTreeSet::from([SHOP, ShopId([8; 8])]),
            currency: Some("EUR".parse().unwrap()),
            phone_country: Some("+33".to_owned()),
            now,
        };
        let mut sink = BookNotices {
            book: Arc::clone(&self.book),
            keeper: Arc::clone(&self.keeper),
            secret: self.keys.import_secret(),
            source: options.source.clone(),
            customers_of: options.customers_of.clone(),
            within: None,
            runtime: Handle::current(),
        };
        let text = text.to_owned();
        let importing = tokio::task::spawn_blocking(move || {
            let mut told = Told::default();
            let mut reader = BufReader::new(text.as_bytes());
            let report = import_facts(facts, &options, &mut reader, &mut sink, &mut told);
            (report, told.0)
        });
        importing.await.unwrap()
    }

    async fn import(&self, facts: Facts, text: &str) -> (FactsReport, Vec<String>) {
        let (report, told) = self.import_at(facts, text, NOW).await;
        (report.unwrap(), told)
    }

    fn read<B: NoticeBody>(&self, subject: Subject, key: &str) -> Option<(Notice, B)> {
        notices::get(&*self.store.read().unwrap(), subject, key).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_come_with_their_source_and_as_of_and_once() {
    let hub = Hub::new();
    let ines = hub.add("7", "+33612345678").await;
    let csv = "case_id,customer_id,phone,topic,opened_at,complaint,solved_at,as_of\n\
        c1,7,,Zip is broken,2026-06-01,yes,,2026-06-10\n\
        c2,,06 12 34 56 78,Repair,2026-06-02T10:00:00Z,,2026-06-03,\n";
    let (report, told) = hub.import(Facts::Cases, csv).await;
    assert_eq!((report.new, report.rejected_total()), (2, 0), "{told:?}");
    let (notice, case): (_, CaseBody) = hub.read(Subject::Customer(ines), "desk:c1").unwrap();
    assert_eq!(
        (notice.source.as_str(), notice.as_of),
        ("desk", NOW.plus_ms(-5 * DAY))
    );
    assert!(case.is_complaint && case.state == CaseState::Open && case.topic == "Zip is broken");
    let (notice, case): (_, CaseBody) = hub.read(Subject::Customer(ines), "desk:c2").unwrap();
    assert_eq!((notice.as_of, case.state), (NOW, CaseState::Solved));
    let (again, _) = hub.import_at(Facts::Cases, csv, NOW.plus_ms(DAY)).await;
    let again = again.unwrap();
    assert_eq!(
        (again.new, again.replaced, again.unchanged),
        (0, 0, 2),
        "every night the same"
    );
    let solved =
        "case_id,customer_id,topic,opened_at,state\nc1,7,Zip is broken,2026-06-01,solved\n";
    let (report, _) = hub.import(Facts::Cases, solved).await;
    assert_eq!(report.replaced, 1);
    let (notice, case): (_, CaseBody) = hub.read(Subject::Customer(ines), "desk:c1").unwrap();
    assert_eq!((notice.version, case.state), (2, CaseState::Solved));
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dealings_and_answers_come_as_json_lines_too() {
    let hub = Hub::new();
    let ines = hub.add("7", "+33612345678").await;
    let lines = "{\"interaction_id\": 1, \"customer_id\": 7, \"at\": \"2026-06-01\", \"channel\": \"email\", \"purpose\": \"sell\", \"by_customer\": true, \"summary\": \"Asked for\\nthe blue one\"}\n";
    let (report, told) = hub.import(Facts::Interactions, lines).await;
    assert_eq!(report.new, 1, "{told:?}");
    let (_, contact): (_, ContactBody) = hub.read(Subject::Customer(ines), "desk:1").unwrap();
    assert!(contact.by_customer && contact.channel.as_deref() == Some("email"));
    let lines = "{\"response_id\": \"r\", \"customer_id\": \"7\", \"to\": \"spring survey\", \"at\": \"2026-06-01\", \"score\": 90, \"words\": \"Lovely\"}\n";
    let (report, told) = hub.import(Facts::Responses, lines).await;
    assert_eq!(report.new, 1, "{told:?}");
    let (_, response): (_, ResponseBody) = hub.read(Subject::Customer(ines), "desk:r").unwrap();
    assert_eq!(
        (response.score, response.words.as_deref()),
        (Some(90), Some("Lovely"))
    );
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_and_stock_are_the_chain_s() {
    let hub = Hub::new();
    let csv = "sku;label;tags;materials;sizes;price;consumable\n\
        A1;Coat;Rain|travel|rain;Wool;38|40;1.200,50;no\nA2;Soap;;;;12,5;yes\nA3;Hat;;;;999,99;\n";
    let (report, told) = hub.import(Facts::Catalogue, csv).await;
    assert_eq!(report.new, 2);
    assert!(told[0].starts_with("line 2: price"), "{told:?}");
    let (_, soap): (_, ArticleBody) = hub.read(Subject::Chain, "A2").unwrap();
    assert_eq!(soap.price.map(|(amount, _)| amount), Some(1_250));
    assert!(soap.is_consumable);
    let coat = "{\"sku\": \"A1\", \"label\": \"Coat\", \"tags\": [\"Rain\", \"travel\", \"rain\"], \"sizes\": [38, 40]}\n";
    hub.import(Facts::Catalogue, coat).await;
    let (_, coat): (_, ArticleBody) = hub.read(Subject::Chain, "A1").unwrap();
    assert_eq!(
        (coat.tags, coat.sizes),
        (
            vec!["rain".to_owned(), "travel".to_owned()],
            vec!["38".to_owned(), "40".to_owned()]
        )
    );

    let elsewhere = ShopId([8; 8]);
    let nowhere = ShopId([9; 8]);
    let csv = format!(
        "sku,shop,size,on_hand,arriving_at,arriving\nA1,,38,0,2026-06-20,3\nA1,,40,2,,\n\
        A1,{elsewhere},38,1,,\nA1,,42,1,,\nA1,{nowhere},38,1,,\nA2,,,5,2026-06-20,\n"
    );
    let (report, told) = hub.import(Facts::Stock, &csv).await;
    assert_eq!(report.new, 2, "{told:?}");
    let codes: Vec<_> = report.rejected.keys().copied().collect();
    assert_eq!(codes, ["missing", "scattered", "unknown_shop"], "{told:?}");
    let (_, stock): (_, StockBody) = hub.read(Subject::Chain, &format!("{SHOP}/A1")).unwrap();
    let sizes: Vec<_> = stock.on_hand.into_iter().collect();
    assert_eq!(sizes, [("38".to_owned(), 0), ("40".to_owned(), 2)]);
    assert_eq!(stock.arriving, [(NOW.plus_ms(5 * DAY), "38".to_owned(), 3)]);
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_that_is_counted_again_is_as_fresh_as_its_count() {
    let hub = Hub::new();
    let csv = "sku,on_hand\nA1,2\n";
    let key = format!("{SHOP}/A1");
    let posted = |hub: &Hub| hub.read::<StockBody>(Subject::Chain, &key).unwrap().0;
    hub.import(Facts::Stock, csv).await;
    for (hours, version) in [(1, 1), (13, 2), (20, 2), (26, 3)] {
        let at = NOW.plus_ms(hours * 3_600_000);
        hub.import_at(Facts::Stock, csv, at).await.0.unwrap();
        assert_eq!(posted(&hub).version, version, "after {hours} h");
    }
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_about_nobody_or_about_several_is_refused_and_guesses_nobody() {
    let hub = Hub::new();
    hub.add("7", "+33612345678").await;
    hub.add("8", "+33612345678").await;
    let csv = "case_id,customer_id,phone,email,topic,opened_at\n\
        c1,99,,,x,2026-06-01\nc2,,0612345678,,x,2026-06-01\nc3,,,nobody@example.org,x,2026-06-01\n\
        c4,,,,x,2026-06-01\nc5,,06,,x,2026-06-01\nc6,8,0612345678,,x,2026-06-01\n";
    let (report, told) = hub.import(Facts::Cases, csv).await;
    assert_eq!(report.new, 1, "the number decides: {told:?}");
    let expected = [
        ("endpoint", 1),
        ("missing", 1),
        ("several_customers", 1),
        ("unknown_customer", 2),
    ];
    assert_eq!(report.rejected, BTreeMap::from(expected), "{told:?}");
    assert!(
        told.iter()
            .any(|line| line.starts_with("line 3: several customers")),
        "{told:?}"
    );
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_far_in_the_future_is_refused_and_does_not_stop_what_comes_after() {
    let hub = Hub::new();
    let ines = hub.add("7", "+33612345678").await;
    let csv = "case_id,customer_id,topic,opened_at,as_of\n\
        c1,7,x,2029-06-01,\nc2,7,x,2026-06-01,2029-01-01\nc3,7,x,2026-06-15T20:00:00Z,\n";
    let (report, told) = hub.import(Facts::Cases, csv).await;
    assert_eq!(
        report.rejected,
        BTreeMap::from([("date_range", 2)]),
        "{told:?}"
    );
    let (_, case): (_, CaseBody) = hub.read(Subject::Customer(ines), "desk:c3").unwrap();
    assert_eq!(case.opened_at, NOW, "a clock some hours ahead is set right");
    // The hub's own clock was wrong for one import; the next one is heard all the same.
    let said = |topic| format!("case_id,customer_id,topic,opened_at\nc9,7,{topic},2026-06-01\n");
    let ahead = NOW.plus_ms(1_000 * DAY);
    hub.import_at(Facts::Cases, &said("wrong"), ahead)
        .await
        .0
        .unwrap();
    hub.import(Facts::Cases, &said("right")).await;
    let (_, case): (_, CaseBody) = hub.read(Subject::Customer(ines), "desk:c9").unwrap();
    assert_eq!(case.topic, "right");
    hub.thread.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_row_is_told_with_its_line_and_column() {
    let hub = Hub::new();
    hub.add("7", "+33612345678").await;
    let check = async |facts, text: &str, expected: &str| {
        let (report, told) = hub.import(facts, text).await;
        assert_eq!(report.rejected_total(), 1, "{told:?}");
        assert!(told[0].contains(expected), "{told:?}");
    };
    let json = |fields: &str| {
        format!(
            "{{\"response_id\": \"1\", \"customer_id\": \"7\", \"to\": \"x\", \"at\": \"2026-06-01\"{fields}}}\n"
        )
    };
    check(Facts::Responses, &json(", \"score\": 101"), "line 1: score").await;
    check(
        Facts::Responses,
        &json(", \"score\": 9.5"),
        "write decimals as text",
    )
    .await;
    check(
        Facts::Responses,
        &json(", \"colour\": \"red\""),
        "unknown field \"colour\"",
    )
    .await;
    check(
        Facts::Responses,
        &json(", \"channel\": \"fax\""),
        "channel is none of",
    )
    .await;
    check(
        Facts::Responses,
        "{\"response_id\": \"1\", \"cust",
        "ends inside this row",
    )
    .await;
    check(Facts::Responses, "{}\n", "line 1: to is empty").await;
    let (refused, _) = hub
        .import_at(Facts::Stock, "sku,colour\nA1,red\n", NOW)
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("Required columns: sku, on_hand"),
        "{refused}"
    );
    let (empty, _) = hub.import_at(Facts::Stock, "", NOW).await;
    assert!(matches!(empty, Err(ImportError::Empty)));
    hub.thread.stop().await;
}
