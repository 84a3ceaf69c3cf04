//! Records on the hub: what tills say of a customer, told to every book that holds them.

use super::{Authority, Batch};
use crate::card::Facet;
use crate::documents;
use crate::entropy::Entropy;
use crate::envelope;
use crate::feed::{self, FeedKind};
use crate::ids::CustomerId;
use crate::limits;
use crate::projection;
use crate::records::{self, PutOutcome, RecordDraft, RecordError, RecordKind};
use crate::store::WriteTx;

impl Authority {
    /// Stores records of one customer and tells every scope that holds the customer's card. Returns how many were new or newer.
    ///
    /// # Errors
    /// [`RecordError`] when one is not well formed or storage fails; the caller's mark must then be rolled back.
    pub fn put_records(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        (customer, drafts): (CustomerId, &[RecordDraft]),
        entropy: &mut dyn Entropy,
    ) -> Result<u64, RecordError> {
        let card = Facet::Card.document(customer);
        let scopes = documents::scopes(tx.as_read(), card)?;
        let mut changed = 0;
        let mut is_replaced = false;
        let mut newest_sale = None;
        for drafts in drafts.chunks(limits::RECORDS_PER_ENTRY_MAX) {
            let mut keys = Vec::new();
            for draft in drafts {
                let Some(record) = records::next_version(tx.as_read(), customer, draft)? else {
                    continue;
                };
                let before = match records::put_record(tx, &record)? {
                    PutOutcome::Unchanged => continue,
                    PutOutcome::Inserted => None,
                    PutOutcome::Replaced { before } => Some(before),
                };
                is_replaced |= before.is_some();
                if record.kind == RecordKind::Purchase {
                    newest_sale = newest_sale.max(Some(record.sale.at.moment()));
                }
                changed += 1;
                keys.push(record.key().into());
                let item = record.item_hash();
                for scope in &scopes {
                    let ledger = &mut batch.ledger;
                    ledger.replace_item(tx.as_read(), *scope, before.as_ref(), Some(&item))?;
                }
            }
            if keys.is_empty() {
                continue;
            }
            let kind = FeedKind::Records { customer, keys };
            let hash = feed::other_entry_hash(&kind, envelope::salt(entropy).as_bytes());
            for scope in &scopes {
                batch.ledger.append(tx, *scope, kind.clone(), hash)?;
            }
        }
        if is_replaced {
            // The last purchase may have become an earlier one.
            batch.customers.insert(customer);
        } else if changed > 0 {
            // A return moves no row, but who follows wants to know of it.
            let day = batch.sold.entry(customer).or_default();
            *day = (*day).max(newest_sale.map_or(0, projection::rank));
        }
        Ok(changed)
    }
}
