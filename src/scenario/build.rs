//! Scenarios and rules from code: what a file says, as methods. What is built is checked when it is loaded.

use std::time::Duration;

use super::fault::{Fault, RateLimited, Respond};
use super::format::{Fires, Hold, Nth, Operations, Rule, Scenario, Stage, When};
use super::matcher::Compiled;
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
    /// A rule that strikes every exchange before it happens, with nothing yet.
    ///
    /// ```
    /// use sync_group_sim::operation::Operation;
    /// use sync_group_sim::scenario::{Rule, Scenario};
    ///
    /// let rule = Rule::new("lost").on(Operation::CreatePasswordSyncGroup).nth(2).after().respond(500);
    /// assert!(Scenario::new("committed-but-lost").rule(rule).checked().is_ok());
    /// ```
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            when: When::default(),
            fires: Fires::default(),
            stage: Stage::Before,
            hold: None,
            fault: Some(Fault::Pass),
            sequence: None,
            then: None,
            compiled: Compiled::default(),
        }
    }

    /// On this operation, too.
    #[must_use]
    pub fn on(mut self, operation: Operation) -> Self {
        match &mut self.when.operation {
            Some(Operations::These(operations)) => operations.push(operation),
            other => *other = Some(Operations::These(vec![operation])),
        }
        self
    }

    /// On the n-th match alone, from 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.fires.nth = Some(Nth(vec![nth]));
        self
    }

    /// On the first so many matches.
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
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// With the service's own reply of this status.
    #[must_use]
    pub fn respond(self, status: u16) -> Self {
        self.fault(Fault::Respond(Respond { status, ..Respond::default() }))
    }

    /// With a 429 that asks to wait so long.
    #[must_use]
    pub fn rate_limited(self, retry_after: Duration) -> Self {
        self.fault(Fault::RateLimited(RateLimited {
            retry_after: Span(retry_after),
            omit_header: false,
            as_date: false,
            window: None,
        }))
    }

    /// So late, beside whatever else goes wrong.
    #[must_use]
    pub fn hold(mut self, hold: Duration) -> Self {
        self.hold = Some(Hold::Fixed(Span(hold)));
        self
    }

    /// With these faults, one after the other, and then the right answer.
    #[must_use]
    pub fn sequence(mut self, faults: Vec<Fault>) -> Self {
        (self.fault, self.sequence) = (None, Some(faults));
        self
    }
}
