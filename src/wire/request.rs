//! A request as it was received: method, target, headers and the whole body. Also the small builder with which tests
//! and embedders create one without a socket.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;

use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Uri};

use super::scan::position;

/// What precedes a token.
const BEARER: &[u8] = b"bearer ";

/// A request, read to its end.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, extension methods included.
    pub method: Method,
    /// The target as sent: origin form (`/v2024/…`) or absolute form (`http://host/…`).
    pub uri: Uri,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// Whether it came over TLS.
    pub is_secure: bool,
    /// Which connection it came over, counted from 1; 0 without a socket.
    pub connection: u64,
    /// The address of ours that its connection came in on; `None` without a socket.
    pub local_address: Option<SocketAddr>,
    /// Whether an earlier request came over the same connection.
    pub is_reused_connection: bool,
    /// Whether its connection carries several requests at the same time, as HTTP/2 does.
    pub is_multiplexed: bool,
    /// The machine's monotonic time, as far as the server measures it.
    pub stopwatch: Stopwatch,
}

/// When a request arrived, and what time it is now, in nanoseconds of the machine's monotonic time since the
/// server began. Without a socket nothing is measured, and both are 0.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    /// When the request had arrived.
    pub arrived_ns: u64,
    /// Reads the time.
    pub now_ns: fn() -> u64,
}

impl Default for Stopwatch {
    fn default() -> Self {
        Self { arrived_ns: 0, now_ns: || 0 }
    }
}

/// A request's body.
#[derive(Clone, Debug)]
pub enum Body {
    /// All of it; empty when there was none.
    Whole(Bytes),
    /// More than the limit, and therefore not kept.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// What clients call a tenant's base URL, in the parts of the request that named it.
#[derive(Clone, Copy, Debug)]
pub struct BaseUrl<'a> {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The host and port that the client asked for.
    pub authority: &'a str,
    /// The part of the path that named the tenant; empty when none did.
    pub prefix: &'a str,
}

impl fmt::Display for BaseUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

impl Request {
    /// A request without a body. Fails for a target that is not a path.
    pub fn new(method: Method, target: &str) -> Result<Self, String> {
        let uri = target.parse().map_err(|_| {
            format!("`{target}` is not a request target; expected a path such as `/v3/password-sync-groups`")
        })?;
        let body = Body::Whole(Bytes::new());
        Ok(Self {
            method,
            uri,
            headers: HeaderMap::new(),
            body,
            is_secure: false,
            connection: 0,
            local_address: None,
            is_reused_connection: false,
            is_multiplexed: false,
            stopwatch: Stopwatch::default(),
        })
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        let value =
            HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| HeaderValue::from_static(""));
        self.headers.append(name, value);
        self
    }

    /// Adds `Authorization: Bearer <token>`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// Sets the body and its content type.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = Body::Whole(body.into());
        self.header(CONTENT_TYPE, content_type)
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, value: &serde_json::Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    /// The host and port the client asked for: the target's when it is in absolute form, else `Host`.
    pub fn authority(&self) -> Option<&str> {
        match self.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => self.headers.get(HOST).and_then(|value| value.to_str().ok()),
        }
    }

    /// The token of `Authorization: Bearer`; `None` when the header is absent, another scheme, or empty.
    pub fn bearer_token(&self) -> Option<&str> {
        str::from_utf8(self.bearer_bytes()?).ok()
    }

    /// The same as it was sent.
    pub(crate) fn bearer_bytes(&self) -> Option<&[u8]> {
        let (scheme, token) = self.headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(BEARER.len())?;
        let token = token.trim_ascii();
        (scheme.eq_ignore_ascii_case(BEARER) && !token.is_empty()).then_some(token)
    }

    /// How a body is encoded that is there and not sent as it is, such as `gzip`.
    pub fn content_coding(&self) -> Option<Cow<'_, str>> {
        if matches!(&self.body, Body::Whole(body) if body.is_empty()) {
            return None;
        }
        let coding = String::from_utf8_lossy(self.headers.get(CONTENT_ENCODING)?.as_bytes());
        // Some clients name the character set here, as the service's gateway does.
        let is_as_it_is =
            |name: &str| ["", "identity", "utf-8"].iter().any(|known| name.eq_ignore_ascii_case(known));
        (!coding.split(',').all(|name| is_as_it_is(name.trim()))).then_some(coding)
    }

    /// The media type of the body, lower case, without parameters.
    pub fn media_type(&self) -> Option<Cow<'_, str>> {
        let value = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let end = position(value.as_bytes(), |byte| byte == b';').unwrap_or(value.len());
        let media_type = value[..end].trim_ascii();
        let is_lower_case = position(media_type.as_bytes(), |byte| byte.is_ascii_uppercase()).is_none();
        (!media_type.is_empty())
            .then(|| if is_lower_case { media_type.into() } else { media_type.to_ascii_lowercase().into() })
    }
}
