//! What the gap reads of a customer: the card with what is linked to it, and everything that stands beside it.
//!
//! Cards are read as of no moment, so that a pause that is over still excuses what fell into it, and the same card always reads the same.

use sync_core::card;
use sync_core::card::links::{Cards, Opened, Person};
use sync_core::concierge;
use sync_core::concierge::gather::goods;
use sync_core::concierge::obligations::{self, Obligation};
use sync_core::concierge::picture::{House, Told, Whole};
use sync_core::ids::{AssociateId, CustomerId, ShopId, Timestamp};
use sync_core::notices::bodies::{ShopBody, StockBody};
use sync_core::notices::{self, Subject};
use sync_core::store::{ReadTx, StoreError};

use super::ledger;
use crate::book::{Book, EngineTx};

/// Everybody reads the card; what stands in facets of few is nobody's to count.
const NOBODY: (ShopId, Option<AssociateId>) = (ShopId([0; ShopId::LEN]), None);

/// Cards inside a transaction.
struct Within<'e, 't>(&'e mut EngineTx<'t>);

impl Cards for Within<'_, '_> {
    type Error = StoreError;

    fn open(&mut self, card: CustomerId) -> Result<Option<Opened>, StoreError> {
        self.0.visible(card, NOBODY).map(Some)
    }

    fn linking_to(&mut self, card: CustomerId) -> Result<Vec<CustomerId>, StoreError> {
        ledger::linking_to(self.0.tx().as_read(), card)
    }
}

/// Cards beside whoever writes.
struct Aside<'a> {
    book: &'a Book,
    tx: &'a dyn ReadTx,
}

impl Cards for Aside<'_> {
    type Error = StoreError;

    fn open(&mut self, card: CustomerId) -> Result<Option<Opened>, StoreError> {
        self.book.visible(card, NOBODY).map(Some)
    }

    fn linking_to(&mut self, card: CustomerId) -> Result<Vec<CustomerId>, StoreError> {
        ledger::linking_to(self.tx, card)
    }
}

/// A person with everything that stands beside their cards.
fn gathered(tx: &dyn ReadTx, person: &Person) -> Result<Whole, StoreError> {
    let (view, members) = person.view(Timestamp::default(), None);
    concierge::gather::whole(tx, (person.asked, &members), view)
}

/// A customer, inside a transaction.
///
/// # Errors
/// What the store reports.
pub fn whole(engine: &mut EngineTx<'_>, customer: CustomerId) -> Result<Whole, StoreError> {
    let person = Person::of(customer, &mut Within(engine))?;
    gathered(engine.tx().as_read(), &person)
}

/// The cards that a card itself says something of.
///
/// # Errors
/// What the store reports.
pub fn links_of(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
) -> Result<Vec<CustomerId>, StoreError> {
    let (visible, _) = engine.visible(customer, NOBODY)?;
    // To read the whole card for it would cost as much as to count it.
    let links = card::links::links(&visible).into_iter();
    Ok(links.map(|link| link.other).collect())
}

/// A customer, beside whoever writes.
///
/// # Errors
/// What the store reports.
pub fn whole_of(book: &Book, tx: &dyn ReadTx, customer: CustomerId) -> Result<Whole, StoreError> {
    let person = Person::of(customer, &mut Aside { book, tx })?;
    gathered(tx, &person)
}

/// The shops with their clocks.
///
/// # Errors
/// What the store reports.
pub fn shops(tx: &dyn ReadTx) -> Result<House, StoreError> {
    let mut house = House::default();
    notices::for_each::<ShopBody>(tx, Subject::Chain, &mut |notice, body| {
        if let Ok(shop) = notice.key.parse() {
            house.shops.insert(shop, body);
        }
    })?;
    Ok(house)
}

/// Puts into the house what the shops have of what a customer wishes for, and nothing else.
///
/// # Errors
/// What the store reports.
pub fn stock(tx: &dyn ReadTx, whole: &Whole, house: &mut House) -> Result<(), StoreError> {
    house.stock.clear();
    for wish in &whole.view.wishes {
        let (sku, shop) = (&wish.sku.value, wish.sku.shop);
        if let Some(told) = stock_of(tx, sku, shop)? {
            house.stock.insert((sku.clone(), shop), told);
        }
    }
    Ok(())
}

/// What a shop has of an article, however its number was typed; nothing where it has none.
///
/// # Errors
/// What the store reports.
pub fn stock_of(
    tx: &dyn ReadTx,
    sku: &str,
    shop: ShopId,
) -> Result<Option<Told<StockBody>>, StoreError> {
    let catalogued = goods::article(tx, sku)?;
    let number = catalogued.as_ref().map_or(sku, |told| &told.key);
    let found = goods::stock(tx, (number, shop))?;
    Ok(found.filter(|told| told.body.is_there()))
}

/// Since when a shop has had an article, as the playbook counts it; nothing where it has none.
///
/// # Errors
/// What the store reports.
pub fn there_since(
    tx: &dyn ReadTx,
    sku: &str,
    shop: ShopId,
) -> Result<Option<Timestamp>, StoreError> {
    let there = stock_of(tx, sku, shop)?;
    Ok(there.map(|told| told.body.there_since.unwrap_or(told.as_of)))
}

/// What the playbook owes a customer now, in the order in which it closes.
///
/// # Errors
/// What the store reports.
pub fn obligations(
    book: &Book,
    customer: CustomerId,
    now: Timestamp,
) -> Result<Vec<Obligation>, StoreError> {
    let tx = book.store().read()?;
    let (playbook, _) = super::playbook(&*tx)?;
    let whole = whole_of(book, &*tx, customer)?;
    let mut house = shops(&*tx)?;
    stock(&*tx, &whole, &mut house)?;
    let person = whole.members.first().copied().unwrap_or(customer);
    let both = (&whole, &house);
    Ok(obligations::obligations(person, both, &playbook, now))
}
