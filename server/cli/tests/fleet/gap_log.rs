//! The gap over the CDNOW log of a real shop: imported by the real binary, with dealings that are made up from a seed and say so, reported by
//! `carnet admin gap` over the whole 18 months and over the last 12, and compared with a second count in plain Python that knows nothing of
//! the program.
//!
//! The log tells of purchases alone, and two of the playbook's fourteen items are set off by one. What sets the others off, and everything
//! that shows an item was done, is made up; so all fourteen are counted, and none of them says anything about that shop.
//! What the log can't carry even so: sizes, tastes and articles (its lines name none, so wishes never come true by a purchase), returns,
//! and wishes of the customers for themselves (nobody is excused).
//!
//! The log is found as in [`super::real_log`], and a missing one is said in the same way.

mod dealings;
mod posting;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use sync_core::ids::{CustomerId, Timestamp};

use crate::house::House;
use crate::real_log::{log, midnight};
use dealings::{Dealing, dealings};
use posting::post;

/// The day the log ends on.
const LAST_DAY: (&str, i64) = ("1998-06-30", 19_980_630);
/// All of the log, and the last year of it.
const WINDOWS: [&str; 2] = ["546", "365"];
/// Since when the shop has what is wished for.
const STOCKED: i64 = 19_970_301;
/// What these dealings are called wherever they are shown.
const SOURCE: &str = "synthetic";
const HOUR: i64 = 3_600_000;

/// What the second count says.
fn second_count(
    folder: &Path,
    (log, days): (&Path, &str),
    dealings: &[Dealing],
    ids: &BTreeMap<String, CustomerId>,
) -> Value {
    let mut lines = String::new();
    for one in dealings {
        writeln!(
            lines,
            "{} {} {} {} {}",
            one.customer, one.kind, one.at.0, one.key, one.about
        )
        .unwrap();
    }
    let named = ids.iter().fold(String::new(), |mut text, (name, id)| {
        writeln!(text, "{name} {id}").unwrap();
        text
    });
    let (dealt, known) = (folder.join("dealings"), folder.join("ids"));
    fs::write(&dealt, lines).unwrap();
    fs::write(&known, named).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fleet/gap_check.py");
    let output = Command::new("python3")
        .arg(script)
        .args([log, dealt.as_path(), known.as_path()])
        .args([&end_of_log().0.to_string(), days, &STOCKED.to_string()])
        .output()
        .expect("the second count needs python3 on the path");
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complained}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn end_of_log() -> Timestamp {
    midnight(LAST_DAY.1).plus_ms(Timestamp::DAY_MS - 1)
}

/// One item of a report in the form of the second count.
fn sides(report: &Value, item: &str) -> Value {
    let items = report["items"].as_array().unwrap();
    let found = items.iter().find(|one| one["item"] == item).unwrap();
    json!([found["best"], found["rest"]])
}

#[test]
fn the_gap_of_a_real_shop_is_what_a_second_count_says() {
    let (path, is_whole) = log();
    let text = fs::read_to_string(&path).unwrap();
    let house = House::new();
    let file = path.to_str().unwrap();
    house.admin(&[
        "import",
        "sales",
        file,
        "--source",
        "cdnow",
        "--currency",
        "USD",
    ]);
    let made = dealings(&text);
    let ids = post(&house.data(), &made);
    for days in WINDOWS {
        let asked = ["gap", "--as-of", LAST_DAY.0, "--currency", "USD"];
        let asked = [&asked[..], &["--days", days]].concat();
        let expected = second_count(&house.beside(), (&path, days), &made, &ids);
        let answer = [&asked[..], &["--json"]].concat();
        let answer: Value = serde_json::from_str(&house.admin(&answer)).unwrap();
        compare(&answer["report"], &expected);
        check_that_there_was_something(&expected, (days, is_whole));
        let found = [&asked[..], &["--json", "--discover"]].concat();
        let found: Value = serde_json::from_str(&house.admin(&found)).unwrap();
        compare_found(&found, &expected);
        let told = house.admin(&asked);
        let begins = format!("1998-W27, {days} days");
        assert!(told.starts_with(&begins), "{told}");
    }
}

fn compare(report: &Value, expected: &Value) {
    for field in ["active", "best", "gap_bp"] {
        assert_eq!(report[field], expected[field], "{field}");
    }
    let items = expected["items"].as_object().unwrap();
    assert_eq!(items.len(), report["items"].as_array().unwrap().len());
    for (item, counted) in items {
        assert_eq!(&sides(report, item), counted, "{item}");
    }
    for (field, value) in expected["coverage"].as_object().unwrap() {
        assert_eq!(&report["coverage"][field], value, "{field}");
    }
    let honesty = &report["honesty"];
    assert_eq!(
        (&honesty["best_bp"], &honesty["rest_bp"]),
        (&expected["best_bp"], &expected["rest_bp"])
    );
    assert_eq!(
        honesty["self_attested_bp"], 0,
        "another system says all of it"
    );
}

fn check_that_there_was_something(expected: &Value, (days, is_whole): (&str, bool)) {
    let closed = expected["closed"].as_u64().unwrap();
    if !is_whole {
        assert!(closed > 20, "{expected}");
        return;
    }
    // Of all 23,570 who ever bought, and of those who bought in the last year.
    let is_all = days == WINDOWS[0];
    let (best, least) = if is_all { (236, 130_000) } else { (81, 40_000) };
    assert!(expected["best"].as_u64().unwrap() >= best, "{expected}");
    assert!(closed > least, "{expected}");
    assert!(expected["gap_bp"].as_u64().unwrap() > 500, "{expected}");
    // What is made up for a circle of customers has mostly closed before the last year.
    let items = expected["items"].as_object().unwrap().iter();
    for (item, sides) in items.filter(|_| is_all) {
        for side in sides.as_array().unwrap() {
            let closed = ["met", "late", "missed"].map(|state| side[state].as_u64().unwrap());
            assert!(closed.iter().sum::<u64>() >= 20, "{item}: {side}");
        }
    }
}

fn compare_found(answer: &Value, expected: &Value) {
    let all = answer["found"].as_array().unwrap();
    for (kind, sides) in expected["found"].as_object().unwrap() {
        let found = all.iter().find(|one| one["kind"] == kind.as_str());
        let Some(found) = found else {
            let mut sides = sides.as_array().unwrap().iter();
            assert!(sides.all(|side| side["times"] == 0), "{kind}");
            continue;
        };
        for (side, name) in [(&sides[0], "best"), (&sides[1], "rest")] {
            assert_eq!(
                (&found[name]["reached"], &found[name]["times"]),
                (&side["reached"], &side["times"]),
                "{kind}"
            );
        }
    }
}

#[test]
fn a_playbook_is_checked_set_and_shown() {
    let house = House::new();
    let shown = house.admin(&["playbook", "show"]);
    let file = house.beside().join("playbook.json");
    fs::write(&file, &shown).unwrap();
    let file = file.to_str().unwrap();
    assert!(
        house
            .admin(&["playbook", "check", file])
            .contains("14 items, all good")
    );
    let set = house.admin(&["playbook", "set", file]);
    assert!(set.contains("The playbook is at version 1."), "{set}");
    assert!(set.contains("It is for all"), "{set}");
    fs::write(
        file,
        shown.replace("\"trigger\": \"visit\"", "\"trigger\": \"vist\""),
    )
    .unwrap();
    let complained = house.refused(&["playbook", "check", file]);
    assert!(
        complained.contains(
            "item \"recognized\": trigger: \"vist\" is not known; known are visit, second_visit"
        ),
        "{complained}"
    );
    let complained = house.refused(&["playbook", "set", file]);
    assert!(complained.contains("\"vist\" is not known"), "{complained}");
    assert!(
        house
            .admin(&["gap"])
            .contains("not enough to tell the best")
    );
    let hub = house.serve();
    assert_eq!(
        house.admin(&["playbook", "show"]),
        shown,
        "asked of the hub that serves"
    );
    assert!(
        house
            .admin(&["gap", "--discover"])
            .contains("What the best 0 of 0")
    );
    hub.stop();
}
