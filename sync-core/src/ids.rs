//! Identifiers and time: small fixed-size byte strings with one text form each.
//!
//! The text form is Crockford's base 32 in lower case (no `i`, `l`, `o`, `u`), because people read ids aloud and type them.
//! Ids that are made on a device are random or derived from a hash; none of them carries meaning.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What each byte stands for; [`NO_SYMBOL`] for those that are not in the alphabet. Every key of a card is read through it.
const VALUES: [u8; 256] = values();
const NO_SYMBOL: u8 = u8::MAX;

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated while compiling, where a bad index does not compile; the alphabet has 32 symbols"
)]
const fn values() -> [u8; 256] {
    let mut values = [NO_SYMBOL; 256];
    let mut at = 0;
    while at < ALPHABET.len() {
        values[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    values
}

/// A text that is not a well-formed id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {kind}: expected {chars} characters of 0-9 a-z without i, l, o, u")]
pub struct IdParseError {
    kind: &'static str,
    chars: usize,
    text: String,
}

/// Writes bytes in Crockford's base 32, lower case, without padding.
#[must_use]
pub fn to_base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let mut buffer = 0_u32;
    let mut bits = 0_u32;
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(symbol((buffer >> bits) & 31));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(symbol((buffer << (5 - bits)) & 31));
    }
    text
}

fn symbol(index: u32) -> char {
    let index = usize::try_from(index).expect("an index below 32 fits");
    char::from(*ALPHABET.get(index).expect("five bits index 32 symbols"))
}

/// Reads Crockford's base 32 into exactly `N` bytes; `None` when the text is not the one canonical form of such bytes.
#[must_use]
pub fn from_base32<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0_u8; N];
    let mut at = 0;
    let mut buffer = 0_u32;
    let mut bits = 0_u32;
    for symbol in text.bytes() {
        let value = *VALUES.get(usize::from(symbol))?;
        if value == NO_SYMBOL {
            return None;
        }
        buffer = (buffer << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            *bytes.get_mut(at)? = u8::try_from((buffer >> bits) & 255).ok()?;
            at += 1;
        }
        buffer &= (1 << bits) - 1;
    }
    (at == N && bits < 5 && buffer == 0).then_some(bytes)
}

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Bytes of this kind of id.
            pub const LEN: usize = $len;

            /// A fresh random id.
            pub fn random(entropy: &mut dyn crate::entropy::Entropy) -> Self {
                let mut bytes = [0; $len];
                entropy.fill(&mut bytes);
                Self(bytes)
            }

            /// The id whose bytes these are; `None` when the length is wrong.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// The bytes of the id.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_base32(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = IdParseError;

            fn from_str(text: &str) -> Result<Self, IdParseError> {
                from_base32(text).map(Self).ok_or_else(|| IdParseError {
                    kind: $kind,
                    chars: ($len * 8_usize).div_ceil(5),
                    text: text.chars().take(64).collect(),
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.bytes(&self.0)?;
                Ok(())
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                decoder: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                let position = decoder.position();
                Self::from_slice(decoder.bytes()?).ok_or_else(|| {
                    minicbor::decode::Error::message(concat!("not ", $kind)).at(position)
                })
            }
        }
    };
}

byte_id!(
    /// A customer: random and meaningless, made where the customer was first recorded.
    CustomerId, 16, "a customer id"
);
byte_id!(
    /// A document: one facet of one customer, derived from both ([`crate::card::Facet::document`]).
    DocumentId, 16, "a document id"
);
byte_id!(
    /// A handheld, numbered by the hub when it is enrolled.
    DeviceId, 8, "a device id"
);
byte_id!(
    /// An associate, numbered by the hub.
    AssociateId, 8, "an associate id"
);
byte_id!(
    /// A shop, numbered by the hub.
    ShopId, 8, "a shop id"
);
byte_id!(
    /// A sign-in of one associate on one handheld, numbered by the hub.
    SessionId, 8, "a session id"
);
byte_id!(
    /// An edit: the intent of an associate, made on the device. Also names what the edit creates (a note, a promise).
    EditId, 10, "an edit id"
);
byte_id!(
    /// The random value an opening of the database draws; with the device id it makes the actor.
    Nonce, 16, "an opening nonce"
);
byte_id!(
    /// Who made a change in Automerge's sense: derived from device and nonce, so it can't be claimed by another.
    ActorId, 16, "an actor id"
);
byte_id!(
    /// The life of a hub's feeds: a hub restored from a backup gets a new one.
    FeedId, 16, "a feed id"
);
byte_id!(
    /// The SHA-256 of a change's chunk, as Automerge computes it.
    ChangeHash, 32, "a change hash"
);
byte_id!(
    /// A SHA-256 digest of anything else.
    Hash32, 32, "a digest"
);

impl ActorId {
    /// `SHA-256("actor.v1" ‖ device ‖ nonce)[..16]`: the binding that anyone can verify. Frozen since wire version 1.
    #[must_use]
    pub fn derive(device: DeviceId, nonce: Nonce) -> Self {
        let digest = crate::crypto::sha256("actor.v1", &[device.as_bytes(), nonce.as_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(digest.0.get(..16).expect("a digest has 32 bytes"));
        Self(bytes)
    }
}

/// A moment in milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

impl Timestamp {
    /// Milliseconds of one day.
    pub const DAY_MS: i64 = 86_400_000;

    /// The moment `ms` later (earlier when negative); stays at the bounds instead of overflowing.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole days since 1970 in UTC, rounded down.
    #[must_use]
    pub fn days(self) -> i64 {
        self.0.div_euclid(Self::DAY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text() {
        for seed in 0..=255_u8 {
            let id = CustomerId([seed; 16]);
            assert_eq!(id.to_string().parse(), Ok(id));
            let edit = EditId([seed; 10]);
            assert_eq!(edit.to_string().len(), 16);
            assert_eq!(edit.to_string().parse(), Ok(edit));
        }
    }

    #[test]
    fn a_text_with_stray_bits_or_length_is_refused() {
        let text = CustomerId([255; 16]).to_string();
        assert!(format!("{text}0").parse::<CustomerId>().is_err());
        let stray = format!("{}z", text.get(..25).unwrap());
        assert!(
            stray.parse::<CustomerId>().is_err(),
            "two bits beyond 128 must be zero"
        );
        assert!(text.to_uppercase().parse::<CustomerId>().is_err());
    }

    #[test]
    fn an_actor_follows_from_device_and_nonce() {
        let one = ActorId::derive(DeviceId([1; 8]), Nonce([2; 16]));
        assert_eq!(one, ActorId::derive(DeviceId([1; 8]), Nonce([2; 16])));
        assert_ne!(one, ActorId::derive(DeviceId([2; 8]), Nonce([2; 16])));
        assert_ne!(one, ActorId::derive(DeviceId([1; 8]), Nonce([3; 16])));
    }
}
