//! The wire: frozen bytes of every frame, and what becomes of bytes that are no frame.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]
#![expect(clippy::string_slice, reason = "the fixture is ASCII")]

use std::path::PathBuf;

use sync_core::access::{AccessEntry, AccessKind};
use sync_core::card::Facet;
use sync_core::crypto::Signature;
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::envelope::{Envelope, EnvelopeKind, Sealed};
use sync_core::feed::Chain;
use sync_core::ids::{
    AssociateId, ChangeHash, CustomerId, DeviceId, DocumentId, EditId, FeedId, Hash32, Nonce,
    SessionId, ShopId, Timestamp,
};
use sync_core::limits;
use sync_core::notices::{Notice, NoticeKind, Subject};
use sync_core::protocol::frame::{
    Ack, CaughtUp, Course, DocumentHeads, Entries, Fetch, Frame, FrameError, Heads, Hello, Item,
    NoticePage, Page, Phase, Position, Push, Reads, ReadsStored, Restart, Resume, Ruling,
    ScopeStand, Snapshot, Stop, StopCode, Verdict, Verdicts, WalkIns, Welcome, short_chain,
};
use sync_core::scope::Scope;

const BOOK: Scope = Scope::Book(ShopId([1; 8]));
const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn hash(number: u8) -> Hash32 {
    Hash32([number; 32])
}

fn sealed() -> Sealed {
    let envelope = Envelope {
        kind: EnvelopeKind::Device,
        customer: CustomerId([2; 16]),
        facet: Facet::Private(AssociateId([3; 8])),
        epoch: 4,
        change: ChangeHash([5; 32]),
        device: DeviceId([6; 8]),
        nonce: Nonce([7; 16]),
        associate: AssociateId([3; 8]),
        session: SessionId([8; 8]),
        edits: vec![EditId([9; 10])],
        schema: 1,
        salt: Nonce([10; 16]),
    };
    Sealed {
        envelope,
        change: vec![0x85, 0x6f, 0x4a, 0x83],
    }
}

fn snapshot() -> Snapshot {
    Snapshot {
        customer: CustomerId([2; 16]),
        facet: Facet::Card,
        epoch: 0,
        heads: vec![ChangeHash([5; 32])],
        schema: 1,
        corrections: vec![(EditId([9; 10]), NOW)],
        bytes: vec![1, 2, 3],
    }
}

fn items() -> Vec<Item> {
    vec![
        Item::Change {
            sealed: sealed(),
            received_at: NOW,
        },
        Item::Own {
            document: DocumentId([1; 16]),
            change: ChangeHash([5; 32]),
            received_at: NOW,
            hash: hash(1),
        },
        Item::Document {
            snapshot: snapshot(),
            hash: hash(2),
        },
        Item::Records {
            records: Vec::new(),
            hash: hash(3),
        },
        Item::Leave {
            document: DocumentId([1; 16]),
            hash: hash(4),
        },
        Item::Tombstone {
            customer: CustomerId([2; 16]),
            hash: hash(5),
        },
        Item::Gone { hash: hash(6) },
    ]
}

fn rulings() -> Vec<Verdict> {
    [
        Ruling::Accepted { stored: 7 },
        Ruling::Duplicate {
            of: ChangeHash([1; 32]),
        },
        Ruling::Refused {
            code: "v11_key".to_owned(),
        },
        Ruling::Unmet,
        Ruling::Erased,
        Ruling::NewEpoch { epoch: 2 },
        Ruling::Later {
            code: "hub_storage".to_owned(),
        },
    ]
    .into_iter()
    .map(|ruling| Verdict {
        change: ChangeHash([5; 32]),
        ruling,
    })
    .collect()
}

/// One of each kind, in the order of their numbers.
#[expect(clippy::too_many_lines, reason = "a list of one sample for each frame")]
fn samples() -> Vec<(&'static str, Frame)> {
    let position = Position {
        scope: BOOK,
        seq: 300,
        chain: short_chain(Chain(hash(9))),
        resume: Some(Resume {
            phase: Phase::Documents,
            cursor: vec![1, 2],
        }),
    };
    let hello = Hello {
        versions: (1, 1),
        feed: Some(FeedId([1; 16])),
        rollup: hash(1),
        scopes: vec![position],
        pending: 3,
    };
    let push = Push {
        entries: vec![sealed()],
        signature: Signature([1; 64]),
    };
    let heads = DocumentHeads {
        document: DocumentId([1; 16]),
        epoch: 0,
        heads: vec![ChangeHash([5; 32])],
    };
    let reads = AccessEntry {
        associate: AssociateId([3; 8]),
        customer: CustomerId([2; 16]),
        kind: AccessKind::Opened,
        at: NOW,
    };
    let stand = ScopeStand {
        scope: BOOK,
        seq: 1,
        course: Course::FirstSync,
    };
    let page = Page {
        scope: Scope::Associate(AssociateId([3; 8])),
        phase: Phase::Documents,
        cursor: vec![1; 16],
        last: true,
        rows: Vec::new(),
        documents: vec![snapshot()],
        records: Vec::new(),
        gone: vec![DocumentId([4; 16])],
        notices: None,
    };
    let chain = Chain(hash(2));
    vec![
        ("hello", Frame::Hello(hello)),
        ("push", Frame::Push(push)),
        (
            "ack",
            Frame::Ack(Ack {
                scope: BOOK,
                seq: 1,
                chain,
            }),
        ),
        (
            "heads",
            Frame::Heads(Heads {
                scope: BOOK,
                after: None,
                documents: vec![heads],
                last: true,
            }),
        ),
        (
            "reads",
            Frame::Reads(Reads {
                first: 2,
                entries: vec![reads],
                walk_ins: None,
            }),
        ),
        (
            "fetch",
            Frame::Fetch(Fetch {
                scope: BOOK,
                documents: vec![DocumentId([1; 16])],
            }),
        ),
        (
            "welcome",
            Frame::Welcome(Welcome {
                version: 1,
                feed: FeedId([1; 16]),
                now: NOW,
                backup_seq: 5,
                scopes: Some(vec![stand]),
                push_only: false,
            }),
        ),
        (
            "entries",
            Frame::Entries(Entries {
                scope: BOOK,
                first: 1,
                items: items(),
            }),
        ),
        ("page", Frame::Page(page)),
        (
            "caught_up",
            Frame::CaughtUp(CaughtUp {
                scope: BOOK,
                seq: 9,
                chain,
                digest: hash(8),
                signature: Signature([2; 64]),
            }),
        ),
        (
            "verdicts",
            Frame::Verdicts(Verdicts {
                verdicts: rulings(),
                backup_seq: 5,
            }),
        ),
        ("reads_stored", reads_stored(None)),
        (
            "restart",
            Frame::Restart(Restart {
                scope: BOOK,
                seq: 9,
                chain,
                first_sync: true,
            }),
        ),
        (
            "stop",
            Frame::Stop(Stop {
                code: StopCode::Busy,
                detail: "later".to_owned(),
            }),
        ),
    ]
}

fn reads_stored(walk_ins: Option<Vec<WalkIns>>) -> Frame {
    Frame::ReadsStored(ReadsStored { next: 3, walk_ins })
}

fn notices() -> Vec<Notice> {
    let notice = |subject, kind, body| Notice {
        subject,
        kind,
        key: "A-1".to_owned(),
        version: 2,
        source: "catalogue".to_owned(),
        as_of: NOW,
        body,
    };
    vec![
        notice(Subject::Chain, NoticeKind::Article, Some(vec![0x81, 1])),
        notice(Subject::Shop(ShopId([1; 8])), NoticeKind::Event, None),
        notice(
            Subject::Associate(AssociateId([3; 8])),
            NoticeKind::Right,
            Some(Vec::new()),
        ),
        notice(
            Subject::Customer(CustomerId([2; 16])),
            NoticeKind::Case,
            Some(vec![0x80]),
        ),
    ]
}

/// What version 2 says that version 1 did not know.
fn samples_of_2() -> Vec<(&'static str, Frame)> {
    let page = |phase, cursor, last| {
        Frame::Page(Page {
            scope: BOOK,
            phase,
            cursor,
            last,
            rows: Vec::new(),
            documents: Vec::new(),
            records: Vec::new(),
            gone: Vec::new(),
            notices: Some(NoticePage {
                after: vec![1, 2],
                notices: notices(),
            }),
        })
    };
    let position = Position {
        scope: BOOK,
        seq: 300,
        chain: short_chain(Chain(hash(9))),
        resume: Some(Resume {
            phase: Phase::Notices,
            cursor: vec![1, 2],
        }),
    };
    let walk_ins = [(20_833, 3), (20_834, 1)].map(|(day, count)| WalkIns { day, count });
    vec![
        (
            "hello",
            Frame::Hello(Hello {
                versions: (2, 2),
                feed: None,
                rollup: hash(1),
                scopes: vec![position],
                pending: 0,
            }),
        ),
        (
            "entries",
            Frame::Entries(Entries {
                scope: BOOK,
                first: 1,
                items: vec![Item::Notices {
                    notices: notices(),
                    hash: hash(7),
                }],
            }),
        ),
        (
            "page_of_the_house",
            page(Phase::Notices, vec![b'c', 5], false),
        ),
        ("page_of_records", page(Phase::Records, vec![1; 16], true)),
        (
            "reads_with_walk_ins",
            Frame::Reads(Reads {
                first: 2,
                entries: Vec::new(),
                walk_ins: Some(walk_ins.to_vec()),
            }),
        ),
        ("walk_ins_stored", reads_stored(Some(walk_ins.to_vec()))),
    ]
}

/// Everything that is said now.
fn all_samples() -> Vec<(&'static str, Frame)> {
    samples().into_iter().chain(samples_of_2()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

/// The CBOR alone: how a compressor packs it may change, what it says may not.
fn cbor(frame: &Frame) -> Vec<u8> {
    minicbor::to_vec(frame).unwrap()
}

#[test]
fn every_frame_of_version_1_has_its_frozen_bytes() {
    assert_frozen("wire_1.txt", &samples());
}

#[test]
fn what_version_2_added_has_its_frozen_bytes() {
    assert_frozen("wire_2.txt", &samples_of_2());
}

fn assert_frozen(fixture: &str, samples: &[(&str, Frame)]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fixtures")
        .join(fixture);
    let written: String = samples
        .iter()
        .map(|(name, frame)| format!("{name} {}\n", hex(&cbor(frame))))
        .collect();
    if std::env::var_os("CARNET_BLESS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let frozen = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        written, frozen,
        "a wire version is frozen: a change needs a new version"
    );
    for (line, (name, frame)) in frozen.lines().zip(samples) {
        let (known, bytes) = line.split_once(' ').unwrap();
        assert_eq!(known, *name);
        assert_eq!(
            minicbor::decode::<Frame>(&unhex(bytes)).unwrap(),
            *frame,
            "{name}"
        );
    }
}

#[test]
fn a_frame_unpacks_to_what_was_packed() {
    for (name, frame) in all_samples() {
        assert_eq!(Frame::unpack(&frame.pack()).unwrap(), frame, "{name}");
    }
}

#[test]
fn a_frame_cut_at_any_byte_is_refused() {
    for (name, frame) in all_samples() {
        let packed = frame.pack();
        for cut in 0..packed.len() {
            assert!(
                Frame::unpack(&packed[..cut]).is_err(),
                "{name} cut at {cut}"
            );
        }
        let mut longer = packed.clone();
        longer.push(0);
        assert!(
            Frame::unpack(&longer).is_err(),
            "{name} with a byte behind it"
        );
    }
}

#[test]
fn damaged_bytes_never_panic_and_mostly_are_refused() {
    let mut entropy = SeededEntropy::new(7);
    let (mut tried, mut read) = (0_u32, 0_u32);
    for (_, frame) in all_samples() {
        let packed = frame.pack();
        for _ in 0..2_000 {
            let mut bytes = packed.clone();
            let at = usize::try_from(entropy.below(bytes.len() as u64)).unwrap();
            let mut flip = [0];
            entropy.fill(&mut flip);
            bytes[at] ^= flip[0] | 1;
            tried += 1;
            read += u32::from(Frame::unpack(&bytes).is_ok());
        }
    }
    assert!(read < tried / 2 + tried / 4, "{read} of {tried} still read");
}

#[test]
fn a_bomb_is_refused_before_it_is_inflated() {
    let zeros = vec![0; 3 << 20];
    let mut bomb = vec![1];
    bomb.extend(zstd::bulk::compress(&zeros, 3).unwrap());
    assert!(bomb.len() < 4_096, "it is small");
    let refused = FrameError::Ratio {
        ratio: limits::FRAME_RATIO_MAX,
    };
    assert_eq!(Frame::unpack(&bomb), Err(refused));
    let large = vec![0; limits::FRAME_BYTES_MAX + 1];
    assert!(matches!(
        Frame::unpack(&large),
        Err(FrameError::TooLarge { .. })
    ));
    assert_eq!(Frame::unpack(&[9, 1, 2]), Err(FrameError::Packing));
    assert_eq!(Frame::unpack(&[]), Err(FrameError::Packing));
}

#[test]
fn a_frame_that_compresses_beyond_the_ratio_travels_plain() {
    let mut repetitive = snapshot();
    repetitive.bytes = vec![0; 200_000];
    let item = Item::Document {
        snapshot: repetitive,
        hash: hash(1),
    };
    let frame = Frame::Entries(Entries {
        scope: BOOK,
        first: 1,
        items: vec![item],
    });
    let packed = frame.pack();
    assert_eq!(packed.first(), Some(&0));
    assert_eq!(Frame::unpack(&packed).unwrap(), frame);
}
