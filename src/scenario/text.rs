//! Texts as matchers compare them: a text itself, a regular expression, or whether there is one at all.

use regex::Regex;
use serde_json::Value;

use super::expression;
use super::written::{TextMatch, ValueMatch};

/// A [`TextMatch`], compiled.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Exact(String),
    Regex(Regex),
    Present(bool),
}

impl Text {
    pub(super) fn compile(text: &TextMatch) -> Result<Self, String> {
        Ok(match text {
            TextMatch::Exact(text) => Self::Exact(text.clone()),
            TextMatch::Regex(regex) => Self::Regex(expression::compile(regex)?),
            TextMatch::Present(present) => Self::Present(*present),
        })
    }

    /// Whether it matches what was found, or its absence.
    pub(super) fn fits(&self, found: Option<&str>) -> bool {
        match (self, found) {
            (Self::Exact(text), Some(found)) => text == found,
            (Self::Regex(regex), Some(found)) => regex.is_match(found),
            (Self::Present(present), found) => *present == found.is_some(),
            (_, None) => false,
        }
    }
}

/// A [`ValueMatch`], compiled.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Exact(Value),
    Text(Text),
}

impl Wanted {
    pub(super) fn compile(value: &ValueMatch) -> Result<Self, String> {
        Ok(match value {
            ValueMatch::Exact(value) => Self::Exact(value.clone()),
            ValueMatch::Regex(regex) => Self::Text(Text::Regex(expression::compile(regex)?)),
            ValueMatch::Present(present) => Self::Text(Text::Present(*present)),
        })
    }

    /// Whether it matches the value that was found, or its absence.
    pub(super) fn fits(&self, found: Option<&Value>) -> bool {
        match (self, found) {
            (Self::Exact(wanted), found) => found.is_some_and(|found| is_equal(wanted, found)),
            (Self::Text(text), None) => text.fits(None),
            (Self::Text(text), Some(Value::String(found))) => text.fits(Some(found)),
            (Self::Text(text), Some(found)) => text.fits(Some(&found.to_string())),
        }
    }
}

/// Whether two values are the same; 2 and 2.0 are.
fn is_equal(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Number(wanted), Value::Number(found)) => wanted == found || wanted.as_f64() == found.as_f64(),
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len()
                && wanted.iter().zip(found).all(|(wanted, found)| is_equal(wanted, found))
        }
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.len() == found.len()
                && wanted
                    .iter()
                    .all(|(key, wanted)| found.get(key).is_some_and(|found| is_equal(wanted, found)))
        }
        _ => wanted == found,
    }
}
