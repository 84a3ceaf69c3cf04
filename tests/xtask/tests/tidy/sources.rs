//! Rules for source files: introductions, length, names, leftovers, and where Automerge may be named.

use super::{Finding, SourceFile, assert_tidy, files};

/// Lines of one source file at most.
const LINES_MAX: usize = 500;

/// Files that are longer for now, each with its length as it may not grow. This list only shrinks.
const LONGER_FOR_NOW: [(&str, usize); 0] = [];

/// Where in the core Automerge may be named.
const AUTOMERGE_ROOMS: [&str; 4] = [
    "sync-core/src/card.rs",
    "sync-core/src/card/",
    "sync-core/src/gate.rs",
    "sync-core/src/gate/",
];

/// Names that say nothing about what lives in a file.
const EMPTY_NAMES: [&str; 5] = ["utils", "helpers", "common", "misc", "mod"];

#[test]
fn every_source_file_says_what_lives_in_it() {
    assert_tidy(
        "every source file opens with `//!`",
        "a reader learns what lives here, and what does not, before any code",
        "write one line that says it; then invariants, why and failure where they exist",
        &without_introduction(&files(".rs")),
    );
}

fn without_introduction(files: &[SourceFile]) -> Vec<Finding> {
    files
        .iter()
        .filter(|file| {
            let first = file.text.lines().next().unwrap_or_default();
            first
                .strip_prefix("//!")
                .is_none_or(|words| words.trim().is_empty())
        })
        .map(|file| file.path.clone())
        .collect()
}

#[test]
fn a_file_without_introduction_is_found() {
    let files = [
        SourceFile::new("good.rs", "//! The clock.\nfn main() {}"),
        SourceFile::new("bare.rs", "use std::fmt;"),
        SourceFile::new("empty.rs", "//!\n"),
    ];
    assert_eq!(without_introduction(&files), ["bare.rs", "empty.rs"]);
}

#[test]
fn no_source_file_is_too_long() {
    assert_tidy(
        "a source file has at most 500 lines; the named exceptions may not grow",
        "a file that can be read in one sitting has one subject",
        "give what swells its own type and file; shorten an exception's number when its file shrinks",
        &too_long(&files(".rs"), &LONGER_FOR_NOW),
    );
}

fn too_long(files: &[SourceFile], exceptions: &[(&str, usize)]) -> Vec<Finding> {
    let longest = |path: &str| {
        let exception = exceptions.iter().find(|(name, _)| *name == path);
        exception.map_or(LINES_MAX, |(_, lines)| *lines)
    };
    let mut findings: Vec<Finding> = files
        .iter()
        .map(|file| (file, file.text.lines().count()))
        .filter(|(file, lines)| *lines > longest(&file.path))
        .map(|(file, lines)| format!("{}: {lines} lines", file.path))
        .collect();
    // An exception that is no longer needed would let its file grow back.
    let needless = exceptions.iter().filter(|(name, _)| {
        let file = files.iter().find(|file| file.path == *name);
        file.is_none_or(|file| file.text.lines().count() <= LINES_MAX)
    });
    findings.extend(needless.map(|(name, _)| format!("{name}: needs no exception")));
    findings
}

#[test]
fn a_long_file_and_a_needless_exception_are_found() {
    let files = [
        SourceFile::new("short.rs", "//! Short.\n"),
        SourceFile::new("long.rs", &"line\n".repeat(501)),
        SourceFile::new("excused.rs", &"line\n".repeat(510)),
        SourceFile::new("grown.rs", &"line\n".repeat(521)),
    ];
    let exceptions = [("short.rs", 600), ("excused.rs", 510), ("grown.rs", 520)];
    assert_eq!(
        too_long(&files, &exceptions),
        [
            "long.rs: 501 lines",
            "grown.rs: 521 lines",
            "short.rs: needs no exception"
        ]
    );
}

#[test]
fn files_are_named_after_what_they_hold() {
    assert_tidy(
        "no source file is called utils, helpers, common, misc or mod",
        "a name that fits everything gathers everything",
        "name it after its main type or verb; `foo.rs` beside `foo/` instead of `mod.rs`",
        &empty_names(&files(".rs")),
    );
}

fn empty_names(files: &[SourceFile]) -> Vec<Finding> {
    let is_empty = |part: &str| EMPTY_NAMES.contains(&part.trim_end_matches(".rs"));
    files
        .iter()
        .filter(|file| file.path.split('/').any(is_empty))
        .map(|file| file.path.clone())
        .collect()
}

#[test]
fn a_file_with_an_empty_name_is_found() {
    let files = [
        SourceFile::new("server/src/common/clock.rs", ""),
        SourceFile::new("server/src/commonplace.rs", ""),
        SourceFile::new("ffi/src/mod.rs", ""),
    ];
    assert_eq!(
        empty_names(&files),
        ["server/src/common/clock.rs", "ffi/src/mod.rs"]
    );
}

#[test]
fn what_is_left_to_do_has_a_number() {
    assert_tidy(
        "a TODO carries an issue's number: TODO(#123)",
        "a plan without a number is forgotten",
        "open an issue and write its number, or do it now",
        &numberless_todos(&checked_for_leftovers()),
    );
}

/// All source files but this one, which names what it looks for.
fn checked_for_leftovers() -> Vec<SourceFile> {
    let mut files = files(".rs");
    files.retain(|file| file.path != "tests/xtask/tests/tidy/sources.rs");
    files
}

fn numberless_todos(files: &[SourceFile]) -> Vec<Finding> {
    lines_where(files, |line| {
        let mut after = line.split("TODO").skip(1);
        after.any(|rest| {
            let number = rest.trim_start_matches('(').strip_prefix('#');
            number.is_none_or(|number| !number.starts_with(|first: char| first.is_ascii_digit()))
        })
    })
}

#[test]
fn a_todo_without_a_number_is_found() {
    let text = "// TODO(#12): fine\n// TODO: not\n// TODO(soon): not\n";
    let files = [SourceFile::new("a.rs", text)];
    let found = numberless_todos(&files);
    assert_eq!(
        found,
        ["a.rs:2: // TODO: not", "a.rs:3: // TODO(soon): not"]
    );
}

#[test]
fn no_test_is_ignored() {
    assert_tidy(
        "no test is ignored",
        "an ignored test is a claim nobody checks",
        "assert what holds today and link the issue, or delete it",
        &ignored(&checked_for_leftovers()),
    );
}

fn ignored(files: &[SourceFile]) -> Vec<Finding> {
    lines_where(files, |line| {
        let line = line.trim_start();
        line.starts_with("#[ignore") || (line.starts_with("#[cfg_attr") && line.contains("ignore"))
    })
}

#[test]
fn an_ignored_test_is_found() {
    let text = "#[ignore]\n    #[ignore = \"slow\"]\nlet ignored = 1;\n";
    let files = [SourceFile::new("a.rs", text)];
    assert_eq!(ignored(&files).len(), 2);
}

#[test]
fn nothing_sleeps() {
    assert_tidy(
        "nothing calls `std::thread::sleep`",
        "a pause is either too short on a busy machine or wastes everybody's time",
        "wait for the event itself; move a test's clock by hand",
        &sleeping(&checked_for_leftovers()),
    );
}

fn sleeping(files: &[SourceFile]) -> Vec<Finding> {
    lines_where(files, |line| {
        let code = code_of(line);
        code.contains("thread::sleep") || code.contains("sleep_until(")
    })
}

#[test]
fn a_sleeping_line_is_found() {
    let text = "std::thread::sleep(pause);\n// never thread::sleep\n";
    assert_eq!(sleeping(&[SourceFile::new("a.rs", text)]).len(), 1);
}

#[test]
fn automerge_stays_in_its_rooms() {
    assert_tidy(
        "in sync-core, Automerge is named under src/card and src/gate only",
        "nothing untrusted reaches it before the gate, and it can be replaced where it stands",
        "ask the card or the gate for what you need; extend their interface if it is missing",
        &automerge_outside(&files(".rs")),
    );
}

fn automerge_outside(files: &[SourceFile]) -> Vec<Finding> {
    let core: Vec<SourceFile> = files
        .iter()
        .filter(|file| file.path.starts_with("sync-core/"))
        .filter(|file| {
            !AUTOMERGE_ROOMS
                .iter()
                .any(|room| file.path.starts_with(room))
        })
        .map(|file| SourceFile::new(&file.path, &file.text))
        .collect();
    lines_where(&core, |line| {
        let code = code_of(line);
        code.contains("automerge::") || code.contains("use automerge")
    })
}

#[test]
fn automerge_outside_its_rooms_is_found() {
    let files = [
        SourceFile::new("sync-core/src/gate/shape.rs", "use automerge::Change;"),
        SourceFile::new("sync-core/src/store.rs", "/// not automerge::Change\n"),
        SourceFile::new(
            "sync-core/src/protocol.rs",
            "let x = automerge::Change::new();",
        ),
    ];
    assert_eq!(
        automerge_outside(&files),
        ["sync-core/src/protocol.rs:1: let x = automerge::Change::new();"]
    );
}

#[test]
fn automerge_s_own_sync_is_used_nowhere() {
    assert_tidy(
        "nothing uses Automerge's sync protocol",
        "a malformed message of it divides by zero or allocates without bound, before any gate could look",
        "exchange changes and heads by our own frames",
        &automerge_sync(&checked_for_leftovers()),
    );
}

fn automerge_sync(files: &[SourceFile]) -> Vec<Finding> {
    lines_where(files, |line| {
        let code = code_of(line);
        let names_it = code.contains("automerge::sync") || code.contains("SyncDoc");
        // In a list of what is taken from the library: `use automerge::{Change, sync};`
        let listed = code.split_once("automerge::{").is_some_and(|(_, list)| {
            let mut words = list.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.any(|word| word == "sync")
        });
        let calls_it = ["generate_sync_message", "receive_sync_message"];
        names_it || listed || calls_it.iter().any(|call| code.contains(call))
    })
}

#[test]
fn a_use_of_automerge_s_sync_is_found() {
    let text = "use automerge::sync::State;\n\
                use automerge::{Change, sync};\n\
                use automerge::{AutoCommit, sync::{Message, State}};\n\
                let next = doc.sync().generate_sync_message(&mut state);\n\
                use automerge::{Change, asynchronous};\n\
                use std::sync::Arc; // not automerge::sync\n";
    let found = automerge_sync(&[SourceFile::new("a.rs", text)]);
    let lines: Vec<_> = found.iter().filter_map(|line| line.get(..6)).collect();
    assert_eq!(lines, ["a.rs:1", "a.rs:2", "a.rs:3", "a.rs:4"]);
}

/// A line without its comment. A `//` inside a string ends it too early, which only makes these rules milder.
fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

fn lines_where(files: &[SourceFile], is_wrong: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            if is_wrong(line) {
                findings.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            }
        }
    }
    findings
}
