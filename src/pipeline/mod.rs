//! The life of a request to the API, on one page: *prepare* looks at the request alone, *decide* takes the
//! tenant's lock once and settles what is answered and what goes wrong; the server then *delivers*. What is
//! wrong with a request is found early and refused late, in the order in which the service refuses. How a
//! scenario strikes in between is in `course.rs`.

mod course;

use std::sync::Arc;

use hyper::header::HeaderName;

use crate::clock::Timestamp;
use crate::contract::{Access, Checked, Contract, Route, Routed};
use crate::handlers::{self, Call};
use crate::operation::Operation;
use crate::tenant::auth::{Identified, Session};
use crate::tenant::history::Past;
use crate::tenant::journal::Entry;
use crate::tenant::{Tenant, TenantState, http_date};
use crate::wire::form::Form;
use crate::wire::{Delivery, Outcome, Refusal, Reply, Request, Trace, TrackingId};
use crate::world::{Located, World};
use course::{Course, fitting};

/// The longest client id that is taken for one without a token that says so, in bytes.
const LONGEST_CLIENT_ID: usize = 256;

const SIM_FAULT: HeaderName = HeaderName::from_static("sim-fault");

/// Answers a request to the API of the tenant it was located at.
pub fn answer(world: &World, located: &Located<'_>, request: &Request, wall: Timestamp) -> Outcome {
    decide(prepare(&world.contract, located, request), request, wall)
}

/// Everything about a request that does not depend on the tenant's state.
struct Prepared<'a> {
    located: &'a Located<'a>,
    token: Option<&'a str>,
    access: Option<&'a Access>,
    routed: Routed<'a>,
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
    Prepared { located, token: request.bearer_token(), access, routed, form, checked }
}

/// Settles what is answered, under the tenant's lock, and writes it into the journal.
fn decide(prepared: Prepared<'_>, request: &Request, wall: Timestamp) -> Outcome {
    let tenant = &prepared.located.tenant;
    let path = prepared.located.path;
    let (operation, version) = (operation_of(&prepared.routed), version_of(&prepared.routed));
    let state = &mut *tenant.lock();
    let now = state.clock.now(wall);
    let seq = state.next_request();
    let identified = state.auth.identify(prepared.token, now);
    let client = match identified.session() {
        Some(session) => Some(Arc::clone(&session.client_id)),
        // Whoever asks for a token may call himself anything; what is longer is nobody's name.
        None => prepared.form.get("client_id").filter(|id| id.len() <= LONGEST_CLIENT_ID).map(Arc::from),
    };
    let mut course = Course::new(TrackingId(state.chance.bytes("request", seq)), now);
    let rules = if state.scenario.is_about(operation) {
        course.run_scenario(state, prepared, request, &identified, client.as_deref())
    } else {
        course.serve(state, prepared, &identified, Performance::Real);
        state.scenario.none_matched()
    };
    let Course { tracking_id, mut reply, delivery, faults, violations, .. } = course;
    let delivery = fitting(delivery, &reply, request);
    for label in &faults {
        reply = reply.with(SIM_FAULT, &**label);
    }
    let stamped = reply.stamped(tracking_id, state.date(now));
    let trace = Trace {
        seq,
        at_millis: Some(now.as_millis()),
        tenant: Arc::clone(tenant.name()),
        operation,
        client: client.clone(),
        faults,
        violations: Arc::clone(&violations),
    };
    let entry = Entry {
        seq,
        at: now,
        wall_time: wall,
        operation,
        version,
        client,
        request: state.journal.pack(request, path),
        tracking_id,
        reply,
        delivery,
        fate: None,
        rules,
        violations,
    };
    tenant.settle(state, entry);
    Outcome { reply: stamped, delivery, trace }
}

/// How the service performs an operation.
#[derive(Clone, Copy)]
enum Performance<'a> {
    /// For good.
    Real,
    /// For its answer alone: nothing happens, but that a token which is issued is valid.
    Rehearsed,
    /// On the tenant as it was then.
    Past(Past<'a>),
}

/// The service's own steps, in its order.
fn serve(
    state: &mut TenantState,
    prepared: Prepared<'_>,
    identified: &Identified,
    performance: Performance<'_>,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    if !is_open(&prepared.routed) {
        let session = state.auth.admit(identified, now)?;
        prepared.access.map_or(Ok(()), |access| state.auth.permit(session, access))?;
        limit_rate(state, &prepared.located.tenant, session, &prepared.routed, now)?;
    }
    let route = found(prepared.routed)?;
    let call = Call {
        route: &route,
        checked: prepared.checked?,
        form: prepared.form,
        base_url: prepared.located.base_url,
        options: prepared.located.tenant.options(),
        client: identified.session().map_or_else(Arc::default, |session| Arc::clone(&session.client_id)),
        is_rehearsal: matches!(performance, Performance::Rehearsed),
        past: if let Performance::Past(past) = performance { Some(past) } else { None },
        now,
    };
    handlers::perform(state, call)
}

fn operation_of(routed: &Routed<'_>) -> Option<Operation> {
    match routed {
        Routed::Found(route) => Some(route.operation),
        _ => None,
    }
}

/// The API version that a route leads to or comes near.
fn version_of(routed: &Routed<'_>) -> Option<&'static str> {
    match routed {
        Routed::Found(route) => route.version,
        Routed::WrongMethod { version, .. } | Routed::Unknown { version } => *version,
    }
}

/// Whether a request needs no token: the token endpoints, with whatever method.
fn is_open(routed: &Routed<'_>) -> bool {
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
    routed: &Routed<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    match (tenant.options().rate_limit, version_of(routed)) {
        (Some(limit), Some(version)) => state.rate_limiter.admit(limit, &session.client_id, version, now),
        _ => Ok(()),
    }
}

fn found(routed: Routed<'_>) -> Result<Route<'_>, Refusal> {
    match routed {
        Routed::Found(route) => Ok(route),
        Routed::WrongMethod { allow, .. } => Err(Refusal::MethodNotAllowed { allow }),
        Routed::Unknown { .. } => Err(Refusal::NotFound),
    }
}

/// A refusal outside every tenant, with the header fields that every reply carries.
pub fn refuse(refusal: &Refusal, tracking_id: TrackingId, wall: Timestamp) -> Outcome {
    let reply = refusal.reply(tracking_id).stamped(tracking_id, &http_date(wall));
    Outcome { reply, delivery: Delivery::default(), trace: Trace::default() }
}
