//! Notices: each is the one that its key names, and in the digests of the scopes that read it.

use std::collections::{BTreeMap, BTreeSet};

use super::scopes::Recomputed;
use super::{AuditError, Checked, Damage, decode, each, name};
use crate::digest::SetDigest;
use crate::feed::NoticeRef;
use crate::notices::{self, Notice, Subject, held};
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
    let mut count = 0;
    let mut chain = SetDigest::default();
    notices::for_each_of(tx, Subject::Chain, &mut |notice| {
        chain.add(&notice.item_hash());
        count += 1;
    })?;
    // A book whose state is missing is still one, by what it holds.
    let held = scopes.keys().copied();
    let mut books: BTreeSet<_> = held
        .filter(|scope| matches!(scope, Scope::Book(_)))
        .collect();
    books.extend(held::books(tx)?);
    for book in books {
        let found = scopes.entry(book).or_default();
        found.state.digest.merge(&chain);
        found.notices += count;
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
        found.notices += 1;
        found.state.digest.add(&notice.item_hash());
        Ok(())
    })
}

/// Whether what an entry of a feed names is there, in that version or a later one.
pub(super) fn are_there(tx: &dyn ReadTx, named: &[NoticeRef]) -> Result<bool, StoreError> {
    for name in named {
        let notice: Option<Notice> = store::get_row(tx, Table::Notice, &name.key)?;
        let could_be = |notice: &Notice| (1..=notice.version).contains(&name.version);
        if !notice.is_some_and(|notice| could_be(&notice)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Of which notices the feed that is walked has told, in their latest version. One scope at a time, because that is how feeds are stored.
#[derive(Default)]
pub(super) struct Told {
    scope: Option<Scope>,
    keys: BTreeSet<Vec<u8>>,
}

impl Told {
    /// The walk is in `scope` from here on.
    pub(super) fn follow(
        &mut self,
        scope: Scope,
        scopes: &BTreeMap<Scope, Recomputed>,
    ) -> Result<(), AuditError> {
        if self.scope != Some(scope) {
            self.end(scopes)?;
            self.scope = Some(scope);
        }
        Ok(())
    }

    /// An entry tells of these.
    pub(super) fn hear(
        &mut self,
        tx: &dyn ReadTx,
        scope: Scope,
        named: &[NoticeRef],
    ) -> Result<(), StoreError> {
        for name in named {
            let notice: Option<Notice> = store::get_row(tx, Table::Notice, &name.key)?;
            if let Some(notice) = notice.filter(|notice| notice.version == name.version)
                && held::is_read_in(tx, scope, notice.subject)?
            {
                self.keys.insert(name.key.clone());
            }
        }
        Ok(())
    }

    /// The feed ends: it has told of every notice that is read in its scope.
    pub(super) fn end(&mut self, scopes: &BTreeMap<Scope, Recomputed>) -> Result<(), AuditError> {
        let told = std::mem::take(&mut self.keys).len();
        let Some((scope, found)) = self.scope.and_then(|scope| scopes.get_key_value(&scope)) else {
            return Ok(());
        };
        if told == found.notices {
            return Ok(());
        }
        let row = name(Table::Feed, &scope.key());
        let what = "the feed does not tell of every notice that is read there";
        Err(Damage::at(Table::Feed, row, what))
    }
}
