//! Reading what a customer wrote back: STOP, maybe STOP, or something to answer.
//!
//! A message is folded (case, diacritics), stripped of punctuation and trimmed, then compared with the words of each language.
//! Only a message that says nothing else is a plain STOP. One that holds such a word among others is unsure:
//! a human reads it and the channel pauses meanwhile, because a wrong silence can be mended and a wrong message can't.

use crate::search::fold::{Spelling, fold};

/// What a reply amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// They take back their consent for the channel.
    Stop,
    /// They may: pause the channel and let a human read it.
    Unsure,
    /// Anything else: something the customer began.
    Words,
}

/// Words of a message that is still short enough to be a plain STOP with courtesies around it.
const WORDS_MAX: usize = 10;

/// The words of STOP by language, one a line: `language<TAB>kind<TAB>words`. Kinds: `stop` is the whole message,
/// `hint` is enough among others, `polite` may stand around a STOP, `harmless` is looked past.
const WORDS: &str = include_str!("stop/words.txt");

/// Reads a reply. Every language is tried: a customer writes in their own.
#[must_use]
pub fn read(message: &str) -> Reply {
    let words = words(message);
    if words.is_empty() {
        return Reply::Words;
    }
    let said = |kind: &'static str| {
        let lines = WORDS.lines().filter_map(line);
        lines
            .filter(move |(of, _)| *of == kind)
            .map(|(_, phrase)| phrase)
    };
    let is_polite = |word: &String| said("polite").any(|polite| polite == word);
    let plain: Vec<&str> = words
        .iter()
        .filter(|word| !is_polite(word))
        .map(String::as_str)
        .collect();
    let plain = plain.join(" ");
    if words.len() <= WORDS_MAX && said("stop").any(|stop| stop == plain) {
        return Reply::Stop;
    }
    let mut all = format!(" {} ", words.join(" "));
    for harmless in said("harmless") {
        all = all.replace(&format!(" {harmless} "), " ");
    }
    let unspaced: String = words.concat();
    let holds = |phrase: &str| {
        let is_unspaced = phrase.chars().any(crate::search::fold::is_unspaced);
        if is_unspaced {
            unspaced.contains(phrase)
        } else {
            all.contains(&format!(" {phrase} "))
        }
    };
    if said("hint").any(holds) {
        return Reply::Unsure;
    }
    Reply::Words
}

fn line(line: &str) -> Option<(&str, &str)> {
    let mut parts = line.split('\t');
    let (language, kind, phrase) = (parts.next()?, parts.next()?, parts.next()?);
    (!language.starts_with('#')).then_some((kind, phrase))
}

fn words(message: &str) -> Vec<String> {
    // `S.T.O.P` is one word, `stop!please` two.
    let folded = fold(message, Spelling::Plain);
    let dotted = |word: &str| {
        let mut parts = word
            .split(['.', '-', '*', '_'])
            .filter(|part| !part.is_empty());
        parts.clone().count() > 2 && parts.all(|part| part.chars().count() == 1)
    };
    let mut words = Vec::new();
    for word in folded.split_whitespace() {
        if dotted(word) {
            words.push(word.chars().filter(|c| c.is_alphanumeric()).collect());
            continue;
        }
        let parts = word.split(|c: char| !c.is_alphanumeric());
        words.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
    }
    words
}

#[cfg(test)]
mod tests;
