//! Finding a customer, and one customer's page.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use sync_core::card::CardView;
use sync_core::concierge::Language;
use sync_core::concierge::brief::{Brief, render};
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::projection::{Flags, Row};
use sync_core::records::{self, Currency, Totals, format_amount};
use sync_core::search::SearchResults;
use sync_core::store::{ReadTx, StoreError};

use super::layout::{Section, cell};
use super::session::{Form, Visitor};
use super::words;
use super::{promises, times};
use crate::book::person::{self, Seen};
use crate::book::reading;
use crate::http::AppState;
use crate::http::authorized::ReadCustomers;
use crate::http::body::PathId;
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::Scope;
use crate::routes::customers::read_aside;

/// Customers that one search shows.
const FOUND_MAX: usize = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(Section::Customers.path(), ask),
        Route::post(Section::Customers.path(), find),
        Route::get("/office/customers/{customer}", show),
    ]
}

/// The form to find somebody. It is posted: a name in an address would be in histories and logs.
pub(super) fn search_form<P>(visitor: &Visitor<P>, query: &str) -> Markup {
    html! {
        form.search role="search" method="post" action=(Section::Customers.path()) {
            (visitor.hidden_token())
            label for="q" { (words::FIND_LABEL) }
            div.row {
                input #q name="q" type="search" value=(query) autocomplete="off" maxlength="128" spellcheck="false";
                button type="submit" { (words::FIND_GO) }
            }
        }
    }
}

async fn ask(visitor: Visitor<ReadCustomers>) -> Response {
    let body = html! {
        (search_form(&visitor, ""))
        p.small { (words::FIND_LEAD) }
    };
    visitor.page(Section::Customers, words::FIND, &body)
}

#[derive(Deserialize)]
struct FindForm {
    #[serde(default)]
    q: String,
}

async fn find(
    visitor: Visitor<ReadCustomers>,
    State(state): State<AppState>,
    Form(asked): Form<FindForm>,
) -> Result<Response, ApiError> {
    let query = asked.q.clone();
    let found = read_aside(&state, &visitor, move |state, principal| {
        Ok(reading::find(&state.book, principal, &asked.q, FOUND_MAX)?)
    })
    .await?;
    let body = html! {
        (search_form(&visitor, &query))
        (results(&found, state.clock.now()))
    };
    Ok(visitor.page(Section::Customers, words::FIND, &body))
}

fn results(found: &SearchResults, now: Timestamp) -> Markup {
    html! {
        @if found.rows.is_empty() {
            p.calm role="status" { (words::FOUND_NONE) }
        } @else {
            ul.people { @for row in &found.rows { li { (person(row, now)) } } }
            @if found.more {
                p.small { (words::FOUND_MORE) }
            }
        }
    }
}

fn person(row: &Row, now: Timestamp) -> Markup {
    html! {
        (link(row.customer, &row.name))
        span.tags {
            @if row.is_here(now) { span.mark.good { (words::HERE) } }
            @if row.flags.has(Flags::ALLERGY) { span.mark { (words::ALLERGY) } }
            @if row.flags.has(Flags::DO_NOT_CONTACT) { span.mark { (words::DO_NOT_CONTACT) } }
            @if let Some(phone) = row.phones.first() { span.quiet { (words::PHONE) " " (phone) } }
        }
    }
}

/// A customer's name, leading to their page.
pub(super) fn link(customer: CustomerId, name: &str) -> Markup {
    html! { a href=(format!("{}/{customer}", Section::Customers.path())) { (shown(name)) } }
}

fn shown(name: &str) -> &str {
    if name.trim().is_empty() {
        words::NO_NAME
    } else {
        name
    }
}

async fn show(
    visitor: Visitor<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Response, ApiError> {
    let reached = visitor.customer(&state, id)?;
    let now = state.clock.now();
    let (person, brief, totals) = read_aside(&state, &visitor, move |state, principal| {
        let person = person::open(&state.book, principal, reached, now)?;
        let seen = Seen::gather(&state.book, principal, &person, now)?;
        let totals = if principal.scopes.has(Scope::RecordRead) {
            totals(&*state.store.read()?, id, &person.members)?
        } else {
            Totals::default()
        };
        Ok((person, Brief::of(&seen.picture()), totals))
    })
    .await?;
    // The read is in the log before anybody sees what was read.
    let lines = person.access_lines(&visitor, now);
    state.book.log_reads(lines).await?;
    let view = &person.view;
    let body = html! {
        (facts(view))
        section.avoid aria-labelledby="avoid" {
            h2 #avoid { (words::AVOID) }
            (to_avoid(&brief))
        }
        section aria-labelledby="promises" {
            h2 #promises { (words::OPEN_PROMISES) }
            (open_promises(&state, view, now))
        }
        section aria-labelledby="purchases" {
            h2 #purchases { (words::PURCHASES) }
            (purchases(&totals))
        }
        p.small { (words::LOGGED) }
    };
    Ok(visitor.page(Section::Customers, shown(&view.name.shown()), &body))
}

/// What was bought and returned, over every card of the person.
fn totals(
    tx: &dyn ReadTx,
    customer: CustomerId,
    members: &[CustomerId],
) -> Result<Totals, StoreError> {
    let mut totals = records::totals(tx, customer)?;
    for member in members.iter().filter(|member| **member != customer) {
        records::for_each(tx, *member, &mut |record| totals.add(&record))?;
    }
    Ok(totals)
}

fn facts(view: &CardView) -> Markup {
    let name = &view.name;
    let text = |fact: Option<&str>| fact.filter(|text| !text.is_empty()).map(str::to_owned);
    let facts = [
        (
            words::ADDRESS,
            text(name.address.as_ref().map(|it| it.value.as_str())),
        ),
        (
            words::SPOKEN,
            text(name.pronunciation.as_ref().map(|it| it.value.as_str())),
        ),
        (
            words::LANGUAGE,
            text(view.contact.language.as_ref().map(|it| it.value.as_str())),
        ),
        (words::SINCE, view.since.map(|at| times::date(at.days()))),
        (
            words::TO_ASK,
            (!view.conflicts.is_empty()).then(|| words::conflicts(view.conflicts.len())),
        ),
    ];
    html! {
        dl.facts {
            @for (label, value) in &facts {
                @if let Some(value) = value {
                    div { dt { (label) } dd { (value) } }
                }
            }
        }
    }
}

fn to_avoid(brief: &Brief) -> Markup {
    html! {
        @if brief.avoid.is_empty() {
            p.calm { (words::AVOID_NONE) }
        } @else {
            ul {
                @for line in &brief.avoid { li { (render(line, Language::English)) } }
                @if brief.avoid_more > 0 { li { (words::avoid_more(brief.avoid_more)) } }
            }
        }
    }
}

fn open_promises(state: &AppState, view: &CardView, now: Timestamp) -> Markup {
    let mut open: Vec<_> = view.promises.iter().filter(|it| it.is_open()).collect();
    open.sort_by_key(|promise| (promise.due.is_none(), promise.due, promise.id));
    html! {
        @if open.is_empty() {
            p.calm { (words::OPEN_PROMISES_NONE) }
        } @else {
            table.cards {
                thead { tr {
                    th scope="col" { (words::PROMISE) }
                    th scope="col" { (words::DUE) }
                    th scope="col" { (words::WHO) }
                } }
                tbody {
                    @for promise in open {
                        tr {
                            (cell(words::PROMISE, &html! { (promise.what.value) }))
                            (cell(words::DUE, &html! {
                                @if let Some(due) = promise.due {
                                    span.mark[promise.overdue] { (times::moment(due, now)) }
                                }
                            }))
                            (cell(words::WHO, &html! { (promises::who(state, promise)) }))
                        }
                    }
                }
            }
        }
    }
}

fn purchases(totals: &Totals) -> Markup {
    let day = |at: Option<records::SoldAt>| at.map(|at| times::day(at.days()));
    html! {
        @if totals.count == 0 && totals.returns == 0 {
            p.calm { (words::PURCHASES_NONE) }
        } @else {
            dl.facts {
                div { dt { (words::BOUGHT) } dd { (words::sales(totals.count)) ", " (sums(&totals.amount_minor)) } }
                @if totals.returns > 0 {
                    div { dt { (words::RETURNED) } dd { (words::returns(totals.returns)) ", " (sums(&totals.returned_minor)) } }
                }
                @if let Some(first) = day(totals.first) { div { dt { (words::FIRST) } dd { (first) } } }
                @if let Some(last) = day(totals.last) { div { dt { (words::LAST) } dd { (last) } } }
            }
        }
    }
}

/// Sums in each currency, never added over currencies.
fn sums(by_currency: &BTreeMap<Currency, i64>) -> String {
    let sums = by_currency.iter();
    let told = sums.map(|(currency, minor)| {
        format!("{} {currency}", format_amount(*minor, currency.decimals()))
    });
    told.collect::<Vec<_>>().join(" + ")
}
