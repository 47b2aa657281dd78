//! The part of OpenAPI 3.0 that our document uses, as strict types: a keyword that is not here is an error at
//! start, with its place. Reading only; compiling is next door in `mod.rs`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenApi {
    pub(super) openapi: String,
    #[serde(rename = "info")]
    _info: Value,
    #[serde(rename = "tags", default)]
    _tags: Vec<Tag>,
    pub(super) paths: BTreeMap<String, PathItem>,
    #[serde(default)]
    pub(super) components: Components,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "description")]
    _description: Option<String>,
}

/// The operations of a path.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathItem {
    pub(super) get: Option<OperationItem>,
    pub(super) post: Option<OperationItem>,
    pub(super) put: Option<OperationItem>,
    pub(super) patch: Option<OperationItem>,
    pub(super) delete: Option<OperationItem>,
}

/// One operation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct OperationItem {
    pub(super) operation_id: String,
    #[serde(rename = "tags", default)]
    _tags: Vec<String>,
    #[serde(rename = "summary")]
    _summary: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(default)]
    pub(super) security: Vec<SecurityRequirement>,
    #[serde(rename = "x-sailpoint-userLevels", default)]
    pub(super) user_levels: Vec<String>,
    #[serde(default)]
    pub(super) parameters: Vec<ParameterItem>,
    pub(super) request_body: Option<BodyItem>,
    pub(super) responses: BTreeMap<String, ResponseItem>,
}

/// One way to be allowed: the scopes, any of which will do, for a kind of token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SecurityRequirement {
    pub(super) user_auth: Option<Vec<String>>,
    pub(super) application_auth: Option<Vec<String>>,
}

/// A parameter, or a reference to one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParameterItem {
    #[serde(rename = "$ref")]
    pub(super) reference: Option<String>,
    pub(super) name: Option<String>,
    #[serde(rename = "in")]
    pub(super) place: Option<ParameterPlace>,
    #[serde(rename = "required", default)]
    _required: bool,
    #[serde(rename = "description")]
    _description: Option<String>,
    pub(super) schema: Option<Schema>,
    #[serde(rename = "example")]
    _example: Option<Value>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum ParameterPlace {
    Query,
    Path,
}

/// A request body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BodyItem {
    #[serde(rename = "required", default)]
    _required: bool,
    pub(super) content: BTreeMap<String, MediaItem>,
}

/// A body in one media type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MediaItem {
    #[serde(rename = "schema")]
    _schema: Schema,
    #[serde(rename = "example")]
    _example: Option<Value>,
}

/// A response, or a reference to one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponseItem {
    #[serde(rename = "$ref")]
    _reference: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "headers", default)]
    _headers: BTreeMap<String, HeaderItem>,
    #[serde(rename = "content", default)]
    _content: BTreeMap<String, MediaItem>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderItem {
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "schema")]
    _schema: Schema,
}

/// What is referred to by name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Components {
    #[serde(rename = "securitySchemes")]
    _security_schemes: BTreeMap<String, Value>,
    pub(super) parameters: BTreeMap<String, ParameterItem>,
    #[serde(rename = "schemas")]
    _schemas: BTreeMap<String, Schema>,
    #[serde(rename = "responses")]
    _responses: BTreeMap<String, ResponseItem>,
}

/// A schema object: the keywords that we compile, and the prose that we know to ignore.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Schema {
    #[serde(rename = "$ref")]
    _reference: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Kind>,
    pub(super) format: Option<String>,
    pub(super) minimum: Option<i64>,
    pub(super) maximum: Option<i64>,
    pub(super) default: Option<Value>,
    #[serde(rename = "nullable")]
    _nullable: bool,
    #[serde(rename = "enum")]
    _options: Option<Vec<Value>>,
    #[serde(rename = "minLength")]
    _min_length: Option<u64>,
    #[serde(rename = "pattern")]
    _pattern: Option<String>,
    #[serde(rename = "items")]
    _items: Option<Box<Schema>>,
    #[serde(rename = "minItems")]
    _min_items: Option<u64>,
    #[serde(rename = "uniqueItems")]
    _unique_items: bool,
    #[serde(rename = "required")]
    _required: Vec<String>,
    #[serde(rename = "properties")]
    _properties: BTreeMap<String, Schema>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "example")]
    _example: Option<Value>,
    #[serde(rename = "x-sim-when-enforced")]
    _when_enforced: Option<Box<Schema>>,
}

/// A JSON type.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Object,
    Array,
    String,
    Integer,
    Boolean,
}

/// The keyword under which a schema says what it adds when prerequisites are enforced.
const WHEN_ENFORCED: &str = "x-sim-when-enforced";

/// Merges (`enforced`) or drops what stands under `x-sim-when-enforced`, everywhere in `value`.
pub(super) fn settle_prerequisites(value: &mut Value, enforced: bool) {
    match value {
        Value::Object(object) => {
            if let Some(addition) = object.shift_remove(WHEN_ENFORCED)
                && enforced
            {
                merge(object, addition);
            }
            object.values_mut().for_each(|member| settle_prerequisites(member, enforced));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| settle_prerequisites(item, enforced)),
        _ => {}
    }
}

fn merge(into: &mut Map<String, Value>, addition: Value) {
    let Value::Object(addition) = addition else { return };
    for (key, value) in addition {
        match into.get_mut(&key) {
            Some(Value::Object(inner)) if value.is_object() => merge(inner, value),
            _ => {
                into.insert(key, value);
            }
        }
    }
}

/// Rewrites OpenAPI 3.0's `nullable` as JSON Schema has it, everywhere in `value`.
pub(super) fn rewrite_nullable(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.shift_remove("nullable") == Some(Value::Bool(true)) {
                if let Some(kind) = object.get_mut("type") {
                    *kind = Value::Array(vec![kind.take(), "null".into()]);
                }
                if let Some(Value::Array(options)) = object.get_mut("enum") {
                    options.push(Value::Null);
                }
            }
            object.values_mut().for_each(rewrite_nullable);
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite_nullable),
        _ => {}
    }
}
