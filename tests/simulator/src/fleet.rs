//! Named hubs and handhelds that talk through frames, without sockets: what scenarios and the simulation are told in.

mod handheld;
mod hub;
mod link;

use std::collections::BTreeMap;

use sync_core::card::Facet;
use sync_core::ids::CustomerId;
use sync_core::store::{Store, StoreError};

pub use handheld::Handheld;
pub use hub::{Enrolled, HUB_DEVICE, Hub, People, SignIn};
pub use link::{Exchange, Link};

/// Meets once, completely.
///
/// # Errors
/// What the store reports.
pub fn meet(handheld: &mut Handheld, hub: &mut Hub) -> Result<Link, StoreError> {
    let mut link = Link::open(handheld, hub)?;
    link.run_until_quiet(handheld, hub)?;
    Ok(link)
}

/// The canonical JSON of every accepted document of a customer in a store.
///
/// # Errors
/// What the store reports.
pub fn accepted_json(
    store: &dyn Store,
    customer: CustomerId,
    facets: &[Facet],
) -> Result<BTreeMap<Facet, String>, StoreError> {
    let tx = store.read()?;
    let mut found = BTreeMap::new();
    for facet in facets {
        let document = facet.document(customer);
        let Some(row) = sync_core::documents::row(&*tx, document)? else {
            continue;
        };
        let state = sync_core::documents::replay(&*tx, document)?;
        let entries = state.entries().expect("accepted documents are flat");
        let json = sync_core::card::canonical::canonical_json(&entries, &row.corrections());
        found.insert(*facet, json);
    }
    Ok(found)
}
