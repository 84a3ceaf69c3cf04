//! From drafts to a plan: what the card must hold for the edit to make sense, and which heads each write replaces.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, drafts, prose};
use super::{Edit, EditContext, EditError, FieldWrite, NeedChange, Plan};
use crate::card::Facet;
use crate::card::allowance::Allowance;
use crate::card::entries::Visible;
use crate::card::gone::{self, Gone};
use crate::card::key::{FieldPath, Key};
use crate::card::links::{self, Standing, Via};
use crate::card::reduce::{self, Corrections, Decision, Head};
use crate::card::schema::{self, Class, Reducer};
use crate::card::terms::{Agreement, Place, Polarity, Sensitivity, SuggestionState};
use crate::card::value::{Entry, Source, Value};
use crate::ids::EditId;
use crate::limits;

/// The plan of an edit.
pub(super) fn plan(
    edit: &Edit,
    context: &EditContext,
    visible: &Visible,
) -> Result<Plan, EditError> {
    let planner = Planner { context, visible };
    planner.require(edit)?;
    let mut all = drafts(edit, context)?;
    if let Edit::SetOccasion { .. } = edit {
        planner.leave_the_date(edit, &mut all)?;
    }
    if let Edit::MoveNote { note, from, to } = edit {
        all.extend(planner.moved(*note, *from, *to)?);
    }
    if let Edit::Resolve {
        place,
        path,
        choose,
    } = edit
    {
        all.push(planner.chosen(*place, path, *choose)?);
    }
    let mut writes: BTreeMap<Facet, Vec<FieldWrite>> = BTreeMap::new();
    for draft in all {
        let facet = draft.place.facet(&context.provenance);
        let write = planner.write(&facet, draft)?;
        writes.entry(facet).or_default().push(write);
    }
    Ok(Plan {
        edit: context.edit,
        writes: writes.into_iter().collect(),
    })
}

/// The plan of an edit of a person who is several cards.
pub(super) fn plan_via(
    edit: &Edit,
    context: &EditContext,
    via: Via<'_>,
) -> Result<Plan, EditError> {
    if via.component.standing() != Standing::OnePerson {
        return Err(EditError::NotOnePerson);
    }
    let (visible, of_the_person) = links::together(via.cards);
    let mut plan = plan(edit, context, &visible)?;
    let own = via.cards.get(&context.customer);
    let mut over = BTreeSet::new();
    for (facet, writes) in &mut plan.writes {
        for write in writes {
            over.extend(write.replaces.iter().copied());
            // An earlier write of the person gives way as on one card, where it stands on this one; nothing else does.
            let stands_here = |edit: &EditId| {
                let entries = own.and_then(|visible| visible.get(facet));
                entries.is_some_and(|entries| entries.get(&write.path.at(*edit)).is_some())
            };
            write
                .replaces
                .retain(|edit| of_the_person.contains(edit) && stands_here(edit));
        }
    }
    let entry = Entry {
        value: via.component.to_value(),
        provenance: context.provenance,
        seen: over.into_iter().take(limits::SEEN_MAX).collect(),
    };
    let path = FieldPath::new("via", &context.edit.to_string(), "component");
    schema::check(&Facet::Card, &path, &entry)?;
    let write = FieldWrite {
        path,
        edit: context.edit,
        entry,
        replaces: Vec::new(),
    };
    let card = plan
        .writes
        .iter_mut()
        .find(|(facet, _)| *facet == Facet::Card);
    match card {
        Some((_, writes)) => writes.push(write),
        // The card is the first of the facets.
        None => plan.writes.insert(0, (Facet::Card, vec![write])),
    }
    Ok(plan)
}

struct Planner<'p> {
    context: &'p EditContext,
    visible: &'p Visible,
}

impl Planner<'_> {
    fn facet(&self, place: Place) -> Facet {
        place.facet(&self.context.provenance)
    }

    /// The heads of a field. Tie-breaks here only choose what a copy begins with, so claimed times do.
    fn heads(&self, facet: &Facet, path: &FieldPath) -> Vec<Head<'_>> {
        let corrections = Corrections::new();
        self.visible
            .heads(facet, path)
            .filter(|(key, _)| key.edit != self.context.edit)
            .map(|(key, entry)| Head::new(key.edit, entry, &corrections))
            .collect()
    }

    fn exists(
        &self,
        place: Place,
        entity: &'static str,
        id: EditId,
        field: &str,
    ) -> Result<(), EditError> {
        let path = FieldPath::new(entity, &id.to_string(), field);
        let is_there = self
            .visible
            .heads(&self.facet(place), &path)
            .next()
            .is_some();
        if is_there {
            Ok(())
        } else {
            Err(EditError::NotFound { entity, id })
        }
    }

    /// Words are written only where their author could read the note: where it is redacted they would be hidden with it.
    fn readable(&self, place: Place, note: EditId) -> Result<(), EditError> {
        let path = FieldPath::new("note", &note.to_string(), "redacted");
        let facet = self.facet(place);
        let heads = self.visible.heads(&facet, &path);
        match Gone::of(heads.map(|(_, entry)| &entry.value)) {
            None => Ok(()),
            Some(Gone::Redacted) => Err(EditError::NoteRedacted { note }),
            Some(Gone::Moved(to)) => Err(EditError::NoteMoved { note, to }),
        }
    }

    /// What has to be on the card already.
    fn require(&self, edit: &Edit) -> Result<(), EditError> {
        if let Edit::EditNote { place, note, .. }
        | Edit::ArchiveNote { place, note, .. }
        | Edit::PinNote { place, note, .. }
        | Edit::LabelNote { place, note, .. }
        | Edit::RedactNote { place, note, .. } = edit
        {
            self.exists(*place, "note", *note, "body")?;
        }
        if let Edit::EditNote { place, note, .. }
        | Edit::PinNote { place, note, .. }
        | Edit::LabelNote { place, note, .. } = edit
        {
            self.readable(*place, *note)?;
        }
        if let Edit::MoveNote { note, from, to } = edit {
            self.exists(*from, "note", *note, "body")?;
            self.readable(*from, *note)?;
            self.consented(*to)?;
        }
        if let Edit::AddNote { place, .. } = edit {
            self.consented(*place)?;
            self.room_for_a_note(*place)?;
        }
        self.agreed(edit)?;
        if let Edit::RecordAllergy { cause: Some(_), .. } = edit {
            self.consented(Place::Restricted)?;
        }
        if let Edit::ChangePromise { promise, .. }
        | Edit::SetPromiseStatus { promise, .. }
        | Edit::AssignPromise { promise, .. } = edit
        {
            self.exists(Place::Card, "promise", *promise, "what")?;
        }
        if let Edit::Capture { visit, .. } | Edit::Leave { visit, .. } = edit {
            self.exists(Place::Card, "visit", *visit, "arrived")?;
        }
        if let Edit::ChangeNeed(NeedChange { need, .. })
        | Edit::SetNeedState { need, .. }
        | Edit::AnswerNeed { need, .. } = edit
        {
            self.exists(Place::Card, "need", *need, "what")?;
        }
        if let Edit::WithdrawAsk { ask } = edit {
            self.exists(Place::Card, "ask", *ask, "wanted")?;
        }
        self.in_turn(edit)
    }

    /// What a suggestion went through is not undone by somebody who acknowledges it late, and nobody is told an answer that is not there.
    fn in_turn(&self, edit: &Edit) -> Result<(), EditError> {
        let (Edit::AcknowledgeSuggestion { suggestion }
        | Edit::AnswerSuggestion { suggestion, .. }
        | Edit::TellSuggestion { suggestion }) = edit
        else {
            return Ok(());
        };
        self.exists(Place::Card, "suggestion", *suggestion, "what")?;
        let path = FieldPath::new("suggestion", &suggestion.to_string(), "state");
        let heads = self.heads(&Facet::Card, &path);
        let found = reduce::highest(&heads, SuggestionState::TEXTS)
            .and_then(SuggestionState::parse)
            .unwrap_or(SuggestionState::Open);
        let is_read = matches!(edit, Edit::AcknowledgeSuggestion { .. });
        let is_told = matches!(edit, Edit::TellSuggestion { .. });
        let takes = if is_read && found != SuggestionState::Open {
            "only an open one is acknowledged: open the card again"
        } else if is_told && found != SuggestionState::Answered {
            "only an answered one is told: answer it first, unless the customer was told already"
        } else {
            return Ok(());
        };
        Err(EditError::OutOfTurn { found, takes })
    }

    /// What is need to know is kept only if the customer agreed to that.
    fn consented(&self, place: Place) -> Result<(), EditError> {
        let path = FieldPath::new("consent", "-", "sensitive");
        let log = self.heads(&Facet::Card, &path);
        if place == Place::Restricted && reduce::consent(&log) != Decision::Allow {
            return Err(EditError::NeedsConsent);
        }
        Ok(())
    }

    /// What is concluded is recorded only of customers who agreed to a relationship, and who refused one is not asked again.
    fn agreed(&self, edit: &Edit) -> Result<(), EditError> {
        let path = FieldPath::new("agreement", "-", "state");
        let agreement = reduce::agreement(&self.heads(&Facet::Card, &path));
        let allowance = Allowance::of(agreement);
        let source = self.context.provenance.source;
        if !allowance.takes(edit, source) {
            return Err(EditError::NotAgreed);
        }
        if let Edit::Resolve {
            place,
            path,
            choose,
        } = edit
            && source < Source::Stated
            && !allowance.may_conclude
            && self.is_supposed(*place, path, *choose)
        {
            return Err(EditError::NotAgreed);
        }
        let is_refused = matches!(agreement, Some(Agreement::Declined | Agreement::Ended));
        let invites = matches!(
            edit,
            Edit::SetAgreement {
                state: Agreement::Invited,
                ..
            }
        );
        if invites && is_refused {
            return Err(EditError::Declined);
        }
        Ok(())
    }

    /// Whether a side of a conflict about a preference is a conclusion that protects nobody.
    fn is_supposed(&self, place: Place, path: &str, choose: EditId) -> bool {
        let key = Key::parse(&format!("{path}#{choose}"));
        let of_preference = key.filter(|key| key.path.entity == "preference");
        let side = of_preference.and_then(|key| {
            let entries = self.visible.get(&self.facet(place))?;
            entries.get(&key)
        });
        side.is_some_and(|entry| {
            let polarity = entry.value.as_text().and_then(Polarity::parse);
            let protects = matches!(polarity, Some(Polarity::Never | Polarity::Dropped));
            entry.provenance.source < Source::Stated && !protects
        })
    }

    fn room_for_a_note(&self, place: Place) -> Result<(), EditError> {
        let notes = self.visible.get(&self.facet(place)).map_or(0, |entries| {
            let mut last = "";
            entries
                .iter()
                .filter(|(key, _)| key.path.entity == "note")
                .filter(|(key, _)| {
                    let is_next = key.path.id != last;
                    last = &key.path.id;
                    is_next
                })
                .count()
        });
        if notes < limits::NOTES_MAX {
            Ok(())
        } else {
            Err(EditError::TooManyNotes)
        }
    }

    /// A copy of a note where fewer read it, and its redaction where it was. Concurrent versions are copied one after the other.
    fn moved(&self, note: EditId, from: Place, to: Place) -> Result<Vec<Draft>, EditError> {
        let source = self.facet(from);
        let path = |field: &str| FieldPath::new("note", &note.to_string(), field);
        let mut drafts = Vec::new();
        let mut copy = |place: Place, field: &str, value: Value| {
            let path = path(field);
            drafts.push(Draft { place, path, value });
        };
        let mut heads = self.heads(&source, &path("body"));
        heads.retain(|head| *head.value() != Value::Null);
        let mut bodies = Vec::new();
        while let Some(best) = reduce::winner(&heads).map(|head| head.edit) {
            let chosen = heads.iter().find(|head| head.edit == best);
            bodies.extend(chosen.and_then(|head| head.value().as_text()));
            heads.retain(|head| head.edit != best);
        }
        bodies.dedup();
        if bodies.is_empty() {
            return Err(EditError::NotFound {
                entity: "note",
                id: note,
            });
        }
        copy(to, "body", prose("note", &bodies.join("\n\n"))?.into());
        if let Some(title) = reduce::displayed(&self.heads(&source, &path("title"))) {
            copy(to, "title", title.value().clone());
        }
        let labels = self.heads(&source, &path("label"));
        if let Some(label) = reduce::highest(&labels, Sensitivity::TEXTS) {
            copy(to, "label", label.into());
        }
        let reason = gone::reason(to);
        copy(from, "body", Value::Null);
        copy(from, "title", Value::Null);
        copy(
            from,
            "redacted",
            Value::List(vec![true.into(), reason.into()]),
        );
        Ok(drafts)
    }

    /// An edit of an occasion that names no part of its date leaves the date that is there.
    fn leave_the_date(&self, edit: &Edit, drafts: &mut Vec<Draft>) -> Result<(), EditError> {
        let Edit::SetOccasion {
            year: None,
            month: None,
            day: None,
            ..
        } = edit
        else {
            return Ok(());
        };
        drafts.retain(|draft| {
            let heads = self.heads(&self.facet(draft.place), &draft.path);
            draft.path.field != "date" || heads.iter().all(|head| *head.value() == Value::Null)
        });
        if drafts.is_empty() {
            return Err(EditError::Empty(
                "a part of the date, or whether to celebrate it",
            ));
        }
        Ok(())
    }

    /// The value of the head that was chosen, to be written over all heads; where parts reduce one by one, what it does not know
    /// is taken from the others.
    fn chosen(&self, place: Place, path: &str, choose: EditId) -> Result<Draft, EditError> {
        let nothing = || EditError::NothingToResolve {
            path: path.chars().take(limits::KEY_BYTES_MAX).collect(),
        };
        let key = Key::parse(&format!("{path}#{choose}")).ok_or_else(nothing)?;
        if key.path.entity == "note"
            && let Ok(note) = key.path.id.parse()
        {
            self.readable(place, note)?;
        }
        let facet = self.facet(place);
        let entry = self
            .visible
            .get(&facet)
            .and_then(|entries| entries.get(&key))
            .ok_or_else(nothing)?;
        let mut value = entry.value.clone();
        let rule = schema::rule(&key.path.entity, &key.path.field);
        if rule.is_some_and(|rule| rule.reducer == Reducer::Parts)
            && let Value::List(items) = &mut value
        {
            let reduced = reduce::parts(&self.heads(&facet, &key.path)).value;
            for (item, known) in items.iter_mut().zip(reduced.as_list().unwrap_or_default()) {
                if *item == Value::Null {
                    *item = known.clone();
                }
            }
        }
        Ok(Draft {
            place,
            path: key.path,
            value,
        })
    }

    /// One write: checked against the schema, with the heads it replaces or the entries it saw.
    fn write(&self, facet: &Facet, draft: Draft) -> Result<FieldWrite, EditError> {
        let heads = self.heads(facet, &draft.path);
        let mut entry = Entry {
            value: draft.value,
            provenance: self.context.provenance,
            seen: Vec::new(),
        };
        let rule = schema::check(facet, &draft.path, &entry)?;
        schema::check_over(
            rule,
            &draft.path,
            &entry,
            heads.iter().map(|head| head.value()),
        )?;
        let needed = rule.role_for(&entry.value);
        if self.context.role < needed {
            return Err(EditError::Role { needed });
        }
        let replaces = match rule.class {
            Class::Register => heads.iter().map(|head| head.edit).collect(),
            Class::Log => {
                let maximal = reduce::maximal(&heads);
                let over = maximal.len().saturating_sub(limits::SEEN_MAX);
                entry.seen = maximal.iter().skip(over).map(|head| head.edit).collect();
                Vec::new()
            }
        };
        Ok(FieldWrite {
            path: draft.path,
            edit: self.context.edit,
            entry,
            replaces,
        })
    }
}
