//! What the house may do without being asked: it follows from whether the customer agreed to a relationship, and from nothing else.
//!
//! Without *agreed*, a card keeps and shows what service itself needs: safety, open promises, what was bought, what the customer said. What
//! somebody concluded about the customer is neither kept anew nor shown, and nobody makes the first step.
//!
//! # Invariants
//! - What protects the customer is shown, whatever they agreed to.
//! - Ending or declining is at least as narrow as never having been asked.

use serde::Serialize;

use crate::card::terms::{Agreement, Polarity};
use crate::card::value::Source;
use crate::card::view::{PreferenceView, Strength};
use crate::card::{CardView, Edit};

/// What the customer's answer to the offer of a relationship allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Allowance {
    /// What they answered; nothing where nobody asked.
    pub agreement: Option<Agreement>,
    /// Whether the house may make the first step: a message, a call, an invitation that nobody asked for.
    pub may_approach: bool,
    /// Whether what was concluded about the customer may be kept and shown.
    pub may_infer: bool,
    /// Whether they may be asked for a relationship: not again after they declined or ended it.
    pub may_invite: bool,
}

impl Allowance {
    /// What a card allows.
    #[must_use]
    pub fn of(view: &CardView) -> Self {
        let agreement = view.agreement.as_ref().map(|said| said.value);
        let agreed = agreement == Some(Agreement::Agreed);
        let refused = matches!(agreement, Some(Agreement::Declined | Agreement::Ended));
        Self {
            agreement,
            may_approach: agreed,
            may_infer: agreed,
            may_invite: !agreed && !refused,
        }
    }

    /// Whether an edit on this ground may be made: without a relationship nothing is concluded about the customer.
    #[must_use]
    pub fn allows(&self, edit: &Edit, source: Source) -> bool {
        let observes = matches!(edit, Edit::ObservePreference { .. } | Edit::Tag { .. });
        let supposes = matches!(edit, Edit::SetPreference { polarity, .. }
            if source < Source::Stated && *polarity != Polarity::Never);
        self.may_infer || !(observes || supposes)
    }

    /// The card as it may be shown: without what was concluded, where the customer has not agreed to that.
    #[must_use]
    pub fn shown(&self, mut view: CardView) -> CardView {
        if !self.may_infer {
            view.preferences.retain(|one| !is_inferred(one));
            view.tags.clear();
            let kept: Vec<_> = view.preferences.iter().map(|one| one.id.clone()).collect();
            view.conflicts.retain(|conflict| {
                let mut parts = conflict.path.split('/');
                let (entity, id) = (parts.next(), parts.next().unwrap_or_default());
                entity != Some("preference") || kept.iter().any(|one| one == id)
            });
        }
        view
    }
}

/// Whether a preference is a conclusion: seen or supposed rather than said. What is never wanted protects the customer and counts as said.
#[must_use]
pub fn is_inferred(preference: &PreferenceView) -> bool {
    let is_said = preference.value.source >= Source::Stated
        && matches!(preference.strength, Strength::Confirmed | Strength::Stale);
    !is_said && preference.polarity != Polarity::Never
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::stage::Stage;

    fn json(text: &str) -> Edit {
        serde_json::from_str(text).expect("the test's JSON is an edit")
    }

    fn card() -> Stage {
        let mut stage = Stage::new();
        for text in [
            r#"{"edit":"set_preference","kind":"color","subject":"coats","value":"navy","polarity":"like"}"#,
            r#"{"edit":"observe_preference","kind":"color","subject":"scarves","value":"red","polarity":"like"}"#,
            r#"{"edit":"record_allergy","substance":"nickel","severity":"mild"}"#,
            r#"{"edit":"make_promise","what":"call"}"#,
            r#"{"edit":"tag","tag":"opera"}"#,
        ] {
            stage.does(&json(text));
        }
        stage.source = Source::Typed;
        stage.does(&json(
            r#"{"edit":"set_preference","kind":"drink","subject":"coffee","polarity":"like"}"#,
        ));
        stage.does(&json(
            r#"{"edit":"set_preference","kind":"fur","subject":"coats","polarity":"never"}"#,
        ));
        stage
    }

    fn answer(stage: &mut Stage, state: &str) -> Allowance {
        let edit = format!(r#"{{"edit":"set_agreement","state":"{state}"}}"#);
        stage.does(&json(&edit));
        Allowance::of(&stage.view())
    }

    #[test]
    fn without_agreement_what_was_concluded_is_not_shown_and_what_protects_is() {
        let mut stage = card();
        let subjects = |view: &CardView| -> Vec<String> {
            let kinds = view.preferences.iter().map(|one| one.kind.clone());
            let mut kinds: Vec<_> = kinds.collect();
            kinds.sort_unstable();
            kinds
        };
        let allowance = Allowance::of(&stage.view());
        let shown = allowance.shown(stage.view());
        assert_eq!(subjects(&shown), ["color", "fur"]);
        assert_eq!((shown.allergies.len(), shown.promises.len()), (1, 1));
        assert!(shown.tags.is_empty());
        let allowance = answer(&mut stage, "agreed");
        assert_eq!(allowance.shown(stage.view()), stage.view());
        assert_eq!(subjects(&stage.view()).len(), 4);
    }

    #[test]
    fn nobody_is_approached_who_has_not_agreed_nor_asked_again_who_declined() {
        let mut stage = card();
        let check = |allowance: Allowance, approach, infer, invite| {
            let found = (
                allowance.may_approach,
                allowance.may_infer,
                allowance.may_invite,
            );
            assert_eq!(
                found,
                (approach, infer, invite),
                "{:?}",
                allowance.agreement
            );
        };
        check(Allowance::of(&stage.view()), false, false, true);
        check(answer(&mut stage, "invited"), false, false, true);
        check(answer(&mut stage, "agreed"), true, true, false);
        check(answer(&mut stage, "ended"), false, false, false);
        check(answer(&mut stage, "declined"), false, false, false);
    }

    #[test]
    fn nothing_is_concluded_without_agreement() {
        let seen = json(
            r#"{"edit":"observe_preference","kind":"color","subject":"coats","polarity":"like"}"#,
        );
        let said =
            json(r#"{"edit":"set_preference","kind":"color","subject":"coats","polarity":"like"}"#);
        let mut stage = Stage::new();
        let not_asked = Allowance::of(&stage.view());
        assert!(!not_asked.allows(&seen, Source::Observed));
        assert!(!not_asked.allows(&said, Source::Typed));
        assert!(not_asked.allows(&said, Source::Stated));
        let agreed = answer(&mut stage, "agreed");
        assert!(agreed.allows(&seen, Source::Observed) && agreed.allows(&said, Source::Typed));
    }
}
