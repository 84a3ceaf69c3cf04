//! Random edits over everything that an associate can do, drawn from few words so that people often write about the same thing.

mod want;

use std::collections::BTreeMap;

use sync_core::card::edit::{EndpointInput, Evidence};
use sync_core::card::terms::{
    Act, Agreement, Channel, ConsentEvent, ConsentMethod, EndpointKind, EndpointStatus,
    InteractionKind, NamePart, OccasionKind, Place, Polarity, PromiseStatus, Purpose,
    RelationshipKind, Sensitivity, Sentiment, ServiceMode, Severity,
};
use sync_core::card::view::Conflict;
use sync_core::card::{Edit, Visible};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, EditId, Timestamp};

const WORDS: [&str; 8] = [
    "navy",
    "silk",
    "Léa",
    "王小明",
    "wide fit",
    "rose",
    "Ørsted",
    "tea",
];
const PHONES: [&str; 4] = [
    "+33612345678",
    "+33698765432",
    "+4915112345678",
    "+81312345678",
];
const SKUS: [&str; 4] = ["B-100", "S-200", "K-300", "H-400"];
const LANGUAGES: [&str; 4] = ["fr", "en-GB", "zh-Hans", "ja"];

/// What a random edit may refer to.
#[derive(Debug)]
pub struct Scene<'a> {
    /// What its author sees of the customer.
    pub visible: &'a Visible,
    /// What people disagree on there.
    pub conflicts: &'a [Conflict],
    /// Everybody one can be related to.
    pub customers: &'a [CustomerId],
    /// Everybody one can give a promise to.
    pub people: &'a [AssociateId],
    /// The author's clock.
    pub now: Timestamp,
}

fn one<T: Copy>(entropy: &mut SeededEntropy, items: &[T]) -> T {
    *entropy.pick(items).expect("the lists here are not empty")
}

fn word(entropy: &mut SeededEntropy) -> String {
    one(entropy, &WORDS).to_owned()
}

fn maybe<T>(entropy: &mut SeededEntropy, make: impl FnOnce(&mut SeededEntropy) -> T) -> Option<T> {
    entropy.percent(50).then(|| make(entropy))
}

/// A sentence; now and then a long one.
fn prose(entropy: &mut SeededEntropy) -> String {
    let words = if entropy.percent(4) {
        400
    } else {
        2 + entropy.below(8)
    };
    let mut text: Vec<_> = (0..words).map(|_| one(entropy, &WORDS)).collect();
    let number = entropy.below(10_000).to_string();
    text.push(&number);
    text.join(" ")
}

fn moment(entropy: &mut SeededEntropy, now: Timestamp) -> Timestamp {
    let days = i64::try_from(entropy.below(60)).expect("below 60") - 10;
    Timestamp(now.0.max(0)).plus_ms(days * Timestamp::DAY_MS)
}

fn evidence(entropy: &mut SeededEntropy) -> Evidence {
    Evidence {
        text_version: "2026-1".to_owned(),
        method: one(entropy, ConsentMethod::ALL),
        reference: maybe(entropy, word),
    }
}

/// An edit that begins a card.
#[must_use]
pub fn create(entropy: &mut SeededEntropy) -> Edit {
    let mut name = BTreeMap::from([(NamePart::Given, word(entropy))]);
    if entropy.percent(50) {
        name.insert(one(entropy, NamePart::ALL), word(entropy));
    }
    let endpoints = maybe(entropy, |entropy| EndpointInput {
        kind: EndpointKind::Phone,
        value: one(entropy, &PHONES).to_owned(),
    });
    Edit::CreateCustomer {
        name,
        language: maybe(entropy, |entropy| one(entropy, &LANGUAGES).to_owned()),
        endpoints: endpoints.into_iter().collect(),
        since: None,
    }
}

/// Any edit.
#[must_use]
pub fn any(entropy: &mut SeededEntropy, scene: &Scene<'_>) -> Edit {
    if !scene.conflicts.is_empty() && entropy.percent(30) {
        return resolve(entropy, scene);
    }
    match entropy.below(96) {
        0..8 => identity(entropy),
        8..24 => consent(entropy, scene),
        24..42 => taste(entropy, scene),
        42..64 => note(entropy, scene),
        64..74 => people(entropy, scene),
        74..84 => promise(entropy, scene),
        84..90 => want::any(entropy, scene),
        _ => visit(entropy, scene),
    }
}

fn identity(entropy: &mut SeededEntropy) -> Edit {
    let (kind, value) = if entropy.percent(70) {
        (EndpointKind::Phone, one(entropy, &PHONES).to_owned())
    } else {
        (EndpointKind::Email, "lea@example.com".to_owned())
    };
    match entropy.below(6) {
        0 | 1 => Edit::SetName {
            part: one(entropy, NamePart::ALL),
            value: maybe(entropy, word),
        },
        2 => Edit::AddEndpoint { kind, value },
        3 => Edit::RemoveEndpoint { kind, value },
        4 => Edit::MarkEndpoint {
            kind,
            value,
            status: one(entropy, EndpointStatus::ALL),
        },
        _ => create(entropy),
    }
}

fn consent(entropy: &mut SeededEntropy, scene: &Scene<'_>) -> Edit {
    match entropy.below(12) {
        0..4 => {
            let event = one(entropy, ConsentEvent::ALL);
            let purpose = one(entropy, Purpose::ALL);
            Edit::RecordConsent {
                channel: purpose.needs_channel().then(|| one(entropy, Channel::ALL)),
                purposes: vec![purpose],
                event,
                evidence: Some(evidence(entropy)).filter(|_| event == ConsentEvent::Grant),
            }
        }
        4 => Edit::RecordConsent {
            channel: None,
            purposes: vec![Purpose::Sensitive],
            event: ConsentEvent::Grant,
            evidence: Some(evidence(entropy)),
        },
        5 => Edit::SetAgreement {
            state: one(entropy, Agreement::ALL),
            evidence: maybe(entropy, evidence),
        },
        6 | 7 => Edit::BlockContact {
            reason: maybe(entropy, word),
        },
        8 => Edit::LiftBlock {
            reason: word(entropy),
        },
        9 => Edit::PauseContact {
            until: maybe(entropy, |entropy| moment(entropy, scene.now)),
        },
        10 => Edit::SetServiceMode {
            mode: one(entropy, ServiceMode::ALL),
        },
        _ if entropy.percent(50) => Edit::SetLanguage {
            language: maybe(entropy, |entropy| one(entropy, &LANGUAGES).to_owned()),
        },
        _ => Edit::SetChannels {
            channels: vec![one(entropy, Channel::ALL), one(entropy, Channel::ALL)],
        },
    }
}

fn taste(entropy: &mut SeededEntropy, scene: &Scene<'_>) -> Edit {
    let (kind, subject, value) = ("color".to_owned(), word(entropy), maybe(entropy, word));
    let polarity = one(entropy, &[Polarity::Like, Polarity::Avoid, Polarity::Never]);
    let sku = one(entropy, &SKUS).to_owned();
    match entropy.below(14) {
        0 | 1 => Edit::SetPreference {
            kind,
            subject,
            value,
            polarity,
        },
        2 => Edit::ObservePreference {
            kind,
            subject,
            value,
            polarity,
        },
        3 => Edit::DropPreference { kind, subject },
        4..7 => Edit::SetSize {
            category: "shoe".to_owned(),
            system: "EU".to_owned(),
            brand: None,
            size: maybe(entropy, |entropy| (36 + entropy.below(6)).to_string()),
        },
        7 | 8 => Edit::RecordAllergy {
            substance: one(entropy, &["nickel", "latex", "nuts"]).to_owned(),
            severity: one(entropy, Severity::ALL),
            cause: maybe(entropy, prose),
        },
        9 => Edit::RemoveAllergy {
            substance: one(entropy, &["nickel", "latex", "nuts"]).to_owned(),
        },
        10 | 11 => Edit::AddWish {
            sku,
            quantity: maybe(entropy, |entropy| {
                u16::try_from(1 + entropy.below(3)).expect("small")
            }),
            note: maybe(entropy, word),
            surprise_until: maybe(entropy, |entropy| moment(entropy, scene.now)),
        },
        12 => Edit::FulfillWish { sku },
        _ => Edit::RemoveWish { sku },
    }
}

/// The things of a kind that the author sees, with where they are.
fn made(scene: &Scene<'_>, entity: &str) -> Vec<(Place, EditId)> {
    let mut found = Vec::new();
    for (facet, entries) in scene.visible.iter() {
        for (key, _) in entries.iter().filter(|(key, _)| key.path.entity == entity) {
            found.extend(key.path.id.parse().map(|id| (Place::of(facet), id)));
        }
    }
    found.dedup();
    found
}

fn note(entropy: &mut SeededEntropy, scene: &Scene<'_>) -> Edit {
    let notes = made(scene, "note");
    let known = entropy.pick(&notes).copied();
    let Some((place, note)) = known.filter(|_| entropy.percent(65)) else {
        return Edit::AddNote {
            place: one(entropy, Place::ALL),
            body: prose(entropy),
            title: maybe(entropy, word),
            label: maybe(entropy, |entropy| one(entropy, Sensitivity::ALL)),
        };
    };
    match entropy.below(10) {
        0..3 => Edit::EditNote {
            place,
            note,
            body: prose(entropy),
            title: maybe(entropy, word),
        },
        3 | 4 => Edit::ArchiveNote {
            place,
            note,
            archived: entropy.percent(70),
        },
        5 => Edit::PinNote {
            place,
            note,
            reason: maybe(entropy, word),
        },
        6 => Edit::LabelNote {
            place,
            note,
            label: one(entropy, Sensitivity::ALL),
        },
        7 => Edit::RedactNote {
            place,
            note,
            reason: word(entropy),
        },
        _ => Edit::MoveNote {
            note,
            from: place,
            to: one(entropy, Place::ALL),
        },
    }
}

fn people(entropy: &mut SeededEntropy, scene: &Scene<'_>) -> Edit {
    let occasion = one(entropy, OccasionKind::ALL);
    let kind = one(entropy, RelationshipKind::ALL);
    let other = entropy
        .pick(scene.customers)
        .copied()
        .unwrap_or(CustomerId([1; 16]));
    let person = entropy.percent(30).then(|| word(entropy));
    match entropy.below(8) {
        0..3 => Edit::SetOccasion {
            kind: occasion,
            person,
            year: maybe(entropy, |entropy| {
                1950 + u16::try_from(entropy.below(60)).expect("small")
            }),
            month: maybe(entropy, |entropy| {
                u8::try_from(1 + entropy.below(12)).expect("small")
            }),
            day: maybe(entropy, |entropy| {
                u8::try_from(1 + entropy.below(31)).expect("small")
            }),
            celebrate: maybe(entropy, |entropy| entropy.percent(50)),
        },
        3 => Edit::RemoveOccasion {
            kind: occasion,
            person,
        },
        4 => Edit::AddRelationship { other, kind },
        5 => Edit::RemoveRelationship { other, kind },
        6 => Edit::Tag { tag: word(entropy) },
        _ => Edit::Untag { tag: word(entropy) },
    }
}

fn promise(entropy: &mut SeededEntropy, scene: &Scene<'_>) -> Edit {
    let promises = made(scene, "promise");
    let known = entropy.pick(&promises).copied();
    let Some((_, promise)) = known.filter(|_| entropy.percent(60)) else {
        return Edit::MakePromise {
            what: prose(entropy),
            due: maybe(entropy, |entropy| moment(entropy, scene.now)),
            assignee: maybe(entropy, |entropy| one(entropy, scene.people)),
        };
    };
    match entropy.below(3) {
        0 => Edit::ChangePromise {
            promise,
            what: maybe(entropy, prose),
            due: Some(moment(entropy, scene.now)),
        },
        1 => Edit::SetPromiseStatus {
            promise,
            status: one(entropy, PromiseStatus::ALL),
        },
        _ => Edit::AssignPromise {
            promise,
            assignee: maybe(entropy, |entropy| one(entropy, scene.people)),
        },
    }
}

fn visit(entropy: &mut SeededEntropy, scene: &Scene<'_>) -> Edit {
    let visits = made(scene, "visit");
    let known = entropy.pick(&visits).map(|(_, visit)| *visit);
    let sku = one(entropy, &SKUS).to_owned();
    match (entropy.below(6), known) {
        (0, Some(visit)) => Edit::Capture {
            visit,
            summary: prose(entropy),
        },
        (1, Some(visit)) => Edit::Leave {
            visit,
            summary: maybe(entropy, prose),
        },
        (2, _) => Edit::RecordInteraction {
            kind: one(entropy, InteractionKind::ALL),
            visit: known,
            channel: maybe(entropy, |entropy| one(entropy, Channel::ALL)),
            sku: Some(sku),
            by_customer: entropy.percent(50),
            summary: maybe(entropy, prose),
            act: maybe(entropy, |entropy| one(entropy, Act::ALL)),
            about: maybe(entropy, word),
            spent: None,
        },
        (3 | 4, _) => Edit::RecordReaction {
            interaction: known,
            sku,
            sentiment: one(entropy, Sentiment::ALL),
            words: maybe(entropy, prose),
        },
        _ => Edit::Arrive {
            with: maybe(entropy, word),
        },
    }
}

fn resolve(entropy: &mut SeededEntropy, scene: &Scene<'_>) -> Edit {
    let conflict = entropy.pick(scene.conflicts);
    let choose = conflict.and_then(|conflict| entropy.pick(&conflict.options));
    match (conflict, choose) {
        (Some(conflict), Some(choose)) => Edit::Resolve {
            place: conflict.place,
            path: conflict.path.clone(),
            choose: choose.edit,
        },
        _ => taste(entropy, scene),
    }
}

/// The name of an edit, as its JSON has it. A new edit does not compile until it has one here, which reminds whoever adds it to draw it above.
#[must_use]
pub fn name(edit: &Edit) -> &'static str {
    match edit {
        Edit::CreateCustomer { .. } => "create_customer",
        Edit::SetName { .. } => "set_name",
        Edit::AddEndpoint { .. } => "add_endpoint",
        Edit::RemoveEndpoint { .. } => "remove_endpoint",
        Edit::MarkEndpoint { .. } => "mark_endpoint",
        Edit::RecordConsent { .. } => "record_consent",
        Edit::SetAgreement { .. } => "set_agreement",
        Edit::BlockContact { .. } => "block_contact",
        Edit::LiftBlock { .. } => "lift_block",
        Edit::PauseContact { .. } => "pause_contact",
        Edit::SetServiceMode { .. } => "set_service_mode",
        Edit::SetLanguage { .. } => "set_language",
        Edit::SetChannels { .. } => "set_channels",
        Edit::SetPreference { .. } => "set_preference",
        Edit::ObservePreference { .. } => "observe_preference",
        Edit::DropPreference { .. } => "drop_preference",
        Edit::SetSize { .. } => "set_size",
        Edit::RecordAllergy { .. } => "record_allergy",
        Edit::RemoveAllergy { .. } => "remove_allergy",
        Edit::AddNote { .. } => "add_note",
        Edit::EditNote { .. } => "edit_note",
        Edit::ArchiveNote { .. } => "archive_note",
        Edit::PinNote { .. } => "pin_note",
        Edit::LabelNote { .. } => "label_note",
        Edit::RedactNote { .. } => "redact_note",
        Edit::MoveNote { .. } => "move_note",
        Edit::SetOccasion { .. } => "set_occasion",
        Edit::RemoveOccasion { .. } => "remove_occasion",
        Edit::AddRelationship { .. } => "add_relationship",
        Edit::RemoveRelationship { .. } => "remove_relationship",
        Edit::AddWish { .. } => "add_wish",
        Edit::FulfillWish { .. } => "fulfill_wish",
        Edit::RemoveWish { .. } => "remove_wish",
        Edit::MakePromise { .. } => "make_promise",
        Edit::ChangePromise { .. } => "change_promise",
        Edit::SetPromiseStatus { .. } => "set_promise_status",
        Edit::AssignPromise { .. } => "assign_promise",
        Edit::Arrive { .. } => "arrive",
        Edit::Capture { .. } => "capture",
        Edit::Leave { .. } => "leave",
        Edit::RecordInteraction { .. } => "record_interaction",
        Edit::RecordReaction { .. } => "record_reaction",
        Edit::Tag { .. } => "tag",
        Edit::Untag { .. } => "untag",
        Edit::AddNeed(_) => "add_need",
        Edit::ChangeNeed(_) => "change_need",
        Edit::SetNeedState { .. } => "set_need_state",
        Edit::AnswerNeed { .. } => "answer_need",
        Edit::AddSuggestion(_) => "add_suggestion",
        Edit::AcknowledgeSuggestion { .. } => "acknowledge_suggestion",
        Edit::AnswerSuggestion { .. } => "answer_suggestion",
        Edit::TellSuggestion { .. } => "tell_suggestion",
        Edit::LinkCustomers(_) => "link_customers",
        Edit::Ask(_) => "ask",
        Edit::WithdrawAsk { .. } => "withdraw_ask",
        Edit::SetInvitation(_) => "set_invitation",
        Edit::SetSurprise(_) => "set_surprise",
        Edit::KeepToOwner { .. } => "keep_to_owner",
        Edit::OpenToColleagues { .. } => "open_to_colleagues",
        Edit::SetMinor { .. } => "set_minor",
        Edit::Resolve { .. } => "resolve",
    }
}

/// How many edits there are.
pub const NAMES: usize = 61;

#[cfg(test)]
mod tests;
