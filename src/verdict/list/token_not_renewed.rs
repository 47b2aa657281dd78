//! `token-not-renewed`: the token ended, and the client fetched no other.

use crate::verdict::attempts::{IN_FLIGHT, was_back_since};
use crate::verdict::text::counted;
use crate::verdict::tokens::{Death, carried, deaths, is_after, later};
use crate::verdict::{Call, Case, Exit, Finding, Group, Needs, Outcome, Run, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "token-not-renewed",
    severity: Severity::Error,
    group: Group::Token,
    needs: Needs::Journal,
    scenarios: &["token-expires-early", "token-already-expired", "token-revoked-mid-page"],
    explains: &["false-success"],
    checks: "After a 401 for a token that the client was given, it fetches another. An error where it went on with the \
             dead one, or where it tries again after other failures; a warning where it ended with the first 401, as it \
             ends with any failure. One that is refused with the new token, too, is right to end.",
    why: "A token ends when the service says so, whatever expires_in promised. A client that fetches it once fails in \
          every job that is long enough.",
    advice: "On a 401 fetch one new token, repeat the call once, and report a second 401.",
    source: "RFC 6750 3.1 (invalid_token); sailpoint-oss/python-sdk#59",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let deaths = deaths(case.run);
    if deaths.is_empty() {
        return Outcome::not_applicable("no token that the client was given was refused with 401");
    }
    if !case.run.calls.iter().any(Call::is_token) {
        return Outcome::not_applicable("the client fetches no token itself");
    }
    if case.run.succeeded() && case.may_leave_pages() {
        return Outcome::inconclusive(
            "calls are made beside others, and neither the data nor the output shows that one more was needed",
        );
    }
    let (mut findings, mut is_open) = (Vec::new(), false);
    for death in deaths.iter().filter(|death| !is_replaced(case, death)) {
        let used = later(case.run, death.call).filter(|call| carried(call) == Some(death.token));
        let used: Vec<_> = used.filter(|call| !is_in_flight(case, death, call)).collect();
        if !used.is_empty() {
            findings.push(went_on(death, &used));
        } else if is_refused_renewal(case.run, &deaths, death) {
            // Who renewed, and is refused again, is to report that.
        } else if ended_itself(case) {
            findings.push(stopped(case, death));
        } else {
            is_open = true;
        }
    }
    if is_open && findings.is_empty() {
        return Outcome::not_applicable("nothing followed the 401 yet");
    }
    Outcome::of(findings)
}

/// Whether the client stopped by itself: one that was ended at its deadline may have been about to go on.
fn ended_itself(case: &Case<'_>) -> bool {
    case.run.ended.as_ref().is_some_and(|ended| ended.exit != Exit::Deadline)
}

/// Whether the client asked for another token once this one was told dead, or had another already.
fn is_replaced(case: &Case<'_>, death: &Death<'_>) -> bool {
    let run = case.run;
    let asks = later(run, death.call).any(Call::is_token);
    // A thread may have begun to renew before this 401 was told.
    let asked = run.calls.iter().any(|call| {
        call.is_token()
            && call.client == death.call.client
            && call.token_given != Some(death.token)
            && death.call.arrived.is_before(call.arrived)
    });
    let moved_on = later(run, death.call).filter_map(carried).any(|token| token != death.token);
    asks || asked || moved_on
}

/// Whether another thread may have sent it before it could know that the token is dead.
fn is_in_flight(case: &Case<'_>, death: &Death<'_>, call: &Call) -> bool {
    let Some(told) = death.call.ended() else { return false };
    told.until(call.arrived) <= IN_FLIGHT && case.is_concurrent() && !was_back_since(case.run, told, call)
}

/// Whether it is the token that the client had fetched after another 401, and none of its calls was accepted with it.
fn is_refused_renewal(run: &Run, deaths: &[Death<'_>], death: &Death<'_>) -> bool {
    let given = run.calls.iter().find(|call| call.token_given == Some(death.token));
    let is_renewal = |given: &Call| {
        deaths.iter().any(|former| former.token != death.token && is_after(former.call, given))
    };
    let is_accepted =
        |call: &Call| carried(call) == Some(death.token) && call.status.is_some_and(|status| status != 401);
    given.is_some_and(is_renewal) && !run.calls.iter().take(death.call.number).any(is_accepted)
}

fn went_on(death: &Death<'_>, used: &[&Call]) -> Finding {
    let message = format!(
        "The token ended at call {} and was never renewed; {} with it failed.",
        death.call.number,
        counted(used.len() + 1, "call", "calls")
    );
    let shown = std::iter::once(death.call).chain(used.iter().copied().take(10));
    VERDICT.finding(message, shown).measured("calls", used.len() + 1)
}

fn stopped(case: &Case<'_>, death: &Death<'_>) -> Finding {
    let message = format!(
        "The token ended at call {}; the client stopped there instead of renewing it.",
        death.call.number
    );
    let finding = VERDICT.finding(message, [death.call]);
    if tries_again(case) { finding } else { finding.graded(Severity::Warning) }
}

/// Whether the client repeats calls after other failures, in any run.
fn tries_again(case: &Case<'_>) -> bool {
    case.all.iter().any(|run| {
        let chains = case.of(run).attempts();
        let part = |one: &Call, _: &Call| one.may_pass();
        chains.iter().flat_map(|chain| chain.split(part)).any(|chain| chain.repetitions() > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Run;
    use crate::verdict::example::{
        LIST, Script, alone, among, beside, found, is_inconclusive, is_not_applicable, is_ok, run, tenant,
    };

    fn clean() -> Run {
        run().token("T1").get(LIST).get("/v2024/x").exits(0)
    }

    #[test]
    fn going_on_with_a_dead_token_is_an_error() {
        let run = || tenant().token("T1").get(LIST).get(LIST).refused(401).get("/v2024/x").refused(401);
        let outcome = alone(&VERDICT, &run().done());
        assert_eq!(
            found(&outcome).message,
            "The token ended at call 3 and was never renewed; 2 calls with it failed."
        );
        assert_eq!(found(&beside(&VERDICT, &clean(), &run().exits(0))).severity, Severity::Error);
    }

    #[test]
    fn a_client_that_ends_with_any_failure_is_warned() {
        let stops = run().token("T1").get(LIST).refused(401).exits(1);
        let retries = run().token("T1").get(LIST).told(503).get(LIST).after(1.0).exits(0);
        assert_eq!(found(&beside(&VERDICT, &clean(), &stops)).severity, Severity::Warning);
        assert_eq!(found(&among(&VERDICT, &clean(), &[stops, retries])).severity, Severity::Error);
    }

    #[test]
    fn a_client_that_was_ended_at_its_deadline_may_have_been_about_to_renew() {
        let ended = run().token("T1").get(LIST).refused(401).ends_at_deadline(20.0);
        is_not_applicable(&beside(&VERDICT, &clean(), &ended));
    }

    #[test]
    fn what_was_on_its_way_beside_the_first_refusal_is_no_use_of_a_dead_token() {
        let at_once =
            |script: Script| script.get("/v2024/x").at(1.0).took(0.01).get("/v2024/y").at(1.001).on(2);
        let clean = || at_once(run().token("T1").get(LIST)).exits(0);
        let stops = at_once(run().token("T1").get(LIST)).get(LIST).at(1.1).refused(401);
        let stops = stops.get("/v2024/x").at(1.103).on(2).refused(401).exits(1);
        assert_eq!(found(&beside(&VERDICT, &clean(), &stops)).severity, Severity::Warning);
    }

    #[test]
    fn who_needs_none_of_the_calls_that_were_refused_is_not_judged() {
        let at_once =
            |script: Script| script.get("/v2024/x").at(1.0).took(0.01).get("/v2024/y").at(1.001).on(2);
        let clean = at_once(run().token("T1").get(LIST)).exits(0);
        let stops = at_once(run().token("T1").get(LIST)).get(LIST).at(1.1).refused(401);
        is_inconclusive(&beside(&VERDICT, &clean, &stops.clone().exits(0)));
        found(&beside(&VERDICT, &clean, &stops.exits(1)));
    }

    #[test]
    fn whoever_renews_is_right() {
        let renews = tenant().token("T1").get(LIST).refused(401).token("T2").get(LIST);
        is_ok(&alone(&VERDICT, &renews.done()));
        let fails = run().token("T1").get(LIST).refused(401).post("/oauth/token").told(503).exits(1);
        is_ok(&beside(&VERDICT, &clean(), &fails));
    }

    #[test]
    fn whoever_renewed_and_reports_that_it_was_refused_again_is_right() {
        let reports = || run().token("T1").get(LIST).refused(401).token("T2").get(LIST).refused(401).exits(1);
        let retries = run().token("T1").get(LIST).told(503).get(LIST).after(1.0).exits(0);
        is_ok(&among(&VERDICT, &clean(), &[reports(), retries]));
        let accepted = run().token("T1").get(LIST).refused(401).token("T2").get(LIST).get("/v2024/x");
        let stops = accepted.refused(401).exits(1);
        assert_eq!(found(&beside(&VERDICT, &clean(), &stops)).severity, Severity::Warning);
    }

    #[test]
    fn tokens_that_were_never_good_and_tokens_from_elsewhere_are_not_judged() {
        let wrong =
            tenant().token("T1").get(LIST).get(LIST).with("wrong").refused(401).get(LIST).with("wrong");
        is_not_applicable(&alone(&VERDICT, &wrong.refused(401).done()));
        let brought = tenant().get(LIST).get(LIST).refused(401).get(LIST).refused(401);
        is_not_applicable(&alone(&VERDICT, &brought.done()));
        is_not_applicable(&alone(&VERDICT, &tenant().token("T1").get(LIST).refused(401).done()));
    }
}
