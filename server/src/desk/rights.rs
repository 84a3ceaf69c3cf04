//! Rights, given to handhelds that are signed in: slots to contact the customers somebody looks after first, and a part of the gesture pool.
//!
//! # Invariants
//! - Slots of one customer, whoever holds them, always fit the caps; what is given is written in the transaction that looked.
//! - An associate holds rights on one handheld at a time, the one of their latest sign-in. What another held is taken back there, and given
//!   on only as far as it is certain that it is not spent there ([`fate`]).

pub(crate) mod fate;
pub mod gestures;
pub(super) mod passes;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use sync_core::card::CardView;
use sync_core::card::links::Person;
use sync_core::card::terms::InteractionKind;
use sync_core::concierge::Whole;
use sync_core::concierge::guard::{Settings, contact_moments};
use sync_core::concierge::rights::{
    CUSTOMERS_PER_RIGHT_MAX, Fate, Holder, RightBody, Slot, Wanted, contact_right_key, left,
    local_day, next_slot,
};
use sync_core::ids::{AssociateId, CustomerId, DeviceId, EditId, SessionId, ShopId, Timestamp};
use sync_core::notices::{NoticeDraft, NoticeKind, Subject};
use sync_core::store::{self, ReadTx, StoreError, Table, decode_row, get_row, put_row};

use super::settings::SOURCE;
use super::{DeskError, gathering, owners};
use crate::book::EngineTx;
use crate::http::AppState;
use crate::identity::Identity;
use passes::Pass;

pub(super) const SLOT: &[u8] = b"s";
const POSTED: &[u8] = b"n";
/// Days ahead in which a slot may begin: longer than a weekend without a network.
const DAYS_AHEAD: u32 = 3;
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
    /// In which sign-in; what was given before this was kept names none.
    #[n(2)]
    session: Option<SessionId>,
}

fn slots_key(customer: CustomerId, associate: AssociateId) -> Vec<u8> {
    store::key(&[SLOT, customer.as_bytes(), associate.as_bytes()])
}

/// A slot by when it begins and on which handheld: what is left of one there may begin when the next one here does.
fn slot_key(customer: CustomerId, associate: AssociateId, given: &Given) -> Vec<u8> {
    let from = given.slot.from.0.to_be_bytes();
    let slots = slots_key(customer, associate);
    store::key(&[&slots, &from, given.device.as_bytes()])
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

/// A call or a message of the house, and where it was recorded.
struct Made {
    by: AssociateId,
    on: DeviceId,
    at: Timestamp,
}

/// The calls and messages that the cards of a person tell of.
fn made(person: &Person, view: &CardView) -> Vec<Made> {
    let entries = person.cards.values().flat_map(|visible| visible.iter());
    let entries = entries.flat_map(|(_, entries)| entries.iter());
    let dealings = entries.filter(|(key, _)| key.path.entity == "interaction");
    let devices: BTreeMap<EditId, DeviceId> = dealings
        .map(|(key, entry)| (key.edit, entry.provenance.device))
        .collect();
    let contacts = view.interactions.iter().filter(|one| {
        let is_contact = matches!(one.kind, InteractionKind::Call | InteractionKind::Message);
        is_contact && !one.by_customer
    });
    contacts
        .filter_map(|one| {
            Some(Made {
                by: one.summary.by,
                on: *devices.get(&one.id)?,
                at: one.summary.at,
            })
        })
        .collect()
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
            if associate != asker && counts && is_open(&given.slot) {
                slots.push(given.slot);
            }
        }
    }
    Ok(slots)
}

/// Writes what is left of a slot in place of it.
fn replace(
    engine: &mut EngineTx<'_>,
    (customer, associate): (CustomerId, AssociateId),
    before: Given,
    after: Option<Given>,
) -> Result<(), StoreError> {
    if after == Some(before) {
        return Ok(());
    }
    let tx = engine.tx();
    tx.delete(Table::Desk, &slot_key(customer, associate, &before))?;
    match after {
        Some(after) => {
            let key = slot_key(customer, associate, &after);
            put_row(tx, Table::Desk, &key, &after)
        }
        None => Ok(()),
    }
}

/// Shortens slots of a person whose contact is known to that moment, and forgets those that no longer count.
///
/// A contact spends the slot of the handheld it was made on. One that was recorded at the hub itself counts for whichever handheld its
/// associate holds.
pub(super) fn settle(engine: &mut EngineTx<'_>, customer: CustomerId) -> Result<(), DeskError> {
    let now = engine.now();
    let nobody = (ShopId([0; ShopId::LEN]), None);
    let person = gathering::person(engine, customer, nobody)?;
    let (view, members) = person.view(now, None);
    let hub = engine.device();
    let mut contacts: Option<Vec<Made>> = None;
    for member in members {
        owners::learn(engine, member)?;
        for (associate, given) in given(engine.tx().as_read(), member)? {
            passes::end(engine.tx(), associate)?;
            let made = contacts.get_or_insert_with(|| made(&person, &view)).iter();
            let of_it = made
                .filter(|made| made.by == associate && (made.on == given.device || made.on == hub));
            let of_it: Vec<Timestamp> = of_it.map(|made| made.at).collect();
            let is_over = given.slot.until.plus_ms(REMEMBERED_MS) <= now;
            let slot = left(given.slot, Fate::Out, &of_it).filter(|_| !is_over);
            let after = slot.map(|slot| Given { slot, ..given });
            replace(engine, (member, associate), given, after)?;
        }
    }
    Ok(())
}

/// Gives an associate what they may have now and posts it; what is over is taken back, and what other handhelds of theirs hold.
/// Where nothing has changed since the last time nobody is looked at. Returns whether it was looked.
pub(super) fn issue(
    engine: &mut EngineTx<'_>,
    to: SignedIn,
    identity: &Identity,
) -> Result<bool, DeskError> {
    let now = engine.now();
    let settings = gathering::settings(engine.tx().as_read())?;
    let house = gathering::house(engine.tx().as_read())?;
    // Without a clock nobody knows when a day begins.
    let Some(ahead) = house.minutes_ahead(to.shop, now) else {
        return Ok(false);
    };
    let today = local_day(now, ahead);
    let known = passes::get(engine.tx().as_read(), to.associate)?;
    let mut pass = Pass::new(to, &settings, today);
    if known.as_ref().is_some_and(|known| known.holds(&pass, now)) {
        return Ok(false);
    }
    take_back(engine, to, identity)?;
    let mut held: BTreeMap<Slot, BTreeSet<CustomerId>> = BTreeMap::new();
    let mut waiting = Vec::new();
    let mut is_out = false;
    for customer in owners::of(engine.tx().as_read(), to.associate)? {
        let (mine, out) = current(engine, (customer, to), identity)?;
        is_out |= out;
        // While another handheld may spend one, the next would lie behind all of it: what is certain soon makes room before.
        if mine.is_empty() && !out {
            waiting.push(customer);
        }
        for slot in mine {
            held.entry(slot).or_default().insert(customer);
        }
    }
    let tried = pass.next(known.as_ref(), &waiting);
    let mut without = 0;
    for customer in &tried {
        match give(engine, (*customer, to), (today, &settings))? {
            Some(slot) => {
                held.entry(slot).or_default().insert(*customer);
            }
            None => without += 1,
        }
    }
    pass.note(waiting.len(), &tried, without);
    for slot in held.keys() {
        pass.ends_by(slot.until);
    }
    let mut rights = contact_rights(to.holder, held);
    let gift = gestures::give(engine, to, identity, (today, &settings))?;
    is_out |= gift.is_none();
    if let Some((key, amount_minor)) = gift.filter(|(_, amount_minor)| *amount_minor > 0) {
        let right = RightBody::Gesture {
            holder: to.holder,
            shop: to.shop,
            day: today,
            amount_minor,
            currency: house.shops.get(&to.shop).and_then(|shop| shop.currency),
        };
        rights.push((key, right));
    }
    post(engine, to, &rights)?;
    passes::put(engine.tx(), to.associate, &pass)?;
    if is_out && pass.is_over() {
        // What is out elsewhere is looked at again and again.
        passes::end(engine.tx(), to.associate)?;
    }
    Ok(true)
}

/// Brings the slots of a customer that an associate was given up to what is certain of their handhelds.
/// Gives back those that the present one holds and that are not over, and whether another may still spend one.
fn current(
    engine: &mut EngineTx<'_>,
    (customer, to): (CustomerId, SignedIn),
    identity: &Identity,
) -> Result<(Vec<Slot>, bool), StoreError> {
    let now = engine.now();
    let mut mine = Vec::new();
    let mut is_out = false;
    for (associate, given) in given(engine.tx().as_read(), customer)? {
        if associate != to.associate || !is_open(&given.slot) {
            continue;
        }
        let holder = (given.device, given.session);
        let fate = fate::of(engine.tx().as_read(), to, holder, identity, now)?;
        let after = match fate {
            // The next sign-in on the same handheld takes the slot over, with the handheld's marks.
            None => Some(Given {
                session: Some(to.holder.session),
                ..given
            }),
            Some(fate) => left(given.slot, fate, &[]).map(|slot| Given { slot, ..given }),
        };
        replace(engine, (customer, associate), given, after)?;
        let is_here = fate.is_none() && given.slot.until > now;
        mine.extend(is_here.then_some(given.slot));
        is_out |= fate == Some(Fate::Out) && given.slot.until > now;
    }
    Ok((mine, is_out))
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
        session: Some(to.holder.session),
    };
    put_row(
        engine.tx(),
        Table::Desk,
        &slot_key(customer, to.associate, &row),
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

/// Takes back what an associate holds on other handhelds than the present one, and notes when those will know.
fn take_back(
    engine: &mut EngineTx<'_>,
    to: SignedIn,
    identity: &Identity,
) -> Result<(), DeskError> {
    let now = engine.now();
    let prefix = store::key(&[POSTED, to.associate.as_bytes()]);
    let mut others: Vec<(DeviceId, BTreeSet<String>)> = Vec::new();
    store::scan_prefix(
        engine.tx().as_read(),
        Table::Desk,
        &prefix,
        &mut |key, value| {
            let device = key.get(prefix.len()..).and_then(DeviceId::from_slice);
            if let Some(device) = device.filter(|device| *device != to.holder.device) {
                others.push((device, decode_row(Table::Desk, value)?));
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    for (device, keys) in others {
        let gone: Vec<NoticeDraft> = keys
            .into_iter()
            .map(|key| taken_back(to.associate, key, now))
            .collect();
        engine.put_notices(&gone)?;
        let key = store::key(&[POSTED, to.associate.as_bytes(), device.as_bytes()]);
        engine.tx().delete(Table::Desk, &key)?;
        fate::note_taken_back(engine, identity, (to.associate, device))?;
    }
    Ok(())
}

fn taken_back(associate: AssociateId, key: String, now: Timestamp) -> NoticeDraft {
    NoticeDraft {
        subject: Subject::Associate(associate),
        kind: NoticeKind::Right,
        key,
        source: SOURCE.to_owned(),
        as_of: now,
        body: None,
    }
}

/// Posts rights, and takes back those of this associate on this handheld that are no longer among them.
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
        drafts.push(taken_back(to.associate, gone.clone(), now));
    }
    if !drafts.is_empty() {
        engine.put_notices(&drafts)?;
    }
    if before != posted {
        put_row(engine.tx(), Table::Desk, &key, &posted)?;
    }
    Ok(())
}
