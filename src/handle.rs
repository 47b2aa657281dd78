//! An embedder's handle to one tenant: a method for each control call, without HTTP. The control API and this
//! handle control the same things.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::fixture::{Client, Fixture};
use crate::journal::verify::{Expectation, Verification};
use crate::journal::{Exchange, Filter, JournalReport};
use crate::scenario::{KnownNames, Rule, RuleReport, Rulesets};
use crate::server::wall_now;
use crate::tenant::Tenant;
use crate::tenant::agenda::AgendaReport;
use crate::tenant::operator::{ClockChange, ClockMode, ClockReport};
use crate::tenant::passwords::{PasswordChangeReport, PasswordChangeRequest, PasswordCheck, PasswordsReport};
use crate::verdict::{VerdictsReport, VerdictsRequest};

/// A tenant of a running or embedded simulator.
#[derive(Clone, Debug)]
pub struct TenantHandle {
    tenant: Arc<Tenant>,
    base_url: String,
}

impl TenantHandle {
    pub(crate) fn new(tenant: Arc<Tenant>, root: &str) -> Self {
        let base_url = format!("{root}/tenants/{}", tenant.name());
        Self { tenant, base_url }
    }

    /// The tenant's name.
    pub fn name(&self) -> &str {
        self.tenant.name()
    }

    /// What its clients call the base URL.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Its clients, the administrator's first.
    pub fn clients(&self) -> Vec<Client> {
        self.tenant.clients()
    }

    /// Its clients and sources, for rules that are about one.
    #[doc(hidden)]
    pub fn known_names(&self) -> KnownNames {
        self.tenant.known_names()
    }

    /// What runs, with how often each rule matched and fired.
    pub fn scenario(&self) -> Vec<RuleReport> {
        self.tenant.scenario()
    }

    /// Which of the rules that run cannot fire, because they are about a client that the tenant does not have, or a source
    /// that it does not have so far; in words.
    pub fn scenario_warnings(&self) -> Vec<String> {
        self.tenant.scenario_warnings(&self.tenant.scenario())
    }

    /// Replaces what runs.
    pub fn set_scenarios(&self, scenarios: &Rulesets) {
        let set = self.tenant.set_scenarios(scenarios, wall_now());
        set.expect("what tenants may share takes nothing of what states may take");
    }

    /// Puts one rule ahead of the others: how a test sets up a single fault. Fails for a rule that is invalid,
    /// or about a client that the tenant does not have, or whose name is taken, or when too many run.
    pub fn add_rule(&self, rule: Rule) -> Result<RuleReport, String> {
        let rule = rule.check().map_err(|mistakes| mistakes.to_string())?;
        self.tenant.known_clients().check(&rule)?;
        self.tenant.add_rule(rule, wall_now()).map_err(|error| error.to_string())
    }

    /// Removes a rule; returns whether it was there.
    pub fn remove_rule(&self, name: &str) -> bool {
        self.tenant.remove_rule(name)
    }

    /// Exchanges, oldest first.
    pub fn journal(&self, filter: &Filter) -> JournalReport {
        self.tenant.journal(filter, wall_now())
    }

    /// The same unredacted, secrets included.
    pub fn exchanges(&self, filter: &Filter) -> Vec<Exchange> {
        self.tenant.exchanges(filter, wall_now()).0
    }

    /// The same as an HTTP archive.
    pub fn har(&self, filter: &Filter) -> Value {
        self.tenant.har(filter, wall_now())
    }

    /// Forgets the exchanges that the filter admits.
    pub fn clear_journal(&self, filter: &Filter) {
        self.tenant.clear_journal(filter);
    }

    /// Whether the clients did what was expected. Fails for an invalid expectation.
    pub fn verify(&self, expectation: &Expectation) -> Result<Verification, String> {
        self.tenant.verify(expectation, wall_now())
    }

    /// What the verdicts say of what the clients did so far: the rules of good conduct that they broke.
    pub fn verdicts(&self) -> VerdictsReport {
        self.verdicts_by(&VerdictsRequest::default())
    }

    /// The same by some verdicts only, or without findings that are known.
    pub fn verdicts_by(&self, request: &VerdictsRequest) -> VerdictsReport {
        self.tenant.verdicts(request, wall_now())
    }

    /// The tenant's clock.
    pub fn clock(&self) -> ClockReport {
        self.tenant.clock(wall_now())
    }

    /// Sets the clock's mode, its time, or both.
    pub fn set_clock(&self, change: ClockChange) -> ClockReport {
        self.tenant.change_clock(change, wall_now())
    }

    /// Lets the clock run, or stops it.
    pub fn set_clock_mode(&self, mode: ClockMode) -> ClockReport {
        self.tenant.change_clock(ClockChange { mode: Some(mode), now: None }, wall_now())
    }

    /// Sets the tenant's time.
    pub fn set_time(&self, now: Timestamp) -> ClockReport {
        self.tenant.change_clock(ClockChange { mode: None, now: Some(now) }, wall_now())
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) -> ClockReport {
        self.tenant.advance(by, wall_now())
    }

    /// What is due.
    pub fn agenda(&self) -> AgendaReport {
        self.tenant.agenda(wall_now())
    }

    /// Who has which accounts, and which of these have the same password.
    pub fn passwords(&self) -> PasswordsReport {
        self.tenant.passwords(wall_now())
    }

    /// Whether a password is right. Fails when something that it names does not exist.
    pub fn check_password(&self, check: &PasswordCheck) -> Result<bool, String> {
        self.tenant.check_password(check, wall_now())
    }

    /// Begins a password change as its owner does in the service's own pages. Fails when something that it names does not
    /// exist; a password that the policy refuses is a change that has failed.
    pub fn change_password(&self, request: &PasswordChangeRequest) -> Result<PasswordChangeReport, String> {
        self.tenant.change_password(request, wall_now())
    }

    /// Everything of the tenant, in the fixture's format.
    pub fn state(&self) -> Fixture {
        self.tenant.state(wall_now())
    }

    /// Replaces everything that a fixture holds. Fails for a fixture that breaks its own rules, and for one that takes more
    /// memory than there is for states.
    pub fn set_state(&self, fixture: Fixture) -> Result<(), String> {
        let fixture = fixture.checked(self.tenant.options().prerequisites)?;
        self.tenant.set_state(fixture, wall_now()).map_err(|no_room| no_room.to_string())
    }

    /// Resets the tenant to its initial state.
    pub fn reset(&self) {
        self.tenant.reset(wall_now());
    }
}
