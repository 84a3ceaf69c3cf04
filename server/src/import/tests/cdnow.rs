//! Claims about a real shop's transaction log.

use std::path::Path;

use sync_core::records::{Currency, purchases, totals};
use sync_core::search::search;

use super::*;

/// Lines of the excerpt.
const ROWS: u64 = 299;
/// What they add up to.
const CENTS: i64 = 1_776_481;

fn excerpt() -> Vec<u8> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/import/cdnow_excerpt.txt");
    std::fs::read(path).expect("the excerpt is part of the repository")
}

fn spent(book: &Book, id: &str) -> i64 {
    let customer = book.customer(id).expect("the customer was imported");
    let tx = book.store.read().unwrap();
    totals(&*tx, customer).unwrap().amount_minor[&Currency::USD]
}

#[test]
fn the_excerpt_comes_in_to_the_cent_and_a_second_time_changes_nothing() {
    let mut book = Book::default();
    let first = book.import(What::Sales, &excerpt());
    let report = first.report();
    assert_eq!((report.rows, report.rejected_total()), (ROWS, 0));
    assert_eq!((report.customers_new, report.records_new), (34, ROWS));
    assert_eq!(
        report.amount_minor,
        BTreeMap::from([(Currency::USD, CENTS)])
    );
    assert!(report.has_changed());
    assert_eq!(spent(&book, "07592"), 1_399_093);
    assert_eq!(spent(&book, "00455"), 0);

    let before = book.content();
    let again = book.import_at(What::Sales, &excerpt(), &options(NOW.plus_ms(86_400_000)));
    let report = again.report();
    assert!(!report.has_changed());
    assert_eq!(
        (report.records_unchanged, report.customers_unchanged),
        (ROWS, 34)
    );
    assert_eq!(
        report.amount_minor,
        BTreeMap::from([(Currency::USD, CENTS)])
    );
    assert!(report.to_string().contains("Nothing changed"), "{report}");
    assert_eq!(book.content(), before);
}

#[test]
fn equal_lines_of_one_day_are_each_kept() {
    let mut book = Book::default();
    book.import(What::Sales, &excerpt());
    let customer = book.customer("00631").unwrap();
    let tx = book.store.read().unwrap();
    let found = purchases(&*tx, customer).unwrap();
    assert_eq!(found.len(), 3);
    let equal = found.iter().filter(|one| one.sale == found[0].sale).count();
    let other = found.iter().filter(|one| one.sale == found[2].sale).count();
    assert_eq!(equal.max(other), 2);
}

#[test]
fn an_imported_customer_is_found_by_number_and_listed_by_last_purchase() {
    let mut book = Book::default();
    book.import(What::Sales, &excerpt());
    let tx = book.store.read().unwrap();
    let found = search(&*tx, "07592", 10).unwrap().rows;
    assert_eq!(found.len(), 1);
    assert_eq!(Some(found[0].customer), book.customer("07592"));
    let last = purchases(&*tx, found[0].customer).unwrap()[0]
        .sale
        .at
        .days();
    assert_eq!(i64::from(found[0].rank), last);
    let listed = search(&*tx, "", 50).unwrap().rows;
    assert_eq!(listed.len(), 34);
    assert!(listed.is_sorted_by_key(|row| std::cmp::Reverse(row.rank)));
}

#[test]
fn a_file_that_was_cut_is_completed_by_the_whole_one() {
    let whole = excerpt();
    let mut complete = Book::default();
    complete.import(What::Sales, &whole);
    for cut in [60, 500, whole.len() / 2, whole.len() - 3] {
        let mut book = Book::default();
        let part = book.import(What::Sales, &whole[..cut]);
        let lines = whole[..cut].iter().filter(|byte| **byte == b'\n').count();
        let report = part.report();
        assert_eq!(report.rows, lines as u64);
        assert_eq!(report.rejected, BTreeMap::from([("cut_off", 1)]));
        let rest = book.import_at(What::Sales, &whole, &options(NOW.plus_ms(1)));
        assert_eq!(rest.report().rejected_total(), 0, "{:?}", rest.problems);
        for id in ["00001", "00631", "07592"] {
            assert_eq!(spent(&book, id), spent(&complete, id), "cut at {cut}");
        }
    }
}

#[test]
fn lines_out_of_order_are_refused_because_equal_ones_could_not_be_told_apart() {
    let text = b" customer_id  date number_of_cds  dollar_value\n\
        00002 19970112  1   12.00\r\n 00001 19970101  1   11.77\n00002 19970113  1   12.00\n00003 19971301 1 2.00\n00003 1997 x\n";
    let mut book = Book::default();
    let outcome = book.import(What::Sales, text);
    assert_eq!(outcome.report().records_new, 2);
    assert_eq!(
        outcome.problems,
        [
            "line 3: customer_id rows that belong together must stand together: sort the file by customer and sale",
            "line 5: date is no date: write YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SS with Z or an offset",
            "line 6: the row has 3 fields, the header 4",
        ]
    );
}

#[test]
fn the_whole_log_comes_in_to_the_cent() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/cdnow/CDNOW_master.txt");
    let Ok(bytes) = std::fs::read(&path) else {
        println!(
            "SKIPPED for lack of data: {} is not there; the excerpt was tested",
            path.display()
        );
        return;
    };
    let mut book = Book::default();
    let outcome = book.import(What::Sales, &bytes);
    let report = outcome.report();
    assert_eq!(report.rows, 69_659);
    assert_eq!((report.rejected_total(), report.records_new), (0, 69_659));
    assert_eq!(report.customers_new, 23_570);
    assert_eq!(
        report.amount_minor,
        BTreeMap::from([(Currency::USD, 250_031_563)])
    );
    assert_eq!(spent(&book, "07592"), 1_399_093);
    assert_eq!(report.bytes, u64::try_from(bytes.len()).unwrap());
    assert_eq!(outcome.progress.last().map(|last| last.rows), Some(69_659));
    let again = book.import_at(What::Sales, &bytes, &options(NOW.plus_ms(1)));
    assert!(!again.report().has_changed());
    assert_eq!(again.report().records_unchanged, 69_659);
}
