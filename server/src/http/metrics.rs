//! Counters, gauges and durations, as OpenMetrics text. Labels come from closed sets: no ids, no names, no paths as asked for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is measured.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// Its name, without the suffix that counters get.
    pub name: &'static str,
    /// What it tells.
    pub help: &'static str,
}

/// Requests answered.
pub static REQUESTS: Metric = Metric {
    name: "carnet_http_requests",
    help: "Requests answered, by method, route and status.",
};
/// Connections open now.
pub static CONNECTIONS: Metric = Metric {
    name: "carnet_connections",
    help: "Connections open now.",
};
/// Connections closed because of a bound.
pub static CONNECTIONS_REFUSED: Metric = Metric {
    name: "carnet_connections_refused",
    help: "Connections closed at once because of a bound, by bound.",
};
/// Jobs that wait for the writer.
pub static WRITER_QUEUE: Metric = Metric {
    name: "carnet_writer_queue_jobs",
    help: "Jobs that wait for the writer now.",
};
/// Documents opened from storage.
pub static DOCUMENTS_LOADED: Metric = Metric {
    name: "carnet_documents_loaded",
    help: "Documents opened from storage since the start.",
};

/// How long requests took.
pub static REQUEST_SECONDS: Metric = Metric {
    name: "carnet_http_request_seconds",
    help: "Time from a request to its answer, by route.",
};
/// Sign-ins that were refused.
pub static SIGN_INS_FAILED: Metric = Metric {
    name: "carnet_sign_ins_failed",
    help: "Sign-ins that were refused, by place and reason.",
};
/// How long commits took.
pub static COMMIT_SECONDS: Metric = Metric {
    name: "carnet_commit_seconds",
    help: "Time in which a group of writes became durable.",
};
/// Writes that could not be made durable.
pub static COMMITS_FAILED: Metric = Metric {
    name: "carnet_commits_failed",
    help: "Groups of writes that could not be made durable.",
};
/// Handhelds connected now.
pub static SYNC_SESSIONS: Metric = Metric {
    name: "carnet_sync_sessions",
    help: "Handhelds that hold a connection for sync now.",
};
/// What became of pushed changes.
pub static VERDICTS: Metric = Metric {
    name: "carnet_verdicts",
    help: "Pushed changes, by verdict and, for refusals, by code.",
};
/// Forged lines of access logs.
pub static READS_FORGED: Metric = Metric {
    name: "carnet_access_lines_forged",
    help: "Lines of access logs that named somebody who never signed in on that handheld.",
};

/// Labels as they are printed.
type Series = (&'static Metric, String);

/// Upper bounds of the buckets of durations: in microseconds, and in seconds as printed.
const BOUNDS: [(u64, &str); 12] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (1_000_000, "1.0"),
    (5_000_000, "5.0"),
    (30_000_000, "30.0"),
];

/// How often something took how long.
#[derive(Debug, Default)]
struct Durations {
    /// Of each bound, what took no longer and longer than the bound before.
    within: [u64; BOUNDS.len()],
    count: u64,
    micros: u64,
}

/// All that is measured. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Values>);

#[derive(Debug, Default)]
struct Values {
    counters: Mutex<BTreeMap<Series, u64>>,
    gauges: Mutex<BTreeMap<Series, i64>>,
    durations: Mutex<BTreeMap<Series, Durations>>,
}

impl Metrics {
    /// Adds one.
    pub fn count(&self, metric: &'static Metric, labels: &[(&str, &str)]) {
        self.add(metric, labels, 1);
    }

    /// Adds `amount`.
    pub fn add(&self, metric: &'static Metric, labels: &[(&str, &str)], amount: u64) {
        let series = (metric, printed(labels));
        let mut counters = lock(&self.0.counters);
        let counter = counters.entry(series).or_default();
        *counter = counter.saturating_add(amount);
    }

    /// Sets what is true now.
    pub fn set(&self, metric: &'static Metric, labels: &[(&str, &str)], value: i64) {
        lock(&self.0.gauges).insert((metric, printed(labels)), value);
    }

    /// Notes how long something took.
    pub fn time(&self, metric: &'static Metric, labels: &[(&str, &str)], took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut all = lock(&self.0.durations);
        let durations = all.entry((metric, printed(labels))).or_default();
        let bucket = BOUNDS
            .iter()
            .zip(&mut durations.within)
            .find(|((bound, _), _)| micros <= *bound);
        if let Some((_, count)) = bucket {
            *count = count.saturating_add(1);
        }
        durations.count = durations.count.saturating_add(1);
        durations.micros = durations.micros.saturating_add(micros);
    }

    /// Everything as OpenMetrics text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        print(&mut text, "counter", "_total", &lock(&self.0.counters));
        print(&mut text, "gauge", "", &lock(&self.0.gauges));
        print_durations(&mut text, &lock(&self.0.durations));
        text.push_str("# EOF\n");
        text
    }
}

fn lock<T>(values: &Mutex<T>) -> MutexGuard<'_, T> {
    // Numbers are changed one at a time; a panicking holder can't have left one half-written.
    values.lock().unwrap_or_else(PoisonError::into_inner)
}

fn print<V: std::fmt::Display>(
    text: &mut String,
    kind: &str,
    suffix: &str,
    values: &BTreeMap<Series, V>,
) {
    let mut last = None;
    for ((metric, labels), value) in values {
        if last != Some(metric) {
            last = Some(metric);
            print_head(text, metric, kind);
        }
        writeln!(text, "{}{suffix}{labels} {value}", metric.name)
            .expect("writing to a string does not fail");
    }
}

fn print_head(text: &mut String, metric: &Metric, kind: &str) {
    let Metric { name, help } = metric;
    write!(text, "# TYPE {name} {kind}\n# HELP {name} {help}\n")
        .expect("writing to a string does not fail");
}

fn print_durations(text: &mut String, values: &BTreeMap<Series, Durations>) {
    let mut last = None;
    for ((metric, labels), durations) in values {
        if last != Some(metric) {
            last = Some(metric);
            print_head(text, metric, "histogram");
        }
        print_buckets(text, (metric.name, labels), durations)
            .expect("writing to a string does not fail");
    }
}

fn print_buckets(
    text: &mut String,
    (name, labels): (&str, &str),
    durations: &Durations,
) -> std::fmt::Result {
    let before = labels
        .strip_suffix('}')
        .map_or_else(|| "{".to_owned(), |labels| format!("{labels},"));
    let mut within = 0_u64;
    for ((_, bound), count) in BOUNDS.iter().zip(durations.within) {
        within = within.saturating_add(count);
        writeln!(text, "{name}_bucket{before}le=\"{bound}\"}} {within}")?;
    }
    let Durations { count, micros, .. } = durations;
    writeln!(text, "{name}_bucket{before}le=\"+Inf\"}} {count}")?;
    writeln!(text, "{name}_count{labels} {count}")?;
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    writeln!(text, "{name}_sum{labels} {seconds}.{rest:06}")
}

fn printed(labels: &[(&str, &str)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| {
            let value = value
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            format!("{name}=\"{value}\"")
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_printed_in_the_open_form() {
        let metrics = Metrics::default();
        metrics.count(&CONNECTIONS_REFUSED, &[("bound", "total")]);
        metrics.count(&CONNECTIONS_REFUSED, &[("bound", "total")]);
        metrics.count(&CONNECTIONS_REFUSED, &[("bound", "a\"b\\c\n")]);
        metrics.set(&WRITER_QUEUE, &[], 3);
        metrics.set(&WRITER_QUEUE, &[], 2);
        let expected = "\
# TYPE carnet_connections_refused counter
# HELP carnet_connections_refused Connections closed at once because of a bound, by bound.
carnet_connections_refused_total{bound=\"a\\\"b\\\\c\\n\"} 1
carnet_connections_refused_total{bound=\"total\"} 2
# TYPE carnet_writer_queue_jobs gauge
# HELP carnet_writer_queue_jobs Jobs that wait for the writer now.
carnet_writer_queue_jobs 2
# EOF
";
        assert_eq!(metrics.to_text(), expected);
    }

    #[test]
    fn durations_are_printed_as_buckets_that_add_up() {
        let metrics = Metrics::default();
        for micros in [400, 500, 501, 2_000_000, 60_000_000] {
            let took = Duration::from_micros(micros);
            metrics.time(&REQUEST_SECONDS, &[("route", "/x")], took);
        }
        metrics.time(&COMMIT_SECONDS, &[], Duration::from_millis(3));
        let text = metrics.to_text();
        for line in [
            "# TYPE carnet_commit_seconds histogram",
            "carnet_commit_seconds_bucket{le=\"0.0025\"} 0",
            "carnet_commit_seconds_bucket{le=\"0.005\"} 1",
            "carnet_commit_seconds_bucket{le=\"+Inf\"} 1",
            "carnet_commit_seconds_count 1",
            "carnet_commit_seconds_sum 0.003000",
            "carnet_http_request_seconds_bucket{route=\"/x\",le=\"0.0005\"} 2",
            "carnet_http_request_seconds_bucket{route=\"/x\",le=\"0.001\"} 3",
            "carnet_http_request_seconds_bucket{route=\"/x\",le=\"5.0\"} 4",
            "carnet_http_request_seconds_bucket{route=\"/x\",le=\"30.0\"} 4",
            "carnet_http_request_seconds_bucket{route=\"/x\",le=\"+Inf\"} 5",
            "carnet_http_request_seconds_count{route=\"/x\"} 5",
            "carnet_http_request_seconds_sum{route=\"/x\"} 62.001401",
        ] {
            assert!(
                text.lines().any(|one| one == line),
                "{line} is not in {text}"
            );
        }
    }
}
