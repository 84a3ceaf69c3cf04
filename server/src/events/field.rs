//! What a proposal is made from: the shop's customers with the latest dealings, and what their cards say.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::card::terms::RelationshipKind;
use sync_core::card::{CardView, Facet, Reading};
use sync_core::concierge::guests::Candidate;
use sync_core::documents;
use sync_core::ids::{CustomerId, ShopId, Timestamp};
use sync_core::notices::bodies::OwnerBody;
use sync_core::notices::{self, Subject};
use sync_core::projection;
use sync_core::scope::Scope;
use sync_core::store::{self, ReadTx, StoreError, Table};

use super::{Asked, CANDIDATES_MAX, events};
use crate::book::Book;

/// What a proposal and its review are made from, besides the event.
#[derive(Debug, Default)]
pub(super) struct Field {
    pub(super) candidates: BTreeMap<CustomerId, Candidate>,
    pub(super) apart: BTreeSet<(CustomerId, CustomerId)>,
}

pub(super) fn read(
    book: &Book,
    customer: CustomerId,
    (shop, now): (ShopId, Timestamp),
) -> Result<CardView, StoreError> {
    let (visible, corrections) = book.visible(customer, (shop, None))?;
    let reading = Reading {
        now,
        corrections: &corrections,
    };
    Ok(CardView::read(&visible, &reading))
}

/// The customers of a book with the latest dealings.
pub(super) fn latest(tx: &dyn ReadTx, shop: ShopId) -> Result<Vec<CustomerId>, StoreError> {
    let mut found = Vec::new();
    let book = Scope::Book(shop).key();
    store::scan_prefix(tx, Table::ScopeDocument, &book, &mut |key, _| {
        let document = key
            .get(book.len()..)
            .and_then(sync_core::ids::DocumentId::from_slice);
        let Some(document) = document else {
            return Ok(std::ops::ControlFlow::Continue(()));
        };
        if let Some(row) = documents::row(tx, document)?
            && row.facet == Facet::Card
        {
            let rank = projection::read_row(tx, row.customer)?.map_or(0, |row| row.rank);
            found.push((std::cmp::Reverse(rank), row.customer));
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    found.sort_unstable();
    found.truncate(CANDIDATES_MAX);
    Ok(found.into_iter().map(|(_, customer)| customer).collect())
}

pub(super) fn field(
    book: &Book,
    (shop, id): (ShopId, &str),
    customers: &[CustomerId],
    asked: &Asked<'_>,
) -> Result<Field, StoreError> {
    let tx = book.store().read()?;
    let events = events(&*tx, shop)?;
    let mut field = Field::default();
    for customer in customers {
        let view = read(book, *customer, (shop, asked.now))?;
        let mut candidate = Candidate::of(&view, id, &events);
        let owner = notices::get::<OwnerBody>(&*tx, Subject::Customer(*customer), "")?;
        candidate.owner = owner.map(|(_, body)| body.owner);
        candidate.guard = (asked.guard)(*customer, &view, asked.now);
        candidate.is_of_the_rest = !asked.cohort.is_best(&*tx, *customer)?;
        for tie in &view.relationships {
            if tie.kind == RelationshipKind::Separate {
                let other = tie.other.value;
                field
                    .apart
                    .insert(((*customer).min(other), (*customer).max(other)));
            }
        }
        field.candidates.insert(*customer, candidate);
    }
    Ok(field)
}
