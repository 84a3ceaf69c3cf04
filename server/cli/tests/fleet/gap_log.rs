//! The gap over the CDNOW log of a real shop: imported by the real binary, with dealings that are made up from a seed and say so, reported by
//! `carnet admin gap`, and compared with a second count in plain Python that knows nothing of the program.
//!
//! The log is found as in [`super::real_log`], and a missing one is said in the same way.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use server::config::{Config, DataConfig};
use server::data::open_for_work;
use server::serve::Started;
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::notices::bodies::{ContactBody, ResponseBody};
use sync_core::notices::{NoticeDraft, NoticeError, Subject};
use sync_core::projection;
use sync_core::store::Store as _;

use crate::house::House;
use crate::real_log::{facts_of, log, midnight};

/// The day the log ends on.
const LAST_DAY: (&str, i64) = ("1998-06-30", 19_980_630);
/// What these dealings are called wherever they are shown.
const SOURCE: &str = "synthetic";
/// Notices of one transaction.
const STROKE: usize = 500;
const HOUR: i64 = 3_600_000;

/// A dealing that was made up.
struct Dealing {
    customer: String,
    kind: &'static str,
    at: Timestamp,
    key: String,
}

/// Thanks, questions and answers after each purchase, decided by a seed: those who buy more get more, as in real shops.
fn dealings(log: &str) -> Vec<Dealing> {
    let mut chance = SeededEntropy::new(1_998);
    let mut draw = move |below: i64| {
        let mut bytes = [0; 4];
        chance.fill(&mut bytes);
        i64::from(u32::from_be_bytes(bytes)) % below
    };
    let facts = facts_of(log);
    let mut made = Vec::new();
    for line in log.lines().skip(1) {
        let fields: Vec<_> = line.split_whitespace().collect();
        let (customer, day) = (fields[0].to_owned(), midnight(fields[1].parse().unwrap()));
        let is_good = facts[&customer].cents > 30_000;
        let mut add = |kind, at| {
            made.push(Dealing {
                customer: customer.clone(),
                kind,
                at,
                key: format!("{SOURCE}:{}", made.len()),
            });
        };
        if draw(100) < if is_good { 60 } else { 25 } {
            add("thank_you", day.plus_ms(draw(160 * HOUR)));
        }
        if draw(100) < if is_good { 35 } else { 8 } {
            let asked = day.plus_ms(240 * HOUR + draw(900 * HOUR));
            add("care_check", asked);
            if draw(100) < 70 {
                add("response", asked.plus_ms(draw(200 * HOUR)));
            }
        }
    }
    made
}

fn draft(dealing: &Dealing, customer: CustomerId) -> NoticeDraft {
    let (subject, from) = (Subject::Customer(customer), (SOURCE, dealing.at));
    if dealing.kind == "response" {
        let body = ResponseBody {
            to: "care check".to_owned(),
            channel: Some("email".to_owned()),
            at: dealing.at,
            words: None,
            score: Some(80),
        };
        return NoticeDraft::new(subject, dealing.key.as_str(), from, &body);
    }
    let body = ContactBody {
        channel: Some("email".to_owned()),
        purpose: Some("care".to_owned()),
        at: dealing.at,
        by_customer: false,
        summary: None,
        content: None,
        by: None,
        act: Some(dealing.kind.to_owned()),
    };
    NoticeDraft::new(subject, dealing.key.as_str(), from, &body)
}

/// Posts the dealings on the hub of a folder; returns who has which id.
fn post(folder: &Path, dealings: &[Dealing]) -> BTreeMap<String, CustomerId> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let config = Config {
            data: DataConfig {
                folder: folder.to_owned(),
            },
            ..Config::default()
        };
        let store = Arc::new(open_for_work(folder).unwrap());
        let mut ids = BTreeMap::new();
        let tx = store.read().unwrap();
        projection::rows(&*tx, None, &mut |row| {
            ids.insert(row.name, row.customer);
            Ok(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
        drop(tx);
        let started = Started::open(&config, store, Vec::new()).await.unwrap();
        for stroke in dealings.chunks(STROKE) {
            let drafts = stroke.iter().map(|one| draft(one, ids[&one.customer]));
            let drafts: Vec<_> = drafts.collect();
            let put = started.state.book.write_batch(move |engine| {
                engine.put_notices(&drafts)?;
                Ok::<_, NoticeError>(())
            });
            put.await.unwrap();
        }
        started.finish().await;
        ids
    })
}

/// What the second count says.
fn second_count(
    folder: &Path,
    log: &Path,
    dealings: &[Dealing],
    ids: &BTreeMap<String, CustomerId>,
) -> Value {
    let mut lines = String::new();
    for one in dealings {
        writeln!(
            lines,
            "{} {} {} {}",
            one.customer, one.kind, one.at.0, one.key
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
        .arg(end_of_log().0.to_string())
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
    let asked = ["gap", "--as-of", LAST_DAY.0, "--currency", "USD", "--json"];
    let answer: Value = serde_json::from_str(&house.admin(&asked)).unwrap();
    let report = &answer["report"];
    let expected = second_count(&house.beside(), &path, &made, &ids);
    for field in ["active", "best", "gap_bp"] {
        assert_eq!(report[field], expected[field], "{field}");
    }
    for item in ["thank_you", "care_check", "quietness"] {
        assert_eq!(sides(report, item), expected["items"][item], "{item}");
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
    assert!(expected["closed"].as_u64().unwrap() > if is_whole { 40_000 } else { 20 });
    if is_whole {
        // 236 would be 1 % of all who ever bought; of those who bought in the last year it is fewer.
        assert!(report["best"].as_u64().unwrap() > 80, "{report}");
        assert!(report["gap_bp"].as_u64().unwrap() > 500, "{report}");
    }
    let asked = [&asked[..], &["--discover"]].concat();
    let answer: Value = serde_json::from_str(&house.admin(&asked)).unwrap();
    for (kind, sides) in expected["found"].as_object().unwrap() {
        let found = answer["found"].as_array().unwrap();
        let found = found.iter().find(|one| one["kind"] == kind.as_str());
        let Some(found) = found else {
            assert!(
                sides
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|side| side["times"] == 0),
                "{kind}"
            );
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
    let told = house.admin(&["gap", "--as-of", LAST_DAY.0, "--currency", "USD"]);
    assert!(told.starts_with("1998-W27, 365 days"), "{told}");
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
