//! Transactions: a snapshot on a reader, and the one that writes.

use std::cell::Cell;
use std::sync::MutexGuard;

use rusqlite::{Connection, OptionalExtension as _};
use sync_core::store::{Direction, KeyRange, Mark, ReadTx, StoreError, Table, Visit, WriteTx};

use crate::error::{Refusal, during, on};
use crate::pool::Lease;
use crate::sql;

/// A snapshot: a read transaction of SQLite, pinned to the log as it was when it began.
#[derive(Debug)]
pub(crate) struct Reader<'a>(Lease<'a>);

impl<'a> Reader<'a> {
    pub(crate) fn begin(lease: Lease<'a>) -> Result<Self, StoreError> {
        execute(&lease, sql::BEGIN_READ).map_err(during("beginning a snapshot"))?;
        // Made before the first read, so that the drop ends the transaction where that fails.
        let reader = Self(lease);
        reader
            .0
            .prepare_cached(sql::PIN)
            .and_then(|mut pin| pin.exists([]))
            .map_err(during("beginning a snapshot"))?;
        Ok(reader)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // Ending a read can't lose anything; should it fail, the connection's next `BEGIN` says so.
            execute(&self.0, sql::END_READ).ok();
        }
    }
}

impl ReadTx for Reader<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get(&self.0, table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        scan(&self.0, table, (range, direction), visit)
    }
}

/// The one transaction that writes.
///
/// SQLite may end it by itself when a write fails, and a statement outside a transaction would commit alone.
/// So every call asks first whether the transaction still stands, and after a failed write only a rollback is taken.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    connection: MutexGuard<'a, Connection>,
    /// The standing marks, oldest first; the mark at position `n` is the savepoint `m<n>`.
    marks: Vec<Mark>,
    /// Marks set so far; each gets its own number, so that one that has ended is never taken for a later one.
    marks_set: u32,
    /// The failure after which this must be dropped or rolled back.
    failure: Cell<Option<Failure>>,
}

/// What a write failed of.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Full,
    Other,
}

impl<'a> Writer<'a> {
    pub(crate) fn begin(connection: MutexGuard<'a, Connection>) -> Result<Self, StoreError> {
        // The rollback of an earlier writer failed: its transaction must not live on in this one.
        if !connection.is_autocommit() {
            execute(&connection, sql::ROLLBACK).map_err(during("ending an abandoned write"))?;
        }
        execute(&connection, sql::BEGIN_WRITE).map_err(during("beginning to write"))?;
        Ok(Self {
            connection,
            marks: Vec::new(),
            marks_set: 0,
            failure: Cell::new(None),
        })
    }

    /// The connection, while its transaction stands and no write of it failed.
    fn standing(&self, operation: &'static str) -> Result<&Connection, StoreError> {
        match self.failure.get() {
            None if !self.connection.is_autocommit() => Ok(&self.connection),
            None | Some(Failure::Other) => Err(Refusal::TransactionFailed.during(operation)),
            Some(Failure::Full) => Err(StoreError::Full { operation }),
        }
    }

    /// Remembers a failed write.
    fn noted<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            let full = matches!(error, StoreError::Full { .. });
            let failure = if full { Failure::Full } else { Failure::Other };
            self.failure.set(Some(failure));
        }
        result
    }

    /// Runs a statement of the transaction itself.
    fn control(&self, statement: &str, operation: &'static str) -> Result<(), StoreError> {
        let connection = self.standing(operation)?;
        self.noted(execute(connection, statement).map_err(during(operation)))
    }

    /// Takes `mark` and the later ones off the list; the position it stood at.
    fn end(&mut self, mark: Mark) -> usize {
        let at = self
            .marks
            .iter()
            .position(|standing| *standing == mark)
            .expect("the mark belongs to this transaction and has not ended");
        self.marks.truncate(at);
        at
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if !self.connection.is_autocommit() {
            // Should it fail, the next writer tries again before it begins.
            execute(&self.connection, sql::ROLLBACK).ok();
        }
    }
}

impl ReadTx for Writer<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get(self.standing("reading a row")?, table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let connection = self.standing("scanning a table")?;
        scan(connection, table, (range, direction), visit)
    }
}

impl WriteTx for Writer<'_> {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let result = self
            .standing("writing a row")?
            .prepare_cached(&sql::of(table).put)
            .and_then(|mut put| put.execute([key, value]))
            .map_err(on(table, "writing a row"));
        self.noted(result).map(drop)
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        let result = self
            .standing("deleting a row")?
            .prepare_cached(&sql::of(table).delete)
            .and_then(|mut delete| delete.execute([key]))
            .map_err(on(table, "deleting a row"));
        self.noted(result).map(drop)
    }

    fn mark(&mut self) -> Result<Mark, StoreError> {
        let savepoint = format!("SAVEPOINT m{}", self.marks.len());
        self.control(&savepoint, "setting a mark")?;
        let mark = Mark(self.marks_set);
        self.marks_set += 1;
        self.marks.push(mark);
        Ok(mark)
    }

    fn rollback_to(&mut self, mark: Mark) -> Result<(), StoreError> {
        let at = self.end(mark);
        if !self.connection.is_autocommit() {
            // What failed since the mark is undone with it. Where SQLite ended the whole transaction, the failure stays.
            self.failure.set(None);
        }
        self.control(&format!("ROLLBACK TO m{at}"), "rolling back to a mark")?;
        // After `ROLLBACK TO` the savepoint still stands; ours has ended.
        self.control(&format!("RELEASE m{at}"), "rolling back to a mark")
    }

    fn release(&mut self, mark: Mark) -> Result<(), StoreError> {
        let at = self.end(mark);
        self.control(&format!("RELEASE m{at}"), "releasing a mark")
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        // What a failed commit leaves standing, the drop rolls back.
        self.control(sql::COMMIT, "committing")
    }

    fn as_read(&self) -> &dyn ReadTx {
        self
    }
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

fn get(connection: &Connection, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    connection
        .prepare_cached(&sql::of(table).get)
        .and_then(|mut get| {
            get.query_row([key], |row| Ok(row.get_ref(0)?.as_blob()?.to_vec()))
                .optional()
        })
        .map_err(on(table, "reading a row"))
}

fn scan(
    connection: &Connection,
    table: Table,
    (range, direction): (KeyRange<'_>, Direction),
    visit: &mut Visit<'_>,
) -> Result<(), StoreError> {
    let failed = || on(table, "scanning a table");
    let mut statement = connection
        .prepare_cached(sql::of(table).scan(range, direction))
        .map_err(failed())?;
    let mut rows = match range.to {
        Some(to) => statement.query([range.from, to]),
        None => statement.query([range.from]),
    }
    .map_err(failed())?;
    while let Some(row) = rows.next().map_err(failed())? {
        let key = row.get_ref(0).map_err(failed())?.as_blob();
        let value = row.get_ref(1).map_err(failed())?.as_blob();
        let (Ok(key), Ok(value)) = (key, value) else {
            return Err(StoreError::Corrupt {
                table: table.name(),
                detail: "a key or value is not a blob".to_owned(),
            });
        };
        if visit(key, value)?.is_break() {
            break;
        }
    }
    Ok(())
}
