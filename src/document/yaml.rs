//! YAML into the [tree](super::tree). A parser says what is written; here it is assembled, with limits on
//! how much a short text can expand to, and its errors are put into our own words. The build includes this file by
//! its path, too.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, Span, Tag};

use super::tree::{
    Content, EMPTY, MOST_ALIASED, MOST_DEEP, MOST_NODES, Misread, Node, Tree, offset, repeated,
};

/// Reads one document of YAML 1.2.
pub(crate) fn read(text: &str) -> Result<Tree<'_>, Misread> {
    let mut options = Options::default();
    (options.flow_nesting_limit, options.block_nesting_limit) = (MOST_DEEP, MOST_DEEP);
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => builder.take(event, &span)?,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len());
                return Err(in_our_words(error.kind(), text, at));
            }
        }
    }
    match builder.root {
        Some(root) => Ok(Tree { root, repeated: builder.repeated }),
        None => Err(Misread::new(0, EMPTY)),
    }
}

#[derive(Default)]
struct Builder<'a> {
    root: Option<Node<'a>>,
    open: Vec<OpenCollection<'a>>,
    /// The values that aliases may mean, by the parser's number for their anchor.
    anchors: HashMap<usize, Node<'a>>,
    repeated: Vec<(u32, u32)>,
    nodes: usize,
    aliased: usize,
}

/// A list or mapping that has not ended yet.
struct OpenCollection<'a> {
    at: u32,
    anchor: usize,
    kind: CollectionKind<'a>,
}

enum CollectionKind<'a> {
    List(Vec<Node<'a>>),
    /// The entries, and the key whose value comes next.
    Mapping(Vec<(Node<'a>, Node<'a>)>, Option<Node<'a>>),
}

impl<'a> Builder<'a> {
    fn take(&mut self, event: Event<'a>, span: &Span) -> Result<(), Misread> {
        let at = span.start.byte_offset().unwrap_or_default();
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(Misread::new(at, "a second document; expected one"))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = check_tag(tag.as_deref(), at)?;
                let is_plain = style == ScalarStyle::Plain && !is_text;
                let content = if is_plain && span.start.byte_offset() == span.end.byte_offset() {
                    // The parser says `~` for a value that was left out.
                    Content::Plain(Cow::Borrowed(""))
                } else if is_plain {
                    Content::Plain(text)
                } else {
                    Content::Quoted(text)
                };
                self.add(Node { at: offset(at), content }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.begin(at, anchor, tag.as_deref(), CollectionKind::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.begin(at, anchor, tag.as_deref(), CollectionKind::Mapping(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.repeat(anchor, at),
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        at: usize,
        anchor: usize,
        tag: Option<&Tag>,
        kind: CollectionKind<'a>,
    ) -> Result<(), Misread> {
        if check_tag(tag, at)? {
            return Err(Misread::new(at, "the tag `!!str` on a list or mapping; expected none"));
        }
        if self.open.len() >= MOST_DEEP {
            return Err(too_deep(at));
        }
        if matches!(self.open.last(), Some(OpenCollection { kind: CollectionKind::Mapping(_, None), .. })) {
            return Err(Misread::new(at, "a list or mapping as a key; expected text"));
        }
        self.open.push(OpenCollection { at: offset(at), anchor, kind });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Misread> {
        let Some(OpenCollection { at, anchor, kind }) = self.open.pop() else { return Ok(()) };
        let content = match kind {
            CollectionKind::List(items) => Content::List(items),
            CollectionKind::Mapping(entries, _) => {
                self.repeated.extend(repeated(&entries));
                Content::Mapping(entries)
            }
        };
        self.add(Node { at, content }, anchor)
    }

    /// Puts a complete value where it belongs.
    fn add(&mut self, node: Node<'a>, anchor: usize) -> Result<(), Misread> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(Misread {
                at: node.at,
                message: format!("more than {MOST_NODES} values; expected fewer"),
            });
        }
        if anchor != 0 {
            // A copy is kept for the aliases that refer to it; it counts like each of them.
            self.count_copies(&node)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(CollectionKind::List(items)) => items.push(node),
            Some(CollectionKind::Mapping(_, key @ None)) => {
                if node.plain() == Some("<<") {
                    let message =
                        "a merge key `<<`; expected the keys themselves, or '<<' in quotes if it is text";
                    return Err(Misread { at: node.at, message: message.to_owned() });
                }
                *key = Some(node);
            }
            Some(CollectionKind::Mapping(entries, key)) => entries.extend(key.take().map(|key| (key, node))),
        }
        Ok(())
    }

    /// Adds a copy of what an alias stands for.
    fn repeat(&mut self, anchor: usize, at: usize) -> Result<(), Misread> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(Misread::new(
                at,
                "an alias inside the value it stands for; expected one of an earlier value",
            ));
        };
        if self.open.len() + depth(&node) > MOST_DEEP {
            return Err(too_deep(at));
        }
        self.count_copies(&node)?;
        let is_key =
            matches!(self.open.last(), Some(OpenCollection { kind: CollectionKind::Mapping(_, None), .. }));
        if is_key && node.scalar().is_none() {
            return Err(Misread::new(at, "a list or mapping as a key; expected text"));
        }
        self.add(Node { at: offset(at), ..node }, 0)
    }

    fn count_copies(&mut self, node: &Node<'_>) -> Result<(), Misread> {
        self.aliased += count(node);
        if self.aliased > MOST_ALIASED {
            let message = format!("aliases stand for more than {MOST_ALIASED} values; expected fewer");
            return Err(Misread { at: node.at, message });
        }
        Ok(())
    }
}

/// How many values a value has in it, itself counted.
fn count(node: &Node<'_>) -> usize {
    1 + match &node.content {
        Content::List(items) => items.iter().map(count).sum(),
        Content::Mapping(entries) => entries.iter().map(|(_, value)| 1 + count(value)).sum(),
        _ => 0,
    }
}

/// How deeply a value is nested in itself.
fn depth(node: &Node<'_>) -> usize {
    match &node.content {
        Content::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Content::Mapping(entries) => 1 + entries.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

fn too_deep(at: usize) -> Misread {
    Misread::new(at, format!("lists and mappings nested more than {MOST_DEEP} deep; expected fewer"))
}

/// Refuses tags except the one that marks a scalar as text; returns whether it is that one.
fn check_tag(tag: Option<&Tag>, at: usize) -> Result<bool, Misread> {
    let Some(tag) = tag else { return Ok(false) };
    let written = tag.original();
    if tag.core_suffix() == Some("str") || written == "!" {
        return Ok(true);
    }
    Err(Misread::new(at, format!("the tag `{written}`; expected none, or quotes around text")))
}

/// The parser's error, in our words.
fn in_our_words(kind: &ErrorKind, text: &str, at: usize) -> Misread {
    use ErrorKind as E;
    if matches!(kind, E::MappingValueNotAllowed)
        && let Some(line) = line_without_colon(text, at)
    {
        return Misread::new(line, format!("{} without `:`; expected `key: value`", found(text, line)));
    }
    // Where the text ends too early, the end of its last line says more than the line after it.
    let at = if at >= text.len() { text.trim_end().len() } else { at };
    match kind {
        E::UnknownAnchor | E::MissingAnchorOrAliasName => return star_or_ampersand(text, at),
        E::RecursionLimitExceeded => return too_deep(at),
        _ => {}
    }
    let message = about_brackets(kind, text, at).or_else(|| about_text(kind, text, at));
    Misread::new(at, message.unwrap_or_else(|| about_lines(kind, text, at)))
}

/// What is wrong with brackets, or inside them.
fn about_brackets(kind: &ErrorKind, text: &str, at: usize) -> Option<String> {
    use ErrorKind as E;
    let closing = |open: char| if open == '[' { ']' } else { '}' };
    Some(match kind {
        E::UnclosedFlowCollection { open } => {
            let close = if *open == '[' { ']' } else { '}' };
            let line = text.get(at..).unwrap_or_default().lines().next().unwrap_or_default();
            let comment = match line.find(" #") {
                Some(_) => "; on this line `#` begins a comment, so put text with it in quotes",
                None => "",
            };
            format!("`{open}` is not closed; expected `{close}`{comment}")
        }
        E::UnexpectedEofFlowSequence => "the text ends in a list; expected `]`".to_owned(),
        E::UnexpectedEofFlowMapping | E::UnexpectedEofImplicitFlowMapping => {
            "the text ends in a mapping; expected `}`".to_owned()
        }
        E::MismatchedFlowCollectionEnd { open, close } => {
            format!("`{close}` closes `{open}`; expected `{}`", closing(*open))
        }
        E::MisplacedFlowCollectionEnd => {
            "a closing bracket that nothing opened; expected none, or quotes around text".to_owned()
        }
        E::ExpectedFlowMappingSeparator => {
            format!("{}; expected `,` or `}}`; put text with such characters in quotes", found(text, at))
        }
        E::ExpectedFlowSequenceSeparator => {
            format!("{}; expected `,` or `]`; put text with such characters in quotes", found(text, at))
        }
        E::BlockEntryInFlowCollection | E::PlainScalarStartsWithDashFlowIndicator => {
            "`-` inside brackets; expected entries with `,` between them".to_owned()
        }
        _ => return None,
    })
}

/// What is wrong with a text, in quotes or without.
fn about_text(kind: &ErrorKind, text: &str, at: usize) -> Option<String> {
    use ErrorKind as E;
    Some(match kind {
        E::TabInPlainScalar => "a tab in a text without quotes; expected spaces, or quotes".to_owned(),
        E::UnclosedQuotedScalar => {
            "a quote that is not closed; expected one more at the end of the text".to_owned()
        }
        E::UnknownQuotedScalarEscape | E::InvalidQuotedScalarHexEscape | E::InvalidUnicodeEscape => {
            "an unknown escape; expected one such as `\\n`, or single quotes, in which `\\` stands for itself"
                .to_owned()
        }
        E::InvalidLowSurrogate
        | E::InvalidLowSurrogateHexEscape
        | E::MissingLowSurrogate
        | E::UnpairedLowSurrogate => "half of a surrogate pair; expected both halves".to_owned(),
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            format!(
                "{} after a closing quote; expected the end of the text; quote all of it, or double the quote inside",
                found(text, at)
            )
        }
        E::UnexpectedCharacter { character } => {
            format!(
                "`{}`; expected text, which is put in quotes when it begins with such a character",
                character.escape_debug()
            )
        }
        _ => return None,
    })
}

/// What is wrong with keys, indentation, or anything else.
fn about_lines(kind: &ErrorKind, text: &str, at: usize) -> String {
    use ErrorKind as E;
    match kind {
        E::TabNotAllowed | E::TabInBlockIndentation | E::TabInIndentation | E::TabAtBlockScalarStart => {
            "a tab; expected spaces for indentation".to_owned()
        }
        E::MappingValueNotAllowed
        | E::MappingKeyNotAllowed
        | E::InvalidColonPlacement
        | E::InvalidMappingValueWhitespace
        | E::FlowMappingValueAdjacentCollection => {
            format!(
                "{} where no key can be; expected one key per line, or quotes around text with `: ` in it",
                found(text, at)
            )
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey => "a line without `:`; expected `key: value`".to_owned(),
        E::ExpectedBlockMappingKey
        | E::ExpectedBlockSequenceEntry
        | E::InvalidIndentation
        | E::BlockSequenceEntryNotAllowed => {
            format!(
                "{} does not belong to the lines above; expected the same indentation as the entries beside it",
                found(text, at)
            )
        }
        E::UnsupportedYamlMajorVersion => "another version of YAML; expected 1.2".to_owned(),
        E::UndeclaredTagHandle => "a tag; expected none, or quotes around text".to_owned(),
        _ => format!(
            "not YAML at {}; expected `key: value` lines, lists with `- `, and quotes around text with special characters",
            found(text, at)
        ),
    }
}

/// Where the line before begins, if it is one word without a colon: it goes on on this line, which then has one too many.
fn line_without_colon(text: &str, at: usize) -> Option<usize> {
    let this = text.get(..at)?.rfind('\n')?;
    let before = text[..this].rfind('\n').map_or(0, |end| end + 1);
    let line = &text[before..this];
    let word = line.trim_start_matches([' ', '-']);
    let is_word = !word.trim().is_empty() && !word.contains([':', ' ', '#']);
    is_word.then(|| before + (line.len() - word.len()))
}

/// A `*` or `&` that was meant as text, such as a glob.
fn star_or_ampersand(text: &str, at: usize) -> Misread {
    // The parser points at the sign or right after it.
    let at = if text[at..].starts_with(['*', '&']) { at } else { text[..at].rfind(['*', '&']).unwrap_or(at) };
    let word = text[at..].split([',', '}', ']', '\n', '\r', ' ']).next().unwrap_or_default();
    let sign = if word.starts_with('&') { "`&` begins an anchor" } else { "`*` begins an alias" };
    Misread::new(at, format!("`{word}`, where {sign}; expected text in quotes: '{word}'"))
}

/// The word at a place.
fn found(text: &str, at: usize) -> String {
    let rest = text.get(at..).unwrap_or_default().trim_start();
    let word: String = rest.chars().take_while(|c| !c.is_whitespace()).take(40).collect();
    if word.is_empty() { "the end of the text".to_owned() } else { format!("`{}`", word.escape_debug()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(text: &str) -> String {
        let misread = read(text).unwrap_err();
        format!("{}: {}", misread.at, misread.message)
    }

    #[test]
    fn every_way_to_write_a_value_is_read() {
        let text = "plain: a b\n'single': 'it''s'\n\"double\": \"a\\tb\\u00e9\\/\"\nlist:\n- 1\n- [2, {x: }]\nblock: |\n  one\n  two\nfolded: >-\n  one\n  two\n? asked\n: answered\ntagged: !!str 5\n";
        assert_eq!(
            read(text).unwrap().root.to_json(),
            json!({
                "plain": "a b", "single": "it's", "double": "a\tbé/", "list": [1, [2, {"x": null}]],
                "block": "one\ntwo\n", "folded": "one two", "asked": "answered", "tagged": "5"
            })
        );
        let crlf = "\u{feff}a: 1\r\nb:\r\n  - x\r\n";
        assert_eq!(read(crlf).unwrap().root.to_json(), json!({"a": 1, "b": ["x"]}));
    }

    #[test]
    fn an_alias_is_a_copy_of_its_value() {
        let text = "a: &x {b: 1}\nc: *x\nd: [*x, *x]\n";
        let expected = json!({"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, {"b": 1}]});
        assert_eq!(read(text).unwrap().root.to_json(), expected);
        assert!(
            error("a: *x\n").starts_with("3: `*x`, where `*` begins an alias; expected text in quotes: '*x'")
        );
    }

    #[test]
    fn a_short_text_cannot_expand_to_a_huge_value() {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for level in 1..10 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            text = format!("{text}a{level}: &a{level} [{before}]\n");
        }
        assert!(error(&text).contains("aliases stand for more than 250000 values"), "{}", error(&text));
        for text in ["[".repeat(200), "{a: ".repeat(200), "- ".repeat(200)] {
            assert!(error(&text).contains("nested more than 100 deep"), "{}", error(&text));
        }
        let deep =
            format!("a: &a {}x{}\nb: {}*a{}", "[".repeat(60), "]".repeat(60), "[".repeat(60), "]".repeat(60));
        assert!(error(&deep).contains("nested more than 100 deep"), "{}", error(&deep));
        assert!(error("a: &a [*a]\n").contains("expected"), "{}", error("a: &a [*a]\n"));
    }

    #[test]
    fn yaml_errors_are_in_our_words() {
        for (text, expected) in [
            ("a: [1, 2\n", "expected `]`"),
            ("a: {b: 1\n", "expected `}`"),
            ("a: {b: #1, c: 2}\n", "expected `}`; on this line `#` begins a comment"),
            ("a: 'b\n", "a quote that is not closed"),
            ("a: \"\\q\"\n", "an unknown escape"),
            ("a: b: c\n", "expected one key per line, or quotes around text with `: ` in it"),
            ("a:\n\tb: 1\n", "a tab; expected spaces for indentation"),
            ("a: @x\n", "`@`; expected text, which is put in quotes"),
            ("a: `x`\n", "expected text, which is put in quotes"),
            ("a: 1\n---\nb: 2\n", "a second document; expected one"),
            ("<<: {a: 1}\n", "a merge key"),
            ("a: !!binary x\n", "the tag `!!binary`; expected none"),
            ("[a]: b\n", "a list or mapping as a key; expected text"),
            ("path: **/x\n", "6: `**/x`, where `*` begins an alias; expected text in quotes: '**/x'"),
            ("a: 1\n b: 2\n", "expected"),
            ("a: 'b' c\n", "after a closing quote"),
            ("", "the document is empty"),
            ("# nothing\n", "the document is empty"),
        ] {
            assert!(error(text).contains(expected), "{text:?}\n{}", error(text));
        }
    }

    #[test]
    fn a_repeated_key_is_remembered_with_both_places() {
        let tree = read("a: 1\nb: 2\na: 3\n").unwrap();
        assert_eq!(tree.repeated, [(10, 0)]);
    }
}
