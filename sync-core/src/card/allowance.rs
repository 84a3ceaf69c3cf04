//! What the house may do without being asked: it follows from whether the customer agreed to a relationship, and from nothing else.
//!
//! Without *agreed*, a card takes and shows what service itself needs: safety, open promises, what was bought, what the customer said. What
//! somebody concluded about the customer is not recorded ([`EditError::NotAgreed`](super::EditError::NotAgreed)), and what stands there already
//! (from before they ended it, or from another system) is not read.
//!
//! # Invariants
//! - What protects the customer is taken and shown, whatever they agreed to.
//! - Ending or declining is at least as narrow as never having been asked.

use serde::Serialize;

use super::edit::Edit;
use super::terms::{Agreement, Polarity};
use super::value::Source;

/// What the customer's answer to the offer of a relationship allows. By default, that of somebody whom nobody asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Allowance {
    /// Whether what was concluded about the customer may be recorded and shown.
    pub may_conclude: bool,
    /// Whether they may be asked for a relationship: not while they have one, and not again after they declined or ended it.
    pub may_invite: bool,
}

impl Default for Allowance {
    fn default() -> Self {
        Self::of(None)
    }
}

impl Allowance {
    /// What an answer allows; nothing is the answer of somebody whom nobody asked.
    #[must_use]
    pub fn of(agreement: Option<Agreement>) -> Self {
        Self {
            may_conclude: agreement == Some(Agreement::Agreed),
            may_invite: matches!(agreement, None | Some(Agreement::Invited)),
        }
    }

    /// Whether an edit on this ground may be recorded.
    pub(super) fn takes(self, edit: &Edit, source: Source) -> bool {
        self.may_conclude || !concludes(edit, source)
    }
}

/// Whether an edit says what somebody saw or supposed rather than what the customer said. What is never wanted protects the customer and counts as said.
fn concludes(edit: &Edit, source: Source) -> bool {
    let is_supposed = source < Source::Stated;
    if let Edit::ObservePreference { polarity, .. } = edit {
        return *polarity != Polarity::Never;
    }
    if let Edit::SetPreference { polarity, .. } = edit {
        return is_supposed && !matches!(polarity, Polarity::Never | Polarity::Dropped);
    }
    is_supposed && matches!(edit, Edit::Tag { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::EditError;
    use crate::card::stage::Stage;
    use crate::card::view::CardView;
    use crate::ids::EditId;

    fn json(text: &str) -> Edit {
        serde_json::from_str(text).expect("the test's JSON is an edit")
    }

    fn answer(stage: &mut Stage, state: &str) -> Allowance {
        let edit = format!(r#"{{"edit":"set_agreement","state":"{state}"}}"#);
        stage.does(&json(&edit));
        stage.view().allowance
    }

    const SAID: &str = r#"{"edit":"set_preference","kind":"color","subject":"coats","value":"navy","polarity":"like"}"#;
    const SEEN: &str = r#"{"edit":"observe_preference","kind":"color","subject":"scarves","value":"red","polarity":"like"}"#;
    const SUPPOSED: &str =
        r#"{"edit":"set_preference","kind":"drink","subject":"coffee","polarity":"like"}"#;
    const NEVER: &str =
        r#"{"edit":"set_preference","kind":"fur","subject":"coats","polarity":"never"}"#;
    const TAG: &str = r#"{"edit":"tag","tag":"opera"}"#;

    /// A card on which much was said and concluded while its customer agreed to that.
    fn card() -> Stage {
        let mut stage = Stage::agreed();
        let promise = r#"{"edit":"make_promise","what":"call"}"#;
        let allergy = r#"{"edit":"record_allergy","substance":"nickel","severity":"mild"}"#;
        for text in [SAID, SEEN, allergy, promise] {
            stage.does(&json(text));
        }
        stage.source = Source::Typed;
        for text in [SUPPOSED, NEVER, TAG] {
            stage.does(&json(text));
        }
        stage
    }

    fn kinds(view: &CardView) -> Vec<&str> {
        let kinds = view.preferences.iter();
        let mut kinds: Vec<_> = kinds.map(|one| one.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds
    }

    #[test]
    fn without_agreement_what_was_concluded_is_not_shown_and_what_protects_is() {
        let mut stage = card();
        let all = stage.view();
        assert_eq!(kinds(&all), ["color", "color", "drink", "fur"]);
        assert_eq!(all.tags.len(), 1);
        stage.source = Source::Stated;
        answer(&mut stage, "ended");
        let shown = stage.view();
        assert_eq!(kinds(&shown), ["color", "fur"]);
        assert_eq!((shown.allergies.len(), shown.promises.len()), (1, 1));
        assert!(shown.tags.is_empty());
        answer(&mut stage, "agreed");
        assert_eq!(kinds(&stage.view()), kinds(&all));
    }

    #[test]
    fn who_observes_while_the_customer_ends_it_is_not_refused_and_not_shown() {
        let mut stage = card();
        let end = json(r#"{"edit":"set_agreement","state":"ended"}"#);
        let seen = SEEN.replace("scarves", "gloves");
        stage.meanwhile(&[&[end], &[json(&seen)]]);
        assert!(!kinds(&stage.view()).contains(&"drink"));
        let gloves = |view: &CardView| view.preferences.iter().any(|one| one.subject == "gloves");
        assert!(!gloves(&stage.view()));
        answer(&mut stage, "agreed");
        assert!(gloves(&stage.view()));
    }

    #[test]
    fn a_conflict_between_conclusions_is_not_shown_either() {
        let mut stage = card();
        stage.source = Source::Typed;
        let other = SUPPOSED.replace(
            r#""subject":"coffee""#,
            r#""subject":"coffee","value":"no""#,
        );
        let third = SUPPOSED.replace(
            r#""subject":"coffee""#,
            r#""subject":"coffee","value":"so""#,
        );
        stage.meanwhile(&[&[json(&other)], &[json(&third)]]);
        assert_eq!(stage.view().conflicts.len(), 1);
        answer(&mut stage, "ended");
        assert!(stage.view().conflicts.is_empty());
    }

    #[test]
    fn what_was_supposed_beside_the_customer_s_word_decides_nothing_without_agreement() {
        let mut stage = Stage::agreed();
        stage.does(&json(SAID));
        let mut supposed = stage.clone();
        supposed.source = Source::Typed;
        let black = SAID.replace("navy", "black").replace("like", "avoid");
        let heads = {
            let context = supposed.context();
            let plan = json(&black).plan(&context, &Stage::agreed().visible);
            let plan = plan.expect("a sound edit");
            stage.visible.write(&plan);
            plan.edit
        };
        let conflicts = stage.view().conflicts;
        assert_eq!(conflicts.len(), 2, "{conflicts:?}");
        answer(&mut stage, "ended");
        let view = stage.view();
        assert!(view.conflicts.is_empty());
        let coats = &view.preferences[0];
        assert_eq!(coats.value.value.as_deref(), Some("navy"));
        assert_eq!(coats.polarity, Polarity::Like);
        stage.source = Source::Typed;
        let path = &conflicts[0].path;
        let choose =
            format!(r#"{{"edit":"resolve","place":"card","path":"{path}","choose":"{heads}"}}"#);
        assert_eq!(stage.plans(&json(&choose)), Err(EditError::NotAgreed));
    }

    /// Settles the polarity of the only conflict about a coat by choosing a side, as colleagues do: they write down what they settled.
    fn settles(stage: &mut Stage, chosen: EditId) {
        let conflicts = stage.view().conflicts.into_iter();
        let mut paths = conflicts.map(|one| one.path);
        let path = paths
            .find(|path| path.ends_with("polarity"))
            .expect("a conflict");
        let choose =
            format!(r#"{{"edit":"resolve","place":"card","path":"{path}","choose":"{chosen}"}}"#);
        stage.source = Source::Typed;
        stage.does(&json(&choose));
        stage.source = Source::Stated;
    }

    #[test]
    fn a_never_that_was_settled_stays_when_the_agreement_ends() {
        let mut stage = Stage::agreed();
        stage.source = Source::Typed;
        let like = json(&NEVER.replace("never", "like"));
        let heads = stage.meanwhile(&[&[like], &[json(NEVER)]]);
        settles(&mut stage, heads[1]);
        answer(&mut stage, "ended");
        assert_eq!(stage.view().preferences[0].polarity, Polarity::Never);
    }

    #[test]
    fn what_two_heard_is_settled_without_agreement_and_stays() {
        let mut stage = Stage::new();
        let avoid = json(&SAID.replace("like", "avoid"));
        let heads = stage.meanwhile(&[&[json(SAID)], &[avoid]]);
        settles(&mut stage, heads[0]);
        let view = stage.view();
        assert!(view.conflicts.is_empty());
        assert_eq!(view.preferences[0].polarity, Polarity::Like);
    }

    #[test]
    fn a_never_that_was_seen_is_shown_behind_what_was_supposed() {
        let mut stage = Stage::agreed();
        stage.source = Source::Typed;
        let like = NEVER.replace("never", "like");
        stage.does(&json(&like));
        answer(&mut stage, "ended");
        assert!(stage.view().preferences.is_empty());
        let seen = NEVER.replace("set_preference", "observe_preference");
        stage.does(&json(&seen));
        assert_eq!(stage.view().preferences[0].polarity, Polarity::Never);
    }

    #[test]
    fn nothing_is_concluded_without_agreement() {
        let mut stage = Stage::new();
        let refused = |stage: &mut Stage, text: &str| {
            matches!(stage.plans(&json(text)), Err(EditError::NotAgreed))
        };
        for state in ["", "invited", "ended", "declined"] {
            if !state.is_empty() {
                answer(&mut stage, state);
            }
            stage.source = Source::Typed;
            assert!(refused(&mut stage, SEEN), "{state}");
            assert!(refused(&mut stage, SUPPOSED), "{state}");
            assert!(refused(&mut stage, TAG), "{state}");
            assert!(!refused(&mut stage, NEVER), "{state}");
            stage.source = Source::Stated;
            assert!(refused(&mut stage, SEEN), "{state}");
            assert!(!refused(&mut stage, SAID), "{state}");
            assert!(!refused(&mut stage, TAG), "{state}");
        }
        answer(&mut stage, "agreed");
        stage.source = Source::Typed;
        for text in [SEEN, SUPPOSED, TAG] {
            assert!(!refused(&mut stage, text));
        }
    }

    #[test]
    fn nobody_is_asked_again_who_declined_or_ended_it() {
        let mut stage = Stage::new();
        assert!(stage.view().allowance.may_invite);
        assert!(answer(&mut stage, "invited").may_invite);
        assert!(!answer(&mut stage, "agreed").may_invite);
        let again = json(r#"{"edit":"set_agreement","state":"invited"}"#);
        for state in ["ended", "declined"] {
            assert!(!answer(&mut stage, state).may_invite);
            assert_eq!(stage.plans(&again), Err(EditError::Declined));
        }
        assert!(answer(&mut stage, "agreed").may_conclude);
    }
}
