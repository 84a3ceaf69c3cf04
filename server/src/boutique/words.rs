//! The words of one language that an invented customer's record is composed of.

use super::{beyond, europe, romance};

/// In which order a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameOrder {
    /// Given name first.
    GivenFirst,
    /// Family name first, with a space.
    FamilyFirst,
    /// Family name first, without a space.
    Joined,
}

/// One language with the country its speakers mostly call from.
///
/// Templates hold `{item}`, `{color}` and `{event}`; they are worded so that no grammatical case depends on what is put in.
#[derive(Debug)]
pub(super) struct Locale {
    /// BCP 47 tag.
    pub(super) tag: &'static str,
    /// How often, beside the other weights.
    pub(super) weight: u64,
    /// Country and mobile prefix of a phone number.
    pub(super) prefix: &'static str,
    /// Digits behind the prefix.
    pub(super) digits: u32,
    /// How a name is written.
    pub(super) order: NameOrder,
    /// Salutation of a woman and of a man.
    pub(super) salutations: [&'static str; 2],
    /// Given names of women.
    pub(super) women: &'static [&'static str],
    /// Given names of men.
    pub(super) men: &'static [&'static str],
    /// Family names, each with its form in an e-mail address.
    pub(super) family: &'static [(&'static str, &'static str)],
    /// What the shop sells.
    pub(super) items: &'static [&'static str],
    /// Colors.
    pub(super) colors: &'static [&'static str],
    /// Fabrics and materials.
    pub(super) fabrics: &'static [&'static str],
    /// What people dress for.
    pub(super) events: &'static [&'static str],
    /// What is offered to drink.
    pub(super) drinks: &'static [&'static str],
    /// Notes.
    pub(super) notes: &'static [&'static str],
    /// What to take up at the next visit.
    pub(super) threads: &'static [&'static str],
    /// Promises.
    pub(super) promises: &'static [&'static str],
}

/// All languages of the boutique.
pub(super) fn locales() -> impl Iterator<Item = &'static Locale> {
    romance::LOCALES
        .iter()
        .chain(europe::LOCALES)
        .chain(beyond::LOCALES)
}
