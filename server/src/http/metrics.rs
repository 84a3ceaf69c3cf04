//! Counters and gauges, as OpenMetrics text. Labels come from closed sets: no ids, no names, no paths as asked for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// Labels as they are printed.
type Series = (&'static Metric, String);

/// All counters and gauges.
#[derive(Debug, Default)]
pub struct Metrics {
    counters: Mutex<BTreeMap<Series, u64>>,
    gauges: Mutex<BTreeMap<Series, i64>>,
}

impl Metrics {
    /// Adds one.
    pub fn count(&self, metric: &'static Metric, labels: &[(&str, &str)]) {
        self.add(metric, labels, 1);
    }

    /// Adds `amount`.
    pub fn add(&self, metric: &'static Metric, labels: &[(&str, &str)], amount: u64) {
        let series = (metric, printed(labels));
        let mut counters = lock(&self.counters);
        let counter = counters.entry(series).or_default();
        *counter = counter.saturating_add(amount);
    }

    /// Sets what is true now.
    pub fn set(&self, metric: &'static Metric, labels: &[(&str, &str)], value: i64) {
        lock(&self.gauges).insert((metric, printed(labels)), value);
    }

    /// Everything as OpenMetrics text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        print(&mut text, "counter", "_total", &lock(&self.counters));
        print(&mut text, "gauge", "", &lock(&self.gauges));
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
            let Metric { name, help } = metric;
            write!(text, "# TYPE {name} {kind}\n# HELP {name} {help}\n")
                .expect("writing to a string does not fail");
        }
        writeln!(text, "{}{suffix}{labels} {value}", metric.name)
            .expect("writing to a string does not fail");
    }
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
}
