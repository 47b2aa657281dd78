//! The life of a request to the API, on one page: *prepare* looks at the request alone, *decide* takes the
//! tenant's lock once and decides what is answered and what goes wrong; the server then *delivers*. What is
//! wrong with a request is found early and refused late, in the order in which the service refuses.
//! The service's own steps are in `serve.rs`; how a scenario interferes with them is in `interfere.rs`.

mod explain;
mod interfere;
mod refused;
mod serve;

use std::sync::Arc;

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};

use crate::auth::{Identified, Session};
use crate::clock::Timestamp;
use crate::contract::{Access, Arguments, Contract, Routed};
use crate::crypt::{Decrypted, KeyRing};
use crate::journal::{Exchange, RequestContext, Told};
use crate::operation::Operation;
use crate::service;
use crate::tenant::{SimFault, Tenant, TenantState};
use crate::wire::{
    Caller, Delivery, Manner, Outcome, Refusal, Reply, Request, Stamp, Trace, TrackingId, cors,
};
use crate::world::{Located, World};
pub(crate) use refused::refuse as refuse_in;
use serve::Performance;

/// The longest client id that is believed without a token, in bytes.
const LONGEST_CLIENT_ID: usize = 256;

const SIM_FAULT: HeaderName = HeaderName::from_static("sim-fault");

/// Answers a request to the API of the tenant it was located at.
pub(crate) fn answer(world: &World, located: &Located<'_>, request: &Request, wall: Timestamp) -> Outcome {
    let outcome = decide(prepare(world, located, request, wall), wall);
    world.fit_journals();
    if !outcome.trace.faults.is_empty() {
        world.metrics.count_faults(&outcome.trace.faults);
    }
    outcome
}

/// Whether a request to the API, whose path below its tenant's base URL is `path`, takes long to decide: it is
/// answered on a thread where no other connection waits for it.
pub(crate) fn is_slow(world: &World, method: &Method, path: &str) -> bool {
    // Most requests are none of these by their looks, and are not routed to find that out.
    world.contract.may_be_slow(method, path)
        && match world.contract.route(method, path) {
            Routed::Found(route) => route.operation.is_slow(),
            _ => false,
        }
}

/// Everything about a request that does not depend on the tenant's state.
struct Prepared<'a> {
    contract: &'a Contract,
    located: &'a Located<'a>,
    request: &'a Request,
    token: Option<&'a [u8]>,
    /// The origin of the page that asks, where a page may.
    origin: Option<&'a HeaderValue>,
    access: Option<&'a Access>,
    routed: Routed<'a>,
    arguments: Result<Arguments, Refusal>,
    keys: &'a KeyRing,
    /// The password that the request brings.
    decrypted: Decrypted,
}

/// Finds the route, checks the request against the contract, and computes what takes long.
fn prepare<'a>(
    world: &'a World,
    located: &'a Located<'_>,
    request: &'a Request,
    wall: Timestamp,
) -> Prepared<'a> {
    let World { contract, keys, .. } = world;
    let mut routed = contract.route(&request.method, located.path);
    if request.method == Method::CONNECT {
        routed = no_tunnel(&routed);
    }
    let (token, origin) = (request.bearer_bytes(), world.cors.origin(&request.headers));
    let (mut access, mut arguments, mut decrypted) = (None, Ok(Arguments::default()), Decrypted::default());
    if let Routed::Found(route) = &routed {
        access = contract.access(route);
        arguments = contract.check(route, request, located.tenant.options().prerequisites);
        if route.operation.is_slow()
            && let Ok(arguments) = &arguments
            && let Some(rotations) = rotations_for(&located.tenant, token, wall)
        {
            decrypted = service::compute(route.operation, &arguments.body, keys, rotations);
        }
    }
    Prepared { contract, located, request, token, origin, access, routed, arguments, keys, decrypted }
}

/// How often the tenant's key was rotated, for a request whose token is valid: nobody else has long work done.
fn rotations_for(tenant: &Tenant, token: Option<&[u8]>, wall: Timestamp) -> Option<u64> {
    let state = &mut *tenant.enter(wall);
    let now = state.clock.now(wall);
    state.auth.identify(token, now).session().map(|_| state.view(None).key_rotations)
}

/// Where a request for a tunnel leads: nobody needs a token to be told that there is none, whatever it is to.
fn no_tunnel(routed: &Routed<'_>) -> Routed<'static> {
    let allow = match routed {
        Routed::WrongMethod { allow, .. } => allow.clone(),
        _ => "GET, POST, PUT, PATCH, DELETE".to_owned(),
    };
    Routed::WrongMethod { version: None, allow }
}

/// Decides what is answered, under the tenant's lock, and writes it into the journal.
fn decide(mut prepared: Prepared<'_>, wall: Timestamp) -> Outcome {
    let (tenant, path, request) = (&prepared.located.tenant, prepared.located.path, prepared.request);
    let (operation, version) = (prepared.operation(), prepared.version());
    let mut context = RequestContext::new(request, path);
    context.operation = operation;
    context.version = version;
    let state = &mut *tenant.enter(wall);
    state.agenda.note_busy(wall);
    let now = state.clock.now(wall);
    let identified = state.auth.identify(prepared.token, now);
    let caller = caller(state, &identified, &context);
    context.client = caller.as_deref();
    context.is_past_end = prepared.is_past_end(state, identified.session().map(|session| &**session));
    let mut exchange = open(state, &context, caller.clone(), now, wall);
    let faults = if state.scenario.is_about(operation) {
        interfere::run(state, &mut prepared, &context, &identified, &mut exchange)
    } else {
        serve::serve(state, &mut prepared, &context, &identified, Performance::Real, &mut exchange);
        Vec::new()
    };
    exchange.delivery = fitting(exchange.delivery, &exchange.reply, request);
    if exchange.performed && exchange.delivery.is_silent() {
        exchange.answered.get_or_insert(exchange.reply.status);
    }
    if tenant.options().sim_fault == SimFault::Shown {
        for label in &faults {
            exchange.reply.headers.push((SIM_FAULT, header_value(label)));
        }
    }
    if let Some(origin) = prepared.origin {
        cors::show(&mut exchange.reply, origin);
    }
    let delivery = exchange.delivery;
    let reply = exchange.reply.clone();
    let stamp = Some(Stamp { tracking_id: exchange.tracking_id, date: state.date(now).clone() });
    let trace = Trace {
        seq: exchange.seq,
        epoch: state.epoch,
        at_millis: Some(now.as_millis()),
        decided_ns: (request.stopwatch.now_ns)(),
        tenant: Arc::clone(tenant.name()),
        operation,
        client: caller,
        faults,
        violations: Arc::clone(&exchange.violations),
    };
    if !delivery.waits() && !delivery.is_silent() {
        let bytes = told_bytes(delivery, &exchange.reply, request);
        exchange.told = Some(Told { at: now, ns: trace.decided_ns, bytes });
    }
    state.note_told_to_wait(&exchange, wall);
    tenant.settle(state, exchange);
    Outcome { reply, stamp, delivery, trace }
}

/// Who asks: the client of the token, or the client that a token call names.
fn caller(state: &TenantState, identified: &Identified, context: &RequestContext<'_>) -> Option<Arc<Caller>> {
    if let Some(session) = identified.session() {
        return Some(Arc::clone(&session.caller));
    }
    if context.operation != Some(Operation::Token) {
        return None;
    }
    // A token call may name any client; a longer name cannot be a client's.
    let id = context.form().get("client_id").filter(|id| id.len() <= LONGEST_CLIENT_ID)?;
    let name = state.auth.client_name(id).unwrap_or_default().to_owned();
    Some(Arc::new(Caller { id: id.into(), name }))
}

/// Opens an exchange, of which only the request is known yet.
fn open(
    state: &mut TenantState,
    context: &RequestContext<'_>,
    client: Option<Arc<Caller>>,
    now: Timestamp,
    wall: Timestamp,
) -> Exchange {
    let seq = state.next_request();
    let request = state.journal.pack(context.request, context.path);
    let tracking_id = TrackingId(state.chance.bytes("request", seq));
    Exchange {
        epoch: state.epoch,
        wall_time: wall,
        arrived_ns: context.request.stopwatch.arrived_ns,
        operation: context.operation,
        version: context.version,
        client,
        is_past_end: context.is_past_end,
        ..Exchange::opened(seq, now, request, tracking_id, state.scenario.none_matched())
    }
}

impl Prepared<'_> {
    fn operation(&self) -> Option<Operation> {
        self.routed.operation()
    }

    fn version(&self) -> Option<&'static str> {
        self.routed.version()
    }

    /// Whether a list is asked for from behind its last entry on; an empty list has no end to be behind.
    fn is_past_end(&self, state: &TenantState, session: Option<&Session>) -> bool {
        let Some(operation) = self.operation().filter(|operation| operation.is_paged()) else { return false };
        let Ok(arguments) = &self.arguments else { return false };
        let offset = arguments.integer("offset");
        // Nearly every list begins with its first entry, and nobody counts the others.
        if offset == 0 {
            return false;
        }
        let total = service::total(&state.view(None), operation, self.id(), arguments, session).unwrap_or(0);
        total > 0 && offset >= total
    }

    /// The id in the path; empty where there is none.
    fn id(&self) -> &str {
        match &self.routed {
            Routed::Found(route) => &route.id,
            _ => "",
        }
    }
}

/// A cut that is possible: there must be a body, and at least one byte of it must be missing. A HEAD gets its head,
/// which promises a body as any other does.
fn fitting(delivery: Delivery, reply: &Reply, request: &Request) -> Delivery {
    let manner = match delivery.manner {
        Manner::Cut { .. } if request.method == Method::HEAD => Manner::Whole,
        Manner::Cut { .. } if reply.body.is_empty() => Manner::Close,
        Manner::Cut { after_bytes } => Manner::Cut { after_bytes: after_bytes.min(reply.body.len() - 1) },
        manner => manner,
    };
    Delivery { manner, ..delivery }
}

/// How many bytes of the body are sent.
fn told_bytes(delivery: Delivery, reply: &Reply, request: &Request) -> usize {
    match delivery.manner {
        _ if request.method == Method::HEAD => 0,
        Manner::Cut { after_bytes } => after_bytes,
        _ => reply.body.len(),
    }
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("?"))
}

fn nothing() -> Reply {
    Reply::empty(hyper::StatusCode::NO_CONTENT)
}

/// A refusal outside every tenant, with the header fields that every reply carries.
pub(crate) fn refuse(refusal: &Refusal, tracking_id: TrackingId, wall: Timestamp) -> Outcome {
    outside(refusal.reply(tracking_id), tracking_id, wall)
}

/// An answer outside every tenant, with the header fields that every reply carries.
pub(crate) fn outside(reply: Reply, tracking_id: TrackingId, wall: Timestamp) -> Outcome {
    let stamp = Some(Stamp { tracking_id, date: header_value(&wall.http_date()) });
    Outcome { reply, stamp, delivery: Delivery::default(), trace: Trace::default() }
}
