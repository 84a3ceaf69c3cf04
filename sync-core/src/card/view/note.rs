//! Notes: every version that people wrote at the same time, unless the text was removed for good.

use super::group::{Group, item};
use super::{CardView, NoteVersion, NoteView, Question, Settlement};
use crate::card::FieldPath;
use crate::card::entries::Visible;
use crate::card::gone::Gone;
use crate::card::reduce::{self, Corrections, Head};
use crate::card::terms::{Place, Sensitivity};
use crate::ids::AssociateId;

const FIELDS: &[&str] = &["archived", "body", "label", "pinned", "redacted", "title"];

impl CardView {
    /// Adds a note. A redaction hides every version, also one written by somebody who had not seen it.
    pub(super) fn add_note(&mut self, group: &Group<'_>) {
        let Some(id) = group.made_by() else {
            return;
        };
        let gone = Gone::of(group.heads("redacted").iter().map(Head::value));
        let is_redacted = gone.is_some();
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
            moved_to: match gone {
                Some(Gone::Moved(to)) => Some(to),
                Some(Gone::Redacted) | None => None,
            },
            pending: Vec::new(),
            sources: group.sources(FIELDS),
        });
    }

    /// Adds what one reader wrote on notes that were moved without their having seen it. It is shown to nobody else: the note was moved
    /// so that fewer read it.
    pub(super) fn add_pending(
        &mut self,
        visible: &Visible,
        corrections: &Corrections,
        reader: AssociateId,
    ) {
        for note in self.notes.iter_mut().filter(|note| note.moved_to.is_some()) {
            let path = FieldPath::new("note", &note.id.to_string(), "body");
            let facets = visible
                .iter()
                .filter(|(facet, _)| Place::of(facet) == note.place);
            let heads: Vec<_> = facets
                .flat_map(|(_, entries)| entries.heads(&path))
                .filter(|(_, entry)| entry.provenance.by == reader)
                .map(|(key, entry)| Head::new(key.edit, entry, corrections))
                .collect();
            note.pending = versions(&heads);
        }
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
