//! Who opens a page, and whether a form came from one of ours.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sync_core::ids::{AssociateId, CustomerId, SessionId, ShopId, to_base32};

use super::words;
use crate::book::reading::{self, Reached};
use crate::http::AppState;
use crate::http::authorized::{Access, Guard, Permission};
use crate::http::body::read;
use crate::http::error::ApiError;
use crate::identity::IdentityError;
use crate::identity::access::Principal;

/// Bytes of a form. The largest has a password or a search.
const FORM_BYTES_MAX: usize = 4 << 10;
/// The cookie of a sign-in, and the mark of a browser before it.
const SESSION: &str = "carnet-office";
const MARK: &str = "carnet-form";

/// A manager who is signed in on the pages and holds the permission `P`.
#[derive(Debug)]
pub(super) struct Visitor<P> {
    principal: Principal,
    session: SessionId,
    associate: AssociateId,
    /// The cookie that the answer gives, so that whoever works stays signed in.
    pub(super) cookie: HeaderValue,
    /// The token of every form on the page.
    pub(super) token: String,
    /// The manager's name.
    pub(super) name: String,
    permission: PhantomData<fn() -> P>,
}

impl<P> Visitor<P> {
    /// The session.
    pub(super) fn session(&self) -> SessionId {
        self.session
    }

    /// The manager.
    pub(super) fn associate(&self) -> AssociateId {
        self.associate
    }

    /// Refuses what belongs to a shop out of reach, as if it did not exist.
    pub(super) fn reach(&self, shop: ShopId, what: &'static str) -> Result<(), ApiError> {
        if self.principal.reaches(shop) {
            return Ok(());
        }
        Err(ApiError::not_found(what))
    }

    /// Refuses a customer out of reach, as if there were none.
    pub(super) fn customer(
        &self,
        state: &AppState,
        customer: CustomerId,
    ) -> Result<Reached, ApiError> {
        reading::reach(&*state.store.read()?, &self.principal, customer)?
            .ok_or_else(|| ApiError::not_found("customer"))
    }
}

impl<P> Deref for Visitor<P> {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl<P: Permission> Guard for Visitor<P> {
    const ACCESS: Access = match P::SCOPE {
        Some(scope) => Access::Scope(scope),
        None => Access::SignedIn,
    };
}

impl<P: Permission> FromRequestParts<AppState> for Visitor<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let principal = signed_in(&parts.headers, state)?;
        if let Some(scope) = P::SCOPE.filter(|scope| !principal.scopes.has(*scope)) {
            return Err(ApiError::forbidden(words::not_allowed(scope.name())));
        }
        let (session, associate) = principal
            .session
            .zip(principal.associate)
            .ok_or(IdentityError::NotSignedIn)?;
        let name = state
            .identity
            .directory()
            .associates
            .get(&associate)
            .map_or_else(String::new, |row| row.name.clone());
        Ok(Self {
            cookie: session_cookie(state, session),
            token: state.identity.form_token(session.as_bytes()),
            principal,
            session,
            associate,
            name,
            permission: PhantomData,
        })
    }
}

/// The principal behind a request's cookie.
pub(super) fn signed_in(headers: &HeaderMap, state: &AppState) -> Result<Principal, ApiError> {
    let cookie = cookie(headers, state, SESSION).ok_or(IdentityError::NotSignedIn)?;
    Ok(state.identity.office_principal(cookie)?)
}

/// A form from a page of ours. Its token was compared before anything else of it was read.
#[derive(Debug)]
pub(super) struct Form<T>(pub(super) T);

#[derive(Deserialize)]
struct Token {
    token: String,
}

impl<T: DeserializeOwned> FromRequest<AppState> for Form<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        refuse_other_sites(request.headers())?;
        let mark = match signed_in(request.headers(), state) {
            Ok(principal) => principal.session.map(|session| session.as_bytes().to_vec()),
            Err(_nobody) => {
                cookie(request.headers(), state, MARK).map(|mark| mark.as_bytes().to_vec())
            }
        };
        let kind = request.headers().get(header::CONTENT_TYPE).cloned();
        let bytes = read(request.into_body(), FORM_BYTES_MAX).await?;
        let again = || {
            let mut again = Request::post("/").body(Body::from(bytes.clone()));
            if let (Ok(again), Some(kind)) = (&mut again, &kind) {
                again
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, kind.clone());
            }
            again.map_err(|error| ApiError::internal(error.to_string()))
        };
        let token = axum::Form::<Token>::from_request(again()?, &()).await;
        let good = token
            .ok()
            .zip(mark)
            .is_some_and(|(form, mark)| state.identity.is_form_token(&mark, &form.token));
        if !good {
            return Err(foreign());
        }
        // The library's message may quote what somebody typed.
        let form = axum::Form::<T>::from_request(again()?, &()).await;
        form.map(|axum::Form(form)| Self(form))
            .map_err(|_unreadable| ApiError::invalid(words::FORM_UNREADABLE))
    }
}

fn foreign() -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "foreign_form", words::FORM_FOREIGN)
}

/// A browser says where a form was sent from; one that says nothing is old, and its token must do.
fn refuse_other_sites(headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.get("sec-fetch-site") {
        Some(site) if site != "same-origin" => Err(foreign()),
        Some(_) | None => Ok(()),
    }
}

/// A fresh mark for a browser that nobody is signed in with: its cookie, and the token of the form that goes with it.
pub(super) fn mark(state: &AppState) -> (HeaderValue, String) {
    let mark = to_base32(&state.entropy.bytes::<16>());
    let token = state.identity.form_token(mark.as_bytes());
    (set_cookie(state, MARK, &mark), token)
}

/// The cookie that keeps a session for its next request.
pub(super) fn session_cookie(state: &AppState, session: SessionId) -> HeaderValue {
    set_cookie(state, SESSION, &state.identity.office_cookie(session))
}

/// The cookie that takes a session's away.
pub(super) fn no_cookie(state: &AppState) -> HeaderValue {
    set_cookie(state, SESSION, "")
}

/// Whether browsers reach the hub by TLS, here or at a proxy in front.
fn is_secure(state: &AppState) -> bool {
    state.identity.url().starts_with("https://")
}

/// A cookie's whole name. With the prefix a browser takes it from a TLS page alone.
fn name(state: &AppState, plain: &str) -> String {
    let prefix = if is_secure(state) { "__Secure-" } else { "" };
    format!("{prefix}{plain}")
}

fn set_cookie(state: &AppState, plain: &str, value: &str) -> HeaderValue {
    let secure = if is_secure(state) { "; Secure" } else { "" };
    let gone = if value.is_empty() { "; Max-Age=0" } else { "" };
    let name = name(state, plain);
    let cookie = format!("{name}={value}; Path=/office; HttpOnly; SameSite=Strict{secure}{gone}");
    HeaderValue::from_str(&cookie).expect("ids, digits and base64 are plain text")
}

/// The value of a cookie. Two of one name would let two readers see two people: then it has none.
fn cookie<'a>(headers: &'a HeaderMap, state: &AppState, plain: &str) -> Option<&'a str> {
    let name = name(state, plain);
    let all = headers.get_all(header::COOKIE).iter();
    let mut values = all
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value);
    let first = values.next();
    first.filter(|value| values.next().is_none() && !value.is_empty())
}
