//! The reasons for one article.

use super::fit::{Profile, is_same};
use super::{
    PAIR_LIFT_BP_MIN, PAIR_SUPPORT_MIN, PREFERENCES_MAX, REPLENISH_PURCHASES_MIN, Reason,
    ReasonKind,
};
use crate::card::normal::fold;
use crate::card::terms::NeedState;
use crate::card::view::{NeedView, Strength};
use crate::concierge::calendar;
use crate::concierge::grounds::{SourceId, sorted};
use crate::concierge::picture::Picture;
use crate::concierge::stock::{article as find, label};
use crate::notices::NoticeKind;
use crate::notices::bodies::{ArticleBody, PairsBody};

impl Reason {
    fn new(
        kind: ReasonKind,
        arguments: impl IntoIterator<Item = (&'static str, String)>,
        sources: impl IntoIterator<Item = impl Into<SourceId>>,
    ) -> Self {
        Self {
            kind,
            points: kind.points(),
            arguments: arguments.into_iter().collect(),
            sources: sorted(sources),
        }
    }
}

/// All reasons for an article, the weightiest first.
pub(super) fn reasons(
    picture: &Picture<'_>,
    profile: &Profile<'_>,
    (sku, article): (&str, &ArticleBody),
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    reasons.extend(need(picture, article));
    reasons.extend(wish(picture, sku));
    let liked = profile.liked(article);
    let sure = liked.filter(|preference| preference.strength == Strength::Confirmed);
    reasons.extend(sure.take(PREFERENCES_MAX).map(|preference| {
        let value = preference.value.value.clone().unwrap_or_default();
        let arguments = [("subject", preference.subject.clone()), ("value", value)];
        Reason::new(ReasonKind::Preference, arguments, &preference.value.sources)
    }));
    reasons.extend(pairs(picture, profile, sku));
    reasons.extend(replenish(picture, profile, (sku, article)));
    reasons.extend(occasion(picture, article));
    reasons
}

/// Needs that nothing answers yet, the oldest first.
pub(super) fn open_needs<'a>(picture: &Picture<'a>) -> Vec<&'a NeedView> {
    let needs = picture.whole.view.needs.iter();
    let mut open: Vec<_> = needs.filter(|need| need.state == NeedState::Open).collect();
    open.sort_by_key(|need| (need.what.at, need.id));
    open
}

/// The first of a need's tags that an article is good for.
pub(super) fn answers<'a>(need: &'a NeedView, article: &ArticleBody) -> Option<&'a str> {
    let has = |tag: &&String| article.tags.iter().any(|good| is_same(good, tag));
    need.tags.iter().find(has).map(String::as_str)
}

fn need(picture: &Picture<'_>, article: &ArticleBody) -> Option<Reason> {
    let needs = open_needs(picture);
    let mut found = needs
        .iter()
        .filter_map(|need| answers(need, article).map(|tag| (need, tag)));
    let (need, tag) = found.next()?;
    let arguments = [("need", need.what.value.clone()), ("tag", tag.to_owned())];
    Some(Reason::new(ReasonKind::Need, arguments, &need.what.sources))
}

fn wish(picture: &Picture<'_>, sku: &str) -> Option<Reason> {
    let sku = fold(sku);
    let wishes = picture.whole.view.wishes.iter();
    let mut open = wishes.filter(|wish| !wish.fulfilled && fold(&wish.sku.value) == sku);
    let wish = open.next()?;
    Some(Reason::new(ReasonKind::Wish, [], &wish.sku.sources))
}

/// The first article they own, by number, that is often bought with this one.
fn pairs(picture: &Picture<'_>, profile: &Profile<'_>, sku: &str) -> Option<Reason> {
    profile.owned().find_map(|(owned, bought)| {
        let known = find(picture.house, owned).map_or(owned, |(known, _)| known);
        if fold(known) == fold(sku) {
            return None;
        }
        let pairs = picture.house.pairs.get(known)?;
        if !is_paired(pairs, sku) {
            return None;
        }
        let arguments = [
            ("sku", known.to_owned()),
            ("name", label(picture.house, known)),
        ];
        let table = SourceId::notice(NoticeKind::Pairs, known);
        let sources = bought.sources.iter().cloned().chain([table]);
        Some(Reason::new(ReasonKind::Pairs, arguments, sources))
    })
}

fn is_paired(pairs: &PairsBody, sku: &str) -> bool {
    let sku = fold(sku);
    pairs.with.iter().any(|(other, lift_bp, support)| {
        *lift_bp >= PAIR_LIFT_BP_MIN && *support >= PAIR_SUPPORT_MIN && fold(other) == sku
    })
}

/// Due once as many days have gone by as the median between the customer's own purchases.
fn replenish(
    picture: &Picture<'_>,
    profile: &Profile<'_>,
    (sku, article): (&str, &ArticleBody),
) -> Option<Reason> {
    let bought = profile.bought(sku).filter(|_| article.is_consumable)?;
    if bought.days.len() < REPLENISH_PURCHASES_MIN {
        return None;
    }
    let days: Vec<i64> = bought.days.iter().copied().collect();
    let intervals = days.iter().zip(days.iter().skip(1));
    let mut intervals: Vec<i64> = intervals.map(|(from, to)| to - from).collect();
    intervals.sort_unstable();
    let twice_median = twice_median(&intervals)?;
    let elapsed = picture.today() - days.last()?;
    let arguments = [
        ("days", elapsed.to_string()),
        ("interval", (twice_median / 2).to_string()),
    ];
    let is_due = elapsed.saturating_mul(2) >= twice_median;
    is_due.then(|| Reason::new(ReasonKind::Replenish, arguments, bought.sources.clone()))
}

/// Twice the median of ascending numbers: whole also where it lies between two of them.
fn twice_median(ascending: &[i64]) -> Option<i64> {
    let upper = ascending.get(ascending.len() / 2)?;
    let lower = ascending.get((ascending.len() - 1) / 2)?;
    Some(upper + lower)
}

/// A day that comes, where the article is meant for such days.
fn occasion(picture: &Picture<'_>, article: &ArticleBody) -> Option<Reason> {
    let view = &picture.whole.view;
    let coming = calendar::coming(view, picture.today());
    let suits = |kind: &str| {
        let names = [kind.to_owned(), kind.replace('_', " ")];
        let mut tags = article.tags.iter();
        tags.any(|tag| names.iter().any(|name| is_same(tag, name)))
    };
    let (days, occasion) = coming
        .into_iter()
        .find(|(_, occasion)| suits(occasion.kind.as_str()))?;
    let arguments = [
        ("occasion", occasion.kind.as_str().to_owned()),
        ("days", days.to_string()),
    ];
    Some(Reason::new(
        ReasonKind::Occasion,
        arguments,
        &occasion.sources,
    ))
}
