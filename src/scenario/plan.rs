//! The rules that run together, in order, and what follows from them: which of them are about an operation at all,
//! and how far back reads may go. A plan does not change, so that tenants which run the same rules share it.

use std::sync::Arc;
use std::time::Duration;

use super::matcher::Topic;
use super::ruleset::CompiledRule;
use crate::clock::Timestamp;

/// Rules that run together. Default: none.
#[derive(Debug)]
pub(super) struct Plan {
    rules: Vec<Arc<PlacedRule>>,
    /// The places of the rules that are about a topic, by its index, so that rules about others cost nothing.
    about: [Box<[usize]>; Topic::COUNT],
    horizon: Option<Duration>,
    owner: Owner,
    own_bytes: usize,
}

/// Who has rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Many tenants may share them, but for those that were added in one.
    Shared,
    /// One tenant.
    Tenant,
}

/// A rule that belongs to a scenario.
#[derive(Debug)]
pub(super) struct PlacedRule {
    /// `scenario/rule`: what it is called in `Sim-Fault` and the journal, and what its draws depend on.
    pub(super) label: Arc<str>,
    pub(super) scenario: Arc<str>,
    pub(super) rule: CompiledRule,
    /// When it was added on its own; `None` when it was loaded with the others.
    pub(super) added: Option<Timestamp>,
    /// Whether all tenants that run it share it.
    pub(super) is_shared: bool,
}

impl PlacedRule {
    pub(super) fn new(scenario: Arc<str>, rule: CompiledRule) -> Self {
        let label = format!("{scenario}/{}", rule.written.name).into();
        Self { label, scenario, rule, added: None, is_shared: false }
    }

    pub(super) fn name(&self) -> &str {
        &self.rule.written.name
    }
}

impl Plan {
    pub(super) fn new(rules: Vec<Arc<PlacedRule>>, owner: Owner) -> Self {
        let mut about = [const { Vec::new() }; Topic::COUNT];
        for topic in Topic::all() {
            let places = rules.iter().enumerate();
            let places = places.filter(|(_, placed)| placed.rule.matcher.is_about(topic));
            about[topic.index()] = places.map(|(place, _)| place).collect();
        }
        let faults = rules.iter().flat_map(|placed| &placed.rule.faults);
        let horizon = faults.filter_map(|fault| fault.horizon()).max();
        let own = rules
            .iter()
            .filter(|placed| (owner == Owner::Tenant && !placed.is_shared) || placed.added.is_some());
        let own_bytes = own.map(|placed| placed.rule.bytes()).sum();
        Self { rules, about: about.map(Vec::into_boxed_slice), horizon, owner, own_bytes }
    }

    /// All rules, in order.
    pub(super) fn rules(&self) -> &[Arc<PlacedRule>] {
        &self.rules
    }

    /// The places of the rules that are about a topic, no matter what else they require.
    pub(super) fn about(&self, topic: Topic) -> &[usize] {
        &self.about[topic.index()]
    }

    /// How far back a stale read may go; `None` when no rule needs one.
    pub(super) fn horizon(&self) -> Option<Duration> {
        self.horizon
    }

    /// Who has the rules.
    pub(super) fn owner(&self) -> Owner {
        self.owner
    }

    /// About how many bytes those rules take that only one tenant has.
    pub(super) fn own_bytes(&self) -> usize {
        self.own_bytes
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::new(Vec::new(), Owner::Shared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_an_index_of_its_own() {
        let indices: Vec<_> = Topic::all().map(Topic::index).collect();
        assert_eq!(indices, (0..Topic::COUNT).collect::<Vec<_>>());
    }
}
