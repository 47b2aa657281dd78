//! How a type is read from a document, described once: [`Written`] for anything that people write, with its
//! JSON Schema and what messages expect in its place. `values.rs` has the plain values, `record.rs`
//! types with fields, and `words.rs` closed lists of names.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::mistakes::{Mistakes, shown};
use super::tree::Node;

/// Something that people write in a document.
pub(crate) trait Written: Sized {
    /// Whether null is a value of it, and not the absence of one.
    const TAKES_NULL: bool = false;

    /// What messages expect in its place: `text`, `a list of durations`.
    fn expected() -> Cow<'static, str>;

    /// Its JSON Schema. What has a name of its own goes into `definitions`, and is referred to.
    fn schema(definitions: &mut Definitions) -> Value;

    /// The keys that it may have, so that a message can say where a key at the wrong level belongs.
    fn keys() -> &'static [&'static str] {
        &[]
    }

    /// Reads it. Every mistake in it is noted; `None` when there was one.
    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self>;
}

/// Whether a value is a `T`.
pub(crate) fn reads<T: Written>(node: &Node<'_>) -> bool {
    let mut mistakes = Mistakes::new(true);
    T::read(node, &mut mistakes).is_some() && mistakes.told("", "").is_none()
}

/// The named schemas of a document's format.
#[derive(Debug)]
pub(crate) struct Definitions {
    /// Where they will stand, such as `#/definitions/`.
    pub(super) path: &'static str,
    pub(super) known: Map<String, Value>,
}

impl Definitions {
    pub(crate) fn new(path: &'static str) -> Self {
        Self { path, known: Map::new() }
    }

    /// A reference to the schema of that name, which is made when it is first referred to.
    pub(crate) fn refer(&mut self, name: &str, schema: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.known.contains_key(name) {
            // It may refer to itself.
            self.known.insert(name.to_owned(), Value::Null);
            let schema = schema(self);
            self.known.insert(name.to_owned(), schema);
        }
        json!({ "$ref": format!("{}{name}", self.path) })
    }

    /// The named schemas, in alphabetical order.
    pub(crate) fn into_schemas(self) -> Map<String, Value> {
        let sorted: std::collections::BTreeMap<_, _> = self.known.into_iter().collect();
        sorted.into_iter().collect()
    }
}

/// The JSON Schema of a whole document.
#[cfg(test)]
pub(crate) fn document_schema<T: Written>(title: &str) -> Value {
    let mut definitions = Definitions::new("#/definitions/");
    let root = T::schema(&mut definitions);
    let name = root["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let root = definitions.known.remove(name).unwrap_or_default();
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    schema.insert("title".to_owned(), json!(title));
    schema.extend(root.as_object().cloned().unwrap_or_default());
    schema.insert("definitions".to_owned(), Value::Object(definitions.into_schemas()));
    Value::Object(schema)
}

/// What follows "expected" for one of these names.
pub fn one_of(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The message for a name that is not one of those that are known: `what` is such as `unknown key`.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    /// A longer list is left out when it is clear what was meant, and else cut short.
    const LONG: usize = 16;
    const SHOWN: usize = 3;
    let what = if what.is_empty() { shown(name) } else { format!("{what} {}", shown(name)) };
    match super::nearest::nearest(name, known.iter().copied()) {
        Some(meant) if known.len() > LONG => format!("{what}; did you mean `{meant}`?"),
        Some(meant) => format!("{what}; expected {}; did you mean `{meant}`?", one_of(known)),
        None if known.len() > LONG => {
            // Those that begin or go on like what was found say most.
            let is_like = |known: &&&str| name.len() > 2 && known.contains(&name.to_lowercase());
            let like: Vec<&str> = known.iter().filter(is_like).copied().take(SHOWN).collect();
            let some = one_of(if like.is_empty() { &known[..SHOWN] } else { &like });
            format!("{what}; expected one of {} names, such as {some}", known.len())
        }
        None => format!("{what}; expected {}", one_of(known)),
    }
}

/// The position of a scalar in a closed list of names.
pub(crate) fn word(node: &Node<'_>, words: &[&str], mistakes: &mut Mistakes) -> Option<usize> {
    let Some(text) = node.scalar().filter(|_| !node.is_null()) else {
        mistakes.unexpected(node, &one_of(words));
        return None;
    };
    let found = words.iter().position(|word| *word == text);
    if found.is_none() {
        mistakes.unknown(node, "", text, words);
    }
    found
}
