//! `carnet admin` as an operator runs it: the real binary on a real data folder.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use server::config::Config;
use server::data;
use server::gap::history;
use server::lock::FolderLock;
use server::serve::Started;
use sync_core::concierge::gap::Report;
use sync_core::concierge::gap::report::{Coverage, Honesty};
use sync_core::ids::Timestamp;
use sync_core::store::{Direction, KeyRange, Store as _, Table};

const SALES: &str = "sale_id,customer_id,date,amount,currency\n\
    1,ines,2026-06-14,12.50,EUR\n2,otto,2026-06-14,twelve,EUR\n3,ines,2026-06-15,7,EUR\n";

/// A data folder after its first run, with a file of sales in it.
async fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(data::open_store(folder.path(), true).unwrap());
    let config = Config::for_testing(folder.path().to_owned());
    let started = Started::open(&config, store, Vec::new()).await.unwrap();
    assert!(started.first_run.is_some());
    started.finish().await;
    std::fs::write(folder.path().join("sales.csv"), SALES).unwrap();
    folder
}

fn carnet(folder: &Path, arguments: &[&str]) -> Output {
    carnet_on(folder, folder, arguments)
}

fn carnet_on(data: &Path, here: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_carnet"))
        .args(["admin", "--data"])
        .arg(data)
        .args(arguments)
        .current_dir(here)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Flips a bit in the first row of a table.
fn damage(folder: &Path, table: Table) {
    let store = data::open_store(folder, false).unwrap();
    let mut found = None;
    let range = KeyRange {
        from: &[],
        to: None,
    };
    store
        .read()
        .unwrap()
        .scan(table, range, Direction::Ascending, &mut |key, value| {
            found = Some((key.to_vec(), value.to_vec()));
            Ok(std::ops::ControlFlow::Break(()))
        })
        .unwrap();
    let (key, mut value) = found.expect("the table has a row");
    let at = value.len() / 2;
    *value.get_mut(at).unwrap() ^= 1;
    let mut tx = store.write().unwrap();
    tx.put(table, &key, &value).unwrap();
    tx.commit().unwrap();
}

#[tokio::test]
async fn what_other_systems_know_comes_in_by_the_till_s_numbers() {
    let folder = folder().await;
    let sales = carnet(folder.path(), &["import", "sales", "sales.csv"]);
    assert!(
        out(&sales).contains("pairs      0 articles"),
        "{}",
        out(&sales)
    );
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "cases.csv",
        "case_id,customer_id,topic,opened_at\n1,ines,Zip,2026-06-01\n2,nobody,Zip,2026-06-01\n",
    );
    let arguments = [
        "import",
        "cases",
        "cases.csv",
        "--source",
        "desk",
        "--customers-of",
        "till",
    ];
    let cases = carnet(folder.path(), &arguments);
    assert_eq!(cases.status.code(), Some(3), "{}", err(&cases));
    assert!(out(&cases).contains("facts      1 new"), "{}", out(&cases));
    assert!(
        err(&cases).contains("line 3: nobody here is meant"),
        "{}",
        err(&cases)
    );
    let again = carnet(folder.path(), &arguments);
    assert!(out(&again).contains("1 known already"), "{}", out(&again));
    write("stock.jsonl", "{\"sku\": \"A1\", \"on_hand\": 3}\n");
    let stock = carnet(folder.path(), &["import", "stock", "stock.jsonl"]);
    assert!(stock.status.success(), "{}", err(&stock));
    assert!(carnet(folder.path(), &["pairs"]).status.success());
}

#[tokio::test]
async fn an_import_reports_what_it_did_and_which_line_it_refused() {
    let folder = folder().await;
    let rejects = ["--rejects", "rejects.tsv"];
    let mut arguments = vec!["import", "sales", "sales.csv"];
    arguments.extend(rejects);
    let first = carnet(folder.path(), &arguments);
    assert_eq!(first.status.code(), Some(3), "{}", err(&first));
    let told = out(&first);
    assert!(told.contains("3 read, 1 rejected"), "{told}");
    assert!(told.contains("purchases  2, 19.50 EUR"), "{told}");
    assert!(err(&first).contains("line 3: amount"), "{}", err(&first));
    let kept = std::fs::read_to_string(folder.path().join("rejects.tsv")).unwrap();
    assert!(
        kept.starts_with("3\tamount\t") && kept.contains("2,otto,"),
        "{kept}"
    );
    let again = carnet(folder.path(), &["import", "sales", "sales.csv"]);
    assert!(out(&again).contains("Nothing changed"), "{}", out(&again));
    std::fs::write(folder.path().join("bad.csv"), SALES.replace("2026", "20x6")).unwrap();
    let bad = carnet(folder.path(), &["import", "sales", "bad.csv"]);
    assert_eq!(bad.status.code(), Some(3));
    assert!(out(&bad).contains("Nothing was taken: every row was refused."));
    std::fs::write(
        folder.path().join("good.csv"),
        SALES.replace("twelve", "12"),
    )
    .unwrap();
    let good = carnet(folder.path(), &["import", "sales", "good.csv"]);
    assert!(good.status.success(), "{}", err(&good));
    let missing = carnet(folder.path(), &["import", "customers", "nowhere.csv"]);
    assert!(!missing.status.success() && err(&missing).contains("can't read nowhere.csv"));
}

#[tokio::test]
async fn refused_rows_are_written_over_nothing() {
    let folder = folder().await;
    let sales = folder.path().join("sales.csv");
    for taken in ["sales.csv", "./sales.csv"] {
        let arguments = ["import", "sales", "sales.csv", "--rejects", taken];
        let refused = carnet(folder.path(), &arguments);
        assert_eq!(refused.status.code(), Some(1));
        let told = err(&refused);
        assert!(told.contains("exists already: name a new file"), "{told}");
        assert_eq!(std::fs::read_to_string(&sales).unwrap(), SALES);
    }
    let imported = out(&carnet(folder.path(), &["import", "sales", "sales.csv"]));
    assert!(
        imported.contains("2 new"),
        "nothing was imported before: {imported}"
    );
}

#[tokio::test]
async fn sales_given_as_customers_are_told_apart() {
    let folder = folder().await;
    let refused = carnet(folder.path(), &["import", "customers", "sales.csv"]);
    assert_eq!(refused.status.code(), Some(1), "{}", out(&refused));
    let told = err(&refused);
    assert!(told.contains("this looks like sales"), "{told}");
    let imported = out(&carnet(folder.path(), &["import", "sales", "sales.csv"]));
    assert!(imported.contains("customers  1 new"), "{imported}");
}

#[tokio::test]
async fn verify_names_the_damaged_table_and_rebuild_mends_what_is_derived() {
    let folder = folder().await;
    let imported = carnet(folder.path(), &["import", "sales", "sales.csv"]);
    assert_eq!(imported.status.code(), Some(3));
    let whole = carnet(folder.path(), &["verify"]);
    assert!(whole.status.success(), "{}", err(&whole));
    assert!(out(&whole).contains("The database is whole."));
    for table in Table::DERIVED {
        damage(folder.path(), table);
        let found = carnet(folder.path(), &["verify"]);
        assert_eq!(found.status.code(), Some(1));
        let told = err(&found);
        assert!(told.contains(&format!("table {}", table.name())), "{told}");
        assert!(told.contains("run `carnet admin rebuild`"), "{told}");
        let mended = carnet(folder.path(), &["rebuild"]);
        assert!(mended.status.success(), "{}", err(&mended));
        let whole = carnet(folder.path(), &["verify"]);
        assert!(whole.status.success(), "{table:?}: {}", err(&whole));
    }
    for table in [Table::Feed, Table::Change] {
        damage(folder.path(), table);
        let found = carnet(folder.path(), &["verify"]);
        assert_eq!(found.status.code(), Some(1));
        let told = err(&found);
        assert!(told.contains(&format!("table {}", table.name())), "{told}");
        assert!(told.contains("restore it from its backup"), "{told}");
    }
    let refused = carnet(folder.path(), &["rebuild"]);
    assert!(!refused.status.success(), "damaged truth is not built upon");
}

#[tokio::test]
async fn what_writes_does_not_run_beside_a_hub_and_what_reads_does() {
    let folder = folder().await;
    let hub = FolderLock::take(folder.path()).unwrap();
    for arguments in [
        ["import", "sales", "sales.csv"].as_slice(),
        &["enrol"],
        &["rebuild"],
        &["associates", "add", "ana", "--name", "Ana"],
    ] {
        let refused = carnet(folder.path(), arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(
            err(&refused).contains("a hub is running on"),
            "{}",
            err(&refused)
        );
    }
    for arguments in [
        ["verify"].as_slice(),
        &["associates", "list"],
        &["devices", "list"],
    ] {
        let done = carnet(folder.path(), arguments);
        assert!(done.status.success(), "{arguments:?}: {}", err(&done));
    }
    drop(hub);
    assert!(carnet(folder.path(), &["enrol"]).status.success());
}

#[tokio::test]
async fn people_and_keys_are_looked_after_without_a_browser() {
    let folder = folder().await;
    let added = carnet(
        folder.path(),
        &["associates", "add", "ana", "--name", "Ana"],
    );
    assert!(out(&added).contains("password   "), "{}", err(&added));
    let reset = carnet(folder.path(), &["associates", "reset-password", "ana"]);
    assert!(reset.status.success(), "{}", err(&reset));
    let left = carnet(folder.path(), &["associates", "deactivate", "ana"]);
    assert!(left.status.success(), "{}", err(&left));
    let list = out(&carnet(folder.path(), &["associates", "list"]));
    let ana = list.lines().find(|line| line.contains("ana ")).unwrap();
    assert!(ana.ends_with("left"), "{list}");
    let handed = carnet(folder.path(), &["handover", "ana", "manager"]);
    assert!(
        out(&handed).starts_with("manager has 0 promises to 0 customers"),
        "{}",
        err(&handed)
    );
    let back = carnet(folder.path(), &["handover", "manager", "ana"]);
    assert!(err(&back).contains("ana has left"), "{}", err(&back));
    let bad = ["integrations", "add", "pos", "--scopes", "everything"];
    let refused = carnet(folder.path(), &bad);
    assert!(
        err(&refused).contains("is none of customer:read"),
        "{}",
        err(&refused)
    );
    let good = ["integrations", "add", "pos", "--scopes", "record:write"];
    let key = out(&carnet(folder.path(), &good));
    assert!(key.contains("carnet_key_"), "{key}");
    let id = key
        .lines()
        .next()
        .unwrap()
        .split_whitespace()
        .last()
        .unwrap();
    let revoked = carnet(folder.path(), &["integrations", "revoke", id]);
    assert!(revoked.status.success(), "{}", err(&revoked));
    let list = out(&carnet(folder.path(), &["integrations", "list"]));
    assert!(list.contains("revoked"), "{list}");
    let nobody = carnet(folder.path(), &["associates", "deactivate", "nobody"]);
    assert!(
        err(&nobody).contains("nobody signs in as"),
        "{}",
        err(&nobody)
    );
    let nowhere = folder.path().join("nowhere");
    let nothing = carnet_on(&nowhere, folder.path(), &["verify"]);
    assert!(
        err(&nothing).contains("holds no hub yet"),
        "{}",
        err(&nothing)
    );
    assert!(!nowhere.exists(), "a mistyped folder is not made");
}

/// Keeps a report of the gap as the last of its week, as a hub does while it serves.
fn keep_week(folder: &Path, as_of: Timestamp, gap_bp: u32) {
    let report = Report {
        as_of,
        playbook: 0,
        window_days: 365,
        active: 100,
        best: 20,
        gap_bp: Some(gap_bp),
        declared_gap_bp: 0,
        coverage: Coverage {
            coverage_bp: Some(6_150),
            proven_bp: Some(4_000),
            ..Coverage::default()
        },
        items: Vec::new(),
        honesty: Honesty {
            best_bp: Some(7_000),
            rest_bp: None,
            ..Honesty::default()
        },
    };
    let store = data::open_store(folder, false).unwrap();
    let mut tx = store.write().unwrap();
    history::keep(&mut *tx, &report).unwrap();
    tx.commit().unwrap();
}

#[tokio::test]
async fn the_gap_is_told_week_by_week() {
    let folder = folder().await;
    let told = |arguments: &[&str]| {
        let output = carnet(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", err(&output));
        out(&output)
    };
    let none = told(&["gap", "--weeks"]);
    assert!(none.starts_with("No week is kept yet"), "{none}");
    // The Sundays of two weeks of 2026.
    keep_week(folder.path(), Timestamp(1_781_438_400_000), 1_250);
    keep_week(folder.path(), Timestamp(1_782_043_200_000), 905);
    let all = told(&["gap", "--weeks"]);
    let rows: Vec<Vec<&str>> = all
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let tail = ["61.50", "%", "40.00", "%", "70.00", "%", "-"];
    let row = |week, day, gap| [&[week, day, gap, "%"], tail.as_slice()].concat();
    assert_eq!(
        rows.get(1..).unwrap(),
        [
            row("2026-W25", "2026-06-21", "9.05"),
            row("2026-W24", "2026-06-14", "12.50")
        ],
        "{all}"
    );
    let latest = told(&["gap", "--weeks", "1"]);
    assert!(
        latest.contains("2026-W25") && !latest.contains("2026-W24"),
        "{latest}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&told(&["gap", "--weeks", "--json"])).unwrap();
    assert_eq!(json["weeks"][1]["report"]["gap_bp"], 905, "as over REST");
    for refused in [["--weeks", "0"], ["--weeks", "--discover"]] {
        let refused = carnet(folder.path(), &[["gap"].as_slice(), &refused].concat());
        assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    }
}

#[tokio::test]
async fn where_every_promise_is_kept_it_is_said_so() {
    let folder = folder().await;
    let none = out(&carnet(folder.path(), &["promises"]));
    assert!(none.starts_with("Every promise whose time"), "{none}");
    let json = out(&carnet(folder.path(), &["promises", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json, serde_json::json!({ "promises": [] }));
}
