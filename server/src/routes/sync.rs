//! Sync: one WebSocket for as long as a handheld is connected, or one request and its answer where a `WebSocket` does not pass.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sync_core::authority::judge::Presenter;
use sync_core::ids::{DeviceId, ShopId, Timestamp};
use sync_core::limits;
use sync_core::protocol::frame::StopCode;
use sync_core::scope::Scope;
use tokio::sync::broadcast::error::RecvError;

use crate::http::AppState;
use crate::http::authorized::{Authorized, PushOutbox};
use crate::http::body::read;
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::{Principal, Scope as Permitted};
use crate::identity::directory::Directory;
use crate::sync::{Meeting, Reply, ended};

#[cfg(test)]
mod tests;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/sync.json");

/// Between pings; below the 60 s after which a silent connection is closed.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Frames in one batch: a hello, pushes and a page of reads.
const BATCH_FRAMES_MAX: usize = 16;
/// Bytes of one batch.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// Bytes read from a connection at a time. Each connection holds and clears so much, and all but pushes are a few hundred bytes.
const READ_BUFFER_BYTES: usize = 8 << 10;

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/sync", socket),
        Route::post("/v1/sync/batch", batch),
    ]
}

/// The handheld behind a principal, and what it may read.
fn presenter(state: &AppState, caller: &Principal) -> Result<(Presenter, Vec<Scope>), ApiError> {
    let device = caller
        .device
        .ok_or_else(|| ApiError::forbidden("sync is for handhelds: enrol one"))?;
    let directory = state.identity.directory();
    let row = directory
        .devices
        .get(&device)
        .filter(|row| row.revoked_at.is_none());
    let shop = row.ok_or_else(|| ApiError::not_found("device"))?.shop;
    let scopes = scopes_of(&directory, (device, shop), state.clock.now());
    drop(directory);
    let key = state
        .identity
        .device_key(device)
        .ok_or_else(|| ApiError::not_found("device"))?;
    let granted = if caller.scopes.has(Permitted::Sync) {
        scopes.clone()
    } else {
        Vec::new()
    };
    Ok((
        Presenter {
            device,
            key,
            shop,
            scopes,
        },
        granted,
    ))
}

/// What a handheld may read at this moment: the book of its shop, and the scope of everybody signed in on it.
fn scopes_of(
    directory: &Directory,
    (device, shop): (DeviceId, ShopId),
    now: Timestamp,
) -> Vec<Scope> {
    let mut scopes = vec![Scope::Book(shop)];
    for session in directory.sessions.values() {
        let scope = Scope::Associate(session.associate);
        if session.device == Some(device) && session.expires_at > now && !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes.sort_unstable();
    scopes.truncate(limits::SCOPES_MAX);
    scopes
}

async fn socket(
    caller: Authorized<PushOutbox>,
    State(state): State<AppState>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let connection = Connection::open(state, &caller)?;
    let answer = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(limits::FRAME_BYTES_MAX)
        .max_frame_size(limits::FRAME_BYTES_MAX)
        .on_upgrade(move |socket| hold(socket, connection));
    Ok(answer)
}

/// Notes that a handheld was heard, and what it said of itself.
fn note(state: &AppState, device: DeviceId, meeting: &mut Meeting) {
    state.identity.heard(device, meeting.pending());
    if let Some(stand) = meeting.take_stand() {
        state.identity.stood(device, stand);
    }
}

/// What happened on an open connection.
enum Happened {
    Frame(Bytes),
    News(bool),
    Quiet,
    Stopping,
}

/// One open connection: a meeting, and on what grounds it is held.
struct Connection {
    state: AppState,
    principal: Principal,
    /// What the handheld might read when the connection was opened.
    granted: Vec<Scope>,
    meeting: Meeting,
}

impl Connection {
    fn open(state: AppState, principal: &Principal) -> Result<Self, ApiError> {
        let (presenter, granted) = presenter(&state, principal)?;
        let meeting = Meeting::new(Arc::clone(&state.book), presenter, granted.clone());
        Ok(Self {
            meeting: meeting.with_news(),
            principal: principal.clone(),
            granted,
            state,
        })
    }

    /// Whether everything that the connection was opened on still holds: the caller's sign-in, and those of everybody else on the handheld.
    fn still_holds(&self) -> bool {
        if !self.state.identity.still_holds(&self.principal) {
            return false;
        }
        let directory = self.state.identity.directory();
        let device = self.principal.device;
        let Some((id, row)) = device.and_then(|id| Some((id, directory.devices.get(&id)?))) else {
            return false;
        };
        let now = scopes_of(&directory, (id, row.shop), self.state.clock.now());
        self.granted.iter().all(|scope| now.contains(scope))
    }

    /// Notes when the handheld was heard and what waits on it.
    fn heard(&mut self) {
        if let Some(device) = self.principal.device {
            note(&self.state, device, &mut self.meeting);
        }
    }

    /// Whether the handheld now knows what it is to know, and is asked to come anew and say what waits on it.
    fn is_awaited(&self) -> bool {
        let received = self.meeting.received();
        let device = self.principal.device;
        device.is_some_and(|device| self.state.identity.is_awaited(device, received))
    }

    /// What is to be sent now; none when nothing is. Nothing is read or taken on grounds that hold no more.
    async fn answer(&mut self, happened: Happened) -> Option<Reply> {
        match happened {
            Happened::News(false) => None,
            Happened::Stopping => Some(ended(StopCode::Closing, "the hub stops")),
            Happened::Frame(_) | Happened::News(true) | Happened::Quiet if !self.still_holds() => {
                // Whoever is still signed in renews their token, and comes again for what may be read now.
                Some(ended(StopCode::SignIn, "a sign-in has ended"))
            }
            Happened::Frame(bytes) => {
                let reply = self.meeting.receive(&bytes).await;
                self.heard();
                Some(if self.is_awaited() {
                    ended(StopCode::Closing, "come again and say what waits")
                } else {
                    reply
                })
            }
            Happened::News(true) => Some(match self.meeting.pump().await {
                Ok(frames) => Reply::Frames(frames),
                Err(_) => ended(StopCode::Busy, "the hub can't read its storage now"),
            }),
            Happened::Quiet => None,
        }
    }
}

/// Holds one connection until either side ends it.
async fn hold(mut socket: WebSocket, mut connection: Connection) {
    let mut news = connection.state.book.subscribe();
    let mut stopping = connection.state.stopping.clone();
    let mut ping = tokio::time::interval(PING_EVERY);
    loop {
        let happened = tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Binary(bytes))) => Happened::Frame(bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                    connection.heard();
                    continue;
                }
                Some(Ok(Message::Text(_) | Message::Close(_)) | Err(_)) | None => return,
            },
            moved = news.recv() => match moved {
                Ok(scopes) => Happened::News(connection.meeting.follows(&scopes)),
                // Too slow to hear of every commit: look at all scopes instead.
                Err(RecvError::Lagged(_)) => Happened::News(true),
                Err(RecvError::Closed) => Happened::Stopping,
            },
            _ = ping.tick() => Happened::Quiet,
            _ = stopping.wait_for(|stop| *stop) => Happened::Stopping,
        };
        let is_quiet = matches!(happened, Happened::Quiet);
        let goes_on = match connection.answer(happened).await {
            Some(reply) => send(&mut socket, reply).await,
            None if is_quiet => socket.send(Message::Ping(Bytes::new())).await.is_ok(),
            None => true,
        };
        if !goes_on {
            return;
        }
    }
}

/// Sends what is to be sent; false when the connection is over.
async fn send(socket: &mut WebSocket, reply: Reply) -> bool {
    let (frames, is_last) = match reply {
        Reply::Frames(frames) => (frames, false),
        Reply::Last(frames) => (frames, true),
    };
    for frame in frames {
        if socket.send(Message::Binary(frame.into())).await.is_err() {
            return false;
        }
    }
    if is_last {
        let close = CloseFrame {
            code: 1000,
            reason: "".into(),
        };
        // The peer may be gone already, which ends the meeting as well.
        let _closed = socket.send(Message::Close(Some(close))).await;
    }
    !is_last
}

async fn batch(
    caller: Authorized<PushOutbox>,
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, ApiError> {
    let (presenter, granted) = presenter(&state, &caller)?;
    let device = presenter.device;
    let body = read(request.into_body(), BATCH_BYTES_MAX).await?;
    let frames: Vec<minicbor::bytes::ByteVec> = minicbor::decode(&body).map_err(|error| {
        ApiError::invalid(format!("a batch is a CBOR array of frames: {error}"))
    })?;
    if frames.len() > BATCH_FRAMES_MAX {
        return Err(ApiError::invalid("a batch has up to 16 frames"));
    }
    let mut meeting = Meeting::new(Arc::clone(&state.book), presenter, granted);
    let mut answers: Vec<minicbor::bytes::ByteVec> = Vec::new();
    for frame in frames {
        let (frames, is_last) = match meeting.receive(&frame).await {
            Reply::Frames(frames) => (frames, false),
            Reply::Last(frames) => (frames, true),
        };
        answers.extend(frames.into_iter().map(Into::into));
        if is_last {
            break;
        }
    }
    note(&state, device, &mut meeting);
    let bytes = minicbor::to_vec(&answers).expect("writing to memory does not fail");
    Ok(([(header::CONTENT_TYPE, "application/cbor")], bytes).into_response())
}
