//! The error table: what an app is told to do about each inner error.

use sync_core::ids::CustomerId;

use super::*;

fn check(inner: impl Into<BookError>, expected: &BookError) {
    assert_eq!(&inner.into(), expected);
}

#[test]
fn storage_errors_say_what_to_do() {
    let operation = "testing";
    check(StoreError::Full { operation }, &BookError::StorageFull);
    check(StoreError::Busy { operation }, &BookError::Busy);
    check(StoreError::WrongKey, &BookError::WrongKey);
    check(
        StoreError::NewerSchema { found: 9, known: 1 },
        &BookError::UpdateApp,
    );
    let damaged = StoreError::Corrupt {
        table: "change",
        detail: "cut".to_owned(),
    };
    assert!(matches!(
        BookError::from(damaged),
        BookError::Bug { report_id } if report_id.len() == 13
    ));
}

#[test]
fn errors_of_the_book_say_what_to_do() {
    check(Inner::NotEnrolled, &BookError::EnrolAgain);
    check(Inner::SignedOut, &BookError::SignInAgain);
    check(Inner::LeaseOver, &BookError::SignInAgain);
    check(Inner::UnknownCustomer, &BookError::NotFound);
    check(Inner::SessionOpen, &BookError::Busy);
    check(Inner::OtherHub, &BookError::rejected("other_hub"));
    check(RecordError::Erased, &BookError::rejected("erased"));
    let full = RecordError::OutboxFull { pending: 10_000 };
    check(full, &BookError::rejected("outbox_full"));
}

#[test]
fn an_edit_that_can_not_be_made_has_a_code_and_a_reason() {
    let empty = RecordError::Edit(EditError::Empty("one part"));
    let BookError::Invalid { code, reason } = empty.into() else {
        panic!("an edit error is something to correct");
    };
    assert_eq!(code, "empty");
    assert!(reason.contains("one part"));
}

#[test]
fn problems_of_the_hub_say_what_to_do() {
    let refused = crate::network::answers::refused;
    for code in ["session_ended", "refresh_refused", "token_refused"] {
        assert_eq!(refused(code), BookError::SignInAgain, "{code}");
    }
    assert_eq!(refused("device_unknown"), BookError::EnrolAgain);
    assert_eq!(refused("stopping"), BookError::Busy);
    assert_eq!(
        refused("sign_in_failed"),
        BookError::rejected("sign_in_failed")
    );
}

#[test]
fn a_panic_becomes_a_bug_with_a_report() {
    let caught = guarded::<()>(|| panic!("{}", CustomerId([1; 16])));
    assert!(matches!(caught, Err(BookError::Bug { .. })));
}
