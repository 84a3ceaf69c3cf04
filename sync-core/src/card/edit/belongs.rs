//! To which card of a person who is several cards an edit goes.
//!
//! # Why
//! - What is said of the person goes to the oldest card, through the view of all: nothing that stood on a card is replaced, so it is there
//!   again, byte for byte, if they turn out to be two people.
//! - An edit of a note goes to the card that the note stands on. Its words, its label and its redaction must stand together: search, lists and
//!   whoever sees that card alone go by them, and a redaction elsewhere would leave the words where they are. Whose note it is nobody has to guess.
//! - What takes back an ask goes to the card that asked: the hub answers an ask from its own card.
//! - A link says what *this* card is to another, and a card is begun as itself.

use std::collections::BTreeMap;

use super::Edit;
use crate::card::Facet;
use crate::card::entries::Visible;
use crate::card::key::FieldPath;
use crate::card::terms::Place;
use crate::ids::{AssociateId, CustomerId, EditId, ShopId};

/// Where an edit of a person is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belongs {
    /// To the oldest card, through the view of all.
    ToPerson,
    /// To the card that was named.
    ToCard,
    /// To the cards on which this stands.
    With(Thing),
}

/// Something that stands on a card under the id of the edit that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thing {
    place: Place,
    entity: &'static str,
    id: EditId,
    field: &'static str,
}

impl Thing {
    const fn note(place: Place, id: EditId) -> Self {
        Self {
            place,
            entity: "note",
            id,
            field: "body",
        }
    }

    /// The cards on which it stands for a reader of this shop, in ascending order.
    #[must_use]
    pub fn cards(
        &self,
        cards: &BTreeMap<CustomerId, Visible>,
        (shop, reader): (ShopId, AssociateId),
    ) -> Vec<CustomerId> {
        let facet = match self.place {
            Place::Card => Facet::Card,
            Place::Shop => Facet::Shop(shop),
            Place::Restricted => Facet::Restricted,
            Place::Private => Facet::Private(reader),
        };
        let path = FieldPath::new(self.entity, &self.id.to_string(), self.field);
        let stands = |visible: &Visible| visible.heads(&facet, &path).next().is_some();
        let with_it = cards.iter().filter(|(_, visible)| stands(visible));
        with_it.map(|(card, _)| *card).collect()
    }
}

impl Edit {
    /// Where this edit of a person who is several cards is written.
    #[must_use]
    pub fn belongs(&self) -> Belongs {
        match self {
            Self::CreateCustomer { .. } | Self::LinkCustomers(_) => Belongs::ToCard,
            Self::EditNote { place, note, .. }
            | Self::ArchiveNote { place, note, .. }
            | Self::PinNote { place, note, .. }
            | Self::LabelNote { place, note, .. }
            | Self::RedactNote { place, note, .. }
            | Self::MoveNote {
                from: place, note, ..
            } => Belongs::With(Thing::note(*place, *note)),
            Self::WithdrawAsk { ask } => Belongs::With(Thing {
                place: Place::Card,
                entity: "ask",
                id: *ask,
                field: "wanted",
            }),
            Self::Resolve { place, path, .. } => chosen(*place, path),
            Self::SetName { .. }
            | Self::AddEndpoint { .. }
            | Self::RemoveEndpoint { .. }
            | Self::MarkEndpoint { .. }
            | Self::RecordConsent { .. }
            | Self::SetAgreement { .. }
            | Self::BlockContact { .. }
            | Self::LiftBlock { .. }
            | Self::PauseContact { .. }
            | Self::SetServiceMode { .. }
            | Self::SetLanguage { .. }
            | Self::SetChannels { .. }
            | Self::SetPreference { .. }
            | Self::ObservePreference { .. }
            | Self::DropPreference { .. }
            | Self::SetSize { .. }
            | Self::RecordAllergy { .. }
            | Self::RemoveAllergy { .. }
            | Self::AddNote { .. }
            | Self::SetOccasion { .. }
            | Self::RemoveOccasion { .. }
            | Self::AddRelationship { .. }
            | Self::RemoveRelationship { .. }
            | Self::AddWish { .. }
            | Self::RemoveWish { .. }
            | Self::FulfillWish { .. }
            | Self::MakePromise { .. }
            | Self::ChangePromise { .. }
            | Self::SetPromiseStatus { .. }
            | Self::AssignPromise { .. }
            | Self::Arrive { .. }
            | Self::Capture { .. }
            | Self::Leave { .. }
            | Self::RecordInteraction { .. }
            | Self::RecordReaction { .. }
            | Self::Tag { .. }
            | Self::Untag { .. }
            | Self::AddNeed(_)
            | Self::ChangeNeed(_)
            | Self::SetNeedState { .. }
            | Self::AnswerNeed { .. }
            | Self::AddSuggestion(_)
            | Self::AcknowledgeSuggestion { .. }
            | Self::AnswerSuggestion { .. }
            | Self::TellSuggestion { .. }
            | Self::Ask(_)
            | Self::SetInvitation(_)
            | Self::SetSurprise(_)
            | Self::KeepToOwner { .. }
            | Self::OpenToColleagues { .. }
            | Self::SetMinor { .. } => Belongs::ToPerson,
        }
    }
}

/// A choice between what people said of one field goes where an edit of that field would.
fn chosen(place: Place, path: &str) -> Belongs {
    let mut parts = path.split('/');
    match (parts.next(), parts.next().map(str::parse)) {
        (Some("note"), Some(Ok(note))) => Belongs::With(Thing::note(place, note)),
        (Some("link"), _) => Belongs::ToCard,
        _ => Belongs::ToPerson,
    }
}
