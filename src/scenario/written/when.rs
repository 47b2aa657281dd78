//! `when`: which exchanges a rule is about, as it is written.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::given;
use crate::operation::Operation;

/// Which exchanges a rule is about. All parts that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct When {
    /// The operation: one, a list, or `"*"`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub operation: Option<Operations>,
    /// The API version's name.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub version: Option<TextMatch>,
    /// The HTTP method.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub method: Option<TextMatch>,
    /// The path below the base URL, as a glob: `*` is any text without `/`, `**` any text, `?` one character.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub path: Option<String>,
    /// The OAuth client's id or name, from the token or the token call.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub client: Option<TextMatch>,
    /// Query parameters by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, TextMatch>,
    /// Header fields by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, TextMatch>,
    /// Values in the body by JSON Pointer; a token call's parameters count as members of an object.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, TextMatch>,
}

impl When {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Operations by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operations {
    /// `"*"`: every one, and requests that lead to none.
    Any,
    /// These.
    These(Vec<Operation>),
}

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

// Each of the shapes below may be written in more than one way, and is read by a visitor: it keeps the place of a
// mistake, where an untagged enum would lose it.

impl<'de> Deserialize<'de> for Operations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Operations;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an operation, a list of operations, or \"*\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Operations, E> {
                if text == "*" {
                    return Ok(Operations::Any);
                }
                text.parse().map(|operation| Operations::These(vec![operation])).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Operations, A::Error> {
                let mut operations = Vec::new();
                while let Some(name) = items.next_element::<OperationName>()? {
                    operations.push(name.0);
                }
                if operations.is_empty() {
                    return Err(de::Error::custom("an empty list can never match; expected operations"));
                }
                Ok(Operations::These(operations))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

/// An operation by name, with the place of the name in the error.
struct OperationName(Operation);

impl<'de> Deserialize<'de> for OperationName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(de::Error::custom)
    }
}

impl Serialize for Operations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_str("*"),
            Self::These(operations) if operations.len() == 1 => serializer.serialize_str(operations[0].id()),
            Self::These(operations) => {
                serializer.collect_seq(operations.iter().map(|operation| operation.id()))
            }
        }
    }
}

impl<'de> Deserialize<'de> for TextMatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Pattern {
            Regex(String),
            Present(bool),
        }
        struct TextOrPattern;
        impl<'de> Visitor<'de> for TextOrPattern {
            type Value = TextMatch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, {regex: …} or {present: true|false}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TextMatch, E> {
                Ok(TextMatch::Exact(text.to_owned()))
            }

            // `{limit: 250}` and `{count: true}` mean the text that stands in the request.
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<TextMatch, E> {
                Ok(TextMatch::Exact(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<TextMatch, E> {
                Ok(TextMatch::Exact(number.to_string()))
            }

            fn visit_bool<E: de::Error>(self, truth: bool) -> Result<TextMatch, E> {
                Ok(TextMatch::Exact(truth.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextMatch, A::Error> {
                Ok(match Pattern::deserialize(MapAccessDeserializer::new(map))? {
                    Pattern::Regex(regex) => TextMatch::Regex(regex),
                    Pattern::Present(present) => TextMatch::Present(present),
                })
            }
        }
        deserializer.deserialize_any(TextOrPattern)
    }
}

impl Serialize for TextMatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = match self {
            Self::Exact(text) => return serializer.serialize_str(text),
            _ => serializer.serialize_map(Some(1))?,
        };
        match self {
            Self::Regex(regex) => map.serialize_entry("regex", regex)?,
            Self::Present(present) => map.serialize_entry("present", present)?,
            Self::Exact(_) => {}
        }
        map.end()
    }
}
