//! Feed entries with what they refer to, as that is at the moment of telling.

use super::pages::weight;
use super::{HubSession, is_in, snapshot};
use crate::card::Facet;
use crate::documents;
use crate::feed::{self, FeedKind, FeedRow, NoticeRef};
use crate::ids::DocumentId;
use crate::notices::{Notice, held};
use crate::protocol::frame::Item;
use crate::records::Record;
use crate::scope::Scope;
use crate::store::{self, ReadTx, StoreError, Table};

impl HubSession {
    /// Feed entries after `seq`, up to one frame.
    pub(super) fn items(
        &self,
        tx: &dyn ReadTx,
        scope: Scope,
        seq: u64,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut next = seq + 1;
        while bytes < self.target.0
            && let Some(row) = feed::row(tx, scope, next)?
        {
            let item = self.item(tx, scope, &row)?;
            bytes += weight(&item);
            items.push(item);
            next += 1;
        }
        Ok(items)
    }

    /// An entry with what it refers to. Content of a document that is not in the scope any more is not told: a later entry says that it left.
    fn item(&self, tx: &dyn ReadTx, scope: Scope, row: &FeedRow) -> Result<Item, StoreError> {
        let hash = row.hash;
        if let Some(document) = content_of(&row.kind)
            && !is_in(tx, scope, document)?
        {
            return Ok(Item::Gone { hash });
        }
        Ok(match &row.kind {
            FeedKind::Change { document, change } => {
                match documents::change(tx, *document, *change)? {
                    None => Item::Gone { hash },
                    Some(stored) if stored.sealed.envelope.device == self.device => Item::Own {
                        document: *document,
                        change: *change,
                        received_at: stored.received_at,
                        hash,
                    },
                    Some(stored) => Item::Change {
                        sealed: stored.sealed,
                        received_at: stored.received_at,
                    },
                }
            }
            FeedKind::Base { document, .. } | FeedKind::Enter { document } => {
                match snapshot(tx, *document)? {
                    Some(snapshot) => Item::Document { snapshot, hash },
                    None => Item::Gone { hash },
                }
            }
            FeedKind::Records { keys, .. } => Item::Records {
                records: records(tx, keys)?,
                hash,
            },
            FeedKind::Notices { notices: named } => {
                let notices = notices(tx, scope, named)?;
                if notices.is_empty() {
                    return Ok(Item::Gone { hash });
                }
                Item::Notices { notices, hash }
            }
            FeedKind::Leave { document } => Item::Leave {
                document: *document,
                hash,
            },
            FeedKind::Tombstone { customer } => Item::Tombstone {
                customer: *customer,
                hash,
            },
        })
    }
}

/// The document whose presence in a scope decides whether the content of an entry may be told there; none for entries that carry none, and
/// for notices, each of which is looked at by itself.
fn content_of(kind: &FeedKind) -> Option<DocumentId> {
    match kind {
        FeedKind::Change { document, .. }
        | FeedKind::Base { document, .. }
        | FeedKind::Enter { document } => Some(*document),
        FeedKind::Records { customer, .. } => Some(Facet::Card.document(*customer)),
        FeedKind::Leave { .. } | FeedKind::Tombstone { .. } | FeedKind::Notices { .. } => None,
    }
}

fn records(tx: &dyn ReadTx, keys: &[minicbor::bytes::ByteVec]) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::new();
    for key in keys {
        records.extend(store::get_row::<Record>(tx, Table::Record, key)?);
    }
    Ok(records)
}

/// What an entry tells of notices: those of its versions that are the latest, about whom or what is read in the scope at this moment.
fn notices(tx: &dyn ReadTx, scope: Scope, named: &[NoticeRef]) -> Result<Vec<Notice>, StoreError> {
    let mut notices = Vec::new();
    for name in named {
        let Some(notice) = store::get_row::<Notice>(tx, Table::Notice, &name.key)? else {
            continue;
        };
        if notice.version == name.version && held::is_read_in(tx, scope, notice.subject)? {
            notices.push(notice);
        }
    }
    Ok(notices)
}
