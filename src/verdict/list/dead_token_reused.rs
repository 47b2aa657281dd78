//! `dead-token-reused`: the client fetched a new token, and went on with the old one.

use hashbrown::HashSet;
use std::time::Duration;

use crate::verdict::attempts::{Callers, IN_FLIGHT, was_back_since};
use crate::verdict::tokens::{Death, carried, deaths, later};
use crate::verdict::{Call, Case, Group, Needs, Outcome, Severity, Verdict};

/// A slow thread may still send what it had made ready before.
const SLOW_THREAD: Duration = Duration::from_secs(1);

pub(super) static VERDICT: Verdict = Verdict {
    id: "dead-token-reused",
    severity: Severity::Error,
    group: Group::Token,
    needs: Needs::Journal,
    scenarios: &["token-expires-early", "token-already-expired"],
    explains: &["renewal-loop"],
    checks: "Once a token was told dead and the client was given another, the dead one is not used again: not in the next \
             attempt at the same call, nor in one that comes 50 ms later or over the same connection (where the client makes \
             calls at the same time: nor 1 s later, in the second call that a connection brings).",
    why: "The new token does nothing, and the call fails for ever: often a header that is built once and kept.",
    advice: "Build the Authorization header anew for each attempt, from the token that is stored then.",
    source: "RFC 6750 3.1; openfga/js-sdk#332",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let callers = Callers::of(*case);
    let (mut findings, mut is_judged) = (Vec::new(), false);
    for death in deaths(case.run) {
        let given = later(case.run, death.call)
            .find(|call| call.token_given.is_some_and(|token| token != death.token));
        let Some(given) = given else { continue };
        is_judged = true;
        let reused = later(case.run, given)
            .filter(|call| carried(call) == Some(death.token) && call.status == Some(401))
            .find(|call| is_sure(case, &callers, &death, given, call));
        findings.extend(reused.map(|call| {
            let message = format!(
                "Fetched a new token in call {} and went on with the old one in call {}.",
                given.number, call.number
            );
            VERDICT.finding(message, [death.call, given, call])
        }));
    }
    if !is_judged {
        return Outcome::not_applicable("no token was told dead and then replaced");
    }
    Outcome::of(findings)
}

/// Whether it was surely not on its way already: it repeats a call that was refused with that token, or it came late. Where
/// nothing but the journal is known, a test may use an old token on purpose once the new one works.
fn is_sure(case: &Case<'_>, callers: &Callers<'_>, death: &Death<'_>, given: &Call, call: &Call) -> bool {
    let since = given.ended().map_or(Duration::ZERO, |ended| ended.until(call.arrived));
    let is_used = || {
        let used: HashSet<_> = later(case.run, given)
            .take_while(|other| other.number < call.number)
            .filter_map(carried)
            .collect();
        given.token_given.is_some_and(|token| used.contains(&token))
    };
    if case.clean.is_none() && is_used() {
        return false;
    }
    let repeats = call.key == death.call.key && callers.planned(call) <= 1 && !callers.is_concurrent();
    let is_back = || given.ended().is_some_and(|ended| was_back_since(case.run, ended, call));
    if callers.is_concurrent() {
        since > SLOW_THREAD && is_back()
    } else {
        // Over the connection that brought the new token, or a call since, nothing was on its way.
        repeats || since > IN_FLIGHT || call.came_the_way_of(given) || is_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Run;
    use crate::verdict::example::{
        LIST, Script, alone, beside, found, is_not_applicable, is_ok, run, tenant,
    };

    fn renewed(script: Script) -> Script {
        script.token("T1").get(LIST).refused(401).token("T2")
    }

    fn clean() -> Run {
        run().token("T1").get(LIST).get("/v2024/x").exits(0)
    }

    #[test]
    fn the_old_token_in_the_next_attempt_is_found() {
        let outcome = alone(&VERDICT, &renewed(tenant()).get(LIST).with("T1").refused(401).done());
        assert_eq!(
            found(&outcome).message,
            "Fetched a new token in call 3 and went on with the old one in call 4."
        );
        found(&beside(
            &VERDICT,
            &clean(),
            &renewed(run()).get("/v2024/x").after(0.2).with("T1").refused(401).exits(1),
        ));
    }

    #[test]
    fn the_new_token_and_what_was_on_its_way_are_fine() {
        is_ok(&alone(&VERDICT, &renewed(tenant()).get(LIST).done()));
        let on_its_way = renewed(run()).get("/v2024/x").on(2).with("T1").refused(401);
        is_ok(&beside(&VERDICT, &clean(), &on_its_way.exits(0)));
    }

    #[test]
    fn the_old_token_in_the_next_call_is_found_however_soon_it_comes() {
        let next =
            renewed(run()).get(LIST).get("/v2024/x").with("T1").refused(401).token("T3").get("/v2024/x");
        found(&beside(&VERDICT, &clean(), &next.exits(0)));
        // Over HTTP/2 another thread may have sent it before.
        let renewed = renewed(run()).get(LIST).get("/v2024/x").but(|call| call.is_multiplexed = true);
        is_ok(&beside(&VERDICT, &clean(), &renewed.with("T1").refused(401).exits(0)));
    }

    #[test]
    fn slow_threads_have_a_second_and_one_call() {
        let clean = run().token("T1").get(LIST).get("/v2024/x").at(0.00115).on(2).exits(0);
        let old = |script: Script, wait| script.get("/v2024/x").after(wait).with("T1").refused(401);
        is_ok(&beside(&VERDICT, &clean, &old(old(renewed(run()), 0.1), 0.1).exits(1)));
        is_ok(&beside(&VERDICT, &clean, &old(renewed(run()), 1.2).exits(1)));
        found(&beside(&VERDICT, &clean, &old(old(renewed(run()), 1.2), 0.1).exits(1)));
    }

    #[test]
    fn a_test_that_uses_an_old_token_on_purpose_is_let_be() {
        let run = renewed(tenant()).get(LIST).get(LIST).after(0.2).with("T1").refused(401);
        is_ok(&alone(&VERDICT, &run.done()));
    }

    #[test]
    fn without_a_new_token_nothing_is_judged() {
        is_not_applicable(&alone(
            &VERDICT,
            &tenant().token("T1").get(LIST).refused(401).get(LIST).refused(401).done(),
        ));
    }
}
