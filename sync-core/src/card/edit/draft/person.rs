//! Who the customer is, how they may be reached, and to whom they belong.

use super::text::{language, proven, words};
use super::{Drafts, Outcome, list};
use crate::card::edit::{Edit, EditError, EndpointInput, Evidence};
use crate::card::normal::{derived_id, endpoint, fold};
use crate::card::terms::{
    Channel, ConsentEvent, EndpointKind, EndpointStatus, Purpose, RelationshipKind,
};
use crate::card::value::Source;
use crate::ids::CustomerId;

impl Drafts<'_> {
    pub(in crate::card::edit::draft) fn create(&mut self, edit: &Edit) -> Outcome {
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

    pub(in crate::card::edit::draft) fn endpoint(
        &mut self,
        kind: EndpointKind,
        text: &str,
        is_present: bool,
    ) -> Outcome {
        let value = endpoint(kind, text)?;
        let id = endpoint_id(kind, &value);
        let value = list([is_present.into(), kind.into(), value.into()]);
        self.card("endpoint", &id, "present", value)
    }

    pub(in crate::card::edit::draft) fn mark_endpoint(
        &mut self,
        kind: EndpointKind,
        text: &str,
        status: EndpointStatus,
    ) -> Outcome {
        let id = endpoint_id(kind, &endpoint(kind, text)?);
        self.card("endpoint", &id, "status", status.into())
    }

    pub(in crate::card::edit::draft) fn consent(
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

    pub(in crate::card::edit::draft) fn relationship(
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
}

fn endpoint_id(kind: EndpointKind, value: &str) -> String {
    derived_id(&["endpoint", kind.as_str(), &fold(value)])
}

fn relationship_id(one: CustomerId, other: CustomerId, kind: RelationshipKind) -> String {
    let (min, max) = (one.min(other).to_string(), one.max(other).to_string());
    derived_id(&["relationship", &min, &max, kind.as_str()])
}
