//! The agenda: what is due in a tenant, and when. Waiting answers and jobs of the platform are in one list, in
//! the tenant's time; there is no timer for the list itself. Anything that looks at the tenant has what is due done
//! first (`Tenant::enter`), and a waiting answer looks when its own time comes.
//!
//! A skipping clock jumps to the next event when nothing else can happen. It does not jump over a wait that a client
//! was told to keep (a barrier), unless that much of the machine's time has passed.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::journal::Exchange;
use crate::service::Job;

/// How long it must have been quiet before a skipping clock jumps, in the machine's time.
pub(crate) const QUIET: Duration = Duration::from_millis(5);

/// A wall clock that shows so much less than it did was set back.
const SET_BACK: Duration = Duration::from_secs(1);

/// Barriers that are remembered at most; the first to end is forgotten when there is one more.
const BARRIERS: usize = 1_000;

/// The agenda of a tenant.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<(Timestamp, u64), Entry>,
    /// When each waiting answer is due; jobs are not looked up.
    due: HashMap<WaitId, Timestamp>,
    next: u64,
    /// Open requests that do not wait for the agenda.
    unbounded: usize,
    /// When something happened last, by the wall clock.
    busy: Option<Timestamp>,
    barriers: Vec<Barrier>,
}

/// What an answer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Wait {
    /// It is held.
    Hold,
    /// Its connection will be closed.
    Hang,
    /// Its next piece will be sent.
    Trickle,
}

/// An answer that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WaitId(u64);

impl WaitId {
    /// Of an answer that is on no agenda, and so waits no longer.
    pub(crate) const OVER: Self = Self(0);
}

#[derive(Debug)]
enum Entry {
    Wait { wait: Wait, exchange: u64 },
    Job { job: Box<Job>, exchange: u64 },
}

/// A wait that a client was told to keep.
#[derive(Clone, Debug)]
pub(crate) struct Barrier {
    /// Until when, in the tenant's time.
    pub(crate) until: Timestamp,
    /// What it is, in words.
    pub(crate) what: String,
    /// When it began, by the wall clock, and how long it is.
    pub(crate) since: Timestamp,
    pub(crate) length: Duration,
}

impl Barrier {
    /// What an exchange told its client to sit out.
    pub(crate) fn of(exchange: &Exchange) -> Option<Self> {
        let length = exchange.told_to_wait()?;
        let what = format!("`Retry-After` of exchange {}", exchange.seq);
        Some(Self { until: exchange.at.plus(length), what, since: exchange.wall_time, length })
    }
}

/// What a skipping clock may do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Skip {
    /// Jump there.
    To(Timestamp),
    /// Nothing now.
    Stay,
}

/// The agenda, as the control API shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgendaReport {
    /// The tenant's time.
    pub now: Timestamp,
    /// What is due, in order.
    pub due: Vec<Due>,
    /// What stops a skipping clock, if something is due after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<BlockedBy>,
}

/// One thing that is due.
#[derive(Debug, Serialize)]
pub struct Due {
    /// When, in the tenant's time.
    pub at: Timestamp,
    /// What.
    pub what: String,
    /// The exchange that waits for it, or started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<u64>,
}

/// What stops a skipping clock.
#[derive(Debug, Serialize)]
pub struct BlockedBy {
    /// Until when, in the tenant's time.
    pub at: Timestamp,
    /// A wait that a client was told to keep.
    pub what: String,
}

impl Agenda {
    /// An agenda with nothing on it, on which nothing is taken for what was on this one.
    pub(crate) fn emptied(&self) -> Self {
        Self { next: self.next, ..Self::default() }
    }

    /// Whether there is nothing on it.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts an answer on it that waits until `at`.
    pub(crate) fn wait(&mut self, at: Timestamp, wait: Wait, exchange: u64) -> WaitId {
        let id = self.insert(at, Entry::Wait { wait, exchange });
        self.due.insert(WaitId(id), at);
        WaitId(id)
    }

    /// When an answer is due; `None` when it is no longer on the agenda.
    pub(crate) fn due(&self, id: WaitId) -> Option<Timestamp> {
        self.due.get(&id).copied()
    }

    /// Removes an answer, because it no longer waits; `wall` is when.
    pub(crate) fn end(&mut self, id: WaitId, wall: Timestamp) {
        if let Some(at) = self.due.remove(&id) {
            self.entries.remove(&(at, id.0));
        }
        self.note_busy(wall);
    }

    /// Notes that an open request does not wait for the agenda or, with `false`, that this has ended.
    pub(crate) fn note_unbounded(&mut self, is_open: bool) {
        self.unbounded = if is_open { self.unbounded + 1 } else { self.unbounded.saturating_sub(1) };
    }

    /// Notes that something happened.
    pub(crate) fn note_busy(&mut self, wall: Timestamp) {
        self.busy = Some(wall);
    }

    /// Puts a job on it, which an exchange started.
    pub(crate) fn schedule(&mut self, job: Box<Job>, exchange: u64) {
        self.insert(job.due, Entry::Job { job, exchange });
    }

    /// The jobs, each with the time at which it is due now.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.entries.values().filter_map(|entry| match entry {
            Entry::Job { job, .. } => Some(&**job),
            Entry::Wait { .. } => None,
        })
    }

    /// Removes and returns the first job that is due by `now`.
    pub(crate) fn take_job(&mut self, now: Timestamp) -> Option<(Box<Job>, u64)> {
        let is_job = |entry: &Entry| matches!(entry, Entry::Job { .. });
        let (&key, _) = self.entries.range(..=(now, u64::MAX)).find(|(_, entry)| is_job(entry))?;
        match self.entries.remove(&key)? {
            Entry::Job { job, exchange } => Some((job, exchange)),
            Entry::Wait { .. } => None,
        }
    }

    /// Notes a wait that a client was told to keep.
    pub(crate) fn bar(&mut self, barrier: Barrier) {
        if self.barriers.len() >= BARRIERS {
            self.barriers.remove(0);
        }
        let place = self.barriers.partition_point(|known| known.until <= barrier.until);
        self.barriers.insert(place, barrier);
    }

    /// Forgets what clients were told to sit out, and notes this instead.
    pub(crate) fn set_barriers(&mut self, barriers: impl Iterator<Item = Barrier>) {
        self.barriers.clear();
        barriers.for_each(|barrier| self.bar(barrier));
    }

    /// Where a skipping clock that stands at `now` may jump to, when the wall clock shows `wall`. `boundary` is
    /// the next time at which rules change what they do.
    pub(crate) fn skip(&mut self, now: Timestamp, wall: Timestamp, boundary: Option<&Barrier>) -> Skip {
        let Some((&(next, _), _)) = self.entries.first_key_value() else { return Skip::Stay };
        let is_over = |busy: Timestamp| wall.since(busy) >= QUIET || busy.since(wall) >= SET_BACK;
        let is_quiet = self.unbounded == 0 && self.busy.is_none_or(is_over);
        // What is due now is being told.
        if next <= now || !is_quiet {
            return Skip::Stay;
        }
        match self.barrier(now, wall, boundary) {
            Some(barrier) if barrier.until <= next => Skip::Stay,
            _ => Skip::To(next),
        }
    }

    /// The first barrier after `now` that is still in force.
    fn barrier<'a>(
        &'a mut self,
        now: Timestamp,
        wall: Timestamp,
        boundary: Option<&'a Barrier>,
    ) -> Option<&'a Barrier> {
        let stands = |barrier: &Barrier| barrier.until > now && wall.since(barrier.since) < barrier.length;
        self.barriers.retain(stands);
        let boundary = boundary.filter(|barrier| stands(barrier));
        self.barriers.first().into_iter().chain(boundary).min_by_key(|barrier| barrier.until)
    }

    /// Moves all due times back by this much, when the clock is moved back: each wait keeps its remaining time.
    pub(crate) fn shift_back(&mut self, by: Duration) {
        let entries = std::mem::take(&mut self.entries).into_iter();
        self.entries = entries
            .map(|((at, id), mut entry)| {
                let at = at.minus(by);
                if let Entry::Job { job, .. } = &mut entry {
                    job.due = at;
                }
                ((at, id), entry)
            })
            .collect();
        self.due.values_mut().for_each(|at| *at = at.minus(by));
        for barrier in &mut self.barriers {
            barrier.until = barrier.until.minus(by);
        }
    }

    /// What is on it, in order.
    pub(crate) fn due_in_order(&self) -> Vec<Due> {
        self.entries.iter().map(|(&(at, _), entry)| entry.report(at)).collect()
    }

    /// What stops a skipping clock before the next event; `boundary` is as for [`Self::skip`].
    pub(crate) fn blocked_by(
        &mut self,
        now: Timestamp,
        wall: Timestamp,
        boundary: Option<&Barrier>,
    ) -> Option<BlockedBy> {
        let (&(next, _), _) = self.entries.first_key_value()?;
        let barrier = self.barrier(now, wall, boundary)?;
        (barrier.until <= next).then(|| BlockedBy { at: barrier.until, what: barrier.what.clone() })
    }

    fn insert(&mut self, at: Timestamp, entry: Entry) -> u64 {
        self.next += 1;
        self.entries.insert((at, self.next), entry);
        self.next
    }
}

impl Entry {
    fn report(&self, at: Timestamp) -> Due {
        match self {
            Self::Wait { wait, exchange } => {
                let what = match wait {
                    Wait::Hold => "a held answer is sent",
                    Wait::Hang => "a hanging connection is closed",
                    Wait::Trickle => "the next piece of an answer is sent",
                };
                Due { at, what: what.to_owned(), exchange: (*exchange > 0).then_some(*exchange) }
            }
            Self::Job { job, exchange } => {
                Due { at, what: job.what.clone(), exchange: (*exchange > 0).then_some(*exchange) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn barrier(until: i64, since: i64) -> Barrier {
        let length = at(until).since(at(0));
        Barrier { until: at(until), what: "`Retry-After` of exchange 1".to_owned(), since: at(since), length }
    }

    #[test]
    fn a_skipping_clock_jumps_to_the_next_event_when_nothing_else_can_happen() {
        let mut agenda = Agenda::default();
        assert_eq!(agenda.skip(at(0), at(0), None), Skip::Stay);
        agenda.wait(at(60), Wait::Hold, 1);
        let sooner = agenda.wait(at(30), Wait::Hang, 2);
        assert_eq!(agenda.skip(at(0), at(0), None), Skip::To(at(30)));
        // What is due is being sent.
        assert_eq!(agenda.skip(at(30), at(0), None), Skip::Stay);
        agenda.end(sooner, at(5));
        assert_eq!(agenda.skip(at(30), at(5), None), Skip::Stay);
        assert_eq!(agenda.skip(at(30), at(5).plus(QUIET), None), Skip::To(at(60)));
    }

    #[test]
    fn a_skipping_clock_stays_while_a_request_waits_for_something_else() {
        let mut agenda = Agenda::default();
        agenda.wait(at(60), Wait::Hold, 1);
        agenda.note_unbounded(true);
        assert_eq!(agenda.skip(at(0), at(9), None), Skip::Stay);
        agenda.note_unbounded(false);
        assert_eq!(agenda.skip(at(0), at(9), None), Skip::To(at(60)));
        agenda.note_busy(at(9));
        assert_eq!(agenda.skip(at(0), at(9), None), Skip::Stay);
    }

    #[test]
    fn a_skipping_clock_goes_on_when_the_wall_clock_is_set_back() {
        let mut agenda = Agenda::default();
        agenda.wait(at(60), Wait::Hold, 1);
        agenda.note_busy(at(3_600));
        assert_eq!(agenda.skip(at(0), at(3_600), None), Skip::Stay);
        assert_eq!(agenda.skip(at(0), at(5), None), Skip::To(at(60)));
    }

    #[test]
    fn a_skipping_clock_stops_at_what_a_client_was_told_to_sit_out() {
        let mut agenda = Agenda::default();
        agenda.bar(barrier(10, 0));
        agenda.wait(at(60), Wait::Hold, 2);
        assert_eq!(agenda.skip(at(0), at(1), None), Skip::Stay);
        assert_eq!(agenda.blocked_by(at(0), at(1), None).unwrap().at, at(10));
        // The machine's time has passed as well.
        assert_eq!(agenda.skip(at(0), at(10), None), Skip::To(at(60)));
        assert!(agenda.blocked_by(at(0), at(10), None).is_none());
    }

    #[test]
    fn a_barrier_after_the_next_event_blocks_nothing() {
        let mut agenda = Agenda::default();
        agenda.bar(barrier(90, 0));
        agenda.wait(at(60), Wait::Hold, 2);
        assert_eq!(agenda.skip(at(0), at(1), None), Skip::To(at(60)));
        assert!(agenda.blocked_by(at(0), at(1), None).is_none());
        let boundary = barrier(50, 0);
        assert_eq!(agenda.skip(at(0), at(1), Some(&boundary)), Skip::Stay);
        assert_eq!(agenda.blocked_by(at(0), at(1), Some(&boundary)).unwrap().at, at(50));
    }

    #[test]
    fn each_wait_keeps_its_remaining_time_when_the_clock_is_moved_back() {
        let mut agenda = Agenda::default();
        let (first, second) = (agenda.wait(at(60), Wait::Hold, 1), agenda.wait(at(70), Wait::Trickle, 2));
        agenda.shift_back(Duration::from_secs(50));
        assert_eq!([agenda.due(first), agenda.due(second)], [Some(at(10)), Some(at(20))]);
        agenda.end(first, at(0));
        let due: Vec<_> = agenda.due_in_order().iter().map(|due| (due.at, due.exchange)).collect();
        assert_eq!(due, [(at(20), Some(2))]);
    }

    #[test]
    fn entries_of_a_former_agenda_are_not_confused_with_new_ones() {
        let mut agenda = Agenda::default();
        let before = agenda.wait(at(60), Wait::Hold, 1);
        let mut agenda = agenda.emptied();
        let after = agenda.wait(at(90), Wait::Hold, 1);
        assert_eq!([agenda.due(before), agenda.due(after)], [None, Some(at(90))]);
    }
}
