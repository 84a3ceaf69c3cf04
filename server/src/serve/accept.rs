//! The accept loop: connections are bounded in number and in time, and are let finish when the hub stops.
//!
//! # Failure
//! A client that is slow, silent or broken loses its own connection. A machine out of file descriptors makes the loop rest and try again.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::idle::IdleStream;
use crate::config::ConnectionConfig;
use crate::http::AppState;
use crate::http::body::Peer;
use crate::http::metrics::{CONNECTIONS, CONNECTIONS_REFUSED};

/// Bytes of a request's head and read buffer.
const BUFFER_BYTES: usize = 64 << 10;
/// Rest after an accept that failed for want of resources.
const REST: Duration = Duration::from_millis(100);

/// What connections are let in to.
#[derive(Clone)]
pub struct Door {
    /// The routes.
    pub router: Router,
    /// For the counters.
    pub state: AppState,
    /// TLS, unless plain HTTP was chosen.
    pub tls: Option<TlsAcceptor>,
    /// Bounds.
    pub config: ConnectionConfig,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door")
            .field("tls", &self.tls.is_some())
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Takes connections until `shutdown`, then lets those under way finish, for a while.
/// By the end of `shutdown` the state must say that the hub is stopping.
pub async fn run(listener: &TcpListener, door: Door, shutdown: impl Future<Output = ()>) {
    let places = Places::new(&door.config);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, peer)) => admit(stream, peer, &door, &places),
            Err(error) => rest_after(&error).await,
        }
    }
    let drained = places.all_free();
    if tokio::time::timeout(door.config.drain, drained)
        .await
        .is_err()
    {
        tracing::warn!("connections that did not finish in time were cut");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "waiting for sockets is this edge's work"
)]
pub(crate) async fn rest_after(error: &io::Error) {
    // Per-connection errors (a client that left before it was accepted) need no rest, but one does no harm.
    tracing::warn!(error = %error, "a connection could not be accepted");
    tokio::time::sleep(REST).await;
}

fn admit(stream: TcpStream, peer: SocketAddr, door: &Door, places: &Places) {
    let place = match places.take(peer.ip()) {
        Ok(place) => place,
        Err(bound) => {
            door.state
                .metrics
                .count(&CONNECTIONS_REFUSED, &[("bound", bound)]);
            return;
        }
    };
    door.state.metrics.set(&CONNECTIONS, &[], places.taken());
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "a connection keeps its delay");
    }
    let door = door.clone();
    let places = places.clone();
    tokio::spawn(async move {
        let stream = IdleStream::new(stream, door.config.idle, place);
        if let Err(error) = connection(stream, peer, &door).await {
            tracing::debug!(error, "a connection ended early");
        }
        door.state.metrics.set(&CONNECTIONS, &[], places.taken());
    });
}

async fn connection<S>(stream: S, peer: SocketAddr, door: &Door) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Some(tls) = &door.tls else {
        return speak(stream, peer, door).await;
    };
    let handshake = tokio::time::timeout(door.config.handshake, tls.accept(stream)).await;
    match handshake {
        Ok(Ok(stream)) => speak(stream, peer, door).await,
        Ok(Err(error)) => Err(format!("the TLS handshake failed: {error}")),
        Err(_elapsed) => Err("the TLS handshake took too long".to_owned()),
    }
}

async fn speak<S>(stream: S, peer: SocketAddr, door: &Door) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = door.router.clone();
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        // Without a timer the header timeout silently does nothing.
        .timer(TokioTimer::new())
        .header_read_timeout(door.config.header_read)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let mut stopping = door.state.stopping.clone();
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = told_to_stop(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    ended.map_err(|error| error.to_string())
}

/// Returns when the hub stops; also when nobody is left who could say so.
async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    if stopping.wait_for(|stopping| *stopping).await.is_err() {
        tracing::debug!("nobody is left to stop the hub");
    }
}

/// Places for connections, in all and for each address.
#[derive(Debug, Clone)]
struct Places {
    total_max: usize,
    per_address_max: usize,
    by_address: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
    taken: watch::Sender<usize>,
}

/// A place that is given back when it is dropped.
#[derive(Debug)]
struct Place {
    address: IpAddr,
    places: Places,
}

impl Places {
    fn new(config: &ConnectionConfig) -> Self {
        Self {
            total_max: config.total_max,
            per_address_max: config.per_address_max,
            by_address: Arc::default(),
            taken: watch::Sender::new(0),
        }
    }

    /// A place, or the bound that is reached.
    fn take(&self, address: IpAddr) -> Result<Place, &'static str> {
        if *self.taken.borrow() >= self.total_max {
            return Err("total");
        }
        let mut by_address = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let here = by_address.entry(address).or_default();
        if *here >= self.per_address_max {
            return Err("address");
        }
        *here += 1;
        self.taken.send_modify(|taken| *taken += 1);
        Ok(Place {
            address,
            places: self.clone(),
        })
    }

    fn taken(&self) -> i64 {
        i64::try_from(*self.taken.borrow()).unwrap_or(i64::MAX)
    }

    async fn all_free(&self) {
        let mut taken = self.taken.subscribe();
        if taken.wait_for(|taken| *taken == 0).await.is_err() {
            tracing::debug!("nobody counts places any more");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_address = self
            .places
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                by_address.remove(&self.address);
            }
        }
        self.places.taken.send_modify(|taken| *taken -= 1);
    }
}
