//! When a handheld was last heard of, and how many edits it said were waiting: what a manager asks when one is missing.
//!
//! It lives in memory and is written now and then ([`KEEP_EVERY_MS`]): a look at the clock must not cost every handheld a commit.
//! After a crash the time told may be so much too early, never too late.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, MutexGuard, PoisonError};

use minicbor::{Decode, Encode};
use sync_core::ids::{AssociateId, DeviceId, Timestamp};
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

/// What a handheld said of itself when it came and nothing waited on it: what it did before is all known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    /// When it came.
    pub at: Timestamp,
    /// Up to which entry it holds what is for each associate; whoever is not named has nothing there.
    pub of: BTreeMap<AssociateId, u64>,
}

/// The contacts of all handhelds, with when each was written.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    told: BTreeMap<DeviceId, (Contact, Timestamp)>,
    /// In memory alone: a hub that starts ends every meeting, and each handheld says it again.
    stands: BTreeMap<DeviceId, Stand>,
    /// Handhelds that are to come anew once they hold what is for an associate up to this entry.
    awaited: BTreeMap<DeviceId, BTreeMap<AssociateId, u64>>,
}

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
        Ok(Self {
            told: found,
            ..Self::default()
        })
    }

    /// Notes a contact; returns it when it is time to write it.
    fn note(&mut self, device: DeviceId, pending: Option<u32>, now: Timestamp) -> Option<Contact> {
        let known = self.told.get(&device).copied();
        let told = known.and_then(|(contact, _)| contact.pending);
        let contact = Contact {
            heard_at: known.map_or(now, |(contact, _)| contact.heard_at.max(now)),
            pending: pending.or(told),
        };
        let kept_at = known.map(|(_, kept_at)| kept_at);
        let is_time = kept_at.is_none_or(|at| now >= at.plus_ms(KEEP_EVERY_MS));
        let kept_at = if is_time { now } else { kept_at.unwrap_or(now) };
        self.told.insert(device, (contact, kept_at));
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
        self.contacts()
            .told
            .get(&device)
            .map(|(contact, _)| *contact)
    }

    /// Notes what a handheld said of itself when it came with nothing that waits.
    pub fn stood(&self, device: DeviceId, of: BTreeMap<AssociateId, u64>) {
        let at = self.now();
        let mut contacts = self.contacts();
        contacts.awaited.remove(&device);
        contacts.stands.insert(device, Stand { at, of });
    }

    /// Asks that a handheld comes anew once it holds what is for an associate up to an entry: only when it comes, it tells what waits there.
    pub fn await_stand(&self, device: DeviceId, (associate, entry): (AssociateId, u64)) {
        let mut contacts = self.contacts();
        let awaited = contacts.awaited.entry(device).or_default();
        awaited.insert(associate, entry);
    }

    /// Whether a handheld that received so much is asked to come anew.
    #[must_use]
    pub fn is_awaited(&self, device: DeviceId, received: &BTreeMap<AssociateId, u64>) -> bool {
        let contacts = self.contacts();
        let awaited = contacts.awaited.get(&device).into_iter().flatten();
        let mut reached = awaited.filter(|(associate, entry)| {
            received
                .get(associate)
                .is_some_and(|received| received >= *entry)
        });
        reached.next().is_some()
    }

    /// What a handheld last said of itself when it came with nothing that waits, since the hub started.
    #[must_use]
    pub fn stand(&self, device: DeviceId) -> Option<Stand> {
        self.contacts().stands.get(&device).cloned()
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
        let told = |contacts: &Contacts| contacts.told.get(&device).unwrap().0;
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
    async fn a_handheld_comes_anew_once_it_holds_what_it_is_to_know() {
        let hub = TestHub::start().await;
        let (device, associate) = (DeviceId([1; 8]), AssociateId([2; 8]));
        let is_awaited = |entry| {
            hub.identity
                .is_awaited(device, &[(associate, entry)].into())
        };
        assert!(!is_awaited(9));
        hub.identity.await_stand(device, (associate, 5));
        assert_eq!((is_awaited(4), is_awaited(5)), (false, true));
        hub.identity.stood(device, [(associate, 5)].into());
        assert!(!is_awaited(9), "it came");
        assert_eq!(hub.identity.stand(device).unwrap().of[&associate], 5);
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
