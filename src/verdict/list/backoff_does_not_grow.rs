//! `backoff-does-not-grow`: the client waits equally long before each attempt.

use crate::verdict::chain::Chain;
use crate::verdict::pace::{RUNS, flat, is_flat};
use crate::verdict::spacing::{listed, series, waits};
use crate::verdict::{Case, Group, Needs, Outcome, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "backoff-does-not-grow",
    severity: Severity::Warning,
    group: Group::Waits,
    needs: Needs::Journal,
    scenarios: &[],
    explains: &["no-jitter"],
    checks: "Over six equal runs with at least three further attempts each, the median waits by attempt differ by 30 % \
             or more. In one journal, six chains of three further attempts, or one of six, show the same. Waits of \
             less than 0.2 s are not judged, nor are reads that poll at their usual pace.",
    why: "An outage that lasts is met with the same load all the time, and all attempts are used up before it ends.",
    advice: "Double the wait each time, up to a cap such as 30 s.",
    source: "Google Cloud, retry strategy (exponential backoff); AWS Well-Architected REL05-BP03",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let chains = match series(case) {
        Ok(chains) => chains,
        Err(outcome) => return outcome,
    };
    let all: Vec<_> = chains.iter().map(waits).collect();
    if let Some(medians) = flat(&all) {
        return found(&chains[0], &medians);
    }
    if all.len() >= RUNS {
        return Outcome::Ok;
    }
    match all.iter().position(is_flat) {
        Some(place) => found(&chains[place], &all[place]),
        None => {
            Outcome::not_applicable(format!("{} of the {RUNS} chains that are needed were seen", all.len()))
        }
    }
}

fn found(chain: &Chain<'_>, waits: &[f64]) -> Outcome {
    let mean = waits.iter().sum::<f64>() / f64::from(u32::try_from(waits.len()).unwrap_or(u32::MAX));
    let message = format!("Waits {mean:.1} s each time ({}). Double it up to a cap.", listed(waits));
    let finding = VERDICT.finding(message, chain.calls.iter().copied().take(20));
    Outcome::of(vec![finding.measured("waits", waits.to_vec())])
}

#[cfg(test)]
pub(in crate::verdict::list) mod tests {
    use super::*;
    use crate::verdict::example::{LIST, Script, alone, among, is_not_applicable, is_ok, run, tenant};
    use crate::verdict::{Probe, Run, RunKind};

    pub(in crate::verdict::list) fn failing(script: Script, waits: &[f64]) -> Script {
        let first = script.get(LIST).told(503);
        waits.iter().fold(first, |script, wait| script.get(LIST).after(*wait).told(503))
    }

    /// Six runs of a probe with these waits, stretched by a factor each.
    pub(in crate::verdict::list) fn probe(waits: &[f64], stretch: [f64; 6]) -> Vec<Run> {
        let waits = stretch.map(|factor| waits.iter().map(|wait| wait * factor).collect::<Vec<_>>());
        waits.map(|waits| failing(run().of_kind(RunKind::Probe(Probe::Unavailable)), &waits).exits(1)).into()
    }

    #[test]
    fn equal_waits_do_not_grow() {
        let clean = run().get(LIST).exits(0);
        let fixed = probe(&[1.0, 1.0, 1.0], [1.0; 6]);
        let outcome = among(&VERDICT, &clean, &fixed);
        let finding = crate::verdict::example::found(&outcome);
        assert_eq!(finding.message, "Waits 1.0 s each time (1.0, 1.0, 1.0). Double it up to a cap.");
    }

    #[test]
    fn the_first_run_of_a_probe_speaks_for_all() {
        let clean = run().get(LIST).exits(0);
        let runs = probe(&[1.0, 1.0, 1.0], [1.0; 6]);
        let case = Case {
            run: &runs[1],
            clean: Some(&clean),
            all: &runs,
            limits: crate::verdict::Limits::default(),
        };
        is_not_applicable(&judge(&case));
    }

    #[test]
    fn doubled_waits_and_short_ones_are_no_matter() {
        let clean = run().get(LIST).exits(0);
        is_ok(&among(&VERDICT, &clean, &probe(&[1.0, 2.0, 4.0], [1.0, 0.6, 1.2, 0.9, 0.8, 1.1])));
        is_ok(&among(&VERDICT, &clean, &probe(&[0.05; 3], [1.0; 6])));
    }

    #[test]
    fn one_journal_shows_a_fixed_wait_of_ten_attempts() {
        crate::verdict::example::found(&alone(&VERDICT, &failing(tenant(), &[5.0; 10]).done()));
        is_not_applicable(&alone(&VERDICT, &failing(tenant(), &[5.0; 3]).done()));
        is_not_applicable(&alone(
            &VERDICT,
            &failing(tenant(), &[1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0]).done(),
        ));
    }

    #[test]
    fn reads_that_poll_go_on_at_their_usual_pace() {
        const STATUS: &str = "/v2024/password-change-status/1";
        let polls = |script: Script, status: u16| {
            let first = script.get(STATUS).told(status);
            (0..7).fold(first, |script, _| script.get(STATUS).after(2.0).told(status))
        };
        is_not_applicable(&alone(&VERDICT, &polls(tenant(), 503).done()));
        let clean = polls(run(), 200).exits(0);
        let probe = || polls(run().of_kind(RunKind::Probe(Probe::Unavailable)), 503).exits(1);
        let runs: Vec<Run> = (0..6).map(|_| probe()).collect();
        is_not_applicable(&among(&VERDICT, &clean, &runs));
    }

    #[test]
    fn too_few_attempts_other_runs_and_a_moved_clock_are_not_judged() {
        let clean = run().get(LIST).exits(0);
        is_not_applicable(&among(&VERDICT, &clean, &probe(&[1.0, 1.0], [1.0; 6])));
        is_not_applicable(&among(&VERDICT, &clean, &[failing(run(), &[1.0; 9]).exits(1)]));
        is_not_applicable(&alone(&VERDICT, &failing(tenant(), &[5.0; 10]).get(LIST).moved(9).done()));
    }
}
