//! When two cards look like one person: what speaks for it so strongly that nobody need be asked, and what a person has to look at.
//!
//! Only two independent strong keys do. Nothing is linked by it: whoever looks at the pair links. One key is shared too easily: families share a telephone, an address, even a loyalty account.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

use crate::card::normal::fold;
use crate::card::terms::{EndpointKind, EndpointStatus, LinkEvidence};
use crate::card::value::Source;
use crate::card::view::{CardView, EndpointView};

/// What identifies the person of a card.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Telephone numbers and e-mail addresses that are in use, in their one form, with whether they are verified: entered by the customer.
    pub endpoints: BTreeSet<(EndpointKind, String, bool)>,
    /// Loyalty accounts.
    pub loyalty: BTreeSet<String>,
    /// The name.
    pub name: String,
}

/// What is to be done about two cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposal {
    /// Link them: two independent strong keys are the same.
    Link(Vec<LinkEvidence>),
    /// Ask a person.
    Ask(Vec<LinkEvidence>),
}

impl Keys {
    /// The keys of a card. Loyalty accounts stand in another system and are given.
    #[must_use]
    pub fn of(view: &CardView, loyalty: BTreeSet<String>) -> Self {
        let is_usable = |one: &&EndpointView| {
            let is_key = matches!(one.kind, EndpointKind::Phone | EndpointKind::Email);
            is_key && one.status == EndpointStatus::Ok
        };
        let key = |one: &EndpointView| {
            let is_verified = one.value.source == Source::CustomerEntered;
            (one.kind, fold(&one.value.value), is_verified)
        };
        Self {
            endpoints: view.endpoints.iter().filter(is_usable).map(key).collect(),
            loyalty,
            name: view.name.shown(),
        }
    }

    fn shares(&self, other: &Self, wanted: EndpointKind, verified: bool) -> bool {
        self.endpoints.iter().any(|(kind, value, is_verified)| {
            let found = |there: bool| other.endpoints.contains(&(*kind, value.clone(), there));
            *kind == wanted
                && if verified {
                    *is_verified && found(true)
                } else {
                    found(true) || found(false)
                }
        })
    }
}

/// What two cards suggest: the same whichever is named first. Nothing, where nothing speaks for one person.
#[must_use]
pub fn propose(one: &Keys, other: &Keys) -> Option<Proposal> {
    let has_loyalty = !one.loyalty.is_disjoint(&other.loyalty);
    let strong = [
        (
            LinkEvidence::Email,
            one.shares(other, EndpointKind::Email, true),
        ),
        (LinkEvidence::Loyalty, has_loyalty),
        (
            LinkEvidence::Phone,
            one.shares(other, EndpointKind::Phone, true),
        ),
    ];
    let strong: Vec<_> = strong
        .iter()
        .filter(|(_, has)| *has)
        .map(|(kind, _)| *kind)
        .collect();
    if strong.len() >= 2 {
        return Some(Proposal::Link(strong));
    }
    let has_email = one.shares(other, EndpointKind::Email, false);
    let has_phone = one.shares(other, EndpointKind::Phone, false);
    let looks_alike = is_similar(&one.name, &other.name);
    let weak = [
        (LinkEvidence::Email, has_email),
        (LinkEvidence::Loyalty, has_loyalty),
        (
            LinkEvidence::Phone,
            has_phone && (looks_alike || has_email || has_loyalty),
        ),
    ];
    let weak: Vec<_> = weak
        .iter()
        .filter(|(_, has)| *has)
        .map(|(kind, _)| *kind)
        .collect();
    (!weak.is_empty()).then_some(Proposal::Ask(weak))
}

/// Whether two names may be one: the same words in any order, accents aside, or one word in common and the others with the same first letters.
fn is_similar(one: &str, other: &str) -> bool {
    let (one, other) = (words(one), words(other));
    if one.is_empty() || other.is_empty() {
        return false;
    }
    let initials = |words: &BTreeSet<String>, without: &BTreeSet<String>| -> BTreeSet<char> {
        let rest = words.difference(without);
        rest.filter_map(|word| word.chars().next()).collect()
    };
    let is_shared = !one.is_disjoint(&other);
    is_shared && initials(&one, &other) == initials(&other, &one)
}

fn words(name: &str) -> BTreeSet<String> {
    let is_mark = |symbol: &char| unicode_normalization::char::is_combining_mark(*symbol);
    let plain: String = name.nfd().filter(|symbol| !is_mark(symbol)).collect();
    let parts = fold(&plain);
    parts
        .split(|symbol: char| !symbol.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
