//! The 1 % gap: its headline, its weeks as a chart, item by item, and what keeps it honest. Counted by [`crate::gap`]; shown here.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use sync_core::concierge::gap::Report;
use sync_core::concierge::gap::report::{Honesty, ItemReport, Rate};
use sync_core::concierge::playbook::Playbook;
use sync_core::ids::Timestamp;
use sync_core::store::ReadTx;

use super::chart::{chart, percent};
use super::home::figure;
use super::layout::{Section, cell};
use super::session::Visitor;
use super::times;
use super::words::{gap as words, title};
use crate::gap::Kept;
use crate::gap::history::{self, Week};
use crate::http::AppState;
use crate::http::authorized::ReadCustomers;
use crate::http::error::ApiError;
use crate::http::route::Route;
use crate::routes::customers::read_aside;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get(Section::Gap.path(), show)]
}

/// How the gap stands.
#[derive(Debug)]
pub(super) enum Standing {
    /// Not every customer is counted yet.
    Counting,
    /// Too few customers for a figure that means something.
    NotEnough {
        /// Active ones.
        active: u64,
        /// It takes.
        needed: u64,
    },
    /// There is a figure.
    Counted(Box<Counted>),
}

/// A figure with all that is shown beside it.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) report: Report,
    pub(super) playbook: Playbook,
    /// The earliest first.
    pub(super) weeks: Vec<Week>,
}

impl Standing {
    /// Reads how it stands.
    pub(super) fn read(tx: &dyn ReadTx, now: Timestamp) -> Result<Self, ApiError> {
        let kept = Kept::read(tx)?;
        if !kept.is_complete {
            return Ok(Self::Counting);
        }
        let report = kept.report(tx, now)?;
        if !report.is_enough() {
            return Ok(Self::NotEnough {
                active: report.active,
                needed: kept.settings.best_min.saturating_mul(2),
            });
        }
        Ok(Self::Counted(Box::new(Counted {
            report,
            playbook: kept.playbook,
            weeks: history::all(tx)?,
        })))
    }
}

/// For every manager: these are sums over the chain, which every handheld may read too.
async fn show(
    visitor: Visitor<ReadCustomers>,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    let now = state.clock.now();
    let standing = read_aside(&state, &visitor, move |state, _| {
        Standing::read(&*state.store.read()?, now)
    })
    .await?;
    Ok(visitor.page(Section::Gap, title::GAP, &page(&standing, now)))
}

/// How it stands, as a page.
pub(super) fn page(standing: &Standing, now: Timestamp) -> Markup {
    match standing {
        Standing::Counting => html! { p.calm { (words::COUNTING) } },
        Standing::NotEnough { active, needed } => {
            html! { p.calm { (words::not_enough(*active, *needed)) } }
        }
        Standing::Counted(counted) => shown(counted, now),
    }
}

fn share(bp: Option<u32>) -> String {
    bp.map_or_else(|| words::NONE.to_owned(), percent)
}

fn shown(counted: &Counted, now: Timestamp) -> Markup {
    let report = &counted.report;
    let coverage = &report.coverage;
    html! {
        p { (words::GAP_LEAD) }
        dl.figures {
            (figure(words::COVERAGE, &share(coverage.coverage_bp)))
            (figure(words::PROVEN, &share(coverage.proven_bp)))
            (figure(words::GAP_HEADLINE, &share(report.gap_bp)))
        }
        p.small {
            (words::gap_basis(report.active, report.best, report.window_days)) " "
            (words::AS_OF) " " (times::moment(report.as_of, now)) ". " (words::COVERAGE_OF)
        }
        @if !report.honesty.levelled_down.is_empty() {
            p.alert role="alert" { (words::LEVELLED) " " (names(&counted.playbook, &report.honesty.levelled_down)) }
        }
        (weeks(&counted.weeks))
        section aria-labelledby="groups" {
            h2 #groups { (words::GROUPS) }
            dl.figures {
                (figure(words::COVERED, &coverage.covered.to_string()))
                (figure(words::NOT_COVERED, &coverage.not_covered.to_string()))
                (figure(words::UNPROVEN, &coverage.unproven.to_string()))
                (figure(words::DECLINED, &coverage.declined.to_string()))
            }
        }
        (items(counted))
        (honesty(report.declared_gap_bp, &report.honesty))
    }
}

/// An item as the playbook calls it.
fn name<'a>(playbook: &'a Playbook, item: &'a str) -> &'a str {
    playbook.item(item).map_or(item, |item| item.name_in("en"))
}

fn names(playbook: &Playbook, items: &[String]) -> String {
    let names: Vec<_> = items.iter().map(|item| name(playbook, item)).collect();
    names.join(", ")
}

fn weeks(weeks: &[Week]) -> Markup {
    html! {
        section aria-labelledby="weeks" {
            h2 #weeks { (words::WEEKS) }
            @if weeks.is_empty() {
                p.calm { (words::NO_WEEKS) }
            } @else {
                (chart(weeks))
                details {
                    summary { (words::EVERY_WEEK) }
                    table.cards {
                        thead { tr {
                            th scope="col" { (words::WEEK) }
                            th.number scope="col" { (words::GAP_HEADLINE) }
                            th.number scope="col" { (words::COVERAGE) }
                            th.number scope="col" { (words::PROVEN) }
                        } }
                        tbody {
                            @for one in weeks.iter().rev() {
                                tr {
                                    (cell(words::WEEK, &html! { (one.week) }))
                                    (number(words::GAP_HEADLINE, &share(one.report.gap_bp)))
                                    (number(words::COVERAGE, &share(one.report.coverage.coverage_bp)))
                                    (number(words::PROVEN, &share(one.report.coverage.proven_bp)))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn number(heading: &str, text: &str) -> Markup {
    html! { td.number data-label=(heading) { (text) } }
}

fn items(counted: &Counted) -> Markup {
    html! {
        section aria-labelledby="items" {
            h2 #items { (words::ITEMS) }
            table.cards {
                thead { tr {
                    th scope="col" { (words::ITEM) }
                    th.number scope="col" { (words::WEIGHT) }
                    th.number scope="col" { (words::BEST) }
                    th.number scope="col" { (words::REST) }
                    th.number scope="col" { (words::DIFFERENCE) }
                } }
                tbody {
                    @for one in &counted.report.items {
                        tr {
                            (cell(words::ITEM, &html! { (name(&counted.playbook, &one.item)) }))
                            (number(words::WEIGHT, &one.weight.to_string()))
                            (number(words::BEST, &rate(&one.best)))
                            (number(words::REST, &rate(&one.rest)))
                            (number(words::DIFFERENCE, &difference(one)))
                        }
                    }
                }
            }
        }
    }
}

fn rate(rate: &Rate) -> String {
    let closed = rate.met + rate.late + rate.missed;
    rate.bp.map_or_else(
        || words::NONE.to_owned(),
        |bp| words::rate(&percent(bp), closed),
    )
}

/// What the item adds to the gap: nothing where the rest gets more.
fn difference(one: &ItemReport) -> String {
    match one.gap_bp {
        Some(bp) if one.is_proven => percent(bp),
        Some(_) | None => words::TOO_FEW.to_owned(),
    }
}

fn honesty(declared_bp: u32, honesty: &Honesty) -> Markup {
    let shares = [
        (words::DELIVERY_BEST, honesty.best_bp),
        (words::DELIVERY_REST, honesty.rest_bp),
        (words::EXCUSED, honesty.excused_bp),
        (words::SELF_ATTESTED, honesty.self_attested_bp),
        (words::KNOWN, honesty.known_bp),
        (words::DECLARED, Some(declared_bp)),
    ];
    html! {
        section aria-labelledby="honesty" {
            h2 #honesty { (words::HONESTY) }
            dl.facts {
                @for (name, bp) in shares {
                    div { dt { (name) } dd { (bp.map_or_else(|| words::NOT_COUNTED.to_owned(), percent)) } }
                }
                div { dt { (words::MINUTES) } dd { (words::hours(honesty.week_minutes)) } }
                @if honesty.other_currency > 0 {
                    div { dt { (words::OTHER_CURRENCY) } dd { (honesty.other_currency) } }
                }
            }
        }
    }
}
