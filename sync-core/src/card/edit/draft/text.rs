//! Texts as people type them, in the one form in which they are kept, or what to write instead.

use super::list;
use crate::card::edit::{EditError, Evidence};
use crate::card::normal::tidy;
use crate::card::schema::Shape;
use crate::card::value::Value;

/// `[word, text version, method, reference]`
pub(in crate::card::edit) fn proven(
    word: Value,
    evidence: Option<&Evidence>,
) -> Result<Value, EditError> {
    let Some(evidence) = evidence else {
        return Ok(list([word, Value::Null, Value::Null, Value::Null]));
    };
    Ok(list([
        word,
        words("text version", &evidence.text_version)?.into(),
        evidence.method.into(),
        maybe_words("reference", evidence.reference.as_deref())?,
    ]))
}

fn text(field: &'static str, text: &str, shape: Shape) -> Result<String, EditError> {
    let text = tidy(&text.replace("\r\n", "\n"));
    if shape.fits_text(&text) {
        Ok(text)
    } else {
        Err(EditError::Text {
            field,
            expected: shape.to_string(),
        })
    }
}

/// One line, not empty.
pub(in crate::card::edit) fn words(field: &'static str, words: &str) -> Result<String, EditError> {
    text(field, words, Shape::Words)
}

/// Lines, not empty.
pub(in crate::card::edit) fn prose(field: &'static str, prose: &str) -> Result<String, EditError> {
    text(field, prose, Shape::Prose)
}

/// One line, or nothing when it is missing or blank.
pub(in crate::card::edit) fn maybe_words(
    field: &'static str,
    text: Option<&str>,
) -> Result<Value, EditError> {
    let filled = text.filter(|text| !text.trim().is_empty());
    Ok(filled.map(|text| words(field, text)).transpose()?.into())
}

/// Lines, or nothing when they are missing or blank.
pub(in crate::card::edit) fn maybe_prose(
    field: &'static str,
    text: Option<&str>,
) -> Result<Value, EditError> {
    let filled = text.filter(|text| !text.trim().is_empty());
    Ok(filled.map(|text| prose(field, text)).transpose()?.into())
}

/// A BCP 47 tag in its usual case: `zh-Hans-CN`.
pub(in crate::card::edit) fn language(text: &str) -> Result<String, EditError> {
    let refuse = || EditError::Language(text.chars().take(64).collect());
    let mut tag = String::new();
    for (at, part) in text.trim().split(['-', '_']).enumerate() {
        let is_letters = part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_part = part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let fits = match at {
            0 => is_letters && (2..=3).contains(&part.len()),
            _ => is_part && (1..=8).contains(&part.len()),
        };
        if !fits || at > 5 {
            return Err(refuse());
        }
        let lower = part.to_ascii_lowercase();
        if at > 0 {
            tag.push('-');
        }
        match (at, part.len()) {
            (1.., 2) => tag.push_str(&lower.to_ascii_uppercase()),
            (1.., 4) if is_letters => {
                let mut symbols = lower.chars();
                tag.extend(symbols.next().map(|first| first.to_ascii_uppercase()));
                tag.extend(symbols);
            }
            _ => tag.push_str(&lower),
        }
    }
    Ok(tag)
}

/// Whether a day can exist, as far as it is known; 29 February can when the year is not known.
pub(in crate::card::edit) fn is_day(year: Option<u16>, month: Option<u8>, day: Option<u8>) -> bool {
    let is_leap = year.is_none_or(|year| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let last = match month {
        None | Some(1 | 3 | 5 | 7 | 8 | 10 | 12) => 31,
        Some(4 | 6 | 9 | 11) => 30,
        Some(2) if is_leap => 29,
        Some(2) => 28,
        Some(_) => return false,
    };
    year.is_none_or(|year| (1850..=2200).contains(&year))
        && day.is_none_or(|day| (1..=last).contains(&day))
}
