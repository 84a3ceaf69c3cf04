//! Documents that the hub signed.

use automerge::transaction::Transactable as _;

use super::*;

fn refusal(bytes: &[u8], heads: &[ChangeHash]) -> &'static str {
    check_base(bytes, heads).map_or_else(|error| error.code(), |_| "good")
}

#[test]
fn a_base_is_read_when_it_is_what_was_signed() {
    let scene = Scene::new();
    let mut heads = scene.document.heads();
    let saved = scene.document.save();
    let base = check_base(&saved, &heads).unwrap();
    assert_eq!(base.entries(), scene.document.entries());
    heads[0].0[0] ^= 1;
    assert_eq!(refusal(&saved, &heads), "v13_proof");
    assert_eq!(refusal(&saved, &[]), "v13_proof");
}

#[test]
fn a_base_that_is_cut_or_damaged_anywhere_is_refused() {
    let scene = Scene::new();
    let heads = scene.document.heads();
    let saved = scene.document.save();
    for at in 0..saved.len() {
        assert_ne!(refusal(&saved[..at], &heads), "good", "cut at {at}");
        let mut damaged = saved.clone();
        damaged[at] ^= 0x10;
        assert_ne!(refusal(&damaged, &heads), "good", "damaged at {at}");
    }
}

#[test]
fn bytes_that_are_no_single_document_are_no_base() {
    let mut scene = Scene::new();
    let heads = scene.document.heads();
    let saved = scene.document.save();
    let change = scene.alice.write(&field("size"), "40");
    for (what, bytes, code) in [
        ("nothing", vec![], "v02_form"),
        ("a change", change.bytes.clone(), "v02_form"),
        (
            "two chunks",
            [&saved[..], &change.bytes].concat(),
            "v02_form",
        ),
        ("garbage behind", [&saved[..], &[0]].concat(), "v02_form"),
        (
            "too large",
            vec![0; limits::DOCUMENT_BYTES_MAX + 1],
            "v01_size",
        ),
        ("columns packed", scene.document.0.save(), "good"),
    ] {
        assert_eq!(refusal(&bytes, &heads), code, "{what}");
    }
}

#[test]
fn a_document_that_is_no_flat_card_is_no_base() {
    let mut document = Document::default();
    let mut tx = document.0.transaction();
    tx.put_object(automerge::ROOT, "card", automerge::ObjType::Map)
        .unwrap();
    tx.commit();
    let saved = document.save();
    assert_eq!(refusal(&saved, &document.heads()), "v13_proof");
    assert_eq!(Causality::of(&document).unwrap_err().code(), "v11_action");
}
