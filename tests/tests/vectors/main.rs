//! Plays the merge vectors of `tests/fixtures/merge_vectors.json` with handhelds and a hub that talk through frames, over each store.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on has failed"
)]

mod fleet;
mod step;

use fleet::Fleet;
use serde_json::Value as Json;
use simulator::disk::Disk;
use step::{Step, Vector};
use sync_store_sqlite::{OpenOptions, SqliteStore};

const VECTORS: &str = include_str!("../../fixtures/merge_vectors.json");
/// Vectors with steps that no hub takes yet: a new epoch, and the replay of an edit on it.
const WITH_EPOCHS: usize = 3;

fn play(disk: &dyn Fn() -> Disk) {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    let mut left_out = 0;
    for vector in &vectors {
        let is_beyond = |step: &Json| step["do"] == "epoch" || step["do"] == "replay";
        if vector.steps.iter().any(is_beyond) {
            left_out += 1;
            continue;
        }
        // Printed only when a vector fails.
        println!("{}", vector.name);
        let steps: Vec<Step> = serde_json::from_value(vector.steps.clone().into()).unwrap();
        let mut fleet = Fleet::new(vector, &steps, disk);
        for step in &steps {
            fleet.step(step);
        }
        fleet.agree(disk);
    }
    assert_eq!((vectors.len(), left_out), (16, WITH_EPOCHS));
}

#[test]
fn every_merge_vector_holds_in_a_fleet_over_the_store_in_memory() {
    play(&Disk::default);
}

#[test]
fn every_merge_vector_holds_in_a_fleet_over_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    play(&|| {
        number.set(number.get() + 1);
        let path = folder.path().join(format!("{}.db", number.get()));
        let options = OpenOptions {
            readers: 1,
            ..OpenOptions::default()
        };
        Disk::over(Box::new(SqliteStore::open(&path, &options).unwrap()))
    });
}
