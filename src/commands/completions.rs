//! `sync-group-sim completions`: prints a completion script for a shell.

use clap::CommandFactory;

use super::{Outcome, print};
use crate::cli::Cli;

pub(super) fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sync-group-sim", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())
}
