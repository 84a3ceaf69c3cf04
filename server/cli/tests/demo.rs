//! The demo's whole story with the real binary: it checks itself that nothing was lost, doubled or left apart.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::process::{Command, Output, Stdio};

fn demo(more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_carnet"))
        .args([
            "demo",
            "--customers",
            "80",
            "--listen",
            "127.0.0.1:0",
            "--exit",
        ])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn the_story_plays_to_its_end_and_shows_allergy_and_conflict() {
    let output = demo(&[]);
    let told = String::from_utf8(output.stdout).unwrap();
    let complained = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}\n{complained}");
    for line in [
        "Ana's handheld keeps 4 edits that are not sent yet.",
        "the network breaks while they are on their way",
        "Ana's handheld: 4 of 7 edits sent, 3 not. ",
        "Ana's handheld sends the 3 edits that waited",
        "nothing lost, nothing doubled",
        "avoid  Allergy: nickel (serious)",
        "Last time: the winter coat",
        "do     Promise due in 1 day: call her when the winter coat is in",
        "do     Ask size shoe EU Atelier: 3",
        "note   Repairs: send them to her home by courier",
        "Ana Duarte wrote",
        "shoe size 39, 0 conflicts are left",
        "Ben has never met Noah Stern, and there is no network",
        "avoid  Never wool",
        "show   Trench coat, waxed",
        "May he call to sell something? No: ",
        "the customer may read this",
        "What you saw",
        "The demo ends here, and its files are removed.",
    ] {
        assert!(told.contains(line), "{line:?} is missing in:\n{told}");
    }
    let gaps: Vec<f64> = told
        .split("the best get ")
        .skip(1)
        .map(|rest| rest.split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(
        matches!(gaps[..], [before, after] if after < before),
        "{gaps:?} in:\n{told}"
    );
    for inside in ["Settled", "Some(", "Atelier: 38 {", "LEAVE"] {
        assert!(!told.contains(inside), "{inside:?} is in:\n{told}");
    }
}

#[test]
fn a_folder_that_holds_something_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let output = demo(&["--data", folder.path().to_str().unwrap()]);
    assert!(!output.status.success());
    let complained = String::from_utf8(output.stderr).unwrap();
    assert!(complained.contains("not empty"), "{complained}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
