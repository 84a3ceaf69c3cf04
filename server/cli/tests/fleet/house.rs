//! A hub as an operator runs it: a data folder that `carnet admin` looks after and `carnet serve` serves, and handhelds that reach it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use carnet_ffi::{Book, BookOptions, SyncEnd};

/// A data folder that has had its first run, and beside it the books of handhelds.
pub(crate) struct House {
    folder: tempfile::TempDir,
}

/// A hub that serves; killed with the test.
pub(crate) struct Hub {
    child: Child,
    /// Where it is reached.
    pub(crate) url: String,
}

/// Somebody who signs in.
pub(crate) struct Person {
    pub(crate) login: String,
    pub(crate) password: String,
}

impl House {
    pub(crate) fn new() -> Self {
        let house = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        house.serve().stop();
        house
    }

    /// The hub's data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("hub")
    }

    /// A place for files beside it.
    pub(crate) fn beside(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// What `carnet admin` answers; the hub must not be running for what writes.
    pub(crate) fn admin(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {complained}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What `carnet admin` complains of when it does not do what it was asked.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_carnet"))
            .args(["admin", "--data"])
            .arg(self.data())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// A shop's associate.
    pub(crate) fn associate(&self, login: &str) -> Person {
        let told = self.admin(&["associates", "add", login, "--name", login]);
        Person {
            login: login.to_owned(),
            password: word_after(&told, "password"),
        }
    }

    /// A one-time code for one handheld.
    pub(crate) fn code(&self) -> String {
        word_after(&self.admin(&["enrol"]), "code")
    }

    pub(crate) fn serve(&self) -> Hub {
        Hub::start(&self.data())
    }

    /// A handheld that has enrolled with `code` and on which `person` is signed in.
    pub(crate) fn handheld(&self, hub: &Hub, person: &Person, code: String) -> Arc<Book> {
        let path = self.folder.path().join(format!("book-{}", person.login));
        let path = path.to_str().unwrap().to_owned();
        let book = Book::open(path, vec![7; 32], BookOptions::default()).unwrap();
        book.enrol(hub.url.clone(), code, person.login.clone())
            .unwrap();
        book.sign_in(person.login.clone(), person.password.clone())
            .unwrap();
        book
    }
}

/// The word behind `name` in what the binary printed.
fn word_after(told: &str, name: &str) -> String {
    let mut lines = told.lines().map(str::split_whitespace);
    let found = lines.find_map(|mut words| (words.next() == Some(name)).then(|| words.next()));
    found.flatten().unwrap().to_owned()
}

impl Hub {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_carnet"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "error"])
            .arg("--data")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first.split_whitespace().nth(2).unwrap().to_owned();
        let ends = ["  carnet handheld", "Sign in as before"];
        let is_last = |line: &str| ends.iter().any(|end| line.starts_with(end));
        assert!(lines.any(|line| is_last(&line.unwrap())), "it greets");
        Self { child, url }
    }

    /// Its host and port.
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// The process that serves.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as a service manager does, and waits for its clean end.
    pub(crate) fn stop(mut self) {
        let id = self.process().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may have ended already, which is what most tests want.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Syncs until both hold the same, nothing waits and nothing was refused.
pub(crate) fn settle(book: &Book) {
    let report = book.sync_once(600_000).unwrap();
    let told = (report.end, report.pending, report.refused);
    assert_eq!(told, (SyncEnd::Settled, 0, 0));
}
