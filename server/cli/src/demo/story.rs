//! The story: what is said and done, act by act. Each line that shows something shows what the SDK returned.
#![expect(clippy::print_stdout, reason = "this is what the command tells")]

use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use carnet_ffi::{Book, Brief, BriefSection, Card, NamePartText, render_line};
use indicatif::{ProgressBar, ProgressStyle};
use server::boutique::Written;
use sync_core::card::Edit;
use sync_core::card::terms::{NamePart, Place, Polarity, Severity};
use sync_core::concierge::Language;
use sync_core::ids::{AssociateId, CustomerId, Timestamp};
use sync_core::replica::book::FirstSync;

use super::care;
use super::stage::{People, Stage, until};

/// Time in which a sync on this machine is long done.
const DEADLINE_MS: u64 = 60_000;
/// Bytes that still go up before the network breaks: fewer than one signed edit has.
const TEARS_AFTER: u64 = 100;
/// Edits that Ana makes without a network, and while it breaks.
const BY_ANA: (u64, u64) = (4, 3);
/// Edits that Ben makes without a network.
const BY_BEN: u64 = 2;
const COURIER: &str = "Repairs: send them to her home by courier, she lives close.";

pub(super) fn opening() {
    println!("Carnet is the client book of a boutique: what associates know of their customers,");
    println!("on handhelds that go on working when there is no network.");
    println!();
    println!("This demo invents a boutique and plays one afternoon in it, with the real software:");
    println!(
        "Ana and Ben on the floor with a handheld each, Claire at the back office on the hub."
    );
    println!();
    println!("Inventing the boutique …");
}

pub(super) fn progress(customers: u64) -> ProgressBar {
    let bar = ProgressBar::new(customers);
    if let Ok(style) = ProgressStyle::with_template("  {bar:40} {pos}/{len} customers") {
        bar.set_style(style);
    }
    bar
}

pub(super) fn boutique(written: &Written) {
    println!(
        "   {} customers, {} entries on their cards, {} purchases and returns are in the hub's database.",
        written.customers, written.edits, written.records
    );
}

/// Of how many weeks the gap is known.
pub(super) fn weeks(many: usize) {
    if many > 0 {
        println!("   The gap to its best customers is known for the last {many} weeks.");
    }
}

fn act(number: u32, title: &str) {
    println!();
    println!("{number}. {title}");
}

/// Plays the whole story.
pub(super) fn play(stage: &Stage<'_>, people: &People, customers: u32) -> anyhow::Result<()> {
    act(1, "Two handhelds join the shop and take its book along");
    let ana = arrive("Ana", stage.handheld(people, &people.ana)?, customers)?;
    let ben = arrive("Ben", stage.handheld(people, &people.ben)?, customers)?;
    let lea = begin_card(&ana, &ben)?;

    act(
        2,
        "The network is gone. Work goes on, about the same customer",
    );
    ana.set_offline(true)?;
    ben.set_offline(true)?;
    offline_work(&ana, &ben, lea)?;
    stage.record_at_hub(people, &people.claire, lea, note(COURIER))?;
    println!("   Claire, on the hub, adds: {COURIER}");
    waits("Ana", &ana, BY_ANA.0)?;
    waits("Ben", &ben, BY_BEN)?;

    act(3, "The network comes back, and breaks in the middle");
    ana.set_offline(false)?;
    ben.set_offline(false)?;
    broken_sync(stage, &ana, lea)?;

    act(
        4,
        "It comes back for good: what is missing is sent, and nothing twice",
    );
    stage.network.mend();
    sends("Ana", &ana, BY_ANA.1)?;
    sends("Ben", &ben, BY_BEN)?;
    sends("Ana", &ana, 0)?;
    compare(&ana, &ben, lea)?;

    act(
        5,
        "Ben greets her next. What his handheld tells him before he says a word",
    );
    show_brief(&ben.brief(lea)?);
    show_courier(people, &ben.customer(lea)?)?;

    act(
        6,
        "38 or 39? Nobody's word was thrown away: Ben is asked to settle it",
    );
    settle(people, &ana, &ben, lea)?;

    act(
        7,
        "Somebody whom Ben never met: the right few words, without a network",
    );
    let noah = care::begin_card(&ana)?;
    meet("Ana", &ana)?;
    care::post_house(stage, people, noah)?;
    meet("Ben", &ben)?;
    care::never_met(&ben, noah)?;

    act(
        8,
        "A week passes: the care for all, beside the care for the 1 %",
    );
    care::week(stage, &ana, &ben)?;
    seen();
    Ok(())
}

/// The first meeting of a handheld with the hub.
fn arrive(name: &str, book: Arc<Book>, customers: u32) -> anyhow::Result<Arc<Book>> {
    meet(name, &book)?;
    ensure!(
        book.status()?.first_sync == FirstSync::Complete,
        "{name}'s book is not complete"
    );
    let found = book.search(String::new(), 3)?;
    let names: Vec<_> = found.hits.iter().map(|hit| hit.name.as_str()).collect();
    println!(
        "   {name}'s handheld has all {customers} customers, and finds them with no network: {}, …",
        names.join(", ")
    );
    Ok(book)
}

/// A customer to tell the story of, whom both handhelds know.
fn begin_card(ana: &Book, ben: &Book) -> anyhow::Result<CustomerId> {
    let part = |part, text: &str| NamePartText {
        part,
        text: text.to_owned(),
    };
    let name = vec![
        part(NamePart::Given, "Léa"),
        part(NamePart::Family, "Marchand"),
    ];
    let lea = ana.create_customer(name, Vec::new(), Some("fr".to_owned()))?;
    meet("Ana", ana)?;
    meet("Ben", ben)?;
    let row = ben.row(lea)?;
    let row = row.ok_or_else(|| anyhow::anyhow!("Ben's handheld lacks the new card"))?;
    println!(
        "   Ana begins a card for a new customer, {}. A moment later Ben's handheld has it too.",
        row.name
    );
    Ok(lea)
}

fn note(body: &str) -> Edit {
    Edit::AddNote {
        place: Place::Card,
        body: body.to_owned(),
        title: None,
        label: None,
    }
}

fn shoe(size: &str) -> Edit {
    Edit::SetSize {
        category: "shoe".to_owned(),
        system: "EU".to_owned(),
        brand: Some("Atelier".to_owned()),
        size: Some(size.to_owned()),
    }
}

fn offline_work(ana: &Book, ben: &Book, lea: CustomerId) -> anyhow::Result<()> {
    let visit = ana.arrive(lea, None)?;
    ana.record_allergy(lea, "nickel".to_owned(), Severity::Serious)?;
    ana.record(lea, shoe("38"))?;
    ana.leave(lea, visit.edit, Some("the winter coat".to_owned()))?;
    println!(
        "   Ana, in the fitting room, notes the visit: shoe size 38, and no nickel, her skin reacts."
    );
    ben.record(lea, shoe("39"))?;
    ben.record(lea, note("Looks for a gift for her mother's birthday."))?;
    println!(
        "   Ben, at the counter, notes: shoe size 39, and she looks for a gift for her mother."
    );
    Ok(())
}

fn waits(name: &str, book: &Book, expected: u64) -> anyhow::Result<()> {
    let pending = book.status()?.pending;
    ensure!(
        pending == expected,
        "{name} has {pending} edits waiting, not {expected}"
    );
    println!("   {name}'s handheld keeps {pending} edits that are not sent yet.");
    Ok(())
}

/// A live connection that breaks while edits are on their way.
fn broken_sync(stage: &Stage<'_>, ana: &Book, lea: CustomerId) -> anyhow::Result<()> {
    let (before, after) = BY_ANA;
    ana.start_sync()?;
    until(ana, |status| status.pending == 0)?;
    println!(
        "   Ana's handheld connects by itself and sends its {before} edits. She goes on working: {after} more,"
    );
    let tomorrow = stage.state.clock.now().plus_ms(Timestamp::DAY_MS);
    stage.network.tear_after(TEARS_AFTER);
    ana.make_promise(
        lea,
        "call her when the winter coat is in".to_owned(),
        Some(tomorrow),
    )?;
    ana.record(
        lea,
        Edit::SetPreference {
            kind: "drink".to_owned(),
            subject: "espresso".to_owned(),
            value: None,
            polarity: Polarity::Like,
        },
    )?;
    ana.record(lea, note("Prefers to be called in the morning."))?;
    stage.until_torn()?;
    ana.stop_sync();
    println!("   but the network breaks while they are on their way.");
    let pending = ana.status()?.pending;
    ensure!(pending == after, "{pending} edits wait, not {after}");
    println!(
        "   Ana's handheld: {before} of {} edits sent, {pending} not. Those are kept on the handheld, and go out later by themselves.",
        before + after
    );
    Ok(())
}

/// Meets the hub until everything is exchanged.
pub(super) fn meet(name: &str, book: &Book) -> anyhow::Result<()> {
    let report = book.sync_once(DEADLINE_MS)?;
    ensure!(report.pending == 0, "{name} still has edits waiting");
    ensure!(
        report.refused == 0,
        "the hub refused {name}'s edits: {:?}",
        book.outbox()?
    );
    Ok(())
}

fn sends(name: &str, book: &Book, expected: u64) -> anyhow::Result<()> {
    let waiting = book.status()?.pending;
    ensure!(
        waiting == expected,
        "{name} has {waiting} edits waiting, not {expected}"
    );
    meet(name, book)?;
    let sent = match waiting {
        0 => String::new(),
        _ => format!("sends the {waiting} edits that waited, and "),
    };
    println!("   {name}'s handheld {sent}takes in what the others wrote. Nothing waits any more.");
    Ok(())
}

/// Looks for what was lost, doubled or left apart.
fn compare(ana: &Book, ben: &Book, lea: CustomerId) -> anyhow::Result<()> {
    ensure!(
        ana.card_json(lea)? == ben.card_json(lea)?,
        "the two cards differ"
    );
    let card = ben.customer(lea)?;
    let counts = (
        card.visits.len(),
        card.allergies.len(),
        card.notes.len(),
        card.promises.len(),
        card.preferences.len(),
    );
    ensure!(
        counts == (1, 1, 3, 1, 1),
        "something is lost or doubled: {counts:?}"
    );
    println!("   Both cards are the same, to the byte: nothing lost, nothing doubled.");
    Ok(())
}

pub(super) fn show_brief(brief: &Brief) {
    for line in &brief.lines {
        let section = match line.section {
            BriefSection::Avoid => "avoid",
            BriefSection::Say => "say",
            BriefSection::Act => "do",
        };
        println!("   {section:<6} {}", render_line(line, Language::English));
    }
}

fn show_courier(people: &People, card: &Card) -> anyhow::Result<()> {
    let written = card.notes.iter().flat_map(|note| &note.versions);
    let mut by_claire = written.filter(|text| text.by == people.claire.id);
    let text = by_claire.next();
    let text = text.ok_or_else(|| anyhow::anyhow!("Claire's note is missing"))?;
    println!("   note   {} ({})", text.body, people.claire.name);
    Ok(())
}

fn settle(people: &People, ana: &Book, ben: &Book, lea: CustomerId) -> anyhow::Result<()> {
    let conflicts = ben.conflicts(lea)?;
    let [conflict] = conflicts.as_slice() else {
        anyhow::bail!("the two sizes should be the one conflict: {conflicts:?}");
    };
    for choice in &conflict.choices {
        println!("   {} wrote {}", name_of(people, choice.by), choice.text);
    }
    let mut choices = conflict.choices.iter();
    let kept = choices.find(|choice| choice.text.contains("39"));
    let kept = kept.ok_or_else(|| anyhow::anyhow!("no such choice"))?.edit;
    ben.resolve(lea, conflict.clone(), kept)?;
    println!("   Ben asks her: 39. He settles it on his handheld, and Ana's hears of it.");
    meet("Ben", ben)?;
    meet("Ana", ana)?;
    ensure!(
        ana.card_json(lea)? == ben.card_json(lea)?,
        "the two cards differ"
    );
    let card = ana.customer(lea)?;
    let sizes: Vec<_> = card.sizes.iter().map(|size| size.size.as_str()).collect();
    println!(
        "   On Ana's handheld: shoe size {}, {} conflicts are left.",
        sizes.join(" or "),
        card.conflicts.len()
    );
    Ok(())
}

fn name_of(people: &People, associate: AssociateId) -> &'static str {
    [&people.ana, &people.ben, &people.claire]
        .into_iter()
        .find(|person| person.id == associate)
        .map_or("somebody", |person| person.name)
}

fn seen() {
    println!();
    println!("What you saw");
    println!(
        "   - Work never waited for the network, and not one edit was lost or doubled when it broke."
    );
    println!(
        "   - Two people wrote different things about one customer: both were kept, and a person decided."
    );
    println!(
        "   - Whoever greets her next knows what to avoid, to say and to do, whoever noted it."
    );
    println!(
        "   - The hub counts what everybody gets, and the handhelds say what is owed next: nobody has to be of the best 1 %."
    );
}

/// How to go on by hand.
pub(super) fn invitation(url: &str, code: &str, people: &People) {
    println!();
    println!(
        "Try next: be the third handheld, in another terminal. The hub serves at {url} until Ctrl-C."
    );
    println!("   carnet handheld --data my-handheld --hub {url} --code {code}");
    println!(
        "   (from this folder: cargo run --release -- handheld --data my-handheld --hub {url} --code {code})"
    );
    println!(
        "   Sign in as {} with the password {}",
        people.ana.login, people.ana.password
    );
    println!(
        "   The back office is at {url}/office: sign in as {} with the password {}",
        people.claire.login, people.claire.password
    );
    println!(
        "   On the handheld type: find lea marchand · open 1 · card · offline · note … · online · sync · help"
    );
}

/// What to do where nothing serves on.
pub(super) fn farewell(kept: Option<&Path>) {
    println!();
    println!("Try next");
    println!(
        "   carnet demo                 the same, and the hub serves on for a handheld of your own"
    );
    println!("   carnet handheld --preview   an invented book to type in: no hub, no folder");
    match kept {
        Some(folder) => println!(
            "The demo ends here; its hub and handhelds are kept in {}.",
            folder.display()
        ),
        None => println!("The demo ends here, and its files are removed."),
    }
}
