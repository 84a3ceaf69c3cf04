//! The parts of CI: what each one runs, in which order, and the report at the end.
//!
//! A part that fails stops no other, so that one run tells everything there is to mend.
//! A tool that is missing makes its part fail with the way to get it; only `deny` may be skipped, and says so.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

use crate::bindings::{self, Language};
use crate::clock::timed;
use crate::command::Call;
use crate::office;
use crate::workspace::Workspace;

/// Seeds that every run of CI simulates. They are fixed, so that a red CI is never luck; fresh seeds are for long runs by hand.
const SIMULATION_RUNS: &str = "40";
/// Steps of each of them: with the number above, under two minutes on two cores.
const SIMULATION_STEPS: &str = "400";

const PYTHON_CURE: &str = "install Python 3.9 or later (Debian: apt-get install python3)";
const JAVA_CURE: &str =
    "install a Java development kit 17 or later (Debian: apt-get install default-jdk-headless)";
const MAVEN_CURE: &str = "install Maven 3.8 or later (Debian: apt-get install maven)";

/// A part of CI, by the name it is called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Formatting.
    Fmt,
    /// Clippy, every warning an error.
    Lint,
    /// Documentation, every warning an error.
    Doc,
    /// Every Rust test, the tidy tests among them.
    Test,
    /// Licences, bans and sources of dependencies, where cargo-deny is installed.
    Deny,
    /// The fleet simulation with its fixed seeds.
    Simulate,
    /// The back office in a real browser: needs Chromium.
    Office,
    /// Bindings for all three languages, and the SDK's surface against its snapshot.
    Bindings,
    /// The Python binding, used for real.
    Python,
    /// The Kotlin SDK on the JVM, used for real.
    Kotlin,
}

/// How a part ended.
#[derive(Debug)]
enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
}

#[derive(Debug)]
struct Report {
    part: Part,
    outcome: Outcome,
    time: Duration,
}

impl Part {
    /// All parts, in the order of CI.
    pub(crate) const CI: [Self; 10] = [
        Self::Fmt,
        Self::Lint,
        Self::Doc,
        Self::Test,
        Self::Deny,
        Self::Simulate,
        Self::Office,
        Self::Bindings,
        Self::Python,
        Self::Kotlin,
    ];

    /// What a newcomer runs: all that needs no tool beyond the toolchains.
    pub(crate) const TEST: [Self; 9] = [
        Self::Fmt,
        Self::Lint,
        Self::Doc,
        Self::Test,
        Self::Simulate,
        Self::Office,
        Self::Bindings,
        Self::Python,
        Self::Kotlin,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Lint => "lint",
            Self::Doc => "doc",
            Self::Test => "test",
            Self::Deny => "deny",
            Self::Simulate => "simulate",
            Self::Office => "office",
            Self::Bindings => "bindings",
            Self::Python => "python",
            Self::Kotlin => "kotlin",
        }
    }

    fn run(self, workspace: &Workspace) -> Outcome {
        let result = match self {
            Self::Fmt => workspace.cargo(&["fmt", "--all", "--check"]).run(),
            Self::Lint => lint(workspace),
            Self::Doc => doc(workspace),
            Self::Test => workspace.cargo(&["test", "--workspace", "--locked"]).run(),
            Self::Deny => return deny(workspace),
            Self::Simulate => simulate(workspace),
            Self::Office => office::check(workspace),
            Self::Bindings => bindings::check(workspace),
            Self::Python => python(workspace),
            Self::Kotlin => kotlin(workspace),
        };
        Outcome::of(result)
    }
}

impl Outcome {
    fn of(result: Result<()>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(error) => Self::Failed(format!("{error:#}")),
        }
    }
}

/// Runs the parts one after the other and prints the report; `false` when one of them failed.
pub(crate) fn run_all(workspace: &Workspace, parts: &[Part]) -> Result<bool> {
    let mut reports = Vec::new();
    for part in parts {
        println!("\n== {} ==", part.name());
        let (outcome, time) = timed(|| part.run(workspace));
        if let Outcome::Failed(reason) = &outcome {
            println!("{}: FAILED: {reason}", part.name());
        }
        reports.push(Report {
            part: *part,
            outcome,
            time,
        });
    }
    let (text, all_passed) = render(&reports)?;
    println!("\n{text}");
    Ok(all_passed)
}

/// The report: a line for each part, and last the counts.
fn render(reports: &[Report]) -> Result<(String, bool)> {
    let mut text = String::new();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for report in reports {
        let (word, reason) = match &report.outcome {
            Outcome::Passed => {
                passed += 1;
                ("passed", "")
            }
            Outcome::Skipped(reason) => {
                skipped += 1;
                ("skipped", reason.as_str())
            }
            Outcome::Failed(reason) => {
                failed += 1;
                ("FAILED", reason.as_str())
            }
        };
        let seconds = report.time.as_secs_f32();
        let line = format!(
            "{:<9} {word:<8} {seconds:>7.1} s  {reason}",
            report.part.name()
        );
        writeln!(text, "{}", line.trim_end())?;
    }
    write!(text, "parts: {passed} passed, {failed} failed")?;
    if skipped > 0 {
        write!(text, ", {skipped} skipped")?;
    }
    Ok((text, failed == 0))
}

fn lint(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo(&["clippy", "--workspace", "--all-targets", "--locked"])
        .arguments(["--", "--deny", "warnings"])
        .run()
}

fn doc(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo(&["doc", "--workspace", "--no-deps", "--locked"])
        .argument("--document-private-items")
        .variable("RUSTDOCFLAGS", "--deny warnings")
        .run()
}

fn deny(workspace: &Workspace) -> Outcome {
    if !workspace.cargo(&["deny", "--version"]).answers() {
        return Outcome::Skipped(
            "cargo-deny is not installed: cargo install --locked cargo-deny".to_owned(),
        );
    }
    let checks = ["deny", "check", "licenses", "bans", "sources"];
    Outcome::of(workspace.cargo(&checks).run())
}

/// The simulation's program, ready for its arguments.
///
/// It runs our crates optimized but with their assertions, on the dependencies that the tests have built anyway.
pub(crate) fn simulator(workspace: &Workspace) -> Call {
    workspace.cargo(&[
        "run",
        "--locked",
        "--config",
        "profile.dev.opt-level=2",
        "--package",
        "simulator",
        "--",
    ])
}

fn simulate(workspace: &Workspace) -> Result<()> {
    simulator(workspace)
        .arguments(["--seed", "1"])
        .arguments(["--runs", SIMULATION_RUNS])
        .arguments(["--steps", SIMULATION_STEPS])
        .run()
}

fn python(workspace: &Workspace) -> Result<()> {
    workspace
        .call("python3", PYTHON_CURE)
        .argument("--version")
        .run()?;
    let folder = bindings::generate(workspace, Language::Python)?;
    let here = workspace.root.join("mobile-bindings").join("python");
    Call::new("python3", &here, PYTHON_CURE)
        .arguments(["-W", "error", "-m", "unittest", "discover", "--verbose"])
        .arguments(["--start-directory", "tests", "--top-level-directory", "."])
        .variable("CARNET_BINDINGS", folder)
        .variable("CARNET_HUB", workspace.binary("carnet"))
        .variable("PYTHONDONTWRITEBYTECODE", "1")
        .run()
}

fn kotlin(workspace: &Workspace) -> Result<()> {
    workspace
        .call("javac", JAVA_CURE)
        .argument("-version")
        .run()?;
    workspace
        .call("mvn", MAVEN_CURE)
        .argument("--version")
        .run()?;
    let folder = bindings::generate(workspace, Language::Kotlin)?;
    let here = workspace.root.join("mobile-bindings").join("kotlin");
    let property = |name: &str, value: &std::path::Path| format!("-D{name}={}", value.display());
    Call::new("mvn", &here, MAVEN_CURE)
        .arguments(["--batch-mode", "--no-transfer-progress", "clean", "test"])
        .argument(property("carnet.target", &workspace.target))
        .argument(property("carnet.generated", &folder))
        .argument(property("carnet.library", &workspace.built()))
        .argument(property("carnet.binary", &workspace.binary("carnet")))
        .run()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(part: Part, outcome: Outcome) -> Report {
        Report {
            part,
            outcome,
            time: Duration::from_millis(1_250),
        }
    }

    #[test]
    fn the_last_line_counts_the_parts() {
        let reports = [
            report(Part::Fmt, Outcome::Passed),
            report(Part::Deny, Outcome::Skipped("no cargo-deny".to_owned())),
            report(Part::Kotlin, Outcome::Failed("no mvn".to_owned())),
        ];
        let (text, all_passed) = render(&reports).unwrap();
        assert!(!all_passed);
        assert_eq!(
            text,
            "fmt       passed       1.2 s\n\
             deny      skipped      1.2 s  no cargo-deny\n\
             kotlin    FAILED       1.2 s  no mvn\n\
             parts: 1 passed, 1 failed, 1 skipped"
        );
    }

    #[test]
    fn a_skipped_part_fails_nothing() {
        let reports = [
            report(Part::Fmt, Outcome::Passed),
            report(Part::Deny, Outcome::Skipped(String::new())),
        ];
        assert!(render(&reports).unwrap().1);
    }

    #[test]
    fn a_newcomer_runs_all_of_ci_but_what_needs_another_tool() {
        let without_deny: Vec<Part> = Part::CI
            .into_iter()
            .filter(|part| *part != Part::Deny)
            .collect();
        assert_eq!(without_deny, Part::TEST);
    }

    #[test]
    fn a_part_is_called_by_the_name_it_reports() {
        for part in Part::CI {
            assert_eq!(Part::from_str(part.name(), false), Ok(part));
        }
    }
}
