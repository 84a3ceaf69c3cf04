//! A meeting with the hub: over one WebSocket, or in requests and answers where such a connection does not pass.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use minicbor::bytes::ByteVec;
use sync_core::limits;
use sync_core::protocol::frame::{Stop, StopCode};
use sync_core::replica::book::Carrier;
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::answers;
use super::client::{HubClient, enrolment};
use crate::BookError;
use crate::shelf::Shelf;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const PATH: &str = "/v1/sync";
/// Between looks at a connection that is silent.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// A connection that is silent for longer is dead: the hub pings every 20 s.
const SILENCE_MAX: Duration = Duration::from_secs(70);
/// How long connecting may take.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(15);
/// A token is renewed while a connection stands, so that the sign-in does not idle out.
const RENEW_LEFT_MS: i64 = 4 * 60_000;
/// Once both agree, how long to wait for the hub to bring own changes back.
const TAIL_MAX: Duration = Duration::from_millis(250);
/// Requests of one meeting in batches: a first sync of a full book takes a few hundred.
const BATCHES_MAX: u32 = 2_000;
/// Frames that a hub takes in one request.
const BATCH_FRAMES_MAX: usize = 16;

/// When a meeting ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// When everything is exchanged.
    Settled,
    /// Never: it follows what happens.
    Dropped,
}

/// Ends the session however the meeting ends: done, failed or dropped.
struct Session<'a>(&'a Shelf);

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.0.set_connected(false);
        self.0.end_session();
    }
}

/// Meets the hub. When it says that the sign-in is over, the token is renewed once: only if that fails too it is.
pub(crate) async fn meet(
    shelf: &Arc<Shelf>,
    client: &HubClient,
    until: Until,
) -> Result<(), BookError> {
    let met = meet_once(shelf, client, until).await;
    if met != Err(BookError::SignInAgain) {
        return met;
    }
    client.forget_token().await;
    meet_once(shelf, client, until).await
}

async fn meet_once(shelf: &Arc<Shelf>, client: &HubClient, until: Until) -> Result<(), BookError> {
    match connect(shelf, client).await? {
        Some(socket) => over_socket(shelf, client, socket, until).await,
        None if until == Until::Settled => in_batches(shelf, client).await,
        None => {
            in_batches(shelf, client).await?;
            Err(BookError::Offline)
        }
    }
}

/// Opens the WebSocket; none where something on the way does not let it pass.
async fn connect(shelf: &Shelf, client: &HubClient) -> Result<Option<Socket>, BookError> {
    let origin = enrolment(shelf)?.hub_url;
    for is_second in [false, true] {
        let token = client.access(shelf, 0).await?;
        let credentials = client
            .credentials(shelf, &origin, ("GET", PATH, Some(&token.text)))
            .await?;
        let opening = open(&origin, credentials);
        let opened = tokio::time::timeout(CONNECT_TIME_MAX, opening).await;
        match opened.map_err(|_elapsed| BookError::Offline)? {
            Ok(socket) => return Ok(Some(socket)),
            Err(SocketError::Http(response)) => {
                if response.status() != StatusCode::UNAUTHORIZED {
                    return Ok(None);
                }
                client.keep_nonce(response.headers().get("dpop-nonce"));
                let body = response.body().as_deref().unwrap_or_default();
                let refused = answers::refusal(body);
                // A nonce that grew old is the only refusal that a second try can mend here.
                if is_second || refused != BookError::Busy {
                    return Err(refused);
                }
            }
            Err(SocketError::Protocol(_)) => return Ok(None),
            Err(error) => {
                tracing::debug!(%error, "the hub was not reached");
                return Err(BookError::Offline);
            }
        }
    }
    Err(BookError::Busy)
}

async fn open(
    origin: &str,
    (proof, authorization): (String, Option<String>),
) -> Result<Socket, SocketError> {
    // http becomes ws, and https wss.
    let url = format!("ws{}{PATH}", origin.trim_start_matches("http"));
    let mut request = url.into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("DPoP", HeaderValue::try_from(proof)?);
    let authorization = authorization.unwrap_or_default();
    headers.insert("Authorization", HeaderValue::try_from(authorization)?);
    let config = WebSocketConfig::default()
        .max_message_size(Some(limits::FRAME_BYTES_MAX))
        .max_frame_size(Some(limits::FRAME_BYTES_MAX));
    let connecting =
        tokio_tungstenite::connect_async_with_config(request, Some(config), true).await?;
    Ok(connecting.0)
}

/// What happened on an open connection.
enum Happened {
    Frame(Vec<u8>),
    Alive,
    News,
    Look,
    Quiet,
    Gone,
}

async fn over_socket(
    shelf: &Arc<Shelf>,
    client: &HubClient,
    mut socket: Socket,
    until: Until,
) -> Result<(), BookError> {
    let hello = shelf.open_session(Carrier::Connection)?;
    let _session = Session(shelf);
    shelf.set_connected(true);
    send(&mut socket, vec![hello]).await?;
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = now();
    loop {
        let is_tail = until == Until::Settled && is_settled(shelf)?;
        if is_tail && is_quiet(shelf)? {
            return close(socket).await;
        }
        match next(&mut socket, shelf, &mut look, is_tail).await {
            Happened::Frame(bytes) => {
                heard = now();
                let answer = durable(|| shelf.receive(&bytes))?;
                send(&mut socket, answer.frames).await?;
                if let Some(stop) = answer.stopped {
                    return Err(stopped(&stop));
                }
            }
            Happened::Alive => heard = now(),
            Happened::News => send(&mut socket, durable(|| shelf.offer())?.frames).await?,
            Happened::Quiet => return close(socket).await,
            Happened::Look if heard.elapsed() > SILENCE_MAX => return Err(BookError::Offline),
            Happened::Look => {
                client.access(shelf, RENEW_LEFT_MS).await?;
                let ping = socket.send(Message::Ping(Vec::new().into())).await;
                ping.map_err(|_gone| BookError::Offline)?;
            }
            Happened::Gone => return Err(BookError::Offline),
        }
    }
}

async fn next(socket: &mut Socket, shelf: &Shelf, look: &mut Interval, is_tail: bool) -> Happened {
    tokio::select! {
        message = socket.next() => match message {
            Some(Ok(Message::Binary(bytes))) => Happened::Frame(bytes.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Happened::Alive,
            Some(Ok(Message::Text(_) | Message::Close(_)) | Err(_)) | None => Happened::Gone,
        },
        () = shelf.news.notified() => Happened::News,
        _ = look.tick() => Happened::Look,
        () = crate::clock::pause(TAIL_MAX), if is_tail => Happened::Quiet,
    }
}

/// For how long a connection was silent, which is no input of the book.
fn now() -> Instant {
    Instant::now()
}

/// Runs what may wait for the disk without keeping the runtime's other work from going on.
fn durable<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

fn is_settled(shelf: &Shelf) -> Result<bool, BookError> {
    durable(|| shelf.with(|core, _| Ok(core.is_settled())))
}

/// Whether nothing of ours is left that the hub would still bring back.
fn is_quiet(shelf: &Shelf) -> Result<bool, BookError> {
    durable(|| shelf.read(|core, tx| Ok(core.is_quiet(tx)?)))
}

async fn send(socket: &mut Socket, frames: Vec<Vec<u8>>) -> Result<(), BookError> {
    for frame in frames {
        let sent = socket.feed(Message::Binary(frame.into())).await;
        sent.map_err(|_gone| BookError::Offline)?;
    }
    socket.flush().await.map_err(|_gone| BookError::Offline)
}

async fn close(mut socket: Socket) -> Result<(), BookError> {
    // Everything is exchanged and durable: a peer that is gone by now changes nothing.
    let _closed = socket.close(None).await;
    Ok(())
}

/// Meets the hub in requests and answers. For the hub each is a meeting of its own, so each begins with a hello.
async fn in_batches(shelf: &Arc<Shelf>, client: &HubClient) -> Result<(), BookError> {
    let mut frames = vec![shelf.open_session(Carrier::Batch)?];
    let _session = Session(shelf);
    frames.extend(durable(|| shelf.offer())?.frames);
    for _ in 0..BATCHES_MAX {
        let token = client.access(shelf, 0).await?;
        frames.truncate(BATCH_FRAMES_MAX);
        let packed: Vec<ByteVec> = frames.into_iter().map(ByteVec::from).collect();
        let body = minicbor::to_vec(&packed).expect("writing to memory does not fail");
        let body = client.batch(shelf, &token, body).await?;
        shelf.set_connected(true);
        let answers: Vec<ByteVec> = minicbor::decode(&body)
            .map_err(|error| BookError::bug("reading a batch of the hub", &error))?;
        let mut asked = Vec::new();
        for bytes in answers {
            let answer = durable(|| shelf.receive(&bytes))?;
            if let Some(stop) = answer.stopped {
                return Err(stopped(&stop));
            }
            asked.extend(answer.asking);
        }
        if is_settled(shelf)? && asked.is_empty() {
            return Ok(());
        }
        let hello = durable(|| shelf.read(|core, tx| Ok(core.hello_again(tx)?)))?;
        frames = vec![hello.pack()];
        frames.append(&mut asked);
    }
    Err(BookError::Busy)
}

/// What an app should do when the hub ended a session.
fn stopped(stop: &Stop) -> BookError {
    match stop.code {
        StopCode::Update => BookError::UpdateApp,
        StopCode::SignIn => BookError::SignInAgain,
        StopCode::Revoked => BookError::EnrolAgain,
        StopCode::Protocol => BookError::bug("a session with the hub", &stop.detail),
        StopCode::Busy => BookError::Busy,
        StopCode::Closing => BookError::Offline,
    }
}
