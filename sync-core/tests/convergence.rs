//! Whatever replicas write, and however their changes travel, they end with the same card.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use sync_core::card::schema::Role;
use sync_core::card::{
    CardView, Change, Corrections, Document, Edit, EditContext, Facet, Plan, Provenance, Reading,
    Source, Visible, canonical_json,
};
use sync_core::ids::{ActorId, AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};

const REPLICAS: usize = 4;

/// What happens at a replica.
#[derive(Debug, Clone)]
enum Act {
    Edit { at: usize, which: usize, clock: i64 },
    Pull { at: usize, from: usize },
    Replay { at: usize, which: usize },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let replica = 0..REPLICAS;
    let act = prop_oneof![
        5 => (replica.clone(), 0..64_usize, -5_000_000..5_000_000_i64)
            .prop_map(|(at, which, clock)| Act::Edit { at, which, clock }),
        3 => (replica.clone(), replica.clone()).prop_map(|(at, from)| Act::Pull { at, from }),
        1 => (replica, 0..64_usize).prop_map(|(at, which)| Act::Replay { at, which }),
    ];
    prop::collection::vec(act, 1..60)
}

/// A small world of things, so that replicas meet in the same fields.
fn edit(which: usize, made: &[EditId]) -> Edit {
    let id = made
        .get(which % made.len().max(1))
        .copied()
        .unwrap_or(EditId([0; 10]));
    let pool = [
        r#"{"edit":"set_name","part":"given","value":"Anna"}"#.to_owned(),
        r#"{"edit":"set_name","part":"given","value":null}"#.to_owned(),
        r#"{"edit":"set_size","category":"shoe","system":"EU","size":"38"}"#.to_owned(),
        r#"{"edit":"set_size","category":"shoe","system":"EU","size":"39"}"#.to_owned(),
        r#"{"edit":"record_allergy","substance":"nickel","severity":"mild"}"#.to_owned(),
        r#"{"edit":"remove_allergy","substance":"nickel"}"#.to_owned(),
        r#"{"edit":"record_consent","channel":"sms","purposes":["sell"],"event":"withdraw"}"#.to_owned(),
        r#"{"edit":"record_consent","channel":"sms","purposes":["sell"],"event":"grant","evidence":{"text_version":"1","method":"spoken"}}"#.to_owned(),
        r#"{"edit":"block_contact"}"#.to_owned(),
        r#"{"edit":"lift_block","reason":"asked"}"#.to_owned(),
        r#"{"edit":"set_preference","kind":"color","subject":"coats","value":"navy","polarity":"like"}"#.to_owned(),
        r#"{"edit":"observe_preference","kind":"color","subject":"coats","value":"gray","polarity":"avoid"}"#.to_owned(),
        r#"{"edit":"drop_preference","kind":"color","subject":"coats"}"#.to_owned(),
        r#"{"edit":"set_channels","channels":["sms","email"]}"#.to_owned(),
        r#"{"edit":"set_channels","channels":["email","post"]}"#.to_owned(),
        r#"{"edit":"set_occasion","kind":"birthday","month":5,"day":14}"#.to_owned(),
        r#"{"edit":"set_occasion","kind":"birthday","year":1980,"celebrate":false}"#.to_owned(),
        r#"{"edit":"add_note","place":"card","body":"one"}"#.to_owned(),
        format!(r#"{{"edit":"edit_note","place":"card","note":"{id}","body":"two"}}"#),
        format!(r#"{{"edit":"archive_note","place":"card","note":"{id}","archived":true}}"#),
        format!(r#"{{"edit":"redact_note","place":"card","note":"{id}","reason":"asked"}}"#),
        r#"{"edit":"make_promise","what":"call","due":1800000000000}"#.to_owned(),
        format!(r#"{{"edit":"set_promise_status","promise":"{id}","status":"done"}}"#),
        format!(r#"{{"edit":"set_promise_status","promise":"{id}","status":"cancelled"}}"#),
        r#"{"edit":"tag","tag":"opera"}"#.to_owned(),
        r#"{"edit":"untag","tag":"opera"}"#.to_owned(),
        r#"{"edit":"arrive"}"#.to_owned(),
    ];
    serde_json::from_str(&pool[which % pool.len()]).unwrap()
}

fn context(at: usize, count: usize, clock: i64) -> EditContext {
    let number = u8::try_from(at).unwrap();
    let mut id = [number; 10];
    id[..8].copy_from_slice(&u64::try_from(count).unwrap().to_be_bytes());
    EditContext {
        edit: EditId(id),
        customer: CustomerId([1; 16]),
        provenance: Provenance {
            by: AssociateId([number; 8]),
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

fn visible(document: &Document) -> Visible {
    [(Facet::Card, document.entries().unwrap())]
        .into_iter()
        .collect()
}

fn answer(document: &Document, corrections: &Corrections) -> (String, String) {
    let now = Timestamp(1_772_400_000_000);
    let view = CardView::read(&visible(document), &Reading { now, corrections });
    let canonical = canonical_json(&document.entries().unwrap(), corrections);
    (canonical, serde_json::to_string(&view).unwrap())
}

fn pull(documents: &mut [Document], at: usize, from: usize) {
    let changes = documents[from].changes_since(&documents[at].heads());
    documents[at]
        .apply(changes.iter().map(|change| change.bytes.as_slice()))
        .unwrap();
}

/// Plays the acts; the documents that come out, and all that was planned.
fn play(acts: &[Act]) -> (Vec<Document>, Vec<Plan>) {
    let mut documents = vec![Document::default(); REPLICAS];
    let mut plans: Vec<Plan> = Vec::new();
    let mut made: Vec<EditId> = Vec::new();
    for act in acts {
        match *act {
            Act::Edit { at, which, clock } => {
                let edit = edit(which, &made);
                let context = context(at, plans.len(), clock);
                let before = visible(&documents[at]);
                // What is not on this replica's card can't be edited there; that is no failure.
                let Ok(plan) = edit.plan(&context, &before) else {
                    continue;
                };
                if matches!(edit, Edit::AddNote { .. } | Edit::MakePromise { .. }) {
                    made.push(plan.edit);
                }
                let writes = &plan.writes[0].1;
                let actor = ActorId([u8::try_from(at).unwrap() + 1; 16]);
                documents[at]
                    .commit(actor, context.provenance.at, writes)
                    .unwrap();
                let mut after = before;
                after.write(&plan);
                assert_eq!(after, visible(&documents[at]), "map and document agree");
                plans.push(plan);
            }
            Act::Pull { at, from } => pull(&mut documents, at, from),
            Act::Replay { at, which } => {
                let Some(plan) = plans.get(which % plans.len().max(1)) else {
                    continue;
                };
                let writes = &plan.writes[0].1;
                let is_here = |document: &Document| {
                    let entries = document.entries().unwrap();
                    writes
                        .iter()
                        .all(|write| entries.get(&write.path.at(write.edit)).is_some())
                };
                if is_here(&documents[at]) {
                    let heads = documents[at].heads();
                    let again = documents[at].commit(ActorId([99; 16]), Timestamp(0), writes);
                    assert_eq!(again, None, "the first run is there");
                    assert_eq!(documents[at].heads(), heads);
                }
            }
        }
    }
    (documents, plans)
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn replicas_agree_however_changes_travel(
        acts in acts(),
        keys in prop::collection::vec(any::<u32>(), 1..40),
        received in 1_772_300_000_000..1_772_400_000_000_i64,
    ) {
        let (mut documents, plans) = play(&acts);
        for _ in 0..2 {
            for at in 0..REPLICAS {
                for from in 0..REPLICAS {
                    pull(&mut documents, at, from);
                }
            }
        }
        let corrections: Corrections = plans
            .iter()
            .step_by(2)
            .map(|plan| (plan.edit, Timestamp(received)))
            .collect();
        let heads = documents[0].heads();
        let expected = answer(&documents[0], &corrections);
        for document in &documents {
            prop_assert_eq!(document.heads(), heads.clone());
            prop_assert_eq!(&answer(document, &corrections), &expected);
        }
        let delivered = deliver(&documents[0].changes_since(&[]), &keys);
        prop_assert_eq!(delivered.heads(), heads);
        prop_assert_eq!(&answer(&delivered, &corrections), &expected);
        let loaded = Document::load(&documents[0].save()).unwrap();
        prop_assert_eq!(&answer(&loaded, &corrections), &expected);
        // No log entry is ever lost.
        let entries = documents[0].entries().unwrap();
        let present: BTreeSet<EditId> = entries.iter().map(|(key, _)| key.edit).collect();
        for plan in &plans {
            let writes = plan.writes.iter().flat_map(|(_, writes)| writes);
            for write in writes.filter(|write| write.path.entity == "consent") {
                prop_assert!(present.contains(&write.edit));
            }
        }
    }
}
