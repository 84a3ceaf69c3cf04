//! Preferences, sizes, allergies, wishes and reactions.

use std::collections::BTreeSet;

use super::group::{Group, item, number};
use super::{
    AllergyView, CardView, Fact, PreferenceView, Question, ReactionView, Reading, Settlement,
    SizeView, Strength, SurpriseView, WishView,
};
use crate::card::Facet;
use crate::card::normal::{fold, surprise_id};
use crate::card::reduce::{self, Head};
use crate::card::terms::{Polarity, Sentiment, Severity};
use crate::card::value::Source;
use crate::ids::Timestamp;
use crate::limits;

impl CardView {
    /// Adds one thing of this file's kinds.
    pub(super) fn add_shopping(&mut self, group: &Group<'_>, reading: &Reading<'_>) {
        match (group.entity, group.facet) {
            ("allergy", Facet::Restricted) => self.add_cause(group),
            ("allergy", _) => self.add_allergy(group),
            ("preference", _) => self.add_preference(group, reading),
            ("reaction", _) => self.add_reactions(group),
            ("size", _) => self.add_size(group),
            ("surprise", _) => self.add_surprise(group, reading),
            _ => self.add_wish(group, reading),
        }
    }

    fn add_size(&mut self, group: &Group<'_>) {
        let heads = group.heads("value");
        let Some(shown) = reduce::displayed(heads) else {
            return;
        };
        let (Some(category), Some(system), Some(size)) =
            (item(shown, 0), item(shown, 1), item(shown, 3))
        else {
            return;
        };
        let brand = item(shown, 2).map(str::to_owned);
        let said: BTreeSet<_> = heads.iter().map(|head| item(head, 3).map(fold)).collect();
        let is_disputed = said.len() > 1;
        if is_disputed {
            let question = Question::Size {
                category: category.to_owned(),
                system: system.to_owned(),
                brand: brand.clone(),
            };
            let conflict = group.conflict("value", question, Settlement::Choose);
            self.conflicts.push(conflict);
        }
        self.sizes.push(SizeView {
            id: group.id.to_owned(),
            category: category.to_owned(),
            system: system.to_owned(),
            brand,
            size: Fact::new(size.to_owned(), shown, heads, is_disputed),
        });
    }

    /// Add-wins: an allergy that one took back while another recorded it is in effect. The worst severity counts.
    fn add_allergy(&mut self, group: &Group<'_>) {
        let heads = group.heads("present");
        let Some(shown) = group.present("present") else {
            return;
        };
        let Some(substance) = item(&shown, 1) else {
            return;
        };
        let is_disputed = reduce::any_flag(heads, false);
        if is_disputed {
            let question = Question::Allergy {
                substance: substance.to_owned(),
            };
            let conflict = group.conflict("present", question, Settlement::Choose);
            self.conflicts.push(conflict);
        }
        let severity = reduce::highest(group.heads("severity"), Severity::TEXTS);
        self.allergies.push(AllergyView {
            id: group.id.to_owned(),
            substance: Fact::new(substance.to_owned(), &shown, heads, is_disputed),
            severity: severity
                .and_then(Severity::parse)
                .unwrap_or(Severity::Serious),
            cause: None,
        });
    }

    /// The cause, for readers who have that facet. Facets are read in order, so the effect is there already if it is in effect.
    fn add_cause(&mut self, group: &Group<'_>) {
        let Some(at) = self.allergies.iter().position(|one| one.id == group.id) else {
            return;
        };
        let question = Question::Cause {
            id: group.id.to_owned(),
        };
        let cause = group.text("cause", question, &mut self.conflicts);
        if let Some(allergy) = self.allergies.get_mut(at) {
            allergy.cause = cause;
        }
    }

    fn add_preference(&mut self, group: &Group<'_>, reading: &Reading<'_>) {
        let log = group.heads("sighting");
        let sightings = live_sightings(log);
        let polarity = reduce::highest(group.heads("polarity"), Polarity::TEXTS);
        let polarity = polarity.and_then(Polarity::parse);
        let is_stated = polarity.is_some_and(|polarity| polarity != Polarity::Dropped);
        let values = if is_stated { group.heads("value") } else { &[] };
        let Some(basis) = Basis::of(values, &sightings) else {
            return;
        };
        let is_disputed = values
            .iter()
            .map(|head| item(head, 2).map(fold))
            .collect::<BTreeSet<_>>()
            .len()
            > 1;
        let (kind, subject) = (basis.kind.to_owned(), basis.subject.to_owned());
        if is_disputed {
            let (kind, subject) = (kind.clone(), subject.clone());
            let question = Question::Preference { kind, subject };
            let conflict = group.conflict("value", question, Settlement::Choose);
            self.conflicts.push(conflict);
        }
        if is_stated && reduce::differ(group.heads("polarity")) {
            let (kind, subject) = (kind.clone(), subject.clone());
            let question = Question::Polarity { kind, subject };
            let conflict = group.conflict("polarity", question, Settlement::Choose);
            self.conflicts.push(conflict);
        }
        let evidence = Evidence::of(&basis, values, &sightings);
        let polarity = polarity.filter(|_| is_stated).unwrap_or(basis.polarity);
        let value = basis.value.map(str::to_owned);
        let mut value = Fact::new(value, &basis.shown, values, is_disputed);
        value.sources.extend(sightings.iter().map(|head| head.edit));
        value.sources.sort_unstable();
        value.sources.dedup();
        self.preferences.push(PreferenceView {
            id: group.id.to_owned(),
            kind,
            subject,
            value,
            polarity,
            strength: evidence.strength(reading.now),
            last_at: evidence.last_at,
            days_seen: u32::try_from(evidence.days.len()).unwrap_or(u32::MAX),
        });
    }

    /// Reactions are all kept; which is the newest for an article is told when everything was read.
    fn add_reactions(&mut self, group: &Group<'_>) {
        for head in group.heads("said") {
            let sentiment = item(head, 2).and_then(Sentiment::parse);
            let (Some(sku), Some(sentiment)) = (item(head, 1), sentiment) else {
                continue;
            };
            self.reactions.push(ReactionView {
                edit: head.edit,
                interaction: item(head, 0).and_then(|id| id.parse().ok()),
                sku: sku.to_owned(),
                sentiment: Fact::new(sentiment, head, &[*head], false),
                words: item(head, 3).map(str::to_owned),
                superseded: false,
            });
        }
    }

    /// Add-wins by purchase, the longest secret; nothing once it is over.
    fn add_surprise(&mut self, group: &Group<'_>, reading: &Reading<'_>) {
        let until = reduce::most(group.heads("until")).map(Timestamp);
        let (Some(shown), Some(until)) = (group.present("present"), until) else {
            return;
        };
        let (Some(source), Some(purchase)) = (item(&shown, 1), item(&shown, 2)) else {
            return;
        };
        if until <= reading.now {
            return;
        }
        self.surprises.push(SurpriseView {
            id: group.id.to_owned(),
            source: source.to_owned(),
            purchase: Fact::new(purchase.to_owned(), &shown, group.heads("present"), false),
            until,
        });
    }

    /// Add-wins by article; the largest quantity, the longest secret, and true once it came true.
    fn add_wish(&mut self, group: &Group<'_>, reading: &Reading<'_>) {
        let Some(shown) = group.present("present") else {
            return;
        };
        let Some(sku) = item(&shown, 1) else {
            return;
        };
        let question = Question::WishNote {
            sku: sku.to_owned(),
        };
        let note = group.text("note", question, &mut self.conflicts);
        self.wishes.push(WishView {
            id: group.id.to_owned(),
            sku: Fact::new(sku.to_owned(), &shown, group.heads("present"), false),
            quantity: reduce::most(group.heads("quantity")).unwrap_or(1),
            note,
            surprise_until: reduce::most(group.heads("surprise"))
                .map(Timestamp)
                .filter(|until| *until > reading.now),
            fulfilled: reduce::any_flag(group.heads("fulfilled"), true),
        });
    }
}

impl CardView {
    /// What keeps a purchase secret, by the system that told of it and that system's own id.
    #[must_use]
    pub fn surprise(&self, source: &str, purchase: &str) -> Option<&SurpriseView> {
        // Most cards keep no secret.
        let known = (!self.surprises.is_empty()).then(|| surprise_id(source, purchase))?;
        self.surprises.iter().find(|one| one.id == known)
    }

    /// Counts wishes as come true whose article was bought on the day they were wished for or later, by purchases as article and day since 1970.
    pub fn fulfil<'s>(&mut self, bought: impl Iterator<Item = (&'s str, i64)>) {
        let bought: Vec<_> = bought.map(|(sku, day)| (fold(sku), day)).collect();
        for wish in self.wishes.iter_mut().filter(|wish| !wish.fulfilled) {
            let (sku, since) = (fold(&wish.sku.value), wish.sku.at.days());
            wish.fulfilled = bought.iter().any(|(one, day)| *one == sku && *day >= since);
        }
    }
}

/// Sightings that no retirement of the preference has seen.
fn live_sightings<'a>(log: &[Head<'a>]) -> Vec<Head<'a>> {
    let is_drop = |head: &Head<'_>| item(head, 3) == Some(Polarity::Dropped.as_str());
    let (drops, sightings): (Vec<_>, Vec<_>) = log.iter().copied().partition(is_drop);
    let retired = reduce::seen_by(log, &drops);
    sightings
        .into_iter()
        .filter(|head| !retired.contains(&head.edit))
        .collect()
}

/// What a preference is shown by: what was set, or where nothing was, the best sighting.
struct Basis<'a> {
    shown: Head<'a>,
    kind: &'a str,
    subject: &'a str,
    value: Option<&'a str>,
    polarity: Polarity,
}

impl<'a> Basis<'a> {
    fn of(values: &[Head<'a>], sightings: &[Head<'a>]) -> Option<Self> {
        let shown = reduce::displayed(values).or_else(|| reduce::winner(sightings))?;
        let shown = *shown;
        // Where only sightings speak, the stronger caution among them counts.
        let cautious = sightings
            .iter()
            .filter_map(|head| item(head, 3).and_then(Polarity::parse))
            .max();
        Some(Self {
            shown,
            kind: item(&shown, 0)?,
            subject: item(&shown, 1)?,
            value: item(&shown, 2),
            polarity: cautious.unwrap_or(Polarity::Like),
        })
    }
}

/// What speaks for a preference.
struct Evidence {
    stated_at: Option<Timestamp>,
    seen_at: Option<Timestamp>,
    days: BTreeSet<i64>,
    last_at: Timestamp,
}

impl Evidence {
    /// Of sightings only those of the value that is shown count.
    fn of(basis: &Basis<'_>, values: &[Head<'_>], sightings: &[Head<'_>]) -> Self {
        let said = basis.value.map(fold);
        let agrees = |head: &&Head<'_>| item(head, 2).map(fold) == said;
        let moment = |head: &Head<'_>| head.provenance().as_of.unwrap_or(head.time).min(head.time);
        let all = || values.iter().chain(sightings).filter(agrees);
        let is_stated = |head: &&Head<'_>| head.provenance().source >= Source::Stated;
        let stated = values.iter().filter(agrees);
        let seen = || sightings.iter().filter(agrees);
        Self {
            // A sighting is no statement, whoever says on what ground it rests.
            stated_at: stated.filter(is_stated).map(moment).max(),
            seen_at: seen().map(moment).max(),
            days: seen().filter_map(|head| number(head.value(), 4)).collect(),
            last_at: all()
                .map(moment)
                .max()
                .unwrap_or_else(|| moment(&basis.shown)),
        }
    }

    /// `confirmed` when stated within the half-life, `observed` when seen on two days and lately, `stale` when either was long ago.
    fn strength(&self, now: Timestamp) -> Strength {
        let is_fresh = |at: Option<Timestamp>| {
            at.is_some_and(|at| now.0.saturating_sub(at.0) <= limits::PREFERENCE_HALF_LIFE_MS)
        };
        let is_observed = self.days.len() >= 2;
        if is_fresh(self.stated_at) {
            Strength::Confirmed
        } else if is_observed && is_fresh(self.seen_at) {
            Strength::Observed
        } else if self.stated_at.is_some() || is_observed {
            Strength::Stale
        } else {
            Strength::Weak
        }
    }
}
