//! The SQLite store against the contract suite, bad files, a full disk, erasure and crashes.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod copies;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod erasure;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod place;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod schema;
