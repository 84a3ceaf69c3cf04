//! The concierge on a handheld: what it says on the invented book, offline.

use std::sync::Arc;

use carnet_ffi::{
    Book, BookError, ContactRuling, ContactWay, GestureBudget, MayExist, PersonStanding,
    RecordedEdit,
};
use sync_core::card::Edit;
use sync_core::card::edit::{AskInput, NeedInput};
use sync_core::card::terms::{AskKind, Channel, EndpointKind, LinkEvidence, Purpose, Sameness};
use sync_core::card::view::Strength;
use sync_core::concierge::Language;
use sync_core::concierge::brief::LineKind;
use sync_core::concierge::guard::Reason;
use sync_core::concierge::next_promise::ProposalKind;
use sync_core::concierge::obligations::State;
use sync_core::concierge::today::DueKind;
use sync_core::ids::{CustomerId, Timestamp};

use crate::stage::{ANA, NOON, Stage};

fn preview() -> (Arc<Book>, CustomerId) {
    let book = Book::preview().unwrap();
    let found = book.search("ana".to_owned(), 1).unwrap();
    let ana = found.hits.first().unwrap().customer;
    (book, ana)
}

fn end_of_day(book: &Book) -> Timestamp {
    let seen = book.status().unwrap().last_contact.unwrap();
    seen.plus_ms(8 * 3_600_000)
}

#[test]
fn every_line_of_a_brief_names_what_it_rests_on() {
    let (book, ana) = preview();
    let brief = book.brief(ana).unwrap();
    assert!(brief.lines.len() >= 3, "{brief:?}");
    for line in &brief.lines {
        assert!(!line.sources.is_empty(), "{line:?}");
    }
    let promise = brief
        .lines
        .iter()
        .find(|line| line.kind == LineKind::Promise);
    let made = book.customer(ana).unwrap().promises[0].promise;
    assert_eq!(promise.unwrap().sources, [made.to_string()]);
}

#[test]
fn today_lists_the_promise_that_is_late_until_it_is_kept() {
    let (book, ana) = preview();
    let ends = end_of_day(&book);
    let promises = || {
        let today = book.today(None, ends, 480, Language::English).unwrap();
        assert!(today.is_complete);
        let all = today.today.into_iter().chain(today.not_today);
        let of_ana = all.filter(|item| item.customer == ana && item.kind == DueKind::Promise);
        of_ana.collect::<Vec<_>>()
    };
    let found = promises();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].is_late);
    assert_eq!(found[0].name, "Ana Ferreira");
    book.complete_promise(ana, found[0].about.unwrap()).unwrap();
    assert_eq!(promises(), []);
}

#[test]
fn today_speaks_the_reader_s_language() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    ana.book.arrive(customer, None).unwrap();
    let titles = |language| {
        let ends = NOON.plus_ms(8 * 3_600_000);
        let today = ana.book.today(None, ends, 480, language).unwrap();
        let titles = today.today.into_iter().map(|item| item.title);
        titles.collect::<Vec<_>>()
    };
    let (english, french) = (titles(Language::English), titles(Language::French));
    let holds = |titles: &[String], title: &str| titles.iter().any(|one| one == title);
    assert!(holds(&english, "here now"), "{english:?}");
    assert!(holds(&english, "Recognized on arrival"), "{english:?}");
    assert!(holds(&french, "sur place"), "{french:?}");
    assert!(holds(&french, "Reconnu à l'arrivée"), "{french:?}");
    assert_eq!(english.len(), french.len());
}

#[test]
fn a_shift_without_minutes_says_what_it_leaves_undone() {
    let (book, ana) = preview();
    let today = book
        .today(None, end_of_day(&book), 0, Language::English)
        .unwrap();
    assert_eq!(today.today, []);
    let left = today.not_today.iter().find(|item| item.customer == ana);
    assert!(left.unwrap().minutes_missing.unwrap() > 0);
}

#[test]
fn a_gesture_without_a_right_says_how_to_get_one_and_records_nothing() {
    let (book, ana) = preview();
    assert_eq!(book.gesture_budget(), Ok(Vec::<GestureBudget>::new()));
    let refused = book.make_gesture(ana, "waited for an hour".to_owned(), 1_500, None);
    let Err(BookError::Invalid { code, reason }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(code, "gesture");
    assert!(reason.contains("connect to the hub"), "{reason}");
    assert_eq!(book.status().unwrap().pending, 0);
    let odd = book.make_gesture(ana, "tea".to_owned(), 300, Some("pounds".to_owned()));
    assert!(matches!(odd, Err(BookError::Invalid { code, .. }) if code == "currency"));
}

#[test]
fn nobody_may_be_contacted_whom_nobody_asked() {
    let (book, ana) = preview();
    for way in [ContactWay::Direct, ContactWay::ThroughHub] {
        let verdict = book.may_contact(ana, Channel::Call, Purpose::Sell, way, None, false);
        let verdict = verdict.unwrap();
        assert_eq!(verdict.ruling, ContactRuling::Deny);
        assert_eq!(verdict.reason, Some(Reason::NoConsent));
    }
}

#[test]
fn what_is_owed_tells_what_became_of_it() {
    let (book, ana) = preview();
    let pending = || {
        let owed = book.owed(ana, Language::English).unwrap();
        let pending = owed.iter().filter(|item| item.state == State::Pending);
        pending.count()
    };
    let before = pending();
    let due = Some(end_of_day(&book));
    let promise = book.make_promise(ana, "the coat".to_owned(), due).unwrap();
    assert_eq!(pending(), before + 1);
    book.complete_promise(ana, promise.edit).unwrap();
    assert_eq!(pending(), before, "it was kept");
    let owed = book.owed(ana, Language::English).unwrap();
    let mut met = owed.iter().filter(|item| item.state == State::Met);
    assert!(met.any(|item| item.done_at.is_some()), "{owed:?}");
}

#[test]
fn before_a_customer_leaves_the_next_promise_is_proposed_and_not_made() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    let visit = ana.book.arrive(customer, None).unwrap().edit;
    assert_eq!(ana.book.proposed_promise(customer), Ok(None));
    let need = NeedInput {
        what: "a coat for the rain".to_owned(),
        tags: Vec::new(),
    };
    let need = ana.book.record(customer, Edit::AddNeed(need)).unwrap();
    let proposed = ana.book.proposed_promise(customer).unwrap().unwrap();
    assert_eq!(proposed.kind, ProposalKind::Need);
    assert_eq!(proposed.about, "a coat for the rain");
    assert_eq!(proposed.due, NOON.plus_ms(14 * Timestamp::DAY_MS));
    assert_eq!(proposed.sources, [need.edit.to_string()]);
    assert_eq!(ana.book.customer(customer).unwrap().promises, []);
    let due = Some(proposed.due);
    ana.book
        .make_promise(customer, proposed.about, due)
        .unwrap();
    assert_eq!(ana.book.proposed_promise(customer), Ok(None));
    ana.book.leave(customer, visit, None).unwrap();
}

#[test]
fn without_the_index_nobody_is_said_to_be_unknown() {
    let (book, _) = preview();
    let asked = |text: &str| book.may_exist(EndpointKind::Phone, text.to_owned());
    assert_eq!(asked("+351912345678"), Ok(MayExist::Unknown));
    assert!(
        matches!(asked("no number"), Err(BookError::Invalid { code, .. }) if code == "endpoint")
    );
}

#[test]
fn the_answer_to_the_question_of_the_visit_settles_the_conflict() {
    let (book, ana) = preview();
    book.arrive(ana, None).unwrap();
    let question = book.next_question(ana).unwrap().unwrap();
    assert_eq!(question.about, "conflict");
    assert_eq!(question.says.len(), question.choices.len());
    let place = question.says.iter().position(|says| says == "39").unwrap();
    let yes: Result<RecordedEdit, _> = book.answer_question(ana, true);
    assert!(matches!(yes, Err(BookError::Invalid { code, .. }) if code == "question"));
    book.choose_answer(ana, question.choices[place]).unwrap();
    assert_eq!(book.conflicts(ana).unwrap(), []);
    let sizes = book.customer(ana).unwrap().sizes;
    assert_eq!(sizes[0].size, "39");
    assert_eq!(book.next_question(ana).unwrap(), None, "one a visit");
}

#[test]
fn a_note_is_linted_in_french_by_characters() {
    let (book, _) = preview();
    let text = "Élégante ; cliente avec un problème cardiaque";
    let found = book.check_note(text.to_owned()).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].category, "health");
    let (start, end) = (found[0].start as usize, found[0].end as usize);
    let passage: String = text.chars().skip(start).take(end - start).collect();
    assert!(passage.contains("cardiaque"), "{passage}");
    assert_eq!(
        book.check_note("aime le thé vert".to_owned()),
        Ok(Vec::new())
    );
}

#[test]
fn what_is_asked_for_has_no_answer_before_the_hub_gave_one() {
    let (book, ana) = preview();
    let need = NeedInput {
        what: "a coat for the rain".to_owned(),
        tags: vec!["rain".to_owned()],
    };
    book.record(ana, Edit::AddNeed(need)).unwrap();
    let ask = AskInput {
        kind: AskKind::Reservation,
        subject: Some("COAT-0100".to_owned()),
        purpose: None,
        quantity: None,
        at: None,
        words: None,
    };
    let asked = book.record(ana, Edit::Ask(ask)).unwrap();
    let card = book.customer(ana).unwrap();
    assert_eq!(card.needs[0].what, "a coat for the rain");
    assert_eq!(card.asks[0].ask, asked.edit);
    assert_eq!(book.answers(ana), Ok(Vec::new()));
    assert_eq!(book.recommendations(ana).unwrap().items, []);
    assert_eq!(book.stock("COAT-0100".to_owned()), Ok(Vec::new()));
    assert_eq!(book.article("COAT-0100".to_owned()), Ok(None));
}

#[test]
fn the_ledger_and_what_is_owed_are_read_offline() {
    let (book, ana) = preview();
    let ledger = book.value_ledger(ana, Language::English).unwrap();
    assert!(ledger.line.starts_with("From them"), "{}", ledger.line);
    let french = book.value_ledger(ana, Language::French).unwrap();
    assert!(french.line.starts_with("De sa part"), "{}", french.line);
    assert_eq!(french.json, ledger.json);
    serde_json::from_str::<serde_json::Value>(&ledger.json).unwrap();
    for item in book.owed(ana, Language::French).unwrap() {
        assert!(item.opens <= item.closes, "{item:?}");
    }
    let pack: serde_json::Value =
        serde_json::from_str(&book.handover_pack_json(ana).unwrap()).unwrap();
    assert!(pack.is_object());
    for read in [
        book.service_cases(ana).unwrap().len(),
        book.responses(ana).unwrap().len(),
        book.outside_contacts(ana).unwrap().len(),
        book.colleagues().unwrap().len(),
    ] {
        assert_eq!(read, 0, "the invented boutique has no other systems");
    }
}

#[test]
fn linked_cards_are_one_person_until_somebody_says_that_they_are_two() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let cards = ["Léa", "Lea", "Leah"].map(|name| ana.create(name));
    let book = &ana.book;
    let link = |one: usize, other: usize, sameness| {
        let evidence = match sameness {
            Sameness::Same => vec![LinkEvidence::Said],
            Sameness::Different => Vec::new(),
        };
        book.link_customers(cards[one], cards[other], sameness, evidence)
            .unwrap();
    };
    let alone = book.person(cards[0]).unwrap();
    assert_eq!(alone.standing, PersonStanding::Alone);
    assert_eq!(alone.members, [cards[0]]);
    link(0, 1, Sameness::Same);
    link(1, 2, Sameness::Same);
    let person = book.person(cards[2]).unwrap();
    assert_eq!(person.standing, PersonStanding::OnePerson);
    let mut members = person.members;
    members.sort_unstable();
    let mut all = cards;
    all.sort_unstable();
    assert_eq!(members, all);
    link(0, 2, Sameness::Different);
    let person = book.person(cards[1]).unwrap();
    assert_eq!(person.standing, PersonStanding::Review);
    let pair = &person.review[0];
    assert_eq!(
        [pair.one, pair.other],
        [cards[0].min(cards[2]), cards[0].max(cards[2])]
    );
    let unsaid = book.link_customers(cards[0], cards[1], Sameness::Same, Vec::new());
    assert!(matches!(unsaid, Err(BookError::Invalid { code, .. }) if code == "empty"));
}

#[test]
fn what_two_cards_of_one_person_say_differently_is_settled_by_one_answer() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let cards = ["Léa", "Lea"].map(|name| ana.create(name));
    let book = &ana.book;
    for (card, language) in cards.iter().zip(["fr", "it"]) {
        let language = Some(language.to_owned());
        let edit = Edit::SetLanguage { language };
        book.record(*card, edit).unwrap();
    }
    assert_eq!(book.next_question(cards[0]).unwrap(), None);
    let evidence = vec![LinkEvidence::Said];
    book.link_customers(cards[0], cards[1], Sameness::Same, evidence)
        .unwrap();
    // The names differ too: what each question leaves is asked next, until nothing is left.
    let mut settled = 0;
    while let Some(question) = book.next_question(cards[1]).unwrap() {
        settled += 1;
        assert!(settled <= 2, "{question:?}");
        book.choose_answer(cards[1], question.choices[0]).unwrap();
    }
    assert_eq!(settled, 2);
    assert_eq!(
        book.next_question(cards[0]).unwrap(),
        None,
        "from each card"
    );
    stage.meet(&ana);
    assert_eq!(book.outbox(), Ok(Vec::new()), "the hub took all of it");
}

#[test]
fn an_observation_is_confirmed_by_a_yes_and_replaced_by_another_word() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    let agreed = r#"{"edit":"set_agreement","state":"agreed"}"#;
    ana.book.record_json(customer, agreed.to_owned()).unwrap();
    let seen = |subject: &str| {
        let edit = serde_json::json!({
            "edit": "observe_preference", "kind": "color", "subject": subject,
            "value": "navy", "polarity": "like",
        });
        ana.book.record_json(customer, edit.to_string()).unwrap();
    };
    seen("coats");
    let question = ana.book.next_question(customer).unwrap().unwrap();
    assert_eq!(
        (question.about.as_str(), question.subject.as_str()),
        ("preference", "coats")
    );
    ana.book.answer_question(customer, true).unwrap();
    assert_eq!(ana.book.next_question(customer).unwrap(), None);
    ana.clock.advance_ms(60_000);
    seen("scarves");
    ana.book
        .answer_instead(customer, "gray".to_owned())
        .unwrap();
    let preferences = ana.book.customer(customer).unwrap().preferences;
    let told: Vec<_> = preferences
        .iter()
        .map(|one| (one.value.as_deref(), one.strength))
        .collect();
    assert_eq!(told.len(), 2);
    assert!(
        told.contains(&(Some("navy"), Strength::Confirmed)),
        "{told:?}"
    );
    assert!(
        told.contains(&(Some("gray"), Strength::Confirmed)),
        "{told:?}"
    );
}
