//! The sync protocol: frames and the two session machines. The machines know frames, not sockets.

pub mod frame;
pub mod handheld;
pub mod hub;

use std::ops::ControlFlow;

use crate::feed::{self, ScopeState};
use crate::ids::Hash32;
use crate::limits;
use crate::scope::Scope;
use crate::store::{self, Direction, KeyRange, ReadTx, StoreError, Table};

/// Bytes at which a session closes a frame of feed entries, pages or pushes.
///
/// Everybody uses the default; a simulation takes less, so that small worlds have many pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameTarget(pub usize);

impl Default for FrameTarget {
    fn default() -> Self {
        Self(limits::FRAME_BYTES_TARGET)
    }
}

/// Every scope that this replica holds, and where it stands.
///
/// # Errors
/// What the store reports.
pub fn positions(tx: &dyn ReadTx) -> Result<Vec<(Scope, ScopeState)>, StoreError> {
    let mut positions = Vec::new();
    let all = KeyRange {
        from: &[],
        to: None,
    };
    tx.scan(
        Table::ScopeState,
        all,
        Direction::Ascending,
        &mut |key, bytes| {
            let state = store::decode_row(Table::ScopeState, bytes)?;
            positions.extend(Scope::from_key(key).map(|scope| (scope, state)));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(positions)
}

/// The rolled-up state of some scopes.
///
/// # Errors
/// What the store reports.
pub fn rollup_of(tx: &dyn ReadTx, scopes: &[Scope]) -> Result<Hash32, StoreError> {
    let mut states = Vec::with_capacity(scopes.len());
    for scope in scopes {
        states.push((*scope, feed::state(tx, *scope)?));
    }
    Ok(feed::rollup(
        states.iter().map(|(scope, state)| (*scope, state)),
    ))
}
