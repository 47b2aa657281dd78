//! `renews-on-403`: the client takes a lack of rights for a dead token.

use super::retries_refusal;
use crate::verdict::attempts::Callers;
use crate::verdict::chain::Chain;
use crate::verdict::{Call, Case, Group, Needs, Outcome, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "renews-on-403",
    severity: Severity::Warning,
    group: Group::Token,
    needs: Needs::Journal,
    scenarios: &["scope-taken-away", "forbidden-halfway"],
    explains: &["retries-refusal"],
    checks: "After a 403 the client does not fetch a token and make the same call again. A whole job that begins again and \
             again, with a token each time, repeats a refusal, and that is told; one that goes through then is let be.",
    why: "A new token has no more rights than the old one. The attempt hides what is wrong: a scope or a role is missing.",
    advice: "Renew on 401 only; report a 403 with the right that is missing.",
    source: "RFC 6750 3.1 (insufficient_scope)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    if !case.run.calls.iter().any(|call| call.status == Some(403) && !call.is_token()) {
        return Outcome::not_applicable("no call was answered 403");
    }
    // A run that ends early has few calls for its tokens; the clean one says what is usual.
    if case.clean.unwrap_or(case.run).fetches_tokens_all_the_time() {
        return Outcome::not_applicable("the client fetches a token for every call");
    }
    let callers = Callers::of(*case);
    let chains = case.run.chains();
    let found: Vec<_> = chains
        .iter()
        .flat_map(Chain::pairs)
        .filter_map(|(refused, next)| {
            let token = renewal(case, refused, next)?;
            is_meant(case, &callers, refused, next).then_some([refused, token, next])
        })
        .collect();
    let at_once = found.iter().find(|[_, token, next]| !is_done_between(case, token, next));
    if at_once.is_none() && !found.is_empty() && retries_refusal::has_loops(case, &callers) {
        return Outcome::not_applicable("the token was no answer to the 403: explained by retries-refusal");
    }
    // A job that began again and went through had no need of the token alone: what took the right away is over.
    let is_refused_again = |[_, _, next]: &&[&Call; 3]| next.status == Some(403);
    let finding = at_once.or_else(|| found.iter().find(is_refused_again)).map(|calls| {
        let message = format!(
            "Renewed its token after the 403 of call {} and asked again. A new token has no more rights than the old one.",
            calls[0].number
        );
        VERDICT.finding(message, calls.iter().copied())
    });
    Outcome::of(finding.into_iter().collect())
}

/// The token call between the two, where no 401 gave another reason for it.
fn renewal<'a>(case: &Case<'a>, refused: &Call, next: &Call) -> Option<&'a Call> {
    if refused.status != Some(403) || refused.is_token() {
        return None;
    }
    let between = || {
        let calls = case.run.calls.iter().skip(refused.number).take_while(|call| call.number < next.number);
        calls.filter(|call| call.client == refused.client)
    };
    let has_other_reason = between().any(|call| call.status == Some(401));
    between().find(|call| call.token_given.is_some() && !has_other_reason)
}

/// Whether other calls were made between the new token and the repetition: a whole job that begins again has a token of
/// its own in any case.
fn is_done_between(case: &Case<'_>, token: &Call, next: &Call) -> bool {
    let mut between = case.run.calls.iter().skip(token.number).take_while(|call| call.number < next.number);
    between.any(|call| call.client == next.client && !call.is_token())
}

/// Whether it is a repetition: more than the clean run makes, or alone over the same connection. Tests with clients of
/// their own, with the same rights, ask for the same thing over new connections.
fn is_meant(case: &Case<'_>, callers: &Callers<'_>, refused: &Call, next: &Call) -> bool {
    match case.clean {
        Some(_) => case.run.count(refused.key) > callers.planned(refused),
        None => refused.connection == next.connection,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, Script, alone, beside, found, is_not_applicable, is_ok, run, tenant,
    };

    fn begun(script: Script) -> Script {
        script.token("T1").get(LIST).get(LIST).get(LIST).get("/v2024/x").get("/v2024/y")
    }

    #[test]
    fn a_token_call_and_the_same_call_after_a_403_are_found() {
        let clean = begun(run()).put("/v2024/x").exits(0);
        let run =
            |script| begun(script).put("/v2024/x").refused(403).token("T2").put("/v2024/x").refused(403);
        let outcome = beside(&VERDICT, &clean, &run(super::super::super::example::run()).exits(1));
        assert!(
            found(&outcome).message.starts_with("Renewed its token after the 403 of call 7"),
            "{outcome:?}"
        );
        found(&alone(&VERDICT, &run(tenant()).done()));
    }

    #[test]
    fn a_run_that_the_403_ends_early_has_few_calls_for_its_tokens() {
        let clean = begun(run()).put("/v2024/x").exits(0);
        let short = run().token("T1").get(LIST).refused(403).token("T2").get(LIST).refused(403);
        let again = short.token("T3").get(LIST).refused(403).token("T4").get(LIST).refused(403);
        found(&beside(&VERDICT, &clean, &again.exits(1)));
    }

    #[test]
    fn a_job_that_begins_again_whatever_fails_repeats_a_refusal() {
        let clean = run().token("T1").get(LIST).put("/v2024/x").exits(0);
        let again = |times| {
            (1..=times).fold(run(), |script, nth| {
                script.token(&format!("T{nth}")).get(LIST).put("/v2024/x").refused(403)
            })
        };
        let often = again(3).exits(1);
        is_not_applicable(&beside(&VERDICT, &clean, &often));
        assert!(found(&beside(&retries_refusal::VERDICT, &clean, &often)).message.contains("3 times"));
        // Once more may be meant for the rights of a new token.
        found(&beside(&VERDICT, &clean, &again(2).exits(1)));
        let mended = again(1).token("T2").get(LIST).put("/v2024/x");
        is_ok(&beside(&VERDICT, &clean, &mended.exits(0)));
    }

    #[test]
    fn whoever_reports_the_403_is_right() {
        let clean = begun(run()).put("/v2024/x").exits(0);
        is_ok(&beside(&VERDICT, &clean, &begun(run()).put("/v2024/x").refused(403).exits(1)));
        is_not_applicable(&beside(&VERDICT, &clean, &clean));
    }

    #[test]
    fn tests_with_clients_of_their_own_and_renewals_after_a_401_are_let_be() {
        let other =
            begun(tenant()).put("/v2024/x").refused(403).token("T2").on(2).put("/v2024/x").on(2).refused(403);
        is_ok(&alone(&VERDICT, &other.done()));
        let expired =
            begun(tenant()).put("/v2024/x").refused(403).get(LIST).refused(401).token("T2").put("/v2024/x");
        is_ok(&alone(&VERDICT, &expired.done()));
    }

    #[test]
    fn a_client_that_fetches_a_token_for_every_call_is_not_judged() {
        let run = tenant().token("T1").put("/v2024/x").refused(403).token("T2").put("/v2024/x").refused(403);
        is_not_applicable(&alone(&VERDICT, &run.done()));
    }
}
