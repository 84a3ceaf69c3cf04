//! A conflict as something a person can settle: what it is about, what each side said, and how to end it.

use serde::Serialize;

use crate::card::reduce::Head;
use crate::card::terms::{NamePart, OccasionKind, Place};
use crate::card::value::{Source, Value};
use crate::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};

/// What a conflict is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "about", rename_all = "snake_case")]
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

/// How a conflict ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// Ask the customer, then choose one option or write what they say.
    Choose,
    /// Read both texts and write one.
    Merge,
    /// Agree among colleagues, or let a manager decide.
    Agree,
}

/// What one side said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictOption {
    /// The edit, by which it is chosen ([`crate::card::Edit::Resolve`]).
    pub edit: EditId,
    /// The value as stored.
    pub value: Value,
    /// What a person needs to see of it.
    pub text: String,
    /// Who said it.
    pub by: AssociateId,
    /// In which shop.
    pub shop: ShopId,
    /// When.
    pub at: Timestamp,
    /// On what ground.
    pub source: Source,
}

/// Different things said at the same time about one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Where the field is.
    pub place: Place,
    /// The field, as [`crate::card::Edit::Resolve`] takes it.
    pub path: String,
    /// What it is about.
    pub question: Question,
    /// How it ends.
    pub settlement: Settlement,
    /// What each said, in order of edit id; two or more, not all the same.
    pub options: Vec<ConflictOption>,
}

impl Conflict {
    /// The conflict between these heads.
    pub(super) fn new(
        place: Place,
        path: String,
        question: Question,
        settlement: Settlement,
        heads: &[Head<'_>],
    ) -> Self {
        let options = heads
            .iter()
            .map(|head| ConflictOption::new(&question, head))
            .collect();
        Self {
            place,
            path,
            question,
            settlement,
            options,
        }
    }

    /// The edits that are in conflict.
    #[must_use]
    pub fn sources(&self) -> Vec<EditId> {
        self.options.iter().map(|option| option.edit).collect()
    }
}

impl ConflictOption {
    fn new(question: &Question, head: &Head<'_>) -> Self {
        let provenance = head.provenance();
        Self {
            edit: head.edit,
            value: head.value().clone(),
            text: said(question, head.value()),
            by: provenance.by,
            shop: provenance.shop,
            at: head.time,
            source: provenance.source,
        }
    }
}

/// What a person needs to see of a value: of a list that also names its thing, only what is in question.
fn said(question: &Question, value: &Value) -> String {
    let Some(items) = value.as_list() else {
        return text(value);
    };
    if matches!(question, Question::Size { .. }) {
        return items.get(3).map(text).unwrap_or_default();
    }
    if matches!(question, Question::Preference { .. }) {
        return items.get(2).map(text).unwrap_or_default();
    }
    if matches!(
        question,
        Question::Allergy { .. }
            | Question::Blocked
            | Question::OwnerOnly
            | Question::Sameness { .. }
    ) {
        return items.first().map(text).unwrap_or_default();
    }
    if matches!(question, Question::Occasion { .. }) {
        let part = |item: &Value| {
            item.as_int()
                .map_or_else(|| "?".to_owned(), |part| part.to_string())
        };
        let parts: Vec<_> = items.iter().skip(2).map(part).collect();
        return parts.join("-");
    }
    text(value)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
    }
}
