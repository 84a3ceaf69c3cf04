//! The hub's side of a session: where one connected handheld stands, and what to send it next.
//!
//! # Invariants
//! - A session holds positions, never documents: a connected handheld costs a few hundred bytes.
//! - At most [`limits::STREAM_WINDOW_FRAMES`] frames are under way without an acknowledgement.
//! - Only granted scopes are read, and of a scope only what is in it at this moment, however old the position that a handheld claims.
//!
//! # Why
//! The machine is asked again and again for the next frames ([`HubSession::pump`]): after a hello, after an acknowledgement and
//! whenever a commit moved a scope. There is no queue that could grow; what is not sent yet stays in the feed.

mod asked;
mod entries;
pub mod pages;

use std::collections::BTreeMap;

use self::asked::{Asked, Compared};
use self::pages::{Place, Sent};
use super::FrameTarget;
use super::frame::{
    Ack, CaughtUp, Course, Entries, Frame, Hello, Phase, Position, Restart, ScopeStand, Snapshot,
    Stop, StopCode, WIRE_VERSION, Welcome, short_chain,
};
use crate::authority::Authority;
use crate::crypto::HubKey;
use crate::documents::{self, DocumentRow};
use crate::feed::{self, ScopeState};
use crate::ids::{DeviceId, DocumentId, FeedId, Timestamp};
use crate::limits;
use crate::scope::Scope;
use crate::store::{ReadTx, StoreError, Table};

/// What every session of a hub shares.
#[derive(Debug, Clone, Copy)]
pub struct HubContext<'a> {
    /// The life of the feeds.
    pub feed: FeedId,
    /// Signs what a scope ends with.
    pub key: &'a HubKey,
    /// The hub's clock.
    pub now: Timestamp,
}

/// What a scope still owes the handheld.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Owed {
    /// Nothing but what the feed brings.
    Feed,
    /// Pages, from this place on.
    Pages(Place),
    /// The handheld is to send its heads, or their next page.
    Heads,
    /// What differs from a page of its heads.
    Differing(Compared),
}

/// Where one scope of a session stands.
#[derive(Debug, Clone)]
struct Stream {
    /// Last feed entry sent.
    seq: u64,
    owed: Owed,
    /// Documents asked for whole; they go before anything else.
    asked: Asked,
    /// Whether the handheld was told, in this session, that this is all.
    caught_up: bool,
}

impl Stream {
    fn new(seq: u64, owed: Owed) -> Self {
        Self {
            seq,
            owed,
            asked: Asked::new(),
            caught_up: false,
        }
    }
}

/// One connected handheld.
#[derive(Debug)]
pub struct HubSession {
    device: DeviceId,
    granted: Vec<Scope>,
    streams: BTreeMap<Scope, Stream>,
    in_flight: usize,
    /// Whether the window was full when the last frames were asked for, so that more may wait.
    is_held_back: bool,
    target: FrameTarget,
}

impl HubSession {
    /// A session for a device that may replicate `granted`; with none, it may only push.
    #[must_use]
    pub fn new(device: DeviceId, granted: Vec<Scope>) -> Self {
        Self {
            device,
            granted,
            streams: BTreeMap::new(),
            in_flight: 0,
            is_held_back: false,
            target: FrameTarget::default(),
        }
    }

    /// The same session with frames of another size.
    #[must_use]
    pub fn with_frame_target(mut self, target: FrameTarget) -> Self {
        self.target = target;
        self
    }

    /// Answers a hello.
    ///
    /// # Errors
    /// What the store reports.
    pub fn hello(
        &mut self,
        tx: &dyn ReadTx,
        hello: &Hello,
        context: &HubContext<'_>,
    ) -> Result<Frame, StoreError> {
        let (low, high) = hello.versions;
        if !(low..=high).contains(&WIRE_VERSION) {
            let detail = format!("this hub speaks wire version {WIRE_VERSION}");
            return Ok(Frame::Stop(Stop {
                code: StopCode::Update,
                detail,
            }));
        }
        let mut stands = Vec::new();
        let same_feed = hello.feed == Some(context.feed);
        let mut states = Vec::new();
        for scope in &self.granted {
            states.push((*scope, feed::state(tx, *scope)?));
        }
        let push_only = self.granted.is_empty();
        let agreed = !push_only
            && same_feed
            && hello
                .scopes
                .iter()
                .all(|position| position.resume.is_none())
            && feed::rollup(states.iter().map(|(scope, state)| (*scope, state))) == hello.rollup;
        for (scope, state) in &states {
            let position = hello
                .scopes
                .iter()
                .find(|position| position.scope == *scope);
            let stream = if agreed {
                Stream {
                    caught_up: true,
                    ..Stream::new(state.seq, Owed::Feed)
                }
            } else {
                open_stream(
                    tx,
                    (*scope, state),
                    position.filter(|_| same_feed),
                    position,
                )?
            };
            let course = match stream.owed {
                Owed::Feed => Course::Follow,
                Owed::Pages(_) => Course::FirstSync,
                Owed::Heads | Owed::Differing(_) => Course::Compare,
            };
            self.streams.insert(*scope, stream);
            stands.push(ScopeStand {
                scope: *scope,
                seq: state.seq,
                course,
            });
        }
        Ok(Frame::Welcome(Welcome {
            version: WIRE_VERSION,
            feed: context.feed,
            now: context.now,
            backup_seq: Authority::backup_number(tx)?,
            scopes: (!agreed && !push_only).then_some(stands),
            push_only,
        }))
    }

    /// Takes an acknowledgement; the handheld has made a frame durable.
    pub fn acknowledged(&mut self, ack: &Ack) {
        if self.streams.contains_key(&ack.scope) {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
    }

    /// Whether something may wait for room: then, and only then, an acknowledgement is worth a [`HubSession::pump`].
    #[must_use]
    pub fn is_held_back(&self) -> bool {
        self.is_held_back
    }

    /// Whether a commit that moved these scopes concerns this handheld.
    #[must_use]
    pub fn follows(&self, scopes: &[Scope]) -> bool {
        scopes.iter().any(|scope| self.streams.contains_key(scope))
    }

    /// The next frames to send; empty when the handheld has everything or has enough under way.
    ///
    /// # Errors
    /// What the store reports.
    pub fn pump(
        &mut self,
        tx: &dyn ReadTx,
        context: &HubContext<'_>,
    ) -> Result<Vec<Frame>, StoreError> {
        let mut frames = Vec::new();
        for scope in self.granted.clone() {
            let Some(mut stream) = self.streams.remove(&scope) else {
                continue;
            };
            let mut next = Ok(());
            while self.in_flight < limits::STREAM_WINDOW_FRAMES {
                match self.step(tx, scope, &mut stream, context) {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(error) => {
                        next = Err(error);
                        break;
                    }
                }
            }
            self.streams.insert(scope, stream);
            next?;
        }
        self.is_held_back = self.in_flight >= limits::STREAM_WINDOW_FRAMES;
        Ok(frames)
    }

    /// The next frame of a scope.
    fn step(
        &mut self,
        tx: &dyn ReadTx,
        scope: Scope,
        stream: &mut Stream,
        context: &HubContext<'_>,
    ) -> Result<Option<Frame>, StoreError> {
        if !stream.asked.is_empty() {
            self.in_flight += 1;
            let page = pages::whole(tx, scope, &mut stream.asked, self.target)?;
            return Ok(Some(Frame::Page(page)));
        }
        match &mut stream.owed {
            Owed::Heads => Ok(None),
            Owed::Differing(compared) if compared.begins => {
                compared.begins = false;
                let state = feed::state(tx, scope)?;
                stream.seq = state.seq;
                Ok(Some(restart(scope, &state, false)))
            }
            Owed::Differing(compared) => {
                let page = pages::differing(tx, scope, compared, self.target)?;
                if page.last {
                    stream.owed = after(compared);
                }
                self.in_flight += 1;
                Ok(Some(Frame::Page(page)))
            }
            Owed::Pages(_) if stream.seq == u64::MAX => {
                let state = feed::state(tx, scope)?;
                stream.seq = state.seq;
                Ok(Some(restart(scope, &state, true)))
            }
            Owed::Pages(place) => {
                let Sent { page, next } = pages::next(tx, scope, place, self.target)?;
                stream.owed = next.map_or(Owed::Feed, Owed::Pages);
                self.in_flight += 1;
                Ok(Some(Frame::Page(page)))
            }
            Owed::Feed => {
                let items = self.items(tx, scope, stream.seq)?;
                if items.is_empty() {
                    return caught_up(tx, scope, stream, context);
                }
                let first = stream.seq + 1;
                stream.seq += u64::try_from(items.len()).expect("a frame holds few entries");
                self.in_flight += 1;
                Ok(Some(Frame::Entries(Entries {
                    scope,
                    first,
                    items,
                })))
            }
        }
    }
}

/// Decides how a scope is brought together. `trusted` is the position when it counts in this feed's life.
fn open_stream(
    tx: &dyn ReadTx,
    (scope, state): (Scope, &ScopeState),
    trusted: Option<&Position>,
    named: Option<&Position>,
) -> Result<Stream, StoreError> {
    // `u64::MAX` marks a first sync that has not begun: its start is fixed when its first frame goes out.
    let from_beginning = Place::beginning(Phase::Notices, true);
    let fresh = Stream::new(u64::MAX, Owed::Pages(from_beginning));
    let differs = Stream::new(0, Owed::Heads);
    let has_something = named.is_some_and(|position| position.seq > 0 && position.resume.is_none());
    let Some(position) = trusted else {
        return Ok(if has_something { differs } else { fresh });
    };
    let chain_at = match position.seq {
        0 => Some(feed::Chain::default()),
        seq if seq == state.seq => Some(state.chain),
        seq => feed::row(tx, scope, seq)?.map(|row| feed::Chain(row.chain)),
    };
    let agrees = chain_at.is_some_and(|chain| short_chain(chain) == position.chain);
    Ok(match (&position.resume, agrees) {
        (Some(resume), true) => {
            let rest = Place {
                phase: resume.phase,
                cursor: resume.cursor.clone(),
                is_first_sync: true,
            };
            Stream::new(position.seq, Owed::Pages(rest))
        }
        (Some(_), false) => fresh,
        // A scope in which nothing has happened yet is held as soon as it is named.
        (None, true) if position.seq > 0 || state.seq == 0 => Stream::new(position.seq, Owed::Feed),
        (None, true) => fresh,
        (None, false) => differs,
    })
}

/// What follows on the answer to a page of heads: the next page, or after the last what the house says and the records.
fn after(compared: &Compared) -> Owed {
    if compared.last {
        Owed::Pages(Place::beginning(Phase::Notices, false))
    } else {
        Owed::Heads
    }
}

fn restart(scope: Scope, state: &ScopeState, first_sync: bool) -> Frame {
    Frame::Restart(Restart {
        scope,
        seq: state.seq,
        chain: state.chain,
        first_sync,
    })
}

/// Once in a session, when a scope has nothing left to send: where it stands, signed, for the handheld to compare.
fn caught_up(
    tx: &dyn ReadTx,
    scope: Scope,
    stream: &mut Stream,
    context: &HubContext<'_>,
) -> Result<Option<Frame>, StoreError> {
    if stream.caught_up {
        return Ok(None);
    }
    let ScopeState { seq, chain, digest } = feed::state(tx, scope)?;
    stream.caught_up = true;
    let digest = digest.hash();
    let signature = context
        .key
        .sign(&CaughtUp::message(scope, seq, chain, &digest));
    Ok(Some(Frame::CaughtUp(CaughtUp {
        scope,
        seq,
        chain,
        digest,
        signature,
    })))
}

/// A document as it is accepted now, without opening it.
pub(crate) fn snapshot(
    tx: &dyn ReadTx,
    document: DocumentId,
) -> Result<Option<Snapshot>, StoreError> {
    let Some(row) = documents::row(tx, document)? else {
        return Ok(None);
    };
    let bytes = match tx.get(Table::Cache, document.as_bytes())? {
        Some(bytes) => bytes,
        None => documents::replay(tx, document)?.save(),
    };
    Ok(Some(of_row(row, bytes)))
}

fn of_row(row: DocumentRow, bytes: Vec<u8>) -> Snapshot {
    Snapshot {
        customer: row.customer,
        facet: row.facet,
        epoch: row.epoch,
        heads: row.heads,
        schema: row.schema,
        corrections: row.corrections,
        bytes,
    }
}

/// Whether a document is in a scope at this moment.
fn is_in(tx: &dyn ReadTx, scope: Scope, document: DocumentId) -> Result<bool, StoreError> {
    let key = scope.document_key(document);
    Ok(tx.get(Table::ScopeDocument, &key)?.is_some())
}
