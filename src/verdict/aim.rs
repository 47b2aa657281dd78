//! Whether a command that says it succeeded came to what it comes to when nothing goes wrong: in the data, and in what it
//! writes. Whoever reads several things at once, and ends with the first that fits, may leave others unread.

use std::collections::BTreeSet;

use super::{Case, Run};

impl Case<'_> {
    /// How the data at the end differs from what was intended, in what either run wrote, a sentence each. `None` when it
    /// is not known.
    pub(super) fn differences(&self) -> Option<Vec<String>> {
        let clean = self.clean?;
        let (found, intended) = (self.run.state.as_ref()?, clean.state.as_ref()?);
        let sections: BTreeSet<_> = written(clean).chain(written(self.run)).collect();
        let is_compared =
            |told: &String| sections.iter().any(|section| told.starts_with(&format!("{section}: ")));
        Some(found.differences(intended).into_iter().filter(is_compared).collect())
    }

    /// Whether the data, or what the command wrote, shows that something is missing.
    pub(super) fn falls_short(&self) -> bool {
        let is_less_said = self.run.ended.as_ref().is_some_and(|ended| ended.said_less);
        is_less_said || self.differences().is_some_and(|differences| !differences.is_empty())
    }
}

/// The sections of the state that a run's calls wrote to. Accounts and password changes follow later by themselves.
fn written(run: &Run) -> impl Iterator<Item = &'static str> {
    run.calls.iter().flat_map(|call| &call.changes).filter_map(|change| match change.resource {
        "password-sync-groups" => Some("groups"),
        "password-policies" => Some("passwordPolicies"),
        "password-org-config" => Some("passwordOrgConfig"),
        "password-dictionary" => Some("passwordDictionary"),
        "sources" => Some("sources"),
        "source-apps" => Some("applications"),
        _ => None,
    })
}
