//! Where runs take place: a server in this process, and a tenant of its own for each run. All tenants have one draw key,
//! so that ids and draws are the same in all of them.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sync_group_sim::simulator::Running;
use sync_group_sim::tenant::rate_limit::Limit;
use sync_group_sim::tenant::{SimFault, TenantOptions};
use sync_group_sim::{
    Config, ControlPolicy, Fixture, Prerequisites, Simulator, TenantHandle, TenantRequest, UnknownTenants,
};
use tokio::net::{TcpListener, TcpStream};

use crate::commands::system::{NO_LOOPBACK, in_words};

/// What all tenants draw by, beside the seed.
pub(super) const DRAW_KEY: &str = "drill";

/// What a run's tenant is like.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub(super) fixture: Fixture,
    pub(super) prerequisites: Prerequisites,
    pub(super) rate_limit: Limit,
    pub(super) expose_control: bool,
}

/// The server, and where runs have their folders.
#[derive(Debug)]
pub(super) struct Site {
    running: Running,
    /// Folders of runs are made below this one.
    scratch: PathBuf,
    made: AtomicUsize,
}

impl Site {
    /// Starts the server.
    pub(super) async fn open(ground: Ground) -> Result<Arc<Self>, String> {
        let options = TenantOptions {
            sim_fault: SimFault::Hidden,
            prerequisites: ground.prerequisites,
            rate_limit: ground.rate_limit.0,
            journal_limit: MOST_EXCHANGES,
            journal_bytes: MOST_BYTES,
            ..TenantOptions::default()
        };
        let config = Config {
            fixture: ground.fixture,
            options,
            unknown_tenants: UnknownTenants::Refused,
            journal_total_bytes: MOST_BYTES_TOGETHER,
            control: if ground.expose_control { ControlPolicy::Local } else { ControlPolicy::Off },
            ..Config::default()
        };
        let cannot = |error: std::io::Error| format!("the server cannot be started: {}", in_words(&error));
        let running = Simulator::start(config).await.map_err(cannot)?;
        reach_this_machine().await?;
        let scratch = std::env::temp_dir().join(format!("sync-group-sim-drill-{}", std::process::id()));
        std::fs::create_dir_all(&scratch)
            .map_err(|error| format!("{}: cannot be made: {}", scratch.display(), in_words(&error)))?;
        Ok(Arc::new(Self { running, scratch, made: AtomicUsize::new(0) }))
    }

    pub(super) fn host(&self) -> String {
        self.running.address().ip().to_string()
    }

    pub(super) fn port(&self) -> u16 {
        self.running.address().port()
    }

    pub(super) fn monotonic_ns(&self) -> u64 {
        self.running.monotonic_ns()
    }

    /// A fresh tenant whose faults are drawn from `seed`.
    pub(super) fn tenant(&self, seed: u64) -> Result<TenantHandle, String> {
        let asked = TenantRequest {
            name: Some(format!("drill-{}", self.made.fetch_add(1, Ordering::Relaxed) + 1)),
            seed: Some(seed),
            draw_key: Some(DRAW_KEY.to_owned()),
            sim_fault: Some(SimFault::Hidden),
            ..TenantRequest::default()
        };
        self.running.create_tenant(&asked).map_err(|error| error.to_string())
    }

    /// Ends a tenant; whoever still waits for an answer of it is let go.
    pub(super) fn end(&self, tenant: &TenantHandle) {
        let _ = self.running.simulator().delete_tenant(tenant.name());
    }

    /// Calls that were for no tenant of a run.
    pub(super) fn astray(&self) -> u64 {
        let journal = self.running.default_tenant().exchanges(&sync_group_sim::JournalFilter::default());
        journal.len() as u64
    }

    /// A folder for one run.
    pub(super) fn folder(&self, run: usize) -> Result<PathBuf, String> {
        let folder = self.scratch.join(format!("run-{run}"));
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("{}: cannot be made: {}", folder.display(), in_words(&error)))?;
        Ok(folder)
    }
}

/// Where this machine does not reach itself, no client gets to the server, and each would be blamed for it. The server counts
/// connections, so this one is to another port.
async fn reach_this_machine() -> Result<(), String> {
    let reached = async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        TcpStream::connect(listener.local_addr()?).await
    };
    reached.await.map(drop).map_err(|error| {
        format!(
            "the server cannot be reached at {}: {}; {NO_LOOPBACK}",
            Ipv4Addr::LOCALHOST,
            in_words(&error)
        )
    })
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.scratch);
    }
}

/// Exchanges that a run's journal keeps; a run that makes more is stopped before.
const MOST_EXCHANGES: usize = 100_000;
/// Bytes that it keeps.
const MOST_BYTES: usize = 64 << 20;
/// Bytes that those of all runs at the same time keep together.
const MOST_BYTES_TOGETHER: usize = 512 << 20;
