//! Records of customers, and what other systems bring in: a till's sales, another system's customers.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::ids::{CustomerId, ShopId, Timestamp};
use sync_core::records::{self, Currency, Record, RecordKind, SoldAt, Totals};

use super::customers::{log, read_aside};
use crate::book::reading;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ImportCustomers, ReadRecords, WriteRecords};
use crate::http::body::{Body, Parameters, PathId};
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::identity::access::Principal;
use crate::import::hub::{EngineSink, ImportAuthor, source_author};
use crate::import::{
    CustomerRow, ImportError, ImportObserver, ImportOptions, Problem, Progress, Report, Rows,
    SaleRow, SinkError, import_rows,
};

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/records.json");

/// Records in one answer.
const PAGE_RECORDS_MAX: usize = 200;
/// Rows in one request.
pub(super) const ROWS_MAX: usize = 1_000;
/// Bytes of a source's name.
const SOURCE_BYTES_MAX: usize = 64;

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/customers/{customer}/records", list),
        Route::post("/v1/records", bring_sales),
        Route::post("/v1/imports/customers", bring_customers),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListParameters {
    #[serde(default)]
    skip: usize,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct RecordsAnswer {
    records: Vec<RecordAnswer>,
    more: bool,
    totals: TotalsAnswer,
}

#[derive(Serialize)]
struct RecordAnswer {
    kind: &'static str,
    source: String,
    source_id: String,
    version: u64,
    as_of: Timestamp,
    shop: Option<ShopId>,
    at: Timestamp,
    /// Whether `at` is a moment; otherwise only its day is known.
    is_moment: bool,
    amount_minor: i64,
    currency: Currency,
    lines: Vec<LineAnswer>,
}

#[derive(Serialize)]
struct LineAnswer {
    sku: Option<String>,
    label: Option<String>,
    quantity: u32,
    amount_minor: i64,
}

#[derive(Serialize)]
struct TotalsAnswer {
    purchases: u64,
    amount_minor: std::collections::BTreeMap<Currency, i64>,
    returns: u64,
    returned_minor: std::collections::BTreeMap<Currency, i64>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl RecordAnswer {
    fn of(record: Record) -> Self {
        let sale = record.sale;
        let line = |line: records::SaleLine| LineAnswer {
            sku: line.sku,
            label: line.label,
            quantity: line.quantity,
            amount_minor: line.amount_minor,
        };
        Self {
            kind: match record.kind {
                RecordKind::Purchase => "sale",
                RecordKind::Return => "return",
            },
            source: record.source,
            source_id: record.source_id,
            version: record.version,
            as_of: record.as_of,
            shop: sale.shop,
            at: sale.at.moment(),
            is_moment: matches!(sale.at, SoldAt::Moment(_)),
            amount_minor: sale.amount_minor,
            currency: sale.currency,
            lines: sale.lines.into_iter().map(line).collect(),
        }
    }
}

impl TotalsAnswer {
    fn of(totals: Totals) -> Self {
        Self {
            purchases: totals.count,
            amount_minor: totals.amount_minor,
            returns: totals.returns,
            returned_minor: totals.returned_minor,
            first: totals.first.map(SoldAt::moment),
            last: totals.last.map(SoldAt::moment),
        }
    }
}

async fn list(
    caller: Authorized<ReadRecords>,
    State(state): State<AppState>,
    PathId(id): PathId<CustomerId>,
    Parameters(asked): Parameters<ListParameters>,
) -> Result<Json<RecordsAnswer>, ApiError> {
    let reached = caller.customer(&state, id)?;
    let limit = asked
        .limit
        .unwrap_or(PAGE_RECORDS_MAX)
        .clamp(1, PAGE_RECORDS_MAX);
    let answer = read_aside(&state, &caller, move |state, _| {
        let mut all = Vec::new();
        let mut totals = Totals::default();
        records::for_each(&*state.store.read()?, reached.customer(), &mut |record| {
            totals.add(&record);
            all.push(record);
        })?;
        all.sort_by_key(|record| std::cmp::Reverse(record.sale.at.moment()));
        let more = all.len() > asked.skip.saturating_add(limit);
        let page = all.into_iter().skip(asked.skip).take(limit);
        Ok(RecordsAnswer {
            records: page.map(RecordAnswer::of).collect(),
            more,
            totals: TotalsAnswer::of(totals),
        })
    });
    let answer = answer.await?;
    log(&state, &caller, reached, false).await?;
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SalesBody {
    source: Option<String>,
    shop: Option<ShopId>,
    currency: Option<String>,
    rows: Vec<SaleRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomersBody {
    source: Option<String>,
    shop: Option<ShopId>,
    phone_country: Option<String>,
    rows: Vec<CustomerRow>,
}

#[derive(Serialize)]
struct ImportedAnswer {
    report: Report,
    rows: Vec<RowOutcome>,
}

/// What became of one row, in the order they came.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RowOutcome {
    taken: bool,
    /// What was refused of it, or left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<ProblemAnswer>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct ProblemAnswer {
    code: &'static str,
    column: Option<&'static str>,
    detail: String,
}

/// Notes what became of each row. Rows are numbered from 1.
pub(super) struct Outcomes(pub(super) Vec<RowOutcome>);

impl Outcomes {
    /// Every row taken, until a problem says otherwise.
    pub(super) fn untouched(rows: usize) -> Self {
        let untouched = RowOutcome {
            taken: true,
            problems: Vec::new(),
        };
        Self(vec![untouched; rows])
    }
}

impl ImportObserver for Outcomes {
    fn progress(&mut self, _: Progress) {}

    fn problem(&mut self, problem: &Problem, _: &str) {
        let at = usize::try_from(problem.line.saturating_sub(1));
        let Some(row) = at.ok().and_then(|at| self.0.get_mut(at)) else {
            return;
        };
        row.taken &= problem.is_kept;
        row.problems.push(ProblemAnswer {
            code: problem.error.reason.code(),
            column: problem.error.column,
            detail: problem.error.to_string(),
        });
    }
}

async fn bring_sales(
    caller: Authorized<WriteRecords>,
    State(state): State<AppState>,
    Body(mut body): Body<SalesBody>,
) -> Result<Json<ImportedAnswer>, ApiError> {
    for row in &mut body.rows {
        let is_elsewhere = row.shop.as_ref().is_some_and(|shop| {
            let known = shop.parse().ok().filter(|shop| is_known(&state, *shop));
            !known.is_some_and(|shop| caller.reaches(shop))
        });
        if is_elsewhere {
            // A shop out of reach reads like none, here as everywhere; the row's check says so.
            row.shop = Some("-".to_owned());
        }
    }
    let options = ImportOptions {
        source: source(&state, &caller, body.source)?,
        shop: Some(shop(&state, &caller, body.shop)?),
        currency: body.currency.as_deref().map(currency).transpose()?,
        phone_country: None,
        // The rows were checked against what the caller reaches.
        shops: BTreeSet::new(),
        now: state.book.run_time(),
    };
    bring(&state, &caller, Rows::Sales(body.rows), options).await
}

async fn bring_customers(
    caller: Authorized<ImportCustomers>,
    State(state): State<AppState>,
    Body(body): Body<CustomersBody>,
) -> Result<Json<ImportedAnswer>, ApiError> {
    let options = ImportOptions {
        source: source(&state, &caller, body.source)?,
        shop: Some(shop(&state, &caller, body.shop)?),
        currency: None,
        phone_country: body.phone_country,
        shops: BTreeSet::new(),
        now: state.book.run_time(),
    };
    bring(&state, &caller, Rows::Customers(body.rows), options).await
}

/// Writes all rows in one transaction.
async fn bring(
    state: &AppState,
    caller: &Principal,
    rows: Rows,
    options: ImportOptions,
) -> Result<Json<ImportedAnswer>, ApiError> {
    let count = match &rows {
        Rows::Sales(rows) => rows.len(),
        Rows::Customers(rows) => rows.len(),
    };
    if !(1..=ROWS_MAX).contains(&count) {
        return Err(ApiError::invalid(format!(
            "rows: expected 1 to {ROWS_MAX} of them"
        )));
    }
    let associate = reading::author(caller).map(|author| author.associate);
    let author = ImportAuthor {
        associate: associate.unwrap_or_else(|| source_author(&options.source)),
        shop: options.shop.unwrap_or(caller.shop),
        secret: state.keys.import_secret(),
        run: options.now,
    };
    let mut outcomes = Outcomes::untouched(count);
    let written = state.book.write_batch(move |engine| {
        let mut sink = EngineSink::new(engine, &author);
        let report = import_rows(rows, &options, &mut sink, &mut outcomes);
        let report = report.map_err(|error| match error {
            ImportError::Sink(error) => error,
            other @ (ImportError::Empty
            | ImportError::Encoding { .. }
            | ImportError::Header { .. }
            | ImportError::Read { .. }) => SinkError::Refused(other.to_string()),
        })?;
        Ok::<_, SinkError>((report, outcomes.0))
    });
    let (report, rows) = written.await?;
    Ok(Json(ImportedAnswer { report, rows }))
}

/// The source whose ids these are: an integration is its own, by its name; a person names one.
pub(super) fn source(
    state: &AppState,
    caller: &Principal,
    named: Option<String>,
) -> Result<String, ApiError> {
    let own = caller.integration.and_then(|id| {
        let directory = state.identity.directory();
        directory.integrations.get(&id).map(|row| row.name.clone())
    });
    match (own, named) {
        (Some(own), Some(named)) if own != named => Err(ApiError::forbidden(
            "source: a key brings in under its own name",
        )),
        (Some(own), _) => Ok(own),
        (None, Some(named)) if is_source(&named) => Ok(named),
        (None, _) => Err(ApiError::invalid(
            "source: expected the name of the system whose ids these are, the same every time",
        )),
    }
}

/// A currency by its code.
pub(super) fn currency(code: &str) -> Result<Currency, ApiError> {
    code.parse()
        .map_err(|_unknown| ApiError::invalid("currency: expected a code such as EUR"))
}

fn is_source(name: &str) -> bool {
    (1..=SOURCE_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control)
}

/// The shop of rows that name none, and whose book new customers enter.
pub(super) fn shop(
    state: &AppState,
    caller: &Principal,
    named: Option<ShopId>,
) -> Result<ShopId, ApiError> {
    let shop = named.unwrap_or(caller.shop);
    if is_known(state, shop) && caller.reaches(shop) {
        return Ok(shop);
    }
    Err(ApiError::not_found("shop"))
}

fn is_known(state: &AppState, shop: ShopId) -> bool {
    state.identity.directory().shops.contains_key(&shop)
}
