//! Customers: finding, reading, creating and editing them through the same intents that handhelds use.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::authority::{HubAuthor, HubEdit};
use sync_core::card::edit::EndpointInput;
use sync_core::card::terms::NamePart;
use sync_core::card::view::Conflict;
use sync_core::card::{CardView, Edit, Source};
use sync_core::crypto::sha256;
use sync_core::ids::{CustomerId, EditId, ShopId, Timestamp};
use sync_core::limits;
use sync_core::projection::{Flags, Hint, Row};

use crate::book::moving;
use crate::book::person::{self, Person};
use crate::book::reading::{self, Reached};
use crate::http::AppState;
use crate::http::authorized::{Authorized, ManageBooks, ReadCustomers, WriteCustomers};
use crate::http::body::{Body, Parameters, PathId};
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::{Principal, Scope as Permitted};

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/customers.json");

/// Edits in one request.
const EDITS_MAX: usize = 100;
/// Results of a search that names no number.
const FOUND_DEFAULT: usize = 20;

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/customers", find),
        Route::post("/v1/customers", create),
        Route::get("/v1/customers/{customer}", show),
        Route::get("/v1/customers/{customer}/conflicts", show_conflicts),
        Route::post("/v1/customers/{customer}/edits", edit),
        Route::post("/v1/customers/{customer}/book", move_in_book),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindParameters {
    #[serde(default)]
    q: String,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct FoundAnswer {
    customers: Vec<RowAnswer>,
    more: bool,
}

#[derive(Serialize)]
struct RowAnswer {
    id: CustomerId,
    name: String,
    language: Option<String>,
    phones: Vec<String>,
    allergy: bool,
    do_not_contact: bool,
    conflicts: u16,
    open_promises: u16,
    earliest_due: Option<Timestamp>,
    here: bool,
    hint: Option<HintAnswer>,
}

#[derive(Serialize)]
struct HintAnswer {
    kind: &'static str,
    argument: String,
}

impl RowAnswer {
    /// What a list shows. Hints quote people, so they need the scope for that.
    fn of(row: Row, with_words: bool, now: Timestamp) -> Self {
        Self {
            id: row.customer,
            here: row.is_here(now),
            name: row.name,
            language: row.language,
            phones: row.phones,
            allergy: row.flags.has(Flags::ALLERGY),
            do_not_contact: row.flags.has(Flags::DO_NOT_CONTACT),
            conflicts: row.conflicts,
            open_promises: row.open_promises,
            earliest_due: row.earliest_due,
            hint: row.hint.filter(|_| with_words).map(HintAnswer::of),
        }
    }
}

impl HintAnswer {
    fn of(hint: Hint) -> Self {
        Self {
            kind: hint.kind.name(),
            argument: hint.argument,
        }
    }
}

async fn find(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    Parameters(asked): Parameters<FindParameters>,
) -> Result<Json<FoundAnswer>, ApiError> {
    let limit = asked.limit.unwrap_or(FOUND_DEFAULT);
    let found = read_aside(&state, &caller, move |state, principal| {
        Ok(reading::find(&state.book, principal, &asked.q, limit)?)
    })
    .await?;
    let (words, now) = (caller.scopes.has(Permitted::NotesRead), state.clock.now());
    let customers = found.rows.into_iter();
    Ok(Json(FoundAnswer {
        customers: customers
            .map(|row| RowAnswer::of(row, words, now))
            .collect(),
        more: found.more,
    }))
}

/// Runs what reads storage beside the sockets' threads.
pub(crate) async fn read_aside<T: Send + 'static>(
    state: &AppState,
    principal: &Principal,
    work: impl FnOnce(&AppState, &Principal) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let (state, principal) = (state.clone(), principal.clone());
    tokio::task::spawn_blocking(move || work(&state, &principal))
        .await
        .unwrap_or_else(|_panic| Err(ApiError::internal("reading a customer panicked")))
}

/// Reads a customer over every card that is the same person, notes that in the access log, and only then gives it out.
async fn open(
    caller: &Authorized<ReadCustomers>,
    state: &AppState,
    customer: CustomerId,
) -> Result<Person, ApiError> {
    let reached = caller.customer(state, customer)?;
    let now = state.clock.now();
    let person = read_aside(state, caller, move |state, principal| {
        Ok(person::open(&state.book, principal, reached, now)?)
    })
    .await?;
    state
        .book
        .log_reads(person.access_lines(caller, now))
        .await?;
    Ok(person)
}

/// Notes a read in the access log.
pub(super) async fn log(
    state: &AppState,
    caller: &Principal,
    reached: Reached,
    saw_restricted: bool,
) -> Result<(), ApiError> {
    let lines = reading::access_lines(caller, reached, saw_restricted, state.clock.now());
    Ok(state.book.log_reads(lines).await?)
}

#[derive(Serialize)]
struct CardAnswer {
    id: CustomerId,
    /// The cards that this is read over: more than one where links say that they are one person.
    members: Vec<CustomerId>,
    card: CardView,
}

async fn show(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<CardAnswer>, ApiError> {
    let person = open(&caller, &state, id).await?;
    Ok(Json(CardAnswer {
        id,
        members: person.members,
        card: person.view,
    }))
}

#[derive(Serialize)]
struct ConflictsAnswer {
    id: CustomerId,
    conflicts: Vec<Conflict>,
}

async fn show_conflicts(
    caller: Authorized<ReadCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
) -> Result<Json<ConflictsAnswer>, ApiError> {
    let conflicts = open(&caller, &state, id).await?.view.conflicts;
    Ok(Json(ConflictsAnswer { id, conflicts }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCustomerBody {
    /// Made by the client, so that the same request again makes nobody twice.
    edit_id: Option<EditId>,
    name: BTreeMap<NamePart, String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    endpoints: Vec<EndpointInput>,
    #[serde(default)]
    since: Option<Timestamp>,
}

#[derive(Serialize)]
struct CreatedAnswer {
    id: CustomerId,
    edit_id: EditId,
}

async fn create(
    caller: Authorized<WriteCustomers>,
    State(state): State<AppState>,
    Body(body): Body<NewCustomerBody>,
) -> Result<(StatusCode, Json<CreatedAnswer>), ApiError> {
    let author = author(&caller)?;
    let (id, edit_id) = match body.edit_id {
        Some(edit) => (customer_of(&author, edit), edit),
        None => (
            CustomerId(state.entropy.bytes()),
            EditId(state.entropy.bytes()),
        ),
    };
    let edit = Edit::CreateCustomer {
        name: body.name,
        language: body.language,
        endpoints: body.endpoints,
        since: body.since,
    };
    let first = HubEdit {
        id: edit_id,
        edit,
        source: Source::Typed,
        as_of: None,
    };
    let is_new = state.book.record(author, id, vec![first]).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(CreatedAnswer { id, edit_id })))
}

/// The customer that an author's edit of this id begins: the same every time, and nobody else's.
fn customer_of(author: &HubAuthor, edit: EditId) -> CustomerId {
    let digest = sha256(
        "customer.of-edit.v1",
        &[author.associate.as_bytes(), edit.as_bytes()],
    );
    let first = digest.0.first_chunk().expect("a digest has 32 bytes");
    CustomerId(*first)
}

fn author(caller: &Principal) -> Result<HubAuthor, ApiError> {
    reading::author(caller).ok_or_else(|| ApiError::forbidden("sign in to write"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditsBody {
    edits: Vec<EditBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditBody {
    /// Made by the client, so that the same edit again changes nothing.
    id: Option<EditId>,
    edit: Edit,
    /// On what ground; typed, unless said.
    source: Option<Source>,
    /// When it was true, where that is earlier.
    as_of: Option<Timestamp>,
}

#[derive(Serialize)]
struct EditedAnswer {
    edits: Vec<EditId>,
    changed: bool,
}

async fn edit(
    caller: Authorized<WriteCustomers>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
    Body(body): Body<EditsBody>,
) -> Result<Json<EditedAnswer>, ApiError> {
    let reached = caller.customer(&state, id)?;
    let author = author(&caller)?;
    if !(1..=EDITS_MAX).contains(&body.edits.len()) {
        return Err(ApiError::invalid(format!(
            "edits: expected 1 to {EDITS_MAX} of them"
        )));
    }
    let edits: Vec<HubEdit> = body
        .edits
        .into_iter()
        .map(|one| one.named(&state))
        .collect::<Result<_, _>>()?;
    let ids = edits.iter().map(|edit| edit.id).collect();
    let principal = Principal::clone(&caller);
    let written = state.book.write_batch(move |engine| {
        person::record(engine, (&principal, &author), (reached, &edits))
    });
    Ok(Json(EditedAnswer {
        edits: ids,
        changed: written.await?,
    }))
}

impl EditBody {
    fn named(self, state: &AppState) -> Result<HubEdit, ApiError> {
        let source = self.source.unwrap_or(Source::Typed);
        if source == Source::Imported {
            return Err(ApiError::invalid(
                "source: what is imported goes to /v1/imports",
            ));
        }
        if matches!(self.edit, Edit::CreateCustomer { .. }) {
            return Err(ApiError::invalid(
                "edits: a card is begun with POST /v1/customers",
            ));
        }
        Ok(HubEdit {
            id: self.id.unwrap_or_else(|| EditId(state.entropy.bytes())),
            edit: self.edit,
            source,
            as_of: self.as_of,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveBody {
    shop: ShopId,
    action: MoveAction,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum MoveAction {
    Enter,
    Leave,
}

async fn move_in_book(
    caller: Authorized<ManageBooks>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
    Body(body): Body<MoveBody>,
) -> Result<StatusCode, ApiError> {
    let reached = caller.customer(&state, id)?;
    if !state.identity.directory().shops.contains_key(&body.shop) {
        return Err(ApiError::not_found("shop"));
    }
    match body.action {
        MoveAction::Enter => moving::enter(&state.book, &caller, reached, body.shop).await?,
        MoveAction::Leave => {
            // A shop's own manager decides who leaves its book.
            caller.reach(body.shop, "shop")?;
            moving::leave(&state.book, reached, body.shop).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

const _: () = assert!(FOUND_DEFAULT <= limits::SEARCH_RESULTS_MAX);
