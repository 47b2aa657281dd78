//! How reports word marks, counts and times.

use super::{CallReport, Mark, Survival};

impl Mark {
    /// The word that stands in every form of a report.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotApplicable => "n/a",
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Inconclusive => "inconclusive",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// A sign for it, for those who look at many.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::NotApplicable => "·",
            Self::Ok => "✓",
            Self::Note => "i",
            Self::Inconclusive => "?",
            Self::Warning => "!",
            Self::Error => "✗",
        }
    }
}

impl Survival {
    /// A sign for it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Survived => "✓",
            Self::Failed => "✗",
            Self::GaveUp => "gave up",
            Self::NotSeen => "–",
        }
    }
}

/// A time as people read it.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 0.000_95 {
        format!("{:.2} ms", seconds * 1e3)
    } else if seconds < 0.01 {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds < 0.1 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 100.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{seconds:.0} s")
    }
}

/// `1 call`, `2 calls`.
pub(super) fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// What the client was told, and what really happened where that differs.
pub(super) fn outcome(call: &CallReport) -> String {
    let told = match call.status {
        Some(status) if call.end == "whole" => format!("told {status}"),
        Some(status) => format!("told {status}, {}", call.end),
        None => call.end.clone(),
    };
    match (call.performed, call.answered) {
        (true, Some(answered)) if Some(answered) != call.status => format!("performed ({answered}), {told}"),
        (true, _) if call.status.is_none() => format!("performed, {told}"),
        _ => told,
    }
}
