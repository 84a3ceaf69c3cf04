//! Claims about canonical JSON.

use super::*;
use crate::card::Facet;
use crate::card::edit::Edit;
use crate::card::stage::Stage;

fn json(text: &str) -> Edit {
    serde_json::from_str(text).expect("the test's JSON is an edit")
}

fn canonical(stage: &Stage) -> String {
    canonical_json(stage.visible.get(&Facet::Card).unwrap(), &stage.corrections)
}

#[test]
fn the_form_is_frozen() {
    let mut stage = Stage::new();
    stage.does(&json(r#"{"edit":"tag","tag":"opera"}"#));
    assert_eq!(canonical(&stage), include_str!("golden.json").trim());
}

#[test]
fn corrections_are_part_of_the_answer() {
    let mut stage = Stage::new();
    let edit = stage.does(&json(r#"{"edit":"tag","tag":"opera"}"#));
    let before = canonical(&stage);
    stage.corrections.insert(edit, Timestamp(5));
    assert_ne!(canonical(&stage), before);
}

#[test]
fn a_redacted_note_leaves_no_word() {
    let mut stage = Stage::new();
    let note = stage.does(&json(
        r#"{"edit":"add_note","place":"card","body":"needle"}"#,
    ));
    assert!(canonical(&stage).contains("needle"));
    let edit = |body: &str| {
        json(&format!(
            r#"{{"edit":"edit_note","place":"card","note":"{note}","body":"{body}"}}"#
        ))
    };
    let redact = json(&format!(
        r#"{{"edit":"redact_note","place":"card","note":"{note}","reason":"asked"}}"#
    ));
    stage.meanwhile(&[&[edit("needle two")], &[redact]]);
    assert!(!canonical(&stage).contains("needle"));
}
