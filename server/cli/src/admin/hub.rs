//! A hub that serves nobody: opened for one command, under the folder's lock.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use server::config::{Config, DataConfig};
use server::data;
use server::http::AppState;
use server::identity::directory::Directory;
use server::lock::LockError;
use server::operator::{Order, carry_out};
use server::serve::{ServeError, Started};
use sync_core::store::Store as _;

use super::say;

/// Opens the hub of `folder` and runs `work` on it; everything that was written is durable when this returns.
pub(super) fn with_hub<T>(
    folder: &Path,
    work: impl AsyncFnOnce(&AppState) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let config = Config {
            data: DataConfig {
                folder: folder.to_owned(),
            },
            ..Config::default()
        };
        let store = Arc::new(data::open_for_work(folder)?);
        let started = Started::open(&config, store, Vec::new()).await?;
        if started.first_run.is_some() {
            started.finish().await;
            bail!("this hub was never started: run `carnet serve` once, then `carnet admin associates reset-password manager`");
        }
        let done = work(&started.state).await;
        started.finish().await;
        done
    })
}

/// Carries out an order and says what it answers: on the hub that serves the folder, or on one that is opened for it.
pub(super) fn order(folder: &Path, order: &Order) -> anyhow::Result<()> {
    let is_enrol = matches!(order, Order::Enrol { .. });
    let taken = order.clone();
    let done = with_hub(
        folder,
        async move |state| Ok(carry_out(state, taken).await?),
    );
    let done = match done {
        Err(error) if is_served(&error) => return ask_the_running(folder, order, error),
        done => done?,
    };
    done.iter().for_each(say);
    if is_enrol {
        say("Start the hub before using it.");
    }
    Ok(())
}

fn is_served(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(ServeError::Lock(LockError::Held { .. }))
    )
}

/// Hands the order to whoever holds the folder; when that is no hub with a door, `held` is the answer.
#[cfg(unix)]
fn ask_the_running(folder: &Path, order: &Order, held: anyhow::Error) -> anyhow::Result<()> {
    let Ok(answer) = server::operator::door::ask(folder, order) else {
        return Err(held);
    };
    answer.map_err(anyhow::Error::msg)?.iter().for_each(say);
    Ok(())
}

#[cfg(not(unix))]
fn ask_the_running(_: &Path, _: &Order, held: anyhow::Error) -> anyhow::Result<()> {
    Err(held)
}

/// What identity holds, read beside whoever writes.
pub(super) fn directory(folder: &Path) -> anyhow::Result<Directory> {
    let store = data::open_store(folder, false)?;
    let tx = store.read()?;
    Ok(Directory::load(&*tx)?)
}
