//! `token-per-call`: the client fetches a token for every call.

use std::collections::BTreeMap;

use crate::verdict::{Call, Case, Group, Needs, Outcome, RunKind, Severity, Verdict};

/// Fewer calls than this show no habit, unless each of them has a token of its own.
const ENOUGH: usize = 10;
/// Fewer than this show none whatever they have.
const FEWEST: usize = 5;

pub(super) static VERDICT: Verdict = Verdict {
    id: "token-per-call",
    severity: Severity::Warning,
    group: Group::Token,
    needs: Needs::Journal,
    scenarios: &[],
    explains: &[],
    checks: "Where nothing goes wrong, a client fetches fewer tokens than half of its calls, of which there are ten at \
             least. From five calls on it does not fetch one for each over connections that it keeps. In one journal alone, only tokens are counted that were fetched over a connection with other calls \
             before and after.",
    why: "Each token is a second call, so a job takes twice as long, and the token endpoint has a limit of its own.",
    advice: "Keep a token for as long as it is good, share it among threads, and fetch another on a 401.",
    source: "sailpoint-oss/powershell-sdk#28; RFC 6749 5.1 (expires_in)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    if !matches!(case.run.kind, RunKind::Clean | RunKind::Tenant) {
        return Outcome::not_applicable("judged in the clean run");
    }
    let mut by_client: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in &case.run.calls {
        if let Some(client) = call.client.as_deref() {
            by_client.entry(client).or_default().push(call);
        }
    }
    let (mut findings, mut is_judged) = (Vec::new(), false);
    for calls in by_client.values() {
        let api = calls.iter().filter(|call| !call.is_token()).count();
        let tokens: Vec<_> = calls.iter().copied().filter(|call| counts(case, calls, call)).collect();
        let has_one_each = || {
            let kept = tokens.iter().filter(|call| is_between_calls(calls, call)).count();
            case.run.kind == RunKind::Clean
                && api >= FEWEST
                && tokens.len() >= api
                && kept + 1 >= tokens.len()
        };
        if api < ENOUGH && !has_one_each() {
            continue;
        }
        is_judged = true;
        if tokens.len() * 2 >= api {
            let message = format!("{api} calls, {} tokens. One lasts for many calls.", tokens.len());
            let finding = VERDICT.finding(message, tokens.iter().copied().take(10));
            findings.push(finding.measured("calls", api).measured("tokens", tokens.len()));
        }
    }
    if !is_judged {
        return Outcome::not_applicable("no client made ten calls, or five with a token each");
    }
    Outcome::of(findings)
}

/// Whether it is a token call that shows the client's habit. Tests with clients of their own fetch a token each, over a
/// connection of their own.
fn counts(case: &Case<'_>, calls: &[&Call], call: &Call) -> bool {
    call.token_given.is_some() && (case.run.kind == RunKind::Clean || is_between_calls(calls, call))
}

/// Whether a token was fetched over a connection that had brought a call before, by a client that goes on, then.
fn is_between_calls(calls: &[&Call], token: &Call) -> bool {
    let mut before = calls.iter().filter(|other| other.number < token.number);
    before.any(|other| other.connection == token.connection && !other.is_token())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{LIST, Script, alone, found, is_not_applicable, is_ok, run, tenant};

    fn each(script: Script, times: usize) -> Script {
        (0..times).fold(script, |script, nth| script.token(&format!("T{nth}")).get(LIST))
    }

    #[test]
    fn a_token_for_every_call_is_found_in_the_clean_run_and_alone() {
        let clean = each(run().of_kind(RunKind::Clean), 12).exits(0);
        assert_eq!(found(&alone(&VERDICT, &clean)).message, "12 calls, 12 tokens. One lasts for many calls.");
        found(&alone(&VERDICT, &each(tenant(), 12).done()));
    }

    #[test]
    fn one_token_for_many_calls_is_right() {
        is_ok(&alone(&VERDICT, &(0..12).fold(tenant().token("T"), |script, _| script.get(LIST)).done()));
    }

    #[test]
    fn tests_with_clients_of_their_own_are_let_be() {
        let test = |script: Script, nth: u64| script.token(&format!("T{nth}")).on(nth).get(LIST).on(nth);
        is_ok(&alone(&VERDICT, &(1..13).fold(tenant(), test).done()));
    }

    #[test]
    fn a_token_for_each_of_a_few_calls_of_one_program_is_found_in_the_clean_run() {
        let clean = || run().of_kind(RunKind::Clean);
        assert_eq!(
            found(&alone(&VERDICT, &each(clean(), 5).exits(0))).message,
            "5 calls, 5 tokens. One lasts for many calls."
        );
        is_not_applicable(&alone(&VERDICT, &each(clean(), 4).exits(0)));
        is_not_applicable(&alone(&VERDICT, &each(clean(), 5).get(LIST).exits(0)));
        let program = |script: Script, nth: u64| script.token(&format!("T{nth}")).on(nth).get(LIST).on(nth);
        is_not_applicable(&alone(&VERDICT, &(1..9).fold(clean(), program).exits(0)));
    }

    #[test]
    fn few_calls_and_runs_with_faults_are_not_judged() {
        is_not_applicable(&alone(&VERDICT, &each(tenant(), 5).done()));
        is_not_applicable(&alone(&VERDICT, &each(run(), 12).exits(0)));
    }
}
