//! A command in a group of its own: a process group, or on Windows a job object. Whatever it starts belongs to the group
//! and ends with it. Its standard input is empty.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::Group;
#[cfg(windows)]
pub(super) use windows::Group;

use std::ffi::OsString;
use std::process::Stdio;

use tokio::process::Command;

use super::told::{Told, is_replaced};

/// A command line.
#[derive(Clone, Debug)]
pub(super) struct CommandLine {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
}

impl CommandLine {
    /// The command with its arguments, placeholders filled in.
    pub(super) fn filled(command: &[OsString], told: &Told) -> Self {
        let mut words = command.iter().map(|word| told.fill(word));
        Self { program: words.next().unwrap_or_default(), arguments: words.collect() }
    }

    /// What the system's shell runs.
    pub(super) fn shell(script: &str) -> Self {
        let words: [OsString; 3] = if cfg!(windows) {
            ["cmd".into(), "/C".into(), script.into()]
        } else {
            ["sh".into(), "-c".into(), script.into()]
        };
        let [program, flag, script] = words;
        Self { program, arguments: vec![flag, script] }
    }

    /// The process to be: it knows what it is told, has nothing to read, and what it writes is read.
    fn process(&self, told: &Told) -> Command {
        let mut process = Command::new(&self.program);
        process.args(&self.arguments);
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_replaced(name)) {
            process.env_remove(name);
        }
        process.envs(told.variables());
        process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        process
    }
}
