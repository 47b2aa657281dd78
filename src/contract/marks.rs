//! The marks (`x-sim-…`) by which one document describes every version of an operation. The build reads them when it
//! makes the tables, and the contract reads them again when it serves a document, so both go through here.
//! docs/openapi-documents.md describes them.

use serde_json::{Map, Value, json};

use super::version::documented_as;

/// The versions in which an operation exists; every one when it is absent.
pub(crate) const VERSIONS: &str = "x-sim-versions";
/// The versions in which an operation asks for the experimental header.
pub(crate) const EXPERIMENTAL: &str = "x-sim-experimental";
/// What differs in single versions.
pub(crate) const IN: &str = "x-sim-in";
/// Whether an operation only reads, where its method does not say it.
pub(crate) const READ: &str = "x-sim-read";
/// Whether an operation takes long to decide.
pub(crate) const SLOW: &str = "x-sim-slow";
/// What a JSON Patch may make of a record.
#[allow(dead_code, reason = "only the build reads it")]
pub(crate) const RESULT: &str = "x-sim-result";
/// Whether the service ignores what a request says here, whatever its type.
#[allow(dead_code, reason = "only the build reads it")]
pub(crate) const IGNORED: &str = "x-sim-ignored";
/// What a schema adds in request bodies when prerequisites are enforced.
pub(crate) const WHEN_ENFORCED: &str = "x-sim-when-enforced";

/// Whether the operation exists in the version of that name.
pub(crate) fn exists_in(operation: &Value, version: &str) -> bool {
    operation[VERSIONS].is_null() || names(&operation[VERSIONS], version)
}

/// Whether the operation asks for the experimental header in the version of that name.
pub(crate) fn is_experimental_in(operation: &Value, version: &str) -> bool {
    names(&operation[EXPERIMENTAL], version)
}

fn names(list: &Value, version: &str) -> bool {
    let version = documented_as(version);
    list.as_array().is_some_and(|names| names.iter().any(|name| name == version))
}

/// The operation as the version of that name has it, without the marks that said so; `None` where it does not
/// exist.
pub(crate) fn in_version(operation: &Value, version: &str) -> Option<Value> {
    if !exists_in(operation, version) {
        return None;
    }
    let mut own = operation.as_object()?.clone();
    if let Some(Value::Object(changes)) = operation[IN].get(documented_as(version)) {
        for (key, value) in changes {
            match (key.as_str(), own.get_mut(key)) {
                ("responses", Some(Value::Object(responses))) => replace_members(responses, value),
                _ => replace_member(&mut own, key, value),
            }
        }
    }
    if is_experimental_in(operation, version)
        && let Value::Array(parameters) = own.entry("parameters").or_insert_with(|| json!([]))
    {
        parameters.insert(0, json!({ "$ref": "#/components/parameters/experimental" }));
    }
    for mark in [VERSIONS, EXPERIMENTAL, IN, READ, SLOW] {
        own.shift_remove(mark);
    }
    Some(Value::Object(own))
}

fn replace_members(into: &mut Map<String, Value>, changes: &Value) {
    for (key, value) in changes.as_object().into_iter().flatten() {
        replace_member(into, key, value);
    }
}

/// Sets a member, or removes it when the value is null.
fn replace_member(into: &mut Map<String, Value>, key: &str, value: &Value) {
    if value.is_null() {
        into.shift_remove(key);
    } else {
        into.insert(key.to_owned(), value.clone());
    }
}

/// Removes every mark that is left, everywhere in `value`.
pub(crate) fn strip(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|key, _| !key.starts_with("x-sim-"));
            object.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Merges what stands under [`WHEN_ENFORCED`] into the schema that it stands in, everywhere in `value`.
pub(crate) fn enforce(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::Object(addition)) = object.shift_remove(WHEN_ENFORCED) {
                merge(object, addition);
            }
            object.values_mut().for_each(enforce);
        }
        Value::Array(items) => items.iter_mut().for_each(enforce),
        _ => {}
    }
}

fn merge(into: &mut Map<String, Value>, addition: Map<String, Value>) {
    for (key, value) in addition {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => merge(inner, value),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}
