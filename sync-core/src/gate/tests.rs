//! Tests of the gate: a small scene of handhelds that write, and what they and their enemies send.

mod attacks;
mod base;
mod codes;
mod flips;
mod forge;
mod honest;
mod isolation;
mod shapes;

use super::*;
use crate::card::{Document, Provenance, Source, Value};
use crate::entropy::SeededEntropy;
use crate::envelope::EnvelopeKind;
use crate::ids::{
    ActorId, AssociateId, CustomerId, DeviceId, EditId, Nonce, SessionId, ShopId, Timestamp,
};

pub(super) const CUSTOMER: CustomerId = CustomerId([3; 16]);
pub(super) const NOW: Timestamp = Timestamp(1_760_000_000_000);

/// A change on its way.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

/// Runs `check` with rules that know logs by the entity `consent` and permit all but the entity `vault`.
pub(super) fn with_rules<T>(check: impl FnOnce(&Rules<'_>) -> T) -> T {
    check(&Rules {
        document: Facet::Card.document(CUSTOMER),
        epoch: 0,
        schema: &|_, path, _| match path.entity.as_str() {
            "unknown" => Err("no such entity".to_owned()),
            _ => Ok(()),
        },
        is_log: &|path| path.entity == "consent",
        permits: &|_, write| match write.path.entity.as_str() {
            "vault" => Err("the vault is closed".to_owned()),
            _ => Ok(()),
        },
    })
}

pub(super) fn admit_all(document: &Document, causality: &Causality, sent: &[Sent]) -> Admission {
    let incoming: Vec<_> = sent
        .iter()
        .map(|sent| Incoming {
            envelope: &sent.envelope,
            bytes: &sent.bytes,
        })
        .collect();
    with_rules(|rules| admit(document, causality, &incoming, rules)).unwrap()
}

pub(super) fn codes(admission: &Admission) -> Vec<&'static str> {
    let code = |outcome: &Result<Admitted, GateError>| match outcome {
        Ok(admitted) if admitted.is_new => "new",
        Ok(_) => "known",
        Err(error) => error.code(),
    };
    admission.outcomes.iter().map(code).collect()
}

/// A handheld with its own copy of the document.
#[derive(Debug, Clone)]
pub(super) struct Handheld {
    pub(super) device: DeviceId,
    pub(super) nonce: Nonce,
    pub(super) associate: AssociateId,
    pub(super) document: Document,
    entropy: u64,
}

impl Handheld {
    pub(super) fn new(number: u8) -> Self {
        Self {
            device: DeviceId([number; 8]),
            nonce: Nonce([number; 16]),
            associate: AssociateId([number; 8]),
            document: Document::default(),
            entropy: u64::from(number) << 32,
        }
    }

    pub(super) fn actor(&self) -> ActorId {
        ActorId::derive(self.device, self.nonce)
    }

    fn entropy(&mut self) -> SeededEntropy {
        self.entropy += 1;
        SeededEntropy::new(self.entropy)
    }

    pub(super) fn fresh_edit(&mut self) -> EditId {
        EditId::random(&mut self.entropy())
    }

    /// Closes the book and opens it again: the document from its bytes, a fresh actor.
    pub(super) fn reopen(&mut self) {
        self.document = Document::load(&self.document.save()).unwrap();
        self.nonce = Nonce::random(&mut self.entropy());
    }

    pub(super) fn pull(&mut self, other: &Document) {
        let changes = other.changes_since(&self.document.heads());
        self.document
            .apply(changes.iter().map(|change| change.bytes.as_slice()))
            .unwrap();
    }

    pub(super) fn entry(&self, text: &str) -> Entry {
        Entry {
            value: Value::from(text),
            provenance: Provenance {
                by: self.associate,
                device: self.device,
                shop: ShopId([1; 8]),
                at: NOW,
                source: Source::Stated,
                as_of: None,
            },
            seen: Vec::new(),
        }
    }

    /// The write of a fresh edit that has seen every head of the field.
    pub(super) fn plan(&mut self, path: &FieldPath, text: &str) -> FieldWrite {
        let entries = self.document.entries().unwrap();
        let heads = entries.heads(path).map(|(key, _)| key.edit).collect();
        let mut entry = self.entry(text);
        let mut replaces = Vec::new();
        if path.entity == "consent" {
            entry.seen = heads;
        } else {
            replaces = heads;
        }
        FieldWrite {
            path: path.clone(),
            edit: self.fresh_edit(),
            entry,
            replaces,
        }
    }

    pub(super) fn envelope(&mut self, edits: Vec<EditId>, bytes: &[u8]) -> Envelope {
        Envelope {
            kind: EnvelopeKind::Device,
            customer: CUSTOMER,
            facet: Facet::Card,
            epoch: 0,
            change: forge::hash_of(bytes),
            device: self.device,
            nonce: self.nonce,
            associate: self.associate,
            session: SessionId([1; 8]),
            edits,
            schema: crate::card::SCHEMA_VERSION,
            salt: Nonce::random(&mut self.entropy()),
        }
    }

    pub(super) fn commit(&mut self, writes: &[FieldWrite]) -> Sent {
        let change = self.document.commit(self.actor(), NOW, writes).unwrap();
        let edits = writes.iter().map(|write| write.edit).collect();
        let envelope = self.envelope(edits, &change.bytes);
        assert_eq!(envelope.change, change.hash);
        Sent {
            envelope,
            bytes: change.bytes,
        }
    }

    pub(super) fn write(&mut self, path: &FieldPath, text: &str) -> Sent {
        let write = self.plan(path, text);
        self.commit(&[write])
    }
}

pub(super) fn field(entity: &str) -> FieldPath {
    FieldPath::new(entity, "-", "body")
}

/// What the hub holds, and the two handhelds that wrote it.
pub(super) struct Scene {
    pub(super) document: Document,
    pub(super) causality: Causality,
    pub(super) alice: Handheld,
    pub(super) bob: Handheld,
}

impl Scene {
    /// Alice and Bob wrote some fields in turn and both hold everything.
    pub(super) fn new() -> Self {
        let (mut alice, mut bob) = (Handheld::new(1), Handheld::new(2));
        let mut sent = Vec::new();
        for round in 0..3 {
            sent.push(alice.write(&field("size"), &format!("38.{round}")));
            sent.push(alice.write(&field("consent"), "granted"));
            bob.pull(&alice.document);
            sent.push(bob.write(&field("size"), &format!("39.{round}")));
            sent.push(bob.write(&field("wish"), "a blue coat"));
            alice.pull(&bob.document);
        }
        let admission = admit_all(&Document::default(), &Causality::default(), &sent);
        assert_eq!(codes(&admission), ["new"; 12]);
        Self {
            document: admission.document,
            causality: admission.causality,
            alice,
            bob,
        }
    }

    pub(super) fn admit(&self, sent: &[Sent]) -> Admission {
        admit_all(&self.document, &self.causality, sent)
    }

    /// That `sent` is refused by this rule and leaves everything as it was.
    pub(super) fn refuses(&self, code: &str, sent: &Sent) {
        let admission = self.admit(std::slice::from_ref(sent));
        assert_eq!(codes(&admission), [code], "{:?}", admission.outcomes);
        assert_eq!(admission.document.heads(), self.document.heads());
        assert_eq!(admission.causality.heads(), self.document.heads());
        assert_eq!(Ok(admission.entries), self.document.entries());
        assert_eq!(admission.saved, None);
    }

    pub(super) fn admits(&self, sent: &Sent) -> Admission {
        let admission = self.admit(std::slice::from_ref(sent));
        assert_eq!(codes(&admission), ["new"], "{:?}", admission.outcomes);
        admission
    }
}
