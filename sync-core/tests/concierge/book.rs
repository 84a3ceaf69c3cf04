//! Random books: one customer on whose card several colleagues write at the same time, sales, notices, in versions.

use sync_core::card::schema::Role;
use sync_core::card::{Edit, EditContext, Plan, Provenance, Source, Visible};
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::ids::{AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};
use sync_core::notices::bodies::{
    AnswerBody, AnswerState, ArticleBody, CaseBody, CaseState, ContactBody, OwnerBody, PairsBody,
    ShopBody, StaffBody, StockBody,
};
use sync_core::notices::{Notice, NoticeBody, NoticeDraft, Subject};
use sync_core::records::{Currency, Record, RecordKind, Sale, SaleLine, SoldAt};

pub(crate) const NOW: Timestamp = Timestamp(1_772_352_000_000);
pub(crate) const CUSTOMER: CustomerId = CustomerId([9; 16]);
pub(crate) const HERE: ShopId = ShopId([1; 8]);
pub(crate) const ME: AssociateId = AssociateId([3; 8]);
const THERE: ShopId = ShopId([2; 8]);
const OTHER: AssociateId = AssociateId([4; 8]);
const DAY: i64 = Timestamp::DAY_MS;
const TAGS: &[&str] = &["rain", "navy", "travel", "snow", "birthday", "gray"];
const MATERIALS: &[&str] = &["nickel", "wool", "cotton", "leather"];
const CATEGORIES: &[&str] = &["coat", "shoe", "bag", "cream"];

/// `$sku`, `$tag`, `$day` are filled in; `$promise`, `$visit`, `$need`, `$suggestion`, `$ask` name what was made before.
const POOL: &[&str] = &[
    r#"{"edit":"set_name","part":"given","value":"Ana"}"#,
    r#"{"edit":"set_name","part":"address","value":"Madame Wang"}"#,
    r#"{"edit":"block_contact"}"#,
    r#"{"edit":"set_service_mode","mode":"quick"}"#,
    r#"{"edit":"set_service_mode","mode":"leave_alone"}"#,
    r#"{"edit":"set_preference","kind":"color","subject":"coats","value":"$tag","polarity":"like"}"#,
    r#"{"edit":"set_preference","kind":"color","subject":"color","value":"$tag","polarity":"like"}"#,
    r#"{"edit":"set_preference","kind":"use","subject":"$tag","polarity":"like"}"#,
    r#"{"edit":"set_preference","kind":"material","subject":"leather","polarity":"never"}"#,
    r#"{"edit":"set_preference","kind":"color","subject":"bags","value":"$tag","polarity":"avoid"}"#,
    r#"{"edit":"observe_preference","kind":"color","subject":"shoes","value":"$tag","polarity":"like"}"#,
    r#"{"edit":"set_size","category":"shoe","system":"EU","size":"38"}"#,
    r#"{"edit":"set_size","category":"shoe","system":"EU","size":"39"}"#,
    r#"{"edit":"set_size","category":"coats","system":"EU","size":"44"}"#,
    r#"{"edit":"record_allergy","substance":"nickel","severity":"mild"}"#,
    r#"{"edit":"record_allergy","substance":"wool grease","severity":"serious","cause":"dermatitis"}"#,
    r#"{"edit":"remove_allergy","substance":"nickel"}"#,
    r#"{"edit":"add_note","place":"card","body":"one","label":"guarded"}"#,
    r#"{"edit":"add_note","place":"private","body":"mine","label":"guarded"}"#,
    r#"{"edit":"set_occasion","kind":"birthday","month":3,"day":9}"#,
    r#"{"edit":"set_occasion","kind":"birthday","month":3,"day":9,"celebrate":true}"#,
    r#"{"edit":"add_wish","sku":"$sku"}"#,
    r#"{"edit":"add_wish","sku":"$sku","surprise_until":1800000000000}"#,
    r#"{"edit":"make_promise","what":"call about the clasp","due":$day}"#,
    r#"{"edit":"make_promise","what":"send swatches to the house","due":$day}"#,
    r#"{"edit":"set_promise_status","promise":"$promise","status":"done"}"#,
    r#"{"edit":"arrive"}"#,
    r#"{"edit":"leave","visit":"$visit","summary":"her daughter starts school"}"#,
    r#"{"edit":"record_interaction","kind":"call","summary":"asked","act":"recovery"}"#,
    r#"{"edit":"record_reaction","sku":"$sku","sentiment":"disliked"}"#,
    r#"{"edit":"record_reaction","sku":"$sku","sentiment":"loved"}"#,
    r#"{"edit":"add_need","what":"something for the weather","tags":["$tag"]}"#,
    r#"{"edit":"add_need","what":"a tent","tags":["tent"]}"#,
    r#"{"edit":"answer_need","need":"$need","answer":"sent elsewhere"}"#,
    r#"{"edit":"add_suggestion","what":"a chair by the mirror"}"#,
    r#"{"edit":"answer_suggestion","suggestion":"$suggestion","answer":"in May"}"#,
    r#"{"edit":"ask","kind":"appointment","at":$day}"#,
    r#"{"edit":"ask","kind":"reservation","subject":"$sku","quantity":1}"#,
    r#"{"edit":"withdraw_ask","ask":"$ask"}"#,
    r#"{"edit":"keep_to_owner"}"#,
];
const MADE: [(&str, &str); 5] = [
    ("$promise", "make_promise"),
    ("$visit", "arrive"),
    ("$need", "add_need"),
    ("$suggestion", "add_suggestion"),
    ("$ask", "\"ask\",\"kind\""),
];

/// Everything that is known of one customer and the house.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) plans: Vec<Plan>,
    pub(crate) records: Vec<Record>,
    pub(crate) notices: Vec<Notice>,
    asks: Vec<EditId>,
}

pub(crate) fn shuffle<T>(items: &mut [T], random: &mut SeededEntropy) {
    for at in (1..items.len()).rev() {
        let with = usize::try_from(random.below(at as u64 + 1)).unwrap();
        items.swap(at, with);
    }
}

/// Plans in another order in which they can have arrived: what an edit replaces comes before it.
pub(crate) fn as_they_came<'a>(plans: &'a [Plan], random: &mut SeededEntropy) -> Vec<&'a Plan> {
    let mut waiting: Vec<&Plan> = plans.iter().collect();
    shuffle(&mut waiting, random);
    let mut came = Vec::new();
    while !waiting.is_empty() {
        let is_ready = |plan: &&Plan| {
            let writes = plan.writes.iter().flat_map(|(_, writes)| writes);
            let mut replaced = writes.flat_map(|write| &write.replaces);
            !replaced.any(|edit| waiting.iter().any(|other| other.edit == *edit))
        };
        let next = waiting.iter().position(is_ready).unwrap();
        came.push(waiting.remove(next));
    }
    came
}

fn some<'a>(random: &mut SeededEntropy, of: &[&'a str]) -> &'a str {
    random.pick(of).unwrap()
}

fn days(random: &mut SeededEntropy, from: i64, to: i64) -> Timestamp {
    let span = u64::try_from(to - from).unwrap();
    let days = from + i64::try_from(random.below(span)).unwrap();
    let hours = i64::try_from(random.below(24)).unwrap();
    NOW.plus_ms(days * DAY + hours * 3_600_000)
}

fn sku(random: &mut SeededEntropy) -> String {
    let number = random.below(10);
    // People type numbers as they like.
    if random.percent(20) {
        format!("ART-{number}")
    } else {
        format!("Art-{number}")
    }
}

impl Book {
    pub(crate) fn random(random: &mut SeededEntropy) -> Self {
        let mut book = Self::default();
        book.write_card(random);
        for _ in 0..random.below(5) {
            book.sell(random);
        }
        book.furnish(random);
        book.report(random);
        book
    }

    /// Two colleagues write, each seeing the other only now and then.
    fn write_card(&mut self, random: &mut SeededEntropy) {
        let mut seen = [Visible::default(), Visible::default()];
        let mut made: Vec<(&str, EditId)> = Vec::new();
        for _ in 0..4 + random.below(12) {
            let side = usize::try_from(random.below(2)).unwrap();
            let template = some(random, POOL);
            let Some(edit) = fill(template, &made, random) else {
                continue;
            };
            let edit: Edit = serde_json::from_str(&edit).unwrap();
            let context = context(side, random);
            let Ok(plan) = edit.plan(&context, &seen[side]) else {
                continue;
            };
            seen[side].write(&plan);
            for (name, begins) in MADE {
                if template.contains(begins) {
                    made.push((name, plan.edit));
                }
            }
            if matches!(edit, Edit::Ask(_)) {
                self.asks.push(plan.edit);
            }
            self.plans.push(plan);
            if random.percent(40) {
                for plan in &self.plans {
                    seen[0].write(plan);
                    seen[1].write(plan);
                }
            }
        }
    }

    fn sell(&mut self, random: &mut SeededEntropy) {
        let at = days(random, -200, 0);
        let kind = if random.percent(20) {
            RecordKind::Return
        } else {
            RecordKind::Purchase
        };
        let source_id = format!("{}", self.records.len());
        for version in 1..=1 + random.below(2) {
            let line = SaleLine {
                sku: Some(sku(random)),
                label: None,
                quantity: 1,
                amount_minor: 10_000,
            };
            let by_day = random.percent(30);
            self.records.push(Record {
                kind,
                customer: CUSTOMER,
                source: "till".to_owned(),
                source_id: source_id.clone(),
                version,
                as_of: at,
                sale: Sale {
                    shop: Some(HERE),
                    at: if by_day {
                        SoldAt::Day(i32::try_from(at.days()).unwrap())
                    } else {
                        SoldAt::Moment(at)
                    },
                    lines: vec![line],
                    amount_minor: 10_000,
                    currency: Currency::EUR,
                },
            });
        }
    }

    /// The house: shops, colleagues, ten articles with stock and pairs.
    fn furnish(&mut self, random: &mut SeededEntropy) {
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
            };
            let key = format!("{shop}/{sku}");
            self.post(Subject::Chain, &key, (as_of, version), &body);
        }
    }

    /// What other systems and the hub say of the customer.
    fn report(&mut self, random: &mut SeededEntropy) {
        let customer = Subject::Customer(CUSTOMER);
        for number in 0..random.below(3) {
            let opened_at = days(random, -20, 0);
            let is_solved = random.percent(70);
            let case = CaseBody {
                topic: "the strap".to_owned(),
                is_complaint: random.percent(60),
                state: if is_solved {
                    CaseState::Solved
                } else {
                    CaseState::Open
                },
                opened_at,
                solved_at: None,
                sku: Some(sku(random)),
            };
            self.post(customer, &format!("desk:{number}"), (NOW, 1), &case);
        }
        if random.percent(50) {
            let contact = ContactBody {
                channel: Some("email".to_owned()),
                purpose: Some("care".to_owned()),
                at: days(random, -90, 0),
                by_customer: false,
                summary: Some("newsletter".to_owned()),
                content: None,
                by: None,
                act: None,
            };
            self.post(customer, "crm:1", (NOW, 1), &contact);
        }
        if random.percent(60) {
            let owner = *random.pick(&[ME, OTHER]).unwrap();
            let body = OwnerBody { owner, since: NOW };
            self.post(customer, "", (NOW, 1), &body);
        }
        for ask in self.asks.clone() {
            let states = [
                AnswerState::Confirmed,
                AnswerState::Countered,
                AnswerState::Refused,
                AnswerState::Held,
            ];
            let answer = AnswerBody {
                ask,
                state: *random.pick(&states).unwrap(),
                code: String::new(),
                at: Some(days(random, -1, 6)),
                words: Some("as early as can be".to_owned()),
            };
            if random.percent(70) {
                let as_of = days(random, -20, 0);
                self.post(customer, &ask.to_string(), (as_of, 1), &answer);
            }
        }
    }

    fn post<B: NoticeBody>(
        &mut self,
        subject: Subject,
        key: &str,
        (as_of, version): (Timestamp, u64),
        body: &B,
    ) {
        let draft = NoticeDraft::new(subject, key, ("house", as_of), body);
        self.notices.push(Notice {
            subject,
            kind: draft.kind,
            key: draft.key,
            version,
            source: draft.source,
            as_of,
            body: draft.body,
        });
    }
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

/// A template with its blanks filled in; none where it names something that was not made.
fn fill(template: &str, made: &[(&str, EditId)], random: &mut SeededEntropy) -> Option<String> {
    let mut text = template.to_owned();
    for (name, _) in MADE {
        if text.contains(name) {
            let ids: Vec<_> = made.iter().filter(|(of, _)| *of == name).collect();
            let (_, id) = random.pick(&ids)?;
            text = text.replace(name, &id.to_string());
        }
    }
    let day = days(random, -5, 20).0.to_string();
    let sku = sku(random);
    let tag = some(random, TAGS);
    Some(
        text.replace("$sku", &sku)
            .replace("$tag", tag)
            .replace("$day", &day),
    )
}

fn context(side: usize, random: &mut SeededEntropy) -> EditContext {
    let mut edit = [0; 10];
    random.fill(&mut edit);
    let sources = [Source::Stated, Source::Stated, Source::Typed];
    let at = if random.percent(70) {
        days(random, -40, 0)
    } else {
        days(random, -800, 0)
    };
    EditContext {
        edit: EditId(edit),
        customer: CUSTOMER,
        provenance: Provenance {
            by: [ME, OTHER][side],
            device: DeviceId([u8::try_from(side).unwrap(); 8]),
            shop: HERE,
            at: Timestamp(at.0.min(NOW.0)),
            source: *random.pick(&sources).unwrap(),
            as_of: None,
        },
        role: Role::Manager,
    }
}
