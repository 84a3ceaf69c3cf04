//! The SDK's bindings: generated from the built library into the target folder, never committed, and their surface, which is.
//!
//! The surface is what an app developer can name: the public lines of the generated Swift, which marks them as such.
//! It stands in `mobile-bindings/surface.txt`, so that a change of the SDK shows in review as a change of that file.

mod surface;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use crate::bindings::surface::{first_difference, surface_of};
use crate::command::Call;
use crate::workspace::Workspace;

/// A language the SDK is generated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Android and the JVM.
    Kotlin,
    /// Apple's systems.
    Swift,
    /// Tests and scripts.
    Python,
}

impl Language {
    const ALL: [Self; 3] = [Self::Kotlin, Self::Swift, Self::Python];

    fn name(self) -> &'static str {
        match self {
            Self::Kotlin => "kotlin",
            Self::Swift => "swift",
            Self::Python => "python",
        }
    }
}

/// Builds the library, generates its bindings for `language` and returns the folder they are in.
pub(crate) fn generate(workspace: &Workspace, language: Language) -> Result<PathBuf> {
    let library = build_library(workspace)?;
    let folder = workspace.bindings().join(language.name());
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("removing the old {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let generator = workspace.binary("uniffi-bindgen");
    Call::new(generator, &workspace.root, "cargo build --workspace")
        .argument("generate")
        .argument(&library)
        .arguments(["--language", language.name(), "--no-format", "--out-dir"])
        .argument(&folder)
        .run()?;
    ensure!(
        fs::read_dir(&folder)?.next().is_some(),
        "{} exports nothing: does `ffi` call `uniffi::setup_scaffolding!()`?",
        library.display()
    );
    if language == Language::Python {
        // The generated module looks for the library beside itself.
        let name = library.file_name().context("the library has no name")?;
        fs::copy(&library, folder.join(name))
            .with_context(|| format!("copying {}", library.display()))?;
    }
    Ok(folder)
}

/// Generates all languages and compares the surface with its snapshot.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    for language in Language::ALL {
        generate(workspace, language)?;
    }
    let file = snapshot(workspace);
    let cure = "run `cargo xtask bless bindings`, read the diff and add it to the commit";
    let expected = fs::read_to_string(&file).with_context(|| {
        format!(
            "the SDK's surface has no snapshot {}: {cure}",
            file.display()
        )
    })?;
    if let Some((line, expected, actual)) = first_difference(&expected, &surface(workspace)?) {
        bail!(
            "the SDK's surface is not that of {}.\n  line {line} there: {expected}\n  built now: {actual}\nApps see this change: {cure}",
            file.display()
        );
    }
    Ok(())
}

/// Writes the present surface as the snapshot.
pub(crate) fn bless(workspace: &Workspace) -> Result<()> {
    generate(workspace, Language::Swift)?;
    let file = snapshot(workspace);
    fs::write(&file, surface(workspace)?).with_context(|| format!("writing {}", file.display()))
}

fn snapshot(workspace: &Workspace) -> PathBuf {
    workspace.root.join("mobile-bindings").join("surface.txt")
}

/// Builds the workspace and returns the SDK's library.
///
/// The whole workspace, because the tests have built its dependencies with the same features; a single package would have some of its own.
fn build_library(workspace: &Workspace) -> Result<PathBuf> {
    workspace
        .cargo(&["build", "--workspace", "--locked"])
        .run()?;
    let name = format!(
        "{}carnet_ffi{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    let library = workspace.built().join(name);
    ensure!(
        library.exists(),
        "cargo built no {}: `ffi` must keep `cdylib` among its crate types",
        library.display()
    );
    Ok(library)
}

fn surface(workspace: &Workspace) -> Result<String> {
    let folder = workspace.bindings().join(Language::Swift.name());
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "swift"));
    files.sort();
    ensure!(!files.is_empty(), "no Swift in {}", folder.display());
    files
        .iter()
        .map(|file| read(file).map(|source| surface_of(&source)))
        .collect()
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}
