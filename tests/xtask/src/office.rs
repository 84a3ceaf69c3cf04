//! The part `office` of CI: a manager's morning at the pages of a real hub, in a real browser, looked at in three sizes.
//!
//! The hub and a handheld are the real binary. Every page is checked for what a person would stumble over, and its picture
//! is left under `target/office` for whoever wants to see it.

mod browser;
mod demo;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::workspace::Workspace;
use browser::Browser;

/// The sizes in which every page is looked at: a tablet both ways, and a phone.
const SIZES: [(&str, (u32, u32)); 3] = [
    ("tablet", (1_024, 768)),
    ("upright", (768, 1_024)),
    ("phone", (390, 844)),
];
/// Finds what is wrong with a page.
const LOOK: &str = include_str!("office/look.js");
/// What an associate does on the handheld meanwhile.
const SHIFT: &str = "new Ines Duval\nallergy nickel serious\npromise 2026-03-02 call about the green coat\nphone +33612345678\nnew Otto Brandt\nnote asks for \"quiet\" hours\nsync\nquit\n";

/// Plays it; pictures and logs go to `target/office`.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo(&["build", "--locked", "--package", "carnet"])
        .run()?;
    let folder = workspace.target.join("office");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let hub = Hub::start(&workspace.binary("carnet"), &folder)?;
    let browser = Browser::start(&folder)?;
    let mut visit = Visit {
        hub,
        browser,
        folder,
        pages: 0,
    };
    visit.play()?;
    visit.see_the_weeks()?;
    println!(
        "{} pages looked at in {} sizes, pictures in {}",
        visit.pages,
        SIZES.len(),
        visit.folder.display()
    );
    Ok(())
}

/// A hub on a fresh folder; ended with this value.
struct Hub {
    child: Child,
    program: PathBuf,
    folder: PathBuf,
    url: String,
    password: String,
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may be gone already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Hub {
    fn start(program: &Path, folder: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.join("hub"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.join("hub.log"))?)
            .spawn()
            .context("the hub does not start")?;
        let output = child.stdout.take().context("its output is a pipe")?;
        let mut told = Told::default();
        for line in BufReader::new(output).lines() {
            let line = line?;
            told.read(&line);
            if line.contains("carnet handheld") {
                break;
            }
        }
        Ok(Self {
            url: told.url.context("the hub did not say where it serves")?,
            password: told.password.context("the hub did not show a password")?,
            program: program.to_owned(),
            folder: folder.to_owned(),
            child,
        })
    }

    /// An associate's shift on a fresh handheld, enrolled with `code`.
    fn shift(&self, code: &str) -> Result<()> {
        let mut child = Command::new(&self.program)
            .args(["handheld", "--hub", &self.url, "--code", code])
            .args(["--label", "Ana's handheld", "--data"])
            .arg(self.folder.join("handheld"))
            .stdin(Stdio::piped())
            .stdout(fs::File::create(self.folder.join("handheld.log"))?)
            .spawn()
            .context("the handheld does not start")?;
        let script = format!("manager\n{}\n{SHIFT}", self.password);
        let mut input = child.stdin.take().context("its input is a pipe")?;
        input.write_all(script.as_bytes())?;
        drop(input);
        ensure!(child.wait()?.success(), "the handheld ended badly");
        Ok(())
    }
}

/// What a hub says on its first run.
#[derive(Default)]
struct Told {
    url: Option<String>,
    password: Option<String>,
}

impl Told {
    fn read(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("Carnet") => self.url = words.nth(1).map(str::to_owned),
            Some("password") => self.password = words.next().map(str::to_owned),
            Some(_) | None => {}
        }
    }
}

/// A manager at the pages.
struct Visit {
    hub: Hub,
    browser: Browser,
    folder: PathBuf,
    pages: usize,
}

impl Visit {
    fn play(&mut self) -> Result<()> {
        self.sign_in()?;
        self.enrol()?;
        self.see_what_the_shift_left()?;
        self.look_at_the_gap()?;
        self.find_a_customer()?;
        self.revoke_and_leave()
    }

    fn sign_in(&mut self) -> Result<()> {
        self.browser.open(&format!("{}/office", self.hub.url))?;
        self.see("sign-in", "For managers.")?;
        self.browser.fill("#login", "manager")?;
        self.browser.fill("#password", "not-the-password")?;
        self.browser.enter()?;
        self.see("sign-in-wrong", "The name or the password is wrong.")?;
        self.browser.fill("#login", "manager")?;
        self.browser.press("Tab")?;
        let field = self.browser.ask("document.activeElement.id")?;
        ensure!(field == "password", "the keyboard leads to {field}");
        self.browser.fill("#password", &self.hub.password)?;
        self.browser.enter()?;
        self.see("today-calm", "Nothing waits for you.")
    }

    fn enrol(&mut self) -> Result<()> {
        self.browser.click("nav a[href='/office/handhelds']")?;
        self.see("handhelds-none", "No handheld is enrolled yet.")?;
        self.browser.click("a[href='/office/enrol']")?;
        self.see("enrol", "The code works once")?;
        self.browser.fill("#password", &self.hub.password)?;
        self.browser.click("main button")?;
        let code = self
            .browser
            .ask("document.querySelector('code.large').innerText")?;
        self.see("code", "Scan this with the handheld")?;
        let code = code.as_str().context("the page shows a code")?.to_owned();
        self.hub.shift(&code)
    }

    fn see_what_the_shift_left(&mut self) -> Result<()> {
        self.browser.click("nav a[href='/office']")?;
        self.see("today", "1 customer waits for a promise that is overdue")?;
        self.browser.click(".calls a")?;
        self.see("promises", "call about the green coat")?;
        self.browser.click("nav a[href='/office/handhelds']")?;
        self.see("handhelds", "Ana's handheld")
    }

    /// Two customers are far too few for a figure, and the page says so.
    fn look_at_the_gap(&mut self) -> Result<()> {
        self.browser.click("nav a[href='/office/gap']")?;
        self.see("gap", "customers")?;
        let told = self.browser.text()?;
        ensure!(!told.contains('%'), "a gap among two customers: {told}");
        Ok(())
    }

    fn find_a_customer(&mut self) -> Result<()> {
        self.browser.click("nav a[href='/office/customers']")?;
        self.see("find", "Find a customer")?;
        self.browser.fill("#q", "duv")?;
        self.browser.enter()?;
        self.see("found", "Ines Duval")?;
        let path = self.browser.ask("location.pathname + location.search")?;
        ensure!(
            path == "/office/customers",
            "a name is in the address {path}"
        );
        self.browser.click(".people a")?;
        self.see("customer", "Allergy: nickel")?;
        self.browser.print(&self.folder.join("customer.pdf"))
    }

    fn revoke_and_leave(&mut self) -> Result<()> {
        self.browser.click("nav a[href='/office/handhelds']")?;
        self.browser.click("td a.button")?;
        self.see("revoke", "Revoke this handheld")?;
        self.browser.click("main button")?;
        self.see("handhelds-revoked", "revoked")?;
        self.browser.click(".out button")?;
        self.browser
            .open(&format!("{}/office/customers", self.hub.url))?;
        self.see("signed-out", "For managers.")
    }

    /// Looks at the page in every size: that it says what it should, and that nobody would stumble over it.
    fn see(&mut self, name: &str, text: &str) -> Result<()> {
        for (size, window) in SIZES {
            self.browser.resize(window)?;
            let shown = self.browser.text()?;
            ensure!(shown.contains(text), "{name}: {text:?} is not in {shown:?}");
            let wrong = self.browser.ask(LOOK)?;
            let file = self.folder.join(format!("{name}-{size}.png"));
            self.browser.picture(&file)?;
            let is_well = wrong.as_array().is_some_and(Vec::is_empty);
            ensure!(is_well, "{name} on a {size}: {}", list(&wrong));
        }
        let complaints = self.browser.complaints();
        // A refused sign-in is an error to the browser too.
        let honest = complaints.iter().filter(|it| !it.contains("401"));
        let honest: Vec<_> = honest.collect();
        ensure!(
            honest.is_empty(),
            "{name}: the browser complains: {honest:?}"
        );
        self.pages += 1;
        Ok(())
    }
}

fn list(wrong: &Value) -> String {
    let lines = wrong.as_array().into_iter().flatten();
    let lines: Vec<_> = lines.filter_map(Value::as_str).collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hub_says_on_its_first_run_is_understood() {
        let mut told = Told::default();
        for line in [
            "Carnet serves http://127.0.0.1:7878 from here",
            "",
            "  manager           manager",
            "  password          ab-cd",
        ] {
            told.read(line);
        }
        assert_eq!(told.url.as_deref(), Some("http://127.0.0.1:7878"));
        assert_eq!(told.password.as_deref(), Some("ab-cd"));
    }
}
