//! What a result of the concierge rests on, and the hash by which hub and handheld compare results.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::crypto::sha256;
use crate::ids::{EditId, Hash32};
use crate::notices::NoticeKind;
use crate::records::{Record, RecordKind};

/// One thing that a line, a reason or an item rests on: an edit of the card, a sale, or something that another system said.
///
/// As text, and in JSON: an edit's id; `purchase:source/id` or `return:source/id`; `case:key` and the like for a notice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceId {
    /// An edit of the card.
    Edit(EditId),
    /// A sale or a return.
    Record {
        /// Which of both.
        kind: RecordKind,
        /// The system that says so.
        source: String,
        /// Its own id of it.
        source_id: String,
    },
    /// A notice.
    Notice {
        /// Of which kind.
        kind: NoticeKind,
        /// Its key.
        key: String,
    },
}

impl SourceId {
    /// A notice of this kind and key.
    #[must_use]
    pub fn notice(kind: NoticeKind, key: &str) -> Self {
        let key = key.to_owned();
        Self::Notice { kind, key }
    }

    /// The edit, when it is one.
    #[must_use]
    pub fn edit(&self) -> Option<EditId> {
        match self {
            Self::Edit(edit) => Some(*edit),
            Self::Record { .. } | Self::Notice { .. } => None,
        }
    }
}

impl From<EditId> for SourceId {
    fn from(edit: EditId) -> Self {
        Self::Edit(edit)
    }
}

impl From<&EditId> for SourceId {
    fn from(edit: &EditId) -> Self {
        Self::Edit(*edit)
    }
}

impl From<&Record> for SourceId {
    fn from(record: &Record) -> Self {
        Self::Record {
            kind: record.kind,
            source: record.source.clone(),
            source_id: record.source_id.clone(),
        }
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edit(edit) => write!(f, "{edit}"),
            Self::Record {
                kind,
                source,
                source_id,
            } => {
                let kind = match kind {
                    RecordKind::Purchase => "purchase",
                    RecordKind::Return => "return",
                };
                write!(f, "{kind}:{source}/{source_id}")
            }
            Self::Notice { kind, key } => write!(f, "{}:{key}", notice_name(*kind)),
        }
    }
}

impl Serialize for SourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn notice_name(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Playbook => "playbook",
        NoticeKind::Settings => "settings",
        NoticeKind::Shop => "shop",
        NoticeKind::Staff => "staff",
        NoticeKind::Article => "article",
        NoticeKind::Stock => "stock",
        NoticeKind::Pairs => "pairs",
        NoticeKind::Standard => "standard",
        NoticeKind::Endpoints => "endpoints",
        NoticeKind::Right => "right",
        NoticeKind::Event => "event",
        NoticeKind::Case => "case",
        NoticeKind::Response => "response",
        NoticeKind::Contact => "contact",
        NoticeKind::Answer => "answer",
        NoticeKind::Owner => "owner",
    }
}

/// Sources in their one form: ascending, each once.
pub(super) fn sorted(sources: impl IntoIterator<Item = impl Into<SourceId>>) -> Vec<SourceId> {
    let mut sources: Vec<SourceId> = sources.into_iter().map(Into::into).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

/// The hash of a result: SHA-256 over its JSON, whose fields stand in a fixed order and whose maps are sorted.
/// Equal results of hub and handheld have equal hashes.
pub(super) fn hash_of<T: Serialize>(purpose: &str, result: &T) -> Hash32 {
    let json = serde_json::to_vec(result).expect("results of the concierge are plain data");
    sha256(purpose, &[&json])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_one_text() {
        let edit = EditId([7; 10]);
        assert_eq!(SourceId::from(edit).to_string(), edit.to_string());
        let case = SourceId::notice(NoticeKind::Case, "desk:77");
        assert_eq!(case.to_string(), "case:desk:77");
        assert_eq!(serde_json::to_string(&case).unwrap(), "\"case:desk:77\"");
        assert_eq!(
            (case.edit(), SourceId::from(edit).edit()),
            (None, Some(edit))
        );
    }
}
