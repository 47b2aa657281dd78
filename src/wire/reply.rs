//! A reply, what happens to it on its way out, and a trace of how it came about.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use serde::{Serialize, Serializer};
use smallvec::{SmallVec, smallvec};

use super::Caller;
use crate::operation::Operation;

/// The content type of every JSON body the service sends (seen on real replies).
pub const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");

/// What a status is called; those that HTTP does not name are all called the same.
pub fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or(NAMELESS)
}

/// The reason phrase of a status that HTTP does not name.
pub const NAMELESS: &str = "Unknown";

/// No reply is to be kept by caches.
const NOT_CACHED: HeaderValue = HeaderValue::from_static("no-cache, no-store, must-revalidate");

/// The header field that has the tracking id.
const REQUEST_ID: HeaderName = HeaderName::from_static("slpt-request-id");

/// The service's id for an exchange in its header fields and errors: thirty-two lower-case hexadecimal
/// digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackingId(pub [u8; 16]);

impl TrackingId {
    /// The digits as a text, in the given memory.
    pub(super) fn text(self, digits: &mut [u8; 32]) -> &str {
        *digits = self.digits();
        str::from_utf8(digits).expect("hexadecimal digits are ASCII")
    }

    fn digits(self) -> [u8; 32] {
        let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
        std::array::from_fn(|place| {
            let byte = self.0[place / 2];
            if place % 2 == 0 { digit(byte >> 4) } else { digit(byte & 15) }
        })
    }
}

impl fmt::Display for TrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.digits()).expect("hexadecimal digits are ASCII"))
    }
}

impl Serialize for TrackingId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Header fields in order. Most replies have one of their own, which needs no allocation.
pub type Fields = SmallVec<[(HeaderName, HeaderValue); 1]>;

/// A status, header fields and a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The header fields, in the order in which they are sent; the server adds only the framing.
    pub headers: Fields,
    /// The body; shared, not copied.
    pub body: Bytes,
}

impl Reply {
    /// A reply with a JSON body.
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: smallvec![(CONTENT_TYPE, JSON)], body: body.into() }
    }

    /// A reply without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Fields::new(), body: Bytes::new() }
    }

    /// Adds a header field.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.headers.push((name, value));
        }
        self
    }

    /// The same with the header fields of a stamp, where it has none of its own.
    #[must_use]
    pub fn stamped(mut self, stamp: &Stamp) -> Self {
        for (name, value) in stamp.fields() {
            if !self.headers.iter().any(|(known, _)| *known == name) {
                self.headers.push((name, value));
            }
        }
        self
    }

    /// Replaces the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Replaces the content type.
    #[must_use]
    pub fn with_content_type(mut self, content_type: HeaderValue) -> Self {
        self.headers.retain(|(name, _)| *name != CONTENT_TYPE);
        self.with(CONTENT_TYPE, content_type)
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

/// The header fields that every reply of the service carries, where it has none of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What the service calls the exchange.
    pub tracking_id: TrackingId,
    /// The tenant's time.
    pub date: HeaderValue,
}

impl Stamp {
    /// The fields in order.
    pub(crate) fn fields(&self) -> [(HeaderName, HeaderValue); 3] {
        let [tracking_id, date] = self.fields_of_its_own();
        [(CACHE_CONTROL, NOT_CACHED), tracking_id, date]
    }

    /// Those in which one reply differs from another, in order.
    pub(crate) fn fields_of_its_own(&self) -> [(HeaderName, HeaderValue); 2] {
        let tracking_id =
            HeaderValue::from_bytes(&self.tracking_id.digits()).expect("hexadecimal digits are allowed");
        [(REQUEST_ID, tracking_id), (DATE, self.date.clone())]
    }
}

/// What happens to a reply between us and the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// How long nothing is sent at first, in the tenant's time.
    pub hold: Option<Duration>,
    /// How it is sent after that.
    pub manner: Manner,
}

/// How a reply is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// All of it, at once.
    #[default]
    Whole,
    /// Slowly.
    Trickle {
        /// Bytes at a time.
        chunk_bytes: usize,
        /// The wait before each further chunk, in the tenant's time.
        pause: Duration,
    },
    /// With the promised length, but fewer bytes, and the connection is closed.
    Cut {
        /// Bytes of the body that are sent; of a shorter body, all but the last.
        after_bytes: usize,
    },
    /// Never.
    Hang {
        /// In the tenant's time; then the connection is closed.
        limit: Option<Duration>,
    },
    /// Not at all: the connection is closed.
    Close,
    /// Not at all: the connection is reset.
    Reset,
}

impl Delivery {
    /// Whether the exchange lasts longer than it takes to send the reply.
    pub fn waits(self) -> bool {
        self.hold.is_some() || matches!(self.manner, Manner::Trickle { .. } | Manner::Hang { .. })
    }

    /// Whether the client is told nothing at all.
    pub fn is_silent(self) -> bool {
        matches!(self.manner, Manner::Hang { .. } | Manner::Close | Manner::Reset)
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(hold) = self.hold {
            write!(f, "held {hold:?}, ")?;
        }
        match self.manner {
            Manner::Whole => f.write_str("whole"),
            Manner::Trickle { chunk_bytes, pause } => {
                write!(f, "trickled {chunk_bytes} bytes every {pause:?}")
            }
            Manner::Cut { after_bytes } => write!(f, "cut at byte {after_bytes}"),
            Manner::Hang { limit: None } => f.write_str("hung"),
            Manner::Hang { limit: Some(limit) } => write!(f, "hung {limit:?}, then closed"),
            Manner::Close => f.write_str("closed"),
            Manner::Reset => f.write_str("reset"),
        }
    }
}

/// The outcome of a request.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What is sent, without the stamp.
    pub reply: Reply,
    /// What every reply of the service carries; control calls have none.
    pub stamp: Option<Stamp>,
    /// How it is sent.
    pub delivery: Delivery,
    /// How it came about.
    pub trace: Trace,
}

impl Outcome {
    /// The same with the stamp in the reply.
    #[must_use]
    pub fn stamped(mut self) -> Self {
        if let Some(stamp) = self.stamp.take() {
            self.reply = self.reply.stamped(&stamp);
        }
        self
    }
}

/// How a reply came about, for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The exchange's number in the tenant's journal; 0 when it has none.
    pub seq: u64,
    /// The tenant's life that it belongs to, from 1: a reset begins another, with numbers of its own.
    pub epoch: u64,
    /// The tenant's time when it was decided, in milliseconds since the epoch; its waits count from there.
    pub at_millis: Option<i64>,
    /// When it was decided, in the machine's monotonic time; 0 when nobody measured.
    pub decided_ns: u64,
    /// The tenant's name; empty when there is none.
    pub tenant: Arc<str>,
    /// The operation, where the route leads to one.
    pub operation: Option<Operation>,
    /// The OAuth client, where a valid token or the credentials name one.
    pub client: Option<Arc<Caller>>,
    /// The faults that fired, as `scenario/rule`.
    pub faults: Vec<Arc<str>>,
    /// The ways in which the request broke the contract, or why it was refused.
    pub violations: Arc<[String]>,
}
