//! A candidate: what a card says that matters for an invitation, and the reasons that follow.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Bar, EventBody, RECENT_INVITATIONS_MAX, RECENT_MS, Reason, ReasonKind, SAME_THEME_MS, Setting,
};
use crate::card::CardView;
use crate::card::normal::fold;
use crate::card::terms::{InvitationState, Polarity};
use crate::card::view::Strength;
use crate::ids::{AssociateId, Timestamp};

/// An invitation of earlier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PastInvitation {
    /// The event's id.
    pub event: String,
    /// When the customer was invited.
    pub at: Timestamp,
    /// What the event was about, where that is known.
    pub themes: BTreeSet<String>,
    /// When the customer was there, if they were.
    pub attended_at: Option<Timestamp>,
}

/// Somebody who might come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Why the contact guard says no to an invitation; nothing where it does not.
    pub guard: Option<String>,
    /// Confirmed interests, folded, with the edits that they rest on.
    pub interests: BTreeMap<String, Vec<String>>,
    /// What they must or will not come near, folded: allergies, and preferences of "never".
    pub avoids: BTreeSet<String>,
    /// Who looks after them first.
    pub owner: Option<AssociateId>,
    /// Earlier invitations, to other events.
    pub invitations: Vec<PastInvitation>,
    /// Whether they are of the rest: all customers but the best. The hub looks it up; handhelds never learn it.
    pub is_of_the_rest: bool,
}

impl Candidate {
    /// What a card says. The guard's word, the owner and the side of the cohort are added by who knows them.
    #[must_use]
    pub fn of(view: &CardView, id: &str, events: &BTreeMap<String, EventBody>) -> Self {
        let mut candidate = Self {
            is_of_the_rest: true,
            ..Self::default()
        };
        for one in &view.preferences {
            let names = [Some(&one.subject), one.value.value.as_ref()];
            let names = names.into_iter().flatten().map(|name| fold(name));
            match one.polarity {
                Polarity::Never => candidate.avoids.extend(names),
                Polarity::Like if one.strength == Strength::Confirmed => {
                    for name in names {
                        let sources = candidate.interests.entry(name).or_default();
                        sources.extend(one.value.sources.iter().map(ToString::to_string));
                    }
                }
                Polarity::Like | Polarity::Avoid | Polarity::Dropped => {}
            }
        }
        let allergies = view.allergies.iter().map(|one| fold(&one.substance.value));
        candidate.avoids.extend(allergies);
        for sources in candidate.interests.values_mut() {
            sources.sort_unstable();
            sources.dedup();
        }
        for one in &view.invitations {
            let is_invited = one.state != InvitationState::Listed;
            if one.event.value == id || !is_invited {
                continue;
            }
            let event = events.get(&one.event.value);
            let attended = one.state == InvitationState::Attended;
            candidate.invitations.push(PastInvitation {
                event: one.event.value.clone(),
                at: one.event.at,
                themes: event
                    .map(|event| event.themes.iter().cloned().collect())
                    .unwrap_or_default(),
                attended_at: attended.then(|| event.map_or(one.at, |event| event.begins_at)),
            });
        }
        candidate.invitations.sort_unstable();
        candidate
    }

    /// Why they are not to be invited; the first that holds.
    #[must_use]
    pub fn bar(&self, event: &EventBody, now: Timestamp) -> Option<Bar> {
        if let Some(reason) = &self.guard {
            let reason = reason.clone();
            return Some(Bar::Guard { reason });
        }
        let recent = |one: &&PastInvitation| one.at > now.plus_ms(-RECENT_MS);
        if self.invitations.iter().filter(recent).count() > RECENT_INVITATIONS_MAX {
            return Some(Bar::InvitedOften);
        }
        let avoided = event.themes.iter().filter(|it| self.avoids.contains(*it));
        avoided.min().map(|theme| Bar::Avoids {
            theme: theme.clone(),
        })
    }

    /// The reasons for and against, beside guests with these other interests.
    #[must_use]
    pub fn reasons(&self, setting: &Setting<'_>, beside: &BTreeSet<String>) -> Vec<Reason> {
        let event = setting.event;
        let reason = |kind, points, about: Option<&String>, sources| Reason {
            kind,
            points,
            about: about.cloned(),
            sources,
        };
        let mut reasons = Vec::new();
        for (interest, sources) in &self.interests {
            if event.themes.contains(interest) {
                reasons.push(reason(
                    ReasonKind::Theme,
                    3,
                    Some(interest),
                    sources.clone(),
                ));
            }
        }
        if let Some(owner) = self.owner.filter(|owner| event.hosts.contains(owner)) {
            reasons.push(reason(
                ReasonKind::OwnHost,
                2,
                None,
                vec![owner.to_string()],
            ));
        }
        if self.invitations.is_empty() {
            reasons.push(reason(ReasonKind::FirstTime, 2, None, Vec::new()));
        }
        // Of several shared interests all carry the one point: it falls when the last of them does.
        let shared: Vec<_> = self
            .interests
            .iter()
            .filter(|(interest, _)| beside.contains(*interest) && !event.themes.contains(interest))
            .collect();
        if let Some((first, _)) = shared.first() {
            let sources = shared.iter().flat_map(|(_, sources)| (*sources).clone());
            let sources = sources.collect();
            reasons.push(reason(ReasonKind::SharedInterest, 1, Some(first), sources));
        }
        let mut lately: Vec<_> = self
            .invitations
            .iter()
            .filter(|one| {
                let is_late = |at: Timestamp| at > setting.now.plus_ms(-SAME_THEME_MS);
                one.attended_at.is_some_and(is_late)
                    && event.themes.iter().any(|theme| one.themes.contains(theme))
            })
            .map(|one| one.event.clone())
            .collect();
        lately.sort_unstable();
        if !lately.is_empty() {
            reasons.push(reason(ReasonKind::SameThemeLately, -2, None, lately));
        }
        reasons
    }
}
