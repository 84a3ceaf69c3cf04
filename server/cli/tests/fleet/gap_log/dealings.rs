//! What is made up around the log of a real shop, from a seed, and labelled synthetic wherever it is shown.
//!
//! Everybody is thanked and asked how it does, now and then. A circle of customers also comes by, talks, wishes, complains and is promised
//! things: what the log has no trace of, and twelve of the playbook's items ask for. Who buys more gets more, as in real shops.

use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::ids::{EditId, Timestamp};

use super::{HOUR, SOURCE, end_of_log};
use crate::real_log::{Facts, facts_of, midnight};

const DAY: i64 = Timestamp::DAY_MS;

/// A dealing that was made up.
#[derive(Debug, Clone)]
pub(super) struct Dealing {
    pub(super) customer: String,
    pub(super) kind: &'static str,
    pub(super) at: Timestamp,
    /// What names it: an edit's id, or a notice's key.
    pub(super) key: String,
    /// What it is about: the visit, the promise, a date; `-` for nothing.
    pub(super) about: String,
}

/// What happens to one customer.
struct Life<'a> {
    chance: &'a mut SeededEntropy,
    made: &'a mut Vec<Dealing>,
    customer: &'a str,
    is_good: bool,
    /// The day of the first purchase.
    first: Timestamp,
}

/// Everything that is made up.
pub(super) fn dealings(log: &str) -> Vec<Dealing> {
    let facts = facts_of(log);
    let mut made = Vec::new();
    after_purchases(log, &facts, &mut made);
    let mut chance = SeededEntropy::new(1_997);
    for (customer, spent) in &facts {
        let number: u64 = customer.parse().unwrap();
        let is_good = spent.cents > 70_000;
        if !(number.is_multiple_of(40) || (is_good && number.is_multiple_of(4))) {
            continue;
        }
        let mut life = Life {
            chance: &mut chance,
            made: &mut made,
            customer,
            is_good,
            first: spent.first,
        };
        life.visits();
        life.between_visits();
    }
    made.retain(|one| one.at <= end_of_log());
    made
}

/// Thanks, questions and answers after each purchase.
fn after_purchases(log: &str, facts: &Facts, made: &mut Vec<Dealing>) {
    let mut chance = SeededEntropy::new(1_998);
    for line in log.lines().skip(1) {
        let fields: Vec<_> = line.split_whitespace().collect();
        let customer = fields[0];
        let mut life = Life {
            chance: &mut chance,
            made,
            customer,
            is_good: facts[customer].cents > 30_000,
            first: midnight(fields[1].parse().unwrap()),
        };
        if life.happens(60, 25) {
            let at = life.first.plus_ms(life.draw(160 * HOUR));
            life.tell("thank_you", at);
        }
        if life.happens(35, 8) {
            let asked = life.first.plus_ms(240 * HOUR + life.draw(900 * HOUR));
            life.tell("care_check", asked);
            if life.draw(100) < 70 {
                let at = asked.plus_ms(life.draw(200 * HOUR));
                life.tell("response", at);
            }
        }
    }
}

impl Life<'_> {
    fn draw(&mut self, below: i64) -> i64 {
        let below = u64::try_from(below).unwrap();
        i64::try_from(self.chance.below(below)).unwrap()
    }

    fn happens(&mut self, to_good: i64, to_others: i64) -> bool {
        let percent = if self.is_good { to_good } else { to_others };
        self.draw(100) < percent
    }

    fn add(&mut self, kind: &'static str, at: Timestamp, (key, about): (String, String)) {
        self.made.push(Dealing {
            customer: self.customer.to_owned(),
            kind,
            at,
            key,
            about,
        });
    }

    /// What another system tells.
    fn tell(&mut self, kind: &'static str, at: Timestamp) -> String {
        let key = format!("{SOURCE}:{}", self.made.len());
        self.add(kind, at, (key.clone(), "-".to_owned()));
        key
    }

    /// What somebody writes on the card.
    fn write(&mut self, kind: &'static str, at: Timestamp, about: &str) -> String {
        let mut id = [0; 10];
        self.chance.fill(&mut id);
        let key = EditId(id).to_string();
        self.add(kind, at, (key.clone(), about.to_owned()));
        key
    }

    fn visits(&mut self) {
        let mut at = self.first.plus_ms(10 * HOUR);
        for number in 0..=self.draw(4) {
            at = at.plus_ms((4 + self.draw(80)) * DAY);
            let visit = self.write("visit", at, "-");
            if self.happens(80, 45) {
                self.write("recognized", at, &visit);
            }
            if self.happens(70, 40) {
                self.write("reaction", at, &visit);
            }
            for _ in 0..self.draw(4) {
                self.write("honored", at, &visit);
            }
            if self.happens(20, 8) {
                self.write("alteration", at, &visit);
            }
            for _ in 0..self.draw(if self.is_good { 5 } else { 4 }) {
                self.write("preference", at, "-");
            }
            self.loops(at);
            if number == 0 {
                self.wish(at);
                self.birthday(at);
            }
        }
    }

    /// What has to close again: a promise, a suggestion, a need.
    fn loops(&mut self, at: Timestamp) {
        if self.happens(60, 40) {
            let due = Timestamp((at.days() + 3 + self.draw(20)) * DAY);
            let promise = self.write("promise", at, &due.0.to_string());
            if self.happens(90, 70) {
                let kept = at.plus_ms(self.draw(40) * DAY);
                self.write("kept", kept, &promise);
            }
        }
        for (begun, ended, days) in [("suggestion", "answered", 80), ("need", "advised", 35)] {
            if self.happens(50, 35) {
                let key = self.write(begun, at, "-");
                if self.happens(85, 65) {
                    let then = at.plus_ms(self.draw(days) * DAY);
                    self.write(ended, then, &key);
                }
            }
        }
    }

    fn wish(&mut self, at: Timestamp) {
        if self.happens(60, 40) {
            self.write("wish", at, "-");
            if self.happens(85, 60) {
                let told = at.plus_ms(self.draw(200 * HOUR));
                self.tell("wish_told", told);
            }
        }
    }

    fn birthday(&mut self, at: Timestamp) {
        if !self.happens(60, 50) {
            return;
        }
        let (month, day) = (1 + self.draw(12), 1 + self.draw(28));
        self.write("birthday", at, &format!("{month}-{day}"));
        for year in [1_997, 1_998] {
            if self.happens(85, 55) {
                let midnight = midnight(year * 10_000 + month * 100 + day);
                let then = midnight.plus_ms(self.draw(14 * DAY) - 9 * DAY);
                self.tell("occasion", then);
            }
        }
    }

    fn between_visits(&mut self) {
        if self.happens(50, 40) {
            let since = self.first.plus_ms((20 + self.draw(200)) * DAY);
            self.tell("owner", since);
            if self.happens(85, 60) {
                let then = since.plus_ms(self.draw(35 * DAY));
                self.tell("handover", then);
            }
        }
        if self.happens(60, 40) {
            let opened = self.first.plus_ms(self.draw(300 * DAY));
            let case = self.tell("complaint", opened);
            if self.happens(90, 70) {
                let solved = opened.plus_ms(self.draw(210 * HOUR));
                self.add("solved", solved, (format!("{case}/solved"), case));
            }
        }
    }
}
