//! Finding customers and reading what is known of them.

use sync_core::ids::CustomerId;

use super::Book;
use crate::error::guarded;
use crate::types::{Card, ConflictView, Hit, Purchase, SearchResult, Totals};
use crate::{BookError, WaitingEdit};

#[uniffi::export]
impl Book {
    /// Finds customers as `text` is typed: by name in any script, the last digits of a phone number, or words of notes and preferences.
    /// An empty text lists who was touched last.
    pub fn search(&self, text: String, limit: u32) -> Result<SearchResult, BookError> {
        guarded(|| {
            let store = self.shelf.store()?;
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let found =
                self.shelf
                    .pass()
                    .search(&*store.read()?, &text, limit, self.shelf.now())?;
            Ok(SearchResult::new(found, self.shelf.now()))
        })
    }

    /// The customer as a list shows them; none when they are not in this book.
    pub fn row(&self, customer: CustomerId) -> Result<Option<Hit>, BookError> {
        guarded(|| {
            self.shelf.pass().check(self.shelf.now())?;
            let store = self.shelf.store()?;
            let row = sync_core::projection::read_row(&*store.read()?, customer)?;
            Ok(row.map(|row| Hit::new(row, self.shelf.now())))
        })
    }

    /// The customer's card, with what is pending here. The look is logged.
    pub fn customer(&self, customer: CustomerId) -> Result<Card, BookError> {
        guarded(|| Ok(Card::new(customer, self.look_at(customer)?)))
    }

    /// The customer's card as JSON: everything the core knows of it. The look is logged.
    pub fn card_json(&self, customer: CustomerId) -> Result<String, BookError> {
        guarded(|| {
            serde_json::to_string(&self.look_at(customer)?)
                .map_err(|error| BookError::bug("writing a card as JSON", &error))
        })
    }

    /// What colleagues said differently at the same time. The look is logged.
    pub fn conflicts(&self, customer: CustomerId) -> Result<Vec<ConflictView>, BookError> {
        guarded(|| {
            let conflicts = self.look_at(customer)?.conflicts;
            Ok(conflicts.into_iter().map(ConflictView::from).collect())
        })
    }

    /// The customer's purchases, newest first. A look at the customer, which is logged as one.
    pub fn purchases(&self, customer: CustomerId) -> Result<Vec<Purchase>, BookError> {
        guarded(|| {
            self.log_look(customer)?;
            let store = self.shelf.store()?;
            let found = self
                .shelf
                .pass()
                .purchases(&*store.read()?, customer, self.shelf.now())?;
            Ok(found.into_iter().map(Purchase::from).collect())
        })
    }

    /// Sums over the customer's purchases and returns. A look at the customer, which is logged as one.
    pub fn totals(&self, customer: CustomerId) -> Result<Totals, BookError> {
        guarded(|| {
            self.log_look(customer)?;
            let store = self.shelf.store()?;
            let found = self
                .shelf
                .pass()
                .totals(&*store.read()?, customer, self.shelf.now())?;
            Ok(found.into())
        })
    }

    /// Edits of whoever is signed in that the hub has not brought back yet, oldest first.
    pub fn outbox(&self) -> Result<Vec<WaitingEdit>, BookError> {
        guarded(|| {
            let rows = self.shelf.read(|core, tx| Ok(core.waiting(tx)?))?;
            Ok(rows.into_iter().map(WaitingEdit::from).collect())
        })
    }

    /// Edits that colleagues who were deactivated left behind on this handheld, oldest first. For a manager, who takes them over or discards them.
    /// Others get `managers_only`. Private notes are not among them.
    pub fn left_behind(&self) -> Result<Vec<WaitingEdit>, BookError> {
        guarded(|| {
            let now = self.shelf.now();
            let rows = self.shelf.read(|core, tx| Ok(core.left_behind(tx, now)?))?;
            Ok(rows.into_iter().map(WaitingEdit::from).collect())
        })
    }
}

impl Book {
    /// Logs a look at something other than the card, unless one was logged a short while ago.
    pub(super) fn log_look(&self, customer: CustomerId) -> Result<(), BookError> {
        let now = self.shelf.now();
        if self.shelf.with(|core, _| Ok(core.is_seen(customer, now)))? {
            return Ok(());
        }
        self.look_at(customer).map(drop)
    }

    /// Reads a card; writes only when the look was not logged a short while ago.
    fn look_at(&self, customer: CustomerId) -> Result<sync_core::card::CardView, BookError> {
        let now = self.shelf.now();
        self.shelf.with(|core, store| {
            if core.is_seen(customer, now) {
                return Ok(core.read_card(&*store.read()?, customer, now)?);
            }
            let mut tx = store.write()?;
            let view = core.open_card(&mut *tx, customer, now)?;
            tx.commit()?;
            core.note_seen(customer, now);
            Ok(view)
        })
    }
}
