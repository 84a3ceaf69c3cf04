//! The vectors as they are written down.

use serde::Deserialize;
use serde_json::Value as Json;
use sync_core::card::Source;
use sync_core::card::schema::Role;

/// One vector.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    pub(crate) name: String,
    #[serde(rename = "needs")]
    _needs: Option<String>,
    pub(crate) replicas: Vec<String>,
    pub(crate) steps: Vec<Json>,
}

/// One step; `tests/fixtures/merge_vectors.md` tells what each means.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Step {
    Edit {
        at: String,
        r#as: String,
        edit: Json,
        source: Option<Source>,
        role: Option<Role>,
        time_ms: Option<i64>,
    },
    Role {
        of: String,
        role: Role,
    },
    Sync {
        between: Option<Vec<String>>,
    },
    Received {
        edit: String,
        time_ms: i64,
    },
    Damage {
        at: String,
        edit: String,
        what: Damage,
    },
    Expect {
        at: Option<Vec<String>>,
        pointer: String,
        equals: Json,
    },
    Absent {
        text: String,
    },
    Bytes {
        text: String,
        stored: bool,
    },
    Arrived {
        from: String,
        edits: Vec<String>,
    },
    Aside {
        edit: String,
        code: String,
    },
    Refused {
        at: String,
        edit: String,
        code: String,
        text: String,
    },
}

/// How a waiting change is spoiled.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Damage {
    /// One bit of it is another.
    Bytes,
    /// Its envelope names another edit than the one it writes.
    Envelope,
}
