//! `carnet serve`: one hub on one data folder, until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use server::config::{Config, DataConfig, ListenConfig, TlsConfig};
use server::desk::MessagesConfig;
use server::serve::Ready;
use server::{data, logging};

/// How the hub is served.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Folder of the database and the keys; made on the first run.
    #[arg(long, default_value = "carnet-data")]
    data: PathBuf,
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:7878", value_name = "ADDR:PORT")]
    listen: String,
    /// Certificate chain (PEM); with --tls-key the hub speaks TLS.
    #[arg(long, requires = "tls_key", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM).
    #[arg(long, requires = "tls_cert", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// The URL under which handhelds know the hub, where it differs from the address.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Allow plain HTTP beyond this machine, and say why (a TLS proxy in front, say).
    #[arg(long, value_name = "REASON")]
    insecure: Option<String>,
    /// Where messages to customers go, as signed webhooks: `https://provider/path`. Without it none leave.
    #[arg(long, requires = "messages_secret", value_name = "URL")]
    messages_url: Option<String>,
    /// File with the secret that signs them (whsec_ and base 64).
    #[arg(long, requires = "messages_url", value_name = "FILE")]
    messages_secret: Option<PathBuf>,
    /// What to log on standard error: a level, or pairs such as server=debug,info.
    #[arg(long, default_value = logging::DEFAULT_FILTER)]
    log: String,
}

impl ServeArguments {
    fn config(&self) -> anyhow::Result<Config> {
        let address: SocketAddr = ListenConfig::parse_address(&self.listen)?;
        let messages = self
            .messages_url
            .as_deref()
            .zip(self.messages_secret.as_deref());
        let messages = messages.map(|(url, file)| MessagesConfig::from_file(url, file));
        let tls = self.tls_cert.clone().zip(self.tls_key.clone());
        Ok(Config {
            data: DataConfig {
                folder: self.data.clone(),
            },
            listen: ListenConfig {
                address,
                tls: tls.map(|(certificates, key)| TlsConfig { certificates, key }),
                public_url: self.public_url.clone(),
                insecure_reason: self.insecure.clone(),
                ..ListenConfig::default()
            },
            messages: messages.transpose()?,
            ..Config::default()
        })
    }
}

/// Serves until a signal asks to stop.
pub(crate) fn run(arguments: &ServeArguments) -> anyhow::Result<()> {
    logging::to_standard_error(&arguments.log)?;
    let config = arguments.config()?;
    config.check()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let store = data::open_store(&config.data.folder, true)?;
        let folder = arguments.data.display().to_string();
        server::serve(
            &config,
            Arc::new(store),
            |ready| greet(ready, &folder),
            listen_for_stop(),
        )
        .await?;
        Ok(())
    })
}

/// Completes when the process is asked to stop: Ctrl-C, or SIGTERM from a service manager.
pub(crate) async fn stop_signal() {
    listen_for_stop().await;
}

/// As [`stop_signal`], inside a runtime.
/// Listens from the call on, not from the first poll, so that a stop right after the greeting is a clean one too.
#[cfg(unix)]
fn listen_for_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = signal(SignalKind::interrupt()).and_then(|interrupt| {
        let terminate = signal(SignalKind::terminate())?;
        Ok((interrupt, terminate))
    });
    async {
        match signals {
            Ok((mut interrupt, mut terminate)) => tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            },
            // Signals then end the process at once, which the database survives.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Completes when the process is asked to stop with Ctrl-C.
#[cfg(not(unix))]
async fn listen_for_stop() {
    let _interrupted = tokio::signal::ctrl_c().await;
}

/// Tells the person at the terminal that the hub is up, and after the first run how to sign in and enrol: this is shown once.
#[expect(clippy::print_stdout, reason = "this is what the command answers")]
fn greet(ready: &Ready<'_>, folder: &str) {
    println!("Carnet serves {} from {folder}", ready.url);
    println!("The back office: {}/office", ready.url);
    let Some(first) = ready.first_run else {
        let folder = quoted(folder);
        println!("Sign in as before. A new handheld: carnet admin enrol --data {folder}");
        return;
    };
    println!();
    println!("This is the first run. Write these down, they are not shown again:");
    println!("  manager           {}", first.login);
    println!("  password          {}", first.password.expose());
    println!(
        "  enrolment code    {}   (one handheld, for 10 minutes)",
        first.code.typed
    );
    println!();
    println!("Try a handheld in another terminal:");
    println!(
        "  carnet handheld --data my-handheld --hub {} --code {}",
        ready.url, first.code.typed
    );
}

/// A path as a shell reads it.
fn quoted(path: &str) -> String {
    let is_plain = |symbol: char| symbol.is_alphanumeric() || "/._-+=@:".contains(symbol);
    if !path.is_empty() && path.chars().all(is_plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', "'\\''"))
}
