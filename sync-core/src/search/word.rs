//! One word of a query: which index entries it looks at, and whether a row's terms satisfy it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::Candidates;
use super::fold::{Spelling, Token, has_digraph, tokens};
use super::terms::{
    BEGINNING_CHARS_MAX, DIGITS, DIGITS_MIN, NAME, PackedTerms, WORD, beginning_prefix, pairs,
    read_entry, reversed_digits, tagged,
};
use crate::ids::CustomerId;
use crate::limits;
use crate::store::{ReadTx, StoreError, Table, scan_prefix};

/// Fewest letters of a word outside names that count as a beginning; a shorter one must be the whole word (`xl`).
const WORD_PREFIX_CHARS_MIN: usize = 3;
/// Fewest letters that are looked up outside names at all.
const WORD_CHARS_MIN: usize = 2;
/// Share of a scan, in quarters, that names may use up when other words are looked at too.
const NAME_QUARTERS: usize = 3;

/// How promising a candidate is before its row is read: more words first, then names, then who was touched last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    /// Words whose entries name the customer.
    words: usize,
    /// Whether every word so far hit a name (or the end of a phone number).
    names: bool,
    /// The day of the last touch as far as entries tell.
    day: u16,
}

impl Candidate {
    /// What two words say of one customer.
    pub(super) fn join(&mut self, other: Self) {
        self.words += other.words;
        self.names &= other.names;
        self.day = self.day.max(other.day);
    }
}

/// A term, or the beginning of one, that a row must have.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    term: Vec<u8>,
    whole: bool,
}

impl Pattern {
    fn accepts(&self, term: &[u8]) -> bool {
        if self.whole {
            term == self.term
        } else {
            term.starts_with(&self.term)
        }
    }

    fn is_name(&self) -> bool {
        !self.term.starts_with(&[WORD])
    }
}

/// One word of a query: a customer matches when any pattern accepts any of its terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// What a row must have one of.
    patterns: Vec<Pattern>,
    /// Index entries to scan: where they begin, and whether those are names.
    scans: Vec<(Vec<u8>, bool)>,
    chars: usize,
}

/// The words of a query, at most [`limits::SEARCH_WORDS_MAX`].
pub(super) fn words(query: &str) -> Vec<Word> {
    let is_phone = query
        .chars()
        .all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-()./".contains(c));
    let plain = tokens(query, Spelling::Plain);
    if is_phone {
        let digits = national(query);
        if digits.len() >= DIGITS_MIN {
            return vec![Word::digits(&digits, &plain)];
        }
    }
    // Both spellings have the same tokens, because the letters that differ stay letters.
    let other = if has_digraph(query) {
        tokens(query, Spelling::Digraph)
    } else {
        Vec::new()
    };
    let mut words = Vec::new();
    for (at, token) in plain.iter().enumerate() {
        match (token, other.get(at)) {
            (Token::Word(word), Some(Token::Word(second))) if second != word => {
                words.push(Word::letters(&[word, second]));
            }
            (Token::Word(word), _) => words.push(Word::letters(&[word])),
            (Token::Run(run), _) => match run.as_slice() {
                [one] => words.push(Word::run(&one.to_string())),
                run => words.extend(pairs(run).iter().map(|pair| Word::run(pair))),
            },
        }
    }
    words.truncate(limits::SEARCH_WORDS_MAX);
    words
}

/// The digits of a typed number from its end, without the zeros of a trunk or international prefix.
fn national(query: &str) -> String {
    let digits = reversed_digits(query);
    let kept = digits.trim_end_matches('0');
    // Four digits are the end of a number, even when they begin with a zero.
    if kept.len() > DIGITS_MIN {
        kept.to_owned()
    } else {
        digits
    }
}

impl Word {
    /// What every customer has.
    pub(super) fn everybody() -> Self {
        Self {
            patterns: Vec::new(),
            scans: vec![(beginning_prefix(""), true)],
            chars: 0,
        }
    }

    /// The end of a phone number. Digits without a gap may as well be a word.
    fn digits(reversed: &str, tokens: &[Token]) -> Self {
        let mut word = Self::empty(reversed.len());
        word.look_up(DIGITS, reversed, false);
        if let [Token::Word(text)] = tokens {
            word.name(text);
            word.look_up(WORD, text, false);
        }
        word
    }

    fn empty(chars: usize) -> Self {
        Self {
            patterns: Vec::new(),
            scans: Vec::new(),
            chars,
        }
    }

    /// A word of letters and digits, in one or two spellings.
    fn letters(spellings: &[&String]) -> Self {
        let chars = spellings.iter().map(|word| word.chars().count());
        let mut word = Self::empty(chars.min().unwrap_or(0));
        for spelling in spellings {
            word.name(spelling);
        }
        for spelling in spellings {
            if spelling.len() >= DIGITS_MIN && spelling.bytes().all(|byte| byte.is_ascii_digit()) {
                word.look_up(DIGITS, &reversed_digits(spelling), false);
            }
            let chars = spelling.chars().count();
            if chars >= WORD_CHARS_MIN {
                word.look_up(WORD, spelling, chars < WORD_PREFIX_CHARS_MIN);
            }
        }
        word
    }

    /// One or two characters of a script without spaces. One looks at names only.
    fn run(text: &str) -> Self {
        let chars = text.chars().count();
        // Two such characters say more than five letters.
        let mut word = Self::empty(chars * 3);
        word.name(text);
        if chars > 1 {
            word.look_up(WORD, text, true);
        }
        word
    }

    /// Names that begin so: through their ranked beginnings while there are any that short.
    fn name(&mut self, text: &str) {
        if text.chars().count() <= BEGINNING_CHARS_MAX {
            self.patterns.push(Pattern {
                term: tagged(NAME, text),
                whole: false,
            });
            self.scans.push((beginning_prefix(text), true));
        } else {
            self.look_up(NAME, text, false);
        }
    }

    fn look_up(&mut self, tag: u8, text: &str, whole: bool) {
        let term = tagged(tag, text);
        let mut scan = term.clone();
        if whole {
            scan.push(0);
        }
        self.patterns.push(Pattern { term, whole });
        self.scans.push((scan, tag != WORD));
    }

    /// Higher for words that fewer customers have.
    pub(super) fn selectivity(&self) -> usize {
        self.chars
    }

    /// Reads the word's index entries within the bound.
    pub(super) fn scan(&self, tx: &dyn ReadTx) -> Result<Candidates, StoreError> {
        let mut left = limits::SEARCH_CANDIDATES_MAX;
        let has_words = self.scans.iter().any(|(_, is_name)| !is_name);
        let reserve = if has_words {
            limits::SEARCH_CANDIDATES_MAX / 4 * (4 - NAME_QUARTERS)
        } else {
            0
        };
        let mut found = BTreeMap::new();
        let mut complete = true;
        for (prefix, is_name) in &self.scans {
            let stop_at = if *is_name { reserve } else { 0 };
            complete &= scan_entries(
                tx,
                prefix,
                &mut (&mut left, stop_at),
                &mut |customer, day| {
                    let candidate = Candidate {
                        words: 1,
                        names: *is_name,
                        day,
                    };
                    let entry: &mut Candidate = found.entry(customer).or_insert(candidate);
                    *entry = (*entry).max(candidate);
                },
            )?;
        }
        Ok(Candidates { found, complete })
    }
}

/// Visits entries while `budget` (what is left, and where to stop) lasts; says whether all were seen.
fn scan_entries(
    tx: &dyn ReadTx,
    prefix: &[u8],
    budget: &mut (&mut usize, usize),
    visit: &mut dyn FnMut(CustomerId, u16),
) -> Result<bool, StoreError> {
    let mut complete = true;
    scan_prefix(tx, Table::Term, prefix, &mut |key, value| {
        if *budget.0 <= budget.1 {
            complete = false;
            return Ok(ControlFlow::Break(()));
        }
        *budget.0 -= 1;
        let (customer, day) = read_entry(key, value).ok_or_else(|| StoreError::Corrupt {
            table: Table::Term.name(),
            detail: "an index entry has no customer".to_owned(),
        })?;
        visit(customer, day);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(complete)
}

/// How many of the words hit a name; `None` unless every word hits something.
pub(super) fn matches(terms: &PackedTerms, words: &[Word]) -> Option<usize> {
    let mut hits = vec![(false, false); words.len()];
    terms.for_each(|term| {
        for (hit, word) in hits.iter_mut().zip(words) {
            if hit.0 {
                continue;
            }
            for pattern in &word.patterns {
                if pattern.accepts(term) {
                    hit.0 |= pattern.is_name();
                    hit.1 = true;
                }
            }
        }
    });
    hits.iter()
        .all(|hit| hit.1)
        .then(|| hits.iter().filter(|hit| hit.0).count())
}
