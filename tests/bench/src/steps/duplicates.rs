//! The index of duplicates on a handheld: how large it is, and how long a look-up takes in the encrypted database.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use sync_core::card::terms::EndpointKind;
use sync_core::duplicates::{self, ChainKey, EndpointsBody, Warning};
use sync_core::ids::Timestamp;
use sync_core::notices::{self, NoticeDraft, Subject};
use sync_core::store::{Store as _, WriteTx, encode_row};

use super::{Bench, milliseconds};
use crate::figures::Figure;
use crate::handheld::Database;

/// The chain's key.
const KEY: ChainKey = ChainKey([42; 16]);
/// Look-ups that are timed.
const ASKED: u64 = 2_000;

/// The step: an index of the extent's endpoints in a handheld's database of its own.
pub(super) fn run(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let endpoints = bench.extent.endpoints;
    let store = Database::new(bench.folder, bench.next_device()).open()?;
    let print = |at| KEY.fingerprint(EndpointKind::Phone, &number(at));
    let prints: Vec<_> = (0..endpoints).map(print).collect::<Result<_, _>>()?;
    let mut tx = store.write()?;
    let mut bytes = 0;
    for (shard, body) in duplicates::build(&KEY, prints) {
        let key = duplicates::shard_key(shard);
        bytes += post(&mut *tx, key, &EndpointsBody::Shard(body))?;
    }
    let key = duplicates::key_key().to_owned();
    bytes += post(&mut *tx, key, &EndpointsBody::Key(KEY))?;
    tx.commit()?;
    let mut samples = Vec::new();
    let mut hits = 0;
    for at in 0..ASKED {
        // Every other number is known, the others are beyond.
        let asked = if at % 2 == 0 {
            at * endpoints / ASKED
        } else {
            endpoints + at
        };
        let begin = Instant::now();
        let warning = duplicates::look_up(&*store.read()?, EndpointKind::Phone, &number(asked))?;
        samples.push(milliseconds(begin) * 1_000.0);
        ensure!(
            at % 2 == 1 || warning == Warning::MayExist,
            "a known number gave an all-clear"
        );
        hits += u64::from(warning == Warning::MayExist);
    }
    println!(
        "    {} of {} unknown numbers warned of",
        hits - ASKED / 2,
        ASKED / 2
    );
    let customers = bench.hub.customers;
    let bytes = f64::from(u32::try_from(bytes).context("an index is small")?);
    let figures = [
        Figure::of("duplicates.bytes", (customers, "B"), vec![bytes]),
        Figure::of("duplicates.lookup_us", (customers, "µs"), samples),
    ];
    Ok(figures.into_iter().flatten().collect())
}

fn number(at: u64) -> String {
    format!("+336{at:09}")
}

/// Stores a notice; the bytes it has.
fn post(tx: &mut dyn WriteTx, key: String, body: &EndpointsBody) -> Result<usize> {
    let draft = NoticeDraft::new(Subject::Chain, key, ("hub", Timestamp(1)), body);
    let notice = notices::next_version(tx.as_read(), &draft)?.context("nothing is there yet")?;
    notices::put(tx, &notice)?;
    Ok(encode_row(&notice).len())
}
