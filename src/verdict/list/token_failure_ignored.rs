//! `token-failure-ignored`: the token call failed, and the client went on without a token.

use hashbrown::HashSet;

use crate::verdict::attempts::{IN_FLIGHT, was_back_since};
use crate::verdict::tokens::{carried, deaths};
use crate::verdict::{Bearer, Call, Case, Finding, Group, Needs, Outcome, Run, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "token-failure-ignored",
    severity: Severity::Error,
    group: Group::Token,
    needs: Needs::Journal,
    scenarios: &["token-endpoint-down", "token-malformed", "token-endpoint-rate-limited"],
    // Whoever does not see that the token call failed does not see either how long it was told to wait, nor that nothing
    // comes of the rest.
    explains: &[
        "retry-after-date-ignored",
        "retry-after-ignored",
        "token-not-renewed",
        "dead-token-reused",
        "false-success",
    ],
    checks: "After a token call that a fault made fail, or whose answer cannot be read, no call to the API follows without \
             a token, with a text such as `undefined` in its place, or with something that is none. A call with a token \
             that was told dead is a warning, and an error when it is not the only one.",
    why: "The 401 that follows hides the cause: people look for wrong credentials when the token endpoint is down.",
    advice: "Check the status of the token call and that its answer has a token; try again with growing waits, or stop.",
    source: "sailpoint-oss/powershell-sdk#84 (JWT is required)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let run = case.run;
    let mut failed: Option<&Call> = None;
    let (mut given, mut is_judged) = (HashSet::new(), false);
    let mut without: Vec<(&Call, &Call)> = Vec::new();
    let mut dead: Vec<(&Call, &Call)> = Vec::new();
    let deaths = deaths(run);
    let is_concurrent = case.is_concurrent();
    for call in &run.calls {
        given.extend(call.token_given);
        if call.is_token() {
            let has_failed = call.is_struck() && call.token_given.is_none();
            failed = if has_failed { Some(call) } else { failed.filter(|_| call.token_given.is_none()) };
            is_judged |= has_failed;
            continue;
        }
        let Some(failed) = failed.filter(|failed| has_ended_before(failed, call)) else { continue };
        if is_meant(case, call) {
            // A test of what comes of it.
        } else if is_without(call) || is_none_at_all(call, &given) {
            without.push((failed, call));
        } else if deaths.iter().any(|death| carried(call) == Some(death.token) && is_late(death.call, call))
            && is_late(failed, call)
            && (!is_concurrent || is_back(run, failed, call))
        {
            dead.push((failed, call));
        }
    }
    if !is_judged {
        return Outcome::not_applicable("no fault made a token call fail");
    }
    let mut findings: Vec<_> =
        without.first().map(|pair| finding(*pair, without.len())).into_iter().collect();
    if findings.is_empty()
        && let Some(pair) = dead.first()
    {
        let finding = finding(*pair, dead.len());
        findings.push(if dead.len() == 1 { finding.graded(Severity::Warning) } else { finding });
    }
    Outcome::of(findings)
}

fn has_ended_before(failed: &Call, call: &Call) -> bool {
    failed.ended().is_some_and(|ended| ended.is_before(call.arrived))
}

/// Whether it came so long after the other was told that it was not on its way then.
fn is_late(told: &Call, call: &Call) -> bool {
    told.ended().is_some_and(|ended| ended.is_before(call.arrived) && ended.until(call.arrived) > IN_FLIGHT)
}

/// Whether the call's thread had been there since the other was told.
fn is_back(run: &Run, told: &Call, call: &Call) -> bool {
    told.ended().is_some_and(|ended| was_back_since(run, ended, call))
}

/// Whether the clean run makes this call with the same in a token's place, and is refused for it.
fn is_meant(case: &Case<'_>, call: &Call) -> bool {
    let is_same =
        |other: &Call| other.key == call.key && other.bearer == call.bearer && other.client.is_none();
    case.clean.is_some_and(|clean| clean.calls.iter().any(is_same))
}

/// Whether a call came without a token.
fn is_without(call: &Call) -> bool {
    match call.bearer {
        Bearer::None => call.status == Some(401),
        Bearer::Nothing(_) => true,
        Bearer::Token(_) => false,
    }
}

/// Whether it came with something that nobody had given to the client.
fn is_none_at_all(call: &Call, given: &HashSet<u64>) -> bool {
    call.status == Some(401)
        && call.client.is_none()
        && carried(call).is_some_and(|token| !given.contains(&token))
}

fn finding((failed, call): (&Call, &Call), times: usize) -> Finding {
    let with = match &call.bearer {
        Bearer::None => "without a token".to_owned(),
        Bearer::Nothing(text) if text.is_empty() => "with an empty `Bearer`".to_owned(),
        Bearer::Nothing(text) => format!("with `Bearer {text}`"),
        Bearer::Token(_) if call.client.is_none() => "with something that is not a token".to_owned(),
        Bearer::Token(_) => "with a token that it had been told is dead".to_owned(),
    };
    let message = format!("Token call {} failed; went on {with} in call {}.", failed.number, call.number);
    VERDICT.finding(message, [failed, call]).measured("calls", times)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, Script, alone, beside, found, is_not_applicable, is_ok, run, tenant,
    };
    use crate::verdict::{Answer, Limits};

    fn failed() -> Script {
        tenant().token("T1").told(503)
    }

    fn stranger(call: &mut Call, bearer: Bearer) {
        (call.bearer, call.client) = (bearer, None);
    }

    #[test]
    fn calls_without_a_token_are_found() {
        let with = |bearer: Bearer| failed().get(LIST).refused(401).but(|call| stranger(call, bearer)).done();
        let message = |run| found(&alone(&VERDICT, &run)).message.clone();
        assert_eq!(
            message(with(Bearer::Nothing("undefined".into()))),
            "Token call 1 failed; went on with `Bearer undefined` in call 2."
        );
        assert!(message(with(Bearer::None)).contains("went on without a token"));
        assert!(message(with(Bearer::Token(7))).contains("something that is not a token"));
        let half = tenant().token("T1").broken(Answer::Garbled).get(LIST).refused(401);
        found(&alone(&VERDICT, &half.but(|call| stranger(call, Bearer::Token(7))).done()));
    }

    #[test]
    fn what_was_told_in_the_answer_that_it_did_not_see_is_no_second_finding() {
        let early = tenant().token("T1").told(429).retry_after("5").get(LIST).refused(401);
        let early =
            early.but(|call| stranger(call, Bearer::Nothing("undefined".into()))).token("T2").get(LIST);
        let run = early.done();
        let case =
            Case { run: &run, clean: None, all: std::slice::from_ref(&run), limits: Limits::default() };
        let judged = crate::verdict::judge(&case);
        let found: Vec<_> = judged.iter().filter(|judged| !judged.findings().is_empty()).collect();
        let names: Vec<_> = found.iter().map(|judged| judged.verdict.id).collect();
        assert_eq!(names, ["token-failure-ignored"]);
    }

    #[test]
    fn a_dead_token_is_a_warning_once() {
        let dead = |times| {
            let run = tenant()
                .token("T1")
                .get(LIST)
                .refused(401)
                .token("T2")
                .told(503)
                .get(LIST)
                .after(1.0)
                .with("T1")
                .refused(401);
            (1..times).fold(run, |run, _| run.get(LIST).refused(401)).done()
        };
        assert_eq!(found(&alone(&VERDICT, &dead(1))).severity, Severity::Warning);
        assert_eq!(found(&alone(&VERDICT, &dead(2))).severity, Severity::Error);
    }

    #[test]
    fn what_threads_had_on_their_way_with_it_is_not_held_against_them() {
        let overlapping = tenant().token("T1").get(LIST).get(LIST).at(0.00115).on(2);
        let expired = overlapping.get(LIST).on(1).refused(401).token("T2").told(503);
        let late =
            |script: Script, connection| script.get(LIST).on(connection).after(0.1).with("T1").refused(401);
        let once = (2..6).fold(expired, late);
        is_ok(&alone(&VERDICT, &once.clone().done()));
        found(&alone(&VERDICT, &late(late(once, 2), 3).done()));
    }

    #[test]
    fn calls_that_are_to_be_refused_are_tests() {
        for bearer in [Bearer::Token(7), Bearer::None, Bearer::Nothing("null".into())] {
            let wrong = |script: Script| {
                script.get(LIST).refused(401).but(|call| stranger(call, bearer.clone())).exits(0)
            };
            let failed = || run().token("T1").told(503);
            is_ok(&beside(&VERDICT, &wrong(run().token("T1")), &wrong(failed())));
            found(&beside(&VERDICT, &run().token("T1").get(LIST).exits(0), &wrong(failed())));
        }
    }

    #[test]
    fn whoever_asks_again_is_right() {
        is_ok(&alone(&VERDICT, &failed().token("T2").told(503).token("T3").get(LIST).done()));
        is_ok(&alone(&VERDICT, &failed().done()));
    }

    #[test]
    fn tests_of_wrong_credentials_and_missing_tokens_are_not_judged() {
        let run = tenant()
            .post("/oauth/token")
            .refused(401)
            .get(LIST)
            .refused(401)
            .but(|call| stranger(call, Bearer::None));
        is_not_applicable(&alone(&VERDICT, &run.done()));
    }
}
