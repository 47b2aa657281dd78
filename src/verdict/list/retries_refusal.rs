//! `retries-refusal`: the client asks again for what was refused. Alone, a journal does not say whether a test asks twice on
//! purpose: there, three equal refusals in a row within two minutes of each other are needed, from one caller with nothing
//! in between. No suite that we know of asks the same wrong thing three times in a row; clients that repeat whatever
//! fails do it more often.

use hashbrown::{HashMap, HashSet};
use std::time::Duration;

use hyper::Method;

use crate::verdict::attempts::Callers;
use crate::verdict::chain::Chain;
use crate::verdict::text::wait;
use crate::verdict::writes::{is_create, is_unclear};
use crate::verdict::{Call, Case, Finding, Group, Needs, Outcome, Severity, Verdict};

/// Later than this it is not an attempt at the same thing.
const SOON: Duration = Duration::from_mins(2);
/// This many equal refusals in a row are not an accident, where nothing else is known.
const ALONE: usize = 3;
/// Whoever looks before asking again may do so once; this many refusals beyond the planned calls are a loop.
const LOOKED: usize = 2;

pub(super) static VERDICT: Verdict = Verdict {
    id: "retries-refusal",
    severity: Severity::Error,
    group: Group::Tries,
    needs: Needs::Journal,
    scenarios: &["forbidden-halfway", "scope-taken-away", "filter-refused", "patch-refused"],
    explains: &[],
    checks: "A call that was refused (400, 403, 404, 405, 413, 415 and the like, without `Retry-After`) is not made again, \
             with nothing done in between that could change the answer, more often than the clean run makes it. Without \
             a clean run three equal refusals in a row are needed. A client that only reads in between may ask once more. A read that polls after a 404 is not a repetition, nor is \
             a call with another `Accept`, `Content-Type` or `X-SailPoint-Experimental`; a create that was repeated without a \
             look is told as that.",
    why: "The answer will be the same. Each attempt costs time, counts against the limit, and hides the message that says \
          what is wrong.",
    advice: "Repeat 408, 429 and 5xx, where it does no harm; report every other 4xx at once, with its text.",
    source: "Azure Core, azurecore-http-retry (must not retry 4xx); AIP-194 (INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let refused: Vec<_> = case.run.calls.iter().filter(|call| is_final(call)).collect();
    if refused.is_empty() {
        return Outcome::not_applicable("nothing was refused");
    }
    let callers = Callers::of(*case);
    let chains = callers.attempts();
    let parts = chains.iter().flat_map(|chain| chain.split(|one, next| is_repeated(case, one, next)));
    let parts: Vec<_> = parts.filter(|part| is_too_often(case, &callers, part)).collect();
    let is_blind = |part: &&Chain<'_>| is_of_blind_create(&chains, part.first());
    let mut findings: Vec<_> =
        parts.iter().filter(|part| !is_blind(part)).map(|part| finding(&part.calls)).collect();
    let told: HashSet<_> = parts.iter().flat_map(|part| &part.calls).map(|call| call.seq).collect();
    let loops = loops(case, &callers);
    let is_new = |calls: &&Vec<&Call>| !calls.iter().any(|call| told.contains(&call.seq));
    findings.extend(loops.iter().filter(is_new).map(|calls| finding(calls)));
    if findings.is_empty() && !parts.is_empty() {
        return Outcome::not_applicable("explained by blind-create-retry");
    }
    if findings.is_empty() && case.clean.is_none() && case.run.ended.is_none() && is_last(case, &refused) {
        return Outcome::not_applicable("nothing followed the refusal yet");
    }
    Outcome::of(findings)
}

/// A read after a 404 may wait for what is not there yet.
fn is_final(call: &Call) -> bool {
    call.is_refusal() && !(call.status == Some(404) && matches!(call.method, Method::GET | Method::HEAD))
}

/// Whether the next call asks for the same, in the same way, although it was refused and nothing was done that could change
/// that: the client neither changed anything nor looked at what there is.
fn is_repeated(case: &Case<'_>, one: &Call, next: &Call) -> bool {
    let between = case.run.calls.iter().skip(one.number).take_while(|call| call.number < next.number);
    let mut done = between.filter(|call| call.client == one.client && !call.is_token() && !call.has_failed());
    is_final(one)
        && one.manner == next.manner
        && one.arrived.until(next.arrived) <= SOON
        && done.next().is_none()
}

fn is_too_often(case: &Case<'_>, callers: &Callers<'_>, part: &Chain<'_>) -> bool {
    if part.calls.len() < 2 {
        return false;
    }
    match case.clean {
        None => part.calls.iter().filter(|call| is_final(call)).count() >= ALONE,
        Some(_) => case.run.count(part.first().key) > callers.planned(part.first()) && part.repetitions() > 0,
    }
}

/// Whether it is refused because a create is repeated of which the client cannot know whether it was done: that is told
/// with the create.
fn is_of_blind_create(chains: &[Chain<'_>], refused: &Call) -> bool {
    let chain = chains.iter().find(|chain| chain.calls.iter().any(|call| call.seq == refused.seq));
    let before = chain.into_iter().flat_map(Chain::pairs).find(|(_, next)| next.seq == refused.seq);
    before.is_some_and(|(one, _)| is_create(one) && is_unclear(one))
}

fn is_last(case: &Case<'_>, refused: &[&Call]) -> bool {
    refused.iter().all(|call| call.number == case.run.calls.len())
}

/// Whether a loop around several calls repeats a refusal.
pub(super) fn has_loops(case: &Case<'_>, callers: &Callers<'_>) -> bool {
    !loops(case, callers).is_empty()
}

/// Refusals of calls that succeed when nothing goes wrong, each asked again though only reads were made in between: a loop
/// around several calls repeats whatever fails. Where the client makes the call several times anyway, each may be refused.
fn loops<'a>(case: &Case<'a>, callers: &Callers<'a>) -> Vec<Vec<&'a Call>> {
    let Some(clean) = case.clean else { return Vec::new() };
    let mut works: HashMap<u64, bool> = HashMap::new();
    for call in &clean.calls {
        *works.entry(call.key).or_insert(true) &= !call.has_failed();
    }
    let mut rows: HashMap<_, Vec<&Call>> = HashMap::new();
    let mut ended = Vec::new();
    for call in &case.run.calls {
        let thing = (call.client.as_deref(), call.key, call.manner);
        if is_final(call) && works.get(&call.key) == Some(&true) {
            rows.entry(thing).or_default().push(call);
        } else if !call.has_failed() && !call.is_read() && !call.is_token() {
            // Something was done that may change the answers.
            let (own, others): (HashMap<_, _>, HashMap<_, _>) =
                rows.into_iter().partition(|((client, ..), _)| *client == call.client.as_deref());
            ended.extend(own.into_values());
            rows = others;
        }
    }
    ended.extend(rows.into_values());
    let is_loop = |calls: &Vec<&Call>| calls.len() >= callers.planned(calls[0]) + LOOKED;
    // A create that is there already is refused for that, and told as what it is.
    let is_done = |calls: &Vec<&Call>| {
        let former = case.run.calls.iter().take(calls[0].number - 1).filter(|call| call.key == calls[0].key);
        former.into_iter().any(|call| call.performed || (is_create(call) && is_unclear(call)))
    };
    let mut loops: Vec<_> = ended.into_iter().filter(|calls| is_loop(calls) && !is_done(calls)).collect();
    loops.sort_by_key(|calls| calls[0].number);
    loops
}

fn finding(calls: &[&Call]) -> Finding {
    let (first, last) = (calls[0], calls[calls.len() - 1]);
    let times = calls.len();
    let status = first.status.unwrap_or_default();
    let message = format!(
        "Sent {} {times} times in {} although it was refused. A {status} will not change its mind.",
        first.title(),
        wait(first.arrived.until(last.arrived))
    );
    let shown = calls.iter().copied().take(20);
    VERDICT.finding(message, shown).measured("attempts", times).measured("status", status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, Script, alone, beside, found, is_not_applicable, is_ok, run, tenant,
    };
    use crate::verdict::{Judgement, Limits, Run};
    use crate::wire::changed::ChangeKind;

    fn refused(script: Script, times: usize) -> Script {
        (0..times).fold(script, |script, nth| {
            let script = script.post(LIST).body("wrong");
            if nth == 0 { script.refused(400) } else { script.after(5.0).refused(400) }
        })
    }

    /// The verdicts with a finding.
    fn judge_all(run: &Run) -> Vec<&'static str> {
        let case = Case { run, clean: None, all: std::slice::from_ref(run), limits: Limits::default() };
        let judged = crate::verdict::judge(&case);
        judged.iter().flat_map(Judgement::findings).map(|finding| finding.verdict).collect()
    }

    fn clean() -> Run {
        run().post(LIST).body("wrong").exits(0)
    }

    #[test]
    fn one_repetition_beyond_the_clean_run_is_too_many() {
        let outcome = beside(&VERDICT, &clean(), &refused(run(), 2).exits(1));
        assert_eq!(
            found(&outcome).message,
            "Sent POST /v2024/password-sync-groups 2 times in 5.00 s although it was refused. A 400 will not change its \
             mind."
        );
        is_ok(&beside(&VERDICT, &clean(), &refused(run(), 1).exits(1)));
    }

    #[test]
    fn eleven_tries_of_a_module_that_repeats_whatever_fails_are_found_alone() {
        let eleven = |first: u16| {
            let run = tenant().post(LIST).body("new").told(first).but_done();
            (0..10).fold(run, |run, _| run.post(LIST).body("new").after(5.0).refused(400)).done()
        };
        assert!(found(&alone(&VERDICT, &eleven(400))).message.contains("11 times in 50 s"));
        // What the create's own answer left open is told with the create.
        is_not_applicable(&alone(&VERDICT, &eleven(500)));
        let judged = judge_all(&eleven(500));
        assert_eq!(judged, ["blind-create-retry"]);
    }

    #[test]
    fn a_test_that_asks_twice_on_purpose_is_let_be() {
        is_ok(&alone(&VERDICT, &refused(tenant(), 2).done()));
        found(&alone(&VERDICT, &refused(tenant(), 3).done()));
    }

    #[test]
    fn what_is_asked_again_minutes_later_is_no_attempt_at_the_same() {
        let again = |pause| run().post(LIST).body("wrong").refused(400).post(LIST).body("wrong").after(pause);
        is_ok(&beside(&VERDICT, &clean(), &again(121.0).refused(400).exits(1)));
        found(&beside(&VERDICT, &clean(), &again(119.0).refused(400).exits(1)));
    }

    #[test]
    fn tests_with_clients_of_their_own_do_not_add_up() {
        let one = |script: Script, nth| {
            script.token(&format!("T{nth}")).on(nth).post(LIST).body("wrong").refused(400)
        };
        is_ok(&alone(&VERDICT, &(1..9).fold(tenant(), one).done()));
    }

    #[test]
    fn what_the_clean_run_asks_as_often_is_meant() {
        let clean = refused(run(), 3).exits(0);
        is_ok(&beside(&VERDICT, &clean, &refused(run(), 3).exits(0)));
        found(&beside(&VERDICT, &clean, &refused(run(), 4).exits(0)));
    }

    #[test]
    fn polling_looking_mending_and_told_waits_are_no_repetition() {
        let polls = run().get(LIST).refused(404).get(LIST).refused(404).get(LIST).refused(404).exits(0);
        is_not_applicable(&beside(&VERDICT, &clean(), &polls));
        let mends = refused(run(), 1)
            .delete("/v2024/x")
            .changing(ChangeKind::Deleted, "x", "x")
            .post(LIST)
            .body("wrong");
        is_ok(&beside(&VERDICT, &clean(), &mends.exits(0)));
        let looks = refused(run(), 1).get(LIST).post(LIST).body("wrong").exits(0);
        is_ok(&beside(&VERDICT, &clean(), &looks));
        let told = run().get(LIST).told(403).retry_after("1").get(LIST).after(1.0).exits(0);
        is_not_applicable(&beside(&VERDICT, &clean(), &told));
    }

    #[test]
    fn a_loop_around_several_calls_that_repeats_whatever_fails_is_found() {
        const ONE: &str = "/v2024/password-sync-groups/1";
        let clean = run().get(ONE).put(ONE).exits(0);
        let again = |times| (0..times).fold(run(), |script, _| script.get(ONE).put(ONE).refused(403));
        let outcome = beside(&VERDICT, &clean, &again(3).exits(1));
        assert!(
            found(&outcome).message.starts_with("Sent PUT /v2024/password-sync-groups/1 3 times"),
            "{outcome:?}"
        );
        is_ok(&beside(&VERDICT, &clean, &again(2).exits(1)));
        let mends = |script: Script| script.call(Method::PATCH, "/v2024/sources/1");
        is_ok(&beside(&VERDICT, &clean, &mends(again(2)).get(ONE).put(ONE).refused(403).exits(1)));
        // What is refused when nothing goes wrong, too, may wait for something; and what was done is there.
        let waits = run().get(ONE).put(ONE).refused(403).exits(0);
        is_ok(&beside(&VERDICT, &waits, &again(4).exits(1)));
        let made = || run().post(LIST).creating("1", "Sales");
        let stale = (0..4).fold(made(), |script, _| script.get(LIST).post(LIST).refused(400));
        is_ok(&beside(&VERDICT, &made().get(LIST).exits(0), &stale.exits(1)));
        // Each of several programs may be refused once.
        let twice = run().get(ONE).put(ONE).get(ONE).on(2).put(ONE).exits(0);
        is_ok(&beside(&VERDICT, &twice, &again(3).exits(1)));
        found(&beside(&VERDICT, &twice, &again(4).exits(1)));
    }

    #[test]
    fn a_call_that_is_mended_by_a_header_field_is_another() {
        let clean = run().get("/v2024/sources").exits(0);
        let mended =
            run().get("/v2024/sources").refused(400).get("/v2024/sources").but(|call| call.manner = 1);
        is_ok(&beside(&VERDICT, &clean, &mended.clone().exits(0)));
        found(&beside(
            &VERDICT,
            &clean,
            &mended.refused(400).get("/v2024/sources").but(|call| call.manner = 1).exits(0),
        ));
    }

    #[test]
    fn a_token_call_with_wrong_credentials_is_refused_too() {
        let token = |script: Script| script.post("/oauth/token").refused(401);
        found(&alone(&VERDICT, &token(token(token(tenant()))).done()));
    }

    #[test]
    fn a_refusal_that_nothing_followed_shows_nothing_yet() {
        is_not_applicable(&alone(&VERDICT, &refused(tenant(), 1).done()));
    }
}
