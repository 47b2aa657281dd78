//! Clients that number the attempts at a call in a header field (`--attempt-header`): calls that ask for the same and begin
//! at the first attempt again are other calls, and no repetition.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::journal::Exchange;
use crate::verdict::Run;

/// Tells calls apart by the numbers of their attempts.
pub(super) fn tell_apart(run: &mut Run, header: &str, exchanges: &[Exchange]) {
    let mut seen: HashMap<u64, (u64, u64)> = HashMap::new();
    for (call, exchange) in run.calls.iter_mut().zip(exchanges) {
        let request = exchange.request.unpack();
        let told = request.headers.get(header).and_then(|value| number_in(value.to_str().ok()?));
        let Some(attempt) = told else { continue };
        let (which, last) = seen.entry(call.key).or_insert((0, 0));
        if attempt <= *last {
            *which += 1;
        }
        *last = attempt;
        if *which > 0 {
            let mut hasher = DefaultHasher::new();
            (call.key, *which).hash(&mut hasher);
            call.key = hasher.finish();
        }
    }
}

/// The first number in a text: `2` of `attempt=2; max=3`.
fn number_in(text: &str) -> Option<u64> {
    let from = text.find(|c: char| c.is_ascii_digit())?;
    let digits: String = text[from..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_attempt_is_the_first_in_the_field() {
        for (text, number) in [("2", Some(2)), ("attempt=2; max=3", Some(2)), ("", None), ("first", None)] {
            assert_eq!(number_in(text), number, "{text}");
        }
    }
}
