//! The lowest of many index entries, in order, within a bound of memory.

use std::cmp::Ordering;

use super::Move;

/// Collects entries in any order and keeps the lowest.
pub(super) struct Sorted {
    /// First key that is taken.
    from: Vec<u8>,
    /// First key that is not: there was no room for it and those behind it.
    to: Option<Vec<u8>>,
    batch: Batch,
    entries_max: usize,
}

/// Entries whose keys lie in one stretch of memory.
pub(super) struct Batch {
    keys: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    /// The first bytes of the key, which tell most keys apart.
    begin: [u8; 8],
    at: u32,
    len: u16,
    what: Move,
}

impl Sorted {
    /// Takes keys from `from` on, and at most `entries_max` at a time.
    pub(super) fn new(from: Vec<u8>, entries_max: usize) -> Self {
        Self {
            from,
            to: None,
            batch: Batch::with_room(entries_max),
            entries_max,
        }
    }

    /// Takes an entry; a key longer than an index ever has is left out.
    pub(super) fn add(&mut self, key: &[u8], what: Move) {
        let is_behind = self.to.as_deref().is_some_and(|to| key >= to);
        if key < self.from.as_slice() || is_behind {
            return;
        }
        self.batch.push(key, what);
        if self.batch.entries.len() >= self.entries_max {
            self.to = self.batch.keep_lower_half();
        }
    }

    /// The entries that were kept, in order; and where the next ones begin, when there are any.
    pub(super) fn finish(mut self) -> (Batch, Option<Vec<u8>>) {
        let Batch { keys, entries } = &mut self.batch;
        entries.sort_unstable_by(|one, other| one.compare(other, keys));
        // One entry told twice tells the same.
        entries.dedup_by(|one, other| one.compare(other, keys) == Ordering::Equal);
        (self.batch, self.to)
    }
}

/// Bytes of a key that are made room for: more than most have.
const KEY_BYTES: usize = 32;

impl Batch {
    /// Room is taken at once, since growing would take twice as much; what is not used is never touched.
    fn with_room(entries: usize) -> Self {
        Self {
            keys: Vec::with_capacity(entries * KEY_BYTES),
            entries: Vec::with_capacity(entries),
        }
    }

    /// The entries with their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], Move)> {
        self.entries
            .iter()
            .map(|entry| (entry.key(&self.keys), entry.what))
    }

    fn push(&mut self, key: &[u8], what: Move) {
        let (Ok(at), Ok(len)) = (self.keys.len().try_into(), key.len().try_into()) else {
            return;
        };
        let mut begin = [0; 8];
        for (to, from) in begin.iter_mut().zip(key) {
            *to = *from;
        }
        self.entries.push(Entry {
            begin,
            at,
            len,
            what,
        });
        self.keys.extend_from_slice(key);
    }

    /// Lets the higher half go; returns its first key.
    fn keep_lower_half(&mut self) -> Option<Vec<u8>> {
        let room = Vec::with_capacity(self.keys.capacity());
        let keys = std::mem::replace(&mut self.keys, room);
        let middle = self.entries.len() / 2;
        let compare = |one: &Entry, other: &Entry| one.compare(other, &keys);
        let (lower, first, _) = self.entries.select_nth_unstable_by(middle, compare);
        let to = first.key(&keys).to_vec();
        let kept: Vec<_> = lower.to_vec();
        self.entries.clear();
        for entry in kept {
            // The same entry, told twice, stays whole on one side.
            if entry.key(&keys) < to.as_slice() {
                self.push(entry.key(&keys), entry.what);
            }
        }
        Some(to)
    }
}

impl Entry {
    fn key<'a>(&self, keys: &'a [u8]) -> &'a [u8] {
        usize::try_from(self.at)
            .ok()
            .and_then(|at| keys.get(at..)?.get(..usize::from(self.len)))
            .unwrap_or_default()
    }

    fn compare(&self, other: &Self, keys: &[u8]) -> Ordering {
        self.begin
            .cmp(&other.begin)
            .then_with(|| self.key(keys).cmp(other.key(keys)))
    }
}
