//! Errors, states and questions in plain English.

use carnet_ffi::{BookError, Status, SyncAgreement, WaitingState};
use sync_core::card::view::Question;
use sync_core::replica::book::FirstSync;

use super::day;

/// What went wrong, and what to do.
pub(crate) fn error(error: &BookError) -> String {
    match error {
        BookError::Offline => {
            "The hub can't be reached. Everything is kept and goes out later.".to_owned()
        }
        BookError::SignInAgain => "Sign in first: `signin`.".to_owned(),
        BookError::EnrolAgain => {
            "This handheld is not enrolled: start it with --hub and --code.".to_owned()
        }
        BookError::UpdateApp => {
            "This version is too old or too new for the other: update.".to_owned()
        }
        BookError::StorageFull => "The disk is full: free some space. Nothing was lost.".to_owned(),
        BookError::WrongKey => "The key file does not open this book.".to_owned(),
        BookError::CloseOther => {
            "This book is open elsewhere: close it there first, or name another folder with --data."
                .to_owned()
        }
        BookError::NotFound => "There is no such thing in this book.".to_owned(),
        BookError::Invalid { reason, .. } => format!("{reason}."),
        BookError::Busy => "Busy: try again in a moment.".to_owned(),
        BookError::Rejected { code } => rejected(code),
        BookError::Bug { report_id } => {
            format!("Something went wrong inside. Report {report_id}; the book goes on.")
        }
    }
}

fn rejected(code: &str) -> String {
    match code {
        "sign_in_failed" => "The name or the password is wrong.".to_owned(),
        "wrong_password" => "The password is wrong.".to_owned(),
        "too_many_tries" => "Too many wrong tries: wait a while.".to_owned(),
        "enrolment_refused" => "The code does not work: ask a manager for a new one.".to_owned(),
        "other_shop" => "This handheld belongs to another shop than you.".to_owned(),
        "managers_only" => "That is for a manager: `switch` to one.".to_owned(),
        "not_genuine" => {
            "This was not signed by the hub of this handheld, so it is not shown.".to_owned()
        }
        "edits_waiting" => "Some edits have not been sent: `sync` first.".to_owned(),
        "drafts_kept" => "Drafts of notes are kept here: `drafts` shows yours.".to_owned(),
        "outbox_full" => "Too much waits to be sent: connect to the hub first.".to_owned(),
        "card_full" => {
            "This card is as large as a card may become: tell whoever runs the hub.".to_owned()
        }
        "too_much" => "This is too much for one edit: record it in parts.".to_owned(),
        "erased" => "The record of this customer was erased.".to_owned(),
        "minor" | "do_not_contact" | "relationship_ended" | "consent_denied" | "no_consent"
        | "not_a_contact" | "endpoint_closed" | "no_endpoint" | "owner_only" | "duplicate" => {
            format!("Not asked for: {}.", code.replace('_', " "))
        }
        other => format!("The hub refused: {other}."),
    }
}

/// How things stand, a line each.
pub(crate) fn status(status: &Status, now_ms: i64) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(match &status.signed_in {
        Some(associate) => format!("signed in     {} ({})", associate.name, associate.role),
        None => "signed in     nobody".to_owned(),
    });
    lines.push(match status.oldest_pending_ms {
        Some(age) => format!(
            "waiting       {} (oldest {})",
            status.pending,
            day::ago(age)
        ),
        None => "waiting       nothing".to_owned(),
    });
    if status.refused > 0 {
        lines.push(format!(
            "refused       {} (`outbox` shows them)",
            status.refused
        ));
    }
    lines.push(match status.last_contact {
        Some(at) => format!("last contact  {}", day::ago(now_ms - at.0)),
        None => "last contact  never".to_owned(),
    });
    lines.push(format!("network       {}", network(status)));
    let agreement = match status.agreement {
        SyncAgreement::Unknown => "not compared yet",
        SyncAgreement::Agreed => "agrees with the hub",
        SyncAgreement::Diverged => "differs from the hub: tell whoever runs it",
    };
    lines.push(format!(
        "book          {}, {agreement}",
        first_sync(status.first_sync)
    ));
    let key = if status.attested {
        "in hardware"
    } else {
        "in the book (no hardware key)"
    };
    lines.push(format!("device key    {key}"));
    if status.signed_in.is_some() && status.is_sign_in_needed {
        lines.push("sign-in       lapsed: `signin` again to see what colleagues write".to_owned());
    }
    if let Some(until) = status.lease_until {
        lines.push(format!("opens offline until {}", day::shown(until)));
    }
    lines
}

fn network(status: &Status) -> &'static str {
    match (status.is_offline, status.is_connected) {
        (true, _) => "switched off (`online` switches it on)",
        (false, true) => "connected",
        (false, false) => "not connected",
    }
}

fn first_sync(first_sync: FirstSync) -> &'static str {
    match first_sync {
        FirstSync::NotBegun => "empty until the first sync",
        FirstSync::Rows => "arriving",
        FirstSync::Searchable => "searchable, cards arriving",
        FirstSync::Complete => "complete",
    }
}

/// Where a waiting edit stands.
pub(crate) fn waiting(state: &WaitingState) -> String {
    match state {
        WaitingState::Pending => "waits".to_owned(),
        WaitingState::Stored => "stored".to_owned(),
        WaitingState::Refused { code } => format!("refused: {code}"),
    }
}

/// What a conflict is about.
pub(crate) fn question(question: &Question) -> String {
    match question {
        Question::Name { part } => format!("name ({part})"),
        Question::Size {
            category, system, ..
        } => format!("size {category} {system}"),
        Question::Preference { kind, subject } | Question::Polarity { kind, subject } => {
            format!("{kind} {subject}")
        }
        Question::Allergy { substance } => format!("allergy {substance}: in effect until settled"),
        Question::ServiceMode => "how much company".to_owned(),
        Question::Language => "language".to_owned(),
        Question::Channels => "preferred channels".to_owned(),
        Question::Blocked => "do not contact".to_owned(),
        Question::Occasion { kind, .. } => format!("date of {kind}"),
        Question::Note { .. } => "text of a note".to_owned(),
        Question::NoteTitle { .. } => "title of a note".to_owned(),
        Question::Promise { .. } => "words of a promise".to_owned(),
        Question::Due { .. } => "day of a promise".to_owned(),
        Question::Outcome { .. } => "whether a promise was kept".to_owned(),
        Question::Assignee { .. } => "who sees to a promise".to_owned(),
        Question::WishNote { sku } => format!("wish {sku}"),
        Question::Cause { .. } => "cause of an allergy".to_owned(),
        Question::OwnerOnly => "kept to the owner".to_owned(),
        Question::Minor => "whether they are a minor".to_owned(),
        Question::Need { .. } => "words of a need".to_owned(),
        Question::NeedAnswer { .. } => "answer to a need".to_owned(),
        Question::NeedOutcome { .. } => "whether a need was answered".to_owned(),
        Question::Suggestion { .. } => "words of a suggestion".to_owned(),
        Question::SuggestionAnswer { .. } => "answer to a suggestion".to_owned(),
        Question::Sameness { .. } => "whether another card is the same person".to_owned(),
        Question::Invitation { event } => format!("whether they come to {event}"),
    }
}
