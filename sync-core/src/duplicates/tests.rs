//! What the index of duplicates promises.

use proptest::prelude::*;

use super::*;
use crate::entropy::SeededEntropy;
use crate::ids::Timestamp;
use crate::notices::NoticeDraft;
use crate::store::memory::MemoryStore;
use crate::store::{Store as _, encode_row};

const KEY: ChainKey = ChainKey([7; 16]);

fn post(store: &MemoryStore, key: &str, body: &EndpointsBody) {
    let mut tx = store.write().unwrap();
    let draft = NoticeDraft::new(Subject::Chain, key, ("hub", Timestamp(1)), body);
    let notice = notices::next_version(tx.as_read(), &draft).unwrap();
    if let Some(notice) = notice {
        notices::put(&mut *tx, &notice).unwrap();
    }
    tx.commit().unwrap();
}

fn index_of(key: ChainKey, endpoints: &[(EndpointKind, &str)]) -> MemoryStore {
    let store = MemoryStore::default();
    let prints = endpoints
        .iter()
        .map(|(kind, text)| key.fingerprint(*kind, text).unwrap());
    for (shard, body) in build(&key, prints) {
        post(&store, &shard_key(shard), &EndpointsBody::Shard(body));
    }
    post(&store, key_key(), &EndpointsBody::Key(key));
    store
}

fn ask(store: &MemoryStore, kind: EndpointKind, text: &str) -> Warning {
    look_up(&*store.read().unwrap(), kind, text).unwrap()
}

#[test]
fn what_the_chain_knows_is_warned_of_however_it_is_typed() {
    use EndpointKind::{Email, Line, Phone, Wechat, Whatsapp};
    let store = index_of(
        KEY,
        &[
            (Phone, "+33 6 12 34 56 78"),
            (Email, "Anna.Berg@example.com"),
            (Wechat, "lin_88"),
        ],
    );
    for (kind, text, expected) in [
        (Phone, "0033612345678", Warning::MayExist),
        (Whatsapp, "+33 (0)6 12 34 56 78", Warning::MayExist),
        (Phone, "+33612345679", Warning::Absent),
        (Email, "anna.berg@EXAMPLE.com", Warning::MayExist),
        (Email, "anna.berg@example.org", Warning::Absent),
        (Wechat, "lin_88", Warning::MayExist),
        (Line, "lin_88", Warning::Absent),
    ] {
        assert_eq!(ask(&store, kind, text), expected, "{kind} {text}");
    }
}

#[test]
fn a_text_that_is_no_endpoint_is_told_as_on_the_card() {
    for store in [MemoryStore::default(), index_of(KEY, &[])] {
        let tx = store.read().unwrap();
        let asked = look_up(&*tx, EndpointKind::Phone, "0612345678");
        assert!(matches!(
            asked,
            Err(LookupError::Endpoint(EndpointError::Phone))
        ));
    }
}

#[test]
fn a_handheld_without_the_index_gives_no_all_clear() {
    let store = MemoryStore::default();
    assert_eq!(
        ask(&store, EndpointKind::Email, "a@b.example"),
        Warning::NotHere
    );
    // A new key came, the shards are those of the old one: they say nothing.
    let store = index_of(KEY, &[(EndpointKind::Email, "a@b.example")]);
    let next = (1..=255)
        .map(|byte| ChainKey([byte; 16]))
        .find(|key| {
            let shard = |key: &ChainKey| {
                key.fingerprint(EndpointKind::Email, "a@b.example")
                    .unwrap()
                    .shard()
            };
            *key != KEY && shard(key) == shard(&KEY)
        })
        .expect("one key of 255 leads to the same shard");
    post(&store, key_key(), &EndpointsBody::Key(next));
    assert_eq!(
        ask(&store, EndpointKind::Email, "a@b.example"),
        Warning::NotHere
    );
}

#[test]
fn the_form_is_frozen() {
    let print = KEY
        .fingerprint(EndpointKind::Phone, "+33612345678")
        .unwrap();
    let shard = build_shard(&KEY, print.shard(), [print]);
    let told = (
        print.bits(),
        KEY.id(),
        encode_row(&EndpointsBody::Shard(shard)),
    );
    let hex: String = told.2.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        (told.0, told.1, hex.as_str()),
        (
            1_853_821,
            3_424_134_485,
            "820181851acc1825550114437d490c4101"
        ),
        "frozen since database schema 2"
    );
}

/// As many false hits as the width of a fingerprint lets expect, and a shard that is not larger than promised.
#[test]
fn false_hits_are_as_rare_as_the_width_says() {
    const ENDPOINTS: u64 = 200_000;
    const ASKED: u64 = 40_000;
    let number = |at: u64| format!("+336{at:09}");
    let print = |at| KEY.fingerprint(EndpointKind::Phone, &number(at)).unwrap();
    let shards = build(&KEY, (0..ENDPOINTS).map(print));
    let has = |one: Fingerprint| {
        shards
            .get(&one.shard())
            .is_some_and(|s| s.contains(one.rest()))
    };
    assert!((0..ENDPOINTS).step_by(97).all(|at| has(print(at))));
    let hits = (ENDPOINTS..ENDPOINTS + ASKED)
        .filter(|at| has(print(*at)))
        .count();
    // 40,000 · 200,000 / 2^28 = 29.8 are expected; five standard deviations either way.
    assert!((3..=57).contains(&hits), "{hits} false hits");
    let bytes: usize = shards.values().map(|shard| encode_row(shard).len()).sum();
    assert!(bytes < 350_000, "{bytes} bytes of 200,000 endpoints");
}

#[test]
fn a_full_shard_fits_into_a_notice() {
    let mut chance = SeededEntropy::new(4);
    let bits = |chance: &mut SeededEntropy| {
        Fingerprint::from_bits(u32::try_from(chance.below(1 << REST_BITS)).unwrap()).unwrap()
    };
    let prints = (0..120_000).map(|_| bits(&mut chance));
    let shard = build_shard(&KEY, 0, prints);
    assert_eq!(
        usize::try_from(shard.count()).unwrap(),
        shard::SHARD_NUMBERS_MAX
    );
    let bytes = encode_row(&EndpointsBody::Shard(shard)).len();
    assert!(bytes <= 60 << 10, "{bytes}");
}

proptest! {
    #[test]
    fn a_shard_holds_its_numbers_and_no_other(
        numbers in prop::collection::btree_set(0_u32..1 << REST_BITS, 0..400),
        asked in prop::collection::vec(0_u32..1 << REST_BITS, 0..200),
    ) {
        let shard = Shard::of(1, numbers.clone());
        let bytes = encode_row(&shard);
        let back: Shard = minicbor::decode(&bytes).unwrap();
        prop_assert_eq!(&back, &shard);
        for number in &numbers {
            prop_assert!(shard.contains(*number), "{} is lost", number);
            prop_assert_eq!(shard.contains(number ^ 1), numbers.contains(&(number ^ 1)));
        }
        for number in asked {
            prop_assert_eq!(shard.contains(number), numbers.contains(&number));
        }
    }

    #[test]
    fn a_damaged_shard_answers_something(bytes in prop::collection::vec(any::<u8>(), 0..200), number: u32) {
        if let Ok(shard) = minicbor::decode::<Shard>(&bytes) {
            let _answered = shard.contains(number & ((1 << REST_BITS) - 1));
        }
    }

    #[test]
    fn the_order_of_endpoints_does_not_matter(mut bits in prop::collection::vec(0_u32..1 << FINGERPRINT_BITS, 0..300)) {
        let prints = |bits: &[u32]| -> Vec<_> {
            bits.iter().filter_map(|bits| Fingerprint::from_bits(*bits)).collect()
        };
        let one = build(&KEY, prints(&bits));
        bits.reverse();
        let repeated = bits.first().copied();
        bits.extend(repeated);
        prop_assert_eq!(one, build(&KEY, prints(&bits)));
    }

    #[test]
    fn one_more_endpoint_changes_one_shard(
        bits in prop::collection::btree_set(0_u32..1 << FINGERPRINT_BITS, 1..300),
        more in 0_u32..1 << FINGERPRINT_BITS,
    ) {
        let prints = |bits: &BTreeSet<u32>| -> Vec<_> {
            bits.iter().filter_map(|bits| Fingerprint::from_bits(*bits)).collect()
        };
        let before = build(&KEY, prints(&bits));
        let mut grown = bits;
        grown.insert(more);
        let after = build(&KEY, prints(&grown));
        let home = Fingerprint::from_bits(more).unwrap().shard();
        for shard in 0..=u8::MAX {
            if shard != home {
                prop_assert_eq!(before.get(&shard), after.get(&shard));
            }
        }
    }
}
