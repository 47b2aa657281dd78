//! `recreated`: what was created, and known to be created, is created again.

use hashbrown::{HashMap, HashSet};

use crate::verdict::attempts::Callers;
use crate::verdict::text::quoted;
use crate::verdict::writes::{collection, is_create};
use crate::verdict::{Call, Case, Finding, Group, Needs, Outcome, Run, Severity, Verdict};
use crate::wire::changed::ChangeKind;

/// Repetitions of one create that are looked at.
const MOST_LOOKED_AT: usize = 3;

pub(super) static VERDICT: Verdict = Verdict {
    id: "recreated",
    severity: Severity::Error,
    group: Group::Writes,
    needs: Needs::CleanRun,
    scenarios: &["stale-list-after-create", "read-your-own-writes-late-for-others"],
    explains: &["false-success"],
    checks: "What a create was answered with success for is not created again, unless it was deleted since, or the client \
             does so when nothing goes wrong, too.",
    why: "Lists lag behind writes. A client that trusts them more than the answer to the create makes a second one.",
    advice: "Keep the id that the create answered, and ask for that record; do not create again because a list lacks it.",
    source: "RFC 9110 9.2.2; the service's lists may lag",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let found = findings(case);
    if !found.is_empty() {
        return Outcome::Found(found);
    }
    if lags(case.run) { Outcome::Ok } else { Outcome::not_applicable("no list lagged behind a create") }
}

/// Whether a fault struck a look at a resource of which the client had created something.
fn lags(run: &Run) -> bool {
    let mut created = HashSet::new();
    run.calls.iter().any(|call| {
        if is_create(call) && !call.has_failed() {
            created.insert(collection(call));
        }
        call.is_read() && call.is_struck() && created.contains(collection(call))
    })
}

fn findings(case: &Case<'_>) -> Vec<Finding> {
    let callers = Callers::of(*case);
    let mut gone: HashSet<&str> = HashSet::new();
    let mut creates: HashMap<(Option<&str>, u64), Vec<&Call>> = HashMap::new();
    let mut found = Vec::new();
    for call in &case.run.calls {
        if is_create(call) {
            let earlier = creates.entry((call.client.as_deref(), call.key)).or_default();
            earlier.push(call);
            let surplus = earlier.len().saturating_sub(callers.planned(call));
            // What follows on a create that failed is an attempt at that one.
            if earlier.iter().rev().nth(1).is_some_and(|former| former.may_pass()) {
                continue;
            }
            // The first repetitions say it all.
            if !(1..=MOST_LOOKED_AT).contains(&surplus) || found.iter().any(|(key, _)| *key == call.key) {
                continue;
            }
            let is_it =
                |first: &&&Call| is_known(first, call) && !is_gone(first, &gone) && !is_other(first, call);
            let known = earlier.iter().find(is_it);
            if let Some(first) = known {
                found.push((call.key, finding(case.run, first, call)));
            }
        }
        let deleted = call.changes.iter().filter(|change| change.kind == ChangeKind::Deleted);
        gone.extend(deleted.map(|change| &*change.id));
    }
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// Whether the client knew, when it sent `next`, that `first` had created something.
fn is_known(first: &Call, next: &Call) -> bool {
    let was_told = || first.ended().is_some_and(|ended| ended.is_before(next.arrived));
    first.number < next.number && !first.has_failed() && created(first).is_some() && was_told()
}

fn created(call: &Call) -> Option<(&str, &str)> {
    let change = call.changes.iter().find(|change| change.kind == ChangeKind::Created)?;
    Some((&change.id, &change.name))
}

fn is_gone(call: &Call, gone: &HashSet<&str>) -> bool {
    created(call).is_none_or(|(id, _)| gone.contains(id))
}

/// Whether the two created different things: keys leave out what a client draws at random, such as the end of a name.
fn is_other(first: &Call, next: &Call) -> bool {
    let likeness = |call: &Call| {
        let created = call.changes.iter().find(|change| change.kind == ChangeKind::Created);
        created.map(|change| change.likeness)
    };
    likeness(first).zip(likeness(next)).is_some_and(|(one, other)| one != other)
}

fn finding(run: &Run, first: &Call, next: &Call) -> Finding {
    let name = created(first).map(|(_, name)| quoted(name)).unwrap_or_default();
    let between = &run.calls[first.number..next.number - 1];
    let looked = between.iter().rev().find(|call| call.is_read() && call.is_struck());
    let why = if looked.is_some() {
        "because a list that lags did not show it"
    } else {
        "though the first create had been answered with success"
    };
    let shown = std::iter::once(first).chain(looked).chain([next]);
    VERDICT.finding(format!("Created {name} again {why}."), shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{LIST, Script, beside, found, is_not_applicable, is_ok, run};

    const ONE: &str = "/v2024/password-sync-groups/1";

    fn made() -> Script {
        run().post(LIST).creating("1", "Sales")
    }

    fn stale(script: Script) -> Script {
        script.get(LIST).but(|call| call.faults = vec!["stale/old".into()])
    }

    fn judged(run: &Run) -> Outcome {
        beside(&VERDICT, &made().get(LIST).exits(0), run)
    }

    #[test]
    fn who_trusts_a_list_that_lags_creates_again() {
        let outcome = judged(&stale(made()).post(LIST).refused(400).exits(1));
        assert_eq!(
            found(&outcome).message,
            "Created “Sales” again because a list that lags did not show it."
        );
        assert_eq!(found(&outcome).exchanges, [1, 2, 3]);
    }

    #[test]
    fn who_waits_for_the_list_is_fine() {
        is_ok(&judged(&stale(stale(made())).get(LIST).exits(0)));
        is_not_applicable(&judged(&made().get(LIST).exits(0)));
    }

    #[test]
    fn what_is_created_under_another_name_is_another_thing() {
        // The names of a client that draws them are left out of keys, so that its creates are all alike.
        is_ok(&judged(&stale(made()).post(LIST).creating("2", "Engineering").exits(0)));
        found(&judged(&stale(made()).post(LIST).creating("2", "Sales").exits(0)));
    }

    #[test]
    fn what_was_deleted_may_be_created_again_and_so_may_what_the_clean_run_repeats() {
        let again = || {
            stale(made())
                .delete(ONE)
                .changing(ChangeKind::Deleted, "1", "Sales")
                .post(LIST)
                .creating("2", "Sales")
        };
        is_ok(&judged(&again().exits(0)));
        let clean = made().post(LIST).refused(400).exits(0);
        is_ok(&beside(&VERDICT, &clean, &stale(made()).post(LIST).refused(400).exits(0)));
    }

    #[test]
    fn an_attempt_at_a_create_that_failed_does_not_create_again_what_an_earlier_one_left() {
        // Two tests that create the same; the first could not clear up.
        let test = |script: Script, id| {
            let script = script.post(LIST).creating(id, "Sales").delete(&format!("{LIST}/{id}"));
            script.changing(ChangeKind::Deleted, id, "Sales")
        };
        let clean = test(test(run(), "1"), "2").exits(0);
        let left = || made().delete(ONE).told(503).post(LIST).told(503).post(LIST).after(1.0).refused(400);
        is_not_applicable(&beside(&VERDICT, &clean, &left().exits(1)));
    }

    #[test]
    fn a_create_that_failed_is_not_known_to_be_done() {
        let script =
            stale(run().post(LIST).creating("1", "Sales").told(500).but_done()).post(LIST).refused(400);
        is_not_applicable(&judged(&script.exits(0)));
    }
}
