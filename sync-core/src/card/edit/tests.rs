//! Claims about edits: what they refuse, what they plan, how they are kept.

use super::*;
use crate::card::entries::Entries;
use crate::card::reduce::Decision;
use crate::card::schema::Role;
use crate::card::stage::Stage;
use crate::card::terms::ConsentMethod;
use crate::card::value::Source;
use crate::card::{Document, Entry};
use crate::ids::{ActorId, ShopId};

fn json(text: &str) -> Edit {
    serde_json::from_str(text).expect("the test's JSON is an edit")
}

fn note(body: &str) -> Edit {
    Edit::AddNote {
        place: Place::Card,
        body: body.to_owned(),
        title: None,
        label: None,
    }
}

fn grant(channel: Option<Channel>, purpose: Purpose) -> Edit {
    Edit::RecordConsent {
        channel,
        purposes: vec![purpose],
        event: ConsentEvent::Grant,
        evidence: Some(Evidence {
            text_version: "2026-01".to_owned(),
            method: ConsentMethod::Signature,
            reference: None,
        }),
    }
}

/// Every kind of edit once, as an app sends it.
fn samples() -> Vec<Edit> {
    let lines = include_str!("../../../../tests/fixtures/edits.jsonl").lines();
    lines.map(json).collect()
}

#[test]
fn every_edit_is_sound_and_reads_back_from_json_and_from_the_outbox() {
    let samples = samples();
    assert_eq!(samples.len(), 45, "one of each kind");
    for edit in samples {
        assert_eq!(edit.validate(), Ok(()), "{edit:?}");
        let text = serde_json::to_string(&edit).unwrap();
        assert_eq!(json(&text), edit);
        let bytes = minicbor::to_vec(&edit).unwrap();
        assert_eq!(minicbor::decode::<Edit>(&bytes).unwrap(), edit);
    }
}

#[test]
fn clearing_must_be_written_out() {
    for text in [
        r#"{"edit":"set_name","part":"given"}"#,
        r#"{"edit":"set_size","category":"shoe","system":"EU"}"#,
        r#"{"edit":"set_language"}"#,
        r#"{"edit":"tag","tag":"opera","color":"red"}"#,
        r#"{"edit":"paint"}"#,
    ] {
        assert!(serde_json::from_str::<Edit>(text).is_err(), "{text}");
    }
}

/// Edits that are not sound, with what the refusal says.
const REFUSED: &[(&str, &str)] = &[
    (
        r#"{"edit":"add_endpoint","kind":"phone","value":"0612345678"}"#,
        "country code",
    ),
    (
        r#"{"edit":"add_endpoint","kind":"email","value":"anna"}"#,
        "name@example.com",
    ),
    (r#"{"edit":"create_customer"}"#, "a name"),
    (
        r#"{"edit":"set_language","language":"english please"}"#,
        "tag like fr",
    ),
    (
        r#"{"edit":"set_occasion","kind":"birthday","month":2,"day":30}"#,
        "no such day",
    ),
    (
        r#"{"edit":"set_occasion","kind":"birthday","year":2023,"month":2,"day":29}"#,
        "no such day",
    ),
    (
        r#"{"edit":"record_consent","channel":"sms","purposes":["sell"],"event":"grant"}"#,
        "a grant needs its proof",
    ),
    (
        r#"{"edit":"record_consent","purposes":["sell"],"event":"withdraw"}"#,
        "goes with a channel",
    ),
    (
        r#"{"edit":"record_consent","channel":"sms","purposes":["chain"],"event":"withdraw"}"#,
        "goes without a channel",
    ),
    (
        r#"{"edit":"record_consent","channel":"sms","purposes":[],"event":"withdraw"}"#,
        "one purpose",
    ),
    (
        r#"{"edit":"set_preference","kind":"color","subject":"coats","polarity":"dropped"}"#,
        "drop it",
    ),
    (
        r#"{"edit":"add_note","place":"card","body":"ill","label":"special"}"#,
        "where few read",
    ),
    (
        r#"{"edit":"label_note","place":"shop","note":"0g2081040g208104","label":"special"}"#,
        "where few read",
    ),
    (
        r#"{"edit":"redact_note","place":"card","note":"0g2081040g208104","reason":"moved to the shop part"}"#,
        "move it",
    ),
    (
        r#"{"edit":"add_wish","sku":"A","quantity":0}"#,
        "a number from 1 to 1000",
    ),
];

#[test]
fn a_refused_edit_says_what_to_do() {
    let check = |edit: Edit, says: &str| {
        let error = edit.validate().unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    };
    for (text, says) in REFUSED {
        check(json(text), says);
    }
    let tag = |tag: &str| Edit::Tag {
        tag: tag.to_owned(),
    };
    check(
        tag(&"é".repeat(300)),
        "tag: write one line of up to 512 bytes",
    );
    check(tag("  "), "tag: write one line");
    let long = "x".repeat(crate::limits::NOTE_BYTES_MAX + 1);
    check(note(&long), "note: write a text of up to 7168 bytes");
    let id = EditId([1; 10]);
    let wider = format!(r#"{{"edit":"move_note","note":"{id}","from":"private","to":"card"}}"#);
    check(json(&wider), "fewer readers");
    let nothing = format!(r#"{{"edit":"change_promise","promise":"{id}"}}"#);
    check(json(&nothing), "what, or by when");
}

#[test]
fn what_an_edit_needs_on_the_card_must_be_there() {
    let mut stage = Stage::new();
    let id = EditId([4; 10]);
    let missing = |stage: &mut Stage, text: String| stage.plans(&json(&text)).unwrap_err();
    let place = format!(r#""place":"card","note":"{id}""#);
    for text in [
        format!(r#"{{"edit":"edit_note",{place},"body":"new"}}"#),
        format!(r#"{{"edit":"redact_note",{place},"reason":"asked"}}"#),
        format!(r#"{{"edit":"set_promise_status","promise":"{id}","status":"done"}}"#),
        format!(r#"{{"edit":"capture","visit":"{id}","summary":"x"}}"#),
    ] {
        let error = missing(&mut stage, text);
        assert!(
            matches!(error, EditError::NotFound { id: found, .. } if found == id),
            "{error}"
        );
    }
    let resolve =
        format!(r#"{{"edit":"resolve","place":"card","path":"name/-/given","choose":"{id}"}}"#);
    assert!(matches!(
        missing(&mut stage, resolve),
        EditError::NothingToResolve { .. }
    ));
    let own = CustomerId([9; 16]);
    let kind = RelationshipKind::Friend;
    assert_eq!(
        stage.plans(&Edit::AddRelationship { other: own, kind }),
        Err(EditError::SamePerson)
    );
}

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
fn a_write_replaces_exactly_the_heads_that_were_visible() {
    let mut stage = Stage::new();
    let set = |size: &str| Edit::SetSize {
        category: "shoe".to_owned(),
        system: "EU".to_owned(),
        brand: None,
        size: Some(size.to_owned()),
    };
    let first = stage.does(&set("38"));
    let late = stage.plans(&set("39")).unwrap();
    let second = stage.does(&set("40"));
    let replaced = |plan: &Plan| plan.writes[0].1[0].replaces.clone();
    assert_eq!(replaced(&late), [first]);
    assert_eq!(replaced(&stage.plans(&set("41")).unwrap()), [second]);
    stage.visible.write(&late);
    let mut both = replaced(&stage.plans(&set("38.5")).unwrap());
    both.sort_unstable();
    let mut heads = vec![late.edit, second];
    heads.sort_unstable();
    assert_eq!(both, heads, "a later write covers all heads");
}

#[test]
fn a_log_entry_lists_the_maximal_entries_seen() {
    let mut stage = Stage::new();
    let grant = grant(Some(Channel::Sms), Purpose::Sell);
    let stop =
        json(r#"{"edit":"record_consent","channel":"sms","purposes":["sell"],"event":"withdraw"}"#);
    let first = stage.meanwhile(&[std::slice::from_ref(&grant), std::slice::from_ref(&stop)]);
    let seen = |plan: &Plan| plan.writes[0].1[0].entry.seen.clone();
    assert_eq!(seen(&stage.plans(&grant).unwrap()), first);
    let next = stage.does(&grant);
    let plan = stage.plans(&stop).unwrap();
    assert_eq!(
        seen(&plan),
        [next],
        "what was seen through others is not listed"
    );
    assert!(plan.writes[0].1[0].replaces.is_empty());
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
    let mut stage = Stage::new();
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
    stage.meanwhile(&[&[drop.clone()], &[set("never")]]);
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

#[test]
fn a_moved_note_is_copied_whole_and_redacted_where_it_was() {
    let mut stage = Stage::new();
    let note = stage.does(&note("old words"));
    let rewrite = |body: &str| Edit::EditNote {
        place: Place::Card,
        note,
        body: body.to_owned(),
        title: None,
    };
    stage.meanwhile(&[&[rewrite("her words")], &[rewrite("his words")]]);
    let (from, to) = (Place::Card, Place::Private);
    stage.does(&Edit::MoveNote { note, from, to });
    let view = stage.view();
    let by_place = |place| view.notes.iter().find(|note| note.place == place).unwrap();
    assert!(by_place(Place::Card).redacted);
    assert!(by_place(Place::Card).versions.is_empty());
    let body = &by_place(Place::Private).versions[0].body;
    assert!(
        body.contains("her words") && body.contains("his words"),
        "{body}"
    );
    let card = format!("{:?}", stage.visible.get(&Facet::Card).unwrap());
    assert!(
        !card.contains("words"),
        "no text stays in what the writer saw"
    );
}

#[test]
fn words_for_a_note_that_is_redacted_here_are_refused_rather_than_swallowed() {
    let mut stage = Stage::new();
    let gone = stage.does(&note("old words"));
    let moved = stage.does(&note("other words"));
    let body = stage.does(&Edit::EditNote {
        place: Place::Card,
        note: moved,
        body: "newer words".to_owned(),
        title: None,
    });
    let seen = stage.visible.clone();
    stage.does(&json(&format!(
        r#"{{"edit":"redact_note","place":"card","note":"{gone}","reason":"asked"}}"#
    )));
    stage.does(&json(&format!(
        r#"{{"edit":"move_note","note":"{moved}","from":"card","to":"private"}}"#
    )));
    let on = |note: EditId, edit: &str, rest: &str| {
        json(&format!(
            r#"{{"edit":"{edit}","place":"card","note":"{note}",{rest}}}"#
        ))
    };
    for (edit, rest) in [
        ("edit_note", r#""body":"new""#),
        ("pin_note", r#""reason":"wedding""#),
        ("label_note", r#""label":"guarded""#),
    ] {
        let error = stage.plans(&on(gone, edit, rest)).unwrap_err();
        assert_eq!(error, EditError::NoteRedacted { note: gone });
        assert!(error.to_string().contains("write a new note"), "{error}");
        let error = stage.plans(&on(moved, edit, rest)).unwrap_err();
        let to = Place::Private;
        assert_eq!(error, EditError::NoteMoved { note: moved, to });
        assert!(error.to_string().contains("private part"), "{error}");
    }
    for (edit, rest) in [
        ("archive_note", r#""archived":true"#),
        ("redact_note", r#""reason":"asked again""#),
    ] {
        assert!(stage.plans(&on(gone, edit, rest)).is_ok(), "{edit}");
    }
    let copy = Edit::EditNote {
        place: Place::Private,
        note: moved,
        body: "where it went".to_owned(),
        title: None,
    };
    assert!(stage.plans(&copy).is_ok());
    // Somebody who had not seen the move wrote meanwhile: their words are theirs alone, nobody takes them up for them.
    let mut late = Stage::new();
    late.visible = seen;
    late.by = AssociateId([5; 8]);
    let mut context = late.context();
    context.edit = EditId([99; 10]);
    let words = on(moved, "edit_note", r#""body":"late words""#);
    let words = words.plan(&context, &late.visible).unwrap();
    assert_eq!(words.writes[0].1[0].replaces, [body]);
    stage.visible.write(&words);
    for edit in [
        format!(r#"{{"edit":"move_note","note":"{moved}","from":"card","to":"shop"}}"#),
        format!(
            r#"{{"edit":"resolve","place":"card","path":"note/{moved}/body","choose":"{}"}}"#,
            words.edit
        ),
    ] {
        let error = stage.plans(&json(&edit)).unwrap_err();
        assert!(matches!(error, EditError::NoteMoved { .. }), "{error}");
    }
}

#[test]
fn a_full_card_refuses_one_more_note() {
    let mut stage = Stage::new();
    for _ in 0..crate::limits::NOTES_MAX {
        stage.does(&note("x"));
    }
    assert_eq!(stage.plans(&note("x")), Err(EditError::TooManyNotes));
}

#[test]
fn a_choice_writes_its_value_over_every_head() {
    let mut stage = Stage::new();
    let name = |text: &str| Edit::SetName {
        part: NamePart::Given,
        value: Some(text.to_owned()),
    };
    let heads = stage.meanwhile(&[&[name("Anna")], &[name("Anne")]]);
    let conflict = stage.view().conflicts.remove(0);
    assert_eq!(conflict.sources(), heads);
    stage.does(&Edit::Resolve {
        place: conflict.place,
        path: conflict.path,
        choose: heads[0],
    });
    let view = stage.view();
    assert_eq!(view.name.given.unwrap().value, "Anna");
    assert!(view.conflicts.is_empty());
}

#[test]
fn a_plan_reads_back_from_the_outbox_and_its_layout_is_frozen() {
    let mut stage = Stage::new();
    for edit in samples() {
        let Ok(plan) = stage.plans(&edit) else {
            continue;
        };
        let bytes = minicbor::to_vec(&plan).unwrap();
        assert_eq!(minicbor::decode::<Plan>(&bytes).unwrap(), plan);
    }
    let mut stage = Stage::new();
    let plan = stage
        .plans(&json(r#"{"edit":"tag","tag":"opera"}"#))
        .unwrap();
    let hex: String = minicbor::to_vec(&plan)
        .unwrap()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, include_str!("golden_plan.hex").trim());
}

#[test]
fn a_plan_with_a_malformed_path_is_refused() {
    let mut stage = Stage::new();
    let mut plan = stage.plans(&note("x")).unwrap();
    plan.writes[0].1[0].path.field = "Body#".to_owned();
    let bytes = minicbor::to_vec(&plan).unwrap();
    assert!(minicbor::decode::<Plan>(&bytes).is_err());
}

#[test]
fn a_replay_that_meets_its_first_run_changes_nothing() {
    let mut stage = Stage::new();
    let mut document = Document::default();
    for edit in samples() {
        let Ok(plan) = stage.plans(&edit) else {
            continue;
        };
        let Some((_, writes)) = plan.writes.iter().find(|(facet, _)| *facet == Facet::Card) else {
            continue;
        };
        assert!(
            document
                .commit(ActorId([1; 16]), stage.now, writes)
                .is_some()
        );
        stage.visible.write(&plan);
        let (heads, entries) = (document.heads(), document.entries().unwrap());
        assert_eq!(
            document.commit(ActorId([2; 16]), stage.now, writes),
            None,
            "{edit:?}"
        );
        assert_eq!(document.heads(), heads);
        assert_eq!(
            Some(&entries),
            stage.visible.get(&Facet::Card),
            "written alike"
        );
        let mut again: Entries = entries.clone();
        again.write(writes);
        assert_eq!(again, entries);
    }
    assert!(document.entries().unwrap().len() > 30);
}

#[test]
fn the_largest_note_fits_a_value() {
    let mut stage = Stage::new();
    let plan = stage
        .plans(&note(&"é".repeat(crate::limits::NOTE_BYTES_MAX / 2)))
        .unwrap();
    let entry: &Entry = &plan.writes[0].1[0].entry;
    assert!(entry.to_bytes().len() <= crate::limits::VALUE_BYTES_MAX);
    assert_eq!(Entry::from_bytes(&entry.to_bytes()).as_ref(), Some(entry));
}

#[test]
fn the_ends_of_a_relationship_name_the_same_edge() {
    let mut stage = Stage::new();
    let (one, other) = (CustomerId([9; 16]), CustomerId([8; 16]));
    let kind = RelationshipKind::Partner;
    let path = |plan: &Plan| plan.writes[0].1[0].path.clone();
    let here = stage.plans(&Edit::AddRelationship { other, kind }).unwrap();
    let mut context = stage.context();
    context.customer = other;
    let back = Edit::AddRelationship { other: one, kind };
    let there = back.plan(&context, &Visible::default()).unwrap();
    assert_eq!(path(&here), path(&there));
}

#[test]
fn a_place_becomes_the_writers_own_facet() {
    let mut stage = Stage::new();
    for (place, facet) in [
        (Place::Card, Facet::Card),
        (Place::Shop, Facet::Shop(ShopId([3; 8]))),
        (Place::Private, Facet::Private(AssociateId([1; 8]))),
    ] {
        let edit = Edit::AddNote {
            place,
            body: "x".to_owned(),
            title: None,
            label: None,
        };
        let plan = stage.plans(&edit).unwrap();
        assert_eq!(plan.writes[0].0, facet);
    }
}

#[test]
fn texts_get_their_one_form() {
    let mut stage = Stage::new();
    stage.does(&json(r#"{"edit":"set_language","language":"zh_hans-cn"}"#));
    stage.does(&json(
        r#"{"edit":"set_name","part":"given","value":"  Ame\u0301lie "}"#,
    ));
    stage.does(&json(
        r#"{"edit":"add_note","place":"card","body":"one\r\ntwo\n"}"#,
    ));
    let view = stage.view();
    assert_eq!(view.contact.language.unwrap().value, "zh-Hans-CN");
    assert_eq!(view.name.given.unwrap().value, "Amélie");
    assert_eq!(view.notes[0].versions[0].body, "one\ntwo");
}

#[test]
fn a_wrong_clock_does_not_cost_an_edit() {
    for now in [i64::MIN, -1, i64::MAX] {
        let mut stage = Stage::new();
        stage.now = Timestamp(now);
        let create = json(r#"{"edit":"create_customer","name":{"given":"Anna"}}"#);
        assert!(stage.plans(&create).is_ok(), "{now}");
        let seen =
            json(r#"{"edit":"observe_preference","kind":"c","subject":"s","polarity":"like"}"#);
        assert!(stage.plans(&seen).is_ok(), "{now}");
    }
}
