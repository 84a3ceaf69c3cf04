//! What was done for a customer, from everywhere it is written down: the card, other systems' contacts, responses, the service desk.

use std::collections::BTreeMap;
use std::fmt;

use super::bought::{BoughtDay, corrected};
use crate::card::terms::{
    Act, InteractionKind, InvitationState, NeedState, Polarity, PromiseStatus, SuggestionState,
};
use crate::card::view::InteractionView;
use crate::card::{CardView, Source};
use crate::concierge::picture::Whole;
use crate::concierge::playbook::terms::Evidence;
use crate::ids::{EditId, Timestamp};
use crate::notices::bodies::CaseState;

/// Where a piece of evidence is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Written<'a> {
    /// On the card, by this edit.
    Edit(EditId),
    /// On the card, as a thing with this id.
    Thing(&'a str),
    /// In a notice: what kind, under which key.
    Notice(&'static str, &'a str),
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edit(edit) => edit.fmt(f),
            Self::Thing(id) => f.write_str(id),
            Self::Notice(kind, key) => write!(f, "{kind}:{key}"),
        }
    }
}

/// A piece of evidence. Ordered by kind, then time, then where it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Done<'a> {
    /// Of what.
    pub kind: Evidence,
    /// When, corrected where the hub knows better.
    pub at: Timestamp,
    /// Where it is written.
    pub from: Written<'a>,
    /// Which thing of the card it names, where it names one.
    pub about: Option<Thing<'a>>,
    /// The article, where it names one.
    pub sku: Option<&'a str>,
    /// During which visit.
    pub visit: Option<EditId>,
    /// Whether it is an entry of our own people alone.
    pub is_attested: bool,
}

/// What a piece of evidence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing<'a> {
    /// Something that an edit made.
    Edit(EditId),
    /// Something with an id of its own.
    Id(&'a str),
}

impl Thing<'_> {
    /// Whether this is its id.
    pub(super) fn is(self, id: &str) -> bool {
        match self {
            Self::Edit(edit) => id.parse() == Ok(edit),
            Self::Id(own) => own == id,
        }
    }
}

impl<'a> Done<'a> {
    fn new(kind: Evidence, at: Timestamp, from: Written<'a>) -> Self {
        Self {
            kind,
            at,
            from,
            about: None,
            sku: None,
            visit: None,
            is_attested: false,
        }
    }

    fn attested(mut self, source: Source) -> Self {
        self.is_attested = !matches!(source, Source::Imported | Source::CustomerEntered);
        self
    }

    fn about(mut self, thing: Thing<'a>) -> Self {
        self.about = Some(thing);
        self
    }
}

/// How long after a purchase an approach of ours follows it up: as long as the care check is of use.
const FOLLOW_UP_MS: i64 = 45 * Timestamp::DAY_MS;

/// Everything that was done, in order.
pub(super) fn gather<'a>(whole: &'a Whole, bought: &[BoughtDay]) -> Vec<Done<'a>> {
    let mut done = Vec::new();
    dealings(&whole.view, &mut done);
    invitations(&whole.view, &mut done);
    of_visits(&whole.view, &mut done);
    things(&whole.view, &mut done);
    notices(whole, &mut done);
    follow_ups(bought, &mut done);
    done.sort_unstable();
    done
}

/// What followed a purchase up; what is written once counts once, whatever it served.
fn follow_ups(bought: &[BoughtDay], done: &mut Vec<Done<'_>>) {
    let follows = |at: Timestamp| {
        let mut days = bought.iter().map(|day| day.at);
        days.any(|day| day <= at && at < day.plus_ms(FOLLOW_UP_MS))
    };
    let is_one = |done: &&Done<'_>| {
        use Evidence::{CareCheck, Contact, ThankYou};
        matches!(done.kind, CareCheck | Contact | ThankYou) && follows(done.at)
    };
    let found: BTreeMap<_, _> = done
        .iter()
        .filter(is_one)
        .map(|done| (done.from, done.clone()))
        .collect();
    done.extend(found.into_values().map(|one| Done {
        kind: Evidence::FollowUp,
        ..one
    }));
}

/// Invitations to events that went out, where no dealing tells of the same one.
fn invitations<'a>(view: &'a CardView, done: &mut Vec<Done<'a>>) {
    for one in &view.invitations {
        let event = one.event.value.as_str();
        let tells = |dealing: &InteractionView| {
            dealing.act == Some(Act::Invitation) && dealing.about.as_deref() == Some(event)
        };
        if one.state == InvitationState::Listed || view.interactions.iter().any(tells) {
            continue;
        }
        let piece = Done::new(Evidence::Invitation, one.at, Written::Thing(&one.id));
        done.push(piece.about(Thing::Id(event)).attested(one.event.source));
    }
}

fn dealings<'a>(view: &'a CardView, done: &mut Vec<Done<'a>>) {
    for one in &view.interactions {
        let kind = match one.kind {
            InteractionKind::Call => Some(Evidence::Call),
            InteractionKind::Gesture => one.is_gesture().then_some(Evidence::Gesture),
            InteractionKind::Message => Some(Evidence::Message),
            InteractionKind::Referral => Some(Evidence::Referral),
            InteractionKind::TryOn => Some(Evidence::TryOn),
            InteractionKind::Service => None,
        };
        // What the customer began is no act of ours, except that we heard them.
        let is_ours = !one.by_customer || one.act == Some(Act::Heard);
        if !is_ours {
            continue;
        }
        let reaches = matches!(kind, Some(Evidence::Call | Evidence::Message));
        let contact = reaches.then_some(Evidence::Contact);
        let act = one.act.map(Evidence::of_act);
        for kind in [kind, contact, act].into_iter().flatten() {
            let mut piece =
                Done::new(kind, one.summary.at, Written::Edit(one.id)).attested(one.summary.source);
            piece.about = one.about.as_deref().map(Thing::Id);
            piece.sku = one.sku.as_deref();
            piece.visit = one.visit;
            done.push(piece);
        }
    }
}

fn of_visits<'a>(view: &'a CardView, done: &mut Vec<Done<'a>>) {
    for visit in &view.visits {
        for word in &visit.captured {
            let from = word.sources.first().copied().unwrap_or(visit.id);
            let mut piece =
                Done::new(Evidence::Captured, word.at, Written::Edit(from)).attested(word.source);
            piece.visit = Some(visit.id);
            done.push(piece);
        }
    }
    for reaction in &view.reactions {
        let said = &reaction.sentiment;
        let mut piece = Done::new(Evidence::Reaction, said.at, Written::Edit(reaction.edit))
            .attested(said.source);
        piece.sku = Some(&reaction.sku);
        piece.visit = reaction
            .interaction
            .filter(|id| view.visits.iter().any(|visit| visit.id == *id));
        done.push(piece);
    }
}

fn things<'a>(view: &'a CardView, done: &mut Vec<Done<'a>>) {
    for preference in &view.preferences {
        let value = &preference.value;
        let is_stated = matches!(value.source, Source::Stated | Source::CustomerEntered);
        if is_stated && preference.polarity != Polarity::Dropped {
            let from = Written::Thing(&preference.id);
            let piece = Done::new(Evidence::PreferenceConfirmed, value.at, from);
            done.push(piece.attested(value.source));
        }
    }
    for promise in &view.promises {
        if let Some(at) = promise
            .kept_at
            .filter(|_| promise.status == PromiseStatus::Done)
        {
            let piece = Done::new(Evidence::PromiseKept, at, Written::Edit(promise.id));
            let piece = piece.about(Thing::Edit(promise.id));
            done.push(piece.attested(promise.what.source));
        }
    }
    for suggestion in &view.suggestions {
        let is_answered = suggestion.state >= SuggestionState::Answered;
        if let Some(answer) = suggestion.answer.as_ref().filter(|_| is_answered) {
            let from = Written::Edit(suggestion.id);
            let piece = Done::new(Evidence::SuggestionAnswered, answer.at, from);
            done.push(
                piece
                    .about(Thing::Edit(suggestion.id))
                    .attested(answer.source),
            );
        }
    }
    for need in &view.needs {
        let is_answered = need.state == NeedState::Answered;
        if let Some(answer) = need.answer.as_ref().filter(|_| is_answered) {
            let piece = Done::new(Evidence::NeedAnswered, answer.at, Written::Edit(need.id));
            done.push(piece.about(Thing::Edit(need.id)).attested(answer.source));
        }
    }
}

fn notices<'a>(whole: &'a Whole, done: &mut Vec<Done<'a>>) {
    for told in &whole.contacts {
        let contact = &told.body;
        if contact.by_customer {
            continue;
        }
        let at = corrected(contact.at, told.as_of);
        let from = Written::Notice("contact", &told.key);
        let kind = match contact.channel.as_deref() {
            Some("call") => Some(Evidence::Call),
            Some(_) => Some(Evidence::Message),
            None => None,
        };
        let act = contact.act.as_deref().and_then(Act::parse);
        let contact = kind.map(|_| Evidence::Contact);
        let kinds = [kind, contact, act.map(Evidence::of_act)];
        done.extend(
            kinds
                .into_iter()
                .flatten()
                .map(|kind| Done::new(kind, at, from)),
        );
    }
    for told in &whole.responses {
        let at = corrected(told.body.at, told.as_of);
        let from = Written::Notice("response", &told.key);
        done.push(Done::new(Evidence::Response, at, from));
    }
    for told in &whole.cases {
        let solved = told.body.solved_at;
        if let Some(at) = solved.filter(|_| told.body.state == CaseState::Solved) {
            let from = Written::Notice("case", &told.key);
            let at = corrected(at, told.as_of);
            let piece = Done::new(Evidence::CaseSolved, at, from);
            done.push(piece.about(Thing::Id(&told.key)));
        }
    }
}
