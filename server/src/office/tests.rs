//! The pages as browsers see them: straight into the router, with the cookies that a browser would keep.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use sync_core::authority::HubEdit;
use sync_core::card::terms::NamePart;
use sync_core::card::{Edit, Source};
use sync_core::ids::{CustomerId, EditId, ShopId, Timestamp};
use tower::ServiceExt as _;

use super::*;
use crate::book::{person, reading};
use crate::http::AppState;
use crate::identity::access::{Principal, Role};
use crate::identity::people::Subject;
use crate::testing::{PASSWORD, TestHub};

mod gap;
mod pages;
mod safety;
mod sample;

/// A hub in memory, seen through a browser.
struct Office {
    hub: TestHub,
    state: AppState,
    router: Router,
}

/// A browser: its cookies, and the token of the last page.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
    token: String,
}

/// What came back.
struct Page {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Page {
    fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }

    #[track_caller]
    fn says(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "{text:?} is not in {}", self.text);
        self
    }
}

impl Office {
    async fn open() -> Self {
        let hub = TestHub::start().await;
        let state = hub.state();
        Self {
            router: crate::http::router(state.clone()),
            state,
            hub,
        }
    }

    async fn send(&self, browser: &mut Browser, request: Request<Body>) -> Page {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        for cookie in parts.headers.get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            browser.cookies.insert(name.to_owned(), value.to_owned());
        }
        if let Some((_, rest)) = text.split_once(r#"name="token" value=""#) {
            browser.token = rest.split('"').next().unwrap().to_owned();
        }
        Page {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    fn request(browser: &Browser, method: &Method, path: &str) -> axum::http::request::Builder {
        let cookies = browser.cookies.iter();
        let cookies: Vec<String> = cookies
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = Request::builder().method(method).uri(path);
        if cookies.is_empty() {
            return request;
        }
        request.header("cookie", cookies.join("; "))
    }

    async fn get(&self, browser: &mut Browser, path: &str) -> Page {
        let request = Self::request(browser, &Method::GET, path);
        let request = request.body(Body::empty()).unwrap();
        self.send(browser, request).await
    }

    /// Sends a form with the token of the last page.
    async fn post(&self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = browser.token.clone();
        let mut fields = fields.to_vec();
        fields.push(("token", &token));
        self.post_as_is(browser, path, &fields).await
    }

    async fn post_as_is(&self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let request = Self::request(browser, &Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body.join("&")))
            .unwrap();
        self.send(browser, request).await
    }

    /// A browser in which somebody has signed in.
    async fn signed_in(&self, login: &str, password: &str) -> Browser {
        let mut browser = Browser::default();
        self.get(&mut browser, sign_in::PATH).await;
        let fields = [("login", login), ("password", password)];
        let page = self.post(&mut browser, sign_in::PATH, &fields).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        self.get(&mut browser, page.location()).await;
        browser
    }

    /// A browser in which the manager of the chain has signed in.
    async fn manager(&self) -> Browser {
        self.signed_in("manager", &self.hub.manager_password).await
    }

    /// The first manager, at work in a shop.
    async fn at_work(&self, shop: ShopId) -> Principal {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let password = crate::secret::Secret::new(self.hub.manager_password.clone());
        let identity = &self.hub.identity;
        let session = identity
            .sign_in_on_pages("manager", password, here)
            .await
            .unwrap();
        let mut principal = identity
            .office_principal(&identity.office_cookie(session))
            .unwrap();
        principal.shop = shop;
        principal
    }

    fn typed(&self, edits: impl IntoIterator<Item = Edit>) -> Vec<HubEdit> {
        let edits = edits.into_iter().map(|edit| HubEdit {
            id: EditId(self.state.entropy.bytes()),
            edit,
            source: Source::Typed,
            as_of: None,
        });
        edits.collect()
    }

    /// A customer of a shop, by the hand of the first manager.
    async fn customer(&self, name: &str, shop: ShopId, more: Vec<Edit>) -> CustomerId {
        let author = reading::author(&self.at_work(shop).await).unwrap();
        let begin = Edit::CreateCustomer {
            name: [(NamePart::Display, name.to_owned())].into(),
            language: Some("fr".to_owned()),
            endpoints: Vec::new(),
            since: None,
        };
        let edits = self.typed(std::iter::once(begin).chain(more));
        let id = CustomerId(self.state.entropy.bytes());
        let recording = self.state.book.record(author, id, edits);
        recording.await.unwrap();
        id
    }

    /// What the first manager writes of a person; the id of the edit.
    async fn write(&self, customer: CustomerId, edit: Edit) -> EditId {
        let principal = self.at_work(self.hub.shop).await;
        let author = reading::author(&principal).unwrap();
        let reached = {
            let tx = self.state.store.read().unwrap();
            reading::reach(&*tx, &principal, customer).unwrap().unwrap()
        };
        let edits = self.typed([edit]);
        let id = edits.first().unwrap().id;
        let writing = self.state.book.write_batch(move |engine| {
            person::record(engine, (&principal, &author), (reached, &edits))
        });
        writing.await.unwrap();
        id
    }

    fn now(&self) -> Timestamp {
        self.state.clock.now()
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
