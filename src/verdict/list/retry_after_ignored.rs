//! `retry-after-ignored`: the client came back before the time that it was told to wait was over.

use crate::verdict::text::wait;
use crate::verdict::told_wait::{ToldWait, ToldWaits};
use crate::verdict::{Case, Finding, Group, Needs, Outcome, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "retry-after-ignored",
    severity: Severity::Error,
    group: Group::Waits,
    needs: Needs::Journal,
    scenarios: &[
        "rate-limited",
        "rate-limited-with-a-date",
        "rate-limited-escalating",
        "token-endpoint-rate-limited",
        "unavailable-with-retry-after",
    ],
    explains: &[],
    checks: "After an answer with a readable `Retry-After`, the same call does not come again before that time is over. \
             Up to 10 s of it are asked for, as a client may cap a longer wait and give up, and one that was told \
             more than that may try once more after 5 s. After a 503 it is a note: there the \
             time is a guess.",
    why: "The limit is counted per client. Each call that comes early counts against it again, so that an eager client \
          locks itself out for longer than a patient one waits.",
    advice: "Wait for the full Retry-After, counted from when the answer was read.",
    source: "SailPoint, Rate Limiting (always wait for the full Retry-After); RFC 9110 10.2.3 and 15.6.4",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let waits = ToldWaits::of(*case);
    if waits.sure.is_empty() && waits.unsure == 0 {
        return Outcome::not_applicable("no call was repeated after a readable Retry-After");
    }
    if waits.sure.is_empty() {
        return Outcome::inconclusive(
            "equal calls of several threads or programs came early; whose they were cannot be told",
        );
    }
    Outcome::of(findings(&waits.sure))
}

/// A finding for each call that was repeated too early, with the worst of its waits.
fn findings(waits: &[ToldWait<'_>]) -> Vec<Finding> {
    let mut calls: Vec<(&ToldWait<'_>, usize)> = Vec::new();
    for early in waits.iter().filter(|wait| wait.early_by().is_some()) {
        let of = |wait: &ToldWait<'_>| (wait.told.key, wait.told.client.clone(), wait.is_limit());
        let is_same = |other: &ToldWait<'_>| of(other) == of(early);
        match calls.iter_mut().find(|(worst, _)| is_same(worst)) {
            None => calls.push((early, 1)),
            Some((worst, times)) => {
                *times += 1;
                if worst.early_by() < early.early_by() {
                    *worst = early;
                }
            }
        }
    }
    calls.into_iter().map(|(worst, times)| finding(worst, times)).collect()
}

fn finding(early: &ToldWait<'_>, times: usize) -> Finding {
    let status = early.told.status.unwrap_or_default();
    let more = match times - 1 {
        0 => String::new(),
        1 => " It came back early once more.".to_owned(),
        more => format!(" It came back early {more} times more."),
    };
    let is_limit = early.is_limit();
    let why = if is_limit {
        "Each early call counts against the limit again."
    } else {
        "Before that the service does not expect to be back."
    };
    let (waited, asked) = (wait(early.waited), wait(early.asked));
    let message = format!("Came back after {waited}; the {status} asked for {asked}. {why}{more}");
    let finding = VERDICT.finding(message, [early.told, early.next]);
    let finding = match (is_limit, early.is_rounded()) {
        // No vendor's rule asks for it, and the service may be back sooner.
        (false, _) => finding.graded(Severity::Note),
        (true, true) => finding.graded(Severity::Warning),
        (true, false) => finding,
    };
    finding
        .measured("waited", early.waited.as_secs_f64())
        .measured("asked", early.asked.as_secs_f64())
        .measured("times", times)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Run;
    use crate::verdict::example::{
        LIST, Script, alone, among, beside, found, is_inconclusive, is_not_applicable, is_ok, run, tenant,
    };

    fn limited(wait: f64) -> Run {
        tenant().get(LIST).told(429).retry_after("2").get(LIST).after(wait).done()
    }

    #[test]
    fn whoever_comes_back_early_has_ignored_it() {
        let outcome = alone(&VERDICT, &limited(0.31));
        let finding = found(&outcome);
        assert!(
            finding.message.starts_with("Came back after 0.31 s; the 429 asked for 2.00 s."),
            "{finding:?}"
        );
        assert_eq!((finding.severity, &finding.exchanges[..]), (Severity::Error, &[1, 2][..]));
    }

    #[test]
    fn to_come_before_a_service_expects_to_be_back_is_a_note() {
        let away = |wait| tenant().get(LIST).told(503).retry_after("3").get(LIST).after(wait).done();
        let outcome = alone(&VERDICT, &away(0.5));
        let finding = found(&outcome);
        assert_eq!(
            (finding.severity, &*finding.message),
            (
                Severity::Note,
                "Came back after 0.50 s; the 503 asked for 3.00 s. Before that the service does not expect to be back."
            )
        );
        is_ok(&alone(&VERDICT, &away(3.0)));
    }

    #[test]
    fn early_calls_of_one_chain_are_one_finding() {
        let run = tenant().get(LIST).told(429).retry_after("2");
        let run = (0..9).fold(run, |run, _| run.get(LIST).told(429).retry_after("2"));
        assert!(found(&alone(&VERDICT, &run.done())).message.ends_with("It came back early 8 times more."));
    }

    #[test]
    fn a_timer_that_fires_a_little_early_has_waited() {
        is_ok(&alone(&VERDICT, &limited(1.985)));
        is_ok(&alone(&VERDICT, &limited(2.0)));
    }

    #[test]
    fn a_longer_wait_may_be_capped_at_ten_seconds() {
        let told = |wait| {
            tenant().get(LIST).told(429).retry_after("30").get(LIST).after(wait).told(429).get(LIST).done()
        };
        is_ok(&alone(&VERDICT, &told(10.0)));
        found(&alone(&VERDICT, &told(6.0)));
    }

    #[test]
    fn whoever_has_no_time_for_a_long_wait_may_try_once_more() {
        let told = |wait| tenant().get(LIST).told(429).retry_after("30").get(LIST).after(wait).done();
        is_ok(&alone(&VERDICT, &told(6.0)));
        found(&alone(&VERDICT, &told(1.0)));
    }

    #[test]
    fn a_client_that_sleeps_by_moving_the_clock_has_waited() {
        is_ok(&alone(&VERDICT, &tenant().get(LIST).told(429).retry_after("2").get(LIST).moved(2).done()));
    }

    #[test]
    fn a_date_may_be_missed_by_less_than_a_second_with_a_warning() {
        let told = |wait| tenant().get(LIST).told(429).retry_at(3).get(LIST).after(wait).done();
        is_ok(&alone(&VERDICT, &told(3.0)));
        assert_eq!(found(&alone(&VERDICT, &told(2.2))).severity, Severity::Warning);
        assert_eq!(found(&alone(&VERDICT, &told(0.1))).severity, Severity::Error);
    }

    #[test]
    fn a_date_is_not_judged_where_the_tenants_clock_is_behind() {
        let behind = |call: &mut crate::verdict::Call| call.ahead_ms = -86_400_000;
        let run = tenant().get(LIST).but(behind).told(429).retry_at(3).get(LIST).done();
        is_not_applicable(&alone(&VERDICT, &run));
    }

    #[test]
    fn a_call_that_is_not_repeated_shows_nothing() {
        is_not_applicable(&alone(
            &VERDICT,
            &tenant().get(LIST).told(429).retry_after("2").get("/v2024/x").done(),
        ));
        is_not_applicable(&alone(
            &VERDICT,
            &tenant().get(LIST).told(429).retry_after("soon").get(LIST).done(),
        ));
        is_not_applicable(&alone(&VERDICT, &tenant().get(LIST).told(429).retry_after("0").get(LIST).done()));
    }

    #[test]
    fn threads_that_ask_for_the_same_are_not_taken_for_the_one_that_was_told() {
        let clean = run().get(LIST).get(LIST).at(0.00005).on(2).exits(0);
        let run = run().get(LIST).on(1).told(429).retry_after("2").get(LIST).on(2).exits(0);
        is_inconclusive(&beside(&VERDICT, &clean, &run));
    }

    #[test]
    fn threads_that_look_at_the_list_after_writes_of_theirs_failed_are_not_taken_for_one() {
        let clean = run().post(LIST).body("1").took(0.1).post(LIST).body("2").at(0.05).on(2).exits(0);
        let looks = |writes: u64| {
            let failed =
                (1..=writes).fold(run(), |run, nth| run.post(LIST).body(&nth.to_string()).on(nth).told(502));
            failed.get(LIST).on(1).told(429).retry_after("2").get(LIST).on(2).after(0.01).lists().exits(1)
        };
        is_inconclusive(&beside(&VERDICT, &clean, &looks(2)));
        found(&beside(&VERDICT, &clean, &looks(1)));
    }

    #[test]
    fn the_next_program_or_test_is_not_taken_for_the_one_that_was_told() {
        let program = |script: Script, nth: u64| script.token(&format!("T{nth}")).on(nth);
        let clean = program(program(run(), 1).get(LIST), 2).get(LIST).exits(0);
        let told = || program(run(), 1).told(429).retry_after("5");
        is_inconclusive(&beside(&VERDICT, &clean, &program(told(), 2).get(LIST).exits(1)));
        // The same one comes the same way, or more often than it does anyway.
        found(&beside(&VERDICT, &clean, &program(told(), 1).exits(1)));
        found(&beside(&VERDICT, &clean, &program(program(told(), 2), 3).exits(1)));
    }

    #[test]
    fn threads_that_share_a_connection_of_http_2_are_not_taken_for_one() {
        let shares = |call: &mut crate::verdict::Call| call.is_multiplexed = true;
        let twice = |script: Script| script.get(LIST).but(shares).get(LIST);
        let told =
            |script: Script| script.get(LIST).but(shares).told(429).retry_after("2").get(LIST).get(LIST);
        is_inconclusive(&beside(&VERDICT, &twice(run()).exits(0), &told(run()).exits(0)));
        is_inconclusive(&alone(&VERDICT, &told(tenant()).done()));
        let once = run().get(LIST).but(shares).exits(0);
        found(&beside(
            &VERDICT,
            &once,
            &run().get(LIST).but(shares).told(429).retry_after("2").get(LIST).exits(0),
        ));
    }

    #[test]
    fn several_clients_in_one_tenant_do_not_add_up() {
        let run = tenant().get(LIST).by("a").told(429).retry_after("2").get(LIST).by("b").done();
        is_not_applicable(&alone(&VERDICT, &run));
    }

    #[test]
    fn a_hedged_read_is_not_taken_for_one_that_came_back() {
        let clean = run().get(LIST).exits(0);
        let hedges = || run().get(LIST).told(200).took(2.0).get(LIST).at(1.0).on(2).exits(0);
        let told = || run().get(LIST).told(429).retry_after("2").get(LIST).after(0.3).exits(0);
        is_inconclusive(&among(&VERDICT, &clean, &[told(), hedges()]));
        let gives_up = run().get(LIST).told(200).took(12.1).get(LIST).at(12.0).on(2).exits(0);
        found(&among(&VERDICT, &clean, &[told(), gives_up]));
    }

    #[test]
    fn a_client_that_keeps_no_connection_is_found_too() {
        found(&alone(&VERDICT, &tenant().get(LIST).told(429).retry_after("2").get(LIST).on(2).done()));
    }
}
