//! `retry-after-ignored`: the client came back before the time that it was told to wait was over.

use std::time::Duration;

use crate::verdict::chain::Chain;
use crate::verdict::text::wait;
use crate::verdict::{Call, Case, Finding, Group, Needs, Outcome, RetryAfter, Severity, Verdict};

/// Waiting longer than this is a matter of the client's patience: whoever came back after it has capped the wait.
const CAPPED: Duration = Duration::from_secs(10);

pub(super) static VERDICT: Verdict = Verdict {
    id: "retry-after-ignored",
    severity: Severity::Error,
    group: Group::Waits,
    needs: Needs::Journal,
    scenarios: &[
        "rate-limited",
        "rate-limited-with-a-date",
        "rate-limited-escalating",
        "token-endpoint-rate-limited",
    ],
    explains: &[],
    checks: "After an answer with a readable `Retry-After`, the same call does not come again before that time is over. \
             Up to 10 s of it are asked for, as a client may cap a longer wait and give up.",
    why: "The limit is counted per client. Each call that comes early counts against it again, so that an eager client \
          locks itself out for longer than a patient one waits.",
    advice: "Wait for the full Retry-After, counted from when the answer was read.",
    source: "SailPoint, Rate Limiting (always wait for the full Retry-After); RFC 9110 10.2.3",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let chains = case.run.chains();
    let asked =
        chains.iter().flat_map(Chain::pairs).filter_map(|(told, next)| Some((told, next, asked(told)?)));
    let asked: Vec<_> = asked.collect();
    if asked.is_empty() {
        return Outcome::not_applicable("no call was repeated after a readable Retry-After");
    }
    Outcome::of(asked.into_iter().filter_map(|(told, next, asked)| early(told, next, asked)).collect())
}

/// How long the client was asked to wait.
fn asked(call: &Call) -> Option<Duration> {
    match call.retry_after {
        Some(RetryAfter::Seconds(seconds)) => Some(Duration::from_secs(seconds)),
        Some(RetryAfter::Date(_, left)) => Some(left),
        _ => None,
    }
}

fn early(told: &Call, next: &Call, asked: Duration) -> Option<Finding> {
    let bound = asked.min(CAPPED);
    let tolerance = Duration::from_millis(20).max(bound / 100);
    let waited = told.ended()?.until(next.arrived);
    (waited + tolerance < bound).then(|| {
        let status = told.status.unwrap_or_default();
        let message = format!(
            "Came back after {}; the {status} asked for {}. Each early call counts against the limit again.",
            wait(waited),
            wait(asked)
        );
        let finding = VERDICT.finding(message, [told, next]);
        finding.measured("waited", waited.as_secs_f64()).measured("asked", asked.as_secs_f64())
    })
}
