//! The tables on disk, frozen since schema 1 and guarded by `tests/fixtures/schema_1.sql`.

use std::fmt::Write as _;

use sync_core::store::Table;

/// The schema that this build writes, and the newest it reads.
pub const SCHEMA_VERSION: u32 = 1;

/// What a Carnet database has in its header: "Carn".
pub(crate) const APPLICATION_ID: i32 = i32::from_be_bytes(*b"Carn");

/// Bytes of a page: a card's change and its envelope fit one, and an index is a level flatter than with 4 KiB.
pub(crate) const PAGE_BYTES: u32 = 8_192;

/// The statements that make schema 1, with its marks.
pub(crate) fn creation() -> String {
    let mut sql = String::new();
    for table in Table::ALL {
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
    writeln!(sql, "PRAGMA application_id = {APPLICATION_ID};")
        .expect("writing to a string does not fail");
    writeln!(sql, "PRAGMA user_version = {SCHEMA_VERSION};")
        .expect("writing to a string does not fail");
    sql
}
