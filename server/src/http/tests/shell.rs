//! What all requests share: the form of failures, counters, logs, readiness.

use std::io;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::super::authorized::Open;
use super::super::route::Route;
use super::*;
use crate::identity::dpop;

#[tokio::test]
async fn a_failure_is_a_problem_document_with_a_request_id() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let nobody = &Actor::Anonymous;
    let cases = [
        (
            app.ask(nobody, "GET", "/v1/nowhere", &Value::Null).await,
            404,
            "not_found",
        ),
        (
            app.ask(nobody, "POST", "/v1/limits", &Value::Null).await,
            405,
            "method_not_allowed",
        ),
        (
            app.ask(nobody, "GET", "/v1/auth/me", &Value::Null).await,
            401,
            "not_signed_in",
        ),
        (
            app.ask(&manager, "GET", "/v1/shops/xyz", &Value::Null)
                .await,
            404,
            "not_found",
        ),
        (
            app.ask(&manager, "POST", "/v1/shops", &Value::Null).await,
            415,
            "unsupported_media_type",
        ),
        (
            app.ask(&manager, "POST", "/v1/shops", &json!({ "name": 5 }))
                .await,
            422,
            "invalid",
        ),
        (
            app.ask(&manager, "POST", "/v1/shops", &json!("x".repeat(300_000)))
                .await,
            413,
            "body_too_large",
        ),
    ];
    for (answer, status, code) in cases {
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (status, code),
            "{}",
            answer.text
        );
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(
            answer.body["request_id"],
            answer.headers["x-request-id"].to_str().unwrap()
        );
        assert_eq!(
            answer.headers.contains_key("www-authenticate"),
            status == 401
        );
    }
}

#[tokio::test]
async fn an_error_about_a_body_does_not_quote_it() {
    let app = TestApp::start().await;
    let needle = "needle-in-a-body";
    for body in [
        json!({ "login": needle, "password": 5 }),
        json!({ "login": "x", "password": "y", needle: 1 }),
        json!({ "login": [needle] }),
        json!(needle),
    ] {
        let answer = app
            .ask(&Actor::Anonymous, "POST", "/v1/auth/office", &body)
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!answer.text.contains(needle), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_header_that_comes_twice_is_refused() {
    let app = TestApp::start().await;
    let Actor::Bearer(token) = app.manager().await else {
        panic!("the back office has bearer tokens")
    };
    let request = Request::builder()
        .uri("/v1/auth/me")
        .header("authorization", format!("Bearer {token}"))
        .header("authorization", "Bearer other")
        .body(Body::empty())
        .unwrap();
    assert_eq!(app.send(request).await.code(), "invalid");
}

#[tokio::test]
async fn metrics_count_routes_by_their_pattern() {
    let app = TestApp::start().await;
    let manager = app.manager().await;
    let path = format!("/v1/shops/{}", app.hub.shop);
    app.ask(&manager, "GET", &path, &Value::Null).await;
    app.ask(&manager, "GET", "/v1/customers/secret-name", &Value::Null)
        .await;
    app.ask(&manager, "GET", "/v1/nowhere", &Value::Null).await;
    let metrics = app
        .ask(&Actor::Anonymous, "GET", "/metrics", &Value::Null)
        .await;
    let line = |route: &str, status: u16| {
        format!(
            "carnet_http_requests_total{{method=\"get\",route=\"{route}\",status=\"{status}\"}} 1\n"
        )
    };
    assert!(
        metrics.text.contains(&line("/v1/shops/{shop}", 200)),
        "{}",
        metrics.text
    );
    assert!(
        metrics
            .text
            .contains(&line("/v1/customers/{customer}", 404)),
        "{}",
        metrics.text
    );
    assert!(
        metrics.text.contains(&line("none", 404)),
        "{}",
        metrics.text
    );
    assert!(!metrics.text.contains("secret-name") && metrics.text.ends_with("# EOF\n"));
}

/// Panics unless a text keeps to OpenMetrics: families declared once and in one piece, samples named after them, an end.
fn check_form(text: &str) {
    let (mut family, mut kind) = (String::new(), String::new());
    let mut seen = std::collections::BTreeSet::new();
    let body = text.strip_suffix("# EOF\n").expect("the end is marked");
    for line in body.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["#", "TYPE", name, of] => {
                (family, kind) = (name.to_owned(), of.to_owned());
                assert!(seen.insert(family.clone()), "{name} is declared once");
            }
            ["#", "HELP", name, ..] => assert_eq!(name, family),
            _ => {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let name = series.split('{').next().unwrap();
                let suffix = name.strip_prefix(family.as_str()).expect(line);
                let suffixes: &[&str] = match kind.as_str() {
                    "counter" => &["_total"],
                    "gauge" => &[""],
                    "histogram" => &["_bucket", "_count", "_sum"],
                    other => panic!("{other} is no kind of ours"),
                };
                assert!(suffixes.contains(&suffix), "{line}");
                value.parse::<f64>().expect(line);
            }
        }
    }
}

#[tokio::test]
async fn metrics_tell_of_sign_ins_commits_and_times_and_of_nobody() {
    let app = TestApp::start().await;
    let body = json!({ "login": "needle-login", "password": "needle-password" });
    let nobody = &Actor::Anonymous;
    let refused = app.ask(nobody, "POST", "/v1/auth/office", &body).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let device = app.hub.enrol(100).await;
    app.challenged(&device).await;
    let _listens = app.state.book.subscribe();
    let metrics = app.ask(nobody, "GET", "/metrics", &Value::Null).await;
    check_form(&metrics.text);
    let value = |series: &str| -> u64 {
        let line = metrics.text.lines().find_map(|line| {
            let value = line.strip_prefix(series)?.strip_prefix(' ')?;
            value.parse().ok()
        });
        line.unwrap_or_else(|| panic!("{series} is not in {}", metrics.text))
    };
    let code = refused.code();
    let series = format!("carnet_sign_ins_failed_total{{place=\"office\",reason=\"{code}\"}}");
    assert_eq!(value(&series), 1);
    let route = "carnet_http_request_seconds_count{route=\"/v1/auth/office\"}";
    assert_eq!(value(route), 1);
    assert!(value("carnet_commit_seconds_count") > 0);
    assert_eq!(value("carnet_sync_sessions"), 1);
    assert!(!metrics.text.contains("needle"));
}

#[tokio::test]
async fn a_hub_that_can_not_write_lives_but_is_not_ready() {
    let TestApp { hub, router, .. } = TestApp::start().await;
    hub.thread.stop().await;
    for (path, status) in [("/livez", 200), ("/readyz", 503)] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn a_handler_that_panics_costs_its_own_request_alone() {
    async fn broken(_: Open) -> StatusCode {
        panic!("a bug in a handler")
    }
    let app = TestApp::start().await;
    let route = Route::get("/v1/broken", broken);
    let layer = axum::middleware::from_fn_with_state(app.state.clone(), finish::finish);
    let router = Router::new().route(route.path, route.into_handler());
    let router = router.layer(layer).with_state(app.state.clone());
    let request = Request::builder()
        .uri("/v1/broken")
        .body(Body::empty())
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(response.headers().contains_key("x-request-id"));
}

/// Log lines, kept in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TestApp {
    /// The answer to a handheld's proof that has no nonce yet.
    async fn challenged(&self, device: &TestDevice) -> Answer {
        let path = "/v1/auth/device-token";
        let claims = json!({
            "jti": "no-nonce", "htm": "POST", "htu": format!("{}{path}", crate::testing::ORIGIN), "iat": 0,
        });
        let proof = dpop::tests::sign(&device.key, &dpop::tests::header_of(&device.key), &claims);
        let body = json!({ "device": device.id });
        let request = Request::builder()
            .method("POST")
            .uri(path)
            .header("content-type", "application/json")
            .header("dpop", proof)
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }
}

#[tokio::test]
async fn logs_hold_no_secret_and_no_name() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = crate::logging::json_lines("server=trace,info", move || writer.clone());
    // For the whole process, because tests that run beside this one would switch a local one off; their lines are looked through too.
    tracing::subscriber::set_global_default(subscriber.unwrap()).unwrap();
    let app = TestApp::start().await;
    app.hub
        .add("needle-login", Role::Associate, app.hub.shop)
        .await;
    let device = Arc::new(app.hub.enrol(100).await);
    let handheld = app.on_handheld(Arc::clone(&device), "needle-login").await;
    let manager = app.manager().await;
    let nobody = Actor::Anonymous;
    let body = json!({ "login": "needle-login", "password": "needle-password" });
    app.ask(&nobody, "POST", "/v1/auth/office", &body).await;
    app.ask(
        &nobody,
        "POST",
        "/v1/auth/office",
        &json!({ "login": "needle-body" }),
    )
    .await;
    app.ask(
        &handheld,
        "GET",
        "/v1/associates?name=needle-query",
        &Value::Null,
    )
    .await;
    app.ask(&manager, "GET", "/v1/customers/needle-path", &Value::Null)
        .await;
    let body = json!({ "name": "needle-shop", "time_zone": "Europe/Paris" });
    app.ask(&manager, "POST", "/v1/shops", &body).await;
    let (challenged, refused) = (app.challenged(&device).await, {
        let path = "/v1/auth/me";
        app.ask(&nobody, "GET", path, &Value::Null).await
    });
    assert_eq!(challenged.code(), "use_dpop_nonce", "{}", challenged.text);
    let lines = lines
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let text = String::from_utf8(lines).unwrap();
    for (answer, level) in [(challenged, "DEBUG"), (refused, "INFO")] {
        let id = answer.headers["x-request-id"].to_str().unwrap();
        let line = text.lines().find(|line| line.contains(id)).unwrap();
        assert!(
            line.contains(&format!("\"level\":\"{level}\"")),
            "a challenge is half of a refresh, and no failure: {line}"
        );
    }
    assert!(
        text.contains("\"http.route\":\"/v1/shops\""),
        "requests are logged: {text}"
    );
    let mut secrets = vec!["needle", PASSWORD, app.hub.manager_password.as_str()];
    for actor in [&handheld, &manager] {
        match actor {
            Actor::Anonymous => (),
            Actor::Bearer(token) | Actor::Handheld(_, token) => secrets.push(token),
        }
    }
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} was logged");
    }
}
