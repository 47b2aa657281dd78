//! The control API under `/_sim`: how a test or a person looks into the simulator and turns its knobs. Never
//! faulted, never rate limited, never part of what the tenant's clients did. Errors are
//! `{"error": "what was found, what was expected, where"}`.
//!
//! A new call is a line in [`CALLS`], an arm in [`carry_out`], its place in `fixtures/openapi/control.yaml`,
//! and the method of the tenant or the world that it turns. Who may call at all is in `guard.rs`, how bodies
//! and queries are read in `read.rs`.

mod guard;
mod read;

use std::sync::Arc;

use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::{Span, Timestamp};
use crate::document::{Outline, Place, record, unknown};
use crate::fixture::Fixture;
use crate::journal::Filter;
use crate::journal::verify::Expectation;
use crate::scenario::{CompiledRule, LoadError, Ruleset, Rulesets, library};
use crate::tenant::operator::ClockChange;
use crate::version::{ApiVersion, DEFAULT_VERSION, version_names};
use crate::wire::{BaseUrl, Delivery, Outcome, Reply, Request, Trace};
use crate::world::{Located, TenantRequest, World, WorldError, below_tenant};
use guard::guard;
use read::{document, filter, parameter};

/// The first step of every control path.
const PREFIX: &str = "_sim";
/// The document of the control API itself.
const DOCUMENT: &str = include_str!("../../fixtures/openapi/control.yaml");

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

    fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

/// What a control call comes to.
#[derive(Debug)]
pub enum Control {
    /// An answer.
    Answer(Box<Outcome>),
    /// The exchanges that the filter admits, as they come, for as long as the client listens.
    Follow(Filter),
}

/// Every call, by method and path; a path ending in `/` takes a name behind it.
const CALLS: [(&str, &str); 27] = [
    ("GET", ""),
    ("GET", "health"),
    ("GET", "metrics"),
    ("GET", "openapi.json"),
    ("GET", "control.openapi.json"),
    ("GET", "tenants"),
    ("POST", "tenants"),
    ("DELETE", "tenants/"),
    ("GET", "scenario"),
    ("PUT", "scenario"),
    ("DELETE", "scenario"),
    ("POST", "scenario/rules"),
    ("DELETE", "scenario/rules/"),
    ("GET", "journal"),
    ("DELETE", "journal"),
    ("GET", "journal/stream"),
    ("GET", "journal.har"),
    ("POST", "verify"),
    ("GET", "clock"),
    ("PUT", "clock"),
    ("POST", "clock/advance"),
    ("GET", "agenda"),
    ("GET", "state"),
    ("PUT", "state"),
    ("POST", "reset"),
    ("GET", "scenarios"),
    ("GET", "fixtures"),
];

/// Whether a path below a tenant's base URL is the control API's.
pub fn is_control(path: &str) -> bool {
    path.split('/').find(|piece| !piece.is_empty()) == Some(PREFIX)
}

/// Whether a request whose body is not read yet is a control call of somebody who may make it, so that a longer
/// body is worth reading.
pub fn may_call(world: &World, request: &Request) -> bool {
    is_call(request.uri.path()) && guard(world, request, "").is_ok()
}

/// Whether a path, a tenant's part in front included, is the control API's.
fn is_call(path: &str) -> bool {
    is_control(below_tenant(path))
}

/// Whether a path is that of a control call that may take long. A health check must not wait for those that do.
pub fn may_take_long(path: &str) -> bool {
    is_call(path) && path_of(below_tenant(path)) != "health"
}

/// The refusal of a control call by somebody who may not make it.
pub fn turned_away(world: &World, request: &Request) -> Option<Outcome> {
    let path = below_tenant(request.uri.path());
    if !is_control(path) {
        return None;
    }
    let error = guard(world, request, &path_of(path)).err()?;
    Some(refusal(error.status, &error.message))
}

/// Answers a control call of somebody who was not [turned away](turned_away).
pub fn answer(world: &World, located: &Located<'_>, request: &Request, wall: Timestamp) -> Control {
    let path = path_of(located.path);
    let reply = find(&request.method, &path).and_then(|(call, name)| {
        if call == ("GET", "journal/stream") {
            return filter(request).map(Err);
        }
        carry_out(call, name, &Asked { world, located, request, wall }).map(Ok)
    });
    let reply = match reply {
        Ok(Err(filter)) => return Control::Follow(filter),
        Ok(Ok(reply)) => reply,
        Err(error) => {
            let reply = json_reply(error.status, &json!({ "error": error.message }));
            let is_wrong_method = error.status == StatusCode::METHOD_NOT_ALLOWED;
            if is_wrong_method { reply.with(ALLOW, methods(&path).join(", ")) } else { reply }
        }
    };
    let trace = Trace { tenant: Arc::clone(located.tenant.name()), ..Trace::default() };
    Control::Answer(Box::new(Outcome { reply, delivery: Delivery::default(), trace }))
}

/// The answer for a tenant that does not exist and is not made.
pub fn no_tenant(error: &WorldError) -> Outcome {
    let (status, message) = match error {
        WorldError::Full(_) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        _ => (
            StatusCode::NOT_FOUND,
            "there is no such tenant; expected one that exists, or a name of 1 to 63 of a-z, 0-9 and -"
                .to_owned(),
        ),
    };
    refusal(status, &message)
}

/// A refusal that is no call's own.
pub fn refusal(status: StatusCode, message: &str) -> Outcome {
    let reply = json_reply(status, &json!({ "error": message }));
    Outcome { reply, delivery: Delivery::default(), trace: Trace::default() }
}

/// What follows `/_sim/`.
fn path_of(path: &str) -> String {
    path.split('/').filter(|piece| !piece.is_empty()).skip(1).collect::<Vec<_>>().join("/")
}

/// The call that a method and path name, and the name at the path's end.
fn find<'a>(method: &Method, path: &'a str) -> Result<((&'static str, &'static str), &'a str), ControlError> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    if let Some((call, name)) = fitting(path).find(|((allowed, _), _)| *allowed == method) {
        return Ok((call, name));
    }
    let allowed = methods(path);
    Err(if allowed.is_empty() {
        let message = format!("`/{PREFIX}/{path}` does not exist; `GET /{PREFIX}` lists what does");
        ControlError::new(StatusCode::NOT_FOUND, message)
    } else {
        let message =
            format!("{method} is not supported on `/{PREFIX}/{path}`; expected {}", allowed.join(" or "));
        ControlError::new(StatusCode::METHOD_NOT_ALLOWED, message)
    })
}

fn fitting(path: &str) -> impl Iterator<Item = ((&'static str, &'static str), &str)> {
    CALLS.into_iter().filter_map(move |call| {
        if call.1.ends_with('/') {
            let name = path.strip_prefix(call.1)?;
            (!name.is_empty() && !name.contains('/')).then_some((call, name))
        } else {
            (path == call.1).then_some((call, ""))
        }
    })
}

fn methods(path: &str) -> Vec<&'static str> {
    fitting(path).map(|((method, _), _)| method).collect()
}

/// What a call is told.
struct Asked<'a> {
    world: &'a World,
    located: &'a Located<'a>,
    request: &'a Request,
    wall: Timestamp,
}

fn carry_out(call: (&str, &str), name: &str, asked: &Asked<'_>) -> Answer {
    let Asked { world, located, request, wall } = *asked;
    let tenant = &located.tenant;
    match call {
        ("GET", "") => {
            let calls = CALLS.map(|(method, path)| format!("{method} {}/{PREFIX}/{path}", located.base_url));
            Ok(ok(&json!({ "calls": calls })))
        }
        ("GET", "health") => Ok(ok(&world.health(wall))),
        ("GET", "metrics") => Ok(Reply::empty(StatusCode::OK)
            .with_content_type(HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"))
            .with_body(world.metrics_text())),
        ("GET", "openapi.json") => openapi(asked),
        ("GET", "control.openapi.json") => Ok(control_openapi(located.base_url)),
        ("GET", "scenarios") => Ok(ok(
            &json!({ "scenarios": library::BUILT_IN.iter().map(|(name, _)| name).collect::<Vec<_>>() }),
        )),
        ("GET", "fixtures") => {
            Ok(ok(&json!({ "fixtures": crate::fixture::BUILT_IN.map(|built_in| built_in.name) })))
        }
        ("GET", "tenants") => Ok(ok(&json!({ "tenants": world.tenant_names() }))),
        ("POST", "tenants") => {
            let asked_for: TenantRequest = document(request)?.or_empty()?;
            let made = world
                .create_tenant(&asked_for, &root_of(located, request), wall)
                .map_err(|error| world_error(&error))?;
            Ok(json_of(StatusCode::CREATED, &made))
        }
        ("DELETE", "tenants/") => {
            world.delete_tenant(name).map_err(|error| world_error(&error))?;
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        ("GET", "scenario") => Ok(ok(&json!({ "rules": tenant.scenario() }))),
        ("PUT", "scenario") => {
            tenant.set_scenarios(&scenarios(request, tenant.options().max_rules)?, wall);
            Ok(ok(&json!({ "rules": tenant.scenario() })))
        }
        ("DELETE", "scenario") => {
            tenant.set_scenarios(&Rulesets::default(), wall);
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        ("POST", "scenario/rules") => {
            let rule = CompiledRule::read(&document(request)?.as_document())
                .map_err(|error| ControlError::bad(error.to_string()))?;
            let report = tenant.add_rule(rule, wall).map_err(|error| rule_error(&error))?;
            Ok(json_of(StatusCode::CREATED, &report))
        }
        ("DELETE", "scenario/rules/") => {
            let name = crate::wire::query::decode_segment(name);
            if tenant.remove_rule(&name) {
                return Ok(Reply::empty(StatusCode::NO_CONTENT));
            }
            let message =
                format!("rule `{name}` does not run; expected one that `GET /{PREFIX}/scenario` lists");
            Err(ControlError::new(StatusCode::NOT_FOUND, message))
        }
        ("GET", "journal") => Ok(ok(&tenant.journal(&filter(request)?, wall))),
        ("GET", "journal.har") => Ok(ok(&tenant.har(&filter(request)?, wall))),
        ("DELETE", "journal") => {
            tenant.clear_journal(&filter(request)?);
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        ("POST", "verify") => {
            let expectation: Expectation = document(request)?.read()?;
            let verdict = tenant.verify(&expectation, wall).map_err(ControlError::bad)?;
            let status = if verdict.passed { StatusCode::OK } else { StatusCode::CONFLICT };
            Ok(json_of(status, &verdict))
        }
        ("GET", "clock") => Ok(ok(&tenant.clock(wall))),
        ("PUT", "clock") => {
            let change: ClockChange = document(request)?.read()?;
            if change == ClockChange::default() {
                return Err(ControlError::bad("nothing to change; expected `mode`, `now` or both"));
            }
            Ok(ok(&tenant.change_clock(change, wall)))
        }
        ("POST", "clock/advance") => {
            let advance: Advance = document(request)?.read()?;
            Ok(ok(&tenant.advance(advance.by.0, wall)))
        }
        ("GET", "agenda") => Ok(ok(&tenant.agenda(wall))),
        ("GET", "state") => Ok(ok(&tenant.state(wall))),
        ("PUT", "state") => {
            let fixture = Fixture::read(&document(request)?.as_document(), tenant.options().prerequisites)
                .map_err(|error| ControlError::bad(error.to_string()))?;
            tenant.set_state(&fixture, wall);
            Ok(ok(&tenant.state(wall)))
        }
        ("POST", "reset") => {
            tenant.reset(wall);
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        _ => unreachable!("every line of CALLS has an arm; a test makes each call"),
    }
}

record! {
    /// How far to move the clock.
    struct Advance as "advance" {
        /// Such as `13m`.
        by: Span = required("by"),
    }
}

record! {
    /// Built-in scenarios by name.
    struct Use as "use" checked by Use::check {
        /// Their names, in the order in which their rules look.
        names: Vec<String> = required("use"),
    }
}

impl Use {
    fn check(&self, place: &mut Place<'_, '_, '_>) {
        for (index, name) in self.names.iter().enumerate() {
            if let Err(error) = built_in_scenario(name) {
                place.mistake(&format!("/use/{index}"), error.message);
            }
        }
    }
}

/// A scenario of its own, or the names of built-in ones: `{"use": ["rate-limited"]}`, or `"rate-limited"` for one.
fn scenarios(request: &Request, max_rules: usize) -> Result<Rulesets, ControlError> {
    let text = document(request)?;
    let document = text.as_document();
    let scenarios: Vec<_> = match document.outline() {
        Outline::Text(name) => vec![built_in_scenario(&name)?],
        Outline::Keys(keys) if keys.iter().any(|key| key == "use") => {
            let named: Use = text.read()?;
            named.names.iter().map(|name| built_in_scenario(name)).collect::<Result<_, _>>()?
        }
        outline => {
            let named = matches!(&outline, Outline::Keys(keys) if keys.iter().all(|key| key == "name"));
            let advice = if named { "; write {\"use\": [\"NAME\"]} for one that is built in" } else { "" };
            let read = Ruleset::read(&document);
            vec![read.map_err(|error| ControlError::bad(format!("{error}{advice}")))?]
        }
    };
    Rulesets::new(scenarios, max_rules).map_err(|error| ControlError::bad(error.to_string()))
}

fn built_in_scenario(name: &str) -> Result<Ruleset, ControlError> {
    library::ruleset(name).ok_or_else(|| {
        let known: Vec<_> = library::BUILT_IN.iter().map(|(name, _)| *name).collect();
        ControlError::bad(unknown("no built-in scenario is named", name, &known))
    })
}

fn world_error(error: &WorldError) -> ControlError {
    let status = match error {
        WorldError::Bad(_) => StatusCode::BAD_REQUEST,
        WorldError::Unknown(_) => StatusCode::NOT_FOUND,
        WorldError::Taken(_) => StatusCode::CONFLICT,
        WorldError::Full(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    ControlError::new(status, error.to_string())
}

fn rule_error(error: &LoadError) -> ControlError {
    let status = match error {
        LoadError::Taken(_) => StatusCode::CONFLICT,
        LoadError::TooMany(_) | LoadError::SameName(_) => StatusCode::BAD_REQUEST,
    };
    ControlError::new(status, error.to_string())
}

/// The base URL of the server itself, from which tenants' base URLs begin.
fn root_of(located: &Located<'_>, request: &Request) -> String {
    let authority = request.authority().unwrap_or("localhost");
    if !located.base_url.prefix.is_empty() || **located.tenant.name() == *crate::world::DEFAULT_TENANT {
        return format!("{}://{authority}", request.scheme());
    }
    // A tenant named by its host: its first label is not the server's.
    let server = authority.split_once('.').map_or(authority, |(_, server)| server);
    format!("{}://{server}", request.scheme())
}

fn openapi(asked: &Asked<'_>) -> Answer {
    let wanted = parameter(asked.request, "version").unwrap_or_else(|| DEFAULT_VERSION.to_owned());
    let version = ApiVersion::named(&wanted).ok_or_else(|| {
        ControlError::bad(format!("version `{wanted}` does not exist; expected one of {}", version_names()))
    })?;
    let Located { tenant, base_url, .. } = asked.located;
    Ok(ok(&asked.world.contract.document(version, tenant.options().prerequisites, &base_url.to_string())))
}

fn control_openapi(base_url: BaseUrl<'_>) -> Reply {
    let document = crate::document::Document {
        name: "control.yaml",
        text: DOCUMENT,
        format: crate::document::Format::Yaml,
    };
    let mut parsed = document.to_json().expect("a test reads the built-in document");
    parsed["servers"] = json!([{ "url": base_url.to_string() }]);
    ok(&parsed)
}

fn ok(body: &impl Serialize) -> Reply {
    json_of(StatusCode::OK, body)
}

fn json_of(status: StatusCode, body: &impl Serialize) -> Reply {
    json_reply(status, &serde_json::to_value(body).expect("reports can be written as JSON"))
}

fn json_reply(status: StatusCode, body: &Value) -> Reply {
    Reply::empty(status)
        .with(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .with_body(body.to_string())
}
