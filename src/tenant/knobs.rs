//! The knobs of a tenant: what the control API and the embedder's handle turn, one method for each. Every one
//! takes the lock once; `wall` is what the wall clock shows.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::journal::{Entry, Filter, JournalReport};
use super::verify::{Expectation, Verdict};
use super::{Tenant, TenantState};
use crate::clock::{Clock, Timestamp};
use crate::document::{record, words};
use crate::fixture::Fixture;
use crate::scenario::{CompiledRule, Engine, LoadError, RuleReport, Rulesets};

/// Where a tenant stands in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClockReport {
    /// Whether it runs by itself.
    pub mode: ClockMode,
    /// The tenant's time.
    pub now: Timestamp,
}

words! {
    /// Whether a clock runs by itself.
    pub enum ClockMode {
        /// With the wall clock.
        Auto = "auto",
        /// Only when it is moved.
        Manual = "manual",
    }
}

record! {
    derive(Copy, Default, Eq)
    /// What to do to a clock; what is left out stays.
    pub struct ClockChange as "clockChange" {
        /// Whether it runs by itself.
        pub mode: Option<ClockMode> = nullable("mode"),
        /// The tenant's time.
        pub now: Option<Timestamp> = nullable("now"),
    }
}

impl ClockReport {
    fn of(clock: Clock, wall: Timestamp) -> Self {
        let mode = match clock {
            Clock::Auto { .. } => ClockMode::Auto,
            Clock::Manual { .. } => ClockMode::Manual,
        };
        Self { mode, now: clock.now(wall) }
    }
}

impl Tenant {
    /// What runs, with how often each rule matched and fired.
    pub fn scenario(&self) -> Vec<RuleReport> {
        self.lock().scenario.report()
    }

    /// Replaces what runs; counts begin anew.
    pub fn set_scenarios(&self, scenarios: &Rulesets, wall: Timestamp) {
        let mut state = self.lock();
        let now = state.clock.now(wall);
        state.scenario = Engine::load(scenarios, now);
        state.follows_command_line = false;
    }

    /// Puts one rule ahead of the others. Its name must be free; one without gets the first free `rule-N`.
    pub fn add_rule(&self, rule: CompiledRule, wall: Timestamp) -> Result<RuleReport, LoadError> {
        let mut state = self.lock();
        let now = state.clock.now(wall);
        state.scenario.add(rule, self.options.max_rules, now)
    }

    /// Takes a rule away; whether it was there.
    pub fn remove_rule(&self, name: &str) -> bool {
        self.lock().scenario.remove(name)
    }

    /// Exchanges, oldest first.
    pub fn journal(&self, filter: &Filter) -> JournalReport {
        let (entries, secrets, dropped, newest) = self.entries(filter);
        let exchanges = entries.iter().map(|entry| entry.to_json(&secrets)).collect();
        let is_cut = entries.len() >= filter.limit;
        let last = entries.last().filter(|_| is_cut).map_or(newest.max(filter.after), |entry| entry.seq);
        JournalReport { seed: self.options.seed, exchanges, dropped, last }
    }

    /// The same as an HTTP archive (HAR 1.2).
    pub fn har(&self, filter: &Filter) -> Value {
        let (entries, secrets, ..) = self.entries(filter);
        super::journal::har(&entries, &secrets)
    }

    /// The exchanges that a filter admits, the secrets to leave out of them, how many were dropped, and the number
    /// of the newest of all. Writing
    /// ten thousand exchanges takes a while, so only their pointers are copied under the lock.
    fn entries(&self, filter: &Filter) -> (Vec<Entry>, Vec<String>, u64, u64) {
        let state = self.lock();
        let admitted = state.journal.entries_after(filter.after).filter(|entry| filter.admits(entry));
        let admitted = admitted.take(filter.limit).cloned().collect();
        (admitted, state.auth.secrets(), state.journal.dropped(), state.journal.newest())
    }

    /// Forgets the exchanges that the filter admits; numbers go on.
    pub fn clear_journal(&self, filter: &Filter) {
        self.lock().journal.forget(filter);
    }

    /// Whether the clients did what was expected.
    pub fn verify(&self, expectation: &Expectation) -> Result<Verdict, String> {
        // The journal is looked at as it is now, and nobody waits until that is done.
        let checked = super::verify::check(expectation)?;
        let (entries, ..) = self.entries(&Filter::default());
        Ok(super::verify::verify(&entries, &checked))
    }

    /// Where the tenant stands in time.
    pub fn clock(&self, wall: Timestamp) -> ClockReport {
        ClockReport::of(self.lock().clock, wall)
    }

    /// Sets the clock's mode, its time, or both.
    pub fn change_clock(&self, change: ClockChange, wall: Timestamp) -> ClockReport {
        self.move_clock(wall, |before| ClockReport {
            mode: change.mode.unwrap_or(before.mode),
            now: change.now.unwrap_or(before.now),
        })
    }

    /// Moves the clock on. Several moves at once add up.
    pub fn advance(&self, by: Duration, wall: Timestamp) -> ClockReport {
        self.move_clock(wall, |before| ClockReport { now: before.now.plus(by), ..before })
    }

    fn move_clock(&self, wall: Timestamp, to: impl FnOnce(ClockReport) -> ClockReport) -> ClockReport {
        let report = {
            let mut state = self.lock();
            let ClockReport { mode, now } = to(ClockReport::of(state.clock, wall));
            state.clock = match mode {
                ClockMode::Manual => Clock::manual(now),
                ClockMode::Auto => Clock::Auto { ahead_millis: now.as_millis() - wall.as_millis() },
            };
            ClockReport { mode, now }
        };
        self.clock_moved.notify_waiters();
        report
    }

    /// Everything, in the fixture's format.
    pub fn state(&self) -> Fixture {
        self.lock().fixture()
    }

    /// Replaces everything that a fixture holds; clock, journal and scenario stay.
    pub fn set_state(&self, fixture: &Fixture, wall: Timestamp) {
        // However much there is, nobody waits until it is made ready, nor until what was there is gone.
        let now = self.lock().clock.now(wall);
        let template = super::Template::new(fixture, now);
        let former = self.lock().begin_with(&template);
        drop(former);
    }

    /// Brings the tenant back to how it began: state, clock, counters, luck and journal.
    pub fn reset(&self, wall: Timestamp) {
        let began_with = self.began_with.read().clone();
        let begun = TenantState::new(&self.name, &began_with, &self.options, wall);
        // What was there goes when the lock is free again: that may be much.
        let former = std::mem::replace(&mut *self.lock(), begun);
        drop(former);
        self.clock_moved.notify_waiters();
    }
}
