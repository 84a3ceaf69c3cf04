//! The rules of the house that a compiler cannot see, each a test.
//!
//! Every message says the rule, its reason and the cure.
//! A rule is a plain function from text to findings, and each has a second test that it does find what it is there for.

mod crates;
mod documents;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

/// The folders at the top level. Plain files and folders that begin with a dot may stand beside them.
const TOP_FOLDERS: [&str; 5] = ["ffi", "mobile-bindings", "server", "sync-core", "tests"];

/// A breach of a rule: where, and what was found.
type Finding = String;

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("this package lies two folders below the root")
}

/// Fails with the rule, its reason and its cure when there is a finding.
#[track_caller]
fn assert_tidy(rule: &str, reason: &str, cure: &str, findings: &[Finding]) {
    assert!(
        findings.is_empty(),
        "\nRule:   {rule}\nReason: {reason}\nCure:   {cure}\nFound:\n  {}\n",
        findings.join("\n  ")
    );
}

/// A file of the repository: its path from the root, with `/`, and its text.
#[derive(Debug)]
struct SourceFile {
    path: String,
    text: String,
}

impl SourceFile {
    #[cfg(test)]
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }
}

/// All files whose name ends with `ending`, in order, without what is built or hidden.
fn files(ending: &str) -> Vec<SourceFile> {
    let root = root();
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .map(|path| SourceFile {
            text: fs::read_to_string(&path).expect("source files are UTF-8"),
            path: relative(&root, &path),
        })
        .collect()
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .expect("the walk began at the root")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join("/")
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("folders of the repository can be read") {
        let entry = entry.expect("folders of the repository can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name.starts_with('.') || name == "target" || name == "__pycache__" {
            continue;
        }
        if path.is_dir() {
            collect(&path, paths);
        } else {
            paths.push(path);
        }
    }
}

#[test]
fn the_walk_finds_this_very_file() {
    let found = files(".rs")
        .iter()
        .any(|file| file.path == "tests/xtask/tests/tidy/main.rs");
    assert!(found, "every rule below would pass by seeing nothing");
}

#[test]
fn the_top_level_holds_the_rooms_and_nothing_else() {
    let mut folders: Vec<String> = fs::read_dir(root())
        .expect("the root can be read")
        .map(|entry| entry.expect("the root can be read"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name != "target")
        .collect();
    folders.sort();
    let mut findings: Vec<Finding> = folders
        .iter()
        .filter(|name| !TOP_FOLDERS.contains(&name.as_str()))
        .map(|name| format!("{name}/ is not a room"))
        .collect();
    let missing = TOP_FOLDERS
        .iter()
        .filter(|name| !folders.iter().any(|found| found == *name));
    findings.extend(missing.map(|name| format!("{name}/ is gone")));
    if !root().join("Cargo.toml").is_file() {
        findings.push("Cargo.toml is gone".to_owned());
    }
    assert_tidy(
        "the top level holds Cargo.toml and the rooms server, sync-core, ffi, mobile-bindings and tests",
        "a newcomer sees the whole house on one screen",
        "move the folder into the room it belongs to; a new room is a decision record first",
        &findings,
    );
}

#[test]
fn there_is_one_clippy_configuration() {
    let root = root();
    let mut hidden = Vec::new();
    find_clippy(&root, &mut hidden);
    let findings: Vec<Finding> = hidden
        .iter()
        .map(|path| relative(&root, path))
        .filter(|path| path != ".clippy.toml")
        .collect();
    assert!(root.join(".clippy.toml").is_file());
    assert_tidy(
        "there is exactly one .clippy.toml, at the root",
        "a second one replaces it for its crate, and every ban silently disappears",
        "remove it; say an exception in the code with #[expect(lint, reason = \"…\")]",
        &findings,
    );
}

fn find_clippy(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("folders of the repository can be read") {
        let path = entry.expect("folders of the repository can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && name != ".git" {
            find_clippy(&path, found);
        } else if name == ".clippy.toml" || name == "clippy.toml" {
            found.push(path);
        }
    }
}
