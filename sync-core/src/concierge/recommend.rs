//! Recommendations that explain themselves, and honest referral where the house has no answer.
//!
//! # Invariants
//! - The score is the sum of the listed reasons, and every reason names what it rests on.
//! - What could harm, what the customer rejected, what they own and do not use up, and what is not made in their size is never among them.
//! - An open need that nothing here answers always has its referral lines, outside the house as the last.
//! - What somebody spent is no input; neither is a price.

mod fit;
mod reasons;
mod referral;

use std::collections::BTreeMap;

use serde::Serialize;

use super::grounds::{SourceId, hash_of};
use super::picture::Picture;
use super::stock::{Supply, SupplyKind, supplies};
use crate::ids::{EditId, Hash32, ShopId};
use crate::notices::bodies::ArticleBody;

pub use fit::{Barrier, Profile};

/// Articles that are shown.
pub const SHOWN_MAX: usize = 5;
/// Lift in basis points from which two articles count as bought together.
pub const PAIR_LIFT_BP_MIN: u32 = 15_000;
/// Customers who bought both, from which the lift is believed.
pub const PAIR_SUPPORT_MIN: u32 = 20;
/// Purchases from which an interval is the customer's own.
pub const REPLENISH_PURCHASES_MIN: usize = 3;
/// Preferences that count for one article.
pub const PREFERENCES_MAX: usize = 3;

/// Why an article is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// Answers an open need: `need`, `tag`.
    Need,
    /// Is wished for.
    Wish,
    /// Matches what the customer said they like: `subject`, `value`.
    Preference,
    /// Goes with something they own: `sku`, `name`.
    Pairs,
    /// Is about to be used up: `days` since the last purchase, `interval` in days.
    Replenish,
    /// Suits a day that comes: `occasion`, `days`.
    Occasion,
}

impl ReasonKind {
    /// What the reason is worth.
    #[must_use]
    pub const fn points(self) -> u32 {
        match self {
            Self::Need => 5,
            Self::Wish => 4,
            Self::Preference => 3,
            Self::Pairs | Self::Replenish => 2,
            Self::Occasion => 1,
        }
    }
}

/// One reason, with what it is worth and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Which.
    pub kind: ReasonKind,
    /// What it is worth.
    pub points: u32,
    /// The arguments, by name.
    pub arguments: BTreeMap<&'static str, String>,
    /// What it rests on, ascending.
    pub sources: Vec<SourceId>,
}

/// One article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recommendation {
    /// Its number.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// The sum of the reasons.
    pub score: u32,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// The size to bring, where one is known.
    pub size: Option<String>,
    /// The nearest way to have it; none when no shop has it.
    pub supply: Option<Supply>,
}

/// Where to send a customer whose need is not answered here, in the order in which it is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferralKind {
    /// Another shop of the chain has it.
    OtherShop,
    /// It can be ordered or made.
    SpecialOrder,
    /// Another house of the group may have it.
    GroupHouse,
    /// Somebody outside has it: honest advice counts.
    Outside,
}

/// One way to answer a need that this shop can't.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Referral {
    /// The need.
    pub need: EditId,
    /// In the customer's words.
    pub what: String,
    /// Where to.
    pub kind: ReferralKind,
    /// The article, where one is known.
    pub sku: Option<String>,
    /// The other shop.
    pub shop: Option<ShopId>,
    /// Whole hours since that shop's stock was counted.
    pub hours_old: Option<i64>,
    /// What the line rests on, ascending.
    pub sources: Vec<SourceId>,
}

/// What to show a customer, and where to send them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Recommendations {
    /// The best articles, best first.
    pub items: Vec<Recommendation>,
    /// For each open need without an answer here, the oldest first: where to go instead.
    pub referrals: Vec<Referral>,
}

impl Recommendations {
    /// What to recommend, from the articles that the picture's house holds.
    #[must_use]
    pub fn of(picture: &Picture<'_>) -> Self {
        if picture.whole.is_erased {
            return Self::default();
        }
        let profile = Profile::of(picture);
        let mut items = ranked(picture, &profile);
        items.truncate(SHOWN_MAX);
        Self {
            items,
            referrals: referral::referrals(picture, &profile),
        }
    }

    /// The hash of the result.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        hash_of("concierge.recommendations.v1", self)
    }
}

/// Every article with a reason that nothing speaks against, best first.
pub(super) fn ranked(picture: &Picture<'_>, profile: &Profile<'_>) -> Vec<Recommendation> {
    let articles = picture.house.articles.iter();
    let mut items: Vec<_> = articles
        .filter(|(sku, article)| profile.barrier(sku, article).is_none())
        .filter_map(|(sku, article)| recommendation(picture, profile, (sku, article)))
        .collect();
    items.sort_by(|one, other| key(one).cmp(&key(other)));
    items
}

/// Best score first, then what is nearest, then by number.
fn key(item: &Recommendation) -> (std::cmp::Reverse<u32>, bool, Option<SupplyKind>, &str) {
    let supply = item.supply.as_ref().map(|supply| supply.kind);
    (
        std::cmp::Reverse(item.score),
        supply.is_none(),
        supply,
        &item.sku,
    )
}

fn recommendation(
    picture: &Picture<'_>,
    profile: &Profile<'_>,
    (sku, article): (&str, &ArticleBody),
) -> Option<Recommendation> {
    let reasons = reasons::reasons(picture, profile, (sku, article));
    if reasons.is_empty() {
        return None;
    }
    let size = profile
        .size_for(article)
        .map(|size| size.size.value.clone());
    let supply = supplies(picture, sku, size.as_deref()).into_iter().next();
    let name = if article.label.trim().is_empty() {
        sku
    } else {
        &article.label
    };
    Some(Recommendation {
        sku: sku.to_owned(),
        name: name.to_owned(),
        score: reasons.iter().map(|reason| reason.points).sum(),
        reasons,
        size,
        supply,
    })
}

#[cfg(test)]
mod tests;
