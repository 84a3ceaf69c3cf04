//! Claims about customers in CSV and JSON lines, and about the consent they bring.

use sync_core::card::Edit;
use sync_core::card::reduce::Decision;
use sync_core::card::terms::{Channel, NamePart, Purpose};
use sync_core::search::search;

use super::*;

const HEADER: &str = "customer_id,given_name,family_name,language,phone,email,birthday,do_not_contact,note,\
consent_channel,consent_purpose,consent_state,consent_text_version,consent_at\n";

fn import_csv(book: &mut Book, rows: &str) -> Outcome {
    book.import(What::Customers, format!("{HEADER}{rows}").as_bytes())
}

const ZOE: &str = "1,Zoë,Müller,de,+49 170 1234567,Zoe@Example.com,1980-02-29,,likes red,email,sell,granted,v3,2025-01-02\n";

#[test]
fn a_row_becomes_a_card_that_is_found() {
    let mut book = Book::default();
    let outcome = import_csv(&mut book, ZOE);
    assert_eq!(
        (outcome.report().customers_new, outcome.problems.len()),
        (1, 0)
    );
    let view = book.view("1");
    assert_eq!(view.name.shown(), "Zoë Müller");
    let endpoints: Vec<_> = view
        .endpoints
        .iter()
        .map(|one| one.value.value.as_str())
        .collect();
    assert!(endpoints.contains(&"+491701234567") && endpoints.contains(&"Zoe@example.com"));
    let birthday = &view.occasions[0];
    assert_eq!(
        (birthday.year, birthday.month, birthday.day),
        (Some(1980), Some(2), Some(29))
    );
    assert_eq!(view.notes[0].versions[0].body, "likes red");
    assert_eq!(
        view.consent(Some(Channel::Email), Purpose::Sell),
        Decision::Allow
    );
    let tx = book.store.read().unwrap();
    for query in ["zoe mul", "4567", "red", "mueller"] {
        assert_eq!(search(&*tx, query, 5).unwrap().rows.len(), 1, "{query}");
    }
}

#[test]
fn the_same_row_again_changes_nothing_even_after_an_associate_corrected_the_card() {
    let mut book = Book::default();
    import_csv(&mut book, ZOE);
    let customer = book.customer("1").unwrap();
    let correction = Edit::SetName {
        part: NamePart::Given,
        value: Some("Zoé".to_owned()),
    };
    let mut sink = BookSink::new(&mut book, NOW);
    sink.begin_batch().unwrap();
    sink.write(customer, vec![(correction, None)]).unwrap();
    sink.commit().unwrap();
    drop(sink);
    let before = book.cards.clone();
    let again = import_csv(&mut book, ZOE);
    assert!(!again.report().has_changed());
    assert_eq!(book.cards, before);
    let changed = import_csv(&mut book, &ZOE.replace("Müller", "Maier"));
    assert_eq!(changed.report().customers_updated, 1);
    assert_eq!(
        book.view("1").name.shown(),
        "Zoé Maier",
        "what the source did not change stays corrected"
    );
}

#[test]
fn consent_counts_with_its_evidence_alone() {
    let mut book = Book::default();
    let outcome = import_csv(
        &mut book,
        "1,Ann,,,,,,,,email,sell,granted,,\n\
         2,Bea,,,,,,,,email,sell,granted,v1,\n\
         3,Cleo,,,,,,,,email,sell,withdrawn,,\n\
         4,Dora,,,,,,,,email,sell,granted,v1,2025-01-02\n\
         4,,,,,,,,,sms,event,granted,v1,2025-01-02\n\
         5,Eva,,,,,,,,,sell,granted,v1,2025-01-02\n\
         6,Fay,,,,,,,,,chain,granted,v1,2025-01-02\n",
    );
    let report = outcome.report();
    assert_eq!(
        (report.consents_without_evidence, report.rejected_total()),
        (2, 0)
    );
    assert!(
        report
            .to_string()
            .contains("2 without evidence count as unknown"),
        "{report}"
    );
    let decision = |id| book.view(id).consent(Some(Channel::Email), Purpose::Sell);
    assert_eq!(decision("1"), Decision::Unknown);
    assert_eq!(decision("2"), Decision::Unknown);
    assert_eq!(decision("3"), Decision::Deny);
    assert_eq!(decision("4"), Decision::Allow);
    assert_eq!(
        book.view("4").consent(Some(Channel::Sms), Purpose::Event),
        Decision::Allow
    );
    assert_eq!(
        book.view("6").consent(None, Purpose::Chain),
        Decision::Allow
    );
    assert!(
        outcome.problems.contains(
            &"line 7: consent_channel is empty (left out, the rest was taken)".to_owned()
        )
    );
}

#[test]
fn a_field_that_can_not_be_used_is_left_out_and_the_customer_is_kept() {
    let mut book = Book::default();
    let outcome = import_csv(
        &mut book,
        "1,Ann,Lee,english!,0612345678,not an address,1980-02-30,maybe,,,,,,\n,Nobody,,,,,,,,,,,,\n",
    );
    let codes: Vec<_> = outcome
        .report()
        .left_out
        .iter()
        .map(|(code, count)| (*code, *count))
        .collect();
    assert_eq!(codes, [("date", 1), ("endpoint", 2), ("not_one_of", 2)]);
    assert_eq!(book.view("1").name.shown(), "Ann Lee");
    assert!(book.view("1").endpoints.is_empty());
    assert_eq!(
        outcome.problems.last().unwrap(),
        "line 3: customer_id is empty"
    );
}

#[test]
fn a_national_number_gets_the_default_country() {
    for (country, phone, form) in [
        ("+33", "06 12 34 56 78", "+33612345678"),
        ("+39", "06 1234 5678", "+390612345678"),
        ("+33", "+44 20 7946 0000", "+442079460000"),
    ] {
        let mut book = Book::default();
        let options = ImportOptions {
            phone_country: Some(country.to_owned()),
            ..options(NOW)
        };
        let text = format!("customer_id,phone\n1,{phone}\n");
        book.import_at(What::Customers, text.as_bytes(), &options);
        assert_eq!(book.view("1").endpoints[0].value.value, form);
    }
}

#[test]
fn a_customer_known_by_number_alone_gets_a_name_later() {
    let mut book = Book::default();
    book.import(
        What::Sales,
        b"sale_id,customer_id,date,amount,currency\n1,1,2026-05-01,1.00,EUR\n",
    );
    assert_eq!(book.view("1").name.shown(), "1");
    let outcome = import_csv(&mut book, ZOE);
    assert_eq!(
        (
            outcome.report().customers_new,
            outcome.report().customers_updated
        ),
        (0, 1)
    );
    assert_eq!(book.view("1").name.shown(), "Zoë Müller");
}

#[test]
fn json_lines_say_the_same_with_several_consents() {
    let line = r#"{"customer_id":7,"given_name":"Zoë","do_not_contact":true,"birthday":"--02-29","consents":[{"channel":"email","purpose":"sell","state":"granted","text_version":"v3","at":"2025-01-02","method":"signature"},{"channel":"sms","purpose":"sell","state":"withdrawn"}]}"#;
    let mut book = Book::default();
    let outcome = book.import(What::Customers, line.as_bytes());
    assert_eq!(outcome.problems, [""; 0]);
    let view = book.view("7");
    assert!(view.contact.blocked.is_some());
    assert_eq!(view.occasions[0].year, None);
    assert_eq!(
        view.consent(Some(Channel::Email), Purpose::Sell),
        Decision::Allow
    );
    assert_eq!(
        view.consent(Some(Channel::Sms), Purpose::Sell),
        Decision::Deny
    );
    let row: CustomerRow = serde_json::from_str(line).unwrap();
    assert!(!book.rows(Rows::Customers(vec![row])).unwrap().has_changed());
}
