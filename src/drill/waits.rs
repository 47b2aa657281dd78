//! What a client was told to wait, and how long it waited, in a few words: `waited 2.00–2.01 s of 2 s`.

use std::time::Duration;

use crate::verdict::{RetryAfter, Run};

/// How the client's waits compare with what it was told; `None` when it was told none, or never came back.
pub(super) fn in_words(run: &Run) -> Option<String> {
    let mut told = Vec::new();
    let mut waited = Vec::new();
    for (place, call) in run.calls.iter().enumerate() {
        let asked = match call.retry_after {
            Some(RetryAfter::Seconds(seconds)) => Duration::from_secs(seconds),
            Some(RetryAfter::Date(_, left)) => left,
            _ => continue,
        };
        let next = run.calls[place + 1..].iter().find(|next| next.key == call.key);
        if let (Some(ended), Some(next)) = (call.ended(), next) {
            told.push(asked);
            waited.push(ended.until(next.arrived));
        }
    }
    let range = |waits: &[Duration]| Some((*waits.iter().min()?, *waits.iter().max()?));
    let ((least, most), (least_told, most_told)) = (range(&waited)?, range(&told)?);
    let seconds = |wait: Duration| format!("{:.2}", wait.as_secs_f64());
    let whole = |wait: Duration| format!("{}", (wait.as_secs_f64() * 10.0).round() / 10.0);
    let waited = if seconds(least) == seconds(most) {
        seconds(least)
    } else {
        format!("{}–{}", seconds(least), seconds(most))
    };
    let told = if whole(least_told) == whole(most_told) {
        whole(most_told)
    } else {
        format!("{}–{}", whole(least_told), whole(most_told))
    };
    Some(format!("waited {waited} s of {told} s"))
}
