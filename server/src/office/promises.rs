//! Promises that are not kept, over every shop in the manager's reach.
//!
//! The index by date tells who waits; only for those that are shown the card is opened, and that is in the access log like every other read.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use axum::extract::State;
use axum::response::Response;
use maud::html;
use sync_core::access::AccessEntry;
use sync_core::card::view::PromiseView;
use sync_core::ids::{AssociateId, CustomerId, Timestamp};
use sync_core::limits;
use sync_core::projection::dates;
use sync_core::store::ReadTx;

use super::layout::{Section, cell};
use super::session::Visitor;
use super::times;
use super::words::{self, title};
use crate::book::{person, reading};
use crate::http::AppState;
use crate::http::authorized::ReadCustomers;
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::Principal;
use crate::routes::customers::read_aside;

/// Customers on one page: each is a card that is opened, and a line in the access log.
const SHOWN_MAX: usize = 50;
/// How far ahead a promise counts as soon.
const SOON_MS: i64 = 7 * Timestamp::DAY_MS;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get(Section::Promises.path(), show)]
}

/// What the read rows tell of the shops in reach.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Customers with an overdue promise.
    pub(super) overdue: u64,
    /// Those that wait longest, in this order.
    longest: Vec<CustomerId>,
    /// Customers whose next promise is due soon.
    pub(super) soon: u64,
    /// Customers in a shop now.
    pub(super) here: u64,
}

impl Survey {
    /// Reads what is due by then, and who came in lately: no other row.
    pub(super) fn of(
        tx: &dyn ReadTx,
        principal: &Principal,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let mut survey = Self::default();
        dates::due_before(tx, now.plus_ms(SOON_MS), &mut |due, customer| {
            if reading::reach(tx, principal, customer)?.is_none() {
                return Ok(ControlFlow::Continue(()));
            }
            if due >= now {
                survey.soon += 1;
            } else {
                survey.overdue += 1;
                if survey.longest.len() < SHOWN_MAX {
                    survey.longest.push(customer);
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let forgotten = now.plus_ms(-limits::VISIT_OPEN_MS_MAX);
        dates::came_after(tx, forgotten, &mut |_, customer| {
            let is_reached = reading::reach(tx, principal, customer)?.is_some();
            survey.here += u64::from(is_reached);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(survey)
    }
}

/// A customer who waits, with the promises that are overdue.
struct Waiting {
    customer: CustomerId,
    /// What this reading leaves in the access log.
    reads: Vec<AccessEntry>,
    name: String,
    promises: Vec<PromiseView>,
}

/// Whom to show.
struct Found {
    /// How many customers were looked at.
    looked: usize,
    /// How many wait, as their rows tell.
    all: u64,
    waiting: Vec<Waiting>,
}

async fn show(
    visitor: Visitor<ReadCustomers>,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    let now = state.clock.now();
    let Found {
        looked,
        all,
        waiting,
    } = read_aside(&state, &visitor, move |state, principal| {
        waiting(state, principal, now)
    })
    .await?;
    let mut lines = Vec::new();
    for one in &waiting {
        lines.extend(one.reads.iter().cloned());
    }
    state.book.log_reads(lines).await?;
    let body = html! {
        p { (words::PROMISES_LEAD) }
        @if waiting.iter().all(|one| one.promises.is_empty()) {
            p.calm { (words::PROMISES_NONE) }
        } @else {
            table.cards {
                thead { tr {
                    th scope="col" { (words::CUSTOMER) }
                    th scope="col" { (words::PROMISE) }
                    th scope="col" { (words::DUE) }
                    th scope="col" { (words::WHO) }
                } }
                tbody {
                    @for one in &waiting {
                        @for promise in &one.promises {
                            tr {
                                (cell(words::CUSTOMER, &super::customers::link(one.customer, &one.name)))
                                (cell(words::PROMISE, &html! { (promise.what.value) }))
                                (cell(words::DUE, &html! { @if let Some(due) = promise.due { (times::moment(due, now)) } }))
                                (cell(words::WHO, &html! { (who(&state, promise)) }))
                            }
                        }
                    }
                }
            }
            @if u64::try_from(looked).is_ok_and(|looked| looked < all) {
                p.small { (words::promises_more(looked, all)) }
            }
        }
    };
    Ok(visitor.page(Section::Promises, title::PROMISES, &body))
}

fn waiting(state: &AppState, principal: &Principal, now: Timestamp) -> Result<Found, ApiError> {
    let tx = state.store.read()?;
    let survey = Survey::of(&*tx, principal, now)?;
    let mut found = Vec::new();
    let mut shown = BTreeSet::new();
    for customer in &survey.longest {
        let Some(reached) = reading::reach(&*tx, principal, *customer)? else {
            continue;
        };
        if shown.contains(customer) {
            continue;
        }
        // A row tells of one card; what was kept may stand on another of the same person.
        let person = person::open(&state.book, principal, reached, now)?;
        shown.extend(person.members.iter().copied());
        let mut promises = person.view.promises.clone();
        promises.retain(|promise| promise.overdue);
        promises.sort_by_key(|promise| (promise.due, promise.id));
        found.push(Waiting {
            customer: *customer,
            reads: person.access_lines(principal, now),
            name: person.view.name.shown(),
            promises,
        });
    }
    Ok(Found {
        looked: survey.longest.len(),
        all: survey.overdue,
        waiting: found,
    })
}

/// Who sees to a promise: whoever claimed it, or else who made it.
pub(super) fn who(state: &AppState, promise: &PromiseView) -> String {
    let ids = match promise.assignees.as_slice() {
        [] => std::slice::from_ref(&promise.what.by),
        some => some,
    };
    names(state, ids)
}

pub(super) fn names(state: &AppState, ids: &[AssociateId]) -> String {
    let directory = state.identity.directory();
    let named = ids.iter().map(|id| {
        let row = directory.associates.get(id);
        row.filter(|row| row.deactivated_at.is_none())
            .map_or(words::FORMER, |row| row.name.as_str())
    });
    named.collect::<Vec<_>>().join(", ")
}
