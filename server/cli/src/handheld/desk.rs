//! What the terminal remembers between two lines, and the commands carried out on the book.

pub(crate) mod persons;
pub(crate) mod secrets;
mod standard;

use std::sync::Arc;

use carnet_ffi::clock::{Clock as _, SystemClock};
use carnet_ffi::{Book, BookError, Change, SyncEnd};
use sync_core::card::terms::PromiseStatus;
use sync_core::card::{Edit, Source};
use sync_core::concierge::Language;
use sync_core::ids::{AssociateId, CustomerId, Timestamp};

use super::command::{Command, HELP, OnCard};
use super::people::{self, Names};
use super::{Terminal, cards, command, concierge, day, entrance, sheet, words};

/// Customers of one list.
const LIST_MAX: u32 = 12;
/// How long `sync` waits.
const SYNC_MS_MAX: u64 = 60_000;

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Next,
    Quit,
}

/// The desk: the book, the reader's language, the last list, the open customer.
#[derive(Debug)]
pub(crate) struct Desk {
    book: Arc<Book>,
    language: Language,
    listed: Vec<CustomerId>,
    open: Option<CustomerId>,
    working: Option<AssociateId>,
}

/// Why a command was not carried out: something to say, or a terminal that is gone.
pub(crate) enum Failed {
    Say(String),
    Terminal(anyhow::Error),
}

impl From<BookError> for Failed {
    fn from(error: BookError) -> Self {
        Self::Say(words::error(&error))
    }
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        Self::Terminal(error)
    }
}

pub(crate) type Lines = Result<Vec<String>, Failed>;

fn now() -> Timestamp {
    SystemClock.now()
}

pub(crate) fn said(line: impl Into<String>) -> Lines {
    Ok(vec![line.into()])
}

impl Desk {
    pub(crate) fn new(book: Arc<Book>, language: Language) -> Self {
        let mut desk = Self {
            book,
            language,
            listed: Vec::new(),
            open: None,
            working: None,
        };
        desk.turn_away_from_others();
        desk
    }

    /// Who works, what waits, when the hub was last heard, and who is open.
    pub(crate) fn prompt(&self) -> String {
        let Ok(status) = self.book.status() else {
            return "> ".to_owned();
        };
        let mut parts = vec![match &status.signed_in {
            Some(associate) => associate.name.clone(),
            None => "signed out".to_owned(),
        }];
        if let Some(age) = status.oldest_pending_ms {
            parts.push(format!("{} waiting ({})", status.pending, day::ago(age)));
        }
        parts.push(match status.last_contact {
            _ if status.is_connected => "connected".to_owned(),
            Some(at) => format!("hub {}", day::ago(now().0 - at.0)),
            None => "hub never".to_owned(),
        });
        if status.signed_in.is_some() && status.is_sign_in_needed {
            parts.push("`signin` again".to_owned());
        }
        if let Some(name) = self.open.and_then(|open| self.name_of(open)) {
            parts.push(name);
        }
        format!("{}> ", parts.join(" · "))
    }

    fn name_of(&self, customer: CustomerId) -> Option<String> {
        let row = self.book.row(customer).ok()??;
        Some(row.name)
    }

    /// What came from others since the last line, where it concerns who is open.
    pub(crate) fn news(&self) -> Vec<String> {
        let changes = self.book.drain(u32::MAX);
        let is_open = |change: &Change| match change {
            Change::Customer { customer } => self.open == Some(*customer),
            Change::Everything => self.open.is_some(),
            Change::Outbox | Change::Sync | Change::Account => false,
        };
        if changes.iter().any(is_open) {
            return vec!["(this card changed: `brief` or `card` shows it)".to_owned()];
        }
        Vec::new()
    }

    /// Takes a line, carries it out and prints the answer.
    pub(crate) fn take(&mut self, line: &str, terminal: &mut Terminal<'_>) -> anyhow::Result<Done> {
        let command = command::read(line, now());
        if command == Command::Quit {
            return Ok(Done::Quit);
        }
        let is_edit = matches!(
            command,
            Command::Card(_) | Command::Secret(_) | Command::Persons(_) | Command::Concierge(_)
        );
        match self.carry_out(command, terminal) {
            Ok(lines) => {
                for line in lines {
                    terminal.say(line)?;
                }
            }
            Err(Failed::Say(text)) => terminal.say(text)?,
            Err(Failed::Terminal(error)) => return Err(error),
        }
        if is_edit {
            // An own edit is no news.
            self.book.drain(u32::MAX);
        }
        Ok(Done::Next)
    }

    fn carry_out(&mut self, command: Command, terminal: &mut Terminal<'_>) -> Lines {
        match command {
            Command::Nothing | Command::Quit => Ok(Vec::new()),
            Command::Find(text) => self.find(&text),
            Command::Open(which) => self.open(&which),
            Command::Card(edit) => self.record(edit),
            Command::Brief => Ok(cards::brief(
                &self.book.brief(self.opened()?)?,
                self.language,
            )),
            Command::Details => self.details(),
            Command::Json => said(self.book.card_json(self.opened()?)?),
            Command::Purchases => self.purchases(),
            Command::Secret(secret) => self.keep_secret(&secret),
            Command::Conflicts => self.conflicts(),
            Command::Resolve(conflict, choice) => self.resolve(conflict, choice),
            Command::Done(number) => self.keep_promise(number),
            Command::Status => Ok(words::status(&self.book.status()?, now().0)),
            Command::Outbox => Ok(cards::outbox(&self.book.outbox()?)),
            Command::LeftBehind => Ok(cards::left_behind(&self.book.left_behind()?)),
            Command::TakeOver(number) => {
                self.book.take_over(number)?;
                said("Taken over: it is yours now, and goes out at the next sync.")
            }
            Command::Discard(number) => {
                self.book.discard_refused(number)?;
                said("Discarded.")
            }
            Command::Offline(offline) => {
                self.book.set_offline(offline)?;
                said(if offline {
                    "Off the network."
                } else {
                    "On the network."
                })
            }
            Command::Sync => self.sync(terminal.is_person),
            Command::Switch(name) => {
                let answered = people::switch(&self.book, name.as_deref(), terminal);
                self.turn_away_from_others();
                answered
            }
            Command::SignIn => self.sign_in(terminal),
            Command::SignOut => {
                self.book.sign_out()?;
                self.turn_away_from_others();
                said("Signed out. What you recorded still goes out.")
            }
            Command::Concierge(line) => {
                let reader = concierge::Reader {
                    language: self.language,
                    now: now(),
                };
                concierge::carry_out(&self.book, self.opened(), *line, reader)
            }
            Command::Persons(line) => self.persons(*line),
            Command::Playbook => self.playbook(),
            Command::Standard => self.standard(),
            Command::Help => Ok(help()),
            Command::Hint(text) => said(text),
        }
    }

    fn opened(&self) -> Result<CustomerId, Failed> {
        let hint = "Open a customer first: `find ana`, then `open 1`.";
        self.open.ok_or_else(|| Failed::Say(hint.to_owned()))
    }

    fn find(&mut self, text: &str) -> Lines {
        let found = self.book.search(text.to_owned(), LIST_MAX)?;
        self.listed = found.hits.iter().map(|hit| hit.customer).collect();
        let mut lines: Vec<_> = (1..)
            .zip(&found.hits)
            .map(|(number, hit)| cards::hit(number, hit))
            .collect();
        if lines.is_empty() {
            lines.push("Nobody. `new Léa Marchand` begins a card.".to_owned());
        }
        if found.more {
            lines.push("     … and others: add a word.".to_owned());
        }
        Ok(lines)
    }

    fn open(&mut self, which: &str) -> Lines {
        let customer = match self.chosen(which)? {
            Ok(customer) => customer,
            Err(others) => return Ok(others),
        };
        let brief = self.book.brief(customer)?;
        self.open = Some(customer);
        let mut lines = vec![self.name_of(customer).unwrap_or_default()];
        lines.extend(cards::brief(&brief, self.language));
        Ok(lines)
    }

    /// The customer under a number of the list, or of a name; where that is not one, what to say instead.
    fn chosen(&mut self, which: &str) -> Result<Result<CustomerId, Vec<String>>, Failed> {
        if let Ok(number) = which.parse::<usize>() {
            let listed = number.checked_sub(1).and_then(|at| self.listed.get(at));
            let missing = "There is no such number in the list: `find` first.";
            return Ok(listed.copied().ok_or_else(|| vec![missing.to_owned()]));
        }
        let found = self.book.search(which.to_owned(), LIST_MAX)?;
        match found.hits.as_slice() {
            [only] => Ok(Ok(only.customer)),
            _ => Ok(Err(self.find(which)?)),
        }
    }

    fn record(&mut self, edit: OnCard) -> Lines {
        let customer = self.opened()?;
        let is_said = matches!(edit, OnCard::Said(_));
        let (edit, answer) = match edit {
            OnCard::Relation { kind, which, holds } => {
                let other = match self.chosen(&which)? {
                    Ok(other) => other,
                    Err(others) => return Ok(others),
                };
                let edit = match holds {
                    true => Edit::AddRelationship { other, kind },
                    false => Edit::RemoveRelationship { other, kind },
                };
                (edit, "Recorded.")
            }
            OnCard::Json(json) => {
                self.book.record_json(customer, json)?;
                return said("Recorded.");
            }
            OnCard::Capture(summary) => {
                let visit = self.open_visit(customer)?;
                (Edit::Capture { visit, summary }, "Recorded.")
            }
            OnCard::Leave(summary) => {
                let visit = self.open_visit(customer)?;
                (Edit::Leave { visit, summary }, "The visit is over.")
            }
            OnCard::Edit(edit) | OnCard::Said(edit) => {
                let begins = matches!(*edit, Edit::Arrive { .. });
                let visit = "A visit began: `capture …` what comes up, `leave …` ends it.";
                (*edit, if begins { visit } else { "Recorded." })
            }
        };
        if let Edit::RemoveAllergy { substance } = edit {
            // The command's own words are that the customer says so.
            let source = Source::Stated;
            self.book.remove_allergy(customer, substance, source)?;
            return said(answer);
        }
        let mut lines = vec![answer.to_owned()];
        if let Edit::Leave { .. } = &edit {
            lines.extend(concierge::proposed(&self.book, customer)?);
        }
        if let Edit::AddNote { body, .. } = &edit {
            lines.extend(concierge::warnings(&self.book, body)?);
        }
        if let Edit::AddEndpoint { kind, value } = &edit {
            lines.extend(self.warn_of(customer, (*kind, value))?);
        }
        if is_said {
            self.book.record_from(customer, edit, Source::Stated)?;
        } else {
            self.book.record(customer, edit)?;
        }
        Ok(lines)
    }

    fn open_visit(&self, customer: CustomerId) -> Result<sync_core::ids::EditId, Failed> {
        let card = self.book.customer(customer)?;
        let open = card.visits.iter().find(|visit| visit.open);
        open.map(|visit| visit.visit)
            .ok_or_else(|| Failed::Say("No visit is under way: `arrive` begins one.".to_owned()))
    }

    fn resolve(&self, conflict: usize, choice: usize) -> Lines {
        let customer = self.opened()?;
        let conflicts = self.book.conflicts(customer)?;
        let chosen = conflicts.get(conflict).and_then(|conflict| {
            let choice = conflict.choices.get(choice)?;
            Some((conflict.clone(), choice.clone()))
        });
        let Some((conflict, choice)) = chosen else {
            return said("There is no such choice: `conflicts` shows them.");
        };
        self.book.resolve(customer, conflict, choice.edit)?;
        said(format!("Settled: {}.", choice.text))
    }

    fn keep_promise(&self, number: usize) -> Lines {
        let customer = self.opened()?;
        let card = self.book.customer(customer)?;
        let Some(promise) = card.promises.get(number) else {
            return said("There is no such promise: `card` numbers them.");
        };
        let edit = Edit::SetPromiseStatus {
            promise: promise.promise,
            status: PromiseStatus::Done,
        };
        self.book.record(customer, edit)?;
        said(format!("Kept: {}.", promise.what))
    }

    fn sync(&self, is_live: bool) -> Lines {
        // One session at a time: the live one makes room.
        self.book.stop_sync();
        let synced = self.book.sync_once(SYNC_MS_MAX);
        if is_live {
            self.book.start_sync()?;
        }
        let report = match synced {
            Err(BookError::SignInAgain) if self.book.status()?.is_sign_in_needed => {
                return said(
                    "What you recorded went out. To see what colleagues wrote, `signin` again.",
                );
            }
            synced => synced?,
        };
        let end = match report.end {
            SyncEnd::Settled => "In agreement with the hub.",
            SyncEnd::DeadlinePassed => "It takes longer: the next sync goes on from here.",
            SyncEnd::Cancelled => "Stopped.",
        };
        let mut lines = vec![end.to_owned()];
        if report.pending > 0 {
            lines.push(format!("{} edits still wait.", report.pending));
        }
        if report.refused > 0 {
            lines.push(format!("{} were refused: `outbox`.", report.refused));
        }
        Ok(lines)
    }

    fn sign_in(&mut self, terminal: &mut Terminal<'_>) -> Lines {
        let is_in = entrance::sign_in(&self.book, terminal)?;
        self.turn_away_from_others();
        if is_in {
            return Ok(Vec::new());
        }
        said(match self.book.status()?.signed_in {
            Some(associate) => format!("{} is still signed in.", associate.name),
            None => "Nobody is signed in.".to_owned(),
        })
    }

    /// What one associate found and opened is not the next one's business.
    fn turn_away_from_others(&mut self) {
        let status = self.book.status().ok();
        let working = status.and_then(|status| Some(status.signed_in?.associate));
        if working != self.working {
            self.working = working;
            self.open = None;
            self.listed.clear();
        }
    }

    fn details(&self) -> Lines {
        let card = self.book.customer(self.opened()?)?;
        let names = Names::of(&self.book.status()?).and_of(&card, &self.book)?;
        Ok(sheet::card(&card, &names))
    }

    fn conflicts(&self) -> Lines {
        let conflicts = self.book.conflicts(self.opened()?)?;
        Ok(cards::conflicts(
            &conflicts,
            &Names::of(&self.book.status()?),
        ))
    }
}

fn help() -> Vec<String> {
    let all = || {
        let basic = HELP.iter().chain(secrets::HELP).chain(persons::HELP);
        basic.chain(concierge::HELP).chain(standard::HELP)
    };
    let width = all()
        .map(|(command, _)| command.chars().count())
        .max()
        .unwrap_or_default();
    all()
        .map(|(command, what)| {
            let gap = width - command.chars().count();
            format!("  {command}{}  {what}", " ".repeat(gap))
        })
        .collect()
}
