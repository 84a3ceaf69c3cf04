//! Coming in: the key of the book, the first start, signing in.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use carnet_ffi::entropy::SharedEntropy;
use carnet_ffi::{Book, BookError, BookOptions};

use super::{HandheldArguments, Terminal, words};

/// Tries at a code or a password in a row.
const TRIES: usize = 3;

/// Opens the book, and at the first start enrols it and signs somebody in.
pub(crate) fn enter(
    arguments: &HandheldArguments,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Arc<Book>> {
    let folder = arguments.data.as_deref().context("name a folder: --data")?;
    make_folder(folder)?;
    let key = key_of(folder, terminal)?;
    let path = folder.join("book.db");
    let path = path
        .to_str()
        .context("the folder's name is not valid Unicode")?;
    let options = BookOptions {
        keystore: None,
        allow_plain_http: arguments.allow_plain_http,
    };
    let book = Book::open(path.to_owned(), key.to_vec(), options)
        .map_err(|error| anyhow::anyhow!("{}", words::error(&error)))
        .with_context(|| format!("{path} can't be opened"))?;
    if book.status()?.device.is_none() {
        enrol(&book, arguments, terminal)?;
    }
    if book.status()?.signed_in.is_none() {
        let is_in = sign_in(&book, terminal)?;
        anyhow::ensure!(is_in, "nobody is signed in: start again to sign in");
    }
    if book.status()?.last_contact.is_none() {
        terminal.say("Fetching the book …")?;
        match book.sync_once(60_000) {
            Ok(_) => {}
            Err(error) => terminal.say(words::error(&error))?,
        }
    }
    Ok(book)
}

/// Makes the folder, unless it holds something else than a handheld's book.
fn make_folder(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() && !folder.is_dir() {
        bail!("{} is a file: name a folder with --data", folder.display());
    }
    if folder.join(server::data::DATABASE).exists() {
        bail!(
            "{} holds the data of a hub: name another folder with --data for the handheld",
            folder.display()
        );
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(folder)
        .with_context(|| format!("the folder {} can't be made", folder.display()))
}

/// The key of the book: from its file, or a new one.
fn key_of(folder: &Path, terminal: &mut Terminal<'_>) -> anyhow::Result<[u8; 32]> {
    let file = folder.join("book.key");
    match fs::read(&file) {
        Ok(bytes) => bytes.try_into().map_err(|_other_length| {
            anyhow::anyhow!("{} is damaged: it must have 32 bytes", file.display())
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if folder.join("book.db").exists() {
                bail!(
                    "{} is missing: without it the book can't be opened",
                    file.display()
                );
            }
            let key = SharedEntropy::system().bytes();
            keep_key(&file, &key).with_context(|| format!("writing {}", file.display()))?;
            terminal.say(format!(
                "The book's key is kept in {}, readable by you alone. A real app keeps it in the phone's keystore.",
                file.display()
            ))?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
    }
}

fn keep_key(file: &Path, key: &[u8; 32]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut opened = options.open(file)?;
    opened.write_all(key)?;
    opened.sync_all()
}

/// Enrols.
fn enrol(
    book: &Book,
    arguments: &HandheldArguments,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<()> {
    let mut hub = arguments.hub.clone();
    let mut code = arguments.code.clone();
    for _ in 0..TRIES {
        let Some(url) = given_or_asked(&mut hub, "Hub (https://…): ", terminal)? else {
            break;
        };
        let Some(text) = given_or_asked(&mut code, "Enrolment code: ", terminal)? else {
            break;
        };
        match book.enrol(url.clone(), text.clone(), arguments.label.clone()) {
            Ok(()) => {
                terminal.say("Enrolled.")?;
                return Ok(());
            }
            Err(BookError::Offline) => {
                terminal.say(format!(
                    "The hub {url} can't be reached: is it running, and is the address right?"
                ))?;
                code = Some(text);
            }
            Err(error) => {
                terminal.say(words::error(&error))?;
                // What was right is not asked again.
                if matches!(error, BookError::Rejected { .. }) {
                    hub = Some(url);
                } else if matches!(error, BookError::Busy | BookError::Invalid { .. }) {
                    code = Some(text);
                }
            }
        }
    }
    bail!("this handheld is not enrolled: start it again with --hub and --code")
}

fn given_or_asked(
    given: &mut Option<String>,
    prompt: &str,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Option<String>> {
    match given.take() {
        Some(text) => Ok(Some(text)),
        None => terminal.ask(prompt),
    }
}

/// Signs somebody in; false when nobody was, and whoever worked here before still does.
pub(crate) fn sign_in(book: &Book, terminal: &mut Terminal<'_>) -> anyhow::Result<bool> {
    for _ in 0..TRIES {
        let Some(login) = terminal.ask("Sign-in name (empty to leave it): ")? else {
            return Ok(false);
        };
        if login.is_empty() {
            return Ok(false);
        }
        let Some(password) = unseen("Password: ", terminal)? else {
            return Ok(false);
        };
        match book.sign_in(login, password) {
            Ok(associate) => {
                terminal.say(format!("Hello {}.", associate.name))?;
                return Ok(true);
            }
            Err(BookError::Offline) => {
                terminal.say("The hub can't be reached, and signing in needs it. `switch` works without, for whoever signed in here before.")?;
                return Ok(false);
            }
            Err(error) => terminal.say(words::error(&error))?,
        }
    }
    Ok(false)
}

/// Asks for a password without showing it.
pub(crate) fn unseen(prompt: &str, terminal: &mut Terminal<'_>) -> anyhow::Result<Option<String>> {
    let echo = |on: bool| {
        let mode = if on { "echo" } else { "-echo" };
        // Where there is no `stty` the password shows: worse would be not to be able to sign in.
        let _shown = std::process::Command::new("stty").arg(mode).status();
    };
    if terminal.is_person {
        echo(false);
    }
    let password = terminal.ask(prompt);
    if terminal.is_person {
        echo(true);
        terminal.say("")?;
    }
    password
}
