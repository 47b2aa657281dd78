//! `mute-failure`: a command that fails and does not say why.

use crate::verdict::{Case, Exit, Group, Needs, Outcome, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "mute-failure",
    severity: Severity::Note,
    group: Group::Ends,
    needs: Needs::Ending,
    scenarios: &[],
    explains: &[],
    checks: "A command that fails writes something that it does not write when it succeeds.",
    why: "Whoever is woken by the failure has nothing to begin with.",
    advice: "Write what failed to stderr: the call, the status, the `trackingId` of the answer.",
    source: "Command Line Interface Guidelines (errors)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let Some(ended) = &case.run.ended else { return Outcome::not_applicable("needs a clean run") };
    match ended.exit {
        Exit::Code(_) if !ended.is_success => {}
        _ => return Outcome::not_applicable("the command did not say that it failed"),
    }
    if ended.said_something {
        return Outcome::Ok;
    }
    let failed = case.run.calls.iter().rev().find(|call| call.has_failed());
    Outcome::Found(vec![VERDICT.finding("Failed without a word.", failed)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{LIST, beside, found, is_not_applicable, is_ok, run};
    use crate::verdict::{Ended, Run};

    fn mute(run: Run) -> Run {
        let ended = run.ended.map(|ended| Ended { said_something: false, ..ended });
        Run { ended, ..run }
    }

    #[test]
    fn only_a_failure_without_a_word_is_found() {
        let clean = run().get(LIST).exits(0);
        let failed = run().get(LIST).told(500).exits(1);
        found(&beside(&VERDICT, &clean, &mute(failed.clone())));
        is_ok(&beside(&VERDICT, &clean, &failed));
        is_not_applicable(&beside(&VERDICT, &clean, &mute(run().get(LIST).exits(0))));
        is_not_applicable(&beside(&VERDICT, &clean, &mute(run().get(LIST).ends_at_deadline(20.0))));
    }
}
