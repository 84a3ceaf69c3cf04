//! The story: what is said and done, act by act. Each line that shows something shows what the SDK returned.
#![expect(clippy::print_stdout, reason = "this is what the command tells")]

use std::sync::Arc;

use carnet_ffi::{Book, BookError, Brief, BriefSection, SyncReport, render_english};
use indicatif::{ProgressBar, ProgressStyle};
use server::boutique::Written;
use sync_core::card::Edit;
use sync_core::card::terms::{Place, Severity};
use sync_core::ids::{AssociateId, CustomerId};

use super::stage::{People, Stage};

/// Time in which a sync on this machine is long done.
const DEADLINE_MS: u64 = 60_000;
/// Bytes that go up before the network tears: the connection is asked for, and what was recorded is on its way.
const TEARS_AFTER: u64 = 2_600;

pub(super) fn opening() {
    println!(
        "Carnet: any associate can give any customer the care that today only the top 1 % get, even offline."
    );
    println!();
    println!("Inventing a boutique …");
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
        "  {} customers in many languages, {} edits of their cards, {} purchases and returns: all in the hub's SQLite file.",
        written.customers, written.edits, written.records
    );
}

fn act(number: u32, title: &str) {
    println!();
    println!("{number}. {title}");
}

/// Plays the whole story.
pub(super) fn play(stage: &Stage<'_>, people: &People) -> anyhow::Result<()> {
    act(1, "Two handhelds are enrolled, and bring their book along");
    let ana = arrive("Ana", stage.handheld(people, &people.ana)?)?;
    let ben = arrive("Ben", stage.handheld(people, &people.ben)?)?;
    let customer = choose(&ana)?;

    act(
        2,
        "Both go offline. On the floor, work goes on about the same customer",
    );
    ana.set_offline(true)?;
    ben.set_offline(true)?;
    offline_work(&ana, &ben, customer)?;
    println!("   Meanwhile Claire, at the back office, adds that repairs come back by courier.");
    let edit = note("Repairs: send them home by courier, she lives close.");
    stage.record_at_hub(people, &people.claire, customer, edit)?;
    waits("Ana", &ana)?;
    waits("Ben", &ben)?;

    act(3, "The network comes back, and breaks in the middle");
    ana.set_offline(false)?;
    ben.set_offline(false)?;
    broken_sync(stage, &ana)?;

    act(4, "It comes back for good: both meet the hub, and converge");
    stage.network.mend();
    for (name, book) in [("Ana", &ana), ("Ben", &ben), ("Ana", &ana)] {
        let report = sync(name, book)?;
        anyhow::ensure!(report.pending == 0, "{name} still has edits waiting");
    }
    let (left, right) = (ana.card_json(customer)?, ben.card_json(customer)?);
    anyhow::ensure!(left == right, "the two cards differ");
    println!("   Both cards are equal, to the byte: nothing lost, nothing doubled.");

    act(
        5,
        "What Ben now sees before he says hello: the allergy that Ana noted, and what to ask",
    );
    show_brief(&ben.brief(customer)?);

    act(6, "The conflict is shown, and settled by asking");
    settle(people, &ana, &ben, customer)
}

/// The first meeting of a handheld with the hub.
fn arrive(name: &str, book: Arc<Book>) -> anyhow::Result<Arc<Book>> {
    sync(name, &book)?;
    let found = book.search(String::new(), 3)?;
    let names: Vec<_> = found.hits.iter().map(|hit| hit.name.as_str()).collect();
    println!(
        "   {name}'s book is complete and searchable offline; lately here: {}.",
        names.join(", ")
    );
    Ok(book)
}

/// A customer of the book to tell the story of: the first whose card has no conflict and no allergy yet.
fn choose(book: &Book) -> anyhow::Result<CustomerId> {
    let found = book.search(String::new(), 50)?;
    let hit = found
        .hits
        .iter()
        .find(|hit| !hit.has_allergy && hit.conflicts == 0);
    let hit = hit
        .or(found.hits.first())
        .ok_or_else(|| anyhow::anyhow!("the book is empty"))?;
    println!("   The story is about {}.", hit.name);
    Ok(hit.customer)
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

fn offline_work(ana: &Book, ben: &Book, customer: CustomerId) -> anyhow::Result<()> {
    let visit = ana.arrive(customer, None)?;
    ana.record_allergy(customer, "nickel".to_owned(), Severity::Serious)?;
    ana.record(customer, shoe("38"))?;
    ana.leave(
        customer,
        visit.edit,
        Some("the winter coat, in her size".to_owned()),
    )?;
    println!("   Ana, in the fitting room: shoe size 38, and no nickel: her skin reacts.");
    ben.record(customer, shoe("39"))?;
    ben.record(
        customer,
        note("Looks for a gift for her mother's birthday."),
    )?;
    println!("   Ben, at the counter: shoe size 39, and she looks for a gift.");
    Ok(())
}

fn waits(name: &str, book: &Book) -> anyhow::Result<()> {
    let status = book.status()?;
    println!(
        "   {name}: {} edits not sent yet, durable on the handheld.",
        status.pending
    );
    Ok(())
}

/// A sync that the network ends in the middle.
fn broken_sync(stage: &Stage<'_>, ana: &Book) -> anyhow::Result<()> {
    stage.network.tear_after(TEARS_AFTER);
    match ana.sync_once(DEADLINE_MS) {
        Ok(_) if !stage.network.is_torn() => println!("   The network held this time."),
        Ok(_) | Err(BookError::Offline) => {
            println!(
                "   It tore after {TEARS_AFTER} bytes: neither side knows what the other has."
            );
        }
        Err(other) => return Err(other.into()),
    }
    waits("Ana", ana)
}

fn sync(name: &str, book: &Book) -> anyhow::Result<SyncReport> {
    let report = book.sync_once(DEADLINE_MS)?;
    println!(
        "   {name} met the hub: {:?}, {} waiting, {} refused.",
        report.end, report.pending, report.refused
    );
    anyhow::ensure!(
        report.refused == 0,
        "the hub refused {name}'s edits: {:?}",
        book.outbox()?
    );
    Ok(report)
}

fn show_brief(brief: &Brief) {
    for line in &brief.lines {
        let section = match line.section {
            BriefSection::Avoid => "AVOID",
            BriefSection::Say => "SAY",
            BriefSection::Act => "DO",
        };
        println!("   {section:<6} {}", render_english(line));
    }
    if brief.avoid_more > 0 {
        println!("   AVOID  +{} more", brief.avoid_more);
    }
}

fn settle(people: &People, ana: &Book, ben: &Book, customer: CustomerId) -> anyhow::Result<()> {
    let conflicts = ben.conflicts(customer)?;
    let conflict = conflicts
        .into_iter()
        .find(|conflict| {
            conflict
                .choices
                .iter()
                .any(|choice| choice.text.contains("39"))
        })
        .ok_or_else(|| anyhow::anyhow!("the two sizes should be in conflict"))?;
    for choice in &conflict.choices {
        println!("   {} says {}", name_of(people, choice.by), choice.text);
    }
    let kept = conflict
        .choices
        .iter()
        .find(|choice| choice.text.contains("39"));
    let kept = kept
        .map(|choice| choice.edit)
        .ok_or_else(|| anyhow::anyhow!("no such choice"))?;
    ben.resolve(customer, conflict, kept)?;
    println!("   Ben asks her: 39. He settles it, having seen both.");
    sync("Ben", ben)?;
    sync("Ana", ana)?;
    let open = ana.conflicts(customer)?.len();
    anyhow::ensure!(
        ana.card_json(customer)? == ben.card_json(customer)?,
        "the two cards differ"
    );
    println!("   On Ana's handheld {open} conflicts are left on this card, and the size is 39.");
    Ok(())
}

fn name_of(people: &People, associate: AssociateId) -> &'static str {
    [&people.ana, &people.ben, &people.claire]
        .into_iter()
        .find(|person| person.id == associate)
        .map_or("somebody", |person| person.name)
}

/// How to go on by hand.
pub(super) fn invitation(url: &str, code: &str, people: &People) {
    println!();
    println!(
        "The hub serves on at {url} until Ctrl-C. Be the third handheld, in another terminal:"
    );
    println!("   carnet handheld --data my-handheld --hub {url} --code {code}");
    println!(
        "   (from this folder: cargo run --release -- handheld --data my-handheld --hub {url} --code {code})"
    );
    println!(
        "   sign in as {} with the password {}",
        people.ana.login, people.ana.password
    );
}
