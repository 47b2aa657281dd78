//! A reply, what happens to it on its way out, and the trace of how it came about.

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use crate::operation::Operation;

/// The content type of every JSON body the service sends (seen on real replies).
pub const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");

/// A status, header fields and a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The header fields, in the order in which they are sent; the server adds only the framing.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; shared, not copied.
    pub body: Bytes,
}

impl Reply {
    /// A reply with a JSON body.
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![(CONTENT_TYPE, JSON)], body: body.into() }
    }

    /// A reply without body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// Adds a header field.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.headers.push((name, value));
        }
        self
    }

    /// The first value of a header field.
    pub fn header(&self, name: impl AsRef<str>) -> Option<&str> {
        let name = name.as_ref();
        let (_, value) = self.headers.iter().find(|(field, _)| field.as_str().eq_ignore_ascii_case(name))?;
        value.to_str().ok()
    }

    /// The body as JSON; null when it is none.
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What becomes of a reply between us and the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// All of it, at once.
    #[default]
    Whole,
}

/// What a request came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What is said.
    pub reply: Reply,
    /// How it is said.
    pub delivery: Delivery,
    /// How it came about.
    pub trace: Trace,
}

/// How a reply came about, for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The tenant's name; empty when there is none.
    pub tenant: String,
    /// The operation, where the route leads to one.
    pub operation: Option<Operation>,
    /// The OAuth client, where a valid token or the credentials name one.
    pub client: Option<String>,
    /// The ways in which the request broke the contract, or why it was refused.
    pub violations: Vec<String>,
}
