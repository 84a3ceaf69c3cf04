//! The envelope of a change: what must be known about it before its bytes are opened, and who vouches for it.
//!
//! A device signs the Merkle root over the envelopes of a push, one hardware signature for many changes; an envelope names the hash of its change,
//! so the signature covers the content too. Envelopes carry a salt: what outlives an erasure (feeds, chains) holds only digests that can't be guessed from content.

use minicbor::{Decode, Encode};

use crate::card::Facet;
use crate::crypto::{DevicePublicKey, DeviceSigner, Signature, sha256};
use crate::entropy::Entropy;
use crate::ids::{
    ActorId, AssociateId, ChangeHash, CustomerId, DeviceId, DocumentId, EditId, Hash32, Nonce,
    SessionId,
};

/// Who vouches for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EnvelopeKind {
    /// A handheld, by its signature over the push frame.
    #[n(0)]
    Device,
    /// The hub itself: imports and REST.
    #[n(1)]
    Hub,
    /// The hub, for a base.
    #[n(2)]
    Base,
    /// The hub, for a device's change that it carried over to a new epoch.
    #[n(3)]
    Carried,
}

/// What travels in front of every change. Encoded as a CBOR array; frozen since wire version 1.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Envelope {
    /// Who vouches for it.
    #[n(0)]
    pub kind: EnvelopeKind,
    /// The customer.
    #[n(1)]
    pub customer: CustomerId,
    /// The facet; customer and facet give the document.
    #[n(2)]
    pub facet: Facet,
    /// The epoch of the document that the change belongs to.
    #[n(3)]
    pub epoch: u32,
    /// Automerge's hash of the change.
    #[n(4)]
    pub change: ChangeHash,
    /// The device that made it.
    #[n(5)]
    pub device: DeviceId,
    /// What the opening of that device's database drew; with the device it gives the actor.
    #[n(6)]
    pub nonce: Nonce,
    /// Who made it.
    #[n(7)]
    pub associate: AssociateId,
    /// The sign-in it was made under.
    #[n(8)]
    pub session: SessionId,
    /// The edits inside, in the order they were made.
    #[n(9)]
    pub edits: Vec<EditId>,
    /// Schema version of what it writes.
    #[n(10)]
    pub schema: u16,
    /// Keeps digests that outlive an erasure from being guessed.
    #[n(11)]
    pub salt: Nonce,
}

impl Envelope {
    /// The document the change belongs to.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.facet.document(self.customer)
    }

    /// The only actor whose change may stand behind this envelope.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        ActorId::derive(self.device, self.nonce)
    }

    /// The leaf of this envelope in the Merkle tree of its push, and its salted name in feeds.
    #[must_use]
    pub fn leaf(&self) -> Hash32 {
        sha256(
            "leaf.v1",
            &[&minicbor::to_vec(self).expect("writing to memory does not fail")],
        )
    }
}

/// An envelope with the raw change it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Sealed {
    /// What is known in front.
    #[n(0)]
    pub envelope: Envelope,
    /// The uncompressed change chunk.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub change: Vec<u8>,
}

/// The place of a leaf in a signed push: enough to check later, and elsewhere, that the device signed it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Attestation {
    /// Number of the leaf.
    #[n(0)]
    pub index: u32,
    /// Number of leaves in the push.
    #[n(1)]
    pub count: u32,
    /// Sibling digests from the leaf up.
    #[n(2)]
    pub path: Vec<Hash32>,
    /// The device's signature over the root.
    #[n(3)]
    pub signature: Signature,
}

/// The digest that a device signs for a push with this root.
fn push_message(device: DeviceId, root: &Hash32) -> Vec<u8> {
    sha256("push.v1", &[device.as_bytes(), root.as_bytes()])
        .0
        .to_vec()
}

fn parent(left: &Hash32, right: &Hash32) -> Hash32 {
    sha256("node.v1", &[left.as_bytes(), right.as_bytes()])
}

/// The levels of the tree from the leaves to the root; a last node without a sibling moves up as it is.
fn levels(leaves: &[Hash32]) -> Vec<Vec<Hash32>> {
    let mut levels = vec![leaves.to_vec()];
    while let Some(last) = levels.last().filter(|level| level.len() > 1) {
        let next = last
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => parent(left, right),
                [only] => *only,
                _ => unreachable!("chunks of two hold one or two"),
            })
            .collect();
        levels.push(next);
    }
    levels
}

/// The Merkle root over `leaves`; the digest of nothing for none.
#[must_use]
pub fn merkle_root(leaves: &[Hash32]) -> Hash32 {
    levels(leaves)
        .last()
        .and_then(|level| level.first())
        .copied()
        .unwrap_or_else(|| sha256("node.v1", &[]))
}

/// The device's signature over a push of these leaves; `None` when the keystore refused.
#[must_use]
pub fn sign_push(
    signer: &dyn DeviceSigner,
    device: DeviceId,
    leaves: &[Hash32],
) -> Option<Signature> {
    signer.sign(&push_message(device, &merkle_root(leaves)))
}

/// Whether `signature` is the device's over a push of these leaves.
#[must_use]
pub fn push_is_signed(
    key: &DevicePublicKey,
    device: DeviceId,
    leaves: &[Hash32],
    signature: &Signature,
) -> bool {
    key.verifies(&push_message(device, &merkle_root(leaves)), signature)
}

/// One attestation per leaf of a push.
#[must_use]
pub fn attestations(leaves: &[Hash32], signature: Signature) -> Vec<Attestation> {
    let levels = levels(leaves);
    let count = u32::try_from(leaves.len()).expect("a push has few leaves");
    (0..count)
        .map(|index| {
            let mut at = usize::try_from(index).expect("a push has few leaves");
            let mut path = Vec::new();
            for level in &levels {
                if let Some(sibling) = level.get(at ^ 1).filter(|_| level.len() > 1) {
                    path.push(*sibling);
                }
                at /= 2;
            }
            Attestation {
                index,
                count,
                path,
                signature,
            }
        })
        .collect()
}

impl Attestation {
    /// Whether the device of `envelope` signed it, by this proof.
    #[must_use]
    pub fn holds(&self, envelope: &Envelope, key: &DevicePublicKey) -> bool {
        let mut node = envelope.leaf();
        let (mut at, mut width) = (self.index, self.count);
        let mut path = self.path.iter();
        if at >= width {
            return false;
        }
        while width > 1 {
            if at ^ 1 < width {
                let Some(sibling) = path.next() else {
                    return false;
                };
                node = if at & 1 == 0 {
                    parent(&node, sibling)
                } else {
                    parent(sibling, &node)
                };
            }
            at /= 2;
            width = width.div_ceil(2);
        }
        path.next().is_none()
            && key.verifies(&push_message(envelope.device, &node), &self.signature)
    }
}

/// A fresh salt.
pub fn salt(entropy: &mut dyn Entropy) -> Nonce {
    Nonce::random(entropy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SoftwareDeviceKey;
    use crate::entropy::SeededEntropy;

    fn envelope(entropy: &mut SeededEntropy) -> Envelope {
        Envelope {
            kind: EnvelopeKind::Device,
            customer: CustomerId::random(entropy),
            facet: Facet::Card,
            epoch: 0,
            change: ChangeHash::random(entropy),
            device: DeviceId([7; 8]),
            nonce: Nonce::random(entropy),
            associate: AssociateId([1; 8]),
            session: SessionId([2; 8]),
            edits: vec![EditId::random(entropy)],
            schema: 1,
            salt: salt(entropy),
        }
    }

    #[test]
    fn every_entry_of_a_push_proves_its_author_and_no_other_does() {
        let mut entropy = SeededEntropy::new(5);
        let key = SoftwareDeviceKey::generate(&mut entropy);
        for count in [1, 2, 3, 5, 8, 13] {
            let envelopes: Vec<_> = (0..count).map(|_| envelope(&mut entropy)).collect();
            let leaves: Vec<_> = envelopes.iter().map(Envelope::leaf).collect();
            let signature = sign_push(&key, DeviceId([7; 8]), &leaves).unwrap();
            assert!(push_is_signed(
                &key.public_key(),
                DeviceId([7; 8]),
                &leaves,
                &signature
            ));
            let proofs = attestations(&leaves, signature);
            for (envelope, proof) in envelopes.iter().zip(&proofs) {
                assert!(proof.holds(envelope, &key.public_key()));
                let mut forged = envelope.clone();
                forged.associate = AssociateId([9; 8]);
                assert!(!proof.holds(&forged, &key.public_key()), "another author");
                let mut moved = proof.clone();
                moved.index = count;
                assert!(
                    !moved.holds(envelope, &key.public_key()),
                    "a place outside the push"
                );
            }
        }
    }

    #[test]
    fn an_envelope_reads_back_from_its_bytes() {
        let envelope = envelope(&mut SeededEntropy::new(6));
        let bytes = minicbor::to_vec(&envelope).unwrap();
        assert_eq!(minicbor::decode::<Envelope>(&bytes).unwrap(), envelope);
    }
}
