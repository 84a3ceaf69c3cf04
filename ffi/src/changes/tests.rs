//! The queue and its waker: bounded, coalescing, and proof against what an app's listener does.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use super::*;

const LONG: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Telling(Mutex<Sender<(u32, std::thread::ThreadId)>>);

impl BookListener for Telling {
    fn on_change(&self, summary: ChangeSummary) -> Result<(), ListenerError> {
        let told = (summary.waiting, std::thread::current().id());
        let sender = self.0.lock().unwrap();
        sender.send(told).map_err(|_gone| ListenerError::Failed)
    }
}

fn telling() -> (Arc<Telling>, Receiver<(u32, std::thread::ThreadId)>) {
    let (sender, receiver) = mpsc::channel();
    (Arc::new(Telling(Mutex::new(sender))), receiver)
}

fn customer(number: u16) -> Change {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    Change::Customer {
        customer: CustomerId(bytes),
    }
}

#[test]
fn a_change_that_waits_is_not_queued_again() {
    let changes = Changes::default();
    changes.push([customer(1), customer(1), Change::Outbox]);
    changes.push([customer(1)]);
    assert_eq!(changes.drain(1), [customer(1)]);
    changes.push([customer(1)]);
    assert_eq!(changes.drain(10), [Change::Outbox, customer(1)]);
}

#[test]
fn more_than_can_be_kept_apart_becomes_everything() {
    let changes = Changes::default();
    changes.push((0..5_000).map(customer));
    assert_eq!(changes.drain(10_000), [Change::Everything]);
    changes.push([customer(1)]);
    assert_eq!(changes.drain(10), [customer(1)]);
}

#[test]
fn one_wake_on_another_thread_stands_for_all_that_waits() {
    let changes = Changes::default();
    changes.push([customer(1), customer(2)]);
    let (listener, told) = telling();
    changes.listen(Some(listener)).unwrap();
    let (waiting, thread) = told.recv_timeout(LONG).unwrap();
    assert_eq!(waiting, 2);
    assert_ne!(thread, std::thread::current().id());
    changes.push([customer(3)]);
    assert_eq!(told.recv_timeout(LONG).unwrap().0, 3);
}

#[derive(Debug)]
struct Throwing(Sender<()>);

impl BookListener for Throwing {
    fn on_change(&self, _: ChangeSummary) -> Result<(), ListenerError> {
        self.0.send(()).unwrap();
        panic!("an app's listener may do anything");
    }
}

#[test]
fn a_listener_that_throws_loses_its_wake_and_nothing_else() {
    let changes = Changes::default();
    let (sender, thrown) = mpsc::channel();
    changes.listen(Some(Arc::new(Throwing(sender)))).unwrap();
    changes.push([customer(1)]);
    thrown.recv_timeout(LONG).unwrap();
    changes.push([customer(2)]);
    thrown
        .recv_timeout(LONG)
        .expect("it is woken again after it threw");
    assert_eq!(changes.drain(10), [customer(1), customer(2)]);
}

#[test]
fn a_listener_that_was_replaced_is_let_go() {
    let changes = Changes::default();
    let (first, _told) = telling();
    changes
        .listen(Some(Arc::clone(&first) as Arc<dyn BookListener>))
        .unwrap();
    let (second, told) = telling();
    changes.listen(Some(second)).unwrap();
    changes.push([customer(1)]);
    told.recv_timeout(LONG).unwrap();
    drop(changes);
    // The thread of the first ends as soon as it is told; a second reference would keep the app's object alive.
    for _ in 0..1_000_000 {
        if Arc::strong_count(&first) == 1 {
            return;
        }
        std::thread::yield_now();
    }
    panic!("the first listener is still held");
}
