//! `page-lost`: a page of a list failed, was never read, and the command says that all went well.

use hashbrown::{HashMap, HashSet};

use crate::verdict::pages::{covers, path};
use crate::verdict::{Answer, Call, Case, Exit, Group, Needs, Outcome, Run, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "page-lost",
    severity: Severity::Error,
    group: Group::Reads,
    needs: Needs::Ending,
    scenarios: &["page-fails-midway", "token-revoked-mid-page", "connection-resets", "flaky-5-percent"],
    explains: &["false-success"],
    checks: "A command that says it succeeded has read every page that it asked for and that has records: a page that \
             failed is asked for again. Judged where the clean run reads two pages or more. A client that reads pages \
             beside other calls may need none of them any more: it is judged by the data and by its output.",
    why: "A list with a page missing looks like a whole one: what is on that page seems to have been deleted.",
    advice: "Ask for the page again, or fail as a whole.",
    source: "SailPoint, Standard Collection Parameters; RFC 9110 15.6",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let (Some(clean), Some(ended)) = (case.clean, &case.run.ended) else {
        return Outcome::not_applicable("needs a clean run");
    };
    let pages = pages(clean);
    if pages.is_empty() {
        return Outcome::not_applicable("each list has one page only; try `--fixture large`");
    }
    let failed = failed_pages(case.run, &pages);
    if failed.is_empty() {
        return Outcome::not_applicable("no page of a list failed");
    }
    if ended.exit == Exit::Deadline {
        return Outcome::inconclusive("the command had not ended at the deadline");
    }
    if !ended.is_success {
        return Outcome::Ok;
    }
    let is_read =
        |page: &Call| is_answered(page, case.run) && case.comes_back_for(page, |call| covers(call, page));
    let lost: Vec<_> = failed.into_iter().filter(|page| !is_read(page)).collect();
    if !lost.is_empty() && case.may_leave_pages() {
        return Outcome::inconclusive(
            "pages are read beside other calls, and neither the data nor the output shows that one is missing",
        );
    }
    let findings = lost.into_iter().map(|page| {
        let offset = page.offset.unwrap_or_default();
        let status = page.status.map_or_else(|| "was not answered".to_owned(), |status| format!("was answered {status}"));
        let message = format!(
            "The page from record {offset} on {status}, was never read, and the list ended without it; the command says \
             that it succeeded."
        );
        VERDICT.finding(message, [page])
    });
    Outcome::of(findings.collect())
}

/// The keys of the pages with records that the clean run reads, of lists with several.
fn pages(clean: &Run) -> HashSet<u64> {
    let read = || {
        clean.calls.iter().filter(|call| call.offset.is_some() && !call.has_failed() && !call.is_empty_list)
    };
    let mut offsets: HashMap<&str, HashSet<u64>> = HashMap::new();
    for call in read() {
        offsets.entry(path(call)).or_default().extend(call.offset);
    }
    read().filter(|call| offsets[path(call)].len() > 1).map(|call| call.key).collect()
}

/// The last attempt at each page that failed at least once. Whether half an answer was taken for a whole one is for
/// another verdict.
fn failed_pages<'a>(run: &'a Run, pages: &HashSet<u64>) -> Vec<&'a Call> {
    let mut last: HashMap<u64, &Call> = HashMap::new();
    let is_broken = |call: &Call| {
        call.status == Some(200) && call.answer != Answer::Readable && call.answer != Answer::Nothing
    };
    let failed =
        run.calls.iter().filter(|call| pages.contains(&call.key) && call.has_failed() && !is_broken(call));
    for call in failed {
        last.insert(call.key, call);
    }
    let mut failed: Vec<_> = last.into_values().collect();
    failed.sort_by_key(|call| call.number);
    failed
}

/// Whether the page was read some time, also as part of a page of another size.
fn is_answered(page: &Call, run: &Run) -> bool {
    run.calls.iter().any(|call| !call.has_failed() && covers(call, page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{
        LIST, Script, beside, found, is_inconclusive, is_not_applicable, is_ok, run,
    };
    use crate::verdict::{End, Ended};

    fn page(script: Script, offset: u64) -> Script {
        paged(script, offset, 100)
    }

    fn paged(script: Script, offset: u64, limit: u64) -> Script {
        script.get(&format!("{LIST}?offset={offset}&limit={limit}")).but(|call| call.offset = Some(offset))
    }

    fn judged(run: &Run) -> Outcome {
        beside(&VERDICT, &page(page(self::run(), 0), 100).exits(0), run)
    }

    #[test]
    fn a_list_that_ends_at_the_page_that_failed_is_found() {
        let outcome = judged(&page(page(run(), 0), 100).told(500).exits(0));
        assert!(
            found(&outcome).message.starts_with("The page from record 100 on was answered 500"),
            "{outcome:?}"
        );
        found(&judged(&page(page(page(run(), 0), 100).told(500), 100).closed().exits(0)));
    }

    #[test]
    fn who_asks_again_in_whatever_pieces_or_fails_is_fine() {
        is_ok(&judged(&page(page(page(run(), 0), 100).told(500), 100).exits(0)));
        is_ok(&judged(&page(page(run(), 0), 100).told(500).exits(1)));
        is_ok(&judged(&paged(page(page(run(), 0), 100).told(500), 100, 50).exits(0)));
    }

    #[test]
    fn a_list_that_is_read_again_later_anyway_does_not_bring_the_page() {
        let both = |script| page(page(script, 0), 100);
        let clean = both(both(run()).post(LIST)).exits(0);
        let judged = |run: Script| beside(&VERDICT, &clean, &run.exits(0));
        let failed = || both(run()).told(403);
        found(&judged(both(failed().post(LIST))));
        is_ok(&judged(both(page(failed(), 100).post(LIST))));
        is_ok(&judged(both(both(failed()).post(LIST))));
    }

    #[test]
    fn other_pages_of_the_list_do_not_stand_for_the_lost_one() {
        let clean = page(page(page(run(), 0), 100), 200).exits(0);
        found(&beside(&VERDICT, &clean, &page(page(page(run(), 0), 100).told(500), 200).exits(0)));
    }

    #[test]
    fn who_reads_pages_at_once_and_has_what_it_looks_for_may_leave_the_others() {
        let at_once = || page(page(run(), 0), 100).at(0.00005).on(2);
        let stops_early = || at_once().told(500);
        let beside = |run: &Run| beside(&VERDICT, &page(page(self::run(), 0), 100).exits(0), run);
        is_inconclusive(&beside(&stops_early().exits(0)));
        is_inconclusive(&beside(
            &page(page(run(), 0), 100)
                .but(|call| call.end = End::ClientLeft)
                .on(2)
                .left(0.1)
                .closed()
                .at(0.00005)
                .exits(0),
        ));
        let says_less =
            |run: Run| Run { ended: run.ended.map(|ended| Ended { said_less: true, ..ended }), ..run };
        found(&beside(&says_less(stops_early().exits(0))));
        let in_another_order = page(page(page(run(), 0), 200).told(500), 100).exits(0);
        let clean = page(page(page(run(), 0), 100), 200).exits(0);
        is_inconclusive(&super::super::super::example::beside(
            &VERDICT,
            &clean,
            &page(page(page(run(), 0), 200), 100).told(500).exits(0),
        ));
        found(&super::super::super::example::beside(&VERDICT, &clean, &in_another_order));
    }

    #[test]
    fn programs_that_follow_each_other_read_one_page_at_a_time() {
        let program = |script: Script, connection, status| {
            let first = page(script, 0).on(connection);
            let second = page(first, 100).on(connection);
            if status == 200 { second } else { second.told(status) }
        };
        let clean = program(program(run(), 1, 200), 2, 200).exits(0);
        found(&beside(&VERDICT, &clean, &program(program(run(), 1, 200), 2, 500).exits(0)));
    }

    #[test]
    fn without_pages_or_a_failure_there_is_nothing_to_lose() {
        is_not_applicable(&judged(&page(page(run(), 0), 100).exits(0)));
        let one = beside(&VERDICT, &page(run(), 0).exits(0), &page(run(), 0).told(500).exits(0));
        is_not_applicable(&one);
        is_not_applicable(&judged(&page(page(run(), 0), 100).broken(Answer::Partial).exits(0)));
        is_inconclusive(&judged(&page(page(run(), 0), 100).told(500).ends_at_deadline(20.0)));
    }
}
