//! The scene of the concierge's tests: one customer and a house, put together by hand, on a clock moved by hand.

use super::picture::{House, Picture, Told, Viewer, Whole};
use crate::card::terms::{NeedState, Polarity};
use crate::card::value::Source;
use crate::card::view::{
    AllergyView, Fact, NeedView, PreferenceView, SizeView, Strength, WishView,
};
use crate::ids::{AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};
use crate::notices::bodies::{ArticleBody, CaseBody, CaseState, ShopBody, StockBody};
use crate::records::{Currency, Record, RecordKind, Sale, SaleLine, SoldAt};

pub(crate) const HERE: ShopId = ShopId([1; 8]);
pub(crate) const THERE: ShopId = ShopId([2; 8]);
pub(crate) const ME: AssociateId = AssociateId([3; 8]);
pub(crate) const CUSTOMER: CustomerId = CustomerId([9; 16]);
/// 1 March 2026, eight in the morning UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_772_352_000_000);
pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = Timestamp::DAY_MS;

/// One customer, the house, and now.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) whole: Whole,
    pub(crate) house: House,
    pub(crate) now: Timestamp,
    edits: u16,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let mut house = House::default();
        for (shop, name) in [(HERE, "Lyon"), (THERE, "Paris")] {
            let body = ShopBody {
                name: name.to_owned(),
                clock: vec![(Timestamp(0), 60)],
                currency: None,
            };
            house.shops.insert(shop, body);
        }
        Self {
            whole: Whole::default(),
            house,
            now: NOW,
            edits: 0,
        }
    }

    pub(crate) fn picture(&self) -> Picture<'_> {
        Picture {
            customer: CUSTOMER,
            whole: &self.whole,
            house: &self.house,
            viewer: Viewer {
                associate: ME,
                device: DeviceId([4; 8]),
                shop: HERE,
            },
            synced_at: Some(self.now),
            now: self.now,
        }
    }

    pub(crate) fn edit(&mut self) -> EditId {
        self.edits += 1;
        let mut edit = [7; 10];
        edit[..2].copy_from_slice(&self.edits.to_be_bytes());
        EditId(edit)
    }

    /// A fact that the customer stated this many days ago.
    pub(crate) fn fact<T>(&mut self, value: T, days_ago: i64) -> Fact<T> {
        Fact {
            value,
            sources: vec![self.edit()],
            by: ME,
            shop: HERE,
            at: self.now.plus_ms(-days_ago * DAY),
            source: Source::Stated,
            needs_confirmation: false,
        }
    }

    pub(crate) fn allergy(&mut self, substance: &str) {
        let substance = self.fact(substance.to_owned(), 9);
        self.whole.view.allergies.push(AllergyView {
            id: substance.value.clone(),
            substance,
            severity: crate::card::terms::Severity::Serious,
            cause: None,
        });
    }

    pub(crate) fn preference(
        &mut self,
        (kind, subject, value): (&str, &str, &str),
        polarity: Polarity,
        (strength, days_ago): (Strength, i64),
    ) {
        let fact = self.fact(
            Some(value.to_owned()).filter(|value| !value.is_empty()),
            days_ago,
        );
        self.whole.view.preferences.push(PreferenceView {
            id: format!("{kind}-{subject}"),
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            last_at: fact.at,
            value: fact,
            polarity,
            strength,
            days_seen: 0,
        });
    }

    pub(crate) fn size(&mut self, category: &str, size: &str, days_ago: i64) {
        let size = self.fact(size.to_owned(), days_ago);
        self.whole.view.sizes.push(SizeView {
            id: format!("size-{category}"),
            category: category.to_owned(),
            system: "EU".to_owned(),
            brand: None,
            size,
        });
    }

    pub(crate) fn need(&mut self, what: &str, tags: &[&str]) -> EditId {
        let what = self.fact(what.to_owned(), 3);
        let id = what.sources[0];
        self.whole.view.needs.push(NeedView {
            id,
            what,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            state: NeedState::Open,
            answer: None,
        });
        id
    }

    pub(crate) fn wish(&mut self, sku: &str) {
        let fact = self.fact(sku.to_owned(), 5);
        self.whole.view.wishes.push(WishView {
            id: format!("wish-{sku}"),
            sku: fact,
            quantity: 1,
            note: None,
            surprise_until: None,
            fulfilled: false,
        });
    }

    pub(crate) fn complaint(&mut self, sku: Option<&str>, days_ago: i64) {
        let opened_at = self.now.plus_ms(-days_ago * DAY);
        self.whole.cases.push(Told {
            key: format!("desk:{}", self.whole.cases.len()),
            source: "desk".to_owned(),
            as_of: opened_at,
            body: CaseBody {
                topic: "the strap broke at a funeral".to_owned(),
                is_complaint: true,
                state: CaseState::Open,
                opened_at,
                solved_at: None,
                sku: sku.map(str::to_owned),
            },
        });
    }

    /// An article `sku` of a category with these tags and materials.
    pub(crate) fn article(
        &mut self,
        sku: &str,
        category: &str,
        (tags, materials): (&[&str], &[&str]),
    ) {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let article = ArticleBody {
            label: format!("the {sku}"),
            category: category.to_owned(),
            tags: owned(tags),
            materials: owned(materials),
            ..ArticleBody::default()
        };
        self.house.articles.insert(sku.to_owned(), article);
    }

    /// What a shop has of an article, by size, counted this many hours ago.
    pub(crate) fn stock(
        &mut self,
        shop: ShopId,
        sku: &str,
        on_hand: &[(&str, u32)],
        hours_ago: i64,
    ) {
        let on_hand = on_hand
            .iter()
            .map(|(size, many)| ((*size).to_owned(), *many));
        let told = Told {
            key: format!("{shop}/{sku}"),
            source: "stock".to_owned(),
            as_of: self.now.plus_ms(-hours_ago * HOUR),
            body: StockBody {
                shop,
                sku: sku.to_owned(),
                on_hand: on_hand.collect(),
                arriving: Vec::new(),
                there_since: None,
            },
        };
        self.house.stock.insert((sku.to_owned(), shop), told);
    }

    pub(crate) fn sale(&mut self, kind: RecordKind, skus: &[&str], days_ago: i64) {
        let at = self.now.plus_ms(-days_ago * DAY);
        let line = |sku: &&str| SaleLine {
            sku: Some((*sku).to_owned()),
            label: None,
            quantity: 1,
            amount_minor: 12_300,
        };
        self.whole.sales.push(Record {
            kind,
            customer: CUSTOMER,
            source: "till".to_owned(),
            source_id: format!("{}", self.whole.sales.len()),
            version: 1,
            as_of: at,
            sale: Sale {
                shop: Some(HERE),
                at: SoldAt::Moment(at),
                lines: skus.iter().map(line).collect(),
                amount_minor: 12_300,
                currency: Currency::EUR,
            },
        });
    }
}
