//! `no-keep-alive`: a client that opens a connection for each call.

use hashbrown::HashSet;

use crate::verdict::{Case, Group, Needs, Outcome, RunKind, Severity, Verdict};

/// Fewer calls say little.
const FEWEST: usize = 10;

pub(super) static VERDICT: Verdict = Verdict {
    id: "no-keep-alive",
    severity: Severity::Note,
    group: Group::Tries,
    needs: Needs::Journal,
    scenarios: &[],
    explains: &[],
    checks: "The clean run does not open a connection for nearly every call: nine of ten, of ten calls or more.",
    why: "A TLS handshake takes longer than most of these calls, and sockets run out under load.",
    advice: "Keep one client, or session, for all calls.",
    source: "RFC 9112 9.3 (persistent connections)",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    match case.run.kind {
        RunKind::Clean => {}
        RunKind::Tenant => return Outcome::not_applicable("needs a clean run"),
        _ => return Outcome::not_applicable("the clean run tells"),
    }
    let calls = case.run.calls.len();
    if calls < FEWEST {
        return Outcome::not_applicable("fewer than ten calls were made");
    }
    let connections = case.run.calls.iter().map(|call| call.connection).collect::<HashSet<_>>().len();
    if connections * 10 < calls * 9 {
        return Outcome::Ok;
    }
    let message = format!("{calls} calls, {connections} connections.");
    let finding = VERDICT.finding(message, &case.run.calls[..1]);
    Outcome::Found(vec![finding.measured("calls", calls).measured("connections", connections)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Run;
    use crate::verdict::example::{LIST, alone, found, is_not_applicable, is_ok, run};

    fn calls(count: u64, calls_per_connection: u64) -> Run {
        let clean = run().of_kind(RunKind::Clean);
        (0..count).fold(clean, |script, number| script.get(LIST).on(number / calls_per_connection)).exits(0)
    }

    #[test]
    fn a_connection_for_each_call_is_found() {
        assert_eq!(found(&alone(&VERDICT, &calls(23, 1))).message, "23 calls, 23 connections.");
        is_ok(&alone(&VERDICT, &calls(23, 2)));
        is_not_applicable(&alone(&VERDICT, &calls(9, 1)));
        is_not_applicable(&alone(&VERDICT, &Run { kind: RunKind::Tenant, ..calls(23, 1) }));
    }
}
