//! The handheld's key: in hardware through the app, or in the encrypted book as a marked fallback.

use std::sync::Arc;

use sync_core::crypto::{DevicePublicKey, DeviceSigner, KeyError, Signature};

/// Why a keystore did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeystoreError {
    /// The device is locked, or the associate did not confirm: it is asked again later.
    #[error("the keystore is locked")]
    Locked,
    /// The key is gone, or the keystore failed.
    #[error("the keystore failed")]
    Failed,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeystoreError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        // The app's own exception: its text may hold anything, so it is not kept.
        Self::Failed
    }
}

/// A P-256 key that never leaves the hardware: Secure Enclave, Android Keystore. It must not call the book back.
#[uniffi::export(with_foreign)]
pub trait DeviceKeystore: Send + Sync + std::fmt::Debug {
    /// The public key as an uncompressed SEC1 point: 65 bytes, the first of them 4.
    fn public_key(&self) -> Result<Vec<u8>, KeystoreError>;

    /// ES256 over `message`: SHA-256, then `r` and `s`, 32 bytes each.
    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, KeystoreError>;
}

/// A keystore as the core uses it.
#[derive(Debug)]
pub(crate) struct HardwareKey {
    keystore: Arc<dyn DeviceKeystore>,
    public: DevicePublicKey,
}

impl HardwareKey {
    /// Reads the public half once: it is asked for in places that can't fail.
    pub(crate) fn new(keystore: Arc<dyn DeviceKeystore>) -> Result<Self, crate::BookError> {
        let read = |bytes: Vec<u8>| DevicePublicKey::from_sec1(&bytes);
        let public = keystore.public_key().map_err(|error| match error {
            KeystoreError::Locked => crate::BookError::Busy,
            KeystoreError::Failed => crate::BookError::bug("reading the device key", &error),
        })?;
        let public = read(public)
            .map_err(|error: KeyError| crate::BookError::bug("reading the device key", &error))?;
        Ok(Self { keystore, public })
    }
}

impl DeviceSigner for HardwareKey {
    fn public_key(&self) -> DevicePublicKey {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Option<Signature> {
        let signature = self.keystore.sign(message.to_vec()).ok()?;
        let signature = Signature(signature.try_into().ok()?);
        // A wrong signature would look like a forged push: better none.
        self.public
            .verifies(message, &signature)
            .then_some(signature)
    }
}
