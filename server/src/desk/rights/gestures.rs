//! Gesture rights: a part of a shop's pool for a day, and what the cards say was spent of it.
//!
//! # Invariants
//! - What is given of a day's pool never adds up to more than the pool; of a right that goes on to another handheld only what is left is given.
//! - What is spent is added up from the cards as they come, each edit once. More than was given, or spent on another handheld than it was
//!   given to, is a [`Finding`]: the record stays, because the gesture was made.
//! - Since what is given never exceeds the pool, whoever overspends the pool overspends a right.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::card::{CardView, Facet};
use sync_core::concierge::guard::Settings;
use sync_core::concierge::rights::{Fate, Slot, allot, later_gesture_right_key};
use sync_core::crypto::sha256;
use sync_core::ids::{AssociateId, CustomerId, DeviceId, EditId, SessionId, ShopId, Timestamp};
use sync_core::store::{self, ReadTx, StoreError, Table, decode_row, get_row, put_row};

use super::{SignedIn, fate};
use crate::book::EngineTx;
use crate::identity::Identity;

const DAY: &[u8] = b"g";
const COST: &[u8] = b"x";
const RIGHT: &[u8] = b"y";
const FINDING: &[u8] = b"z";
const HASH_BYTES: usize = 16;

/// What an associate was given of a day's pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Given {
    /// On the present handheld.
    #[n(0)]
    amount_minor: i64,
    #[n(1)]
    device: DeviceId,
    /// In which sign-in; what was given before this was kept names none.
    #[n(2)]
    session: Option<SessionId>,
    /// What was spent on other handhelds before.
    #[n(3)]
    before_minor: Option<i64>,
    /// How many rights of that day came before this one.
    #[n(4)]
    part: Option<u32>,
}

impl Given {
    fn before(&self) -> i64 {
        self.before_minor.unwrap_or_default()
    }

    fn key(&self, day: Slot) -> String {
        later_gesture_right_key(self.device, day, self.part.unwrap_or_default())
    }
}

/// A right, as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Right {
    #[n(0)]
    shop: ShopId,
    #[n(1)]
    day: Slot,
    #[n(2)]
    amount_minor: i64,
    #[n(3)]
    device: DeviceId,
}

/// What one gesture cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Cost {
    #[n(0)]
    minor: i64,
    #[n(1)]
    device: DeviceId,
    #[n(2)]
    at: Timestamp,
}

/// More was spent than was given, or on another handheld: a copy, or one that does not keep to its rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Finding {
    /// By whom, as their cards say.
    #[n(0)]
    pub associate: AssociateId,
    /// In which shop.
    #[n(1)]
    pub shop: ShopId,
    /// When the first of it was spent.
    #[n(2)]
    pub at: Timestamp,
    /// What was given, in minor units; nothing where no such right was ever given.
    #[n(3)]
    pub given_minor: i64,
    /// What was spent, in minor units.
    #[n(4)]
    pub spent_minor: i64,
    /// How many gestures that were.
    #[n(5)]
    pub gestures: u32,
    /// Whether some of it was spent on another handheld than the right was given to.
    #[n(6)]
    pub elsewhere: bool,
}

fn hash(right: &str) -> [u8; HASH_BYTES] {
    let digest = sha256("gesture.right.v1", &[right.as_bytes()]);
    *digest.0.first_chunk().expect("a digest has 32 bytes")
}

fn key(kind: &[u8], associate: AssociateId, right: &[u8; HASH_BYTES]) -> Vec<u8> {
    store::key(&[kind, associate.as_bytes(), right])
}

/// What an associate may spend today on the present handheld, with the key of the right: the first time a part of what is left of the pool,
/// on another handheld what is left of that. Nothing where what another handheld spent may still come.
pub(super) fn give(
    engine: &mut EngineTx<'_>,
    to: SignedIn,
    identity: &Identity,
    (today, settings): (Slot, &Settings),
) -> Result<Option<(String, i64)>, StoreError> {
    let now = engine.now();
    let tx = engine.tx();
    let day = store::key(&[DAY, to.shop.as_bytes(), &today.from.0.to_be_bytes()]);
    let row = store::key(&[&day, to.associate.as_bytes()]);
    let known: Option<Given> = get_row(tx.as_read(), Table::Desk, &row)?;
    let given = match known {
        None => Given {
            amount_minor: allot(
                settings.gesture_pool_minor,
                given_of_day(tx.as_read(), &day)?,
                settings.gesture_day_minor,
            ),
            device: to.holder.device,
            session: Some(to.holder.session),
            before_minor: None,
            part: None,
        },
        Some(known) => {
            let holder = (known.device, known.session);
            match fate::of(tx.as_read(), to, holder, identity, now)? {
                None => Given {
                    session: Some(to.holder.session),
                    ..known
                },
                Some(Fate::Settled) => go_on(tx, to, (known, today))?,
                // What was spent may still come.
                Some(Fate::Out | Fate::Over(_)) => return Ok(None),
            }
        }
    };
    if known != Some(given) {
        put_row(tx, Table::Desk, &row, &given)?;
        keep(tx, to, (given, today))?;
    }
    Ok(Some((given.key(today), given.amount_minor)))
}

/// Everything that was given of a day's pool.
fn given_of_day(tx: &dyn ReadTx, day: &[u8]) -> Result<Vec<i64>, StoreError> {
    let mut given = Vec::new();
    store::scan_prefix(tx, Table::Desk, day, &mut |_, value| {
        let one: Given = decode_row(Table::Desk, value)?;
        given.push(one.amount_minor.saturating_add(one.before()));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(given)
}

/// What is left of a right for the next handheld; the one before keeps what it spent.
fn go_on(
    tx: &mut dyn store::WriteTx,
    to: SignedIn,
    (known, today): (Given, Slot),
) -> Result<Given, StoreError> {
    let right = hash(&known.key(today));
    let spent = costs(tx.as_read(), to.associate, &right)?;
    let spent = spent
        .iter()
        .fold(0_i64, |sum, cost| sum.saturating_add(cost.minor.max(0)));
    let kept = Given {
        amount_minor: known.amount_minor.min(spent),
        ..known
    };
    keep(tx, to, (kept, today))?;
    Ok(Given {
        amount_minor: known.amount_minor.saturating_sub(spent).max(0),
        device: to.holder.device,
        session: Some(to.holder.session),
        before_minor: Some(known.before().saturating_add(spent)),
        part: Some(known.part.unwrap_or_default().saturating_add(1)),
    })
}

/// Keeps a right as it was given, to hold against it what is spent.
fn keep(
    tx: &mut dyn store::WriteTx,
    to: SignedIn,
    (given, day): (Given, Slot),
) -> Result<(), StoreError> {
    let right = Right {
        shop: to.shop,
        day,
        amount_minor: given.amount_minor,
        device: given.device,
    };
    let key = key(RIGHT, to.associate, &hash(&given.key(day)));
    put_row(tx, Table::Desk, &key, &right)
}

fn costs(
    tx: &dyn ReadTx,
    associate: AssociateId,
    right: &[u8; HASH_BYTES],
) -> Result<Vec<Cost>, StoreError> {
    let mut found = Vec::new();
    let prefix = key(COST, associate, right);
    store::scan_prefix(tx, Table::Desk, &prefix, &mut |_, value| {
        found.push(decode_row(Table::Desk, value)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Takes up what the gestures of a card cost, and holds it against the rights that they name.
pub(in crate::desk) fn learn(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    view: &CardView,
) -> Result<(), StoreError> {
    let mut devices: Option<BTreeMap<EditId, DeviceId>> = None;
    for one in &view.interactions {
        let Some((minor, right)) = &one.spent else {
            continue;
        };
        let (by, right) = (one.summary.by, hash(right));
        let row = store::key(&[&key(COST, by, &right), one.id.as_bytes()]);
        if engine.tx().get(Table::Desk, &row)?.is_some() {
            continue;
        }
        if devices.is_none() {
            devices = Some(devices_of(engine, customer)?);
        }
        let device = devices.as_ref().and_then(|all| all.get(&one.id)).copied();
        let cost = Cost {
            minor: *minor,
            device: device.unwrap_or(DeviceId([0; DeviceId::LEN])),
            at: one.summary.at,
        };
        put_row(engine.tx(), Table::Desk, &row, &cost)?;
        hold_against(engine, (by, one.summary.shop), &right)?;
    }
    Ok(())
}

/// On which device each dealing of a card was recorded.
fn devices_of(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
) -> Result<BTreeMap<EditId, DeviceId>, StoreError> {
    let nobody = (ShopId([0; ShopId::LEN]), None);
    let (visible, _) = engine.visible(customer, nobody)?;
    let entries = visible.get(&Facet::Card).into_iter();
    let entries = entries.flat_map(|entries| entries.iter());
    let dealings = entries.filter(|(key, _)| key.path.entity == "interaction");
    Ok(dealings
        .map(|(key, entry)| (key.edit, entry.provenance.device))
        .collect())
}

/// Adds up what was spent of a right, and keeps a finding where that is more than was given.
fn hold_against(
    engine: &mut EngineTx<'_>,
    (associate, shop): (AssociateId, ShopId),
    right: &[u8; HASH_BYTES],
) -> Result<(), StoreError> {
    let hub = engine.device();
    let tx = engine.tx();
    let given: Option<Right> = get_row(tx.as_read(), Table::Desk, &key(RIGHT, associate, right))?;
    let spent = costs(tx.as_read(), associate, right)?;
    let given_minor = given.map_or(0, |given| given.amount_minor);
    let spent_minor = spent
        .iter()
        .fold(0_i64, |sum, cost| sum.saturating_add(cost.minor.max(0)));
    // What was recorded at the hub itself was recorded over the associate's own sign-in.
    let is_elsewhere =
        |cost: &Cost| cost.device != hub && given.is_some_and(|given| given.device != cost.device);
    let finding = Finding {
        associate,
        shop: given.map_or(shop, |given| given.shop),
        at: spent.iter().map(|cost| cost.at).min().unwrap_or_default(),
        given_minor,
        spent_minor,
        gestures: u32::try_from(spent.len()).unwrap_or(u32::MAX),
        elsewhere: spent.iter().any(is_elsewhere),
    };
    let row = key(FINDING, associate, right);
    if spent_minor > given_minor || finding.elsewhere {
        put_row(tx, Table::Desk, &row, &finding)
    } else {
        tx.delete(Table::Desk, &row)
    }
}

/// Everything that was spent beyond what was given, the latest first.
///
/// # Errors
/// What the store reports.
pub fn findings(tx: &dyn ReadTx) -> Result<Vec<Finding>, StoreError> {
    let mut found: Vec<Finding> = Vec::new();
    store::scan_prefix(tx, Table::Desk, FINDING, &mut |_, value| {
        found.push(decode_row(Table::Desk, value)?);
        Ok(ControlFlow::Continue(()))
    })?;
    found.sort_by_key(|one| (std::cmp::Reverse(one.at), one.associate));
    Ok(found)
}
