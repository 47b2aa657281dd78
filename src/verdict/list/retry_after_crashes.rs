//! `retry-after-crashes`: the command survives a 429 with a number, and one without a header, and dies of one with a text.

use crate::operation::Operation;
use crate::verdict::{Call, Case, Exit, Group, Needs, Outcome, RetryAfter, Run, RunKind, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "retry-after-crashes",
    severity: Severity::Error,
    group: Group::Waits,
    needs: Needs::Ending,
    scenarios: &["rate-limited-retry-after-garbage"],
    explains: &[],
    checks: "A command that succeeds although it meets a 429 with a `Retry-After` in seconds, and one without, also \
             succeeds when the header holds a text that is neither a number nor a date.",
    why: "A header can hold any text. What a program does not expect there ends it in the middle of its work.",
    advice: "Treat a Retry-After that you cannot read, or that is negative, as if it were missing.",
    source: "RFC 9110 10.2.3; RFC 9110 5.5 (recipients ought to be ready for invalid values)",
    judge,
};

/// The waits, in seconds, that a client is expected to accept. Zero says that there is none: who gives up after a few
/// calls that were all refused at once has understood it.
const SHORT_S: std::ops::RangeInclusive<u64> = 1..=10;

fn judge(case: &Case<'_>) -> Outcome {
    let Some(text) = unreadable(case.run) else {
        return Outcome::not_applicable(
            "no 429 came with a Retry-After that cannot be read, or other faults came with it",
        );
    };
    if case.run.succeeded() {
        return Outcome::Ok;
    }
    if case.run.ended.as_ref().is_some_and(|ended| ended.exit == Exit::Deadline) {
        return Outcome::inconclusive(
            "the command had not ended at the deadline; it may wait for a time of its own",
        );
    }
    // Many clients try calls again, and tokens never: only what is called alike tells.
    let is_of_tokens = has_only(case.run, is_token);
    let survives = |is_like: fn(&Call) -> bool| {
        let alike = |call: &Call| call.status == Some(429) && is_token(call) == is_of_tokens && is_like(call);
        let runs = case.all.iter().filter(|run| has_only(run, alike));
        // A probe's limit never ends, so nobody survives it.
        runs.filter(|run| run.ended.is_some() && !matches!(run.kind, RunKind::Probe(_)))
            .map(Run::succeeded)
            .fold(None, |all, one| Some(all.unwrap_or(true) && one))
    };
    // Whoever refuses to wait for a day has understood the number.
    let with_number = survives(
        |call| matches!(call.retry_after, Some(RetryAfter::Seconds(seconds)) if SHORT_S.contains(&seconds)),
    );
    let without = survives(|call| call.retry_after.is_none());
    match (with_number, without) {
        (Some(true), Some(true)) => {
            let calls = case.run.calls.iter().filter(|call| call.is_struck());
            let message =
                format!("Survives a 429 with `2` and one without Retry-After, dies of one with `{text}`.");
            Outcome::of(vec![VERDICT.finding(message, calls)])
        }
        (None, _) | (_, None) => Outcome::not_applicable("what the client does on other 429s was not seen"),
        _ => Outcome::not_applicable("the command fails on other 429s, too"),
    }
}

/// The last text that could not be read, where nothing else went wrong in the run; one whose call came again was survived.
fn unreadable(run: &Run) -> Option<&str> {
    let comes_again = |call: &Call| run.calls.iter().skip(call.number).any(|later| later.key == call.key);
    let text = |call: &'_ Call| matches!(call.retry_after, Some(RetryAfter::Unreadable(_)));
    has_only(run, |call| call.status == Some(429) && text(call)).then_some(())?;
    let struck = || run.calls.iter().rev().filter(|call| call.is_struck());
    let told = struck().find(|call| !comes_again(call)).or_else(|| struck().next())?;
    match &told.retry_after {
        Some(RetryAfter::Unreadable(text)) => Some(text),
        _ => None,
    }
}

fn is_token(call: &Call) -> bool {
    call.operation == Some(Operation::Token)
}

/// Whether faults struck, and all of them were like this.
fn has_only(run: &Run, is_like: impl Fn(&Call) -> bool) -> bool {
    run.is_struck() && run.calls.iter().filter(|call| call.is_struck()).all(is_like)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Probe;
    use crate::verdict::example::{
        LIST, Script, alone, among, found, is_inconclusive, is_not_applicable, is_ok, run, tenant,
    };

    fn garbage() -> Script {
        run().get(LIST).told(429).retry_after("soon")
    }

    fn seconds(code: i32) -> Run {
        run().get(LIST).told(429).retry_after("2").get(LIST).after(2.0).exits(code)
    }

    fn without(code: i32) -> Run {
        run().get(LIST).told(429).get(LIST).after(1.0).exits(code)
    }

    #[test]
    fn a_command_that_dies_of_the_text_alone_crashes() {
        let clean = run().get(LIST).exits(0);
        let outcome = among(&VERDICT, &clean, &[garbage().exits(1), seconds(0), without(0)]);
        assert!(found(&outcome).message.ends_with("dies of one with `soon`."), "{outcome:?}");
    }

    #[test]
    fn the_text_that_ended_it_is_told() {
        let clean = run().get(LIST).get("/v2024/x").exits(0);
        let survives_the_other = garbage().get("/v2024/x").told(429).retry_after("-5").get("/v2024/x");
        let outcome = among(&VERDICT, &clean, &[survives_the_other.exits(1), seconds(0), without(0)]);
        assert!(found(&outcome).message.ends_with("dies of one with `soon`."), "{outcome:?}");
    }

    #[test]
    fn one_that_waits_for_a_time_of_its_own_does_not_die() {
        let clean = run().get(LIST).exits(0);
        is_inconclusive(&among(
            &VERDICT,
            &clean,
            &[garbage().ends_at_deadline(26.0), seconds(0), without(0)],
        ));
    }

    #[test]
    fn one_that_also_refuses_to_wait_for_a_day_still_crashes() {
        let clean = run().get(LIST).exits(0);
        let refuses = run().get(LIST).told(429).retry_after("86400").exits(1);
        let outcome = among(&VERDICT, &clean, &[garbage().exits(1), seconds(0), refuses, without(0)]);
        found(&outcome);
    }

    #[test]
    fn one_that_gives_up_where_it_is_told_to_come_back_at_once_still_crashes() {
        let clean = run().get(LIST).exits(0);
        let again =
            || run().get(LIST).told(429).retry_after("0").get(LIST).told(429).retry_after("0").exits(1);
        let outcome = among(&VERDICT, &clean, &[garbage().exits(1), seconds(0), again(), without(0)]);
        found(&outcome);
    }

    #[test]
    fn one_that_gives_up_in_the_end_where_a_limit_never_ends_still_crashes() {
        let clean = run().get(LIST).exits(0);
        let probe = run().of_kind(RunKind::Probe(Probe::Limited)).get(LIST).told(429).exits(1);
        found(&among(&VERDICT, &clean, &[garbage().exits(1), seconds(0), without(0), probe]));
    }

    #[test]
    fn one_that_never_tries_for_a_token_again_still_crashes() {
        let clean = run().get(LIST).exits(0);
        let no_token = run().token("a").told(429).retry_after("5").exits(1);
        found(&among(&VERDICT, &clean, &[garbage().exits(1), seconds(0), without(0), no_token]));
    }

    #[test]
    fn one_that_succeeds_does_not() {
        let clean = run().get(LIST).exits(0);
        is_ok(&among(&VERDICT, &clean, &[garbage().get(LIST).after(1.0).exits(0)]));
    }

    #[test]
    fn one_that_fails_on_every_429_or_was_not_seen_on_others_is_not_judged() {
        let clean = run().get(LIST).exits(0);
        is_not_applicable(&among(&VERDICT, &clean, &[garbage().exits(1), seconds(1), without(0)]));
        is_not_applicable(&among(&VERDICT, &clean, &[garbage().exits(1), seconds(0), without(1)]));
        is_not_applicable(&among(&VERDICT, &clean, &[garbage().exits(1)]));
        is_not_applicable(&among(
            &VERDICT,
            &clean,
            &[garbage().get(LIST).told(503).exits(1), seconds(0), without(0)],
        ));
        is_not_applicable(&alone(&VERDICT, &tenant().get(LIST).told(429).retry_after("soon").done()));
    }
}
