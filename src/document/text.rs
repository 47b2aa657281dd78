//! Bytes into text: UTF-8, with or without a byte order mark, and UTF-16, which some Windows tools write.

use std::borrow::Cow;

use serde_json::Value;

use super::mistakes::{DocumentError, Mistake};
use super::{Document, Format};

/// The value of a client's JSON body, or what is wrong with it, in our own words.
pub(crate) fn parse_json(bytes: &[u8]) -> Result<Value, String> {
    // A text that was checked as a whole is not checked again, string by string.
    let value = std::str::from_utf8(bytes).ok().and_then(|text| serde_json::from_str(text).ok());
    value.ok_or_else(|| {
        let text = match decode("body", bytes) {
            Err(error) => return error.to_string(),
            Ok(Cow::Owned(_)) => return "body: UTF-16; expected UTF-8".to_owned(),
            Ok(Cow::Borrowed(text)) => text,
        };
        if text.starts_with('\u{feff}') {
            return "body:1:1: a byte order mark; expected JSON without one".to_owned();
        }
        let why = Document { name: "body", text, format: Format::Json }.to_json().err();
        why.map_or_else(|| "body: not JSON; expected JSON".to_owned(), |why| why.to_string())
    })
}

/// The text of a file or body. Another encoding is named in the message if it can be recognised.
pub fn decode<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, DocumentError> {
    if let Some(found) = packed(bytes) {
        return Err(error(name, (0, 0), &format!("{found}; expected the text itself")));
    }
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err(error(name, (0, 0), "UTF-32; expected UTF-8")),
        [0xff, 0xfe, rest @ ..] => utf16(name, rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(name, rest, u16::from_be_bytes),
        // Without a byte order mark: the first character of a document is an ASCII one.
        [first, 0, ..] if *first != 0 => utf16(name, bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(name, bytes, u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(wrong) => Err(not_utf8(name, bytes, wrong.valid_up_to())),
        },
    }
}

/// What packs a text that begins like this; `None` for what may be a text.
fn packed(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes {
        [0x1f, 0x8b, ..] => "compressed by gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "compressed by zstd",
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "compressed by xz",
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => "compressed by bzip2",
        // RFC 1950: deflate, and the two bytes together divide by 31.
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] if std::str::from_utf8(bytes).is_err() => {
            "compressed by zlib (deflate)"
        }
        [b'P', b'K', 3, 4, ..] => "a zip file",
        [b'7', b'z', 0xbc, 0xaf, ..] => "a 7z file",
        [b'%', b'P', b'D', b'F', b'-', ..] => "a PDF",
        [0x7f, b'E', b'L', b'F', ..] => "a program",
        _ => return None,
    })
}

fn utf16<'a>(name: &str, bytes: &[u8], of: fn([u8; 2]) -> u16) -> Result<Cow<'a, str>, DocumentError> {
    let units = bytes.chunks(2).map(|pair| of([pair[0], pair.get(1).copied().unwrap_or_default()]));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if bytes.len().is_multiple_of(2) => Ok(Cow::Owned(text)),
        _ => Err(error(name, (0, 0), "UTF-16 that is not well formed; expected UTF-8")),
    }
}

fn not_utf8(name: &str, bytes: &[u8], at: usize) -> DocumentError {
    let before = String::from_utf8_lossy(&bytes[..at]);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let byte = bytes[at];
    // From here on the Western single-byte encodings agree.
    let guess = match byte {
        0xa1.. => format!(" (in Windows-1252 and Latin-1 it is `{}`)", char::from(byte)),
        _ => String::new(),
    };
    let message = format!("the byte 0x{byte:02x}, which is not UTF-8{guess}; expected UTF-8");
    error(name, (line, column), &message)
}

fn error(name: &str, (line, column): (usize, usize), message: &str) -> DocumentError {
    let mistakes = vec![Mistake { line, column, message: message.to_owned() }];
    DocumentError { name: name.to_owned(), mistakes, more: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_windows_writes_them() {
        let text = "name: ä\r\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [&[0xff, 0xfe], &little[..]].concat(),
            [&[0xfe, 0xff], &big[..]].concat(),
            little,
            big,
        ] {
            assert_eq!(decode("x", &bytes).unwrap(), text, "{bytes:?}");
        }
        assert_eq!(decode("x", b"").unwrap(), "");
    }

    #[test]
    fn other_encodings_are_named() {
        for (bytes, expected) in [
            (
                &b"a: 1\nb: M\xfcller\n"[..],
                "x:2:5: the byte 0xfc, which is not UTF-8 (in Windows-1252 and Latin-1 it is `ü`); expected UTF-8",
            ),
            (b"a\x80", "x:1:2: the byte 0x80, which is not UTF-8; expected UTF-8"),
            (b"\xff\xfe\0\0a\0\0\0", "x: UTF-32; expected UTF-8"),
            (b"\xff\xfe\0\xd8", "x: UTF-16 that is not well formed; expected UTF-8"),
            (b"\x1f\x8b\x08", "x: compressed by gzip; expected the text itself"),
            (b"\x28\xb5\x2f\xfd\x04\x00", "x: compressed by zstd; expected the text itself"),
            (b"\xfd7zXZ\x00\x00", "x: compressed by xz; expected the text itself"),
            (b"BZh91AY&SY\xff", "x: compressed by bzip2; expected the text itself"),
            (b"\x78\x9c\xcb\x48", "x: compressed by zlib (deflate); expected the text itself"),
            (b"PK\x03\x04\x14\x00", "x: a zip file; expected the text itself"),
        ] {
            assert_eq!(decode("x", bytes).unwrap_err().to_string(), expected);
        }
    }
}
