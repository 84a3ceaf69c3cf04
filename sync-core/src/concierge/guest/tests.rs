//! Claims about the guest card.

use super::*;
use crate::card::stage::Stage;
use crate::card::terms::ConsentMethod;
use crate::concierge::scene::{DAY, HERE, HOUR, ME, NOW, Scene};
use crate::entropy::SeededEntropy;
use crate::store::Store;
use crate::store::memory::MemoryStore;

fn begin(now: Timestamp) -> GuestCard {
    let house = Scene::new().house;
    GuestCard::begin(&house, (HERE, ME), now, &mut SeededEntropy::new(1))
}

fn need() -> GuestEntry {
    GuestEntry::Need {
        what: "a coat for the rain".to_owned(),
        tags: vec!["rain".to_owned()],
    }
}

fn liked() -> GuestEntry {
    GuestEntry::Reaction {
        sku: "trench".to_owned(),
        sentiment: "liked".to_owned(),
        words: None,
    }
}

fn introduction(newcomer: Option<Newcomer>) -> Introduction {
    Introduction {
        evidence: Evidence {
            text_version: "1".to_owned(),
            method: ConsentMethod::Signature,
            reference: None,
        },
        newcomer,
    }
}

#[test]
fn a_guest_card_ends_at_23_59_on_the_shops_clock() {
    let midnight = NOW.0 - NOW.0.rem_euclid(DAY);
    // The shop is an hour ahead of UTC.
    let end = Timestamp(midnight + 23 * HOUR - MINUTE_MS);
    let card = begin(NOW);
    assert_eq!(card.expires, end);
    assert!(!card.is_expired(end.plus_ms(-1)) && card.is_expired(end));
    let late = begin(end);
    assert_eq!(
        late.expires,
        end.plus_ms(DAY),
        "the last minute belongs to the next night"
    );
    assert_eq!(begin(end.plus_ms(MINUTE_MS)).expires, end.plus_ms(DAY));
}

#[test]
fn nothing_of_a_guest_is_left_but_that_somebody_was_there() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let mut card = begin(NOW);
    card.add(need(), NOW).unwrap();
    put(&mut *tx, &card).unwrap();
    assert_eq!(sweep(&mut *tx, NOW).unwrap(), 0);
    assert_eq!(
        open(tx.as_read(), NOW).unwrap(),
        std::slice::from_ref(&card)
    );
    assert_eq!(get(tx.as_read(), card.id, NOW).unwrap(), card);
    let night = card.expires;
    assert!(matches!(
        get(tx.as_read(), card.id, night),
        Err(GuestError::Expired)
    ));
    assert_eq!(open(tx.as_read(), night).unwrap(), []);
    assert_eq!(sweep(&mut *tx, night).unwrap(), 1);
    assert_eq!(sweep(&mut *tx, night).unwrap(), 0);
    assert!(matches!(
        get(tx.as_read(), card.id, NOW),
        Err(GuestError::Unknown)
    ));
    let days = walk_ins(tx.as_read()).unwrap();
    assert_eq!(days, [(card.day, 1)].into());
    let mut left = 0;
    scan_prefix(tx.as_read(), Table::Gap, b"", &mut |_, value| {
        left += 1;
        assert!(value.len() < 4, "a number");
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    assert_eq!(left, 1);
}

fn gone(tx: &mut dyn WriteTx, at: Timestamp, seed: u64) -> GuestCard {
    let mut entropy = SeededEntropy::new(seed);
    let card = GuestCard::begin(&Scene::new().house, (HERE, ME), at, &mut entropy);
    put(tx, &card).unwrap();
    sweep(tx, card.expires).unwrap();
    card
}

#[test]
fn walk_ins_are_told_until_the_hub_has_all_of_them() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    assert_eq!(untold_walk_ins(tx.as_read()).unwrap(), []);
    let card = gone(&mut *tx, NOW, 1);
    let day = card.day;
    let told = |count| WalkIns { day, count };
    assert_eq!(untold_walk_ins(tx.as_read()).unwrap(), [told(1)]);
    assert_eq!(
        untold_walk_ins(tx.as_read()).unwrap(),
        [told(1)],
        "and again"
    );
    told_walk_ins(&mut *tx, &[]).unwrap();
    assert_eq!(
        untold_walk_ins(tx.as_read()).unwrap(),
        [told(1)],
        "an older hub says nothing of them"
    );
    told_walk_ins(&mut *tx, &[told(1)]).unwrap();
    assert_eq!(untold_walk_ins(tx.as_read()).unwrap(), []);
    gone(&mut *tx, NOW, 2);
    assert_eq!(
        untold_walk_ins(tx.as_read()).unwrap(),
        [told(2)],
        "all of the day, so that nothing is added up twice"
    );
    told_walk_ins(&mut *tx, &[told(2)]).unwrap();
    let later = gone(&mut *tx, NOW.plus_ms(60 * Timestamp::DAY_MS), 3);
    assert_eq!(
        walk_ins(tx.as_read()).unwrap(),
        [(later.day, 1)].into(),
        "what the hub has is forgotten after a month"
    );
    let nobody = WalkIns { day: 1, count: 9 };
    told_walk_ins(&mut *tx, &[nobody]).unwrap();
    assert_eq!(untold_walk_ins(tx.as_read()).unwrap().len(), 1);
}

#[test]
fn a_converted_guest_is_no_walk_in() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let card = begin(NOW);
    put(&mut *tx, &card).unwrap();
    converted(&mut *tx, card.id).unwrap();
    assert_eq!(sweep(&mut *tx, card.expires).unwrap(), 0);
    assert!(walk_ins(tx.as_read()).unwrap().is_empty());
}

#[test]
fn a_guest_becomes_a_customer_by_consent() {
    let mut card = begin(NOW);
    card.add(need(), NOW).unwrap();
    card.add(liked(), NOW).unwrap();
    let name = [(NamePart::Given, "Lea".to_owned())].into();
    let newcomer = Newcomer {
        name,
        ..Newcomer::default()
    };
    let edits = card.edits(&introduction(Some(newcomer)), NOW).unwrap();
    assert_eq!(edits.len(), 4);
    let mut stage = Stage::new();
    stage.customer = card.id;
    for edit in &edits {
        stage.does(edit);
    }
    let view = stage.view();
    assert_eq!(view.name.shown(), "Lea");
    assert_eq!(view.agreement.unwrap().value, Agreement::Agreed);
    assert_eq!(view.reactions[0].sku, "trench");
    assert_eq!(view.needs[0].what.value, "a coat for the rain");
    assert_eq!(view.needs[0].tags, ["rain"]);
    let known = card.edits(&introduction(None), NOW).unwrap();
    assert!(
        !known
            .iter()
            .any(|edit| matches!(edit, Edit::CreateCustomer { .. }))
    );
    assert!(matches!(known[0], Edit::SetAgreement { .. }));
    let late = card.edits(&introduction(None), card.expires);
    assert!(matches!(late, Err(GuestError::Expired)));
}

#[test]
fn a_guest_card_takes_sound_words_up_to_its_bound() {
    let mut card = begin(NOW);
    let bad = GuestEntry::Reaction {
        sku: "trench".to_owned(),
        sentiment: "ecstatic".to_owned(),
        words: None,
    };
    assert!(matches!(card.add(bad, NOW), Err(GuestError::BadText)));
    let empty = GuestEntry::Need {
        what: " ".to_owned(),
        tags: Vec::new(),
    };
    assert!(matches!(card.add(empty, NOW), Err(GuestError::BadText)));
    for _ in 0..GUEST_ENTRIES_MAX {
        card.add(liked(), NOW).unwrap();
    }
    assert!(matches!(card.add(need(), NOW), Err(GuestError::Full)));
    assert!(matches!(
        card.add(need(), card.expires),
        Err(GuestError::Expired)
    ));
}
