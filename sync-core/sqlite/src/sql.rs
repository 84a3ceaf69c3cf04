//! The few statements there are, one set per table, written once.

use std::sync::LazyLock;

use sync_core::store::{Direction, KeyRange, Table};

/// Statements a connection keeps prepared: more than there are texts, so that none is ever prepared twice.
pub(crate) const STATEMENTS_MAX: usize = 256;

pub(crate) const BEGIN_READ: &str = "BEGIN";
/// The first read of a snapshot; `BEGIN` alone does not pin it.
pub(crate) const PIN: &str = "SELECT 1 FROM meta LIMIT 1";
pub(crate) const END_READ: &str = "COMMIT";
pub(crate) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
pub(crate) const COMMIT: &str = "COMMIT";
pub(crate) const ROLLBACK: &str = "ROLLBACK";

/// The statements of one table.
#[derive(Debug)]
pub(crate) struct TableSql {
    pub(crate) get: String,
    pub(crate) put: String,
    pub(crate) delete: String,
    /// From a key up to another: ascending, descending.
    bounded: [String; 2],
    /// From a key to the end: ascending, descending.
    open: [String; 2],
}

impl TableSql {
    fn new(table: Table) -> Self {
        let name = table.name();
        let scan = |bound: &str, order: &str| {
            format!("SELECT key, value FROM {name} WHERE key >= ?1{bound} ORDER BY key{order}")
        };
        Self {
            get: format!("SELECT value FROM {name} WHERE key = ?1"),
            put: format!(
                "INSERT INTO {name} (key, value) VALUES (?1, ?2) \
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            ),
            delete: format!("DELETE FROM {name} WHERE key = ?1"),
            bounded: [scan(" AND key < ?2", ""), scan(" AND key < ?2", " DESC")],
            open: [scan("", ""), scan("", " DESC")],
        }
    }

    /// The statement that scans this range in this direction.
    pub(crate) fn scan(&self, range: KeyRange<'_>, direction: Direction) -> &str {
        let [ascending, descending] = match range.to {
            Some(_) => &self.bounded,
            None => &self.open,
        };
        match direction {
            Direction::Ascending => ascending,
            Direction::Descending => descending,
        }
    }
}

static TABLES: LazyLock<Vec<TableSql>> =
    LazyLock::new(|| Table::ALL.into_iter().map(TableSql::new).collect());

/// The statements of `table`.
pub(crate) fn of(table: Table) -> &'static TableSql {
    TABLES
        .get(table as usize)
        .expect("there are statements for every table")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_statement_stays_prepared() {
        let mut texts: BTreeSet<String> =
            [BEGIN_READ, PIN, END_READ, BEGIN_WRITE, COMMIT, ROLLBACK]
                .map(str::to_owned)
                .into();
        for table in Table::ALL {
            let sql = of(table);
            let scans = sql.bounded.iter().chain(&sql.open);
            texts.extend([&sql.get, &sql.put, &sql.delete].into_iter().cloned());
            texts.extend(scans.cloned());
        }
        assert_eq!(texts.len(), 5 + 7 * Table::ALL.len());
        // Each depth of marks has three more.
        assert!(texts.len() + 3 * 10 <= STATEMENTS_MAX);
    }

    #[test]
    fn each_range_and_direction_has_its_own_scan() {
        let bounded = KeyRange {
            from: b"a",
            to: Some(b"b"),
        };
        let open = KeyRange {
            from: b"a",
            to: None,
        };
        let scan = |range, direction| of(Table::Feed).scan(range, direction);
        assert_eq!(
            scan(bounded, Direction::Descending),
            "SELECT key, value FROM feed WHERE key >= ?1 AND key < ?2 ORDER BY key DESC"
        );
        assert_eq!(
            scan(open, Direction::Ascending),
            "SELECT key, value FROM feed WHERE key >= ?1 ORDER BY key"
        );
    }
}
