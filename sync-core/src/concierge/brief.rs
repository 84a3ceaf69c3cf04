//! The brief: what to avoid, what to say and what to do in the ten seconds before a customer is greeted.
//!
//! # Invariants
//! - What the customer must not come into contact with, what they never want and "do not contact" are never cut or left out;
//!   they take their words from what there is to do.
//! - The rest stays within [`WORDS_MAX`] words (two CJK characters count as one word).
//! - Every line names the edits it rests on. Weak facts appear only as something to avoid or to ask.
//! - It is a function of the card's view and the present moment.

mod calendar;
mod lines;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::card::CardView;
use crate::ids::{EditId, Timestamp};

pub use words::render_english;

/// Words of a whole brief: what can be read in ten seconds on the way to the door.
pub const WORDS_MAX: usize = 40;
/// Lines to avoid beyond those that are never left out; more are counted.
pub const AVOID_MAX: usize = 2;
/// Lines to do.
pub const DO_MAX: usize = 3;

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
    /// There is a topic to stay away from; the note tells whoever may read it.
    Guarded,
    /// Do not mention an article to people who come along: `sku`.
    Secret,
    /// Disliked lately: `sku`.
    Disliked,
    /// Better not: `kind`, `subject`, `value`.
    Avoid,
    /// How to address the customer (`address`) and the thread from the last visit (`thread`).
    Greet,
    /// A promise: `what`, `days` until it is due (negative when overdue).
    Promise,
    /// A day to mark: `occasion`, `person`, `days` until then; `ask` when nobody knows whether the customer wants that.
    Occasion,
    /// Something to ask, because colleagues wrote different things: `about`, `subject`, `options`.
    Ask,
    /// Something to ask, because it is unsure or long ago: `kind`, `subject`, `value`, `polarity`.
    Confirm,
}

/// One line: what it says, with which arguments, on which ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it says.
    pub kind: LineKind,
    /// The arguments, by name; what is not known is left out.
    pub arguments: BTreeMap<&'static str, String>,
    /// The edits it rests on, in ascending order.
    pub sources: Vec<EditId>,
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
}

impl Line {
    fn new(
        kind: LineKind,
        arguments: impl IntoIterator<Item = (&'static str, String)>,
        sources: &[EditId],
    ) -> Self {
        let mut sources = sources.to_vec();
        sources.sort_unstable();
        sources.dedup();
        let filled = |(_, text): &(_, String)| !text.is_empty();
        Self {
            kind,
            arguments: arguments.into_iter().filter(filled).collect(),
            sources,
        }
    }

    /// An argument; empty when it is not known.
    #[must_use]
    pub fn argument(&self, name: &str) -> &str {
        self.arguments.get(name).map_or("", String::as_str)
    }

    /// What the line costs, in half words.
    fn cost(&self) -> usize {
        words::cost(&render_english(self))
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

/// The brief of a card, at a moment.
#[must_use]
pub fn brief(view: &CardView, now: Timestamp) -> Brief {
    let mut budget = WORDS_MAX * 2;
    let mut brief = Brief::default();
    for line in lines::avoid(view, now) {
        let is_capped = !line.kind.is_uncapped();
        let capped = brief.avoid.iter().filter(|line| !line.kind.is_uncapped());
        if is_capped && capped.count() >= AVOID_MAX {
            brief.avoid_more += 1;
            continue;
        }
        budget = budget.saturating_sub(line.cost());
        brief.avoid.push(line);
    }
    if brief.avoid_more > 0 {
        // The "+n" that is shown.
        budget = budget.saturating_sub(2);
    }
    if let Some(say) = lines::say(view) {
        let address_only = || {
            let mut line = say.clone();
            line.arguments.remove("thread");
            (!line.argument("address").is_empty() && line.cost() <= budget).then_some(line)
        };
        brief.say = say.clone().fitted("thread", budget).or_else(address_only);
    }
    let said = brief.say.as_ref().map_or(0, Line::cost);
    budget = budget.saturating_sub(said);
    for line in lines::act(view, now).into_iter().take(DO_MAX) {
        let Some(line) = line.fitted("what", budget) else {
            break;
        };
        budget -= line.cost();
        brief.act.push(line);
    }
    brief
}

#[cfg(test)]
mod tests;
