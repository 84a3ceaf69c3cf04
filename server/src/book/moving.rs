//! Moving customers between the books of shops.

use sync_core::card::Facet;
use sync_core::card::reduce::Decision;
use sync_core::card::terms::Purpose;
use sync_core::documents;
use sync_core::ids::ShopId;
use sync_core::scope::Scope;
use sync_core::store::StoreError;

use super::Book;
use super::reading::{self, Reached};
use crate::identity::access::Principal;
use crate::identity::directory;
use crate::writer::WriteError;

/// Why a customer was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The customer said no to being known in other shops.
    #[error("the customer does not want to be known in other shops")]
    NoConsent,
    /// Nobody would hold the customer any more.
    #[error(
        "this is the only book that holds the customer: put them into another first, or erase them"
    )]
    LastBook,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts a customer into the book of `shop`.
///
/// # Errors
/// [`MoveError`], or why nothing was kept.
pub async fn enter(
    book: &Book,
    principal: &Principal,
    reached: Reached,
    shop: ShopId,
) -> Result<(), WriteError<MoveError>> {
    let job = |error: StoreError| WriteError::Job(MoveError::Store(error));
    let seen = reading::read(book, principal, reached, book.now()).map_err(job)?;
    if seen.view.consent(None, Purpose::Chain) == Decision::Deny {
        return Err(WriteError::Job(MoveError::NoConsent));
    }
    let customer = reached.customer();
    book.write_batch(move |engine| Ok(engine.move_in_book(customer, shop, true)?))
        .await
}

/// Takes a customer out of the book of `shop`; its handhelds forget them, and its people need to know no more what is restricted.
///
/// # Errors
/// [`MoveError`], or why nothing was kept.
pub async fn leave(
    book: &Book,
    reached: Reached,
    shop: ShopId,
) -> Result<(), WriteError<MoveError>> {
    let customer = reached.customer();
    book.write_batch(move |engine| {
        let card = Facet::Card.document(customer);
        let scopes = documents::scopes(engine.tx().as_read(), card)?;
        if scopes == [Scope::Book(shop)] {
            return Err(MoveError::LastBook);
        }
        engine.move_in_book(customer, shop, false)?;
        let restricted = Facet::Restricted.document(customer);
        for scope in documents::scopes(engine.tx().as_read(), restricted)? {
            let Scope::Associate(associate) = scope else {
                continue;
            };
            let row = directory::associate(engine.tx().as_read(), associate)?;
            if row.is_some_and(|row| row.shop == shop && !row.chain) {
                engine.end_need_to_know(customer, associate)?;
            }
        }
        Ok(())
    })
    .await
}
