//! A connection on a shared handheld, without its socket: what it does once somebody's sign-in has ended.

use sync_core::feed::Chain;
use sync_core::ids::{AssociateId, FeedId};
use sync_core::protocol::frame::{Ack, Frame, Hello, Position, WIRE_VERSION, short_chain};
use tokio::sync::watch;

use super::*;
use crate::book::{Book, BookParts};
use crate::http::metrics::Metrics;
use crate::http::state::Hub;
use crate::identity::access::Role;
use crate::identity::people::Subject;
use crate::testing::{PASSWORD, TestDevice, TestHub};

struct Shared {
    hub: TestHub,
    state: AppState,
    device: TestDevice,
    ana: AssociateId,
    ben: AssociateId,
    _stop: watch::Sender<bool>,
}

impl Shared {
    /// Ana and Ben are signed in on one handheld.
    async fn start() -> Self {
        let hub = TestHub::start().await;
        let (stop, stopping) = watch::channel(false);
        let book = Book::open(BookParts {
            store: hub.store.clone(),
            writer: hub.writer.clone(),
            key: Arc::new(hub.keys.hub_key()),
            clock: hub.clock.clone(),
            entropy: hub.entropy.clone(),
        });
        let state = AppState::new(Hub {
            book: Arc::new(book.unwrap()),
            identity: Arc::clone(&hub.identity),
            writer: hub.writer.clone(),
            store: hub.store.clone(),
            clock: hub.clock.clone(),
            entropy: hub.entropy.clone(),
            keys: Arc::clone(&hub.keys),
            metrics: Metrics::default(),
            stopping,
        });
        let ana = hub.add("ana", Role::Associate, hub.shop).await;
        let ben = hub.add("ben", Role::Associate, hub.shop).await;
        let device = hub.enrol(7).await;
        hub.sign_in(&device, "ben", PASSWORD).await.unwrap();
        Self {
            hub,
            state,
            device,
            ana,
            ben,
            _stop: stop,
        }
    }

    /// Opens Ana's connection and says hello.
    async fn connect(&self) -> Connection {
        let signed_in = self.hub.sign_in(&self.device, "ana", PASSWORD).await;
        let token = signed_in.unwrap().access.token;
        let principal = self.hub.request(&self.device, token.expose()).unwrap();
        let mut connection = Connection::open(self.state.clone(), &principal).unwrap();
        let hello = Frame::Hello(Hello {
            versions: (WIRE_VERSION, WIRE_VERSION),
            feed: None,
            rollup: sync_core::ids::Hash32([0; 32]),
            scopes: Vec::new(),
            pending: 0,
        });
        let welcomed = connection.answer(Happened::Frame(hello.pack().into()));
        assert!(stop_of(&welcomed.await).is_none());
        connection
    }
}

fn frames_of(reply: &Option<Reply>) -> Vec<Frame> {
    let frames = match reply {
        Some(Reply::Frames(frames) | Reply::Last(frames)) => frames.as_slice(),
        None => &[],
    };
    let unpacked = frames.iter().map(|bytes| Frame::unpack(bytes).unwrap());
    unpacked.collect()
}

/// The reason when nothing but a stop is sent.
fn stop_of(reply: &Option<Reply>) -> Option<StopCode> {
    match (reply, frames_of(reply).as_slice()) {
        (Some(Reply::Last(_)), [Frame::Stop(stop)]) => Some(stop.code),
        _ => None,
    }
}

#[tokio::test]
async fn a_connection_ends_before_it_tells_more_when_a_second_sign_in_on_it_has_ended() {
    let shared = Shared::start().await;
    for happens in 0..3 {
        let happened = || match happens {
            0 => Happened::News(true),
            1 => Happened::Quiet,
            _ => Happened::Frame(Bytes::from_static(b"whatever it is")),
        };
        let again = shared.hub.sign_in(&shared.device, "ben", PASSWORD).await;
        let session = again.unwrap().session;
        let mut connection = shared.connect().await;
        assert!(connection.granted.contains(&Scope::Associate(shared.ben)));
        assert_eq!(
            stop_of(&connection.answer(Happened::News(true)).await),
            None
        );
        assert_eq!(stop_of(&connection.answer(Happened::Quiet).await), None);

        shared.hub.identity.sign_out(session).await.unwrap();
        let reply = connection.answer(happened()).await;
        assert_eq!(stop_of(&reply), Some(StopCode::SignIn), "{reply:?}");
    }
}

#[tokio::test]
async fn who_was_deactivated_is_read_no_more_and_their_colleague_comes_again() {
    let shared = Shared::start().await;
    let mut connection = shared.connect().await;
    shared
        .hub
        .identity
        .deactivate(Subject::Associate(shared.ben))
        .await
        .unwrap();
    let reply = connection.answer(Happened::News(true)).await;
    assert_eq!(stop_of(&reply), Some(StopCode::SignIn), "{reply:?}");

    let connection = shared.connect().await;
    let left = [Scope::Book(shared.hub.shop), Scope::Associate(shared.ana)];
    assert_eq!(connection.granted, left);
    assert!(connection.still_holds());
}

#[tokio::test]
async fn a_handheld_says_where_it_stands_only_when_it_comes_with_nothing_that_waits() {
    let shared = Shared::start().await;
    let device = shared.device.id;
    let stand = || shared.hub.identity.stand(device).map(|stand| stand.of);
    let position = || Position {
        scope: Scope::Associate(shared.ana),
        seq: 5,
        chain: short_chain(Chain::default()),
        resume: None,
    };
    let life = shared.state.book.context().feed;
    let says = async |pending, feed| {
        let signed_in = shared.hub.sign_in(&shared.device, "ana", PASSWORD).await;
        let token = signed_in.unwrap().access.token;
        let principal = shared.hub.request(&shared.device, token.expose()).unwrap();
        let mut connection = Connection::open(shared.state.clone(), &principal).unwrap();
        let hello = Frame::Hello(Hello {
            versions: (WIRE_VERSION, WIRE_VERSION),
            feed: Some(feed),
            rollup: sync_core::ids::Hash32([0; 32]),
            scopes: vec![position()],
            pending,
        });
        let answered = connection.answer(Happened::Frame(hello.pack().into()));
        assert!(stop_of(&answered.await).is_none());
        connection
    };
    says(1, life).await;
    assert_eq!(stand(), None, "something waits: not all is known");
    says(0, FeedId([9; 16])).await;
    assert_eq!(stand(), Some([(shared.ana, 0)].into()), "of another life");
    let mut connection = says(0, life).await;
    assert_eq!(stand(), Some([(shared.ana, 5)].into()));

    let ack = |seq| {
        let ack = Frame::Ack(Ack {
            scope: Scope::Associate(shared.ana),
            seq,
            chain: Chain::default(),
        });
        Happened::Frame(ack.pack().into())
    };
    let identity = &shared.hub.identity;
    identity.await_stand(device, (shared.ana, 7));
    assert_eq!(stop_of(&connection.answer(ack(6)).await), None);
    let reply = connection.answer(ack(7)).await;
    assert_eq!(
        stop_of(&reply),
        Some(StopCode::Closing),
        "it is to come anew"
    );
}
