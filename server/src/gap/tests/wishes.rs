//! Claims about wishes whose article comes, goes and comes back.

use sync_core::notices::Notice;

use super::*;

/// A customer who wishes for a coat of the catalogue.
async fn wishing() -> (Stage, CustomerId) {
    let stage = Stage::new(2, 1).await;
    let customer = stage.customers[0];
    let wish = json!({ "edit": "add_wish", "sku": "Coat", "quantity": 1 });
    stage.edit(customer, wish).await;
    let from = ("erp", stage.now());
    let coat = NoticeDraft::new(Subject::Chain, "coat", from, &ArticleBody::default());
    let listed = stage.book.put_notices(vec![coat]).await;
    listed.unwrap();
    stage.settle().await;
    stage.hub.clock.advance_ms(DAY);
    (stage, customer)
}

fn counted(stage: &Stage, pieces: u32) -> StockBody {
    StockBody {
        shop: stage.hub.shop,
        sku: "coat".to_owned(),
        on_hand: [(String::new(), pieces)].into(),
        arriving: Vec::new(),
        there_since: None,
    }
}

async fn count(stage: &Stage, pieces: u32) {
    let (key, from) = (format!("{}/coat", stage.hub.shop), ("erp", stage.now()));
    let draft = NoticeDraft::new(Subject::Chain, key, from, &counted(stage, pieces));
    stage.book.put_notices(vec![draft]).await.unwrap();
}

fn told(stage: &Stage) -> (Notice, StockBody) {
    let tx = stage.hub.store.read().unwrap();
    let key = format!("{}/coat", stage.hub.shop);
    notices::get(&*tx, Subject::Chain, &key).unwrap().unwrap()
}

fn owed(stage: &Stage, customer: CustomerId) -> Vec<Timestamp> {
    let owed = gather::obligations(&stage.book, customer, stage.now()).unwrap();
    owed.into_iter().map(|one| one.at).collect()
}

/// Whether anything is due, and how much was missed, as it is kept.
fn kept(stage: &Stage, customer: CustomerId) -> (bool, u32) {
    let row = ledger::row(&*stage.hub.store.read().unwrap(), customer).unwrap();
    let items = row.unwrap().items;
    let is_due = items.iter().any(|item| item.due_minutes > 0);
    (is_due, items.iter().map(|item| item.missed).sum())
}

#[tokio::test]
async fn a_wish_counts_from_when_its_article_first_came() {
    let (stage, customer) = wishing().await;
    assert_eq!(owed(&stage, customer), []);
    count(&stage, 1).await;
    stage.settle().await;
    let came = stage.now();
    assert_eq!(owed(&stage, customer), [came]);
    assert!(kept(&stage, customer).0);
    stage.hub.clock.advance_ms(DAY);
    count(&stage, 3).await;
    stage.settle().await;
    assert_eq!(owed(&stage, customer), [came], "another count is no news");
    stage.hub.clock.advance_ms(2 * DAY);
    stage.settle().await;
    assert_eq!(kept(&stage, customer).1, 1);
    count(&stage, 0).await;
    stage.settle().await;
    assert_eq!(owed(&stage, customer), []);
}

#[tokio::test]
async fn an_article_that_went_and_came_back_between_two_looks_counts_from_when_it_came_back() {
    let (stage, customer) = wishing().await;
    count(&stage, 2).await;
    stage.settle().await;
    stage.hub.clock.advance_ms(3 * DAY);
    stage.settle().await;
    assert_eq!(kept(&stage, customer), (false, 1));
    count(&stage, 0).await;
    count(&stage, 3).await;
    stage.settle().await;
    assert_eq!(owed(&stage, customer), [stage.now()]);
    assert_eq!(kept(&stage, customer), (true, 0));
}

#[tokio::test]
async fn everybody_who_wishes_for_it_is_counted_again_whoever_was_first() {
    let (stage, customer) = wishing().await;
    let other = stage.customers[1];
    let wish = json!({ "edit": "add_wish", "sku": "Coat", "quantity": 1 });
    stage.edit(other, wish.clone()).await;
    stage.settle().await;
    count(&stage, 1).await;
    // One of the two is touched and so counted before wishes are looked at.
    for touched in [other, customer] {
        let promise = json!({ "edit": "make_promise", "what": "call" });
        stage.edit(touched, promise).await;
        stage.settle().await;
        assert!(kept(&stage, customer).0 && kept(&stage, other).0);
        count(&stage, 0).await;
        stage.settle().await;
        count(&stage, 1).await;
    }
}

#[tokio::test]
async fn stock_that_an_earlier_build_told_is_told_again_with_its_first_count() {
    let (stage, customer) = wishing().await;
    count(&stage, 1).await;
    stage.settle().await;
    let came = stage.now();
    stage.hub.clock.advance_ms(DAY);
    // As builds wrote it that remembered the first count beside the stock alone.
    let (before, _) = told(&stage);
    let body = counted(&stage, 2);
    let old = Notice {
        version: before.version + 1,
        as_of: stage.now(),
        body: Some(sync_core::store::encode_row(&body)),
        ..before
    };
    let shop = stage.hub.shop;
    let put = stage.book.write_batch(move |engine| {
        notices::put(engine.tx(), &old)?;
        ledger::note_stock(engine.tx(), ("Coat", shop), Some(came))?;
        Ok::<_, NoticeError>(())
    });
    put.await.unwrap();
    assert_eq!(told(&stage).1.there_since, None);
    stage.settle().await;
    let (again, body) = told(&stage);
    assert_eq!((again.as_of, body.there_since), (stage.now(), Some(came)));
    assert_eq!(owed(&stage, customer), [came]);
    stage.settle().await;
    assert_eq!(told(&stage).0.version, again.version, "once");
    stage.hub.clock.advance_ms(DAY);
    count(&stage, 3).await;
    assert_eq!(told(&stage).1.there_since, Some(came));
}
