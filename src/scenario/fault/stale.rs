//! `stale`: reads lag behind.

use std::time::Duration;

use super::{Effect, Kind};
use crate::clock::{Span, format_duration};
use crate::document::record;
use crate::operation::Operation;
use crate::scenario::mistake::Mistake;
use crate::scenario::written::{Operations, Rule, Stage, When};

record! {
    derive(Copy, Eq)
    /// Reads that lag behind.
    pub struct Stale as "staleRead" {
        /// How far.
        pub by: Span = required("by"),
        /// Whether a client sees its own writes at once.
        pub read_your_writes: bool = optional("readYourWrites"),
    }
}

impl Kind for Stale {
    fn effect(&self) -> Effect<'_> {
        Effect::Past(*self)
    }

    fn in_words(&self) -> String {
        let own = if self.read_your_writes { ", and its own writes since" } else { "" };
        format!("what was there {} ago{own}", format_duration(self.by.0))
    }

    fn check(&self, rule: &Rule) -> Result<(), Mistake> {
        if self.by.0.is_zero() {
            return Err(Mistake::new("/by", "stale by 0; expected more than 0"));
        }
        if rule.stage == Stage::After {
            let message = "a read cannot see the past once it has happened; expected stage before";
            return Err(Mistake::new("", message));
        }
        if !may_match_reads(&rule.when) {
            let reads = Operation::ALL.into_iter().filter(|operation| operation.is_read());
            let reads: Vec<_> = reads.map(Operation::id).collect();
            let message = format!("only reads can be stale; expected one of {}", reads.join(", "));
            return Err(Mistake::new("", message));
        }
        Ok(())
    }

    fn horizon(&self) -> Option<Duration> {
        Some(self.by.0)
    }
}

/// The operations that can be stale.
fn may_match_reads(when: &When) -> bool {
    match &when.operation {
        None | Some(Operations::Any) => true,
        Some(Operations::Attempts) => false,
        Some(Operations::These(operations)) => operations.iter().any(|operation| operation.is_read()),
    }
}

#[cfg(test)]
mod tests {
    use crate::operation::Operation;
    use crate::scenario::fault::testing::{mistake, words};

    #[test]
    fn only_a_read_before_it_happens_can_be_stale() {
        let reads = Operation::ALL.into_iter().filter(|operation| operation.is_read());
        let reads: Vec<_> = reads.map(Operation::id).collect();
        let only_reads = format!("rule:1:36: only reads can be stale; expected one of {}", reads.join(", "));
        for (rule, expected) in [
            (
                "{stage: after, fault: {stale: {by: 1s}}}",
                "rule:1:24: a read cannot see the past once it has happened; expected stage before",
            ),
            ("{when: {operation: token}, fault: {stale: {by: 1s}}}", &only_reads),
            ("{fault: {stale: {by: 0s}}}", "rule:1:22: stale by 0; expected more than 0"),
        ] {
            assert_eq!(mistake(rule), expected);
        }
    }

    #[test]
    fn it_is_said_in_words() {
        assert_eq!(words("stale: {by: 5s}"), "what was there 5s ago");
        assert_eq!(
            words("stale: {by: 5s, readYourWrites: true}"),
            "what was there 5s ago, and its own writes since"
        );
    }
}
