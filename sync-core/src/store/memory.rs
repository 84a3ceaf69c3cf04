//! The store in memory: for tests, the simulation and preview books. Not durable, by nature.
//!
//! Tables are persistent maps, so that a snapshot, a mark and a rollback are each a cheap copy of the roots.

use std::ops::Bound;
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
            marks_set: 0,
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
        match direction {
            Direction::Ascending => run(rows, visit),
            Direction::Descending => run(rows.rev(), visit),
        }
    }
}

fn run<'a>(
    rows: impl Iterator<Item = (&'a Vec<u8>, &'a Arc<[u8]>)>,
    visit: &mut Visit<'_>,
) -> Result<(), StoreError> {
    for (key, value) in rows {
        if visit(key, value)?.is_break() {
            break;
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Writer<'a> {
    store: &'a MemoryStore,
    snapshot: Snapshot,
    /// The standing marks with the tables they go back to, oldest first.
    marks: Vec<(Mark, Tables)>,
    /// Marks set so far; each gets its own number, so that one that has ended is never taken for a later one.
    marks_set: u32,
    _guard: MutexGuard<'a, ()>,
}

impl Writer<'_> {
    /// Takes the tables of `mark` and ends it with all later ones.
    fn end(&mut self, mark: Mark) -> Tables {
        let at = self
            .marks
            .iter()
            .position(|(standing, _)| *standing == mark)
            .expect("the mark belongs to this transaction and has not ended");
        let (_, tables) = self.marks.drain(at..).next().expect("a mark stands there");
        tables
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
        let mark = Mark(self.marks_set);
        self.marks_set += 1;
        self.marks.push((mark, self.snapshot.0.clone()));
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

#[cfg(test)]
mod tests {
    use super::*;

    crate::store_conformance!(|| Box::new(MemoryStore::default()));

    #[test]
    fn a_duplicate_goes_its_own_way() {
        let put = |store: &MemoryStore, value: &[u8]| {
            let mut tx = store.write().unwrap();
            tx.put(Table::Meta, b"key", value).unwrap();
            tx.commit().unwrap();
        };
        let get = |store: &MemoryStore| store.read().unwrap().get(Table::Meta, b"key").unwrap();
        let original = MemoryStore::default();
        put(&original, b"shared");
        let copy = original.duplicate();
        assert_eq!(get(&copy).as_deref(), Some(&b"shared"[..]));
        put(&original, b"original");
        put(&copy, b"copy");
        assert_eq!(get(&original).as_deref(), Some(&b"original"[..]));
        assert_eq!(get(&copy).as_deref(), Some(&b"copy"[..]));
    }
}
