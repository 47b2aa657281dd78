//! What tenants start with, prepared once; they share it until they change something.

use std::sync::Arc;

use crate::chance::Chance;
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

    /// The same with unique ids and secrets for its clients, drawn from `chance`.
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
