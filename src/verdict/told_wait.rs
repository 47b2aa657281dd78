//! Waits that the client was told to make, and how long it waited: what the verdicts on `Retry-After` have in common.

use std::time::Duration;

use super::attempts::Callers;
use super::{Call, Case, RetryAfter};

/// Waiting longer than this is a matter of the client's patience: whoever came back after it has capped the wait.
pub(super) const CAPPED: Duration = Duration::from_secs(10);
/// Whoever cannot wait for as long as that may try once more before the own time is over.
const LAST_TRY: Duration = Duration::from_secs(5);
/// A timer of 32 bits counts this many milliseconds; some fire at once when they are given more.
pub(super) const TIMER_MS: u128 = i32::MAX as u128;

/// A wait that was told, and the call that followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToldWait<'a> {
    pub(super) told: &'a Call,
    pub(super) next: &'a Call,
    /// How long the client was asked to stay away.
    pub(super) asked: Duration,
    pub(super) waited: Duration,
    /// Whether it was told as a date.
    pub(super) is_date: bool,
    /// Whether nothing but this one attempt came after it.
    is_last: bool,
}

/// The waits that were told in a run.
#[derive(Debug, Default)]
pub(super) struct ToldWaits<'a> {
    /// Those of which it is sure that the same caller came back.
    pub(super) sure: Vec<ToldWait<'a>>,
    /// How many calls came early, but perhaps from another thread or program.
    pub(super) unsure: usize,
}

impl ToldWait<'_> {
    /// How much too early the client came; `None` when it did not.
    pub(super) fn early_by(&self) -> Option<Duration> {
        let bound = self.asked.min(CAPPED);
        let tolerance = Duration::from_millis(20).max(bound / 100);
        let is_last_try = self.asked > CAPPED && self.is_last && self.waited >= LAST_TRY;
        (self.waited + tolerance < bound && !is_last_try).then(|| bound.saturating_sub(self.waited))
    }

    /// Whether it is a date that was missed by less than the second that a date leaves out.
    pub(super) fn is_rounded(&self) -> bool {
        self.is_date && self.early_by().is_some_and(|early| early < Duration::from_secs(1))
    }

    /// Whether a limit asked for it, and not a service that is away for a while.
    pub(super) fn is_limit(&self) -> bool {
        self.told.status.is_none_or(|status| status < 500)
    }

    /// Whether it is more than a timer of 32 bits can hold.
    pub(super) fn overflows(&self) -> bool {
        self.asked.as_millis() > TIMER_MS
    }
}

impl<'a> ToldWaits<'a> {
    pub(super) fn of(case: Case<'a>) -> Self {
        let callers = Callers::of(case);
        let mut waits = Self::default();
        for chain in case.run.chains() {
            let last = chain.last().number;
            for (told, next) in chain.pairs() {
                let Some(wait) = told_wait(told, next, last) else { continue };
                let is_early = wait.early_by().is_some();
                if callers.follow_each_other(told, next, wait.waited)
                    && !(is_early && callers.may_be_hedge(told))
                {
                    waits.sure.push(wait);
                } else {
                    waits.unsure += usize::from(is_early);
                }
            }
        }
        waits
    }

    /// Whether some run shows that the client honours a wait in seconds, and none that it does not.
    pub(super) fn honours_seconds(case: Case<'a>) -> bool {
        let runs = case.all.iter().map(|run| Self::of(case.of(run)));
        let waits = runs.chain([Self::of(case)]).flat_map(|waits| waits.sure);
        let mut usual =
            waits.filter(|wait| wait.is_limit() && !wait.is_date && wait.asked <= CAPPED).peekable();
        usual.peek().is_some() && usual.all(|wait| wait.early_by().is_none())
    }
}

fn told_wait<'a>(told: &'a Call, next: &'a Call, last: usize) -> Option<ToldWait<'a>> {
    let asked = asked(told)?;
    let waited = told.ended()?.until(next.arrived);
    let is_date = matches!(told.retry_after, Some(RetryAfter::Date(..)));
    let is_last = next.number == last;
    (!asked.is_zero()).then_some(ToldWait { told, next, asked, waited, is_date, is_last })
}

/// How long it asks the client to wait. A date that the client may have held against its own clock, as it should not,
/// counts by that clock where it is the shorter time.
fn asked(told: &Call) -> Option<Duration> {
    let asked = told.asked_to_wait()?;
    match told.retry_after {
        Some(RetryAfter::Date(..)) if told.ahead_ms < 0 => {
            Some(asked.saturating_sub(Duration::from_millis(told.ahead_ms.unsigned_abs())))
        }
        _ => Some(asked),
    }
}
