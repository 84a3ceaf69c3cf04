//! One sync socket, with a count of what goes over it.

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use sync_core::protocol::frame::Frame;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::account::Ticket;

/// What went over a line since it was opened, WebSocket headers included, the handshake not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meter {
    pub(crate) up: u64,
    pub(crate) down: u64,
    /// How often the handheld spoke after it had listened: an upper bound, since a frame under way is heard after an acknowledgement of
    /// the one before it.
    pub(crate) round_trips: u32,
    has_spoken: bool,
}

/// An open sync socket.
#[derive(Debug)]
pub(crate) struct Line {
    socket: WebSocketStream<TcpStream>,
    pub(crate) meter: Meter,
}

impl Line {
    pub(crate) async fn open(ticket: &Ticket) -> Result<Self> {
        let mut request = ticket.url.as_str().into_client_request()?;
        let headers = request.headers_mut();
        headers.insert(
            "Authorization",
            HeaderValue::from_str(&ticket.authorization)?,
        );
        headers.insert("DPoP", HeaderValue::from_str(&ticket.proof)?);
        let stream = TcpStream::connect(&ticket.address).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .context("the hub refused the sync socket")?;
        Ok(Self {
            socket,
            meter: Meter::default(),
        })
    }

    pub(crate) async fn send(&mut self, frame: &Frame) -> Result<()> {
        let bytes = frame.pack();
        let meter = &mut self.meter;
        // A client's message carries a mask of four bytes.
        meter.up += header_and(bytes.len()) + 4;
        if !meter.has_spoken {
            meter.round_trips += 1;
            meter.has_spoken = true;
        }
        self.socket.send(Message::Binary(bytes.into())).await?;
        Ok(())
    }

    /// The next frame of the hub. Safe to be dropped while it waits.
    pub(crate) async fn next(&mut self) -> Result<Frame> {
        loop {
            let message = self.socket.next().await;
            match message.context("the hub closed the socket")?? {
                Message::Binary(bytes) => {
                    self.meter.down += header_and(bytes.len());
                    self.meter.has_spoken = false;
                    return Ok(Frame::unpack(&bytes)?);
                }
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Text(_) | Message::Close(_) | Message::Frame(_) => {
                    bail!("the hub closed the socket")
                }
            }
        }
    }

    pub(crate) async fn close(mut self) -> Result<Meter> {
        self.socket.close(None).await?;
        Ok(self.meter)
    }
}

/// Bytes of a message with the header of its WebSocket frame.
fn header_and(payload: usize) -> u64 {
    let header = match payload {
        0..=125 => 2,
        126..=65_535 => 4,
        65_536.. => 10,
    };
    header + u64::try_from(payload).unwrap_or(u64::MAX)
}
