//! The network of the demo: a relay between handhelds and hub that can be down, and that can break in the middle of an exchange.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    /// Everything passes.
    Up,
    /// Nothing passes.
    Down,
    /// Everything passes until handhelds have sent this many bytes on one connection; the hub's answer to that is lost, and all is down.
    BreaksAfter(u64),
}

/// The relay. Cloning shares it.
#[derive(Debug, Clone)]
pub(super) struct Relay {
    address: SocketAddr,
    hub: watch::Sender<Option<SocketAddr>>,
    weather: watch::Sender<Weather>,
}

impl Relay {
    /// Listens on `address`. Connections wait until the hub is known.
    pub(super) async fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("can't listen on {address}: choose another with --listen"))?;
        let relay = Self {
            address: listener.local_addr()?,
            hub: watch::Sender::new(None),
            weather: watch::Sender::new(Weather::Up),
        };
        tokio::spawn(relay.clone().accept(listener));
        Ok(relay)
    }

    /// The URL under which handhelds reach the hub.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn forward_to(&self, hub: SocketAddr) {
        self.hub.send_replace(Some(hub));
    }

    /// Changes how the network is; going down cuts what is open.
    pub(super) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    async fn accept(self, listener: TcpListener) {
        // A connection that could not be accepted is one that a handheld makes again.
        loop {
            if let Ok((handheld, _)) = listener.accept().await
                && *self.weather.borrow() != Weather::Down
            {
                tokio::spawn(self.clone().relay(handheld));
            }
        }
    }

    async fn relay(self, handheld: TcpStream) -> std::io::Result<()> {
        let mut hub = self.hub.subscribe();
        let known = hub.wait_for(Option::is_some).await.map(|known| *known);
        let Ok(Some(address)) = known else {
            return Ok(());
        };
        let hub = TcpStream::connect(address).await?;
        handheld.set_nodelay(true)?;
        hub.set_nodelay(true)?;
        let sent = Arc::new(AtomicU64::new(0));
        let (from_handheld, to_handheld) = handheld.into_split();
        let (from_hub, to_hub) = hub.into_split();
        let mut weather = self.weather.subscribe();
        // Whichever side ends first ends both; so does the weather.
        tokio::select! {
            ended = up(from_handheld, to_hub, &sent) => ended,
            ended = self.down(from_hub, to_handheld, &sent) => ended,
            _ = weather.wait_for(|weather| *weather == Weather::Down) => Ok(()),
        }
    }

    /// What the hub says to the handheld.
    async fn down(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        sent: &AtomicU64,
    ) -> std::io::Result<()> {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let read = from.read(&mut buffer).await?;
            let weather = *self.weather.borrow();
            if let Weather::BreaksAfter(bytes) = weather
                && sent.load(Ordering::SeqCst) >= bytes
            {
                self.set(Weather::Down);
                return Ok(());
            }
            let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else {
                return to.shutdown().await;
            };
            to.write_all(chunk).await?;
        }
    }
}

/// What the handheld says to the hub, counted.
async fn up(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    sent: &AtomicU64,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = from.read(&mut buffer).await?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else {
            return to.shutdown().await;
        };
        to.write_all(chunk).await?;
        sent.fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}
