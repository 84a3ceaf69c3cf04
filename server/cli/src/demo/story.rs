//! The story: two handhelds, one card, a network that comes and goes.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use carnet_ffi::entropy::SharedEntropy;
use carnet_ffi::{Book, BookError, BookOptions, ConflictView};
use sync_core::card::Edit;
use sync_core::card::terms::{Place, Severity};
use sync_core::card::view::Question;
use sync_core::ids::CustomerId;

use super::network::{Relay, Weather};
use super::shop::{PASSWORD, Shop};
use super::words::{brief, question, say, show, step};

/// Milliseconds that a sync may take before the story gives up on it.
const SYNC_MS_MAX: u64 = 60_000;
/// Notes that one handheld takes during an afternoon without a network.
const NOTES: u32 = 40;
/// Bytes a handheld has sent when it is in the middle of its push: more than hello and headers, less than forty notes.
const MIDDLE_BYTES: u64 = 4_000;

/// One handheld of the story.
struct Handheld {
    who: &'static str,
    book: Arc<Book>,
}

/// Plays the story from beginning to end.
pub(super) fn play(shop: &Shop, relay: &Relay, folder: &Path) -> anyhow::Result<()> {
    step("Two handhelds are enrolled, and each takes the whole book.")?;
    let anna = Handheld::new("Anna's handheld", ("anna", shop), relay, folder)?;
    let bilal = Handheld::new("Bilal's handheld", ("bilal", shop), relay, folder)?;
    scripts(&anna, shop)?;
    let customer = someone(&anna, shop)?;
    let before = shop.accepted()?;

    afternoon(shop, relay, (&anna, &bilal), customer)?;
    let waiting = anna.book.status()?.pending;
    broken(shop, relay, &anna, before)?;

    step("The network is back for good. Everybody meets the hub.")?;
    relay.set(Weather::Up);
    for handheld in [&anna, &bilal, &anna] {
        handheld.sync()?;
    }
    let arrived = shop.accepted()? - before;
    // The manager's edit and Bilal's two are the others.
    ensure!(
        arrived == waiting + 3,
        "{arrived} changes arrived instead of {}",
        waiting + 3
    );
    show(
        "hub",
        format_args!("{arrived} changes in all: each arrived once, none twice, none lost"),
    )?;

    step("What Anna noted offline is on Bilal's handheld before he says hello.")?;
    brief(bilal.who, &bilal.book.brief(customer)?)?;
    settle(shop, (&anna, &bilal), customer)?;
    converged((&anna, &bilal), customer)
}

impl Handheld {
    fn new(
        who: &'static str,
        (login, shop): (&str, &Shop),
        relay: &Relay,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let path = folder.join(format!("{login}.db"));
        let path = path
            .to_str()
            .context("the folder's name is not valid Unicode")?;
        let key = SharedEntropy::system().bytes::<32>().to_vec();
        let book = Book::open(path.to_owned(), key, BookOptions::default())?;
        book.enrol(relay.url(), shop.code_now()?.typed, who.to_owned())?;
        book.sign_in(login.to_owned(), PASSWORD.to_owned())?;
        let handheld = Self { who, book };
        handheld.sync()?;
        show(
            who,
            "holds the book, encrypted, and is in sync with the hub",
        )?;
        Ok(handheld)
    }

    fn sync(&self) -> anyhow::Result<()> {
        self.book.sync_once(SYNC_MS_MAX)?;
        let waiting = self.book.status()?.pending;
        ensure!(waiting == 0, "{waiting} edits of {} still wait", self.who);
        Ok(())
    }

    fn shoe_size(&self, customer: CustomerId, size: &str) -> anyhow::Result<()> {
        self.book.record(customer, shoe_size(size))?;
        Ok(())
    }

    /// The question about the shoe size.
    fn conflict(&self, customer: CustomerId) -> anyhow::Result<ConflictView> {
        let conflicts = self.book.conflicts(customer)?;
        let about_size =
            |conflict: &ConflictView| matches!(conflict.question, Question::Size { .. });
        let found = conflicts.into_iter().find(about_size);
        found.with_context(|| format!("{} shows no question about the size", self.who))
    }
}

fn shoe_size(size: &str) -> Edit {
    Edit::SetSize {
        category: "shoe".to_owned(),
        system: "EU".to_owned(),
        brand: None,
        size: Some(size.to_owned()),
    }
}

/// Shows that the book speaks many languages.
fn scripts(handheld: &Handheld, shop: &Shop) -> anyhow::Result<()> {
    let mut languages = std::collections::BTreeMap::new();
    for index in 0..shop.boutique.customers.min(400) {
        if let Some(hit) = handheld.book.row(shop.boutique.customer_id(index))? {
            languages.entry(hit.language.clone()).or_insert(hit.name);
        }
    }
    let names: Vec<_> = languages.into_values().step_by(2).collect();
    show(handheld.who, names.join(", "))
}

/// A customer whom nobody measured yet: the story brings the disagreement itself.
fn someone(handheld: &Handheld, shop: &Shop) -> anyhow::Result<CustomerId> {
    for index in 0..shop.boutique.customers {
        let customer = shop.boutique.customer_id(index);
        let card = handheld.book.customer(customer)?;
        let is_plain = card.allergies.is_empty()
            && card.contact.blocked.is_none()
            && card
                .contact
                .language
                .as_ref()
                .is_some_and(|language| language.text == "fr-FR")
            && card.sizes.iter().all(|size| size.category != "shoe");
        if is_plain {
            return Ok(customer);
        }
    }
    bail!("this boutique has no customer for the story: try another --seed")
}

/// Both handhelds and the manager work on one card while nobody can reach anybody.
fn afternoon(
    shop: &Shop,
    relay: &Relay,
    (anna, bilal): (&Handheld, &Handheld),
    customer: CustomerId,
) -> anyhow::Result<()> {
    relay.set(Weather::Down);
    let name = anna.book.customer(customer)?.name;
    step(&format!(
        "The network goes down. {name} comes in, and everybody works on."
    ))?;
    anna.shoe_size(customer, "38")?;
    let nickel = "nickel".to_owned();
    anna.book
        .record_allergy(customer, nickel, Severity::Serious)?;
    for index in 1..=NOTES {
        let card = shop.boutique.customer_id(index % shop.boutique.customers);
        let body = format!("Came by during the network failure, visit {index} of the afternoon.");
        anna.book.add_note(card, Place::Card, body)?;
    }
    let waiting = anna.book.status()?.pending;
    show(
        anna.who,
        format_args!(
            "shoe size 38, an allergy to nickel, {NOTES} notes on other cards: {waiting} edits wait"
        ),
    )?;
    bilal.shoe_size(customer, "39")?;
    let promise = "Call when the loafers arrive".to_owned();
    bilal.book.make_promise(customer, promise, None)?;
    let waiting = bilal.book.status()?.pending;
    show(
        bilal.who,
        format_args!("shoe size 39, a promise to call about the loafers: {waiting} edits wait"),
    )?;
    shop.manager_records(customer, shoe_size("38.5"))?;
    show("manager, at the hub", "shoe size 38.5")?;
    show(
        anna.who,
        "what Anna reads about this customer now, offline:",
    )?;
    brief(anna.who, &anna.book.brief(customer)?)
}

/// The network breaks while the hub answers.
fn broken(shop: &Shop, relay: &Relay, anna: &Handheld, before: u64) -> anyhow::Result<()> {
    step("The network comes back, and breaks while Anna's handheld is sending.")?;
    relay.set(Weather::BreaksAfter(MIDDLE_BYTES));
    let ended = match anna.book.sync_once(SYNC_MS_MAX) {
        Err(BookError::Offline) => "the hub can't be reached".to_owned(),
        Err(error) => return Err(error.into()),
        Ok(report) => bail!("the network did not break: {report:?}"),
    };
    let waiting = anna.book.status()?.pending;
    // One of the hub's changes is the manager's.
    let stored = shop.accepted()? - before - 1;
    show(
        anna.who,
        format_args!("{ended}; {waiting} edits still wait, nothing is lost"),
    )?;
    show(
        "hub",
        format_args!("stored {stored} of them, but its answer never arrived"),
    )
}

/// The disagreement is shown to both, and settled by asking the customer.
fn settle(
    shop: &Shop,
    (anna, bilal): (&Handheld, &Handheld),
    customer: CustomerId,
) -> anyhow::Result<()> {
    step(
        "Three people wrote down three sizes. No clock decides: whoever serves the customer asks.",
    )?;
    question(anna.who, shop, &anna.conflict(customer)?)?;
    let conflict = bilal.conflict(customer)?;
    question(bilal.who, shop, &conflict)?;
    let right = conflict
        .choices
        .iter()
        .find(|choice| choice.text.contains("38.5"));
    let right = right
        .context("the manager's size is one of the choices")?
        .edit;
    bilal.book.resolve(customer, conflict, right)?;
    show(bilal.who, "Bilal asks, and settles it: 38.5")?;
    bilal.sync()?;
    anna.sync()?;
    let card = anna.book.customer(customer)?;
    let size = card.sizes.iter().find(|size| size.category == "shoe");
    let size = size.context("the size is on the card")?;
    let still_open = anna.conflict(customer).is_ok();
    ensure!(
        !still_open && size.size == "38.5",
        "the size is not settled on {}",
        anna.who
    );
    show(
        anna.who,
        format_args!("shoe size {}, nothing left to ask", size.size),
    )
}

/// Both show the same card, to the byte.
fn converged((anna, bilal): (&Handheld, &Handheld), customer: CustomerId) -> anyhow::Result<()> {
    let (one, other) = (
        anna.book.card_json(customer)?,
        bilal.book.card_json(customer)?,
    );
    ensure!(one == other, "the handhelds show different cards");
    let digest = sync_core::crypto::sha256("demo.card.v1", &[one.as_bytes()]);
    let digest = digest.to_string();
    let short: String = digest.chars().take(12).collect();
    say(format_args!(
        "\n• Both handhelds show the same card, byte for byte ({} bytes, {short}).",
        one.len()
    ))
}
