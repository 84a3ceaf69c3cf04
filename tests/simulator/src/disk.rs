//! A disk that can fail: a store in memory that refuses a chosen write or commit, once, as a full disk or a crash does.
//!
//! # Invariants
//! - A transaction that met a fault leaves nothing behind: its commit is refused too.
//! - What is not armed behaves as [`MemoryStore`] does.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sync_core::store::memory::MemoryStore;
use sync_core::store::{
    Direction, KeyRange, Mark, ReadTx, Store, StoreError, Table, Visit, WriteTx,
};

/// What goes wrong next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full when this many more rows have been written.
    FullAfter(u64),
    /// The commit does not happen: the process died before it.
    Commit,
}

#[derive(Debug, Default)]
struct Weather {
    armed: Option<Fault>,
    blind: Option<Table>,
    faults: u64,
}

/// A store with a fault that can be armed; in memory unless said.
#[derive(Debug, Default)]
pub struct Disk {
    backing: Backing,
    weather: Mutex<Weather>,
}

enum Backing {
    Memory(MemoryStore),
    Other(Box<dyn Store>),
}

impl fmt::Debug for Backing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory(_) => "Memory",
            Self::Other(_) => "Other",
        })
    }
}

impl Default for Backing {
    fn default() -> Self {
        Self::Memory(MemoryStore::default())
    }
}

impl Disk {
    /// A disk over another store, such as one in a file.
    #[must_use]
    pub fn over(store: Box<dyn Store>) -> Self {
        Self {
            backing: Backing::Other(store),
            weather: Mutex::default(),
        }
    }

    /// A second disk, in memory, with the same content: a clone, or an image to go back to.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        let memory = match &self.backing {
            Backing::Memory(memory) => memory.duplicate(),
            Backing::Other(store) => {
                copied(&**store).expect("a store that a fleet works with can be read")
            }
        };
        Self {
            backing: Backing::Memory(memory),
            weather: Mutex::default(),
        }
    }

    fn store(&self) -> &dyn Store {
        match &self.backing {
            Backing::Memory(memory) => memory,
            Backing::Other(store) => &**store,
        }
    }

    /// Lets the next write that qualifies fail.
    pub fn arm(&self, fault: Fault) {
        self.weather().armed = Some(fault);
    }

    /// Takes back a fault that did not strike.
    pub fn disarm(&self) {
        self.weather().armed = None;
    }

    /// How many faults have struck.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.weather().faults
    }

    /// Makes write transactions find nothing in a table, which is how a forgotten check is planted.
    pub fn blind(&self, table: Option<Table>) {
        self.weather().blind = table;
    }

    fn weather(&self) -> MutexGuard<'_, Weather> {
        self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Disk {
    fn read(&self) -> Result<Box<dyn ReadTx + '_>, StoreError> {
        self.store().read()
    }

    fn write(&self) -> Result<Box<dyn WriteTx + '_>, StoreError> {
        Ok(Box::new(Writer {
            inner: self.store().write()?,
            disk: self,
            failed: false,
        }))
    }
}

/// All rows of a store, in memory.
fn copied(from: &dyn Store) -> Result<MemoryStore, StoreError> {
    let memory = MemoryStore::default();
    let (rows, mut copy) = (from.read()?, memory.write()?);
    let all = KeyRange {
        from: &[],
        to: None,
    };
    for table in Table::ALL {
        rows.scan(table, all, Direction::Ascending, &mut |key, value| {
            copy.put(table, key, value)?;
            Ok(ControlFlow::Continue(()))
        })?;
    }
    copy.commit()?;
    Ok(memory)
}

struct Writer<'a> {
    inner: Box<dyn WriteTx + 'a>,
    disk: &'a Disk,
    failed: bool,
}

const FULL: StoreError = StoreError::Full {
    operation: "writing to a simulated disk",
};
const DEATH: &str = "committing as the process dies";

fn death() -> StoreError {
    StoreError::Other {
        operation: DEATH,
        source: "it was killed".into(),
    }
}

/// Whether an error is a fault that was armed, of either kind.
#[must_use]
pub fn is_armed_fault(error: &StoreError) -> bool {
    matches!(error, StoreError::Full { .. })
        || matches!(error, StoreError::Other { operation, .. } if *operation == DEATH)
}

impl Writer<'_> {
    /// Counts one row towards the armed fault.
    fn spend(&mut self) -> Result<(), StoreError> {
        let mut weather = self.disk.weather();
        match weather.armed {
            Some(Fault::FullAfter(0)) => {
                weather.armed = None;
                weather.faults += 1;
                self.failed = true;
            }
            Some(Fault::FullAfter(left)) => weather.armed = Some(Fault::FullAfter(left - 1)),
            Some(Fault::Commit) | None => {}
        }
        if self.failed { Err(FULL) } else { Ok(()) }
    }
}

impl ReadTx for Writer<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if self.disk.weather().blind == Some(table) {
            return Ok(None);
        }
        self.inner.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.inner.scan(table, range, direction, visit)
    }
}

impl WriteTx for Writer<'_> {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.spend()?;
        self.inner.put(table, key, value)
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.spend()?;
        self.inner.delete(table, key)
    }

    fn mark(&mut self) -> Result<Mark, StoreError> {
        self.inner.mark()
    }

    fn rollback_to(&mut self, mark: Mark) -> Result<(), StoreError> {
        self.inner.rollback_to(mark)
    }

    fn release(&mut self, mark: Mark) -> Result<(), StoreError> {
        self.inner.release(mark)
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let mut weather = self.disk.weather();
        if weather.armed == Some(Fault::Commit) {
            weather.armed = None;
            weather.faults += 1;
            return Err(death());
        }
        drop(weather);
        if self.failed {
            return Err(FULL);
        }
        self.inner.commit()
    }

    fn as_read(&self) -> &dyn ReadTx {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(disk: &Disk, rows: u8) -> Result<(), StoreError> {
        let mut tx = disk.write()?;
        for row in 0..rows {
            tx.put(Table::Meta, &[row], b"x")?;
        }
        tx.commit()
    }

    #[test]
    fn a_fault_strikes_once_and_leaves_nothing_of_its_transaction() {
        let disk = Disk::default();
        for fault in [Fault::FullAfter(0), Fault::FullAfter(2), Fault::Commit] {
            disk.arm(fault);
            assert!(
                fill(&disk, 3).is_err_and(|error| is_armed_fault(&error)),
                "{fault:?}"
            );
            assert_eq!(disk.read().unwrap().get(Table::Meta, &[0]).unwrap(), None);
        }
        assert_eq!(disk.faults(), 3);
        fill(&disk, 3).unwrap();
        assert!(
            disk.read()
                .unwrap()
                .get(Table::Meta, &[2])
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn a_copied_disk_goes_its_own_way_without_the_armed_fault() {
        let disk = Disk::default();
        disk.arm(Fault::Commit);
        let copy = disk.duplicate();
        fill(&copy, 1).unwrap();
        assert!(fill(&disk, 1).is_err());
        assert_eq!(disk.read().unwrap().get(Table::Meta, &[0]).unwrap(), None);
    }
}
