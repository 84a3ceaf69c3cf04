//! `carnet demo`: an invented boutique, its hub, and a story of two handhelds, played through the real SDK.
//!
//! Everything is real but the customers: the hub serves over a socket, the handhelds keep encrypted databases, and the network between
//! them is a relay that the story takes down, breaks and brings back. Nothing waits for effect.

mod network;
mod shop;
mod story;
mod words;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use server::boutique::Boutique;
use server::clock::{Clock as _, SystemClock};
use server::config::{Config, DataConfig, ListenConfig};
use server::data;
use server::http::AppState;
use server::setup::FirstRun;
use tokio::sync::oneshot;

use network::Relay;

/// What the demo shows.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Customers of the boutique.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(50..=100_000))]
    customers: u32,
    /// The seed that the boutique is made from.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// An empty folder to keep the demo in; without one it is gone at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port for handhelds; a free port unless said.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR:PORT")]
    listen: String,
    /// End after the story instead of serving on.
    #[arg(long)]
    exit: bool,
}

/// What the hub hands over once it takes connections.
struct Opened {
    state: AppState,
    first_run: Option<FirstRun>,
}

/// Plays the story, then serves until a signal asks to stop.
pub(crate) fn run(arguments: &DemoArguments) -> anyhow::Result<()> {
    let folder = Folder::make(arguments.data.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let played = runtime.block_on(serve_and_play(arguments, folder.path()));
    drop(folder);
    played
}

async fn serve_and_play(arguments: &DemoArguments, folder: &Path) -> anyhow::Result<()> {
    let address = ListenConfig::parse_address(&arguments.listen)?;
    let relay = Relay::bind(address).await?;
    let hub_folder = folder.join("hub");
    let config = Config {
        data: DataConfig {
            folder: hub_folder.clone(),
        },
        listen: ListenConfig {
            // Handhelds reach the hub through the relay, so that is the address they know.
            public_url: Some(relay.url()),
            ..ListenConfig::for_testing()
        },
        ..Config::default()
    };
    let store = data::open_store(&hub_folder, true)?;
    let (opened, opens) = oneshot::channel();
    let (stop, stopping) = oneshot::channel::<()>();
    let relay_to_hub = relay.clone();
    let hub = async move {
        let ready = move |ready: &server::serve::Ready<'_>| {
            relay_to_hub.forward_to(ready.address);
            let _nobody_waits = opened.send(Opened {
                state: ready.state.clone(),
                first_run: ready.first_run.cloned(),
            });
        };
        server::serve(&config, Arc::new(store), ready, async {
            let _story_gone = stopping.await;
        })
        .await
    };
    let story = async {
        let told = match opens.await {
            Ok(opened) => tell(arguments, folder, &relay, opened).await,
            // The hub did not start; its own error says why.
            Err(_closed) => Ok(()),
        };
        let _hub_gone = stop.send(());
        told
    };
    let (served, told) = tokio::join!(hub, story);
    served?;
    told
}

/// Fills the hub, plays the story, and stays.
async fn tell(
    arguments: &DemoArguments,
    folder: &Path,
    relay: &Relay,
    opened: Opened,
) -> anyhow::Result<()> {
    let Some(first_run) = opened.first_run else {
        bail!("the folder of --data holds a hub already: name an empty one");
    };
    let boutique = Boutique {
        seed: arguments.seed,
        customers: arguments.customers,
        now: SystemClock.now(),
    };
    let shop = shop::open(&opened.state, &first_run, boutique).await?;
    let url = relay.url();
    let (stage, relay, folder) = (shop.clone(), relay.clone(), folder.to_owned());
    // The SDK's calls wait; they do so on a thread of their own, as in an app.
    tokio::task::spawn_blocking(move || story::play(&stage, &relay, &folder))
        .await
        .context("the story ended early")??;
    if arguments.exit {
        return Ok(());
    }
    let code = shop.code().await?;
    words::invite(&shop, &code, &url)?;
    crate::serve::stop_signal().await;
    Ok(())
}

/// Where the demo lies; removed at the end unless somebody asked to keep it.
struct Folder {
    path: PathBuf,
    is_kept: bool,
}

impl Folder {
    fn make(asked: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(path) = asked {
            data::make_folder(path)?;
            let is_kept = true;
            let path = path.to_owned();
            return Ok(Self { path, is_kept });
        }
        let name = carnet_ffi::entropy::SharedEntropy::system().bytes::<8>();
        let name = format!("carnet-demo-{}", sync_core::ids::to_base32(&name));
        let path = std::env::temp_dir().join(name);
        data::make_folder(&path)?;
        Ok(Self {
            path,
            is_kept: false,
        })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            let path = self.path.display();
            let _nobody_reads = writeln!(std::io::stderr(), "{path} could not be removed: {error}");
        }
    }
}

#[cfg(test)]
mod tests;
