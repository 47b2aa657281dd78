//! `unbounded-retries`: the client tries without end, or nearly so.

use std::time::Duration;

use crate::verdict::attempts::{Callers, Crowd};
use crate::verdict::chain::Chain;
use crate::verdict::text::wait;
use crate::verdict::{Call, Case, Exit, Finding, Group, Needs, Outcome, Run, Severity, Verdict};

/// A client that is still trying at the deadline after this many attempts may have no limit. Policies whose waits double
/// have made as many by then, and do stop in the end, so this is a warning.
const STILL_TRYING: usize = 6;

pub(super) static VERDICT: Verdict = Verdict {
    id: "unbounded-retries",
    severity: Severity::Error,
    group: Group::Tries,
    needs: Needs::Journal,
    scenarios: &["outage-and-recovery", "hangs-forever"],
    explains: &["hangs"],
    checks: "A call that keeps failing in ways that may pass is attempted 10 times at most (`--max-attempts`). It is a \
             warning when the command still tries at its deadline after 6 attempts or more; a command that tries again \
             then is given more time, as long as a silent answer has (`--silence`). Of a call that the clean run makes several \
             times, as a batch may for each of its items, or threads and programs, each may have as many; so may a look for \
             each write that failed. Reads that poll, for what is not \
             there yet or at their usual pace, calls that are refused, and 401s are judged elsewhere.",
    why: "A job that never gives up never tells anybody that something is wrong, and its calls add to the load that keeps \
          the service down.",
    advice: "Stop after a handful of attempts, or after a total time, and say so.",
    source: "AWS Well-Architected REL05-BP03; Google, Site Reliability Engineering, chapter 21 (3 attempts per request)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let callers = Callers::of(*case);
    let chains = callers.attempts();
    let stretches = chains.iter().flat_map(|chain| chain.split(|one, _| counts(one)));
    let stretches: Vec<_> = stretches.filter(|chain| !callers.is_polled(&chain.calls)).collect();
    let of_one = stretches.iter().filter_map(|chain| finding(case, chain));
    let crowds = callers.crowds();
    let of_several = crowds.iter().filter_map(|crowd| finding_of_several(case, &callers, crowd));
    let findings: Vec<_> = of_one.chain(of_several).collect();
    if !findings.is_empty() {
        return Outcome::Found(findings);
    }
    let failing: Vec<_> = stretches.iter().filter(|chain| counts(chain.last())).collect();
    if failing.is_empty() {
        return Outcome::not_applicable("no call failed until the client gave up");
    }
    if failing.iter().any(|chain| gave_up(case.run, chain)) {
        return Outcome::Ok;
    }
    match &case.run.ended {
        Some(ended) => Outcome::inconclusive(format!(
            "the deadline of {} came before the client had given up",
            wait(ended.deadline)
        )),
        None => Outcome::not_applicable("whether the client goes on cannot be told yet"),
    }
}

/// Whether an attempt that ended so may be followed by another that counts.
fn counts(call: &Call) -> bool {
    call.may_pass() || (call.status == Some(409) && !call.is_read())
}

/// Whether the deadline came while the client was at it: nothing else was called since, and the time since the last
/// attempt is no longer than the wait for another might be.
fn is_still_trying(run: &Run, chain: &Chain<'_>) -> bool {
    let Some(ended) = run.ended.as_ref().filter(|ended| ended.exit == Exit::Deadline) else { return false };
    let last = chain.last();
    let since = Duration::from_nanos(ended.at_ns.saturating_sub(last.arrived.ns));
    let longest = chain.pairs().map(|(one, next)| one.arrived.until(next.arrived)).max().unwrap_or_default();
    last.has_failed() && !goes_on(run, last) && since <= 3 * longest + Duration::from_secs(1)
}

fn gave_up(run: &Run, chain: &Chain<'_>) -> bool {
    let ended_itself = run.ended.as_ref().is_some_and(|ended| ended.exit != Exit::Deadline);
    ended_itself || goes_on(run, chain.last())
}

/// Whether the client did something else after this call.
fn goes_on(run: &Run, call: &Call) -> bool {
    let later = run.calls.iter().skip(call.number);
    later.filter(|other| other.client == call.client && !other.is_token()).any(|other| other.key != call.key)
}

/// Where the client makes the call several times, one of them was tried as often as all were on average: each of a batch's
/// items has attempts of its own.
fn finding(case: &Case<'_>, chain: &Chain<'_>) -> Option<Finding> {
    let attempts = chain.pairs().filter(|(_, next)| !next.is_replay).count() + 1;
    let times = chain.spare + 1;
    let is_still_trying = is_still_trying(case.run, chain);
    let (end, severity) = if attempts > case.limits.max_attempts * times {
        (if is_still_trying { "and no end" } else { "at one call" }, Severity::Error)
    } else if attempts >= STILL_TRYING * times && is_still_trying {
        ("and no end in sight", Severity::Warning)
    } else {
        return None;
    };
    let time = wait(chain.first().arrived.until(chain.last().arrived));
    let message = format!("{attempts} attempts {end} ({time}). Stop after a handful and say so.");
    let shown = chain.calls.iter().copied().take(20);
    Some(VERDICT.finding(message, shown).graded(severity).measured("attempts", attempts))
}

/// Who of several tried too often cannot be told; that somebody did shows in how often all did.
fn finding_of_several(case: &Case<'_>, callers: &Callers<'_>, crowd: &Crowd<'_>) -> Option<Finding> {
    let failed: Vec<_> = crowd.calls.iter().copied().filter(|call| counts(call) && !call.is_replay).collect();
    if failed.len() <= case.limits.max_attempts * crowd.callers || callers.is_polled(&failed) {
        return None;
    }
    let (first, last) = (*failed.first()?, *failed.last()?);
    let message = format!(
        "{} attempts at a call that is made {} times when nothing goes wrong ({}). Stop after a handful and say so.",
        failed.len(),
        crowd.callers,
        wait(first.arrived.until(last.arrived))
    );
    Some(VERDICT.finding(message, failed.iter().copied().take(20)).measured("attempts", failed.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, Script, alone, beside, found, is_inconclusive, is_not_applicable, is_ok, run, tenant,
    };

    fn failing(script: Script, times: usize) -> Script {
        (0..times).fold(script, |script, nth| {
            let script = script.get(LIST);
            if nth == 0 { script.told(503) } else { script.after(1.0).told(503) }
        })
    }

    fn clean() -> Run {
        run().get(LIST).exits(0)
    }

    #[test]
    fn more_than_ten_attempts_are_too_many() {
        let outcome = beside(&VERDICT, &clean(), &failing(run(), 11).exits(1));
        assert_eq!(
            found(&outcome).message,
            "11 attempts at one call (10 s). Stop after a handful and say so."
        );
        is_ok(&beside(&VERDICT, &clean(), &failing(run(), 10).exits(1)));
        found(&alone(&VERDICT, &failing(tenant(), 11).done()));
    }

    #[test]
    fn six_are_a_warning_when_the_client_still_tries_at_its_deadline() {
        let outcome = beside(&VERDICT, &clean(), &failing(run(), 6).ends_at_deadline(6.0));
        assert!(found(&outcome).message.starts_with("6 attempts and no end in sight"), "{outcome:?}");
        assert_eq!(found(&outcome).severity, Severity::Warning);
        let outcome = beside(&VERDICT, &clean(), &failing(run(), 11).ends_at_deadline(11.0));
        assert_eq!(found(&outcome).severity, Severity::Error);
        is_inconclusive(&beside(&VERDICT, &clean(), &failing(run(), 6).ends_at_deadline(60.0)));
        is_inconclusive(&beside(&VERDICT, &clean(), &failing(run(), 3).ends_at_deadline(3.0)));
    }

    #[test]
    fn what_passed_and_what_may_go_on_shows_no_limit() {
        is_not_applicable(&beside(&VERDICT, &clean(), &failing(run(), 3).get(LIST).exits(0)));
        is_not_applicable(&alone(&VERDICT, &failing(tenant(), 3).done()));
        is_ok(&alone(&VERDICT, &failing(tenant(), 3).get("/v2024/x").done()));
    }

    #[test]
    fn polling_for_what_is_not_there_yet_has_no_limit() {
        let polls = (0..50).fold(tenant(), |run, _| run.get(LIST).refused(404));
        is_not_applicable(&alone(&VERDICT, &polls.done()));
    }

    #[test]
    fn reads_that_poll_go_on_at_their_usual_pace_through_an_outage() {
        const STATUS: &str = "/v2024/password-change-status/1";
        let polls = |script: Script, pause: f64, times: usize, status: u16| {
            (0..times).fold(script, |script, _| script.get(STATUS).after(pause).told(status))
        };
        let clean = |pause| polls(run().get(LIST), pause, 3, 200).exits(0);
        let outage = |pause| polls(polls(run().get(LIST), 1.0, 2, 200), pause, 40, 503);
        is_not_applicable(&beside(&VERDICT, &clean(1.0), &outage(1.0).exits(0)));
        is_not_applicable(&beside(&VERDICT, &clean(1.0), &outage(1.0).ends_at_deadline(43.0)));
        found(&beside(&VERDICT, &clean(1.0), &outage(0.1).exits(0)));
        // One read of a status shows that it is polled; one of a list does not.
        let one = polls(run().get(LIST), 1.0, 1, 200).exits(0);
        is_not_applicable(&beside(&VERDICT, &one, &outage(1.0).exits(0)));
        found(&beside(&VERDICT, &run().get(LIST).exits(0), &failing(run(), 40).exits(0)));
    }

    #[test]
    fn of_several_programs_one_tried_as_often_as_all_did_on_average() {
        let clean = run().get(LIST).post(LIST).get(LIST).on(2).exits(0);
        let tries = |times: u64| {
            (0..times).fold(run(), |script, nth| {
                let script = script.get(LIST).on(nth + 10);
                if nth == 0 { script.told(503) } else { script.after(1.0).told(503) }
            })
        };
        let outcome = beside(&VERDICT, &clean, &tries(21).exits(1));
        assert_eq!(
            found(&outcome).message,
            "21 attempts at a call that is made 2 times when nothing goes wrong (20 s). Stop after a handful and say so."
        );
        is_not_applicable(&beside(&VERDICT, &clean, &tries(20).exits(1)));
    }

    #[test]
    fn threads_that_share_a_connection_do_not_add_up() {
        let shares = |script: Script| script.but(|call| call.is_multiplexed = true);
        let clean = (0..8).fold(run(), |run, _| shares(run.get(LIST))).exits(0);
        let failing = |script| (0..24).fold(script, |run: Script, _| shares(run.get(LIST)).told(503));
        is_not_applicable(&beside(&VERDICT, &clean, &failing(run()).exits(1)));
        is_not_applicable(&alone(&VERDICT, &failing(tenant()).done()));
        let without_end = (0..200).fold(tenant(), |run, _| shares(run.get(LIST)).told(503));
        found(&alone(&VERDICT, &without_end.done()));
    }

    #[test]
    fn calls_that_the_client_makes_anyway_do_not_count() {
        let clean = (0..5).fold(run(), |run, _| run.get(LIST)).exits(0);
        is_ok(&beside(&VERDICT, &clean, &failing(run(), 50).exits(1)));
        found(&beside(&VERDICT, &clean, &failing(run(), 51).exits(1)));
    }

    #[test]
    fn each_item_of_a_batch_has_attempts_of_its_own() {
        let clean = (0..4).fold(run(), |run, nth| run.get(LIST).post(LIST).body(&nth.to_string())).exits(0);
        let tries = |script: Script| {
            [0.5, 1.0, 2.0].iter().fold(script, |script, wait| script.get(LIST).after(*wait).told(503))
        };
        let items = |times| (0..times).fold(run(), |script, _| tries(script.get(LIST).told(503)));
        is_ok(&beside(&VERDICT, &clean, &items(4).exits(1)));
        is_inconclusive(&beside(&VERDICT, &clean, &items(5).ends_at_deadline(20.0)));
        found(&beside(&VERDICT, &clean, &items(11).exits(1)));
    }

    #[test]
    fn so_has_the_look_that_each_item_takes_after_its_write_has_failed() {
        let clean = (0..12).fold(run().get(LIST), |run, nth| run.post(LIST).body(&nth.to_string())).exits(0);
        let items = |writes: usize, looks| {
            let item = |script: Script, nth: usize| script.post(LIST).body(&nth.to_string()).told(502);
            (0..writes).fold(run(), |script, nth| failing(item(script, nth), looks)).lists()
        };
        is_ok(&beside(&VERDICT, &clean, &items(12, 5).exits(1)));
        found(&beside(&VERDICT, &clean, &items(1, 21).exits(1)));
    }
}
