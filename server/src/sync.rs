//! A meeting with one handheld, whatever carries the frames: a WebSocket or a batch.
//!
//! # Failure
//! A frame that does not unpack, or that breaks the protocol, ends this meeting with a reason; nothing else notices.

use std::collections::BTreeMap;
use std::sync::Arc;

use sync_core::authority::judge::{Presenter, PushError};
use sync_core::ids::AssociateId;
use sync_core::protocol::frame::{
    Frame, Hello, Position, Push, ReadsStored, Ruling, Stop, StopCode, Verdict, Verdicts,
};
use sync_core::protocol::hub::{HubContext, HubSession};
use sync_core::scope::Scope;
use sync_core::store::{ReadTx, StoreError};

use crate::book::Book;
use crate::writer::WriteError;

/// What came of a frame.
#[derive(Debug)]
pub enum Reply {
    /// Send these and go on.
    Frames(Vec<Vec<u8>>),
    /// Send these and end the meeting.
    Last(Vec<Vec<u8>>),
}

/// One meeting.
#[derive(Debug)]
pub struct Meeting {
    book: Arc<Book>,
    presenter: Presenter,
    /// Taken out while a blocking thread works with it.
    session: Option<HubSession>,
    greeted: bool,
    hears_news: bool,
    pending: Option<u32>,
    /// What the handheld holds of what is for each associate, if it came with nothing that waits.
    stand: Option<BTreeMap<AssociateId, u64>>,
    /// Up to which entry it made durable, in this meeting, what is for each associate.
    received: BTreeMap<AssociateId, u64>,
}

impl Meeting {
    /// A meeting with the handheld that `presenter` describes, which may read `granted`; with nothing granted it may only push.
    #[must_use]
    pub fn new(book: Arc<Book>, presenter: Presenter, granted: Vec<Scope>) -> Self {
        let session = HubSession::new(presenter.device, granted);
        Self {
            book,
            presenter,
            session: Some(session),
            greeted: false,
            hears_news: false,
            pending: None,
            stand: None,
            received: BTreeMap::new(),
        }
    }

    /// Up to which entry the handheld made durable, in this meeting, what is for each associate.
    #[must_use]
    pub fn received(&self) -> &BTreeMap<AssociateId, u64> {
        &self.received
    }

    /// What the handheld said that it holds, once, if it came with nothing that waits.
    #[must_use]
    pub fn take_stand(&mut self) -> Option<BTreeMap<AssociateId, u64>> {
        self.stand.take()
    }

    /// The same meeting for a caller that hears of every commit and pumps then, as a connection does: what a push moved comes with the news.
    #[must_use]
    pub fn with_news(mut self) -> Self {
        self.hears_news = true;
        self
    }

    /// Takes one packed frame.
    pub async fn receive(&mut self, bytes: &[u8]) -> Reply {
        let frame = match Frame::unpack(bytes) {
            Ok(frame) => frame,
            Err(error) => return ended(StopCode::Protocol, &error.to_string()),
        };
        if !self.greeted && !matches!(frame, Frame::Hello(_)) {
            return ended(StopCode::Protocol, "a meeting begins with a hello");
        }
        self.greeted = true;
        self.answer(frame)
            .await
            .unwrap_or_else(|error| failed(&error))
    }

    async fn answer(&mut self, frame: Frame) -> Result<Reply, StoreError> {
        match frame {
            Frame::Hello(hello) => {
                self.pending = Some(hello.pending);
                self.stand = (hello.pending == 0).then(|| self.stand_of(&hello));
                self.read(move |session, tx, context| Ok(vec![session.hello(tx, &hello, context)?]))
                    .await
            }
            Frame::Ack(ack) => {
                let Some(session) = &mut self.session else {
                    return Err(lost_session());
                };
                session.acknowledged(&ack);
                if let Scope::Associate(associate) = ack.scope {
                    self.received.insert(associate, ack.seq);
                }
                if session.is_held_back() {
                    return self.pump().await.map(Reply::Frames);
                }
                Ok(Reply::Frames(Vec::new()))
            }
            Frame::Heads(heads) => {
                self.read(move |session, _, _| Ok(session.compare(&heads)))
                    .await
            }
            Frame::Fetch(fetch) => {
                self.read(move |session, _, _| Ok(session.fetch(&fetch)))
                    .await
            }
            Frame::Push(push) => self.push(push).await,
            Frame::Reads(reads) => {
                let from = (self.presenter.device, self.presenter.shop);
                let walk_ins = reads.walk_ins.clone();
                Ok(match self.book.store_reads(from, reads).await {
                    Ok(next) => packed(&[Frame::ReadsStored(ReadsStored { next, walk_ins })]),
                    Err(error) => ended(StopCode::Busy, &error.to_string()),
                })
            }
            Frame::Stop(_) => Ok(Reply::Last(Vec::new())),
            Frame::Welcome(_)
            | Frame::Entries(_)
            | Frame::Page(_)
            | Frame::Restart(_)
            | Frame::CaughtUp(_)
            | Frame::Verdicts(_)
            | Frame::ReadsStored(_) => {
                Ok(ended(StopCode::Protocol, "a handheld does not send this"))
            }
        }
    }

    async fn push(&mut self, push: Push) -> Result<Reply, StoreError> {
        let changes: Vec<_> = push
            .entries
            .iter()
            .map(|sealed| sealed.envelope.change)
            .collect();
        let verdicts = match self.book.push(self.presenter.clone(), push).await {
            Ok(verdicts) => verdicts,
            Err(WriteError::Job(PushError::Broken(detail))) => {
                return Ok(ended(StopCode::Protocol, detail));
            }
            Err(error) => return Ok(not_now(&error, &changes)),
        };
        self.settle(&verdicts);
        let mut frames = vec![Frame::Verdicts(verdicts).pack()];
        if !self.hears_news {
            frames.extend(self.pump().await?);
        }
        Ok(Reply::Frames(frames))
    }

    /// Edits that wait on the handheld: what it said in its hello, less those that were judged since. None before the hello.
    #[must_use]
    pub fn pending(&self) -> Option<u32> {
        self.pending
    }

    /// Where a handheld stands in what is for associates; what it counts in another life of the feeds it may not hold at all.
    fn stand_of(&self, hello: &Hello) -> BTreeMap<AssociateId, u64> {
        let is_this_life = hello.feed == Some(self.book.context().feed);
        let of = |position: &Position| {
            let Scope::Associate(associate) = position.scope else {
                return None;
            };
            let is_whole = is_this_life && position.resume.is_none();
            Some((associate, if is_whole { position.seq } else { 0 }))
        };
        hello.scopes.iter().filter_map(of).collect()
    }

    fn settle(&mut self, verdicts: &Verdicts) {
        let is_settled = |verdict: &&Verdict| !matches!(verdict.ruling, Ruling::Later { .. });
        let settled = verdicts.verdicts.iter().filter(is_settled).count();
        let settled = u32::try_from(settled).unwrap_or(u32::MAX);
        self.pending = self.pending.map(|waiting| waiting.saturating_sub(settled));
    }

    /// Whether a commit that moved these scopes concerns this meeting.
    #[must_use]
    pub fn follows(&self, scopes: &[Scope]) -> bool {
        self.greeted
            && self
                .session
                .as_ref()
                .is_some_and(|session| session.follows(scopes))
    }

    /// What can be sent now without waiting for anything.
    ///
    /// # Errors
    /// What the store reports.
    pub async fn pump(&mut self) -> Result<Vec<Vec<u8>>, StoreError> {
        self.blocking(|session, book| {
            let frames = session.pump(&*book.store().read()?, &book.context())?;
            Ok(frames.iter().map(Frame::pack).collect())
        })
        .await
    }

    /// Answers from one snapshot, together with what can be sent now.
    async fn read(
        &mut self,
        work: impl FnOnce(
            &mut HubSession,
            &dyn ReadTx,
            &HubContext<'_>,
        ) -> Result<Vec<Frame>, StoreError>
        + Send
        + 'static,
    ) -> Result<Reply, StoreError> {
        self.blocking(|session, book| {
            let (tx, context) = (book.store().read()?, book.context());
            let mut frames = work(session, &*tx, &context)?;
            // Whoever agrees with this snapshot lacks nothing that is in it.
            if !matches!(frames.as_slice(), [Frame::Welcome(welcome)] if welcome.scopes.is_none()) {
                frames.extend(session.pump(&*tx, &context)?);
            }
            Ok(packed(&frames))
        })
        .await
    }

    /// Runs storage work beside the sockets' threads.
    async fn blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut HubSession, &Book) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(mut session) = self.session.take() else {
            return Err(lost_session());
        };
        let book = Arc::clone(&self.book);
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&mut session, &book);
            (session, result)
        });
        let Ok((session, result)) = done.await else {
            return Err(lost_session());
        };
        self.session = Some(session);
        result
    }
}

fn lost_session() -> StoreError {
    StoreError::Other {
        operation: "reading for a handheld",
        source: "the work of this meeting panicked".into(),
    }
}

/// These frames; with a stop among them they are the last.
fn packed(frames: &[Frame]) -> Reply {
    let is_last = frames.iter().any(|frame| matches!(frame, Frame::Stop(_)));
    let frames = frames.iter().map(Frame::pack).collect();
    if is_last {
        Reply::Last(frames)
    } else {
        Reply::Frames(frames)
    }
}

/// The last word of a meeting.
#[must_use]
pub fn ended(code: StopCode, detail: &str) -> Reply {
    let stop = Stop {
        code,
        detail: detail.to_owned(),
    };
    Reply::Last(vec![Frame::Stop(stop).pack()])
}

fn failed(error: &StoreError) -> Reply {
    tracing::error!(error = %error, "a meeting ended because storage failed");
    ended(StopCode::Busy, "the hub can't read its storage now")
}

/// Nothing of a push was kept, through no fault of it: the handheld keeps it and comes again.
fn not_now(error: &WriteError<PushError>, changes: &[sync_core::ids::ChangeHash]) -> Reply {
    tracing::error!(error = %error, "a push was not kept");
    let code = "hub_storage".to_owned();
    let verdicts = changes
        .iter()
        .map(|change| Verdict {
            change: *change,
            ruling: Ruling::Later { code: code.clone() },
        })
        .collect();
    packed(&[Frame::Verdicts(Verdicts {
        verdicts,
        backup_seq: 0,
    })])
}
