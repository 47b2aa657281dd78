//! The control API under `/_sim`: how a test or a person looks into the simulator and turns its knobs. Never
//! faulted, never rate limited, never part of what the tenant's clients did. Errors are
//! `{"error": "what was found, what was expected"}`.

use hyper::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderValue, ORIGIN};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::tenant::journal::{Entry, JournalReport};
use crate::version::{ApiVersion, DEFAULT_VERSION, version_names};
use crate::wire::{Delivery, Outcome, Reply, Request, Trace, query};
use crate::world::{ControlPolicy, Located, World, host_of};

/// The first step of every control path.
const PREFIX: &str = "_sim";

/// A control call's answer: a reply, or an error's status and text.
type Answer = Result<Reply, ControlError>;

/// Why a control call was not carried out, told to the person who made it.
#[derive(Debug)]
struct ControlError {
    status: StatusCode,
    message: String,
}

impl ControlError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

/// Whether a path below a tenant's base URL is the control API's.
pub fn is_control(path: &str) -> bool {
    path.split('/').find(|piece| !piece.is_empty()) == Some(PREFIX)
}

/// Answers a control call.
pub fn answer(world: &World, located: &Located<'_>, request: &Request, wall: Timestamp) -> Outcome {
    let reply = guard(world, request, located.path)
        .and_then(|()| dispatch(world, located, request, wall))
        .unwrap_or_else(|error| json_reply(error.status, &json!({ "error": error.message })));
    let reply = if reply.status == StatusCode::METHOD_NOT_ALLOWED { reply.with(ALLOW, "GET") } else { reply };
    let trace = Trace { tenant: located.tenant.name().to_owned(), ..Trace::default() };
    Outcome { reply, delivery: Delivery::default(), trace }
}

/// Refuses whom the control policy does not allow. Health is open wherever the control API exists, for
/// health checks that cannot carry a token.
fn guard(world: &World, request: &Request, path: &str) -> Result<(), ControlError> {
    match &world.control {
        ControlPolicy::Off => {
            Err(ControlError::new(StatusCode::NOT_FOUND, "the control API is off; start with `--control on`"))
        }
        ControlPolicy::Token(token) => {
            if name(path) == "health" || has_token(request, token) {
                return Ok(());
            }
            let message = "no valid control token; expected `Authorization: Bearer <token>` with the token \
                that was printed at start or given as `--control-token`";
            Err(ControlError::new(StatusCode::UNAUTHORIZED, message))
        }
        ControlPolicy::Local => {
            let foreign = |what: &str, found: &str| {
                let message = format!("{what} `{found}` is foreign; expected a loopback name or a tenant's");
                Err(ControlError::new(StatusCode::FORBIDDEN, message))
            };
            if let Some(authority) = request.authority()
                && !world.is_own_host(host_of(authority))
            {
                return foreign("Host", authority);
            }
            if let Some(origin) = request.headers.get(ORIGIN) {
                let origin = origin.to_str().unwrap_or("?");
                let host = origin.split_once("://").map_or("", |(_, authority)| host_of(authority));
                if !world.is_own_host(host) {
                    return foreign("Origin", origin);
                }
            }
            Ok(())
        }
    }
}

/// Compares every byte, so that the time taken says nothing of the token.
fn has_token(request: &Request, token: &str) -> bool {
    let given = request.headers.get(AUTHORIZATION).and_then(|_| request.bearer_token()).unwrap_or_default();
    let differing = given.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == token.len() && differing == 0
}

/// What follows `/_sim/`.
fn name(path: &str) -> String {
    path.split('/').filter(|piece| !piece.is_empty()).skip(1).collect::<Vec<_>>().join("/")
}

fn dispatch(world: &World, located: &Located<'_>, request: &Request, wall: Timestamp) -> Answer {
    let name = name(located.path);
    let answer = match name.as_str() {
        "health" => health(world, wall),
        "openapi.json" => openapi(world, located, request)?,
        "journal" => journal(located, request)?,
        "scenario" => {
            json_reply(StatusCode::OK, &json!({ "rules": located.tenant.lock().scenario.report() }))
        }
        "state" => json_reply(StatusCode::OK, &serde_json::to_value(state(located)).unwrap_or_default()),
        _ => {
            let message = format!(
                "`/{PREFIX}/{name}` does not exist; expected /{PREFIX}/health, /{PREFIX}/openapi.json, /{PREFIX}/scenario, /{PREFIX}/journal or /{PREFIX}/state"
            );
            return Err(ControlError::new(StatusCode::NOT_FOUND, message));
        }
    };
    if request.method != Method::GET && request.method != Method::HEAD {
        let message = format!("{} is not supported on `/{PREFIX}/{name}`; expected GET", request.method);
        return Err(ControlError::new(StatusCode::METHOD_NOT_ALLOWED, message));
    }
    Ok(answer)
}

fn health(world: &World, wall: Timestamp) -> Reply {
    let body = json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "tenants": world.tenant_count(),
        "uptimeSeconds": wall.since(world.started).as_secs(),
    });
    json_reply(StatusCode::OK, &body)
}

fn openapi(world: &World, located: &Located<'_>, request: &Request) -> Answer {
    let wanted = query::pairs(request.uri.query().unwrap_or_default())
        .find(|(name, _)| name == "version")
        .map_or_else(|| DEFAULT_VERSION.to_owned(), |(_, value)| value.into_owned());
    let version = ApiVersion::named(&wanted).ok_or_else(|| {
        let message = format!("version `{wanted}` does not exist; expected one of {}", version_names());
        ControlError::new(StatusCode::BAD_REQUEST, message)
    })?;
    let prerequisites = located.tenant.options().prerequisites;
    Ok(json_reply(StatusCode::OK, &world.contract.document(version, prerequisites, &located.base_url)))
}

/// The tenant's exchanges, oldest first; `after` a number, `limit` of them.
fn journal(located: &Located<'_>, request: &Request) -> Answer {
    let number = |name: &str, default: u64| {
        let given = query::pairs(request.uri.query().unwrap_or_default()).find(|(given, _)| given == name);
        given.map_or(Ok(default), |(_, value)| {
            value.parse().map_err(|_| {
                let message = format!("`{name}` is `{value}`; expected a whole number from 0");
                ControlError::new(StatusCode::BAD_REQUEST, message)
            })
        })
    };
    let (after, limit) = (number("after", 0)?, number("limit", u64::MAX)?);
    let state = located.tenant.lock();
    let entries = state.journal.entries().filter(|entry| entry.seq > after);
    let report = JournalReport {
        seed: located.tenant.options().seed,
        exchanges: entries.take(usize::try_from(limit).unwrap_or(usize::MAX)).map(Entry::to_json).collect(),
        dropped: state.journal.dropped(),
    };
    Ok(json_reply(StatusCode::OK, &serde_json::to_value(report).unwrap_or_default()))
}

fn state(located: &Located<'_>) -> crate::fixture::Fixture {
    located.tenant.lock().fixture()
}

fn json_reply(status: StatusCode, body: &Value) -> Reply {
    let mut reply = Reply::empty(status);
    reply.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
    reply.body = body.to_string().into();
    reply
}
