//! What comes with an edit.

use serde::{Deserialize, Serialize};

use crate::card::schema::Role;
use crate::card::terms::{
    AskKind, ConsentMethod, EndpointKind, InvitationState, LinkEvidence, Purpose, Sameness,
};
use crate::card::value::Provenance;
use crate::ids::{CustomerId, EditId, Timestamp};

/// Who plans an edit, for whom, under which id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditContext {
    /// The edit's id, fresh.
    pub edit: EditId,
    /// Whose card it is.
    pub customer: CustomerId,
    /// Who, where, when and on what ground.
    pub provenance: Provenance,
    /// What they may do.
    pub role: Role,
}

/// How a consent or agreement can be proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Version of the text the customer was shown.
    pub text_version: String,
    /// How they answered.
    pub method: ConsentMethod,
    /// Where the proof lies, if it is kept elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// An endpoint as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointInput {
    /// Of which kind.
    pub kind: EndpointKind,
    /// The number, address or account.
    pub value: String,
}

/// What a gesture cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// How much, in minor units of the shop's currency.
    pub minor: i64,
    /// The right it was spent from.
    pub right: String,
}

/// What the customer needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeedInput {
    /// In the customer's words.
    pub what: String,
    /// What an answer has to be good for: "rain", "travel".
    #[serde(default)]
    pub tags: Vec<String>,
}

/// What of a need is another now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeedChange {
    /// Which need.
    pub need: EditId,
    /// In the customer's words; nothing leaves it.
    #[serde(default)]
    pub what: Option<String>,
    /// What an answer has to be good for; nothing leaves it.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
}

/// What the customer suggests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuggestionInput {
    /// In the customer's words.
    pub what: String,
    /// The article it is about; the shop itself when there is none.
    #[serde(default)]
    pub sku: Option<String>,
}

/// Whether two cards are one person, and how one knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkInput {
    /// The other card.
    pub other: CustomerId,
    /// One person or two.
    pub sameness: Sameness,
    /// What it rests on; at least one for one person.
    #[serde(default)]
    pub evidence: Vec<LinkEvidence>,
}

/// How far the invitation to an event is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationInput {
    /// The event.
    pub event: String,
    /// How far.
    pub state: InvitationState,
}

/// Until when a purchase is kept from linked people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurpriseInput {
    /// The system that told of the purchase.
    pub source: String,
    /// That system's own id of it.
    pub purchase: String,
    /// Until when; nothing ends it.
    #[serde(deserialize_with = "Option::deserialize")]
    pub until: Option<Timestamp>,
}

/// What is asked of the hub. Which parts it takes follows from its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskInput {
    /// For what.
    pub kind: AskKind,
    /// The article of a reservation, the event of a seat, the channel of a message.
    #[serde(default)]
    pub subject: Option<String>,
    /// For which purpose, when it is a message.
    #[serde(default)]
    pub purpose: Option<Purpose>,
    /// How many; one, unless said.
    #[serde(default)]
    pub quantity: Option<u16>,
    /// When an appointment is wanted; until when an article is to be kept.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// The message itself, or what to know.
    #[serde(default)]
    pub words: Option<String>,
}
