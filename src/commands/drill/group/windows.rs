//! A job object. There is no polite way to ask a job to end, so it is ended at once.

use std::io;
use std::process::ExitStatus;

use process_wrap::tokio::{ChildWrapper, CommandWrap, JobObject, KillOnDrop};
use tokio::process::{ChildStderr, ChildStdout};

use super::CommandLine;
use crate::commands::drill::told::Told;

/// A command that runs, and what it started.
#[derive(Debug)]
pub(in crate::commands::drill) struct Group {
    job: Box<dyn ChildWrapper>,
}

impl Group {
    pub(in crate::commands::drill) fn start(command: &CommandLine, told: &Told) -> io::Result<Self> {
        let mut process = CommandWrap::from(command.process(told));
        Ok(Self { job: process.wrap(KillOnDrop).wrap(JobObject).spawn()? })
    }

    /// What it writes; once.
    pub(in crate::commands::drill) fn take_output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.job.stdout().take(), self.job.stderr().take())
    }

    /// Waits until the command itself has ended; what it started may go on.
    pub(in crate::commands::drill) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.job.inner_mut().wait().await
    }

    /// Whether anything of it still runs: whoever holds its pipes does.
    #[expect(clippy::unused_self, reason = "elsewhere it is the group that knows")]
    pub(in crate::commands::drill) fn has_others(&self) -> bool {
        true
    }

    /// Ends all of it.
    pub(in crate::commands::drill) fn ask_to_end(&mut self) {
        self.kill();
    }

    /// Ends all of it; nobody can leave a job.
    pub(in crate::commands::drill) fn kill(&mut self) -> usize {
        let _ = self.job.start_kill();
        0
    }
}

impl Drop for Group {
    /// Nothing is left behind, whatever became of the run.
    fn drop(&mut self) {
        self.kill();
    }
}
