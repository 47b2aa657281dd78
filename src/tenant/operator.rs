//! What operators do to a tenant, through the control API or the embedder's handle: a method for each call. Every
//! one takes the lock once; `wall` is what the wall clock shows.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::agenda::AgendaReport;
use super::budget::{NoRoom, StateBudget};
use super::{Birth, Template, Tenant, TenantState};
use crate::clock::{Clock, Timestamp};
use crate::document::{record, words};
use crate::fixture::{Client, Fixture, Source};
use crate::journal::verify::{self, Expectation, Verification};
use crate::journal::{self, Exchange, Filter, Form, JournalReport, Listing};
use crate::prerequisites::Prerequisites;
use crate::scenario::{CompiledRule, KnownNames, LoadError, RuleReport, Rulesets};
use crate::verdict::{Run, VerdictsReport, VerdictsRequest};
use crate::wire::secrets::Secrets;

/// Exchanges of a listing that are looked at under the lock at once.
const PAGE: usize = 64;

/// A tenant's clock: its mode and its time.
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
        /// When it is moved; and to the next event, when nothing else can happen.
        Skipping = "skipping",
    }
}

record! {
    derive(Copy, Default, Eq)
    /// A change of a clock; anything left out stays unchanged.
    pub struct ClockChange as "clockChange" {
        /// Whether it runs by itself.
        pub mode: Option<ClockMode> = nullable("mode"),
        /// The tenant's time.
        pub now: Option<Timestamp> = nullable("now"),
    }
}

/// Why a rule was not added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// It cannot run beside the others.
    Load(LoadError),
    /// There is no room for it.
    NoRoom(NoRoom),
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            Self::NoRoom(no_room) => no_room.fmt(f),
        }
    }
}

impl From<LoadError> for RuleError {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl From<NoRoom> for RuleError {
    fn from(no_room: NoRoom) -> Self {
        Self::NoRoom(no_room)
    }
}

impl ClockReport {
    fn of(clock: Clock, wall: Timestamp) -> Self {
        let mode = match clock {
            Clock::Auto { .. } => ClockMode::Auto,
            Clock::Manual { .. } => ClockMode::Manual,
            Clock::Skipping { .. } => ClockMode::Skipping,
        };
        Self { mode, now: clock.now(wall) }
    }
}

impl Tenant {
    /// Its clients, the administrator's first.
    pub fn clients(&self) -> Vec<Client> {
        self.state.lock().auth.clients().to_vec()
    }

    /// The same by id and name, for rules that are about one.
    pub(crate) fn known_clients(&self) -> KnownNames {
        let state = self.state.lock();
        let clients = state.auth.clients().iter();
        let clients = clients.map(|client| (client.client_id.clone(), client.name.clone()));
        KnownNames::new(&format!("tenant `{}`", self.name), clients)
    }

    /// The same, and its sources.
    pub(crate) fn known_names(self: &Arc<Self>) -> KnownNames {
        let tenant = Arc::clone(self);
        self.known_clients().with_sources(move || tenant.source_names())
    }

    /// Rules that run and can never fire, because they are about a client that it does not have, or cannot fire yet,
    /// because they are about a source that it does not have so far; in words.
    pub(crate) fn scenario_warnings(self: &Arc<Self>, running: &[RuleReport]) -> Vec<String> {
        self.known_names().warnings_of(running)
    }

    /// Its sources by id and name.
    fn source_names(&self) -> Vec<(String, String)> {
        let state = self.state.lock();
        let sources = state.view(None).table::<Source>();
        sources.iter().map(|source| (source.id.clone(), source.name.clone())).collect()
    }

    /// The secrets of its clients, present and former, for leaving them out of what is shown.
    pub(crate) fn secrets(&self) -> Arc<Secrets> {
        self.state.lock().auth.secrets()
    }

    /// What runs, with how often each rule matched and fired.
    pub fn scenario(&self) -> Vec<RuleReport> {
        self.state.lock().scenario.report()
    }

    /// Replaces what runs; counts restart. Fails where there is no room for rules that only this tenant has.
    pub fn set_scenarios(&self, scenarios: &Rulesets, wall: Timestamp) -> Result<(), NoRoom> {
        let mut state = self.enter(wall);
        let more = scenarios.own_bytes().saturating_sub(state.scenario.own_bytes());
        if more > 0 {
            self.states.admit(more, state.counted_bytes())?;
        }
        state.load_scenarios(scenarios, wall);
        state.follows_command_line = false;
        Ok(())
    }

    /// Puts one rule ahead of the others. Its name must be free; a rule without one gets the first free `rule-N`.
    pub fn add_rule(&self, rule: CompiledRule, wall: Timestamp) -> Result<RuleReport, RuleError> {
        self.enter(wall).add_rule(rule, self.options.max_rules, wall)
    }

    /// Removes a rule; returns whether it was there.
    pub fn remove_rule(&self, name: &str) -> bool {
        self.state.lock().remove_rule(name)
    }

    /// Exchanges, oldest first.
    pub fn journal(&self, filter: &Filter, wall: Timestamp) -> JournalReport {
        let (exchanges, secrets, dropped, newest) = self.exchanges(filter, wall);
        let is_cut = exchanges.len() >= filter.limit;
        let last =
            exchanges.last().filter(|_| is_cut).map_or(newest.max(filter.after), |exchange| exchange.seq);
        let exchanges = exchanges.iter().map(|exchange| journal::show(exchange, &secrets)).collect();
        JournalReport { seed: self.options.seed, exchanges, dropped, last }
    }

    /// The same as text in one of its forms, of which this is the beginning; [`Self::next_page`] has the rest.
    pub(crate) fn begin_listing(&self, form: Form, filter: &Filter, wall: Timestamp) -> (Listing, String) {
        let unknown = filter.client.as_ref().and_then(|client| self.known_clients().unknown_name(client));
        let state = self.enter(wall);
        let (newest, dropped) = (state.journal.newest(), state.journal.dropped());
        Listing::begin(form, filter.clone(), newest, self.options.seed, dropped, unknown)
    }

    /// Adds to a page of a listing what comes next; returns whether that was all.
    pub(crate) fn next_page(&self, listing: &mut Listing, page: &mut String, wall: Timestamp) -> bool {
        let filter = Filter { limit: listing.filter.limit.min(PAGE), ..listing.filter.clone() };
        let (mut exchanges, secrets, ..) = self.exchanges(&filter, wall);
        // Those that came meanwhile are not listed.
        exchanges.retain(|exchange| exchange.seq <= listing.until);
        let is_last = exchanges.len() < filter.limit || filter.limit == listing.filter.limit;
        listing.add(&exchanges, &secrets, page);
        let is_over = is_last && exchanges.last().is_none_or(|last| listing.filter.after >= last.seq);
        if is_over {
            page.push_str(&listing.end());
        }
        is_over
    }

    /// The journal as an HTTP archive (HAR 1.2).
    pub fn har(&self, filter: &Filter, wall: Timestamp) -> Value {
        let (mut listing, mut text) = self.begin_listing(Form::Archive, filter, wall);
        loop {
            let mut page = String::new();
            let is_over = self.next_page(&mut listing, &mut page, wall);
            text.push_str(&page);
            if is_over {
                return serde_json::from_str(&text).unwrap_or_default();
            }
        }
    }

    /// The exchanges that a filter admits, the secrets to leave out of them, how many were dropped, and the
    /// number of the newest of all. Writing ten thousand exchanges takes a while, so only their pointers are copied under
    /// the lock.
    pub(crate) fn exchanges(
        &self,
        filter: &Filter,
        wall: Timestamp,
    ) -> (Vec<Exchange>, Arc<Secrets>, u64, u64) {
        let state = self.enter(wall);
        let admitted = state.journal.after(filter.after).filter(|exchange| filter.admits(exchange));
        let admitted = admitted.take(filter.limit).cloned().collect();
        (admitted, state.auth.secrets(), state.journal.dropped(), state.journal.newest())
    }

    /// Forgets the exchanges that the filter admits; numbers go on.
    pub fn clear_journal(&self, filter: &Filter) {
        self.state.lock().journal.forget(filter);
    }

    /// Whether the clients did what was expected.
    pub fn verify(&self, expectation: &Expectation, wall: Timestamp) -> Result<Verification, String> {
        // The journal is looked at as it is now, and no request waits until that is done.
        let compiled = verify::compile(expectation)?;
        let (exchanges, secrets, ..) = self.exchanges(&Filter::default(), wall);
        let found = verify::verify(&exchanges, &compiled, &secrets);
        // Nothing is what a client does that is not there: whoever expects just that has probably mistyped its name.
        let unknown = if found.passed && found.count == 0 {
            self.known_clients().unknown(&expectation.matching)
        } else {
            None
        };
        Ok(match unknown {
            Some(why) => Verification { passed: false, expected: Some(why), ..found },
            None => found,
        })
    }

    /// What the verdicts say of what its clients did.
    pub fn verdicts(&self, request: &VerdictsRequest, wall: Timestamp) -> VerdictsReport {
        let (exchanges, _, dropped, _) = self.exchanges(&Filter::default(), wall);
        let enforces = self.options.prerequisites == Prerequisites::Enforce;
        let run = Run { enforces, ..Run::of_tenant(&exchanges, dropped) };
        VerdictsReport::of(&run, request)
    }

    /// The tenant's clock.
    pub fn clock(&self, wall: Timestamp) -> ClockReport {
        ClockReport::of(self.enter(wall).clock, wall)
    }

    /// Sets the clock's mode, its time, or both.
    pub fn change_clock(&self, change: ClockChange, wall: Timestamp) -> ClockReport {
        self.move_clock(wall, |before| ClockReport {
            mode: change.mode.unwrap_or(before.mode),
            now: change.now.unwrap_or(before.now),
        })
    }

    /// Moves the clock forward. Several moves at once add up.
    pub fn advance(&self, by: Duration, wall: Timestamp) -> ClockReport {
        self.move_clock(wall, |before| ClockReport { now: before.now.plus(by), ..before })
    }

    fn move_clock(&self, wall: Timestamp, to: impl FnOnce(ClockReport) -> ClockReport) -> ClockReport {
        let report = {
            let mut state = self.enter(wall);
            let ClockReport { mode, now } = to(ClockReport::of(state.clock, wall));
            let clock = match mode {
                ClockMode::Manual => Clock::manual(now),
                ClockMode::Skipping => Clock::Skipping { at: now },
                ClockMode::Auto => Clock::Auto { ahead_millis: now.as_millis() - wall.as_millis() },
            };
            state.move_clock(clock, wall);
            ClockReport { mode, now }
        };
        self.clock_moved.notify_waiters();
        report
    }

    /// What is due.
    pub fn agenda(&self, wall: Timestamp) -> AgendaReport {
        let mut state = self.enter(wall);
        let now = state.clock.now(wall);
        let due = state.agenda.due_in_order();
        let blocked_by = match state.clock {
            Clock::Skipping { .. } => {
                let boundary = state.boundary(now, wall);
                state.agenda.blocked_by(now, wall, boundary.as_ref())
            }
            Clock::Auto { .. } | Clock::Manual { .. } => None,
        };
        AgendaReport { now, due, blocked_by }
    }

    /// Everything, in the fixture's format.
    pub fn state(&self, wall: Timestamp) -> Fixture {
        self.enter(wall).fixture()
    }

    /// What its state takes of what all states may, in bytes, and that budget.
    pub(crate) fn counted_bytes(&self) -> (usize, &StateBudget) {
        (self.state.lock().counted_bytes(), &self.states)
    }

    /// Replaces everything that a fixture holds, and begins a new epoch; clock, journal and scenario stay.
    pub fn set_state(&self, fixture: Fixture, wall: Timestamp) -> Result<(), NoRoom> {
        // However large it is, no request waits while it is prepared, or while the old state is dropped.
        let (now, former) = {
            let state = self.enter(wall);
            (state.clock.now(wall), state.counted_bytes())
        };
        let template = Template::counted(fixture, now, &self.states, former)?;
        let former = self.enter(wall).begin_with(&template, &self.options, wall);
        drop(former);
        self.clock_moved.notify_waiters();
        self.journal_grew.notify_waiters();
        Ok(())
    }

    /// Resets the tenant to its initial state: state, clock, counters, draws and journal. Tokens stay as good, or as
    /// dead, as they were.
    pub fn reset(&self, wall: Timestamp) {
        // Held until it is done: the command line's scenarios are not replaced meanwhile.
        let began_with = self.began_with.read();
        let journals = Arc::clone(&self.journals);
        let (states, metrics) = (Arc::clone(&self.states), Arc::clone(&self.metrics));
        let birth = Birth { incarnation: self.incarnation, journals, states, metrics, wall };
        let mut begun = TenantState::new(&self.name, &began_with, &self.options, &birth);
        let mut state = self.state.lock();
        begun.succeed(&mut state, wall);
        let former = std::mem::replace(&mut *state, begun);
        // The old state is dropped after the lock is released: it may be large.
        drop(state);
        drop(former);
        self.clock_moved.notify_waiters();
        self.journal_grew.notify_waiters();
    }
}
