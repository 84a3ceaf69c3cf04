//! The CDNOW log of a real shop: imported by the real binary, carried to two handhelds, and added up there against the file's own facts.
//!
//! The whole file is used where it lies beside the repository (`../shared/data/cdnow`); otherwise the excerpt in the fixtures, which is
//! said on standard error whether the test passes or not. With `CARNET_SHARED_DATA=required` in the environment, a missing file fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use carnet_ffi::{Book, SumOfMoney, SyncAgreement, Totals};
use sync_core::card::terms::Place;
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::replica::book::FirstSync;

use crate::house::{House, settle};

/// The facts that the whole file's README states.
const WHOLE: Known = Known {
    rows: 69_659,
    customers: 23_570,
    cents: 250_031_563,
    one_day: 12_054,
    spent_nothing: 68,
};
/// Who spent most, in the whole file and in the excerpt.
const BEST: (&str, i64) = ("07592", 1_399_093);
/// The customer at this place of the whole file's order spent this much, and those up to there hold this share of it, in hundredths of a percent.
const BEST_OF: (usize, i64, i64) = (236, 91_924, 1_588);

#[derive(Debug, PartialEq, Eq)]
struct Known {
    rows: u64,
    customers: usize,
    cents: i64,
    one_day: usize,
    spent_nothing: usize,
}

/// What one customer bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spent {
    purchases: u64,
    pub(crate) cents: i64,
    pub(crate) first: Timestamp,
    last: Timestamp,
}

/// What a log says when somebody adds it up, by the log's own number of a customer.
pub(crate) type Facts = BTreeMap<String, Spent>;

/// Adds up a log: cents per line are its amount times a hundred.
pub(crate) fn facts_of(log: &str) -> Facts {
    let mut facts = Facts::new();
    for line in log.lines().skip(1) {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [customer, date, _, amount] = fields.as_slice() else {
            panic!("a line of the log has four fields: {line:?}");
        };
        let (whole, part) = amount.split_once('.').unwrap_or((amount, "0"));
        let part = format!("{part:0<2}");
        let cents = whole.parse::<i64>().unwrap() * 100 + part.parse::<i64>().unwrap();
        let at = midnight(date.parse().unwrap());
        let none = Spent {
            purchases: 0,
            cents: 0,
            first: at,
            last: at,
        };
        let spent = facts.entry((*customer).to_owned()).or_insert(none);
        spent.purchases += 1;
        spent.cents += cents;
        spent.first = spent.first.min(at);
        spent.last = spent.last.max(at);
    }
    facts
}

/// The moment at which a day given as `YYYYMMDD` begins.
pub(crate) fn midnight(date: i64) -> Timestamp {
    let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let years: i64 = (1970..year).map(|year| 365 + i64::from(leap(year))).sum();
    let lengths = [
        31,
        28 + i64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let months: i64 = (1_i64..)
        .zip(lengths)
        .map(|(number, length)| if number < month { length } else { 0 })
        .sum();
    Timestamp((years + months + day - 1) * Timestamp::DAY_MS)
}

fn known(facts: &Facts) -> Known {
    Known {
        rows: facts.values().map(|spent| spent.purchases).sum(),
        customers: facts.len(),
        cents: facts.values().map(|spent| spent.cents).sum(),
        one_day: facts
            .values()
            .filter(|spent| spent.first == spent.last)
            .count(),
        spent_nothing: facts.values().filter(|spent| spent.cents == 0).count(),
    }
}

/// The whole log, or the excerpt where it is missing; and whether it is the whole.
pub(crate) fn log() -> (PathBuf, bool) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The data lies beside the repository, wherever a checkout of it stands.
    for above in ["../../../shared", "../../../../shared"] {
        let whole = root.join(above).join("data/cdnow/CDNOW_master.txt");
        if whole.is_file() {
            return (whole, true);
        }
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the tests asks for the data"
    )]
    let required = std::env::var("CARNET_SHARED_DATA").is_ok_and(|asked| asked == "required");
    assert!(
        !required,
        "CARNET_SHARED_DATA=required, and ../shared/data/cdnow/CDNOW_master.txt is not beside the repository: put it there"
    );
    // Not by a macro: what those print is shown of failing tests alone.
    let told = b"\n*** NOT THE WHOLE LOG: ../shared/data/cdnow/CDNOW_master.txt is not beside the repository, this runs on the excerpt of 34 customers ***\n\n";
    std::io::stderr().write_all(told).unwrap();
    (
        root.join("../../tests/fixtures/import/cdnow_excerpt.txt"),
        false,
    )
}

/// Everybody who is on this handheld, found as an associate finds them: by typing.
fn found(book: &Book, beginnings: &BTreeSet<&str>) -> BTreeMap<String, CustomerId> {
    let mut customers = BTreeMap::new();
    for beginning in beginnings {
        let result = book.search((*beginning).to_owned(), 50).unwrap();
        assert!(!result.more, "{beginning} names few");
        for hit in result.hits {
            assert!(
                hit.name.starts_with(beginning),
                "{} for {beginning}",
                hit.name
            );
            let before = customers.insert(hit.name, hit.customer);
            assert_eq!(before, None, "one card for each number of the log");
        }
    }
    customers
}

fn cents(paid: &[SumOfMoney]) -> i64 {
    match paid {
        [] => 0,
        [sum] => {
            assert_eq!((sum.currency.as_str(), sum.decimals), ("USD", 2));
            sum.minor
        }
        [_, _, ..] => panic!("one currency is in the log: {paid:?}"),
    }
}

fn spent(totals: &Totals) -> Spent {
    assert_eq!((totals.returns, totals.returned.len()), (0, 0));
    Spent {
        purchases: totals.purchases,
        cents: cents(&totals.paid),
        first: totals.first.unwrap(),
        last: totals.last.unwrap(),
    }
}

/// What a handheld says of everybody when it is asked for the totals of each.
fn held(book: &Book, customers: &BTreeMap<String, CustomerId>) -> Facts {
    let of = |customer: &CustomerId| spent(&book.totals(*customer).unwrap());
    customers
        .iter()
        .map(|(name, customer)| (name.clone(), of(customer)))
        .collect()
}

/// That single purchases are there too, and add up to their totals.
fn check_purchases(book: &Book, customer: CustomerId, expected: &Spent) {
    let purchases = book.purchases(customer).unwrap();
    assert!(
        purchases
            .iter()
            .all(|sale| sale.source == "cdnow" && sale.is_day_only)
    );
    let sum: i64 = purchases.iter().map(|sale| sale.amount.minor).sum();
    let days: Vec<_> = purchases.iter().map(|sale| sale.at).collect();
    let told = Spent {
        purchases: purchases.len().try_into().unwrap(),
        cents: sum,
        first: *days.last().unwrap(),
        last: *days.first().unwrap(),
    };
    assert_eq!(&told, expected);
}

/// That the best of the whole file are who its README says.
fn check_best(facts: &Facts) {
    let mut order: Vec<_> = facts.values().map(|spent| spent.cents).collect();
    order.sort_unstable_by_key(|cents| std::cmp::Reverse(*cents));
    let (place, cents, share) = BEST_OF;
    assert_eq!((order[0], order[place - 1]), (BEST.1, cents));
    let [best, all]: [i64; 2] = [order[..place].iter().sum(), order.iter().sum()];
    assert_eq!((best * 10_000 + all / 2) / all, share);
}

#[test]
fn a_real_shop_s_log_adds_up_on_two_handhelds() {
    let (path, is_whole) = log();
    let facts = facts_of(&fs::read_to_string(&path).unwrap());
    if is_whole {
        assert_eq!(known(&facts), WHOLE);
    }
    let house = House::new();
    let path = path.to_str().unwrap();
    let import = [
        "import",
        "sales",
        path,
        "--source",
        "cdnow",
        "--currency",
        "USD",
    ];
    let told = house.admin(&import);
    let (rows, customers) = (known(&facts).rows, facts.len());
    for expected in [
        format!("{rows} read, 0 rejected"),
        format!("customers  {customers} new, 0 updated"),
        format!("records    {rows} new, 0 replaced, 0 known already"),
    ] {
        assert!(told.contains(&expected), "{expected:?} is not in {told}");
    }
    let people = ["ana", "ben"].map(|login| (house.associate(login), house.code()));
    let hub = house.serve();
    let books = people.map(|(person, code)| house.handheld(&hub, &person, code));
    let beginnings: BTreeSet<&str> = facts.keys().map(|name| &name[..4]).collect();
    // One handheld is asked for everybody, the other for a tenth: that both agree with the hub says the rest.
    let tenth = beginnings.iter().copied().step_by(10);
    let tenth: BTreeSet<&str> = tenth.chain([&BEST.0[..4]]).collect();
    std::thread::scope(|scope| {
        for (book, asked) in books.iter().zip([&beginnings, &tenth]) {
            let facts = &facts;
            scope.spawn(move || {
                settle(book);
                let status = book.status().unwrap();
                assert_eq!(status.first_sync, FirstSync::Complete);
                assert_eq!(status.agreement, SyncAgreement::Agreed);
                let customers = found(book, asked);
                let held = held(book, &customers);
                let is_asked = |name: &str| asked.contains(&name[..4]);
                let mut expected = facts.clone();
                expected.retain(|name, _| is_asked(name));
                assert!(held == expected, "a handheld and the file differ");
                if is_whole && held.len() == facts.len() {
                    assert_eq!(known(&held), WHOLE);
                    check_best(&held);
                }
                check_purchases(book, customers[BEST.0], &facts[BEST.0]);
                assert_eq!(held[BEST.0].cents, BEST.1);
            });
        }
    });
    let [ana, ben] = books;
    let best = found(&ana, &BTreeSet::from([BEST.0]))[BEST.0];
    ana.add_note(best, Place::Card, "collects first pressings".to_owned())
        .unwrap();
    settle(&ana);
    settle(&ben);
    assert_eq!(
        ben.customer(best).unwrap().notes.len(),
        1,
        "what was imported is worked with"
    );
    hub.stop();
    if !is_whole {
        // Of the whole log this would take a debug build as long as the handhelds took.
        assert!(house.admin(&["verify"]).contains("The database is whole."));
    }
    assert!(house.admin(&import).contains("Nothing changed"));
}
