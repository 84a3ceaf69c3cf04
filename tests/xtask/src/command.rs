//! Running other programs: what was asked, whether it worked, and what to do when the program is missing.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};

/// One call of another program.
///
/// It never reads from the terminal: nothing here may wait for a person.
#[derive(Debug)]
pub(crate) struct Call {
    command: Command,
    cure: &'static str,
}

impl Call {
    /// A call of `program` in `folder`; `cure` says how to get the program when it is missing.
    pub(crate) fn new(program: impl AsRef<OsStr>, folder: &Path, cure: &'static str) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        Self { command, cure }
    }

    /// Adds one argument.
    pub(crate) fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds several arguments.
    pub(crate) fn arguments<S: AsRef<OsStr>>(
        mut self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of the program's environment.
    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs the program with its output shown, and fails unless it ended well.
    pub(crate) fn run(mut self) -> Result<()> {
        let line = self.line();
        println!("$ {line}");
        let status = self
            .command
            .status()
            .map_err(|error| self.not_started(error))?;
        if status.success() {
            return Ok(());
        }
        bail!("`{line}` failed ({status})")
    }

    /// Runs the program and returns what it printed; what it says on standard error is shown.
    pub(crate) fn read(mut self) -> Result<String> {
        let line = self.line();
        let output = self
            .command
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| self.not_started(error))?;
        if !output.status.success() {
            bail!("`{line}` failed ({})", output.status);
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed no UTF-8"))
    }

    /// Whether the program is there and answers.
    pub(crate) fn answers(mut self) -> bool {
        self.command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn not_started(&self, error: std::io::Error) -> anyhow::Error {
        let program = self.command.get_program().to_string_lossy().into_owned();
        if error.kind() == ErrorKind::NotFound {
            return anyhow!("`{program}` is not installed: {}", self.cure);
        }
        anyhow::Error::new(error).context(format!("`{program}` could not be started"))
    }

    fn line(&self) -> String {
        let program = Path::new(self.command.get_program());
        let name = program.file_name().unwrap_or(program.as_os_str());
        std::iter::once(name)
            .chain(self.command.get_args())
            .map(|part| part.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(program: &str) -> Call {
        Call::new(program, Path::new("."), "install it from the moon")
    }

    #[test]
    fn a_missing_program_is_named_with_its_cure() {
        let error = call("carnet-no-such-program")
            .run()
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "`carnet-no-such-program` is not installed: install it from the moon"
        );
        assert!(!call("carnet-no-such-program").answers());
    }

    #[test]
    fn a_program_that_fails_is_an_error_with_its_line() {
        let failing = || call("cargo").argument("no-such-command");
        let error = failing().read().unwrap_err().to_string();
        assert!(
            error.starts_with("`cargo no-such-command` failed"),
            "{error}"
        );
        assert!(!failing().answers());
    }

    #[test]
    fn what_a_program_printed_is_returned() {
        let printed = call("cargo").argument("--version").read().unwrap();
        assert!(printed.starts_with("cargo "), "{printed}");
    }
}
