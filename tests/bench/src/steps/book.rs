//! The book as a whole: taking it, holding it.

use std::time::Instant;

use anyhow::Result;
use sync_core::protocol::handheld::Event;
use sync_core::scope::Scope;

use super::alone::{Alone, Part, Told};
use super::meet::count;
use super::{Bench, milliseconds};
use crate::figures::Figure;
use crate::machine;

/// A new handheld takes the whole book, folded and durable.
pub(super) async fn first_sync(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let (mut searchable, mut complete, mut bytes, mut cpu) = (vec![], vec![], vec![], vec![]);
    let is_large = bench.hub.customers > 10_000;
    let repeats = if is_large {
        1
    } else {
        bench.extent.first_syncs
    };
    for _ in 0..repeats {
        let (mut handheld, database) = bench.new_handheld().await?;
        let book = Scope::Book(handheld.account.author.shop);
        let before = machine::cpu(bench.hub.process)?;
        let begin = Instant::now();
        let mut meeting = handheld.meet().await?;
        meeting.hello().await?;
        loop {
            let heard = meeting.step().await?;
            if heard.events.contains(&Event::Searchable(book)) {
                searchable.push(milliseconds(begin));
            }
            if meeting.session.is_settled() {
                break;
            }
        }
        complete.push(milliseconds(begin));
        let after = machine::cpu(bench.hub.process)?;
        cpu.push(before.milliseconds_until(&after));
        let meter = meeting.line.close().await?;
        bytes.push(count(meter.up + meter.down) / f64::from(bench.hub.customers));
        bench.handheld = Some((handheld, database));
    }
    let customers = bench.hub.customers;
    Ok([
        Figure::of("first_sync.searchable_ms", (customers, "ms"), searchable),
        Figure::of("first_sync.complete_ms", (customers, "ms"), complete),
        Figure::of("first_sync.bytes_per_customer", (customers, "B"), bytes),
        Figure::of("first_sync.hub_cpu_ms", (customers, "ms"), cpu),
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// What the hub holds in memory now.
pub(super) async fn hub_memory(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let synced = bench.synced().await?;
    bench.handheld = Some(synced);
    let (now, most) = machine::memory_mb(bench.hub.process)?;
    let customers = bench.hub.customers;
    Ok([
        Figure::of("hub.rss_mb", (customers, "MB"), vec![now]),
        Figure::of("hub.rss_peak_mb", (customers, "MB"), vec![most]),
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// A handheld by itself, in a process of its own.
pub(super) async fn handheld(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let (handheld, database) = bench.synced().await?;
    let task = Alone::of(
        Part::Handheld,
        (bench.hub, bench.extent),
        (&handheld.account, &database),
    );
    drop(handheld);
    let told: Told = task.measure()?;
    let customers = bench.hub.customers;
    let mut figures: Vec<_> = [
        Figure::of("handheld.open_ms", (customers, "ms"), told.open),
        Figure::of("handheld.rss_mb", (customers, "MB"), vec![told.rss_mb]),
        Figure::of(
            "handheld.database_mb",
            (customers, "MB"),
            vec![told.database_mb],
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    figures.extend(Figure::percentiles(
        ["handheld.search_p50_ms", "handheld.search_p99_ms"],
        customers,
        told.search,
    ));
    figures.extend(Figure::percentiles(
        ["handheld.edit_p50_ms", "handheld.edit_p99_ms"],
        customers,
        told.edit,
    ));
    Ok(figures)
}
