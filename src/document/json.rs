//! JSON (RFC 8259) into the [tree](super::tree). The grammar fits on a page; read by hand, numbers stay as they
//! were written, each value has its place, and every message is in our own words.

use std::borrow::Cow;

use super::tree::{Content, EMPTY, MOST_DEEP, MOST_NODES, Misread, Node, Tree, offset, repeated};

/// Reads one JSON text.
pub(crate) fn read(text: &str) -> Result<Tree<'_>, Misread> {
    let mut reader = Reader { text, at: 0, nodes: 0, repeated: Vec::new() };
    if text.starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
    }
    reader.skip_blanks();
    if reader.at == text.len() {
        return Err(Misread::new(reader.at, EMPTY));
    }
    let root = reader.value(0)?;
    reader.skip_blanks();
    if reader.at < text.len() {
        return Err(reader.wrong("the end of the text"));
    }
    Ok(Tree { root, repeated: reader.repeated })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    nodes: usize,
    repeated: Vec<(u32, u32)>,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Node<'a>, Misread> {
        self.skip_blanks();
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(Misread::new(self.at, format!("more than {MOST_NODES} values; expected fewer")));
        }
        let at = offset(self.at);
        let content = match self.byte() {
            Some(b'{' | b'[') if depth == MOST_DEEP => {
                let message = format!("lists and mappings nested more than {MOST_DEEP} deep; expected fewer");
                return Err(Misread::new(self.at, message));
            }
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Content::Quoted(self.string()?),
            _ => Content::Plain(Cow::Borrowed(self.word()?)),
        };
        Ok(Node { at, content })
    }

    fn object(&mut self, depth: usize) -> Result<Content<'a>, Misread> {
        let mut entries = Vec::new();
        self.at += 1;
        if self.skips(b'}') {
            return Ok(Content::Mapping(entries));
        }
        loop {
            self.skip_blanks();
            let at = offset(self.at);
            if self.byte() != Some(b'"') {
                return Err(self.wrong("a key in double quotes"));
            }
            self.nodes += 1;
            let key = Node { at, content: Content::Quoted(self.string()?) };
            if !self.skips(b':') {
                return Err(self.wrong("`:`"));
            }
            entries.push((key, self.value(depth + 1)?));
            if self.skips(b'}') {
                self.repeated.extend(repeated(&entries));
                return Ok(Content::Mapping(entries));
            }
            self.comma('}')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Content<'a>, Misread> {
        let mut items = Vec::new();
        self.at += 1;
        if self.skips(b']') {
            return Ok(Content::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.skips(b']') {
                return Ok(Content::List(items));
            }
            self.comma(']')?;
        }
    }

    /// The comma between two entries, with an entry after it.
    fn comma(&mut self, end: char) -> Result<(), Misread> {
        if !self.skips(b',') {
            return Err(self.wrong(&format!("`,` or `{end}`")));
        }
        self.skip_blanks();
        if self.text[self.at..].starts_with(end) {
            let message = format!("not JSON: a comma before `{end}`; expected none after the last entry");
            return Err(Misread::new(self.at, message));
        }
        Ok(())
    }

    /// A number, `true`, `false` or `null`, as written.
    fn word(&mut self) -> Result<&'a str, Misread> {
        let rest = &self.text[self.at..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let word = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        if !matches!(word, "true" | "false" | "null") && !is_number(word) {
            return Err(self.wrong(VALUE));
        }
        self.at += word.len();
        Ok(word)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Misread> {
        let begin = self.at;
        self.at += 1;
        let mut from = self.at;
        let mut unescaped = String::new();
        loop {
            match self.byte() {
                None => {
                    return Err(Misread::new(begin, "not JSON: a text that is not closed; expected `\"`"));
                }
                Some(b'"') => {
                    let rest = &self.text[from..self.at];
                    self.at += 1;
                    return Ok(if unescaped.is_empty() {
                        Cow::Borrowed(rest)
                    } else {
                        unescaped.push_str(rest);
                        Cow::Owned(unescaped)
                    });
                }
                Some(b'\\') => {
                    unescaped.push_str(&self.text[from..self.at]);
                    unescaped.push(self.escape()?);
                    from = self.at;
                }
                Some(control @ 0..=0x1f) => {
                    let name = char::from(control).escape_debug();
                    let message =
                        format!("not JSON: `{name}` in a text; expected an escape such as `\\n`, or `\"`");
                    return Err(Misread::new(self.at, message));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, Misread> {
        let at = self.at;
        let letter = self.text.as_bytes().get(at + 1);
        self.at += 2;
        Ok(match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(at),
            _ => {
                let message = "not JSON: an unknown escape; expected one such as `\\n`, or `\\\\`";
                return Err(Misread::new(at, message));
            }
        })
    }

    /// What follows `\u`: a character, or the first of the two halves of one.
    fn unicode(&mut self, at: usize) -> Result<char, Misread> {
        let wrong = |message: &str| Misread::new(at, format!("not JSON: {message}"));
        let four_digits = "`\\u` without four digits; expected 0-9 and a-f";
        let first = self.hex().ok_or_else(|| wrong(four_digits))?;
        if let Some(c) = char::from_u32(first) {
            return Ok(c);
        }
        let half = "half of a surrogate pair; expected both halves";
        if first >= 0xdc00 || !self.text[self.at..].starts_with("\\u") {
            return Err(wrong(half));
        }
        self.at += 2;
        let second = self.hex().ok_or_else(|| wrong(four_digits))?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(wrong(half));
        }
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(code).ok_or_else(|| wrong(half))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Skips blanks and this sign, if it comes next.
    fn skips(&mut self, sign: u8) -> bool {
        self.skip_blanks();
        let is_next = self.byte() == Some(sign);
        self.at += usize::from(is_next);
        is_next
    }

    /// Something unexpected is here.
    fn wrong(&self, expected: &str) -> Misread {
        let rest = &self.text[self.at..];
        let message = match rest.chars().next() {
            None => format!("the text ends; expected {expected}"),
            Some('\'') => format!("a single quote; expected {expected}; JSON uses double quotes"),
            Some('#') => format!("a comment; expected {expected}; JSON has no comments"),
            Some('/') if rest.starts_with("//") || rest.starts_with("/*") => {
                format!("a comment; expected {expected}; JSON has no comments")
            }
            Some(c) => {
                let is_part = |c: &char| c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
                let word: String = rest.chars().take_while(is_part).take(40).collect();
                let advice = if expected == VALUE { advice(&word) } else { "" };
                let word = if word.is_empty() { without_control(c) } else { word };
                format!("`{word}`; expected {expected}{advice}")
            }
        };
        // The end of the text is reported at the end of its last line.
        let at = if rest.is_empty() { self.text.trim_end().len() } else { self.at };
        Misread::new(at, format!("not JSON: {message}"))
    }
}

/// What is expected where a value can be.
const VALUE: &str = "a value";

/// What to write for a word that means something in another language.
fn advice(word: &str) -> &'static str {
    match word {
        "True" | "TRUE" => "; write true",
        "False" | "FALSE" => "; write false",
        "None" | "Null" | "NULL" | "nil" | "undefined" => "; write null",
        _ => "",
    }
}

/// A character that can be shown.
fn without_control(c: char) -> String {
    if c.is_control() { c.escape_debug().to_string() } else { c.to_string() }
}

/// Whether a word is a number by JSON's grammar.
fn is_number(word: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (number, exponent) = word.split_once(['e', 'E']).map_or((word, None), |(a, b)| (a, Some(b)));
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(a, b)| (a, Some(b)));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|exponent| is_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn error(text: &str) -> String {
        let misread = read(text).unwrap_err();
        format!("{}: {}", misread.at, misread.message)
    }

    #[test]
    fn what_is_read_is_what_another_reader_reads() {
        for text in [
            r#"{"a": [1, -2.5e3, true, false, null, "x"], "b": {}, "c": []}"#,
            r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00 é 😀""#,
            " [ ] \r\n",
            "0",
            "-0.0",
            "18446744073709551615",
            "\"\u{7f}\"",
        ] {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text).unwrap().root.to_json(), expected, "{text}");
        }
        assert_eq!(read("\u{feff}{\"a\": 1.50}").unwrap().root.to_json(), json!({"a": 1.5}));
        let tree = read("[1.50, 1e400]").unwrap();
        let Content::List(items) = tree.root.content else { panic!() };
        assert_eq!(items.iter().map(|item| item.plain().unwrap()).collect::<Vec<_>>(), ["1.50", "1e400"]);
    }

    #[test]
    fn json_errors_are_in_our_words() {
        for (text, expected) in [
            ("", "0: the document is empty"),
            ("{\"a\": ,}", "6: not JSON: `,`; expected a value"),
            ("{\"a\": 1,}", "8: not JSON: a comma before `}`; expected none after the last entry"),
            ("[1, 2,\n]", "7: not JSON: a comma before `]`; expected none after the last entry"),
            ("{a: 1}", "1: not JSON: `a`; expected a key in double quotes"),
            (
                "{'a': 1}",
                "1: not JSON: a single quote; expected a key in double quotes; JSON uses double quotes",
            ),
            ("{\"a\" 1}", "5: not JSON: `1`; expected `:`"),
            ("{\"a\": 1 \"b\": 2}", "8: not JSON: `\"`; expected `,` or `}`"),
            ("[1 // one\n]", "3: not JSON: a comment; expected `,` or `]`; JSON has no comments"),
            ("[1", "2: not JSON: the text ends; expected `,` or `]`"),
            ("{\"a\": 1\n\n", "7: not JSON: the text ends; expected `,` or `}`"),
            ("[01]", "1: not JSON: `01`; expected a value"),
            ("[NaN]", "1: not JSON: `NaN`; expected a value"),
            ("[.5]", "1: not JSON: `.5`; expected a value"),
            ("[tru]", "1: not JSON: `tru`; expected a value"),
            ("[False]", "1: not JSON: `False`; expected a value; write false"),
            ("{\"a\": None}", "6: not JSON: `None`; expected a value; write null"),
            ("\"a", "0: not JSON: a text that is not closed; expected `\"`"),
            ("\"a\tb\"", "2: not JSON: `\\t` in a text; expected an escape such as `\\n`, or `\"`"),
            ("\"\\x\"", "1: not JSON: an unknown escape; expected one such as `\\n`, or `\\\\`"),
            ("\"\\ud800\"", "1: not JSON: half of a surrogate pair; expected both halves"),
            ("\"\\u12\"", "1: not JSON: `\\u` without four digits; expected 0-9 and a-f"),
            ("{} {}", "3: not JSON: `{`; expected the end of the text"),
        ] {
            assert_eq!(error(text), expected, "{text:?}");
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text:?}");
        }
        assert!(error(&"[".repeat(200)).contains("nested more than 100 deep"));
    }

    #[test]
    fn texts_with_one_wrong_byte_are_refused_where_another_reader_refuses_them() {
        let text = r#"{"a": [1, -2.5e+3, true, null], "b\n\u00e9": {"c": "\ud83d\ude00x"}}"#;
        let mut refused = 0;
        for at in 0..text.len() {
            for byte in "{}[],:\"\\0a.-eu \t/'+#\u{1}".chars() {
                for mutated in [
                    format!("{}{byte}{}", &text[..at], &text[at..]),
                    format!("{}{byte}{}", &text[..at], &text[at + 1..]),
                ] {
                    let expected = serde_json::from_str::<Value>(&mutated).ok();
                    let found = read(&mutated).ok().filter(|tree| tree.repeated.is_empty());
                    refused += usize::from(expected.is_none());
                    assert_eq!(found.map(|tree| tree.root.to_json()), expected, "{mutated}");
                }
            }
        }
        assert!(refused > 1_000, "{refused}");
    }
}
