//! The life of a request to the API, on one page: *prepare* looks at the request alone, *decide* takes the
//! tenant's lock once and settles what is answered; the server then *delivers*. What is wrong with a request
//! is found early and refused late, in the order in which the service refuses.

use std::sync::Arc;

use hyper::header::{CACHE_CONTROL, DATE, HeaderName, HeaderValue};

use crate::clock::Timestamp;
use crate::contract::{Access, Checked, Contract, Route, Routed};
use crate::handlers::{self, Call};
use crate::operation::Operation;
use crate::tenant::auth::Session;
use crate::tenant::{Tenant, TenantState};
use crate::wire::form::Form;
use crate::wire::{Delivery, Outcome, Refusal, Reply, Request, Trace};
use crate::world::{Located, World};

const REQUEST_ID: HeaderName = HeaderName::from_static("slpt-request-id");

/// Answers a request to the API of the tenant it was located at.
pub fn answer(world: &World, located: &Located<'_>, request: &Request, wall: Timestamp) -> Outcome {
    decide(prepare(&world.contract, located, request), wall)
}

/// Everything about a request that does not depend on the tenant's state.
struct Prepared<'a> {
    tenant: &'a Arc<Tenant>,
    base_url: &'a str,
    token: Option<&'a str>,
    access: Option<&'a Access>,
    routed: Routed,
    method: &'a str,
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
        token: request.bearer_token(),
        access,
        routed,
        method: request.method.as_str(),
        form,
        checked,
    }
}

/// Settles what is answered, under the tenant's lock.
fn decide(prepared: Prepared<'_>, wall: Timestamp) -> Outcome {
    let tenant = prepared.tenant;
    let mut trace = Trace { tenant: tenant.name().to_owned(), ..Trace::default() };
    let state = &mut *tenant.lock();
    let now = state.clock.now(wall);
    let number = state.next_request();
    let request_id = state.chance.hex("request", number);
    let reply = serve(state, prepared, now, &mut trace).unwrap_or_else(|refusal| {
        trace.violations = refusal.summary();
        refusal.reply(&request_id)
    });
    Outcome { reply: stamp(reply, &request_id, now), delivery: Delivery::Whole, trace }
}

/// The service's own steps, in its order.
fn serve(
    state: &mut TenantState,
    prepared: Prepared<'_>,
    now: Timestamp,
    trace: &mut Trace,
) -> Result<Reply, Refusal> {
    trace.operation = operation_of(&prepared.routed);
    trace.client = prepared.form.get("client_id").map(str::to_owned);
    if !is_open(&prepared.routed) {
        let session = state.auth.authenticate(prepared.token, now)?;
        trace.client = Some(session.client_id.clone());
        prepared.access.map_or(Ok(()), |access| session.may(access))?;
        limit_rate(state, prepared.tenant, &session, &prepared.routed, now)?;
    }
    let route = found(prepared.routed, prepared.method)?;
    let call = Call {
        route: &route,
        checked: prepared.checked?,
        form: prepared.form,
        base_url: prepared.base_url,
        options: prepared.tenant.options(),
        now,
    };
    handlers::perform(state, call)
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
        Routed::WrongMethod { version, .. } => *version,
        Routed::Unknown => None,
    }
}

/// Whether a request needs no token: the token endpoints, with whatever method.
fn is_open(routed: &Routed) -> bool {
    match routed {
        Routed::Found(route) => route.version.is_none(),
        Routed::WrongMethod { version, .. } => version.is_none(),
        Routed::Unknown => false,
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

fn found(routed: Routed, method: &str) -> Result<Route, Refusal> {
    match routed {
        Routed::Found(route) => Ok(route),
        Routed::WrongMethod { allow, .. } => {
            Err(Refusal::MethodNotAllowed { allow, method: method.to_owned() })
        }
        Routed::Unknown => Err(Refusal::NotFound),
    }
}

/// Adds the header fields that every reply of the service carries.
fn stamp(mut reply: Reply, request_id: &str, now: Timestamp) -> Reply {
    if reply.header(CACHE_CONTROL).is_none() {
        let no_cache = HeaderValue::from_static("no-cache, no-store, must-revalidate");
        reply = reply.with(CACHE_CONTROL, no_cache);
    }
    reply.with(REQUEST_ID, request_id).with(DATE, now.http_date())
}
