//! What one meeting may cost, may tell and must heal, frame by frame.

use simulator::cast::{ANA, HUB, NOON, SHOP, create, note};
use simulator::fleet::{self, Handheld, Hub, Link};
use simulator::hostile;
use sync_core::card::Facet;
use sync_core::card::terms::Place;
use sync_core::entropy::SeededEntropy;
use sync_core::feed::Chain;
use sync_core::ids::{CustomerId, DocumentId, Hash32};
use sync_core::limits;
use sync_core::protocol::frame::{
    Ack, DocumentHeads, Entries, Fetch, Frame, Heads, Hello, Item, Page, Stop, StopCode,
    WIRE_VERSION, Welcome,
};
use sync_core::protocol::handheld::Event;
use sync_core::protocol::hub::HubSession;
use sync_core::records::{Currency, RecordDraft, RecordKind, Sale, SoldAt};
use sync_core::scope::Scope;
use sync_core::store::{Store as _, StoreError};

const BOOK: Scope = Scope::Book(SHOP);

struct Stage {
    hub: Hub,
    ana: Handheld,
    entropy: SeededEntropy,
}

impl Stage {
    fn new() -> Self {
        let mut entropy = SeededEntropy::new(42);
        let mut hub = Hub::new(SHOP, NOON, &mut entropy);
        let ana = Handheld::enrol(&mut hub, 1, ANA, 1);
        Self { hub, ana, entropy }
    }

    /// A customer whom the hub brings into the book, with a note of `bytes`.
    fn customer(&mut self, given: &str, bytes: usize) -> CustomerId {
        let customer = CustomerId::random(&mut self.entropy);
        let mut edits = vec![create(given)];
        if bytes > 0 {
            edits.push(note(Place::Card, &noise(&mut self.entropy, bytes)));
        }
        self.hub
            .record(&HUB, customer, edits, &mut self.entropy)
            .expect("a name is enough for a card");
        customer
    }

    fn meet(&mut self) -> Link {
        fleet::meet(&mut self.ana, &mut self.hub).expect("the disk holds")
    }

    fn assert_agreed(&mut self) {
        assert_eq!(self.meet().frames, (1, 1), "they agree");
    }
}

/// A session of a handheld that has said hello, agrees, and sends frames of its own making.
fn peer(stage: &Stage) -> HubSession {
    let hello = sync_core::protocol::handheld::HandheldSession::default()
        .hello(&*stage.ana.store.read().expect("a disk in memory holds"))
        .expect("a disk in memory holds");
    let Frame::Hello(hello) = hello else {
        unreachable!("a session begins with a hello");
    };
    let granted = vec![BOOK, Scope::Associate(ANA)];
    let mut session = HubSession::new(stage.ana.replica.device(), granted);
    let tx = stage.hub.store.read().expect("a disk in memory holds");
    session
        .hello(&*tx, &hello, &stage.hub.context())
        .expect("a disk in memory holds");
    assert_eq!(pump(stage, &mut session), []);
    session
}

fn pump(stage: &Stage, session: &mut HubSession) -> Vec<Frame> {
    let tx = stage.hub.store.read().expect("a disk in memory holds");
    session
        .pump(&*tx, &stage.hub.context())
        .expect("a disk in memory holds")
}

/// Everything that comes while each frame is acknowledged, and the largest number of frames that came at once.
fn drain(stage: &Stage, session: &mut HubSession) -> (Vec<Page>, usize) {
    let (mut pages, mut most) = (Vec::new(), 0);
    loop {
        let frames = pump(stage, session);
        if frames.is_empty() {
            return (pages, most);
        }
        let unanswered = frames.iter().filter(|f| matches!(f, Frame::Page(_)));
        most = most.max(unanswered.count());
        for frame in frames {
            assert!(frame.pack().len() <= limits::FRAME_BYTES_MAX);
            if let Frame::Page(page) = frame {
                session.acknowledged(&Ack {
                    scope: page.scope,
                    seq: 0,
                    chain: Chain(Hash32([0; 32])),
                });
                pages.push(page);
            }
        }
    }
}

fn is_protocol_stop(frames: &[Frame]) -> bool {
    let code = StopCode::Protocol;
    matches!(frames, [Frame::Stop(Stop { code: it, .. })] if *it == code)
}

/// Letters that do not compress well.
fn noise(entropy: &mut SeededEntropy, bytes: usize) -> String {
    (0..bytes)
        .filter_map(|_| char::from_u32(0x21 + u32::try_from(entropy.below(90)).ok()?))
        .collect()
}

fn sale() -> RecordDraft {
    RecordDraft {
        kind: RecordKind::Purchase,
        source: "till".to_owned(),
        source_id: "1".to_owned(),
        as_of: NOON,
        sale: Sale {
            shop: Some(SHOP),
            at: SoldAt::Moment(NOON),
            lines: Vec::new(),
            amount_minor: 4_200,
            currency: Currency::EUR,
        },
    }
}

#[test]
fn who_left_the_book_is_not_told_to_a_handheld_with_an_old_position() {
    let mut stage = Stage::new();
    stage.customer("Ada", 0);
    stage.meet();
    let gone = stage.customer("Gone", 0);
    let entropy = &mut SeededEntropy::new(7);
    stage
        .hub
        .put_records(gone, &[sale()], entropy)
        .expect("a disk in memory holds");
    stage
        .hub
        .move_in_book((gone, SHOP), false, entropy)
        .expect("a disk in memory holds");

    let mut link = Link::open(&stage.ana, &stage.hub).expect("a disk in memory holds");
    let told = link
        .deliver_up(&stage.ana, &mut stage.hub)
        .expect("a disk in memory holds");
    let told = told.expect("a hello is under way").replies;
    hostile::must_not_leak(&stage.hub, &[BOOK, Scope::Associate(ANA)], &told)
        .expect("a disk in memory holds");
    let items: Vec<_> = told
        .iter()
        .filter_map(|frame| {
            if let Frame::Entries(Entries { items, .. }) = frame {
                Some(items)
            } else {
                None
            }
        })
        .flatten()
        .collect();
    assert!(
        matches!(
            items.as_slice(),
            [Item::Gone { .. }, Item::Gone { .. }, Item::Leave { .. }]
        ),
        "{items:?}"
    );

    link.run_until_quiet(&mut stage.ana, &mut stage.hub)
        .expect("a disk in memory holds");
    assert!(link.events.contains(&Event::CaughtUp(BOOK)));
    assert_eq!(link.comparisons, 0, "the replay stayed in step");
    let card = [Facet::Card];
    let held = fleet::accepted_json(&stage.ana.store, gone, &card).expect("a disk in memory holds");
    assert!(held.is_empty());
    stage.assert_agreed();
}

#[test]
fn a_document_asked_for_again_and_again_is_sent_once() {
    let mut stage = Stage::new();
    let card = Facet::Card.document(stage.customer("Ada", 0));
    stage.meet();
    let mut session = peer(&stage);
    let fetch = Fetch {
        scope: BOOK,
        documents: vec![card; limits::FETCH_DOCUMENTS_MAX],
    };
    for _ in 0..20 {
        assert_eq!(session.fetch(&fetch), []);
    }
    let (pages, _) = drain(&stage, &mut session);
    let sent: Vec<_> = pages.iter().flat_map(|page| &page.documents).collect();
    assert_eq!((pages.len(), sent.len()), (1, 1));
}

#[test]
fn too_many_documents_asked_for_end_the_session() {
    let mut stage = Stage::new();
    stage.customer("Ada", 0);
    stage.meet();
    let ids = |count: usize| -> Vec<_> {
        let entropy = &mut SeededEntropy::new(9);
        (0..count).map(|_| DocumentId::random(entropy)).collect()
    };
    let fetch = |documents| Fetch {
        scope: BOOK,
        documents,
    };
    let mut session = peer(&stage);
    let in_one = fetch(ids(limits::FETCH_DOCUMENTS_MAX + 1));
    assert!(is_protocol_stop(&session.fetch(&in_one)));
    assert_eq!(pump(&stage, &mut session), [], "nothing is owed any more");

    let mut session = peer(&stage);
    let many = ids(limits::FETCH_DOCUMENTS_MAX * 5);
    let answers = many
        .chunks(limits::FETCH_DOCUMENTS_MAX)
        .map(|some| session.fetch(&fetch(some.to_vec())));
    let answers: Vec<_> = answers.collect();
    assert!(
        is_protocol_stop(answers.last().expect("a disk in memory holds")),
        "{answers:?}"
    );
}

#[test]
fn documents_asked_for_come_in_pages_under_the_window() {
    let mut stage = Stage::new();
    let mut documents = Vec::new();
    for _ in 0..300 {
        documents.push(Facet::Card.document(stage.customer("Ada", 7_000)));
    }
    stage.meet();
    let mut session = peer(&stage);
    documents.push(DocumentId([7; 16]));
    let fetch = Fetch {
        scope: BOOK,
        documents: documents.clone(),
    };
    assert_eq!(session.fetch(&fetch), []);
    let (pages, most) = drain(&stage, &mut session);
    assert!(
        pages.len() > limits::STREAM_WINDOW_FRAMES,
        "{}",
        pages.len()
    );
    assert!(most <= limits::STREAM_WINDOW_FRAMES, "{most}");
    let sent: usize = pages.iter().map(|page| page.documents.len()).sum();
    let gone: Vec<_> = pages.iter().flat_map(|page| &page.gone).collect();
    assert_eq!((sent, gone), (300, vec![&DocumentId([7; 16])]));
}

#[test]
fn what_differs_comes_in_pages_under_the_window_and_ends_where_the_heads_end() {
    let mut stage = Stage::new();
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(Facet::Card.document(stage.customer("Ada", 7_000)));
    }
    stage.meet();
    held.sort_unstable();
    let mut session = peer(&stage);
    let (first, rest) = held.split_at(150);
    let page_of = |documents: &[DocumentId], after: Option<DocumentId>, last| Heads {
        scope: BOOK,
        after,
        documents: documents
            .iter()
            .map(|document| DocumentHeads {
                document: *document,
                epoch: 0,
                heads: Vec::new(),
            })
            .collect(),
        last,
    };
    let mut sent = Vec::new();
    for (documents, after, last) in [(first, None, false), (rest, first.last().copied(), true)] {
        assert_eq!(session.compare(&page_of(documents, after, last)), []);
        let (pages, most) = drain(&stage, &mut session);
        assert!(
            pages.len() > limits::STREAM_WINDOW_FRAMES,
            "{}",
            pages.len()
        );
        assert!(most <= limits::STREAM_WINDOW_FRAMES, "{most}");
        let ends = pages
            .iter()
            .filter(|page| page.last && page.records.is_empty());
        let end = ends.map(|page| page.cursor.clone()).next();
        assert_eq!(end, documents.last().map(|end| end.0.to_vec()));
        let cards = pages.iter().flat_map(|page| &page.documents);
        sent.extend(cards.map(|card| card.facet.document(card.customer)));
    }
    assert_eq!(sent, held, "each once, in order");

    let mut backwards = page_of(&held, None, true);
    backwards.documents.reverse();
    assert!(is_protocol_stop(&session.compare(&backwards)));
    let mut session = peer(&stage);
    let endless = held.iter().cycle().take(limits::HEADS_DOCUMENTS_MAX + 1);
    let endless: Vec<_> = endless.copied().collect();
    let answer = session.compare(&page_of(&endless, None, true));
    assert!(is_protocol_stop(&answer));
}

/// A disk on which the accepted cards of these customers are gone, though the positions still agree.
fn lose(handheld: &mut Handheld, customers: &[CustomerId]) -> Result<(), StoreError> {
    let mut tx = handheld.store.write()?;
    let mut ledger = sync_core::feed::Ledger::default();
    for customer in customers {
        let card = Facet::Card.document(*customer);
        sync_core::documents::forget(&mut *tx, &mut ledger, card)?;
    }
    ledger.write(&mut *tx)?;
    tx.commit()?;
    handheld.reopen();
    Ok(())
}

#[test]
fn a_comparison_of_more_documents_than_one_frame_names_heals_every_page() {
    let mut stage = Stage::new();
    let customers: Vec<_> = (0..limits::HEADS_DOCUMENTS_MAX + 300)
        .map(|_| stage.customer("Ada", 0))
        .collect();
    stage.meet();
    let lost: Vec<_> = customers.iter().copied().step_by(100).collect();
    lose(&mut stage.ana, &lost).expect("a disk in memory holds");
    let link = stage.meet();
    assert_eq!(link.comparisons, 2, "{:?}", link.events);
    assert!(link.events.contains(&Event::CaughtUp(BOOK)));
    assert!(link.is_settled());
    stage.assert_agreed();
}

#[test]
fn a_handheld_on_a_disk_of_last_month_asks_for_its_own_cards_in_frames_that_fit() {
    let mut stage = Stage::new();
    let ada = stage.customer("Ada", 0);
    stage.meet();
    let older = stage.ana.store.duplicate();
    let own: Vec<_> = (0..limits::FETCH_DOCUMENTS_MAX + 88)
        .map(|_| {
            let customer = CustomerId::random(&mut stage.entropy);
            stage
                .ana
                .record(customer, &create("Own"))
                .expect("a disk in memory holds");
            customer
        })
        .collect();
    stage.meet();
    stage.ana.store = older;
    stage.ana.reopen();
    let mut link = Link::open(&stage.ana, &stage.hub).expect("a disk in memory holds");
    let mut asked = Vec::new();
    while !link.is_idle() {
        if let Some(told) = link
            .deliver_up(&stage.ana, &mut stage.hub)
            .expect("a disk in memory holds")
            && let Frame::Fetch(fetch) = told.frame
        {
            assert!(fetch.documents.len() <= limits::FETCH_DOCUMENTS_MAX);
            asked.extend(fetch.documents);
        }
        link.deliver_down(&mut stage.ana)
            .expect("a disk in memory holds");
    }
    let frames = asked.len();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!((asked.len(), frames), (own.len(), own.len()), "each once");
    assert!(!link.is_broken && link.is_settled());
    let held = |customer| fleet::accepted_json(&stage.ana.store, customer, &[Facet::Card]);
    for customer in own.into_iter().chain([ada]) {
        assert_eq!(held(customer).expect("a disk in memory holds").len(), 1);
    }
    stage.assert_agreed();
}

fn stop_code(frames: &[Frame]) -> Option<StopCode> {
    frames.iter().find_map(|frame| {
        if let Frame::Stop(stop) = frame {
            Some(stop.code)
        } else {
            None
        }
    })
}

#[test]
fn a_hub_stops_a_handheld_that_speaks_none_of_its_versions() {
    let mut stage = Stage::new();
    stage.customer("Ada", 0);
    for (versions, code) in [
        ((WIRE_VERSION, WIRE_VERSION + 7), None),
        ((0, WIRE_VERSION), None),
        ((0, WIRE_VERSION - 1), Some(StopCode::Update)),
        ((WIRE_VERSION + 1, WIRE_VERSION + 1), Some(StopCode::Update)),
    ] {
        let mut link = Link::open(&stage.ana, &stage.hub).expect("a disk in memory holds");
        let Some(Ok(Frame::Hello(hello))) = link.to_hub.pop_front().map(|b| Frame::unpack(&b))
        else {
            panic!("a session begins with a hello");
        };
        link.to_hub
            .push_back(Frame::Hello(Hello { versions, ..hello }).pack());
        let told = link
            .deliver_up(&stage.ana, &mut stage.hub)
            .expect("a disk in memory holds");
        let replies = told.expect("a hello is under way").replies;
        assert_eq!(stop_code(&replies), code, "{versions:?}");
        assert_eq!(replies.len() == 1, code.is_some(), "nothing follows a stop");
        link.deliver_down(&mut stage.ana)
            .expect("a disk in memory holds");
        let stopped = |event: &Event| matches!(event, Event::Stopped(it) if Some(it.code) == code);
        assert_eq!(link.events.iter().any(stopped), code.is_some());
    }
}

#[test]
fn a_handheld_stops_a_hub_that_speaks_another_version_and_takes_nothing_from_it() {
    let mut stage = Stage::new();
    stage.customer("Ada", 0);
    let before = stage.ana.fingerprint().expect("a disk in memory holds");
    let mut link = Link::open(&stage.ana, &stage.hub).expect("a disk in memory holds");
    link.deliver_up(&stage.ana, &mut stage.hub)
        .expect("a disk in memory holds");
    let Some(Ok(Frame::Welcome(welcome))) = link.to_handheld.pop_front().map(|b| Frame::unpack(&b))
    else {
        panic!("a hello is answered with a welcome");
    };
    let version = WIRE_VERSION + 1;
    link.to_handheld
        .push_front(Frame::Welcome(Welcome { version, ..welcome }).pack());
    let said = link
        .deliver_down(&mut stage.ana)
        .expect("a disk in memory holds");
    let replies = said.expect("a welcome is under way").replies;
    assert_eq!(stop_code(&replies), Some(StopCode::Update));
    assert!(link.is_broken);
    let update = |event: &Event| matches!(event, Event::Stopped(it) if it.code == StopCode::Update);
    assert!(link.events.iter().any(update), "{:?}", link.events);
    assert_eq!(
        stage.ana.fingerprint().expect("a disk in memory holds"),
        before
    );
}
