//! Regular expressions, compiled within bounds. A mistake in one is described in our own words: which part of it
//! is wrong, where, and what to write.

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::{ErrorKind, Span};
use regex_syntax::{Error, hir};

use crate::document::shown;

/// The most memory that a regular expression may take, in bytes: ten times what a useful one does, and
/// little enough for as many as a tenant may have.
const LARGEST: usize = 512 << 10;

/// The longest regular expression, in bytes.
const LONGEST: usize = 4 << 10;

/// Builds an expression that is known to be well formed; `None` if it would be too large.
pub(super) fn build(expression: &str) -> Option<Regex> {
    RegexBuilder::new(expression).size_limit(LARGEST).dfa_size_limit(LARGEST).build().ok()
}

/// The smallest size that expressions are told apart by, in bytes.
const SMALLEST: usize = 8 << 10;

/// How many times its size an expression takes: it is compiled from either end.
const TIMES_ITS_SIZE: usize = 2;

/// About how much memory a regular expression takes, in bytes.
pub(super) fn weight(expression: &str) -> usize {
    let mut sizes = std::iter::successors(Some(SMALLEST), |size| (*size < LARGEST).then_some(2 * size));
    let is_enough = |size: &usize| RegexBuilder::new(expression).size_limit(*size).build().is_ok();
    TIMES_ITS_SIZE * sizes.find(is_enough).unwrap_or(LARGEST)
}

/// Compiles a regular expression from a document.
pub(super) fn compile(expression: &str) -> Result<Regex, String> {
    if expression.len() > LONGEST {
        let (found, begun) = (expression.len(), shown(expression));
        return Err(format!("regex {begun} is {found} bytes long; expected {LONGEST} or fewer"));
    }
    check(expression)?;
    build(expression).ok_or_else(|| {
        format!(
            "regex {} takes too much memory; expected a shorter one, or smaller repetitions",
            shown(expression)
        )
    })
}

/// Whether a text is a regular expression.
pub(super) fn check(expression: &str) -> Result<(), String> {
    let message = |span: &Span, (found, expected): (String, String)| {
        let column = expression[..span.start.offset].chars().count() + 1;
        format!("regex {}: at character {column}, {found}; expected {expected}", shown(expression))
    };
    match regex_syntax::parse(expression) {
        Ok(_) => Ok(()),
        Err(Error::Parse(error)) => {
            Err(message(error.span(), in_words(error.kind(), part(expression, error.span()))))
        }
        Err(Error::Translate(error)) => {
            Err(message(error.span(), untranslated(error.kind(), part(expression, error.span()))))
        }
        Err(_) => Err(format!("regex {} cannot be read; expected a regular expression", shown(expression))),
    }
}

/// The part of an expression that is wrong.
fn part<'a>(expression: &'a str, span: &Span) -> &'a str {
    &expression[span.start.offset..span.end.offset]
}

/// What was found and what was expected.
fn in_words(kind: &ErrorKind, part: &str) -> (String, String) {
    let found = shown(part);
    let itself = |sign: &str| format!("`\\{sign}` for the character itself");
    match kind {
        ErrorKind::ClassUnclosed => {
            ("`[` that is not closed".to_owned(), format!("`]` after it, or {}", itself("[")))
        }
        ErrorKind::GroupUnclosed => {
            ("`(` that is not closed".to_owned(), format!("`)` after it, or {}", itself("(")))
        }
        ErrorKind::GroupUnopened => {
            ("`)` that closes nothing".to_owned(), format!("`(` before it, or {}", itself(")")))
        }
        ErrorKind::RepetitionMissing => {
            let sign = part.get(..1).unwrap_or("*");
            (format!("`{sign}` with nothing to repeat"), format!("something before it, or {}", itself(sign)))
        }
        ErrorKind::RepetitionCountInvalid => {
            (format!("the repetition {found}"), "the smaller number first".to_owned())
        }
        ErrorKind::RepetitionCountUnclosed
        | ErrorKind::RepetitionCountDecimalEmpty
        | ErrorKind::DecimalEmpty
        | ErrorKind::DecimalInvalid => (
            format!("the repetition {found}"),
            format!("one such as `{{2}}` or `{{2,5}}`, or {}", itself("{")),
        ),
        ErrorKind::EscapeUnexpectedEof => ("`\\` at the end".to_owned(), itself("\\")),
        ErrorKind::EscapeUnrecognized => {
            let sign = part.trim_start_matches('\\');
            (format!("{found}, which means nothing"), format!("`{sign}` without `\\`, or another"))
        }
        ErrorKind::EscapeHexEmpty | ErrorKind::EscapeHexInvalid | ErrorKind::EscapeHexInvalidDigit => (
            format!("the hexadecimal code {found}"),
            "a character's, such as `\\x41` or `\\u{e4}`".to_owned(),
        ),
        _ => class_or_group_in_words(kind, &found),
    }
}

/// The same for what stands in `[…]` or `(…)`, and for anything else.
fn class_or_group_in_words(kind: &ErrorKind, found: &str) -> (String, String) {
    match kind {
        ErrorKind::ClassRangeInvalid => {
            (format!("the range {found}"), "the smaller character first".to_owned())
        }
        ErrorKind::ClassRangeLiteral | ErrorKind::ClassEscapeInvalid => {
            (format!("{found} in `[…]`"), "single characters, ranges and classes".to_owned())
        }
        ErrorKind::GroupNameDuplicate { .. } => {
            (format!("the group name {found} again"), "each name once".to_owned())
        }
        ErrorKind::GroupNameEmpty | ErrorKind::GroupNameInvalid | ErrorKind::GroupNameUnexpectedEof => {
            (format!("the group name {found}"), "one such as in `(?P<year>…)`".to_owned())
        }
        ErrorKind::FlagDanglingNegation
        | ErrorKind::FlagDuplicate { .. }
        | ErrorKind::FlagRepeatedNegation { .. }
        | ErrorKind::FlagUnexpectedEof
        | ErrorKind::FlagUnrecognized => (
            format!("the flag {found}"),
            "some of `imsxU`, as in `(?i)`; `(?:…)` for a group without a number".to_owned(),
        ),
        ErrorKind::UnsupportedBackreference => (
            format!("{found}, which looks back at a group"),
            "an expression without, as these are not supported".to_owned(),
        ),
        ErrorKind::UnsupportedLookAround => (
            format!("{found}, which looks ahead or behind"),
            "an expression without, as these are not supported".to_owned(),
        ),
        ErrorKind::UnicodeClassInvalid => {
            (format!("the class {found}"), "one such as `\\p{Greek}`".to_owned())
        }
        ErrorKind::NestLimitExceeded(limit) => {
            (format!("groups nested more than {limit} deep"), "fewer".to_owned())
        }
        _ => (format!("{found}, which has no meaning here"), "a regular expression".to_owned()),
    }
}

/// The same for an expression that is well formed but means nothing.
fn untranslated(kind: &hir::ErrorKind, part: &str) -> (String, String) {
    let found = format!("{}, which means nothing", shown(part));
    let expected = match kind {
        hir::ErrorKind::UnicodePropertyNotFound
        | hir::ErrorKind::UnicodePropertyValueNotFound
        | hir::ErrorKind::UnicodePerlClassNotFound => "a class that exists, such as `\\p{Greek}`",
        hir::ErrorKind::InvalidUtf8 | hir::ErrorKind::UnicodeNotAllowed => {
            "an expression that fits whole characters"
        }
        _ => "a regular expression",
    };
    (found, expected.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_reported_with_its_place_and_what_to_write() {
        for (expression, expected) in [
            (
                "(a",
                "regex `(a`: at character 1, `(` that is not closed; expected `)` after it, or `\\(` for the character itself",
            ),
            (
                "äb[c",
                "regex `äb[c`: at character 3, `[` that is not closed; expected `]` after it, or `\\[` for the character itself",
            ),
            (
                "a)",
                "regex `a)`: at character 2, `)` that closes nothing; expected `(` before it, or `\\)` for the character itself",
            ),
            (
                "*.txt",
                "regex `*.txt`: at character 1, `*` with nothing to repeat; expected something before it, or `\\*` for the character itself",
            ),
            (
                "a{2",
                "regex `a{2`: at character 2, the repetition `{2`; expected one such as `{2}` or `{2,5}`, or `\\{` for the character itself",
            ),
            (
                "a{3,2}",
                "regex `a{3,2}`: at character 2, the repetition `{3,2}`; expected the smaller number first",
            ),
            ("a\\", "regex `a\\`: at character 2, `\\` at the end; expected `\\\\` for the character itself"),
            (
                "\\y",
                "regex `\\y`: at character 1, `\\y`, which means nothing; expected `y` without `\\`, or another",
            ),
            ("[z-a]", "regex `[z-a]`: at character 2, the range `z-a`; expected the smaller character first"),
            (
                "(?=a)",
                "regex `(?=a)`: at character 1, `(?=`, which looks ahead or behind; expected an expression without, as these are not supported",
            ),
            (
                "(a)\\1",
                "regex `(a)\\1`: at character 4, `\\1`, which looks back at a group; expected an expression without, as these are not supported",
            ),
            (
                "\\p{Klingon}",
                "regex `\\p{Klingon}`: at character 1, `\\p{Klingon}`, which means nothing; expected a class that exists, such as `\\p{Greek}`",
            ),
            (
                "(\\w{100}){100}",
                "regex `(\\w{100}){100}` takes too much memory; expected a shorter one, or smaller repetitions",
            ),
        ] {
            assert_eq!(compile(expression).unwrap_err(), expected);
        }
    }
}
