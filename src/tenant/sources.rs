//! The sources, policies and applications of one tenant, and which source is in which group. Here are the
//! prerequisites that the service's documentation names for a group, and what its deletion does to a source.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::fixture::{Application, ConnectionType, Fixture, Group, PasswordPolicy, Reference, Source};
use crate::wire::{DetailCode, Refusal};

/// The feature without which a source's passwords are not managed.
const PASSWORD: &str = "PASSWORD";

/// How many faults of a group are told.
const MOST_FAULTS: usize = 50;

/// Sources and what belongs to them.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    all: Vec<Source>,
    index_by_id: HashMap<String, usize>,
    policies: Vec<PasswordPolicy>,
    applications: Vec<Application>,
    with_application: HashSet<String>,
    /// The group that a source is in, by the source's index; kept only where prerequisites are enforced.
    grouped: HashMap<usize, Arc<str>>,
}

impl Sources {
    /// The sources of a fixture, none of them grouped yet.
    pub fn new(fixture: &Fixture) -> Self {
        let sources = fixture.sources.clone();
        let index_by_id =
            sources.iter().enumerate().map(|(index, source)| (source.id.clone(), index)).collect();
        let applications = fixture.applications.clone();
        let with_application = applications
            .iter()
            .filter(|application| application.account_source.use_for_password_management)
            .map(|application| application.account_source.id.clone())
            .collect();
        let policies = fixture.password_policies.clone();
        Self { all: sources, index_by_id, policies, applications, with_application, grouped: HashMap::new() }
    }

    /// The sources, in the fixture's order, with the policies now assigned directly to them.
    pub fn sources(&self) -> &[Source] {
        &self.all
    }

    /// The password policies.
    pub fn policies(&self) -> &[PasswordPolicy] {
        &self.policies
    }

    /// The applications.
    pub fn applications(&self) -> &[Application] {
        &self.applications
    }

    /// Whether `group` may be as it is asked to be: a known policy, and sources each of which is known, is
    /// connected directly, has the PASSWORD feature and an application, and is in no other group. That there
    /// are two sources and a name is the contract's part.
    pub fn check(&self, group: &Group) -> Result<(), Refusal> {
        let members = group.source_ids.iter().flatten();
        let members = members.filter_map(|id| self.source_fault(id, &group.id));
        let mut faults = self.policy_fault(group).into_iter().chain(members).take(MOST_FAULTS);
        match faults.next() {
            None => Ok(()),
            Some((code, text)) => Err(Refusal::BadRequest {
                code,
                text,
                further: faults.map(|(_, text)| text).collect(),
                aside: None,
            }),
        }
    }

    // Invented: the texts below, and that the API enforces what the documentation and the user interface ask
    // for. The codes are the ones other parts of the service use for such mistakes.

    fn policy_fault(&self, group: &Group) -> Option<(DetailCode, String)> {
        let id = group.password_policy_id.as_deref().unwrap_or_default();
        if self.policies.iter().any(|policy| policy.id == id) {
            return None;
        }
        let text = format!("Referenced password policy \"{id}\" (passwordPolicyId) was not found.");
        Some((DetailCode::ReferenceNotFound, text))
    }

    fn source_fault(&self, id: &str, group_id: &str) -> Option<(DetailCode, String)> {
        let Some(&index) = self.index_by_id.get(id) else {
            let text = format!("Referenced source \"{id}\" (sourceIds) was not found.");
            return Some((DetailCode::ReferenceNotFound, text));
        };
        let source = &self.all[index];
        let illegal = |why: String| {
            let text = format!("Field \"sourceIds\": source \"{id}\" ({}) {why}.", source.name);
            Some((DetailCode::IllegalValue, text))
        };
        if source.connection_type != ConnectionType::Direct {
            return illegal("is not connected directly, so its passwords cannot be managed".to_owned());
        }
        if !source.features.iter().any(|feature| feature == PASSWORD) {
            return illegal("does not have the feature PASSWORD".to_owned());
        }
        if !self.with_application.contains(id) {
            return illegal("has no application that uses it for password management".to_owned());
        }
        match self.grouped.get(&index) {
            Some(other) if **other != *group_id => {
                illegal(format!("is already in password sync group \"{other}\""))
            }
            _ => None,
        }
    }

    /// Remembers that the sources of `group` are in it.
    pub fn join(&mut self, group: &Group) {
        let group_id: Arc<str> = group.id.as_str().into();
        for index in group.source_ids.iter().flatten().filter_map(|id| self.index_by_id.get(id)) {
            self.grouped.insert(*index, Arc::clone(&group_id));
        }
    }

    /// Lets the sources of `group` go, but for those in `staying`: each becomes independent, with the group's
    /// policy assigned directly to it.
    pub fn leave(&mut self, group: &Group, staying: &[String]) {
        let policy_id = group.password_policy_id.as_deref().unwrap_or_default();
        let policy = self.policies.iter().find(|policy| policy.id == policy_id).map(Reference::to_policy);
        let staying: HashSet<&str> = staying.iter().map(String::as_str).collect();
        for id in group.source_ids.iter().flatten().filter(|id| !staying.contains(id.as_str())) {
            let Some(&index) = self.index_by_id.get(id) else { continue };
            self.grouped.remove(&index);
            if let Some(policy) = &policy {
                self.all[index].password_policies = vec![policy.clone()];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo() -> Sources {
        let fixture = Fixture::built_in("demo").unwrap();
        let mut sources = Sources::new(&fixture);
        fixture.groups.iter().for_each(|group| sources.join(group));
        sources
    }

    fn group(source_ids: &[&str]) -> Group {
        Group {
            id: "new".to_owned(),
            name: Some("New".to_owned()),
            password_policy_id: Some("2c91808d744ba0ce01746f93b6204501".to_owned()),
            source_ids: Some(
                source_ids.iter().map(|id| format!("2c918084660f45d6016617daa921{id}")).collect(),
            ),
            ..Group::default()
        }
    }

    #[test]
    fn each_prerequisite_is_held() {
        assert_eq!(demo().check(&group(&["0584", "0500"])), Ok(()));
        for (source, expected) in [
            (
                "0999",
                "400.1.404 Referenced source \"2c918084660f45d6016617daa9210999\" (sourceIds) was not found.",
            ),
            (
                "0607",
                "400.1.3 Field \"sourceIds\": source \"2c918084660f45d6016617daa9210607\" (HR Export) is not connected directly, so its passwords cannot be managed.",
            ),
            (
                "0608",
                "400.1.3 Field \"sourceIds\": source \"2c918084660f45d6016617daa9210608\" (Badge Reader) does not have the feature PASSWORD.",
            ),
            (
                "0609",
                "400.1.3 Field \"sourceIds\": source \"2c918084660f45d6016617daa9210609\" (Mainframe) has no application that uses it for password management.",
            ),
            (
                "0603",
                "400.1.3 Field \"sourceIds\": source \"2c918084660f45d6016617daa9210603\" (Warehouse LDAP) is already in password sync group \"6881f631-3bd5-4213-9c75-8e05cc3e35dd\".",
            ),
        ] {
            let Err(Refusal::BadRequest { code, text, .. }) = demo().check(&group(&["0584", source])) else {
                panic!("{source} was accepted")
            };
            let code = code.text().split(' ').next().unwrap();
            assert_eq!(format!("{code} {text}"), expected);
        }
    }

    #[test]
    fn a_source_may_stay_in_its_own_group() {
        let mut own = group(&["0603", "0604"]);
        own.id = "6881f631-3bd5-4213-9c75-8e05cc3e35dd".to_owned();
        assert_eq!(demo().check(&own), Ok(()));
    }

    #[test]
    fn a_source_that_leaves_keeps_the_policy_of_its_group() {
        let mut sources = demo();
        let all = group(&["0584", "0500", "0601"]);
        sources.join(&all);
        sources.leave(&all, &["2c918084660f45d6016617daa9210601".to_owned()]);
        let policies = |name: &str| {
            let source = sources.sources().iter().find(|source| source.name == name).unwrap();
            source.password_policies.iter().map(|policy| policy.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(policies("Okta"), ["Head Office Policy"]);
        assert_eq!(policies("GitHub"), [""; 0]);
        assert!(sources.check(&group(&["0584", "0500"])).is_ok());
    }
}
