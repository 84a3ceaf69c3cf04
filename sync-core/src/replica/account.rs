//! What a handheld knows of itself: its enrolment, the sign-ins made on it, and its last contact with the hub.
//!
//! # Invariants
//! - Times only move forward: a wall clock that was set back extends no lease ([`trusted_now`]).
//! - Signing out keeps who it was (the outbox names its authors) and destroys what would sign them in again.

use std::ops::ControlFlow;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::card::schema::Role;
use crate::crypto::HubPublicKey;
use crate::ids::{AssociateId, DeviceId, SessionId, ShopId, Timestamp};
use crate::store::{self, Direction, KeyRange, ReadTx, StoreError, Table, WriteTx};

const ENROLMENT: &[u8] = b"handheld.enrolment";
const DEVICE_KEY: &[u8] = b"handheld.device_key";
const CURRENT: &[u8] = b"handheld.current";
const CONTACT: &[u8] = b"handheld.contact";
const PASSWORD_CHECK: &[u8] = b"handheld.password.";
const HOUR_MS: i64 = 3_600_000;

/// What enrolment brought. Frozen since database schema 1.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Enrolment {
    /// The handheld's number.
    #[n(0)]
    pub device: DeviceId,
    /// The shop it belongs to.
    #[n(1)]
    pub shop: ShopId,
    /// The key that the hub signs with.
    #[n(2)]
    pub hub_key: ByteArray<32>,
    /// Where the hub is: scheme, host and port.
    #[n(3)]
    pub hub_url: String,
    /// What people call the handheld.
    #[n(4)]
    pub label: String,
    /// Whether its key lives in hardware.
    #[n(5)]
    pub attested: bool,
    /// Hours that a sign-in opens the book without a contact.
    #[n(6)]
    pub lease_hours: u32,
}

impl Enrolment {
    /// The hub's key.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the stored bytes are no key.
    pub fn hub(&self) -> Result<HubPublicKey, StoreError> {
        HubPublicKey::from_bytes(&self.hub_key).ok_or_else(|| StoreError::Corrupt {
            table: Table::Meta.name(),
            detail: "the hub's key is no key".to_owned(),
        })
    }
}

/// An associate's sign-in on this handheld; the latest of each. Frozen since database schema 1.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignIn {
    /// Who.
    #[n(0)]
    pub associate: AssociateId,
    /// Their name as colleagues see it.
    #[n(1)]
    pub name: String,
    /// Whether they run a shop.
    #[n(2)]
    pub is_manager: bool,
    /// The sign-in as the hub numbers it.
    #[n(3)]
    pub session: SessionId,
    /// What the next access token is had for; none when they signed out.
    #[n(4)]
    pub refresh_token: Option<String>,
    /// When the hub last said that it is good.
    #[n(5)]
    pub confirmed_at: Timestamp,
    /// When the hub ends it at the latest.
    #[n(6)]
    pub expires_at: Timestamp,
    /// Whether the hub said that it was not used for too long: what they record goes out, what colleagues record comes after the next sign-in.
    #[n(7)]
    #[cbor(default)]
    pub has_lapsed: bool,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the name nor the token belongs in a log.
        f.debug_struct("SignIn")
            .field("associate", &self.associate)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl SignIn {
    /// What access tokens are had for; none when they signed out or the sign-in has lapsed.
    #[must_use]
    pub fn renewable(&self) -> Option<&str> {
        let token = self.refresh_token.as_deref();
        token.filter(|_| !self.has_lapsed)
    }

    /// What they may do.
    #[must_use]
    pub fn role(&self) -> Role {
        if self.is_manager {
            Role::Manager
        } else {
            Role::Associate
        }
    }

    /// Until when the book opens for them without a contact.
    #[must_use]
    pub fn lease_until(&self, enrolment: &Enrolment) -> Timestamp {
        let hours = i64::from(enrolment.lease_hours);
        self.confirmed_at.plus_ms(hours.saturating_mul(HOUR_MS))
    }
}

/// What an associate's password is compared with where no hub can be asked: a salted argon2id hash. Frozen since database schema 1.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PasswordCheck {
    /// Salt.
    #[n(0)]
    pub salt: ByteArray<16>,
    /// Hash.
    #[n(1)]
    pub hash: ByteArray<32>,
    /// Memory it took, in KiB.
    #[n(2)]
    pub memory_kib: u32,
    /// Passes it took.
    #[n(3)]
    pub passes: u32,
    /// Tries since the last that was right.
    #[n(4)]
    pub tries: u32,
}

impl std::fmt::Debug for PasswordCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither salt nor hash belongs in a log.
        f.debug_struct("PasswordCheck")
            .field("tries", &self.tries)
            .finish_non_exhaustive()
    }
}

/// Whether this handheld and the hub hold the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Agreement {
    /// They have not compared yet, or something came since.
    #[default]
    #[n(0)]
    Unknown,
    /// They compared, and agree.
    #[n(1)]
    Agreed,
    /// They compared, exchanged everything, and still differ.
    #[n(2)]
    Diverged,
}

/// The last contact with the hub. Frozen since database schema 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(array)]
pub struct Contact {
    /// When, by this handheld's clock.
    #[n(0)]
    pub at: Timestamp,
    /// The hub's clock then.
    #[n(1)]
    pub hub_now: Timestamp,
    /// Whether both hold the same.
    #[n(2)]
    pub agreement: Agreement,
    /// The highest number under which the hub has stored an edit of this handheld.
    #[n(3)]
    pub stored: u64,
    /// Everything up to this number is in a verified backup of the hub.
    #[n(4)]
    pub backed_up: u64,
}

/// The enrolment, if there is one.
///
/// # Errors
/// What the store reports.
pub fn enrolment(tx: &dyn ReadTx) -> Result<Option<Enrolment>, StoreError> {
    store::get_row(tx, Table::Meta, ENROLMENT)
}

/// Keeps the enrolment.
///
/// # Errors
/// What the store reports.
pub fn put_enrolment(tx: &mut dyn WriteTx, enrolment: &Enrolment) -> Result<(), StoreError> {
    store::put_row(tx, Table::Meta, ENROLMENT, enrolment)
}

/// The secret of the device key, where no hardware holds it.
///
/// # Errors
/// What the store reports.
pub fn software_key(tx: &dyn ReadTx) -> Result<Option<[u8; 32]>, StoreError> {
    let row: Option<ByteArray<32>> = store::get_row(tx, Table::Meta, DEVICE_KEY)?;
    Ok(row.map(Into::into))
}

/// Keeps the secret of the device key.
///
/// # Errors
/// What the store reports.
pub fn put_software_key(tx: &mut dyn WriteTx, secret: [u8; 32]) -> Result<(), StoreError> {
    store::put_row(tx, Table::Meta, DEVICE_KEY, &ByteArray::from(secret))
}

/// An associate's sign-in.
///
/// # Errors
/// What the store reports.
pub fn sign_in_of(tx: &dyn ReadTx, associate: AssociateId) -> Result<Option<SignIn>, StoreError> {
    store::get_row(tx, Table::Session, associate.as_bytes())
}

/// Keeps a sign-in in place of the associate's earlier one.
///
/// # Errors
/// What the store reports.
pub fn put_sign_in(tx: &mut dyn WriteTx, sign_in: &SignIn) -> Result<(), StoreError> {
    store::put_row(tx, Table::Session, sign_in.associate.as_bytes(), sign_in)
}

fn password_key(associate: AssociateId) -> Vec<u8> {
    [PASSWORD_CHECK, associate.as_bytes()].concat()
}

/// What an associate's password is compared with; none when they must sign in at the hub.
///
/// # Errors
/// What the store reports.
pub fn password_check(
    tx: &dyn ReadTx,
    associate: AssociateId,
) -> Result<Option<PasswordCheck>, StoreError> {
    store::get_row(tx, Table::Meta, &password_key(associate))
}

/// Keeps what an associate's password is compared with, or forgets it.
///
/// # Errors
/// What the store reports.
pub fn put_password_check(
    tx: &mut dyn WriteTx,
    associate: AssociateId,
    check: Option<&PasswordCheck>,
) -> Result<(), StoreError> {
    let key = password_key(associate);
    match check {
        Some(check) => store::put_row(tx, Table::Meta, &key, check),
        None => tx.delete(Table::Meta, &key),
    }
}

/// Everybody who ever signed in here, in order of id.
///
/// # Errors
/// What the store reports.
pub fn sign_ins(tx: &dyn ReadTx) -> Result<Vec<SignIn>, StoreError> {
    let mut found = Vec::new();
    let all = KeyRange {
        from: &[],
        to: None,
    };
    tx.scan(
        Table::Session,
        all,
        Direction::Ascending,
        &mut |_, bytes| {
            found.push(store::decode_row(Table::Session, bytes)?);
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(found)
}

/// Who works with the book now.
///
/// # Errors
/// What the store reports.
pub fn current(tx: &dyn ReadTx) -> Result<Option<AssociateId>, StoreError> {
    let bytes = tx.get(Table::Meta, CURRENT)?;
    Ok(bytes.and_then(|bytes| AssociateId::from_slice(&bytes)))
}

/// Keeps who works with the book now.
///
/// # Errors
/// What the store reports.
pub fn set_current(tx: &mut dyn WriteTx, who: Option<AssociateId>) -> Result<(), StoreError> {
    match who {
        Some(associate) => tx.put(Table::Meta, CURRENT, associate.as_bytes()),
        None => tx.delete(Table::Meta, CURRENT),
    }
}

/// The last contact; all zero before the first.
///
/// # Errors
/// What the store reports.
pub fn contact(tx: &dyn ReadTx) -> Result<Contact, StoreError> {
    Ok(store::get_row(tx, Table::Meta, CONTACT)?.unwrap_or_default())
}

/// Keeps the last contact.
///
/// # Errors
/// What the store reports.
pub fn put_contact(tx: &mut dyn WriteTx, contact: &Contact) -> Result<(), StoreError> {
    store::put_row(tx, Table::Meta, CONTACT, contact)
}

/// Removes every secret and every trace of who worked here: the first step of a wipe.
///
/// # Errors
/// What the store reports.
pub fn forget(tx: &mut dyn WriteTx) -> Result<(), StoreError> {
    for key in [ENROLMENT, DEVICE_KEY, CURRENT, CONTACT] {
        tx.delete(Table::Meta, key)?;
    }
    for sign_in in sign_ins(tx.as_read())? {
        put_password_check(tx, sign_in.associate, None)?;
        tx.delete(Table::Session, sign_in.associate.as_bytes())?;
    }
    Ok(())
}

/// The moment to judge leases by: never earlier than what was known already.
#[must_use]
pub fn trusted_now(now: Timestamp, contact: &Contact, sign_in: &SignIn) -> Timestamp {
    now.max(contact.at).max(sign_in.confirmed_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store as _;
    use crate::store::memory::MemoryStore;

    fn sign_in(number: u8) -> SignIn {
        SignIn {
            associate: AssociateId([number; 8]),
            name: format!("Associate {number}"),
            is_manager: number == 2,
            session: SessionId([number; 8]),
            refresh_token: Some("token".to_owned()),
            confirmed_at: Timestamp(1_000),
            has_lapsed: false,
            expires_at: Timestamp(2_000),
        }
    }

    #[test]
    fn a_clock_that_was_set_back_extends_no_lease() {
        let contact = Contact {
            at: Timestamp(5_000),
            ..Contact::default()
        };
        assert_eq!(
            trusted_now(Timestamp(10), &contact, &sign_in(1)),
            Timestamp(5_000)
        );
        assert_eq!(
            trusted_now(Timestamp(9_000), &contact, &sign_in(1)),
            Timestamp(9_000)
        );
    }

    #[test]
    fn forgetting_leaves_no_secret() {
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        put_software_key(&mut *tx, [7; 32]).unwrap();
        put_sign_in(&mut *tx, &sign_in(1)).unwrap();
        put_sign_in(&mut *tx, &sign_in(2)).unwrap();
        set_current(&mut *tx, Some(AssociateId([2; 8]))).unwrap();
        let check = PasswordCheck {
            salt: [1; 16].into(),
            hash: [2; 32].into(),
            memory_kib: 8,
            passes: 1,
            tries: 0,
        };
        let ana = AssociateId([1; 8]);
        put_password_check(&mut *tx, ana, Some(&check)).unwrap();
        assert_eq!(password_check(tx.as_read(), ana).unwrap(), Some(check));
        assert_eq!(sign_ins(tx.as_read()).unwrap().len(), 2);
        assert_eq!(software_key(tx.as_read()).unwrap(), Some([7; 32]));
        forget(&mut *tx).unwrap();
        assert_eq!(sign_ins(tx.as_read()).unwrap(), vec![]);
        assert_eq!(software_key(tx.as_read()).unwrap(), None);
        assert_eq!(password_check(tx.as_read(), ana).unwrap(), None);
        assert_eq!(current(tx.as_read()).unwrap(), None);
    }

    #[test]
    fn neither_name_nor_token_is_in_the_debug_form() {
        let text = format!("{:?}", sign_in(1));
        assert!(!text.contains("token") && !text.contains("Associate 1"));
    }
}
