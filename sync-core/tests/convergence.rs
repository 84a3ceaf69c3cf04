//! Whatever replicas write, and however their changes travel, they end with the same card.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use sync_core::card::schema::Role;
use sync_core::card::terms::Place;
use sync_core::card::{
    CardView, Change, Corrections, Document, Edit, EditContext, Facet, Plan, Provenance, Reading,
    Source, Visible, canonical_json,
};
use sync_core::ids::{
    ActorId, AssociateId, ChangeHash, CustomerId, DeviceId, EditId, ShopId, Timestamp,
};

const REPLICAS: usize = 4;
const NOW: Timestamp = Timestamp(1_772_400_000_000);

/// One edit of each kind at least, of a small world of things, so that replicas meet in the same fields.
/// `$note`, `$promise`, `$visit`, `$need`, `$suggestion` and `$ask` name one that was made, `$place` a place.
const POOL: &[&str] = &[
    r#"{"edit":"create_customer","name":{"given":"Ana"},"language":"fr","endpoints":[{"kind":"email","value":"a@b.fr"}]}"#,
    r#"{"edit":"set_name","part":"given","value":"Anna"}"#,
    r#"{"edit":"set_name","part":"given","value":null}"#,
    r#"{"edit":"add_endpoint","kind":"email","value":"A@b.fr"}"#,
    r#"{"edit":"remove_endpoint","kind":"email","value":"a@b.fr"}"#,
    r#"{"edit":"mark_endpoint","kind":"email","value":"a@b.fr","status":"bounced"}"#,
    r#"{"edit":"mark_endpoint","kind":"email","value":"a@b.fr","status":"ok"}"#,
    r#"{"edit":"record_consent","channel":"sms","purposes":["sell"],"event":"withdraw"}"#,
    r#"{"edit":"record_consent","channel":"sms","purposes":["sell"],"event":"grant","evidence":{"text_version":"1","method":"spoken"}}"#,
    r#"{"edit":"record_consent","purposes":["sensitive"],"event":"grant","evidence":{"text_version":"1","method":"signature"}}"#,
    r#"{"edit":"record_consent","purposes":["sensitive"],"event":"grant","evidence":{"text_version":"2","method":"signature"}}"#,
    r#"{"edit":"record_consent","purposes":["sensitive"],"event":"withdraw"}"#,
    r#"{"edit":"set_agreement","state":"agreed"}"#,
    r#"{"edit":"set_agreement","state":"ended"}"#,
    r#"{"edit":"block_contact"}"#,
    r#"{"edit":"lift_block","reason":"asked"}"#,
    r#"{"edit":"pause_contact","until":1800000000000}"#,
    r#"{"edit":"pause_contact","until":null}"#,
    r#"{"edit":"set_service_mode","mode":"concierge"}"#,
    r#"{"edit":"set_service_mode","mode":"quick"}"#,
    r#"{"edit":"set_language","language":"fr"}"#,
    r#"{"edit":"set_language","language":"ja"}"#,
    r#"{"edit":"set_channels","channels":["sms","email"]}"#,
    r#"{"edit":"set_channels","channels":["email","post"]}"#,
    r#"{"edit":"set_preference","kind":"color","subject":"coats","value":"navy","polarity":"like"}"#,
    r#"{"edit":"set_preference","kind":"color","subject":"coats","value":"gray","polarity":"never"}"#,
    r#"{"edit":"observe_preference","kind":"color","subject":"coats","value":"gray","polarity":"avoid"}"#,
    r#"{"edit":"drop_preference","kind":"color","subject":"coats"}"#,
    r#"{"edit":"set_size","category":"shoe","system":"EU","size":"38"}"#,
    r#"{"edit":"set_size","category":"shoe","system":"EU","size":"39"}"#,
    r#"{"edit":"record_allergy","substance":"nickel","severity":"mild"}"#,
    r#"{"edit":"record_allergy","substance":"nickel","severity":"serious","cause":"dermatitis"}"#,
    r#"{"edit":"remove_allergy","substance":"nickel"}"#,
    r#"{"edit":"add_note","place":"$place","body":"one","title":"first"}"#,
    r#"{"edit":"add_note","place":"$place","body":"one","label":"guarded"}"#,
    r#"{"edit":"edit_note","place":"$place","note":"$note","body":"two"}"#,
    r#"{"edit":"edit_note","place":"card","note":"$note","body":"three","title":"third"}"#,
    r#"{"edit":"archive_note","place":"$place","note":"$note","archived":true}"#,
    r#"{"edit":"pin_note","place":"$place","note":"$note","reason":"wedding"}"#,
    r#"{"edit":"label_note","place":"$place","note":"$note","label":"guarded"}"#,
    r#"{"edit":"redact_note","place":"$place","note":"$note","reason":"asked"}"#,
    r#"{"edit":"move_note","note":"$note","from":"card","to":"private"}"#,
    r#"{"edit":"move_note","note":"$note","from":"card","to":"shop"}"#,
    r#"{"edit":"move_note","note":"$note","from":"shop","to":"restricted"}"#,
    r#"{"edit":"set_occasion","kind":"birthday","month":5,"day":14}"#,
    r#"{"edit":"set_occasion","kind":"birthday","year":1980,"month":6}"#,
    r#"{"edit":"set_occasion","kind":"birthday","celebrate":false}"#,
    r#"{"edit":"remove_occasion","kind":"birthday"}"#,
    r#"{"edit":"add_relationship","other":"1040g2081040g2081040g20810","kind":"partner"}"#,
    r#"{"edit":"remove_relationship","other":"1040g2081040g2081040g20810","kind":"partner"}"#,
    r#"{"edit":"add_wish","sku":"A-1","quantity":2,"note":"in red","surprise_until":1800000000000}"#,
    r#"{"edit":"add_wish","sku":"a-1","quantity":3,"note":"in blue"}"#,
    r#"{"edit":"set_surprise","source":"till","purchase":"T-1","until":1800000000000}"#,
    r#"{"edit":"set_surprise","source":"Till","purchase":"t-1","until":1900000000000}"#,
    r#"{"edit":"set_surprise","source":"till","purchase":"T-1","until":null}"#,
    r#"{"edit":"fulfill_wish","sku":"A-1"}"#,
    r#"{"edit":"remove_wish","sku":"A-1"}"#,
    r#"{"edit":"make_promise","what":"call","due":1800000000000}"#,
    r#"{"edit":"change_promise","promise":"$promise","what":"write","due":1700000000000}"#,
    r#"{"edit":"set_promise_status","promise":"$promise","status":"done"}"#,
    r#"{"edit":"set_promise_status","promise":"$promise","status":"cancelled"}"#,
    r#"{"edit":"assign_promise","promise":"$promise","assignee":null}"#,
    r#"{"edit":"arrive"}"#,
    r#"{"edit":"capture","visit":"$visit","summary":"looks for a coat"}"#,
    r#"{"edit":"leave","visit":"$visit","summary":"the coat"}"#,
    r#"{"edit":"record_interaction","kind":"call","visit":"$visit","by_customer":true,"summary":"asked"}"#,
    r#"{"edit":"record_reaction","sku":"A-1","sentiment":"loved","words":"at last"}"#,
    r#"{"edit":"tag","tag":"opera"}"#,
    r#"{"edit":"untag","tag":"opera"}"#,
    r#"{"edit":"record_interaction","kind":"gesture","summary":"tea","act":"recovery","about":"$promise","spent":{"minor":5000,"right":"r-1"}}"#,
    r#"{"edit":"record_interaction","kind":"service","visit":"$visit","act":"honored","about":"p"}"#,
    r#"{"edit":"add_need","what":"a coat for rain","tags":["rain"]}"#,
    r#"{"edit":"change_need","need":"$need","what":"a light coat","tags":["travel"]}"#,
    r#"{"edit":"set_need_state","need":"$need","state":"dropped"}"#,
    r#"{"edit":"set_need_state","need":"$need","state":"dropped"}"#,
    r#"{"edit":"answer_need","need":"$need","answer":"A-1"}"#,
    r#"{"edit":"answer_need","need":"$need","answer":"sent elsewhere"}"#,
    r#"{"edit":"add_suggestion","what":"a chair","sku":"A-1"}"#,
    r#"{"edit":"acknowledge_suggestion","suggestion":"$suggestion"}"#,
    r#"{"edit":"answer_suggestion","suggestion":"$suggestion","answer":"in May"}"#,
    r#"{"edit":"answer_suggestion","suggestion":"$suggestion","answer":"in June"}"#,
    r#"{"edit":"tell_suggestion","suggestion":"$suggestion"}"#,
    r#"{"edit":"tell_suggestion","suggestion":"$suggestion"}"#,
    r#"{"edit":"add_suggestion","what":"a lamp"}"#,
    r#"{"edit":"answer_suggestion","suggestion":"$suggestion","answer":"soon"}"#,
    r#"{"edit":"tell_suggestion","suggestion":"$suggestion"}"#,
    r#"{"edit":"link_customers","other":"1040g2081040g2081040g20810","sameness":"same","evidence":["phone","email"]}"#,
    r#"{"edit":"link_customers","other":"1040g2081040g2081040g20810","sameness":"different"}"#,
    r#"{"edit":"ask","kind":"reservation","subject":"A-1","quantity":2}"#,
    r#"{"edit":"withdraw_ask","ask":"$ask"}"#,
    r#"{"edit":"set_invitation","event":"Spring","state":"accepted"}"#,
    r#"{"edit":"set_invitation","event":"spring","state":"declined"}"#,
    r#"{"edit":"keep_to_owner"}"#,
    r#"{"edit":"open_to_colleagues","reason":"asked"}"#,
    r#"{"edit":"set_minor","is_minor":true}"#,
    r#"{"edit":"set_minor","is_minor":false}"#,
    RESOLVE,
    RESOLVE,
    RESOLVE,
];
/// Filled in with one of the conflicts that its author sees.
const RESOLVE: &str = r#"{"edit":"resolve","place":"$place","path":"$path","choose":"$choose"}"#;

/// The names of what edits make, as the pool has them, and which edit does.
const MADE: [(&str, &str); 6] = [
    ("$note", "add_note"),
    ("$promise", "make_promise"),
    ("$visit", "arrive"),
    ("$need", "add_need"),
    ("$suggestion", "add_suggestion"),
    ("$ask", "ask"),
];

/// What happens at a replica.
#[derive(Debug, Clone)]
enum Act {
    Edit {
        at: usize,
        which: usize,
        pick: usize,
        clock: i64,
    },
    Pull {
        at: usize,
        from: usize,
    },
    Replay {
        at: usize,
        which: usize,
    },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let replica = 0..REPLICAS;
    let clock = -5_000_000..5_000_000_i64;
    let act = prop_oneof![
        6 => (replica.clone(), 0..POOL.len(), 0..64_usize, clock)
            .prop_map(|(at, which, pick, clock)| Act::Edit { at, which, pick, clock }),
        3 => (replica.clone(), replica.clone()).prop_map(|(at, from)| Act::Pull { at, from }),
        2 => (replica, 0..64_usize).prop_map(|(at, which)| Act::Replay { at, which }),
    ];
    prop::collection::vec(act, 1..80)
}

/// An edit, its plan and the change it became in each facet, where it was first run.
struct Run {
    edit: Edit,
    plan: Plan,
    changes: Vec<(Facet, ChangeHash)>,
}

/// What one replica stores. All of them relay all facets, as the hub does; an author sees their own private part alone.
type Stored = BTreeMap<Facet, Document>;

struct World {
    replicas: Vec<Stored>,
    runs: Vec<Run>,
    /// What was made, by the names of [`MADE`].
    made: [Vec<EditId>; 6],
    /// Where each note was made.
    places: BTreeMap<EditId, Place>,
    actors: u8,
    /// Runs under another actor where the first was not known.
    second_runs: usize,
}

impl World {
    fn new() -> Self {
        Self {
            replicas: vec![Stored::new(); REPLICAS],
            runs: Vec::new(),
            made: [const { Vec::new() }; 6],
            places: BTreeMap::new(),
            actors: 100,
            second_runs: 0,
        }
    }

    fn visible(&self, at: usize) -> Visible {
        let own = Facet::Private(associate(at));
        let facets = self.replicas[at].iter();
        facets
            .filter(|(facet, _)| !matches!(facet, Facet::Private(_)) || **facet == own)
            .map(|(facet, document)| (*facet, document.entries().unwrap()))
            .collect()
    }

    /// An edit of the pool, with what it names filled in; nothing when there is no conflict to settle.
    fn edit(&self, at: usize, which: usize, pick: usize) -> Option<Edit> {
        let mut text = POOL[which % POOL.len()].to_owned();
        if text == RESOLVE {
            let conflicts = view(&self.visible(at), &Corrections::new()).conflicts;
            let conflict = conflicts.get(pick % conflicts.len().max(1))?;
            let choose = conflict.options[pick % conflict.options.len()].edit;
            text = text
                .replace("$place", conflict.place.as_str())
                .replace("$path", &conflict.path)
                .replace("$choose", &choose.to_string());
        }
        for ((name, _), made) in MADE.iter().zip(&self.made) {
            let id = made.get(pick % made.len().max(1));
            let id = id.copied().unwrap_or(EditId([0; 10]));
            text = text.replace(name, &id.to_string());
        }
        let place = self.place_of(&text, pick);
        let text = text.replace("$place", place.as_str());
        Some(serde_json::from_str(&text).unwrap())
    }

    /// Where a new note goes; of a note that was made mostly where that was, now and then where it may have been moved.
    fn place_of(&self, text: &str, pick: usize) -> Place {
        let made = self.places.iter();
        let known = made
            .filter(|(note, _)| text.contains(&format!("\"note\":\"{note}\"")))
            .map(|(_, place)| *place)
            .next();
        known
            .filter(|_| !pick.is_multiple_of(5))
            .unwrap_or(Place::ALL[pick % Place::ALL.len()])
    }

    /// Makes an edit where it can be made: what is not on this replica's card can't be edited there, and that is no failure.
    fn does(&mut self, at: usize, edit: &Edit, clock: i64) {
        let context = context(at, self.runs.len(), clock);
        let mut after = self.visible(at);
        let Ok(plan) = edit.plan(&context, &after) else {
            return;
        };
        if let Edit::AddNote { place, .. } = edit {
            self.places.insert(plan.edit, *place);
        }
        let json = serde_json::to_string(edit).unwrap();
        if let Some(at) = MADE.iter().position(|(_, by)| name(&json) == *by) {
            self.made[at].push(plan.edit);
        }
        let actor = ActorId([u8::try_from(at).unwrap() + 1; 16]);
        let mut changes = Vec::new();
        for (facet, writes) in &plan.writes {
            let document = self.replicas[at].entry(*facet).or_default();
            let change = document.commit(actor, context.provenance.at, writes);
            changes.push((*facet, change.unwrap().hash));
        }
        after.write(&plan);
        assert_eq!(after, self.visible(at), "map and document agree");
        self.runs.push(Run {
            edit: edit.clone(),
            plan,
            changes,
        });
    }

    fn pull(&mut self, at: usize, from: usize) {
        for (facet, other) in self.replicas[from].clone() {
            let document = self.replicas[at].entry(facet).or_default();
            let changes = other.changes_since(&document.heads());
            document
                .apply(changes.iter().map(|change| change.bytes.as_slice()))
                .unwrap();
        }
    }

    /// Commits a plan again under a fresh actor, where its first run is not known: it was made elsewhere, or will come.
    /// Where the first run is known and nothing has replaced it, committing again does nothing; who knows a run does not repeat it otherwise.
    fn replay(&mut self, at: usize, which: usize) {
        let Some(run) = self.runs.get(which % self.runs.len().max(1)) else {
            return;
        };
        let stored = &mut self.replicas[at];
        self.actors = self.actors.wrapping_add(1).max(100);
        let actor = ActorId([self.actors; 16]);
        let mut is_second = false;
        for ((facet, writes), (_, first)) in run.plan.writes.iter().zip(&run.changes) {
            let document = stored.entry(*facet).or_default();
            let entries = document.entries().unwrap();
            let is_there = |at: &sync_core::card::Key| entries.get(at).is_some();
            let all_there = writes
                .iter()
                .all(|write| is_there(&write.path.at(write.edit)));
            if document.has(*first) && !all_there {
                continue;
            }
            let mut expected = entries.clone();
            expected.write(writes);
            let heads = document.heads();
            let again = document.commit(actor, Timestamp(0), writes);
            assert_eq!(again.is_none(), all_there, "what is there is not repeated");
            assert_eq!(document.heads() == heads, all_there);
            assert_eq!(document.entries().unwrap(), expected);
            is_second |= !all_there;
        }
        self.second_runs += usize::from(is_second);
    }

    fn play(acts: &[Act]) -> Self {
        let mut world = Self::new();
        for act in acts {
            match *act {
                Act::Edit {
                    at,
                    which,
                    pick,
                    clock,
                } => {
                    if let Some(edit) = world.edit(at, which, pick) {
                        world.does(at, &edit, clock);
                    }
                }
                Act::Pull { at, from } => world.pull(at, from),
                Act::Replay { at, which } => world.replay(at, which),
            }
        }
        world
    }

    fn meet(&mut self) {
        for _ in 0..2 {
            for at in 0..REPLICAS {
                for from in 0..REPLICAS {
                    self.pull(at, from);
                }
            }
        }
    }
}

fn associate(at: usize) -> AssociateId {
    AssociateId([u8::try_from(at).unwrap(); 8])
}

fn context(at: usize, count: usize, clock: i64) -> EditContext {
    let number = u8::try_from(at).unwrap();
    let mut id = [number; 10];
    id[..8].copy_from_slice(&u64::try_from(count).unwrap().to_be_bytes());
    EditContext {
        edit: EditId(id),
        customer: CustomerId([1; 16]),
        provenance: Provenance {
            by: associate(at),
            device: DeviceId([number; 8]),
            shop: ShopId([1; 8]),
            at: Timestamp(1_772_352_000_000 + clock),
            source: if count.is_multiple_of(3) {
                Source::CustomerEntered
            } else {
                Source::Stated
            },
            as_of: None,
        },
        role: Role::Manager,
    }
}

fn view(visible: &Visible, corrections: &Corrections) -> CardView {
    let now = NOW;
    CardView::read(visible, &Reading { now, corrections })
}

/// What a replica says of the card: the heads and canonical JSON of each facet, and the view of all of them.
type Answer = (BTreeMap<Facet, (Vec<ChangeHash>, String)>, String);

fn answer(stored: &Stored, corrections: &Corrections) -> Answer {
    let entries = |document: &Document| document.entries().unwrap();
    let visible = stored
        .iter()
        .map(|(facet, document)| (*facet, entries(document)))
        .collect();
    let each = stored.iter().map(|(facet, document)| {
        let canonical = canonical_json(&entries(document), corrections);
        (*facet, (document.heads(), canonical))
    });
    let view = serde_json::to_string(&view(&visible, corrections)).unwrap();
    (each.collect(), view)
}

/// Applies changes in the order of `keys`, in batches, some of them twice.
fn deliver(changes: &[Change], keys: &[u32]) -> Document {
    let mut order: Vec<(u32, &Change)> = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let key = keys[at % keys.len()].rotate_left(u32::try_from(at % 32).unwrap());
        order.push((key, change));
        if key.is_multiple_of(3) {
            order.push((key.reverse_bits(), change));
        }
    }
    order.sort_by_key(|(key, change)| (*key, change.hash));
    let mut document = Document::default();
    for batch in order.chunks(1 + usize::try_from(keys[0] % 7).unwrap()) {
        document
            .apply(batch.iter().map(|(_, change)| change.bytes.as_slice()))
            .unwrap();
    }
    document
}

fn each(stored: &Stored, make: impl Fn(&Document) -> Document) -> Stored {
    let facets = stored.iter();
    facets
        .map(|(facet, document)| (*facet, make(document)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn replicas_agree_however_changes_travel(
        acts in acts(),
        keys in prop::collection::vec(any::<u32>(), 1..40),
        received in 1_772_300_000_000..1_772_400_000_000_i64,
    ) {
        let mut world = World::play(&acts);
        world.meet();
        let corrections: Corrections = world
            .runs
            .iter()
            .step_by(2)
            .map(|run| (run.plan.edit, Timestamp(received)))
            .collect();
        let stored = &world.replicas[0];
        let expected = answer(stored, &corrections);
        for replica in &world.replicas {
            prop_assert_eq!(&answer(replica, &corrections), &expected);
        }
        let delivered = each(stored, |document| deliver(&document.changes_since(&[]), &keys));
        prop_assert_eq!(&answer(&delivered, &corrections), &expected);
        let loaded = each(stored, |document| Document::load(&document.save()).unwrap());
        prop_assert_eq!(&answer(&loaded, &corrections), &expected);
        for run in &world.runs {
            for (facet, writes) in &run.plan.writes {
                let entries = stored[facet].entries().unwrap();
                for write in writes {
                    let found = entries.get(&write.path.at(write.edit));
                    let is_log = matches!(write.path.entity.as_str(), "ask" | "consent" | "visit")
                        && write.path.field != "withdrawn";
                    // No log entry is ever lost, and whoever ran a plan, it says the same.
                    prop_assert!(found.is_some() || !is_log);
                    prop_assert!(found.is_none_or(|entry| *entry == write.entry));
                }
            }
        }
    }
}

/// The name of an edit in its JSON.
fn name(json: &str) -> String {
    let edit: serde_json::Value = serde_json::from_str(json).unwrap();
    edit["edit"].as_str().unwrap().to_owned()
}

#[test]
fn the_property_draws_every_edit_every_facet_and_second_runs() {
    let kinds = include_str!("../../tests/fixtures/edits.jsonl");
    let all: BTreeSet<String> = kinds.lines().map(name).collect();
    let pool: BTreeSet<String> = POOL.iter().map(|json| name(json)).collect();
    assert_eq!(pool, all, "the fixture has one of each kind");
    let (mut planned, mut places) = (BTreeSet::new(), BTreeSet::new());
    let mut second_runs = 0;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..400 {
        let acts = acts().new_tree(&mut runner).unwrap().current();
        let world = World::play(&acts);
        for run in &world.runs {
            planned.insert(name(&serde_json::to_string(&run.edit).unwrap()));
            let facets = run.plan.writes.iter();
            places.extend(facets.map(|(facet, _)| Place::of(facet)));
        }
        second_runs += world.second_runs;
    }
    assert_eq!(all.difference(&planned).next(), None, "never planned");
    assert_eq!(places.len(), Place::ALL.len(), "{places:?}");
    assert!(second_runs > 60, "{second_runs}");
}
