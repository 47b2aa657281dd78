//! Attempts at one call as the drill itself needs them: which are under way when a run's time is over, and, for clients
//! that number them in a header field (`--attempt-header`), which begin anew. What they say about the client is for
//! verdicts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::journal::Exchange;
use crate::verdict::{Call, LONGEST_BACKOFF, Run};

/// Attempts at one call that have failed so far, in ways that may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// How many, one or more.
    pub attempts: usize,
    /// The longest time from one to the next.
    longest_wait: Duration,
    /// How long the latest took, as far as it is over.
    took: Duration,
}

impl UnderWay {
    /// Whether another may still come, so long after the latest one had arrived.
    pub fn may_go_on(&self, since: Duration) -> bool {
        since <= self.took + (3 * self.longest_wait).max(LONGEST_BACKOFF)
    }
}

/// The attempts that the latest of these exchanges belongs to; `None` when it did not fail in a way that may pass.
pub fn attempts_under_way(latest: &[Exchange]) -> Option<UnderWay> {
    under_way(&Run::of_tenant(latest, 0).calls)
}

fn under_way(calls: &[Call]) -> Option<UnderWay> {
    let has_failed = |call: &Call| call.has_failed() && call.may_pass();
    let last = calls.last().filter(|call| has_failed(call));
    let last = last.or_else(|| calls.iter().rev().find(|call| !call.is_token()))?;
    let same = calls.iter().rev().filter(|call| call.key == last.key);
    let failed: Vec<_> = same.take_while(|call| has_failed(call)).collect();
    let waits = failed.windows(2).map(|pair| pair[1].arrived.until(pair[0].arrived));
    let took = last.ended().map_or(Duration::ZERO, |ended| last.arrived.until(ended));
    let longest_wait = waits.max().unwrap_or_default();
    (!failed.is_empty()).then_some(UnderWay { attempts: failed.len(), longest_wait, took })
}

/// Tells calls apart by the numbers of their attempts.
pub(super) fn tell_apart(run: &mut Run, header: &str, exchanges: &[Exchange]) {
    let mut seen: HashMap<u64, (u64, u64)> = HashMap::new();
    for (call, exchange) in run.calls.iter_mut().zip(exchanges) {
        let request = exchange.request.unpack();
        let told = request.headers.get(header).and_then(|value| number_in(value.to_str().ok()?));
        let Some(attempt) = told else { continue };
        let (which, last) = seen.entry(call.key).or_insert((0, 0));
        if attempt <= *last {
            *which += 1;
        }
        *last = attempt;
        if *which > 0 {
            let mut hasher = DefaultHasher::new();
            (call.key, *which).hash(&mut hasher);
            call.key = hasher.finish();
        }
    }
}

/// The first number in a text: `2` of `attempt=2; max=3`.
fn number_in(text: &str) -> Option<u64> {
    let from = text.find(|c: char| c.is_ascii_digit())?;
    let digits: String = text[from..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{LIST, run};

    #[test]
    fn attempts_are_under_way_while_the_latest_call_repeats_one_that_failed() {
        let failing = run().get(LIST).told(503).get(LIST).after(1.0).told(503).get(LIST).after(4.0).told(503);
        let under_way = under_way(&failing.done().calls).expect("attempts");
        assert_eq!(under_way.attempts, 3);
        assert!(under_way.longest_wait > Duration::from_secs(3), "{under_way:?}");
    }

    #[test]
    fn another_may_come_after_a_wait_such_as_clients_make() {
        for failing in [run().get(LIST).told(503), run().token("t").told(503)] {
            let under_way = under_way(&failing.done().calls).expect("attempts");
            assert_eq!(under_way.attempts, 1);
            assert!(under_way.may_go_on(Duration::from_mins(1)), "{under_way:?}");
            assert!(!under_way.may_go_on(Duration::from_secs(70)), "{under_way:?}");
        }
    }

    #[test]
    fn none_are_after_a_success_or_a_refusal() {
        let twice = || run().get(LIST).told(503).get(LIST).after(1.0);
        for run in [twice(), twice().told(503).get("/v2024/x"), twice().refused(403)] {
            assert_eq!(under_way(&run.done().calls), None);
        }
    }

    #[test]
    fn the_number_of_an_attempt_is_the_first_in_the_field() {
        for (text, number) in [("2", Some(2)), ("attempt=2; max=3", Some(2)), ("", None), ("first", None)] {
            assert_eq!(number_in(text), number, "{text}");
        }
    }
}
