//! `carnet handheld`: a plain handheld for the terminal, on the same SDK as the apps.
//!
//! It reads lines and prints lines, so a script can drive it as well as a person. Nothing is decided here: a command is read,
//! the SDK does it, the answer is worded.

mod cards;
mod command;
mod concierge;
mod day;
mod desk;
mod entrance;
mod people;
mod sheet;
mod words;

#[cfg(test)]
mod tests;

use std::io::{BufRead, IsTerminal as _, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use carnet_ffi::{Book, language_of};
use sync_core::concierge::Language;

use desk::{Desk, Done};

/// How to start a handheld.
#[derive(Debug, clap::Args)]
pub(crate) struct HandheldArguments {
    /// The folder that holds the book; made at the first start.
    #[arg(long, value_name = "DIR", required_unless_present = "preview")]
    data: Option<PathBuf>,
    /// Where the hub is, for the first start.
    #[arg(long, value_name = "URL")]
    hub: Option<String>,
    /// The enrolment code that a manager shows, for the first start.
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// What people call this handheld, for the first start.
    #[arg(long, value_name = "NAME", default_value = "terminal")]
    label: String,
    /// Take a hub over plain HTTP that is on another machine: only for a trial, customers' data is then readable on the network.
    #[arg(long)]
    allow_plain_http: bool,
    /// The language in which customers are spoken of: `en`, `fr`; English for every other.
    #[arg(long, value_name = "TAG", default_value = "en")]
    language: String,
    /// Open an invented book in memory instead: no hub, no folder.
    #[arg(long, conflicts_with_all = ["data", "hub", "code"])]
    preview: bool,
}

/// Where lines come from and go to.
pub(crate) struct Terminal<'a> {
    input: &'a mut dyn BufRead,
    output: &'a mut dyn Write,
    /// Whether a person sits there: then there are prompts.
    is_person: bool,
}

impl Terminal<'_> {
    /// Prints a line.
    pub(crate) fn say(&mut self, line: impl std::fmt::Display) -> anyhow::Result<()> {
        Ok(writeln!(self.output, "{line}")?)
    }

    /// Asks for a line; none at the end of the input.
    pub(crate) fn ask(&mut self, prompt: &str) -> anyhow::Result<Option<String>> {
        if self.is_person {
            write!(self.output, "{prompt}")?;
        }
        self.output.flush()?;
        let mut line = Vec::new();
        if self.input.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        // A stray byte of another encoding is shown as such, and ends nothing.
        Ok(Some(String::from_utf8_lossy(&line).trim().to_owned()))
    }
}

/// Works with a handheld until the person, or the script, is done.
pub(crate) fn run(arguments: &HandheldArguments) -> anyhow::Result<()> {
    let is_person = std::io::stdin().is_terminal();
    let mut terminal = Terminal {
        input: &mut std::io::stdin().lock(),
        output: &mut std::io::stdout().lock(),
        is_person,
    };
    let book = if arguments.preview {
        Book::preview().context("opening the preview")?
    } else {
        entrance::enter(arguments, &mut terminal)?
    };
    if is_person && !arguments.preview {
        book.start_sync()?;
    }
    let language = language_of(&arguments.language);
    let worked = work(&book, language, &mut terminal);
    book.stop_sync();
    worked
}

/// Takes commands until there are no more.
fn work(book: &Arc<Book>, language: Language, terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
    let mut desk = Desk::new(Arc::clone(book), language);
    if terminal.is_person {
        terminal.say("Type a name to find, or `help`.")?;
    }
    loop {
        for line in desk.news() {
            terminal.say(line)?;
        }
        let prompt = desk.prompt();
        let Some(line) = terminal.ask(&prompt)? else {
            return Ok(());
        };
        match desk.take(&line, terminal)? {
            Done::Next => {}
            Done::Quit => return Ok(()),
        }
    }
}
