//! The bench itself on a book of 50 customers: every figure of the table comes out, and one that does not is named.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::process::{Command, Output};

/// What the bench must always bring.
const FIGURES: [&str; 39] = [
    "reconnect.bytes",
    "reconnect.round_trips",
    "reconnect.hub_cpu_ms",
    "reconnect.documents_loaded",
    "catch_up.bytes",
    "catch_up.round_trips",
    "catch_up.wall_ms",
    "push.wall_ms",
    "push.hub_cpu_ms_per_edit",
    "first_sync.searchable_ms",
    "first_sync.complete_ms",
    "first_sync.bytes_per_customer",
    "live.p50_ms",
    "live.p99_ms",
    "live50.p50_ms",
    "live50.p99_ms",
    "live50.delivered_share",
    "hub.rss_mb",
    "handheld.open_ms",
    "handheld.search_p99_ms",
    "handheld.edit_p99_ms",
    "handheld.rss_mb",
    "brief.p50_ms",
    "brief.p99_ms",
    "guard.p50_ms",
    "guard.p99_ms",
    "today.prepare_ms_per_customer",
    "today.from_nothing_ms",
    "today.after_edit_ms",
    "duplicates.bytes",
    "duplicates.lookup_us",
    "import.wall_s",
    "import.again_wall_s",
    "import.rss_mb",
    "gap.full_ms",
    "gap.incremental_ms",
    "gap.rss_mb",
    "gap.keeper_ms_per_1000_customers",
    "gap.keeper_incremental_ms",
];

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--quick"])
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_figure_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let output = bench(&["--customers", "50", "--json", json.to_str().unwrap()]);
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    let figures = std::fs::read_to_string(&json).unwrap();
    let figures: serde_json::Value = serde_json::from_str(&figures).unwrap();
    let figures = figures.as_array().unwrap();
    for name in FIGURES {
        let mut found = figures.iter().filter(|figure| figure["name"] == name);
        let figure = found.next().unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(figure["customers"], 50, "{name}");
        assert!(figure["value"].as_f64().unwrap() >= 0.0, "{name}");
        assert!(figure["unit"].is_string(), "{name}");
        assert!(said.contains(name), "{name} is in the table");
    }
    let share = figures
        .iter()
        .find(|figure| figure["name"] == "live50.delivered_share");
    let share = share.unwrap()["value"].as_f64().unwrap();
    // How much arrives in time is for a quiet machine to say.
    assert!(share > 0.0 && share <= 1.0, "{share}");
}

#[test]
fn a_figure_that_does_not_come_is_named_and_fails_the_run() {
    // Fifty handhelds edit a card each, so a book of three is too small for them.
    let output = bench(&["--customers", "3", "--only", "hub,live50"]);
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{said}\n{complained}");
    for name in ["live50.p50_ms", "live50.p99_ms", "live50.delivered_share"] {
        let line = format!("{name} at 3 customers");
        assert!(complained.contains(&line), "{complained}");
    }
    assert!(!complained.contains("hub.rss_mb"), "{complained}");
    assert!(said.contains("hub.rss_mb"), "the rest goes on: {said}");
}
