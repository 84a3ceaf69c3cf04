//! A connection of a fleet: two sessions and the packed frames under way between them.

use std::collections::VecDeque;

use sync_core::protocol::frame::Frame;
use sync_core::protocol::handheld::{Event, HandheldSession};
use sync_core::protocol::hub::HubSession;
use sync_core::scope::Scope;
use sync_core::store::{Store as _, StoreError};

use super::handheld::Handheld;
use super::hub::Hub;

/// A connection between one handheld and the hub: two sessions, and the packed frames under way in each direction.
#[derive(Debug)]
pub struct Link {
    handheld: HandheldSession,
    hub: HubSession,
    /// What the handheld might read when the connection was opened.
    pub granted: Vec<Scope>,
    /// Frames under way to the hub, next first.
    pub to_hub: VecDeque<Vec<u8>>,
    /// Frames under way to the handheld, next first.
    pub to_handheld: VecDeque<Vec<u8>>,
    /// Whether one side has ended the connection.
    pub is_broken: bool,
    /// Bytes that went up and down.
    pub bytes: (usize, usize),
    /// Frames that went up and down.
    pub frames: (usize, usize),
    /// How often the handheld fell back to naming all its heads.
    pub comparisons: usize,
    /// What the handheld's app was told.
    pub events: Vec<Event>,
    /// Whether frames arrived in another order than they were sent: then nothing that this connection concludes counts.
    pub is_disordered: bool,
}

/// A frame that was delivered, and what the receiver sent in answer.
#[derive(Debug)]
pub struct Exchange {
    /// The frame.
    pub frame: Frame,
    /// The answers; they are under way already.
    pub replies: Vec<Frame>,
}

impl Link {
    /// Opens a connection; the hello is under way.
    ///
    /// # Errors
    /// What the store reports.
    pub fn open(handheld: &Handheld, hub: &Hub) -> Result<Self, StoreError> {
        let session = HandheldSession::default().with_frame_target(handheld.frame_target);
        let hello = session.hello(&*handheld.store.read()?)?;
        let granted = hub.grant(handheld.replica.device(), &handheld.signed_in);
        Ok(Self {
            hub: HubSession::new(handheld.replica.device(), granted.clone())
                .with_frame_target(hub.frame_target),
            granted,
            handheld: session,
            to_hub: VecDeque::from([hello.pack()]),
            to_handheld: VecDeque::new(),
            is_broken: false,
            bytes: (0, 0),
            frames: (0, 0),
            comparisons: 0,
            events: Vec::new(),
            is_disordered: false,
        })
    }

    /// Whether nothing is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.is_broken || (self.to_hub.is_empty() && self.to_handheld.is_empty())
    }

    /// Whether a frame is under way to the handheld.
    #[must_use]
    pub fn brings_something(&self) -> bool {
        !self.to_handheld.is_empty()
    }

    /// Whether the handheld holds that all is exchanged.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.handheld.is_settled()
    }

    /// Delivers one frame to the hub, if one is under way. Bytes that are no frame, and what the hub answers with a stop, break the connection.
    ///
    /// # Errors
    /// What the store reports.
    pub fn deliver_up(
        &mut self,
        handheld: &Handheld,
        hub: &mut Hub,
    ) -> Result<Option<Exchange>, StoreError> {
        let Some(bytes) = self.to_hub.pop_front() else {
            return Ok(None);
        };
        self.bytes.0 += bytes.len();
        self.frames.0 += 1;
        let Ok(frame) = Frame::unpack(&bytes) else {
            self.is_broken = true;
            return Ok(None);
        };
        let device = handheld.replica.device();
        let replies = hub.receive(&mut self.hub, device, &handheld.signed_in, &frame)?;
        self.is_broken |= replies.iter().any(|reply| matches!(reply, Frame::Stop(_)));
        self.to_handheld.extend(replies.iter().map(Frame::pack));
        Ok(Some(Exchange { frame, replies }))
    }

    /// Delivers one frame to the handheld, if one is under way.
    ///
    /// # Errors
    /// What the store reports.
    pub fn deliver_down(
        &mut self,
        handheld: &mut Handheld,
    ) -> Result<Option<Exchange>, StoreError> {
        let Some(bytes) = self.to_handheld.pop_front() else {
            return Ok(None);
        };
        self.bytes.1 += bytes.len();
        self.frames.1 += 1;
        let frame = Frame::unpack(&bytes).expect("a hub's own frame unpacks");
        let (replies, events) = handheld.receive(&mut self.handheld, &frame)?;
        self.events.extend(events);
        self.is_broken |= self.handheld.is_stopped();
        let is_heads = |reply: &&Frame| matches!(reply, Frame::Heads(_));
        self.comparisons += replies.iter().filter(is_heads).count();
        self.to_hub.extend(replies.iter().map(Frame::pack));
        Ok(Some(Exchange { frame, replies }))
    }

    /// Lets both sides send what they have of their own accord: a fresh edit here, a commit by others there. Returns what the hub sends.
    ///
    /// # Errors
    /// What the store reports.
    pub fn wake(&mut self, handheld: &mut Handheld, hub: &Hub) -> Result<Vec<Frame>, StoreError> {
        let offered = handheld.offer(&mut self.handheld)?;
        self.to_hub.extend(offered.iter().map(Frame::pack));
        let pumped = self.hub.pump(&*hub.store.read()?, &hub.context())?;
        self.to_handheld.extend(pumped.iter().map(Frame::pack));
        Ok(pumped)
    }

    /// Delivers everything in order until nothing is under way.
    ///
    /// # Errors
    /// What the store reports.
    pub fn run_until_quiet(
        &mut self,
        handheld: &mut Handheld,
        hub: &mut Hub,
    ) -> Result<(), StoreError> {
        while !self.is_idle() {
            self.deliver_up(handheld, hub)?;
            self.deliver_down(handheld)?;
        }
        Ok(())
    }
}
