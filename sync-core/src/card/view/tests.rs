//! Claims about what a reader sees.

mod shopping;
mod ties;

use super::*;
use crate::card::edit::{Edit, EditError, SurpriseInput};
use crate::card::key::FieldPath;
use crate::card::stage::Stage;
use crate::card::terms::{
    EndpointStatus, OccasionKind, Polarity, PromiseStatus, RelationshipKind, Sensitivity,
    ServiceMode, Severity,
};
use crate::card::value::{Entry, Source, Value};
use crate::card::{Entries, Facet};
use crate::ids::{AssociateId, CustomerId, EditId};

fn json(text: &str) -> Edit {
    serde_json::from_str(text).expect("the test's JSON is an edit")
}

fn set_preference(value: &str, polarity: Polarity) -> Edit {
    Edit::SetPreference {
        kind: "color".to_owned(),
        subject: "coats".to_owned(),
        value: Some(value.to_owned()),
        polarity,
    }
}

fn observe(value: &str) -> Edit {
    Edit::ObservePreference {
        kind: "color".to_owned(),
        subject: "coats".to_owned(),
        value: Some(value.to_owned()),
        polarity: Polarity::Like,
    }
}

#[test]
fn an_endpoint_status_only_rises_among_writes_that_had_not_seen_each_other() {
    let mut stage = Stage::new();
    let mark = |status: &str| {
        json(&format!(
            r#"{{"edit":"mark_endpoint","kind":"email","value":"a@b.fr","status":"{status}"}}"#
        ))
    };
    stage.does(&json(
        r#"{"edit":"add_endpoint","kind":"email","value":"a@B.fr"}"#,
    ));
    stage.meanwhile(&[&[mark("wrong_person")], &[mark("bounced")]]);
    assert_eq!(
        stage.view().endpoints[0].status,
        EndpointStatus::WrongPerson
    );
    stage.does(&mark("ok"));
    assert_eq!(stage.view().endpoints[0].status, EndpointStatus::Ok);
    stage.meanwhile(&[
        &[json(
            r#"{"edit":"remove_endpoint","kind":"email","value":"a@b.fr"}"#,
        )],
        &[json(
            r#"{"edit":"add_endpoint","kind":"email","value":"a@b.fr"}"#,
        )],
    ]);
    assert_eq!(stage.view().endpoints.len(), 1, "adding wins");
}

#[test]
fn the_quieter_wish_is_in_effect_while_there_is_a_conflict() {
    let mut stage = Stage::new();
    stage.meanwhile(&[
        &[
            json(r#"{"edit":"set_service_mode","mode":"concierge"}"#),
            json(r#"{"edit":"set_channels","channels":["sms","email"]}"#),
        ],
        &[
            json(r#"{"edit":"set_service_mode","mode":"leave_alone"}"#),
            json(r#"{"edit":"set_channels","channels":["email","call"]}"#),
        ],
    ]);
    let view = stage.view();
    let mode = view.contact.mode.unwrap();
    assert_eq!(
        (mode.value, mode.needs_confirmation),
        (ServiceMode::LeaveAlone, true)
    );
    assert_eq!(view.contact.channels.unwrap().value, [Channel::Email]);
    assert_eq!(view.conflicts.len(), 2);
}

#[test]
fn a_block_beats_a_lift_that_had_not_seen_it() {
    let mut stage = Stage::new();
    stage.role = crate::card::schema::Role::Manager;
    stage.does(&json(r#"{"edit":"block_contact"}"#));
    stage.meanwhile(&[
        &[json(r#"{"edit":"lift_block","reason":"asked"}"#)],
        &[json(r#"{"edit":"block_contact","reason":"asked twice"}"#)],
    ]);
    let blocked = stage.view().contact.blocked.unwrap();
    assert_eq!(blocked.value.as_deref(), Some("asked twice"));
    assert!(blocked.needs_confirmation);
}

#[test]
fn the_longest_pause_counts_while_it_lasts() {
    let mut stage = Stage::new();
    let pause = |days: i64| Edit::PauseContact {
        until: Some(Timestamp(1_772_352_000_000).plus_ms(days * Timestamp::DAY_MS)),
    };
    stage.meanwhile(&[
        &[pause(10)],
        &[pause(20)],
        &[Edit::PauseContact { until: None }],
    ]);
    stage.days_later(15);
    assert!(stage.view().contact.paused_until.is_some());
    stage.days_later(15);
    assert_eq!(stage.view().contact.paused_until, None);
}

#[test]
fn a_separation_does_not_come_undone() {
    let mut stage = Stage::new();
    let (other, kind) = (CustomerId([8; 16]), RelationshipKind::Partner);
    stage.does(&Edit::AddRelationship { other, kind });
    assert_eq!(stage.view().relationships[0].other.value, other);
    stage.meanwhile(&[
        &[Edit::AddRelationship { other, kind }],
        &[Edit::RemoveRelationship { other, kind }],
    ]);
    assert!(stage.view().relationships.is_empty());
}

#[test]
fn an_occasion_takes_its_parts_from_wherever_they_are_known() {
    let mut stage = Stage::new();
    stage.meanwhile(&[
        &[json(
            r#"{"edit":"set_occasion","kind":"birthday","month":5,"day":14,"celebrate":true}"#,
        )],
        &[json(
            r#"{"edit":"set_occasion","kind":"birthday","year":1980,"celebrate":false}"#,
        )],
    ]);
    let view = stage.view();
    let occasion = &view.occasions[0];
    assert_eq!(occasion.kind, OccasionKind::Birthday);
    assert_eq!(
        (occasion.year, occasion.month, occasion.day),
        (Some(1980), Some(5), Some(14))
    );
    assert_eq!(occasion.celebrate, Some(false), "any no wins");
    assert!(!occasion.needs_confirmation);
    stage.does(&json(r#"{"edit":"remove_occasion","kind":"birthday"}"#));
    assert!(stage.view().occasions.is_empty());
}

#[test]
fn choosing_one_date_of_two_keeps_the_parts_that_only_the_other_knew() {
    let mut stage = Stage::new();
    let heads = stage.meanwhile(&[
        &[json(
            r#"{"edit":"set_occasion","kind":"birthday","month":5,"day":14}"#,
        )],
        &[json(
            r#"{"edit":"set_occasion","kind":"birthday","year":1980,"month":6,"day":1}"#,
        )],
    ]);
    let conflict = stage.view().conflicts.remove(0);
    stage.does(&Edit::Resolve {
        place: conflict.place,
        path: conflict.path,
        choose: heads[0],
    });
    let view = stage.view();
    let occasion = &view.occasions[0];
    assert_eq!(
        (occasion.year, occasion.month, occasion.day),
        (Some(1980), Some(5), Some(14))
    );
    assert!(view.conflicts.is_empty());
}

#[test]
fn whether_to_celebrate_leaves_the_date_as_it_is() {
    let mut stage = Stage::new();
    let quiet = json(r#"{"edit":"set_occasion","kind":"birthday","celebrate":false}"#);
    stage.does(&quiet);
    assert_eq!(
        stage.view().occasions[0].celebrate,
        Some(false),
        "no date yet"
    );
    stage.does(&json(
        r#"{"edit":"set_occasion","kind":"birthday","year":1980,"month":5,"day":14}"#,
    ));
    stage.does(&quiet);
    let occasion = &stage.view().occasions[0];
    assert_eq!(
        (occasion.year, occasion.month, occasion.day),
        (Some(1980), Some(5), Some(14))
    );
    let nothing = json(r#"{"edit":"set_occasion","kind":"birthday"}"#);
    assert!(matches!(stage.plans(&nothing), Err(EditError::Empty(_))));
}

#[test]
fn two_languages_are_both_kept_and_clearing_one_loses_to_the_other() {
    let mut stage = Stage::new();
    let language = |tag: Option<&str>| Edit::SetLanguage {
        language: tag.map(str::to_owned),
    };
    stage.meanwhile(&[&[language(Some("fr"))], &[language(Some("ja"))]]);
    let view = stage.view();
    assert!(view.contact.language.unwrap().needs_confirmation);
    assert_eq!(view.conflicts[0].question, Question::Language);
    assert_eq!(view.conflicts[0].options.len(), 2);
    stage.does(&language(Some("fr")));
    stage.meanwhile(&[&[language(None)], &[language(Some("en"))]]);
    assert_eq!(stage.view().contact.language.unwrap().value, "en");
}

#[test]
fn a_pin_beats_an_unpin_that_had_not_seen_it() {
    let mut stage = Stage::new();
    let note = stage.does(&json(
        r#"{"edit":"add_note","place":"card","body":"keeps"}"#,
    ));
    let pin = |reason: Option<&str>| Edit::PinNote {
        place: Place::Card,
        note,
        reason: reason.map(str::to_owned),
    };
    stage.does(&pin(Some("wedding")));
    stage.meanwhile(&[&[pin(None)], &[pin(Some("honeymoon"))]]);
    assert_eq!(stage.view().notes[0].pinned.as_deref(), Some("honeymoon"));
    stage.does(&pin(None));
    assert_eq!(stage.view().notes[0].pinned, None);
}

#[test]
fn two_who_claim_a_promise_are_both_shown_until_it_is_kept() {
    let mut stage = Stage::new();
    let promise = stage.does(&json(r#"{"edit":"make_promise","what":"call"}"#));
    let claim = |who: u8| Edit::AssignPromise {
        promise,
        assignee: Some(AssociateId([who; 8])),
    };
    stage.meanwhile(&[&[claim(4)], &[claim(5)]]);
    let view = stage.view();
    assert_eq!(
        view.promises[0].assignees,
        [AssociateId([4; 8]), AssociateId([5; 8])]
    );
    assert!(matches!(
        view.conflicts[0].question,
        Question::Assignee { .. }
    ));
    let status = PromiseStatus::Done;
    stage.does(&Edit::SetPromiseStatus { promise, status });
    assert!(
        stage.view().conflicts.is_empty(),
        "the first completion settles it"
    );
}

#[test]
fn a_promise_is_overdue_from_its_moment_until_it_is_closed() {
    let mut stage = Stage::new();
    let due = stage.now.plus_ms(Timestamp::DAY_MS);
    let promise = stage.does(&Edit::MakePromise {
        what: "call".to_owned(),
        due: Some(due),
        assignee: None,
    });
    assert!(!stage.view().promises[0].overdue);
    stage.days_later(1);
    assert!(stage.view().promises[0].overdue);
    let status = PromiseStatus::Cancelled;
    stage.does(&Edit::SetPromiseStatus { promise, status });
    assert!(!stage.view().promises[0].overdue);
}

#[test]
fn a_visit_is_open_until_it_is_closed_or_the_day_is_over() {
    let mut stage = Stage::new();
    let visit = stage.does(&json(r#"{"edit":"arrive","with":"her sister"}"#));
    assert_eq!(stage.view().open_visit().map(|visit| visit.id), Some(visit));
    stage.does(&Edit::Capture {
        visit,
        summary: "looked at coats".to_owned(),
    });
    let mut forgotten = stage.clone();
    forgotten.days_later(1);
    assert!(forgotten.view().open_visit().is_none());
    let summary = Some("the navy one next time".to_owned());
    stage.does(&Edit::Leave { visit, summary });
    let view = stage.view();
    assert!(view.open_visit().is_none());
    assert_eq!(view.visits[0].captured[0].value, "looked at coats");
    assert_eq!(
        view.visits[0].thread.as_ref().unwrap().value,
        "the navy one next time"
    );
    assert!(view.visits[0].closed_at.is_some());
}

#[test]
fn the_latest_reaction_to_an_article_supersedes_the_others() {
    let mut stage = Stage::new();
    let react = |sentiment: &str| {
        json(&format!(
            r#"{{"edit":"record_reaction","sku":"A-1","sentiment":"{sentiment}"}}"#
        ))
    };
    stage.does(&react("liked"));
    stage.does(&react("disliked"));
    let superseded: Vec<_> = stage
        .view()
        .reactions
        .iter()
        .map(|reaction| (reaction.sentiment.value.as_str(), reaction.superseded))
        .collect();
    assert_eq!(superseded, [("disliked", false), ("liked", true)]);
}

#[test]
fn a_reader_without_need_to_know_sees_the_effect_and_not_the_cause() {
    let mut stage = Stage::new();
    stage.does(&json(
        r#"{"edit":"record_consent","purposes":["sensitive"],"event":"grant","evidence":{"text_version":"1","method":"spoken"}}"#,
    ));
    stage.meanwhile(&[
        &[json(r#"{"edit":"record_allergy","substance":"nickel","severity":"mild","cause":"dermatitis"}"#)],
        &[json(r#"{"edit":"record_allergy","substance":"Nickel","severity":"dangerous"}"#)],
    ]);
    let view = stage.view();
    assert_eq!(view.allergies.len(), 1);
    assert_eq!(
        view.allergies[0].severity,
        Severity::Dangerous,
        "the worst counts"
    );
    assert_eq!(
        view.allergies[0].cause.as_ref().unwrap().value,
        "dermatitis"
    );
    let card = stage.visible.get(&Facet::Card).unwrap().clone();
    stage.visible = [(Facet::Card, card)].into_iter().collect();
    let view = stage.view();
    assert_eq!((view.allergies.len(), &view.allergies[0].cause), (1, &None));
}

#[test]
fn an_archived_note_comes_back_with_an_edit_that_had_not_seen_it() {
    let mut stage = Stage::new();
    let (place, archived) = (Place::Card, true);
    let note = stage.does(&json(
        r#"{"edit":"add_note","place":"card","body":"one","label":"plain"}"#,
    ));
    let rewrite = Edit::EditNote {
        place,
        note,
        body: "two".to_owned(),
        title: Some("T".to_owned()),
    };
    let archive = Edit::ArchiveNote {
        place,
        note,
        archived,
    };
    let label = Sensitivity::Guarded;
    stage.meanwhile(&[
        &[rewrite],
        std::slice::from_ref(&archive),
        &[Edit::LabelNote { place, note, label }],
    ]);
    let view = stage.view();
    assert!(!view.notes[0].archived);
    assert_eq!(view.notes[0].versions[0].body, "two");
    assert_eq!(view.notes[0].label, Sensitivity::Guarded);
    stage.does(&archive);
    assert!(
        stage.view().notes[0].archived,
        "an archive that saw the edit holds"
    );
}

#[test]
fn a_field_of_a_newer_schema_is_named_and_hurts_nothing() {
    let mut stage = Stage::new();
    stage.does(&json(r#"{"edit":"tag","tag":"opera"}"#));
    let entries = stage.visible.get(&Facet::Card).unwrap();
    let entry: &Entry = entries.iter().next().unwrap().1;
    let newer = Entry {
        value: Value::Int(7),
        ..entry.clone()
    };
    let path = |entity: &str| FieldPath::new(entity, "-", "shade").at(EditId([5; 10]));
    let known = entries
        .iter()
        .map(|(key, entry)| (key.clone(), entry.clone()));
    let entries: Entries = known
        .chain([(path("aura"), newer.clone()), (path("name"), newer)])
        .collect();
    stage.visible.insert(Facet::Card, entries);
    let view = stage.view();
    let unknown: Vec<_> = view
        .unknown
        .iter()
        .map(|field| field.path.as_str())
        .collect();
    assert_eq!(unknown, ["aura/-/shade", "name/-/shade"]);
    assert_eq!(view.tags.len(), 1);
}

#[test]
fn the_display_name_is_shown_before_its_parts() {
    let mut stage = Stage::new();
    stage.does(&json(r#"{"edit":"create_customer","name":{"given":"Anna","family":"Berg"},"since":1600000000000}"#));
    assert_eq!(stage.view().name.shown(), "Anna Berg");
    assert_eq!(stage.view().since, Some(Timestamp(1_600_000_000_000)));
    stage.does(&json(
        r#"{"edit":"set_name","part":"display","value":"王安娜"}"#,
    ));
    assert_eq!(stage.view().name.shown(), "王安娜");
}
