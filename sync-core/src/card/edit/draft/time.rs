//! Notes, occasions, promises and dealings.

use super::text::{is_day, maybe_prose, maybe_words, prose, words};
use super::{Drafts, Outcome, list};
use crate::card::edit::{Edit, EditError, Spent};
use crate::card::gone;
use crate::card::schema::entity_id;
use crate::card::terms::{InteractionKind, Place, PromiseStatus, Sensitivity};
use crate::card::value::Value;
use crate::ids::{AssociateId, EditId, Timestamp};

impl Drafts<'_> {
    pub(in crate::card::edit::draft) fn add_note(&mut self, edit: &Edit) -> Outcome {
        let Edit::AddNote {
            place,
            body,
            title,
            label,
        } = edit
        else {
            return Ok(());
        };
        self.bears(*place, *label)?;
        let note = self.context.edit;
        self.note(*place, note, "body", prose("note", body)?.into())?;
        if let Some(title) = title {
            self.note(*place, note, "title", words("title", title)?.into())?;
        }
        if let Some(label) = label {
            self.note(*place, note, "label", (*label).into())?;
        }
        Ok(())
    }

    /// Whether a note with this label may stand where these read.
    pub(in crate::card::edit::draft) fn bears(
        &self,
        place: Place,
        label: Option<Sensitivity>,
    ) -> Outcome {
        if label == Some(Sensitivity::Special) && matches!(place, Place::Card | Place::Shop) {
            return Err(EditError::TooWide);
        }
        Ok(())
    }

    pub(in crate::card::edit::draft) fn redact(
        &mut self,
        place: Place,
        note: EditId,
        reason: &str,
    ) -> Outcome {
        let reason = words("reason", reason)?;
        if gone::place(&reason).is_some() {
            return Err(EditError::Text {
                field: "reason",
                expected: "why the words go; to show the note to fewer people, move it".to_owned(),
            });
        }
        self.note(place, note, "body", Value::Null)?;
        self.note(place, note, "title", Value::Null)?;
        self.note(place, note, "redacted", list([true.into(), reason.into()]))
    }

    pub(in crate::card::edit::draft) fn occasion(&mut self, edit: &Edit) -> Outcome {
        let Edit::SetOccasion {
            kind,
            person,
            year,
            month,
            day,
            celebrate,
        } = edit
        else {
            return Ok(());
        };
        if !is_day(*year, *month, *day) {
            return Err(EditError::Day);
        }
        let person = maybe_words("person", person.as_deref())?;
        let id = entity_id("occasion", &[Some(&(*kind).into()), Some(&person)]);
        let number = |part: Option<u16>| Value::from(part.map(i64::from));
        let date = list([
            (*kind).into(),
            person,
            number(*year),
            number(month.map(u16::from)),
            number(day.map(u16::from)),
        ]);
        self.card("occasion", &id, "date", date)?;
        if let Some(celebrate) = celebrate {
            self.card("occasion", &id, "celebrate", (*celebrate).into())?;
        }
        Ok(())
    }

    pub(in crate::card::edit::draft) fn promise(
        &mut self,
        what: &str,
        due: Option<Timestamp>,
        assignee: Option<AssociateId>,
    ) -> Outcome {
        let id = self.context.edit;
        let assignee = assignee.unwrap_or(self.context.provenance.by);
        self.made("promise", id, "what", prose("promise", what)?.into())?;
        self.made("promise", id, "due", due.into())?;
        self.made("promise", id, "status", PromiseStatus::Open.into())?;
        self.made("promise", id, "assignee", assignee.to_string().into())
    }

    pub(in crate::card::edit::draft) fn interaction(&mut self, edit: &Edit) -> Outcome {
        let Edit::RecordInteraction {
            kind,
            visit,
            channel,
            sku,
            by_customer,
            summary,
            act,
            about,
            spent,
        } = edit
        else {
            return Ok(());
        };
        let summary = maybe_prose("summary", summary.as_deref())?;
        match spent {
            Some(_) if *kind != InteractionKind::Gesture => return Err(EditError::NoGesture),
            Some(_) if summary == Value::Null => return Err(EditError::GestureWithoutReason),
            None if *kind == InteractionKind::Gesture && act.is_none() => {
                return Err(EditError::GestureWithoutRight);
            }
            _ => {}
        }
        let value = list([
            visit.map(|visit| visit.to_string()).into(),
            (*channel).into(),
            maybe_words("article", sku.as_deref())?,
            (*by_customer).into(),
            summary,
        ]);
        let interaction = self.context.edit;
        self.made("interaction", interaction, kind.as_str(), value)?;
        let about = maybe_words("about", about.as_deref())?;
        if act.is_some() || about != Value::Null {
            let served = list([(*act).into(), about]);
            self.made("interaction", interaction, "served", served)?;
        }
        let Some(Spent { minor, right }) = spent else {
            return Ok(());
        };
        let spent = list([(*minor).into(), words("right", right)?.into()]);
        self.made("interaction", interaction, "spent", spent)
    }
}
