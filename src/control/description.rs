//! The control API's own document as it is served: what stands in `fixtures/openapi/control.yaml`, and the schemas of
//! all that people write, which are defined once, by the types that read it, and inserted here in OpenAPI's terms.

use serde_json::{Map, Value, json};

use super::alternatives::{capital, name_alternatives, say_what_may_be_null};
use super::answer::clock::Advance;
use super::answer::scenario::UseOfScenarios;
use crate::document::{Definitions, Written};
use crate::fixture::Fixture;
use crate::journal::verify::Expectation;
use crate::scenario::Scenario;
use crate::tenant::operator::ClockChange;
use crate::tenant::passwords::{PasswordChangeRequest, PasswordCheck};
use crate::verdict::VerdictsRequest;
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
    PasswordChangeRequest::schema,
    VerdictsRequest::schema,
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
    name_alternatives(schemas);
    say_what_may_be_null(schemas);
    document
}

/// What a schema is called in the document. In the code that Go's generator writes, `Client` is what makes the calls.
fn component(definition: &str) -> String {
    if definition == "client" { "OAuthClient".to_owned() } else { capital(definition) }
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
            // Which members must be there together: generators of clients cannot do anything with it.
            ("dependencies" | "propertyNames", _) => {}
            ("oneOf", Value::Array(schemas)) if schemas.iter().all(is_about_presence) => {}
            ("allOf" | "oneOf", Value::Array(schemas)) => {
                said.insert(key.clone(), schemas.iter().map(openapi).collect());
            }
            ("anyOf", Value::Array(schemas)) => any_of(&mut said, schemas),
            ("type", Value::Array(kinds)) => {
                let schemas: Vec<_> = kinds.iter().map(|kind| json!({ "type": kind })).collect();
                any_of(&mut said, &schemas);
            }
            ("const", value) => {
                if value.is_string() {
                    said.insert("type".to_owned(), "string".into());
                }
                said.insert("enum".to_owned(), json!([value]));
            }
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
    if schemas.iter().any(|schema| is_null(&schema)) {
        said.insert("nullable".to_owned(), true.into());
    }
    let others = schemas.iter().filter(|schema| !is_null(schema)).map(openapi);
    // Alternatives of an alternative are alternatives, too.
    let others: Vec<Value> = others
        .flat_map(|schema| match schema["anyOf"].as_array() {
            Some(schemas) if schema.as_object().is_some_and(|schema| schema.len() == 1) => schemas.clone(),
            _ => vec![schema],
        })
        .collect();
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

/// Whether a schema says nothing but which members there must be.
fn is_about_presence(schema: &Value) -> bool {
    schema
        .as_object()
        .is_some_and(|schema| schema.keys().all(|key| ["required", "not"].contains(&key.as_str())))
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
            assert!(schema["nullable"].is_null() || schema["type"].is_string(), "{schema}");
            for alternatives in [&schema["anyOf"], &schema["oneOf"]] {
                let alternatives = alternatives.as_array().into_iter().flatten();
                let mut names: Vec<&str> = alternatives
                    .map(|alternative| {
                        alternative["$ref"].as_str().unwrap_or_else(|| panic!("no name: {schema}"))
                    })
                    .collect();
                names.sort_unstable();
                assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "one name for two: {schema}");
            }
            for required in schema["required"].as_array().into_iter().flatten() {
                let property = &schema["properties"][required.as_str().unwrap()];
                assert!(property.is_object(), "{required} is required and not defined: {schema}");
            }
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
        assert_eq!(schemas["OAuthClient"]["properties"]["user"]["nullable"], true);
        assert_eq!(schemas["Advance"]["required"], json!(["by"]));
        assert_eq!(schemas["Expectation"]["properties"]["status"]["maximum"], 599);
        assert_eq!(schemas["TenantRequest"]["properties"]["name"]["pattern"], "^[a-z0-9-]{1,63}$");
        assert_eq!(schemas["TenantRequest"]["properties"]["scenarios"]["type"], "array");
        assert_eq!(
            schemas["TenantRequest"]["properties"]["fixture"]["anyOf"][0]["$ref"],
            "#/components/schemas/TenantRequestFixtureText"
        );
        assert_eq!(schemas["TenantRequestFixtureText"]["type"], "string");
        assert_eq!(schemas["FaultRespond"]["required"], json!(["respond"]));
    }
}
