//! `renewal-stampede`: one token ended, and many threads fetched a new one each.

use crate::verdict::tokens::{carried, deaths, is_after, later};
use crate::verdict::{Call, Case, Group, Needs, Outcome, Run, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "renewal-stampede",
    severity: Severity::Warning,
    group: Group::Token,
    needs: Needs::Journal,
    scenarios: &["token-expires-early"],
    explains: &[],
    checks: "Where threads share one token and it is refused, one new token is fetched for it. Without a clean run only \
             token calls before the first new token was told are counted.",
    why: "As many renewals as threads run into the token endpoint's own limit, and may end each other's tokens.",
    advice: "Let one thread fetch while the others wait, and compare the token that was refused with the stored one first.",
    source: "openfga/js-sdk#332 (one refresh for many concurrent 401s)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    if !case.is_concurrent() {
        return Outcome::not_applicable("the client makes one call at a time");
    }
    let deaths = deaths(case.run);
    let Some(first) = deaths.first() else {
        return Outcome::not_applicable("no token that the client was given was refused with 401");
    };
    let shares = |run: &Run| run.calls.iter().filter(|call| call.token_given.is_some()).count() == 1;
    if case.clean.is_some_and(|clean| !shares(clean)) || !is_shared(case.run, first.call) {
        return Outcome::not_applicable("the threads do not share one token");
    }
    let renewals: Vec<_> = later(case.run, first.call).filter(|call| call.token_given.is_some()).collect();
    let Some(given) = renewals.first() else { return Outcome::not_applicable("the token was not renewed") };
    let counted: Vec<_> = match case.clean {
        Some(_) => renewals,
        None => renewals.iter().copied().filter(|call| !is_after(given, call)).collect(),
    };
    if counted.len() <= deaths.len() {
        return Outcome::Ok;
    }
    let message = format!(
        "{} tokens ended, {} were fetched. Let one thread fetch and the others wait.",
        deaths.len(),
        counted.len()
    );
    let message = if deaths.len() == 1 {
        format!("One expiry, {} renewals. Let one thread fetch and the others wait.", counted.len())
    } else {
        message
    };
    let shown = std::iter::once(first.call).chain(counted.iter().copied().take(10));
    Outcome::of(vec![VERDICT.finding(message, shown).measured("renewals", counted.len())])
}

/// Whether all calls of the client up to this one came with its token.
fn is_shared(run: &Run, call: &Call) -> bool {
    let former = run.calls.iter().take(call.number).filter(|other| other.client == call.client);
    former.filter_map(carried).all(|token| Some(token) == carried(call))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, Script, alone, beside, found, is_not_applicable, is_ok, run, tenant,
    };

    const OTHER: &str = "/v2024/password-sync-groups/a";

    fn threads(script: Script) -> Script {
        script.token("T1").get(LIST).at(1.0).get(OTHER).at(1.00005).on(2)
    }

    fn refused(script: Script) -> Script {
        threads(script)
            .get(LIST)
            .on(1)
            .at(2.0)
            .refused(401)
            .get(OTHER)
            .on(2)
            .at(2.001)
            .with("T1")
            .refused(401)
    }

    #[test]
    fn two_renewals_for_one_expiry_are_a_stampede() {
        let clean = threads(run()).exits(0);
        let twice = refused(run()).token("T2").at(2.002).took(0.01).token("T3").at(2.003).get(LIST).at(3.0);
        let outcome = beside(&VERDICT, &clean, &twice.exits(0));
        assert_eq!(
            found(&outcome).message,
            "One expiry, 2 renewals. Let one thread fetch and the others wait."
        );
        let alone_twice = refused(tenant()).token("T2").at(2.002).took(0.01).token("T3").at(2.003);
        found(&alone(&VERDICT, &alone_twice.done()));
    }

    #[test]
    fn one_renewal_is_none() {
        let clean = threads(run()).exits(0);
        is_ok(&beside(&VERDICT, &clean, &refused(run()).token("T2").at(2.002).get(LIST).exits(0)));
        is_ok(&alone(&VERDICT, &refused(tenant()).token("T2").at(2.002).token("T3").at(2.1).done()));
    }

    #[test]
    fn a_client_without_threads_or_with_a_token_each_is_not_judged() {
        let sequential =
            || run().token("T1").get(LIST).refused(401).token("T2").token("T3").get(LIST).exits(0);
        is_not_applicable(&beside(&VERDICT, &run().token("T1").get(LIST).exits(0), &sequential()));
        let each = threads(run()).token("T9").exits(0);
        is_not_applicable(&beside(&VERDICT, &each, &refused(run()).token("T2").at(2.002).exits(0)));
        is_not_applicable(&beside(&VERDICT, &threads(run()).exits(0), &threads(run()).exits(0)));
    }
}
