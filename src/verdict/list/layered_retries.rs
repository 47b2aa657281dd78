//! `layered-retries`: two retry loops inside each other.

use crate::verdict::pace::{RUNS, layers};
use crate::verdict::spacing::{listed, series, waits};
use crate::verdict::{Case, Group, Needs, Outcome, RunKind, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "layered-retries",
    severity: Severity::Note,
    group: Group::Tries,
    needs: Needs::CleanRun,
    scenarios: &[],
    explains: &[],
    checks: "Over six equal runs, attempts do not come in equal groups with longer waits in between, such as waits of \
             1, 2, 9, 1, 2, 9, 1, 2 s.",
    why: "A library and the program around it both try again: attempts multiply, and nobody has chosen their number.",
    advice: "Try again at one layer, and turn it off at the others.",
    source: "AWS Well-Architected REL05-BP03 (not at several layers); Google Cloud, retry strategy",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    if case.run.kind == RunKind::Tenant {
        return Outcome::not_applicable("judged over the equal runs of the probe");
    }
    let chains = match series(case) {
        Ok(chains) => chains,
        Err(outcome) => return outcome,
    };
    let all: Vec<_> = chains.iter().map(waits).collect();
    if all.len() < RUNS {
        return Outcome::not_applicable(format!(
            "{} of the {RUNS} runs that are needed tried often enough",
            all.len()
        ));
    }
    let Some(size) = layers(&all) else { return Outcome::Ok };
    let attempts = chains[0].calls.len();
    let message = format!(
        "{attempts} attempts in groups of {size} (waits of {} s): two retry loops inside each other.",
        listed(&all[0])
    );
    let finding = VERDICT.finding(message, chains[0].calls.iter().copied());
    Outcome::of(vec![finding.measured("attempts", attempts).measured("group", size)])
}

#[cfg(test)]
mod tests {
    use super::super::backoff_does_not_grow::tests::{failing, probe};
    use super::*;
    use crate::verdict::example::{LIST, alone, among, found, is_not_applicable, is_ok, run, tenant};

    #[test]
    fn attempts_in_groups_come_from_two_loops() {
        let clean = run().get(LIST).exits(0);
        let groups = probe(&[1.0, 2.0, 9.0, 1.0, 2.0, 9.0, 1.0, 2.0], [1.0; 6]);
        assert!(found(&among(&VERDICT, &clean, &groups)).message.starts_with("9 attempts in groups of 3"));
    }

    #[test]
    fn one_loop_is_one() {
        let clean = run().get(LIST).exits(0);
        is_ok(&among(&VERDICT, &clean, &probe(&[1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0], [1.0; 6])));
        is_ok(&among(&VERDICT, &clean, &probe(&[5.0; 10], [1.0; 6])));
    }

    #[test]
    fn a_journal_alone_shows_nothing() {
        is_not_applicable(&alone(
            &VERDICT,
            &failing(tenant(), &[1.0, 2.0, 9.0, 1.0, 2.0, 9.0, 1.0, 2.0]).done(),
        ));
    }
}
