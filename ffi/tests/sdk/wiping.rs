//! Wiping: never silently with work on board, and never with a trace.

use carnet_ffi::{BookError, WipeReport};

use crate::stage::{ANA, Stage};

#[test]
fn a_wipe_waits_for_work_unless_it_is_forced() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    let refused = BookError::Rejected {
        code: "edits_waiting".to_owned(),
    };
    assert_eq!(ana.book.wipe(false), Err(refused));
    assert_eq!(ana.book.customer(customer).unwrap().name, "Léa");
    let report = ana.book.wipe(true).unwrap();
    assert_eq!(
        report,
        WipeReport {
            pending_lost: 1,
            refused_lost: 0,
            drafts_lost: 0,
        }
    );
}

#[test]
fn a_wiped_book_leaves_no_file_and_answers_no_call() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    stage.meet(&ana);
    assert_eq!(ana.book.wipe(false).unwrap().pending_lost, 0);
    let left: Vec<_> = std::fs::read_dir(stage.folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(ana.book.customer(customer), Err(BookError::EnrolAgain));
    assert_eq!(
        ana.book.search(String::new(), 1),
        Err(BookError::EnrolAgain)
    );
    assert_eq!(ana.book.sync_once(10), Err(BookError::EnrolAgain));
}
