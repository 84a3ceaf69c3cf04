//! The audit over what a fleet did: a hub that handhelds pushed to is whole, and a change that its handheld did not sign is found.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use simulator::cast::{ANA, BEN, NOON, SHOP};
use simulator::fleet::{self, Handheld, Hub};
use sync_core::audit::{self, AuditError, Checked};
use sync_core::card::Edit;
use sync_core::card::terms::{NamePart, Place};
use sync_core::documents::StoredChange;
use sync_core::entropy::SeededEntropy;
use sync_core::envelope::EnvelopeKind;
use sync_core::ids::{AssociateId, CustomerId, DeviceId};
use sync_core::store::{self, Direction, KeyRange, Store as _, Table};

/// A hub to which two handhelds pushed concurrent work on one card.
fn hub() -> Hub {
    let mut entropy = SeededEntropy::new(42);
    let mut hub = Hub::new(SHOP, NOON, &mut entropy);
    let mut ana = Handheld::enrol(&mut hub, 1, ANA, 1);
    let mut ben = Handheld::enrol(&mut hub, 2, BEN, 2);
    let customer = CustomerId::random(&mut entropy);
    let create = Edit::CreateCustomer {
        name: [(NamePart::Given, "Ines".to_owned())].into(),
        language: None,
        endpoints: Vec::new(),
        since: None,
    };
    ana.record(customer, &create).unwrap();
    for _ in 0..2 {
        fleet::meet(&mut ana, &mut hub).unwrap();
        fleet::meet(&mut ben, &mut hub).unwrap();
    }
    for handheld in [&mut ana, &mut ben] {
        for place in [Place::Card, Place::Shop, Place::Private] {
            let note = Edit::AddNote {
                place,
                body: "prefers the quiet corner".to_owned(),
                title: None,
                label: None,
            };
            handheld.record(customer, &note).unwrap();
        }
    }
    for _ in 0..2 {
        fleet::meet(&mut ana, &mut hub).unwrap();
        fleet::meet(&mut ben, &mut hub).unwrap();
    }
    hub
}

fn verify(hub: &Hub) -> Result<Checked, AuditError> {
    let key = |device: DeviceId| hub.devices.get(&device).map(|enrolled| enrolled.key);
    audit::verify(&*hub.store.read().unwrap(), &key, &mut |_| ())
}

fn damage(hub: &Hub) -> audit::Damage {
    let found = verify(hub).expect_err("the audit finds the damage");
    assert!(matches!(found, AuditError::Damaged(_)), "{found}");
    if let AuditError::Damaged(damage) = found {
        return damage;
    }
    unreachable!("anything else was refused above")
}

#[test]
fn a_hub_that_handhelds_pushed_to_is_whole_and_every_push_is_signed() {
    let checked = verify(&hub()).unwrap();
    assert_eq!(checked.attestations, 7, "{checked:?}");
    assert_eq!(checked.attestations, checked.changes);
    assert_eq!(checked.documents, 4, "card, shop, and a private one each");
    assert_eq!(checked.scopes, 3);
}

#[test]
fn a_signature_that_is_not_the_enrolled_key_s_is_found() {
    let mut hub = hub();
    let mut changes = Vec::new();
    let range = KeyRange {
        from: &[],
        to: None,
    };
    let tx = hub.store.read().unwrap();
    tx.scan(
        Table::Change,
        range,
        Direction::Ascending,
        &mut |key, value| {
            let stored: StoredChange = store::decode_row(Table::Change, value)?;
            changes.push((key.to_vec(), stored));
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )
    .unwrap();
    drop(tx);
    for (key, stored) in &changes {
        assert_eq!(stored.sealed.envelope.kind, EnvelopeKind::Device);
        let mut forged = stored.clone();
        forged.sealed.envelope.associate = AssociateId([0xc; 8]);
        let mut tx = hub.store.write().unwrap();
        store::put_row(&mut *tx, Table::Change, key, &forged).unwrap();
        tx.commit().unwrap();
        let found = damage(&hub);
        assert_eq!(found.table, Table::Change);
        assert!(found.what.contains("signature does not hold"), "{found}");
        let mut tx = hub.store.write().unwrap();
        store::put_row(&mut *tx, Table::Change, key, stored).unwrap();
        tx.commit().unwrap();
    }
    verify(&hub).expect("everything was put back");
    hub.devices.clear();
    let found = damage(&hub);
    assert!(found.what.contains("ever enrolled"), "{found}");
}
