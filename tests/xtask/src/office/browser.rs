//! A headless Chromium, driven over its debugging pipe: what a person does with keys and clicks, and what they then see.
//!
//! The pipe carries JSON messages that end in a zero byte, so nothing but the standard library is needed.
//!
//! # Failure
//! A browser that says nothing for [`PATIENCE`] fails the call that waits for it, with its name.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Names under which systems install it, the lighter one last: screenshots of both are alike.
const PROGRAMS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
    "chromium-headless-shell",
];
const CURE: &str = "no Chromium is installed (Debian: apt-get install chromium fonts-liberation): the pages can't be looked at";
/// Time in which a page of this machine is long there.
const PATIENCE: Duration = Duration::from_secs(30);
/// The browser reads commands from file 3 and answers on file 4; a child has its input and output there.
const ON_PIPES: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null"#;

/// A part of a message; null when there is none.
fn part<'a>(message: &'a Value, path: &str) -> &'a Value {
    message.pointer(path).unwrap_or(&Value::Null)
}

/// A browser with one page. Ended with this value.
#[derive(Debug)]
pub(crate) struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    events: VecDeque<Value>,
    session: Option<String>,
    calls: u64,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may be gone already, which its calls have told.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// The browser's program.
fn program() -> Result<&'static str> {
    let answers = |program: &&str| {
        let asked = Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        asked.is_ok_and(|status| status.success())
    };
    PROGRAMS.into_iter().find(answers).context(CURE)
}

impl Browser {
    /// Starts a browser that keeps its profile and its complaints in `folder`.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let complaints = File::create(folder.join("chromium.log"))?;
        let mut child = Command::new("sh")
            .args(["-c", ON_PIPES, program()?])
            .args(["--headless=new", "--remote-debugging-pipe"])
            // Only pages of this hub are opened; a container has no user namespaces for the sandbox.
            .args(["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"])
            .args(["--no-first-run", "--disable-background-networking"])
            .args(["--disable-extensions", "--hide-scrollbars"])
            .arg(format!(
                "--user-data-dir={}",
                folder.join("profile").display()
            ))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()
            .context("the browser does not start")?;
        let input = child.stdin.take().context("its input is a pipe")?;
        let output = child.stdout.take().context("its output is a pipe")?;
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(output).split(0) {
                let Some(message) = message.ok().and_then(|it| serde_json::from_slice(&it).ok())
                else {
                    return;
                };
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            input,
            messages,
            events: VecDeque::new(),
            session: None,
            calls: 0,
        };
        browser.open_page()?;
        Ok(browser)
    }

    fn open_page(&mut self) -> Result<()> {
        let target = self.call("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let attach = json!({ "targetId": part(&target, "/targetId"), "flatten": true });
        let attached = self.call("Target.attachToTarget", &attach)?;
        self.session = part(&attached, "/sessionId").as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.call(domain, &json!({}))?;
        }
        Ok(())
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Result<Value> {
        self.calls += 1;
        let message = match &self.session {
            Some(session) => {
                json!({ "id": self.calls, "method": method, "params": parameters, "sessionId": session })
            }
            None => json!({ "id": self.calls, "method": method, "params": parameters }),
        };
        self.input.write_all(format!("{message}\0").as_bytes())?;
        self.input.flush()?;
        loop {
            let answer = self.next(method)?;
            if part(&answer, "/id") != self.calls {
                self.events.push_back(answer);
            } else if part(&answer, "/error").is_null() {
                return Ok(part(&answer, "/result").clone());
            } else {
                bail!("{method}: {}", part(&answer, "/error/message"));
            }
        }
    }

    fn next(&mut self, waiting_for: &str) -> Result<Value> {
        self.messages
            .recv_timeout(PATIENCE)
            .with_context(|| format!("the browser was silent, waiting for {waiting_for}"))
    }

    /// Does what leads to another page, and waits until that is there.
    fn then_loaded(&mut self, act: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        const LOADED: &str = "Page.loadEventFired";
        self.events.retain(|event| part(event, "/method") != LOADED);
        act(self)?;
        while !self
            .events
            .iter()
            .any(|event| part(event, "/method") == LOADED)
        {
            let event = self.next(LOADED)?;
            self.events.push_back(event);
        }
        Ok(())
    }

    /// Opens an address.
    pub(crate) fn open(&mut self, url: &str) -> Result<()> {
        self.then_loaded(|browser| {
            let answer = browser.call("Page.navigate", &json!({ "url": url }))?;
            ensure!(part(&answer, "/errorText").is_null(), "{url}: {answer}");
            Ok(())
        })
    }

    /// Clicks what a selector finds, which leads to another page.
    pub(crate) fn click(&mut self, selector: &str) -> Result<()> {
        self.then_loaded(|browser| {
            let found = browser.ask(&format!(
                "(() => {{ const it = document.querySelector({}); it?.click(); return !!it; }})()",
                json!(selector)
            ))?;
            ensure!(found == true, "nothing is found by {selector}");
            Ok(())
        })
    }

    /// Types into the field that a selector finds, in place of what it held.
    pub(crate) fn fill(&mut self, selector: &str, text: &str) -> Result<()> {
        let focused = self.ask(&format!(
            "(() => {{ const it = document.querySelector({}); it?.focus(); it?.select?.(); return document.activeElement === it && !!it; }})()",
            json!(selector)
        ))?;
        ensure!(focused == true, "no field is found by {selector}");
        self.call("Input.insertText", &json!({ "text": text }))?;
        Ok(())
    }

    /// Presses a key; nothing loads.
    pub(crate) fn press(&mut self, key: &str) -> Result<()> {
        let code = if key == "Enter" { 13 } else { 9 };
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let pressed = json!({ "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", &pressed)?;
        }
        Ok(())
    }

    /// Presses Enter, which sends the form.
    pub(crate) fn enter(&mut self) -> Result<()> {
        self.then_loaded(|browser| browser.press("Enter"))
    }

    /// The value of an expression on the page.
    pub(crate) fn ask(&mut self, expression: &str) -> Result<Value> {
        let parameters = json!({ "expression": expression, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", &parameters)?;
        ensure!(
            part(&answer, "/exceptionDetails").is_null(),
            "{expression}: {}",
            part(&answer, "/exceptionDetails")
        );
        Ok(part(&answer, "/result/value").clone())
    }

    /// The text that a person reads on the page.
    pub(crate) fn text(&mut self) -> Result<String> {
        let text = self.ask("document.body.innerText")?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Gives the window a size.
    pub(crate) fn resize(&mut self, (width, height): (u32, u32)) -> Result<()> {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size)?;
        Ok(())
    }

    /// Writes a picture of the whole page.
    pub(crate) fn picture(&mut self, file: &Path) -> Result<()> {
        let wanted = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", &wanted)?;
        let data = part(&picture, "/data").as_str().unwrap_or_default();
        std::fs::write(file, STANDARD.decode(data)?)
            .with_context(|| format!("can't write {}", file.display()))
    }

    /// Writes the page as it would be printed.
    pub(crate) fn print(&mut self, file: &Path) -> Result<()> {
        let wanted = json!({ "printBackground": false, "preferCSSPageSize": true });
        let printed = self.call("Page.printToPDF", &wanted)?;
        let data = part(&printed, "/data").as_str().unwrap_or_default();
        std::fs::write(file, STANDARD.decode(data)?)
            .with_context(|| format!("can't write {}", file.display()))
    }

    /// What the browser complained of since the last call: errors, and what its policy had to stop.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        let is_complaint = |event: &&Value| {
            part(event, "/method") == "Runtime.exceptionThrown"
                || (part(event, "/method") == "Log.entryAdded"
                    && part(event, "/params/entry/level") == "error")
        };
        let told = self.events.iter().filter(is_complaint);
        let told = told
            .map(|event| part(event, "/params").to_string())
            .collect();
        self.events.clear();
        told
    }
}
