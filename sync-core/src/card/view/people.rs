//! Names, endpoints, consent, contact, ties and tags.

use super::group::{Group, item};
use super::{
    CardView, ConsentView, EndpointView, Fact, Question, Reading, RelationshipView, Settlement,
};
use crate::card::Allowance;
use crate::card::reduce::{self, Head};
use crate::card::terms::{
    Channel, EndpointKind, EndpointStatus, NamePart, Purpose, RelationshipKind, ServiceMode,
};
use crate::card::value::Value;
use crate::ids::Timestamp;

impl CardView {
    /// Adds one thing of this file's kinds.
    pub(super) fn add_people(&mut self, group: &Group<'_>, reading: &Reading<'_>) {
        match group.entity {
            "agreement" => self.add_agreement(group),
            "consent" => self.add_consents(group),
            "contact" => self.add_contact(group, reading),
            "customer" => self.since = reduce::least(group.heads("since")).map(Timestamp),
            "endpoint" => self.add_endpoint(group),
            "name" => self.add_name(group),
            "relationship" => self.add_relationship(group),
            _ => self.add_tag(group),
        }
    }

    fn add_name(&mut self, group: &Group<'_>) {
        for part in NamePart::ALL {
            let question = Question::Name { part: *part };
            let text = group.text(part.as_str(), question, &mut self.conflicts);
            let place = match part {
                NamePart::Address => &mut self.name.address,
                NamePart::Display => &mut self.name.display,
                NamePart::Family => &mut self.name.family,
                NamePart::Given => &mut self.name.given,
                NamePart::Pronunciation => &mut self.name.pronunciation,
                NamePart::Salutation => &mut self.name.salutation,
            };
            *place = text;
        }
    }

    /// Add-wins set of endpoints; the status is a lattice in which the higher wins.
    fn add_endpoint(&mut self, group: &Group<'_>) {
        let Some(shown) = group.present("present") else {
            return;
        };
        let kind = item(&shown, 1).and_then(EndpointKind::parse);
        let (Some(kind), Some(value)) = (kind, item(&shown, 2)) else {
            return;
        };
        let status = reduce::highest(group.heads("status"), EndpointStatus::TEXTS)
            .and_then(EndpointStatus::parse)
            .unwrap_or(EndpointStatus::Ok);
        self.endpoints.push(EndpointView {
            id: group.id.to_owned(),
            kind,
            value: Fact::new(value.to_owned(), &shown, group.heads("present"), false),
            status,
        });
    }

    fn add_consents(&mut self, group: &Group<'_>) {
        let channel = Channel::parse(group.id);
        if channel.is_none() && group.id != "-" {
            return;
        }
        for purpose in Purpose::ALL {
            let log = group.heads(purpose.as_str());
            let deciding = reduce::maximal(log);
            let Some(at) = deciding.iter().map(|head| head.time).max() else {
                continue;
            };
            self.consents.push(ConsentView {
                channel,
                purpose: *purpose,
                decision: reduce::consent(log),
                sources: deciding.iter().map(|head| head.edit).collect(),
                at,
            });
        }
    }

    fn add_agreement(&mut self, group: &Group<'_>) {
        let log = group.heads("state");
        let Some(state) = reduce::agreement(log) else {
            return;
        };
        let deciding = reduce::maximal(log);
        let says_so = |head: &&Head<'_>| item(head, 0) == Some(state.as_str());
        if let Some(shown) = reduce::winner(deciding.iter().filter(says_so)) {
            self.agreement = Some(Fact::new(state, shown, &deciding, false));
            self.allowance = Allowance::of(Some(state));
        }
    }

    fn add_contact(&mut self, group: &Group<'_>, reading: &Reading<'_>) {
        self.contact.blocked = self.kept_away(group, "blocked", Question::Blocked);
        self.contact.owner_only = self.kept_away(group, "owner_only", Question::OwnerOnly);
        self.contact.is_minor = self.minor(group);
        self.contact.paused_until = paused(group, reading);
        self.contact.mode = self.mode(group);
        self.contact.language = group.text("language", Question::Language, &mut self.conflicts);
        let heads = group.heads("channels");
        let is_disputed = reduce::differ(heads);
        if is_disputed {
            let conflict = group.conflict("channels", Question::Channels, Settlement::Choose);
            self.conflicts.push(conflict);
        }
        let channels: Vec<Channel> = reduce::fewest(heads)
            .iter()
            .filter_map(|channel| Channel::parse(channel.as_text()?))
            .collect();
        self.contact.channels = reduce::displayed(heads)
            .filter(|_| !channels.is_empty())
            .map(|shown| Fact::new(channels, shown, heads, is_disputed));
    }

    /// Enable-wins: what somebody set without having seen the lift stays.
    fn kept_away(
        &mut self,
        group: &Group<'_>,
        name: &str,
        question: Question,
    ) -> Option<Fact<Option<String>>> {
        let heads = group.heads(name);
        let shown = group.present(name)?;
        let is_disputed = reduce::any_flag(heads, false);
        if is_disputed {
            let conflict = group.conflict(name, question, Settlement::Agree);
            self.conflicts.push(conflict);
        }
        let reason = item(&shown, 1).map(str::to_owned);
        Some(Fact::new(reason, &shown, heads, is_disputed))
    }

    /// Enable-wins: a minor is one until somebody who saw that has the customer's word for the contrary.
    fn minor(&mut self, group: &Group<'_>) -> Option<Fact<bool>> {
        let heads = group.heads("minor");
        let shown = group
            .present("minor")
            .or_else(|| reduce::winner(heads).copied())?;
        let is_disputed = reduce::differ(heads);
        if is_disputed {
            let conflict = group.conflict("minor", Question::Minor, Settlement::Choose);
            self.conflicts.push(conflict);
        }
        let is_minor = shown.value().as_bool()?;
        Some(Fact::new(is_minor, &shown, heads, is_disputed))
    }

    /// The quieter mode is in effect while there is a conflict.
    fn mode(&mut self, group: &Group<'_>) -> Option<Fact<ServiceMode>> {
        let heads = group.heads("mode");
        let text = reduce::highest(heads, ServiceMode::TEXTS)?;
        let mode = ServiceMode::parse(text)?;
        let is_disputed = reduce::differ(heads);
        if is_disputed {
            let conflict = group.conflict("mode", Question::ServiceMode, Settlement::Choose);
            self.conflicts.push(conflict);
        }
        let says_so = |head: &&Head<'_>| head.value().as_text() == Some(text);
        let shown = reduce::winner(heads.iter().filter(says_so))?;
        Some(Fact::new(mode, shown, heads, is_disputed))
    }

    /// Remove-wins: a separation does not come undone.
    fn add_relationship(&mut self, group: &Group<'_>) {
        let heads = group.heads("present");
        if reduce::any_flag(heads, false) {
            return;
        }
        let Some(shown) = reduce::winner(heads) else {
            return;
        };
        let other = item(shown, 1).and_then(|id| id.parse().ok());
        let kind = item(shown, 2).and_then(RelationshipKind::parse);
        if let (Some(other), Some(kind)) = (other, kind) {
            self.relationships.push(RelationshipView {
                id: group.id.to_owned(),
                kind,
                other: Fact::new(other, shown, heads, false),
                name: None,
            });
        }
    }

    fn add_tag(&mut self, group: &Group<'_>) {
        if let Some(shown) = group.present("present")
            && let Some(tag) = item(&shown, 1)
        {
            let heads = group.heads("present");
            self.tags
                .push(Fact::new(tag.to_owned(), &shown, heads, false));
        }
    }
}

/// The longest pause that anybody set, while it lasts.
fn paused(group: &Group<'_>, reading: &Reading<'_>) -> Option<Fact<Timestamp>> {
    let heads = group.heads("pause_until");
    let until = reduce::most(heads)?;
    let says_so = |head: &&Head<'_>| *head.value() == Value::Int(until);
    let shown = reduce::winner(heads.iter().filter(says_so))?;
    let until = Timestamp(until);
    (until > reading.now).then(|| Fact::new(until, shown, heads, reduce::differ(heads)))
}
