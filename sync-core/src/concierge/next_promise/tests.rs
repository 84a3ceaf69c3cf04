//! Claims about what is proposed at the end of a visit.

use super::*;
use crate::card::terms::PromiseStatus;
use crate::card::view::SurpriseView;
use crate::concierge::scene::{DAY, HERE, ME, NOW, Scene};
use crate::ids::EditId;

fn of(scene: &Scene) -> Option<(ProposalKind, i64)> {
    let proposal = next_promise(&scene.picture())?;
    assert!(!proposal.sources.is_empty(), "{proposal:?}");
    Some((proposal.kind, (proposal.due.0 - NOW.0) / DAY))
}

/// The boot arrives in so many days.
fn arrives(scene: &mut Scene, days: i64) {
    scene.article("boot", "shoe", (&[], &[]));
    scene.stock(HERE, "boot", &[], 1);
    let here = scene.house.stock.get_mut(&("boot".to_owned(), HERE));
    here.unwrap().body.arriving = vec![(NOW.plus_ms(days * DAY), String::new(), 2)];
}

/// A promise of so many days ago, due in so many.
fn promise(scene: &mut Scene, days_ago: i64, due: i64) -> EditId {
    let what = scene.fact("call".to_owned(), days_ago);
    let id = what.sources[0];
    scene.whole.view.promises.push(PromiseView {
        id,
        sources: what.sources.clone(),
        what,
        status: PromiseStatus::Open,
        kept_at: None,
        flagged: false,
        due: Some(NOW.plus_ms(due * DAY)),
        due_disputed: false,
        assignees: vec![ME],
        overdue: due < 0,
    });
    id
}

fn all() -> Scene {
    let mut scene = Scene::new();
    scene.wish("boot");
    arrives(&mut scene, 5);
    scene.need("a coat for rain", &["rain"]);
    scene.sale(RecordKind::Purchase, &["scarf"], 0);
    scene
}

#[test]
fn nothing_asks_for_a_promise_where_nothing_is_open() {
    let mut scene = Scene::new();
    assert_eq!(of(&scene), None);
    scene.sale(RecordKind::Purchase, &["scarf"], 1);
    scene.wish("boot");
    assert_eq!(of(&scene), None, "bought yesterday, and nothing arrives");
}

#[test]
fn what_arrives_comes_before_a_need_and_a_need_before_a_care_check() {
    let mut scene = all();
    assert_eq!(of(&scene), Some((ProposalKind::Wish, 5)));
    let proposal = next_promise(&scene.picture()).unwrap();
    let stock = scene.house.stock.values().next().unwrap();
    let wish = &scene.whole.view.wishes[0].sku;
    let rests_on = [
        SourceId::from(wish.sources[0]),
        SourceId::notice(crate::notices::NoticeKind::Stock, &stock.key),
    ];
    assert_eq!(proposal.sources, rests_on);
    assert_eq!(proposal.about, "the boot");
    scene.whole.view.wishes[0].fulfilled = true;
    assert_eq!(of(&scene), Some((ProposalKind::Need, 14)));
    scene.whole.view.needs[0].state = NeedState::Answered;
    assert_eq!(of(&scene), Some((ProposalKind::CareCheck, 14)));
    scene.sale(RecordKind::Return, &["scarf"], 0);
    assert_eq!(of(&scene), None, "brought back");
}

#[test]
fn what_is_promised_is_not_proposed_again() {
    let mut scene = all();
    promise(&mut scene, 4, 5);
    assert_eq!(of(&scene), Some((ProposalKind::Need, 14)), "of that day");
    promise(&mut scene, 2, 40);
    let after = Some((ProposalKind::CareCheck, 14));
    assert_eq!(of(&scene), after, "since the need was written down");
    promise(&mut scene, 3, 20);
    assert_eq!(of(&scene), None, "it follows the purchase up");
    scene.whole.view.promises.clear();
    promise(&mut scene, 0, 90);
    assert_eq!(of(&scene), None, "in this visit, whatever it is");
    scene.whole.view.promises[0].status = PromiseStatus::Cancelled;
    assert_eq!(of(&scene), Some((ProposalKind::Wish, 5)));
}

#[test]
fn a_wish_that_is_here_or_could_harm_is_not_promised() {
    let mut scene = all();
    scene.stock(HERE, "boot", &[("", 1)], 1);
    assert_eq!(of(&scene), Some((ProposalKind::Need, 14)), "show it now");
    let mut scene = all();
    scene.article("boot", "shoe", (&[], &["nickel"]));
    scene.allergy("nickel");
    assert_eq!(of(&scene), Some((ProposalKind::Need, 14)));
}

#[test]
fn nothing_is_proposed_to_who_wants_no_contact() {
    let refuses: [fn(&mut Scene); 6] = [
        |scene| scene.whole.is_erased = true,
        |scene| scene.whole.view.contact.is_minor = Some(scene.fact(true, 9)),
        |scene| scene.whole.view.contact.blocked = Some(scene.fact(None, 9)),
        |scene| scene.whole.view.agreement = Some(scene.fact(Agreement::Ended, 9)),
        |scene| scene.whole.view.contact.mode = Some(scene.fact(ServiceMode::LeaveAlone, 9)),
        |scene| {
            let until = NOW.plus_ms(6 * DAY);
            scene.whole.view.contact.paused_until = Some(scene.fact(until, 9));
        },
    ];
    for refuse in refuses {
        let mut scene = all();
        refuse(&mut scene);
        assert_eq!(of(&scene), None);
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let mut scene = all();
    scene.wish("belt");
    scene.stock(HERE, "belt", &[], 1);
    let belt = scene.house.stock.get_mut(&("belt".to_owned(), HERE));
    belt.unwrap().body.arriving = vec![(NOW.plus_ms(5 * DAY), String::new(), 1)];
    let first = next_promise(&scene.picture());
    scene.whole.view.wishes.reverse();
    assert_eq!(next_promise(&scene.picture()), first);
    scene.whole.view.wishes.clear();
    scene.need("shoes for a wedding", &[]);
    let first = next_promise(&scene.picture());
    scene.whole.view.needs.reverse();
    assert_eq!(next_promise(&scene.picture()), first);
}

#[test]
fn no_promise_tells_of_what_is_kept_secret() {
    let mut scene = Scene::new();
    scene.wish("boot");
    arrives(&mut scene, 5);
    scene.whole.view.wishes[0].surprise_until = Some(NOW.plus_ms(20 * DAY));
    assert_eq!(of(&scene), None);
    scene.sale(RecordKind::Purchase, &["ring"], 0);
    assert_eq!(of(&scene).map(|one| one.0), Some(ProposalKind::CareCheck));
    let ring = &scene.whole.sales[0];
    let id = crate::card::normal::surprise_id(&ring.source, &ring.source_id);
    let source = ring.source.clone();
    let purchase = ring.source_id.clone();
    let purchase = scene.fact(purchase, 0);
    let until = NOW.plus_ms(20 * DAY);
    scene.whole.view.surprises.push(SurpriseView {
        id,
        source,
        purchase,
        until,
    });
    assert_eq!(of(&scene), None);
}

#[test]
fn what_was_brought_back_is_not_asked_about() {
    let mut scene = Scene::new();
    scene.sale(RecordKind::Purchase, &["Boot", "scarf"], 0);
    scene.sale(RecordKind::Return, &["boot"], 0);
    let proposal = next_promise(&scene.picture()).unwrap();
    assert_eq!(proposal.about, "scarf");
}
