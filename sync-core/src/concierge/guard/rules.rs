//! The twelve rules, each a method that answers nothing when it has nothing against it.

use super::clock::Clocks;
use super::contacts::Past;
use super::settings::Settings;
use super::{Reason, Request, Ruling, Unblocker, Until, Verdict, Way, endpoint};
use crate::card::reduce::Decision;
use crate::card::terms::{Agreement, Purpose};
use crate::card::view::Fact;
use crate::concierge::picture::Picture;
use crate::concierge::rights::{Rights, Slot, earliest};
use crate::ids::{EditId, Timestamp};
use crate::limits::CLOCK_TOLERANCE_MS;
use crate::notices::bodies::CaseState;

/// One question to the guard.
pub(super) struct Case<'a> {
    picture: &'a Picture<'a>,
    request: &'a Request,
    settings: &'a Settings,
    past: Past,
}

fn deny(reason: Reason, sources: Vec<String>) -> Option<Verdict> {
    Some(Verdict::new(Ruling::Deny { reason }, sources))
}

fn hold(reason: Reason, until: Until, sources: Vec<String>) -> Option<Verdict> {
    Some(Verdict::new(Ruling::Hold { until, reason }, sources))
}

fn named(edits: &[EditId]) -> Vec<String> {
    edits.iter().map(ToString::to_string).collect()
}

fn sources<T>(fact: &Fact<T>) -> Vec<String> {
    named(&fact.sources)
}

impl<'a> Case<'a> {
    pub(super) fn new(
        picture: &'a Picture<'a>,
        request: &'a Request,
        settings: &'a Settings,
    ) -> Self {
        Self {
            picture,
            request,
            settings,
            past: Past::of(picture.whole, request.ask, picture.now),
        }
    }

    /// 1: nobody who was erased, no minor.
    pub(super) fn person(&self) -> Option<Verdict> {
        if self.picture.whole.is_erased {
            return deny(Reason::Erased, Vec::new());
        }
        let minor = self.picture.whole.view.contact.is_minor.as_ref()?;
        minor.value.then(|| deny(Reason::Minor, sources(minor)))?
    }

    /// 2: who wants peace has it.
    pub(super) fn peace(&self) -> Option<Verdict> {
        let contact = &self.picture.whole.view.contact;
        if let Some(blocked) = &contact.blocked {
            return deny(Reason::DoNotContact, sources(blocked));
        }
        let paused = contact.paused_until.as_ref()?;
        let is_paused = paused.value > self.picture.now;
        is_paused.then(|| hold(Reason::Paused, Until::Moment(paused.value), sources(paused)))?
    }

    /// 3: consent; without any, only answers to what the customer began.
    pub(super) fn consent(&self) -> Option<Verdict> {
        let purpose = self.request.purpose;
        if !purpose.needs_channel() {
            return deny(Reason::NotAContact, Vec::new());
        }
        match self.decision() {
            Decision::Deny => return deny(Reason::ConsentDenied, self.consent_sources()),
            Decision::Unknown if self.answered().is_none() => {
                return deny(Reason::NoConsent, self.consent_sources());
            }
            Decision::Unknown | Decision::Allow => {}
        }
        let agreement = self.picture.whole.view.agreement.as_ref()?;
        let has_ended = matches!(agreement.value, Agreement::Declined | Agreement::Ended);
        let is_unasked = self.answered().is_none() && purpose != Purpose::Service;
        (has_ended && is_unasked).then(|| deny(Reason::RelationshipEnded, sources(agreement)))?
    }

    /// 4: an endpoint that may be used.
    pub(super) fn endpoint(&self) -> Option<Verdict> {
        let (view, channel) = (&self.picture.whole.view, self.request.channel);
        let kinds = super::endpoint_kinds(channel);
        if kinds.is_empty() || endpoint(view, channel).is_some() {
            return None;
        }
        let closed = view.endpoints.iter();
        let closed: Vec<String> = closed
            .filter(|endpoint| kinds.contains(&endpoint.kind))
            .flat_map(|endpoint| sources(&endpoint.value))
            .collect();
        let is_known = !closed.is_empty();
        let reason = if is_known {
            Reason::EndpointClosed
        } else {
            Reason::NoEndpoint
        };
        deny(reason, closed)
    }

    /// 5: a preferred channel, where one may be used. An answer goes where the customer wrote from.
    pub(super) fn preferred_channel(&self) -> Option<Verdict> {
        let (view, request) = (&self.picture.whole.view, self.request);
        let preferred = view.contact.channels.as_ref()?;
        if preferred.value.contains(&request.channel) || self.answered().is_some() {
            return None;
        }
        let allowed = |channel| view.consent(Some(channel), request.purpose) == Decision::Allow;
        let reaches = |channel| {
            super::endpoint_kinds(channel).is_empty() || endpoint(view, channel).is_some()
        };
        let mut better = preferred.value.iter().copied();
        let better = better.find(|channel| allowed(*channel) && reaches(*channel))?;
        let until = Until::Done(Unblocker::UseChannel(better));
        hold(Reason::ChannelNotPreferred, until, sources(preferred))
    }

    /// 6: whom only one may approach.
    pub(super) fn owner_only(&self) -> Option<Verdict> {
        let whole = self.picture.whole;
        let only = whole.view.contact.owner_only.as_ref()?;
        let owner = whole.owner.as_ref().map(|owner| owner.owner);
        let is_owner = owner == Some(self.picture.viewer.associate);
        (!is_owner).then(|| deny(Reason::OwnerOnly, sources(only)))?
    }

    /// 7: no selling before a complaint is solved.
    pub(super) fn complaint(&self) -> Option<Verdict> {
        if self.request.purpose != Purpose::Sell {
            return None;
        }
        let mut cases = self.picture.whole.cases.iter();
        let open =
            cases.find(|told| told.body.is_complaint && told.body.state == CaseState::Open)?;
        let until = Until::Done(Unblocker::SolveCase(open.key.clone()));
        hold(Reason::OpenComplaint, until, vec![open.key.clone()])
    }

    /// 8: the customer's own day.
    pub(super) fn quiet_hours(&self) -> Option<Verdict> {
        let unknown = || {
            hold(
                Reason::ClockUnknown,
                Until::Done(Unblocker::Sync),
                Vec::new(),
            )
        };
        let Some(clocks) = Clocks::of(self.picture) else {
            return unknown();
        };
        match clocks.day(self.settings, self.picture.now) {
            Ok(()) => None,
            Err(Some(night)) => {
                let until = Until::Moment(night.until);
                hold(Reason::QuietHours, until, night.sources)
            }
            Err(None) => unknown(),
        }
    }

    /// 9: caps over everybody and everything; what the customer began is exempt.
    pub(super) fn caps(&self) -> Option<Verdict> {
        if self.answered().is_some() {
            return None;
        }
        let unasked = self.past.unasked(self.settings);
        let [day, week] = self.settings.caps();
        let over =
            [(day, Reason::CapDay), (week, Reason::CapWeek)].map(|((most, window), reason)| {
                let least = unasked.len().checked_sub(most)?;
                let until = unasked.get(least)?.at.plus_ms(window);
                (until > self.picture.now).then_some((until, reason, least))
            });
        let (until, reason, least) = over.into_iter().flatten().max()?;
        let counted = unasked.iter().skip(least);
        let sources = counted.map(|contact| contact.source.clone()).collect();
        hold(reason, Until::Moment(until), sources)
    }

    /// 10: no content twice.
    pub(super) fn duplicate(&self) -> Option<Verdict> {
        let content = self.request.content.as_ref()?;
        let since = self.picture.now.plus_ms(-self.settings.duplicate_ms());
        let contacts = self.past.contacts.iter();
        let same = contacts.filter(|contact| contact.content.as_ref() == Some(content));
        let same: Vec<String> = same
            .filter(|contact| contact.at > since)
            .map(|contact| contact.source.clone())
            .collect();
        (!same.is_empty()).then(|| deny(Reason::Duplicate, same))?
    }

    /// 11: nobody is contacted unasked on old knowledge.
    pub(super) fn replica(&self) -> Option<Verdict> {
        if self.answered().is_some() {
            return None;
        }
        let now = self.picture.now;
        let is_fresh = self.picture.synced_at.is_some_and(|synced| {
            let age = now.0.saturating_sub(synced.0);
            (-CLOCK_TOLERANCE_MS..=self.settings.replica_ms()).contains(&age)
        });
        let until = || Until::Done(Unblocker::Sync);
        (!is_fresh).then(|| hold(Reason::StaleReplica, until(), Vec::new()))?
    }

    /// 12: a right, for what leaves at once; and on the hub, nobody else's.
    pub(super) fn right(&self, rights: Rights<'_>) -> Option<Verdict> {
        if self.answered().is_some() {
            return None;
        }
        match rights {
            Rights::Handheld(_) if self.request.way == Way::ThroughHub => None,
            Rights::Handheld(held) => {
                let (whole, viewer) = (self.picture.whole, self.picture.viewer);
                let asked = (self.picture.customer, viewer.associate, self.picture.now);
                let Err(missing) = held.contact(&whole.members, asked, &whole.view) else {
                    return None;
                };
                let until = match missing.next {
                    Some(next) => Until::Moment(next),
                    None => self.owner_has_it(),
                };
                hold(Reason::NoRight, until, missing.spent_by)
            }
            Rights::Hub(given) => self.beside(given),
        }
    }

    /// Whether a contact now leaves room for every right that others hold.
    fn beside(&self, given: &[Slot]) -> Option<Verdict> {
        let (now, caps) = (self.picture.now, self.settings.caps());
        let unasked = self.past.unasked(self.settings);
        let mut taken: Vec<Slot> = unasked.iter().map(|past| Slot::moment(past.at)).collect();
        taken.extend_from_slice(given);
        let next = earliest(&taken, now, &caps);
        (next > now).then(|| hold(Reason::NoRight, Until::Moment(next), Vec::new()))?
    }

    fn owner_has_it(&self) -> Until {
        let owner = self.picture.whole.owner.as_ref().map(|owner| owner.owner);
        Until::Done(match owner {
            Some(owner) if owner != self.picture.viewer.associate => Unblocker::Owner(owner),
            // It is mine: the hub gives the right when it is met.
            Some(_) => Unblocker::Sync,
            None => Unblocker::ClaimOwner,
        })
    }

    /// What a yes rests on.
    pub(super) fn ground(&self) -> Vec<String> {
        let answered = self.answered().map(|(_, source)| source.clone());
        let mut ground = self.consent_sources();
        ground.extend(answered);
        ground
    }

    fn decision(&self) -> Decision {
        let view = &self.picture.whole.view;
        view.consent(Some(self.request.channel), self.request.purpose)
    }

    fn consent_sources(&self) -> Vec<String> {
        let mut consents = self.picture.whole.view.consents.iter();
        let asked = (Some(self.request.channel), self.request.purpose);
        let found = consents.find(|consent| (consent.channel, consent.purpose) == asked);
        found.map_or_else(Vec::new, |consent| named(&consent.sources))
    }

    /// What the customer began and this answers, if it does.
    fn answered(&self) -> Option<&(Timestamp, String)> {
        if !self.request.is_reply {
            return None;
        }
        let (channel, now) = (Some(self.request.channel), self.picture.now);
        // A little ahead of the clock is now.
        let at = now.plus_ms(CLOCK_TOLERANCE_MS);
        self.past.answered(channel, at, self.settings)
    }
}
