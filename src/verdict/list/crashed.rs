//! `crashed`: a command that was ended by the system.

use crate::verdict::{Case, Exit, Group, Needs, Outcome, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "crashed",
    severity: Severity::Error,
    group: Group::Ends,
    needs: Needs::Ending,
    scenarios: &[],
    explains: &["mute-failure"],
    checks: "The command ends by itself, not by a signal or an access violation.",
    why: "A crash says nothing to whoever has to repair it, and leaves undone what would have been cleared up.",
    advice: "Handle the answer that came before the end; run it under a debugger with the same seed.",
    source: "Common practice",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    let Some(ended) = &case.run.ended else { return Outcome::not_applicable("needs a clean run") };
    let how = match ended.exit {
        Exit::Deadline => return Outcome::inconclusive("the command had not ended at the deadline"),
        Exit::Signal(signal) => signal_name(signal),
        Exit::Code(_) if ended.is_success => return Outcome::Ok,
        Exit::Code(code) => match crash(code) {
            Some(how) => how.to_owned(),
            None => return Outcome::Ok,
        },
    };
    let last = case.run.calls.last();
    let place = last.map(|call| format!(" at call {}", call.number)).unwrap_or_default();
    Outcome::Found(vec![VERDICT.finding(format!("Ended by {how}{place}."), last)])
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

/// What an exit code says that stands for a crash: of a shell's child, or on Windows.
fn crash(code: i32) -> Option<&'static str> {
    const ACCESS_VIOLATION: i32 = 0xC000_0005_u32.cast_signed();
    const STACK_OVERFLOW: i32 = 0xC000_00FD_u32.cast_signed();
    const FAIL_FAST: i32 = 0xC000_0409_u32.cast_signed();
    match code {
        134 => Some("SIGABRT"),
        139 => Some("SIGSEGV"),
        ACCESS_VIOLATION => Some("an access violation"),
        STACK_OVERFLOW => Some("a stack overflow"),
        FAIL_FAST => Some("a fail-fast exception"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Run;
    use crate::verdict::example::{LIST, beside, found, is_inconclusive, is_ok, run};

    fn judged(run: &Run) -> Outcome {
        beside(&VERDICT, &self::run().get(LIST).exits(0), run)
    }

    #[test]
    fn an_end_by_a_signal_is_found_and_so_is_what_a_shell_makes_of_one() {
        let outcome = judged(&run().get(LIST).told(500).ends(Exit::Signal(11), 1.0));
        assert_eq!(found(&outcome).message, "Ended by SIGSEGV at call 1.");
        assert_eq!(found(&judged(&run().get(LIST).exits(134))).message, "Ended by SIGABRT at call 1.");
        found(&judged(&run().get(LIST).exits(-1_073_741_819)));
        assert_eq!(found(&judged(&run().ends(Exit::Signal(99), 1.0))).message, "Ended by signal 99.");
    }

    #[test]
    fn a_failure_in_words_is_no_crash() {
        for code in [0, 1, 2, 101, 130] {
            is_ok(&judged(&run().get(LIST).exits(code)));
        }
        is_inconclusive(&judged(&run().get(LIST).ends_at_deadline(20.0)));
    }
}
