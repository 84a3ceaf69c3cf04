//! Claims about the merge rules, on bare heads.

use super::*;
use crate::card::value::Source;
use crate::ids::{AssociateId, DeviceId, ShopId};

const NOW: i64 = 1_000_000;

fn entry(value: Value, source: Source, at: i64, seen: &[u8]) -> Entry {
    Entry {
        value,
        provenance: Provenance {
            by: AssociateId([1; 8]),
            device: DeviceId([1; 8]),
            shop: ShopId([1; 8]),
            at: Timestamp(at),
            source,
            as_of: None,
        },
        seen: seen.iter().map(|edit| EditId([*edit; 10])).collect(),
    }
}

/// Heads in the given order and in reverse: the answer must be the same.
fn check<T: PartialEq + std::fmt::Debug>(
    entries: &[Entry],
    reduce: impl Fn(&[Head<'_>]) -> T,
    expected: &T,
) {
    let none = Corrections::new();
    let mut heads: Vec<_> = entries
        .iter()
        .zip(1_u8..)
        .map(|(entry, edit)| Head::new(EditId([edit; 10]), entry, &none))
        .collect();
    assert_eq!(&reduce(&heads), expected);
    heads.reverse();
    assert_eq!(&reduce(&heads), expected, "reversed");
}

fn texts(values: &[&str]) -> Vec<Entry> {
    values
        .iter()
        .map(|value| entry((*value).into(), Source::Typed, NOW, &[]))
        .collect()
}

fn flags(values: &[bool]) -> Vec<Entry> {
    let value = |flag: bool| Value::List(vec![flag.into(), Value::Null]);
    values
        .iter()
        .map(|flag| entry(value(*flag), Source::Typed, NOW, &[]))
        .collect()
}

#[test]
fn evidence_beats_time_and_time_beats_the_hash() {
    let shown = |heads: &[Head<'_>]| displayed(heads).map(|head| head.value().clone());
    let check = |entries: &[Entry], value: &str| check(entries, shown, &Some(value.into()));
    let one = |value: &str, source, at| entry(value.into(), source, at, &[]);
    check(
        &[one("old", Source::Stated, 1), one("new", Source::Typed, 9)],
        "old",
    );
    check(
        &[one("old", Source::Stated, 1), one("new", Source::Stated, 9)],
        "new",
    );
    check(
        &[
            one("said", Source::Stated, 9),
            one("signed", Source::CustomerEntered, 1),
        ],
        "signed",
    );
    check(
        &[
            one("seen", Source::Observed, 9),
            one("import", Source::Imported, 1),
        ],
        "import",
    );
    let cleared = entry(Value::Null, Source::CustomerEntered, 9, &[]);
    check(&[cleared, one("kept", Source::Typed, 1)], "kept");
    // Equal in all but the id: the same one wins in either order, which `check` asserts.
    let tied = [one("a", Source::Typed, 1), one("b", Source::Typed, 1)];
    let none = Corrections::new();
    let heads: Vec<_> = tied
        .iter()
        .zip(1_u8..)
        .map(|(entry, edit)| Head::new(EditId([edit; 10]), entry, &none))
        .collect();
    let ties: Vec<_> = heads.iter().map(Head::tie).collect();
    check(&tied, if ties[0] > ties[1] { "a" } else { "b" });
}

#[test]
fn a_clock_in_the_future_counts_from_its_receipt() {
    let entries = [
        entry("future".into(), Source::Typed, NOW + 94_608_000_000, &[]),
        entry("later".into(), Source::Typed, NOW + 2, &[]),
    ];
    let received = Corrections::from([(EditId([1; 10]), Timestamp(NOW + 1))]);
    let heads: Vec<_> = entries
        .iter()
        .zip(1_u8..)
        .map(|(entry, edit)| Head::new(EditId([edit; 10]), entry, &received))
        .collect();
    assert_eq!(winner(&heads).unwrap().value(), &"later".into());
    let late = Corrections::from([(EditId([2; 10]), Timestamp(NOW + 9))]);
    let head = Head::new(EditId([2; 10]), &entries[1], &late);
    assert_eq!(
        head.time,
        Timestamp(NOW + 2),
        "receipt never makes an edit younger"
    );
}

#[test]
fn flags_reduce_to_the_cautious_side() {
    let add = |heads: &[Head<'_>]| any_flag(heads, true);
    let remove = |heads: &[Head<'_>]| any_flag(heads, false);
    check(&flags(&[true, false]), add, &true);
    check(&flags(&[false, false]), add, &false);
    check(&flags(&[true, false]), remove, &true);
    check(&flags(&[true, true]), remove, &false);
    check(&[], add, &false);
}

#[test]
fn lattices_and_numbers_reduce_to_their_bound() {
    let order = ["ok", "bounced", "revoked"];
    let top = |heads: &[Head<'_>]| highest(heads, &order).map(str::to_owned);
    check(&texts(&["bounced", "ok"]), top, &Some("bounced".to_owned()));
    check(
        &texts(&["ok", "revoked", "bounced"]),
        top,
        &Some("revoked".to_owned()),
    );
    check(
        &texts(&["ok", "of a newer schema"]),
        top,
        &Some("ok".to_owned()),
    );
    check(&[], top, &None);
    let numbers: Vec<_> = [Value::Int(5), Value::Null, Value::Int(3)]
        .map(|value| entry(value, Source::Typed, NOW, &[]))
        .to_vec();
    check(&numbers, least, &Some(3));
    check(&numbers, most, &Some(5));
}

#[test]
fn concurrent_channel_lists_reduce_to_fewer() {
    let lists = |lists: &[&[&str]]| -> Vec<Entry> {
        let value = |items: &[&str]| Value::List(items.iter().map(|item| (*item).into()).collect());
        lists
            .iter()
            .map(|items| entry(value(items), Source::Typed, NOW, &[]))
            .collect()
    };
    let check = |given: &[&[&str]], kept: &[&str]| {
        let kept: Vec<Value> = kept.iter().map(|item| (*item).into()).collect();
        check(&lists(given), fewest, &kept);
    };
    check(&[&["sms", "email"], &["email", "post"]], &["email"]);
    check(&[&["sms", "email"], &["post"]], &["post"]);
    check(&[&["sms"], &[]], &["sms"]);
    check(&[&[]], &[]);
}

#[test]
fn parts_fill_each_other_and_dispute_only_what_differs() {
    let date = |parts: [Option<i64>; 3]| {
        let value = Value::List(parts.map(Value::from).to_vec());
        entry(value, Source::Typed, NOW, &[])
    };
    let list = |parts: [Option<i64>; 3]| Value::List(parts.map(Value::from).to_vec());
    let check = |given: &[Entry], value: Value, is_disputed| {
        check(given, parts, &Reduced { value, is_disputed });
    };
    let month_day = date([None, Some(5), Some(14)]);
    let year = date([Some(1980), None, None]);
    check(
        &[month_day.clone(), year],
        list([Some(1980), Some(5), Some(14)]),
        false,
    );
    let mut other = date([None, Some(5), Some(15)]);
    other.provenance.source = Source::Stated;
    check(&[month_day, other], list([None, Some(5), Some(15)]), true);
    check(&[], Value::Null, false);
}

#[test]
fn consent_is_decided_by_what_nobody_has_seen_past() {
    let event = |word: &str, evidenced: bool, seen: &[u8]| {
        let proof = |text: &str| if evidenced { text.into() } else { Value::Null };
        let value = Value::List(vec![
            word.into(),
            proof("2026-01"),
            proof("signature"),
            Value::Null,
        ]);
        entry(value, Source::Stated, NOW, seen)
    };
    let check = |log: &[Entry], decision: Decision| check(log, consent, &decision);
    check(&[], Decision::Unknown);
    check(&[event("grant", false, &[])], Decision::Unknown);
    check(&[event("grant", true, &[])], Decision::Allow);
    check(&[event("object", false, &[])], Decision::Deny);
    check(
        &[event("grant", true, &[]), event("withdraw", false, &[])],
        Decision::Deny,
    );
    check(
        &[event("withdraw", false, &[]), event("grant", true, &[1])],
        Decision::Allow,
    );
    check(
        &[
            event("withdraw", false, &[]),
            event("grant", true, &[1]),
            event("withdraw", false, &[1]),
        ],
        Decision::Deny,
    );
    // An unknown word of a newer schema must not open a channel.
    check(
        &[event("grant", true, &[]), event("limit", false, &[1])],
        Decision::Deny,
    );
    // Entries that claim to have seen each other prove nothing.
    check(
        &[event("grant", true, &[2]), event("withdraw", false, &[1])],
        Decision::Deny,
    );
    check(&[event("withdraw", false, &[1])], Decision::Deny);
}

#[test]
fn an_end_is_not_undone_by_who_had_not_seen_it() {
    let state = |word: &str, seen: &[u8]| {
        let value = Value::List(vec![word.into(), Value::Null, Value::Null, Value::Null]);
        entry(value, Source::Stated, NOW, seen)
    };
    let check = |log: &[Entry], state: Agreement| check(log, agreement, &Some(state));
    check(
        &[state("invited", &[]), state("agreed", &[1])],
        Agreement::Agreed,
    );
    check(
        &[state("agreed", &[]), state("ended", &[])],
        Agreement::Ended,
    );
    check(
        &[state("agreed", &[]), state("declined", &[])],
        Agreement::Declined,
    );
    check(
        &[state("ended", &[]), state("agreed", &[1])],
        Agreement::Agreed,
    );
}

#[test]
fn what_was_seen_through_others_counts_as_seen() {
    let log = [
        entry(Value::Null, Source::Typed, NOW, &[]),
        entry(Value::Null, Source::Typed, NOW, &[1]),
        entry(Value::Null, Source::Typed, NOW, &[2]),
        entry(Value::Null, Source::Typed, NOW, &[]),
    ];
    let edits = |heads: Vec<Head<'_>>| heads.iter().map(|head| head.edit).collect::<BTreeSet<_>>();
    let set = |edits: &[u8]| {
        edits
            .iter()
            .map(|edit| EditId([*edit; 10]))
            .collect::<BTreeSet<_>>()
    };
    check(&log, |heads| edits(maximal(heads)), &set(&[3, 4]));
    let third = |heads: &[Head<'_>]| {
        let third: Vec<_> = heads
            .iter()
            .filter(|head| head.edit == EditId([3; 10]))
            .copied()
            .collect();
        seen_by(heads, &third)
    };
    check(&log, third, &set(&[1, 2]));
}

#[test]
fn equal_values_are_no_dispute() {
    let rule = crate::card::schema::rule("name", "given").unwrap();
    check(
        &texts(&["Anna", "Anna"]),
        |heads| reduce(rule, heads).is_disputed,
        &false,
    );
    check(
        &texts(&["Anna", "Anne"]),
        |heads| reduce(rule, heads).is_disputed,
        &true,
    );
}
