//! The sink of the hub: who a row is about is looked up, and its notices are posted in one transaction of the one writer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sync_core::ids::{CustomerId, Timestamp};
use sync_core::notices::{self, Notice, NoticeDraft, NoticeError, NoticeKind, Subject};
use sync_core::store::{ReadTx, StoreError, Table, get_row};
use tokio::runtime::Handle;

use super::{About, CheckedNotice, Finder, NoticeSink, Posted};
use crate::book::Book;
use crate::duplicates::{KeepError, Keeper};
use crate::import::problem::Reason;
use crate::import::sink::{ImportIndex, KnownCustomer, SinkError, SourceKey};
use crate::secret::Secret;
use crate::writer::WriteError;

/// Stock that is said to be the same is posted again after this time, so that handhelds see that it was counted; other notices are not.
const STOCK_AGAIN_MS: i64 = 12 * 3_600_000;

/// Posts to the hub's book. To be used on a thread that may block.
pub struct BookNotices {
    /// The book.
    pub book: Arc<Book>,
    /// Finds customers by phone and address.
    pub keeper: Arc<Keeper>,
    /// The hub's secret for the import index.
    pub secret: Secret<[u8; 32]>,
    /// Who says so.
    pub source: String,
    /// Whose numbers of customers these are.
    pub customers_of: String,
    /// Customers that may be written about; all of them where there is no such list.
    pub within: Option<Reach>,
    /// Where the writer is awaited.
    pub runtime: Handle,
}

/// Says whether whoever brings the rows reaches a customer.
pub type Reach = Box<dyn Fn(&dyn ReadTx, CustomerId) -> Result<bool, StoreError> + Send>;

impl std::fmt::Debug for BookNotices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BookNotices")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl BookNotices {
    fn subject(&self, about: &About) -> Result<Result<Subject, Reason>, SinkError> {
        match about {
            About::Chain => Ok(Ok(Subject::Chain)),
            About::Customer(finder) => Ok(self.find(finder)?.map(Subject::Customer)),
        }
    }

    /// Who is meant: by number, else by the endpoints, which must lead to one customer alone.
    fn find(&self, finder: &Finder) -> Result<Result<CustomerId, Reason>, SinkError> {
        let mut found = BTreeSet::new();
        if let Some(id) = &finder.id {
            let key = SourceKey {
                source: self.customers_of.clone(),
                id: id.clone(),
            };
            let tx = self.book.store().read()?;
            match ImportIndex::new(self.secret.expose()).customer(&*tx, &key)? {
                Some(KnownCustomer::Erased) => return Ok(Err(Reason::Erased)),
                Some(KnownCustomer::Present { customer, .. }) => drop(found.insert(customer)),
                None => {}
            }
        }
        if found.is_empty() {
            for (kind, form) in &finder.endpoints {
                found.extend(self.keeper.holders(*kind, form).map_err(stopped)?);
            }
        }
        let tx = self.book.store().read()?;
        let mut reached = Vec::new();
        for customer in found {
            if tx.get(Table::Tombstone, customer.as_bytes())?.is_some() {
                return Ok(Err(Reason::Erased));
            }
            let is_within = match &self.within {
                Some(within) => within(&*tx, customer)?,
                None => true,
            };
            if is_within {
                reached.push(customer);
            }
        }
        Ok(match reached.as_slice() {
            [one] => Ok(*one),
            [] => Err(Reason::UnknownCustomer),
            _ => Err(Reason::SeveralCustomers),
        })
    }
}

impl NoticeSink for BookNotices {
    fn post(&mut self, rows: Vec<CheckedNotice>) -> Result<Vec<Posted>, SinkError> {
        let mut outcomes = Vec::with_capacity(rows.len());
        let mut drafts: BTreeMap<usize, NoticeDraft> = BTreeMap::new();
        let mut met: BTreeMap<(Subject, NoticeKind, String), Vec<u8>> = BTreeMap::new();
        for (at, row) in rows.into_iter().enumerate() {
            let subject = match self.subject(&row.about)? {
                Ok(subject) => subject,
                Err(reason) => {
                    outcomes.push(Posted::Refused(reason));
                    continue;
                }
            };
            outcomes.push(Posted::Unchanged);
            let name = (subject, row.kind, row.key.clone());
            match met.get(&name) {
                Some(body) if *body == row.body => continue,
                Some(_) => {
                    if let Some(outcome) = outcomes.get_mut(at) {
                        *outcome = Posted::Refused(Reason::Repeated);
                    }
                    continue;
                }
                None => drop(met.insert(name, row.body.clone())),
            }
            let draft = NoticeDraft {
                subject,
                kind: row.kind,
                key: row.key,
                source: self.source.clone(),
                as_of: row.as_of,
                body: Some(row.body),
            };
            drafts.insert(at, draft);
        }
        if drafts.is_empty() {
            return Ok(outcomes);
        }
        let posting = self.book.write_batch(move |engine| {
            let mut posted = Vec::new();
            let mut changed = Vec::new();
            for (at, draft) in drafts {
                let outcome = compare(engine.tx().as_read(), &draft)?;
                if outcome != Posted::Unchanged {
                    changed.push(draft);
                }
                posted.push((at, outcome));
            }
            engine.put_notices(&changed)?;
            Ok::<_, NoticeError>(posted)
        });
        let posted = self.runtime.block_on(posting).map_err(unkept)?;
        for (at, posted) in posted {
            if let Some(outcome) = outcomes.get_mut(at) {
                *outcome = posted;
            }
        }
        Ok(outcomes)
    }
}

/// What posting a draft would do. What is said again is not posted again, but for stock, whose age matters.
fn compare(tx: &dyn ReadTx, draft: &NoticeDraft) -> Result<Posted, StoreError> {
    let Some(next) = notices::next_version(tx, draft)? else {
        return Ok(Posted::Unchanged);
    };
    if next.version == 1 {
        return Ok(Posted::New);
    }
    let before: Option<Notice> = get_row(tx, Table::Notice, &next.key())?;
    let Some(before) = before.filter(|before| before.body == next.body) else {
        return Ok(Posted::Replaced);
    };
    let is_old = |at: Timestamp| draft.as_of > at.plus_ms(STOCK_AGAIN_MS);
    Ok(if draft.kind == NoticeKind::Stock && is_old(before.as_of) {
        Posted::Replaced
    } else {
        Posted::Unchanged
    })
}

fn stopped(error: KeepError) -> SinkError {
    match error {
        KeepError::Store(error) => SinkError::Store(error),
        other @ (KeepError::Endpoint(_) | KeepError::Write(_) | KeepError::Panicked) => {
            SinkError::Refused(other.to_string())
        }
    }
}

fn unkept(error: WriteError<NoticeError>) -> SinkError {
    match error {
        WriteError::Job(NoticeError::Store(error)) => SinkError::Store(error),
        WriteError::Stopping => SinkError::Stopping,
        other @ (WriteError::Job(NoticeError::TooLarge { .. } | NoticeError::BadKey)
        | WriteError::Commit(_)
        | WriteError::Panicked) => SinkError::Refused(other.to_string()),
    }
}
