//! Who may see and write what, on a handheld that several people share.

use carnet_ffi::BookError;
use sync_core::card::terms::Place;
use sync_core::ids::Timestamp;

use crate::stage::{ANA, BEN, Stage};

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
    ana.clock.advance_ms(6 * 60_000);
    ana.book.purchases(customer).unwrap();
    ana.book.totals(customer).unwrap();
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
    assert_eq!(looks, 3);
}
