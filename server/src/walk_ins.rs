//! Walk-ins: a customer of another shop comes in, and their card comes into this shop's book for the day.
//!
//! # Invariants
//! - Only with the chain's consent: who did not agree to be known in other shops is served as a guest, and the answer says so.
//! - Who was let in for the day is noted until the day's end, in the transaction that lets them in; then the book forgets them, unless
//!   somebody of the shop wrote on the card meanwhile, which makes them known here.
//! - Every fetch leaves a line in the access log.
//!
//! In [`Table::Progress`]: `walkin/ ‖ shop ‖ customer` to since and until when.

pub mod counted;
pub mod look_ups;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::access::{AccessEntry, AccessKind};
use sync_core::card::reduce::Decision;
use sync_core::card::terms::Purpose;
use sync_core::card::{CardView, Facet, Reading};
use sync_core::concierge::House;
use sync_core::documents;
use sync_core::ids::{AssociateId, CustomerId, ShopId, Timestamp};
use sync_core::notices::bodies::ShopBody;
use sync_core::notices::{self, Subject};
use sync_core::scope::Scope;
use sync_core::store::{self, ReadTx, StoreError, Table, scan_prefix};

use crate::book::{Book, EngineTx};
use crate::identity::directory;
use crate::writer::WriteError;

const WALK_IN: &[u8] = b"walkin/";
/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// Somebody who was let in for the day. Encoded as a CBOR array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Visitor {
    /// Since when the card is in the book.
    #[n(0)]
    since: Timestamp,
    /// Until when, unless the shop gets to know them.
    #[n(1)]
    until: Timestamp,
    /// Who let them in.
    #[n(2)]
    by: AssociateId,
}

/// Why somebody could not be let in.
#[derive(Debug, thiserror::Error)]
pub enum WalkInError {
    /// There is no such customer.
    #[error(
        "nobody of the chain is known by this: serve them as a guest, and ask whether they want to be known"
    )]
    Unknown,
    /// They did not agree to be known in other shops.
    #[error(
        "the customer has not agreed to be known in other shops: serve them as a guest, and ask for their consent; their own shop can record it"
    )]
    NoConsent,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What letting somebody in came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetIn {
    /// Who.
    pub customer: CustomerId,
    /// Until when they are in the book; none where they were in it anyway.
    pub until: Option<Timestamp>,
}

/// Lets a customer into the book of a shop until the end of its day, on behalf of an associate.
///
/// # Errors
/// [`WalkInError`] says what to do; otherwise why nothing was kept.
pub async fn let_in(
    book: &Book,
    customer: CustomerId,
    (shop, by): (ShopId, AssociateId),
    now: Timestamp,
) -> Result<LetIn, WriteError<WalkInError>> {
    let failed = |error: StoreError| WriteError::Job(WalkInError::Store(error));
    let (visible, corrections) = book.visible(customer, (shop, None)).map_err(failed)?;
    let reading = Reading {
        now,
        corrections: &corrections,
    };
    let may_be_known =
        CardView::read(&visible, &reading).consent(None, Purpose::Chain) == Decision::Allow;
    book.write_batch(move |engine| {
        let card = Facet::Card.document(customer);
        let scopes = documents::scopes(engine.tx().as_read(), card)?;
        let is_gone = engine
            .tx()
            .get(Table::Tombstone, customer.as_bytes())?
            .is_some();
        if scopes.is_empty() || is_gone {
            return Err(WalkInError::Unknown);
        }
        let key = visitor_key(shop, customer);
        let is_here = scopes.contains(&Scope::Book(shop));
        if !is_here && !may_be_known {
            return Err(WalkInError::NoConsent);
        }
        let noted: Option<Visitor> = store::get_row(engine.tx().as_read(), Table::Progress, &key)?;
        let until = if is_here && noted.is_none() {
            None
        } else {
            let until = end_of_day(engine.tx().as_read(), shop, now)?;
            let since = noted.map_or(now, |noted| noted.since);
            let visitor = Visitor { since, until, by };
            store::put_row(engine.tx(), Table::Progress, &key, &visitor)?;
            engine.move_in_book(customer, shop, true)?;
            Some(until)
        };
        Ok(LetIn { customer, until })
    })
    .await
}

/// The line that a fetch leaves in the access log.
#[must_use]
pub fn access_line(customer: CustomerId, associate: AssociateId, at: Timestamp) -> AccessEntry {
    AccessEntry {
        associate,
        customer,
        kind: AccessKind::Opened,
        at,
    }
}

/// Takes those whose day is over out of the books. Returns how many left.
///
/// # Errors
/// Why nothing was kept.
pub async fn end_days(book: &Book, now: Timestamp) -> Result<u64, WriteError<StoreError>> {
    book.write_batch(move |engine| {
        let mut over = Vec::new();
        scan_prefix(
            engine.tx().as_read(),
            Table::Progress,
            WALK_IN,
            &mut |key, row| {
                let visitor: Visitor = store::decode_row(Table::Progress, row)?;
                if visitor.until <= now {
                    over.push((key.to_vec(), visitor));
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        let mut left = 0;
        for (key, visitor) in over {
            engine.tx().delete(Table::Progress, &key)?;
            let rest = key
                .get(WALK_IN.len()..)
                .and_then(|rest| rest.split_at_checked(ShopId::LEN));
            let place = rest.and_then(|(shop, customer)| {
                ShopId::from_slice(shop).zip(CustomerId::from_slice(customer))
            });
            if let Some((shop, customer)) = place
                && leaves(engine, (shop, customer), visitor)?
            {
                engine.move_in_book(customer, shop, false)?;
                left += 1;
            }
        }
        Ok(left)
    })
    .await
}

/// Whether a visitor leaves: nobody of the shop wrote on the card since, and another book holds it.
fn leaves(
    engine: &mut EngineTx<'_>,
    (shop, customer): (ShopId, CustomerId),
    visitor: Visitor,
) -> Result<bool, StoreError> {
    let tx = engine.tx().as_read();
    let card = Facet::Card.document(customer);
    let scopes = documents::scopes(tx, card)?;
    if !scopes.contains(&Scope::Book(shop)) || scopes.len() < 2 {
        return Ok(false);
    }
    for facet in [Facet::Card, Facet::Shop(shop)] {
        for stored in documents::changes(tx, facet.document(customer))? {
            if stored.received_at < visitor.since {
                continue;
            }
            let author = directory::associate(tx, stored.sealed.envelope.associate)?;
            if author.is_some_and(|author| author.shop == shop) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The next midnight of a shop's own clock; UTC's where the clock is not known.
fn end_of_day(tx: &dyn ReadTx, shop: ShopId, now: Timestamp) -> Result<Timestamp, StoreError> {
    let known = notices::get::<ShopBody>(tx, Subject::Chain, &shop.to_string())?;
    let house = House {
        shops: known
            .map(|(_, body)| (shop, body))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        ..House::default()
    };
    let ahead = i64::from(house.minutes_ahead(shop, now).unwrap_or(0)) * MINUTE_MS;
    let next_day = now.plus_ms(ahead).days() + 1;
    Ok(Timestamp(next_day.saturating_mul(Timestamp::DAY_MS)).plus_ms(-ahead))
}

fn visitor_key(shop: ShopId, customer: CustomerId) -> Vec<u8> {
    store::key(&[WALK_IN, shop.as_bytes(), customer.as_bytes()])
}
