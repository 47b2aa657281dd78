//! A request body's schema, cut out of its document so that it is complete in itself: references are followed, prose is
//! left out, what may be absent may be null, and OpenAPI's `nullable` is said as JSON Schema says it.

use serde_json::{Map, Value, json};

use super::super::marks;

/// Keywords that check nothing.
const PROSE: [&str; 7] = ["description", "example", "default", "readOnly", "deprecated", "nullable", "$ref"];

/// The schema `written` of a body, with `components` to follow references into.
pub(super) fn complete(written: &Value, components: &Value, is_enforced: bool) -> Result<String, String> {
    let mut way = Vec::new();
    let mut schema = follow(written, components, &mut way)?;
    if is_enforced {
        marks::enforce(&mut schema);
    }
    marks::allow_null(&mut schema);
    let mut schema = plain(&schema);
    marks::strip(&mut schema);
    Ok(schema.to_string())
}

/// The schema `written` of a reply, with every reference followed.
pub(super) fn resolved(written: &Value, components: &Value) -> Result<Value, String> {
    follow(written, components, &mut Vec::new())
}

/// The schema with every reference replaced by what it refers to. `way` has the references that lead here.
fn follow(schema: &Value, components: &Value, way: &mut Vec<String>) -> Result<Value, String> {
    match schema {
        Value::Object(object) => {
            if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                if way.iter().any(|before| before == reference) {
                    return Err(format!("`{reference}` refers to itself; expected a schema that ends"));
                }
                way.push(reference.to_owned());
                let name = reference.rsplit('/').next().unwrap_or_default();
                let found = follow(&components["schemas"][name], components, way);
                way.pop();
                return found;
            }
            let followed =
                object.iter().map(|(key, value)| Ok((key.clone(), follow(value, components, way)?)));
            followed.collect::<Result<Map<_, _>, String>>().map(Value::Object)
        }
        Value::Array(items) => items.iter().map(|item| follow(item, components, way)).collect(),
        _ => Ok(schema.clone()),
    }
}

/// The schema in JSON Schema's words, without prose.
fn plain(schema: &Value) -> Value {
    let Value::Object(written) = schema else { return schema.clone() };
    let mut object = Map::new();
    if written.get(marks::IGNORED) == Some(&Value::Bool(true)) {
        return object.into();
    }
    for (key, value) in written.iter().filter(|(key, _)| !PROSE.contains(&key.as_str())) {
        object.insert(key.clone(), plain_keyword(key, value));
    }
    if let Some((least, most)) = range(written.get("format")) {
        object.entry("minimum").or_insert_with(|| least.into());
        object.entry("maximum").or_insert_with(|| most.into());
    }
    if written.get("nullable") != Some(&Value::Bool(true)) {
        return object.into();
    }
    let Some(kind) = object.get_mut("type") else {
        return json!({ "anyOf": [{ "type": "null" }, object] });
    };
    *kind = json!([kind.take(), "null"]);
    if let Some(Value::Array(options)) = object.get_mut("enum")
        && !options.contains(&Value::Null)
    {
        options.push(Value::Null);
    }
    object.into()
}

/// The numbers that a format has room for; to JSON Schema the formats of OpenAPI say nothing.
fn range(format: Option<&Value>) -> Option<(i64, i64)> {
    match format?.as_str()? {
        "int32" => Some((i32::MIN.into(), i32::MAX.into())),
        "int64" => Some((i64::MIN, i64::MAX)),
        _ => None,
    }
}

fn plain_keyword(key: &str, value: &Value) -> Value {
    match (key, value) {
        ("properties", Value::Object(properties)) => {
            Value::Object(properties.iter().map(|(name, schema)| (name.clone(), plain(schema))).collect())
        }
        ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => schemas.iter().map(plain).collect(),
        ("items" | "additionalProperties", schema) => plain(schema),
        _ => value.clone(),
    }
}
