//! Requests that are refused below the application, in the service's own shape: counted, logged and kept in the journal of
//! the tenant they were for. Those that the HTTP library itself cannot read are here, too: it would answer with a bare
//! status.

use std::fmt::Write as _;

use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::{Method, StatusCode, Uri};

use super::dispatch::{self, Answered};
use super::exchanges::{Exchanges, HEAD_TOO_LARGE};
use super::target::Room;
use super::{Shared, request_log, stopwatch, wall_now};
use crate::wire::reply::reason;
use crate::wire::{DetailCode, Refusal, Reply, Request};

/// Stands for a method that could not be read.
const NO_METHOD: &str = "-";

/// Refuses a request; why is for people.
pub(super) fn refuse(
    shared: &Shared,
    mut request: Request,
    refusal: &Refusal,
    why: &str,
) -> (Answered, Method) {
    request.stopwatch = stopwatch();
    let answered = dispatch::refuse_below(&shared.world, &request, refusal, why, wall_now());
    request_log::count(&shared.world.metrics, &answered.outcome, std::time::Duration::ZERO);
    request_log::log(&request, &Room::Api, &answered, std::time::Duration::ZERO);
    (answered, request.method)
}

/// The answer to a head that the HTTP library cannot read, as bytes. `head` is how it begins, as far as that is known.
pub(super) fn answer_to_head(exchanges: &Exchanges, head: &[u8], status: StatusCode) -> Vec<u8> {
    let line = Line::of(head);
    let mut request = exchanges.without_body(line.request(), exchanges.vitals.is_used());
    if let Some(host) = host_in(head) {
        request.headers.insert(HOST, host);
    }
    let why = if status == StatusCode::BAD_REQUEST { line.mistake() } else { HEAD_TOO_LARGE.to_owned() };
    let refusal = if status == StatusCode::BAD_REQUEST {
        Refusal::bad_request(DetailCode::Syntax, &*why)
    } else {
        Refusal::OverLimit { status, text: why.clone() }
    };
    let (answered, method) = refuse(&exchanges.shared, request, &refusal, &why);
    as_bytes(answered.outcome.stamped().reply, &method)
}

/// A request line, as far as it could be read.
struct Line<'a> {
    words: Vec<&'a [u8]>,
    /// Whether its end was seen.
    is_whole: bool,
}

impl<'a> Line<'a> {
    fn of(head: &'a [u8]) -> Self {
        let end = head.iter().position(|byte| *byte == b'\n');
        let line = head[..end.unwrap_or(head.len())].trim_ascii_end();
        Self { words: line.split(|byte| *byte == b' ').collect(), is_whole: end.is_some() }
    }

    /// What it asks for, with a `-` for a method and a `/` for a target that cannot be one.
    fn request(&self) -> hyper::http::request::Parts {
        let method = self.words.first().and_then(|word| Method::from_bytes(word).ok());
        let target = self.words.get(1).and_then(|word| target(word).parse::<Uri>().ok());
        let target = target.filter(|target| target.path().starts_with('/'));
        let (mut parts, ()) = hyper::Request::new(()).into_parts();
        parts.method =
            method.unwrap_or_else(|| Method::from_bytes(NO_METHOD.as_bytes()).expect("a dash is a token"));
        parts.uri = target.unwrap_or_default();
        parts
    }

    /// What is wrong with it, as far as that can be seen; else it is a header field.
    fn mistake(&self) -> String {
        let first = self.words.first().copied().unwrap_or_default();
        if first.starts_with(b"\x16\x03") {
            return "A TLS handshake came where HTTP is expected; expected http:// in the client's base URL, or \
                    --tls-self-signed here."
                .to_owned();
        }
        let is_token = !first.is_empty() && Method::from_bytes(first).is_ok();
        let has_three = self.words.len() == 3 || !self.is_whole && self.words.len() < 3;
        if !is_token || !has_three {
            return "The request line is not a method, a target and HTTP/1.1, with one space between them."
                .to_owned();
        }
        if let Some(target) = self.words.get(1)
            && target.iter().any(|byte| !byte.is_ascii_graphic())
        {
            return "The request's target has bytes that must be percent-encoded.".to_owned();
        }
        if let Some(target) = self.words.get(1)
            && str::from_utf8(target).is_ok_and(|target| target.parse::<Uri>().is_err())
        {
            return "The request's target is neither a path nor a URL.".to_owned();
        }
        if self.words.get(2).is_some_and(|version| self.is_whole && !is_version(version)) {
            return "The request line does not end with HTTP/1.1 or HTTP/1.0.".to_owned();
        }
        "A header field is malformed, or gives the body an impossible length.".to_owned()
    }
}

fn is_version(version: &[u8]) -> bool {
    matches!(version, b"HTTP/1.1" | b"HTTP/1.0")
}

/// A target of which every byte may stand in a URL.
fn target(written: &[u8]) -> String {
    let mut target = String::with_capacity(written.len());
    for &byte in written {
        if byte.is_ascii_graphic() && !b"\"<>#".contains(&byte) {
            target.push(char::from(byte));
        } else {
            let _ = write!(target, "%{byte:02X}");
        }
    }
    target
}

/// The host that a head names, where its end was seen.
fn host_in(head: &[u8]) -> Option<HeaderValue> {
    let (lines, _) = head.split_at(head.iter().rposition(|byte| *byte == b'\n')?);
    lines.split(|byte| *byte == b'\n').skip(1).find_map(|line| {
        let (name, value) = line.split_at_checked("host:".len())?;
        name.eq_ignore_ascii_case(b"host:").then(|| HeaderValue::from_bytes(value.trim_ascii()).ok())?
    })
}

/// A reply over HTTP/1.1, the connection's last, in the form in which the library writes the others.
fn as_bytes(reply: Reply, method: &Method) -> Vec<u8> {
    let reply = reply.with(CONNECTION, HeaderValue::from_static("close"));
    let reason = reason(reply.status);
    let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", reply.status.as_u16()).into_bytes();
    for (name, value) in &reply.headers {
        let words = name.as_str().split('-').map(|word| {
            let (first, rest) = word.split_at(1.min(word.len()));
            first.to_ascii_uppercase() + rest
        });
        bytes.extend_from_slice(words.collect::<Vec<_>>().join("-").as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", reply.body.len()).as_bytes());
    if *method != Method::HEAD {
        bytes.extend_from_slice(&reply.body);
    }
    bytes
}
