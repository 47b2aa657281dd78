//! JSON that is written for every request, piece by piece into existing memory. A text in which nothing needs to be
//! escaped, as nearly all are, is copied in one go, which serde_json does not do; everything else is serde_json's.

use serde::Serialize;

/// Whether a text needs no escapes in JSON.
pub(crate) fn is_plain(text: &str) -> bool {
    // Without an early exit the compiler can check many bytes at once.
    let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    !text.bytes().fold(false, |found, byte| found | is_special(byte))
}

/// Writes a text.
pub(crate) fn text(into: &mut Vec<u8>, text: &str) {
    if is_plain(text) {
        into.reserve(text.len() + 2);
        into.push(b'"');
        into.extend_from_slice(text.as_bytes());
        into.push(b'"');
    } else {
        value(into, text);
    }
}

/// Writes anything.
pub(crate) fn value(into: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(into, value).expect("what is written here can be written as JSON");
}

/// An object that is being written. Names are not escaped, so they must be plain.
pub(crate) struct Object<'a> {
    into: &'a mut Vec<u8>,
    has_members: bool,
}

impl<'a> Object<'a> {
    /// Begins an object.
    pub(crate) fn begin(into: &'a mut Vec<u8>) -> Self {
        into.push(b'{');
        Self { into, has_members: false }
    }

    /// Writes a member that is a text.
    pub(crate) fn text(&mut self, name: &str, member: &str) -> &mut Self {
        text(self.member(name), member);
        self
    }

    /// Writes a member's name; its value is to follow.
    pub(crate) fn member(&mut self, name: &str) -> &mut Vec<u8> {
        if self.has_members {
            self.into.push(b',');
        }
        self.has_members = true;
        self.into.push(b'"');
        self.into.extend_from_slice(name.as_bytes());
        self.into.extend_from_slice(b"\":");
        self.into
    }

    /// Ends the object.
    pub(crate) fn end(&mut self) {
        self.into.push(b'}');
    }
}

/// Writes a list of texts.
pub(crate) fn texts<'t>(into: &mut Vec<u8>, texts: impl IntoIterator<Item = &'t str>) {
    into.push(b'[');
    for (place, one) in texts.into_iter().enumerate() {
        if place > 0 {
            into.push(b',');
        }
        text(into, one);
    }
    into.push(b']');
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_written_is_what_serde_json_writes() {
        for given in ["", "Staff", "a\"b", "a\\b", "a\nb", "\u{1f}", "\u{7f}", "Bücher", "\u{1f600}", "/"] {
            let mut written = Vec::new();
            text(&mut written, given);
            assert_eq!(written, serde_json::to_vec(given).unwrap(), "{given:?}");
        }
    }

    #[test]
    fn an_object_has_its_members_in_order() {
        let mut written = Vec::new();
        let mut object = Object::begin(&mut written);
        object.text("a", "x\"y").text("b", "z");
        texts(object.member("c"), ["1", "2"]);
        value(object.member("d"), &7);
        object.end();
        assert_eq!(written, br#"{"a":"x\"y","b":"z","c":["1","2"],"d":7}"#);
        let mut empty = Vec::new();
        Object::begin(&mut empty).end();
        assert_eq!(serde_json::from_slice::<Value>(&empty).unwrap(), json!({}));
    }
}
