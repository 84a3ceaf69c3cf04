//! Messages on their way out, and the log of what left. The log holds no text and no address.
//!
//! # Failure
//! A crash between the request and its record sends the same message again under the same id; a crash before sends it later.

use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use serde::Serialize;
use serde_json::json;
use sync_core::card::terms::Channel;
use sync_core::card::view::AskView;
use sync_core::concierge::guard::{Ruling, Until, contact_key, content_of, endpoint};
use sync_core::crypto::sha256;
use sync_core::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};
use sync_core::notices::bodies::ContactBody;
use sync_core::notices::{NoticeDraft, Subject};
use sync_core::store::{self, ReadTx, StoreError, Table, decode_row, get_row, put_row};

use super::answers::{self, Answer};
use super::settings::SOURCE;
use super::webhook::{Sent, Webhook};
use super::{DeskError, asks, gathering};
use crate::book::EngineTx;
use crate::http::AppState;

const DELIVERY: &[u8] = b"d";
const SENT_TO: &[u8] = b"m";
/// Messages that one step sends.
const SENT_MAX: usize = 32;
/// The first pause after a failure; each further one is four times as long.
const BACKOFF_MS: i64 = 10_000;
/// The longest pause.
const BACKOFF_MS_MAX: i64 = 6 * 3_600_000;
/// Words of a message in the list of dealings.
const SUMMARY_CHARS_MAX: usize = 120;
/// How long a message that ended stays in the log.
const LOGGED_MS: i64 = 90 * Timestamp::DAY_MS;

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is to be sent.
    #[n(0)]
    Waiting,
    /// The provider took it.
    #[n(1)]
    Left,
    /// It will not be sent.
    #[n(2)]
    Dead,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(array)]
pub struct Delivery {
    /// The ask that it answers; its id for the provider is `msg_` and this.
    #[n(0)]
    pub ask: EditId,
    /// To whom.
    #[n(1)]
    pub customer: CustomerId,
    /// Who asked for it.
    #[n(2)]
    pub by: AssociateId,
    /// In which shop.
    #[n(3)]
    pub shop: ShopId,
    /// Over which channel.
    #[n(4)]
    pub channel: String,
    /// How far it is.
    #[n(5)]
    pub state: DeliveryState,
    /// How often it was tried.
    #[n(6)]
    pub attempts: u32,
    /// When it was allowed.
    #[n(7)]
    pub queued_at: Timestamp,
    /// When it is tried next.
    #[n(8)]
    pub due: Timestamp,
    /// When it left, or was given up.
    #[n(9)]
    pub ended_at: Option<Timestamp>,
    /// What the provider last answered.
    #[n(10)]
    pub status: Option<u16>,
    /// Why it was given up.
    #[n(11)]
    pub code: Option<String>,
}

fn delivery_key(ask: EditId) -> Vec<u8> {
    store::key(&[DELIVERY, ask.as_bytes()])
}

/// The id under which the provider knows the message of an ask, however often it comes.
#[must_use]
pub fn message_id(ask: EditId) -> String {
    format!("msg_{ask}")
}

/// The message of an id that [`message_id`] gave out.
///
/// # Errors
/// What the store reports.
pub fn by_message_id(tx: &dyn ReadTx, id: &str) -> Result<Option<Delivery>, StoreError> {
    let ask = id.strip_prefix("msg_").and_then(|ask| ask.parse().ok());
    match ask {
        Some(ask) => get_row(tx, Table::Desk, &delivery_key(ask)),
        None => Ok(None),
    }
}

/// Everything in the log, the last first.
///
/// # Errors
/// What the store reports.
pub fn log(tx: &dyn ReadTx) -> Result<Vec<Delivery>, StoreError> {
    let mut found: Vec<Delivery> = Vec::new();
    store::scan_prefix(tx, Table::Desk, DELIVERY, &mut |_, value| {
        found.push(decode_row(Table::Desk, value)?);
        Ok(ControlFlow::Continue(()))
    })?;
    found.sort_by_key(|one| std::cmp::Reverse((one.queued_at, one.ask)));
    Ok(found)
}

/// Puts an allowed message onto the way out.
pub(super) fn queue(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    ask: &AskView,
) -> Result<(), DeskError> {
    let now = engine.now();
    let row = Delivery {
        ask: ask.id,
        customer,
        by: ask.words.by,
        shop: ask.words.shop,
        channel: ask.subject.clone().unwrap_or_default(),
        state: DeliveryState::Waiting,
        attempts: 0,
        queued_at: now,
        due: now,
        ended_at: None,
        status: None,
        code: None,
    };
    put_row(engine.tx(), Table::Desk, &delivery_key(ask.id), &row)?;
    Ok(())
}

/// Sends what is due, one after the other, the first allowed first.
pub(super) async fn send_due(state: &AppState, webhook: &Webhook) -> Result<(), DeskError> {
    let now = state.clock.now();
    let mut due = log(&*state.store.read()?)?;
    due.retain(|one| one.state == DeliveryState::Waiting && one.due <= now);
    due.reverse();
    for delivery in due.into_iter().take(SENT_MAX) {
        let ask = delivery.ask;
        let prepared = state.book.write_batch(move |engine| prepare(engine, ask));
        let Some(body) = prepared.await? else {
            continue;
        };
        let sent = webhook
            .send(&message_id(ask), body, state.clock.now())
            .await;
        let attempts_max = webhook.attempts_max();
        let recorded = state
            .book
            .write_batch(move |engine| record(engine, ask, (sent, attempts_max)));
        recorded.await?;
        if sent == Sent::Failed(None) {
            // Nobody answers there: the others need not wait for that too.
            break;
        }
    }
    forget_old(state, now).await
}

/// Asks the guard once more and writes the request; nothing when it is not to be sent now.
fn prepare(engine: &mut EngineTx<'_>, ask: EditId) -> Result<Option<String>, DeskError> {
    let now = engine.now();
    let key = delivery_key(ask);
    let Some(mut row) = get_row::<Delivery>(engine.tx().as_read(), Table::Desk, &key)? else {
        return Ok(None);
    };
    let view = gathering::card(engine, row.customer)?;
    let asked = view
        .asks
        .iter()
        .find(|known| known.id == ask && !known.withdrawn);
    let Some(asked) = asked else {
        give_up(engine, row, "withdrawn")?;
        return Ok(None);
    };
    let settings = gathering::settings(engine.tx().as_read())?;
    match answers::judge(engine, (row.customer, asked), &settings)? {
        Ruling::Allow => {}
        Ruling::Deny { reason } => {
            give_up(engine, row, reason.as_str())?;
            return Ok(None);
        }
        Ruling::Hold { until, .. } => {
            let hour = now.plus_ms(3_600_000);
            row.due = match until {
                Until::Moment(at) => at,
                Until::Done(_) => hour,
            };
            if now > asked.words.at.plus_ms(settings.message_ms()) {
                give_up(engine, row, "expired")?;
            } else {
                put_row(engine.tx(), Table::Desk, &key, &row)?;
            }
            return Ok(None);
        }
    }
    let whole = gathering::whole(engine, row.customer, (row.shop, None))?;
    let to = Channel::parse(&row.channel).and_then(|channel| endpoint(&whole.view, channel));
    let address = to.map(|endpoint| endpoint.value.value.clone());
    if let Some(address) = &address {
        let key = sent_to_key(address, row.customer);
        engine.tx().put(Table::Desk, &key, &[])?;
    }
    let language = whole.view.contact.language.as_ref().map(|fact| &fact.value);
    let body = json!({
        "type": "message.send",
        "timestamp": now,
        "data": {
            "id": message_id(ask), "customer": row.customer, "channel": row.channel, "to": address,
            "purpose": asked.purpose, "language": language, "words": asked.words.value,
            "associate": row.by, "shop": row.shop,
        },
    });
    Ok(Some(body.to_string()))
}

/// Notes what became of one try.
fn record(
    engine: &mut EngineTx<'_>,
    ask: EditId,
    (sent, attempts_max): (Sent, u32),
) -> Result<(), DeskError> {
    let now = engine.now();
    let key = delivery_key(ask);
    let Some(mut row) = get_row::<Delivery>(engine.tx().as_read(), Table::Desk, &key)? else {
        return Ok(());
    };
    row.attempts = row.attempts.saturating_add(1);
    match sent {
        Sent::Taken(status) => {
            row.status = Some(status);
            row.state = DeliveryState::Left;
            row.ended_at = Some(now);
            tell(engine, &row)?;
        }
        Sent::Refused(status) => {
            row.status = Some(status);
            return give_up(engine, row, "not_delivered");
        }
        Sent::Failed(status) => {
            row.status = status;
            if row.attempts >= attempts_max {
                return give_up(engine, row, "not_delivered");
            }
            let times = 4_i64.saturating_pow(row.attempts - 1);
            row.due = now.plus_ms(BACKOFF_MS.saturating_mul(times).min(BACKOFF_MS_MAX));
        }
    }
    put_row(engine.tx(), Table::Desk, &key, &row)?;
    Ok(())
}

/// Posts that a message left: from now on it counts as a contact.
fn tell(engine: &mut EngineTx<'_>, row: &Delivery) -> Result<(), DeskError> {
    let view = gathering::card(engine, row.customer)?;
    let asked = view.asks.iter().find(|known| known.id == row.ask);
    let words = asked.and_then(|asked| asked.words.value.as_deref());
    let body = ContactBody {
        channel: Some(row.channel.clone()),
        purpose: asked
            .and_then(|asked| asked.purpose)
            .map(|purpose| purpose.as_str().to_owned()),
        at: engine.now(),
        by_customer: false,
        summary: words.map(|words| words.chars().take(SUMMARY_CHARS_MAX).collect()),
        content: words.map(content_of),
        by: Some(row.by),
        act: None,
    };
    let subject = Subject::Customer(row.customer);
    let said = (SOURCE, engine.now());
    engine.put_notices(&[NoticeDraft::new(subject, contact_key(row.ask), said, &body)])?;
    Ok(())
}

/// The message will not be sent: whoever asked is told so.
fn give_up(
    engine: &mut EngineTx<'_>,
    mut row: Delivery,
    code: &'static str,
) -> Result<(), DeskError> {
    row.state = DeliveryState::Dead;
    row.ended_at = Some(engine.now());
    row.code = Some(code.to_owned());
    put_row(engine.tx(), Table::Desk, &delivery_key(row.ask), &row)?;
    let words = "It was allowed, and could not be sent.";
    asks::post(
        engine,
        row.customer,
        row.ask,
        &Answer::refused(code, Some(words)),
    )
}

async fn forget_old(state: &AppState, now: Timestamp) -> Result<(), DeskError> {
    let old = |one: &Delivery| one.ended_at.is_some_and(|at| at.plus_ms(LOGGED_MS) < now);
    let log = log(&*state.store.read()?)?;
    let old: Vec<EditId> = log
        .iter()
        .filter(|one| old(one))
        .map(|one| one.ask)
        .collect();
    if old.is_empty() {
        return Ok(());
    }
    let forgotten = state.book.write_batch(move |engine| {
        for ask in old {
            engine.tx().delete(Table::Desk, &delivery_key(ask))?;
        }
        Ok::<_, DeskError>(())
    });
    Ok(forgotten.await?)
}

fn sent_to_key(address: &str, customer: CustomerId) -> Vec<u8> {
    store::key(&[&sent_to_prefix(address), customer.as_bytes()])
}

fn sent_to_prefix(address: &str) -> Vec<u8> {
    let address = sha256("desk.address.v1", &[address.as_bytes()]);
    store::key(&[SENT_TO, address.as_bytes()])
}

/// To whom messages went at an address, in its one form.
pub(super) fn sent_to(tx: &dyn ReadTx, address: &str) -> Result<Vec<CustomerId>, StoreError> {
    let prefix = sent_to_prefix(address);
    let mut found = Vec::new();
    store::scan_prefix(tx, Table::Desk, &prefix, &mut |key, _| {
        found.extend(key.get(prefix.len()..).and_then(CustomerId::from_slice));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}
