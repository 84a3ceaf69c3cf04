//! Closing a visit: the one thing to promise before the customer leaves, so that the next contact is one they expect.
//!
//! # Invariants
//! - One proposal at most, and none in a visit in which something was promised already, nor to who wants no contact.
//! - It is proposed and never made: the associate says it to the customer, and records what was said.
//! - What is proposed names what it rests on. The same picture gives the same proposal, in whatever order its rows came.

use std::collections::BTreeSet;

use serde::Serialize;

use super::grounds::{SourceId, sorted};
use super::obligations::{bought_days, sold_at};
use super::picture::Picture;
use super::recommend::{Barrier, Profile};
use super::stock::{Supply, SupplyKind, article, label, supplies};
use crate::card::normal::fold;
use crate::card::terms::{Agreement, NeedState, ServiceMode};
use crate::card::view::{PromiseView, WishView};
use crate::ids::Timestamp;
use crate::records::{Record, RecordKind};

/// Days in which an open need is looked into, and after which a purchase is asked about.
const DAYS: i64 = 14;
/// A promise that is due this many days after a purchase follows it up.
const FOLLOWS_UP: std::ops::RangeInclusive<i64> = 7..=30;

/// Why something is proposed, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalKind {
    /// What they wish for arrives: to tell them that day.
    Wish,
    /// Nothing answers yet what they need: to look, and to say what was found.
    Need,
    /// They bought something today: to ask how it does.
    CareCheck,
}

/// What to promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// Why.
    pub kind: ProposalKind,
    /// The article by its name, what they need in their words, or what they bought; empty where a till does not tell.
    pub about: String,
    /// By when.
    pub due: Timestamp,
    /// What it rests on.
    pub sources: Vec<SourceId>,
}

/// What to promise before this customer leaves; nothing where nothing asks for it.
#[must_use]
pub fn next_promise(picture: &Picture<'_>) -> Option<Proposal> {
    if wants_none(picture) || promised(picture).any(|one| is_today(picture, one.what.at)) {
        return None;
    }
    let proposal = wish(picture)
        .or_else(|| need(picture))
        .or_else(|| care_check(picture))?;
    let paused = picture.whole.view.contact.paused_until.as_ref();
    let is_paused = paused.is_some_and(|until| until.value > proposal.due);
    (!is_paused).then_some(proposal)
}

/// Whether a promise would lead to a contact that the customer does not want.
fn wants_none(picture: &Picture<'_>) -> bool {
    let (whole, view) = (picture.whole, &picture.whole.view);
    let agreement = view.agreement.as_ref().map(|agreement| agreement.value);
    let mode = view.contact.mode.as_ref().map(|mode| mode.value);
    let is_minor = view.contact.is_minor.as_ref();
    whole.is_erased
        || is_minor.is_some_and(|minor| minor.value)
        || view.contact.blocked.is_some()
        || matches!(agreement, Some(Agreement::Declined | Agreement::Ended))
        || mode == Some(ServiceMode::LeaveAlone)
}

/// Promises that are still to be kept.
fn promised<'a>(picture: &Picture<'a>) -> impl Iterator<Item = &'a PromiseView> {
    let promises = picture.whole.view.promises.iter();
    promises.filter(|promise| promise.is_open())
}

fn is_today(picture: &Picture<'_>, at: Timestamp) -> bool {
    picture.day(at) == picture.today()
}

/// The wish that arrives first and is nowhere in the shop.
fn wish(picture: &Picture<'_>) -> Option<Proposal> {
    let profile = Profile::of(picture);
    let open = picture.whole.view.wishes.iter();
    // What is kept secret would be told at an address that linked people may share.
    let open = open.filter(|wish| !wish.fulfilled && wish.surprise_until.is_none());
    let arriving = open.filter_map(|wish| {
        let supply = arrival(picture, &profile, wish)?;
        Some((supply.expected?, wish, supply))
    });
    let is_told = |due| {
        promised(picture).any(|one| one.due.map(|at| picture.day(at)) == Some(picture.day(due)))
    };
    let untold = arriving.filter(|(due, ..)| !is_told(*due));
    let (due, wish, supply) = untold.min_by_key(|(due, wish, _)| (*due, wish.id.clone()))?;
    let edits = wish.sku.sources.iter().map(SourceId::from);
    Some(Proposal {
        kind: ProposalKind::Wish,
        about: label(picture.house, &wish.sku.value),
        due,
        sources: sorted(edits.chain([supply.source])),
    })
}

/// On its way, where it is not here and could not harm.
fn arrival(picture: &Picture<'_>, profile: &Profile<'_>, wish: &WishView) -> Option<Supply> {
    let known = article(picture.house, &wish.sku.value);
    let barrier = known.and_then(|(sku, article)| profile.barrier(sku, article));
    if barrier.is_some_and(|barrier| barrier != Barrier::Owned) {
        return None;
    }
    let size = known.and_then(|(_, article)| profile.size_for(article));
    let size = size.map(|size| size.size.value.as_str());
    let nearest = supplies(picture, &wish.sku.value, size).into_iter().next();
    nearest.filter(|supply| supply.kind == SupplyKind::Arriving)
}

/// The need that waits longest, of those after which nothing was promised.
fn need(picture: &Picture<'_>) -> Option<Proposal> {
    let open = picture.whole.view.needs.iter();
    let open = open.filter(|need| need.state == NeedState::Open);
    let waiting = open.filter(|need| promised(picture).all(|one| one.what.at < need.what.at));
    let need = waiting.min_by_key(|need| (need.what.at, need.id))?;
    Some(Proposal {
        kind: ProposalKind::Need,
        about: need.what.value.clone(),
        due: picture.now.plus_ms(DAYS * Timestamp::DAY_MS),
        sources: sorted(need.what.sources.iter().map(SourceId::from)),
    })
}

/// What was bought today and not brought back, where no promise follows it up.
fn care_check(picture: &Picture<'_>) -> Option<Proposal> {
    let today = picture.today();
    let days = bought_days(&picture.whole.sales, picture.house);
    let bought = days
        .iter()
        .find(|day| day.day == today && !day.is_returned)?;
    let is_promised = promised(picture)
        .filter_map(|one| one.due)
        .any(|due| FOLLOWS_UP.contains(&(picture.day(due) - today)));
    if is_promised {
        return None;
    }
    let view = &picture.whole.view;
    let of_today = |kind| {
        let sales = picture.whole.sales.iter();
        sales.filter(move |record| record.kind == kind && sold_at(record, picture.house).0 == today)
    };
    let is_secret = |record: &Record| view.surprise(&record.source, &record.source_id).is_some();
    let purchases = of_today(RecordKind::Purchase).filter(|record| !is_secret(record));
    let mut purchases: Vec<_> = purchases.collect();
    purchases.sort_by_key(|record| (record.sale.at.moment(), record.key()));
    if purchases.is_empty() {
        return None;
    }
    let back = of_today(RecordKind::Return).flat_map(|record| &record.sale.lines);
    let back: BTreeSet<_> = back
        .filter_map(|line| line.sku.as_deref().map(fold))
        .collect();
    let lines = purchases.iter().flat_map(|record| &record.sale.lines);
    let kept = lines.filter(|line| {
        let sku = line.sku.as_deref().map(fold);
        sku.is_none_or(|sku| !back.contains(&sku))
    });
    let mut names = kept.filter_map(|line| {
        let named = line.label.clone();
        named.or_else(|| Some(label(picture.house, line.sku.as_ref()?)))
    });
    Some(Proposal {
        kind: ProposalKind::CareCheck,
        about: names.next().unwrap_or_default(),
        due: bought.at.plus_ms(DAYS * Timestamp::DAY_MS),
        sources: sorted(purchases.into_iter().map(SourceId::from)),
    })
}

#[cfg(test)]
mod tests;
