//! How far a client that comes back before it may is pushed back: a count of its early returns, and the wait that
//! follows from them. Each 429 opens an interval that is as long as the wait it tells. A call within it comes early,
//! and opens the next one.

use std::time::Duration;

use super::fault::Escalates;
use crate::clock::{Timestamp, format_duration};

/// What is remembered of a client that is told to wait. Default: it was told nothing yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Pushed {
    /// When it may come back.
    until: Option<Timestamp>,
    /// How long it was told to stay away, last time.
    wait: Duration,
    /// When it came early, in the time that counts.
    early: Vec<Timestamp>,
    /// How many of the longer waits it has reached.
    steps: usize,
    /// When the latest of these is over.
    longer_until: Option<Timestamp>,
}

impl Pushed {
    /// Whether a call comes before it may.
    pub(super) fn is_early(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// What it is after a call at `now` that gets a 429, which says `usual` as long as nothing is held against the
    /// client.
    pub(super) fn after_call(&self, escalates: &Escalates, usual: Duration, now: Timestamp) -> Self {
        let mut next = self.clone();
        if next.longer_until.is_some_and(|over| now >= over.plus(escalates.forget.0)) {
            next.steps = 0;
        }
        next.early.retain(|at| now.since(*at) < escalates.within.0);
        if !self.is_early(now) {
            next.wait = usual;
            next.until = Some(now.plus(next.wait));
            return next;
        }
        next.early.push(now);
        let mut is_longer = self.until == self.longer_until;
        if next.early.len() as u64 >= escalates.after {
            next.early.clear();
            next.steps = (next.steps + 1).min(escalates.to.len());
            next.wait = escalates.to[next.steps - 1].0;
            is_longer = true;
        }
        next.until = Some(now.plus(next.wait));
        if is_longer {
            next.longer_until = next.until;
        }
        next
    }

    /// How long the client is told to stay away.
    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    /// When it may come back.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// What is held against the client, for the journal.
    pub(super) fn in_words(&self) -> String {
        format!(
            "early calls: {}, longer waits: {}, told {}",
            self.early.len(),
            self.steps,
            format_duration(self.wait)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Format};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn escalates(text: &str) -> Escalates {
        Document { name: "escalates", text, format: Format::Yaml }.read().unwrap()
    }

    /// The waits that a client is told which calls at these seconds.
    fn told(escalates: &Escalates, calls: &[i64]) -> Vec<u64> {
        let mut pushed = Pushed::default();
        let told = calls.iter().map(|call| {
            pushed = pushed.after_call(escalates, seconds(2), at(*call));
            pushed.wait().as_secs()
        });
        told.collect()
    }

    #[test]
    fn three_early_calls_within_the_time_lead_to_each_of_the_longer_waits() {
        let eager: Vec<_> = (0..=15).collect();
        let expected = [2, 2, 2, 60, 60, 60, 300, 300, 300, 600, 600, 600, 1_200, 1_200, 1_200, 1_200];
        assert_eq!(told(&escalates("{}"), &eager), expected);
    }

    #[test]
    fn who_comes_back_in_time_is_never_pushed_back() {
        assert_eq!(told(&escalates("{}"), &[0, 2, 4, 6, 8, 10]), [2; 6]);
        // Two early calls, and a third one when the first no longer counts.
        assert_eq!(told(&escalates("within: 10s"), &[0, 1, 2, 10, 11]), [2; 5]);
        assert_eq!(told(&escalates("within: 10s"), &[0, 1, 2, 9, 10]), [2, 2, 2, 2, 60]);
    }

    #[test]
    fn a_longer_wait_is_remembered_for_a_time_after_its_end() {
        let escalates = escalates("{after: 1, to: [60s, 300s], forget: 100s}");
        assert_eq!(told(&escalates, &[0, 1, 61, 62]), [2, 60, 2, 300]);
        assert_eq!(told(&escalates, &[0, 1, 158, 159]), [2, 60, 2, 300]);
        assert_eq!(told(&escalates, &[0, 1, 161, 162]), [2, 60, 2, 60]);
    }
}
