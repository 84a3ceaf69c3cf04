//! The second part of the story: the right few words for somebody never met, and a week in which everybody gets the care of the 1 %.
#![expect(clippy::print_stdout, reason = "this is what the command tells")]

use std::ops::ControlFlow;

use anyhow::{Context as _, ensure};
use carnet_ffi::{Book, ContactRuling, ContactWay, NamePartText, RecommendationList};
use server::gap::{as_of, settings};
use sync_core::card::Edit;
use sync_core::card::edit::NeedInput;
use sync_core::card::terms::{
    Act, Channel, InteractionKind, NamePart, Polarity, Purpose, Sentiment,
};
use sync_core::concierge::gap::Report;
use sync_core::ids::{CustomerId, EditId, Timestamp};
use sync_core::notices::bodies::{ArticleBody, CaseBody, CaseState, StockBody};
use sync_core::notices::{NoticeDraft, Subject};
use sync_core::{projection, records};

use super::stage::{People, Stage};
use super::story::{meet, show_brief};

/// Customers whom one handheld serves in the story's week.
const SERVED: u32 = 40;
/// The best customers of the story: as many as the hub's report begins with.
const BEST: usize = 20;
/// Preferences that are honored at a visit.
const HONORED: usize = 3;
/// The coat that answers what Noah needs.
const COAT: &str = "CO-0907";

/// What the house says: a coat in the catalogue, one of it here, and a complaint that the service desk has open.
pub(super) fn post_house(
    stage: &Stage<'_>,
    people: &People,
    noah: CustomerId,
) -> anyhow::Result<()> {
    let now = stage.state.clock.now();
    let coat = ArticleBody {
        label: "Trench coat, waxed".to_owned(),
        category: "coat".to_owned(),
        tags: vec!["rain".to_owned(), "travel".to_owned()],
        materials: vec!["cotton".to_owned()],
        ..ArticleBody::default()
    };
    let stock = StockBody {
        shop: people.shop,
        sku: COAT.to_owned(),
        on_hand: [(String::new(), 1)].into(),
        arriving: Vec::new(),
        there_since: None,
    };
    let case = CaseBody {
        topic: "seam of the last jacket".to_owned(),
        is_complaint: true,
        state: CaseState::Open,
        opened_at: now.plus_ms(-2 * Timestamp::DAY_MS),
        solved_at: None,
        sku: None,
    };
    let shop = people.shop;
    let posted = stage.state.book.put_notices(vec![
        NoticeDraft::new(Subject::Chain, COAT, ("catalogue", now), &coat),
        NoticeDraft::new(
            Subject::Chain,
            format!("{shop}/{COAT}"),
            ("till", now),
            &stock,
        ),
        NoticeDraft::new(Subject::Customer(noah), "desk:1", ("desk", now), &case),
    ]);
    let posted = stage.runtime.block_on(posted);
    posted.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    Ok(())
}

/// A customer whom only Ana has met.
pub(super) fn begin_card(ana: &Book) -> anyhow::Result<CustomerId> {
    let part = |part, text: &str| NamePartText {
        part,
        text: text.to_owned(),
    };
    let name = vec![
        part(NamePart::Given, "Noah"),
        part(NamePart::Family, "Stern"),
    ];
    let noah = ana.create_customer(name, Vec::new(), Some("de".to_owned()))?;
    ana.record(
        noah,
        Edit::SetPreference {
            kind: "fabric".to_owned(),
            subject: "wool".to_owned(),
            value: None,
            polarity: Polarity::Never,
        },
    )?;
    let need = NeedInput {
        what: "a coat for rain on journeys".to_owned(),
        tags: vec!["rain".to_owned(), "travel".to_owned()],
    };
    ana.record(noah, Edit::AddNeed(need))?;
    Ok(noah)
}

/// What Ben's handheld tells of somebody whom he never met, without a network.
pub(super) fn never_met(ben: &Book, noah: CustomerId) -> anyhow::Result<()> {
    ben.set_offline(true)?;
    println!("   Ben has never met Noah Stern, and there is no network. His handheld tells him:");
    show_brief(&ben.brief(noah)?);
    show_recommendations(&ben.recommendations(noah)?)?;
    let verdict = ben.may_contact(
        noah,
        Channel::Call,
        Purpose::Sell,
        ContactWay::Direct,
        None,
        false,
    )?;
    ensure!(
        verdict.ruling != ContactRuling::Allow,
        "somebody who agreed to nothing may be called: {verdict:?}"
    );
    let reason = verdict.reason.map(|reason| reason.as_str());
    println!(
        "   May he call to sell something? No: {}.",
        reason.unwrap_or_default().replace('_', " ")
    );
    let note = "client riche, accent russe";
    let warned = ben.check_note(note.to_owned())?;
    let categories: Vec<_> = warned.iter().map(|one| one.category.as_str()).collect();
    ensure!(!categories.is_empty(), "the linter says nothing");
    println!(
        "   He begins to note \"{note}\" and is warned: the customer may read this ({}).",
        categories.join(", ")
    );
    ben.set_offline(false)?;
    Ok(())
}

fn show_recommendations(list: &RecommendationList) -> anyhow::Result<()> {
    let first = list.items.first().context("nothing is recommended")?;
    let points: Vec<_> = first.reasons.iter().map(|one| one.points).collect();
    ensure!(
        points.iter().sum::<u32>() == first.score,
        "the score is not the sum of its reasons: {first:?}"
    );
    println!(
        "   show   {} ({}), because it answers what he needs; one is here",
        first.name, first.sku
    );
    Ok(())
}

/// The report as of a moment, counted from everybody's cards.
fn report(stage: &Stage<'_>, at: Timestamp) -> anyhow::Result<Report> {
    let book = &stage.state.book;
    let settings = settings::read(&*book.store().read()?)?;
    Ok(as_of::report(book, &settings, at)?.0)
}

/// A week in which the best alone are cared for, and the same week with the care for all.
pub(super) fn week(stage: &Stage<'_>, ana: &Book, ben: &Book) -> anyhow::Result<()> {
    // The clock is an argument: every report is dated a week from now, when the week's windows have closed.
    let then = stage.state.clock.now().plus_ms(7 * Timestamp::DAY_MS);
    let best = best(stage)?;
    let visits = come(ana, &best)?;
    care(ana, &visits)?;
    let others = |book: &Book, text: &str| -> anyhow::Result<Vec<CustomerId>> {
        let found = book.search(text.to_owned(), SERVED)?;
        let found = found.hits.iter().map(|hit| hit.customer);
        Ok(found.filter(|one| !best.contains(one)).collect())
    };
    let seen_by_ana = come(ana, &others(ana, "")?)?;
    let mut also = others(ben, "a")?;
    also.retain(|one| seen_by_ana.iter().all(|(known, _)| known != one));
    let seen_by_ben = come(ben, &also)?;
    meet("Ana", ana)?;
    meet("Ben", ben)?;
    let before = report(stage, then)?;
    println!(
        "   In a week {} of the best customers come, and {} others. The best alone are recognized, what they like is",
        best.len(),
        seen_by_ana.len() + seen_by_ben.len()
    );
    println!(
        "   honored, they are heard and thanked. Claire asks the hub what that will amount to in a week:"
    );
    show_report(&before);
    care(ana, &seen_by_ana)?;
    care(ben, &seen_by_ben)?;
    meet("Ana", ana)?;
    meet("Ben", ben)?;
    println!(
        "   The same week, and Ana and Ben do the same for everybody who came. It is one week of two associates, and shows:"
    );
    let after = report(stage, then)?;
    show_report(&after);
    // A boutique of a handful of customers proves nothing, and says so.
    if let (Some(gap), Some(left)) = (before.gap_bp, after.gap_bp) {
        ensure!(left < gap, "the care for all did not close the gap");
        let covered = (before.coverage.covered, after.coverage.covered);
        ensure!(covered.0 < covered.1, "nobody more is covered: {covered:?}");
    }
    Ok(())
}

/// The customers who spent most: known on the hub, never on a handheld. The story asks, so that it can treat them as houses do.
fn best(stage: &Stage<'_>) -> anyhow::Result<Vec<CustomerId>> {
    let tx = stage.state.book.store().read()?;
    let mut spent = Vec::new();
    projection::rows(&*tx, None, &mut |row| {
        let totals = records::totals(&*tx, row.customer)?;
        let paid: i64 = totals.amount_minor.values().sum();
        let back: i64 = totals.returned_minor.values().sum();
        spent.push((std::cmp::Reverse(paid - back), row.customer));
        Ok(ControlFlow::Continue(()))
    })?;
    spent.sort_unstable();
    let best = spent.into_iter().take(BEST);
    Ok(best.map(|(_, customer)| customer).collect())
}

/// Customers come in.
fn come(book: &Book, customers: &[CustomerId]) -> anyhow::Result<Vec<(CustomerId, EditId)>> {
    let came = customers.iter().map(|customer| {
        let visit = book.arrive(*customer, None)?.edit;
        Ok((*customer, visit))
    });
    came.collect()
}

/// Serves who came as the playbook wants it.
fn care(book: &Book, visits: &[(CustomerId, EditId)]) -> anyhow::Result<()> {
    for (customer, visit) in visits.iter().copied() {
        let did = |act, about| Edit::RecordInteraction {
            kind: InteractionKind::Service,
            visit: Some(visit),
            channel: None,
            sku: None,
            by_customer: false,
            summary: None,
            act: Some(act),
            about,
            spent: None,
        };
        book.record(customer, did(Act::Recognized, None))?;
        for liked in book.customer(customer)?.preferences.iter().take(HONORED) {
            book.record(customer, did(Act::Honored, Some(liked.id.clone())))?;
        }
        let reaction = Edit::RecordReaction {
            interaction: Some(visit),
            sku: COAT.to_owned(),
            sentiment: Sentiment::Liked,
            words: None,
        };
        book.record(customer, reaction)?;
        book.record(customer, did(Act::ThankYou, None))?;
        book.leave(customer, visit, None)?;
    }
    Ok(())
}

fn percent(bp: Option<u32>) -> String {
    bp.map_or_else(
        || "unproven".to_owned(),
        |bp| format!("{}.{:02} %", bp / 100, bp % 100),
    )
}

fn show_report(report: &Report) {
    if !report.is_enough() {
        println!(
            "   gap    {} active customers are too few to tell the best from the others.",
            report.active
        );
        return;
    }
    let coverage = &report.coverage;
    println!(
        "   gap    {} active customers, {} of them the best. Covered: {} of the proven others ({} of them are proven).",
        report.active,
        report.best,
        percent(coverage.coverage_bp),
        percent(coverage.proven_bp),
    );
    println!(
        "          covered {}, not covered {}, unproven {}, declined {}; the best get {} more.",
        coverage.covered,
        coverage.not_covered,
        coverage.unproven,
        coverage.declined,
        percent(report.gap_bp),
    );
    let honesty = &report.honesty;
    let known = honesty.known_bp.map(|bp| percent(Some(bp)));
    println!(
        "          Of all that is owed the best got {}, the others {}; excused {}, on our own word alone {}.",
        percent(honesty.best_bp),
        percent(honesty.rest_bp),
        percent(honesty.excused_bp),
        percent(honesty.self_attested_bp),
    );
    println!(
        "          Visits of somebody known: {}; what is still owed to the others this week takes {} minutes.",
        known.as_deref().unwrap_or("not counted before tomorrow"),
        honesty.week_minutes,
    );
}
