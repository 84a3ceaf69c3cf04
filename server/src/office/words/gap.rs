//! Texts of the page about the gap.

pub(crate) const GAP_LEAD: &str = "How much more the best-served 1 % of customers get, item by item. The aim is 0 %, with everybody brought up and nobody brought down.";
pub(crate) const GAP_HEADLINE: &str = "Gap";
pub(crate) const COVERAGE: &str = "Concierge Coverage";
pub(crate) const COVERAGE_OF: &str = "Coverage is the share of everybody else, as far as proven, who get what the typical best customer gets.";
pub(crate) const PROVEN: &str = "Proven share";
pub(crate) const WEEKS: &str = "Week by week";
pub(crate) const WEEK: &str = "Week";
pub(crate) const GROUPS: &str = "Customers of the rest";
pub(crate) const COVERED: &str = "Covered";
pub(crate) const NOT_COVERED: &str = "Not covered";
pub(crate) const UNPROVEN: &str = "Unproven";
pub(crate) const DECLINED: &str = "Declined, by their own wish";
pub(crate) const ITEMS: &str = "Item by item";
pub(crate) const ITEM: &str = "Item";
pub(crate) const WEIGHT: &str = "Weight";
pub(crate) const BEST: &str = "Best 1 %";
pub(crate) const REST: &str = "Everybody else";
pub(crate) const DIFFERENCE: &str = "Difference";
pub(crate) const TOO_FEW: &str = "unproven: too few";
pub(crate) const HONESTY: &str = "To read it honestly";
pub(crate) const DELIVERY_BEST: &str = "Delivered to the best 1 %";
pub(crate) const DELIVERY_REST: &str = "Delivered to everybody else";
pub(crate) const EXCUSED: &str = "Excused by the customer's own wish";
pub(crate) const SELF_ATTESTED: &str = "On the associate's word alone";
pub(crate) const KNOWN: &str = "Visits with a known customer";
pub(crate) const MINUTES: &str = "Work still open for the rest, a week";
pub(crate) const LEVELLED: &str = "Levelled down: the gap closed because the best got less. That is not what is wanted. It fell for them:";
pub(crate) const NONE: &str = "none";
pub(crate) const CHART_TITLE: &str = "The gap and the coverage, week by week";

pub(crate) fn not_enough(customers: u64, needed: u64) -> String {
    format!(
        "Not enough customers yet: {customers} were active, and a gap takes {needed}. Nothing is shown rather than something that means nothing."
    )
}

pub(crate) const AS_OF: &str = "As of";
pub(crate) const EVERY_WEEK: &str = "Every week in figures";
pub(crate) const COUNTING: &str =
    "Not every customer is counted yet. The hub is at it; look again in a while.";
pub(crate) const DECLARED: &str = "Of the standard itself, by its own words not for all";
pub(crate) const NOT_COUNTED: &str = "not counted";
pub(crate) const OTHER_CURRENCY: &str = "Sales in other currencies, in no spend";
pub(crate) const NO_WEEKS: &str = "The first week is not over yet.";

pub(crate) fn gap_basis(customers: u64, best: u64, days: u32) -> String {
    format!(
        "{customers} customers were active within {days} days; {best} of them count as the best."
    )
}

pub(crate) fn rate(percent: &str, count: u64) -> String {
    format!("{percent} of {count}")
}

/// Minutes as people plan them.
pub(crate) fn hours(minutes: u64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
