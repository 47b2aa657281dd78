//! Watches a run: looks at its tenant's journal again and again, and says when the run has to be stopped, and why. Times
//! count from the first call, because a busy machine starts commands late.

use std::time::{Duration, Instant};

use sync_group_sim::drill::{Stop, attempts_under_way};
use sync_group_sim::{JournalFilter, TenantHandle};

/// How long a run may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Until its first call.
    pub(super) before_first: Duration,
    /// From its first call to its end, waits that its scenario asks for included.
    pub(super) deadline: Duration,
    /// So much longer, while a call has failed and the client may try it again, and has not done so too often.
    pub(super) beyond: Duration,
    /// More attempts than this at one call are too many.
    pub(super) most_attempts: usize,
    /// An answer that never comes is left open for so long.
    pub(super) silence: Duration,
    /// More calls than this have no end.
    pub(super) most_calls: usize,
}

/// How often a run is looked at.
pub(super) const EVERY: Duration = Duration::from_millis(20);

/// How many of the latest calls say whether a client tries the same again.
const LOOKED_AT: u64 = 64;

/// More output than this has no end, in bytes.
pub(super) const MOST_OUTPUT: u64 = 256 << 20;

/// The machine's clock.
#[expect(clippy::disallowed_methods, reason = "a drill measures how long commands take")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// A run that is watched.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    tenant: &'a TenantHandle,
    pace: Pace,
    started: Instant,
    first: Option<Instant>,
    latest: Instant,
    seen: u64,
    calls: usize,
    /// Calls whose clients wait for an answer that does not come.
    silent: Vec<u64>,
    silent_since: Option<Instant>,
    /// How long there were such calls before.
    silent_before: Duration,
}

impl<'a> Watch<'a> {
    pub(super) fn new(tenant: &'a TenantHandle, pace: Pace, started: Instant) -> Self {
        Self {
            tenant,
            pace,
            started,
            first: None,
            latest: started,
            seen: 0,
            calls: 0,
            silent: Vec::new(),
            silent_since: None,
            silent_before: Duration::ZERO,
        }
    }

    /// Looks, and says whether the run has to be stopped.
    pub(super) fn look(&mut self, now: Instant, output_bytes: u64) -> Option<Stop> {
        self.look_at_calls(now);
        self.look_at_silence(now);
        if output_bytes > MOST_OUTPUT {
            return Some(Stop::TooMuchOutput);
        }
        if self.calls > self.pace.most_calls {
            return Some(Stop::TooManyCalls);
        }
        let Some(first) = self.first else {
            let waited = now.saturating_duration_since(self.started);
            return (waited > self.pace.before_first).then_some(Stop::NoCall(waited));
        };
        if let Some(since) = self.silent_since {
            return (now.saturating_duration_since(since) > self.pace.silence).then_some(Stop::Silence);
        }
        let took = now.saturating_duration_since(first).saturating_sub(self.silent_before);
        let is_over = took > self.pace.deadline
            && (took > self.pace.deadline + self.pace.beyond || !self.is_trying_again(now));
        is_over.then_some(Stop::Deadline)
    }

    /// When the first call was seen.
    pub(super) fn first_call(&self) -> Option<Instant> {
        self.first
    }

    /// Whether the client is at attempts at one call that may come to an end.
    fn is_trying_again(&self, now: Instant) -> bool {
        let filter = JournalFilter { after: self.seen.saturating_sub(LOOKED_AT), ..JournalFilter::default() };
        let latest = self.tenant.exchanges(&filter);
        let since = now.saturating_duration_since(self.latest);
        attempts_under_way(&latest).is_some_and(|under_way| {
            under_way.attempts <= self.pace.most_attempts && under_way.may_go_on(since.saturating_sub(EVERY))
        })
    }

    fn look_at_calls(&mut self, now: Instant) {
        let filter = JournalFilter { after: self.seen, ..JournalFilter::default() };
        let new = self.tenant.exchanges(&filter);
        if let Some(last) = new.last() {
            self.seen = last.seq;
            self.first.get_or_insert(now);
            self.latest = now;
        }
        self.calls += new.len();
        let silent = new.iter().filter(|exchange| exchange.is_silent_for(self.pace.silence));
        self.silent.extend(silent.map(|exchange| exchange.seq));
    }

    fn look_at_silence(&mut self, now: Instant) {
        let (tenant, silence) = (self.tenant, self.pace.silence);
        self.silent.retain(|seq| {
            let filter = JournalFilter { after: seq - 1, limit: 1, ..JournalFilter::default() };
            tenant.exchanges(&filter).first().is_some_and(|exchange| exchange.is_silent_for(silence))
        });
        match (self.silent.is_empty(), self.silent_since) {
            (false, None) => self.silent_since = Some(now),
            (true, Some(since)) => {
                self.silent_before += now.saturating_duration_since(since);
                self.silent_since = None;
            }
            _ => {}
        }
    }
}
