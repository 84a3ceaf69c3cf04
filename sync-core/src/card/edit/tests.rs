//! Claims about edits: what they refuse, what they plan, how they are kept.

mod guards;
mod notes;
mod versions;

use super::*;
use crate::card::entries::Entries;
use crate::card::reduce::Decision;
use crate::card::schema::Role;
use crate::card::stage::Stage;
use crate::card::terms::{
    Channel, ConsentEvent, ConsentMethod, NamePart, Place, Polarity, Purpose, RelationshipKind,
};
use crate::card::value::Source;
use crate::card::{Document, Entry};
use crate::ids::{ActorId, AssociateId, CustomerId, ShopId, Timestamp};

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
    assert_eq!(samples.len(), 61, "one of each kind");
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
    (r#"{"edit":"add_need","what":" "}"#, "need: write a text"),
    (
        r#"{"edit":"add_need","what":"x","tags":["a","b","c","d","e","f","g","h","i","j","k","l","m"]}"#,
        "up to 12 distinct words",
    ),
    (
        r#"{"edit":"change_need","need":"0g2081040g208104"}"#,
        "what is needed",
    ),
    (
        r#"{"edit":"link_customers","other":"1040g2081040g2081040g20810","sameness":"same"}"#,
        "how you know",
    ),
    (
        r#"{"edit":"ask","kind":"appointment"}"#,
        "an ask for appointment takes when",
    ),
    (
        r#"{"edit":"ask","kind":"seat"}"#,
        "the event as its subject",
    ),
    (
        r#"{"edit":"ask","kind":"reservation"}"#,
        "the article as its subject",
    ),
    (
        r#"{"edit":"ask","kind":"owner","subject":"A"}"#,
        "whoever asks is meant",
    ),
    (
        r#"{"edit":"ask","kind":"message","subject":"fax","purpose":"care","words":"x"}"#,
        "the channel as its subject",
    ),
    (
        r#"{"edit":"ask","kind":"message","subject":"sms","purpose":"chain","words":"x"}"#,
        "a purpose that has a channel",
    ),
    (
        r#"{"edit":"ask","kind":"message","subject":"sms","purpose":"care"}"#,
        "the words to send",
    ),
    (
        r#"{"edit":"ask","kind":"seat","subject":"E","purpose":"event"}"#,
        "only a message has one",
    ),
    (
        r#"{"edit":"record_interaction","kind":"call","spent":{"minor":1,"right":"r"}}"#,
        "only a gesture",
    ),
    (
        r#"{"edit":"record_interaction","kind":"gesture","summary":"tea"}"#,
        "what was done in person and cost nothing is a `service`",
    ),
    (
        r#"{"edit":"record_interaction","kind":"gesture","act":"recovery","summary":" ","spent":{"minor":1,"right":"r"}}"#,
        "a gesture needs its reason",
    ),
    (
        r#"{"edit":"record_interaction","kind":"gesture","summary":"tea","spent":{"minor":0,"right":"r"}}"#,
        "a number from 1 to",
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
        format!(r#"{{"edit":"answer_need","need":"{id}","answer":"x"}}"#),
        format!(r#"{{"edit":"tell_suggestion","suggestion":"{id}"}}"#),
        format!(r#"{{"edit":"withdraw_ask","ask":"{id}"}}"#),
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
    let link = format!(r#"{{"edit":"link_customers","other":"{own}","sameness":"different"}}"#);
    assert_eq!(missing(&mut stage, link), EditError::OwnCard);
    let kind = RelationshipKind::Friend;
    assert_eq!(
        stage.plans(&Edit::AddRelationship { other: own, kind }),
        Err(EditError::SamePerson)
    );
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
        let mut stage = Stage::agreed();
        stage.now = Timestamp(now);
        let create = json(r#"{"edit":"create_customer","name":{"given":"Anna"}}"#);
        assert!(stage.plans(&create).is_ok(), "{now}");
        let seen =
            json(r#"{"edit":"observe_preference","kind":"c","subject":"s","polarity":"like"}"#);
        assert!(stage.plans(&seen).is_ok(), "{now}");
    }
}
