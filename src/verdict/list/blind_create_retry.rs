//! `blind-create-retry`: a create whose end was unclear is sent again, and nobody looked in between.

use crate::verdict::attempts::Callers;
use crate::verdict::chain::Chain;
use crate::verdict::text::wait;
use crate::verdict::writes::{Looks, hedged, is_create, is_done_in_doubt, is_unclear};
use crate::verdict::{Call, Case, Finding, Group, Needs, Outcome, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "blind-create-retry",
    severity: Severity::Error,
    group: Group::Writes,
    needs: Needs::Journal,
    scenarios: &[
        "committed-but-lost",
        "committed-then-closed",
        "committed-then-reset",
        "timeout-after-commit",
        "chaos",
    ],
    explains: &["orphan-left"],
    checks: "After a create that ended in silence, with rubbish, or with an error that does not say whether it was done, the \
             client looks before it sends the same create again. It is a warning where nothing had happened. Nor does it send \
             the same create once more while the first is under way.",
    why: "A create is not idempotent, and this API has no idempotency key. Where nothing refuses the second one, there are \
          two.",
    advice: "List and look for what you asked for before you repeat a create; adopt it if it is there.",
    source: "RFC 9110 9.2.2",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let run = case.run;
    let looks = Looks::of(run);
    let beside = sent_beside(case, &looks);
    if !beside.is_empty() {
        return Outcome::Found(beside);
    }
    if !run.calls.iter().any(|call| is_create(call) && is_unclear(call)) {
        return Outcome::not_applicable("no create ended in doubt");
    }
    let is_blind =
        |one: &Call, next: &Call| is_create(one) && is_unclear(one) && !looks.is_between(one, next);
    let attempts = case.attempts_at_writes();
    let found: Vec<_> = attempts.iter().filter_map(|chain| finding(chain, is_blind)).collect();
    let is_repeated =
        || run.chains().iter().any(|chain| chain.pairs().any(|(one, next)| is_blind(one, next)));
    if found.is_empty() && is_repeated() {
        return Outcome::inconclusive(
            "the create came again, but maybe from another caller, or as it always does",
        );
    }
    Outcome::of(found)
}

/// Creates that the client does not make several times anyway, and sent once more while they were under way.
fn sent_beside(case: &Case<'_>, looks: &Looks<'_>) -> Vec<Finding> {
    if case.clean.is_none() {
        return Vec::new();
    }
    let callers = Callers::of(*case);
    let pairs = hedged(case.run).into_iter();
    let blind = pairs.filter(|(one, next)| callers.planned(next) <= 1 && !looks.is_between(one, next));
    let findings = blind.map(|(one, next)| {
        let finding = VERDICT.finding("Sent a create again while the first was under way.", [one, next]);
        if one.performed { finding } else { finding.graded(Severity::Warning) }
    });
    findings.collect()
}

fn finding(chain: &Chain<'_>, is_blind: impl Fn(&Call, &Call) -> bool) -> Option<Finding> {
    if chain.spare > 0 {
        return None;
    }
    let blind: Vec<_> = chain.pairs().filter(|(one, next)| is_blind(one, next)).collect();
    // The one that did harm says more than one that happened to do none.
    let (one, next) = *blind.iter().find(|(one, _)| is_done_in_doubt(one)).or(blind.first())?;
    let is_done = is_done_in_doubt(one);
    let who = if next.is_replay {
        let after = one.ended().map(|ended| wait(ended.until(next.arrived))).unwrap_or_default();
        format!(
            "Your HTTP library sent a create again by itself after {after}, when a kept connection was closed."
        )
    } else {
        "Repeated a create without looking.".to_owned()
    };
    let what = match next.status {
        _ if !is_done => " This time nothing had happened before.",
        Some(400..500) if !next.performed => {
            " It was refused only because what it asks for is there already."
        }
        _ => " The first one had been done.",
    };
    let severity = if is_done { Severity::Error } else { Severity::Warning };
    let refused = refused_after(chain, next);
    let more = match refused.len() {
        0 => String::new(),
        1 => " It was sent once more although it was refused.".to_owned(),
        times => format!(" It was sent {times} times more although it was refused."),
    };
    let shown = std::iter::once(one)
        .chain(blind.iter().map(|(_, next)| *next).filter(|next| next.number > one.number))
        .chain(refused.into_iter().take(20));
    Some(VERDICT.finding(who + what + &more, shown).graded(severity).measured("repetitions", blind.len()))
}

/// The same once more, and again, after what came of it was refused.
fn refused_after<'a>(chain: &Chain<'a>, next: &Call) -> Vec<&'a Call> {
    let later = chain.pairs().skip_while(|(one, _)| one.seq != next.seq);
    later.take_while(|(one, _)| one.is_refusal()).map(|(_, again)| again).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Answer;
    use crate::verdict::example::{
        LIST, Script, alone, beside, found, is_inconclusive, is_not_applicable, is_ok, run, tenant,
    };

    fn lost(script: Script) -> Script {
        script.post(LIST).creating("1", "Sales").told(500).but_done()
    }

    #[test]
    fn a_create_that_is_repeated_at_once_is_found_even_where_it_is_refused() {
        let outcome = alone(&VERDICT, &lost(tenant()).post(LIST).refused(400).done());
        assert_eq!(
            (found(&outcome).severity, &found(&outcome).exchanges[..]),
            (Severity::Error, &[1, 2][..])
        );
        assert!(found(&outcome).message.contains("refused only because"));
        let clean = run().post(LIST).creating("1", "Sales").exits(0);
        found(&beside(&VERDICT, &clean, &lost(run()).post(LIST).exits(0)));
    }

    #[test]
    fn what_is_refused_then_and_sent_again_is_a_part_of_it() {
        let again = |script: Script, _| script.post(LIST).after(5.0).refused(400);
        let outcome = alone(&VERDICT, &(0..10).fold(lost(tenant()), again).done());
        assert!(
            found(&outcome)
                .message
                .ends_with("is there already. It was sent 9 times more although it was refused."),
            "{outcome:?}"
        );
        assert_eq!(found(&outcome).exchanges.len(), 11);
    }

    #[test]
    fn a_create_that_is_hedged_is_found() {
        let slow = || run().post(LIST).creating("1", "Sales").took(3.0);
        let clean = || run().post(LIST).creating("1", "Sales").exits(0);
        let judged = |script: Script| beside(&VERDICT, &clean(), &script.exits(0));
        let outcome = judged(slow().post(LIST).at(1.0).on(2).refused(400));
        assert_eq!(found(&outcome).message, "Sent a create again while the first was under way.");
        found(&judged(slow().but(|call| call.told = None).hung().but_done().post(LIST).at(1.0).on(2)));
        // Two threads that create the same, one that looked first, and whoever always sends it twice.
        is_not_applicable(&judged(slow().post(LIST).at(0.01).on(2).refused(400)));
        is_not_applicable(&judged(slow().get(LIST).at(1.0).on(2).post(LIST).on(2).refused(400)));
        let twice = || slow().post(LIST).at(1.0).on(2).refused(400);
        is_not_applicable(&beside(&VERDICT, &twice().exits(0), &twice().exits(0)));
        is_not_applicable(&alone(&VERDICT, &slow().post(LIST).at(1.0).on(2).refused(400).done()));
    }

    #[test]
    fn where_nothing_had_happened_it_is_a_warning_and_where_a_library_does_it_that_is_named() {
        let script =
            tenant().get(LIST).post(LIST).closed().post(LIST).on(2).but(|call| call.is_replay = true);
        let outcome = alone(&VERDICT, &script.done());
        assert_eq!(found(&outcome).severity, Severity::Warning);
        assert!(found(&outcome).message.starts_with("Your HTTP library"), "{outcome:?}");
    }

    #[test]
    fn who_looks_first_may_create_again() {
        is_ok(&alone(&VERDICT, &lost(tenant()).get(LIST).post(LIST).done()));
        let clean = run().post(LIST).exits(0);
        is_ok(&beside(&VERDICT, &clean, &run().post(LIST).told(500).get(LIST).post(LIST).exits(0)));
        let with_another = lost(run()).get(LIST).by("reader").post(LIST).by("client");
        is_ok(&beside(&VERDICT, &clean, &with_another.exits(0)));
    }

    #[test]
    fn a_look_elsewhere_or_one_that_fails_is_none() {
        let clean = run().post(LIST).exits(0);
        let elsewhere = lost(run()).get("/v2024/sources").post(LIST).refused(400).exits(0);
        found(&beside(&VERDICT, &clean, &elsewhere));
        for status in [401, 429, 500] {
            let failed = lost(run()).get(LIST).told(status).post(LIST).refused(400).exits(0);
            found(&beside(&VERDICT, &clean, &failed));
        }
        let unreadable = lost(run()).get(LIST).broken(Answer::Html).post(LIST).refused(400).exits(0);
        found(&beside(&VERDICT, &clean, &unreadable));
    }

    #[test]
    fn refusals_and_limits_say_that_nothing_happened() {
        for status in [400, 401, 403, 404, 409, 429, 503] {
            is_not_applicable(&alone(&VERDICT, &tenant().post(LIST).told(status).post(LIST).done()));
        }
    }

    #[test]
    fn a_client_that_keeps_no_connection_is_found_too() {
        found(&alone(&VERDICT, &lost(tenant()).post(LIST).on(2).refused(400).done()));
    }

    #[test]
    fn creates_of_several_threads_or_tests_are_not_held_against_one() {
        let others = lost(tenant()).get("/v2024/sources").post(LIST).on(2).done();
        is_inconclusive(&alone(&VERDICT, &others));
        let clean = run().post(LIST).post(LIST).on(2).exits(0);
        is_inconclusive(&beside(&VERDICT, &clean, &lost(run()).post(LIST).on(2).exits(0)));
    }

    #[test]
    fn passwords_and_tokens_are_not_created() {
        let script = tenant().post("/v2024/set-password").told(500).post("/v2024/set-password");
        is_not_applicable(&alone(&VERDICT, &script.done()));
        is_not_applicable(&alone(
            &VERDICT,
            &tenant().post("/oauth/token").told(500).post("/oauth/token").done(),
        ));
    }
}
