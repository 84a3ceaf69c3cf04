//! Rules between crates: who may know whom, who may hold which library, and under which licences we build.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::{Finding, assert_tidy, root};

/// The arrows of the house: each crate with those of ours that it depends on, for building or for testing.
const ARROWS: [(&str, &[&str]); 10] = [
    ("sync-core", &[]),
    ("sync-store-sqlite", &["sync-core"]),
    ("server", &["sync-core", "sync-store-sqlite"]),
    (
        "carnet",
        &["ffi", "server", "sync-core", "sync-store-sqlite"],
    ),
    ("ffi", &["simulator", "sync-core", "sync-store-sqlite"]),
    ("mobile-bindings", &[]),
    (
        "integration-tests",
        &[
            "ffi",
            "server",
            "simulator",
            "sync-core",
            "sync-store-sqlite",
        ],
    ),
    ("simulator", &["sync-core"]),
    // What a handheld's figures speak of is the book as an app holds it.
    (
        "bench",
        &["ffi", "server", "sync-core", "sync-store-sqlite"],
    ),
    ("xtask", &[]),
];

/// Libraries that only these crates of ours may hold.
const HOLDERS: [(&str, &[&str]); 6] = [
    ("automerge", &["sync-core"]),
    ("rusqlite", &["sync-store-sqlite"]),
    ("sqlite3mc-src", &["sync-store-sqlite"]),
    ("axum", &["server"]),
    ("jsonwebtoken", &["server"]),
    ("uniffi", &["ffi", "mobile-bindings"]),
];

/// Libraries that nobody may hold, however deep.
const BANNED: [(&str, &str); 3] = [
    ("openssl-sys", "one TLS stack: rustls"),
    ("native-tls", "one TLS stack: rustls"),
    ("rsa", "it leaks its key through timing and has no fix"),
];

/// Licences under which we build on the work of others, in apps that link the SDK too.
///
/// MPL-2.0 asks only that its own files stay open; all the others ask at most to be named.
const LICENCES: [&str; 11] = [
    "Apache-2.0",
    "BlueOak-1.0.0",
    "BSD-3-Clause",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// What cargo knows of the workspace; with `--no-deps` of our crates alone.
fn metadata(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("the cargo that built this test is still there");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

fn list<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    let items = value.get(name).and_then(Value::as_array);
    items
        .map(|items| items.iter().collect())
        .unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A crate of ours with the names of all it depends on directly.
#[derive(Debug)]
struct Member {
    name: String,
    holds: BTreeSet<String>,
}

fn members() -> Vec<Member> {
    let metadata = metadata(&["--no-deps"]);
    list(&metadata, "packages")
        .into_iter()
        .map(|package| Member {
            name: text(package, "name").to_owned(),
            holds: list(package, "dependencies")
                .into_iter()
                .map(|dependency| text(dependency, "name").to_owned())
                .collect(),
        })
        .collect()
}

#[test]
fn the_arrows_between_our_crates_are_those_of_the_table() {
    assert_tidy(
        "our crates depend on each other as the table ARROWS says, no more and no less",
        "the core stays pure and the edges stay thin only while nobody can reach across",
        "move the code to where its dependencies are; a new arrow is a decision record and a line in the table",
        &wrong_arrows(&members()),
    );
}

fn wrong_arrows(members: &[Member]) -> Vec<Finding> {
    let ours: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let mut findings = Vec::new();
    for member in members {
        let Some((_, expected)) = ARROWS.iter().find(|(name, _)| *name == member.name) else {
            findings.push(format!("{} is not in the table", member.name));
            continue;
        };
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        let held = member.holds.iter().map(String::as_str);
        let actual: BTreeSet<&str> = held.filter(|name| ours.contains(name)).collect();
        for name in actual.difference(&expected) {
            findings.push(format!("{} must not know {name}", member.name));
        }
        for name in expected.difference(&actual) {
            findings.push(format!("{} no longer knows {name}", member.name));
        }
    }
    let gone = ARROWS.iter().filter(|(name, _)| !ours.contains(name));
    findings.extend(gone.map(|(name, _)| format!("{name} is in the table but not in the house")));
    findings
}

fn member(name: &str, holds: &[&str]) -> Member {
    Member {
        name: name.to_owned(),
        holds: holds.iter().map(|name| (*name).to_owned()).collect(),
    }
}

#[test]
fn an_arrow_that_is_not_in_the_table_is_found() {
    let mut members: Vec<Member> = ARROWS
        .iter()
        .map(|(name, holds)| member(name, holds))
        .collect();
    assert_eq!(wrong_arrows(&members), Vec::<Finding>::new());
    members.retain(|member| !["sync-core", "simulator", "xtask"].contains(&member.name.as_str()));
    members.push(member("sync-core", &["server"]));
    members.push(member("simulator", &["automerge"]));
    members.push(member("newcomer", &[]));
    assert_eq!(
        wrong_arrows(&members),
        [
            "sync-core must not know server",
            "simulator no longer knows sync-core",
            "newcomer is not in the table",
            "xtask is in the table but not in the house",
        ]
    );
}

#[test]
fn a_library_is_held_where_it_belongs() {
    assert_tidy(
        "automerge, rusqlite, axum, jsonwebtoken and uniffi are each held by the crates of the table HOLDERS only",
        "what one crate alone holds can be checked, bounded and replaced in one place",
        "use the holder's own interface; widening the table is a decision record",
        &wrong_holders(&members()),
    );
}

fn wrong_holders(members: &[Member]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members {
        for (library, holders) in HOLDERS {
            if member.holds.contains(library) && !holders.contains(&member.name.as_str()) {
                findings.push(format!("{} holds {library}", member.name));
            }
        }
    }
    findings
}

#[test]
fn a_library_in_the_wrong_hands_is_found() {
    let members = [
        member("sync-core", &["automerge"]),
        member("server", &["axum", "rusqlite"]),
    ];
    assert_eq!(wrong_holders(&members), ["server holds rusqlite"]);
}

#[test]
fn no_banned_library_is_in_the_lock_file() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("the lock file is kept");
    assert_tidy(
        "the banned libraries are nowhere in Cargo.lock",
        "what is linked can be attacked, whoever asked for it",
        "choose other features of the library that brings it, or another library",
        &banned(&lock),
    );
}

fn banned(lock: &str) -> Vec<Finding> {
    BANNED
        .iter()
        .filter(|(name, _)| lock.contains(&format!("\nname = \"{name}\"\n")))
        .map(|(name, why)| format!("{name} ({why})"))
        .collect()
}

#[test]
fn a_banned_library_is_found() {
    let lock = "[[package]]\nname = \"rsa\"\nversion = \"1\"\n";
    assert_eq!(banned(lock).len(), 1);
    assert!(banned("[[package]]\nname = \"rsa-free\"\n").is_empty());
}

#[test]
fn every_library_has_a_licence_we_may_build_on() {
    let metadata = metadata(&[]);
    let packages = list(&metadata, "packages");
    assert!(packages.len() > 50, "the list of libraries is not whole");
    let findings: Vec<Finding> = packages
        .into_iter()
        .map(|package| (text(package, "name"), text(package, "license")))
        .filter(|(_, licence)| !is_allowed(licence))
        .map(|(name, licence)| format!("{name}: {licence:?}"))
        .collect();
    assert_tidy(
        "every library can be had under a licence of the table LICENCES",
        "apps that link the SDK must know what they take on",
        "choose another library; a licence more is a decision record and a line here and in .cargo/deny.toml",
        &findings,
    );
}

/// Whether an SPDX expression can be met with the licences of the table: one branch of its `OR`s, all of its `AND`s.
fn is_allowed(expression: &str) -> bool {
    // The old way to write OR.
    let expression = expression.trim().replace('/', " OR ");
    let (open, parts) = split_outside(&expression, " OR ");
    if open {
        return parts.iter().any(|part| is_allowed(part));
    }
    let (open, parts) = split_outside(&expression, " AND ");
    if open {
        return parts.iter().all(|part| is_allowed(part));
    }
    let inner = expression.strip_prefix('(');
    match inner.and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => is_allowed(inner),
        // A `+` means this version or a later one, so this one is enough.
        None => LICENCES.contains(&expression.trim_end_matches('+')),
    }
}

/// Splits at a word that stands in no parenthesis; and whether there was one.
fn split_outside(expression: &str, word: &str) -> (bool, Vec<String>) {
    let mut parts: Vec<String> = Vec::new();
    let mut joined = String::new();
    for piece in expression.split(word) {
        if !joined.is_empty() {
            joined.push_str(word);
        }
        joined.push_str(piece);
        if joined.matches('(').count() == joined.matches(')').count() {
            parts.push(std::mem::take(&mut joined).trim().to_owned());
        }
    }
    (parts.len() > 1, parts)
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    for allowed in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR GPL-2.0) AND Unicode-3.0",
        "MPL-2.0+",
        "ISC AND (Apache-2.0 OR ISC) AND MIT",
    ] {
        assert!(is_allowed(allowed), "{allowed}");
    }
    for refused in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR ISC) AND AGPL-3.0",
    ] {
        assert!(!is_allowed(refused), "{refused}");
    }
}
