//! Enrolling a handheld: a one-time code to scan or to type, after the manager's password once more.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;
use sync_core::enrolment::EnrolmentLink;
use sync_core::ids::ShopId;

use super::layout::{Section, sentence};
use super::session::{Form, Visitor};
use super::sign_in::is_refusal;
use super::times;
use super::words::{self, title};
use crate::http::AppState;
use crate::http::authorized::EnrolDevices;
use crate::http::body::PeerAddress;
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::IdentityError;
use crate::identity::enrolment::EnrolmentCode;
use crate::secret::Secret;

/// Where the code is asked for.
pub(super) const PATH: &str = "/office/enrol";
/// Blank modules around a QR code, as its standard asks.
const QUIET_ZONE: usize = 4;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get(PATH, show), Route::post(PATH, make)]
}

async fn show(visitor: Visitor<EnrolDevices>, State(state): State<AppState>) -> Response {
    form(&visitor, &state, None)
}

fn form(visitor: &Visitor<EnrolDevices>, state: &AppState, wrong: Option<&str>) -> Response {
    let shops: Vec<(ShopId, String)> = {
        let directory = state.identity.directory();
        let reached = directory.shops.iter();
        let reached = reached.filter(|(id, _)| visitor.reaches(**id));
        reached.map(|(id, row)| (*id, row.name.clone())).collect()
    };
    let body = html! {
        p { (words::ENROL_LEAD) }
        @if let Some(wrong) = wrong {
            p.alert role="alert" { (wrong) }
        }
        form.panel method="post" action=(PATH) {
            (visitor.hidden_token())
            label for="shop" { (words::SHOP) }
            select #shop name="shop" {
                @for (id, name) in &shops {
                    option value=(id) selected[*id == visitor.shop] { (name) }
                }
            }
            label for="password" { (words::ENROL_CONFIRM) }
            input #password name="password" type="password" autocomplete="current-password" required;
            button type="submit" { (words::MAKE_CODE) }
        }
    };
    visitor.page(Section::Handhelds, title::ENROL, &body)
}

#[derive(Deserialize)]
struct EnrolForm {
    shop: String,
    password: Secret<String>,
}

async fn make(
    visitor: Visitor<EnrolDevices>,
    PeerAddress(from): PeerAddress,
    State(state): State<AppState>,
    Form(typed): Form<EnrolForm>,
) -> Result<Response, ApiError> {
    let shop: ShopId = typed
        .shop
        .parse()
        .map_err(|_not_an_id| ApiError::not_found("shop"))?;
    visitor.reach(shop, "shop")?;
    let by = visitor.associate();
    let confirming = state.identity.confirm_password(by, typed.password, from);
    if let Err(error) = confirming.await {
        let wrong = matches!(error, IdentityError::SignInFailed);
        let error = ApiError::from(error);
        if !is_refusal(&error) {
            return Err(error);
        }
        let text = if wrong {
            words::ENROL_WRONG.to_owned()
        } else {
            sentence(&error.detail)
        };
        let mut response = form(&visitor, &state, Some(&text));
        *response.status_mut() = error.status;
        return Ok(response);
    }
    let code = state.identity.make_enrolment_code(shop, by).await?;
    let body = code_page(&state, &code)?;
    Ok(visitor.page(Section::Handhelds, title::CODE, &body))
}

fn code_page(state: &AppState, code: &EnrolmentCode) -> Result<Markup, ApiError> {
    let now = state.clock.now();
    let hub = state.identity.url();
    let link = EnrolmentLink {
        hub: hub.to_owned(),
        code: code.scanned.clone(),
    };
    let picture = picture(&link.to_string())?;
    Ok(html! {
        div.code {
            figure {
                (picture)
                figcaption { (words::SCAN) ", " (words::OR_TYPE) }
            }
            dl.facts {
                div { dt { (words::CODE) } dd { code.large { (grouped(&code.typed)) } } }
                div { dt { (words::HUB) } dd { code { (hub) } } }
                div { dt { (words::WORKS_UNTIL) } dd { (times::moment(code.expires_at, now)) } }
            }
        }
        p.small { (words::CODE_ONCE) }
        p.actions {
            a.button href=(Section::Handhelds.path()) { (words::DONE) }
            a.button.quiet href=(PATH) { (words::ANOTHER) }
        }
    })
}

/// A code in groups that can be read aloud; a handheld takes it with and without spaces.
fn grouped(code: &str) -> String {
    let symbols: Vec<char> = code.chars().collect();
    let groups: Vec<String> = symbols
        .chunks(5)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}

/// A QR code as one path of squares.
fn picture(text: &str) -> Result<Markup, ApiError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|error| ApiError::internal(format!("the hub's address fits no code: {error}")))?;
    let width = code.width();
    let side = width + 2 * QUIET_ZONE;
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (at % width + QUIET_ZONE, at / width + QUIET_ZONE);
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    Ok(html! {
        svg.qr role="img" aria-label=(words::QR_TITLE) viewBox=(format!("0 0 {side} {side}")) shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    })
}
