//! The hub of a fleet: the authority over a disk in memory, with a roster of people and devices.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::access;
use sync_core::authority::judge::{Presenter, PushError, Roster, Standing};
use sync_core::authority::{Authority, AuthorityError, Batch, HubAuthor, HubEdit};
use sync_core::card::schema::Role;
use sync_core::card::{Edit, Source};
use sync_core::crypto::{DevicePublicKey, HubKey, HubPublicKey};
use sync_core::entropy::Entropy;
use sync_core::envelope::Envelope;
use sync_core::ids::{
    AssociateId, CustomerId, DeviceId, EditId, FeedId, SessionId, ShopId, Timestamp,
};
use sync_core::notices::{NoticeDraft, NoticeError};
use sync_core::protocol::FrameTarget;
use sync_core::protocol::frame::{
    Frame, Push, Reads, ReadsStored, Ruling, Stop, StopCode, Verdict, Verdicts,
};
use sync_core::protocol::hub::{HubContext, HubSession};
use sync_core::records::{RecordDraft, RecordError};
use sync_core::scope::Scope;
use sync_core::store::{ReadTx, Store as _, StoreError, Table};

use crate::disk::Disk;
use crate::sabotage::Sabotage;

/// The device under which a hub records.
pub const HUB_DEVICE: DeviceId = DeviceId([0xff; 8]);
/// Documents a simulated hub keeps open: few, so that it opens some again all the time.
const OPEN_DOCUMENTS: usize = 32;

/// A sign-in as the hub knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// Who.
    pub associate: AssociateId,
    /// On which handheld.
    pub device: DeviceId,
}

/// An enrolled handheld as the hub knows it.
#[derive(Debug, Clone, Copy)]
pub struct Enrolled {
    /// Its key.
    pub key: DevicePublicKey,
    /// Its shop.
    pub shop: ShopId,
}

/// Who works where, as the hub's identity knows; the fleet's own, in memory.
#[derive(Debug, Default)]
pub struct People {
    /// Every sign-in there ever was.
    pub sign_ins: BTreeMap<SessionId, SignIn>,
    /// Roles that differ from associate.
    pub roles: BTreeMap<AssociateId, Role>,
    /// Who no longer works here.
    pub deactivated: BTreeSet<AssociateId>,
    /// Planted: everybody is believed.
    pub believes_everybody: bool,
}

impl People {
    /// What an associate may do.
    #[must_use]
    pub fn role(&self, associate: AssociateId) -> Role {
        self.roles
            .get(&associate)
            .copied()
            .unwrap_or(Role::Associate)
    }
}

impl Roster for People {
    fn standing(&self, _: &dyn ReadTx, envelope: &Envelope) -> Result<Standing, StoreError> {
        let role = self.role(envelope.associate);
        if self.believes_everybody {
            return Ok(Standing::Good(role));
        }
        let Some(sign_in) = self.sign_ins.get(&envelope.session) else {
            return Ok(Standing::Unknown);
        };
        if (sign_in.associate, sign_in.device) != (envelope.associate, envelope.device) {
            return Ok(Standing::Unknown);
        }
        if self.deactivated.contains(&envelope.associate) {
            return Ok(Standing::Deactivated);
        }
        Ok(Standing::Good(role))
    }
}

/// A hub over a disk in memory.
#[derive(Debug)]
pub struct Hub {
    /// What is on its disk.
    pub store: Disk,
    /// Who works where.
    pub people: People,
    /// The engine of this opening.
    pub authority: Authority,
    /// The enrolled handhelds.
    pub devices: BTreeMap<DeviceId, Enrolled>,
    /// The life of its feeds.
    pub feed: FeedId,
    /// What is planted.
    pub sabotage: Option<Sabotage>,
    /// How large its frames grow.
    pub frame_target: FrameTarget,
    key: HubKey,
    shop: ShopId,
    now: Timestamp,
}

impl Hub {
    /// An empty hub; `shop` is the one that handhelds are enrolled in unless told otherwise.
    pub fn new(shop: ShopId, now: Timestamp, entropy: &mut dyn Entropy) -> Self {
        let mut seed = [0; 32];
        entropy.fill(&mut seed);
        Self {
            store: Disk::default(),
            people: People::default(),
            authority: Authority::open(HUB_DEVICE, OPEN_DOCUMENTS, entropy),
            devices: BTreeMap::new(),
            feed: FeedId::random(entropy),
            sabotage: None,
            frame_target: FrameTarget::default(),
            key: HubKey::from_bytes(&seed),
            shop,
            now,
        }
    }

    /// The shop that handhelds are enrolled in unless told otherwise.
    #[must_use]
    pub fn shop(&self) -> ShopId {
        self.shop
    }

    /// The hub's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Moves the hub's clock.
    pub fn set_now(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// Starts the hub's process again on what its disk holds.
    pub fn restart(&mut self, entropy: &mut dyn Entropy) {
        self.authority = Authority::open(HUB_DEVICE, OPEN_DOCUMENTS, entropy);
    }

    /// What a session needs.
    #[must_use]
    pub fn context(&self) -> HubContext<'_> {
        HubContext {
            feed: self.feed,
            key: &self.key,
            now: self.now,
        }
    }

    /// The hub's public key.
    #[must_use]
    pub fn public_key(&self) -> HubPublicKey {
        self.key.public_key()
    }

    /// Opens a session for a handheld on which `associates` are signed in.
    #[must_use]
    pub fn session(&self, device: DeviceId, associates: &[AssociateId]) -> HubSession {
        self.session_over(device, self.grant(device, associates))
    }

    /// Opens a session over the scopes that were granted.
    pub(super) fn session_over(&self, device: DeviceId, granted: Vec<Scope>) -> HubSession {
        HubSession::new(device, granted).with_frame_target(self.frame_target)
    }

    /// What a handheld on which `associates` are signed in may replicate.
    #[must_use]
    pub fn grant(&self, device: DeviceId, associates: &[AssociateId]) -> Vec<Scope> {
        let home = self
            .devices
            .get(&device)
            .map_or(self.shop, |known| known.shop);
        let mut scopes = vec![Scope::Book(home)];
        if self.sabotage == Some(Sabotage::ScopeUnchecked) {
            scopes.extend(self.devices.values().map(|known| Scope::Book(known.shop)));
        }
        scopes.extend(
            associates
                .iter()
                .filter(|associate| !self.people.deactivated.contains(associate))
                .map(|associate| Scope::Associate(*associate)),
        );
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    /// Takes a frame of a handheld and answers it; commits before it answers.
    ///
    /// # Errors
    /// What the store reports.
    pub fn receive(
        &mut self,
        session: &mut HubSession,
        device: DeviceId,
        associates: &[AssociateId],
        frame: &Frame,
    ) -> Result<Vec<Frame>, StoreError> {
        let mut replies = match frame {
            Frame::Hello(hello) => {
                vec![session.hello(&*self.store.read()?, hello, &self.context())?]
            }
            Frame::Push(push) => vec![self.push_or_later(device, associates, push)?],
            Frame::Ack(ack) => {
                session.acknowledged(ack);
                Vec::new()
            }
            Frame::Heads(heads) => session.compare(heads),
            Frame::Fetch(fetch) => session.fetch(fetch),
            Frame::Reads(reads) => vec![self.reads(device, reads)?],
            Frame::Welcome(_)
            | Frame::Entries(_)
            | Frame::Page(_)
            | Frame::Restart(_)
            | Frame::CaughtUp(_)
            | Frame::Verdicts(_)
            | Frame::ReadsStored(_)
            | Frame::Stop(_) => Vec::new(),
        };
        replies.extend(session.pump(&*self.store.read()?, &self.context())?);
        Ok(replies)
    }

    fn push(
        &mut self,
        device: DeviceId,
        associates: &[AssociateId],
        push: &Push,
    ) -> Result<Frame, StoreError> {
        let Some(known) = self.devices.get(&device).copied() else {
            return Ok(protocol_stop("this device is not enrolled"));
        };
        let presenter = Presenter {
            device,
            key: known.key,
            shop: known.shop,
            scopes: self.grant(device, associates),
        };
        if self.sabotage == Some(Sabotage::EditsNotRemembered) {
            self.store.blind(Some(Table::EditIndex));
        }
        let mut tx = self.store.write()?;
        let mut batch = Batch::default();
        let case = (push, &presenter);
        let judged = self
            .authority
            .judge(&mut *tx, &mut batch, case, &self.people, self.now);
        self.store.blind(None);
        match judged {
            Ok(verdicts) => {
                self.authority.finish(&mut *tx, &mut batch)?;
                let backup_seq = Authority::backup_number(tx.as_read())?;
                let committed = tx.commit();
                if self.sabotage != Some(Sabotage::ReplyBeforeCommit) {
                    committed?;
                }
                Ok(Frame::Verdicts(Verdicts {
                    verdicts,
                    backup_seq,
                }))
            }
            Err(PushError::Broken(detail)) => Ok(protocol_stop(detail)),
            Err(PushError::Store(error)) => Err(error),
        }
    }

    /// Judges a push; with a full disk nothing of it was kept, and the handheld is to come again.
    fn push_or_later(
        &mut self,
        device: DeviceId,
        associates: &[AssociateId],
        push: &Push,
    ) -> Result<Frame, StoreError> {
        match self.push(device, associates, push) {
            Err(StoreError::Full { .. }) => Ok(not_now(push)),
            answer => answer,
        }
    }

    fn reads(&mut self, device: DeviceId, reads: &Reads) -> Result<Frame, StoreError> {
        let mut tx = self.store.write()?;
        let next = access::store(&mut *tx, device, reads.first, &reads.entries, self.now)?;
        tx.commit()?;
        let walk_ins = reads.walk_ins.clone();
        Ok(Frame::ReadsStored(ReadsStored { next, walk_ins }))
    }

    /// Records edits at the back office and returns their ids.
    ///
    /// # Errors
    /// [`AuthorityError`]; nothing was recorded.
    pub fn record(
        &mut self,
        author: &HubAuthor,
        customer: CustomerId,
        edits: Vec<Edit>,
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<EditId>, AuthorityError> {
        let edits: Vec<_> = edits
            .into_iter()
            .map(|edit| HubEdit {
                id: EditId::random(entropy),
                edit,
                source: Source::Stated,
                as_of: None,
            })
            .collect();
        let mut tx = self.store.write()?;
        let mut batch = Batch::default();
        let now = self.now;
        self.authority.record(
            &mut *tx,
            &mut batch,
            author,
            (customer, &edits),
            (now, entropy),
        )?;
        self.authority.finish(&mut *tx, &mut batch)?;
        tx.commit()?;
        Ok(edits.iter().map(|edit| edit.id).collect())
    }

    /// Puts a customer into the book of a shop, or takes them out.
    ///
    /// # Errors
    /// What the store reports.
    pub fn move_in_book(
        &mut self,
        (customer, shop): (CustomerId, ShopId),
        enters: bool,
        entropy: &mut dyn Entropy,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.write()?;
        let mut batch = Batch::default();
        let place = (customer, shop);
        if enters {
            self.authority
                .enter_book(&mut *tx, &mut batch, place, entropy)?;
        } else {
            self.authority
                .leave_book(&mut *tx, &mut batch, place, entropy)?;
        }
        self.authority.finish(&mut *tx, &mut batch)?;
        tx.commit()
    }

    /// Posts notices.
    ///
    /// # Errors
    /// [`NoticeError`]; nothing was posted.
    pub fn put_notices(
        &mut self,
        drafts: &[NoticeDraft],
        entropy: &mut dyn Entropy,
    ) -> Result<u64, NoticeError> {
        let mut tx = self.store.write()?;
        let mut batch = Batch::default();
        let changed = self
            .authority
            .put_notices(&mut *tx, &mut batch, drafts, entropy)?;
        self.authority.finish(&mut *tx, &mut batch)?;
        tx.commit()?;
        Ok(changed)
    }

    /// Stores records of a customer.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was stored.
    pub fn put_records(
        &mut self,
        customer: CustomerId,
        drafts: &[RecordDraft],
        entropy: &mut dyn Entropy,
    ) -> Result<u64, RecordError> {
        let mut tx = self.store.write()?;
        let mut batch = Batch::default();
        let of = (customer, drafts);
        let changed = self
            .authority
            .put_records(&mut *tx, &mut batch, of, entropy)?;
        self.authority.finish(&mut *tx, &mut batch)?;
        tx.commit()?;
        Ok(changed)
    }
}

fn not_now(push: &Push) -> Frame {
    let code = "hub_storage".to_owned();
    let changes = push.entries.iter().map(|sealed| sealed.envelope.change);
    let verdicts = changes
        .map(|change| Verdict {
            change,
            ruling: Ruling::Later { code: code.clone() },
        })
        .collect();
    Frame::Verdicts(Verdicts {
        verdicts,
        backup_seq: 0,
    })
}

fn protocol_stop(detail: &str) -> Frame {
    Frame::Stop(Stop {
        code: StopCode::Protocol,
        detail: detail.to_owned(),
    })
}
