//! The real binary: what `carnet serve` says, refuses and leaves behind.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// A hub that serves; killed with the test.
struct Hub {
    child: Child,
    address: String,
    said: Vec<String>,
}

impl Hub {
    fn start(folder: &Path) -> Self {
        let mut child = carnet(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--log",
            "error",
            "--data",
        ])
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first.split_whitespace().nth(2).unwrap();
        let address = url.strip_prefix("http://").unwrap().to_owned();
        let mut hub = Self {
            child,
            address,
            said: vec![first],
        };
        let ends = ["  carnet handheld", "Sign in as before"];
        for line in lines {
            let line = line.unwrap();
            let is_last = ends.iter().any(|end| line.starts_with(end));
            hub.said.push(line);
            if is_last {
                return hub;
            }
        }
        panic!("the hub stopped after saying {:?}", hub.said);
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn says(&self, start: &str) -> bool {
        self.said
            .iter()
            .any(|line| line.trim_start().starts_with(start))
    }

    fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may have ended already, which is what most tests want.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn carnet(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_carnet"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn refused(folder: &Path, more: &[&str]) -> String {
    let output: Output = carnet(&["serve", "--data"])
        .arg(folder)
        .args(more)
        .output()
        .unwrap();
    assert!(!output.status.success(), "it must not start");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_first_run_tells_how_to_sign_in_and_enrol_and_later_runs_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path());
    assert!(hub.says("manager") && hub.says("password") && hub.says("enrolment code"));
    assert!(hub.get("/livez").starts_with("HTTP/1.1 200"));
    assert!(hub.get("/readyz").starts_with("HTTP/1.1 200"));
    assert!(hub.get("/v1/shops").starts_with("HTTP/1.1 401"));
    assert_eq!(
        hub.terminate(),
        Some(0),
        "a service manager's stop is a clean end"
    );
    let hub = Hub::start(folder.path());
    assert!(!hub.says("password"), "{:?}", hub.said);
    assert_eq!(hub.terminate(), Some(0));
}

#[test]
fn a_port_in_use_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refused(folder.path(), &["--listen", &address]);
    assert!(
        said.contains("in use") && said.contains("--listen"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("carnet.db");
    let text = "a letter to a customer, not a database. ".repeat(64);
    std::fs::write(&path, &text).unwrap();
    let said = refused(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(said.contains("not a Carnet database"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_folder_that_can_not_be_made_and_a_bad_address_are_said_plainly() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let said = refused(&file.join("below"), &["--listen", "127.0.0.1:0"]);
    assert!(said.contains("--data"), "{said}");
    let said = refused(folder.path(), &["--listen", "nowhere"]);
    assert!(said.contains("--listen"), "{said}");
    let said = refused(folder.path(), &["--listen", "0.0.0.0:0"]);
    assert!(
        said.contains("loopback"),
        "plain HTTP stays on this machine: {said}"
    );
}

#[test]
fn a_hub_is_not_begun_in_a_file_nor_among_somebody_else_s_files() {
    let folder = tempfile::tempdir().unwrap();
    let letter = folder.path().join("letter.txt");
    std::fs::write(&letter, "dear").unwrap();
    let listen = ["--listen", "127.0.0.1:0"];
    let said = refused(&letter, &listen);
    assert!(
        said.contains("letter.txt is a file, not a folder"),
        "{said}"
    );
    let said = refused(folder.path(), &listen);
    assert!(
        said.contains("letter.txt") && said.contains("--data"),
        "{said}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let verified = carnet(&["admin", "verify", "--data"]).arg(&letter).output();
    let said = String::from_utf8(verified.unwrap().stderr).unwrap();
    assert!(
        said.contains("letter.txt is a file, not a folder"),
        "{said}"
    );
}

#[test]
fn a_keystore_whose_database_is_gone_is_not_given_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Hub::start(folder.path()).terminate(), Some(0));
    std::fs::remove_file(folder.path().join("carnet.db")).unwrap();
    let said = refused(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(said.contains("restore carnet.db from its backup"), "{said}");
    assert!(!folder.path().join("carnet.db").exists());
}

#[test]
fn a_damaged_keystore_stops_the_start_and_says_which_file() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Hub::start(folder.path()).terminate(), Some(0));
    std::fs::write(folder.path().join("hub.keys"), "garbage").unwrap();
    let said = refused(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(said.contains("hub.keys"), "{said}");
}

#[test]
fn a_hub_whose_keystore_is_gone_or_another_s_does_not_start_and_does_not_verify() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    assert_eq!(Hub::start(folder.path()).terminate(), Some(0));
    assert_eq!(Hub::start(other.path()).terminate(), Some(0));
    let keys = folder.path().join("hub.keys");
    let own = std::fs::read(&keys).unwrap();
    let tell_the_same = |what: &str| {
        let started = refused(folder.path(), &["--listen", "127.0.0.1:0"]);
        let verified = carnet(&["admin", "verify", "--data"])
            .arg(folder.path())
            .output()
            .unwrap();
        assert_eq!(verified.status.code(), Some(1));
        for said in [started, String::from_utf8(verified.stderr).unwrap()] {
            assert!(said.contains(what), "{said}");
            assert!(said.contains("restore hub.keys from its backup"), "{said}");
        }
    };
    std::fs::remove_file(&keys).unwrap();
    tell_the_same("is missing");
    assert!(!keys.exists(), "a new keystore would only hide the loss");
    std::fs::copy(other.path().join("hub.keys"), &keys).unwrap();
    tell_the_same("belongs to another database");
    // The file is private still: it is written over, not made.
    std::fs::write(&keys, own).unwrap();
    assert_eq!(Hub::start(folder.path()).terminate(), Some(0));
}

#[test]
fn the_printed_way_to_enrol_works_word_for_word_while_the_hub_runs() {
    let beside = tempfile::tempdir().unwrap();
    let folder = beside.path().join("the shop's book");
    assert_eq!(Hub::start(&folder).terminate(), Some(0));
    let hub = Hub::start(&folder);
    let line = hub.said.last().unwrap().clone();
    let (_, command) = line.split_once("A new handheld: ").unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_carnet"));
    let path = std::env::join_paths(
        [program.parent().unwrap().to_path_buf()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let typed = |command: &str| {
        let output = Command::new("sh")
            .args(["-c", command])
            .env("PATH", path.as_ref().unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let complained = String::from_utf8(output.stderr).unwrap();
        assert_eq!(complained, "", "{command}");
        said
    };
    let said = typed(command);
    let code = said.lines().find_map(|line| line.strip_prefix("code "));
    // The hub that runs takes the code, so it was the hub that made it.
    let pocket = beside.path().join("pocket");
    let enrolled = carnet(&["handheld", "--data"])
        .arg(&pocket)
        .args(["--hub", &format!("http://{}", hub.address)])
        .args(["--code", code.unwrap().trim()])
        .output()
        .unwrap();
    let told = String::from_utf8(enrolled.stdout).unwrap();
    assert!(told.contains("Enrolled."), "{told}");
    let people = command.replace("admin enrol", "admin associates add ana --name Ana");
    assert!(typed(&people).contains("password   "));
    let people = command.replace("admin enrol", "admin associates list");
    assert!(typed(&people).contains("ana "));
    let devices = command.replace("admin enrol", "admin devices list");
    assert!(typed(&devices).contains("active"));
    let wrong = carnet(&["admin", "associates", "deactivate", "nobody", "--data"])
        .arg(&folder)
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    let told = String::from_utf8(wrong.stderr).unwrap();
    assert!(told.contains("nobody signs in as"), "{told}");
    assert_eq!(hub.terminate(), Some(0));
    assert!(!folder.join("carnet.sock").exists());
    assert!(typed(command).contains("Start the hub before using it."));
}

#[test]
fn metrics_tell_what_became_of_a_handheld_s_edits() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(&folder.path().join("hub"));
    let word = |start: &str, number: usize| {
        let mut lines = hub.said.iter();
        let line = lines.find(|line| line.trim_start().starts_with(start));
        line.and_then(|line| line.split_whitespace().nth(number))
            .unwrap()
    };
    let mut handheld = carnet(&["handheld", "--data"])
        .arg(folder.path().join("pocket"))
        .args(["--hub", &format!("http://{}", hub.address)])
        .args(["--code", word("enrolment code", 2)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let password = word("password", 1);
    let script = format!("manager\n{password}\nnew Needle Marchand\nsync\n");
    let mut input = handheld.stdin.take().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    drop(input);
    let output = handheld.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("In agreement with the hub."), "{told}");
    let metrics = hub.get("/metrics");
    let accepted = "carnet_verdicts_total{ruling=\"accepted\",code=\"\"}";
    assert!(metrics.contains(accepted), "{metrics}");
    assert!(metrics.contains("\ncarnet_sync_sessions "), "{metrics}");
    assert!(!metrics.contains("Needle"), "{metrics}");
}
