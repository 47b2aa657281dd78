//! `retry-after-date-ignored`: the client honours a wait in seconds, and not one until a date.

use crate::verdict::text::wait;
use crate::verdict::told_wait::{ToldWait, ToldWaits};
use crate::verdict::{Case, Finding, Group, Needs, Outcome, RetryAfter, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "retry-after-date-ignored",
    severity: Severity::Error,
    group: Group::Waits,
    needs: Needs::Journal,
    scenarios: &["rate-limited-with-a-date"],
    explains: &["retry-after-ignored"],
    checks: "A client that honours `Retry-After` in seconds also honours one that is a date.",
    why: "HTTP allows both forms, and gateways in front of the service may choose the other one. Code that expects a \
          number then crashes, or waits for no time at all.",
    advice: "Read both forms, and hold a date against the answer's own `Date`, so that a wrong local clock does no harm.",
    source: "RFC 9110 10.2.3",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let waits = ToldWaits::of(*case);
    let dates: Vec<_> = waits.sure.iter().filter(|wait| wait.is_date).collect();
    if dates.is_empty() {
        return Outcome::not_applicable("no call was repeated after a Retry-After with a date");
    }
    let early = dates.into_iter().find(|wait| wait.early_by().is_some());
    let Some(early) = early else { return Outcome::Ok };
    if !ToldWaits::honours_seconds(*case) {
        return Outcome::not_applicable("no other wait, in seconds, was honoured; see retry-after-ignored");
    }
    Outcome::of(vec![finding(early)])
}

fn finding(early: &ToldWait<'_>) -> Finding {
    let until = match &early.told.retry_after {
        Some(RetryAfter::Date(until, _)) => until.http_date(),
        _ => String::new(),
    };
    let message = format!(
        "Understands `Retry-After` in seconds, and not `Retry-After: {until}`: came back after {} of {}.",
        wait(early.waited),
        wait(early.asked)
    );
    let finding = VERDICT.finding(message, [early.told, early.next]);
    let finding = if early.is_rounded() { finding.graded(Severity::Warning) } else { finding };
    finding.measured("waited", early.waited.as_secs_f64()).measured("asked", early.asked.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Run;
    use crate::verdict::example::{LIST, alone, among, found, is_not_applicable, is_ok, run, tenant};

    fn dated(wait: f64) -> Run {
        run().get(LIST).told(429).retry_at(3).get(LIST).after(wait).exits(0)
    }

    fn seconds(wait: f64) -> Run {
        run().get(LIST).told(429).retry_after("2").get(LIST).after(wait).exits(0)
    }

    #[test]
    fn a_date_that_is_ignored_by_who_honours_seconds_is_its_own_finding() {
        let clean = run().get(LIST).exits(0);
        let finding = among(&VERDICT, &clean, &[dated(0.01), seconds(2.0)]);
        assert!(found(&finding).message.contains("GMT"), "{finding:?}");
        is_ok(&among(&VERDICT, &clean, &[dated(3.0), seconds(2.0)]));
    }

    #[test]
    fn whoever_ignores_both_forms_is_told_so_once() {
        let clean = run().get(LIST).exits(0);
        is_not_applicable(&among(&VERDICT, &clean, &[dated(0.01), seconds(0.1)]));
        is_not_applicable(&among(&VERDICT, &clean, &[dated(0.01)]));
        is_not_applicable(&among(&VERDICT, &clean, &[seconds(2.0)]));
    }

    #[test]
    fn one_journal_can_show_both() {
        let both = tenant()
            .get(LIST)
            .told(429)
            .retry_after("2")
            .get(LIST)
            .after(2.0)
            .told(429)
            .retry_at(3)
            .get(LIST);
        found(&alone(&VERDICT, &both.done()));
    }
}
