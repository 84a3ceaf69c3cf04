//! Shapes that a card can't have, and content that its author may not write: V11 and V12.

use automerge::transaction::Transactable as _;
use automerge::{ObjType, ROOT, ReadDoc as _, ScalarValue};

use super::attacks::{check, mallory};
use super::forge::{Forged, ForgedOp, put_of};
use super::*;
use crate::card::Key;

type SpoilForged<'a> = &'a dyn Fn(&Scene, &mut Forged);

/// The key that holds a field, and where it was put.
fn standing(scene: &Scene, entity: &str) -> (Key, (ActorId, u64)) {
    let entries = scene.document.entries().unwrap();
    let (key, _) = entries.heads(&field(entity)).next().unwrap();
    (key.clone(), put_of(&scene.document, key))
}

/// Makes `forged` delete these before it puts a new value into the field of the first.
fn replace(forged: &mut Forged, mallory: &mut Handheld, deletes: &[(&Key, (ActorId, u64))]) {
    let edit = mallory.fresh_edit();
    let put = deletes[0].0.path.at(edit);
    let mut others: Vec<_> = deletes.iter().map(|(_, (actor, _))| *actor).collect();
    others.retain(|other| *other != mallory.actor());
    others.sort_unstable();
    others.dedup();
    forged.others = others;
    forged.ops = deletes
        .iter()
        .map(|(key, pred)| ForgedOp::delete(key, *pred))
        .chain([ForgedOp::put(&put, &mallory.entry("mine").to_bytes())])
        .collect();
    forged.edits = vec![edit];
}

/// What Automerge's own interface makes in one transaction, in an envelope of Mallory's.
fn made(scene: &Scene, make: impl FnOnce(&mut automerge::transaction::Transaction<'_>)) -> Sent {
    let mut mallory = Handheld::new(9);
    mallory.pull(&scene.document);
    let actor = automerge::ActorId::from(mallory.actor().0.as_slice());
    let document = &mut mallory.document.0;
    document.set_actor(actor);
    let mut tx = document.transaction();
    make(&mut tx);
    let (hash, _) = tx.commit();
    let bytes = document.get_change_by_hash(&hash.unwrap()).unwrap();
    let bytes = bytes.raw_bytes().to_vec();
    let envelope = mallory.envelope(Vec::new(), &bytes);
    Sent { envelope, bytes }
}

#[test]
fn objects_of_any_kind_are_refused() {
    let scene = Scene::new();
    for kind in [ObjType::Map, ObjType::List, ObjType::Text, ObjType::Table] {
        let sent = made(&scene, |tx| {
            tx.put_object(ROOT, "object", kind).unwrap();
        });
        scene.refuses("v11_action", &sent);
    }
    let nested = made(&scene, |tx| {
        let mut object = ROOT;
        for _ in 0..600 {
            object = tx.put_object(&object, "deeper", ObjType::Map).unwrap();
        }
    });
    scene.refuses("v11_column", &nested);
    let list = made(&scene, |tx| {
        let list = tx.put_object(ROOT, "list", ObjType::List).unwrap();
        tx.insert(&list, 0, 1).unwrap();
    });
    scene.refuses("v11_column", &list);
    let marked = made(&scene, |tx| {
        let text = tx.put_object(ROOT, "text", ObjType::Text).unwrap();
        tx.splice_text(&text, 0, 0, "hello").unwrap();
        let mark = automerge::marks::Mark::new("bold".into(), true, 0, 3);
        tx.mark(&text, mark, automerge::marks::ExpandMark::Both)
            .unwrap();
    });
    scene.refuses("v11_column", &marked);
}

#[test]
fn scalars_other_than_bytes_are_refused() {
    let scene = Scene::new();
    let scalars: [ScalarValue; 9] = [
        "text".into(),
        ScalarValue::Int(-1),
        ScalarValue::Uint(1),
        ScalarValue::F64(1.0),
        ScalarValue::counter(1),
        ScalarValue::Timestamp(1),
        ScalarValue::Boolean(true),
        ScalarValue::Boolean(false),
        ScalarValue::Null,
    ];
    for scalar in scalars {
        let sent = made(&scene, |tx| tx.put(ROOT, "key", scalar).unwrap());
        scene.refuses("v11_value_type", &sent);
    }
    check("v11_value_type", |_, _, forged| {
        forged.ops[0].value_type = 15;
    });
}

#[test]
fn actions_other_than_put_and_delete_are_refused() {
    for action in [0, 2, 4, 5, 6, 7, 8, u64::MAX] {
        check("v11_action", |_, _, forged| forged.ops[0].action = action);
    }
    // A delete that names nothing, and one that brings a value.
    check("v11_predecessors", |_, _, forged| forged.ops[0].action = 3);
    check("v11_value_type", |scene, mallory, forged| {
        let (key, pred) = standing(scene, "size");
        replace(forged, mallory, &[(&key, pred)]);
        forged.ops[0].value_type = 7;
        forged.ops[0].value = vec![1];
    });
}

#[test]
fn a_change_that_writes_nothing_is_refused() {
    check("v11_nothing", |_, _, forged| {
        forged.columns = Some(Vec::new());
    });
    check("v11_nothing", |scene, mallory, forged| {
        let (key, pred) = standing(scene, "size");
        replace(forged, mallory, &[(&key, pred)]);
        forged.ops.pop();
    });
}

#[test]
fn a_key_that_is_none_is_refused() {
    for key in [
        "",
        "note",
        "note/-/body",
        "Note/-/body#0123456789abcdef",
        "note/-/body#0",
    ] {
        check("v11_key", |_, _, forged| forged.ops[0].key = key.to_owned());
    }
}

#[test]
fn a_put_over_what_stands_is_refused() {
    check("v11_predecessors", |scene, _, forged| {
        let (key, pred) = standing(scene, "size");
        forged.ops[0].key = key.to_string();
        forged.ops[0].preds = vec![pred];
        forged.others = vec![pred.0];
        forged.edits = vec![key.edit];
    });
    check("v11_not_fresh", |scene, _, forged| {
        let (key, _) = standing(scene, "size");
        forged.ops[0].key = key.to_string();
        forged.edits = vec![key.edit];
    });
    check("v11_not_fresh", |_, _, forged| {
        forged.ops.push(forged.ops[0].clone());
    });
}

#[test]
fn an_envelope_lists_exactly_the_edits_that_are_written() {
    check("v11_idle_edit", |scene, _, forged| {
        forged.edits.push(standing(scene, "size").0.edit);
    });
    check("v11_idle_edit", |_, _, forged| {
        forged.edits.push(forged.edits[0]);
    });
}

#[test]
fn a_put_at_a_key_that_was_replaced_is_refused() {
    let scene = Scene::new();
    let mut alice = scene.alice.clone();
    let (key, _) = standing(&scene, "size");
    let sent = alice.write(&field("size"), "40");
    let after = scene.admits(&sent);
    assert_eq!(after.entries.get(&key), None, "replaced");
    let (mut mallory, _) = mallory(&scene);
    let mut forged = Forged::by(&mut mallory, &after.document, &after.causality);
    forged.ops[0].key = key.to_string();
    forged.edits = vec![key.edit];
    let admission = admit_all(
        &after.document,
        &after.causality,
        &[forged.sent(&mut mallory)],
    );
    assert_eq!(codes(&admission), ["v11_not_fresh"]);
}

#[test]
fn a_value_that_is_no_canonical_entry_is_refused() {
    check("v11_entry", |_, _, forged| forged.ops[0].value = vec![0xf6]);
    check("v11_entry", |_, _, forged| forged.ops[0].value.push(0));
    check("v11_entry", |_, mallory, forged| {
        // The same entry with a length in two bytes where one will do.
        let value = mallory.entry("x").to_bytes();
        forged.ops[0].value = [&[0x98, 0x08], &value[1..]].concat();
    });
    check("v11_entry", |_, mallory, forged| {
        let text = "x".repeat(limits::VALUE_BYTES_MAX);
        forged.ops[0].value = mallory.entry(&text).to_bytes();
    });
}

#[test]
fn an_edit_that_the_envelope_does_not_list_is_refused() {
    check("v11_foreign_edit", |_, mallory, forged| {
        forged.edits = vec![mallory.fresh_edit()];
    });
    check("v11_foreign_edit", |_, _, forged| forged.edits.clear());
}

#[test]
fn an_entry_in_anothers_name_is_refused() {
    check("v11_foreign_author", |_, mallory, forged| {
        let mut entry = mallory.entry("x");
        entry.provenance.by = AssociateId([1; 8]);
        forged.ops[0].value = entry.to_bytes();
    });
    check("v11_foreign_author", |_, mallory, forged| {
        let mut entry = mallory.entry("x");
        entry.provenance.device = DeviceId([1; 8]);
        forged.ops[0].value = entry.to_bytes();
    });
    let scene = Scene::new();
    let (mut mallory, mut forged) = mallory(&scene);
    let mut entry = mallory.entry("x");
    entry.provenance.by = AssociateId([1; 8]);
    forged.ops[0].value = entry.to_bytes();
    let mut sent = forged.sent(&mut mallory);
    sent.envelope.kind = EnvelopeKind::Carried;
    scene.refuses("v11_foreign_author", &sent);
    sent.envelope.kind = EnvelopeKind::Base;
    scene.admits(&sent);
}

#[test]
fn a_field_against_the_schema_or_the_rights_is_refused() {
    for (entity, code) in [("unknown", "v11_schema"), ("vault", "v12_permission")] {
        check(code, |_, mallory, forged| {
            let write = mallory.plan(&field(entity), "x");
            forged.ops[0].key = write.path.at(write.edit).to_string();
            forged.edits = vec![write.edit];
        });
    }
}

#[test]
fn only_a_log_lists_what_it_saw() {
    let spoil = |entity: &str, mallory: &mut Handheld, forged: &mut Forged| {
        let mut write = mallory.plan(&field(entity), "x");
        write.entry.seen = vec![EditId([1; 10])];
        forged.ops[0] = ForgedOp::put(&write.path.at(write.edit), &write.entry.to_bytes());
        forged.edits = vec![write.edit];
    };
    check("v11_seen", |_, mallory, forged| {
        spoil("note", mallory, forged);
    });
    let scene = Scene::new();
    let (mut mallory, mut forged) = mallory(&scene);
    spoil("consent", &mut mallory, &mut forged);
    scene.admits(&forged.sent(&mut mallory));
}

#[test]
fn an_entry_of_a_log_can_not_be_deleted() {
    check("v11_log_delete", |scene, mallory, forged| {
        let (key, pred) = standing(scene, "consent");
        replace(forged, mallory, &[(&key, pred)]);
    });
}

#[test]
fn a_delete_apart_from_a_write_to_its_field_is_refused() {
    check("v11_stray_delete", |scene, mallory, forged| {
        let (size, pred) = standing(scene, "size");
        replace(forged, mallory, &[(&size, pred)]);
        forged.ops[1].key = field("wish").at(forged.edits[0]).to_string();
    });
    check("v11_stray_delete", |scene, mallory, forged| {
        let (size, size_pred) = standing(scene, "size");
        let (wish, wish_pred) = standing(scene, "wish");
        replace(forged, mallory, &[(&size, size_pred), (&wish, wish_pred)]);
    });
    check("v11_nothing", |scene, mallory, forged| {
        let (size, pred) = standing(scene, "size");
        replace(forged, mallory, &[(&size, pred)]);
        forged.ops.swap(0, 1);
    });
}

#[test]
fn a_delete_of_what_its_author_saw_is_admitted() {
    let scene = Scene::new();
    let (mut mallory, mut forged) = mallory(&scene);
    let (key, pred) = standing(&scene, "size");
    replace(&mut forged, &mut mallory, &[(&key, pred)]);
    let admission = scene.admits(&forged.sent(&mut mallory));
    assert_eq!(admission.entries.get(&key), None);
}

#[test]
fn a_delete_of_anything_else_is_refused() {
    let spoils: [SpoilForged<'_>; 5] = [
        &|_, forged| forged.ops[0].key = field("size").at(EditId([5; 10])).to_string(),
        &|_, forged| forged.ops[0].preds[0].1 += 1,
        &|_, forged| forged.ops[0].preds[0].1 = 0,
        &|scene, forged| {
            let (_, wish) = standing(scene, "wish");
            forged.ops[0].preds = vec![wish];
            forged.others = vec![wish.0];
        },
        &|_, forged| forged.ops.insert(0, forged.ops[0].clone()),
    ];
    for spoil in spoils {
        check("v11_unseen_delete", |scene, mallory, forged| {
            let (key, pred) = standing(scene, "size");
            replace(forged, mallory, &[(&key, pred)]);
            spoil(scene, forged);
        });
    }
    check("v11_predecessors", |scene, mallory, forged| {
        let (key, pred) = standing(scene, "size");
        replace(forged, mallory, &[(&key, pred)]);
        let (_, wish) = standing(scene, "wish");
        forged.ops[0].preds.push(wish);
    });
}

#[test]
fn a_delete_of_what_came_meanwhile_is_refused() {
    let mut scene = Scene::new();
    let (mut mallory, mut forged) = mallory(&scene);
    let sent = scene.alice.write(&field("size"), "40");
    let after = scene.admits(&sent);
    scene.document = after.document;
    scene.causality = after.causality;
    let (key, pred) = standing(&scene, "size");
    replace(&mut forged, &mut mallory, &[(&key, pred)]);
    let sent = forged.sent(&mut mallory);
    scene.refuses("v11_unseen_delete", &sent);
    // Whoever saw it may; whoever saw it deleted may not.
    forged.deps = scene.document.heads();
    forged.start_op += 2;
    let seen = forged.sent(&mut mallory);
    let gone = scene.admits(&seen);
    let mut twice = Forged::by(&mut scene.bob, &gone.document, &gone.causality);
    replace(&mut twice, &mut scene.bob, &[(&key, pred)]);
    let admission = admit_all(
        &gone.document,
        &gone.causality,
        &[twice.sent(&mut scene.bob)],
    );
    assert_eq!(codes(&admission), ["v11_unseen_delete"]);
}

#[test]
fn a_document_holds_no_more_notes_than_allowed() {
    let mut scene = Scene::new();
    let mut writes = |from: usize, count: usize| -> Vec<_> {
        (from..from + count)
            .map(|number| {
                let path = FieldPath::new("note", &format!("n{number}"), "body");
                scene.bob.plan(&path, "x")
            })
            .collect()
    };
    let (full, one_more) = (writes(0, limits::NOTES_MAX), writes(limits::NOTES_MAX, 1));
    let edited = writes(0, 1);
    let full = scene.bob.commit(&full);
    let mut again = scene.bob.clone();
    let (one_more, edited) = (scene.bob.commit(&one_more), again.commit(&edited));
    assert_eq!(
        codes(&scene.admit(&[full.clone(), one_more])),
        ["new", "v11_full"]
    );
    assert_eq!(codes(&scene.admit(&[full, edited])), ["new", "new"]);
}

#[test]
fn a_document_grows_no_larger_than_allowed() {
    let mut scene = Scene::new();
    let text = "x".repeat(7 << 10);
    let mut refused = 0;
    for _ in 0..25 {
        let writes: Vec<_> = (0..8)
            .map(|_| scene.bob.plan(&field("tag"), &text))
            .collect();
        let sent = scene.bob.commit(&writes);
        let admission = scene.admit(&[sent]);
        match codes(&admission)[..] {
            ["new"] => {
                assert!(admission.saved.unwrap().len() <= limits::DOCUMENT_BYTES_MAX);
                scene.document = admission.document;
                scene.causality = admission.causality;
            }
            ["v11_full"] => {
                refused += 1;
                break;
            }
            ref other => panic!("{other:?}"),
        }
    }
    assert_eq!(refused, 1);
    assert!(scene.document.save().len() > limits::DOCUMENT_BYTES_MAX * 9 / 10);
}
