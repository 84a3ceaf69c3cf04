//! Meetings of a handheld that has been away.

use std::time::Instant;

use anyhow::{Result, ensure};
use sync_core::protocol::frame::Frame;

use super::{Bench, milliseconds, note, rest};
use crate::figures::Figure;
use crate::handheld::Handheld;
use crate::machine;

/// Coming back when nothing changed: hello and welcome.
pub(super) async fn reconnect(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let (mut handheld, database) = bench.synced().await?;
    let (mut bytes, mut trips, mut cpu, mut wall) = (vec![], vec![], vec![], vec![]);
    let loaded = bench.documents_loaded().await?;
    for _ in 0..bench.extent.reconnects {
        let mut meeting = handheld.meet().await?;
        rest(10).await;
        let before = machine::cpu(bench.hub.process)?;
        let begin = Instant::now();
        meeting.hello().await?;
        let welcome = meeting.line.next().await?;
        wall.push(milliseconds(begin));
        ensure!(
            matches!(&welcome, Frame::Welcome(welcome) if welcome.scopes.is_none()),
            "the hub does not agree with a handheld that is in sync"
        );
        rest(10).await;
        cpu.push(before.milliseconds_until(&machine::cpu(bench.hub.process)?));
        meeting.fold(&welcome).await?;
        let meter = meeting.line.close().await?;
        bytes.push(count(meter.up + meter.down));
        trips.push(f64::from(meter.round_trips));
    }
    let loaded = bench.documents_loaded().await? - loaded;
    bench.handheld = Some((handheld, database));
    let customers = bench.hub.customers;
    Ok([
        Figure::of("reconnect.bytes", (customers, "B"), bytes),
        Figure::of("reconnect.round_trips", (customers, ""), trips),
        Figure::of("reconnect.hub_cpu_ms", (customers, "ms"), cpu),
        Figure::of("reconnect.wall_ms", (customers, "ms"), wall),
        Figure::of(
            "reconnect.documents_loaded",
            (customers, ""),
            vec![count(loaded)],
        ),
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// Coming back when a colleague has changed 100 cards; from the connection to agreement, folded and durable.
pub(super) async fn catch_up(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let (mut handheld, database) = bench.synced().await?;
    let (mut colleague, _) = bench.new_handheld().await?;
    colleague.sync().await?;
    let (mut bytes, mut trips, mut wall) = (vec![], vec![], vec![]);
    for round in 0..bench.extent.catch_ups {
        for (number, customer) in bench.some_customers(100).into_iter().enumerate() {
            colleague.record(customer, &note(round * 100 + number))?;
        }
        colleague.sync().await?;
        let begin = Instant::now();
        let meter = handheld.sync().await?;
        wall.push(milliseconds(begin));
        bytes.push(count(meter.up + meter.down));
        trips.push(f64::from(meter.round_trips));
    }
    bench.handheld = Some((handheld, database));
    let customers = bench.hub.customers;
    Ok([
        Figure::of("catch_up.bytes", (customers, "B"), bytes),
        Figure::of("catch_up.round_trips", (customers, ""), trips),
        Figure::of("catch_up.wall_ms", (customers, "ms"), wall),
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// Coming back with 500 edits over 300 cards; from the connection until the hub has ruled on all of them.
pub(super) async fn push(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let (mut handheld, database) = bench.synced().await?;
    let (mut wall, mut cpu, mut recording) = (vec![], vec![], vec![]);
    for round in 0..bench.extent.pushes {
        let customers = bench.some_customers(300);
        let cards = customers.iter().chain(customers.iter().take(200));
        let begin = Instant::now();
        for (number, customer) in cards.enumerate() {
            handheld.record(*customer, &note(round * 500 + number))?;
        }
        recording.push(milliseconds(begin) / 500.0);
        rest(50).await;
        let before = machine::cpu(bench.hub.process)?;
        wall.push(push_all(&mut handheld).await?);
        let after = machine::cpu(bench.hub.process)?;
        cpu.push(before.milliseconds_until(&after) / 500.0);
        handheld.sync().await?;
    }
    bench.handheld = Some((handheld, database));
    let customers = bench.hub.customers;
    Ok([
        Figure::of("push.wall_ms", (customers, "ms"), wall),
        Figure::of("push.hub_cpu_ms_per_edit", (customers, "ms"), cpu),
        Figure::of("push.recording_ms_per_edit", (customers, "ms"), recording),
    ]
    .into_iter()
    .flatten()
    .collect())
}

async fn push_all<S: sync_core::store::Store>(handheld: &mut Handheld<S>) -> Result<f64> {
    let begin = Instant::now();
    let mut meeting = handheld.meet().await?;
    meeting.hello().await?;
    meeting.until_settled().await?;
    let wall = milliseconds(begin);
    meeting.line.close().await?;
    Ok(wall)
}

pub(super) fn count(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
