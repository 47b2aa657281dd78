//! `orphan-left`: a command that failed leaves a record behind of which nobody knows.

use hashbrown::{HashMap, HashSet};

use hyper::Method;

use crate::verdict::text::quoted;
use crate::verdict::writes::{collection, is_create, is_done_in_doubt};
use crate::verdict::{Call, Case, Exit, Group, Needs, Outcome, Run, Severity, Verdict};
use crate::wire::changed::ChangeKind;

pub(super) static VERDICT: Verdict = Verdict {
    id: "orphan-left",
    severity: Severity::Warning,
    group: Group::Writes,
    needs: Needs::Ending,
    scenarios: &[
        "committed-but-lost",
        "committed-then-closed",
        "committed-then-reset",
        "timeout-after-commit",
    ],
    explains: &[],
    checks: "A command that fails because a create ended in doubt looks, or deletes, before it reports.",
    why: "The record is there, holds its sources, and the next run is refused because of it.",
    advice: "Look before you report: say that it exists, adopt it, or delete it.",
    source: "RFC 9110 9.2.2; terraform-provider-ovh pull request 1339 (an orphan, then a conflict for ever)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let Some(ended) = &case.run.ended else { return Outcome::not_applicable("needs a clean run") };
    let is_doubtful = |call: &&Call| is_create(call) && is_done_in_doubt(call) && created(call).is_some();
    let doubtful: Vec<_> = case.run.calls.iter().filter(is_doubtful).collect();
    if doubtful.is_empty() {
        return Outcome::not_applicable("no create ended in doubt");
    }
    if ended.is_success || ended.exit == Exit::Deadline {
        return Outcome::not_applicable("the command did not say that it failed");
    }
    let (gone, last_look) = (gone(case.run), last_looks(case.run));
    let findings = doubtful.into_iter().filter_map(|call| {
        let (id, name) = created(call)?;
        let is_known = last_look.get(collection(call)).is_some_and(|number| *number > call.number);
        (!gone.contains(id) && !is_known).then(|| {
            VERDICT.finding(format!("Says that it failed; {} exists and nobody knows.", quoted(name)), [call])
        })
    });
    Outcome::of(findings.collect())
}

/// The id and the name of what a call created.
fn created(call: &Call) -> Option<(&str, &str)> {
    let change = call.changes.iter().find(|change| change.kind == ChangeKind::Created)?;
    Some((&change.id, &change.name))
}

fn gone(run: &Run) -> HashSet<&str> {
    let changes = run.calls.iter().flat_map(|call| &call.changes);
    changes.filter(|change| change.kind == ChangeKind::Deleted).map(|change| &*change.id).collect()
}

/// The number of the last call that looked at a resource, or deleted from it, or tried.
fn last_looks(run: &Run) -> HashMap<&str, usize> {
    let looks = run.calls.iter().filter(|call| call.is_read() || call.method == Method::DELETE);
    looks.map(|call| (collection(call), call.number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{LIST, Script, beside, found, is_not_applicable, is_ok, run};

    fn lost() -> Script {
        run().get(LIST).post(LIST).creating("1", "Sales").told(500).but_done()
    }

    fn judged(run: &Run) -> Outcome {
        beside(&VERDICT, &self::run().get(LIST).post(LIST).creating("1", "Sales").exits(0), run)
    }

    #[test]
    fn a_failure_that_leaves_what_it_made_is_found() {
        let outcome = judged(&lost().exits(1));
        assert_eq!(found(&outcome).message, "Says that it failed; “Sales” exists and nobody knows.");
    }

    #[test]
    fn who_looks_or_clears_up_before_failing_is_fine() {
        is_ok(&judged(&lost().get(LIST).exits(1)));
        let deleted =
            lost().delete("/v2024/password-sync-groups/1").changing(ChangeKind::Deleted, "1", "Sales");
        is_ok(&judged(&deleted.exits(1)));
    }

    #[test]
    fn without_doubt_or_without_a_failure_there_is_no_orphan() {
        is_not_applicable(&judged(&lost().exits(0)));
        is_not_applicable(&judged(&lost().ends_at_deadline(20.0)));
        is_not_applicable(&judged(&run().post(LIST).told(500).exits(1)));
        is_not_applicable(&judged(&run().post(LIST).creating("1", "Sales").exits(1)));
        // Nobody can ask for the status of a change whose id was lost.
        let sent =
            run().post("/v2024/set-password").writing("password-changes", ChangeKind::Created, "1", "");
        is_not_applicable(&judged(&sent.told(500).but_done().exits(1)));
    }
}
