//! Who gets in, what a stolen or foreign request can do, and what hostile text becomes.

use super::*;
use crate::http::authorized::Access;

/// Every page with things of the first shop in its path, and what a manager of another shop gets.
fn table(device: &str, customer: &str) -> Vec<(Method, &'static str, String, u16)> {
    let row = |method, pattern: &'static str, other| {
        let path = pattern
            .replace("{device}", device)
            .replace("{customer}", customer);
        (method, pattern, path, other)
    };
    vec![
        row(Method::GET, "/office", 200),
        row(Method::GET, "/office/handhelds", 200),
        row(Method::GET, "/office/handhelds/{device}/revoke", 404),
        row(Method::POST, "/office/handhelds/{device}/revoke", 404),
        row(Method::GET, "/office/enrol", 200),
        row(Method::POST, "/office/enrol", 422),
        row(Method::GET, "/office/promises", 200),
        row(Method::GET, "/office/gap", 200),
        row(Method::GET, "/office/customers", 200),
        row(Method::POST, "/office/customers", 200),
        row(Method::GET, "/office/customers/{customer}", 404),
        row(Method::POST, "/office/sign-out", 303),
    ]
}

/// Pages that anybody may open.
const OPEN: [(&str, &str); 4] = [
    ("GET", "/"),
    ("GET", "/office/style.css"),
    ("GET", "/office/sign-in"),
    ("POST", "/office/sign-in"),
];

#[tokio::test]
async fn every_page_answers_who_may_open_it_and_sends_others_to_the_sign_in() {
    let office = Office::open().await;
    let identity = &office.hub.identity;
    let elsewhere = identity.add_shop("Second", "Asia/Tokyo").await.unwrap();
    office.hub.add("otto", Role::Manager, elsewhere).await;
    let device = office.hub.enrol(1).await.id.to_string();
    let customer = office.customer("Ines", office.hub.shop, Vec::new()).await;
    for (method, pattern, path, other) in table(&device, &customer.to_string()) {
        let mut nobody = Browser::default();
        let mut otto = office.signed_in("otto", PASSWORD).await;
        let (refused, answered) = if method == Method::GET {
            (
                office.get(&mut nobody, &path).await,
                office.get(&mut otto, &path).await,
            )
        } else {
            (
                office.post(&mut nobody, &path, &[]).await,
                office.post(&mut otto, &path, &[]).await,
            )
        };
        assert_eq!(refused.status, StatusCode::SEE_OTHER, "{method} {pattern}");
        assert_eq!(refused.location(), sign_in::PATH);
        assert_eq!(answered.status.as_u16(), other, "{method} {pattern}");
    }
    let mut manager = office.manager().await;
    for (method, pattern, path, _) in table(&device, &customer.to_string()) {
        if method == Method::GET {
            let page = office.get(&mut manager, &path).await;
            assert_eq!(page.status, StatusCode::OK, "{pattern}: {}", page.text);
        }
    }
}

#[test]
fn every_route_of_the_pages_has_a_row_and_asks_for_a_manager() {
    let rows: Vec<(String, &str)> = table("", "")
        .into_iter()
        .map(|(method, pattern, _, _)| (method.to_string(), pattern))
        .chain(OPEN.map(|(method, path)| (method.to_owned(), path)))
        .collect();
    for route in routes() {
        let row = (route.method.to_string(), route.path);
        assert!(rows.contains(&row), "{row:?} has no row");
        let is_open = OPEN.contains(&(route.method.as_str(), route.path));
        assert_eq!(is_open, route.access == Access::Open, "{row:?}");
        assert!(is_page(route.path) || route.path == "/");
    }
    assert_eq!(rows.len(), routes().len());
}

#[tokio::test]
async fn associates_and_wrong_passwords_stay_outside_and_tries_are_counted() {
    let office = Office::open().await;
    office
        .hub
        .add("ana", Role::Associate, office.hub.shop)
        .await;
    let mut browser = Browser::default();
    let try_as = async |browser: &mut Browser, login: &str, password: &str| {
        office.get(browser, sign_in::PATH).await;
        let fields = [("login", login), ("password", password)];
        office.post(browser, sign_in::PATH, &fields).await
    };
    let page = try_as(&mut browser, "ana", PASSWORD).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    page.says("Associates sign in on a handheld");
    for _ in 0..5 {
        let page = try_as(&mut browser, "manager", "wrong-password").await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED);
        page.says("The name or the password is wrong");
    }
    let password = office.hub.manager_password.clone();
    let page = try_as(&mut browser, "manager", &password).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!page.text.contains(&password));
    let metrics = office.get(&mut browser, "/metrics").await;
    assert!(metrics.text.contains(r#"place="office""#));
}

#[tokio::test]
async fn a_form_without_the_pages_own_token_changes_nothing() {
    let office = Office::open().await;
    let handheld = office.hub.enrol(1).await;
    office.hub.add("nina", Role::Manager, office.hub.shop).await;
    let nina = office.signed_in("nina", PASSWORD).await;
    let mut browser = office.manager().await;
    let path = format!("/office/handhelds/{}/revoke", handheld.id);
    let token = browser.token.clone();
    for fields in [
        vec![],
        vec![("token", "")],
        vec![("token", "x")],
        vec![("token", nina.token.as_str())],
        vec![("token", token.as_str()), ("token", token.as_str())],
    ] {
        let page = office.post_as_is(&mut browser, &path, &fields).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{fields:?}");
        page.says("open the page again");
    }
    let request = Office::request(&browser, &Method::POST, &path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site")
        .body(Body::from(format!("token={token}")))
        .unwrap();
    let page = office.send(&mut browser, request).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "another site says so");
    assert!(office.hub.identity.active_device(handheld.id).is_some());
    let mut stranger = Browser::default();
    let fields = [("login", "nina"), ("password", PASSWORD)];
    let page = office.post(&mut stranger, sign_in::PATH, &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "a sign-in has one too");
}

#[tokio::test]
async fn a_stolen_cookie_dies_with_its_owners_sign_in() {
    let office = Office::open().await;
    let nina = office.hub.add("nina", Role::Manager, office.hub.shop).await;
    let mut browser = office.signed_in("nina", PASSWORD).await;
    let mut thief = Browser {
        cookies: browser.cookies.clone(),
        token: browser.token.clone(),
    };
    assert_eq!(
        office.get(&mut thief, "/office").await.status,
        StatusCode::OK
    );
    let page = office.post(&mut browser, "/office/sign-out", &[]).await;
    assert_eq!(page.location(), sign_in::PATH);
    let page = office.get(&mut thief, "/office").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "signed out");
    let mut browser = office.signed_in("nina", PASSWORD).await;
    let gone = Subject::Associate(nina);
    office.hub.identity.deactivate(gone).await.unwrap();
    let page = office.get(&mut browser, "/office/customers").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "deactivated");
}

#[tokio::test]
async fn the_cookie_is_for_this_site_its_tls_pages_and_no_script() {
    let office = Office::open().await;
    let mut browser = office.manager().await;
    let page = office.get(&mut browser, "/office").await;
    let cookie = page.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Secure-carnet-office="), "{cookie}");
    for wanted in [
        "; Path=/office",
        "; HttpOnly",
        "; SameSite=Strict",
        "; Secure",
    ] {
        assert!(cookie.contains(wanted), "{cookie}");
    }
    office
        .hub
        .clock
        .advance_ms(crate::identity::office::OFFICE_IDLE_MS);
    let page = office.get(&mut browser, "/office").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "an idle tablet");
}

#[tokio::test]
async fn every_answer_forbids_scripts_frames_and_copies() {
    let office = Office::open().await;
    let mut browser = office.manager().await;
    for path in [
        "/office",
        "/office/sign-in",
        "/office/nowhere",
        "/office/style.css",
        "/office/customers/not-an-id",
    ] {
        let page = office.get(&mut browser, path).await;
        let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("script"));
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert!(!page.text.contains("<script") && !page.text.contains(" style="));
    }
    let page = office.get(&mut browser, "/office/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    page.says("There is no such path.").says(words::BACK);
    let outside = office.get(&mut browser, "/officers").await;
    assert_eq!(outside.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn hostile_text_stays_text() {
    let office = Office::open().await;
    let hostile = r#""><script>alert(1)</script><img src=x onerror='x'>&amp;"#;
    let promise = Edit::MakePromise {
        what: hostile.to_owned(),
        due: Some(office.now().plus_ms(-1)),
        assignee: None,
    };
    let id = office
        .customer(hostile, office.hub.shop, vec![promise])
        .await;
    let mut browser = office.manager().await;
    let one = format!("/office/customers/{id}");
    for path in ["/office", "/office/promises", one.as_str()] {
        let page = office.get(&mut browser, path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text.contains("<script>") && !page.text.contains("<img"));
    }
    let fields = [("q", hostile)];
    let page = office
        .post(&mut browser, "/office/customers", &fields)
        .await;
    assert!(!page.text.contains("<script>"));
    page.says("&quot;&gt;&lt;script&gt;");
    let fields = [("q", "script")];
    let page = office
        .post(&mut browser, "/office/customers", &fields)
        .await;
    assert!(!page.text.contains("<script>"));
    page.says(&one);
}

#[tokio::test]
async fn a_form_that_cannot_be_read_quotes_nothing() {
    let office = Office::open().await;
    let mut browser = office.manager().await;
    let fields = [("shop", "needle-in-a-form")];
    let page = office.post(&mut browser, enrol::PATH, &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!page.text.contains("needle"));
    let long = "x".repeat(5_000);
    let page = office
        .post(&mut browser, "/office/customers", &[("q", long.as_str())])
        .await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
}
