//! What customers wish for, and since when the shops have it: rows `w`, and `k` of earlier builds.

use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::ids::{CustomerId, ShopId, Timestamp};
use sync_core::store::{
    Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, get_row, key, prefix_end, put_row,
};

use super::{WISHES, customer_of};

const IN_STOCK: &[u8] = b"k";

/// An article that a customer wishes for, as it was when they were counted. Encoded as a CBOR array.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Wished {
    /// Its number, as it was typed.
    #[n(0)]
    pub sku: String,
    /// The shop that wrote it down.
    #[n(1)]
    pub shop: ShopId,
    /// Since when that shop had it.
    #[n(2)]
    pub since: Option<Timestamp>,
}

/// Notes what a customer wishes for.
///
/// # Errors
/// What the store reports.
pub fn put_wishes(
    tx: &mut dyn WriteTx,
    customer: CustomerId,
    wishes: &[Wished],
) -> Result<(), StoreError> {
    let key = key(&[WISHES, customer.as_bytes()]);
    if wishes.is_empty() {
        return tx.delete(Table::Gap, &key);
    }
    put_row(tx, Table::Gap, &key, &wishes.to_vec())
}

/// What looks at a customer's wishes.
pub type WishVisit<'v> =
    dyn FnMut(CustomerId, Vec<Wished>) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Visits customers with wishes, from the first after `after`, until the visitor breaks.
///
/// # Errors
/// What the store reports.
pub fn wishes(
    tx: &dyn ReadTx,
    after: Option<CustomerId>,
    visit: &mut WishVisit<'_>,
) -> Result<(), StoreError> {
    let from = after.map_or_else(
        || WISHES.to_vec(),
        |after| key(&[WISHES, after.as_bytes(), &[0]]),
    );
    let end = prefix_end(WISHES);
    let range = KeyRange {
        from: &from,
        to: end.as_deref(),
    };
    tx.scan(
        Table::Gap,
        range,
        Direction::Ascending,
        &mut |key, value| {
            let wishes = sync_core::store::decode_row(Table::Gap, value)?;
            match customer_of(key) {
                Some(customer) => visit(customer, wishes),
                None => Ok(ControlFlow::Continue(())),
            }
        },
    )
}

fn stock_key(sku: &str, shop: ShopId) -> Vec<u8> {
    key(&[IN_STOCK, shop.as_bytes(), sku.as_bytes()])
}

/// Since when a shop has an article, as far as that was noted.
///
/// # Errors
/// What the store reports.
pub fn in_stock_since(
    tx: &dyn ReadTx,
    sku: &str,
    shop: ShopId,
) -> Result<Option<Timestamp>, StoreError> {
    get_row(tx, Table::Gap, &stock_key(sku, shop))
}

/// Notes since when a shop has an article, or that it has none.
///
/// # Errors
/// What the store reports.
pub fn note_stock(
    tx: &mut dyn WriteTx,
    (sku, shop): (&str, ShopId),
    since: Option<Timestamp>,
) -> Result<(), StoreError> {
    let key = stock_key(sku, shop);
    match since {
        Some(since) => put_row(tx, Table::Gap, &key, &since),
        None => tx.delete(Table::Gap, &key),
    }
}
