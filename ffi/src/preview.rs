//! The preview: an invented boutique in memory with a hub in the same process, for working on screens.
//!
//! Ids come from a seed, so they are the same at every start; times are near the present, so that promises are due and overdue.

mod story;

use std::sync::{Arc, Mutex, PoisonError};

use sync_core::access;
use sync_core::authority::judge::{Presenter, PushError, Roster, Standing};
use sync_core::authority::{Authority, Batch, HubAuthor, HubEdit};
use sync_core::card::schema::Role;
use sync_core::card::{Edit, Source};
use sync_core::crypto::{DevicePublicKey, HubKey};
use sync_core::entropy::{Entropy, SeededEntropy};
use sync_core::envelope::Envelope;
use sync_core::ids::{
    AssociateId, CustomerId, DeviceId, EditId, FeedId, SessionId, ShopId, Timestamp,
};
use sync_core::protocol::frame::{Frame, ReadsStored, Verdicts};
use sync_core::protocol::hub::{HubContext, HubSession};
use sync_core::replica::account::{Enrolment, SignIn};
use sync_core::replica::book::Carrier;
use sync_core::scope::Scope;
use sync_core::store::memory::MemoryStore;
use sync_core::store::{ReadTx, Store, StoreError};

use crate::clock::{Clock, SystemClock};
use crate::entropy::SharedEntropy;
use crate::network::Network;
use crate::shelf::{Parts, Shelf};
use crate::{Book, BookError};

const SHOP: ShopId = ShopId([1; 8]);
const DEVICE: DeviceId = DeviceId([2; 8]);
const HUB_DEVICE: DeviceId = DeviceId([0xff; 8]);
/// Who works with the preview.
const ANA: AssociateId = AssociateId([0xa; 8]);
/// A colleague, on whose words conflicts rest.
const BEN: AssociateId = AssociateId([0xb; 8]);
/// Hours that the preview's sign-in lasts: a year, since nobody signs in.
const LEASE_HOURS: u32 = 24 * 365;
/// Seed of ids and keys. Nothing here is secret.
const SEED: u64 = 7;

/// The preview's hub.
#[derive(Debug)]
pub(crate) struct PreviewHub {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: MemoryStore,
    authority: Authority,
    key: HubKey,
    feed: FeedId,
    device_key: DevicePublicKey,
    entropy: SeededEntropy,
}

/// Everybody of the preview is in good standing.
struct Everybody;

impl Roster for Everybody {
    fn standing(&self, _: &dyn ReadTx, _: &Envelope) -> Result<Standing, StoreError> {
        Ok(Standing::Good(Role::Associate))
    }
}

/// Opens the preview, with its story told.
pub(crate) fn open() -> Result<Arc<Book>, BookError> {
    let clock = Arc::new(SystemClock);
    let mut seeded = SeededEntropy::new(SEED);
    let mut secret = [0; 32];
    seeded.fill(&mut secret);
    let key = HubKey::from_bytes(&secret);
    let hub_key = key.public_key();
    let feed = FeedId::random(&mut seeded);
    let authority = Authority::open(HUB_DEVICE, 32, &mut seeded);
    let parts = Parts {
        store: Arc::new(MemoryStore::default()),
        path: None,
        hardware: None,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        entropy: SharedEntropy::new(SeededEntropy::new(SEED + 1)),
    };
    let shelf = Arc::new(Shelf::open(parts)?);
    let hub = Arc::new(PreviewHub {
        inner: Mutex::new(Inner {
            store: MemoryStore::default(),
            authority,
            key,
            feed,
            device_key: shelf.signer_or_new()?.public_key(),
            entropy: seeded,
        }),
    });
    let network = Network::to_preview(Arc::clone(&hub));
    let book = Arc::new(Book {
        shelf,
        network,
        lock: Mutex::new(None),
    });
    book.take_up(Enrolment {
        device: DEVICE,
        shop: SHOP,
        hub_key: hub_key.to_bytes().into(),
        hub_url: "preview:".to_owned(),
        label: "Preview".to_owned(),
        attested: false,
        lease_hours: LEASE_HOURS,
    })?;
    for (associate, name) in [(BEN, "Ben"), (ANA, "Ana")] {
        book.take_up_sign_in(sign_in(associate, name, clock.now()))?;
    }
    story::tell(&book, &hub)?;
    book.drain(u32::MAX);
    Ok(book)
}

fn sign_in(associate: AssociateId, name: &str, now: Timestamp) -> SignIn {
    SignIn {
        associate,
        name: name.to_owned(),
        is_manager: false,
        session: SessionId(associate.0),
        refresh_token: Some(String::new()),
        confirmed_at: now,
        has_lapsed: false,
        expires_at: now.plus_ms(i64::from(LEASE_HOURS) * 3_600_000),
    }
}

impl PreviewHub {
    /// Exchanges everything with the book.
    pub(crate) fn meet(&self, shelf: &Shelf) -> Result<(), BookError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut up = std::collections::VecDeque::from([shelf.open_session(Carrier::Connection)?]);
        let scopes = [
            Scope::Book(SHOP),
            Scope::Associate(ANA),
            Scope::Associate(BEN),
        ];
        let mut session = HubSession::new(DEVICE, scopes.to_vec());
        let exchanged = loop {
            let Some(bytes) = up.pop_front() else {
                break Ok(());
            };
            match inner.answer(&mut session, &scopes, &bytes, shelf) {
                Ok(frames) => up.extend(frames),
                Err(error) => break Err(error),
            }
        };
        shelf.end_session();
        exchanged
    }

    /// Records what a colleague writes at the back office.
    fn record(
        &self,
        customer: CustomerId,
        edits: Vec<Edit>,
        now: Timestamp,
    ) -> Result<(), BookError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner {
            store,
            authority,
            entropy,
            ..
        } = &mut *inner;
        let edits: Vec<_> = edits
            .into_iter()
            .map(|edit| HubEdit {
                id: EditId::random(entropy),
                edit,
                source: Source::Stated,
                as_of: None,
            })
            .collect();
        let author = HubAuthor {
            associate: BEN,
            session: SessionId([0; 8]),
            shop: SHOP,
            role: Role::Associate,
        };
        let mut tx = store.write()?;
        let mut batch = Batch::default();
        authority
            .record(
                &mut *tx,
                &mut batch,
                &author,
                (customer, &edits),
                (now, entropy),
            )
            .map_err(|error| BookError::bug("inventing a boutique", &error))?;
        authority.finish(&mut *tx, &mut batch)?;
        Ok(tx.commit()?)
    }
}

impl Inner {
    /// Takes a packed frame of the book, answers it, and returns what the book says to the answers.
    fn answer(
        &mut self,
        session: &mut HubSession,
        scopes: &[Scope],
        bytes: &[u8],
        shelf: &Shelf,
    ) -> Result<Vec<Vec<u8>>, BookError> {
        let now = shelf.now();
        let frame = Frame::unpack(bytes)
            .map_err(|error| BookError::bug("unpacking a frame of ours", &error))?;
        let context = HubContext {
            feed: self.feed,
            key: &self.key,
            now,
        };
        let mut answers = match &frame {
            Frame::Hello(hello) => vec![session.hello(&*self.store.read()?, hello, &context)?],
            Frame::Push(push) => {
                let presenter = Presenter {
                    device: DEVICE,
                    key: self.device_key,
                    shop: SHOP,
                    scopes: scopes.to_vec(),
                };
                let mut tx = self.store.write()?;
                let mut batch = Batch::default();
                let verdicts = self
                    .authority
                    .judge(&mut *tx, &mut batch, (push, &presenter), &Everybody, now)
                    .map_err(|error| match error {
                        PushError::Broken(detail) => BookError::bug("a push of ours", &detail),
                        PushError::Store(error) => error.into(),
                    })?;
                self.authority.finish(&mut *tx, &mut batch)?;
                let backup_seq = Authority::backup_number(tx.as_read())?;
                tx.commit()?;
                vec![Frame::Verdicts(Verdicts {
                    verdicts,
                    backup_seq,
                })]
            }
            Frame::Reads(reads) => {
                let mut tx = self.store.write()?;
                let next = access::store(&mut *tx, DEVICE, reads.first, &reads.entries, now)?;
                tx.commit()?;
                let walk_ins = reads.walk_ins.clone();
                vec![Frame::ReadsStored(ReadsStored { next, walk_ins })]
            }
            Frame::Heads(heads) => session.compare(heads),
            Frame::Fetch(fetch) => session.fetch(fetch),
            Frame::Ack(ack) => {
                session.acknowledged(ack);
                Vec::new()
            }
            Frame::Welcome(_)
            | Frame::Entries(_)
            | Frame::Page(_)
            | Frame::Restart(_)
            | Frame::CaughtUp(_)
            | Frame::Verdicts(_)
            | Frame::ReadsStored(_)
            | Frame::Stop(_) => Vec::new(),
        };
        answers.extend(session.pump(&*self.store.read()?, &context)?);
        let mut said = Vec::new();
        for answer in answers {
            said.extend(shelf.receive(&answer.pack())?.frames);
        }
        Ok(said)
    }
}
