//! Claims about files that are not what they should be.

use super::*;

const GOOD: &str = "1,anna,2026-05-01,1.00,EUR\n";
const HEADER: &str = "sale_id,customer_id,date,amount,currency\n";

fn error(bytes: &[u8]) -> String {
    let mut book = Book::default();
    let outcome = book.import(What::Sales, bytes);
    assert!(book.content().is_empty(), "nothing was written");
    outcome.result.expect_err("the file is refused").to_string()
}

#[test]
fn an_empty_file_is_told() {
    for bytes in [&b""[..], b"\n\r\n  \n", b"\xef\xbb\xbf"] {
        assert_eq!(
            error(bytes),
            "the file is empty: expected a header or JSON lines"
        );
    }
}

#[test]
fn a_wrong_header_is_told_with_what_was_expected_and_found() {
    for header in [
        "1,anna,2026-05-01,1.00",
        "sale_id,customer,date,amount",
        "PK\u{3}\u{4}",
        "sale_id,sale_id,customer_id,date,amount",
    ] {
        let message = error(format!("{header}\n{GOOD}").as_bytes());
        assert!(
            message.contains("Required columns: sale_id, customer_id, date, amount."),
            "{message}"
        );
        assert!(message.contains(&format!("Found: {header:?}")), "{message}");
    }
    let mut book = Book::default();
    let outcome = book.import(What::Customers, format!("{HEADER}{GOOD}").as_bytes());
    let message = outcome.result.unwrap_err().to_string();
    assert!(message.contains("this looks like sales"), "{message}");
}

#[test]
fn another_encoding_is_told_with_its_place_and_cure() {
    let mut latin = format!("{HEADER}{GOOD}").into_bytes();
    latin.extend_from_slice(b"2,zo\xeb,2026-05-01,1.00,EUR\n");
    let mut reader = latin.as_slice();
    let message = check_encoding(&mut reader).unwrap_err().to_string();
    assert_eq!(
        message,
        "line 3, byte 5: a byte that is not UTF-8, probably Latin-1 or Windows-1252. \
         Convert the file to UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW"
    );
    let mut book = Book::default();
    assert!(book.import(What::Sales, &latin).result.is_err());
    assert!(book.content().is_empty(), "the batch was not committed");

    for mark in [[0xff, 0xfe], [0xfe, 0xff]] {
        let mut wide = mark.to_vec();
        wide.extend(HEADER.encode_utf16().flat_map(u16::to_le_bytes));
        let message = error(&wide);
        assert!(
            message.starts_with("line 1, byte") && message.contains("UTF-16"),
            "{message}"
        );
    }
    let unmarked: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(error(&unmarked).contains("UTF-16"));
    let good = format!("{HEADER}{GOOD}");
    assert_eq!(
        check_encoding(&mut good.as_bytes()).unwrap(),
        u64::try_from(good.len()).unwrap()
    );
}

#[test]
fn a_line_of_a_megabyte_is_skipped_in_bounded_memory() {
    let long = "x".repeat(1 << 20);
    let mut book = Book::default();
    let text = format!("{HEADER}{GOOD}2,{long},2026-05-01,1.00,EUR\n3,anna,2026-05-01,1.00,EUR\n");
    let outcome = book.import(What::Sales, text.as_bytes());
    assert_eq!(
        outcome.problems,
        ["line 3: the line has more than 65536 bytes"]
    );
    assert_eq!(
        (outcome.report().records_new, outcome.report().rows),
        (2, 3)
    );
    assert!(error(long.as_bytes()).contains("not the expected header"));
}

#[test]
fn a_stray_quote_costs_its_own_row() {
    let mut book = Book::default();
    let text = format!(
        "{HEADER}1,\"anna,2026-05-01,1.00,EUR\n2,bert,2026-05-01,1.00,EUR\n3,\"cleo\",2026-05-01,1.00,EUR\n4,dora,2026-05-01,1.00,EUR\n"
    );
    let outcome = book.import(What::Sales, text.as_bytes());
    let report = outcome.report();
    assert_eq!(report.rows, report.records_new + report.rejected_total());
    assert!(book.customer("dora").is_some());
    assert!(!outcome.problems.is_empty());
    let mut book = Book::default();
    let text = format!("{HEADER}1,\"anna,2026-05-01,1.00,EUR\n2,bert,2026-05-01,1.00,EUR\n");
    let outcome = book.import(What::Sales, text.as_bytes());
    assert_eq!(
        outcome.problems,
        ["line 2: a quote is opened and not closed"]
    );
    assert!(
        book.customer("bert").is_some(),
        "the line after it was read again"
    );
}

#[test]
fn a_quoted_field_may_span_lines() {
    let mut book = Book::default();
    let outcome = book.import(
        What::Customers,
        b"customer_id,note\n1,\"two\nlines\"\n2,one\n3,\"a \"\"b\"\"\"\n",
    );
    assert_eq!(
        (outcome.report().rows, outcome.report().customers_new),
        (3, 3)
    );
    assert_eq!(book.view("1").notes[0].versions[0].body, "two\nlines");
    assert_eq!(book.view("3").notes[0].versions[0].body, "a \"b\"");
}

#[test]
fn a_file_cut_in_a_row_says_so_and_keeps_what_came_before() {
    for (cut, reads) in [("2,anna,2026-", true), ("2", true), ("2,\"an", false)] {
        let mut book = Book::default();
        let outcome = book.import(What::Sales, format!("{HEADER}{GOOD}{cut}").as_bytes());
        assert_eq!(outcome.report().records_new, 1);
        let expected = if reads {
            "the file ends inside this row"
        } else {
            "a quote is opened"
        };
        assert!(
            outcome.problems[0].starts_with(&format!("line 3: {expected}")),
            "{:?}",
            outcome.problems
        );
    }
}

#[test]
fn one_broken_line_of_json_stops_nothing() {
    let good = |id: u32| {
        format!(
            "{{\"sale_id\":{id},\"customer_id\":\"anna\",\"date\":\"2026-05-01\",\"amount\":\"1.00\",\"currency\":\"EUR\"}}"
        )
    };
    for (bad, expected) in [
        ("{\"sale_id\":", "EOF while parsing"),
        ("[]", "expected an object"),
        ("{\"sale_id\":2,\"amount\":1.5}", "write decimals as text"),
        ("{\"sale_id\":2,\"color\":\"red\"}", "unknown field `color`"),
        ("sale_id,customer_id", "expected an object"),
    ] {
        let mut book = Book::default();
        let outcome = book.import(
            What::Sales,
            format!("{}\n{bad}\n{}\n", good(1), good(3)).as_bytes(),
        );
        assert_eq!(outcome.report().records_new, 2, "{bad}");
        assert!(
            outcome.problems.len() == 1
                && outcome.problems[0].starts_with("line 2: not a JSON object"),
            "{:?}",
            outcome.problems
        );
        assert!(
            outcome.problems[0].contains(expected),
            "{:?}",
            outcome.problems
        );
    }
    let mut book = Book::default();
    let whole = good(1);
    let outcome = book.import(
        What::Sales,
        format!("{whole}\n{}", whole.get(..30).unwrap()).as_bytes(),
    );
    assert!(
        outcome.problems[0].starts_with("line 2: the file ends inside"),
        "{:?}",
        outcome.problems
    );
}

#[test]
fn any_bytes_end_in_a_report_or_an_error() {
    let mut entropy = SeededEntropy::new(5);
    let base =
        format!("{HEADER}{GOOD}2,\"bert\",2026-05-02,2.00,EUR\n3,cleo,2026-05-03,3.00,EUR\n")
            .into_bytes();
    for _ in 0..2_000 {
        let mut bytes = base.clone();
        for _ in 0..=entropy.below(3) {
            let at = usize::try_from(entropy.below(bytes.len() as u64)).unwrap();
            match entropy.below(3) {
                0 => bytes[at] = u8::try_from(entropy.below(256)).unwrap(),
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, *entropy.pick(b"\"\n,;{}0").unwrap()),
            }
        }
        let mut book = Book::default();
        let outcome = book.import(What::Sales, &bytes);
        if let Ok(report) = outcome.result {
            let taken: u64 =
                report.records_new + report.records_unchanged + report.records_replaced;
            assert!(report.rows >= taken);
            assert!(report.rejected_total() + taken <= report.rows + 1);
        }
    }
}

fn sales(rows: &str) -> Vec<u8> {
    format!("sale_id,customer_id,date,amount,currency,shop\n{rows}").into_bytes()
}

#[test]
fn a_foreign_currency_is_kept_as_it_is_and_never_added_to_another() {
    let mut book = Book::default();
    let rows = "1,ines,2026-06-01,10.50,EUR,\n2,ines,2026-06-02,1200,JPY,\n3,ines,2026-06-02,12.005,KWD,\n4,ines,2026-06-02,5,XXQ,\n";
    let outcome = book.import(What::Sales, &sales(rows));
    let report = outcome.report();
    let code = |code: &str| code.parse::<Currency>().unwrap();
    let expected = [
        (code("EUR"), 1_050),
        (code("JPY"), 1_200),
        (code("KWD"), 12_005),
    ];
    assert_eq!(report.amount_minor, BTreeMap::from(expected));
    assert_eq!(report.rejected.keys().collect::<Vec<_>>(), [&"currency"]);
    assert!(
        outcome.problems[0].starts_with("line 5: currency"),
        "{:?}",
        outcome.problems
    );
    let tx = book.store.read().unwrap();
    let totals = records::totals(&*tx, book.customer("ines").unwrap()).unwrap();
    assert_eq!(totals.amount_minor, report.amount_minor);
}

#[test]
fn a_sale_of_a_shop_that_nobody_knows_is_refused_and_one_of_none_takes_the_default() {
    let mut book = Book::default();
    let (known, unknown) = (ShopId([8; 8]), ShopId([9; 8]));
    let rows = format!(
        "1,ines,2026-06-01,1,EUR,\n2,ines,2026-06-01,1,EUR,{known}\n3,ines,2026-06-01,1,EUR,{unknown}\n4,ines,2026-06-01,1,EUR,downtown\n"
    );
    let outcome = book.import(What::Sales, &sales(&rows));
    let rejected = BTreeMap::from([("shop", 1), ("unknown_shop", 1)]);
    assert_eq!(outcome.report().rejected, rejected);
    let tx = book.store.read().unwrap();
    let mut shops = Vec::new();
    let ines = book.customer("ines").unwrap();
    records::for_each(&*tx, ines, &mut |record| shops.push(record.sale.shop)).unwrap();
    assert_eq!(shops, [Some(ShopId([7; 8])), Some(known)]);
}

#[test]
fn a_till_whose_clock_is_years_ahead_is_refused_and_moves_nobody() {
    let mut book = Book::default();
    let rows =
        "1,ines,2029-06-15,1,EUR,\n2,ines,2026-06-16,1,EUR,\n3,otto,9999-12-31T23:59:59Z,1,EUR,\n";
    let outcome = book.import(What::Sales, &sales(rows));
    assert_eq!(
        outcome.report().rejected,
        BTreeMap::from([("date_range", 2)])
    );
    assert_eq!(
        outcome.report().records_new,
        1,
        "tomorrow is today east of here"
    );
    assert_eq!(
        book.customer("otto"),
        None,
        "nobody is made for a refused sale"
    );
}
