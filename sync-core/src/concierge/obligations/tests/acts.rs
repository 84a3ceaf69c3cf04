//! Claims about kinds of acts: which pieces of evidence a dealing, an invitation or another system's contact is.

use super::*;
use crate::card::terms::InvitationState;
use crate::card::view::InvitationView;
use crate::concierge::gap::{Contribution, Settings};
use crate::concierge::playbook::Playbook;

/// How often each kind was done within the year.
fn acts(whole: &Whole) -> Vec<(&'static str, u32)> {
    let settings = Settings::default();
    let playbook = Playbook::default();
    let row = Contribution::of((whole, &House::default()), &playbook, &settings, noon(200));
    let acts = row.acts.iter();
    acts.map(|(place, times)| (Evidence::ALL[usize::from(*place)].as_str(), *times))
        .collect()
}

fn invitation(event: &str, state: InvitationState) -> InvitationView {
    InvitationView {
        id: format!("invitation-{event}"),
        event: fact(event.to_owned(), noon(100)),
        state,
        at: noon(100),
    }
}

#[test]
fn an_alteration_is_an_act_and_no_contact_when_it_is_done_in_the_house() {
    let mut whole = Whole::default();
    let mut hem = dealing(1, Act::Alteration, noon(100));
    hem.kind = InteractionKind::Service;
    whole.view.interactions = vec![hem];
    assert_eq!(acts(&whole), [("alteration", 1)]);
    whole.view.interactions[0].by_customer = true;
    assert_eq!(
        acts(&whole),
        [],
        "what the customer began is no act of ours"
    );
}

#[test]
fn only_what_was_spent_is_a_gesture_and_no_kind_act_done_in_person() {
    let mut whole = Whole::default();
    let done = |kind, act| {
        let mut one = dealing(1, act, noon(100));
        one.kind = kind;
        one
    };
    let (gesture, service) = (InteractionKind::Gesture, InteractionKind::Service);
    whole.view.interactions = vec![
        done(service, Act::Recognized),
        done(service, Act::Honored),
        done(gesture, Act::Honored),
        done(service, Act::Advice),
    ];
    let served = [("advice", 1), ("honored", 2), ("recognized", 1)];
    assert_eq!(acts(&whole), served, "an app that calls it a gesture too");
    whole.view.interactions[2].spent = Some((1_500, "r".to_owned()));
    let with = [
        ("advice", 1),
        ("honored", 2),
        ("recognized", 1),
        ("gesture", 1),
    ];
    assert_eq!(acts(&whole), with);
    whole.view.interactions[2].spent = None;
    whole.view.interactions[2].act = None;
    let old = [
        ("advice", 1),
        ("honored", 1),
        ("recognized", 1),
        ("gesture", 1),
    ];
    assert_eq!(acts(&whole), old, "of an app that knows neither");
}

#[test]
fn a_call_and_a_message_are_contacts_wherever_they_are_written() {
    let mut whole = Whole::default();
    let mut call = dealing(1, Act::Advice, noon(100));
    call.kind = InteractionKind::Call;
    whole.view.interactions = vec![call];
    let contact = |key: &str, channel: Option<&str>| Told {
        key: key.to_owned(),
        source: "crm".to_owned(),
        as_of: noon(120),
        body: ContactBody {
            channel: channel.map(str::to_owned),
            purpose: None,
            at: noon(110),
            by_customer: false,
            summary: None,
            content: None,
            by: None,
            act: Some("alteration".to_owned()),
        },
    };
    whole.contacts = vec![contact("1", Some("email")), contact("2", None)];
    assert_eq!(
        acts(&whole),
        [
            ("advice", 1),
            ("call", 1),
            ("message", 1),
            ("alteration", 2),
            ("contact", 2)
        ]
    );
}

#[test]
fn what_follows_a_purchase_up_counts_once_and_for_45_days() {
    let mut whole = Whole {
        sales: vec![
            purchase("1", 100, "A", 1_000),
            purchase("2", 101, "A", 1_000),
        ],
        ..Whole::default()
    };
    whole.view.interactions = vec![
        dealing(1, Act::ThankYou, noon(99)),
        dealing(2, Act::ThankYou, noon(101)),
        dealing(3, Act::WishTold, noon(146).plus_ms(-1)),
        dealing(4, Act::CareCheck, noon(146)),
    ];
    let follow_ups = |whole: &Whole| {
        let acts = acts(whole);
        let found = acts.iter().find(|(kind, _)| *kind == "follow_up");
        found.map_or(0, |(_, times)| *times)
    };
    assert_eq!(
        follow_ups(&whole),
        2,
        "before nothing was bought, and too late"
    );
    whole.sales.clear();
    assert_eq!(follow_ups(&whole), 0);
}

#[test]
fn an_invitation_counts_once_it_went_out_and_once_where_a_dealing_tells_of_it() {
    let mut whole = Whole::default();
    whole.view.invitations = vec![
        invitation("listed", InvitationState::Listed),
        invitation("tea", InvitationState::Declined),
        invitation("opera", InvitationState::Attended),
    ];
    assert_eq!(acts(&whole), [("invitation", 2)]);
    let mut written = dealing(1, Act::Invitation, noon(99));
    written.about = Some("tea".to_owned());
    whole.view.interactions = vec![written];
    assert_eq!(
        acts(&whole),
        [("invitation", 2), ("message", 1), ("contact", 1)]
    );
}
