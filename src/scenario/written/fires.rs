//! `fires`: which of its matches a rule fires on, as it is written.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::given;
use crate::clock::Span;

/// Which of the matching exchanges a rule fires on. All parts that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Fires {
    /// The n-th match, or these, from 1.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub nth: Option<Nth>,
    /// The first n matches.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub first: Option<u64>,
    /// All matches after the first n.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub after: Option<u64>,
    /// Every n-th match: 3 is the third, the sixth, the ninth.
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
    /// At most this many times.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub times: Option<u64>,
    /// Whose matches and firings are counted; the tenant's when absent.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub per: Option<Per>,
}

impl Fires {
    pub(super) fn is_empty(&self) -> bool {
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

/// One or more ordinal numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nth(pub Vec<u64>);

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
