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
/// What a list can be filtered by: fields, and the operators that each may have.
pub(crate) const FILTERS: &str = "x-sim-filters";
/// What a list can be sorted by.
pub(crate) const SORTERS: &str = "x-sim-sorters";
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
    let mut own = changed_in(operation, version)?;
    let selecting = [filters_parameter(own.get(FILTERS)), sorters_parameter(own.get(SORTERS))];
    let experimental = is_experimental_in(operation, version)
        .then(|| json!({ "$ref": "#/components/parameters/experimental" }));
    let mut added = selecting.into_iter().flatten().peekable();
    if (experimental.is_some() || added.peek().is_some())
        && let Value::Array(parameters) = own.entry("parameters").or_insert_with(|| json!([]))
    {
        parameters.splice(0..0, experimental);
        parameters.extend(added);
    }
    for mark in [VERSIONS, EXPERIMENTAL, IN, READ, SLOW, FILTERS, SORTERS] {
        own.shift_remove(mark);
    }
    Some(Value::Object(own))
}

/// What the list can be filtered and sorted by in the version of that name: null for what is ignored there.
pub(crate) fn listing_in(operation: &Value, version: &str) -> [Value; 2] {
    let mut own = changed_in(operation, version).unwrap_or_default();
    [FILTERS, SORTERS].map(|mark| own.get_mut(mark).map(Value::take).unwrap_or_default())
}

/// The operation with the changes of the version of that name; `None` where it does not exist.
fn changed_in(operation: &Value, version: &str) -> Option<Map<String, Value>> {
    if !exists_in(operation, version) {
        return None;
    }
    let mut own = operation.as_object()?.clone();
    if let Some(Value::Object(changes)) = operation[IN].get(documented_as(version)) {
        for (key, value) in changes {
            match (key.as_str(), own.get_mut(key)) {
                ("responses" | FILTERS, Some(Value::Object(members))) if value.is_object() => {
                    replace_members(members, value);
                }
                _ => replace_member(&mut own, key, value),
            }
        }
    }
    Some(own)
}

/// The parameter that says in words what a list can be filtered by.
fn filters_parameter(filters: Option<&Value>) -> Option<Value> {
    let fields = filters?.as_object()?.iter().map(|(field, operators)| {
        let operators: Vec<&str> =
            operators.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        format!("`{field}`: {}", operators.join(", "))
    });
    let fields: Vec<String> = fields.collect();
    let description = format!(
        "Which items to list: conditions on fields, such as `name eq \"Staff\"`, joined by `and`, `or`, `not` and \
        parentheses. The fields, and the operators that each may have: {}.",
        fields.join("; ")
    );
    Some(query_parameter("filters", &description))
}

/// The parameter that says in words what a list can be sorted by.
fn sorters_parameter(sorters: Option<&Value>) -> Option<Value> {
    let fields = sorters?.as_array()?.iter().filter_map(Value::as_str).map(|field| format!("`{field}`"));
    let fields: Vec<String> = fields.collect();
    let description = format!(
        "What to sort by: fields with commas between them, each with `-` in front for the greatest first. The \
        fields: {}.",
        fields.join(", ")
    );
    Some(query_parameter("sorters", &description))
}

fn query_parameter(name: &str, description: &str) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": { "type": "string" } })
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

/// Allows null in every property that may be left out, everywhere in a request's schema: clients write it for what they
/// do not have.
pub(crate) fn allow_null(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let required = object.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                let optional =
                    properties.iter_mut().filter(|(name, _)| !required.iter().any(|known| known == *name));
                // OpenAPI 3.0 has `nullable` only beside `type`.
                for schema in optional.filter_map(|(_, schema)| schema.as_object_mut()) {
                    if schema.contains_key("type") {
                        schema.insert("nullable".to_owned(), true.into());
                        also_null(schema);
                    }
                }
            }
            object.values_mut().for_each(allow_null);
        }
        Value::Array(items) => items.iter_mut().for_each(allow_null),
        _ => {}
    }
}

/// Adds null to the values that there are: `nullable` alone does not allow it where they are counted up.
fn also_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
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
