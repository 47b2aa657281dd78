//! `hold`: the right answer, late. How long the wait is, is drawn in `scenario/hold.rs`.

use super::{Effect, Hold, Kind};
use crate::scenario::mistake::Mistake;
use crate::scenario::written::Rule;

impl Kind for Hold {
    /// The wait is the rule's, which may have one of its own on top.
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
