//! Attempts at one call as the drill itself needs them: which are under way when a run's time is over, and, for clients
//! that number them in a header field (`--attempt-header`), which begin anew. What they say about the client is for
//! verdicts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::journal::Exchange;
use crate::verdict::{Call, Run};

/// Attempts at one call that have failed so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// How many, two or more.
    pub attempts: usize,
    /// The longest time from one to the next.
    pub longest_wait: Duration,
}

/// The attempts that the latest of these exchanges belongs to; `None` when it does not repeat one that failed.
pub fn attempts_under_way(latest: &[Exchange]) -> Option<UnderWay> {
    under_way(&Run::of_tenant(latest, 0).calls)
}

fn under_way(calls: &[Call]) -> Option<UnderWay> {
    let last = calls.iter().rev().find(|call| !call.is_token())?;
    let same = calls.iter().rev().filter(|call| call.key == last.key);
    let failed: Vec<_> = same.take_while(|call| call.has_failed() && call.may_pass()).collect();
    let waits = failed.windows(2).map(|pair| pair[1].arrived.until(pair[0].arrived));
    Some(UnderWay { attempts: failed.len(), longest_wait: waits.max()? })
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
    fn none_are_after_a_first_failure_a_success_or_a_refusal() {
        let twice = || run().get(LIST).told(503).get(LIST).after(1.0);
        for run in
            [run().get(LIST).told(503), twice(), twice().told(503).get("/v2024/x"), twice().refused(403)]
        {
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
