//! The house as a handheld knows it, colleagues, articles and stock; and what other systems and the hub say of a customer.

use sync_core::concierge::Told;
use sync_core::concierge::guests::{EventBody, EventState};
use sync_core::ids::{AssociateId, EditId, ShopId, Timestamp};
use sync_core::notices::bodies::{
    AnswerBody, AnswerState, ArticleBody, CaseBody, CaseState, ContactBody, ResponseBody,
    StaffBody, StockBody,
};

use super::records::SumOfMoney;

/// What the hub said to something asked for.
#[uniffi::remote(Enum)]
pub enum AnswerState {
    /// It is so.
    Confirmed,
    /// Not so, but this can be had instead: see the moment and the words.
    Countered,
    /// It is not to be had; the words say why and what can be done.
    Refused,
    /// It waits for something named in the words, until the moment at most.
    Held,
}

/// How far a case of the service desk is.
#[uniffi::remote(Enum)]
pub enum CaseState {
    /// Nobody has solved it yet.
    Open,
    /// It is solved.
    Solved,
}

/// How far a small event is.
#[uniffi::remote(Enum)]
pub enum EventState {
    /// It is going to be, or is.
    Planned,
    /// It was called off.
    CalledOff,
    /// It is over.
    Over,
}

/// A small event of the shop.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SmallEvent {
    /// Its id: what invitations, asks for seats, and reactions and suggestions about it name.
    pub event: EditId,
    /// What it is called.
    pub name: String,
    /// What it is about.
    pub themes: Vec<String>,
    /// Seats.
    pub seats: u32,
    /// Seats that the hub has given.
    pub granted: u32,
    /// Who hosts it.
    pub hosts: Vec<AssociateId>,
    /// When it begins.
    pub begins_at: Timestamp,
    /// How far it is.
    pub state: EventState,
}

impl SmallEvent {
    pub(crate) fn new(event: EditId, body: EventBody) -> Self {
        Self {
            event,
            seats: body.seats(),
            name: body.name,
            themes: body.themes,
            granted: body.granted,
            hosts: body.hosts,
            begins_at: body.begins_at,
            state: body.state,
        }
    }
}

/// Somebody who works for the chain.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Colleague {
    /// Who.
    pub associate: AssociateId,
    /// Name as colleagues see it.
    pub name: String,
    /// Their shop.
    pub shop: ShopId,
    /// Whether they run it.
    pub is_manager: bool,
    /// Whether they have left.
    pub has_left: bool,
}

impl Colleague {
    pub(crate) fn new(associate: AssociateId, staff: StaffBody) -> Self {
        Self {
            associate,
            name: staff.name,
            shop: staff.shop,
            is_manager: staff.is_manager,
            has_left: staff.has_left,
        }
    }
}

/// An article of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Article {
    /// Its number.
    pub sku: String,
    /// Its name.
    pub label: String,
    /// What it is: "coat", "ring".
    pub category: String,
    /// Its brand, where there are several.
    pub brand: Option<String>,
    /// What it is good for, what it is like.
    pub tags: Vec<String>,
    /// What it is made of.
    pub materials: Vec<String>,
    /// In which system its sizes are given.
    pub size_system: Option<String>,
    /// The sizes it is made in; empty where it has none.
    pub sizes: Vec<String>,
    /// What it costs.
    pub price: Option<SumOfMoney>,
    /// Whether it is used up, so that somebody who has it may want it again.
    pub is_consumable: bool,
    /// When the catalogue said so.
    pub as_of: Timestamp,
}

impl Article {
    pub(crate) fn new(sku: String, as_of: Timestamp, body: ArticleBody) -> Self {
        let price = |(minor, currency)| SumOfMoney::new(minor, currency);
        Self {
            sku,
            label: body.label,
            category: body.category,
            brand: body.brand,
            tags: body.tags,
            materials: body.materials,
            size_system: body.size_system,
            sizes: body.sizes,
            price: body.price.map(price),
            is_consumable: body.is_consumable,
            as_of,
        }
    }
}

/// How many of a size.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SizeCount {
    /// The size; empty where there is none.
    pub size: String,
    /// How many.
    pub quantity: u32,
}

/// What is on its way.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Arriving {
    /// When it is expected.
    pub at: Timestamp,
    /// Of which size; empty where there is none.
    pub size: String,
    /// How many.
    pub quantity: u32,
}

/// What one shop has of an article, as it was counted last.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct StockAt {
    /// Where.
    pub shop: ShopId,
    /// The shop's name, where it is known.
    pub shop_name: Option<String>,
    /// How many there are of each size.
    pub on_hand: Vec<SizeCount>,
    /// What is on its way, soonest first.
    pub arriving: Vec<Arriving>,
    /// When it was counted: what is older than a day wants a look.
    pub as_of: Timestamp,
}

impl StockAt {
    pub(crate) fn new(shop_name: Option<String>, as_of: Timestamp, body: StockBody) -> Self {
        let counted = body.on_hand.into_iter();
        let coming = body.arriving.into_iter();
        Self {
            shop: body.shop,
            shop_name,
            on_hand: counted
                .map(|(size, quantity)| SizeCount { size, quantity })
                .collect(),
            arriving: coming
                .map(|(at, size, quantity)| Arriving { at, size, quantity })
                .collect(),
            as_of,
        }
    }
}

/// A case of the service desk.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ServiceCase {
    /// Which system says so.
    pub source: String,
    /// When it said so.
    pub as_of: Timestamp,
    /// What it is about.
    pub topic: String,
    /// Whether it is a complaint: nothing is to be sold before it is solved.
    pub is_complaint: bool,
    /// How far it is.
    pub state: CaseState,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was solved.
    pub solved_at: Option<Timestamp>,
    /// The article it is about.
    pub sku: Option<String>,
}

impl From<Told<CaseBody>> for ServiceCase {
    fn from(told: Told<CaseBody>) -> Self {
        Self {
            source: told.source,
            as_of: told.as_of,
            topic: told.body.topic,
            is_complaint: told.body.is_complaint,
            state: told.body.state,
            opened_at: told.body.opened_at,
            solved_at: told.body.solved_at,
            sku: told.body.sku,
        }
    }
}

/// What a customer answered to a message or a survey.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CustomerResponse {
    /// Which system says so.
    pub source: String,
    /// To what.
    pub to: String,
    /// Over which channel, as the card's terms name it.
    pub channel: Option<String>,
    /// When.
    pub at: Timestamp,
    /// In their words.
    pub words: Option<String>,
    /// A mark where one was given, in percent.
    pub score: Option<u8>,
}

impl From<Told<ResponseBody>> for CustomerResponse {
    fn from(told: Told<ResponseBody>) -> Self {
        Self {
            source: told.source,
            to: told.body.to,
            channel: told.body.channel,
            at: told.body.at,
            words: told.body.words,
            score: told.body.score,
        }
    }
}

/// A dealing that another system knows of, or a message that the hub sent.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OutsideContact {
    /// Which system says so.
    pub source: String,
    /// Over which channel, as the card's terms name it; none in person.
    pub channel: Option<String>,
    /// For which purpose, as the card's terms name it.
    pub purpose: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Whether the customer began it.
    pub by_customer: bool,
    /// What was said, in a few words.
    pub summary: Option<String>,
    /// Who, when one of ours.
    pub by: Option<AssociateId>,
}

impl From<Told<ContactBody>> for OutsideContact {
    fn from(told: Told<ContactBody>) -> Self {
        Self {
            source: told.source,
            channel: told.body.channel,
            purpose: told.body.purpose,
            at: told.body.at,
            by_customer: told.body.by_customer,
            summary: told.body.summary,
            by: told.body.by,
        }
    }
}

/// The hub's answer to something asked for. Before it is there the app says "asked for", never "booked".
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HubAnswer {
    /// The ask.
    pub ask: EditId,
    /// What became of it.
    pub state: AnswerState,
    /// A stable name of the reason; empty for a plain yes.
    pub code: String,
    /// When it is, until when it is kept, or what is proposed instead.
    pub at: Option<Timestamp>,
    /// What to tell the customer, in a few words.
    pub words: Option<String>,
    /// When the hub said so.
    pub answered_at: Timestamp,
}

impl From<Told<AnswerBody>> for HubAnswer {
    fn from(told: Told<AnswerBody>) -> Self {
        Self {
            ask: told.body.ask,
            state: told.body.state,
            code: told.body.code,
            at: told.body.at,
            words: told.body.words,
            answered_at: told.as_of,
        }
    }
}
