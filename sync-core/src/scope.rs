//! Scopes: the unit of replication and of read permission.

use minicbor::{Decode, Encode};

use crate::ids::{AssociateId, DocumentId, ShopId};

/// What a handheld may replicate. A document can be in several scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Scope {
    /// The book of one shop: cards of its customers, the shop's own facet of them, their records.
    #[n(0)]
    Book(#[n(0)] ShopId),
    /// What one associate alone may read: private notes, and restricted facets of the customers they own.
    #[n(1)]
    Associate(#[n(0)] AssociateId),
}

impl Scope {
    /// Bytes of [`Scope::key`].
    pub const KEY_LEN: usize = 9;

    /// The scope as the beginning of a storage key. Frozen since database schema 1.
    #[must_use]
    pub fn key(&self) -> [u8; Self::KEY_LEN] {
        let (kind, id) = match self {
            Self::Book(shop) => (b'b', shop.0),
            Self::Associate(associate) => (b'a', associate.0),
        };
        let mut key = [kind; Self::KEY_LEN];
        if let Some(rest) = key.get_mut(1..) {
            rest.copy_from_slice(&id);
        }
        key
    }

    /// Reads [`Scope::key`].
    #[must_use]
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let (kind, id) = key.split_first()?;
        match kind {
            b'b' => ShopId::from_slice(id).map(Self::Book),
            b'a' => AssociateId::from_slice(id).map(Self::Associate),
            _ => None,
        }
    }

    /// The storage key of `document` within this scope.
    #[must_use]
    pub fn document_key(&self, document: DocumentId) -> Vec<u8> {
        crate::store::key(&[&self.key(), document.as_bytes()])
    }
}
