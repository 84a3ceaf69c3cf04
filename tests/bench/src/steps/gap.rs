//! The gap of a whole chain: a made-up million customers with five obligations each, counted from nothing, and again after a day's changes.
//!
//! It runs in a process of its own, so that its memory is that of counting and of nothing else. What is measured is everything from a
//! customer's gathered facts to the report, through the hub's ledger on SQLite; reading cards is not in it, which [`keeper`] measures.
//! `bench gap --data DIR --customers N` measures it alone.

mod keeper;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use server::data;
use server::gap::ledger::Ledger;
use sync_core::card::Source;
use sync_core::card::terms::PromiseStatus;
use sync_core::card::view::{Fact, PromiseView};
use sync_core::concierge::gap::report::{Beside, Rate};
use sync_core::concierge::gap::{Contribution, Report, Settings, report};
use sync_core::concierge::picture::{House, Told as ToldBy, Whole};
use sync_core::concierge::playbook::Playbook;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::{AssociateId, CustomerId, EditId, ShopId, Timestamp};
use sync_core::notices::bodies::ContactBody;
use sync_core::records::{Currency, Record, RecordKind, Sale, SoldAt};
use sync_core::store::Store;
use sync_store_sqlite::SqliteStore;

pub(crate) use self::keeper::child as keeper_child;
use super::Bench;
use crate::figures::Figure;
use crate::hub::this_program;
use crate::machine;

/// Customers of the chain for each customer of the book: a million at 50,000.
const CHAIN: u64 = 20;
/// A day changes one in so many: 20,000 of a million.
const CHANGED_ONE_IN: u64 = 50;
/// Customers of one transaction.
const STROKE: u64 = 20_000;
/// The present day of the story.
const TODAY: i64 = 20_600;

/// What the child tells.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    full_ms: f64,
    incremental_ms: f64,
    rss_mb: f64,
    obligations: u64,
}

/// The step.
pub(super) async fn run(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let customers = bench.hub.customers;
    let folder = bench.folder.join("gap");
    let chain = u64::from(customers) * CHAIN;
    let mut program = this_program(&["gap"])?;
    program.arg("--data").arg(&folder);
    program.arg("--customers").arg(chain.to_string());
    program.stdout(Stdio::piped()).stderr(Stdio::inherit());
    let output = tokio::task::spawn_blocking(move || program.output()).await??;
    ensure!(
        output.status.success(),
        "counting failed ({})",
        output.status
    );
    let told: Told = serde_json::from_slice(&output.stdout).context("reading what was told")?;
    println!(
        "    {chain} customers, {} obligations closed in the window",
        told.obligations
    );
    std::fs::remove_dir_all(&folder)?;
    let one = |name, unit, value| Figure::of(name, (customers, unit), vec![value]);
    let figures = [
        one("gap.full_ms", "ms", told.full_ms),
        one("gap.incremental_ms", "ms", told.incremental_ms),
        one("gap.rss_mb", "MB", told.rss_mb),
    ];
    let mut figures: Vec<Figure> = figures.into_iter().flatten().collect();
    figures.extend(keeper::run(bench).await?);
    Ok(figures)
}

/// The hidden mode: counts a chain of `customers` in `folder` and prints a [`Told`].
pub(crate) fn child(folder: &Path, customers: u64) -> Result<()> {
    let path: PathBuf = folder.to_owned();
    let store = data::open_store(&path, true)?;
    let chain = Chain {
        playbook: Playbook::standard(),
        settings: Settings::default(),
        now: Timestamp(TODAY * Timestamp::DAY_MS),
    };
    let begin = Instant::now();
    let everybody: Vec<u64> = (0..customers).collect();
    let first = chain.count(&store, &everybody, 0)?;
    let full_ms = begin.elapsed().as_secs_f64() * 1_000.0;
    let changed: Vec<u64> = (0..customers / CHANGED_ONE_IN)
        .map(|number| number * CHANGED_ONE_IN)
        .collect();
    let begin = Instant::now();
    let again = chain.count(&store, &changed, 1)?;
    let incremental_ms = begin.elapsed().as_secs_f64() * 1_000.0;
    ensure!(
        first.active == customers && again.active == customers,
        "everybody bought something"
    );
    ensure!(
        customers < CHANGED_ONE_IN || first != again,
        "what changed shows"
    );
    let closed = first.items.iter().map(|item| {
        let side = |rate: &Rate| rate.met + rate.late + rate.missed;
        side(&item.best) + side(&item.rest)
    });
    let told = Told {
        full_ms,
        incremental_ms,
        obligations: closed.sum(),
        rss_mb: machine::memory_mb(std::process::id())?.1,
    };
    println!("{}", serde_json::to_string(&told)?);
    Ok(())
}

/// How a chain is counted.
struct Chain {
    playbook: Playbook,
    settings: Settings,
    now: Timestamp,
}

impl Chain {
    /// Counts these customers, as the hub does, and reads the report.
    fn count(&self, store: &SqliteStore, customers: &[u64], version: u64) -> Result<Report> {
        let house = House::default();
        let by = (&self.playbook, &self.settings);
        for stroke in customers.chunks(usize::try_from(STROKE)?) {
            let mut tx = store.write()?;
            let mut ledger = Ledger::load(tx.as_read())?;
            for number in stroke {
                let whole = somebody(*number, version);
                let both = (&whole, &house);
                let row = Contribution::of(both, &self.playbook, &self.settings, self.now);
                ledger.put(&mut *tx, by, id(*number), Some(&row))?;
            }
            ledger.save(&mut *tx, by)?;
            tx.commit()?;
        }
        let tx = store.read()?;
        let ledger = Ledger::load(&*tx)?;
        let beside = Beside {
            playbook: (&self.playbook, 1),
            settings: &self.settings,
            walk_ins: None,
            previous: None,
            now: self.now,
        };
        Ok(report(&ledger.tally, ledger.best(), &beside))
    }
}

fn id(number: u64) -> CustomerId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    CustomerId(bytes)
}

/// Somebody who bought on two days, was perhaps thanked, and was promised something: five obligations. Another version of them got more.
fn somebody(number: u64, version: u64) -> Whole {
    let mut chance = SeededEntropy::new(number ^ 0x9e37_79b9_7f4a_7c15);
    let mut whole = Whole {
        members: vec![id(number)],
        ..Whole::default()
    };
    let below =
        |chance: &mut SeededEntropy, many: u64| i64::try_from(chance.below(many)).unwrap_or(0);
    for half in 0..2 {
        let day = TODAY - 60 - half * 150 - below(&mut chance, 140);
        let at = Timestamp(day * Timestamp::DAY_MS + 36_000_000);
        let name = format!("{number}-{half}");
        let cents = 1_000 + below(&mut chance, 90_000);
        if version > 0 || below(&mut chance, 3) == 0 {
            let thanked = at.plus_ms(3_600_000 * below(&mut chance, 100));
            whole.contacts.push(thanks(&name, thanked));
        }
        whole.sales.push(purchase(number, name, (at, cents)));
    }
    let due = Timestamp((TODAY - 1 - below(&mut chance, 300)) * Timestamp::DAY_MS);
    let is_kept = below(&mut chance, 4) > 0;
    whole.view.promises.push(promise(due, is_kept));
    whole
}

fn purchase(number: u64, name: String, (at, amount_minor): (Timestamp, i64)) -> Record {
    Record {
        kind: RecordKind::Purchase,
        customer: id(number),
        source: "till".to_owned(),
        source_id: name,
        version: 1,
        as_of: at,
        sale: Sale {
            shop: None,
            at: SoldAt::Moment(at),
            lines: Vec::new(),
            amount_minor,
            currency: Currency::EUR,
        },
    }
}

fn thanks(name: &str, at: Timestamp) -> ToldBy<ContactBody> {
    ToldBy {
        key: format!("esp:{name}"),
        source: "esp".to_owned(),
        as_of: at,
        body: ContactBody {
            channel: None,
            purpose: None,
            at,
            by_customer: false,
            summary: None,
            content: None,
            by: None,
            act: Some("thank_you".to_owned()),
        },
    }
}

fn promise(due: Timestamp, is_kept: bool) -> PromiseView {
    PromiseView {
        id: EditId([1; 10]),
        what: Fact {
            value: "call".to_owned(),
            sources: Vec::new(),
            by: AssociateId([1; 8]),
            shop: ShopId([1; 8]),
            at: due.plus_ms(-7 * Timestamp::DAY_MS),
            source: Source::Typed,
            needs_confirmation: false,
        },
        status: if is_kept {
            PromiseStatus::Done
        } else {
            PromiseStatus::Open
        },
        kept_at: is_kept.then(|| due.plus_ms(-Timestamp::DAY_MS)),
        flagged: false,
        due: Some(due),
        due_disputed: false,
        assignees: Vec::new(),
        overdue: false,
        sources: Vec::new(),
    }
}
