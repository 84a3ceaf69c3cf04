//! Sync: one WebSocket for as long as a handheld is connected, or one request and its answer where a `WebSocket` does not pass.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sync_core::authority::judge::Presenter;
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
use crate::sync::{Meeting, Reply, ended};

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
    let now = state.clock.now();
    let mut scopes = vec![Scope::Book(shop)];
    for session in directory.sessions.values() {
        let scope = Scope::Associate(session.associate);
        if session.device == Some(device) && session.expires_at > now && !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    drop(directory);
    scopes.sort_unstable();
    scopes.truncate(limits::SCOPES_MAX);
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

async fn socket(
    caller: Authorized<PushOutbox>,
    State(state): State<AppState>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let (presenter, granted) = presenter(&state, &caller)?;
    let meeting = Meeting::new(Arc::clone(&state.book), presenter, granted).with_news();
    let principal = Principal::clone(&caller);
    let answer = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(limits::FRAME_BYTES_MAX)
        .max_frame_size(limits::FRAME_BYTES_MAX)
        .on_upgrade(move |socket| hold(socket, state, principal, meeting));
    Ok(answer)
}

/// What happened on an open connection.
enum Happened {
    Frame(Bytes),
    News(bool),
    Quiet,
    Gone,
    Stopping,
}

/// Holds one connection until either side ends it.
async fn hold(mut socket: WebSocket, state: AppState, principal: Principal, mut meeting: Meeting) {
    let mut news = state.book.subscribe();
    let mut stopping = state.stopping.clone();
    let mut ping = tokio::time::interval(PING_EVERY);
    loop {
        let happened = tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Binary(bytes))) => Happened::Frame(bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Text(_) | Message::Close(_)) | Err(_)) | None => Happened::Gone,
            },
            moved = news.recv() => match moved {
                Ok(scopes) => Happened::News(meeting.follows(&scopes)),
                // Too slow to hear of every commit: look at all scopes instead.
                Err(RecvError::Lagged(_)) => Happened::News(true),
                Err(RecvError::Closed) => Happened::Stopping,
            },
            _ = ping.tick() => Happened::Quiet,
            _ = stopping.wait_for(|stop| *stop) => Happened::Stopping,
        };
        let reply = match happened {
            Happened::Frame(bytes) if state.identity.still_holds(&principal) => {
                meeting.receive(&bytes).await
            }
            Happened::Frame(_) => ended(StopCode::SignIn, "the sign-in has ended"),
            Happened::News(false) => continue,
            Happened::News(true) => match meeting.pump().await {
                Ok(frames) => Reply::Frames(frames),
                Err(_) => ended(StopCode::Busy, "the hub can't read its storage now"),
            },
            Happened::Quiet if state.identity.still_holds(&principal) => {
                if socket.send(Message::Ping(Bytes::new())).await.is_err() {
                    return;
                }
                continue;
            }
            Happened::Quiet => ended(StopCode::SignIn, "the sign-in has ended"),
            Happened::Gone => return,
            Happened::Stopping => ended(StopCode::Closing, "the hub stops"),
        };
        if !send(&mut socket, reply).await {
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
    let bytes = minicbor::to_vec(&answers).expect("writing to memory does not fail");
    Ok(([(header::CONTENT_TYPE, "application/cbor")], bytes).into_response())
}
