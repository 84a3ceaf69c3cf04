//! Links between cards: what one card says of another, the other says too, so that whoever holds only one of them knows.
//!
//! # Invariants
//! - A card is written to only if it is in the book of the shop where the link was made: nobody links what they can't see.
//! - That two cards are different people is carried over to a card that said otherwise before; that they are one never is.
//! - The same link makes the same edit.

use sync_core::authority::{AuthorityError, HubAuthor, HubEdit};
use sync_core::card::edit::LinkInput;
use sync_core::card::schema::Role;
use sync_core::card::terms::{LinkEvidence, Sameness};
use sync_core::card::view::LinkView;
use sync_core::card::{CardView, Edit, Facet, Source};
use sync_core::documents;
use sync_core::ids::{CustomerId, SessionId};
use sync_core::scope::Scope;

use super::{DeskError, gathering};
use crate::book::EngineTx;
use crate::book::person::other_side;

/// Writes what a card says of others on those others.
pub(super) fn complete(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    view: &CardView,
) -> Result<(), DeskError> {
    for link in &view.links {
        if link.other != customer {
            complete_one(engine, customer, link)?;
        }
    }
    Ok(())
}

fn complete_one(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    link: &LinkView,
) -> Result<(), DeskError> {
    let said = &link.sameness;
    let scopes = documents::scopes(engine.tx().as_read(), Facet::Card.document(link.other))?;
    if !scopes.contains(&Scope::Book(said.shop)) {
        return Ok(());
    }
    let there = gathering::card(engine, link.other)?;
    let there = there.links.iter().find(|back| back.other == customer);
    // Who links two cards again writes to both, one after the other: what was said before must not come between.
    let is_told = there.is_some_and(|back| {
        let is_news = said.value == Sameness::Different && back.sameness.value == Sameness::Same;
        !is_news || said.at <= back.sameness.at
    });
    if is_told {
        return Ok(());
    }
    let evidence = link.evidence.iter();
    let mut evidence: Vec<_> = evidence
        .filter_map(|name| LinkEvidence::parse(name))
        .collect();
    if evidence.is_empty() {
        evidence.push(LinkEvidence::Said);
    }
    let author = HubAuthor {
        associate: said.by,
        session: SessionId([0; SessionId::LEN]),
        shop: said.shop,
        role: Role::Associate,
    };
    let edit = HubEdit {
        id: other_side(&said.sources, link.other),
        edit: Edit::LinkCustomers(LinkInput {
            other: customer,
            sameness: said.value,
            evidence,
        }),
        source: match said.source {
            Source::Imported => Source::Typed,
            source @ (Source::Typed
            | Source::Observed
            | Source::Stated
            | Source::CustomerEntered) => source,
        },
        as_of: None,
    };
    match engine.record(&author, link.other, &[edit]) {
        Ok(_) => Ok(()),
        Err(AuthorityError::Store(error)) => Err(error.into()),
        // A card that takes no more is read by itself; the link stands on this one.
        Err(error) => {
            tracing::debug!(error = %error, "the other side of a link was not written");
            Ok(())
        }
    }
}
