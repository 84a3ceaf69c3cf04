//! Drafts of notes: what the linter warned of is kept for its author alone, on this handheld, until it is reworded.

use sync_core::card::terms::Place;
use sync_core::concierge::draft::{Draft, Reworded};
use sync_core::concierge::linter::Linter;
use sync_core::concierge::{Language, linter};
use sync_core::ids::CustomerId;
use sync_core::projection;
use sync_core::replica::book::DraftError;
use sync_core::store::{ReadTx, StoreError};

use super::Book;
use crate::BookError;
use crate::changes::Change;
use crate::error::guarded;
use crate::types::{NoteDraft, NoteWarning, RecordedEdit, RewordedNote};

#[uniffi::export]
impl Book {
    /// Keeps a note that [`Book::check_note`] warned of as a draft, instead of writing it on the card. Only its author reads it, and only on this
    /// handheld: it never reaches the hub. It survives a restart, and goes with the book, or with a customer who is erased.
    ///
    /// `Invalid` with `note_nowhere` means that the text holds the number of a card or of a paper, which may be kept nowhere.
    pub fn keep_as_draft(
        &self,
        customer: CustomerId,
        place: Place,
        body: String,
    ) -> Result<NoteDraft, BookError> {
        let now = self.shelf.now();
        let mut entropy = self.shelf.entropy.clone();
        guarded(|| {
            let kept = self.shelf.write(|core, tx| {
                let said = (place, body);
                let draft = core.keep_draft(tx, customer, said, (now, &mut entropy))?;
                Ok(shown(&Linter::new(Language::ALL), tx.as_read(), draft)?)
            })?;
            self.shelf.changes.push([Change::Customer { customer }]);
            Ok(kept)
        })
    }

    /// The drafts of whoever works, with what the linter says of them; the latest first.
    pub fn drafts(&self) -> Result<Vec<NoteDraft>, BookError> {
        let now = self.shelf.now();
        guarded(|| {
            self.shelf.read(|core, tx| {
                let linter = Linter::new(Language::ALL);
                let drafts = core.drafts(tx, now)?.into_iter();
                let shown: Result<_, StoreError> =
                    drafts.map(|draft| shown(&linter, tx, draft)).collect();
                Ok(shown?)
            })
        })
    }

    /// Puts a draft into new words. Where the linter has nothing to say of them it becomes a note on the card, and the draft is gone; otherwise
    /// the draft holds the new words. With `insist` it becomes a note although the linter warns, in the words of whoever answers for them.
    pub fn reword(
        &self,
        draft: u64,
        body: String,
        insist: bool,
    ) -> Result<RewordedNote, BookError> {
        let now = self.shelf.now();
        let mut entropy = self.shelf.entropy.clone();
        guarded(|| {
            let text = body.clone();
            let reworded = self.shelf.write(|core, tx| {
                Ok(core.reword(tx, draft, (body, insist), (now, &mut entropy))?)
            })?;
            let (recorded, warnings) = match reworded {
                Reworded::Note(recorded, warnings) => (Some(recorded), warnings),
                Reworded::Draft(warnings) => (None, warnings),
            };
            if let Some(recorded) = &recorded {
                let customer = recorded.customer;
                let changed = [Change::Customer { customer }, Change::Outbox];
                self.shelf.changes.push(changed);
                self.shelf.news.notify_one();
            }
            Ok(RewordedNote {
                note: recorded.map(RecordedEdit::from),
                warnings: warned(&text, &warnings),
            })
        })
    }

    /// Throws a draft away. Nothing else does.
    pub fn discard_draft(&self, draft: u64) -> Result<(), BookError> {
        let now = self.shelf.now();
        guarded(|| {
            let customer = self
                .shelf
                .write(|core, tx| Ok(core.discard_draft(tx, draft, now)?))?;
            self.shelf.changes.push([Change::Customer { customer }]);
            Ok(())
        })
    }
}

fn shown(linter: &Linter, tx: &dyn ReadTx, draft: Draft) -> Result<NoteDraft, StoreError> {
    let row = projection::read_row(tx, draft.customer)?;
    let warnings = warned(&draft.body, &linter.warnings(&draft.body));
    Ok(NoteDraft {
        draft: draft.number,
        customer: draft.customer,
        name: row.map_or_else(String::new, |row| row.name),
        // One that a newer version of the SDK kept elsewhere is at least for nobody else.
        place: Place::parse(&draft.place).unwrap_or(Place::Private),
        body: draft.body,
        kept_at: draft.kept_at,
        warnings,
    })
}

fn warned(text: &str, warnings: &[linter::Warning]) -> Vec<NoteWarning> {
    let warnings = warnings.iter();
    warnings.map(|one| NoteWarning::new(text, one)).collect()
}

impl From<DraftError> for BookError {
    fn from(error: DraftError) -> Self {
        let code = match error {
            DraftError::Book(error) => return error.into(),
            DraftError::Unknown => return Self::NotFound,
            DraftError::Full => "drafts_full",
            DraftError::Nowhere => "note_nowhere",
        };
        Self::invalid(code, error.to_string())
    }
}
