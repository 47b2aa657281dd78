//! Parameters in the query and in header fields: from text to values, or to a violation.

use std::borrow::Cow;

use hyper::HeaderMap;

use super::Violation;
use super::facts::{Kind, List, Parameter, Place};
use crate::wire::{DetailCode, query};

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ParameterValue {
    /// Not given, and without a default.
    Absent,
    Integer(i64),
    Boolean(bool),
    Text(Cow<'static, str>),
}

/// The given value, or the default. Of several in a query the first counts.
pub(super) fn check(
    parameter: &Parameter,
    query: &str,
    headers: &HeaderMap,
) -> Result<ParameterValue, Violation> {
    let given = match parameter.place {
        Place::Query => {
            query::pairs(query).find(|(name, _)| *name == *parameter.name).map(|(_, value)| value)
        }
        Place::Header => headers.get(parameter.name).map(|value| String::from_utf8_lossy(value.as_bytes())),
    };
    match given {
        Some(text) => value_of(parameter, &text),
        None => default_of(parameter),
    }
}

fn default_of(parameter: &Parameter) -> Result<ParameterValue, Violation> {
    let default = match parameter.kind {
        Kind::Integer { default, .. } => default.map(ParameterValue::Integer),
        Kind::Boolean { default } => default.map(ParameterValue::Boolean),
        Kind::Text { default, .. } => default.map(|text| ParameterValue::Text(text.into())),
    };
    match default {
        Some(value) => Ok(value),
        None if parameter.is_required => Err(Violation {
            code: DetailCode::Missing,
            text: format!("Required {} \"{}\" was missing or empty.", place(parameter), parameter.name),
            aside: None,
        }),
        None => Ok(ParameterValue::Absent),
    }
}

fn value_of(parameter: &Parameter, text: &str) -> Result<ParameterValue, Violation> {
    let value = match parameter.kind {
        Kind::Integer { least, most, .. } => {
            text.parse().ok().filter(|number| (least..=most).contains(number)).map(ParameterValue::Integer)
        }
        Kind::Boolean { .. } if text.eq_ignore_ascii_case("true") => Some(ParameterValue::Boolean(true)),
        Kind::Boolean { .. } if text.eq_ignore_ascii_case("false") => Some(ParameterValue::Boolean(false)),
        Kind::Boolean { .. } => None,
        Kind::Text { most_chars, options, .. } => {
            let is_short_enough = most_chars.is_none_or(|most| text.chars().nth(most).is_none());
            let is_known = options.is_empty() || options.contains(&text);
            (is_short_enough && is_known).then(|| ParameterValue::Text(Cow::Owned(text.to_owned())))
        }
    };
    // Invented: the text. What the service says here is not known.
    value.ok_or_else(|| {
        let (name, expected) = (parameter.name, expected(parameter.kind));
        let subject = sentence_case(place(parameter));
        Violation {
            code: DetailCode::IllegalValue,
            text: format!("{subject} \"{name}\" must be {expected}, but is \"{text}\"."),
            aside: None,
        }
    })
}

fn expected(kind: Kind) -> String {
    match kind {
        Kind::Integer { least, most, .. } => format!("an integer from {least} to {most}"),
        Kind::Boolean { .. } => "true or false".to_owned(),
        Kind::Text { options: List(options @ [_, ..]), .. } => format!("one of {}", options.join(", ")),
        Kind::Text { most_chars, .. } => {
            format!("a text of at most {} characters", most_chars.unwrap_or(usize::MAX))
        }
    }
}

fn place(parameter: &Parameter) -> &'static str {
    match parameter.place {
        Place::Query => "query parameter",
        Place::Header => "header",
    }
}

fn sentence_case(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}
