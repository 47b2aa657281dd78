//! The journal: a tenant's exchanges, oldest first, as its clients made them. Bounded by count and by bytes; it
//! shares the bytes of requests and replies with the exchange itself. Secrets are left out when it is shown.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use regex::Regex;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::http_date;
use crate::clock::Timestamp;
use crate::operation::Operation;
use crate::scenario::{ExchangeView, Look, Looks, Why};
use crate::wire::form::Form;
use crate::wire::packed::{Packed, Packer};
use crate::wire::{Body, Delivery, Reply, Request, TrackingId, query};

/// Exchanges that are kept when nothing else is said.
pub const DEFAULT_LIMIT: usize = 10_000;
/// Bytes that are kept when nothing else is said.
pub const DEFAULT_BYTES: usize = 64 << 20;
/// What the allocator adds to an exchange's pieces, roughly.
const ALLOCATIONS: usize = 128;
/// What a header field of a reply costs beside its value.
const FIELD: usize = size_of::<(HeaderName, HeaderValue)>();

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
    pub client: Option<Arc<str>>,
    /// The request.
    pub request: Packed,
    /// What the service calls it.
    pub tracking_id: TrackingId,
    /// What was to be said, without the header fields that every reply is stamped with.
    pub reply: Reply,
    /// How it was to be said.
    pub delivery: Delivery,
    /// What came of that, where it was not that: `the client left`.
    pub fate: Option<String>,
    /// What the scenario's rules made of it.
    pub rules: Looks,
    /// How the request broke the contract, or why it was refused.
    pub violations: Arc<[String]>,
}

/// Exchanges, oldest first.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: VecDeque<Entry>,
    limit: usize,
    max_bytes: usize,
    bytes: usize,
    dropped: u64,
    packer: Packer,
}

impl Journal {
    /// A journal of so many exchanges and bytes at most.
    pub fn new(limit: usize, max_bytes: usize) -> Self {
        Self { entries: VecDeque::new(), limit, max_bytes, bytes: 0, dropped: 0, packer: Packer::default() }
    }

    /// Packs a request for an entry; `path` is the part of its path below the tenant's base URL.
    pub fn pack(&mut self, request: &Request, path: &str) -> Packed {
        self.packer.pack(request, path)
    }

    /// Appends an exchange, and drops the oldest ones beyond the bounds; the last one stays, however long it is.
    pub fn append(&mut self, entry: Entry) {
        self.bytes += size(&entry);
        self.entries.push_back(entry);
        while self.entries.len() > self.limit || (self.bytes > self.max_bytes && self.entries.len() > 1) {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= size(&oldest);
            self.dropped += 1;
        }
    }

    /// The exchanges, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The exchanges with a later number, oldest first.
    pub fn entries_after(&self, seq: u64) -> impl Iterator<Item = &Entry> {
        let first = self.entries.partition_point(|entry| entry.seq <= seq);
        self.entries.range(first..)
    }

    /// The number of the newest exchange; 0 when there is none.
    pub fn newest(&self) -> u64 {
        self.entries.back().map_or(0, |entry| entry.seq)
    }

    /// How many exchanges left at the old end.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Notes what came of a delivery, where it was not what was planned.
    pub fn note_fate(&mut self, seq: u64, fate: String) {
        if let Some(entry) = self.late(seq) {
            entry.fate = Some(fate);
        }
    }

    /// Notes that the client was told something else than was planned, at once.
    pub fn note_refusal(&mut self, seq: u64, reply: Reply, fate: String) {
        if let Some(entry) = self.late(seq) {
            let before = size(entry);
            (entry.reply, entry.delivery, entry.fate) = (reply, Delivery::default(), Some(fate));
            let after = size(entry);
            self.bytes = self.bytes - before + after;
        }
    }

    /// An exchange that is still being delivered. The journal is in the order of numbers, and it is a late one.
    fn late(&mut self, seq: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().rev().find(|entry| entry.seq == seq)
    }

    /// Forgets the exchanges that a filter admits, up to its limit; numbers go on.
    pub fn forget(&mut self, filter: &Filter) {
        let (mut left, mut bytes) = (filter.limit, 0);
        self.entries.retain(|entry| {
            let goes = left > 0 && filter.admits(entry);
            left -= usize::from(goes);
            bytes += if goes { 0 } else { size(entry) };
            !goes
        });
        self.bytes = bytes;
    }
}

fn size(entry: &Entry) -> usize {
    let words = |look: &Look| if let Why::Said(words) = &look.why { words.len() } else { 0 };
    let rules: usize = entry.rules.matched().map(|look| size_of::<Look>() + words(look)).sum();
    let violations: usize = entry.violations.iter().map(|text| size_of::<String>() + text.len()).sum();
    let headers: usize = entry.reply.headers.iter().map(|(_, value)| FIELD + value.len()).sum();
    size_of::<Entry>()
        + ALLOCATIONS
        + entry.request.size()
        + headers
        + entry.reply.body.len()
        + rules
        + violations
}

/// What stands in the place of a secret.
const REDACTED: &str = "…";
/// Header fields whose values are nobody's business.
const SECRET_FIELDS: [&str; 5] = ["proxy-authorization", "cookie", "set-cookie", "x-api-key", "password"];
/// Members of bodies whose values are nobody's business, in lower case.
const SECRET_MEMBERS: [&str; 7] = [
    "client_secret",
    "refresh_token",
    "access_token",
    "client_assertion",
    "assertion",
    "encryptedpassword",
    "password",
];

/// Secrets in any text, wherever a client put them: tokens by their shape, and whatever follows a secret's
/// name.
static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
    let token = r"eyJ[\w-]+\.[\w-]+\.[\w-]*";
    let named = r#"(?i:client_secret|refresh_token|access_token|password|assertion)["']?\s*[=:>]\s*["']?[^&"'<\s,}]+"#;
    Regex::new(&format!("{token}|{named}")).expect("it is a regular expression")
});

/// A text without the secrets in it: `known` ones, and what looks like one.
fn scrubbed(text: &str, known: &[String]) -> String {
    let keep_name = |found: &regex::Captures<'_>| {
        let found = &found[0];
        let end = found.find(['=', ':', '>']).map_or(0, |mark| mark + 1);
        format!("{}{REDACTED}", &found[..end])
    };
    let text = SECRETS.replace_all(text, keep_name);
    known.iter().filter(|secret| !secret.is_empty()).fold(text.into_owned(), |text, secret| {
        if text.contains(secret.as_str()) { text.replace(secret.as_str(), REDACTED) } else { text }
    })
}

/// Which exchanges are asked for; all by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Of this operation.
    pub operation: Option<Operation>,
    /// With this status.
    pub status: Option<u16>,
    /// By this OAuth client.
    pub client: Option<String>,
    /// On which this rule fired, as `rule` or `scenario/rule`.
    pub rule: Option<String>,
    /// After this number.
    pub after: u64,
    /// So many at most.
    pub limit: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Self { operation: None, status: None, client: None, rule: None, after: 0, limit: usize::MAX }
    }
}

impl Filter {
    /// Whether an exchange is one that is asked for.
    pub fn admits(&self, entry: &Entry) -> bool {
        let is_rule = |look: &Look, wanted: &str| {
            look.fired
                && (*look.rule == *wanted
                    || look.rule.split_once('/').is_some_and(|(_, rule)| rule == wanted))
        };
        entry.seq > self.after
            && self.operation.is_none_or(|operation| entry.operation == Some(operation))
            && self.status.is_none_or(|status| entry.told_status() == Some(status))
            && self.client.as_ref().is_none_or(|client| entry.client.as_deref() == Some(client.as_str()))
            && self.rule.as_ref().is_none_or(|rule| entry.rules.matched().any(|look| is_rule(look, rule)))
    }
}

impl Entry {
    /// The reply, where the client was told one.
    fn told(&self) -> Option<Reply> {
        let stamped = || self.reply.stamped(self.tracking_id, &http_date(self.at));
        (!self.delivery.is_silent()).then(stamped)
    }

    /// The status, where the client was told one.
    pub fn told_status(&self) -> Option<u16> {
        (!self.delivery.is_silent()).then(|| self.reply.status.as_u16())
    }

    /// The exchange as a scenario's `when` sees it.
    pub fn with_exchange<R>(&self, ask: impl FnOnce(&ExchangeView<'_>) -> R) -> R {
        let request = &self.request.unpack();
        let form = (self.operation == Some(Operation::Token))
            .then(|| Form::gather(request).to_json().to_string().into_bytes());
        let body = match (&form, &request.body) {
            (Some(form), _) => form.as_slice(),
            (None, Body::Whole(body)) => body,
            (None, Body::TooLarge { .. }) => b"",
        };
        let mut exchange =
            ExchangeView::new(request.method.as_str(), self.request.path_in(request), &request.headers, body);
        exchange.operation = self.operation;
        exchange.version = self.version;
        exchange.query = request.uri.query().unwrap_or_default();
        exchange.client = self.client.as_deref();
        ask(&exchange)
    }

    /// The exchange as the control API shows it, without the `known` secrets and what looks like one.
    pub fn to_json(&self, known: &[String]) -> Value {
        let request = &self.request.unpack();
        let user_agent = request.headers.get(hyper::header::USER_AGENT).and_then(|value| value.to_str().ok());
        let body = match &request.body {
            Body::Whole(body) => shown(body, request.media_type().as_deref(), known),
            Body::TooLarge { limit } => format!("longer than {limit} bytes").into(),
        };
        let told = self.told();
        json!({
            "seq": self.seq,
            "at": self.at,
            "wallTime": self.wall_time,
            "operation": self.operation.map(Operation::id),
            "version": self.version,
            "method": request.method.as_str(),
            "path": scrubbed(request.uri.path(), known),
            "query": query::redacted_query(&request.uri).map(|query| scrubbed(&query, known)),
            "client": self.client.as_deref().map(|client| scrubbed(client, known)),
            "userAgent": user_agent.map(|agent| scrubbed(agent, known)),
            "connection": request.connection,
            "request": { "headers": request_headers(&request.headers, known), "body": body },
            "status": self.told_status(),
            "reply": told.map(|reply| json!({
                "headers": headers(reply.headers.iter().map(|(name, value)| (name, value)), known),
                "body": shown(&reply.body, Some("application/json"), known),
            })),
            "delivery": self.fate.clone().unwrap_or_else(|| self.delivery.to_string()),
            "rules": self.with_exchange(|exchange| self.rules.all(exchange)),
            "violations": self.violations.iter().map(|text| scrubbed(text, known)).collect::<Vec<_>>(),
        })
    }
}

/// A body as JSON where it is some, else as text, without secrets.
fn shown(body: &[u8], media_type: Option<&str>, known: &[String]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if let Ok(mut value) = serde_json::from_slice(body) {
        redact(&mut value, known);
        return value;
    }
    match media_type {
        Some("multipart/form-data") => REDACTED.into(),
        _ => scrubbed(&String::from_utf8_lossy(body), known).into(),
    }
}

fn redact(value: &mut Value, known: &[String]) {
    match value {
        Value::Object(members) => {
            // A patch names the member in one place and has its value in another.
            let patches_a_secret = members
                .get("path")
                .and_then(Value::as_str)
                .and_then(|path| path.rsplit('/').next())
                .is_some_and(|name| SECRET_MEMBERS.contains(&name.to_ascii_lowercase().as_str()));
            if patches_a_secret && let Some(value) = members.get_mut("value") {
                *value = REDACTED.into();
            }
            for (name, member) in members {
                if SECRET_MEMBERS.contains(&name.to_ascii_lowercase().as_str()) {
                    *member = REDACTED.into();
                } else {
                    redact(member, known);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, known)),
        Value::String(text) => *text = scrubbed(text, known),
        _ => {}
    }
}

fn request_headers(map: &HeaderMap, known: &[String]) -> Value {
    let mut shown = headers(map.iter(), known);
    for name in SECRET_FIELDS.into_iter().filter(|name| map.contains_key(*name)) {
        shown[name] = REDACTED.into();
    }
    if let Some(value) = map.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        let shown_scheme = value.split_once(' ').map_or(String::new(), |(scheme, _)| format!("{scheme} "));
        shown["authorization"] = format!("{shown_scheme}{REDACTED}").into();
    }
    shown
}

/// Header fields as an object; several of one name are joined, as HTTP allows.
fn headers<'a>(fields: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>, known: &[String]) -> Value {
    let mut shown = Map::new();
    for (name, value) in fields {
        let value = scrubbed(&String::from_utf8_lossy(value.as_bytes()), known);
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
    /// The number of the last exchange that was looked at; who asks again goes on after it.
    #[serde(skip)]
    pub last: u64,
}

/// Exchanges as an HTTP archive, which browsers' developer tools and others read.
pub(super) fn har(entries: &[Entry], known: &[String]) -> Value {
    let entries: Vec<_> = entries.iter().map(|entry| har_entry(entry, known)).collect();
    let creator = json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") });
    json!({ "log": { "version": "1.2", "creator": creator, "entries": entries } })
}

fn har_entry(entry: &Entry, known: &[String]) -> Value {
    let shown = entry.to_json(known);
    let fields = |headers: &Value| -> Vec<Value> {
        let pair = |(name, value): (&String, &Value)| json!({ "name": name, "value": value });
        headers.as_object().into_iter().flatten().map(pair).collect()
    };
    let text = |body: &Value| match body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let asked = entry.request.unpack();
    let host = asked.authority().unwrap_or("localhost");
    let url = format!("{}://{host}{}", asked.scheme(), query::redacted(&asked.uri));
    let query: Vec<_> = query::pairs(shown["query"].as_str().unwrap_or_default())
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let (request, reply) = (&shown["request"], &shown["reply"]);
    let (sent, received) = (text(&request["body"]), text(&reply["body"]));
    let content_type = |headers: &Value| headers["content-type"].as_str().unwrap_or_default().to_owned();
    let status = entry.told_status().unwrap_or(0);
    json!({
        "startedDateTime": entry.at,
        "time": 0,
        "request": {
            "method": shown["method"],
            "url": url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": fields(&request["headers"]),
            "queryString": query,
            "postData": { "mimeType": content_type(&request["headers"]), "text": sent },
            "headersSize": -1,
            "bodySize": sent.len(),
        },
        "response": {
            "status": status,
            "statusText": entry.told().and_then(|reply| reply.status.canonical_reason()).unwrap_or_default(),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": fields(&reply["headers"]),
            "content": { "size": received.len(), "mimeType": content_type(&reply["headers"]), "text": received },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": received.len(),
        },
        "cache": {},
        "timings": { "send": 0, "wait": 0, "receive": 0 },
        "comment": format!("seq {}, {}", entry.seq, shown["delivery"].as_str().unwrap_or_default()),
    })
}
