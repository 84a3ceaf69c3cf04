//! What conflicts are about: the core's own, repeated for the generator; the compiler refuses this file when they differ.

use sync_core::card::terms::{NamePart, OccasionKind};
use sync_core::card::view::Question;
use sync_core::ids::{CustomerId, EditId};

/// What a conflict is about.
#[uniffi::remote(Enum)]
pub enum Question {
    /// A part of the name.
    Name {
        /// Which.
        part: NamePart,
    },
    /// A size: "38 or 39".
    Size {
        /// Of what.
        category: String,
        /// In which system.
        system: String,
        /// Of which brand.
        brand: Option<String>,
    },
    /// What a preference says.
    Preference {
        /// Kind.
        kind: String,
        /// About what.
        subject: String,
    },
    /// How much something is liked; the stronger caution is in effect.
    Polarity {
        /// Kind.
        kind: String,
        /// About what.
        subject: String,
    },
    /// One took an allergy back while another recorded it; it is in effect.
    Allergy {
        /// The effect.
        substance: String,
    },
    /// How much company; the quieter is in effect.
    ServiceMode,
    /// Which language.
    Language,
    /// Which channels; what all agree on is in effect.
    Channels,
    /// One blocked contact while another lifted a block; it is in effect.
    Blocked,
    /// Which day.
    Occasion {
        /// Of which kind.
        kind: OccasionKind,
        /// Whose.
        person: Option<String>,
    },
    /// The text of a note.
    Note {
        /// Which.
        note: EditId,
    },
    /// The title of a note.
    NoteTitle {
        /// Which.
        note: EditId,
    },
    /// The words of a promise.
    Promise {
        /// Which.
        promise: EditId,
    },
    /// By when a promise is due; the earlier day is in effect.
    Due {
        /// Which.
        promise: EditId,
    },
    /// Whether a promise was kept or given up; it counts as kept.
    Outcome {
        /// Which.
        promise: EditId,
    },
    /// Who sees to a promise: two claimed it.
    Assignee {
        /// Which.
        promise: EditId,
    },
    /// What to know about a wish.
    WishNote {
        /// The article.
        sku: String,
    },
    /// The cause behind an allergy.
    Cause {
        /// Which allergy.
        id: String,
    },
    /// One kept the customer to their owner while another lifted that; it is in effect.
    OwnerOnly,
    /// Whether the customer is a minor; they are until that is settled.
    Minor,
    /// What is needed.
    Need {
        /// Which need.
        need: EditId,
    },
    /// What answers a need.
    NeedAnswer {
        /// Which need.
        need: EditId,
    },
    /// Whether a need was answered or dropped; it counts as answered.
    NeedOutcome {
        /// Which need.
        need: EditId,
    },
    /// The words of a suggestion.
    Suggestion {
        /// Which.
        suggestion: EditId,
    },
    /// The answer to a suggestion.
    SuggestionAnswer {
        /// Which.
        suggestion: EditId,
    },
    /// Whether this card and another are one person; they are two until that is settled.
    Sameness {
        /// The other card.
        other: CustomerId,
    },
    /// Whether the customer comes to an event; they are expected until that is settled.
    Invitation {
        /// Which event.
        event: String,
    },
}
