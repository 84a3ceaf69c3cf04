//! Claims about the brief in every language: what is said, that nothing is lost, and that the budget of words holds.

use std::collections::BTreeSet;

use super::whole::{ask, dislike, guarded, promise};
use super::{Brief, Line, LineKind, WORDS_MAX, all_lines, render, words};
use crate::card::terms::{AskKind, OccasionKind, Polarity, ServiceMode, Severity};
use crate::card::view::{OccasionView, Strength, VisitView};
use crate::concierge::scene::{DAY, HERE, Scene, THERE};
use crate::concierge::words::{Language, Topic};
use crate::entropy::SeededEntropy;
use crate::notices::bodies::AnswerState;
use crate::records::RecordKind;

/// What people type: names and words of every length and script, with spaces where a language puts them, or none at all.
const TYPED: &[&str] = &[
    "Li",
    "Hélène d’Ormesson-Saint-Hilaire",
    "les parents de sa belle-sœur qui viennent de Genève au printemps",
    "« la dame au chapeau » : toujours / jamais ?",
    "her daughter starts at the conservatory in Lyon this autumn",
    "rue-du-Faubourg-Saint-Honoré-angle-de-la-rue-Royale-deuxième-étage",
    "王女士的女儿今年秋天开始在里昂音乐学院学习小提琴",
    "ลูกสาวของเธอเริ่มเรียนไวโอลินที่ลียงในฤดูใบไม้ร่วงนี้",
    "- - - ! ! ! {what} {days}",
    "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
];

fn typed(random: &mut SeededEntropy) -> &'static str {
    let at = usize::try_from(random.below(TYPED.len() as u64)).unwrap();
    TYPED[at]
}

fn occasion(scene: &mut Scene, person: &str, days: i64) {
    let fact = scene.fact((), 9);
    scene.whole.view.occasions.push(OccasionView {
        id: person.to_owned(),
        kind: OccasionKind::Birthday,
        person: Some(person.to_owned()),
        year: None,
        month: Some(3),
        day: Some(1 + days),
        celebrate: None,
        known_at: None,
        needs_confirmation: false,
        sources: fact.sources,
    });
}

/// A book of one customer with up to a dozen things to know of them, in words as people type them.
fn random_book(seed: u64) -> Scene {
    let mut random = SeededEntropy::new(seed);
    let mut scene = Scene::new();
    for number in 0..random.below(14) {
        let (text, other) = (typed(&mut random), typed(&mut random));
        let days = i64::try_from(random.below(12)).unwrap() - 4;
        let liked = (Strength::Weak, 9);
        match random.below(14) {
            0 => guarded(&mut scene),
            1 => scene.complaint(Some(text), days.abs()),
            2 => dislike(&mut scene, text, 9),
            3 | 4 => promise(&mut scene, text, days),
            5 => {
                scene.article(text, "coat", (&["rain"], &[]));
                scene.wish(text);
                let shop = if days > 0 { HERE } else { THERE };
                scene.stock(shop, text, &[("", 1)], 20 + days.abs());
            }
            6 => scene.preference((other, text, other), Polarity::Avoid, liked),
            7 => scene.preference((other, text, other), Polarity::Like, liked),
            8 => {
                let kinds = [AskKind::Appointment, AskKind::Reservation, AskKind::Seat];
                let states = [AnswerState::Countered, AnswerState::Refused];
                let at = usize::try_from(number).unwrap();
                ask(&mut scene, kinds[at % 3], Some(text), states[at % 2]);
            }
            9 => scene.sale(RecordKind::Purchase, &[text], 9),
            10 => occasion(&mut scene, text, days.abs()),
            11 => {
                let paused = scene.now.plus_ms(days.abs() * DAY);
                let paused = scene.fact(paused, 3);
                scene.whole.view.contact.paused_until = Some(paused);
                let mode = scene.fact(ServiceMode::Quick, 3);
                scene.whole.view.contact.mode = Some(mode);
                let reserved = scene.fact(None, 3);
                scene.whole.view.contact.owner_only = Some(reserved);
            }
            12 => greeted(&mut scene, other, text),
            _ => {
                scene.need(text, &["rain"]);
                scene.size(other, text, 900);
            }
        }
    }
    scene
}

fn greeted(scene: &mut Scene, address: &str, thread: &str) {
    let address = scene.fact(address.to_owned(), 9);
    scene.whole.view.name.address = Some(address);
    let arrived = scene.fact(None, 5);
    let thread = scene.fact(thread.to_owned(), 5);
    scene.whole.view.visits.push(VisitView {
        id: arrived.sources[0],
        arrived,
        captured: Vec::new(),
        closed_at: Some(scene.now),
        thread: Some(thread),
        open: false,
    });
}

#[test]
fn a_brief_keeps_within_its_words_in_every_language() {
    let mut kinds = BTreeSet::new();
    for seed in 0..2_000 {
        let brief = Brief::of(&random_book(seed).picture());
        let more = if brief.avoid_more > 0 { 2 } else { 0 };
        for language in Language::ALL {
            let mut cost = more;
            for line in all_lines(&brief) {
                let said = render(line, *language);
                assert!(!said.trim().is_empty(), "seed {seed}: {line:?}");
                cost += words::cost(&said);
                kinds.insert(line.kind);
            }
            assert!(cost <= WORDS_MAX * 2, "seed {seed}: {cost} in {language:?}");
        }
    }
    // Not in these books: dangers, which are never cut, and lines that hold no word of anybody.
    assert!(kinds.len() >= 15, "{kinds:?}");
}

#[test]
fn allergies_are_whole_in_every_language_and_take_their_words_from_what_to_do() {
    for seed in 0..300 {
        let mut scene = random_book(seed);
        for substance in ["nickel", "gum arabic of any kind at all", "latex"] {
            scene.allergy(substance);
        }
        let brief = Brief::of(&scene.picture());
        let is_danger = |line: &&&Line| line.kind == LineKind::Allergy;
        let lines = all_lines(&brief);
        assert_eq!(lines.iter().filter(is_danger).count(), 3);
        for language in Language::ALL {
            let said: Vec<_> = lines.iter().map(|line| render(line, *language)).collect();
            assert!(said.join(" ").contains("gum arabic of any kind at all"));
            let costs = said.iter().map(|said| words::cost(said));
            let warns_only = brief.say.is_none() && brief.act.is_empty();
            assert!(
                costs.sum::<usize>() <= WORDS_MAX * 2 || warns_only,
                "seed {seed}"
            );
        }
    }
}

/// The kind after this one, so that none can be forgotten here.
const fn after(kind: LineKind) -> Option<LineKind> {
    Some(match kind {
        LineKind::Allergy => LineKind::Never,
        LineKind::Never => LineKind::DoNotContact,
        LineKind::DoNotContact => LineKind::Paused,
        LineKind::Paused => LineKind::Mode,
        LineKind::Mode => LineKind::OwnerOnly,
        LineKind::OwnerOnly => LineKind::Guarded,
        LineKind::Guarded => LineKind::Secret,
        LineKind::Secret => LineKind::Complaint,
        LineKind::Complaint => LineKind::Disliked,
        LineKind::Disliked => LineKind::Avoid,
        LineKind::Avoid => LineKind::Greet,
        LineKind::Greet => LineKind::Promise,
        LineKind::Promise => LineKind::Answered,
        LineKind::Answered => LineKind::Recovery,
        LineKind::Recovery => LineKind::Occasion,
        LineKind::Occasion => LineKind::Suggestion,
        LineKind::Suggestion => LineKind::Wish,
        LineKind::Wish => LineKind::Need,
        LineKind::Need => LineKind::Ask,
        LineKind::Ask => LineKind::Confirm,
        LineKind::Confirm => LineKind::Reaction,
        LineKind::Reaction => return None,
    })
}

/// What the arguments can be; words of people are letters that no phrase has.
const ARGUMENTS: &[(&str, &[&str])] = &[
    ("substance", &["ÞA"]),
    ("severity", &["mild", "serious", "dangerous"]),
    ("disputed", &["", "yes"]),
    ("subject", &["ÞB"]),
    ("value", &["", "ÞC"]),
    ("mode", &["quick", "leave_alone"]),
    ("name", &["", "ÞD"]),
    ("sku", &["ÞE"]),
    ("address", &["ÞF"]),
    ("thread", &["", "ÞG"]),
    ("what", &["ÞH"]),
    ("days", &["0", "1", "71", "-72"]),
    ("asked", &["appointment", "reservation", "seat"]),
    (
        "state",
        &[
            "confirmed",
            "countered",
            "refused",
            "here",
            "check",
            "arriving",
            "elsewhere",
        ],
    ),
    ("time", &["", "9:00", "15:43"]),
    ("words", &["", "ÞI"]),
    (
        "occasion",
        &[
            "birthday",
            "anniversary",
            "name_day",
            "holiday",
            "milestone",
        ],
    ),
    ("person", &["", "ÞJ"]),
    ("ask", &["", "yes"]),
    ("answer", &["ÞK"]),
    ("quantity", &["53"]),
    ("hours", &["", "64"]),
    ("shop", &["ÞL"]),
    ("options", &["ÞM / ÞN"]),
    ("kind", &["size", "color"]),
    ("polarity", &["like", "never"]),
];

fn random_line(kind: LineKind, random: &mut SeededEntropy) -> Line {
    let mut pick = |of: &[&str]| {
        let at = usize::try_from(random.below(of.len() as u64)).unwrap();
        of[at].to_owned()
    };
    let mut arguments: Vec<_> = ARGUMENTS
        .iter()
        .map(|(name, texts)| (*name, pick(texts)))
        .collect();
    let topics: Vec<_> = Topic::ALL.iter().map(|topic| topic.as_str()).collect();
    arguments.push(("about", pick(&topics)));
    let sources: [crate::ids::EditId; 0] = [];
    Line::new(kind, arguments, sources)
}

/// What a text tells of the arguments: the words of people and the numbers.
fn told(text: &str) -> Vec<String> {
    let of_text = text.split(|symbol: char| !symbol.is_alphanumeric());
    let is_told = |word: &&str| {
        word.starts_with('Þ') || word.chars().filter(char::is_ascii_digit).count() == 2
    };
    let mut told: Vec<_> = of_text.filter(is_told).map(str::to_owned).collect();
    told.sort();
    told
}

#[test]
fn no_language_leaves_out_what_another_tells() {
    let mut random = SeededEntropy::new(7);
    let mut kind = Some(LineKind::Allergy);
    while let Some(known) = kind {
        for _ in 0..300 {
            let line = random_line(known, &mut random);
            let english = render(&line, Language::English);
            for language in Language::ALL {
                let said = render(&line, *language);
                // A time of day is two numbers in one language and a word in another.
                let apart = said.replace("15h43", "15:43");
                let even = english.replace(":00", "");
                let even = told(&even);
                assert_eq!(told(&apart.replace(":00", "")), even, "{said} · {english}");
                assert!(!said.contains(['{', '}', '_']), "{said}");
                assert_eq!(said, said.trim(), "{line:?}");
            }
        }
        kind = after(known);
    }
}

fn french(kind: LineKind, arguments: &[(&'static str, &str)]) -> String {
    let arguments = arguments
        .iter()
        .map(|(name, text)| (*name, (*text).to_owned()));
    let sources: [crate::ids::EditId; 0] = [];
    let said = render(&Line::new(kind, arguments, sources), Language::French);
    said.replace('\u{a0}', "~")
}

#[test]
fn french_elides_agrees_and_spaces_as_it_is_written() {
    let severity = Severity::Dangerous.as_str();
    let allergy = [
        ("substance", "nickel"),
        ("severity", severity),
        ("disputed", "yes"),
    ];
    assert_eq!(
        french(LineKind::Allergy, &allergy),
        "Allergie~: nickel (dangereuse, à confirmer)"
    );
    assert_eq!(
        french(LineKind::Paused, &[("days", "1")]),
        "Aucun contact pendant 1 jour"
    );
    let birthday = [
        ("occasion", "birthday"),
        ("person", "Élodie"),
        ("days", "9"),
        ("ask", "yes"),
    ];
    assert_eq!(
        french(LineKind::Occasion, &birthday),
        "Demander s’il faut marquer l’anniversaire d’Élodie dans 9 jours"
    );
    let overdue = [("what", "rappeler pour le fermoir"), ("days", "-2")];
    assert_eq!(
        french(LineKind::Promise, &overdue),
        "Promesse, 2 jours de retard~: rappeler pour le fermoir"
    );
    let seat = [
        ("asked", "seat"),
        ("subject", "thé de mai"),
        ("state", "confirmed"),
        ("days", "0"),
    ];
    assert_eq!(
        french(LineKind::Answered, &seat),
        "Place confirmée (thé de mai)~: aujourd’hui"
    );
    let visit = [
        ("asked", "appointment"),
        ("state", "confirmed"),
        ("days", "2"),
        ("time", "9:00"),
    ];
    assert_eq!(
        french(LineKind::Answered, &visit),
        "Rendez-vous confirmé~: dans 2 jours à 9h"
    );
    let suggestion = [("what", "une chaise"), ("answer", "en mai")];
    assert_eq!(
        french(LineKind::Suggestion, &suggestion),
        "Répondre à «~une chaise~»~: en mai"
    );
}

#[test]
fn french_asks_in_words_and_not_in_terms() {
    let date = [
        ("about", "occasion"),
        ("subject", "holiday Anne"),
        ("options", "12-24 / 12-25"),
    ];
    assert_eq!(
        french(LineKind::Ask, &date),
        "À préciser~: date des fêtes d’Anne, 12-24 ou 12-25~?"
    );
    let mode = [
        ("about", "service_mode"),
        ("options", "quick / leave_alone"),
    ];
    assert_eq!(
        french(LineKind::Ask, &mode),
        "À préciser~: accueil, service rapide ou tranquillité~?"
    );
}
