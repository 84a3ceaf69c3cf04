//! The terminal without a terminal: lines in, lines out, on the invented book.

use std::io::Cursor;

use carnet_ffi::Book;
use sync_core::card::Edit;
use sync_core::concierge::Language;
use sync_core::ids::Timestamp;

use super::command::{Command, OnCard, read};
use super::{Terminal, day, words, work};

/// A Sunday: 2026-11-22.
const SUNDAY: Timestamp = Timestamp(20_779 * Timestamp::DAY_MS + 36_000_000);

pub(crate) fn played(script: &str) -> String {
    played_in(Language::English, script)
}

fn played_in(language: Language, script: &str) -> String {
    let mut output = Vec::new();
    let mut terminal = Terminal {
        input: &mut Cursor::new(script.as_bytes().to_vec()),
        output: &mut output,
        is_person: false,
    };
    work(&Book::preview().unwrap(), language, &mut terminal).unwrap();
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
        "take x",
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
        "consent",
        "consent email",
        "consent email sell yes",
        "consent pigeon sell no",
        "agreement",
        "agreement yes",
        "agreement no signature",
        "said",
        "said no idea",
        "said capture it",
        "said said tag opera",
        "occasion birthday",
        "occasion birthday 02-30",
        "occasion party 03-14",
        "relation",
        "relation partner",
        "relation rival 2",
        "no relation",
        "no idea",
        "pause",
        "pause when she says so",
        "x y z",
        "switch",
        "visitor",
        "guest",
        "guest #rain",
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
fn customers_are_spoken_of_in_the_reader_s_language() {
    let text = played_in(Language::French, "find ana\nopen 1\nledger\n");
    assert!(text.contains("! Allergie\u{a0}: nickel (grave)"), "{text}");
    assert!(text.contains("De sa part\u{a0}:"), "{text}");
}

#[test]
fn what_is_supposed_takes_an_agreement_and_what_is_said_does_not() {
    let text = played(
        "new Tom Ode\nagreement ended\ncard\ntag sailing\nsaid tag opera\ncard\n\
         agreement yes spoken v2\ntag sailing\ncard\nagreement no\nagreement invited\n",
    );
    let refused = text.find("only what they said is kept").unwrap();
    let opera = text.find("opera").unwrap();
    let sailing = text.find("sailing").unwrap();
    assert!(refused < opera && opera < sailing, "{text}");
    assert!(text.contains("do not ask again"), "{text}");
}

#[test]
fn what_the_linter_warns_of_waits_as_a_draft_until_it_is_reworded() {
    let script = "open ana\ndraft cliente avec un problème cardiaque\ndrafts\nreword 1 encore malade\nreword 1 propose a chair\ndrafts\ncard\n";
    let text = played(script);
    let told = [
        "Kept for you alone",
        "1  Ana Ferreira  cliente avec un problème cardiaque",
        "Still a draft",
        "It is a note now.",
        "You keep no draft here.",
        "propose a chair",
    ];
    let mut rest = text.as_str();
    for line in told {
        let after = rest.split_once(line).map(|(_, after)| after);
        assert!(after.is_some(), "{line} in {text}");
        rest = after.unwrap();
    }
    assert!(played("open ana\ninsist 1\ndrop 1\n").contains("no such draft"));
}

#[test]
fn a_conflict_is_shown_and_settled() {
    let text = played("open ana\nconflicts\nresolve 1 b\nconflicts\n");
    assert!(text.contains("1. size shoe EU"), "{text}");
    assert!(text.contains("Settled: 3"), "{text}");
    assert!(text.ends_with("Nothing to settle.\n"), "{text}");
}

#[test]
fn a_conflict_says_who_said_what_and_when() {
    let text = played("open ana\nconflicts\n");
    let mine = text
        .lines()
        .find(|line| line.contains(") 38  said by Ana, 20"));
    let theirs = text
        .lines()
        .find(|line| line.contains(") 39  said by Ben, 20"));
    assert!(mine.is_some_and(|line| line.ends_with(" UTC")), "{text}");
    assert!(theirs.is_some(), "{text}");
}

#[test]
fn the_card_shows_all_that_was_recorded() {
    let script = "find 王\nfind james\nopen lea\nconsent email sell yes signature v3\nconsent sms sell no\n\
        occasion birthday 03-14 celebrate\noccasion anniversary 2011-06-04 her parents\nrelation friend james\n\
        pause 2031-05-01\nedit {\"edit\":\"record_interaction\",\"kind\":\"call\",\"summary\":\"asked about the hem\"}\ncard\n";
    let text = played(script);
    for expected in [
        "visit      20",
        "- looks for a coat (Ana)",
        "> next time: her new apartment",
        "consent    email sell: yes (20",
        "consent    sms sell: no (20",
        "occasion   birthday 03-14 (celebrate)",
        "occasion   anniversary of her parents 2011-06-04 (ask before celebrating)",
        "relation   friend: James Okafor",
        "contact    paused until 2031-05-01",
        "asked about the hem (Ana)",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
    assert!(
        text.lines().any(|line| line.starts_with("  call ")),
        "{text}"
    );
    let taken_back = "open lea\nrelation friend james\nno relation friend james\noccasion birthday 03-14\nno occasion birthday\npause in 3 weeks\npause over\ncard\n";
    let text = played(taken_back);
    for gone in ["relation  ", "occasion  ", "paused until"] {
        assert!(!text.contains(gone), "{gone:?} is in {text}");
    }
}

#[test]
fn what_is_done_in_person_is_no_gesture_and_advice_sends_nobody_elsewhere() {
    let script = "new Zoë Brandt\narrive\ndid recognized\ndid honored\ndid advice\nintroduce\nledger\ncard\n\
        edit {\"edit\":\"record_interaction\",\"kind\":\"gesture\",\"summary\":\"flowers\"}\n";
    let text = played(script);
    for expected in [
        "From us: 1 piece of advice.",
        "service    20",
        "make it from today's budget",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
}

#[test]
fn a_message_that_may_not_be_sent_is_not_asked_for() {
    let script = "new Zoë Brandt\nphone +33612345678\nwrite sms care Your coat is ready\nasked\n\
        consent sms care yes signature v3\nmay sms care hub\nwrite sms care Your coat is ready\n";
    let text = played(script);
    assert!(text.contains("Not asked for: no consent."), "{text}");
    let asked = "Asked for. `asked` shows what the hub answers.";
    assert_eq!(text.matches(asked).count(), 1, "{text}");
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
fn the_end_of_a_visit_proposes_what_to_promise_next_unless_something_was() {
    let script = "new Zoë Brandt\narrive\nneed a coat for rain #rain\nleave\n\
        arrive\npromise in 9 days call about the coat\nleave\n";
    let text = played(script);
    let proposal = "tell them what there is for \"a coat for rain\"`.";
    assert_eq!(text.matches(proposal).count(), 1, "{text}");
}

#[test]
fn an_event_that_is_none_is_not_written_onto_a_card() {
    let text = played("events\nopen lea\ncame 1\nseat x\nseat 2\noutbox\n");
    for expected in [
        "The shop plans no event.",
        "There is no such event: `events` numbers them.",
        "seat 1: the number of an event in `events`",
        "Nothing of yours waits.",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
}

#[test]
fn a_visitor_whom_nobody_knows_or_nobody_can_look_for_is_served_as_a_guest() {
    let text = played("visitor +33600000000\n");
    assert!(text.contains("Nobody of the chain has this."), "{text}");
    assert!(text.contains("Serve them as a guest"), "{text}");
    let text = played("offline\nvisitor lea@example.org\nguest a coat #rain\n");
    assert!(text.contains("The hub can't be reached"), "{text}");
    assert!(text.contains("Serve them as a guest"), "{text}");
    assert!(text.contains("Noted on a guest card"), "{text}");
    let text = played("visitor 12\n");
    assert!(text.contains("country code"), "{text}");
    assert!(!text.contains("guest"), "{text}");
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
fn what_others_left_behind_is_for_a_manager() {
    let text = played("left-behind\ntake 1\n");
    let asked = "That is for a manager: `switch` to one.\n";
    assert_eq!(text, asked.repeat(2));
}

#[test]
fn another_associate_takes_over() {
    let text = played("open ana\nprivate for me alone\nswitch ben\nopen ana\ncard\n");
    assert!(text.contains("Hello Ben."), "{text}");
    assert!(!text.contains("for me alone"), "{text}");
}

#[test]
fn a_switch_to_nobody_known_says_so_and_offers_others_alone() {
    let text = played("switch\nswitch zoe\nswitch ana\n");
    assert!(text.contains("Could take over: Ben."), "{text}");
    assert!(text.contains("zoe has not signed in here"), "{text}");
    assert!(text.contains("You are signed in already."), "{text}");
}

#[test]
fn a_sign_in_that_lapsed_is_told_in_the_status() {
    let mut status = Book::preview().unwrap().status().unwrap();
    let told = |status: &carnet_ffi::Status| words::status(status, SUNDAY.0).join("\n");
    assert!(!told(&status).contains("lapsed"));
    status.is_sign_in_needed = true;
    let text = told(&status);
    assert!(
        text.contains("sign-in       lapsed: `signin` again to see what colleagues write"),
        "{text}"
    );
}

#[test]
fn input_that_is_no_text_ends_nothing() {
    let mut output = Vec::new();
    let mut terminal = Terminal {
        input: &mut Cursor::new(b"find \xff\xfe\nhelp\n".to_vec()),
        output: &mut output,
        is_person: false,
    };
    work(&Book::preview().unwrap(), Language::English, &mut terminal).unwrap();
    assert!(String::from_utf8(output).unwrap().contains("open 1"));
}
