//! Who may call what: every route against every kind of caller, written by hand. A route without a row fails.
//!
//! Bodies are empty objects, so `422` means: the caller passed, the body did not.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::authorized::Access;
use super::*;

/// Kinds of callers, in the order of the table's columns.
#[derive(Debug, Clone, Copy)]
enum Caller {
    Anonymous,
    /// A handheld of the shop with nobody signed in.
    Device,
    /// An associate of the shop on a handheld.
    Associate,
    /// A manager of the shop on a handheld.
    Manager,
    /// A manager of another shop, at that shop's back office.
    OtherManager,
    /// A manager of the chain at the back office.
    ChainManager,
    /// A key of the shop with every scope that keys can have.
    Integration,
}

const CALLERS: [Caller; 7] = [
    Caller::Anonymous,
    Caller::Device,
    Caller::Associate,
    Caller::Manager,
    Caller::OtherManager,
    Caller::ChainManager,
    Caller::Integration,
];

/// Method, path, and the status for each caller. Things in paths belong to the shop of the handheld.
#[rustfmt::skip]
const TABLE: &[(&str, &str, [u16; 7])] = &[
    //                                                       nobody device assoc manager other chain  key
    ("GET",   "/livez",                                     [200,   200,   200,  200,    200,  200,   200]),
    ("GET",   "/readyz",                                    [200,   200,   200,  200,    200,  200,   200]),
    ("GET",   "/metrics",                                   [200,   200,   200,  200,    200,  200,   200]),
    ("GET",   "/v1/limits",                                 [200,   200,   200,  200,    200,  200,   200]),
    ("GET",   "/v1/openapi.json",                           [200,   200,   200,  200,    200,  200,   200]),
    ("GET",   "/v1/auth/nonce",                             [200,   200,   200,  200,    200,  200,   200]),
    ("POST",  "/v1/auth/enrol",                             [422,   422,   422,  422,    422,  422,   422]),
    ("POST",  "/v1/auth/sign-in",                           [422,   422,   422,  422,    422,  422,   422]),
    ("POST",  "/v1/auth/refresh",                           [422,   422,   422,  422,    422,  422,   422]),
    ("POST",  "/v1/auth/device-token",                      [422,   422,   422,  422,    422,  422,   422]),
    ("POST",  "/v1/auth/office",                            [422,   422,   422,  422,    422,  422,   422]),
    ("POST",  "/v1/auth/sign-out",                          [401,   204,   204,  204,    204,  204,   204]),
    ("POST",  "/v1/auth/password",                          [401,   422,   422,  422,    422,  422,   422]),
    ("GET",   "/v1/auth/me",                                [401,   200,   200,  200,    200,  200,   200]),
    ("GET",   "/v1/shops",                                  [401,   403,   200,  200,    200,  200,   200]),
    ("POST",  "/v1/shops",                                  [401,   403,   403,  422,    422,  422,   403]),
    ("GET",   "/v1/shops/{shop}",                           [401,   403,   200,  200,    404,  200,   200]),
    ("PATCH", "/v1/shops/{shop}",                           [401,   403,   403,  200,    404,  200,   403]),
    ("GET",   "/v1/associates",                             [401,   403,   200,  200,    200,  200,   403]),
    ("POST",  "/v1/associates",                             [401,   403,   403,  422,    422,  422,   403]),
    ("GET",   "/v1/associates/{associate}",                 [401,   403,   200,  200,    404,  200,   403]),
    ("PATCH", "/v1/associates/{associate}",                 [401,   403,   403,  200,    404,  200,   403]),
    ("POST",  "/v1/associates/{associate}/deactivate",      [401,   403,   403,  204,    404,  204,   403]),
    ("GET",   "/v1/devices",                                [401,   403,   403,  200,    200,  200,   403]),
    ("GET",   "/v1/devices/{device}",                       [401,   403,   403,  200,    404,  200,   403]),
    ("POST",  "/v1/devices/{device}/revoke",                [401,   403,   403,  204,    404,  204,   403]),
    ("POST",  "/v1/enrolment-codes",                        [401,   403,   403,  422,    422,  422,   403]),
    ("GET",   "/v1/integrations",                           [401,   403,   403,  200,    200,  200,   403]),
    ("POST",  "/v1/integrations",                           [401,   403,   403,  422,    422,  422,   403]),
    ("POST",  "/v1/integrations/{integration}/revoke",      [401,   403,   403,  204,    404,  204,   403]),
    ("GET",   "/v1/customers",                              [401,   403,   200,  200,    200,  200,   200]),
    ("POST",  "/v1/customers",                              [401,   403,   422,  422,    422,  422,   422]),
    ("GET",   "/v1/customers/{customer}",                   [401,   403,   200,  200,    404,  200,   200]),
    ("GET",   "/v1/customers/{customer}/brief",             [401,   403,   200,  200,    404,  200,   200]),
    ("GET",   "/v1/customers/{customer}/recommendations",   [401,   403,   200,  200,    404,  200,   200]),
    ("GET",   "/v1/customers/{customer}/question",          [401,   403,   200,  200,    404,  200,   200]),
    ("GET",   "/v1/customers/{customer}/ledger",            [401,   403,   200,  200,    404,  200,   200]),
    ("POST",  "/v1/customers/{customer}/contact-verdict",   [401,   403,   422,  422,    422,  422,   422]),
    ("GET",   "/v1/customers/{customer}/dealings",          [401,   403,   200,  200,    404,  200,   200]),
    ("POST",  "/v1/notes/check",                            [401,   422,   422,  422,    422,  422,   422]),
    ("GET",   "/v1/articles/{sku}",                         [401,   403,   404,  404,    404,  404,   404]),
    ("GET",   "/v1/customers/{customer}/person",            [401,   403,   200,  200,    404,  200,   200]),
    ("POST",  "/v1/customers/{customer}/links",             [401,   403,   422,  422,    422,  422,   422]),
    ("GET",   "/v1/duplicates",                             [401,   403,   403,  200,    200,  200,   403]),
    ("POST",  "/v1/associates/{associate}/handover",        [401,   403,   403,  422,    422,  422,   403]),
    ("GET",   "/v1/customers/{customer}/conflicts",         [401,   403,   200,  200,    404,  200,   200]),
    ("POST",  "/v1/customers/{customer}/edits",             [401,   403,   422,  422,    422,  422,   422]),
    ("POST",  "/v1/customers/{customer}/book",              [401,   403,   403,  422,    422,  422,   403]),
    ("GET",   "/v1/customers/{customer}/records",           [401,   403,   200,  200,    404,  200,   200]),
    ("GET",   "/v1/customers/{customer}/obligations",       [401,   403,   200,  200,    404,  200,   200]),
    ("GET",   "/v1/today",                                  [401,   403,   200,  200,    200,  200,   403]),
    ("GET",   "/v1/promises/unkept",                        [401,   403,   200,  200,    200,  200,   200]),
    ("GET",   "/v1/playbook",                               [401,   403,   200,  200,    200,  200,   200]),
    ("PUT",   "/v1/playbook",                               [401,   403,   403,  403,    403,  428,   403]),
    ("GET",   "/v1/gap",                                    [401,   403,   403,  200,    200,  200,   403]),
    ("GET",   "/v1/gap/history",                            [401,   403,   403,  200,    200,  200,   403]),
    ("GET",   "/v1/gap/discover",                           [401,   403,   403,  200,    200,  200,   403]),
    ("POST",  "/v1/records",                                [401,   403,   403,  422,    422,  422,   422]),
    ("POST",  "/v1/imports/customers",                      [401,   403,   403,  422,    422,  422,   422]),
    ("POST",  "/v1/imports/cases",                          [401,   403,   403,  422,    422,  422,   422]),
    ("POST",  "/v1/imports/interactions",                   [401,   403,   403,  422,    422,  422,   422]),
    ("POST",  "/v1/imports/responses",                      [401,   403,   403,  422,    422,  422,   422]),
    ("POST",  "/v1/imports/catalogue",                      [401,   403,   403,  422,    422,  422,   422]),
    ("POST",  "/v1/imports/stock",                          [401,   403,   403,  422,    422,  422,   422]),
    ("POST",  "/v1/walk-ins",                               [401,   403,   422,  422,    422,  422,   422]),
    ("GET",   "/v1/events",                                 [401,   403,   200,  200,    200,  200,   200]),
    ("POST",  "/v1/events",                                 [401,   403,   403,  422,    422,  422,   403]),
    ("GET",   "/v1/events/{event}",                         [401,   403,   404,  404,    404,  404,   404]),
    ("POST",  "/v1/events/{event}/proposal",                [401,   403,   403,  404,    404,  404,   403]),
    ("POST",  "/v1/events/{event}/guests",                  [401,   403,   403,  422,    422,  422,   403]),
    ("POST",  "/v1/events/{event}/attendance",              [401,   403,   422,  422,    422,  422,   422]),
    ("POST",  "/v1/events/{event}/call-off",                [401,   403,   403,  404,    404,  404,   403]),
    ("GET",   "/v1/messages",                               [401,   403,   403,  200,    200,  200,   403]),
    ("POST",  "/v1/messages/replies",                       [401,   403,   403,  403,    403,  403,   422]),
    ("GET",   "/v1/settings",                               [401,   403,   200,  200,    200,  200,   200]),
    ("PATCH", "/v1/settings",                               [401,   403,   403,  403,    403,  200,   403]),
    ("GET",   "/v1/sync",                                   [401,   400,   400,  400,    400,  400,   403]),
    ("POST",  "/v1/sync/batch",                             [401,   422,   422,  422,    403,  403,   403]),
];

/// A shop with one thing of each kind, and one caller of each kind.
struct World {
    app: TestApp,
    actors: Vec<Actor>,
    integration: String,
    associate: String,
    device: String,
    customer: String,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let hub = &app.hub;
        let elsewhere = hub.identity.add_shop("Second", "Asia/Tokyo").await.unwrap();
        let ana = hub.add("ana", Role::Associate, hub.shop).await;
        let moritz = hub.add("moritz", Role::Manager, hub.shop).await;
        hub.add("otto", Role::Manager, elsewhere).await;
        let device = Arc::new(hub.enrol(100).await);
        let key = app.integration(hub.shop, moritz).await;
        let other = app.office("otto").await;
        let customer = app.customer("Ines").await;
        let actors = vec![
            Actor::Anonymous,
            app.as_device(Arc::clone(&device)),
            app.on_handheld(Arc::clone(&device), "ana").await,
            app.on_handheld(Arc::clone(&device), "moritz").await,
            other,
            app.manager().await,
            Actor::Bearer(key.key.expose().clone()),
        ];
        Self {
            actors,
            integration: key.id.to_string(),
            associate: ana.to_string(),
            device: device.id.to_string(),
            customer: customer.to_string(),
            app,
        }
    }

    fn path(&self, pattern: &str) -> String {
        pattern
            .replace("{shop}", &self.app.hub.shop.to_string())
            .replace("{associate}", &self.associate)
            .replace("{device}", &self.device)
            .replace("{customer}", &self.customer)
            .replace("{sku}", "COAT-7")
            .replace("{event}", &"0".repeat(16))
            .replace("{integration}", &self.integration)
    }
}

impl TestApp {
    pub(super) async fn office(&self, login: &str) -> Actor {
        let body = json!({ "login": login, "password": PASSWORD });
        let answer = self
            .ask(&Actor::Anonymous, "POST", "/v1/auth/office", &body)
            .await;
        Actor::Bearer(answer.body["access_token"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn every_route_answers_every_caller_as_the_table_says() {
    for (method, pattern, expected) in TABLE {
        for (column, caller) in CALLERS.into_iter().enumerate() {
            // A fresh world for each cell: a revocation must not decide the next one.
            let world = World::new().await;
            let body = if *method == "GET" {
                Value::Null
            } else {
                json!({})
            };
            let path = world.path(pattern);
            let answer = world
                .app
                .ask(&world.actors[column], method, &path, &body)
                .await;
            let expected = expected[column];
            assert_eq!(
                answer.status.as_u16(),
                expected,
                "{method} {pattern} by {caller:?}: {}",
                answer.text
            );
        }
    }
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let rows: BTreeSet<(String, &str)> = TABLE
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), *path))
        .collect();
    let routes = crate::routes::all();
    let routes: BTreeSet<(String, &str)> = routes
        .iter()
        .map(|route| (route.method.to_string(), route.path))
        .collect();
    assert_eq!(rows, routes);
    assert_eq!(rows.len(), TABLE.len(), "no row comes twice");
}

#[test]
fn every_route_is_documented_with_what_it_asks() {
    let document = openapi::document();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    let routes = crate::routes::all();
    let expected = routes
        .iter()
        .map(|it| (it.method.to_string(), it.path.to_owned()))
        .collect();
    assert_eq!(documented, expected);
    for route in routes {
        let method = route.method.as_str().to_lowercase();
        let operation = &document["paths"][route.path][method];
        let open = operation["security"] == json!([]);
        let scope = operation["x-scope"].as_str();
        let said = match route.access {
            Access::Open => open && scope.is_none(),
            Access::SignedIn => !open && scope.is_none(),
            Access::Scope(held) => !open && scope == Some(held.name()),
        };
        assert!(
            said,
            "{} {} is documented with another access",
            route.method, route.path
        );
        let parameters = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for parameter in parameters.iter().filter(|it| it["in"] == "path") {
            let name = parameter["name"].as_str().unwrap();
            assert!(
                route.path.contains(&format!("{{{name}}}")),
                "{} has no {name}",
                route.path
            );
        }
        assert!(operation["summary"].is_string() && operation["responses"]["default"].is_object());
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    let document = openapi::document();
    let mut references = 0;
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let pointer = target.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{target}");
            references += 1;
        }
        open.extend(value.as_object().into_iter().flat_map(|it| it.values()));
        open.extend(value.as_array().into_iter().flatten());
    }
    assert!(references > 30);
}
