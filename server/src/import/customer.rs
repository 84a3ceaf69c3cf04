//! A customer's row, believed or refused, and the edits that follow from it.
//!
//! An empty field says nothing. A field that can't be used (a phone number without country code) is left out and reported; only a row
//! without an id is refused. A consent without evidence is not written: what is not written counts as unknown.

use std::collections::BTreeMap;

use sync_core::card::edit::{Edit, EndpointInput, Evidence};
use sync_core::card::normal;
use sync_core::card::terms::{
    Channel, ConsentEvent, ConsentMethod, EndpointKind, NamePart, OccasionKind, Place, Purpose,
};
use sync_core::ids::Timestamp;
use sync_core::limits;

use super::date;
use super::problem::{Reason, RowError};
use super::row::{ConsentRow, CustomerRow};
use super::sale::{given, key_text, short};
use super::sink::{ImportIndex, SourceKey};

/// Bytes of a language tag.
const LANGUAGE_BYTES_MAX: usize = 35;

/// What a source means where a row does not say.
#[derive(Debug, Clone)]
pub struct CustomerDefaults {
    /// Name of the source.
    pub source: String,
    /// Country code of phone numbers that have none, as `+33`.
    pub phone_country: Option<String>,
    /// The time of the import.
    pub now: Timestamp,
}

/// One thing that a source says of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// A part of the name.
    Name(NamePart, String),
    /// The language.
    Language(String),
    /// A phone number or address, in its one form.
    Endpoint(EndpointKind, String),
    /// The birthday: year if known, month, day.
    Birthday(Option<u16>, u8, u8),
    /// Do not contact.
    Blocked,
    /// A note.
    Note(String),
    /// A consent, with the time it was given or withdrawn.
    Consent {
        /// Channel, where the purpose has one.
        channel: Option<Channel>,
        /// Purpose.
        purpose: Purpose,
        /// What happened.
        event: ConsentEvent,
        /// The proof; a withdrawal needs none.
        evidence: Option<Evidence>,
        /// When.
        at: Option<Timestamp>,
    },
}

impl Field {
    /// What the field is about: a later row of the same source replaces what it said of that.
    fn topic(&self) -> String {
        match self {
            Self::Name(part, _) => format!("name/{part}"),
            Self::Language(_) => "language".to_owned(),
            Self::Endpoint(kind, value) => format!("{kind}/{value}"),
            Self::Birthday(..) => "birthday".to_owned(),
            Self::Blocked => "blocked".to_owned(),
            Self::Note(_) => "note".to_owned(),
            Self::Consent {
                channel, purpose, ..
            } => {
                let channel = channel.map_or("-", Channel::as_str);
                format!("consent/{channel}/{purpose}")
            }
        }
    }

    /// The edit that writes it, and when it was true where the source says so.
    fn edit(&self) -> (Edit, Option<Timestamp>) {
        let edit = match self {
            Self::Name(part, value) => Edit::SetName {
                part: *part,
                value: Some(value.clone()),
            },
            Self::Language(language) => Edit::SetLanguage {
                language: Some(language.clone()),
            },
            Self::Endpoint(kind, value) => Edit::AddEndpoint {
                kind: *kind,
                value: value.clone(),
            },
            Self::Birthday(year, month, day) => Edit::SetOccasion {
                kind: OccasionKind::Birthday,
                person: None,
                year: *year,
                month: Some(*month),
                day: Some(*day),
                celebrate: None,
            },
            Self::Blocked => Edit::BlockContact { reason: None },
            Self::Note(body) => Edit::AddNote {
                place: Place::Card,
                body: body.clone(),
                title: None,
                label: None,
            },
            Self::Consent {
                channel,
                purpose,
                event,
                evidence,
                at,
            } => {
                let edit = Edit::RecordConsent {
                    channel: *channel,
                    purposes: vec![*purpose],
                    event: *event,
                    evidence: evidence.clone(),
                };
                return (edit, *at);
            }
        };
        (edit, None)
    }
}

/// A customer that can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerInput {
    /// The source's id.
    pub key: SourceKey,
    /// What it says.
    pub fields: Vec<Field>,
}

/// A customer and what had to be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedCustomer {
    /// What can be written.
    pub input: CustomerInput,
    /// What can't.
    pub left_out: Vec<RowError>,
}

impl CustomerInput {
    /// Keyed fingerprints of what this source said before (`known`) and says now, by topic.
    #[must_use]
    pub fn fingerprints(
        &self,
        index: ImportIndex<'_>,
        known: &BTreeMap<String, u64>,
    ) -> BTreeMap<String, u64> {
        let mut all = known.clone();
        for field in &self.fields {
            let (topic, print) = fingerprint(field, index);
            all.insert(topic, print);
        }
        all
    }

    /// The fields that this source did not say before.
    #[must_use]
    pub fn changed_since(
        &self,
        index: ImportIndex<'_>,
        known: &BTreeMap<String, u64>,
    ) -> Vec<&Field> {
        let is_new = |field: &&Field| {
            let (topic, print) = fingerprint(field, index);
            known.get(&topic) != Some(&print)
        };
        self.fields.iter().filter(is_new).collect()
    }
}

/// Topics are keyed too, because a phone number is part of its own.
fn fingerprint(field: &Field, index: ImportIndex<'_>) -> (String, u64) {
    let topic = index.fingerprint(&field.topic());
    (
        format!("{topic:x}"),
        index.fingerprint(&format!("{field:?}")),
    )
}

/// The edits that write these fields on a card that exists, each with when it was true where the source says so.
/// They are the hub's own: the provenance's source is [`sync_core::card::Source::Imported`].
#[must_use]
pub fn edits(fields: &[&Field]) -> Vec<(Edit, Option<Timestamp>)> {
    fields.iter().map(|field| field.edit()).collect()
}

/// The edits that begin a card with these fields. The source's number stands as given name until somebody writes the real one.
#[must_use]
pub fn first_edits(number: &str, fields: &[&Field]) -> Vec<(Edit, Option<Timestamp>)> {
    let mut name = BTreeMap::new();
    let mut language = None;
    let mut endpoints = Vec::new();
    let mut further = Vec::new();
    for field in fields {
        match field {
            Field::Name(part, value) => {
                name.insert(*part, value.clone());
            }
            Field::Language(tag) => language = Some(tag.clone()),
            Field::Endpoint(kind, value) => endpoints.push(EndpointInput {
                kind: *kind,
                value: value.clone(),
            }),
            Field::Birthday(..) | Field::Blocked | Field::Note(_) | Field::Consent { .. } => {
                further.push(field.edit());
            }
        }
    }
    if name.is_empty() {
        name.insert(NamePart::Given, number.to_owned());
    }
    let create = Edit::CreateCustomer {
        name,
        language,
        endpoints,
        since: None,
    };
    let mut edits = vec![(create, None)];
    edits.extend(further);
    edits
}

impl CustomerRow {
    /// Checks the row.
    ///
    /// # Errors
    /// [`RowError`] when the row has no usable id; other problems are listed in what is returned.
    pub fn check(&self, defaults: &CustomerDefaults) -> Result<CheckedCustomer, RowError> {
        let id = key_text("customer_id", self.customer_id.as_deref())?;
        let mut checked = CheckedCustomer {
            input: CustomerInput {
                key: SourceKey {
                    source: defaults.source.clone(),
                    id,
                },
                fields: Vec::new(),
            },
            left_out: Vec::new(),
        };
        for (column, part, text) in [
            ("name", NamePart::Display, &self.name),
            ("given_name", NamePart::Given, &self.given_name),
            ("family_name", NamePart::Family, &self.family_name),
            ("salutation", NamePart::Salutation, &self.salutation),
        ] {
            let text = short(column, text.as_deref(), limits::SHORT_TEXT_BYTES_MAX);
            checked.take(text.map(|text| text.map(|text| Field::Name(part, normal::tidy(&text)))));
        }
        checked.take(language(self.language.as_deref()));
        checked.take(phone(self.phone.as_deref(), defaults));
        checked.take(endpoint(
            "email",
            EndpointKind::Email,
            self.email.as_deref(),
        ));
        checked.take(birthday(self.birthday.as_deref(), defaults.now));
        checked.take(blocked(self.do_not_contact.as_deref()));
        checked.take(note(self.note.as_deref()));
        for consent in &self.consents {
            checked.take(consent.check(defaults.now));
        }
        Ok(checked)
    }
}

impl CheckedCustomer {
    fn take(&mut self, field: Result<Option<Field>, RowError>) {
        match field {
            Ok(field) => self.input.fields.extend(field),
            Err(error) => self.left_out.push(error),
        }
    }
}

fn language(text: Option<&str>) -> Result<Option<Field>, RowError> {
    let tag = short("language", text, LANGUAGE_BYTES_MAX)?;
    let is_tag = |tag: &String| {
        tag.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    };
    match tag {
        Some(tag) if !is_tag(&tag) => Err(RowError::at(
            "language",
            Reason::NotOneOf("language tags such as fr or zh-Hant".to_owned()),
        )),
        tag => Ok(tag.map(Field::Language)),
    }
}

fn endpoint(
    column: &'static str,
    kind: EndpointKind,
    text: Option<&str>,
) -> Result<Option<Field>, RowError> {
    let Some(text) = given(text) else {
        return Ok(None);
    };
    normal::endpoint(kind, text)
        .map(|form| Some(Field::Endpoint(kind, form)))
        .map_err(|error| RowError::at(column, Reason::Endpoint(error.to_string())))
}

/// A number without country code gets the default one, and loses the zero that such numbers begin with except in Italy.
fn phone(text: Option<&str>, defaults: &CustomerDefaults) -> Result<Option<Field>, RowError> {
    let Some(text) = given(text) else {
        return Ok(None);
    };
    let complete = with_country(text, defaults.phone_country.as_deref());
    endpoint("phone", EndpointKind::Phone, Some(&complete))
}

/// A phone number with the country code that its source leaves out.
pub(super) fn with_country(text: &str, country: Option<&str>) -> String {
    let is_complete = text.starts_with(['+', '＋']) || text.starts_with("00");
    match country {
        Some(country) if !is_complete => {
            let national = if country == "+39" {
                text
            } else {
                text.strip_prefix('0').unwrap_or(text)
            };
            format!("{country} {national}")
        }
        Some(_) | None => text.to_owned(),
    }
}

fn birthday(text: Option<&str>, now: Timestamp) -> Result<Option<Field>, RowError> {
    let Some(text) = given(text) else {
        return Ok(None);
    };
    let bad = || RowError::at("birthday", Reason::Date);
    let (year, month, day) = match text.strip_prefix("--") {
        // A leap year, so that 29 February is a day.
        Some(rest) => {
            let (_, month, day) = date::parse_date(&format!("2000-{rest}")).ok_or_else(bad)?;
            (None, month, day)
        }
        None => {
            let (year, month, day) = date::parse_date(text).ok_or_else(bad)?;
            let days = date::days(year, month, day).ok_or_else(bad)?;
            if i64::from(days) > now.days() {
                return Err(RowError::at("birthday", Reason::DateRange));
            }
            (u16::try_from(year).ok(), month, day)
        }
    };
    let narrow = |number: u32| u8::try_from(number).map_err(|_error| bad());
    Ok(Some(Field::Birthday(year, narrow(month)?, narrow(day)?)))
}

fn blocked(text: Option<&str>) -> Result<Option<Field>, RowError> {
    match given(text).map(str::to_lowercase).as_deref() {
        None | Some("no" | "false" | "0") => Ok(None),
        Some("yes" | "true" | "1") => Ok(Some(Field::Blocked)),
        Some(_) => Err(RowError::at(
            "do_not_contact",
            Reason::NotOneOf("yes, no".to_owned()),
        )),
    }
}

fn note(text: Option<&str>) -> Result<Option<Field>, RowError> {
    let Some(text) = given(text) else {
        return Ok(None);
    };
    let is_foreign = |symbol: char| symbol.is_control() && !matches!(symbol, '\n' | '\t');
    if text.len() > limits::NOTE_BYTES_MAX || text.chars().any(is_foreign) {
        return Err(RowError::at("note", Reason::Text(limits::NOTE_BYTES_MAX)));
    }
    Ok(Some(Field::Note(text.to_owned())))
}

impl ConsentRow {
    fn check(&self, now: Timestamp) -> Result<Option<Field>, RowError> {
        let purpose = one_of(
            "consent_purpose",
            self.purpose.as_deref(),
            Purpose::parse,
            Purpose::TEXTS,
        )?
        .ok_or(RowError::at("consent_purpose", Reason::Missing))?;
        let channel = one_of(
            "consent_channel",
            self.channel.as_deref(),
            Channel::parse,
            Channel::TEXTS,
        )?;
        if channel.is_none() && purpose.needs_channel() {
            return Err(RowError::at("consent_channel", Reason::Missing));
        }
        let channel = channel.filter(|_| purpose.needs_channel());
        let event = match given(self.state.as_deref()) {
            Some("granted") => ConsentEvent::Grant,
            Some("withdrawn") => ConsentEvent::Withdraw,
            None => return Err(RowError::at("consent_state", Reason::Missing)),
            Some(_) => {
                let expected = Reason::NotOneOf("granted, withdrawn".to_owned());
                return Err(RowError::at("consent_state", expected));
            }
        };
        let at = self.given_at(now)?;
        let evidence = self.evidence(at)?;
        if event == ConsentEvent::Grant && evidence.is_none() {
            return Err(RowError::at("consent_state", Reason::NoEvidence));
        }
        Ok(Some(Field::Consent {
            channel,
            purpose,
            event,
            evidence,
            at,
        }))
    }

    fn given_at(&self, now: Timestamp) -> Result<Option<Timestamp>, RowError> {
        let Some(text) = given(self.at.as_deref()) else {
            return Ok(None);
        };
        let at = date::parse_sold_at(text).ok_or(RowError::at("consent_at", Reason::Date))?;
        if at.moment() < Timestamp(0) || at.moment() > now {
            return Err(RowError::at("consent_at", Reason::DateRange));
        }
        Ok(Some(at.moment()))
    }

    /// The proof: a text version and a time, at least.
    fn evidence(&self, at: Option<Timestamp>) -> Result<Option<Evidence>, RowError> {
        let bound = limits::SHORT_TEXT_BYTES_MAX;
        let text_version = short("consent_text_version", self.text_version.as_deref(), bound)?;
        let reference = short("consent_reference", self.reference.as_deref(), bound)?;
        let method = one_of(
            "consent_method",
            self.method.as_deref(),
            ConsentMethod::parse,
            ConsentMethod::TEXTS,
        )?;
        Ok(text_version
            .filter(|_| at.is_some())
            .map(|text_version| Evidence {
                text_version,
                method: method.unwrap_or(ConsentMethod::Import),
                reference,
            }))
    }
}

/// One of a closed list, unless it is empty.
pub(super) fn one_of<T>(
    column: &'static str,
    text: Option<&str>,
    parse: fn(&str) -> Option<T>,
    texts: &[&str],
) -> Result<Option<T>, RowError> {
    given(text)
        .map(|text| {
            let expected = || RowError::at(column, Reason::NotOneOf(texts.join(", ")));
            parse(&text.to_lowercase()).ok_or_else(expected)
        })
        .transpose()
}
