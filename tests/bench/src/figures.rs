//! Figures, their targets, and how they are shown.

use serde::Serialize;

/// One figure of one size.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// Its name, such as `reconnect.bytes`.
    pub(crate) name: &'static str,
    /// Customers of the book it was measured on.
    pub(crate) customers: u32,
    /// The median.
    pub(crate) value: f64,
    /// In which unit.
    pub(crate) unit: &'static str,
    /// The lowest of the repeats.
    pub(crate) min: f64,
    /// The highest of the repeats.
    pub(crate) max: f64,
    /// How many repeats.
    pub(crate) repeats: usize,
}

/// How a figure stands to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Met,
    Missed,
    /// There is no target at this size.
    Free,
}

/// What is to be reached, and at which size; no size means at every size.
struct Target {
    name: &'static str,
    customers: Option<u32>,
    bound: f64,
    at_least: bool,
}

const fn at_most(name: &'static str, customers: Option<u32>, bound: f64) -> Target {
    Target {
        name,
        customers,
        bound,
        at_least: false,
    }
}

const TARGETS: [Target; 31] = [
    at_most("reconnect.bytes", None, 256.0),
    at_most("reconnect.round_trips", None, 1.0),
    at_most("reconnect.hub_cpu_ms", None, 0.2),
    at_most("reconnect.documents_loaded", None, 0.0),
    at_most("catch_up.bytes", Some(10_000), 50_000.0),
    at_most("catch_up.round_trips", Some(10_000), 3.0),
    at_most("catch_up.wall_ms", Some(10_000), 150.0),
    at_most("push.wall_ms", None, 1_000.0),
    at_most("push.hub_cpu_ms_per_edit", None, 0.6),
    at_most("first_sync.searchable_ms", Some(10_000), 2_500.0),
    at_most("first_sync.complete_ms", Some(10_000), 5_000.0),
    at_most("first_sync.bytes_per_customer", Some(10_000), 2_048.0),
    at_most("live.p50_ms", None, 8.0),
    at_most("live.p99_ms", None, 40.0),
    at_most("live50.p99_ms", None, 100.0),
    Target {
        name: "live50.delivered_share",
        customers: None,
        bound: 1.0,
        at_least: true,
    },
    at_most("hub.rss_mb", Some(100_000), 150.0),
    at_most("handheld.open_ms", Some(50_000), 30.0),
    at_most("handheld.search_p99_ms", Some(50_000), 8.0),
    at_most("handheld.edit_p99_ms", Some(50_000), 25.0),
    at_most("brief.p99_ms", Some(50_000), 20.0),
    at_most("guard.p99_ms", Some(50_000), 2.0),
    at_most("today.from_nothing_ms", Some(5_000), 150.0),
    at_most("today.after_edit_ms", Some(5_000), 10.0),
    at_most("duplicates.bytes", None, 4_000_000.0),
    at_most("duplicates.lookup_us", None, 100.0),
    at_most("import.wall_s", Some(50_000), 120.0),
    at_most("import.rss_mb", Some(50_000), 200.0),
    at_most("gap.full_ms", Some(50_000), 30_000.0),
    at_most("gap.incremental_ms", Some(50_000), 1_000.0),
    at_most("gap.rss_mb", Some(50_000), 300.0),
];

impl Figure {
    /// The median of `samples`, with their spread.
    pub(crate) fn of(
        name: &'static str,
        (customers, unit): (u32, &'static str),
        mut samples: Vec<f64>,
    ) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        Some(Self {
            name,
            customers,
            value: quantile(&samples, 50)?,
            unit,
            min: *samples.first()?,
            max: *samples.last()?,
            repeats: samples.len(),
        })
    }

    /// The 50th and 99th of 100 of `samples`, under two names.
    pub(crate) fn percentiles(
        names: [&'static str; 2],
        customers: u32,
        mut samples: Vec<f64>,
    ) -> Vec<Self> {
        samples.sort_by(f64::total_cmp);
        let figure = |name, percent| {
            Some(Self {
                name,
                customers,
                value: quantile(&samples, percent)?,
                unit: "ms",
                min: *samples.first()?,
                max: *samples.last()?,
                repeats: samples.len(),
            })
        };
        let [median, high] = names;
        [figure(median, 50), figure(high, 99)]
            .into_iter()
            .flatten()
            .collect()
    }

    fn target(&self) -> Option<&'static Target> {
        TARGETS.iter().find(|target| {
            target.name == self.name && target.customers.is_none_or(|size| size == self.customers)
        })
    }

    fn standing(&self) -> Standing {
        match self.target() {
            None => Standing::Free,
            Some(target) if target.at_least && self.value >= target.bound => Standing::Met,
            Some(target) if !target.at_least && self.value <= target.bound => Standing::Met,
            Some(_) => Standing::Missed,
        }
    }

    /// The figure as a line of the table.
    pub(crate) fn line(&self) -> String {
        let target = self.target().map_or_else(String::new, |target| {
            let sign = if target.at_least { '≥' } else { '≤' };
            format!("{sign} {}", number(target.bound))
        });
        let standing = match self.standing() {
            Standing::Met => "met",
            Standing::Missed => "MISSED",
            Standing::Free => "",
        };
        let spread = format!("{} – {}", number(self.min), number(self.max));
        format!(
            "{:<30} {:>9} {:>12} {:<8} {:>24} {:>4}  {:>9}  {standing}",
            self.name,
            self.customers,
            number(self.value),
            self.unit,
            spread,
            self.repeats,
            target
        )
    }
}

/// How much a figure of reconnecting may differ between the smallest and the largest book: the numbers inside a hello take a few bytes more
/// when they are high, everything else has to be the same.
const THE_SAME: [(&str, f64); 3] = [
    ("reconnect.bytes", 16.0),
    ("reconnect.round_trips", 0.0),
    ("reconnect.documents_loaded", 0.0),
];

/// Lines on what must not depend on the size of the book: none where one size was measured.
pub(crate) fn across_sizes(figures: &[Figure]) -> Vec<String> {
    let line = |(name, slack): &(&str, f64)| {
        let of_name = || figures.iter().filter(|figure| figure.name == *name);
        let small = of_name().min_by_key(|figure| figure.customers)?;
        let large = of_name().max_by_key(|figure| figure.customers)?;
        if small.customers == large.customers {
            return None;
        }
        let is_met = (large.value - small.value).abs() <= *slack;
        Some(format!(
            "{name}: {} at {} customers, {} at {}: {}",
            number(small.value),
            small.customers,
            number(large.value),
            large.customers,
            if is_met {
                "the same"
            } else {
                "MISSED, it depends on the size"
            },
        ))
    };
    THE_SAME.iter().filter_map(line).collect()
}

/// The head of the table.
pub(crate) fn head() -> String {
    format!(
        "{:<30} {:>9} {:>12} {:<8} {:>24} {:>4}  {:>9}",
        "figure", "customers", "value", "unit", "min – max", "n", "target"
    )
}

fn quantile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

fn number(value: f64) -> String {
    if value.abs() >= 1_000.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

/// The targets that belong to one size, each with that size.
#[cfg(test)]
pub(crate) fn sized_targets() -> impl Iterator<Item = (&'static str, u32)> {
    TARGETS
        .iter()
        .filter_map(|target| Some((target.name, target.customers?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_median_with_its_spread() {
        let figure =
            Figure::of("reconnect.bytes", (1_000, "B"), vec![300.0, 100.0, 200.0]).unwrap();
        assert_eq!(
            (figure.value, figure.min, figure.max, figure.repeats),
            (200.0, 100.0, 300.0, 3)
        );
        assert_eq!(figure.standing(), Standing::Met);
        assert!(Figure::of("reconnect.bytes", (1_000, "B"), Vec::new()).is_none());
    }

    #[test]
    fn the_99th_of_100_is_not_the_highest() {
        let samples = (1..=200).map(f64::from).collect();
        let figures = Figure::percentiles(["live.p50_ms", "live.p99_ms"], 1_000, samples);
        let values: Vec<_> = figures.iter().map(|figure| figure.value).collect();
        assert_eq!(values, [100.0, 198.0]);
        let standings: Vec<_> = figures.iter().map(Figure::standing).collect();
        assert_eq!(standings, [Standing::Missed, Standing::Missed]);
    }

    #[test]
    fn a_target_counts_at_its_size_alone() {
        let at = |customers, value| {
            Figure::of("catch_up.bytes", (customers, "B"), vec![value])
                .unwrap()
                .standing()
        };
        assert_eq!(at(10_000, 50_000.0), Standing::Met);
        assert_eq!(at(10_000, 50_001.0), Standing::Missed);
        assert_eq!(at(1_000, 50_001.0), Standing::Free);
        let memory = |customers| {
            Figure::of("hub.rss_mb", (customers, "MB"), vec![40.0])
                .unwrap()
                .standing()
        };
        assert_eq!(memory(10_000), Standing::Free);
        assert_eq!(memory(100_000), Standing::Met);
    }

    #[test]
    fn a_reconnect_that_depends_on_the_size_of_the_book_is_told() {
        let at = |customers, bytes| Figure::of("reconnect.bytes", (customers, "B"), vec![bytes]);
        let told = |large| {
            let figures: Vec<_> = [at(1_000, 150.0), at(10_000, 152.0), at(100_000, large)]
                .into_iter()
                .flatten()
                .collect();
            across_sizes(&figures)
        };
        assert!(told(154.0)[0].ends_with("the same"));
        assert!(told(190.0)[0].contains("MISSED"));
        assert!(across_sizes(&[at(1_000, 150.0).unwrap()]).is_empty());
    }
}
