//! The SQLite store against the contract suite, bad files, a full disk, erasure and crashes.

mod contract;
mod copies;
mod crash;
mod erasure;
mod full_disk;
mod place;
mod readers;
mod refusals;
mod schema;
