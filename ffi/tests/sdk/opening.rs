//! Opening a book, and what the app is told when that fails.

use carnet_ffi::{Book, BookError, BookOptions};
use sync_core::card::terms::Place;

use crate::stage::{ANA, KEY, NOON, Stage, reopened};

#[test]
fn another_key_is_told_from_a_damaged_book() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    let path = ana.path.to_str().unwrap().to_owned();
    drop(ana.book);
    let opened = Book::open(path, vec![8; 32], BookOptions::default());
    assert_eq!(opened.unwrap_err(), BookError::WrongKey);
    let book = reopened(&ana.path, &ana.clock, 9).unwrap();
    assert_eq!(book.customer(customer).unwrap().name, "Léa");
}

#[test]
fn a_key_of_another_length_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book");
    let opened = Book::open(
        path.to_str().unwrap().to_owned(),
        vec![1; 31],
        BookOptions::default(),
    );
    assert!(matches!(opened, Err(BookError::Invalid { code, .. }) if code == "key_length"));
    assert!(!path.exists());
}

#[test]
fn a_book_is_open_once() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let customer = ana.create("Léa");
    let second = reopened(&ana.path, &ana.clock, 9);
    assert_eq!(second.unwrap_err(), BookError::CloseOther);
    ana.book
        .add_note(customer, Place::Card, "still here".to_owned())
        .unwrap();
    drop(ana.book);
    let book = reopened(&ana.path, &ana.clock, 9).unwrap();
    assert_eq!(book.customer(customer).unwrap().notes.len(), 1);
    book.wipe(true).unwrap();
    let anew = reopened(&ana.path, &ana.clock, 9).unwrap();
    assert_eq!(anew.search(String::new(), 1), Err(BookError::EnrolAgain));
}

#[test]
fn nothing_readable_is_on_disk() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    ana.create("Clémentine-Needle");
    let needle = b"mentine-Needle";
    for ending in ["", "-wal"] {
        let mut file = ana.path.clone().into_os_string();
        file.push(ending);
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes.windows(needle.len()).all(|window| window != needle));
    }
    assert_eq!(KEY.len(), 32);
}

#[test]
fn an_empty_book_asks_to_be_enrolled() {
    let stage = Stage::new();
    let blank = stage.blank(1);
    assert_eq!(
        blank.book.search(String::new(), 10),
        Err(BookError::EnrolAgain)
    );
    assert_eq!(blank.book.sync_once(10), Err(BookError::EnrolAgain));
    let status = blank.book.status().unwrap();
    assert_eq!((status.device, status.pending), (None, 0));
}

#[test]
fn work_survives_a_restart_and_is_counted() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    ana.create("Léa");
    drop(ana.book);
    ana.clock.advance_ms(60_000);
    let book = reopened(&ana.path, &ana.clock, 9).unwrap();
    let status = book.status().unwrap();
    assert_eq!(status.pending, 1);
    assert_eq!(status.oldest_pending_at, Some(NOON));
    assert_eq!(status.oldest_pending_ms, Some(60_000));
    assert_eq!(
        status.signed_in.map(|associate| associate.associate),
        Some(ANA)
    );
    assert!(!status.attested);
}

#[test]
fn a_hub_over_plain_http_is_taken_on_this_machine_only() {
    let stage = Stage::new();
    let blank = stage.blank(1);
    let enrolled = |url: &str| {
        blank
            .book
            .enrol(url.to_owned(), "code".to_owned(), "label".to_owned())
    };
    for url in [
        "http://hub.example",
        "hub.example",
        "ftp://hub.example",
        "https://hub.example/path",
    ] {
        let refused = enrolled(url);
        assert!(
            matches!(&refused, Err(BookError::Invalid { code, .. }) if code == "hub_url"),
            "{url}: {refused:?}"
        );
    }
    // Port 1 answers nobody: what is refused here is the connection, not the address.
    assert_eq!(enrolled("http://127.0.0.1:1"), Err(BookError::Offline));
}
