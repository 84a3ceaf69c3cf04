//! Drafts of notes on a handheld: kept for their author until the linter, or the author's own decision, lets them become notes.

use super::{Book, BookError};
use crate::card::Edit;
use crate::card::terms::Place;
use crate::concierge::draft::{self, DRAFTS_MAX, Draft, Reworded};
use crate::concierge::linter::Linter;
use crate::concierge::words::Language;
use crate::entropy::Entropy;
use crate::ids::{CustomerId, Timestamp};
use crate::projection;
use crate::replica::{RecordError, Recorded};
use crate::store::{ReadTx, StoreError, WriteTx};

/// Why nothing was done with a draft; its words are as they were.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// Whoever works has no such draft on this handheld.
    #[error("there is no such draft of yours on this handheld")]
    Unknown,
    /// There are as many as there may be.
    #[error("there are {DRAFTS_MAX} drafts of yours: reword or discard some first")]
    Full,
    /// It holds a number that may be kept nowhere.
    #[error("take out the number of the card or of the paper: it may be kept nowhere")]
    Nowhere,
    /// The book does not allow it, or the note can't be recorded.
    #[error(transparent)]
    Book(#[from] BookError),
}

impl From<StoreError> for DraftError {
    fn from(error: StoreError) -> Self {
        Self::Book(error.into())
    }
}

impl Book {
    /// Keeps a note about a customer of this book as a draft of whoever works; durable when the transaction commits.
    ///
    /// # Errors
    /// [`DraftError`]; the transaction must then be dropped.
    pub fn keep_draft(
        &self,
        tx: &mut dyn WriteTx,
        customer: CustomerId,
        (place, body): (Place, String),
        (now, entropy): (Timestamp, &mut dyn Entropy),
    ) -> Result<Draft, DraftError> {
        let by = self.author(now)?.associate;
        checked(&note(place, &body))?;
        if draft::is_for_nowhere(&Linter::new(Language::ALL).warnings(&body)) {
            return Err(DraftError::Nowhere);
        }
        if projection::read_row(tx.as_read(), customer)?.is_none() {
            return Err(BookError::UnknownCustomer.into());
        }
        if draft::of(tx.as_read(), by)?.len() >= DRAFTS_MAX {
            return Err(DraftError::Full);
        }
        let mut number = [0; 8];
        entropy.fill(&mut number);
        let kept = Draft {
            number: u64::from_be_bytes(number),
            by,
            customer,
            place: place.as_str().to_owned(),
            body,
            kept_at: now,
        };
        draft::put(tx, &kept)?;
        Ok(kept)
    }

    /// The drafts of whoever works, the latest first.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn drafts(&self, tx: &dyn ReadTx, now: Timestamp) -> Result<Vec<Draft>, BookError> {
        Ok(draft::of(tx, self.author(now)?.associate)?)
    }

    /// Puts a draft into new words. Where the linter has nothing to say of them, or its author insists, it becomes a note on the card and the
    /// draft is gone, in the same transaction; otherwise the draft holds the new words.
    ///
    /// # Errors
    /// [`DraftError`]; the transaction must then be dropped.
    pub fn reword(
        &mut self,
        tx: &mut dyn WriteTx,
        number: u64,
        (body, insists): (String, bool),
        (now, entropy): (Timestamp, &mut dyn Entropy),
    ) -> Result<Reworded<Recorded>, DraftError> {
        let mut kept = self.draft(tx.as_read(), number, now)?;
        let place = Place::parse(&kept.place).ok_or(DraftError::Unknown)?;
        let edit = note(place, &body);
        checked(&edit)?;
        let warnings = Linter::new(Language::ALL).warnings(&body);
        if draft::is_for_nowhere(&warnings) {
            return Err(DraftError::Nowhere);
        }
        if !warnings.is_empty() && !insists {
            kept.body = body;
            kept.kept_at = now;
            draft::put(tx, &kept)?;
            return Ok(Reworded::Draft(warnings));
        }
        let source = edit.usual_source();
        let recorded = self.record(tx, (kept.customer, &edit), source, (now, entropy))?;
        draft::remove(tx, kept.by, number)?;
        Ok(Reworded::Note(recorded, warnings))
    }

    /// Throws a draft of whoever works away, because they say so.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn discard_draft(
        &self,
        tx: &mut dyn WriteTx,
        number: u64,
        now: Timestamp,
    ) -> Result<CustomerId, DraftError> {
        let kept = self.draft(tx.as_read(), number, now)?;
        draft::remove(tx, kept.by, number)?;
        Ok(kept.customer)
    }

    fn draft(&self, tx: &dyn ReadTx, number: u64, now: Timestamp) -> Result<Draft, DraftError> {
        let by = self.author(now)?.associate;
        draft::get(tx, by, number)?.ok_or(DraftError::Unknown)
    }
}

fn note(place: Place, body: &str) -> Edit {
    Edit::AddNote {
        place,
        body: body.to_owned(),
        title: None,
        label: None,
    }
}

/// Whether the words could be a note at all.
fn checked(edit: &Edit) -> Result<(), DraftError> {
    let checked = edit.validate().map_err(RecordError::from);
    Ok(checked.map_err(BookError::from)?)
}
