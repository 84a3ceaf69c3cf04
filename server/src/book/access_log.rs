//! The access log as the hub keeps it: what handhelds say of reads, and reads through the hub itself. With a handheld's reads come its walk-ins.
//!
//! # Invariants
//! - Nobody is said to have looked who could not: a handheld's line counts when its associate ever signed in there.

use sync_core::access::{self, AccessEntry};
use sync_core::ids::{DeviceId, ShopId, Timestamp};
use sync_core::protocol::frame::Reads;
use sync_core::store::{StoreError, WriteTx};

use super::Book;
use crate::http::metrics::READS_FORGED;
use crate::identity::directory::ever_signed_in;
use crate::walk_ins::counted;
use crate::writer::WriteError;

impl Book {
    /// Stores lines of a handheld's access log and its walk-ins; returns the number of the first line not taken.
    ///
    /// Lines that name somebody who never signed in on that handheld are taken and not kept: nobody may be said to have looked who could not.
    ///
    /// # Errors
    /// Why nothing was kept.
    pub async fn store_reads(
        &self,
        (device, shop): (DeviceId, ShopId),
        reads: Reads,
    ) -> Result<u64, WriteError<StoreError>> {
        let now = self.parts.clock.now();
        let (next, forged) = self
            .parts
            .writer
            .run(move |tx| {
                let walk_ins = reads.walk_ins.unwrap_or_default();
                counted::store(tx, (device, shop), &walk_ins, now)?;
                store_reads(tx, (device, reads.first), &reads.entries, now)
            })
            .await?;
        if forged > 0 {
            let lines = u64::try_from(forged).unwrap_or(u64::MAX);
            self.parts.writer.metrics().add(&READS_FORGED, &[], lines);
            tracing::warn!(%device, forged, "lines of an access log name somebody who never signed in on that handheld");
        }
        Ok(next)
    }

    /// Notes a read through the hub in the access log, durably.
    ///
    /// # Errors
    /// Why nothing was kept.
    pub async fn log_reads(&self, entries: Vec<AccessEntry>) -> Result<(), WriteError<StoreError>> {
        self.parts
            .writer
            .run(move |tx| {
                entries
                    .iter()
                    .try_for_each(|entry| access::log_on_hub(tx, entry))
            })
            .await
    }
}

/// Stores what a handheld may say of itself; returns the next number, and how many lines were not kept.
fn store_reads(
    tx: &mut dyn WriteTx,
    (device, first): (DeviceId, u64),
    entries: &[AccessEntry],
    now: Timestamp,
) -> Result<(u64, usize), StoreError> {
    let (mut number, mut forged) = (first, 0);
    for entry in entries {
        if ever_signed_in(tx.as_read(), device, entry.associate)? {
            access::store(tx, device, number, std::slice::from_ref(entry), now)?;
        } else {
            forged += 1;
        }
        number = number.saturating_add(1);
    }
    Ok((number, forged))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sync_core::access::AccessKind;
    use sync_core::ids::{AssociateId, CustomerId, Timestamp};
    use sync_core::store::{Store as _, Table, scan_prefix};

    use super::*;
    use crate::book::BookParts;
    use crate::identity::access::Role;
    use crate::testing::{PASSWORD, TestHub};

    #[tokio::test]
    async fn nobody_is_said_to_have_looked_who_never_signed_in_there() {
        let hub = TestHub::start().await;
        let book = Book::open(BookParts {
            store: hub.store.clone(),
            writer: hub.writer.clone(),
            key: Arc::new(hub.keys.hub_key()),
            clock: hub.clock.clone(),
            entropy: hub.entropy.clone(),
        })
        .unwrap();
        let (one, other) = (hub.enrol(1).await, hub.enrol(2).await);
        let ana = hub.add("ana", Role::Associate, hub.shop).await;
        let signed_in = hub.sign_in(&one, "ana", PASSWORD).await.unwrap();
        let entry = |associate, at| AccessEntry {
            associate,
            customer: CustomerId([7; 16]),
            kind: AccessKind::Opened,
            at: Timestamp(at),
        };
        let nobody = AssociateId([9; AssociateId::LEN]);
        let mixed = vec![entry(ana, 1), entry(nobody, 2), entry(hub.manager, 3)];
        let first = u64::MAX - 2;
        let store = |device, first, entries| {
            let walk_ins = None;
            let reads = Reads {
                first,
                entries,
                walk_ins,
            };
            book.store_reads((device, hub.shop), reads)
        };
        let next = store(one.id, first, mixed).await.unwrap();
        assert_eq!(
            next,
            u64::MAX,
            "a handheld is not asked for a forgery again"
        );
        store(other.id, 0, vec![entry(ana, 4)]).await.unwrap();
        hub.identity.sign_out(signed_in.session).await.unwrap();
        let after = vec![entry(ana, 5), entry(ana, 6)];
        store(one.id, u64::MAX, after).await.unwrap();
        let mut kept = Vec::new();
        let tx = hub.store.read().unwrap();
        scan_prefix(&*tx, Table::AccessLog, &[], &mut |_, value| {
            let line: access::StoredAccess = sync_core::store::decode_row(Table::AccessLog, value)?;
            assert_eq!((line.device, line.entry.associate), (one.id, ana));
            kept.push(line.entry.at.0);
            Ok(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
        kept.sort_unstable();
        assert_eq!(kept, [1, 5, 6], "an outbox may come after the sign-out");
    }
}
