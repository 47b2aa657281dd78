//! Whether a command that says it succeeded came to what it comes to when nothing goes wrong: in the data, and in what it
//! writes. Whoever reads several things at once, and ends with the first that fits, may leave others unread.

use std::collections::BTreeSet;

use super::{Case, Run};
use crate::org::SECTIONS;

impl Case<'_> {
    /// How the data at the end differs from what was intended, in what either run wrote, a sentence each. `None` when it
    /// is not known.
    pub(super) fn differences(&self) -> Option<Vec<String>> {
        differences(self.run, self.clean?)
    }

    /// Whether the data, or what the command wrote, shows that something is missing.
    pub(super) fn falls_short(&self) -> bool {
        let is_less_said = self.run.ended.as_ref().is_some_and(|ended| ended.said_less);
        is_less_said || self.differences().is_some_and(|differences| !differences.is_empty())
    }
}

/// How the data at the end of a run differs from that of another, in what either of them wrote, a sentence each. `None` when
/// it is not known.
pub(crate) fn differences(run: &Run, intended: &Run) -> Option<Vec<String>> {
    let sections: BTreeSet<_> = written(intended).chain(written(run)).collect();
    let is_compared =
        |told: &String| sections.iter().any(|section| told.starts_with(&format!("{section}: ")));
    let differences = run.state.as_ref()?.differences(intended.state.as_ref()?);
    Some(differences.into_iter().filter(is_compared).collect())
}

/// Sections that follow later by themselves, whatever a call wrote to them.
const FOLLOWING: [&str; 2] = ["accounts", "passwordChanges"];

/// The sections of the state that a run's calls wrote to, but for those that follow later by themselves.
fn written(run: &Run) -> impl Iterator<Item = String> {
    let changes = run.calls.iter().flat_map(|call| &call.changes);
    changes
        .filter_map(|change| section_of(change.resource))
        .filter(|section| !FOLLOWING.contains(&&**section))
}

/// The section of the state that has a resource's records.
fn section_of(resource: &str) -> Option<String> {
    let (_, section) = SECTIONS.iter().find(|(known, _)| *known == resource)?;
    Some(as_in_state(section))
}

/// A section as the state calls it: `passwordPolicies` for `password_policies`.
fn as_in_state(section: &str) -> String {
    let mut words = section.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(1);
        name.push_str(&first.to_ascii_uppercase());
        name.push_str(rest);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Written;
    use crate::fixture::Fixture;

    #[test]
    fn every_resource_that_has_a_table_has_a_section_of_the_state() {
        for (resource, _) in SECTIONS {
            let section = section_of(resource).unwrap();
            assert!(Fixture::keys().contains(&&*section), "{resource}: {section}");
        }
    }
}
