//! The items that Carnet suggests to begin with: what the best customers of a good house get, written down for all.

use std::collections::BTreeMap;

use super::terms::{Condition, Evidence, Tag, Trigger};
use super::{Item, Playbook, Span};

/// The beginning of what is known: evidence from before the trigger counts too.
const EVER: Span = Span::days(-3_650);
const NOW: Span = Span::minutes(0);

/// What most items have in common.
fn item(
    id: &str,
    (english, french): (&str, &str),
    trigger: Trigger,
    done_if: &[&[Evidence]],
) -> Item {
    let name = [("en", english), ("fr", french)];
    let name: BTreeMap<_, _> = name
        .into_iter()
        .map(|(language, name)| (language.to_owned(), name.to_owned()))
        .collect();
    Item {
        id: id.to_owned(),
        name,
        weight: 3,
        minutes: 2,
        tag: Tag::Experience,
        trigger,
        applies_if: Vec::new(),
        opens: NOW,
        closes: Span::days(1),
        late: NOW,
        done_if: done_if.iter().map(|way| way.to_vec()).collect(),
        at_least: 1,
        target: None,
        contact: false,
    }
}

pub(super) fn standard() -> Playbook {
    let mut items = at_a_visit();
    items.extend(after_a_purchase());
    items.extend(between_visits());
    items.extend(when_it_counts());
    items.extend(when_they_speak());
    Playbook { items }
}

fn at_a_visit() -> Vec<Item> {
    use Evidence::{Honored, PreferenceConfirmed, Reaction, Recognized};
    vec![
        Item {
            minutes: 1,
            ..item(
                "recognized",
                ("Recognized on arrival", "Reconnu à l'arrivée"),
                Trigger::Visit,
                &[&[Recognized]],
            )
        },
        Item {
            opens: EVER,
            at_least: 3,
            target: Some(5),
            minutes: 5,
            ..item(
                "preferences",
                (
                    "Three confirmed preferences by the second visit",
                    "Trois préférences confirmées à la deuxième visite",
                ),
                Trigger::SecondVisit,
                &[&[PreferenceConfirmed]],
            )
        },
        Item {
            at_least: 3,
            minutes: 3,
            applies_if: vec![Condition::HasPreferences],
            ..item(
                "honored",
                (
                    "Three preferences honored at each visit, or all that are known",
                    "Trois préférences honorées à chaque visite, ou toutes celles connues",
                ),
                Trigger::Visit,
                &[&[Honored]],
            )
        },
        Item {
            weight: 2,
            ..item(
                "heard",
                (
                    "Heard: a reaction at each visit",
                    "Écouté : une réaction à chaque visite",
                ),
                Trigger::Visit,
                &[&[Reaction]],
            )
        },
    ]
}

/// An item of the tie, for which the customer is approached.
fn contact(item: Item) -> Item {
    Item {
        tag: Tag::Engagement,
        contact: true,
        ..item
    }
}

fn after_a_purchase() -> Vec<Item> {
    use Evidence::{CareCheck, Reaction, Response, ThankYou};
    let checked: &[&[Evidence]] = &[&[CareCheck, Reaction], &[CareCheck, Response]];
    vec![
        contact(Item {
            weight: 2,
            minutes: 3,
            closes: Span::hours(72),
            late: Span::hours(72),
            ..item(
                "thank_you",
                ("Thanked within 72 hours", "Remercié sous 72 heures"),
                Trigger::Purchase,
                &[&[ThankYou]],
            )
        }),
        contact(Item {
            minutes: 5,
            opens: Span::days(14),
            // Day 30 is a whole day.
            closes: Span::days(31),
            late: Span::days(14),
            ..item(
                "care_check",
                (
                    "Asked how it does, day 14 to 30, and the answer written down",
                    "Suivi entre le 14e et le 30e jour, réponse notée",
                ),
                Trigger::Purchase,
                checked,
            )
        }),
    ]
}

fn between_visits() -> Vec<Item> {
    use Evidence::{Handover, Occasion, WishTold};
    vec![
        contact(Item {
            weight: 2,
            minutes: 5,
            opens: Span::days(-7),
            closes: Span::days(1),
            late: Span::days(3),
            applies_if: vec![Condition::Celebrates],
            ..item(
                "occasion",
                ("The day remembered", "Le jour marqué"),
                Trigger::Occasion,
                &[&[Occasion]],
            )
        }),
        contact(Item {
            minutes: 3,
            closes: Span::hours(48),
            late: Span::days(5),
            ..item(
                "wish_told",
                (
                    "Told within 48 hours that the wish is there",
                    "Prévenu sous 48 heures que le souhait est là",
                ),
                Trigger::WishInStock,
                &[&[WishTold]],
            )
        }),
        contact(Item {
            weight: 2,
            minutes: 5,
            closes: Span::days(14),
            late: Span::days(14),
            ..item(
                "handover",
                (
                    "Greeted by the new contact within 14 days",
                    "Salué par le nouveau conseiller sous 14 jours",
                ),
                Trigger::NewOwner,
                &[&[Handover]],
            )
        }),
    ]
}

fn when_it_counts() -> Vec<Item> {
    use Evidence::{CaseSolved, PromiseKept, Quiet, Recovery};
    vec![
        Item {
            weight: 5,
            minutes: 10,
            tag: Tag::Engagement,
            opens: EVER,
            closes: NOW,
            late: Span::days(30),
            ..item(
                "promise",
                ("Every promise by its date", "Chaque promesse à sa date"),
                Trigger::Promise,
                &[&[PromiseKept]],
            )
        },
        Item {
            weight: 5,
            minutes: 20,
            late: Span::days(7),
            ..item(
                "recovery",
                ("Set right within 24 hours", "Réparé sous 24 heures"),
                Trigger::Complaint,
                &[&[Recovery], &[CaseSolved]],
            )
        },
        Item {
            weight: 4,
            minutes: 0,
            tag: Tag::Engagement,
            closes: Span::minutes(1),
            ..item(
                "quietness",
                (
                    "No contact that the customer did not want",
                    "Aucun contact non souhaité",
                ),
                Trigger::Contacted,
                &[&[Quiet]],
            )
        },
    ]
}

fn when_they_speak() -> Vec<Item> {
    use Evidence::{Advice, NeedAnswered, Referral, SuggestionAnswered};
    vec![
        Item {
            minutes: 10,
            tag: Tag::Engagement,
            closes: Span::days(30),
            late: Span::days(30),
            ..item(
                "answered",
                (
                    "Every suggestion answered within 30 days",
                    "Chaque suggestion a sa réponse sous 30 jours",
                ),
                Trigger::Suggestion,
                &[&[SuggestionAnswered]],
            )
        },
        Item {
            minutes: 5,
            closes: Span::days(14),
            late: Span::days(14),
            ..item(
                "honest_advice",
                (
                    "Honest advice on every need, even when it leads elsewhere",
                    "Un conseil honnête sur chaque besoin, même vers une autre maison",
                ),
                Trigger::Need,
                &[&[Advice], &[Referral], &[NeedAnswered]],
            )
        },
    ]
}
