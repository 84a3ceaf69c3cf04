//! From an edit to the values it writes, before anything is known of what the card holds.
//!
//! Texts get their one form here, so two associates who type the same thing write the same thing.

use super::{Edit, EditContext, EditError, EndpointInput, Evidence};
use crate::card::FieldPath;
use crate::card::normal::{derived_id, endpoint, fold, tidy};
use crate::card::schema::{Role, SchemaError, Shape, entity_id, rule};
use crate::card::terms::{
    Channel, ConsentEvent, EndpointKind, EndpointStatus, Place, Polarity, PromiseStatus, Purpose,
    RelationshipKind, Sensitivity,
};
use crate::card::value::{Provenance, Source, Value};
use crate::ids::{AssociateId, CustomerId, DeviceId, EditId, ShopId, Timestamp};

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

    fn create(&mut self, edit: &Edit) -> Outcome {
        let Edit::CreateCustomer {
            name,
            language: tag,
            endpoints,
            since,
        } = edit
        else {
            return Ok(());
        };
        for (part, text) in name {
            self.single("name", part.as_str(), words("name", text)?.into())?;
        }
        if let Some(tag) = tag {
            self.single("contact", "language", language(tag)?.into())?;
        }
        let mut known: Vec<(EndpointKind, String)> = Vec::new();
        for EndpointInput { kind, value } in endpoints {
            let value = endpoint(*kind, value)?;
            if !known.contains(&(*kind, value.clone())) {
                self.endpoint(*kind, &value, true)?;
                known.push((*kind, value));
            }
        }
        if self.list.is_empty() {
            return Err(EditError::Empty(
                "a name, or where the customer can be reached",
            ));
        }
        let since = since.unwrap_or(self.when());
        self.single("customer", "since", since.into())
    }

    /// When what is written was so, within what a field can hold.
    fn when(&self) -> Timestamp {
        let provenance = &self.context.provenance;
        let moment = provenance.as_of.unwrap_or(provenance.at);
        Timestamp(moment.0.clamp(0, LAST_MOMENT_MS))
    }

    fn endpoint(&mut self, kind: EndpointKind, text: &str, is_present: bool) -> Outcome {
        let value = endpoint(kind, text)?;
        let id = endpoint_id(kind, &value);
        let value = list([is_present.into(), kind.into(), value.into()]);
        self.card("endpoint", &id, "present", value)
    }

    fn mark_endpoint(&mut self, kind: EndpointKind, text: &str, status: EndpointStatus) -> Outcome {
        let id = endpoint_id(kind, &endpoint(kind, text)?);
        self.card("endpoint", &id, "status", status.into())
    }

    fn consent(
        &mut self,
        channel: Option<Channel>,
        purposes: &[Purpose],
        event: ConsentEvent,
        evidence: Option<&Evidence>,
    ) -> Outcome {
        let is_import = self.context.provenance.source == Source::Imported;
        if event == ConsentEvent::Grant && evidence.is_none() && !is_import {
            // A check by itself does not know where the edit comes from; it takes the strictest view, which is also the usual one.
            return Err(EditError::Evidence);
        }
        let mut distinct = purposes.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.is_empty() {
            return Err(EditError::Empty("one purpose"));
        }
        for purpose in distinct {
            if purpose.needs_channel() != channel.is_some() {
                return Err(EditError::ConsentChannel(purpose));
            }
            let id = channel.map_or("-", Channel::as_str);
            let value = proven(event.into(), evidence)?;
            self.card("consent", id, purpose.as_str(), value)?;
        }
        Ok(())
    }

    fn preference(
        &mut self,
        kind: &str,
        subject: &str,
        value: Option<&str>,
        polarity: Polarity,
    ) -> Outcome {
        let named = Named::new(kind, subject, polarity)?;
        let value = list([
            named.kind.into(),
            named.subject.into(),
            maybe_words("value", value)?,
        ]);
        self.card("preference", &named.id, "value", value)?;
        self.card("preference", &named.id, "polarity", polarity.into())
    }

    fn sighting(&mut self, named: &Named, value: Value, polarity: Polarity) -> Outcome {
        let value = list([
            named.kind.clone().into(),
            named.subject.clone().into(),
            value,
            polarity.into(),
            self.when().days().into(),
        ]);
        self.card("preference", &named.id, "sighting", value)
    }

    fn drop_preference(&mut self, kind: &str, subject: &str) -> Outcome {
        // Checked as a like: dropping is right here, where it would be wrong in an edit that sets or observes.
        let named = Named::new(kind, subject, Polarity::Like)?;
        self.card(
            "preference",
            &named.id,
            "polarity",
            Polarity::Dropped.into(),
        )?;
        self.sighting(&named, Value::Null, Polarity::Dropped)
    }

    fn size(
        &mut self,
        category: &str,
        system: &str,
        brand: Option<&str>,
        size: Option<&str>,
    ) -> Outcome {
        let category = Value::from(words("category", category)?);
        let system = Value::from(words("system", system)?);
        let brand = maybe_words("brand", brand)?;
        let id = entity_id("size", &[Some(&category), Some(&system), Some(&brand)]);
        let value = match size {
            Some(size) => list([category, system, brand, words("size", size)?.into()]),
            None => Value::Null,
        };
        self.card("size", &id, "value", value)
    }

    fn allergy(&mut self, edit: &Edit) -> Outcome {
        let Edit::RecordAllergy {
            substance,
            severity,
            cause,
        } = edit
        else {
            return Ok(());
        };
        self.present("allergy", substance, true)?;
        let id = named_id("allergy", &words("allergy", substance)?);
        self.card("allergy", &id, "severity", (*severity).into())?;
        if let Some(cause) = cause {
            let path = FieldPath::new("allergy", &id, "cause");
            self.at(Place::Restricted, path, prose("cause", cause)?.into())?;
        }
        Ok(())
    }

    fn add_note(&mut self, edit: &Edit) -> Outcome {
        let Edit::AddNote {
            place,
            body,
            title,
            label,
        } = edit
        else {
            return Ok(());
        };
        if *label == Some(Sensitivity::Special) && matches!(place, Place::Card | Place::Shop) {
            return Err(EditError::TooWide);
        }
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

    fn redact(&mut self, place: Place, note: EditId, reason: &str) -> Outcome {
        let reason = words("reason", reason)?;
        self.note(place, note, "body", Value::Null)?;
        self.note(place, note, "title", Value::Null)?;
        self.note(place, note, "redacted", list([true.into(), reason.into()]))
    }

    fn occasion(&mut self, edit: &Edit) -> Outcome {
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

    fn relationship(
        &mut self,
        other: CustomerId,
        kind: RelationshipKind,
        is_present: bool,
    ) -> Outcome {
        if other == self.context.customer {
            return Err(EditError::SamePerson);
        }
        let id = relationship_id(self.context.customer, other, kind);
        let value = list([is_present.into(), other.to_string().into(), kind.into()]);
        self.card("relationship", &id, "present", value)
    }

    fn wish(&mut self, edit: &Edit) -> Outcome {
        let Edit::AddWish {
            sku,
            quantity,
            note,
            surprise_until,
        } = edit
        else {
            return Ok(());
        };
        let sku = words("article", sku)?;
        let id = named_id("wish", &sku);
        self.present("wish", &sku, true)?;
        self.card("wish", &id, "fulfilled", false.into())?;
        self.card(
            "wish",
            &id,
            "quantity",
            i64::from(quantity.unwrap_or(1)).into(),
        )?;
        if note.is_some() {
            self.card("wish", &id, "note", maybe_words("note", note.as_deref())?)?;
        }
        if surprise_until.is_some() {
            self.card("wish", &id, "surprise", (*surprise_until).into())?;
        }
        Ok(())
    }

    fn promise(
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

    fn interaction(&mut self, edit: &Edit) -> Outcome {
        let Edit::RecordInteraction {
            kind,
            visit,
            channel,
            sku,
            by_customer,
            summary,
        } = edit
        else {
            return Ok(());
        };
        let value = list([
            visit.map(|visit| visit.to_string()).into(),
            (*channel).into(),
            maybe_words("article", sku.as_deref())?,
            (*by_customer).into(),
            maybe_prose("summary", summary.as_deref())?,
        ]);
        self.made("interaction", self.context.edit, kind.as_str(), value)
    }

    fn reaction(&mut self, edit: &Edit) -> Outcome {
        let Edit::RecordReaction {
            interaction,
            sku,
            sentiment,
            words: said,
        } = edit
        else {
            return Ok(());
        };
        let sku = words("article", sku)?;
        let interaction = interaction.map(|interaction| interaction.to_string());
        let author = self.context.provenance.by.to_string();
        let id = derived_id(&[
            "reaction",
            interaction.as_deref().unwrap_or("-"),
            &fold(&sku),
            &author,
        ]);
        let value = list([
            interaction.into(),
            sku.into(),
            (*sentiment).into(),
            maybe_prose("words", said.as_deref())?,
        ]);
        self.card("reaction", &id, "said", value)
    }
}

/// What a preference is about, in its one form.
struct Named {
    id: String,
    kind: String,
    subject: String,
}

impl Named {
    fn new(kind: &str, subject: &str, polarity: Polarity) -> Result<Self, EditError> {
        if polarity == Polarity::Dropped {
            return Err(EditError::Text {
                field: "polarity",
                expected: "like, avoid or never; to retire a preference, drop it".to_owned(),
            });
        }
        let (kind, subject) = (words("kind", kind)?, words("subject", subject)?);
        let id = derived_id(&["preference", &fold(&kind), &fold(&subject)]);
        Ok(Self { id, kind, subject })
    }
}

fn named_id(entity: &str, name: &str) -> String {
    derived_id(&[entity, &fold(name)])
}

fn endpoint_id(kind: EndpointKind, value: &str) -> String {
    derived_id(&["endpoint", kind.as_str(), &fold(value)])
}

fn relationship_id(one: CustomerId, other: CustomerId, kind: RelationshipKind) -> String {
    let (min, max) = (one.min(other).to_string(), one.max(other).to_string());
    derived_id(&["relationship", &min, &max, kind.as_str()])
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}

/// `[word, text version, method, reference]`
fn proven(word: Value, evidence: Option<&Evidence>) -> Result<Value, EditError> {
    let Some(evidence) = evidence else {
        return Ok(list([word, Value::Null, Value::Null, Value::Null]));
    };
    Ok(list([
        word,
        words("text version", &evidence.text_version)?.into(),
        evidence.method.into(),
        maybe_words("reference", evidence.reference.as_deref())?,
    ]))
}

fn text(field: &'static str, text: &str, shape: Shape) -> Result<String, EditError> {
    let text = Value::Text(tidy(&text.replace("\r\n", "\n")));
    match text {
        Value::Text(words) if shape.fits(&Value::Text(words.clone())) => Ok(words),
        _ => Err(EditError::Text {
            field,
            expected: shape.to_string(),
        }),
    }
}

/// One line, not empty.
fn words(field: &'static str, words: &str) -> Result<String, EditError> {
    text(field, words, Shape::Words)
}

/// Lines, not empty.
pub(super) fn prose(field: &'static str, prose: &str) -> Result<String, EditError> {
    text(field, prose, Shape::Prose)
}

/// One line, or nothing when it is missing or blank.
fn maybe_words(field: &'static str, text: Option<&str>) -> Result<Value, EditError> {
    let filled = text.filter(|text| !text.trim().is_empty());
    Ok(filled.map(|text| words(field, text)).transpose()?.into())
}

/// Lines, or nothing when they are missing or blank.
fn maybe_prose(field: &'static str, text: Option<&str>) -> Result<Value, EditError> {
    let filled = text.filter(|text| !text.trim().is_empty());
    Ok(filled.map(|text| prose(field, text)).transpose()?.into())
}

/// A BCP 47 tag in its usual case: `zh-Hans-CN`.
fn language(text: &str) -> Result<String, EditError> {
    let refuse = || EditError::Language(text.chars().take(64).collect());
    let mut tag = String::new();
    for (at, part) in text.trim().split(['-', '_']).enumerate() {
        let is_letters = part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_part = part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let fits = match at {
            0 => is_letters && (2..=3).contains(&part.len()),
            _ => is_part && (1..=8).contains(&part.len()),
        };
        if !fits || at > 5 {
            return Err(refuse());
        }
        let lower = part.to_ascii_lowercase();
        if at > 0 {
            tag.push('-');
        }
        match (at, part.len()) {
            (1.., 2) => tag.push_str(&lower.to_ascii_uppercase()),
            (1.., 4) if is_letters => {
                let mut symbols = lower.chars();
                tag.extend(symbols.next().map(|first| first.to_ascii_uppercase()));
                tag.extend(symbols);
            }
            _ => tag.push_str(&lower),
        }
    }
    Ok(tag)
}

/// Whether a day can exist, as far as it is known; 29 February can when the year is not known.
fn is_day(year: Option<u16>, month: Option<u8>, day: Option<u8>) -> bool {
    let is_leap = year.is_none_or(|year| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let last = match month {
        None | Some(1 | 3 | 5 | 7 | 8 | 10 | 12) => 31,
        Some(4 | 6 | 9 | 11) => 30,
        Some(2) if is_leap => 29,
        Some(2) => 28,
        Some(_) => return false,
    };
    year.is_none_or(|year| (1850..=2200).contains(&year))
        && day.is_none_or(|day| (1..=last).contains(&day))
}
