//! The store in memory: for tests, the simulation and preview books. Not durable, by nature.
//!
//! Tables are persistent maps, so that a snapshot, a mark and a rollback are each a cheap copy of the roots.

use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use imbl::OrdMap;

use super::{Direction, KeyRange, Mark, ReadTx, Store, StoreError, Table, Visit, WriteTx};

type Rows = OrdMap<Vec<u8>, Arc<[u8]>>;

/// All tables at one moment.
#[derive(Debug, Clone)]
struct Tables(Vec<Rows>);

impl Tables {
    fn rows(&self, table: Table) -> &Rows {
        self.0
            .get(table as usize)
            .expect("there is a map for every table")
    }

    fn rows_mut(&mut self, table: Table) -> &mut Rows {
        self.0
            .get_mut(table as usize)
            .expect("there is a map for every table")
    }
}

/// A store that lives as long as the process.
#[derive(Debug)]
pub struct MemoryStore {
    committed: Mutex<Tables>,
    /// Held by the one writer.
    writer: Mutex<()>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            committed: Mutex::new(Tables(vec![Rows::new(); Table::ALL.len()])),
            writer: Mutex::new(()),
        }
    }
}

impl MemoryStore {
    /// A second store with the same content: a cloned disk.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            committed: Mutex::new(self.tables().clone()),
            writer: Mutex::new(()),
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Tables are swapped whole, so a panicking holder can't have left them half-written.
        self.committed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn read(&self) -> Result<Box<dyn ReadTx + '_>, StoreError> {
        Ok(Box::new(Snapshot(self.tables().clone())))
    }

    fn write(&self) -> Result<Box<dyn WriteTx + '_>, StoreError> {
        let guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = Snapshot(self.tables().clone());
        Ok(Box::new(Writer {
            store: self,
            snapshot,
            marks: Vec::new(),
            _guard: guard,
        }))
    }
}

#[derive(Debug)]
struct Snapshot(Tables);

impl ReadTx for Snapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.rows(table).get(key).map(|value| value.to_vec()))
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        if range.to.is_some_and(|to| to <= range.from) {
            return Ok(());
        }
        let to = range.to.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self
            .0
            .rows(table)
            .range::<_, [u8]>((Bound::Included(range.from), to));
        let mut step = |(key, value): (&Vec<u8>, &Arc<[u8]>)| visit(key, value);
        match direction {
            Direction::Ascending => run(rows, &mut step),
            Direction::Descending => run(rows.rev(), &mut step),
        }
    }
}

fn run<'a>(
    rows: impl Iterator<Item = (&'a Vec<u8>, &'a Arc<[u8]>)>,
    step: &mut dyn FnMut((&Vec<u8>, &Arc<[u8]>)) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    for row in rows {
        if step(row)?.is_break() {
            break;
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Writer<'a> {
    store: &'a MemoryStore,
    snapshot: Snapshot,
    marks: Vec<Tables>,
    _guard: MutexGuard<'a, ()>,
}

impl Writer<'_> {
    /// Takes the tables of `mark` and ends it with all later ones.
    fn end(&mut self, mark: Mark) -> Tables {
        let at = usize::try_from(mark.0).expect("a mark counts nested marks");
        assert!(
            at < self.marks.len(),
            "the mark belongs to this transaction and has not ended"
        );
        self.marks.split_off(at).swap_remove(0)
    }
}

impl ReadTx for Writer<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.snapshot.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.snapshot.scan(table, range, direction, visit)
    }
}

impl WriteTx for Writer<'_> {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.snapshot
            .0
            .rows_mut(table)
            .insert(key.to_vec(), value.into());
        Ok(())
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.snapshot.0.rows_mut(table).remove(key);
        Ok(())
    }

    fn mark(&mut self) -> Result<Mark, StoreError> {
        let mark = Mark(u32::try_from(self.marks.len()).expect("marks nest a few deep"));
        self.marks.push(self.snapshot.0.clone());
        Ok(mark)
    }

    fn rollback_to(&mut self, mark: Mark) -> Result<(), StoreError> {
        self.snapshot.0 = self.end(mark);
        Ok(())
    }

    fn release(&mut self, mark: Mark) -> Result<(), StoreError> {
        self.end(mark);
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        *self.store.tables() = self.snapshot.0;
        Ok(())
    }

    fn as_read(&self) -> &dyn ReadTx {
        self
    }
}
