//! What a proposal is made from: the shop's customers with the latest dealings, and what their cards say.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::card::Facet;
use sync_core::card::terms::RelationshipKind;
use sync_core::concierge::guests::Candidate;
use sync_core::documents;
use sync_core::ids::{CustomerId, ShopId};
use sync_core::projection;
use sync_core::scope::Scope;
use sync_core::store::{self, ReadTx, StoreError, Table};

use super::{Asked, CANDIDATES_MAX, EventView, events};
use crate::book::Book;
use crate::desk::invitations::{Invitations, guest};

/// What a proposal and its review are made from, besides the event.
#[derive(Debug, Default)]
pub(super) struct Field {
    pub(super) candidates: BTreeMap<CustomerId, Candidate>,
    pub(super) apart: BTreeSet<(CustomerId, CustomerId)>,
    /// Cards of persons for whom another card of these customers speaks already.
    pub(super) again: BTreeSet<CustomerId>,
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
    (shop, view): (ShopId, &EventView),
    customers: &[CustomerId],
    asked: &Asked<'_>,
) -> Result<Field, StoreError> {
    let tx = book.store().read()?;
    let events = events(&*tx, shop)?;
    let invitations = Invitations::read(&*tx, asked.now)?;
    let among: BTreeSet<CustomerId> = customers.iter().copied().collect();
    let mut field = Field::default();
    let mut apart = Vec::new();
    // Which card speaks for each card of a person.
    let mut speakers = BTreeMap::new();
    for customer in customers {
        // What speaks for and against them is on cards that the shop may read; the guard asks the whole person.
        let whole = invitations.person((book, &*tx), *customer, shop)?;
        let near = match whole.members.len() {
            // Who is one card is not read twice.
            ..=1 => None,
            _ => Some(guest((book, &*tx), *customer, shop)?),
        };
        let (card, members) = near
            .as_ref()
            .map_or((&whole.view, &whole.members), |near| (&near.0, &near.1));
        let mut candidate = Candidate::of(card, &view.id, &events);
        candidate.owner = whole.owner.as_ref().map(|owner| owner.owner);
        let place = (shop, view.event.hosts.as_slice());
        let refused = invitations.refusal(&*tx, (*customer, &whole), place)?;
        candidate.guard = refused.map(|reason| reason.as_str().to_owned());
        candidate.is_of_the_rest = !asked.cohort.is_best(&*tx, *customer)?;
        let ties = card.relationships.iter();
        let separate = ties.filter(|tie| tie.kind == RelationshipKind::Separate);
        apart.extend(separate.map(|tie| (*customer, tie.other.value)));
        let speaker = members.iter().find(|member| among.contains(member));
        let speaker = *speaker.unwrap_or(customer);
        speakers.extend(members.iter().map(|member| (*member, speaker)));
        if speaker != *customer {
            field.again.insert(*customer);
        }
        field.candidates.insert(*customer, candidate);
    }
    let speaker = |card: CustomerId| speakers.get(&card).copied().unwrap_or(card);
    for (one, other) in apart {
        let (one, other) = (speaker(one), speaker(other));
        field.apart.insert((one.min(other), one.max(other)));
    }
    Ok(field)
}
