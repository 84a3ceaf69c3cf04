//! Today: what needs the manager, and nothing else.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use sync_core::ids::Timestamp;

use super::chart::percent;
use super::gap::Standing;
use super::handhelds::Handheld;
use super::layout::Section;
use super::promises::Survey;
use super::session::Visitor;
use super::words::{self, title};
use crate::http::AppState;
use crate::http::authorized::ReadCustomers;
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::routes::customers::read_aside;

/// Without a word for so long a handheld is silent: it should have been in a shop's network since.
const SILENT_MS: i64 = Timestamp::DAY_MS;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get(Section::Today.path(), show)]
}

async fn show(
    visitor: Visitor<ReadCustomers>,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    let now = state.clock.now();
    let (survey, gap) = read_aside(&state, &visitor, move |state, principal| {
        let tx = state.store.read()?;
        let survey = Survey::of(&*tx, principal, now)?;
        Ok((survey, Standing::read(&*tx, now)?))
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
            @if calls.is_empty() {
                p.calm { (words::ALL_WELL) }
            } @else {
                ul.calls { @for one in &calls { li { (one) } } }
            }
        }
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
