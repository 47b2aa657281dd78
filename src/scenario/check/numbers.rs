//! Which of its matches a rule fires on, as far as numbers say: two rules with the same `when` count the same matches, so
//! a later one whose numbers are all taken never fires.

use crate::scenario::written::{Fires, Rule, Then};

/// More numbers are not looked at one by one.
const MOST: u64 = 1_000;

/// Whether rules that come earlier, and have the same `when`, always fire on each match that `later` may fire on.
pub(super) fn are_taken(later: &Rule, earlier: &[&Rule]) -> bool {
    let per = |rule: &Rule| rule.fires.per.unwrap_or_default();
    let earlier: Vec<&Rule> =
        earlier.iter().copied().filter(|rule| per(rule) == per(later) && is_certain(rule)).collect();
    if earlier.is_empty() {
        return false;
    }
    match Numbers::of(&later.fires) {
        Numbers::Some(numbers) => {
            numbers.iter().all(|number| earlier.iter().any(|rule| admits(&rule.fires, *number)))
        }
        Numbers::From { first, step } => earlier.iter().any(|rule| admits_from(&rule.fires, first, step)),
        Numbers::TooMany => false,
    }
}

/// The numbers that a trigger admits.
enum Numbers {
    /// These and no others.
    Some(Vec<u64>),
    /// This one, and every `step`th after it.
    From { first: u64, step: u64 },
    /// Not all, but more than are looked at.
    TooMany,
}

impl Numbers {
    fn of(fires: &Fires) -> Self {
        if let Some(nth) = &fires.nth {
            return Self::Some(nth.0.iter().copied().filter(|number| admits(fires, *number)).collect());
        }
        let step = fires.every.unwrap_or(1).max(1);
        let first = (fires.after.unwrap_or(0) / step).saturating_add(1).saturating_mul(step);
        match fires.first {
            None => Self::From { first, step },
            Some(last) if last.saturating_sub(first) / step >= MOST => Self::TooMany,
            Some(last) => {
                let numbers = std::iter::successors(Some(first), |number| number.checked_add(step));
                Self::Some(numbers.take_while(|number| *number <= last).collect())
            }
        }
    }
}

/// Whether a trigger admits a match of this number.
fn admits(fires: &Fires, number: u64) -> bool {
    fires.nth.as_ref().is_none_or(|nth| nth.0.contains(&number))
        && fires.first.is_none_or(|first| number <= first)
        && fires.after.is_none_or(|after| number > after)
        && fires.every.is_none_or(|every| number.is_multiple_of(every))
}

/// Whether a trigger admits this number and every `step`th after it.
fn admits_from(fires: &Fires, first: u64, step: u64) -> bool {
    fires.nth.is_none()
        && fires.first.is_none()
        && admits(fires, first)
        && fires.every.is_none_or(|every| step.is_multiple_of(every))
}

/// Whether a rule fires on every match that its numbers admit, whatever is drawn and whenever it is.
fn is_certain(rule: &Rule) -> bool {
    // All of it by name, so that a new part is decided about here, too.
    let Fires { nth: _, first: _, after: _, every: _, per: _, chance, from, until, times } = &rule.fires;
    let lasts = match &rule.sequence {
        None => true,
        Some(_) if matches!(rule.then, Some(Then::Repeat | Then::Last)) => true,
        Some(faults) => {
            matches!(Numbers::of(&rule.fires), Numbers::Some(numbers) if numbers.len() <= faults.len())
        }
    };
    lasts
        && chance.is_none_or(|chance| chance >= 1.0)
        && from.is_none_or(|from| from.0.is_zero())
        && until.is_none()
        && times.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Format};

    fn rule(text: &str) -> Rule {
        let text = if text.contains("fault") || text.contains("sequence") {
            text.to_owned()
        } else {
            format!("{{fires: {text}, fault: close}}")
        };
        Document { name: "rule", text: &text, format: Format::Yaml }.read().unwrap()
    }

    #[test]
    fn numbers_are_taken_when_earlier_rules_fire_on_each() {
        for (earlier, later, expected) in [
            (&["{first: 2}"][..], "{first: 1}", true),
            (&["{first: 2}"], "{nth: [1, 2]}", true),
            (&["{first: 2}"], "{nth: [1, 3]}", false),
            (&["{first: 1}"], "{first: 2}", false),
            (&["{nth: 1}", "{nth: 2}"], "{first: 2}", true),
            (&["{nth: 1}"], "{nth: 1, chance: 0.5}", true),
            (&["{nth: 1, chance: 0.5}"], "{nth: 1}", false),
            (&["{after: 2}"], "{after: 3}", true),
            (&["{after: 3}"], "{after: 2}", false),
            (&["{every: 2}"], "{every: 4}", true),
            (&["{every: 4}"], "{every: 2}", false),
            (&["{every: 2, after: 3}"], "{every: 4}", true),
            (&["{every: 2}"], "{every: 2, first: 7}", true),
            (&["{first: 5}"], "{every: 2, first: 5}", true),
            (&["{first: 5000}"], "{first: 4000}", false),
            (&["{first: 2, times: 1}"], "{first: 1}", false),
            (&["{first: 2, from: 1s}"], "{first: 1}", false),
            (&["{first: 2, per: client}"], "{first: 1}", false),
            (&["{first: 2, per: tenant}"], "{first: 1}", true),
            (&["{fires: {first: 2}, sequence: [close, reset]}"], "{first: 1}", true),
            (&["{fires: {first: 2}, sequence: [close]}"], "{nth: 2}", false),
            (&["{fires: {first: 2}, sequence: [close], then: last}"], "{nth: 2}", true),
        ] {
            let earlier: Vec<Rule> = earlier.iter().map(|text| rule(text)).collect();
            let earlier: Vec<&Rule> = earlier.iter().collect();
            assert_eq!(are_taken(&rule(later), &earlier), expected, "{earlier:?} {later}");
        }
    }
}
