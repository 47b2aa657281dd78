//! Percent-encoding and `name=value&…` lists: queries, urlencoded bodies and path segments.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::scan::position;

/// The pairs of a query or urlencoded body, in order, decoded; a name without `=` has an empty value.
/// Sequences that are not UTF-8 become U+FFFD, and stray `%` stay as they are.
pub fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter(|part| !part.is_empty()).map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decode_form(name), decode_form(value))
    })
}

/// One path segment, decoded; `+` is literal.
pub fn decode_segment(text: &str) -> Cow<'_, str> {
    // Nearly every segment needs no decoding.
    if position(text.as_bytes(), |byte| byte == b'%').is_some() {
        percent_decode_str(text).decode_utf8_lossy()
    } else {
        text.into()
    }
}

/// A name or a value of a query or form, decoded; `+` is a blank.
pub fn decode_form(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&b'+') {
        Cow::Owned(percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned())
    } else {
        decode_segment(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_in_order() {
        let found: Vec<_> = pairs("a=1&b=two+words&c=%C3%A4%2B&d&=e&&f=x=y").collect();
        let expected = [("a", "1"), ("b", "two words"), ("c", "ä+"), ("d", ""), ("", "e"), ("f", "x=y")];
        assert_eq!(found, expected.map(|(name, value)| (Cow::from(name), Cow::from(value))));
    }

    #[test]
    fn undecodable_text_stays_visible() {
        assert_eq!(decode_segment("a%zz%FF+b"), "a%zz\u{fffd}+b");
    }
}
