//! What each command does, a file per command. What they share is here: how one ends, and how it prints.

mod banner;
mod check;
mod completions;
mod drill;
mod env;
mod fixtures;
mod health;
mod init;
mod journal;
mod openapi;
mod remote;
mod scenarios;
mod schema;
mod serve;
mod shell;
mod signals;
pub(crate) mod system;
mod verdicts;
mod wrap;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use sync_group_sim::document::unknown;

use crate::cli::environment;
use crate::cli::{Cli, Command};
use system::in_words;

/// Why a command failed, printed on stderr.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit code 1: it failed or found something.
    Failed(String),
    /// Exit code 2: a usage error.
    Usage(String),
    /// Exit code 3: nothing is known.
    Inconclusive(String),
    /// This exit code; all that is to be said was said.
    Silent(u8),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::Inconclusive(_) => ExitCode::from(3),
            Self::Silent(code) => ExitCode::from(*code),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) | Self::Usage(message) | Self::Inconclusive(message) => {
                f.write_str(message)
            }
            Self::Silent(_) => Ok(()),
        }
    }
}

/// How a command ends.
type Outcome = Result<(), Failure>;

/// Carries out what was said on the command line.
pub(crate) fn run(cli: Cli) -> Outcome {
    // A server has a log for them.
    if !matches!(cli.command, None | Some(Command::Serve(_))) {
        for warning in environment::warnings() {
            eprintln!("warning: {warning}");
        }
    }
    match cli.command {
        None => serve::serve(&cli.serve),
        Some(Command::Serve(args)) => serve::serve(&args),
        Some(Command::Fixtures { name }) => fixtures::fixtures(name.as_deref()),
        Some(Command::Scenarios { name }) => scenarios::scenarios(name.as_deref()),
        Some(Command::Verdicts { name }) => verdicts::verdicts(name.as_deref()),
        Some(Command::Check { files, prerequisites, fixture }) => {
            check::check(&files, prerequisites.chosen, &fixture)
        }
        Some(Command::Openapi { api_version, url, prerequisites }) => {
            openapi::openapi(&api_version, &url, prerequisites.chosen)
        }
        Some(Command::Drill(args)) => drill::drill(*args),
        Some(Command::Env { unset: true, shell, server, .. }) => env::unset(&server, shell),
        Some(Command::Env { unset: false, shell, server, fixture }) => {
            env::env(&server, fixture.as_deref(), shell)
        }
        Some(Command::Health { server }) => health::health(&server),
        Some(Command::Journal(args)) => journal::journal(&args),
        Some(Command::Init { folder, test }) => init::init(&folder, test),
        Some(Command::Schema { format }) => schema::schema(format),
        Some(Command::Completions { shell }) => completions::completions(shell),
    }
}

/// Prints a line for each built-in thing, or the text of one.
fn list_or_print(
    what: &str,
    name: Option<&str>,
    lines: &[String],
    text: impl Fn(&str) -> Option<String>,
    names: &[&str],
) -> Outcome {
    match name.map(|name| (name, text(name))) {
        None => print(&lines.join("\n")),
        Some((_, Some(text))) => print(text.trim_end()),
        Some((name, None)) => {
            Err(Failure::Usage(unknown(&format!("no built-in {what} is named"), name, names)))
        }
    }
}

/// Prints a line on stdout; it is not a failure if the reader has gone away.
fn print(text: &str) -> Outcome {
    match writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("stdout cannot be written: {}", in_words(&error))))
        }
        _ => Ok(()),
    }
}
