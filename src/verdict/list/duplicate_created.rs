//! `duplicate-created`: two records where one was asked for.

use hashbrown::HashMap;

use crate::verdict::text::quoted;
use crate::verdict::writes::{hedged, is_create, is_done_in_doubt, noun, number};
use crate::verdict::{Call, Case, Finding, Group, Needs, Outcome, Run, Severity, Verdict};
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
    checks: "A create whose end the client could not know, or did not await, does not lead to a second record that is equal \
             but for id and times. (A service that enforces its prerequisites refuses a second group.)",
    why: "An error, or silence, does not say that nothing happened. A second group takes sources from people who \
          expect one password.",
    advice: "A 500 does not say that nothing happened. List and look before you repeat a create.",
    source: "RFC 9110 9.2.2",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let run = case.run;
    let is_doubtful = |call: &Call| is_done_in_doubt(call) && creates(call);
    let hedged = case.clean.map(|_| hedged(run)).unwrap_or_default();
    if !run.calls.iter().any(is_doubtful) && hedged.is_empty() {
        return Outcome::not_applicable("no create ended in doubt");
    }
    let meant: HashMap<u64, Made<'_>> = case.clean.map(made).unwrap_or_default();
    let mut made: Vec<_> = made(run).into_iter().collect();
    made.sort_by_key(|(_, made)| made.calls[0].number);
    let findings = made.into_iter().filter_map(|(likeness, made)| {
        let (left, most) = meant.get(&likeness).map_or((1, 1), |meant| (meant.left, meant.most));
        (made.left > left && made.most > most).then(|| finding(likeness, &made, most, &hedged)).flatten()
    });
    Outcome::of(findings.collect())
}

/// The finding, if one of these creates came after another that had ended in doubt, or while it was under way.
fn finding(likeness: u64, made: &Made<'_>, meant: usize, hedged: &[(&Call, &Call)]) -> Option<Finding> {
    let calls = &made.calls;
    let is_hedged = |one: &Call| hedged.iter().any(|(first, _)| first.seq == one.seq);
    let first = calls.iter().position(|call| is_done_in_doubt(call) || is_hedged(call))?;
    let doubtful = calls[first];
    let is_again = |call: &Call| {
        let is_beside = hedged.iter().any(|(one, next)| one.seq == doubtful.seq && next.seq == call.seq);
        is_beside || doubtful.ended().is_some_and(|ended| ended.is_before(call.arrived))
    };
    let again = calls[first + 1..].iter().find(|call| call.client == doubtful.client && is_again(call))?;
    let change = doubtful.changes.iter().find(|change| change.likeness == likeness)?;
    let (name, noun) = (quoted(&change.name), noun(change.resource));
    let mut there = number(made.most);
    there[..1].make_ascii_uppercase();
    let was = if meant == 1 { "was" } else { "were" };
    let library = if again.is_replay {
        " Your HTTP library sent the create again by itself when a kept connection was closed."
    } else {
        ""
    };
    let message = format!("{there} {noun} {name} exist; {} {was} asked for.{library}", number(meant));
    Some(
        VERDICT
            .finding(message, calls[first..].iter().copied())
            .measured("records", made.most)
            .measured("meant", meant),
    )
}

/// Whether it asks for a record and made one. What a replacement, a patch or a password change notes besides is none that
/// could be there twice.
fn creates(call: &Call) -> bool {
    is_create(call) && call.changes.iter().any(|change| change.kind == ChangeKind::Created)
}

/// Records that are equal but for id and times.
#[derive(Debug, Default)]
struct Made<'a> {
    /// The calls that created them.
    calls: Vec<&'a Call>,
    /// How many were there at the same time.
    most: usize,
    /// How many are there at the end.
    left: usize,
}

/// What was created, by likeness.
fn made(run: &Run) -> HashMap<u64, Made<'_>> {
    let mut made: HashMap<u64, Made<'_>> = HashMap::new();
    let mut likeness_of: HashMap<(&str, &str), u64> = HashMap::new();
    for (call, change) in
        run.calls.iter().flat_map(|call| call.changes.iter().map(move |change| (call, change)))
    {
        let record = (change.resource, &*change.id);
        match change.kind {
            ChangeKind::Created if is_create(call) => {
                likeness_of.insert(record, change.likeness);
                let made = made.entry(change.likeness).or_default();
                made.calls.push(call);
                made.left += 1;
                made.most = made.most.max(made.left);
            }
            ChangeKind::Deleted => {
                // One that was changed since is still what it was created as.
                if let Some(made) = likeness_of.remove(&record).and_then(|likeness| made.get_mut(&likeness)) {
                    made.left -= 1;
                }
            }
            ChangeKind::Created | ChangeKind::Replaced => {}
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, Script, alone, beside, found, is_not_applicable, is_ok, run, tenant,
    };

    fn lost(script: Script) -> Script {
        script.post(LIST).creating("1", "Sales").told(500).but_done()
    }

    #[test]
    fn a_second_record_after_a_lost_answer_is_found() {
        let outcome = alone(&VERDICT, &lost(tenant()).post(LIST).creating("2", "Sales").done());
        assert_eq!(found(&outcome).message, "Two groups “Sales” exist; one was asked for.");
        assert_eq!(found(&outcome).exchanges, [1, 2]);
    }

    #[test]
    fn a_library_that_sends_it_again_is_named() {
        let script = lost(tenant().get(LIST)).closed().but(|call| call.performed = true);
        let script = script.post(LIST).on(2).creating("2", "Sales").but(|call| call.is_replay = true);
        assert!(found(&alone(&VERDICT, &script.done())).message.contains("HTTP library"));
    }

    #[test]
    fn who_adopts_or_clears_up_leaves_one() {
        is_ok(&alone(&VERDICT, &lost(tenant()).get(LIST).done()));
        let cleared = lost(tenant()).delete("/v2024/password-sync-groups/1").changing(
            ChangeKind::Deleted,
            "1",
            "Sales",
        );
        is_ok(&alone(&VERDICT, &cleared.post(LIST).creating("2", "Sales").done()));
    }

    #[test]
    fn a_password_that_is_sent_again_is_no_second_record() {
        let sent = |script: Script, id| {
            script.post("/v2024/set-password").writing("password-changes", ChangeKind::Created, id, "")
        };
        let again = sent(sent(tenant(), "1").told(500).but_done(), "2");
        is_not_applicable(&alone(&VERDICT, &again.done()));
    }

    #[test]
    fn as_many_as_the_clean_run_has_are_meant() {
        let twice = |script: Script| script.post(LIST).creating("2", "Sales");
        let clean = twice(run().post(LIST).creating("1", "Sales")).exits(0);
        is_ok(&beside(&VERDICT, &clean, &twice(lost(run())).exits(0)));
    }

    #[test]
    fn where_the_job_removes_one_the_second_is_left() {
        let gone = |script: Script| {
            script.delete("/v2024/password-sync-groups/1").changing(ChangeKind::Deleted, "1", "Sales")
        };
        let clean = gone(run().post(LIST).creating("1", "Sales")).exits(0);
        let outcome = beside(&VERDICT, &clean, &gone(lost(run()).post(LIST).creating("2", "Sales")).exits(0));
        assert_eq!(found(&outcome).message, "Two groups “Sales” exist; one was asked for.");
    }

    #[test]
    fn a_hedged_create_leaves_two_where_the_clean_run_leaves_one() {
        let slow = || run().post(LIST).creating("1", "Sales").took(3.0);
        let clean = || run().post(LIST).creating("1", "Sales").exits(0);
        let again = |at| slow().post(LIST).at(at).on(2).creating("2", "Sales").exits(0);
        let outcome = beside(&VERDICT, &clean(), &again(1.0));
        assert_eq!(found(&outcome).message, "Two groups “Sales” exist; one was asked for.");
        is_not_applicable(&beside(&VERDICT, &clean(), &again(0.01)));
        is_ok(&beside(&VERDICT, &again(1.0), &again(1.0)));
        is_not_applicable(&alone(&VERDICT, &again(1.0)));
    }

    #[test]
    fn the_one_that_was_lost_last_was_not_repeated() {
        let script =
            tenant().post(LIST).creating("1", "Sales").post(LIST).creating("2", "Sales").told(500).but_done();
        is_ok(&alone(&VERDICT, &script.done()));
        is_not_applicable(&alone(&VERDICT, &tenant().post(LIST).creating("1", "Sales").done()));
    }
}
