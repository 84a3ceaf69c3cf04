//! The lists on real phrases, with what they find and miss.

use super::*;

/// `category|phrase`, `-` for a phrase that must not warn.
const PHRASES: &str = include_str!("phrases.txt");

fn linter() -> Linter {
    Linter::new(Language::ALL)
}

fn phrases() -> Vec<(&'static str, &'static str)> {
    let lines = PHRASES.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split_once('|').expect("two columns"))
        .collect()
}

#[track_caller]
fn check(text: &str, expected: &[(&str, Category)]) {
    let found = linter().warnings(text);
    let found: Vec<(&str, Category)> = found
        .iter()
        .map(|warning| {
            let span = text
                .get(warning.span.clone())
                .expect("spans lie at characters");
            (span, warning.category)
        })
        .collect();
    assert_eq!(found, expected, "{text:?}");
}

/// Recall: labeled phrases whose category was found. Precision: phrases that warn and should. Prints both, and every mistake.
#[test]
fn the_lists_find_what_they_should_and_little_else() {
    let linter = linter();
    let (mut found, mut missed, mut wrong) = (0, Vec::new(), Vec::new());
    let all = phrases();
    for (label, phrase) in &all {
        let warned = linter.warnings(phrase);
        let is_right = |warning: &Warning| warning.category.as_str() == *label;
        if warned.iter().any(is_right) {
            found += 1;
        } else if *label != "-" {
            missed.push(*phrase);
        } else if !warned.is_empty() {
            wrong.push(*phrase);
        }
    }
    let should = all.iter().filter(|(label, _)| *label != "-").count();
    let recall_bp = 10_000 * found / should;
    let precision_bp = 10_000 * found / (found + wrong.len());
    println!(
        "{} phrases: recall {recall_bp} bp, precision {precision_bp} bp",
        all.len()
    );
    println!("missed: {missed:#?}\nwrong: {wrong:#?}");
    assert!(all.len() >= 120);
    assert!(recall_bp >= 9_500, "missed {missed:#?}");
    assert!(precision_bp >= 9_500, "wrong {wrong:#?}");
}

#[test]
fn a_warning_says_where_of_what_kind_and_what_to_do_instead() {
    check(
        "Customer with a heart problem; Élégante, fort accent slave.",
        &[
            ("heart problem", Category::Health),
            ("fort accent slave", Category::Appearance),
        ],
    );
    let warnings = linter().warnings("Diabétique.");
    assert_eq!(warnings[0].span, 0..11);
    assert_eq!(warnings[0].instead.first(), Some(&Instead::Allergy));
}

#[test]
fn case_and_diacritics_do_not_matter() {
    for text in [
        "DIABÉTIQUE",
        "diabetique",
        "Diabe\u{301}tique",
        "\u{ff24}iabétique",
    ] {
        assert_eq!(linter().warnings(text).len(), 1, "{text}");
    }
}

#[test]
fn a_card_number_is_found_by_its_check_digit_and_a_phone_is_none() {
    check(
        "4111111111111111",
        &[("4111111111111111", Category::CardNumber)],
    );
    check(
        "n°4111-1111 1111.1111!",
        &[("4111-1111 1111.1111", Category::CardNumber)],
    );
    check("4111111111111112", &[]);
    check("+4111111111111111", &[]);
    check("0000000000000000", &[]);
    check(
        "1 85 05 78 006 084 91",
        &[("1 85 05 78 006 084 91", Category::IdNumber)],
    );
    check(
        "DE89 3704 0044 0532 0130 00",
        &[("DE89 3704 0044 0532 0130 00", Category::CardNumber)],
    );
    check("DE89 3704 0044 0532 0130 01", &[]);
}

#[test]
fn any_text_is_read_without_a_panic_and_spans_lie_within_it() {
    let texts = [
        String::new(),
        "\u{301}\u{301}cancer\u{301}".to_owned(),
        "癌症 cancer がん".to_owned(),
        "fat ".repeat(2_000),
        "4".repeat(7_000),
        "A1 ".repeat(2_000),
        "\u{0}\u{feff}\u{202e}diabetes".to_owned(),
        "ﬁlthy rich İstanbul ẞ".to_owned(),
    ];
    for text in texts {
        for warning in linter().warnings(&text) {
            assert!(
                text.get(warning.span.clone())
                    .is_some_and(|span| !span.is_empty())
            );
        }
    }
}

#[test]
fn a_list_that_can_not_be_read_names_the_line() {
    let check = |list: &str, expected: &str| {
        let error = Linter::with_lists(&[list]).expect_err("the list is wrong");
        assert_eq!(error.to_string(), expected);
    };
    check("language xx\n[shoes]\nboot", "line 2: no such section");
    check(
        "language xx\nboot",
        "line 2: a phrase before the first [section]",
    );
    check(
        "[health]\nflu",
        "line 1: a list begins with `language` and two letters",
    );
    check(
        "language xx\n[health]\n\nflu ..",
        "line 4: a phrase begins and ends with a word or #",
    );
    check(
        "language xx\n[health]\nfl*u",
        "line 3: a word has letters and digits only, and may end with *",
    );
    check(
        "language xx\n[health]\nflu||cold",
        "line 3: a word has letters and digits only, and may end with *",
    );
}

#[test]
fn a_language_is_added_with_a_list() {
    let german = "language de\n[health]\nherz fehler|leiden\n[appearance]\n! dick und duenn\ndick|dicke|dicker\n";
    let linter = Linter::with_lists(&[german]).unwrap();
    assert_eq!(
        linter.warnings("Kundin mit Herz-Fehler, DICKE Mappe").len(),
        2
    );
    assert!(linter.warnings("durch dick und duenn").is_empty());
}
