//! `hold`: the right answer, late. How long the wait is, is drawn in `scenario/hold.rs`.

use super::{Effect, Hold, Kind};
use crate::scenario::mistake::Mistake;
use crate::scenario::written::Rule;

impl Kind for Hold {
    /// The rule waits for this fault, and may have a `hold` of its own on top.
    fn effect(&self) -> Effect<'_> {
        Effect::None
    }

    fn in_words(&self) -> String {
        format!("the right answer {}", Self::in_words(self))
    }

    fn check(&self, _rule: &Rule) -> Result<(), Mistake> {
        Self::check(self)
    }

    fn hold(&self) -> Option<Hold> {
        Some(*self)
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::fault::testing::{mistake, words};

    #[test]
    fn the_shorter_comes_first() {
        let found = mistake("{fault: {hold: {uniform: [2s, 1s]}}}");
        assert_eq!(found, "rule:1:10: the minimum is longer than the maximum; expected [min, max]");
    }

    #[test]
    fn it_is_said_in_words() {
        for (hold, expected) in [
            ("2s", "the right answer 2s late"),
            ("{uniform: [1s, 2s]}", "the right answer 1s to 2s late"),
            (
                "{lognormal: {median: 150ms, p99: 4s}}",
                "the right answer late, by 150ms half of the time and by more than 4s once in a hundred",
            ),
        ] {
            assert_eq!(words(&format!("hold: {hold}")), expected);
        }
    }
}
