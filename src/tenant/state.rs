//! A tenant's state, behind its lock; and the one place that applies decisions.

use std::collections::HashMap;
use std::sync::Arc;

use hyper::header::HeaderValue;
use smallvec::SmallVec;

use super::agenda::{Agenda, Barrier, Skip};
use super::budget::{Charge, NoRoom};
use super::operator::RuleError;
use super::rate_limit::RateLimiter;
use super::{Birth, Template, TenantOptions};
use crate::auth::Auth;
use crate::chance::Chance;
use crate::clock::{Clock, Timestamp};
use crate::fixture::Fixture;
use crate::journal::{Exchange, JobRun, Journal};
use crate::metrics::Metrics;
use crate::org::{Author, Organisation, Past};
use crate::scenario::fault::{Connector, Effect, PlatformChange};
use crate::scenario::{CompiledRule, Engine, JobView, Looks, RuleReport, Rulesets, Stage, Subject};
use crate::service::{Change, Job, View, password_management};
use crate::wire::changed::Changed;

/// How many jobs are done, and how many jumps a skipping clock makes, before the lock is released: a job that starts
/// itself again forever would keep the tenant busy.
const MOST_AT_ONCE: usize = 10_000;

/// A tenant's state.
#[derive(Debug)]
pub(crate) struct TenantState {
    /// From 1; a reset, or a replaced state, begins another.
    pub(crate) epoch: u64,
    /// The epoch in which the numbers of exchanges began.
    pub(super) numbered_since: u64,
    /// Whether the tenant was deleted. Those who still hold it are told nothing more of it.
    pub(super) is_gone: bool,
    /// Where it stands in time.
    pub(crate) clock: Clock,
    /// What ids and faults are drawn from.
    pub(crate) chance: Chance,
    /// Clients and tokens.
    pub(crate) auth: Auth,
    /// Requests counted against the limit.
    pub(crate) rate_limiter: RateLimiter,
    /// The scenarios that run.
    pub(crate) scenario: Engine,
    /// The next time at which they change what they do, as it was when it was first seen.
    boundary: Option<Barrier>,
    /// What its clients did.
    pub(crate) journal: Journal,
    /// What is due.
    pub(crate) agenda: Agenda,
    organisation: Organisation,
    /// What it began with takes, where that is counted.
    begun: Option<Arc<Charge>>,
    /// What it takes beside that.
    own: Charge,
    /// How often the key with which clients encrypt passwords was rotated.
    key_rotations: u64,
    /// The last second for which a `Date` was written, and the value.
    date: (i64, HeaderValue),
    requests: u64,
    /// Where faults of jobs are counted; those of requests are counted by whoever answers them.
    metrics: Arc<Metrics>,
    /// Whether the scenarios are those of the command line, to be reloaded with its files.
    pub(super) follows_command_line: bool,
}

impl TenantState {
    pub(super) fn new(name: &str, template: &Template, options: &TenantOptions, birth: &Birth) -> Self {
        let chance = Chance::new(options.seed, options.draw_key.as_deref().unwrap_or(name));
        let token_key = options.secrets.bytes(options.seed, name, "token-key", birth.incarnation);
        let clients = Arc::clone(&template.clients);
        let mut begun = Self {
            epoch: 1,
            numbered_since: 1,
            is_gone: false,
            clock: options.clock,
            chance,
            // Tokens must not be valid in another tenant that draws under the same key.
            auth: Auth::new(name, Chance::new(options.seed, name), token_key, clients),
            rate_limiter: RateLimiter::default(),
            scenario: Engine::load(&template.scenarios, options.clock.now(birth.wall)),
            boundary: None,
            journal: Journal::new(options.journal_limit, options.journal_bytes, Arc::clone(&birth.journals)),
            agenda: Agenda::default(),
            organisation: template.organisation.with(options.prerequisites),
            begun: template.charge.clone(),
            own: Charge::of(&birth.states, template.scenarios.own_bytes()),
            key_rotations: 0,
            date: (i64::MIN, HeaderValue::from_static("")),
            requests: 0,
            metrics: Arc::clone(&birth.metrics),
            follows_command_line: !template.has_own_scenarios,
        };
        begun.resume_password_changes();
        begun
    }

    /// Begins an epoch with everything that a fixture holds; returns the old organisation.
    pub(super) fn begin_with(
        &mut self,
        template: &Template,
        options: &TenantOptions,
        wall: Timestamp,
    ) -> Organisation {
        self.epoch += 1;
        self.agenda = self.agenda.emptied();
        let now = self.clock.now(wall);
        self.auth.begin_epoch(Arc::clone(&template.clients), now, now);
        let begun = template.organisation.with(options.prerequisites);
        let former = std::mem::replace(&mut self.organisation, begun);
        self.begun.clone_from(&template.charge);
        self.count_own();
        self.resume_password_changes();
        former
    }

    /// Makes this the epoch after another, which ends.
    pub(super) fn succeed(&mut self, ended: &mut Self, wall: Timestamp) {
        (self.epoch, self.is_gone) = (ended.epoch + 1, ended.is_gone);
        self.numbered_since = self.epoch;
        self.agenda = ended.agenda.emptied();
        let clients = Arc::clone(self.auth.clients());
        std::mem::swap(&mut self.auth, &mut ended.auth);
        self.auth.begin_epoch(clients, ended.clock.now(wall), self.clock.now(wall));
    }

    /// What a handler sees.
    pub(crate) fn view<'a>(&'a self, past: Option<Past<'a>>) -> View<'a> {
        let Self { organisation, auth, chance, key_rotations, .. } = self;
        View { organisation, auth, chance: *chance, key_rotations: *key_rotations, past }
    }

    /// What it takes of what all states may, in bytes.
    pub(crate) fn counted_bytes(&self) -> usize {
        self.begun.as_ref().map_or(0, |begun| begun.bytes()) + self.own.bytes()
    }

    /// Whether there is room for what a decision writes. What stale reads go back to gives way to it, unless a rule needs
    /// that.
    pub(crate) fn admit(&mut self, changes: &[Change]) -> Result<(), NoRoom> {
        let growth = |change: &Change| match change {
            Change::Record(write) => self.organisation.growth(write),
            Change::Token(_) | Change::Job(_) => 0,
        };
        let more = changes.iter().map(growth).sum::<usize>();
        // Whatever makes it no larger is done.
        if more == 0 {
            return Ok(());
        }
        let admitted = self.own.budget().admit(more, self.counted_bytes());
        if admitted.is_ok() || self.scenario.horizon().is_some() {
            return admitted;
        }
        self.organisation.forget_history();
        self.count_own();
        self.own.budget().admit(more, self.counted_bytes())
    }

    /// Applies a decision: by the client with this id (none for the platform itself), for an exchange.
    ///
    /// A panic here would leave the changes made before it. Everything that can be refused has been refused by now, and
    /// the rest is writing into maps, so there is nothing to roll back; `POST /_sim/reset` makes the tenant
    /// consistent.
    pub(crate) fn apply(
        &mut self,
        changes: Vec<Change>,
        client: &Arc<str>,
        exchange: u64,
        now: Timestamp,
    ) -> SmallVec<[Changed; 1]> {
        let mut done = SmallVec::new();
        let is_written = changes.iter().any(|change| matches!(change, Change::Record(_)));
        for change in changes {
            match change {
                Change::Record(write) => {
                    let author = Author { client, at: now, horizon: self.scenario.horizon() };
                    done.extend(self.organisation.apply(write, author));
                }
                Change::Token(issued) => self.auth.note_issued(*issued, now),
                Change::Job(job) => self.agenda.schedule(job, exchange),
            }
        }
        if is_written {
            self.count_own();
        }
        done
    }

    /// Counts anew what it takes beside what it began with.
    fn count_own(&mut self) {
        self.own.set(self.organisation.own_bytes() + self.scenario.own_bytes());
    }

    /// Has something else be true of the organisation from now on: what a rule does to the call with this body, and this id
    /// in its path or of what it made.
    pub(crate) fn change_platform(
        &mut self,
        change: PlatformChange<'_>,
        body: &[u8],
        id: &str,
        now: Timestamp,
    ) {
        let view = self.view(None);
        let change = match change {
            PlatformChange::RotateKey => {
                self.key_rotations += 1;
                return;
            }
            PlatformChange::TightenPolicy(fields) => password_management::tighten(&view, body, fields, now),
            PlatformChange::ForgetStatus => password_management::forget(&view, id),
        };
        self.apply(change.into_iter().collect(), &Arc::default(), 0, now);
    }

    /// Has the password changes go on that the organisation began with.
    fn resume_password_changes(&mut self) {
        for job in password_management::pending_jobs(&self.view(None)) {
            self.agenda.schedule(Box::new(job), 0);
        }
    }

    /// Does what is due when the wall clock shows `wall`, each thing at its own time, and lets a skipping clock jump
    /// when nothing else can happen. Returns whether the clock was moved.
    pub(super) fn catch_up(&mut self, wall: Timestamp) -> bool {
        let mut has_moved = false;
        for _ in 0..MOST_AT_ONCE {
            let now = self.clock.now(wall);
            self.run_jobs(now);
            let Clock::Skipping { .. } = self.clock else { break };
            let boundary = self.boundary(now, wall);
            let Skip::To(next) = self.agenda.skip(now, wall, boundary.as_ref()) else { break };
            self.clock = Clock::Skipping { at: next };
            has_moved = true;
        }
        has_moved
    }

    /// The next time at which rules change what they do, which a client may be sitting out.
    pub(super) fn boundary(&mut self, now: Timestamp, wall: Timestamp) -> Option<Barrier> {
        let until = self.scenario.next_boundary(now);
        if until != self.boundary.as_ref().map(|known| known.until) {
            let what = || "a rule's `from`, `until` or `window` ends".to_owned();
            self.boundary =
                until.map(|until| Barrier { until, what: what(), since: wall, length: until.since(now) });
        }
        self.boundary.clone()
    }

    /// Has what a client must sit out because of the rules count from now on.
    fn note_boundary(&mut self, wall: Timestamp) {
        if let Clock::Skipping { at } = self.clock {
            self.boundary(at, wall);
        }
    }

    /// Replaces what runs; counts begin anew.
    pub(super) fn load_scenarios(&mut self, scenarios: &Rulesets, wall: Timestamp) {
        self.scenario = Engine::load(scenarios, self.clock.now(wall));
        self.count_own();
        self.boundary = None;
        self.note_boundary(wall);
    }

    /// Puts one rule ahead of the others, `most` at most.
    pub(super) fn add_rule(
        &mut self,
        rule: CompiledRule,
        most: usize,
        wall: Timestamp,
    ) -> Result<RuleReport, RuleError> {
        self.own.budget().admit(rule.bytes(), self.counted_bytes())?;
        let report = self.scenario.add(rule, most, self.clock.now(wall))?;
        self.count_own();
        self.note_boundary(wall);
        Ok(report)
    }

    /// Removes a rule; returns whether it was there.
    pub(super) fn remove_rule(&mut self, name: &str) -> bool {
        let was_there = self.scenario.remove(name);
        self.count_own();
        was_there
    }

    /// Runs the jobs that are due by `now`, each at its own time.
    pub(super) fn run_jobs(&mut self, now: Timestamp) {
        for _ in 0..MOST_AT_ONCE {
            let Some((mut job, exchange)) = self.agenda.take_job(now) else { return };
            // Its source may have another name by now.
            if let Some(source) = self.view(None).any_source(&job.source.0) {
                job.source.1.clone_from(&source.name);
            }
            self.run_job(&job, exchange);
        }
    }

    /// What rules do to an attempt: what is wrong with the connector, and how they looked at it. `None` when they hold it:
    /// it comes again later.
    fn interfere(&mut self, job: &Job, exchange: u64) -> Option<(Option<Connector>, Looks)> {
        if job.is_held || !self.scenario.is_about_jobs() {
            return Some((job.connector, self.scenario.none_matched()));
        }
        let view = JobView {
            source: &job.source.0,
            source_name: &job.source.1,
            attempt: job.attempt.into(),
            client: job.client.as_deref(),
            client_name: job.client.as_deref().and_then(|id| self.auth.client_name(id)),
            group: job.group.as_deref().unwrap_or_default(),
        };
        let mut looks = self.scenario.look(Subject::Job(&view), job.due);
        let fired = self.scenario.fire(&mut looks, Stage::Before, self.chance);
        let connector = fired.as_ref().and_then(|fired| match fired.fault.effect() {
            Effect::Connector(connector) => Some(connector),
            _ => None,
        });
        let looks = looks.close(true);
        if let Some(fired) = &fired {
            self.metrics.count_faults(std::slice::from_ref(&fired.label));
        }
        if let Some(hold) = fired.and_then(|fired| fired.hold) {
            let held = Job { due: job.due.plus(hold), connector, is_held: true, ..job.clone() };
            self.agenda.schedule(Box::new(held), exchange);
            self.note_run(job, exchange, "held", Vec::new(), looks);
            return None;
        }
        Some((connector, looks))
    }

    fn run_job(&mut self, job: &Job, exchange: u64) {
        let Some((connector, looks)) = self.interfere(job, exchange) else { return };
        let (outcome, changes) = (job.perform)(&self.view(None), job, job.due, connector);
        let changes = self.apply(changes, &Arc::default(), exchange, job.due).into_vec();
        self.note_run(job, exchange, outcome, changes, looks);
    }

    fn note_run(
        &mut self,
        job: &Job,
        exchange: u64,
        outcome: &'static str,
        changes: Vec<Changed>,
        rules: Looks,
    ) {
        let source = job.source.0.clone();
        let run = JobRun { at: job.due, source, attempt: job.attempt, outcome, changes, rules };
        self.journal.note(exchange, |exchange| exchange.jobs.push(run));
    }

    /// Moves the clock to `to`; what falls due on the way is done at its own time. When it is moved back, each wait
    /// keeps its remaining time.
    pub(super) fn move_clock(&mut self, to: Clock, wall: Timestamp) {
        let (before, after) = (self.clock.now(wall), to.now(wall));
        self.run_jobs(after);
        if after < before {
            self.agenda.shift_back(before.since(after));
        }
        let was_skipping = matches!(self.clock, Clock::Skipping { .. });
        self.clock = to;
        if let (Clock::Skipping { .. }, false) = (to, was_skipping) {
            // A clock that does not skip notes nothing of the kind.
            let told = self.journal.after(0).filter_map(Barrier::of).filter(|told| told.until > after);
            self.agenda.set_barriers(told);
        }
        self.note_boundary(wall);
        self.agenda.note_busy(wall);
    }

    /// Notes what a client was told to sit out, which a skipping clock must not jump over.
    pub(crate) fn note_told_to_wait(&mut self, exchange: &Exchange, wall: Timestamp) {
        if let Clock::Skipping { .. } = self.clock {
            if let Some(barrier) = Barrier::of(exchange) {
                self.agenda.bar(barrier);
            }
            self.note_boundary(wall);
        }
    }

    /// The `Date` header's value; written once a second.
    pub(crate) fn date(&mut self, now: Timestamp) -> &HeaderValue {
        if self.date.0 != now.as_seconds() {
            let date = HeaderValue::try_from(now.http_date()).expect("a date is ASCII");
            self.date = (now.as_seconds(), date);
        }
        &self.date.1
    }

    /// The number of the next request, from 1.
    pub(crate) fn next_request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    /// The number of the last request; 0 before the first.
    pub(super) fn last_request(&self) -> u64 {
        self.requests
    }

    /// Everything, in the fixture's format.
    pub(super) fn fixture(&self) -> Fixture {
        let mut fixture = self.organisation.fixture();
        // A clock that was moved back, and a hold, move what is due on the agenda alone.
        let mut due: HashMap<&str, Vec<&Job>> = HashMap::new();
        for job in self.agenda.jobs() {
            due.entry(&job.change).or_default().push(job);
        }
        for change in &mut fixture.password_changes {
            for job in due.get(&*change.id).into_iter().flatten() {
                if let Some(account) = change.accounts.get_mut(job.account) {
                    account.due = Some(job.due);
                }
            }
        }
        Fixture { clients: self.auth.clients().to_vec(), ..fixture }
    }
}
