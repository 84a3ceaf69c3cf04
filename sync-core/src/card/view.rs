//! Reading a card: from the entries that one reader sees to what a person can use.
//!
//! [`CardView::read`] groups the entries by thing in one pass and reduces each field by its rule, so what it says depends on
//! the set of entries, never on the order they came in. Conflicts are part of the answer ([`Conflict`]), with what each side said.
//! What was concluded about a customer who agreed to no relationship is left out here, so nothing that reads a card shows it or builds on it.
//!
//! # What is not here
//! Sentences for people: everything is typed, the app words it. Purchases and other records, which are not part of the card.

mod concluded;
mod conflict;
mod group;
mod note;
mod parts;
mod people;
mod shopping;
mod ties;
mod time;
mod wants;

use serde::Serialize;

use super::allowance::Allowance;
use super::entries::Visible;
use super::reduce::{Corrections, Decision};
use super::terms::{Agreement, Channel, Place, Purpose};
use crate::ids::{AssociateId, Timestamp};

pub use conflict::{Conflict, ConflictOption, Question, Settlement};
pub use parts::{
    AllergyView, AskView, ConsentView, ContactView, EndpointView, Fact, InteractionView,
    InvitationView, LinkView, NameView, NeedView, NoteVersion, NoteView, OccasionView,
    PreferenceView, PromiseView, ReactionView, RelationshipView, SizeView, Strength,
    SuggestionView, SurpriseView, UnknownField, ViaView, VisitView, WishView,
};
pub use ties::OtherEnd;

/// What reading needs beside the entries.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'r> {
    /// The present moment.
    pub now: Timestamp,
    /// When the hub received edits whose claimed time lay in the future.
    pub corrections: &'r Corrections,
}

/// Everything one reader sees of one customer, reduced. Lists are in a fixed order: by time where a thing happened, by id elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CardView {
    /// The name.
    pub name: NameView,
    /// Since when the customer is known.
    pub since: Option<Timestamp>,
    /// Where they can be reached.
    pub endpoints: Vec<EndpointView>,
    /// What they consented to. What is not listed is unknown.
    pub consents: Vec<ConsentView>,
    /// Whether they agreed to a relationship.
    pub agreement: Option<Fact<Agreement>>,
    /// What follows from that: what was concluded about them is in this view only where it allows so.
    pub allowance: Allowance,
    /// How they may be contacted.
    pub contact: ContactView,
    /// What they like or not.
    pub preferences: Vec<PreferenceView>,
    /// Sizes.
    pub sizes: Vec<SizeView>,
    /// Allergies.
    pub allergies: Vec<AllergyView>,
    /// Notes, archived and redacted ones included.
    pub notes: Vec<NoteView>,
    /// Days worth remembering.
    pub occasions: Vec<OccasionView>,
    /// Ties to other customers.
    pub relationships: Vec<RelationshipView>,
    /// Wishes.
    pub wishes: Vec<WishView>,
    /// Purchases that are kept from linked people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub surprises: Vec<SurpriseView>,
    /// Promises.
    pub promises: Vec<PromiseView>,
    /// Visits, latest first.
    pub visits: Vec<VisitView>,
    /// Other dealings, latest first.
    pub interactions: Vec<InteractionView>,
    /// Reactions, latest first.
    pub reactions: Vec<ReactionView>,
    /// Tags, in alphabetical order.
    pub tags: Vec<Fact<String>>,
    /// What the customer needs.
    pub needs: Vec<NeedView>,
    /// What the customer suggests.
    pub suggestions: Vec<SuggestionView>,
    /// Other cards that are, or are not, the same person.
    pub links: Vec<LinkView>,
    /// What was asked of the hub.
    pub asks: Vec<AskView>,
    /// Invitations to small events.
    pub invitations: Vec<InvitationView>,
    /// Which edits were made in a merged view, by edit.
    pub via: Vec<ViaView>,
    /// What people said differently at the same time.
    pub conflicts: Vec<Conflict>,
    /// What only a newer version of the app can show.
    pub unknown: Vec<UnknownField>,
}

impl CardView {
    /// Reads a card, for whoever sees these facets.
    #[must_use]
    pub fn read(visible: &Visible, reading: &Reading<'_>) -> Self {
        let mut view = Self::default();
        for (facet, entries) in visible.iter() {
            // Groups come in the order of their names: whether they agreed is read before what hangs on it.
            for mut group in group::groups(facet, entries, reading.corrections) {
                if !view.allowance.may_conclude {
                    group.leave_out_conclusions();
                }
                view.add(&group, reading);
            }
        }
        view.finish();
        view
    }

    /// Reads a card for one person, who also sees their own words on notes that were moved meanwhile ([`NoteView::pending`]).
    #[must_use]
    pub fn read_by(visible: &Visible, reading: &Reading<'_>, reader: AssociateId) -> Self {
        let mut view = Self::read(visible, reading);
        view.add_pending(visible, reading.corrections, reader);
        view
    }

    /// What the customer allows on a channel for a purpose.
    #[must_use]
    pub fn consent(&self, channel: Option<Channel>, purpose: Purpose) -> Decision {
        self.consents
            .iter()
            .find(|consent| consent.channel == channel && consent.purpose == purpose)
            .map_or(Decision::Unknown, |consent| consent.decision)
    }

    /// The visit under way, the latest if several were begun.
    #[must_use]
    pub fn open_visit(&self) -> Option<&VisitView> {
        self.visits.iter().find(|visit| visit.open)
    }

    fn add(&mut self, group: &group::Group<'_>, reading: &Reading<'_>) {
        match group.entity {
            "agreement" | "consent" | "contact" | "customer" | "endpoint" | "name"
            | "relationship" | "tag" => self.add_people(group, reading),
            "note" => self.add_note(group),
            "allergy" | "preference" | "reaction" | "size" | "surprise" | "wish" => {
                self.add_shopping(group, reading);
            }
            "interaction" | "occasion" | "promise" | "visit" => self.add_time(group, reading),
            "ask" | "invitation" | "link" | "need" | "suggestion" | "via" => self.add_wants(group),
            _ => {}
        }
        for field in &group.fields {
            if super::schema::rule(group.entity, field.name).is_none() {
                self.unknown.push(UnknownField {
                    place: Place::of(group.facet),
                    path: group.path(field.name),
                });
            }
        }
    }

    /// What can only be said when everything was read.
    fn finish(&mut self) {
        self.visits
            .sort_by_key(|visit| (std::cmp::Reverse(visit.arrived.at), visit.id));
        self.interactions
            .sort_by_key(|one| (std::cmp::Reverse(one.summary.at), one.id));
        self.reactions
            .sort_by_key(|one| (std::cmp::Reverse(one.sentiment.at), one.edit));
        self.needs
            .sort_by_key(|one| (std::cmp::Reverse(one.what.at), one.id));
        self.suggestions
            .sort_by_key(|one| (std::cmp::Reverse(one.what.at), one.id));
        self.asks
            .sort_by_key(|one| (std::cmp::Reverse(one.words.at), one.id));
        let mut known = std::collections::BTreeSet::new();
        for reaction in &mut self.reactions {
            reaction.superseded = !known.insert(super::normal::fold(&reaction.sku));
        }
        self.tags.sort_by(|one, other| one.value.cmp(&other.value));
    }
}

#[cfg(test)]
mod tests;
