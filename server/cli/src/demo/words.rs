//! What the demo prints.

use std::io::{Write as _, stdout};

use carnet_ffi::{Brief, ConflictView, render_english};
use server::boutique::{Boutique, Written};
use server::identity::enrolment::EnrolmentCode;

use super::shop::{PASSWORD, Shop};

/// Prints a line.
pub(super) fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{line}")?;
    // A pipe shows each step as it happens too.
    Ok(out.flush()?)
}

/// Begins a step of the story.
pub(super) fn step(line: &str) -> anyhow::Result<()> {
    say(format_args!("\n• {line}"))
}

/// Something that a person or a handheld does or shows.
pub(super) fn show(who: &str, what: impl std::fmt::Display) -> anyhow::Result<()> {
    say(format_args!("    {who:<18} {what}"))
}

pub(super) fn title(boutique: &Boutique) -> anyhow::Result<()> {
    say(format_args!(
        "Carnet: the client book that works with no network at all.\n\n• A boutique with {} customers is invented from seed {}. None of them exists.",
        boutique.customers, boutique.seed
    ))
}

pub(super) fn filled(written: &Written) -> anyhow::Result<()> {
    show(
        "hub",
        format_args!(
            "{} customers, {} notes, tastes, promises and visits, {} sales",
            written.customers, written.edits, written.records
        ),
    )
}

/// A brief, a line each.
pub(super) fn brief(who: &str, brief: &Brief) -> anyhow::Result<()> {
    for line in &brief.lines {
        let section = format!("{:?}", line.section).to_lowercase();
        show(who, format_args!("{section:<6} {}", render_english(line)))?;
    }
    Ok(())
}

/// A question on which people disagree.
pub(super) fn question(who: &str, shop: &Shop, conflict: &ConflictView) -> anyhow::Result<()> {
    let said: Vec<_> = conflict
        .choices
        .iter()
        .map(|choice| format!("{} ({})", choice.text, shop.name_of(choice.by)))
        .collect();
    show(who, format_args!("to ask: {}", said.join(" or ")))
}

/// How to go on by oneself.
pub(super) fn invite(shop: &Shop, code: &EnrolmentCode, url: &str) -> anyhow::Result<()> {
    say(format_args!(
        "\nThe hub serves on until Ctrl-C. Try a handheld of your own in another terminal:\n\n    carnet handheld --data my-handheld --hub {url} --code {}\n\n  sign in as        anna or bilal, password {PASSWORD}\n  or as manager     {}, password {}\n  the code is good  for one handheld, for 10 minutes",
        code.typed, shop.login, shop.password
    ))
}
