//! `no-timeout`: a client that waits for ever for an answer that does not come.

use std::time::Duration;

use crate::verdict::text::wait;
use crate::verdict::{Call, Case, End, Ended, Exit, Group, Limits, Needs, Outcome, Run, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "no-timeout",
    severity: Severity::Error,
    group: Group::Ends,
    needs: Needs::Ending,
    scenarios: &["hangs-forever", "token-endpoint-silent", "timeout-after-commit"],
    explains: &["hangs", "timeout-restarts"],
    checks: "The client leaves an answer that does not come, within `--silence` (110 s unless it is set: more than the 100 s \
             for which .NET waits).",
    why: "One silent answer stops the whole job, and nobody is told.",
    advice: "Set a timeout for each call; most libraries have none by themselves.",
    source: "Google Cloud Storage, Retry strategy (timeouts); Azure Core, HTTP pipeline",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let Some(ended) = &case.run.ended else { return Outcome::not_applicable("needs a clean run") };
    let silent: Vec<_> = case.run.calls.iter().filter(|call| is_silent(call)).collect();
    if silent.is_empty() {
        return Outcome::not_applicable("no answer was silence");
    }
    let endless = silent.iter().find(|call| is_waited_for(call, ended, case.limits));
    if let Some(call) = endless {
        let waited = waited(call, ended);
        let message = format!("Waited {} for call {} and would still.", wait(waited), call.number);
        return Outcome::Found(vec![
            VERDICT.finding(message, [*call]).measured("waited", waited.as_secs_f64()),
        ]);
    }
    if silent.iter().all(|call| has_left(call, ended)) {
        return Outcome::Ok;
    }
    let longest = silent.iter().map(|call| waited(call, ended)).max().unwrap_or_default();
    Outcome::inconclusive(format!(
        "the silence ended after {}; only {} of it would tell",
        wait(longest),
        wait(case.limits.silence)
    ))
}

/// Whether a run shows that the client waits for ever.
pub(super) fn is_found_in(run: &Run, limits: Limits) -> bool {
    let Some(ended) = &run.ended else { return false };
    run.calls.iter().any(|call| is_silent(call) && is_waited_for(call, ended, limits))
}

/// Whether it was given no answer on purpose, for a while or for ever.
fn is_silent(call: &Call) -> bool {
    matches!(call.end, End::Hung(_))
        || (call.end == End::ClientLeft && call.status.is_none() && call.is_struck())
}

fn is_waited_for(call: &Call, ended: &Ended, limits: Limits) -> bool {
    !has_left(call, ended) && waited(call, ended) >= limits.silence
}

/// Whether the client left by itself: not because it was ended.
fn has_left(call: &Call, ended: &Ended) -> bool {
    call.left.is_some_and(|left| ended.exit != Exit::Deadline || left.ns < ended.at_ns)
}

/// How long it was open at least, by the machine's clock.
fn waited(call: &Call, ended: &Ended) -> Duration {
    let over = call.ended().map_or(ended.at_ns, |over| over.ns.min(ended.at_ns));
    Duration::from_nanos(over.saturating_sub(call.arrived.ns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{LIST, beside, found, is_inconclusive, is_not_applicable, is_ok, run};

    fn judged(run: &Run) -> Outcome {
        beside(&VERDICT, &self::run().get(LIST).exits(0), run)
    }

    #[test]
    fn who_still_waits_at_the_end_of_a_long_silence_is_found() {
        let outcome = judged(&run().get(LIST).get(LIST).hung().ends_at_deadline(118.0));
        assert_eq!(found(&outcome).message, "Waited 118 s for call 2 and would still.");
        // Its end by the drill is not its own leaving.
        found(&judged(&run().get(LIST).hung().left(118.0).ends_at_deadline(118.0)));
    }

    #[test]
    fn who_leaves_however_late_has_a_timeout() {
        is_ok(&judged(&run().get(LIST).hung().left(100.0).exits(1)));
        is_ok(&judged(&run().get(LIST).hung().left(115.0).ends_at_deadline(118.0)));
    }

    #[test]
    fn a_short_silence_does_not_tell() {
        is_inconclusive(&judged(&run().get(LIST).hung().ends_at_deadline(60.0)));
        let limited = run().get(LIST).hung().but(|call| call.end = End::Hung(Some(Duration::from_secs(30))));
        is_inconclusive(&judged(&limited.exits(1)));
        is_not_applicable(&judged(&run().get(LIST).exits(0)));
    }
}
