//! Random books: a customer on whose cards several colleagues write at the same time, sales, notices, in versions.
//!
//! Every third customer has two cards that somebody linked; of some of these, somebody else says that they are two people.

mod house;
mod pool;

use std::collections::BTreeMap;

use sync_core::card::links::{Component, Via, by_age, links};
use sync_core::card::terms::{Channel, Purpose};
use sync_core::card::{Edit, EditError, Plan, Visible};
use sync_core::concierge::guard::{Request, Way};
use sync_core::concierge::rights::Holder;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, EditId, SessionId, ShopId, Timestamp};
use sync_core::notices::bodies::{
    AnswerBody, AnswerState, CaseBody, CaseState, ContactBody, OwnerBody, ResponseBody,
};
use sync_core::notices::{Notice, NoticeBody, NoticeDraft, Subject};
use sync_core::records::{Currency, Record, RecordKind, Sale, SaleLine, SoldAt};

use pool::{MADE, context, fill, template};

pub(crate) const NOW: Timestamp = Timestamp(1_772_352_000_000);
pub(crate) const CUSTOMER: CustomerId = CustomerId([9; 16]);
/// The other card of a customer who has two.
pub(crate) const SECOND: CustomerId = CustomerId([7; 16]);
pub(crate) const HERE: ShopId = ShopId([1; 8]);
pub(crate) const ME: AssociateId = AssociateId([3; 8]);
/// The handheld that is given rights.
pub(crate) const HOLDER: Holder = Holder {
    device: DeviceId([5; 8]),
    session: SessionId([6; 8]),
};
const THERE: ShopId = ShopId([2; 8]);
const OTHER: AssociateId = AssociateId([4; 8]);
const DAY: i64 = Timestamp::DAY_MS;
const TAGS: &[&str] = &["rain", "navy", "travel", "snow", "birthday", "gray"];
const MATERIALS: &[&str] = &["nickel", "wool", "cotton", "leather"];
/// Questions to the guard about each book.
const REQUESTS: usize = 6;
const CATEGORIES: &[&str] = &["coat", "shoe", "bag", "cream"];

/// Everything that is known of one customer and the house, and what the guard is asked.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) cards: BTreeMap<CustomerId, Vec<Plan>>,
    pub(crate) records: Vec<Record>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) requests: Vec<Request>,
    /// What was asked of the hub, on which card.
    asks: Vec<(CustomerId, EditId)>,
    /// What was made on any card, by the name that templates have for it.
    made: Vec<(&'static str, EditId)>,
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
        book.write_card(CUSTOMER, random);
        if random.below(3) == 0 {
            book.write_card(SECOND, random);
            book.link(random);
        }
        for _ in 0..random.below(5) {
            book.sell(random);
        }
        book.furnish(random);
        book.rule(random);
        book.permit(random);
        book.report(random);
        book.ask_the_guard(random);
        book
    }

    /// A card that this is about: one of the customer's.
    fn card(&self, random: &mut SeededEntropy) -> CustomerId {
        let cards: Vec<_> = self.cards.keys().copied().collect();
        *random.pick(&cards).unwrap()
    }

    /// Two colleagues write, each seeing the other only now and then.
    fn write_card(&mut self, customer: CustomerId, random: &mut SeededEntropy) {
        self.cards.insert(customer, Vec::new());
        let mut seen = [Visible::default(), Visible::default()];
        for number in 0..5 + random.below(12) {
            let side = usize::try_from(random.below(2)).unwrap();
            let template = if number == 0 {
                r#"{"edit":"create_customer","name":{"given":"Ana"}}"#
            } else {
                template(random)
            };
            let context = context(customer, side, random);
            let plan = |edit: &Edit| edit.plan(&context, &seen[side]);
            let Some(plan) = self.write((customer, template), random, plan) else {
                continue;
            };
            seen[side].write(&plan);
            if number == 0 || random.percent(40) {
                for plan in &self.cards[&customer] {
                    seen[0].write(plan);
                    seen[1].write(plan);
                }
            }
        }
    }

    /// Keeps what a template becomes, where it can be written now.
    fn write(
        &mut self,
        (customer, template): (CustomerId, &str),
        random: &mut SeededEntropy,
        plan: impl FnOnce(&Edit) -> Result<Plan, EditError>,
    ) -> Option<Plan> {
        let edit = fill(template, &self.made, random)?;
        let edit: Edit = serde_json::from_str(&edit).unwrap();
        let plan = plan(&edit).ok()?;
        for (name, begins) in MADE {
            if template.contains(begins) {
                self.made.push((name, plan.edit));
            }
        }
        if matches!(edit, Edit::Ask(_)) {
            self.asks.push((customer, plan.edit));
        }
        self.cards.get_mut(&customer).unwrap().push(plan.clone());
        Some(plan)
    }

    fn visible(&self) -> BTreeMap<CustomerId, Visible> {
        let cards = self.cards.iter().map(|(card, plans)| {
            let mut visible = Visible::default();
            plans.iter().for_each(|plan| visible.write(plan));
            (*card, visible)
        });
        cards.collect()
    }

    /// Somebody says that both cards are one person; somebody else may say so too, or that they are not; then people write of the person.
    fn link(&mut self, random: &mut SeededEntropy) {
        let (one, other) = if random.percent(50) {
            (CUSTOMER, SECOND)
        } else {
            (SECOND, CUSTOMER)
        };
        self.say((one, other), "same", random);
        match random.below(10) {
            0..3 => self.say((other, one), "same", random),
            3 => self.say((other, one), "different", random),
            _ => {}
        }
        for _ in 0..random.below(4) {
            let cards = self.visible();
            let component = Component::of(CUSTOMER, |card| {
                Ok::<_, EditError>(cards.get(&card).map(links))
            });
            let component = component.unwrap();
            let oldest = *by_age(&cards).first().unwrap();
            let side = usize::try_from(random.below(2)).unwrap();
            let context = context(oldest, side, random);
            let via = Via {
                component: &component,
                cards: &cards,
            };
            let template = template(random);
            self.write((oldest, template), random, |edit| {
                edit.plan_via(&context, via)
            });
        }
    }

    fn say(
        &mut self,
        (card, other): (CustomerId, CustomerId),
        sameness: &str,
        random: &mut SeededEntropy,
    ) {
        let template = format!(
            r#"{{"edit":"link_customers","other":"{other}","sameness":"{sameness}","evidence":["said"]}}"#
        );
        let visible = self.visible();
        let context = context(card, 0, random);
        let said = self.write((card, &template), random, |edit| {
            edit.plan(&context, &visible[&card])
        });
        assert!(said.is_some(), "{template}");
    }

    /// What is asked of the guard: some of all that could be.
    fn ask_the_guard(&mut self, random: &mut SeededEntropy) {
        let channels = [
            Channel::Call,
            Channel::Sms,
            Channel::Email,
            Channel::Whatsapp,
            Channel::Post,
        ];
        let purposes = [
            Purpose::Care,
            Purpose::Sell,
            Purpose::Event,
            Purpose::Service,
        ];
        for _ in 0..REQUESTS {
            self.requests.push(Request {
                channel: *random.pick(&channels).unwrap(),
                purpose: *random.pick(&purposes).unwrap(),
                content: random.percent(30).then(|| "autumn".to_owned()),
                is_reply: random.percent(30),
                way: *random.pick(&[Way::Direct, Way::ThroughHub]).unwrap(),
                ask: self.asks.first().map(|(_, ask)| *ask),
            });
        }
    }

    fn sell(&mut self, random: &mut SeededEntropy) {
        let at = days(random, -200, 0);
        let kind = if random.percent(20) {
            RecordKind::Return
        } else {
            RecordKind::Purchase
        };
        let customer = self.card(random);
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
                customer,
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

    /// What other systems and the hub say of the customer.
    fn report(&mut self, random: &mut SeededEntropy) {
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
            let subject = Subject::Customer(self.card(random));
            self.post(subject, &format!("desk:{number}"), (NOW, 1), &case);
        }
        for number in 0..random.below(3) {
            let subject = Subject::Customer(self.card(random));
            let contact = contact(random);
            self.post(subject, &format!("crm:{number}"), (NOW, 1), &contact);
        }
        if random.percent(40) {
            let response = ResponseBody {
                to: "care check".to_owned(),
                channel: Some("email".to_owned()),
                at: days(random, -40, 0),
                words: Some("it fits".to_owned()),
                score: Some(80),
            };
            let subject = Subject::Customer(self.card(random));
            self.post(subject, "survey:1", (NOW, 1), &response);
        }
        if random.percent(60) {
            let owner = *random.pick(&[ME, OTHER]).unwrap();
            let body = OwnerBody {
                owner,
                since: days(random, -60, 0),
            };
            let subject = Subject::Customer(self.card(random));
            self.post(subject, "", (NOW, 1), &body);
        }
        for (card, ask) in self.asks.clone() {
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
                let subject = Subject::Customer(card);
                self.post(subject, &ask.to_string(), (as_of, 1), &answer);
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

fn contact(random: &mut SeededEntropy) -> ContactBody {
    let (channel, purpose) = *random
        .pick(&[("email", "care"), ("sms", "sell"), ("call", "care")])
        .unwrap();
    let act = *random
        .pick(&[None, Some("thank_you"), Some("advice"), Some("care_check")])
        .unwrap();
    ContactBody {
        channel: Some(channel.to_owned()),
        purpose: Some(purpose.to_owned()),
        at: days(random, -40, 0),
        by_customer: random.percent(30),
        summary: Some("newsletter".to_owned()),
        content: random.percent(30).then(|| "autumn".to_owned()),
        by: None,
        act: act.map(str::to_owned),
    }
}
