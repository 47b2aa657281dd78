//! The part of OpenAPI 3.0 that the service's documents use, as strict types, and the marks of our own beside it: what
//! is not here fails the build, with its place.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A document: the shared one or a resource's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenApi {
    pub(crate) openapi: Option<String>,
    #[serde(rename = "info")]
    _info: Option<Value>,
    #[serde(rename = "tags", default)]
    _tags: Vec<Tag>,
    /// Whether its paths stand outside every version.
    #[serde(rename = "x-sim-unversioned", default)]
    pub(crate) is_unversioned: bool,
    /// What each scope allows.
    #[serde(rename = "x-sim-scopes", default)]
    pub(crate) scopes: BTreeMap<String, String>,
    /// The resource whose records its lists show, where that is another.
    #[serde(rename = "x-sim-rows-of")]
    pub(crate) rows_of: Option<String>,
    /// Where a field of filters and sorters is that the items of a reply have elsewhere, or not at all.
    #[serde(rename = "x-sim-fields", default)]
    pub(crate) fields: BTreeMap<String, FieldItem>,
    /// How faithful the answers are that any operation may give; the shared document only.
    #[serde(rename = "x-sim-fidelity", default)]
    pub(crate) fidelity: Vec<SharedFidelity>,
    /// What the service does at paths of this document that nothing here does.
    #[serde(rename = "x-sim-not-simulated", default)]
    pub(crate) not_simulated: BTreeMap<String, Vec<Method>>,
    /// What is not publicly known, and what was chosen instead.
    #[serde(rename = "x-sim-choices")]
    _choices: Option<String>,
    #[serde(rename = "paths", default)]
    _paths: BTreeMap<String, BTreeMap<Method, OperationItem>>,
    #[serde(rename = "components", default)]
    _components: Components,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "description")]
    _description: Option<String>,
}

/// Where a field of filters and sorters is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldItem {
    /// The way to it in a record; the field's own name when absent.
    pub(crate) at: Option<String>,
    /// What it holds; what the reply's schema says when absent.
    pub(crate) kind: Option<FieldItemKind>,
    /// Whether it is true where the record says false.
    #[serde(rename = "not", default)]
    pub(crate) is_opposite: bool,
    /// What it is for every record, if that stands nowhere.
    pub(crate) always: Option<bool>,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FieldItemKind {
    Text,
    Number,
    Boolean,
    Time,
    Texts,
}

/// A method as a document spells it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// Its place in the list of methods.
    pub(crate) const fn place(self) -> usize {
        match self {
            Self::Get => 0,
            Self::Post => 1,
            Self::Put => 2,
            Self::Patch => 3,
            Self::Delete => 4,
        }
    }
}

/// One operation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct OperationItem {
    pub(crate) operation_id: String,
    #[serde(rename = "tags", default)]
    _tags: Vec<String>,
    pub(crate) summary: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "deprecated", default)]
    _deprecated: bool,
    #[serde(default)]
    pub(crate) security: Vec<SecurityRequirement>,
    #[serde(rename = "x-sailpoint-userLevels", default)]
    pub(crate) user_levels: Vec<String>,
    #[serde(rename = "x-sim-versions")]
    pub(crate) versions: Option<Vec<String>>,
    #[serde(rename = "x-sim-experimental", default)]
    pub(crate) experimental: Vec<String>,
    #[serde(rename = "x-sim-in", default)]
    pub(crate) changes: BTreeMap<String, Changes>,
    #[serde(rename = "x-sim-filters")]
    pub(crate) filters: Option<BTreeMap<String, Vec<String>>>,
    #[serde(rename = "x-sim-sorters")]
    pub(crate) sorters: Option<Vec<String>>,
    #[serde(rename = "x-sim-read")]
    _is_read: Option<bool>,
    #[serde(rename = "x-sim-slow")]
    _is_slow: Option<bool>,
    #[serde(default)]
    pub(crate) parameters: Vec<ParameterItem>,
    pub(crate) request_body: Option<BodyItem>,
    pub(crate) responses: BTreeMap<String, ResponseItem>,
}

/// What an operation may have otherwise in one version; null takes a member away. Only the names are told apart
/// here: the operation as that version has it is read once more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Changes {
    pub(crate) operation_id: Option<String>,
    #[serde(rename = "summary")]
    _summary: Option<Value>,
    #[serde(rename = "description")]
    _description: Option<Value>,
    #[serde(rename = "deprecated")]
    _deprecated: Option<Value>,
    #[serde(rename = "security")]
    _security: Option<Value>,
    #[serde(rename = "x-sailpoint-userLevels")]
    _user_levels: Option<Value>,
    #[serde(rename = "responses")]
    _responses: Option<Value>,
    #[serde(rename = "x-sim-filters")]
    _filters: Option<BTreeMap<String, Option<Vec<String>>>>,
    #[serde(rename = "x-sim-sorters")]
    _sorters: Option<Vec<String>>,
}

/// One way to be allowed: the scopes, any of which will do, for a kind of token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SecurityRequirement {
    pub(crate) user_auth: Option<Vec<String>>,
    pub(crate) application_auth: Option<Vec<String>>,
}

/// A parameter, or a reference to one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParameterItem {
    #[serde(rename = "$ref")]
    pub(crate) reference: Option<String>,
    pub(crate) name: Option<String>,
    #[serde(rename = "in")]
    pub(crate) place: Option<ParameterPlace>,
    #[serde(rename = "required", default)]
    pub(crate) is_required: bool,
    #[serde(rename = "description")]
    _description: Option<String>,
    pub(crate) schema: Option<Schema>,
    #[serde(rename = "example")]
    _example: Option<Value>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ParameterPlace {
    Query,
    Header,
    Path,
}

/// A request body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyItem {
    #[serde(rename = "required", default)]
    pub(crate) is_required: bool,
    #[serde(rename = "description")]
    _description: Option<String>,
    pub(crate) content: BTreeMap<String, MediaItem>,
}

/// A body in one media type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MediaItem {
    #[serde(rename = "schema")]
    _schema: Schema,
    /// What a JSON Patch may make of a record.
    #[serde(rename = "x-sim-result")]
    _result: Option<Schema>,
    #[serde(rename = "example")]
    _example: Option<Value>,
}

/// A response, or a reference to one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResponseItem {
    #[serde(rename = "$ref")]
    _reference: Option<String>,
    #[serde(rename = "x-sim-fidelity")]
    pub(crate) fidelity: Option<Fidelity>,
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

/// How faithful an answer is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fidelity {
    #[serde(rename = "kind")]
    _kind: FidelityKind,
    #[serde(rename = "note")]
    _note: Option<String>,
}

/// How faithful an answer is that any operation may give.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SharedFidelity {
    pub(crate) status: String,
    #[serde(rename = "kind")]
    _kind: FidelityKind,
    #[serde(rename = "note")]
    _note: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FidelityKind {
    Documented,
    Observed,
    Invented,
}

/// What is referred to by name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct Components {
    #[serde(rename = "securitySchemes")]
    _security_schemes: BTreeMap<String, Value>,
    #[serde(rename = "parameters")]
    _parameters: BTreeMap<String, ParameterItem>,
    #[serde(rename = "schemas")]
    _schemas: BTreeMap<String, Schema>,
    #[serde(rename = "responses")]
    _responses: BTreeMap<String, ResponseItem>,
}

/// A schema object: the keywords that we understand, and the prose that we know to ignore.
#[expect(clippy::struct_excessive_bools, reason = "OpenAPI has them")]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct Schema {
    #[serde(rename = "$ref")]
    _reference: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<Kind>,
    pub(crate) format: Option<String>,
    pub(crate) minimum: Option<i64>,
    pub(crate) maximum: Option<i64>,
    pub(crate) default: Option<Value>,
    #[serde(rename = "nullable")]
    _nullable: bool,
    #[serde(rename = "readOnly")]
    _read_only: bool,
    #[serde(rename = "deprecated")]
    _deprecated: bool,
    #[serde(rename = "enum")]
    pub(crate) options: Option<Vec<Value>>,
    #[serde(rename = "minLength")]
    _min_length: Option<u64>,
    pub(crate) max_length: Option<usize>,
    #[serde(rename = "pattern")]
    _pattern: Option<Pattern>,
    #[serde(rename = "items")]
    _items: Option<Box<Schema>>,
    #[serde(rename = "minItems")]
    _min_items: Option<u64>,
    #[serde(rename = "maxItems")]
    _max_items: Option<u64>,
    #[serde(rename = "uniqueItems")]
    _unique_items: bool,
    #[serde(rename = "required")]
    _required: Vec<String>,
    #[serde(rename = "properties")]
    _properties: BTreeMap<String, Schema>,
    #[serde(rename = "additionalProperties")]
    _additional_properties: Option<Value>,
    #[serde(rename = "allOf")]
    _all_of: Vec<Schema>,
    #[serde(rename = "anyOf")]
    _any_of: Vec<Schema>,
    #[serde(rename = "oneOf")]
    _one_of: Vec<Schema>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "example")]
    _example: Option<Value>,
    #[serde(rename = "x-sim-when-enforced")]
    _when_enforced: Option<Box<Schema>>,
    #[serde(rename = "x-sim-ignored")]
    _is_ignored: bool,
}

/// The one pattern that is checked, in code of our own: something that is not blank.
#[derive(Clone, Copy, Debug, Deserialize)]
enum Pattern {
    #[serde(rename = r"\S")]
    NotBlank,
}

/// A JSON type.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}
