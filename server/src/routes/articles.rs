//! Articles of the catalogue, with what every shop has of them and how old that knowledge is.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sync_core::concierge::gather::goods;
use sync_core::concierge::picture::Told;
use sync_core::ids::{ShopId, Timestamp};
use sync_core::notices::bodies::{ArticleBody, StockBody};
use sync_core::records::Currency;

use super::customers::read_aside;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ReadRecords};
use crate::http::body::PathId;
use crate::http::error::ApiError;
use crate::http::route::Route;

/// This resource's part of the OpenAPI document.
pub const OPENAPI: &str = include_str!("openapi/articles.json");

/// The routes of this resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![Route::get("/v1/articles/{sku}", show)]
}

#[derive(Serialize)]
struct ArticleAnswer {
    /// As catalogued.
    sku: String,
    source: String,
    as_of: Timestamp,
    label: String,
    category: String,
    brand: Option<String>,
    tags: Vec<String>,
    materials: Vec<String>,
    size_system: Option<String>,
    sizes: Vec<String>,
    price: Option<PriceAnswer>,
    is_consumable: bool,
    /// The caller's own shop first, then by name; a shop of which nothing was told is not among them.
    stock: Vec<StockAnswer>,
}

#[derive(Serialize)]
struct PriceAnswer {
    amount_minor: i64,
    currency: Currency,
}

#[derive(Serialize)]
struct StockAnswer {
    shop: ShopId,
    name: String,
    source: String,
    /// When it was counted.
    as_of: Timestamp,
    /// How many of each size; the empty size where there is none.
    on_hand: BTreeMap<String, u32>,
    arriving: Vec<ArrivingAnswer>,
}

#[derive(Serialize)]
struct ArrivingAnswer {
    expected: Timestamp,
    size: String,
    quantity: u32,
}

impl ArticleAnswer {
    fn new(told: Told<ArticleBody>, stock: Vec<StockAnswer>) -> Self {
        let (sku, body) = (told.key, told.body);
        Self {
            sku,
            source: told.source,
            as_of: told.as_of,
            label: body.label,
            category: body.category,
            brand: body.brand,
            tags: body.tags,
            materials: body.materials,
            size_system: body.size_system,
            sizes: body.sizes,
            price: body.price.map(|(amount_minor, currency)| PriceAnswer {
                amount_minor,
                currency,
            }),
            is_consumable: body.is_consumable,
            stock,
        }
    }
}

impl StockAnswer {
    fn new(name: String, told: Told<StockBody>) -> Self {
        let arriving = told.body.arriving.into_iter();
        let arriving = arriving.map(|(expected, size, quantity)| ArrivingAnswer {
            expected,
            size,
            quantity,
        });
        Self {
            shop: told.body.shop,
            name,
            source: told.source,
            as_of: told.as_of,
            on_hand: told.body.on_hand,
            arriving: arriving.collect(),
        }
    }
}

async fn show(
    caller: Authorized<ReadRecords>,
    State(state): State<AppState>,
    PathId(sku): PathId<String>,
) -> Result<Json<ArticleAnswer>, ApiError> {
    let found = read_aside(&state, &caller, move |state, principal| {
        let shops = state.identity.directory().shops.clone();
        let tx = state.store.read()?;
        let Some(told) = goods::article(&*tx, &sku)? else {
            return Err(ApiError::not_found("article"));
        };
        let mut stock = Vec::new();
        for (shop, row) in shops {
            if let Some(of_shop) = goods::stock(&*tx, (&told.key, shop))? {
                stock.push(StockAnswer::new(row.name, of_shop));
            }
        }
        let own = principal.shop;
        stock.sort_by(|one, other| {
            let place = |it: &StockAnswer| (it.shop != own, it.name.clone(), it.shop);
            place(one).cmp(&place(other))
        });
        Ok(ArticleAnswer::new(told, stock))
    });
    Ok(Json(found.await?))
}
