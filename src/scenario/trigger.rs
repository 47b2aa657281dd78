//! Which of a rule's matches it fires on. A new trigger is a field of [`Fires`]; the build then names [`Fires::decide`],
//! [`Fires::in_words`] and, because a rule may be certain to fire, `check/numbers.rs`. What can make it impossible is in
//! [`Fires::check`], and it has a test.

use std::fmt::Write as _;
use std::time::Duration;

use super::mistake::Mistake;
use super::written::Fires;
use crate::clock::format_duration;

/// What a trigger depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Which match this is, from 1, among those counted together.
    pub(super) nth: u64,
    /// How often the rule has fired among them.
    pub(super) fired: u64,
    /// Tenant time since the scenario was loaded.
    pub(super) elapsed: Duration,
}

/// A list of numbers, cut to the first few: every exchange that matches a rule keeps its words.
fn in_words(numbers: &[u64]) -> String {
    const SHOWN: usize = 8;
    if numbers.len() <= SHOWN {
        return format!("{numbers:?}");
    }
    let shown: Vec<_> = numbers[..SHOWN].iter().map(u64::to_string).collect();
    format!("[{}, … {} more]", shown.join(", "), numbers.len() - SHOWN)
}

impl Fires {
    /// Whether to fire (`Ok`) or not, and why, in a few words for the journal. `draw` makes the match's draw.
    pub(super) fn decide(&self, moment: Moment, draw: impl FnOnce() -> f64) -> Result<String, String> {
        let Moment { nth, fired, elapsed } = moment;
        let Self { nth: numbers, first, after, every, chance, from, until, times, per: _ } = self;
        let mut why = format!("nth {nth}");
        let mut holds = |holds: bool, text: &dyn Fn() -> String| {
            if holds {
                why.push_str(", ");
                why.push_str(&text());
                Ok(())
            } else {
                Err(format!("nth {nth}, not {}", text()))
            }
        };
        if let Some(wanted) = numbers {
            holds(wanted.0.contains(&nth), &|| format!("nth in {}", in_words(&wanted.0)))?;
        }
        if let Some(first) = *first {
            holds(nth <= first, &|| format!("among the first {first}"))?;
        }
        if let Some(after) = *after {
            holds(nth > after, &|| format!("after {after}"))?;
        }
        if let Some(every) = *every {
            holds(nth.is_multiple_of(every), &|| format!("every {every}"))?;
        }
        if let Some(from) = *from {
            holds(elapsed >= from.0, &|| format!("from {}", format_duration(from.0)))?;
        }
        if let Some(until) = *until {
            holds(elapsed < until.0, &|| format!("until {}", format_duration(until.0)))?;
        }
        if let Some(times) = *times {
            holds(fired < times, &|| format!("at most {times} times"))?;
        }
        if let Some(chance) = *chance {
            let draw = draw();
            if draw >= chance {
                return Err(format!("nth {nth}, draw {draw:.3} >= {chance}"));
            }
            let _ = write!(why, ", draw {draw:.3} < {chance}");
        }
        Ok(why)
    }

    /// What makes it impossible for this ever to fire.
    pub(super) fn check(&self) -> Result<(), Mistake> {
        self.check_positive()?;
        self.check_nth()?;
        self.check_range()?;
        self.check_chance()?;
        self.check_time()
    }

    fn check_positive(&self) -> Result<(), Mistake> {
        let counts = [("first", self.first), ("every", self.every), ("times", self.times)];
        match counts.into_iter().find(|(_, count)| *count == Some(0)) {
            Some((field, _)) => mistake(field, format!("{field} 0 can never fire; expected 1 or more")),
            None => Ok(()),
        }
    }

    fn check_nth(&self) -> Result<(), Mistake> {
        let Some(numbers) = self.nth.as_ref().map(|nth| &nth.0) else { return Ok(()) };
        if numbers.is_empty() {
            return mistake("nth", "an empty list can never fire; expected numbers from 1".to_owned());
        }
        if numbers.contains(&0) {
            return mistake("nth", "nth 0 can never fire; expected 1 or more".to_owned());
        }
        let is_possible = |nth: &u64| {
            self.first.is_none_or(|first| *nth <= first)
                && self.after.is_none_or(|after| *nth > after)
                && self.every.is_none_or(|every| nth.is_multiple_of(every))
        };
        if numbers.iter().any(is_possible) {
            return Ok(());
        }
        mistake(
            "nth",
            format!("nth {} never meets the other conditions; expected one that does", in_words(numbers)),
        )
    }

    /// Whether some number is within `first` and `after` and selected by `every`.
    fn check_range(&self) -> Result<(), Mistake> {
        let Some(first) = self.first else { return Ok(()) };
        let after = self.after.unwrap_or(0);
        if self.after.is_some() && first <= after {
            let message =
                format!("after {after} and first {first} can never both hold; expected after < first");
            return mistake("after", message);
        }
        if let Some(every) = self.every
            && first / every <= after / every
        {
            let message =
                format!("every {every} never comes after {after} and up to {first}; expected one that does");
            return mistake("every", message);
        }
        Ok(())
    }

    fn check_chance(&self) -> Result<(), Mistake> {
        match self.chance {
            Some(chance) if !(0.0..=1.0).contains(&chance) => {
                mistake("chance", format!("chance {chance}; expected 0 to 1"))
            }
            _ => Ok(()),
        }
    }

    fn check_time(&self) -> Result<(), Mistake> {
        let from = self.from.map_or(Duration::ZERO, |from| from.0);
        if self.until.is_some_and(|until| from >= until.0) {
            let message = "it ends before it begins; expected until later than from";
            return mistake("until", message.to_owned());
        }
        Ok(())
    }

    /// Whether this always fires on every match.
    pub(super) fn is_always(&self) -> bool {
        let Self { nth, first, after, every, chance, from, until, times, per: _ } = self;
        nth.is_none()
            && first.is_none()
            && after.is_none_or(|after| after == 0)
            && every.is_none_or(|every| every == 1)
            && chance.is_none_or(|chance| chance >= 1.0)
            && from.is_none_or(|from| from.0.is_zero())
            && until.is_none()
            && times.is_none()
    }

    /// When it fires, in words.
    pub(super) fn in_words(&self) -> String {
        let Self { nth, first, after, every, chance, from, until, times, per: _ } = self;
        let mut parts = Vec::new();
        if let Some(nth) = nth {
            let ordinals: Vec<_> = nth.0.iter().map(|nth| ordinal(*nth)).collect();
            parts.push(format!("the {}", ordinals.join(", ")));
        }
        if let Some(first) = *first {
            parts.push(if first == 1 { "the first".to_owned() } else { format!("the first {first}") });
        }
        if let Some(after) = *after {
            parts.push(format!("all after the first {after}"));
        }
        if let Some(every) = *every {
            parts.push(format!("every {}", ordinal(every)));
        }
        if let Some(chance) = *chance {
            // Four decimals are enough for a chance of one in a million.
            parts.push(format!("{} in 100 by chance", (chance * 1e6).round() / 1e4));
        }
        match (*from, *until) {
            (None, None) => {}
            (from, None) => {
                parts
                    .push(format!("from {} on", format_duration(from.map_or(Duration::ZERO, |from| from.0))));
            }
            (None, Some(until)) => parts.push(format!("until {}", format_duration(until.0))),
            (Some(from), Some(until)) => {
                parts.push(format!("from {} until {}", format_duration(from.0), format_duration(until.0)));
            }
        }
        if let Some(times) = *times {
            parts.push(format!("at most {times} times"));
        }
        if parts.is_empty() { "every one".to_owned() } else { parts.join(" and ") }
    }
}

fn mistake(field: &str, message: String) -> Result<(), Mistake> {
    Err(Mistake::new(format!("/{field}"), message))
}

fn ordinal(number: u64) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Format};
    use crate::scenario::written::Nth;

    fn fires(text: &str) -> Fires {
        Document { name: "fires", text, format: Format::Yaml }.read().unwrap()
    }

    /// The matches, of twelve a second apart, on which the trigger fires when every draw is 0.5.
    fn fired(text: &str) -> Vec<u64> {
        let trigger = fires(text);
        let mut fired = Vec::new();
        for nth in 1..=12 {
            let moment = Moment { nth, fired: fired.len() as u64, elapsed: Duration::from_secs(nth - 1) };
            if trigger.decide(moment, || 0.5).is_ok() {
                fired.push(nth);
            }
        }
        fired
    }

    #[test]
    fn a_long_list_of_numbers_is_cut_in_what_the_journal_keeps() {
        let fires = Fires { nth: Some(Nth((1..=1_000).collect())), ..Fires::default() };
        let moment = |nth| Moment { nth, fired: 0, elapsed: Duration::ZERO };
        assert_eq!(
            fires.decide(moment(7), || 0.0).unwrap(),
            "nth 7, nth in [1, 2, 3, 4, 5, 6, 7, 8, … 992 more]"
        );
        assert!(fires.decide(moment(1_001), || 0.0).unwrap_err().len() < 100);
    }

    #[test]
    fn each_trigger_has_an_effect() {
        for (text, expected) in [
            ("nth: 2", &[2][..]),
            ("nth: [1, 3, 99]", &[1, 3]),
            ("first: 3", &[1, 2, 3]),
            ("after: 10", &[11, 12]),
            ("every: 5", &[5, 10]),
            ("{from: 2s, until: 4s}", &[3, 4]),
            ("times: 2", &[1, 2]),
            ("{after: 3, times: 2}", &[4, 5]),
            ("{every: 2, first: 7, after: 2}", &[4, 6]),
            ("chance: 0.5", &[]),
            ("{chance: 0.51, nth: 7}", &[7]),
            ("chance: 0", &[]),
        ] {
            assert_eq!(fired(text), expected, "{text}");
        }
        assert_eq!(fired("chance: 1").len(), 12);
        assert_eq!(fired("{}").len(), 12);
    }

    #[test]
    fn the_reason_says_what_was_counted_and_drawn() {
        let moment = Moment { nth: 2, fired: 0, elapsed: Duration::ZERO };
        let decided = |text| fires(text).decide(moment, || 0.137);
        assert_eq!(decided("{nth: 2, chance: 0.3}"), Ok("nth 2, nth in [2], draw 0.137 < 0.3".to_owned()));
        assert_eq!(decided("chance: 0.1"), Err("nth 2, draw 0.137 >= 0.1".to_owned()));
        assert_eq!(decided("nth: 3"), Err("nth 2, not nth in [3]".to_owned()));
    }

    #[test]
    fn what_can_never_fire_is_a_mistake() {
        for (text, expected) in [
            ("nth: 0", "nth 0 can never fire; expected 1 or more"),
            ("nth: []", "an empty list can never fire; expected numbers from 1"),
            ("{first: 2, after: 2}", "after 2 and first 2 can never both hold; expected after < first"),
            ("{nth: 5, first: 4}", "nth [5] never meets the other conditions; expected one that does"),
            (
                "{nth: [3, 5], every: 2}",
                "nth [3, 5] never meets the other conditions; expected one that does",
            ),
            ("{every: 5, first: 4}", "every 5 never comes after 0 and up to 4; expected one that does"),
            ("{from: 5s, until: 5s}", "it ends before it begins; expected until later than from"),
            ("until: 0s", "it ends before it begins; expected until later than from"),
        ] {
            assert_eq!(
                fires(text).check().map_err(|mistake| mistake.message),
                Err(expected.to_owned()),
                "{text}"
            );
        }
        assert_eq!(fires("{nth: [1, 9], first: 4, chance: 0}").check(), Ok(()));
    }

    #[test]
    fn triggers_are_said_in_words() {
        for (text, expected) in [
            ("{}", "every one"),
            ("nth: [1, 2, 3, 11, 21]", "the 1st, 2nd, 3rd, 11th, 21st"),
            ("{every: 2, times: 3}", "every 2nd and at most 3 times"),
            ("{chance: 0.05, from: 1m}", "5 in 100 by chance and from 1m on"),
        ] {
            assert_eq!(fires(text).in_words(), expected);
        }
    }
}
