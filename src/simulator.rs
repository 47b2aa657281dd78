//! What an embedder can do: create a simulator, call it without a socket, serve it on one. The binary does
//! nothing that cannot be done from here.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clock::Timestamp;
use crate::contract::Contract;
use crate::document::DocumentError;
use crate::fixture::{Client, Fixture};
use crate::handle::TenantHandle;
use crate::journal;
use crate::scenario::Rulesets;
use crate::server::{self, JournalDir, Limits, Tls};
use crate::tenant::{self, Template, TenantOptions};
use crate::wire::{Cors, Outcome, Request};
use crate::world::{
    ControlPolicy, DEFAULT_MAX_TENANTS, TenantRequest, UnknownTenants, World, WorldConfig, WorldError,
};

/// How a simulator is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every tenant starts with; the built-in `demo` by default.
    pub fixture: Fixture,
    /// What goes wrong in every tenant; nothing by default.
    pub scenarios: Rulesets,
    /// How every tenant behaves.
    pub options: TenantOptions,
    /// How many tenants there may be, `default` among them; 20,000 by default.
    pub max_tenants: usize,
    /// What happens when a request names a tenant that does not exist; it is created by default.
    pub unknown_tenants: UnknownTenants,
    /// Further domains whose first label names a tenant; none by default.
    pub tenant_domains: Vec<String>,
    /// How many bytes all tenants' journals keep together; the fullest give way. 256 MiB by default.
    pub journal_total_bytes: usize,
    /// How many bytes of memory all tenants' states take together beside what every tenant starts with; what goes beyond
    /// is refused. 128 MiB by default.
    pub state_total_bytes: usize,
    /// Who may use the control API; this machine by default.
    pub control: ControlPolicy,
    /// Whether pages of other origins may call the API; they may by default.
    pub cors: Cors,
    /// What clients are allowed.
    pub limits: Limits,
    /// The TLS identity; plain HTTP by default.
    pub tls: Option<Tls>,
    /// Where tenants' journals are kept when they are deleted, and when the server has stopped; nowhere by default.
    pub journal_dir: Option<JournalDir>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            fixture: Fixture::built_in("demo").expect("demo is built in"),
            scenarios: Rulesets::default(),
            options: TenantOptions::default(),
            max_tenants: DEFAULT_MAX_TENANTS,
            unknown_tenants: UnknownTenants::default(),
            tenant_domains: Vec::new(),
            journal_total_bytes: journal::DEFAULT_TOTAL_BYTES,
            state_total_bytes: tenant::DEFAULT_TOTAL_BYTES,
            control: ControlPolicy::default(),
            cors: Cors::default(),
            limits: Limits::default(),
            tls: None,
            journal_dir: None,
        }
    }
}

/// A simulator: the service with all its tenants.
///
/// ```
/// use hyper::Method;
/// use sync_group_sim::{Config, Request, Simulator};
///
/// let simulator = Simulator::new(Config::default())?;
/// let admin = &simulator.clients()[0];
/// let call = format!(
///     "/oauth/token?grant_type=client_credentials&client_id={}&client_secret={}",
///     admin.client_id, admin.client_secret
/// );
/// let token = simulator.answer(&Request::new(Method::POST, &call)?).reply.value();
/// let list = Request::new(Method::GET, "/v2024/password-sync-groups")?
///     .bearer(token["access_token"].as_str().unwrap_or_default());
/// assert_eq!(simulator.answer(&list).reply.value()[0]["name"], "Password Sync Group 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Simulator {
    world: Arc<World>,
    limits: Limits,
    tls: Option<Tls>,
    journal_dir: Option<JournalDir>,
}

impl Simulator {
    /// Sets a simulator up. Fails when the contract cannot be compiled.
    pub fn new(config: Config) -> Result<Self, DocumentError> {
        let started = server::wall_now();
        let world = World::new(WorldConfig {
            contract: Contract::built_in(),
            // The times that a fixture leaves out are the tenants', so that a clock that stands still shows the same.
            template: Template::new(&config.fixture, config.options.clock.now(started))
                .with_scenarios(config.scenarios),
            options: config.options,
            max_tenants: config.max_tenants,
            unknown_tenants: config.unknown_tenants,
            tenant_domains: config.tenant_domains,
            journal_total_bytes: config.journal_total_bytes,
            state_total_bytes: config.state_total_bytes,
            control: config.control,
            cors: config.cors,
            started,
        });
        let Config { limits, tls, journal_dir, .. } = config;
        Ok(Self { world: Arc::new(world), limits, tls, journal_dir })
    }

    /// Answers a request without a socket, exactly as it would be answered over one.
    pub fn answer(&self, request: &Request) -> Outcome {
        self.answer_at(request, server::wall_now())
    }

    /// The same, when the wall clock shows `wall`.
    pub fn answer_at(&self, request: &Request, wall: Timestamp) -> Outcome {
        server::answer(&self.world, self.journal_dir.as_ref(), request, wall)
    }

    /// The clients that a tenant starts with; the first is the administrator's.
    pub fn clients(&self) -> Vec<Client> {
        self.world.default_tenant().clients()
    }

    /// The tenant `default`, whose base URL need not name it. Without a socket its clients call the server
    /// `http://localhost`.
    pub fn default_tenant(&self) -> TenantHandle {
        TenantHandle::new(Arc::clone(self.world.default_tenant()), "http://localhost")
    }

    /// Creates a tenant with client ids and secrets of its own. `root` is what clients call the server's base
    /// URL; without a socket any will do.
    pub fn create_tenant(&self, asked: &TenantRequest, root: &str) -> Result<TenantHandle, WorldError> {
        let made = self.world.create_tenant(asked, root, server::wall_now())?;
        self.tenant(&made.name, root).ok_or(WorldError::Unknown(made.name))
    }

    /// The tenant of that name, if there is one.
    pub fn tenant(&self, name: &str, root: &str) -> Option<TenantHandle> {
        Some(TenantHandle::new(self.world.find(name)?, root))
    }

    /// The names of all tenants, `default` first.
    pub fn tenant_names(&self) -> Vec<String> {
        self.world.tenant_names()
    }

    /// Deletes a tenant with everything in it.
    pub fn delete_tenant(&self, name: &str) -> Result<(), WorldError> {
        let ended = self.world.delete_tenant(name)?;
        server::keep_journal(self.journal_dir.as_ref(), &ended);
        Ok(())
    }

    /// Everything that is counted, in Prometheus' text format. Requests are counted where they are served, so
    /// those of [`Self::answer`] are not among them.
    pub fn metrics_text(&self) -> String {
        self.world.metrics_text()
    }

    /// Replaces what new tenants start with; existing ones keep what they have.
    pub fn set_fixture(&self, fixture: &Fixture) {
        self.world.set_fixture(fixture, server::wall_now());
    }

    /// Replaces the scenarios of all tenants; nothing else in them is touched.
    pub fn set_scenarios(&self, scenarios: &Rulesets) {
        self.world.set_scenarios(scenarios, server::wall_now());
    }

    /// Serves on a listener until `stop` is ready, then drains, and keeps the journals where that is wanted. Fails when they
    /// cannot be kept.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) -> io::Result<()> {
        let (limits, tls, journals) = (self.limits.clone(), self.tls.clone(), self.journal_dir.clone());
        server::run(listener, Arc::clone(&self.world), limits, tls, journals, stop).await
    }

    /// Serves in the background of the current tokio runtime, on a free port of the loopback interface.
    pub async fn start(config: Config) -> io::Result<Running> {
        let simulator = Self::new(config).map_err(io::Error::other)?;
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stopper, asked_to_stop) = oneshot::channel::<()>();
        let serving = simulator.clone();
        let task = tokio::spawn(async move {
            let stop = async {
                let _ = asked_to_stop.await;
            };
            serving.serve(listener, stop).await
        });
        Ok(Running { simulator, address, stopper: Some(stopper), task: Some(task) })
    }
}

/// A simulator that is being served; dropping it stops the server.
#[derive(Debug)]
pub struct Running {
    simulator: Simulator,
    address: SocketAddr,
    stopper: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Dropping does not wait: the closed channel asks the server to stop, and the task keeps draining.
        drop(self.stopper.take());
    }
}

impl Running {
    /// The base URL of the tenant `default`.
    pub fn base_url(&self) -> String {
        let scheme = if self.simulator.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The simulator itself.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// The tenant `default`.
    pub fn default_tenant(&self) -> TenantHandle {
        TenantHandle::new(Arc::clone(self.simulator.world.default_tenant()), &self.base_url())
    }

    /// Creates a tenant with client ids and secrets of its own.
    pub fn create_tenant(&self, asked: &TenantRequest) -> Result<TenantHandle, WorldError> {
        self.simulator.create_tenant(asked, &self.base_url())
    }

    /// The tenant of that name, if there is one.
    pub fn tenant(&self, name: &str) -> Option<TenantHandle> {
        self.simulator.tenant(name, &self.base_url())
    }

    /// The machine's monotonic time, as the journal has it in `arrivedNs` and the like.
    pub fn monotonic_ns(&self) -> u64 {
        server::monotonic_ns()
    }

    /// Stops accepting, lets open requests finish, and returns when all is done.
    pub async fn stop(mut self) -> io::Result<()> {
        drop(self.stopper.take());
        match self.task.take() {
            Some(task) => task.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }
}
