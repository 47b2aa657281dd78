//! How a client spaces its attempts when nobody tells it how long to wait: the chains in which that shows, and their
//! waits.

use super::attempts::Callers;
use super::chain::Chain;
use super::pace::{RETRIES, Waits};
use super::{Call, Case, Outcome, Run, RunKind};

/// Parts of a chain in which each attempt follows on a failure that may pass and that asked for no wait.
pub(super) fn stretches<'a>(chain: &Chain<'a>) -> Vec<Chain<'a>> {
    chain.split(|one, _| one.may_pass() && one.asked_to_wait().is_none())
}

/// How long after each attempt the next one came, in seconds. A client that waited for an answer has waited, so that time
/// counts. Of a chain with calls that the client makes anyway the shortest are left out.
pub(super) fn gaps(chain: &Chain<'_>) -> Waits {
    let mut gaps = waits_between(chain, |one| Some(one.arrived));
    if chain.spare > 0 {
        gaps.sort_by(f64::total_cmp);
        gaps.drain(..chain.spare.min(gaps.len()));
    }
    gaps
}

/// How long the client waited before each further attempt, in seconds.
pub(super) fn waits(chain: &Chain<'_>) -> Waits {
    waits_between(chain, Call::ended)
}

fn waits_between(chain: &Chain<'_>, from: impl Fn(&Call) -> Option<super::Moment>) -> Waits {
    let meant = chain.pairs().filter(|(_, next)| !next.is_replay);
    meant.filter_map(|(one, next)| Some(from(one)?.until(next.arrived).as_secs_f64())).collect()
}

/// A chain per run of the probe, or those of a tenant, in which the client tried often enough to show how it waits; or why
/// that is not judged here.
pub(super) fn series<'a>(case: &Case<'a>) -> Result<Vec<Chain<'a>>, Outcome> {
    let runs: Vec<&Run> = match case.run.kind {
        RunKind::Probe(_) if case.speaks_for_probe() => case.probe().collect(),
        RunKind::Probe(_) => return Err(Outcome::not_applicable("told with the first run of the probe")),
        RunKind::Tenant => vec![case.run],
        _ => return Err(Outcome::not_applicable("judged over the equal runs of the probe")),
    };
    if runs.iter().any(|run| run.is_clock_moved()) {
        return Err(Outcome::not_applicable("the tenant's clock was moved"));
    }
    let is_probe = case.run.kind != RunKind::Tenant;
    let chains = runs.into_iter().flat_map(|run| {
        let callers = Callers::of(case.of(run));
        let attempts = callers.attempts();
        let stretches = attempts.iter().flat_map(stretches);
        let long = stretches.filter(|chain| chain.calls.len() > RETRIES && !callers.is_polled(&chain.calls));
        let mut long: Vec<_> = long.collect();
        if is_probe {
            // The longest speaks for its run.
            long.sort_by_key(|chain| std::cmp::Reverse(chain.calls.len()));
            long.truncate(1);
        }
        long
    });
    let chains: Vec<_> = chains.collect();
    if chains.is_empty() {
        return Err(Outcome::not_applicable("no call was tried again three times"));
    }
    Ok(chains)
}

/// A few waits as people read them: `1.0, 1.0, 1.0`.
pub(super) fn listed(waits: &[f64]) -> String {
    let shown = waits.iter().take(6).map(|wait| format!("{wait:.1}"));
    let more = if waits.len() > 6 { ", …" } else { "" };
    shown.collect::<Vec<_>>().join(", ") + more
}
