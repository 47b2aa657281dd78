//! The values that up to 64 records have for the fields that filters and sorters name: read from the records' texts, a
//! field at a time, when somebody first asks for the field.

use std::cmp::Ordering;
use std::fmt;
use std::sync::OnceLock;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::field::{Field, FieldKind};
use super::value::{folded, time};

/// The values of some records for each field of their resource, as far as anybody asked for them.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    made: OnceLock<Box<[OnceLock<Column>]>>,
}

impl Columns {
    /// The values for the field at `place` of `fields`. The texts are those of the records, `None` where there is none.
    pub(crate) fn column<'t>(
        &self,
        fields: &'static [Field],
        place: usize,
        texts: impl Iterator<Item = Option<&'t [u8]>>,
    ) -> &Column {
        let made = self.made.get_or_init(|| fields.iter().map(|_| OnceLock::new()).collect());
        made[place].get_or_init(|| Column::of(fields[place], texts))
    }

    /// Forgets all values, because a record has changed.
    pub(crate) fn forget(&mut self) {
        if self.made.get().is_some() {
            self.made = OnceLock::new();
        }
    }
}

/// The values of some records for one field; `None` where a record has none.
#[derive(Debug)]
pub(crate) enum Column {
    /// In lower case.
    Text(Cells<Box<str>>),
    Number(Cells<f64>),
    Boolean(Booleans),
    Time(Cells<Moment>),
    Texts(TextLists),
}

type Cells<T> = Box<[Option<T>]>;

/// Booleans of up to 64 records, a bit for each.
#[derive(Debug, Default)]
pub(crate) struct Booleans {
    /// Which records have a value.
    pub(super) known: u64,
    /// For which of these it is true.
    pub(super) yes: u64,
}

/// Lists of texts in lower case, of up to 64 records.
#[derive(Debug, Default)]
pub(crate) struct TextLists {
    /// Which records have a list.
    pub(super) known: u64,
    /// Each text that there is, and which records have it.
    pub(super) having: Vec<(Box<str>, u64)>,
    /// The lists themselves, as places in `having`.
    lists: Box<[Box<[usize]>]>,
}

/// A point in time, and how the record writes it.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(super) at: Timestamp,
    /// In lower case.
    pub(super) text: Box<str>,
}

impl Column {
    fn of<'t>(field: Field, texts: impl Iterator<Item = Option<&'t [u8]>>) -> Self {
        let values = texts.map(|text| text.and_then(|text| value_at(text, field.path)));
        match field.kind {
            FieldKind::Text => Self::Text(values.map(|value| text_of(&value?)).collect()),
            FieldKind::Number => Self::Number(values.map(|value| value?.as_f64()).collect()),
            FieldKind::Boolean => Self::Boolean(Booleans::of(values.map(|value| value?.as_bool()))),
            FieldKind::Always => Self::Boolean(Booleans::of(values.map(|_| Some(true)))),
            FieldKind::Never => Self::Boolean(Booleans::of(values.map(|_| Some(false)))),
            FieldKind::Opposite => {
                Self::Boolean(Booleans::of(values.map(|value| value?.as_bool().map(|is_so| !is_so))))
            }
            FieldKind::Time => Self::Time(values.map(|value| Moment::of(&value?)).collect()),
            FieldKind::Texts => Self::Texts(TextLists::of(values)),
        }
    }

    /// Whether the record at `place` has no value.
    pub(super) fn is_null(&self, place: usize) -> bool {
        match self {
            Self::Text(cells) => cells[place].is_none(),
            Self::Number(cells) => cells[place].is_none(),
            Self::Boolean(booleans) => !is_set(booleans.known, place),
            Self::Time(cells) => cells[place].is_none(),
            Self::Texts(lists) => !is_set(lists.known, place),
        }
    }

    /// How the value at `place` compares with that at another place of a column of the same field; neither is null.
    pub(super) fn compare(&self, place: usize, other: &Self, other_place: usize) -> Ordering {
        match (self, other) {
            (Self::Text(own), Self::Text(other)) => own[place].cmp(&other[other_place]),
            (Self::Number(own), Self::Number(other)) => {
                own[place].partial_cmp(&other[other_place]).unwrap_or(Ordering::Equal)
            }
            (Self::Boolean(own), Self::Boolean(other)) => {
                is_set(own.yes, place).cmp(&is_set(other.yes, other_place))
            }
            (Self::Time(own), Self::Time(other)) => {
                let at = |moment: &Option<Moment>| moment.as_ref().map(|moment| moment.at);
                at(&own[place]).cmp(&at(&other[other_place]))
            }
            (Self::Texts(own), Self::Texts(other)) => own.list(place).cmp(other.list(other_place)),
            _ => unreachable!("columns of one field hold values of one kind"),
        }
    }
}

impl Booleans {
    fn of(values: impl Iterator<Item = Option<bool>>) -> Self {
        let mut booleans = Self::default();
        for (place, value) in values.enumerate() {
            booleans.known |= u64::from(value.is_some()) << place;
            booleans.yes |= u64::from(value == Some(true)) << place;
        }
        booleans
    }
}

impl TextLists {
    fn of(values: impl Iterator<Item = Option<Value>>) -> Self {
        let mut lists = Self::default();
        let places = values.enumerate().map(|(place, value)| {
            let texts = value.as_ref().and_then(Value::as_array);
            lists.known |= u64::from(texts.is_some()) << place;
            let texts = texts.into_iter().flatten().filter_map(Value::as_str);
            texts.map(|text| lists.note(folded(text), place)).collect()
        });
        let places = places.collect();
        lists.lists = places;
        lists
    }

    /// Notes that a record has a text; returns the text's place.
    fn note(&mut self, text: Box<str>, record: usize) -> usize {
        let found = self.having.iter().position(|(known, _)| *known == text);
        let place = found.unwrap_or_else(|| {
            self.having.push((text, 0));
            self.having.len() - 1
        });
        self.having[place].1 |= 1 << record;
        place
    }

    /// The list of a record, in its order.
    fn list(&self, record: usize) -> impl Iterator<Item = &str> {
        self.lists[record].iter().map(|&place| &*self.having[place].0)
    }
}

fn is_set(bits: u64, place: usize) -> bool {
    bits >> place & 1 == 1
}

impl Moment {
    fn of(value: &Value) -> Option<Self> {
        let text = text_of(value)?;
        Some(Self { at: time(&text)?, text })
    }
}

fn text_of(value: &Value) -> Option<Box<str>> {
    value.as_str().map(folded)
}

/// What a record's text has at a path; `None` where there is nothing, or null.
fn value_at(text: &[u8], path: &str) -> Option<Value> {
    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    // The text is not read beyond the value, which the deserializer calls a mistake.
    let _ = Seek { path, found: &mut found }.deserialize(&mut deserializer);
    found.filter(|value| !value.is_null())
}

/// Looks for the value at a path.
struct Seek<'p, 'f> {
    path: &'p str,
    found: &'f mut Option<Value>,
}

impl<'de> DeserializeSeed<'de> for Seek<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with {}", self.path)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (name, rest) = match self.path.split_once('.') {
            Some((name, rest)) => (name, Some(rest)),
            None => (self.path, None),
        };
        while let Some(is_it) = map.next_key_seed(IsNamed(name))? {
            match (is_it, rest) {
                (false, _) => drop(map.next_value::<IgnoredAny>()?),
                (true, Some(path)) => return map.next_value_seed(Seek { path, found: self.found }),
                (true, None) => {
                    *self.found = Some(map.next_value()?);
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Whether a member has this name.
struct IsNamed<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for IsNamed<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsNamed<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_found_by_its_path_whatever_stands_beside_it() {
        let text = br#"{"id":"1","owner":{"a":[{"id":2}],"id":"o","name":null},"n\u0061me":"x","own":7}"#;
        for (path, expected) in [
            ("id", Some(json!("1"))),
            ("owner.id", Some(json!("o"))),
            ("owner.a", Some(json!([{ "id": 2 }]))),
            ("owner.name", None),
            ("owner.id.x", None),
            ("owner.b", None),
            ("name", Some(json!("x"))),
            ("own", Some(json!(7))),
            ("own.er", None),
            ("", None),
        ] {
            assert_eq!(value_at(text, path), expected, "{path}");
        }
    }

    #[test]
    fn a_value_of_another_kind_counts_as_none() {
        let texts =
            [&br#"{"a":7}"#[..], br#"{"a":"x"}"#, br#"{"a":true}"#, br#"{"a":["x",7]}"#, br#"{"a":{}}"#];
        for (kind, has) in [
            (FieldKind::Text, [false, true, false, false, false]),
            (FieldKind::Number, [true, false, false, false, false]),
            (FieldKind::Boolean, [false, false, true, false, false]),
            (FieldKind::Opposite, [false, false, true, false, false]),
            (FieldKind::Always, [true; 5]),
            (FieldKind::Never, [true; 5]),
            (FieldKind::Time, [false; 5]),
            (FieldKind::Texts, [false, false, false, true, false]),
        ] {
            let column = Column::of(Field { path: "a", kind }, texts.into_iter().map(Some));
            assert_eq!([0, 1, 2, 3, 4].map(|place| !column.is_null(place)), has, "{kind:?}");
        }
    }

    #[test]
    fn a_column_is_made_once_and_again_after_it_was_forgotten() {
        const FIELDS: &[Field] =
            &[Field { path: "a", kind: FieldKind::Text }, Field { path: "b", kind: FieldKind::Number }];
        let mut columns = Columns::default();
        let text = |columns: &Columns, text: &'static str| match columns.column(
            FIELDS,
            0,
            [Some(text.as_bytes()), None].into_iter(),
        ) {
            Column::Text(cells) => cells.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(*text(&columns, r#"{"a":"X"}"#), [Some("x".into()), None]);
        assert_eq!(*text(&columns, r#"{"a":"Y"}"#), [Some("x".into()), None]);
        columns.forget();
        assert_eq!(*text(&columns, r#"{"a":"Y"}"#), [Some("y".into()), None]);
    }
}
