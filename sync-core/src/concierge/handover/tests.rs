//! Claims about the handover.

use super::*;
use crate::card::edit::Edit;
use crate::card::stage::Stage;
use crate::card::terms::PromiseStatus;
use crate::concierge::scene::Scene;
use crate::entropy::SeededEntropy;

const LEAVER: AssociateId = AssociateId([1; 8]);
const HEIR: AssociateId = AssociateId([2; 8]);

fn json(text: &str) -> Edit {
    serde_json::from_str(text).expect("the test's JSON is an edit")
}

fn scene(stage: &Stage) -> Scene {
    let mut scene = Scene::new();
    scene.whole.view = stage.view();
    scene.now = stage.now;
    scene
}

fn open(view: &CardView) -> Vec<(EditId, String, Option<Timestamp>)> {
    let promises = promises(view).into_iter();
    promises
        .map(|promise| (promise.id, promise.what, promise.due))
        .collect()
}

#[test]
fn a_handover_keeps_every_open_promise_and_its_date() {
    for seed in 0..64 {
        let mut random = SeededEntropy::new(seed);
        let mut stage = Stage::new();
        stage.by = LEAVER;
        for number in 0..random.below(9) {
            let assignee = *random
                .pick(&[None, Some(LEAVER), Some(AssociateId([5; 8]))])
                .unwrap();
            let days = i64::try_from(random.below(40)).unwrap() - 20;
            let due = stage.now.plus_ms(days * Timestamp::DAY_MS);
            let promise = stage.does(&Edit::MakePromise {
                what: format!("promise {number}"),
                due: Some(due).filter(|_| random.percent(80)),
                assignee,
            });
            let status = *random.pick(PromiseStatus::ALL).unwrap();
            if random.percent(50) {
                stage.does(&Edit::SetPromiseStatus { promise, status });
            }
        }
        let before = stage.view();
        let pack = Pack::of(&scene(&stage).picture());
        let packed = pack.promises.iter();
        let packed: Vec<_> = packed
            .map(|one| (one.id, one.what.clone(), one.due))
            .collect();
        assert_eq!(packed, open(&before), "seed {seed}");
        for edit in edits(&before, LEAVER, HEIR) {
            stage.does(&edit);
        }
        let after = stage.view();
        assert_eq!(open(&after), open(&before), "seed {seed}");
        for (was, is) in before.promises.iter().zip(&after.promises) {
            assert_eq!((was.status, was.due), (is.status, is.due));
            let is_moved = was.is_open() && was.assignees.contains(&LEAVER);
            assert_eq!(is.assignees.contains(&HEIR), is_moved);
            assert!(!(is_moved && is.assignees.contains(&LEAVER)));
        }
    }
}

#[test]
fn private_notes_stay() {
    let mut stage = Stage::new();
    stage.does(&json(
        r#"{"edit":"add_note","place":"private","title":"t","body":"between us","label":"guarded"}"#,
    ));
    stage.does(&json(
        r#"{"edit":"add_note","place":"card","title":"t","body":"for all","label":"guarded"}"#,
    ));
    let mut scene = scene(&stage);
    assert_eq!(Brief::of(&scene.picture()).avoid.len(), 2);
    let pack = Pack::of(&scene.picture());
    assert_eq!(pack.brief.avoid.len(), 1);
    let hash = pack.hash();
    scene
        .whole
        .view
        .notes
        .retain(|note| note.place != Place::Private);
    assert_eq!(
        Pack::of(&scene.picture()).hash(),
        hash,
        "as if there were none"
    );
}

#[test]
fn a_pack_holds_what_was_confirmed_and_the_last_five_dealings() {
    let mut stage = Stage::agreed();
    for subject in ["coats", "shoes"] {
        stage.does(&json(&format!(
            r#"{{"edit":"set_preference","kind":"color","subject":"{subject}","value":"navy","polarity":"like"}}"#
        )));
    }
    stage.does(&json(
        r#"{"edit":"observe_preference","kind":"drink","subject":"tea","polarity":"like"}"#,
    ));
    for number in 0..4 {
        let visit = stage.does(&json(r#"{"edit":"arrive"}"#));
        stage.does(&Edit::Leave {
            visit,
            summary: Some(format!("thread {number}")),
        });
        stage.does(&json(&format!(
            r#"{{"edit":"record_interaction","kind":"call","channel":"call","summary":"call {number}"}}"#
        )));
    }
    let pack = Pack::of(&scene(&stage).picture());
    assert_eq!(pack.preferences.len(), 2, "what was seen once is no fact");
    let summaries: Vec<_> = pack
        .dealings
        .iter()
        .filter_map(|one| one.summary.as_deref())
        .collect();
    assert_eq!(
        summaries,
        ["call 3", "thread 3", "call 2", "thread 2", "call 1"]
    );
    let dealings = pack.dealings.iter().map(|one| &one.sources);
    let sources = pack
        .preferences
        .iter()
        .map(|one| &one.sources)
        .chain(dealings);
    assert!(sources.into_iter().all(|sources| !sources.is_empty()));
}

#[test]
fn nothing_is_handed_over_of_somebody_who_was_erased() {
    let mut scene = Scene::new();
    scene.allergy("nickel");
    scene.whole.is_erased = true;
    assert_eq!(Pack::of(&scene.picture()), Pack::default());
}
