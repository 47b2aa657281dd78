//! `timeout-too-short`: a client that gives up on answers that are on their way, and asks again.

use std::time::Duration;

use crate::verdict::chain::Chain;
use crate::verdict::text::{counted, wait};
use crate::verdict::{Call, Case, End, Group, Needs, Outcome, Severity, Verdict};

/// An answer that takes longer may be given up.
const SLOW: Duration = Duration::from_secs(8);

/// Who leaves a call because of another leaves it so soon.
const AT_ONCE: Duration = Duration::from_millis(250);

pub(super) static VERDICT: Verdict = Verdict {
    id: "timeout-too-short",
    severity: Severity::Warning,
    group: Group::Ends,
    needs: Needs::CleanRun,
    scenarios: &["slow-then-fine", "token-endpoint-slow", "long-tail-latency"],
    explains: &[],
    checks: "The client does not give up an answer that would have come within 8 s, only to ask again.",
    why: "A service that is slow for a moment is asked again and again, which makes it slower; and a write that was given \
          up has happened all the same.",
    advice: "Give a call 10 s or more before you give it up.",
    source: "AWS Well-Architected REL05-BP05 (set client timeouts); Google Cloud Storage, Retry strategy",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let is_slow =
        |call: &Call| call.hold.is_some_and(|hold| hold <= SLOW && hold >= Duration::from_millis(500));
    if !case.run.calls.iter().any(is_slow) {
        return Outcome::not_applicable("no answer was held back for a while, or for too long");
    }
    let chains = case.run.chains();
    let pairs = chains.iter().flat_map(Chain::pairs);
    let is_given_up = |one: &Call| {
        let is_early = one.left.zip(one.hold).is_some_and(|(left, hold)| one.arrived.until(left) < hold);
        let has_left = one.end == End::ClientLeft && one.bytes.0 == 0 && is_early;
        is_slow(one) && has_left && !is_left_for_another(case, one)
    };
    let given_up: Vec<(&Call, &Call)> = pairs.filter(|(one, _)| is_given_up(one)).collect();
    let waits = given_up.iter().filter_map(|(one, _)| Some(one.arrived.until(one.left?)));
    let Some(longest) = waits.max() else { return Outcome::Ok };
    let message = format!(
        "Gave up after {}, {}; the answer was on its way.",
        wait(longest),
        counted(given_up.len(), "time", "times")
    );
    let shown = given_up.iter().flat_map(|(one, next)| [*one, *next]);
    let mut shown: Vec<_> = shown.collect();
    shown.dedup_by_key(|call| call.seq);
    Outcome::Found(vec![VERDICT.finding(message, shown).measured("waited", longest.as_secs_f64())])
}

/// Whether the client left it because another call that was open beside it had just ended: one of several that were
/// begun together failed, say, and the others with it.
fn is_left_for_another(case: &Case<'_>, call: &Call) -> bool {
    let Some(left) = call.left else { return false };
    let others =
        case.run.calls.iter().filter(|other| other.number != call.number && other.client == call.client);
    let has_just_ended = |other: &Call| {
        other.ended().is_some_and(|ended| ended.is_before(left) && ended.until(left) < AT_ONCE)
    };
    others.into_iter().any(|other| has_just_ended(other) && other.is_open_beside(call))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Run;
    use crate::verdict::example::{LIST, Script, beside, found, is_not_applicable, is_ok, moment, run};

    fn held(script: Script, seconds: u64) -> Script {
        script.get(LIST).told(200).but(|call| call.hold = Some(Duration::from_secs(seconds)))
    }

    fn left(script: Script) -> Script {
        script.left(1.0).but(|call| {
            (call.end, call.told, call.bytes, call.answer) =
                (End::ClientLeft, None, (0, 2), crate::verdict::Answer::Nothing);
        })
    }

    fn judged(run: &Run) -> Outcome {
        beside(&VERDICT, &self::run().get(LIST).exits(0), run)
    }

    #[test]
    fn who_gives_up_and_asks_again_is_found() {
        let outcome = judged(&left(held(left(held(run(), 8)), 8)).get(LIST).exits(0));
        assert_eq!(found(&outcome).message, "Gave up after 1.00 s, 2 times; the answer was on its way.");
        assert_eq!(found(&outcome).exchanges, [1, 2, 3]);
    }

    #[test]
    fn who_waits_or_ends_is_fine() {
        is_ok(&judged(&held(run(), 8).took(8.0).exits(0)));
        is_ok(&judged(&left(held(run(), 8)).exits(1)));
    }

    #[test]
    fn where_the_tenants_clock_stands_whoever_waited_as_long_as_it_takes_has_waited() {
        let waited = |seconds| left(held(run(), 6)).left(seconds).get(LIST).exits(0);
        is_ok(&judged(&waited(10.0)));
        found(&judged(&waited(5.0)));
    }

    #[test]
    fn the_slower_one_of_two_hedged_reads_is_not_given_up() {
        let slower = |call: &mut Call| call.left = Some(moment(1.002));
        let hedged = || left(held(run(), 8)).but(slower).get(LIST).at(1.0).on(2);
        is_ok(&judged(&hedged().get(LIST).at(2.0).exits(0)));
        is_ok(&judged(&hedged().get(LIST).at(2.0).told(503).get(LIST).at(3.0).exits(0)));
    }

    #[test]
    fn a_call_that_is_left_because_one_beside_it_failed_is_not_given_up() {
        let beside = left(held(run(), 8)).get("/v2024/sources").at(0.5).took(0.499).told(503);
        is_ok(&judged(&beside.get(LIST).at(2.0).exits(0)));
        let long_before = left(held(run(), 8)).get("/v2024/sources").at(0.1).told(503);
        found(&judged(&long_before.get(LIST).at(2.0).exits(0)));
    }

    #[test]
    fn a_longer_wait_may_be_given_up() {
        is_not_applicable(&judged(&left(held(run(), 30)).get(LIST).exits(0)));
        is_not_applicable(&judged(&run().get(LIST).exits(0)));
    }
}
