//! The card as an app shows it: the core's view, with the ground of each value beside it.

mod view;
mod wants;

use sync_core::card::Source;
use sync_core::card::edit::Spent;
use sync_core::card::reduce::Decision;
use sync_core::card::terms::{
    Act, Agreement, Channel, EndpointKind, EndpointStatus, InteractionKind, NamePart, OccasionKind,
    Place, Polarity, PromiseStatus, Purpose, RelationshipKind, Sensitivity, Sentiment, ServiceMode,
    Severity,
};
use sync_core::card::view::{Question, Settlement, Strength};
use sync_core::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};

pub use wants::{AskLine, Invitation, Link, Need, Suggestion, Surprise};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Ground {
    /// Every edit it rests on; more than one when people wrote concurrently.
    pub sources: Vec<EditId>,
    /// Who wrote what is in effect.
    pub by: AssociateId,
    /// In which shop.
    pub shop: ShopId,
    /// When.
    pub at: Timestamp,
    /// On what ground.
    pub source: Source,
    /// Whether others said something else at the same time: ask.
    pub needs_confirmation: bool,
}

/// A text with its ground.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TextFact {
    /// The text.
    pub text: String,
    /// Where it comes from.
    pub ground: Ground,
}

/// A part of the name.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NamePartLine {
    /// Which part.
    pub part: NamePart,
    /// Its text.
    pub text: String,
    /// Where it comes from.
    pub ground: Ground,
}

/// Where the customer can be reached.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Endpoint {
    /// Of which kind.
    pub kind: EndpointKind,
    /// The number, address or account, in its one form.
    pub value: String,
    /// Whether it can be used.
    pub status: EndpointStatus,
    /// Who gave it.
    pub ground: Ground,
}

/// What one consent amounts to. What is not listed is unknown.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Consent {
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

/// How the customer may be contacted, and wants to be served.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ContactWish {
    /// Do not contact; the text is why, and may be empty.
    pub blocked: Option<TextFact>,
    /// No contact before then.
    pub paused_until: Option<Timestamp>,
    /// How much company; the quieter while there is a conflict.
    pub mode: Option<ServiceMode>,
    /// Whether the mode is in question.
    pub mode_needs_confirmation: bool,
    /// Language.
    pub language: Option<TextFact>,
    /// Preferred channels, best first; empty when there is no preference.
    pub channels: Vec<Channel>,
    /// Only who looks after them first may approach them; the text is why, and may be empty.
    pub owner_only: Option<TextFact>,
    /// Whether they are a minor, as far as somebody said so.
    pub is_minor: Option<bool>,
}

/// Something liked or not.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Preference {
    /// Its id: what an interaction is about that honors it.
    pub id: String,
    /// Kind: color, drink, cut, …
    pub kind: String,
    /// About what.
    pub subject: String,
    /// Which, where there is more to say.
    pub value: Option<String>,
    /// How much; the stronger caution while there is a conflict.
    pub polarity: Polarity,
    /// How far to rely on it.
    pub strength: Strength,
    /// When it was last said or seen.
    pub last_at: Timestamp,
    /// The days it was seen on.
    pub days_seen: u32,
    /// Where it comes from.
    pub ground: Ground,
}

/// A size.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Size {
    /// Of what.
    pub category: String,
    /// In which system.
    pub system: String,
    /// Of which brand.
    pub brand: Option<String>,
    /// The size.
    pub size: String,
    /// Where it comes from.
    pub ground: Ground,
}

/// Something the customer must not come into contact with.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Allergy {
    /// The effect, in a word.
    pub substance: String,
    /// How bad; the worst that anybody said.
    pub severity: Severity,
    /// The cause, where the associate may see it.
    pub cause: Option<String>,
    /// Where it comes from.
    pub ground: Ground,
}

/// One of the texts of a note.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NoteText {
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
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Note {
    /// The edit that made it.
    pub note: EditId,
    /// Who may read it.
    pub place: Place,
    /// Its title.
    pub title: Option<String>,
    /// Its text: one version, or several that people wrote at the same time. None when it was redacted.
    pub versions: Vec<NoteText>,
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
    /// What whoever is signed in wrote here without having seen the move. Nobody else sees it.
    pub pending: Vec<NoteText>,
}

/// A day worth remembering.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Occasion {
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
    /// Whether to celebrate it; nothing means ask.
    pub celebrate: Option<bool>,
    /// Whether its parts contradict each other.
    pub needs_confirmation: bool,
}

/// A tie to another customer.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RelationshipLine {
    /// How.
    pub kind: RelationshipKind,
    /// To whom.
    pub other: CustomerId,
    /// What to call them, where their card is in this book and they agree to a relationship with the house.
    pub name: Option<String>,
}

/// An article the customer wishes for.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Wish {
    /// The article.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// What to know about it.
    pub note: Option<String>,
    /// Kept from linked people until then.
    pub surprise_until: Option<Timestamp>,
    /// Whether it came true.
    pub fulfilled: bool,
    /// Where it comes from.
    pub ground: Ground,
}

/// A promise.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PromiseLine {
    /// The edit that made it.
    pub promise: EditId,
    /// What was promised.
    pub what: String,
    /// How far it is.
    pub status: PromiseStatus,
    /// Whether there is still something to do.
    pub is_open: bool,
    /// Whether its time is over.
    pub overdue: bool,
    /// By when; the earlier while there is a conflict.
    pub due: Option<Timestamp>,
    /// Who sees to it; two when both claimed it.
    pub assignees: Vec<AssociateId>,
    /// Where it comes from.
    pub ground: Ground,
}

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Visit {
    /// The edit that began it.
    pub visit: EditId,
    /// Whether the customer is still here.
    pub open: bool,
    /// What was said at the door.
    pub with: Option<String>,
    /// When and where it began.
    pub ground: Ground,
    /// What came up, earliest first.
    pub captured: Vec<TextFact>,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// The thread to take up next time.
    pub thread: Option<TextFact>,
}

/// A call, message, try-on, gesture or referral.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct InteractionLine {
    /// The edit that recorded it.
    pub interaction: EditId,
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
    /// In a few words.
    pub summary: Option<String>,
    /// What it served.
    pub act: Option<Act>,
    /// What it was about, where that is a thing of this card or a campaign.
    pub about: Option<String>,
    /// For a gesture: what it cost, and the right it was spent from.
    pub spent: Option<Spent>,
    /// Who recorded it when.
    pub ground: Ground,
}

/// What the customer thought of an article.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Reaction {
    /// The article.
    pub sku: String,
    /// Liked or not.
    pub sentiment: Sentiment,
    /// In their words.
    pub words: Option<String>,
    /// Whether a later reaction to the same article is known.
    pub superseded: bool,
    /// Who recorded it when.
    pub ground: Ground,
}

/// What one side said.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConflictChoice {
    /// The edit, by which it is chosen.
    pub edit: EditId,
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
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConflictView {
    /// Where the field is.
    pub place: Place,
    /// The field, as `Edit.Resolve` takes it.
    pub path: String,
    /// What it is about.
    pub question: Question,
    /// How it ends.
    pub settlement: Settlement,
    /// What each said; two or more.
    pub choices: Vec<ConflictChoice>,
}

/// Everything the associate may see of one customer.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Card {
    /// Who.
    pub customer: CustomerId,
    /// The name to show; empty when none is known.
    pub name: String,
    /// The parts of the name.
    pub name_parts: Vec<NamePartLine>,
    /// Since when the customer is known.
    pub since: Option<Timestamp>,
    /// Where they can be reached.
    pub endpoints: Vec<Endpoint>,
    /// What they consented to.
    pub consents: Vec<Consent>,
    /// Whether they agreed to a relationship.
    pub agreement: Option<Agreement>,
    /// Whether what somebody saw or supposed of them may be recorded, and is shown: they agreed to a relationship. What they said is kept anyhow.
    pub may_conclude: bool,
    /// Whether to offer them a relationship: not while they have one, and not again after they declined or ended it.
    pub may_invite: bool,
    /// How they may be contacted.
    pub contact: ContactWish,
    /// What they like or not.
    pub preferences: Vec<Preference>,
    /// Sizes.
    pub sizes: Vec<Size>,
    /// Allergies.
    pub allergies: Vec<Allergy>,
    /// Notes, archived and redacted ones included.
    pub notes: Vec<Note>,
    /// Days worth remembering.
    pub occasions: Vec<Occasion>,
    /// Ties to other customers.
    pub relationships: Vec<RelationshipLine>,
    /// Wishes.
    pub wishes: Vec<Wish>,
    /// Purchases that are kept from linked people.
    pub surprises: Vec<Surprise>,
    /// Promises.
    pub promises: Vec<PromiseLine>,
    /// Visits, latest first.
    pub visits: Vec<Visit>,
    /// Other dealings, latest first.
    pub interactions: Vec<InteractionLine>,
    /// Reactions, latest first.
    pub reactions: Vec<Reaction>,
    /// Tags.
    pub tags: Vec<String>,
    /// What they need, latest first.
    pub needs: Vec<Need>,
    /// What they suggest, latest first.
    pub suggestions: Vec<Suggestion>,
    /// Whether other cards are the same person.
    pub links: Vec<Link>,
    /// What was asked of the hub, latest first.
    pub asks: Vec<AskLine>,
    /// Invitations to small events.
    pub invitations: Vec<Invitation>,
    /// What people said differently at the same time.
    pub conflicts: Vec<ConflictView>,
    /// Fields that only a newer version of the app can show.
    pub newer_fields: u32,
}
