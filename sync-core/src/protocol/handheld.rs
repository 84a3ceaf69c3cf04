//! The handheld's side of a session.
//!
//! # Invariants
//! - Replies are sent after the transaction that [`HandheldSession::receive`] wrote to was committed, so an acknowledgement always means durable.
//! - A session ends with both sides in agreement, or with the difference named ([`Event::Diverged`]); it is never merely over.

mod compare;
mod damage;
mod first_sync;
mod outgoing;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::frame::{
    Ack, CaughtUp, Course, Fetch, Frame, Heads, Hello, Page, Phase, Position, Push, Reads, Restart,
    Resume, Stop, StopCode, Verdicts, WIRE_VERSION, Welcome, short_chain,
};
use super::{FrameTarget, positions, rollup_of};
use crate::access;
use crate::concierge::guest;
use crate::crypto::{DeviceSigner, HubPublicKey};
use crate::documents;
use crate::entropy::Entropy;
use crate::envelope;
use crate::feed::{self, Ledger};
use crate::ids::{CustomerId, DocumentId, FeedId, ShopId};
use crate::limits;
use crate::notices::held;
use crate::outbox::{self, OutboxState};
use crate::projection;
use crate::replica::Replica;
use crate::replica::receive::{ReceiveError, Received};
use crate::replica::verdicts::Judged;
use crate::scope::Scope;
use crate::store::{self, ReadTx, StoreError, Table, WriteTx};

/// Lines of the access log in one frame.
const READS_PER_FRAME: usize = 500;
/// Push frames that may wait for their verdicts.
const PUSHES_IN_FLIGHT_MAX: usize = 4;

/// Verdicts in a row that bring no edit further, after which what is pending waits for the next meeting.
const FRUITLESS_VERDICTS_MAX: u32 = 8;

/// Something the app should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Records of these customers changed.
    Changed(BTreeSet<CustomerId>),
    /// What the house says changed: its people, its goods, its standard, an associate's rights.
    HouseChanged,
    /// The book can be searched; documents still arrive.
    Searchable(Scope),
    /// A scope is up to date and agrees with the hub.
    CaughtUp(Scope),
    /// All scopes agree.
    InSync,
    /// Verdicts arrived.
    Judged(Judged),
    /// A scope differs from the hub even after the full exchange of heads.
    Diverged(Scope),
    /// The session ended, for this reason.
    Stopped(Stop),
}

/// What came of a frame.
#[derive(Debug, Default)]
pub struct Step {
    /// Frames to send once the transaction is committed.
    pub replies: Vec<Frame>,
    /// What the app should know.
    pub events: Vec<Event>,
}

/// What a session needs from outside besides a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The hub's key, as enrolment brought it.
    pub hub: &'a HubPublicKey,
    /// The shop of this handheld.
    pub shop: ShopId,
}

/// One meeting with the hub.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one meeting"
)]
pub struct HandheldSession {
    granted: Vec<Scope>,
    caught_up: BTreeSet<Scope>,
    diverged: bool,
    /// Scopes whose heads were exchanged already in this session; a second mismatch is a divergence.
    compared: BTreeSet<Scope>,
    /// Comparisons under way: which page of heads was sent last, and how far its answer came.
    comparing: BTreeMap<Scope, compare::Range>,
    /// Documents that are needed whole and have not come.
    wanted: BTreeMap<Scope, BTreeSet<DocumentId>>,
    /// Those of them that were asked for: a bounded number, each once until it comes.
    asked: BTreeMap<Scope, BTreeSet<DocumentId>>,
    /// Documents that were damaged here and asked for anew.
    asked_anew: BTreeSet<(Scope, DocumentId)>,
    /// Outbox rows whose edits were accepted in changes that are not here, by document; the document was asked for.
    elsewhere: BTreeMap<DocumentId, Vec<u64>>,
    /// Verdicts in a row that brought no edit further.
    fruitless: u32,
    pushes: VecDeque<Vec<u64>>,
    pushed_to: u64,
    reads_in_flight: bool,
    /// Whether this meeting told the hub of walk-ins already.
    walk_ins_told: bool,
    /// Whether pushing waits for no welcome: each batch is a meeting of its own.
    is_batch: bool,
    welcomed: bool,
    backup_seq: u64,
    stopped: bool,
    target: FrameTarget,
}

impl HandheldSession {
    /// A meeting by one request and its answer: hello and pushes go up together.
    #[must_use]
    pub fn batch() -> Self {
        Self {
            is_batch: true,
            ..Self::default()
        }
    }

    /// The same meeting with frames of another size.
    #[must_use]
    pub fn with_frame_target(mut self, target: FrameTarget) -> Self {
        self.target = target;
        self
    }

    /// The first frame.
    ///
    /// # Errors
    /// What the store reports.
    pub fn hello(&self, tx: &dyn ReadTx) -> Result<Frame, StoreError> {
        let states = positions(tx)?;
        let scopes: Vec<_> = states.iter().map(|(scope, _)| *scope).collect();
        let mut named = Vec::with_capacity(states.len());
        for (scope, state) in &states {
            let resume = store::get_row(tx, Table::Progress, &scope.key())?;
            let chain = short_chain(state.chain);
            named.push(Position {
                scope: *scope,
                seq: state.seq,
                chain,
                resume,
            });
        }
        Ok(Frame::Hello(Hello {
            versions: (WIRE_VERSION, WIRE_VERSION),
            feed: known_feed(tx)?,
            rollup: rollup_of(tx, &scopes)?,
            scopes: named,
            pending: u32::try_from(outbox::pending(tx)?.count).unwrap_or(u32::MAX),
        }))
    }

    /// Whether the hub has answered, every scope agrees and nothing that was pushed waits for its verdict.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.welcomed
            && self.pushes.is_empty()
            && !self.reads_in_flight
            && self.wanted.values().all(BTreeSet::is_empty)
            && self
                .granted
                .iter()
                .all(|scope| self.caught_up.contains(scope))
    }

    /// Whether the session is over.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Everything accepted up to this number is in a verified backup of the hub.
    #[must_use]
    pub fn backup_seq(&self) -> u64 {
        self.backup_seq
    }

    fn take(
        &mut self,
        tx: &mut dyn WriteTx,
        replica: &mut Replica,
        frame: &Frame,
        identity: &Identity<'_>,
        entropy: &mut dyn Entropy,
    ) -> Result<Step, StoreError> {
        let mut step = Step::default();
        match frame {
            Frame::Welcome(welcome) => self.welcome(tx, replica, welcome, identity, &mut step)?,
            Frame::Restart(restart) => self.restart(tx, restart)?,
            Frame::Entries(entries) => {
                match replica.receive_entries(tx, entries, identity.shop, entropy) {
                    Ok(received) => {
                        self.note(entries.scope, received, &mut step);
                        self.acknowledge(tx.as_read(), entries.scope, &mut step)?;
                        self.ask_for_wanted(entries.scope, &mut step);
                    }
                    Err(ReceiveError::Broken { .. }) => {
                        self.compare(tx.as_read(), entries.scope, &mut step)?;
                    }
                    Err(ReceiveError::Store(error)) => return Err(error),
                }
            }
            Frame::Page(page) => self.page(tx, replica, page, (identity, entropy), &mut step)?,
            Frame::CaughtUp(end) => {
                self.compare_end(tx, end, identity, &mut step)?;
                if self.caught_up.contains(&end.scope) {
                    replica.let_go_of_stored(tx, end.scope, identity.shop)?;
                }
            }
            Frame::Verdicts(verdicts) => {
                self.verdicts(tx, replica, verdicts, (identity, entropy), &mut step)?;
            }
            Frame::ReadsStored(stored) => {
                access::forget_sent(tx, stored.next)?;
                guest::told_walk_ins(tx, stored.walk_ins.as_deref().unwrap_or_default())?;
                // What is counted later in this meeting is told too, unless the hub does not take what it was told.
                self.walk_ins_told = !guest::untold_walk_ins(tx.as_read())?.is_empty();
                self.reads_in_flight = false;
            }
            Frame::Stop(stop) => self.stop(stop.clone(), &mut step),
            Frame::Hello(_)
            | Frame::Push(_)
            | Frame::Ack(_)
            | Frame::Heads(_)
            | Frame::Fetch(_)
            | Frame::Reads(_) => {
                let detail = "a hub does not send this".to_owned();
                self.refuse(StopCode::Protocol, detail, &mut step);
            }
        }
        if self.is_settled()
            && !self.diverged
            && !self.granted.is_empty()
            && !step.events.is_empty()
        {
            step.events.push(Event::InSync);
        }
        Ok(step)
    }

    /// Backups only come to hold more; a hub that can't look says 0.
    fn note_backup(&mut self, seq: u64) {
        self.backup_seq = self.backup_seq.max(seq);
    }

    /// Ends the session and tells the hub why.
    fn refuse(&mut self, code: StopCode, detail: String, step: &mut Step) {
        let stop = Stop { code, detail };
        step.replies.push(Frame::Stop(stop.clone()));
        self.stop(stop, step);
    }

    fn stop(&mut self, stop: Stop, step: &mut Step) {
        self.stopped = true;
        step.events.push(Event::Stopped(stop));
    }

    fn welcome(
        &mut self,
        tx: &mut dyn WriteTx,
        replica: &mut Replica,
        welcome: &Welcome,
        identity: &Identity<'_>,
        step: &mut Step,
    ) -> Result<(), StoreError> {
        if welcome.version != WIRE_VERSION {
            let version = welcome.version;
            let detail = format!("this handheld speaks wire version {WIRE_VERSION}, not {version}");
            self.refuse(StopCode::Update, detail, step);
            return Ok(());
        }
        self.welcomed = true;
        self.note_backup(welcome.backup_seq);
        if known_feed(tx.as_read())? != Some(welcome.feed) {
            // Written once only: a meeting in which nothing happens then costs no write to disk.
            tx.put(Table::Meta, b"feed", welcome.feed.as_bytes())?;
        }
        if welcome.push_only {
            return Ok(());
        }
        let held = positions(tx.as_read())?;
        let Some(stands) = &welcome.scopes else {
            self.granted = held.into_iter().map(|(scope, _)| scope).collect();
            self.caught_up = self.granted.iter().copied().collect();
            for scope in &self.granted {
                replica.let_go_of_stored(tx, *scope, identity.shop)?;
            }
            step.events
                .extend(self.granted.iter().map(|scope| Event::CaughtUp(*scope)));
            return Ok(());
        };
        self.granted = stands.iter().map(|stand| stand.scope).collect();
        for (scope, _) in held {
            if !self.granted.contains(&scope) {
                replica.drop_scope(tx, scope, identity.shop)?;
                tx.delete(Table::Progress, &scope.key())?;
                projection::index_what_waits(tx)?;
            }
        }
        for stand in stands {
            // Held from here on, so that whoever asks what this handheld follows need not wait for the first page.
            let mut ledger = Ledger::default();
            ledger.state(tx.as_read(), stand.scope)?;
            held::begin(tx.as_read(), &mut ledger, stand.scope)?;
            ledger.write(tx)?;
            if stand.course == Course::Compare {
                self.compare(tx.as_read(), stand.scope, step)?;
            }
        }
        Ok(())
    }

    fn page(
        &mut self,
        tx: &mut dyn WriteTx,
        replica: &mut Replica,
        page: &Page,
        (identity, entropy): (&Identity<'_>, &mut dyn Entropy),
        step: &mut Step,
    ) -> Result<(), StoreError> {
        let received = match replica.receive_page(tx, page, identity.shop, entropy) {
            Ok(received) => received,
            Err(ReceiveError::Store(error)) => return Err(error),
            Err(ReceiveError::Broken { .. }) => Received::default(),
        };
        if let Some(wanted) = self.wanted.get_mut(&page.scope) {
            for snapshot in &page.documents {
                wanted.remove(&snapshot.facet.document(snapshot.customer));
            }
            wanted.retain(|document| !page.gone.contains(document));
            if let Some(asked) = self.asked.get_mut(&page.scope) {
                asked.retain(|document| wanted.contains(document));
            }
        }
        for snapshot in &page.documents {
            let document = snapshot.facet.document(snapshot.customer);
            self.elsewhere.remove(&document);
            if replica.awaits(document) {
                // The hub's copy is damaged as well: this scope can't agree before that is mended.
                self.diverged = true;
                step.events.push(Event::Diverged(page.scope));
            }
        }
        for document in &page.gone {
            if let Some(numbers) = self.elsewhere.remove(document) {
                replica.take_out_elsewhere(tx, (*document, &numbers), identity.shop, entropy)?;
                self.pushed_to = 0;
            }
        }
        if self.is_of_first_sync(tx.as_read(), page)? {
            first_sync::note_progress(tx, page, step)?;
            if (page.last, page.phase) == (true, Phase::Records) {
                replica.sweep_rows(tx, identity.shop)?;
                projection::index_what_waits(tx)?;
            }
        }
        self.note(page.scope, received, step);
        self.acknowledge(tx.as_read(), page.scope, step)?;
        self.ask_for_wanted(page.scope, step);
        self.compare_on(tx.as_read(), page, step)
    }

    fn note(&mut self, scope: Scope, received: Received, step: &mut Step) {
        if received.replayed {
            self.pushed_to = 0;
        }
        if !received.wanted.is_empty() {
            self.wanted
                .entry(scope)
                .or_default()
                .extend(received.wanted);
        }
        let mut changed = received.customers;
        changed.extend(received.noticed);
        if !changed.is_empty() {
            step.events.push(Event::Changed(changed));
        }
        if received.house {
            step.events.push(Event::HouseChanged);
        }
    }

    /// Asks for what is needed whole, once each, and for no more at a time than one frame may name.
    fn ask_for_wanted(&mut self, scope: Scope, step: &mut Step) {
        let Some(wanted) = self.wanted.get(&scope) else {
            return;
        };
        let asked = self.asked.entry(scope).or_default();
        let room = limits::FETCH_DOCUMENTS_MAX.saturating_sub(asked.len());
        let documents: Vec<_> = wanted.difference(asked).copied().take(room).collect();
        if !documents.is_empty() {
            asked.extend(&documents);
            step.replies.push(Frame::Fetch(Fetch { scope, documents }));
        }
    }

    fn acknowledge(
        &self,
        tx: &dyn ReadTx,
        scope: Scope,
        step: &mut Step,
    ) -> Result<(), StoreError> {
        let state = feed::state(tx, scope)?;
        step.replies.push(Frame::Ack(Ack {
            scope,
            seq: state.seq,
            chain: state.chain,
        }));
        Ok(())
    }

    fn verdicts(
        &mut self,
        tx: &mut dyn WriteTx,
        replica: &mut Replica,
        verdicts: &Verdicts,
        (identity, entropy): (&Identity<'_>, &mut dyn Entropy),
        step: &mut Step,
    ) -> Result<(), StoreError> {
        self.note_backup(verdicts.backup_seq);
        let numbers = self.pushes.pop_front().unwrap_or_default();
        let judged = replica.judge(tx, (&numbers, &verdicts.verdicts), identity.shop, entropy)?;
        let brought_further = judged.stored > 0 || judged.erased > 0 || !judged.refused.is_empty();
        self.fruitless = if brought_further {
            0
        } else {
            self.fruitless + 1
        };
        if judged.replayed && self.fruitless <= FRUITLESS_VERDICTS_MAX {
            // What was committed anew has new hashes: start over from the oldest row.
            self.pushed_to = 0;
        }
        for (number, document, home) in &judged.elsewhere {
            if self.granted.contains(home) {
                self.elsewhere.entry(*document).or_default().push(*number);
                self.wanted.entry(*home).or_default().insert(*document);
                self.ask_for_wanted(*home, step);
            } else {
                let rows = [*number];
                replica.take_out_elsewhere(tx, (*document, &rows), identity.shop, entropy)?;
                self.pushed_to = 0;
            }
        }
        step.events.push(Event::Judged(judged));
        Ok(())
    }
}

/// The hub life that this replica's positions count in.
fn known_feed(tx: &dyn ReadTx) -> Result<Option<FeedId>, StoreError> {
    Ok(tx
        .get(Table::Meta, b"feed")?
        .and_then(|bytes| FeedId::from_slice(&bytes)))
}
