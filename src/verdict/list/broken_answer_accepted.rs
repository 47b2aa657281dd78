//! `broken-answer-accepted`: half an answer, or none that can be read, was taken for a whole one.

use hyper::Method;

use crate::operation::Operation;
use crate::verdict::pages::{covers, path};
use crate::verdict::writes::collection;
use crate::verdict::{Answer, Call, Case, End, Exit, Finding, Group, Needs, Outcome, Severity, Verdict};

/// Broken answers that are looked at.
const MOST_LOOKED_AT: usize = 100;

pub(super) static VERDICT: Verdict = Verdict {
    id: "broken-answer-accepted",
    severity: Severity::Error,
    group: Group::Reads,
    needs: Needs::Ending,
    scenarios: &["half-an-answer", "truncated-json", "html-from-the-gateway", "empty-answer"],
    explains: &["false-success"],
    checks: "A command that says it succeeded has asked again for each answer that came as a success but was cut short, or was not \
             JSON, a page for people, or empty. After a write, a look at the resource counts as asking again, and an empty \
             answer to one that was done is a warning. An answer with a wrong label and a right body is none of these.",
    why: "Half a list looks like a whole one. A 200 from a gateway does not mean that the service did anything.",
    advice: "Compare the length, parse before you trust, and ask again; after a write, look what became of it.",
    source: "RFC 9112 6.3 and 8 (incomplete messages)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let Some(ended) = &case.run.ended else { return Outcome::not_applicable("needs a clean run") };
    let calls = &case.run.calls;
    let broken: Vec<_> = calls.iter().filter(|call| is_broken(call)).collect();
    if broken.is_empty() {
        return Outcome::not_applicable("no answer was broken");
    }
    if ended.exit == Exit::Deadline {
        return Outcome::inconclusive("the command had not ended at the deadline");
    }
    if !ended.is_success {
        return Outcome::Ok;
    }
    let accepted = broken.into_iter().take(MOST_LOOKED_AT).filter(|call| {
        let is_asked_again = if call.is_read() {
            case.comes_back_for(call, |other| asks_again(other, call))
        } else {
            calls[call.number..].iter().any(|later| later.client == call.client && asks_again(later, call))
        };
        !is_asked_again && !is_answered_beside(calls, call)
    });
    let accepted: Vec<_> = accepted.collect();
    if accepted.iter().any(|call| call.offset.is_some()) && case.may_leave_pages() {
        return Outcome::inconclusive(
            "lists are read beside other calls, and neither the data nor the output shows that anything is missing",
        );
    }
    Outcome::of(accepted.into_iter().map(finding).collect())
}

/// Whoever needs nothing of the answer to a write may take its status for enough; where the write was done, that did no
/// harm.
fn finding(call: &Call) -> Finding {
    let finding = VERDICT.finding(message(call), [call]);
    let is_done = call.answer == Answer::Empty && call.performed && !call.is_read();
    if is_done { finding.graded(Severity::Warning) } else { finding }
}

/// Whether a success came so that nobody can read it. A token is for other verdicts, and of a delete only the length of
/// its answer says anything.
fn is_broken(call: &Call) -> bool {
    let is_success = call.status.is_some_and(|status| (200..300).contains(&status));
    let is_broken = match call.answer {
        Answer::Partial => call.end == End::Cut,
        Answer::Html => true,
        Answer::Garbled | Answer::Empty => call.method != Method::DELETE,
        Answer::Readable | Answer::Nothing => false,
    };
    is_success && is_broken && call.is_struck() && !call.is_token()
}

/// Whether a call asks again, or, after a write, looks. Some calls are never the same twice: an encrypted password looks
/// different each time.
fn asks_again(later: &Call, call: &Call) -> bool {
    if call.offset.is_some() {
        return covers(later, call);
    }
    let is_of_its_kind = later.operation == call.operation && later.method == call.method;
    if call.is_read() && call.method == Method::GET {
        return is_of_its_kind && path(later) == path(call);
    }
    let is_status = later.operation == Some(Operation::GetPasswordChangeStatus);
    is_of_its_kind || is_status || (later.is_read() && collection(later) == collection(call))
}

/// Whether an equal call that was open at the same time was answered: of hedged reads one is enough.
fn is_answered_beside(calls: &[Call], call: &Call) -> bool {
    let equal = calls.iter().filter(|other| other.key == call.key && other.client == call.client);
    call.is_read() && equal.into_iter().any(|other| !other.has_failed() && other.is_open_beside(call))
}

fn message(call: &Call) -> String {
    let what = if call.offset.is_some() { "a list" } else { "an answer" };
    let (told, promised) = call.bytes;
    match call.answer {
        Answer::Partial => format!("Took {told} of {promised} bytes for {what}."),
        Answer::Html => format!("Took a page for people for {what}."),
        Answer::Empty => {
            format!("Took an empty answer to {} for a whole one, and never looked.", call.title())
        }
        _ => format!("Took something that is not JSON for {what}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, Script, beside, found, is_inconclusive, is_not_applicable, is_ok, moment, run,
    };
    use crate::verdict::{Ended, Run};

    fn list(script: Script) -> Script {
        script.get(LIST).but(|call| call.offset = Some(0))
    }

    fn half() -> Script {
        list(run()).broken(Answer::Partial).but(|call| (call.end, call.bytes) = (End::Cut, (60, 4_812)))
    }

    fn judged(run: &Run) -> Outcome {
        beside(&VERDICT, &list(self::run()).exits(0), run)
    }

    #[test]
    fn half_a_list_that_is_never_asked_for_again_is_found() {
        assert_eq!(found(&judged(&half().exits(0))).message, "Took 60 of 4812 bytes for a list.");
        for answer in [Answer::Html, Answer::Garbled, Answer::Empty] {
            found(&judged(&list(run()).broken(answer).exits(0)));
        }
    }

    #[test]
    fn who_asks_again_or_fails_is_fine() {
        is_ok(&judged(&list(half()).exits(0)));
        is_ok(&judged(&half().exits(1)));
    }

    #[test]
    fn a_read_that_the_client_makes_later_anyway_does_not_ask_again() {
        let clean = list(list(run()).post(LIST)).exits(0);
        let judged = |run: Script| beside(&VERDICT, &clean, &run.exits(0));
        found(&judged(list(half().post(LIST))));
        is_ok(&judged(list(list(half()).post(LIST))));
        is_ok(&judged(list(list(half().post(LIST)))));
    }

    #[test]
    fn another_page_is_not_the_same_again() {
        let next = half().get("/v2024/password-sync-groups?offset=250").but(|call| call.offset = Some(250));
        found(&judged(&next.exits(0)));
    }

    #[test]
    fn one_of_two_hedged_reads_is_enough() {
        let hedged = list(run()).took(2.0);
        let slower = |call: &mut Call| call.told = Some(moment(3.0));
        is_ok(&judged(&list(hedged).at(1.0).broken(Answer::Garbled).but(slower).exits(0)));
    }

    #[test]
    fn lists_that_are_read_beside_others_are_judged_by_what_is_missing() {
        let beside = || run().get("/v2024/password-policies").took(1.0).get("/v2024/sources").at(0.5).on(2);
        let broken = || list(beside()).on(2).broken(Answer::Garbled).exits(0);
        is_inconclusive(&judged(&broken()));
        let run = broken();
        found(&judged(&Run { ended: run.ended.map(|ended| Ended { said_less: true, ..ended }), ..run }));
    }

    #[test]
    fn after_a_write_a_look_is_enough() {
        let create = || {
            run().post(LIST).creating("1", "Sales").broken(Answer::Empty).but(|call| call.performed = true)
        };
        let accepted = judged(&create().exits(0));
        assert_eq!(found(&accepted).severity, Severity::Warning, "{accepted:?}");
        let undone = judged(&create().but(|call| call.performed = false).exits(0));
        assert_eq!(found(&undone).severity, Severity::Error, "{undone:?}");
        is_ok(&judged(&list(create()).exits(0)));
        let delete = run().delete("/v2024/password-sync-groups/1").broken(Answer::Empty);
        is_not_applicable(&judged(&delete.exits(0)));
    }

    #[test]
    fn an_answer_that_the_client_left_or_that_nothing_struck_is_not_broken() {
        is_not_applicable(&judged(&half().but(|call| call.end = End::ClientLeft).exits(0)));
        is_not_applicable(&judged(&list(run()).exits(0)));
        is_inconclusive(&judged(&half().ends_at_deadline(20.0)));
    }
}
