//! `timeout-restarts`: a timeout that begins anew with every byte, so that a slow answer never ends.

use std::time::Duration;

use super::no_timeout;
use crate::verdict::text::wait;
use crate::verdict::{Call, Case, End, Ended, Exit, Group, Needs, Outcome, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "timeout-restarts",
    severity: Severity::Warning,
    group: Group::Ends,
    needs: Needs::Ending,
    scenarios: &["trickled-list"],
    explains: &["hangs"],
    checks: "The client leaves an answer that comes a few bytes at a time, within `--silence` (110 s unless it is set). \
             Nothing is judged where the answer is over sooner.",
    why: "A timeout between two bytes is none for the whole: an answer may take hours without ever being late.",
    advice: "Set a timeout for the whole call beside the one for each read.",
    source: "RFC 9110 9.2.2; the documentation of most HTTP libraries (a read timeout is per read)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let Some(ended) = &case.run.ended else { return Outcome::not_applicable("needs a clean run") };
    let trickled: Vec<_> = case.run.calls.iter().filter(|call| call.end == End::Trickled).collect();
    let left =
        case.run.calls.iter().any(|call| call.end == End::ClientLeft && call.bytes.0 > 0 && call.is_struck());
    let endured = trickled.iter().find(|call| open(call, ended) >= case.limits.silence);
    let Some(call) = endured else {
        return match trickled.iter().map(|call| open(call, ended)).max() {
            None if left => Outcome::Ok,
            None => Outcome::not_applicable("no answer came a few bytes at a time"),
            Some(longest) => Outcome::inconclusive(format!(
                "the slow answer was waited for {}; only {} would tell",
                wait(longest),
                wait(case.limits.silence)
            )),
        };
    };
    if case.all.iter().any(|run| no_timeout::is_found_in(run, case.limits)) {
        return Outcome::not_applicable("explained by no-timeout");
    }
    let open = open(call, ended);
    let message = format!("Waited {} for one answer: each byte begins its timeout anew.", wait(open));
    Outcome::Found(vec![VERDICT.finding(message, [*call]).measured("waited", open.as_secs_f64())])
}

/// How long it was open at least, by the machine's clock; one that the client left by itself was not waited for.
fn open(call: &Call, ended: &Ended) -> Duration {
    let over = match (call.left, call.told) {
        (Some(left), _) if ended.exit != Exit::Deadline || left.ns < ended.at_ns => return Duration::ZERO,
        (_, Some(told)) if call.bytes.0 >= call.bytes.1 => told.ns.min(ended.at_ns),
        _ => ended.at_ns,
    };
    Duration::from_nanos(over.saturating_sub(call.arrived.ns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Run;
    use crate::verdict::example::{
        LIST, Script, among, beside, found, is_inconclusive, is_not_applicable, is_ok, run,
    };

    fn slow(told: usize) -> Script {
        run().get(LIST).told(200).but(|call| (call.end, call.bytes) = (End::Trickled, (told, 10_000)))
    }

    fn judged(run: &Run) -> Outcome {
        beside(&VERDICT, &self::run().get(LIST).exits(0), run)
    }

    #[test]
    fn who_waits_through_a_slow_answer_is_found() {
        found(&judged(&slow(6_000).ends_at_deadline(115.0)));
        found(&judged(&slow(10_000).took(130.0).exits(0)));
    }

    #[test]
    fn who_leaves_has_a_timeout_for_the_whole() {
        is_ok(&judged(&slow(6_000).but(|call| call.end = End::ClientLeft).left(30.0).exits(1)));
    }

    #[test]
    fn an_answer_that_is_over_soon_does_not_tell() {
        is_inconclusive(&judged(&slow(10_000).took(12.0).exits(0)));
        is_inconclusive(&judged(&slow(6_000).ends_at_deadline(40.0)));
        is_not_applicable(&judged(&run().get(LIST).exits(0)));
    }

    #[test]
    fn a_client_without_any_timeout_is_told_that() {
        let clean = run().get(LIST).exits(0);
        let silent = run().get(LIST).hung().ends_at_deadline(118.0);
        is_not_applicable(&among(&VERDICT, &clean, &[slow(6_000).ends_at_deadline(115.0), silent]));
    }
}
