//! Notes: every version that people wrote at the same time, unless the text was removed for good.

use super::group::{Group, item};
use super::{CardView, NoteVersion, NoteView, Question, Settlement};
use crate::card::reduce::{self, Head};
use crate::card::terms::{Place, Sensitivity};

const FIELDS: &[&str] = &["archived", "body", "label", "pinned", "redacted", "title"];

impl CardView {
    /// Adds a note. A redaction hides every version, also one written by somebody who had not seen it.
    pub(super) fn add_note(&mut self, group: &Group<'_>) {
        let Some(id) = group.made_by() else {
            return;
        };
        let is_redacted = reduce::any_flag(group.heads("redacted"), true);
        let versions = if is_redacted {
            Vec::new()
        } else {
            versions(group.heads("body"))
        };
        if versions.is_empty() && !is_redacted {
            return;
        }
        if versions.len() > 1 {
            let question = Question::Note { note: id };
            let conflict = group.conflict("body", question, Settlement::Merge);
            self.conflicts.push(conflict);
        }
        let title = if is_redacted {
            None
        } else {
            group.text(
                "title",
                Question::NoteTitle { note: id },
                &mut self.conflicts,
            )
        };
        // False wins: an edit of the body that had not seen the archive unsets the flag beside it.
        let archived = group.heads("archived");
        let is_archived = !archived.is_empty() && !reduce::any_flag(archived, false);
        let label = reduce::highest(group.heads("label"), Sensitivity::TEXTS);
        self.notes.push(NoteView {
            id,
            place: Place::of(group.facet),
            title,
            versions,
            label: label
                .and_then(Sensitivity::parse)
                .unwrap_or(Sensitivity::Plain),
            archived: is_archived,
            pinned: group
                .present("pinned")
                .and_then(|head| item(&head, 1).map(str::to_owned)),
            redacted: is_redacted,
            sources: group.sources(FIELDS),
        });
    }
}

/// The texts among the heads, best grounded first, each text once.
fn versions(heads: &[Head<'_>]) -> Vec<NoteVersion> {
    let mut open: Vec<_> = heads.to_vec();
    let mut versions: Vec<NoteVersion> = Vec::new();
    while let Some(best) = reduce::winner(&open).copied() {
        open.retain(|head| head.edit != best.edit);
        let Some(body) = best.value().as_text() else {
            continue;
        };
        if versions.iter().all(|version| version.body != body) {
            versions.push(NoteVersion {
                edit: best.edit,
                body: body.to_owned(),
                by: best.provenance().by,
                at: best.time,
            });
        }
    }
    versions
}
