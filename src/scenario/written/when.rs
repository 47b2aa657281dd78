//! `when`: which exchanges a rule is about, as it is written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{TextMatch, ValueMatch};
use crate::document::{Content, Definitions, Mistakes, Node, Place, Written, record, words};
use crate::operation::Operation;
use crate::scenario::check;

record! {
    derive(Default)
    /// Which exchanges a rule is about; all when absent. All parts that are given must hold.
    pub struct When as "matcher" checked by When::look {
        /// The operation: one, a list, or `"*"` for every request. `changePassword` is none of the API's: it is one attempt
        /// of the platform to change one account's password on one source, and stands alone.
        pub operation: Option<Operations> = optional("operation"),
        /// The API version in the path: beta, v3, v2024 and so on; `token` and `oauthInfo` have none.
        pub version: Option<TextMatch> = optional("version"),
        /// The HTTP method, in capitals.
        pub method: Option<TextMatch> = optional("method"),
        /// The path below the base URL, as a glob: `*` is any text without `/`, `**` any text, `?` one character. It is
        /// compared as the service reads it, step by step and decoded, however it is spelt; `%2F` is not a slash.
        pub path: Option<String> = optional("path"),
        /// The OAuth client's id or name, from the token or the token call.
        pub client: Option<TextMatch> = optional("client"),
        /// Query parameters by name, decoded; of one that is given twice, the first.
        pub query: BTreeMap<String, TextMatch> = optional("query") within check::CONDITIONS,
        /// Request header fields by name, in any case.
        pub header: BTreeMap<String, TextMatch> = optional("header") within check::CONDITIONS,
        /// Values in the body by JSON Pointer, such as `/name` or `/sourceIds/0`; a token call's parameters count
        /// as members of an object.
        pub body: BTreeMap<String, ValueMatch> = optional("body") within check::CONDITIONS,
        /// Which page of a list.
        pub page: Option<Page> = optional("page"),
        /// Whether the request is the first on its connection.
        pub connection: Option<Connection> = optional("connection"),
        /// The source of an attempt to change a password, by its id or name.
        pub source: Option<TextMatch> = optional("source"),
    }
}

words! {
    /// A page of a list.
    pub enum Page {
        /// One that begins behind the last entry, or where it would be empty: `offset` is the total or more. An empty
        /// list has no such page.
        PastEnd = "pastEnd",
    }
}

words! {
    /// Whether a request is the first on its connection.
    pub enum Connection {
        /// It is.
        New = "new",
        /// An earlier request came over the same connection.
        Reused = "reused",
    }
}

impl When {
    /// What is wrong with it, for readers.
    fn look(&self, place: &mut Place<'_, '_, '_>) {
        for mistake in check::check_when(self) {
            place.mistake(&mistake.pointer, mistake.message);
        }
    }
}

/// Operations by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operations {
    /// `"*"`: every one, and requests that lead to none.
    Any,
    /// These.
    These(Vec<Operation>),
    /// None of the API's: attempts to change a password.
    Attempts,
}

/// What files call an attempt to change a password.
pub(in crate::scenario) const ATTEMPT: &str = "changePassword";

fn ids() -> Vec<&'static str> {
    Operation::ALL.iter().map(|operation| operation.id()).collect()
}

impl Written for Operation {
    fn expected() -> Cow<'static, str> {
        "an operation such as `token`".into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        definitions.refer(
            "operation",
            |_| json!({ "description": "One thing the API can do.", "type": "string", "enum": ids() }),
        )
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let Some(text) = node.scalar().filter(|_| !node.is_null()) else {
            mistakes.unexpected(node, &Self::expected());
            return None;
        };
        let found = Self::ALL.iter().copied().find(|operation| operation.id() == text);
        if found.is_none() {
            if text == ATTEMPT {
                let expected =
                    "expected it alone, because it is not a request; make a rule of its own for it";
                mistakes.add(node, format!("`{ATTEMPT}` among operations; {expected}"));
                return None;
            }
            let names: Vec<_> = ids().into_iter().chain([ATTEMPT]).collect();
            mistakes.unknown(node, "operation", text, &names);
        }
        found
    }
}

impl Written for Operations {
    fn expected() -> Cow<'static, str> {
        "an operation, a list of operations, or '*'".into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let operation = Operation::schema(definitions);
        json!({
            "anyOf": [
                operation,
                { "description": "Every request, even one that leads to no operation.", "const": "*" },
                { "description": "Attempts of the platform to change one account's password on one source.", "const": ATTEMPT },
                { "type": "array", "minItems": 1, "items": operation },
            ],
        })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        match &node.content {
            Content::List(items) if items.is_empty() => {
                mistakes.add(node, "an empty list can never match; expected operations");
                None
            }
            Content::List(_) => Vec::read(node, mistakes).map(Self::These),
            Content::Mapping(_) => {
                mistakes.unexpected(node, &Self::expected());
                None
            }
            _ if node.scalar() == Some("*") => Some(Self::Any),
            _ if node.scalar() == Some(ATTEMPT) => Some(Self::Attempts),
            _ => Operation::read(node, mistakes).map(|operation| Self::These(vec![operation])),
        }
    }
}

impl Serialize for Operations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_str("*"),
            Self::Attempts => serializer.serialize_str(ATTEMPT),
            Self::These(operations) if operations.len() == 1 => serializer.serialize_str(operations[0].id()),
            Self::These(operations) => {
                serializer.collect_seq(operations.iter().map(|operation| operation.id()))
            }
        }
    }
}
