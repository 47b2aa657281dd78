//! `gives-up-too-soon`: one or two failures of a call that does no harm twice ended the job.

use hyper::Method;

use crate::verdict::text::counted;
use crate::verdict::{Call, Case, End, Exit, Group, Needs, Outcome, Severity, Verdict};

/// With this many attempts the client has tried.
const ENOUGH: usize = 3;

pub(super) static VERDICT: Verdict = Verdict {
    id: "gives-up-too-soon",
    severity: Severity::Warning,
    group: Group::Tries,
    needs: Needs::Ending,
    scenarios: &["fails-twice-then-works", "connection-resets", "connection-closes-early", "flaky-5-percent"],
    explains: &[],
    checks: "A command does not fail because a read, a replacement or a delete failed once or twice in a way that passes, \
             with a broken connection, 408, 502, 503 or 504: it makes at least three attempts. Judged where the scenario's \
             own rules let the third attempt through.",
    why: "Two failures in a row are nothing unusual. A long job that ends with the first one has to begin anew, and often.",
    advice: "Try what is safe to repeat at least three times, with growing waits in between.",
    source: "Smithy, retry behavior (3 attempts); Azure Core, azurecore-http-retry (3 retries)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let passing: Vec<_> = case.run.rules.iter().filter(|rule| rule.passes).map(|rule| &rule.rule).collect();
    let is_hit = |call: &Call| is_outage(call) && call.faults.iter().all(|rule| passing.contains(&rule));
    if !case.run.calls.iter().any(is_hit) {
        return Outcome::not_applicable("judged where calls fail in a way that passes by itself");
    }
    let chains = case.run.chains();
    let struck =
        chains.iter().filter(|chain| is_safe(chain.first()) && chain.calls.iter().any(|call| is_hit(call)));
    let struck: Vec<_> = struck.collect();
    if struck.is_empty() {
        return Outcome::not_applicable("no call that is safe to repeat was struck");
    }
    match case.run.ended.as_ref().map(|ended| ended.exit) {
        Some(Exit::Code(_)) if !case.run.succeeded() => {}
        Some(Exit::Code(_)) => return Outcome::Ok,
        _ => return Outcome::not_applicable("the command did not end by itself"),
    }
    let works_later = |call: &Call| {
        case.run.calls.iter().skip(call.number).any(|other| other.key == call.key && !other.has_failed())
    };
    let short = struck.iter().filter(|chain| {
        let last = chain.last();
        is_hit(last)
            && chain.calls.len() < ENOUGH
            && !works_later(last)
            && !is_ended_by_another(case, last)
            && !is_ended_before(case, last, works_later)
    });
    let findings = short.map(|chain| {
        let tries = counted(chain.calls.len(), "attempt", "attempts");
        let message = format!(
            "{} failed, and that ended the job after {tries}; another would have worked.",
            chain.first().title()
        );
        VERDICT.finding(message, chain.calls.iter().copied()).measured("attempts", chain.calls.len())
    });
    let findings: Vec<_> = findings.collect();
    if findings.is_empty() {
        return Outcome::not_applicable("something else ended the job");
    }
    Outcome::Found(findings)
}

/// Whether another call that was made beside it failed later, in a way that no attempt would have mended.
fn is_ended_by_another(case: &Case<'_>, call: &Call) -> bool {
    let Some(ended) = call.ended() else { return false };
    let failed =
        case.run.calls.iter().filter(|other| other.number != call.number && other.client == call.client);
    let is_final = |other: &Call| other.has_failed() && !other.may_pass() && other.end == End::Whole;
    failed
        .into_iter()
        .any(|other| is_final(other) && other.ended().is_some_and(|other| ended.is_before(other)))
}

/// Whether a call that is not safe to repeat had failed before, and was not made again: the command ends for that, and what it
/// does besides, such as a last look, needs no patience.
fn is_ended_before(case: &Case<'_>, call: &Call, works_later: impl Fn(&Call) -> bool) -> bool {
    let former = case.run.calls.iter().take(call.number).filter(|other| other.client == call.client);
    let mut writes = former.filter(|other| !is_safe(other) && !other.is_token());
    writes.any(|other| other.has_failed() && !other.performed && !works_later(other))
}

/// Whether it does no harm to make it twice.
fn is_safe(call: &Call) -> bool {
    call.is_read() || matches!(call.method, Method::PUT | Method::DELETE)
}

/// Whether a fault made it fail as a call fails in an outage: the connection broke, or the answer says that the service is
/// not there for now. Whoever reads a 500, or an answer that is garbled, may take it for more than that.
fn is_outage(call: &Call) -> bool {
    let is_lost = matches!(call.end, End::Closed | End::Reset);
    call.is_struck() && (is_lost || matches!(call.status, Some(408 | 502..=504)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Run;
    use crate::verdict::example::{LIST, Script, beside, found, is_not_applicable, is_ok, run};

    fn twice() -> Script {
        run().under_a_rule_that_passes()
    }

    fn clean() -> Run {
        run().get(LIST).exits(0)
    }

    #[test]
    fn a_job_that_ends_with_the_first_failures_gives_up_too_soon() {
        let outcome = beside(&VERDICT, &clean(), &twice().get(LIST).told(503).exits(1));
        assert!(found(&outcome).message.contains("after 1 attempt;"), "{outcome:?}");
        found(&beside(
            &VERDICT,
            &clean(),
            &twice().get(LIST).closed().get(LIST).after(1.0).told(502).exits(1),
        ));
    }

    #[test]
    fn one_that_succeeds_or_tried_three_times_does_not() {
        let run = || twice().get(LIST).told(503).get(LIST).told(502).get(LIST);
        is_ok(&beside(&VERDICT, &clean(), &run().exits(0)));
        is_not_applicable(&beside(&VERDICT, &clean(), &run().told(503).exits(1)));
    }

    #[test]
    fn a_create_that_is_not_repeated_is_no_matter() {
        is_not_applicable(&beside(&VERDICT, &clean(), &twice().post(LIST).told(503).exits(1)));
    }

    #[test]
    fn a_fault_that_may_not_pass_and_a_job_that_another_thing_ended_are_not_judged() {
        is_not_applicable(&beside(&VERDICT, &clean(), &run().get(LIST).told(503).exits(1)));
        for status in [400, 429, 500] {
            is_not_applicable(&beside(&VERDICT, &clean(), &twice().get(LIST).told(status).exits(1)));
        }
        let recovers = twice().get(LIST).told(503).get(LIST).post(LIST).refused(400).exits(1);
        is_not_applicable(&beside(&VERDICT, &clean(), &recovers));
        let beside_another =
            twice().get(LIST).took(0.01).told(503).post(LIST).at(0.005).took(0.01).refused(400);
        is_not_applicable(&beside(&VERDICT, &clean(), &beside_another.exits(1)));
        let looks = twice().post(LIST).told(503).get(LIST).told(502);
        is_not_applicable(&beside(&VERDICT, &clean(), &looks.exits(1)));
    }
}
