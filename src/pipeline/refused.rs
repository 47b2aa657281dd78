//! Requests that were refused below the application: their head or their body could not be read, or had two meanings. No
//! rule, token or limit was looked at. The journal keeps them among the others, and says why.

use std::sync::Arc;

use super::open;
use crate::clock::Timestamp;
use crate::journal::{Fate, RequestContext, Told};
use crate::wire::{Delivery, Outcome, Refusal, Request, Stamp, Trace, cors};
use crate::world::{Located, World};

/// Refuses a request for a reason that the client may be told otherwise.
pub(crate) fn refuse(
    world: &World,
    located: &Located<'_>,
    request: &Request,
    refusal: &Refusal,
    why: &str,
    wall: Timestamp,
) -> Outcome {
    let routed = world.contract.route(&request.method, located.path);
    let mut context = RequestContext::new(request, located.path);
    (context.operation, context.version) = (routed.operation(), routed.version());
    let state = &mut *located.tenant.enter(wall);
    state.agenda.note_busy(wall);
    let now = state.clock.now(wall);
    let identified = state.auth.identify(request.bearer_bytes(), now);
    let client = identified.session().map(|session| Arc::clone(&session.caller));
    context.client = client.as_deref();
    let mut exchange = open(state, &context, client.clone(), now, wall);
    exchange.violations = [why.to_owned()].into();
    exchange.fate = Some(Fate::Refused(why.to_owned()));
    exchange.reply = refusal.reply(exchange.tracking_id);
    if let Some(origin) = world.cors.origin(&request.headers) {
        cors::show(&mut exchange.reply, origin);
    }
    let decided_ns = (request.stopwatch.now_ns)();
    exchange.told = Some(Told { at: now, ns: decided_ns, bytes: exchange.reply.body.len() });
    let outcome = Outcome {
        reply: exchange.reply.clone(),
        stamp: Some(Stamp { tracking_id: exchange.tracking_id, date: state.date(now).clone() }),
        delivery: Delivery::default(),
        trace: Trace {
            seq: exchange.seq,
            epoch: state.epoch,
            at_millis: Some(now.as_millis()),
            decided_ns,
            tenant: Arc::clone(located.tenant.name()),
            operation: context.operation,
            client,
            faults: Vec::new(),
            violations: Arc::clone(&exchange.violations),
        },
    };
    located.tenant.settle(state, exchange);
    outcome
}
