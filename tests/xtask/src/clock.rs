//! The one clock of this program: how long a part took.

use std::time::{Duration, Instant};

/// Runs `work` and tells how long it took.
#[expect(
    clippy::disallowed_methods,
    reason = "the time of a part is shown to a person and decides nothing"
)]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}
