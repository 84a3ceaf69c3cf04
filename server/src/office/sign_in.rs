//! Signing in and out.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;

use super::layout::{Section, answer, hidden_token, plain, set_cookie};
use super::session::{Form, Visitor, mark, no_cookie, session_cookie, signed_in};
use super::words::{self, title};
use crate::http::AppState;
use crate::http::authorized::{Open, SignedIn};
use crate::http::body::PeerAddress;
use crate::http::error::ApiError;
use crate::http::metrics::SIGN_INS_FAILED;
use crate::http::route::Route;
use crate::secret::Secret;

/// Where somebody signs in.
pub(super) const PATH: &str = "/office/sign-in";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(PATH, show),
        Route::post(PATH, sign_in),
        Route::post("/office/sign-out", sign_out),
    ]
}

async fn show(_: Open, State(state): State<AppState>, headers: HeaderMap) -> Response {
    if signed_in(&headers, &state).is_ok() {
        return Redirect::to(Section::Today.path()).into_response();
    }
    form(&state, None)
}

/// The form, with what was wrong before.
fn form(state: &AppState, wrong: Option<&str>) -> Response {
    let (cookie, token) = mark(state);
    let page = plain(
        title::SIGN_IN,
        &html! {
            p { (words::SIGN_IN_LEAD) }
            @if let Some(wrong) = wrong {
                p.alert role="alert" { (wrong) }
            }
            form.panel method="post" action=(PATH) {
                (hidden_token(&token))
                label for="login" { (words::LOGIN) }
                input #login name="login" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus;
                label for="password" { (words::PASSWORD) }
                input #password name="password" type="password" autocomplete="current-password" required;
                button type="submit" { (words::SIGN_IN) }
            }
            p.small { (words::SIGN_IN_AGAIN) }
        },
    );
    let mut response = answer(page);
    set_cookie(&mut response, cookie);
    response
}

#[derive(Deserialize)]
struct SignInForm {
    login: String,
    password: Secret<String>,
}

async fn sign_in(
    _: Open,
    PeerAddress(from): PeerAddress,
    State(state): State<AppState>,
    Form(typed): Form<SignInForm>,
) -> Result<Response, ApiError> {
    let signing_in = state
        .identity
        .sign_in_on_pages(&typed.login, typed.password, from);
    match signing_in.await.map_err(ApiError::from) {
        Ok(session) => {
            let mut response = Redirect::to(Section::Today.path()).into_response();
            set_cookie(&mut response, session_cookie(&state, session));
            Ok(response)
        }
        Err(error) if is_refusal(&error) => {
            let labels = [("place", "office"), ("reason", error.code)];
            state.metrics.count(&SIGN_INS_FAILED, &labels);
            let mut response = form(&state, Some(&super::layout::sentence(&error.detail)));
            *response.status_mut() = error.status;
            Ok(response)
        }
        Err(broken) => Err(broken),
    }
}

/// Whether somebody was turned away, rather than something broke.
pub(super) fn is_refusal(error: &ApiError) -> bool {
    matches!(
        error.status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
    )
}

#[derive(Deserialize)]
struct Nothing {}

async fn sign_out(
    visitor: Visitor<SignedIn>,
    State(state): State<AppState>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, ApiError> {
    state.identity.sign_out(visitor.session()).await?;
    let mut response = Redirect::to(PATH).into_response();
    set_cookie(&mut response, no_cookie(&state));
    Ok(response)
}
