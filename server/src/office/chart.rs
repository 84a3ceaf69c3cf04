//! A chart of weeks, drawn as SVG that needs no script: two curves between 0 and 100 %.

use maud::{Markup, html};

use super::words::gap as words;
use crate::gap::history::Week;

/// The drawing, in its own units; a style sheet scales it.
const WIDTH: u32 = 520;
const HEIGHT: u32 = 240;
const LEFT: u32 = 72;
const RIGHT: u32 = 14;
const TOP: u32 = 14;
const BOTTOM: u32 = 30;
/// Basis points of the whole.
const WHOLE_BP: u32 = 10_000;

/// Where a value lies, with one decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At {
    /// Tenths of a unit.
    x: u32,
    y: u32,
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (x, y) = (tenths(self.x), tenths(self.y));
        write!(f, "{x} {y}")
    }
}

fn tenths(value: u32) -> String {
    format!("{}.{}", value / 10, value % 10)
}

fn height(bp: u32) -> u32 {
    let room = (HEIGHT - TOP - BOTTOM) * 10;
    TOP * 10 + room * (WHOLE_BP - bp.min(WHOLE_BP)) / WHOLE_BP
}

/// Where the curve of `values` runs: one list for each stretch without a hole.
fn stretches(values: &[Option<u32>]) -> Vec<Vec<At>> {
    let room = (WIDTH - LEFT - RIGHT) * 10;
    let steps = u32::try_from(values.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let mut found = vec![Vec::new()];
    for (number, value) in (0_u32..).zip(values) {
        match value {
            Some(bp) => {
                let x = LEFT * 10 + (room * number).checked_div(steps).unwrap_or(room / 2);
                let at = At { x, y: height(*bp) };
                found.last_mut().expect("it begins with one").push(at);
            }
            None => found.push(Vec::new()),
        }
    }
    found.retain(|stretch| !stretch.is_empty());
    found
}

fn curve(values: &[Option<u32>], class: &str) -> Markup {
    html! {
        @for stretch in &stretches(values) {
            @let points: Vec<String> = stretch.iter().map(At::to_string).collect();
            path class=(format!("curve {class}")) d=(format!("M{}", points.join("L"))) {}
            @for at in stretch {
                circle class=(format!("point {class}")) cx=(tenths(at.x)) cy=(tenths(at.y)) r="3.5" {}
            }
        }
    }
}

/// The weeks, oldest first.
pub(super) fn chart(weeks: &[Week]) -> Markup {
    let gap: Vec<_> = weeks.iter().map(|week| week.report.gap_bp).collect();
    let coverage: Vec<_> = weeks
        .iter()
        .map(|week| week.report.coverage.coverage_bp)
        .collect();
    html! {
        figure.chart {
            svg role="img" aria-label=(words::CHART_TITLE) viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) {
                @for bp in [0, 2_500, 5_000, 7_500, WHOLE_BP] {
                    @let y = tenths(height(bp));
                    line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
                    text x=(LEFT - 10) y=(y) dy="4" text-anchor="end" { (percent(bp)) }
                }
                @if let [first, .., last] = weeks {
                    text x=(LEFT) y=(HEIGHT - 8) { (first.week) }
                    text x=(WIDTH - RIGHT) y=(HEIGHT - 8) text-anchor="end" { (last.week) }
                }
                (curve(&coverage, "cover"))
                (curve(&gap, "gap"))
            }
            figcaption.legend {
                span { (words::GAP_HEADLINE) }
                span.cover { (words::COVERAGE) }
            }
        }
    }
}

/// Basis points as a percentage, without decimals that say nothing.
pub(super) fn percent(bp: u32) -> String {
    match (bp / 100, bp % 100) {
        (whole, 0) => format!("{whole} %"),
        (whole, rest) if rest % 10 == 0 => format!("{whole}.{} %", rest / 10),
        (whole, rest) => format!("{whole}.{rest:02} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_has_the_decimals_it_needs() {
        for (bp, expected) in [
            (0, "0 %"),
            (5, "0.05 %"),
            (3_625, "36.25 %"),
            (3_620, "36.2 %"),
            (10_000, "100 %"),
        ] {
            assert_eq!(percent(bp), expected);
        }
    }

    #[test]
    fn a_curve_stays_in_its_frame_and_breaks_at_a_hole() {
        let values = [Some(0), Some(10_000), None, Some(20_000)];
        let found = stretches(&values);
        assert_eq!(found.len(), 2);
        let ends: Vec<_> = found.iter().flatten().collect();
        let (left, right) = (LEFT * 10, (WIDTH - RIGHT) * 10);
        assert_eq!((ends[0].x, ends[2].x), (left, right));
        assert_eq!(ends[0].y, (HEIGHT - BOTTOM) * 10);
        assert_eq!(
            (ends[1].y, ends[2].y),
            (TOP * 10, TOP * 10),
            "beyond is cut"
        );
        assert_eq!(stretches(&[Some(5_000)])[0].len(), 1, "a single week too");
        assert!(stretches(&[]).is_empty());
    }
}
