//! A process group, and those who left it.

use std::io;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdout};

use super::CommandLine;
use crate::commands::drill::stragglers;
use crate::commands::drill::told::Told;

/// A command that runs, and what it started.
#[derive(Debug)]
pub(in crate::commands::drill) struct Group {
    child: Child,
    leader: Option<Pid>,
    /// The folder that its processes are known by.
    dir: String,
}

impl Group {
    pub(in crate::commands::drill) fn start(command: &CommandLine, told: &Told) -> io::Result<Self> {
        let mut process = command.process(told);
        process.process_group(0);
        let child = process.spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self { leader: id.and_then(Pid::from_raw), child, dir: told.dir.clone() })
    }

    /// What it writes; once.
    pub(in crate::commands::drill) fn take_output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits until the command itself has ended; what it started may go on.
    pub(in crate::commands::drill) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Whether anything of the group still runs.
    pub(in crate::commands::drill) fn has_others(&self) -> bool {
        self.leader.is_some_and(|leader| test_kill_process_group(leader).is_ok())
    }

    /// Asks all of it to end.
    pub(in crate::commands::drill) fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends all of it; returns how many processes were still there that had left the group.
    pub(in crate::commands::drill) fn kill(&mut self) -> usize {
        self.signal(Signal::KILL);
        let mut left = 0;
        // Those that are found may be starting others at this moment.
        for _ in 0..ROUNDS {
            let found = stragglers::of(&self.dir);
            if found.is_empty() {
                break;
            }
            left = left.max(found.len());
            for pid in found {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        left
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            let _ = kill_process_group(leader, signal);
        }
    }
}

/// How often those that left the group are looked for.
const ROUNDS: usize = 20;

impl Drop for Group {
    /// Nothing is left behind, whatever became of the run.
    fn drop(&mut self) {
        self.kill();
    }
}
