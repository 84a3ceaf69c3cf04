//! An operator's orders about the gap and the playbook, answered in lines or as JSON.

use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_core::concierge::gap::report::Rate;
use sync_core::concierge::gap::{Discovery, Report};
use sync_core::concierge::playbook::Playbook;
use sync_core::ids::Timestamp;
use sync_core::store::StoreError;

use super::{Answer, OrderError, unclear};
use crate::gap::history::Week;
use crate::gap::settings::{self, GapSettings};
use crate::gap::{self, Kept, as_of, history, keeper, ledger};
use crate::http::AppState;
use crate::identity::IdentityError;
use crate::writer::WriteError;

/// What to say of the gap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapOrder {
    /// What the best get that others do not, instead of the report.
    pub discover: bool,
    /// As of another moment, counted anew.
    pub as_of: Option<Timestamp>,
    /// As JSON.
    pub json: bool,
    /// Counted otherwise than the chain does.
    pub settings: GapSettings,
    /// Make these settings the chain's.
    pub keep: bool,
}

/// Says where the gap stands.
///
/// # Errors
/// [`OrderError`] says what to do.
pub(super) async fn gap(state: &AppState, order: GapOrder) -> Result<Answer, OrderError> {
    let now = state.clock.now();
    let written = settings::written(&*state.store.read().map_err(stored)?).map_err(stored)?;
    let wanted = written.clone().with(order.settings);
    let settings = wanted.settings().map_err(unclear)?;
    let is_other = wanted != written;
    if order.keep && is_other {
        let wanted = wanted.clone();
        let kept = state.writer.run(move |tx| settings::keep(tx, &wanted));
        kept.await.map_err(written_not)?;
    }
    let (report, found) = if order.as_of.is_some() || (is_other && !order.keep) {
        // Which cards are one person is known once all were looked at.
        keeper::settle(&state.book, now)
            .await
            .map_err(written_not)?;
        let book = std::sync::Arc::clone(&state.book);
        let at = order.as_of.unwrap_or(now);
        let counted =
            tokio::task::spawn_blocking(move || as_of::report(&book, &settings, at)).await;
        counted
            .map_err(|_panic| OrderError::Identity(IdentityError::Internal))?
            .map_err(stored)?
    } else {
        keeper::settle(&state.book, now)
            .await
            .map_err(written_not)?;
        let tx = state.store.read().map_err(stored)?;
        let kept = Kept::read(&*tx).map_err(stored)?;
        (kept.report(&*tx, now).map_err(stored)?, kept.discover())
    };
    Ok(match (order.json, order.discover) {
        (true, true) => {
            pretty(&json!({ "as_of": report.as_of, "best": report.best, "found": found }))
        }
        (true, false) => pretty(&json!({
            "week": history::name(report.as_of), "is_enough": report.is_enough(), "report": report,
        })),
        (false, true) => lines_of_found(&report, &found),
        (false, false) => lines_of_report(&report),
    })
}

/// Says where the gap stood at the end of each of the latest weeks.
///
/// # Errors
/// What storage reports.
pub(super) fn weeks(
    state: &AppState,
    latest: Option<usize>,
    is_json: bool,
) -> Result<Answer, OrderError> {
    let mut weeks = history::all(&*state.store.read().map_err(stored)?).map_err(stored)?;
    if let Some(latest) = latest {
        weeks.drain(..weeks.len().saturating_sub(latest));
    }
    Ok(match (is_json, weeks.is_empty()) {
        (true, _) => pretty(&json!({ "weeks": weeks })),
        (false, true) => {
            vec!["No week is kept yet: a hub keeps one while it serves, once it has counted its customers.".to_owned()]
        }
        (false, false) => lines_of_weeks(&weeks),
    })
}

/// Names the promises whose time is over, the oldest first. What was promised stands on the card, which is not opened.
///
/// # Errors
/// What storage reports.
pub(super) async fn promises(state: &AppState, is_json: bool) -> Result<Answer, OrderError> {
    let settled = keeper::settle(&state.book, state.clock.now());
    settled.await.map_err(written_not)?;
    let tx = state.store.read().map_err(stored)?;
    let mut unkept = Vec::new();
    let listed = ledger::unkept(&*tx, &mut |customer, promises| {
        let promises = promises.into_iter();
        unkept.extend(promises.map(|one| (one.due, customer, one.promise)));
        Ok(())
    });
    listed.map_err(stored)?;
    unkept.sort_unstable();
    if is_json {
        let rows = unkept.into_iter().map(
            |(due, customer, promise)| json!({ "due": due, "customer": customer, "promise": promise }),
        );
        return Ok(pretty(&json!({ "promises": rows.collect::<Vec<_>>() })));
    }
    if unkept.is_empty() {
        return Ok(vec![
            "Every promise whose time is over was kept.".to_owned(),
        ]);
    }
    let mut lines = vec![format!("{:<12} {:<34} promise", "due", "customer")];
    lines.extend(unkept.iter().map(|(due, customer, promise)| {
        format!("{:<12} {:<34} {promise}", day(*due), customer.to_string())
    }));
    Ok(lines)
}

/// Says what the playbook is.
///
/// # Errors
/// What storage reports.
pub(super) fn show_playbook(state: &AppState) -> Result<Answer, OrderError> {
    let (playbook, _) = gap::playbook(&*state.store.read().map_err(stored)?).map_err(stored)?;
    Ok(playbook.to_json().lines().map(str::to_owned).collect())
}

/// Sets the playbook.
///
/// # Errors
/// [`OrderError`] says what to do.
pub(super) async fn set_playbook(state: &AppState, text: &str) -> Result<Answer, OrderError> {
    let playbook = Playbook::parse(text).map_err(|error| unclear(error.to_string()))?;
    let (before, _) = gap::playbook(&*state.store.read().map_err(stored)?).map_err(stored)?;
    let changes = playbook.since(&before);
    let declared = playbook.declared_gap_bp();
    let set = gap::set_playbook(&state.book, playbook, None).await;
    let version = set.map_err(|error| match error {
        WriteError::Job(error) => unclear(error.to_string()),
        WriteError::Commit(error) => IdentityError::NotKept(error).into(),
        WriteError::Panicked => IdentityError::Internal.into(),
        WriteError::Stopping => IdentityError::Stopping.into(),
    })?;
    let mut lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    lines.push(format!("The playbook is at version {version}."));
    lines.push(declared_line(declared));
    Ok(lines)
}

/// What the words of a playbook say of whom it is for.
#[must_use]
pub fn declared_line(declared_bp: u32) -> String {
    match declared_bp {
        0 => "It is for all: no item asks what somebody spends or how they are ranked.".to_owned(),
        bp => format!(
            "{} of it, by weight, is not for all: it asks what somebody spends or how they are ranked.",
            percent(Some(bp))
        ),
    }
}

fn stored(error: StoreError) -> OrderError {
    OrderError::Identity(IdentityError::Store(error))
}

fn written_not(error: WriteError<StoreError>) -> OrderError {
    OrderError::Identity(match error {
        WriteError::Job(error) => IdentityError::Store(error),
        WriteError::Commit(error) => IdentityError::NotKept(error),
        WriteError::Panicked => IdentityError::Internal,
        WriteError::Stopping => IdentityError::Stopping,
    })
}

fn pretty(value: &serde_json::Value) -> Answer {
    let text = serde_json::to_string_pretty(value).expect("texts and numbers can be written");
    text.lines().map(str::to_owned).collect()
}

fn day(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_beyond| "-".to_owned(), |at| at.strftime("%F").to_string())
}

fn percent(bp: Option<u32>) -> String {
    bp.map_or_else(
        || "-".to_owned(),
        |bp| format!("{}.{:02} %", bp / 100, bp % 100),
    )
}

fn rate(rate: &Rate) -> String {
    let closed = rate.met + rate.late + rate.missed;
    format!("{} of {closed}", percent(rate.bp))
}

fn lines_of_report(report: &Report) -> Answer {
    let coverage = &report.coverage;
    let honesty = &report.honesty;
    let mut lines = vec![format!(
        "{}, {} days, playbook version {}",
        history::name(report.as_of),
        report.window_days,
        report.playbook
    )];
    if report.is_enough() {
        lines.push(format!(
            "active      {} customers, {} of them the best",
            report.active, report.best
        ));
    } else {
        lines.push(format!(
            "active      {} customers: not enough to tell the best from the others",
            report.active
        ));
    }
    lines.extend([
        format!("gap         {}", percent(report.gap_bp)),
        format!(
            "coverage    {} of the proven others get what half of the best get; {} of the others are proven",
            percent(coverage.coverage_bp),
            percent(coverage.proven_bp)
        ),
        format!(
            "others      {} covered, {} not covered, {} unproven, {} declined",
            coverage.covered, coverage.not_covered, coverage.unproven, coverage.declined
        ),
        format!(
            "delivered   {} to the best, {} to the others",
            percent(honesty.best_bp),
            percent(honesty.rest_bp)
        ),
        format!(
            "honesty     {} excused by customers, {} on our own word alone, {} of visits by somebody known",
            percent(honesty.excused_bp),
            percent(honesty.self_attested_bp),
            percent(honesty.known_bp)
        ),
        format!("this week   {} minutes are owed to the others", honesty.week_minutes),
        format!("declared    {}", declared_line(report.declared_gap_bp)),
    ]);
    if !honesty.levelled_down.is_empty() {
        lines.push(format!(
            "levelled    the gap closed because the best get less: {}",
            honesty.levelled_down.join(", ")
        ));
    }
    lines.push(String::new());
    lines.push(format!(
        "{:<16} {:<22} {:<22} gap",
        "item", "the best", "the others"
    ));
    for item in &report.items {
        let gap = if item.is_proven {
            percent(item.gap_bp)
        } else {
            "unproven".to_owned()
        };
        lines.push(format!(
            "{:<16} {:<22} {:<22} {gap}",
            item.item,
            rate(&item.best),
            rate(&item.rest)
        ));
    }
    lines
}

/// The latest week first.
fn lines_of_weeks(weeks: &[Week]) -> Answer {
    let row = |cells: [&str; 7]| {
        let [week, as_of, gap, coverage, proven, best, rest] = cells;
        format!("{week:<10} {as_of:<12} {gap:>9} {coverage:>9} {proven:>9} {best:>9} {rest:>9}")
    };
    let head = [
        "week", "as of", "gap", "coverage", "proven", "best", "others",
    ];
    let mut lines = vec![row(head)];
    lines.extend(weeks.iter().rev().map(|one| {
        let Report {
            as_of,
            gap_bp,
            coverage,
            honesty,
            ..
        } = &one.report;
        row([
            &one.week,
            &day(*as_of),
            &percent(*gap_bp),
            &percent(coverage.coverage_bp),
            &percent(coverage.proven_bp),
            &percent(honesty.best_bp),
            &percent(honesty.rest_bp),
        ])
    }));
    lines
}

fn lines_of_found(report: &Report, found: &[Discovery]) -> Answer {
    let mut lines = vec![format!(
        "What the best {} of {} active customers get, and the others:",
        report.best, report.active
    )];
    for one in found {
        let side = |tried: &sync_core::concierge::gap::discover::Tried| {
            format!(
                "{} of {} ({} to {})",
                tried.reached,
                tried.customers,
                percent(Some(tried.low_bp)),
                percent(Some(tried.high_bp))
            )
        };
        let sure = if one.is_clear {
            ""
        } else {
            "  (may be chance)"
        };
        lines.push(format!(
            "{:<20} {:<34} {:<34}{sure}",
            one.kind.as_str(),
            side(&one.best),
            side(&one.rest)
        ));
    }
    let drafts: Vec<_> = found.iter().filter_map(|one| one.draft.clone()).collect();
    if !drafts.is_empty() {
        lines.push(String::new());
        lines.push("Drafts of items for what no item asks for yet:".to_owned());
        let text = Playbook { items: drafts }.to_json();
        lines.extend(text.lines().map(str::to_owned));
    }
    lines
}
