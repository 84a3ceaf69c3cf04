//! What a handheld that is offline says of an evening, and of guests whom nobody knows, counts on the hub when it is back.

use std::sync::Arc;

use carnet_ffi::clock::ManualClock;
use carnet_ffi::{Book, SyncEnd};
use server::events::{self, NewEvent, after};
use server::gap::{as_of, settings};
use server::walk_ins::counted;
use sync_core::card::Edit;
use sync_core::card::edit::{InvitationInput, SuggestionInput};
use sync_core::card::terms::{InvitationState, Sentiment, SuggestionState};
use sync_core::concierge::Language;
use sync_core::concierge::guests::{EventState, Seat};
use sync_core::concierge::today::DueKind;
use sync_core::ids::{CustomerId, Timestamp};

use crate::hub::Hub;
use crate::meeting::create;

const LONG_MS: u64 = 20_000;
const HOUR_MS: i64 = 3_600_000;

fn settle(book: &Book) {
    let report = book.sync_once(LONG_MS).unwrap();
    assert_eq!(
        (report.end, report.pending, report.refused),
        (SyncEnd::Settled, 0, 0)
    );
}

#[test]
fn who_came_to_an_evening_and_what_they_said_is_written_offline_and_heard_on_the_hub() {
    let hub = Hub::start();
    let ana = hub.associate("ana");
    let book = hub.handheld("ana");
    let (ines, otto) = (create(&book, "Ines"), create(&book, "Otto"));
    settle(&book);
    let evening = NewEvent {
        name: "Opera".to_owned(),
        themes: vec!["opera".to_owned()],
        capacity: None,
        hosts: vec![ana],
        begins_at: hub.book().now().plus_ms(HOUR_MS),
    };
    let made = hub.wait(events::create(hub.book(), hub.shop(), evening));
    let made = made.unwrap();
    let place = (hub.shop(), made.id.clone());
    let seats = [ines, otto].map(|customer| Seat {
        customer,
        host: Some(ana),
    });
    let list = hub.wait(events::set_guests(hub.book(), place, seats.to_vec()));
    list.unwrap();
    settle(&book);

    book.set_offline(true).unwrap();
    let [event] = &book.small_events().unwrap()[..] else {
        panic!("one event")
    };
    assert_eq!(
        (event.name.as_str(), event.seats, event.state),
        ("Opera", 20, EventState::Planned)
    );
    let came = Edit::SetInvitation(InvitationInput {
        event: event.event.to_string(),
        state: InvitationState::Attended,
    });
    book.record(ines, came.clone()).unwrap();
    book.record(otto, came).unwrap();
    let reaction = Edit::RecordReaction {
        interaction: Some(event.event),
        sku: "BAG-1".to_owned(),
        sentiment: Sentiment::Loved,
        words: Some("The blue one".to_owned()),
    };
    book.record(ines, reaction).unwrap();
    let suggestion = Edit::AddSuggestion(SuggestionInput {
        what: "Begin an hour later".to_owned(),
        sku: Some(event.event.to_string()),
    });
    book.record(otto, suggestion).unwrap();
    book.set_offline(false).unwrap();
    let heard = || after::heard(hub.book(), hub.shop(), &made.id).unwrap().1;
    assert!(heard().attended.is_empty(), "the hub knows nothing yet");
    settle(&book);
    let told = heard();
    assert_eq!(told.attended, [ines, otto].into());
    assert_eq!((told.heard_rate_bp, told.due), (Some(5_000), [otto].into()));
    assert_eq!(told.suggestions.len(), 1);
    assert_eq!(told.suggestions[0].state, SuggestionState::Open);
}

#[test]
fn who_came_is_on_their_hosts_today_list_until_a_reaction_is_written_down() {
    let hub = Hub::start();
    let (ana, ben) = (hub.associate("ana"), hub.associate("ben"));
    let book = hub.handheld("ana");
    let ines = create(&book, "Ines");
    settle(&book);
    let evening = NewEvent {
        name: "Opera".to_owned(),
        themes: vec!["opera".to_owned()],
        capacity: None,
        hosts: vec![ana, ben],
        begins_at: hub.book().now().plus_ms(HOUR_MS),
    };
    let made = hub.wait(events::create(hub.book(), hub.shop(), evening));
    let made = made.unwrap();
    let place = || (hub.shop(), made.id.clone());
    let seat = Seat {
        customer: ines,
        host: Some(ana),
    };
    let list = hub.wait(events::set_guests(hub.book(), place(), vec![seat]));
    list.unwrap();
    let due = |of| {
        let ends = hub.book().now().plus_ms(9 * HOUR_MS);
        let list = book
            .today(Some(of), ends, 480, Language::English)
            .unwrap()
            .today;
        let guests = list.into_iter().filter(|one| one.kind == DueKind::Guest);
        let guests = guests.map(|one| (one.customer, one.title));
        guests.collect::<Vec<_>>()
    };
    let note = |came: &[CustomerId]| {
        let came = came.iter().copied().collect();
        let noted = hub.wait(after::set_attendance(hub.book(), place(), came));
        noted.unwrap();
        settle(&book);
    };
    note(&[]);
    assert_eq!(due(ana), [], "nobody came yet");
    let owed = [(ines, "what they thought of Opera".to_owned())];
    note(&[ines]);
    assert_eq!(due(ana), owed);
    assert_eq!(due(ben), [], "another host looks after her");
    note(&[]);
    assert_eq!(due(ana), [], "she did not come after all");
    note(&[ines]);
    assert_eq!(due(ana), owed);

    book.set_offline(true).unwrap();
    let reaction = Edit::RecordReaction {
        interaction: None,
        sku: made.id.clone(),
        sentiment: Sentiment::Loved,
        words: None,
    };
    book.record(ines, reaction).unwrap();
    assert_eq!(due(ana), [], "she was heard");
}

#[test]
fn guests_who_stayed_unknown_lower_the_known_share_of_the_gap_and_count_once() {
    let hub = Hub::start();
    hub.associate("ana");
    let clock = Arc::new(ManualClock::new(hub.book().now()));
    let book = hub.handheld_at("ana", &clock);
    let ines = create(&book, "Ines");
    let arrive = Edit::Arrive { with: None };
    book.record(ines, arrive).unwrap();
    settle(&book);
    let known_bp = || {
        let tx = hub.book().store().read().unwrap();
        let settings = settings::read(&*tx).unwrap();
        let (report, _) = as_of::report(hub.book(), &settings, hub.book().now()).unwrap();
        report.honesty.known_bp
    };
    assert_eq!(known_bp(), None, "nobody counts who walks in");

    // Two days ago two came, and did not want to be known.
    let today = hub.book().now();
    clock.advance_ms(-2 * Timestamp::DAY_MS);
    book.begin_guest().unwrap();
    book.begin_guest().unwrap();
    clock.advance_ms(2 * Timestamp::DAY_MS);
    settle(&book);
    assert_eq!(known_bp(), Some(3_333), "one visit of three");
    settle(&book);
    assert_eq!(known_bp(), Some(3_333), "it counts once");

    let before = today.plus_ms(-2 * Timestamp::DAY_MS);
    let tx = hub.book().store().read().unwrap();
    let shops: u64 = [before.days(), before.days() + 1]
        .into_iter()
        .filter_map(|day| counted::by_shop(&*tx, day).unwrap().remove(&hub.shop()))
        .sum();
    assert_eq!(shops, 2, "in the handheld's shop");
}
