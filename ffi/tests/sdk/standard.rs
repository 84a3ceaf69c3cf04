//! The written standard and where the chain stands by it, on a handheld that met its hub: what the hub's key did not sign is never shown.

use carnet_ffi::{BookError, PlaybookCondition, PlaybookName, Standard, SumOfMoney};
use sync_core::concierge::gap::report::{Coverage, Honesty, ItemReport, Rate};
use sync_core::concierge::gap::{Report, StandardSnapshot};
use sync_core::concierge::playbook::terms::{Condition, Evidence, Tag, Trigger};
use sync_core::concierge::playbook::{Playbook, PlaybookBody};
use sync_core::crypto::HubKey;
use sync_core::entropy::SeededEntropy;
use sync_core::notices::{NoticeBody, NoticeDraft, Subject};
use sync_core::records::Currency;

use crate::stage::{ANA, Actor, NOON, Stage};

/// What is counted of one item, by a version of the playbook.
fn report(playbook: u64) -> Report {
    let rate = |bp, closed| Rate {
        met: closed,
        late: 0,
        missed: 0,
        bp: Some(bp),
    };
    Report {
        as_of: NOON,
        playbook,
        window_days: 365,
        active: 4_000,
        best: 40,
        gap_bp: Some(3_625),
        declared_gap_bp: 0,
        coverage: Coverage {
            median_bp: Some(8_000),
            coverage_bp: Some(4_200),
            proven_bp: Some(9_100),
            ..Coverage::default()
        },
        items: vec![ItemReport {
            item: "recognized".to_owned(),
            weight: 3,
            best: rate(10_000, 44),
            rest: rate(6_000, 1_010),
            is_proven: true,
            gap_bp: Some(4_000),
        }],
        honesty: Honesty {
            self_attested_bp: Some(3_077),
            week_minutes: 35,
            ..Honesty::default()
        },
    }
}

fn post<B: NoticeBody>(stage: &mut Stage, body: &B) {
    let draft = NoticeDraft::new(Subject::Chain, "", ("test", NOON), body);
    let posted = stage.hub.put_notices(&[draft], &mut SeededEntropy::new(5));
    assert_eq!(posted.unwrap(), 1);
}

fn signed(stage: &Stage, playbook: u64) -> StandardSnapshot {
    StandardSnapshot::sign(&report(playbook), stage.hub.context().key)
}

fn standing(actor: &Actor) -> Option<u32> {
    let playbook = actor.book.playbook().unwrap();
    let mut items = playbook.items.into_iter();
    let item = items.find(|item| item.id == "recognized").unwrap();
    item.standing.and_then(|standing| standing.best_bp)
}

#[test]
fn where_the_chain_stands_is_shown_as_the_hub_signed_it() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    assert_eq!(ana.book.standard(), Ok(None), "nobody told anything yet");
    let snapshot = signed(&stage, 0);
    post(&mut stage, &snapshot);
    stage.meet(&ana);
    let Standard {
        playbook_version,
        as_of,
        active,
        best,
        items,
        median_bp,
        gap_bp,
        coverage_bp,
        proven_bp,
        companions,
    } = ana.book.standard().unwrap().unwrap();
    assert_eq!(
        (playbook_version, as_of, active, best),
        (0, NOON, 4_000, 40)
    );
    assert_eq!(
        [median_bp, gap_bp, coverage_bp, proven_bp],
        [8_000, 3_625, 4_200, 9_100].map(Some)
    );
    let companions = companions.unwrap();
    assert_eq!(companions.self_attested_bp, Some(3_077));
    assert_eq!((companions.known_bp, companions.week_minutes), (None, 35));
    assert_eq!(items.len(), 1);
    let item = &items[0];
    assert_eq!((item.item.as_str(), item.is_proven), ("recognized", true));
    assert_eq!((item.best_bp, item.best_closed), (Some(10_000), 44));
    assert_eq!((item.rest_bp, item.rest_closed), (Some(6_000), 1_010));
    assert_eq!(standing(&ana), Some(10_000));
}

#[test]
fn what_the_hub_did_not_sign_is_refused_until_it_signs_again() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let genuine = signed(&stage, 0);
    let embellished = StandardSnapshot {
        gap_bp: Some(0),
        ..genuine.clone()
    };
    let of_another = StandardSnapshot::sign(&report(0), &HubKey::from_bytes(&[5; 32]));
    let unsigned = StandardSnapshot {
        signature: Vec::new(),
        ..genuine.clone()
    };
    for forged in [embellished, of_another, unsigned] {
        post(&mut stage, &forged);
        stage.meet(&ana);
        let refused = BookError::Rejected {
            code: "not_genuine".to_owned(),
        };
        assert_eq!(ana.book.standard(), Err(refused), "{forged:?}");
        assert_eq!(standing(&ana), None, "the playbook is read without it");
    }
    post(&mut stage, &genuine);
    stage.meet(&ana);
    let standard = ana.book.standard().unwrap().unwrap();
    assert_eq!(standard.gap_bp, Some(3_625));
}

#[test]
fn the_suggested_playbook_is_typed_and_named_in_both_languages() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let playbook = ana.book.playbook().unwrap();
    assert_eq!((playbook.version, playbook.declared_gap_bp), (0, 0));
    assert!(!playbook.is_update_needed);
    assert_eq!(playbook.items.len(), Playbook::standard().items.len());
    for item in &playbook.items {
        let languages: Vec<_> = item.names.iter().map(|name| &name.language).collect();
        assert_eq!(languages, ["en", "fr"], "{}", item.id);
        assert!(item.opens_minutes < item.closes_minutes, "{}", item.id);
        assert!(!item.done_if.is_empty(), "{}", item.id);
    }
    let mut items = playbook.items.iter();
    let known = items.find(|item| item.id == "preferences").unwrap();
    assert_eq!((known.at_least, known.target), (3, Some(5)));
    assert_eq!(
        (known.trigger, known.tag),
        (Trigger::SecondVisit, Tag::Experience)
    );
    assert_eq!(known.done_if, [[Evidence::PreferenceConfirmed]]);
    assert_eq!((known.minutes, known.closes_minutes), (5, 24 * 60));
    let french = PlaybookName {
        language: "fr".to_owned(),
        text: "Trois préférences confirmées à la deuxième visite".to_owned(),
    };
    assert_eq!(known.names[1], french);
}

#[test]
fn the_chains_own_playbook_replaces_it_and_figures_of_another_version_stand_beside_none() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let mut own = Playbook::standard();
    own.items.truncate(2);
    own.items[0].applies_if = vec![
        Condition::SpentAtLeast {
            minor: 500_000,
            currency: Currency::EUR,
        },
        Condition::Tag("gold".to_owned()),
    ];
    post(&mut stage, &PlaybookBody::of(&own));
    let of_before = signed(&stage, 0);
    post(&mut stage, &of_before);
    stage.meet(&ana);
    let playbook = ana.book.playbook().unwrap();
    assert_eq!((playbook.version, playbook.items.len()), (1, 2));
    assert_eq!(playbook.declared_gap_bp, own.declared_gap_bp());
    let amount = SumOfMoney {
        minor: 500_000,
        currency: "EUR".to_owned(),
        decimals: 2,
    };
    let tag = "gold".to_owned();
    assert!(playbook.items[0].is_for_some);
    assert_eq!(
        playbook.items[0].applies_if,
        [
            PlaybookCondition::SpentAtLeast { amount },
            PlaybookCondition::Tag { tag }
        ]
    );
    assert_eq!(standing(&ana), None, "counted by the version before");
    let of_now = signed(&stage, 1);
    post(&mut stage, &of_now);
    stage.meet(&ana);
    assert_eq!(standing(&ana), Some(10_000));
}

#[test]
fn a_playbook_in_words_of_a_newer_version_asks_for_an_update_and_the_suggested_one_counts() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let suggested = Playbook::standard().to_value().to_string();
    let json = suggested.replace("\"second_visit\"", "\"third_moon\"");
    assert_ne!(json, suggested);
    post(&mut stage, &PlaybookBody { json });
    stage.meet(&ana);
    let playbook = ana.book.playbook().unwrap();
    assert!(playbook.is_update_needed);
    assert_eq!(playbook.version, 0);
    assert_eq!(playbook.items.len(), Playbook::standard().items.len());
}

#[test]
fn nobody_reads_the_standard_signed_out() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    ana.book.set_offline(true).unwrap();
    ana.book.sign_out().unwrap();
    assert_eq!(ana.book.standard(), Err(BookError::SignInAgain));
    assert_eq!(ana.book.playbook(), Err(BookError::SignInAgain));
}
