//! What all tenants share (the contract, the fixture they start with, their defaults) and the registry of tenants. How
//! a request's tenant is found is in `locate.rs`, making and deleting tenants in `tenants.rs`, how memory is shared out in
//! `memory.rs`, reports about the whole server in `report.rs`.

mod former;
mod host;
mod locate;
mod memory;
mod prefix;
mod report;
mod tenants;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::chance::Chance;
use crate::clock::Timestamp;
use crate::contract::Contract;
use crate::crypt::KeyRing;
use crate::fixture::Fixture;
use crate::journal::JournalBudget;
use crate::metrics::Metrics;
use crate::scenario::Rulesets;
use crate::tenant::{Birth, StateBudget, Template, Tenant, TenantOptions};
use crate::wire::{Cors, TrackingId};

use former::Former;
pub use locate::{Absent, Located, base_url};
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
        let mut others = self.others.write();
        // Looked at now: whoever replaces it looks at all tenants after that.
        let template = self.template.read().clone();
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

    /// Whether there may be one more tenant.
    fn has_room(&self, others: &HashMap<String, Arc<Tenant>>) -> Result<(), WorldError> {
        if 1 + others.len() < self.max_tenants { Ok(()) } else { Err(WorldError::Full(self.max_tenants)) }
    }
}

/// Whether `name` can be a tenant's: 1 to 63 of `a-z`, `0-9` and `-`.
pub fn is_tenant_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
