//! A gap as it could be, to check what the page makes of it.

use sync_core::concierge::gap::Report;
use sync_core::concierge::gap::report::{Coverage, Honesty, ItemReport, Rate};
use sync_core::concierge::playbook::Playbook;
use sync_core::ids::Timestamp;

use crate::gap::history::{Week, name};
use crate::office::gap::Counted;

fn rate(met: u64, missed: u64, bp: u32) -> Rate {
    Rate {
        met,
        late: 0,
        missed,
        bp: Some(bp),
    }
}

fn item(item: &str, best: Rate, rest: Rate, gap_bp: Option<u32>) -> ItemReport {
    ItemReport {
        item: item.to_owned(),
        weight: 3,
        best,
        rest,
        is_proven: gap_bp.is_some(),
        gap_bp,
    }
}

fn report(as_of: Timestamp, ago: u32) -> Report {
    // One week had nothing to tell.
    let told = |bp: u32| (ago != 7).then_some(bp);
    Report {
        as_of,
        playbook: 1,
        window_days: 365,
        active: 4_812,
        best: 49,
        gap_bp: told(1_900 + ago * 155),
        declared_gap_bp: 0,
        coverage: Coverage {
            median_bp: Some(8_800),
            coverage_bp: told(6_150 - ago * 330),
            proven_bp: Some(7_400 - ago * 50),
            covered: 2_168,
            not_covered: 1_357,
            unproven: 1_101,
            declined: 137,
        },
        items: vec![
            item(
                "first",
                rate(212, 0, 10_000),
                rate(1_872, 1_248, 6_000),
                Some(4_000),
            ),
            item(
                "second",
                rate(10, 10, 5_000),
                rate(499, 404, 5_525),
                Some(0),
            ),
            item("third", rate(3, 0, 10_000), Rate::default(), None),
        ],
        honesty: Honesty {
            best_bp: Some(8_815),
            rest_bp: Some(6_790),
            excused_bp: Some(412),
            self_attested_bp: Some(2_300),
            known_bp: None,
            levelled_down: vec!["second".to_owned()],
            week_minutes: 1_265,
            other_currency: 0,
        },
    }
}

/// Twelve weeks in which the gap closes, one of them without a figure.
pub(super) fn counted(now: Timestamp) -> Counted {
    let week = |ago: u32| {
        let as_of = now.plus_ms(-i64::from(ago) * 7 * Timestamp::DAY_MS);
        Week {
            week: name(as_of),
            report: report(as_of, ago),
        }
    };
    Counted {
        report: report(now.plus_ms(-3 * 3_600_000), 0),
        playbook: Playbook::standard(),
        weeks: (0..12).rev().map(week).collect(),
    }
}
