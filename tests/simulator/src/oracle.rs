//! What the simulation knows because it watched: every edit with its true author, every answer of the hub, every look at a card.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::access::AccessEntry;
use sync_core::card::Facet;
use sync_core::card::schema::Role;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, DocumentId, EditId, SessionId};
use sync_core::protocol::frame::{Frame, Ruling};

use crate::fleet::Exchange;

/// An edit as it was made.
#[derive(Debug, Clone)]
pub struct Told {
    /// Whose record it changes.
    pub customer: CustomerId,
    /// Which parts of it.
    pub facets: Vec<Facet>,
    /// Who was signed in.
    pub associate: AssociateId,
    /// Under which sign-in.
    pub session: SessionId,
    /// On which device.
    pub device: DeviceId,
    /// In which role, as the handheld believed.
    pub role: Role,
    /// Whether the hub does not know the sign-in.
    pub is_stray: bool,
    /// Whether the only disk that held it went back to an older image.
    pub is_forgiven: bool,
}

impl Told {
    /// The documents it changes.
    pub fn documents(&self) -> impl Iterator<Item = DocumentId> + '_ {
        self.facets
            .iter()
            .map(|facet| facet.document(self.customer))
    }
}

/// A look at a card.
#[derive(Debug, Clone)]
pub struct Look {
    /// On which device.
    pub device: DeviceId,
    /// Who, at whom, when.
    pub entry: AccessEntry,
    /// Whether the only disk that held it went back to an older image.
    pub is_forgiven: bool,
}

/// Everything that was watched.
#[derive(Debug, Default)]
pub struct Oracle {
    /// Edits that were recorded, on handhelds and at the back office.
    pub told: BTreeMap<EditId, Told>,
    /// Edits that the hub said it holds.
    pub acknowledged: BTreeSet<(DocumentId, EditId)>,
    /// The last word of the hub on each edit.
    pub rulings: BTreeMap<EditId, Ruling>,
    /// Looks at cards.
    pub looks: Vec<Look>,
}

impl Oracle {
    /// Takes note of what the hub answered to a push.
    pub fn watch(&mut self, exchange: &Exchange) {
        let Frame::Push(push) = &exchange.frame else {
            return;
        };
        let verdicts = exchange.replies.iter().filter_map(|reply| {
            if let Frame::Verdicts(verdicts) = reply {
                Some(&verdicts.verdicts)
            } else {
                None
            }
        });
        for (sealed, verdict) in push.entries.iter().zip(verdicts.flatten()) {
            let holds = matches!(
                verdict.ruling,
                Ruling::Accepted { .. } | Ruling::Duplicate { .. }
            );
            for edit in &sealed.envelope.edits {
                self.rulings.insert(*edit, verdict.ruling.clone());
            }
            if holds {
                let document = sealed.envelope.document();
                let edits = sealed.envelope.edits.iter();
                self.acknowledged
                    .extend(edits.map(|edit| (document, *edit)));
            }
        }
    }
}
