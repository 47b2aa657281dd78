//! What was observed of one execution of the command: its exchanges, what became of the data, how it ended and what it
//! wrote. The binary gathers it; verdicts get a [`Run`](crate::verdict::Run) of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::journal::Exchange;
use crate::scenario::RuleReport;

/// What was observed of one execution of the command.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Its exchanges, in order.
    pub exchanges: Vec<Exchange>,
    /// How many more the journal had to drop.
    pub dropped: u64,
    /// The scenario's rules with their counts.
    pub rules: Vec<RuleReport>,
    /// The data at the start, in the fixture's format.
    pub before: Arc<Value>,
    /// The data at the end.
    pub after: Arc<Value>,
    /// When the scenario was loaded, in the tenant's time: its windows count from there.
    pub loaded: Timestamp,
    /// How long it took, from its start.
    pub took: Duration,
    /// When it ended, in the machine's monotonic time as exchanges have it.
    pub ended_ns: u64,
    /// How long it was given from its first request.
    pub deadline: Duration,
    /// How it ended.
    pub ending: Ending,
    /// What it wrote.
    pub stdout: Written,
    /// The same to stderr.
    pub stderr: Written,
    /// Whether something that it had started still ran after its end.
    pub left_processes: bool,
    /// Calls that came to the server meanwhile and were for no tenant of the drill.
    pub astray: u64,
    /// The name of its tenant, which no other run has.
    pub tenant: String,
}

/// What a command wrote to one of its outputs, without secrets.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The text, of a long one the beginning and the end.
    pub text: String,
    /// All of its bytes.
    pub total_bytes: u64,
    /// Whether it was UTF-8.
    pub is_text: bool,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Code(i32),
    /// By a signal that was not the drill's.
    Signal(i32),
    /// The drill ended it.
    Stopped(Stop),
}

/// Why a command was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It made no call for so long.
    NoCall(Duration),
    /// Its time was over.
    Deadline,
    /// It waited for a silent answer as long as anybody may.
    Silence,
    /// It made far more calls than it does when nothing goes wrong.
    TooManyCalls,
    /// It wrote without end.
    TooMuchOutput,
    /// The user stopped the drill.
    Interrupted,
}

impl Ending {
    /// How it ended, in a few words.
    pub fn in_words(self) -> String {
        match self {
            Self::Code(code) => format!("exit {code}"),
            Self::Signal(signal) => signal_name(signal),
            Self::Stopped(Stop::NoCall(_)) => "stopped: it made no call".to_owned(),
            Self::Stopped(Stop::Deadline) => "stopped at its deadline".to_owned(),
            Self::Stopped(Stop::Silence) => "stopped: it waited for a silent answer".to_owned(),
            Self::Stopped(Stop::TooManyCalls) => "stopped: calls without end".to_owned(),
            Self::Stopped(Stop::TooMuchOutput) => "stopped: output without end".to_owned(),
            Self::Stopped(Stop::Interrupted) => "stopped: the drill was interrupted".to_owned(),
        }
    }
}

/// What a signal is called.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}
