//! What one open book holds: the store, the core's book behind one lock, the key, the queue of changes.
//!
//! # Why
//! Searching takes the pass (a small copy) and a snapshot of the store, never the book's lock: while a first sync folds pages
//! or an edit is made durable, whoever types a name still sees results.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use sync_core::concierge::{draft, guest};
use sync_core::crypto::{DeviceSigner, SoftwareDeviceKey};
use sync_core::entropy::Entropy as _;
use sync_core::ids::Timestamp;
use sync_core::outbox::{self, Pending};
use sync_core::protocol::frame::Frame;
use sync_core::protocol::handheld::Event;
use sync_core::replica::account;
use sync_core::replica::book::{Book as Core, Carrier, Pass};
use sync_core::store::{ReadTx, Store, StoreError, WriteTx};
use tokio::sync::Notify;

use crate::BookError;
use crate::changes::{Change, Changes};
use crate::clock::Clock;
use crate::entropy::SharedEntropy;

/// An open book, shared by the app's calls and the network's tasks.
#[derive(Debug)]
pub(crate) struct Shelf {
    store: RwLock<Option<SharedStore>>,
    path: Option<PathBuf>,
    core: Mutex<Core>,
    pass: RwLock<Pass>,
    signer: RwLock<Option<SharedSigner>>,
    has_hardware_key: bool,
    pub(crate) changes: Changes,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: SharedEntropy,
    /// Tells an open connection that there is something to send.
    pub(crate) news: Notify,
    pub(crate) is_offline: AtomicBool,
    pub(crate) is_connected: AtomicBool,
}

#[derive(Clone)]
struct SharedStore(Arc<dyn Store>);

impl std::fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedStore(…)")
    }
}

#[derive(Clone)]
struct SharedSigner(Arc<dyn DeviceSigner>);

impl std::fmt::Debug for SharedSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedSigner(…)")
    }
}

/// What a shelf is made of.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) path: Option<PathBuf>,
    pub(crate) hardware: Option<Arc<dyn DeviceSigner>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: SharedEntropy,
}

/// What came of the frames of one exchange.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Packed frames to send.
    pub(crate) frames: Vec<Vec<u8>>,
    /// Why the hub ended the session, if it did.
    pub(crate) stopped: Option<sync_core::protocol::frame::Stop>,
    /// Those of them that are more than acknowledgements.
    pub(crate) asking: Vec<Vec<u8>>,
}

impl Shelf {
    pub(crate) fn open(parts: Parts) -> Result<Self, BookError> {
        let mut entropy = parts.entropy.clone();
        let tx = parts.store.read()?;
        let core = Core::open(&*tx, &mut entropy)?;
        let has_hardware_key = parts.hardware.is_some();
        let signer = match parts.hardware {
            Some(hardware) => Some(SharedSigner(hardware)),
            None => software_signer(account::software_key(&*tx)?)?,
        };
        drop(tx);
        sweep_guests(&*parts.store, parts.clock.now());
        Ok(Self {
            pass: RwLock::new(core.pass()),
            core: Mutex::new(core),
            store: RwLock::new(Some(SharedStore(parts.store))),
            path: parts.path,
            signer: RwLock::new(signer),
            has_hardware_key,
            changes: Changes::default(),
            clock: parts.clock,
            entropy: parts.entropy,
            news: Notify::new(),
            is_offline: AtomicBool::new(false),
            is_connected: AtomicBool::new(false),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn store(&self) -> Result<Arc<dyn Store>, BookError> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let store = store.as_ref().ok_or(BookError::EnrolAgain)?;
        Ok(Arc::clone(&store.0))
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        // A panicking holder put a fresh book in place before it let go: see `with`.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pass(&self) -> Pass {
        *self.pass.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works with the book. If `work` panics the book is opened anew, because what it held in memory may be half-changed.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut Core, &dyn Store) -> Result<T, BookError>,
    ) -> Result<T, BookError> {
        let store = self.store()?;
        let mut core = self.lock();
        let worked =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut core, &*store)));
        let result = match worked {
            Ok(result) => result,
            Err(_payload) => {
                *core = Core::open(&*store.read()?, &mut self.entropy.clone())?;
                Err(BookError::bug("work on the book", &"it panicked"))
            }
        };
        *self.pass.write().unwrap_or_else(PoisonError::into_inner) = core.pass();
        result
    }

    /// Works with the book in one transaction, which is committed when `work` succeeds.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&mut Core, &mut dyn WriteTx) -> Result<T, BookError>,
    ) -> Result<T, BookError> {
        self.with(|core, store| {
            let mut tx = store.write()?;
            let value = work(core, &mut *tx)?;
            tx.commit()?;
            Ok(value)
        })
    }

    /// Works with the book on a snapshot.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&mut Core, &dyn ReadTx) -> Result<T, BookError>,
    ) -> Result<T, BookError> {
        self.with(|core, store| work(core, &*store.read()?))
    }

    /// What signs for this handheld; none before it has a key.
    pub(crate) fn signer(&self) -> Result<Arc<dyn DeviceSigner>, BookError> {
        let signer = self.signer.read().unwrap_or_else(PoisonError::into_inner);
        let signer = signer.as_ref().ok_or(BookError::EnrolAgain)?;
        Ok(Arc::clone(&signer.0))
    }

    /// What signs for this handheld; makes a software key where there is none.
    pub(crate) fn signer_or_new(&self) -> Result<Arc<dyn DeviceSigner>, BookError> {
        if let Ok(signer) = self.signer() {
            return Ok(signer);
        }
        self.renew_software_key()
    }

    pub(crate) fn has_hardware_key(&self) -> bool {
        self.has_hardware_key
    }

    /// Makes a software key in place of the present one.
    pub(crate) fn renew_software_key(&self) -> Result<Arc<dyn DeviceSigner>, BookError> {
        let key = SoftwareDeviceKey::generate(&mut self.entropy.clone());
        let secret = key.to_bytes();
        self.write(|_, tx| Ok(account::put_software_key(tx, secret)?))?;
        let signer = SharedSigner(Arc::new(key));
        let mut place = self.signer.write().unwrap_or_else(PoisonError::into_inner);
        *place = Some(signer.clone());
        Ok(signer.0)
    }

    /// Opens a session and returns its first frame, packed.
    pub(crate) fn open_session(&self, carrier: Carrier) -> Result<Vec<u8>, BookError> {
        sweep_guests(&*self.store()?, self.now());
        let hello = self.read(|core, tx| Ok(core.open_session(tx, carrier)?))?;
        Ok(hello.pack())
    }

    pub(crate) fn end_session(&self) {
        self.lock().end_session();
    }

    /// Takes a packed frame of the hub: durable before it returns.
    pub(crate) fn receive(&self, bytes: &[u8]) -> Result<Answer, BookError> {
        let frame = Frame::unpack(bytes)
            .map_err(|error| BookError::bug("unpacking a frame of the hub", &error))?;
        let now = self.now();
        let mut entropy = self.entropy.clone();
        let turn = self.write(|core, tx| Ok(core.receive(tx, &frame, (now, &mut entropy))?))?;
        let mut answer = Answer::default();
        answer.add(&turn.replies);
        answer.stopped = turn.events.iter().find_map(|event| match event {
            Event::Stopped(stop) => Some(stop.clone()),
            Event::Changed(_)
            | Event::HouseChanged
            | Event::Searchable(_)
            | Event::CaughtUp(_)
            | Event::InSync
            | Event::Judged(_)
            | Event::Diverged(_) => None,
        });
        self.changes.push(changes_of(turn.events));
        if answer.stopped.is_none() {
            answer.add(&self.offered()?);
        }
        Ok(answer)
    }

    /// What there is to send of the book's own accord, packed.
    pub(crate) fn offer(&self) -> Result<Answer, BookError> {
        let mut answer = Answer::default();
        answer.add(&self.offered()?);
        Ok(answer)
    }

    fn offered(&self) -> Result<Vec<Frame>, BookError> {
        let signer = self.signer()?;
        self.read(|core, tx| Ok(core.offer(tx, &*signer)?))
    }

    /// Takes secrets, tables and files away, unless an edit waits or a draft is kept and `force` does not say that it may be lost.
    /// Returns what was lost: edits, and how many drafts.
    /// What another thread reads meanwhile it reads to the end.
    pub(crate) fn destroy(&self, force: bool) -> Result<(Pending, u64), BookError> {
        let mut entropy = self.entropy.clone();
        let lost = self.write(|core, tx| {
            let pending = outbox::pending(tx.as_read())?;
            if pending.count > 0 && !force {
                return Err(BookError::rejected("edits_waiting"));
            }
            let drafts = draft::count(tx.as_read())?;
            if drafts > 0 && !force {
                return Err(BookError::rejected("drafts_kept"));
            }
            account::forget(tx)?;
            // Nobody is enrolled or signed in from here on, so nothing can be recorded any more.
            *core = Core::open(tx.as_read(), &mut entropy)?;
            Ok((pending, drafts))
        })?;
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        *store = None;
        drop(store);
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.remove_files()?;
        Ok(lost)
    }

    fn remove_files(&self) -> Result<(), BookError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        for ending in ["", "-wal", "-shm"] {
            let mut file = path.clone().into_os_string();
            file.push(ending);
            match std::fs::remove_file(&file) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(BookError::bug("removing the book's files", &error)),
            }
        }
        Ok(())
    }

    pub(crate) fn set_connected(&self, is_connected: bool) {
        if self.is_connected.swap(is_connected, Ordering::SeqCst) != is_connected {
            self.changes.push([Change::Sync]);
        }
    }

    /// A number below `bound`, for spreading tries over time.
    pub(crate) fn jitter(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.entropy.clone().fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound.max(1)
    }
}

impl Answer {
    fn add(&mut self, frames: &[Frame]) {
        for frame in frames {
            let packed = frame.pack();
            if !matches!(frame, Frame::Ack(_)) {
                self.asking.push(packed.clone());
            }
            self.frames.push(packed);
        }
    }
}

/// Removes guest cards whose day is over. A full storage keeps neither the book from opening nor a sync from beginning:
/// an expired card is shown to nobody, and the next call removes it.
fn sweep_guests(store: &dyn Store, now: Timestamp) {
    let sweep = || -> Result<(), StoreError> {
        if guest::has_expired(&*store.read()?, now)? {
            let mut tx = store.write()?;
            guest::sweep(&mut *tx, now)?;
            tx.commit()?;
        }
        Ok(())
    };
    if let Err(error) = sweep() {
        tracing::warn!(%error, "guest cards whose day is over are still stored");
    }
}

fn software_signer(secret: Option<[u8; 32]>) -> Result<Option<SharedSigner>, BookError> {
    let Some(secret) = secret else {
        return Ok(None);
    };
    let key = SoftwareDeviceKey::from_bytes(&secret)
        .ok_or_else(|| BookError::bug("reading the device key", &"it is no key"))?;
    Ok(Some(SharedSigner(Arc::new(key))))
}

/// What an app is told of a session's events.
fn changes_of(events: Vec<Event>) -> Vec<Change> {
    let mut changes = Vec::new();
    for event in events {
        match event {
            Event::Changed(customers) => {
                let each = customers.into_iter();
                changes.extend(each.map(|customer| Change::Customer { customer }));
            }
            Event::Judged(_) => changes.push(Change::Outbox),
            Event::HouseChanged
            | Event::Searchable(_)
            | Event::CaughtUp(_)
            | Event::InSync
            | Event::Diverged(_)
            | Event::Stopped(_) => changes.push(Change::Sync),
        }
    }
    changes
}
