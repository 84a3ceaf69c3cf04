//! The card: what is kept about one customer, as flat write-once keys, the edits that write them and the rules that read them.
//!
//! Automerge is used here (and in the gate) and nowhere else.

mod allowance;
pub mod canonical;
pub mod document;
pub mod edit;
pub mod entries;
mod gone;
pub mod key;
pub mod links;
pub mod normal;
pub mod reduce;
pub mod schema;
#[cfg(test)]
pub(crate) mod stage;
pub mod terms;
pub mod value;
pub mod view;

use crate::crypto::sha256;
use crate::ids::{AssociateId, CustomerId, DocumentId, ShopId};

pub use allowance::Allowance;
pub use canonical::canonical_json;
pub use document::{Change, Document, DocumentError};
pub use edit::{Edit, EditContext, EditError, FieldWrite, Plan};
pub use entries::{Entries, Visible};
pub use key::{FieldPath, Key};
pub use reduce::Corrections;
pub use value::{Entry, Provenance, Source, Value};
pub use view::{CardView, Reading};

/// Version of the card's schema that this build understands. What it writes says the lowest one that knows its fields ([`Plan::schema_of`]).
pub const SCHEMA_VERSION: u16 = 2;

/// A part of a customer's record with its own audience. Each is a document of its own, because what was replicated can't be called back.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode,
)]
pub enum Facet {
    /// What every shop of the chain may know.
    #[n(0)]
    Card,
    /// What stays in one shop.
    #[n(1)]
    Shop(#[n(0)] ShopId),
    /// Causes behind sensitive facts: the customer's owners only, need to know.
    #[n(2)]
    Restricted,
    /// One associate's own notes.
    #[n(3)]
    Private(#[n(0)] AssociateId),
}

impl Facet {
    /// The document of this facet of `customer`: derived, so that two devices that are offline name the same one. Frozen since wire version 1.
    #[must_use]
    pub fn document(&self, customer: CustomerId) -> DocumentId {
        let (kind, owner): (&[u8], &[u8]) = match self {
            Self::Card => (b"card", &[]),
            Self::Shop(shop) => (b"shop", shop.as_bytes()),
            Self::Restricted => (b"restricted", &[]),
            Self::Private(associate) => (b"private", associate.as_bytes()),
        };
        let digest = sha256("document.v1", &[customer.as_bytes(), kind, owner]);
        let bytes = digest
            .0
            .get(..DocumentId::LEN)
            .expect("a digest has 32 bytes");
        DocumentId::from_slice(bytes).expect("the length is that of a document id")
    }
}
