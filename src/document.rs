//! A text in YAML or JSON that a person wrote, read into types, with the line and column of every mistake.
//! Scenario and fixture files, the contract and the control API's bodies all come through here; what they
//! mean is checked elsewhere, and [`Document::error_at`] gives those checks a place to point at.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_saphyr::granit_parser::{Event, Parser};

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2; no tags, no duplicate keys.
    Yaml,
    /// JSON (RFC 8259).
    Json,
    /// JSON that our own build wrote: read fast, and without the place of a mistake.
    BuiltIn,
}

impl Format {
    /// JSON for a name that ends in `.json`, YAML for every other.
    pub fn of_name(name: &str) -> Self {
        let is_json =
            name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("json"));
        if is_json { Self::Json } else { Self::Yaml }
    }
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

/// A mistake in a document: where, what was found, what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    /// The document's name.
    pub name: String,
    /// 1-based; 0 when the document has no such place.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.name, self.message)
        } else {
            write!(f, "{}:{}:{}: {}", self.name, self.line, self.column, self.message)
        }
    }
}

impl std::error::Error for DocumentError {}

impl<'a> Document<'a> {
    /// A document in the format that its name says.
    pub fn new(name: &'a str, text: &'a str) -> Self {
        Self { name, text, format: Format::of_name(name) }
    }

    /// Reads the whole document as a `T`; unknown keys are `T`'s to refuse.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, DocumentError> {
        if self.format == Format::BuiltIn {
            return serde_json::from_str(self.text).map_err(|error| self.error(0, 0, error.to_string()));
        }
        if self.format == Format::Json {
            // The YAML reader below is laxer than JSON: first see that it is JSON at all.
            serde_json::from_str::<serde::de::IgnoredAny>(self.text).map_err(|error| {
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default();
                let column = self.column(error.line(), error.column());
                self.error(error.line(), column, format!("not JSON: {message}"))
            })?;
        }
        let says_nothing = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        if self.text.lines().all(says_nothing) {
            return Err(self.error(1, 1, "the document is empty"));
        }
        let mut options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
        // Short YAML can mean endlessly much; JSON means no more than it is long.
        if self.format == Format::Json {
            let most = self.text.len().max(250_000);
            options.budget = serde_saphyr::budget! { max_nodes: most, max_events: 2 * most };
        }
        serde_saphyr::from_str_with_options(self.text, options).map_err(|error| {
            let (line, column) =
                error.location().map_or((0, 0), |at| (number(at.line()), number(at.column())));
            self.error(line, column, plain_message(&error.without_snippet().to_string()))
        })
    }

    /// An error at the value that `pointer` (a JSON Pointer such as `/groups/2/sourceIds/0`) leads to, or at
    /// the nearest value above it that exists.
    pub fn error_at(&self, pointer: &str, message: impl Into<String>) -> DocumentError {
        let (line, column) = locate(self.text, pointer);
        self.error(line, column, message)
    }

    /// The column in characters of one in bytes; both 1-based.
    fn column(&self, line: usize, column_bytes: usize) -> usize {
        let line = self.text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
        let behind = line.char_indices().take_while(|(start, _)| *start < column_bytes).count();
        behind.max(1)
    }

    fn error(&self, line: usize, column: usize, message: impl Into<String>) -> DocumentError {
        DocumentError { name: self.name.to_owned(), line, column, message: message.into() }
    }
}

fn number(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Drops the reader's own words for the place, which [`DocumentError`] shows in front.
fn plain_message(message: &str) -> String {
    let end = [" at line ", "\n"].iter().filter_map(|mark| message.find(mark)).min().unwrap_or(message.len());
    let start = message
        .find("column ")
        .filter(|_| message.starts_with("error: line "))
        .map_or(0, |column| message[column..].find(": ").map_or(0, |colon| column + colon + 2));
    let end = if end <= start { message.len() } else { end };
    in_our_words(&message[start..end])
}

/// The reader's words where they speak of its own code.
fn in_our_words(message: &str) -> String {
    if let Some((key, _)) = message.split_once(", set DuplicateKeyPolicy") {
        return format!("{}; expected each key once", key.replace("duplicate mapping key:", "duplicate key"));
    }
    if message.contains("from_str_multiple") {
        return "more than one document; expected one".to_owned();
    }
    for (theirs, ours) in [
        ("expected mapping start", "expected keys and values"),
        ("expected sequence start", "expected a list"),
        ("expected tuple variant Drawn::Uniform with 2 elements", "expected [least, most]"),
        ("invalid u16", "expected a whole number from 0"),
        ("invalid u32", "expected a whole number from 0"),
        ("invalid u64", "expected a whole number from 0"),
    ] {
        if message.contains(theirs) {
            return message.replace(theirs, ours);
        }
    }
    message.to_owned()
}

/// The line and column of the value at `pointer`, or of the nearest value above it. A list or map that is a
/// map's member is found at its key, because its own beginning may be lines further down.
fn locate(text: &str, pointer: &str) -> (usize, usize) {
    let steps: Vec<String> =
        pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    let mut walk = Walk { steps: &steps, open: Vec::new(), best: (1, 1), best_depth: None };
    for next in Parser::new_from_str(text) {
        let Ok((event, span)) = next else { break };
        walk.see(&event, (span.start.line(), span.start.col() + 1));
    }
    walk.best
}

/// A walk over a document's events that remembers the deepest place on the way along `steps`.
struct Walk<'a> {
    steps: &'a [String],
    open: Vec<Open>,
    best: (usize, usize),
    best_depth: Option<usize>,
}

/// A collection the walk is inside of.
struct Open {
    /// Whether the way so far leads along the steps.
    on_path: bool,
    state: Inside,
}

enum Inside {
    Sequence { next: usize },
    MapKey,
    MapValue { matches: bool, key_at: (usize, usize) },
}

impl Walk<'_> {
    fn see(&mut self, event: &Event<'_>, at: (usize, usize)) {
        match event {
            Event::Scalar(value, ..) => {
                if let Some(Open { state: state @ Inside::MapKey, .. }) = self.open.last_mut() {
                    *state = Inside::MapValue { matches: false, key_at: at };
                    let depth = self.open.len() - 1;
                    let matches = self.steps.get(depth).is_some_and(|step| *step == **value);
                    if let Some(Open { state: Inside::MapValue { matches: slot, .. }, .. }) =
                        self.open.last_mut()
                    {
                        *slot = matches;
                    }
                } else {
                    self.enter(at, false);
                }
            }
            Event::Alias(_) => {
                self.enter(at, false);
            }
            Event::SequenceStart(..) => {
                let on_path = self.enter(at, true);
                self.open.push(Open { on_path, state: Inside::Sequence { next: 0 } });
            }
            Event::MappingStart(..) => {
                let on_path = self.enter(at, true);
                self.open.push(Open { on_path, state: Inside::MapKey });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
            }
            _ => {}
        }
    }

    /// Meets a value: says whether it lies on the path, remembers it if it is the deepest so far, and moves
    /// its collection on to the next member.
    fn enter(&mut self, at: (usize, usize), is_collection: bool) -> bool {
        let depth = self.open.len();
        let (on_path, at) = match self.open.last_mut() {
            None => (true, at),
            Some(Open { on_path, state: Inside::Sequence { next } }) => {
                let matches = self.steps.get(depth - 1).is_some_and(|step| *step == next.to_string());
                *next += 1;
                (*on_path && matches, at)
            }
            Some(Open { on_path, state }) => {
                let (matches, key_at) = match state {
                    Inside::MapValue { matches, key_at } => (*matches, *key_at),
                    _ => (false, at),
                };
                *state = Inside::MapKey;
                (*on_path && matches, if is_collection { key_at } else { at })
            }
        };
        if on_path && self.best_depth.is_none_or(|best| depth > best) {
            (self.best, self.best_depth) = (at, Some(depth));
        }
        on_path
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Menu {
        dishes: Vec<Dish>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Dish {
        name: String,
        price: u32,
    }

    fn error(name: &str, text: &str) -> String {
        Document::new(name, text).parse::<Menu>().unwrap_err().to_string()
    }

    #[test]
    fn yaml_and_json_read_the_same() {
        let yaml = Document::new("menu.yaml", "dishes:\n  - {name: soup, price: 4}\n").parse::<Menu>();
        let json =
            Document::new("menu.json", r#"{"dishes": [{"name": "soup", "price": 4}]}"#).parse::<Menu>();
        assert_eq!(yaml.unwrap(), json.unwrap());
    }

    #[test]
    fn json_may_have_as_many_values_as_its_length_allows() {
        let text = format!("[{}0]", "0,".repeat(260_000));
        assert_eq!(Document::new("many.json", &text).parse::<Vec<u8>>().unwrap().len(), 260_001);
        assert!(Document::new("many.yaml", &text).parse::<Vec<u8>>().is_err());
    }

    #[test]
    fn a_mistake_is_shown_with_its_place() {
        let found = error("menu.yaml", "dishes:\n  - name: soup\n    prize: 4\n");
        assert!(found.starts_with("menu.yaml:3:5: unknown field `prize`, expected"), "{found}");
        let found = error("menu.yaml", "dishes:\n  - name: soup\n    price: many\n");
        assert!(found.starts_with("menu.yaml:3:12: "), "{found}");
        let found = error("menu.json", "{\"dishes\": [\n  {\"name\": \"soup\"}]}");
        assert!(found.starts_with("menu.json:2:4: missing field `price`"), "{found}");
        let found = error("menu.json", "{\"dishes\": [,]}");
        assert!(found.starts_with("menu.json:1:13: not JSON: "), "{found}");
        let found = error("menu.json", "{\"dïshes\": [\n\"€€€\",]}");
        assert!(found.starts_with("menu.json:2:7: not JSON: "), "{found}");
        assert_eq!(error("menu.yaml", " \n"), "menu.yaml:1:1: the document is empty");
        let found = error("menu.yaml", "dishes: []\ndishes: []\n");
        assert!(found.starts_with("menu.yaml:2:1: "), "{found}");
    }

    #[test]
    fn a_pointer_leads_to_a_line_and_column() {
        let text = "name: a\ndishes:\n  - name: soup\n    price: 4\n  - {name: cake, price: 5}\n";
        let document = Document::new("menu.yaml", text);
        for (pointer, place) in [
            ("", (1, 1)),
            ("/dishes", (2, 1)),
            ("/dishes/0", (3, 5)),
            ("/dishes/0/price", (4, 12)),
            ("/dishes/1/price", (5, 25)),
            ("/dishes/1/colour", (5, 5)),
            ("/dishes/7/price", (2, 1)),
        ] {
            let error = document.error_at(pointer, "x");
            assert_eq!((error.line, error.column), place, "{pointer}");
        }
    }
}
