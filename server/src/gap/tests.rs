//! Claims about the gap on the hub: what is kept equals counting from nothing, over any history and any restart; nobody is named.

use std::sync::Arc;

use serde_json::{Value, json};
use sync_core::authority::{HubAuthor, HubEdit};
use sync_core::card::schema::Role;
use sync_core::card::{Edit, Source};
use sync_core::concierge::gap::StandardSnapshot;
use sync_core::concierge::playbook::Playbook;
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::ids::{AssociateId, CustomerId, EditId, SessionId, Timestamp};
use sync_core::notices::bodies::{ContactBody, StockBody};
use sync_core::notices::{NoticeDraft, NoticeError};
use sync_core::records::{Currency, RecordDraft, RecordError, RecordKind, Sale, SaleLine, SoldAt};
use sync_core::store::{Store as _, decode_row};

use super::*;
use crate::book::BookParts;
use crate::testing::TestHub;

const HOUR: i64 = 3_600_000;
const DAY: i64 = Timestamp::DAY_MS;

/// A hub with some customers, and a source of chance.
struct Stage {
    hub: TestHub,
    book: Book,
    customers: Vec<CustomerId>,
    chance: SeededEntropy,
    promises: Vec<(CustomerId, EditId)>,
}

fn open(hub: &TestHub) -> Book {
    Book::open(BookParts {
        store: hub.store.clone(),
        writer: hub.writer.clone(),
        key: Arc::new(hub.keys.hub_key()),
        clock: hub.clock.clone(),
        entropy: hub.entropy.clone(),
    })
    .unwrap()
}

impl Stage {
    async fn new(customers: usize, seed: u64) -> Self {
        let hub = TestHub::start().await;
        let book = open(&hub);
        let mut stage = Self {
            book,
            hub,
            customers: Vec::new(),
            chance: SeededEntropy::new(seed),
            promises: Vec::new(),
        };
        for number in 0..customers {
            let id = CustomerId(stage.hub.entropy.bytes());
            let name = json!({ "display": format!("Customer {number}") });
            stage
                .edit(id, json!({ "edit": "create_customer", "name": name }))
                .await;
            stage.customers.push(id);
        }
        stage
    }

    fn now(&self) -> Timestamp {
        self.book.now()
    }

    fn pick(&mut self, many: usize) -> usize {
        let mut bytes = [0; 8];
        self.chance.fill(&mut bytes);
        let many = u64::try_from(many).unwrap();
        usize::try_from(u64::from_be_bytes(bytes) % many).unwrap()
    }

    async fn edit(&self, customer: CustomerId, edit: Value) -> EditId {
        let edit: Edit = serde_json::from_value(edit).unwrap();
        let author = HubAuthor {
            associate: AssociateId([1; 8]),
            session: SessionId([0; 8]),
            shop: self.hub.shop,
            role: Role::Manager,
        };
        let id = EditId(self.hub.entropy.bytes());
        let edit = HubEdit {
            id,
            edit,
            source: Source::Typed,
            as_of: None,
        };
        self.book
            .record(author, customer, vec![edit])
            .await
            .unwrap();
        id
    }

    async fn sell(&mut self, customer: CustomerId, kind: RecordKind) {
        let cents = i64::try_from(100 * (1 + self.pick(50))).unwrap();
        let draft = RecordDraft {
            kind,
            source: "till".to_owned(),
            source_id: format!("{}-{}", self.now().0, self.pick(1_000_000)),
            as_of: self.now(),
            sale: Sale {
                shop: None,
                at: SoldAt::Moment(self.now()),
                lines: vec![SaleLine {
                    sku: Some("coat".to_owned()),
                    label: None,
                    quantity: 1,
                    amount_minor: cents,
                }],
                amount_minor: cents,
                currency: Currency::EUR,
            },
        };
        let put = self.book.write_batch(move |engine| {
            engine.put_records(customer, &[draft])?;
            Ok::<_, RecordError>(())
        });
        put.await.unwrap();
    }

    async fn thank(&mut self, customer: CustomerId) {
        let at = self.now();
        let key = format!("esp:{}-{}", at.0, self.pick(1_000_000));
        let body = ContactBody {
            channel: Some("email".to_owned()),
            purpose: Some("care".to_owned()),
            at,
            by_customer: false,
            summary: None,
            content: None,
            by: None,
            act: Some("thank_you".to_owned()),
        };
        let draft = NoticeDraft::new(Subject::Customer(customer), key, ("esp", at), &body);
        let put = self.book.write_batch(move |engine| {
            engine.put_notices(&[draft])?;
            Ok::<_, NoticeError>(())
        });
        put.await.unwrap();
    }

    /// Something that happens in a shop.
    async fn happen(&mut self) {
        let place = self.pick(self.customers.len());
        let customer = self.customers[place];
        match self.pick(10) {
            0..=3 => self.sell(customer, RecordKind::Purchase).await,
            4 => self.sell(customer, RecordKind::Return).await,
            5 | 6 => self.thank(customer).await,
            7 => {
                let due = self
                    .now()
                    .plus_ms(DAY * i64::try_from(self.pick(6)).unwrap());
                let promise = json!({ "edit": "make_promise", "what": "call", "due": due });
                let id = self.edit(customer, promise).await;
                self.promises.push((customer, id));
            }
            8 => {
                if let Some((customer, promise)) = self.promises.pop() {
                    let done = json!({ "edit": "set_promise_status", "promise": promise, "status": "done" });
                    self.edit(customer, done).await;
                }
            }
            _ => {
                let other = self.customers[(place + 1) % self.customers.len()];
                let sameness = if self.pick(3) == 0 {
                    "different"
                } else {
                    "same"
                };
                let link = json!({
                    "edit": "link_customers", "other": other, "sameness": sameness, "evidence": ["said"],
                });
                self.edit(customer, link).await;
            }
        }
    }

    async fn settle(&self) {
        keeper::settle(&self.book, self.now()).await.unwrap();
    }

    fn kept(&self) -> (Report, usize) {
        let tx = self.hub.store.read().unwrap();
        let kept = Kept::read(&*tx).unwrap();
        assert!(kept.is_complete);
        let found = serde_json::to_string(&kept.discover()).unwrap().len();
        (kept.report(&*tx, self.now()).unwrap(), found)
    }

    /// That every row is what its customer comes to now.
    fn check_rows(&self, settings: &Settings) {
        let tx = self.hub.store.read().unwrap();
        let (playbook, _) = playbook(&*tx).unwrap();
        for card in &self.customers {
            let whole = gather::whole_of(&self.book, &*tx, *card).unwrap();
            let person = whole.members.first().copied().unwrap();
            let house = gather::shops(&*tx).unwrap();
            let row = gap::Contribution::of((&whole, &house), &playbook, settings, self.now());
            let expected = Some(row)
                .filter(|row| row.is_active || row.next_change.is_some())
                .filter(|_| person == *card);
            let kept = ledger::row(&*tx, *card).unwrap();
            assert_eq!(kept, expected, "{card} of {:?}", whole.members);
        }
    }

    /// That what is kept is what counting everybody now gives.
    fn check(&self) -> Report {
        let (kept, found) = self.kept();
        let settings = settings::read(&*self.hub.store.read().unwrap()).unwrap();
        self.check_rows(&settings);
        let (fresh, discovered) = as_of::report(&self.book, &settings, self.now()).unwrap();
        assert_eq!(kept, fresh);
        assert_eq!(found, serde_json::to_string(&discovered).unwrap().len());
        kept
    }
}

#[tokio::test]
async fn what_is_kept_is_what_counting_from_nothing_gives() {
    for seed in [11, 12, 13] {
        live(seed).await;
    }
}

/// Half a year of a chain, checked day by day, and a year in which nothing is written.
async fn live(seed: u64) {
    let mut stage = Stage::new(48, seed).await;
    // Once around, so that there are enough active customers to tell the best.
    for customer in stage.customers.clone() {
        stage.sell(customer, RecordKind::Purchase).await;
    }
    stage.settle().await;
    let mut moved = std::collections::BTreeSet::new();
    for round in 0..24 {
        for _ in 0..12 {
            stage.happen().await;
        }
        let days = 1 + i64::try_from(stage.pick(20)).unwrap();
        stage.hub.clock.advance_ms(days * DAY + HOUR);
        if round == 9 {
            // The hub was stopped in between: what it had not worked in is found again.
            stage.book = open(&stage.hub);
        }
        stage.settle().await;
        let report = stage.check();
        assert!(report.gap_bp.is_none_or(|gap| gap <= 10_000));
        moved.insert((report.active, report.honesty.rest_bp));
    }
    assert!(moved.len() > 5, "the story moves the sums: {moved:?}");
    // A year in which nothing is written: time alone empties the window.
    for _ in 0..14 {
        stage.hub.clock.advance_ms(30 * DAY);
        stage.settle().await;
        stage.check();
    }
    assert_eq!(stage.kept().0.active, 0);
}

#[tokio::test]
async fn a_new_standard_is_counted_anew() {
    let mut stage = Stage::new(42, 5).await;
    for customer in stage.customers.clone() {
        stage.sell(customer, RecordKind::Purchase).await;
    }
    stage.hub.clock.advance_ms(4 * DAY);
    stage.settle().await;
    assert_eq!(stage.check().items.len(), 14);
    let mut playbook = Playbook::standard();
    playbook.items.retain(|item| item.id == "thank_you");
    let version = set_playbook(&stage.book, playbook.clone(), Some(0))
        .await
        .unwrap();
    assert_eq!(version, 1);
    let stale = set_playbook(&stage.book, playbook, Some(0)).await;
    assert!(matches!(
        stale,
        Err(WriteError::Job(SetPlaybookError::Moved { now: 1 }))
    ));
    let tx = stage.hub.store.read().unwrap();
    assert!(
        !Kept::read(&*tx).unwrap().is_complete,
        "what was counted before is not shown"
    );
    drop(tx);
    stage.settle().await;
    let report = stage.check();
    assert_eq!((report.items.len(), report.playbook), (1, 1));
    let closed = |rate: gap::report::Rate| rate.met + rate.late + rate.missed;
    assert_eq!(
        closed(report.items[0].best) + closed(report.items[0].rest),
        42
    );
    assert_eq!(
        (report.active, report.best, report.gap_bp),
        (42, 20, Some(0))
    );
}

#[tokio::test]
async fn the_standing_is_published_signed_once_it_moved_and_names_nobody() {
    let mut stage = Stage::new(45, 7).await;
    for customer in stage.customers.clone() {
        stage.sell(customer, RecordKind::Purchase).await;
    }
    stage.settle().await;
    let publish = async |stage: &Stage| {
        let key = stage.hub.keys.hub_key();
        keeper::publish(&stage.book, key, stage.now())
            .await
            .unwrap()
    };
    assert!(publish(&stage).await);
    assert!(!publish(&stage).await, "it has not moved");
    stage.hub.clock.advance_ms(5 * DAY);
    stage.settle().await;
    assert!(publish(&stage).await, "thanks are overdue now");
    let tx = stage.hub.store.read().unwrap();
    let (notice, snapshot) = notices::get::<StandardSnapshot>(&*tx, Subject::Chain, "")
        .unwrap()
        .unwrap();
    assert_eq!(
        (notice.version, snapshot.active, snapshot.best),
        (2, 45, 20)
    );
    assert!(snapshot.is_signed_by(&stage.hub.keys.hub_key().public_key()));
    let body = notice.body.unwrap();
    let names = |customer: &CustomerId| {
        body.windows(CustomerId::LEN)
            .any(|bytes| bytes == customer.as_bytes())
    };
    assert!(!stage.customers.iter().any(names));
    let again: StandardSnapshot = decode_row(Table::Notice, &body).unwrap();
    assert_eq!(again, snapshot);
}

#[tokio::test]
async fn weeks_are_kept_and_the_last_report_of_each_stands() {
    let mut stage = Stage::new(41, 3).await;
    for customer in stage.customers.clone() {
        stage.sell(customer, RecordKind::Purchase).await;
    }
    let mut told = Vec::new();
    for _ in 0..4 {
        stage.settle().await;
        let key = stage.hub.keys.hub_key();
        keeper::publish(&stage.book, key, stage.now())
            .await
            .unwrap();
        told.push((history::name(stage.now()), stage.kept().0.honesty.rest_bp));
        stage.hub.clock.advance_ms(4 * DAY);
    }
    let tx = stage.hub.store.read().unwrap();
    let weeks = history::all(&*tx).unwrap();
    let names: Vec<_> = weeks.iter().map(|week| week.week.clone()).collect();
    let mut expected: Vec<_> = told.iter().map(|(week, _)| week.clone()).collect();
    expected.dedup();
    assert_eq!(names, expected);
    for week in &weeks {
        let last = told
            .iter()
            .rev()
            .find(|(name, _)| *name == week.week)
            .unwrap();
        assert_eq!(week.report.honesty.rest_bp, last.1);
    }
    let before = history::before(&*tx, weeks.last().unwrap().report.as_of).unwrap();
    assert_eq!(
        before.as_ref(),
        weeks.iter().rev().nth(1).map(|week| &week.report)
    );
}

#[tokio::test]
async fn a_promise_not_kept_is_listed_until_it_is() {
    let stage = Stage::new(2, 1).await;
    let customer = stage.customers[0];
    let due = stage.now().plus_ms(DAY);
    let made = json!({ "edit": "make_promise", "what": "call", "due": due });
    let promise = stage.edit(customer, made).await;
    let listed = || {
        let mut found = Vec::new();
        let tx = stage.hub.store.read().unwrap();
        ledger::unkept(&*tx, &mut |customer, unkept| {
            found.push((customer, unkept));
            Ok(())
        })
        .unwrap();
        found
    };
    stage.settle().await;
    assert_eq!(listed(), []);
    stage.hub.clock.advance_ms(DAY);
    stage.settle().await;
    assert_eq!(
        listed(),
        [(customer, vec![ledger::Unkept { promise, due }])]
    );
    let owed = gather::obligations(&stage.book, customer, stage.now()).unwrap();
    assert_eq!(
        (owed.len(), owed[0].about.clone()),
        (1, promise.to_string())
    );
    let done = json!({ "edit": "set_promise_status", "promise": promise, "status": "done" });
    stage.edit(customer, done).await;
    stage.settle().await;
    assert_eq!(listed(), []);
}

#[tokio::test]
async fn a_wish_counts_from_when_its_article_first_came() {
    let stage = Stage::new(2, 1).await;
    let customer = stage.customers[0];
    let wish = json!({ "edit": "add_wish", "sku": "coat", "quantity": 1 });
    stage.edit(customer, wish).await;
    let shop = stage.hub.shop;
    let count = async |pieces: u32| {
        let body = StockBody {
            shop,
            sku: "coat".to_owned(),
            on_hand: [(String::new(), pieces)].into(),
            arriving: Vec::new(),
        };
        let from = ("erp", stage.now());
        let draft = NoticeDraft::new(Subject::Chain, format!("{shop}/coat"), from, &body);
        let put = stage.book.write_batch(move |engine| {
            engine.put_notices(&[draft])?;
            Ok::<_, NoticeError>(())
        });
        put.await.unwrap();
        stage.settle().await;
    };
    let owed = || gather::obligations(&stage.book, customer, stage.now()).unwrap();
    stage.settle().await;
    assert_eq!(owed(), []);
    stage.hub.clock.advance_ms(DAY);
    count(1).await;
    let came = stage.now();
    assert_eq!((owed().len(), owed()[0].at), (1, came));
    let row = |stage: &Stage| ledger::row(&*stage.hub.store.read().unwrap(), customer).unwrap();
    assert!(
        row(&stage)
            .unwrap()
            .items
            .iter()
            .any(|item| item.due_minutes > 0)
    );
    stage.hub.clock.advance_ms(DAY);
    count(3).await;
    assert_eq!(owed()[0].at, came, "another count is no news");
    stage.hub.clock.advance_ms(2 * DAY);
    stage.settle().await;
    assert!(
        row(&stage)
            .unwrap()
            .items
            .iter()
            .any(|item| item.missed == 1)
    );
    count(0).await;
    assert_eq!(owed(), []);
}

#[test]
fn settings_say_what_is_wrong_with_them() {
    let check = |text: &str, says: &str| {
        let settings: settings::GapSettings = serde_json::from_str(text).unwrap();
        assert!(settings.settings().unwrap_err().contains(says), "{text}");
    };
    check(r#"{"window_days": 0}"#, "window_days: expected 1 to 1096");
    check(r#"{"order": "profit"}"#, "neither spend nor loyalty");
    check(r#"{"currency": "bitcoin"}"#, "a code such as EUR");
    check(
        r#"{"order": "loyalty", "named": []}"#,
        "followed by the others",
    );
    let kept = settings::GapSettings {
        named: Some(vec![CustomerId([1; 16])]),
        window_days: Some(30),
        ..Default::default()
    };
    let other = settings::GapSettings {
        order: Some("loyalty".to_owned()),
        ..Default::default()
    };
    let both = kept.with(other);
    assert_eq!((both.named.is_none(), both.window_days), (true, Some(30)));
    assert_eq!(both.settings().unwrap().order, gap::Order::Loyalty);
}
