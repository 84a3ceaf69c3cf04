//! The brief: typed lines with arguments, never sentences, and their words in the associate's language.

use std::collections::BTreeMap;

use sync_core::concierge::Language;
use sync_core::concierge::brief::{self as core, Line, LineKind};

/// Where a line belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum BriefSection {
    /// What to avoid.
    Avoid,
    /// What to say.
    Say,
    /// What to do.
    Act,
}

/// An argument of a line.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct BriefArgument {
    /// Its name, as the line's kind tells.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct BriefLine {
    /// Where it belongs.
    pub section: BriefSection,
    /// What it says.
    pub kind: LineKind,
    /// With which arguments; what is not known is left out.
    pub arguments: Vec<BriefArgument>,
    /// What it rests on: edits by their ids, sales as `purchase:source/id`, what other systems said as `case:key` and the like.
    pub sources: Vec<String>,
}

/// The brief, in the order in which it is read.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Brief {
    /// The lines.
    pub lines: Vec<BriefLine>,
    /// How many more there are to avoid.
    pub avoid_more: u32,
}

impl From<core::Brief> for Brief {
    fn from(brief: core::Brief) -> Self {
        let section = |section, lines: Vec<Line>| {
            lines.into_iter().map(move |line| BriefLine {
                section,
                kind: line.kind,
                arguments: arguments(line.arguments),
                sources: line.sources.iter().map(ToString::to_string).collect(),
            })
        };
        Self {
            avoid_more: u32::try_from(brief.avoid_more).unwrap_or(u32::MAX),
            lines: section(BriefSection::Avoid, brief.avoid)
                .chain(section(BriefSection::Say, brief.say.into_iter().collect()))
                .chain(section(BriefSection::Act, brief.act))
                .collect(),
        }
    }
}

fn arguments(arguments: BTreeMap<&'static str, String>) -> Vec<BriefArgument> {
    let named = |(name, text): (&str, String)| BriefArgument {
        name: name.to_owned(),
        text,
    };
    arguments.into_iter().map(named).collect()
}

/// The names that lines use for their arguments.
const NAMES: [&str; 27] = [
    "about",
    "address",
    "answer",
    "ask",
    "asked",
    "days",
    "disputed",
    "hours",
    "kind",
    "mode",
    "name",
    "occasion",
    "options",
    "person",
    "polarity",
    "quantity",
    "severity",
    "shop",
    "sku",
    "state",
    "subject",
    "substance",
    "thread",
    "time",
    "value",
    "what",
    "words",
];

/// A line in the language of whoever reads it.
#[uniffi::export]
#[must_use]
pub fn render_line(line: &BriefLine, language: Language) -> String {
    let known = |argument: &BriefArgument| {
        let name = NAMES.iter().find(|name| **name == argument.name)?;
        Some((*name, argument.text.clone()))
    };
    let line = Line {
        kind: line.kind,
        arguments: line.arguments.iter().filter_map(known).collect(),
        sources: Vec::new(),
    };
    core::render(&line, language)
}

/// The language of a tag such as `fr`, `fr-CA` or `fr_FR.UTF-8`, as phones give it; English for one that Carnet does not speak.
#[uniffi::export]
#[must_use]
pub fn language_of(tag: &str) -> Language {
    Language::of(tag)
}
