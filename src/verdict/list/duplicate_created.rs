//! `duplicate-created`: two records where one was asked for.

use std::collections::{BTreeMap, HashSet};

use crate::verdict::text::quoted;
use crate::verdict::{Call, Case, Group, Needs, Outcome, Run, Severity, Verdict};
use crate::wire::changed::ChangeKind;

pub(super) static VERDICT: Verdict = Verdict {
    id: "duplicate-created",
    severity: Severity::Error,
    group: Group::Writes,
    needs: Needs::Journal,
    scenarios: &[
        "committed-but-lost",
        "committed-then-closed",
        "committed-then-reset",
        "timeout-after-commit",
        "empty-answer",
    ],
    explains: &["blind-create-retry", "orphan-left", "false-success"],
    checks: "A create whose end the client could not know does not lead to a second record that is equal but for id and \
             times.",
    why: "An error, or silence, does not say that nothing happened. A second group takes sources from people who \
          expect one password.",
    advice: "A 500 does not say that nothing happened. List and look before you repeat a create.",
    source: "RFC 9110 9.2.2",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let run = case.run;
    if !run.calls.iter().any(|call| call.is_ambiguous() && creates(call)) {
        return Outcome::not_applicable("no create ended in doubt");
    }
    let findings = standing(run).into_iter().filter_map(|(likeness, calls)| {
        let meant = case.clean.map_or(1, |clean| standing(clean).get(&likeness).map_or(1, Vec::len));
        let first = calls.iter().position(|call| call.is_ambiguous())?;
        (calls.len() > meant.max(1)).then(|| {
            let change = calls[0].changes.iter().find(|change| change.likeness == likeness);
            let name = change.map(|change| quoted(&change.name)).unwrap_or_default();
            let message = format!("{} records {name} exist; {meant} was asked for.", calls.len());
            VERDICT.finding(message, calls[first..].iter().copied())
        })
    });
    Outcome::of(findings.collect())
}

fn creates(call: &Call) -> bool {
    call.changes.iter().any(|change| change.kind == ChangeKind::Created)
}

/// The calls that created records which are equal but for id and times, and still there, by likeness.
fn standing(run: &Run) -> BTreeMap<u64, Vec<&Call>> {
    let changes = || run.calls.iter().flat_map(|call| call.changes.iter().map(move |change| (call, change)));
    let gone = changes().filter(|(_, change)| change.kind == ChangeKind::Deleted);
    let gone: HashSet<_> = gone.map(|(_, change)| (change.resource, &*change.id)).collect();
    let mut standing: BTreeMap<u64, Vec<&Call>> = BTreeMap::new();
    for (call, change) in changes() {
        if change.kind == ChangeKind::Created && !gone.contains(&(change.resource, &*change.id)) {
            standing.entry(change.likeness).or_default().push(call);
        }
    }
    standing
}
