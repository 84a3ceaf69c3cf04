//! Honest referral: where to send a customer whose need this shop does not answer.

use super::fit::{Barrier, Profile};
use super::reasons::{answers, open_needs};
use super::{Referral, ReferralKind};
use crate::card::view::NeedView;
use crate::concierge::grounds::{SourceId, sorted};
use crate::concierge::picture::Picture;
use crate::concierge::stock::{Supply, SupplyKind, supplies};
use crate::notices::NoticeKind;
use crate::notices::bodies::ArticleBody;

/// Other shops that are named for one need.
const SHOPS_MAX: usize = 2;

/// The referral lines of every open need that nothing here answers, the oldest need first.
pub(super) fn referrals(picture: &Picture<'_>, profile: &Profile<'_>) -> Vec<Referral> {
    let needs = open_needs(picture).into_iter();
    needs
        .flat_map(|need| {
            let answers = Answers::of(picture, profile, need);
            if answers.is_here {
                Vec::new()
            } else {
                answers.referrals(picture, need)
            }
        })
        .collect()
}

/// What of the catalogue answers a need, and where it is.
#[derive(Default)]
struct Answers<'a> {
    is_here: bool,
    elsewhere: Vec<(Supply, &'a str)>,
    /// Made or ordered for the customer: those that are made in their size first.
    orderable: Vec<(bool, &'a str)>,
}

impl<'a> Answers<'a> {
    fn of(picture: &Picture<'a>, profile: &Profile<'_>, need: &NeedView) -> Self {
        let mut found = Self::default();
        let articles = picture.house.articles.iter();
        for (sku, article) in articles.filter(|(_, article)| answers(need, article).is_some()) {
            match profile.barrier(sku, article) {
                None => found.add(picture, profile, (sku, article)),
                Some(Barrier::Size) => found.orderable.push((true, sku)),
                Some(Barrier::Harmful | Barrier::Never | Barrier::Disliked | Barrier::Owned) => {}
            }
        }
        found.elsewhere.sort_by(|(one, sku), (other, next)| {
            let key = |supply: &Supply| {
                let quantity = std::cmp::Reverse(supply.quantity);
                (!supply.is_fresh(picture.now), quantity, supply.shop)
            };
            (key(one), *sku).cmp(&(key(other), *next))
        });
        found.orderable.sort_unstable();
        found
    }

    fn add(
        &mut self,
        picture: &Picture<'a>,
        profile: &Profile<'_>,
        (sku, article): (&'a str, &ArticleBody),
    ) {
        let size = profile.size_for(article);
        let size = size.map(|size| size.size.value.as_str());
        self.orderable.push((false, sku));
        for supply in supplies(picture, sku, size) {
            self.is_here |= supply.is_here();
            if supply.kind == SupplyKind::Elsewhere {
                self.elsewhere.push((supply, sku));
            }
        }
    }

    fn referrals(self, picture: &Picture<'_>, need: &NeedView) -> Vec<Referral> {
        let line = |kind| Referral {
            need: need.id,
            what: need.what.value.clone(),
            kind,
            sku: None,
            shop: None,
            hours_old: None,
            sources: sorted(&need.what.sources),
        };
        let with = |referral: Referral, sku: &str, source: SourceId| Referral {
            sku: Some(sku.to_owned()),
            sources: sorted(referral.sources.into_iter().chain([source])),
            ..referral
        };
        let shops = self.elsewhere.into_iter().take(SHOPS_MAX);
        let mut lines: Vec<_> = shops
            .map(|(supply, sku)| Referral {
                shop: Some(supply.shop),
                hours_old: Some(supply.hours_old(picture.now)),
                ..with(line(ReferralKind::OtherShop), sku, supply.source)
            })
            .collect();
        if let Some((_, sku)) = self.orderable.first() {
            let article = SourceId::notice(NoticeKind::Article, sku);
            lines.push(with(line(ReferralKind::SpecialOrder), sku, article));
        }
        lines.push(line(ReferralKind::GroupHouse));
        lines.push(line(ReferralKind::Outside));
        lines
    }
}
