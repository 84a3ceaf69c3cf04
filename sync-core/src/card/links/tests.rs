//! Claims about people who are several cards.

mod person;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use super::*;
use crate::card::canonical_json;
use crate::card::edit::{Edit, EditError, LinkInput};
use crate::card::entries::Visible;
use crate::card::reduce::{Corrections, Decision};
use crate::card::stage::Stage;
use crate::card::terms::{Channel, EndpointKind, LinkEvidence, Purpose, Sameness};
use crate::card::value::Source;
use crate::card::view::Reading;
use crate::entropy::SeededEntropy;
use crate::ids::EditId;

fn json(text: &str) -> Edit {
    serde_json::from_str(text).expect("the test's JSON is an edit")
}

fn card(number: u16) -> CustomerId {
    let mut id = [1; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    CustomerId(id)
}

fn link(other: CustomerId, sameness: Sameness) -> Edit {
    Edit::LinkCustomers(LinkInput {
        other,
        sameness,
        evidence: vec![LinkEvidence::Said],
    })
}

/// A card of its own; edits of different numbers have different ids.
fn stage(number: u16) -> Stage {
    let mut stage = Stage::new();
    stage.customer = card(number);
    for _ in 0..number * 100 {
        stage.context();
    }
    stage
}

/// Who says what of whom.
type Said = Vec<(u16, u16, Sameness)>;

fn view_of(said: &Said, of: CustomerId) -> Vec<LinkView> {
    let mut stage = Stage::new();
    stage.customer = of;
    for (_, other, sameness) in said.iter().filter(|(one, ..)| card(*one) == of) {
        stage.does(&link(card(*other), *sameness));
    }
    stage.view().links
}

fn component(said: &Said, of: u16) -> Component {
    let mut asked = BTreeSet::new();
    let found = Component::of(card(of), |one| {
        assert!(asked.insert(one), "each card is asked for once");
        Ok::<_, Infallible>(Some(view_of(said, one)))
    });
    found.unwrap_or_else(|never| match never {})
}

#[test]
fn a_cycle_of_links_ends_and_is_one_person() {
    let same = Sameness::Same;
    let said = vec![(1, 2, same), (2, 3, same), (3, 1, same)];
    for of in 1..=3 {
        let found = component(&said, of);
        assert_eq!(found.cards(), [card(1), card(2), card(3)]);
        assert_eq!(found.standing(), Standing::OnePerson);
    }
    assert_eq!(component(&said, 4).standing(), Standing::Alone);
}

#[test]
fn a_star_of_a_thousand_is_for_review_from_its_center_and_from_its_points() {
    let same = Sameness::Same;
    let star = |of: CustomerId| -> Vec<LinkView> {
        let mut stage = Stage::new();
        stage.customer = of;
        if of == card(0) {
            for point in 1..=1_000 {
                stage.does(&link(card(point), same));
            }
        } else {
            stage.does(&link(card(0), same));
        }
        stage.view().links
    };
    for of in [0, 1, 1_000] {
        let mut asked = 0;
        let found = Component::of(card(of), |one| {
            asked += 1;
            Ok::<_, Infallible>(Some(star(one)))
        });
        let found = found.unwrap_or_else(|never| match never {});
        assert_eq!(found.standing(), Standing::Review);
        assert_eq!(found.cards(), [card(of)]);
        assert!(asked < 2_000, "{asked}");
    }
}

#[test]
fn a_component_with_two_cards_apart_is_not_merged_at_all() {
    let said = vec![
        (2, 1, Sameness::Same),
        (2, 3, Sameness::Same),
        (3, 1, Sameness::Different),
    ];
    let found = component(&said, 2);
    assert_eq!(found.standing(), Standing::Review);
    assert_eq!(found.apart(), [(card(1), card(3))]);
    let two = vec![(1, 2, Sameness::Same), (2, 1, Sameness::Different)];
    assert_eq!(component(&two, 1), Component::alone(card(1)));
    assert_eq!(component(&two, 2), Component::alone(card(2)));
}

/// Written separately from the walk: merges sets until nothing changes.
fn expected(said: &Said) -> BTreeSet<BTreeSet<u16>> {
    let apart = |one: u16, other: u16| {
        said.iter().any(|(a, b, sameness)| {
            *sameness == Sameness::Different
                && ((*a, *b) == (one, other) || (*b, *a) == (one, other))
        })
    };
    let mut sets: Vec<BTreeSet<u16>> = (0..8).map(|one| BTreeSet::from([one])).collect();
    for (one, other, sameness) in said {
        if *sameness == Sameness::Same && !apart(*one, *other) {
            let (joined, rest): (Vec<_>, Vec<_>) = sets
                .into_iter()
                .partition(|set| set.contains(one) || set.contains(other));
            sets = rest;
            sets.push(joined.into_iter().flatten().collect());
        }
    }
    sets.into_iter().collect()
}

#[test]
fn a_component_is_the_same_from_every_card_and_in_every_order_of_links() {
    let (mut people, mut reviews) = (0, 0);
    for seed in 0..120 {
        let entropy = &mut SeededEntropy::new(seed);
        let mut said = Said::new();
        for _ in 0..entropy.below(9) {
            let draw = |entropy: &mut SeededEntropy| u16::try_from(entropy.below(8)).unwrap();
            let (one, other) = (draw(entropy), draw(entropy));
            if one == other {
                continue;
            }
            let sameness = if entropy.percent(80) {
                Sameness::Same
            } else {
                Sameness::Different
            };
            // Whoever links two cards writes it on both.
            said.push((one, other, sameness));
            said.push((other, one, sameness));
        }
        // A later word of one card about another replaces the earlier: one word for each pair here.
        let mut pairs = BTreeSet::new();
        said.retain(|(one, other, _)| pairs.insert((*one, *other)));
        let mut turned = said.clone();
        turned.reverse();
        let sets = expected(&said);
        for of in 0..8 {
            let found = component(&said, of);
            assert_eq!(found, component(&turned, of), "seed {seed}");
            let set = sets.iter().find(|set| set.contains(&of)).unwrap();
            let cards: Vec<_> = set.iter().map(|one| card(*one)).collect();
            assert_eq!(found.cards(), cards, "seed {seed}");
            people += usize::from(found.standing() == Standing::OnePerson);
            reviews += usize::from(found.standing() == Standing::Review);
        }
    }
    assert!(people > 100 && reviews > 5, "{people} {reviews}");
}

/// Two cards of one woman, the second known for longer.
fn pair() -> BTreeMap<CustomerId, Stage> {
    let (mut one, mut other) = (stage(1), stage(2));
    one.source = Source::CustomerEntered;
    for text in [
        r#"{"edit":"create_customer","name":{"given":"Anna"},"endpoints":[{"kind":"phone","value":"+33612345678"}]}"#,
        r#"{"edit":"record_allergy","substance":"nickel","severity":"mild"}"#,
        r#"{"edit":"record_consent","channel":"sms","purposes":["sell"],"event":"grant","evidence":{"text_version":"1","method":"signature"}}"#,
        r#"{"edit":"make_promise","what":"call about the coat"}"#,
    ] {
        one.does(&json(text));
    }
    for text in [
        r#"{"edit":"create_customer","name":{"given":"Anne"},"since":1600000000000,"endpoints":[{"kind":"phone","value":"+33698765432"},{"kind":"email","value":"anna@example.com"}]}"#,
        r#"{"edit":"record_allergy","substance":"latex","severity":"serious"}"#,
        r#"{"edit":"record_consent","channel":"sms","purposes":["sell"],"event":"withdraw"}"#,
        r#"{"edit":"block_contact","reason":"asked"}"#,
    ] {
        other.does(&json(text));
    }
    one.does(&link(other.customer, Sameness::Same));
    other.does(&link(one.customer, Sameness::Same));
    BTreeMap::from([(one.customer, one), (other.customer, other)])
}

fn cards(stages: &BTreeMap<CustomerId, Stage>) -> BTreeMap<CustomerId, Visible> {
    stages
        .iter()
        .map(|(card, stage)| (*card, stage.visible.clone()))
        .collect()
}

fn linked(stages: &BTreeMap<CustomerId, Stage>, of: CustomerId) -> Component {
    let load = |one: CustomerId| {
        let stage = stages.get(&one);
        Ok::<_, Infallible>(stage.map(|stage| stage.view().links))
    };
    Component::of(of, load).unwrap_or_else(|never| match never {})
}

fn merged(stages: &BTreeMap<CustomerId, Stage>) -> Merged {
    let reading = Reading {
        now: Stage::new().now,
        corrections: &Corrections::new(),
    };
    merge(&cards(stages), &reading, None)
}

/// Writes of the person as a whole, to the oldest card.
fn does_via(stages: &mut BTreeMap<CustomerId, Stage>, edit: &Edit) -> Result<EditId, EditError> {
    let oldest = merged(stages).members[0];
    let (all, component) = (cards(stages), linked(stages, oldest));
    let stage = stages.get_mut(&oldest).unwrap();
    stage.now = stage.now.plus_ms(60_000);
    let context = stage.context();
    let via = Via {
        component: &component,
        cards: &all,
    };
    let plan = edit.plan_via(&context, via)?;
    stage.visible.write(&plan);
    Ok(plan.edit)
}

#[test]
fn one_person_has_what_every_card_has_and_what_protects_on_any() {
    let stages = pair();
    let person = merged(&stages);
    assert_eq!(person.members, [card(2), card(1)], "the oldest first");
    let substances: BTreeSet<_> = person
        .view
        .allergies
        .iter()
        .map(|one| one.substance.value.as_str())
        .collect();
    assert_eq!(substances, BTreeSet::from(["latex", "nickel"]));
    assert!(person.view.contact.blocked.is_some(), "blocked on one card");
    assert_eq!(person.view.endpoints.len(), 3);
    let promise = person.view.promises[0].id;
    assert_eq!(person.member_of(promise), Some(card(1)));
    let names: BTreeSet<_> = person.view.conflicts[0]
        .options
        .iter()
        .map(|option| option.text.as_str())
        .collect();
    assert_eq!(names, BTreeSet::from(["Anna", "Anne"]));
}

#[test]
fn consent_is_the_most_restrictive_of_the_cards_that_share_an_endpoint() {
    let mut stages = pair();
    let person = merged(&stages);
    let sms = Some(Channel::Sms);
    assert_eq!(person.view.consent(sms, Purpose::Sell), Decision::Deny);
    let endpoint = |person: &Merged, value: &str| {
        let mut endpoints = person.view.endpoints.iter();
        let found = endpoints.find(|one| one.value.value == value).unwrap();
        person.consent_at(&found.id, Channel::Sms, Purpose::Sell)
    };
    assert_eq!(endpoint(&person, "+33612345678"), Decision::Allow);
    assert_eq!(endpoint(&person, "+33698765432"), Decision::Deny);
    let shared = json(r#"{"edit":"add_endpoint","kind":"phone","value":"+33612345678"}"#);
    stages.get_mut(&card(2)).unwrap().does(&shared);
    assert_eq!(endpoint(&merged(&stages), "+33612345678"), Decision::Deny);
    let grant = json(
        r#"{"edit":"record_consent","channel":"sms","purposes":["sell"],"event":"grant","evidence":{"text_version":"2","method":"signature"}}"#,
    );
    does_via(&mut stages, &grant).unwrap();
    let person = merged(&stages);
    assert_eq!(
        endpoint(&person, "+33612345678"),
        Decision::Allow,
        "given by the person, who was shown the refusal"
    );
}

#[test]
fn what_is_written_of_the_person_settles_what_the_cards_differ_in() {
    let mut stages = pair();
    does_via(
        &mut stages,
        &json(r#"{"edit":"set_name","part":"given","value":"Annah"}"#),
    )
    .unwrap();
    let promise = merged(&stages).view.promises[0].id;
    let done = format!(r#"{{"edit":"set_promise_status","promise":"{promise}","status":"done"}}"#);
    does_via(&mut stages, &json(&done)).unwrap();
    let person = merged(&stages);
    assert_eq!(person.view.name.given.unwrap().value, "Annah");
    assert_eq!(person.view.conflicts, []);
    assert!(
        !person.view.promises[0].is_open(),
        "a promise of the other card"
    );
    assert_eq!(person.view.via.len(), 2);
    does_via(
        &mut stages,
        &json(r#"{"edit":"set_name","part":"given","value":"Anna"}"#),
    )
    .unwrap();
    let person = merged(&stages);
    assert_eq!(person.view.name.given.unwrap().value, "Anna");
    assert_eq!(person.view.conflicts, []);
}

#[test]
fn two_people_again_have_their_cards_as_they_were_and_a_list_of_what_to_allot() {
    let mut stages = pair();
    let before = cards(&stages);
    let texts = [
        r#"{"edit":"set_name","part":"given","value":"Annah"}"#,
        r#"{"edit":"tag","tag":"opera"}"#,
        r#"{"edit":"set_size","category":"shoe","system":"EU","size":"38"}"#,
    ];
    let written: Vec<_> = texts
        .iter()
        .map(|text| does_via(&mut stages, &json(text)).unwrap())
        .collect();
    let (one, oldest) = (card(1), card(2));
    let together = linked(&stages, oldest);
    assert_eq!(to_allot(oldest, &stages[&oldest].view(), &together), []);
    for (card, visible) in &before {
        assert_eq!(original(&stages[card].visible), *visible);
        for (facet, entries) in visible.iter() {
            let now = original(&stages[card].visible);
            let corrections = &Corrections::new();
            assert_eq!(
                canonical_json(now.get(facet).unwrap(), corrections),
                canonical_json(entries, corrections),
                "byte-equal"
            );
        }
    }
    let apart = link(oldest, Sameness::Different);
    stages.get_mut(&one).unwrap().does(&apart);
    let alone = linked(&stages, oldest);
    assert_eq!(alone, Component::alone(oldest));
    let listed = to_allot(oldest, &stages[&oldest].view(), &alone);
    let edits: Vec<_> = listed.iter().map(|one| one.via.edit).collect();
    assert_eq!(edits, written);
    assert_eq!(listed[0].via.cards, [one, oldest]);
    assert_eq!(to_allot(one, &stages[&one].view(), &alone), []);
    let late = does_via(&mut stages, &json(r#"{"edit":"tag","tag":"golf"}"#));
    assert_eq!(late, Err(EditError::NotOnePerson));
}

fn keys(endpoints: &[(EndpointKind, &str, bool)], loyalty: &[&str], name: &str) -> Keys {
    Keys {
        endpoints: endpoints
            .iter()
            .map(|(kind, value, verified)| (*kind, (*value).to_owned(), *verified))
            .collect(),
        loyalty: loyalty.iter().map(|one| (*one).to_owned()).collect(),
        name: name.to_owned(),
    }
}

#[test]
fn two_strong_keys_are_enough_to_link_and_one_is_a_question() {
    use EndpointKind::{Email, Phone};
    use LinkEvidence as By;
    let (phone, email) = ((Phone, "+33612345678", true), (Email, "a@b.fr", true));
    let said = |mut endpoint: (EndpointKind, &'static str, bool)| {
        endpoint.2 = false;
        endpoint
    };
    let check = |one: Keys, other: Keys, expected: Option<Proposal>| {
        assert_eq!(propose(&one, &other), expected);
        assert_eq!(propose(&other, &one), expected, "whichever is named first");
    };
    let whole = || keys(&[phone, email], &["L1"], "Anna Berg");
    check(
        whole(),
        keys(&[phone, email], &[], "B"),
        Some(Proposal::Link(vec![By::Email, By::Phone])),
    );
    check(
        whole(),
        keys(&[email], &["L1"], "B"),
        Some(Proposal::Link(vec![By::Email, By::Loyalty])),
    );
    check(
        whole(),
        keys(&[email], &[], "B"),
        Some(Proposal::Ask(vec![By::Email])),
    );
    check(
        whole(),
        keys(&[], &["L1"], "B"),
        Some(Proposal::Ask(vec![By::Loyalty])),
    );
    check(
        whole(),
        keys(&[said(phone), said(email)], &[], "B"),
        Some(Proposal::Ask(vec![By::Email, By::Phone])),
    );
    check(whole(), keys(&[phone], &[], "Karl Berg"), None);
    check(
        whole(),
        keys(&[phone], &[], "berg, ÁNNA"),
        Some(Proposal::Ask(vec![By::Phone])),
    );
    check(
        whole(),
        keys(&[phone], &[], "A. Berg"),
        Some(Proposal::Ask(vec![By::Phone])),
    );
    check(keys(&[], &[], ""), keys(&[], &[], ""), None);
}
