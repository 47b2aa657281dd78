//! The description of a type with fields, as `record.rs` fills it: its keys, what their values must be, its JSON
//! Schema, and what messages say about it.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::mistakes::{Mistakes, is_unseen, shown};
use super::nearest::nearest;
use super::tree::{Content, Node, number};
use super::values::{WHOLE_NUMBER, rewritten};
use super::written::{Definitions, unknown};

/// The description of a record.
pub(crate) struct Shape {
    /// What its schema is called.
    pub(crate) title: &'static str,
    /// What it is.
    pub(crate) doc: &'static [&'static str],
    /// What its schema says beside the fields.
    pub(crate) also: Option<fn() -> Value>,
    /// Its keys, in order.
    pub(crate) keys: &'static [&'static str],
    /// The rest about each key.
    pub(crate) fields: &'static [Field],
}

/// The description of a field.
pub(crate) struct Field {
    /// What it is.
    pub(crate) doc: &'static [&'static str],
    /// Whether it may be left out.
    pub(crate) presence: Presence,
    /// What its value must be beside its type.
    pub(crate) limit: Option<Limit>,
    /// The value when absent, if that is worth stating.
    pub(crate) default: Option<fn() -> Value>,
    /// Its type's schema.
    pub(crate) schema: fn(&mut Definitions) -> Value,
    /// Its type's keys.
    pub(crate) keys: fn() -> &'static [&'static str],
    /// Whether a value is one of its type.
    pub(crate) reads: fn(&Node<'_>) -> bool,
}

/// Whether a field may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It must be there.
    Required,
    /// It may be left out, in JSON by null, too; in YAML null is a mistake.
    Optional,
    /// It may be left out or null.
    Nullable,
}

/// What a value must be beside its type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// A text or list with something in it.
    NotEmpty,
    /// A list or mapping of this many entries or more, and of that many or fewer.
    Entries(usize, usize),
    /// A number that is this or more.
    AtLeast(i64),
    /// A number between the two, both included.
    Between(i64, i64),
    /// A text of some form, and how to describe the form.
    Form {
        /// The form as a regular expression, for schemas.
        pattern: &'static str,
        /// What follows "expected".
        expected: &'static str,
        /// Whether a text has it.
        holds: fn(&str) -> bool,
    },
}

impl Limit {
    /// What messages expect of a field's type, said more closely: `a whole number from 1`.
    pub(super) fn narrow(limit: Option<Self>, expected: &str) -> Cow<'_, str> {
        match limit {
            Some(Self::AtLeast(least)) if expected == WHOLE_NUMBER => {
                expected.replace('0', &least.to_string()).into()
            }
            Some(Self::Between(least, most)) if expected == WHOLE_NUMBER => {
                format!("{} to {most}", expected.replace('0', &least.to_string())).into()
            }
            _ => expected.into(),
        }
    }

    /// What was expected, where a value is not that.
    pub(super) fn missed(self, node: &Node<'_>) -> Option<String> {
        let value = node.scalar().and_then(number).and_then(|number| number.as_f64()).unwrap_or_default();
        let entries = node.entries();
        #[expect(clippy::cast_precision_loss, reason = "limits are small numbers")]
        match self {
            Self::NotEmpty => {
                let expected = if node.scalar().is_some() { "text" } else { "one entry or more" };
                let is_empty = node.scalar().map_or(entries == 0, str::is_empty);
                is_empty.then(|| expected.to_owned())
            }
            Self::Entries(_, most) if entries > most => Some(format!("{most} or fewer")),
            Self::Entries(least, _) => (entries < least).then(|| {
                if least == 1 { "one entry or more".to_owned() } else { format!("{least} or more") }
            }),
            Self::AtLeast(least) => (value < least as f64).then(|| format!("{least} or more")),
            Self::Between(least, most) => {
                // A chance is easily taken for a number in a hundred; of 1.5 nobody knows what it was.
                let is_percentage = (least, most) == (0, 1) && (2.0..=100.0).contains(&value);
                let advice = if is_percentage { format!("; write {}", value / 100.0) } else { String::new() };
                (value < least as f64 || value > most as f64).then(|| format!("{least} to {most}{advice}"))
            }
            Self::Form { expected, holds, .. } => {
                node.scalar().is_some_and(|text| !holds(text)).then(|| expected.to_owned())
            }
        }
    }

    /// The same for a schema.
    pub(super) fn add_to(self, schema: &mut Map<String, Value>) {
        let keywords = match self {
            Self::NotEmpty if schema.get("type") == Some(&json!("array")) => vec![("minItems", json!(1))],
            Self::NotEmpty if schema.get("type") == Some(&json!("object")) => {
                vec![("minProperties", json!(1))]
            }
            Self::NotEmpty => vec![("minLength", json!(1))],
            Self::Entries(least, most) => {
                let is_list = schema.get("type") == Some(&json!("array"));
                let keywords =
                    if is_list { ["minItems", "maxItems"] } else { ["minProperties", "maxProperties"] };
                let bounds = keywords.into_iter().zip([least, most]).filter(|(_, bound)| *bound > 0);
                bounds.map(|(keyword, bound)| (keyword, json!(bound))).collect()
            }
            Self::AtLeast(least) => vec![("minimum", json!(least))],
            Self::Between(least, most) => vec![("minimum", json!(least)), ("maximum", json!(most))],
            Self::Form { pattern, .. } => vec![("pattern", json!(pattern))],
        };
        schema.extend(keywords.into_iter().map(|(keyword, value)| (keyword.to_owned(), value)));
    }
}

/// The lines of a doc comment as one text.
pub(super) fn joined(doc: &[&str]) -> String {
    doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

impl Shape {
    /// What messages expect in its place: `a source {id: …, name: …}`.
    pub(crate) fn expected(&self) -> String {
        let required = self.required();
        let (keys, ends) = match required.as_slice() {
            [] if self.keys.is_empty() => return "{}, without settings".to_owned(),
            [] => (&self.keys[..self.keys.len().min(3)], if self.keys.len() > 3 { ", …}" } else { "}" }),
            required => (required, "}"),
        };
        let keys: Vec<_> = keys.iter().map(|key| format!("{key}: …")).collect();
        let mut name = String::new();
        for c in self.title.chars() {
            name.extend(c.is_uppercase().then_some(' '));
            name.extend(c.to_lowercase());
        }
        let (article, name) = match name.strip_prefix("other ") {
            Some(rest) => ("another ", rest),
            // Several, such as holders.
            None if name.ends_with("rs") => ("", &*name),
            None if name.starts_with(['a', 'e', 'i', 'o']) => ("an ", &*name),
            None => ("a ", &*name),
        };
        format!("{article}{name} {{{}{ends}", keys.join(", "))
    }

    fn required(&self) -> Vec<&'static str> {
        let fields = self.keys.iter().zip(self.fields);
        fields.filter(|(_, field)| field.presence == Presence::Required).map(|(key, _)| *key).collect()
    }

    /// Its JSON Schema, by reference.
    pub(crate) fn schema(&self, definitions: &mut Definitions) -> Value {
        definitions.refer(self.title, |definitions| {
            let fields = self.keys.iter().zip(self.fields);
            let properties: Map<_, _> =
                fields.map(|(key, field)| ((*key).to_owned(), field.schema(definitions))).collect();
            let mut schema = json!({
                "description": joined(self.doc),
                "type": "object",
                "additionalProperties": false,
                "required": self.required(),
                "properties": properties,
            });
            let keywords = schema.as_object_mut().expect("it is an object");
            if self.required().is_empty() {
                keywords.remove("required");
            }
            keywords.extend(self.also.and_then(|also| also().as_object().cloned()).unwrap_or_default());
            schema
        })
    }

    /// The position of a key; `likely` is where it is looked for first.
    pub(super) fn place_of(&self, key: &str, likely: usize) -> Option<usize> {
        if self.keys.get(likely) == Some(&key) {
            return Some(likely);
        }
        self.keys.iter().position(|known| *known == key)
    }

    /// The message for an unknown key.
    pub(super) fn unknown(&self, key: &str, mistakes: &Mistakes) -> String {
        let indented = |how: &'static str| if mistakes.is_yaml { how } else { "" };
        let meant = nearest(key, self.keys.iter().copied());
        // What is missing here was more likely meant than a key of another level.
        let is_near = meant.is_some_and(|meant| self.required().contains(&meant));
        if is_near {
            return unknown("unknown key", key, self.keys);
        }
        if let Some(outer) = self.outer_of(key) {
            let how = indented(", indented further");
            return format!("the key {} belongs under `{outer}`; expected it there{how}", shown(key));
        }
        if mistakes.belongs_outside(key) {
            let how = indented(", indented less");
            let or = meant.map_or_else(String::new, |meant| format!("; or did you mean `{meant}`?"));
            return format!(
                "the key {} belongs to what is around this; expected it there{how}{or}",
                shown(key)
            );
        }
        // Without a blank behind it, a colon is part of a text.
        if let Some((known, value)) = key.split_once(':').filter(|(known, _)| self.keys.contains(known)) {
            return format!(
                "{} without a space; expected one after the colon: `{known}: {value}`",
                shown(key)
            );
        }
        if let Some(c) = key.chars().find(|c| is_unseen(*c)) {
            let code = u32::from(c);
            return format!(
                "unknown key {}; the character U+{code:04X} in it looks like a space or like nothing; expected \
                 ordinary spaces",
                shown(key)
            );
        }
        unknown("unknown key", key, self.keys)
    }

    /// The field whose value may have this key.
    fn outer_of(&self, key: &str) -> Option<&'static str> {
        let fields = self.keys.iter().zip(self.fields).map(|(outer, field)| (*outer, (field.keys)()));
        let with_it: Vec<_> = fields.filter(|(_, keys)| keys.contains(&key)).collect();
        match with_it.as_slice() {
            // Several of one type, such as a fault and a list of faults: the first is the simplest.
            [(outer, keys), others @ ..] if others.iter().all(|(_, others)| others == keys) => Some(*outer),
            _ => None,
        }
    }

    /// The field to whose value all of these keys belong, if they all belong to the same.
    pub(super) fn belonging(&self, entries: &[(Node<'_>, Node<'_>)]) -> Option<&'static str> {
        let mut outer = entries.iter().map(|(key, _)| {
            key.scalar().filter(|key| !self.keys.contains(key)).and_then(|key| self.outer_of(key))
        });
        let first = outer.next()??;
        outer.all(|other| other == Some(first)).then_some(first)
    }

    /// What to write where a plain value was written in the record's place.
    pub(super) fn advice(&self, node: &Node<'_>) -> String {
        let required = self.required();
        let (([key], _) | ([], [key, ..])) = (required.as_slice(), self.keys) else { return String::new() };
        let field = self.keys.iter().zip(self.fields).find(|(known, _)| *known == key);
        // A number in quotes is a number that was quoted.
        let unquoted = match &node.content {
            Content::Quoted(text) => Some(Node { at: node.at, content: Content::Plain(text.clone()) }),
            _ => None,
        };
        let is_meant = |node: &&Node<'_>| field.is_some_and(|(_, field)| (field.reads)(node));
        let meant = [Some(node), unquoted.as_ref()].into_iter().flatten().find(is_meant);
        let value = meant.and_then(rewritten);
        value.map_or_else(String::new, |value| format!("; write {{{key}: {value}}}"))
    }
}

/// A schema that allows null, too.
fn or_null(mut schema: Map<String, Value>) -> Map<String, Value> {
    match schema.get_mut("type") {
        Some(kind @ Value::String(_)) => {
            *kind = json!([kind, "null"]);
            if let Some(Value::Array(words)) = schema.get_mut("enum") {
                words.push(Value::Null);
            }
            schema
        }
        _ => Map::from_iter([("anyOf".to_owned(), json!([schema, { "type": "null" }]))]),
    }
}

impl Field {
    fn schema(&self, definitions: &mut Definitions) -> Value {
        let schema = (self.schema)(definitions);
        let mut schema = match schema {
            Value::Object(schema) if !schema.contains_key("$ref") => schema,
            // Beside a reference nothing else counts.
            reference => Map::from_iter([("allOf".to_owned(), json!([reference]))]),
        };
        if let Some(limit) = self.limit {
            limit.add_to(&mut schema);
        }
        if self.presence == Presence::Nullable {
            schema = or_null(schema);
        }
        if let Some(default) = self.default {
            schema.insert("default".to_owned(), default());
        }
        let mut described = Map::from_iter([("description".to_owned(), json!(joined(self.doc)))]);
        described.extend(schema);
        Value::Object(described)
    }
}
