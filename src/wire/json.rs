//! JSON that is written for every request, piece by piece into existing memory. What need not be escaped in a text is
//! copied in one go, which serde_json does not do; values that are not texts are left to serde_json.

use serde::Serialize;

use super::scan::position;

/// Whether a text needs no escapes in JSON.
pub(crate) fn is_plain(text: &str) -> bool {
    // Without an early exit the compiler can check many bytes at once.
    !text.bytes().fold(false, |found, byte| found | is_special(byte))
}

/// Whether a byte is escaped in a text, or ends it.
#[expect(clippy::needless_bitwise_bool, reason = "many bytes are looked at together")]
pub(crate) fn is_special(byte: u8) -> bool {
    (byte < b' ') | (byte == b'"') | (byte == b'\\')
}

/// Writes a text.
pub(crate) fn text(into: &mut Vec<u8>, text: &str) {
    into.reserve(text.len() + 2);
    into.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(place) = position(rest, is_special) {
        into.extend_from_slice(&rest[..place]);
        escape(into, rest[place]);
        rest = &rest[place + 1..];
    }
    into.extend_from_slice(rest);
    into.push(b'"');
}

fn escape(into: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => into.extend_from_slice(b"\\\""),
        b'\\' => into.extend_from_slice(b"\\\\"),
        _ => {
            let quoted = serde_json::to_vec(&char::from(byte)).expect("a text can be written as JSON");
            into.extend_from_slice(&quoted[1..quoted.len() - 1]);
        }
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

    /// Writes a member that is a text, if there is one.
    pub(crate) fn text_if(&mut self, name: &str, member: Option<&str>) -> &mut Self {
        if let Some(member) = member {
            self.text(name, member);
        }
        self
    }

    /// Writes a member that is true or false.
    pub(crate) fn flag(&mut self, name: &str, member: bool) -> &mut Self {
        self.member(name).extend_from_slice(if member { b"true" } else { b"false" });
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
        object.text("a", "x\"y").text("b", "z").flag("f", true).text_if("g", None).text_if("h", Some(""));
        texts(object.member("c"), ["1", "2"]);
        value(object.member("d"), &7);
        object.end();
        assert_eq!(written, br#"{"a":"x\"y","b":"z","f":true,"h":"","c":["1","2"],"d":7}"#);
        let mut empty = Vec::new();
        Object::begin(&mut empty).end();
        assert_eq!(serde_json::from_slice::<Value>(&empty).unwrap(), json!({}));
    }
}
