//! Reports about the whole server: that it is up, and what it counts.

use std::fmt::Write;

use serde::Serialize;

use super::World;
use crate::clock::Timestamp;

/// That the server is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// How many tenants there are.
    pub tenants: usize,
    /// How long it has been up.
    pub uptime_seconds: u64,
}

impl World {
    /// That the server is up, and since when.
    pub fn health(&self, wall: Timestamp) -> Health {
        Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            tenants: self.tenant_count(),
            uptime_seconds: wall.since(self.started).as_secs(),
        }
    }

    /// Everything that is counted, in Prometheus' text format.
    pub fn metrics_text(&self) -> String {
        let mut text = String::new();
        self.metrics.write(&mut text);
        let dropped = self.journals.dropped();
        let _ = writeln!(
            text,
            "# HELP sync_group_sim_tenants Tenants.\n# TYPE sync_group_sim_tenants gauge\nsync_group_sim_tenants {}\n\
             # HELP sync_group_sim_journal_dropped_total Exchanges dropped from the journals.\n\
             # TYPE sync_group_sim_journal_dropped_total counter\nsync_group_sim_journal_dropped_total {dropped}",
            self.tenant_count()
        );
        let _ = writeln!(
            text,
            "# HELP sync_group_sim_state_bytes Memory that tenants' states take, beside what every tenant starts with.\n\
             # TYPE sync_group_sim_state_bytes gauge\nsync_group_sim_state_bytes {}",
            self.states.used()
        );
        text
    }
}
