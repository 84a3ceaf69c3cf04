//! The card as an app shows it: the core's view, with the ground of each value beside it.

use sync_core::card::Source;
use sync_core::card::reduce::Decision;
use sync_core::card::terms::{
    Agreement, Channel, EndpointKind, EndpointStatus, InteractionKind, NamePart, OccasionKind,
    Place, Polarity, PromiseStatus, Purpose, RelationshipKind, Sensitivity, Sentiment, ServiceMode,
    Severity,
};
use sync_core::card::view::{self, CardView, Fact, Question, Settlement, Strength};
use sync_core::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};

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
}

/// Something liked or not.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Preference {
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
    /// Whether its text was removed for good.
    pub redacted: bool,
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
    /// What people said differently at the same time.
    pub conflicts: Vec<ConflictView>,
    /// Fields that only a newer version of the app can show.
    pub newer_fields: u32,
}

/// A fact taken apart.
fn split<T>(fact: Fact<T>) -> (T, Ground) {
    let ground = Ground {
        sources: fact.sources,
        by: fact.by,
        shop: fact.shop,
        at: fact.at,
        source: fact.source,
        needs_confirmation: fact.needs_confirmation,
    };
    (fact.value, ground)
}

fn text_fact(fact: Fact<String>) -> TextFact {
    let (text, ground) = split(fact);
    TextFact { text, ground }
}

fn each<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

impl Card {
    pub(crate) fn new(customer: CustomerId, view: CardView) -> Self {
        Self {
            customer,
            name: view.name.shown(),
            name_parts: name_parts(view.name),
            since: view.since,
            endpoints: each(view.endpoints),
            consents: each(view.consents),
            agreement: view.agreement.map(|fact| fact.value),
            contact: view.contact.into(),
            preferences: each(view.preferences),
            sizes: each(view.sizes),
            allergies: each(view.allergies),
            notes: each(view.notes),
            occasions: each(view.occasions),
            relationships: each(view.relationships),
            wishes: each(view.wishes),
            promises: each(view.promises),
            visits: each(view.visits),
            interactions: each(view.interactions),
            reactions: each(view.reactions),
            tags: view.tags.into_iter().map(|fact| fact.value).collect(),
            conflicts: each(view.conflicts),
            newer_fields: u32::try_from(view.unknown.len()).unwrap_or(u32::MAX),
        }
    }
}

fn name_parts(name: view::NameView) -> Vec<NamePartLine> {
    let parts = [
        (NamePart::Address, name.address),
        (NamePart::Display, name.display),
        (NamePart::Family, name.family),
        (NamePart::Given, name.given),
        (NamePart::Pronunciation, name.pronunciation),
        (NamePart::Salutation, name.salutation),
    ];
    let known = |(part, fact): (NamePart, Option<Fact<String>>)| {
        let (text, ground) = split(fact?);
        Some(NamePartLine { part, text, ground })
    };
    parts.into_iter().filter_map(known).collect()
}

impl From<view::EndpointView> for Endpoint {
    fn from(view: view::EndpointView) -> Self {
        let (value, ground) = split(view.value);
        Self {
            kind: view.kind,
            value,
            status: view.status,
            ground,
        }
    }
}

impl From<view::ConsentView> for Consent {
    fn from(view: view::ConsentView) -> Self {
        Self {
            channel: view.channel,
            purpose: view.purpose,
            decision: view.decision,
            sources: view.sources,
            at: view.at,
        }
    }
}

impl From<view::ContactView> for ContactWish {
    fn from(view: view::ContactView) -> Self {
        let blocked = |fact: Fact<Option<String>>| {
            let (reason, ground) = split(fact);
            TextFact {
                text: reason.unwrap_or_default(),
                ground,
            }
        };
        let mode = view.mode.as_ref();
        Self {
            blocked: view.blocked.map(blocked),
            paused_until: view.paused_until.map(|fact| fact.value),
            mode_needs_confirmation: mode.is_some_and(|fact| fact.needs_confirmation),
            mode: mode.map(|fact| fact.value),
            language: view.language.map(text_fact),
            channels: view.channels.map(|fact| fact.value).unwrap_or_default(),
        }
    }
}

impl From<view::PreferenceView> for Preference {
    fn from(view: view::PreferenceView) -> Self {
        let (value, ground) = split(view.value);
        Self {
            kind: view.kind,
            subject: view.subject,
            value,
            polarity: view.polarity,
            strength: view.strength,
            last_at: view.last_at,
            days_seen: view.days_seen,
            ground,
        }
    }
}

impl From<view::SizeView> for Size {
    fn from(view: view::SizeView) -> Self {
        let (size, ground) = split(view.size);
        Self {
            category: view.category,
            system: view.system,
            brand: view.brand,
            size,
            ground,
        }
    }
}

impl From<view::AllergyView> for Allergy {
    fn from(view: view::AllergyView) -> Self {
        let (substance, ground) = split(view.substance);
        Self {
            substance,
            severity: view.severity,
            cause: view.cause.map(|fact| fact.value),
            ground,
        }
    }
}

impl From<view::NoteVersion> for NoteText {
    fn from(version: view::NoteVersion) -> Self {
        Self {
            edit: version.edit,
            body: version.body,
            by: version.by,
            at: version.at,
        }
    }
}

impl From<view::NoteView> for Note {
    fn from(view: view::NoteView) -> Self {
        Self {
            note: view.id,
            place: view.place,
            title: view.title.map(|fact| fact.value),
            versions: each(view.versions),
            label: view.label,
            archived: view.archived,
            pinned: view.pinned,
            redacted: view.redacted,
        }
    }
}

impl From<view::OccasionView> for Occasion {
    fn from(view: view::OccasionView) -> Self {
        Self {
            kind: view.kind,
            person: view.person,
            year: view.year,
            month: view.month,
            day: view.day,
            celebrate: view.celebrate,
            needs_confirmation: view.needs_confirmation,
        }
    }
}

impl From<view::RelationshipView> for RelationshipLine {
    fn from(view: view::RelationshipView) -> Self {
        Self {
            kind: view.kind,
            other: view.other.value,
        }
    }
}

impl From<view::WishView> for Wish {
    fn from(view: view::WishView) -> Self {
        let (sku, ground) = split(view.sku);
        Self {
            sku,
            quantity: view.quantity,
            note: view.note.map(|fact| fact.value),
            surprise_until: view.surprise_until,
            fulfilled: view.fulfilled,
            ground,
        }
    }
}

impl From<view::PromiseView> for PromiseLine {
    fn from(view: view::PromiseView) -> Self {
        let is_open = view.is_open();
        let (what, ground) = split(view.what);
        Self {
            promise: view.id,
            what,
            status: view.status,
            is_open,
            overdue: view.overdue,
            due: view.due,
            assignees: view.assignees,
            ground,
        }
    }
}

impl From<view::VisitView> for Visit {
    fn from(view: view::VisitView) -> Self {
        let (with, ground) = split(view.arrived);
        Self {
            visit: view.id,
            open: view.open,
            with,
            ground,
            captured: view.captured.into_iter().map(text_fact).collect(),
            closed_at: view.closed_at,
            thread: view.thread.map(text_fact),
        }
    }
}

impl From<view::InteractionView> for InteractionLine {
    fn from(view: view::InteractionView) -> Self {
        let (summary, ground) = split(view.summary);
        Self {
            interaction: view.id,
            kind: view.kind,
            visit: view.visit,
            channel: view.channel,
            sku: view.sku,
            by_customer: view.by_customer,
            summary,
            ground,
        }
    }
}

impl From<view::ReactionView> for Reaction {
    fn from(view: view::ReactionView) -> Self {
        let (sentiment, ground) = split(view.sentiment);
        Self {
            sku: view.sku,
            sentiment,
            words: view.words,
            superseded: view.superseded,
            ground,
        }
    }
}

impl From<view::ConflictOption> for ConflictChoice {
    fn from(option: view::ConflictOption) -> Self {
        Self {
            edit: option.edit,
            text: option.text,
            by: option.by,
            shop: option.shop,
            at: option.at,
            source: option.source,
        }
    }
}

impl From<view::Conflict> for ConflictView {
    fn from(conflict: view::Conflict) -> Self {
        Self {
            place: conflict.place,
            path: conflict.path,
            question: conflict.question,
            settlement: conflict.settlement,
            choices: each(conflict.options),
        }
    }
}
