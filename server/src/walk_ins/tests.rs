//! Claims about walk-ins.

use std::sync::Arc;

use sync_core::authority::{AuthorityError, HubAuthor, HubEdit};
use sync_core::card::edit::Evidence;
use sync_core::card::schema::Role as Writes;
use sync_core::card::terms::{ConsentEvent, ConsentMethod, NamePart, Place};
use sync_core::card::{Edit, Source};
use sync_core::ids::{EditId, SessionId};

use super::*;
use crate::book::BookParts;
use crate::identity::access::Role;
use crate::testing::TestHub;

struct World {
    hub: TestHub,
    book: Arc<Book>,
    elsewhere: ShopId,
    otto: AssociateId,
    ana: AssociateId,
}

impl World {
    async fn new() -> Self {
        let hub = TestHub::start().await;
        let elsewhere = hub.identity.add_shop("Second", "Asia/Tokyo").await.unwrap();
        let otto = hub.add("otto", Role::Associate, elsewhere).await;
        let ana = hub.add("ana", Role::Associate, hub.shop).await;
        let book = Book::open(BookParts {
            store: hub.store.clone(),
            writer: hub.writer.clone(),
            key: Arc::new(hub.keys.hub_key()),
            clock: hub.clock.clone(),
            entropy: hub.entropy.clone(),
        });
        Self {
            book: Arc::new(book.unwrap()),
            hub,
            elsewhere,
            otto,
            ana,
        }
    }

    async fn record(&self, customer: CustomerId, by: (AssociateId, ShopId), edit: Edit) {
        let author = HubAuthor {
            associate: by.0,
            session: SessionId([0; 8]),
            shop: by.1,
            role: Writes::Associate,
        };
        let edit = HubEdit {
            id: self.hub.entropy.with(EditId::random),
            edit,
            source: Source::Stated,
            as_of: None,
        };
        self.book
            .record(author, customer, vec![edit])
            .await
            .unwrap();
    }

    /// A customer of the first shop.
    async fn ines(&self, agrees: bool) -> CustomerId {
        let customer = self.hub.entropy.with(CustomerId::random);
        let create = Edit::CreateCustomer {
            name: BTreeMap::from([(NamePart::Given, "Ines".to_owned())]),
            language: None,
            endpoints: Vec::new(),
            since: None,
        };
        let ana = (self.ana, self.hub.shop);
        self.record(customer, ana, create).await;
        if agrees {
            let consent = Edit::RecordConsent {
                channel: None,
                purposes: vec![Purpose::Chain],
                event: ConsentEvent::Grant,
                evidence: Some(Evidence {
                    text_version: "1".to_owned(),
                    method: ConsentMethod::Signature,
                    reference: None,
                }),
            };
            self.record(customer, ana, consent).await;
        }
        customer
    }

    async fn let_in(&self, customer: CustomerId) -> Result<LetIn, WriteError<WalkInError>> {
        let at = (self.elsewhere, self.otto);
        let_in(&self.book, customer, at, self.book.now()).await
    }

    fn is_in(&self, customer: CustomerId) -> bool {
        let tx = self.book.store().read().unwrap();
        let scopes = documents::scopes(&*tx, Facet::Card.document(customer)).unwrap();
        scopes.contains(&Scope::Book(self.elsewhere))
    }

    async fn a_day_later(&self) -> u64 {
        end_days(&self.book, self.book.now().plus_ms(Timestamp::DAY_MS))
            .await
            .unwrap()
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, WriteError<WalkInError>>) -> String {
    match outcome {
        Err(WriteError::Job(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_agreed_comes_in_for_the_day_and_is_forgotten_after_it() {
    let world = World::new().await;
    let ines = world.ines(true).await;
    let first = world.let_in(ines).await.unwrap();
    let until = first.until.expect("for the day");
    let now = world.book.now();
    assert!(now < until && until <= now.plus_ms(Timestamp::DAY_MS));
    assert!(world.is_in(ines));
    assert_eq!(
        world.let_in(ines).await.unwrap(),
        first,
        "asked twice, let in once"
    );
    assert_eq!(
        end_days(&world.book, until.plus_ms(-1)).await.unwrap(),
        0,
        "still the same day"
    );
    assert!(world.is_in(ines));
    assert_eq!(end_days(&world.book, until).await.unwrap(), 1);
    assert!(!world.is_in(ines));
    assert_eq!(world.a_day_later().await, 0, "once");
}

#[tokio::test]
async fn who_did_not_agree_is_a_guest() {
    let world = World::new().await;
    let ines = world.ines(false).await;
    let said = refused(world.let_in(ines).await);
    assert!(
        said.contains("as a guest") && said.contains("consent"),
        "{said}"
    );
    assert!(!world.is_in(ines));
    let nobody = world.let_in(CustomerId([9; 16])).await;
    assert!(refused(nobody).contains("nobody of the chain"));
}

#[tokio::test]
async fn whom_the_shop_got_to_know_stays() {
    let world = World::new().await;
    let (known, seen) = (world.ines(true).await, world.ines(true).await);
    world.let_in(known).await.unwrap();
    world.let_in(seen).await.unwrap();
    let note = |body: &str| Edit::AddNote {
        place: Place::Card,
        body: body.to_owned(),
        title: None,
        label: None,
    };
    world
        .record(known, (world.otto, world.elsewhere), note("bought a hat"))
        .await;
    // Her own shop goes on with her card: that makes her nobody's here.
    world
        .record(seen, (world.ana, world.hub.shop), note("called"))
        .await;
    assert_eq!(world.a_day_later().await, 1);
    assert_eq!((world.is_in(known), world.is_in(seen)), (true, false));
}

#[tokio::test]
async fn who_is_in_the_book_anyway_is_not_put_out_at_night() {
    let world = World::new().await;
    let ines = world.ines(true).await;
    let moved = world.book.write_batch({
        let elsewhere = world.elsewhere;
        move |engine| Ok::<_, AuthorityError>(engine.move_in_book(ines, elsewhere, true)?)
    });
    moved.await.unwrap();
    assert_eq!(world.let_in(ines).await.unwrap().until, None);
    assert_eq!(world.a_day_later().await, 0);
    assert!(world.is_in(ines));
}
