//! The written standard and where the chain stands by it, as lines of text.

use carnet_ffi::{Playbook, PlaybookItem, Standard, StandardRate};
use sync_core::concierge::gap::snapshot::StandardCompanions;

use super::{Desk, Lines};
use crate::handheld::day;

/// Commands in the order of the help, each with what it takes and does.
pub(crate) const HELP: &[(&str, &str)] = &[(
    "playbook · standard",
    "what every customer is owed · where the chain stands by it, as the hub signed it",
)];

impl Desk {
    pub(super) fn playbook(&self) -> Lines {
        Ok(playbook(&self.book.playbook()?))
    }

    pub(super) fn standard(&self) -> Lines {
        let standard = self.book.standard()?;
        Ok(standard.as_ref().map_or_else(
            || vec!["The hub has not told yet where the chain stands.".to_owned()],
            told,
        ))
    }
}

fn playbook(playbook: &Playbook) -> Vec<String> {
    let mut lines = vec![match (playbook.is_update_needed, playbook.version) {
        (true, _) => {
            "The chain's own wants a newer version of this program; Carnet suggests:".to_owned()
        }
        (false, 0) => "Carnet suggests:".to_owned(),
        (false, version) => format!("The chain's own, version {version}:"),
    }];
    if playbook.declared_gap_bp > 0 {
        let share = percent(playbook.declared_gap_bp);
        lines.push(format!("  {share} of it, by weight, is not for all."));
    }
    lines.extend(playbook.items.iter().map(item));
    lines
}

fn item(item: &PlaybookItem) -> String {
    let english = item.names.iter().find(|name| name.language == "en");
    let name = english.or(item.names.first());
    let name = name.map_or(item.id.as_str(), |name| name.text.as_str());
    let target = item.target;
    let target = target.map_or_else(String::new, |target| format!(", aim at {target}"));
    let standing = item.standing.as_ref().map(rates);
    let standing = standing.map_or_else(String::new, |rates| format!("  {rates}"));
    let some = if item.is_for_some { "  [for some]" } else { "" };
    let (weight, minutes) = (item.weight, item.minutes);
    format!("  {weight}  {minutes:>3} min  {name}{target}{some}{standing}")
}

fn told(standard: &Standard) -> Vec<String> {
    let mut lines = vec![
        format!(
            "as of        {} (playbook {})",
            day::moment(standard.as_of),
            standard.playbook_version
        ),
        format!(
            "customers    {} active, {} of them the best",
            standard.active, standard.best
        ),
        format!("gap          {}", share(standard.gap_bp)),
        format!(
            "coverage     {} of the {} that are proven",
            share(standard.coverage_bp),
            share(standard.proven_bp)
        ),
        format!("best, median {}", share(standard.median_bp)),
    ];
    lines.extend(standard.companions.iter().flat_map(beside));
    let counted = standard.items.iter();
    let counted = counted.filter(|rate| rate.best_closed + rate.rest_closed > 0);
    lines.extend(counted.map(|rate| format!("  {}  {}", rate.item, rates(rate))));
    lines
}

/// What the headline hides.
fn beside(companions: &StandardCompanions) -> Vec<String> {
    let mut lines = vec![
        format!(
            "of all owed  best {}, others {}",
            share(companions.best_bp),
            share(companions.rest_bp)
        ),
        format!(
            "excused      {}; on our own word alone {}; visits of somebody known {}",
            share(companions.excused_bp),
            share(companions.self_attested_bp),
            share(companions.known_bp)
        ),
        format!("still owed   {} min this week", companions.week_minutes),
    ];
    if !companions.levelled_down.is_empty() {
        let items = companions.levelled_down.join(", ");
        lines.push(format!("less than before for the best: {items}"));
    }
    lines
}

fn share(bp: Option<u32>) -> String {
    bp.map_or_else(|| "not proven".to_owned(), percent)
}

fn rates(rate: &StandardRate) -> String {
    let side = |bp: Option<u32>, closed: u64| match bp {
        Some(bp) => format!("{} of {closed}", percent(bp)),
        None => "none".to_owned(),
    };
    let best = side(rate.best_bp, rate.best_closed);
    let rest = side(rate.rest_bp, rate.rest_closed);
    let unproven = if rate.is_proven { "" } else { " [unproven]" };
    format!("best {best}, others {rest}{unproven}")
}

/// Basis points as a person reads them.
fn percent(bp: u32) -> String {
    format!("{}.{:02} %", bp / 100, bp % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handheld::tests::played;

    #[test]
    fn the_suggested_playbook_is_shown_and_an_untold_standing_is_said_to_be_so() {
        let text = played("playbook\nstandard\n");
        for expected in [
            "Carnet suggests:",
            "  3    1 min  Recognized on arrival",
            "Three confirmed preferences by the second visit, aim at 5",
            "The hub has not told yet where the chain stands.",
        ] {
            assert!(text.contains(expected), "{expected:?} is not in {text}");
        }
    }

    #[test]
    fn shares_are_shown_with_what_they_rest_on() {
        let rate = StandardRate {
            item: "thank_you".to_owned(),
            best_bp: Some(9_050),
            best_closed: 42,
            rest_bp: None,
            rest_closed: 0,
            is_proven: false,
        };
        assert_eq!(rates(&rate), "best 90.50 % of 42, others none [unproven]");
        let standard = Standard {
            playbook_version: 3,
            as_of: sync_core::ids::Timestamp(0),
            active: 900,
            best: 20,
            items: vec![rate],
            median_bp: None,
            gap_bp: Some(3_625),
            coverage_bp: Some(5),
            proven_bp: Some(10_000),
            companions: Some(StandardCompanions {
                best_bp: Some(9_000),
                rest_bp: Some(4_000),
                excused_bp: None,
                self_attested_bp: Some(8_000),
                known_bp: None,
                levelled_down: vec!["heard".to_owned()],
                week_minutes: 12,
            }),
        };
        let text = told(&standard).join("\n");
        for expected in [
            "1970-01-01 00:00 UTC (playbook 3)",
            "900 active, 20 of them the best",
            "gap          36.25 %",
            "0.05 % of the 100.00 % that are proven",
            "median not proven",
            "  thank_you  best 90.50 %",
            "others 40.00 %",
            "on our own word alone 80.00 %",
            "12 min this week",
            "less than before for the best: heard",
        ] {
            assert!(text.contains(expected), "{expected:?} is not in {text}");
        }
    }
}
