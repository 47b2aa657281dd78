//! `renewal-loop`: the client renews its token again and again because each is refused.

use crate::verdict::chain::Chain;
use crate::verdict::text::counted;
use crate::verdict::{Call, Case, Finding, Group, Needs, Outcome, Run, Severity, Verdict};

/// More renewals than this for one call are a loop.
const ENOUGH: usize = 3;
/// More renewals than this in a row, for whatever calls, are one, too, where the client fetches one token otherwise.
const ENOUGH_IN_ALL: usize = 10;

pub(super) static VERDICT: Verdict = Verdict {
    id: "renewal-loop",
    severity: Severity::Error,
    group: Group::Token,
    needs: Needs::Journal,
    scenarios: &["token-already-expired", "token-expires-early"],
    explains: &[],
    checks: "One call is not answered with 401, given a new token and tried again more than 3 times. With a clean run: no \
             more than 10 tokens are fetched after 401s with no accepted call in between.",
    why: "When a fresh token is refused, another will be as well: the loop never ends, and runs into the token \
          endpoint's own limit.",
    advice: "Renew once, repeat the call once, then report the 401.",
    source: "RFC 6750 3.1 (one new token, one repetition)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let chains = case.run.chains();
    let renewals: Vec<_> = chains.iter().map(|chain| renewals(case.run, chain)).collect();
    let findings: Vec<_> =
        renewals.iter().filter(|renewals| renewals.len() > ENOUGH).map(|calls| finding(calls)).collect();
    if !findings.is_empty() {
        return Outcome::Found(findings);
    }
    let in_a_row = in_a_row(case.run);
    let fetches_one = |clean: &Run| clean.calls.iter().filter(|call| call.is_token()).count() <= 1;
    let may_be_added = case.clean.is_some_and(fetches_one) && !case.is_concurrent();
    if may_be_added && in_a_row.len() > ENOUGH_IN_ALL {
        return Outcome::Found(vec![finding(&in_a_row)]);
    }
    if in_a_row.is_empty() && renewals.iter().all(Vec::is_empty) {
        return Outcome::not_applicable("no token was renewed after a 401");
    }
    Outcome::Ok
}

/// The token calls between attempts at one call that were each refused with 401. A chain that threads share has as many
/// renewals as threads; those count where each followed on a 401 of the same caller, so all attempts of a chain count
/// only as far as its connections show one caller.
fn renewals<'a>(run: &'a Run, chain: &Chain<'a>) -> Vec<&'a Call> {
    let one_caller = |one: &Call, next: &Call| next.came_the_way_of(one) || !next.is_on_reused_connection;
    let between = |one: &Call, next: &Call| {
        let calls = run.calls.iter().skip(one.number).take_while(|call| call.number < next.number);
        calls.filter(|call| call.client == next.client && call.token_given.is_some()).last()
    };
    let parts = chain.split(|one, next| one.status == Some(401) && !one.is_token() && one_caller(one, next));
    let longest = parts
        .into_iter()
        .map(|part| part.pairs().filter_map(|(one, next)| between(one, next)).collect::<Vec<_>>());
    longest.max_by_key(Vec::len).unwrap_or_default()
}

/// The longest row of token calls, each after a 401, with no accepted call in between.
fn in_a_row(run: &Run) -> Vec<&Call> {
    let (mut longest, mut row): (Vec<&Call>, Vec<&Call>) = (Vec::new(), Vec::new());
    let mut is_refused = false;
    for call in &run.calls {
        if call.token_given.is_some() && is_refused {
            row.push(call);
            is_refused = false;
        } else if !call.is_token() && call.status == Some(401) {
            is_refused = true;
        } else if !call.is_token() && call.status.is_some() {
            row.clear();
            is_refused = false;
        }
        if row.len() > longest.len() {
            longest.clone_from(&row);
        }
    }
    longest
}

fn finding(renewals: &[&Call]) -> Finding {
    let times = counted(renewals.len(), "time", "times");
    let message = format!("Renewed its token {times} in a row. Renew once, then report.");
    VERDICT.finding(message, renewals.iter().copied().take(20)).measured("renewals", renewals.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, Script, alone, beside, found, is_not_applicable, is_ok, run, tenant,
    };

    fn renewing(script: Script, times: usize) -> Script {
        let first = script.token("T0").get(LIST).refused(401);
        (1..=times).fold(first, |script, nth| script.token(&format!("T{nth}")).get(LIST).refused(401))
    }

    fn clean() -> Run {
        run().token("T1").get(LIST).exits(0)
    }

    #[test]
    fn four_renewals_for_one_call_are_a_loop() {
        let outcome = alone(&VERDICT, &renewing(tenant(), 4).done());
        assert_eq!(found(&outcome).message, "Renewed its token 4 times in a row. Renew once, then report.");
        found(&beside(&VERDICT, &clean(), &renewing(run(), 40).exits(1)));
    }

    #[test]
    fn one_renewal_is_right() {
        is_ok(&alone(&VERDICT, &renewing(tenant(), 1).done()));
        is_ok(&beside(&VERDICT, &clean(), &renewing(run(), 1).exits(1)));
        is_not_applicable(&alone(&VERDICT, &renewing(tenant(), 0).done()));
    }

    #[test]
    fn a_client_that_goes_on_to_other_calls_loops_in_the_end() {
        let renewing = |times| {
            (0..times).fold(run().token("T"), |script, nth| {
                script.get(&format!("/v2024/{nth}")).refused(401).token(&format!("T{nth}"))
            })
        };
        is_ok(&beside(&VERDICT, &clean(), &renewing(8).exits(1)));
        found(&beside(&VERDICT, &clean(), &renewing(12).exits(1)));
        is_ok(&alone(&VERDICT, &renewing(12).done()));
    }

    #[test]
    fn threads_that_renew_once_each_are_no_loop() {
        let thread = |script: Script, nth: u64| {
            let script = script.token(&format!("A{nth}")).on(nth).get(LIST).on(nth).refused(401);
            script.token(&format!("B{nth}")).on(nth).get(LIST).on(nth).refused(401)
        };
        is_ok(&alone(&VERDICT, &(1..9).fold(tenant(), thread).done()));
    }
}
