//! Which calls are surely attempts of one caller at one thing. Equal calls may also come from threads that ask for the
//! same, from tests that follow each other, or because the client makes that call several times anyway; whoever counts
//! or times them as attempts convicts good clients.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::time::Duration;

use hyper::Method;

use super::chain::Chain;
use super::{Call, Case, End, Moment, Run, RunKind};
use crate::operation::Operation;

/// This many equal calls in a row, each over a connection of its own, come from a client that keeps no connection, not
/// from a pool of threads.
const MORE_THAN_A_POOL: usize = 20;

/// What another thread had sent when a wait was told comes within this time.
pub(super) const IN_FLIGHT: Duration = Duration::from_millis(50);

/// Who gives an answer up waits for it longer than this; who hedges a read does not.
const LONGEST_HEDGE: Duration = Duration::from_secs(5);

/// Whether the caller of a call was back since then: an earlier call came over the same connection meanwhile. On a busy
/// machine that shows better than any time that the call was not on its way already.
pub(super) fn was_back_since(run: &Run, since: Moment, call: &Call) -> bool {
    let former = run.calls.iter().take(call.number - 1).rev();
    former.take_while(|other| since.is_before(other.arrived)).any(|other| call.came_the_way_of(other))
}

impl<'a> Case<'a> {
    /// The same, for another of the runs.
    pub(super) fn of(&self, run: &'a Run) -> Self {
        Self { run, ..*self }
    }

    /// Whether the client makes calls at the same time, in any of the runs.
    pub(super) fn is_concurrent(&self) -> bool {
        self.clean.is_some_and(|clean| clean.overlaps() || clean.uses_connections_in_turn())
            || self.all.iter().chain([self.run]).any(|run| run.overlaps() || run.is_multiplexed())
    }

    /// Chains whose calls are surely attempts of one caller.
    pub(super) fn attempts(&self) -> Vec<Chain<'a>> {
        Callers::of(*self).attempts()
    }

    /// Chains of writes whose calls are surely attempts of one caller. Threads and tests that write the same record are
    /// rare; so in one journal alone a call that comes next of all counts, over whatever connection.
    pub(super) fn attempts_at_writes(&self) -> Vec<Chain<'a>> {
        if self.clean.is_some() {
            return self.attempts();
        }
        let chains = self.run.chains().into_iter();
        chains.flat_map(|chain| chain.split(|one, next| next.number == one.number + 1)).collect()
    }

    /// Whether this is the run that speaks for all equal runs of its probe, so that each finding is told once.
    pub(super) fn speaks_for_probe(&self) -> bool {
        let RunKind::Probe(_) = self.run.kind else { return false };
        let first = self.all.iter().find(|run| run.kind == self.run.kind);
        first.is_none_or(|first| std::ptr::eq(first, self.run))
    }

    /// The runs of the probe that this run belongs to.
    pub(super) fn probe(&self) -> impl Iterator<Item = &'a Run> {
        let kind = self.run.kind.clone();
        self.all.iter().filter(move |run| run.kind == kind && matches!(kind, RunKind::Probe(_)))
    }
}

/// Who makes which calls.
pub(super) struct Callers<'a> {
    case: Case<'a>,
    seen: Seen,
    is_concurrent: OnceCell<bool>,
    hedges: OnceCell<bool>,
}

/// What tells callers apart: the clean run, or else the order and the connections of one journal.
enum Seen {
    Clean(Planned),
    Alone(Links),
}

impl<'a> Callers<'a> {
    pub(super) fn of(case: Case<'a>) -> Self {
        let seen = case
            .clean
            .map_or_else(|| Seen::Alone(Links::of(case.run)), |clean| Seen::Clean(Planned::of(clean)));
        Self { case, seen, is_concurrent: OnceCell::new(), hedges: OnceCell::new() }
    }

    /// Chains whose calls are surely attempts of one caller.
    pub(super) fn attempts(&self) -> Vec<Chain<'a>> {
        let chains = self.case.run.chains().into_iter();
        match &self.seen {
            Seen::Alone(links) => chains.flat_map(|chain| links.split(chain)).collect(),
            Seen::Clean(_) => {
                let sure =
                    chains.filter(|chain| chain.calls.len() == 1 || self.is_one_callers(chain.first()));
                let counted = sure.map(|chain| Chain { spare: self.planned(chain.first()) - 1, ..chain });
                counted.collect()
            }
        }
    }

    /// How often the client makes this call when nothing goes wrong; once where that is not known.
    pub(super) fn planned(&self, call: &Call) -> usize {
        if let Seen::Clean(planned) = &self.seen { planned.times(call) } else { 1 }
    }

    /// Whether one caller made a call after it was told to wait. Whoever repeats a call that others make, too, is taken
    /// for the one who was told unless the client was seen to make calls at the same time.
    pub(super) fn follow_each_other(&self, told: &Call, next: &Call, waited: Duration) -> bool {
        match &self.seen {
            Seen::Clean(planned) => planned.times(told) <= 1 || !self.is_concurrent(),
            Seen::Alone(links) => {
                let comes_back = waited > IN_FLIGHT || !links.keeps_connections;
                links.is_link(told, next)
                    || (links.follows(told, next) && comes_back && !self.is_concurrent())
            }
        }
    }

    /// Whether the client may have sent a call beside this one, and not because of what it was told: on a busy machine it
    /// reads late what it was told long ago.
    pub(super) fn may_be_hedge(&self, told: &Call) -> bool {
        let hedges = || self.case.all.iter().chain([self.case.run]).any(|run| self.sends_again_beside(run));
        told.is_read() && *self.hedges.get_or_init(hedges)
    }

    /// Whether a read that the client makes once was sent while the same was open.
    fn sends_again_beside(&self, run: &Run) -> bool {
        let mut latest: HashMap<(Option<&str>, u64), &Call> = HashMap::new();
        run.calls.iter().filter(|call| call.is_read() && self.planned(call) <= 1).any(|call| {
            let former = latest.insert((call.client.as_deref(), call.key), call);
            former.is_some_and(|former| {
                former.is_open_beside(call) && former.arrived.until(call.arrived) < LONGEST_HEDGE
            })
        })
    }

    /// Whether the client makes calls at the same time.
    pub(super) fn is_concurrent(&self) -> bool {
        *self.is_concurrent.get_or_init(|| self.case.is_concurrent())
    }

    /// Whether all calls like this one come from one caller: it is made once, or one after the other on one connection.
    fn is_one_callers(&self, call: &Call) -> bool {
        let Seen::Clean(planned) = &self.seen else { return false };
        planned.times(call) <= 1
            || (planned.is_on_one_connection(call)
                && !*self.is_concurrent.get_or_init(|| self.case.is_concurrent()))
    }
}

/// What the client does when nothing goes wrong.
struct Planned {
    /// How often each call is made, and over which connection if it is always the same.
    calls: HashMap<u64, (usize, Option<u64>)>,
    /// How often a call of an operation is made at most: for those about records that the clean run does not have.
    most: HashMap<(Operation, Method), usize>,
}

impl Planned {
    fn of(clean: &Run) -> Self {
        let mut calls: HashMap<u64, (usize, Option<u64>)> = HashMap::new();
        let mut most: HashMap<(Operation, Method), usize> = HashMap::new();
        for call in &clean.calls {
            let (times, connection) = calls.entry(call.key).or_insert((0, Some(call.connection)));
            *times += 1;
            *connection =
                connection.filter(|connection| *connection == call.connection && !call.is_multiplexed);
            if let Some(operation) = call.operation {
                let most = most.entry((operation, call.method.clone())).or_default();
                *most = (*most).max(*times);
            }
        }
        Self { calls, most }
    }

    fn times(&self, call: &Call) -> usize {
        let of_its_kind = || Some(*self.most.get(&(call.operation?, call.method.clone()))?);
        self.calls.get(&call.key).map(|(times, _)| *times).or_else(of_its_kind).unwrap_or(1)
    }

    fn is_on_one_connection(&self, call: &Call) -> bool {
        self.calls.get(&call.key).is_some_and(|(_, connection)| connection.is_some())
    }
}

/// Which call of a client follows which, where nothing is known but one journal.
struct Links {
    /// The number of the client's next call, by a call's number.
    next: HashMap<usize, usize>,
    /// Whether any connection was used twice.
    keeps_connections: bool,
}

impl Links {
    fn of(run: &Run) -> Self {
        let mut latest: HashMap<Option<&str>, usize> = HashMap::new();
        let mut next = HashMap::new();
        for call in &run.calls {
            if let Some(former) = latest.insert(call.client.as_deref(), call.number) {
                next.insert(former, call.number);
            }
        }
        Self { next, keeps_connections: run.calls.iter().any(|call| call.is_on_reused_connection) }
    }

    /// Whether the client did nothing else in between and came back the way it had come, or had to come anew because
    /// its connection was lost.
    fn is_link(&self, one: &Call, next: &Call) -> bool {
        self.follows(one, next) && (next.came_the_way_of(one) || one.end != End::Whole)
    }

    fn follows(&self, one: &Call, next: &Call) -> bool {
        self.next.get(&one.number) == Some(&next.number)
    }

    fn split<'a>(&self, chain: Chain<'a>) -> Vec<Chain<'a>> {
        let is_long = chain.calls.len() >= MORE_THAN_A_POOL && !self.keeps_connections;
        if is_long && chain.pairs().all(|(one, next)| self.follows(one, next)) {
            return vec![chain];
        }
        chain.split(|one, next| self.is_link(one, next))
    }
}
