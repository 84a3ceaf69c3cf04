//! An invented boutique: customers with a believable history in many languages and scripts, all from one seed.
//!
//! For the demo, the bench and anybody who wants to try Carnet without a real book. Nobody in it exists: mail goes to `example.com`,
//! which is reserved for examples (RFC 2606).
//!
//! # Invariants
//! - The same seed and moment make the same customers, edits and records, byte for byte; customer `n` does not depend on how many there are.
//! - Ids derive from the seed, so writing a boutique twice records it once.

mod beyond;
mod care;
mod europe;
mod life;
mod romance;
mod spend;
mod words;

use sync_core::authority::{AuthorityError, HubAuthor, HubEdit};
use sync_core::crypto::sha256;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::records::{RecordDraft, RecordError};
use sync_core::store::StoreError;

use crate::book::Book;
use crate::writer::WriteError;

/// Customers written in one transaction, at least: few enough for progress to move.
const BATCH_CUSTOMERS_MIN: u32 = 100;
/// And at most: the cards of a batch are all open when their rows are folded, so they must fit the hub's cache.
const BATCH_CUSTOMERS_MAX: u32 = 400;
/// Transactions that a whole boutique takes, where the bounds above allow it. Each one touches the search index all over.
const BATCHES: u32 = 25;
/// Edits in one change: a card was filled in on several occasions, not at once.
const EDITS_PER_CHANGE: usize = 12;

/// An invented boutique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boutique {
    /// From which everything follows.
    pub seed: u64,
    /// How many customers it has.
    pub customers: u32,
    /// The moment at which its history ends.
    pub now: Timestamp,
}

/// One invented customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invented {
    /// Who.
    pub customer: CustomerId,
    /// What associates wrote down, oldest first.
    pub edits: Vec<HubEdit>,
    /// What the till knows.
    pub records: Vec<RecordDraft>,
}

/// Why a boutique could not be written.
#[derive(Debug, thiserror::Error)]
pub enum BoutiqueError {
    /// Nobody was named to have written it.
    #[error("a boutique needs at least one associate")]
    NoStaff,
    /// The hub refused an edit: a bug of the boutique.
    #[error(transparent)]
    Edit(#[from] AuthorityError),
    /// The hub refused a record: a bug of the boutique.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Customers.
    pub customers: u32,
    /// Edits of their cards.
    pub edits: u64,
    /// Purchases and returns.
    pub records: u64,
}

impl Boutique {
    /// Customer number `index`, counted from 0.
    #[must_use]
    pub fn customer(&self, index: u32) -> Invented {
        let customer = self.customer_id(index);
        let mut chance = SeededEntropy::new(u64::from_be_bytes(first_eight(&customer)));
        let habits = spend::Habits::draw(&mut chance);
        let records = spend::records(&mut chance, &habits, customer, self.now);
        let edits = life::edits(&mut chance, &habits, self, index);
        Invented {
            customer,
            edits,
            records,
        }
    }

    /// The id of customer number `index`.
    #[must_use]
    pub fn customer_id(&self, index: u32) -> CustomerId {
        let parts: [&[u8]; 2] = [&self.seed.to_be_bytes(), &index.to_be_bytes()];
        let digest = sha256("boutique.customer.v1", &parts);
        CustomerId(*digest.0.first_chunk().expect("a digest has 32 bytes"))
    }

    /// Writes the boutique into a book, as the work of `staff`, and tells after each batch how many customers are there.
    ///
    /// # Errors
    /// Why it stopped; batches that were written before stay.
    pub async fn write(
        self,
        book: &Book,
        staff: &[HubAuthor],
        mut progress: impl FnMut(u32),
    ) -> Result<Written, WriteError<BoutiqueError>> {
        let mut written = Written::default();
        let size = (self.customers / BATCHES).clamp(BATCH_CUSTOMERS_MIN, BATCH_CUSTOMERS_MAX);
        for from in (0..self.customers).step_by(usize::try_from(size).unwrap_or(1)) {
            let to = from.saturating_add(size).min(self.customers);
            let batch: Vec<_> = (from..to).map(|index| self.customer(index)).collect();
            for invented in &batch {
                written.edits += u64::try_from(invented.edits.len()).unwrap_or(0);
                written.records += u64::try_from(invented.records.len()).unwrap_or(0);
            }
            let authors = staff.to_vec();
            book.write_batch(move |engine| {
                for (index, invented) in (from..to).zip(&batch) {
                    let author = usize::try_from(index).ok().zip(nonzero(authors.len()));
                    let author = author.and_then(|(index, count)| authors.get(index % count));
                    let author = author.ok_or(BoutiqueError::NoStaff)?;
                    for edits in invented.edits.chunks(EDITS_PER_CHANGE) {
                        engine.record(author, invented.customer, edits)?;
                    }
                    engine.put_records(invented.customer, &invented.records)?;
                }
                Ok::<_, BoutiqueError>(())
            })
            .await?;
            written.customers = to;
            progress(to);
        }
        Ok(written)
    }
}

fn nonzero(count: usize) -> Option<usize> {
    (count > 0).then_some(count)
}

fn first_eight(customer: &CustomerId) -> [u8; 8] {
    *customer
        .0
        .first_chunk()
        .expect("a customer id has 16 bytes")
}

#[cfg(test)]
mod tests;
