//! Notices on the hub: what is posted, and who is told.
//!
//! # Invariants
//! - Of every version of a notice the feed of each scope that reads it tells once, in an entry no older than the version.
//! - A book that begins is told everything that the chain has posted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::{Authority, Batch};
use crate::digest::SetDigest;
use crate::entropy::Entropy;
use crate::envelope;
use crate::feed::{self, FeedKind, Ledger, NoticeRef};
use crate::ids::{CustomerId, Nonce, ShopId};
use crate::limits;
use crate::notices::{self, Notice, NoticeDraft, NoticeError, PutNotice, Subject, held};
use crate::scope::Scope;
use crate::store::{ReadTx, StoreError, Table, WriteTx};

/// Notices that are told together, by subject: what they move in digests, and their names.
#[derive(Default)]
struct Told {
    subjects: BTreeMap<Subject, (SetDigest, Vec<NoticeRef>)>,
    size: Size,
}

/// How much an entry tells.
#[derive(Default)]
struct Size {
    notices: usize,
    bytes: usize,
}

impl Size {
    /// Whether one more would make an entry too large.
    fn is_full(&self, more: usize) -> bool {
        let bytes = self.bytes + more;
        self.notices > 0
            && (self.notices >= limits::NOTICES_PER_ENTRY_MAX || bytes > limits::FRAME_BYTES_TARGET)
    }

    fn add(&mut self, bytes: usize) {
        self.notices += 1;
        self.bytes += bytes;
    }
}

impl Told {
    fn add(&mut self, notice: &Notice, before: Option<&crate::ids::Hash32>) {
        let (digest, refs) = self.subjects.entry(notice.subject).or_default();
        if let Some(before) = before {
            digest.remove(before);
        }
        digest.add(&notice.item_hash());
        refs.push(NoticeRef::of(notice));
        self.size.add(notice.weight());
    }

    /// Tells every scope what it reads of it, in one entry each, and begins anew.
    fn tell(
        &mut self,
        tx: &mut dyn WriteTx,
        ledger: &mut Ledger,
        books: &[Scope],
        entropy: &mut dyn Entropy,
    ) -> Result<(), StoreError> {
        let mut by_scope: BTreeMap<Scope, Vec<NoticeRef>> = BTreeMap::new();
        for (subject, (digest, refs)) in std::mem::take(&mut self.subjects) {
            let scopes = match subject {
                Subject::Chain => books.to_vec(),
                Subject::Shop(_) | Subject::Associate(_) | Subject::Customer(_) => {
                    held::audience(tx.as_read(), subject)?
                }
            };
            for scope in scopes {
                ledger.merge(tx.as_read(), scope, &digest)?;
                by_scope
                    .entry(scope)
                    .or_default()
                    .extend(refs.iter().cloned());
            }
        }
        self.size = Size::default();
        for (scope, notices) in by_scope {
            append(tx, ledger, (scope, notices), &envelope::salt(entropy).0)?;
        }
        Ok(())
    }
}

fn append(
    tx: &mut dyn WriteTx,
    ledger: &mut Ledger,
    (scope, notices): (Scope, Vec<NoticeRef>),
    salt: &[u8],
) -> Result<(), StoreError> {
    let kind = FeedKind::Notices { notices };
    let hash = feed::other_entry_hash(&kind, salt);
    ledger.append(tx, scope, kind, hash)?;
    Ok(())
}

impl Authority {
    /// Posts notices and tells every scope that reads them. What says the same as before is passed over, and so is what is about
    /// a customer who was erased. Returns how many were new or newer.
    ///
    /// # Errors
    /// [`NoticeError`] when one is not well formed or storage fails; the caller's mark must then be rolled back.
    pub fn put_notices(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        drafts: &[NoticeDraft],
        entropy: &mut dyn Entropy,
    ) -> Result<u64, NoticeError> {
        let is_of_chain = |draft: &NoticeDraft| draft.subject == Subject::Chain;
        let books = if drafts.iter().any(is_of_chain) {
            held::books(tx.as_read())?
        } else {
            Vec::new()
        };
        let mut changed = 0;
        let mut told = Told::default();
        for draft in drafts {
            if is_erased(tx.as_read(), draft.subject)? {
                continue;
            }
            let Some(notice) = notices::next_version(tx.as_read(), draft)? else {
                continue;
            };
            let before = match notices::put(tx, &notice)? {
                PutNotice::Unchanged => continue,
                PutNotice::Inserted => None,
                PutNotice::Replaced { before } => Some(before),
            };
            changed += 1;
            if let Subject::Customer(customer) = notice.subject {
                // Who follows customers follows what others say of them.
                batch.customers.insert(customer);
            }
            if told.size.is_full(notice.weight()) {
                told.tell(tx, &mut batch.ledger, &books, entropy)?;
            }
            told.add(&notice, before.as_ref());
        }
        told.tell(tx, &mut batch.ledger, &books, entropy)?;
        Ok(changed)
    }

    /// Opens the book of a shop, so that it is told what the chain has posted before anything is written in it. Opening it again does nothing.
    ///
    /// # Errors
    /// What the store reports.
    pub fn open_book(
        &mut self,
        tx: &dyn ReadTx,
        batch: &mut Batch,
        shop: ShopId,
    ) -> Result<(), StoreError> {
        batch.ledger.state(tx, Scope::Book(shop)).map(drop)
    }

    /// Tells the books that begin with this batch what the chain has posted.
    pub(super) fn tell_new_books(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let mut new = Vec::new();
        for scope in batch.scopes() {
            let is_held = tx.get(Table::ScopeState, &scope.key())?.is_some();
            if matches!(scope, Scope::Book(_)) && !is_held {
                new.push(scope);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let (digest, entries) = known(tx.as_read(), Subject::Chain)?;
        for scope in new {
            batch.ledger.merge(tx.as_read(), scope, &digest)?;
            for notices in &entries {
                // Nobody can guess a chain, so it does for a salt.
                let chain = batch.ledger.state(tx.as_read(), scope)?.chain;
                let salt = chain.0;
                append(
                    tx,
                    &mut batch.ledger,
                    (scope, notices.clone()),
                    salt.as_bytes(),
                )?;
            }
        }
        Ok(())
    }

    /// Tells a scope that a card has entered what was posted about its customer. The digest has it with the card.
    pub(super) fn tell_notices(
        &mut self,
        tx: &mut dyn WriteTx,
        batch: &mut Batch,
        (customer, scope): (CustomerId, Scope),
        salt: Nonce,
    ) -> Result<(), StoreError> {
        let (_, entries) = known(tx.as_read(), Subject::Customer(customer))?;
        for notices in entries {
            append(tx, &mut batch.ledger, (scope, notices), salt.as_bytes())?;
        }
        Ok(())
    }
}

/// Everything that was posted about a subject: what it brings into a digest, and its names, an entry's worth at a time.
fn known(
    tx: &dyn ReadTx,
    subject: Subject,
) -> Result<(SetDigest, Vec<Vec<NoticeRef>>), StoreError> {
    let mut digest = SetDigest::default();
    let mut entries: Vec<Vec<NoticeRef>> = Vec::new();
    let mut size = Size::default();
    held::scan(tx, (&subject.key(), &[]), &mut |_, notice| {
        digest.add(&notice.item_hash());
        if entries.is_empty() || size.is_full(notice.weight()) {
            entries.push(Vec::new());
            size = Size::default();
        }
        size.add(notice.weight());
        if let Some(entry) = entries.last_mut() {
            entry.push(NoticeRef::of(&notice));
        }
        ControlFlow::Continue(())
    })?;
    Ok((digest, entries))
}

fn is_erased(tx: &dyn ReadTx, subject: Subject) -> Result<bool, StoreError> {
    match subject {
        Subject::Customer(customer) => Ok(tx.get(Table::Tombstone, customer.as_bytes())?.is_some()),
        Subject::Chain | Subject::Shop(_) | Subject::Associate(_) => Ok(false),
    }
}
