//! Claims about whom the guard of the desk bars from a proposal.

use sync_core::card::edit::LinkInput;
use sync_core::card::terms::{LinkEvidence, Sameness};
use sync_core::notices::bodies::{CaseBody, CaseState};

use super::*;

fn call() -> Edit {
    let call = r#"{"edit":"record_interaction","kind":"call","channel":"call"}"#;
    serde_json::from_str(call).unwrap()
}

fn barred(proposal: &Proposal, customer: CustomerId) -> Option<String> {
    match proposal.barred.get(&customer)? {
        Bar::Guard { reason } => Some(reason.clone()),
        Bar::InvitedOften | Bar::Avoids { .. } => None,
    }
}

#[tokio::test]
async fn whom_the_guard_of_the_desk_refuses_is_barred_with_its_reason() {
    let world = World::new().await;
    let now = world.book.now();
    let mut people = Vec::new();
    for name in ["Ines", "Otto", "Lea", "Ada", "Zoe", "Max"] {
        people.push(world.customer(name, &["opera"], true).await);
    }
    let [fine, complains, paused, called, unreachable, minor] = people[..] else {
        panic!("six people")
    };
    let case = CaseBody {
        topic: "A seam".to_owned(),
        is_complaint: true,
        state: CaseState::Open,
        opened_at: now,
        solved_at: None,
        sku: None,
    };
    let case = NoticeDraft::new(Subject::Customer(complains), "desk:1", ("test", now), &case);
    world.book.put_notices(vec![case]).await.unwrap();
    let until = Some(now.plus_ms(30 * Timestamp::DAY_MS));
    world
        .record(paused, vec![Edit::PauseContact { until }])
        .await;
    world.record(called, vec![call()]).await;
    let gone = Edit::RemoveEndpoint {
        kind: EndpointKind::Email,
        value: "zoe@example.org".to_owned(),
    };
    world.record(unreachable, vec![gone]).await;
    world
        .record(minor, vec![Edit::SetMinor { is_minor: true }])
        .await;
    let evening = world.evening(None).await.unwrap();
    let place = (world.hub.shop, evening.id.as_str());
    let proposal = propose(&world.book, place, &world.asked(&NoCohort)).unwrap();
    let guests: Vec<_> = proposal.guests.iter().map(|guest| guest.customer).collect();
    assert_eq!(guests, [fine]);
    let reasons = people.iter().map(|one| barred(&proposal, *one));
    let reasons: Vec<_> = reasons.map(Option::unwrap_or_default).collect();
    assert_eq!(
        reasons,
        [
            "",
            "open_complaint",
            "paused",
            "cap_day",
            "no_endpoint",
            "minor"
        ]
    );
}

#[tokio::test]
async fn that_it_is_night_bars_nobody_and_a_call_of_this_evening_does() {
    let world = World::new().await;
    let (fan, called) = (
        world.customer("Ines", &["opera"], true).await,
        world.customer("Otto", &[], true).await,
    );
    world.hub.clock.advance_ms(12 * 3_600_000);
    world.record(called, vec![call()]).await;
    let evening = world.evening(None).await.unwrap();
    let place = (world.hub.shop, evening.id.as_str());
    let proposal = propose(&world.book, place, &world.asked(&NoCohort)).unwrap();
    let guests: Vec<_> = proposal.guests.iter().map(|guest| guest.customer).collect();
    assert_eq!(guests, [fan]);
    assert_eq!(barred(&proposal, called).as_deref(), Some("cap_day"));
}

#[tokio::test]
async fn a_person_with_two_cards_has_one_seat() {
    let world = World::new().await;
    let (one, other) = (
        world.customer("Ines", &["opera"], true).await,
        world.customer("Inès", &["ballet"], true).await,
    );
    for (card, other) in [(one, other), (other, one)] {
        let link = Edit::LinkCustomers(LinkInput {
            other,
            sameness: Sameness::Same,
            evidence: vec![LinkEvidence::Said],
        });
        world.record(card, vec![link]).await;
    }
    let evening = world.evening(None).await.unwrap();
    let place = (world.hub.shop, evening.id.as_str());
    let proposal = propose(&world.book, place, &world.asked(&NoCohort)).unwrap();
    assert_eq!(proposal.guests.len(), 1);
    assert_eq!(
        proposal.guests[0].reasons[0].kind,
        ReasonKind::Theme,
        "what one card says counts for both"
    );
    let seats = [one, other].map(|customer| Seat {
        customer,
        host: None,
    });
    let place = (world.hub.shop, evening.id.clone());
    let list = set_guests(&world.book, place, seats.to_vec());
    list.await.unwrap();
    let place = (world.hub.shop, evening.id.as_str());
    let remarks = review(&world.book, place, &world.asked(&NoCohort)).unwrap();
    let twice = |remark: &Remark| matches!(remark, Remark::Twice { .. });
    assert!(remarks.iter().any(twice), "{remarks:?}");
}
