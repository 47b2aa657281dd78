//! `hold`: how long a client waits, as it is written.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::clock::Span;
use crate::document::{Content, Definitions, Mistakes, Node, Written, record};

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hold {
    /// Always this long.
    Fixed(Span),
    /// Between the two, every length equally likely.
    Uniform(Span, Span),
    /// Mostly near the median, sometimes much longer: log-normal.
    Lognormal {
        /// Half of all waits are shorter.
        median: Span,
        /// One in a hundred is longer.
        p99: Span,
    },
}

record! {
    derive(Copy)
    /// Mostly near the median, sometimes much longer.
    struct Lognormal as "lognormal" {
        /// Half of all waits are shorter.
        median: Span = required("median"),
        /// One in a hundred is longer.
        p99: Span = required("p99"),
    }
}

impl Written for Hold {
    fn expected() -> Cow<'static, str> {
        "a duration such as `5s`, {uniform: [min, max]} or {lognormal: {median: …, p99: …}}".into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        definitions.refer("hold", |definitions| {
            let duration = Span::schema(definitions);
            let lognormal = Lognormal::schema(definitions);
            let one = |key: &str, value: Value| {
                json!({
                    "type": "object", "additionalProperties": false,
                    "required": [key], "properties": { key: value },
                })
            };
            json!({
                "description": "How long the client waits: always the same, any length between two, or mostly near a median.",
                "anyOf": [
                    duration,
                    one("uniform", json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": duration })),
                    one("lognormal", lognormal),
                ],
            })
        })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let Content::Mapping(entries) = &node.content else {
            if node.is_null() || node.scalar().is_none() {
                mistakes.unexpected(node, &Self::expected());
                return None;
            }
            return Span::read(node, mistakes).map(Self::Fixed);
        };
        let [(key, value)] = entries.as_slice() else {
            mistakes.unexpected(node, &Self::expected());
            return None;
        };
        match key.scalar().unwrap_or_default() {
            "uniform" => uniform(value, mistakes),
            "lognormal" => Lognormal::read(value, mistakes)
                .map(|Lognormal { median, p99 }| Self::Lognormal { median, p99 }),
            other => {
                mistakes.unknown(key, "unknown key", other, &["uniform", "lognormal"]);
                None
            }
        }
    }
}

fn uniform(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Hold> {
    match &node.content {
        Content::List(items) if items.len() == 2 => {
            let ends = Vec::<Span>::read(node, mistakes)?;
            Some(Hold::Uniform(ends[0], ends[1]))
        }
        Content::List(items) => {
            mistakes.add(node, format!("a list of {}; expected [min, max]", items.len()));
            None
        }
        _ => {
            mistakes.unexpected(node, "[min, max]");
            None
        }
    }
}

impl Serialize for Hold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Self::Fixed(span) = self {
            return span.serialize(serializer);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        match *self {
            Self::Uniform(least, most) => map.serialize_entry("uniform", &[least, most])?,
            Self::Lognormal { median, p99 } => {
                map.serialize_entry("lognormal", &Lognormal { median, p99 })?;
            }
            Self::Fixed(_) => {}
        }
        map.end()
    }
}
