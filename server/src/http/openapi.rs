//! The OpenAPI document: written by hand beside each resource, put together here.
//!
//! A test compares it with the routes, so that neither can have what the other lacks.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

/// The whole document.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut paths = Map::new();
        let mut schemas = Map::new();
        for part in crate::routes::openapi_parts() {
            let part: Value = serde_json::from_str(part).expect("a test reads every part");
            merge(&mut paths, part.get("paths"));
            merge(&mut schemas, part.get("schemas"));
        }
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Carnet",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "The hub of Carnet. Times are milliseconds since 1970-01-01T00:00:00Z. Errors are problem documents whose `code` is stable.",
                "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
            },
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "handheld": {
                        "type": "http", "scheme": "dpop",
                        "description": "An access token of a handheld, with a DPoP proof (RFC 9449) that holds this hub's nonce.",
                    },
                    "bearer": {
                        "type": "http", "scheme": "bearer",
                        "description": "An access token of the back office, or an integration key.",
                    },
                },
            },
        })
    })
}

fn merge(into: &mut Map<String, Value>, part: Option<&Value>) {
    for (name, value) in part.and_then(Value::as_object).into_iter().flatten() {
        into.insert(name.clone(), value.clone());
    }
}
