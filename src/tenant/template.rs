//! What tenants start with, prepared once; they share it until they change something.

use std::sync::Arc;

use super::TenantOptions;
use super::budget::{Charge, NoRoom, StateBudget};
use crate::clock::Timestamp;
use crate::fixture::{Client, Fixture, Source};
use crate::org::Organisation;
use crate::scenario::Rulesets;

/// What tenants start with.
#[derive(Clone, Debug)]
pub struct Template {
    pub(super) clients: Arc<Vec<Client>>,
    pub(super) organisation: Arc<Organisation>,
    pub(super) scenarios: Rulesets,
    pub(super) has_own_clients: bool,
    /// Whether the scenarios were asked for with the tenant, so that they are not the command line's.
    pub(super) has_own_scenarios: bool,
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
            has_own_scenarios: false,
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
        let charge = Some(Arc::new(Charge::admitted(budget, bytes, former)?));
        let (scenarios, has_own_clients, has_own_scenarios) = (Rulesets::default(), false, false);
        Ok(Self { clients, organisation, scenarios, has_own_clients, has_own_scenarios, charge })
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

    /// What counts out the sources by id and name, for rules that are about one.
    pub(crate) fn source_names(&self) -> impl Fn() -> Vec<(String, String)> + Send + Sync + 'static {
        let organisation = Arc::clone(&self.organisation);
        move || {
            let sources = organisation.table::<Source>().view(None);
            sources.iter().map(|source| (source.id.clone(), source.name.clone())).collect()
        }
    }

    /// The scenarios.
    pub fn scenarios(&self) -> &Rulesets {
        &self.scenarios
    }

    /// The same with these scenarios, which are the command line's.
    #[must_use]
    pub fn with_scenarios(mut self, scenarios: Rulesets) -> Self {
        self.scenarios = scenarios;
        self
    }

    /// The same with these scenarios, whatever the command line's are now or later.
    #[must_use]
    pub(crate) fn with_own_scenarios(self, scenarios: Rulesets) -> Self {
        Self { has_own_scenarios: true, ..self.with_scenarios(scenarios) }
    }

    /// The same with the scenarios that the command line has now, unless it has some of its own.
    #[must_use]
    pub(crate) fn following(self, command_line: &Rulesets) -> Self {
        if self.has_own_scenarios { self } else { self.with_scenarios(command_line.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::fixture::LEAST;
    use crate::prerequisites::Prerequisites;

    const NUMBER: usize = 1_000;

    /// A section of this many records, each of which says only what it must.
    fn least_records(section: &str) -> String {
        let least = |nth: usize| match section {
            "sources" => format!(r#"{{"id":"{nth}","name":"","connectionType":"file"}}"#),
            "passwordPolicies" => format!(r#"{{"id":"{nth}","name":""}}"#),
            "applications" => format!(r#"{{"id":"{nth}","name":"","accountSource":{{"id":"s"}}}}"#),
            "identities" => format!(r#"{{"id":"{nth}","name":"","userName":""}}"#),
            "accounts" => format!(r#"{{"id":"{nth}","sourceId":"s"}}"#),
            "clients" => {
                format!(r#"{{"name":"{nth}","clientId":"{nth}","clientSecret":"s","scopes":[],"user":null}}"#)
            }
            "applicationAccess" | "groups" => format!(r#"{{"id":"{nth}"}}"#),
            "passwordPolicyHolders" => format!(r#"{{"id":"{nth}","holders":[{{"policyId":"p"}}]}}"#),
            "passwordChanges" => format!(r#"{{"id":"{nth}","state":"FINISHED"}}"#),
            other => panic!("{other}: expected what such a record must say"),
        };
        let records: Vec<_> = (0..NUMBER).map(least).collect();
        format!(r#""{section}":[{}]"#, records.join(","))
    }

    /// What the records of a section must refer to.
    fn referred_to(section: &str) -> String {
        let source = r#""sources":[{"id":"s","name":"S","connectionType":"file"}]"#.to_owned();
        match section {
            "applications" | "accounts" => source,
            "applicationAccess" => format!("{source},{}", least_records("applications")),
            "passwordPolicyHolders" => {
                format!(r#""passwordPolicies":[{{"id":"p","name":"P"}}],{}"#, least_records("sources"))
            }
            _ => String::new(),
        }
    }

    /// What a fixture of these sections takes.
    fn taken(sections: &str) -> usize {
        let text = format!("{{{sections}}}");
        let document = Document::new("it.json", &text);
        let fixture =
            Fixture::read(&document, Prerequisites::Ignore).unwrap_or_else(|error| panic!("{error}"));
        let budget = Arc::new(StateBudget::new(usize::MAX));
        let counted = Template::counted(fixture, Timestamp::from_millis(0), &budget, 0).unwrap();
        let taken = budget.used();
        drop(counted);
        assert_eq!(budget.used(), 0);
        taken
    }

    #[test]
    fn a_record_takes_what_is_foreseen_before_it_is_read_and_not_much_more() {
        for (section, least) in LEAST {
            let others = referred_to(section);
            let comma = if others.is_empty() { "" } else { "," };
            let all = format!("{others}{comma}{}", least_records(section));
            let taken = (taken(&all) - taken(&others)) / NUMBER;
            assert!(
                (least..least * 8 / 5).contains(&taken),
                "{section}: {taken} bytes, and {least} foreseen"
            );
        }
    }
}
