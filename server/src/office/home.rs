//! Today: what needs the manager, and nothing else.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use sync_core::ids::Timestamp;
use sync_core::store::{ReadTx, StoreError};

use super::chart::percent;
use super::gap::Standing;
use super::handhelds::Handheld;
use super::layout::{Section, cell};
use super::promises::{Survey, names};
use super::session::Visitor;
use super::times;
use super::words::{self, title};
use crate::desk::rights::gestures::{Finding, findings};
use crate::http::AppState;
use crate::http::authorized::ReadCustomers;
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::Principal;
use crate::routes::customers::read_aside;

/// Without a word for so long a handheld is silent: it should have been in a shop's network since.
const SILENT_MS: i64 = Timestamp::DAY_MS;

/// How long what was spent beyond its right is shown.
const OVERSPENT_MS: i64 = 30 * Timestamp::DAY_MS;
/// Lines of it.
const OVERSPENT_MAX: usize = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get(Section::Today.path(), show)]
}

async fn show(
    visitor: Visitor<ReadCustomers>,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    let now = state.clock.now();
    let (survey, gap, overspent) = read_aside(&state, &visitor, move |state, principal| {
        let tx = state.store.read()?;
        let survey = Survey::of(&*tx, principal, now)?;
        let overspent = overspent(&*tx, principal, now)?;
        Ok((survey, Standing::read(&*tx, now)?, overspent))
    })
    .await?;
    let gap_bp = match &gap {
        Standing::Counted(counted) => counted.report.gap_bp,
        Standing::Counting | Standing::NotEnough { .. } => None,
    };
    let handhelds = Handheld::in_use(&state, &visitor);
    let silent = handhelds.iter().filter(|one| one.is_silent(now, SILENT_MS));
    let silent = silent.count();
    let holding = handhelds.iter().filter(|one| one.pending() > 0).count();
    let pending = handhelds.iter().map(|one| u64::from(one.pending())).sum();
    let mut calls = Vec::new();
    if survey.overdue > 0 {
        calls.push(call(&words::overdue(survey.overdue), Section::Promises));
    }
    if silent > 0 {
        calls.push(call(&words::silent(silent), Section::Handhelds));
    }
    if holding > 0 {
        calls.push(call(&words::waiting(pending, holding), Section::Handhelds));
    }
    let body = html! {
        section aria-labelledby="calls" {
            h2 #calls { (words::ATTENTION) }
            @if calls.is_empty() && overspent.is_empty() {
                p.calm { (words::ALL_WELL) }
            } @else if !calls.is_empty() {
                ul.calls { @for one in &calls { li { (one) } } }
            }
        }
        @if !overspent.is_empty() { (gestures(&state, &overspent, now)) }
        section aria-labelledby="facts" {
            h2 #facts { (words::FACTS) }
            dl.figures {
                (figure(words::HERE_NOW, &survey.here.to_string()))
                (figure(words::DUE_SOON, &survey.soon.to_string()))
                (figure(words::HANDHELDS_IN_USE, &handhelds.len().to_string()))
                @if let Some(bp) = gap_bp {
                    (figure(words::gap::GAP_HEADLINE, &percent(bp)))
                }
            }
        }
        (super::customers::search_form(&visitor, ""))
    };
    Ok(visitor.page(Section::Today, title::TODAY, &body))
}

/// What was spent on gestures beyond what was given, in the manager's reach and of late.
fn overspent(
    tx: &dyn ReadTx,
    principal: &Principal,
    now: Timestamp,
) -> Result<Vec<Finding>, StoreError> {
    let mut found = findings(tx)?;
    found.retain(|one| {
        let is_near = principal.chain || one.shop == principal.shop;
        is_near && now < one.at.plus_ms(OVERSPENT_MS)
    });
    found.truncate(OVERSPENT_MAX);
    Ok(found)
}

fn gestures(state: &AppState, overspent: &[Finding], now: Timestamp) -> Markup {
    html! {
        section aria-labelledby="gestures" {
            h2 #gestures { (words::OVERSPENT) }
            p { (words::OVERSPENT_LEAD) }
            table.cards {
                thead { tr {
                    th scope="col" { (words::WHO) }
                    th scope="col" { (words::SPENT_AT) }
                    th scope="col" { (words::GIVEN) }
                    th scope="col" { (words::SPENT) }
                } }
                tbody {
                    @for one in overspent {
                        tr {
                            (cell(words::WHO, &html! { (names(state, &[one.associate])) }))
                            (cell(words::SPENT_AT, &html! { (times::moment(one.at, now)) }))
                            (cell(words::GIVEN, &html! { (money(one.given_minor)) }))
                            (cell(words::SPENT, &html! {
                                (money(one.spent_minor))
                                @if one.elsewhere { " " (words::ELSEWHERE) }
                            }))
                        }
                    }
                }
            }
        }
    }
}

/// An amount in the shop's currency, which the table does not name.
fn money(minor: i64) -> String {
    let (whole, cents) = (minor / 100, (minor % 100).abs());
    format!("{whole}.{cents:02}")
}

fn call(text: &str, to: Section) -> Markup {
    html! {
        a href=(to.path()) {
            span { (text) }
            span.go { (words::GO) }
        }
    }
}

/// One figure with what it is.
pub(super) fn figure(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}
