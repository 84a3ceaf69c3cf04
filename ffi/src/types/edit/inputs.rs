//! The parts of edits that are records of their own.

use std::collections::BTreeMap;

use sync_core::card::edit::{
    AskInput, EndpointInput, Evidence, InvitationInput, LinkInput, NeedChange, NeedInput, Spent,
    SuggestionInput, SurpriseInput,
};
use sync_core::card::terms::{
    AskKind, ConsentMethod, EndpointKind, InvitationState, LinkEvidence, NamePart, Purpose,
    Sameness,
};
use sync_core::ids::{CustomerId, EditId, Timestamp};

/// A part of a name with its text.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NamePartText {
    /// Which part.
    pub part: NamePart,
    /// The text.
    pub text: String,
}

/// The parts of a name, each at most once.
pub type NameParts = BTreeMap<NamePart, String>;

uniffi::custom_type!(NameParts, Vec<NamePartText>, {
    remote,
    lower: |parts| parts.into_iter().map(|(part, text)| NamePartText { part, text }).collect(),
    try_lift: |parts| Ok(parts.into_iter().map(|one| (one.part, one.text)).collect()),
});

/// How a consent or agreement can be proven.
#[uniffi::remote(Record)]
pub struct Evidence {
    /// Version of the text the customer was shown.
    pub text_version: String,
    /// How they answered.
    pub method: ConsentMethod,
    /// Where the proof lies, if it is kept elsewhere.
    #[uniffi(default = None)]
    pub reference: Option<String>,
}

/// An endpoint as typed.
#[uniffi::remote(Record)]
pub struct EndpointInput {
    /// Of which kind.
    pub kind: EndpointKind,
    /// The number, address or account.
    pub value: String,
}

/// What a preference is about.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PreferenceInput {
    /// Kind: color, drink, cut, …
    pub kind: String,
    /// About what: "coats".
    pub subject: String,
    /// Which: "navy".
    #[uniffi(default = None)]
    pub value: Option<String>,
}

/// What a gesture cost.
#[uniffi::remote(Record)]
pub struct Spent {
    /// How much, in minor units of the shop's currency.
    pub minor: i64,
    /// The right it was spent from.
    pub right: String,
}

/// What the customer needs.
#[uniffi::remote(Record)]
pub struct NeedInput {
    /// In the customer's words.
    pub what: String,
    /// What an answer has to be good for: "rain", "travel".
    #[uniffi(default = [])]
    pub tags: Vec<String>,
}

/// What of a need is another now.
#[uniffi::remote(Record)]
pub struct NeedChange {
    /// Which need.
    pub need: EditId,
    /// In the customer's words; nothing leaves it.
    #[uniffi(default = None)]
    pub what: Option<String>,
    /// What an answer has to be good for; nothing leaves it.
    #[uniffi(default = None)]
    pub tags: Option<Vec<String>>,
}

/// What the customer suggests.
#[uniffi::remote(Record)]
pub struct SuggestionInput {
    /// In the customer's words.
    pub what: String,
    /// The article it is about; the shop itself when there is none.
    #[uniffi(default = None)]
    pub sku: Option<String>,
}

/// Whether two cards are one person, and how one knows.
#[uniffi::remote(Record)]
pub struct LinkInput {
    /// The other card.
    pub other: CustomerId,
    /// One person or two.
    pub sameness: Sameness,
    /// What it rests on; at least one for one person.
    #[uniffi(default = [])]
    pub evidence: Vec<LinkEvidence>,
}

/// How far the invitation to an event is.
#[uniffi::remote(Record)]
pub struct InvitationInput {
    /// The event.
    pub event: String,
    /// How far.
    pub state: InvitationState,
}

/// Until when a purchase is kept from linked people. Since schema 2.
#[uniffi::remote(Record)]
pub struct SurpriseInput {
    /// The system that told of the purchase.
    pub source: String,
    /// That system's own id of it.
    pub purchase: String,
    /// Until when; none ends it.
    pub until: Option<Timestamp>,
}

/// What is asked of the hub. Which parts it takes follows from its kind.
#[uniffi::remote(Record)]
pub struct AskInput {
    /// For what.
    pub kind: AskKind,
    /// The article of a reservation, the event of a seat, the channel of a message.
    #[uniffi(default = None)]
    pub subject: Option<String>,
    /// For which purpose, when it is a message.
    #[uniffi(default = None)]
    pub purpose: Option<Purpose>,
    /// How many; one, unless said.
    #[uniffi(default = None)]
    pub quantity: Option<u16>,
    /// When an appointment is wanted; until when an article is to be kept.
    #[uniffi(default = None)]
    pub at: Option<Timestamp>,
    /// The message itself, or what to know.
    #[uniffi(default = None)]
    pub words: Option<String>,
}
