//! What notices say that more than one room reads: the house, its goods, and what other systems know of a customer.
//!
//! The playbook, the rights and the standard have their types with the concierge.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::{NoticeBody, NoticeKind};
use crate::ids::{AssociateId, EditId, ShopId, Timestamp};
use crate::records::Currency;

/// A shop. Key: its id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ShopBody {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// From which moment its clock is how many minutes ahead of UTC, ascending; the first counts for everything before.
    #[n(1)]
    pub clock: Vec<(Timestamp, i32)>,
    /// What it sells in.
    #[n(2)]
    pub currency: Option<Currency>,
}

/// Somebody who works here. Key: their id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct StaffBody {
    /// Name as colleagues see it.
    #[n(0)]
    pub name: String,
    /// Their shop.
    #[n(1)]
    pub shop: ShopId,
    /// Whether they run it.
    #[n(2)]
    pub is_manager: bool,
    /// Whether they have left.
    #[n(3)]
    pub has_left: bool,
}

/// An article. Key: its number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ArticleBody {
    /// Its name.
    #[n(0)]
    pub label: String,
    /// What it is: "coat", "ring".
    #[n(1)]
    pub category: String,
    /// Its brand, where there are several.
    #[n(2)]
    pub brand: Option<String>,
    /// What it is good for, what it is like: "rain", "navy", "travel"; folded, ascending.
    #[n(3)]
    pub tags: Vec<String>,
    /// What it is made of, for allergies: "nickel", "wool"; folded, ascending.
    #[n(4)]
    pub materials: Vec<String>,
    /// In which system its sizes are given.
    #[n(5)]
    pub size_system: Option<String>,
    /// The sizes it is made in; empty where it has none.
    #[n(6)]
    pub sizes: Vec<String>,
    /// What it costs, in minor units and a currency.
    #[n(7)]
    pub price: Option<(i64, Currency)>,
    /// Whether it is used up, so that somebody who has it may want it again.
    #[n(8)]
    pub is_consumable: bool,
}

/// What a shop has of an article. Key: `shop/number`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct StockBody {
    /// Where.
    #[n(0)]
    pub shop: ShopId,
    /// Of what.
    #[n(1)]
    pub sku: String,
    /// How many of each size; the empty size where there is none.
    #[n(2)]
    pub on_hand: BTreeMap<String, u32>,
    /// What is on its way: when it is expected, of which size, how many; ascending.
    #[n(3)]
    pub arriving: Vec<(Timestamp, String, u32)>,
    /// Since which count there is any, without a count between that found none. The hub says so, whatever a source sends; none where nothing is there.
    #[n(4)]
    pub there_since: Option<Timestamp>,
}

impl StockBody {
    /// Whether there is any, of any size.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.on_hand.values().any(|count| *count > 0)
    }
}

/// What is often bought with an article. Key: its number. The hub counts it from all sales.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PairsBody {
    /// The other article, the lift in basis points (15,000 is 1.5) and how many customers bought both; by article.
    #[n(0)]
    pub with: Vec<(String, u32, u32)>,
}

/// How far a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum CaseState {
    /// Nobody has solved it yet.
    #[n(0)]
    Open,
    /// It is solved.
    #[n(1)]
    Solved,
}

/// A case of the service desk. Key: `source:id`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CaseBody {
    /// What it is about, in a few words.
    #[n(0)]
    pub topic: String,
    /// Whether it is a complaint.
    #[n(1)]
    pub is_complaint: bool,
    /// How far it is.
    #[n(2)]
    pub state: CaseState,
    /// When it was opened.
    #[n(3)]
    pub opened_at: Timestamp,
    /// When it was solved.
    #[n(4)]
    pub solved_at: Option<Timestamp>,
    /// The article it is about.
    #[n(5)]
    pub sku: Option<String>,
}

/// What a customer answered to a message or a survey. Key: `source:id`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ResponseBody {
    /// To what: the message, the campaign, the survey.
    #[n(0)]
    pub to: String,
    /// Over which channel, as the card's terms name it.
    #[n(1)]
    pub channel: Option<String>,
    /// When.
    #[n(2)]
    pub at: Timestamp,
    /// In their words.
    #[n(3)]
    pub words: Option<String>,
    /// A mark where one was given, in percent.
    #[n(4)]
    pub score: Option<u8>,
}

/// A dealing that another system knows of, or a message that the hub sent. Key: `source:id`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ContactBody {
    /// Over which channel, as the card's terms name it; none in person.
    #[n(0)]
    pub channel: Option<String>,
    /// For which purpose, as the card's terms name it.
    #[n(1)]
    pub purpose: Option<String>,
    /// When.
    #[n(2)]
    pub at: Timestamp,
    /// Whether the customer began it.
    #[n(3)]
    pub by_customer: bool,
    /// What was said, in a few words.
    #[n(4)]
    pub summary: Option<String>,
    /// The campaign or content it carried, for telling duplicates.
    #[n(5)]
    pub content: Option<String>,
    /// Who, when one of ours.
    #[n(6)]
    pub by: Option<AssociateId>,
    /// What it served, as the card's terms of acts name it.
    #[n(7)]
    pub act: Option<String>,
}

/// What the hub said to something asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum AnswerState {
    /// It is so.
    #[n(0)]
    Confirmed,
    /// Not so, but this can be had instead: see the moment and the words.
    #[n(1)]
    Countered,
    /// It is not to be had; the words say why and what can be done.
    #[n(2)]
    Refused,
    /// It waits for something named in the words, until the moment at most.
    #[n(3)]
    Held,
}

/// The hub's answer to something asked for on the card. Key: the ask's edit id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AnswerBody {
    /// The ask.
    #[n(0)]
    pub ask: EditId,
    /// What became of it.
    #[n(1)]
    pub state: AnswerState,
    /// A stable name of the reason; empty for a plain yes.
    #[n(2)]
    pub code: String,
    /// When it is (an appointment), until when it is kept (a reservation), or what is proposed instead.
    #[n(3)]
    pub at: Option<Timestamp>,
    /// What to tell the customer, in a few words.
    #[n(4)]
    pub words: Option<String>,
}

/// Who looks after a customer first. Key: empty.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OwnerBody {
    /// Who.
    #[n(0)]
    pub owner: AssociateId,
    /// Since when.
    #[n(1)]
    pub since: Timestamp,
}

macro_rules! kinds {
    ($($body:ty => $kind:ident,)+) => {$(
        impl NoticeBody for $body {
            const KIND: NoticeKind = NoticeKind::$kind;
        }
    )+};
}

kinds! {
    ShopBody => Shop,
    StaffBody => Staff,
    ArticleBody => Article,
    StockBody => Stock,
    PairsBody => Pairs,
    CaseBody => Case,
    ResponseBody => Response,
    ContactBody => Contact,
    AnswerBody => Answer,
    OwnerBody => Owner,
}
