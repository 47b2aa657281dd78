//! `hold`: how long a client waits, as it is written.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Span;

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
