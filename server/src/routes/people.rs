//! Who is one person: linked cards, links written on both, cards that may be one person, and customers who go from one associate to another.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::authority::{AuthorityError, HubEdit};
use sync_core::card::edit::LinkInput;
use sync_core::card::links::{Keys, Proposal, Standing, ToAllot, propose};
use sync_core::card::terms::{LinkEvidence, Sameness};
use sync_core::card::view::LinkView;
use sync_core::card::{CardView, Edit, Source};
use sync_core::concierge::handover::Pack;
use sync_core::duplicates::Fingerprint;
use sync_core::ids::{AssociateId, CustomerId, EditId, Timestamp};

use super::customers::read_aside;
use crate::book::person::{self, Seen};
use crate::book::reading;
use crate::duplicates;
use crate::handover::{self, Handed, Refused, Who};
use crate::http::AppState;
use crate::http::authorized::{
    Authorized, ManageAssociates, ManageBooks, ReadCustomers, WriteCustomers,
};
use crate::http::body::{Body, Parameters, PathId};
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::Principal;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/people.json");

/// Pairs of an answer that names no number, and at most.
const PAIRS_MAX: usize = 100;
/// Entries of the index that one answer reads.
const ENTRIES_MAX: usize = 20_000;
/// Cards that one answer opens.
const CARDS_MAX: usize = 500;
/// Cards that share one address: more are a hotel's or a company's, not one person's.
const SHARING_MAX: usize = 12;
/// Customers in one request of a handover that names them.
const HANDED_MAX: usize = 100;

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/customers/{customer}/person", show),
        Route::post("/v1/customers/{customer}/links", link),
        Route::get("/v1/duplicates", list_duplicates),
        Route::post("/v1/associates/{associate}/handover", hand_over),
    ]
}

#[derive(Serialize)]
struct CardOfPerson {
    id: CustomerId,
    /// None where the card is out of reach.
    name: Option<String>,
    since: Option<Timestamp>,
    in_reach: bool,
}

#[derive(Serialize)]
struct PersonAnswer {
    id: CustomerId,
    standing: Standing,
    /// The cards that the customer is read over, the one known for longest first.
    members: Vec<CustomerId>,
    /// Everything that is linked to the card, itself among it.
    cards: Vec<CardOfPerson>,
    /// Pairs of them of which somebody says that they are two people.
    apart: Vec<(CustomerId, CustomerId)>,
    /// What the card itself says of others.
    links: Vec<LinkView>,
    to_allot: Vec<ToAllot>,
}

async fn show(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<PersonAnswer>, ApiError> {
    let reached = caller.customer(&state, id)?;
    let now = state.clock.now();
    let person = read_aside(&state, &caller, move |state, principal| {
        Ok(person::open(&state.book, principal, reached, now)?)
    })
    .await?;
    state
        .book
        .log_reads(person.access_lines(&caller, now))
        .await?;
    let card = |id: &CustomerId| {
        let view = person.cards.get(id);
        CardOfPerson {
            id: *id,
            name: view.map(|view| view.name.shown()),
            since: view.and_then(|view| view.since),
            in_reach: view.is_some(),
        }
    };
    let own = person.cards.get(&id);
    Ok(Json(PersonAnswer {
        id,
        standing: person.component.standing(),
        cards: person.component.cards().iter().map(card).collect(),
        apart: person.component.apart().to_vec(),
        links: own.map_or_else(Vec::new, |view| view.links.clone()),
        members: person.members,
        to_allot: person.to_allot,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkBody {
    /// Made by the client, so that the same request again changes nothing.
    edit_id: Option<EditId>,
    other: CustomerId,
    sameness: Sameness,
    #[serde(default)]
    evidence: Vec<LinkEvidence>,
}

#[derive(Serialize)]
struct LinkedAnswer {
    edits: [EditId; 2],
    changed: bool,
}

async fn link(
    caller: Authorized<WriteCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
    Body(body): Body<LinkBody>,
) -> Result<Json<LinkedAnswer>, ApiError> {
    let one = caller.customer(&state, id)?.customer();
    let other = caller.customer(&state, body.other)?.customer();
    let author = reading::author(&caller).ok_or_else(|| ApiError::forbidden("sign in to write"))?;
    let first = body
        .edit_id
        .unwrap_or_else(|| EditId(state.entropy.bytes()));
    let second = person::other_side(&[first], other);
    let written = state.book.write_batch(move |engine| {
        let mut changed = false;
        for (id, card, other) in [(first, one, other), (second, other, one)] {
            let edit = Edit::LinkCustomers(LinkInput {
                other,
                sameness: body.sameness,
                evidence: body.evidence.clone(),
            });
            let edit = HubEdit {
                id,
                edit,
                source: Source::Typed,
                as_of: None,
            };
            changed |= engine.record(&author, card, &[edit])?;
        }
        Ok::<_, AuthorityError>(changed)
    });
    Ok(Json(LinkedAnswer {
        edits: [first, second],
        changed: written.await?,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DuplicatesParameters {
    after: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct NamedCard {
    id: CustomerId,
    name: String,
}

/// What is to be done about two cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Advice {
    /// Two independent strong keys are the same: they may be linked without asking.
    Link,
    /// A person has to look.
    Ask,
}

#[derive(Serialize)]
struct PairAnswer {
    cards: [NamedCard; 2],
    advice: Advice,
    evidence: Vec<LinkEvidence>,
}

#[derive(Serialize, Default)]
struct DuplicatesAnswer {
    pairs: Vec<PairAnswer>,
    /// Addresses that too many cards share to be one person's.
    crowded: usize,
    /// Where to go on; nothing at the end.
    next: Option<String>,
}

async fn list_duplicates(
    caller: Authorized<ManageBooks>,
    State(state): State<AppState>,
    Parameters(asked): Parameters<DuplicatesParameters>,
) -> Result<Json<DuplicatesAnswer>, ApiError> {
    let after = asked.after.as_deref().map(place).transpose()?;
    let limit = asked.limit.unwrap_or(PAIRS_MAX).clamp(1, PAIRS_MAX);
    let found = read_aside(&state, &caller, move |state, principal| {
        pairs(state, principal, after, limit)
    });
    Ok(Json(found.await?))
}

fn place(text: &str) -> Result<Fingerprint, ApiError> {
    let bits = u32::from_str_radix(text, 16).ok();
    bits.and_then(Fingerprint::from_bits)
        .ok_or_else(|| ApiError::invalid("after: give back what next said"))
}

fn pairs(
    state: &AppState,
    principal: &Principal,
    after: Option<Fingerprint>,
    limit: usize,
) -> Result<DuplicatesAnswer, ApiError> {
    let mut answer = DuplicatesAnswer::default();
    let mut cards: BTreeMap<CustomerId, Option<CardView>> = BTreeMap::new();
    let tx = state.store.read()?;
    let sharing = duplicates::sharing(&*tx, after, (ENTRIES_MAX, SHARING_MAX))?;
    let mut next = sharing.next;
    for group in sharing.groups {
        let Some(customers) = group.customers else {
            answer.crowded += 1;
            continue;
        };
        for (at, one) in customers.iter().enumerate() {
            for other in customers.iter().skip(at + 1) {
                // Who shares several addresses is told of once, at the first of them.
                if duplicates::first_shared(&*tx, *one, *other)? != Some(group.print) {
                    continue;
                }
                for card in [*one, *other] {
                    if let std::collections::btree_map::Entry::Vacant(vacant) = cards.entry(card) {
                        vacant.insert(within_reach(state, principal, card)?);
                    }
                }
                let both = (cards.get(one), cards.get(other));
                if let (Some(Some(first)), Some(Some(second))) = both {
                    answer.pairs.extend(pair((*one, first), (*other, second)));
                }
            }
        }
        if answer.pairs.len() >= limit || cards.len() >= CARDS_MAX {
            next = Some(group.print);
            break;
        }
    }
    answer.next = next.map(|print| format!("{:07x}", print.bits()));
    Ok(answer)
}

fn within_reach(
    state: &AppState,
    principal: &Principal,
    card: CustomerId,
) -> Result<Option<CardView>, ApiError> {
    let Some(reached) = reading::reach(&*state.store.read()?, principal, card)? else {
        return Ok(None);
    };
    let now = state.clock.now();
    Ok(Some(
        reading::read(&state.book, principal, reached, now)?.view,
    ))
}

/// Two cards of which nobody has said yet whether they are one person.
fn pair(one: (CustomerId, &CardView), other: (CustomerId, &CardView)) -> Option<PairAnswer> {
    let says = |of: &CardView, about: CustomerId| of.links.iter().any(|link| link.other == about);
    if says(one.1, other.0) || says(other.1, one.0) {
        return None;
    }
    // Loyalty accounts stand in no book yet.
    let keys = |view| Keys::of(view, std::collections::BTreeSet::new());
    let (advice, evidence) = match propose(&keys(one.1), &keys(other.1))? {
        Proposal::Link(evidence) => (Advice::Link, evidence),
        Proposal::Ask(evidence) => (Advice::Ask, evidence),
    };
    let cards = [one, other].map(|(id, view)| NamedCard {
        id,
        name: view.name.shown(),
    });
    Some(PairAnswer {
        cards,
        advice,
        evidence,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandoverBody {
    to: AssociateId,
    /// Whom to hand over; everybody, where it is not said.
    customers: Option<Vec<CustomerId>>,
    /// Of everybody, those after this one: what `next` of the answer before said.
    after: Option<CustomerId>,
}

#[derive(Serialize)]
struct HandedAnswer {
    #[serde(flatten)]
    handed: Handed,
    pack: Pack,
}

#[derive(Serialize)]
struct HandoverAnswer {
    handed: Vec<HandedAnswer>,
    refused: Vec<Refused>,
    /// Where to go on, with the same request; nothing at the end.
    next: Option<CustomerId>,
}

async fn hand_over(
    caller: Authorized<ManageAssociates>,
    State(state): State<AppState>,
    PathId(from): PathId<AssociateId>,
    Body(body): Body<HandoverBody>,
) -> Result<Json<HandoverAnswer>, ApiError> {
    let to = body.to;
    {
        let directory = state.identity.directory();
        for (id, what) in [(from, "associate"), (to, "to")] {
            let row = directory.associates.get(&id);
            let row = row.ok_or_else(|| ApiError::not_found(what))?;
            caller.reach(row.shop, what)?;
            if id == to && row.deactivated_at.is_some() {
                return Err(ApiError::invalid("to: they have left"));
            }
        }
    }
    if from == to {
        return Err(ApiError::invalid("to: name somebody else"));
    }
    let who = match body.customers {
        Some(customers) if !(1..=HANDED_MAX).contains(&customers.len()) => {
            return Err(ApiError::invalid(format!(
                "customers: expected 1 to {HANDED_MAX} of them"
            )));
        }
        Some(customers) => {
            for customer in &customers {
                caller.customer(&state, *customer)?;
            }
            Who::These(customers)
        }
        None => Who::EverybodyAfter(body.after),
    };
    let done = handover::hand_over(&state, &caller, (from, to), who).await?;
    let mut handed = Vec::with_capacity(done.handed.len());
    for one in done.handed {
        let reached = caller.customer(&state, one.id)?;
        let now = state.clock.now();
        let (pack, lines) = read_aside(&state, &caller, move |state, principal| {
            let person = person::open(&state.book, principal, reached, now)?;
            let seen = Seen::gather(&state.book, principal, &person, now)?.seen_by(to);
            Ok((
                Pack::of(&seen.picture()),
                person.access_lines(principal, now),
            ))
        })
        .await?;
        state.book.log_reads(lines).await?;
        handed.push(HandedAnswer { handed: one, pack });
    }
    Ok(Json(HandoverAnswer {
        handed,
        refused: done.refused,
        next: done.next,
    }))
}
