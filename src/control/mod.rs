//! The control API under `/_sim`: how a test or a person inspects the simulator and changes its behaviour.
//! Never faulted, never rate limited, never part of what the tenant's clients did. Errors are
//! `{"error": "what was found, what was expected, where"}`.
//!
//! A new call is a line of the table in `calls.rs`, its function in `answer/`, its place in
//! `fixtures/openapi/control.yaml`, and the method of the tenant or the world that it calls; a body with a type of its
//! own has a line in `description.rs`. Who may call at all is
//! in `guard.rs`, how bodies and queries are read in `read.rs`, what a browser gets in `console.rs`.

mod alternatives;
mod answer;
mod calls;
mod console;
mod description;
mod guard;
mod read;

use std::borrow::Cow;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, StatusCode};
use serde::Serialize;
use serde_json::json;

use crate::clock::Timestamp;
use crate::document::nearest;
use crate::journal::{Filter, Form};
use crate::tenant::{ExchangeId, NoRoom, Tenant};
use crate::wire::{Delivery, Outcome, Reply, Request, Trace};
use crate::world::{Absent, Located, Prefix, World, WorldError, bad_name, base_url, is_tenant_name};

pub(crate) use calls::ControlCall;

/// The first step of every control path.
const PREFIX: &str = "_sim";

/// The result of a control call.
#[derive(Debug)]
pub(crate) enum Said {
    /// A reply.
    Reply(Reply),
    /// A long JSON text, in pieces.
    Pieces(Vec<Bytes>),
    /// The exchanges that the filter admits, as they come, for as long as the client listens.
    Follow(Followed),
    /// The exchanges that the filter admits, as they are now.
    List(Form, Filter),
    /// That a tenant was deleted; this was it.
    Ended(Arc<Tenant>),
}

/// What is followed of a journal.
#[derive(Clone, Debug)]
pub(crate) struct Followed {
    /// Which exchanges.
    pub(crate) filter: Filter,
    /// The last event that the client has had, where it comes back.
    pub(crate) last: Option<ExchangeId>,
}

/// What a call's function answers.
type Answer = Result<Said, ControlError>;

/// Why a control call failed, for the person who made it.
#[derive(Debug)]
pub(crate) struct ControlError {
    status: StatusCode,
    message: String,
    /// The allowed methods, where the method is wrong.
    allow: Vec<&'static str>,
}

impl ControlError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), allow: Vec::new() }
    }

    fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    fn reply(&self) -> Reply {
        let reply = json_reply(self.status, json!({ "error": self.message }).to_string());
        if self.allow.is_empty() { reply } else { reply.with(ALLOW, self.allow.join(", ")) }
    }

    /// The error as an answer to a request outside every tenant.
    pub(crate) fn outcome(&self) -> Outcome {
        outcome(self.reply())
    }
}

impl From<WorldError> for ControlError {
    fn from(error: WorldError) -> Self {
        let status = match error {
            WorldError::Bad(_) => StatusCode::BAD_REQUEST,
            WorldError::Unknown(_) => StatusCode::NOT_FOUND,
            WorldError::Taken(_) => StatusCode::CONFLICT,
            WorldError::Full(_) => StatusCode::SERVICE_UNAVAILABLE,
            WorldError::NoRoom(no_room) => return no_room.into(),
        };
        Self::new(status, error.to_string())
    }
}

impl From<NoRoom> for ControlError {
    fn from(no_room: NoRoom) -> Self {
        let status = match no_room {
            NoRoom::InTenant { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            NoRoom::InServer { .. } => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, no_room.to_string())
    }
}

/// Where a request to the control API leads.
#[derive(Debug)]
pub(crate) enum Door {
    /// To a call that the caller may make.
    Call(&'static ControlCall),
    /// To the console, for a browser.
    Console,
}

/// What a call's function is given.
struct ControlRequest<'a> {
    world: &'a World,
    located: &'a Located<'a>,
    request: &'a Request,
    wall: Timestamp,
    /// The name at the end of the path; empty when the call takes none.
    name: Cow<'a, str>,
}

/// Whether a path below a tenant's base URL is the control API's.
pub(crate) fn is_control(path: &str) -> bool {
    let rest = path.trim_start_matches('/').strip_prefix(PREFIX);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a request comes from a browser that looks at a base URL itself. The service has nothing there.
pub(crate) fn is_visit(request: &Request, path: &str) -> bool {
    path.bytes().all(|byte| byte == b'/') && console::is_wanted(request, path)
}

/// Where a request to the control API leads, found without reading its body.
/// Fails when the caller is not allowed, and for a call that does not exist.
pub(crate) fn door(world: &World, request: &Request, path: &str) -> Result<Door, ControlError> {
    let found = calls::find(&request.method, path);
    guard::admit(world, request, found.as_ref().is_ok_and(|call| call.is_open()))?;
    if console::is_wanted(request, path) { Ok(Door::Console) } else { found.map(Door::Call) }
}

/// Carries out a call for a tenant.
pub(crate) fn answer(
    call: &ControlCall,
    world: &World,
    located: &Located<'_>,
    request: &Request,
    wall: Timestamp,
) -> Said {
    let asked = ControlRequest { world, located, request, wall, name: call.name_in(located.path) };
    call.carry_out(&asked).unwrap_or_else(|error| Said::Reply(error.reply()))
}

/// What a browser gets that comes to a base URL or to the control API itself.
pub(crate) fn console(world: &World, request: &Request, prefix: Prefix, wall: Timestamp) -> Outcome {
    let absent = world.locate(request, prefix, Absent::Refused, wall).err();
    let absent = absent.map(|error| match error {
        WorldError::Unknown(name) => no_such_tenant(world, &name),
        other => other.to_string(),
    });
    outcome(console::page(world, &base_url(request, prefix), absent.as_deref()))
}

/// The answer to a call that names a tenant which does not exist.
pub(crate) fn no_tenant(world: &World, error: &WorldError) -> Outcome {
    of_world(world, error).outcome()
}

/// What a call is told of an error; of a tenant that does not exist, how it can be made.
fn of_world(world: &World, error: &WorldError) -> ControlError {
    match error {
        WorldError::Unknown(name) => ControlError::new(StatusCode::NOT_FOUND, no_such_tenant(world, name)),
        other => other.clone().into(),
    }
}

/// How a tenant that does not exist can be made, or which one was meant.
fn no_such_tenant(world: &World, name: &str) -> String {
    if !is_tenant_name(name) {
        return format!("no tenant can exist under that name: {}", bad_name(name));
    }
    let names = world.tenant_names();
    let meant = nearest(name, names.iter().map(String::as_str));
    let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
    let or_by_use = if world.makes_tenants() { ", and so does a request to its API" } else { "" };
    format!(
        "tenant `{name}` does not exist; expected one that `GET /{PREFIX}/tenants` lists; \
         `PUT /{PREFIX}/tenants/{name}` makes it{or_by_use}{meant}"
    )
}

/// A refusal before any call is reached.
pub(crate) fn refusal(status: StatusCode, message: &str) -> Outcome {
    ControlError::new(status, message).outcome()
}

fn outcome(reply: Reply) -> Outcome {
    Outcome { reply, stamp: None, delivery: Delivery::default(), trace: Trace::default() }
}

/// The steps of a control path behind `/_sim`.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|step| !step.is_empty()).skip(1)
}

/// `GET` for `HEAD`, which works wherever it does.
fn method_name(method: &Method) -> &str {
    if method == Method::HEAD { "GET" } else { method.as_str() }
}

fn ok(body: &impl Serialize) -> Answer {
    json_of(StatusCode::OK, body)
}

fn created(body: &impl Serialize) -> Answer {
    json_of(StatusCode::CREATED, body)
}

fn done() -> Answer {
    reply(Reply::empty(StatusCode::NO_CONTENT))
}

fn json_of(status: StatusCode, body: &impl Serialize) -> Answer {
    let text = serde_json::to_vec(body).expect("reports can be written as JSON");
    reply(json_reply(status, text))
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a call's function ends with")]
fn in_pieces(pieces: Vec<Bytes>) -> Answer {
    Ok(Said::Pieces(pieces))
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a call's function ends with")]
fn reply(reply: Reply) -> Answer {
    Ok(Said::Reply(reply))
}

/// A JSON document.
pub(crate) fn json_reply(status: StatusCode, text: impl Into<Bytes>) -> Reply {
    Reply::empty(status)
        .with(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .with_body(text)
}
