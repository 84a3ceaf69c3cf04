//! Who looks after a customer first: one writer, the hub.

use std::ops::ControlFlow;

use sync_core::card::view::AskView;
use sync_core::ids::{AssociateId, CustomerId};
use sync_core::notices::bodies::{OwnerBody, StaffBody};
use sync_core::notices::{self, NoticeDraft, Subject};
use sync_core::store::{self, ReadTx, StoreError, Table};

use super::DeskError;
use super::answers::Answer;
use super::rights::passes;
use super::settings::SOURCE;
use crate::book::EngineTx;

const OWNED: &[u8] = b"o";

fn owned_key(associate: AssociateId, customer: CustomerId) -> Vec<u8> {
    store::key(&[OWNED, associate.as_bytes(), customer.as_bytes()])
}

/// The first who asks looks after a customer whom nobody, or somebody who left, looked after.
pub(super) fn decide(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    ask: &AskView,
) -> Result<Answer, DeskError> {
    let asker = ask.words.by;
    let owner = notices::get::<OwnerBody>(engine.tx().as_read(), Subject::Customer(customer), "")?;
    if let Some((_, owner)) = owner
        && owner.owner != asker
    {
        let staff = notices::get::<StaffBody>(
            engine.tx().as_read(),
            Subject::Chain,
            &owner.owner.to_string(),
        )?;
        let staff = staff.map(|(_, staff)| staff);
        if !staff.as_ref().is_some_and(|staff| staff.has_left) {
            let name = staff.map_or_else(|| "A colleague".to_owned(), |staff| staff.name);
            let words = format!("{name} looks after this customer first.");
            return Ok(Answer::refused("has_owner", Some(&words)));
        }
    }
    set(engine, customer, asker)?;
    Ok(Answer::confirmed(Some(engine.now())))
}

/// Makes somebody the one who looks after a customer first.
fn set(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    owner: AssociateId,
) -> Result<(), DeskError> {
    let subject = Subject::Customer(customer);
    let before = notices::get::<OwnerBody>(engine.tx().as_read(), subject, "")?;
    if let Some((_, before)) = before {
        if before.owner == owner {
            return learn(engine, customer);
        }
        engine
            .tx()
            .delete(Table::Desk, &owned_key(before.owner, customer))?;
        passes::end(engine.tx(), before.owner)?;
    }
    let since = engine.now();
    let body = OwnerBody { owner, since };
    engine.put_notices(&[NoticeDraft::new(subject, "", (SOURCE, since), &body)])?;
    learn(engine, customer)
}

/// Keeps the list of whom somebody looks after true to the notice, whoever posted it.
pub(super) fn learn(engine: &mut EngineTx<'_>, customer: CustomerId) -> Result<(), DeskError> {
    let subject = Subject::Customer(customer);
    if let Some((_, body)) = notices::get::<OwnerBody>(engine.tx().as_read(), subject, "")? {
        let key = owned_key(body.owner, customer);
        engine.tx().put(Table::Desk, &key, &[])?;
        passes::end(engine.tx(), body.owner)?;
    }
    Ok(())
}

/// Gives a customer whom somebody looks after first to another. Says whether it was so.
///
/// # Errors
/// [`DeskError`]; the job must then fail, so that its work is undone.
pub fn pass_on(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    (from, to): (AssociateId, AssociateId),
) -> Result<bool, DeskError> {
    let subject = Subject::Customer(customer);
    let owner = notices::get::<OwnerBody>(engine.tx().as_read(), subject, "")?;
    if owner.is_none_or(|(_, body)| body.owner != from) {
        return Ok(false);
    }
    set(engine, customer, to)?;
    Ok(true)
}

/// Whom somebody looks after first, ascending. A line whose notice names somebody else by now is passed over.
///
/// # Errors
/// What the store reports.
pub fn of(tx: &dyn ReadTx, associate: AssociateId) -> Result<Vec<CustomerId>, StoreError> {
    let prefix = store::key(&[OWNED, associate.as_bytes()]);
    let mut listed = Vec::new();
    store::scan_prefix(tx, Table::Desk, &prefix, &mut |key, _| {
        listed.extend(key.get(prefix.len()..).and_then(CustomerId::from_slice));
        Ok(ControlFlow::Continue(()))
    })?;
    let mut owned = Vec::with_capacity(listed.len());
    for customer in listed {
        let owner = notices::get::<OwnerBody>(tx, Subject::Customer(customer), "")?;
        if owner.is_some_and(|(_, body)| body.owner == associate) {
            owned.push(customer);
        }
    }
    Ok(owned)
}
