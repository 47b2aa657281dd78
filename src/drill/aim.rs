//! A rule whose trigger is never met by what the command does is aimed at a call that exists: `nth: 2` becomes 1 where
//! there is one create, a window that begins after the end begins in the middle. What a rule is about, and what it does,
//! stays as it was written.

use crate::clock::{Span, format_duration};
use crate::scenario::written::{Fires, Nth, Rule};
use std::time::Duration;

/// How many numbers are tried, from the highest down.
const TRIED: u64 = 200;

/// A trigger that may be met, and how it differs from what was written.
pub(super) struct Aimed {
    pub(super) rule: Rule,
    pub(super) words: String,
}

/// The triggers to try for a rule that is about `matched` calls, nearest to what was written first.
pub(super) fn candidates(rule: &Rule, matched: u64) -> Vec<Aimed> {
    let with = |fires: Fires, words: String| Aimed { rule: Rule { fires, ..rule.clone() }, words };
    let fires = &rule.fires;
    let mut found = Vec::new();
    if fires.from.is_some() {
        found.push(moved(rule, matched));
    }
    if let Some(Nth(numbers)) = &fires.nth {
        let first = numbers.iter().copied().min().unwrap_or(1);
        for number in below(first, matched) {
            let fires = Fires { nth: Some(Nth(vec![number])), ..fires.clone() };
            found.push(with(fires, format!("nth {first} → {number}")));
        }
    }
    if let Some(every) = fires.every {
        // Every call would be another scenario: one in which nothing ever works.
        for number in below(every, matched).filter(|number| *number > 1) {
            let fires = Fires { every: Some(number), ..fires.clone() };
            found.push(with(fires, format!("every {every} → {number}")));
        }
        let fires = Fires { every: None, nth: Some(Nth(vec![1])), ..fires.clone() };
        found.push(with(fires, format!("every {every} → nth 1")));
    }
    if let Some(after) = fires.after.filter(|after| *after > 0) {
        for number in below(after, matched).chain([0]) {
            let fires = Fires { after: Some(number), ..fires.clone() };
            found.push(with(fires, format!("after {after} → {number}")));
        }
    }
    let simplest = Fires { nth: Some(Nth(vec![1])), per: fires.per, ..Fires::default() };
    if fires.chance.is_none() && simplest != *fires {
        found.push(with(simplest, "the first call".to_owned()));
    }
    found
}

/// Numbers below one that is too high, and no higher than there are calls.
fn below(number: u64, matched: u64) -> impl Iterator<Item = u64> {
    let highest = number.saturating_sub(1).min(matched);
    let lowest = highest.saturating_sub(TRIED).max(1);
    (lowest..=highest).rev()
}

/// A window that begins in the middle of the calls, and lasts as long as it was written.
fn moved(rule: &Rule, matched: u64) -> Aimed {
    let fires = &rule.fires;
    let from = fires.from.map_or(Duration::ZERO, |from| from.0);
    let lasts = fires.until.map(|until| until.0.saturating_sub(from));
    let after = matched / 2;
    let moved = Fires { from: None, until: lasts.map(Span), after: Some(after), ..fires.clone() };
    let calls = if after == 1 { "call" } else { "calls" };
    let words = format!("from {} → after {after} {calls}", format_duration(from));
    Aimed { rule: Rule { fires: moved, ..rule.clone() }, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_moved_to_the_middle_of_the_calls_and_that_is_said() {
        let fires = Fires { from: Some(Span(Duration::from_secs(10))), ..Fires::default() };
        let rule = Rule { fires, ..Rule::new("a") };
        let said = [3, 4].map(|matched| moved(&rule, matched).words);
        assert_eq!(said, ["from 10s → after 1 call", "from 10s → after 2 calls"]);
    }
}
