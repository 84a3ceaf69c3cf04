//! The handhelds of the shops in reach: who is on them, when they were heard, what waits on them; and taking one out of use.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use sync_core::ids::{DeviceId, Timestamp};

use super::layout::{Section, cell};
use super::session::{Form, Visitor};
use super::times;
use super::words::{self, title};
use crate::http::AppState;
use crate::http::authorized::{ReadDevices, RevokeDevices};
use crate::http::body::PathId;
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::Principal;
use crate::identity::contact::Contact;
use crate::identity::people::Subject;
use crate::identity::rows::DeviceRow;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(Section::Handhelds.path(), list),
        Route::get("/office/handhelds/{device}/revoke", ask),
        Route::post("/office/handhelds/{device}/revoke", revoke),
    ]
}

/// A handheld as a manager asks about it.
#[derive(Debug)]
pub(super) struct Handheld {
    id: DeviceId,
    label: String,
    shop: String,
    signed_in: Vec<String>,
    contact: Option<Contact>,
    enrolled_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl Handheld {
    fn of(state: &AppState, id: DeviceId, row: &DeviceRow) -> Self {
        let now = state.clock.now();
        let contact = state.identity.contact(id);
        let directory = state.identity.directory();
        let shop = directory.shops.get(&row.shop);
        let sessions = directory.sessions.values();
        let here = sessions.filter(|it| it.device == Some(id) && it.expires_at > now);
        let names = here.filter_map(|it| directory.associates.get(&it.associate));
        let mut signed_in: Vec<String> = names.map(|row| row.name.clone()).collect();
        signed_in.sort();
        Self {
            id,
            label: row.label.clone(),
            shop: shop.map_or_else(String::new, |shop| shop.name.clone()),
            signed_in,
            contact,
            enrolled_at: row.enrolled_at,
            revoked_at: row.revoked_at,
        }
    }

    /// Every handheld in reach: those in use first, by name.
    fn all(state: &AppState, reader: &Principal) -> Vec<Self> {
        let rows: Vec<_> = {
            let directory = state.identity.directory();
            let reached = directory.devices.iter();
            let reached = reached.filter(|(_, row)| reader.reaches(row.shop));
            reached.map(|(id, row)| (*id, row.clone())).collect()
        };
        let mut found: Vec<Self> = rows
            .iter()
            .map(|(id, row)| Self::of(state, *id, row))
            .collect();
        found.sort_by(|one, other| one.order().cmp(&other.order()));
        found
    }

    fn order(&self) -> (Option<Timestamp>, &str, &str, DeviceId) {
        (self.revoked_at, &self.shop, &self.label, self.id)
    }

    /// Those that are in use.
    pub(super) fn in_use(state: &AppState, reader: &Principal) -> Vec<Self> {
        let mut found = Self::all(state, reader);
        found.retain(|one| one.revoked_at.is_none());
        found
    }

    /// Edits that wait on it, as far as the hub was told.
    pub(super) fn pending(&self) -> u32 {
        self.contact.and_then(|it| it.pending).unwrap_or(0)
    }

    /// Whether it was not heard for so long; one that never was counts from its enrolment.
    pub(super) fn is_silent(&self, now: Timestamp, ms: i64) -> bool {
        let heard_at = self.contact.map_or(self.enrolled_at, |it| it.heard_at);
        now > heard_at.plus_ms(ms)
    }
}

async fn list(visitor: Visitor<ReadDevices>, State(state): State<AppState>) -> Response {
    let now = state.clock.now();
    let handhelds = Handheld::all(&state, &visitor);
    let body = html! {
        p.actions { a.button href=(super::enrol::PATH) { (words::ENROL) } }
        @if handhelds.is_empty() {
            p.calm { (words::NO_HANDHELDS) }
        } @else {
            table.cards {
                thead { tr {
                    th scope="col" { (words::HANDHELD) }
                    th scope="col" { (words::SHOP) }
                    th scope="col" { (words::SIGNED_IN) }
                    th scope="col" { (words::PENDING) }
                    th scope="col" { (words::LAST_CONTACT) }
                    th scope="col" { (words::ACTION) }
                } }
                tbody { @for one in &handhelds { (line(one, now)) } }
            }
            p.small { (words::HANDHELDS_LEAD) }
        }
    };
    visitor.page(Section::Handhelds, title::HANDHELDS, &body)
}

fn line(one: &Handheld, now: Timestamp) -> Markup {
    let is_revoked = one.revoked_at.is_some();
    html! {
        tr.past[is_revoked] {
            (cell(words::HANDHELD, &html! { strong { (one.label) } }))
            (cell(words::SHOP, &html! { (one.shop) }))
            (cell(words::SIGNED_IN, &signed_in(one)))
            (cell(words::PENDING, &html! {
                @match one.contact.and_then(|it| it.pending) {
                    Some(0) => "0",
                    Some(count) => { span.mark { (count) } }
                    None => { span.quiet { (words::UNKNOWN) } }
                }
            }))
            (cell(words::LAST_CONTACT, &html! {
                @match one.contact {
                    Some(contact) => (times::moment(contact.heard_at, now)),
                    None => { span.quiet { (words::NEVER) } }
                }
            }))
            (cell(words::ACTION, &html! {
                @match one.revoked_at {
                    Some(at) => { (words::REVOKED) " " (times::moment(at, now)) }
                    None => a.button.quiet href=(revoke_path(one.id)) aria-label=(format!("{}: {}", words::REVOKE, one.label)) { (words::REVOKE) }
                }
            }))
        }
    }
}

fn signed_in(one: &Handheld) -> Markup {
    html! {
        @if one.signed_in.is_empty() {
            span.quiet { (words::NOBODY) }
        } @else {
            (one.signed_in.join(", "))
        }
    }
}

fn revoke_path(id: DeviceId) -> String {
    format!("{}/{id}/revoke", Section::Handhelds.path())
}

fn find<P>(visitor: &Visitor<P>, state: &AppState, id: DeviceId) -> Result<Handheld, ApiError> {
    let row = state.identity.directory().devices.get(&id).cloned();
    let row = row.ok_or_else(|| ApiError::not_found("handheld"))?;
    visitor.reach(row.shop, "handheld")?;
    Ok(Handheld::of(state, id, &row))
}

async fn ask(
    visitor: Visitor<RevokeDevices>,
    State(state): State<AppState>,
    PathId(id): PathId<DeviceId>,
) -> Result<Response, ApiError> {
    let one = find(&visitor, &state, id)?;
    let now = state.clock.now();
    let body = html! {
        dl.facts {
            div { dt { (words::HANDHELD) } dd { strong { (one.label) } } }
            div { dt { (words::SHOP) } dd { (one.shop) } }
            div { dt { (words::SIGNED_IN) } dd { (signed_in(&one)) } }
            div { dt { (words::LAST_CONTACT) } dd {
                @match one.contact {
                    Some(contact) => (times::moment(contact.heard_at, now)),
                    None => (words::NEVER),
                }
            } }
        }
        @if one.pending() > 0 {
            p.alert role="alert" { (words::revoke_loses(one.pending())) }
        }
        p { (words::REVOKE_LEAD) }
        form.actions method="post" action=(revoke_path(id)) {
            (visitor.hidden_token())
            button.grave type="submit" { (words::REVOKE_SURE) }
            a.button.quiet href=(Section::Handhelds.path()) { (words::KEEP) }
        }
    };
    Ok(visitor.page(Section::Handhelds, title::REVOKE, &body))
}

#[derive(Deserialize)]
struct Sure {}

async fn revoke(
    visitor: Visitor<RevokeDevices>,
    State(state): State<AppState>,
    PathId(id): PathId<DeviceId>,
    Form(Sure {}): Form<Sure>,
) -> Result<Response, ApiError> {
    find(&visitor, &state, id)?;
    state.identity.deactivate(Subject::Device(id)).await?;
    Ok(Redirect::to(Section::Handhelds.path()).into_response())
}
