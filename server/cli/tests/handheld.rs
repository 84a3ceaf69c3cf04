//! The real binary as a handheld: driven by a script, alone and with a hub.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What a handheld said to a script, and whether it ended well.
fn played(arguments: &[&str], script: &str) -> (String, String, bool) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_carnet"))
        .arg("handheld")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A handheld that ended early has not read the script, which is no failure of the test.
    let _ended_early = child.stdin.take().unwrap().write_all(script.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        text(output.stdout),
        text(output.stderr),
        output.status.success(),
    )
}

/// A hub that serves; killed with the test.
struct Hub {
    child: Child,
    url: String,
    code: String,
    password: String,
}

impl Hub {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_carnet"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--log",
                "error",
                "--data",
            ])
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        for line in lines {
            let line = line.unwrap();
            let is_last = line.trim_start().starts_with("carnet handheld");
            said.push(line);
            if is_last {
                break;
            }
        }
        let word = |start: &str, number: usize| {
            let line = said
                .iter()
                .find(|line| line.trim_start().starts_with(start));
            let word = line.and_then(|line| line.split_whitespace().nth(number));
            word.unwrap().to_owned()
        };
        Self {
            url: word("Carnet serves", 2),
            code: word("enrolment code", 2),
            password: word("password", 1),
            child,
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may have ended by itself, which its own tests tell.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

#[test]
fn a_script_works_with_the_invented_book() {
    let script = "find 王小\nopen ana\nnote collects lighthouses\nfind lighthouses\nnonsense\nsync\nstatus\nquit\nfind x\n";
    let (said, complained, is_good) = played(&["--preview"], script);
    assert!(is_good, "{complained}");
    assert!(said.contains("王小红"), "{said}");
    assert!(said.contains("! Allergy: nickel (serious)"), "{said}");
    assert!(said.contains("`nonsense` is no command"), "{said}");
    assert!(said.contains("waiting       nothing"), "{said}");
    assert!(
        !said.contains("Nobody."),
        "nothing is read after `quit`: {said}"
    );
    assert_eq!(complained, "");
}

#[test]
fn a_handheld_needs_a_folder_or_the_preview() {
    let (_, complained, is_good) = played(&[], "");
    assert!(!is_good);
    assert!(complained.contains("--data"), "{complained}");
}

#[test]
fn a_book_whose_key_is_gone_or_damaged_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("book");
    let data = data.to_str().unwrap();
    let (said, _, is_good) = played(&["--data", data], "");
    assert!(is_good && said.contains("key is kept in"), "{said}");
    let key = folder.path().join("book").join("book.key");
    std::fs::write(&key, [9; 32]).unwrap();
    let (_, complained, is_good) = played(&["--data", data], "");
    assert!(!is_good);
    assert!(
        complained.contains("does not open this book"),
        "{complained}"
    );
    std::fs::remove_file(&key).unwrap();
    let (_, complained, is_good) = played(&["--data", data], "");
    assert!(!is_good);
    assert!(complained.contains("book.key is missing"), "{complained}");
    assert!(!key.exists(), "a new key would only hide the loss");
}

#[test]
fn a_first_start_enrols_signs_in_works_offline_and_syncs() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(&folder.path().join("hub"));
    let data = folder.path().join("handheld");
    let arguments = |code| {
        let data = data.to_str().unwrap();
        ["--data", data, "--hub", &hub.url, "--code", code]
    };
    let script = format!(
        "{}\nmanager\nwrong\nmanager\n{}\noffline\nnew Léa Marchand\nallergy nickel\nsync\nonline\nsync\nstatus\n",
        hub.code, hub.password
    );
    let (said, complained, is_good) = played(&arguments("0000000000"), &script);
    assert!(is_good, "{complained}");
    for expected in [
        "The code does not work",
        "Enrolled.",
        "The name or the password is wrong.",
        "Hello ",
        "The hub can't be reached.",
        "In agreement with the hub.",
        "waiting       nothing",
    ] {
        assert!(said.contains(expected), "{expected:?} is not in {said}");
    }
    assert!(!said.contains("refused"), "{said}");
    let again = played(&["--data", data.to_str().unwrap()], "open lea\n");
    assert!(again.0.contains("! Allergy: nickel (serious)"), "{again:?}");
}
