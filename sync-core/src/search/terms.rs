//! Terms: what a row is found by, how its index entries are keyed, and how a row carries its own terms.
//!
//! A term is a tag byte and a token. Index entries have the key `term ‖ 00 ‖ customer`; tokens hold no zero byte, so no term is
//! mistaken for a longer one. Frozen since schema 1, `L` since schema 2.
//!
//! | tag | token | entries | value |
//! |---|---|---|---|
//! | `N` | a word of a name | as it is, and ranked beginnings (below) | day of the last touch |
//! | `P` | the first 0 to 3 characters of a name's word, `00`, then the day counted down | made from `N` | none |
//! | `D` | a phone's digits, last one first | as it is | day |
//! | `W` | a word of anything else | as it is | half-year, as its first day |
//! | `L` | the id of a card of which this one says that it is the same person | as it is | none |
//!
//! The index holds entries by date too, under other tags: [`crate::projection::dates`].
//!
//! # Why
//! - Ranked beginnings let whoever types one letter see the customers touched last, at the cost of a short scan. The empty
//!   beginning is everybody in that order.
//! - Values of words are coarse, so that a touch rewrites a customer's few name entries once a day and the many words twice a year.
//! - Digits are reversed because people know how a number ends: four digits or all of them are one kind of look-up, with no regard to
//!   country codes.
//! - A link is a term because it goes the way of terms: with the row, whatever makes, moves or removes it. No word of a query begins with its tag.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use super::fold::{Spelling, Token, has_digraph, tokens};
use crate::ids::CustomerId;
use crate::limits;

/// A word of a name.
pub(crate) const NAME: u8 = b'N';
/// A ranked beginning of a name's word.
pub(crate) const BEGINNING: u8 = b'P';
/// A phone's digits, reversed.
pub(crate) const DIGITS: u8 = b'D';
/// Any other word.
pub(crate) const WORD: u8 = b'W';
/// A card that is the same person.
pub(crate) const LINK: u8 = b'L';

/// Longest beginning that is kept ranked, in characters.
pub(crate) const BEGINNING_CHARS_MAX: usize = 3;
/// Fewest digits that are looked up as the end of a phone number.
pub(crate) const DIGITS_MIN: usize = 4;
/// Terms that names may take of [`limits::TERMS_MAX`]: all spellings of a conflict, with room to spare.
const NAME_TERMS_MAX: usize = 64;
/// Terms that phones may take.
const PHONE_TERMS_MAX: usize = 16;
/// Terms that links may take: who says this of so many is shown for review from their own card.
const LINK_TERMS_MAX: usize = 2 * limits::CARDS_OF_A_PERSON_MAX;
const HALF_YEAR_DAYS: u16 = 182;

/// The texts that a customer is found by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TermSources {
    /// Names in every spelling, the displayed one first.
    pub names: Vec<String>,
    /// Phone numbers.
    pub phones: Vec<String>,
    /// Everything else, what matters most first: when a card says more than fits, the rest is not indexed.
    pub words: Vec<String>,
    /// Cards of which this one says that they are the same person.
    pub links: Vec<CustomerId>,
}

/// The terms of a customer: at most [`limits::TERMS_MAX`], links and names first.
#[must_use]
pub fn terms(sources: &TermSources) -> BTreeSet<Vec<u8>> {
    let mut terms = BTreeSet::new();
    for card in &sources.links {
        insert(&mut terms, LINK, &card.to_string(), LINK_TERMS_MAX);
    }
    let bound = terms.len() + NAME_TERMS_MAX;
    for name in &sources.names {
        for token in name_tokens(name) {
            insert(&mut terms, NAME, &token, bound);
        }
    }
    let bound = terms.len() + PHONE_TERMS_MAX;
    for phone in &sources.phones {
        let digits = reversed_digits(phone);
        if digits.len() >= DIGITS_MIN {
            insert(&mut terms, DIGITS, &digits, bound);
        }
    }
    for text in &sources.words {
        if terms.len() >= limits::TERMS_MAX {
            break;
        }
        for token in tokens(text, Spelling::Plain) {
            for token in word_tokens(token) {
                insert(&mut terms, WORD, &token, limits::TERMS_MAX);
            }
        }
    }
    terms
}

fn insert(terms: &mut BTreeSet<Vec<u8>>, tag: u8, token: &str, bound: usize) {
    if terms.len() < bound {
        terms.insert(tagged(tag, token));
    }
}

/// A tag and a token.
pub(crate) fn tagged(tag: u8, token: &str) -> Vec<u8> {
    let mut term = Vec::with_capacity(1 + token.len());
    term.push(tag);
    term.extend_from_slice(token.as_bytes());
    term
}

/// The words of a name: each alone in both spellings, and what an apostrophe or hyphen joins as one word (`O'Brien` is also `obrien`).
fn name_tokens(name: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let joined: String = name.chars().filter(|c| !is_joiner(*c)).collect();
    for text in [name, &joined] {
        for spelling in [Spelling::Plain, Spelling::Digraph] {
            if spelling == Spelling::Plain || has_digraph(text) {
                for token in tokens(text, spelling) {
                    match token {
                        Token::Word(word) => {
                            found.insert(word);
                        }
                        Token::Run(run) => {
                            found.extend(run.iter().map(char::to_string));
                            found.extend(pairs(&run));
                        }
                    }
                }
            }
        }
    }
    found
}

fn is_joiner(c: char) -> bool {
    matches!(
        c,
        '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | '-' | '‐' | '‑' | '·'
    )
}

/// The indexed forms of a token outside names: a word of two letters or more, or the pairs of a run.
fn word_tokens(token: Token) -> Vec<String> {
    match token {
        Token::Word(word) if word.chars().nth(1).is_none() => Vec::new(),
        Token::Word(word) => vec![word],
        Token::Run(run) => pairs(&run),
    }
}

/// Every two neighbors of a run.
pub(crate) fn pairs(run: &[char]) -> Vec<String> {
    run.windows(2)
        .map(|pair| pair.iter().collect::<String>())
        .collect()
}

/// The decimal digits of a text in any script, last one first.
pub(crate) fn reversed_digits(text: &str) -> String {
    let folded = super::fold::fold(text, Spelling::Plain);
    folded
        .chars()
        .rev()
        .filter(char::is_ascii_digit)
        .take(limits::TERM_CHARS_MAX)
        .collect()
}

/// Sorted terms in one byte string: each as the length it shares with the one before it, the length of the rest, the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct PackedTerms(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>);

impl PackedTerms {
    /// Packs a set. Terms longer than 255 bytes are left out; [`terms`] makes none.
    #[must_use]
    pub fn pack(terms: &BTreeSet<Vec<u8>>) -> Self {
        let mut packed = Vec::new();
        let mut before: &[u8] = &[];
        for term in terms {
            let shared = before.iter().zip(term).take_while(|(a, b)| a == b).count();
            let rest = term.get(shared..).unwrap_or_default();
            let (Ok(shared), Ok(len)) = (u8::try_from(shared), u8::try_from(rest.len())) else {
                continue;
            };
            packed.push(shared);
            packed.push(len);
            packed.extend_from_slice(rest);
            before = term;
        }
        Self(packed)
    }

    /// Bytes it takes.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Visits each term in order, up to the first byte that does not decode: a row from elsewhere can only miss terms, never harm.
    /// At most [`limits::TERMS_MAX`] are visited.
    pub fn for_each(&self, mut visit: impl FnMut(&[u8])) {
        let mut left = self.0.as_slice();
        let mut term = Vec::new();
        for _ in 0..limits::TERMS_MAX {
            let Some(([shared, len], tail)) = left.split_first_chunk::<2>() else {
                return;
            };
            let Some((rest, tail)) = tail.split_at_checked(usize::from(*len)) else {
                return;
            };
            if usize::from(*shared) > term.len() {
                return;
            }
            term.truncate(usize::from(*shared));
            term.extend_from_slice(rest);
            visit(&term);
            left = tail;
        }
    }

    /// The terms as a set.
    #[must_use]
    pub fn unpack(&self) -> BTreeSet<Vec<u8>> {
        let mut terms = BTreeSet::new();
        self.for_each(|term| {
            terms.insert(term.to_vec());
        });
        terms
    }
}

/// The index entries of a customer: key without customer, and value.
pub(crate) fn postings(terms: &PackedTerms, rank_days: u32) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut postings = BTreeMap::new();
    each_posting(terms, rank_days, |term, day| {
        postings.insert(term.to_vec(), entry_value(day));
    });
    postings
}

/// Visits the index entries of a customer: key without customer, and the day that the value tells. One entry may come more than once.
pub(crate) fn each_posting(
    terms: &PackedTerms,
    rank_days: u32,
    mut visit: impl FnMut(&[u8], Option<u16>),
) {
    // Two bytes count days until 2149.
    let day = u16::try_from(rank_days).unwrap_or(u16::MAX);
    let half_year = day - day % HALF_YEAR_DAYS;
    let mut ranked = Vec::new();
    beginning(&mut ranked, "", day);
    visit(&ranked, None);
    terms.for_each(|term| {
        let Some((tag, token)) = term.split_first() else {
            return;
        };
        let value = match *tag {
            LINK => None,
            WORD => Some(half_year),
            _ => Some(day),
        };
        visit(term, value);
        if *tag == NAME {
            for prefix in beginnings(token) {
                beginning(&mut ranked, prefix, day);
                visit(&ranked, None);
            }
        }
    });
}

/// The value of an index entry.
pub(crate) fn entry_value(day: Option<u16>) -> Vec<u8> {
    day.map_or_else(Vec::new, |day| day.to_be_bytes().to_vec())
}

fn beginnings(token: &[u8]) -> impl Iterator<Item = &str> {
    let token = std::str::from_utf8(token).unwrap_or_default();
    token
        .char_indices()
        .take(BEGINNING_CHARS_MAX)
        .filter_map(|(at, c)| token.get(..at + c.len_utf8()))
}

/// Writes `P ‖ prefix ‖ 00 ‖ day counted down`.
fn beginning(term: &mut Vec<u8>, prefix: &str, day: u16) {
    term.clear();
    term.push(BEGINNING);
    term.extend_from_slice(prefix.as_bytes());
    term.push(0);
    term.extend_from_slice(&(u16::MAX - day).to_be_bytes());
}

/// What all entries of a beginning start with, the one touched last first.
pub(crate) fn beginning_prefix(prefix: &str) -> Vec<u8> {
    let mut term = tagged(BEGINNING, prefix);
    term.push(0);
    term
}

/// The key of an index entry.
pub(crate) fn entry_key(term: &[u8], customer: CustomerId) -> Vec<u8> {
    let mut key = Vec::with_capacity(term.len() + 1 + CustomerId::LEN);
    key.extend_from_slice(term);
    key.push(0);
    key.extend_from_slice(customer.as_bytes());
    key
}

/// The card that a term links to.
pub(crate) fn link_of(term: &[u8]) -> Option<CustomerId> {
    let id = term.strip_prefix(&[LINK])?;
    std::str::from_utf8(id).ok()?.parse().ok()
}

/// What all entries of cards start with that say that this one is the same person.
pub(crate) fn link_prefix(card: CustomerId) -> Vec<u8> {
    let mut term = tagged(LINK, &card.to_string());
    term.push(0);
    term
}

/// Reads an index entry: the customer and the day it was touched on, as far as the entry says.
pub(crate) fn read_entry(key: &[u8], value: &[u8]) -> Option<(CustomerId, u16)> {
    let (term, customer) = key.split_last_chunk::<{ CustomerId::LEN }>()?;
    let day = if let Ok(day) = value.try_into() {
        u16::from_be_bytes(day)
    } else {
        let (_, [high, low, _zero]) = term.split_last_chunk::<3>()?;
        u16::MAX - u16::from_be_bytes([*high, *low])
    };
    Some((CustomerId(*customer), day))
}
