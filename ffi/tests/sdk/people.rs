//! Who may see and write what, on a handheld that several people share.

use carnet_ffi::{Book, BookError};
use sync_core::card::terms::Place;
use sync_core::ids::{AssociateId, Timestamp};

use crate::stage::{ANA, BEN, Stage, reopened};

#[test]
fn a_colleague_sees_neither_private_notes_nor_the_outbox_of_another() {
    let mut stage = Stage::new();
    let mut shared = stage.enrolled(1, ANA);
    let customer = shared.create("Léa");
    shared
        .book
        .add_note(customer, Place::Private, "mine alone".to_owned())
        .unwrap();
    assert_eq!(shared.book.outbox().unwrap().len(), 2);
    stage.sign_in(&mut shared, BEN);
    assert_eq!(shared.book.customer(customer).unwrap().notes, []);
    assert_eq!(shared.book.outbox().unwrap(), []);
    assert_eq!(shared.book.status().unwrap().pending, 2);
    shared.book.switch_associate(ANA).unwrap();
    assert_eq!(shared.book.customer(customer).unwrap().notes.len(), 1);
}

#[test]
fn only_the_password_of_the_last_sign_in_switches_and_five_wrong_ones_end_that() {
    let mut stage = Stage::new();
    let mut shared = stage.enrolled(1, ANA);
    stage.sign_in_with(&mut shared, BEN, "quiet-river-9");
    shared.book.switch_associate(ANA).unwrap();
    let wrong = Err(BookError::Rejected {
        code: "wrong_password".to_owned(),
    });
    let switch = |book: &Book, password: &str| book.switch_with_password(BEN, password.to_owned());
    for _ in 0..4 {
        assert_eq!(switch(&shared.book, "quiet-river-8"), wrong);
    }
    assert_eq!(signed_in(&shared.book), Some(ANA));
    assert_eq!(switch(&shared.book, "quiet-river-9"), Ok(()));
    assert_eq!(signed_in(&shared.book), Some(BEN));
    for _ in 0..3 {
        assert_eq!(switch(&shared.book, ""), wrong, "a right one counts anew");
    }
    drop(shared.book);
    let book = reopened(&shared.path, &shared.clock, 9).unwrap();
    assert_eq!(switch(&book, ""), wrong, "a restart gives no try back");
    assert_eq!(switch(&book, ""), Err(BookError::SignInAgain));
    assert_eq!(
        switch(&book, "quiet-river-9"),
        Err(BookError::SignInAgain),
        "from now on the hub has to say it"
    );
}

#[test]
fn who_never_typed_a_password_here_is_switched_to_by_the_app_alone() {
    let mut stage = Stage::new();
    let mut shared = stage.enrolled(1, ANA);
    stage.sign_in(&mut shared, BEN);
    assert_eq!(
        shared.book.switch_with_password(ANA, String::new()),
        Err(BookError::SignInAgain)
    );
    assert_eq!(shared.book.switch_associate(ANA), Ok(()));
}

fn signed_in(book: &Book) -> Option<AssociateId> {
    let signed_in = book.status().unwrap().signed_in;
    signed_in.map(|one| one.associate)
}

#[test]
fn signed_out_nothing_is_shown_and_nothing_is_lost() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    ana.book.set_offline(true).unwrap();
    ana.book.sign_out().unwrap();
    assert_eq!(ana.book.customer(customer), Err(BookError::SignInAgain));
    assert_eq!(
        ana.book.search("lea".to_owned(), 10),
        Err(BookError::SignInAgain)
    );
    assert_eq!(
        ana.book.switch_associate(ANA),
        Err(BookError::SignInAgain),
        "signing out is not undone by switching back"
    );
    assert_eq!(ana.book.status().unwrap().pending, 1);
    stage.meet(&ana);
    assert_eq!(ana.book.status().unwrap().pending, 0);
}

#[test]
fn the_book_locks_when_its_lease_is_over_and_the_outbox_still_goes_out() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    ana.clock.advance_ms(72 * 3_600_000);
    assert_eq!(ana.book.customer(customer), Err(BookError::SignInAgain));
    ana.clock.advance_ms(-10 * Timestamp::DAY_MS);
    stage.meet(&ana);
    assert_eq!(ana.book.status().unwrap().pending, 0);
}

#[test]
fn a_look_is_logged_once_and_reaches_the_hub() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    ana.book.customer(customer).unwrap();
    ana.book.brief(customer).unwrap();
    ana.clock.advance_ms(6 * 60_000);
    ana.book.card_json(customer).unwrap();
    stage.meet(&ana);
    let store = &stage.hub.store;
    let mut looks = 0;
    let tx = sync_core::store::Store::read(store).unwrap();
    sync_core::store::scan_prefix(
        &*tx,
        sync_core::store::Table::AccessLog,
        &[],
        &mut |_, _| {
            looks += 1;
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )
    .unwrap();
    assert_eq!(looks, 2);
}
