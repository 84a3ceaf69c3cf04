//! The gap of a house with a history: the demo's boutique, twelve weeks of which are known, as a manager sees them.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{SIZES, Visit};

/// Customers of the boutique: enough for a cohort, few enough to be counted at once.
const CUSTOMERS: &str = "400";
const WEEKS: usize = 12;
/// The chart and the table behind it, each as a browser holds it.
const CHART: &str = r#"(() => {
  document.querySelector("details").open = true;
  const cells = (row) => [...row.querySelectorAll("th, td")].map((cell) => cell.innerText.trim());
  const rows = [...document.querySelectorAll("details tbody tr")].map(cells);
  const box = (it) => it.getBoundingClientRect();
  const texts = [...document.querySelectorAll(".chart text")];
  const meet = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  const overlaps = texts.flatMap((one, at) => texts.slice(at + 1)
    .filter((other) => meet(box(one), box(other))).map((other) => `${one.textContent} / ${other.textContent}`));
  const frame = box(document.querySelector(".chart svg"));
  const outside = texts.filter((it) => box(it).left < frame.left || box(it).right > frame.right
    || box(it).top < frame.top || box(it).bottom > frame.bottom).map((it) => it.textContent);
  const small = texts.filter((it) => box(it).height < 13).map((it) => it.textContent);
  const points = (name) => [...document.querySelectorAll(`.chart circle.${name}`)].map((it) => Number(it.getAttribute("cy")));
  return { rows, overlaps, outside, small, gap: points("gap"), cover: points("cover"),
    name: document.querySelector(".chart svg").getAttribute("aria-label"),
    labels: texts.map((it) => it.textContent) };
})()"#;

/// The demo, which serves on after its story; ended with this value.
struct Demo {
    child: Child,
    /// Kept open: the demo goes on talking.
    _output: BufReader<ChildStdout>,
    url: String,
    password: String,
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may be gone already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Demo {
    fn start(program: &Path, folder: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["demo", "--listen", "127.0.0.1:0", "--customers", CUSTOMERS])
            .args(["--weeks", &WEEKS.to_string(), "--data"])
            .arg(folder.join("demo"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.join("demo.log"))?)
            .spawn()
            .context("the demo does not start")?;
        let output = child.stdout.take().context("its output is a pipe")?;
        let mut output = BufReader::new(output);
        let told = output.by_ref().lines().map_while(Result::ok);
        let found = told.filter_map(|line| entrance(&line)).next();
        let (url, password) = found.context("the demo did not say where its back office is")?;
        Ok(Self {
            child,
            _output: output,
            url,
            password,
        })
    }
}

/// Where the back office is and its manager's password, from the line that says so.
fn entrance(line: &str) -> Option<(String, String)> {
    let (url, rest) = line
        .trim()
        .strip_prefix("The back office is at ")?
        .split_once("/office: ")?;
    let password = rest.split_whitespace().next_back()?;
    Some((url.to_owned(), password.to_owned()))
}

impl Visit {
    /// The chart has a point for each figure of its weeks, and its table says the same in words.
    pub(super) fn see_the_weeks(&mut self) -> Result<()> {
        let demo = Demo::start(&self.hub.program, &self.folder)?;
        self.browser.open(&format!("{}/office", demo.url))?;
        self.browser.fill("#login", "claire")?;
        self.browser.fill("#password", &demo.password)?;
        self.browser.enter()?;
        self.see("weeks-today", "Claire Martin")?;
        self.browser.click("nav a[href='/office/gap']")?;
        self.see("gap-weeks", "Every week")?;
        for (size, window) in SIZES {
            self.browser.resize(window)?;
            let chart = self.browser.ask(CHART)?;
            check(&chart).with_context(|| format!("the chart of the gap on a {size}: {chart}"))?;
        }
        self.see("gap-weeks-open", "Every week")
    }
}

/// That the chart says what its table says, and can be read.
fn check(chart: &Value) -> Result<()> {
    let list = |name: &str| chart[name].as_array().cloned().unwrap_or_default();
    let rows = list("rows");
    ensure!(rows.len() >= WEEKS, "{} weeks in the table", rows.len());
    for (column, name) in [(1, "gap"), (2, "cover")] {
        let figures = rows
            .iter()
            .filter_map(|row| row[column].as_str())
            .map(percent);
        let figures: Vec<f64> = figures
            .collect::<Option<_>>()
            .context("a week without a figure")?;
        let heights: Vec<f64> = list(name).iter().filter_map(Value::as_f64).collect();
        ensure!(
            heights.len() == rows.len(),
            "{} points of {name} for {} weeks",
            heights.len(),
            rows.len()
        );
        // The latest week is first in the table and last in the chart; more percent is higher up.
        let weeks = figures.iter().rev().zip(&heights);
        let weeks: Vec<_> = weeks.collect();
        for pair in weeks.windows(2) {
            let [(before, low), (after, high)] = pair else {
                continue;
            };
            let is_right = (*after - *before) * (*low - *high) >= 0.0;
            ensure!(
                is_right,
                "{name}: {before} % to {after} %, drawn {low} to {high}"
            );
        }
        let is_flat = figures.iter().all(|one| figures.first() == Some(one));
        ensure!(!is_flat, "{name} is a flat line, which proves nothing");
    }
    for fault in ["overlaps", "outside", "small"] {
        ensure!(list(fault).is_empty(), "{fault}");
    }
    let name = chart["name"].as_str().unwrap_or_default();
    ensure!(!name.is_empty(), "the chart has no name");
    Ok(())
}

fn percent(cell: &str) -> Option<f64> {
    cell.strip_suffix('%')?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_entrance_of_the_demo_is_understood() {
        let line = "   The back office is at http://127.0.0.1:7878/office: sign in as claire with the password ab-cd";
        let found = entrance(line).unwrap();
        assert_eq!(
            found,
            ("http://127.0.0.1:7878".to_owned(), "ab-cd".to_owned())
        );
        assert_eq!(entrance("Try next"), None);
    }

    #[test]
    fn a_point_too_few_and_a_curve_upside_down_are_found() {
        let chart = |heights: &[u32]| {
            let rows: Vec<_> = (0..WEEKS)
                .map(|week| json!(["W", format!("{} %", 50 - week), format!("{} %", 50 - week)]))
                .collect();
            json!({ "rows": rows, "gap": heights, "cover": heights, "name": "the gap" })
        };
        let right: Vec<u32> = (0..12).map(|week| 200 - week).collect();
        check(&chart(&right)).unwrap();
        assert!(check(&chart(&right[1..])).is_err());
        let turned: Vec<u32> = right.iter().rev().copied().collect();
        assert!(check(&chart(&turned)).is_err());
    }
}
