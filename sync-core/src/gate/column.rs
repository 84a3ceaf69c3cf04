//! Reading numbers, runs and columns from bytes of anyone: bounds first, canonical forms only, nothing expanded.
//!
//! A number, a run and a column have exactly one accepted form, the one Automerge writes. Other forms decode to the same operations, but a document
//! that took one in is saved with another hash and does not load again; refusing them here removes that whole class.

use super::error::{FormFault, GateError};

const TRUNCATED: GateError = GateError::Form(FormFault::Truncated);
const NOT_CANONICAL: GateError = GateError::Form(FormFault::NotCanonical);

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: u64) -> Result<&'a [u8], GateError> {
        let len = usize::try_from(len).ok().ok_or(TRUNCATED)?;
        let (taken, rest) = self.0.split_at_checked(len).ok_or(TRUNCATED)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], GateError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(TRUNCATED)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, GateError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// An unsigned LEB128 number in its shortest form.
    pub(super) fn unsigned(&mut self) -> Result<u64, GateError> {
        let mut number = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            let is_last = byte & 0x80 == 0;
            if (shift == 63 && byte > 1) || (is_last && byte == 0 && shift > 0) {
                return Err(NOT_CANONICAL);
            }
            if is_last {
                return Ok(number);
            }
            shift += 7;
        }
    }

    /// A signed LEB128 number in its shortest form.
    pub(super) fn signed(&mut self) -> Result<i64, GateError> {
        let mut number = 0;
        let mut shift = 0;
        let mut before = 0;
        loop {
            let byte = self.byte()?;
            number |= i64::from(byte & 0x7f) << shift;
            if shift == 63 && byte != 0 && byte != 0x7f {
                return Err(NOT_CANONICAL);
            }
            if byte & 0x80 == 0 {
                let is_negative = byte & 0x40 != 0;
                let repeats_sign = shift > 0
                    && ((byte == 0 && before & 0x40 == 0) || (byte == 0x7f && before & 0x40 != 0));
                if repeats_sign {
                    return Err(NOT_CANONICAL);
                }
                if is_negative && shift < 57 {
                    number |= -1 << (shift + 7);
                }
                return Ok(number);
            }
            before = byte;
            shift += 7;
        }
    }
}

/// What one row of a column holds.
pub(super) trait Cell<'a>: Copy + PartialEq {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, GateError>;
}

impl Cell<'_> for u64 {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, GateError> {
        cursor.unsigned()
    }
}

impl Cell<'_> for i64 {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, GateError> {
        cursor.signed()
    }
}

impl<'a> Cell<'a> for &'a str {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, GateError> {
        let len = cursor.unsigned()?;
        std::str::from_utf8(cursor.take(len)?)
            .ok()
            .ok_or(NOT_CANONICAL)
    }
}

/// The runs of a run-length column without empty rows: `(rows, what each holds)`.
///
/// A run of two or more equal rows is written `n, cell`; rows that differ from their neighbours are written `-n, cell, …`.
/// After a first error nothing more is read.
#[derive(Debug, Clone)]
pub(super) struct Runs<'a, C> {
    cursor: Cursor<'a>,
    /// Rows left of the run of different rows that is being read.
    literal: u64,
    /// Whether the last run read was one of different rows.
    was_literal: bool,
    before: Option<C>,
    /// Whether other forms than the canonical one are read too.
    is_lenient: bool,
}

impl<'a, C: Cell<'a>> Runs<'a, C> {
    /// Reads a column of anyone.
    pub(super) fn new(column: &'a [u8]) -> Self {
        Self {
            cursor: Cursor(column),
            literal: 0,
            was_literal: false,
            before: None,
            is_lenient: false,
        }
    }

    /// Reads a column that Automerge wrote here, in whatever runs it left.
    pub(super) fn lenient(column: &'a [u8]) -> Self {
        Self {
            is_lenient: true,
            ..Self::new(column)
        }
    }

    fn next_run(&mut self) -> Result<Option<(u64, C)>, GateError> {
        let mut rows = 1;
        if self.literal == 0 {
            if self.cursor.is_empty() {
                return Ok(None);
            }
            let count = self.cursor.signed()?;
            if count < 0 {
                if self.was_literal && !self.is_lenient {
                    return Err(NOT_CANONICAL);
                }
                self.literal = count.unsigned_abs();
                self.was_literal = true;
            } else {
                rows = u64::try_from(count)
                    .ok()
                    .filter(|rows| *rows >= 2 || (*rows == 1 && self.is_lenient))
                    .ok_or(NOT_CANONICAL)?;
                self.was_literal = false;
            }
        }
        let cell = C::read(&mut self.cursor)?;
        if self.before == Some(cell) && !self.is_lenient {
            return Err(NOT_CANONICAL);
        }
        self.before = Some(cell);
        self.literal = self.literal.saturating_sub(1);
        Ok(Some((rows, cell)))
    }

    /// How many rows there are, and the sum of `weight` over them; both stop at the top of 64 bits.
    pub(super) fn measure(self, weight: impl Fn(C) -> u64) -> Result<(u64, u64), GateError> {
        let (mut total, mut sum) = (0_u64, 0_u64);
        for run in self {
            let (rows, cell) = run?;
            total = total.saturating_add(rows);
            sum = sum.saturating_add(rows.saturating_mul(weight(cell)));
        }
        Ok((total, sum))
    }
}

impl<'a, C: Cell<'a>> Iterator for Runs<'a, C> {
    type Item = Result<(u64, C), GateError>;

    fn next(&mut self) -> Option<Self::Item> {
        let run = self.next_run();
        if run.is_err() {
            self.cursor = Cursor(&[]);
            self.literal = 0;
        }
        run.transpose()
    }
}

/// The rows of a column one by one. The caller has measured the column before.
#[derive(Debug)]
pub(super) struct Row<'a, C> {
    runs: Runs<'a, C>,
    left: u64,
}

impl<'a, C: Cell<'a>> Row<'a, C> {
    pub(super) fn new(column: &'a [u8]) -> Self {
        Self::of(Runs::new(column))
    }

    pub(super) fn of(runs: Runs<'a, C>) -> Self {
        Self { runs, left: 0 }
    }

    /// The next row, which must be there.
    pub(super) fn next(&mut self) -> Result<C, GateError> {
        if self.left == 0 {
            (self.left, _) = self.runs.next().ok_or(TRUNCATED)??;
        }
        self.left -= 1;
        self.runs.before.ok_or(TRUNCATED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form() {
        for (bytes, number) in [
            (&[0_u8][..], Some(0)),
            (&[0x7f], Some(127)),
            (&[0x80, 1], Some(128)),
            (&[0x80, 0], None),
            (&[0x80], None),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                Some(u64::MAX),
            ),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
                None,
            ),
            (&[0xff; 12], None),
        ] {
            assert_eq!(Cursor(bytes).unsigned().ok(), number, "{bytes:?}");
        }
    }

    #[test]
    fn a_signed_number_has_one_form() {
        for (bytes, number) in [
            (&[0_u8][..], Some(0)),
            (&[0x7f], Some(-1)),
            (&[0x3f], Some(63)),
            (&[0x40], Some(-64)),
            (&[0xc0, 0], Some(64)),
            (&[0xff, 0x7f], None),
            (&[0xbf, 0x7f], Some(-65)),
            (&[0x80, 0], None),
            (
                &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f],
                Some(i64::MIN),
            ),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0],
                Some(i64::MAX),
            ),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                None,
            ),
            (&[0xff; 12], None),
        ] {
            assert_eq!(Cursor(bytes).signed().ok(), number, "{bytes:?}");
        }
    }

    #[test]
    fn a_column_has_one_form() {
        let rows = |column| {
            let (count, _) = Runs::<u64>::new(column).measure(|_| 0)?;
            let mut row = Row::<u64>::new(column);
            (0..count)
                .map(|_| row.next())
                .collect::<Result<Vec<_>, _>>()
        };
        assert_eq!(rows(&[]), Ok(vec![]));
        assert_eq!(rows(&[3, 9]), Ok(vec![9, 9, 9]));
        assert_eq!(rows(&[0x7e, 1, 2, 2, 3]), Ok(vec![1, 2, 3, 3]));
        for (what, column) in [
            ("a run of one", &[1_u8, 9][..]),
            ("empty rows", &[0, 2]),
            ("equal neighbors apart", &[0x7e, 1, 1]),
            ("a run that goes on", &[2, 9, 2, 9]),
            ("two literal runs", &[0x7f, 1, 0x7f, 2]),
            ("a literal equal to the run before", &[2, 9, 0x7f, 9]),
            ("a cut literal", &[0x7d, 1, 2]),
            ("a run without a cell", &[2]),
        ] {
            assert!(rows(column).is_err(), "{what}");
        }
    }

    #[test]
    fn a_million_rows_are_measured_without_being_expanded() {
        let column = [0xc0, 0x84, 0x3d, 5];
        assert_eq!(
            Runs::<u64>::new(&column).measure(|cell| cell),
            Ok((1_000_000, 5_000_000))
        );
        let most = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 7, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0xff, 0xff, 0, 8,
        ];
        assert_eq!(
            Runs::<u64>::new(&most).measure(|cell| cell),
            Ok((u64::MAX - 1, u64::MAX))
        );
    }
}
