//! A request packed for keeping: a few small pieces instead of a map of header fields that would keep the
//! connection's whole read buffer alive. Requests of one client nearly always carry the same header fields,
//! so those are kept once.

use std::borrow::Cow;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};

use super::request::{Body, Request, Stopwatch};

/// Bodies up to this many bytes are short, and copied; longer ones are kept in their original buffer.
const COPIED: usize = 4 << 10;
/// How many different sets of header fields are remembered.
const RECENT: usize = 4;

/// A request as it is kept.
#[derive(Clone, Debug)]
pub struct Packed {
    method: Method,
    /// The target, followed by the body if it is short.
    text: Box<[u8]>,
    target_len: usize,
    /// Where in the target's path the path below the tenant's base URL begins.
    path_start: usize,
    fields: Arc<[u8]>,
    /// The body if it is not short.
    body: Option<Body>,
    is_secure: bool,
    connection: u64,
    is_reused_connection: bool,
    is_multiplexed: bool,
}

/// What packs requests; it knows the header fields of the last few, the latest first.
#[derive(Clone, Debug, Default)]
pub struct Packer {
    recent: [Arc<[u8]>; RECENT],
}

impl Packer {
    /// Packs a request; `path` is the part of its path below the tenant's base URL.
    pub fn pack(&mut self, request: &Request, path: &str) -> Packed {
        let uri = &request.uri;
        let target: Cow<'_, str> = match (uri.scheme(), uri.authority(), uri.path_and_query()) {
            (None, None, Some(path_and_query)) => path_and_query.as_str().into(),
            _ => uri.to_string().into(),
        };
        // A base URL without anything below it stands for its root.
        let is_below = uri.path().ends_with(path);
        let path_start = if is_below { uri.path().len() - path.len() } else { uri.path().len() };
        let (short, body) = match &request.body {
            Body::Whole(body) if body.len() <= COPIED => (&body[..], None),
            body => (&b""[..], Some(body.clone())),
        };
        Packed {
            method: request.method.clone(),
            text: [target.as_bytes(), short].concat().into_boxed_slice(),
            target_len: target.len(),
            path_start,
            fields: self.fields(&request.headers),
            body,
            is_secure: request.is_secure,
            connection: request.connection,
            is_reused_connection: request.is_reused_connection,
            is_multiplexed: request.is_multiplexed,
        }
    }

    fn fields(&mut self, headers: &HeaderMap) -> Arc<[u8]> {
        if let Some(place) = self.recent.iter().position(|known| are_of(known, headers)) {
            self.recent[..=place].rotate_right(1);
            return Arc::clone(&self.recent[0]);
        }
        let mut fields = Vec::new();
        for (name, value) in headers {
            for part in [name.as_str().as_bytes(), value.as_bytes()] {
                // A part is shorter than the head that it came in, and that is bounded far below 4 GiB.
                let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
                fields.extend_from_slice(&length.to_le_bytes());
                fields.extend_from_slice(part);
            }
        }
        self.recent.rotate_right(1);
        self.recent[0] = fields.into();
        Arc::clone(&self.recent[0])
    }
}

impl Packed {
    /// The request as it was received.
    pub fn unpack(&self) -> Request {
        let mut headers = HeaderMap::new();
        let mut rest = &self.fields[..];
        while let (Some(name), Some(value)) = (part(&mut rest), part(&mut rest)) {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        let (target, body) = self.text.split_at(self.target_len);
        let body = self.body.clone().unwrap_or_else(|| Body::Whole(Bytes::copy_from_slice(body)));
        Request {
            method: self.method.clone(),
            uri: Uri::try_from(target).unwrap_or_default(),
            headers,
            body,
            is_secure: self.is_secure,
            connection: self.connection,
            local_address: None,
            is_reused_connection: self.is_reused_connection,
            is_multiplexed: self.is_multiplexed,
            stopwatch: Stopwatch::default(),
        }
    }

    /// The path below the tenant's base URL, in the path of the request.
    pub fn path_in<'a>(&self, request: &'a Request) -> &'a str {
        match request.uri.path().get(self.path_start..) {
            None | Some("") => "/",
            Some(path) => path,
        }
    }

    /// What it costs to keep, in bytes, as though nothing were shared.
    pub fn size(&self) -> usize {
        let body = match &self.body {
            Some(Body::Whole(body)) => body.len(),
            Some(Body::TooLarge { .. }) | None => 0,
        };
        self.text.len() + self.fields.len() + body
    }
}

/// Whether these are the packed header fields.
fn are_of(mut packed: &[u8], headers: &HeaderMap) -> bool {
    let mut comes = |expected: &[u8]| part(&mut packed) == Some(expected);
    let are_equal =
        headers.iter().all(|(name, value)| comes(name.as_str().as_bytes()) && comes(value.as_bytes()));
    are_equal && packed.is_empty()
}

/// Takes one part off the front.
fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk()?;
    let (part, behind) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *rest = behind;
    Some(part)
}

#[cfg(test)]
mod tests {
    use hyper::header::{ACCEPT, COOKIE, HOST};

    use super::*;

    fn request(target: &str) -> Request {
        Request::new(Method::GET, target).unwrap().header(HOST, "localhost").header(ACCEPT, "*/*")
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        let mut packer = Packer::default();
        let long = "x".repeat(2 * COPIED);
        for (target, path) in [
            ("/v3/a?b=c", "/v3/a"),
            ("/tenants/t/v3/a", "/v3/a"),
            ("/tenants/t", "/"),
            ("http://host:1/tenants/t/v3?q", "/v3"),
            ("*", "*"),
        ] {
            for body in ["", "{}", &long] {
                let given = request(target)
                    .header(COOKIE, "a=1")
                    .header(COOKIE, "b=\u{e4}")
                    .body("text/plain", body.to_owned());
                let kept = packer.pack(&given, path);
                let found = kept.unpack();
                assert_eq!(format!("{found:?}"), format!("{given:?}"), "{target}");
                assert_eq!(kept.path_in(&found), path, "{target}");
            }
        }
    }

    #[test]
    fn equal_header_fields_are_kept_once() {
        let mut packer = Packer::default();
        let first = packer.pack(&request("/a"), "/a");
        let pack_others = |packer: &mut Packer, many: usize| {
            for nth in 0..many {
                packer.pack(&request("/a").header(COOKIE, &nth.to_string()), "/a");
            }
        };
        pack_others(&mut packer, RECENT - 1);
        assert!(Arc::ptr_eq(&first.fields, &packer.pack(&request("/b"), "/b").fields));
        pack_others(&mut packer, RECENT);
        assert!(!Arc::ptr_eq(&first.fields, &packer.pack(&request("/b"), "/b").fields));
    }
}
