//! The shop's network: a relay between handhelds and the hub that can be switched off, and torn after so many bytes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What both ends and the story share.
#[derive(Debug, Default)]
struct Wire {
    hub: OnceLock<SocketAddr>,
    is_down: AtomicBool,
    /// Bytes that may still go up before the wire tears; `u64::MAX` for no end.
    upward_left: AtomicU64,
    torn: Notify,
}

/// The shop's network.
#[derive(Debug)]
pub(super) struct Network {
    url: String,
    wire: Arc<Wire>,
}

impl Network {
    /// Begins to listen where handhelds will look for the hub.
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("{address} can't be listened on: choose another port with --listen")
        })?;
        let url = format!("http://{}", listener.local_addr()?);
        let wire = Arc::new(Wire::default());
        wire.upward_left.store(u64::MAX, Ordering::SeqCst);
        tokio::spawn(accept(listener, Arc::clone(&wire)));
        Ok(Self { url, wire })
    }

    /// The address that handhelds know.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Leads to a hub.
    pub(super) fn lead_to(&self, hub: SocketAddr) {
        self.wire.hub.get_or_init(|| hub);
    }

    /// Lets so many more bytes up, then tears every connection and lets none in.
    pub(super) fn tear_after(&self, bytes: u64) {
        self.wire.upward_left.store(bytes, Ordering::SeqCst);
    }

    /// Waits until it is torn.
    pub(super) async fn until_torn(&self) {
        // Made before the look, so that no tear falls between the two.
        let torn = self.wire.torn.notified();
        if !self.wire.is_down() {
            torn.await;
        }
    }

    /// Comes back.
    pub(super) fn mend(&self) {
        self.wire.upward_left.store(u64::MAX, Ordering::SeqCst);
        self.wire.is_down.store(false, Ordering::SeqCst);
    }
}

impl Wire {
    fn is_down(&self) -> bool {
        self.is_down.load(Ordering::SeqCst)
    }

    /// Takes `bytes` off what may go up; how many of them still may.
    fn spend(&self, bytes: usize) -> usize {
        let wanted = u64::try_from(bytes).unwrap_or(u64::MAX);
        let before = self
            .upward_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                Some(if left == u64::MAX {
                    left
                } else {
                    left.saturating_sub(wanted)
                })
            })
            .unwrap_or(u64::MAX);
        if before < wanted {
            self.is_down.store(true, Ordering::SeqCst);
            self.torn.notify_waiters();
        }
        usize::try_from(before.min(wanted)).unwrap_or(bytes)
    }
}

async fn accept(listener: TcpListener, wire: Arc<Wire>) {
    while let Ok((handheld, _)) = listener.accept().await {
        let Some(hub) = wire.hub.get().filter(|_| !wire.is_down()) else {
            // Dropping the connection is what a dead network looks like.
            continue;
        };
        let Ok(hub) = TcpStream::connect(hub).await else {
            continue;
        };
        // Small frames must not wait for more to come; where that can't be set, the relay is only slower.
        let _quick = (handheld.set_nodelay(true), hub.set_nodelay(true));
        let (from_handheld, to_handheld) = handheld.into_split();
        let (from_hub, to_hub) = hub.into_split();
        tokio::spawn(carry(from_handheld, to_hub, Arc::clone(&wire), true));
        tokio::spawn(carry(from_hub, to_handheld, Arc::clone(&wire), false));
    }
}

/// Carries bytes one way until either end or the wire gives up.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: Arc<Wire>, is_up: bool) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let torn = wire.torn.notified();
        if wire.is_down() {
            return;
        }
        let read = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            () = torn => 0,
        };
        let passes = if is_up { wire.spend(read) } else { read };
        let Some(bytes) = buffer.get(..passes).filter(|bytes| !bytes.is_empty()) else {
            return;
        };
        if to.write_all(bytes).await.is_err() || passes < read {
            return;
        }
    }
}
