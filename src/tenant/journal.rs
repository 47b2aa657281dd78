//! The journal: a tenant's exchanges, oldest first, as its clients made them. Bounded by count and by bytes; it
//! shares the bytes of requests and replies with the exchange itself. Secrets are left out when it is shown.

use std::collections::VecDeque;
use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::operation::Operation;
use crate::scenario::Look;
use crate::wire::{Body, Delivery, Reply, Request, query};

/// Exchanges that are kept when nothing else is said.
pub const DEFAULT_LIMIT: usize = 10_000;
/// Bytes that are kept at most.
const BYTES: usize = 64 << 20;
/// What an exchange costs beside its texts, roughly.
const OVERHEAD: usize = 1_024;

/// An exchange.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: u64,
    /// The tenant's time.
    pub at: Timestamp,
    /// The wall clock's time.
    pub wall_time: Timestamp,
    /// The operation, where the route led to one.
    pub operation: Option<Operation>,
    /// The API version's name.
    pub version: Option<&'static str>,
    /// The OAuth client's id.
    pub client: Option<String>,
    /// The request.
    pub request: Arc<Request>,
    /// What was to be said.
    pub reply: Reply,
    /// How it was to be said.
    pub delivery: Delivery,
    /// What the scenario's rules made of it.
    pub rules: Vec<Look>,
    /// How the request broke the contract, or why it was refused.
    pub violations: Vec<String>,
}

/// Exchanges, oldest first.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: VecDeque<Entry>,
    limit: usize,
    bytes: usize,
    dropped: u64,
}

impl Journal {
    /// A journal of so many exchanges at most.
    pub fn new(limit: usize) -> Self {
        Self { entries: VecDeque::new(), limit, bytes: 0, dropped: 0 }
    }

    /// Appends an exchange, and drops the oldest ones beyond the bounds.
    pub fn append(&mut self, entry: Entry) {
        self.bytes += size(&entry);
        self.entries.push_back(entry);
        while self.entries.len() > self.limit || self.bytes > BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= size(&oldest);
            self.dropped += 1;
        }
    }

    /// The exchanges, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// How many exchanges left at the old end.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets all exchanges; their numbers go on.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }
}

fn size(entry: &Entry) -> usize {
    let request = match &entry.request.body {
        Body::Whole(body) => body.len(),
        Body::TooLarge { .. } => 0,
    };
    OVERHEAD + request + entry.reply.body.len()
}

/// Members of bodies whose values are nobody's business.
const SECRET_MEMBERS: [&str; 5] =
    ["client_secret", "refresh_token", "access_token", "encryptedPassword", "password"];
/// What stands in their place.
const REDACTED: &str = "…";

impl Entry {
    /// The exchange as the control API shows it.
    pub fn to_json(&self) -> Value {
        let request = &self.request;
        let user_agent = request.headers.get(hyper::header::USER_AGENT).and_then(|value| value.to_str().ok());
        let body = match &request.body {
            Body::Whole(body) => shown(body, request.media_type().as_deref()),
            Body::TooLarge { limit } => format!("longer than {limit} bytes").into(),
        };
        let told = (!self.delivery.is_silent()).then_some(&self.reply);
        json!({
            "seq": self.seq,
            "at": self.at,
            "wallTime": self.wall_time,
            "operation": self.operation.map(Operation::id),
            "version": self.version,
            "method": request.method.as_str(),
            "path": request.uri.path(),
            "query": query::redacted_query(&request.uri),
            "client": self.client,
            "userAgent": user_agent,
            "connection": request.connection,
            "request": { "headers": request_headers(&request.headers), "body": body },
            "status": told.map(|reply| reply.status.as_u16()),
            "reply": told.map(|reply| json!({
                "headers": headers(reply.headers.iter().map(|(name, value)| (name, value))),
                "body": shown(&reply.body, Some("application/json")),
            })),
            "delivery": self.delivery.to_string(),
            "rules": self.rules,
            "violations": self.violations,
        })
    }
}

/// A body as JSON where it is some, else as text, without secrets.
fn shown(body: &[u8], media_type: Option<&str>) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if let Ok(mut value) = serde_json::from_slice(body) {
        redact(&mut value);
        return value;
    }
    match (media_type, String::from_utf8_lossy(body)) {
        (Some("application/x-www-form-urlencoded"), text) => query::redacted_pairs(&text).into(),
        (Some("multipart/form-data"), _) => REDACTED.into(),
        (_, text) => text.into(),
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if SECRET_MEMBERS.contains(&name.as_str()) {
                    *member = REDACTED.into();
                } else {
                    redact(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

fn request_headers(map: &HeaderMap) -> Value {
    let mut shown = headers(map.iter());
    if let Some(value) = map.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        let scheme = value.split(' ').next().unwrap_or_default();
        shown["authorization"] = format!("{scheme} {REDACTED}").into();
    }
    shown
}

/// Header fields as an object; several of one name are joined, as HTTP allows.
fn headers<'a>(fields: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>) -> Value {
    let mut shown = Map::new();
    for (name, value) in fields {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match shown.get_mut(name.as_str()) {
            Some(Value::String(first)) => {
                first.push_str(", ");
                first.push_str(&value);
            }
            _ => {
                shown.insert(name.as_str().to_owned(), value.into());
            }
        }
    }
    Value::Object(shown)
}

/// The journal as the control API shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalReport {
    /// The tenant's seed, which repeats it.
    pub seed: u64,
    /// The exchanges.
    pub exchanges: Vec<Value>,
    /// How many left at the old end.
    pub dropped: u64,
}
