//! The invented book: what screens are built on.

use carnet_ffi::{Book, BriefSection, SyncEnd};
use sync_core::concierge::brief::LineKind;

#[test]
fn the_preview_has_something_of_everything() {
    let book = Book::preview().unwrap();
    let found = book.search("ana".to_owned(), 10).unwrap();
    assert_eq!(found.hits.len(), 1);
    let ana = found.hits[0].customer;
    assert!(found.hits[0].has_allergy);
    let brief = book.brief(ana).unwrap();
    let kinds: Vec<_> = brief.lines.iter().map(|line| line.kind).collect();
    assert_eq!(kinds[0], LineKind::Allergy);
    assert!(kinds.contains(&LineKind::Promise) && kinds.contains(&LineKind::Ask));
    assert_eq!(brief.lines[0].section, BriefSection::Avoid);
    assert_eq!(book.conflicts(ana).unwrap()[0].choices.len(), 2);
    for query in ["王小", "민지", "ковал", "0123"] {
        let found = book.search(query.to_owned(), 10).unwrap();
        assert!(!found.hits.is_empty(), "{query}");
    }
}

#[test]
fn the_preview_syncs_with_a_hub_of_its_own() {
    let book = Book::preview().unwrap();
    let ana = book.search("ana".to_owned(), 1).unwrap().hits[0].customer;
    book.arrive(ana, None).unwrap();
    assert_eq!(book.status().unwrap().pending, 1);
    assert_eq!(book.sync_once(1_000).unwrap().end, SyncEnd::Settled);
    assert_eq!(book.status().unwrap().pending, 0);
    assert!(book.row(ana).unwrap().unwrap().in_shop);
}

#[test]
fn the_preview_names_the_same_customers_at_every_start() {
    let names = || -> Vec<_> {
        let found = Book::preview().unwrap().search(String::new(), 50).unwrap();
        found.hits.into_iter().map(|hit| hit.customer).collect()
    };
    assert_eq!(names(), names());
}

#[test]
fn a_card_as_json_holds_what_the_card_holds() {
    let book = Book::preview().unwrap();
    let ana = book.search("ana".to_owned(), 1).unwrap().hits[0].customer;
    let json: serde_json::Value = serde_json::from_str(&book.card_json(ana).unwrap()).unwrap();
    let card = book.customer(ana).unwrap();
    assert_eq!(
        json["allergies"][0]["substance"]["value"],
        card.allergies[0].substance.as_str()
    );
    assert_eq!(
        json["promises"].as_array().unwrap().len(),
        card.promises.len()
    );
}
