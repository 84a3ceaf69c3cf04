//! Rules for documents: the paths they name exist, the changelog is open, and the wire and its description move together.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::{Finding, SourceFile, TOP_FOLDERS, assert_tidy, files, root};

/// Endings by which a single word in backticks is taken for a file of ours.
const FILE_ENDINGS: [&str; 10] = [
    ".rs", ".md", ".toml", ".cddl", ".py", ".kt", ".swift", ".xml", ".txt", ".lock",
];

/// What the wire looks like in code.
const WIRE: &str = "sync-core/src/protocol/frame.rs";
/// What the wire looks like to somebody who implements it anew.
const WIRE_CDDL: &str = "sync-core/design/carnet.cddl";
/// The prose beside them, which repeats the hash of both.
const WIRE_PROSE: &str = "sync-core/design/protocol.md";

#[test]
fn every_path_that_a_document_names_exists() {
    let root = root();
    let documents: Vec<SourceFile> = files(".md")
        .into_iter()
        .filter(|file| is_map(&file.path))
        .collect();
    assert!(
        documents.iter().any(|file| file.path == "ARCHITECTURE.md"),
        "the map of the house is gone"
    );
    let exists = |path: &str| root.join(path).exists();
    assert_tidy(
        "every path in backticks in ARCHITECTURE.md, README.md, CONTRIBUTING.md, crate READMEs and sync-core/design exists",
        "a map that points to folders that moved is worse than none",
        "correct the path (from the root, from the document or from its crate), or write it in words",
        &broken_paths(&documents, &exists),
    );
}

fn is_map(path: &str) -> bool {
    path == "ARCHITECTURE.md"
        || path == "CONTRIBUTING.md"
        || path.ends_with("README.md")
        || path.starts_with("sync-core/design/")
}

fn broken_paths(documents: &[SourceFile], exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = BTreeSet::new();
    for document in documents {
        for path in named_paths(&document.text) {
            let found = places(&document.path).any(|place| exists(&format!("{place}{path}")));
            if !found {
                findings.insert(format!("{}: `{path}`", document.path));
            }
        }
    }
    findings.into_iter().collect()
}

/// The folders from which a document may name a path: the root, its own, and those between.
fn places(document: &str) -> impl Iterator<Item = &str> {
    let slashes = document.match_indices('/').map(|(at, _)| at + 1);
    std::iter::once(0)
        .chain(slashes)
        .filter_map(|end| document.get(..end))
}

/// The words in backticks that are paths of the repository. Blocks of code and commands are not looked at.
fn named_paths(text: &str) -> Vec<&str> {
    let mut in_block = false;
    let mut paths = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            paths.extend(
                line.split('`')
                    .skip(1)
                    .step_by(2)
                    .filter(|word| is_path(word)),
            );
        }
    }
    paths
}

fn is_path(word: &str) -> bool {
    let plain = word
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter));
    let first = word.split('/').next().unwrap_or_default();
    let in_a_room =
        word.contains('/') && (TOP_FOLDERS.contains(&first) || [".ci", ".cargo"].contains(&first));
    let named_like_a_file = FILE_ENDINGS
        .iter()
        .any(|ending| word.len() > ending.len() && word.ends_with(ending));
    plain && (in_a_room || named_like_a_file)
}

#[test]
fn a_path_that_is_gone_is_found() {
    let text = "`server/src/lib.rs`, `decisions/0001-a.md`, `gone.rs`, `cargo test`, `/v1/sync`,\n\
                `shop/<id>`, `ffi/gone`, `server`, `0.1.0`\n```\n`ffi/in-a-block`\n```\n";
    let documents = [SourceFile::new("sync-core/design/map.md", text)];
    let exists =
        |path: &str| ["server/src/lib.rs", "sync-core/design/decisions/0001-a.md"].contains(&path);
    assert_eq!(
        broken_paths(&documents, &exists),
        [
            "sync-core/design/map.md: `ffi/gone`",
            "sync-core/design/map.md: `gone.rs`"
        ]
    );
}

#[test]
fn the_changelog_is_open_for_the_next_release() {
    let changelog = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap_or_default();
    let findings: Vec<Finding> = changelog_findings(&changelog).into_iter().collect();
    assert_tidy(
        "CHANGELOG.md has an Unreleased section, above all releases",
        "who builds an app on the SDK reads there what changes, and it is written with the change",
        "add `## [Unreleased]` at the top and write what the change means for an app",
        &findings,
    );
}

fn changelog_findings(changelog: &str) -> Option<Finding> {
    let first = changelog.lines().find(|line| line.starts_with("## "));
    (first != Some("## [Unreleased]"))
        .then(|| format!("the first section is {:?}", first.unwrap_or("(none)")))
}

#[test]
fn a_changelog_that_is_closed_is_found() {
    assert!(changelog_findings("# Changelog\n\n## [Unreleased]\n\n## [0.1.0]\n").is_none());
    assert!(changelog_findings("# Changelog\n\n## [0.1.0]\n").is_some());
    assert!(changelog_findings("").is_some());
}

#[test]
fn the_wire_and_its_description_move_together() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).ok();
    let prose = read(WIRE_PROSE).unwrap_or_default();
    let findings: Vec<Finding> = [WIRE, WIRE_CDDL]
        .iter()
        // A wire that is not written yet needs no description.
        .filter_map(|path| read(path).map(|text| (*path, text)))
        .filter_map(|(path, text)| missing_hash_line(&prose, path, &text))
        .collect();
    assert_tidy(
        "sync-core/design/protocol.md repeats the SHA-256 of the wire's code and of its CDDL",
        "others implement the wire from its description, so neither may change alone",
        "bring protocol.md up to date (is it a new wire version?), then put the lines below into it",
        &findings,
    );
}

/// The line, as `sha256sum` prints it, that the prose lacks.
fn missing_hash_line(prose: &str, path: &str, text: &str) -> Option<Finding> {
    let hash = hex(&Sha256::digest(text.as_bytes()));
    let line = format!("{hash}  {path}");
    let present = prose.lines().any(|present| present.trim() == line);
    (!present).then_some(line)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_wire_that_changed_alone_is_found() {
    let line = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  frame.rs";
    let prose = format!("# The wire\n\n```text\n{line}\n```\n");
    assert_eq!(missing_hash_line(&prose, "frame.rs", "abc"), None);
    assert_eq!(
        missing_hash_line("", "frame.rs", "abc").as_deref(),
        Some(line)
    );
    assert!(missing_hash_line(&prose, "frame.rs", "abd").is_some());
}
