//! Makes the schemas of the control API's document ones that generators of clients cope with: each alternative has a
//! name of its own, and what may be null says which type it is otherwise.

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// Gives each alternative (`anyOf`, `oneOf`) that is written in its place a schema and a name of its own.
pub(super) fn name_alternatives(schemas: &mut Map<String, Value>) {
    let mut named = Map::new();
    for (owner, schema) in schemas.iter_mut() {
        name_within(owner, schema, &mut named);
    }
    for (name, schema) in named {
        let former = schemas.insert(name, schema);
        debug_assert!(former.is_none(), "an alternative has a name that is taken: {former:?}");
    }
}

fn name_within(owner: &str, schema: &mut Value, named: &mut Map<String, Value>) {
    let Value::Object(schema) = schema else { return };
    for (key, below) in schema.iter_mut() {
        match (key.as_str(), below) {
            ("anyOf" | "oneOf", Value::Array(alternatives)) => {
                for alternative in alternatives {
                    move_away(owner, alternative, named);
                }
            }
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties {
                    name_within(&format!("{owner}{}", capital(name)), property, named);
                }
            }
            ("items" | "additionalProperties", below) => name_within(owner, below, named),
            _ => {}
        }
    }
}

/// Puts a reference where an alternative was written.
fn move_away(owner: &str, alternative: &mut Value, named: &mut Map<String, Value>) {
    if alternative["$ref"].is_null() {
        let name = format!("{owner}{}", what_it_is(alternative));
        let mut own = std::mem::replace(alternative, json!({ "$ref": format!("{SCHEMAS}{name}") }));
        name_within(&name, &mut own, named);
        named.insert(name, own);
    }
}

/// What tells an alternative from others: the one key that it requires, the one value that it has, or its type.
fn what_it_is(schema: &Value) -> String {
    if let Some([key]) = schema["required"].as_array().map(Vec::as_slice) {
        return capital(key.as_str().unwrap_or_default());
    }
    if let Some(values) = schema["enum"].as_array() {
        let [only] = values.as_slice() else { return "Name".to_owned() };
        let word = only.as_str().filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
        return word.map_or_else(|| "Any".to_owned(), capital);
    }
    let word = match schema["type"].as_str() {
        Some("string") => "Text",
        Some("number" | "integer") => "Number",
        Some("boolean") => "Flag",
        Some("array") => "List",
        _ => "Other",
    };
    word.to_owned()
}

/// `rateLimited` as `RateLimited`.
pub(super) fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

/// OpenAPI 3.0 knows `nullable` only beside a `type`: it is that of the schema which is referred to, and where that is an
/// object's it must allow null, too. Where there are several types, null is left out: the document then allows less than
/// the reader does.
pub(super) fn say_what_may_be_null(schemas: &mut Map<String, Value>) {
    let known = schemas.clone();
    let mut nullable = Vec::new();
    schemas.values_mut().for_each(|schema| type_within(schema, &known, &mut nullable));
    for name in nullable {
        schemas[name]["nullable"] = true.into();
    }
}

fn type_within<'a>(schema: &mut Value, known: &'a Map<String, Value>, nullable: &mut Vec<&'a str>) {
    match schema {
        Value::Object(object) => {
            if object.get("nullable") == Some(&Value::Bool(true)) && !object.contains_key("type") {
                let referred = referred(object, known);
                match referred.and_then(|(_, schema)| schema["type"].as_str()) {
                    Some(kind) => object.insert("type".to_owned(), kind.into()),
                    None => object.remove("nullable"),
                };
                nullable
                    .extend(referred.filter(|(_, schema)| schema["type"] == "object").map(|(name, _)| name));
            }
            object.values_mut().for_each(|below| type_within(below, known, nullable));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| type_within(item, known, nullable)),
        _ => {}
    }
}

/// The schema that another refers to by `allOf`, and its name.
fn referred<'a>(schema: &Map<String, Value>, known: &'a Map<String, Value>) -> Option<(&'a str, &'a Value)> {
    let reference = schema.get("allOf")?[0]["$ref"].as_str()?;
    known.get_key_value(reference.strip_prefix(SCHEMAS)?).map(|(name, schema)| (name.as_str(), schema))
}
