//! Secrets in text that has no parts to go by: known ones, tokens by their shape, what follows the name of a secret, and
//! credentials behind their scheme or in a URL. It is read as it stands, and as it reads when its escapes (`%73`,
//! `\u0073`, `\"`) are undone, also twice.

use std::borrow::Cow;
use std::ops::Range;

use super::known::Secrets;
use super::names::{is_secret, is_secret_in_request};

/// How often escapes are undone: a URL in a parameter of a URL has them twice.
const LAYERS: usize = 3;
/// The longest name that is looked at.
const LONGEST_NAME: usize = 64;
/// Schemes of credentials.
pub(super) const SCHEMES: [&str; 2] = ["basic", "bearer"];
/// How the scopes of the service begin, and the words that end them.
const SCOPE: &[u8] = b"idn:";
const RIGHTS: [&[u8]; 4] = [b"create", b"manage", b"read", b"write"];

/// The places of secrets in a text, in order.
pub(super) fn found(text: &str, known: &[&Secrets]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut view = View { bytes: Cow::Borrowed(text.as_bytes()), places: None };
    for _ in 0..LAYERS {
        view.look(known, &mut found);
        match view.unescaped() {
            Some(next) => view = next,
            None => break,
        }
    }
    found.sort_unstable_by_key(|range: &Range<usize>| range.start);
    found
}

/// A text as it reads after some escapes were undone.
struct View<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where each byte, and the end, stands in the text; `None` while nothing was undone.
    places: Option<Vec<usize>>,
}

impl View<'_> {
    fn look(&self, known: &[&Secrets], found: &mut Vec<Range<usize>>) {
        let bytes = &*self.bytes;
        let (mut next, mut tokens) = (0, Tokens::default());
        while next < bytes.len() {
            match self.secret_at(next, known, &mut tokens) {
                Some(secret) => {
                    next = secret.end.max(next + 1);
                    found.push(self.place(secret.start)..self.place(secret.end));
                }
                None => next += 1,
            }
        }
    }

    /// The secret that begins at a place, or is announced there.
    fn secret_at(&self, place: usize, known: &[&Secrets], tokens: &mut Tokens) -> Option<Range<usize>> {
        let bytes = &*self.bytes;
        let known = || known.iter().filter_map(|secrets| secrets.at(bytes, place)).max();
        if let Some(len) = known() {
            return Some(place..place + len);
        }
        match bytes[place] {
            b'e' => tokens.at(bytes, place),
            b'=' | b':' | b'>' => self.value_after(place),
            b' ' => credentials(bytes, place),
            _ => None,
        }
    }

    /// The value behind the mark at `place`, if a secret's name stands before it.
    fn value_after(&self, mark: usize) -> Option<Range<usize>> {
        let bytes = &*self.bytes;
        let before = &bytes[..mark];
        if bytes[mark..].starts_with(b"://") {
            let rest = &bytes[mark + 3..];
            let end = rest.iter().position(|byte| b"/?#\"'<> ".contains(byte)).unwrap_or(rest.len());
            let user = rest[..end].iter().rposition(|byte| *byte == b'@')?;
            return Some(mark + 3..mark + 3 + user);
        }
        let name = if bytes[mark] == b'>' { tag(before)? } else { name(before) };
        let text = String::from_utf8_lossy(name);
        let marked = before.len().checked_sub(name.len() + 1).map(|place| before[place]);
        // In the query or the fragment of a URL a `code` buys a token.
        let is_in_url = bytes[mark] == b'=' && marked.is_some_and(|mark| b"?&#".contains(&mark));
        let is_named = is_secret(&text) || is_in_url && is_secret_in_request(&text);
        if !is_named || is_scope(&before[..before.len() - name.len()], &bytes[mark..]) {
            return None;
        }
        let blanks = bytes[mark + 1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let start = mark + 1 + blanks;
        if is_left_out(&bytes[start..]) {
            return None;
        }
        let end = |marks: &[u8]| {
            let ends = |place: &usize| marks.contains(&bytes[*place]) && self.is_as_written(*place);
            (start..bytes.len()).find(ends).unwrap_or(bytes.len())
        };
        match (bytes[mark], bytes.get(start)?) {
            (b':', quote @ (b'"' | b'\'')) => Some(start + 1..self.end_of_quoted(start + 1, *quote)),
            (b':', _) => Some(start..end(b"\r\n")),
            (b'=', _) => Some(start..end(b"&\r\n")),
            _ => {
                let closing = [b"</", name].concat();
                let value = bytes[start..].windows(closing.len()).position(|tag| tag == closing);
                Some(start..value.map_or(bytes.len(), |len| start + len))
            }
        }
    }

    fn end_of_quoted(&self, start: usize, quote: u8) -> usize {
        let mut place = start;
        while let Some(byte) = self.bytes.get(place) {
            match byte {
                b'\\' => place += 1,
                byte if *byte == quote => return place,
                _ => {}
            }
            place += 1;
        }
        self.bytes.len()
    }

    /// Whether a byte stands in the text itself: only then does it separate.
    fn is_as_written(&self, place: usize) -> bool {
        self.places.as_ref().is_none_or(|places| places[place + 1] - places[place] == 1)
    }

    fn place(&self, of: usize) -> usize {
        self.places.as_ref().map_or(of, |places| places[of])
    }

    /// The same with one layer of escapes undone, if it has any.
    fn unescaped(&self) -> Option<View<'static>> {
        if !self.bytes.iter().any(|byte| matches!(byte, b'%' | b'\\')) {
            return None;
        }
        let (mut bytes, mut places, mut place) = (Vec::new(), Vec::new(), 0);
        while place < self.bytes.len() {
            let (written, len) = escape(&self.bytes[place..]);
            let mut utf8 = [0; 4];
            let written: &[u8] = match written {
                Escape::Byte(byte) => {
                    utf8[0] = byte;
                    &utf8[..1]
                }
                Escape::Letter(letter) => letter.encode_utf8(&mut utf8).as_bytes(),
            };
            bytes.extend_from_slice(written);
            places.extend(std::iter::repeat_n(self.place(place), written.len()));
            place += len;
        }
        places.push(self.place(place));
        (bytes.len() < self.bytes.len()).then(|| View { bytes: bytes.into(), places: Some(places) })
    }
}

enum Escape {
    Byte(u8),
    Letter(char),
}

/// What a text begins with, and how many bytes say so.
fn escape(text: &[u8]) -> (Escape, usize) {
    let hex = |digits: Option<&[u8]>| {
        let digits =
            str::from_utf8(digits?).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        u32::from_str_radix(digits?, 16).ok()
    };
    let unescaped = match (text[0], text.get(1)) {
        (b'%', _) => hex(text.get(1..3)).and_then(|byte| Some((Escape::Byte(u8::try_from(byte).ok()?), 3))),
        (b'\\', Some(b'u')) => {
            hex(text.get(2..6)).and_then(char::from_u32).map(|letter| (Escape::Letter(letter), 6))
        }
        (b'\\', Some(sign @ (b'"' | b'\'' | b'\\' | b'/'))) => Some((Escape::Byte(*sign), 2)),
        _ => None,
    };
    unescaped.unwrap_or((Escape::Byte(text[0]), 1))
}

/// Finds tokens: three parts, of which the first is a JSON object in base64.
#[derive(Default)]
struct Tokens {
    /// None begins before this place: otherwise a long row of beginnings would be read again from each of them.
    none_before: usize,
}

impl Tokens {
    /// The token that begins at a place.
    fn at(&mut self, text: &[u8], place: usize) -> Option<Range<usize>> {
        if place < self.none_before || !text[place..].starts_with(b"eyJ") {
            return None;
        }
        let part = |from: usize| from + text[from..].iter().take_while(|byte| is_of_token(**byte)).count();
        let header = part(place);
        self.none_before = header;
        let claims = part(text[header..].strip_prefix(b".").map(|_| header + 1)?);
        let signature = text[claims..].strip_prefix(b".").map(|_| claims + 1)?;
        (header > place + 3 && claims > header + 1).then(|| place..part(signature))
    }
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The credentials behind a scheme that ends at `place`. Words that follow are none: `Bearer token`.
fn credentials(text: &[u8], place: usize) -> Option<Range<usize>> {
    let scheme = SCHEMES.iter().find(|scheme| {
        let start = place.checked_sub(scheme.len());
        start.is_some_and(|start| text[start..place].eq_ignore_ascii_case(scheme.as_bytes()))
    });
    scheme?;
    let start = place + text[place..].iter().take_while(|byte| **byte == b' ').count();
    let is_of_credentials = |byte: &&u8| is_of_token(**byte) || b".~+/=".contains(byte);
    let len = text[start..].iter().take_while(is_of_credentials).count();
    let found = &text[start..start + len];
    let is_word =
        found.split(|byte| *byte == b'=').next().is_some_and(|word| word.iter().all(u8::is_ascii_lowercase));
    (len > 0 && !is_word).then_some(start..start + len)
}

/// Whether a value begins here that is left out already, as in `{password: …, name: …}`, which messages have of what they
/// expect.
fn is_left_out(text: &[u8]) -> bool {
    let rest = text.strip_prefix(super::HIDDEN.as_bytes());
    rest.is_some_and(|rest| rest.first().is_none_or(|next| b",}".contains(next)))
}

/// Whether a name stands within a scope, such as `idn:password-digit-token:create`: between these two texts.
fn is_scope(before: &[u8], after: &[u8]) -> bool {
    let ends_with = |right: &&[u8]| {
        after
            .strip_prefix(b":")
            .and_then(|rest| rest.strip_prefix(*right))
            .is_some_and(|rest| !rest.first().is_some_and(|byte| is_of_token(*byte)))
    };
    before.ends_with(SCOPE) && RIGHTS.iter().any(ends_with)
}

/// The name at the end of a text, in quotes or not.
fn name(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(b"\"").or_else(|| text.strip_suffix(b"'")).unwrap_or(text);
    let is_of_name = |byte: &&u8| is_of_token(**byte) || b".[]".contains(byte);
    let len = text.iter().rev().take(LONGEST_NAME).take_while(is_of_name).count();
    &text[text.len() - len..]
}

/// The name of the XML element that begins with the tag at the end of a text.
fn tag(text: &[u8]) -> Option<&[u8]> {
    let begins = text.iter().rev().take(4 * LONGEST_NAME).position(|byte| *byte == b'<')?;
    let tag = &text[text.len() - begins..];
    let has_value = !tag.starts_with(b"/") && !tag.ends_with(b"/");
    tag.split(u8::is_ascii_whitespace).next().filter(|_| has_value)
}
