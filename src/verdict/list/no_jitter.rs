//! `no-jitter`: equal clients come back at the same moments.

use crate::verdict::pace::{RUNS, in_step};
use crate::verdict::spacing::{listed, series, waits};
use crate::verdict::{Case, Group, Needs, Outcome, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "no-jitter",
    severity: Severity::Note,
    group: Group::Waits,
    needs: Needs::Journal,
    scenarios: &[],
    explains: &[],
    checks: "Over six equal runs with at least three further attempts each, the waits before the same attempt differ: the \
             middle half of them by 3 % and 20 ms or more. Waits of less than 0.2 s are not judged.",
    why: "After an outage all clients that failed in the same moment come back in the same moment, again and again.",
    advice: "Draw each wait at random between nothing, or half of it, and the full wait.",
    source: "AWS, Exponential Backoff And Jitter; AWS Well-Architected REL05-BP03",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let chains = match series(case) {
        Ok(chains) => chains,
        Err(outcome) => return outcome,
    };
    let all: Vec<_> = chains.iter().map(waits).collect();
    if all.len() < RUNS {
        return Outcome::not_applicable(format!(
            "{} of the {RUNS} chains that are needed were seen",
            all.len()
        ));
    }
    let Some(medians) = in_step(&all) else { return Outcome::Ok };
    let message = format!("All runs wait the same {} s; many of them come back together.", listed(&medians));
    let finding = VERDICT.finding(message, chains[0].calls.iter().copied().take(20));
    Outcome::of(vec![finding.measured("waits", medians)])
}

#[cfg(test)]
mod tests {
    use super::super::backoff_does_not_grow::tests::{failing, probe};
    use super::*;
    use crate::verdict::example::{LIST, alone, among, found, is_not_applicable, is_ok, run, tenant};

    #[test]
    fn runs_in_step_have_no_jitter() {
        let clean = run().get(LIST).exits(0);
        let outcome = among(&VERDICT, &clean, &probe(&[1.0, 2.0, 4.0], [1.0; 6]));
        assert!(found(&outcome).message.starts_with("All runs wait the same 1.0, 2.0, 4.0 s"), "{outcome:?}");
    }

    #[test]
    fn runs_that_differ_have_some() {
        let clean = run().get(LIST).exits(0);
        is_ok(&among(&VERDICT, &clean, &probe(&[1.0, 2.0, 4.0], [1.0, 0.6, 1.2, 0.9, 0.8, 1.1])));
    }

    #[test]
    fn one_chain_shows_no_jitter() {
        is_not_applicable(&alone(&VERDICT, &failing(tenant(), &[1.0, 2.0, 4.0]).done()));
    }
}
