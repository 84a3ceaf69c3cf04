//! The two sides that compare: how each stores a book, and what it computes from what it stored.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sync_core::card::links::{Cards, Opened, Person};
use sync_core::card::view::Strength;
use sync_core::card::{CardView, Corrections, Facet, Plan, Reading, Visible};
use sync_core::concierge::confirm::{Reply, asks, next_ask};
use sync_core::concierge::gap::{Contribution, Settings as GapSettings};
use sync_core::concierge::gather::Gathered;
use sync_core::concierge::guard::{Reason, Ruling, guard};
use sync_core::concierge::handover::Pack;
use sync_core::concierge::ledger::{EntryKind, ledger};
use sync_core::concierge::obligations::{State, obligations};
use sync_core::concierge::playbook::Playbook;
use sync_core::concierge::rights::{Gesture, Held, Marks, RightBody, Rights, Slot, spend};
use sync_core::concierge::today::{Shift, TodayList, due, row_of};
use sync_core::concierge::{Brief, LineKind, Picture, Recommendations, Viewer};
use sync_core::crypto::sha256;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{CustomerId, DeviceId, Hash32, Timestamp};
use sync_core::notices::{self, Subject};
use sync_core::projection;
use sync_core::records;
use sync_core::replica::book::Book as Handheld;
use sync_core::store::memory::MemoryStore;
use sync_core::store::{ReadTx, Store, StoreError};

use crate::book::{self, Book, CUSTOMER, HERE, HOLDER, ME, NOW};

/// What one side computes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Results {
    pub(crate) brief: Hash32,
    pub(crate) recommendations: Hash32,
    pack: Hash32,
    today: Hash32,
    obligations: Hash32,
    share: Hash32,
    guard: Hash32,
    gestures: Hash32,
    ledger: Hash32,
    ask: Hash32,
    members: Vec<CustomerId>,
}

/// What the books had in them, so that the comparison can't pass by comparing nothing.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) kinds: BTreeSet<LineKind>,
    pub(crate) recommended: u64,
    pub(crate) referred: u64,
    pub(crate) due: u64,
    pub(crate) confirmed: u64,
    pub(crate) states: BTreeMap<State, u64>,
    pub(crate) items: BTreeSet<String>,
    pub(crate) allowed: u64,
    pub(crate) reasons: BTreeSet<Reason>,
    pub(crate) spent: u64,
    pub(crate) entries: BTreeSet<EntryKind>,
    pub(crate) asked: u64,
    pub(crate) together: u64,
    pub(crate) apart: u64,
    pub(crate) came_true: u64,
}

/// The cards of a store, as whoever works sees them.
struct Shelf<'a> {
    cards: &'a BTreeMap<CustomerId, Vec<&'a Plan>>,
    tx: &'a dyn ReadTx,
}

impl Cards for Shelf<'_> {
    type Error = StoreError;

    fn open(&mut self, card: CustomerId) -> Result<Option<Opened>, StoreError> {
        let plans = self.cards.get(&card);
        Ok(plans.map(|plans| (visible(plans), Corrections::new())))
    }

    fn linking_to(&mut self, card: CustomerId) -> Result<Vec<CustomerId>, StoreError> {
        projection::linking_to(self.tx, card)
    }
}

/// What whoever works sees of a card.
fn visible(plans: &[&Plan]) -> Visible {
    let mut visible = Visible::default();
    for plan in plans {
        visible.write(plan);
    }
    let seen = visible
        .iter()
        .filter(|(facet, _)| **facet != Facet::Restricted);
    seen.map(|(facet, entries)| (*facet, entries.clone()))
        .collect()
}

fn hash(text: &str) -> Hash32 {
    sha256("test", &[text.as_bytes()])
}

fn json(value: &impl Serialize) -> Hash32 {
    hash(&serde_json::to_string(value).unwrap())
}

/// What one side computes of a book that it stored.
pub(crate) struct Side<'a> {
    store: MemoryStore,
    cards: BTreeMap<CustomerId, Vec<&'a Plan>>,
    device: DeviceId,
    book: &'a Book,
}

impl Side<'_> {
    /// What it computes, which must not depend on how the rows came.
    pub(crate) fn compute(&self, seen: &mut Seen) -> Results {
        let mut tx = self.store.write().unwrap();
        let person = Person::of(
            CUSTOMER,
            &mut Shelf {
                cards: &self.cards,
                tx: tx.as_read(),
            },
        );
        let person = person.unwrap();
        let (view, members) = person.view(NOW, Some(ME));
        seen.together += u64::from(members.len() > 1);
        seen.apart += u64::from(self.cards.len() > 1 && !person.is_one());
        let gathered = Gathered::read(tx.as_read(), (CUSTOMER, &members), view, HERE).unwrap();
        let viewer = Viewer {
            associate: ME,
            device: self.device,
            shop: HERE,
        };
        let picture = gathered.picture(CUSTOMER, viewer, (Some(NOW), NOW));
        let (brief, recommendations) = (Brief::of(&picture), Recommendations::of(&picture));
        let pack = Pack::of(&picture);
        look(&brief, &recommendations, &picture, seen);
        let text = serde_json::to_string(&(&brief, &recommendations, &pack)).unwrap();
        assert!(!text.contains("dermatitis"), "the effect without the cause");
        let (obligations, share) = owed(tx.as_read(), &picture, seen);
        let row = row_of(&picture, &Playbook::standard());
        let results = Results {
            brief: brief.hash(),
            recommendations: recommendations.hash(),
            pack: pack.hash(),
            obligations,
            share,
            guard: self.verdicts(tx.as_read(), &picture, seen),
            gestures: gestures(tx.as_read(), seen),
            ledger: given(&picture, seen),
            ask: in_doubt(&picture, seen),
            today: Hash32([0; 32]),
            members,
        };
        due::put(&mut *tx, &row, NOW).unwrap();
        Results {
            today: today(tx.as_read(), seen),
            ..results
        }
    }

    /// What the guard says, on the handheld that holds the rights and on the hub that knows what it gave.
    fn verdicts(&self, tx: &dyn ReadTx, picture: &Picture<'_>, seen: &mut Seen) -> Hash32 {
        let settings = Handheld::settings(tx).unwrap();
        let held = held(tx);
        let given = slots(tx, &picture.whole.members);
        let mut verdicts = Vec::new();
        for request in &self.book.requests {
            for rights in [Rights::Handheld(&held), Rights::Hub(&given)] {
                let verdict = guard(picture, request, &settings, rights);
                seen.allowed += u64::from(verdict.ruling == Ruling::Allow);
                seen.reasons.extend(verdict.reason());
                verdicts.push(verdict);
            }
        }
        json(&verdicts)
    }
}

fn look(brief: &Brief, recommendations: &Recommendations, picture: &Picture<'_>, seen: &mut Seen) {
    for line in brief.lines() {
        assert!(!line.sources.is_empty(), "{line:?}");
        seen.kinds.insert(line.kind);
    }
    for item in &recommendations.items {
        let sum: u32 = item.reasons.iter().map(|reason| reason.points).sum();
        assert_eq!(item.score, sum);
    }
    seen.recommended += recommendations.items.len() as u64;
    seen.referred += recommendations.referrals.len() as u64;
    let view = &picture.whole.view;
    let confirmed = view.preferences.iter();
    let confirmed = confirmed.filter(|one| one.strength == Strength::Confirmed);
    seen.confirmed += confirmed.count() as u64;
    let came_true = view.wishes.iter().filter(|wish| wish.fulfilled);
    seen.came_true += came_true.count() as u64;
}

fn today(tx: &dyn ReadTx, seen: &mut Seen) -> Hash32 {
    let mut stored = Vec::new();
    due::for_each(tx, &mut |due| stored.push(due)).unwrap();
    let shift = Shift {
        of: None,
        now: NOW,
        ends: NOW.plus_ms(Timestamp::DAY_MS / 2),
        minutes: 45,
    };
    let list: TodayList = stored.into_iter().collect();
    let today = list.plan(&shift, usize::MAX);
    seen.due += (today.today.len() + today.not_today.len()) as u64;
    today.hash()
}

/// What the chain's playbook owes, and what share of it they got.
fn owed(tx: &dyn ReadTx, picture: &Picture<'_>, seen: &mut Seen) -> (Hash32, Hash32) {
    let playbook = Handheld::playbook(tx).unwrap();
    let whole = (picture.whole, picture.house);
    let owed = obligations(CUSTOMER, whole, &playbook, NOW);
    for one in &owed {
        *seen.states.entry(one.state).or_default() += 1;
        seen.items.insert(one.item.clone());
    }
    let settings = GapSettings::default();
    let counted = Contribution::of(whole, &playbook, &settings, NOW);
    let share = counted.share(&playbook, &settings);
    let told = format!("{counted:?} {share:?}");
    (json(&owed), hash(&told))
}

/// What both sides gave each other, as the customer may have it.
fn given(picture: &Picture<'_>, seen: &mut Seen) -> Hash32 {
    let ledger = ledger(picture);
    seen.entries.extend(ledger.counts().into_keys());
    hash(&ledger.to_json())
}

/// The next question, with what an answer to it would write down, and the others that wait.
fn in_doubt(picture: &Picture<'_>, seen: &mut Seen) -> Hash32 {
    let next = next_ask(picture);
    seen.asked += u64::from(next.is_some());
    let answers = next.map(|ask| {
        [Reply::Yes, Reply::No, Reply::Instead("38".to_owned())].map(|reply| ask.answer(&reply))
    });
    let told = format!("{next:?} {answers:?} {:?}", asks(picture));
    hash(&told)
}

fn rights(tx: &dyn ReadTx) -> Vec<(String, RightBody)> {
    let mut rights = Vec::new();
    notices::for_each(tx, Subject::Associate(ME), &mut |notice, right| {
        rights.push((notice.key, right));
    })
    .unwrap();
    rights
}

fn held(tx: &dyn ReadTx) -> Held {
    Held::new(HOLDER, rights(tx), Marks::default())
}

/// The slots that anybody holds for this person.
fn slots(tx: &dyn ReadTx, members: &[CustomerId]) -> Vec<Slot> {
    let of_them = |right| match right {
        RightBody::Contact {
            slot, customers, ..
        } => {
            let is_theirs = |member| customers.binary_search(member).is_ok();
            members.iter().any(is_theirs).then_some(slot)
        }
        RightBody::Gesture { .. } => None,
    };
    let rights = rights(tx).into_iter();
    rights.filter_map(|(_, right)| of_them(right)).collect()
}

/// What is left to spend on gestures before and after some are made, and which of them could be.
fn gestures(tx: &dyn ReadTx, seen: &mut Seen) -> Hash32 {
    let mut held = held(tx);
    let mut told = format!("{:?}", held.gestures_left(HERE, NOW));
    for amount_minor in [2_500, 4_000] {
        let gesture = Gesture {
            customer: CUSTOMER,
            reason: "waited long".to_owned(),
            amount_minor,
            currency: None,
            shop: HERE,
        };
        let spent = spend(&mut held, &gesture, NOW);
        seen.spent += u64::from(spent.is_ok());
        told += &format!("{spent:?} {:?}", held.gestures_left(HERE, NOW));
    }
    hash(&told)
}

/// The index by which a link is found from the card that does not say it.
fn fold(store: &MemoryStore, cards: &BTreeMap<CustomerId, Vec<&Plan>>, is_backward: bool) {
    if cards.len() < 2 {
        return;
    }
    let mut tx = store.write().unwrap();
    let mut cards: Vec<_> = cards.iter().collect();
    if is_backward {
        cards.reverse();
    }
    for (card, plans) in cards {
        let reading = Reading {
            now: NOW,
            corrections: &Corrections::new(),
        };
        let view = CardView::read(&visible(plans), &reading);
        let row = projection::project(*card, &view, None);
        projection::fold(&mut *tx, &row).unwrap();
    }
    tx.commit().unwrap();
}

/// The hub stores rows as they were written.
pub(crate) fn hub(book: &Book) -> Side<'_> {
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    for record in &book.records {
        records::put_record(&mut *tx, record).unwrap();
    }
    for notice in &book.notices {
        notices::put(&mut *tx, notice).unwrap();
    }
    tx.commit().unwrap();
    let cards = book.cards.iter();
    let cards = cards
        .map(|(card, plans)| (*card, plans.iter().collect()))
        .collect();
    fold(&store, &cards, false);
    Side {
        store,
        cards,
        device: DeviceId([0; 8]),
        book,
    }
}

/// A handheld stores them as they arrive: in another order, some twice, an earlier version after a later one, a page at a time.
pub(crate) fn handheld<'a>(book: &'a Book, random: &mut SeededEntropy) -> Side<'a> {
    let store = MemoryStore::default();
    let mut notices: Vec<_> = book.notices.iter().collect();
    let mut records: Vec<_> = book.records.iter().collect();
    book::shuffle(&mut notices, random);
    book::shuffle(&mut records, random);
    notices.extend(notices.clone().iter().take(5));
    for page in notices.chunks(7) {
        let mut tx = store.write().unwrap();
        for notice in page {
            notices::put(&mut *tx, notice).unwrap();
        }
        tx.commit().unwrap();
    }
    let mut tx = store.write().unwrap();
    for record in records {
        records::put_record(&mut *tx, record).unwrap();
    }
    tx.commit().unwrap();
    let cards = book.cards.iter();
    let cards = cards
        .map(|(card, plans)| (*card, book::as_they_came(plans, random)))
        .collect();
    fold(&store, &cards, true);
    Side {
        store,
        cards,
        device: HOLDER.device,
        book,
    }
}
