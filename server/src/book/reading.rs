//! Reading customers at the back office and by integrations: who reaches whom, and what each may see.
//!
//! # Invariants
//! - A customer is within reach when their card is in the book of the reader's shop, or the reader acts for the whole chain. There is one
//!   way to a [`Reached`] customer, [`reach`], and no reading of a card without one.
//! - The restricted facet is read only by an associate in whose own scope it is: need to know.
//! - Without the scope `notes:read` nothing that somebody wrote in their own words is in a view: it is taken away *before* the card is read, so
//!   no summary, conflict or brief can hold it.

use sync_core::access::{AccessEntry, AccessKind};
use sync_core::authority::HubAuthor;
use sync_core::card::reduce::Corrections;
use sync_core::card::schema;
use sync_core::card::{CardView, Entry, Facet, FieldPath, Key, Reading, Value, Visible};
use sync_core::crypto::sha256;
use sync_core::documents;
use sync_core::ids::{AssociateId, CustomerId, SessionId, Timestamp};
use sync_core::projection::Row;
use sync_core::scope::Scope;
use sync_core::search::{self, Among, SearchError, SearchResults};
use sync_core::store::{ReadTx, StoreError};

use super::Book;
use crate::identity::access::{Principal, Role, Scope as Permitted};
use crate::identity::integrations::IntegrationId;

/// A customer whom a principal reaches. Had from [`reach`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached(CustomerId);

impl Reached {
    /// The customer.
    #[must_use]
    pub fn customer(self) -> CustomerId {
        self.0
    }
}

/// The customer, if the principal reaches them now.
///
/// # Errors
/// What the store reports.
pub fn reach(
    tx: &dyn ReadTx,
    principal: &Principal,
    customer: CustomerId,
) -> Result<Option<Reached>, StoreError> {
    let scopes = documents::scopes(tx, Facet::Card.document(customer))?;
    let is_near = if principal.chain {
        !scopes.is_empty()
    } else {
        scopes.contains(&Scope::Book(principal.shop))
    };
    Ok(is_near.then_some(Reached(customer)))
}

/// Who an integration is in cards and in the access log: an id that no associate has.
#[must_use]
pub fn integration_author(id: IntegrationId) -> AssociateId {
    let digest = sha256("integration.author.v1", &[id.as_bytes()]);
    let first = digest.0.first_chunk().expect("a digest has 32 bytes");
    AssociateId(*first)
}

/// Under which name a principal reads and writes; `None` for a handheld with nobody signed in.
#[must_use]
pub fn author(principal: &Principal) -> Option<HubAuthor> {
    let associate = principal
        .associate
        .or_else(|| principal.integration.map(integration_author))?;
    let role = match principal.role {
        Role::Manager => schema::Role::Manager,
        // A partner does what an associate may: what only the hub itself may do stays with the hub.
        Role::Associate | Role::Integration => schema::Role::Associate,
        Role::Device => return None,
    };
    Some(HubAuthor {
        associate,
        session: principal.session.unwrap_or(SessionId([0; SessionId::LEN])),
        shop: principal.shop,
        role,
    })
}

/// A card as one principal may see it.
#[derive(Debug)]
pub struct Seen {
    /// What is seen.
    pub view: CardView,
    /// Whether it holds causes that are need to know.
    pub has_restricted: bool,
}

/// The entries of a card that one principal may see.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) visible: Visible,
    pub(super) corrections: Corrections,
    pub(super) has_restricted: bool,
}

/// Opens a card for a principal.
pub(super) fn open(
    book: &Book,
    principal: &Principal,
    reached: Reached,
) -> Result<Opened, StoreError> {
    let customer = reached.customer();
    let (mut visible, corrections) =
        book.visible(customer, (principal.shop, principal.associate))?;
    let has_restricted = visible
        .get(&Facet::Restricted)
        .is_some_and(|entries| !entries.is_empty());
    if !principal.scopes.has(Permitted::NotesRead) {
        visible = without_words(&visible);
    }
    Ok(Opened {
        visible,
        corrections,
        has_restricted,
    })
}

/// Reads a card by itself for a principal.
///
/// # Errors
/// What the store reports.
pub fn read(
    book: &Book,
    principal: &Principal,
    reached: Reached,
    now: Timestamp,
) -> Result<Seen, StoreError> {
    let opened = open(book, principal, reached)?;
    Ok(Seen {
        view: view(
            &opened.visible,
            &opened.corrections,
            principal.associate,
            now,
        ),
        has_restricted: opened.has_restricted,
    })
}

pub(super) fn view(
    visible: &Visible,
    corrections: &Corrections,
    reader: Option<AssociateId>,
    now: Timestamp,
) -> CardView {
    let reading = Reading { now, corrections };
    reader.map_or_else(
        || CardView::read(visible, &reading),
        |reader| CardView::read_by(visible, &reading, reader),
    )
}

/// What is left when nothing counts that people wrote in their own words.
fn without_words(visible: &Visible) -> Visible {
    visible
        .iter()
        .map(|(facet, entries)| {
            let kept = entries
                .iter()
                .filter(|(key, _)| !is_in_own_words(&key.path))
                .map(|(key, entry)| (key.clone(), without_reason(key, entry)));
            (*facet, kept.collect())
        })
        .collect()
}

/// Whether a field holds sentences of a person rather than a fact.
fn is_in_own_words(path: &FieldPath) -> bool {
    match path.entity.as_str() {
        "note" | "promise" | "visit" | "interaction" | "reaction" | "suggestion" | "ask" => true,
        "allergy" => path.field == "cause",
        "need" => path.field == "what" || path.field == "answer",
        "wish" => path.field == "note",
        // What a newer version of Carnet writes may be anything.
        entity => schema::rule(entity, &path.field).is_none(),
    }
}

/// A block on contact counts for everybody; why it was set is somebody's sentence.
fn without_reason(key: &Key, entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    if key.path.entity == "contact"
        && matches!(key.path.field.as_str(), "blocked" | "owner_only")
        && let Value::List(parts) = &mut entry.value
        && let Some(reason) = parts.get_mut(1)
    {
        *reason = Value::Null;
    }
    entry
}

/// Searches among those whom a principal reaches.
///
/// # Errors
/// [`SearchError`].
pub fn find(
    book: &Book,
    principal: &Principal,
    query: &str,
    limit: usize,
) -> Result<SearchResults, SearchError> {
    let tx = book.store().read()?;
    let among = Among {
        reach: &|row: &Row| Ok(reach(&*tx, principal, row.customer)?.is_some()),
        names_only: !principal.scopes.has(Permitted::NotesRead),
    };
    search::search_among(&*tx, query, limit, &among)
}

/// The lines that a read leaves in the access log.
#[must_use]
pub fn access_lines(
    principal: &Principal,
    reached: Reached,
    saw_restricted: bool,
    at: Timestamp,
) -> Vec<AccessEntry> {
    let Some(author) = author(principal) else {
        return Vec::new();
    };
    let line = |kind| AccessEntry {
        associate: author.associate,
        customer: reached.customer(),
        kind,
        at,
    };
    let mut lines = vec![line(AccessKind::Opened)];
    if saw_restricted {
        lines.push(line(AccessKind::SawRestricted));
    }
    lines
}
