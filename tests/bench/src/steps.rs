//! The steps of a bench run on one size of book.

mod alone;
mod book;
mod concierge;
mod duplicates;
mod gap;
mod import;
mod live;
mod meet;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use sync_core::card::Edit;
use sync_core::card::terms::Place;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::CustomerId;
use sync_store_sqlite::SqliteStore;

pub(crate) use self::alone::alone;
pub(crate) use self::gap::{child as gap_child, keeper_child};
pub(crate) use self::import::child as import_child;
use crate::account::Office;
use crate::figures::Figure;
use crate::handheld::{Database, Handheld};
use crate::hub::{Hub, boutique};

/// What the steps share.
pub(crate) struct Bench<'a> {
    pub(crate) hub: &'a Hub,
    pub(crate) extent: Extent,
    pub(crate) office: Office,
    pub(crate) folder: &'a Path,
    /// A full handheld that has synced; the first step makes it.
    pub(crate) handheld: Option<(Handheld<SqliteStore>, Database)>,
    /// Another hub with a catalogue, and a handheld that has synced with it; the first step that needs them makes them.
    house: Option<concierge::House>,
    /// What is drawn along the way: cards to edit, words to search.
    pub(crate) chance: SeededEntropy,
    devices: u64,
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Vec<Figure>>> + 'a>>;

/// A step: its name is what its figures begin with.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) tells: &'static str,
    /// The figures without which the step has failed.
    pub(crate) brings: &'static [&'static str],
    /// From which size on `--full` does without it, and why.
    pub(crate) left_out_from: Option<(u32, &'static str)>,
    pub(crate) run: for<'b> fn(&'b mut Bench<'_>) -> Running<'b>,
}

/// Why some steps are left out at large sizes.
const MORE_HANDHELDS: &str =
    "it takes more handhelds with the whole book, and its target is measured at the sizes before";

/// All steps, in the order in which they run.
pub(crate) const STEPS: [Step; 14] = [
    Step {
        name: "first_sync",
        tells: "a new handheld takes the whole book",
        brings: &[
            "first_sync.searchable_ms",
            "first_sync.complete_ms",
            "first_sync.bytes_per_customer",
        ],
        left_out_from: None,
        run: |bench| Box::pin(book::first_sync(bench)),
    },
    Step {
        name: "hub",
        tells: "what the hub holds in memory after serving a first sync",
        brings: &["hub.rss_mb"],
        left_out_from: None,
        run: |bench| Box::pin(book::hub_memory(bench)),
    },
    Step {
        name: "reconnect",
        tells: "the handheld comes back and nothing has changed",
        brings: &[
            "reconnect.bytes",
            "reconnect.round_trips",
            "reconnect.hub_cpu_ms",
            "reconnect.documents_loaded",
        ],
        left_out_from: None,
        run: |bench| Box::pin(meet::reconnect(bench)),
    },
    Step {
        name: "catch_up",
        tells: "the handheld comes back and 100 cards have changed",
        brings: &["catch_up.bytes", "catch_up.round_trips", "catch_up.wall_ms"],
        left_out_from: Some((50_000, MORE_HANDHELDS)),
        run: |bench| Box::pin(meet::catch_up(bench)),
    },
    Step {
        name: "push",
        tells: "500 edits over 300 cards were made offline",
        brings: &["push.wall_ms", "push.hub_cpu_ms_per_edit"],
        left_out_from: None,
        run: |bench| Box::pin(meet::push(bench)),
    },
    Step {
        name: "live",
        tells: "two handhelds, one edits and the other sees it, folded and durable",
        brings: &["live.p50_ms", "live.p99_ms"],
        left_out_from: Some((50_000, MORE_HANDHELDS)),
        run: |bench| Box::pin(live::live(bench)),
    },
    Step {
        name: "live50",
        tells: "50 handhelds (2 full, 48 at wire level), each editing once a second",
        brings: &["live50.p50_ms", "live50.p99_ms", "live50.delivered_share"],
        left_out_from: Some((50_000, MORE_HANDHELDS)),
        run: |bench| Box::pin(live::live50(bench)),
    },
    Step {
        name: "handheld",
        tells: "a handheld by itself: open, search as one types, edit",
        brings: &[
            "handheld.open_ms",
            "handheld.search_p99_ms",
            "handheld.edit_p99_ms",
            "handheld.rss_mb",
        ],
        left_out_from: Some((100_000, "a handheld carries up to 50,000 customers")),
        run: |bench| Box::pin(book::handheld(bench)),
    },
    Step {
        name: "brief",
        tells: "what to know before the customer is greeted; its own hub, with a catalogue and stock, so that a first sync is not heavier",
        brings: &["brief.p50_ms", "brief.p99_ms"],
        left_out_from: Some((100_000, "a handheld carries up to 50,000 customers")),
        run: |bench| Box::pin(concierge::brief(bench)),
    },
    Step {
        name: "guard",
        tells: "whether the customer may be contacted now; the same hub as for the brief",
        brings: &["guard.p50_ms", "guard.p99_ms"],
        left_out_from: Some((100_000, "a handheld carries up to 50,000 customers")),
        run: |bench| Box::pin(concierge::guard(bench)),
    },
    Step {
        name: "today",
        tells: "the today list, after the one-time work that follows a first sync; the same hub as for the brief",
        brings: &[
            "today.prepare_ms_per_customer",
            "today.from_nothing_ms",
            "today.after_edit_ms",
        ],
        left_out_from: Some((50_000, "its target is measured at 5,000")),
        run: |bench| Box::pin(concierge::today(bench)),
    },
    Step {
        name: "duplicates",
        tells: "the index of a million endpoints that warns of duplicates",
        brings: &["duplicates.bytes", "duplicates.lookup_us"],
        left_out_from: None,
        run: |bench| Box::pin(std::future::ready(duplicates::run(bench))),
    },
    Step {
        name: "import",
        tells: "a file of 30 lines of sales for each customer, and the same file again",
        brings: &["import.wall_s", "import.again_wall_s", "import.rss_mb"],
        left_out_from: Some((
            100_000,
            "its target is 1,500,000 lines, at 50,000 customers",
        )),
        run: |bench| Box::pin(import::run(bench)),
    },
    Step {
        name: "gap",
        tells: "the gap of a chain of 20 customers for each of the book, and of the hub's own cards: from nothing, and after a day's changes",
        brings: &[
            "gap.full_ms",
            "gap.incremental_ms",
            "gap.rss_mb",
            "gap.keeper_ms_per_1000_customers",
            "gap.keeper_incremental_ms",
        ],
        left_out_from: Some((100_000, "its target is a million customers, at 50,000")),
        run: |bench| Box::pin(gap::run(bench)),
    },
];

impl Step {
    /// The figures that it should have brought and did not.
    pub(crate) fn missing(&self, brought: &[Figure]) -> Vec<&'static str> {
        let is_missing = |name: &&str| !brought.iter().any(|figure| figure.name == *name);
        self.brings.iter().copied().filter(is_missing).collect()
    }
}

/// How often the steps repeat, and how long they go on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Extent {
    pub(crate) first_syncs: usize,
    pub(crate) reconnects: usize,
    pub(crate) catch_ups: usize,
    pub(crate) pushes: usize,
    pub(crate) live_edits: usize,
    pub(crate) live_seconds: u64,
    pub(crate) openings: usize,
    pub(crate) names: u64,
    pub(crate) edits: usize,
    pub(crate) looks: usize,
    pub(crate) lists: usize,
    pub(crate) endpoints: u64,
}

impl Extent {
    /// Enough for a figure that can be relied on.
    pub(crate) const WHOLE: Self = Self {
        first_syncs: 3,
        reconnects: 40,
        catch_ups: 7,
        pushes: 5,
        live_edits: 300,
        live_seconds: 20,
        openings: 10,
        names: 60,
        edits: 300,
        looks: 400,
        lists: 30,
        endpoints: 1_000_000,
    };
    /// As little as shows that every figure comes.
    pub(crate) const QUICK: Self = Self {
        first_syncs: 1,
        reconnects: 2,
        catch_ups: 1,
        pushes: 1,
        live_edits: 5,
        live_seconds: 2,
        openings: 2,
        names: 3,
        edits: 5,
        looks: 5,
        lists: 2,
        endpoints: 5_000,
    };
}

impl<'a> Bench<'a> {
    pub(crate) async fn open(hub: &'a Hub, folder: &'a Path, extent: Extent) -> Result<Self> {
        Ok(Self {
            hub,
            extent,
            office: Office::open(hub).await?,
            folder,
            handheld: None,
            house: None,
            chance: SeededEntropy::new(99),
            devices: 0,
        })
    }

    /// A number for one more device.
    fn next_device(&mut self) -> u64 {
        self.devices += 1;
        self.devices
    }

    /// A full handheld that knows nothing yet.
    async fn new_handheld(&mut self) -> Result<(Handheld<SqliteStore>, Database)> {
        let seed = self.next_device();
        let account = self.office.enrol(seed).await?;
        let database = Database::new(self.folder, seed);
        Ok((Handheld::full(account, &database, seed)?, database))
    }

    /// The handheld of the earlier steps, with a fresh sign-in and in sync; a new one when there is none.
    async fn synced(&mut self) -> Result<(Handheld<SqliteStore>, Database)> {
        let (mut handheld, database) = match self.handheld.take() {
            Some(known) => known,
            None => self.new_handheld().await?,
        };
        handheld.account.renew(self.hub).await?;
        handheld.sync().await?;
        Ok((handheld, database))
    }

    /// `count` different customers of the book.
    fn some_customers(&mut self, count: usize) -> Vec<CustomerId> {
        let boutique = boutique(self.hub.customers);
        let mut drawn = BTreeMap::new();
        while drawn.len() < count.min(usize::try_from(self.hub.customers).unwrap_or(0)) {
            let index = self.chance.below(u64::from(self.hub.customers));
            let index = u32::try_from(index).unwrap_or_default();
            drawn.insert(index, boutique.customer_id(index));
        }
        drawn.into_values().collect()
    }

    /// What the hub's counter of opened documents says.
    async fn documents_loaded(&self) -> Result<u64> {
        let text = reqwest::get(format!("{}/metrics", self.hub.url))
            .await?
            .text()
            .await?;
        let line = text
            .lines()
            .find(|line| line.starts_with("carnet_documents_loaded "))
            .context("the hub counts opened documents")?;
        let number = line.split_whitespace().nth(1).context("a number")?;
        Ok(number.parse()?)
    }
}

/// A note as an associate would type it.
fn note(number: usize) -> Edit {
    Edit::AddNote {
        place: Place::Card,
        body: format!(
            "Asked about the new collection, number {number}; prefers to be called in the morning."
        ),
        title: None,
        label: None,
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

/// Lets the other side come to rest before its CPU is read.
#[expect(
    clippy::disallowed_methods,
    reason = "what is measured here has to be at rest first"
)]
async fn rest(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
