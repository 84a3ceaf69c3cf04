//! What makes the concierge work: a catalogue with the stock of five shops, and customers of whom other systems and the card say something now.
//!
//! The boutique's history ends at a fixed moment; what is owed depends on the present one. So this is dated by the clock.

use anyhow::Result;
use server::book::Book;
use server::clock::{Clock as _, SystemClock};
use sync_core::authority::{AuthorityError, HubAuthor, HubEdit};
use sync_core::card::{Edit, Source};
use sync_core::crypto::sha256;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, EditId, ShopId, Timestamp};
use sync_core::notices::bodies::{
    ArticleBody, CaseBody, CaseState, ContactBody, ShopBody, StockBody,
};
use sync_core::notices::{NoticeDraft, NoticeError, Subject};
use sync_core::records::{Currency, RecordDraft, RecordError, RecordKind, Sale, SaleLine, SoldAt};
use sync_core::store::StoreError;

use crate::hub::boutique;

/// Articles of the catalogue. The boutique sells 5,400 numbers, so a good third of what was bought is in it.
const ARTICLES: u32 = 2_000;
/// Shops with stock, the bench's own among them.
const SHOPS: u8 = 5;
/// Notices or customers in one transaction.
const AT_ONCE: usize = 400;
/// Which system says so.
const SOURCE: &str = "bench";
const LINES: [(&str, &str); 6] = [
    ("CO", "coat"),
    ("KN", "knitwear"),
    ("LE", "bag"),
    ("SI", "scarf"),
    ("SH", "shirt"),
    ("JE", "ring"),
];
const TAGS: [&str; 16] = [
    "navy", "black", "camel", "ivory", "green", "rain", "travel", "evening", "birthday", "wedding",
    "office", "summer", "winter", "gift", "light", "warm",
];
const MATERIALS: [&str; 6] = ["wool", "cashmere", "silk", "leather", "gold", "nickel"];

#[derive(Debug, thiserror::Error)]
enum GoodsError {
    #[error(transparent)]
    Notice(#[from] NoticeError),
    #[error(transparent)]
    Edit(#[from] AuthorityError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes it all into a book of `customers`, as the work of `author`.
pub(crate) async fn write(book: &Book, author: HubAuthor, customers: u32) -> Result<()> {
    let now = SystemClock.now();
    let house = house(author.shop, now);
    for drafts in house.chunks(AT_ONCE) {
        book.put_notices(drafts.to_vec()).await?;
    }
    let boutique = boutique(customers);
    let everybody: Vec<_> = (0..customers)
        .map(|one| boutique.customer_id(one))
        .collect();
    for batch in everybody.chunks(AT_ONCE) {
        let news: Vec<_> = batch.iter().map(|one| News::of(*one, now)).collect();
        book.write_batch(move |engine| {
            for one in &news {
                if !one.edits.is_empty() {
                    engine.record(&author, one.customer, &one.edits)?;
                }
                if !one.records.is_empty() {
                    engine.put_records(one.customer, &one.records)?;
                }
                engine.put_notices(&one.notices)?;
            }
            Ok::<_, GoodsError>(())
        })
        .await?;
    }
    Ok(())
}

/// Number `index` of the catalogue, as the boutique sells it.
fn sku(index: u32) -> String {
    let (line, _) = LINES[usize::try_from(index).unwrap_or_default() % LINES.len()];
    format!("{line}-{:04}", index / 6)
}

fn house(own: ShopId, now: Timestamp) -> Vec<NoticeDraft> {
    let mut chance = SeededEntropy::new(7);
    let mut shops = vec![own];
    shops.extend((1..SHOPS).map(|number| ShopId([number; ShopId::LEN])));
    let mut drafts = Vec::new();
    for (number, shop) in shops.iter().enumerate().skip(1) {
        let body = ShopBody {
            name: format!("Shop {number}"),
            clock: vec![(Timestamp(0), 60)],
            currency: Some(Currency::EUR),
        };
        drafts.push(NoticeDraft::new(
            Subject::Chain,
            shop.to_string(),
            (SOURCE, now),
            &body,
        ));
    }
    for index in 0..ARTICLES {
        let number = sku(index);
        let (_, category) = LINES[usize::try_from(index).unwrap_or_default() % LINES.len()];
        let mut tags: Vec<String> = (0..3)
            .filter_map(|_| chance.pick(&TAGS).map(|tag| (*tag).to_owned()))
            .collect();
        tags.sort();
        tags.dedup();
        let body = ArticleBody {
            label: format!("{category} number {index}"),
            category: category.to_owned(),
            tags,
            materials: chance
                .pick(&MATERIALS)
                .map(|one| (*one).to_owned())
                .into_iter()
                .collect(),
            price: Some((9_900, Currency::EUR)),
            ..ArticleBody::default()
        };
        drafts.push(NoticeDraft::new(
            Subject::Chain,
            number.clone(),
            (SOURCE, now),
            &body,
        ));
        for shop in &shops {
            let count = u32::try_from(chance.below(4)).unwrap_or_default();
            let body = StockBody {
                shop: *shop,
                sku: number.clone(),
                on_hand: [(String::new(), count)].into(),
                arriving: Vec::new(),
                there_since: None,
            };
            let key = format!("{shop}/{number}");
            drafts.push(NoticeDraft::new(Subject::Chain, key, (SOURCE, now), &body));
        }
    }
    drafts
}

/// What is new of one customer.
struct News {
    customer: CustomerId,
    edits: Vec<HubEdit>,
    records: Vec<RecordDraft>,
    notices: Vec<NoticeDraft>,
}

impl News {
    /// One in ten was promised something, one in ten has a wish, one in six bought lately, one in twelve has a case, one in four was written to.
    fn of(customer: CustomerId, now: Timestamp) -> Self {
        let digest = sha256("bench.news", &[customer.as_bytes()]);
        let seed = digest.0.first_chunk().copied().unwrap_or_default();
        let mut chance = SeededEntropy::new(u64::from_be_bytes(seed));
        let days = |days: u64| Timestamp::DAY_MS * i64::try_from(days).unwrap_or_default();
        let mut news = Self {
            customer,
            edits: Vec::new(),
            records: Vec::new(),
            notices: Vec::new(),
        };
        if chance.percent(10) {
            let due = Some(now.plus_ms(days(chance.below(9)) - Timestamp::DAY_MS));
            news.edit(Edit::MakePromise {
                what: "call about the alteration".to_owned(),
                due,
                assignee: None,
            });
        }
        if chance.percent(10) {
            news.edit(Edit::AddWish {
                sku: some_sku(&mut chance),
                quantity: None,
                note: None,
                surprise_until: None,
            });
        }
        if chance.percent(16) {
            let at = now.plus_ms(-days(chance.below(20)));
            news.records
                .push(bought(customer, some_sku(&mut chance), at));
        }
        let subject = Subject::Customer(customer);
        if chance.percent(8) {
            let opened_at = now.plus_ms(-days(chance.below(10)));
            let body = CaseBody {
                topic: "a zip that sticks".to_owned(),
                is_complaint: chance.percent(50),
                state: CaseState::Open,
                opened_at,
                solved_at: None,
                sku: Some(some_sku(&mut chance)),
            };
            news.notices.push(NoticeDraft::new(
                subject,
                "desk:1",
                (SOURCE, opened_at),
                &body,
            ));
        }
        if chance.percent(25) {
            let at = now.plus_ms(-days(1 + chance.below(60)));
            let body = ContactBody {
                channel: Some("email".to_owned()),
                purpose: Some("sell".to_owned()),
                at,
                by_customer: false,
                summary: Some("the new collection".to_owned()),
                content: Some("autumn".to_owned()),
                by: None,
                act: None,
            };
            news.notices
                .push(NoticeDraft::new(subject, "mail:1", (SOURCE, at), &body));
        }
        news
    }

    fn edit(&mut self, edit: Edit) {
        let number = [u8::try_from(self.edits.len()).unwrap_or_default()];
        let digest = sha256("bench.news.edit", &[self.customer.as_bytes(), &number]);
        self.edits.push(HubEdit {
            id: EditId(digest.0.first_chunk().copied().unwrap_or_default()),
            edit,
            source: Source::Typed,
            as_of: None,
        });
    }
}

fn some_sku(chance: &mut SeededEntropy) -> String {
    sku(u32::try_from(chance.below(u64::from(ARTICLES))).unwrap_or_default())
}

fn bought(customer: CustomerId, sku: String, at: Timestamp) -> RecordDraft {
    RecordDraft {
        kind: RecordKind::Purchase,
        source: SOURCE.to_owned(),
        source_id: format!("{customer}-new"),
        as_of: at,
        sale: Sale {
            shop: None,
            at: SoldAt::Moment(at),
            lines: vec![SaleLine {
                sku: Some(sku),
                label: None,
                quantity: 1,
                amount_minor: 9_900,
            }],
            amount_minor: 9_900,
            currency: Currency::EUR,
        },
    }
}
