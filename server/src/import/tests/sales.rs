//! Claims about sales in CSV, JSON lines and requests.

use sync_core::records::{Currency, SoldAt, purchases, totals};

use super::*;

const HEADER: &str = "sale_id,customer_id,date,amount,currency,kind,sku,label,quantity\n";

fn import_csv(book: &mut Book, rows: &str) -> Outcome {
    book.import(What::Sales, format!("{HEADER}{rows}").as_bytes())
}

#[test]
fn lines_of_one_sale_become_one_purchase() {
    let mut book = Book::default();
    let outcome = import_csv(
        &mut book,
        "1,anna,2026-05-01,120.50,EUR,,A-1,\"Scarf, red\",1\n\
         1,anna,2026-05-01,9.50,EUR,,A-2,Box,2\n\
         2,anna,2026-05-02T10:00:00+02:00,1500,JPY,,,,\n\
         3,anna,2026-05-03,20.00,EUR,return,A-2,Box,1\n",
    );
    let report = outcome.report();
    assert_eq!((report.rows, report.customers_new), (4, 1));
    assert_eq!(
        (report.purchases, report.returns, report.records_new),
        (2, 1, 3)
    );
    let tx = book.store.read().unwrap();
    let customer = book.customer("anna").unwrap();
    let found = purchases(&*tx, customer).unwrap();
    assert_eq!(
        found[0].sale.at,
        SoldAt::Moment(Timestamp(1_777_708_800_000))
    );
    assert_eq!(found[1].sale.amount_minor, 13_000);
    let lines: Vec<_> = found[1]
        .sale
        .lines
        .iter()
        .map(|line| (line.label.as_deref(), line.quantity))
        .collect();
    assert_eq!(lines, [(Some("Scarf, red"), 1), (Some("Box"), 2)]);
    let totals = totals(&*tx, customer).unwrap();
    assert_eq!(totals.amount_minor[&"JPY".parse().unwrap()], 1_500);
    assert_eq!(
        totals.returned_minor,
        BTreeMap::from([(Currency::EUR, 2_000)])
    );
    assert_eq!(found[0].sale.shop, Some(ShopId([7; 8])));
}

#[test]
fn a_corrected_row_replaces_its_earlier_version() {
    let mut book = Book::default();
    import_csv(&mut book, "1,anna,2026-05-01,120.50,EUR,,,,\n");
    let corrected = format!("{HEADER}1,anna,2026-05-01,100.00,EUR,,,,\n");
    let outcome = book.import_at(What::Sales, corrected.as_bytes(), &options(NOW.plus_ms(1)));
    assert_eq!(
        (
            outcome.report().records_replaced,
            outcome.report().records_new
        ),
        (1, 0)
    );
    let tx = book.store.read().unwrap();
    let found = purchases(&*tx, book.customer("anna").unwrap()).unwrap();
    assert_eq!(
        (found.len(), found[0].version, found[0].sale.amount_minor),
        (1, 2, 10_000)
    );
}

#[test]
fn lines_of_one_sale_that_stand_apart_or_disagree_are_refused_rather_than_lost() {
    let mut book = Book::default();
    let outcome = import_csv(
        &mut book,
        "1,anna,2026-05-01,1.00,EUR,,,,\n\
         2,anna,2026-05-01,2.00,EUR,,,,\n\
         1,anna,2026-05-01,4.00,EUR,,,,\n\
         3,anna,2026-05-01,8.00,EUR,,,,\n\
         3,anna,2026-05-02,16.00,EUR,,,,\n\
         2,bert,2026-05-01,32.00,EUR,,,,\n",
    );
    assert_eq!(
        outcome.problems,
        [
            "line 6: differs from the line before, which has the same sale_id",
            "line 4: sale_id the same id came earlier in this file with other content",
            "line 7: sale_id was imported for another customer before: correct it in the till's own system",
        ]
    );
    assert_eq!(
        outcome.report().amount_minor,
        BTreeMap::from([(Currency::EUR, 1_100)])
    );
}

#[test]
fn one_sale_in_every_form_is_the_same_record() {
    let forms: [&str; 5] = [
        "sale_id,customer_id,date,amount,currency,sku,quantity\n1,anna,2026-05-01,120.50,EUR,A,2\n",
        "\u{feff}Sale_ID;Customer_ID;Date;Amount;Currency;SKU;Quantity\r\n1;anna;2026-05-01;120,50;eur;A;2\r\n",
        "quantity\tsku\tcurrency\tamount\tdate\tcustomer_id\tsale_id\textra\n2\tA\tEUR\t120.5\t2026-05-01\tanna\t1\tx\n",
        "{\"sale_id\":1,\"customer_id\":\"anna\",\"date\":\"2026-05-01\",\"amount\":\"120.50\",\"currency\":\"EUR\",\"sku\":\"A\",\"quantity\":2}",
        "\n{\"sale_id\":\"1\",\"customer_id\":\"anna\",\"date\":\"2026-05-01\",\"currency\":\"EUR\",\"lines\":[{\"sku\":\"A\",\"quantity\":2,\"amount\":\"120.50\"}]}\n\n",
    ];
    let mut book = Book::default();
    for (at, form) in forms.iter().enumerate() {
        let outcome = book.import_at(
            What::Sales,
            form.as_bytes(),
            &options(NOW.plus_ms(i64::try_from(at).unwrap())),
        );
        let report = outcome.report();
        assert_eq!(report.rejected_total(), 0, "{form}: {:?}", outcome.problems);
        assert_eq!((report.rows, report.has_changed()), (1, at == 0), "{form}");
        assert_eq!(report.ignored_columns.is_empty(), at != 2);
    }
    let row = SaleRow {
        sale_id: Some("1".to_owned()),
        customer_id: Some("anna".to_owned()),
        date: Some("2026-05-01".to_owned()),
        amount: Some("120.50".to_owned()),
        currency: Some("EUR".to_owned()),
        sku: Some("A".to_owned()),
        quantity: Some("2".to_owned()),
        ..SaleRow::default()
    };
    let report = book.rows(Rows::Sales(vec![row])).unwrap();
    assert_eq!((report.records_unchanged, report.has_changed()), (1, false));
}

#[test]
fn a_row_that_is_wrong_is_told_with_line_and_column_and_stops_nothing() {
    let bad = [
        (
            "1,anna,2026-02-30,1.00,EUR,,,,",
            "date is no date: write YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SS with Z or an offset",
        ),
        (
            "1,anna,2031-01-01,1.00,EUR,,,,",
            "date lies in the future or before 1970",
        ),
        (
            "1,anna,2026-05-01,-1.00,EUR,,,,",
            "amount is negative: write a return as kind=return with a positive amount",
        ),
        (
            "1,anna,2026-05-01,99999999999999,EUR,,,,",
            "amount is no amount: larger than any sale: check the decimal point",
        ),
        (
            "1,anna,2026-05-01,\"1.000,50\",EUR,,,,",
            "amount is no amount: not a decimal number such as 1234.50 (no thousands separators, no currency sign)",
        ),
        ("1,anna,2026-05-01,,EUR,,,,", "amount is empty"),
        (
            "1,anna,2026-05-01,1.00,XXX,,,,",
            "currency \"XXX\" is no currency code of ISO 4217 in use, such as EUR",
        ),
        (
            "1,anna,2026-05-01,1.00,,,,,",
            "currency is missing: add the column or name a default currency",
        ),
        (
            "1,anna,2026-05-01,1.00,EUR,gift,,,",
            "kind is none of: sale, return",
        ),
        (
            "1,anna,2026-05-01,1.00,EUR,,,,1.5",
            "quantity is no whole number from 0 to 1,000,000",
        ),
        ("1,,2026-05-01,1.00,EUR,,,,", "customer_id is empty"),
        (",anna,2026-05-01,1.00,EUR,,,,", "sale_id is empty"),
        (
            "1,anna,2026-05-01,1.00",
            "the row has 4 fields, the header 9",
        ),
        (
            "1,anna,2026-05-01,1.00,EUR,,,,,,",
            "the row has 11 fields, the header 9",
        ),
        (
            "1,an\u{1}na,2026-05-01,1.00,EUR,,,,",
            "customer_id has more than 128 bytes or control characters",
        ),
    ];
    for (row, expected) in bad {
        let mut book = Book::default();
        let outcome = import_csv(
            &mut book,
            &format!("0,zoe,2026-05-01,1.00,EUR,,,,\n{row}\n9,zoe,2026-05-01,1.00,EUR,,,,\n"),
        );
        assert_eq!(outcome.problems, [format!("line 3: {expected}")]);
        assert_eq!(outcome.raw, [row]);
        assert_eq!(outcome.report().records_new, 2, "{row}");
        assert_eq!(outcome.report().rejected_total(), 1);
    }
}

#[test]
fn nobody_comes_back_from_a_file_after_an_erasure() {
    let mut book = Book::default();
    let row = "1,anna,2026-05-01,1.00,EUR,,,,\n2,bert,2026-05-01,1.00,EUR,,,,\n";
    import_csv(&mut book, row);
    let customer = book.customer("anna").unwrap();
    book.erase(customer);
    let before = book.content();
    let outcome = import_csv(&mut book, row);
    assert_eq!(
        outcome.problems,
        ["line 2: customer_id belongs to a customer who was erased"]
    );
    assert!(!outcome.report().has_changed());
    assert_eq!(book.content(), before);
    let tx = book.store.read().unwrap();
    let range = KeyRange {
        from: &[],
        to: None,
    };
    tx.scan(
        Table::ImportIndex,
        range,
        Direction::Ascending,
        &mut |key, value| {
            let id = customer.as_bytes();
            let has = |bytes: &[u8]| bytes.windows(id.len()).any(|part| part == id);
            assert!(
                !has(key) && !has(value),
                "the index still names who was erased"
            );
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )
    .unwrap();
}

#[test]
fn batches_are_committed_as_they_fill_and_sales_across_them_stay_whole() {
    let mut rows = String::new();
    for sale in 0..1_500 {
        for line in 0..2 {
            rows.push_str(&format!(
                "{sale},c{},2026-05-01,1.00,EUR,,L{line},,\n",
                sale / 250
            ));
        }
    }
    let mut book = Book::default();
    let outcome = import_csv(&mut book, &rows);
    let report = outcome.report();
    assert_eq!(
        (report.rows, report.records_new, report.customers_new),
        (3_000, 1_500, 6)
    );
    assert_eq!(
        report.amount_minor,
        BTreeMap::from([(Currency::EUR, 300_000)])
    );
    assert_eq!(outcome.progress.len(), 31);
    assert!(
        outcome
            .progress
            .is_sorted_by_key(|progress| (progress.rows, progress.bytes))
    );
    let tx = book.store.read().unwrap();
    let all = purchases(&*tx, book.customer("c0").unwrap()).unwrap();
    assert!(all.len() == 250 && all.iter().all(|record| record.sale.lines.len() == 2));
}

#[test]
fn the_help_names_every_column() {
    let text = What::Sales.schema_text() + &What::Customers.schema_text();
    for column in schema::SALE_COLUMNS.iter().chain(schema::CUSTOMER_COLUMNS) {
        assert!(text.contains(column.name) && text.contains(column.meaning));
    }
}

#[test]
fn a_till_that_sends_a_sale_twice_is_believed_once() {
    let row: SaleRow = serde_json::from_str(
        r#"{"sale_id":"1","customer_id":"anna","date":"2026-05-01","amount":"5.00","currency":"EUR"}"#,
    )
    .unwrap();
    let mut other = row.clone();
    other.amount = Some("6.00".to_owned());
    let mut book = Book::default();
    let report = book
        .rows(Rows::Sales(vec![row.clone(), row, other]))
        .unwrap();
    assert_eq!((report.records_new, report.records_unchanged), (1, 1));
    assert_eq!(report.rejected, BTreeMap::from([("repeated", 1)]));
    let tx = book.store.read().unwrap();
    let totals = totals(&*tx, book.customer("anna").unwrap()).unwrap();
    assert_eq!(totals.amount_minor, BTreeMap::from([(Currency::EUR, 500)]));
}
