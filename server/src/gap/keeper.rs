//! Keeping the gap up to date: what was touched, what time changed, and everybody once the standard changes.
//!
//! [`step`] does a bounded piece of it inside the writer's transaction and says whether more is left; [`run`] drives it while the hub serves.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use minicbor::{Decode, Encode};
use sync_core::authority::followers::{self, Follower};
use sync_core::concierge::gap::{Contribution, Settings, StandardSnapshot};
use sync_core::concierge::picture::{House, Whole};
use sync_core::concierge::playbook::Playbook;
use sync_core::crypto::{HubKey, sha256};
use sync_core::ids::{CustomerId, Hash32, ShopId, Timestamp};
use sync_core::notices::bodies::StockBody;
use sync_core::notices::{self, NoticeDraft, NoticeError, Subject};
use sync_core::projection;
use sync_core::store::{ReadTx, StoreError, Table, WriteTx, get_row, put_row};

use super::ledger::{self, Ledger, Unkept, Wished};
use super::{Kept, gather, history, settings};
use crate::book::{Book, EngineTx};
use crate::http::AppState;
use crate::writer::WriteError;

const ERA: &[u8] = b"e";
/// Customers of one step: some ten milliseconds of the writer's time.
const STEP_CUSTOMERS: usize = 128;
/// Rows removed in one step.
const STEP_ROWS: usize = 5_000;
/// How often the hub works in what changed.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often a moved standing is told to handhelds: a feed entry for every book.
const PUBLISH_MS: i64 = 3_600_000;

/// How far counting is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Era {
    /// What is counted by: playbook and settings.
    #[n(0)]
    by: Option<Hash32>,
    /// How far.
    #[n(1)]
    phase: Phase,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
enum Phase {
    /// What was counted by another standard is removed.
    #[n(0)]
    #[default]
    Clearing,
    /// Everybody is counted, in the order of ids, after this one.
    #[n(1)]
    Filling(#[n(0)] Option<CustomerId>),
    /// Everybody is counted; what changes is counted again.
    #[n(2)]
    Following,
}

fn hash_of(playbook: &Playbook, settings: &Settings) -> Hash32 {
    let settings = format!("{settings:?}");
    sha256(
        "gap.era.v4",
        &[playbook.hash().as_bytes(), settings.as_bytes()],
    )
}

impl Era {
    /// Reads how far counting is.
    ///
    /// # Errors
    /// What the store reports.
    pub fn read(tx: &dyn ReadTx) -> Result<Self, StoreError> {
        Ok(get_row(tx, Table::Gap, ERA)?.unwrap_or_default())
    }

    /// Whether everybody is counted by this standard.
    #[must_use]
    pub fn is_done_for(&self, playbook: &Playbook, settings: &Settings) -> bool {
        self.phase == Phase::Following && self.by == Some(hash_of(playbook, settings))
    }
}

/// One transaction's work.
struct Counting {
    playbook: Playbook,
    settings: Settings,
    house: House,
    ledger: Ledger,
    now: Timestamp,
    counted: BTreeSet<CustomerId>,
}

impl Counting {
    fn begin(tx: &dyn ReadTx, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self {
            playbook: super::playbook(tx)?.0,
            settings: settings::read(tx)?,
            house: gather::shops(tx)?,
            ledger: Ledger::load(tx)?,
            now,
            counted: BTreeSet::new(),
        })
    }

    /// Counts cards again, with those that are, were or will be counted with them.
    fn count(&mut self, engine: &mut EngineTx<'_>, cards: &[CustomerId]) -> Result<(), StoreError> {
        let mut all: BTreeSet<CustomerId> = cards.iter().copied().collect();
        // First who says what of whom, of all of them: a person is read from both ends.
        for card in cards {
            let links = gather::links_of(engine, *card)?;
            all.extend(ledger::put_links(engine.tx(), *card, &links)?);
            all.extend(links);
            all.extend(ledger::linking_to(engine.tx().as_read(), *card)?);
        }
        // Whoever stops being one person stops so for every card of it.
        for card in all.clone() {
            let tx = engine.tx().as_read();
            let person = ledger::counted_in(tx, card)?.unwrap_or(card);
            all.insert(person);
            let before = ledger::row(tx, person)?;
            all.extend(before.map(|row| row.members).unwrap_or_default());
        }
        for card in all {
            self.count_one(engine, card)?;
        }
        Ok(())
    }

    fn count_one(&mut self, engine: &mut EngineTx<'_>, card: CustomerId) -> Result<(), StoreError> {
        if self.counted.contains(&card) {
            return Ok(());
        }
        let whole = gather::whole(engine, card)?;
        let person = whole.members.first().copied().unwrap_or(card);
        let wishes = wished(engine, &whole)?;
        gather::stock(engine.tx().as_read(), &whole, &mut self.house)?;
        let row = self.row(&whole);
        let unkept = self.unkept(&whole);
        let tx = engine.tx();
        let by = (&self.playbook, &self.settings);
        for member in whole.members.iter().copied().chain([card]) {
            ledger::count_in(tx, member, Some(person))?;
            if member != person {
                self.ledger.put(tx, by, member, None)?;
                ledger::put_unkept(tx, member, &[])?;
                ledger::put_wishes(tx, member, &[])?;
            }
            self.counted.insert(member);
        }
        self.ledger.put(tx, by, person, Some(&row))?;
        ledger::put_wishes(tx, person, &wishes)?;
        ledger::put_unkept(tx, person, &unkept)
    }

    fn save(&mut self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        self.ledger.save(tx, (&self.playbook, &self.settings))
    }

    fn row(&self, whole: &Whole) -> Contribution {
        let both = (whole, &self.house);
        Contribution::of(both, &self.playbook, &self.settings, self.now)
    }

    /// Promises whose time is over, whatever the playbook says of them.
    fn unkept(&self, whole: &Whole) -> Vec<Unkept> {
        let is_over = |due: Timestamp| due <= self.now;
        let promises = whole.view.promises.iter();
        let open = promises.filter(|promise| promise.is_open() && promise.due.is_some_and(is_over));
        let unkept = open.filter_map(|promise| {
            Some(Unkept {
                promise: promise.id,
                due: promise.due?,
            })
        });
        if whole.is_erased {
            return Vec::new();
        }
        unkept.collect()
    }
}

/// What a customer wishes for, each with since when the shop that wrote it down has it.
fn wished(engine: &mut EngineTx<'_>, whole: &Whole) -> Result<Vec<Wished>, StoreError> {
    let mut wishes = Vec::new();
    for wish in &whole.view.wishes {
        let (sku, shop) = (wish.sku.value.clone(), wish.sku.shop);
        tell_first_count(engine, &sku, shop)?;
        let since = gather::there_since(engine.tx().as_read(), &sku, shop)?;
        wishes.push(Wished { sku, shop, since });
    }
    Ok(wishes)
}

/// Tells stock again that a build before `there_since` told, with the first count that it noted beside it: once for each article.
fn tell_first_count(engine: &mut EngineTx<'_>, sku: &str, shop: ShopId) -> Result<(), StoreError> {
    let Some(noted) = ledger::in_stock_since(engine.tx().as_read(), sku, shop)? else {
        return Ok(());
    };
    ledger::note_stock(engine.tx(), (sku, shop), None)?;
    let tx = engine.tx().as_read();
    let there = gather::stock_of(tx, sku, shop)?;
    let Some(told) = there.filter(|told| told.body.there_since.is_none()) else {
        return Ok(());
    };
    let body = StockBody {
        there_since: Some(noted),
        ..told.body
    };
    for subject in [Subject::Chain, Subject::Shop(shop)] {
        let stands = notices::get::<StockBody>(engine.tx().as_read(), subject, &told.key)?;
        if stands.is_none_or(|(notice, _)| notice.as_of != told.as_of) {
            continue;
        }
        let from = (told.source.as_str(), told.as_of);
        let draft = NoticeDraft::new(subject, told.key.as_str(), from, &body);
        // Of a notice that has no room for a moment more, the last count stays the first.
        if let Err(NoticeError::Store(error)) = engine.put_notices(&[draft]) {
            return Err(error);
        }
    }
    Ok(())
}

/// Counts some customers again whose wish has come, is gone, or went and came back since they were counted: goods touch nobody's card.
/// Returns after whom to go on; nothing when all were looked at.
///
/// # Errors
/// What the store reports; the job must then fail, so that its work is undone.
pub fn look_for_wishes(
    engine: &mut EngineTx<'_>,
    after: Option<CustomerId>,
    now: Timestamp,
) -> Result<Option<CustomerId>, StoreError> {
    let mut counting = Counting::begin(engine.tx().as_read(), now)?;
    if !Era::read(engine.tx().as_read())?.is_done_for(&counting.playbook, &counting.settings) {
        return Ok(None);
    }
    let (mut looked, mut last, mut moved) = (0, None, Vec::new());
    let tx = engine.tx().as_read();
    ledger::wishes(tx, after, &mut |customer, wishes| {
        for wished in wishes {
            if gather::there_since(tx, &wished.sku, wished.shop)? != wished.since {
                moved.push(customer);
                break;
            }
        }
        looked += 1;
        last = Some(customer);
        Ok(if looked >= STEP_CUSTOMERS {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    counting.count(engine, &moved)?;
    if !moved.is_empty() {
        counting.save(engine.tx())?;
    }
    Ok(last.filter(|_| looked >= STEP_CUSTOMERS))
}

/// Does a piece of the work. Returns whether more is left.
///
/// # Errors
/// What the store reports; the job must then fail, so that its work is undone.
pub fn step(engine: &mut EngineTx<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let mut counting = Counting::begin(engine.tx().as_read(), now)?;
    let mut era = Era::read(engine.tx().as_read())?;
    let by = Some(hash_of(&counting.playbook, &counting.settings));
    let touched = followers::touched(engine.tx().as_read(), Follower::Gap, STEP_CUSTOMERS)?;
    if era.by != by || (touched.is_everybody && era.phase == Phase::Following) {
        era = Era {
            by,
            phase: Phase::Clearing,
        };
    }
    let more = match era.phase.clone() {
        Phase::Clearing => {
            let more = ledger::clear(engine.tx(), STEP_ROWS)?;
            if !more {
                // Whatever is touched from here on is told; everything before is counted now.
                era.phase = Phase::Filling(None);
                followers::advance(engine.tx(), Follower::Gap, touched.upto)?;
            }
            put_row(engine.tx(), Table::Gap, ERA, &era)?;
            return Ok(true);
        }
        Phase::Filling(after) => {
            let cards = cards_after(engine.tx().as_read(), after)?;
            counting.count(engine, &cards)?;
            era.phase = match cards.last() {
                Some(last) => Phase::Filling(Some(*last)),
                None => Phase::Following,
            };
            put_row(engine.tx(), Table::Gap, ERA, &era)?;
            true
        }
        Phase::Following => {
            let mut cards: Vec<_> = touched.customers.iter().copied().collect();
            if cards.is_empty() {
                let due = counting.ledger.take_due(engine.tx(), now, STEP_CUSTOMERS)?;
                if !due.is_any {
                    return Ok(false);
                }
                cards = due.customers;
            }
            counting.count(engine, &cards)?;
            followers::advance(engine.tx(), Follower::Gap, touched.upto)?;
            true
        }
    };
    counting.save(engine.tx())?;
    Ok(more)
}

fn cards_after(tx: &dyn ReadTx, after: Option<CustomerId>) -> Result<Vec<CustomerId>, StoreError> {
    let mut cards = Vec::new();
    projection::rows(tx, after, &mut |row| {
        cards.push(row.customer);
        Ok(if cards.len() >= STEP_CUSTOMERS {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(cards)
}

/// Works until nothing is left to do now.
///
/// # Errors
/// Why something was not kept.
pub async fn settle(book: &Book, now: Timestamp) -> Result<(), WriteError<StoreError>> {
    while book.write_batch(move |engine| step(engine, now)).await? {}
    let mut after = None;
    loop {
        let looked = book.write_batch(move |engine| look_for_wishes(engine, after, now));
        after = looked.await?;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Keeps the week's report, and tells handhelds where the gap stands when that has moved. Returns whether it was told.
///
/// # Errors
/// Why nothing was kept.
pub async fn publish(
    book: &Book,
    key: HubKey,
    now: Timestamp,
) -> Result<bool, WriteError<NoticeError>> {
    book.write_batch(move |engine| {
        let tx = engine.tx().as_read();
        let kept = Kept::read(tx)?;
        if !kept.is_complete {
            return Ok(false);
        }
        let report = kept.report(tx, now)?;
        let known = history::of(tx, now)?;
        let told = notices::get::<StandardSnapshot>(tx, Subject::Chain, "")?;
        let is_same = known.is_some_and(|mut known| {
            known.as_of = report.as_of;
            known == report
        });
        if !is_same {
            history::keep(engine.tx(), &report)?;
        }
        let snapshot = StandardSnapshot::sign(&report, &key);
        if told.is_some_and(|(_, told)| told.says_what(&snapshot)) {
            return Ok(false);
        }
        let from = ("gap", now);
        let draft = NoticeDraft::new(Subject::Chain, "", from, &snapshot);
        Ok(engine.put_notices(&[draft])? > 0)
    })
    .await
}

/// Keeps the gap until the hub stops: every minute it works in what was touched, and what time alone changed.
pub async fn run(state: AppState) {
    let mut stopping = state.stopping.clone();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut published = Timestamp(i64::MIN);
    loop {
        tokio::select! {
            // An error says that nobody is left who could stop the hub.
            _ = stopping.wait_for(|stop| *stop) => return,
            _ = look.tick() => {}
        }
        let now = state.clock.now();
        if let Err(error) = settle(&state.book, now).await {
            tracing::error!(error = %error, "the gap was not brought up to date");
            continue;
        }
        if now < published.plus_ms(PUBLISH_MS) {
            continue;
        }
        match publish(&state.book, state.keys.hub_key(), now).await {
            Ok(_) => published = now,
            Err(error) => tracing::error!(error = %error, "the gap was not published"),
        }
    }
}
