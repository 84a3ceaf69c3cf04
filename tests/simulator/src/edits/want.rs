//! Random edits of what customers need and suggest, what is asked of the hub for them, and which cards are theirs.

use sync_core::card::Edit;
use sync_core::card::edit::{
    AskInput, InvitationInput, LinkInput, NeedChange, NeedInput, SuggestionInput, SurpriseInput,
};
use sync_core::card::terms::{AskKind, InvitationState, LinkEvidence, NeedState, Sameness};
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, EditId};

use super::{SKUS, Scene, made, maybe, moment, one, prose, word};

/// Needs, suggestions, asks, invitations, links and who may approach.
pub(super) fn any(entropy: &mut SeededEntropy, scene: &Scene<'_>) -> Edit {
    let known = |entropy: &mut SeededEntropy, entity: &str| {
        let made = made(scene, entity);
        entropy.pick(&made).map(|(_, id)| *id)
    };
    let other = entropy.pick(scene.customers).copied();
    let is_same = entropy.percent(60);
    match entropy.below(10) {
        0..3 => {
            let known = known(entropy, "need");
            need(entropy, known)
        }
        3..6 => {
            let known = known(entropy, "suggestion");
            suggestion(entropy, known)
        }
        6 => match known(entropy, "ask").filter(|_| entropy.percent(50)) {
            Some(ask) => Edit::WithdrawAsk { ask },
            None => Edit::Ask(AskInput {
                kind: AskKind::Reservation,
                subject: Some(one(entropy, &SKUS).to_owned()),
                purpose: None,
                quantity: Some(1),
                at: maybe(entropy, |entropy| moment(entropy, scene.now)),
                words: maybe(entropy, prose),
            }),
        },
        7 => Edit::SetInvitation(InvitationInput {
            event: word(entropy),
            state: one(entropy, InvitationState::ALL),
        }),
        8 => Edit::LinkCustomers(LinkInput {
            other: other.unwrap_or(CustomerId([1; 16])),
            sameness: if is_same {
                Sameness::Same
            } else {
                Sameness::Different
            },
            evidence: vec![one(entropy, LinkEvidence::ALL)],
        }),
        _ => match entropy.below(4) {
            3 => Edit::SetSurprise(SurpriseInput {
                source: "till".to_owned(),
                purchase: entropy.below(3).to_string(),
                until: maybe(entropy, |entropy| moment(entropy, scene.now)),
            }),
            0 => Edit::KeepToOwner {
                reason: maybe(entropy, word),
            },
            1 => Edit::OpenToColleagues {
                reason: word(entropy),
            },
            _ => Edit::SetMinor { is_minor: is_same },
        },
    }
}

fn need(entropy: &mut SeededEntropy, known: Option<EditId>) -> Edit {
    let Some(need) = known.filter(|_| entropy.percent(60)) else {
        return Edit::AddNeed(NeedInput {
            what: prose(entropy),
            tags: vec![word(entropy)],
        });
    };
    match entropy.below(3) {
        0 => Edit::ChangeNeed(NeedChange {
            need,
            what: maybe(entropy, prose),
            tags: Some(vec![word(entropy)]),
        }),
        1 => Edit::SetNeedState {
            need,
            state: one(entropy, NeedState::ALL),
        },
        _ => Edit::AnswerNeed {
            need,
            answer: prose(entropy),
        },
    }
}

fn suggestion(entropy: &mut SeededEntropy, known: Option<EditId>) -> Edit {
    let Some(suggestion) = known.filter(|_| entropy.percent(75)) else {
        return Edit::AddSuggestion(SuggestionInput {
            what: prose(entropy),
            sku: maybe(entropy, |entropy| one(entropy, &SKUS).to_owned()),
        });
    };
    match entropy.below(3) {
        0 => Edit::AcknowledgeSuggestion { suggestion },
        1 => Edit::AnswerSuggestion {
            suggestion,
            answer: prose(entropy),
        },
        _ => Edit::TellSuggestion { suggestion },
    }
}
