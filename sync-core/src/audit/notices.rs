//! Notices: each is the one that its key names, and in the digests of the scopes that read it.

use std::collections::BTreeMap;

use super::scopes::Recomputed;
use super::{AuditError, Checked, Damage, decode, each, name};
use crate::feed::NoticeRef;
use crate::notices::{Notice, Subject, held};
use crate::scope::Scope;
use crate::store::{self, ReadTx, StoreError, Table};

/// Every notice is well formed and lies where its key says.
pub(super) fn check(tx: &dyn ReadTx, checked: &mut Checked) -> Result<(), AuditError> {
    each(tx, (Table::Notice, &[]), &mut |key, bytes| {
        let notice: Notice = decode(Table::Notice, key, bytes)?;
        let is_good = notice.version > 0 && notice.check().is_ok();
        if notice.key() != key || !is_good {
            return Err(Damage::at(
                Table::Notice,
                name(Table::Notice, key),
                "it is another notice than its key names",
            ));
        }
        checked.notices += 1;
        Ok(())
    })
}

/// What the house says adds to the digests of its scopes; what is about customers was added with their cards.
pub(super) fn add_house(
    tx: &dyn ReadTx,
    scopes: &mut BTreeMap<Scope, Recomputed>,
) -> Result<(), AuditError> {
    let chain = held::digest(tx, Subject::Chain)?;
    for book in held::books(tx)? {
        scopes.entry(book).or_default().state.digest.merge(&chain);
    }
    each(tx, (Table::Notice, &[]), &mut |key, bytes| {
        let scope = match Subject::from_key(key) {
            Some(Subject::Shop(shop)) => Scope::Book(shop),
            Some(Subject::Associate(associate)) => Scope::Associate(associate),
            Some(Subject::Chain | Subject::Customer(_)) | None => return Ok(()),
        };
        let notice: Notice = decode(Table::Notice, key, bytes)?;
        let found = scopes.entry(scope).or_default();
        found.items += 1;
        found.state.digest.add(&notice.item_hash());
        Ok(())
    })
}

/// Whether what an entry of a feed names is there, in that version or a later one.
pub(super) fn are_there(tx: &dyn ReadTx, named: &[NoticeRef]) -> Result<bool, StoreError> {
    for name in named {
        let notice: Option<Notice> = store::get_row(tx, Table::Notice, &name.key)?;
        if notice.is_none_or(|notice| notice.version < name.version) {
            return Ok(false);
        }
    }
    Ok(true)
}
