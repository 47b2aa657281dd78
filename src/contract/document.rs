//! The document of one API version as it is served: only what exists in that version, without marks, and with schemas of
//! their own for request bodies: they may have null where they may have nothing, and say which prerequisites the
//! running configuration enforces.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Contract, marks};
use crate::prerequisites::Prerequisites;
use crate::version::ApiVersion;

/// The suffix of schemas that requests have for themselves.
const REQUEST: &str = "Request";

impl Contract {
    /// The document for one API version: paths and operationIds as that version spells them, `servers` and
    /// token URLs under `base_url`, and request bodies as `prerequisites` has them.
    pub fn document(&self, version: &ApiVersion, prerequisites: Prerequisites, base_url: &str) -> Value {
        let mut document: Value = serde_json::from_str(self.document).expect("the build wrote the document");
        document["paths"] = paths(&document["paths"], version);
        tell_requests_apart(&mut document, prerequisites);
        marks::strip(&mut document);
        drop_what_is_not_used(&mut document);
        keep_scopes_that_are_used(&mut document, base_url);
        let mut served = json!({});
        for (key, value) in document.as_object_mut().into_iter().flatten() {
            served[key] = value.take();
            if key == "info" {
                served["info"]["version"] = version.name.into();
                served["servers"] = json!([{ "url": format!("{base_url}{}", version.server_suffix()) }]);
            }
        }
        served
    }
}

/// The paths, with the operations of the version as the version has them.
fn paths(paths: &Value, version: &ApiVersion) -> Value {
    let mut spelled = json!({});
    for (path, item) in paths.as_object().into_iter().flatten() {
        let mut own = Map::new();
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Some(mut operation) = marks::in_version(operation, version.name) else { continue };
            if let Some(id) = operation["operationId"].as_str() {
                operation["operationId"] = format!("{id}{}", version.operation_suffix()).into();
            }
            own.insert(method.clone(), operation);
        }
        if !own.is_empty() {
            spelled[version.spell(path)] = own.into();
        }
    }
    spelled
}

/// Gives request bodies schemas of their own where they differ from those of replies.
fn tell_requests_apart(document: &mut Value, prerequisites: Prerequisites) {
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let differing = differing_schemas(&schemas, prerequisites);
    let mut all = Map::new();
    for (name, schema) in schemas {
        if differing.contains(&name) {
            let mut own = schema.clone();
            make_requests(&mut own, &differing, prerequisites);
            all.insert(name.clone(), schema);
            all.insert(format!("{name}{REQUEST}"), own);
        } else {
            all.insert(name, schema);
        }
    }
    document["components"]["schemas"] = all.into();
    for operation in operations(document) {
        if let Some(body) = operation.get_mut("requestBody") {
            make_requests(body, &differing, prerequisites);
        }
    }
}

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut)
}

/// The schemas that say something else for requests, or refer to one that does.
fn differing_schemas(schemas: &Map<String, Value>, prerequisites: Prerequisites) -> BTreeSet<String> {
    let mut differing = BTreeSet::new();
    for (name, schema) in schemas {
        let mut own = schema.clone();
        make_requests(&mut own, &differing, prerequisites);
        if own != *schema {
            differing.insert(name.clone());
        }
    }
    loop {
        let before = differing.len();
        for (name, schema) in schemas {
            let mut refers = false;
            each_object(schema, &mut |object| {
                let target = object.get("$ref").and_then(Value::as_str).and_then(schema_name);
                refers |= target.is_some_and(|target| differing.contains(target));
            });
            if refers {
                differing.insert(name.clone());
            }
        }
        if differing.len() == before {
            return differing;
        }
    }
}

/// Says what holds of requests only, and refers to the schemas of requests.
fn make_requests(value: &mut Value, differing: &BTreeSet<String>, prerequisites: Prerequisites) {
    if prerequisites == Prerequisites::Enforce {
        marks::enforce(value);
    }
    marks::allow_null(value);
    rename_references(value, differing);
}

fn rename_references(value: &mut Value, differing: &BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && schema_name(reference).is_some_and(|name| differing.contains(name))
            {
                reference.push_str(REQUEST);
            }
            object.values_mut().for_each(|member| rename_references(member, differing));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename_references(item, differing)),
        _ => {}
    }
}

fn schema_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}

fn each_object(value: &Value, see: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            see(object);
            object.values().for_each(|member| each_object(member, see));
        }
        Value::Array(items) => items.iter().for_each(|item| each_object(item, see)),
        _ => {}
    }
}

/// Drops tags and components that no operation of the version leads to.
fn drop_what_is_not_used(document: &mut Value) {
    let mut used = BTreeSet::new();
    let mut tags = BTreeSet::new();
    follow(&document["paths"], &document["components"], &mut used);
    for operation in operations(document) {
        let own = operation["tags"].as_array().into_iter().flatten();
        tags.extend(own.filter_map(Value::as_str).map(str::to_owned));
    }
    if let Some(list) = document["tags"].as_array_mut() {
        list.retain(|tag| tag["name"].as_str().is_some_and(|name| tags.contains(name)));
    }
    let Some(components) = document["components"].as_object_mut() else { return };
    for kind in ["parameters", "schemas", "responses"] {
        if let Some(Value::Object(members)) = components.get_mut(kind) {
            members.retain(|name, _| used.contains(&format!("/{kind}/{name}")));
        }
    }
    components.retain(|_, members| members.as_object().is_some_and(|members| !members.is_empty()));
}

/// Collects the components that `value` leads to.
fn follow(value: &Value, components: &Value, used: &mut BTreeSet<String>) {
    let mut found = Vec::new();
    each_object(value, &mut |object| {
        let reference = object.get("$ref").and_then(Value::as_str);
        found.extend(
            reference.and_then(|reference| reference.strip_prefix("#/components")).map(str::to_owned),
        );
    });
    for place in found {
        if let Some(component) = components.pointer(&place)
            && used.insert(place)
        {
            follow(component, components, used);
        }
    }
}

/// Each kind of token is described with the scopes that the version requires of it, and where to get one.
fn keep_scopes_that_are_used(document: &mut Value, base_url: &str) {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for operation in operations(document) {
        let ways = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
        for (scheme, scopes) in ways.flatten() {
            let scopes = scopes.as_array().into_iter().flatten().filter_map(Value::as_str);
            used.entry(scheme.clone()).or_default().extend(scopes.map(str::to_owned));
        }
    }
    let schemes = document["components"]["securitySchemes"].as_object_mut();
    for (name, scheme) in schemes.into_iter().flatten() {
        let flow = &mut scheme["flows"]["clientCredentials"];
        flow["tokenUrl"] = format!("{base_url}/oauth/token").into();
        if let (Some(used), Some(scopes)) = (used.get(name), flow["scopes"].as_object_mut()) {
            scopes.retain(|scope, _| used.contains(scope));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_served_document_says_what_the_running_configuration_enforces() {
        let contract = Contract::built_in();
        let version = ApiVersion::named("v1").unwrap();
        let strict = contract.document(version, Prerequisites::Enforce, "http://127.0.0.1:1");
        let schemas = &strict["components"]["schemas"];
        let request = &schemas["PasswordSyncGroupRequest"];
        assert_eq!(request["required"], json!(["name", "passwordPolicyId", "sourceIds"]));
        assert_eq!(request["properties"]["sourceIds"]["minItems"], 2);
        let nullable = |schema: &Value, field: &str| schema["properties"][field]["nullable"] == true;
        assert!(nullable(request, "id") && !nullable(request, "name"));
        assert!(!nullable(&schemas["PasswordSyncGroup"], "id"));
        assert_eq!(schemas["PasswordSyncGroup"]["required"], Value::Null);
        assert_eq!(strict["servers"], json!([{ "url": "http://127.0.0.1:1" }]));
        let create = &strict["paths"]["/password-sync-groups/v1"]["post"];
        assert_eq!(create["operationId"], "createPasswordSyncGroupV1");
        let schema = "/content/application~1json/schema/$ref";
        assert_eq!(
            create["requestBody"].pointer(schema).unwrap(),
            "#/components/schemas/PasswordSyncGroupRequest"
        );
        let reply = create["responses"]["200"].pointer(schema).unwrap();
        assert_eq!(reply, "#/components/schemas/PasswordSyncGroup");

        let version = ApiVersion::named("v2024").unwrap();
        let lax = contract.document(version, Prerequisites::Ignore, "http://127.0.0.1:1");
        let schemas = &lax["components"]["schemas"];
        let request = &schemas["PasswordSyncGroupRequest"];
        assert_eq!(request["required"], Value::Null);
        assert!(nullable(request, "id") && nullable(request, "name"));
        assert_eq!(schemas["PasswordSyncGroup"]["required"], Value::Null);
        assert_eq!(lax["servers"], json!([{ "url": "http://127.0.0.1:1/v2024" }]));
        for document in [strict, lax] {
            assert!(!document.to_string().contains("x-sim-"));
            let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["openapi", "info", "servers", "tags", "paths", "components"]);
        }
    }
}
