//! The concierge: what an associate needs in the moment, computed on the device, offline, the same everywhere.
//!
//! Pure functions of what the card says and the present moment; lines are typed with their sources, the app words them.

pub mod brief;
pub mod ledger;
pub mod picture;
pub mod relationship;

pub use brief::{Brief, Line, LineKind, brief, render_english};
pub use picture::{House, Picture, Told, Viewer, Whole};
