//! The promises of the writer, with a store whose commits can be held back or made to fail.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use sync_core::store::memory::MemoryStore;
use sync_core::store::{
    Direction, KeyRange, Mark, ReadTx, Store, StoreError, Table, Visit, WriteTx,
};

use super::*;

/// A memory store that counts commits, fails them on request, and waits at each for a permit when there is a gate.
#[derive(Default)]
struct TroubledStore {
    inner: MemoryStore,
    full: AtomicBool,
    commits: AtomicUsize,
    gate: Option<Mutex<mpsc::Receiver<()>>>,
}

struct TroubledTx<'a> {
    store: &'a TroubledStore,
    inner: Box<dyn WriteTx + 'a>,
}

impl Store for TroubledStore {
    fn read(&self) -> Result<Box<dyn ReadTx + '_>, StoreError> {
        self.inner.read()
    }

    fn write(&self) -> Result<Box<dyn WriteTx + '_>, StoreError> {
        Ok(Box::new(TroubledTx {
            store: self,
            inner: self.inner.write()?,
        }))
    }
}

impl ReadTx for TroubledTx<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.inner.scan(table, range, direction, visit)
    }
}

impl WriteTx for TroubledTx<'_> {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.inner.put(table, key, value)
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.inner.delete(table, key)
    }

    fn mark(&mut self) -> Result<Mark, StoreError> {
        self.inner.mark()
    }

    fn rollback_to(&mut self, mark: Mark) -> Result<(), StoreError> {
        self.inner.rollback_to(mark)
    }

    fn release(&mut self, mark: Mark) -> Result<(), StoreError> {
        self.inner.release(mark)
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        if let Some(gate) = &self.store.gate {
            gate.lock().unwrap().recv().unwrap();
        }
        if self.store.full.load(Ordering::SeqCst) {
            return Err(StoreError::Full {
                operation: "committing",
            });
        }
        self.store.commits.fetch_add(1, Ordering::SeqCst);
        self.inner.commit()
    }

    fn as_read(&self) -> &dyn ReadTx {
        self
    }
}

fn put(tx: &mut dyn WriteTx, key: &str) -> Result<(), StoreError> {
    tx.put(Table::Meta, key.as_bytes(), b"here")
}

fn has(store: &TroubledStore, key: &str) -> bool {
    let tx = store.read().unwrap();
    tx.get(Table::Meta, key.as_bytes()).unwrap().is_some()
}

/// A store whose commits wait for a permit each, and the sender of permits.
fn gated() -> (Arc<TroubledStore>, mpsc::Sender<()>) {
    let (permits, gate) = mpsc::channel();
    let store = TroubledStore {
        gate: Some(Mutex::new(gate)),
        ..TroubledStore::default()
    };
    (Arc::new(store), permits)
}

#[tokio::test]
async fn a_failing_job_is_undone_alone() {
    let (store, permits) = gated();
    let (writer, thread) = Writer::start(store.clone()).unwrap();
    let occupied = writer.run(|tx| put(tx, "first"));
    let good = writer.run(|tx| put(tx, "good"));
    let bad = writer.run(|tx| {
        put(tx, "bad").unwrap();
        Err::<(), _>("no")
    });
    let broken = writer.run(|tx| -> Result<(), ()> {
        put(tx, "broken").unwrap();
        panic!("a bug in a job")
    });
    let last = writer.run(|tx| put(tx, "last"));
    for _ in 0..5 {
        permits.send(()).unwrap();
    }
    let (_, good, bad, broken, last) = tokio::join!(occupied, good, bad, broken, last);
    assert!(good.is_ok() && last.is_ok());
    assert!(matches!(bad, Err(WriteError::Job("no"))));
    assert!(matches!(broken, Err(WriteError::Panicked)));
    assert!(has(&store, "good") && has(&store, "last"));
    assert!(!has(&store, "bad") && !has(&store, "broken"));
    thread.stop().await;
}

#[tokio::test]
async fn an_answer_comes_after_the_commit_and_its_follow_up() {
    let (store, permits) = gated();
    let (writer, thread) = Writer::start(store.clone()).unwrap();
    let followed = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&followed);
    let run = writer.run_then(
        |tx| put(tx, "k"),
        move |_| flag.store(true, Ordering::SeqCst),
    );
    let mut run = std::pin::pin!(run);
    let early = futures_util::future::poll_immediate(&mut run).await;
    assert!(early.is_none() && !followed.load(Ordering::SeqCst));
    assert!(!has(&store, "k"), "nothing is visible before the commit");
    permits.send(()).unwrap();
    run.await.unwrap();
    assert!(has(&store, "k") && followed.load(Ordering::SeqCst));
    thread.stop().await;
}

#[tokio::test]
async fn a_follow_up_happens_even_when_nobody_waits() {
    let store = Arc::new(TroubledStore::default());
    let (writer, thread) = Writer::start(store.clone()).unwrap();
    let followed = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&followed);
    {
        let run = writer.run_then(
            |tx| put(tx, "k"),
            move |_| flag.store(true, Ordering::SeqCst),
        );
        assert!(futures_util::future::poll_immediate(run).await.is_none());
    }
    thread.stop().await;
    assert!(has(&store, "k") && followed.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_failed_commit_reaches_every_job_of_its_group() {
    let (store, permits) = gated();
    let (writer, thread) = Writer::start(store.clone()).unwrap();
    store.full.store(true, Ordering::SeqCst);
    let runs = (0..5).map(|n| writer.run(move |tx| put(tx, &format!("k{n}"))));
    for _ in 0..5 {
        permits.send(()).unwrap();
    }
    for answer in futures_util::future::join_all(runs).await {
        assert!(
            matches!(answer, Err(WriteError::Commit(error)) if error.is_retryable()),
            "a full disk is reported as such"
        );
    }
    assert!((0..5).all(|n| !has(&store, &format!("k{n}"))));
    store.full.store(false, Ordering::SeqCst);
    permits.send(()).unwrap();
    writer.run(|tx| put(tx, "later")).await.unwrap();
    assert!(has(&store, "later"), "the writer goes on afterwards");
    thread.stop().await;
}

#[tokio::test]
async fn jobs_that_wait_share_a_commit_and_keep_their_order() {
    let (store, permits) = gated();
    let (writer, thread) = Writer::start(store.clone()).unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let runs = (0..100).map(|n| {
        let order = Arc::clone(&order);
        writer.run(move |tx| {
            order.lock().unwrap().push(n);
            put(tx, "k")
        })
    });
    let all = futures_util::future::join_all(runs);
    for _ in 0..100 {
        permits.send(()).unwrap();
    }
    assert!(all.await.iter().all(Result::is_ok));
    assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
    assert!(
        store.commits.load(Ordering::SeqCst) < 50,
        "a commit is shared"
    );
    thread.stop().await;
}

#[tokio::test]
async fn stopping_finishes_what_is_queued_and_takes_no_more() {
    let store = Arc::new(TroubledStore::default());
    let (writer, thread) = Writer::start(store.clone()).unwrap();
    let queued = writer.run(|tx| put(tx, "queued"));
    let (answer, ()) = tokio::join!(queued, thread.stop());
    answer.unwrap();
    assert!(has(&store, "queued"));
    let late = writer.run(|tx| put(tx, "late")).await;
    assert!(matches!(late, Err(WriteError::Stopping)));
}
