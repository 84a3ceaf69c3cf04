//! The customer seen whole, and the house around: everything that the concierge's functions are given.
//!
//! A [`Picture`] is gathered once from a store, on a handheld or on the hub, and then read by pure functions; none of them reads storage.
//! Whatever order rows came in, the same rows make the same picture.

use std::collections::BTreeMap;

use super::guests::EventBody;
use crate::card::CardView;
use crate::card::normal::fold;
use crate::ids::{AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};
use crate::notices::Notice;
use crate::notices::bodies::{
    AnswerBody, ArticleBody, CaseBody, ContactBody, OwnerBody, PairsBody, ResponseBody, ShopBody,
    StaffBody, StockBody,
};
use crate::records::Record;

/// What a notice says, with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<T> {
    /// The notice's key.
    pub key: String,
    /// Which system says so.
    pub source: String,
    /// When it said so.
    pub as_of: Timestamp,
    /// What it says.
    pub body: T,
}

impl<T> Told<T> {
    /// What a notice says.
    #[must_use]
    pub fn new(notice: Notice, body: T) -> Self {
        Self {
            key: notice.key,
            source: notice.source,
            as_of: notice.as_of,
            body,
        }
    }
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// The associate.
    pub associate: AssociateId,
    /// The handheld; the hub's own id on the hub.
    pub device: DeviceId,
    /// Where they stand.
    pub shop: ShopId,
}

/// One customer, from every source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whole {
    /// What stands on the card, as the viewer sees it: joined over linked cards where they are one person.
    pub view: CardView,
    /// Sales and returns, in the order of their keys.
    pub sales: Vec<Record>,
    /// Cases of the service desk.
    pub cases: Vec<Told<CaseBody>>,
    /// Answers to messages and surveys.
    pub responses: Vec<Told<ResponseBody>>,
    /// Dealings that other systems know of, and messages that left.
    pub contacts: Vec<Told<ContactBody>>,
    /// The hub's answers, by what was asked.
    pub answers: BTreeMap<EditId, Told<AnswerBody>>,
    /// Small events to which they came, as the hub was told, by the event's id; the hosts are who looked after them.
    pub attended: Vec<Told<EventBody>>,
    /// Who looks after the customer first.
    pub owner: Option<OwnerBody>,
    /// Whether the customer was erased.
    pub is_erased: bool,
    /// The cards that this person is made of, the oldest first; the card itself where it stands alone.
    pub members: Vec<CustomerId>,
}

/// The house: what is the same for every customer of a shop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct House {
    /// Shops.
    pub shops: BTreeMap<ShopId, ShopBody>,
    /// Who works here.
    pub staff: BTreeMap<AssociateId, StaffBody>,
    /// The catalogue.
    pub articles: BTreeMap<String, ArticleBody>,
    /// What each shop has, by article and shop, with when that was counted.
    pub stock: BTreeMap<(String, ShopId), Told<StockBody>>,
    /// What is bought together, by article.
    pub pairs: BTreeMap<String, PairsBody>,
}

/// One customer, the house, and who looks.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// The customer.
    pub customer: CustomerId,
    /// From every source.
    pub whole: &'a Whole,
    /// The house.
    pub house: &'a House,
    /// Who looks.
    pub viewer: Viewer,
    /// When this replica last agreed with the hub; now, on the hub.
    pub synced_at: Option<Timestamp>,
    /// The present moment.
    pub now: Timestamp,
}

impl House {
    /// Minutes that a shop's clock is ahead of UTC at a moment; none where the shop is not known.
    #[must_use]
    pub fn minutes_ahead(&self, shop: ShopId, at: Timestamp) -> Option<i32> {
        let clock = &self.shops.get(&shop)?.clock;
        let begun = clock.iter().rev().find(|(from, _)| *from <= at);
        begun.or(clock.first()).map(|(_, minutes)| *minutes)
    }

    /// What a shop has of an article, however its number was typed.
    #[must_use]
    pub fn stock_of(&self, sku: &str, shop: ShopId) -> Option<&Told<StockBody>> {
        let exact = self.stock.get(&(sku.to_owned(), shop));
        exact.or_else(|| {
            let folded = fold(sku);
            let mut stock = self.stock.iter();
            let is_it = |(known, of): &(String, ShopId)| *of == shop && fold(known) == folded;
            stock.find(|(place, _)| is_it(place)).map(|(_, told)| told)
        })
    }

    /// A person's name, where it is known.
    #[must_use]
    pub fn name(&self, associate: AssociateId) -> Option<&str> {
        self.staff.get(&associate).map(|staff| staff.name.as_str())
    }
}
