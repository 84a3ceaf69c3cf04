//! What the desk reads to decide: one customer seen whole, from the store of the hub.

use std::collections::BTreeMap;

use sync_core::card::links::{Component, Standing, merge};
use sync_core::card::{CardView, Reading};
use sync_core::concierge::guard::Settings;
use sync_core::concierge::{House, Told, Whole};
use sync_core::ids::{AssociateId, CustomerId, ShopId};
use sync_core::notices::bodies::{AnswerBody, OwnerBody, ShopBody};
use sync_core::notices::{self, NoticeBody, Subject};
use sync_core::records;
use sync_core::store::{ReadTx, StoreError, Table};

use crate::book::EngineTx;

/// What stands on the card alone: asks, consents, endpoints.
pub(super) fn card(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
) -> Result<CardView, StoreError> {
    let nowhere = ShopId([0; ShopId::LEN]);
    view(engine, customer, (nowhere, None))
}

fn view(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    reader: (ShopId, Option<AssociateId>),
) -> Result<CardView, StoreError> {
    let now = engine.now();
    let (visible, corrections) = engine.visible(customer, reader)?;
    let corrections = &corrections;
    Ok(CardView::read(&visible, &Reading { now, corrections }))
}

/// One person, with linked cards, as somebody in a shop sees them.
pub(super) fn whole(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    reader: (ShopId, Option<AssociateId>),
) -> Result<Whole, StoreError> {
    let now = engine.now();
    let (visible, mut corrections) = engine.visible(customer, reader)?;
    let reading = Reading {
        now,
        corrections: &corrections,
    };
    let mut whole = Whole {
        view: CardView::read(&visible, &reading),
        members: vec![customer],
        ..Whole::default()
    };
    if !whole.view.links.is_empty() {
        let component = Component::of(customer, |card| {
            Ok::<_, StoreError>(Some(view(engine, card, reader)?.links))
        })?;
        if component.standing() == Standing::OnePerson {
            let mut cards = BTreeMap::new();
            for card in component.cards() {
                let (visible, more) = engine.visible(*card, reader)?;
                corrections.extend(more);
                cards.insert(*card, visible);
            }
            let reading = Reading {
                now,
                corrections: &corrections,
            };
            let merged = merge(&cards, &reading, None);
            whole.view = merged.view;
            whole.members = merged.members;
        }
    }
    let tx = engine.tx().as_read();
    for member in whole.members.clone() {
        read_beside(tx, member, &mut whole)?;
    }
    Ok(whole)
}

/// What is known of a card beside what stands on it.
fn read_beside(tx: &dyn ReadTx, card: CustomerId, whole: &mut Whole) -> Result<(), StoreError> {
    whole.is_erased |= tx.get(Table::Tombstone, card.as_bytes())?.is_some();
    records::for_each(tx, card, &mut |record| whole.sales.push(record))?;
    whole.cases.extend(told(tx, card)?);
    whole.responses.extend(told(tx, card)?);
    whole.contacts.extend(told(tx, card)?);
    let answers: Vec<Told<AnswerBody>> = told(tx, card)?;
    let answers = answers.into_iter().map(|told| (told.body.ask, told));
    whole.answers.extend(answers);
    let owner = notices::get::<OwnerBody>(tx, Subject::Customer(card), "")?;
    whole.owner = whole.owner.take().or(owner.map(|(_, body)| body));
    Ok(())
}

fn told<B: NoticeBody>(tx: &dyn ReadTx, card: CustomerId) -> Result<Vec<Told<B>>, StoreError> {
    let mut found = Vec::new();
    notices::for_each::<B>(tx, Subject::Customer(card), &mut |notice, body| {
        found.push(Told::new(notice, body));
    })?;
    Ok(found)
}

/// The shops with their clocks: what the guard needs of the house.
pub(super) fn house(tx: &dyn ReadTx) -> Result<House, StoreError> {
    let mut house = House::default();
    notices::for_each::<ShopBody>(tx, Subject::Chain, &mut |notice, body| {
        if let Ok(shop) = notice.key.parse() {
            house.shops.insert(shop, body);
        }
    })?;
    Ok(house)
}

/// The bounds that hold: what a manager set, else the defaults.
pub(super) fn settings(tx: &dyn ReadTx) -> Result<Settings, StoreError> {
    let stored = notices::get::<Settings>(tx, Subject::Chain, "")?;
    Ok(stored.map_or_else(Settings::default, |(_, settings)| settings))
}
