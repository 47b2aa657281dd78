//! `limit-not-shared`: while one call was told to wait, others went on with the same client: those of other threads, or
//! those that were next.

use std::time::Duration;

use hyper::Method;

use crate::verdict::attempts::{Callers, IN_FLIGHT, was_back_since};
use crate::verdict::text::{counted, wait};
use crate::verdict::told_wait::CAPPED;
use crate::verdict::{Call, Case, Finding, Group, Moment, Needs, Outcome, Run, Severity, Verdict};

/// Longer than this nothing is in flight, however slow the client is.
const LONGEST_IN_FLIGHT: Duration = Duration::from_millis(500);

/// This many calls that were refused as well are not a last look before a command gives up.
const GOES_ON: usize = 3;

pub(super) static VERDICT: Verdict = Verdict {
    id: "limit-not-shared",
    severity: Severity::Warning,
    group: Group::Waits,
    needs: Needs::Journal,
    scenarios: &["rate-limited", "rate-limited-escalating"],
    explains: &[],
    checks: "When a client that makes calls at the same time is told to wait, its other calls to the same API version \
             wait, too. What was on its way then does not count: 100 ms and ten times the client's usual pace, and, \
             where the client is slow between its calls, the first call that each connection brings; half a second where it \
             keeps no connection. Of a wait of more than 10 s, which a client may cap, only calls that are refused as well \
             count, three of them. A command that makes one call at a time does not go on with three others meanwhile, all \
             of which are refused.",
    why: "The limit is counted per client and API version. Calls that do not heed it are refused as well, and use up the next \
          window for those that waited.",
    advice: "Share the wait among all threads and calls of a client, and send fewer at a time when it is told again.",
    source: "SailPoint, Rate Limiting (per client_id and API version; reduce concurrency)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    if !case.is_concurrent() {
        return one_at_a_time(case);
    }
    let callers = Callers::of(*case);
    let pace = case.clean.map_or(Duration::ZERO, Run::pace);
    let keeps_connections = case.run.calls.iter().any(|call| call.is_on_reused_connection);
    let in_flight = if keeps_connections {
        (2 * IN_FLIGHT + 10 * pace).min(LONGEST_IN_FLIGHT)
    } else {
        // Nothing shows who had come back, nor how slow each of them is.
        LONGEST_IN_FLIGHT
    };
    // On a busy machine all threads are slow; one that was back since then shows that it was not on its way.
    let slowest = case.clean.map_or(Duration::ZERO, Run::slowest_pace).max(case.run.slowest_pace());
    let late = in_flight + 2 * slowest;
    let (mut findings, mut is_judged) = (Vec::new(), false);
    let mut last: Option<(&Call, Moment)> = None;
    for told in case.run.calls.iter().filter(|call| is_limit(call)) {
        let (Some(from), Some(asked)) = (told.ended(), told.asked_to_wait()) else { continue };
        let is_inside =
            last.is_some_and(|(other, until)| is_of_same_limit(other, told) && told.arrived.is_before(until));
        let window = asked.min(CAPPED);
        if is_inside || window <= 2 * in_flight {
            continue;
        }
        last = Some((told, from.plus(window)));
        let later = case.run.calls.iter().skip(told.number).filter(|call| is_of_same_limit(told, call));
        let is_within = |call: &&Call| from.until(call.arrived) < window.saturating_sub(in_flight);
        let others: Vec<_> = later
            .take_while(is_within)
            .filter(|call| from.until(call.arrived) > in_flight && from.is_before(call.arrived))
            .filter(|call| from.until(call.arrived) > late || was_back_since(case.run, from, call))
            .filter(|call| call.key != told.key || !callers.follow_each_other(told, call, Duration::ZERO))
            .collect();
        is_judged = true;
        let goes_on = if asked > CAPPED {
            others.iter().filter(|call| call.status == Some(429)).count() >= GOES_ON
        } else {
            !others.is_empty()
        };
        findings.extend(goes_on.then(|| finding(told, asked, &others, "thread")));
    }
    if is_judged { Outcome::of(findings) } else { Outcome::not_applicable("no thread was told to wait") }
}

/// Whoever makes one call at a time and goes on to the next ones, as if only the one had been told to wait.
fn one_at_a_time(case: &Case<'_>) -> Outcome {
    if case.clean.is_none() {
        return Outcome::not_applicable("the client makes one call at a time");
    }
    let (mut findings, mut is_judged, mut until) = (Vec::new(), false, None);
    for told in case.run.calls.iter().filter(|call| is_limit(call)) {
        let (Some(from), Some(asked)) = (told.ended(), told.asked_to_wait()) else { continue };
        if until.is_some_and(|until| told.arrived.is_before(until)) {
            continue;
        }
        let window = asked.min(CAPPED);
        until = Some(from.plus(window));
        is_judged = true;
        let later = case.run.calls.iter().skip(told.number).filter(|call| is_of_same_limit(told, call));
        let within = later.take_while(|call| from.until(call.arrived) < window);
        // Another thread may have had them on their way, if none came this way, or was back, since.
        let is_sure = |call: &&Call| {
            call.came_the_way_of(told)
                || from.until(call.arrived) > IN_FLIGHT
                || was_back_since(case.run, from, call)
        };
        let clears_up = |call: &Call| call.method == Method::DELETE && told.method != Method::DELETE;
        let is_next = |call: &&Call| call.key != told.key && call.status == Some(429) && !clears_up(call);
        let others: Vec<_> = within.filter(is_sure).filter(is_next).collect();
        findings.extend((others.len() >= GOES_ON).then(|| finding(told, asked, &others, "call")));
    }
    if is_judged { Outcome::of(findings) } else { Outcome::not_applicable("no call was told to wait") }
}

/// Whether the call was told that there were too many, and for how long to stay away. The token endpoint has a limit of
/// its own.
fn is_limit(call: &Call) -> bool {
    call.status == Some(429) && !call.is_token() && call.asked_to_wait().is_some()
}

fn is_of_same_limit(told: &Call, other: &Call) -> bool {
    told.client == other.client && told.version == other.version && !other.is_token()
}

fn finding(told: &Call, asked: Duration, others: &[&Call], who: &str) -> Finding {
    let message = format!(
        "{} came while call {} was told to wait {}; the limit is per client, not per {who}.",
        counted(others.len(), "other call", "other calls"),
        told.number,
        wait(asked)
    );
    let shown = std::iter::once(told).chain(others.iter().copied().take(10));
    VERDICT.finding(message, shown).measured("calls", others.len()).measured("asked", asked.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{LIST, alone, beside, found, is_not_applicable, is_ok, run, tenant};

    const OTHER: &str = "/v2024/password-sync-groups/a";
    const V3: &str = "/v3/password-sync-groups/a";

    fn threads() -> Run {
        run().get(LIST).get(OTHER).at(0.00005).on(2).exits(0)
    }

    fn limited(wait: f64) -> Run {
        let run = run().get(LIST).on(1).told(429).retry_after("2").get(OTHER).on(2);
        let run = run.get(OTHER).on(2).after(wait);
        run.get(LIST).on(1).at(2.1).exits(0)
    }

    #[test]
    fn a_thread_that_goes_on_does_not_share_the_limit() {
        let outcome = beside(&VERDICT, &threads(), &limited(0.7));
        assert!(
            found(&outcome).message.starts_with("1 other call came while call 1 was told to wait 2.00 s")
        );
    }

    /// A second 429 in the wait of the first says nothing new; counted again, one call would be two findings.
    #[test]
    fn one_wait_is_one_finding_however_often_it_is_told() {
        let told = run().get(LIST).on(1).told(429).retry_after("2");
        let told = told.get(&format!("{LIST}/b")).on(3).told(429).retry_after("2").get(OTHER).on(2);
        let goes_on = told.get(OTHER).on(2).after(0.7).get(LIST).on(1).at(2.1).exits(0);
        found(&beside(&VERDICT, &threads(), &goes_on));
    }

    #[test]
    fn what_was_in_flight_and_what_waited_does() {
        is_ok(&beside(&VERDICT, &threads(), &limited(0.04)));
        is_ok(&beside(&VERDICT, &threads(), &limited(2.0)));
    }

    #[test]
    fn where_the_client_is_slow_one_call_for_each_thread_may_have_been_on_its_way() {
        let told = |pause| {
            let run = run().get(LIST).on(1).get(LIST).on(1).after(pause);
            run.get(LIST).on(1).told(429).retry_after("2").get(OTHER).on(2).after(0.7)
        };
        is_ok(&beside(&VERDICT, &threads(), &told(0.4).get(OTHER).on(3).exits(0)));
        found(&beside(&VERDICT, &threads(), &told(0.4).get(OTHER).on(2).exits(0)));
        found(&beside(&VERDICT, &threads(), &told(0.001).get(OTHER).on(3).exits(0)));
    }

    #[test]
    fn where_no_connection_is_kept_a_slow_moment_cannot_be_told_from_going_on() {
        let told = |wait| {
            let run = run().get(LIST).on(1).get(LIST).on(2).told(429).retry_after("2");
            run.get(OTHER).on(3).after(wait).get(LIST).on(4).at(2.1)
        };
        is_ok(&beside(&VERDICT, &threads(), &told(0.4).exits(0)));
        found(&beside(&VERDICT, &threads(), &told(0.7).exits(0)));
    }

    #[test]
    fn others_that_are_served_while_one_was_told_to_wait_for_a_day_do_no_harm() {
        let told = |status| {
            let run = run().get(LIST).on(1).get(OTHER).on(2).get(LIST).on(1).told(429).retry_after("86400");
            (0..4).fold(run, |run, _| run.get(OTHER).on(2).after(0.7).refused(status)).exits(1)
        };
        is_ok(&beside(&VERDICT, &threads(), &told(200)));
        found(&beside(&VERDICT, &threads(), &told(429)));
    }

    #[test]
    fn another_client_another_version_and_a_token_call_have_limits_of_their_own() {
        let told = || run().get(LIST).on(1).told(429).retry_after("2");
        for call in [
            told().get(OTHER).on(2).by("b").get(OTHER).on(2).after(0.7).by("b"),
            told().get(V3).on(2).get(V3).on(2).after(0.7),
            told().token("T2").on(2).token("T2").on(2).after(0.7),
        ] {
            is_ok(&beside(&VERDICT, &threads(), &call.exits(0)));
        }
    }

    #[test]
    fn a_client_that_goes_on_to_the_next_calls_does_not_heed_the_limit() {
        let clean = (0..5).fold(run(), |script, nth| script.get(&format!("{OTHER}{nth}"))).exits(0);
        let goes_on = |times| {
            let told = run().get(LIST).told(429).retry_after("2");
            (0..times)
                .fold(told, |script, nth| script.get(&format!("{OTHER}{nth}")).told(429).retry_after("2"))
        };
        let outcome = beside(&VERDICT, &clean, &goes_on(5).exits(1));
        assert_eq!(
            found(&outcome).message,
            "5 other calls came while call 1 was told to wait 2.00 s; the limit is per client, not per call."
        );
        // One or two may look before the command gives up, and a journal alone may be of a test of the limit.
        is_ok(&beside(&VERDICT, &clean, &goes_on(2).exits(1)));
        is_not_applicable(&alone(&VERDICT, &goes_on(5).done()));
        let clears_up = (0..5).fold(run().get(LIST).told(429).retry_after("2"), |script, nth| {
            script.delete(&format!("{OTHER}{nth}")).told(429).retry_after("2")
        });
        is_ok(&beside(&VERDICT, &clean, &clears_up.exits(1)));
        let elsewhere = (2..8).fold(run().get(LIST).told(429).retry_after("2"), |script, nth| {
            script.get(&format!("{OTHER}{nth}")).on(nth).told(429).retry_after("2")
        });
        is_ok(&beside(&VERDICT, &clean, &elsewhere.exits(1)));
    }

    #[test]
    fn a_client_without_threads_is_not_judged() {
        let clean = run().get(LIST).get(OTHER).exits(0);
        is_not_applicable(&alone(&VERDICT, &limited(0.7)));
        is_ok(&beside(&VERDICT, &clean, &limited(0.7)));
        is_not_applicable(&beside(&VERDICT, &threads(), &threads()));
    }

    #[test]
    fn one_journal_in_which_calls_overlap_is_enough() {
        let overlapping = tenant().get(LIST).get(OTHER).at(0.00005).on(2);
        let run = overlapping.get(LIST).on(1).told(429).retry_after("2").get(OTHER).on(2);
        let run = run.get(OTHER).on(2).after(0.7);
        found(&alone(&VERDICT, &run.done()));
    }
}
