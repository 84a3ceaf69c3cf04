//! A line in words, in any language that the concierge speaks: which phrase says it, with which fields.

use super::{Line, LineKind, OPTIONS_APART};
use crate::card::terms::{NamePart, OccasionKind, Polarity, ServiceMode, Severity};
use crate::concierge::words::{Answer, Asked, Language, Phrase, Topic};

/// A line in the language of whoever reads it.
#[must_use]
pub fn render(line: &Line, language: Language) -> String {
    Spoken { line, language }.text()
}

struct Spoken<'a> {
    line: &'a Line,
    language: Language,
}

impl<'a> Spoken<'a> {
    fn text(&self) -> String {
        match self.line.kind {
            LineKind::Allergy => self.allergy(),
            LineKind::Never => self.about_as(Phrase::Never),
            LineKind::DoNotContact => self.say(Phrase::DoNotContact),
            LineKind::Paused => self.with(Phrase::Paused, &[("days", &self.days())]),
            LineKind::Mode if self.get("mode") == ServiceMode::Quick.as_str() => {
                self.say(Phrase::Quick)
            }
            LineKind::Mode => self.say(Phrase::LeaveAlone),
            LineKind::OwnerOnly if self.get("name").is_empty() => self.say(Phrase::OwnerUnknown),
            LineKind::OwnerOnly => self.with(Phrase::OwnerOnly, &[("name", self.get("name"))]),
            LineKind::Guarded => self.say(Phrase::Guarded),
            LineKind::Secret => self.article_as(Phrase::Secret),
            LineKind::Complaint => self.say(Phrase::Complaint),
            LineKind::Disliked => self.article_as(Phrase::Disliked),
            LineKind::Avoid => self.about_as(Phrase::Avoid),
            LineKind::Greet => self.greeting(),
            LineKind::Promise => self.promise(),
            LineKind::Answered => self.answered(),
            LineKind::Recovery => self.recovery(),
            LineKind::Occasion => self.occasion(),
            LineKind::Suggestion => {
                let fields = [("what", self.get("what")), ("answer", self.get("answer"))];
                self.with(Phrase::Suggestion, &fields)
            }
            LineKind::Wish => self.wish(),
            LineKind::Need => {
                let fields = [("article", self.article()), ("what", self.get("what"))];
                self.with(Phrase::Need, &fields)
            }
            LineKind::Ask => self.ask(),
            LineKind::Confirm => self.confirm(),
            LineKind::Reaction => self.article_as(Phrase::Reaction),
        }
    }

    /// An argument of the line; empty when it is not known.
    fn get(&self, name: &str) -> &'a str {
        self.line.argument(name)
    }

    fn say(&self, phrase: Phrase) -> String {
        self.language.say(phrase, &[])
    }

    fn with(&self, phrase: Phrase, fields: &[(&str, &str)]) -> String {
        self.language.say(phrase, fields)
    }

    fn allergy(&self) -> String {
        let severity = self.get("severity");
        let known = Severity::parse(severity);
        let severity = known.map_or_else(
            || severity.to_owned(),
            |severity| self.say(Phrase::Severity(severity)),
        );
        let phrase = match self.get("disputed") {
            "" => Phrase::Allergy,
            _ => Phrase::AllergyDisputed,
        };
        let substance = self.get("substance");
        self.with(phrase, &[("substance", substance), ("severity", &severity)])
    }

    /// A subject with its value, where there is one.
    fn about(&self) -> String {
        let (subject, value) = (self.get("subject"), self.get("value"));
        if value.is_empty() {
            return subject.to_owned();
        }
        self.with(Phrase::About, &[("subject", subject), ("value", value)])
    }

    fn about_as(&self, phrase: Phrase) -> String {
        self.with(phrase, &[("about", &self.about())])
    }

    /// The name of an article, its number where there is none.
    fn article(&self) -> &'a str {
        match self.get("name") {
            "" => self.get("sku"),
            name => name,
        }
    }

    fn article_as(&self, phrase: Phrase) -> String {
        self.with(phrase, &[("article", self.article())])
    }

    /// So many days, past or to come.
    fn days(&self) -> String {
        let count = self.get("days").trim_start_matches('-');
        self.language.days(count)
    }

    fn greeting(&self) -> String {
        let (address, thread) = (self.get("address"), self.get("thread"));
        match (address, thread) {
            (address, "") => address.to_owned(),
            ("", thread) => self.with(Phrase::Thread, &[("thread", thread)]),
            _ => self.with(
                Phrase::Greeting,
                &[("address", address), ("thread", thread)],
            ),
        }
    }

    fn promise(&self) -> String {
        let phrase = match self.get("days") {
            "" => Phrase::Promise,
            "0" => Phrase::PromiseToday,
            days if days.starts_with('-') => Phrase::PromiseOverdue,
            _ => Phrase::PromiseDue,
        };
        let fields = [("what", self.get("what")), ("days", &*self.days())];
        self.with(phrase, &fields)
    }

    /// What the hub answered; behind it when, and in which words.
    fn answered(&self) -> String {
        let asked = match self.get("asked") {
            "appointment" => Asked::Appointment,
            "seat" => Asked::Seat,
            _ => Asked::Reservation,
        };
        let answer = match self.get("state") {
            "confirmed" => Answer::Confirmed,
            "countered" => Answer::Countered,
            _ => Answer::Refused,
        };
        let subject = [("subject", self.get("subject"))];
        let head = self.with(Phrase::Answered(asked, answer), &subject);
        let parts = [&*self.moment(), self.get("words")];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() {
            return head;
        }
        let fields = [("head", &*head), ("rest", &*parts.join(", "))];
        self.with(Phrase::Told, &fields)
    }

    /// On which day, and at what time.
    fn moment(&self) -> String {
        let days = self.days();
        let fields = [("days", &*days), ("time", &*self.time())];
        match (self.get("days"), self.get("time")) {
            ("", _) => String::new(),
            ("0", "") => self.say(Phrase::Today),
            ("0", _) => self.with(Phrase::TodayAt, &fields),
            (_, "") => self.with(Phrase::In, &fields),
            _ => self.with(Phrase::InAt, &fields),
        }
    }

    fn time(&self) -> String {
        let Some((hour, minutes)) = self.get("time").split_once(':') else {
            return self.get("time").to_owned();
        };
        let phrase = match minutes {
            "00" => Phrase::OnTheHour,
            _ => Phrase::Clock,
        };
        self.with(phrase, &[("hour", hour), ("minutes", minutes)])
    }

    fn recovery(&self) -> String {
        let article = match self.article() {
            "" => self.say(Phrase::WhatWentWrong),
            article => article.to_owned(),
        };
        let phrase = match self.get("days") {
            "" | "0" => Phrase::Recovery,
            _ => Phrase::RecoverySince,
        };
        self.with(phrase, &[("article", &article), ("days", &self.days())])
    }

    fn occasion(&self) -> String {
        let day = self.day_of(self.get("occasion"), self.get("person"));
        let when = match self.get("days") {
            "" | "0" => self.say(Phrase::Today),
            _ => self.with(Phrase::In, &[("days", &self.days())]),
        };
        let phrase = match self.get("ask") {
            "" => Phrase::Mark,
            _ => Phrase::MarkAsk,
        };
        self.with(phrase, &[("day", &day), ("when", &when)])
    }

    /// A day worth remembering, and whose it is.
    fn day_of(&self, kind: &str, person: &str) -> String {
        let known = OccasionKind::parse(kind);
        let day = known.map_or_else(|| spoken(kind), |kind| self.say(Phrase::Day(kind)));
        if person.is_empty() {
            return day;
        }
        self.with(Phrase::DayOf, &[("day", &day), ("person", person)])
    }

    fn wish(&self) -> String {
        let age = match self.get("hours") {
            "" => String::new(),
            hours => self.with(Phrase::Counted, &[("hours", hours)]),
        };
        let phrase = match self.get("state") {
            "arriving" if self.get("days") == "0" => Phrase::WishToday,
            "arriving" => Phrase::WishArriving,
            "elsewhere" => Phrase::WishElsewhere,
            "check" => Phrase::WishCheck,
            _ => Phrase::WishHere,
        };
        let fields = [
            ("article", self.article()),
            ("quantity", self.get("quantity")),
            ("days", &*self.days()),
            ("shop", self.get("shop")),
            ("age", &*age),
        ];
        self.with(phrase, &fields)
    }

    fn ask(&self) -> String {
        let about = self.get("about");
        let topic = Topic::parse(about);
        let said = match topic {
            Some(topic) => {
                let subject = self.subject(topic);
                self.with(Phrase::Topic(topic), &[("subject", &subject)])
            }
            None => format!("{} {}", spoken(about), self.get("subject")),
        };
        let options = self.get("options").split(OPTIONS_APART);
        let options: Vec<_> = options.map(|option| self.option(topic, option)).collect();
        let options = options.join(&self.say(Phrase::Or));
        let fields = [("topic", said.trim()), ("options", &*options)];
        self.with(Phrase::Ask, &fields)
    }

    /// Of what; a term of the card in words.
    fn subject(&self, topic: Topic) -> String {
        let subject = self.get("subject");
        match topic {
            Topic::Name => NamePart::parse(subject).map_or_else(
                || subject.to_owned(),
                |part| self.say(Phrase::NamePart(part)),
            ),
            Topic::Occasion => {
                let (kind, person) = subject.split_once(' ').unwrap_or((subject, ""));
                self.day_of(kind, person)
            }
            Topic::Size
            | Topic::Preference
            | Topic::Polarity
            | Topic::Allergy
            | Topic::ServiceMode
            | Topic::Language
            | Topic::Channels
            | Topic::Wish
            | Topic::Invitation => subject.to_owned(),
        }
    }

    /// One side of a question; a term of the card in words.
    fn option(&self, topic: Option<Topic>, option: &str) -> String {
        let term = match topic {
            Some(Topic::ServiceMode) => ServiceMode::parse(option).map(Phrase::Mode),
            Some(Topic::Polarity) => Polarity::parse(option).map(Phrase::Polarity),
            _ => None,
        };
        term.map_or_else(|| option.to_owned(), |phrase| self.say(phrase))
    }

    fn confirm(&self) -> String {
        if self.get("kind") == Topic::Size.as_str() {
            return self.about_as(Phrase::ConfirmSize);
        }
        self.about_as(match Polarity::parse(self.get("polarity")) {
            Some(Polarity::Avoid | Polarity::Never) => Phrase::ConfirmAvoids,
            Some(Polarity::Like | Polarity::Dropped) | None => Phrase::ConfirmLikes,
        })
    }
}

/// A name that no term has, as words.
fn spoken(name: &str) -> String {
    name.replace('_', " ")
}
