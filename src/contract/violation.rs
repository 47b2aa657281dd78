//! The ways in which a body breaks the contract, in the service's terms: which code, which field, and why.

use std::borrow::Cow;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use super::body::UNPARSABLE;
use crate::wire::DetailCode;
use crate::wire::refusal::required;

/// One way in which a request breaks the contract.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Which kind of mistake; what cannot be parsed comes first, then what is missing, then what is illegal.
    pub code: DetailCode,
    /// Which field or parameter, and why.
    pub text: String,
    /// What the service does not say, for the journal and the log.
    pub aside: Option<String>,
}

/// A validation error in the service's terms.
pub(super) fn violation(error: &ValidationError<'_>) -> Violation {
    let field = field_name(error.instance_path().as_str());
    let instance = error.instance();
    let is_missing = |field: &str| Violation {
        code: DetailCode::Missing,
        text: required(field),
        aside: instance.is_null().then(|| ["`", field, "` was null; expected a value"].concat()),
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            if field.is_empty() {
                is_missing(property)
            } else {
                is_missing(&[&*field, ".", property].concat())
            }
        }
        ValidationErrorKind::Type { kind }
            if instance.is_null() && is_required_type(kind) && !field.is_empty() =>
        {
            is_missing(&field)
        }
        ValidationErrorKind::Type { kind } => wrong_type(&field, kind, instance),
        ValidationErrorKind::MinLength { .. } | ValidationErrorKind::Custom { .. } => is_missing(&field),
        ValidationErrorKind::MinItems { .. } if instance.as_array().is_some_and(Vec::is_empty) => {
            is_missing(&field)
        }
        kind => illegal(kind, &subject(&field), instance),
    }
}

/// A value of another type than expected, where that is not a missing one.
fn wrong_type(field: &str, kind: &TypeKind, instance: &Value) -> Violation {
    let (subject, expected, found) = (subject(field), expected_type(kind), type_of(instance));
    let text = [UNPARSABLE, " ", &*subject, " must be ", &*expected, ", but is ", found, "."].concat();
    Violation { code: DetailCode::Syntax, text, aside: None }
}

/// A value that is not allowed.
// Invented: the texts. What the service says here is not known.
fn illegal(kind: &ValidationErrorKind, subject: &str, instance: &Value) -> Violation {
    let items = || instance.as_array().map_or(0, Vec::len);
    let text = match kind {
        ValidationErrorKind::MinItems { limit } => {
            format!("{subject} must have at least {limit} items, but has {}.", items())
        }
        ValidationErrorKind::UniqueItems => format!("{subject} must not contain duplicates."),
        ValidationErrorKind::Format { format } => {
            format!("{subject} must be a {format}, but is {}.", shown(instance))
        }
        ValidationErrorKind::Enum { options } => {
            format!("{subject} must be one of {}, but is {}.", listed(options), shown(instance))
        }
        ValidationErrorKind::MaxLength { limit } => {
            format!("{subject} must have at most {limit} characters.")
        }
        ValidationErrorKind::MaxItems { limit } => {
            format!("{subject} must have at most {limit} items, but has {}.", items())
        }
        ValidationErrorKind::Minimum { limit } => {
            format!("{subject} must be {limit} or more, but is {instance}.")
        }
        ValidationErrorKind::Maximum { limit } => {
            format!("{subject} must be {limit} or less, but is {instance}.")
        }
        _ => format!("{subject} does not conform to the contract."),
    };
    Violation { code: DetailCode::IllegalValue, text, aside: None }
}

/// The values of an enum, with commas between them.
fn listed(options: &Value) -> String {
    // Null stands for what is left out; what is expected is something else.
    let options = options.as_array().into_iter().flatten().filter(|option| !option.is_null());
    options.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether null was refused where a value is required.
fn is_required_type(kind: &TypeKind) -> bool {
    !matches!(kind, TypeKind::Multiple(_))
}

fn expected_type(kind: &TypeKind) -> Cow<'static, str> {
    match kind {
        TypeKind::Single(kind) => with_article(kind.as_str()).into(),
        // Null stands for what is left out; what is expected is something else.
        TypeKind::Multiple(kinds) => {
            let kinds = kinds.iter().map(JsonType::as_str).filter(|kind| *kind != "null");
            kinds.map(with_article).collect::<Vec<_>>().join(" or ").into()
        }
    }
}

/// A value as JSON, cut where it is long: a text may have a million characters.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 200;
    let mut written = value.to_string();
    if let Some((end, _)) = written.char_indices().nth(LONGEST) {
        written.truncate(end);
        written.push_str(" …");
    }
    written
}

fn type_of(value: &Value) -> &'static str {
    with_article(match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    })
}

/// A type of JSON's in words.
fn with_article(kind: &str) -> &'static str {
    match kind {
        "null" => "null",
        "array" => "an array",
        "object" => "an object",
        "integer" => "an integer",
        "boolean" => "a boolean",
        "number" => "a number",
        _ => "a string",
    }
}

fn subject(field: &str) -> Cow<'static, str> {
    if field.is_empty() { "The body".into() } else { ["Field \"", field, "\""].concat().into() }
}

/// `/sourceIds/0` as `sourceIds[0]`.
fn field_name(pointer: &str) -> String {
    let mut name = String::with_capacity(pointer.len() + 1);
    let is_slash = |c: char| c == '/';
    for step in pointer.split(is_slash).skip(1) {
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
