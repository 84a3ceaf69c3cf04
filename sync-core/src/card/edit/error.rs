//! Why an edit can't be made, each with what to do instead.

use crate::card::normal::EndpointError;
use crate::card::schema::{Role, SchemaError};
use crate::card::terms::{AskKind, Place, Purpose, SuggestionState};
use crate::ids::EditId;

/// Why an edit can't be made, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A part is missing, empty or too long.
    #[error("{field}: write {expected}")]
    Text {
        /// Which part.
        field: &'static str,
        /// What it takes.
        expected: String,
    },
    /// A telephone number, address or account in a form that names nobody.
    #[error("{0}")]
    Endpoint(#[from] EndpointError),
    /// Not a language tag.
    #[error("{0:?} is not a language: write a tag like fr, en-GB or zh-Hans")]
    Language(String),
    /// Not a day.
    #[error("there is no such day: give a month of 1 to 12 and a day that it has")]
    Day,
    /// Nothing would change.
    #[error("there is nothing to record: say at least {0}")]
    Empty(&'static str),
    /// A channel is missing, or there is one where none belongs.
    #[error("consent to {0} goes {with} a channel", with = if .0.needs_channel() { "with" } else { "without" })]
    ConsentChannel(Purpose),
    /// A grant without its proof.
    #[error("a grant needs its proof: say which text the customer was shown and how they answered")]
    Evidence,
    /// Something sensitive without consent.
    #[error(
        "ask for consent first: the cause of a sensitive fact is kept only if the customer agreed (record consent to `sensitive`)"
    )]
    NeedsConsent,
    /// A conclusion about a customer who agreed to no relationship.
    #[error(
        "without the customer's agreement to a relationship only what they said is kept: record it as their word (source `stated`), or ask them and record the agreement"
    )]
    NotAgreed,
    /// A customer who declined a relationship or ended it is asked again.
    #[error(
        "the customer declined a relationship, or ended it: do not ask again; record `agreed` if they come to it by themselves"
    )]
    Declined,
    /// A sensitive note where many read.
    #[error("a special note belongs where few read: choose the restricted or your private part")]
    TooWide,
    /// A move to more readers.
    #[error(
        "a note can only be moved to fewer readers: to show it to more, write it there as a new note"
    )]
    Widens,
    /// The note, promise, visit, need, suggestion or ask is not there.
    #[error(
        "this {entity} is not on the card as you see it: open the card again, or make a new one"
    )]
    NotFound {
        /// What.
        entity: &'static str,
        /// Which.
        id: EditId,
    },
    /// The note's text was removed for good.
    #[error(
        "the text of this note was removed here, and what you write would stay hidden with it: write a new note"
    )]
    NoteRedacted {
        /// Which.
        note: EditId,
    },
    /// The note is where fewer read now.
    #[error(
        "this note was moved to the {to} part: edit it there if you can see it, or write a new note"
    )]
    NoteMoved {
        /// Which.
        note: EditId,
        /// Where it went.
        to: Place,
    },
    /// No such field or head to choose.
    #[error("{path} has no such value to choose: look at the conflict again, it may be settled")]
    NothingToResolve {
        /// The field.
        path: String,
    },
    /// As many notes as a card holds.
    #[error(
        "this card is full of notes ({}): archive does not help, ask to redact old ones",
        crate::limits::NOTES_MAX
    )]
    TooManyNotes,
    /// A relationship with oneself.
    #[error("a customer has no relationship with themselves: choose another customer")]
    SamePerson,
    /// A link of a card with itself.
    #[error("a card is one person with itself already: choose the other card")]
    OwnCard,
    /// Written of cards as one person that are not shown as one.
    #[error("these cards are not one person any more: open the card again")]
    NotOnePerson,
    /// An ask without a part that its kind takes, or with one that it does not.
    #[error("an ask for {kind} takes {expected}")]
    AskParts {
        /// For what.
        kind: AskKind,
        /// What it takes.
        expected: &'static str,
    },
    /// A gesture that was spent from no right and served nothing.
    #[error(
        "a gesture is spent from a right: make it from today's budget; what was done in person and cost nothing is a `service` with what it served"
    )]
    GestureWithoutRight,
    /// A gesture that cost something and says not why.
    #[error("a gesture needs its reason: say in its summary what it was and why")]
    GestureWithoutReason,
    /// Something spent on what is no gesture.
    #[error(
        "only a gesture is spent from a right: record it as a gesture, or leave out what it cost"
    )]
    NoGesture,
    /// A suggestion that is not where the edit takes it from.
    #[error("this suggestion is {found} as you see it, and {takes}")]
    OutOfTurn {
        /// How far it is.
        found: SuggestionState,
        /// What the edit takes.
        takes: &'static str,
    },
    /// The writer's role does not allow it.
    #[error("only a {needed} may do this: ask one to do it on this handheld")]
    Role {
        /// What it takes.
        needed: Role,
    },
    /// The schema does not allow it.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}
