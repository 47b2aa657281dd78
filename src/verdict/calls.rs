//! The calls of a journal, made of its exchanges: what each of them shows, and what only several show together.

use hashbrown::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use hyper::{Method, StatusCode};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::call::{Answer, Bearer, Call, Change, End, Moment, RetryAfter};
use super::key::{self, hash};
use crate::clock::Timestamp;
use crate::fixture::ChangeState;
use crate::journal::{Exchange, Fate, Told};
use crate::operation::Operation;
use crate::wire::changed::Changed;
use crate::wire::secrets::is_secret_in_request;
use crate::wire::{Manner, Request, query};

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
        let is_status = exchange.operation == Some(Operation::GetPasswordChangeStatus);
        let is_shown = is_status && status == Some(200) && answer == Answer::Readable;
        let change = if is_shown { change_state(&reply.value()) } else { None };
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
            manner: key::of_manner(request),
            bearer: bearer(request),
            secret_in_url: secret_in_url(request),
            offset: offset(request, exchange.operation),
            connection: request.connection,
            is_on_reused_connection: request.is_reused_connection,
            is_multiplexed: request.is_multiplexed,
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
            change,
            performed: exchange.performed,
            changes: exchange.changes.iter().map(|change| Change::of(change, exchange.epoch)).collect(),
            faults,
            is_empty_list: &*reply.body == b"[]",
        }
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

fn change_state(status: &Value) -> Option<ChangeState> {
    ChangeState::ALL.iter().copied().find(|state| status["state"] == state.word())
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
