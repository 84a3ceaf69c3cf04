//! Needs, suggestions, asks, invitations and identity links, with what was written through a merged view.

use std::collections::BTreeSet;

use super::group::{Group, item, number};
use super::{
    AskView, CardView, Fact, InvitationView, LinkView, NeedView, Question, Settlement,
    SuggestionView, ViaView,
};
use crate::card::reduce::{self, Head};
use crate::card::schema::flag;
use crate::card::terms::{
    AskKind, InvitationState, LinkEvidence, NeedState, Purpose, Sameness, SuggestionState,
};
use crate::ids::{CustomerId, EditId, Timestamp};

impl CardView {
    /// Adds one thing of this file's kinds.
    pub(super) fn add_wants(&mut self, group: &Group<'_>) {
        match group.entity {
            "ask" => self.add_ask(group),
            "invitation" => self.add_invitation(group),
            "link" => self.add_link(group),
            "need" => self.add_need(group),
            "suggestion" => self.add_suggestion(group),
            _ => self.add_via(group),
        }
    }

    /// The state is a lattice: an answer stays, whoever dropped the need meanwhile, and both are shown.
    fn add_need(&mut self, group: &Group<'_>) {
        let Some(need) = group.made_by() else {
            return;
        };
        let question = Question::Need { need };
        let Some(what) = group.text("what", question, &mut self.conflicts) else {
            return;
        };
        let states = group.heads("state");
        let state = reduce::highest(states, NeedState::TEXTS)
            .and_then(NeedState::parse)
            .unwrap_or(NeedState::Open);
        if says(states, NeedState::Answered.as_str()) && says(states, NeedState::Dropped.as_str()) {
            let question = Question::NeedOutcome { need };
            let conflict = group.conflict("state", question, Settlement::Agree);
            self.conflicts.push(conflict);
        }
        let question = Question::NeedAnswer { need };
        let answer = group.text("answer", question, &mut self.conflicts);
        let tags = reduce::union(group.heads("tags"));
        let tags = tags
            .iter()
            .filter_map(|tag| Some(tag.as_text()?.to_owned()));
        self.needs.push(NeedView {
            id: need,
            what,
            tags: tags.collect(),
            state,
            answer,
        });
    }

    fn add_suggestion(&mut self, group: &Group<'_>) {
        let Some(suggestion) = group.made_by() else {
            return;
        };
        let question = Question::Suggestion { suggestion };
        let Some(what) = group.text("what", question, &mut self.conflicts) else {
            return;
        };
        let states = group.heads("state");
        let state = reduce::highest(states, SuggestionState::TEXTS)
            .and_then(SuggestionState::parse)
            .unwrap_or(SuggestionState::Open);
        let question = Question::SuggestionAnswer { suggestion };
        let answer = group.text("answer", question, &mut self.conflicts);
        let sku = reduce::displayed(group.heads("sku"));
        let told = states
            .iter()
            .filter(|head| head.value().as_text() == Some(SuggestionState::Told.as_str()));
        self.suggestions.push(SuggestionView {
            id: suggestion,
            what,
            sku: sku.and_then(|head| Some(head.value().as_text()?.to_owned())),
            state,
            answer,
            told_at: told.map(|head| head.time).min(),
        });
    }

    /// Different wins: two people are not made one by somebody who had not seen that they are two.
    fn add_link(&mut self, group: &Group<'_>) {
        let heads = group.heads("same");
        let is_same = !reduce::any_flag(heads, false);
        let sides: Vec<_> = heads
            .iter()
            .filter(|head| flag(head.value()) == Some(is_same))
            .copied()
            .collect();
        let Some(shown) = reduce::winner(&sides) else {
            return;
        };
        let Some(other) = item(shown, 1).and_then(|id| id.parse::<CustomerId>().ok()) else {
            return;
        };
        let is_disputed = sides.len() < heads.len();
        if is_disputed {
            let conflict = group.conflict("same", Question::Sameness { other }, Settlement::Choose);
            self.conflicts.push(conflict);
        }
        let sameness = if is_same {
            Sameness::Same
        } else {
            Sameness::Different
        };
        let evidence: BTreeSet<LinkEvidence> = sides.iter().flat_map(evidence).collect();
        self.links.push(LinkView {
            id: group.id.to_owned(),
            other,
            sameness: Fact::new(sameness, shown, heads, is_disputed),
            evidence: evidence
                .into_iter()
                .map(|kind| kind.as_str().to_owned())
                .collect(),
        });
    }

    /// Only the edit that the ask is named by says what was asked for.
    fn add_ask(&mut self, group: &Group<'_>) {
        let Some(ask) = group.made_by() else {
            return;
        };
        let asked = group.heads("wanted").iter().find(|head| head.edit == ask);
        let Some(head) = asked else {
            return;
        };
        let Some(kind) = item(head, 0).and_then(AskKind::parse) else {
            return;
        };
        let words = item(head, 5).map(str::to_owned);
        self.asks.push(AskView {
            id: ask,
            kind,
            subject: item(head, 1).map(str::to_owned),
            purpose: item(head, 2).and_then(Purpose::parse),
            quantity: number(head.value(), 3).unwrap_or(1),
            at: number(head.value(), 4).map(Timestamp),
            words: Fact::new(words, head, &[*head], false),
            withdrawn: reduce::any_flag(group.heads("withdrawn"), true),
        });
    }

    /// Later states win; that one says they come and another that they do not is for the host to settle.
    fn add_invitation(&mut self, group: &Group<'_>) {
        let heads = group.heads("event");
        let Some(shown) = reduce::displayed(heads) else {
            return;
        };
        let Some(event) = item(shown, 0) else {
            return;
        };
        let states = group.heads("state");
        let state = reduce::highest(states, InvitationState::TEXTS)
            .and_then(InvitationState::parse)
            .unwrap_or(InvitationState::Listed);
        let comes = says(states, InvitationState::Accepted.as_str());
        if comes && says(states, InvitationState::Declined.as_str()) {
            let event = event.to_owned();
            let question = Question::Invitation { event };
            let conflict = group.conflict("state", question, Settlement::Choose);
            self.conflicts.push(conflict);
        }
        let moved_at = states.iter().map(|head| head.time).max();
        self.invitations.push(InvitationView {
            id: group.id.to_owned(),
            event: Fact::new(event.to_owned(), shown, heads, false),
            state,
            at: moved_at.unwrap_or(shown.time),
        });
    }

    fn add_via(&mut self, group: &Group<'_>) {
        let edit: Option<EditId> = group.made_by();
        let of_the_edit = |head: &&Head<'_>| Some(head.edit) == edit;
        for head in group.heads("component").iter().filter(of_the_edit) {
            let ids = head.value().as_list().unwrap_or_default().iter();
            self.via.push(ViaView {
                edit: head.edit,
                cards: ids.filter_map(|id| id.as_text()?.parse().ok()).collect(),
                by: head.provenance().by,
                at: head.time,
            });
        }
    }
}

fn says(heads: &[Head<'_>], text: &str) -> bool {
    heads
        .iter()
        .any(|head| head.value().as_text() == Some(text))
}

/// What a statement about a link rests on.
fn evidence(head: &Head<'_>) -> Vec<LinkEvidence> {
    let flags = head.value().as_list().unwrap_or_default().iter().skip(2);
    let kinds = LinkEvidence::ALL.iter().zip(flags);
    kinds
        .filter(|(_, set)| flag(set) == Some(true))
        .map(|(kind, _)| *kind)
        .collect()
}
