//! What the hub says to one ask.

use sync_core::card::terms::{AskKind, Channel};
use sync_core::card::view::AskView;
use sync_core::concierge::guard::{Request, Ruling, Settings, Until, guard};
use sync_core::concierge::rights::Rights;
use sync_core::concierge::{House, Picture, Viewer, Whole};
use sync_core::ids::{AssociateId, CustomerId, DeviceId, ShopId, Timestamp};
use sync_core::notices::bodies::AnswerState;
use sync_core::store::{ReadTx, StoreError};

use super::{DeskError, appointments, deliveries, gathering, owners, reservations, rights, seats};
use crate::book::EngineTx;

const HOUR_MS: i64 = 3_600_000;

/// An answer, before it is posted. Codes are frozen since version 1 of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) state: AnswerState,
    pub(super) code: &'static str,
    pub(super) at: Option<Timestamp>,
    pub(super) words: Option<String>,
    /// When to decide again; never for a final answer.
    pub(super) again: Option<Timestamp>,
}

impl Answer {
    pub(super) fn confirmed(at: Option<Timestamp>) -> Self {
        Self {
            state: AnswerState::Confirmed,
            code: "",
            at,
            words: None,
            again: None,
        }
    }

    pub(super) fn countered(code: &'static str, at: Option<Timestamp>, words: &str) -> Self {
        Self {
            state: AnswerState::Countered,
            code,
            at,
            words: Some(words.to_owned()),
            again: None,
        }
    }

    pub(super) fn refused(code: &'static str, words: Option<&str>) -> Self {
        Self {
            state: AnswerState::Refused,
            code,
            at: None,
            words: words.map(str::to_owned),
            again: None,
        }
    }
}

/// Decides about an ask.
pub(super) fn decide(
    engine: &mut EngineTx<'_>,
    (customer, ask): (CustomerId, &AskView),
    can_send: bool,
) -> Result<Answer, DeskError> {
    let settings = gathering::settings(engine.tx().as_read())?;
    match ask.kind {
        AskKind::Appointment => appointments::decide(engine, ask, &settings),
        AskKind::Message if !can_send => Ok(Answer::refused(
            "no_provider",
            Some("The hub has nobody to send messages through."),
        )),
        AskKind::Message => message(engine, (customer, ask), &settings),
        AskKind::Owner => owners::decide(engine, customer, ask),
        AskKind::Reservation => reservations::decide(engine, ask, &settings),
        AskKind::Seat => seats::decide(engine, customer, ask),
    }
}

/// A message leaves when the guard says yes once more, here and now.
fn message(
    engine: &mut EngineTx<'_>,
    (customer, ask): (CustomerId, &AskView),
    settings: &Settings,
) -> Result<Answer, DeskError> {
    let now = engine.now();
    let last = ask.words.at.min(now).plus_ms(settings.message_ms());
    if now > last {
        return Ok(Answer::refused(
            "expired",
            Some("It waited for too long; nothing was sent."),
        ));
    }
    Ok(match judge(engine, (customer, ask), settings)? {
        Ruling::Allow => {
            deliveries::queue(engine, customer, ask)?;
            Answer::confirmed(Some(now))
        }
        Ruling::Deny { reason } => Answer::refused(reason.as_str(), None),
        Ruling::Hold { until, reason } => {
            let (at, again) = match until {
                Until::Moment(at) => (at.min(last), at.min(last.plus_ms(1))),
                // A change of the card asks again at once; what is on no card is looked at every hour.
                Until::Done(_) => (last, now.plus_ms(HOUR_MS)),
            };
            Answer {
                state: AnswerState::Held,
                code: reason.as_str(),
                at: Some(at),
                words: None,
                again: Some(again),
            }
        }
    })
}

/// What the guard says about an ask to send a message, on the hub.
pub(super) fn judge(
    engine: &mut EngineTx<'_>,
    (customer, ask): (CustomerId, &AskView),
    settings: &Settings,
) -> Result<Ruling, DeskError> {
    let denied = |reason| Ok(Ruling::Deny { reason });
    let channel = ask.subject.as_deref().and_then(Channel::parse);
    let (Some(channel), Some(purpose)) = (channel, ask.purpose) else {
        return denied(sync_core::concierge::guard::Reason::NotAContact);
    };
    let now = engine.now();
    let (shop, associate): (ShopId, _) = (ask.words.shop, ask.words.by);
    let whole = gathering::whole(engine, customer, (shop, None))?;
    let tx = engine.tx().as_read();
    let house = gathering::house(tx)?;
    let words = ask.words.value.as_deref();
    let request = Request::message((channel, purpose), words, Some(ask.id));
    let asker = (associate, shop, now);
    rule(tx, (customer, &whole), asker, &request, (&house, settings)).map_err(DeskError::from)
}

/// What the guard of the hub says of one person, for an associate of a shop, at a moment.
pub(super) fn rule(
    tx: &dyn ReadTx,
    (customer, whole): (CustomerId, &Whole),
    (associate, shop, now): (AssociateId, ShopId, Timestamp),
    request: &Request,
    (house, settings): (&House, &Settings),
) -> Result<Ruling, StoreError> {
    let given = rights::of_others(tx, whole, associate, now)?;
    let picture = Picture {
        customer,
        whole,
        house,
        viewer: Viewer {
            associate,
            device: DeviceId([0; DeviceId::LEN]),
            shop,
        },
        synced_at: Some(now),
        now,
    };
    Ok(guard(&picture, request, settings, Rights::Hub(&given)).ruling)
}
