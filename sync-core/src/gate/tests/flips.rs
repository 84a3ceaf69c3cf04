//! Damage that no checksum shows: bits flipped at random, and the change sealed again with an envelope that fits.
//!
//! Of such changes Automerge alone takes in hundreds in ten thousand that leave a document unloadable, and panics on thousands.

use super::forge::{hash_of, reseal};
use super::*;
use std::collections::BTreeMap;

/// Changes of many forms: one put, several, deletes of others' and own keys, in forks and merges.
fn samples(scene: &mut Scene) -> Vec<(Handheld, Sent)> {
    let mut carol = Handheld::new(7);
    let mut samples = vec![(carol.clone(), carol.write(&field("size"), "first of all"))];
    let mut alice = scene.alice.clone();
    samples.push((alice.clone(), alice.write(&field("size"), "40")));
    let writes: Vec<_> = (0..12)
        .map(|number| {
            let path = FieldPath::new("wish", &format!("w{number}"), "text");
            scene.bob.plan(&path, "x")
        })
        .collect();
    let mut bob = scene.bob.clone();
    samples.push((bob.clone(), bob.commit(&writes)));
    let mut dora = Handheld::new(8);
    dora.pull(&scene.document);
    let first = dora.plan(&field("wish"), "one");
    let mut second = dora.plan(&field("wish"), "two");
    second.replaces = vec![first.edit];
    let consent = dora.plan(&field("consent"), "granted");
    samples.push((dora.clone(), dora.commit(&[first, second, consent])));
    samples
}

fn flip(bytes: &mut [u8], entropy: &mut SeededEntropy, from: usize) {
    let at = from + usize::try_from(entropy.below((bytes.len() - from) as u64)).unwrap();
    bytes[at] ^= 1 << entropy.below(8);
}

/// That a document still does everything after it took something in.
fn check_sound(admission: &Admission) {
    let saved = admission.document.save();
    let read = Document::load(&saved).unwrap();
    assert_eq!(read.heads(), admission.causality.heads());
    assert_eq!(Ok(&admission.entries), read.entries().as_ref());
    Causality::of(&read).unwrap();
    let mut next = Handheld::new(30);
    next.pull(&read);
    let sent = next.write(&field("tag"), "goes on");
    let after = admit_all(&admission.document, &admission.causality, &[sent]);
    assert_eq!(codes(&after), ["new"]);
}

#[test]
fn no_resealed_bit_flip_harms_a_document() {
    let mut scene = Scene::new();
    let samples = samples(&mut scene);
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    let mut entropy = SeededEntropy::new(11);
    for round in 0..8_000 {
        let (author, honest) = &samples[round % samples.len()];
        let mut sent = honest.clone();
        for _ in 0..=entropy.below(3) {
            flip(&mut sent.bytes, &mut entropy, 9);
        }
        reseal(&mut sent.bytes);
        sent.envelope = author.clone().envelope(sent.envelope.edits, &sent.bytes);
        let admission = scene.admit(&[sent]);
        let code = codes(&admission)[0];
        if code == "new" {
            check_sound(&admission);
        }
        *tally.entry(code).or_default() += 1;
    }
    // Times, texts and the like may be flipped into others as good; everything else has a rule in front of the copy.
    assert!(tally["new"] > 100, "{tally:?}");
    assert!(tally.len() > 12, "{tally:?}");
    assert_eq!(tally.get("v13_proof"), None, "{tally:?}");
}

#[test]
fn no_bytes_at_all_make_the_reader_panic_or_count_too_far() {
    let mut entropy = SeededEntropy::new(12);
    let mut scene = Scene::new();
    let samples = samples(&mut scene);
    let mut read = 0;
    for round in 0..40_000 {
        let mut bytes = samples[round % samples.len()].1.bytes.clone();
        for _ in 0..=entropy.below(20) {
            flip(&mut bytes, &mut entropy, 8);
        }
        if entropy.percent(30) {
            let len = entropy.below(bytes.len() as u64);
            bytes.truncate(usize::try_from(len).unwrap().max(8));
        }
        reseal(&mut bytes);
        if let Ok(header) = inspect(&bytes) {
            read += 1;
            assert_eq!(header.hash, hash_of(&bytes));
            assert!(header.ops <= limits::CHANGE_OPS_MAX);
            assert!(header.deps.len() <= limits::CHANGE_DEPS_MAX);
        }
    }
    assert!(read > 100, "{read} were read");
}
