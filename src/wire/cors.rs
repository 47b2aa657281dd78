//! What a browser asks of a server before it shows the answer to a page of another origin. The service's API allows any
//! page, because its tokens, and not cookies, say who asks; the control API never does.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
};
use hyper::{HeaderMap, Method, StatusCode};

use super::{Reply, Request};

/// What a page may read beside the fields that browsers always show.
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After, SLPT-Request-ID, X-Total-Count");
/// Every method that an operation may have.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// How long a browser remembers a preflight, in seconds.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");
/// What the answer to a preflight depends on.
const ASKED: HeaderValue =
    HeaderValue::from_static("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");

/// Whether pages of other origins may call the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// They may.
    #[default]
    On,
    /// Browsers keep the answers from them (`--cors off`).
    Off,
}

impl Cors {
    /// The origin to which an answer is shown; `None` for a client that is not a page, as nearly all are.
    pub(crate) fn origin(self, headers: &HeaderMap) -> Option<&HeaderValue> {
        if self == Self::Off { None } else { headers.get(ORIGIN) }
    }

    /// The answer to a preflight: a browser's question whether it may send a request at all. `None` for anything else.
    pub(crate) fn preflight(self, request: &Request) -> Option<Reply> {
        if request.method != Method::OPTIONS || !request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let origin = self.origin(&request.headers)?;
        let mut reply = Reply::empty(StatusCode::NO_CONTENT)
            .with(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone())
            .with(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        for asked in request.headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS) {
            reply = reply.with(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        Some(reply.with(ACCESS_CONTROL_MAX_AGE, REMEMBERED).with(VARY, ASKED))
    }
}

/// Shows a reply to pages of an origin, unless the reply says itself which it is for.
pub(crate) fn show(reply: &mut Reply, origin: &HeaderValue) {
    let fields = [(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()), (ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED)];
    for (name, value) in fields {
        if !reply.headers.iter().any(|(known, _)| *known == name) {
            reply.headers.push((name, value));
        }
    }
    reply.headers.push((VARY, HeaderValue::from_static("Origin")));
}
