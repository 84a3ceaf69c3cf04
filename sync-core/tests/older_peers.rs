//! Peers of the same wire version that were built before a field was added: each reads the other.

use sync_core::access::AccessEntry;
use sync_core::protocol::frame::{Reads, ReadsStored, WalkIns};

/// Reads as a peer knows them that was built before walk-ins were told.
#[derive(minicbor::Decode)]
#[cbor(array)]
struct ReadsBefore {
    #[n(0)]
    first: u64,
    #[n(1)]
    entries: Vec<AccessEntry>,
}

#[test]
fn a_peer_that_does_not_know_walk_ins_skips_them_and_one_that_does_not_tell_them_is_read() {
    let walk_ins = vec![WalkIns {
        day: 20_833,
        count: 3,
    }];
    let with = Reads {
        first: 7,
        entries: Vec::new(),
        walk_ins: Some(walk_ins),
    };
    let bytes = minicbor::to_vec(&with).unwrap();
    let mut decoder = minicbor::Decoder::new(&bytes);
    let before: ReadsBefore = decoder.decode().unwrap();
    assert_eq!((before.first, before.entries.len()), (7, 0));
    assert_eq!(decoder.position(), bytes.len(), "nothing is left over");
    let older: ReadsStored = minicbor::decode(&[0x81, 3]).unwrap();
    assert_eq!((older.next, older.walk_ins), (3, None));
}
