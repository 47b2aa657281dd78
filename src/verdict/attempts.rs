//! Which calls are surely attempts of one caller at one thing. Equal calls may also come from threads that ask for the
//! same, from tests that follow each other, or because the client makes that call several times anyway; whoever counts
//! or times them as attempts convicts good clients.

use hashbrown::{HashMap, HashSet};
use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;

use super::chain::Chain;
use super::{Call, Case, End, Moment, Run, RunKind};
use crate::operation::Operation;

/// This many equal calls in a row, each over a connection of its own, come from a client that keeps no connection, not
/// from a pool of threads.
const MORE_THAN_A_POOL: usize = 20;
/// So many over one connection of HTTP/2 come from one caller: servers let a connection carry a hundred or so at a time.
const MORE_THAN_STREAMS: usize = 200;

/// What another thread had sent when a wait was told comes within this time.
pub(super) const IN_FLIGHT: Duration = Duration::from_millis(50);

/// Who gives an answer up waits for it longer than this; who hedges a read does not.
const LONGEST_HEDGE: Duration = Duration::from_secs(5);

/// Whoever reads the same again sooner than this does not poll.
const SHORTEST_POLL: Duration = Duration::from_millis(200);
/// Whoever reads the same again and again, with nothing else in between, waits for something.
const SEVERAL_PAUSES: usize = 2;

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
    counts: OnceCell<HashMap<u64, usize>>,
    failed_writes: OnceCell<HashMap<Option<Arc<str>>, Vec<usize>>>,
}

/// Equal calls of which nobody knows which caller made them. So much is sure: one of the callers made as many of them as
/// all did on average.
#[derive(Clone, Debug)]
pub(super) struct Crowd<'a> {
    pub(super) calls: Vec<&'a Call>,
    /// How many callers there are at most.
    pub(super) callers: usize,
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
        let (is_concurrent, hedges) = (OnceCell::new(), OnceCell::new());
        let (counts, failed_writes) = (OnceCell::new(), OnceCell::new());
        Self { case, seen, is_concurrent, hedges, counts, failed_writes }
    }

    /// Chains whose calls are surely attempts of one caller.
    pub(super) fn attempts(&self) -> Vec<Chain<'a>> {
        let chains = self.case.run.chains().into_iter();
        match &self.seen {
            Seen::Alone(links) => chains.flat_map(|chain| links.split(chain)).collect(),
            Seen::Clean(_) => {
                let sure =
                    chains.filter(|chain| chain.calls.len() == 1 || self.is_one_callers(chain.first()));
                sure.map(|chain| self.counted(chain)).collect()
            }
        }
    }

    /// The calls that the client makes several times anyway, and not surely as one caller: programs that follow each other
    /// do. Threads may make more of them when something goes wrong, such as a look each, and are let be.
    pub(super) fn crowds(&self) -> Vec<Crowd<'a>> {
        if !matches!(self.seen, Seen::Clean(_)) || self.is_concurrent() {
            return Vec::new();
        }
        let mut crowds: Vec<Crowd<'a>> = Vec::new();
        let mut places: HashMap<(Option<&str>, u64), Option<usize>> = HashMap::new();
        for call in &self.case.run.calls {
            let place = places.entry((call.client.as_deref(), call.key)).or_insert_with(|| {
                (!self.is_one_callers(call)).then(|| {
                    crowds.push(Crowd { calls: Vec::new(), callers: self.planned(call) });
                    crowds.len() - 1
                })
            });
            if let Some(place) = place {
                crowds[*place].calls.push(call);
            }
        }
        for crowd in &mut crowds {
            crowd.callers += self.looks(&crowd.calls);
        }
        crowds
    }

    /// The same calls, as far as they follow each other over one connection, where that shows one caller.
    pub(super) fn by_connection(&self) -> Vec<Chain<'a>> {
        if !matches!(self.seen, Seen::Clean(_)) || self.is_concurrent() {
            return Vec::new();
        }
        let chains = self.case.run.chains().into_iter();
        let several = chains.filter(|chain| chain.calls.len() > 1 && !self.is_one_callers(chain.first()));
        let apart = several.flat_map(|chain| chain.split(|one, next| next.came_the_way_of(one)));
        apart.map(|chain| self.counted(chain)).collect()
    }

    /// The chain, and how many of its calls are made anyway.
    fn counted(&self, chain: Chain<'a>) -> Chain<'a> {
        let spare = self.planned(chain.first()) - 1 + self.looks(&chain.calls);
        Chain { spare, ..chain }
    }

    /// How often these reads of a list may be the first look after another write that failed: a batch goes on to its next
    /// item, and each of them may have to see what became of it.
    fn looks(&self, calls: &[&Call]) -> usize {
        calls.last().filter(|_| calls.len() > 1).map_or(0, |last| self.failed_before(last))
    }

    /// How many writes failed before a list was read.
    fn failed_before(&self, look: &Call) -> usize {
        if look.offset.is_none() {
            return 0;
        }
        let failed = self.failed_writes.get_or_init(|| failed_writes(self.case.run));
        let numbers = failed.get(&look.client);
        numbers.map_or(0, |numbers| numbers.partition_point(|number| *number < look.number))
    }

    /// Whether it is a read that the client repeats now and then until it shows what it waits for. Whoever does so goes on as
    /// before where the service is away: that is no attempt too many, and no load that was not there.
    pub(super) fn is_polled(&self, calls: &[&Call]) -> bool {
        let Some(first) = calls.first().filter(|call| call.is_read()) else { return false };
        let is_status = first.operation == Some(Operation::GetPasswordChangeStatus);
        let usual = match &self.seen {
            Seen::Clean(planned) => planned.pause(first),
            Seen::Alone(_) => None,
        };
        let usual = usual.or(is_status.then_some(SHORTEST_POLL)).filter(|pause| *pause >= SHORTEST_POLL);
        let pairs = calls.iter().zip(calls.iter().skip(1));
        let mut pauses: Vec<_> = pairs.map(|(one, next)| one.arrived.until(next.arrived)).collect();
        pauses.sort_unstable();
        let pause = pauses.get(pauses.len() / 2);
        usual.zip(pause).is_some_and(|(usual, pause)| *pause * 10 >= usual * 7)
    }

    /// How often the client makes this call when nothing goes wrong; once where that is not known.
    pub(super) fn planned(&self, call: &Call) -> usize {
        if let Seen::Clean(planned) = &self.seen { planned.times(call) } else { 1 }
    }

    /// Whether one caller made a call after it was told to wait. Whoever repeats a call that others make, too, or a list that
    /// several threads look at after a write of theirs failed, is taken for the one who was told, with two exceptions: where
    /// the client was seen to make calls at the same time, and where it may be a call that the next program, or test, makes
    /// anyway: over a connection of its own, and no more often than when nothing goes wrong.
    pub(super) fn follow_each_other(&self, told: &Call, next: &Call, waited: Duration) -> bool {
        match &self.seen {
            Seen::Clean(planned) => {
                let is_repeated = || next.came_the_way_of(told) || self.count(told) > planned.times(told);
                let may_be_anothers = || self.failed_before(told) > 1 && self.is_concurrent();
                (planned.times(told) <= 1 && !may_be_anothers()) || (!self.is_concurrent() && is_repeated())
            }
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

    /// How often this call was made in the run.
    fn count(&self, call: &Call) -> usize {
        let counts = self.counts.get_or_init(|| {
            let mut counts = HashMap::new();
            for call in &self.case.run.calls {
                *counts.entry(call.key).or_insert(0) += 1;
            }
            counts
        });
        counts.get(&call.key).copied().unwrap_or_default()
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

/// The numbers of the calls with which a client's writes failed in a way that may pass: of each write the first.
fn failed_writes(run: &Run) -> HashMap<Option<Arc<str>>, Vec<usize>> {
    let mut seen = HashSet::new();
    let mut numbers: HashMap<_, Vec<usize>> = HashMap::new();
    for call in run.calls.iter().filter(|call| !call.is_read() && !call.is_token() && call.may_pass()) {
        if seen.insert((call.client.as_deref(), call.key)) {
            numbers.entry(call.client.clone()).or_default().push(call.number);
        }
    }
    numbers
}

/// What the client does when nothing goes wrong.
struct Planned {
    calls: HashMap<u64, PlannedCall>,
    /// How often a call of an operation is made at most: for those about records that the clean run does not have.
    most: HashMap<(Operation, Method), usize>,
}

/// A call that the clean run makes.
struct PlannedCall {
    times: usize,
    /// Over which connection, if it is always the same.
    connection: Option<u64>,
    /// How often it follows itself without another call in between, and the shortest time after which it does.
    pauses: (usize, Duration),
}

impl Planned {
    fn of(clean: &Run) -> Self {
        let mut calls: HashMap<u64, PlannedCall> = HashMap::new();
        let mut most: HashMap<(Operation, Method), usize> = HashMap::new();
        let mut latest: HashMap<Option<&str>, &Call> = HashMap::new();
        for call in &clean.calls {
            let planned = calls.entry(call.key).or_insert(PlannedCall {
                times: 0,
                connection: Some(call.connection),
                pauses: (0, Duration::MAX),
            });
            planned.times += 1;
            planned.connection = planned
                .connection
                .filter(|connection| *connection == call.connection && !call.is_multiplexed);
            let former = latest.insert(call.client.as_deref(), call).filter(|former| former.key == call.key);
            if let Some(pause) = former.map(|former| former.arrived.until(call.arrived)) {
                planned.pauses = (planned.pauses.0 + 1, planned.pauses.1.min(pause));
            }
            if let Some(operation) = call.operation {
                let most = most.entry((operation, call.method.clone())).or_default();
                *most = (*most).max(planned.times);
            }
        }
        Self { calls, most }
    }

    fn times(&self, call: &Call) -> usize {
        let of_its_kind = || Some(*self.most.get(&(call.operation?, call.method.clone()))?);
        self.calls.get(&call.key).map(|planned| planned.times).or_else(of_its_kind).unwrap_or(1)
    }

    fn is_on_one_connection(&self, call: &Call) -> bool {
        self.calls.get(&call.key).is_some_and(|planned| planned.connection.is_some())
    }

    /// After which time it is made again, where it is made several times in a row.
    fn pause(&self, call: &Call) -> Option<Duration> {
        let (times, shortest) = self.calls.get(&call.key)?.pauses;
        (times >= SEVERAL_PAUSES).then_some(shortest)
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
        let is_multiplexed = chain.calls.iter().all(|call| call.is_multiplexed);
        let is_long = (chain.calls.len() >= MORE_THAN_A_POOL && !self.keeps_connections)
            || (chain.calls.len() >= MORE_THAN_STREAMS && is_multiplexed);
        if is_long && chain.pairs().all(|(one, next)| self.follows(one, next)) {
            return vec![chain];
        }
        chain.split(|one, next| self.is_link(one, next))
    }
}
