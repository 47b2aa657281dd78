//! From a filter's text to a tree of conditions, each part with its place. What the fields are and what may be asked of
//! them is not known here. Everything is bounded: the filter's length, how deep it nests, its conditions, its lists.

use super::field::Operator;
use super::lexer::{Token, TokenKind, tokens};
use super::mistake::{Found, choice, shown};

/// The longest filter, in bytes.
pub const MOST_BYTES: usize = 32 << 10;
/// How deep parentheses and `not` may nest.
pub const MOST_DEPTH: usize = 50;
/// How many conditions a filter may have.
pub const MOST_CONDITIONS: usize = 250;
/// How many values a list may have.
pub const MOST_VALUES: usize = 1_000;

/// A filter as it was written.
#[derive(Debug)]
pub(super) enum Tree<'a> {
    Condition(Condition<'a>),
    Not(Box<Self>),
    /// All of these; two or more.
    And(Vec<Self>),
    /// Any of these; two or more.
    Or(Vec<Self>),
}

/// One comparison.
#[derive(Debug)]
pub(super) struct Condition<'a> {
    /// The field's name, and the byte it is at.
    pub(super) field: (usize, &'a str),
    pub(super) operator: (usize, Operator),
    /// What it is compared with: none for `isnull` and `pr`, at least one otherwise.
    pub(super) values: Vec<Value<'a>>,
}

/// A value as it was written.
#[derive(Debug)]
pub(super) struct Value<'a> {
    pub(super) at: usize,
    pub(super) form: ValueForm<'a>,
}

#[derive(Debug)]
pub(super) enum ValueForm<'a> {
    /// Without quotes.
    Bare(&'a str),
    /// Between quotes.
    Quoted(String),
}

impl Value<'_> {
    /// What was written, without quotes and escapes.
    pub(super) fn text(&self) -> &str {
        match &self.form {
            ValueForm::Bare(word) => word,
            ValueForm::Quoted(text) => text,
        }
    }
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Tree<'_>, Found> {
    if text.len() > MOST_BYTES {
        return Err((0, format!("found {} bytes; expected at most {MOST_BYTES}", text.len())));
    }
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), depth: 0, conditions: 0 };
    let tree = parser.any()?;
    let rest = parser.next();
    match rest.kind {
        TokenKind::End => Ok(tree),
        TokenKind::Close => Err((rest.at, "found `)`, but no `(` is open; expected the end".to_owned())),
        _ => Err(rest.instead_of("`and`, `or` or the end", joining_word(&rest.kind))),
    }
}

/// What to write instead of `AND`, or of a text without quotes.
fn joining_word(found: &TokenKind<'_>) -> Option<String> {
    let TokenKind::Word(word) = found else { return None };
    if word.ends_with('\'') {
        return Some("a text with blanks stands in double quotes, not in single ones".to_owned());
    }
    let lower = word.to_lowercase();
    Some(match lower.as_str() {
        "and" | "or" => format!("write `{lower}`: all operators are in lower case"),
        "&&" => "write `and`".to_owned(),
        "||" => "write `or`".to_owned(),
        _ if is_offset(word) => "in a URL, write `+` as %2B".to_owned(),
        _ => "a text with spaces needs double quotes".to_owned(),
    })
}

/// Whether it is what follows the `+` of a time: a query's `+` is a blank.
fn is_offset(word: &str) -> bool {
    matches!(word.as_bytes(), [a, b, b':', c, d] if [a, b, c, d].into_iter().all(u8::is_ascii_digit))
}

impl Token<'_> {
    /// The mistake that this token is not what was expected.
    fn instead_of(&self, expected: &str, advice: Option<String>) -> Found {
        let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
        (self.at, format!("found {}; expected {expected}{advice}", self.kind.shown()))
    }
}

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token<'a>>>,
    /// How many parentheses and `not`s are open.
    depth: usize,
    /// How many conditions there are so far.
    conditions: usize,
}

impl<'a> Parser<'a> {
    /// `all or all or …`.
    fn any(&mut self) -> Result<Tree<'a>, Found> {
        let mut parts = vec![self.all()?];
        while self.skip("or") {
            parts.push(self.all()?);
        }
        Ok(single(parts, Tree::Or))
    }

    /// `factor and factor and …`.
    fn all(&mut self) -> Result<Tree<'a>, Found> {
        let mut parts = vec![self.factor()?];
        while self.skip("and") {
            parts.push(self.factor()?);
        }
        Ok(single(parts, Tree::And))
    }

    /// `not factor`, `(any)`, or a condition.
    fn factor(&mut self) -> Result<Tree<'a>, Found> {
        let token = self.next();
        match token.kind {
            TokenKind::Word("not") => {
                self.deepen(token.at)?;
                let inner = self.factor()?;
                self.depth -= 1;
                Ok(Tree::Not(Box::new(inner)))
            }
            TokenKind::Open => {
                self.deepen(token.at)?;
                let inner = self.any()?;
                self.depth -= 1;
                let close = self.next();
                match close.kind {
                    TokenKind::Close => Ok(inner),
                    _ => Err(close.instead_of("`and`, `or` or `)`", joining_word(&close.kind))),
                }
            }
            TokenKind::Word(word) if !matches!(word, "and" | "or") => {
                self.condition(token.at, word).map(Tree::Condition)
            }
            _ => Err(token.instead_of("a field's name, `not` or `(`", None)),
        }
    }

    fn deepen(&mut self, at: usize) -> Result<(), Found> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err((at, format!("parentheses and `not` nest too deep; expected at most {MOST_DEPTH}")));
        }
        Ok(())
    }

    /// The condition that begins with this word.
    fn condition(&mut self, at: usize, word: &'a str) -> Result<Condition<'a>, Found> {
        self.conditions += 1;
        if self.conditions > MOST_CONDITIONS {
            return Err((at, format!("found too many conditions; expected at most {MOST_CONDITIONS}")));
        }
        if word == Operator::Pr.name() {
            let field = self.next();
            return match field.kind {
                TokenKind::Word(name) => Ok(Condition {
                    field: (field.at, name),
                    operator: (at, Operator::Pr),
                    values: Vec::new(),
                }),
                _ => Err(field.instead_of("a field's name after `pr`", None)),
            };
        }
        let operator = self.operator(word)?;
        let values = match operator.1 {
            Operator::IsNull => Vec::new(),
            Operator::In | Operator::Ca => self.values()?,
            _ => vec![self.value()?],
        };
        Ok(Condition { field: (at, word), operator, values })
    }

    /// The operator after the name of a field.
    fn operator(&mut self, field: &str) -> Result<(usize, Operator), Found> {
        let token = self.next();
        let infix = || Operator::ALL.into_iter().filter(|operator| *operator != Operator::Pr);
        if let TokenKind::Word(word) = token.kind
            && let Some(operator) = infix().find(|operator| operator.name() == word)
        {
            return Ok((token.at, operator));
        }
        let expected = format!("an operator: {}", choice(infix().map(Operator::name)));
        Err(token.instead_of(&expected, meant_operator(&token.kind, field)))
    }

    /// `(value, value, …)`, or one value without parentheses.
    fn values(&mut self) -> Result<Vec<Value<'a>>, Found> {
        if self.tokens.next_if(|token| token.kind == TokenKind::Open).is_none() {
            return Ok(vec![self.value()?]);
        }
        let mut values = Vec::new();
        loop {
            let value = self.value()?;
            if values.len() == MOST_VALUES {
                return Err((value.at, format!("found too many values; expected at most {MOST_VALUES}")));
            }
            values.push(value);
            let token = self.next();
            match token.kind {
                TokenKind::Comma => {}
                TokenKind::Close => return Ok(values),
                _ => return Err(token.instead_of("a comma or `)`", None)),
            }
        }
    }

    fn value(&mut self) -> Result<Value<'a>, Found> {
        let token = self.next();
        let form = match token.kind {
            TokenKind::Word(word) => ValueForm::Bare(word),
            TokenKind::Quoted(text) => ValueForm::Quoted(text),
            _ => return Err(token.instead_of("a value, such as \"abc\", 7, true or 2026-11-24", None)),
        };
        Ok(Value { at: token.at, form })
    }

    fn skip(&mut self, word: &str) -> bool {
        self.tokens.next_if(|token| token.kind == TokenKind::Word(word)).is_some()
    }

    fn next(&mut self) -> Token<'a> {
        // The end is asked for again only after it was refused, and then nobody reads on.
        self.tokens.next().unwrap_or(Token { at: 0, kind: TokenKind::End })
    }
}

/// What to write instead of an operator in capitals, a sign, or one in the wrong place.
fn meant_operator(found: &TokenKind<'_>, field: &str) -> Option<String> {
    let TokenKind::Word(word) = found else { return None };
    if field.eq_ignore_ascii_case("not") || field.eq_ignore_ascii_case("pr") {
        let lower = field.to_ascii_lowercase();
        return Some(format!("write `{lower}`: all operators are in lower case"));
    }
    let lower = word.to_lowercase();
    Some(match lower.as_str() {
        "=" | "==" => "write `eq`".to_owned(),
        "!=" | "<>" => "write `ne`".to_owned(),
        ">" => "write `gt`".to_owned(),
        ">=" => "write `ge`".to_owned(),
        "<" => "write `lt`".to_owned(),
        "<=" => "write `le`".to_owned(),
        "pr" => format!("write `pr {}`", shown(field)),
        other => {
            let known = Operator::named(other)?.name();
            format!("write `{known}`: all operators are in lower case")
        }
    })
}

/// The one part, or several joined.
fn single<'a>(mut parts: Vec<Tree<'a>>, join: fn(Vec<Tree<'a>>) -> Tree<'a>) -> Tree<'a> {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}
