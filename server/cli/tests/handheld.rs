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
        let (child, said) = served(folder, "carnet handheld");
        Self {
            url: word(&said, "Carnet serves", 2),
            code: word(&said, "enrolment code", 2),
            password: word(&said, "password", 1),
            child,
        }
    }

    /// Takes somebody on, for which it rests a moment; gives their password.
    fn take_on(&mut self, folder: &Path, login: &str, name: &str) -> String {
        self.end();
        let output = Command::new(env!("CARGO_BIN_EXE_carnet"))
            .args(["admin", "--data"])
            .arg(folder)
            .args(["associates", "add", login, "--name", name])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let said: Vec<_> = said.lines().map(str::to_owned).collect();
        let (child, served) = served(folder, "Sign in as before");
        self.child = child;
        self.url = word(&served, "Carnet serves", 2);
        word(&said, "password", 1)
    }

    fn end(&mut self) {
        // It may have ended by itself, which its own tests tell.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A hub that serves, and what it said up to the line that begins with `last`.
fn served(folder: &Path, last: &str) -> (Child, Vec<String>) {
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
        let is_last = line.trim_start().starts_with(last);
        said.push(line);
        if is_last {
            break;
        }
    }
    (child, said)
}

/// The word with this number of the line that begins with `start`.
fn word(said: &[String], start: &str, number: usize) -> String {
    let line = said
        .iter()
        .find(|line| line.trim_start().starts_with(start));
    let word = line.and_then(|line| line.split_whitespace().nth(number));
    word.unwrap().to_owned()
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.end();
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
    assert!(!is_good, "it is not enrolled yet");
    assert!(said.contains("key is kept in"), "{said}");
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
fn a_folder_of_a_hub_and_a_file_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("carnet.db"), "a hub's").unwrap();
    let (_, complained, is_good) = played(&["--data", folder.path().to_str().unwrap()], "");
    assert!(!is_good);
    assert!(
        complained.contains("holds the data of a hub"),
        "{complained}"
    );
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "nothing was put there");
    let file = folder.path().join("carnet.db");
    let (_, complained, is_good) = played(&["--data", file.to_str().unwrap()], "");
    assert!(!is_good);
    assert!(
        complained.contains("is a file: name a folder"),
        "{complained}"
    );
}

#[test]
fn an_enrolment_that_failed_is_a_failure_and_names_the_hub() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("book");
    // Port 1 answers nobody.
    let hub = "http://127.0.0.1:1";
    let arguments = [
        "--data",
        data.to_str().unwrap(),
        "--hub",
        hub,
        "--code",
        "0000000000",
    ];
    let (said, complained, is_good) = played(&arguments, "");
    assert!(!is_good);
    assert!(
        said.contains("http://127.0.0.1:1 can't be reached: is it running"),
        "{said}"
    );
    assert!(!said.contains("goes out later"), "{said}");
    assert!(complained.contains("not enrolled"), "{complained}");
}

#[test]
fn who_takes_over_types_their_password_and_wrong_ones_end_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start(&folder.path().join("hub"));
    let bens = hub.take_on(&folder.path().join("hub"), "ben", "Ben Okafor");
    let data = folder.path().join("handheld");
    let arguments = [
        "--data",
        data.to_str().unwrap(),
        "--hub",
        &hub.url,
        "--code",
        &hub.code,
    ];
    let script = format!(
        "manager\n{}\nsignin\nx\n1\nx\n2\nx\n3\nsignin\n\nswitch ben\nsignin\nben\n{bens}\n\
         offline\nswitch manager\nguess\nstatus\nswitch manager\n{}\nstatus\n",
        hub.password, hub.password
    );
    let (said, complained, is_good) = played(&arguments, &script);
    assert!(is_good, "{said}\n{complained}");
    let lines: Vec<_> = said.lines().collect();
    let place = |text: &str| lines.iter().position(|line| line.contains(text));
    let order = [
        "The name or the password is wrong.",
        "Manager is still signed in.",
        "ben has not signed in here",
        "Hello Ben Okafor.",
        "Off the network.",
        "The password is wrong.",
        "signed in     Ben Okafor",
        "signed in     Manager",
    ];
    for pair in order.windows(2) {
        assert!(place(pair[0]).is_some(), "{:?} is not in {said}", pair[0]);
        assert!(place(pair[0]) < place(pair[1]), "{pair:?} in {said}");
    }
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
