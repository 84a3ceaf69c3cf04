//! What the desk reads to decide: one customer seen whole, from the store of the hub.

use sync_core::card::links::Person;
use sync_core::card::{CardView, Reading};
use sync_core::concierge::guard::Settings;
use sync_core::concierge::{House, Whole, gather};
use sync_core::ids::{AssociateId, CustomerId, ShopId};
use sync_core::notices::bodies::ShopBody;
use sync_core::notices::{self, Subject};
use sync_core::store::{ReadTx, StoreError};

use crate::book::EngineTx;
use crate::book::person::Within;

/// What stands on the card alone: asks, consents, endpoints.
pub(super) fn card(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
) -> Result<CardView, StoreError> {
    let nowhere = ShopId([0; ShopId::LEN]);
    let now = engine.now();
    let (visible, corrections) = engine.visible(customer, (nowhere, None))?;
    let corrections = &corrections;
    Ok(CardView::read(&visible, &Reading { now, corrections }))
}

/// One person, with linked cards, as somebody in a shop sees them.
pub(super) fn whole(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    reader: (ShopId, Option<AssociateId>),
) -> Result<Whole, StoreError> {
    let person = Person::of(customer, &mut Within::all(engine, reader))?;
    let (view, members) = person.view(engine.now(), None);
    gather::whole(engine.tx().as_read(), (customer, &members), view)
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
