//! Types with fields: one description of each, a line per field, from which it is read, written, checked for
//! keys that it does not have, and shown as a JSON Schema.

use std::cell::Cell;

use super::mistakes::{Mistakes, in_words, shown};
use super::nearest::nearest;
use super::shape::{Limit, Presence, Shape};
use super::tree::{Content, Node};
use super::written::Written;

/// Describes a struct that people write. Each field names its key and says whether it may be left out:
///
/// * `required("key")`;
/// * `optional("key")`: its type's default when absent, and not written when it is that; null counts as absent in JSON;
/// * `nullable("key")`: the same, and null counts as absent in YAML, too;
/// * `stated("key")`: the same, but always written;
/// * `or_null("key")`: the same, and written as null when it is its type's default;
/// * `or("key", value)`: the value when absent; always written.
///
/// `within` gives a field its `Limit`. `checked by` names a function that looks at the whole, and notes what
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
                        reads: $crate::document::reads::<$Type>,
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
                // All fields are read before a missing one ends it.
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
                $($crate::document::record!(@write $mode, self.$field, $Type, map, $key);)*
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
    (@presence or_null) => { $crate::document::Presence::Nullable };
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

    (@write optional, $value:expr, $Type:ty, $map:ident, $key:literal) => {
        if $value != <$Type>::default() {
            $map.serialize_entry($key, &$value)?;
        }
    };
    (@write nullable, $value:expr, $Type:ty, $map:ident, $key:literal) => {
        if $value != <$Type>::default() {
            $map.serialize_entry($key, &$value)?;
        }
    };
    (@write or_null, $value:expr, $Type:ty, $map:ident, $key:literal) => {
        $map.serialize_entry($key, &Some(&$value).filter(|value| **value != <$Type>::default()))?
    };
    (@write $mode:ident, $value:expr, $Type:ty, $map:ident, $key:literal) => {
        $map.serialize_entry($key, &$value)?
    };
}
pub(crate) use record;

/// A record that is being read: the values of its keys.
pub(crate) struct Record<'n, 'a> {
    shape: &'static Shape,
    node: &'n Node<'a>,
    values: Vec<Option<&'n Node<'a>>>,
    /// The positions of keys that unknown keys were most likely meant as.
    meant: Vec<usize>,
    /// The position of the key that is most likely read next.
    next: Cell<usize>,
}

impl<'n, 'a> Record<'n, 'a> {
    /// Sorts the entries of a mapping by the record's keys, and notes those that it does not have.
    pub(crate) fn open(shape: &'static Shape, node: &'n Node<'a>, mistakes: &mut Mistakes) -> Option<Self> {
        let Content::Mapping(entries) = &node.content else {
            // A whole document of another kind was not meant as the value of one of its keys.
            let advice = if is_whole(node, mistakes) { String::new() } else { shape.advice(node) };
            mistakes.unexpected(node, &format!("{}{advice}", shape.expected()));
            return None;
        };
        if is_whole(node, mistakes)
            && let Some(outer) = shape.belonging(entries)
        {
            let message = format!("the keys of one of its `{outer}`; expected {}", shape.expected());
            mistakes.add(node, message);
            return None;
        }
        let mut values = vec![None; shape.keys.len()];
        let mut meant = Vec::new();
        // What we wrote has the keys in their order.
        let mut next = 0;
        for (key, value) in entries {
            let name = key.scalar().unwrap_or_default();
            match shape.place_of(name, next) {
                Some(place) => {
                    values[place] = Some(value);
                    next = place + 1;
                }
                // Nobody looks for what was meant; it may have been any key that is missing.
                None if mistakes.only_counts() => {
                    if meant.len() < shape.keys.len() {
                        meant = (0..shape.keys.len()).collect();
                    }
                }
                None if shape.keys.is_empty() => {
                    mistakes.add(key, format!("unknown key {}; expected none", shown(name)));
                }
                None => {
                    let nearest = nearest(name, shape.keys.iter().copied());
                    meant.extend(nearest.and_then(|meant| shape.keys.iter().position(|key| *key == meant)));
                    let message = shape.unknown(name, mistakes);
                    mistakes.add(key, message);
                }
            }
        }
        Some(Self { shape, node, values, meant, next: Cell::new(0) })
    }

    /// Reads the value of a key.
    pub(crate) fn field<T: Written>(&self, key: &str, mistakes: &mut Mistakes) -> Given<T> {
        let place = self.shape.place_of(key, self.next.get()).expect("the key is the record's");
        self.next.set(place + 1);
        let limit = self.shape.fields[place].limit;
        let expected = || Limit::narrow(limit, &T::expected()).into_owned();
        match self.given(place, T::TAKES_NULL, expected, mistakes) {
            Given::Absent => Given::Absent,
            Given::Wrong => Given::Wrong,
            Given::Value(node) => {
                let read =
                    |mistakes: &mut Mistakes| mistakes.within(limit, |mistakes| T::read(node, mistakes));
                match mistakes.below(self.shape.keys, read) {
                    Some(value) if self.is_within(place, node, mistakes) => Given::Value(value),
                    _ => Given::Wrong,
                }
            }
        }
    }

    fn given(
        &self,
        place: usize,
        takes_null: bool,
        expected: impl FnOnce() -> String,
        mistakes: &mut Mistakes,
    ) -> Given<&'n Node<'a>> {
        let presence = self.shape.fields[place].presence;
        // Programs write null in JSON for what they do not have; in YAML it mostly is a key whose value is out of place.
        let is_absent = |node: &Node<'_>| match presence {
            Presence::Required => false,
            Presence::Optional => node.is_null() && !takes_null && !mistakes.is_yaml,
            Presence::Nullable => node.is_null(),
        };
        match self.values[place] {
            Some(node) if is_absent(node) => Given::Absent,
            Some(node) => Given::Value(node),
            None if presence != Presence::Required => Given::Absent,
            // Reported already, at the mistyped key.
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
                Some(text) if node.plain().is_none() => format!("{key} {}", shown(text)),
                Some(_) => format!("{key} {}", in_words(node).replace('`', "")),
                None => match node.entries() {
                    0 => format!("{key} without entries"),
                    entries => format!("{entries} entries in {key}"),
                },
            };
            mistakes.add(node, format!("{found}; expected {expected}"));
        }
        missed.is_none()
    }
}

/// Whether it is all of a document.
fn is_whole(node: &Node<'_>, mistakes: &Mistakes) -> bool {
    mistakes.outermost == Some(node.at)
}

/// What a record says of one of its fields.
pub(crate) enum Given<T> {
    /// It is absent, which is allowed.
    Absent,
    /// It is wrong; the mistake was noted.
    Wrong,
    /// Its value.
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
