//! What a card says of needs, suggestions, asks, invitations, secrets and of other cards that are the same person.

use sync_core::card::terms::{
    AskKind, InvitationState, NeedState, Purpose, Sameness, SuggestionState,
};
use sync_core::card::view;
use sync_core::ids::{CustomerId, EditId, Timestamp};

use super::view::{split, text_fact};
use super::{Ground, TextFact};

/// Something the customer needs: a problem to be solved, not yet an article.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Need {
    /// The edit that wrote it down.
    pub need: EditId,
    /// In the customer's words.
    pub what: String,
    /// What an answer has to be good for.
    pub tags: Vec<String>,
    /// How far it is.
    pub state: NeedState,
    /// What answered it, or where the customer was sent.
    pub answer: Option<TextFact>,
    /// Who wrote it down when.
    pub ground: Ground,
}

/// What the customer suggests to the shop.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Suggestion {
    /// The edit that wrote it down.
    pub suggestion: EditId,
    /// In the customer's words.
    pub what: String,
    /// The article it is about; the shop itself when there is none.
    pub sku: Option<String>,
    /// How far it is.
    pub state: SuggestionState,
    /// What was answered, by whom and when.
    pub answer: Option<TextFact>,
    /// When the customer was told.
    pub told_at: Option<Timestamp>,
    /// Who wrote it down when.
    pub ground: Ground,
}

/// Whether another card is the same person.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Link {
    /// The other card.
    pub other: CustomerId,
    /// One person or two; two while people disagree.
    pub sameness: Sameness,
    /// What it rests on: "email", "loyalty", "phone", "said".
    pub evidence: Vec<String>,
    /// Who said so when.
    pub ground: Ground,
}

/// Something asked of the hub.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AskLine {
    /// The edit that asked; the hub's answer names it.
    pub ask: EditId,
    /// For what.
    pub kind: AskKind,
    /// The article, the event, the channel: what it is about.
    pub subject: Option<String>,
    /// For which purpose, when it is a message.
    pub purpose: Option<Purpose>,
    /// How many.
    pub quantity: i64,
    /// When, or until when.
    pub at: Option<Timestamp>,
    /// What to say or know.
    pub words: Option<String>,
    /// Whether it was taken back.
    pub withdrawn: bool,
    /// Who asked when.
    pub ground: Ground,
}

/// An invitation to a small event.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Invitation {
    /// The event.
    pub event: String,
    /// How far it is.
    pub state: InvitationState,
    /// When it last moved.
    pub at: Timestamp,
    /// Who wrote it down.
    pub ground: Ground,
}

/// A purchase that is kept from linked people; there only while that lasts.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Surprise {
    /// The system that told of the purchase.
    pub source: String,
    /// That system's own id of it.
    pub purchase: String,
    /// Until when.
    pub until: Timestamp,
    /// Who wrote it down.
    pub ground: Ground,
}

impl From<view::SurpriseView> for Surprise {
    fn from(view: view::SurpriseView) -> Self {
        let (purchase, ground) = split(view.purchase);
        Self {
            source: view.source,
            purchase,
            until: view.until,
            ground,
        }
    }
}

impl From<view::NeedView> for Need {
    fn from(view: view::NeedView) -> Self {
        let (what, ground) = split(view.what);
        Self {
            need: view.id,
            what,
            tags: view.tags,
            state: view.state,
            answer: view.answer.map(text_fact),
            ground,
        }
    }
}

impl From<view::SuggestionView> for Suggestion {
    fn from(view: view::SuggestionView) -> Self {
        let (what, ground) = split(view.what);
        Self {
            suggestion: view.id,
            what,
            sku: view.sku,
            state: view.state,
            answer: view.answer.map(text_fact),
            told_at: view.told_at,
            ground,
        }
    }
}

impl From<view::LinkView> for Link {
    fn from(view: view::LinkView) -> Self {
        let (sameness, ground) = split(view.sameness);
        Self {
            other: view.other,
            sameness,
            evidence: view.evidence,
            ground,
        }
    }
}

impl From<view::AskView> for AskLine {
    fn from(view: view::AskView) -> Self {
        let (words, ground) = split(view.words);
        Self {
            ask: view.id,
            kind: view.kind,
            subject: view.subject,
            purpose: view.purpose,
            quantity: view.quantity,
            at: view.at,
            words,
            withdrawn: view.withdrawn,
            ground,
        }
    }
}

impl From<view::InvitationView> for Invitation {
    fn from(view: view::InvitationView) -> Self {
        let (event, ground) = split(view.event);
        Self {
            event,
            state: view.state,
            at: view.at,
            ground,
        }
    }
}
