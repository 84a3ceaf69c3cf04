//! What comes with an edit.

use serde::{Deserialize, Serialize};

use crate::card::schema::Role;
use crate::card::terms::{ConsentMethod, EndpointKind};
use crate::card::value::Provenance;
use crate::ids::{CustomerId, EditId};

/// Who plans an edit, for whom, under which id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditContext {
    /// The edit's id, fresh.
    pub edit: EditId,
    /// Whose card it is.
    pub customer: CustomerId,
    /// Who, where, when and on what ground.
    pub provenance: Provenance,
    /// What they may do.
    pub role: Role,
}

/// How a consent or agreement can be proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Version of the text the customer was shown.
    pub text_version: String,
    /// How they answered.
    pub method: ConsentMethod,
    /// Where the proof lies, if it is kept elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// An endpoint as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointInput {
    /// Of which kind.
    pub kind: EndpointKind,
    /// The number, address or account.
    pub value: String,
}
