//! Claims about recommendations and referral.

use super::*;
use crate::card::terms::{OccasionKind, Polarity, Sentiment};
use crate::card::view::{OccasionView, ReactionView, Strength};
use crate::concierge::scene::{HERE, Scene, THERE};
use crate::notices::bodies::PairsBody;
use crate::records::RecordKind;

const LIKE: Polarity = Polarity::Like;
const SURE: (Strength, i64) = (Strength::Confirmed, 10);

fn shown(scene: &Scene) -> Vec<(String, u32)> {
    let of = Recommendations::of(&scene.picture());
    let items = of.items.into_iter();
    items.map(|item| (item.sku, item.score)).collect()
}

fn kinds(scene: &Scene, sku: &str) -> Vec<ReasonKind> {
    let of = Recommendations::of(&scene.picture());
    let item = of.items.into_iter().find(|item| item.sku == sku);
    let reasons = item.map(|item| item.reasons).unwrap_or_default();
    reasons.into_iter().map(|reason| reason.kind).collect()
}

fn referred(scene: &Scene) -> Vec<ReferralKind> {
    let of = Recommendations::of(&scene.picture());
    of.referrals.into_iter().map(|line| line.kind).collect()
}

/// A customer with a reason of each kind for the trench coat.
fn full() -> Scene {
    let mut scene = Scene::new();
    scene.article(
        "trench",
        "coat",
        (&["birthday", "navy", "rain"], &["cotton"]),
    );
    scene.article("scarf", "scarf", (&["navy"], &["wool"]));
    scene.need("something for the rain", &["rain"]);
    scene.wish("Trench");
    scene.preference(("color", "coats", "navy"), LIKE, SURE);
    scene.sale(RecordKind::Purchase, &["scarf"], 40);
    let with = vec![("trench".to_owned(), 15_000, 20)];
    scene
        .house
        .pairs
        .insert("scarf".to_owned(), PairsBody { with });
    let source = scene.edit();
    scene.whole.view.occasions.push(OccasionView {
        id: "birthday".to_owned(),
        kind: OccasionKind::Birthday,
        person: None,
        year: None,
        month: Some(3),
        day: Some(10),
        celebrate: Some(true),
        known_at: None,
        needs_confirmation: false,
        sources: vec![source],
    });
    scene
}

#[test]
fn the_score_is_the_sum_of_the_reasons() {
    let scene = full();
    let of = Recommendations::of(&scene.picture());
    let best = &of.items[0];
    assert_eq!(
        (best.sku.as_str(), best.score),
        ("trench", 5 + 4 + 3 + 2 + 1)
    );
    for item in &of.items {
        let sum: u32 = item.reasons.iter().map(|reason| reason.points).sum();
        assert_eq!(item.score, sum);
        for reason in &item.reasons {
            assert_eq!(reason.points, reason.kind.points());
            assert!(!reason.sources.is_empty(), "{reason:?}");
        }
    }
}

#[test]
fn without_its_fact_a_reason_is_gone_and_so_are_its_points() {
    type Take = fn(&mut Scene);
    let take: [(ReasonKind, Take); 5] = [
        (ReasonKind::Need, |scene| scene.whole.view.needs.clear()),
        (ReasonKind::Wish, |scene| scene.whole.view.wishes.clear()),
        (ReasonKind::Preference, |scene| {
            scene.whole.view.preferences.clear();
        }),
        (ReasonKind::Pairs, |scene| scene.whole.sales.clear()),
        (ReasonKind::Occasion, |scene| {
            scene.whole.view.occasions.clear();
        }),
    ];
    for (kind, take) in take {
        let mut scene = full();
        let before = shown(&scene)[0].1;
        assert!(kinds(&scene, "trench").contains(&kind));
        take(&mut scene);
        assert_eq!(shown(&scene)[0].1, before - kind.points(), "{kind:?}");
    }
}

#[test]
fn what_must_not_be_shown_is_not_shown() {
    let barred = |bar: fn(&mut Scene)| {
        let mut scene = full();
        bar(&mut scene);
        !shown(&scene).iter().any(|(sku, _)| sku == "trench")
    };
    assert!(!barred(|_| {}));
    assert!(barred(|scene| scene.allergy("Cotton")));
    assert!(barred(|scene| scene.allergy("cotton dust")));
    let never = Polarity::Never;
    let weak = (Strength::Weak, 5);
    assert!(!barred(|scene| scene.allergy("wool")));
    assert!(barred(|scene| scene.preference(
        ("material", "cotton", ""),
        Polarity::Never,
        SURE
    )));
    let mut scene = full();
    scene.preference(("color", "coat", "navy"), never, weak);
    assert!(
        !shown(&scene).iter().any(|(sku, _)| sku == "trench"),
        "weak or not"
    );
    assert!(barred(|scene| {
        let sentiment = scene.fact(Sentiment::Disliked, 300);
        scene.whole.view.reactions.push(ReactionView {
            edit: sentiment.sources[0],
            interaction: None,
            sku: "TRENCH".to_owned(),
            sentiment,
            words: None,
            superseded: false,
        });
    }));
    assert!(barred(|scene| scene.sale(
        RecordKind::Purchase,
        &["trench"],
        90
    )));
    assert!(!barred(|scene| {
        scene.sale(RecordKind::Purchase, &["trench"], 90);
        scene.sale(RecordKind::Return, &["trench"], 80);
    }));
    let sized = |scene: &mut Scene| {
        let trench = scene.house.articles.get_mut("trench").unwrap();
        trench.sizes = vec!["36".to_owned(), "38".to_owned()];
        trench.size_system = Some("EU".to_owned());
    };
    let mut scene = full();
    sized(&mut scene);
    scene.size("Coats", "38", 10);
    assert_eq!(shown(&scene)[0].0, "trench");
    scene.whole.view.sizes[0].size.value = "44".to_owned();
    assert!(!shown(&scene).iter().any(|(sku, _)| sku == "trench"));
    scene.whole.view.sizes[0].size.needs_confirmation = true;
    assert_eq!(shown(&scene)[0].0, "trench", "38 or 44: ask");
}

#[test]
fn what_is_used_up_is_due_after_the_customers_own_interval() {
    let mut scene = Scene::new();
    scene.article("cream", "cream", (&[], &[]));
    scene.house.articles.get_mut("cream").unwrap().is_consumable = true;
    for days in [100, 70] {
        scene.sale(RecordKind::Purchase, &["cream"], days);
    }
    assert_eq!(
        shown(&scene),
        [],
        "two purchases have no interval of their own"
    );
    scene.sale(RecordKind::Purchase, &["cream"], 31);
    assert_eq!(shown(&scene), [], "median 34.5 days, 31 gone by");
    scene.now = scene.now.plus_ms(4 * crate::concierge::scene::DAY);
    assert_eq!(shown(&scene), [("cream".to_owned(), 2)]);
}

#[test]
fn a_weak_preference_and_a_thin_pair_are_no_reasons() {
    let mut scene = full();
    scene.whole.view.preferences[0].strength = Strength::Observed;
    assert!(!kinds(&scene, "trench").contains(&ReasonKind::Preference));
    for (lift, support) in [(14_999, 20), (15_000, 19)] {
        let with = vec![("trench".to_owned(), lift, support)];
        scene
            .house
            .pairs
            .insert("scarf".to_owned(), PairsBody { with });
        assert!(!kinds(&scene, "trench").contains(&ReasonKind::Pairs));
    }
}

#[test]
fn at_most_three_preferences_count_and_five_articles_are_shown() {
    let mut scene = Scene::new();
    for number in 0..7 {
        scene.article(
            &format!("bag-{number}"),
            "bag",
            (&["a", "b", "c", "d"], &[]),
        );
    }
    for tag in ["a", "b", "c", "d"] {
        scene.preference(("kind", tag, ""), LIKE, SURE);
    }
    let shown = shown(&scene);
    assert_eq!(shown.len(), SHOWN_MAX);
    assert!(shown.iter().all(|(_, score)| *score == 9));
    assert_eq!(shown[0].0, "bag-0");
}

#[test]
fn a_need_that_nothing_here_answers_is_referred_in_order() {
    use ReferralKind::{GroupHouse, OtherShop, Outside, SpecialOrder};
    let mut scene = Scene::new();
    scene.need("a tent for four", &["tent"]);
    assert_eq!(referred(&scene), [GroupHouse, Outside], "nothing of ours");
    scene.article("tipi", "outdoor", (&["tent"], &["cotton"]));
    assert_eq!(referred(&scene), [SpecialOrder, GroupHouse, Outside]);
    scene.stock(THERE, "tipi", &[("", 2)], 30);
    assert_eq!(
        referred(&scene),
        [OtherShop, SpecialOrder, GroupHouse, Outside]
    );
    let of = Recommendations::of(&scene.picture());
    assert_eq!(
        (of.referrals[0].shop, of.referrals[0].hours_old),
        (Some(THERE), Some(30))
    );
    assert!(of.referrals.iter().all(|line| !line.sources.is_empty()));
    scene.stock(HERE, "tipi", &[("", 1)], 1);
    assert_eq!(referred(&scene), [], "it is here");
    scene.allergy("cotton");
    assert_eq!(referred(&scene), [GroupHouse, Outside], "but it would harm");
}

#[test]
fn a_size_that_is_not_here_is_referred_too() {
    use ReferralKind::{GroupHouse, OtherShop, Outside, SpecialOrder};
    let mut scene = Scene::new();
    scene.need("boots for snow", &["snow"]);
    scene.article("boot", "shoe", (&["snow"], &[]));
    let boot = scene.house.articles.get_mut("boot").unwrap();
    boot.sizes = vec!["38".to_owned(), "39".to_owned()];
    scene.size("shoe", "39", 10);
    scene.stock(HERE, "boot", &[("38", 3)], 1);
    scene.stock(THERE, "boot", &[("39", 1)], 1);
    assert_eq!(
        referred(&scene),
        [OtherShop, SpecialOrder, GroupHouse, Outside]
    );
    scene.stock(HERE, "boot", &[("38", 3), ("39", 1)], 1);
    assert_eq!(referred(&scene), []);
    scene.whole.view.sizes[0].size.value = "45".to_owned();
    assert_eq!(
        referred(&scene),
        [SpecialOrder, GroupHouse, Outside],
        "not made in 45"
    );
}

#[test]
fn money_changes_nothing() {
    let mut scene = full();
    let hash = Recommendations::of(&scene.picture()).hash();
    for record in &mut scene.whole.sales {
        record.sale.amount_minor *= 1_000;
        record.sale.lines[0].amount_minor = 1;
    }
    for article in scene.house.articles.values_mut() {
        article.price = Some((1_000_000, crate::records::Currency::EUR));
    }
    assert_eq!(Recommendations::of(&scene.picture()).hash(), hash);
}
