//! The contract suite of the core, in plain and encrypted.

use sync_core::store::Store;

use crate::place::{Opened, Place};

mod plain {
    use super::*;
    sync_core::store_conformance!(|| Opened::new(Place::plain()));
    sync_core::store_conformance_durable!(|| reopening(Place::plain()));
}

mod encrypted {
    use super::*;
    sync_core::store_conformance!(|| Opened::new(Place::encrypted()));
    sync_core::store_conformance_durable!(|| reopening(Place::encrypted()));
}

/// With a cache so small that a transaction of some size goes to the log before it commits.
mod starved {
    use super::*;
    sync_core::store_conformance!(|| {
        let mut place = Place::encrypted();
        place.options.cache_kib = 16;
        place.options.writer_cache_kib = 16;
        Opened::new(place)
    });
}

fn reopening(place: Place) -> impl Fn() -> Box<dyn Store> {
    move || Box::new(place.open())
}
