//! Claims about the brief of the customer seen whole: what the house and other systems add to the card.

use super::english;
use crate::card::terms::{
    Act, AskKind, InteractionKind, Polarity, Sensitivity, Sentiment, SuggestionState,
};
use crate::card::view::*;
use crate::concierge::SourceId;
use crate::concierge::brief::Brief;
use crate::concierge::picture::Told;
use crate::concierge::scene::{DAY, HERE, HOUR, ME, NOW, Scene, THERE};
use crate::ids::AssociateId;
use crate::notices::bodies::{AnswerBody, AnswerState, CaseState, OwnerBody, StaffBody};
use crate::records::RecordKind;

fn acts(scene: &Scene) -> Vec<String> {
    english(&Brief::of(&scene.picture()).act)
}

fn avoids(scene: &Scene) -> Vec<String> {
    english(&Brief::of(&scene.picture()).avoid)
}

pub(super) fn dislike(scene: &mut Scene, sku: &str, days_ago: i64) {
    let sentiment = scene.fact(Sentiment::Disliked, days_ago);
    scene.whole.view.reactions.push(ReactionView {
        edit: sentiment.sources[0],
        interaction: None,
        sku: sku.to_owned(),
        sentiment,
        words: None,
        superseded: false,
    });
}

pub(super) fn guarded(scene: &mut Scene) {
    let id = scene.edit();
    scene.whole.view.notes.push(NoteView {
        id,
        place: crate::card::terms::Place::Card,
        title: None,
        versions: Vec::new(),
        label: Sensitivity::Guarded,
        archived: false,
        pinned: None,
        redacted: false,
        moved_to: None,
        pending: Vec::new(),
        sources: vec![id],
    });
}

pub(super) fn ask(scene: &mut Scene, kind: AskKind, subject: Option<&str>, answer: AnswerState) {
    let words: Fact<Option<String>> = scene.fact(None, 1);
    let id = words.sources[0];
    scene.whole.view.asks.push(AskView {
        id,
        kind,
        subject: subject.map(str::to_owned),
        purpose: None,
        quantity: 1,
        at: None,
        words,
        withdrawn: false,
    });
    let told = Told {
        key: id.to_string(),
        source: "hub".to_owned(),
        as_of: scene.now.plus_ms(-HOUR),
        body: AnswerBody {
            ask: id,
            state: answer,
            code: "busy".to_owned(),
            at: Some(scene.now.plus_ms(2 * DAY)),
            words: Some("Ana is away before".to_owned()),
        },
    };
    scene.whole.answers.insert(id, told);
}

pub(super) fn promise(scene: &mut Scene, what: &str, days: i64) {
    let what = scene.fact(what.to_owned(), 3);
    let id = what.sources[0];
    scene.whole.view.promises.push(PromiseView {
        id,
        sources: what.sources.clone(),
        what,
        status: crate::card::terms::PromiseStatus::Open,
        kept_at: None,
        flagged: false,
        due: Some(scene.now.plus_ms(days * DAY)),
        due_disputed: false,
        assignees: vec![ME],
        overdue: days < 0,
    });
}

#[test]
fn what_to_avoid_stands_in_the_order_of_its_weight() {
    let mut scene = Scene::new();
    dislike(&mut scene, "blue scarf", 100);
    assert_eq!(avoids(&scene), ["Disliked blue scarf"]);
    scene.complaint(Some("bag"), 2);
    let complaint = "Open complaint: solve it before selling";
    assert_eq!(avoids(&scene), [complaint, "Disliked blue scarf"]);
    scene.wish("watch");
    scene.whole.view.wishes[0].surprise_until = Some(scene.now.plus_ms(DAY));
    assert_eq!(avoids(&scene), ["Secret: watch", complaint]);
    guarded(&mut scene);
    let guarded = "Guarded topic: read the note";
    assert_eq!(avoids(&scene), [guarded, "Secret: watch"]);
    scene.preference(
        ("material", "fur", ""),
        Polarity::Never,
        (Strength::Weak, 9),
    );
    scene.allergy("nickel");
    let brief = Brief::of(&scene.picture());
    assert_eq!(
        english(&brief.avoid),
        [
            "Allergy: nickel (serious)",
            "Never fur",
            guarded,
            "Secret: watch"
        ]
    );
    assert_eq!(brief.avoid_more, 2, "the complaint and the dislike");
}

#[test]
fn a_dislike_is_forgotten_after_180_days() {
    let mut scene = Scene::new();
    dislike(&mut scene, "scarf", 180);
    assert_eq!(avoids(&scene), ["Disliked scarf"]);
    scene.whole.view.reactions.clear();
    dislike(&mut scene, "scarf", 181);
    assert_eq!(avoids(&scene), [""; 0]);
}

#[test]
fn an_open_complaint_is_set_right_and_nothing_is_sold_before() {
    let mut scene = Scene::new();
    scene.article("bag", "bag", (&[], &[]));
    scene.wish("watch");
    scene.stock(HERE, "watch", &[("", 1)], 1);
    assert_eq!(acts(&scene), ["Wish: watch, here"]);
    scene.complaint(Some("bag"), 2);
    assert_eq!(acts(&scene), ["Set right the bag, open 2 days"]);
    let text = serde_json::to_string(&Brief::of(&scene.picture())).unwrap();
    assert!(!text.contains("funeral"), "the story stays with the case");
    let summary: Fact<Option<String>> = scene.fact(None, 1);
    scene.whole.view.interactions.push(InteractionView {
        id: summary.sources[0],
        kind: InteractionKind::Call,
        visit: None,
        channel: None,
        sku: None,
        by_customer: false,
        summary,
        act: Some(Act::Recovery),
        about: None,
        spent: None,
    });
    assert_eq!(acts(&scene), [""; 0], "we did our part; it is not solved");
    assert_eq!(avoids(&scene).len(), 1);
    scene.whole.cases[0].body.state = CaseState::Solved;
    assert_eq!(acts(&scene), ["Wish: watch, here"]);
}

#[test]
fn a_wish_says_where_it_is_and_how_sure_that_is() {
    let mut scene = Scene::new();
    scene.article("boot", "shoe", (&[], &["nickel"]));
    let boot = scene.house.articles.get_mut("boot").unwrap();
    boot.sizes = vec!["38".to_owned(), "39".to_owned()];
    scene.size("shoes", "39", 10);
    scene.wish("BOOT");
    assert_eq!(acts(&scene), [""; 0]);
    scene.stock(THERE, "boot", &[("39", 2)], 30);
    assert_eq!(
        acts(&scene),
        ["Wish: the boot, at Paris (counted 30 h ago)"]
    );
    scene.stock(HERE, "boot", &[("38", 9)], 1);
    let arriving = vec![
        (scene.now.plus_ms(-3 * DAY), "39".to_owned(), 9),
        (scene.now.plus_ms(2 * DAY), "39".to_owned(), 3),
        (scene.now.plus_ms(5 * DAY), "39".to_owned(), 7),
    ];
    let here = scene
        .house
        .stock
        .get_mut(&("boot".to_owned(), HERE))
        .unwrap();
    here.body.arriving = arriving;
    assert_eq!(acts(&scene), ["Wish: the boot, 3 arriving in 2 days"]);
    scene.stock(HERE, "boot", &[("39", 1)], 24);
    assert_eq!(acts(&scene), ["Wish: the boot, here"]);
    scene.stock(HERE, "boot", &[("39", 1)], 25);
    assert_eq!(
        acts(&scene),
        ["Wish: the boot, check stock (counted 25 h ago)"]
    );
    let brief = Brief::of(&scene.picture());
    let notices = brief.act[0]
        .sources
        .iter()
        .filter(|one| one.edit().is_none());
    assert_eq!(notices.count(), 1, "{:?}", brief.act[0].sources);
    scene.allergy("nickel");
    assert_eq!(acts(&scene), [""; 0], "it would harm");
}

#[test]
fn what_the_hub_answered_is_told_once() {
    let mut scene = Scene::new();
    ask(
        &mut scene,
        AskKind::Appointment,
        None,
        AnswerState::Countered,
    );
    assert_eq!(
        acts(&scene),
        ["Appointment countered: in 2 days at 9:00, Ana is away before"]
    );
    let id = scene.whole.view.asks[0].id;
    let sources = Brief::of(&scene.picture()).act[0].sources.clone();
    assert_eq!(sources[0], SourceId::Edit(id));
    assert_eq!(sources.len(), 2, "the ask and the answer");
    ask(&mut scene, AskKind::Message, None, AnswerState::Refused);
    ask(
        &mut scene,
        AskKind::Reservation,
        Some("bag"),
        AnswerState::Held,
    );
    assert_eq!(
        acts(&scene).len(),
        1,
        "not for the customer, or nothing yet"
    );
    ask(
        &mut scene,
        AskKind::Reservation,
        Some("bag"),
        AnswerState::Confirmed,
    );
    assert_eq!(
        acts(&scene)[1],
        "Reservation of bag confirmed: in 2 days, Ana is away before"
    );
    let summary: Fact<Option<String>> = scene.fact(None, 0);
    scene.whole.view.interactions.push(InteractionView {
        id: summary.sources[0],
        kind: InteractionKind::Call,
        visit: None,
        channel: None,
        sku: None,
        by_customer: false,
        summary,
        act: None,
        about: Some(id.to_string()),
        spent: None,
    });
    assert_eq!(
        acts(&scene).len(),
        1,
        "they were called about the appointment"
    );
    scene.whole.view.asks[3].withdrawn = true;
    assert_eq!(acts(&scene), [""; 0]);
}

#[test]
fn an_answered_suggestion_is_told() {
    let mut scene = Scene::new();
    let what = scene.fact("a chair by the mirror".to_owned(), 9);
    let answer = scene.fact("it comes in May".to_owned(), 2);
    scene.whole.view.suggestions.push(SuggestionView {
        id: what.sources[0],
        what,
        sku: None,
        state: SuggestionState::Answered,
        answer: Some(answer),
        told_at: None,
    });
    assert_eq!(
        acts(&scene),
        ["Tell the answer to “a chair by the mirror”: it comes in May"]
    );
    scene.whole.view.suggestions[0].state = SuggestionState::Told;
    assert_eq!(acts(&scene), [""; 0]);
}

#[test]
fn a_need_is_met_by_what_is_here() {
    let mut scene = Scene::new();
    scene.need("a coat for the rain", &["rain"]);
    scene.article("trench", "coat", (&["rain"], &[]));
    assert_eq!(acts(&scene), [""; 0]);
    scene.stock(HERE, "trench", &[("", 1)], 1);
    assert_eq!(acts(&scene), ["Show the trench for: a coat for the rain"]);
}

#[test]
fn the_last_purchase_is_asked_about_until_it_was_answered() {
    let mut scene = Scene::new();
    scene.sale(RecordKind::Purchase, &["old"], 60);
    scene.sale(RecordKind::Purchase, &["bag", "belt"], 30);
    assert_eq!(acts(&scene), ["Ask how bag does"]);
    dislike(&mut scene, "bag", 10);
    assert_eq!(acts(&scene), ["Ask how belt does"]);
    scene.sale(RecordKind::Return, &["belt"], 5);
    assert_eq!(acts(&scene), [""; 0]);
    scene.sale(RecordKind::Purchase, &["hat"], 0);
    assert_eq!(acts(&scene), [""; 0], "not on the same day");
}

#[test]
fn only_the_owner_approaches_who_is_reserved_to_them() {
    let mut scene = Scene::new();
    let reserved = scene.fact(Some("in the papers".to_owned()), 1);
    scene.whole.view.contact.owner_only = Some(reserved);
    let owner = AssociateId([8; 8]);
    scene.whole.owner = Some(OwnerBody { owner, since: NOW });
    assert_eq!(avoids(&scene), ["Leave to their advisor"]);
    let ana = StaffBody {
        name: "Ana".to_owned(),
        shop: HERE,
        is_manager: false,
        has_left: false,
    };
    scene.house.staff.insert(owner, ana);
    assert_eq!(avoids(&scene), ["Leave to Ana"]);
    let text = serde_json::to_string(&Brief::of(&scene.picture())).unwrap();
    assert!(!text.contains("papers"), "the reason is not for the door");
    scene.whole.owner = Some(OwnerBody {
        owner: ME,
        since: NOW,
    });
    assert_eq!(avoids(&scene), [""; 0]);
}

#[test]
fn no_line_says_vip() {
    let mut scene = Scene::new();
    promise(&mut scene, "invite the (VIP) couple", 1);
    let arrived = scene.fact(None, 5);
    let thread = scene.fact("our best vip! likes opera".to_owned(), 5);
    scene.whole.view.visits.push(VisitView {
        id: arrived.sources[0],
        arrived,
        captured: Vec::new(),
        closed_at: Some(NOW),
        thread: Some(thread),
        open: false,
    });
    let brief = Brief::of(&scene.picture());
    let text = serde_json::to_string(&brief).unwrap().to_lowercase();
    assert!(!text.contains("vip"), "{text}");
    assert_eq!(
        english(&brief.act),
        ["Promise due in 1 day: invite the couple"]
    );
}

#[test]
fn nothing_is_said_of_somebody_who_was_erased() {
    let mut scene = Scene::new();
    scene.allergy("nickel");
    scene.whole.is_erased = true;
    assert_eq!(Brief::of(&scene.picture()), Brief::default());
}
