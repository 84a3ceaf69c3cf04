//! What no honest handheld makes: bombs, and changes that are wrong in one way each.

use sync_core::card::Facet;
use sync_core::crypto::sha256_plain;
use sync_core::entropy::SeededEntropy;
use sync_core::envelope::{EnvelopeKind, Sealed};
use sync_core::ids::{AssociateId, ChangeHash, DeviceId, EditId, Nonce, SessionId, ShopId};
use sync_core::limits;

/// Makes the checksum and the hash of a changed change hold again.
pub(crate) fn reseal(sealed: &mut Sealed) {
    let hash = sha256_plain(&sealed.change[8..]);
    sealed.change[4..8].copy_from_slice(&hash.0[..4]);
    sealed.envelope.change = ChangeHash(hash.0);
}

/// A change of some 200 bytes that says it has a million operations, with a checksum that holds.
fn million_operations(sealed: &mut Sealed) {
    let million = |cell: &[u8]| [&[0xc0, 0x84, 0x3d], cell].concat();
    let columns = [
        (21_u8, million(b"\x04size")),
        (52, vec![0xc0, 0x84, 0x3d]),
        (66, million(&[1])),
        (86, million(&[7])),
        (112, million(&[0])),
    ];
    // No dependencies; the actor; its first change, from operation 1, at 0 s, without a message or other actors.
    let mut data = vec![0, 16];
    data.extend(sealed.envelope.actor().0);
    data.extend([1, 1, 0, 0, 0, 5]);
    for (column, bytes) in &columns {
        data.extend([*column, bytes.len().try_into().unwrap()]);
    }
    data.extend(columns.into_iter().flat_map(|(_, bytes)| bytes));
    let length: u8 = data.len().try_into().unwrap();
    assert!(length < 128, "one byte says the length");
    sealed.change = [&[0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, 1, length], &data[..]].concat();
    reseal(sealed);
}

type Spoil = fn(&mut Sealed, &mut SeededEntropy);

/// Each way to be wrong, with the code of the refusal; none where the session must end.
pub(crate) const SPOILS: [(&str, &str, Spoil); 16] = [
    ("flipped", "v04_checksum", |sealed, chance| {
        // Behind the header of the chunk, which says its form.
        let at = 16 + chance.below(64);
        sealed.change[usize::try_from(at).unwrap()] ^= 4;
    }),
    ("cut", "v02_form", |sealed, _| {
        sealed.change.truncate(sealed.change.len() / 2);
    }),
    ("too large", "v01_size", |sealed, _| {
        sealed.change.resize(limits::CHANGE_BYTES_MAX + 1, 0);
    }),
    ("a million operations", "v03_ops", |sealed, _| {
        million_operations(sealed);
    }),
    ("no change at all", "v02_form", |sealed, _| {
        sealed.change.clear();
    }),
    ("another hash", "v05_binding", |sealed, chance| {
        sealed.envelope.change = ChangeHash::random(chance);
    }),
    ("another device", "", |sealed, _| {
        sealed.envelope.device = DeviceId([2; 8]);
    }),
    ("another associate", "unknown_session", |sealed, chance| {
        sealed.envelope.associate = AssociateId::random(chance);
    }),
    ("another sign-in", "unknown_session", |sealed, chance| {
        sealed.envelope.session = SessionId::random(chance);
    }),
    ("another opening", "v05_binding", |sealed, chance| {
        sealed.envelope.nonce = Nonce::random(chance);
    }),
    ("the hub's own word", "", |sealed, _| {
        sealed.envelope.kind = EnvelopeKind::Hub;
    }),
    ("a base", "", |sealed, _| {
        sealed.envelope.kind = EnvelopeKind::Base;
    }),
    ("somebody's private notes", "not_your_facet", |sealed, _| {
        sealed.envelope.facet = Facet::Private(AssociateId([0x21; 8]));
    }),
    ("another shop's facet", "not_your_facet", |sealed, _| {
        sealed.envelope.facet = Facet::Shop(ShopId([9; 8]));
    }),
    ("an epoch that is not", "v05_binding", |sealed, _| {
        sealed.envelope.epoch = 1;
    }),
    (
        "an edit that nothing writes",
        "v11_idle_edit",
        |sealed, chance| {
            sealed.envelope.edits.push(EditId::random(chance));
        },
    ),
];

/// A frame within its bound that inflates to some 30 GB: zstd blocks of one repeated byte.
pub(crate) fn zstd_bomb() -> Vec<u8> {
    // Packed as zstd; its magic number, no size said, a window of 128 KiB.
    let mut bytes = vec![1, 0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
    let block = |last: u32| {
        let [low, middle, high, _] = (last | (1 << 1) | (131_072 << 3)).to_le_bytes();
        [low, middle, high, 0]
    };
    while bytes.len() + 8 <= limits::FRAME_BYTES_MAX {
        bytes.extend(block(0));
    }
    bytes.extend(block(1));
    bytes
}

/// A small frame that says it inflates to a terabyte.
pub(crate) fn zstd_boast() -> Vec<u8> {
    let mut bytes = vec![1, 0x28, 0xb5, 0x2f, 0xfd, 0xe0];
    bytes.extend((1_u64 << 40).to_le_bytes());
    bytes.extend([0; 64]);
    bytes
}

/// Small plain frames whose CBOR says that it holds very much, or goes very deep.
pub(crate) fn cbor_bombs() -> Vec<Vec<u8>> {
    let many = 0x00ff_ffff_ffff_ffff_u64.to_be_bytes();
    let said = |head: &[u8]| [&[0], head, &many[..], &[0; 32]].concat();
    let mut bombs: Vec<_> = (0..12_u8)
        .map(|frame| said(&[0x82, frame, 0x82, 0x9b]))
        .collect();
    bombs.extend([said(&[0x9b]), said(&[0x5b]), said(&[0xbb])]);
    bombs.push([vec![0], vec![0x81; 200_000]].concat());
    bombs.push([vec![0], vec![0x9f; 200_000]].concat());
    bombs.push([vec![0], vec![0xc6; 200_000]].concat());
    bombs
}
