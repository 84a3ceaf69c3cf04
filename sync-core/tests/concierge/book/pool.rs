//! What colleagues write: edits with blanks, filled in at random.

use sync_core::card::schema::Role;
use sync_core::card::{EditContext, Provenance, Source};
use sync_core::entropy::{Entropy as _, SeededEntropy};
use sync_core::ids::{CustomerId, DeviceId, EditId, Timestamp};

use super::{HERE, ME, NOW, OTHER, TAGS, days, sku, some};

/// `$sku`, `$tag`, `$day` are filled in; `$promise`, `$visit`, `$need`, `$suggestion`, `$ask` name what was made before.
const POOL: &[&str] = &[
    r#"{"edit":"set_name","part":"given","value":"Ana"}"#,
    r#"{"edit":"set_name","part":"address","value":"Madame Wang"}"#,
    r#"{"edit":"block_contact"}"#,
    r#"{"edit":"set_service_mode","mode":"quick"}"#,
    r#"{"edit":"set_service_mode","mode":"leave_alone"}"#,
    r#"{"edit":"set_preference","kind":"color","subject":"coats","value":"$tag","polarity":"like"}"#,
    r#"{"edit":"set_preference","kind":"color","subject":"color","value":"$tag","polarity":"like"}"#,
    r#"{"edit":"set_preference","kind":"use","subject":"$tag","polarity":"like"}"#,
    r#"{"edit":"set_preference","kind":"material","subject":"leather","polarity":"never"}"#,
    r#"{"edit":"set_preference","kind":"color","subject":"bags","value":"$tag","polarity":"avoid"}"#,
    r#"{"edit":"observe_preference","kind":"color","subject":"shoes","value":"$tag","polarity":"like"}"#,
    r#"{"edit":"set_size","category":"shoe","system":"EU","size":"38"}"#,
    r#"{"edit":"set_size","category":"shoe","system":"EU","size":"39"}"#,
    r#"{"edit":"set_size","category":"coats","system":"EU","size":"44"}"#,
    r#"{"edit":"record_allergy","substance":"nickel","severity":"mild"}"#,
    r#"{"edit":"record_allergy","substance":"wool grease","severity":"serious","cause":"dermatitis"}"#,
    r#"{"edit":"remove_allergy","substance":"nickel"}"#,
    r#"{"edit":"add_note","place":"card","body":"one","label":"guarded"}"#,
    r#"{"edit":"add_note","place":"private","body":"mine","label":"guarded"}"#,
    r#"{"edit":"set_occasion","kind":"birthday","month":3,"day":9}"#,
    r#"{"edit":"set_occasion","kind":"birthday","month":3,"day":9,"celebrate":true}"#,
    r#"{"edit":"add_wish","sku":"$sku"}"#,
    r#"{"edit":"add_wish","sku":"$sku","surprise_until":1800000000000}"#,
    r#"{"edit":"make_promise","what":"call about the clasp","due":$day}"#,
    r#"{"edit":"make_promise","what":"send swatches to the house","due":$day}"#,
    r#"{"edit":"set_promise_status","promise":"$promise","status":"done"}"#,
    r#"{"edit":"arrive"}"#,
    r#"{"edit":"leave","visit":"$visit","summary":"her daughter starts school"}"#,
    r#"{"edit":"record_interaction","kind":"call","summary":"asked","act":"recovery"}"#,
    r#"{"edit":"record_reaction","sku":"$sku","sentiment":"disliked"}"#,
    r#"{"edit":"record_reaction","sku":"$sku","sentiment":"loved"}"#,
    r#"{"edit":"add_need","what":"something for the weather","tags":["$tag"]}"#,
    r#"{"edit":"add_need","what":"a tent","tags":["tent"]}"#,
    r#"{"edit":"answer_need","need":"$need","answer":"sent elsewhere"}"#,
    r#"{"edit":"add_suggestion","what":"a chair by the mirror"}"#,
    r#"{"edit":"answer_suggestion","suggestion":"$suggestion","answer":"in May"}"#,
    r#"{"edit":"ask","kind":"appointment","at":$day}"#,
    r#"{"edit":"ask","kind":"reservation","subject":"$sku","quantity":1}"#,
    r#"{"edit":"withdraw_ask","ask":"$ask"}"#,
    r#"{"edit":"keep_to_owner"}"#,
];
pub(super) const MADE: [(&str, &str); 5] = [
    ("$promise", "make_promise"),
    ("$visit", "arrive"),
    ("$need", "add_need"),
    ("$suggestion", "add_suggestion"),
    ("$ask", "\"ask\",\"kind\""),
];

/// What decides whether somebody may be contacted, and what is owed to them.
const REACH: &[&str] = &[
    r#"{"edit":"add_endpoint","kind":"phone","value":"+33612345678"}"#,
    r#"{"edit":"add_endpoint","kind":"email","value":"ana@example.org"}"#,
    r#"{"edit":"add_endpoint","kind":"whatsapp","value":"+33612345679"}"#,
    r#"{"edit":"mark_endpoint","kind":"phone","value":"+33612345678","status":"wrong_person"}"#,
    r#"{"edit":"mark_endpoint","kind":"email","value":"ana@example.org","status":"bounced"}"#,
    r#"{"edit":"record_consent","channel":"sms","purposes":["care","sell"],"event":"grant","evidence":{"text_version":"1","method":"spoken"}}"#,
    r#"{"edit":"record_consent","channel":"call","purposes":["care","event"],"event":"grant","evidence":{"text_version":"1","method":"spoken"}}"#,
    r#"{"edit":"record_consent","channel":"email","purposes":["care","sell","event"],"event":"grant","evidence":{"text_version":"1","method":"signature"}}"#,
    r#"{"edit":"record_consent","channel":"sms","purposes":["sell","service"],"event":"grant","evidence":{"text_version":"2","method":"web_form"}}"#,
    r#"{"edit":"record_consent","channel":"post","purposes":["event"],"event":"grant","evidence":{"text_version":"1","method":"signature"}}"#,
    r#"{"edit":"record_consent","channel":"sms","purposes":["sell"],"event":"withdraw"}"#,
    r#"{"edit":"record_consent","channel":"email","purposes":["sell"],"event":"object"}"#,
    r#"{"edit":"set_agreement","state":"agreed","evidence":{"text_version":"1","method":"spoken"}}"#,
    r#"{"edit":"set_agreement","state":"agreed","evidence":{"text_version":"1","method":"spoken"}}"#,
    r#"{"edit":"set_agreement","state":"ended"}"#,
    r#"{"edit":"pause_contact","until":$day}"#,
    r#"{"edit":"set_channels","channels":["email","sms"]}"#,
    r#"{"edit":"set_channels","channels":["call"]}"#,
    r#"{"edit":"lift_block","reason":"asked for it"}"#,
    r#"{"edit":"record_interaction","kind":"message","channel":"email","by_customer":true,"summary":"wrote to us"}"#,
    r#"{"edit":"record_interaction","kind":"message","channel":"sms","act":"thank_you"}"#,
    r#"{"edit":"record_interaction","kind":"call","channel":"call","act":"care_check"}"#,
    r#"{"edit":"record_interaction","kind":"call","channel":"call","act":"wish_told","about":"$sku"}"#,
    r#"{"edit":"record_interaction","kind":"gesture","summary":"a hem","spent":{"minor":900,"right":"gesture/x"}}"#,
    r#"{"edit":"record_interaction","kind":"referral","summary":"the maker across the street"}"#,
    r#"{"edit":"record_interaction","kind":"referral","by_customer":true,"summary":"a friend of hers"}"#,
    r#"{"edit":"record_interaction","kind":"service","sku":"$sku","act":"advice"}"#,
    r#"{"edit":"set_invitation","event":"autumn","state":"attended"}"#,
    r#"{"edit":"tell_suggestion","suggestion":"$suggestion"}"#,
    r#"{"edit":"set_minor","is_minor":true}"#,
];

/// The next thing that somebody may want to write.
pub(super) fn template<'a>(random: &mut SeededEntropy) -> &'a str {
    let of = if random.percent(60) { POOL } else { REACH };
    some(random, of)
}

/// A template with its blanks filled in; none where it names something that was not made.
pub(super) fn fill(
    template: &str,
    made: &[(&str, EditId)],
    random: &mut SeededEntropy,
) -> Option<String> {
    let mut text = template.to_owned();
    for (name, _) in MADE {
        if text.contains(name) {
            let ids: Vec<_> = made.iter().filter(|(of, _)| *of == name).collect();
            let (_, id) = random.pick(&ids)?;
            text = text.replace(name, &id.to_string());
        }
    }
    let day = days(random, -5, 20).0.to_string();
    let sku = sku(random);
    let tag = some(random, TAGS);
    Some(
        text.replace("$sku", &sku)
            .replace("$tag", tag)
            .replace("$day", &day),
    )
}

pub(super) fn context(
    customer: CustomerId,
    side: usize,
    random: &mut SeededEntropy,
) -> EditContext {
    let mut edit = [0; 10];
    random.fill(&mut edit);
    let sources = [Source::Stated, Source::Stated, Source::Typed];
    let at = if random.percent(70) {
        days(random, -40, 0)
    } else {
        days(random, -800, 0)
    };
    EditContext {
        edit: EditId(edit),
        customer,
        provenance: Provenance {
            by: [ME, OTHER][side],
            device: DeviceId([u8::try_from(side).unwrap(); 8]),
            shop: HERE,
            at: Timestamp(at.0.min(NOW.0)),
            source: *random.pick(&sources).unwrap(),
            as_of: None,
        },
        role: Role::Manager,
    }
}
