//! A hub as a process of its own: this program again, in one of two hidden modes.
//!
//! One run fills a data folder with the boutique and ends; another serves the folder. So what the hub holds in memory when it
//! is measured is what serving takes, not what filling took.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use server::boutique::{Boutique, Written};
use server::config::{Config, DataConfig, ListenConfig};
use server::data;
use server::duplicates::Keeper;
use server::serve::Started;
use sync_core::authority::HubAuthor;
use sync_core::card::schema::Role;
use sync_core::ids::{SessionId, ShopId, Timestamp};

use crate::goods;

/// The seed of every boutique here: figures of two runs speak of the same book.
const SEED: u64 = 2_024;
/// The moment at which its history ends.
const BOUTIQUE_NOW: Timestamp = Timestamp(1_767_225_600_000);

/// The boutique of `customers` customers.
pub(crate) fn boutique(customers: u32) -> Boutique {
    Boutique {
        seed: SEED,
        customers,
        now: BOUTIQUE_NOW,
    }
}

/// What filling a folder tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Filled {
    pub(crate) shop: ShopId,
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) edits: u64,
    pub(crate) records: u64,
    pub(crate) seconds: f64,
    pub(crate) database_mb: f64,
}

/// How a hub in `folder` is run.
pub(crate) fn config(folder: PathBuf) -> Config {
    Config {
        data: DataConfig { folder },
        listen: ListenConfig::for_testing(),
        ..Config::default()
    }
}

/// The hidden mode that fills a folder and prints a [`Filled`].
pub(crate) async fn fill(folder: PathBuf, customers: u32, with_goods: bool) -> Result<()> {
    let begin = std::time::Instant::now();
    let config = config(folder.clone());
    let store = data::open_store(&folder, true)?;
    let started = Started::open(&config, Arc::new(store), Vec::new()).await?;
    let first = started
        .first_run
        .clone()
        .context("the folder is not empty")?;
    let staff = staff(&started, first.shop)?;
    let Written { edits, records, .. } = boutique(customers)
        .write(&started.state.book, std::slice::from_ref(&staff), |done| {
            if done % 10_000 == 0 || done == customers {
                eprintln!(
                    "    {done} customers written, {:.1} s",
                    begin.elapsed().as_secs_f64()
                );
            }
        })
        .await?;
    // A hub that has run for more than a minute has its index of duplicates; the figures are those of such a hub.
    let book = Arc::clone(&started.state.book);
    let keeper = Arc::new(Keeper::new(book, started.state.keys.chain_key()));
    keeper.catch_up().await?;
    if with_goods {
        goods::write(&started.state.book, staff, customers).await?;
    }
    started.stop();
    started.finish().await;
    let bytes = std::fs::metadata(folder.join(data::DATABASE))?.len();
    let filled = Filled {
        shop: first.shop,
        login: first.login,
        password: first.password.expose().clone(),
        edits,
        records,
        seconds: begin.elapsed().as_secs_f64(),
        database_mb: f64::from(u32::try_from(bytes >> 10)?) / 1_024.0,
    };
    println!("{}", serde_json::to_string(&filled)?);
    Ok(())
}

/// The first manager, as whoever edits.
pub(crate) fn staff(started: &Started, shop: ShopId) -> Result<HubAuthor> {
    let directory = started.state.identity.directory();
    let associate = directory.associates.keys().next();
    Ok(HubAuthor {
        associate: *associate.context("the first run made a manager")?,
        session: SessionId([0; 8]),
        shop,
        role: Role::Manager,
    })
}

/// The hidden mode that serves a folder until its standard input closes; prints the URL.
pub(crate) async fn serve(folder: PathBuf) -> Result<()> {
    let config = config(folder.clone());
    let store = data::open_store(&folder, true)?;
    let closed = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        // The end of the input is the sign to stop.
        while std::io::stdin()
            .read_line(&mut line)
            .is_ok_and(|bytes| bytes > 0)
        {}
    });
    let ready = |ready: &server::serve::Ready<'_>| println!("{}", ready.url);
    server::serve(&config, Arc::new(store), ready, async {
        let _closed = closed.await;
    })
    .await?;
    Ok(())
}

/// A running hub.
#[derive(Debug)]
pub(crate) struct Hub {
    /// Where it is reached.
    pub(crate) url: String,
    /// What is in it.
    pub(crate) filled: Filled,
    /// How many customers.
    pub(crate) customers: u32,
    /// Its process.
    pub(crate) process: u32,
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Hub {
    /// Fills `folder` and serves it.
    pub(crate) fn start(folder: &Path, customers: u32, with_goods: bool) -> Result<Self> {
        let output = this_program(&["fill", "--customers", &customers.to_string(), "--data"])?
            .arg(folder)
            .args(with_goods.then_some("--with-goods"))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            bail!("filling the hub failed ({})", output.status);
        }
        let filled = serde_json::from_slice(&output.stdout).context("reading what was filled")?;
        let mut child = this_program(&["hub", "--data"])?
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        let stdout = child.stdout.take().context("the hub's output is piped")?;
        BufReader::new(stdout).read_line(&mut url)?;
        if url.is_empty() {
            bail!("the hub did not start");
        }
        Ok(Self {
            url: url.trim().to_owned(),
            filled,
            customers,
            process: child.id(),
            stdin: child.stdin.take(),
            child,
        })
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It stops by itself once its input is closed; what matters is that it is gone before its folder goes.
        let _stopped = self.child.wait();
    }
}

/// A call of this program in one of its hidden modes.
pub(crate) fn this_program(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    Ok(command)
}
