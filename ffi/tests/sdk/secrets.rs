//! What is kept from linked people, on a handheld that met its hub.

use sync_core::card::Edit;
use sync_core::card::edit::SurpriseInput;
use sync_core::concierge::brief::LineKind;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, Timestamp};
use sync_core::records::{Currency, RecordDraft, RecordKind, Sale, SaleLine, SoldAt};

use crate::stage::{ANA, Actor, NOON, SHOP, Stage};

fn bought(stage: &mut Stage, customer: CustomerId, sku: &str) {
    let at = NOON.plus_ms(-10 * Timestamp::DAY_MS);
    let sale = RecordDraft {
        kind: RecordKind::Purchase,
        source: "till".to_owned(),
        source_id: "T-1".to_owned(),
        as_of: at,
        sale: Sale {
            shop: Some(SHOP),
            at: SoldAt::Moment(at),
            lines: vec![SaleLine {
                sku: Some(sku.to_owned()),
                label: None,
                quantity: 1,
                amount_minor: 12_300,
            }],
            amount_minor: 12_300,
            currency: Currency::EUR,
        },
    };
    let entropy = &mut SeededEntropy::new(3);
    stage.hub.put_records(customer, &[sale], entropy).unwrap();
}

fn kinds(actor: &Actor, customer: CustomerId) -> Vec<LineKind> {
    let brief = actor.book.brief(customer).unwrap();
    brief.lines.into_iter().map(|line| line.kind).collect()
}

#[test]
fn a_purchase_that_is_a_surprise_is_not_asked_about_on_any_handheld_until_its_day() {
    let mut stage = Stage::new();
    let ana = stage.enrolled(1, ANA);
    let ben = stage.enrolled(2, crate::stage::BEN);
    let lea = ana.create("Léa");
    stage.meet(&ana);
    bought(&mut stage, lea, "RING-1");
    stage.meet(&ana);
    assert!(kinds(&ana, lea).contains(&LineKind::Reaction));
    assert_eq!(ana.book.customer(lea).unwrap().surprises, []);

    let [purchase] = &ana.book.purchases(lea).unwrap()[..] else {
        panic!("one purchase");
    };
    let until = NOON.plus_ms(2 * Timestamp::DAY_MS);
    let keep = |until| {
        Edit::SetSurprise(SurpriseInput {
            source: purchase.source.clone(),
            purchase: purchase.source_id.clone(),
            until,
        })
    };
    ana.book.record(lea, keep(Some(until))).unwrap();
    stage.meet(&ana);
    stage.meet(&ben);
    for actor in [&ana, &ben] {
        let kinds = kinds(actor, lea);
        assert!(kinds.contains(&LineKind::Secret), "{kinds:?}");
        assert!(!kinds.contains(&LineKind::Reaction), "{kinds:?}");
        let card = actor.book.customer(lea).unwrap();
        let [kept] = &card.surprises[..] else {
            panic!("{:?}", card.surprises);
        };
        assert_eq!(
            (kept.source.as_str(), kept.purchase.as_str()),
            ("till", "T-1")
        );
        assert_eq!((kept.until, kept.ground.by), (until, ANA));
    }
    ben.book.record(lea, keep(None)).unwrap();
    assert!(kinds(&ben, lea).contains(&LineKind::Reaction), "it is told");
    ana.clock.advance_ms(2 * Timestamp::DAY_MS - 1);
    assert!(kinds(&ana, lea).contains(&LineKind::Secret));
    ana.clock.advance_ms(1);
    let after = kinds(&ana, lea);
    assert!(!after.contains(&LineKind::Secret), "{after:?}");
    assert!(after.contains(&LineKind::Reaction), "{after:?}");
}
