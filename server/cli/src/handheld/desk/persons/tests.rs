//! Cards and people on the invented book: lines in, lines out.

use carnet_ffi::MayExist;

use super::{Persons, known_elsewhere, read};
use crate::handheld::tests::played;

fn said(text: &str, expected: &[&str]) {
    for expected in expected {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
}

#[test]
fn who_may_be_known_already_is_told_when_a_card_is_begun() {
    let text = played("new Léa Marchant\nnew Lea Marchand +33612345601\nperson\n");
    let (first, second) = text
        .split_once("Begun.")
        .unwrap()
        .1
        .split_once("Begun.")
        .unwrap();
    assert!(!first.contains("may be in this book"), "{first}");
    said(
        second,
        &[
            "Whether the chain knows +33612345601 can't be told here before the next sync.",
            "They may be in this book already:",
            "  1  Léa Marchand",
            "`same 1` says that the first is the same person",
        ],
    );
}

#[test]
fn the_index_of_the_chain_is_told_in_words() {
    let number = "+33612345678";
    assert_eq!(known_elsewhere(MayExist::No, number), None);
    let maybe = known_elsewhere(MayExist::Maybe, number).unwrap();
    said(
        &maybe,
        &["+33612345678 may already exist", "`visitor +33612345678`"],
    );
    let unknown = known_elsewhere(MayExist::Unknown, number).unwrap();
    assert!(!unknown.contains("exist"), "{unknown}");
}

#[test]
fn a_number_is_compared_when_it_is_new_on_the_card_and_only_then() {
    let text = played("open james\nphone +447700900199\nphone +44 7700 900199\nphone 12\noutbox\n");
    assert_eq!(text.matches("can't be told here").count(), 1, "{text}");
    assert_eq!(text.matches("add_endpoint").count(), 2, "{text}");
    let bad = played("new Zoë 12@\nfind zoë\n");
    assert!(
        !bad.contains("Begun"),
        "a bad address begins no card: {bad}"
    );
    said(&bad, &["Nobody."]);
}

#[test]
fn two_cards_are_said_to_be_one_person_and_two_again() {
    let script =
        "new Lea Marchand\nsame 1 phone said\nperson\nlike drink: tea\napart 1\nperson\nto-allot\n";
    let text = played(script);
    said(
        &text,
        &[
            "Recorded: one person. Nothing was moved",
            "One person, 2 cards, the oldest first:",
            "Recorded: two people.",
            "One card, by itself.",
        ],
    );
    let one = text.find("One person").unwrap();
    assert!(one < text.find("One card, by itself.").unwrap(), "{text}");
}

#[test]
fn what_was_written_of_one_person_is_listed_when_they_are_two() {
    // `open lea` finds the two; the list then has the older one first.
    let script = "new Lea Marchand\nsame 1\nlike drink: tea\nperson\nopen 1\napart 2\nto-allot\nopen james\nto-allot\n";
    let text = played(script);
    said(
        &text,
        &[
            "stands on the card of L",
            "written when they were one with L",
        ],
    );
    assert!(text.trim_end().ends_with("Nothing to allot."), "{text}");
}

#[test]
fn what_goes_with_a_customer_is_shown_without_what_is_private() {
    let script = "open ana\nprivate for me alone\nlike drink: espresso\narrive\nleave her exhibition\nhandover\n";
    let text = played(script);
    let pack = text.rsplit_once("The visit is over.").unwrap().1;
    said(
        pack,
        &[
            "  ! allergy: ",
            "nickel",
            "  promise    ",
            "call about the coat",
            "  like       drink espresso",
            "  visit      20",
        ],
    );
    assert!(!pack.contains("for me alone"), "{pack}");
}

#[test]
fn who_looks_after_them_now_introduces_themselves() {
    let text = played("open lea\nintroduce call\nintroduce\nintroduce by pigeon\ncases\noutbox\n");
    said(
        &text,
        &[
            "Recorded: they know who looks after them now.",
            "try: introduce, introduce call, or introduce message",
            "No case at the service desk.",
        ],
    );
    assert_eq!(text.matches("\"act\":\"handover\"").count(), 2, "{text}");
}

#[test]
fn a_guest_gives_their_name_or_turns_out_to_be_known() {
    let text = played(
        "guests\nguest a coat for rain #rain\nguest gloves #warm\nguests\n\
         welcome 1 signature v3 Noor Haddad\ncard\nguests\nopen james\nwelcome 1 spoken v3\ncard\nguests\nwelcome 1 spoken v3\n",
    );
    said(
        &text,
        &[
            "No guest today.",
            "needs gloves #warm",
            "Welcome: what they said is on the card that is open now.",
            "Noor Haddad",
            "There is no such guest: `guests` numbers them.",
        ],
    );
    let (before, after) = text.split_once("Welcome:").unwrap();
    assert_eq!(before.matches("needs ").count(), 2, "{before}");
    let (known, rest) = after.split_once("Welcome:").unwrap();
    assert_eq!(
        known.matches("  1  ").count(),
        1,
        "one guest is left: {known}"
    );
    assert!(rest.contains("No guest today."), "{rest}");
}

#[test]
fn what_is_not_understood_says_how_it_is_said() {
    for line in [
        ("same", ""),
        ("same", "said"),
        ("apart", " "),
        ("new", ""),
        ("new", "+33612345678"),
        ("welcome", ""),
        ("welcome", "0 signature v3"),
        ("welcome", "1 pigeon v3"),
        ("welcome", "1 signature"),
        ("welcome", "1 signature v3 lea@example.org"),
        ("person", "x"),
        ("guests", "x"),
    ] {
        let read = read(line.0, line.1.trim());
        assert!(matches!(read, Some(Err(_))), "{line:?} became {read:?}");
    }
    let link = read("same", "Léa Marchand email said");
    assert!(
        matches!(&link, Some(Ok(Persons::Link { which, evidence, .. })) if which == "Léa Marchand" && evidence.len() == 2),
        "{link:?}"
    );
    assert!(matches!(
        played("person\n").as_str(),
        "Open a customer first: `find ana`, then `open 1`.\n"
    ));
}
