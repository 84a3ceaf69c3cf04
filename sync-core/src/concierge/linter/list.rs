//! Reading a word list: sections of phrases, and phrases that are harmless.

use super::Category;

/// Words that may stand where a phrase says `..`.
const GAP_WORDS_MAX: usize = 3;
/// Digits of a word that a phrase calls `#`.
const NUMBER_DIGITS_MIN: usize = 5;

/// A line of a word list that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {detail}")]
pub struct ListError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub detail: String,
}

/// One place in a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// One of these.
    Word(Vec<Word>),
    /// Up to three words of any kind.
    Gap,
}

/// What a word has to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// This word.
    Exact(String),
    /// It begins like this.
    Stem(String),
    /// It has five digits or more.
    Number,
}

/// A phrase of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    places: Vec<Place>,
    /// What it warns of; a harmless phrase covers what would warn.
    pub(super) category: Option<Category>,
}

/// Reads a list.
pub(super) fn read(text: &str) -> Result<Vec<Phrase>, ListError> {
    let mut phrases = Vec::new();
    let mut section = None;
    let mut is_named = false;
    for (at, line) in text.lines().enumerate() {
        let wrong = |detail: &str| ListError {
            line: at + 1,
            detail: detail.to_owned(),
        };
        let line = line.trim();
        if line.is_empty() || line.starts_with("# ") || line == "#" {
            continue;
        }
        if let Some(language) = line.strip_prefix("language ") {
            is_named =
                language.len() == 2 && language.bytes().all(|byte| byte.is_ascii_lowercase());
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            let known = Category::ALL.iter().find(|known| known.as_str() == name);
            section = Some(*known.ok_or_else(|| wrong("no such section"))?);
            continue;
        }
        let category = section.ok_or_else(|| wrong("a phrase before the first [section]"))?;
        let (category, line) = match line.strip_prefix('!') {
            Some(harmless) => (None, harmless),
            None => (Some(category), line),
        };
        let places = places(line).map_err(wrong)?;
        phrases.push(Phrase { places, category });
    }
    if !is_named {
        return Err(ListError {
            line: 1,
            detail: "a list begins with `language` and two letters".to_owned(),
        });
    }
    Ok(phrases)
}

fn places(line: &str) -> Result<Vec<Place>, &'static str> {
    let mut places = Vec::new();
    for text in line.split_whitespace() {
        places.push(match text {
            ".." => Place::Gap,
            words => Place::Word(words.split('|').map(word).collect::<Result<_, _>>()?),
        });
    }
    let is_open = |place: Option<&Place>| matches!(place, None | Some(Place::Gap));
    if is_open(places.first()) || is_open(places.last()) {
        return Err("a phrase begins and ends with a word or #");
    }
    Ok(places)
}

fn word(text: &str) -> Result<Word, &'static str> {
    if text == "#" {
        return Ok(Word::Number);
    }
    let stem = text.strip_suffix('*');
    let letters = stem.unwrap_or(text);
    if letters.is_empty() || !letters.chars().all(char::is_alphanumeric) {
        return Err("a word has letters and digits only, and may end with *");
    }
    let folded = super::folded(letters);
    Ok(match stem {
        Some(_) => Word::Stem(folded),
        None => Word::Exact(folded),
    })
}

impl Word {
    fn is_met_by(&self, word: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == word,
            Self::Stem(stem) => word.starts_with(stem.as_str()),
            Self::Number => word.bytes().filter(u8::is_ascii_digit).count() >= NUMBER_DIGITS_MIN,
        }
    }
}

impl Phrase {
    /// How many of the words the phrase takes from the first on; none when it does not begin here.
    pub(super) fn length(&self, words: &[&str]) -> Option<usize> {
        length(&self.places, words)
    }
}

fn length(places: &[Place], words: &[&str]) -> Option<usize> {
    let Some((place, rest)) = places.split_first() else {
        return Some(0);
    };
    if *place == Place::Gap {
        return (0..=GAP_WORDS_MAX).find_map(|skipped| {
            let after = words.get(skipped..)?;
            Some(skipped + length(rest, after)?)
        });
    }
    let (word, after) = words.split_first()?;
    let is_met = match place {
        Place::Word(any) => any.iter().any(|one| one.is_met_by(word)),
        Place::Gap => false,
    };
    is_met
        .then(|| length(rest, after))?
        .map(|length| length + 1)
}
