//! What the desk reads to decide: one customer seen whole, from the store of the hub.

use sync_core::card::links::{self, Opened, Person};
use sync_core::card::{CardView, Corrections, Facet, Reading, Visible};
use sync_core::concierge::guard::Settings;
use sync_core::concierge::{House, Whole, gather};
use sync_core::documents;
use sync_core::ids::{AssociateId, CustomerId, ShopId, Timestamp};
use sync_core::notices::bodies::ShopBody;
use sync_core::notices::{self, Subject};
use sync_core::projection;
use sync_core::scope::Scope;
use sync_core::store::{ReadTx, StoreError};

use crate::book::{Book, EngineTx};

/// From where cards are read: the transaction under way, or beside whoever writes.
pub(super) trait Cards {
    fn visible(
        &mut self,
        customer: CustomerId,
        reader: (ShopId, Option<AssociateId>),
    ) -> Result<(Visible, Corrections), StoreError>;

    fn tx(&mut self) -> &dyn ReadTx;

    fn now(&self) -> Timestamp;
}

impl Cards for EngineTx<'_> {
    fn visible(
        &mut self,
        customer: CustomerId,
        reader: (ShopId, Option<AssociateId>),
    ) -> Result<(Visible, Corrections), StoreError> {
        EngineTx::visible(self, customer, reader)
    }

    fn tx(&mut self) -> &dyn ReadTx {
        EngineTx::tx(self).as_read()
    }

    fn now(&self) -> Timestamp {
        EngineTx::now(self)
    }
}

/// Cards as one reader sees them.
struct Linked<'c> {
    cards: &'c mut dyn Cards,
    reader: (ShopId, Option<AssociateId>),
    /// Whether only those in the reader's book are opened.
    only_near: bool,
}

impl links::Cards for Linked<'_> {
    type Error = StoreError;

    fn open(&mut self, card: CustomerId) -> Result<Option<Opened>, StoreError> {
        if self.only_near {
            let scopes = documents::scopes(self.cards.tx(), Facet::Card.document(card))?;
            if !scopes.contains(&Scope::Book(self.reader.0)) {
                return Ok(None);
            }
        }
        self.cards.visible(card, self.reader).map(Some)
    }

    fn linking_to(&mut self, card: CustomerId) -> Result<Vec<CustomerId>, StoreError> {
        projection::linking_to(self.cards.tx(), card)
    }
}

/// Reading beside whoever writes.
pub(super) struct Aside<'a> {
    pub(super) book: &'a Book,
    pub(super) tx: &'a dyn ReadTx,
    pub(super) now: Timestamp,
}

impl Cards for Aside<'_> {
    fn visible(
        &mut self,
        customer: CustomerId,
        reader: (ShopId, Option<AssociateId>),
    ) -> Result<(Visible, Corrections), StoreError> {
        self.book.visible(customer, reader)
    }

    fn tx(&mut self) -> &dyn ReadTx {
        self.tx
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}

/// What stands on the card alone: asks, consents, endpoints.
pub(super) fn card(cards: &mut dyn Cards, customer: CustomerId) -> Result<CardView, StoreError> {
    let nowhere = ShopId([0; ShopId::LEN]);
    let now = cards.now();
    let (visible, corrections) = cards.visible(customer, (nowhere, None))?;
    let corrections = &corrections;
    Ok(CardView::read(&visible, &Reading { now, corrections }))
}

/// One person, with linked cards, as a reader sees them.
pub(super) fn person(
    cards: &mut dyn Cards,
    customer: CustomerId,
    reader: (ShopId, Option<AssociateId>),
) -> Result<Person, StoreError> {
    let only_near = false;
    let mut linked = Linked {
        cards,
        reader,
        only_near,
    };
    Person::of(customer, &mut linked)
}

/// One person over those of their cards that are in a shop's book, and which those are, the oldest first.
pub(super) fn near(
    cards: &mut dyn Cards,
    customer: CustomerId,
    shop: ShopId,
) -> Result<(CardView, Vec<CustomerId>), StoreError> {
    let now = cards.now();
    let mut linked = Linked {
        cards,
        reader: (shop, None),
        only_near: true,
    };
    Ok(Person::of(customer, &mut linked)?.view(now, None))
}

/// One person, with linked cards and what every other source says, as somebody in a shop sees them.
pub(super) fn whole(
    cards: &mut dyn Cards,
    customer: CustomerId,
    reader: (ShopId, Option<AssociateId>),
) -> Result<Whole, StoreError> {
    let (view, members) = person(cards, customer, reader)?.view(cards.now(), None);
    gather::whole(cards.tx(), (customer, &members), view)
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
