//! Whether a request keeps the contract: its query parameters and its body. Each way in which it does not is a
//! violation with the code and the text that the client is told; several come in a fixed order.

use std::borrow::Cow;
use std::sync::Arc;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::Location;
use jsonschema::{Draft, Keyword, ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::Contract;
use super::openapi::{self, Kind, ParameterItem};
use super::route::Route;
use crate::prerequisites::Prerequisites;
use crate::wire::{Body, DetailCode, Refusal, Request, query};

/// What a request that keeps the contract asks, in types.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    parameters: Vec<(Arc<str>, Value)>,
    /// The body; null for an operation without one.
    pub body: Value,
}

impl Checked {
    /// A whole-number parameter, given or by default.
    pub fn integer(&self, name: &str) -> usize {
        let value = self.parameter(name).and_then(Value::as_u64).unwrap_or_default();
        usize::try_from(value).unwrap_or(usize::MAX)
    }

    /// A yes-or-no parameter, given or by default.
    pub fn boolean(&self, name: &str) -> bool {
        self.parameter(name).and_then(Value::as_bool).unwrap_or_default()
    }

    fn parameter(&self, name: &str) -> Option<&Value> {
        self.parameters.iter().find(|(parameter, _)| **parameter == *name).map(|(_, value)| value)
    }
}

/// One way in which a request breaks the contract.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Which kind of mistake; what cannot be parsed comes first, then what is missing, then what is illegal.
    pub code: DetailCode,
    /// Which field or parameter, and why.
    pub text: String,
}

impl Contract {
    /// Checks a request against the contract of the operation it leads to.
    pub fn check(
        &self,
        route: &Route<'_>,
        request: &Request,
        prerequisites: Prerequisites,
    ) -> Result<Checked, Refusal> {
        if let Body::TooLarge { limit } = request.body {
            return Err(Refusal::PayloadTooLarge { limit });
        }
        let Some(compiled) = self.operations.get(&route.operation) else {
            return Ok(Checked::default());
        };
        let mut violations = Vec::new();
        let mut checked = Checked::default();
        let given: Vec<_> = query::pairs(request.uri.query().unwrap_or_default()).collect();
        for parameter in &compiled.parameters {
            match parameter.check(&given) {
                Ok(value) => checked.parameters.push((Arc::clone(&parameter.name), value)),
                Err(text) => violations.push(Violation { code: DetailCode::IllegalValue, text }),
            }
        }
        if let Some(body) = &compiled.body {
            checked.body = read_json(request)?;
            violations.extend(body.check(&checked.body, prerequisites));
        }
        violations.sort_by_key(|violation| violation.code);
        let mut violations = violations.into_iter();
        match violations.next() {
            None => Ok(checked),
            Some(Violation { code, text }) => Err(Refusal::BadRequest {
                code,
                text,
                further: violations.map(|violation| violation.text).collect(),
                aside: None,
            }),
        }
    }
}

/// How many mistakes of a body are told: a long one may have a million.
const MOST_VIOLATIONS: usize = 50;

/// A query parameter, compiled.
pub(super) struct ParameterCheck {
    name: Arc<str>,
    kind: ParameterKind,
    default: Value,
}

enum ParameterKind {
    Integer { least: i64, most: i64 },
    Boolean,
}

impl ParameterCheck {
    pub(super) fn compile(item: &ParameterItem) -> Result<Self, String> {
        let name = item.name.clone().ok_or("a parameter has no `name`")?;
        let schema = item.schema.clone().ok_or_else(|| format!("parameter `{name}` has no `schema`"))?;
        let kind = match (schema.kind, schema.format.as_deref()) {
            (Some(Kind::Integer), Some("int32")) => ParameterKind::Integer {
                least: schema.minimum.unwrap_or(i32::MIN.into()),
                most: schema.maximum.unwrap_or(i32::MAX.into()),
            },
            (Some(Kind::Boolean), None) => ParameterKind::Boolean,
            (kind, format) => {
                return Err(format!(
                    "query parameter `{name}` is {kind:?} in format {format:?}; expected an int32 integer or a boolean"
                ));
            }
        };
        let default = schema.default.ok_or_else(|| format!("query parameter `{name}` has no `default`"))?;
        Ok(Self { name: name.into(), kind, default })
    }

    /// The value among the `given` pairs, or the default. Of several the first counts.
    fn check(&self, given: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Value, String> {
        let Some((_, text)) = given.iter().find(|(name, _)| *name == *self.name) else {
            return Ok(self.default.clone());
        };
        let value = match self.kind {
            ParameterKind::Integer { least, most } => {
                text.parse::<i64>().ok().filter(|number| (least..=most).contains(number)).map(Value::from)
            }
            ParameterKind::Boolean if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            ParameterKind::Boolean if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
            ParameterKind::Boolean => None,
        };
        // Invented: the text. What the service says here is not known.
        value.ok_or_else(|| {
            let expected = match self.kind {
                ParameterKind::Integer { least, most } => format!("an integer from {least} to {most}"),
                ParameterKind::Boolean => "true or false".to_owned(),
            };
            format!("Query parameter \"{}\" must be {expected}, but is \"{text}\".", self.name)
        })
    }
}

/// An operation's body, compiled for both ways of holding clients to the prerequisites.
pub(super) struct BodyCheck {
    enforced: Validator,
    ignored: Validator,
}

impl BodyCheck {
    /// Compiles the schema at `pointer` of the whole document `source`.
    pub(super) fn compile(source: &Value, pointer: &str) -> Result<Self, String> {
        let build = |enforced| {
            let mut document = source.clone();
            openapi::settle_prerequisites(&mut document, enforced);
            openapi::rewrite_nullable(&mut document);
            let schema = document.pointer(pointer).ok_or("the body has no `schema`")?;
            // References in the schema start at the root, so the components come along.
            let schema = json!({ "allOf": [schema], "components": document["components"] });
            jsonschema::options()
                .with_draft(Draft::Draft7)
                .should_validate_formats(true)
                .with_keyword("pattern", NotBlank::compile)
                .build(&schema)
                .map_err(|error| error.to_string())
        };
        Ok(Self { enforced: build(true)?, ignored: build(false)? })
    }

    fn check(&self, body: &Value, prerequisites: Prerequisites) -> Vec<Violation> {
        let validator = match prerequisites {
            Prerequisites::Enforce => &self.enforced,
            Prerequisites::Ignore => &self.ignored,
        };
        if validator.is_valid(body) {
            return Vec::new();
        }
        let errors = validator.iter_errors(body).take(MOST_VIOLATIONS + 1);
        let mut violations: Vec<_> = errors.map(|error| violation(&error)).collect();
        let is_cut = violations.len() > MOST_VIOLATIONS;
        violations.truncate(MOST_VIOLATIONS);
        violations.dedup_by(|second, first| second.text == first.text);
        if is_cut {
            let text = "There are more mistakes than these.".to_owned();
            violations.push(Violation { code: DetailCode::ReferenceNotFound, text });
        }
        violations
    }
}

/// The one pattern that the document has: something must stand there that is no blank. A regular expression would
/// say the same, and take a tenth of what an idle server keeps in memory.
struct NotBlank;

impl NotBlank {
    const PATTERN: &str = r"\S";

    fn compile<'a>(
        _: &'a Map<String, Value>,
        pattern: &'a Value,
        _: Location,
    ) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
        if pattern == Self::PATTERN {
            Ok(Box::new(Self))
        } else {
            Err(ValidationError::custom(format!("pattern {pattern}; expected `{}`", Self::PATTERN)))
        }
    }
}

impl<'i> Keyword<'i> for NotBlank {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom("is blank")) }
    }

    fn is_valid(&self, instance: &Value) -> bool {
        instance.as_str().is_none_or(|text| text.contains(|c: char| !c.is_whitespace()))
    }
}

/// The body as JSON, when it is small enough, said to be JSON, and is.
fn read_json(request: &Request) -> Result<Value, Refusal> {
    let body = match &request.body {
        Body::TooLarge { limit } => return Err(Refusal::PayloadTooLarge { limit: *limit }),
        Body::Whole(body) => body,
    };
    if body.is_empty() {
        return Err(unparsable("the body is empty".to_owned()));
    }
    let is_json = request.media_type().is_some_and(|media_type| {
        media_type == "application/json"
            || media_type.ends_with("+json") && media_type.starts_with("application/")
    });
    if !is_json {
        return Err(Refusal::UnsupportedMediaType);
    }
    serde_json::from_slice(body).map_err(|error| unparsable(error.to_string()))
}

/// The text seen on real replies to a body that is no JSON.
const UNPARSABLE: &str = "The request could not be parsed.";

/// The refusal of a body that is no JSON: the real service does not say why, so the log does.
fn unparsable(why: String) -> Refusal {
    Refusal::BadRequest {
        code: DetailCode::Syntax,
        text: UNPARSABLE.to_owned(),
        further: Vec::new(),
        aside: Some(why),
    }
}

/// A validation error in the service's terms.
fn violation(error: &ValidationError<'_>) -> Violation {
    let field = field_name(error.instance_path().as_str());
    let instance = error.instance();
    let is_missing = |field: &str| Violation {
        code: DetailCode::Missing,
        text: format!("Required field \"{field}\" was missing or empty."),
    };
    // Invented: the texts of illegal values. What the service says here is not known.
    let illegal = |text: String| Violation { code: DetailCode::IllegalValue, text };
    match error.kind() {
        ValidationErrorKind::Required { property } => is_missing(property.as_str().unwrap_or_default()),
        ValidationErrorKind::Type { kind }
            if instance.is_null() && is_required_type(kind) && !field.is_empty() =>
        {
            is_missing(&field)
        }
        ValidationErrorKind::Type { kind } => Violation {
            code: DetailCode::Syntax,
            text: format!(
                "{UNPARSABLE} {} must be {}, but is {}.",
                subject(&field),
                expected_type(kind),
                type_of(instance)
            ),
        },
        ValidationErrorKind::MinLength { .. } | ValidationErrorKind::Custom { .. } => is_missing(&field),
        ValidationErrorKind::MinItems { .. } if instance.as_array().is_some_and(Vec::is_empty) => {
            is_missing(&field)
        }
        ValidationErrorKind::MinItems { limit } => illegal(format!(
            "{} must have at least {limit} items, but has {}.",
            subject(&field),
            instance.as_array().map_or(0, Vec::len)
        )),
        ValidationErrorKind::UniqueItems => {
            illegal(format!("{} must not name anything twice.", subject(&field)))
        }
        ValidationErrorKind::Format { format } => {
            illegal(format!("{} must be a {format}, but is {instance}.", subject(&field)))
        }
        _ => illegal(format!("{} is not allowed: {error}.", subject(&field))),
    }
}

/// Whether null was refused where something must stand.
fn is_required_type(kind: &TypeKind) -> bool {
    !matches!(kind, TypeKind::Multiple(_))
}

fn expected_type(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => with_article(&kind.to_string()),
        TypeKind::Multiple(kinds) => {
            kinds.iter().map(|kind| with_article(&kind.to_string())).collect::<Vec<_>>().join(" or ")
        }
    }
}

fn type_of(value: &Value) -> String {
    with_article(match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    })
}

fn with_article(kind: &str) -> String {
    match kind {
        "null" => kind.to_owned(),
        "array" | "object" | "integer" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

fn subject(field: &str) -> String {
    if field.is_empty() { "The body".to_owned() } else { format!("Field \"{field}\"") }
}

/// `/sourceIds/0` as `sourceIds[0]`.
fn field_name(pointer: &str) -> String {
    let mut name = String::new();
    for step in pointer.split('/').skip(1) {
        if step.bytes().all(|byte| byte.is_ascii_digit()) {
            name.push('[');
            name.push_str(step);
            name.push(']');
        } else {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(step);
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use hyper::Method;

    use super::super::Routed;
    use super::*;

    fn check(method: Method, target: &str, body: Option<&str>) -> Result<Checked, (DetailCode, String)> {
        let contract = Contract::built_in().unwrap();
        let mut request = Request::new(method, target).unwrap();
        if let Some(body) = body {
            request = request.body("application/json", body.to_owned());
        }
        let Routed::Found(route) = contract.route(&request.method, request.uri.path()) else {
            panic!("{target}")
        };
        contract.check(&route, &request, Prerequisites::Enforce).map_err(|refusal| match refusal {
            Refusal::BadRequest { code, text, .. } => (code, text),
            other => panic!("{other:?}"),
        })
    }

    fn list(query: &str) -> Result<(usize, usize, bool), String> {
        let checked = check(Method::GET, &format!("/v3/password-sync-groups?{query}"), None);
        checked
            .map(|checked| (checked.integer("limit"), checked.integer("offset"), checked.boolean("count")))
            .map_err(|(code, text)| {
                assert_eq!(code, DetailCode::IllegalValue);
                text
            })
    }

    #[test]
    fn page_parameters_have_bounds_and_defaults() {
        assert_eq!(list(""), Ok((250, 0, false)));
        assert_eq!(list("limit=0&offset=2147483647&count=True"), Ok((0, 2_147_483_647, true)));
        assert_eq!(list("limit=7&limit=9999&filters=x&count=FALSE"), Ok((7, 0, false)));
        for (query, text) in [
            ("limit=251", "Query parameter \"limit\" must be an integer from 0 to 250, but is \"251\"."),
            ("limit=-1", "Query parameter \"limit\" must be an integer from 0 to 250, but is \"-1\"."),
            ("offset=", "Query parameter \"offset\" must be an integer from 0 to 2147483647, but is \"\"."),
            (
                "offset=2147483648",
                "Query parameter \"offset\" must be an integer from 0 to 2147483647, but is \"2147483648\".",
            ),
            ("limit=1.0", "Query parameter \"limit\" must be an integer from 0 to 250, but is \"1.0\"."),
            ("count=yes", "Query parameter \"count\" must be true or false, but is \"yes\"."),
        ] {
            assert_eq!(list(query), Err(text.to_owned()), "{query}");
        }
    }

    #[test]
    fn a_body_is_told_which_field_is_wrong_and_why() {
        let good = r#""name": "n", "passwordPolicyId": "p""#;
        for (body, code, text) in [
            ("", DetailCode::Syntax, "The request could not be parsed."),
            ("{", DetailCode::Syntax, "The request could not be parsed."),
            (
                "[]",
                DetailCode::Syntax,
                "The request could not be parsed. The body must be an object, but is an array.",
            ),
            (
                r#"{"name": 7, "passwordPolicyId": "p", "sourceIds": ["a", "b"]}"#,
                DetailCode::Syntax,
                "The request could not be parsed. Field \"name\" must be a string, but is a number.",
            ),
            (
                &format!("{{{good}, \"sourceIds\": [\"a\", 1]}}"),
                DetailCode::Syntax,
                "The request could not be parsed. Field \"sourceIds[1]\" must be a string, but is a number.",
            ),
            (
                r#"{"passwordPolicyId": "p", "sourceIds": ["a", "b"]}"#,
                DetailCode::Missing,
                "Required field \"name\" was missing or empty.",
            ),
            (
                r#"{"name": " ", "passwordPolicyId": "p", "sourceIds": ["a", "b"]}"#,
                DetailCode::Missing,
                "Required field \"name\" was missing or empty.",
            ),
            (
                r#"{"name": "n", "passwordPolicyId": null, "sourceIds": ["a", "b"]}"#,
                DetailCode::Missing,
                "Required field \"passwordPolicyId\" was missing or empty.",
            ),
            (
                &format!("{{{good}, \"sourceIds\": []}}"),
                DetailCode::Missing,
                "Required field \"sourceIds\" was missing or empty.",
            ),
            (
                &format!("{{{good}, \"sourceIds\": [\"a\"]}}"),
                DetailCode::IllegalValue,
                "Field \"sourceIds\" must have at least 2 items, but has 1.",
            ),
            (
                &format!("{{{good}, \"sourceIds\": [\"a\", \"a\"]}}"),
                DetailCode::IllegalValue,
                "Field \"sourceIds\" must not name anything twice.",
            ),
            (
                &format!("{{{good}, \"sourceIds\": [\"a\", \"b\"], \"created\": \"yesterday\"}}"),
                DetailCode::IllegalValue,
                "Field \"created\" must be a date-time, but is \"yesterday\".",
            ),
        ] {
            let found = check(Method::POST, "/v3/password-sync-groups", Some(body));
            assert_eq!(found.unwrap_err(), (code, text.to_owned()), "{body}");
        }
    }

    #[test]
    fn what_clients_echo_is_accepted() {
        let body = r#"{"id": "x", "name": "n", "passwordPolicyId": "p", "sourceIds": ["a", "b"], "extra": {},
            "created": "2026-11-23T21:27:31.965000+00:00", "modified": null}"#;
        assert!(check(Method::POST, "/v3/password-sync-groups", Some(body)).is_ok());
    }
}
