//! Paths as the router reads them: step by step, each decoded, so that every spelling of a path is the same path.
//! Doubled and trailing slashes do not count; an encoded slash is part of its step. What compares paths compares them
//! in this form.

use std::borrow::Cow;

use super::query::decode_segment;

/// A path in the one form in which paths are compared: decoded, but for `%2F`, a slash that belongs to a step, and
/// `%25`, which makes that unmistakable. Nearly every path has that form already.
pub(crate) fn canonical(path: &str) -> Cow<'_, str> {
    let has_extra_slashes = path.contains("//") || path.ends_with('/') && path != "/";
    if path.starts_with('/') && !has_extra_slashes && !path.contains('%') {
        return path.into();
    }
    let mut canonical = String::with_capacity(path.len());
    for step in steps(path) {
        canonical.push('/');
        push_decoded(&mut canonical, step);
    }
    if canonical.is_empty() { "/".into() } else { canonical.into() }
}

/// The steps of a path, as written.
pub(crate) fn steps(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|step| !step.is_empty())
}

/// Appends a step, or a piece of one, decoded.
pub(crate) fn push_decoded(canonical: &mut String, written: &str) {
    for c in decode_segment(written).chars() {
        match c {
            '/' => canonical.push_str("%2F"),
            '%' => canonical.push_str("%25"),
            c => canonical.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_path_is_the_same() {
        for (written, same) in [
            ("/", "/"),
            ("", "/"),
            ("//", "/"),
            ("/v3/x", "/v3/x"),
            ("//v3//x/", "/v3/x"),
            ("/v3/password%2Dsync-groups", "/v3/password-sync-groups"),
            ("/v3/team%3Aalpha%40corp", "/v3/team:alpha@corp"),
            ("/v3/team%3aalpha@corp", "/v3/team:alpha@corp"),
            ("/v3/a%2Fb", "/v3/a%2Fb"),
            ("/v3/a%2fb", "/v3/a%2Fb"),
            ("/v3/a%252Fb", "/v3/a%252Fb"),
            ("/v3/100%", "/v3/100%25"),
            ("/v3/100%25", "/v3/100%25"),
            ("/v3/%C3%A4+b", "/v3/ä+b"),
        ] {
            assert_eq!(canonical(written), same, "{written}");
            assert_eq!(canonical(same), same, "{written}");
        }
    }
}
