//! What all tenants share (the contract, the fixture they start with, their defaults) and the registry that
//! finds a request's tenant: by path, by host, by credentials, or `default`. Making and deleting tenants is in
//! `tenants.rs`, reports about the whole server in `report.rs`.

mod former;
mod host;
mod prefix;
mod report;
mod tenants;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard, RwLock};

use crate::auth::Auth;
use crate::chance::Chance;
use crate::clock::Timestamp;
use crate::contract::Contract;
use crate::crypt::KeyRing;
use crate::fixture::Fixture;
use crate::journal::JournalBudget;
use crate::metrics::Metrics;
use crate::scenario::Rulesets;
use crate::tenant::{Birth, StateBudget, Template, Tenant, TenantOptions};
use crate::wire::form::Form;
use crate::wire::path;
use crate::wire::query::decode_segment;
use crate::wire::{BaseUrl, Cors, Request, TrackingId};

use former::Former;
use host::{host_of, lower_case};
pub use prefix::Prefix;
pub use report::Health;
pub(crate) use tenants::bad_name;
pub use tenants::{NamedOr, TenantReport, TenantRequest, WorldError};

/// The tenant of a base URL that names none.
pub const DEFAULT_TENANT: &str = "default";
/// The default limit on tenants.
pub const DEFAULT_MAX_TENANTS: usize = 20_000;
/// The longest tenant name, as long as a DNS label may be.
const LONGEST_NAME: usize = 63;
/// What states may take, in bytes, before journals give up as much as goes beyond.
const STATES_BESIDE_JOURNALS: usize = 64 << 20;
/// What a document takes until it is a state: its text, its types, and the state beside the former one.
const TIMES_ITS_TEXT: usize = 3;
/// Larger states, in bytes, are written one after the other.
const LARGE_STATE: usize = 1 << 20;

/// Everything above one tenant.
#[derive(Debug)]
pub struct World {
    /// The contract.
    pub contract: Contract,
    /// Who may use the control API.
    pub control: ControlPolicy,
    /// Whether pages of other origins may call the API.
    pub cors: Cors,
    /// When the server began, by the wall clock.
    pub started: Timestamp,
    /// The keys with which clients encrypt passwords.
    pub(crate) keys: KeyRing,
    template: RwLock<Template>,
    options: TenantOptions,
    max_tenants: usize,
    unknown_tenants: UnknownTenants,
    tenant_domains: Vec<String>,
    default: Arc<Tenant>,
    others: RwLock<HashMap<String, Arc<Tenant>>>,
    /// The tenant of each client id that belongs to one tenant alone.
    owners: RwLock<HashMap<String, Arc<Tenant>>>,
    /// Held after `others` where both are.
    former: Mutex<Former>,
    journals: Arc<JournalBudget>,
    states: Arc<StateBudget>,
    /// What tenants start with that ask for a built-in fixture by name; shared by all that do.
    built_in: Mutex<HashMap<String, Template>>,
    /// Held by the one who makes journals give way.
    fitting: Mutex<()>,
    /// What documents take that are being made into states, in bytes.
    preparing: AtomicUsize,
    /// Held by the one who writes a large state: that takes as much memory again.
    writing_large: Mutex<()>,
    named: AtomicU64,
    outside: AtomicU64,
    /// What the server counts.
    pub metrics: Arc<Metrics>,
}

/// What happens when a request names a tenant that does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownTenants {
    /// It is created.
    #[default]
    Made,
    /// 404 (`--strict-tenants`).
    Refused,
}

/// Who may use the control API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ControlPolicy {
    /// No one: it does not exist.
    Off,
    /// Anybody on this machine; foreign `Host` and `Origin` headers are refused.
    #[default]
    Local,
    /// Anybody with the token.
    Token(String),
}

/// The parts of a world that do not change.
#[derive(Debug)]
pub struct WorldConfig {
    /// The contract.
    pub contract: Contract,
    /// What tenants start with.
    pub template: Template,
    /// How tenants behave.
    pub options: TenantOptions,
    /// How many tenants there may be, `default` among them.
    pub max_tenants: usize,
    /// What happens when a request names a tenant that does not exist.
    pub unknown_tenants: UnknownTenants,
    /// Further domains whose first label names a tenant.
    pub tenant_domains: Vec<String>,
    /// Who may use the control API.
    pub control: ControlPolicy,
    /// Whether pages of other origins may call the API.
    pub cors: Cors,
    /// How many bytes all journals keep together.
    pub journal_total_bytes: usize,
    /// How many bytes the states of all tenants take together.
    pub state_total_bytes: usize,
    /// The wall time now.
    pub started: Timestamp,
}

/// Where a request goes: its tenant, and the rest of its path.
#[derive(Debug)]
pub struct Located<'a> {
    /// The tenant.
    pub tenant: Arc<Tenant>,
    /// What its clients call the base URL.
    pub base_url: BaseUrl<'a>,
    /// The path below the base URL.
    pub path: &'a str,
}

/// What happens to a request that names a tenant which does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The tenant is created, where that is allowed.
    Made,
    /// The request is refused.
    Refused,
}

impl World {
    /// A world with the tenant `default` in it.
    pub fn new(config: WorldConfig) -> Self {
        let journals = Arc::new(JournalBudget::new(config.journal_total_bytes));
        let states = Arc::new(StateBudget::new(config.state_total_bytes));
        let metrics = Arc::<Metrics>::default();
        let birth = Birth {
            incarnation: 0,
            journals: Arc::clone(&journals),
            states: Arc::clone(&states),
            metrics: Arc::clone(&metrics),
            wall: config.started,
        };
        let default = Arc::new(Tenant::new(DEFAULT_TENANT, &config.template, config.options.clone(), birth));
        Self {
            contract: config.contract,
            control: config.control,
            cors: config.cors,
            started: config.started,
            keys: {
                let TenantOptions { seed, secrets, .. } = config.options;
                KeyRing::new(|nth| secrets.bytes(seed, "", "key-pair", nth))
            },
            template: RwLock::new(config.template),
            options: config.options,
            max_tenants: config.max_tenants,
            unknown_tenants: config.unknown_tenants,
            tenant_domains: config.tenant_domains.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
            default,
            others: RwLock::default(),
            owners: RwLock::default(),
            former: Mutex::default(),
            journals,
            states,
            built_in: Mutex::default(),
            fitting: Mutex::default(),
            preparing: AtomicUsize::new(0),
            writing_large: Mutex::default(),
            named: AtomicU64::new(0),
            outside: AtomicU64::new(0),
            metrics,
        }
    }

    /// The tenant of a base URL that names none.
    pub fn default_tenant(&self) -> &Arc<Tenant> {
        &self.default
    }

    /// Replaces what new tenants start with; existing ones keep what they have.
    pub fn set_fixture(&self, fixture: &Fixture, now: Timestamp) {
        // However large it is, no new tenant waits while it is prepared.
        let prepared = Template::new(fixture, self.options.clock.now(now));
        let mut template = self.template.write();
        let scenarios = template.scenarios().clone();
        let former = std::mem::replace(&mut *template, prepared.with_scenarios(scenarios));
        drop(template);
        drop(former);
    }

    /// Replaces the scenarios of all tenants, in one step for each; their counts restart.
    pub fn set_scenarios(&self, scenarios: &Rulesets, wall: Timestamp) {
        {
            let mut template = self.template.write();
            *template = template.clone().with_scenarios(scenarios.clone());
        }
        for tenant in self.tenants() {
            tenant.follow_command_line(scenarios, wall);
        }
    }

    /// All tenants, `default` first, the others by name.
    pub fn tenants(&self) -> Vec<Arc<Tenant>> {
        let mut others: Vec<_> = self.others.read().values().map(Arc::clone).collect();
        others.sort_by(|a, b| a.name().cmp(b.name()));
        std::iter::once(Arc::clone(&self.default)).chain(others).collect()
    }

    /// How many tenants there are.
    pub fn tenant_count(&self) -> usize {
        1 + self.others.read().len()
    }

    /// Finds the tenant of a request; `prefix` is what its path says about it. Fails for a tenant that does not
    /// exist and may not be created, for an invalid name, and for a new tenant beyond the limit.
    pub fn locate<'a>(
        &self,
        request: &'a Request,
        prefix: Prefix,
        absent: Absent,
        wall: Timestamp,
    ) -> Result<Located<'a>, WorldError> {
        let path = request.uri.path();
        let base_url = base_url(request, prefix);
        let tenant = match prefix.name(path) {
            Some(name) => self.tenant(&decode_segment(name), absent, wall)?,
            None => self.unnamed_by_path(request, base_url.authority, absent, wall)?,
        };
        Ok(Located { tenant, base_url, path: prefix.rest(path) })
    }

    /// A request that is about the server, not about the tenant that its host names: `default` stands in for it.
    pub fn about_server<'a>(&self, request: &'a Request, prefix: Prefix) -> Located<'a> {
        let path = prefix.rest(request.uri.path());
        Located { tenant: Arc::clone(&self.default), base_url: base_url(request, prefix), path }
    }

    /// The tenant of a request whose path names none: its host's, its credentials', or `default`.
    fn unnamed_by_path(
        &self,
        request: &Request,
        authority: &str,
        absent: Absent,
        wall: Timestamp,
    ) -> Result<Arc<Tenant>, WorldError> {
        let host = lower_case(host_of(authority));
        match self.named_by_host(&host) {
            Some(name) => self.tenant(name, absent, wall),
            None => Ok(self.owner(request).unwrap_or_else(|| Arc::clone(&self.default))),
        }
    }

    /// The one tenant to which a request's credentials belong: the token's, or a token call's client id.
    ///
    /// Of the world's locks only `others` and `owners` are ever held together, in that order, to create or
    /// delete a tenant; here each is released before the next is taken.
    fn owner(&self, request: &Request) -> Option<Arc<Tenant>> {
        if self.owners.read().is_empty() {
            return None;
        }
        if let Some(token) = request.bearer_token() {
            let name = Auth::organisation_of(token).filter(|name| name != DEFAULT_TENANT)?;
            return self.find(&name).filter(|tenant| tenant.has_own_clients());
        }
        if !is_token_call(request.uri.path()) {
            return None;
        }
        let form = Form::gather(request);
        self.owners.read().get(form.get("client_id")?).map(Arc::clone)
    }

    /// A request id for an exchange outside every tenant.
    pub fn next_tracking_id(&self) -> TrackingId {
        let number = self.outside.fetch_add(1, Ordering::Relaxed);
        TrackingId(Chance::new(self.options.seed, "").bytes("request", number))
    }

    /// Whether a request to the API of a tenant that does not exist makes it.
    pub(crate) fn makes_tenants(&self) -> bool {
        self.unknown_tenants == UnknownTenants::Made
    }

    /// The tenant of that name, if there is one.
    pub fn find(&self, name: &str) -> Option<Arc<Tenant>> {
        if name == DEFAULT_TENANT {
            Some(Arc::clone(&self.default))
        } else {
            self.others.read().get(name).map(Arc::clone)
        }
    }

    /// The tenant of that name, created if it is new and that is allowed.
    fn tenant(&self, name: &str, absent: Absent, wall: Timestamp) -> Result<Arc<Tenant>, WorldError> {
        if name == DEFAULT_TENANT {
            return Ok(Arc::clone(&self.default));
        }
        if let Some(tenant) = self.others.read().get(name) {
            return Ok(Arc::clone(tenant));
        }
        let is_made = absent == Absent::Made && self.unknown_tenants == UnknownTenants::Made;
        if !is_made || !is_tenant_name(name) {
            return Err(WorldError::Unknown(name.to_owned()));
        }
        let template = self.template.read().clone();
        let mut others = self.others.write();
        if !others.contains_key(name) {
            self.has_room(&others)?;
        }
        let tenant = others
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(self.new_tenant(name, &template, self.options.clone(), wall)));
        Ok(Arc::clone(tenant))
    }

    fn new_tenant(&self, name: &str, template: &Template, options: TenantOptions, wall: Timestamp) -> Tenant {
        let incarnation = self.former.lock().incarnation(name);
        let (journals, metrics) = (Arc::clone(&self.journals), Arc::clone(&self.metrics));
        let states = Arc::clone(&self.states);
        let birth = Birth { incarnation, journals, states, metrics, wall };
        Tenant::new(name, template, options, birth)
    }

    /// Has journals make room for what a document of `bytes` takes until it is a state, for as long as this is held.
    pub(crate) fn preparing(&self, bytes: usize) -> Preparing<'_> {
        let preparing = Preparing { world: self, bytes: bytes.saturating_mul(TIMES_ITS_TEXT) };
        self.preparing.fetch_add(preparing.bytes, Ordering::Relaxed);
        self.fit_journals();
        preparing
    }

    /// The turn of a tenant whose state is large, in which it may be written; a small one needs none.
    pub(crate) fn turn_of(&self, tenant: &Tenant) -> Option<MutexGuard<'_, ()>> {
        (tenant.counted_bytes().0 > LARGE_STATE).then(|| self.writing_large.lock())
    }

    /// Makes the fullest journals give way when all together keep more than they may, beside what states take. One tenant
    /// is locked at a time.
    pub(crate) fn fit_journals(&self) {
        let states = self.states.used().saturating_add(self.preparing.load(Ordering::Relaxed));
        let elsewhere = states.saturating_sub(STATES_BESIDE_JOURNALS);
        if !self.journals.is_exceeded(elsewhere) {
            return;
        }
        let Some(_only_one) = self.fitting.try_lock() else { return };
        let tenants = self.tenants();
        let level =
            self.journals.level(tenants.iter().map(|tenant| tenant.journal_bytes()).collect(), elsewhere);
        for tenant in tenants {
            tenant.cut_journal(level);
        }
    }

    /// Whether there may be one more tenant.
    fn has_room(&self, others: &HashMap<String, Arc<Tenant>>) -> Result<(), WorldError> {
        if 1 + others.len() < self.max_tenants { Ok(()) } else { Err(WorldError::Full(self.max_tenants)) }
    }
}

/// What journals give up while a document is made into a state.
#[derive(Debug)]
pub(crate) struct Preparing<'a> {
    world: &'a World,
    bytes: usize,
}

impl Drop for Preparing<'_> {
    fn drop(&mut self) {
        self.world.preparing.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What a request calls the base URL of its tenant.
pub fn base_url(request: &Request, prefix: Prefix) -> BaseUrl<'_> {
    BaseUrl {
        scheme: request.scheme(),
        authority: request.authority().unwrap_or("localhost"),
        prefix: prefix.text(request.uri.path()),
    }
}

/// Whether a path leads to the token call, however it is spelt.
fn is_token_call(path: &str) -> bool {
    let mut steps = path::steps(path).rev().map(decode_segment);
    steps.next().is_some_and(|last| last == "token") && steps.next().is_some_and(|step| step == "oauth")
}

/// Whether `name` can be a tenant's: 1 to 63 of `a-z`, `0-9` and `-`.
pub fn is_tenant_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use hyper::Method;
    use hyper::header::HOST;

    use super::*;
    use crate::{journal, tenant};

    fn world(unknown_tenants: UnknownTenants) -> World {
        let started = Timestamp::from_millis(0);
        World::new(WorldConfig {
            contract: Contract::built_in(),
            template: Template::new(&Fixture::built_in("empty").unwrap(), started),
            options: TenantOptions::default(),
            max_tenants: 3,
            unknown_tenants,
            // The shorter ones, and built-in ones, come first as well as last.
            tenant_domains: [
                "Sim.Example",
                "eu.Sim.Example",
                "example",
                "eu.localhost",
                "us.api.identitynow.com",
            ]
            .map(str::to_owned)
            .to_vec(),
            control: ControlPolicy::default(),
            cors: Cors::default(),
            journal_total_bytes: journal::DEFAULT_TOTAL_BYTES,
            state_total_bytes: tenant::DEFAULT_TOTAL_BYTES,
            started,
        })
    }

    #[test]
    fn a_token_call_is_recognised_in_every_spelling() {
        for path in ["/oauth/token", "//oauth//token/", "/tenants/a/oauth/token", "/%6fauth/t%6Fken"] {
            assert!(is_token_call(path), "{path}");
        }
        for path in ["/oauth%2Ftoken", "/oauth/token/x", "/token", "/xoauth/token", "/"] {
            assert!(!is_token_call(path), "{path}");
        }
    }

    fn located(world: &World, host: &str, target: &str) -> String {
        let request = Request::new(Method::GET, target).unwrap().header(HOST, host);
        let prefix = Prefix::of(request.uri.path());
        world.locate(&request, prefix, Absent::Made, Timestamp::from_millis(0)).map_or_else(
            |_| "none".to_owned(),
            |located| format!("{} {} {}", located.tenant.name(), located.base_url, located.path),
        )
    }

    #[test]
    fn a_tenant_is_named_by_path_or_host() {
        let world = world(UnknownTenants::Made);
        for (host, target, expected) in [
            ("127.0.0.1:4580", "/v3/x", "default http://127.0.0.1:4580 /v3/x"),
            ("127.0.0.1:4580", "/tenants/a-1/v3/x", "a-1 http://127.0.0.1:4580/tenants/a-1 /v3/x"),
            ("127.0.0.1:4580", "//tenants/a-1//v3/x", "a-1 http://127.0.0.1:4580//tenants/a-1 //v3/x"),
            ("127.0.0.1:4580", "/tenants/a-1", "a-1 http://127.0.0.1:4580/tenants/a-1 /"),
            ("acme.localhost:4580", "/v3/x", "acme http://acme.localhost:4580 /v3/x"),
            ("Acme.api.identitynow.com", "/v3/x", "acme http://Acme.api.identitynow.com /v3/x"),
            ("acme.sim.example", "/v3/x", "acme http://acme.sim.example /v3/x"),
            ("other.example", "http://acme.localhost/v3/x", "acme http://acme.localhost /v3/x"),
            ("localhost", "/tenants/a%2D1/v3/x", "a-1 http://localhost/tenants/a%2D1 /v3/x"),
            ("localhost", "/tenants/default/v3", "default http://localhost/tenants/default /v3"),
            ("[::1]:4580", "/v3/x", "default http://[::1]:4580 /v3/x"),
            ("acme.localhost.:4580", "/v3/x", "acme http://acme.localhost.:4580 /v3/x"),
            ("acme.eu.sim.example", "/v3/x", "acme http://acme.eu.sim.example /v3/x"),
            ("acme.eu.localhost", "/v3/x", "acme http://acme.eu.localhost /v3/x"),
            ("acme.us.api.identitynow.com", "/v3/x", "acme http://acme.us.api.identitynow.com /v3/x"),
            ("localhost", "/tenants/No_Name/v3", "none"),
            ("localhost", "/tenants//", "none"),
            ("a.b.localhost", "/v3", "none"),
        ] {
            assert_eq!(located(&world, host, target), expected, "{host} {target}");
        }
        assert_eq!(world.tenant_count(), 3);
    }

    #[test]
    fn strict_tenants_are_not_created_by_a_request() {
        let world = world(UnknownTenants::Refused);
        assert_eq!(located(&world, "localhost", "/tenants/a/v3"), "none");
        assert_eq!(world.tenant_count(), 1);
    }

    #[test]
    fn a_caller_that_may_not_create_tenants_finds_those_that_exist() {
        let world = world(UnknownTenants::Made);
        let request = Request::new(Method::GET, "/tenants/a/_sim").unwrap().header(HOST, "localhost");
        let prefix = Prefix::of(request.uri.path());
        let find = || world.locate(&request, prefix, Absent::Refused, Timestamp::from_millis(0)).is_ok();
        assert!(!find());
        assert_eq!(located(&world, "localhost", "/tenants/a/v3"), "a http://localhost/tenants/a /v3");
        assert!(find());
    }
}
