//! The note linter: what in a note does not belong there, and where it belongs instead.
//!
//! It reads words offline, from lists that people review (`linter/en.txt`, `linter/fr.txt`; `sync-core/design/linter.md` tells their form),
//! and says what it found. The customer may read every note, so the app shows the warnings before a note is kept.
//!
//! # Invariants
//! - It never changes or drops text: it is given a text to look at and answers with spans of it.
//! - The same text and lists give the same warnings, in the order in which they stand.

mod list;
mod numbers;

use std::ops::Range;

use serde::Serialize;

use super::words::Language;
use crate::search::fold::{Spelling, fold};

pub use list::ListError;

macro_rules! categories {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// What should not stand in a note.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Category { $($(#[$doc])* $variant,)+ }

        impl Category {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its stable name, which is also its section in a list.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

categories! {
    /// Illness, disability, pregnancy, medicine.
    Health = "health",
    /// Faith and its signs.
    Religion = "religion",
    /// Looks, age, origin, accent.
    Appearance = "appearance",
    /// Insults and judgments of character.
    Insult = "insult",
    /// Guesses at what somebody owns or earns.
    Wealth = "wealth",
    /// Sexual orientation and gender identity, through a partner too.
    Orientation = "orientation",
    /// Political opinions.
    Politics = "politics",
    /// Union membership.
    Union = "union",
    /// Numbers of identity papers.
    IdNumber = "id_number",
    /// Numbers of payment cards and bank accounts.
    CardNumber = "card_number",
}

/// What to do instead of writing it into a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Instead {
    /// Record the effect as an allergy ("no nickel"): every colleague sees it, nobody sees why.
    Allergy,
    /// Ask for consent and keep it where only few may read.
    Restricted,
    /// Record what the customer likes, or a size.
    Preference,
    /// No field exists for it: keep it as a private draft and reword.
    Draft,
    /// It may not be kept anywhere: take it out; a payment belongs to the till.
    Nowhere,
}

impl Category {
    /// What to do instead, the best first.
    #[must_use]
    pub const fn instead(self) -> &'static [Instead] {
        match self {
            Self::Health => &[Instead::Allergy, Instead::Restricted, Instead::Draft],
            Self::Religion | Self::Orientation | Self::Politics | Self::Union => {
                &[Instead::Restricted, Instead::Draft]
            }
            Self::Appearance => &[Instead::Preference, Instead::Draft],
            Self::Insult | Self::Wealth => &[Instead::Draft],
            Self::IdNumber | Self::CardNumber => &[Instead::Nowhere],
        }
    }
}

/// One finding. "The customer may read this."
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Which bytes of the text.
    pub span: Range<usize>,
    /// Of what kind.
    pub category: Category,
    /// What to do instead, the best first.
    pub instead: &'static [Instead],
}

impl Warning {
    const fn new(span: Range<usize>, category: Category) -> Self {
        Self {
            span,
            category,
            instead: category.instead(),
        }
    }
}

impl Language {
    /// Its list of what does not belong into a note.
    #[must_use]
    pub const fn list(self) -> &'static str {
        match self {
            Self::English => include_str!("linter/en.txt"),
            Self::French => include_str!("linter/fr.txt"),
        }
    }
}

/// Lists that were read, ready to look at notes.
#[derive(Debug, Clone)]
pub struct Linter {
    phrases: Vec<list::Phrase>,
}

/// A word as phrases compare it: lower case, without diacritics or ligatures.
fn folded(word: &str) -> String {
    fold(word, Spelling::Plain)
}

impl Linter {
    /// Reads the lists of these languages. Associates mix languages: where in doubt, all.
    #[must_use]
    pub fn new(languages: &[Language]) -> Self {
        let lists: Vec<&str> = languages.iter().map(|language| language.list()).collect();
        Self::with_lists(&lists).expect("a test reads every list of the product")
    }

    /// Reads lists of one's own.
    ///
    /// # Errors
    /// [`ListError`] names the line that can't be read.
    pub fn with_lists(lists: &[&str]) -> Result<Self, ListError> {
        let read: Result<Vec<_>, _> = lists.iter().map(|text| list::read(text)).collect();
        let phrases = read?.into_iter().flatten().collect();
        Ok(Self { phrases })
    }

    /// What in the text should not stand in a note, in the order in which it stands; findings of one kind that overlap are one.
    #[must_use]
    pub fn warnings(&self, text: &str) -> Vec<Warning> {
        let words = words(text);
        let folded: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
        let mut found = Vec::new();
        let mut harmless: Vec<Range<usize>> = Vec::new();
        for (at, (begins, _)) in words.iter().enumerate() {
            let rest = folded.get(at..).unwrap_or_default();
            for phrase in &self.phrases {
                let Some(length) = phrase.length(rest) else {
                    continue;
                };
                let last = words.get(at + length.saturating_sub(1));
                let span = begins.start..last.map_or(begins.end, |(ends, _)| ends.end);
                match phrase.category {
                    Some(category) => found.push(Warning::new(span, category)),
                    None => harmless.push(span),
                }
            }
        }
        let is_harmless = |span: &Range<usize>| {
            let meets = |one: &Range<usize>| one.start < span.end && span.start < one.end;
            harmless.iter().any(meets)
        };
        found.retain(|warning| !is_harmless(&warning.span));
        found.extend(numbers::warnings(text));
        joined(found)
    }
}

/// The words of a text with the bytes they take. Apostrophes, hyphens and all else that is no letter or digit separate words.
fn words(text: &str) -> Vec<(Range<usize>, String)> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let is_mark = unicode_normalization::char::is_combining_mark;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        match words.last_mut().filter(|word| word.end == at) {
            Some(word) if c.is_alphanumeric() || is_mark(c) => word.end = end,
            _ if c.is_alphanumeric() => words.push(at..end),
            _ => {}
        }
    }
    let read = |span: Range<usize>| {
        let word = folded(text.get(span.clone()).unwrap_or_default());
        (span, word)
    };
    words.into_iter().map(read).collect()
}

/// Findings of one kind that overlap as one.
fn joined(mut found: Vec<Warning>) -> Vec<Warning> {
    found.sort_by_key(|one| (one.category, one.span.start, one.span.end));
    let mut joined: Vec<Warning> = Vec::new();
    for warning in found {
        let meets = |last: &&mut Warning| {
            last.category == warning.category && warning.span.start < last.span.end
        };
        match joined.last_mut().filter(meets) {
            Some(last) => last.span.end = last.span.end.max(warning.span.end),
            None => joined.push(warning),
        }
    }
    joined.sort_by_key(|one| (one.span.start, one.span.end, one.category));
    joined
}

#[cfg(test)]
mod tests;
