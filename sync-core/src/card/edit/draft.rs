//! From an edit to the values it writes, before anything is known of what the card holds.
//!
//! Texts get their one form here, so two associates who type the same thing write the same thing.

use super::{Edit, EditContext, EditError};
use crate::card::FieldPath;
use crate::card::normal::{derived_id, fold};
use crate::card::schema::{Role, SchemaError, entity_id, rule};
use crate::card::terms::{Channel, Place, SuggestionState};
use crate::card::value::{Provenance, Source, Value};
use crate::ids::{AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};

mod person;
mod taste;
mod text;
mod time;
mod wants;

use taste::Named;
pub(super) use text::prose;
use text::{language, maybe_prose, maybe_words, proven, words};

/// One value to write, and where.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// In which part of the record.
    pub(super) place: Place,
    /// To which field.
    pub(super) path: FieldPath,
    /// What.
    pub(super) value: Value,
}

/// Collects drafts.
struct Drafts<'c> {
    context: &'c EditContext,
    list: Vec<Draft>,
}

type Outcome = Result<(), EditError>;

/// The last moment a field may hold; a clock beyond it is wrong, and must not cost the edit.
const LAST_MOMENT_MS: i64 = 253_402_300_799_999;

/// Whether an edit is sound by itself.
pub(super) fn check(edit: &Edit) -> Result<(), EditError> {
    // Who and for whom does not matter here; the grounds and the role are the best there are, as the planner checks the real ones.
    let context = EditContext {
        edit: EditId([0; 10]),
        customer: CustomerId([0; 16]),
        provenance: Provenance {
            by: AssociateId([0; 8]),
            device: DeviceId([0; 8]),
            shop: ShopId([0; 8]),
            at: Timestamp(0),
            source: Source::CustomerEntered,
            as_of: None,
        },
        role: Role::Hub,
    };
    for draft in drafts(edit, &context)? {
        let path = draft.path;
        let Some(rule) = rule(&path.entity, &path.field) else {
            return Err(SchemaError::Unknown { path }.into());
        };
        if !rule.shape.fits(&draft.value) {
            let expected = rule.shape.to_string();
            return Err(SchemaError::Shape { path, expected }.into());
        }
    }
    Ok(())
}

/// The values that an edit writes. [`Edit::MoveNote`] and [`Edit::Resolve`] write what the card holds, which only the planner knows.
pub(super) fn drafts(edit: &Edit, context: &EditContext) -> Result<Vec<Draft>, EditError> {
    let mut drafts = Drafts {
        context,
        list: Vec::new(),
    };
    drafts.edit(edit)?;
    Ok(drafts.list)
}

impl Drafts<'_> {
    #[expect(clippy::too_many_lines, reason = "one short arm for each edit")]
    fn edit(&mut self, edit: &Edit) -> Outcome {
        match edit {
            Edit::CreateCustomer { .. } => self.create(edit),
            Edit::SetName { part, value } => self.single(
                "name",
                part.as_str(),
                maybe_words("name", value.as_deref())?,
            ),
            Edit::AddEndpoint { kind, value } => self.endpoint(*kind, value, true),
            Edit::RemoveEndpoint { kind, value } => self.endpoint(*kind, value, false),
            Edit::MarkEndpoint {
                kind,
                value,
                status,
            } => self.mark_endpoint(*kind, value, *status),
            Edit::RecordConsent {
                channel,
                purposes,
                event,
                evidence,
            } => self.consent(*channel, purposes, *event, evidence.as_ref()),
            Edit::SetAgreement { state, evidence } => {
                let value = proven((*state).into(), evidence.as_ref())?;
                self.single("agreement", "state", value)
            }
            Edit::BlockContact { reason } => {
                let reason = maybe_words("reason", reason.as_deref())?;
                self.single("contact", "blocked", list([true.into(), reason]))
            }
            Edit::LiftBlock { reason } => {
                let reason = words("reason", reason)?.into();
                self.single("contact", "blocked", list([false.into(), reason]))
            }
            Edit::PauseContact { until } => self.single("contact", "pause_until", (*until).into()),
            Edit::SetServiceMode { mode } => self.single("contact", "mode", (*mode).into()),
            Edit::SetLanguage { language: tag } => {
                let tag = tag.as_deref().map(language).transpose()?;
                self.single("contact", "language", tag.into())
            }
            Edit::SetChannels { channels } => {
                let mut distinct: Vec<Channel> = Vec::new();
                for channel in channels {
                    if !distinct.contains(channel) {
                        distinct.push(*channel);
                    }
                }
                self.single(
                    "contact",
                    "channels",
                    list(distinct.into_iter().map(Value::from)),
                )
            }
            Edit::SetPreference {
                kind,
                subject,
                value,
                polarity,
            } => self.preference(kind, subject, value.as_deref(), *polarity),
            Edit::ObservePreference {
                kind,
                subject,
                value,
                polarity,
            } => {
                let named = Named::new(kind, subject, *polarity)?;
                self.sighting(&named, maybe_words("value", value.as_deref())?, *polarity)
            }
            Edit::DropPreference { kind, subject } => self.drop_preference(kind, subject),
            Edit::SetSize {
                category,
                system,
                brand,
                size,
            } => self.size(category, system, brand.as_deref(), size.as_deref()),
            Edit::RecordAllergy { .. } => self.allergy(edit),
            Edit::RemoveAllergy { substance } => self.present("allergy", substance, false),
            Edit::AddNote { .. } => self.add_note(edit),
            Edit::EditNote {
                place,
                note,
                body,
                title,
            } => {
                let title = title.as_deref().map(|title| words("title", title));
                if let Some(title) = title.transpose()? {
                    self.note(*place, *note, "title", title.into())?;
                }
                self.note(*place, *note, "body", prose("note", body)?.into())?;
                self.note(*place, *note, "archived", false.into())
            }
            Edit::ArchiveNote {
                place,
                note,
                archived,
            } => self.note(*place, *note, "archived", (*archived).into()),
            Edit::PinNote {
                place,
                note,
                reason,
            } => {
                let reason = maybe_words("reason", reason.as_deref())?;
                let is_pinned = reason != Value::Null;
                self.note(*place, *note, "pinned", list([is_pinned.into(), reason]))
            }
            Edit::LabelNote { place, note, label } => {
                self.bears(*place, Some(*label))?;
                self.note(*place, *note, "label", (*label).into())
            }
            Edit::RedactNote {
                place,
                note,
                reason,
            } => self.redact(*place, *note, reason),
            Edit::MoveNote { from, to, .. } => {
                if to > from {
                    Ok(())
                } else {
                    Err(EditError::Widens)
                }
            }
            Edit::SetOccasion { .. } => self.occasion(edit),
            Edit::RemoveOccasion { kind, person } => {
                let person = maybe_words("person", person.as_deref())?;
                let id = entity_id("occasion", &[Some(&(*kind).into()), Some(&person)]);
                self.card("occasion", &id, "date", Value::Null)
            }
            Edit::AddRelationship { other, kind } => self.relationship(*other, *kind, true),
            Edit::RemoveRelationship { other, kind } => self.relationship(*other, *kind, false),
            Edit::AddWish { .. } => self.wish(edit),
            Edit::FulfillWish { sku } => {
                let id = named_id("wish", &words("article", sku)?);
                self.card("wish", &id, "fulfilled", true.into())
            }
            Edit::RemoveWish { sku } => self.present("wish", sku, false),
            Edit::MakePromise {
                what,
                due,
                assignee,
            } => self.promise(what, *due, *assignee),
            Edit::ChangePromise { promise, what, due } => {
                if what.is_none() && due.is_none() {
                    return Err(EditError::Empty("what, or by when"));
                }
                if let Some(what) = what {
                    self.made("promise", *promise, "what", prose("promise", what)?.into())?;
                }
                if due.is_some() {
                    self.made("promise", *promise, "due", (*due).into())?;
                }
                Ok(())
            }
            Edit::SetPromiseStatus { promise, status } => {
                self.made("promise", *promise, "status", (*status).into())
            }
            Edit::AssignPromise { promise, assignee } => {
                let assignee = assignee.map(|assignee| assignee.to_string());
                self.made("promise", *promise, "assignee", assignee.into())
            }
            Edit::Arrive { with } => {
                let with = maybe_words("with", with.as_deref())?;
                self.made("visit", self.context.edit, "arrived", with)
            }
            Edit::Capture { visit, summary } => self.made(
                "visit",
                *visit,
                "captured",
                prose("summary", summary)?.into(),
            ),
            Edit::Leave { visit, summary } => {
                let summary = maybe_prose("summary", summary.as_deref())?;
                self.made("visit", *visit, "closed", summary)
            }
            Edit::RecordInteraction { .. } => self.interaction(edit),
            Edit::RecordReaction { .. } => self.reaction(edit),
            Edit::Tag { tag } => self.present("tag", tag, true),
            Edit::Untag { tag } => self.present("tag", tag, false),
            Edit::AddNeed(need) => self.add_need(need),
            Edit::ChangeNeed(change) => self.change_need(change),
            Edit::SetNeedState { need, state } => {
                self.made("need", *need, "state", (*state).into())
            }
            Edit::AnswerNeed { need, answer } => self.answer_need(*need, answer),
            Edit::AddSuggestion(suggestion) => self.add_suggestion(suggestion),
            Edit::AcknowledgeSuggestion { suggestion } => {
                let state = SuggestionState::Acknowledged;
                self.made("suggestion", *suggestion, "state", state.into())
            }
            Edit::AnswerSuggestion { suggestion, answer } => {
                self.answer_suggestion(*suggestion, answer)
            }
            Edit::TellSuggestion { suggestion } => {
                let state = SuggestionState::Told;
                self.made("suggestion", *suggestion, "state", state.into())
            }
            Edit::LinkCustomers(link) => self.link(link),
            Edit::Ask(ask) => self.ask(ask),
            Edit::WithdrawAsk { ask } => self.made("ask", *ask, "withdrawn", true.into()),
            Edit::SetInvitation(invitation) => self.invitation(invitation),
            Edit::SetSurprise(surprise) => self.surprise(surprise),
            Edit::KeepToOwner { reason } => {
                let reason = maybe_words("reason", reason.as_deref())?;
                self.single("contact", "owner_only", list([true.into(), reason]))
            }
            Edit::OpenToColleagues { reason } => {
                let reason = words("reason", reason)?.into();
                self.single("contact", "owner_only", list([false.into(), reason]))
            }
            Edit::SetMinor { is_minor } => self.single("contact", "minor", (*is_minor).into()),
            Edit::Resolve { .. } => Ok(()),
        }
    }

    fn at(&mut self, place: Place, path: FieldPath, value: Value) -> Outcome {
        self.list.push(Draft { place, path, value });
        Ok(())
    }

    fn card(&mut self, entity: &str, id: &str, field: &str, value: Value) -> Outcome {
        self.at(Place::Card, FieldPath::new(entity, id, field), value)
    }

    fn single(&mut self, entity: &str, field: &str, value: Value) -> Outcome {
        self.card(entity, "-", field, value)
    }

    fn made(&mut self, entity: &str, id: EditId, field: &str, value: Value) -> Outcome {
        self.card(entity, &id.to_string(), field, value)
    }

    fn note(&mut self, place: Place, note: EditId, field: &str, value: Value) -> Outcome {
        let path = FieldPath::new("note", &note.to_string(), field);
        self.at(place, path, value)
    }

    /// The presence of something that is known by one word.
    fn present(&mut self, entity: &'static str, name: &str, is_present: bool) -> Outcome {
        let name = words(entity, name)?;
        let id = named_id(entity, &name);
        let value = list([is_present.into(), name.into()]);
        self.card(entity, &id, "present", value)
    }

    /// When what is written was so, within what a field can hold.
    fn when(&self) -> Timestamp {
        let provenance = &self.context.provenance;
        let moment = provenance.as_of.unwrap_or(provenance.at);
        Timestamp(moment.0.clamp(0, LAST_MOMENT_MS))
    }
}

fn named_id(entity: &str, name: &str) -> String {
    derived_id(&[entity, &fold(name)])
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}
