//! `delete-404-is-failure`: a delete that worked, and whose repetition therefore finds nothing, is taken for a failure.

use hyper::Method;

use crate::verdict::writes::is_done_in_doubt;
use crate::verdict::{Call, Case, Exit, Group, Needs, Outcome, Run, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "delete-404-is-failure",
    severity: Severity::Warning,
    group: Group::Writes,
    needs: Needs::Ending,
    scenarios: &["delete-answered-500-but-done"],
    explains: &[],
    checks: "When a delete ended in doubt, had worked, and its repetition is answered 404, the command does not fail for that.",
    why: "The record is gone, as was asked for. A job that stops there has to be repaired by hand for nothing.",
    advice: "Take a 404 on the second try of a delete for a success.",
    source: "RFC 9110 9.2.2 (DELETE is idempotent); AIP-194",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let Some(ended) = &case.run.ended else { return Outcome::not_applicable("needs a clean run") };
    let deleted = pairs(case.run);
    let Some((one, gone)) = deleted.first() else {
        return Outcome::not_applicable("no delete was repeated after one that had worked in doubt");
    };
    if ended.is_success {
        return Outcome::Ok;
    }
    let is_by_itself = matches!(ended.exit, Exit::Code(_));
    let is_other =
        |call: &Call| !deleted.iter().any(|(one, gone)| call.seq == one.seq || call.seq == gone.seq);
    if !is_by_itself || case.run.calls.iter().any(|call| call.has_failed() && is_other(call)) {
        return Outcome::inconclusive("the command failed, but other calls had failed, too");
    }
    let message = "The record is gone; a 404 on the second try means that the first one worked, but the command failed.";
    Outcome::Found(vec![VERDICT.finding(message, [*one, *gone])])
}

/// Deletes that had worked though nobody could know, each with a repetition that found nothing.
fn pairs(run: &Run) -> Vec<(&Call, &Call)> {
    let is_it = |one: &Call, next: &Call| {
        one.method == Method::DELETE && is_done_in_doubt(one) && next.status == Some(404) && !next.is_struck()
    };
    let chains = run.chains();
    chains
        .iter()
        .flat_map(|chain| chain.pairs().filter(|(one, next)| is_it(one, next)).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, Script, beside, found, is_inconclusive, is_not_applicable, is_ok, run,
    };

    const ONE: &str = "/v2024/password-sync-groups/1";

    fn twice() -> Script {
        run().get(LIST).delete(ONE).told(500).but_done().delete(ONE).refused(404)
    }

    fn judged(run: &Run) -> Outcome {
        beside(&VERDICT, &self::run().get(LIST).delete(ONE).exits(0), run)
    }

    #[test]
    fn a_command_that_fails_for_it_is_found() {
        assert_eq!(found(&judged(&twice().exits(1))).exchanges, [2, 3]);
    }

    #[test]
    fn a_command_that_goes_on_is_fine() {
        is_ok(&judged(&twice().exits(0)));
    }

    #[test]
    fn where_something_else_failed_nobody_knows_why_it_ended() {
        is_inconclusive(&judged(&twice().get(LIST).told(500).exits(1)));
        is_inconclusive(&judged(&twice().ends_at_deadline(20.0)));
    }

    #[test]
    fn a_404_at_the_first_try_says_something_else() {
        is_not_applicable(&judged(&run().delete(ONE).refused(404).exits(1)));
        is_not_applicable(&judged(&run().delete(ONE).told(500).delete(ONE).exits(1)));
    }
}
