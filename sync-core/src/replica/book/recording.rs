//! Recording what an associate does: of the person whom a card is about.

use super::{Book, BookError};
use crate::card::{Edit, Source};
use crate::entropy::Entropy;
use crate::ids::{CustomerId, Timestamp};
use crate::replica::{EditRequest, Recorded};
use crate::store::WriteTx;

impl Book {
    /// Records an edit of the person whom a card is about, on whichever of their cards it belongs ([`crate::replica::Replica::record_of_person`]);
    /// durable when the transaction commits. A call or a message of one's own spends the right for it.
    ///
    /// # Errors
    /// [`BookError`]; the transaction must then be dropped.
    pub fn record(
        &mut self,
        tx: &mut dyn WriteTx,
        (customer, edit): (CustomerId, &Edit),
        source: Source,
        (now, entropy): (Timestamp, &mut dyn Entropy),
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
        Ok(replica.record_of_person(tx, &author, &request, entropy)?)
    }
}
