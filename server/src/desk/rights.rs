//! Rights, given to handhelds that are signed in: slots to contact the customers somebody looks after first, and a part of the gesture pool.
//!
//! # Invariants
//! - Slots of one customer, whoever holds them, always fit the caps; what is given is written in the transaction that looked.
//! - An associate holds rights on one handheld at a time: the one of their latest sign-in, once slots elsewhere are over.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::card::CardView;
use sync_core::card::terms::InteractionKind;
use sync_core::concierge::Whole;
use sync_core::concierge::guard::{Settings, contact_moments};
use sync_core::concierge::rights::{
    CUSTOMERS_PER_RIGHT_MAX, Holder, RightBody, Slot, Wanted, allot, contact_right_key,
    gesture_right_key, local_day, next_slot, settled,
};
use sync_core::ids::{AssociateId, CustomerId, DeviceId, ShopId, Timestamp};
use sync_core::notices::{NoticeDraft, NoticeKind, Subject};
use sync_core::store::{self, ReadTx, StoreError, Table, decode_row, get_row, put_row};

use super::settings::SOURCE;
use super::{DeskError, gathering, owners};
use crate::book::EngineTx;
use crate::http::AppState;

pub(super) const SLOT: &[u8] = b"s";
const POSTED: &[u8] = b"n";
const GESTURE: &[u8] = b"g";
/// Days ahead in which a slot may begin: longer than a weekend without a network.
const DAYS_AHEAD: u32 = 3;
/// Customers who get a new slot in one transaction.
const NEW_SLOTS_MAX: usize = 50;
/// How long a slot that is over still counts: the longest cap.
const REMEMBERED_MS: i64 = 7 * Timestamp::DAY_MS;

/// Somebody who is signed in on a handheld.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignedIn {
    associate: AssociateId,
    holder: Holder,
    shop: ShopId,
}

/// A slot that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Given {
    #[n(0)]
    slot: Slot,
    #[n(1)]
    device: DeviceId,
}

/// A gesture right that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct GivenGesture {
    #[n(0)]
    amount_minor: i64,
    #[n(1)]
    device: DeviceId,
}

fn slots_key(customer: CustomerId, associate: AssociateId) -> Vec<u8> {
    store::key(&[SLOT, customer.as_bytes(), associate.as_bytes()])
}

fn slot_key(customer: CustomerId, associate: AssociateId, slot: Slot) -> Vec<u8> {
    store::key(&[&slots_key(customer, associate), &slot.from.0.to_be_bytes()])
}

/// Everybody who is signed in on a handheld, each on that of their latest sign-in; ascending.
pub(super) fn holders(state: &AppState) -> Vec<SignedIn> {
    let directory = state.identity.directory();
    let mut latest: BTreeMap<AssociateId, (Timestamp, Holder)> = BTreeMap::new();
    for (session, open) in &directory.sessions {
        let Some(device) = open.device.filter(|_| open.expires_at > state.clock.now()) else {
            continue;
        };
        let holder = Holder {
            device,
            session: *session,
        };
        let found = (open.expires_at, holder);
        let known = latest.entry(open.associate).or_insert(found);
        *known = (*known).max(found);
    }
    let signed_in = latest.into_iter().filter_map(|(associate, (_, holder))| {
        Some(SignedIn {
            associate,
            holder,
            shop: directory.associates.get(&associate)?.shop,
        })
    });
    signed_in.collect()
}

/// Every slot that was given of a customer, with who holds it.
fn given(tx: &dyn ReadTx, customer: CustomerId) -> Result<Vec<(AssociateId, Given)>, StoreError> {
    let prefix = store::key(&[SLOT, customer.as_bytes()]);
    let mut found = Vec::new();
    store::scan_prefix(tx, Table::Desk, &prefix, &mut |key, value| {
        let associate = key.get(prefix.len()..prefix.len() + AssociateId::LEN);
        if let Some(associate) = associate.and_then(AssociateId::from_slice) {
            found.push((associate, decode_row(Table::Desk, value)?));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// When an associate called or wrote, as the card shows.
fn contacts_by(view: &CardView, associate: AssociateId) -> Vec<Timestamp> {
    let contacts = view.interactions.iter().filter(|one| {
        let is_contact = matches!(one.kind, InteractionKind::Call | InteractionKind::Message);
        is_contact && !one.by_customer && one.summary.by == associate
    });
    contacts.map(|one| one.summary.at).collect()
}

/// Whether a slot still stands for a contact that is not known; one that was spent is counted as the contact.
fn is_open(slot: &Slot) -> bool {
    slot.from < slot.until
}

/// The unspent slots of a person that others than the asker hold, over all of the person's cards.
pub(super) fn of_others(
    tx: &dyn ReadTx,
    whole: &Whole,
    asker: AssociateId,
    now: Timestamp,
) -> Result<Vec<Slot>, StoreError> {
    let mut slots = Vec::new();
    for member in &whole.members {
        for (associate, given) in given(tx, *member)? {
            let counts = given.slot.until.plus_ms(REMEMBERED_MS) > now;
            if associate != asker && counts {
                let contacts = contacts_by(&whole.view, associate);
                let slot = settled(&[given.slot], &contacts);
                slots.extend(slot.into_iter().filter(is_open));
            }
        }
    }
    Ok(slots)
}

/// Shortens slots whose contact is known to that moment, and forgets those that no longer count.
pub(super) fn settle(
    engine: &mut EngineTx<'_>,
    customer: CustomerId,
    view: &CardView,
) -> Result<(), DeskError> {
    let now = engine.now();
    let tx = engine.tx();
    for (associate, given) in given(tx.as_read(), customer)? {
        let key = slot_key(customer, associate, given.slot);
        let spent = settled(&[given.slot], &contacts_by(view, associate));
        let slot = spent.first().copied().unwrap_or(given.slot);
        if given.slot.until.plus_ms(REMEMBERED_MS) <= now {
            tx.delete(Table::Desk, &key)?;
        } else if slot != given.slot {
            tx.delete(Table::Desk, &key)?;
            let key = slot_key(customer, associate, slot);
            put_row(tx, Table::Desk, &key, &Given { slot, ..given })?;
        }
    }
    Ok(())
}

/// Gives an associate what they may have now and posts it; what is over is taken back.
pub(super) fn issue(engine: &mut EngineTx<'_>, to: SignedIn) -> Result<(), DeskError> {
    let now = engine.now();
    let settings = gathering::settings(engine.tx().as_read())?;
    let house = gathering::house(engine.tx().as_read())?;
    // Without a clock nobody knows when a day begins.
    let Some(ahead) = house.minutes_ahead(to.shop, now) else {
        return Ok(());
    };
    let today = local_day(now, ahead);
    let mut held: BTreeMap<Slot, BTreeSet<CustomerId>> = BTreeMap::new();
    let mut new = 0;
    for customer in owners::of(engine.tx().as_read(), to.associate)? {
        let mut mine = current(engine.tx().as_read(), (customer, to), now)?;
        if mine.is_empty() && new < NEW_SLOTS_MAX {
            new += 1;
            mine.extend(give(engine, (customer, to), (today, &settings))?);
        }
        for slot in mine {
            held.entry(slot).or_default().insert(customer);
        }
    }
    let mut rights = contact_rights(to.holder, held);
    let amount_minor = gestures(engine.tx(), to, (today, &settings))?;
    if amount_minor > 0 {
        let right = RightBody::Gesture {
            holder: to.holder,
            shop: to.shop,
            day: today,
            amount_minor,
            currency: house.shops.get(&to.shop).and_then(|shop| shop.currency),
        };
        rights.push((gesture_right_key(to.holder.device, today), right));
    }
    post(engine, to, &rights)
}

/// The slots of a customer that an associate holds on this handheld and that are not over.
fn current(
    tx: &dyn ReadTx,
    (customer, to): (CustomerId, SignedIn),
    now: Timestamp,
) -> Result<Vec<Slot>, StoreError> {
    let given = given(tx, customer)?.into_iter();
    let mine = given.filter(|(associate, given)| {
        *associate == to.associate && given.device == to.holder.device && given.slot.until > now
    });
    Ok(mine.map(|(_, given)| given.slot).collect())
}

/// Gives the next slot of a customer, if one begins soon.
fn give(
    engine: &mut EngineTx<'_>,
    (customer, to): (CustomerId, SignedIn),
    (today, settings): (Slot, &Settings),
) -> Result<Option<Slot>, DeskError> {
    let now = engine.now();
    let whole = gathering::whole(engine, customer, (to.shop, None))?;
    if whole.is_erased {
        return Ok(None);
    }
    let mut taken: Vec<Slot> = contact_moments(&whole, now)
        .into_iter()
        .map(Slot::moment)
        .collect();
    for member in &whole.members {
        let given = given(engine.tx().as_read(), *member)?;
        taken.extend(
            given
                .into_iter()
                .map(|(_, given)| given.slot)
                .filter(is_open),
        );
    }
    let wanted = Wanted {
        today,
        days_ahead: DAYS_AHEAD,
        days: settings.right_days,
    };
    let Some(slot) = next_slot(&taken, wanted, &settings.caps()) else {
        return Ok(None);
    };
    let row = Given {
        slot,
        device: to.holder.device,
    };
    put_row(
        engine.tx(),
        Table::Desk,
        &slot_key(customer, to.associate, slot),
        &row,
    )?;
    Ok(Some(slot))
}

fn contact_rights(
    holder: Holder,
    held: BTreeMap<Slot, BTreeSet<CustomerId>>,
) -> Vec<(String, RightBody)> {
    let mut rights = Vec::new();
    for (slot, customers) in held {
        let customers: Vec<CustomerId> = customers.into_iter().collect();
        for (part, customers) in customers.chunks(CUSTOMERS_PER_RIGHT_MAX).enumerate() {
            let right = RightBody::Contact {
                holder,
                slot,
                customers: customers.to_vec(),
            };
            rights.push((contact_right_key(holder.device, slot, part), right));
        }
    }
    rights
}

/// What an associate may spend today on this handheld; the first time, a part of what is left of the pool.
fn gestures(
    tx: &mut dyn store::WriteTx,
    to: SignedIn,
    (today, settings): (Slot, &Settings),
) -> Result<i64, StoreError> {
    let day = store::key(&[GESTURE, to.shop.as_bytes(), &today.from.0.to_be_bytes()]);
    let key = store::key(&[&day, to.associate.as_bytes()]);
    let known: Option<GivenGesture> = get_row(tx.as_read(), Table::Desk, &key)?;
    if let Some(known) = known {
        let is_here = known.device == to.holder.device;
        return Ok(if is_here { known.amount_minor } else { 0 });
    }
    let mut given = Vec::new();
    store::scan_prefix(tx.as_read(), Table::Desk, &day, &mut |_, value| {
        let one: GivenGesture = decode_row(Table::Desk, value)?;
        given.push(one.amount_minor);
        Ok(ControlFlow::Continue(()))
    })?;
    let amount_minor = allot(
        settings.gesture_pool_minor,
        given,
        settings.gesture_day_minor,
    );
    let row = GivenGesture {
        amount_minor,
        device: to.holder.device,
    };
    put_row(tx, Table::Desk, &key, &row)?;
    Ok(amount_minor)
}

/// Posts rights, and takes back those of this associate that are no longer among them, on whichever handheld they were.
fn post(
    engine: &mut EngineTx<'_>,
    to: SignedIn,
    rights: &[(String, RightBody)],
) -> Result<(), DeskError> {
    let now = engine.now();
    let key = store::key(&[POSTED, to.associate.as_bytes(), to.holder.device.as_bytes()]);
    let before: Option<BTreeSet<String>> = get_row(engine.tx().as_read(), Table::Desk, &key)?;
    let before = before.unwrap_or_default();
    let subject = Subject::Associate(to.associate);
    let mut drafts = Vec::new();
    for (key, right) in rights {
        let known = sync_core::notices::get::<RightBody>(engine.tx().as_read(), subject, key)?;
        if known.is_none_or(|(_, known)| known != *right) {
            drafts.push(NoticeDraft::new(subject, key.clone(), (SOURCE, now), right));
        }
    }
    let posted: BTreeSet<String> = rights.iter().map(|(key, _)| key.clone()).collect();
    for gone in before.difference(&posted) {
        drafts.push(NoticeDraft {
            subject,
            kind: NoticeKind::Right,
            key: gone.clone(),
            source: SOURCE.to_owned(),
            as_of: now,
            body: None,
        });
    }
    if !drafts.is_empty() {
        engine.put_notices(&drafts)?;
    }
    if before != posted {
        put_row(engine.tx(), Table::Desk, &key, &posted)?;
    }
    Ok(())
}
