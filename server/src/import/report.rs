//! What an import did, counted.

use std::collections::BTreeMap;
use std::fmt;

use sync_core::records::{Currency, RecordKind, format_amount};

/// What an import did. Counts are of this run; amounts are of everything in the file that the book now holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Rows read, good and bad, without the header.
    pub rows: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Rows refused, by reason.
    pub rejected: BTreeMap<&'static str, u64>,
    /// Fields left out of rows that were taken, by reason.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Customers made.
    pub customers_new: u64,
    /// Customers of whom a row said something new.
    pub customers_updated: u64,
    /// Customers of whom a run of rows said nothing new.
    pub customers_unchanged: u64,
    /// Records that are new.
    pub records_new: u64,
    /// Records of which an earlier version was replaced.
    pub records_replaced: u64,
    /// Records that the book had already.
    pub records_unchanged: u64,
    /// Purchases among all of these.
    pub purchases: u64,
    /// Returns among them.
    pub returns: u64,
    /// What was paid, in minor units, by currency.
    pub amount_minor: BTreeMap<Currency, i64>,
    /// What was given back, in minor units, by currency.
    pub returned_minor: BTreeMap<Currency, i64>,
    /// Consents without evidence: they count as unknown.
    pub consents_without_evidence: u64,
    /// Columns of the file that mean nothing here.
    pub ignored_columns: Vec<String>,
}

impl Report {
    /// Rows refused.
    #[must_use]
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Whether the book is different from before.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.customers_new + self.customers_updated + self.records_new + self.records_replaced > 0
    }

    /// What the counts come to where nothing changed.
    fn verdict(&self) -> Option<&'static str> {
        if self.has_changed() {
            return None;
        }
        let refused = self.rejected_total();
        Some(if self.rows == 0 {
            "Nothing was taken: the file holds no rows."
        } else if refused >= self.rows {
            "Nothing was taken: every row was refused."
        } else if refused > 0 {
            "Nothing changed: what was not refused, the book held already."
        } else {
            "Nothing changed: the book held all of it already."
        })
    }

    pub(super) fn count_sale(&mut self, kind: RecordKind, currency: Currency, amount: i64) {
        let (count, sums) = match kind {
            RecordKind::Purchase => (&mut self.purchases, &mut self.amount_minor),
            RecordKind::Return => (&mut self.returns, &mut self.returned_minor),
        };
        *count += 1;
        let sum = sums.entry(currency).or_default();
        *sum = sum.saturating_add(amount);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "rows       {} read, {} rejected",
            self.rows,
            self.rejected_total()
        )?;
        for (reason, count) in &self.rejected {
            writeln!(f, "             {count} {reason}")?;
        }
        if !self.left_out.is_empty() {
            writeln!(
                f,
                "left out   {} fields of rows that were taken",
                self.left_out.values().sum::<u64>()
            )?;
            for (reason, count) in &self.left_out {
                writeln!(f, "             {count} {reason}")?;
            }
        }
        let [new, updated] = [self.customers_new, self.customers_updated];
        writeln!(f, "customers  {new} new, {updated} updated")?;
        if self.purchases + self.returns > 0 {
            let [new, replaced] = [self.records_new, self.records_replaced];
            let unchanged = self.records_unchanged;
            writeln!(
                f,
                "records    {new} new, {replaced} replaced, {unchanged} known already"
            )?;
            write_sums(f, "purchases", self.purchases, &self.amount_minor)?;
        }
        if self.returns > 0 {
            write_sums(f, "returns", self.returns, &self.returned_minor)?;
        }
        if self.consents_without_evidence > 0 {
            writeln!(
                f,
                "consents   {} without evidence count as unknown",
                self.consents_without_evidence
            )?;
        }
        if !self.ignored_columns.is_empty() {
            writeln!(f, "ignored    columns {}", self.ignored_columns.join(", "))?;
        }
        match self.verdict() {
            Some(verdict) => writeln!(f, "{verdict}"),
            None => Ok(()),
        }
    }
}

fn write_sums(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    count: u64,
    sums: &BTreeMap<Currency, i64>,
) -> fmt::Result {
    let sums: Vec<_> = sums
        .iter()
        .map(|(currency, sum)| format!("{} {currency}", format_amount(*sum, currency.decimals())))
        .collect();
    writeln!(f, "{what:<10} {count}, {}", sums.join(", "))
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows read.
    pub rows: u64,
    /// Bytes read, to compare with the size of the file.
    pub bytes: u64,
    /// Rows refused.
    pub rejected: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_why_nothing_changed() {
        let report = |rows, refused| Report {
            rows,
            records_unchanged: rows - refused,
            rejected: BTreeMap::from([("amount", refused)]),
            ..Report::default()
        };
        let ends = |report: Report, end: &str| {
            let said = report.to_string();
            assert!(said.trim_end().ends_with(end), "{said}");
        };
        ends(report(0, 0), "the file holds no rows.");
        ends(report(2, 2), "every row was refused.");
        ends(report(2, 1), "what was not refused, the book held already.");
        ends(report(2, 0), "the book held all of it already.");
        let new = Report {
            records_new: 1,
            ..report(2, 1)
        };
        assert!(!new.to_string().contains("Nothing"), "{new}");
    }
}
