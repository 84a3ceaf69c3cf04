//! What a reader learns of a card from beside it: purchases tell which wishes came true, the cards of others whether ties still hold.

use std::collections::BTreeMap;

use crate::card::view::OtherEnd;
use crate::card::{CardView, Facet, Reading};
use crate::documents;
use crate::ids::CustomerId;
use crate::records;
use crate::replica::Replica;
use crate::store::{ReadTx, StoreError};

/// Counts wishes as come true whose article the customer bought since.
pub(super) fn purchases(
    tx: &dyn ReadTx,
    customer: CustomerId,
    view: &mut CardView,
) -> Result<(), StoreError> {
    if view.wishes.iter().all(|wish| wish.fulfilled) {
        return Ok(());
    }
    let sales = records::purchases(tx, customer)?;
    let bought = sales.iter().flat_map(|record| {
        let day = record.sale.at.days();
        let lines = record.sale.lines.iter();
        lines.filter_map(move |line| Some((line.sku.as_deref()?, day)))
    });
    view.fulfil(bought);
    Ok(())
}

/// Joins the card's ties with the cards of others that are in this book.
pub(super) fn ties(
    replica: &mut Replica,
    tx: &dyn ReadTx,
    view: &mut CardView,
    reading: &Reading<'_>,
) -> Result<(), StoreError> {
    let mut ends = BTreeMap::new();
    for tie in &view.relationships {
        let other = tie.other.value;
        let document = Facet::Card.document(other);
        let entries = replica.entries(tx, document)?;
        if !entries.is_empty() {
            let row = documents::row(tx, document)?;
            let corrections = row.map(|row| row.corrections).unwrap_or_default();
            let corrections = corrections.into_iter().collect();
            ends.insert(
                other,
                OtherEnd {
                    entries,
                    corrections,
                },
            );
        }
    }
    view.join_ties(&ends, reading);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::edit::Edit;
    use crate::card::stage::Stage;
    use crate::ids::Timestamp;
    use crate::records::{Currency, Record, RecordKind, Sale, SaleLine, SoldAt};
    use crate::store::Store;
    use crate::store::memory::MemoryStore;

    const CUSTOMER: CustomerId = CustomerId([1; 16]);

    fn purchase(sku: &str, at: Timestamp) -> Record {
        Record {
            kind: RecordKind::Purchase,
            customer: CUSTOMER,
            source: "till".to_owned(),
            source_id: sku.to_owned(),
            version: 1,
            as_of: at,
            sale: Sale {
                shop: None,
                at: SoldAt::Moment(at),
                lines: vec![SaleLine {
                    sku: Some(sku.to_owned()),
                    label: None,
                    quantity: 1,
                    amount_minor: 9_900,
                }],
                amount_minor: 9_900,
                currency: Currency::EUR,
            },
        }
    }

    #[test]
    fn what_the_customer_bought_since_is_wished_for_no_more() {
        let mut stage = Stage::new();
        for sku in ["A-1", "B-2"] {
            let sku = sku.to_owned();
            stage.does(&Edit::AddWish {
                sku,
                quantity: None,
                note: None,
                surprise_until: None,
            });
        }
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        let before = stage.now.plus_ms(-2 * Timestamp::DAY_MS);
        for record in [purchase("a-1", stage.now), purchase("B-2", before)] {
            records::put_record(&mut *tx, &record).unwrap();
        }
        let mut view = stage.view();
        purchases(tx.as_read(), CUSTOMER, &mut view).unwrap();
        let open = view.wishes.iter().filter(|wish| !wish.fulfilled);
        let open: Vec<_> = open.map(|wish| wish.sku.value.as_str()).collect();
        assert_eq!(open, ["B-2"]);
    }
}
