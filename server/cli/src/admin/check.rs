//! `carnet admin verify` and `rebuild`: the logic is the core's, here is only what is said.

use std::path::Path;

use anyhow::bail;
use server::data::DataError;
use server::keys::Keystore;
use server::lock::FolderLock;
use server::{check, data};
use sync_core::audit::{AuditError, Checked};

use super::import::Bar;
use super::{say, tell};

pub(super) fn verify(folder: &Path) -> anyhow::Result<()> {
    let store = data::open_for_work(folder)?;
    let bar = Bar::counting("documents checked");
    let verified = check::verify(&store, &mut |documents| bar.at(documents));
    bar.end();
    let verified = match verified {
        Ok(verified) => verified,
        Err(AuditError::Damaged(damage)) => {
            tell(format_args!("damaged: {damage}"));
            if damage.is_derived() {
                bail!(
                    "the database is damaged where it can be made again: run `carnet admin rebuild`"
                );
            }
            bail!("the database is damaged: restore it from its backup");
        }
        Err(AuditError::Store(error)) => return Err(DataError::of(error, folder).into()),
    };
    Keystore::verify(folder, &store)?;
    say_checked(&verified.checked);
    say(format_args!(
        "people         {} associates, {} handhelds, {} keys, {} shops",
        verified.associates, verified.devices, verified.integrations, verified.shops
    ));
    say("keystore       hub.keys is the one this database was set up with");
    say("The database is whole.");
    Ok(())
}

fn say_checked(checked: &Checked) {
    say("file           SQLite's own check passed");
    say(format_args!(
        "documents      {} lead from {} changes and {} bases to their heads; caches equal",
        checked.documents, checked.changes, checked.bases
    ));
    say(format_args!(
        "signatures     {} changes of handhelds, each signed by its enrolled key",
        checked.attestations
    ));
    say(format_args!(
        "feeds          {} entries chain up in {} scopes; digests equal what the scopes hold",
        checked.feed_entries, checked.scopes
    ));
    say(format_args!("records        {}", checked.records));
    say(format_args!("notices        {}", checked.notices));
    say(format_args!(
        "read rows      {} with {} index entries, as a rebuild would make them",
        checked.rows, checked.terms
    ));
    say(format_args!(
        "access log     {} lines; {} erased customers of whom nothing is left",
        checked.reads, checked.tombstones
    ));
}

pub(super) fn rebuild(folder: &Path) -> anyhow::Result<()> {
    let store = data::open_for_work(folder)?;
    let _lock = FolderLock::take(folder)?;
    let bar = Bar::counting("documents replayed");
    let rebuilt = check::rebuild(&store, &mut |documents| bar.at(documents));
    bar.end();
    let rebuilt = match rebuilt {
        Ok(rebuilt) => rebuilt,
        Err(AuditError::Damaged(damage)) => {
            tell(format_args!("damaged: {damage}"));
            bail!(
                "nothing was changed: the changes themselves are damaged, restore the database from its backup"
            );
        }
        Err(AuditError::Store(error)) => return Err(DataError::of(error, folder).into()),
    };
    say(format_args!(
        "documents      {} replayed to their accepted heads; {} caches said something else before",
        rebuilt.documents, rebuilt.caches_changed
    ));
    say(format_args!(
        "read rows      {} made; {} were missing or different; {} belonged to nothing",
        rebuilt.rows, rebuilt.rows_changed, rebuilt.strays
    ));
    Ok(())
}
