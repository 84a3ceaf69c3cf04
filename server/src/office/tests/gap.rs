//! What the page about the gap makes of a report.

use super::sample;
use crate::office::gap::{Counted, Standing, page};
use sync_core::ids::Timestamp;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn shown(counted: Counted) -> String {
    page(&Standing::Counted(Box::new(counted)), NOW).into_string()
}

#[test]
fn the_gap_is_never_shown_without_what_keeps_it_honest() {
    let page = shown(sample::counted(NOW));
    for text in [
        "<dt>Gap</dt><dd>19 %</dd>",
        "<dt>Concierge Coverage</dt><dd>61.5 %</dd>",
        "<dt>Proven share</dt><dd>74 %</dd>",
        "<dt>Declined, by their own wish</dt><dd>137</dd>",
        "Levelled down",
        "<dd>23 %</dd>",
        "<dt>Visits with a known customer</dt><dd>not counted</dd>",
        "21 h 5 min",
        "3 h ago",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn an_item_counts_when_it_is_proven_and_never_against_the_rest() {
    let page = shown(sample::counted(NOW));
    let row = |item: &str| {
        let (_, rest) = page.split_once(&format!(">{item}</td>")).unwrap();
        rest.split("</tr>").next().unwrap().to_owned()
    };
    assert!(row("first").contains(">40 %<") && row("first").contains("60 % of 3120"));
    assert!(row("second").contains(">0 %<"), "the rest gets more");
    let few = row("third");
    assert!(few.contains("unproven: too few") && few.contains("100 % of 3"));
}

#[test]
fn the_chart_has_a_name_and_its_weeks_a_table() {
    let page = shown(sample::counted(NOW));
    assert!(page.contains(r#"role="img" aria-label="The gap and the coverage"#));
    assert_eq!(
        page.matches("point gap").count(),
        11,
        "one week has no figure"
    );
    assert_eq!(page.matches("<path").count(), 4, "each curve breaks there");
    assert!(page.contains(">2027-W02<"));
    let mut early = sample::counted(NOW);
    early.weeks.clear();
    early.report.gap_bp = None;
    let page = shown(early);
    assert!(page.contains("first week is not over") && !page.contains("<svg"));
    assert!(page.contains("<dt>Gap</dt><dd>none</dd>"));
}

#[test]
fn no_figure_is_shown_for_too_few_customers() {
    let few = Standing::NotEnough {
        active: 39,
        needed: 40,
    };
    let told = page(&few, NOW).into_string();
    assert!(told.contains("Not enough customers yet: 39") && !told.contains('%'));
    let told = page(&Standing::Counting, NOW).into_string();
    assert!(told.contains("Not every customer is counted yet") && !told.contains('%'));
}
