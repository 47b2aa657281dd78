//! The service's own steps, in its order: token, scope and user, rate limit, route, contract, handler. What the
//! handler decided is applied here, unless only its answer is wanted.

use std::sync::Arc;

use hyper::StatusCode;

use super::{Prepared, explain};
use crate::auth::{Identified, Session};
use crate::clock::Timestamp;
use crate::contract::{Arguments, Route, Routed};
use crate::document::shortened;
use crate::journal::{Exchange, RequestContext};
use crate::org::Past;
use crate::service::{self, Call, Change, Done};
use crate::tenant::TenantState;
use crate::wire::Refusal;

/// How the service performs an operation.
#[derive(Clone, Copy)]
pub(super) enum Performance<'a> {
    /// For real.
    Real,
    /// For its answer only: nothing is applied.
    Rehearsed,
    /// On the organisation as it was at that time.
    Past(Past<'a>),
}

/// Has the service perform the operation, or refuse it. Returns the id of an issued token.
pub(super) fn serve(
    state: &mut TenantState,
    prepared: &mut Prepared<'_>,
    context: &RequestContext<'_>,
    identified: &Identified,
    performance: Performance<'_>,
    exchange: &mut Exchange,
) -> Option<String> {
    match decide(state, prepared, context, identified, performance, (exchange.seq, exchange.at)) {
        Err(refusal) => {
            let refusal = refusal.with_texts(shortened);
            exchange.reply = refusal.reply(exchange.tracking_id);
            exchange.violations = refusal.summary().into();
            None
        }
        Ok(Done { reply, changes, remarks }) => {
            exchange.reply = reply;
            if !remarks.is_empty() {
                exchange.violations = remarks.into_iter().map(shortened).collect();
            }
            if let Performance::Rehearsed = performance {
                return None;
            }
            exchange.performed = true;
            let issued = issued(&changes);
            if !changes.is_empty() {
                let client = identified.session().map(|session| Arc::clone(&session.caller.id));
                exchange.changes =
                    state.apply(changes, &client.unwrap_or_default(), exchange.seq, exchange.at);
            }
            issued
        }
    }
}

fn issued(changes: &[Change]) -> Option<String> {
    changes.iter().find_map(|change| match change {
        Change::Token(issued) => Some(issued.jti().to_owned()),
        _ => None,
    })
}

fn decide(
    state: &mut TenantState,
    prepared: &mut Prepared<'_>,
    context: &RequestContext<'_>,
    identified: &Identified,
    performance: Performance<'_>,
    (nth, now): (u64, Timestamp),
) -> Result<Done, Refusal> {
    let mut session = None;
    if !is_open(&prepared.routed) {
        let admitted = state.auth.admit(identified, now);
        let admitted = admitted.map_err(|refusal| explain::unauthorized(refusal, prepared, identified))?;
        session = Some(admitted);
        prepared.access.map_or(Ok(()), |access| state.auth.permit(admitted, access))?;
        if let Routed::Found(route) = &prepared.routed {
            service::permit(route, admitted)?;
        }
        limit_rate(state, prepared, admitted, now)?;
    }
    let options = prepared.located.tenant.options();
    let arguments = std::mem::replace(&mut prepared.arguments, Ok(Arguments::default()));
    let decrypted = std::mem::take(&mut prepared.decrypted);
    let route = found(prepared)?;
    let call = Call {
        route,
        contract: prepared.contract,
        arguments: arguments?,
        session,
        context,
        base_url: prepared.located.base_url,
        prerequisites: options.prerequisites,
        token_lifetime: options.token_lifetime,
        password_change_time: options.password_change_time,
        keys: prepared.keys,
        decrypted,
        nth,
        now,
    };
    let past = if let Performance::Past(past) = performance { Some(past) } else { None };
    let done = service::decide(&state.view(past), call)?;
    state.admit(&done.changes).map_err(|no_room| Refusal::OverLimit {
        status: StatusCode::SERVICE_UNAVAILABLE,
        text: no_room.to_string(),
    })?;
    Ok(done)
}

/// Whether a request needs no token: the token endpoints, with any method.
fn is_open(routed: &Routed<'_>) -> bool {
    match routed {
        Routed::Found(route) => route.version.is_none(),
        Routed::WrongMethod { version, .. } => version.is_none(),
        Routed::Unknown { .. } => false,
    }
}

/// The gateway counts every request that has a valid token and names an API version.
fn limit_rate(
    state: &mut TenantState,
    prepared: &Prepared<'_>,
    session: &Session,
    now: Timestamp,
) -> Result<(), Refusal> {
    match (prepared.located.tenant.options().rate_limit, prepared.version()) {
        (Some(limit), Some(version)) => state.rate_limiter.admit(limit, &session.caller.id, version, now),
        _ => Ok(()),
    }
}

fn found<'p, 'a>(prepared: &'p Prepared<'a>) -> Result<&'p Route<'a>, Refusal> {
    match &prepared.routed {
        Routed::Found(route) => Ok(route),
        Routed::WrongMethod { allow, .. } => {
            let why = format!("no call of this path has {}; expected {allow}", prepared.request.method);
            Err(Refusal::MethodNotAllowed { allow: allow.clone() }.because(why))
        }
        Routed::Unknown { version } => {
            let why = prepared.contract.why_nowhere(prepared.located.path, *version);
            let refusal = if version.is_some() { Refusal::NotSimulated } else { Refusal::NotFound };
            Err(refusal.because(why))
        }
    }
}
