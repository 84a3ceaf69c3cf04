//! Named hubs and handhelds that talk through frames, without sockets: what scenarios and the simulation are told in.

use std::collections::{BTreeMap, VecDeque};

use sync_core::access::AccessKind;
use sync_core::authority::judge::{Presenter, PushError, Roster, Standing};
use sync_core::authority::{Authority, AuthorityError, Batch, HubAuthor, HubEdit};
use sync_core::card::schema::Role;
use sync_core::card::{CardView, Edit, Facet, Reading, Source};
use sync_core::crypto::{DevicePublicKey, DeviceSigner as _, HubKey, SoftwareDeviceKey};
use sync_core::entropy::{Entropy, SeededEntropy};
use sync_core::envelope::Envelope;
use sync_core::ids::{
    AssociateId, CustomerId, DeviceId, EditId, FeedId, Hash32, SessionId, ShopId, Timestamp,
};
use sync_core::outbox::{self, Pending};
use sync_core::protocol::frame::{Frame, Stop, StopCode, Verdicts};
use sync_core::protocol::handheld::{Event, HandheldSession, Identity};
use sync_core::protocol::hub::{HubContext, HubSession};
use sync_core::replica::{Author, EditRequest, RecordError, Recorded, Replica};
use sync_core::scope::Scope;
use sync_core::store::memory::MemoryStore;
use sync_core::store::{ReadTx, Store, StoreError};
use sync_core::{access, feed};

/// A sign-in as the hub knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// Who.
    pub associate: AssociateId,
    /// On which handheld.
    pub device: DeviceId,
}

/// Who works where, as the hub's identity knows; the fleet's own, in memory.
#[derive(Debug, Default)]
pub struct People {
    /// Every sign-in there ever was.
    pub sign_ins: BTreeMap<SessionId, SignIn>,
    /// Roles that differ from associate.
    pub roles: BTreeMap<AssociateId, Role>,
    /// Who no longer works here.
    pub deactivated: Vec<AssociateId>,
}

impl Roster for People {
    fn standing(&self, _: &dyn ReadTx, envelope: &Envelope) -> Result<Standing, StoreError> {
        let Some(sign_in) = self.sign_ins.get(&envelope.session) else {
            return Ok(Standing::Unknown);
        };
        if (sign_in.associate, sign_in.device) != (envelope.associate, envelope.device) {
            return Ok(Standing::Unknown);
        }
        if self.deactivated.contains(&envelope.associate) {
            return Ok(Standing::Deactivated);
        }
        Ok(Standing::Good(
            self.roles
                .get(&envelope.associate)
                .copied()
                .unwrap_or(Role::Associate),
        ))
    }
}

/// A hub over a store in memory.
#[derive(Debug)]
pub struct Hub {
    /// What is on its disk.
    pub store: MemoryStore,
    /// Who works where.
    pub people: People,
    /// The engine of this opening.
    pub authority: Authority,
    /// Keys of the enrolled handhelds.
    pub devices: BTreeMap<DeviceId, DevicePublicKey>,
    /// The life of its feeds.
    pub feed: FeedId,
    key: HubKey,
    shop: ShopId,
    now: Timestamp,
}

/// The device under which a hub records.
pub const HUB_DEVICE: DeviceId = DeviceId([0xff; 8]);

impl Hub {
    /// An empty hub of one shop.
    pub fn new(shop: ShopId, now: Timestamp, entropy: &mut dyn Entropy) -> Self {
        let mut seed = [0; 32];
        entropy.fill(&mut seed);
        Self {
            store: MemoryStore::default(),
            people: People::default(),
            authority: Authority::open(HUB_DEVICE, 32, entropy),
            devices: BTreeMap::new(),
            feed: FeedId::random(entropy),
            key: HubKey::from_bytes(&seed),
            shop,
            now,
        }
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
        self.authority = Authority::open(HUB_DEVICE, 32, entropy);
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
    pub fn public_key(&self) -> sync_core::crypto::HubPublicKey {
        self.key.public_key()
    }

    /// Opens a session for a handheld on which `associates` are signed in.
    #[must_use]
    pub fn session(&self, device: DeviceId, associates: &[AssociateId]) -> HubSession {
        HubSession::new(device, self.grant(associates))
    }

    fn grant(&self, associates: &[AssociateId]) -> Vec<Scope> {
        let mut scopes = vec![Scope::Book(self.shop)];
        scopes.extend(
            associates
                .iter()
                .map(|associate| Scope::Associate(*associate)),
        );
        scopes.sort_unstable();
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
            Frame::Push(push) => {
                let Some(key) = self.devices.get(&device).copied() else {
                    return Ok(Vec::new());
                };
                let scopes = self.grant(associates);
                let presenter = Presenter {
                    device,
                    key,
                    shop: self.shop,
                    scopes,
                };
                let mut tx = self.store.write()?;
                let mut batch = Batch::default();
                let judged = self.authority.judge(
                    &mut *tx,
                    &mut batch,
                    (push, &presenter),
                    &self.people,
                    self.now,
                );
                match judged {
                    Ok(verdicts) => {
                        self.authority.finish(&mut *tx, &mut batch)?;
                        let backup_seq = Authority::backup_number(tx.as_read())?;
                        tx.commit()?;
                        vec![Frame::Verdicts(Verdicts {
                            verdicts,
                            backup_seq,
                        })]
                    }
                    Err(PushError::Broken(detail)) => {
                        let detail = detail.to_owned();
                        vec![Frame::Stop(Stop {
                            code: StopCode::Protocol,
                            detail,
                        })]
                    }
                    Err(PushError::Store(error)) => return Err(error),
                }
            }
            Frame::Ack(ack) => {
                session.acknowledged(ack);
                Vec::new()
            }
            Frame::Heads(heads) => session.compare(&*self.store.read()?, heads)?,
            Frame::Fetch(fetch) => {
                session.fetch(&*self.store.read()?, fetch.scope, &fetch.documents)?
            }
            Frame::Reads(reads) => {
                let mut tx = self.store.write()?;
                let next = access::store(&mut *tx, device, reads.first, &reads.entries, self.now)?;
                tx.commit()?;
                vec![Frame::ReadsStored(
                    sync_core::protocol::frame::ReadsStored { next },
                )]
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
        replies.extend(session.pump(&*self.store.read()?, &self.context())?);
        Ok(replies)
    }

    /// Records edits at the back office.
    ///
    /// # Errors
    /// [`AuthorityError`]; nothing was recorded.
    pub fn record(
        &mut self,
        author: &HubAuthor,
        customer: CustomerId,
        edits: Vec<Edit>,
        entropy: &mut dyn Entropy,
    ) -> Result<(), AuthorityError> {
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
        Ok(())
    }
}

/// A handheld over a store in memory.
#[derive(Debug)]
pub struct Handheld {
    /// What is on its disk.
    pub store: MemoryStore,
    /// The engine of this opening.
    pub replica: Replica,
    /// Who is signed in and records.
    pub author: Author,
    /// Everybody whose scope this handheld replicates.
    pub signed_in: Vec<AssociateId>,
    /// Its clock.
    pub now: Timestamp,
    /// Randomness of this device.
    pub entropy: SeededEntropy,
    key: SoftwareDeviceKey,
    hub: sync_core::crypto::HubPublicKey,
}

impl Handheld {
    /// Enrols a handheld with a hub and signs an associate in.
    pub fn enrol(hub: &mut Hub, number: u8, associate: AssociateId, seed: u64) -> Self {
        let mut entropy = SeededEntropy::new(seed);
        let device = DeviceId([number; 8]);
        let key = SoftwareDeviceKey::generate(&mut entropy);
        hub.devices.insert(device, key.public_key());
        let replica = Replica::open(device, &mut entropy);
        let author = Author {
            associate,
            session: SessionId::random(&mut entropy),
            shop: hub.shop,
            role: Role::Associate,
        };
        let mut handheld = Self {
            store: MemoryStore::default(),
            replica,
            author,
            signed_in: Vec::new(),
            now: hub.now,
            entropy,
            key,
            hub: hub.public_key(),
        };
        handheld.sign_in(hub, associate);
        handheld
    }

    /// Signs an associate in (with a network) and makes them the one who records.
    pub fn sign_in(&mut self, hub: &mut Hub, associate: AssociateId) {
        let session = SessionId::random(&mut self.entropy);
        let device = self.replica.device();
        hub.people
            .sign_ins
            .insert(session, SignIn { associate, device });
        self.author.associate = associate;
        self.author.session = session;
        self.author.role = hub
            .people
            .roles
            .get(&associate)
            .copied()
            .unwrap_or(Role::Associate);
        if !self.signed_in.contains(&associate) {
            self.signed_in.push(associate);
        }
    }

    /// Starts the app again on what the disk holds: a new opening, a new actor.
    pub fn reopen(&mut self) {
        self.replica = Replica::open(self.replica.device(), &mut self.entropy);
    }

    /// Records an edit, durably.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was recorded.
    pub fn record(&mut self, customer: CustomerId, edit: &Edit) -> Result<Recorded, RecordError> {
        let mut tx = self.store.write()?;
        let request = EditRequest {
            customer,
            edit,
            source: Source::Stated,
            now: self.now,
        };
        let recorded = self
            .replica
            .record(&mut *tx, &self.author, &request, &mut self.entropy)?;
        tx.commit()?;
        Ok(recorded)
    }

    /// Opens a card, which the access log notes.
    ///
    /// # Errors
    /// What the store reports.
    pub fn open_card(&mut self, customer: CustomerId) -> Result<CardView, StoreError> {
        let mut tx = self.store.write()?;
        let associate = self.author.associate;
        self.replica
            .log_access(&mut *tx, associate, customer, AccessKind::Opened, self.now)?;
        let view = read_card(
            &mut self.replica,
            tx.as_read(),
            (&self.author, customer),
            self.now,
        )?;
        tx.commit()?;
        Ok(view)
    }

    /// What waits.
    ///
    /// # Errors
    /// What the store reports.
    pub fn pending(&self) -> Result<Pending, StoreError> {
        outbox::pending(&*self.store.read()?)
    }

    /// Takes a frame of the hub; what it gives back is to be sent, and has been made durable.
    ///
    /// # Errors
    /// What the store reports.
    pub fn receive(
        &mut self,
        session: &mut HandheldSession,
        frame: &Frame,
    ) -> Result<(Vec<Frame>, Vec<Event>), StoreError> {
        let identity = Identity {
            hub: &self.hub,
            shop: self.author.shop,
        };
        let mut tx = self.store.write()?;
        let step = session.receive(
            &mut *tx,
            &mut self.replica,
            frame,
            &identity,
            &mut self.entropy,
        )?;
        tx.commit()?;
        let mut replies = step.replies;
        replies.extend(self.offer(session)?);
        Ok((replies, step.events))
    }

    /// What the handheld has to send of its own accord.
    ///
    /// # Errors
    /// What the store reports.
    pub fn offer(&mut self, session: &mut HandheldSession) -> Result<Vec<Frame>, StoreError> {
        let tx = self.store.read()?;
        let mut frames = Vec::new();
        while let Some(push) = session.push(&*tx, &self.key, &self.replica)? {
            frames.push(push);
        }
        frames.extend(session.reads(&*tx)?);
        Ok(frames)
    }

    /// What is accepted here, as one comparable value: the rolled-up state of its scopes.
    ///
    /// # Errors
    /// What the store reports.
    pub fn fingerprint(&self) -> Result<Hash32, StoreError> {
        let tx = self.store.read()?;
        let states = sync_core::protocol::positions(&*tx)?;
        Ok(feed::rollup(
            states.iter().map(|(scope, state)| (*scope, state)),
        ))
    }
}

fn read_card(
    replica: &mut Replica,
    tx: &dyn ReadTx,
    (author, customer): (&Author, CustomerId),
    now: Timestamp,
) -> Result<CardView, StoreError> {
    let visible = replica.visible(tx, author, customer)?;
    let corrections = replica.corrections(tx, author, customer)?;
    Ok(CardView::read(
        &visible,
        &Reading {
            now,
            corrections: &corrections,
        },
    ))
}

/// A connection between one handheld and the hub: two sessions, and the packed frames under way in each direction.
#[derive(Debug)]
pub struct Link {
    handheld: HandheldSession,
    hub: HubSession,
    to_hub: VecDeque<Vec<u8>>,
    to_handheld: VecDeque<Vec<u8>>,
    /// Bytes that went up and down.
    pub bytes: (usize, usize),
    /// Frames that went up and down.
    pub frames: (usize, usize),
    /// What the handheld's app was told.
    pub events: Vec<Event>,
}

impl Link {
    /// Opens a connection; the hello is under way.
    ///
    /// # Errors
    /// What the store reports.
    pub fn open(handheld: &Handheld, hub: &Hub) -> Result<Self, StoreError> {
        let session = HandheldSession::default();
        let hello = session.hello(&*handheld.store.read()?)?;
        Ok(Self {
            hub: hub.session(handheld.replica.device(), &handheld.signed_in),
            handheld: session,
            to_hub: VecDeque::from([hello.pack()]),
            to_handheld: VecDeque::new(),
            bytes: (0, 0),
            frames: (0, 0),
            events: Vec::new(),
        })
    }

    /// Whether nothing is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.to_hub.is_empty() && self.to_handheld.is_empty()
    }

    /// Whether the handheld holds that all is exchanged.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.handheld.is_settled()
    }

    /// Delivers one frame to the hub, if one is under way.
    ///
    /// # Errors
    /// What the store reports.
    pub fn deliver_up(&mut self, handheld: &Handheld, hub: &mut Hub) -> Result<bool, StoreError> {
        let Some(bytes) = self.to_hub.pop_front() else {
            return Ok(false);
        };
        self.bytes.0 += bytes.len();
        self.frames.0 += 1;
        let frame = Frame::unpack(&bytes).expect("a frame of our own unpacks");
        let device = handheld.replica.device();
        let replies = hub.receive(&mut self.hub, device, &handheld.signed_in, &frame)?;
        self.to_handheld.extend(replies.iter().map(Frame::pack));
        Ok(true)
    }

    /// Delivers one frame to the handheld, if one is under way.
    ///
    /// # Errors
    /// What the store reports.
    pub fn deliver_down(&mut self, handheld: &mut Handheld) -> Result<bool, StoreError> {
        let Some(bytes) = self.to_handheld.pop_front() else {
            return Ok(false);
        };
        self.bytes.1 += bytes.len();
        self.frames.1 += 1;
        let frame = Frame::unpack(&bytes).expect("a frame of our own unpacks");
        let (replies, events) = handheld.receive(&mut self.handheld, &frame)?;
        self.events.extend(events);
        self.to_hub.extend(replies.iter().map(Frame::pack));
        Ok(true)
    }

    /// Lets both sides send what they have of their own accord: a fresh edit here, a commit by others there.
    ///
    /// # Errors
    /// What the store reports.
    pub fn wake(&mut self, handheld: &mut Handheld, hub: &Hub) -> Result<(), StoreError> {
        let offered = handheld.offer(&mut self.handheld)?;
        self.to_hub.extend(offered.iter().map(Frame::pack));
        let pumped = self.hub.pump(&*hub.store.read()?, &hub.context())?;
        self.to_handheld.extend(pumped.iter().map(Frame::pack));
        Ok(())
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

/// Meets once, completely.
///
/// # Errors
/// What the store reports.
pub fn meet(handheld: &mut Handheld, hub: &mut Hub) -> Result<Link, StoreError> {
    let mut link = Link::open(handheld, hub)?;
    link.run_until_quiet(handheld, hub)?;
    Ok(link)
}

/// The canonical JSON of every accepted document of a customer in a store.
///
/// # Errors
/// What the store reports.
pub fn accepted_json(
    store: &dyn Store,
    customer: CustomerId,
    facets: &[Facet],
) -> Result<BTreeMap<Facet, String>, StoreError> {
    let tx = store.read()?;
    let mut found = BTreeMap::new();
    for facet in facets {
        let document = facet.document(customer);
        let Some(row) = sync_core::documents::row(&*tx, document)? else {
            continue;
        };
        let state = sync_core::documents::replay(&*tx, document)?;
        let entries = state.entries().expect("accepted documents are flat");
        let json = sync_core::card::canonical::canonical_json(&entries, &row.corrections());
        found.insert(*facet, json);
    }
    Ok(found)
}
