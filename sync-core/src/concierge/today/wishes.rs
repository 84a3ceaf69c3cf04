//! Who waits for which article: when the house says something of its stock, what is owed to them is made again, and to nobody else.
//!
//! # Keys
//! In [`Table::Gap`]: `0xE8`, the hash of the article's number in its first 8 bytes, and the customer; `0xE9` and the customer for the hashes
//! that stand there, so that they go when the customer does.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::card::normal::fold;
use crate::crypto::sha256;
use crate::ids::CustomerId;
use crate::store::{ReadTx, StoreError, Table, WriteTx, get_row, key, put_row, scan_prefix};

const WAITING: &[u8] = &[0xE8];
const WISHES: &[u8] = &[0xE9];

/// An article's number whatever its letters' case, as long as a key needs to be.
type Article = [u8; 8];

fn article(sku: &str) -> Article {
    let digest = sha256("carnet.today.wish.v1", &[fold(sku).as_bytes()]);
    digest.0.first_chunk().copied().unwrap_or_default()
}

fn waiting_key(article: Article, customer: CustomerId) -> Vec<u8> {
    key(&[WAITING, &article, customer.as_bytes()])
}

fn wishes_key(customer: CustomerId) -> Vec<u8> {
    key(&[WISHES, customer.as_bytes()])
}

/// Makes the articles that a customer waits for those of `skus`.
pub(super) fn replace(
    tx: &mut dyn WriteTx,
    customer: CustomerId,
    skus: &[String],
) -> Result<(), StoreError> {
    let place = wishes_key(customer);
    let before: BTreeSet<Article> = get_row(tx.as_read(), Table::Gap, &place)?.unwrap_or_default();
    let after: BTreeSet<Article> = skus.iter().map(|sku| article(sku)).collect();
    if before == after {
        return Ok(());
    }
    for gone in before.difference(&after) {
        tx.delete(Table::Gap, &waiting_key(*gone, customer))?;
    }
    for new in after.difference(&before) {
        tx.put(Table::Gap, &waiting_key(*new, customer), &[])?;
    }
    if after.is_empty() {
        return tx.delete(Table::Gap, &place);
    }
    put_row(tx, Table::Gap, &place, &after)
}

/// Customers who wait for an article, in the order of their ids.
pub(super) fn waiting(tx: &dyn ReadTx, sku: &str) -> Result<Vec<CustomerId>, StoreError> {
    let prefix = key(&[WAITING, &article(sku)]);
    let mut found = Vec::new();
    scan_prefix(tx, Table::Gap, &prefix, &mut |key, _| {
        found.extend(key.get(prefix.len()..).and_then(CustomerId::from_slice));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}
