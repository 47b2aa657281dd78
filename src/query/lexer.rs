//! A filter as tokens, each with the byte at which it begins.

use super::mistake::{Found, shown};

/// A piece of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// The byte at which it begins.
    pub(super) at: usize,
    pub(super) kind: TokenKind<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind<'a> {
    /// A name, an operator, or a value without quotes.
    Word(&'a str),
    /// What stands between quotes, without the escapes.
    Quoted(String),
    Open,
    Close,
    Comma,
    /// The end of the filter.
    End,
}

impl TokenKind<'_> {
    /// How a message calls it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(word) => shown(word),
            Self::Quoted(text) => format!("the text \"{}\"", shown(text)),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::Comma => "a comma".to_owned(),
            Self::End => "the end".to_owned(),
        }
    }
}

/// The tokens of a filter, the end included.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Found> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let (kind, end) = match first {
            _ if first.is_whitespace() => {
                at += first.len_utf8();
                continue;
            }
            '(' => (TokenKind::Open, at + 1),
            ')' => (TokenKind::Close, at + 1),
            ',' => (TokenKind::Comma, at + 1),
            '"' => {
                let (quoted, end) = quoted(text, at)?;
                (TokenKind::Quoted(quoted), end)
            }
            _ => {
                let end = text[at..].find(ends_word).map_or(text.len(), |len| at + len);
                (TokenKind::Word(&text[at..end]), end)
            }
        };
        tokens.push(Token { at, kind });
        at = end;
    }
    tokens.push(Token { at: text.len(), kind: TokenKind::End });
    Ok(tokens)
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | ',' | '"')
}

/// The text whose quote opens at `begin`, and the byte after its closing quote.
fn quoted(text: &str, begin: usize) -> Result<(String, usize), Found> {
    let mut quoted = String::new();
    let mut chars = text[begin + 1..].char_indices();
    while let Some((place, c)) = chars.next() {
        let at = begin + 1 + place;
        match c {
            '"' => return Ok((quoted, at + 1)),
            '\\' => match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => quoted.push(escaped),
                Some((_, other)) => {
                    let message = format!(
                        "found `\\{other}` in a text; expected `\\\"` for a quote or `\\\\` for a backslash"
                    );
                    return Err((at, message));
                }
                None => break,
            },
            _ => quoted.push(c),
        }
    }
    let message = "the text that begins here does not end; expected a closing `\"` (in a URL, write `#` as %23, \
        `&` as %26 and `%` as %25)";
    Err((begin, message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(usize, TokenKind<'_>)> {
        tokens(text).unwrap().into_iter().map(|token| (token.at, token.kind)).collect()
    }

    #[test]
    fn words_quotes_and_signs_are_told_apart_wherever_blanks_are() {
        use TokenKind::*;
        assert_eq!(
            kinds("not(a.b in(\"x\\\"\\\\\",2018-12-18T23:05:55Z))"),
            [
                (0, Word("not")),
                (3, Open),
                (4, Word("a.b")),
                (8, Word("in")),
                (10, Open),
                (11, Quoted("x\"\\".to_owned())),
                (18, Comma),
                (19, Word("2018-12-18T23:05:55Z")),
                (39, Close),
                (40, Close),
                (41, End),
            ]
        );
        assert_eq!(kinds("a eq\"x\"").len(), 4);
        assert_eq!(kinds(" \t\u{a0} "), [(5, End)]);
    }

    #[test]
    fn a_text_that_does_not_end_is_a_mistake_where_it_begins() {
        for text in ["a eq \"x", "a eq \"", "a eq \"x\\", "a eq \"x\\\""] {
            assert_eq!(tokens(text).unwrap_err().0, 5, "{text}");
        }
        assert_eq!(tokens("a eq \"DOMAIN\\user\"").unwrap_err().0, 12);
    }
}
