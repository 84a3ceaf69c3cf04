//! A hub in this process, on a thread of its own, with a port of the machine's choice.

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use carnet_ffi::clock::ManualClock;
use carnet_ffi::entropy::SharedEntropy;
use carnet_ffi::{Book, BookOptions};
use server::book::Book as HubBook;
use server::config::{Config, IdentityConfig, ListenConfig};
use server::duplicates::Keeper;
use server::identity::Identity;
use server::identity::access::Role;
use server::identity::people::NewAssociate;
use server::keys::Keystore;
use server::secret::Secret;
use sync_core::crypto::HubKey;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, DeviceId, ShopId};
use sync_core::notices::NoticeDraft;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// A running hub.
pub(crate) struct Hub {
    /// Where it is.
    pub(crate) url: String,
    /// Who works where.
    pub(crate) identity: Arc<Identity>,
    book: Arc<HubBook>,
    keys: Arc<Keystore>,
    folder: Arc<tempfile::TempDir>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    shop: ShopId,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    asking: Runtime,
}

impl Hub {
    /// Starts a hub in a fresh folder.
    pub(crate) fn start() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::start_at(
            folder,
            ListenConfig::for_testing(),
            IdentityConfig::for_testing(),
        )
    }

    /// Starts a hub whose sign-ins lapse at once.
    pub(crate) fn start_hasty() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let identity = IdentityConfig {
            refresh_idle_ms: 0,
            ..IdentityConfig::for_testing()
        };
        Self::start_at(folder, ListenConfig::for_testing(), identity)
    }

    /// Starts a hub that handhelds reach by `way` alone.
    pub(crate) fn start_behind(way: String) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let listen = ListenConfig {
            public_url: Some(way),
            ..ListenConfig::for_testing()
        };
        Self::start_at(folder, listen, IdentityConfig::for_testing())
    }

    /// Starts it again where it was, on the same port.
    pub(crate) fn start_again(mut self) -> Self {
        self.end();
        let listen = ListenConfig {
            address: self.address,
            ..ListenConfig::for_testing()
        };
        let folder = Arc::clone(&self.folder);
        Self::start_at(folder, listen, IdentityConfig::for_testing())
    }

    fn start_at(
        folder: Arc<tempfile::TempDir>,
        listen: ListenConfig,
        identity: IdentityConfig,
    ) -> Self {
        let (told, ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let data = folder.path().join("hub");
        let config = Config {
            listen,
            identity,
            ..Config::for_testing(data)
        };
        let thread = std::thread::spawn(move || serve(&config, &told, stopped));
        let (address, url, identity, book, keys) = ready.recv().unwrap();
        let shop = identity.directory().shops.keys().next().copied().unwrap();
        Self {
            url,
            identity,
            book,
            keys,
            folder,
            address,
            shop,
            stop: Some(stop),
            thread: Some(thread),
            asking: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    /// A shop's associate, whose password is [`password`].
    pub(crate) fn associate(&self, login: &str) -> AssociateId {
        self.person(login, Role::Associate, self.shop)
    }

    /// A shop's manager, whose password is [`password`].
    pub(crate) fn manager(&self, login: &str) -> AssociateId {
        self.person(login, Role::Manager, self.shop)
    }

    /// Another shop of the chain, and a handheld in it with an associate of it signed in.
    pub(crate) fn handheld_elsewhere(&self, login: &str) -> Arc<Book> {
        let added = self.identity.add_shop("Second", "Asia/Tokyo");
        let shop = self.asking.block_on(added).unwrap();
        self.person(login, Role::Associate, shop);
        self.enter(self.open(login), login, &self.code_of(shop))
    }

    /// Brings the index of phone numbers and addresses up to date, as the hub does once a minute.
    pub(crate) fn index_endpoints(&self) {
        let keeper = Keeper::new(Arc::clone(&self.book), self.keys.chain_key());
        let keeper = Arc::new(keeper);
        self.asking.block_on(keeper.catch_up()).unwrap();
    }

    fn person(&self, login: &str, role: Role, shop: ShopId) -> AssociateId {
        let new = NewAssociate {
            login: login.to_owned(),
            name: login.to_owned(),
            role,
            shop,
            chain: false,
            password: Secret::new(password(login)),
        };
        self.asking
            .block_on(self.identity.add_associate(new))
            .unwrap()
    }

    /// What it signs with.
    pub(crate) fn key(&self) -> HubKey {
        self.keys.hub_key()
    }

    /// Posts what another system knows.
    pub(crate) fn post(&self, draft: NoticeDraft) {
        let posted = self.book.put_notices(vec![draft]);
        assert_eq!(self.asking.block_on(posted).unwrap(), 1);
    }

    /// The hub's own book.
    pub(crate) fn book(&self) -> &HubBook {
        &self.book
    }

    /// The shop of every handheld.
    pub(crate) fn shop(&self) -> ShopId {
        self.shop
    }

    /// Waits for something that the hub does.
    pub(crate) fn wait<T>(&self, doing: impl Future<Output = T>) -> T {
        self.asking.block_on(doing)
    }

    /// A one-time code.
    pub(crate) fn code(&self) -> String {
        self.code_of(self.shop)
    }

    fn code_of(&self, shop: ShopId) -> String {
        let asked = self.identity.make_enrolment_code(shop, self.issuer());
        self.asking.block_on(asked).unwrap().typed
    }

    /// Somebody who can issue codes: ids made within one millisecond have no order, so whoever comes first may be the one who has left.
    fn issuer(&self) -> AssociateId {
        let directory = self.identity.directory();
        let mut everybody = directory.associates.iter();
        let present = everybody.find(|(_, row)| row.deactivated_at.is_none());
        *present.unwrap().0
    }

    /// Ends everything of a handheld.
    pub(crate) fn revoke(&self, device: DeviceId) {
        let subject = server::identity::people::Subject::Device(device);
        self.asking
            .block_on(self.identity.deactivate(subject))
            .unwrap();
    }

    /// Ends everything of an associate.
    pub(crate) fn deactivate(&self, associate: AssociateId) {
        let subject = server::identity::people::Subject::Associate(associate);
        self.asking
            .block_on(self.identity.deactivate(subject))
            .unwrap();
    }

    /// A handheld with somebody signed in.
    pub(crate) fn handheld(&self, name: &str) -> Arc<Book> {
        self.enter(self.open(name), name, &self.code())
    }

    fn enter(&self, book: Arc<Book>, name: &str, code: &str) -> Arc<Book> {
        book.enrol(self.url.clone(), code.to_owned(), name.to_owned())
            .unwrap();
        book.sign_in(name.to_owned(), password(name)).unwrap();
        book
    }

    /// A handheld whose clock is moved by hand, with somebody signed in.
    pub(crate) fn handheld_at(&self, name: &str, clock: &Arc<ManualClock>) -> Arc<Book> {
        let path = self.folder.path().join(format!("book-{name}"));
        let entropy = SharedEntropy::new(SeededEntropy::new(1));
        let book = Book::open_injected(
            path.to_str().unwrap(),
            vec![7; 32],
            BookOptions::default(),
            (Arc::clone(clock) as _, entropy),
        );
        self.enter(book.unwrap(), name, &self.code())
    }

    /// Opens the book of a handheld, as the app does when it starts.
    pub(crate) fn open(&self, name: &str) -> Arc<Book> {
        let path = self.folder.path().join(format!("book-{name}"));
        let path = path.to_str().unwrap().to_owned();
        Book::open(path, vec![7; 32], BookOptions::default()).unwrap()
    }

    /// Stops the hub, with what is under way finished.
    pub(crate) fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The hub may have ended by itself, which the thread then tells.
            let _gone = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.end();
    }
}

/// An associate's password: different for each, and without their name in it.
pub(crate) fn password(login: &str) -> String {
    let number: u32 = login.bytes().map(u32::from).sum();
    format!("opens-the-shop-{number}")
}

type Told = (
    SocketAddr,
    String,
    Arc<Identity>,
    Arc<HubBook>,
    Arc<Keystore>,
);

fn serve(config: &Config, told: &mpsc::Sender<Told>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let store = server::data::open_store(&config.data.folder, true).unwrap();
    let serving = server::serve(
        config,
        Arc::new(store),
        |ready| {
            let identity = Arc::clone(&ready.state.identity);
            let book = Arc::clone(&ready.state.book);
            let keys = Arc::clone(&ready.state.keys);
            told.send((ready.address, ready.url.to_owned(), identity, book, keys))
                .unwrap();
        },
        async move {
            let _asked = stopped.await;
        },
    );
    runtime.block_on(serving).unwrap();
}
