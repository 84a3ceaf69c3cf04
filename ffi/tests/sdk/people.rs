//! Who may see and write what, on a handheld that several people share.

use carnet_ffi::{Book, BookError, PersonStanding};
use sync_core::card::edit::LinkInput;
use sync_core::card::terms::{LinkEvidence, Place, RelationshipKind, Sameness, Severity};
use sync_core::card::view::Strength;
use sync_core::card::{Edit, Source};
use sync_core::concierge::Language;
use sync_core::ids::{AssociateId, CustomerId, Timestamp};

use crate::stage::{ANA, BEN, NOON, Stage, reopened};

#[test]
fn a_colleague_sees_neither_private_notes_nor_the_outbox_of_another() {
    let mut stage = Stage::new();
    let mut shared = stage.enrolled(1, ANA);
    let customer = shared.create("Léa");
    shared
        .book
        .add_note(customer, Place::Private, "mine alone".to_owned())
        .unwrap();
    assert_eq!(shared.book.outbox().unwrap().len(), 2);
    stage.sign_in(&mut shared, BEN);
    assert_eq!(shared.book.customer(customer).unwrap().notes, []);
    assert_eq!(shared.book.outbox().unwrap(), []);
    assert_eq!(shared.book.status().unwrap().pending, 2);
    shared.book.switch_associate(ANA).unwrap();
    assert_eq!(shared.book.customer(customer).unwrap().notes.len(), 1);
}

#[test]
fn what_was_merely_seen_is_a_question_and_an_allergy_goes_only_on_the_customers_word() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    let edit = |json: &str| serde_json::from_str::<Edit>(json).unwrap();
    let seen = r#"{"edit":"observe_preference","kind":"color","subject":"coats","value":"navy","polarity":"like"}"#;
    let agreed = edit(r#"{"edit":"set_agreement","state":"agreed"}"#);
    ana.book.record(customer, agreed).unwrap();
    ana.book.record(customer, edit(seen)).unwrap();
    let card = ana.book.customer(customer).unwrap();
    assert_eq!(card.preferences[0].strength, Strength::Weak);
    assert_eq!(card.preferences[0].ground.source, Source::Observed);
    let nickel = || "nickel".to_owned();
    let severity = Severity::Serious;
    ana.book
        .record_allergy(customer, nickel(), severity)
        .unwrap();
    let remove = edit(r#"{"edit":"remove_allergy","substance":"nickel"}"#);
    let refused = ana.book.record(customer, remove).unwrap_err();
    assert!(refused.to_string().contains("customer's word"), "{refused}");
    assert_eq!(ana.book.customer(customer).unwrap().allergies.len(), 1);
    let typed = ana.book.remove_allergy(customer, nickel(), Source::Typed);
    assert_eq!(typed, Err(refused));
    ana.book
        .remove_allergy(customer, nickel(), Source::Stated)
        .unwrap();
    assert_eq!(ana.book.customer(customer).unwrap().allergies, []);
}

#[test]
fn a_tie_taken_back_on_one_card_is_gone_from_the_other() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let (lea, tom) = (ana.create("Léa"), ana.create("Tom"));
    let kind = RelationshipKind::Partner;
    let add = Edit::AddRelationship { other: tom, kind };
    ana.book.record(lea, add).unwrap();
    let ties = || ana.book.customer(lea).unwrap().relationships;
    assert_eq!(ties()[0].name, None, "Tom was not asked");
    let agree = r#"{"edit":"set_agreement","state":"agreed"}"#;
    ana.book.record_json(tom, agree.to_owned()).unwrap();
    assert_eq!(ties()[0].name.as_deref(), Some("Tom"));
    let remove = Edit::RemoveRelationship { other: lea, kind };
    ana.book.record(tom, remove).unwrap();
    assert_eq!(ties(), []);
}

#[test]
fn only_the_password_of_the_last_sign_in_switches_and_five_wrong_ones_end_that() {
    let mut stage = Stage::new();
    let mut shared = stage.enrolled(1, ANA);
    stage.sign_in_with(&mut shared, BEN, "quiet-river-9");
    shared.book.switch_associate(ANA).unwrap();
    let wrong = Err(BookError::Rejected {
        code: "wrong_password".to_owned(),
    });
    let switch = |book: &Book, password: &str| book.switch_with_password(BEN, password.to_owned());
    for _ in 0..4 {
        assert_eq!(switch(&shared.book, "quiet-river-8"), wrong);
    }
    assert_eq!(signed_in(&shared.book), Some(ANA));
    assert_eq!(switch(&shared.book, "quiet-river-9"), Ok(()));
    assert_eq!(signed_in(&shared.book), Some(BEN));
    for _ in 0..3 {
        assert_eq!(switch(&shared.book, ""), wrong, "a right one counts anew");
    }
    drop(shared.book);
    let book = reopened(&shared.path, &shared.clock, 9).unwrap();
    assert_eq!(switch(&book, ""), wrong, "a restart gives no try back");
    assert_eq!(switch(&book, ""), Err(BookError::SignInAgain));
    assert_eq!(
        switch(&book, "quiet-river-9"),
        Err(BookError::SignInAgain),
        "from now on the hub has to say it"
    );
}

#[test]
fn who_never_typed_a_password_here_is_switched_to_by_the_app_alone() {
    let mut stage = Stage::new();
    let mut shared = stage.enrolled(1, ANA);
    stage.sign_in(&mut shared, BEN);
    assert_eq!(
        shared.book.switch_with_password(ANA, String::new()),
        Err(BookError::SignInAgain)
    );
    assert_eq!(shared.book.switch_associate(ANA), Ok(()));
}

fn signed_in(book: &Book) -> Option<AssociateId> {
    let signed_in = book.status().unwrap().signed_in;
    signed_in.map(|one| one.associate)
}

#[test]
fn signed_out_nothing_is_shown_and_nothing_is_lost() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    ana.book.set_offline(true).unwrap();
    ana.book.sign_out().unwrap();
    assert_eq!(ana.book.customer(customer), Err(BookError::SignInAgain));
    assert_eq!(
        ana.book.search("lea".to_owned(), 10),
        Err(BookError::SignInAgain)
    );
    assert_eq!(
        ana.book.switch_associate(ANA),
        Err(BookError::SignInAgain),
        "signing out is not undone by switching back"
    );
    assert_eq!(ana.book.status().unwrap().pending, 1);
    stage.meet(&ana);
    assert_eq!(ana.book.status().unwrap().pending, 0);
}

#[test]
fn the_book_locks_when_its_lease_is_over_and_the_outbox_still_goes_out() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    ana.clock.advance_ms(72 * 3_600_000);
    assert_eq!(ana.book.customer(customer), Err(BookError::SignInAgain));
    ana.clock.advance_ms(-10 * Timestamp::DAY_MS);
    stage.meet(&ana);
    assert_eq!(ana.book.status().unwrap().pending, 0);
}

#[test]
fn a_look_is_logged_once_and_reaches_the_hub() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    ana.book.customer(customer).unwrap();
    ana.book.brief(customer).unwrap();
    ana.clock.advance_ms(6 * 60_000);
    ana.book.card_json(customer).unwrap();
    ana.clock.advance_ms(6 * 60_000);
    ana.book.purchases(customer).unwrap();
    ana.book.totals(customer).unwrap();
    stage.meet(&ana);
    let store = &stage.hub.store;
    let mut looks = 0;
    let tx = sync_core::store::Store::read(store).unwrap();
    sync_core::store::scan_prefix(
        &*tx,
        sync_core::store::Table::AccessLog,
        &[],
        &mut |_, _| {
            looks += 1;
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )
    .unwrap();
    assert_eq!(looks, 3);
}

fn link(other: CustomerId, sameness: Sameness) -> Edit {
    Edit::LinkCustomers(LinkInput {
        other,
        sameness,
        evidence: vec![LinkEvidence::Said],
    })
}

#[test]
fn a_link_on_one_card_alone_shows_one_person_from_both_and_on_every_handheld() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let ben = stage.enrolled(2, BEN);
    let cards = [ana.create("Léa"), ana.create("Lea")];
    ana.book
        .record_allergy(cards[0], "nickel".to_owned(), Severity::Serious)
        .unwrap();
    ana.book
        .record(cards[0], link(cards[1], Sameness::Same))
        .unwrap();
    for _ in 0..2 {
        stage.meet(&ana);
        stage.meet(&ben);
    }
    for book in [&ana.book, &ben.book] {
        for card in cards {
            let person = book.person(card).unwrap();
            assert_eq!(person.standing, PersonStanding::OnePerson);
            assert_eq!(person.members.len(), 2);
            let brief = book.brief(card).unwrap();
            let mut lines = brief.lines.iter();
            assert!(
                lines.any(|line| format!("{line:?}").contains("nickel")),
                "{brief:?}"
            );
        }
    }
    ben.book
        .record(cards[1], link(cards[0], Sameness::Different))
        .unwrap();
    for card in cards {
        let person = ben.book.person(card).unwrap();
        assert_eq!(person.standing, PersonStanding::Alone, "the other's word");
    }
}

#[test]
fn a_promise_to_a_person_of_two_cards_is_owed_once_until_it_is_kept() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let (lea, also) = (ana.create("Léa"), ana.create("Léa D."));
    let promise = Edit::MakePromise {
        what: "call about the coat".to_owned(),
        due: Some(NOON.plus_ms(Timestamp::DAY_MS / 2)),
        assignee: None,
    };
    ana.book.record(also, promise).unwrap();
    let owed = || {
        let ends = NOON.plus_ms(Timestamp::DAY_MS);
        let today = ana.book.today(None, ends, 480, Language::English).unwrap();
        let lines = today.today.into_iter().chain(today.not_today);
        lines
            .filter(|line| line.title == "call about the coat")
            .collect::<Vec<_>>()
    };
    assert_eq!(owed().len(), 1);
    ana.book.record(lea, link(also, Sameness::Same)).unwrap();
    let listed = owed();
    assert_eq!(listed.len(), 1, "{listed:?}");
    let line = &listed[0];
    ana.book
        .complete_promise(line.customer, line.about.unwrap())
        .unwrap();
    assert_eq!(owed(), []);
}

#[test]
fn what_is_recorded_of_a_person_goes_to_the_oldest_card_and_is_listed_when_they_are_two() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let cards = [ana.create("Léa"), ana.create("Lea")];
    let book = &ana.book;
    let note = |card| {
        let body = "mine alone".to_owned();
        book.add_note(card, Place::Private, body).unwrap().edit
    };
    let notes = [note(cards[0]), note(cards[1])];
    let before = cards.map(|card| book.customer(card).unwrap());
    book.link_customers(cards[0], cards[1], Sameness::Same, vec![LinkEvidence::Said])
        .unwrap();
    let oldest = book.person(cards[0]).unwrap().members[0];
    let tags = ["opera", "golf"].map(|tag| Edit::Tag {
        tag: tag.to_owned(),
    });
    let written: Vec<_> = cards
        .iter()
        .zip(tags)
        .map(|(card, tag)| book.record_from(*card, tag, Source::Stated).unwrap().edit)
        .collect();
    let promised = book.make_promise(cards[1], "call".to_owned(), None);
    let promised = promised.unwrap().edit;
    book.complete_promise(cards[0], promised).unwrap();
    for (card, note) in cards.iter().zip([notes[1], notes[0]]) {
        let reason = "asked to".to_owned();
        let place = Place::Private;
        let forget = Edit::RedactNote {
            place,
            note,
            reason,
        };
        book.record(*card, forget).unwrap();
    }
    stage.meet(&ana);
    assert_eq!(book.outbox(), Ok(Vec::new()), "the hub took all of it");
    assert_eq!(book.person(oldest).unwrap().to_allot, []);
    book.link_customers(cards[1], cards[0], Sameness::Different, Vec::new())
        .unwrap();
    let listed = book.person(oldest).unwrap().to_allot;
    let edits: Vec<_> = listed.iter().map(|one| one.edit).collect();
    assert_eq!(edits.len(), 4, "two tags, a promise and its end");
    assert!(written.iter().all(|edit| edits.contains(edit)));
    for (card, before) in cards.iter().zip(before) {
        let now = book.customer(*card).unwrap();
        assert_eq!(now.name, before.name);
        let notes = now.notes.iter();
        assert_eq!(
            notes.map(|note| note.redacted).collect::<Vec<_>>(),
            [true],
            "a redaction goes to where the words are"
        );
        if *card != oldest {
            assert_eq!((now.tags.len(), now.promises.len()), (0, 0));
        }
    }
}
