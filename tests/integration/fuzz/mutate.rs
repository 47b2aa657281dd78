//! Mutations: an entry of the corpus, and what is done to it. They know enough of JSON, YAML and HTTP to stay near
//! what is understood: whole words, numbers, quoted texts and lines are exchanged for others, and now and then a bit.

use proptest::prelude::*;

/// How an entry is mutated.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    base: usize,
    edits: Vec<(u16, Edit)>,
}

/// A change at a place (of 65,536 from beginning to end).
#[derive(Clone, Debug)]
enum Edit {
    /// Another bit.
    Flip(u8),
    /// Another byte.
    Byte(u8),
    /// This many bytes removed.
    Cut(usize),
    /// Everything that follows, removed.
    End,
    /// Bytes from here, repeated this many times.
    Repeat(usize, usize),
    /// A meaningful word, inserted.
    Insert(usize),
    /// The next word, number or quoted text becomes this.
    Word(usize),
    /// A piece of another entry, from a place in it, with this length.
    Splice(usize, u16, usize),
    /// The line removed, doubled, or replacing another.
    LineGone,
    LineTwice,
    LineMoved(u16),
}

/// Words that mean something somewhere: to JSON, YAML, URLs, tokens, dates, numbers, or to us.
const WORDS: [&str; 96] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "250",
    "251",
    "2147483648",
    "18446744073709551616",
    "1e400",
    "-0.0",
    "0.5",
    "1.0",
    "NaN",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"x\"",
    "[]",
    "{}",
    "[[[[[[[[",
    "]",
    "}",
    ",",
    ":",
    "{\"a\":{\"a\":{\"a\":{}}}}",
    "~",
    "*a",
    "&a",
    "!!str",
    "---\n",
    "...\n",
    "|\n",
    ">\n",
    "- ",
    "? ",
    "# ",
    "'",
    "%YAML 1.2\n",
    "\t",
    "\r\n",
    "\n\n",
    "\u{feff}",
    "\0",
    "\u{7f}",
    "\u{85}",
    "é",
    "\u{1f600}",
    "%00",
    "%2F",
    "%zz",
    "%ff",
    "+",
    "..",
    "//",
    "?",
    "&",
    "=",
    ";",
    "_sim",
    "tenants/other",
    "default",
    "v3",
    "v1",
    "latest",
    "password-sync-groups",
    "oauth/token",
    "GET",
    "PUT",
    "Bearer",
    "$admin",
    "$reader",
    "$id",
    "$secret",
    "2026-11-24T09:30:00Z",
    "-0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999+23:59",
    "1ms",
    "87600h",
    "1h",
    "nth",
    "2c918084660f45d6016617daa9210584",
    " and ",
    " or ",
    "not ",
    "(",
    ")",
    " isnull",
    "pr ",
    " in (\"a\", \"b\")",
    " ca ",
    "2018-12-18T23:05:55Z",
    "\\\"",
    " eq ",
];

pub(super) fn recipe() -> impl Strategy<Value = Recipe> {
    let edit = prop_oneof![
        1 => (0..8_u8).prop_map(Edit::Flip),
        1 => any::<u8>().prop_map(Edit::Byte),
        1 => (1..20_usize).prop_map(Edit::Cut),
        1 => Just(Edit::End),
        1 => (1..40_usize, 1..60_usize).prop_map(|(len, times)| Edit::Repeat(len, times)),
        3 => (0..WORDS.len()).prop_map(Edit::Insert),
        8 => (0..WORDS.len()).prop_map(Edit::Word),
        2 => (any::<usize>(), any::<u16>(), 1..80_usize)
            .prop_map(|(other, from, len)| Edit::Splice(other, from, len)),
        1 => Just(Edit::LineGone),
        1 => Just(Edit::LineTwice),
        1 => any::<u16>().prop_map(Edit::LineMoved),
    ];
    let edits = prop::collection::vec((any::<u16>(), edit), 1..6);
    (any::<usize>(), edits).prop_map(|(base, edits)| Recipe { base, edits })
}

impl Recipe {
    /// The input that comes of it.
    pub(super) fn follow(&self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = corpus[self.base % corpus.len()].clone();
        for (place, edit) in &self.edits {
            edit.make(&mut input, *place, corpus);
        }
        input
    }
}

/// The index at a place of `len` bytes, its end included.
fn index(place: u16, len: usize) -> usize {
    usize::from(place) * (len + 1) / (usize::from(u16::MAX) + 1)
}

impl Edit {
    fn make(&self, input: &mut Vec<u8>, place: u16, corpus: &[Vec<u8>]) {
        let at = index(place, input.len());
        let end_of = |len: usize| at.saturating_add(len).min(input.len());
        match *self {
            Self::Flip(bit) => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            Self::Byte(new) => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = new;
                }
            }
            Self::Cut(len) => drop(input.drain(at..end_of(len))),
            Self::End => input.truncate(at),
            Self::Repeat(len, times) => {
                let piece = input[at..end_of(len)].repeat(times);
                input.splice(at..at, piece);
            }
            Self::Insert(word) => drop(input.splice(at..at, WORDS[word].bytes())),
            Self::Word(word) => drop(input.splice(next_word(input, at), WORDS[word].bytes())),
            Self::Splice(other, from, len) => {
                let other = &corpus[other % corpus.len()];
                let from = index(from, other.len());
                let piece = other[from..from.saturating_add(len).min(other.len())].to_vec();
                input.splice(at..at, piece);
            }
            Self::LineGone => drop(input.drain(line(input, at))),
            Self::LineTwice => {
                let line = line(input, at);
                let text = input[line.clone()].to_vec();
                input.splice(line.end..line.end, text);
            }
            Self::LineMoved(to) => {
                let text: Vec<_> = input.drain(line(input, at)).collect();
                let to = line(input, index(to, input.len())).start;
                input.splice(to..to, text);
            }
        }
    }
}

/// The quoted text, number or word that begins at or after `at`.
fn next_word(input: &[u8], at: usize) -> std::ops::Range<usize> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-+$".contains(byte);
    let Some(start) = input[at..].iter().position(|byte| *byte == b'"' || is_word(byte)) else {
        return at..at;
    };
    let start = at + start;
    let rest = &input[start + 1..];
    let len = match input[start] {
        b'"' => rest.iter().position(|byte| *byte == b'"').map(|quote| quote + 1),
        _ => rest.iter().position(|byte| !is_word(byte)),
    };
    start..start + 1 + len.unwrap_or(rest.len())
}

/// The line around `at`, with its end.
fn line(input: &[u8], at: usize) -> std::ops::Range<usize> {
    let start = input[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let end = input[at..].iter().position(|byte| *byte == b'\n').map_or(input.len(), |end| at + end + 1);
    start..end
}
