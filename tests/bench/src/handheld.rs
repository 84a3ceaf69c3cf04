//! A handheld without its app: the real replica, session and encrypted SQLite store, driven over a real socket.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use server::clock::{Clock as _, SystemClock};
use sync_core::card::{Edit, Source};
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::ids::{ChangeHash, CustomerId};
use sync_core::outbox;
use sync_core::protocol::frame::{Frame, Item};
use sync_core::protocol::handheld::{Event, HandheldSession, Identity};
use sync_core::replica::{EditRequest, Replica};
use sync_core::store::Store;
use sync_core::store::memory::MemoryStore;
use sync_store_sqlite::{OpenOptions, SqliteStore};

use crate::account::Account;
use crate::line::{Line, Meter};

/// A handheld over any store.
pub(crate) struct Handheld<S> {
    pub(crate) account: Account,
    pub(crate) store: S,
    pub(crate) replica: Replica,
    pub(crate) chance: SeededEntropy,
}

/// What opens a handheld's database.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) path: PathBuf,
    pub(crate) key: [u8; 32],
}

impl Database {
    /// A new database in `folder` whose key follows from `seed`.
    pub(crate) fn new(folder: &Path, seed: u64) -> Self {
        let mut key = [0; 32];
        SeededEntropy::new(seed).fill(&mut key);
        Self {
            path: folder.join(format!("handheld-{seed}.db")),
            key,
        }
    }

    pub(crate) fn open(&self) -> Result<SqliteStore> {
        let options = OpenOptions {
            key: Some(self.key),
            ..OpenOptions::default()
        };
        Ok(SqliteStore::open(&self.path, &options)?)
    }
}

impl Handheld<SqliteStore> {
    /// A full handheld.
    pub(crate) fn full(account: Account, database: &Database, seed: u64) -> Result<Self> {
        let mut chance = SeededEntropy::new(seed);
        Ok(Self {
            store: database.open()?,
            replica: Replica::open(account.device, &mut chance),
            account,
            chance,
        })
    }
}

impl Handheld<MemoryStore> {
    /// A handheld that writes real changes and keeps nothing of what others write.
    pub(crate) fn light(account: Account, seed: u64) -> Self {
        let mut chance = SeededEntropy::new(seed);
        Self {
            store: MemoryStore::default(),
            replica: Replica::open(account.device, &mut chance),
            account,
            chance,
        }
    }
}

impl<S: Store> Handheld<S> {
    /// Records an edit durably; the changes that it made.
    pub(crate) fn record(&mut self, customer: CustomerId, edit: &Edit) -> Result<Vec<ChangeHash>> {
        let mut tx = self.store.write()?;
        let request = EditRequest {
            customer,
            edit,
            source: Source::Typed,
            now: SystemClock.now(),
        };
        let recorded =
            self.replica
                .record(&mut *tx, &self.account.author, &request, &mut self.chance)?;
        let row = outbox::get(tx.as_read(), recorded.number)?.context("what was just recorded")?;
        tx.commit()?;
        Ok(row
            .members
            .iter()
            .map(|member| member.envelope.change)
            .collect())
    }

    /// Opens a line to the hub and says hello.
    pub(crate) async fn meet(&mut self) -> Result<Meeting<'_, S>> {
        let ticket = self.account.ticket().await?;
        let line = Line::open(&ticket).await?;
        Ok(Meeting {
            handheld: self,
            line,
            session: HandheldSession::default(),
        })
    }

    /// Meets the hub until both agree; what went over the line.
    pub(crate) async fn sync(&mut self) -> Result<Meter> {
        let mut meeting = self.meet().await?;
        meeting.hello().await?;
        meeting.until_settled().await?;
        meeting.line.close().await
    }
}

/// A handheld on the line.
pub(crate) struct Meeting<'a, S> {
    pub(crate) handheld: &'a mut Handheld<S>,
    pub(crate) line: Line,
    pub(crate) session: HandheldSession,
}

/// What came of one frame.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) events: Vec<Event>,
    /// Changes of others that are now folded and durable here.
    pub(crate) changes: BTreeSet<ChangeHash>,
}

impl<S: Store> Meeting<'_, S> {
    pub(crate) async fn hello(&mut self) -> Result<()> {
        let hello = self.session.hello(&*self.handheld.store.read()?)?;
        self.line.send(&hello).await
    }

    /// Waits for a frame, folds it, answers, and pushes what waits.
    pub(crate) async fn step(&mut self) -> Result<Heard> {
        let frame = self.line.next().await?;
        self.fold(&frame).await
    }

    /// Folds a frame, answers, and pushes what waits.
    pub(crate) async fn fold(&mut self, frame: &Frame) -> Result<Heard> {
        let changes = changes_in(frame);
        let handheld = &mut *self.handheld;
        let identity = Identity {
            hub: &handheld.account.hub_key,
            shop: handheld.account.author.shop,
        };
        let mut tx = handheld.store.write()?;
        let step = self.session.receive(
            &mut *tx,
            &mut handheld.replica,
            frame,
            &identity,
            &mut handheld.chance,
        )?;
        tx.commit()?;
        for reply in &step.replies {
            self.line.send(reply).await?;
        }
        for event in &step.events {
            if let Event::Stopped(stop) = event {
                bail!("the session was stopped: {:?}, {}", stop.code, stop.detail);
            }
            if let Event::Diverged(scope) = event {
                bail!("{scope:?} differs from the hub");
            }
            if let Event::Judged(judged) = event
                && let Some((_, code)) = judged.refused.first()
            {
                bail!("the hub refused {} edits: {code}", judged.refused.len());
            }
        }
        self.push().await?;
        Ok(Heard {
            events: step.events,
            changes,
        })
    }

    /// Pushes what waits, as far as the window allows.
    pub(crate) async fn push(&mut self) -> Result<()> {
        loop {
            let handheld = &*self.handheld;
            let tx = handheld.store.read()?;
            let signer = &handheld.account.key;
            let push = self.session.push(&*tx, signer, &handheld.replica)?;
            drop(tx);
            match push {
                Some(frame) => self.line.send(&frame).await?,
                None => return Ok(()),
            }
        }
    }

    /// Works until all scopes agree and nothing waits for its verdict.
    pub(crate) async fn until_settled(&mut self) -> Result<()> {
        loop {
            self.step().await?;
            if self.session.is_settled() && self.pending()? == 0 {
                return Ok(());
            }
        }
    }

    fn pending(&self) -> Result<u64> {
        Ok(outbox::pending(&*self.handheld.store.read()?)?.count)
    }
}

/// The changes of others that a frame brings.
pub(crate) fn changes_in(frame: &Frame) -> BTreeSet<ChangeHash> {
    let Frame::Entries(entries) = frame else {
        return BTreeSet::new();
    };
    let items = entries.items.iter();
    items
        .filter_map(|item| match item {
            Item::Change { sealed, .. } => Some(sealed.envelope.change),
            Item::Own { .. }
            | Item::Document { .. }
            | Item::Records { .. }
            | Item::Notices { .. }
            | Item::Leave { .. }
            | Item::Tombstone { .. }
            | Item::Gone { .. } => None,
        })
        .collect()
}
