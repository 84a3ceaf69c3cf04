//! A hub that serves nobody: opened for one command, under the folder's lock.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use server::config::{Config, DataConfig};
use server::data;
use server::http::AppState;
use server::identity::access::Role;
use server::identity::directory::Directory;
use server::serve::Started;
use sync_core::ids::{AssociateId, ShopId};
use sync_core::store::Store as _;

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
        let store = Arc::new(data::open_store(folder, false)?);
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

/// What identity holds, read beside whoever writes.
pub(super) fn directory(folder: &Path) -> anyhow::Result<Directory> {
    let store = data::open_store(folder, false)?;
    let tx = store.read()?;
    Ok(Directory::load(&*tx)?)
}

/// The shop that is meant: by id or by name, or the only one there is.
pub(super) fn shop(directory: &Directory, named: Option<&str>) -> anyhow::Result<ShopId> {
    let Some(named) = named else {
        let mut all = directory.shops.keys();
        return match (all.next(), all.next()) {
            (Some(only), None) => Ok(*only),
            _ => bail!("name the shop with --shop: {}", shop_names(directory)),
        };
    };
    let by_id = named.parse().ok();
    let found: Vec<ShopId> = directory
        .shops
        .iter()
        .filter(|(id, row)| by_id == Some(**id) || row.name == named)
        .map(|(id, _)| *id)
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => bail!(
            "there is no shop {named:?}; there is {}",
            shop_names(directory)
        ),
        _ => bail!("several shops are called {named:?}: name one by its id"),
    }
}

fn shop_names(directory: &Directory) -> String {
    let names = directory
        .shops
        .iter()
        .map(|(id, row)| format!("{:?} ({id})", row.name));
    names.collect::<Vec<_>>().join(", ")
}

/// In whose name a command acts: the manager that is named, or the first of the chain.
pub(super) fn manager(directory: &Directory, named: Option<&str>) -> anyhow::Result<AssociateId> {
    let mut managers = directory
        .associates
        .iter()
        .filter(|(_, row)| row.role == Role::Manager && row.deactivated_at.is_none());
    let found = match named {
        Some(login) => managers.find(|(_, row)| row.login == login),
        None => managers.max_by_key(|(id, row)| (row.chain, std::cmp::Reverse(**id))),
    };
    let (id, _) = found.context("there is no such manager: see `carnet admin associates list`")?;
    Ok(*id)
}
