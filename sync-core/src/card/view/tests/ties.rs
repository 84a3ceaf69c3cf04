//! Claims about ties between two customers, each with a card of their own.

use super::*;
use crate::card::view::OtherEnd;

const ANA: CustomerId = CustomerId([9; 16]);
const BEN: CustomerId = CustomerId([8; 16]);
const PARTNER: RelationshipKind = RelationshipKind::Partner;

/// Two cards, the first Ana's.
fn cards() -> [Stage; 2] {
    let mut ben = Stage::new();
    ben.customer = BEN;
    ben.does(&json(r#"{"edit":"set_name","part":"given","value":"Ben"}"#));
    [Stage::new(), ben]
}

/// Ana's ties with Ben's card at hand.
fn joined([ana, ben]: &[Stage; 2]) -> Vec<RelationshipView> {
    let end = OtherEnd {
        entries: ben.visible.get(&Facet::Card).cloned().unwrap_or_default(),
        corrections: ben.corrections.clone(),
    };
    let reading = Reading {
        now: ana.now,
        corrections: &ana.corrections,
    };
    let mut view = ana.view();
    view.join_ties(&[(ben.customer, end)].into_iter().collect(), &reading);
    view.relationships
}

fn add(other: CustomerId) -> Edit {
    let kind = PARTNER;
    Edit::AddRelationship { other, kind }
}

fn remove(other: CustomerId) -> Edit {
    let kind = PARTNER;
    Edit::RemoveRelationship { other, kind }
}

#[test]
fn a_separation_on_either_card_does_not_come_undone_on_the_other() {
    let mut cards = cards();
    cards[0].does(&add(BEN));
    assert_eq!(joined(&cards).len(), 1, "one end is enough to know of it");
    cards[1].does(&add(ANA));
    assert_eq!(joined(&cards).len(), 1);
    cards[1].does(&remove(ANA));
    assert_eq!(joined(&cards), []);
    cards[0].does(&add(BEN));
    assert_eq!(joined(&cards), [], "said again where it was not taken back");
    assert_eq!(
        cards[0].view().relationships.len(),
        1,
        "alone it can't know"
    );
    cards[1].does(&add(ANA));
    assert_eq!(joined(&cards).len(), 1, "said again where it was");
    cards[0].does(&remove(BEN));
    assert_eq!(joined(&cards), []);
    cards.reverse();
    assert_eq!(joined(&cards), [], "from the other end too");
}

#[test]
fn the_other_is_named_only_while_they_agree_to_a_relationship() {
    let mut cards = cards();
    cards[0].does(&add(BEN));
    let name = |cards: &[Stage; 2]| joined(cards)[0].name.clone();
    assert_eq!(name(&cards), None);
    cards[1].does(&json(r#"{"edit":"set_agreement","state":"agreed"}"#));
    assert_eq!(name(&cards).as_deref(), Some("Ben"));
    cards[1].does(&json(r#"{"edit":"set_agreement","state":"ended"}"#));
    assert_eq!(name(&cards), None);
    assert_eq!(
        cards[0].view().relationships[0].name,
        None,
        "card not at hand"
    );
}
