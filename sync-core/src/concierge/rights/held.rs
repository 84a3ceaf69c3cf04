//! The rights that one handheld holds for one associate, and what it has spent of them.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use super::{Holder, RightBody, Slot};
use crate::card::CardView;
use crate::card::terms::{AskKind, InteractionKind};
use crate::ids::{AssociateId, CustomerId, ShopId, Timestamp};
use crate::records::Currency;

/// What a handheld keeps of its own about spent rights. Written in the transaction of the edit that spends; frozen since database schema 2.
///
/// Cards don't show gestures of other customers, and an edit may be refused after the call was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Marks {
    /// Contacts: the key of the right and the customer.
    #[n(0)]
    pub contacts: BTreeSet<(String, CustomerId)>,
    /// What was spent on gestures from each right, in minor units.
    #[n(1)]
    pub spent_minor: BTreeMap<String, i64>,
}

impl Marks {
    /// Where a handheld keeps them, in [`crate::store::Table::Progress`].
    pub const KEY: &'static [u8] = b"concierge.marks";

    /// Forgets the marks of rights that are no longer held, so that they don't grow.
    pub fn keep(&mut self, held: &BTreeSet<String>) {
        self.contacts.retain(|(right, _)| held.contains(right));
        self.spent_minor.retain(|right, _| held.contains(right));
    }
}

/// A right to spend, as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GestureRight {
    /// Its key.
    pub key: String,
    /// From which shop's pool.
    pub shop: ShopId,
    /// The shop's day.
    pub day: Slot,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Of which currency, where the shop's is known.
    pub currency: Option<Currency>,
}

/// What one handheld holds for one associate.
#[derive(Debug, Clone, Default)]
pub struct Held {
    contacts: Vec<(String, Slot, Vec<CustomerId>)>,
    pub(super) gestures: Vec<GestureRight>,
    pub(super) marks: Marks,
}

/// No right for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// When the next one begins that is held here.
    pub next: Option<Timestamp>,
    /// What spent the one of now; empty when there is none.
    pub spent_by: Vec<String>,
}

impl Held {
    /// Keeps what was given to this handheld in this sign-in; other rights do not count here.
    #[must_use]
    pub fn new(
        here: Holder,
        rights: impl IntoIterator<Item = (String, RightBody)>,
        marks: Marks,
    ) -> Self {
        let mut held = Self {
            marks,
            ..Self::default()
        };
        for (key, right) in rights {
            match right {
                RightBody::Contact {
                    holder,
                    slot,
                    customers,
                } if holder == here => held.contacts.push((key, slot, customers)),
                RightBody::Gesture {
                    holder,
                    shop,
                    day,
                    amount_minor,
                    currency,
                } if holder == here => held.gestures.push(GestureRight {
                    key,
                    shop,
                    day,
                    amount_minor,
                    currency,
                }),
                RightBody::Contact { .. } | RightBody::Gesture { .. } => {}
            }
        }
        held.contacts.sort_unstable();
        held.gestures
            .sort_unstable_by(|one, other| one.key.cmp(&other.key));
        held
    }

    /// The keys of what is held.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<String> {
        let contacts = self.contacts.iter().map(|(key, ..)| key);
        let gestures = self.gestures.iter().map(|right| &right.key);
        contacts.chain(gestures).cloned().collect()
    }

    /// The right to contact a customer at a moment, by its key, if it is not spent. A person of several cards needs a right of one of them,
    /// and none of the others' may be spent: slots are given for the person.
    ///
    /// # Errors
    /// [`Missing`] says when there is one.
    pub fn contact(
        &self,
        members: &[CustomerId],
        (customer, associate, now): (CustomerId, AssociateId, Timestamp),
        view: &CardView,
    ) -> Result<&str, Missing> {
        let is_named = |customers: &[CustomerId]| {
            let mut all = members.iter().chain([&customer]);
            all.any(|one| customers.binary_search(one).is_ok())
        };
        let mine = || {
            self.contacts
                .iter()
                .filter(|(_, _, customers)| is_named(customers))
        };
        let mut spent_by = Vec::new();
        let mut is_spent = false;
        let mut open = None;
        for (key, slot, _) in mine().filter(|(_, slot, _)| slot.holds(now)) {
            // Slots of two cards of one person may overlap: one contact spends them all.
            spent_by.extend(spent_in(*slot, associate, view));
            is_spent |= self.is_marked(key, members, customer);
            open = open.or(Some(key));
        }
        if let Some(key) = open.filter(|_| spent_by.is_empty() && !is_spent) {
            return Ok(key);
        }
        let begins = mine().map(|(_, slot, _)| slot.from);
        let next = begins.filter(|from| *from > now).min();
        Err(Missing { next, spent_by })
    }

    /// Marks a contact as made, before or with the edit that records it.
    pub fn mark_contact(&mut self, key: &str, customer: CustomerId) -> &Marks {
        self.marks.contacts.insert((key.to_owned(), customer));
        &self.marks
    }

    fn is_marked(&self, key: &str, members: &[CustomerId], customer: CustomerId) -> bool {
        let mut all = members.iter().chain([&customer]);
        all.any(|one| self.marks.contacts.contains(&(key.to_owned(), *one)))
    }
}

/// The associate's own calls and messages in the slot, and the messages they asked the hub for.
fn spent_in(slot: Slot, associate: AssociateId, view: &CardView) -> Vec<String> {
    let calls = view.interactions.iter().filter(|one| {
        let is_contact = matches!(one.kind, InteractionKind::Call | InteractionKind::Message);
        let is_mine = !one.by_customer && one.summary.by == associate;
        is_contact && is_mine && slot.holds(one.summary.at)
    });
    let asks = view.asks.iter().filter(|ask| {
        let is_message = ask.kind == AskKind::Message && !ask.withdrawn;
        is_message && ask.words.by == associate && slot.holds(ask.words.at)
    });
    let calls = calls.map(|one| one.id.to_string());
    calls.chain(asks.map(|ask| ask.id.to_string())).collect()
}
