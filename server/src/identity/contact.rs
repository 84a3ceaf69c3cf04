//! When a handheld was last heard of, and how many edits it said were waiting: what a manager asks when one is missing.
//!
//! It lives in memory and is written now and then ([`KEEP_EVERY_MS`]): a look at the clock must not cost every handheld a commit.
//! After a crash the time told may be so much too early, never too late.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, MutexGuard, PoisonError};

use minicbor::{Decode, Encode};
use sync_core::ids::{DeviceId, Timestamp};
use sync_core::store::{ReadTx, StoreError, Table, decode_row, key, put_row, scan_prefix};

use super::Identity;

/// `(handheld) → `[`Contact`], beside the handheld's row.
const CONTACT: &[u8] = b"c";
/// Between two writes of one handheld's contact, milliseconds.
const KEEP_EVERY_MS: i64 = 60_000;

/// What is known of a handheld's visits to the hub. A CBOR array; what is added comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Contact {
    /// When it was last heard.
    #[n(0)]
    pub heard_at: Timestamp,
    /// Edits that waited on it then, as far as it told.
    #[n(1)]
    pub pending: Option<u32>,
}

/// The contacts of all handhelds, with when each was written.
#[derive(Debug, Default)]
pub(super) struct Contacts(BTreeMap<DeviceId, (Contact, Timestamp)>);

impl Contacts {
    pub(super) fn load(tx: &dyn ReadTx) -> Result<Self, StoreError> {
        let mut found = BTreeMap::new();
        scan_prefix(tx, Table::Device, CONTACT, &mut |key, value| {
            let contact: Contact = decode_row(Table::Device, value)?;
            if let Some(device) = key.get(CONTACT.len()..).and_then(DeviceId::from_slice) {
                found.insert(device, (contact, contact.heard_at));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Self(found))
    }

    /// Notes a contact; returns it when it is time to write it.
    fn note(&mut self, device: DeviceId, pending: Option<u32>, now: Timestamp) -> Option<Contact> {
        let known = self.0.get(&device).copied();
        let told = known.and_then(|(contact, _)| contact.pending);
        let contact = Contact {
            heard_at: known.map_or(now, |(contact, _)| contact.heard_at.max(now)),
            pending: pending.or(told),
        };
        let kept_at = known.map(|(_, kept_at)| kept_at);
        let is_time = kept_at.is_none_or(|at| now >= at.plus_ms(KEEP_EVERY_MS));
        let kept_at = if is_time { now } else { kept_at.unwrap_or(now) };
        self.0.insert(device, (contact, kept_at));
        is_time.then_some(contact)
    }
}

impl Identity {
    /// Notes that a handheld was heard, and how many of its edits wait if it said so.
    pub fn heard(self: &Arc<Self>, device: DeviceId, pending: Option<u32>) {
        let now = self.now();
        let Some(contact) = self.contacts().note(device, pending, now) else {
            return;
        };
        let identity = Arc::clone(self);
        tokio::spawn(async move {
            let writing = identity.writer.run(move |tx| -> Result<(), StoreError> {
                put_row(
                    tx,
                    Table::Device,
                    &key(&[CONTACT, device.as_bytes()]),
                    &contact,
                )
            });
            if let Err(error) = writing.await {
                tracing::debug!(error = %error, "a handheld's last contact was not written");
            }
        });
    }

    /// When a handheld was last heard, if ever.
    #[must_use]
    pub fn contact(&self, device: DeviceId) -> Option<Contact> {
        self.contacts().0.get(&device).map(|(contact, _)| *contact)
    }

    fn contacts(&self) -> MutexGuard<'_, Contacts> {
        // A contact is replaced whole, so a panicking holder can't have left one half-written.
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestHub;

    #[test]
    fn a_contact_is_written_once_a_minute_and_told_at_once() {
        let mut contacts = Contacts::default();
        let device = DeviceId([1; 8]);
        let at = |ms: i64| Timestamp(1_800_000_000_000 + ms);
        let told = |contacts: &Contacts| contacts.0.get(&device).unwrap().0;
        assert!(contacts.note(device, Some(3), at(0)).is_some());
        assert_eq!(contacts.note(device, Some(2), at(10)), None);
        assert_eq!(
            told(&contacts),
            Contact {
                heard_at: at(10),
                pending: Some(2)
            }
        );
        assert_eq!(contacts.note(device, None, at(KEEP_EVERY_MS - 1)), None);
        let kept = contacts.note(device, None, at(KEEP_EVERY_MS)).unwrap();
        assert_eq!(kept.pending, Some(2), "silence is not zero");
        contacts.note(device, None, at(0));
        assert_eq!(told(&contacts).heard_at, at(KEEP_EVERY_MS), "a clock back");
    }

    #[tokio::test]
    async fn a_contact_is_known_after_a_restart() {
        let hub = TestHub::start().await;
        let handheld = hub.enrol(1).await;
        assert_eq!(hub.identity.contact(handheld.id), None);
        hub.identity.heard(handheld.id, Some(4));
        let contact = hub.identity.contact(handheld.id);
        assert_eq!(contact.unwrap().pending, Some(4));
        tokio::task::yield_now().await;
        // The writer takes jobs in order, so this one ends after the contact was written.
        hub.enrol(2).await;
        assert_eq!(hub.restarted_identity().contact(handheld.id), contact);
    }
}
