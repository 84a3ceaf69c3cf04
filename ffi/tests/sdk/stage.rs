//! What the tests of the SDK share: books on disk, a hub of the fleet, and the frames between them.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use carnet_ffi::clock::ManualClock;
use carnet_ffi::entropy::SharedEntropy;
use carnet_ffi::{Book, BookError, BookOptions, NamePartText};
use simulator::fleet::{Enrolled, Hub, SignIn as HubSignIn};
use sync_core::card::terms::NamePart;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, SessionId, ShopId, Timestamp};
use sync_core::protocol::frame::Frame;
use sync_core::replica::account::{Enrolment, SignIn};

/// The shop of the stage.
pub(crate) const SHOP: ShopId = ShopId([1; 8]);
/// An associate.
pub(crate) const ANA: AssociateId = AssociateId([0xa; 8]);
/// Another.
pub(crate) const BEN: AssociateId = AssociateId([0xb; 8]);
/// When it plays.
pub(crate) const NOON: Timestamp = Timestamp(1_790_000_000_000);
/// The key of every book.
pub(crate) const KEY: [u8; 32] = [7; 32];

/// A hub, and a folder for books.
pub(crate) struct Stage {
    /// The hub.
    pub(crate) hub: Hub,
    /// Where books are.
    pub(crate) folder: tempfile::TempDir,
}

/// A book with what moves it.
pub(crate) struct Actor {
    /// The book.
    pub(crate) book: Arc<Book>,
    /// Its clock.
    pub(crate) clock: Arc<ManualClock>,
    /// Its device.
    pub(crate) device: DeviceId,
    /// Its file.
    pub(crate) path: PathBuf,
    /// Who is signed in.
    pub(crate) signed_in: Vec<AssociateId>,
}

impl Stage {
    /// An empty hub.
    pub(crate) fn new() -> Self {
        Self {
            hub: Hub::new(SHOP, NOON, &mut SeededEntropy::new(1)),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A book on disk that nobody has enrolled.
    pub(crate) fn blank(&self, number: u8) -> Actor {
        let path = self.folder.path().join(format!("book-{number}"));
        let clock = Arc::new(ManualClock::new(NOON));
        let book = reopened(&path, &clock, number).unwrap();
        let device = DeviceId([number; 8]);
        Actor {
            book,
            clock,
            device,
            path,
            signed_in: Vec::new(),
        }
    }

    /// A book with an associate signed in.
    pub(crate) fn enrolled(&mut self, number: u8, associate: AssociateId) -> Actor {
        let mut actor = self.blank(number);
        let key = actor.book.device_key().unwrap();
        self.hub
            .devices
            .insert(actor.device, Enrolled { key, shop: SHOP });
        let enrolment = Enrolment {
            device: actor.device,
            shop: SHOP,
            hub_key: self.hub.public_key().to_bytes().into(),
            hub_url: "http://localhost:1".to_owned(),
            label: format!("handheld {number}"),
            attested: false,
            lease_hours: 72,
        };
        actor.book.take_up(enrolment).unwrap();
        self.sign_in(&mut actor, associate);
        actor
    }

    /// Signs another associate in.
    pub(crate) fn sign_in(&mut self, actor: &mut Actor, associate: AssociateId) {
        let sign_in = self.signing_in(actor, associate);
        actor.book.take_up_sign_in(sign_in).unwrap();
    }

    /// Signs another associate in, who types `password`.
    pub(crate) fn sign_in_with(
        &mut self,
        actor: &mut Actor,
        associate: AssociateId,
        password: &str,
    ) {
        let sign_in = self.signing_in(actor, associate);
        actor.book.take_up_sign_in_with(sign_in, password).unwrap();
    }

    fn signing_in(&mut self, actor: &mut Actor, associate: AssociateId) -> SignIn {
        let session = SessionId([associate.0[0] ^ actor.device.0[0]; 8]);
        let device = actor.device;
        self.hub
            .people
            .sign_ins
            .insert(session, HubSignIn { associate, device });
        actor.signed_in.push(associate);
        SignIn {
            associate,
            name: "Somebody".to_owned(),
            is_manager: false,
            session,
            refresh_token: Some("token".to_owned()),
            confirmed_at: NOON,
            has_lapsed: false,
            expires_at: NOON.plus_ms(Timestamp::DAY_MS),
        }
    }

    /// Carries frames between a book and the hub until neither has more to say.
    pub(crate) fn meet(&mut self, actor: &Actor) {
        let mut up = VecDeque::from(actor.book.session_open().unwrap());
        let mut session = self.hub.session(actor.device, &actor.signed_in);
        while let Some(bytes) = up.pop_front() {
            let frame = Frame::unpack(&bytes).unwrap();
            let answers = self
                .hub
                .receive(&mut session, actor.device, &actor.signed_in, &frame)
                .unwrap();
            for answer in answers {
                up.extend(actor.book.session_receive(answer.pack()).unwrap());
            }
        }
        assert!(actor.book.session_is_settled().unwrap());
        actor.book.session_end();
    }
}

impl Actor {
    /// Begins a card.
    pub(crate) fn create(&self, given: &str) -> CustomerId {
        let name = vec![NamePartText {
            part: NamePart::Given,
            text: given.to_owned(),
        }];
        self.book.create_customer(name, Vec::new(), None).unwrap()
    }
}

/// The book at a path, opened again.
pub(crate) fn reopened(
    path: &std::path::Path,
    clock: &Arc<ManualClock>,
    seed: u8,
) -> Result<Arc<Book>, BookError> {
    let entropy = SharedEntropy::new(SeededEntropy::new(seed.into()));
    Book::open_injected(
        path.to_str().unwrap(),
        KEY.to_vec(),
        BookOptions::default(),
        (Arc::clone(clock) as _, entropy),
    )
}
