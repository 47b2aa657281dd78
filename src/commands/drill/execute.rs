//! Starts a command in a group of its own, waits for its end or has it ended, and gathers what it wrote. Whatever happens,
//! nothing of it runs on.

use std::io;
use std::time::{Duration, Instant};

use sync_group_sim::drill::{Ending, Stop};
use tokio::time::timeout;

use super::capture::{Capture, Output};
use super::group::{CommandLine, Group};
use super::interrupt::Interrupt;
use super::told::Told;
use super::watch::{EVERY, now};

/// A command that has ended.
#[derive(Debug)]
pub(super) struct Executed {
    pub(super) ending: Ending,
    pub(super) took: Duration,
    /// When it ended, or was asked to: what it does after that is not its own doing.
    pub(super) over: Instant,
    pub(super) stdout: Output,
    pub(super) stderr: Output,
    /// Whether something of it still ran then.
    pub(super) left_processes: bool,
}

/// Whoever still holds its pipes after this long, once it has ended, was left behind by it.
const LEAK: Duration = Duration::from_millis(100);
/// How long the rest of what was written is read after everything was ended.
const REST: Duration = Duration::from_secs(2);
/// An interrupted run is given no more time than this to end by itself.
const HURRY: Duration = Duration::from_secs(2);

/// Executes a command. `look` says when it has to be stopped; it is told how many bytes the command wrote.
pub(super) async fn execute(
    command: &CommandLine,
    told: &Told,
    grace: Duration,
    interrupt: &mut Interrupt,
    mut look: impl FnMut(Instant, u64) -> Option<Stop>,
) -> io::Result<Executed> {
    let started = now();
    let mut group = Group::start(command, told)?;
    let (stdout, stderr) = group.take_output();
    let (mut stdout, mut stderr) = (Capture::of(stdout), Capture::of(stderr));
    let mut ticks = tokio::time::interval(EVERY);
    let (ending, over) = loop {
        let stop = tokio::select! {
            ended = group.ended() => break (ending(ended?), now()),
            _ = ticks.tick() => look(now(), stdout.total_bytes() + stderr.total_bytes()),
            () = interrupt.requested() => Some(Stop::Interrupted),
        };
        if let Some(stop) = stop {
            let grace = if stop == Stop::Interrupted { grace.min(HURRY) } else { grace };
            let asked = now();
            end(&mut group, grace).await;
            break (Ending::Stopped(stop), asked);
        }
    };
    let took = now().saturating_duration_since(started);
    let is_closed = timeout(LEAK, closed(&mut stdout, &mut stderr)).await.is_ok();
    // On a busy machine the last of the output may be late although nobody is left to write it.
    let is_held = !is_closed && group.has_others();
    let were_left = group.kill();
    if !is_closed {
        let _ = timeout(REST, closed(&mut stdout, &mut stderr)).await;
    }
    let was_stopped = matches!(ending, Ending::Stopped(_));
    let left_processes = !was_stopped && (is_held || were_left > 0);
    let (stdout, stderr) = (stdout.output(), stderr.output());
    Ok(Executed { ending, took, over, stdout, stderr, left_processes })
}

/// Asks a command to end, and ends it when it does not.
async fn end(group: &mut Group, grace: Duration) {
    group.ask_to_end();
    if timeout(grace, group.ended()).await.is_err() {
        group.kill();
        let _ = group.ended().await;
    }
}

async fn closed(stdout: &mut Capture, stderr: &mut Capture) {
    stdout.closed().await;
    stderr.closed().await;
}

#[cfg(unix)]
fn ending(status: std::process::ExitStatus) -> Ending {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Code(code),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    }
}

#[cfg(not(unix))]
fn ending(status: std::process::ExitStatus) -> Ending {
    Ending::Code(status.code().unwrap_or_default())
}
