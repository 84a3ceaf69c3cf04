//! Text to tokens: what two spellings of one word have in common, in any script.
//!
//! Folding is applied to what is indexed and to what is typed, so it only has to be consistent. Frozen since schema 1:
//! changing it makes indexed terms unreachable until a rebuild.
//!
//! # What is not here
//! No stemming, no stop words, no transliteration between scripts, no mapping between traditional and simplified characters.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

use crate::limits;

/// A run of one kind of characters, folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Token {
    /// A word of a script that writes spaces.
    Word(String),
    /// A run of a script that writes none: every neighboring pair of characters counts.
    Run(Vec<char>),
}

/// How letters that some languages also write as two are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `ü` is `u`.
    Plain,
    /// `ü` is `ue`, as whoever lacks the key types it.
    Digraph,
}

/// The tokens of a text, in order.
#[must_use]
pub fn tokens(text: &str, spelling: Spelling) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut run = Vec::new();
    for c in fold(text, spelling).chars() {
        if is_unspaced(c) {
            flush_word(&mut word, &mut tokens);
            run.push(c);
        } else if c.is_alphanumeric() || (is_combining_mark(c) && !word.is_empty()) {
            flush_run(&mut run, &mut tokens);
            word.push(c);
        } else if !is_combining_mark(c) || run.is_empty() {
            flush_word(&mut word, &mut tokens);
            flush_run(&mut run, &mut tokens);
        }
    }
    flush_word(&mut word, &mut tokens);
    flush_run(&mut run, &mut tokens);
    tokens
}

fn flush_word(word: &mut String, tokens: &mut Vec<Token>) {
    if !word.is_empty() {
        let cut: String = word.chars().take(limits::TERM_CHARS_MAX).collect();
        tokens.push(Token::Word(cut));
        word.clear();
    }
}

fn flush_run(run: &mut Vec<char>, tokens: &mut Vec<Token>) {
    if !run.is_empty() {
        tokens.push(Token::Run(std::mem::take(run)));
    }
}

/// Whether the two spellings of `text` can differ.
#[must_use]
pub fn has_digraph(text: &str) -> bool {
    text.nfc()
        .flat_map(char::to_lowercase)
        .any(|c| digraph(c).is_some())
}

/// Lower case without accents, ligatures or width: compatible forms become one.
#[must_use]
pub fn fold(text: &str, spelling: Spelling) -> String {
    let lower = text.nfc().flat_map(char::to_lowercase);
    let mut spelled = String::with_capacity(text.len());
    for c in lower {
        match digraph(c).filter(|_| spelling == Spelling::Digraph) {
            Some(letters) => spelled.push_str(letters),
            None => spelled.push(c),
        }
    }
    let mut folded = String::with_capacity(spelled.len());
    for c in spelled.nfkd().filter(|c| !is_accent(*c)) {
        // Decomposition can bring capitals back: `℡` becomes `TEL`.
        for c in c.to_lowercase() {
            match letters_of(c) {
                Some(letters) => folded.push_str(letters),
                None => folded.push(hiragana_of(c)),
            }
        }
    }
    folded.nfc().collect()
}

/// Accents, points and vowel marks that may be left out. Nukta, virama and the voicing marks of kana (classes 7 to 9) make other letters,
/// and Indic vowel signs (class 0) are letters.
fn is_accent(c: char) -> bool {
    canonical_combining_class(c) >= 10
}

/// What a letter is written as where its key is missing.
fn digraph(c: char) -> Option<&'static str> {
    match c {
        'ä' | 'æ' => Some("ae"),
        'ö' | 'ø' | 'œ' => Some("oe"),
        'ü' => Some("ue"),
        'å' => Some("aa"),
        _ => None,
    }
}

/// Letters that Unicode does not decompose but people do.
fn letters_of(c: char) -> Option<&'static str> {
    match c {
        'ß' => Some("ss"),
        'æ' => Some("ae"),
        'œ' => Some("oe"),
        'þ' => Some("th"),
        'ø' => Some("o"),
        'ł' => Some("l"),
        'đ' | 'ð' => Some("d"),
        'ħ' => Some("h"),
        'ŧ' => Some("t"),
        'ŋ' => Some("n"),
        'ı' => Some("i"),
        'ĸ' => Some("k"),
        'ς' => Some("σ"),
        _ => None,
    }
}

/// Katakana as hiragana: a name is found whichever way it was written.
fn hiragana_of(c: char) -> char {
    let code = u32::from(c);
    if (0x30a1..=0x30f6).contains(&code) {
        char::from_u32(code - 0x60).unwrap_or(c)
    } else {
        c
    }
}

/// Whether the script of `c` is written without spaces: Han, kana, Hangul (whose compounds are searched by part), Thai, Lao, Khmer, Myanmar.
#[must_use]
pub fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x3005..=0x3007        // iteration mark, zero
        | 0x3031..=0x3035
        | 0x3041..=0x309f      // hiragana
        | 0x30a1..=0x30ff      // katakana
        | 0x31f0..=0x31ff
        | 0x3105..=0x312f      // bopomofo
        | 0x1100..=0x11ff      // Hangul jamo
        | 0x3131..=0x318e
        | 0xac00..=0xd7af      // Hangul syllables
        | 0x3400..=0x4dbf      // Han
        | 0x4e00..=0x9fff
        | 0xf900..=0xfaff
        | 0x20000..=0x323af
        | 0x0e01..=0x0e3a      // Thai
        | 0x0e40..=0x0e4e
        | 0x0e81..=0x0ece      // Lao
        | 0x1000..=0x103f      // Myanmar
        | 0x1780..=0x17d3      // Khmer
    )
}
