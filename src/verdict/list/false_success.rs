//! `false-success`: a command says that it succeeded, and the data is not what it should be, or what it was to show is not
//! there.

use std::collections::BTreeMap;

use crate::fixture::ChangeState;
use crate::operation::Operation;
use crate::verdict::pages::{covers, path};
use crate::verdict::writes::number;
use crate::verdict::{Call, Case, Ended, Finding, Group, Needs, Outcome, Run, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "false-success",
    severity: Severity::Error,
    group: Group::Ends,
    needs: Needs::Ending,
    scenarios: &[],
    explains: &[],
    checks: "A command that says it succeeded leaves the data as the clean run leaves it, but for ids and times; compared is \
             what either of them wrote. As many passwords are sent, and seen to change, as in the clean run; one that is told \
             otherwise and writes something else meets a warning. Where its standard output lacks lines, no read and no token \
             call that the clean run had answered failed for good; one that writes something else instead meets \
             a warning, and a note where some of the lines are there. The data is not held against a client that a scenario's own \
             answer to a read misled.",
    why: "Nobody looks for a mistake in a job that is green.",
    advice: "Count what failed, and end with a failure when that is not nothing; in a shell, set -o pipefail.",
    source: "Common practice; Google SRE Workbook, Data Processing Pipelines",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let (Some(clean), Some(ended)) = (case.clean, &case.run.ended) else {
        return Outcome::not_applicable("needs a clean run");
    };
    // What strikes an attempt to change a password strikes no call.
    if !case.run.is_struck() && case.run.rules.iter().all(|rule| rule.fired == 0) {
        return Outcome::not_applicable("no fault struck");
    }
    if !ended.is_success {
        return Outcome::not_applicable("the command did not say that it succeeded");
    }
    let unsent = unsent_passwords(clean, case.run)
        .or_else(|| unshown(clean, case.run, ended))
        .or_else(|| unchanged_passwords(clean, case.run, ended));
    let Some(differences) = case.differences() else {
        return unsent.map_or_else(
            || Outcome::inconclusive("the data at the end is not known"),
            |finding| Outcome::Found(vec![finding]),
        );
    };
    let Some(first) = differences.first() else {
        return Outcome::of(unsent.into_iter().collect());
    };
    if case.run.calls.iter().any(is_made_up) {
        return Outcome::not_applicable("the scenario showed the client what is not there");
    }
    let more = match differences.len() - 1 {
        0 => String::new(),
        more => format!(" ({} more)", number(more)),
    };
    let shown = case.run.calls.iter().filter(|call| call.is_struck());
    let finding = VERDICT.finding(format!("Exit 0, but in {first}{more}."), shown);
    Outcome::Found(vec![finding.measured("differences", differences)])
}

/// Whether a read was answered by the scenario, as if that were the truth: whoever works by it is not to blame.
fn is_made_up(call: &Call) -> bool {
    call.is_struck() && call.is_read() && !call.performed && !call.has_failed()
}

/// Fewer passwords were sent, and accepted, than in the clean run.
fn unsent_passwords(clean: &Run, run: &Run) -> Option<Finding> {
    let is_sent = |call: &&Call| call.operation == Some(Operation::SetPassword) && call.performed;
    let (meant, sent) =
        (clean.calls.iter().filter(is_sent).count(), run.calls.iter().filter(is_sent).count());
    let shown = run.calls.iter().filter(|call| call.operation == Some(Operation::SetPassword));
    let message = || match meant {
        1 => "Exit 0, but the password change never began.".to_owned(),
        _ => format!("Exit 0, but of {} password changes {} began.", number(meant), number(sent)),
    };
    (sent < meant).then(|| VERDICT.finding(message(), shown).measured("meant", meant).measured("sent", sent))
}

/// Fewer passwords were seen to change than in the clean run, and the command was told so: that one failed, or, where it says
/// nothing of it, that one was still in progress.
fn unchanged_passwords(clean: &Run, run: &Run, ended: &Ended) -> Option<Finding> {
    let (meant, last) = (last_states(clean), last_states(run));
    let count = |calls: &[&Call], state| calls.iter().filter(|call| call.change == Some(state)).count();
    if count(&last, ChangeState::Finished) >= count(&meant, ChangeState::Finished) {
        return None;
    }
    let has_failed = count(&last, ChangeState::Failed) > count(&meant, ChangeState::Failed);
    let (state, message, severity) = match (has_failed, ended.said_something) {
        (true, false) => (ChangeState::Failed, "was FAILED", Severity::Error),
        (true, true) => (ChangeState::Failed, "was FAILED", Severity::Warning),
        (false, false) => {
            (ChangeState::InProgress, "was still IN_PROGRESS when it was last asked for", Severity::Warning)
        }
        (false, true) => return None,
    };
    let shown: Vec<_> = last.into_iter().filter(|call| call.change == Some(state)).collect();
    let message = format!("Exit 0, but the status of a password change {message}.");
    (!shown.is_empty()).then(|| VERDICT.finding(message, shown).graded(severity))
}

/// The last call for the status of each change that was told one.
fn last_states(run: &Run) -> Vec<&Call> {
    let told = run.calls.iter().filter(|call| call.change.is_some());
    told.map(|call| (path(call), call)).collect::<BTreeMap<_, _>>().into_values().collect()
}

/// What the command shows otherwise is missing, and a call that was to bring it failed for good.
fn unshown(clean: &Run, run: &Run, ended: &Ended) -> Option<Finding> {
    if !ended.said_less {
        return None;
    }
    let brings = |call: &Call| call.is_read() || call.is_token();
    let is_answered = |failed: &Call| {
        // Who is refused may ask for the same with other parameters.
        let is_like = |call: &Call| {
            !failed.may_pass() && call.operation == failed.operation && path(call) == path(failed)
        };
        let is_same =
            |call: &Call| covers(call, failed) || is_like(call) || (failed.is_token() && call.is_token());
        run.calls.iter().any(|call| !call.has_failed() && is_same(call))
    };
    let is_usual = |failed: &Call| {
        let mut same = clean.calls.iter().filter(|call| call.key == failed.key).peekable();
        same.peek().is_some() && same.all(|call| !call.has_failed())
    };
    let failed = run.calls.iter().filter(|call| brings(call) && call.has_failed());
    let unread: Vec<_> = failed.filter(|call| is_usual(call) && !is_answered(call)).collect();
    let last = unread.last()?;
    let status =
        last.status.map_or_else(|| "was not answered".to_owned(), |status| format!("was answered {status}"));
    let message = format!("Exit 0, but {} {status}, and the output lacks what that brings.", last.title());
    let severity = match (ended.said_something, ended.said_none) {
        (false, _) => Severity::Error,
        (true, true) => Severity::Warning,
        (true, false) => Severity::Note,
    };
    Some(VERDICT.finding(message, unread).graded(severity))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::verdict::State;
    use crate::verdict::example::{
        LIST, Script, beside, found, is_inconclusive, is_not_applicable, is_ok, run,
    };
    use crate::wire::changed::ChangeKind;

    fn with(names: &[&str], run: Run) -> Run {
        let groups: Vec<Value> = names.iter().map(|name| json!({"id": name, "name": name})).collect();
        let after = json!({"groups": groups, "accounts": [{"id": "a", "name": names.len()}]});
        Run { state: Some(State::new(&json!({"groups": []}), &after)), ..run }
    }

    fn create(script: Script) -> Script {
        script.post(LIST).creating("1", "Sales")
    }

    fn clean() -> Run {
        with(&["Sales", "Staff"], create(run()).exits(0))
    }

    fn failed() -> Script {
        run().post(LIST).told(500)
    }

    #[test]
    fn a_success_without_what_was_asked_for_is_found() {
        let outcome = beside(&VERDICT, &clean(), &with(&["Staff"], failed().exits(0)));
        assert_eq!(found(&outcome).message, "Exit 0, but in groups: “Sales” is missing.");
        let outcome = beside(&VERDICT, &clean(), &with(&[], failed().exits(0)));
        assert_eq!(found(&outcome).message, "Exit 0, but in groups: “Sales” is missing (one more).");
    }

    #[test]
    fn who_gets_there_or_fails_is_honest() {
        is_ok(&beside(&VERDICT, &clean(), &with(&["Sales", "Staff"], create(failed()).exits(0))));
        is_not_applicable(&beside(&VERDICT, &clean(), &with(&["Staff"], failed().exits(1))));
        is_not_applicable(&beside(&VERDICT, &clean(), &with(&["Staff"], run().get(LIST).exits(0))));
        is_not_applicable(&beside(&VERDICT, &clean(), &with(&["Staff"], failed().ends_at_deadline(20.0))));
        is_inconclusive(&beside(&VERDICT, &clean(), &failed().exits(0)));
    }

    #[test]
    fn who_works_by_a_list_that_the_scenario_made_up_is_not_to_blame() {
        let misled = with(&["Staff"], run().get(LIST).told(200).exits(0));
        is_not_applicable(&beside(&VERDICT, &clean(), &misled));
        let delayed = run().get(LIST).told(200).but(|call| call.performed = true).exits(0);
        found(&beside(&VERDICT, &clean(), &with(&["Staff"], delayed)));
    }

    #[test]
    fn what_neither_run_writes_is_not_compared() {
        let only_reads = run().get(LIST).exits(0);
        let read = run().get(LIST).told(500).get(LIST).exits(0);
        is_ok(&beside(&VERDICT, &with(&["Sales"], only_reads), &with(&["Staff"], read)));
    }

    #[test]
    fn whatever_a_client_writes_is_compared() {
        for (resource, section) in [
            ("source-password-policies", "passwordPolicyHolders"),
            ("source-apps/access-profiles", "applicationAccess"),
            ("password-org-config", "passwordOrgConfig"),
        ] {
            let state = |value: u8| {
                let state = json!({ section: [{"id": "a", "value": value}] });
                Some(State::new(&state, &state))
            };
            let writes = run().post("/v2024/x").writing(resource, ChangeKind::Replaced, "a", "").exits(0);
            let clean = Run { state: state(2), ..writes };
            let run = Run { state: state(1), ..run().post("/v2024/x").told(500).exits(0) };
            let message = found(&beside(&VERDICT, &clean, &run)).message.clone();
            assert_eq!(message, format!("Exit 0, but in {section}: “a” differs in value."));
        }
    }

    #[test]
    fn a_password_that_was_never_sent_is_found() {
        let set = |script: Script| script.post("/v2024/set-password");
        let clean = with(&[], set(run()).exits(0));
        let outcome = beside(&VERDICT, &clean, &with(&[], set(run()).told(500).exits(0)));
        assert_eq!(found(&outcome).message, "Exit 0, but the password change never began.");
        is_ok(&beside(&VERDICT, &clean, &with(&[], set(set(run()).told(500)).exits(0))));
    }

    /// The same with less, or nothing, of what it writes otherwise, and something or nothing else.
    fn showing(run: Run, (said_none, said_something): (bool, bool)) -> Run {
        let ended = run.ended.map(|ended| Ended { said_less: true, said_none, said_something, ..ended });
        with(&[], Run { ended, ..run })
    }

    #[test]
    fn a_result_that_is_missing_because_a_read_failed_is_found() {
        let clean = with(&[], run().token("T1").get(LIST).exits(0));
        let severity = |failed: Script, said| {
            let outcome = beside(&VERDICT, &clean, &showing(failed.exits(0), said));
            found(&outcome).severity
        };
        let unread = || run().token("T1").get(LIST).told(503);
        assert_eq!(severity(unread(), (true, false)), Severity::Error);
        assert_eq!(severity(unread(), (true, true)), Severity::Warning);
        assert_eq!(severity(unread(), (false, true)), Severity::Note);
        assert_eq!(severity(run().token("T1").told(503), (true, false)), Severity::Error);
        let outcome = beside(&VERDICT, &clean, &showing(unread().exits(0), (true, false)));
        assert_eq!(
            found(&outcome).message,
            "Exit 0, but GET /v2024/password-sync-groups was answered 503, and the output lacks what that brings."
        );
    }

    #[test]
    fn a_password_that_was_told_not_to_have_changed_is_found() {
        let status = |script: Script, id: u32, state| {
            let script = script.get(&format!("/v2024/password-change-status/{id}"));
            script.but(|call| call.change = Some(state))
        };
        let set = |script: Script| script.post("/v2024/set-password");
        let clean = with(&[], status(set(run()), 1, ChangeState::Finished).exits(0));
        let severity = |script: Script, said_something| {
            let run = script.under_a_rule_that_passes().exits(0);
            let ended = run.ended.map(|ended| Ended { said_something, ..ended });
            match beside(&VERDICT, &clean, &with(&[], Run { ended, ..run })) {
                Outcome::Ok => None,
                outcome => Some(found(&outcome).severity),
            }
        };
        let failed = || status(set(run()), 1, ChangeState::Failed);
        let waiting = || status(set(run()), 1, ChangeState::InProgress);
        assert_eq!(severity(failed(), false), Some(Severity::Error));
        assert_eq!(severity(failed(), true), Some(Severity::Warning));
        assert_eq!(severity(waiting(), false), Some(Severity::Warning));
        assert_eq!(severity(waiting(), true), None);
        assert_eq!(severity(status(waiting(), 1, ChangeState::Finished), false), None);
        assert_eq!(severity(status(set(failed()), 2, ChangeState::Finished), false), None);
        // Whoever never asks cannot know.
        assert_eq!(severity(set(run()), false), None);
    }

    #[test]
    fn what_was_read_in_the_end_or_fails_otherwise_too_is_no_matter() {
        let clean = with(&[], run().get(LIST).get("/v2024/x").refused(404).exits(0));
        let shown = |script: Script| beside(&VERDICT, &clean, &showing(script.exits(0), (true, false)));
        is_ok(&shown(run().get(LIST).told(503).get(LIST).get("/v2024/x").refused(404)));
        is_ok(&shown(run().get(LIST).told(400).get(&format!("{LIST}?limit=5")).get("/v2024/x").refused(404)));
        is_ok(&beside(&VERDICT, &clean, &with(&[], run().get(LIST).told(503).exits(0))));
    }
}
