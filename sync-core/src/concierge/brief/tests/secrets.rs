//! Claims about what is kept from linked people: wishes and purchases.

use super::english;
use crate::card::normal::surprise_id;
use crate::card::view::SurpriseView;
use crate::concierge::SourceId;
use crate::concierge::brief::Brief;
use crate::concierge::scene::{DAY, Scene};
use crate::records::RecordKind;

fn keep(scene: &mut Scene, source: &str, purchase: &str) {
    let until = scene.now.plus_ms(DAY);
    let purchase = scene.fact(purchase.to_owned(), 1);
    scene.whole.view.surprises.push(SurpriseView {
        id: surprise_id(source, &purchase.value),
        source: source.to_owned(),
        purchase,
        until,
    });
}

#[test]
fn a_purchase_that_is_kept_secret_is_avoided_and_not_asked_about() {
    let mut scene = Scene::new();
    scene.sale(RecordKind::Purchase, &["bag"], 20);
    scene.sale(RecordKind::Purchase, &["ring", "box"], 10);
    scene.sale(RecordKind::Return, &["scarf"], 9);
    let told = |scene: &Scene| {
        let brief = Brief::of(&scene.picture());
        (english(&brief.avoid), english(&brief.act))
    };
    assert_eq!(told(&scene), (vec![], vec!["Ask how ring does".to_owned()]));
    keep(&mut scene, "till", "7");
    keep(&mut scene, "web", "1");
    assert_eq!(told(&scene).0, [""; 0], "of a purchase that is not here");
    keep(&mut scene, "till", "2");
    assert_eq!(told(&scene).0, [""; 0], "a return is none");
    keep(&mut scene, "till", "1");
    let (avoid, act) = told(&scene);
    assert_eq!(avoid, ["Secret: ring", "Secret: box"]);
    assert_eq!(act, ["Ask how bag does"], "the one before is no secret");
    let brief = Brief::of(&scene.picture());
    let purchase = SourceId::from(&scene.whole.sales[1]);
    for line in &brief.avoid {
        assert_eq!(line.sources.len(), 2, "{line:?}");
        assert!(line.sources.contains(&purchase), "{line:?}");
    }
}

#[test]
fn an_article_without_a_number_is_kept_secret_by_its_label() {
    let mut scene = Scene::new();
    scene.sale(RecordKind::Purchase, &["ring"], 10);
    let line = &mut scene.whole.sales[0].sale.lines[0];
    line.sku = None;
    line.label = Some("Signet ring".to_owned());
    keep(&mut scene, "Till", "0");
    let avoid = english(&Brief::of(&scene.picture()).avoid);
    assert_eq!(avoid, ["Secret: Signet ring"]);
}
