//! How verdicts word numbers and names.

use std::time::Duration;

/// A wait in seconds, or in milliseconds where it is short.
pub(super) fn wait(wait: Duration) -> String {
    let millis = wait.as_secs_f64() * 1_000.0;
    match wait.as_secs() {
        0 if millis < 10.0 => format!("{millis:.1} ms"),
        0 if millis < 100.0 => format!("{millis:.0} ms"),
        0..10 => format!("{:.2} s", wait.as_secs_f64()),
        10..120 => format!("{:.0} s", wait.as_secs_f64()),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// `1 call`, `2 calls`.
pub(super) fn counted(count: usize, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {several}") }
}

/// A name in the quotation marks of the messages.
pub(super) fn quoted(name: &str) -> String {
    format!("“{name}”")
}
