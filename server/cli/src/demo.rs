//! `carnet demo`: an invented boutique, its hub, and a story that two handhelds play on the real SDK.
//!
//! Everything is real but the people: SQLite files, HTTP, web sockets, signatures. The shop's network is a small relay
//! ([`network`]) that can be switched off and torn in the middle of a sentence.

mod care;
mod network;
mod stage;
mod story;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use server::boutique::Boutique;
use server::config::{Config, DataConfig, ListenConfig};
use server::data;
use server::http::AppState;
use tokio::sync::oneshot;

use self::network::Network;
use self::stage::Stage;

/// What the demo plays with.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Customers of the invented boutique.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    customers: u32,
    /// From which the boutique is invented.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Weeks for which the boutique's gap is known.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(0..=52))]
    weeks: u32,
    /// Address and port under which handhelds reach the hub; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:7878", value_name = "ADDR:PORT")]
    listen: String,
    /// Keep the demo's files in this folder, which must be empty; otherwise they are removed at the end.
    #[arg(long)]
    data: Option<PathBuf>,
    /// End after the story instead of serving on.
    #[arg(long)]
    exit: bool,
}

/// A folder of the demo's own, removed with it unless somebody wants to keep it.
struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    fn new(wanted: Option<&PathBuf>) -> anyhow::Result<Self> {
        let path = match wanted {
            Some(path) => path.clone(),
            None => std::env::temp_dir().join(format!("carnet-demo-{}", std::process::id())),
        };
        data::make_folder(&path)?;
        let is_empty = std::fs::read_dir(&path)?.next().is_none();
        anyhow::ensure!(
            is_empty,
            "{} is not empty: name an empty folder with --data, or serve it with `carnet serve --data {}`",
            path.display(),
            path.display(),
        );
        Ok(Self {
            path,
            keep: wanted.is_some(),
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // What can't be removed is in the folder for temporary files, and goes with it.
            let _removed = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Plays the story, then serves on until Ctrl-C.
pub(crate) fn run(arguments: &DemoArguments) -> anyhow::Result<()> {
    let folder = Folder::new(arguments.data.as_ref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let wanted = ListenConfig::parse_address(&arguments.listen)?;
    story::opening();
    let network = runtime.block_on(Network::open(wanted))?;
    let (stop, stopped) = oneshot::channel();
    let (state, serving) = runtime.block_on(start_hub(&folder, &network, stopped))?;
    let people = runtime.block_on(invent(arguments, &state))?;
    let customers = arguments.customers;
    let stage = Stage {
        runtime: &runtime,
        state: &state,
        network: &network,
        folder: &folder.path,
    };
    story::play(&stage, &people, customers)?;
    if arguments.exit {
        story::farewell(arguments.data.as_deref());
    } else {
        let code = runtime.block_on(stage.enrolment_code(&people))?;
        story::invitation(network.url(), &code, &people);
        runtime.block_on(crate::serve::stop_signal());
    }
    // The hub may have ended by itself, and then says why below.
    let _asked = stop.send(());
    runtime.block_on(serving)??;
    Ok(())
}

type Serving = tokio::task::JoinHandle<Result<(), server::serve::ServeError>>;

/// Starts the hub behind the network, under whose address handhelds know it.
async fn start_hub(
    folder: &Folder,
    network: &Network,
    stopped: oneshot::Receiver<()>,
) -> anyhow::Result<(AppState, Serving)> {
    let config = Config {
        data: DataConfig {
            folder: folder.path.join("hub"),
        },
        listen: ListenConfig {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: Some(network.url().to_owned()),
            ..ListenConfig::default()
        },
        ..Config::default()
    };
    let store = Arc::new(data::open_store(&config.data.folder, true)?);
    let (ready, is_ready) = oneshot::channel();
    let serving = tokio::spawn(async move {
        let tell = |hub: &server::serve::Ready<'_>| {
            // Whoever waits for it may have given up.
            let _told = ready.send((hub.address, hub.state.clone()));
        };
        let until = async {
            // Dropping the sender asks to stop as well.
            let _stop = stopped.await;
        };
        server::serve(&config, store, tell, until).await
    });
    let Ok((address, state)) = is_ready.await else {
        serving.await??;
        anyhow::bail!("the hub stopped before it was ready");
    };
    network.lead_to(address);
    Ok((state, serving))
}

/// Invents the boutique with a progress bar, and the people who work there.
async fn invent(arguments: &DemoArguments, state: &AppState) -> anyhow::Result<stage::People> {
    let people = stage::hire(state).await?;
    let boutique = Boutique {
        seed: arguments.seed,
        customers: arguments.customers,
        now: state.clock.now(),
    };
    let bar = story::progress(u64::from(arguments.customers));
    let written = boutique
        .write(&state.book, &people.authors(), |done| {
            bar.set_position(u64::from(done));
        })
        .await
        .context("the boutique could not be written")?;
    bar.finish_and_clear();
    story::boutique(&written);
    let weeks = boutique.write_care(&state.book, arguments.weeks).await;
    story::weeks(weeks.context("the boutique's weeks could not be written")?);
    // The back office counts once a minute; whoever looks at it at once should find figures.
    let counted = server::gap::keeper::settle(&state.book, state.clock.now()).await;
    counted.context("the boutique's gap could not be counted")?;
    Ok(people)
}
