//! Hashes with a named purpose, the device's P-256 signature and the hub's Ed25519 signature.
//!
//! Device keys are P-256 because Secure Enclave and Android Keystore hold no other kind;
//! the hub signs with Ed25519, whose keys never come from outside, so small-order keys can't be slipped in.

use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::Verifier as _;
use sha2::{Digest as _, Sha256};

use crate::entropy::Entropy;
use crate::ids::Hash32;

/// SHA-256 over a purpose label and parts, each preceded by its length, so that no two inputs share a digest by shifting bytes.
#[must_use]
pub fn sha256(purpose: &str, parts: &[&[u8]]) -> Hash32 {
    let mut hasher = Sha256::new();
    hasher.update([u8::try_from(purpose.len()).expect("labels are short")]);
    hasher.update(purpose.as_bytes());
    for part in parts {
        hasher.update(
            u32::try_from(part.len())
                .expect("parts are below 4 GiB")
                .to_le_bytes(),
        );
        hasher.update(part);
    }
    Hash32(hasher.finalize().into())
}

/// Plain SHA-256, where another standard says so (`ath` of RFC 9449). Ours are labeled: [`sha256`].
#[must_use]
pub fn sha256_plain(bytes: &[u8]) -> Hash32 {
    Hash32(Sha256::digest(bytes).into())
}

/// A signature of 64 bytes: ES256 (`r ‖ s`) for devices, Ed25519 for the hub.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signature(…)")
    }
}

impl<C> minicbor::Encode<C> for Signature {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.bytes(&self.0)?;
        Ok(())
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Signature {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        let position = decoder.position();
        let bytes = decoder.bytes()?;
        bytes
            .try_into()
            .map(Self)
            .or(Err(minicbor::decode::Error::message(
                "a signature has 64 bytes",
            )
            .at(position)))
    }
}

/// A key that is not a point of the curve, or not a valid encoding of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid public key: expected an uncompressed P-256 point of 65 bytes")]
pub struct KeyError;

/// What signs for a handheld: hardware through the app, or [`SoftwareDeviceKey`] where there is none.
pub trait DeviceSigner: Send + Sync {
    /// The public half.
    fn public_key(&self) -> DevicePublicKey;

    /// ES256 over `message` (hashed with SHA-256 by the signature scheme); `None` when the keystore refused.
    fn sign(&self, message: &[u8]) -> Option<Signature>;
}

/// The public half of a handheld's P-256 key, checked to be a point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DevicePublicKey(p256::ecdsa::VerifyingKey);

impl DevicePublicKey {
    /// Reads an uncompressed SEC1 point (`04 ‖ x ‖ y`).
    ///
    /// # Errors
    /// [`KeyError`] when the bytes are not such a point.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() != 65 {
            return Err(KeyError);
        }
        p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes)
            .map(Self)
            .or(Err(KeyError))
    }

    /// The uncompressed SEC1 point, 65 bytes.
    #[must_use]
    pub fn to_sec1(&self) -> Vec<u8> {
        self.0.to_sec1_point(false).as_bytes().to_vec()
    }

    /// Whether `signature` is this key's over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        p256::ecdsa::Signature::from_slice(&signature.0)
            .is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}

/// A handheld's key held in memory: the marked fallback for devices without a hardware keystore, and for tests.
pub struct SoftwareDeviceKey(p256::ecdsa::SigningKey);

impl std::fmt::Debug for SoftwareDeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SoftwareDeviceKey(…)")
    }
}

impl SoftwareDeviceKey {
    /// A fresh key.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        loop {
            let mut bytes = [0; 32];
            entropy.fill(&mut bytes);
            if let Some(key) = Self::from_bytes(&bytes) {
                return key;
            }
        }
    }

    /// The key whose secret scalar these bytes are; `None` outside the curve's order.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        p256::ecdsa::SigningKey::from_slice(bytes).ok().map(Self)
    }

    /// The secret scalar, for a keystore to wrap.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes().into()
    }
}

impl DeviceSigner for SoftwareDeviceKey {
    fn public_key(&self) -> DevicePublicKey {
        DevicePublicKey(*self.0.verifying_key())
    }

    fn sign(&self, message: &[u8]) -> Option<Signature> {
        let signature: p256::ecdsa::Signature = self.0.try_sign(message).ok()?;
        Some(Signature(signature.to_bytes().into()))
    }
}

/// The hub's signing key for bases, snapshots and feed heads.
pub struct HubKey(ed25519_dalek::SigningKey);

impl std::fmt::Debug for HubKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HubKey(…)")
    }
}

impl HubKey {
    /// The key with this seed.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(bytes))
    }

    /// The public half, shipped to handhelds at enrolment.
    #[must_use]
    pub fn public_key(&self) -> HubPublicKey {
        HubPublicKey(self.0.verifying_key())
    }

    /// Signs a digest.
    #[must_use]
    pub fn sign(&self, digest: &Hash32) -> Signature {
        Signature(self.0.sign(&digest.0).to_bytes())
    }
}

/// The public half of the hub's signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubPublicKey(ed25519_dalek::VerifyingKey);

impl HubPublicKey {
    /// Reads 32 bytes; refuses keys of small order, under which forged signatures verify.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        ed25519_dalek::VerifyingKey::from_bytes(bytes)
            .ok()
            .filter(|key| !key.is_weak())
            .map(Self)
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Whether `signature` is the hub's over `digest`.
    #[must_use]
    pub fn verifies(&self, digest: &Hash32, signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(&digest.0, &signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn parts_can_not_be_shifted_into_one_another() {
        assert_ne!(sha256("t", &[b"ab", b"c"]), sha256("t", &[b"a", b"bc"]));
        assert_ne!(sha256("t", &[b"ab"]), sha256("ta", &[b"b"]));
    }

    #[test]
    fn a_device_signature_holds_for_its_message_and_key_alone() {
        let key = SoftwareDeviceKey::generate(&mut SeededEntropy::new(1));
        let other = SoftwareDeviceKey::generate(&mut SeededEntropy::new(2));
        let signature = key.sign(b"message").unwrap();
        let public = DevicePublicKey::from_sec1(&key.public_key().to_sec1()).unwrap();
        assert!(public.verifies(b"message", &signature));
        assert!(!public.verifies(b"massage", &signature));
        assert!(!other.public_key().verifies(b"message", &signature));
    }

    #[test]
    fn a_point_off_the_curve_is_refused() {
        assert_eq!(DevicePublicKey::from_sec1(&[4; 65]), Err(KeyError));
        assert_eq!(DevicePublicKey::from_sec1(&[0]), Err(KeyError));
    }

    #[test]
    fn a_weak_hub_key_is_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(HubPublicKey::from_bytes(&identity), None);
    }
}
