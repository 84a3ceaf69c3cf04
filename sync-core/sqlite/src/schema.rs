//! The tables on disk. Each schema is frozen and guarded by a fixture of its own, `tests/fixtures/schema_1.sql` and those after it.

use std::fmt::Write as _;

use sync_core::store::Table;

/// The schema that this build writes, and the newest it reads.
pub const SCHEMA_VERSION: u32 = 2;

/// How many tables of [`Table::ALL`] a schema has: later ones add tables at the end.
const TABLES: [(u32, usize); 2] = [(1, 27), (2, 30)];

/// What a Carnet database has in its header: "Carn".
pub(crate) const APPLICATION_ID: i32 = i32::from_be_bytes(*b"Carn");

/// Bytes of a page: a card's change and its envelope fit one, and an index is a level flatter than with 4 KiB.
pub(crate) const PAGE_BYTES: u32 = 8_192;

/// The statements that make a database of the newest schema, with its marks.
pub(crate) fn creation() -> String {
    let mut sql = tables(Table::ALL.into_iter());
    writeln!(sql, "PRAGMA application_id = {APPLICATION_ID};")
        .expect("writing to a string does not fail");
    mark(&mut sql);
    sql
}

/// The statements that bring a database of schema `found` up to the newest; nothing where no such schema was ever written.
pub(crate) fn migration(found: u32) -> Option<String> {
    let (_, known) = TABLES.into_iter().find(|(schema, _)| *schema == found)?;
    let mut sql = tables(Table::ALL.into_iter().skip(known));
    mark(&mut sql);
    Some(sql)
}

fn tables(tables: impl Iterator<Item = Table>) -> String {
    let mut sql = String::new();
    for table in tables {
        let kind = if table.is_index() {
            "WITHOUT ROWID, STRICT"
        } else {
            "STRICT"
        };
        writeln!(
            sql,
            "CREATE TABLE {} (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) {kind};",
            table.name()
        )
        .expect("writing to a string does not fail");
    }
    sql
}

fn mark(sql: &mut String) {
    writeln!(sql, "PRAGMA user_version = {SCHEMA_VERSION};")
        .expect("writing to a string does not fail");
}
