//! Claims about what protects the customer: who may take it away, and on whose word.

use super::*;

#[test]
fn a_cause_is_kept_only_after_consent_and_only_where_few_read() {
    let mut stage = Stage::new();
    let allergy = json(
        r#"{"edit":"record_allergy","substance":"Nickel","severity":"mild","cause":"dermatitis"}"#,
    );
    let secret = json(r#"{"edit":"add_note","place":"restricted","body":"ill"}"#);
    assert_eq!(stage.plans(&allergy), Err(EditError::NeedsConsent));
    assert_eq!(stage.plans(&secret), Err(EditError::NeedsConsent));
    stage.does(&grant(None, Purpose::Sensitive));
    let plan = stage.plans(&allergy).unwrap();
    let says_cause = |writes: &[FieldWrite]| format!("{writes:?}").contains("dermatitis");
    for (facet, writes) in &plan.writes {
        assert_eq!(says_cause(writes), *facet == Facet::Restricted, "{facet:?}");
    }
    assert_eq!(plan.writes.len(), 2);
    assert!(stage.plans(&secret).is_ok());
    stage.does(&json(
        r#"{"edit":"record_consent","purposes":["sensitive"],"event":"withdraw"}"#,
    ));
    assert_eq!(stage.plans(&secret), Err(EditError::NeedsConsent));
}

#[test]
fn a_block_is_set_by_anybody_and_lifted_by_a_manager() {
    let mut stage = Stage::new();
    stage.does(&Edit::BlockContact { reason: None });
    let lift = Edit::LiftBlock {
        reason: "she asked".to_owned(),
    };
    let needed = Role::Manager;
    assert_eq!(stage.plans(&lift), Err(EditError::Role { needed }));
    stage.role = Role::Manager;
    stage.does(&lift);
    assert_eq!(stage.view().contact.blocked, None);
}

#[test]
fn an_allergy_is_taken_back_only_as_stated() {
    let mut stage = Stage::new();
    let edit = Edit::RemoveAllergy {
        substance: "nickel".to_owned(),
    };
    stage.source = Source::Typed;
    let error = stage.plans(&edit).unwrap_err().to_string();
    assert!(error.contains("customer's word"), "{error}");
    stage.source = Source::Stated;
    assert!(stage.plans(&edit).is_ok());
}

#[test]
fn a_never_is_lowered_only_as_stated_and_only_where_it_was_seen() {
    let mut stage = Stage::agreed();
    let set = |polarity: &str| {
        json(&format!(
            r#"{{"edit":"set_preference","kind":"material","subject":"fur","polarity":"{polarity}"}}"#
        ))
    };
    let drop = json(r#"{"edit":"drop_preference","kind":"material","subject":"fur"}"#);
    let heads = stage.meanwhile(&[&[set("like")], &[set("never")]]);
    let path = stage.view().conflicts[0].path.clone();
    let choose = json(&format!(
        r#"{{"edit":"resolve","place":"card","path":"{path}","choose":"{}"}}"#,
        heads[0]
    ));
    for source in [Source::Typed, Source::Observed, Source::Imported] {
        stage.source = source;
        for edit in [&set("avoid"), &drop, &choose] {
            let error = stage.plans(edit).unwrap_err().to_string();
            assert!(error.contains("customer's word"), "{error}");
        }
        assert!(
            stage.plans(&set("never")).is_ok(),
            "repeating is no removal"
        );
    }
    stage.source = Source::Stated;
    stage.meanwhile(&[std::slice::from_ref(&drop), &[set("never")]]);
    assert_eq!(stage.view().preferences[0].polarity, Polarity::Never);
    stage.does(&drop);
    assert!(stage.view().preferences.is_empty());
}

#[test]
fn what_takes_a_protection_away_does_not_rest_on_the_customers_word_by_itself() {
    for edit in samples() {
        let source = edit.usual_source();
        let lifts = matches!(
            edit,
            Edit::RemoveAllergy { .. } | Edit::DropPreference { .. }
        );
        assert!(!lifts || source < Source::Stated, "{edit:?}");
    }
    let choose = |path: &str| {
        let edit = format!(
            r#"{{"edit":"resolve","place":"card","path":"{path}","choose":"0g2081040g208104"}}"#
        );
        json(&edit).usual_source()
    };
    assert_eq!(choose("allergy/0g2081040g208104/present"), Source::Typed);
    assert_eq!(
        choose("preference/0g2081040g208104/polarity"),
        Source::Typed
    );
    assert_eq!(choose("size/0g2081040g208104/value"), Source::Stated);
    let seen = r#"{"edit":"observe_preference","kind":"c","subject":"s","polarity":"like"}"#;
    assert_eq!(json(seen).usual_source(), Source::Observed);
}

#[test]
fn an_imported_grant_without_proof_is_kept_and_counts_for_nothing() {
    let mut stage = Stage::new();
    stage.source = Source::Imported;
    stage.does(&Edit::RecordConsent {
        channel: Some(Channel::Email),
        purposes: vec![Purpose::Sell],
        event: ConsentEvent::Grant,
        evidence: None,
    });
    let view = stage.view();
    assert_eq!(
        view.consent(Some(Channel::Email), Purpose::Sell),
        Decision::Unknown
    );
    assert_eq!(view.consents.len(), 1);
}
