//! What a document says, before it is interpreted: values with their places, and scalars as they were
//! written. YAML and JSON both become this tree. The build includes this file by its path, so that it knows
//! nothing of the rest of the crate.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Number, Value};

/// What is said of a text with nothing in it.
pub(crate) const EMPTY: &str = "the document is empty";

/// How deeply lists and mappings may be nested.
pub(crate) const MOST_DEEP: usize = 100;
/// How many values a document may have, keys counted.
pub(crate) const MOST_NODES: usize = 2_000_000;
/// How many of them may come from aliases, which can stand for far more than their length.
pub(crate) const MOST_ALIASED: usize = 250_000;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node<'a> {
    /// Where it begins, in bytes.
    pub(crate) at: u32,
    /// What it is.
    pub(crate) content: Content<'a>,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content<'a> {
    /// A scalar without quotes, as it was written: text, a number, `true`, `null` or nothing.
    Plain(Cow<'a, str>),
    /// A text in quotes, or a block of text in YAML.
    Quoted(Cow<'a, str>),
    /// A list.
    List(Vec<Node<'a>>),
    /// Keys and values, in the order in which they were written.
    Mapping(Vec<(Node<'a>, Node<'a>)>),
}

/// A document that could be read, and the keys that occur in it more than once.
#[derive(Debug, PartialEq)]
pub(crate) struct Tree<'a> {
    /// The outermost value.
    pub(crate) root: Node<'a>,
    /// The place of each repeated key, and of the first of that name.
    pub(crate) repeated: Vec<(u32, u32)>,
}

/// Why a text is not YAML or JSON, and where.
#[derive(Debug, PartialEq)]
pub(crate) struct Misread {
    /// The place in bytes.
    pub(crate) at: u32,
    /// What was found and what was expected.
    pub(crate) message: String,
}

impl Misread {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at: offset(at), message: message.into() }
    }
}

/// A place in bytes; documents of 4 GiB and more are not read.
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// So few keys that each is compared with those before it in less time than a table of them takes.
const FEW_KEYS: usize = 64;

/// The places of the keys that a mapping has already, each with the place of the first.
pub(crate) fn repeated(entries: &[(Node<'_>, Node<'_>)]) -> Vec<(u32, u32)> {
    if entries.len() <= FEW_KEYS { repeated_among_few(entries) } else { repeated_among_many(entries) }
}

fn repeated_among_few(entries: &[(Node<'_>, Node<'_>)]) -> Vec<(u32, u32)> {
    let mut repeated = Vec::new();
    // Most keys that differ have another sum, and only those with the same one are compared.
    let mut sums = [0_u8; FEW_KEYS];
    for (nth, (key, _)) in entries.iter().enumerate() {
        let Some(text) = key.scalar() else { continue };
        sums[nth] = text.bytes().fold(0, u8::wrapping_add);
        let is_first =
            |before: &usize| sums[*before] == sums[nth] && entries[*before].0.scalar() == Some(text);
        if let Some(first) = (0..nth).find(is_first) {
            repeated.push((key.at, entries[first].0.at));
        }
    }
    repeated
}

fn repeated_among_many(entries: &[(Node<'_>, Node<'_>)]) -> Vec<(u32, u32)> {
    let mut first = HashMap::with_capacity(entries.len());
    let mut repeated = Vec::new();
    for (key, _) in entries {
        let Some(text) = key.scalar() else { continue };
        match first.get(text) {
            Some(before) => repeated.push((key.at, *before)),
            None => {
                first.insert(text, key.at);
            }
        }
    }
    repeated
}

impl<'a> Node<'a> {
    /// The tree of a value that is JSON already, without places.
    pub(crate) fn of_json(value: &'a Value) -> Self {
        let content = match value {
            Value::String(text) => Content::Quoted(Cow::Borrowed(text)),
            Value::Array(items) => Content::List(items.iter().map(Self::of_json).collect()),
            Value::Object(entries) => {
                let key = |key: &'a String| Node { at: 0, content: Content::Quoted(Cow::Borrowed(key)) };
                Content::Mapping(
                    entries.iter().map(|(name, value)| (key(name), Self::of_json(value))).collect(),
                )
            }
            scalar => Content::Plain(Cow::Owned(scalar.to_string())),
        };
        Self { at: 0, content }
    }
}

impl Node<'_> {
    /// How many entries a list or a mapping has.
    pub(crate) fn entries(&self) -> usize {
        match &self.content {
            Content::List(items) => items.len(),
            Content::Mapping(entries) => entries.len(),
            Content::Plain(_) | Content::Quoted(_) => 0,
        }
    }

    /// The text of a scalar.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.content {
            Content::Plain(text) | Content::Quoted(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar without quotes.
    pub(crate) fn plain(&self) -> Option<&str> {
        if let Content::Plain(text) = &self.content { Some(text) } else { None }
    }

    /// Whether it is null, or a YAML key without a value.
    pub(crate) fn is_null(&self) -> bool {
        self.plain().is_some_and(|text| matches!(text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Where the value is that a JSON Pointer leads to, or the nearest above it that exists. A list or mapping
    /// that is a mapping's member is found at its key, because its own beginning may be lines further down.
    pub(crate) fn find(&self, pointer: &str) -> u32 {
        let (mut node, mut at) = (self, self.at);
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            match &node.content {
                Content::List(items) => match step.parse().ok().and_then(|index: usize| items.get(index)) {
                    Some(item) => (node, at) = (item, item.at),
                    None => break,
                },
                Content::Mapping(entries) => {
                    match entries.iter().find(|(key, _)| key.scalar() == Some(&step)) {
                        Some((key, value)) => {
                            (node, at) = (value, if value.scalar().is_some() { value.at } else { key.at });
                        }
                        None => break,
                    }
                }
                _ => break,
            }
        }
        at
    }

    /// The value in JSON, its plain scalars typed as YAML 1.2 does by its core schema.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Plain(text) => plain_to_json(text),
            Content::Quoted(text) => Value::String(text.as_ref().to_owned()),
            Content::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Content::Mapping(entries) => {
                let key = |key: &Node<'_>| key.scalar().unwrap_or_default().to_owned();
                let entries = entries.iter().map(|(name, value)| (key(name), value.to_json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

fn plain_to_json(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

/// The number that a plain scalar is by YAML's core schema, if JSON can say it.
pub(crate) fn number(text: &str) -> Option<Number> {
    if let Some(whole) = whole_number(text) {
        let small = i64::try_from(whole).map(Number::from);
        return small.or_else(|_| u64::try_from(whole).map(Number::from)).ok().or_else(|| decimal(text));
    }
    decimal(text)
}

/// The whole number that a plain scalar is: `5`, `-5`, `+5`, `0x1f` or `0o17`.
pub(crate) fn whole_number(text: &str) -> Option<i128> {
    let all = |digits: &str, radix| !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return all(digits, radix).then(|| i128::from_str_radix(digits, radix).ok()).flatten();
        }
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if all(digits, 10) { text.parse().ok() } else { None }
}

/// The decimal number that a plain scalar is, if it is a finite one.
fn decimal(text: &str) -> Option<Number> {
    let begins = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_decimal = begins.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && begins.contains(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-'));
    if is_decimal { text.parse().ok().and_then(Number::from_f64) } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_repeated_key_is_found_among_few_and_among_many() {
        for len in [3, FEW_KEYS, FEW_KEYS + 1, 500] {
            // Every sum of bytes stands for several keys.
            let mut names: Vec<_> = (0..len).map(|nth| format!("{}{}", nth / 10, nth % 10)).collect();
            names[1] = names[0].clone();
            names[len - 1] = names[0].clone();
            let node = |at: usize, text: &str| Node {
                at: offset(at),
                content: Content::Quoted(text.to_owned().into()),
            };
            let entries: Vec<_> =
                names.iter().enumerate().map(|(at, name)| (node(at, name), node(0, ""))).collect();
            assert_eq!(repeated(&entries), [(1, 0), (offset(len - 1), 0)], "{len}");
        }
    }

    #[test]
    fn plain_scalars_are_typed_as_yamls_core_schema_has_it() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("null", json!(null)),
            ("True", json!(true)),
            ("yes", json!("yes")),
            ("5", json!(5)),
            ("+5", json!(5)),
            ("-5", json!(-5)),
            ("007", json!(7)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("18446744073709551615", json!(u64::MAX)),
            ("1.50", json!(1.5)),
            (".5", json!(0.5)),
            ("1e3", json!(1000.0)),
            ("1_000", json!("1_000")),
            ("6881e631", json!("6881e631")),
            ("0x", json!("0x")),
            (".", json!(".")),
            ("e5", json!("e5")),
            ("1.2.3", json!("1.2.3")),
            (".inf", json!(".inf")),
            ("nan", json!("nan")),
            ("-", json!("-")),
        ] {
            assert_eq!(plain_to_json(text), value, "{text}");
        }
    }
}
