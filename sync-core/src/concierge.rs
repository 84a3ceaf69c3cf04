//! The concierge: what an associate needs in the moment, computed on the device, offline, the same everywhere.
//!
//! Pure functions of what the card says and the present moment; lines are typed with their sources, and worded in the language of whoever reads them (`words`).

pub mod brief;
mod calendar;
pub mod confirm;
pub mod draft;
pub mod gap;
pub mod gather;
pub mod grounds;
pub mod guard;
pub mod guest;
pub mod guests;
pub mod handover;
pub mod ledger;
pub mod linter;
pub mod next_promise;
pub mod obligations;
pub mod picture;
pub mod playbook;
pub mod recommend;
pub mod rights;
#[cfg(test)]
pub(crate) mod scene;
pub mod stock;
pub mod stop;
pub mod today;
pub mod words;

pub use brief::{Brief, Line, LineKind, render};
pub use confirm::{Ask, Doubt, Reply};
pub use grounds::SourceId;
pub use picture::{House, Picture, Told, Viewer, Whole};
pub use recommend::{Recommendation, Recommendations, Referral};
pub use words::Language;
