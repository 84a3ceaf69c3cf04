//! The brief: what to avoid, what to say and what to do in the ten seconds before a customer is greeted.
//!
//! # Invariants
//! - What the customer must not come into contact with, what they never want and "do not contact" are never cut or left out;
//!   they take their words from what there is to do.
//! - The rest stays within [`WORDS_MAX`] words (two CJK characters count as one word) in every language: a line counts as where it is longest.
//! - Every line names what it rests on. Weak facts appear only as something to avoid or to ask.
//! - No line tells what somebody spent, ranks them or names a segment; the word VIP is taken out of what people wrote.
//! - It is a function of the [`Picture`]; hub and handheld compare results by [`Brief::hash`].

mod act;
mod avoid;
mod render;
mod say;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

use super::grounds::{SourceId, hash_of, sorted};
use super::picture::Picture;
use super::words::Language;
use crate::ids::Hash32;

pub use render::render;

/// Words of a whole brief: what can be read in ten seconds on the way to the door.
pub const WORDS_MAX: usize = 40;
/// Lines to avoid beyond those that are never left out; more are counted.
pub const AVOID_MAX: usize = 2;
/// Lines to do.
pub const DO_MAX: usize = 3;

/// What stands between the options of a question, in the argument.
const OPTIONS_APART: &str = " / ";

/// What a line says. Its arguments are named beside it; all of them are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Must not come into contact with: `substance`, `severity`; `disputed` when one colleague took it back.
    Allergy,
    /// In no case: `kind`, `subject`, `value`.
    Never,
    /// Do not contact at all.
    DoNotContact,
    /// No contact for `days` more days.
    Paused,
    /// How much company: `mode` is `leave_alone` or `quick`.
    Mode,
    /// Only who looks after the customer first may approach them: `name`, where it is known.
    OwnerOnly,
    /// There is a topic to stay away from; the note tells whoever may read it.
    Guarded,
    /// Do not mention an article to people who come along: `sku`, `name`.
    Secret,
    /// A complaint is open: nothing is sold before it is solved. The service desk's case tells the story.
    Complaint,
    /// Disliked lately: `sku`, `name`.
    Disliked,
    /// Better not: `kind`, `subject`, `value`.
    Avoid,
    /// How to address the customer (`address`) and the thread from the last visit (`thread`).
    Greet,
    /// A promise: `what`, `days` until it is due (negative when overdue).
    Promise,
    /// What the hub said to something asked for: `asked` (`appointment`, `reservation`, `seat`), `subject`,
    /// `state` (`confirmed`, `countered`, `refused`), `days` until then, `time` on the shop's clock, `words`.
    Answered,
    /// A complaint waits for us to set it right: `sku`, `name` of what it is about, `days` since it was opened.
    Recovery,
    /// A day to mark: `occasion`, `person`, `days` until then; `ask` when nobody knows whether the customer wants that.
    Occasion,
    /// The customer's suggestion was answered, and they were not told: `what`, `answer`.
    Suggestion,
    /// A wish can be met: `sku`, `name`, `state` (`here`, `check`, `arriving`, `elsewhere`), `quantity`;
    /// `days` until it arrives, `hours` since it was counted, `shop` that has it.
    Wish,
    /// Something here answers a need: `what`, `sku`, `name`.
    Need,
    /// Something to ask, because colleagues wrote different things: `about`, `subject`, `options` with ` / ` between them.
    Ask,
    /// Something to ask, because it is unsure or long ago: `kind`, `subject`, `value`, `polarity`.
    Confirm,
    /// How the last purchase does: `sku`, `name`, `days` since.
    Reaction,
}

/// One line: what it says, with which arguments, on which ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it says.
    pub kind: LineKind,
    /// The arguments, by name; what is not known is left out.
    pub arguments: BTreeMap<&'static str, String>,
    /// What it rests on, in ascending order.
    pub sources: Vec<SourceId>,
}

/// The brief, in the order in which it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Brief {
    /// What to avoid.
    pub avoid: Vec<Line>,
    /// How many more there are to avoid.
    pub avoid_more: usize,
    /// What to say.
    pub say: Option<Line>,
    /// What to do.
    #[serde(rename = "do")]
    pub act: Vec<Line>,
}

impl LineKind {
    /// Whether lines of this kind are never left out.
    #[must_use]
    pub const fn is_uncapped(self) -> bool {
        matches!(self, Self::Allergy | Self::Never | Self::DoNotContact)
    }

    /// The argument that may be cut to make the line fit.
    const fn free_text(self) -> &'static str {
        match self {
            Self::Answered => "words",
            Self::Suggestion => "answer",
            Self::Greet => "thread",
            Self::Ask => "options",
            Self::Recovery | Self::Wish | Self::Reaction => "name",
            Self::Confirm => "value",
            Self::Allergy
            | Self::Never
            | Self::DoNotContact
            | Self::Paused
            | Self::Mode
            | Self::OwnerOnly
            | Self::Guarded
            | Self::Secret
            | Self::Complaint
            | Self::Disliked
            | Self::Avoid
            | Self::Promise
            | Self::Occasion
            | Self::Need => "what",
        }
    }
}

impl Line {
    fn new(
        kind: LineKind,
        arguments: impl IntoIterator<Item = (&'static str, String)>,
        sources: impl IntoIterator<Item = impl Into<SourceId>>,
    ) -> Self {
        let discreet = arguments
            .into_iter()
            .map(|(name, text)| (name, words::discreet(text)));
        Self {
            kind,
            arguments: discreet.filter(|(_, text)| !text.is_empty()).collect(),
            sources: sorted(sources),
        }
    }

    /// An argument; empty when it is not known.
    #[must_use]
    pub fn argument(&self, name: &str) -> &str {
        self.arguments.get(name).map_or("", String::as_str)
    }

    /// What the line costs, in half words: in the language in which it is longest, so that a brief is the same in all.
    fn cost(&self) -> usize {
        let languages = Language::ALL.iter();
        let costs = languages.map(|language| words::cost(&render(self, *language)));
        costs.max().unwrap_or_default()
    }

    /// The line with an argument cut so that it costs no more than this; nothing when even two words of it are too much.
    fn fitted(mut self, argument: &'static str, budget: usize) -> Option<Self> {
        let cost = self.cost();
        if cost <= budget {
            return Some(self);
        }
        let text = self.arguments.get(argument)?;
        let room = words::cost(text).checked_sub(cost - budget)?;
        if room < 4 {
            return None;
        }
        let clipped = words::clip(text, room);
        self.arguments.insert(argument, clipped);
        (self.cost() <= budget).then_some(self)
    }
}

impl Brief {
    /// The brief of a customer, for whoever looks, at a moment.
    #[must_use]
    pub fn of(picture: &Picture<'_>) -> Self {
        let mut brief = Self::default();
        if picture.whole.is_erased {
            return brief;
        }
        let mut budget = brief.warn(avoid::avoid(picture), WORDS_MAX * 2);
        if let Some(say) = say::say(&picture.whole.view) {
            let address_only = || {
                let mut line = say.clone();
                line.arguments.remove("thread");
                (!line.argument("address").is_empty() && line.cost() <= budget).then_some(line)
            };
            brief.say = say.clone().fitted("thread", budget).or_else(address_only);
        }
        let said = brief.say.as_ref().map_or(0, Line::cost);
        budget = budget.saturating_sub(said);
        for line in act::act(picture).into_iter().take(DO_MAX) {
            let cut = line.kind.free_text();
            let Some(line) = line.fitted(cut, budget) else {
                break;
            };
            budget -= line.cost();
            brief.act.push(line);
        }
        brief
    }

    /// Takes up what there is to avoid; returns what is left of the budget.
    fn warn(&mut self, lines: Vec<Line>, mut budget: usize) -> usize {
        for line in lines {
            let capped = self.avoid.iter().filter(|line| !line.kind.is_uncapped());
            if !line.kind.is_uncapped() && capped.count() >= AVOID_MAX {
                self.avoid_more += 1;
                continue;
            }
            budget = budget.saturating_sub(line.cost());
            self.avoid.push(line);
        }
        // The "+n" that is shown.
        let more = if self.avoid_more > 0 { 2 } else { 0 };
        budget.saturating_sub(more)
    }

    /// Every line, in the order in which it is read.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.avoid.iter().chain(&self.say).chain(&self.act)
    }

    /// The hash of the result.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        hash_of("concierge.brief.v1", self)
    }
}

#[cfg(test)]
mod tests;
