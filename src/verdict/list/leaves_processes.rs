//! `leaves-processes`: something of a command still runs after its end.

use crate::verdict::{Case, Exit, Group, Needs, Outcome, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "leaves-processes",
    severity: Severity::Note,
    group: Group::Ends,
    needs: Needs::Ending,
    scenarios: &[],
    explains: &[],
    checks: "When the command has ended, no process that it started still runs.",
    why: "What still runs may still write, in a job that is believed to be over.",
    advice: "Wait for what you start, and end it when you end.",
    source: "nextest (leaky tests)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let Some(ended) = &case.run.ended else { return Outcome::not_applicable("needs a clean run") };
    if ended.exit == Exit::Deadline {
        return Outcome::not_applicable("the command was ended with all that it had started");
    }
    if !ended.left_processes {
        return Outcome::Ok;
    }
    Outcome::Found(vec![VERDICT.finding("Something of it still runs after its end.", [])])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{LIST, beside, found, is_not_applicable, is_ok, run};
    use crate::verdict::{Ended, Run};

    fn leaving(run: Run) -> Run {
        let ended = run.ended.map(|ended| Ended { left_processes: true, ..ended });
        Run { ended, ..run }
    }

    #[test]
    fn only_what_outlives_its_command_is_found() {
        let clean = run().get(LIST).exits(0);
        found(&beside(&VERDICT, &clean, &leaving(clean.clone())));
        is_ok(&beside(&VERDICT, &clean, &clean));
        is_not_applicable(&beside(&VERDICT, &clean, &leaving(run().get(LIST).ends_at_deadline(20.0))));
    }
}
