//! The one error an app sees, named after what it should do now, and the one place where inner errors become it.
//!
//! Causes go to the log under the report's id, without personal data; the app gets what it can act on.

use sync_core::card::EditError;
use sync_core::replica::RecordError;
use sync_core::replica::book::BookError as Inner;
use sync_core::search::SearchError;
use sync_core::store::StoreError;
use sync_store_sqlite::lock::LockError;

/// What the app should do now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum BookError {
    /// Go on working: the hub can't be reached, what was recorded is safe and goes out later.
    #[error("the hub can't be reached; everything recorded is kept and goes out later")]
    Offline,
    /// Show the sign-in.
    #[error("sign in again")]
    SignInAgain,
    /// Show the enrolment: the hub does not know this handheld, or no longer.
    #[error("enrol this handheld")]
    EnrolAgain,
    /// Ask for an update of the app: data or hub are newer than it.
    #[error("update the app")]
    UpdateApp,
    /// Ask to free some space. Reading goes on; nothing was lost.
    #[error("the storage of this handheld is full: free some space")]
    StorageFull,
    /// The key from the keystore does not open this book, or the file is no book.
    #[error("the key does not open this book, or the file is no book")]
    WrongKey,
    /// Use the book that is open already, or close it there first: this opening would share its sign-ins, which the hub takes for theft.
    #[error("this book is open elsewhere: close it there first")]
    CloseOther,
    /// There is no such thing, or it may not be seen.
    #[error("there is no such thing in this book")]
    NotFound,
    /// Let the associate correct what they entered.
    #[error("{reason}")]
    Invalid {
        /// Stable, to choose a text in the associate's language by.
        code: String,
        /// In plain English, for logs and terminals.
        reason: String,
    },
    /// Try again in a moment.
    #[error("busy: try again in a moment")]
    Busy,
    /// Tell the associate that it was refused.
    #[error("refused: {code}")]
    Rejected {
        /// Stable, to choose a text in the associate's language by.
        code: String,
    },
    /// A bug of ours: offer to report it.
    #[error("something went wrong inside; the log has more under {report_id}")]
    Bug {
        /// Under which the log tells what happened.
        report_id: String,
    },
}

impl BookError {
    pub(crate) fn invalid(code: &str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            code: code.to_owned(),
            reason: reason.into(),
        }
    }

    pub(crate) fn rejected(code: impl Into<String>) -> Self {
        Self::Rejected { code: code.into() }
    }

    /// Writes the cause to the log and names the report.
    pub(crate) fn bug(operation: &'static str, cause: &dyn std::fmt::Display) -> Self {
        let report_id =
            sync_core::ids::to_base32(&crate::entropy::SharedEntropy::system().bytes::<8>());
        tracing::error!(report.id = %report_id, operation, %cause, "the SDK failed");
        Self::Bug { report_id }
    }
}

impl From<StoreError> for BookError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full { .. } => Self::StorageFull,
            StoreError::Busy { .. } => Self::Busy,
            StoreError::WrongKey => Self::WrongKey,
            StoreError::NewerSchema { .. } => Self::UpdateApp,
            StoreError::Corrupt { .. } => Self::bug("reading the book", &error),
            StoreError::Other { operation, source } => Self::bug(operation, &source),
        }
    }
}

impl From<LockError> for BookError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Held => Self::CloseOther,
            LockError::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                Self::StorageFull
            }
            LockError::Io(error) => Self::bug("locking the book", &error),
        }
    }
}

impl From<Inner> for BookError {
    fn from(error: Inner) -> Self {
        match error {
            Inner::NotEnrolled => Self::EnrolAgain,
            Inner::AlreadyEnrolled { .. } => Self::rejected("edits_waiting"),
            Inner::OtherHub => Self::rejected("other_hub"),
            Inner::SignedOut | Inner::LeaseOver => Self::SignInAgain,
            Inner::UnknownCustomer | Inner::UnknownEdit => Self::NotFound,
            Inner::ManagersOnly => Self::rejected("managers_only"),
            Inner::NotGenuine => Self::rejected("not_genuine"),
            Inner::SessionOpen => Self::Busy,
            Inner::NoSession => Self::invalid("no_session", "open a session first"),
            Inner::Record(error) => error.into(),
            Inner::Search(SearchError::Store(error)) | Inner::Store(error) => error.into(),
            Inner::Search(error @ SearchError::QueryTooLong { .. }) => {
                Self::invalid("query_too_long", error.to_string())
            }
        }
    }
}

impl From<RecordError> for BookError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Edit(error) => Self::invalid(code_of(&error), error.to_string()),
            RecordError::UnknownCustomer => Self::NotFound,
            RecordError::Erased => Self::rejected("erased"),
            RecordError::OutboxFull { .. } => Self::rejected("outbox_full"),
            RecordError::TooMuch => Self::rejected("too_much"),
            RecordError::CardFull => Self::rejected("card_full"),
            RecordError::Store(error) => error.into(),
        }
    }
}

/// Frozen since version 1 of the SDK: apps choose their texts by it.
fn code_of(error: &EditError) -> &'static str {
    match error {
        EditError::Text { .. } => "text",
        EditError::Endpoint(_) => "endpoint",
        EditError::Language(_) => "language",
        EditError::Day => "day",
        EditError::Empty(_) => "empty",
        EditError::ConsentChannel(_) => "consent_channel",
        EditError::Evidence => "evidence",
        EditError::NeedsConsent => "needs_consent",
        EditError::NotAgreed => "not_agreed",
        EditError::Declined => "declined",
        EditError::TooWide => "too_wide",
        EditError::Widens => "widens",
        EditError::NotFound { .. } => "not_on_card",
        EditError::NoteRedacted { .. } => "note_redacted",
        EditError::NoteMoved { .. } => "note_moved",
        EditError::NothingToResolve { .. } => "nothing_to_resolve",
        EditError::TooManyNotes => "too_many_notes",
        EditError::SamePerson => "same_person",
        EditError::OwnCard => "own_card",
        EditError::NotOnePerson => "not_one_person",
        EditError::AskParts { .. } => "ask_parts",
        EditError::GestureWithoutRight => "gesture_without_right",
        EditError::GestureWithoutReason => "gesture_without_reason",
        EditError::NoGesture => "no_gesture",
        EditError::OutOfTurn { .. } => "out_of_turn",
        EditError::Role { .. } => "role",
        EditError::Schema(_) => "schema",
    }
}

/// Runs `work`; a panic becomes [`BookError::Bug`] instead of unwinding into the app.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, BookError>) -> Result<T, BookError> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(result) => result,
        // The panic's text may hold what somebody typed: only that there was one is logged here.
        Err(_payload) => Err(BookError::bug("a call of the SDK", &"it panicked")),
    }
}

#[cfg(test)]
mod tests;
