//! Scenarios and rules from code: what a file says, as methods. Like a file, what is built is only a description;
//! [`Scenario::check`] and [`Rule::check`] turn it into something that can run.

use std::time::Duration;

use super::fault::{Fault, Pass, RateLimited, Respond};
use super::written::{Fires, Hold, Nth, Operations, Rule, Scenario, Stage, When};
use crate::clock::Span;
use crate::operation::Operation;

impl Scenario {
    /// A scenario without rules.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), lesson: None, rules: Vec::new() }
    }

    /// Appends a rule.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }
}

impl Rule {
    /// A rule that fires on every exchange before the operation happens; nothing goes wrong yet.
    ///
    /// ```
    /// use sync_group_sim::operation::Operation;
    /// use sync_group_sim::scenario::{Rule, Scenario};
    ///
    /// let rule = Rule::new("lost").on(Operation::CreatePasswordSyncGroup).nth(2).after().respond(500);
    /// assert!(Scenario::new("committed-but-lost").rule(rule).check().is_ok());
    /// ```
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            when: When::default(),
            fires: Fires::default(),
            stage: Stage::Before,
            hold: None,
            fault: Some(Pass {}.into()),
            sequence: None,
            then: None,
        }
    }

    /// On this operation; may be called again for more.
    #[must_use]
    pub fn on(mut self, operation: Operation) -> Self {
        match &mut self.when.operation {
            Some(Operations::These(operations)) => operations.push(operation),
            other => *other = Some(Operations::These(vec![operation])),
        }
        self
    }

    /// Only on the nth match, from 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.fires.nth = Some(Nth(vec![nth]));
        self
    }

    /// On the first n matches.
    #[must_use]
    pub fn first(mut self, first: u64) -> Self {
        self.fires.first = Some(first);
        self
    }

    /// With this probability, 0 to 1.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.fires.chance = Some(chance);
        self
    }

    /// After the operation happened.
    #[must_use]
    pub fn after(mut self) -> Self {
        self.stage = Stage::After;
        self
    }

    /// With this fault.
    ///
    /// ```
    /// use sync_group_sim::scenario::Rule;
    /// use sync_group_sim::scenario::fault::{Close, Cut};
    ///
    /// let half = Rule::new("half").fault(Cut { after: 100 });
    /// let silent = Rule::new("silent").fault(Close {});
    /// # assert!(half.check().is_ok() && silent.check().is_ok());
    /// ```
    #[must_use]
    pub fn fault(mut self, fault: impl Into<Fault>) -> Self {
        self.fault = Some(fault.into());
        self
    }

    /// With the service's own reply of this status.
    #[must_use]
    pub fn respond(self, status: u16) -> Self {
        self.fault(Respond { status, ..Respond::default() })
    }

    /// With a 429 that asks to wait this long.
    #[must_use]
    pub fn rate_limited(self, retry_after: Duration) -> Self {
        self.fault(RateLimited { retry_after: Span(retry_after), ..RateLimited::default() })
    }

    /// This late, in addition to any other fault.
    #[must_use]
    pub fn hold(mut self, hold: Duration) -> Self {
        self.hold = Some(Hold::Fixed(Span(hold)));
        self
    }

    /// With these faults, in turn, and then the right answer.
    #[must_use]
    pub fn sequence(mut self, faults: Vec<Fault>) -> Self {
        (self.fault, self.sequence) = (None, Some(faults));
        self
    }
}
