//! Claims about the confirmation loop.

use super::*;
use crate::card::stage::Stage;
use crate::card::terms::Polarity;
use crate::concierge::scene::{DAY, Scene};

fn about(ask: Option<Ask<'_>>) -> String {
    match ask.map(|ask| ask.doubt) {
        None => String::new(),
        Some(Doubt::Conflict(conflict)) => conflict.path.clone(),
        Some(Doubt::Preference(one)) => one.subject.clone(),
        Some(Doubt::Size(one)) => one.category.clone(),
    }
}

#[test]
fn the_oldest_doubt_is_asked_first() {
    let mut scene = Scene::new();
    let like = Polarity::Like;
    scene.preference(("color", "coats", "navy"), like, (Strength::Weak, 20));
    scene.preference(("drink", "tea", ""), like, (Strength::Confirmed, 10));
    assert_eq!(about(next_ask(&scene.picture())), "coats");
    // In doubt since 30 days: 395 days ago it was sure.
    scene.preference(("cut", "trousers", "wide"), like, (Strength::Stale, 395));
    assert_eq!(about(next_ask(&scene.picture())), "trousers");
    scene.size("shoe", "38", 400);
    assert_eq!(about(next_ask(&scene.picture())), "shoe");
    assert_eq!(asks(&scene.picture()).len(), 3);
}

#[test]
fn there_is_one_question_a_visit() {
    let mut scene = Scene::new();
    scene.preference(
        ("cut", "trousers", "wide"),
        Polarity::Like,
        (Strength::Weak, 30),
    );
    let arrived = scene.fact(None, 0);
    let id = arrived.sources[0];
    scene.whole.view.visits.push(crate::card::view::VisitView {
        id,
        arrived,
        captured: Vec::new(),
        closed_at: None,
        thread: None,
        open: true,
    });
    assert!(next_ask(&scene.picture()).is_some());
    scene.now = scene.now.plus_ms(60_000);
    scene.preference(
        ("drink", "tea", ""),
        Polarity::Like,
        (Strength::Confirmed, 0),
    );
    assert_eq!(next_ask(&scene.picture()), None, "one was answered");
    scene.whole.view.visits[0].open = false;
    assert!(
        next_ask(&scene.picture()).is_some(),
        "the next visit asks again"
    );
}

#[test]
fn an_answer_settles_its_doubt() {
    let mut stage = Stage::agreed();
    let size = |size: &str| Edit::SetSize {
        category: "shoe".to_owned(),
        system: "EU".to_owned(),
        brand: None,
        size: Some(size.to_owned()),
    };
    stage.meanwhile(&[&[size("38")], &[size("39")]]);
    stage.source = Source::Typed;
    stage.does(&Edit::SetPreference {
        kind: "color".to_owned(),
        subject: "coats".to_owned(),
        value: Some("navy".to_owned()),
        polarity: Polarity::Like,
    });
    stage.source = Source::Stated;
    let mut asked = 0;
    loop {
        let mut scene = Scene::new();
        scene.whole.view = stage.view();
        scene.now = stage.now;
        let Some(ask) = next_ask(&scene.picture()) else {
            break;
        };
        asked += 1;
        let reply = match ask.doubt {
            Doubt::Conflict(conflict) => {
                assert_eq!(ask.answer(&Reply::Yes), None, "yes is no choice");
                Reply::Choose(conflict.options[1].edit)
            }
            Doubt::Preference(_) | Doubt::Size(_) => Reply::Yes,
        };
        assert!(!ask.sources().is_empty());
        let edit = ask.answer(&reply).unwrap();
        stage.does(&edit);
    }
    assert_eq!(asked, 2);
    let view = stage.view();
    assert_eq!(view.preferences[0].strength, Strength::Confirmed);
    assert_eq!(view.sizes[0].size.value, "39");
}

#[test]
fn a_size_is_asked_again_after_its_half_life() {
    let mut scene = Scene::new();
    scene.size("shoe", "38", 365);
    assert_eq!(next_ask(&scene.picture()), None);
    scene.now = scene.now.plus_ms(DAY);
    let picture = scene.picture();
    let ask = next_ask(&picture).unwrap();
    let edit = ask.answer(&Reply::Instead("39".to_owned())).unwrap();
    assert!(matches!(edit, Edit::SetSize { size: Some(size), .. } if size == "39"));
    let dropped = ask.answer(&Reply::No).unwrap();
    assert!(matches!(dropped, Edit::SetSize { size: None, .. }));
}
