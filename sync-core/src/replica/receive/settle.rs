//! Records as they arrive, and outbox rows whose changes are accepted now.

use super::*;

/// Stores a record and moves its item in every scope that holds the customer's card. Without the card it is left out: the feed
/// brings it again behind the card (a first sync that is resumed sends records of those who have entered since).
pub(crate) fn store_record(
    tx: &mut dyn WriteTx,
    ledger: &mut Ledger,
    record: &records::Record,
) -> Result<(), StoreError> {
    let card = Facet::Card.document(record.customer);
    let scopes = documents::scopes(tx.as_read(), card)?;
    if scopes.is_empty() {
        return Ok(());
    }
    let before = match records::put_record(tx, record) {
        Ok(PutOutcome::Unchanged) => return Ok(()),
        Ok(PutOutcome::Inserted) => None,
        Ok(PutOutcome::Replaced { before }) => Some(before),
        Err(RecordError::Store(error)) => return Err(error),
        // A record that is not well formed is left out; the digests then differ, and say so.
        Err(RecordError::BadKey | RecordError::TooLarge { .. }) => return Ok(()),
    };
    for scope in scopes {
        ledger.replace_item(
            tx.as_read(),
            scope,
            before.as_ref(),
            Some(&record.item_hash()),
        )?;
    }
    Ok(())
}

/// Lets the members of outbox rows go whose changes are accepted now; a row goes with its last member.
pub(super) fn settle(
    tx: &mut dyn WriteTx,
    document: DocumentId,
    is_accepted: impl Fn(ChangeHash) -> bool,
) -> Result<(), StoreError> {
    for row in outbox::touching(tx.as_read(), document)? {
        outbox::take_out(tx, row, |member| is_accepted(member.envelope.change))?;
    }
    Ok(())
}
