//! What a card consists of, for reading: one type for each kind of thing.

use serde::Serialize;

use crate::card::reduce::{Decision, Head};
use crate::card::terms::{
    Act, AskKind, Channel, EndpointKind, EndpointStatus, InteractionKind, InvitationState,
    NeedState, OccasionKind, Place, Polarity, PromiseStatus, Purpose, RelationshipKind, Sameness,
    Sensitivity, Sentiment, ServiceMode, Severity, SuggestionState,
};
use crate::card::value::Source;
use crate::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};

/// A value with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact<T> {
    /// The value in effect.
    pub value: T,
    /// Every edit it rests on; more than one when people wrote concurrently.
    pub sources: Vec<EditId>,
    /// Who wrote what is in effect.
    pub by: AssociateId,
    /// In which shop.
    pub shop: ShopId,
    /// When, corrected where the hub knows better.
    pub at: Timestamp,
    /// On what ground.
    pub source: Source,
    /// Whether others said something else at the same time: ask.
    pub needs_confirmation: bool,
}

/// The parts of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NameView {
    /// How the customer wants to be addressed.
    pub address: Option<Fact<String>>,
    /// The name to show.
    pub display: Option<Fact<String>>,
    /// Family name.
    pub family: Option<Fact<String>>,
    /// Given name.
    pub given: Option<Fact<String>>,
    /// How it is spoken.
    pub pronunciation: Option<Fact<String>>,
    /// Salutation.
    pub salutation: Option<Fact<String>>,
}

impl NameView {
    /// The name to show: the display name, else given and family name; empty when none is known.
    #[must_use]
    pub fn shown(&self) -> String {
        if let Some(display) = &self.display {
            return display.value.clone();
        }
        let parts = [&self.given, &self.family].into_iter().flatten();
        parts
            .map(|part| part.value.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Where the customer can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointView {
    /// Its id.
    pub id: String,
    /// Of which kind.
    pub kind: EndpointKind,
    /// In its one form, and who gave it.
    pub value: Fact<String>,
    /// Whether it can be used.
    pub status: EndpointStatus,
}

/// What one consent amounts to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentView {
    /// The channel, where the purpose has one.
    pub channel: Option<Channel>,
    /// The purpose.
    pub purpose: Purpose,
    /// What is allowed.
    pub decision: Decision,
    /// The events that decide it.
    pub sources: Vec<EditId>,
    /// When the latest of them was.
    pub at: Timestamp,
}

/// How the customer may be contacted, and how they want to be served.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ContactView {
    /// Do not contact, and why.
    pub blocked: Option<Fact<Option<String>>>,
    /// No contact before then; there only while it lasts.
    pub paused_until: Option<Fact<Timestamp>>,
    /// How much company; the quieter while there is a conflict.
    pub mode: Option<Fact<ServiceMode>>,
    /// Language.
    pub language: Option<Fact<String>>,
    /// Preferred channels; the fewer while there is a conflict.
    pub channels: Option<Fact<Vec<Channel>>>,
    /// Whether only who looks after them first may approach them, and why: a public figure, security.
    pub owner_only: Option<Fact<Option<String>>>,
    /// Whether they are a minor, as far as somebody said so.
    pub is_minor: Option<Fact<bool>>,
}

/// How far a preference can be relied on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// One sighting, or typed without a ground: a question, not a fact.
    Weak,
    /// Once sure, but long ago.
    Stale,
    /// Seen on two days or more.
    Observed,
    /// The customer said so, not too long ago.
    Confirmed,
}

/// Something liked or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreferenceView {
    /// Its id.
    pub id: String,
    /// Kind.
    pub kind: String,
    /// About what.
    pub subject: String,
    /// Which, where there is more to say.
    pub value: Fact<Option<String>>,
    /// How much; the stronger caution while there is a conflict.
    pub polarity: Polarity,
    /// How far to rely on it.
    pub strength: Strength,
    /// When it was last said or seen.
    pub last_at: Timestamp,
    /// The days it was seen on.
    pub days_seen: u32,
}

/// A size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SizeView {
    /// Its id.
    pub id: String,
    /// Of what.
    pub category: String,
    /// In which system.
    pub system: String,
    /// Of which brand.
    pub brand: Option<String>,
    /// The size.
    pub size: Fact<String>,
}

/// Something the customer must not come into contact with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AllergyView {
    /// Its id.
    pub id: String,
    /// The effect, in a word.
    pub substance: Fact<String>,
    /// How bad; the worst that anybody said.
    pub severity: Severity,
    /// The cause, where the reader may see it.
    pub cause: Option<Fact<String>>,
}

/// One of the texts of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteVersion {
    /// The edit that wrote it.
    pub edit: EditId,
    /// The text.
    pub body: String,
    /// Who wrote it.
    pub by: AssociateId,
    /// When.
    pub at: Timestamp,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteView {
    /// The edit that made it.
    pub id: EditId,
    /// Who may read it.
    pub place: Place,
    /// Its title.
    pub title: Option<Fact<String>>,
    /// Its text: one version, or several that people wrote at the same time, best grounded first. None when it was redacted.
    pub versions: Vec<NoteVersion>,
    /// How carefully to handle it.
    pub label: Sensitivity,
    /// Whether it was put away.
    pub archived: bool,
    /// Why it is kept past its time.
    pub pinned: Option<String>,
    /// Whether its text was removed for good, here at least.
    pub redacted: bool,
    /// Where its text went, when it was removed here because fewer are to read it.
    pub moved_to: Option<Place>,
    /// What the reader wrote here without having seen the move: theirs to write where the note went, or as a new note. Nobody else sees it.
    pub pending: Vec<NoteVersion>,
    /// The edits it rests on.
    pub sources: Vec<EditId>,
}

/// A day worth remembering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OccasionView {
    /// Its id.
    pub id: String,
    /// Of which kind.
    pub kind: OccasionKind,
    /// Whose; the customer's own when nobody is named.
    pub person: Option<String>,
    /// Year.
    pub year: Option<i64>,
    /// Month.
    pub month: Option<i64>,
    /// Day of the month.
    pub day: Option<i64>,
    /// Whether to celebrate it: any no wins, nothing means ask.
    pub celebrate: Option<bool>,
    /// Since when its date is known as it stands.
    pub known_at: Option<Timestamp>,
    /// Whether its parts contradict each other.
    pub needs_confirmation: bool,
    /// The edits it rests on.
    pub sources: Vec<EditId>,
}

/// A tie to another customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelationshipView {
    /// Its id, the same from both ends.
    pub id: String,
    /// How.
    pub kind: RelationshipKind,
    /// To whom.
    pub other: Fact<CustomerId>,
    /// What to call them, where their card is at hand and they agree to a relationship with the house.
    pub name: Option<String>,
}

/// An article the customer wishes for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WishView {
    /// Its id.
    pub id: String,
    /// The article.
    pub sku: Fact<String>,
    /// How many.
    pub quantity: i64,
    /// What to know about it.
    pub note: Option<Fact<String>>,
    /// Kept from linked people until then; there only while it lasts.
    pub surprise_until: Option<Timestamp>,
    /// Whether it came true.
    pub fulfilled: bool,
}

/// A purchase that is kept from linked people; there only while that lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SurpriseView {
    /// Its id.
    pub id: String,
    /// The system that told of the purchase.
    pub source: String,
    /// That system's own id of it.
    pub purchase: Fact<String>,
    /// Until when.
    pub until: Timestamp,
}

/// A promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromiseView {
    /// The edit that made it.
    pub id: EditId,
    /// What was promised.
    pub what: Fact<String>,
    /// How far it is.
    pub status: PromiseStatus,
    /// When somebody first said that it was kept, of those whose word stands.
    pub kept_at: Option<Timestamp>,
    /// Whether one says done and another cancelled: it counts as done.
    pub flagged: bool,
    /// By when; the earlier while there is a conflict.
    pub due: Option<Timestamp>,
    /// Whether people set different dates at the same time.
    pub due_disputed: bool,
    /// Who sees to it; two when both claimed it.
    pub assignees: Vec<AssociateId>,
    /// Whether it is open and its time is over.
    pub overdue: bool,
    /// The edits it rests on.
    pub sources: Vec<EditId>,
}

impl PromiseView {
    /// Whether there is still something to do.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.status, PromiseStatus::Open | PromiseStatus::InProgress)
    }
}

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VisitView {
    /// The edit that began it.
    pub id: EditId,
    /// When and where it began, with what was said at the door.
    pub arrived: Fact<Option<String>>,
    /// What came up, earliest first.
    pub captured: Vec<Fact<String>>,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// The thread to take up next time.
    pub thread: Option<Fact<String>>,
    /// Whether the customer is still here.
    pub open: bool,
}

/// A call, message, try-on, gesture, referral or service in person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InteractionView {
    /// The edit that recorded it.
    pub id: EditId,
    /// Of which kind.
    pub kind: InteractionKind,
    /// During which visit.
    pub visit: Option<EditId>,
    /// Over which channel.
    pub channel: Option<Channel>,
    /// About which article.
    pub sku: Option<String>,
    /// Whether the customer began it.
    pub by_customer: bool,
    /// In a few words, and who recorded it when.
    pub summary: Fact<Option<String>>,
    /// What it served.
    pub act: Option<Act>,
    /// What it was about, where that is a thing of this card or a campaign: the id of a promise, a preference, a content.
    pub about: Option<String>,
    /// For a gesture: what it cost in minor units, and the right it was spent from.
    pub spent: Option<(i64, String)>,
}

/// What the customer thought of an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReactionView {
    /// The edit that recorded it.
    pub edit: EditId,
    /// During which visit or interaction.
    pub interaction: Option<EditId>,
    /// The article.
    pub sku: String,
    /// Liked or not, and who recorded it when.
    pub sentiment: Fact<Sentiment>,
    /// In their words.
    pub words: Option<String>,
    /// Whether a later reaction to the same article is known.
    pub superseded: bool,
}

/// Something the customer needs: a problem to be solved, not yet an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NeedView {
    /// The edit that wrote it down.
    pub id: EditId,
    /// In the customer's words.
    pub what: Fact<String>,
    /// What an answer has to be good for, folded: "rain", "travel".
    pub tags: Vec<String>,
    /// How far it is.
    pub state: NeedState,
    /// What answered it, or where the customer was sent.
    pub answer: Option<Fact<String>>,
}

/// What the customer suggests to the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuggestionView {
    /// The edit that wrote it down.
    pub id: EditId,
    /// In the customer's words.
    pub what: Fact<String>,
    /// The article it is about; the shop itself when there is none.
    pub sku: Option<String>,
    /// How far it is.
    pub state: SuggestionState,
    /// What was answered, by whom and when.
    pub answer: Option<Fact<String>>,
    /// When the customer was told.
    pub told_at: Option<Timestamp>,
}

/// Whether this card and another are one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// Its id, the same from both ends.
    pub id: String,
    /// The other card.
    pub other: CustomerId,
    /// One person or two; two while people disagree.
    pub sameness: Fact<Sameness>,
    /// What it rests on: "phone", "email", "loyalty", "said".
    pub evidence: Vec<String>,
}

/// Something asked of the hub. What became of it is the notice that answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskView {
    /// The edit that asked.
    pub id: EditId,
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
    /// What to say or know; who asked when.
    pub words: Fact<Option<String>>,
    /// Whether it was taken back.
    pub withdrawn: bool,
}

/// An invitation to a small event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvitationView {
    /// Its id.
    pub id: String,
    /// The event.
    pub event: Fact<String>,
    /// How far it is.
    pub state: InvitationState,
    /// When it last moved.
    pub at: Timestamp,
}

/// An edit that was made in a merged view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ViaView {
    /// The edit.
    pub edit: EditId,
    /// The cards that its author saw as one person.
    pub cards: Vec<CustomerId>,
    /// Who made it.
    pub by: AssociateId,
    /// When.
    pub at: Timestamp,
}

/// A field that a newer version of the app wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownField {
    /// In which part of the record.
    pub place: Place,
    /// The field.
    pub path: String,
}

impl<T> Fact<T> {
    /// A fact whose value one head gave, among others.
    pub(super) fn new(
        value: T,
        shown: &Head<'_>,
        heads: &[Head<'_>],
        needs_confirmation: bool,
    ) -> Self {
        let provenance = shown.provenance();
        Self {
            value,
            sources: heads.iter().map(|head| head.edit).collect(),
            by: provenance.by,
            shop: provenance.shop,
            at: shown.time,
            source: provenance.source,
            needs_confirmation,
        }
    }
}
