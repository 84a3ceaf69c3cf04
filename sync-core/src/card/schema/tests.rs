//! Claims about the table and the check.

use super::*;
use crate::card::key::Key;
use crate::card::normal::fold;
use crate::card::terms::{InteractionKind, NamePart, Purpose};
use crate::card::value::Provenance;
use crate::ids::{AssociateId, DeviceId, EditId, ShopId, Timestamp};

fn entry(value: Value) -> Entry {
    Entry {
        value,
        provenance: Provenance {
            by: AssociateId([1; 8]),
            device: DeviceId([2; 8]),
            shop: ShopId([3; 8]),
            at: Timestamp(4),
            source: Source::Typed,
            as_of: None,
        },
        seen: Vec::new(),
    }
}

fn texts(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| Value::from(*item)).collect())
}

#[test]
fn the_table_is_sorted_and_its_names_make_keys() {
    assert!(FIELDS.is_sorted_by(|one, next| (one.entity, one.field) < (next.entity, next.field)));
    for rule in FIELDS {
        let path = FieldPath::new(rule.entity, "-", rule.field);
        let key = path.at(EditId([5; 10]));
        assert_eq!(Key::parse(&key.to_string()), Some(key), "{path}");
        assert_eq!(super::rule(rule.entity, rule.field), Some(rule));
        assert!(!rule.places.is_empty(), "{path}");
    }
}

#[test]
fn every_term_that_names_a_field_has_one() {
    for purpose in Purpose::TEXTS {
        assert!(rule("consent", purpose).is_some(), "{purpose}");
    }
    for part in NamePart::TEXTS {
        assert!(rule("name", part).is_some(), "{part}");
    }
    for kind in InteractionKind::TEXTS {
        assert!(rule("interaction", kind).is_some(), "{kind}");
    }
}

#[test]
fn a_write_that_schema_1_does_not_know_is_refused_by_name() {
    let check = |facet: Facet, path: FieldPath, entry: Entry, says: &str| {
        let error = check(&facet, &path, &entry).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    };
    let name = || FieldPath::new("name", "-", "given");
    let card = Facet::Card;
    check(
        card,
        FieldPath::new("name", "-", "nick"),
        entry("A".into()),
        "update the app",
    );
    check(
        Facet::Restricted,
        name(),
        entry("A".into()),
        "write it to card",
    );
    check(card, name(), entry("".into()), "up to 512 bytes or nothing");
    check(card, name(), entry("A\nB".into()), "one line");
    check(
        card,
        name(),
        entry("A".repeat(513).into()),
        "up to 512 bytes",
    );
    check(card, name(), entry(true.into()), "one line");
    check(
        card,
        FieldPath::new("name", "a", "given"),
        entry("A".into()),
        "the id of",
    );
    check(
        card,
        FieldPath::new("tag", &derived_id(&["tag", "opera"]), "present"),
        entry(Value::List(vec![true.into(), "golf".into()])),
        "does not follow",
    );
    check(
        card,
        FieldPath::new("consent", "fax", "sell"),
        entry(Value::List(vec![
            "grant".into(),
            Value::Null,
            Value::Null,
            Value::Null,
        ])),
        "the id of",
    );
    check(
        card,
        FieldPath::new("contact", "-", "channels"),
        entry(texts(&["sms", "sms"])),
        "distinct",
    );
    let mut seen = entry("A".into());
    seen.seen = vec![EditId([1; 10])];
    check(card, name(), seen, "a register none");
    let note = FieldPath::new("note", &EditId([1; 10]).to_string(), "body");
    check(
        Facet::Private(AssociateId([9; 8])),
        note,
        entry("A".into()),
        "your own",
    );
    let mut log = entry("A".into());
    log.seen = vec![EditId([2; 10]), EditId([1; 10])];
    let visit = FieldPath::new("visit", &EditId([1; 10]).to_string(), "captured");
    check(card, visit, log, "ascending");
}

#[test]
fn an_allergy_is_taken_back_on_the_customers_word_alone() {
    let path = FieldPath::new("allergy", &derived_id(&["allergy", "nickel"]), "present");
    let mut removal = entry(Value::List(vec![false.into(), "Nickel".into()]));
    for (source, is_allowed) in [
        (Source::Typed, false),
        (Source::Observed, false),
        (Source::Imported, false),
        (Source::Stated, true),
        (Source::CustomerEntered, true),
    ] {
        removal.provenance.source = source;
        assert_eq!(
            check(&Facet::Card, &path, &removal).is_ok(),
            is_allowed,
            "{source:?}"
        );
    }
}

#[test]
fn lifting_a_block_takes_a_manager_and_setting_one_does_not() {
    let rule = rule("contact", "blocked").unwrap();
    let value = |flag: bool| Value::List(vec![flag.into(), Value::Null]);
    assert_eq!(rule.role_for(&value(true)), Role::Associate);
    assert_eq!(rule.role_for(&value(false)), Role::Manager);
}

#[test]
fn the_same_thing_in_other_letters_has_the_same_id() {
    let id = entity_id("tag", &[Some(&"  OPERA ".into())]);
    assert_eq!(id, derived_id(&["tag", &fold("Opera")]));
    let tag = Value::List(vec![true.into(), "Opera".into()]);
    let path = FieldPath::new("tag", &id, "present");
    assert!(check(&Facet::Card, &path, &entry(tag)).is_ok());
}

#[test]
fn the_design_page_names_every_field_and_no_other() {
    let page = include_str!("../../../design/card.md");
    let named = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name);
    let mut named: Vec<_> = named.filter(|name| name.contains('/')).collect();
    named.sort_unstable();
    let mut known: Vec<_> = FIELDS
        .iter()
        .map(|rule| format!("{}/{}", rule.entity, rule.field))
        .collect();
    known.sort_unstable();
    assert_eq!(named, known);
}
