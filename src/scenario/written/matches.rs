//! What a text or a value must be, as it is written: itself, `{regex: …}`, or `{present: …}`.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::document::{Content, Definitions, Mistakes, Node, Written, as_written, parsed};
use crate::scenario::expression;

/// What a text must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// Exactly this.
    Exact(String),
    /// Something in which this regular expression is found.
    Regex(String),
    /// Anything (`true`), or absent (`false`).
    Present(bool),
}

/// What a value in a JSON body must be.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueMatch {
    /// Equal to this, and of the same type.
    Exact(Value),
    /// Something in whose text this regular expression is found.
    Regex(String),
    /// Anything (`true`), or absent (`false`).
    Present(bool),
}

/// The two matchers that are an object with one key.
enum OneKey {
    Regex(String),
    Present(bool),
}

const PATTERNS: [&str; 2] = ["regex", "present"];

impl OneKey {
    /// Whether a value is meant as a matcher.
    fn is_meant(node: &Node<'_>) -> bool {
        let Content::Mapping(entries) = &node.content else { return false };
        matches!(entries.as_slice(), [(key, _)] if key.scalar().is_some_and(|key| PATTERNS.contains(&key)))
    }

    fn read(node: &Node<'_>, expected: &str, mistakes: &mut Mistakes) -> Option<Self> {
        match &node.content {
            Content::Mapping(entries) if entries.len() == 1 => {
                let (key, value) = &entries[0];
                match key.scalar().unwrap_or_default() {
                    "regex" => parsed(value, "text", mistakes, |regex| {
                        expression::check(regex).map(|()| Self::Regex(regex.to_owned()))
                    }),
                    "present" => bool::read(value, mistakes).map(Self::Present),
                    other => {
                        mistakes.unknown(key, "unknown key", other, &PATTERNS);
                        None
                    }
                }
            }
            _ => {
                mistakes.unexpected(node, expected);
                None
            }
        }
    }

    fn schemas() -> [Value; 2] {
        [
            json!({
                "description": "A text in which this regular expression is found.",
                "type": "object", "additionalProperties": false, "required": ["regex"],
                "properties": { "regex": {
                    "description": "A regular expression; anchor it with ^ and $ to mean the whole text.",
                    "type": "string", "format": "regex",
                } },
            }),
            json!({
                "description": "Anything, or nothing at all.",
                "type": "object", "additionalProperties": false, "required": ["present"],
                "properties": { "present": {
                    "description": "true: there is one; false: there is none.",
                    "type": "boolean",
                } },
            }),
        ]
    }
}

impl Written for TextMatch {
    fn expected() -> Cow<'static, str> {
        "text, {regex: …} or {present: true|false}".into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        definitions.refer("text", |_| {
            let [regex, present] = OneKey::schemas();
            json!({
                "description": "What a text must be: exactly this as it is written, or a pattern.",
                "anyOf": [{ "type": ["string", "number", "boolean"] }, regex, present],
            })
        })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if let Some(text) = node.scalar().filter(|_| !node.is_null()) {
            return Some(Self::Exact(text.to_owned()));
        }
        OneKey::read(node, &Self::expected(), mistakes).map(|pattern| match pattern {
            OneKey::Regex(regex) => Self::Regex(regex),
            OneKey::Present(present) => Self::Present(present),
        })
    }
}

impl Written for ValueMatch {
    fn expected() -> Cow<'static, str> {
        "a value, {regex: …} or {present: true|false}".into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        definitions.refer("value", |_| {
            json!({
                "description": "What a value must be: equal to this and of the same type, or a pattern if its only \
                    key is regex or present.",
            })
        })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if !OneKey::is_meant(node) {
            if mistakes.is_yaml && node.scalar() == Some("") && node.plain().is_some() {
                mistakes.unexpected(node, &format!("{}; write null if that is meant", Self::expected()));
                return None;
            }
            // Not even `True` is anything but text: it is not how JSON has it.
            let typed = || as_written(node, Value::is_null);
            let value = if mistakes.is_yaml { Some(typed()) } else { Value::read(node, mistakes) };
            return value.map(Self::Exact);
        }
        OneKey::read(node, &Self::expected(), mistakes).map(|pattern| match pattern {
            OneKey::Regex(regex) => Self::Regex(regex),
            OneKey::Present(present) => Self::Present(present),
        })
    }
}

impl Serialize for TextMatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Exact(text) => serializer.serialize_str(text),
            Self::Regex(regex) => one_entry(serializer, "regex", regex),
            Self::Present(present) => one_entry(serializer, "present", present),
        }
    }
}

impl Serialize for ValueMatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Exact(value) => value.serialize(serializer),
            Self::Regex(regex) => one_entry(serializer, "regex", regex),
            Self::Present(present) => one_entry(serializer, "present", present),
        }
    }
}

fn one_entry<S: Serializer>(serializer: S, key: &str, value: &impl Serialize) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Format};

    fn read<T: Written>(text: &str, format: Format) -> T {
        Document { name: "match", text, format }.read().unwrap()
    }

    #[test]
    fn a_text_is_what_was_written() {
        for text in ["6881e631", "0x10", "010", "1.0", "1e5", "1_000", "+5", "True", "yes", "250", "007"] {
            assert_eq!(read::<TextMatch>(text, Format::Yaml), TextMatch::Exact(text.to_owned()));
        }
        for text in ["250", "1.50", "true", "-0"] {
            assert_eq!(read::<TextMatch>(text, Format::Json), TextMatch::Exact(text.to_owned()));
        }
        assert_eq!(read::<TextMatch>("'null'", Format::Yaml), TextMatch::Exact("null".to_owned()));
        assert_eq!(read::<TextMatch>("{regex: 5}", Format::Yaml), TextMatch::Regex("5".to_owned()));
    }

    #[test]
    fn a_value_is_typed_unless_its_text_would_change() {
        for (text, value) in [
            ("2", json!(2)),
            ("-2.5", json!(-2.5)),
            ("true", json!(true)),
            ("null", json!(null)),
            ("~", json!(null)),
            ("'null'", json!("null")),
            ("'2'", json!("2")),
            ("6881e631", json!("6881e631")),
            ("1_000", json!("1_000")),
            ("0x10", json!("0x10")),
            ("010", json!("010")),
            ("1e5", json!("1e5")),
            ("+5", json!("+5")),
            ("True", json!("True")),
            ("[a, 1, null]", json!(["a", 1, null])),
            ("{a: {b: 007}}", json!({"a": {"b": "007"}})),
            ("{regex: x, other: 1}", json!({"regex": "x", "other": 1})),
        ] {
            assert_eq!(read::<ValueMatch>(text, Format::Yaml), ValueMatch::Exact(value), "{text}");
        }
        assert_eq!(read::<ValueMatch>("1e5", Format::Json), ValueMatch::Exact(json!(1e5)));
        assert_eq!(read::<ValueMatch>("{present: false}", Format::Yaml), ValueMatch::Present(false));
        assert_eq!(read::<ValueMatch>("{\"regex\": \"x\"}", Format::Json), ValueMatch::Regex("x".to_owned()));
    }
}
