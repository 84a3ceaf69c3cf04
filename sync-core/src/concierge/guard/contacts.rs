//! What passed between the customer and the house: each contact of ours, and what the customer began, from every source.

use std::collections::{BTreeMap, BTreeSet};

use super::content_of;
use super::settings::Settings;
use crate::card::terms::{AskKind, Channel, InteractionKind};
use crate::card::view::{AskView, InteractionView};
use crate::concierge::picture::Whole;
use crate::ids::{EditId, Timestamp};
use crate::limits::CLOCK_TOLERANCE_MS;
use crate::notices::bodies::AnswerState;

/// The key of the notice that says that the message of an ask left.
#[must_use]
pub fn contact_key(ask: EditId) -> String {
    format!("hub:{ask}")
}

/// A contact of ours. A time ahead of now counts as now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contact {
    pub(super) at: Timestamp,
    pub(super) channel: Option<Channel>,
    pub(super) content: Option<String>,
    pub(super) source: String,
}

/// What passed, for one request.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// Contacts of ours, in no order.
    pub(super) contacts: Vec<Contact>,
    /// What the customer began, by channel, ascending in time.
    begun: BTreeMap<Option<Channel>, Vec<(Timestamp, String)>>,
}

impl Past {
    /// What passed until now; an ask that is being judged does not stand in its own way.
    pub(super) fn of(whole: &Whole, judged: Option<EditId>, now: Timestamp) -> Self {
        let mut past = Self::default();
        for interaction in &whole.view.interactions {
            past.add_interaction(interaction, now);
        }
        for told in &whole.contacts {
            let body = &told.body;
            let channel = body.channel.as_deref().and_then(Channel::parse);
            if body.by_customer {
                past.add_begun(channel, body.at, &told.key, now);
            } else if body.channel.is_some() {
                past.contacts.push(Contact {
                    at: body.at.min(now),
                    channel,
                    content: body.content.clone(),
                    source: told.key.clone(),
                });
            }
        }
        for told in &whole.responses {
            let channel = told.body.channel.as_deref().and_then(Channel::parse);
            past.add_begun(channel, told.body.at, &told.key, now);
        }
        past.add_asks(whole, judged, now);
        for begun in past.begun.values_mut() {
            begun.sort_unstable();
        }
        past
    }

    fn add_interaction(&mut self, interaction: &InteractionView, now: Timestamp) {
        let is_contact = match interaction.kind {
            InteractionKind::Call | InteractionKind::Message => true,
            InteractionKind::Gesture
            | InteractionKind::Referral
            | InteractionKind::TryOn
            | InteractionKind::Service => false,
        };
        let (at, source) = (interaction.summary.at, interaction.id.to_string());
        let channel = interaction.channel.or(match interaction.kind {
            InteractionKind::Call => Some(Channel::Call),
            InteractionKind::Message
            | InteractionKind::Gesture
            | InteractionKind::Referral
            | InteractionKind::TryOn
            | InteractionKind::Service => None,
        });
        if is_contact && interaction.by_customer {
            self.add_begun(channel, at, &source, now);
        } else if is_contact {
            self.contacts.push(Contact {
                at: at.min(now),
                channel,
                content: interaction.about.clone(),
                source,
            });
        }
    }

    /// Messages that wait at the hub, or are on their way, count as sent: two of them must not leave together.
    /// Of those the hub judges, only earlier ones count.
    fn add_asks(&mut self, whole: &Whole, judged: Option<EditId>, now: Timestamp) {
        let asks = &whole.view.asks;
        let judged = judged.and_then(|id| asks.iter().find(|ask| ask.id == id));
        let rank = |ask: &AskView| (ask.words.at, ask.id);
        let contacts = whole.contacts.iter();
        let left: BTreeSet<&str> = contacts.map(|told| told.key.as_str()).collect();
        for ask in asks {
            let answer = whole.answers.get(&ask.id);
            let is_refused = answer.is_some_and(|told| told.body.state == AnswerState::Refused);
            let is_later = judged.is_some_and(|judged| rank(ask) >= rank(judged));
            if ask.kind != AskKind::Message || ask.withdrawn || is_refused || is_later {
                continue;
            }
            if left.contains(contact_key(ask.id).as_str()) {
                // It counts as the contact that it became.
                continue;
            }
            self.contacts.push(Contact {
                at: ask.words.at.min(now),
                channel: ask.subject.as_deref().and_then(Channel::parse),
                content: ask.words.value.as_deref().map(content_of),
                source: ask.id.to_string(),
            });
        }
    }

    fn add_begun(&mut self, channel: Option<Channel>, at: Timestamp, source: &str, now: Timestamp) {
        if at <= now.plus_ms(CLOCK_TOLERANCE_MS) {
            let begun = self.begun.entry(channel).or_default();
            begun.push((at, source.to_owned()));
        }
    }

    /// What the customer last began at that moment or before on this channel, or without saying on which, if it is fresh enough to answer.
    pub(super) fn answered(
        &self,
        channel: Option<Channel>,
        at: Timestamp,
        settings: &Settings,
    ) -> Option<&(Timestamp, String)> {
        let latest = |channel: Option<Channel>| {
            let begun = self.begun.get(&channel)?;
            let until = begun.partition_point(|(begun, _)| *begun <= at);
            begun.get(until.checked_sub(1)?)
        };
        let of_channel = channel.and_then(|channel| latest(Some(channel)));
        let last = of_channel.max(latest(None))?;
        (at.0.saturating_sub(last.0.0) <= settings.reply_ms()).then_some(last)
    }

    /// Contacts that the customer had not begun, ascending in time.
    pub(super) fn unasked(&self, settings: &Settings) -> Vec<&Contact> {
        let mut unasked: Vec<&Contact> = self
            .contacts
            .iter()
            .filter(|contact| {
                self.answered(contact.channel, contact.at, settings)
                    .is_none()
            })
            .collect();
        unasked
            .sort_unstable_by(|one, other| (one.at, &one.source).cmp(&(other.at, &other.source)));
        unasked
    }
}

/// When the house contacted this person, in no order; a time ahead of now counts as now.
#[must_use]
pub fn contact_moments(whole: &Whole, now: Timestamp) -> Vec<Timestamp> {
    let past = Past::of(whole, None, now);
    past.contacts.iter().map(|contact| contact.at).collect()
}
