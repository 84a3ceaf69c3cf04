//! What the concierge says, in the language of whoever reads it.
//!
//! Everything that is worded here is typed before: a line of the brief, an entry of the ledger, what is due. A language is one file of phrases
//! beside this one. A phrase is a template: `{name}` stands for a field, `{of:name}` for the field as something belongs to it
//! (`de Léa`, `d’Anne`), which the language's grammar decides.
//!
//! # Adding a language
//! Add it to [`Language`]; the compiler then asks for its file of phrases and for its list of the note linter.
//! The tests beside the brief hold it to the rest: every field of a line is said, nothing is empty, and the budget of words is kept.
//!
//! # Invariants
//! - Every phrase exists in every language: a missing one does not compile.
//! - What people wrote stands in a phrase as they wrote it.

mod english;
mod french;

use super::ledger::EntryKind;
use super::today::DueKind;
use crate::card::terms::{NamePart, OccasionKind, Polarity, ServiceMode, Severity};

/// A language that the concierge speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
}

macro_rules! topics {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// What a question of the brief is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Topic { $($(#[$doc])* $variant,)+ }

        impl Topic {
            /// All of them.
            #[cfg(test)]
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its stable name, as the line's argument.
            pub(super) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            pub(super) fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

topics! {
    /// A part of the name.
    Name = "name",
    /// A size.
    Size = "size",
    /// What is liked or not.
    Preference = "preference",
    /// Whether it is liked.
    Polarity = "polarity",
    /// Whether there is an allergy.
    Allergy = "allergy",
    /// How much company.
    ServiceMode = "service_mode",
    /// The language.
    Language = "language",
    /// How to reach them.
    Channels = "channels",
    /// The date of an occasion.
    Occasion = "occasion",
    /// The words of a wish.
    Wish = "wish",
    /// Whether they come.
    Invitation = "invitation",
}

/// What was asked of the hub for the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Appointment,
    Reservation,
    Seat,
}

/// What the hub answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Confirmed,
    Countered,
    Refused,
}

/// Everything that is said. The fields of each stand in the English phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phrase {
    Allergy,
    AllergyDisputed,
    Severity(Severity),
    Never,
    /// A subject with its value.
    About,
    DoNotContact,
    Paused,
    Quick,
    LeaveAlone,
    OwnerOnly,
    OwnerUnknown,
    Guarded,
    Secret,
    Complaint,
    Disliked,
    Avoid,
    /// Form of address and the last thread.
    Greeting,
    /// The last thread alone.
    Thread,
    Promise,
    PromiseToday,
    PromiseOverdue,
    PromiseDue,
    Answered(Asked, Answer),
    /// What the hub answered, then when and in which words.
    Told,
    Recovery,
    RecoverySince,
    /// A complaint that names no article.
    WhatWentWrong,
    Mark,
    MarkAsk,
    Day(OccasionKind),
    DayOf,
    Suggestion,
    WishHere,
    WishCheck,
    WishElsewhere,
    WishToday,
    WishArriving,
    /// How old a count is.
    Counted,
    Need,
    Ask,
    Topic(Topic),
    /// Between two options.
    Or,
    NamePart(NamePart),
    Mode(ServiceMode),
    Polarity(Polarity),
    ConfirmLikes,
    ConfirmAvoids,
    ConfirmSize,
    Reaction,
    Today,
    In,
    TodayAt,
    InAt,
    /// A time of day; on the hour it is the second.
    Clock,
    OnTheHour,
    /// So many days; whether it is one, as the language counts.
    Days(bool),
    Ledger,
    LedgerNothing,
    /// So many entries; whether it is one.
    Entry(EntryKind, bool),
    /// What is due and has no words of its own.
    Due(DueKind),
    /// What a guest thought of an event.
    DueOfGuest,
}

impl Language {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::English, Self::French];

    /// Its two letters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// The language of a tag such as `fr`, `fr-CA` or `fr_FR.UTF-8`; English for a language that the concierge does not speak.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        let code = tag.trim().split(['-', '_', '.', '@']).next();
        let code = code.unwrap_or_default();
        let mut all = Self::ALL.iter().copied();
        all.find(|one| one.code().eq_ignore_ascii_case(code))
            .unwrap_or(Self::English)
    }

    /// What is due, where it has no words of its own.
    #[must_use]
    pub fn due(self, kind: DueKind) -> String {
        self.say(Phrase::Due(kind), &[])
    }

    /// What is due of a guest of an event: that somebody writes down what they thought of it.
    #[must_use]
    pub fn due_of_guest(self, event: &str) -> String {
        self.say(Phrase::DueOfGuest, &[("event", event)])
    }

    /// A phrase with its fields.
    pub(super) fn say(self, phrase: Phrase, fields: &[(&str, &str)]) -> String {
        let mut said = String::new();
        let mut rest = self.template(phrase);
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(&self.spaced(before));
            let Some((name, after)) = after.split_once('}') else {
                break;
            };
            let (belongs, name) = match name.strip_prefix("of:") {
                Some(name) => (true, name),
                None => (false, name),
            };
            let field = fields.iter().find(|(known, _)| *known == name);
            let text = field.map_or("", |(_, text)| *text);
            if belongs {
                said.push_str(&self.of_something(text));
            } else {
                said.push_str(text);
            }
            rest = after;
        }
        said.push_str(&self.spaced(rest));
        said
    }

    /// So many days.
    pub(super) fn days(self, count: &str) -> String {
        let is_one = count.parse().is_ok_and(|count| self.is_one(count));
        self.say(Phrase::Days(is_one), &[("count", count)])
    }

    /// Whether so many of something are one of it.
    pub(super) const fn is_one(self, count: usize) -> bool {
        match self {
            Self::English => count == 1,
            Self::French => count < 2,
        }
    }

    const fn template(self, phrase: Phrase) -> &'static str {
        match self {
            Self::English => english::template(phrase),
            Self::French => french::template(phrase),
        }
    }

    /// A piece of a template with the spaces that its punctuation needs.
    fn spaced(self, piece: &str) -> String {
        match self {
            Self::English => piece.to_owned(),
            Self::French => french::spaced(piece),
        }
    }

    fn of_something(self, text: &str) -> String {
        match self {
            Self::English => format!("of {text}"),
            Self::French => french::of_something(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_language_and_an_unknown_one_is_english() {
        for tag in ["fr", "FR", "fr-CA", "fr_FR.UTF-8", " fr@euro"] {
            assert_eq!(Language::of(tag), Language::French, "{tag}");
        }
        for tag in ["en-GB", "de", "zh-Hans", "frr", "C", ""] {
            assert_eq!(Language::of(tag), Language::English, "{tag}");
        }
        for language in Language::ALL {
            assert_eq!(Language::of(language.code()), *language);
        }
    }

    #[test]
    fn what_people_wrote_is_no_template() {
        let said = Language::French.say(Phrase::Promise, &[("what", "rendre {days} : ok")]);
        assert_eq!(said, "Promesse\u{a0}: rendre {days} : ok");
    }
}
