//! Types with fields: one description of each, a line per field, from which it is read, written, checked for
//! keys that it does not have, and shown as a JSON Schema.

use serde_json::{Map, Value, json};

use super::mistakes::{Mistakes, in_words, shown};
use super::nearest::nearest;
use super::tree::{Content, Node, number};
use super::written::{Definitions, Written, rewritten, unknown};

/// Describes a struct that people write. Each field names its key and says whether it may be left out:
///
/// * `required("key")`;
/// * `optional("key")`: its type's default when absent, and not written when it is that;
/// * `nullable("key")`: the same, and null counts as absent;
/// * `stated("key")`: the same, but always written;
/// * `or("key", value)`: the value when absent; always written.
///
/// `within` gives a field its [`Limit`]. `checked by` names a function that looks at the whole, and notes what
/// is wrong by its [`Place`](super::Place); `also` one that gives the schema what no field can say.
///
/// ```ignore
/// record! {
///     derive(Default)
///     /// A dish.
///     pub struct Dish as "dish" checked by Dish::check {
///         /// What it is called.
///         pub name: String = required("name") within Limit::NotEmpty,
///         /// In cents.
///         pub price: Option<u32> = optional("price"),
///     }
/// }
/// ```
macro_rules! record {
    (
        $(derive($($derive:ident),*))?
        $(#[doc = $doc:literal])+
        $vis:vis struct $Name:ident as $title:literal $(checked by $check:path)? $(, also $also:path)? {
            $(
                $(#[doc = $field_doc:literal])+
                $field_vis:vis $field:ident: $Type:ty =
                    $mode:ident($key:literal $(, $default:expr)?) $(within $limit:expr)?,
            )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq $(, $($derive),*)?)]
        $vis struct $Name {
            $($(#[doc = $field_doc])+ $field_vis $field: $Type,)*
        }

        impl $Name {
            fn shape() -> &'static $crate::document::Shape {
                static SHAPE: $crate::document::Shape = $crate::document::Shape {
                    title: $title,
                    also: $crate::document::record!(@also $($also)?),
                    doc: &[$($doc),+],
                    keys: &[$($key),*],
                    fields: &[$($crate::document::Field {
                        doc: &[$($field_doc),+],
                        presence: $crate::document::record!(@presence $mode),
                        limit: $crate::document::record!(@limit $($limit)?),
                        default: $crate::document::record!(@default $Type $(, $default)?),
                        schema: <$Type as $crate::document::Written>::schema,
                        keys: <$Type as $crate::document::Written>::keys,
                    }),*],
                };
                &SHAPE
            }
        }

        impl $crate::document::Written for $Name {
            fn expected() -> std::borrow::Cow<'static, str> {
                Self::shape().expected().into()
            }

            fn schema(definitions: &mut $crate::document::Definitions) -> serde_json::Value {
                Self::shape().schema(definitions)
            }

            fn keys() -> &'static [&'static str] {
                Self::shape().keys
            }

            fn read(
                node: &$crate::document::Node<'_>,
                mistakes: &mut $crate::document::Mistakes,
            ) -> Option<Self> {
                let record = $crate::document::Record::open(Self::shape(), node, mistakes)?;
                // All fields are read before the first that is missing ends it.
                $(let $field = $crate::document::record!(
                    @read $mode, record.field($key, mistakes) $(, $default)?
                );)*
                let _ = &record;
                let read = Self { $($field: $field?,)* };
                $($crate::document::look_at(&read, node, mistakes, $check);)?
                Some(read)
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                #[allow(unused_mut, reason = "a record may be empty")]
                let mut map = serializer.serialize_map(None)?;
                $($crate::document::record!(@write $mode, self.$field, $Type, map.serialize_entry($key, &self.$field)?);)*
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(deserializer)?;
                $crate::document::from_json(&value).map_err(serde::de::Error::custom)
            }
        }
    };

    (@presence required) => { $crate::document::Presence::Required };
    (@presence optional) => { $crate::document::Presence::Optional };
    (@presence nullable) => { $crate::document::Presence::Nullable };
    (@presence stated) => { $crate::document::Presence::Nullable };
    (@presence or) => { $crate::document::Presence::Optional };

    (@also) => { None };
    (@also $also:path) => { Some($also) };

    (@limit) => { None };
    (@limit $limit:expr) => { Some($limit) };

    (@default $Type:ty) => { None };
    (@default $Type:ty, $default:expr) => {
        Some(|| {
            let value: $Type = $default;
            serde_json::to_value(value).unwrap_or_default()
        })
    };

    (@read required, $given:expr) => { $given.required() };
    (@read or, $given:expr, $default:expr) => { $given.or_else(|| $default) };
    (@read $mode:ident, $given:expr) => { $given.or_else(Default::default) };

    (@write optional, $value:expr, $Type:ty, $write:expr) => {
        if $value != <$Type>::default() {
            $write;
        }
    };
    (@write nullable, $value:expr, $Type:ty, $write:expr) => {
        if $value != <$Type>::default() {
            $write;
        }
    };
    (@write $mode:ident, $value:expr, $Type:ty, $write:expr) => { $write };
}
pub(crate) use record;

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
    /// The value that stands for an absent one, if that is worth saying.
    pub(crate) default: Option<fn() -> Value>,
    /// Its type's schema.
    pub(crate) schema: fn(&mut Definitions) -> Value,
    /// Its type's keys.
    pub(crate) keys: fn() -> &'static [&'static str],
}

/// Whether a field may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It must be there.
    Required,
    /// It may be left out; null is a mistake.
    Optional,
    /// It may be left out or null.
    Nullable,
}

/// What a value must be beside its type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// A text or list with something in it.
    NotEmpty,
    /// A number that is this or more.
    AtLeast(i64),
    /// A number between the two, both included.
    Between(i64, i64),
    /// A text of some form, and how to say it.
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
    /// What was expected, where a value is not that.
    fn missed(self, node: &Node<'_>) -> Option<String> {
        let value = node.scalar().and_then(number).and_then(|number| number.as_f64()).unwrap_or_default();
        let is_empty = match &node.content {
            Content::List(items) => items.is_empty(),
            Content::Mapping(entries) => entries.is_empty(),
            _ => node.scalar() == Some(""),
        };
        #[expect(clippy::cast_precision_loss, reason = "limits are small numbers")]
        match self {
            Self::NotEmpty => {
                let expected = if node.scalar().is_some() { "text" } else { "one entry or more" };
                is_empty.then(|| expected.to_owned())
            }
            Self::AtLeast(least) => (value < least as f64).then(|| format!("{least} or more")),
            Self::Between(least, most) => {
                (value < least as f64 || value > most as f64).then(|| format!("{least} to {most}"))
            }
            Self::Form { expected, holds, .. } => {
                node.scalar().is_some_and(|text| !holds(text)).then(|| expected.to_owned())
            }
        }
    }

    /// The same for a schema.
    fn add_to(self, schema: &mut Map<String, Value>) {
        let keywords = match self {
            Self::NotEmpty if schema.get("type") == Some(&json!("array")) => vec![("minItems", json!(1))],
            Self::NotEmpty if schema.get("type") == Some(&json!("object")) => {
                vec![("minProperties", json!(1))]
            }
            Self::NotEmpty => vec![("minLength", json!(1))],
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
        let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
        format!("{article} {name} {{{}{ends}", keys.join(", "))
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

    /// What to say of a key that it does not have.
    fn unknown(&self, key: &str) -> String {
        let fields = self.keys.iter().zip(self.fields).map(|(outer, field)| (outer, (field.keys)()));
        let with_it: Vec<_> = fields.filter(|(_, keys)| keys.contains(&key)).collect();
        match with_it.as_slice() {
            // Several of one type, such as a fault and a list of faults: the first is the simplest.
            [(outer, keys), others @ ..] if others.iter().all(|(_, others)| others == keys) => {
                format!("the key {} belongs under `{outer}`; expected it there, indented further", shown(key))
            }
            _ => unknown("unknown key", key, self.keys),
        }
    }

    /// What to write where a plain value was written in the record's place.
    fn advice(&self, node: &Node<'_>) -> String {
        let required = self.required();
        let (([key], _) | ([], [key, ..])) = (required.as_slice(), self.keys) else { return String::new() };
        rewritten(node).map_or_else(String::new, |value| format!("; write {{{key}: {value}}}"))
    }
}

/// A schema that allows null, too.
fn or_null(mut schema: Map<String, Value>) -> Map<String, Value> {
    match schema.get_mut("type") {
        Some(kind @ Value::String(_)) => {
            *kind = json!([kind, "null"]);
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

/// A record that is being read: the values of its keys.
pub(crate) struct Record<'n, 'a> {
    shape: &'static Shape,
    node: &'n Node<'a>,
    values: Vec<Option<&'n Node<'a>>>,
    /// The places of keys that others, which it does not have, were most likely meant as.
    meant: Vec<usize>,
}

impl<'n, 'a> Record<'n, 'a> {
    /// Sorts the entries of a mapping by the record's keys, and notes those that it does not have.
    pub(crate) fn open(shape: &'static Shape, node: &'n Node<'a>, mistakes: &mut Mistakes) -> Option<Self> {
        let Content::Mapping(entries) = &node.content else {
            // A whole document that is something else was not meant as one of its keys.
            let is_whole = mistakes.outermost == Some(node.at);
            let advice = if is_whole { String::new() } else { shape.advice(node) };
            mistakes.unexpected(node, &format!("{}{advice}", shape.expected()));
            return None;
        };
        let mut values = vec![None; shape.keys.len()];
        let mut meant = Vec::new();
        for (key, value) in entries {
            let name = key.scalar().unwrap_or_default();
            match shape.keys.iter().position(|known| *known == name) {
                Some(place) => values[place] = Some(value),
                None if shape.keys.is_empty() => {
                    mistakes.add(key, format!("unknown key {}; expected none", shown(name)));
                }
                None => {
                    let nearest = nearest(name, shape.keys.iter().copied());
                    meant.extend(nearest.and_then(|meant| shape.keys.iter().position(|key| *key == meant)));
                    mistakes.add(key, shape.unknown(name));
                }
            }
        }
        Some(Self { shape, node, values, meant })
    }

    /// Reads the value of a key.
    pub(crate) fn field<T: Written>(&self, key: &str, mistakes: &mut Mistakes) -> Given<T> {
        let place = self.shape.keys.iter().position(|known| *known == key).expect("the key is the record's");
        match self.given(place, || T::expected().into_owned(), mistakes) {
            Given::Absent => Given::Absent,
            Given::Wrong => Given::Wrong,
            Given::Value(node) => match T::read(node, mistakes) {
                Some(value) if self.is_within(place, node, mistakes) => Given::Value(value),
                _ => Given::Wrong,
            },
        }
    }

    fn given(
        &self,
        place: usize,
        expected: impl FnOnce() -> String,
        mistakes: &mut Mistakes,
    ) -> Given<&'n Node<'a>> {
        let presence = self.shape.fields[place].presence;
        match self.values[place] {
            Some(node) if node.is_null() && presence == Presence::Nullable => Given::Absent,
            Some(node) => Given::Value(node),
            None if presence != Presence::Required => Given::Absent,
            // Said already, at the key that was mistyped.
            None if self.meant.contains(&place) => Given::Wrong,
            None => {
                let key = self.shape.keys[place];
                mistakes.add(self.node, format!("the key `{key}` is missing; expected {}", expected()));
                Given::Wrong
            }
        }
    }

    fn is_within(&self, place: usize, node: &Node<'_>, mistakes: &mut Mistakes) -> bool {
        let limit = self.shape.fields[place].limit.filter(|_| !mistakes.is_own);
        let missed = limit.and_then(|limit| limit.missed(node));
        if let Some(expected) = &missed {
            let key = self.shape.keys[place];
            let found = match node.scalar() {
                Some("") => format!("an empty `{key}`"),
                Some(_) => format!("{key} {}", in_words(node).replace('`', "")),
                None => format!("{key} without entries"),
            };
            mistakes.add(node, format!("{found}; expected {expected}"));
        }
        missed.is_none()
    }
}

/// What a record says of one of its fields.
pub(crate) enum Given<T> {
    /// Nothing, as it may.
    Absent,
    /// Something that is a mistake, which was noted.
    Wrong,
    /// This.
    Value(T),
}

impl<T> Given<T> {
    /// The value, or the one that stands for an absent one; `None` after a mistake.
    pub(crate) fn or_else(self, absent: impl FnOnce() -> T) -> Option<T> {
        match self {
            Self::Absent => Some(absent()),
            Self::Wrong => None,
            Self::Value(value) => Some(value),
        }
    }

    /// The value of a field that must be there; `None` after a mistake.
    pub(crate) fn required(self) -> Option<T> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }
}
