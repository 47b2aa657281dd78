//! The control API's own document as it is served: what stands in `fixtures/openapi/control.yaml`, and the schemas of
//! all that people write, which are defined once, by the types that read it, and inserted here in OpenAPI's terms.

use serde_json::{Map, Value, json};

use super::answer::clock::Advance;
use super::answer::scenario::UseOfScenarios;
use crate::document::{Definitions, Written};
use crate::fixture::Fixture;
use crate::journal::verify::Expectation;
use crate::scenario::Scenario;
use crate::tenant::operator::ClockChange;
use crate::tenant::passwords::{PasswordCheck, PasswordWish};
use crate::verdict::VerdictsWish;
use crate::world::TenantRequest;

/// The schemas of what a body may hold, each by the type that reads it: a line each.
const BODIES: &[fn(&mut Definitions) -> Value] = &[
    Scenario::schema,
    Fixture::schema,
    TenantRequest::schema,
    ClockChange::schema,
    Advance::schema,
    UseOfScenarios::schema,
    Expectation::schema,
    PasswordCheck::schema,
    PasswordWish::schema,
    VerdictsWish::schema,
];

/// The document, as the build wrote it from YAML.
const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/control.json"));

/// The document for a base URL.
pub(super) fn description(base_url: &str) -> Value {
    let mut document: Value = serde_json::from_str(DOCUMENT).expect("the build wrote the document");
    document["servers"] = json!([{ "url": base_url }]);
    let schemas = document["components"]["schemas"].as_object_mut().expect("the document has schemas");
    let mut definitions = Definitions::new("#/definitions/");
    for body in BODIES {
        body(&mut definitions);
    }
    for (name, definition) in definitions.into_schemas() {
        schemas.insert(component(&name), openapi(&definition));
    }
    document
}

/// `rateLimited` as `RateLimited`.
fn component(definition: &str) -> String {
    let mut chars = definition.chars();
    chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

/// A schema of JSON Schema draft 7 in the terms of OpenAPI 3.0. What those cannot express is left out: the document
/// then allows more than the reader does.
fn openapi(schema: &Value) -> Value {
    let Value::Object(written) = schema else { return schema.clone() };
    let mut said = Map::new();
    for (key, value) in written {
        match (key.as_str(), value) {
            ("$ref", Value::String(reference)) => {
                let name = component(reference.rsplit('/').next().unwrap_or_default());
                said.insert("$ref".to_owned(), format!("#/components/schemas/{name}").into());
            }
            ("properties", Value::Object(properties)) => {
                let properties: Map<_, _> =
                    properties.iter().map(|(name, schema)| (name.clone(), openapi(schema))).collect();
                said.insert(key.clone(), properties.into());
            }
            ("items" | "additionalProperties" | "not", schema) => {
                said.insert(key.clone(), openapi(schema));
            }
            ("allOf" | "oneOf", Value::Array(schemas)) => {
                said.insert(key.clone(), schemas.iter().map(openapi).collect());
            }
            ("anyOf", Value::Array(schemas)) => any_of(&mut said, schemas),
            ("type", Value::Array(kinds)) => {
                said.insert("oneOf".to_owned(), kinds.iter().map(|kind| json!({ "type": kind })).collect());
            }
            ("const", value) => {
                said.insert("enum".to_owned(), json!([value]));
            }
            ("dependencies", Value::Object(dependencies)) => {
                let each = dependencies.iter().map(|(name, needs)| dependency(name, needs));
                said.insert("allOf".to_owned(), each.collect());
            }
            ("propertyNames", _) => {}
            _ => {
                said.insert(key.clone(), value.clone());
            }
        }
    }
    said.into()
}

/// One of several schemas; null among them becomes `nullable`.
fn any_of(said: &mut Map<String, Value>, schemas: &[Value]) {
    let is_null = |schema: &&Value| schema["type"] == "null";
    let others: Vec<Value> = schemas.iter().filter(|schema| !is_null(schema)).map(openapi).collect();
    if others.len() < schemas.len() {
        said.insert("nullable".to_owned(), true.into());
    }
    match <[Value; 1]>::try_from(others) {
        Ok([Value::Object(only)]) => said.extend(only),
        Ok([other]) => {
            said.insert("allOf".to_owned(), json!([other]));
        }
        Err(others) => {
            said.insert("anyOf".to_owned(), others.into());
        }
    }
}

/// If `name` is present, `needs` must hold.
fn dependency(name: &str, needs: &Value) -> Value {
    let needs = if needs.is_array() { json!({ "required": needs }) } else { openapi(needs) };
    json!({ "anyOf": [{ "not": { "required": [name] } }, needs] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;

    /// Every schema, and every reference, of a document.
    fn walk(value: &Value, is_schema: bool, schemas: &mut Vec<Value>, references: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                if is_schema {
                    schemas.push(value.clone());
                }
                for (key, member) in object {
                    if let ("$ref", Some(reference)) = (key.as_str(), member.as_str()) {
                        references.push(reference.to_owned());
                    }
                    let leads_to_schema =
                        ["schema", "items", "additionalProperties", "not"].contains(&key.as_str());
                    if ["properties", "schemas"].contains(&key.as_str()) {
                        let members = member.as_object().into_iter().flat_map(Map::values);
                        members.for_each(|member| walk(member, true, schemas, references));
                    } else if ["allOf", "oneOf", "anyOf"].contains(&key.as_str()) {
                        let members = member.as_array().into_iter().flatten();
                        members.for_each(|member| walk(member, true, schemas, references));
                    } else if key != "example" {
                        walk(member, leads_to_schema, schemas, references);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, false, schemas, references)),
            _ => {}
        }
    }

    #[test]
    fn the_document_says_everything_in_openapis_words_and_refers_to_nothing_that_is_not_there() {
        const KNOWN: [&str; 24] = [
            "$ref",
            "type",
            "format",
            "description",
            "default",
            "example",
            "nullable",
            "enum",
            "minimum",
            "maximum",
            "minLength",
            "maxLength",
            "pattern",
            "items",
            "minItems",
            "maxItems",
            "required",
            "properties",
            "additionalProperties",
            "minProperties",
            "maxProperties",
            "allOf",
            "oneOf",
            "anyOf",
        ];
        let document = description("http://localhost:1");
        let (mut schemas, mut references) = (Vec::new(), Vec::new());
        walk(&document, false, &mut schemas, &mut references);
        assert!(schemas.len() > 150 && references.len() > 250, "{} {}", schemas.len(), references.len());
        for schema in schemas {
            for key in schema.as_object().unwrap().keys() {
                assert!(KNOWN.contains(&key.as_str()) || key == "not", "{key} in {schema}");
            }
            assert!(schema["type"].is_null() || schema["type"].is_string(), "{schema}");
        }
        for reference in references {
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference}");
        }
    }

    #[test]
    fn the_formats_of_files_are_those_of_their_own_schemas() {
        let document = description("http://localhost:1");
        let schemas = &document["components"]["schemas"];
        let ids = Operation::ALL.map(Operation::id);
        assert_eq!(schemas["Operation"]["enum"], json!(&ids[..]));
        assert_eq!(schemas["Fixture"]["properties"]["groups"]["items"]["$ref"], "#/components/schemas/Group");
        assert_eq!(schemas["Client"]["properties"]["user"]["nullable"], true);
        assert_eq!(schemas["Advance"]["required"], json!(["by"]));
        assert_eq!(schemas["Expectation"]["properties"]["status"]["maximum"], 599);
        assert_eq!(schemas["TenantRequest"]["properties"]["name"]["pattern"], "^[a-z0-9-]{1,63}$");
        assert_eq!(schemas["Rule"]["allOf"][0]["anyOf"][1], json!({ "required": ["sequence"] }));
    }
}
