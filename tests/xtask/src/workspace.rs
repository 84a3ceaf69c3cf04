//! Where things are: the repository's root and the folder cargo builds into.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::Call;

const CARGO_CURE: &str = "get it from <https://rustup.rs>";

/// The repository and its build folder.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, which a developer may have moved.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo for the workspace this program was built in.
    pub(crate) fn find() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let metadata = Call::new("cargo", here, CARGO_CURE)
            .arguments(["metadata", "--no-deps", "--format-version", "1"])
            .read()?;
        let metadata: serde_json::Value =
            serde_json::from_str(&metadata).context("cargo metadata printed no JSON")?;
        let folder = |name: &str| {
            metadata
                .get(name)
                .and_then(serde_json::Value::as_str)
                .map(PathBuf::from)
                .with_context(|| format!("cargo metadata has no `{name}`"))
        };
        Ok(Self {
            root: folder("workspace_root")?,
            target: folder("target_directory")?,
        })
    }

    /// A call of `program` at the root; `cure` says how to get it.
    pub(crate) fn call(&self, program: &str, cure: &'static str) -> Call {
        Call::new(program, &self.root, cure)
    }

    /// A call of cargo at the root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Call {
        self.call("cargo", CARGO_CURE).arguments(arguments)
    }

    /// Where generated bindings of all languages go.
    pub(crate) fn bindings(&self) -> PathBuf {
        self.target.join("bindings")
    }

    /// Where `cargo build` puts libraries and binaries of the dev profile.
    pub(crate) fn built(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// A binary of the dev profile, as `cargo build` leaves it.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.built()
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}
