//! Honest work passes: whatever handhelds do, one by one or in batches, in any order in which each change follows what it builds on.

use super::*;

/// A shop's day: handhelds write, meet, close and open again, in an order drawn from a seed.
struct Day {
    handhelds: Vec<Handheld>,
    sent: Vec<Sent>,
    entropy: SeededEntropy,
}

impl Day {
    fn of(seed: u64, steps: usize) -> Self {
        let mut entropy = SeededEntropy::new(seed);
        let count = u8::try_from(2 + entropy.below(4)).unwrap();
        let mut day = Self {
            handhelds: (1..=count).map(Handheld::new).collect(),
            sent: Vec::new(),
            entropy,
        };
        for _ in 0..steps {
            day.step();
        }
        for at in 1..day.handhelds.len() {
            let other = day.handhelds[at].document.clone();
            day.handhelds[0].pull(&other);
        }
        day
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.entropy.below(bound as u64)).unwrap()
    }

    fn step(&mut self) {
        let at = self.below(self.handhelds.len());
        match self.below(10) {
            0 => self.handhelds[at].reopen(),
            1..=3 => {
                let other = self.below(self.handhelds.len());
                let other = self.handhelds[other].document.clone();
                self.handhelds[at].pull(&other);
            }
            _ => self.write(at),
        }
    }

    /// One to three edits in one change; several of one field replace each other.
    fn write(&mut self, at: usize) {
        let mut writes: Vec<FieldWrite> = Vec::new();
        for _ in 0..=self.below(3) {
            let entity = ["size", "wish", "consent", "note", "tag"][self.below(5)];
            let text = "x".repeat(self.below(200));
            let mut write = self.handhelds[at].plan(&field(entity), &text);
            if entity != "consent" {
                let mut before = writes.iter().filter(|before| before.path == write.path);
                if let Some(before) = before.next_back() {
                    write.replaces = vec![before.edit];
                }
            }
            writes.push(write);
        }
        let sent = self.handhelds[at].commit(&writes);
        self.sent.push(sent);
    }

    /// The changes in another order in which each comes after what it builds on.
    fn shuffled(&mut self) -> Vec<Sent> {
        let mut waiting = self.sent.clone();
        let mut order: Vec<Sent> = Vec::new();
        let mut here = std::collections::BTreeSet::new();
        while !waiting.is_empty() {
            let at = self.below(waiting.len());
            let header = inspect(&waiting[at].bytes).unwrap();
            if header
                .deps
                .iter()
                .all(|dependency| here.contains(dependency))
            {
                here.insert(header.hash);
                order.push(waiting.swap_remove(at));
            }
        }
        order
    }

    /// Admits `sent` in batches of up to `most`; every change must pass.
    fn admit(&mut self, sent: &[Sent], most: usize) -> Admission {
        let mut admission = admit_all(&Document::default(), &Causality::default(), &[]);
        let mut rest = sent;
        while !rest.is_empty() {
            let size = 1 + self.below(most.min(rest.len()));
            let (batch, later) = rest.split_at(size);
            admission = admit_all(&admission.document, &admission.causality, batch);
            assert_eq!(
                codes(&admission),
                vec!["new"; size],
                "{:?}",
                admission.outcomes
            );
            let saved = admission.saved.as_ref().unwrap();
            let weight = usize::try_from(admission.causality.weight()).unwrap();
            assert!(saved.len() <= weight, "{} > {weight}", saved.len());
            rest = later;
        }
        admission
    }
}

fn check_same(day: &Day, admission: &Admission) {
    let merged = &day.handhelds[0].document;
    assert_eq!(admission.document.heads(), merged.heads());
    assert_eq!(admission.causality.heads(), merged.heads());
    assert_eq!(Ok(&admission.entries), merged.entries().as_ref());
    assert_eq!(
        Ok(&admission.entries),
        admission.document.entries().as_ref()
    );
    let read = Causality::of(&admission.document).unwrap();
    assert_eq!(read.told(), admission.causality.told());
    assert_eq!(read.len(), day.sent.len());
}

#[test]
fn thousands_of_honest_changes_pass_in_any_order_and_batching() {
    let (mut changes, mut forks) = (0, 0);
    for seed in 0..40 {
        let mut day = Day::of(seed, 60);
        let sent = day.sent.clone();
        let one_by_one = day.admit(&sent, 1);
        check_same(&day, &one_by_one);
        for most in [1, 4, 256] {
            let order = day.shuffled();
            let admission = day.admit(&order, most);
            check_same(&day, &admission);
        }
        changes += 4 * sent.len();
        forks += usize::from(one_by_one.document.heads().len() > 1);
    }
    assert!(changes > 4_000, "{changes} changes are too few to tell");
    assert!(forks > 10, "{forks} forks are too few to tell");
}

#[test]
fn what_was_admitted_is_told_as_writes() {
    let scene = Scene::new();
    let mut alice = scene.alice.clone();
    let write = alice.plan(&field("size"), "40");
    assert_eq!(write.replaces.len(), 1, "she saw a size");
    let sent = alice.commit(std::slice::from_ref(&write));
    let admission = scene.admits(&sent);
    let admitted = admission.outcomes[0].as_ref().unwrap();
    assert_eq!(admitted.writes, [write]);
    assert_eq!(admitted.header.claimed_at, NOW);
    let saved = admission.saved.unwrap();
    let read = Document::load(&saved).unwrap();
    assert_eq!(read.heads(), alice.document.heads());
}

#[test]
fn a_change_that_comes_again_is_known_and_changes_nothing() {
    let scene = Scene::new();
    let sent = scene.alice.clone().write(&field("size"), "40");
    let first = scene.admits(&sent);
    let again = admit_all(&first.document, &first.causality, &[sent.clone(), sent]);
    assert_eq!(codes(&again), ["known", "known"]);
    assert_eq!(again.saved, None);
    assert_eq!(again.entries, first.entries);
}

#[test]
fn a_change_twice_in_a_batch_is_taken_in_once() {
    let scene = Scene::new();
    let sent = scene.alice.clone().write(&field("size"), "40");
    let admission = scene.admit(&[sent.clone(), sent]);
    assert_eq!(codes(&admission), ["new", "known"]);
}

#[test]
fn two_handhelds_may_replace_what_both_saw() {
    let mut scene = Scene::new();
    let one = scene.alice.write(&field("size"), "40");
    let two = scene.bob.write(&field("size"), "41");
    let admission = scene.admit(&[one, two]);
    assert_eq!(codes(&admission), ["new", "new"]);
    assert_eq!(admission.entries.heads(&field("size")).count(), 2);
}

#[test]
fn a_clock_that_is_years_off_is_no_reason_to_refuse() {
    let scene = Scene::new();
    for years in [-10, 10, 200_000] {
        let at = NOW.plus_ms(years * 365 * Timestamp::DAY_MS);
        let mut alice = scene.alice.clone();
        let write = alice.plan(&field("size"), "40");
        let change = alice
            .document
            .commit(alice.actor(), at, std::slice::from_ref(&write))
            .unwrap();
        let envelope = alice.envelope(vec![write.edit], &change.bytes);
        let admission = scene.admits(&Sent {
            envelope,
            bytes: change.bytes,
        });
        let admitted = admission.outcomes[0].as_ref().unwrap();
        assert_eq!(admitted.header.claimed_at.seconds(), at.seconds());
    }
}

#[test]
fn fields_of_a_newer_schema_are_kept_unread() {
    let scene = Scene::new();
    let mut alice = scene.alice.clone();
    let mut sent = alice.write(&field("unknown"), "from tomorrow");
    scene.refuses("v11_schema", &sent);
    sent.envelope.schema += 1;
    scene.admits(&sent);
}

#[test]
fn a_field_that_came_later_than_its_change_says_is_refused() {
    let scene = Scene::new();
    let mut alice = scene.alice.clone();
    let need = FieldPath::new("need", &EditId([6; 10]).to_string(), "what");
    let mut sent = alice.write(&need, "a coat for rain");
    assert_eq!(sent.envelope.schema, 2);
    scene.admits(&sent);
    sent.envelope.schema = 1;
    scene.refuses("v11_schema", &sent);
}
