//! What people write: scenario and fixture files, and the control API's bodies, in YAML or JSON. A [`Document`]
//! becomes a tree of values that knows their places and keeps scalars as they were written (`tree.rs`, from
//! `yaml.rs` or `json.rs`); types are made from it by one description of each (`written.rs`, `record.rs`,
//! `words.rs`), which also gives the JSON Schema. All that is wrong is told at once (`mistakes.rs`).

mod json;
mod mistakes;
mod nearest;
mod record;
mod text;
mod tree;
mod words;
mod written;
mod yaml;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use mistakes::Mistakes;
pub use mistakes::{DocumentError, Mistake};
pub(crate) use record::{Field, Limit, Presence, Record, Shape, record};
pub(crate) use text::decode;
pub(crate) use tree::{Content, Node};
pub(crate) use words::words;
pub(crate) use written::{Definitions, Written, one_of, parsed, unknown, word};

use tree::{Misread, Tree};
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

    /// What a text of unknown kind most likely is: JSON where it begins like a JSON object, list or text.
    pub fn of_text(text: &str) -> Self {
        let begins = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        if begins.starts_with(['{', '[', '"']) { Self::Json } else { Self::Yaml }
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
        let tree = self.tree()?;
        let mut mistakes = self.repeated_keys(&tree);
        let read = T::read(&tree.root, &mut mistakes);
        let made = read.and_then(|read| make(read, &mut Place { node: &tree.root, mistakes: &mut mistakes }));
        match mistakes.told(self.name, self.text) {
            Some(error) => Err(error),
            None => Ok(made.expect("where nothing was read, a mistake was noted")),
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

    /// What the document is on its outside, to find out what it is meant to be.
    pub(crate) fn outline(&self) -> Outline {
        let Ok(Tree { root, .. }) = self.tree() else { return Outline::Other };
        match root.content {
            Content::Mapping(entries) => {
                let keys = entries.iter().filter_map(|(key, _)| key.scalar().map(str::to_owned));
                Outline::Keys(keys.collect())
            }
            Content::Plain(text) | Content::Quoted(text) => Outline::Text(text.into_owned()),
            Content::List(_) => Outline::Other,
        }
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
        let read = if self.format == Format::Yaml { yaml::read(self.text) } else { json::read(self.text) };
        read.map_err(|Misread { at, message }| {
            let mut mistakes = Mistakes::default();
            mistakes.add_at(at, message);
            mistakes.told(self.name, self.text).expect("there is one")
        })
    }

    /// The mistakes that can be seen before anybody knows what the document is.
    fn repeated_keys(&self, tree: &Tree<'_>) -> Mistakes {
        let mut mistakes = Mistakes::new(self.format == Format::Yaml);
        mistakes.is_own = self.format == Format::BuiltIn;
        for (again, first) in &tree.repeated {
            let first = self.text.get(..*first as usize).unwrap_or_default().matches('\n').count() + 1;
            mistakes.add_at(*again, format!("a key again that is on line {first} already; expected it once"));
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

/// The outside of a document.
pub(crate) enum Outline {
    /// A text and nothing else.
    Text(String),
    /// A mapping with these keys.
    Keys(Vec<String>),
    /// A list, or something that cannot be read.
    Other,
}

/// A value that was read and is being checked, for mistakes in it or below it.
pub(crate) struct Place<'n, 'a, 'm> {
    node: &'n Node<'a>,
    mistakes: &'m mut Mistakes,
}

impl Place<'_, '_, '_> {
    /// Notes a mistake at the value that `pointer` leads to from here.
    pub(crate) fn mistake(&mut self, pointer: &str, message: impl Into<String>) {
        self.mistakes.add_at(self.node.find(pointer), message.into());
    }
}

/// Has `check` look at a value that was read.
pub(crate) fn look_at<T>(
    value: &T,
    node: &Node<'_>,
    mistakes: &mut Mistakes,
    check: impl FnOnce(&T, &mut Place<'_, '_, '_>),
) {
    check(value, &mut Place { node, mistakes });
}

/// Holds a schema against the file in the repository that shows it; `BLESS=1` writes the file anew.
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test may write what it compares with")]
pub(crate) fn is_golden(path: &str, file: &str, schema: &Value) {
    let schema = serde_json::to_string_pretty(schema).expect("a schema can be written") + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &schema).expect("the file can be written");
    } else {
        assert!(schema == file, "{path} is not what the types say; BLESS=1 writes it anew");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    record! {
        /// A menu.
        struct Menu as "menu" {
            /// What there is.
            dishes: Vec<Dish> = required("dishes"),
            /// When.
            hours: Option<Hours> = optional("hours"),
        }
    }

    record! {
        /// A dish.
        struct Dish as "dish" checked by Dish::check {
            /// What it is called.
            name: String = required("name") within Limit::NotEmpty,
            /// In cents.
            price: u32 = or("price", 5) within Limit::Between(1, 1_000),
            /// How hot.
            heat: Heat = optional("heat"),
            /// Whether it comes with rice.
            rice: bool = optional("rice"),
            /// What a cook says.
            note: Option<String> = nullable("note"),
            /// How likely it is sold out.
            gone: Option<f64> = optional("gone"),
        }
    }

    record! {
        derive(Eq)
        /// When.
        struct Hours as "time" {
            /// From this hour on.
            from: u16 = required("from"),
        }
    }

    words! {
        derive(Default)
        /// How hot a dish is.
        enum Heat {
            /// Not at all.
            Mild = "mild",
            /// Very.
            Hot = "hot",
        }
    }

    impl Dish {
        fn check(&self, place: &mut Place<'_, '_, '_>) {
            if self.heat == Heat::Hot && !self.rice {
                place.mistake("/heat", "hot without rice; expected both or none");
            }
        }
    }

    fn error(name: &str, text: &str) -> String {
        Document::new(name, text).read::<Menu>().unwrap_err().to_string()
    }

    #[test]
    fn yaml_and_json_read_the_same() {
        let yaml = "dishes:\n  - {name: soup, price: 4}\n  - name: 007\n    heat: hot\n    rice: true\n    note: ~\n";
        let json = r#"{"dishes": [{"name": "soup", "price": 4}, {"name": 7, "heat": "hot", "rice": true, "note": null}]}"#;
        let yaml = Document::new("menu.yaml", yaml).read::<Menu>().unwrap();
        let mut json = Document::new("menu.json", json).read::<Menu>().unwrap();
        assert_eq!((yaml.dishes[1].name.as_str(), json.dishes[1].name.as_str()), ("007", "7"));
        json.dishes[1].name = "007".to_owned();
        assert_eq!(yaml, json);
        assert_eq!(
            serde_json::to_string(&yaml).unwrap(),
            r#"{"dishes":[{"name":"soup","price":4},{"name":"007","price":5,"heat":"hot","rice":true}]}"#
        );
    }

    #[test]
    fn a_mistake_says_where_what_was_found_and_what_to_write() {
        for (text, expected) in [
            (
                "dishes:\n  - name: soup\n    prize: 4\n",
                "3:5: unknown key `prize`; expected name, price, heat, rice, note or gone; did you mean `price`?",
            ),
            ("dishes:\n  - name: soup\n    price: many\n", "3:12: `many`; expected a whole number from 0"),
            (
                "dishes:\n  - name: soup\n    price: '4'\n",
                "3:12: the text `4`; expected a whole number from 0; write 4 without quotes",
            ),
            ("dishes:\n  - name: soup\n    price: 1001\n", "3:12: price 1001; expected 1 to 1000"),
            ("dishes:\n  - name: soup\n    price: -1\n", "3:12: -1; expected a whole number from 0"),
            ("dishes:\n  - name: soup\n    gone: 5%\n", "3:11: `5%`; expected a number; write 0.05"),
            ("dishes:\n  - name: soup\n    rice: yes\n", "3:11: `yes`; expected true or false; write true"),
            (
                "dishes:\n  - name: soup\n    heat: hto\n",
                "3:11: `hto`; expected mild or hot; did you mean `hot`?",
            ),
            ("dishes:\n  - name: soup\n    heat: hot\n", "3:11: hot without rice; expected both or none"),
            ("dishes:\n  - name:\n", "2:9: nothing; expected text"),
            ("dishes:\n  - name: null\n", "2:11: `null`; expected text, in quotes if it is meant as such"),
            ("dishes:\n  - soup\n", "2:5: `soup`; expected a dish {name: …}; write {name: soup}"),
            ("dishes: soup\n", "1:9: `soup`; expected a list, each entry a dish {name: …}; write [soup]"),
            ("dishes: []\nhours: 5\n", "2:8: `5`; expected a time {from: …}; write {from: 5}"),
            (
                "dishes: []\nhours:\nfrom: 5\n",
                "2:6: nothing; expected a time {from: …}\nmenu.yaml:3:1: the key `from` belongs under `hours`; expected it there, indented further",
            ),
            ("dishes: []\ndishes: []\n", "2:1: a key again that is on line 1 already; expected it once"),
            (
                "hours: {from: 1}\n",
                "1:1: the key `dishes` is missing; expected a list, each entry a dish {name: …}",
            ),
            (" \n", "1:1: the document is empty"),
            ("just text\n", "1:1: `just text`; expected a menu {dishes: …}; write {dishes: just text}"),
        ] {
            assert_eq!(error("menu.yaml", text), format!("menu.yaml:{expected}"), "{text}");
        }
        for (text, expected) in [
            (
                "{\"dishes\": [\n  {\"prise\": 4}]}",
                "2:4: unknown key `prise`; expected name, price, heat, rice, note or gone; did you mean `price`?\nmenu.json:2:3: the key",
            ),
            ("{\"dishes\": [,]}", "1:13: not JSON: `,`; expected a value"),
            (
                "{\"dïshes\": [\n\"€€€\",]}",
                "2:7: not JSON: a comma before `]`; expected none behind the last entry",
            ),
            ("{\"dishes\": [{\"name\": null}]}", "1:22: `null`; expected text"),
        ] {
            let found = error("menu.json", text);
            let lines: Vec<_> = expected.split('\n').collect();
            for line in lines {
                assert!(found.contains(line), "{text}\n{found}");
            }
        }
    }

    #[test]
    fn places_count_in_characters_and_lines_of_any_kind() {
        for text in ["ä: '€'\nb: 1\n", "\u{feff}ä: '€'\r\nb: 1\r\n", "ä: '€'\rb: 1\r"] {
            let found = error("menu.yaml", text);
            assert!(found.contains("menu.yaml:2:1: unknown key `b`"), "{text:?}\n{found}");
            assert!(found.starts_with("menu.yaml:1:1: "), "{text:?}\n{found}");
        }
    }

    #[test]
    fn a_schema_says_what_is_read() {
        let schema = document_schema::<Menu>("menu");
        let validator = jsonschema::draft7::new(&schema).unwrap();
        for (text, is_read) in [
            ("{dishes: []}", true),
            ("{dishes: [{name: soup, note: null, price: 1000, gone: 0.5}], hours: {from: 5}}", true),
            ("{dishes: [{name: ''}]}", false),
            ("{dishes: [{name: soup, price: 1001}]}", false),
            ("{dishes: [{name: soup, prize: 1}]}", false),
            ("{dishes: [{name: soup, heat: warm}]}", false),
            ("{dishes: [{price: 4}]}", false),
            ("{dishes: [], hours: null}", false),
        ] {
            let document = Document { name: "menu", text, format: Format::Yaml };
            assert_eq!(document.read::<Menu>().is_ok(), is_read, "{text}");
            assert_eq!(validator.is_valid(&document.to_json().unwrap()), is_read, "{text}");
        }
        assert_eq!(schema["definitions"]["dish"]["properties"]["price"]["default"], 5);
        assert_eq!(schema["properties"]["dishes"]["description"], "What there is.");
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
            assert_eq!((error.mistakes[0].line, error.mistakes[0].column), place, "{pointer}");
        }
    }
}
