//! The closed lists of the core as apps name them. The words and their order are the core's; this file repeats them for the generator,
//! and the compiler refuses it when they differ.

mod question;
mod wants;

use sync_core::card::Source;
use sync_core::card::reduce::Decision;
use sync_core::card::schema::Role;
use sync_core::card::terms::{
    Agreement, Channel, ConsentEvent, ConsentMethod, EndpointKind, EndpointStatus, InteractionKind,
    NamePart, OccasionKind, Place, Polarity, PromiseStatus, Purpose, RelationshipKind, Sensitivity,
    Sentiment, ServiceMode, Severity,
};
use sync_core::card::view::{Settlement, Strength};
use sync_core::concierge::Language;
use sync_core::concierge::brief::LineKind;
use sync_core::projection::HintKind;
use sync_core::replica::book::FirstSync;

/// A part of a name.
#[uniffi::remote(Enum)]
pub enum NamePart {
    /// How the customer wants to be addressed, in words: "Madame Wang", "Léa, informally".
    Address,
    /// The name as it is to be shown, where that is not given and family name in this order.
    Display,
    /// Family name.
    Family,
    /// Given name.
    Given,
    /// How the name is spoken.
    Pronunciation,
    /// Salutation or title: "Mme", "Dr".
    Salutation,
}

/// Where somebody can be reached.
#[uniffi::remote(Enum)]
pub enum EndpointKind {
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A WhatsApp number.
    Whatsapp,
    /// A WeChat name.
    Wechat,
    /// A LINE name.
    Line,
    /// A KakaoTalk name.
    Kakao,
}

/// Whether an endpoint can be used. A lattice: later wins.
#[uniffi::remote(Enum)]
pub enum EndpointStatus {
    /// Nothing speaks against it.
    Ok,
    /// Messages come back.
    Bounced,
    /// Somebody else answers.
    WrongPerson,
    /// The customer does not want it used.
    Revoked,
}

/// A way of contacting somebody.
#[uniffi::remote(Enum)]
pub enum Channel {
    /// A telephone call.
    Call,
    /// A text message.
    Sms,
    /// An e-mail.
    Email,
    /// WhatsApp.
    Whatsapp,
    /// WeChat.
    Wechat,
    /// LINE.
    Line,
    /// KakaoTalk.
    Kakao,
    /// A letter or card.
    Post,
}

/// What consent is asked for.
#[uniffi::remote(Enum)]
pub enum Purpose {
    /// Thanks, greetings and asking how a purchase does.
    Care,
    /// Knowing the customer in the other shops of the chain; has no channel.
    Chain,
    /// Invitations.
    Event,
    /// Offers and news about products.
    Sell,
    /// Keeping the cause behind a sensitive fact; has no channel.
    Sensitive,
    /// What an order, repair or appointment needs.
    Service,
}

/// What happened to a consent.
#[uniffi::remote(Enum)]
pub enum ConsentEvent {
    /// Given.
    Grant,
    /// Taken back.
    Withdraw,
    /// Objected to, without having been given.
    Object,
}

/// How a consent was given.
#[uniffi::remote(Enum)]
pub enum ConsentMethod {
    /// Signed on paper or on a screen.
    Signature,
    /// Entered by the customer on a web page or in an app.
    WebForm,
    /// Said in the shop.
    Spoken,
    /// Written in a message.
    Message,
    /// Taken over from another system together with its proof.
    Import,
}

/// Whether the customer has agreed to a relationship. Concurrent events: later in this list wins.
#[uniffi::remote(Enum)]
pub enum Agreement {
    /// Asked, no answer yet.
    Invited,
    /// Agreed.
    Agreed,
    /// Declined.
    Declined,
    /// Ended.
    Ended,
}

/// How much company the customer wants while shopping. Quieter wins.
#[uniffi::remote(Enum)]
pub enum ServiceMode {
    /// Everything the house can do.
    Concierge,
    /// Advice along the way.
    Guided,
    /// In and out.
    Quick,
    /// Not to be spoken to first.
    LeaveAlone,
}

/// Whether something is liked. A lattice: the stronger caution wins, and what was dropped loses to everything.
#[uniffi::remote(Enum)]
pub enum Polarity {
    /// No longer held.
    Dropped,
    /// Liked.
    Like,
    /// Better not.
    Avoid,
    /// In no case.
    Never,
}

/// How bad a reaction is. A lattice: later wins.
#[uniffi::remote(Enum)]
pub enum Severity {
    /// Uncomfortable.
    Mild,
    /// Harmful.
    Serious,
    /// Dangerous to life.
    Dangerous,
}

/// How carefully a note is to be handled. A lattice: later wins.
#[uniffi::remote(Enum)]
pub enum Sensitivity {
    /// Nothing special.
    Plain,
    /// Bereavement, separation, security, complaint: a cue, not a story.
    Guarded,
    /// Health, religion and the like: belongs where only few may read.
    Special,
}

/// A day worth remembering.
#[uniffi::remote(Enum)]
pub enum OccasionKind {
    /// A birthday.
    Birthday,
    /// A wedding or other anniversary.
    Anniversary,
    /// A name day.
    NameDay,
    /// A feast of the year.
    Holiday,
    /// A graduation, birth, move or another event.
    Milestone,
}

/// How two customers belong together; the same seen from either end.
#[uniffi::remote(Enum)]
pub enum RelationshipKind {
    /// A couple.
    Partner,
    /// Relatives.
    Family,
    /// One household.
    Household,
    /// Friends.
    Friend,
    /// They work together.
    Colleague,
    /// One acts for the other.
    Assistant,
    /// Not to be seated together.
    Separate,
}

/// How far a promise is. A lattice: later wins, so a promise that was kept stays kept.
#[uniffi::remote(Enum)]
pub enum PromiseStatus {
    /// Not begun.
    Open,
    /// Begun.
    InProgress,
    /// Given up.
    Cancelled,
    /// Kept.
    Done,
}

/// A dealing with the customer other than a visit.
#[uniffi::remote(Enum)]
pub enum InteractionKind {
    /// A telephone call.
    Call,
    /// A gesture: something given beyond the sale, out of a right to spend.
    Gesture,
    /// A message in either direction.
    Message,
    /// Sent elsewhere, honestly.
    Referral,
    /// Tried something on.
    TryOn,
    /// Served in person: what it was is its act.
    Service,
}

/// What the customer thought of an article.
#[uniffi::remote(Enum)]
pub enum Sentiment {
    /// Disliked.
    Disliked,
    /// Neither.
    Neutral,
    /// Liked.
    Liked,
    /// Loved.
    Loved,
}

/// Where something is kept, as an associate names it; the facet follows from who and where the associate is.
#[uniffi::remote(Enum)]
pub enum Place {
    /// The chain's card.
    Card,
    /// This shop's part.
    Shop,
    /// Need to know.
    Restricted,
    /// The associate's own part.
    Private,
}

/// What a consent log allows.
#[uniffi::remote(Enum)]
pub enum Decision {
    /// Nobody asked, or without evidence: only a reply is fine.
    Unknown,
    /// Granted, with evidence.
    Allow,
    /// Refused.
    Deny,
}

/// What somebody may do, from least to most.
#[uniffi::remote(Enum)]
pub enum Role {
    /// Serves customers.
    Associate,
    /// Runs a shop.
    Manager,
    /// The hub itself: imports, integrations.
    Hub,
}

/// How far what was written down can be relied on; a higher rank wins a tie.
#[uniffi::remote(Enum)]
pub enum Source {
    /// An associate typed it without saying where from.
    Typed,
    /// An associate saw it (a try-on, a reaction).
    Observed,
    /// It came with an import.
    Imported,
    /// The customer said it.
    Stated,
    /// The customer entered or signed it.
    CustomerEntered,
}

/// How far a preference can be relied on.
#[uniffi::remote(Enum)]
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

/// How a conflict ends.
#[uniffi::remote(Enum)]
pub enum Settlement {
    /// Ask the customer, then choose one option or write what they say.
    Choose,
    /// Read both texts and write one.
    Merge,
    /// Agree among colleagues, or let a manager decide.
    Agree,
}

/// A language that Carnet speaks to associates.
#[uniffi::remote(Enum)]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
}

/// What a line says. Its arguments are named beside it; all of them are text.
#[uniffi::remote(Enum)]
pub enum LineKind {
    /// Must not come into contact with: `substance`, `severity`; `disputed` when one colleague took it back.
    Allergy,
    /// In no case: `kind`, `subject`, `value`.
    Never,
    /// Do not contact at all.
    DoNotContact,
    /// No contact for `days` more days.
    Paused,
    /// How much company: `mode` is `leave_alone` or `quick`.
    Mode,
    /// Only who looks after the customer first may approach them: `name`, where it is known.
    OwnerOnly,
    /// There is a topic to stay away from; the note tells whoever may read it.
    Guarded,
    /// Do not mention an article to people who come along: `sku`, `name`.
    Secret,
    /// A complaint is open: nothing is sold before it is solved. The service desk's case tells the story.
    Complaint,
    /// Disliked lately: `sku`, `name`.
    Disliked,
    /// Better not: `kind`, `subject`, `value`.
    Avoid,
    /// How to address the customer (`address`) and the thread from the last visit (`thread`).
    Greet,
    /// A promise: `what`, `days` until it is due (negative when overdue).
    Promise,
    /// What the hub said to something asked for: `asked` (`appointment`, `reservation`, `seat`), `subject`,
    /// `state` (`confirmed`, `countered`, `refused`), `days` until then, `time` on the shop's clock, `words`.
    Answered,
    /// A complaint waits for us to set it right: `sku`, `name` of what it is about, `days` since it was opened.
    Recovery,
    /// A day to mark: `occasion`, `person`, `days` until then; `ask` when nobody knows whether the customer wants that.
    Occasion,
    /// The customer's suggestion was answered, and they were not told: `what`, `answer`.
    Suggestion,
    /// A wish can be met: `sku`, `name`, `state` (`here`, `check`, `arriving`, `elsewhere`), `quantity`;
    /// `days` until it arrives, `hours` since it was counted, `shop` that has it.
    Wish,
    /// Something here answers a need: `what`, `sku`, `name`.
    Need,
    /// Something to ask, because colleagues wrote different things: `about`, `subject`, `options` with ` / ` between them.
    Ask,
    /// Something to ask, because it is unsure or long ago: `kind`, `subject`, `value`, `polarity`.
    Confirm,
    /// How the last purchase does: `sku`, `name`, `days` since.
    Reaction,
}

/// What the line beneath a name speaks of. Rendered in the associate's language.
#[uniffi::remote(Enum)]
pub enum HintKind {
    /// What to keep away; the argument names it.
    Allergy,
    /// A promise; the argument is its text.
    Promise,
    /// Something to confirm; the argument names the field.
    Conflict,
    /// A preference; the argument is its subject.
    Preference,
    /// A wish; the argument names it.
    Wish,
}

/// How far the first sync of the book came.
#[uniffi::remote(Enum)]
pub enum FirstSync {
    /// Nothing came yet.
    NotBegun,
    /// Rows come: search finds some.
    Rows,
    /// All can be found; cards still come.
    Searchable,
    /// Everything is here.
    Complete,
}
