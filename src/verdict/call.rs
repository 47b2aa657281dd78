//! A call: an exchange as verdicts look at it. It keeps what they ask for and nothing else, so that a thousand runs
//! fit into memory: digests instead of bodies and tokens, and no secrets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use hyper::{Method, StatusCode};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::key::{self, hash};
use crate::clock::Timestamp;
use crate::journal::{Exchange, Fate, Told};
use crate::operation::Operation;
use crate::wire::changed::{ChangeKind, Changed};
use crate::wire::secrets::is_secret_in_request;
use crate::wire::{Manner, Request, query};

/// An exchange as verdicts look at it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing that was seen")]
pub(crate) struct Call {
    /// Its number in the journal.
    pub(crate) seq: u64,
    /// Its number among the run's calls, from 1: what people are told.
    pub(crate) number: usize,
    /// The operation; `None` where the route leads to none.
    pub(crate) operation: Option<Operation>,
    /// The API version's name.
    pub(crate) version: Option<&'static str>,
    /// The OAuth client's id, where it is known.
    pub(crate) client: Option<Arc<str>>,
    pub(crate) method: Method,
    /// The path below the base URL, with the query but for its secrets.
    pub(crate) target: String,
    /// Equal for calls that ask for the same, of a tenant that was not reset or given another state in between.
    pub(crate) key: u64,
    /// The token it came with.
    pub(crate) bearer: Bearer,
    /// Which of the parameters in its URL is a secret, as it was spelt.
    pub(crate) secret_in_url: Option<String>,
    /// The offset that it asked for, in a list.
    pub(crate) offset: Option<u64>,
    pub(crate) connection: u64,
    /// Whether an earlier request came over the same connection.
    pub(crate) is_on_reused_connection: bool,
    /// Whether it repeats the call before it at once and on a new connection, because a kept connection was closed
    /// without an answer: some HTTP libraries do that by themselves.
    pub(crate) is_replay: bool,
    /// Whether the client left it because an equal call, sent while this one was open, was answered first: of hedged reads
    /// the slower one.
    pub(crate) is_outrun: bool,
    /// When it had arrived.
    pub(crate) arrived: Moment,
    /// When its answer, or the last piece of it that was sent, was told.
    pub(crate) told: Option<Moment>,
    /// When the client was seen to leave.
    pub(crate) left: Option<Moment>,
    /// How far the tenant's clock was ahead of the wall's, in milliseconds.
    pub(crate) ahead_ms: i64,
    /// How it was told, as planned or as it came.
    pub(crate) end: End,
    /// Before the answer began, the service let it wait so long on purpose.
    pub(crate) hold: Option<Duration>,
    /// The status, where the client was told one.
    pub(crate) status: Option<u16>,
    /// The service's own status, where a fault replaced it or hid it.
    pub(crate) answered: Option<u16>,
    /// What the client was given.
    pub(crate) answer: Answer,
    /// Bytes of the body that were told, and that were promised.
    pub(crate) bytes: (usize, usize),
    /// What the answer's `Retry-After` said.
    pub(crate) retry_after: Option<RetryAfter>,
    /// The token that it was given, whole and readable: a digest.
    pub(crate) token_given: Option<u64>,
    /// Whether the service performed the operation.
    pub(crate) performed: bool,
    /// What it did.
    pub(crate) changes: Vec<Change>,
    /// The rules that fired, as `scenario/rule`.
    pub(crate) faults: Vec<Arc<str>>,
    /// Whether a list in the answer was empty.
    pub(crate) is_empty_list: bool,
}

/// The token of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// It had none.
    None,
    /// A digest of it.
    Token(u64),
    /// What stands there is no token: the text of nothing in some language, or nothing at all.
    Nothing(String),
}

/// How an answer was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    Trickled,
    Cut,
    Closed,
    Reset,
    /// Silence, for so long or without end.
    Hung(Option<Duration>),
    /// The client left first.
    ClientLeft,
    /// It was refused below the application.
    Refused,
    /// Its tenant was reset or deleted.
    Released,
}

/// What the client was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing, or nothing yet.
    Nothing,
    /// An answer that can be read.
    Readable,
    /// A part of the body that was promised.
    Partial,
    /// JSON that ends early, or something else that cannot be read.
    Garbled,
    /// A page for people instead of JSON.
    Html,
    /// No body where there should be one.
    Empty,
}

/// What `Retry-After` said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    /// Until when, and how long that was when the answer was decided.
    Date(Timestamp, Duration),
    Unreadable(String),
}

/// What was done to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    pub(crate) resource: &'static str,
    pub(crate) id: String,
    pub(crate) name: String,
    /// Equal for records that are equal but for id and times.
    pub(crate) likeness: u64,
}

/// An instant in the tenant's time and in the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    pub(crate) ns: u64,
}

impl Moment {
    /// How long it is until `later`: as the longer of the two clocks says.
    pub(crate) fn until(self, later: Self) -> Duration {
        later.at.since(self.at).max(Duration::from_nanos(later.ns.saturating_sub(self.ns)))
    }

    /// Whether it is not later than another.
    pub(crate) fn is_before(self, other: Self) -> bool {
        if self.ns == 0 && other.ns == 0 { self.at <= other.at } else { self.ns <= other.ns }
    }

    pub(super) fn plus(self, by: Duration) -> Self {
        Self {
            at: self.at.plus(by),
            ns: self.ns.saturating_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)),
        }
    }
}

impl Call {
    /// The calls of a journal.
    pub(super) fn all<'a>(exchanges: impl IntoIterator<Item = &'a Exchange>) -> Vec<Self> {
        let mut calls: Vec<Self> = Vec::new();
        for exchange in exchanges {
            let mut call = Self::of(exchange, calls.len() + 1);
            call.is_replay = calls.iter().rev().take(8).any(|earlier| call.replays(earlier));
            calls.push(call);
        }
        mark_outrun(&mut calls);
        calls
    }

    fn of(exchange: &Exchange, number: usize) -> Self {
        let request = &exchange.request.unpack();
        let path = exchange.request.path_in(request);
        let reply = &exchange.reply;
        let sent = exchange.told.or_else(|| told_without_socket(exchange));
        let told = sent.map(|told| Moment { at: told.at, ns: told.ns });
        let arrived = Moment { at: exchange.at, ns: exchange.arrived_ns };
        let left = exchange.left.map(|(at, ns)| Moment { at, ns });
        let is_head = request.method == Method::HEAD;
        let promised = if is_head { 0 } else { reply.body.len() };
        let bytes = (sent.map_or(0, |told| told.bytes), promised);
        let status = exchange.told_status();
        let faults: Vec<_> =
            exchange.rules.matched().filter(|look| look.fired).map(|look| Arc::clone(&look.rule)).collect();
        let answer = answer(exchange, sent.is_some(), bytes, !faults.is_empty() && !is_head);
        let is_token = exchange.operation == Some(Operation::Token);
        let token = || reply.value()["access_token"].as_str().map(|token| hash(&token.as_bytes()));
        let token_given =
            if is_token && status == Some(200) && answer == Answer::Readable { token() } else { None };
        let body = key::of_body(request);
        Self {
            seq: exchange.seq,
            number,
            operation: exchange.operation,
            version: exchange.version,
            client: exchange.client.as_ref().map(|client| Arc::from(&*client.id)),
            method: request.method.clone(),
            target: target(request, path),
            key: hash(&(exchange.epoch, key::of(request, exchange.operation, path, body))),
            bearer: bearer(request),
            secret_in_url: secret_in_url(request),
            offset: offset(request, exchange.operation),
            connection: request.connection,
            is_on_reused_connection: request.is_reused_connection,
            is_replay: false,
            is_outrun: false,
            arrived,
            told,
            left,
            ahead_ms: exchange.at.as_millis() - exchange.wall_time.as_millis(),
            end: end(exchange),
            hold: exchange.delivery.hold,
            status,
            answered: exchange.answered.map(|status| status.as_u16()),
            answer,
            bytes,
            retry_after: retry_after(exchange),
            token_given,
            performed: exchange.performed,
            changes: exchange.changes.iter().map(|change| Change::of(change, exchange.epoch)).collect(),
            faults,
            is_empty_list: &*reply.body == b"[]",
        }
    }

    /// When it was over for the client: told as far as it ever was, or left. `None` while it is open.
    pub(crate) fn ended(&self) -> Option<Moment> {
        match self.end {
            End::ClientLeft | End::Hung(None) => self.left,
            End::Closed | End::Reset => Some(self.arrived.plus(self.hold.unwrap_or_default())),
            End::Hung(Some(limit)) => {
                self.left.or_else(|| Some(self.arrived.plus(self.hold.unwrap_or_default()).plus(limit)))
            }
            End::Trickled if self.bytes.0 < self.bytes.1 => self.left,
            _ => self.told.or(self.left),
        }
    }

    /// Whether the client was given nothing it could take for a success.
    pub(crate) fn has_failed(&self) -> bool {
        self.answer != Answer::Readable || self.status.is_none_or(|status| status >= 400)
    }

    /// Whether it failed in a way that may pass, so that another attempt makes sense where it does no harm: the client
    /// was told that the service has trouble, nothing at all, or what nobody can read.
    pub(crate) fn may_pass(&self) -> bool {
        let is_unanswered = self.answer != Answer::Readable || self.status.is_none();
        is_unanswered
            || self.status.is_some_and(|status| {
                matches!(status, 408 | 425 | 429) || (status >= 500 && !matches!(status, 501 | 505))
            })
    }

    /// Whether the service refused what was asked, so that the same request will be refused again. A `Retry-After`
    /// says that it may not be; a 401 is about the token, but in a token call about the credentials.
    pub(crate) fn is_refusal(&self) -> bool {
        let status = self.status.unwrap_or_default();
        let refuses = matches!(status, 400 | 402..=407 | 410 | 411 | 413..=417 | 422 | 431 | 501)
            || (self.is_token() && status == 401);
        refuses && self.retry_after.is_none()
    }

    /// How long it asks the client to wait, where that can be read.
    pub(crate) fn asked_to_wait(&self) -> Option<Duration> {
        self.retry_after.as_ref().filter(|_| self.has_failed())?.asked()
    }

    /// Whether it asks only for something to be shown.
    pub(crate) fn is_read(&self) -> bool {
        self.operation.map_or(self.method == Method::GET || self.method == Method::HEAD, Operation::is_read)
    }

    /// Whether another call was sent while this one was open, or the other way round.
    pub(crate) fn is_open_beside(&self, other: &Self) -> bool {
        let is_open_at =
            |call: &Self, moment: Moment| call.ended().is_none_or(|ended| !ended.is_before(moment));
        is_open_at(self, other.arrived) && is_open_at(other, self.arrived)
    }

    /// Whether it is a token call.
    pub(crate) fn is_token(&self) -> bool {
        self.operation == Some(Operation::Token)
    }

    /// Whether the operation happened, and the client was told an error, nothing, or rubbish.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.performed && !self.is_read() && self.has_failed()
    }

    /// Whether a fault that was meant struck it.
    pub(crate) fn is_struck(&self) -> bool {
        !self.faults.is_empty()
    }

    /// `GET /v2024/…` without the query.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.method, self.target.split('?').next().unwrap_or_default())
    }

    /// Whether this repeats `earlier` as HTTP libraries do when a kept connection turns out to be closed.
    fn replays(&self, earlier: &Self) -> bool {
        const AT_ONCE: Duration = Duration::from_millis(50);
        let was_closed = matches!(earlier.end, End::Closed | End::Reset) && earlier.hold.is_none();
        was_closed
            && earlier.key == self.key
            && earlier.is_on_reused_connection
            && !earlier.is_replay
            && self.connection != earlier.connection
            && earlier.arrived.until(self.arrived) < AT_ONCE
    }
}

impl RetryAfter {
    /// What the header field said in an answer that was decided at `now`.
    pub(super) fn read(text: &str, now: Timestamp) -> Self {
        let text = text.trim();
        if let Ok(seconds) = text.parse() {
            return Self::Seconds(seconds);
        }
        match Timestamp::parse_http_date(text) {
            Some(until) => Self::Date(until, until.since(now)),
            None => Self::Unreadable(text.to_owned()),
        }
    }

    /// For how long the client was asked to stay away, where that can be read.
    pub(crate) fn asked(&self) -> Option<Duration> {
        match self {
            Self::Seconds(seconds) => Some(Duration::from_secs(*seconds)),
            Self::Date(_, left) => Some(*left),
            Self::Unreadable(_) => None,
        }
    }
}

impl Change {
    fn of(changed: &Changed, epoch: u64) -> Self {
        let mut record: Value = serde_json::from_slice(&changed.record).unwrap_or_default();
        let id = record["id"].as_str().unwrap_or_default().to_owned();
        let name = record["name"].as_str().unwrap_or_default().to_owned();
        if let Some(members) = record.as_object_mut() {
            for volatile in ["id", "created", "modified", "dateCreated", "lastUpdated"] {
                members.remove(volatile);
            }
        }
        let likeness = hash(&(epoch, changed.resource, record.to_string()));
        Self { kind: changed.kind, resource: changed.resource, id, name, likeness }
    }
}

/// Finds the reads that an equal call has outrun.
pub(super) fn mark_outrun(calls: &mut [Call]) {
    let mut answers: HashMap<(Option<Arc<str>>, u64), Vec<Moment>> = HashMap::new();
    for call in calls.iter().filter(|call| call.is_read() && !call.has_failed()) {
        let ended = call.ended().into_iter();
        answers.entry((call.client.clone(), call.key)).or_default().extend(ended);
    }
    for call in calls.iter_mut().filter(|call| call.is_read() && call.has_failed()) {
        let Some(left) = call.left else { continue };
        let equal = answers.get(&(call.client.clone(), call.key)).into_iter().flatten();
        call.is_outrun = equal.into_iter().any(|told| call.arrived.is_before(*told) && told.is_before(left));
    }
}

fn secret_in_url(request: &Request) -> Option<String> {
    let secrets = query::pairs(request.uri.query()?);
    let mut secrets = secrets.filter(|(name, value)| is_secret_in_request(name) && !value.is_empty());
    secrets.next().map(|(name, _)| name.into_owned())
}

/// The path with the query, but for secrets.
fn target(request: &Request, path: &str) -> String {
    match request.uri.query() {
        None => path.to_owned(),
        Some(_) if secret_in_url(request).is_some() => format!("{path}?…"),
        Some(query) => format!("{path}?{query}"),
    }
}

fn bearer(request: &Request) -> Bearer {
    let Some(field) = request.headers.get(AUTHORIZATION) else { return Bearer::None };
    let text = String::from_utf8_lossy(field.as_bytes());
    let (scheme, token) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Bearer::None;
    }
    let token = token.trim();
    let nothings = ["", "undefined", "null", "None", "nil", "<nil>", "[object Object]", "NaN", "false"];
    if nothings.contains(&token) {
        return Bearer::Nothing(token.to_owned());
    }
    Bearer::Token(hash(&token.as_bytes()))
}

fn offset(request: &Request, operation: Option<Operation>) -> Option<u64> {
    if !operation.is_some_and(Operation::is_paged) {
        return None;
    }
    let query = request.uri.query().unwrap_or_default();
    let offset =
        query::pairs(query).find(|(name, _)| name == "offset").and_then(|(_, value)| value.parse().ok());
    Some(offset.unwrap_or(0))
}

fn end(exchange: &Exchange) -> End {
    match &exchange.fate {
        Some(Fate::ClientLeft) => return End::ClientLeft,
        Some(Fate::Released) => return End::Released,
        Some(Fate::Refused(_)) => return End::Refused,
        None => {}
    }
    match exchange.delivery.manner {
        Manner::Whole => End::Whole,
        Manner::Trickle { .. } => End::Trickled,
        Manner::Cut { .. } => End::Cut,
        Manner::Close => End::Closed,
        Manner::Reset => End::Reset,
        Manner::Hang { limit } => End::Hung(limit),
    }
}

/// What was told of an answer that came over no socket: all that was planned, at once.
fn told_without_socket(exchange: &Exchange) -> Option<Told> {
    if exchange.arrived_ns != 0 || exchange.delivery.is_silent() {
        return None;
    }
    let whole = exchange.reply.body.len();
    let bytes = match exchange.delivery.manner {
        Manner::Cut { after_bytes } => whole.min(after_bytes),
        _ => whole,
    };
    Some(Told { at: exchange.at.plus(exchange.delivery.hold.unwrap_or_default()), ns: 0, bytes })
}

fn retry_after(exchange: &Exchange) -> Option<RetryAfter> {
    let text = exchange.reply.header(RETRY_AFTER).filter(|_| !exchange.delivery.is_silent())?;
    Some(RetryAfter::read(text, exchange.at))
}

/// What the client was given; only where a fault struck can a body be other than it should.
fn answer(
    exchange: &Exchange,
    is_told: bool,
    (told, promised): (usize, usize),
    may_be_broken: bool,
) -> Answer {
    let Some(status) = exchange.told_status().filter(|_| is_told) else { return Answer::Nothing };
    if told < promised {
        return Answer::Partial;
    }
    let reply = &exchange.reply;
    if !may_be_broken || !StatusCode::from_u16(status).is_ok_and(|status| status.is_success()) {
        return Answer::Readable;
    }
    let body = reply.body.trim_ascii();
    if body.is_empty() {
        let has_none =
            reply.status == StatusCode::NO_CONTENT || exchange.answered == Some(StatusCode::NO_CONTENT);
        return if has_none { Answer::Readable } else { Answer::Empty };
    }
    let is_text = exchange.operation == Some(Operation::GetPasswordDictionary);
    if is_text || serde_json::from_slice::<IgnoredAny>(body).is_ok() {
        return Answer::Readable;
    }
    let is_html =
        reply.header(CONTENT_TYPE).is_some_and(|kind| kind.contains("html")) || body.starts_with(b"<");
    if is_html { Answer::Html } else { Answer::Garbled }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_url_is_seen_and_hidden_however_it_is_spelt() {
        for name in ["client_secret", "clientSecret", "client%5Fsecret", "refresh_token", "code"] {
            let request = Request::new(Method::POST, &format!("/oauth/token?x=1&{name}=hush")).unwrap();
            assert!(secret_in_url(&request).is_some(), "{name}");
            assert_eq!(target(&request, "/oauth/token"), "/oauth/token?…", "{name}");
        }
        let request = Request::new(Method::GET, "/x?limit=2&client_secret=").unwrap();
        assert_eq!(
            (secret_in_url(&request), target(&request, "/x")),
            (None, "/x?limit=2&client_secret=".to_owned())
        );
    }
}
