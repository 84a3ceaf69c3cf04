//! A handheld of a fleet: the replica over a disk in memory, with a key, a clock and the associates signed in on it.

use std::collections::BTreeMap;

use sync_core::access::AccessKind;
use sync_core::card::schema::Role;
use sync_core::card::{CardView, Edit, Reading, Source, Visible};
use sync_core::crypto::{DeviceSigner as _, HubPublicKey, Signature, SoftwareDeviceKey};
use sync_core::entropy::{Entropy, SeededEntropy};
use sync_core::envelope::{self, Sealed};
use sync_core::feed;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, Hash32, SessionId, ShopId, Timestamp};
use sync_core::outbox::{self, Pending};
use sync_core::protocol::FrameTarget;
use sync_core::protocol::frame::Frame;
use sync_core::protocol::handheld::{Event, HandheldSession, Identity};
use sync_core::replica::{Author, EditRequest, RecordError, Recorded, Replica};
use sync_core::store::{Store as _, StoreError};

use super::hub::{Enrolled, Hub, SignIn};
use crate::disk::Disk;

/// A handheld over a disk in memory.
#[derive(Debug)]
pub struct Handheld {
    /// What is on its disk.
    pub store: Disk,
    /// The engine of this opening.
    pub replica: Replica,
    /// Who is signed in and records.
    pub author: Author,
    /// Everybody whose scope this handheld replicates.
    pub signed_in: Vec<AssociateId>,
    /// The sign-in and role of each of them.
    pub sessions: BTreeMap<AssociateId, (SessionId, Role)>,
    /// Its clock.
    pub now: Timestamp,
    /// Randomness of this device.
    pub entropy: SeededEntropy,
    /// How large its frames grow.
    pub frame_target: FrameTarget,
    /// What the engine drew its actor from, to draw it again (planted faults alone).
    opening: [u8; 32],
    key: SoftwareDeviceKey,
    hub: HubPublicKey,
}

/// Bytes that were drawn before.
struct Again([u8; 32]);

impl Entropy for Again {
    fn fill(&mut self, bytes: &mut [u8]) {
        for (to, from) in bytes.iter_mut().zip(self.0.iter().cycle()) {
            *to = *from;
        }
    }
}

impl Handheld {
    /// Enrols a handheld in the hub's first shop and signs an associate in.
    pub fn enrol(hub: &mut Hub, number: u8, associate: AssociateId, seed: u64) -> Self {
        let shop = hub.shop();
        Self::enrol_in(hub, shop, (number, associate), seed)
    }

    /// Enrols a handheld in a shop and signs an associate in.
    pub fn enrol_in(
        hub: &mut Hub,
        shop: ShopId,
        (number, associate): (u8, AssociateId),
        seed: u64,
    ) -> Self {
        let mut entropy = SeededEntropy::new(seed);
        let device = DeviceId([number; 8]);
        let key = SoftwareDeviceKey::generate(&mut entropy);
        let enrolled = Enrolled {
            key: key.public_key(),
            shop,
        };
        hub.devices.insert(device, enrolled);
        let author = Author {
            associate,
            session: SessionId::random(&mut entropy),
            shop,
            role: Role::Associate,
        };
        let (replica, opening) = open(device, &mut entropy);
        let mut handheld = Self {
            store: Disk::default(),
            replica,
            author,
            signed_in: Vec::new(),
            sessions: BTreeMap::new(),
            now: hub.now(),
            entropy,
            frame_target: hub.frame_target,
            opening,
            key,
            hub: hub.public_key(),
        };
        handheld.sign_in(hub, associate);
        handheld
    }

    /// A second handheld with a copy of this one's disk and key, which draws other randomness.
    #[must_use]
    pub fn duplicate(&self, seed: u64, keeps_actor: bool) -> Self {
        let mut entropy = SeededEntropy::new(seed);
        let (mut replica, mut opening) = open(self.replica.device(), &mut entropy);
        if keeps_actor {
            opening = self.opening;
            replica = Replica::open(self.replica.device(), &mut Again(opening));
        }
        Self {
            store: self.store.duplicate(),
            replica,
            author: self.author,
            signed_in: self.signed_in.clone(),
            sessions: self.sessions.clone(),
            now: self.now,
            entropy,
            frame_target: self.frame_target,
            opening,
            key: SoftwareDeviceKey::from_bytes(&self.key.to_bytes())
                .expect("the key of a handheld is a key"),
            hub: self.hub,
        }
    }

    /// Signs an associate in (with a network) and makes them the one who records.
    pub fn sign_in(&mut self, hub: &mut Hub, associate: AssociateId) {
        let session = SessionId::random(&mut self.entropy);
        let device = self.replica.device();
        hub.people
            .sign_ins
            .insert(session, SignIn { associate, device });
        self.sessions
            .insert(associate, (session, hub.people.role(associate)));
        if !self.signed_in.contains(&associate) {
            self.signed_in.push(associate);
        }
        self.switch_to(associate);
    }

    /// Makes an associate who is signed in the one who records; needs no network. False when they are not signed in.
    pub fn switch_to(&mut self, associate: AssociateId) -> bool {
        let Some((session, role)) = self.sessions.get(&associate).copied() else {
            return false;
        };
        self.author.associate = associate;
        self.author.session = session;
        self.author.role = role;
        self.replica.close_documents();
        true
    }

    /// Signs an associate out; somebody else must be signed in to go on. What they recorded stays in the outbox.
    pub fn sign_out(&mut self, associate: AssociateId) {
        if self.signed_in.len() < 2 {
            return;
        }
        self.signed_in.retain(|signed_in| *signed_in != associate);
        self.sessions.remove(&associate);
        if self.author.associate == associate
            && let Some(next) = self.signed_in.first().copied()
        {
            self.switch_to(next);
        }
    }

    /// Starts the app again on what the disk holds: a new opening, a new actor.
    pub fn reopen(&mut self) {
        (self.replica, self.opening) = open(self.replica.device(), &mut self.entropy);
    }

    /// Records an edit, durably.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was recorded.
    pub fn record(&mut self, customer: CustomerId, edit: &Edit) -> Result<Recorded, RecordError> {
        self.record_from(customer, edit, Source::Stated)
    }

    /// Records an edit with where it comes from, durably.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was recorded.
    pub fn record_from(
        &mut self,
        customer: CustomerId,
        edit: &Edit,
        source: Source,
    ) -> Result<Recorded, RecordError> {
        let mut tx = self.store.write()?;
        let request = EditRequest {
            customer,
            edit,
            source,
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
        let visible = self.replica.visible(tx.as_read(), &self.author, customer)?;
        let corrections = self
            .replica
            .corrections(tx.as_read(), &self.author, customer)?;
        let reading = Reading {
            now: self.now,
            corrections: &corrections,
        };
        let view = CardView::read(&visible, &reading);
        tx.commit()?;
        Ok(view)
    }

    /// What whoever is signed in sees of a customer.
    ///
    /// # Errors
    /// What the store reports.
    pub fn visible(&mut self, customer: CustomerId) -> Result<Visible, StoreError> {
        let tx = self.store.read()?;
        self.replica.visible(&*tx, &self.author, customer)
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

    /// This device's signature over a push of these entries, whatever they say.
    #[must_use]
    pub fn sign(&self, entries: &[Sealed]) -> Signature {
        let leaves: Vec<_> = entries
            .iter()
            .map(|sealed| sealed.envelope.leaf())
            .collect();
        envelope::sign_push(&self.key, self.replica.device(), &leaves)
            .expect("a key in memory never refuses")
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

fn open(device: DeviceId, entropy: &mut SeededEntropy) -> (Replica, [u8; 32]) {
    let mut opening = [0; 32];
    entropy.fill(&mut opening);
    (Replica::open(device, &mut Again(opening)), opening)
}
