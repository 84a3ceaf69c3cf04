//! Claims about preferences, sizes and wishes.

use super::*;

#[test]
fn one_sighting_is_a_question_and_two_days_make_a_fact() {
    let mut stage = Stage::agreed();
    let strength = |stage: &Stage| stage.view().preferences[0].strength;
    stage.source = Source::Observed;
    stage.does(&observe("navy"));
    assert_eq!(strength(&stage), Strength::Weak);
    stage.does(&observe("navy"));
    assert_eq!(
        strength(&stage),
        Strength::Weak,
        "twice on one day is one day"
    );
    stage.days_later(3);
    stage.does(&observe("gray"));
    assert_eq!(
        strength(&stage),
        Strength::Weak,
        "another value speaks for itself"
    );
    stage.does(&observe("gray"));
    stage.days_later(2);
    stage.does(&observe("Gray "));
    let view = stage.view();
    assert_eq!(view.preferences[0].strength, Strength::Observed);
    assert_eq!(view.preferences[0].days_seen, 2);
    stage.days_later(366);
    assert_eq!(strength(&stage), Strength::Stale);
    stage.source = Source::Stated;
    stage.does(&set_preference("gray", Polarity::Like));
    assert_eq!(strength(&stage), Strength::Confirmed);
    stage.days_later(366);
    assert_eq!(strength(&stage), Strength::Stale);
    stage.source = Source::Typed;
    stage.does(&set_preference("red", Polarity::Like));
    assert_eq!(strength(&stage), Strength::Weak);
}

#[test]
fn a_sighting_is_no_statement_on_whatever_ground_it_is_recorded() {
    let mut stage = Stage::agreed();
    stage.source = Source::CustomerEntered;
    stage.does(&observe("navy"));
    assert_eq!(stage.view().preferences[0].strength, Strength::Weak);
    stage.source = Source::Typed;
    stage.does(&set_preference("navy", Polarity::Like));
    assert_eq!(stage.view().preferences[0].strength, Strength::Weak);
}

#[test]
fn the_stronger_caution_wins_and_the_dispute_is_shown() {
    let mut stage = Stage::new();
    stage.meanwhile(&[
        &[set_preference("wool", Polarity::Like)],
        &[set_preference("wool", Polarity::Never)],
    ]);
    let view = stage.view();
    assert_eq!(view.preferences[0].polarity, Polarity::Never);
    assert!(
        !view.preferences[0].value.needs_confirmation,
        "both said wool"
    );
    assert!(matches!(
        view.conflicts[..],
        [Conflict {
            question: Question::Polarity { .. },
            ..
        }]
    ));
}

#[test]
fn a_dropped_preference_comes_back_only_by_what_the_drop_had_not_seen() {
    let mut stage = Stage::agreed();
    stage.does(&observe("navy"));
    stage.does(&set_preference("navy", Polarity::Like));
    let drop = json(r#"{"edit":"drop_preference","kind":"color","subject":"coats"}"#);
    let mut quiet = stage.clone();
    quiet.does(&drop);
    assert!(quiet.view().preferences.is_empty());
    quiet.does(&observe("red"));
    assert_eq!(
        quiet.view().preferences[0].value.value.as_deref(),
        Some("red")
    );
    stage.meanwhile(&[std::slice::from_ref(&drop), &[observe("green")]]);
    let view = stage.view();
    assert_eq!(view.preferences[0].value.value.as_deref(), Some("green"));
    assert_eq!(view.preferences[0].strength, Strength::Weak);
    stage.meanwhile(&[&[drop], &[set_preference("blue", Polarity::Avoid)]]);
    assert_eq!(
        stage.view().preferences[0].polarity,
        Polarity::Avoid,
        "set beats dropped"
    );
}

#[test]
fn two_values_of_a_preference_are_both_kept_until_one_is_chosen() {
    let mut stage = Stage::new();
    let heads = stage.meanwhile(&[
        &[set_preference("navy", Polarity::Like)],
        &[set_preference("gray", Polarity::Like)],
    ]);
    let mut view = stage.view();
    assert!(view.preferences[0].value.needs_confirmation);
    assert_eq!(view.preferences[0].value.sources, heads);
    let conflict = view.conflicts.remove(0);
    assert!(matches!(conflict.question, Question::Preference { .. }));
    stage.does(&Edit::Resolve {
        place: conflict.place,
        path: conflict.path,
        choose: heads[1],
    });
    let view = stage.view();
    assert_eq!(view.preferences[0].value.value.as_deref(), Some("gray"));
    assert!(view.conflicts.is_empty());
}

#[test]
fn two_sizes_are_both_shown_until_somebody_asks() {
    let mut stage = Stage::new();
    let size = |size: &str| Edit::SetSize {
        category: "shoe".to_owned(),
        system: "EU".to_owned(),
        brand: None,
        size: Some(size.to_owned()),
    };
    stage.meanwhile(&[&[size("38")], &[size("39")], &[size("39")]]);
    let view = stage.view();
    let conflict = &view.conflicts[0];
    let texts: Vec<_> = conflict
        .options
        .iter()
        .map(|option| option.text.as_str())
        .collect();
    assert_eq!(texts, ["38", "39", "39"]);
    assert!(view.sizes[0].size.needs_confirmation);
    stage.does(&size("38.5"));
    let view = stage.view();
    assert_eq!(view.sizes[0].size.value, "38.5");
    assert!(view.conflicts.is_empty());
    stage.does(&Edit::SetSize {
        category: "Shoe".to_owned(),
        system: "eu".to_owned(),
        brand: None,
        size: None,
    });
    assert!(stage.view().sizes.is_empty());
}

#[test]
fn wishing_again_without_a_number_leaves_the_number() {
    let mut stage = Stage::new();
    stage.does(&json(r#"{"edit":"add_wish","sku":"A-1"}"#));
    assert_eq!(stage.view().wishes[0].quantity, 1);
    stage.does(&json(r#"{"edit":"add_wish","sku":"A-1","quantity":3}"#));
    stage.does(&json(r#"{"edit":"add_wish","sku":"A-1","note":"in red"}"#));
    assert_eq!(stage.view().wishes[0].quantity, 3);
}

#[test]
fn a_wish_comes_true_by_a_purchase_of_its_article_since() {
    let mut stage = Stage::new();
    stage.does(&json(r#"{"edit":"add_wish","sku":"A-1"}"#));
    stage.does(&json(r#"{"edit":"add_wish","sku":"B-2"}"#));
    let today = stage.now.days();
    let fulfilled = |bought: &[(&str, i64)]| {
        let mut view = stage.view();
        view.fulfil(bought.iter().copied());
        let wishes = view.wishes.iter().filter(|wish| wish.fulfilled);
        wishes
            .map(|wish| wish.sku.value.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(fulfilled(&[("a-1", today)]), ["A-1"]);
    assert_eq!(fulfilled(&[("A-1", today - 1), ("C-3", today)]), [""; 0]);
}

#[test]
fn a_wish_adds_up_to_the_most_that_anybody_said() {
    let mut stage = Stage::new();
    let until = stage.now.plus_ms(Timestamp::DAY_MS);
    stage.meanwhile(&[
        &[Edit::AddWish {
            sku: "A-1".to_owned(),
            quantity: Some(2),
            note: None,
            surprise_until: Some(until),
        }],
        &[json(r#"{"edit":"add_wish","sku":"a-1","quantity":3}"#)],
        &[json(r#"{"edit":"remove_wish","sku":"A-1"}"#)],
    ]);
    let view = stage.view();
    assert_eq!(view.wishes.len(), 1);
    assert_eq!(
        (view.wishes[0].quantity, view.wishes[0].surprise_until),
        (3, Some(until))
    );
    stage.days_later(2);
    assert_eq!(stage.view().wishes[0].surprise_until, None, "a secret ends");
    stage.does(&json(r#"{"edit":"fulfill_wish","sku":"A-1"}"#));
    assert!(stage.view().wishes[0].fulfilled);
    stage.does(&json(r#"{"edit":"add_wish","sku":"A-1"}"#));
    assert!(!stage.view().wishes[0].fulfilled, "wished for again");
}

#[test]
fn a_purchase_stays_secret_for_as_long_as_anybody_said_and_can_be_told_by_who_saw_that() {
    let mut stage = Stage::new();
    let until = |stage: &Stage, days: i64| stage.now.plus_ms(days * Timestamp::DAY_MS);
    let surprise = |source: &str, purchase: &str, until| {
        Edit::SetSurprise(SurpriseInput {
            source: source.to_owned(),
            purchase: purchase.to_owned(),
            until,
        })
    };
    let [soon, later] = [1, 5].map(|days| until(&stage, days));
    stage.meanwhile(&[
        &[surprise("till", "T-1", Some(soon))],
        &[surprise("Till", "t-1", Some(later))],
        &[surprise("till", "T-1", None)],
    ]);
    let view = stage.view();
    assert_eq!(view.surprises.len(), 1);
    let kept = |source, purchase| view.surprise(source, purchase).map(|one| one.until);
    assert_eq!(
        kept("till", "T-1"),
        Some(later),
        "a secret wins over its end"
    );
    assert_eq!((kept("till", "T-2"), kept("web", "T-1")), (None, None));
    stage.days_later(4);
    assert_eq!(stage.view().surprises.len(), 1);
    stage.days_later(1);
    assert_eq!(stage.view().surprises, [], "it ends by itself");
    let again = until(&stage, 1);
    stage.does(&surprise("till", "T-1", Some(again)));
    assert_eq!(stage.view().surprises[0].until, again, "sooner than before");
    stage.does(&surprise("till", "T-1", None));
    assert_eq!(stage.view().surprises, [], "who saw it may end it");
}
