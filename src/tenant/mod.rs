//! A tenant: one isolated organisation with its own groups, sources, tokens, rate limit, clock and luck, all
//! behind one lock. The modules here are plain values that know nothing of the lock; what an operation does with them
//! is a handler's business.

pub mod auth;
pub mod groups;
pub mod history;
pub mod journal;
mod jwt;
pub mod knobs;
mod latest;
mod order;
mod pages;
pub mod rate_limit;
pub mod sources;
pub mod verify;

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::chance::Chance;
use crate::clock::{Clock, Timestamp};
use crate::fixture::{Client, Fixture, Identity};
use crate::prerequisites::Prerequisites;
use crate::scenario::{Engine, Rulesets};
use auth::Auth;
use groups::{Change, Groups};
use history::{Dated, History};
use journal::{Entry, Journal};
use pages::Pages;
use rate_limit::{RateLimit, RateLimiter};
use sources::Sources;

/// A point in time as the `Date` header has it.
pub fn http_date(now: Timestamp) -> HeaderValue {
    HeaderValue::try_from(now.http_date()).expect("a date is ASCII")
}

/// How a tenant behaves; fixed for its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantOptions {
    /// Where its luck comes from.
    pub seed: u64,
    /// How strictly creators are held to the service's prerequisites.
    pub prerequisites: Prerequisites,
    /// The gateway's limit; none by default.
    pub rate_limit: Option<RateLimit>,
    /// Where it stands in time when it begins; with the wall clock by default.
    pub clock: Clock,
    /// How many exchanges the journal keeps; 10,000 by default.
    pub journal_limit: usize,
    /// How many bytes the journal keeps at most; 64 MiB by default.
    pub journal_bytes: usize,
    /// How many rules run at most; 1,000 by default.
    pub max_rules: usize,
    /// How long a token lives when its client does not say; 749 s by default (vendor's example, 2026-08).
    pub token_lifetime: Duration,
}

impl Default for TenantOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            prerequisites: Prerequisites::default(),
            rate_limit: None,
            clock: Clock::auto(),
            journal_limit: journal::DEFAULT_LIMIT,
            journal_bytes: journal::DEFAULT_BYTES,
            max_rules: 1_000,
            token_lifetime: Duration::from_secs(749),
        }
    }
}

/// What tenants begin with, made ready; they share it until they change something.
#[derive(Clone, Debug)]
pub struct Template {
    clients: Arc<Vec<Client>>,
    identities: Arc<Vec<Identity>>,
    sources: Arc<Sources>,
    groups: Arc<Groups>,
    scenarios: Rulesets,
    has_own_clients: bool,
}

impl Template {
    /// Makes a fixture ready. `now` stands in for the times that it leaves out.
    pub fn new(fixture: &Fixture, now: Timestamp) -> Self {
        let mut sources = Sources::new(fixture);
        let mut groups = Groups::default();
        for group in &fixture.groups {
            sources.join(group);
            groups.insert(group.clone(), now);
        }
        Self {
            clients: Arc::new(fixture.clients.clone()),
            identities: Arc::new(fixture.identities.clone()),
            sources: Arc::new(sources),
            groups: Arc::new(groups),
            scenarios: Rulesets::default(),
            has_own_clients: false,
        }
    }

    /// The clients; at least one.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The same with ids and secrets for its clients that nobody else has, drawn from `chance`.
    #[must_use]
    pub fn with_own_clients(mut self, chance: Chance) -> Self {
        let mut clients = self.clients.to_vec();
        for (client, nth) in clients.iter_mut().zip(0..) {
            client.client_id = chance.hex("client-id", nth);
            client.client_secret = format!(
                "{}{}",
                chance.hex("client-secret", 2 * nth),
                chance.hex("client-secret", 2 * nth + 1)
            );
        }
        self.clients = Arc::new(clients);
        self.has_own_clients = true;
        self
    }

    /// The scenarios.
    pub fn scenarios(&self) -> &Rulesets {
        &self.scenarios
    }

    /// The same with these scenarios.
    #[must_use]
    pub fn with_scenarios(mut self, scenarios: Rulesets) -> Self {
        self.scenarios = scenarios;
        self
    }
}

/// A tenant.
#[derive(Debug)]
pub struct Tenant {
    name: Arc<str>,
    has_own_clients: bool,
    options: TenantOptions,
    state: Mutex<TenantState>,
    began_with: RwLock<Template>,
    clock_moved: Notify,
    journal_grew: Notify,
}

impl Tenant {
    /// A tenant that begins as `template` says, when the wall clock shows `wall`.
    pub fn new(name: &str, template: &Template, options: TenantOptions, wall: Timestamp) -> Self {
        let state = Mutex::new(TenantState::new(name, template, &options, wall));
        Self {
            name: name.into(),
            has_own_clients: template.has_own_clients,
            options,
            state,
            began_with: RwLock::new(template.clone()),
            clock_moved: Notify::new(),
            journal_grew: Notify::new(),
        }
    }

    /// The name: 1 to 63 of `a-z`, `0-9` and `-`.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether it began with client ids that no other tenant has.
    pub fn has_own_clients(&self) -> bool {
        self.has_own_clients
    }

    /// How it behaves.
    pub fn options(&self) -> &TenantOptions {
        &self.options
    }

    /// Everything of the tenant, for as long as the guard lives. Never kept over an await: the guard is not
    /// `Send` (parking_lot's feature `send_guard` is off), so a future that keeps it cannot be spawned, which
    /// the second of these examples shows by not compiling. Clippy's `await_holding_lock` says so earlier.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use sync_group_sim::tenant::Tenant;
    /// fn spawn(tenant: Arc<Tenant>) {
    ///     tokio::spawn(async move {
    ///         let guard = tenant.lock();
    ///         drop(guard);
    ///         tokio::task::yield_now().await;
    ///     });
    /// }
    /// ```
    ///
    /// ```compile_fail
    /// # use std::sync::Arc;
    /// # use sync_group_sim::tenant::Tenant;
    /// fn spawn(tenant: Arc<Tenant>) {
    ///     tokio::spawn(async move {
    ///         let guard = tenant.lock();
    ///         tokio::task::yield_now().await;
    ///         drop(guard);
    ///     });
    /// }
    /// ```
    pub fn lock(&self) -> MutexGuard<'_, TenantState> {
        self.state.lock()
    }

    /// Sets the clock, and wakes whoever waits in the tenant's time.
    pub fn set_clock(&self, clock: Clock) {
        self.lock().clock = clock;
        self.clock_moved.notify_waiters();
    }

    /// Ready when the journal has grown after this was first polled.
    pub fn journal_grew(&self) -> Notified<'_> {
        self.journal_grew.notified()
    }

    /// Appends an exchange to the journal, and wakes whoever follows it.
    pub fn settle(&self, state: &mut TenantState, entry: Entry) {
        state.journal.append(entry);
        self.journal_grew.notify_waiters();
    }

    /// Replaces the scenarios of a tenant that has none of its own; nothing else of it is touched.
    pub fn follow_command_line(&self, scenarios: &Rulesets, wall: Timestamp) {
        let mut began_with = self.began_with.write();
        *began_with = began_with.clone().with_scenarios(scenarios.clone());
        let mut state = self.lock();
        if state.follows_command_line {
            let now = state.clock.now(wall);
            state.scenario = Engine::load(scenarios, now);
        }
    }

    /// Ready when the clock is next set after this was first polled.
    pub fn clock_moved(&self) -> Notified<'_> {
        self.clock_moved.notified()
    }
}

/// Everything of a tenant that changes.
#[derive(Debug)]
pub struct TenantState {
    /// Where it stands in time.
    pub clock: Clock,
    /// Where its luck comes from.
    pub chance: Chance,
    /// Clients and tokens.
    pub auth: Auth,
    /// Requests counted against the limit.
    pub rate_limiter: RateLimiter,
    /// The scenarios that run.
    pub scenario: Engine,
    /// What its clients did.
    pub journal: Journal,
    /// The groups; shared with the template until the first write.
    groups: Arc<Groups>,
    /// The sources; shared with the template until the first write.
    sources: Arc<Sources>,
    identities: Arc<Vec<Identity>>,
    /// Pages of the groups as they are now.
    pages: Pages,
    history: History,
    /// The last second in which a `Date` was asked for, and that.
    date: (i64, HeaderValue),
    requests: u64,
    groups_created: u64,
    /// Whether the scenarios are those of the command line, to be reloaded with its files.
    follows_command_line: bool,
}

impl TenantState {
    fn new(name: &str, template: &Template, options: &TenantOptions, wall: Timestamp) -> Self {
        let chance = Chance::new(options.seed, name);
        Self {
            clock: options.clock,
            chance,
            auth: Auth::new(name, chance, Arc::clone(&template.clients)),
            rate_limiter: RateLimiter::default(),
            scenario: Engine::load(&template.scenarios, options.clock.now(wall)),
            journal: Journal::new(options.journal_limit, options.journal_bytes),
            groups: Arc::clone(&template.groups),
            sources: Arc::clone(&template.sources),
            identities: Arc::clone(&template.identities),
            pages: Pages::default(),
            history: History::default(),
            date: (i64::MIN, HeaderValue::from_static("")),
            requests: 0,
            groups_created: 0,
            follows_command_line: true,
        }
    }

    /// Takes over everything that a fixture holds; returns the groups that were there.
    fn begin_with(&mut self, template: &Template) -> Arc<Groups> {
        let former = std::mem::replace(&mut self.groups, Arc::clone(&template.groups));
        self.sources = Arc::clone(&template.sources);
        self.identities = Arc::clone(&template.identities);
        self.auth.set_clients(Arc::clone(&template.clients));
        self.pages.forget();
        self.history = History::default();
        former
    }

    /// The groups, to be read.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// One page of the groups as it is sent.
    pub fn page(&mut self, offset: usize, limit: usize) -> Bytes {
        self.pages.page(&self.groups, offset, limit)
    }

    /// The sources, to be read.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// What changed lately.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Changes one group and the sources that it has to do with, and remembers what it was. Answers what it
    /// became.
    ///
    /// A panic in here would leave what came before it: sources that joined a group which is not there yet, or
    /// a change that the history lacks. Everything that can be refused has been refused by now, and what is left
    /// are writes into maps, so there is nothing to roll back for; `POST /_sim/reset` makes the tenant whole.
    pub fn change_group(
        &mut self,
        client: &Arc<str>,
        now: Timestamp,
        change: impl FnOnce(&mut Groups, &mut Sources) -> Option<Change>,
    ) -> Option<Bytes> {
        self.pages.forget();
        let change = change(Arc::make_mut(&mut self.groups), Arc::make_mut(&mut self.sources))?;
        let after = change.after.clone();
        self.history.record(Dated { at: now, client: Arc::clone(client), change }, self.scenario.horizon());
        after
    }

    /// The `Date` header's value; written once a second.
    pub fn date(&mut self, now: Timestamp) -> &HeaderValue {
        if self.date.0 != now.as_seconds() {
            self.date = (now.as_seconds(), http_date(now));
        }
        &self.date.1
    }

    /// The number of the next request, from 1.
    pub fn next_request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    /// The id of the next group, and its number, which [`Self::count_created`] takes.
    pub fn next_group_id(&self) -> (String, u64) {
        let mut number = self.groups_created;
        loop {
            number += 1;
            let id = self.chance.uuid("group", number).to_string();
            if !self.groups.contains(&id) {
                return (id, number);
            }
        }
    }

    /// Notes that the group of that number was created.
    pub fn count_created(&mut self, number: u64) {
        self.groups_created = number;
    }

    /// Everything, in the fixture's format.
    pub fn fixture(&self) -> Fixture {
        Fixture {
            sources: self.sources.sources().to_vec(),
            password_policies: self.sources.policies().to_vec(),
            applications: self.sources.applications().to_vec(),
            identities: self.identities.to_vec(),
            clients: self.auth.clients().to_vec(),
            groups: self.groups.iter().collect(),
        }
    }
}
