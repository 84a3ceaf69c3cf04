//! Ties between customers, read from both ends.
//!
//! An edge has one derived id and is written on the card that somebody works with, so its two ends can differ.
//! Whoever has both cards joins them here.

use std::collections::BTreeMap;

use super::{CardView, Reading};
use crate::card::entries::{Entries, Visible};
use crate::card::reduce::Corrections;
use crate::card::schema::flag;
use crate::card::terms::Agreement;
use crate::card::{Facet, FieldPath};
use crate::ids::CustomerId;

/// What is at hand of the customer at the other end of a tie: the chain's card, with its corrected times.
#[derive(Debug, Clone, Default)]
pub struct OtherEnd {
    /// What stands there.
    pub entries: Entries,
    /// When the hub received edits whose claimed time lay in the future.
    pub corrections: Corrections,
}

impl CardView {
    /// Joins the ties of this card with the other ends that are at hand.
    ///
    /// Removing wins over both cards: a tie that is taken back on either is gone until it is made again on that one, since no card tells
    /// what was seen on the other. The other's name is shown only while they agree to a relationship with the house.
    pub fn join_ties(&mut self, ends: &BTreeMap<CustomerId, OtherEnd>, reading: &Reading<'_>) {
        self.relationships.retain_mut(|tie| {
            let Some(end) = ends.get(&tie.other.value) else {
                return true;
            };
            let path = FieldPath::new("relationship", &tie.id, "present");
            let mut heads = end.entries.heads(&path);
            if heads.any(|(_, entry)| flag(&entry.value) == Some(false)) {
                return false;
            }
            tie.name = end.name(reading);
            true
        });
    }
}

impl OtherEnd {
    fn name(&self, reading: &Reading<'_>) -> Option<String> {
        let visible = Visible::from_iter([(Facet::Card, self.entries.clone())]);
        let reading = Reading {
            now: reading.now,
            corrections: &self.corrections,
        };
        let view = CardView::read(&visible, &reading);
        let agrees = view
            .agreement
            .as_ref()
            .is_some_and(|said| said.value == Agreement::Agreed);
        Some(view.name.shown()).filter(|name| agrees && !name.is_empty())
    }
}
