//! Every edit is drawn, and can be made.

use std::collections::BTreeSet;

use sync_core::card::schema::Role;
use sync_core::card::{CardView, EditContext, Provenance, Reading, Source};
use sync_core::ids::{DeviceId, ShopId};

use super::*;

/// Draws an edit as somebody who sees `seen` and writes it into `card`.
fn draw(entropy: &mut SeededEntropy, seen: &Visible, card: &mut Visible) -> Option<&'static str> {
    let reading = Reading {
        now: Timestamp(0),
        corrections: &BTreeMap::new(),
    };
    let view = CardView::read(seen, &reading);
    let people = [AssociateId([7; 8])];
    let scene = Scene {
        visible: seen,
        conflicts: &view.conflicts,
        customers: &[CustomerId([3; 16])],
        people: &people,
        now: Timestamp(1_790_000_000_000),
    };
    let edit = any(entropy, &scene);
    let context = EditContext {
        edit: EditId::random(entropy),
        customer: CustomerId([9; 16]),
        provenance: Provenance {
            by: AssociateId([7; 8]),
            device: DeviceId([1; 8]),
            shop: ShopId([1; 8]),
            at: scene.now,
            source: Source::Stated,
            as_of: None,
        },
        role: Role::Manager,
    };
    let plan = edit.plan(&context, seen).ok()?;
    card.write(&plan);
    Some(name(&edit))
}

#[test]
fn every_edit_is_drawn_and_can_be_made() {
    let entropy = &mut SeededEntropy::new(1);
    let (mut card, mut stale) = (Visible::default(), Visible::default());
    let mut drawn = BTreeSet::new();
    for number in 0..4_500 {
        let seen = if number % 3 == 0 {
            stale.clone()
        } else {
            card.clone()
        };
        drawn.extend(draw(entropy, &seen, &mut card));
        if number % 20 == 0 {
            stale = card.clone();
        }
        if number % 500 == 499 {
            (card, stale) = (Visible::default(), Visible::default());
        }
    }
    assert_eq!(drawn.len(), NAMES, "{drawn:?}");
}
