//! Rewriting expected files.
//!
//! The convention: a golden test compares what it computes with a file under `tests/fixtures`; when the variable
//! [`VARIABLE`] is `1` it writes the file instead, and passes. Nothing else ever writes there.
//! So a change of a frozen format shows as a diff of that folder, which is what the reviewer reads.

use anyhow::Result;
use clap::ValueEnum;

use crate::bindings;
use crate::workspace::Workspace;

/// The variable that golden tests look at.
const VARIABLE: &str = "CARNET_BLESS";

/// A kind of expected file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Expected {
    /// Bytes of the wire, the card and the store: tests of the core, the SQLite store and the end-to-end tests.
    Golden,
    /// The OpenAPI document and what else the hub promises: tests of the server.
    Api,
    /// The surface of the SDK.
    Bindings,
}

/// Rewrites the expected files of one kind, or of all, and shows what changed.
pub(crate) fn bless(workspace: &Workspace, expected: Option<Expected>) -> Result<()> {
    let kinds = expected.map_or_else(|| Expected::value_variants().to_vec(), |kind| vec![kind]);
    for kind in kinds {
        match kind {
            Expected::Golden => run_tests(
                workspace,
                &["sync-core", "sync-store-sqlite", "integration-tests"],
            )?,
            Expected::Api => run_tests(workspace, &["server"])?,
            Expected::Bindings => bindings::bless(workspace)?,
        }
    }
    workspace
        .call("git", "install git")
        .arguments(["status", "--short", "--"])
        .arguments(["tests/fixtures", "mobile-bindings/surface.txt"])
        .run()
}

fn run_tests(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    let named = packages.iter().flat_map(|package| ["--package", package]);
    workspace
        .cargo(&["test", "--locked"])
        .arguments(named)
        .variable(VARIABLE, "1")
        .run()
}
