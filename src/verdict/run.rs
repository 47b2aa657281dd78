//! A run: the calls that a client made in one tenant, what its command's end was, and what became of the data. Of a
//! tenant in an ordinary test only the calls are known.

use hashbrown::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::chain::{Chain, chains};
use super::{Call, End, Moment, State};
use crate::journal::Exchange;

/// A client's calls in one tenant and what came of them.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// What it was for.
    pub(crate) kind: RunKind,
    /// The calls, as they arrived.
    pub(crate) calls: Vec<Call>,
    /// The scenario's rules and how often each matched and fired.
    pub(crate) rules: Vec<RuleSeen>,
    /// How many exchanges the journal had to drop.
    pub(crate) dropped: u64,
    /// How the command ended; `None` when nobody started one.
    pub(crate) ended: Option<Ended>,
    /// The true state at the end; `None` when it was not looked at.
    pub(crate) state: Option<State>,
    /// Whether the tenant's prerequisites were enforced.
    pub(crate) enforces: bool,
}

/// What a run is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunKind {
    /// A tenant that is looked at without a drill.
    Tenant,
    /// Nothing goes wrong on purpose.
    Clean,
    /// A scenario, by name.
    Scenario(Arc<str>),
    /// One of several equal runs that show how the client spaces its attempts.
    Probe(Probe),
}

/// What the runs of a probe meet, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// 503.
    Unavailable,
    /// 429 without `Retry-After`.
    Limited,
}

/// A scenario's rule, and how often it matched and fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleSeen {
    /// `scenario/rule`.
    pub(crate) rule: Arc<str>,
    pub(crate) matched: u64,
    pub(crate) fired: u64,
    /// Whether three attempts in a row get past it.
    pub(crate) passes: bool,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing that was seen")]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    /// Whether that is the exit of a command that succeeded.
    pub(crate) is_success: bool,
    /// When it ended, or when it was ended at the deadline; the machine's monotonic time, as in the journal.
    pub(crate) at_ns: u64,
    /// How long it was given, from its first request.
    pub(crate) deadline: Duration,
    /// Whether it wrote anything beyond what the clean run wrote.
    pub(crate) said_something: bool,
    /// Whether its standard output lacks anything that it writes when nothing goes wrong.
    pub(crate) said_less: bool,
    /// Whether it lacks all of that.
    pub(crate) said_none: bool,
    /// Whether something of it still ran after its end.
    pub(crate) left_processes: bool,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By a signal that was not the drill's.
    Signal(i32),
    /// At the deadline, by the drill.
    Deadline,
}

impl Run {
    /// A tenant that is looked at without a drill.
    pub(crate) fn of_tenant<'a>(exchanges: impl IntoIterator<Item = &'a Exchange>, dropped: u64) -> Self {
        Self {
            kind: RunKind::Tenant,
            calls: Call::all(exchanges),
            rules: Vec::new(),
            dropped,
            ended: None,
            state: None,
            enforces: true,
        }
    }

    /// Whether a fault struck any call.
    pub(crate) fn is_struck(&self) -> bool {
        self.calls.iter().any(|call| !call.faults.is_empty())
    }

    /// Attempts at the same thing, one after the other.
    pub(super) fn chains(&self) -> Vec<Chain<'_>> {
        chains(&self.calls)
    }

    /// How often it makes a call with this key.
    pub(super) fn count(&self, key: u64) -> usize {
        self.calls.iter().filter(|call| call.key == key).count()
    }

    /// Whether a client was seen to make calls at the same time. Calls that a fault struck do not count: a client may
    /// have turned away from them without a sign.
    pub(super) fn overlaps(&self) -> bool {
        let mut open: Vec<(&Call, Moment)> = Vec::new();
        self.calls.iter().filter(|call| !call.is_struck()).any(|call| {
            open.retain(|(_, ended)| call.arrived.ns != 0 && !ended.is_before(call.arrived));
            let is_beside_another = open.iter().any(|(other, _)| other.client == call.client);
            open.extend(call.ended().filter(|_| call.end == End::Whole).map(|ended| (call, ended)));
            is_beside_another
        })
    }

    /// Whether calls came over a connection that carries several at the same time. Answers are so fast that none need overlap
    /// another, and nothing else tells its threads apart.
    pub(super) fn is_multiplexed(&self) -> bool {
        self.calls.iter().any(|call| call.is_multiplexed)
    }

    /// Whether a client keeps several connections for the same operation and uses them in turn. It makes calls at the
    /// same time, then, though they may be answered so fast that none overlaps another.
    pub(super) fn uses_connections_in_turn(&self) -> bool {
        let mut used: HashMap<_, (u64, HashSet<u64>)> = HashMap::new();
        self.calls.iter().filter(|call| !call.is_struck() && call.end == End::Whole).any(|call| {
            let purpose = (call.client.as_deref(), call.operation);
            let (current, former) = used.entry(purpose).or_insert_with(|| (call.connection, HashSet::new()));
            if *current == call.connection {
                return false;
            }
            former.insert(std::mem::replace(current, call.connection));
            former.contains(&call.connection)
        })
    }

    /// Whether a client fetches a token for every call or two.
    pub(super) fn fetches_tokens_all_the_time(&self) -> bool {
        let tokens = self.calls.iter().filter(|call| call.token_given.is_some()).count();
        tokens >= 2 && tokens * 2 >= self.calls.len() - tokens
    }

    /// The call with this number in the journal.
    pub(crate) fn call(&self, seq: u64) -> Option<&Call> {
        self.calls.iter().find(|call| call.seq == seq)
    }

    /// Whether the command ended by itself and says that it succeeded.
    pub(super) fn succeeded(&self) -> bool {
        self.ended.as_ref().is_some_and(|ended| ended.is_success)
    }

    /// Whether the tenant's clock was moved, or stood, while calls were made: then its waits are not the client's.
    pub(super) fn is_clock_moved(&self) -> bool {
        const TOLERANCE_MS: i64 = 20;
        let mut ahead = self.calls.iter().map(|call| call.ahead_ms);
        let Some(first) = ahead.next() else { return false };
        ahead.any(|ahead| (ahead - first).abs() > TOLERANCE_MS)
    }

    /// The longest time between a success and the next call over the same connection: what a slow moment of the machine
    /// may cost.
    pub(super) fn slowest_pace(&self) -> Duration {
        let mut latest: HashMap<u64, &Call> = HashMap::new();
        let gaps = self.calls.iter().filter_map(|call| {
            let former = latest.insert(call.connection, call).filter(|former| !former.has_failed())?;
            Some(former.ended()?.until(call.arrived))
        });
        gaps.max().unwrap_or_default()
    }

    /// The median time between an answer and the next call: how fast the client is when it does not wait.
    pub(super) fn pace(&self) -> Duration {
        let pairs = self.calls.iter().zip(self.calls.iter().skip(1));
        let mut gaps: Vec<_> =
            pairs.filter_map(|(one, next)| Some(one.ended()?.until(next.arrived))).collect();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied().unwrap_or_default()
    }
}
