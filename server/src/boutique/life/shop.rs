//! What came of visits: tastes, sizes, notes, promises, wishes.

use sync_core::card::terms::{
    Channel, InteractionKind, OccasionKind, Place, Polarity, PromiseStatus, Sentiment, Severity,
};
use sync_core::card::{Edit, Source};
use sync_core::ids::Timestamp;

use super::super::spend::sku;
use super::{Life, signed};

const ALLERGIES: [&str; 8] = [
    "nickel",
    "latex",
    "wool",
    "nuts",
    "perfume",
    "lanolin",
    "formaldehyde",
    "gluten",
];
const TAGS: [&str; 8] = [
    "runway",
    "bespoke",
    "gifts",
    "travel",
    "press",
    "collector",
    "local",
    "student",
];
const SIZES: [(&str, &str, &[&str]); 4] = [
    (
        "shoe",
        "EU",
        &["36", "37", "37.5", "38", "39", "40", "41", "42", "43", "44"],
    ),
    ("dress", "FR", &["34", "36", "38", "40", "42", "44"]),
    ("jacket", "IT", &["44", "46", "48", "50", "52", "54"]),
    ("ring", "FR", &["49", "51", "52", "54", "56", "60"]),
];

impl Life<'_> {
    pub(in crate::boutique::life) fn allergy(&mut self) {
        let day = self.some_day();
        if self.chance.percent(4) {
            let substance = self.word(&ALLERGIES).to_owned();
            let grades = [Severity::Mild, Severity::Serious, Severity::Dangerous];
            let severity = self
                .chance
                .pick(&grades)
                .copied()
                .unwrap_or(Severity::Serious);
            self.add(
                day,
                Source::Stated,
                Edit::RecordAllergy {
                    substance,
                    severity,
                    cause: None,
                },
            );
        }
    }

    pub(in crate::boutique::life) fn tastes(&mut self) {
        let day = self.some_day();
        for _ in 0..1 + self.chance.below(3) {
            let (kind, subject, value) = match self.chance.below(3) {
                0 => (
                    "color",
                    self.word(self.locale.items),
                    self.word(self.locale.colors),
                ),
                1 => (
                    "material",
                    self.word(self.locale.items),
                    self.word(self.locale.fabrics),
                ),
                _ => ("drink", self.word(self.locale.drinks), ""),
            };
            let ways = [
                Polarity::Like,
                Polarity::Like,
                Polarity::Like,
                Polarity::Avoid,
                Polarity::Never,
            ];
            let polarity = self.chance.pick(&ways).copied().unwrap_or(Polarity::Like);
            let (kind, subject) = (kind.to_owned(), subject.to_owned());
            let value = (!value.is_empty()).then(|| value.to_owned());
            let (day, observed) = (self.some_day(), self.chance.percent(25));
            if observed && self.agreed {
                self.add(
                    day,
                    Source::Observed,
                    Edit::ObservePreference {
                        kind,
                        subject,
                        value,
                        polarity,
                    },
                );
            } else if !observed {
                self.add(
                    day,
                    Source::Stated,
                    Edit::SetPreference {
                        kind,
                        subject,
                        value,
                        polarity,
                    },
                );
            }
        }
        if self.chance.percent(30) {
            let tag = self.word(&TAGS).to_owned();
            let source = if self.agreed {
                Source::Typed
            } else {
                Source::Stated
            };
            self.add(day, source, Edit::Tag { tag });
        }
    }

    pub(in crate::boutique::life) fn sizes(&mut self) {
        let day = self.some_day();
        for (category, system, sizes) in SIZES {
            if self.chance.percent(45) {
                let size = Some(self.word(sizes).to_owned());
                let (category, system) = (category.to_owned(), system.to_owned());
                self.add(
                    day,
                    Source::Stated,
                    Edit::SetSize {
                        category,
                        system,
                        brand: None,
                        size,
                    },
                );
            }
        }
    }

    pub(in crate::boutique::life) fn visits(&mut self, count: u64) {
        let mut days: Vec<_> = (0..count).map(|_| 1 + self.some_day()).collect();
        days.sort_unstable_by(|one, other| other.cmp(one));
        for day in days {
            let visit = self.add(day, Source::Typed, Edit::Arrive { with: None });
            if self.chance.percent(30) {
                let summary = self.sentence(self.locale.notes);
                self.add(day, Source::Typed, Edit::Capture { visit, summary });
            }
            if self.chance.percent(25) {
                let moods = [
                    Sentiment::Disliked,
                    Sentiment::Neutral,
                    Sentiment::Liked,
                    Sentiment::Loved,
                ];
                let sentiment = self
                    .chance
                    .pick(&moods)
                    .copied()
                    .unwrap_or(Sentiment::Liked);
                let sku = sku(self.chance);
                self.add(
                    day,
                    Source::Observed,
                    Edit::RecordReaction {
                        interaction: Some(visit),
                        sku,
                        sentiment,
                        words: None,
                    },
                );
            }
            let summary =
                Some(self.sentence(self.locale.threads)).filter(|_| self.chance.percent(60));
            self.add(day, Source::Typed, Edit::Leave { visit, summary });
        }
        if self.chance.percent(20) {
            let call = Edit::RecordInteraction {
                kind: InteractionKind::Call,
                visit: None,
                channel: Some(Channel::Call),
                sku: None,
                by_customer: self.chance.percent(40),
                summary: Some(self.sentence(self.locale.threads)),
                act: None,
                about: None,
                spent: None,
            };
            let day = self.some_day();
            self.add(day, Source::Typed, call);
        }
    }

    pub(in crate::boutique::life) fn notes(&mut self) {
        for _ in 0..1 + self.chance.below(3) {
            let body = self.sentence(self.locale.notes);
            let place = if self.chance.percent(15) {
                Place::Shop
            } else {
                Place::Card
            };
            let day = self.some_day();
            self.add(
                day,
                Source::Typed,
                Edit::AddNote {
                    place,
                    body,
                    title: None,
                    label: None,
                },
            );
        }
    }

    pub(in crate::boutique::life) fn days(&mut self) {
        let kinds = [
            (OccasionKind::Birthday, 55),
            (OccasionKind::Anniversary, 15),
            (OccasionKind::NameDay, 6),
        ];
        for (kind, share) in kinds {
            if !self.chance.percent(share) {
                continue;
            }
            let mut part = |bound: u64| u8::try_from(1 + self.chance.below(bound)).ok();
            let (month, day) = (part(12), part(28));
            let celebrate = self.chance.percent(60).then(|| !self.chance.percent(20));
            let when = self.some_day();
            self.add(
                when,
                Source::Stated,
                Edit::SetOccasion {
                    kind,
                    person: None,
                    year: None,
                    month,
                    day,
                    celebrate,
                },
            );
        }
    }

    pub(in crate::boutique::life) fn promises(&mut self) {
        for _ in 0..self.chance.below(3) {
            let what = self.sentence(self.locale.promises);
            let made = self.some_day();
            // Due one to three weeks after it was made; old ones were mostly kept.
            let due = self
                .moment(made)
                .plus_ms(signed(7 + self.chance.below(15)) * Timestamp::DAY_MS);
            let promise = self.add(
                made,
                Source::Typed,
                Edit::MakePromise {
                    what,
                    due: Some(due),
                    assignee: None,
                },
            );
            if made > 21 && self.chance.percent(93) {
                let status = if self.chance.percent(90) {
                    PromiseStatus::Done
                } else {
                    PromiseStatus::Cancelled
                };
                self.add(
                    made.saturating_sub(10),
                    Source::Typed,
                    Edit::SetPromiseStatus { promise, status },
                );
            }
        }
    }

    pub(in crate::boutique::life) fn wishes(&mut self) {
        for _ in 0..self.chance.below(3) {
            let note = Some(format!(
                "{}, {}",
                self.word(self.locale.items),
                self.word(self.locale.colors)
            ));
            let (day, sku) = (self.some_day(), sku(self.chance));
            self.add(
                day,
                Source::Stated,
                Edit::AddWish {
                    sku,
                    quantity: None,
                    note,
                    surprise_until: None,
                },
            );
        }
    }
}
