//! `hangs`: a command that does nothing any more and does not end.

use std::time::Duration;

use crate::verdict::text::wait;
use crate::verdict::{
    Call, Case, Ended, Exit, Group, LONGEST_BACKOFF, Needs, Outcome, RetryAfter, Run, Severity, Verdict,
};

/// Who made no call for so long does nothing any more.
const IDLE: Duration = Duration::from_secs(15);
/// From this many attempts on, a wait may be long, however much time a run has.
const SEVERAL: usize = 4;

pub(super) static VERDICT: Verdict = Verdict {
    id: "hangs",
    severity: Severity::Error,
    group: Group::Ends,
    needs: Needs::Ending,
    scenarios: &[],
    explains: &[],
    checks: "At its deadline the command has ended, or has a call open, or made one within the last 15 s, or waits as long as \
             it was told or as it waited before. After a call that failed in a way that may pass it has 65 s; where \
             `--timeout` says how long a run may take, only after four attempts at it.",
    why: "A job that neither works nor ends holds its slot, and is noticed only by whoever misses its result.",
    advice: "End when nothing is left to do; look for a thread, a queue or a lock that outlives a failed call.",
    source: "AWS Well-Architected REL05-BP05 (set client timeouts)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let Some(ended) = &case.run.ended else { return Outcome::not_applicable("needs a clean run") };
    let Some(last) = case.run.calls.last() else { return Outcome::not_applicable("no call was made") };
    if ended.exit != Exit::Deadline {
        return Outcome::Ok;
    }
    let Some(since) = last_end(case.run, ended) else {
        return Outcome::not_applicable("a call was still open at the deadline");
    };
    let idle = Duration::from_nanos(ended.at_ns.saturating_sub(since));
    if is_told_to_wait(case.run, ended) {
        return Outcome::not_applicable("it was told to wait beyond the deadline");
    }
    let usual = case.clean.map_or(Duration::ZERO, longest_gap) * 3;
    if idle < IDLE.max(usual) {
        return Outcome::inconclusive("it had made a call shortly before the deadline");
    }
    if idle < longest_wait(case) {
        return Outcome::inconclusive("it may have been waiting before another try");
    }
    let message = format!("Still running {} after its last call, without an open one.", wait(idle));
    Outcome::Found(vec![VERDICT.finding(message, [last]).measured("idle", idle.as_secs_f64())])
}

/// When the last call was over; `None` while one is open.
fn last_end(run: &Run, ended: &Ended) -> Option<u64> {
    let ends = run.calls.iter().map(|call| call.ended().map(|end| end.ns).filter(|ns| *ns < ended.at_ns));
    ends.collect::<Option<Vec<_>>>()?.into_iter().max()
}

fn is_told_to_wait(run: &Run, ended: &Ended) -> bool {
    run.calls.iter().any(|call| {
        let asked = call.retry_after.as_ref().and_then(RetryAfter::asked);
        let until = asked.zip(call.ended()).map(|(asked, told)| told.ns.saturating_add(nanos(asked)));
        until.is_some_and(|until| until > ended.at_ns)
    })
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How long a client that means to try again may wait, after one attempt or after several, by what it did so far and by
/// widespread policies: some stop calling for half a minute. Zero when no call that it gave up had failed in a way that may
/// pass. Who was given so long and no longer is expected to have ended by then, rather than to wait for a second attempt.
fn longest_wait(case: &Case<'_>) -> Duration {
    let chains = case.run.chains();
    let failed = chains.iter().filter(|chain| chain.last().has_failed());
    let waits = failed.map(|chain| {
        let longest = chain.waits().into_iter().max().unwrap_or_default() * 3;
        let may_pause = !case.limits.has_timeout || chain.calls.len() >= SEVERAL;
        if chain.last().may_pass() && may_pause { longest.max(LONGEST_BACKOFF) } else { longest }
    });
    waits.max().unwrap_or_default()
}

/// The longest time that the client spends between two calls when nothing goes wrong, or after the last one.
fn longest_gap(clean: &Run) -> Duration {
    let gap = |one: &Call, next: u64| Some(Duration::from_nanos(next.saturating_sub(one.ended()?.ns)));
    let pairs = clean.calls.iter().zip(clean.calls.iter().skip(1));
    let between = pairs.filter_map(|(one, next)| gap(one, next.arrived.ns));
    let after = clean.calls.last().zip(clean.ended.as_ref()).and_then(|(last, ended)| gap(last, ended.at_ns));
    between.chain(after).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Limits;
    use crate::verdict::example::{LIST, beside, found, is_inconclusive, is_not_applicable, is_ok, run};

    fn judged(run: &Run) -> Outcome {
        beside(&VERDICT, &self::run().get(LIST).exits(0), run)
    }

    #[test]
    fn who_does_nothing_and_does_not_end_is_found() {
        let outcome = judged(&run().get(LIST).told(500).get(LIST).ends_at_deadline(20.0));
        assert_eq!(found(&outcome).message, "Still running 20 s after its last call, without an open one.");
    }

    #[test]
    fn who_ends_by_itself_is_fine_whatever_the_exit() {
        is_ok(&judged(&run().get(LIST).told(500).exits(1)));
    }

    #[test]
    fn who_waits_for_an_answer_or_as_it_was_told_does_not_hang() {
        is_not_applicable(&judged(&run().get(LIST).hung().ends_at_deadline(20.0)));
        is_not_applicable(&judged(&run().get(LIST).told(429).retry_after("86400").ends_at_deadline(20.0)));
        is_not_applicable(&judged(&run().ends_at_deadline(20.0)));
    }

    #[test]
    fn a_patient_client_or_one_with_a_circuit_breaker_may_wait_before_another_try() {
        let twice = run().get(LIST).told(503).get(LIST).after(8.0).told(503);
        is_inconclusive(&judged(&twice.ends_at_deadline(26.0)));
        let once = || run().get(LIST).told(503);
        is_inconclusive(&judged(&once().ends_at_deadline(30.0)));
        found(&judged(&once().ends_at_deadline(70.0)));
        // The service said what is wrong, and that does not pass.
        found(&judged(&run().get(LIST).refused(403).ends_at_deadline(20.0)));
        is_inconclusive(&judged(&run().get(LIST).at(10.0).ends_at_deadline(20.0)));
    }

    #[test]
    fn a_run_of_a_given_time_has_ended_by_then_unless_it_tries_again() {
        let judged = |run: Run| {
            let limits = Limits { has_timeout: true, ..Limits::default() };
            judge(&Case { run: &run, clean: None, all: std::slice::from_ref(&run), limits })
        };
        found(&judged(run().get(LIST).told(503).ends_at_deadline(30.0)));
        let often = (0..4).fold(run(), |script, _| script.get(LIST).told(503));
        is_inconclusive(&judged(often.ends_at_deadline(30.0)));
    }

    #[test]
    fn a_client_that_always_pauses_for_long_may_do_so() {
        let clean = run().get(LIST).get(LIST).after(10.0).exits(0);
        is_inconclusive(&beside(&VERDICT, &clean, &run().get(LIST).ends_at_deadline(25.0)));
    }
}
