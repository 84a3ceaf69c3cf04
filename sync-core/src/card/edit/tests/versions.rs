//! Claims about schemas: an app of the first one goes on reading what it knows.

use super::*;
use crate::card::SCHEMA_VERSION;

/// Edits that only schema 2 knows, by their names.
const SINCE_2: [&str; 16] = [
    "add_need",
    "change_need",
    "set_need_state",
    "answer_need",
    "add_suggestion",
    "acknowledge_suggestion",
    "answer_suggestion",
    "tell_suggestion",
    "link_customers",
    "ask",
    "withdraw_ask",
    "set_invitation",
    "keep_to_owner",
    "open_to_colleagues",
    "set_minor",
    "set_surprise",
];

fn schema(plan: &Plan) -> u16 {
    let facets = plan.writes.iter();
    let schemas = facets.map(|(_, writes)| Plan::schema_of(writes));
    schemas.max().unwrap()
}

#[test]
fn a_change_says_the_lowest_schema_that_knows_its_fields() {
    let mut found = 0;
    for edit in samples() {
        let mut stage = Stage::new();
        let Ok(plan) = stage.plans(&edit) else {
            continue;
        };
        let json = serde_json::to_value(&edit).unwrap();
        let is_new = SINCE_2.contains(&json["edit"].as_str().unwrap());
        assert_eq!(
            schema(&plan),
            if is_new { SCHEMA_VERSION } else { 1 },
            "{json}"
        );
        found += usize::from(is_new);
    }
    assert!(found >= 6, "{found}");
}

#[test]
fn a_dealing_is_what_it_was_unless_it_says_what_it_served() {
    let mut stage = Stage::new();
    let old = r#"{"edit":"record_interaction","kind":"call","visit":null,"channel":null,"sku":null,"by_customer":false,"summary":"asked"}"#;
    assert_eq!(serde_json::to_string(&json(old)).unwrap(), old);
    let plan = stage.plans(&json(old)).unwrap();
    assert_eq!((schema(&plan), plan.writes[0].1.len()), (1, 1));
    let new = r#"{"edit":"record_interaction","kind":"gesture","summary":"tea","act":"recovery","about":"p","spent":{"minor":5000,"right":"r-1"}}"#;
    let plan = stage.plans(&json(new)).unwrap();
    assert_eq!((schema(&plan), plan.writes[0].1.len()), (2, 3));
    stage.visible.write(&plan);
    let line = &stage.view().interactions[0];
    assert_eq!(line.act.map(|act| act.as_str()), Some("recovery"));
    assert_eq!(line.about.as_deref(), Some("p"));
    assert_eq!(line.spent, Some((5_000, "r-1".to_owned())));
}

#[test]
fn a_suggestion_goes_its_way_in_turn() {
    let mut stage = Stage::new();
    let id = stage.does(&json(r#"{"edit":"add_suggestion","what":"a chair"}"#));
    let edit = |name: &str| json(&format!(r#"{{"edit":"{name}","suggestion":"{id}"}}"#));
    let answer = |text: &str| {
        json(&format!(
            r#"{{"edit":"answer_suggestion","suggestion":"{id}","answer":"{text}"}}"#
        ))
    };
    let refused = |stage: &mut Stage, edit: &Edit, says: &str| {
        let error = stage.plans(edit).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    };
    refused(&mut stage, &edit("tell_suggestion"), "answer it first");
    stage.does(&edit("acknowledge_suggestion"));
    stage.does(&answer("in May"));
    refused(
        &mut stage,
        &edit("acknowledge_suggestion"),
        "is answered as you see it",
    );
    stage.does(&edit("tell_suggestion"));
    let view = stage.view().suggestions.remove(0);
    assert_eq!(view.told_at, Some(stage.now));
    stage.does(&answer("in June"));
    let view = stage.view().suggestions.remove(0);
    assert_eq!((view.told_at, view.state.as_str()), (None, "answered"));
    assert_eq!(view.answer.unwrap().value, "in June");
}

#[test]
fn keeping_to_the_owner_is_lifted_by_a_manager_and_a_minor_is_none_on_their_word() {
    let mut stage = Stage::new();
    stage.does(&json(r#"{"edit":"keep_to_owner","reason":"asked"}"#));
    stage.does(&json(r#"{"edit":"set_minor","is_minor":true}"#));
    let lift = json(r#"{"edit":"open_to_colleagues","reason":"asked"}"#);
    let needed = Role::Manager;
    assert_eq!(stage.plans(&lift), Err(EditError::Role { needed }));
    stage.role = Role::Manager;
    stage.does(&lift);
    assert_eq!(stage.view().contact.owner_only, None);
    stage.source = Source::Typed;
    let adult = json(r#"{"edit":"set_minor","is_minor":false}"#);
    assert_eq!(adult.usual_source(), Source::Typed);
    assert!(stage.plans(&adult).is_err());
    stage.source = Source::Stated;
    stage.does(&adult);
    assert!(!stage.view().contact.is_minor.unwrap().value);
}

#[test]
fn the_ends_of_a_link_name_the_same_link() {
    let mut stage = Stage::new();
    let (one, other) = (CustomerId([9; 16]), CustomerId([8; 16]));
    let link = |other: CustomerId| {
        json(&format!(
            r#"{{"edit":"link_customers","other":"{other}","sameness":"same","evidence":["said"]}}"#
        ))
    };
    let path = |plan: &Plan| plan.writes[0].1[0].path.clone();
    let here = stage.plans(&link(other)).unwrap();
    let mut context = stage.context();
    context.customer = other;
    let there = link(one).plan(&context, &Visible::default()).unwrap();
    assert_eq!(path(&here), path(&there));
}
