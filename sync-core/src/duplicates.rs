//! The index of duplicates: a handheld that is offline warns that a phone number or address may be in the chain's books already.
//!
//! Every endpoint of the chain is a keyed fingerprint of 28 bits, in 256 shards that the hub posts as notices of the chain; a new customer
//! changes one of them. No name, number or customer is in it.
//!
//! # Invariants
//! - What is in the index is always found: there are no false all-clears while the index is here and current.
//! - A hit says "may": among n endpoints, a text that is not there hits with n / 2^28, 0.37 % at a million.
//! - The same endpoints under the same key make the same bytes, in whatever order they came.
//!
//! # What this does not do
//! Whoever holds the key can try all phone numbers of a country and learn which of them the chain may know. Truncation leaves each
//! of them deniable; it keeps nothing secret. The key goes to enrolled handhelds alone, in a notice.

pub mod shard;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use crate::card::normal::{self, EndpointError};
use crate::card::terms::EndpointKind;
use crate::crypto::sha256;
use crate::notices::{self, NoticeBody, NoticeKind, Subject};
use crate::store::{ReadTx, StoreError};

pub use shard::Shard;

/// Bits of a fingerprint.
pub const FINGERPRINT_BITS: u32 = 28;
/// Bits of a fingerprint that name its shard.
const SHARD_BITS: u32 = 8;
/// Bits that are left inside a shard.
const REST_BITS: u32 = FINGERPRINT_BITS - SHARD_BITS;
/// Shards: one new customer changes some 5 KB of a million endpoints.
pub const SHARDS: usize = 1 << SHARD_BITS;
/// The key of the notice that carries the chain's key.
const KEY_NOTICE: &str = "key";

/// The key of a chain's fingerprints.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct ChainKey(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainKey(…)")
    }
}

impl ChainKey {
    /// Names the key without telling it, so that shards of another one are noticed.
    #[must_use]
    pub fn id(&self) -> u32 {
        let digest = sha256("duplicates.key.v1", &[&self.0]);
        u32::from_be_bytes(*digest.0.first_chunk().expect("a digest has 32 bytes"))
    }

    /// The fingerprint of an endpoint. Frozen since database schema 2.
    ///
    /// A number counts as the same by telephone and `WhatsApp`, an address in capitals and small letters: a warning may be wider than identity.
    ///
    /// # Errors
    /// [`EndpointError`] says what is missing in the text.
    pub fn fingerprint(
        &self,
        kind: EndpointKind,
        text: &str,
    ) -> Result<Fingerprint, EndpointError> {
        let form = normal::endpoint(kind, text)?;
        let (class, form) = match kind {
            EndpointKind::Phone | EndpointKind::Whatsapp => ("phone", form),
            EndpointKind::Email => ("email", normal::fold(&form)),
            EndpointKind::Wechat => ("wechat", form),
            EndpointKind::Line => ("line", form),
            EndpointKind::Kakao => ("kakao", form),
        };
        let parts = [&self.0, class.as_bytes(), form.as_bytes()];
        let digest = sha256("duplicates.v1", &parts);
        let first = u32::from_be_bytes(*digest.0.first_chunk().expect("a digest has 32 bytes"));
        Ok(Fingerprint(first >> (u32::BITS - FINGERPRINT_BITS)))
    }
}

/// What is left of an endpoint: 28 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Fingerprint(#[n(0)] u32);

impl Fingerprint {
    /// The fingerprint with these bits; `None` beyond [`FINGERPRINT_BITS`].
    #[must_use]
    pub fn from_bits(bits: u32) -> Option<Self> {
        (bits >> FINGERPRINT_BITS == 0).then_some(Self(bits))
    }

    /// The bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Which shard it lies in.
    #[must_use]
    pub fn shard(self) -> u8 {
        u8::try_from(self.0 >> REST_BITS).expect("eight bits are left")
    }

    /// What is left of it inside its shard.
    fn rest(self) -> u32 {
        self.0 & ((1 << REST_BITS) - 1)
    }

    /// The first fingerprint of a shard; that of the next shard is the end.
    #[must_use]
    pub fn first_of(shard: u8) -> Self {
        Self(u32::from(shard) << REST_BITS)
    }
}

/// What a notice of the index says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum EndpointsBody {
    /// The chain's key. Notice key: `key`.
    #[n(0)]
    Key(#[n(0)] ChainKey),
    /// A shard. Notice key: [`shard_key`].
    #[n(1)]
    Shard(#[n(0)] Shard),
}

impl NoticeBody for EndpointsBody {
    const KIND: NoticeKind = NoticeKind::Endpoints;
}

/// The notice key of the chain's key.
#[must_use]
pub fn key_key() -> &'static str {
    KEY_NOTICE
}

/// The notice key of a shard: two digits of base 16.
#[must_use]
pub fn shard_key(shard: u8) -> String {
    format!("{shard:02x}")
}

/// The shards that hold these fingerprints; a shard without any is left out.
#[must_use]
pub fn build(
    key: &ChainKey,
    fingerprints: impl IntoIterator<Item = Fingerprint>,
) -> BTreeMap<u8, Shard> {
    let mut by_shard: BTreeMap<u8, BTreeSet<u32>> = BTreeMap::new();
    for one in fingerprints {
        by_shard.entry(one.shard()).or_default().insert(one.rest());
    }
    let id = key.id();
    by_shard
        .into_iter()
        .map(|(shard, rests)| (shard, Shard::of(id, rests)))
        .collect()
}

/// One shard of these fingerprints; those of other shards are passed over.
#[must_use]
pub fn build_shard(
    key: &ChainKey,
    shard: u8,
    fingerprints: impl IntoIterator<Item = Fingerprint>,
) -> Shard {
    let own = fingerprints.into_iter().filter(|one| one.shard() == shard);
    Shard::of(key.id(), own.map(Fingerprint::rest).collect())
}

/// What the index says of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Somebody of the chain may have it: look for them, or ask whether the customer was in another shop.
    MayExist,
    /// Nobody of the chain had it when the index was made.
    Absent,
    /// The index is not here yet.
    NotHere,
}

/// Why the index could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The text is no endpoint of its kind.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Asks the index that this replica holds whether the chain may know an endpoint.
///
/// # Errors
/// [`LookupError`] when the text is no endpoint or storage fails.
pub fn look_up(tx: &dyn ReadTx, kind: EndpointKind, text: &str) -> Result<Warning, LookupError> {
    let known: Option<(_, EndpointsBody)> = notices::get(tx, Subject::Chain, KEY_NOTICE)?;
    let key = match known {
        Some((_, EndpointsBody::Key(key))) => Some(key),
        Some((_, EndpointsBody::Shard(_))) | None => None,
    };
    // What is wrong with the text is told with or without an index.
    let asked = key.unwrap_or(ChainKey([0; 16])).fingerprint(kind, text)?;
    let Some(key) = key else {
        return Ok(Warning::NotHere);
    };
    let held: Option<(_, EndpointsBody)> =
        notices::get(tx, Subject::Chain, &shard_key(asked.shard()))?;
    Ok(match held {
        Some((_, EndpointsBody::Shard(shard))) if shard.key_id() == key.id() => {
            if shard.contains(asked.rest()) {
                Warning::MayExist
            } else {
                Warning::Absent
            }
        }
        Some((_, EndpointsBody::Shard(_) | EndpointsBody::Key(_))) => Warning::NotHere,
        // The hub posts the shards it has endpoints for, and the key after them.
        None => Warning::Absent,
    })
}
