//! What is wrong with a document. Reading continues after a mistake, so that a person learns of all of them at
//! once, in the order of their places.

use std::borrow::Cow;
use std::fmt;

use super::shape::Limit;
use super::tree::{Content, Node};
use super::written::unknown;

/// How many mistakes in one document are reported.
const MOST_TOLD: usize = 50;
/// How many are remembered; further ones are only counted.
const MOST_KEPT: usize = 1_000;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    /// Whether the document is YAML, for advice on how to write it.
    pub(crate) is_yaml: bool,
    /// Whether it was written by us: it has the right types, but perhaps values that only a lax tenant accepts.
    pub(super) is_own: bool,
    /// Where the document's outermost value begins, if it has places.
    pub(super) outermost: Option<u32>,
    /// What the field that is being read allows beside its type.
    limit: Option<Limit>,
    /// The keys of the records around the one that is being read, the outermost first.
    outer_keys: Vec<&'static [&'static str]>,
    found: Vec<(u32, String)>,
    more: usize,
}

impl Mistakes {
    pub(crate) fn new(is_yaml: bool) -> Self {
        Self { is_yaml, ..Self::default() }
    }

    /// Reads something of which messages say that it must be within `limit`.
    pub(crate) fn within<T>(&mut self, limit: Option<Limit>, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.limit, limit);
        let read = read(self);
        self.limit = outer;
        read
    }

    /// Reads a part of something that has these keys.
    pub(super) fn below<T>(&mut self, keys: &'static [&'static str], read: impl FnOnce(&mut Self) -> T) -> T {
        self.outer_keys.push(keys);
        let read = read(self);
        self.outer_keys.pop();
        read
    }

    /// Whether what is around has this key.
    pub(super) fn belongs_outside(&self, key: &str) -> bool {
        self.outer_keys.iter().any(|keys| keys.contains(&key))
    }

    /// What messages expect of a type, within the limit.
    pub(super) fn narrowed<'e>(&self, expected: &'e str) -> Cow<'e, str> {
        Limit::narrow(self.limit, expected)
    }

    /// Notes what is wrong with a value: what was found, what was expected, what to write.
    pub(crate) fn add(&mut self, node: &Node<'_>, message: impl Into<String>) {
        self.add_at(node.at, message.into());
    }

    /// Notes that a value is of the wrong kind.
    pub(crate) fn unexpected(&mut self, node: &Node<'_>, expected: &str) {
        self.add_at(node.at, format!("{}; expected {expected}", in_words(node)));
    }

    /// Notes a name that is none of those that are known. What was meant is looked for only while that is told.
    pub(crate) fn unknown(&mut self, node: &Node<'_>, what: &str, name: &str, known: &[&str]) {
        if !self.only_counts() {
            self.add(node, unknown(what, name, known));
        }
    }

    pub(super) fn add_at(&mut self, at: u32, message: String) {
        if !self.only_counts() {
            self.found.push((at, shortened(message)));
        }
    }

    /// Counts a mistake and returns true when enough are remembered for its message to be lost: what takes long to
    /// say is not said then.
    pub(crate) fn only_counts(&mut self) -> bool {
        let is_full = self.found.len() >= MOST_KEPT;
        self.more += usize::from(is_full);
        is_full
    }

    /// Those that are reported, with their lines and columns in `text`; `None` when there are none.
    pub(super) fn told(mut self, name: &str, text: &str) -> Option<DocumentError> {
        if self.found.is_empty() {
            return None;
        }
        self.found.sort();
        self.found.dedup();
        let more = self.more + self.found.len().saturating_sub(MOST_TOLD);
        self.found.truncate(MOST_TOLD);
        let mut places = LineFinder::new(text);
        let mistakes = self.found.into_iter().map(|(at, message)| {
            let (line, column) = places.of(at);
            Mistake { line, column, message }
        });
        Some(DocumentError { name: name.to_owned(), mistakes: mistakes.collect(), more })
    }
}

/// A message without its middle where it repeats something long.
pub(crate) fn shortened(message: String) -> String {
    const LONGEST: usize = 1_000;
    const END: usize = 300;
    if message.len() <= LONGEST + END {
        return message;
    }
    let begin = message.floor_char_boundary(LONGEST);
    let end = message.ceil_char_boundary(message.len() - END);
    format!("{}…{}", &message[..begin], &message[end..])
}

/// A value in a few words, to start a message with.
pub(crate) fn in_words(node: &Node<'_>) -> String {
    match &node.content {
        Content::Plain(text) if text.is_empty() => "nothing".to_owned(),
        Content::Plain(text) => shown(text),
        Content::Quoted(text) => format!("the text {}", shown(text)),
        Content::List(_) => "a list".to_owned(),
        Content::Mapping(_) => "keys and values".to_owned(),
    }
}

/// A text as messages show it: short, and on one line.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown = String::new();
    for c in text.chars().take(LONGEST) {
        if c.is_control() {
            shown.push('\u{fffd}');
        } else if is_unseen(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// What looks like a space, or like nothing: pages of the web and word processors put such between words.
pub(super) fn is_unseen(c: char) -> bool {
    (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// Lines and columns of places, which must be looked up in order.
struct LineFinder<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    line_began: usize,
}

impl<'a> LineFinder<'a> {
    fn new(text: &'a str) -> Self {
        // A byte order mark does not count as a column.
        let began = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, at: began, line: 1, line_began: began }
    }

    /// The line and column (in characters) of a place in bytes.
    fn of(&mut self, at: u32) -> (usize, usize) {
        let to = usize::try_from(at).unwrap_or(usize::MAX).min(self.text.len());
        let bytes = self.text.as_bytes();
        while self.at < to {
            let byte = bytes[self.at];
            self.at += 1;
            // A carriage return alone also ends a line.
            if byte == b'\n' || byte == b'\r' && bytes.get(self.at) != Some(&b'\n') {
                self.line += 1;
                self.line_began = self.at;
            }
        }
        let before = self.text.get(self.line_began.min(to)..to).unwrap_or_default();
        (self.line, before.chars().count() + 1)
    }
}

/// One mistake: where, what was found, what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// 1-based; 0 when the document has no such place.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// What was found, what was expected, and often what to write.
    pub message: String,
}

/// All that is wrong with a document, in the order of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    /// The document's name.
    pub name: String,
    /// The first 50 mistakes.
    pub mistakes: Vec<Mistake>,
    /// How many there are beyond those.
    pub more: usize,
}

impl fmt::Display for DocumentError {
    /// A line for each mistake: `my.yaml:3:5: unknown key …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Mistake { line, column, message }) in self.mistakes.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match line {
                0 => write!(f, "{}: {message}", self.name)?,
                _ => write!(f, "{}:{line}:{column}: {message}", self.name)?,
            }
        }
        match self.more {
            0 => Ok(()),
            1 => write!(f, "\n{}: and 1 more mistake", self.name),
            more => write!(f, "\n{}: and {more} more mistakes", self.name),
        }
    }
}

impl std::error::Error for DocumentError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_repeats_something_long_keeps_its_beginning_and_its_end() {
        let mut mistakes = Mistakes::new(true);
        mistakes.add_at(0, format!("`{}`; expected a wait", "ä".repeat(100_000)));
        let told = mistakes.told("x", "").unwrap().to_string();
        assert!(told.starts_with("x:1:1: `ää") && told.ends_with("ää`; expected a wait"), "{told}");
        assert!(told.len() < 1_400, "{}", told.len());
    }

    #[test]
    fn mistakes_beyond_those_that_are_remembered_are_only_counted() {
        let mut mistakes = Mistakes::new(true);
        let mut said = 0;
        for at in 0..5_000 {
            if !mistakes.only_counts() {
                said += 1;
                mistakes.add_at(at, format!("mistake {at}"));
            }
        }
        assert_eq!(said, MOST_KEPT);
        let told = mistakes.told("x", "").unwrap();
        assert_eq!((told.mistakes.len(), told.more), (MOST_TOLD, 5_000 - MOST_TOLD));
    }
}
