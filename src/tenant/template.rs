//! What tenants start with, prepared once; they share it until they change something.

use std::sync::Arc;

use super::TenantOptions;
use super::budget::{Charge, NoRoom, StateBudget};
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
    /// What it takes, where that is counted.
    pub(super) charge: Option<Arc<Charge>>,
}

/// What a client takes, in bytes, with its secrets and its place among those who may call.
const CLIENT_BYTES: usize = 1_024;

impl Template {
    /// Prepares a fixture. `now` replaces the times that it leaves out.
    pub fn new(fixture: &Fixture, now: Timestamp) -> Self {
        Self {
            clients: Arc::new(fixture.clients.clone()),
            organisation: Arc::new(Organisation::of(fixture.clone(), now)),
            scenarios: Rulesets::default(),
            has_own_clients: false,
            charge: None,
        }
    }

    /// Prepares a fixture that somebody sent, so far that it need not be kept, and takes what that costs of the budget.
    /// There must be room for it in the place of a state that takes `former`.
    pub(crate) fn counted(
        mut fixture: Fixture,
        now: Timestamp,
        budget: &Arc<StateBudget>,
        former: usize,
    ) -> Result<Self, NoRoom> {
        let clients = Arc::new(std::mem::take(&mut fixture.clients));
        let organisation = Arc::new(Organisation::of(fixture, now));
        let bytes = organisation.make() + clients.len() * CLIENT_BYTES;
        budget.admit_instead(bytes, former)?;
        let charge = Some(Arc::new(Charge::of(budget, bytes)));
        Ok(Self { clients, organisation, scenarios: Rulesets::default(), has_own_clients: false, charge })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::fixture::LEAST;
    use crate::prerequisites::Prerequisites;

    /// What a record takes in a fixture of many that say only what they must.
    fn taken(section: &str) -> usize {
        const NUMBER: usize = 1_000;
        let least = |nth: usize| match section {
            "sources" => format!(r#"{{"id":"{nth}","name":"","connectionType":"file"}}"#),
            "passwordPolicies" => format!(r#"{{"id":"{nth}","name":""}}"#),
            "applications" => format!(r#"{{"id":"{nth}","name":"","accountSource":{{"id":"s"}}}}"#),
            "applicationAccess" => format!(r#"{{"id":"{nth}","accessProfiles":[]}}"#),
            "identities" => format!(r#"{{"id":"{nth}","name":"","userName":""}}"#),
            "accounts" => format!(r#"{{"id":"{nth}","sourceId":"s"}}"#),
            "clients" => {
                format!(r#"{{"name":"{nth}","clientId":"{nth}","clientSecret":"s","scopes":[],"user":null}}"#)
            }
            "groups" => format!(r#"{{"id":"{nth}"}}"#),
            other => panic!("{other}: expected what such a record must say"),
        };
        let records: Vec<_> = (0..NUMBER).map(least).collect();
        let source = r#""sources":[{"id":"s","name":"S","connectionType":"file"}],"#;
        let source = if section == "sources" { "" } else { source };
        let text = format!(r#"{{{source}"{section}":[{}]}}"#, records.join(","));
        // Of each kind there is one application, since access is of one.
        let document = Document::new("it.json", &text);
        let fixture =
            Fixture::read(&document, Prerequisites::Ignore).unwrap_or_else(|error| panic!("{error}"));
        let budget = Arc::new(StateBudget::new(usize::MAX));
        let counted = Template::counted(fixture, Timestamp::from_millis(0), &budget, 0).unwrap();
        drop(counted);
        let taken = Arc::new(StateBudget::new(usize::MAX));
        let fixture = Fixture::read(&document, Prerequisites::Ignore).unwrap();
        let _template = Template::counted(fixture, Timestamp::from_millis(0), &taken, 0).unwrap();
        assert_eq!(budget.used(), 0);
        taken.used() / NUMBER
    }

    #[test]
    fn a_record_takes_what_is_foreseen_before_it_is_read_and_not_much_more() {
        for (section, least) in LEAST {
            if matches!(section, "applicationAccess" | "passwordPolicyHolders" | "passwordChanges") {
                continue;
            }
            let taken = taken(section);
            assert!(
                (least..least * 8 / 5).contains(&taken),
                "{section}: {taken} bytes, and {least} foreseen"
            );
        }
    }
}
