//! The knobs of a tenant: what the control API and the embedder's handle turn, one method for each. Every one
//! takes the lock once; `wall` is what the wall clock shows.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::journal::{Filter, JournalReport};
use super::verify::{Expectation, Verdict};
use super::{Tenant, TenantState};
use crate::clock::{Clock, Timestamp};
use crate::fixture::Fixture;
use crate::scenario::{Rule, RuleReport, Scenario};

/// Where a tenant stands in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClockReport {
    /// Whether it runs by itself.
    pub mode: ClockMode,
    /// The tenant's time.
    pub now: Timestamp,
}

/// Whether a clock runs by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockMode {
    /// With the wall clock.
    Auto,
    /// Only when it is moved.
    Manual,
}

/// What to do to a clock; what is left out stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockChange {
    /// Whether it runs by itself.
    pub mode: Option<ClockMode>,
    /// The tenant's time.
    pub now: Option<Timestamp>,
}

impl Tenant {
    /// What runs, with how often each rule matched and fired.
    pub fn scenario(&self) -> Vec<RuleReport> {
        self.lock().scenario.report()
    }

    /// Replaces what runs; counts begin anew.
    pub fn set_scenarios(&self, scenarios: &[Scenario], wall: Timestamp) {
        let mut state = self.lock();
        let now = state.clock.now(wall);
        state.scenario.replace(scenarios, now);
        state.follows_command_line = false;
    }

    /// Puts one rule ahead of the others. Its name must be free; one without gets the first free `rule-N`.
    pub fn add_rule(&self, rule: Rule, wall: Timestamp) -> Result<RuleReport, String> {
        let mut state = self.lock();
        let now = state.clock.now(wall);
        state.scenario.add(rule, now)
    }

    /// Takes a rule away; whether it was there.
    pub fn remove_rule(&self, name: &str) -> bool {
        self.lock().scenario.remove(name)
    }

    /// Exchanges, oldest first.
    pub fn journal(&self, filter: &Filter) -> JournalReport {
        let state = self.lock();
        let secrets = state.auth.secrets();
        let entries = state.journal.entries().filter(|entry| filter.admits(entry));
        JournalReport {
            seed: self.options.seed,
            exchanges: entries.take(filter.limit).map(|entry| entry.to_json(&secrets)).collect(),
            dropped: state.journal.dropped(),
        }
    }

    /// The same as an HTTP archive (HAR 1.2).
    pub fn har(&self, filter: &Filter) -> Value {
        let state = self.lock();
        let entries = state.journal.entries().filter(|entry| filter.admits(entry)).take(filter.limit);
        super::journal::har(entries, &state.auth.secrets())
    }

    /// Forgets the exchanges that the filter admits; numbers go on.
    pub fn clear_journal(&self, filter: &Filter) {
        self.lock().journal.forget(filter);
    }

    /// Whether the clients did what was expected.
    pub fn verify(&self, expectation: &Expectation) -> Result<Verdict, String> {
        super::verify::verify(&self.lock().journal, expectation)
    }

    /// Where the tenant stands in time.
    pub fn clock(&self, wall: Timestamp) -> ClockReport {
        let clock = self.lock().clock;
        let mode = match clock {
            Clock::Auto { .. } => ClockMode::Auto,
            Clock::Manual { .. } => ClockMode::Manual,
        };
        ClockReport { mode, now: clock.now(wall) }
    }

    /// Sets the clock's mode, its time, or both.
    pub fn change_clock(&self, change: ClockChange, wall: Timestamp) -> ClockReport {
        let before = self.clock(wall);
        let now = change.now.unwrap_or(before.now);
        self.set_clock(match change.mode.unwrap_or(before.mode) {
            ClockMode::Manual => Clock::manual(now),
            ClockMode::Auto => Clock::Auto { ahead_millis: now.as_millis() - wall.as_millis() },
        });
        self.clock(wall)
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration, wall: Timestamp) -> ClockReport {
        let now = Some(self.clock(wall).now.plus(by));
        self.change_clock(ClockChange { mode: None, now }, wall)
    }

    /// Everything, in the fixture's format.
    pub fn state(&self) -> Fixture {
        self.lock().fixture()
    }

    /// Replaces everything that a fixture holds; clock, journal and scenario stay.
    pub fn set_state(&self, fixture: &Fixture, wall: Timestamp) {
        let mut state = self.lock();
        let template = super::Template::new(fixture, state.clock.now(wall));
        state.begin_with(&template);
    }

    /// Brings the tenant back to how it began: state, clock, counters, luck and journal.
    pub fn reset(&self, wall: Timestamp) {
        let began_with = self.began_with.read().clone();
        *self.lock() = TenantState::new(&self.name, &began_with, &self.options, wall);
        self.clock_moved.notify_waiters();
    }
}
