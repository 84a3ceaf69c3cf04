//! What the machine is, and what a process on it has used: read from `/proc`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};

/// One line about the machine, for the head of the table.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZeroUsize::get);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<_> = load.split_whitespace().take(3).collect();
    let sqlite = sync_store_sqlite::SqliteStore::sqlite_version();
    format!(
        "{cores} cores, Linux {}, load {} at the start, SQLite {sqlite}, synchronous=FULL on both sides",
        kernel.trim(),
        load.join(" ")
    )
}

/// What each thread of a process has run so far, in nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct CpuMark(BTreeMap<u32, u64>);

/// Reads what the threads of `process` have run.
pub(crate) fn cpu(process: u32) -> Result<CpuMark> {
    let mut threads = BTreeMap::new();
    let folder = format!("/proc/{process}/task");
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {folder}"))? {
        let path = entry?.path();
        let id = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        // A thread may end between the listing and the reading.
        let ran = fs::read_to_string(path.join("schedstat"))
            .ok()
            .and_then(|text| text.split_whitespace().next()?.parse().ok());
        if let (Some(id), Some(ran)) = (id, ran) {
            threads.insert(id, ran);
        }
    }
    Ok(CpuMark(threads))
}

impl CpuMark {
    /// Milliseconds of CPU between this mark and a later one. What a thread did that ended between the two is not seen.
    pub(crate) fn milliseconds_until(&self, later: &Self) -> f64 {
        let nanoseconds: u64 = later
            .0
            .iter()
            .map(|(id, ran)| ran.saturating_sub(self.0.get(id).copied().unwrap_or(0)))
            .sum();
        std::time::Duration::from_nanos(nanoseconds).as_secs_f64() * 1_000.0
    }
}

/// Megabytes of memory that `process` holds now, and the most it ever held.
pub(crate) fn memory_mb(process: u32) -> Result<(f64, f64)> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1_024.0)
    };
    let now = field("VmRSS:").context("no VmRSS")?;
    Ok((now, field("VmHWM:").unwrap_or(now)))
}
