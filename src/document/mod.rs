//! What people write: scenario and fixture files, and the control API's bodies, in YAML or JSON. A [`Document`]
//! becomes a tree of values that knows their places and keeps scalars as they were written (`tree.rs`, from
//! `yaml.rs` or `json.rs`); types are made from it by one description of each (`written.rs`, `record.rs`
//! with `shape.rs`, `words.rs`), which also gives the JSON Schema. All that is wrong is told at once (`mistakes.rs`).

mod json;
mod mistakes;
mod nearest;
mod record;
mod shape;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod values;
mod words;
mod written;
mod yaml;

use std::borrow::Cow;
use std::convert::Infallible;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use mistakes::{DocumentError, Mistake};
pub(crate) use mistakes::{Mistakes, shortened, shown};
pub use nearest::{Word, nearest};
pub(crate) use record::{Record, record};
pub(crate) use shape::{Field, Limit, Presence, Shape};
pub use text::decode;
pub(crate) use text::parse_json;
pub(crate) use tree::{Content, Node};
pub(crate) use values::{as_written, parsed};
pub(crate) use words::words;
pub(crate) use written::{Definitions, Written, reads, word};
pub use written::{one_of, unknown};

use tree::{EMPTY, Misread, Tree};
#[cfg(test)]
pub(crate) use written::document_schema;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2; no tags but `!!str`, no merge keys, no duplicate keys.
    Yaml,
    /// JSON (RFC 8259); no duplicate keys.
    Json,
    /// JSON that our own build wrote.
    BuiltIn,
}

impl Format {
    /// JSON for a name that ends in `.json`, YAML for every other.
    pub fn of_name(name: &str) -> Self {
        let is_json =
            name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("json"));
        if is_json { Self::Json } else { Self::Yaml }
    }

    /// The likely format of a text: JSON if it starts like a JSON object, list or text. `{name: x}` is YAML.
    pub fn of_text(text: &str) -> Self {
        let begins = without_blanks(text).trim_start_matches(|c: char| c == '[' || c.is_ascii_whitespace());
        let is_list_alone = without_blanks(text).starts_with('[') && begins.starts_with(']');
        let is_json = match begins.strip_prefix('{') {
            Some(rest) => rest.trim_start().starts_with(['"', '}']),
            None => begins.starts_with('"') || is_list_alone,
        };
        if is_json { Self::Json } else { Self::Yaml }
    }
}

fn without_blanks(text: &str) -> &str {
    text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
}

/// A document's text, and what to call it in messages.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The file's path as the user gave it, or `body` for a request.
    pub name: &'a str,
    /// The whole text.
    pub text: &'a str,
    /// How it is written.
    pub format: Format,
}

impl<'a> Document<'a> {
    /// A document in the format that its name says.
    pub fn new(name: &'a str, text: &'a str) -> Self {
        Self { name, text, format: Format::of_name(name) }
    }

    /// Reads the whole document. The error has all that is wrong with it.
    pub(crate) fn read<T: Written>(&self) -> Result<T, DocumentError> {
        self.read_into(|value, _| Some(value))
    }

    /// The same, and makes something else of it. `make` notes a mistake where it returns nothing.
    pub(crate) fn read_into<T: Written, R>(
        &self,
        make: impl FnOnce(T, &mut Place<'_, '_, '_>) -> Option<R>,
    ) -> Result<R, DocumentError> {
        let read = self.read_where(|_| Ok::<_, Infallible>(()), make)?;
        Ok(read.unwrap_or_else(|never| match never {}))
    }

    /// The same of a document that `admit` has nothing against: it looks at the outermost value before types are made of it.
    pub(crate) fn read_where<T: Written, R, E>(
        &self,
        admit: impl FnOnce(&Node<'_>) -> Result<(), E>,
        make: impl FnOnce(T, &mut Place<'_, '_, '_>) -> Option<R>,
    ) -> Result<Result<R, E>, DocumentError> {
        let tree = self.tree_of(&T::expected)?;
        if let Err(why) = admit(&tree.root) {
            return Ok(Err(why));
        }
        let mut mistakes = self.repeated_keys(&tree);
        mistakes.outermost = Some(tree.root.at);
        let read = T::read(&tree.root, &mut mistakes);
        let result =
            read.and_then(|read| make(read, &mut Place { node: &tree.root, mistakes: &mut mistakes }));
        match mistakes.told(self.name, self.text) {
            Some(error) => Err(error),
            None => Ok(Ok(result.expect("where nothing was read, a mistake was noted"))),
        }
    }

    /// The document as JSON.
    pub fn to_json(&self) -> Result<Value, DocumentError> {
        self.read()
    }

    /// Reads a document of our own, or of a test, by serde; mistakes in it have no place.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, DocumentError> {
        let read = match self.format {
            Format::BuiltIn => serde_json::from_str(self.text),
            _ => serde_json::from_value(self.to_json()?),
        };
        read.map_err(|error| {
            let mistake = Mistake { line: 0, column: 0, message: error.to_string() };
            DocumentError { name: self.name.to_owned(), mistakes: vec![mistake], more: 0 }
        })
    }

    /// The outermost value of the document, to find out what it is meant to be.
    pub fn outline(&self) -> Outline {
        let root = match self.tree() {
            Ok(Tree { root, .. }) => root,
            Err(error) if error.mistakes.iter().any(|mistake| mistake.message.starts_with(EMPTY)) => {
                return Outline::Nothing;
            }
            Err(_) => return Outline::Unreadable,
        };
        match root.content {
            _ if root.is_null() => Outline::Nothing,
            Content::Mapping(entries) => {
                let keys = entries.iter().filter_map(|(key, _)| key.scalar().map(str::to_owned));
                Outline::Keys(keys.collect())
            }
            Content::Plain(text) | Content::Quoted(text) => Outline::Text(text.into_owned()),
            Content::List(_) => Outline::List,
        }
    }

    /// How many of its outermost keys are a `T`'s, or nearly.
    pub(crate) fn likeness<T: Written>(&self) -> usize {
        let Outline::Keys(keys) = self.outline() else { return 0 };
        keys.iter().filter(|key| nearest(key, T::keys().iter().copied()).is_some()).count()
    }

    /// An error at the value that `pointer` (a JSON Pointer such as `/groups/2/sourceIds/0`) leads to, or at
    /// the nearest value above it that exists.
    pub fn error_at(&self, pointer: &str, message: impl Into<String>) -> DocumentError {
        let mut mistakes = Mistakes::new(self.format == Format::Yaml);
        let at = self.tree().map_or(0, |tree| tree.root.find(pointer));
        mistakes.add_at(at, message.into());
        mistakes.told(self.name, self.text).expect("there is one")
    }

    fn tree(&self) -> Result<Tree<'a>, DocumentError> {
        self.tree_of(&|| "a value".into())
    }

    /// The same; a document that is empty is told what it should be.
    fn tree_of(&self, expected: &dyn Fn() -> Cow<'static, str>) -> Result<Tree<'a>, DocumentError> {
        let read = if self.format == Format::Yaml { yaml::read(self.text) } else { json::read(self.text) };
        read.map_err(|Misread { at, message }| {
            let mut mistakes = Mistakes::default();
            let is_yaml = self.format == Format::Json
                && !without_blanks(self.text).starts_with(['{', '[', '"'])
                && yaml::read(self.text).is_ok_and(|tree| tree.root.scalar().is_none());
            let advice = if is_yaml {
                "; this is YAML: name the file `.yaml`, or send it as `application/yaml`"
            } else {
                ""
            };
            let expected =
                if message == EMPTY { format!("; expected {}", expected()) } else { String::new() };
            mistakes.add_at(at, format!("{message}{expected}{advice}"));
            mistakes.told(self.name, self.text).expect("there is one")
        })
    }

    /// The mistakes that can be seen without knowing what the document is.
    fn repeated_keys(&self, tree: &Tree<'_>) -> Mistakes {
        let mut mistakes = Mistakes::new(self.format == Format::Yaml);
        mistakes.is_own = self.format == Format::BuiltIn;
        let ends: Vec<usize> = match tree.repeated.as_slice() {
            [] => Vec::new(),
            _ => self.text.match_indices('\n').map(|(at, _)| at).collect(),
        };
        for (again, first) in &tree.repeated {
            if mistakes.only_counts() {
                continue;
            }
            let first = ends.partition_point(|end| *end < *first as usize) + 1;
            mistakes.add_at(*again, format!("a repeated key, first on line {first}; expected it once"));
        }
        mistakes
    }
}

/// Reads a value that is JSON already; the error has no places.
pub(crate) fn from_json<T: Written>(value: &Value) -> Result<T, String> {
    let mut mistakes = Mistakes::default();
    let read = T::read(&Node::of_json(value), &mut mistakes);
    match mistakes.told("", "") {
        Some(error) => {
            Err(error.mistakes.into_iter().map(|mistake| mistake.message).collect::<Vec<_>>().join("; "))
        }
        None => Ok(read.expect("where nothing was read, a mistake was noted")),
    }
}

/// Reads what we wrote ourselves.
pub(crate) fn read_own<T: Written>(json: &[u8]) -> T {
    let text = std::str::from_utf8(json).expect("it was written as text");
    let document = Document { name: "our own", text, format: Format::BuiltIn };
    document.read().expect("it was written from such a value")
}

/// The outermost value of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outline {
    /// No value, or null.
    Nothing,
    /// A text and nothing else.
    Text(String),
    /// A mapping with these keys.
    Keys(Vec<String>),
    /// A list.
    List,
    /// Something that cannot be read.
    Unreadable,
}

/// A value that was read and is being checked, for mistakes in it or below it.
pub(crate) struct Place<'n, 'a, 'm> {
    node: &'n Node<'a>,
    mistakes: &'m mut Mistakes,
}

impl Place<'_, '_, '_> {
    /// Whether it has a key that is not one of these: what seems to be missing may be meant by it.
    pub(crate) fn has_other_keys(&self, keys: &[&str]) -> bool {
        let Content::Mapping(entries) = &self.node.content else { return false };
        entries.iter().any(|(key, _)| key.scalar().is_none_or(|key| !keys.contains(&key)))
    }

    /// Notes a mistake at the value that `pointer` leads to from here.
    pub(crate) fn mistake(&mut self, pointer: &str, message: impl Into<String>) {
        self.mistakes.add_at(self.node.find(pointer), message.into());
    }
}

/// Runs `check` on a value that was read.
pub(crate) fn look_at<T>(
    value: &T,
    node: &Node<'_>,
    mistakes: &mut Mistakes,
    check: impl FnOnce(&T, &mut Place<'_, '_, '_>),
) {
    check(value, &mut Place { node, mistakes });
}

/// Compares a schema with its file in the repository; `BLESS=1` rewrites the file.
#[cfg(test)]
pub(crate) fn is_golden(path: &str, file: &str, schema: &Value) {
    let schema = serde_json::to_string_pretty(schema).expect("a schema can be written") + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &schema).expect("the file can be written");
    } else {
        assert!(schema == file, "{path} is not what the types say; BLESS=1 rewrites it");
    }
}
