//! Asks that wait for an answer: found on the cards that changed, answered in the order in which they were made.

use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::authority::followers::{self, Follower};
use sync_core::card::view::AskView;
use sync_core::ids::{CustomerId, EditId, Timestamp};
use sync_core::notices::bodies::{AnswerBody, AnswerState};
use sync_core::notices::{self, NoticeDraft, Subject};
use sync_core::store::{
    self, Direction, KeyRange, ReadTx, StoreError, Table, decode_row, get_row, put_row,
};

use super::settings::SOURCE;
use super::{
    DeskError, answers, appointments, gathering, links, owners, reservations, rights, seats,
};
use crate::book::EngineTx;

/// Customers that one transaction looks at.
const CUSTOMERS_MAX: usize = 64;
/// Asks that one transaction answers.
const ANSWERS_MAX: usize = 64;

const WAITING: &[u8] = b"a";
const LOOK: &[u8] = b"c";

/// An ask that waits.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Waiting {
    /// When to look again.
    #[n(0)]
    due: Timestamp,
    /// When it was made.
    #[n(1)]
    asked_at: Timestamp,
}

/// A look at everybody: up to which commit it will have read, and who was last.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
struct Look {
    #[n(0)]
    upto: u64,
    #[n(1)]
    last: Option<CustomerId>,
}

fn waiting_key(customer: CustomerId, ask: EditId) -> Vec<u8> {
    store::key(&[WAITING, customer.as_bytes(), ask.as_bytes()])
}

/// Puts the asks of customers who changed onto the list. Returns whether there may be more.
pub(super) fn collect(engine: &mut EngineTx<'_>) -> Result<bool, DeskError> {
    let look: Option<Look> = get_row(engine.tx().as_read(), Table::Desk, LOOK)?;
    if let Some(look) = look {
        return look_at_everybody(engine, &look);
    }
    let touched = followers::touched(engine.tx().as_read(), Follower::Desk, CUSTOMERS_MAX)?;
    if touched.is_everybody {
        let look = Look {
            upto: touched.upto,
            last: None,
        };
        return look_at_everybody(engine, &look);
    }
    if touched.customers.is_empty() {
        return Ok(false);
    }
    for customer in &touched.customers {
        let may_work = touched.asking.contains(customer)
            || is_known(engine.tx().as_read(), WAITING, *customer)?
            || is_known(engine.tx().as_read(), rights::SLOT, *customer)?;
        if may_work {
            enlist(engine, *customer)?;
        } else {
            // Nothing on the card is the desk's: it stays closed.
            owners::learn(engine, *customer)?;
        }
    }
    followers::advance(engine.tx(), Follower::Desk, touched.upto)?;
    Ok(true)
}

/// Whether the desk keeps something of a kind for a customer.
fn is_known(tx: &dyn ReadTx, kind: &[u8], customer: CustomerId) -> Result<bool, StoreError> {
    let mut is_known = false;
    let prefix = store::key(&[kind, customer.as_bytes()]);
    store::scan_prefix(tx, Table::Desk, &prefix, &mut |_, _| {
        is_known = true;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(is_known)
}

fn look_at_everybody(engine: &mut EngineTx<'_>, look: &Look) -> Result<bool, DeskError> {
    let next = customers_after(engine.tx().as_read(), look.last)?;
    for customer in &next {
        enlist(engine, *customer)?;
    }
    if next.len() < CUSTOMERS_MAX {
        engine.tx().delete(Table::Desk, LOOK)?;
        followers::advance(engine.tx(), Follower::Desk, look.upto)?;
    } else {
        let look = Look {
            upto: look.upto,
            last: next.last().copied(),
        };
        put_row(engine.tx(), Table::Desk, LOOK, &look)?;
    }
    Ok(true)
}

fn customers_after(
    tx: &dyn ReadTx,
    last: Option<CustomerId>,
) -> Result<Vec<CustomerId>, StoreError> {
    let from = last.map_or_else(Vec::new, |last| store::key(&[last.as_bytes(), &[0]]));
    let range = KeyRange {
        from: &from,
        to: None,
    };
    let mut found = Vec::new();
    tx.scan(Table::Row, range, Direction::Ascending, &mut |key, _| {
        found.extend(CustomerId::from_slice(key));
        Ok(if found.len() < CUSTOMERS_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(found)
}

/// Lists the unanswered asks of a customer as due, gives back what withdrawn ones had been given, and learns what was spent.
fn enlist(engine: &mut EngineTx<'_>, customer: CustomerId) -> Result<(), DeskError> {
    let view = gathering::card(engine, customer)?;
    let now = engine.now();
    for ask in &view.asks {
        let answer = answer_of(engine.tx().as_read(), customer, ask.id)?;
        let is_final = answer
            .as_ref()
            .is_some_and(|body| body.state != AnswerState::Held);
        if ask.withdrawn {
            withdraw(engine, customer, ask, answer.as_ref())?;
        } else if !is_final {
            let waiting = Waiting {
                due: now,
                asked_at: ask.words.at,
            };
            put_row(
                engine.tx(),
                Table::Desk,
                &waiting_key(customer, ask.id),
                &waiting,
            )?;
        }
    }
    links::complete(engine, customer, &view)?;
    rights::settle(engine, customer)?;
    rights::gestures::learn(engine, customer, &view)?;
    Ok(())
}

fn withdraw(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    ask: &AskView,
    answer: Option<&AnswerBody>,
) -> Result<(), DeskError> {
    engine
        .tx()
        .delete(Table::Desk, &waiting_key(customer, ask.id))?;
    if answer.is_some_and(|body| body.state == AnswerState::Refused) {
        return Ok(());
    }
    let shop = ask.words.shop;
    appointments::give_back(engine.tx(), ask.words.by, ask.id)?;
    reservations::give_back(engine.tx(), (shop, ask.subject.as_deref()), ask.id)?;
    seats::give_back(engine, (shop, ask.subject.as_deref()), ask.id)?;
    let taken_back = answers::Answer::refused("withdrawn", None);
    post(engine, customer, ask.id, &taken_back)
}

fn answer_of(
    tx: &dyn ReadTx,
    customer: CustomerId,
    ask: EditId,
) -> Result<Option<AnswerBody>, StoreError> {
    let found = notices::get::<AnswerBody>(tx, Subject::Customer(customer), &ask.to_string())?;
    Ok(found.map(|(_, body)| body))
}

/// Posts an answer.
pub(super) fn post(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    ask: EditId,
    answer: &answers::Answer,
) -> Result<(), DeskError> {
    let body = AnswerBody {
        ask,
        state: answer.state,
        code: answer.code.to_owned(),
        at: answer.at,
        words: answer.words.clone(),
    };
    if answer_of(engine.tx().as_read(), customer, ask)?.as_ref() == Some(&body) {
        return Ok(());
    }
    let said = (SOURCE, engine.now());
    let subject = Subject::Customer(customer);
    engine.put_notices(&[NoticeDraft::new(subject, ask.to_string(), said, &body)])?;
    Ok(())
}

/// What one round of answering came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    /// How many asks were looked at.
    pub(super) count: usize,
    /// Whether there may be more.
    pub(super) more: bool,
}

/// Answers asks that are due, the first made first.
pub(super) fn answer(engine: &mut EngineTx<'_>, can_send: bool) -> Result<Answered, DeskError> {
    let now = engine.now();
    let mut due = due(engine.tx().as_read(), now)?;
    let more = due.len() > ANSWERS_MAX;
    due.truncate(ANSWERS_MAX);
    let count = due.len();
    for (_, ask, customer) in due {
        let view = gathering::card(engine, customer)?;
        let key = waiting_key(customer, ask);
        let Some(asked) = view.asks.iter().find(|known| known.id == ask) else {
            // Erased, or of an epoch that no longer has it.
            engine.tx().delete(Table::Desk, &key)?;
            continue;
        };
        let answer = answers::decide(engine, (customer, asked), can_send)?;
        post(engine, customer, ask, &answer)?;
        match answer.again {
            Some(again) => {
                let waiting = Waiting {
                    due: again.max(now.plus_ms(1)),
                    asked_at: asked.words.at,
                };
                put_row(engine.tx(), Table::Desk, &key, &waiting)?;
            }
            None => engine.tx().delete(Table::Desk, &key)?,
        }
    }
    Ok(Answered { count, more })
}

/// What is due, in the order in which it was asked.
fn due(
    tx: &dyn ReadTx,
    now: Timestamp,
) -> Result<Vec<(Timestamp, EditId, CustomerId)>, StoreError> {
    let mut found = Vec::new();
    store::scan_prefix(tx, Table::Desk, WAITING, &mut |key, value| {
        let waiting: Waiting = decode_row(Table::Desk, value)?;
        let ids = key
            .get(WAITING.len()..)
            .and_then(|ids| ids.split_at_checked(CustomerId::LEN));
        let ids = ids.and_then(|(customer, ask)| {
            CustomerId::from_slice(customer).zip(EditId::from_slice(ask))
        });
        if let Some((customer, ask)) = ids.filter(|_| waiting.due <= now) {
            found.push((waiting.asked_at, ask, customer));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    found.sort_unstable();
    Ok(found)
}
