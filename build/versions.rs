//! Whether what an operation says of its versions makes sense.

use std::collections::BTreeSet;

use super::super::facts::OperationFacts;
use super::super::marks;
use super::super::version::{NEWEST_VERSION, VERSIONS, documented_as};
use super::openapi::OperationItem;
use super::read::FOLDER;

/// The marks of one operation make sense.
pub(super) fn check_marks(item: &OperationItem, is_unversioned: bool) -> Result<(), String> {
    let mut known: Vec<&str> = VERSIONS.iter().map(|version| version.name).collect();
    known.retain(|name| documented_as(name) == *name);
    let has = |name: &str| {
        known.contains(&name)
            && item.versions.as_ref().is_none_or(|versions| versions.iter().any(|version| version == name))
    };
    let expected = known.join(", ");
    if let Some(versions) = &item.versions {
        match versions.iter().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => {
                return Err(format!("`{}` names `{unknown}`; expected some of {expected}", marks::VERSIONS));
            }
            None if versions.is_empty() => {
                return Err(format!("`{}` is empty; expected some of {expected}", marks::VERSIONS));
            }
            None => {}
        }
    }
    let named = item.experimental.iter().map(|name| (marks::EXPERIMENTAL, name));
    for (mark, name) in named.chain(item.changes.keys().map(|name| (marks::IN, name))) {
        if !has(name) {
            return Err(format!("`{mark}` names `{name}`; expected a version in which the operation exists"));
        }
    }
    if item.changes.get(NEWEST_VERSION).is_some_and(|changes| changes.operation_id.is_some()) {
        return Err(format!("another `operationId` in {NEWEST_VERSION}; expected it as the operation's own"));
    }
    let is_marked = item.versions.is_some() || !item.experimental.is_empty() || !item.changes.is_empty();
    let is_listed = item.filters.is_some() || item.sorters.is_some();
    if is_unversioned && (is_marked || is_listed) {
        return Err("marks of versions; expected none in a document without versions".to_owned());
    }
    if item.summary.as_ref().is_none_or(String::is_empty) {
        return Err("no `summary`; expected one".to_owned());
    }
    Ok(())
}

/// No two operations may share a name, not even in a single version.
pub(super) fn check_names(operations: &[OperationFacts]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for facts in operations {
        let own = facts.in_versions.iter().enumerate();
        let ids = own.filter_map(|(version, form)| Some((Some(version), form.as_ref()?.operation_id)));
        for (version, id) in ids.chain([(None, facts.id)]) {
            if !seen.insert((version, id)) {
                return Err(format!(
                    "{FOLDER}: operation `{id}` is defined twice; expected a name of its own"
                ));
            }
        }
    }
    Ok(())
}
