//! Claims about reading a playbook: what is good reads back, what is not is told by item.

use super::*;
use crate::concierge::gap::exact;

/// The JSON of a playbook with one good item, changed by `change`.
fn with(change: impl Fn(&mut Value)) -> String {
    let mut value = Playbook {
        items: vec![Playbook::standard().item("thank_you").unwrap().clone()],
    }
    .to_value();
    change(&mut value);
    value.to_string()
}

/// What is to be mended, one line each.
fn problems(text: &str) -> Vec<String> {
    let error = Playbook::parse(text).unwrap_err();
    error.problems.iter().map(Problem::to_string).collect()
}

fn item_problem(field: &str, value: impl Into<Value>) -> String {
    let value = value.into();
    let found = problems(&with(|book| book["items"][0][field] = value.clone()));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn the_standard_playbook_reads_back_from_its_text() {
    let standard = Playbook::standard();
    assert_eq!(standard.items.len(), 14);
    let read = Playbook::parse(&standard.to_json()).unwrap();
    assert_eq!(read, standard);
    assert_eq!(read.hash(), standard.hash());
    assert_eq!(PlaybookBody::of(&standard).playbook().unwrap(), standard);
    assert!(PlaybookBody::of(&standard).json.len() < crate::limits::NOTICE_BYTES_MAX / 8);
}

#[test]
fn the_standard_playbook_is_for_all() {
    assert_eq!(Playbook::standard().declared_gap_bp(), 0);
    assert_eq!(Playbook::standard().restricted().count(), 0);
}

#[test]
fn an_item_that_asks_for_spend_or_rank_is_a_declared_gap() {
    let mut playbook = Playbook::standard();
    let weight: u32 = playbook.items.iter().map(|item| item.weight).sum();
    playbook.items[0].applies_if = vec![Condition::Tag("gold".to_owned())];
    playbook.items[5].applies_if = vec![Condition::SpentAtLeast {
        minor: 500_000,
        currency: crate::records::Currency::EUR,
    }];
    let restricted = playbook.items[0].weight + playbook.items[5].weight;
    assert_eq!(
        playbook.declared_gap_bp(),
        exact::basis_points(restricted.into(), weight.into())
    );
    assert!(playbook.declared_gap_bp() > 0);
    let names: Vec<_> = playbook.restricted().map(|item| item.id.as_str()).collect();
    assert_eq!(names, [&playbook.items[0].id, &playbook.items[5].id]);
    assert_eq!(Playbook::parse(&playbook.to_json()).unwrap(), playbook);
}

#[test]
fn an_unknown_word_names_the_item_and_what_is_known() {
    let told = item_problem("trigger", json!("purchse"));
    assert!(told.starts_with("item \"thank_you\": trigger: \"purchse\" is not known; known are visit, second_visit, purchase"));
    let told = item_problem("done_if", json!(["thankyou", "message"]));
    assert!(told.contains("item \"thank_you\": done_if: \"thankyou\" is not known"));
    assert!(told.contains("thank_you, wish_told"));
    assert!(told.ends_with("alteration, contact, follow_up"), "{told}");
    let told = item_problem("applies_if", json!(["rich"]));
    assert!(told.contains("\"rich\" is not known; known are agreed, celebrates"));
    let told = item_problem("applies_if", json!([{ "spent_at_least": 5 }]));
    assert!(told.contains("needs {\"minor\": 500000"));
    let told = item_problem("applies_if", json!(["in_cohort"]));
    assert!(told.contains("measured on the hub"));
    let told = item_problem("tag", json!("loyalty"));
    assert!(told.contains("known are engagement, experience"));
    let told = item_problem("script", json!("1 + 1"));
    assert!(told.contains("\"script\" is not known; an item has id, name"));
}

#[test]
fn numbers_windows_and_ids_are_bounded() {
    assert!(
        item_problem("weight", json!(6))
            .contains("weight: expected a whole number from 1 to 5, found 6")
    );
    assert!(item_problem("weight", json!(0)).contains("from 1 to 5"));
    assert!(item_problem("minutes", json!(-1)).contains("from 0 to 480"));
    assert!(
        item_problem("closes", json!("0d"))
            .contains("the window is empty: it opens at 0d and closes at 0d")
    );
    assert!(item_problem("closes", json!("99999999999d")).contains("up to ten years"));
    assert!(item_problem("closes", json!("é")).contains("stretch of time"));
    assert!(item_problem("late", json!("-1d")).contains("late"));
    assert!(item_problem("id", json!("Thank you")).contains("a-z, 0-9 and _"));
    assert!(item_problem("name", json!({})).contains("one text at least"));
    assert!(item_problem("contact", json!("yes")).contains("true or false"));
    assert!(
        item_problem("done_if", json!(["promise_kept"])).contains("the trigger \"promise\" alone")
    );
}

#[test]
fn an_id_comes_once_and_all_problems_are_told_at_once() {
    let twice = with(|book| {
        let item = book["items"][0].clone();
        book["items"].as_array_mut().unwrap().push(item);
    });
    assert_eq!(
        problems(&twice),
        ["item \"thank_you\": another item has this id: give each its own"]
    );
    let several = problems(r#"{"format": 2, "items": [{}], "more": 1}"#);
    assert!(several.len() > 8, "{several:?}");
    assert!(several[0].contains("format: expected 1"));
    assert!(problems("{").concat().contains("this is not JSON"));
    assert!(problems("[]").concat().contains("expected an object"));
    assert!(
        problems(r#"{"format":1,"items":[]}"#)
            .concat()
            .contains("1 to 100")
    );
}

#[test]
fn a_span_reads_back_in_its_largest_unit() {
    let check = |text: &str, shown: &str| {
        let span = Span::parse(text).unwrap();
        assert_eq!(span.to_string(), shown);
        assert_eq!(Span::parse(shown), Some(span));
    };
    check("72h", "3d");
    check("90m", "90m");
    check("120m", "2h");
    check("-7d", "-7d");
    check("0m", "0d");
    for wrong in ["", "d", "1w", "1.5d", "--1d", "3661d", "日"] {
        assert_eq!(Span::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_difference_names_the_item_and_the_field() {
    let before = Playbook::standard();
    let mut after = before.clone();
    assert_eq!(after.since(&before), []);
    after.items[5].weight = 5;
    let gone = after.items.remove(0);
    let mut new = gone;
    new.id = "welcomed".to_owned();
    after.items.push(new);
    let told: Vec<_> = after
        .since(&before)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "- recognized",
            &format!("~ {} weight: 3 -> 5", before.items[5].id),
            "+ welcomed"
        ]
    );
    let mut moved = before.clone();
    moved.items.swap(0, 1);
    assert!(
        moved
            .since(&before)
            .iter()
            .all(|one| one.change == Change::Moved)
    );
    assert!(!moved.since(&before).is_empty());
}
