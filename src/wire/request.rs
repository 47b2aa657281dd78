//! A request as it came in: method, target, headers and the whole body. Also the small builder by which tests
//! and embedders make one without a socket.

use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Uri};

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
}

/// A request's body.
#[derive(Clone, Debug)]
pub enum Body {
    /// All of it; empty when there was none.
    Whole(Bytes),
    /// More than the limit, and so not kept.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl Request {
    /// A request without body. Fails for a target that is no path.
    pub fn new(method: Method, target: &str) -> Result<Self, String> {
        let uri = target.parse().map_err(|error| format!("`{target}` is not a request target: {error}"))?;
        let body = Body::Whole(Bytes::new());
        Ok(Self { method, uri, headers: HeaderMap::new(), body, is_secure: false, connection: 0 })
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
        let (scheme, token) = self.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }

    /// The media type of the body, lower case, without parameters.
    pub fn media_type(&self) -> Option<String> {
        let value = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        (!media_type.is_empty()).then_some(media_type)
    }
}
