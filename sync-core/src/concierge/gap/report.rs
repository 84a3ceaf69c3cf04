//! From sums to what a manager reads: item by item, the gap, the coverage, and what keeps both honest.

use serde::{Deserialize, Serialize};

use super::exact::{Natural, Share, basis_points, round_bp};
use super::tally::ItemSum;
use super::{Best, Settings, Tally};
use crate::concierge::playbook::Playbook;
use crate::ids::Timestamp;

/// Basis points by which an item may fall for the best while the gap closes, before it is called levelling down.
pub const LEVELLED_BP: u32 = 200;

/// What one side got of an item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Met in time.
    pub met: u64,
    /// Done late, which counts half.
    pub late: u64,
    /// Missed.
    pub missed: u64,
    /// `(met + late / 2) / (met + late + missed)` in basis points; none where nothing closed.
    pub bp: Option<u32>,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemReport {
    /// The playbook's item.
    pub item: String,
    /// How much it counts.
    pub weight: u32,
    /// What the best got.
    pub best: Rate,
    /// What everybody else got.
    pub rest: Rate,
    /// Whether enough closed on both sides for it to count.
    pub is_proven: bool,
    /// By how much the best got more; none where it is not proven.
    pub gap_bp: Option<u32>,
}

/// How many of the others got what half of the best get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The share that the median of the proven best got.
    pub median_bp: Option<u32>,
    /// Covered among the proven others; the headline, never shown without [`Coverage::proven_bp`].
    pub coverage_bp: Option<u32>,
    /// The proven among the others.
    pub proven_bp: Option<u32>,
    /// Others who got at least the median.
    pub covered: u64,
    /// Others who got less.
    pub not_covered: u64,
    /// Others of whom too little is closed to tell.
    pub unproven: u64,
    /// Of whom too little is closed, and who want no relationship or no contact.
    pub declined: u64,
}

/// What keeps the headline honest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Honesty {
    /// What the best got of all that is owed, by weight.
    pub best_bp: Option<u32>,
    /// What everybody else got.
    pub rest_bp: Option<u32>,
    /// Excused by the customer's own wish, of all that closed.
    pub excused_bp: Option<u32>,
    /// Shown by our own people's entries alone, of all that was done.
    pub self_attested_bp: Option<u32>,
    /// Visits of somebody we know, of all visits; none while nobody counts those who walk in.
    pub known_bp: Option<u32>,
    /// Items of which the best get clearly less than before, while the gap got smaller.
    pub levelled_down: Vec<String>,
    /// Minutes of what is owed to the others and closes within a week.
    pub week_minutes: u64,
    /// Sales in other currencies, which no spend includes.
    pub other_currency: u64,
}

/// Where the gap stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Of when.
    pub as_of: Timestamp,
    /// The playbook's version.
    pub playbook: u64,
    /// Days that were looked at.
    pub window_days: u32,
    /// Active customers.
    pub active: u64,
    /// How many of them are the best; 0 where there are too few active to tell.
    pub best: u64,
    /// The gap; none where nothing is proven.
    pub gap_bp: Option<u32>,
    /// The part of the standard that is not for all, by its own words.
    pub declared_gap_bp: u32,
    /// The headline.
    pub coverage: Coverage,
    /// Item by item, in the playbook's order.
    pub items: Vec<ItemReport>,
    /// The companions.
    pub honesty: Honesty,
}

impl Report {
    /// Whether there are enough active customers to tell the best from the others.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.best > 0
    }

    /// The proven items.
    pub fn proven(&self) -> impl Iterator<Item = &ItemReport> {
        self.items.iter().filter(|item| item.is_proven)
    }
}

/// What a report is made of, beside the sums.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// The standard, and its version.
    pub playbook: (&'a Playbook, u64),
    /// How it is counted.
    pub settings: &'a Settings,
    /// Visits of the window by people whom nobody knows, where somebody counts them.
    pub walk_ins: Option<u64>,
    /// The last report that is compared with: last week's.
    pub previous: Option<&'a Report>,
    /// The present moment.
    pub now: Timestamp,
}

/// Reads the sums. With too few active customers to tell, `best` is empty and everybody counts among the others.
#[must_use]
pub fn report(tally: &Tally, best: &Best, beside: &Beside<'_>) -> Report {
    let (playbook, version) = beside.playbook;
    let settings = beside.settings;
    let rest = tally.all.without(&best.sums);
    let mut items = Vec::with_capacity(playbook.items.len());
    for (place, item) in playbook.items.iter().enumerate() {
        let (of_best, of_rest) = (best.sums.item(place), rest.item(place));
        let is_proven = best.sums.customers > 0
            && of_best.closed() >= settings.item_min.max(1)
            && of_rest.closed() >= settings.item_min.max(1);
        items.push(ItemReport {
            item: item.id.clone(),
            weight: item.weight,
            best: rate(&of_best),
            rest: rate(&of_rest),
            is_proven,
            gap_bp: is_proven.then(|| difference(&[(1, of_best, of_rest)])),
        });
    }
    let proven: Vec<_> = playbook
        .items
        .iter()
        .zip(&items)
        .enumerate()
        .filter(|(_, (_, told))| told.is_proven)
        .map(|(place, (item, _))| (item.weight, best.sums.item(place), rest.item(place)))
        .collect();
    let mut report = Report {
        as_of: beside.now,
        playbook: version,
        window_days: settings.window_days,
        active: tally.all.customers,
        best: best.sums.customers,
        gap_bp: (!proven.is_empty()).then(|| difference(&proven)),
        declared_gap_bp: playbook.declared_gap_bp(),
        coverage: coverage(tally, best),
        items,
        honesty: Honesty {
            best_bp: delivery(playbook, |place| best.sums.item(place)),
            rest_bp: delivery(playbook, |place| rest.item(place)),
            week_minutes: rest.items.iter().map(|sum| sum.due_minutes).sum(),
            other_currency: tally.all.other_currency,
            ..Honesty::default()
        },
    };
    companions(&mut report, tally, beside);
    report
}

fn rate(sum: &ItemSum) -> Rate {
    Rate {
        met: sum.met,
        late: sum.late,
        missed: sum.missed,
        bp: share_bp(sum.halves().into(), 2 * u128::from(sum.closed())),
    }
}

fn share_bp(part: u128, whole: u128) -> Option<u32> {
    (whole > 0).then(|| basis_points(part, whole))
}

/// `Σ w · max(0, r(best) − r(rest)) / Σ w`, exactly, rounded once.
fn difference(items: &[(u32, ItemSum, ItemSum)]) -> u32 {
    let natural = |number: u64| Natural::from(u128::from(number));
    let mut part = Natural::default();
    let mut whole = Natural::from(1);
    let mut weights = 0_u64;
    for (weight, best, rest) in items {
        weights += u64::from(*weight);
        let ahead = u128::from(best.halves()) * u128::from(rest.closed());
        let behind = u128::from(rest.halves()) * u128::from(best.closed());
        let Some(by) = ahead.checked_sub(behind).filter(|by| *by > 0) else {
            continue;
        };
        // Halves over twice the closed ones, on both sides.
        let denominator = natural(2 * best.closed()).times(&natural(rest.closed()));
        let numerator = Natural::from(by).times(&natural(u64::from(*weight)));
        part = part.times(&denominator).plus(&numerator.times(&whole));
        whole = whole.times(&denominator);
    }
    round_bp(&part, &whole.times(&natural(weights)))
}

/// What one side got of all that is owed, by weight.
fn delivery(playbook: &Playbook, of: impl Fn(usize) -> ItemSum) -> Option<u32> {
    let (mut part, mut whole) = (0, 0);
    for (place, item) in playbook.items.iter().enumerate() {
        let sum = of(place);
        part += u128::from(item.weight) * u128::from(sum.halves());
        whole += 2 * u128::from(item.weight) * u128::from(sum.closed());
    }
    share_bp(part, whole)
}

fn coverage(tally: &Tally, best: &Best) -> Coverage {
    let others = tally.all.customers - best.sums.customers;
    let proven = tally.all.proven - best.sums.proven;
    let declined = tally.all.declined - best.sums.declined;
    let median = best.shares.median();
    let covered = median.map_or(0, |median| {
        tally.shares.reaching(median) - best.shares.reaching(median)
    });
    let part = |part: u64, whole: u64| share_bp(part.into(), whole.into());
    Coverage {
        median_bp: median.map(Share::bp),
        coverage_bp: median.and_then(|_| part(covered, proven)),
        proven_bp: part(proven, others),
        covered,
        not_covered: if median.is_some() {
            proven - covered
        } else {
            0
        },
        unproven: others - declined - if median.is_some() { proven } else { 0 },
        declined,
    }
}

fn companions(report: &mut Report, tally: &Tally, beside: &Beside<'_>) {
    let items = &tally.all.items;
    let sum = |of: fn(&ItemSum) -> u64| items.iter().map(|item| u128::from(of(item))).sum::<u128>();
    let (excused, closed) = (sum(|item| item.excused), sum(ItemSum::closed));
    report.honesty.excused_bp = share_bp(excused, closed + excused);
    let done = sum(|item| item.met + item.late);
    report.honesty.self_attested_bp = share_bp(sum(|item| item.attested), done);
    report.honesty.known_bp = beside.walk_ins.and_then(|walk_ins| {
        let known = u128::from(tally.all.visits);
        share_bp(known, known + u128::from(walk_ins))
    });
    let Some(previous) = beside.previous else {
        return;
    };
    let is_smaller = report.gap_bp.zip(previous.gap_bp);
    if is_smaller.is_none_or(|(now, before)| now >= before) {
        return;
    }
    let fell = |item: &&ItemReport| {
        let before = previous.items.iter().find(|other| other.item == item.item);
        let before = before.filter(|before| before.is_proven && item.is_proven);
        before
            .and_then(|before| before.best.bp.zip(item.best.bp))
            .is_some_and(|(before, now)| before > now.saturating_add(LEVELLED_BP))
    };
    let fallen = report.items.iter().filter(fell);
    report.honesty.levelled_down = fallen.map(|item| item.item.clone()).collect();
}
