//! Claims about small events on the hub.

mod guard;
mod told;

use std::sync::Arc;

use sync_core::authority::{HubAuthor, HubEdit};
use sync_core::card::edit::Evidence;
use sync_core::card::edit::{EndpointInput, InvitationInput, SuggestionInput};
use sync_core::card::schema::Role;
use sync_core::card::terms::{
    Channel, ConsentEvent, ConsentMethod, EndpointKind, InvitationState, NamePart, Polarity,
    Purpose, Sentiment, SuggestionState,
};
use sync_core::card::{Edit, Source};
use sync_core::concierge::guests::{Bar, ReasonKind};
use sync_core::ids::SessionId;
use sync_core::notices::bodies::ShopBody;

use super::after::{heard, set_attendance};
use super::*;
use crate::book::BookParts;
use crate::testing::TestHub;

/// Everybody is of the rest.
#[derive(Debug, Clone, Copy, Default)]
struct NoCohort;

impl Cohort for NoCohort {
    fn is_best(&self, _: &dyn ReadTx, _: CustomerId) -> Result<bool, StoreError> {
        Ok(false)
    }
}

fn told_of(world: &World, id: &str) -> EventBody {
    let tx = world.book.store().read().unwrap();
    event(&*tx, world.hub.shop, id).unwrap().event
}

struct World {
    hub: TestHub,
    book: Arc<Book>,
}

impl World {
    async fn new() -> Self {
        let hub = TestHub::start().await;
        let book = Book::open(BookParts {
            store: hub.store.clone(),
            writer: hub.writer.clone(),
            key: Arc::new(hub.keys.hub_key()),
            clock: hub.clock.clone(),
            entropy: hub.entropy.clone(),
        });
        let book = Arc::new(book.unwrap());
        // Two hours ahead of UTC: it is ten in the morning.
        let shop = ShopBody {
            name: "Rive".to_owned(),
            clock: vec![(Timestamp(0), 120)],
            currency: None,
        };
        let (key, said) = (hub.shop.to_string(), ("test", book.now()));
        let clock = NoticeDraft::new(Subject::Chain, key, said, &shop);
        book.put_notices(vec![clock]).await.unwrap();
        Self { hub, book }
    }

    async fn record(&self, customer: CustomerId, edits: Vec<Edit>) {
        let author = HubAuthor {
            associate: self.hub.manager,
            session: SessionId([0; 8]),
            shop: self.hub.shop,
            role: Role::Manager,
        };
        let edits = edits
            .into_iter()
            .map(|edit| HubEdit {
                id: self.hub.entropy.with(EditId::random),
                edit,
                source: Source::Stated,
                as_of: None,
            })
            .collect();
        self.book.record(author, customer, edits).await.unwrap();
    }

    async fn customer(&self, name: &str, likes: &[&str], agrees: bool) -> CustomerId {
        let customer = self.hub.entropy.with(CustomerId::random);
        let mut edits = vec![Edit::CreateCustomer {
            name: BTreeMap::from([(NamePart::Given, name.to_owned())]),
            language: None,
            endpoints: vec![EndpointInput {
                kind: EndpointKind::Email,
                value: format!("{}@example.org", name.to_lowercase()),
            }],
            since: None,
        }];
        for subject in likes {
            edits.push(Edit::SetPreference {
                kind: "interest".to_owned(),
                subject: (*subject).to_owned(),
                value: None,
                polarity: Polarity::Like,
            });
        }
        if agrees {
            edits.push(Edit::RecordConsent {
                channel: Some(Channel::Email),
                purposes: vec![Purpose::Event],
                event: ConsentEvent::Grant,
                evidence: Some(Evidence {
                    text_version: "1".to_owned(),
                    method: ConsentMethod::Signature,
                    reference: None,
                }),
            });
        }
        self.record(customer, edits).await;
        customer
    }

    async fn evening(&self, capacity: Option<u32>) -> Result<EventView, WriteError<EventError>> {
        let new = NewEvent {
            name: "An evening at the opera".to_owned(),
            themes: vec!["Opera".to_owned(), "opera ".to_owned()],
            capacity,
            hosts: vec![self.hub.manager],
            begins_at: self.book.now().plus_ms(10 * Timestamp::DAY_MS),
        };
        create(&self.book, self.hub.shop, new).await
    }

    fn asked<'a>(&self, cohort: &'a dyn Cohort) -> Asked<'a> {
        Asked {
            cohort,
            now: self.book.now(),
        }
    }
}

struct Best(BTreeSet<CustomerId>);

impl Cohort for Best {
    fn is_best(&self, _: &dyn ReadTx, customer: CustomerId) -> Result<bool, StoreError> {
        Ok(self.0.contains(&customer))
    }
}

#[tokio::test]
async fn a_proposal_comes_from_the_cards_and_changes_nothing() {
    let world = World::new().await;
    let fan = world.customer("Ines", &["Opera"], true).await;
    let best = world.customer("Otto", &[], true).await;
    let silent = world.customer("Lea", &["opera"], false).await;
    let evening = world.evening(Some(2)).await.unwrap();
    assert_eq!(evening.event.themes, ["opera"]);
    let place = (world.hub.shop, evening.id.as_str());
    let cohort = Best(BTreeSet::from([best]));
    let proposal = propose(&world.book, place, &world.asked(&cohort)).unwrap();
    let guests: Vec<_> = proposal
        .guests
        .iter()
        .map(|guest| (guest.customer, guest.score))
        .collect();
    assert_eq!(guests, [(fan, 5), (best, 2)]);
    assert_eq!(proposal.guests[0].reasons[0].kind, ReasonKind::Theme);
    assert_eq!(
        proposal.guests[0].reasons[0].sources.len(),
        1,
        "the edit it rests on"
    );
    let no_consent = Bar::Guard {
        reason: "no_consent".to_owned(),
    };
    assert_eq!(proposal.barred, BTreeMap::from([(silent, no_consent)]));
    let text = serde_json::to_string(&proposal).unwrap();
    assert!(
        !text.contains("rest\":") && !text.contains("best"),
        "no side of the cohort: {text}"
    );
    let after = event(
        &*world.book.store().read().unwrap(),
        world.hub.shop,
        &evening.id,
    );
    assert_eq!(after.unwrap(), evening);
}

#[tokio::test]
async fn the_host_s_list_is_kept_in_its_order_and_remarked_on() {
    let world = World::new().await;
    let fan = world.customer("Ines", &["opera"], true).await;
    let silent = world.customer("Lea", &[], false).await;
    let evening = world.evening(None).await.unwrap();
    assert_eq!(evening.event.capacity, 20);
    let id = evening.id.clone();
    let place = || (world.hub.shop, id.clone());
    let host = Some(world.hub.manager);
    let seats = vec![
        Seat {
            customer: silent,
            host,
        },
        Seat {
            customer: fan,
            host,
        },
    ];
    let listed = set_guests(&world.book, place(), seats.clone())
        .await
        .unwrap();
    let order: Vec<_> = listed.guests.iter().map(|guest| guest.customer).collect();
    assert_eq!(order, [silent, fan]);
    let remarks = review(&world.book, (world.hub.shop, &id), &world.asked(&NoCohort)).unwrap();
    let why = Bar::Guard {
        reason: "no_consent".to_owned(),
    };
    assert_eq!(
        remarks,
        [Remark::Barred {
            customer: silent,
            why
        }]
    );
    {
        let tx = world.book.store().read().unwrap();
        let listed = |id: &str, who| is_listed(&*tx, (world.hub.shop, id), &[who]).unwrap();
        assert!(listed(&id, fan));
        assert!(!listed(&id, CustomerId([9; 16])) && !listed("x", fan));
    }
    let twice = vec![seats[0], seats[0]];
    assert!(set_guests(&world.book, place(), twice).await.is_err());
    let stranger = vec![Seat {
        customer: CustomerId([9; 16]),
        host,
    }];
    assert!(set_guests(&world.book, place(), stranger).await.is_err());
    let kept = event(&*world.book.store().read().unwrap(), world.hub.shop, &id).unwrap();
    assert_eq!(kept, listed, "what was refused changed nothing");
}

fn reaction(sku: &str, interaction: Option<EditId>) -> Edit {
    Edit::RecordReaction {
        interaction,
        sku: sku.to_owned(),
        sentiment: Sentiment::Loved,
        words: None,
    }
}

#[tokio::test]
async fn who_came_is_to_be_heard() {
    let world = World::new().await;
    let (fan, otto) = (
        world.customer("Ines", &["opera"], true).await,
        world.customer("Otto", &[], true).await,
    );
    let evening = world.evening(None).await.unwrap();
    let id = evening.id.clone();
    let place = || (world.hub.shop, id.clone());
    let seats = [fan, otto].map(|customer| Seat {
        customer,
        host: None,
    });
    set_guests(&world.book, place(), seats.to_vec())
        .await
        .unwrap();
    let stranger = BTreeSet::from([CustomerId([9; 16])]);
    assert!(
        set_attendance(&world.book, place(), stranger)
            .await
            .is_err()
    );
    set_attendance(&world.book, place(), BTreeSet::from([fan, otto]))
        .await
        .unwrap();
    let told = || heard(&world.book, world.hub.shop, &id).unwrap().1;
    assert_eq!((told().heard_rate_bp, told().due.len()), (Some(0), 2));
    let hosts_of = |guest| {
        let tx = world.book.store().read().unwrap();
        let told = notices::get::<EventBody>(&*tx, Subject::Customer(guest), &id).unwrap();
        told.map(|(_, event)| event.hosts)
    };
    let host = told_of(&world, &id).hosts;
    assert_eq!(
        hosts_of(fan),
        Some(host.clone()),
        "told to the card's handhelds"
    );
    for (came, expected) in [(vec![fan], None), (vec![fan, otto], Some(host.clone()))] {
        let came = came.into_iter().collect();
        set_attendance(&world.book, place(), came).await.unwrap();
        assert_eq!(hosts_of(otto), expected, "and taken back");
    }
    world.record(otto, vec![reaction("A1", None)]).await;
    assert_eq!(told().heard_rate_bp, Some(0), "that was before the event");
    world.hub.clock.advance_ms(11 * Timestamp::DAY_MS);
    world.record(fan, vec![reaction("A1", None)]).await;
    assert_eq!(
        (told().heard_rate_bp, told().due),
        (Some(5_000), BTreeSet::from([otto]))
    );
    world.hub.clock.advance_ms(20 * Timestamp::DAY_MS);
    world.record(otto, vec![reaction("A2", None)]).await;
    assert_eq!(
        told().heard_rate_bp,
        Some(5_000),
        "that is about a later visit"
    );
    // The host's list moves on; who came stays noted.
    set_guests(&world.book, place(), vec![seats[0]])
        .await
        .unwrap();
    assert_eq!(told().attended, BTreeSet::from([fan]));
}

#[tokio::test]
async fn a_card_alone_says_who_came_what_they_thought_and_what_they_suggest() {
    let world = World::new().await;
    let fan = world.customer("Ines", &["opera"], true).await;
    let otto = world.customer("Otto", &[], true).await;
    let evening = world.evening(None).await.unwrap();
    let place = (world.hub.shop, evening.id.clone());
    let seats = [fan, otto].map(|customer| Seat {
        customer,
        host: None,
    });
    let list = set_guests(&world.book, place, seats.to_vec());
    list.await.unwrap();
    world.hub.clock.advance_ms(40 * Timestamp::DAY_MS);
    let state = |state| {
        Edit::SetInvitation(InvitationInput {
            event: evening.id.clone(),
            state,
        })
    };
    world
        .record(otto, vec![state(InvitationState::Accepted)])
        .await;
    let told = || heard(&world.book, world.hub.shop, &evening.id).unwrap();
    assert_eq!(told().1.heard_rate_bp, None, "to say yes is not to come");
    // What a handheld that was offline for a month says of that evening names it.
    let named = evening.id.parse().ok();
    let suggestion = Edit::AddSuggestion(SuggestionInput {
        what: "Softer chairs".to_owned(),
        sku: Some(evening.id.clone()),
    });
    let said = vec![
        state(InvitationState::Attended),
        reaction("A1", named),
        suggestion,
    ];
    world.record(fan, said).await;
    let (view, feedback) = told();
    let came: Vec<bool> = view.guests.iter().map(|guest| guest.attended).collect();
    assert_eq!(came, [true, false]);
    assert_eq!(feedback.heard_rate_bp, Some(10_000));
    let [suggested] = feedback.suggestions[..] else {
        panic!("{feedback:?}")
    };
    assert_eq!(
        (suggested.customer, suggested.state),
        (fan, SuggestionState::Open)
    );
    let answer = Edit::AnswerSuggestion {
        suggestion: suggested.suggestion,
        answer: "They come in May.".to_owned(),
    };
    world.record(fan, vec![answer]).await;
    assert_eq!(
        told().1.suggestions[0].state,
        SuggestionState::Answered,
        "it is in the loop of suggestions"
    );
}

#[tokio::test]
async fn an_event_that_is_too_large_or_over_is_refused_with_what_to_do() {
    let world = World::new().await;
    for capacity in [0, 25] {
        let refused = world.evening(Some(capacity)).await.unwrap_err();
        let WriteError::Job(error) = refused else {
            panic!("{refused:?}")
        };
        assert!(error.to_string().contains("1 to 24"), "{error}");
    }
    let past = NewEvent {
        name: "x".to_owned(),
        themes: Vec::new(),
        capacity: None,
        hosts: Vec::new(),
        begins_at: Timestamp(1),
    };
    assert!(create(&world.book, world.hub.shop, past).await.is_err());
}
