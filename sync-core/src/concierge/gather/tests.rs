//! Claims about gathering.

use super::*;
use crate::concierge::Recommendations;
use crate::concierge::obligations::obligations;
use crate::concierge::playbook::Playbook;
use crate::concierge::scene::{CUSTOMER, HERE, NOW, Scene, THERE};
use crate::notices::NoticeDraft;
use crate::notices::bodies::{ArticleBody, CaseBody, CaseState, PairsBody, StockBody};
use crate::records::RecordKind;
use crate::store::memory::MemoryStore;
use crate::store::{Store, WriteTx, scan_prefix};
use std::ops::ControlFlow;

fn post<B: NoticeBody>(tx: &mut dyn WriteTx, subject: Subject, key: &str, body: &B) {
    let draft = NoticeDraft::new(subject, key, ("test", NOW), body);
    if let Some(notice) = notices::next_version(tx.as_read(), &draft).unwrap() {
        notices::put(tx, &notice).unwrap();
    }
}

fn article(tags: &[&str]) -> ArticleBody {
    ArticleBody {
        label: "the trench".to_owned(),
        category: "Coat".to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..ArticleBody::default()
    }
}

fn stock(shop: ShopId, sku: &str) -> StockBody {
    StockBody {
        shop,
        sku: sku.to_owned(),
        on_hand: [(String::new(), 1)].into(),
        arriving: Vec::new(),
        there_since: None,
    }
}

fn shops(tx: &mut dyn WriteTx, scene: &Scene) {
    for (shop, body) in &scene.house.shops {
        post(tx, Subject::Chain, &shop.to_string(), body);
    }
}

fn read(tx: &dyn ReadTx, scene: &Scene) -> Gathered {
    let view = scene.whole.view.clone();
    Gathered::read(tx, (CUSTOMER, &[]), view, HERE).unwrap()
}

fn words(tx: &dyn ReadTx) -> usize {
    let mut count = 0;
    scan_prefix(tx, Table::Gap, &[0xE1], &mut |_, _| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    count
}

#[test]
fn an_article_is_found_by_what_it_is_until_it_is_no_longer() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let mut scene = Scene::new();
    shops(&mut *tx, &scene);
    scene.need("something for wet days", &["rains"]);
    post(&mut *tx, Subject::Chain, "T-1", &article(&["navy", "rain"]));
    post(
        &mut *tx,
        Subject::Chain,
        &format!("{THERE}/T-1"),
        &stock(THERE, "T-1"),
    );
    assert_eq!(words(tx.as_read()), 4, "two tags, the category, the number");
    let found = read(tx.as_read(), &scene);
    assert_eq!(found.house.articles.keys().collect::<Vec<_>>(), ["T-1"]);
    assert!(found.house.stock.contains_key(&("T-1".to_owned(), THERE)));
    let viewer = scene.picture().viewer;
    let picture = found.picture(CUSTOMER, viewer, (None, NOW));
    assert_eq!(Recommendations::of(&picture).items[0].sku, "T-1");
    post(&mut *tx, Subject::Chain, "T-1", &article(&["snow"]));
    assert_eq!(words(tx.as_read()), 3);
    assert!(read(tx.as_read(), &scene).house.articles.is_empty());
    let taken_back = NoticeDraft {
        body: None,
        ..NoticeDraft::new(Subject::Chain, "T-1", ("test", NOW), &article(&[]))
    };
    let taken_back = notices::next_version(tx.as_read(), &taken_back)
        .unwrap()
        .unwrap();
    notices::put(&mut *tx, &taken_back).unwrap();
    assert_eq!(words(tx.as_read()), 0);
}

#[test]
fn goods_are_found_however_their_number_was_typed() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let mut scene = Scene::new();
    shops(&mut *tx, &scene);
    scene.wish("t-1 ");
    scene.sale(RecordKind::Purchase, &["scarf"], 9);
    for record in &scene.whole.sales {
        records::put_record(&mut *tx, record).unwrap();
    }
    post(&mut *tx, Subject::Chain, "T-1", &article(&[]));
    post(&mut *tx, Subject::Chain, "belt", &article(&[]));
    post(&mut *tx, Subject::Chain, "unrelated", &article(&[]));
    post(&mut *tx, Subject::Chain, "SCARF", &article(&[]));
    let with = vec![("belt".to_owned(), 20_000, 30)];
    post(&mut *tx, Subject::Chain, "SCARF", &PairsBody { with });
    post(
        &mut *tx,
        Subject::Shop(HERE),
        &format!("{HERE}/T-1"),
        &stock(HERE, "T-1"),
    );
    let found = read(tx.as_read(), &scene);
    let articles: Vec<_> = found.house.articles.keys().collect();
    assert_eq!(articles, ["SCARF", "T-1", "belt"]);
    assert!(found.house.stock.contains_key(&("T-1".to_owned(), HERE)));
    let both = (&found.whole, &found.house);
    let owed = obligations(CUSTOMER, both, &Playbook::standard(), NOW);
    let told: Vec<_> = owed.iter().filter(|one| one.item == "wish_told").collect();
    assert_eq!(
        told.len(),
        1,
        "who wishes for it is told, however they wrote it"
    );
    assert!(found.house.pairs.contains_key("SCARF"));
    assert_eq!(found.whole.sales, scene.whole.sales);
    assert_eq!(found.whole.members, [CUSTOMER]);
}

#[test]
fn one_person_on_two_cards_is_gathered_whole() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let other = CustomerId([1; 16]);
    let case = |topic: &str| CaseBody {
        topic: topic.to_owned(),
        is_complaint: true,
        state: CaseState::Open,
        opened_at: NOW,
        solved_at: None,
        sku: None,
    };
    post(
        &mut *tx,
        Subject::Customer(CUSTOMER),
        "desk:2",
        &case("two"),
    );
    post(&mut *tx, Subject::Customer(other), "desk:1", &case("one"));
    tx.put(Table::Tombstone, other.as_bytes(), &[]).unwrap();
    let view = CardView::default();
    let whole = whole(tx.as_read(), (CUSTOMER, &[other, CUSTOMER]), view).unwrap();
    let keys: Vec<_> = whole.cases.iter().map(|case| case.key.as_str()).collect();
    assert_eq!(keys, ["desk:1", "desk:2"]);
    assert!(!whole.is_erased, "it is this card that counts");
    assert_eq!(whole.members, [other, CUSTOMER]);
    let erased = super::whole(tx.as_read(), (other, &[]), CardView::default()).unwrap();
    assert!(erased.is_erased);
}

#[test]
fn what_is_owed_needs_the_goods_wished_for_alone_and_a_contact_none() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let mut scene = Scene::new();
    shops(&mut *tx, &scene);
    scene.wish("T-1");
    scene.need("something for wet days", &["rain"]);
    for sku in ["T-1", "T-2", "T-3"] {
        post(&mut *tx, Subject::Chain, sku, &article(&["rain"]));
        for shop in [HERE, THERE] {
            let key = format!("{shop}/{sku}");
            post(&mut *tx, Subject::Chain, &key, &stock(shop, sku));
        }
    }
    let with = |goods| {
        let view = scene.whole.view.clone();
        Gathered::read_with(tx.as_read(), (CUSTOMER, &[]), view, (HERE, goods)).unwrap()
    };
    let (all, wished, none) = (with(Goods::All), with(Goods::Wished), with(Goods::None));
    assert_eq!(all, read(tx.as_read(), &scene));
    assert_eq!(all.house.articles.len(), 3);
    assert_eq!(wished.house.articles.keys().collect::<Vec<_>>(), ["T-1"]);
    let of_wish = |found: &Gathered| {
        let stock = found.house.stock.iter();
        let stock = stock.filter(|((sku, _), _)| sku == "T-1");
        stock
            .map(|(place, told)| (place.clone(), told.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of_wish(&wished), of_wish(&all));
    assert_eq!(wished.house.stock.len(), 2);
    assert!(none.house.articles.is_empty() && none.house.stock.is_empty());
    for other in [&wished, &none] {
        assert_eq!(
            (&other.whole, &other.house.shops),
            (&all.whole, &all.house.shops)
        );
    }
}

#[test]
fn a_wish_that_came_true_by_a_purchase_of_either_card_is_open_no_more() {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let mut scene = Scene::new();
    scene.wish("T-1");
    scene.wish("T-2");
    let other = CustomerId([42; 16]);
    scene.sale(RecordKind::Purchase, &["t-1"], 1);
    scene.sale(RecordKind::Return, &["T-2"], 1);
    scene.whole.sales[0].customer = other;
    for record in &scene.whole.sales {
        records::put_record(&mut *tx, record).unwrap();
    }
    let view = || scene.whole.view.clone();
    let open = |members: &[CustomerId]| {
        let whole = whole(tx.as_read(), (CUSTOMER, members), view()).unwrap();
        let open = whole.view.wishes.iter().filter(|wish| !wish.fulfilled);
        open.map(|wish| wish.sku.value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(open(&[]), ["T-1", "T-2"]);
    assert_eq!(open(&[CUSTOMER, other]), ["T-2"]);
}

#[test]
fn an_event_that_a_customer_came_to_is_read_until_it_is_taken_back() {
    use crate::concierge::guests::{EventBody, EventState};
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    let event = EventBody {
        name: "An evening of tea".to_owned(),
        themes: Vec::new(),
        capacity: 12,
        hosts: Vec::new(),
        begins_at: NOW,
        state: EventState::Planned,
        granted: 0,
    };
    post(&mut *tx, Subject::Shop(HERE), "tea", &event);
    let attended = |tx: &dyn ReadTx| {
        let whole = whole(tx, (CUSTOMER, &[]), CardView::default()).unwrap();
        whole.attended.into_iter().map(|told| told.body.name)
    };
    assert_eq!(attended(tx.as_read()).count(), 0, "that it is says nothing");
    post(&mut *tx, Subject::Customer(CUSTOMER), "tea", &event);
    assert!(attended(tx.as_read()).eq(["An evening of tea"]));
    let draft = NoticeDraft::new(Subject::Customer(CUSTOMER), "tea", ("hub", NOW), &event);
    let draft = NoticeDraft {
        body: None,
        ..draft
    };
    let back = notices::next_version(tx.as_read(), &draft).unwrap();
    notices::put(&mut *tx, &back.unwrap()).unwrap();
    assert_eq!(attended(tx.as_read()).count(), 0);
}
