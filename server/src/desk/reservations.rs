//! Reservations: what a shop has of an article, less what it keeps for others.

use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::card::normal::fold;
use sync_core::card::view::AskView;
use sync_core::concierge::guard::Settings;
use sync_core::crypto::sha256;
use sync_core::ids::{EditId, ShopId, Timestamp};
use sync_core::notices::bodies::StockBody;
use sync_core::notices::{self, Subject};
use sync_core::store::{self, ReadTx, StoreError, Table, WriteTx, decode_row, put_row};

use super::answers::Answer;
use super::{DeskError, gathering};
use crate::book::EngineTx;

const RESERVATION: &[u8] = b"v";
const HOUR_MS: i64 = 3_600_000;
/// How long an article is kept at most, whatever was asked for.
const KEPT_MS_MAX: i64 = 14 * Timestamp::DAY_MS;

/// An article that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Kept {
    #[n(0)]
    quantity: i64,
    #[n(1)]
    until: Timestamp,
}

fn article_key(shop: ShopId, sku: &str) -> Vec<u8> {
    let article = sha256("desk.article.v1", &[fold(sku).as_bytes()]);
    store::key(&[RESERVATION, shop.as_bytes(), article.as_bytes()])
}

/// Keeps the article in the asker's shop, or says where and when it can be had.
pub(super) fn decide(
    engine: &mut EngineTx<'_>,
    ask: &AskView,
    settings: &Settings,
) -> Result<Answer, DeskError> {
    let Some(sku) = ask.subject.as_deref() else {
        return Ok(Answer::refused("no_article", Some("Say which article.")));
    };
    let (now, shop, wanted) = (engine.now(), ask.words.shop, ask.quantity);
    let latest = now.plus_ms(KEPT_MS_MAX);
    let usual = now.plus_ms(i64::from(settings.reservation_hours) * HOUR_MS);
    let until = ask.at.unwrap_or(usual).min(latest);
    if wanted < 1 || until <= now {
        return Ok(Answer::refused(
            "past",
            Some("Say how many, and until when."),
        ));
    }
    let tx = engine.tx();
    let Some(stock) = stock(tx.as_read(), shop, sku)? else {
        let words = Some("The stock of this shop is not known here: look, or ask the shop.");
        return Ok(Answer::refused("stock_unknown", words));
    };
    if free(tx.as_read(), (shop, sku), &stock, (ask.id, now))? >= wanted {
        let key = store::key(&[&article_key(shop, sku), ask.id.as_bytes()]);
        let kept = Kept {
            quantity: wanted,
            until,
        };
        put_row(tx, Table::Desk, &key, &kept)?;
        return Ok(Answer::confirmed(Some(until)));
    }
    let next = stock
        .arriving
        .iter()
        .map(|(at, ..)| *at)
        .find(|at| *at > now);
    if let Some(next) = next {
        return Ok(Answer::countered(
            "arriving",
            Some(next),
            "More is on its way.",
        ));
    }
    elsewhere(tx.as_read(), (shop, sku), wanted, (ask.id, now))
}

/// Another shop that has it, in the order of names.
fn elsewhere(
    tx: &dyn ReadTx,
    (here, sku): (ShopId, &str),
    wanted: i64,
    at: (EditId, Timestamp),
) -> Result<Answer, DeskError> {
    let house = gathering::house(tx)?;
    let mut shops: Vec<_> = house
        .shops
        .iter()
        .filter(|(shop, _)| **shop != here)
        .collect();
    shops.sort_by_key(|(shop, body)| (body.name.as_str(), **shop));
    for (shop, body) in shops {
        if let Some(stock) = stock(tx, *shop, sku)?
            && free(tx, (*shop, sku), &stock, at)? >= wanted
        {
            let words = format!("{} has it.", body.name);
            return Ok(Answer::countered("other_shop", None, &words));
        }
    }
    Ok(Answer::refused(
        "sold_out",
        Some("No shop has it, and none is on its way."),
    ))
}

fn stock(tx: &dyn ReadTx, shop: ShopId, sku: &str) -> Result<Option<StockBody>, StoreError> {
    let key = format!("{shop}/{sku}");
    Ok(notices::get::<StockBody>(tx, Subject::Chain, &key)?.map(|(_, body)| body))
}

/// How many there are that are kept for nobody else.
fn free(
    tx: &dyn ReadTx,
    (shop, sku): (ShopId, &str),
    stock: &StockBody,
    (but, now): (EditId, Timestamp),
) -> Result<i64, StoreError> {
    let there: i64 = stock.on_hand.values().map(|count| i64::from(*count)).sum();
    let mut kept = 0_i64;
    store::scan_prefix(
        tx,
        Table::Desk,
        &article_key(shop, sku),
        &mut |key, value| {
            let one: Kept = decode_row(Table::Desk, value)?;
            if one.until > now && !key.ends_with(but.as_bytes()) {
                kept = kept.saturating_add(one.quantity);
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(there.saturating_sub(kept))
}

/// The article is free again.
pub(super) fn give_back(
    tx: &mut dyn WriteTx,
    (shop, sku): (ShopId, Option<&str>),
    ask: EditId,
) -> Result<(), StoreError> {
    let Some(sku) = sku else {
        return Ok(());
    };
    tx.delete(
        Table::Desk,
        &store::key(&[&article_key(shop, sku), ask.as_bytes()]),
    )
}
