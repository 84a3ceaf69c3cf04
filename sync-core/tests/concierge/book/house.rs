//! The house around a customer: shops, colleagues, ten articles with stock and pairs, and the chain's own standard and bounds.

use sync_core::concierge::guard::Settings;
use sync_core::concierge::playbook::{Playbook, PlaybookBody};
use sync_core::concierge::rights::{
    Holder, RightBody, Slot, contact_right_key, gesture_right_key, local_day,
};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, SessionId, ShopId, Timestamp};
use sync_core::notices::Subject;
use sync_core::notices::bodies::{ArticleBody, PairsBody, ShopBody, StaffBody, StockBody};
use sync_core::records::Currency;

use super::{
    Book, CATEGORIES, CUSTOMER, HERE, HOLDER, MATERIALS, ME, NOW, OTHER, SECOND, TAGS, THERE, days,
    some,
};

impl Book {
    /// The house: shops, colleagues, ten articles with stock and pairs.
    pub(super) fn furnish(&mut self, random: &mut SeededEntropy) {
        for (shop, name) in [(HERE, "Lyon"), (THERE, "Paris")] {
            let body = ShopBody {
                name: name.to_owned(),
                clock: vec![(Timestamp(0), 60)],
                currency: None,
            };
            self.post(Subject::Chain, &shop.to_string(), (NOW, 1), &body);
        }
        let ana = StaffBody {
            name: "Ana".to_owned(),
            shop: HERE,
            is_manager: false,
            has_left: false,
        };
        self.post(Subject::Chain, &OTHER.to_string(), (NOW, 1), &ana);
        for number in 0..10 {
            let sku = format!("Art-{number}");
            for version in 1..=1 + random.below(2) {
                let body = article(&sku, random);
                self.post(Subject::Chain, &sku, (NOW, version), &body);
            }
            for shop in [HERE, THERE] {
                if random.percent(60) {
                    self.stock(shop, &sku, random);
                }
            }
            if random.percent(30) {
                let lift = 14_000 + u32::try_from(random.below(4_000)).unwrap();
                let support = 15 + u32::try_from(random.below(20)).unwrap();
                let other = format!("Art-{}", random.below(10));
                let with = vec![(other, lift, support)];
                self.post(Subject::Chain, &sku, (NOW, 1), &PairsBody { with });
            }
        }
    }

    fn stock(&mut self, shop: ShopId, sku: &str, random: &mut SeededEntropy) {
        for version in 1..=1 + random.below(2) {
            let as_of = NOW.plus_ms(-i64::try_from(random.below(48)).unwrap() * 3_600_000);
            let sizes = ["", "38", "39"];
            let on_hand = sizes
                .iter()
                .map(|size| ((*size).to_owned(), u32::try_from(random.below(3)).unwrap()))
                .collect();
            let arriving = vec![(days(random, -2, 9), "38".to_owned(), 2)];
            let body = StockBody {
                shop,
                sku: sku.to_owned(),
                on_hand,
                arriving: arriving
                    .into_iter()
                    .filter(|_| random.percent(50))
                    .collect(),
                there_since: there_since(as_of, version),
            };
            let key = format!("{shop}/{sku}");
            self.post(Subject::Chain, &key, (as_of, version), &body);
        }
    }

    /// What a manager set for the chain: another playbook, other bounds.
    pub(super) fn rule(&mut self, random: &mut SeededEntropy) {
        if random.percent(20) {
            let mut playbook = Playbook::standard();
            playbook.items.retain(|_| random.percent(80));
            for item in &mut playbook.items {
                item.weight = 1 + u32::try_from(random.below(5)).unwrap();
            }
            let body = PlaybookBody::of(&playbook);
            self.post(Subject::Chain, "", (NOW, 1), &body);
        }
        for version in 1..=random.below(3) {
            let settings = Settings {
                day_ends_minute: 60 * (9 + u32::try_from(random.below(11)).unwrap()),
                contacts_per_week: 1 + u32::try_from(random.below(3)).unwrap(),
                reply_hours: 24 * (1 + u32::try_from(random.below(9)).unwrap()),
                ..Settings::default()
            };
            self.post(Subject::Chain, "", (NOW, version), &settings);
        }
    }

    /// Rights to contact the customer and to spend on gestures: this handheld's own, and another's.
    pub(super) fn permit(&mut self, random: &mut SeededEntropy) {
        let elsewhere = Holder {
            session: SessionId([8; 8]),
            ..HOLDER
        };
        for part in 0..random.below(3) {
            let holder = *random.pick(&[HOLDER, HOLDER, elsewhere]).unwrap();
            let from = days(random, -4, 1);
            let slot = Slot {
                from,
                until: from.plus_ms(4 * Timestamp::DAY_MS),
            };
            let mut customers = vec![CustomerId([1; 16]), CustomerId([99; 16])];
            customers.push(*random.pick(&[CUSTOMER, CUSTOMER, SECOND]).unwrap());
            customers.sort_unstable();
            let body = RightBody::Contact {
                holder,
                slot,
                customers,
            };
            let key = contact_right_key(holder.device, slot, usize::try_from(part).unwrap());
            self.post(Subject::Associate(ME), &key, (NOW, 1), &body);
        }
        if random.percent(50) {
            let day = local_day(NOW, 60);
            let body = RightBody::Gesture {
                holder: HOLDER,
                shop: HERE,
                day,
                amount_minor: i64::try_from(random.below(9_000)).unwrap(),
                currency: random.percent(50).then_some(Currency::EUR),
            };
            let key = gesture_right_key(HOLDER.device, day);
            self.post(Subject::Associate(ME), &key, (NOW, 1), &body);
        }
    }
}

/// Up to four days before the last count, or not told, as by an earlier build.
/// A stream of its own, so that the rest of the book stays as it is.
fn there_since(as_of: Timestamp, version: u64) -> Option<Timestamp> {
    let random = &mut SeededEntropy::new(as_of.0.cast_unsigned() ^ version);
    let hours = i64::try_from(random.below(96)).unwrap();
    let is_told = random.percent(50);
    is_told.then(|| as_of.plus_ms(-hours * 3_600_000))
}

fn article(sku: &str, random: &mut SeededEntropy) -> ArticleBody {
    let mut tags: Vec<String> = (0..1 + random.below(3))
        .map(|_| some(random, TAGS).to_owned())
        .collect();
    tags.sort_unstable();
    tags.dedup();
    let category = some(random, CATEGORIES);
    let has_sizes = random.percent(40);
    ArticleBody {
        label: format!("the {sku}"),
        category: category.to_owned(),
        tags,
        materials: vec![some(random, MATERIALS).to_owned()],
        size_system: has_sizes.then(|| "EU".to_owned()),
        sizes: if has_sizes {
            vec!["38".to_owned(), "39".to_owned()]
        } else {
            Vec::new()
        },
        is_consumable: category == "cream",
        ..ArticleBody::default()
    }
}
