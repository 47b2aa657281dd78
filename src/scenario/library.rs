//! The built-in scenarios: the files of `scenarios/`, each named after its lesson.

use super::Ruleset;
use crate::document::{Document, Format};

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../scenarios/", $name, ".yaml")))),*]
    };
}

/// Name and text of every built-in scenario, in alphabetical order.
pub const BUILT_IN: &[(&str, &str)] = built_in![
    "bogus-content-encoding",
    "chaos",
    "committed-but-lost",
    "committed-then-reset",
    "conflict-storm",
    "connection-closes-early",
    "connection-resets",
    "delete-answered-500-but-done",
    "deleted-group-reappears",
    "empty-answer",
    "error-in-another-shape",
    "fails-twice-then-works",
    "flaky-5-percent",
    "forbidden-halfway",
    "half-an-answer",
    "hangs-forever",
    "html-from-the-gateway",
    "long-tail-latency",
    "new-fields-appear",
    "outage-and-recovery",
    "page-fails-midway",
    "rate-limit-ends-early",
    "rate-limit-ends-late",
    "rate-limited",
    "rate-limited-retry-after-garbage",
    "rate-limited-retry-after-huge",
    "rate-limited-retry-after-zero",
    "rate-limited-with-a-date",
    "rate-limited-without-retry-after",
    "read-your-own-writes-late-for-others",
    "scope-taken-away",
    "slow-then-fine",
    "stale-list-after-create",
    "timeout-after-commit",
    "token-already-expired",
    "token-endpoint-down",
    "token-endpoint-rate-limited",
    "token-endpoint-slow",
    "token-expires-early",
    "token-malformed",
    "token-revoked-mid-page",
    "trickled-list",
    "truncated-json",
    "update-lost-but-committed",
    "wrong-content-type",
];

/// The text of the built-in scenario of that name.
pub fn text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The built-in scenario of that name, ready to run.
pub fn ruleset(name: &str) -> Option<Ruleset> {
    let document = Document { name, text: text(name)?, format: Format::Yaml };
    Some(Ruleset::read(&document).expect("a test reads every built-in scenario"))
}

/// The names of the built-in scenarios.
pub fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}
