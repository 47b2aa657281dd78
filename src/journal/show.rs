//! An exchange as the control API shows it, without secrets. What costs work (digests, why a rule did not match)
//! is done here, when the journal is read, and not per request.

use hyper::Method;
use hyper::header::USER_AGENT;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::exchange::JobRun;
use super::secrets::{headers, shown_body};
use super::{Exchange, Fate};
use crate::clock::Timestamp;
use crate::operation::Operation;
use crate::scenario::{Look, Why};
use crate::wire::changed::Changed;
use crate::wire::path::canonical;
use crate::wire::secrets::{Censor, Secrets, is_secret, is_secret_in_request};
use crate::wire::{Body, Request, query};

/// The exchange without the `known` secrets and what looks like one.
pub(crate) fn show(exchange: &Exchange, known: &Secrets) -> Value {
    let request = &exchange.request.unpack();
    let censor = &Censor::of(request, known);
    let path = exchange.request.path_in(request);
    let user_agent = request.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    let body = match &request.body {
        Body::Whole(body) => shown_body(body, request.media_type().as_deref(), censor, is_secret_in_request),
        Body::TooLarge { limit } => format!("longer than {limit} bytes").into(),
    };
    let reply = exchange.told_reply();
    let (told, left) = (exchange.told, exchange.left);
    // A HEAD is told how long the body is, and none of it.
    let promised = if request.method == Method::HEAD { 0 } else { exchange.reply.body.len() };
    json!({
        "seq": exchange.seq,
        "at": exchange.at,
        "wallTime": exchange.wall_time,
        "operation": exchange.operation.map(Operation::id),
        "version": exchange.version,
        "method": censor.text(request.method.as_str()),
        "path": censor.text(request.uri.path()),
        "query": censor.query(&request.uri),
        "client": exchange.client_id().map(|client| censor.text(client)),
        "userAgent": user_agent.map(|agent| censor.text(agent)),
        "connection": request.connection,
        "connectionReused": request.is_reused_connection,
        "key": key(request, path),
        "token": request.bearer_token().map(|token| digest(&[token.as_bytes()])),
        "request": { "headers": headers(request.headers.iter(), censor), "body": body },
        "status": exchange.told_status(),
        "reply": reply.map(|reply| json!({
            "headers": headers(reply.headers.iter().map(|(name, value)| (name, value)), censor),
            "body": shown_body(&reply.body, Some("application/json"), censor, is_secret),
        })),
        "answered": exchange.answered.map(|status| status.as_u16()),
        "performed": exchange.performed,
        "changes": exchange.changes.iter().map(show_change).collect::<Vec<_>>(),
        "jobs": exchange.jobs.iter().map(show_job).collect::<Vec<_>>(),
        "fate": Fate::show(exchange.fate.as_ref(), exchange.delivery),
        "bytesTold": told.map(|told| told.bytes),
        "bytesPromised": exchange.told_status().map(|_| promised),
        "toldAt": told.map(|told| told.at),
        "leftAt": left.map(|(at, _): (Timestamp, u64)| at),
        "arrivedNs": exchange.arrived_ns,
        "toldNs": told.map(|told| told.ns),
        "leftNs": left.map(|(_, ns)| ns),
        "rules": show_looks(exchange, censor),
        "violations": exchange.violations.iter().map(|text| censor.text(text)).collect::<Vec<_>>(),
    })
}

/// How the rules judged it. Why one did not match may quote the request.
fn show_looks(exchange: &Exchange, censor: &Censor<'_>) -> Vec<Look> {
    let mut looks = exchange.with_view(|view| exchange.rules.all(view));
    for look in &mut looks {
        if let Why::Said(words) = &mut look.why {
            *words = censor.text(words).into();
        }
    }
    looks
}

fn show_change(change: &Changed) -> Value {
    json!({ "kind": change.kind, "resource": change.resource, "id": change.id() })
}

fn show_job(job: &JobRun) -> Value {
    json!({
        "at": job.at,
        "source": job.source,
        "attempt": job.attempt,
        "rules": job.rules.matched().collect::<Vec<_>>(),
        "outcome": job.outcome,
        "changes": job.changes.iter().map(show_change).collect::<Vec<_>>(),
    })
}

/// Equal for requests that ask for the same: method, path however it is spelt, query in any order, and body.
fn key(request: &Request, path: &str) -> String {
    let mut query: Vec<_> = query::pairs(request.uri.query().unwrap_or_default()).collect();
    query.sort();
    let query = query.iter().flat_map(|(name, value)| [&**name, "\0", value, "\0"]).collect::<String>();
    let body = match &request.body {
        Body::Whole(body) => body,
        Body::TooLarge { .. } => &b""[..],
    };
    digest(&[request.method.as_str().as_bytes(), canonical(path).as_bytes(), query.as_bytes(), body])
}

/// Sixteen hexadecimal digits that tell values apart but do not reveal them.
fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    let first = hash.first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}
