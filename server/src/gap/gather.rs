//! What the gap reads of a customer: the card with what is linked to it, and everything that stands beside it.
//!
//! Cards are read as of no moment, so that a pause that is over still excuses what fell into it, and the same card always reads the same.

use std::collections::BTreeMap;

use sync_core::card::links::{Component, Merged, Standing, merge};
use sync_core::card::view::LinkView;
use sync_core::card::{self, CardView, Corrections, Reading, Visible};
use sync_core::concierge;
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

/// From where cards are read: a transaction under way, or beside whoever writes.
trait Cards {
    fn visible(&mut self, card: CustomerId) -> Result<(Visible, Corrections), StoreError>;

    fn tx(&mut self) -> &dyn ReadTx;

    fn view(&mut self, card: CustomerId) -> Result<CardView, StoreError> {
        let (visible, corrections) = self.visible(card)?;
        let reading = Reading {
            now: Timestamp::default(),
            corrections: &corrections,
        };
        Ok(CardView::read(&visible, &reading))
    }

    /// The links of a card, those that stand on other cards included: what two cards are to each other may be said on one of them.
    fn links(&mut self, card: CustomerId, own: Vec<LinkView>) -> Result<Vec<LinkView>, StoreError> {
        let mut links = own;
        for other in ledger::linking_to(self.tx(), card)? {
            let theirs = self.view(other)?.links.into_iter();
            let about = theirs.filter(|link| link.other == card);
            links.extend(about.map(|link| LinkView { other, ..link }));
        }
        Ok(links)
    }
}

impl Cards for EngineTx<'_> {
    fn visible(&mut self, card: CustomerId) -> Result<(Visible, Corrections), StoreError> {
        EngineTx::visible(self, card, NOBODY)
    }

    fn tx(&mut self) -> &dyn ReadTx {
        EngineTx::tx(self).as_read()
    }
}

/// Reading beside whoever writes.
struct Aside<'a> {
    book: &'a Book,
    tx: &'a dyn ReadTx,
}

impl Cards for Aside<'_> {
    fn visible(&mut self, card: CustomerId) -> Result<(Visible, Corrections), StoreError> {
        self.book.visible(card, NOBODY)
    }

    fn tx(&mut self) -> &dyn ReadTx {
        self.tx
    }
}

/// A customer, with linked cards where they are one person, and everything that stands beside the card.
fn gathered(cards: &mut dyn Cards, customer: CustomerId) -> Result<Whole, StoreError> {
    let mut view = cards.view(customer)?;
    let mut members = vec![customer];
    let links = cards.links(customer, view.links.clone())?;
    if !links.is_empty()
        && let Some(joined) = joined(cards, customer)?
    {
        (view, members) = (joined.view, joined.members);
    }
    concierge::gather::whole(cards.tx(), (customer, &members), view)
}

/// The cards of a person, where they are several and nobody says otherwise.
fn joined(cards: &mut dyn Cards, customer: CustomerId) -> Result<Option<Merged>, StoreError> {
    let component = Component::of(customer, |card| {
        let own = cards.view(card)?.links;
        Ok::<_, StoreError>(Some(cards.links(card, own)?))
    })?;
    if component.standing() != Standing::OnePerson {
        return Ok(None);
    }
    let (mut seen, mut corrections) = (BTreeMap::new(), Corrections::new());
    for card in component.cards() {
        let (visible, more) = cards.visible(*card)?;
        corrections.extend(more);
        seen.insert(*card, visible);
    }
    let reading = Reading {
        now: Timestamp::default(),
        corrections: &corrections,
    };
    Ok(Some(merge(&seen, &reading, None)))
}

/// A customer, inside a transaction.
///
/// # Errors
/// What the store reports.
pub fn whole(engine: &mut EngineTx<'_>, customer: CustomerId) -> Result<Whole, StoreError> {
    gathered(engine, customer)
}

/// The cards that a card itself says something of.
///
/// # Errors
/// What the store reports.
pub fn links_of(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
) -> Result<Vec<CustomerId>, StoreError> {
    let (visible, _) = Cards::visible(engine, customer)?;
    // To read the whole card for it would cost as much as to count it.
    let links = card::links::links(&visible).into_iter();
    Ok(links.map(|link| link.other).collect())
}

/// A customer, beside whoever writes.
///
/// # Errors
/// What the store reports.
pub fn whole_of(book: &Book, tx: &dyn ReadTx, customer: CustomerId) -> Result<Whole, StoreError> {
    gathered(&mut Aside { book, tx }, customer)
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
/// What is there counts from when it was first counted so ([`ledger::in_stock_since`]): another count of the same coat is no news.
///
/// # Errors
/// What the store reports.
pub fn stock(tx: &dyn ReadTx, whole: &Whole, house: &mut House) -> Result<(), StoreError> {
    house.stock.clear();
    for wish in &whole.view.wishes {
        let (sku, shop) = (&wish.sku.value, wish.sku.shop);
        let Some(mut told) = stock_of(tx, sku, shop)? else {
            continue;
        };
        if let Some(since) = ledger::in_stock_since(tx, sku, shop)? {
            told.as_of = since;
        }
        house.stock.insert((sku.clone(), shop), told);
    }
    Ok(())
}

/// What a shop has of an article; nothing where it has none.
///
/// # Errors
/// What the store reports.
pub fn stock_of(
    tx: &dyn ReadTx,
    sku: &str,
    shop: ShopId,
) -> Result<Option<Told<StockBody>>, StoreError> {
    let key = format!("{shop}/{sku}");
    for subject in [Subject::Shop(shop), Subject::Chain] {
        let found = notices::get::<StockBody>(tx, subject, &key)?;
        if let Some((notice, body)) = found {
            let is_there = body.on_hand.values().any(|count| *count > 0);
            return Ok(is_there.then_some(Told {
                key: notice.key,
                source: notice.source,
                as_of: notice.as_of,
                body,
            }));
        }
    }
    Ok(None)
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
