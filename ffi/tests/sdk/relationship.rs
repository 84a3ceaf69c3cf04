//! What follows from whether a customer agreed to a relationship.

use carnet_ffi::{Book, BookError};
use sync_core::card::terms::{Agreement, Polarity};
use sync_core::card::{Edit, Source};
use sync_core::ids::CustomerId;

use crate::stage::{ANA, BEN, Stage};

const SEEN: &str = r#"{"edit":"observe_preference","kind":"color","subject":"coats","value":"navy","polarity":"like"}"#;

fn answers(book: &Book, customer: CustomerId, state: Agreement) -> Result<(), BookError> {
    let evidence = None;
    let answer = Edit::SetAgreement { state, evidence };
    book.record(customer, answer).map(drop)
}

fn code<T: std::fmt::Debug>(refused: Result<T, BookError>) -> String {
    match refused {
        Err(BookError::Invalid { code, .. }) => code,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn nothing_is_concluded_of_who_agreed_to_nothing_and_what_they_say_is_kept() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    let card = ana.book.customer(customer).unwrap();
    assert!(card.may_invite && !card.may_conclude);
    let opera = || Edit::Tag {
        tag: "opera".to_owned(),
    };
    let seen: Edit = serde_json::from_str(SEEN).unwrap();
    assert_eq!(code(ana.book.record(customer, seen.clone())), "not_agreed");
    assert_eq!(code(ana.book.record(customer, opera())), "not_agreed");
    ana.book
        .record_from(customer, opera(), Source::Stated)
        .unwrap();
    answers(&ana.book, customer, Agreement::Agreed).unwrap();
    ana.book.record(customer, seen).unwrap();
    let card = ana.book.customer(customer).unwrap();
    assert!(card.may_conclude && !card.may_invite);
    assert_eq!((card.preferences.len(), card.tags.len()), (1, 1));
    stage.meet(&ana);
    assert_eq!(ana.book.outbox(), Ok(Vec::new()), "the hub took all of it");
}

#[test]
fn what_was_concluded_is_gone_from_card_search_and_questions_when_the_customer_ends_it() {
    let mut stage = Stage::new();
    let (ana, ben) = (stage.enrolled(1, ANA), stage.enrolled(2, BEN));
    let customer = ana.create("Léa");
    let book = &ana.book;
    answers(book, customer, Agreement::Agreed).unwrap();
    book.record_json(customer, SEEN.to_owned()).unwrap();
    let said = carnet_ffi::PreferenceInput {
        kind: "drink".to_owned(),
        subject: "espresso".to_owned(),
        value: None,
    };
    book.set_preference(customer, said, Polarity::Like).unwrap();
    stage.meet(&ana);
    stage.meet(&ben);
    let known = |book: &Book| {
        let card = book.customer(customer).unwrap();
        let found = |text: &str| book.search(text.to_owned(), 5).unwrap().hits.len();
        (
            card.preferences.len(),
            (found("navy"), found("espresso")),
            book.next_question(customer).unwrap().is_some(),
        )
    };
    assert_eq!(known(&ben.book), (2, (1, 1), true));
    answers(book, customer, Agreement::Ended).unwrap();
    assert_eq!(known(book), (1, (0, 1), false));
    stage.meet(&ana);
    stage.meet(&ben);
    assert_eq!(known(&ben.book), (1, (0, 1), false));
    assert!(!ben.book.customer(customer).unwrap().may_invite);
    let again = answers(&ben.book, customer, Agreement::Invited);
    assert_eq!(code(again), "declined");
}
