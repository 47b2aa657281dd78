//! Plain values as documents have them: texts, numbers, lists and mappings, each with its messages and its schema.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::mistakes::{Mistakes, in_words};
use super::tree::{Content, Node, number, whole_number};
use super::written::{Definitions, Written};

impl Written for String {
    fn expected() -> Cow<'static, str> {
        "text".into()
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string" })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        text(node, "text", mistakes).map(str::to_owned)
    }
}

/// The text of a scalar, as it was written.
pub(crate) fn text<'n>(node: &'n Node<'_>, expected: &str, mistakes: &mut Mistakes) -> Option<&'n str> {
    if !node.is_null()
        && let Some(text) = node.scalar()
    {
        return Some(text);
    }
    let is_word = node.plain().is_some_and(|text| !text.is_empty());
    let advice = if is_word && mistakes.is_yaml { ", in quotes if it is meant as text" } else { "" };
    mistakes.unexpected(node, &format!("{expected}{advice}"));
    None
}

/// Reads what is written as a text of some form, such as a duration. What its parser says of an invalid text
/// is the message.
pub(crate) fn parsed<T>(
    node: &Node<'_>,
    expected: &str,
    mistakes: &mut Mistakes,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    match parse(text(node, expected, mistakes)?) {
        Ok(value) => Some(value),
        Err(message) => {
            mistakes.add(node, message);
            None
        }
    }
}

impl Written for bool {
    fn expected() -> Cow<'static, str> {
        "true or false".into()
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "boolean" })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        match node.plain() {
            Some("true" | "True" | "TRUE") => Some(true),
            Some("false" | "False" | "FALSE") => Some(false),
            _ => {
                let advice = match node.scalar().map(str::to_lowercase).as_deref() {
                    Some("yes" | "on" | "y" | "1" | "true") => "; write true without quotes",
                    Some("no" | "off" | "n" | "0" | "false") => "; write false without quotes",
                    _ => "",
                };
                let advice = if node.plain().is_some() {
                    advice.replace(" without quotes", "")
                } else {
                    advice.to_owned()
                };
                mistakes.unexpected(node, &format!("true or false{advice}"));
                None
            }
        }
    }
}

/// What messages expect in the place of a number that is not negative.
pub(super) const WHOLE_NUMBER: &str = "a whole number from 0";

macro_rules! whole_numbers {
    ($($Number:ty: $least:expr, $expected:expr;)*) => {
        $(impl Written for $Number {
            fn expected() -> Cow<'static, str> {
                $expected.into()
            }

            fn schema(_: &mut Definitions) -> Value {
                let least: Option<i32> = $least;
                least.map_or_else(|| json!({ "type": "integer" }), |least| json!({ "type": "integer", "minimum": least }))
            }

            fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
                let expected = mistakes.narrowed($expected);
                let number = whole(node, &expected, mistakes)?;
                let fitting = Self::try_from(number).ok();
                if fitting.is_none() {
                    out_of_range(node, &expected, number, &<$Number>::MAX.to_string(), mistakes);
                }
                fitting
            }
        })*
    };
}

whole_numbers! {
    u16: Some(0), WHOLE_NUMBER;
    u32: Some(0), WHOLE_NUMBER;
    u64: Some(0), WHOLE_NUMBER;
    usize: Some(0), WHOLE_NUMBER;
    i32: None, "a whole number";
    i64: None, "a whole number";
}

/// The whole number that a plain scalar is.
fn whole(node: &Node<'_>, expected: &str, mistakes: &mut Mistakes) -> Option<i128> {
    let found = node.plain().and_then(|text| whole_number(text).or_else(|| without_fraction(text)));
    if found.is_none() {
        let advice = node.scalar().filter(|text| node.plain().is_none() && is_whole(text));
        let advice = advice.map_or_else(String::new, |text| format!("; write {text} without quotes"));
        mistakes.unexpected(node, &format!("{expected}{advice}"));
    }
    found
}

fn is_whole(text: &str) -> bool {
    whole_number(text).is_some() || without_fraction(text).is_some()
}

/// The whole number that a decimal without a fraction is, such as `8.0` or `1e3`: to JSON it is the same number.
#[expect(clippy::cast_possible_truncation, reason = "it is whole, and every such number is exact")]
fn without_fraction(text: &str) -> Option<i128> {
    const MOST_EXACT: f64 = 9_007_199_254_740_992.0;
    let number = number(text)?.as_f64()?;
    (number.fract() == 0.0 && number.abs() <= MOST_EXACT).then_some(number as i128)
}

fn out_of_range(node: &Node<'_>, expected: &str, found: i128, most: &str, mistakes: &mut Mistakes) {
    let most = if found > 0 && !expected.contains(" to ") { format!(" up to {most}") } else { String::new() };
    mistakes.add(node, format!("{found}; expected {expected}{most}"));
}

impl Written for f64 {
    fn expected() -> Cow<'static, str> {
        "a number".into()
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "number" })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let found = node.plain().and_then(number).and_then(|number| number.as_f64());
        if found.is_none() {
            mistakes.unexpected(node, &format!("a number{}", number_advice(node)));
        }
        found
    }
}

/// What to write instead of something that is nearly a number.
fn number_advice(node: &Node<'_>) -> String {
    let Some(text) = node.scalar() else { return String::new() };
    if node.plain().is_none() && number(text).is_some() {
        return format!("; write {text} without quotes");
    }
    let percentage = text.strip_suffix('%').and_then(|digits| digits.trim().parse::<f64>().ok());
    percentage.map_or_else(String::new, |percentage| format!("; write {}", percentage / 100.0))
}

/// Any value at all.
impl Written for Value {
    const TAKES_NULL: bool = true;

    fn expected() -> Cow<'static, str> {
        "any value".into()
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({})
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if !mistakes.is_yaml
            && let Some(number) = too_large(node)
        {
            mistakes.unexpected(number, "a number that has a 64-bit form");
            return None;
        }
        Some(node.to_json())
    }
}

/// A YAML value with its plain scalars typed, but for those whose text would change and that are not `excepted`.
pub(crate) fn as_written(node: &Node<'_>, excepted: fn(&Value) -> bool) -> Value {
    match &node.content {
        Content::Plain(text) => {
            let typed = node.to_json();
            let typed_text = typed.to_string();
            if excepted(&typed) || typed_text == **text {
                typed
            } else {
                Value::String(text.as_ref().to_owned())
            }
        }
        Content::Quoted(_) => node.to_json(),
        Content::List(items) => items.iter().map(|item| as_written(item, excepted)).collect(),
        Content::Mapping(entries) => {
            let name = |key: &Node<'_>| key.scalar().unwrap_or_default().to_owned();
            let entries = entries.iter().map(|(key, value)| (name(key), as_written(value, excepted)));
            Value::Object(entries.collect())
        }
    }
}

/// A number of a JSON document that is out of reach.
fn too_large<'n, 'a>(node: &'n Node<'a>) -> Option<&'n Node<'a>> {
    match &node.content {
        Content::Plain(text) => {
            let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
            (is_number && number(text).is_none()).then_some(node)
        }
        Content::Quoted(_) => None,
        Content::List(items) => items.iter().find_map(too_large),
        Content::Mapping(entries) => entries.iter().find_map(|(_, value)| too_large(value)),
    }
}

/// Something that may be left out; the record handles absence.
impl<T: Written> Written for Option<T> {
    const TAKES_NULL: bool = T::TAKES_NULL;

    fn expected() -> Cow<'static, str> {
        T::expected()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        T::schema(definitions)
    }

    fn keys() -> &'static [&'static str] {
        T::keys()
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        T::read(node, mistakes).map(Some)
    }
}

impl<T: Written> Written for Vec<T> {
    fn expected() -> Cow<'static, str> {
        format!("a list, each entry {}", T::expected()).into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": "array", "items": T::schema(definitions) })
    }

    fn keys() -> &'static [&'static str] {
        T::keys()
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let items = items(node, Self::expected, mistakes)?;
        // All of them are read, so that all mistakes are reported.
        let mut read = Self::with_capacity(items.len());
        for item in items {
            read.extend(T::read(item, mistakes));
        }
        (read.len() == items.len()).then_some(read)
    }
}

/// The entries of a list.
fn items<'n, 'a>(
    node: &'n Node<'a>,
    expected: impl FnOnce() -> Cow<'static, str>,
    mistakes: &mut Mistakes,
) -> Option<&'n [Node<'a>]> {
    if let Content::List(items) = &node.content {
        return Some(items);
    }
    let advice = match &node.content {
        Content::Mapping(_) if mistakes.is_yaml => "; begin each entry with `- `".to_owned(),
        Content::Plain(text) if !node.is_null() => format!("; write [{text}]"),
        Content::Quoted(text) if !mistakes.is_yaml => format!("; write [{}]", json!(text)),
        _ => String::new(),
    };
    mistakes.unexpected(node, &format!("{}{advice}", expected()));
    None
}

impl<T: Written> Written for BTreeMap<String, T> {
    fn expected() -> Cow<'static, str> {
        format!("names, each with {}", T::expected()).into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": "object", "additionalProperties": T::schema(definitions) })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let Content::Mapping(entries) = &node.content else {
            mistakes.unexpected(node, &Self::expected());
            return None;
        };
        let mut read = Self::new();
        let mut is_whole = true;
        for (key, value) in entries {
            match T::read(value, mistakes) {
                Some(value) => {
                    read.insert(key.scalar().unwrap_or_default().to_owned(), value);
                }
                None => is_whole = false,
            }
        }
        is_whole.then_some(read)
    }
}

/// A value, shortly, for advice on how to write it elsewhere.
pub(super) fn rewritten(node: &Node<'_>) -> Option<String> {
    match &node.content {
        Content::Plain(text) if !node.is_null() => Some(text.as_ref().to_owned()),
        Content::Quoted(text) if text.len() <= 40 => Some(json!(text).to_string()),
        _ => None,
    }
    .filter(|_| in_words(node).len() < 60)
}
