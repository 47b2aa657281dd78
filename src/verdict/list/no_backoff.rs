//! `no-backoff`: the client tries again and again without any wait.

use crate::verdict::attempts::{Callers, Crowd};
use crate::verdict::chain::Chain;
use crate::verdict::pace::{RETRIES, RUNS, all_without_backoff, no_wait_below, without_backoff};
use crate::verdict::spacing::{gaps, stretches};
use crate::verdict::text::wait;
use crate::verdict::{Call, Case, Finding, Group, Needs, Outcome, RunKind, Severity, Verdict};

/// So many attempts of one caller without a wait are too many.
const MANY: usize = 6;

/// A client that needs longer than this from one call to the next, in seconds, cannot be told from one that waits.
const SLOW_S: f64 = 0.03;

pub(super) static VERDICT: Verdict = Verdict {
    id: "no-backoff",
    severity: Severity::Error,
    group: Group::Waits,
    needs: Needs::Journal,
    scenarios: &["fails-twice-then-works", "outage-and-recovery", "connection-resets", "token-endpoint-down"],
    explains: &[],
    checks: "Attempts after failures that may pass do not follow each other at the client's usual pace: five further \
             attempts at one call, or three at each of three calls and of most that are tried so often, in which the \
             median wait is below 10 ms more than that pace (30 ms for a slow client) and none is longer by 60 ms. Over six equal \
             runs two further attempts each are enough where three of four come within 10 ms. Of a call that the clean run makes \
             several times, by whatever threads or programs, it takes as many times more. Waits that the service asked for \
             are not looked at here.",
    why: "An outage ends with time, not with calls. Whoever tries again at once uses up all attempts before anything can \
          have changed, and adds to the load that the service cannot bear.",
    advice: "Wait before each attempt, longer each time, and draw the wait at random: 1 s, 2 s, 4 s, up to a cap.",
    source: "AWS Well-Architected REL05-BP03; Microsoft Graph throttling (avoid immediate retries)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    if case.run.is_clock_moved() {
        return Outcome::not_applicable("the tenant's clock was moved");
    }
    let pace_s = case.clean.map_or(0.0, |clean| clean.pace().as_secs_f64());
    if pace_s > SLOW_S {
        return Outcome::not_applicable("the client's usual pace is too slow to be told from a wait");
    }
    let of_several = of_several(case, no_wait_below(pace_s));
    if !of_several.is_empty() {
        return Outcome::of(of_several);
    }
    let chains = chains(case);
    let long: Vec<_> = chains.iter().filter(|chain| chain.repetitions() >= RETRIES).collect();
    let bad = if long.is_empty() {
        let waits: Vec<_> = chains.iter().map(gaps).collect();
        if waits.len() < RUNS {
            return Outcome::not_applicable(
                "no call was tried again three times after failures that may pass",
            );
        }
        if all_without_backoff(&waits, pace_s) { chains.iter().collect() } else { Vec::new() }
    } else {
        let waits: Vec<_> = long.iter().map(|chain| gaps(chain)).collect();
        let bad = without_backoff(&waits, no_wait_below(pace_s));
        bad.into_iter().map(|place| long[place]).collect()
    };
    // Chains of several runs are judged together; each run tells of its own.
    let is_own = |chain: &&Chain<'_>| case.run.calls.iter().any(|call| std::ptr::eq(call, chain.first()));
    Outcome::of(bad.into_iter().filter(is_own).map(finding).collect())
}

/// Chains in which the client tried again twice, or more often. Equal runs of a probe are judged together.
fn chains<'a>(case: &Case<'a>) -> Vec<Chain<'a>> {
    let is_probe =
        matches!(case.run.kind, RunKind::Probe(_)) && case.probe().any(|run| std::ptr::eq(run, case.run));
    let runs = if is_probe { case.probe().collect() } else { vec![case.run] };
    let chains = runs.into_iter().flat_map(|run| {
        let callers = Callers::of(case.of(run));
        [callers.attempts(), callers.by_connection()].concat()
    });
    let stretches = chains.flat_map(|chain| stretches(&chain));
    let least = if is_probe { RETRIES - 1 } else { RETRIES };
    stretches.filter(|chain| chain.repetitions() >= least).collect()
}

/// Calls that several callers may have made, one of whom tried again and again without a wait: as often as all did on
/// average, in as much time as all had.
fn of_several(case: &Case<'_>, bound_s: f64) -> Vec<Finding> {
    let crowds = Callers::of(*case).crowds();
    crowds.iter().filter_map(|crowd| hammering(crowd, bound_s)).map(|calls| told(&calls)).collect()
}

/// The calls of the first such time.
fn hammering<'a>(crowd: &Crowd<'a>, bound_s: f64) -> Option<Vec<&'a Call>> {
    let counts = |call: &&&Call| call.may_pass() && call.asked_to_wait().is_none() && !call.is_replay;
    let failed: Vec<&Call> = crowd.calls.iter().filter(counts).copied().collect();
    // One of them made `MANY` of so many, at least.
    let enough = (MANY - 1) * crowd.callers + 1;
    #[expect(clippy::cast_precision_loss, reason = "there are few")]
    let longest_s = bound_s * (MANY - 1) as f64;
    let is_quick =
        |calls: &&[&Call]| calls[0].arrived.until(calls[enough - 1].arrived).as_secs_f64() < longest_s;
    failed.windows(enough).find(is_quick).map(<[&Call]>::to_vec)
}

fn told(calls: &[&Call]) -> Finding {
    let (first, last) = (calls[0], calls[calls.len() - 1]);
    let times = calls.len();
    let message = format!(
        "Tried {times} times in {}. An outage needs time, not calls.",
        wait(first.arrived.until(last.arrived))
    );
    VERDICT.finding(message, calls.iter().copied().take(20)).measured("attempts", times)
}

fn finding(chain: &Chain<'_>) -> Finding {
    let longest = gaps(chain).into_iter().fold(0.0, f64::max);
    told(&chain.calls).measured("longestWait", longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, Script, alone, among, beside, found, is_not_applicable, is_ok, run, tenant,
    };
    use crate::verdict::{Call, Probe, Run};

    fn failing(script: Script, target: &str, waits: &[f64]) -> Script {
        let first = script.get(target).told(503);
        waits.iter().fold(first, |script, wait| script.get(target).after(*wait).told(503))
    }

    fn clean() -> Run {
        run().get(LIST).exits(0)
    }

    #[test]
    fn five_more_attempts_at_once_are_too_many() {
        let hammer = failing(run(), LIST, &[0.001; 5]).exits(1);
        let outcome = beside(&VERDICT, &clean(), &hammer);
        assert!(found(&outcome).message.starts_with("Tried 6 times in 5.5 ms."), "{outcome:?}");
        found(&alone(&VERDICT, &failing(tenant(), LIST, &[0.001; 5]).done()));
    }

    #[test]
    fn so_are_three_chains_of_three() {
        let three = ["/v2024/a", "/v2024/b", "/v2024/c"];
        let run = three.iter().fold(run(), |run, target| failing(run, target, &[0.001; 3])).exits(1);
        let Outcome::Found(findings) = beside(&VERDICT, &clean(), &run) else { panic!("three findings") };
        assert_eq!(findings.len(), 3);
        is_ok(&beside(
            &VERDICT,
            &clean(),
            &failing(super::super::super::example::run(), LIST, &[0.001; 3]).exits(1),
        ));
    }

    #[test]
    fn a_few_quick_chains_among_others_that_wait_are_chance() {
        let calls = ["/v2024/a", "/v2024/b", "/v2024/c", "/v2024/d", "/v2024/e", "/v2024/f"];
        let chain = |run, (nth, target): (usize, &&str)| {
            failing(run, target, if nth < 3 { &[0.001; 3] } else { &[0.1; 3] })
        };
        is_ok(&beside(&VERDICT, &clean(), &calls.iter().enumerate().fold(run(), chain).exits(1)));
    }

    #[test]
    fn runs_of_a_probe_are_judged_together_and_told_apart() {
        let probe = || failing(run().of_kind(RunKind::Probe(Probe::Unavailable)), LIST, &[0.001; 3]).exits(1);
        found(&among(&VERDICT, &clean(), &[probe(), probe(), probe()]));
        is_ok(&among(&VERDICT, &clean(), &[probe(), probe()]));
    }

    #[test]
    fn two_more_attempts_at_once_in_each_of_six_runs_are_found() {
        let probe =
            |wait| failing(run().of_kind(RunKind::Probe(Probe::Unavailable)), LIST, &[wait; 2]).exits(1);
        let runs = |quick, slow| [vec![probe(0.001); quick], vec![probe(0.04); slow]].concat();
        let outcome = among(&VERDICT, &clean(), &runs(6, 0));
        assert!(found(&outcome).message.starts_with("Tried 3 times in"), "{outcome:?}");
        found(&among(&VERDICT, &clean(), &runs(5, 1)));
        is_ok(&among(&VERDICT, &clean(), &runs(4, 2)));
        is_not_applicable(&among(&VERDICT, &clean(), &runs(5, 0)));
    }

    #[test]
    fn whoever_waits_is_right() {
        is_ok(&beside(&VERDICT, &clean(), &failing(run(), LIST, &[0.02, 0.05, 0.1, 0.2, 0.4]).exits(1)));
        is_ok(&beside(
            &VERDICT,
            &clean(),
            &failing(run(), LIST, &[0.001, 0.001, 0.001, 0.001, 0.5]).exits(1),
        ));
    }

    #[test]
    fn a_few_attempts_a_moved_clock_and_a_told_wait_show_nothing() {
        is_not_applicable(&beside(&VERDICT, &clean(), &failing(run(), LIST, &[0.001; 2]).exits(1)));
        let moved = failing(tenant(), LIST, &[0.001; 5]).get(LIST).moved(2).done();
        is_not_applicable(&alone(&VERDICT, &moved));
        let told = (0..9).fold(tenant(), |run, _| run.get(LIST).told(429).retry_after("0"));
        is_not_applicable(&alone(&VERDICT, &told.done()));
    }

    #[test]
    fn polling_refusals_and_successes_is_no_outage() {
        let polls = (0..9).fold(tenant(), |run, _| run.get(LIST).refused(404));
        is_not_applicable(&alone(&VERDICT, &polls.done()));
        is_not_applicable(&alone(&VERDICT, &(0..9).fold(tenant(), |run, _| run.get(LIST)).done()));
    }

    #[test]
    fn calls_that_the_client_makes_anyway_are_no_attempts() {
        let clean = (0..6).fold(run(), |run, _| run.get(LIST)).exits(0);
        is_not_applicable(&beside(&VERDICT, &clean, &failing(run(), LIST, &[0.001; 5]).exits(1)));
        found(&beside(&VERDICT, &clean, &failing(run(), LIST, &[0.001; 10]).exits(1)));
    }

    #[test]
    fn the_first_looks_of_a_batch_after_writes_that_failed_are_no_attempts() {
        let item = |nth: u32| move |run: Script| run.post(LIST).body(&nth.to_string());
        let clean = (0..12).fold(run().get(LIST), |run, nth| item(nth)(run)).exits(0);
        let looks = |writes| {
            let failed = (0..writes).fold(run(), |run, nth| item(nth)(run).told(502));
            failing(failed, LIST, &[0.001; 11]).lists().exits(1)
        };
        is_not_applicable(&beside(&VERDICT, &clean, &looks(12)));
        found(&beside(&VERDICT, &clean, &looks(2)));
    }

    #[test]
    fn programs_that_follow_each_other_are_found_by_connection_or_by_what_all_did_in_so_short_a_time() {
        let clean = run().get(LIST).post(LIST).get(LIST).on(2).exits(0);
        let kept = failing(failing(run(), LIST, &[0.001; 6]).post(LIST).on(2), LIST, &[0.5]).exits(1);
        found(&beside(&VERDICT, &clean, &kept));
        let each = |times: u64, wait| {
            (0..times).fold(run(), |script, nth| {
                let script = script.get(LIST).on(nth + 10);
                if nth == 0 { script.told(503) } else { script.after(wait).told(503) }
            })
        };
        let outcome = beside(&VERDICT, &clean, &each(11, 0.001).exits(1));
        assert!(found(&outcome).message.starts_with("Tried 11 times in 11 ms."), "{outcome:?}");
        is_not_applicable(&beside(&VERDICT, &clean, &each(10, 0.001).exits(1)));
        is_not_applicable(&beside(&VERDICT, &clean, &each(30, 0.02).exits(1)));
    }

    #[test]
    fn threads_that_ask_for_the_same_do_not_add_up() {
        let threads =
            |script: Script| (0..8).fold(script, |script, nth| script.get(LIST).on(nth + 1).told(503));
        is_not_applicable(&alone(&VERDICT, &threads(threads(tenant())).done()));
        let clean = (0_u32..8)
            .fold(run(), |script, nth| script.get(LIST).at(0.00001 * f64::from(nth)).on(u64::from(8 + nth)));
        is_not_applicable(&beside(&VERDICT, &clean.exits(0), &threads(threads(run())).exits(1)));
    }

    #[test]
    fn a_client_that_keeps_no_connection_is_found_in_a_long_chain() {
        let hammer = |times| (1..=times).fold(tenant(), |run, nth| run.get(LIST).on(nth).told(503));
        found(&alone(&VERDICT, &hammer(20).done()));
        is_not_applicable(&alone(&VERDICT, &hammer(8).done()));
    }

    #[test]
    fn what_an_http_library_repeats_by_itself_is_not_counted() {
        let replayed = |call: &mut Call| call.is_replay = true;
        let run = tenant().get("/v2024/x").get(LIST).closed().get(LIST).on(2).but(replayed).closed();
        let run = run.get(LIST).after(1.0).closed().get(LIST).on(3).but(replayed).closed();
        is_not_applicable(&alone(&VERDICT, &run.get(LIST).after(2.0).done()));
    }
}
