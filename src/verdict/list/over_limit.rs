//! `over-limit`: more calls than the service allows, though nothing goes wrong.

use hashbrown::HashMap;
use std::collections::VecDeque;
use std::time::Duration;

use crate::verdict::{Call, Case, Group, Needs, Outcome, RunKind, Severity, Verdict};

/// What the service allows a client in one API version.
const ALLOWED: usize = 100;
const WINDOW: Duration = Duration::from_secs(10);

pub(super) static VERDICT: Verdict = Verdict {
    id: "over-limit",
    severity: Severity::Note,
    group: Group::Tries,
    needs: Needs::Journal,
    scenarios: &[],
    explains: &[],
    checks: "The clean run makes 100 calls or fewer within 10 s, per client and API version.",
    why: "This stand-in answers within microseconds; the service would answer 429.",
    advice: "Keep below the limit, or see what happens with `--rate-limit 100/10s`.",
    source: "SailPoint, Rate Limiting (100 requests per 10 s)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    match case.run.kind {
        RunKind::Clean => {}
        RunKind::Tenant => return Outcome::not_applicable("needs a clean run"),
        _ => return Outcome::not_applicable("the clean run tells"),
    }
    let mut recent: HashMap<(Option<&str>, &str), VecDeque<&Call>> = HashMap::new();
    let mut most: Option<(usize, &Call, &Call)> = None;
    for call in &case.run.calls {
        let Some(version) = call.version.filter(|_| !call.is_token()) else { continue };
        let recent = recent.entry((call.client.as_deref(), version)).or_default();
        recent.push_back(call);
        while recent.front().is_some_and(|first| first.arrived.until(call.arrived) > WINDOW) {
            recent.pop_front();
        }
        if most.is_none_or(|(count, ..)| recent.len() > count) {
            most = Some((recent.len(), recent.front().unwrap_or(&call), call));
        }
    }
    let Some((count, first, last)) = most else { return Outcome::not_applicable("no call was made") };
    if count <= ALLOWED {
        return Outcome::Ok;
    }
    let message = format!("{count} calls in 10 s; the service allows {ALLOWED}.");
    Outcome::Found(vec![VERDICT.finding(message, [first, last]).measured("calls", count)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Run;
    use crate::verdict::example::{LIST, alone, found, is_not_applicable, is_ok, run, tenant};

    fn calls(count: usize, pace: f64) -> Run {
        let script = (0..count).fold(run().of_kind(RunKind::Clean), |script, _| {
            let is_first = script.clone().done().calls.is_empty();
            let script = script.get(LIST);
            if pace > 0.0 && !is_first { script.after(pace) } else { script }
        });
        script.exits(0)
    }

    #[test]
    fn more_than_a_hundred_calls_within_ten_seconds_are_found() {
        let outcome = alone(&VERDICT, &calls(101, 0.0));
        assert_eq!(found(&outcome).message, "101 calls in 10 s; the service allows 100.");
        is_ok(&alone(&VERDICT, &calls(100, 0.0)));
        is_ok(&alone(&VERDICT, &calls(200, 0.11)));
    }

    #[test]
    fn only_the_clean_run_tells() {
        is_not_applicable(&alone(&VERDICT, &Run { kind: RunKind::Tenant, ..calls(101, 0.0) }));
        is_not_applicable(&alone(&VERDICT, &run().get(LIST).exits(0)));
        is_not_applicable(&alone(&VERDICT, &tenant().done()));
    }
}
