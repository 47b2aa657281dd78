//! Percent-encoding and `name=value&…` lists: queries, urlencoded bodies and path segments.

use std::borrow::Cow;

use hyper::Uri;
use percent_encoding::percent_decode_str;

/// Parameters whose values are never shown.
const SECRETS: [&str; 7] =
    ["client_secret", "refresh_token", "access_token", "client_assertion", "assertion", "code", "password"];

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
    if text.as_bytes().contains(&b'%') { percent_decode_str(text).decode_utf8_lossy() } else { text.into() }
}

/// Path and query for the log, with secrets left out.
pub fn redacted(uri: &Uri) -> String {
    match redacted_query(uri) {
        None => uri.path().to_owned(),
        Some(query) => format!("{}?{query}", uri.path()),
    }
}

/// The query, with secrets left out.
pub fn redacted_query(uri: &Uri) -> Option<String> {
    uri.query().map(redacted_pairs)
}

/// A list of pairs as sent, with secrets left out.
pub fn redacted_pairs(text: &str) -> String {
    let parts: Vec<Cow<'_, str>> = text
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, _)) if SECRETS.contains(&&*decode_form(name).to_ascii_lowercase()) => {
                format!("{name}=…").into()
            }
            _ => part.into(),
        })
        .collect();
    parts.join("&")
}

fn decode_form(text: &str) -> Cow<'_, str> {
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
    fn secrets_are_left_out_of_the_log() {
        let uri: Uri = "/oauth/token?grant_type=x&client_secret=hush&client%5Fsecret=hush&a".parse().unwrap();
        assert_eq!(redacted(&uri), "/oauth/token?grant_type=x&client_secret=…&client%5Fsecret=…&a");
    }

    #[test]
    fn undecodable_text_stays_visible() {
        assert_eq!(decode_segment("a%zz%FF+b"), "a%zz\u{fffd}+b");
    }
}
