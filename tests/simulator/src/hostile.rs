//! What a lying handheld sends: it is enrolled and holds a good key, and uses both for what no honest one would.
//!
//! Whatever it sends may cost it its session. It must change nothing that is not its own, and must be told nothing that it may not know.

use std::ops::ControlFlow;

use sync_core::card::Facet;
use sync_core::documents::{self, StoredChange};
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::envelope::Sealed;
use sync_core::feed::{self, Chain};
use sync_core::ids::{
    AssociateId, ChangeHash, CustomerId, DeviceId, DocumentId, EditId, Hash32, Nonce,
};
use sync_core::limits;
use sync_core::notices::{Notice, Subject};
use sync_core::outbox;
use sync_core::protocol::frame::{
    Ack, Fetch, Frame, Heads, Hello, Item, Position, Push, Snapshot, WIRE_VERSION, short_chain,
};
use sync_core::scope::Scope;
use sync_core::store::{Direction, KeyRange, Store as _, StoreError, Table, decode_row};

use crate::fleet::{Handheld, Hub};
use crate::invariants::Violation;

/// Frames of a lying handheld, packed.
///
/// # Errors
/// What the store reports.
pub fn lies(
    hub: &Hub,
    handheld: &Handheld,
    entropy: &mut SeededEntropy,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut frames = Vec::new();
    for _ in 0..=entropy.below(3) {
        if entropy.percent(35) {
            frames.push(prying(hub, entropy).pack());
            continue;
        }
        let mut entries = own(handheld)?;
        if entries.is_empty() || entropy.percent(30) {
            entries = captured(hub, entropy)?;
        }
        if entries.is_empty() {
            continue;
        }
        frames.push(forged(handheld, entries, entropy));
    }
    Ok(frames)
}

/// What waits in its own outbox.
fn own(handheld: &Handheld) -> Result<Vec<Sealed>, StoreError> {
    let tx = handheld.store.read()?;
    let rows = outbox::all(&*tx)?;
    Ok(rows
        .into_iter()
        .flat_map(|(_, row)| row.members)
        .take(8)
        .collect())
}

/// Accepted changes of others, as if it had read them from somewhere.
fn captured(hub: &Hub, entropy: &mut SeededEntropy) -> Result<Vec<Sealed>, StoreError> {
    let tx = hub.store.read()?;
    let mut start = [0; 1];
    entropy.fill(&mut start);
    let range = KeyRange {
        from: &start,
        to: None,
    };
    let mut found = Vec::new();
    tx.scan(
        Table::Change,
        range,
        Direction::Ascending,
        &mut |_, bytes| {
            let stored: StoredChange = decode_row(Table::Change, bytes)?;
            found.push(stored.sealed);
            Ok(if found.len() < 3 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        },
    )?;
    Ok(found)
}

fn flip(bytes: &mut [u8], entropy: &mut SeededEntropy) {
    let Ok(len) = u64::try_from(bytes.len()) else {
        return;
    };
    if len == 0 {
        return;
    }
    let at = usize::try_from(entropy.below(len)).expect("below the length");
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << entropy.below(8);
    }
}

/// A push that is wrong in one way, otherwise well made and signed.
fn forged(handheld: &Handheld, mut entries: Vec<Sealed>, entropy: &mut SeededEntropy) -> Vec<u8> {
    let device = handheld.replica.device();
    for sealed in &mut entries {
        // Signed by itself, for itself: so far an honest push.
        sealed.envelope.device = device;
    }
    let kind = entropy.below(14);
    if let Some(sealed) = entries.first_mut() {
        let envelope = &mut sealed.envelope;
        match kind {
            0 => flip(&mut sealed.change, entropy),
            1 => envelope.device = DeviceId([2; 8]),
            2 => envelope.associate = AssociateId::random(entropy),
            3 => envelope.session = sync_core::ids::SessionId::random(entropy),
            4 => envelope.facet = Facet::Private(AssociateId([0x21; 8])),
            5 => envelope.facet = Facet::Shop(sync_core::ids::ShopId([9; 8])),
            6 => envelope.epoch = 1,
            7 => envelope.customer = CustomerId::random(entropy),
            8 => envelope.edits.push(EditId::random(entropy)),
            9 => envelope.nonce = Nonce::random(entropy),
            10 => envelope.change = ChangeHash::random(entropy),
            11 => sealed.change.resize(limits::CHANGE_BYTES_MAX + 1, 0),
            12 => sealed.change.truncate(sealed.change.len() / 2),
            _ => {}
        }
    }
    if entropy.percent(5) {
        let one = entries.first().cloned();
        entries.extend(one.into_iter().cycle().take(limits::PUSH_ENTRIES_MAX));
    }
    let mut signature = handheld.sign(&entries);
    if entropy.percent(10) {
        flip(&mut signature.0, entropy);
    }
    let mut frame = Frame::Push(Push { entries, signature }).pack();
    if entropy.percent(15) {
        flip(&mut frame, entropy);
    }
    frame
}

/// A question about what it may not see.
fn prying(hub: &Hub, entropy: &mut SeededEntropy) -> Frame {
    let known: Vec<_> = hub
        .people
        .sign_ins
        .values()
        .map(|known| known.associate)
        .collect();
    let other = entropy
        .pick(&known)
        .copied()
        .unwrap_or(AssociateId([0x20; 8]));
    let shops: Vec<_> = hub.devices.values().map(|known| known.shop).collect();
    let scope = match entropy.pick(&shops) {
        Some(shop) if entropy.percent(40) => Scope::Book(*shop),
        Some(_) | None => Scope::Associate(other),
    };
    match entropy.below(3) {
        0 => Frame::Heads(Heads {
            scope,
            after: None,
            documents: Vec::new(),
            last: true,
        }),
        1 => Frame::Fetch(Fetch {
            scope,
            documents: some_documents(hub),
        }),
        _ => Frame::Ack(Ack {
            scope,
            seq: entropy.below(1_000),
            chain: Chain(Hash32([7; 32])),
        }),
    }
}

fn some_documents(hub: &Hub) -> Vec<DocumentId> {
    let mut found = Vec::new();
    let all = KeyRange {
        from: &[],
        to: None,
    };
    let read = hub.store.read().and_then(|tx| {
        tx.scan(Table::Document, all, Direction::Ascending, &mut |key, _| {
            found.extend(DocumentId::from_slice(key));
            Ok(ControlFlow::Continue(()))
        })
    });
    read.expect("a store in memory reads");
    found
}

/// A hello that claims to stand where the handheld once stood: the hub is to replay what came since, as it is allowed now.
///
/// # Errors
/// What the store reports.
pub fn old_hello(
    hub: &Hub,
    granted: &[Scope],
    entropy: &mut SeededEntropy,
) -> Result<Frame, StoreError> {
    let tx = hub.store.read()?;
    let mut scopes = Vec::new();
    for scope in granted {
        let last = feed::state(&*tx, *scope)?.seq;
        let seq = if last == 0 {
            0
        } else {
            1 + entropy.below(last)
        };
        let chain =
            feed::row(&*tx, *scope, seq)?.map_or_else(Chain::default, |row| Chain(row.chain));
        scopes.push(Position {
            scope: *scope,
            seq,
            chain: short_chain(chain),
            resume: None,
        });
    }
    Ok(Frame::Hello(Hello {
        versions: (WIRE_VERSION, WIRE_VERSION),
        feed: Some(hub.feed),
        rollup: Hash32([0; 32]),
        scopes,
        pending: 0,
    }))
}

/// The documents whose content a frame of the hub carries, and the scope it names. Rows and records belong to the card.
fn carried(frame: &Frame) -> (Option<Scope>, Vec<DocumentId>) {
    let of = |snapshot: &Snapshot| snapshot.facet.document(snapshot.customer);
    match frame {
        Frame::Entries(entries) => {
            let mut documents = Vec::new();
            for item in &entries.items {
                match item {
                    Item::Change { sealed, .. } => documents.push(sealed.envelope.document()),
                    Item::Document { snapshot, .. } => documents.push(of(snapshot)),
                    Item::Records { records, .. } => {
                        let cards = records.iter().map(|record| record.customer);
                        documents.extend(cards.map(|customer| Facet::Card.document(customer)));
                    }
                    Item::Notices { notices, .. } => documents.extend(cards_of(notices)),
                    Item::Own { .. }
                    | Item::Leave { .. }
                    | Item::Tombstone { .. }
                    | Item::Gone { .. } => {}
                }
            }
            (Some(entries.scope), documents)
        }
        Frame::Page(page) => {
            let told = page.rows.iter().map(|row| row.customer);
            let told = told.chain(page.records.iter().map(|record| record.customer));
            let cards = told.map(|customer| Facet::Card.document(customer));
            let notices = page.notices.iter().flat_map(|told| cards_of(&told.notices));
            let documents = page.documents.iter().map(of);
            let documents = documents.chain(cards).chain(notices).collect();
            (Some(page.scope), documents)
        }
        Frame::Hello(_)
        | Frame::Push(_)
        | Frame::Ack(_)
        | Frame::Heads(_)
        | Frame::Fetch(_)
        | Frame::Reads(_)
        | Frame::Welcome(_)
        | Frame::Restart(_)
        | Frame::CaughtUp(_)
        | Frame::Verdicts(_)
        | Frame::ReadsStored(_)
        | Frame::Stop(_) => (None, Vec::new()),
    }
}

/// The cards of the customers whom notices are about.
fn cards_of(notices: &[Notice]) -> impl Iterator<Item = DocumentId> {
    notices.iter().filter_map(|notice| match notice.subject {
        Subject::Customer(customer) => Some(Facet::Card.document(customer)),
        Subject::Chain | Subject::Shop(_) | Subject::Associate(_) => None,
    })
}

/// What the hub sends about a scope must be granted, and of documents that are in that scope at this moment.
///
/// # Errors
/// The [`Violation`] when it sent another.
pub fn must_not_leak(hub: &Hub, granted: &[Scope], frames: &[Frame]) -> Result<(), Violation> {
    let tx = hub.store.read()?;
    for frame in frames {
        let (Some(scope), documents) = carried(frame) else {
            continue;
        };
        if !granted.contains(&scope) {
            let detail = format!("the hub spoke of {scope:?}, which is none of {granted:?}");
            return Err(Violation::new("nothing out of scope is sent", detail));
        }
        for document in documents {
            if !documents::scopes(&*tx, document)?.contains(&scope) {
                let detail = format!("the hub sent document {document}, which is not in {scope:?}");
                return Err(Violation::new("nothing out of scope is sent", detail));
            }
        }
    }
    Ok(())
}
