//! Claims about links that stand on one card alone: the index finds them from the other, in whatever order cards come.

use std::ops::ControlFlow;

use super::*;
use crate::projection;
use crate::store::memory::MemoryStore;
use crate::store::{self, ReadTx, Store as _, StoreError, Table, WriteTx};

/// Cards in a store's index, and what each of them holds.
struct Book<'a> {
    cards: &'a BTreeMap<CustomerId, Visible>,
    tx: &'a dyn ReadTx,
}

impl Cards for Book<'_> {
    type Error = StoreError;

    fn open(&mut self, card: CustomerId) -> Result<Option<Opened>, StoreError> {
        let visible = self.cards.get(&card).cloned();
        Ok(visible.map(|visible| (visible, Corrections::new())))
    }

    fn linking_to(&mut self, card: CustomerId) -> Result<Vec<CustomerId>, StoreError> {
        projection::linking_to(self.tx, card)
    }
}

fn fold(tx: &mut dyn WriteTx, card: CustomerId, visible: &Visible) {
    let reading = Reading {
        now: Timestamp(0),
        corrections: &Corrections::new(),
    };
    let view = CardView::read(visible, &reading);
    projection::fold(tx, &projection::project(card, &view, None)).unwrap();
}

/// Cards of which only who is named first says anything.
fn cards_of(said: &Said) -> BTreeMap<CustomerId, Visible> {
    let cards = (0..8).map(|number| {
        let mut stage = Stage::new();
        stage.customer = card(number);
        stage.does(&json(
            r#"{"edit":"create_customer","name":{"given":"Anna"}}"#,
        ));
        for (_, other, sameness) in said.iter().filter(|(one, ..)| *one == number) {
            stage.does(&link(card(*other), *sameness));
        }
        (stage.customer, stage.visible)
    });
    cards.collect()
}

fn index(tx: &dyn ReadTx) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    store::scan_prefix(tx, Table::Term, &[], &mut |key, value| {
        all.push((key.to_vec(), value.to_vec()));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    all
}

fn person(cards: &BTreeMap<CustomerId, Visible>, tx: &dyn ReadTx, of: u16) -> Person {
    Person::of(card(of), &mut Book { cards, tx }).unwrap()
}

#[test]
fn one_card_that_says_it_is_enough_in_whatever_order_cards_come_and_go() {
    let (mut people, mut reviews) = (0, 0);
    for seed in 0..80 {
        let entropy = &mut SeededEntropy::new(seed);
        let draw = |entropy: &mut SeededEntropy| u16::try_from(entropy.below(8)).unwrap();
        let mut said = Said::new();
        for _ in 0..entropy.below(9) {
            let (one, other) = (draw(entropy), draw(entropy));
            let sameness = if entropy.percent(80) {
                Sameness::Same
            } else {
                Sameness::Different
            };
            if one != other && !said.iter().any(|(a, b, _)| (*a, *b) == (one, other)) {
                said.push((one, other, sameness));
            }
        }
        let cards = cards_of(&said);
        let store = MemoryStore::default();
        let mut tx = store.write().unwrap();
        // Cards come in any order, say less at first, and some go and come back.
        for _ in 0..24 {
            let one = card(draw(entropy));
            match entropy.below(3) {
                0 => drop(projection::unfold(&mut *tx, one).unwrap()),
                1 => fold(&mut *tx, one, &cards[&one]),
                _ => fold(&mut *tx, one, &cards_of(&Said::new())[&one]),
            }
        }
        for (card, visible) in &cards {
            fold(&mut *tx, *card, visible);
        }
        let fresh = MemoryStore::default();
        let mut rebuilt = fresh.write().unwrap();
        for (card, visible) in cards.iter().rev() {
            fold(&mut *rebuilt, *card, visible);
        }
        assert_eq!(index(tx.as_read()), index(rebuilt.as_read()), "seed {seed}");
        let sets = expected(&said);
        for of in 0..8 {
            let found = person(&cards, tx.as_read(), of);
            let set = sets.iter().find(|set| set.contains(&of)).unwrap();
            let joined: Vec<_> = set.iter().map(|one| card(*one)).collect();
            assert_eq!(found.component.cards(), joined, "seed {seed}, {said:?}");
            people += usize::from(found.is_one());
            reviews += usize::from(found.component.standing() == Standing::Review);
        }
    }
    assert!(people > 60 && reviews > 5, "{people} {reviews}");
}

#[test]
fn a_card_that_goes_takes_its_word_with_it_and_what_the_index_tells_alone_counts_for_nothing() {
    let mut cards = cards_of(&vec![(1, 2, Sameness::Same)]);
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    for (card, visible) in &cards {
        fold(&mut *tx, *card, visible);
    }
    assert!(person(&cards, tx.as_read(), 2).is_one());
    let said = cards.insert(card(1), cards_of(&Said::new())[&card(1)].clone());
    assert!(
        !person(&cards, tx.as_read(), 2).is_one(),
        "the index is behind, the card is not"
    );
    cards.insert(card(1), said.unwrap());
    projection::unfold(&mut *tx, card(1)).unwrap();
    assert_eq!(projection::linking_to(tx.as_read(), card(2)).unwrap(), []);
    assert!(!person(&cards, tx.as_read(), 2).is_one());
    assert!(person(&cards, tx.as_read(), 1).is_one(), "its own word");
}

#[test]
fn a_link_leads_nobody_who_searches_anywhere() {
    let mut cards = cards_of(&vec![(1, 2, Sameness::Same)]);
    cards.retain(|one, _| *one == card(1));
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    fold(&mut *tx, card(1), &cards[&card(1)]);
    let other = card(2).to_string();
    let begins: String = other.chars().take(4).collect();
    for query in [other.clone(), format!("L{other}"), begins] {
        let found = crate::search::search(tx.as_read(), &query, 10).unwrap();
        assert_eq!(found.rows, [], "{query}");
    }
}
