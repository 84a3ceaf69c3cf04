//! One bad change is set aside alone: its neighbors go on, and what builds on it may come again.

use std::cell::Cell;

use super::*;

/// Nineteen handhelds that wrote apart from each other, and what each sent.
fn neighbors(scene: &Scene) -> Vec<(Handheld, Sent)> {
    let write = |number| {
        let mut handheld = Handheld::new(number);
        handheld.pull(&scene.document);
        let sent = handheld.write(&field("tag"), "hello");
        (handheld, sent)
    };
    (20..39).map(write).collect()
}

#[test]
fn one_hostile_change_among_twenty_is_refused_alone() {
    let scene = Scene::new();
    let mut sent: Vec<_> = neighbors(&scene)
        .into_iter()
        .map(|(_, sent)| sent)
        .collect();
    let mut mallory = Handheld::new(9);
    let mut forged = forge::Forged::by(&mut mallory, &scene.document, &scene.causality);
    forged.start_op = 4_294_967_290;
    for at in [0, 7, 19] {
        sent.insert(at, forged.sent(&mut mallory));
        let admission = scene.admit(&sent);
        let mut expected = vec!["new"; 20];
        expected[at] = "v08_counter";
        assert_eq!(codes(&admission), expected);
        assert_eq!(admission.entries.heads(&field("tag")).count(), 19);
        sent.remove(at);
    }
}

#[test]
fn what_builds_on_a_refused_change_waits_and_passes_once_it_came() {
    let scene = Scene::new();
    let mut bob = scene.bob.clone();
    let first = bob.write(&field("size"), "40");
    let second = bob.write(&field("size"), "41");
    let mut carol = Handheld::new(5);
    carol.pull(&bob.document);
    let third = carol.write(&field("size"), "42");
    let mut damaged = first.clone();
    damaged.bytes[60] ^= 1;
    let elsewhere = scene.alice.clone().write(&field("tag"), "apart");
    let admission = scene.admit(&[damaged, second.clone(), third.clone(), elsewhere]);
    assert_eq!(
        codes(&admission),
        ["v04_checksum", "v07_unmet", "v07_unmet", "new"]
    );
    assert_eq!(
        admission.outcomes[1],
        Err(GateError::Unmet {
            dependency: first.envelope.change
        })
    );
    let later = [first, second, third];
    let admission = admit_all(&admission.document, &admission.causality, &later);
    assert_eq!(codes(&admission), ["new"; 3]);
}

/// What a library with an unknown fault does: any set of changes with a culprit in it fails on the copy.
fn admit_with_culprits(scene: &Scene, sent: &[Sent], culprits: &[usize]) -> (Admission, usize) {
    let bad: Vec<_> = culprits.iter().map(|at| sent[*at].bytes.clone()).collect();
    let incoming: Vec<_> = sent
        .iter()
        .map(|sent| Incoming {
            envelope: &sent.envelope,
            bytes: &sent.bytes,
        })
        .collect();
    let proofs = Cell::new(0);
    let prove: &Prove<'_> = &|document, changes, expected| {
        proofs.set(proofs.get() + 1);
        if changes
            .iter()
            .any(|change| bad.iter().any(|bad| bad == change))
        {
            return Err(ProofFault::Load);
        }
        proof::prove(document, changes, expected)
    };
    let admission =
        with_rules(|rules| admit_with(&scene.document, &scene.causality, &incoming, rules, prove));
    (admission.unwrap(), proofs.get())
}

#[test]
fn a_change_that_only_the_copy_unmasks_is_found_in_few_steps() {
    let scene = Scene::new();
    let sent: Vec<_> = neighbors(&scene)
        .into_iter()
        .map(|(_, sent)| sent)
        .collect();
    for culprits in [&[][..], &[0], &[18], &[4, 5], &[1, 9, 17]] {
        let (admission, proofs) = admit_with_culprits(&scene, &sent, culprits);
        let mut expected = vec!["new"; sent.len()];
        for at in culprits {
            expected[*at] = "v13_proof";
        }
        assert_eq!(codes(&admission), expected);
        assert!(proofs <= 1 + 2 * 5 * culprits.len(), "{proofs} proofs");
        let good = sent.len() - culprits.len();
        assert_eq!(admission.entries.heads(&field("tag")).count(), good);
        assert_eq!(
            admission.document.entries().as_ref(),
            Ok(&admission.entries)
        );
        assert_eq!(admission.document.heads(), admission.causality.heads());
    }
}

#[test]
fn what_builds_on_a_change_that_the_copy_unmasked_waits() {
    let scene = Scene::new();
    let mut bob = scene.bob.clone();
    let sent = [
        bob.write(&field("size"), "40"),
        bob.write(&field("size"), "41"),
        scene.alice.clone().write(&field("tag"), "apart"),
    ];
    let (admission, _) = admit_with_culprits(&scene, &sent, &[0]);
    assert_eq!(codes(&admission), ["v13_proof", "v07_unmet", "new"]);
}

#[test]
fn a_panic_of_the_library_is_a_fault_like_others() {
    let fault = proof::quietly::<()>(|| panic!("as the library does"));
    assert_eq!(fault, Err(ProofFault::Panic));
}

#[test]
fn a_history_that_is_not_the_documents_proves_nothing() {
    let scene = Scene::new();
    let sent = scene.alice.clone().write(&field("size"), "40");
    let ahead = scene.admits(&scene.bob.clone().write(&field("tag"), "unheard of"));
    let admission = admit_all(&scene.document, &ahead.causality, &[sent]);
    assert_eq!(codes(&admission), ["v13_proof"]);
    assert_eq!(admission.document.heads(), scene.document.heads());
}
