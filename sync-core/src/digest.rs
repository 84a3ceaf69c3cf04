//! The set digest of a scope: equal sets have equal digests, whatever the order in which items came and went.
//!
//! It is `LtHash16` (Bellare and Micciancio's lattice construction; 1,024 lanes of 16 bits, items expanded by BLAKE3 in XOF mode):
//! adding and removing an item costs the same whatever the size of the set, and unlike XOR or plain sums it can't be
//! steered to a wanted value by choosing items. Only its hash travels.

use minicbor::{Decode, Encode};

use crate::crypto::sha256;
use crate::ids::{ChangeHash, CustomerId, DocumentId, Hash32};

const LANES: usize = 1_024;

/// The digest of a set of items.
#[derive(Clone, PartialEq, Eq)]
pub struct SetDigest(Box<[u16; LANES]>);

impl std::fmt::Debug for SetDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SetDigest({})", self.hash())
    }
}

impl Default for SetDigest {
    fn default() -> Self {
        Self(Box::new([0; LANES]))
    }
}

impl SetDigest {
    /// Puts an item in.
    pub fn add(&mut self, item: &Hash32) {
        self.combine(item, u16::wrapping_add);
    }

    /// Takes an item out that is in.
    pub fn remove(&mut self, item: &Hash32) {
        self.combine(item, u16::wrapping_sub);
    }

    /// Puts in everything that another set holds.
    pub fn merge(&mut self, other: &Self) {
        for (lane, more) in self.0.iter_mut().zip(other.0.iter()) {
            *lane = lane.wrapping_add(*more);
        }
    }

    fn combine(&mut self, item: &Hash32, operation: fn(u16, u16) -> u16) {
        let mut stream = [0; LANES * 2];
        blake3::Hasher::new_derive_key("carnet set digest v1")
            .update(item.as_bytes())
            .finalize_xof()
            .fill(&mut stream);
        for (lane, bytes) in self.0.iter_mut().zip(stream.chunks_exact(2)) {
            let &[low, high] = bytes else {
                unreachable!("chunks are exact")
            };
            *lane = operation(*lane, u16::from_le_bytes([low, high]));
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|lane| lane.to_le_bytes()).collect()
    }

    /// What travels and is compared.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        sha256("digest.v1", &[&self.to_bytes()])
    }
}

impl<C> Encode<C> for SetDigest {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.bytes(&self.to_bytes())?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for SetDigest {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        let bytes = decoder.bytes()?;
        if bytes.len() != LANES * 2 {
            return Err(minicbor::decode::Error::message(
                "a set digest has 2,048 bytes",
            ));
        }
        let mut digest = Self::default();
        for (lane, bytes) in digest.0.iter_mut().zip(bytes.chunks_exact(2)) {
            let &[low, high] = bytes else {
                unreachable!("chunks are exact")
            };
            *lane = u16::from_le_bytes([low, high]);
        }
        Ok(digest)
    }
}

/// The item of a document: what it is, in which epoch, and exactly which changes it holds.
#[must_use]
pub fn document_item(document: DocumentId, epoch: u32, heads: &[ChangeHash]) -> Hash32 {
    let heads: Vec<u8> = heads.iter().flat_map(|head| head.0).collect();
    sha256(
        "item.document.v1",
        &[document.as_bytes(), &epoch.to_be_bytes(), &heads],
    )
}

/// The item of an erased customer.
#[must_use]
pub fn tombstone_item(customer: CustomerId) -> Hash32 {
    sha256("item.tombstone.v1", &[customer.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: u8) -> Hash32 {
        sha256("test", &[&[number]])
    }

    #[test]
    fn the_order_of_coming_and_going_does_not_matter() {
        let (mut one, mut other) = (SetDigest::default(), SetDigest::default());
        for number in 0..50 {
            one.add(&item(number));
        }
        for number in (0..60).rev() {
            other.add(&item(number));
        }
        assert_ne!(one.hash(), other.hash());
        for number in 50..60 {
            other.remove(&item(number));
        }
        assert_eq!(one.hash(), other.hash());
        assert_ne!(one.hash(), SetDigest::default().hash());
    }

    #[test]
    fn a_merged_set_is_the_set_of_all_items_and_of_none_that_were_taken_out() {
        let (mut one, mut other, mut both) = Default::default();
        for number in 0..20 {
            SetDigest::add(&mut one, &item(number));
        }
        SetDigest::remove(&mut other, &item(3));
        SetDigest::add(&mut other, &item(30));
        for number in (0..20).filter(|number| *number != 3).chain([30]) {
            SetDigest::add(&mut both, &item(number));
        }
        one.merge(&other);
        assert_eq!(one, both);
    }

    #[test]
    fn an_item_twice_is_not_the_item_once() {
        let (mut one, mut twice) = (SetDigest::default(), SetDigest::default());
        one.add(&item(1));
        twice.add(&item(1));
        twice.add(&item(1));
        assert_ne!(one.hash(), twice.hash());
        assert_ne!(twice.hash(), SetDigest::default().hash());
    }

    #[test]
    fn a_digest_reads_back_from_its_bytes() {
        let mut digest = SetDigest::default();
        digest.add(&item(9));
        let bytes = minicbor::to_vec(&digest).unwrap();
        assert_eq!(minicbor::decode::<SetDigest>(&bytes).unwrap(), digest);
    }
}
