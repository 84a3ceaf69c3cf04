//! What stands beside the brief and the lists: warnings on notes, the ledger, budgets, what is owed, likely duplicates.

use sync_core::card::terms::Place;
use sync_core::concierge::Language;
use sync_core::concierge::ledger::Ledger;
use sync_core::concierge::linter::{Category, Instead, Warning};
use sync_core::concierge::next_promise::{Proposal, ProposalKind};
use sync_core::concierge::obligations::State as ObligationState;
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::records::Currency;

use crate::types::RecordedEdit;

/// Why a promise is proposed, the nearest first.
#[uniffi::remote(Enum)]
pub enum ProposalKind {
    /// What they wish for arrives: to tell them that day.
    Wish,
    /// Nothing answers yet what they need: to look, and to say what was found.
    Need,
    /// They bought something today: to ask how it does.
    CareCheck,
}

/// What to promise before the customer leaves; the app words it, and what was said is recorded with `make_promise`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ProposedPromise {
    /// Why.
    pub kind: ProposalKind,
    /// The article by its name, what they need in their words, or what they bought; empty where a till does not tell.
    pub about: String,
    /// By when.
    pub due: Timestamp,
    /// What it rests on.
    pub sources: Vec<String>,
}

impl From<Proposal> for ProposedPromise {
    fn from(proposal: Proposal) -> Self {
        Self {
            kind: proposal.kind,
            about: proposal.about,
            due: proposal.due,
            sources: proposal.sources.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A finding of the note linter: "the customer may read this".
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NoteWarning {
    /// First character of the passage, counted in Unicode scalars.
    pub start: u32,
    /// The character after the passage.
    pub end: u32,
    /// Of what kind: `health`, `religion`, `appearance`, `insult`, `wealth`, `orientation`, `politics`, `union`, `id_number`, `card_number`.
    pub category: String,
    /// What to do instead, the best first: `allergy`, `restricted`, `preference`, `draft` (`keep_as_draft` of the book), `nowhere`.
    pub instead: Vec<String>,
}

impl NoteWarning {
    pub(crate) fn new(text: &str, warning: &Warning) -> Self {
        let at = |byte: usize| {
            let before = text.char_indices().take_while(|(start, _)| *start < byte);
            u32::try_from(before.count()).unwrap_or(u32::MAX)
        };
        Self {
            start: at(warning.span.start),
            end: at(warning.span.end),
            category: Category::as_str(warning.category).to_owned(),
            instead: warning.instead.iter().map(|one| instead(*one)).collect(),
        }
    }
}

/// A note that is kept for its author alone, on this handheld, until it is reworded.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NoteDraft {
    /// Its number, by which it is reworded or discarded.
    pub draft: u64,
    /// About whom.
    pub customer: CustomerId,
    /// Their name, where this book still knows it.
    pub name: String,
    /// Where it belongs once it is a note.
    pub place: Place,
    /// Its words.
    pub body: String,
    /// When they were kept.
    pub kept_at: Timestamp,
    /// What the linter says of them.
    pub warnings: Vec<NoteWarning>,
}

/// What became of a draft that was reworded.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RewordedNote {
    /// The note on the card; none while it is a draft still, in the new words.
    pub note: Option<RecordedEdit>,
    /// What the linter says of the new words.
    pub warnings: Vec<NoteWarning>,
}

fn instead(what: Instead) -> String {
    let name = match what {
        Instead::Allergy => "allergy",
        Instead::Restricted => "restricted",
        Instead::Preference => "preference",
        Instead::Draft => "draft",
        Instead::Nowhere => "nowhere",
    };
    name.to_owned()
}

/// What the customer gave beside what we gave; never a score.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ValueLedger {
    /// Both sides in one line.
    pub line: String,
    /// Everything with its sources, as JSON: what a customer is given who asks for it.
    pub json: String,
}

impl ValueLedger {
    pub(crate) fn new(ledger: &Ledger, language: Language) -> Self {
        Self {
            line: ledger.line(language),
            json: ledger.to_json(),
        }
    }
}

/// What is left to spend on gestures today, of one right.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct GestureBudget {
    /// How much, in minor units.
    pub left_minor: i64,
    /// In which currency; the shop's own where the hub does not know it.
    pub currency: Option<String>,
}

impl From<(i64, Option<Currency>)> for GestureBudget {
    fn from((left_minor, currency): (i64, Option<Currency>)) -> Self {
        Self {
            left_minor,
            currency: currency.map(|currency| currency.as_str().to_owned()),
        }
    }
}

/// What became of an obligation.
#[uniffi::remote(Enum)]
pub enum ObligationState {
    /// Its time is not over.
    Pending,
    /// It was done in time.
    Met,
    /// It was done, but late: half.
    Late,
    /// Its time is over.
    Missed,
    /// The customer does not want it.
    Excused,
    /// What set it off is gone.
    Void,
}

/// Something that is owed to a customer by the playbook.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OwedItem {
    /// Its id: the same on every handheld.
    pub id: String,
    /// The playbook's item.
    pub item: String,
    /// What the playbook calls it.
    pub title: String,
    /// What became of it.
    pub state: ObligationState,
    /// From when it may be done.
    pub opens: Timestamp,
    /// Before when it is to be done.
    pub closes: Timestamp,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// What shows it.
    pub sources: Vec<String>,
}

/// Whether the chain may know somebody already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum MayExist {
    /// No card of the chain has this endpoint, as of the last sync.
    No,
    /// One may: look for them at the hub before a second card is begun.
    Maybe,
    /// This handheld does not hold the index.
    Unknown,
}
