//! What do the best customers actually get? Before there is a standard: every kind of act compared between the best and the others.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::exact::{basis_points, wilson_bp};
use super::tally::{ActSum, Sums};
use super::{Best, Tally};
use crate::concierge::playbook::terms::{Evidence, Tag, Trigger};
use crate::concierge::playbook::{Item, Playbook, Span};

/// How often something was done on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// Customers of this side.
    pub customers: u64,
    /// For how many of them it was done, once at least.
    pub reached: u64,
    /// Times.
    pub times: u64,
    /// The reached of the customers, in basis points.
    pub bp: u32,
    /// Where the true share lies with 95 % confidence: from.
    pub low_bp: u32,
    /// Until.
    pub high_bp: u32,
}

/// One kind of act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// Which.
    pub kind: Evidence,
    /// The best.
    pub best: Tried,
    /// The others.
    pub rest: Tried,
    /// By how much more of the best are reached; negative where the others are.
    pub difference_bp: i64,
    /// Whether the intervals don't touch, so that this is no chance.
    pub is_clear: bool,
    /// The item of the present playbook that already asks for it.
    pub in_playbook: Option<String>,
    /// A beginning of an item, where the best are reached more and no item asks for it.
    pub draft: Option<Item>,
}

impl Serialize for Discovery {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let draft = self.draft.as_ref().map(Item::to_value);
        serde_json::json!({
            "kind": self.kind,
            "best": self.best,
            "rest": self.rest,
            "difference_bp": self.difference_bp,
            "is_clear": self.is_clear,
            "in_playbook": self.in_playbook,
            "draft": draft,
        })
        .serialize(serializer)
    }
}

/// Compares every kind of act, the largest difference first.
#[must_use]
pub fn discover(tally: &Tally, best: &Best, playbook: &Playbook) -> Vec<Discovery> {
    let rest = tally.all.without(&best.sums);
    let standard = Playbook::standard();
    let mut found = Vec::new();
    for (place, kind) in Evidence::ALL.iter().enumerate() {
        let (of_best, of_rest) = (best.sums.act(place), rest.act(place));
        if of_best.times + of_rest.times == 0 {
            continue;
        }
        let (of_best, of_rest) = (tried(&best.sums, of_best), tried(&rest, of_rest));
        let difference_bp = i64::from(of_best.bp) - i64::from(of_rest.bp);
        let asks = |item: &&Item| item.done_if.iter().any(|way| way.contains(kind));
        let in_playbook = playbook.items.iter().find(asks);
        let is_draft = in_playbook.is_none() && difference_bp > 0;
        let draft = is_draft.then(|| {
            let known = standard.items.iter().find(asks).cloned();
            known.unwrap_or_else(|| beginning(*kind))
        });
        found.push(Discovery {
            kind: *kind,
            best: of_best,
            rest: of_rest,
            difference_bp,
            is_clear: of_best.low_bp > of_rest.high_bp || of_rest.low_bp > of_best.high_bp,
            in_playbook: in_playbook.map(|item| item.id.clone()),
            draft,
        });
    }
    found.sort_by_key(|one| (Reverse(one.difference_bp), one.kind));
    found
}

fn tried(sums: &Sums, act: ActSum) -> Tried {
    let (low_bp, high_bp) = wilson_bp(act.customers, sums.customers);
    Tried {
        customers: sums.customers,
        reached: act.customers,
        times: act.times,
        bp: basis_points(act.customers.into(), sums.customers.into()),
        low_bp,
        high_bp,
    }
}

/// A beginning for what the standard has no item for: after each purchase, within a month. A manager makes it right.
fn beginning(kind: Evidence) -> Item {
    let words = kind.as_str().replace('_', " ");
    let is_contact = matches!(
        kind,
        Evidence::Call
            | Evidence::Message
            | Evidence::Contact
            | Evidence::FollowUp
            | Evidence::Gesture
            | Evidence::Invitation
    );
    Item {
        id: format!("found_{}", kind.as_str()),
        name: BTreeMap::from([("en".to_owned(), format!("What the best get: {words}"))]),
        weight: 1,
        minutes: 5,
        tag: if is_contact {
            Tag::Engagement
        } else {
            Tag::Experience
        },
        trigger: kind.bound_to().unwrap_or(Trigger::Purchase),
        applies_if: Vec::new(),
        opens: Span::days(0),
        closes: Span::days(30),
        late: Span::days(0),
        done_if: vec![vec![kind]],
        at_least: 1,
        target: None,
        contact: is_contact,
    }
}
