//! What an associate can mean: the closed list of edits, each with its parts.

use super::input::{
    AskInput, EndpointInput, Evidence, InvitationInput, LinkInput, NeedChange, NeedInput, Spent,
    SuggestionInput, SurpriseInput,
};
use crate::card::terms::{
    Act, Agreement, Channel, ConsentEvent, EndpointKind, EndpointStatus, InteractionKind, NamePart,
    NeedState, OccasionKind, Place, Polarity, PromiseStatus, Purpose, RelationshipKind,
    Sensitivity, Sentiment, ServiceMode, Severity,
};
use crate::ids::{AssociateId, CustomerId, EditId, Timestamp};

/// Something an associate does to a card: in JSON an object whose `edit` names the variant, frozen since its schema; `null` clears.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// Begins a card.
    CreateCustomer {
        /// The parts of the name that are known.
        #[serde(default)]
        name: std::collections::BTreeMap<NamePart, String>,
        /// Language, as a BCP 47 tag.
        #[serde(default)]
        language: Option<String>,
        /// Where they can be reached.
        #[serde(default)]
        endpoints: Vec<EndpointInput>,
        /// Since when they are known, where that is earlier than now.
        #[serde(default)]
        since: Option<Timestamp>,
    },
    /// Sets or clears a part of the name.
    SetName {
        /// Which part.
        part: NamePart,
        /// The text; nothing clears it.
        #[serde(deserialize_with = "Option::deserialize")]
        value: Option<String>,
    },
    /// Adds an endpoint, or says that a removed one is right after all.
    AddEndpoint {
        /// Of which kind.
        kind: EndpointKind,
        /// The number, address or account.
        value: String,
    },
    /// Takes an endpoint off the card.
    RemoveEndpoint {
        /// Of which kind.
        kind: EndpointKind,
        /// The number, address or account.
        value: String,
    },
    /// Says whether an endpoint can be used.
    MarkEndpoint {
        /// Of which kind.
        kind: EndpointKind,
        /// The number, address or account.
        value: String,
        /// What is known of it.
        status: EndpointStatus,
    },
    /// Records that consent was given, taken back or refused; a STOP names every purpose of its channel.
    RecordConsent {
        /// The channel; none for purposes that have none.
        #[serde(default)]
        channel: Option<Channel>,
        /// The purposes.
        purposes: Vec<Purpose>,
        /// What happened.
        event: ConsentEvent,
        /// The proof, without which a grant counts for nothing.
        #[serde(default)]
        evidence: Option<Evidence>,
    },
    /// Records how the customer answered to the offer of a relationship.
    SetAgreement {
        /// What they said.
        state: Agreement,
        /// The proof.
        #[serde(default)]
        evidence: Option<Evidence>,
    },
    /// Do not contact, at all.
    BlockContact {
        /// Why.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Lifts a block; a manager's act, with its reason.
    LiftBlock {
        /// Why.
        reason: String,
    },
    /// No contact before a day; nothing ends the pause.
    PauseContact {
        /// Until when.
        #[serde(deserialize_with = "Option::deserialize")]
        until: Option<Timestamp>,
    },
    /// How much company the customer wants.
    SetServiceMode {
        /// The mode.
        mode: ServiceMode,
    },
    /// The language to speak and write.
    SetLanguage {
        /// A BCP 47 tag; nothing clears it.
        #[serde(deserialize_with = "Option::deserialize")]
        language: Option<String>,
    },
    /// The channels the customer prefers, best first.
    SetChannels {
        /// The channels; none when there is no preference.
        channels: Vec<Channel>,
    },
    /// What the customer likes or does not, or confirms to.
    SetPreference {
        /// Kind: color, drink, cut, …
        kind: String,
        /// About what: "coats".
        subject: String,
        /// Which: "navy".
        #[serde(default)]
        value: Option<String>,
        /// How much.
        polarity: Polarity,
    },
    /// What the customer was seen to like or not: evidence, not yet a fact.
    ObservePreference {
        /// Kind: color, drink, cut, …
        kind: String,
        /// About what.
        subject: String,
        /// Which.
        #[serde(default)]
        value: Option<String>,
        /// How it looked.
        polarity: Polarity,
    },
    /// Retires a preference and the observations seen so far.
    DropPreference {
        /// Kind.
        kind: String,
        /// About what.
        subject: String,
    },
    /// Sets or clears a size.
    SetSize {
        /// Of what: shoe, ring, …
        category: String,
        /// In which system: EU, FR, US, …
        system: String,
        /// Of which brand, where it runs differently.
        #[serde(default)]
        brand: Option<String>,
        /// The size; nothing clears it.
        #[serde(deserialize_with = "Option::deserialize")]
        size: Option<String>,
    },
    /// Records what the customer must not come into contact with.
    RecordAllergy {
        /// The effect, in a word: nickel, latex, nuts.
        substance: String,
        /// How bad.
        severity: Severity,
        /// The cause behind it: kept where only few may read, and only with consent.
        #[serde(default)]
        cause: Option<String>,
    },
    /// Takes an allergy back, on the customer's word.
    RemoveAllergy {
        /// The effect.
        substance: String,
    },
    /// Writes a note.
    AddNote {
        /// Who may read it.
        place: Place,
        /// The text.
        body: String,
        /// A title.
        #[serde(default)]
        title: Option<String>,
        /// How carefully to handle it.
        #[serde(default)]
        label: Option<Sensitivity>,
    },
    /// Writes a note anew; it comes back if it was archived meanwhile.
    EditNote {
        /// Where it is.
        place: Place,
        /// Which.
        note: EditId,
        /// The whole text.
        body: String,
        /// A new title; nothing leaves it.
        #[serde(default)]
        title: Option<String>,
    },
    /// Puts a note away, or takes it out again.
    ArchiveNote {
        /// Where it is.
        place: Place,
        /// Which.
        note: EditId,
        /// Away or not.
        archived: bool,
    },
    /// Keeps a note past its time, or no longer.
    PinNote {
        /// Where it is.
        place: Place,
        /// Which.
        note: EditId,
        /// Why it is kept; nothing unpins it.
        #[serde(deserialize_with = "Option::deserialize")]
        reason: Option<String>,
    },
    /// Says how carefully a note is to be handled.
    LabelNote {
        /// Where it is.
        place: Place,
        /// Which.
        note: EditId,
        /// How.
        label: Sensitivity,
    },
    /// Removes a note's text for good.
    RedactNote {
        /// Where it is.
        place: Place,
        /// Which.
        note: EditId,
        /// Why, without repeating what it said.
        reason: String,
    },
    /// Takes a note from many readers to fewer: a copy there, and a redaction here.
    MoveNote {
        /// Which.
        note: EditId,
        /// Where it is.
        from: Place,
        /// Where it goes; fewer may read there.
        to: Place,
    },
    /// A day worth remembering, as far as it is known: the parts given stand for the whole date, and none of them leaves it as it is.
    SetOccasion {
        /// Of which kind.
        kind: OccasionKind,
        /// Whose; nobody named means the customer's own.
        #[serde(default)]
        person: Option<String>,
        /// Year.
        #[serde(default)]
        year: Option<u16>,
        /// Month, 1 to 12.
        #[serde(default)]
        month: Option<u8>,
        /// Day of the month.
        #[serde(default)]
        day: Option<u8>,
        /// Whether the customer wants it celebrated; nothing leaves that open.
        #[serde(default)]
        celebrate: Option<bool>,
    },
    /// Takes an occasion off the card.
    RemoveOccasion {
        /// Of which kind.
        kind: OccasionKind,
        /// Whose.
        #[serde(default)]
        person: Option<String>,
    },
    /// Says that two customers belong together.
    AddRelationship {
        /// The other one.
        other: CustomerId,
        /// How.
        kind: RelationshipKind,
    },
    /// Says that they do not, or no longer.
    RemoveRelationship {
        /// The other one.
        other: CustomerId,
        /// How they did.
        kind: RelationshipKind,
    },
    /// Puts an article on the list of wishes.
    AddWish {
        /// The article.
        sku: String,
        /// How many; nothing leaves it, one where nobody said.
        #[serde(default)]
        quantity: Option<u16>,
        /// What to know about it.
        #[serde(default)]
        note: Option<String>,
        /// Keeps it from linked people until then.
        #[serde(default)]
        surprise_until: Option<Timestamp>,
    },
    /// Says that a wish came true.
    FulfillWish {
        /// The article.
        sku: String,
    },
    /// Takes a wish off the list.
    RemoveWish {
        /// The article.
        sku: String,
    },
    /// Promises something.
    MakePromise {
        /// What.
        what: String,
        /// By when.
        #[serde(default)]
        due: Option<Timestamp>,
        /// Who sees to it; whoever promises, unless said.
        #[serde(default)]
        assignee: Option<AssociateId>,
    },
    /// Changes what was promised, or by when.
    ChangePromise {
        /// Which.
        promise: EditId,
        /// What; nothing leaves it.
        #[serde(default)]
        what: Option<String>,
        /// By when; nothing leaves it.
        #[serde(default)]
        due: Option<Timestamp>,
    },
    /// Says how far a promise is.
    SetPromiseStatus {
        /// Which.
        promise: EditId,
        /// How far.
        status: PromiseStatus,
    },
    /// Gives a promise to somebody.
    AssignPromise {
        /// Which.
        promise: EditId,
        /// To whom; nothing gives it back.
        #[serde(deserialize_with = "Option::deserialize")]
        assignee: Option<AssociateId>,
    },
    /// The customer came in: a visit begins, named by this edit.
    Arrive {
        /// With whom, or what to know at the door.
        #[serde(default)]
        with: Option<String>,
    },
    /// What came up during a visit.
    Capture {
        /// Which visit.
        visit: EditId,
        /// In a few words.
        summary: String,
    },
    /// The customer left.
    Leave {
        /// Which visit.
        visit: EditId,
        /// The thread to take up next time.
        #[serde(default)]
        summary: Option<String>,
    },
    /// A call, message, try-on, gesture, referral or service in person.
    /// A gesture says what it cost and why, or what it served; what was done in person and cost nothing is a service.
    RecordInteraction {
        /// Of which kind.
        kind: InteractionKind,
        /// During which visit.
        #[serde(default)]
        visit: Option<EditId>,
        /// Over which channel.
        #[serde(default)]
        channel: Option<Channel>,
        /// About which article.
        #[serde(default)]
        sku: Option<String>,
        /// Whether the customer began it.
        #[serde(default)]
        by_customer: bool,
        /// In a few words.
        #[serde(default)]
        summary: Option<String>,
        /// What it served. Since schema 2, as the two below.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        act: Option<Act>,
        /// What it was about, where that is a thing of this card or a campaign: the id of a promise, a preference, a content.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
        /// For a gesture: what it cost, and the right it was spent from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spent: Option<Spent>,
    },
    /// What the customer thought of an article.
    RecordReaction {
        /// During which visit or interaction.
        #[serde(default)]
        interaction: Option<EditId>,
        /// The article.
        sku: String,
        /// Liked or not.
        sentiment: Sentiment,
        /// In their words.
        #[serde(default)]
        words: Option<String>,
    },
    /// Adds a tag.
    Tag {
        /// The tag.
        tag: String,
    },
    /// Takes a tag off.
    Untag {
        /// The tag.
        tag: String,
    },
    /// Writes down what the customer needs: a problem to be solved, not yet an article. This and what follows: since schema 2.
    AddNeed(NeedInput),
    /// Changes what is needed, or what an answer has to be good for.
    ChangeNeed(NeedChange),
    /// Says how far a need is: opens it again, or drops it.
    SetNeedState {
        /// Which.
        need: EditId,
        /// How far.
        state: NeedState,
    },
    /// Says what solved a need, or where the customer was sent.
    AnswerNeed {
        /// Which.
        need: EditId,
        /// What answered it.
        answer: String,
    },
    /// Writes down what the customer suggests to the shop.
    AddSuggestion(SuggestionInput),
    /// Says that whoever can answer a suggestion has read it.
    AcknowledgeSuggestion {
        /// Which.
        suggestion: EditId,
    },
    /// Answers a suggestion; the customer is still to be told.
    AnswerSuggestion {
        /// Which.
        suggestion: EditId,
        /// The answer.
        answer: String,
    },
    /// Says that the customer was told the answer.
    TellSuggestion {
        /// Which.
        suggestion: EditId,
    },
    /// Says that this card and another are one person, or two.
    LinkCustomers(LinkInput),
    /// Asks the hub for something that only it can give.
    Ask(AskInput),
    /// Takes back what was asked for.
    WithdrawAsk {
        /// Which.
        ask: EditId,
    },
    /// Says how far the invitation to an event is.
    SetInvitation(InvitationInput),
    /// Keeps a purchase from linked people until then, or no longer.
    SetSurprise(SurpriseInput),
    /// Only who looks after the customer first may approach them.
    KeepToOwner {
        /// Why.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Lets colleagues approach the customer again; a manager's act, with its reason.
    OpenToColleagues {
        /// Why.
        reason: String,
    },
    /// Says whether the customer is a minor; that they are not is the customer's word.
    SetMinor {
        /// Whether they are.
        is_minor: bool,
    },
    /// Settles a conflict by choosing one of the values that stand side by side.
    Resolve {
        /// Where the field is.
        place: Place,
        /// The field, as a conflict names it.
        path: String,
        /// The edit that wrote the value to keep.
        choose: EditId,
    },
}
