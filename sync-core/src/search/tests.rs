//! Claims about search: one stage of customers, many queries.

use super::fold::{Spelling, fold};
use super::*;
use crate::entropy::SeededEntropy;
use crate::ids::Timestamp;
use crate::projection::{self, RowFacts};
use crate::store::memory::MemoryStore;
use crate::store::{Store, Table};

struct Person {
    name: &'static str,
    phone: &'static str,
    words: &'static str,
    day: i64,
}

const fn person(name: &'static str, phone: &'static str, words: &'static str, day: i64) -> Person {
    Person {
        name,
        phone,
        words,
        day,
    }
}

const STAGE: [Person; 16] = [
    person("Zoë Müller", "+49 170 1234567", "prefers red linen", 100),
    person("Jean-Luc O’Brien", "+33612345678", "size 42, no nickel", 90),
    person("Straße Weiß", "", "", 80),
    person("田中 さくら", "+81 90 0000 4711", "革の鞄が好き", 70),
    person("サトウ ハナ", "", "", 69),
    person("김민준", "", "검은 구두", 68),
    person("Łukasz Żółć", "", "", 67),
    person("Björn Åström", "", "", 66),
    person("Mary Redding", "", "blue", 65),
    person("Ann Lee", "", "prefers red wool, xl", 64),
    person("Αλέξης Παππάς", "", "", 63),
    person("Дмитрий Ёлкин", "", "", 62),
    person("محمد الأحمد", "", "", 61),
    person("สมชาย ใจดี", "", "", 60),
    person("İpek Işık", "", "", 59),
    person("07592", "", "2024 gala", 58),
];

fn stage() -> MemoryStore {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    for (at, person) in STAGE.iter().enumerate() {
        let facts = RowFacts {
            sources: TermSources {
                names: vec![person.name.to_owned()],
                phones: Some(person.phone.to_owned())
                    .filter(|phone| !phone.is_empty())
                    .into_iter()
                    .collect(),
                words: vec![person.words.to_owned()],
                links: Vec::new(),
            },
            last_touch: Some(Timestamp(person.day * Timestamp::DAY_MS)),
            ..RowFacts::default()
        };
        let customer = CustomerId([u8::try_from(at).unwrap(); 16]);
        projection::fold(&mut *tx, &Row::new(customer, &facts)).unwrap();
    }
    tx.commit().unwrap();
    store
}

fn names(store: &MemoryStore, query: &str) -> Vec<String> {
    let tx = store.read().unwrap();
    let results = search(&*tx, query, 50).unwrap();
    results.rows.into_iter().map(|row| row.name).collect()
}

fn check(query: &str, expected: &[&str]) {
    assert_eq!(names(&stage(), query), expected, "{query:?}");
}

#[test]
fn a_name_is_found_as_it_is_typed_without_accents_or_case() {
    for query in [
        "z", "zo", "zoe", "ZOË", "mul", "muller", "Müller", "mueller", "zoe mü", "mu zo",
    ] {
        let found = names(&stage(), query);
        assert!(
            found.contains(&"Zoë Müller".to_owned()),
            "{query:?}: {found:?}"
        );
    }
    check("strasse", &["Straße Weiß"]);
    check("weiss", &["Straße Weiß"]);
    check("lukasz", &["Łukasz Żółć"]);
    check("zolc", &["Łukasz Żółć"]);
    check("bjorn", &["Björn Åström"]);
    check("bjoern aastroem", &["Björn Åström"]);
    check("ipek isik", &["İpek Işık"]);
    check("İPEK IŞIK", &["İpek Işık"]);
}

#[test]
fn joined_names_are_found_by_part_and_as_one() {
    for query in [
        "jean", "luc", "jeanluc", "jean-luc", "obrien", "o'brien", "brien", "o’bri",
    ] {
        check(query, &["Jean-Luc O’Brien"]);
    }
}

#[test]
fn other_scripts_are_found_by_their_own_rules() {
    check("田", &["田中 さくら"]);
    check("田中", &["田中 さくら"]);
    check("サクラ", &["田中 さくら"]);
    check("革の", &["田中 さくら"]);
    check("さとう", &["サトウ ハナ"]);
    check("ｻﾄｳ", &["サトウ ハナ"]);
    check("민준", &["김민준"]);
    check("구두", &["김민준"]);
    check("αλεξ", &["Αλέξης Παππάς"]);
    check("ΠΑΠΠΑΣ", &["Αλέξης Παππάς"]);
    check("дмит елк", &["Дмитрий Ёлкин"]);
    check("محمد", &["محمد الأحمد"]);
    check("สมชาย", &["สมชาย ใจดี"]);
}

#[test]
fn one_letter_looks_at_names_alone_and_words_need_two_or_three() {
    check("r", &["Mary Redding"]);
    check("re", &["Mary Redding"]);
    check("red", &["Mary Redding", "Zoë Müller", "Ann Lee"]);
    check("xl", &["Ann Lee"]);
    check("x", &[]);
    check("42", &["Jean-Luc O’Brien"]);
    check("革", &[]);
}

#[test]
fn a_phone_is_found_by_its_last_digits_however_it_is_typed() {
    for query in [
        "5678",
        "345678",
        "0612345678",
        "06 12 34 56 78",
        "+33 6 12 34 56 78",
        "0033612345678",
    ] {
        check(query, &["Jean-Luc O’Brien"]);
    }
    check("4711", &["田中 さくら"]);
    check("711", &[]);
    check("1234", &[]);
    check("brien 5678", &["Jean-Luc O’Brien"]);
    check("2024", &["07592"]);
    check("07592", &["07592"]);
    check("0759", &["07592"]);
}

#[test]
fn several_words_must_all_hold() {
    check("red wool", &["Ann Lee"]);
    check("ann red", &["Ann Lee"]);
    check("zoe wool", &[]);
    check("red prefers linen muller zoe", &["Zoë Müller"]);
}

#[test]
fn an_empty_query_lists_who_was_touched_last_and_noise_finds_nobody() {
    let everybody = names(&stage(), "  ");
    assert_eq!(everybody.len(), STAGE.len());
    assert_eq!(everybody.first().map(String::as_str), Some("Zoë Müller"));
    assert_eq!(everybody.last().map(String::as_str), Some("07592"));
    for query in ["…", "\0", "--", "\u{301}", "🙂"] {
        check(query, &[]);
    }
}

#[test]
fn a_query_beyond_the_bound_is_refused_and_one_at_the_bound_is_not() {
    let store = stage();
    let tx = store.read().unwrap();
    let long = "é".repeat(limits::QUERY_CHARS_MAX);
    assert!(search(&*tx, &long, 10).unwrap().rows.is_empty());
    let error = search(&*tx, &format!("{long}é"), 10).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the search text has 129 characters: shorten it to 128"
    );
    let many_words = "lee ".repeat(32);
    assert_eq!(search(&*tx, &many_words, 10).unwrap().rows.len(), 1);
}

#[test]
fn a_limit_cuts_and_says_so() {
    let store = stage();
    let tx = store.read().unwrap();
    let results = search(&*tx, "red", 2).unwrap();
    assert_eq!((results.rows.len(), results.more), (2, true));
    let results = search(&*tx, "red", 3).unwrap();
    assert_eq!((results.rows.len(), results.more), (3, false));
    assert!(search(&*tx, "red", 0).unwrap().rows.is_empty());
}

#[test]
fn folding_twice_is_folding_once() {
    for person in &STAGE {
        for text in [person.name, person.words, "ｶﾞギ℡ﬃ Ǆ ŉ ϓ"] {
            for spelling in [Spelling::Plain, Spelling::Digraph] {
                let once = fold(text, spelling);
                assert_eq!(fold(&once, spelling), once, "{text}");
            }
        }
    }
}

#[test]
fn terms_are_bounded_and_names_come_first() {
    let words = (0..2_000).map(|at| format!("word{at}")).collect();
    let sources = TermSources {
        names: vec!["Ann Lee".to_owned()],
        phones: vec!["+33612345678".to_owned()],
        words,
        links: Vec::new(),
    };
    let terms = terms::terms(&sources);
    assert_eq!(terms.len(), limits::TERMS_MAX);
    for term in ["Nann", "Nlee", "D87654321633", "Wword0"] {
        assert!(terms.contains(term.as_bytes()), "{term}");
    }
    let longest = terms::terms(&TermSources {
        names: vec!["x".repeat(5_000)],
        ..TermSources::default()
    });
    assert_eq!(
        longest.iter().map(Vec::len).max(),
        Some(1 + limits::TERM_CHARS_MAX)
    );
}

#[test]
fn packed_terms_read_back_and_damage_only_loses_terms() {
    let sources = TermSources {
        names: vec!["Zoë Müller".to_owned(), "Zoé Mueller".to_owned()],
        words: vec!["prefers red linen, red wool".to_owned()],
        ..TermSources::default()
    };
    let terms = terms::terms(&sources);
    let packed = PackedTerms::pack(&terms);
    assert_eq!(packed.unpack(), terms);
    let bytes = minicbor::to_vec(&packed).unwrap();
    assert_eq!(minicbor::decode::<PackedTerms>(&bytes).unwrap(), packed);
    for at in 0..bytes.len() {
        for value in [0, 7, 255] {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            if let Ok(damaged) = minicbor::decode::<PackedTerms>(&damaged) {
                assert!(damaged.unpack().len() <= limits::TERMS_MAX);
            }
        }
    }
}

/// A book of invented customers; every one has a common first name, so that scans reach their bound.
fn book(customers: u64) -> MemoryStore {
    const GIVEN: [&str; 4] = ["Maria", "Marta", "Mario", "Anna"];
    let mut entropy = SeededEntropy::new(7);
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    for at in 0..customers {
        let given = entropy.pick(&GIVEN).unwrap();
        let facts = RowFacts {
            sources: TermSources {
                names: vec![format!("{given} Family{at}")],
                phones: vec![format!("+39 320 {:07}", at)],
                words: vec!["prefers silk".to_owned(), format!("note{}", at % 50)],
                links: Vec::new(),
            },
            last_touch: Some(Timestamp(
                i64::try_from(entropy.below(2_000)).unwrap() * Timestamp::DAY_MS,
            )),
            ..RowFacts::default()
        };
        let customer = CustomerId::random(&mut entropy);
        projection::fold(&mut *tx, &Row::new(customer, &facts)).unwrap();
    }
    tx.commit().unwrap();
    store
}

#[test]
fn whoever_types_one_letter_sees_those_touched_last_of_all() {
    let store = book(5_000);
    let tx = store.read().unwrap();
    let mut all = Vec::new();
    projection::rows(&*tx, None, &mut |row| {
        all.push(row);
        Ok(std::ops::ControlFlow::Continue(()))
    })
    .unwrap();
    assert_eq!(all.len(), 5_000);
    all.sort_by_key(|row| (Reverse(row.rank), row.customer));
    for (query, given) in [("", ""), ("m", "Mar"), ("mar", "Mar"), ("a", "Anna")] {
        let results = search(&*tx, query, 50).unwrap();
        let expected: Vec<_> = all
            .iter()
            .filter(|row| row.name.starts_with(given))
            .take(50)
            .cloned()
            .collect();
        assert!(results.more);
        assert_eq!(results.rows, expected, "{query:?}");
    }
}

#[test]
fn a_rare_word_beside_a_common_one_finds_its_customer() {
    let store = book(5_000);
    let tx = store.read().unwrap();
    let mut rows = Vec::new();
    projection::rows(&*tx, None, &mut |row| {
        rows.push(row);
        Ok(std::ops::ControlFlow::Continue(()))
    })
    .unwrap();
    for row in rows.iter().step_by(499) {
        let family = row.name.split(' ').next_back().unwrap();
        for query in [
            format!("m {family}"),
            format!("silk {family}"),
            format!("{family} prefers note"),
        ] {
            let results = search(&*tx, &query, 50).unwrap();
            let is_m = row.name.starts_with('M');
            let found = results
                .rows
                .iter()
                .any(|found| found.customer == row.customer);
            assert_eq!(
                found,
                is_m || !query.starts_with('m'),
                "{query:?} {}",
                row.name
            );
        }
    }
}

/// Counts what a search reads.
struct Counting<'a> {
    inner: &'a dyn ReadTx,
    gets: std::cell::Cell<usize>,
    visits: std::cell::Cell<usize>,
}

impl ReadTx for Counting<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.gets.set(self.gets.get() + 1);
        self.inner.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: crate::store::KeyRange<'_>,
        direction: crate::store::Direction,
        visit: &mut crate::store::Visit<'_>,
    ) -> Result<(), StoreError> {
        self.inner.scan(table, range, direction, &mut |key, value| {
            self.visits.set(self.visits.get() + 1);
            visit(key, value)
        })
    }
}

#[test]
fn a_search_reads_no_more_than_its_bounds() {
    let store = book(5_000);
    let tx = store.read().unwrap();
    for query in [
        "",
        "m",
        "mar",
        "maria",
        "silk",
        "silk prefers note maria",
        "m a",
        "family1",
    ] {
        let counting = Counting {
            inner: &*tx,
            gets: Default::default(),
            visits: Default::default(),
        };
        let results = search(&counting, query, 50).unwrap();
        assert!(!results.rows.is_empty() || query == "m a", "{query:?}");
        let words = query.split(' ').count();
        assert!(
            counting.gets.get() <= limits::SEARCH_ROWS_READ_MAX,
            "{query:?}"
        );
        // A scan sees one entry beyond its bound, to know that there is one.
        let bound = words * (limits::SEARCH_CANDIDATES_MAX + 3);
        assert!(
            counting.visits.get() <= bound,
            "{query:?}: {}",
            counting.visits.get()
        );
    }
}

#[test]
fn a_damaged_index_entry_is_reported_and_a_stale_one_invents_no_hit() {
    let store = stage();
    let mut tx = store.write().unwrap();
    tx.put(
        Table::Term,
        &terms::entry_key(b"Wghost", CustomerId([0; 16])),
        &[0, 0],
    )
    .unwrap();
    tx.put(
        Table::Term,
        &terms::entry_key(b"Wghost", CustomerId([99; 16])),
        &[0, 0],
    )
    .unwrap();
    assert!(search(tx.as_read(), "ghost", 10).unwrap().rows.is_empty());
    tx.put(Table::Term, b"Wbroken", &[]).unwrap();
    assert!(matches!(
        search(tx.as_read(), "broken", 10),
        Err(SearchError::Store(StoreError::Corrupt { .. }))
    ));
}
