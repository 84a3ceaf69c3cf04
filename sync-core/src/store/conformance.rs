//! The suite that every store must pass: each sentence of the storage contract as a named case.
//!
//! The cases are named once, in [`store_conformance!`](crate::store_conformance) and
//! [`store_conformance_durable!`](crate::store_conformance_durable); a store's own tests turn a list into one test per case.
//! A case panics with what it expected, and proves its own starting point, so that none can pass by doing nothing.
//!
//! # Why it is compiled into the library
//! Stores live in other crates, and a `cfg(test)` item can't be reached from there. Nothing outside tests calls it, so the linker
//! drops it from every program.

mod durable;
mod marks;
mod model;
mod rows;
mod scans;
mod snapshots;
mod writers;

use std::ops::ControlFlow;

use super::{Direction, KeyRange, ReadTx, Store, StoreError, Table};

/// One claim about a store that has just been made and is empty.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The claim, as the name of its test.
    pub name: &'static str,
    /// Panics where the claim does not hold.
    pub run: fn(&dyn Store),
}

/// Opens what lies at one and the same place, each time it is called. Only one of the opened stores lives at a time.
pub type Reopen<'a> = dyn Fn() -> Box<dyn Store> + 'a;

/// One claim about a store that outlives its process.
#[derive(Debug, Clone, Copy)]
pub struct DurableCase {
    /// The claim, as the name of its test.
    pub name: &'static str,
    /// Panics where the claim does not hold. The place is empty at first.
    pub run: fn(&Reopen<'_>),
}

/// Turns the contract suite into one `#[test]` per case.
///
/// The argument is a function without arguments; it makes an empty store, inside anything that dereferences to it
/// (a `Box`, or a type of the caller that keeps a temporary folder alive).
#[macro_export]
macro_rules! store_conformance {
    ($make:expr) => {
        $crate::store_conformance!(@list tests ($make));
    };
    (@list $into:ident ($($make:expr)?)) => {
        $crate::store_conformance! { @$into ($($make)?)
            rows::an_empty_store_holds_no_row,
            rows::a_row_reads_back_as_it_was_written,
            rows::a_second_put_replaces_the_value,
            rows::putting_a_value_twice_is_putting_it_once,
            rows::a_deleted_row_is_gone_and_its_neighbors_stay,
            rows::deleting_what_is_not_there_is_no_error,
            rows::a_deleted_row_can_be_written_again,
            rows::an_empty_key_is_a_key,
            rows::an_empty_value_is_a_value,
            rows::bytes_are_kept_as_they_are,
            rows::a_value_of_one_mebibyte_survives,
            rows::a_value_may_grow_and_shrink,
            rows::tables_do_not_share_rows,
            scans::keys_come_in_byte_order,
            scans::a_descending_scan_is_the_exact_reverse,
            scans::a_range_has_its_start_and_not_its_end,
            scans::an_empty_or_inverted_range_yields_nothing,
            scans::a_range_without_end_reaches_the_last_key,
            scans::the_end_of_a_prefix_is_the_next_key_that_lacks_it,
            scans::a_prefix_scan_yields_its_rows_alone,
            scans::a_scan_stops_where_its_visitor_breaks,
            scans::a_scan_returns_its_visitors_error_and_harms_nothing,
            scans::a_visitor_may_read_and_scan_what_is_being_scanned,
            writers::a_writer_reads_its_own_writes,
            writers::nobody_else_sees_a_write_before_its_commit,
            writers::a_dropped_transaction_leaves_no_trace,
            writers::an_empty_transaction_commits,
            writers::a_second_writer_begins_after_the_first_has_ended,
            writers::writers_on_many_threads_take_turns,
            writers::a_writer_that_panicked_leaves_no_trace,
            snapshots::a_snapshot_never_sees_a_later_commit,
            snapshots::a_snapshot_begins_when_it_is_asked_for,
            snapshots::snapshots_of_different_ages_stand_side_by_side,
            snapshots::a_reader_on_another_thread_never_sees_half_a_transaction,
            snapshots::a_new_snapshot_sees_what_was_committed_before_it,
            marks::a_rollback_undoes_all_since_its_mark_and_nothing_before,
            marks::a_released_mark_keeps_its_writes,
            marks::marks_nest,
            marks::an_outer_rollback_undoes_what_an_inner_mark_released,
            marks::a_rollback_ends_the_later_marks,
            marks::a_release_ends_the_later_marks_and_keeps_their_writes,
            marks::a_mark_that_has_ended_is_refused,
            marks::a_commit_keeps_what_was_written_under_open_marks,
            marks::a_drop_undoes_what_released_marks_kept,
            marks::many_jobs_share_one_commit,
            model::ten_thousand_rows_come_back_in_order,
            model::random_transactions_agree_with_a_model,
        }
    };
    (@tests ($make:expr) $($room:ident::$case:ident),+ $(,)?) => {
        $(
            #[test]
            fn $case() {
                let made = $make();
                $crate::store::conformance::run(stringify!($case), &*made);
            }
        )+
    };
    (@cases () $($room:ident::$case:ident),+ $(,)?) => {
        /// All cases, in their order.
        pub const CASES: &[Case] = &[
            $( Case { name: stringify!($case), run: $room::$case } ),+
        ];
    };
}

/// Turns the suite of durable stores into one `#[test]` per case.
///
/// The argument is a function without arguments; it makes an empty place and returns a closure that opens it (see [`Reopen`]).
///
/// [`Reopen`]: crate::store::conformance::Reopen
#[macro_export]
macro_rules! store_conformance_durable {
    ($make:expr) => {
        $crate::store_conformance_durable!(@list tests ($make));
    };
    (@list $into:ident ($($make:expr)?)) => {
        $crate::store_conformance_durable! { @$into ($($make)?)
            durable::what_was_committed_is_there_after_reopening,
            durable::what_was_not_committed_is_gone_after_reopening,
            durable::a_writer_that_never_ended_is_gone_after_reopening,
            durable::what_was_rolled_back_is_gone_after_reopening,
            durable::reopening_changes_nothing,
            durable::a_history_of_reopenings_agrees_with_a_model,
        }
    };
    (@tests ($make:expr) $($room:ident::$case:ident),+ $(,)?) => {
        $(
            #[test]
            fn $case() {
                let reopen = $make();
                $crate::store::conformance::run_durable(stringify!($case), &reopen);
            }
        )+
    };
    (@cases () $($room:ident::$case:ident),+ $(,)?) => {
        /// All cases of durable stores, in their order.
        pub const DURABLE_CASES: &[DurableCase] = &[
            $( DurableCase { name: stringify!($case), run: $room::$case } ),+
        ];
    };
}

store_conformance!(@list cases ());
store_conformance_durable!(@list cases ());

/// Runs the case of this name on an empty store.
///
/// # Panics
/// Where the case does not hold, or there is none of this name.
pub fn run(name: &str, store: &dyn Store) {
    let case = CASES.iter().find(|case| case.name == name);
    (case.expect("the macro names cases of this list").run)(store);
}

/// Runs the durable case of this name on an empty place.
///
/// # Panics
/// Where the case does not hold, or there is none of this name.
pub fn run_durable(name: &str, reopen: &Reopen<'_>) {
    let case = DURABLE_CASES.iter().find(|case| case.name == name);
    (case.expect("the macro names cases of this list").run)(reopen);
}

/// Key and value, owned.
type Row = (Vec<u8>, Vec<u8>);

/// Commits these rows in one transaction.
fn commit_rows(store: &dyn Store, table: Table, rows: &[(&[u8], &[u8])]) {
    let mut tx = store.write().expect("a writer begins");
    for (key, value) in rows {
        tx.put(table, key, value).expect("a row is written");
    }
    tx.commit().expect("a commit succeeds");
}

/// The committed value at `key`.
fn committed(store: &dyn Store, table: Table, key: &[u8]) -> Option<Vec<u8>> {
    let tx = store.read().expect("a snapshot begins");
    value_at(&*tx, table, key)
}

/// The value that this transaction sees at `key`.
fn value_at(tx: &dyn ReadTx, table: Table, key: &[u8]) -> Option<Vec<u8>> {
    tx.get(table, key).expect("a row is read")
}

/// All committed rows of a table.
fn committed_rows(store: &dyn Store, table: Table) -> Vec<Row> {
    let tx = store.read().expect("a snapshot begins");
    rows_of(&*tx, table)
}

/// All rows of a table that this transaction sees.
fn rows_of(tx: &dyn ReadTx, table: Table) -> Vec<Row> {
    let all = KeyRange {
        from: &[],
        to: None,
    };
    rows_within(tx, table, all, Direction::Ascending)
}

/// The rows of a range that this transaction sees.
fn rows_within(
    tx: &dyn ReadTx,
    table: Table,
    range: KeyRange<'_>,
    direction: Direction,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut visit = |key: &[u8], value: &[u8]| -> Result<ControlFlow<()>, StoreError> {
        rows.push((key.to_vec(), value.to_vec()));
        Ok(ControlFlow::Continue(()))
    };
    tx.scan(table, range, direction, &mut visit)
        .expect("a scan succeeds");
    rows
}

/// Rows as they compare with what was read.
fn owned(rows: &[(&[u8], &[u8])]) -> Vec<Row> {
    rows.iter()
        .map(|(key, value)| (key.to_vec(), value.to_vec()))
        .collect()
}
