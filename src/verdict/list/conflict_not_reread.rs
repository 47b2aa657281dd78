//! `conflict-not-reread`: an update that met a conflict is sent again as it was, and nobody looked what the other wrote.

use hyper::Method;

use crate::verdict::chain::Chain;
use crate::verdict::writes::Looks;
use crate::verdict::{Call, Case, Finding, Group, Needs, Outcome, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "conflict-not-reread",
    severity: Severity::Error,
    group: Group::Writes,
    needs: Needs::Journal,
    scenarios: &["conflict-storm"],
    explains: &[],
    checks: "After a 409 on a replacement (PUT) the client looks at the record before it sends the same body again. A patch \
             says what is to be changed and leaves the rest alone: it may come again.",
    why: "A 409 says that somebody else wrote. A replacement with the old body undoes what they did.",
    advice: "Read the record, make your change again on what you read, and send that.",
    source: "RFC 9110 15.5.10",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    if !case.run.calls.iter().any(is_conflict) {
        return Outcome::not_applicable("no replacement was answered 409");
    }
    let looks = Looks::of(case.run);
    let is_blind = |one: &Call, next: &Call| is_conflict(one) && !looks.is_between(one, next);
    let found: Vec<_> =
        case.attempts_at_writes().iter().filter_map(|chain| finding(chain, is_blind)).collect();
    let is_repeated =
        || case.run.chains().iter().any(|chain| chain.pairs().any(|(one, next)| is_blind(one, next)));
    if found.is_empty() && is_repeated() {
        return Outcome::inconclusive(
            "the update came again, but maybe from another caller, or as it always does",
        );
    }
    Outcome::of(found)
}

fn is_conflict(call: &Call) -> bool {
    call.status == Some(409) && call.method == Method::PUT
}

fn finding(chain: &Chain<'_>, is_blind: impl Fn(&Call, &Call) -> bool) -> Option<Finding> {
    let blind: Vec<_> = chain.pairs().filter(|(one, next)| is_blind(one, next)).collect();
    if blind.len() <= chain.spare {
        return None;
    }
    let often = if blind.len() == 1 { "again".to_owned() } else { format!("{} times", blind.len()) };
    let message = format!("Sent the same body {often} after 409: whatever the other one wrote is lost.");
    let shown = std::iter::once(blind.first()?.0).chain(blind.iter().map(|(_, next)| *next));
    Some(VERDICT.finding(message, shown).measured("repetitions", blind.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        Script, alone, beside, found, is_inconclusive, is_not_applicable, is_ok, run, tenant,
    };

    const ONE: &str = "/v2024/password-sync-groups/1";

    #[test]
    fn the_same_body_again_is_found() {
        let script = tenant().put(ONE).told(409).put(ONE).told(409).put(ONE).told(409).put(ONE);
        let outcome = alone(&VERDICT, &script.done());
        assert!(found(&outcome).message.starts_with("Sent the same body 3 times after 409"), "{outcome:?}");
        assert_eq!(found(&outcome).exchanges, [1, 2, 3, 4]);
    }

    #[test]
    fn who_reads_first_may_send_it_again() {
        is_ok(&alone(&VERDICT, &tenant().put(ONE).told(409).get(ONE).put(ONE).done()));
        is_ok(&beside(
            &VERDICT,
            &run().put(ONE).exits(0),
            &run().put(ONE).told(409).get(ONE).put(ONE).exits(0),
        ));
    }

    #[test]
    fn a_patch_of_one_member_undoes_nothing_that_another_wrote() {
        let patch = |script: Script| script.call(Method::PATCH, "/v2024/sources/1").body("name");
        is_not_applicable(&alone(&VERDICT, &patch(patch(tenant()).told(409)).done()));
    }

    #[test]
    fn another_body_is_another_update_and_no_conflict_no_occasion() {
        is_ok(&alone(&VERDICT, &tenant().put(ONE).body("a").told(409).put(ONE).body("b").done()));
        is_not_applicable(&alone(&VERDICT, &tenant().put(ONE).told(500).put(ONE).done()));
    }

    #[test]
    fn the_updates_of_two_threads_are_not_held_against_one() {
        let clean = run().put(ONE).put(ONE).on(2).exits(0);
        is_inconclusive(&beside(&VERDICT, &clean, &run().put(ONE).told(409).put(ONE).on(2).exits(0)));
    }
}
