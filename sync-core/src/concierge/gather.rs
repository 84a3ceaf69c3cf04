//! Gathering: from a store's rows to the [`Picture`] of one customer, on handheld and hub alike.
//!
//! The view is the caller's, since who may see which part of a card is decided where the card is read. Everything else is read here,
//! and only what this customer needs: the goods that their card and sales name, and those that could answer what they need or like.
//! Of the view only this changes: wishes come true by purchases, which no card shows.
//!
//! # Invariants
//! - Equal rows give equal pictures, whatever order they were stored in.
//! - What is read is bounded, whatever the size of the catalogue and of the chain; what comes first in [`goods`]' order stays.

pub mod goods;

use std::collections::BTreeMap;

use super::picture::{House, Picture, Told, Viewer, Whole};
use crate::card::CardView;
use crate::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};
use crate::notices::bodies::{AnswerBody, OwnerBody, ShopBody, StaffBody};
use crate::notices::{self, Notice, NoticeBody, Subject};
use crate::records::{self, Record, RecordKind};
use crate::store::{ReadTx, StoreError, Table};

/// A customer and the house around them, read from a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathered {
    /// The customer from every source.
    pub whole: Whole,
    /// The part of the house that matters for them.
    pub house: House,
}

/// Which goods are read: for most of what is asked none are needed, and they are most of what there is to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goods {
    /// All that could matter.
    All,
    /// Those that the customer wishes or wished for: what is owed depends on no others.
    Wished,
    /// None: whether somebody may be contacted depends on none.
    None,
}

impl Gathered {
    /// Reads everything that the concierge needs of a customer, whose card or joined cards the caller has read.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails or a row does not decode.
    pub fn read(
        tx: &dyn ReadTx,
        (customer, members): (CustomerId, &[CustomerId]),
        view: CardView,
        shop: ShopId,
    ) -> Result<Self, StoreError> {
        Self::read_with(tx, (customer, members), view, (shop, Goods::All))
    }

    /// As [`Gathered::read`], with these goods alone.
    ///
    /// # Errors
    /// [`StoreError`] when storage fails or a row does not decode.
    pub fn read_with(
        tx: &dyn ReadTx,
        (customer, members): (CustomerId, &[CustomerId]),
        view: CardView,
        (shop, goods): (ShopId, Goods),
    ) -> Result<Self, StoreError> {
        let whole = whole(tx, (customer, members), view)?;
        let mut house = House {
            shops: shops(tx, shop)?,
            staff: staff(tx, &whole, shop)?,
            ..House::default()
        };
        goods::fill(tx, &whole, (&mut house, shop), goods)?;
        Ok(Self { whole, house })
    }

    /// The picture for whoever looks.
    #[must_use]
    pub fn picture(
        &self,
        customer: CustomerId,
        viewer: Viewer,
        (synced_at, now): (Option<Timestamp>, Timestamp),
    ) -> Picture<'_> {
        Picture {
            customer,
            whole: &self.whole,
            house: &self.house,
            viewer,
            synced_at,
            now,
        }
    }
}

/// The customer from every source. `members` are the cards that this person is made of, the oldest first; none where the card stands alone.
///
/// # Errors
/// [`StoreError`] when storage fails or a row does not decode.
pub fn whole(
    tx: &dyn ReadTx,
    (customer, members): (CustomerId, &[CustomerId]),
    view: CardView,
) -> Result<Whole, StoreError> {
    let members = if members.is_empty() {
        vec![customer]
    } else {
        members.to_vec()
    };
    let mut whole = Whole {
        view,
        is_erased: tx.get(Table::Tombstone, customer.as_bytes())?.is_some(),
        ..Whole::default()
    };
    for member in &members {
        let subject = Subject::Customer(*member);
        records::for_each(tx, *member, &mut |record| whole.sales.push(record))?;
        all(tx, subject, &mut whole.cases)?;
        all(tx, subject, &mut whole.responses)?;
        all(tx, subject, &mut whole.contacts)?;
        all(tx, subject, &mut whole.attended)?;
        answers(tx, subject, &mut whole.answers)?;
        if whole.owner.is_none() {
            let owner = notices::get::<OwnerBody>(tx, subject, "")?;
            whole.owner = owner.map(|(_, owner)| owner);
        }
    }
    whole.sales.sort_by_key(Record::key);
    fulfil(&mut whole);
    whole.cases.sort_by(|one, other| one.key.cmp(&other.key));
    whole
        .responses
        .sort_by(|one, other| one.key.cmp(&other.key));
    whole.contacts.sort_by(|one, other| one.key.cmp(&other.key));
    whole.attended.sort_by(|one, other| one.key.cmp(&other.key));
    whole.members = members;
    Ok(whole)
}

/// Counts wishes as come true whose article was bought since, on whichever card either stands.
fn fulfil(whole: &mut Whole) {
    let sales = whole.sales.iter();
    let bought = sales.filter(|record| record.kind == RecordKind::Purchase);
    let bought = bought.flat_map(|record| {
        let day = record.sale.at.days();
        let lines = record.sale.lines.iter();
        lines.filter_map(move |line| Some((line.sku.as_deref()?, day)))
    });
    whole.view.fulfil(bought);
}

/// The shops alone, with their clocks: for what needs to know which day it is, and nobody's card.
///
/// # Errors
/// [`StoreError`] when storage fails or a row does not decode.
pub fn clocks(tx: &dyn ReadTx, shop: ShopId) -> Result<House, StoreError> {
    Ok(House {
        shops: shops(tx, shop)?,
        ..House::default()
    })
}

fn told<T>(notice: Notice, body: T) -> Told<T> {
    Told {
        key: notice.key,
        source: notice.source,
        as_of: notice.as_of,
        body,
    }
}

fn all<T: NoticeBody>(
    tx: &dyn ReadTx,
    subject: Subject,
    into: &mut Vec<Told<T>>,
) -> Result<(), StoreError> {
    notices::for_each(tx, subject, &mut |notice, body| {
        into.push(told(notice, body));
    })
}

fn answers(
    tx: &dyn ReadTx,
    subject: Subject,
    into: &mut BTreeMap<EditId, Told<AnswerBody>>,
) -> Result<(), StoreError> {
    notices::for_each(tx, subject, &mut |notice, body: AnswerBody| {
        into.insert(body.ask, told(notice, body));
    })
}

/// Shops as the chain tells of them, and this one as it tells of itself.
fn shops(tx: &dyn ReadTx, shop: ShopId) -> Result<BTreeMap<ShopId, ShopBody>, StoreError> {
    let mut shops = BTreeMap::new();
    for subject in [Subject::Chain, Subject::Shop(shop)] {
        notices::for_each(tx, subject, &mut |notice, body: ShopBody| {
            if let Ok(id) = notice.key.parse() {
                shops.insert(id, body);
            }
        })?;
    }
    Ok(shops)
}

/// The colleagues whom a brief could name: who looks after the customer, and who promised something.
fn staff(
    tx: &dyn ReadTx,
    whole: &Whole,
    shop: ShopId,
) -> Result<BTreeMap<AssociateId, StaffBody>, StoreError> {
    let promises = whole.view.promises.iter();
    let open = promises.filter(|promise| promise.is_open());
    let mut named: Vec<_> = open.flat_map(|promise| promise.assignees.clone()).collect();
    named.extend(whole.owner.as_ref().map(|owner| owner.owner));
    named.sort_unstable();
    named.dedup();
    let mut staff = BTreeMap::new();
    for associate in named {
        let key = associate.to_string();
        for subject in [Subject::Shop(shop), Subject::Chain] {
            if let Some((_, body)) = notices::get::<StaffBody>(tx, subject, &key)? {
                staff.insert(associate, body);
                break;
            }
        }
    }
    Ok(staff)
}

#[cfg(test)]
mod tests;
