//! The terminal without a terminal: lines in, lines out, on the invented book.

use std::io::Cursor;

use carnet_ffi::Book;
use sync_core::card::Edit;
use sync_core::ids::Timestamp;

use super::command::{Command, OnCard, read};
use super::{Terminal, day, work};

/// A Sunday: 2026-11-22.
const SUNDAY: Timestamp = Timestamp(20_779 * Timestamp::DAY_MS + 36_000_000);

fn played(script: &str) -> String {
    let mut output = Vec::new();
    let mut terminal = Terminal {
        input: &mut Cursor::new(script.as_bytes().to_vec()),
        output: &mut output,
        is_person: false,
    };
    work(&Book::preview().unwrap(), &mut terminal).unwrap();
    String::from_utf8(output).unwrap()
}

fn due(text: &str) -> (Option<String>, &str) {
    let (due, rest) = day::leading(text, SUNDAY);
    (due.map(day::shown), rest)
}

#[test]
fn days_are_read_as_people_type_them() {
    assert_eq!(due("friday call"), (Some("2026-11-27".to_owned()), "call"));
    assert_eq!(due("sun call"), (Some("2026-11-29".to_owned()), "call"));
    assert_eq!(
        due("tomorrow call"),
        (Some("2026-11-23".to_owned()), "call")
    );
    assert_eq!(
        due("in 2 weeks call"),
        (Some("2026-12-06".to_owned()), "call")
    );
    assert_eq!(
        due("2028-02-29 call"),
        (Some("2028-02-29".to_owned()), "call")
    );
    assert_eq!(due("2026-02-29 call"), (None, "2026-02-29 call"));
    assert_eq!(due("in the morning"), (None, "in the morning"));
    assert_eq!(due("call about the coat"), (None, "call about the coat"));
}

#[test]
fn every_line_is_a_command_or_a_hint() {
    let odd = [
        "",
        " ",
        "open",
        "done",
        "done zero",
        "done 0",
        "resolve",
        "resolve 1",
        "resolve b 1",
        "discard x",
        "size",
        "size shoe",
        "like",
        "like :",
        "allergy",
        "promise",
        "promise friday",
        "mode loud",
        "no",
        "no allergy",
        "🦀",
        "find",
        "note",
        "\u{0}",
        "x y z",
        "switch",
    ];
    for line in odd {
        let command = read(line, SUNDAY);
        let is_harmless = matches!(
            command,
            Command::Hint(_) | Command::Nothing | Command::Find(_) | Command::Switch(None)
        );
        assert!(is_harmless, "{line:?} became {command:?}");
    }
}

#[test]
fn a_name_of_two_words_keeps_its_second() {
    let expected = Edit::SetSize {
        category: "shoe".to_owned(),
        system: "EU".to_owned(),
        brand: None,
        size: Some("39 wide".to_owned()),
    };
    let expected = Command::Card(OnCard::Edit(Box::new(expected)));
    assert_eq!(read("size shoe EU 39 wide", SUNDAY), expected);
}

#[test]
fn opening_a_customer_shows_what_to_know_first() {
    let text = played("find ana\nopen 1\n");
    let allergy = text.find("! Allergy: nickel (serious)").unwrap();
    let promise = text.find("call about the coat").unwrap();
    assert!(allergy < promise, "{text}");
}

#[test]
fn a_conflict_is_shown_and_settled() {
    let text = played("open ana\nconflicts\nresolve 1 b\nconflicts\n");
    assert!(text.contains("1. size shoe EU"), "{text}");
    assert!(text.contains("Settled: 3"), "{text}");
    assert!(text.ends_with("Nothing to settle.\n"), "{text}");
}

#[test]
fn a_visit_goes_from_the_door_to_the_next_thread() {
    let script = "new Zoë Brandt\narrive with her son\ncapture looks for a scarf\nleave her exhibition\nallergy wool mild\nbrief\nstatus\nsync\nstatus\n";
    let text = played(script);
    assert!(text.contains("A visit began"), "{text}");
    assert!(text.contains("The visit is over."), "{text}");
    assert!(text.contains("Allergy: wool (mild)"), "{text}");
    assert!(text.contains("her exhibition"), "{text}");
    assert!(text.contains("waiting       5 (oldest just now)"), "{text}");
    assert!(text.contains("waiting       nothing"), "{text}");
}

#[test]
fn commands_without_an_open_customer_say_what_to_do() {
    for command in ["brief", "note x", "arrive", "conflicts", "done 1", "leave"] {
        let text = played(&format!("{command}\n"));
        assert_eq!(text, "Open a customer first: `find ana`, then `open 1`.\n");
    }
}

#[test]
fn bad_edits_are_explained_and_change_nothing() {
    let text = played("open ana\nphone 12\nlang ???\nedit {}\nleave\noutbox\n");
    assert!(!text.contains("Recorded"), "{text}");
    assert!(text.contains("Nothing of yours waits."), "{text}");
}

#[test]
fn another_associate_takes_over() {
    let text = played("open ana\nprivate for me alone\nswitch ben\nopen ana\ncard\n");
    assert!(text.contains("Hello Ben."), "{text}");
    assert!(!text.contains("for me alone"), "{text}");
}

#[test]
fn input_that_is_no_text_ends_nothing() {
    let mut output = Vec::new();
    let mut terminal = Terminal {
        input: &mut Cursor::new(b"find \xff\xfe\nhelp\n".to_vec()),
        output: &mut output,
        is_person: false,
    };
    work(&Book::preview().unwrap(), &mut terminal).unwrap();
    assert!(String::from_utf8(output).unwrap().contains("open 1"));
}
