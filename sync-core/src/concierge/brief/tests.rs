//! Claims about the brief.

mod languages;
mod secrets;
mod whole;

use super::*;
use crate::card::Facet;
use crate::card::edit::Edit;
use crate::card::stage::Stage;
use crate::card::value::Source;
use crate::concierge::picture::{House, Viewer, Whole};
use crate::ids::{AssociateId, CustomerId, DeviceId, ShopId, Timestamp};

fn json(text: &str) -> Edit {
    serde_json::from_str(text).expect("the test's JSON is an edit")
}

fn allergy(substance: &str) -> Edit {
    json(&format!(
        r#"{{"edit":"record_allergy","substance":"{substance}","severity":"serious"}}"#
    ))
}

fn note(label: &str) -> Edit {
    json(&format!(
        r#"{{"edit":"add_note","place":"card","title":"divorce","body":"the whole story","label":"{label}"}}"#
    ))
}

fn promise(what: &str, due: Timestamp) -> Edit {
    Edit::MakePromise {
        what: what.to_owned(),
        due: Some(due),
        assignee: None,
    }
}

/// The brief of a card in an empty house.
fn read(stage: &Stage) -> Brief {
    let whole = Whole {
        view: stage.view(),
        ..Whole::default()
    };
    Brief::of(&Picture {
        customer: CustomerId([0; CustomerId::LEN]),
        whole: &whole,
        house: &House::default(),
        viewer: Viewer {
            associate: AssociateId([0; AssociateId::LEN]),
            device: DeviceId([0; DeviceId::LEN]),
            shop: ShopId([0; ShopId::LEN]),
        },
        synced_at: None,
        now: stage.now,
    })
}

fn english(lines: &[Line]) -> Vec<String> {
    let english = lines.iter().map(|line| render(line, Language::English));
    english.collect()
}

fn all_lines(brief: &Brief) -> Vec<&Line> {
    let say = brief.say.iter();
    brief.avoid.iter().chain(say).chain(&brief.act).collect()
}

/// A card with something of everything.
fn full() -> Stage {
    let mut stage = Stage::new();
    let day = Timestamp::DAY_MS;
    stage.does(&json(
        r#"{"edit":"create_customer","name":{"salutation":"Mme","family":"Wang","given":"Li"}}"#,
    ));
    let visit = stage.does(&json(r#"{"edit":"arrive"}"#));
    stage.does(&Edit::Leave {
        visit,
        summary: Some("her daughter starts at the conservatory in Lyon this autumn".to_owned()),
    });
    stage.does(&promise(
        "call about the repaired clasp",
        stage.now.plus_ms(-2 * day),
    ));
    stage.does(&promise("send the swatches", stage.now.plus_ms(5 * day)));
    stage.does(&promise("far away", stage.now.plus_ms(30 * day)));
    stage.does(&allergy("nickel"));
    stage.does(&json(
        r#"{"edit":"set_occasion","kind":"birthday","month":3,"day":10,"celebrate":true}"#,
    ));
    let size = |size: &str| {
        json(&format!(
            r#"{{"edit":"set_size","category":"shoe","system":"EU","size":"{size}"}}"#
        ))
    };
    stage.meanwhile(&[&[size("38")], &[size("39")]]);
    stage
}

#[test]
fn a_brief_reads_from_what_to_avoid_to_what_to_do() {
    let stage = full();
    let brief = read(&stage);
    assert_eq!(english(&brief.avoid), ["Allergy: nickel (serious)"]);
    assert_eq!(
        english(brief.say.as_slice()),
        ["Mme Wang. Last time: her daughter starts at the conservatory in Lyon…"]
    );
    assert_eq!(
        english(&brief.act),
        [
            "Promise overdue 2 days: call about the repaired clasp",
            "Promise due in 5 days: send the swatches",
            "Mark birthday in 9 days",
        ]
    );
}

#[test]
fn an_unsettled_size_is_a_question() {
    let mut stage = full();
    stage.days_later(14);
    for promise in stage.view().promises {
        let status = crate::card::terms::PromiseStatus::Done;
        let promise = promise.id;
        stage.does(&Edit::SetPromiseStatus { promise, status });
    }
    assert_eq!(english(&read(&stage).act), ["Ask size shoe EU: 38 or 39?"]);
}

#[test]
fn every_line_names_its_sources() {
    let mut stage = full();
    stage.does(&json(r#"{"edit":"block_contact"}"#));
    stage.does(&json(r#"{"edit":"set_service_mode","mode":"leave_alone"}"#));
    stage.does(&note("guarded"));
    let brief = read(&stage);
    assert!(all_lines(&brief).len() >= 6);
    for line in all_lines(&brief) {
        assert!(!line.sources.is_empty(), "{line:?}");
    }
}

#[test]
fn dangers_are_never_cut_and_take_their_words_from_what_to_do() {
    let mut stage = full();
    stage.does(&json(
        r#"{"edit":"set_preference","kind":"material","subject":"fur","polarity":"never"}"#,
    ));
    stage.does(&json(r#"{"edit":"block_contact"}"#));
    for substance in [
        "latex",
        "nuts",
        "wool grease",
        "gum arabic of any kind at all",
    ] {
        stage.does(&allergy(substance));
    }
    let brief = read(&stage);
    let dangers = brief.avoid.iter().filter(|line| line.kind.is_uncapped());
    assert_eq!(dangers.count(), 7);
    let texts = english(&brief.avoid);
    assert!(texts.contains(&"Allergy: gum arabic of any kind at all (serious)".to_owned()));
    assert!(
        texts.contains(&"Never fur".to_owned()) && texts.contains(&"Do not contact".to_owned())
    );
    assert!(brief.act.len() < 3, "{:?}", english(&brief.act));
}

#[test]
fn a_brief_keeps_within_its_words() {
    let mut stage = full();
    let mut shown = read(&stage).avoid.len();
    let long = "a b c d e f g h i j k l m n o p";
    let more = [
        allergy("latex"),
        note("guarded"),
        json(r#"{"edit":"set_service_mode","mode":"quick"}"#),
        json(
            r#"{"edit":"record_reaction","sku":"a very long name of an article indeed","sentiment":"disliked"}"#,
        ),
        json(&format!(
            r#"{{"edit":"set_preference","kind":"{long}","subject":"{long}","value":"{long}","polarity":"avoid"}}"#
        )),
        promise(long, stage.now),
        json(&format!(
            r#"{{"edit":"set_name","part":"address","value":"{long}"}}"#
        )),
        allergy("nuts"),
        allergy("kiwi and mango"),
        allergy("lanolin"),
        allergy("cobalt"),
        allergy("chrome"),
    ];
    for edit in &more {
        stage.does(edit);
        let brief = read(&stage);
        assert!(
            brief.avoid.len() >= shown,
            "an addition removes nothing to avoid"
        );
        shown = brief.avoid.len();
        let more = if brief.avoid_more > 0 { 2 } else { 0 };
        let cost: usize = all_lines(&brief).iter().map(|line| line.cost()).sum();
        let is_dangers_alone = brief.act.is_empty() && brief.say.is_none();
        assert!(
            cost + more <= WORDS_MAX * 2 || is_dangers_alone,
            "{cost} after {edit:?}"
        );
    }
    assert_eq!(read(&stage).avoid_more, 2);
}

#[test]
fn a_chinese_brief_counts_characters() {
    let mut stage = Stage::new();
    stage.does(&json(
        r#"{"edit":"set_name","part":"address","value":"王女士"}"#,
    ));
    let visit = stage.does(&json(r#"{"edit":"arrive"}"#));
    stage.does(&Edit::Leave {
        visit,
        summary: Some("她的女儿今年秋天开始在里昂音乐学院学习小提琴".to_owned()),
    });
    let say = read(&stage).say.unwrap();
    assert_eq!(say.argument("thread"), "她的女儿今年秋天开始在里昂音乐学…");
}

#[test]
fn a_guarded_note_gives_a_cue_and_not_its_story() {
    let mut stage = Stage::new();
    stage.does(&note("guarded"));
    let brief = read(&stage);
    assert_eq!(english(&brief.avoid), ["Guarded topic: read the note"]);
    let text = serde_json::to_string(&brief).unwrap();
    assert!(
        !text.contains("story") && !text.contains("divorce"),
        "{text}"
    );
}

#[test]
fn whoever_may_not_read_the_cause_gets_the_same_warning() {
    let mut stage = Stage::new();
    stage.does(&json(
        r#"{"edit":"record_consent","purposes":["sensitive"],"event":"grant","evidence":{"text_version":"1","method":"spoken"}}"#,
    ));
    for substance in ["a", "b", "c", "d", "e"] {
        stage.does(&json(&format!(
            r#"{{"edit":"record_allergy","substance":"{substance}","severity":"serious","cause":"lupus"}}"#
        )));
    }
    let known = read(&stage);
    assert_eq!(known.avoid.len(), 5);
    let card = stage.visible.get(&Facet::Card).unwrap().clone();
    stage.visible = [(Facet::Card, card)].into_iter().collect();
    assert_eq!(read(&stage), known);
    assert!(!serde_json::to_string(&known).unwrap().contains("lupus"));
}

#[test]
fn a_weak_fact_is_something_to_ask_or_to_avoid_and_nothing_else() {
    let mut stage = Stage::agreed();
    stage.source = Source::Typed;
    let prefer = |subject: &str, polarity: &str| {
        json(&format!(
            r#"{{"edit":"set_preference","kind":"color","subject":"{subject}","value":"red","polarity":"{polarity}"}}"#
        ))
    };
    stage.does(&prefer("coats", "like"));
    stage.does(&prefer("shoes", "never"));
    let brief = read(&stage);
    assert_eq!(english(&brief.avoid), ["Never shoes: red"]);
    assert_eq!(
        english(&brief.act),
        ["Ask: still likes coats: red?"],
        "one question at most"
    );
}

#[test]
fn an_allergy_that_one_took_back_is_still_a_warning() {
    let mut stage = Stage::new();
    stage.does(&allergy("nickel"));
    let remove = json(r#"{"edit":"remove_allergy","substance":"nickel"}"#);
    stage.meanwhile(&[&[remove], &[allergy("nickel")]]);
    let brief = read(&stage);
    assert_eq!(
        english(&brief.avoid),
        ["Allergy: nickel (serious, ask again)"]
    );
}

#[test]
fn an_empty_card_has_an_empty_brief() {
    assert_eq!(read(&Stage::new()), Brief::default());
}

#[test]
fn a_side_of_a_question_that_holds_a_stroke_stays_one_side() {
    let mut stage = Stage::new();
    let size = |size: &str| {
        json(&format!(
            r#"{{"edit":"set_size","category":"shoe","system":"EU","size":"{size}"}}"#
        ))
    };
    stage.meanwhile(&[&[size("38 / 39")], &[size("40")]]);
    let asked = english(&read(&stage).act);
    assert_eq!(asked, ["Ask size shoe EU: 38/39 or 40?"]);
}
