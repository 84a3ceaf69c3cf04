//! Where the chain stands, from the hub that counts and signs it to the handheld that checks and shows it.

use carnet_ffi::BookError;
use server::gap::keeper;
use sync_core::concierge::gap::StandardSnapshot;
use sync_core::notices::{self, NoticeDraft, Subject};

use crate::hub::Hub;
use crate::meeting::create;

const LONG_MS: u64 = 20_000;

#[test]
fn the_standing_that_the_hub_counts_and_signs_is_shown_and_a_changed_one_is_not() {
    let hub = Hub::start();
    hub.associate("ana");
    let book = hub.handheld("ana");
    let ines = create(&book, "Ines");
    book.arrive(ines, None).unwrap();
    book.sync_once(LONG_MS).unwrap();
    let now = hub.book().now();
    hub.wait(keeper::settle(hub.book(), now)).unwrap();
    hub.wait(keeper::publish(hub.book(), hub.key(), now))
        .unwrap();
    book.sync_once(LONG_MS).unwrap();
    let standard = book.standard().unwrap().unwrap();
    assert_eq!((standard.active, standard.best), (1, 0), "too few to tell");
    let playbook = book.playbook().unwrap();
    assert_eq!(standard.playbook_version, playbook.version);
    let counted: Vec<_> = standard.items.iter().map(|item| &item.item).collect();
    let written: Vec<_> = playbook.items.iter().map(|item| &item.id).collect();
    assert_eq!(counted, written);

    let tx = hub.book().store().read().unwrap();
    let told = notices::get::<StandardSnapshot>(&*tx, Subject::Chain, "");
    let (_, mut snapshot) = told.unwrap().unwrap();
    drop(tx);
    snapshot.coverage_bp = Some(10_000);
    hub.post(NoticeDraft::new(
        Subject::Chain,
        "",
        ("gap", now),
        &snapshot,
    ));
    book.sync_once(LONG_MS).unwrap();
    let refused = BookError::Rejected {
        code: "not_genuine".to_owned(),
    };
    assert_eq!(book.standard(), Err(refused));
}
