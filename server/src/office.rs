//! The back office as pages: what a manager opens on a tablet, rendered here, without a script and without a build chain.
//!
//! Rooms: [`session`] (cookies, forms and who may open a page), [`layout`] (the frame around every page), [`words`] (every text),
//! [`times`] (moments and days as people read them), and one module for each page.
//!
//! # Invariants
//! - A page's handler takes a [`session::Visitor`] first, a form's handler a [`session::Form`] last: no page without a manager's sign-in,
//!   no change without the page's own token.
//! - Every text of a customer goes through the templates, which escape; nothing here builds markup from strings.
//! - No page needs a script, and the policy sent with each lets none run ([`POLICY`]).
//! - What was searched for is in no path and so in no log; paths hold ids that say nothing.

mod chart;
mod customers;
mod enrol;
mod gap;
mod handhelds;
mod home;
mod layout;
mod promises;
mod session;
mod sign_in;
mod times;
mod words;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use crate::http::authorized::Open;
use crate::http::error::ApiError;
use crate::http::route::Route;

/// Where the pages begin.
pub const ROOT: &str = "/office";
/// What a browser may load and do on a page: our style sheet, the empty icon, forms to us; no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The one style sheet.
const STYLE: &str = include_str!("office/style.css");

/// The pages' routes. They are no part of the API, so not of its document either.
#[must_use]
pub fn routes() -> Vec<Route> {
    let outside = vec![
        Route::get("/", front),
        Route::get("/office/style.css", style),
    ];
    [
        outside,
        sign_in::routes(),
        home::routes(),
        handhelds::routes(),
        enrol::routes(),
        promises::routes(),
        gap::routes(),
        customers::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whoever types the hub's address alone is looking for these pages.
async fn front(_: Open) -> Redirect {
    Redirect::to(ROOT)
}

async fn style(_: Open) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

/// Whether a path is one of a page, so that errors on it are for people.
#[must_use]
pub fn is_page(path: &str) -> bool {
    path.strip_prefix(ROOT)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Gives an answer what every page is sent with.
pub fn guard(response: &mut Response) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=()",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
}

/// An error as a page; who is not signed in gets to the sign-in.
#[must_use]
pub fn error_page(error: &ApiError, request_id: &str) -> Response {
    if error.status == StatusCode::UNAUTHORIZED {
        return Redirect::to(sign_in::PATH).into_response();
    }
    let mut page = layout::answer(layout::error(error, request_id));
    *page.status_mut() = error.status;
    page
}

#[cfg(test)]
mod tests;
