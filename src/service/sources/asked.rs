//! What a request says of a source. The contract has seen the types; here it becomes a source, with the fields that the
//! client may choose, and without what the service does not know.

use serde_json::{Map, Value, json};

use super::super::View;
use super::super::patch::illegal_attempt;
use crate::document::{Written, from_json};
use crate::fixture::{Identity, PasswordPolicy, Source};
use crate::wire::{DetailCode, Refusal};

/// What a client cannot choose when it creates a source, or replaces one.
const COMPUTED: [&str; 8] =
    ["id", "created", "modified", "authoritative", "healthy", "status", "since", "category"];
/// What a replacement must not change, beside `passwordPolicies`.
const FIXED: [&str; 5] = ["id", "type", "authoritative", "connector", "connectorClass"];
/// What a replacement that does not mention it leaves as it is.
const KEPT: [&str; 6] =
    ["type", "connectorClass", "connectorId", "connectorName", "connectionType", "connectorImplementationId"];
/// References to what is not simulated: kept as they are sent.
const REFERENCES: [&str; 6] = [
    "cluster",
    "accountCorrelationConfig",
    "accountCorrelationRule",
    "managerCorrelationRule",
    "beforeProvisioningRule",
    "managementWorkgroup",
];
/// How deeply `connectorAttributes` may be nested.
const MOST_DEEP: usize = 60;

/// A source that is created.
pub(super) fn created(view: &View<'_>, body: Value, is_csv: bool) -> Result<Source, Refusal> {
    let mut members = members(body);
    for field in COMPUTED {
        members.shift_remove(field);
    }
    if is_csv {
        members.insert("type".to_owned(), "DelimitedFile".into());
        members.insert("connectionType".to_owned(), "file".into());
    } else if !members.contains_key("connectionType") {
        let is_file = members["connector"].as_str().is_some_and(|name| name.starts_with("delimited-file"));
        let connection = if is_file { "file" } else { "direct" };
        members.insert("connectionType".to_owned(), connection.into());
    }
    // Until the service has chosen one.
    members.insert("id".to_owned(), "new".into());
    source(view, members)
}

/// A source that replaces another.
pub(super) fn replaced(view: &View<'_>, body: Value, former: &Source) -> Result<Source, Refusal> {
    let mut members = members(body);
    let record = json!(former);
    for field in FIXED {
        if members.get(field).is_some_and(|sent| *sent != record[field]) {
            return Err(illegal_attempt(field));
        }
    }
    if let Some(sent) = members.get("passwordPolicies")
        && ids(sent) != ids(&record["passwordPolicies"])
    {
        return Err(illegal_attempt("passwordPolicies"));
    }
    for field in COMPUTED.into_iter().chain(["passwordPolicies"]) {
        members.insert(field.to_owned(), record[field].clone());
    }
    for field in KEPT.into_iter().filter(|field| !members.contains_key(*field)).collect::<Vec<_>>() {
        members.insert(field.to_owned(), record[field].clone());
    }
    let attributes = members.entry("connectorAttributes").or_insert_with(|| json!({}));
    for key in Source::ADDED_ATTRIBUTES {
        attributes[key] = record["connectorAttributes"][key].clone();
    }
    source(view, members)
}

/// A source after a JSON Patch.
pub(super) fn patched(view: &View<'_>, result: Value, former: &Source) -> Result<Source, Refusal> {
    let mut members = members(result);
    if !members.contains_key("connectionType") {
        members.insert("connectionType".to_owned(), json!(former.connection_type));
    }
    if !members.contains_key("deleteThreshold") {
        members.insert("deleteThreshold".to_owned(), json!(former.delete_threshold));
    }
    source(view, members)
}

/// The name of the person with this id: an identity, or the user of a client.
pub(super) fn name_of_person(view: &View<'_>, id: &str) -> Option<String> {
    if let Some(identity) = view.table::<Identity>().get(id) {
        return Some(identity.name.clone());
    }
    let mut users = view.auth.clients().iter().filter_map(|client| client.user.as_ref());
    users.find(|user| user.id == id).map(|user| user.user_name.clone())
}

/// The members of a body that a source has and that are not null, in their order.
fn members(body: Value) -> Map<String, Value> {
    let Value::Object(mut members) = body else { return Map::new() };
    members.retain(|field, value| Source::keys().contains(&&**field) && !value.is_null());
    members
}

/// The ids in a list of references.
fn ids(references: &Value) -> Vec<&Value> {
    references.as_array().into_iter().flatten().map(|reference| &reference["id"]).collect()
}

/// The source that these members say, null counting as absent.
fn source(view: &View<'_>, mut members: Map<String, Value>) -> Result<Source, Refusal> {
    members.retain(|_, value| !value.is_null());
    if members.get("connectorAttributes").is_some_and(|value| is_deeper(value, MOST_DEEP)) {
        let text = format!("Field \"connectorAttributes\" must not be nested more than {MOST_DEEP} deep.");
        return Err(Refusal::bad_request(DetailCode::IllegalValue, text));
    }
    for field in REFERENCES {
        if let Some(reference) = members.get_mut(field) {
            keep(reference, &["type", "id", "name"]);
        }
    }
    if let Some(mapping) = members.get_mut("managerCorrelationMapping") {
        keep(mapping, &["accountAttributeName", "identityAttributeName"]);
    }
    if let Some(schemas) = members.get_mut("schemas").and_then(Value::as_array_mut) {
        schemas.retain(Value::is_object);
        for schema in schemas {
            keep(schema, &["type", "id", "name"]);
        }
    }
    if let Some(owner) = members.remove("owner") {
        members.insert("owner".to_owned(), person(view, &owner));
    }
    if let Some(policies) = members.get_mut("passwordPolicies").and_then(Value::as_array_mut) {
        policies.retain(|policy| policy["id"].as_str().is_some_and(|id| !id.is_empty()));
        for policy in policies {
            *policy = policy_reference(view, policy);
        }
    }
    from_json(&members.into()).map_err(|why| Refusal::bad_request(DetailCode::IllegalValue, why))
}

/// Keeps these members of an object only.
fn keep(object: &mut Value, fields: &[&str]) {
    if let Value::Object(members) = object {
        members.retain(|field, _| fields.contains(&&**field));
    }
}

/// An owner as the service shows it: with the name that the person has. Without an id it is nobody.
fn person(view: &View<'_>, owner: &Value) -> Value {
    let Some(id) = owner["id"].as_str().filter(|id| !id.is_empty()) else { return Value::Null };
    let name = name_of_person(view, id);
    let name = name.or_else(|| owner["name"].as_str().map(str::to_owned)).unwrap_or_default();
    json!({"type": "IDENTITY", "id": id, "name": name})
}

/// A policy as the service shows it: with its name.
fn policy_reference(view: &View<'_>, policy: &Value) -> Value {
    let id = policy["id"].as_str().unwrap_or_default();
    let name = view.table::<PasswordPolicy>().get(id).map(|policy| policy.name.clone());
    json!({"type": "PASSWORD_POLICY", "id": id, "name": name.unwrap_or_default()})
}

/// Whether a value is nested more deeply than that.
fn is_deeper(value: &Value, most: usize) -> bool {
    match value {
        Value::Array(items) => most == 0 || items.iter().any(|item| is_deeper(item, most - 1)),
        Value::Object(members) => most == 0 || members.values().any(|member| is_deeper(member, most - 1)),
        _ => false,
    }
}
