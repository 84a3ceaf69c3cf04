//! The routes, one module for each resource. Handlers translate: they read, ask, and answer.

pub mod articles;
pub mod associates;
pub mod auth;
pub mod concierge;
pub mod customers;
pub mod dealings;
pub mod devices;
pub mod events;
pub mod facts;
pub mod gap;
pub mod health;
pub mod integrations;
pub mod messages;
pub mod notes;
pub mod people;
pub mod records;
pub mod shops;
pub mod sync;
pub mod today;
pub mod walk_ins;

use crate::http::route::Route;

/// All routes. A resource is added here and in [`openapi_parts`].
#[must_use]
pub fn all() -> Vec<Route> {
    [
        health::routes(),
        auth::routes(),
        shops::routes(),
        associates::routes(),
        devices::routes(),
        integrations::routes(),
        customers::routes(),
        gap::routes(),
        concierge::routes(),
        today::routes(),
        dealings::routes(),
        notes::routes(),
        articles::routes(),
        people::routes(),
        records::routes(),
        facts::routes(),
        walk_ins::routes(),
        events::routes(),
        messages::routes(),
        sync::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The hand-written parts of the OpenAPI document.
#[must_use]
pub fn openapi_parts() -> Vec<&'static str> {
    vec![
        health::OPENAPI,
        auth::OPENAPI,
        shops::OPENAPI,
        associates::OPENAPI,
        devices::OPENAPI,
        integrations::OPENAPI,
        customers::OPENAPI,
        gap::OPENAPI,
        concierge::OPENAPI,
        today::OPENAPI,
        dealings::OPENAPI,
        notes::OPENAPI,
        articles::OPENAPI,
        people::OPENAPI,
        records::OPENAPI,
        facts::OPENAPI,
        walk_ins::OPENAPI,
        events::OPENAPI,
        messages::OPENAPI,
        sync::OPENAPI,
    ]
}
