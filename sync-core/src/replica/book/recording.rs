//! Recording what an associate does: of a card, or of the person it is about.

use super::{Book, BookError};
use crate::card::{Edit, Source};
use crate::entropy::Entropy;
use crate::ids::{CustomerId, Timestamp};
use crate::replica::{Author, EditRequest, RecordError, Recorded, Replica};
use crate::store::WriteTx;

/// How the replica records: of a card, or of the person it is about.
type Recording = fn(
    &mut Replica,
    &mut dyn WriteTx,
    &Author,
    &EditRequest<'_>,
    &mut dyn Entropy,
) -> Result<Recorded, RecordError>;

impl Book {
    /// Records an edit; durable when the transaction commits. A call or a message of one's own spends the right for it.
    ///
    /// # Errors
    /// [`BookError`]; the transaction must then be dropped.
    pub fn record(
        &mut self,
        tx: &mut dyn WriteTx,
        (customer, edit): (CustomerId, &Edit),
        source: Source,
        ground: (Timestamp, &mut dyn Entropy),
    ) -> Result<Recorded, BookError> {
        self.record_as(tx, (customer, edit, source), ground, Replica::record)
    }

    /// Records an edit of the person whom a card is about, on whichever of their cards it belongs: see [`Replica::record_of_person`].
    ///
    /// # Errors
    /// [`BookError`]; the transaction must then be dropped.
    pub fn record_of_person(
        &mut self,
        tx: &mut dyn WriteTx,
        (customer, edit): (CustomerId, &Edit),
        source: Source,
        ground: (Timestamp, &mut dyn Entropy),
    ) -> Result<Recorded, BookError> {
        let about = (customer, edit, source);
        self.record_as(tx, about, ground, Replica::record_of_person)
    }

    fn record_as(
        &mut self,
        tx: &mut dyn WriteTx,
        (customer, edit, source): (CustomerId, &Edit, Source),
        (now, entropy): (Timestamp, &mut dyn Entropy),
        record: Recording,
    ) -> Result<Recorded, BookError> {
        let author = self.author(now)?;
        self.spend_contact(tx, (customer, edit), now)?;
        let replica = self.replica.as_mut().ok_or(BookError::NotEnrolled)?;
        let request = EditRequest {
            customer,
            edit,
            source,
            now,
        };
        Ok(record(replica, tx, &author, &request, entropy)?)
    }
}
