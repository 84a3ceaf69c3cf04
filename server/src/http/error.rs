//! The one error of the HTTP shell, and the one place where inner errors become it.
//!
//! Codes are frozen since version 1 of the API: clients branch on them, people read the detail.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sync_core::authority::AuthorityError;
use sync_core::card::EditError;
use sync_core::ids::Timestamp;
use sync_core::notices::NoticeError;
use sync_core::search::SearchError;
use sync_core::store::StoreError;

use crate::book::moving::MoveError;
use crate::desk::DeskError;
use crate::handover::HandoverError;
use crate::identity::IdentityError;
use crate::identity::dpop::ProofError;
use crate::import::SinkError;
use crate::writer::WriteError;

/// The code that asks a client for a proof with a fresh nonce.
pub const NONCE_CHALLENGE: &str = "use_dpop_nonce";

/// A failure as a client sees it, with the cause that only the log sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// What clients branch on.
    pub code: &'static str,
    /// What people read; without personal data.
    pub detail: String,
    /// From when trying again makes sense.
    pub retry_at: Option<Timestamp>,
    /// For the log.
    pub cause: Option<String>,
}

impl ApiError {
    /// A failure that needs no cause.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            retry_at: None,
            cause: None,
        }
    }

    /// There is no such thing, or it is out of the caller's reach; which is not said.
    #[must_use]
    pub fn not_found(what: &'static str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no such {what}"),
        )
    }

    /// The principal may not do this.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// A value in the request can't be used.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// A bug or a broken machine.
    #[must_use]
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "something went wrong inside the hub; its log has more under the request id";
        Self {
            cause: Some(cause.into()),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
        }
    }

    fn unauthorized(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    fn unavailable(code: &'static str, detail: &'static str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }
}

impl IntoResponse for ApiError {
    /// The body is written by [`super::finish::finish`], which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<Arc<StoreError>> for ApiError {
    fn from(error: Arc<StoreError>) -> Self {
        Self::from(&*error)
    }
}

impl From<&StoreError> for ApiError {
    fn from(error: &StoreError) -> Self {
        let shown = match error {
            StoreError::Full { .. } => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk_full",
                "the hub's disk is full; nothing was lost or kept: free some space and try again",
            ),
            StoreError::Busy { .. } => {
                Self::unavailable("busy", "the hub's database is busy: try again")
            }
            StoreError::WrongKey
            | StoreError::NewerSchema { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Other { .. } => Self::internal(String::new()),
        };
        Self {
            cause: Some(causes(error)),
            ..shown
        }
    }
}

impl From<AuthorityError> for ApiError {
    fn from(error: AuthorityError) -> Self {
        let detail = error.to_string();
        match error {
            AuthorityError::Edit(EditError::Role { .. }) => Self::forbidden(detail),
            AuthorityError::Edit(EditError::NotAgreed) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not_agreed", detail)
            }
            AuthorityError::Edit(EditError::Declined) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "declined", detail)
            }
            AuthorityError::Edit(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "edit_refused", detail)
            }
            AuthorityError::UnknownCustomer => Self::not_found("customer"),
            AuthorityError::Erased => Self::new(StatusCode::GONE, "erased", detail),
            AuthorityError::CardFull => Self::new(StatusCode::CONFLICT, "card_full", detail),
            AuthorityError::TooMuch => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_much_at_once", detail)
            }
            AuthorityError::Store(error) => Self::from(&error),
        }
    }
}

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::QueryTooLong { .. } => Self::invalid(error.to_string()),
            SearchError::Store(error) => Self::from(&error),
        }
    }
}

impl From<SinkError> for ApiError {
    fn from(error: SinkError) -> Self {
        match error {
            SinkError::Store(error) => Self::from(&error),
            // What a row says is no text for a log.
            SinkError::Refused(detail) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "row_refused", detail)
            }
            SinkError::Stopping => Self::from(IdentityError::Stopping),
        }
    }
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Store(error) => Self::from(&error),
            DeskError::Edit(error) => error.into(),
            DeskError::Notice(NoticeError::Store(error)) => Self::from(&error),
            DeskError::Notice(error) => Self::invalid(error.to_string()),
            DeskError::Writer => Self::internal("the writer does not take the desk's work"),
        }
    }
}

impl From<HandoverError> for ApiError {
    fn from(error: HandoverError) -> Self {
        let detail = error.to_string();
        match error {
            HandoverError::Book(error) => error.into(),
            HandoverError::NotSignedIn => Self::forbidden(detail),
            HandoverError::NoAssociate => Self::not_found("associate"),
            HandoverError::PromisesDiffer => {
                Self::new(StatusCode::CONFLICT, "promises_differ", detail)
            }
        }
    }
}

impl From<MoveError> for ApiError {
    fn from(error: MoveError) -> Self {
        let detail = error.to_string();
        match error {
            MoveError::NoConsent => Self::new(StatusCode::CONFLICT, "no_consent", detail),
            MoveError::LastBook => Self::new(StatusCode::CONFLICT, "last_book", detail),
            MoveError::Store(error) => Self::from(&error),
        }
    }
}

impl<E: Into<Self>> From<WriteError<E>> for ApiError {
    fn from(error: WriteError<E>) -> Self {
        match error {
            WriteError::Job(error) => error.into(),
            WriteError::Commit(error) => Self::from(&*error),
            WriteError::Panicked => Self::internal("a job of the writer panicked"),
            WriteError::Stopping => IdentityError::Stopping.into(),
        }
    }
}

/// An error with all it was caused by.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        let detail = error.to_string();
        match error {
            IdentityError::NotSignedIn => Self::unauthorized("not_signed_in", detail),
            IdentityError::SignInFailed => Self::unauthorized("sign_in_failed", detail),
            IdentityError::DeviceUnknown => Self::unauthorized("device_unknown", detail),
            IdentityError::EnrolmentRefused => Self::unauthorized("enrolment_refused", detail),
            IdentityError::SessionEnded => Self::unauthorized("session_ended", detail),
            IdentityError::RefreshRefused => Self::unauthorized("refresh_refused", detail),
            IdentityError::SignInLapsed => Self::unauthorized("sign_in_lapsed", detail),
            IdentityError::Token(_) => Self::unauthorized("token_refused", detail),
            IdentityError::Proof(error) => Self::from(error),
            IdentityError::TooManyTries { until } => Self {
                retry_at: Some(until),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", detail)
            },
            IdentityError::OtherShop => Self::new(StatusCode::FORBIDDEN, "other_shop", detail),
            IdentityError::HandheldOnly => {
                Self::new(StatusCode::FORBIDDEN, "handheld_only", detail)
            }
            IdentityError::NotFound(what) => Self::not_found(what),
            IdentityError::Conflict(_) => Self::new(StatusCode::CONFLICT, "conflict", detail),
            IdentityError::Invalid { .. } => Self::invalid(detail),
            IdentityError::Store(error) => Self::from(&error),
            IdentityError::NotKept(error) => Self::from(&*error),
            IdentityError::Stopping => {
                Self::unavailable("stopping", "the hub is stopping: try again soon")
            }
            IdentityError::Internal => Self::internal(detail),
        }
    }
}

impl From<ProofError> for ApiError {
    fn from(error: ProofError) -> Self {
        let detail = error.to_string();
        match error {
            ProofError::UseNonce => Self::unauthorized(NONCE_CHALLENGE, detail),
            ProofError::Missing
            | ProofError::Malformed
            | ProofError::Type
            | ProofError::Key
            | ProofError::Signature
            | ProofError::Request
            | ProofError::Token
            | ProofError::Replayed => Self::unauthorized("invalid_dpop_proof", detail),
            ProofError::TooMany => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_a_busy_one_and_a_broken_one_are_told_apart() {
        let operation = "committing";
        let status = |error: StoreError| {
            let error = ApiError::from(IdentityError::NotKept(Arc::new(error)));
            assert!(error.cause.is_some(), "the log is told why");
            (error.status.as_u16(), error.code)
        };
        assert_eq!(status(StoreError::Full { operation }), (507, "disk_full"));
        assert_eq!(status(StoreError::Busy { operation }), (503, "busy"));
        let source = "sector 7 of /secret/path".into();
        let broken = StoreError::Other { operation, source };
        let shown = ApiError::from(&broken);
        assert!(!shown.detail.contains("secret") && shown.cause.unwrap().contains("sector 7"));
        assert_eq!(status(broken), (500, "internal"));
    }
}
