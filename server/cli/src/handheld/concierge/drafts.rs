//! Drafts in the terminal: what the linter warned of waits here until it is reworded.

use carnet_ffi::{Book, NoteDraft};
use sync_core::card::terms::Place;
use sync_core::ids::CustomerId;

use super::{noted, numbered};
use crate::handheld::cards;
use crate::handheld::desk::{Failed, Lines, said};

const NO_DRAFT: &str = "There is no such draft: `drafts` numbers them.";

/// A line about drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OfDrafts {
    /// Keeps a note about the open customer for its author alone.
    Keep(String),
    List,
    /// New words for one of the list.
    Reword(usize, String),
    /// It becomes a note as it is.
    Insist(usize),
    Drop(usize),
}

/// Reads a line; none when its word is none of these.
pub(super) fn read(word: &str, rest: &str) -> Option<Result<OfDrafts, &'static str>> {
    let usage = "reword 1 offer a chair: the number of a draft in `drafts`, and the new words";
    Some(match word {
        "draft" if rest.is_empty() => {
            Err("draft … keeps a note for you alone until it is reworded")
        }
        "draft" => Ok(OfDrafts::Keep(rest.to_owned())),
        "drafts" => Ok(OfDrafts::List),
        "reword" => rest
            .split_once(char::is_whitespace)
            .and_then(|(number, words)| Some((numbered(number)?, words.trim().to_owned())))
            .map(|(number, words)| OfDrafts::Reword(number, words))
            .ok_or(usage),
        "insist" => numbered(rest)
            .map(OfDrafts::Insist)
            .ok_or("insist 1: the number of a draft in `drafts`"),
        "drop" => numbered(rest)
            .map(OfDrafts::Drop)
            .ok_or("drop 1: the number of a draft in `drafts`"),
        _ => return None,
    })
}

/// Carries a line out.
pub(super) fn carry_out(book: &Book, open: Result<CustomerId, Failed>, line: OfDrafts) -> Lines {
    let (number, words, insist) = match line {
        OfDrafts::Keep(text) => {
            let kept = book.keep_as_draft(open?, Place::Card, text)?;
            let mut lines = vec!["Kept for you alone, on this handheld.".to_owned()];
            lines.extend(noted(&kept.body, &kept.warnings));
            return Ok(lines);
        }
        OfDrafts::List => return Ok(listed(&book.drafts()?)),
        OfDrafts::Reword(number, words) => (number, Some(words), false),
        OfDrafts::Insist(number) => (number, None, true),
        OfDrafts::Drop(number) => {
            let Some(draft) = book.drafts()?.into_iter().nth(number) else {
                return said(NO_DRAFT);
            };
            book.discard_draft(draft.draft)?;
            return said("Thrown away.");
        }
    };
    let Some(draft) = book.drafts()?.into_iter().nth(number) else {
        return said(NO_DRAFT);
    };
    let words = words.unwrap_or(draft.body);
    let reworded = book.reword(draft.draft, words.clone(), insist)?;
    let what = match reworded.note {
        Some(_) => "It is a note now.",
        None => "Still a draft, in the new words.",
    };
    let mut lines = vec![what.to_owned()];
    lines.extend(noted(&words, &reworded.warnings));
    Ok(lines)
}

fn listed(drafts: &[NoteDraft]) -> Vec<String> {
    if drafts.is_empty() {
        return vec!["You keep no draft here.".to_owned()];
    }
    let line = |(number, draft): (usize, &NoteDraft)| {
        let name = cards::named(&draft.name);
        format!("{number:>3}  {name}  {}", draft.body)
    };
    (1..).zip(drafts).map(line).collect()
}
