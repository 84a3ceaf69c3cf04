//! What may stand in a field, with its bounds, and how that is said to a person.

use std::fmt;

use crate::card::normal::fold;
use crate::card::value::Value;
use crate::limits;

/// The shape of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Yes or no.
    Flag,
    /// A whole number within these bounds, both included.
    Number {
        /// Least.
        min: i64,
        /// Most.
        max: i64,
    },
    /// A short text on one line.
    Words,
    /// A text of several lines.
    Prose,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// The text form of an id of this many bytes.
    Id(usize),
    /// A list of these, in this order.
    List(&'static [Self]),
    /// A list of distinct texts out of these.
    Some(&'static [&'static str]),
    /// A list of short texts in their folded form, in ascending order and without repeats.
    Tags,
    /// The cards that count as one person: their ids in ascending order.
    Cards,
    /// This or nothing.
    Optional(&'static Self),
}

impl Shape {
    /// A moment: milliseconds since 1970, until the year 9999.
    pub const MOMENT: Self = Self::Number {
        min: 0,
        max: 253_402_300_799_999,
    };
    /// A day: days since 1970, until the year 9999.
    pub const DAY: Self = Self::Number {
        min: 0,
        max: 2_932_896,
    };

    /// Whether `value` has this shape.
    #[must_use]
    pub fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Flag => value.as_bool().is_some(),
            Self::Number { min, max } => value
                .as_int()
                .is_some_and(|number| (min..=max).contains(&&number)),
            Self::Words | Self::Prose => value.as_text().is_some_and(|text| self.fits_text(text)),
            Self::OneOf(terms) => value.as_text().is_some_and(|text| terms.contains(&text)),
            Self::Id(bytes) => value.as_text().is_some_and(|text| is_id(text, *bytes)),
            Self::List(shapes) => value.as_list().is_some_and(|items| {
                items.len() == shapes.len()
                    && shapes
                        .iter()
                        .zip(items)
                        .all(|(shape, item)| shape.fits(item))
            }),
            Self::Some(terms) => value.as_list().is_some_and(|items| {
                items.len() <= terms.len()
                    && items.iter().enumerate().all(|(at, item)| {
                        Self::OneOf(terms).fits(item)
                            && !items.iter().take(at).any(|one| one == item)
                    })
            }),
            Self::Tags => value.as_list().is_some_and(|items| {
                let is_folded = |item: &Value| {
                    item.as_text()
                        .is_some_and(|text| Self::Words.fits_text(text) && fold(text) == text)
                };
                items.len() <= limits::TAGS_OF_A_NEED_MAX
                    && items.iter().all(is_folded)
                    && items.is_sorted_by(|one, next| one < next)
            }),
            Self::Cards => value.as_list().is_some_and(|items| {
                (2..=limits::CARDS_OF_A_PERSON_MAX).contains(&items.len())
                    && items.iter().all(|item| Self::Id(16).fits(item))
                    && items.is_sorted_by(|one, next| one < next)
            }),
            Self::Optional(shape) => *value == Value::Null || shape.fits(value),
        }
    }

    /// Whether a free text has this shape: not empty, within its bytes, no control characters beyond the line breaks of prose.
    #[must_use]
    pub fn fits_text(&self, text: &str) -> bool {
        let is_prose = *self == Self::Prose;
        let bytes_max = if is_prose {
            limits::NOTE_BYTES_MAX
        } else {
            limits::SHORT_TEXT_BYTES_MAX
        };
        let is_foreign =
            |symbol: char| symbol.is_control() && !(is_prose && matches!(symbol, '\n' | '\t'));
        (1..=bytes_max).contains(&text.len()) && !text.chars().any(is_foreign)
    }
}

fn is_id(text: &str, bytes: usize) -> bool {
    text.len() == (bytes * 8).div_ceil(5)
        && text
            .bytes()
            .all(|symbol| symbol.is_ascii_digit() || symbol.is_ascii_lowercase())
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("yes or no"),
            Self::Number { min, max } => write!(f, "a number from {min} to {max}"),
            Self::Words => write!(
                f,
                "one line of up to {} bytes",
                limits::SHORT_TEXT_BYTES_MAX
            ),
            Self::Prose => write!(f, "a text of up to {} bytes", limits::NOTE_BYTES_MAX),
            Self::OneOf(terms) => write!(f, "one of {}", terms.join(", ")),
            Self::Id(bytes) => write!(f, "an id of {} characters", (bytes * 8).div_ceil(5)),
            Self::Some(terms) => write!(f, "distinct ones of {}", terms.join(", ")),
            Self::Tags => write!(
                f,
                "up to {} distinct words in lower case, sorted",
                limits::TAGS_OF_A_NEED_MAX
            ),
            Self::Cards => write!(
                f,
                "the ids of 2 to {} cards, sorted",
                limits::CARDS_OF_A_PERSON_MAX
            ),
            Self::Optional(shape) => write!(f, "{shape} or nothing"),
            Self::List(shapes) => {
                f.write_str("a list of")?;
                for (at, shape) in shapes.iter().enumerate() {
                    write!(f, "{} ({shape})", if at == 0 { "" } else { "," })?;
                }
                Ok(())
            }
        }
    }
}
