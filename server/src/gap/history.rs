//! The weeks: one report for each ISO week, the last of that week, kept for good.

use std::ops::ControlFlow;

use serde::Serialize;
use sync_core::concierge::gap::Report;
use sync_core::concierge::obligations::days::iso_week;
use sync_core::ids::Timestamp;
use sync_core::store::{
    Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, key, prefix_end, scan_prefix,
};

const WEEK: &[u8] = b"h";

/// A report with the week it closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Week {
    /// The week, as ISO 8601 writes it: "2026-W47".
    pub week: String,
    /// The last report of it.
    pub report: Report,
}

/// The week of a moment as ISO 8601 writes it.
#[must_use]
pub fn name(at: Timestamp) -> String {
    let (year, week) = iso_week(at.days());
    format!("{year:04}-W{week:02}")
}

fn week_key(at: Timestamp) -> Vec<u8> {
    let (year, week) = iso_week(at.days());
    let year = u16::try_from(year.clamp(0, 9_999)).unwrap_or_default();
    let week = u8::try_from(week).unwrap_or_default();
    key(&[WEEK, &year.to_be_bytes(), &[week]])
}

fn decode(value: &[u8]) -> Result<Report, StoreError> {
    serde_json::from_slice(value).map_err(|error| StoreError::Corrupt {
        table: Table::Gap.name(),
        detail: error.to_string(),
    })
}

/// Keeps a report as the last of its week.
///
/// # Errors
/// What the store reports.
pub fn keep(tx: &mut dyn WriteTx, report: &Report) -> Result<(), StoreError> {
    let value = serde_json::to_vec(report).expect("texts and numbers can be written");
    tx.put(Table::Gap, &week_key(report.as_of), &value)
}

/// All weeks, the earliest first.
///
/// # Errors
/// What the store reports.
pub fn all(tx: &dyn ReadTx) -> Result<Vec<Week>, StoreError> {
    let mut weeks = Vec::new();
    scan_prefix(tx, Table::Gap, WEEK, &mut |_, value| {
        let report = decode(value)?;
        weeks.push(Week {
            week: name(report.as_of),
            report,
        });
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(weeks)
}

/// The report of a moment's own week.
///
/// # Errors
/// What the store reports.
pub fn of(tx: &dyn ReadTx, at: Timestamp) -> Result<Option<Report>, StoreError> {
    let found = tx.get(Table::Gap, &week_key(at))?;
    found.map(|value| decode(&value)).transpose()
}

/// The last report of an earlier week.
///
/// # Errors
/// What the store reports.
pub fn before(tx: &dyn ReadTx, at: Timestamp) -> Result<Option<Report>, StoreError> {
    let mut found = None;
    let to = week_key(at);
    let range = KeyRange {
        from: WEEK,
        to: Some(&to),
    };
    debug_assert!(prefix_end(WEEK).is_some_and(|end| to < end));
    tx.scan(Table::Gap, range, Direction::Descending, &mut |_, value| {
        found = Some(decode(value)?);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}
