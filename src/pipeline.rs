//! The life of a request to the API, on one page: *prepare* looks at the request alone, *decide* takes the
//! tenant's lock once and settles what is answered and what goes wrong; the server then *delivers*. What is
//! wrong with a request is found early and refused late, in the order in which the service refuses.

use std::sync::Arc;

use hyper::header::{CACHE_CONTROL, DATE, HeaderName, HeaderValue};

use crate::clock::Timestamp;
use crate::contract::{Access, Checked, Contract, Route, Routed};
use crate::handlers::{self, Call};
use crate::operation::Operation;
use crate::scenario::fault::{Effect, TokenChange};
use crate::scenario::{Exchange, Fired, Look, Stage};
use crate::tenant::auth::Session;
use crate::tenant::history::Past;
use crate::tenant::journal::Entry;
use crate::tenant::{Tenant, TenantState};
use crate::wire::form::Form;
use crate::wire::{Body, Delivery, Manner, Outcome, Refusal, Reply, Request, Trace};
use crate::world::{Located, World};

const REQUEST_ID: HeaderName = HeaderName::from_static("slpt-request-id");
const SIM_FAULT: HeaderName = HeaderName::from_static("sim-fault");

/// Answers a request to the API of the tenant it was located at.
pub fn answer(world: &World, located: &Located<'_>, request: &Arc<Request>, wall: Timestamp) -> Outcome {
    decide(prepare(&world.contract, located, request), request, wall)
}

/// Everything about a request that does not depend on the tenant's state.
struct Prepared<'a> {
    tenant: &'a Arc<Tenant>,
    base_url: &'a str,
    path: &'a str,
    token: Option<&'a str>,
    access: Option<&'a Access>,
    routed: Routed,
    form: Form,
    checked: Result<Checked, Refusal>,
}

/// Finds the route and checks the request against the contract; pure.
fn prepare<'a>(contract: &'a Contract, located: &'a Located<'_>, request: &'a Request) -> Prepared<'a> {
    let routed = contract.route(&request.method, located.path);
    let (mut form, mut access, mut checked) = (Form::default(), None, Ok(Checked::default()));
    if let Routed::Found(route) = &routed {
        if route.operation == Operation::Token {
            form = Form::gather(request);
        }
        access = contract.access(route.operation);
        checked = contract.check(route, request, located.tenant.options().prerequisites);
    }
    Prepared {
        tenant: &located.tenant,
        base_url: &located.base_url,
        path: located.path,
        token: request.bearer_token(),
        access,
        routed,
        form,
        checked,
    }
}

/// Settles what is answered, under the tenant's lock, and writes it into the journal.
fn decide(prepared: Prepared<'_>, request: &Arc<Request>, wall: Timestamp) -> Outcome {
    let tenant = prepared.tenant;
    let (operation, version) = (operation_of(&prepared.routed), version_of(&prepared.routed));
    let path = prepared.path.to_owned();
    let state = &mut *tenant.lock();
    let now = state.clock.now(wall);
    let seq = state.next_request();
    let session = state.auth.identify(prepared.token, now);
    let client = match &session {
        Some(session) => Some(session.client_id.clone()),
        None => prepared.form.get("client_id").map(str::to_owned),
    };
    let mut course = Course::new(state.chance.hex("request", seq), now);
    let rules = if state.scenario.is_empty() {
        course.serve(state, prepared, session.as_deref(), None);
        Vec::new()
    } else {
        course.run_scenario(state, prepared, request, session.as_deref(), client.as_deref())
    };
    let Course { request_id, mut reply, delivery, faults, violations, .. } = course;
    let delivery = fitting(delivery, &reply, request);
    for label in &faults {
        reply = reply.with(SIM_FAULT, label.as_str());
    }
    let reply = stamp(reply, &request_id, now);
    let trace = Trace {
        seq,
        tenant: tenant.name().to_owned(),
        operation,
        client: client.clone(),
        faults,
        violations: violations.clone(),
    };
    let entry = Entry {
        seq,
        at: now,
        wall_time: wall,
        operation,
        version,
        path,
        client,
        request: Arc::clone(request),
        reply: reply.clone(),
        delivery,
        fate: None,
        rules,
        violations,
    };
    tenant.settle(state, entry);
    Outcome { reply, delivery, trace }
}

/// An exchange on its way from nothing to what the client is told.
struct Course {
    request_id: String,
    now: Timestamp,
    reply: Reply,
    delivery: Delivery,
    /// Whether the service performed the operation.
    performed: bool,
    faults: Vec<String>,
    violations: Vec<String>,
}

impl Course {
    fn new(request_id: String, now: Timestamp) -> Self {
        let reply = Reply::empty(hyper::StatusCode::NO_CONTENT);
        let delivery = Delivery::default();
        Self {
            request_id,
            now,
            reply,
            delivery,
            performed: false,
            faults: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// Lets the scenario strike before the service and after it; returns what each rule made of the exchange.
    fn run_scenario(
        &mut self,
        state: &mut TenantState,
        prepared: Prepared<'_>,
        request: &Request,
        session: Option<&Session>,
        client: Option<&str>,
    ) -> Vec<Look> {
        let form = form_as_json(&prepared);
        let exchange = exchange(&prepared, request, client, form.as_deref());
        let mut looks = state.scenario.look(&exchange, self.now);
        let chance = state.chance;
        let is_token_call = operation_of(&prepared.routed) == Some(Operation::Token);
        match state.scenario.fire(&mut looks, Stage::Before, chance) {
            None => self.serve(state, prepared, session, None),
            Some(fired) => self.strike_before(state, prepared, session, &fired),
        }
        if self.performed
            && let Some(fired) = state.scenario.fire(&mut looks, Stage::After, chance)
        {
            self.strike_after(state, session, is_token_call, &fired);
        }
        looks.into_inner(self.performed)
    }

    /// A fault before the service: it is served only where the fault needs the answer itself.
    fn strike_before(
        &mut self,
        state: &mut TenantState,
        prepared: Prepared<'_>,
        session: Option<&Session>,
        fired: &Fired,
    ) {
        let is_token_call = operation_of(&prepared.routed) == Some(Operation::Token);
        self.note(fired);
        match fired.fault.effect() {
            Effect::Instead(instead) => self.reply = instead.reply(&self.request_id, self.now),
            Effect::Silence(manner) => self.delivery.manner = manner,
            Effect::Manner(manner @ Manner::Cut { .. }) => {
                self.rehearse(state, prepared, session);
                self.delivery.manner = manner;
            }
            Effect::Manner(manner) => {
                self.serve(state, prepared, session, None);
                self.delivery.manner = manner;
            }
            Effect::Corrupt(corruption) => {
                self.rehearse(state, prepared, session);
                self.reply = corruption.spoil(std::mem::replace(&mut self.reply, nothing()));
            }
            Effect::Token(change) if is_token_call => {
                self.serve(state, prepared, session, None);
                if self.performed {
                    let issued = state.auth.last_issued().to_owned();
                    change_token(state, &issued, change);
                }
            }
            Effect::Token(change) => {
                if let Some(session) = session {
                    change_token(state, &session.jti, change);
                }
                self.serve(state, prepared, session, None);
            }
            Effect::Past(lag) => {
                let own = session.filter(|_| lag.read_your_writes).map(|session| session.client_id.as_str());
                let past = Past { at: self.now.minus(lag.by.0), own };
                self.serve(state, prepared, session, Some(past));
            }
            Effect::None => self.serve(state, prepared, session, None),
        }
    }

    /// A fault after the service: what happened stays, what is told is changed.
    fn strike_after(
        &mut self,
        state: &mut TenantState,
        session: Option<&Session>,
        is_token_call: bool,
        fired: &Fired,
    ) {
        self.note(fired);
        match fired.fault.effect() {
            Effect::Instead(instead) => self.reply = instead.reply(&self.request_id, self.now),
            Effect::Silence(manner) | Effect::Manner(manner) => self.delivery.manner = manner,
            Effect::Corrupt(corruption) => {
                self.reply = corruption.spoil(std::mem::replace(&mut self.reply, nothing()));
            }
            Effect::Token(change) if is_token_call => {
                let issued = state.auth.last_issued().to_owned();
                change_token(state, &issued, change);
            }
            Effect::Token(change) => {
                if let Some(session) = session {
                    change_token(state, &session.jti, change);
                }
                self.reply = refusal_of(change).reply(&self.request_id);
            }
            Effect::Past(_) | Effect::None => {}
        }
    }

    fn note(&mut self, fired: &Fired) {
        let touches = fired.hold.is_some() || fired.fault.effect() != Effect::None;
        if touches {
            self.faults.push(fired.label.clone());
        }
        self.delivery.hold = match (self.delivery.hold, fired.hold) {
            (Some(first), Some(second)) => Some(first.saturating_add(second)),
            (first, second) => first.or(second),
        };
    }

    /// Serves the request and undoes what it did: the answer is right, and nothing happened.
    fn rehearse(&mut self, state: &mut TenantState, prepared: Prepared<'_>, session: Option<&Session>) {
        let snapshot = state.snapshot();
        self.serve(state, prepared, session, None);
        state.restore(snapshot);
        self.performed = false;
    }

    /// Has the service perform the operation, or refuse it.
    fn serve(
        &mut self,
        state: &mut TenantState,
        prepared: Prepared<'_>,
        session: Option<&Session>,
        past: Option<Past<'_>>,
    ) {
        match serve(state, prepared, session, past, self.now) {
            Ok(reply) => (self.reply, self.performed) = (reply, true),
            Err(refusal) => {
                self.violations = refusal.summary();
                self.reply = refusal.reply(&self.request_id);
            }
        }
    }
}

/// The service's own steps, in its order.
fn serve(
    state: &mut TenantState,
    prepared: Prepared<'_>,
    session: Option<&Session>,
    past: Option<Past<'_>>,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    if !is_open(&prepared.routed) {
        let session = state.auth.authenticate(prepared.token, now)?;
        prepared.access.map_or(Ok(()), |access| state.auth.permit(&session, access))?;
        limit_rate(state, prepared.tenant, &session, &prepared.routed, now)?;
    }
    let route = found(prepared.routed)?;
    let call = Call {
        route: &route,
        checked: prepared.checked?,
        form: prepared.form,
        base_url: prepared.base_url,
        options: prepared.tenant.options(),
        client: session.map_or("", |session| &session.client_id),
        past,
        now,
    };
    handlers::perform(state, call)
}

/// The exchange as rules see it.
fn exchange<'a>(
    prepared: &'a Prepared<'_>,
    request: &'a Request,
    client: Option<&'a str>,
    form: Option<&'a [u8]>,
) -> Exchange<'a> {
    let body = match (&request.body, form) {
        (_, Some(form)) => form,
        (Body::Whole(body), None) => body,
        (Body::TooLarge { .. }, None) => b"",
    };
    let mut exchange = Exchange::new(request.method.as_str(), prepared.path, &request.headers, body);
    exchange.operation = operation_of(&prepared.routed);
    exchange.version = version_of(&prepared.routed);
    exchange.query = request.uri.query().unwrap_or_default();
    exchange.client = client;
    if let Routed::Found(route) = &prepared.routed {
        exchange.group = &route.id;
    }
    exchange
}

/// A token call's parameters as a JSON object, for rules that look into the body.
fn form_as_json(prepared: &Prepared<'_>) -> Option<Vec<u8>> {
    let is_token_call = operation_of(&prepared.routed) == Some(Operation::Token);
    is_token_call.then(|| prepared.form.to_json().to_string().into_bytes())
}

fn change_token(state: &mut TenantState, jti: &str, change: TokenChange<'_>) {
    match change {
        TokenChange::Expire => state.auth.expire(jti),
        TokenChange::LoseScope(scope) => state.auth.lose_scope(jti, scope),
    }
}

/// What the service says to a token that was changed under it.
fn refusal_of(change: TokenChange<'_>) -> Refusal {
    match change {
        TokenChange::Expire => Refusal::expired_token(),
        TokenChange::LoseScope(_) => Refusal::Forbidden,
    }
}

fn nothing() -> Reply {
    Reply::empty(hyper::StatusCode::NO_CONTENT)
}

fn operation_of(routed: &Routed) -> Option<Operation> {
    match routed {
        Routed::Found(route) => Some(route.operation),
        _ => None,
    }
}

/// The API version that a route leads to or comes near.
fn version_of(routed: &Routed) -> Option<&'static str> {
    match routed {
        Routed::Found(route) => route.version,
        Routed::WrongMethod { version, .. } | Routed::Unknown { version } => *version,
    }
}

/// Whether a request needs no token: the token endpoints, with whatever method.
fn is_open(routed: &Routed) -> bool {
    match routed {
        Routed::Found(route) => route.version.is_none(),
        Routed::WrongMethod { version, .. } => version.is_none(),
        Routed::Unknown { .. } => false,
    }
}

/// The gateway counts whatever comes with a valid token and names an API version.
fn limit_rate(
    state: &mut TenantState,
    tenant: &Tenant,
    session: &Session,
    routed: &Routed,
    now: Timestamp,
) -> Result<(), Refusal> {
    match (tenant.options().rate_limit, version_of(routed)) {
        (Some(limit), Some(version)) => state.rate_limiter.admit(limit, &session.client_id, version, now),
        _ => Ok(()),
    }
}

fn found(routed: Routed) -> Result<Route, Refusal> {
    match routed {
        Routed::Found(route) => Ok(route),
        Routed::WrongMethod { allow, .. } => Err(Refusal::MethodNotAllowed { allow }),
        Routed::Unknown { .. } => Err(Refusal::NotFound),
    }
}

/// A cut as it can be made: there must be a body, and a byte of it must be missing.
fn fitting(delivery: Delivery, reply: &Reply, request: &Request) -> Delivery {
    let manner = match delivery.manner {
        Manner::Cut { .. } if reply.body.is_empty() || request.method == hyper::Method::HEAD => Manner::Close,
        Manner::Cut { after_bytes } => Manner::Cut { after_bytes: after_bytes.min(reply.body.len() - 1) },
        manner => manner,
    };
    Delivery { manner, ..delivery }
}

/// A refusal outside every tenant, with the header fields that every reply carries.
pub fn refuse(refusal: &Refusal, request_id: &str, wall: Timestamp) -> Outcome {
    let reply = stamp(refusal.reply(request_id), request_id, wall);
    Outcome { reply, delivery: Delivery::default(), trace: Trace::default() }
}

/// Adds the header fields that every reply of the service carries.
fn stamp(mut reply: Reply, request_id: &str, now: Timestamp) -> Reply {
    for (name, value) in [
        (CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate")),
        (REQUEST_ID, HeaderValue::try_from(request_id).expect("hexadecimal digits")),
        (DATE, HeaderValue::try_from(now.http_date()).expect("a date is ASCII")),
    ] {
        if reply.header(&name).is_none() {
            reply = reply.with(name, value);
        }
    }
    reply
}
