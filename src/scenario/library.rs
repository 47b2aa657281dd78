//! The built-in scenarios: the files of `scenarios/`, each named after its lesson.

use std::sync::OnceLock;

use super::Ruleset;
use crate::document::{Document, Format};

// `BUILT_IN`, which the build makes of the files.
include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// The built-in scenarios by what they are about, for people who look for one.
#[rustfmt::skip]
pub const TOPICS: &[(&str, &[&str])] = &[
    ("Rate limits", &[
        "rate-limited",
        "rate-limited-with-a-date",
        "rate-limited-without-retry-after",
        "rate-limited-retry-after-garbage",
        "rate-limited-retry-after-huge",
        "rate-limited-retry-after-overflow",
        "rate-limited-retry-after-zero",
        "rate-limited-escalating",
        "rate-limit-ends-early",
        "rate-limit-ends-late",
    ]),
    ("Done, but the client is not told", &[
        "committed-but-lost",
        "committed-then-closed",
        "committed-then-reset",
        "timeout-after-commit",
        "update-lost-but-committed",
        "delete-answered-500-but-done",
        "empty-answer",
    ]),
    ("Errors and outages", &[
        "fails-twice-then-works",
        "flaky-5-percent",
        "outage-and-recovery",
        "unavailable-with-retry-after",
        "conflict-storm",
        "not-acceptable",
        "error-in-another-shape",
        "html-from-the-gateway",
        "chaos",
    ]),
    ("Tokens and rights", &[
        "token-expires-early",
        "token-already-expired",
        "token-malformed",
        "token-endpoint-down",
        "token-endpoint-rate-limited",
        "token-endpoint-slow",
        "token-endpoint-silent",
        "token-revoked-mid-page",
        "scope-taken-away",
    ]),
    ("Lists and pages", &[
        "page-fails-midway",
        "forbidden-halfway",
        "offset-past-the-end",
    ]),
    ("Connections", &[
        "connection-closes-early",
        "connection-resets",
        "half-an-answer",
        "hangs-forever",
    ]),
    ("Slow answers", &[
        "slow-then-fine",
        "long-tail-latency",
        "trickled-list",
    ]),
    ("Answers that are not as expected", &[
        "truncated-json",
        "wrong-content-type",
        "bogus-content-encoding",
        "new-fields-appear",
    ]),
    ("Old data", &[
        "stale-list-after-create",
        "deleted-group-reappears",
        "read-your-own-writes-late-for-others",
        "source-shown-after-delete",
    ]),
    ("Sources", &[
        "experimental-header-missing",
        "filter-refused",
        "patch-refused",
    ]),
    ("Password changes", &[
        "password-change-slow",
        "one-source-refuses",
        "authentication-source-refuses",
        "source-unreachable-for-a-minute",
        "source-never-reachable",
        "status-forgotten",
        "key-rotated-between-query-and-set",
        "policy-tightened-between-query-and-set",
    ]),
];

/// The text of the built-in scenario of that name.
pub fn text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The built-in scenarios that were asked for so far, in the same order.
static RULESETS: [OnceLock<Ruleset>; BUILT_IN.len()] = [const { OnceLock::new() }; BUILT_IN.len()];

/// The built-in scenario of that name, ready to run; all tenants share it.
pub fn ruleset(name: &str) -> Option<Ruleset> {
    let place = BUILT_IN.iter().position(|(known, _)| *known == name)?;
    let read = || {
        let document = Document { name, text: BUILT_IN[place].1, format: Format::Yaml };
        Ruleset::read(&document).expect("a test reads every built-in scenario").shared()
    };
    Some(RULESETS[place].get_or_init(read).clone())
}

/// The names of the built-in scenarios.
pub fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_scenario_has_one_topic() {
        let mut grouped: Vec<_> = TOPICS.iter().flat_map(|(_, names)| *names).copied().collect();
        grouped.sort_unstable();
        assert_eq!(grouped, names());
    }
}
