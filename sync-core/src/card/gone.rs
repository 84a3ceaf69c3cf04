//! What became of a note's words in a place where they stood.
//!
//! A move redacts the note where it was, so that whoever knows nothing of moves keeps it hidden; the reason of that redaction says where it went.
//! A person's own reason can't read like that: the edit refuses it.

use super::schema::flag;
use super::terms::Place;
use super::value::Value;

/// Why the words of a note are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Somebody removed them for good.
    Redacted,
    /// They stand where fewer read.
    Moved(Place),
}

impl Gone {
    /// What the values of a note's `redacted` field say together; nothing while the words are there.
    /// A redaction beats a move, and of two moves the one to fewer readers counts.
    pub(crate) fn of<'v>(values: impl Iterator<Item = &'v Value>) -> Option<Self> {
        let mut gone = None;
        for value in values.filter(|value| flag(value) == Some(true)) {
            let reason = value.as_list().and_then(|items| items.get(1)?.as_text());
            let Some(to) = reason.and_then(place) else {
                return Some(Self::Redacted);
            };
            gone = gone.max(Some(to));
        }
        gone.map(Self::Moved)
    }
}

/// The reason that a move leaves behind. Frozen since schema 1.
pub(crate) fn reason(to: Place) -> String {
    format!("moved to the {to} part")
}

/// Where a move went that left this reason.
pub(crate) fn place(text: &str) -> Option<Place> {
    let mut places = Place::ALL.iter().copied();
    places.find(|to| reason(*to) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(reason: &str) -> Value {
        Value::List(vec![true.into(), reason.into()])
    }

    #[test]
    fn a_redaction_beats_a_move_and_the_narrower_move_counts() {
        let shop = redacted("moved to the shop part");
        let private = redacted("moved to the private part");
        let asked = redacted("asked for");
        let not = Value::List(vec![false.into(), Value::Null]);
        assert_eq!(Gone::of([&not].into_iter()), None);
        let moved = Some(Gone::Moved(Place::Private));
        assert_eq!(Gone::of([&private, &shop, &not].into_iter()), moved);
        assert_eq!(Gone::of([&shop, &private].into_iter()), moved);
        let all = [&shop, &asked, &private];
        assert_eq!(Gone::of(all.into_iter()), Some(Gone::Redacted));
    }
}
