//! Decision records: half a page each, numbered, never rewritten (a later record replaces an earlier one).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

const TEMPLATE: &str = "\
## Context

What made a choice necessary, with the figures that were known.

## Choice

What we do, in one or two sentences, and what we looked at and did not take.

## Consequences

What becomes easy, what becomes hard, and what would make us look again.
";

/// Writes the next record and returns its path.
pub(crate) fn create(workspace: &Workspace, title: &str) -> Result<PathBuf> {
    let folder = workspace
        .root
        .join("sync-core")
        .join("design")
        .join("decisions");
    write_next(&folder, title)
}

fn write_next(folder: &Path, title: &str) -> Result<PathBuf> {
    let title = title.trim();
    let slug = slug(title);
    ensure!(
        !slug.is_empty(),
        "a title needs letters or digits, for its file's name"
    );
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let number = next_number(folder)?;
    let file = folder.join(format!("{number:04}-{slug}.md"));
    let text = format!("# {number}. {title}\n\n{TEMPLATE}");
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    Ok(file)
}

/// One more than the highest number there is.
fn next_number(folder: &Path) -> Result<u32> {
    let mut highest = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let digits = name.split('-').next().unwrap_or_default();
        highest = highest.max(digits.parse().unwrap_or(0));
    }
    Ok(highest + 1)
}

/// The title as a file name: lower case, words joined by hyphens.
fn slug(title: &str) -> String {
    let plain: String = title
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_numbered_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let decisions = folder.path().join("decisions");
        let names = ["One store", "Two ways", "A third"].map(|title| {
            let file = write_next(&decisions, title).unwrap();
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.contains(title) && text.contains("## Consequences"));
            file.file_name().unwrap().to_string_lossy().into_owned()
        });
        let expected = ["0001-one-store.md", "0002-two-ways.md", "0003-a-third.md"];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_record_without_a_nameable_title_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write_next(folder.path(), " – ").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_title_becomes_a_file_name() {
        assert_eq!(slug("One store, two sides!"), "one-store-two-sides");
        assert_eq!(slug(" – "), "");
    }
}
