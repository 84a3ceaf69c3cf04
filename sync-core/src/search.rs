//! Search: a customer by name in any script, by the end of a phone number, or by words of what is known.
//!
//! The index is ours, in [`crate::store::Table::Term`], rather than a full-text extension: erasure must leave no trace, every store must answer alike,
//! and what is typed letter by letter needs ranked beginnings ([`terms`]).
//!
//! # Invariants
//! - A result matches: every word of the query is checked against the row's own terms, so a stale entry can't invent a hit.
//! - The same rows give the same results in the same order, on every store.
//! - One search visits at most [`limits::SEARCH_CANDIDATES_MAX`] entries a word and reads at most [`limits::SEARCH_ROWS_READ_MAX`] rows.
//!   When that leaves something out, `more` is set.

pub mod fold;
pub mod terms;
#[cfg(test)]
mod tests;
mod word;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::ids::CustomerId;
use crate::limits;
use crate::projection::{Row, read_row};
use crate::store::{ReadTx, StoreError};

pub use terms::{PackedTerms, TermSources};
use word::{Candidate, Word};

/// What a search found, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchResults {
    /// The rows: who was touched last stands first, names before other words.
    pub rows: Vec<Row>,
    /// Whether there may be others: ask for another word.
    pub more: bool,
}

/// Why a search was not made.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The text is longer than any search.
    #[error("the search text has {found} characters: shorten it to {max}")]
    QueryTooLong {
        /// Characters that came.
        found: usize,
        /// Characters that are taken.
        max: usize,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds customers as `query` is typed: every word must begin something known of the customer.
///
/// An empty query lists who was touched last.
/// At most `limit` rows are returned, and never more than [`limits::SEARCH_RESULTS_MAX`].
///
/// # Errors
/// [`SearchError::QueryTooLong`] when the text exceeds [`limits::QUERY_CHARS_MAX`]; [`SearchError::Store`] when storage fails.
pub fn search(tx: &dyn ReadTx, query: &str, limit: usize) -> Result<SearchResults, SearchError> {
    let everybody = Among {
        reach: &|_| Ok(true),
        names_only: false,
    };
    search_among(tx, query, limit, &everybody)
}

/// Whom a search may find, and by what.
#[derive(Clone, Copy)]
pub struct Among<'a> {
    /// Whether a row is within the asker's reach.
    pub reach: &'a dyn Fn(&Row) -> Result<bool, StoreError>,
    /// Whether only names and phone numbers count: who may not read notes must not find out by guessing their words.
    pub names_only: bool,
}

impl std::fmt::Debug for Among<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Among")
            .field("names_only", &self.names_only)
            .finish_non_exhaustive()
    }
}

/// As [`search`], among those that the asker may find.
///
/// # Errors
/// As [`search`].
pub fn search_among(
    tx: &dyn ReadTx,
    query: &str,
    limit: usize,
    among: &Among<'_>,
) -> Result<SearchResults, SearchError> {
    let found = query.chars().count();
    if found > limits::QUERY_CHARS_MAX {
        return Err(SearchError::QueryTooLong {
            found,
            max: limits::QUERY_CHARS_MAX,
        });
    }
    let limit = limit.min(limits::SEARCH_RESULTS_MAX);
    let words = word::words(query);
    if words.is_empty() && !query.trim().is_empty() {
        return Ok(SearchResults {
            rows: Vec::new(),
            more: false,
        });
    }
    let candidates = candidates(tx, &words)?;
    Ok(select(tx, &words, candidates, (limit, among))?)
}

/// Customers that may match, and whether there may be others.
struct Candidates {
    found: BTreeMap<CustomerId, Candidate>,
    complete: bool,
}

/// Below this many candidates it is cheaper to check rows than to scan for another word.
const FEW: usize = 64;

/// The customers in the index under all words, as far as scans within bounds tell: the longest word goes first, because it is the rarest,
/// and a word with more entries than a scan may visit narrows nothing.
fn candidates(tx: &dyn ReadTx, words: &[Word]) -> Result<Candidates, StoreError> {
    let everybody = [Word::everybody()];
    let words = if words.is_empty() {
        everybody.as_slice()
    } else {
        words
    };
    let mut order: Vec<_> = words.iter().collect();
    order.sort_by_key(|word| Reverse(word.selectivity()));
    let mut best: Option<Candidates> = None;
    for word in order {
        let next = word.scan(tx)?;
        best = Some(match best {
            None => next,
            Some(best) => narrow(best, next),
        });
        if best
            .as_ref()
            .is_some_and(|best| best.complete && best.found.len() <= FEW)
        {
            break;
        }
    }
    Ok(best.expect("there is at least one word"))
}

/// What two words leave: both must hold where both were seen to the end; otherwise who is in both is only the more promising.
fn narrow(one: Candidates, other: Candidates) -> Candidates {
    let (mut kept, other) = if other.complete && !one.complete {
        (other, one)
    } else {
        (one, other)
    };
    let both_complete = other.complete;
    kept.found.retain(|customer, candidate| {
        let also = other.found.get(customer);
        if let Some(also) = also {
            candidate.join(*also);
        }
        also.is_some() || !both_complete
    });
    kept
}

/// Checks candidates against their rows, the most promising first, and orders what matches.
fn select(
    tx: &dyn ReadTx,
    words: &[Word],
    candidates: Candidates,
    (limit, among): (usize, &Among<'_>),
) -> Result<SearchResults, StoreError> {
    let mut order: Vec<_> = candidates.found.into_iter().collect();
    order.sort_by_key(|(customer, candidate)| (Reverse(*candidate), *customer));
    let mut matched = Vec::new();
    let mut more = !candidates.complete;
    let mut last = None;
    for (read, (customer, candidate)) in order.into_iter().enumerate() {
        // Rows that look alike are read together, so that their order is exact.
        let enough = matched.len() > limit && last != Some(candidate);
        if enough || read >= limits::SEARCH_ROWS_READ_MAX {
            more = true;
            break;
        }
        last = Some(candidate);
        let Some(row) = read_row(tx, customer)? else {
            continue;
        };
        let Some(names) = word::matches(&row.terms, words) else {
            continue;
        };
        if (names == words.len() || !among.names_only) && (among.reach)(&row)? {
            matched.push((names, row));
        }
    }
    matched.sort_by_key(|(names, row)| (Reverse(*names), Reverse(row.rank), row.customer));
    more |= matched.len() > limit;
    matched.truncate(limit);
    Ok(SearchResults {
        rows: matched.into_iter().map(|(_, row)| row).collect(),
        more,
    })
}
