//! Claims about preferences, days, wishes and loops that have to close.

use super::*;

#[test]
fn honoring_asks_for_no_more_than_is_known() {
    let mut whole = Whole::default();
    whole.view.visits = vec![visit(9, noon(100))];
    assert_eq!(states(&whole, "honored", noon(200)), [], "nothing is known");
    whole.view.preferences = vec![
        preference("navy", Source::Stated, noon(50)),
        preference("silk", Source::Stated, noon(60)),
        preference("jazz", Source::Typed, noon(60)),
    ];
    whole.view.interactions = vec![dealing(1, Act::Honored, noon(100))];
    assert_eq!(
        states(&whole, "honored", noon(200)),
        [State::Missed],
        "two are known"
    );
    whole
        .view
        .interactions
        .push(dealing(2, Act::Honored, noon(100)));
    assert_eq!(states(&whole, "honored", noon(200)), [State::Met]);
    whole.view.interactions[1].visit = Some(edit(8));
    assert_eq!(
        states(&whole, "honored", noon(200)),
        [State::Missed],
        "that was another visit"
    );
}

#[test]
fn three_preferences_are_known_by_the_second_day() {
    let mut whole = Whole::default();
    whole.view.visits = vec![
        visit(1, noon(100)),
        visit(2, noon(100).plus_ms(HOUR)),
        visit(3, noon(120)),
    ];
    whole.view.preferences = ["a", "b"]
        .map(|id| preference(id, Source::Stated, noon(101)))
        .into();
    assert_eq!(states(&whole, "preferences", noon(200)), [State::Missed]);
    whole
        .view
        .preferences
        .push(preference("c", Source::CustomerEntered, noon(120)));
    let met = owed(&whole, "preferences", noon(200)).remove(0);
    assert_eq!(
        (met.state, met.at, met.self_attested),
        (State::Met, noon(120), false)
    );
    whole.view.visits.pop();
    assert_eq!(states(&whole, "preferences", noon(200)), []);
}

#[test]
fn an_occasion_is_owed_from_when_it_is_known_and_a_no_excuses() {
    let occasion = |celebrate, known_at| OccasionView {
        id: "birthday".to_owned(),
        kind: OccasionKind::Birthday,
        person: None,
        year: None,
        month: Some(1),
        day: Some(11),
        celebrate,
        known_at: Some(known_at),
        needs_confirmation: false,
        sources: vec![],
    };
    let mut whole = Whole::default();
    // 11 January is day 10 of 1970 and day 375 of 1971.
    whole.view.occasions = vec![occasion(Some(true), noon(20))];
    let owed_now = owed(&whole, "occasion", noon(380));
    assert_eq!(
        owed_now
            .iter()
            .map(|one| one.about.as_str())
            .collect::<Vec<_>>(),
        ["birthday:1971", "birthday:1972"]
    );
    assert_eq!(
        states(&whole, "occasion", noon(380)),
        [State::Missed, State::Pending]
    );
    whole.view.interactions = vec![dealing(1, Act::Occasion, noon(370))];
    assert_eq!(
        states(&whole, "occasion", noon(380)),
        [State::Met, State::Pending]
    );
    whole.view.occasions = vec![occasion(Some(false), noon(20))];
    whole.view.interactions.clear();
    assert_eq!(states(&whole, "occasion", noon(380))[0], State::Excused);
    whole.view.occasions = vec![occasion(None, noon(20))];
    assert_eq!(
        states(&whole, "occasion", noon(380)),
        [],
        "nobody asked yet"
    );
}

#[test]
fn a_wish_is_told_of_when_its_article_is_there() {
    let mut whole = Whole::default();
    whole.view.wishes = vec![WishView {
        id: "wish".to_owned(),
        sku: fact("coat".to_owned(), noon(90)),
        quantity: 1,
        note: None,
        surprise_until: None,
        fulfilled: false,
    }];
    let house = |count| House {
        stock: [(
            ("coat".to_owned(), SHOP),
            told(
                "coat",
                noon(100),
                StockBody {
                    shop: SHOP,
                    sku: "coat".to_owned(),
                    on_hand: [(String::new(), count)].into(),
                    arriving: vec![],
                    there_since: None,
                },
            ),
        )]
        .into(),
        ..House::default()
    };
    let state = |whole: &Whole, house: &House| {
        let owed = owed_in(whole, house, "wish_told", noon(200));
        owed.iter().map(|one| one.state).collect::<Vec<_>>()
    };
    assert_eq!(state(&whole, &house(0)), []);
    assert_eq!(state(&whole, &house(1)), [State::Missed]);
    whole.sales = vec![purchase("1", 101, "Coat", 1)];
    assert_eq!(
        state(&whole, &house(1)),
        [State::Void],
        "they came and bought it"
    );
    whole.view.interactions = vec![dealing(1, Act::WishTold, noon(101))];
    assert_eq!(state(&whole, &house(1)), [State::Met]);
    let mut recounted = house(1);
    for stock in recounted.stock.values_mut() {
        stock.body.there_since = Some(stock.as_of);
        stock.as_of = noon(150);
    }
    assert_eq!(
        state(&whole, &recounted),
        [State::Met],
        "another count is no news"
    );
    whole.view.interactions[0].sku = Some("hat".to_owned());
    assert_eq!(
        state(&whole, &house(1)),
        [State::Void],
        "that was about a hat"
    );
}

#[test]
fn complaints_suggestions_and_needs_close_their_loops() {
    let mut whole = Whole::default();
    let case = |state, solved_at| CaseBody {
        topic: "strap".to_owned(),
        is_complaint: true,
        state,
        opened_at: noon(100),
        solved_at,
        sku: None,
    };
    whole.cases = vec![told("desk:1", noon(100), case(CaseState::Open, None))];
    assert_eq!(states(&whole, "recovery", noon(102)), [State::Missed]);
    whole.cases[0].body = case(CaseState::Solved, Some(noon(103)));
    whole.cases[0].as_of = noon(103);
    assert_eq!(states(&whole, "recovery", noon(110)), [State::Late]);
    whole.view.suggestions = vec![SuggestionView {
        id: edit(4),
        what: fact("open on Mondays".to_owned(), noon(100)),
        sku: None,
        state: SuggestionState::Acknowledged,
        answer: Some(fact("yes".to_owned(), noon(110))),
        told_at: None,
    }];
    assert_eq!(states(&whole, "answered", noon(200)), [State::Missed]);
    whole.view.suggestions[0].state = SuggestionState::Answered;
    assert_eq!(states(&whole, "answered", noon(200)), [State::Met]);
    let mut referral = dealing(5, Act::Advice, noon(101));
    referral.kind = InteractionKind::Referral;
    whole.view.needs = vec![NeedView {
        id: edit(6),
        what: fact("a coat for rain".to_owned(), noon(100)),
        tags: vec![],
        state: NeedState::Open,
        answer: None,
    }];
    assert_eq!(states(&whole, "honest_advice", noon(200)), [State::Missed]);
    whole.view.interactions = vec![referral];
    assert_eq!(states(&whole, "honest_advice", noon(200)), [State::Met]);
}

#[test]
fn evidence_about_another_thing_does_not_count() {
    let mut whole = Whole::default();
    let case = |day| CaseBody {
        topic: "strap".to_owned(),
        is_complaint: true,
        state: CaseState::Open,
        opened_at: noon(day),
        solved_at: None,
        sku: None,
    };
    whole.cases = vec![
        told("desk:1", noon(100), case(100)),
        told("desk:2", noon(100), case(100)),
    ];
    let mut recovery = dealing(1, Act::Recovery, noon(100).plus_ms(HOUR));
    whole.view.interactions = vec![recovery.clone()];
    assert_eq!(
        states(&whole, "recovery", noon(200)),
        [State::Met, State::Met]
    );
    recovery.about = Some("desk:2".to_owned());
    whole.view.interactions = vec![recovery];
    let owed = owed(&whole, "recovery", noon(200));
    let by = |about: &str| owed.iter().find(|one| one.about == about).unwrap().state;
    assert_eq!((by("desk:1"), by("desk:2")), (State::Missed, State::Met));
}

#[test]
fn a_new_owner_greets_whoever_was_known_before() {
    let mut whole = Whole {
        owner: Some(OwnerBody {
            owner: AssociateId([5; 8]),
            since: noon(100),
        }),
        ..Whole::default()
    };
    whole.view.since = Some(noon(100));
    assert_eq!(states(&whole, "handover", noon(200)), []);
    whole.view.since = Some(noon(50));
    assert_eq!(states(&whole, "handover", noon(200)), [State::Missed]);
    whole.view.interactions = vec![dealing(1, Act::Handover, noon(110))];
    assert_eq!(states(&whole, "handover", noon(200)), [State::Met]);
}

#[test]
fn quietness_breaks_with_a_second_approach_within_a_day_or_a_third_within_a_week() {
    let mut whole = Whole::default();
    let check = |whole: &Whole, expected: &[State]| {
        assert_eq!(states(whole, "quietness", noon(300)), expected);
    };
    let (met, missed) = (State::Met, State::Missed);
    whole.view.interactions = vec![
        dealing(1, Act::ThankYou, noon(100)),
        dealing(2, Act::ThankYou, noon(100).plus_ms(HOUR)),
    ];
    check(&whole, &[met, missed]);
    whole.view.interactions = (0..3)
        .map(|number| dealing(number, Act::ThankYou, noon(100 + 2 * i64::from(number))))
        .collect();
    check(&whole, &[met, met, missed]);
    whole.view.interactions[2].summary.at = noon(108);
    check(&whole, &[met, met, met]);
    let mut heard = dealing(9, Act::Heard, noon(100).plus_ms(-HOUR));
    heard.by_customer = true;
    whole.view.interactions = vec![dealing(1, Act::ThankYou, noon(100)), heard];
    check(&whole, &[]);
    whole.view.interactions.pop();
    whole.view.contact.blocked = Some(fact(None, noon(99)));
    check(&whole, &[missed]);
}

#[test]
fn a_contact_shows_by_itself_that_it_was_quiet_wherever_it_is_written() {
    let mut whole = Whole::default();
    whole.view.interactions = vec![dealing(1, Act::ThankYou, noon(100))];
    let contact = ContactBody {
        channel: Some("email".to_owned()),
        purpose: Some("care".to_owned()),
        at: noon(110),
        by_customer: false,
        summary: None,
        content: None,
        by: None,
        act: None,
    };
    whole.contacts = vec![told("esp:1", noon(110), contact)];
    let owed = owed(&whole, "quietness", noon(300));
    let shown: Vec<_> = owed
        .iter()
        .map(|one| (one.state, one.sources.clone(), one.self_attested))
        .collect();
    assert_eq!(
        shown,
        [
            (State::Met, vec![edit(1).to_string()], true),
            (State::Met, vec!["contact:esp:1".to_owned()], false),
        ]
    );
}
