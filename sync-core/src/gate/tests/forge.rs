//! A maker of changes with any content and a valid checksum: what a hostile device can send.

use automerge::ReadDoc as _;
use sha2::{Digest as _, Sha256};

use super::{Handheld, Scene, Sent, field};
use crate::card::{Document, Key};
use crate::gate::Causality;
use crate::ids::{ActorId, ChangeHash, EditId};

const HEADER: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

pub(super) fn unsigned(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

pub(super) fn signed(mut number: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if (number == 0 && low & 0x40 == 0) || (number == -1 && low & 0x40 != 0) {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn prefixed(bytes: &[u8]) -> Vec<u8> {
    [unsigned(bytes.len() as u64), bytes.to_vec()].concat()
}

/// Run lengths over encoded cells.
pub(super) fn runs(cells: &[Vec<u8>]) -> Vec<u8> {
    let mut column = Vec::new();
    let mut literal: Vec<&[u8]> = Vec::new();
    let flush = |literal: &mut Vec<&[u8]>, column: &mut Vec<u8>| {
        if !literal.is_empty() {
            column.extend(signed(-i64::try_from(literal.len()).unwrap()));
            column.extend(literal.drain(..).flatten());
        }
    };
    for run in cells.chunk_by(|one, next| one == next) {
        if let [only] = run {
            literal.push(only);
        } else {
            flush(&mut literal, &mut column);
            column.extend(signed(i64::try_from(run.len()).unwrap()));
            column.extend(&run[0]);
        }
    }
    flush(&mut literal, &mut column);
    column
}

/// The hash that a chunk has.
pub(super) fn hash_of(bytes: &[u8]) -> ChangeHash {
    ChangeHash(Sha256::digest(bytes.get(8..).unwrap_or_default()).into())
}

/// A chunk of this kind around `data`, with a checksum that holds.
pub(super) fn seal(kind: u8, data: &[u8]) -> Vec<u8> {
    let body = [vec![kind], prefixed(data)].concat();
    let hash = Sha256::digest(&body);
    [&HEADER[..], &hash[..4], &body].concat()
}

/// Makes the checksum of a changed chunk hold again.
pub(super) fn reseal(bytes: &mut [u8]) {
    let hash = hash_of(bytes);
    bytes[4..8].copy_from_slice(&hash.0[..4]);
}

/// One operation, every part of it open.
#[derive(Debug, Clone)]
pub(super) struct ForgedOp {
    pub(super) key: String,
    pub(super) action: u64,
    pub(super) value_type: u64,
    pub(super) value: Vec<u8>,
    pub(super) preds: Vec<(ActorId, u64)>,
}

impl ForgedOp {
    pub(super) fn put(key: &Key, value: &[u8]) -> Self {
        Self {
            key: key.to_string(),
            action: 1,
            value_type: 7,
            value: value.to_vec(),
            preds: Vec::new(),
        }
    }

    pub(super) fn delete(key: &Key, pred: (ActorId, u64)) -> Self {
        Self {
            key: key.to_string(),
            action: 3,
            value_type: 0,
            value: Vec::new(),
            preds: vec![pred],
        }
    }
}

/// A change, every part of it open.
#[derive(Debug, Clone)]
pub(super) struct Forged {
    pub(super) deps: Vec<ChangeHash>,
    pub(super) actor: Vec<u8>,
    pub(super) seq: u64,
    pub(super) start_op: u64,
    pub(super) seconds: i64,
    pub(super) message: Vec<u8>,
    pub(super) others: Vec<ActorId>,
    pub(super) ops: Vec<ForgedOp>,
    /// In place of the columns that the operations give.
    pub(super) columns: Option<Vec<(u32, Vec<u8>)>>,
    pub(super) extra: Vec<u8>,
    /// What the envelope lists.
    pub(super) edits: Vec<EditId>,
}

impl Forged {
    /// A change that `handheld` could honestly make on top of everything in the document.
    pub(super) fn by(handheld: &mut Handheld, document: &Document, causality: &Causality) -> Self {
        let heads = document.heads();
        let header_deps: Vec<_> = heads.clone();
        let seq = causality
            .last_of(handheld.actor())
            .map_or(1, |last| last.seq + 1);
        let write = handheld.plan(&field("note"), "forged");
        Self {
            deps: heads,
            actor: handheld.actor().0.to_vec(),
            seq,
            start_op: next_counter(document, &header_deps),
            seconds: super::NOW.seconds(),
            message: Vec::new(),
            others: Vec::new(),
            ops: vec![ForgedOp::put(
                &write.path.at(write.edit),
                &write.entry.to_bytes(),
            )],
            columns: None,
            extra: Vec::new(),
            edits: vec![write.edit],
        }
    }

    pub(super) fn columns(&self) -> Vec<(u32, Vec<u8>)> {
        let index = |actor: &ActorId| {
            let others = self.others.iter().position(|other| other == actor);
            others.map_or(0, |at| at as u64 + 1)
        };
        let each = |cell: &dyn Fn(&ForgedOp) -> Vec<u8>| {
            runs(&self.ops.iter().map(cell).collect::<Vec<_>>())
        };
        let preds: Vec<_> = self.ops.iter().flat_map(|op| &op.preds).collect();
        let mut before = 0;
        let steps = preds.iter().map(|(_, counter)| {
            let counter = i64::try_from(*counter).unwrap();
            let step = counter - before;
            before = counter;
            signed(step)
        });
        let steps: Vec<_> = steps.collect();
        let actors: Vec<_> = preds
            .iter()
            .map(|(actor, _)| unsigned(index(actor)))
            .collect();
        let columns = [
            (21, each(&|op| prefixed(op.key.as_bytes()))),
            (52, unsigned(self.ops.len() as u64)),
            (66, each(&|op| unsigned(op.action))),
            (
                86,
                each(&|op| unsigned((op.value.len() as u64) << 4 | op.value_type)),
            ),
            (
                87,
                self.ops.iter().flat_map(|op| op.value.clone()).collect(),
            ),
            (112, each(&|op| unsigned(op.preds.len() as u64))),
            (113, runs(&actors)),
            (115, runs(&steps)),
        ];
        columns
            .into_iter()
            .filter(|(_, column)| !column.is_empty())
            .collect()
    }

    pub(super) fn data(&self) -> Vec<u8> {
        let columns = self.columns.clone().unwrap_or_else(|| self.columns());
        let mut data = unsigned(self.deps.len() as u64);
        data.extend(self.deps.iter().flat_map(|dep| dep.0));
        data.extend(prefixed(&self.actor));
        data.extend(unsigned(self.seq));
        data.extend(unsigned(self.start_op));
        data.extend(signed(self.seconds));
        data.extend(prefixed(&self.message));
        data.extend(unsigned(self.others.len() as u64));
        data.extend(self.others.iter().flat_map(|other| prefixed(&other.0)));
        data.extend(unsigned(columns.len() as u64));
        for (column, bytes) in &columns {
            data.extend(unsigned(u64::from(*column)));
            data.extend(unsigned(bytes.len() as u64));
        }
        data.extend(columns.iter().flat_map(|(_, bytes)| bytes.clone()));
        data.extend(&self.extra);
        data
    }

    /// Sealed, in an envelope that `handheld` may write.
    pub(super) fn sent(&self, handheld: &mut Handheld) -> Sent {
        let bytes = seal(1, &self.data());
        Sent {
            envelope: handheld.envelope(self.edits.clone(), &bytes),
            bytes,
        }
    }
}

/// What the first counter of a change on these heads is, by Automerge's own account.
fn next_counter(document: &Document, heads: &[ChangeHash]) -> u64 {
    let max_op = |head: &ChangeHash| {
        let change = document
            .0
            .get_change_by_hash(&automerge::ChangeHash(head.0))
            .unwrap();
        change.max_op()
    };
    heads.iter().map(max_op).max().unwrap_or(0) + 1
}

/// Where a key of the document was put, by Automerge's own account.
pub(super) fn put_of(document: &Document, key: &Key) -> (ActorId, u64) {
    let (_, id) = document
        .0
        .get(automerge::ROOT, key.to_string())
        .unwrap()
        .unwrap();
    let automerge::ObjId::Id(counter, actor, _) = id else {
        panic!("a key stands under an operation");
    };
    (ActorId::from_slice(actor.to_bytes()).unwrap(), counter)
}

#[test]
fn a_forged_change_is_byte_for_byte_what_automerge_writes() {
    let scene = Scene::new();
    let mut alice = scene.alice.clone();
    let honest = alice.write(&field("size"), "40");
    let header = crate::gate::inspect(&honest.bytes).unwrap();
    let seen = scene.document.entries().unwrap();
    let (replaced, _) = seen.heads(&field("size")).next().unwrap();
    let written = alice.document.entries().unwrap();
    let (key, entry) = written.heads(&field("size")).next().unwrap();
    let pred = put_of(&scene.document, replaced);
    assert_ne!(pred.0, alice.actor(), "Bob wrote last");
    let mut alice_again = scene.alice.clone();
    let mut forged = Forged::by(&mut alice_again, &scene.document, &scene.causality);
    assert_eq!(forged.seq, header.seq);
    // Automerge also names the author's own last change, although Bob's builds on it.
    assert_eq!(header.deps.len(), 2);
    forged.deps = header.deps;
    forged.others = vec![pred.0];
    forged.ops = vec![
        ForgedOp::delete(replaced, pred),
        ForgedOp::put(key, &entry.to_bytes()),
    ];
    assert_eq!(seal(1, &forged.data()), honest.bytes);
}

#[test]
fn a_forged_change_that_follows_every_rule_is_admitted() {
    let mut scene = Scene::new();
    let mut mallory = Handheld::new(9);
    let forged = Forged::by(&mut mallory, &scene.document, &scene.causality);
    scene.admits(&forged.sent(&mut mallory));
    let forged = Forged::by(&mut scene.bob, &scene.document, &scene.causality);
    scene.admits(&forged.sent(&mut scene.bob.clone()));
}
