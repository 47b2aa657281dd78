//! The scenario file: these types are the format, in files and in the control API alike. Reading only; whether
//! what was read makes sense is `check.rs`'s part.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fault::Fault;
use super::matcher::Compiled;
use crate::clock::Span;
use crate::operation::Operation;

/// A named list of rules with a lesson.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Scenario {
    /// What it is called: in `Sim-Fault`, in the journal, on the command line.
    pub name: String,
    /// What a client's author learns from it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub lesson: Option<String>,
    /// The rules; the first that fires wins, at each stage.
    pub rules: Vec<Rule>,
}

/// Which exchanges, which of them, and what goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    /// What it is called; its luck depends on it. `rule-1` for a first rule without a name, and so on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which exchanges; all when absent.
    #[serde(default, skip_serializing_if = "When::is_empty")]
    pub when: When,
    /// Which of those; all when absent.
    #[serde(default, skip_serializing_if = "Fires::is_empty")]
    pub fires: Fires,
    /// Whether the operation happens first.
    #[serde(default, skip_serializing_if = "Stage::is_before")]
    pub stage: Stage,
    /// How long the client waits on top.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub hold: Option<Hold>,
    /// What goes wrong, every time.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub fault: Option<Fault>,
    /// What goes wrong, one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub sequence: Option<Vec<Fault>>,
    /// What comes after the sequence; `pass` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub then: Option<Then>,
    /// The `when`, compiled once and shared by all tenants in which the rule runs.
    #[serde(skip)]
    pub(super) compiled: Compiled,
}

/// When a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The operation does not happen.
    #[default]
    Before,
    /// The operation happens, and the client is told something else or nothing.
    After,
}

impl Stage {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_before(&self) -> bool {
        *self == Self::Before
    }
}

/// What comes after the last fault of a sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The rule does not fire any more.
    #[default]
    Pass,
    /// The sequence begins again.
    Repeat,
    /// The last fault goes on.
    Last,
}

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
    /// The OAuth client's id, from the token or the token call.
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
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which of the matching exchanges a rule fires on. All parts that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Fires {
    /// The n-th match, or these, from 1.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub nth: Option<Nth>,
    /// The first so many matches.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub first: Option<u64>,
    /// The matches after so many.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub after: Option<u64>,
    /// Every so-manieth match.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub every: Option<u64>,
    /// With this probability, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub chance: Option<f64>,
    /// From this tenant time on, counted from when the scenario was loaded.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub from: Option<Span>,
    /// Until before this tenant time, counted likewise.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub until: Option<Span>,
    /// So many times at most.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub times: Option<u64>,
    /// Whose matches and firings are counted; the tenant's when absent.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub per: Option<Per>,
}

impl Fires {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whose matches and firings are counted together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// All of the tenant's.
    #[default]
    Tenant,
    /// Those of one OAuth client.
    Client,
    /// Those of one group, by the id in the path.
    Group,
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

/// One or more ordinal numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nth(pub Vec<u64>);

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hold {
    /// Always so long.
    Fixed(Span),
    /// Anything between the two, each as likely.
    Uniform(Span, Span),
    /// Mostly about the median, now and then much longer: log-normal.
    Lognormal {
        /// Half of all waits are shorter.
        median: Span,
        /// One in a hundred is longer.
        p99: Span,
    },
}

/// Reads an optional part that is there: a key without a value is a mistake, not an absence.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

crate::document::previous::by_serde!(Scenario, "a scenario");
crate::document::previous::by_serde!(When, "conditions");

// The shapes below may be written in more than one way; each is read by a visitor, which keeps the place of a
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

impl<'de> Deserialize<'de> for Nth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Nth;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 1, or a list of them")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Nth, E> {
                Ok(Nth(vec![number]))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Nth, E> {
                u64::try_from(number).map(|number| Nth(vec![number])).map_err(|_| {
                    E::custom(format!("{number} can never come; expected a whole number from 1"))
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Nth, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = items.next_element()? {
                    numbers.push(number);
                }
                Ok(Nth(numbers))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

impl Serialize for Nth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0[..] {
            [number] => serializer.serialize_u64(number),
            ref numbers => numbers.serialize(serializer),
        }
    }
}

/// The two ways of waiting that are drawn, as files write them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Drawn {
    Uniform(Span, Span),
    Lognormal(Lognormal),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lognormal {
    median: Span,
    p99: Span,
}

impl<'de> Deserialize<'de> for Hold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FixedOrDrawn;
        impl<'de> Visitor<'de> for FixedOrDrawn {
            type Value = Hold;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration, {uniform: [least, most]} or {lognormal: {median: …, p99: …}}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Hold, E> {
                crate::clock::parse_duration(text)
                    .map(|duration| Hold::Fixed(Span(duration)))
                    .map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Hold, A::Error> {
                Ok(match Drawn::deserialize(MapAccessDeserializer::new(map))? {
                    Drawn::Uniform(least, most) => Hold::Uniform(least, most),
                    Drawn::Lognormal(Lognormal { median, p99 }) => Hold::Lognormal { median, p99 },
                })
            }
        }
        deserializer.deserialize_any(FixedOrDrawn)
    }
}

impl Serialize for Hold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Fixed(span) => span.serialize(serializer),
            Self::Uniform(least, most) => Drawn::Uniform(least, most).serialize(serializer),
            Self::Lognormal { median, p99 } => {
                Drawn::Lognormal(Lognormal { median, p99 }).serialize(serializer)
            }
        }
    }
}
