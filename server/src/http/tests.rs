//! The routes as clients see them: straight into the router, with ready actors.

mod customers;
mod dealings;
mod desk;
mod gap;
mod intake;
mod matrix;
mod people;
mod question;
mod records;
mod shell;
mod stories;

use crate::book::{Book, BookParts};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use sync_core::ids::{AssociateId, CustomerId, ShopId};
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::*;
use crate::identity::access::{Role, Scope, Scopes};
use crate::identity::dpop::Presented;
use crate::identity::integrations::{IntegrationKey, NewIntegration};
use crate::testing::{PASSWORD, TestDevice, TestHub};

/// A router over a hub in memory.
struct TestApp {
    hub: TestHub,
    state: AppState,
    router: Router,
    _stop: watch::Sender<bool>,
}

/// What a client got.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
    text: String,
}

impl Answer {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// Who makes a request.
enum Actor {
    Anonymous,
    /// With a token or key that is bound to nothing.
    Bearer(String),
    /// With a token that is bound to this handheld.
    Handheld(Arc<TestDevice>, String),
}

impl TestApp {
    async fn start() -> Self {
        let hub = TestHub::start().await;
        let (stop, stopping) = watch::channel(false);
        let book = Book::open(BookParts {
            store: hub.store.clone(),
            writer: hub.writer.clone(),
            key: Arc::new(hub.keys.hub_key()),
            clock: hub.clock.clone(),
            entropy: hub.entropy.clone(),
        });
        let state = AppState::new(Hub {
            book: Arc::new(book.unwrap()),
            identity: Arc::clone(&hub.identity),
            writer: hub.writer.clone(),
            store: hub.store.clone(),
            clock: hub.clock.clone(),
            entropy: hub.entropy.clone(),
            keys: Arc::clone(&hub.keys),
            metrics: hub.writer.metrics().clone(),
            stopping,
        });
        Self {
            router: router(state.clone()),
            state,
            hub,
            _stop: stop,
        }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// Sends a request with a JSON body, or none where it is null.
    async fn ask(&self, actor: &Actor, method: &str, path: &str, body: &Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let plain_path = path.split('?').next().unwrap();
        match actor {
            Actor::Anonymous => (),
            Actor::Bearer(token) => {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            Actor::Handheld(device, token) => {
                let proof = device.proof(&self.hub.identity, method, plain_path, Some(token));
                request = request
                    .header("authorization", format!("DPoP {token}"))
                    .header("dpop", proof);
            }
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    async fn manager(&self) -> Actor {
        let signed_in = self.hub.office(&self.hub.manager_password).await.unwrap();
        Actor::Bearer(signed_in.access.token.expose().clone())
    }

    async fn on_handheld(&self, device: Arc<TestDevice>, login: &str) -> Actor {
        let signed_in = self.hub.sign_in(&device, login, PASSWORD).await.unwrap();
        Actor::Handheld(device, signed_in.access.token.expose().clone())
    }

    fn as_device(&self, device: Arc<TestDevice>) -> Actor {
        let path = "/v1/auth/device-token";
        let proof = device.proof(&self.hub.identity, "POST", path, None);
        let presented = Presented {
            proof: &proof,
            method: "POST",
            path,
            token: None,
        };
        let token = self
            .hub
            .identity
            .device_token(device.id, &presented)
            .unwrap();
        Actor::Handheld(device, token.token.expose().clone())
    }

    /// Begins a card in the hub's own shop.
    async fn customer(&self, given: &str) -> CustomerId {
        let body = json!({ "name": { "given": given } });
        let answer = self
            .ask(&self.manager().await, "POST", "/v1/customers", &body)
            .await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.body["id"].as_str().unwrap().parse().unwrap()
    }

    async fn integration(&self, shop: ShopId, by: AssociateId) -> IntegrationKey {
        let new = NewIntegration {
            name: "till".to_owned(),
            scopes: Scopes::of(Scope::FOR_INTEGRATIONS),
            shop,
            chain: false,
            days: 30,
            by,
        };
        self.hub.identity.add_integration(new).await.unwrap()
    }
}
