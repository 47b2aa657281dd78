//! What tenants start with, prepared once; they share it until they change something.

use std::sync::Arc;

use super::TenantOptions;
use crate::clock::Timestamp;
use crate::fixture::{Client, Fixture};
use crate::org::Organisation;
use crate::scenario::Rulesets;

/// What tenants start with.
#[derive(Clone, Debug)]
pub struct Template {
    pub(super) clients: Arc<Vec<Client>>,
    pub(super) organisation: Arc<Organisation>,
    pub(super) scenarios: Rulesets,
    pub(super) has_own_clients: bool,
}

impl Template {
    /// Prepares a fixture. `now` replaces the times that it leaves out.
    pub fn new(fixture: &Fixture, now: Timestamp) -> Self {
        Self {
            clients: Arc::new(fixture.clients.clone()),
            organisation: Arc::new(Organisation::of(fixture, now)),
            scenarios: Rulesets::default(),
            has_own_clients: false,
        }
    }

    /// The clients; at least one.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The same with unique ids and secrets for the clients of the tenant `name`.
    #[must_use]
    pub fn with_own_clients(mut self, name: &str, options: &TenantOptions) -> Self {
        let drawn = |label: &str, nth: u64| options.secrets.hex(options.seed, name, label, nth);
        let mut clients = self.clients.to_vec();
        for (client, nth) in clients.iter_mut().zip(0..) {
            client.client_id = drawn("client-id", nth);
            client.client_secret =
                format!("{}{}", drawn("client-secret", 2 * nth), drawn("client-secret", 2 * nth + 1));
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
