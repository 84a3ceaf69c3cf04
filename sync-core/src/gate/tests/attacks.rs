//! Every known way to hurt a document, each with a checksum that holds: what Automerge takes, the gate refuses by the rule that names it.

use automerge::ReadDoc as _;

use super::forge::{Forged, ForgedOp, seal, unsigned};
use super::*;

type SpoilEnvelope<'a> = &'a dyn Fn(&mut Envelope);

/// Mallory is enrolled, holds everything, and may write; her changes are well formed but for what a test does to them.
pub(super) fn mallory(scene: &Scene) -> (Handheld, Forged) {
    let mut mallory = Handheld::new(9);
    mallory.pull(&scene.document);
    let forged = Forged::by(&mut mallory, &scene.document, &scene.causality);
    (mallory, forged)
}

/// That what Mallory sends once `spoil` had its way is refused by this rule.
pub(super) fn check(code: &str, spoil: impl FnOnce(&Scene, &mut Handheld, &mut Forged)) {
    let scene = Scene::new();
    let (mut mallory, mut forged) = mallory(&scene);
    spoil(&scene, &mut mallory, &mut forged);
    scene.refuses(code, &forged.sent(&mut mallory));
}

/// That Automerge alone would be hurt: it applies, but what is saved then does not load.
fn check_bites(document: &Document, bytes: &[u8]) {
    let mut copy = document.clone();
    copy.apply([bytes]).unwrap();
    let saved = copy.save();
    let loaded = proof::quietly(|| Document::load(&saved).ok().ok_or(ProofFault::Load));
    assert!(loaded.is_err(), "the attack is none");
}

// Bytes: V1 to V4.

#[test]
fn a_change_beyond_the_bytes_allowed_is_refused_unread() {
    let bytes = vec![0; limits::CHANGE_BYTES_MAX + 1];
    assert_eq!(inspect(&bytes).unwrap_err().code(), "v01_size");
    let bytes = vec![0; limits::CHANGE_BYTES_MAX];
    assert_eq!(inspect(&bytes).unwrap_err().code(), "v02_form");
}

#[test]
fn chunks_of_other_kinds_are_refused() {
    let scene = Scene::new();
    let mut alice = scene.alice.clone();
    alice.write(&field("note"), &"long ".repeat(200));
    let heads: Vec<_> = alice.document.0.get_heads();
    let mut change = alice.document.0.get_change_by_hash(&heads[0]).unwrap();
    let compressed = change.bytes().into_owned();
    assert_eq!(compressed[8], 2, "Automerge compressed it");
    let bundle = seal(3, &[0; 40]);
    let unknown = seal(4, &[0; 40]);
    for bytes in [scene.document.save(), compressed, bundle, unknown] {
        let refusal = inspect(&bytes).unwrap_err();
        assert_eq!(refusal, GateError::Form(FormFault::Kind(bytes[8])));
    }
}

#[test]
fn a_million_operations_in_a_hundred_bytes_are_counted_not_expanded() {
    let million = |cell: &[u8]| [&[0xc0, 0x84, 0x3d], cell].concat();
    let key = field("size").at(EditId([5; 10])).to_string();
    let cell = [&[u8::try_from(key.len()).unwrap()], key.as_bytes()];
    let columns = vec![
        (21, million(&cell.concat())),
        (52, vec![0xc0, 0x84, 0x3d]),
        (66, million(&[1])),
        (86, million(&[7])),
        (112, million(&[0])),
    ];
    let (_, mut forged) = mallory(&Scene::new());
    forged.columns = Some(columns.clone());
    let bytes = seal(1, &forged.data());
    assert!(bytes.len() < 250, "{}", bytes.len());
    let ops = automerge::Change::from_bytes(bytes).unwrap();
    assert_eq!(ops.len(), 1_000_000, "Automerge expands them");
    check("v03_ops", |_, _, forged| forged.columns = Some(columns));
}

#[test]
fn a_million_predecessors_of_one_operation_are_counted_not_expanded() {
    for column in [112, 113, 115] {
        check("v03_ops", |_, _, forged| {
            let mut columns = forged.columns();
            columns.retain(|(known, _)| *known < 112);
            columns.push((112, [&[0x7f], &unsigned(1_000_000)[..]].concat()));
            if column > 112 {
                columns.push((113, vec![0xc0, 0x84, 0x3d, 0]));
                columns.push((115, vec![0xc0, 0x84, 0x3d, 1]));
            }
            if column > 113 {
                columns[5].1 = vec![0x7f, 1];
            }
            forged.columns = Some(columns);
        });
    }
}

#[test]
fn columns_of_different_lengths_are_refused() {
    for at in 0..6 {
        check("v02_form", |_, mallory, forged| {
            let second = mallory.plan(&field("wish"), "x");
            let put = ForgedOp::put(&second.path.at(second.edit), &second.entry.to_bytes());
            let one = forged.columns();
            forged.ops.push(put);
            let mut columns = forged.columns();
            columns[at] = one[at].clone();
            forged.columns = Some(columns);
        });
    }
}

#[test]
fn a_damaged_change_is_refused_wherever_the_damage_is() {
    let scene = Scene::new();
    let sent = { scene.alice }.write(&field("size"), "40");
    for at in 0..sent.bytes.len() {
        let mut damaged = sent.clone();
        damaged.bytes[at] ^= 4;
        let code = inspect(&damaged.bytes).unwrap_err().code();
        assert!(["v02_form", "v04_checksum"].contains(&code), "{at}: {code}");
        damaged.bytes.truncate(at);
        assert_eq!(inspect(&damaged.bytes).unwrap_err().code(), "v02_form");
    }
}

#[test]
fn bytes_behind_a_change_are_refused() {
    let scene = Scene::new();
    let mut sent = scene.alice.clone().write(&field("size"), "40");
    sent.bytes.push(0);
    scene.refuses("v02_form", &sent);
    let whole = sent.bytes.clone();
    sent.bytes.extend(&whole[..whole.len() - 1]);
    scene.refuses("v02_form", &sent);
}

#[test]
fn a_second_form_of_the_same_operations_is_refused() {
    let scene = Scene::new();
    let (mut mallory, mut forged) = mallory(&scene);
    let mut columns = forged.columns();
    columns[5] = (112, vec![1, 0]);
    forged.columns = Some(columns);
    let sent = forged.sent(&mut mallory);
    check_bites(&scene.document, &sent.bytes);
    scene.refuses("v02_form", &sent);
}

#[test]
fn columns_out_of_order_repeated_or_empty_are_refused() {
    check("v02_form", |_, _, forged| {
        let mut columns = forged.columns();
        columns.swap(2, 3);
        forged.columns = Some(columns);
    });
    check("v02_form", |_, _, forged| {
        let mut columns = forged.columns();
        columns.insert(2, columns[2].clone());
        forged.columns = Some(columns);
    });
    check("v02_form", |_, _, forged| {
        let mut columns = forged.columns();
        columns.push((113, vec![]));
        forged.columns = Some(columns);
    });
}

#[test]
fn a_packed_column_is_refused() {
    check("v11_column", |_, _, forged| {
        let mut columns = forged.columns();
        columns[0].0 |= 8;
        forged.columns = Some(columns);
    });
}

#[test]
fn actors_that_nothing_names_are_refused() {
    let scene = Scene::new();
    let (mut mallory, mut forged) = mallory(&scene);
    forged.others = vec![scene.alice.actor()];
    let sent = forged.sent(&mut mallory);
    check_bites(&scene.document, &sent.bytes);
    scene.refuses("v02_form", &sent);
    check("v02_form", |_, mallory, forged| {
        forged.others = vec![mallory.actor()];
    });
    check("v02_form", |_, _, forged| forged.actor.push(0));
    check("v02_form", |_, _, forged| forged.actor.clear());
}

// The envelope: V5.

#[test]
fn a_change_of_another_actor_is_refused() {
    let scene = Scene::new();
    let (mut mallory, mut forged) = mallory(&scene);
    let alice = scene.alice.actor();
    forged.actor = alice.0.to_vec();
    forged.seq = scene.causality.last_of(alice).unwrap().seq + 1;
    let sent = forged.sent(&mut mallory);
    let mut copy = scene.document.clone();
    copy.apply([sent.bytes.as_slice()]).unwrap();
    let genuine = scene.alice.clone().write(&field("size"), "40");
    assert!(
        copy.apply([genuine.bytes.as_slice()]).is_err(),
        "without the gate, Alice's own work is refused from here on"
    );
    scene.refuses("v05_binding", &sent);
    scene.admits(&genuine);
}

#[test]
fn nobodys_actor_is_refused() {
    check("v05_binding", |_, _, forged| forged.actor = vec![0; 16]);
}

#[test]
fn a_change_in_another_envelope_is_refused() {
    let scene = Scene::new();
    let sent = scene.alice.clone().write(&field("size"), "40");
    let spoils: [SpoilEnvelope<'_>; 6] = [
        &|envelope| envelope.customer = CustomerId([4; 16]),
        &|envelope| envelope.facet = Facet::Restricted,
        &|envelope| envelope.epoch = 1,
        &|envelope| envelope.change.0[0] ^= 1,
        &|envelope| envelope.device = DeviceId([2; 8]),
        &|envelope| envelope.nonce = Nonce([2; 16]),
    ];
    for spoil in spoils {
        let mut forged = sent.clone();
        spoil(&mut forged.envelope);
        scene.refuses("v05_binding", &forged);
    }
    scene.admits(&sent);
}

#[test]
fn a_known_change_in_the_envelope_of_another_associate_is_refused() {
    let mut scene = Scene::new();
    let mut sent = scene.alice.write(&field("size"), "40");
    scene.document.apply([sent.bytes.as_slice()]).unwrap();
    scene.causality = Causality::of(&scene.document).unwrap();
    assert_eq!(codes(&scene.admit(&[sent.clone()])), ["known"]);
    sent.envelope.associate = AssociateId([9; 8]);
    scene.refuses("v11_foreign_author", &sent);
}

// History: V6 to V8.

#[test]
fn a_number_used_twice_is_refused_alone() {
    let scene = Scene::new();
    let mut alice = scene.alice.clone();
    let mut twin = scene.alice.clone();
    let twin_edit = twin.plan(&field("wish"), "green");
    let one = alice.write(&field("size"), "40");
    let other = twin.commit(&[twin_edit]);
    let next = alice.write(&field("size"), "41");
    let bob = scene.bob.clone().write(&field("tag"), "apart");
    let admission = scene.admit(&[one, other, next, bob]);
    assert_eq!(codes(&admission), ["new", "v06_sequence", "new", "new"]);
}

#[test]
fn a_gap_in_the_numbers_is_refused() {
    check("v06_sequence", |_, _, forged| forged.seq += 1);
    check("v06_sequence", |_, _, forged| forged.seq = 0);
    check("v06_sequence", |_, _, forged| forged.seq = u64::MAX);
}

#[test]
fn a_change_that_did_not_see_its_authors_last_is_refused() {
    let mut scene = Scene::new();
    let before = scene.document.heads();
    let sent = scene.alice.write(&field("size"), "40");
    let after = scene.admits(&sent);
    let mut forged = Forged::by(&mut scene.alice, &after.document, &after.causality);
    forged.deps = before;
    forged.start_op -= 2;
    let sent = forged.sent(&mut scene.alice);
    let admission = admit_all(&after.document, &after.causality, &[sent]);
    let refusal = admission.outcomes[0].as_ref().unwrap_err();
    assert!(
        matches!(refusal, GateError::Sequence { saw_own: false, expected, found } if expected == found)
    );
}

#[test]
fn a_change_on_unknown_ones_is_refused_and_never_kept() {
    check("v07_unmet", |_, _, forged| {
        forged.deps = vec![ChangeHash([7; 32])];
    });
    let scene = Scene::new();
    let (mut mallory, mut forged) = mallory(&scene);
    forged.deps.push(ChangeHash([255; 32]));
    let admission = scene.admit(&[forged.sent(&mut mallory)]);
    let refusal = admission.outcomes[0].as_ref().unwrap_err();
    assert!(refusal.is_recoverable());
    assert_eq!(admission.document.save(), scene.document.save());
}

#[test]
fn dependencies_unsorted_repeated_or_too_many_are_refused() {
    check("v07_dependencies", |_, _, forged| {
        forged.deps.push(forged.deps[0]);
    });
    check("v07_dependencies", |_, _, forged| {
        forged.deps.push(ChangeHash([0; 32]));
    });
    let many = |count: u8| (0..count).map(|at| ChangeHash([at; 32])).collect();
    check("v07_unmet", |_, _, forged| forged.deps = many(64));
    check("v07_dependencies", |_, _, forged| forged.deps = many(65));
}

#[test]
fn a_back_dated_counter_is_refused() {
    let scene = Scene::new();
    let (mut mallory, mut forged) = mallory(&scene);
    forged.start_op = 1;
    let sent = forged.sent(&mut mallory);
    check_bites(&scene.document, &sent.bytes);
    scene.refuses("v08_counter", &sent);
    check("v08_counter", |_, _, forged| forged.start_op += 1);
    check("v08_counter", |_, _, forged| forged.start_op = 0);
}

#[test]
fn an_operation_id_used_again_is_refused() {
    let scene = Scene::new();
    let mut bob = scene.bob.clone();
    let mut forged = Forged::by(&mut bob, &scene.document, &scene.causality);
    forged.start_op -= 1;
    let sent = forged.sent(&mut bob);
    check_bites(&scene.document, &sent.bytes);
    scene.refuses("v08_counter", &sent);
}

#[test]
fn a_counter_near_the_top_is_refused() {
    for start_op in [u64::from(u32::MAX) - 1, u64::from(u32::MAX), u64::MAX] {
        check("v08_counter", |_, _, forged| forged.start_op = start_op);
    }
    // Where the history itself stands near the bound, the bound is what refuses.
    let mut scene = Scene::new();
    let (mut mallory, mut forged) = mallory(&scene);
    forged.start_op = limits::MAX_OP_MAX - 2;
    let near = forged.sent(&mut mallory);
    scene.document.apply([near.bytes.as_slice()]).unwrap();
    scene.causality = Causality::of(&scene.document).unwrap();
    let mut last = Forged::by(&mut mallory, &scene.document, &scene.causality);
    assert_eq!(last.start_op, limits::MAX_OP_MAX - 1);
    scene.admits(&last.sent(&mut mallory));
    last.ops.push(last.ops[0].clone());
    scene.refuses("v08_counter_room", &last.sent(&mut mallory));
}

// Time and decoration: V9, V10.

#[test]
fn a_time_that_no_clock_shows_is_refused() {
    for seconds in [i64::MIN, i64::MAX, i64::MAX / 1_000 + 2] {
        check("v09_time", |_, _, forged| forged.seconds = seconds);
    }
}

#[test]
fn a_message_or_author_is_refused() {
    check("v10_decoration", |_, _, forged| {
        forged.message = b"hello".to_vec();
    });
    let author = [&[1, 5], &b"alice"[..]].concat();
    let (_, mut forged) = mallory(&Scene::new());
    forged.extra.clone_from(&author);
    let change = automerge::Change::from_bytes(seal(1, &forged.data())).unwrap();
    assert!(change.author().is_some(), "Automerge reads an author");
    check("v10_decoration", |_, _, forged| forged.extra = author);
    check("v10_decoration", |_, _, forged| forged.extra = vec![0]);
}
