//! `retry-after-overflowed`: the client was told to wait for longer than a timer holds, and came back at once.

use std::time::Duration;

use crate::verdict::text::wait;
use crate::verdict::told_wait::{CAPPED, TIMER_MS, ToldWait, ToldWaits};
use crate::verdict::{Call, Case, Group, Needs, Outcome, Severity, Verdict};

/// Whoever comes back within this time has not waited.
const AT_ONCE: Duration = Duration::from_secs(1);

pub(super) static VERDICT: Verdict = Verdict {
    id: "retry-after-overflowed",
    severity: Severity::Error,
    group: Group::Waits,
    needs: Needs::Journal,
    scenarios: &["rate-limited-retry-after-overflow"],
    explains: &["retry-after-ignored"],
    checks: "A client that honours a `Retry-After` of a few seconds does not come back at once after one of more than \
             2,147,483,647 ms (24.8 days).",
    why: "Some timers count milliseconds in 32 bits and fire at once when they are given more: the client then hammers \
          the server that asked it to stay away.",
    advice: "Cap the wait that you accept, far below 24.8 days, before you give it to a timer; give up with the number.",
    source: "Node.js, setTimeout (delay larger than 2147483647 is set to 1); RFC 9110 10.2.3",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let is_told = |call: &Call| call.asked_to_wait().is_some_and(|asked| asked.as_millis() > TIMER_MS);
    if !case.run.calls.iter().any(is_told) {
        return Outcome::not_applicable("no wait was told that is longer than a timer holds");
    }
    let waits = ToldWaits::of(*case);
    let long: Vec<_> = waits.sure.iter().filter(|wait| wait.overflows()).collect();
    let Some(early) = long.iter().find(|wait| wait.waited < AT_ONCE) else {
        // Whoever did not come back has not overflowed; in a tenant that is looked at meanwhile it may still come.
        let is_over = case.run.ended.is_some() || !long.is_empty();
        return if is_over {
            Outcome::Ok
        } else {
            Outcome::not_applicable("the client has not come back yet")
        };
    };
    if !ToldWaits::honours_seconds(*case) || ignores_long_waits(case) {
        return Outcome::not_applicable("no shorter wait was honoured; see retry-after-ignored");
    }
    Outcome::of(vec![finding(early)])
}

/// Whether some run shows that the client does not wait for longer than it likes, though a timer could.
fn ignores_long_waits(case: &Case<'_>) -> bool {
    let waits = case.all.iter().flat_map(|run| ToldWaits::of(case.of(run)).sure);
    let mut long = waits.filter(|wait| wait.asked > CAPPED && !wait.overflows());
    long.any(|wait| wait.waited < AT_ONCE)
}

fn finding(early: &ToldWait<'_>) -> crate::verdict::Finding {
    let message = format!(
        "Told to wait {}, came back after {}: the timer overflowed.",
        wait(early.asked),
        wait(early.waited)
    );
    let finding = VERDICT.finding(message, [early.told, early.next]);
    finding.measured("waited", early.waited.as_secs_f64()).measured("asked", early.asked.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Run;
    use crate::verdict::example::{LIST, alone, among, found, is_not_applicable, is_ok, run, tenant};

    fn told(asked: &str, wait: f64) -> Run {
        run().get(LIST).told(429).retry_after(asked).get(LIST).after(wait).exits(0)
    }

    #[test]
    fn whoever_honours_seconds_and_comes_back_at_once_has_overflowed() {
        let clean = run().get(LIST).exits(0);
        let outcome = among(&VERDICT, &clean, &[told("2147484", 0.001), told("2", 2.0)]);
        assert_eq!(
            found(&outcome).message,
            "Told to wait 24 days, came back after 1.0 ms: the timer overflowed."
        );
        is_not_applicable(&among(&VERDICT, &clean, &[told("2147484", 0.001), told("2", 0.001)]));
        is_not_applicable(&among(&VERDICT, &clean, &[told("2147483", 0.001), told("2", 2.0)]));
    }

    #[test]
    fn whoever_ignores_every_long_wait_has_no_trouble_with_timers() {
        let clean = run().get(LIST).exits(0);
        let runs = [told("2147484", 0.5), told("86400", 0.5), told("2", 2.0)];
        is_not_applicable(&among(&VERDICT, &clean, &runs));
    }

    #[test]
    fn whoever_caps_the_wait_or_gives_up_has_not() {
        let clean = run().get(LIST).exits(0);
        is_ok(&among(&VERDICT, &clean, &[told("2147484", 60.0), told("2", 2.0)]));
        let gives_up = run().get(LIST).told(429).retry_after("2147484").exits(1);
        is_ok(&among(&VERDICT, &clean, &[gives_up]));
    }

    #[test]
    fn a_tenant_in_which_nothing_followed_shows_nothing() {
        is_not_applicable(&alone(&VERDICT, &tenant().get(LIST).told(429).retry_after("2147484").done()));
    }
}
