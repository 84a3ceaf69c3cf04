//! Drafts of notes: the linter warned, and the words wait for their author.

use carnet_ffi::{BookError, NoteDraft, WipeReport};
use sync_core::card::Facet;
use sync_core::card::terms::Place;
use sync_core::digest::tombstone_item;
use sync_core::documents;
use sync_core::feed::{FeedKind, Ledger};
use sync_core::ids::CustomerId;
use sync_core::scope::Scope;
use sync_core::store::{Store as _, Table};

use crate::stage::{ANA, Actor, BEN, NOON, SHOP, Stage, reopened};

const ILL: &str = "cliente avec un problème cardiaque";
const CARD_NUMBER: &str = "pays with 4111 1111 1111 1111";

/// A customer, and a draft about them.
fn drafted(ana: &Actor) -> (CustomerId, NoteDraft) {
    let customer = ana.create("Léa");
    let kept = ana
        .book
        .keep_as_draft(customer, Place::Shop, ILL.to_owned());
    (customer, kept.unwrap())
}

fn invalid(error: &BookError) -> &str {
    let BookError::Invalid { code, .. } = error else {
        panic!("{error:?}");
    };
    code
}

#[test]
fn a_draft_survives_a_restart_and_reaches_nobody() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let ben = stage.enrolled(2, BEN);
    let (customer, kept) = drafted(&ana);
    assert_eq!((kept.name.as_str(), kept.kept_at), ("Léa", NOON));
    assert_eq!(kept.warnings[0].category, "health");
    assert_eq!(ana.book.outbox().unwrap().len(), 1, "the card itself");
    stage.meet(&ana);
    stage.meet(&ben);
    assert_eq!(ana.book.status().unwrap().pending, 0);
    for book in [&ana.book, &ben.book] {
        assert_eq!(book.customer(customer).unwrap().notes, []);
    }
    assert_eq!(ben.book.drafts(), Ok(Vec::new()));
    for ending in ["", "-wal"] {
        let mut file = ana.path.clone().into_os_string();
        file.push(ending);
        let bytes = std::fs::read(&file).unwrap();
        let mut windows = bytes.windows(8);
        assert!(windows.all(|window| window != b"cardiaqu"));
    }
    drop(ana.book);
    let book = reopened(&ana.path, &ana.clock, 9).unwrap();
    assert_eq!(book.drafts(), Ok(vec![kept]));
}

#[test]
fn a_draft_is_its_author_s_alone() {
    let mut stage = Stage::new();
    let mut shared = stage.enrolled(1, ANA);
    let (_, kept) = drafted(&shared);
    stage.sign_in(&mut shared, BEN);
    assert_eq!(shared.book.drafts(), Ok(Vec::new()));
    let reworded = shared.book.reword(kept.draft, "fine".to_owned(), true);
    assert_eq!(reworded, Err(BookError::NotFound));
    let discarded = shared.book.discard_draft(kept.draft);
    assert_eq!(discarded, Err(BookError::NotFound));
    shared.book.switch_associate(ANA).unwrap();
    assert_eq!(shared.book.drafts(), Ok(vec![kept]));
    shared.book.sign_out().unwrap();
    assert_eq!(shared.book.drafts(), Err(BookError::SignInAgain));
}

#[test]
fn a_draft_becomes_a_note_when_nothing_is_left_to_warn_of() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let (customer, kept) = drafted(&ana);
    let reword = |text: &str| ana.book.reword(kept.draft, text.to_owned(), false);
    let still = reword("elle est malade, proposer une chaise").unwrap();
    assert_eq!(still.note, None);
    assert_eq!(still.warnings[0].category, "health");
    let drafts = ana.book.drafts().unwrap();
    assert_eq!(drafts[0].body, "elle est malade, proposer une chaise");
    assert_eq!(drafts[0].warnings, still.warnings);
    assert_eq!(ana.book.customer(customer).unwrap().notes, []);
    assert_eq!(invalid(&reword("").unwrap_err()), "text");
    assert_eq!(
        ana.book.drafts(),
        Ok(drafts),
        "what can be no note changes nothing"
    );
    let note = reword("proposer une chaise").unwrap();
    assert!(note.note.is_some() && note.warnings.is_empty());
    assert_eq!(ana.book.drafts(), Ok(Vec::new()));
    let notes = ana.book.customer(customer).unwrap().notes;
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].versions[0].body, "proposer une chaise");
    assert_eq!(notes[0].place, Place::Shop);
    assert_eq!(reword("again"), Err(BookError::NotFound));
    stage.meet(&ana);
    assert_eq!(ana.book.outbox(), Ok(Vec::new()), "the hub took the note");
}

#[test]
fn who_insists_answers_for_the_words_but_not_for_numbers() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let (customer, kept) = drafted(&ana);
    let number = ana.book.reword(kept.draft, CARD_NUMBER.to_owned(), true);
    assert_eq!(invalid(&number.unwrap_err()), "note_nowhere");
    assert_eq!(ana.book.drafts(), Ok(vec![kept.clone()]));
    let note = ana.book.reword(kept.draft, ILL.to_owned(), true).unwrap();
    assert!(note.note.is_some());
    assert_eq!(note.warnings, kept.warnings);
    assert_eq!(ana.book.customer(customer).unwrap().notes.len(), 1);
    assert_eq!(ana.book.drafts(), Ok(Vec::new()));
}

#[test]
fn what_may_be_kept_nowhere_is_no_draft_either() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    let keep = |customer, text: &str| {
        let kept = ana
            .book
            .keep_as_draft(customer, Place::Card, text.to_owned());
        kept.unwrap_err()
    };
    assert_eq!(invalid(&keep(customer, CARD_NUMBER)), "note_nowhere");
    assert_eq!(invalid(&keep(customer, " ")), "text");
    let nobody = CustomerId([9; 16]);
    assert_eq!(keep(nobody, ILL), BookError::NotFound);
    assert_eq!(ana.book.drafts(), Ok(Vec::new()));
}

#[test]
fn a_draft_goes_when_its_author_says_so() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let (customer, kept) = drafted(&ana);
    let other = ana
        .book
        .keep_as_draft(customer, Place::Card, "malade".to_owned());
    ana.book.discard_draft(kept.draft).unwrap();
    assert_eq!(ana.book.drafts(), Ok(vec![other.unwrap()]));
}

#[test]
fn a_wipe_says_that_drafts_are_lost() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    drafted(&ana);
    stage.meet(&ana);
    let refused = BookError::Rejected {
        code: "drafts_kept".to_owned(),
    };
    assert_eq!(ana.book.wipe(false), Err(refused));
    let report = WipeReport {
        pending_lost: 0,
        refused_lost: 0,
        drafts_lost: 1,
    };
    assert_eq!(ana.book.wipe(true), Ok(report));
    assert_eq!(ana.book.drafts(), Err(BookError::EnrolAgain));
}

/// The hub takes a customer's card out of the shop's book, and tells its handhelds.
fn withdraw(stage: &mut Stage, customer: CustomerId, is_erased: bool) {
    let scope = Scope::Book(SHOP);
    let document = Facet::Card.document(customer);
    let hash = tombstone_item(customer);
    let mut tx = stage.hub.store.write().unwrap();
    let mut ledger = Ledger::default();
    documents::leave(&mut *tx, &mut ledger, scope, document).unwrap();
    let mut kind = FeedKind::Leave { document };
    if is_erased {
        tx.put(Table::Tombstone, customer.as_bytes(), &[]).unwrap();
        let item = ledger.replace_item(tx.as_read(), scope, None, Some(&hash));
        item.unwrap();
        kind = FeedKind::Tombstone { customer };
    }
    ledger.append(&mut *tx, scope, kind, hash).unwrap();
    ledger.write(&mut *tx).unwrap();
    tx.commit().unwrap();
}

#[test]
fn drafts_about_somebody_who_was_erased_are_gone() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let (customer, _) = drafted(&ana);
    let other = ana.create("Tom");
    let kept = ana
        .book
        .keep_as_draft(other, Place::Card, ILL.to_owned())
        .unwrap();
    stage.meet(&ana);
    withdraw(&mut stage, customer, true);
    stage.meet(&ana);
    assert_eq!(ana.book.customer(customer), Err(BookError::NotFound));
    assert_eq!(ana.book.drafts(), Ok(vec![kept]));
}

#[test]
fn a_draft_stays_although_its_customer_left_the_book() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let (customer, kept) = drafted(&ana);
    stage.meet(&ana);
    withdraw(&mut stage, customer, false);
    stage.meet(&ana);
    assert_eq!(ana.book.customer(customer), Err(BookError::NotFound));
    let left = NoteDraft {
        name: String::new(),
        ..kept.clone()
    };
    let reword = |text: &str| ana.book.reword(kept.draft, text.to_owned(), false);
    assert_eq!(reword("offer a chair"), Err(BookError::NotFound));
    assert_eq!(ana.book.drafts(), Ok(vec![left]), "the words stay");
}
