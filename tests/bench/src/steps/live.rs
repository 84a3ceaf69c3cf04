//! Handhelds that are connected while others edit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use sync_core::feed;
use sync_core::ids::{ChangeHash, CustomerId};
use sync_core::protocol::frame::{
    Ack, Frame, Hello, Page, Phase, Position, Snapshot, WIRE_VERSION, short_chain,
};
use sync_core::protocol::handheld::HandheldSession;
use sync_core::scope::Scope;
use sync_core::store::{ReadTx, Store, Table};
use sync_core::{documents, ids};
use tokio::sync::mpsc;
use tokio::time::{Instant as TokioInstant, MissedTickBehavior};

use super::meet::count;
use super::{Bench, note};
use crate::figures::Figure;
use crate::handheld::{Handheld, Meeting, changes_in};
use crate::line::Line;

const LIGHT: usize = 48;
/// How long after the last edit deliveries still count.
const GRACE: Duration = Duration::from_secs(3);

/// What a handheld tells of an edit.
#[derive(Debug)]
enum Told {
    /// Recording of these changes began at this moment.
    Made(usize, Instant, Vec<ChangeHash>),
    /// These changes are here: folded and durable on a full handheld, received on a light one.
    Seen(usize, Instant, BTreeSet<ChangeHash>),
}

type Tell = mpsc::UnboundedSender<Told>;

/// Two full handhelds; one edits, one at a time, and the other sees it.
pub(super) async fn live(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let (mut writer, database) = bench.synced().await?;
    let (mut reader, _) = bench.new_handheld().await?;
    reader.sync().await?;
    let cards = bench.some_customers(bench.extent.live_edits);
    let (tell, mut told) = mpsc::unbounded_channel();
    let (next, mut go) = mpsc::unbounded_channel::<CustomerId>();
    let heard = tell.clone();
    let reading = tokio::spawn(async move {
        let mut meeting = reader.meet().await?;
        meeting.hello().await?;
        loop {
            let frame = meeting.line.next().await?;
            let changes = meeting.fold(&frame).await?.changes;
            if !changes.is_empty() && heard.send(Told::Seen(1, Instant::now(), changes)).is_err() {
                return anyhow::Ok(());
            }
        }
    });
    let writing = tokio::spawn(async move {
        let mut meeting = writer.meet().await?;
        meeting.hello().await?;
        meeting.until_settled().await?;
        loop {
            tokio::select! {
                card = go.recv() => {
                    let Some(card) = card else { break };
                    write(&mut meeting, card, (0, &tell)).await?;
                }
                frame = meeting.line.next() => {
                    meeting.fold(&frame?).await?;
                }
            }
        }
        meeting.line.close().await?;
        anyhow::Ok(writer)
    });
    let mut samples = Vec::new();
    for card in cards {
        next.send(card).ok().context("the writer has ended")?;
        samples.push(one_sample(&mut told).await?);
    }
    drop(next);
    let writer = writing.await??;
    reading.abort();
    bench.handheld = Some((writer, database));
    Ok(Figure::percentiles(
        ["live.p50_ms", "live.p99_ms"],
        bench.hub.customers,
        samples,
    ))
}

/// Milliseconds from the making of the next edit until it is seen.
async fn one_sample(told: &mut mpsc::UnboundedReceiver<Told>) -> Result<f64> {
    let mut made: Option<(Instant, Vec<ChangeHash>)> = None;
    let mut seen = BTreeMap::new();
    loop {
        let news = tokio::time::timeout(Duration::from_secs(10), told.recv()).await;
        match news.context("an edit was not seen within 10 s")? {
            Some(Told::Made(_, at, changes)) => made = Some((at, changes)),
            Some(Told::Seen(_, at, changes)) => {
                seen.extend(changes.into_iter().map(|change| (change, at)));
            }
            None => bail!("both handhelds have ended"),
        }
        if let Some((at, changes)) = &made
            && let Some(last) = changes.last()
            && let Some(arrived) = seen.get(last)
        {
            return Ok(between(*at, *arrived));
        }
    }
}

fn between(made: Instant, seen: Instant) -> f64 {
    seen.saturating_duration_since(made).as_secs_f64() * 1_000.0
}

/// Records a note and pushes it.
async fn write<S: Store>(
    meeting: &mut Meeting<'_, S>,
    card: CustomerId,
    (who, tell): (usize, &Tell),
) -> Result<()> {
    let begin = Instant::now();
    let changes = meeting.handheld.record(card, &note(who))?;
    tell.send(Told::Made(who, begin, changes)).ok();
    meeting.push().await
}

/// Fifty connected handhelds, each editing a card of its own once a second.
pub(super) async fn live50(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let (mut first, database) = bench.synced().await?;
    let (mut second, _) = bench.new_handheld().await?;
    second.sync().await?;
    let cards = bench.some_customers(LIGHT + 2);
    let position = Standing::of(&first, &cards)?;
    let mut members = Vec::new();
    for _ in 0..LIGHT {
        let seed = bench.next_device();
        let mut light = Handheld::light(bench.office.enrol(seed).await?, seed);
        position.give(&mut light)?;
        members.push(light);
    }
    let mut lines = Vec::new();
    for light in &mut members {
        // One after the other: together with their requests they would be more than a hub lets in from one address.
        lines.push(Line::open(&light.account.ticket().await?).await?);
    }
    let (tell, mut told) = mpsc::unbounded_channel();
    let seconds = bench.extent.live_seconds;
    // Time for all to say hello.
    let begin = TokioInstant::now() + Duration::from_secs(2);
    let turn = move |who| Turn {
        who,
        begin,
        seconds,
    };
    let mut tasks = Vec::new();
    let mut rest = cards.into_iter();
    let mut card = || rest.next().context("a card for each handheld");
    let (one, other) = (card()?, card()?);
    let telling = tell.clone();
    let main = tokio::spawn(async move {
        full_member(&mut first, one, turn(0), &telling).await?;
        anyhow::Ok(first)
    });
    let telling = tell.clone();
    tasks.push(tokio::spawn(async move {
        full_member(&mut second, other, turn(1), &telling).await
    }));
    for ((mut light, line), who) in members.into_iter().zip(lines).zip(2..) {
        let (card, tell, position) = (card()?, tell.clone(), position.clone());
        tasks.push(tokio::spawn(async move {
            light_member((&mut light, line), (card, &position), turn(who), &tell).await
        }));
    }
    drop(tell);
    let full = main.await??;
    for task in tasks {
        task.await??;
    }
    bench.handheld = Some((full, database));
    let mut all = Vec::new();
    while let Some(news) = told.recv().await {
        all.push(news);
    }
    Ok(tally(bench.hub.customers, &all))
}

/// Latencies of all deliveries, and the share of edits that reached everybody else.
fn tally(customers: u32, all: &[Told]) -> Vec<Figure> {
    let mut made = BTreeMap::new();
    for news in all {
        if let Told::Made(who, at, changes) = news {
            made.extend(changes.iter().map(|change| (*change, (*who, *at))));
        }
    }
    let (mut samples, mut delivered) = (Vec::new(), BTreeSet::new());
    for news in all {
        if let Told::Seen(who, at, changes) = news {
            for change in changes {
                if let Some((author, begun)) = made.get(change)
                    && author != who
                    && delivered.insert((*change, *who))
                {
                    samples.push(between(*begun, *at));
                }
            }
        }
    }
    let expected = made.len() * (LIGHT + 1);
    let wide = |number: usize| count(u64::try_from(number).unwrap_or(u64::MAX));
    let share = wide(delivered.len()) / wide(expected.max(1));
    let mut figures = Figure::percentiles(["live50.p50_ms", "live50.p99_ms"], customers, samples);
    figures.extend(Figure::of(
        "live50.delivered_share",
        (customers, ""),
        vec![share],
    ));
    figures
}

/// Which of the fifty, and when they edit.
#[derive(Debug, Clone, Copy)]
struct Turn {
    who: usize,
    begin: TokioInstant,
    seconds: u64,
}

impl Turn {
    /// Ticks once a second, each member at its own part of the second.
    fn ticks(&self) -> tokio::time::Interval {
        let part = Duration::from_millis(20 * u64::try_from(self.who).unwrap_or(0));
        let mut ticks = tokio::time::interval_at(self.begin + part, Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        ticks
    }

    /// When deliveries no longer count.
    fn end(&self) -> tokio::time::Interval {
        let end = self.begin + Duration::from_secs(self.seconds) + GRACE;
        tokio::time::interval_at(end, GRACE)
    }
}

async fn full_member<S: Store>(
    handheld: &mut Handheld<S>,
    card: CustomerId,
    turn: Turn,
    tell: &Tell,
) -> Result<()> {
    let mut meeting = handheld.meet().await?;
    meeting.hello().await?;
    let (mut ticks, mut left) = (turn.ticks(), turn.seconds);
    let mut ending = turn.end();
    loop {
        tokio::select! {
            _ = ticks.tick(), if left > 0 => {
                left -= 1;
                write(&mut meeting, card, (turn.who, tell)).await?;
            }
            frame = meeting.line.next() => {
                let changes = meeting.fold(&frame?).await?.changes;
                tell.send(Told::Seen(turn.who, Instant::now(), changes)).ok();
            }
            _ = ending.tick() => break,
        }
    }
    meeting.line.close().await?;
    Ok(())
}

/// Where a full handheld stands in the book, for others to begin there without taking it, and the cards that will be edited.
#[derive(Debug, Clone)]
struct Standing {
    feed: ids::FeedId,
    position: Position,
    cards: Page,
}

impl Standing {
    fn of<S: Store>(full: &Handheld<S>, cards: &[CustomerId]) -> Result<Self> {
        let tx = full.store.read()?;
        let scope = Scope::Book(full.account.author.shop);
        let state = feed::state(&*tx, scope)?;
        let feed = tx.get(Table::Meta, b"feed")?;
        let mut snapshots = Vec::new();
        for customer in cards {
            let document = sync_core::card::Facet::Card.document(*customer);
            snapshots.push(snapshot(&*tx, document)?);
        }
        Ok(Self {
            feed: feed
                .and_then(|bytes| ids::FeedId::from_slice(&bytes))
                .context("a feed")?,
            position: Position {
                scope,
                seq: state.seq,
                chain: short_chain(state.chain),
                resume: None,
            },
            cards: Page {
                scope,
                phase: Phase::Documents,
                cursor: Vec::new(),
                last: true,
                rows: Vec::new(),
                documents: snapshots,
                records: Vec::new(),
                gone: Vec::new(),
                notices: None,
            },
        })
    }

    /// Puts the cards into a light handheld.
    fn give<S: Store>(&self, light: &mut Handheld<S>) -> Result<()> {
        let mut tx = light.store.write()?;
        let shop = light.account.author.shop;
        light
            .replica
            .receive_page(&mut *tx, &self.cards, shop, &mut light.chance)?;
        tx.commit()?;
        Ok(())
    }

    fn hello(&self) -> Frame {
        Frame::Hello(Hello {
            versions: (WIRE_VERSION, WIRE_VERSION),
            feed: Some(self.feed),
            rollup: ids::Hash32([0; 32]),
            scopes: vec![self.position.clone()],
            pending: 0,
        })
    }
}

fn snapshot(tx: &dyn ReadTx, document: ids::DocumentId) -> Result<Snapshot> {
    let row = documents::row(tx, document)?.context("a card of the book")?;
    // Where nothing came after a base, the base is all there is.
    let bytes = match tx.get(Table::Cache, document.as_bytes())? {
        Some(bytes) => bytes,
        None => documents::replay(tx, document)?.save(),
    };
    Ok(Snapshot {
        customer: row.customer,
        facet: row.facet,
        epoch: row.epoch,
        heads: row.heads,
        schema: row.schema,
        corrections: row.corrections,
        bytes,
    })
}

/// A handheld at wire level: its own edits are real and signed; what others write is acknowledged and dropped.
async fn light_member<S: Store>(
    (light, line): (&mut Handheld<S>, Line),
    (card, standing): (CustomerId, &Standing),
    turn: Turn,
    tell: &Tell,
) -> Result<()> {
    let mut meeting = Meeting {
        line,
        handheld: light,
        session: HandheldSession::default(),
    };
    meeting.line.send(&standing.hello()).await?;
    let (mut ticks, mut left) = (turn.ticks(), turn.seconds);
    let mut ending = turn.end();
    loop {
        tokio::select! {
            _ = ticks.tick(), if left > 0 => {
                left -= 1;
                write(&mut meeting, card, (turn.who, tell)).await?;
            }
            frame = meeting.line.next() => {
                let frame = frame?;
                let changes = changes_in(&frame);
                tell.send(Told::Seen(turn.who, Instant::now(), changes)).ok();
                answer(&mut meeting, &frame).await?;
            }
            _ = ending.tick() => break,
        }
    }
    meeting.line.close().await?;
    Ok(())
}

/// Acknowledges what came without folding it; welcome and verdicts go to the session.
async fn answer<S: Store>(meeting: &mut Meeting<'_, S>, frame: &Frame) -> Result<()> {
    let ack = |scope, seq| {
        Frame::Ack(Ack {
            scope,
            seq,
            chain: feed::Chain::default(),
        })
    };
    match frame {
        Frame::Entries(entries) => meeting.line.send(&ack(entries.scope, entries.first)).await,
        Frame::Page(page) => meeting.line.send(&ack(page.scope, 0)).await,
        Frame::Welcome(_) | Frame::Verdicts(_) | Frame::Stop(_) => {
            meeting.fold(frame).await?;
            Ok(())
        }
        Frame::Restart(_)
        | Frame::CaughtUp(_)
        | Frame::ReadsStored(_)
        | Frame::Hello(_)
        | Frame::Push(_)
        | Frame::Ack(_)
        | Frame::Heads(_)
        | Frame::Fetch(_)
        | Frame::Reads(_) => Ok(()),
    }
}
