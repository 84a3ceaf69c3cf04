//! What associates wrote down of an invented customer over the years.

use sync_core::authority::HubEdit;
use sync_core::card::edit::{EndpointInput, Evidence};
use sync_core::card::terms::{
    Agreement, Channel, ConsentEvent, ConsentMethod, EndpointKind, NamePart, Purpose, ServiceMode,
};
use sync_core::card::{Edit, Source};
use sync_core::crypto::sha256;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, EditId, Timestamp};

use super::Boutique;
use super::spend::Habits;
use super::words::{Locale, NameOrder, locales};

mod shop;

/// The edits of customer number `index`, oldest first.
pub(super) fn edits(
    chance: &mut SeededEntropy,
    habits: &Habits,
    boutique: &Boutique,
    index: u32,
) -> Vec<HubEdit> {
    let locale = draw_locale(chance);
    let mut life = Life {
        customer: boutique.customer_id(index),
        since_days: 30 + chance.below(1_800),
        now: boutique.now,
        locale,
        chance,
        agreed: false,
        edits: Vec::new(),
    };
    life.begin();
    life.consent();
    life.manner();
    life.allergy();
    life.tastes();
    life.sizes();
    life.visits(habits.visits);
    life.notes();
    life.days();
    life.promises();
    life.wishes();
    life.edits
}

fn draw_locale(chance: &mut SeededEntropy) -> &'static Locale {
    let total = locales().map(|locale| locale.weight).sum();
    let mut drawn = chance.below(total);
    for locale in locales() {
        match drawn.checked_sub(locale.weight) {
            Some(rest) => drawn = rest,
            None => return locale,
        }
    }
    unreachable!("a draw below the sum of the weights falls on one of them")
}

struct Life<'a> {
    chance: &'a mut SeededEntropy,
    locale: &'static Locale,
    customer: CustomerId,
    /// Days since the customer first came.
    since_days: u64,
    now: Timestamp,
    /// Whether they agreed to a relationship: without it nothing is concluded about them.
    agreed: bool,
    edits: Vec<HubEdit>,
}

impl Life<'_> {
    fn moment(&self, days_ago: u64) -> Timestamp {
        self.now.plus_ms(-signed(days_ago) * Timestamp::DAY_MS)
    }

    fn add(&mut self, days_ago: u64, source: Source, edit: Edit) -> EditId {
        let number = u32::try_from(self.edits.len()).unwrap_or(u32::MAX);
        let digest = sha256(
            "boutique.edit.v1",
            &[self.customer.as_bytes(), &number.to_be_bytes()],
        );
        let id = EditId(*digest.0.first_chunk().expect("a digest has 32 bytes"));
        let as_of = Some(self.moment(days_ago));
        self.edits.push(HubEdit {
            id,
            edit,
            source,
            as_of,
        });
        id
    }

    fn word(&mut self, words: &'static [&'static str]) -> &'static str {
        self.chance.pick(words).copied().unwrap_or_default()
    }

    /// A sentence from one of the templates.
    fn sentence(&mut self, templates: &'static [&'static str]) -> String {
        let (item, color) = (self.word(self.locale.items), self.word(self.locale.colors));
        let event = self.word(self.locale.events);
        self.word(templates)
            .replace("{item}", item)
            .replace("{color}", color)
            .replace("{event}", event)
    }

    /// A day within the time the customer is known.
    fn some_day(&mut self) -> u64 {
        self.chance.below(self.since_days)
    }

    fn begin(&mut self) {
        let locale = self.locale;
        let is_woman = self.chance.percent(62);
        let given = self.word(if is_woman { locale.women } else { locale.men });
        let (family, mail) = self.chance.pick(locale.family).copied().unwrap_or_default();
        let [madam, sir] = locale.salutations;
        let mut name = std::collections::BTreeMap::from([
            (NamePart::Given, given.to_owned()),
            (NamePart::Family, family.to_owned()),
            (
                NamePart::Salutation,
                if is_woman { madam } else { sir }.to_owned(),
            ),
        ]);
        match locale.order {
            NameOrder::GivenFirst => {}
            NameOrder::FamilyFirst => {
                name.insert(NamePart::Display, format!("{family} {given}"));
            }
            NameOrder::Joined => {
                name.insert(NamePart::Display, format!("{family}{given}"));
            }
        }
        let mut endpoints = Vec::new();
        if self.chance.percent(90) {
            let value = self.phone();
            endpoints.push(EndpointInput {
                kind: EndpointKind::Phone,
                value,
            });
        }
        if self.chance.percent(70) {
            let number = self.chance.below(10_000);
            let value = format!("{mail}.{number}@example.com");
            endpoints.push(EndpointInput {
                kind: EndpointKind::Email,
                value,
            });
        }
        let since = Some(self.moment(self.since_days));
        let language = Some(locale.tag.to_owned());
        self.add(
            self.since_days,
            Source::Stated,
            Edit::CreateCustomer {
                name,
                language,
                endpoints,
                since,
            },
        );
    }

    fn phone(&mut self) -> String {
        let bound = 10_u64.pow(self.locale.digits);
        let width = usize::try_from(self.locale.digits).unwrap_or(0);
        format!("{}{:0width$}", self.locale.prefix, self.chance.below(bound))
    }

    fn consent(&mut self) {
        let day = self.since_days;
        if self.chance.percent(70) {
            let (method, channel) = if self.chance.percent(50) {
                (ConsentMethod::Signature, Channel::Sms)
            } else {
                (ConsentMethod::WebForm, Channel::Email)
            };
            let mut purposes = vec![Purpose::Service];
            if self.chance.percent(60) {
                purposes.push(Purpose::Sell);
            }
            let grant = Edit::RecordConsent {
                channel: Some(channel),
                purposes,
                event: ConsentEvent::Grant,
                evidence: proof(method),
            };
            self.add(day, Source::CustomerEntered, grant);
            if self.chance.percent(6) {
                let stop = Edit::RecordConsent {
                    channel: Some(channel),
                    purposes: vec![Purpose::Sell],
                    event: ConsentEvent::Withdraw,
                    evidence: proof(ConsentMethod::Message),
                };
                self.add(day / 2, Source::CustomerEntered, stop);
            }
        }
    }

    fn manner(&mut self) {
        let day = self.since_days;
        if self.chance.percent(55) {
            let declined = self.chance.percent(8);
            let state = if declined {
                Agreement::Declined
            } else {
                Agreement::Agreed
            };
            self.agreed = !declined;
            self.add(
                day,
                Source::CustomerEntered,
                Edit::SetAgreement {
                    state,
                    evidence: proof(ConsentMethod::Signature),
                },
            );
        }
        if self.chance.percent(50) {
            let modes = [
                ServiceMode::Concierge,
                ServiceMode::Guided,
                ServiceMode::Guided,
                ServiceMode::Quick,
                ServiceMode::LeaveAlone,
            ];
            let mode = self
                .chance
                .pick(&modes)
                .copied()
                .unwrap_or(ServiceMode::Guided);
            self.add(day, Source::Stated, Edit::SetServiceMode { mode });
        }
        if self.chance.percent(1) {
            let reason = Some("asked for it in writing".to_owned());
            self.add(
                day / 3,
                Source::CustomerEntered,
                Edit::BlockContact { reason },
            );
        }
    }
}

fn proof(method: ConsentMethod) -> Option<Evidence> {
    Some(Evidence {
        text_version: "2024-03".to_owned(),
        method,
        reference: None,
    })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
