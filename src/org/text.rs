//! How an id is written in a record's text. The id is the text's first member and is kept nowhere else, so a record is
//! recognised by its own bytes.

use std::borrow::Cow;

use crate::wire::json;
use crate::wire::scan::position;

/// What comes before the id in a record's text.
pub(super) const BEFORE_ID: &[u8] = br#"{"id":""#;

/// An id as written in a record's text, between the quotes.
pub(super) fn escaped(id: &str) -> Cow<'_, str> {
    if json::is_plain(id) {
        Cow::Borrowed(id)
    } else {
        let quoted = serde_json::to_string(id).expect("a text can be written as JSON");
        Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
    }
}

/// Whether a text is that of the record with this id, escaped.
pub(super) fn is_text_of(rendered: &[u8], escaped_id: &str) -> bool {
    rendered
        .strip_prefix(BEFORE_ID)
        .and_then(|rest| rest.strip_prefix(escaped_id.as_bytes()))
        .is_some_and(|rest| rest.first() == Some(&b'"'))
}

/// The id in a record's text, escaped.
pub(super) fn escaped_id_in(rendered: &[u8]) -> &[u8] {
    let rest = &rendered[BEFORE_ID.len()..];
    // Nearly no id has an escape.
    if let Some(end) = position(rest, json::is_special).filter(|stop| rest[*stop] == b'"') {
        return &rest[..end];
    }
    let mut is_escaped = false;
    let end = rest.iter().position(|&byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    &rest[..end.unwrap_or(rest.len())]
}

/// The id in a record's text.
#[cfg(test)]
pub(super) fn id_in(rendered: &[u8]) -> String {
    let quoted = [b"\"", escaped_id_in(rendered), b"\""].concat();
    serde_json::from_slice(&quoted).expect("an id is written as a JSON text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_an_id() {
        let ids = ["", "a", "a\"", "a\\", "\\\"", "a\",\"name", "\u{e4}\n", "{\"id\":\"", "\u{7f}\u{1}"];
        for id in ids {
            let text = serde_json::json!({ "id": id, "name": "a" }).to_string();
            assert_eq!(id_in(text.as_bytes()), id);
            for other in ids {
                assert_eq!(is_text_of(text.as_bytes(), &escaped(other)), id == other, "{id} {other}");
            }
        }
    }
}
