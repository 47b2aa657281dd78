//! `fires`: which of its matches a rule fires on, as it is written.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::check;
use crate::clock::Span;
use crate::document::{Content, Definitions, Limit, Mistakes, Node, Written, record, words};

record! {
    derive(Default)
    /// Which of the matching exchanges a rule fires on. All parts that are given must hold.
    pub struct Fires as "trigger" {
        /// The nth match, or these, from 1.
        pub nth: Option<Nth> = optional("nth"),
        /// The first n matches.
        pub first: Option<u64> = optional("first") within Limit::AtLeast(1),
        /// All matches after the first n.
        pub after: Option<u64> = optional("after"),
        /// Every nth match: 3 is the third, the sixth, the ninth.
        pub every: Option<u64> = optional("every") within Limit::AtLeast(1),
        /// With this probability, 0 to 1.
        pub chance: Option<f64> = optional("chance") within Limit::Between(0, 1),
        /// From this tenant time on, counted from when the scenario was loaded.
        pub from: Option<Span> = optional("from"),
        /// Until this tenant time (excluded), counted likewise.
        pub until: Option<Span> = optional("until"),
        /// At most this many times.
        pub times: Option<u64> = optional("times") within Limit::AtLeast(1),
        /// Whose matches and firings are counted; the tenant's when absent.
        pub per: Option<Per> = optional("per"),
    }
}

words! {
    derive(Default)
    /// Whose matches and firings are counted together.
    pub enum Per {
        /// All of the tenant's.
        Tenant = "tenant",
        /// Those of one OAuth client.
        Client = "client",
        /// Those of one group, by the id in the path.
        Group = "group",
    }
}

/// One or more ordinal numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nth(pub Vec<u64>);

impl Written for Nth {
    fn expected() -> Cow<'static, str> {
        "a whole number from 1, or a list of them".into()
    }

    fn schema(_: &mut Definitions) -> Value {
        let number = json!({ "type": "integer", "minimum": 1 });
        json!({ "anyOf": [number, { "type": "array", "minItems": 1, "maxItems": check::MOST_NUMBERS, "items": number }] })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        mistakes.within(Some(Limit::AtLeast(1)), |mistakes| match &node.content {
            Content::List(numbers) if numbers.len() > check::MOST_NUMBERS => {
                let (found, most) = (numbers.len(), check::MOST_NUMBERS);
                mistakes.add(node, format!("{found} numbers; expected {most} or fewer"));
                None
            }
            Content::List(_) => Vec::read(node, mistakes).map(Self),
            Content::Mapping(_) => {
                mistakes.unexpected(node, &Self::expected());
                None
            }
            _ => u64::read(node, mistakes).map(|number| Self(vec![number])),
        })
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
