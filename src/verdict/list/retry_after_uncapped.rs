//! `retry-after-uncapped`: the client sleeps for as long as it is told, even for a day.

use std::time::Duration;

use crate::verdict::text::wait;
use crate::verdict::{Case, Ended, Exit, Group, Needs, Outcome, Run, Severity, Verdict};

/// A wait that no job should make without a word.
const LONG: Duration = Duration::from_hours(1);
/// A command that had less time than this has not shown that it sleeps.
const ENOUGH: Duration = Duration::from_secs(20);

pub(super) static VERDICT: Verdict = Verdict {
    id: "retry-after-uncapped",
    severity: Severity::Warning,
    group: Group::Waits,
    needs: Needs::Ending,
    scenarios: &["rate-limited-retry-after-huge", "rate-limited-retry-after-overflow"],
    explains: &["hangs"],
    checks: "A command that is told to wait for an hour or more does not sit that out: it ends with an error, or tries \
             again after a time of its own.",
    why: "A job that sleeps for a day looks like one that hangs, and nobody learns why.",
    advice: "Cap the wait that you accept, and fail with the number that you were told.",
    source: "urllib3#1338, httpx-retries#57 (bound each wait, and their sum)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let run = case.run;
    let told = run.calls.iter().rev().find(|call| call.asked_to_wait().is_some_and(|asked| asked >= LONG));
    let Some(told) = told else { return Outcome::not_applicable("no wait of an hour or more was told") };
    let Some(ended) = run.ended.as_ref().filter(|ended| ended.exit == Exit::Deadline) else {
        return Outcome::Ok;
    };
    let goes_on = run.calls.iter().any(|call| call.number > told.number && call.client == told.client);
    if goes_on || is_open(run) {
        return Outcome::Ok;
    }
    let slept =
        told.ended().map_or(Duration::ZERO, |at| Duration::from_nanos(ended.at_ns.saturating_sub(at.ns)));
    if ended.deadline < ENOUGH || slept < ENOUGH / 2 {
        return Outcome::inconclusive(too_short(ended));
    }
    let asked = told.asked_to_wait().unwrap_or_default();
    let without = if ended.said_something { "" } else { " without a word" };
    let message = format!(
        "Told to wait {}; waited{without} until its time was over, after {}. It looks like a hang.",
        wait(asked),
        wait(slept)
    );
    let finding = VERDICT.finding(message, [told]).measured("asked", asked.as_secs_f64());
    Outcome::of(vec![finding.measured("slept", slept.as_secs_f64())])
}

fn is_open(run: &Run) -> bool {
    run.calls.iter().any(|call| call.ended().is_none())
}

fn too_short(ended: &Ended) -> String {
    format!("the command had {} in all; 20 s are needed to see that it sleeps", wait(ended.deadline))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, alone, beside, found, is_inconclusive, is_not_applicable, is_ok, run, tenant,
    };

    #[test]
    fn whoever_sleeps_until_the_deadline_has_no_cap() {
        let clean = run().get(LIST).get("/v2024/x").exits(0);
        let sleeps = |asked| run().get(LIST).told(429).retry_after(asked).ends_at_deadline(20.0);
        let outcome = beside(&VERDICT, &clean, &sleeps("86400"));
        assert!(
            found(&outcome)
                .message
                .starts_with("Told to wait 24 h; waited until its time was over, after 20 s."),
            "{outcome:?}"
        );
        found(&beside(&VERDICT, &clean, &sleeps("2147484")));
        is_not_applicable(&beside(&VERDICT, &clean, &sleeps("2")));
    }

    #[test]
    fn whoever_ends_or_comes_back_has_one() {
        let clean = run().get(LIST).exits(0);
        is_ok(&beside(&VERDICT, &clean, &run().get(LIST).told(429).retry_after("86400").exits(1)));
        let comes_back =
            run().get(LIST).told(429).retry_after("86400").get(LIST).at(10.0).ends_at_deadline(20.0);
        is_ok(&beside(&VERDICT, &clean, &comes_back));
    }

    #[test]
    fn a_short_sleep_shows_nothing() {
        let clean = run().get(LIST).exits(0);
        let late = run().get(LIST).at(15.0).told(429).retry_after("86400").ends_at_deadline(20.0);
        is_inconclusive(&beside(&VERDICT, &clean, &late));
        is_not_applicable(&alone(&VERDICT, &tenant().get(LIST).told(429).retry_after("86400").done()));
    }
}
