//! How a scenario interferes: rules are evaluated, one may fire before the service and one after it, and the
//! service's answer is kept, replaced, corrupted or never sent.

use std::sync::Arc;

use super::serve::{Performance, serve};
use super::{Prepared, nothing};
use crate::auth::Identified;
use crate::journal::{Exchange, RequestContext};
use crate::operation::Operation;
use crate::org::Past;
use crate::scenario::fault::{Call, Effect, TokenChange};
use crate::scenario::{Fired, Stage, Subject};
use crate::tenant::TenantState;
use crate::wire::changed::{ChangeKind, Changed};
use crate::wire::{Manner, Refusal};

/// Takes the exchange through the scenario and the service. Returns the faults that fired, as `scenario/rule`.
pub(super) fn run(
    state: &mut TenantState,
    prepared: &mut Prepared<'_>,
    context: &RequestContext<'_>,
    identified: &Identified,
    exchange: &mut Exchange,
) -> Vec<Arc<str>> {
    let view = context.view(prepared.id());
    let mut looks = state.scenario.look(Subject::Exchange(&view), exchange.at);
    let chance = state.chance;
    let mut interference = Interference { context, identified, exchange, issued: None, faults: Vec::new() };
    match state.scenario.fire(&mut looks, Stage::Before, chance) {
        None => interference.serve(state, prepared, Performance::Real),
        Some(fired) => interference.before(state, prepared, &fired),
    }
    if interference.exchange.performed
        && let Some(fired) = state.scenario.fire(&mut looks, Stage::After, chance)
    {
        interference.after(state, prepared, &fired);
    }
    let faults = interference.faults;
    exchange.rules = looks.close(exchange.performed);
    faults
}

struct Interference<'a> {
    context: &'a RequestContext<'a>,
    identified: &'a Identified,
    exchange: &'a mut Exchange,
    /// The id of the token that the call returned.
    issued: Option<String>,
    faults: Vec<Arc<str>>,
}

impl Interference<'_> {
    fn serve(&mut self, state: &mut TenantState, prepared: &mut Prepared<'_>, performance: Performance<'_>) {
        self.issued = serve(state, prepared, self.context, self.identified, performance, self.exchange);
    }

    /// A fault before the service, which is called only if the fault needs its answer.
    fn before(&mut self, state: &mut TenantState, prepared: &mut Prepared<'_>, fired: &Fired) {
        self.note(fired);
        let (tracking_id, now) = (self.exchange.tracking_id, self.exchange.at);
        match fired.fault.effect() {
            Effect::Instead(instead) => {
                self.exchange.reply = instead.reply(tracking_id, now, self.call());
            }
            Effect::Silence(manner) => self.exchange.delivery.manner = manner,
            Effect::Manner(manner @ Manner::Cut { .. }) => {
                self.serve(state, prepared, Performance::Rehearsed);
                self.exchange.delivery.manner = manner;
            }
            Effect::Manner(manner) => {
                self.serve(state, prepared, Performance::Real);
                self.exchange.delivery.manner = manner;
            }
            Effect::Corrupt(corruption) => {
                self.serve(state, prepared, Performance::Rehearsed);
                self.exchange.reply =
                    corruption.apply(std::mem::replace(&mut self.exchange.reply, nothing()));
            }
            Effect::Token(change) if self.is_token_call() => {
                self.serve(state, prepared, Performance::Real);
                self.change_issued(state, change);
            }
            Effect::Token(change) => {
                self.change_carried(state, change);
                self.serve(state, prepared, Performance::Real);
            }
            // Only a read can go to the past: what changes something changes what is there now.
            Effect::Past(_) if !self.is_read() => self.serve(state, prepared, Performance::Real),
            Effect::Past(lag) => {
                let session = self.identified.session().filter(|_| lag.read_your_writes);
                let past = Past { at: now.minus(lag.by.0), own: session.map(|session| &*session.caller.id) };
                self.serve(state, prepared, Performance::Past(past));
            }
            Effect::Platform(change) => {
                state.change_platform(change, self.context.body(), prepared.id(), now);
                self.serve(state, prepared, Performance::Real);
            }
            Effect::Connector(_) | Effect::None => self.serve(state, prepared, Performance::Real),
        }
    }

    /// A fault after the service: what happened stays, what the client is told changes.
    fn after(&mut self, state: &mut TenantState, prepared: &Prepared<'_>, fired: &Fired) {
        self.note(fired);
        let (tracking_id, now) = (self.exchange.tracking_id, self.exchange.at);
        let answered = self.exchange.reply.status;
        let is_replaced = match fired.fault.effect() {
            Effect::Instead(instead) => {
                self.exchange.reply = instead.reply(tracking_id, now, self.call());
                true
            }
            Effect::Silence(manner) => {
                self.exchange.delivery.manner = manner;
                true
            }
            Effect::Manner(manner) => {
                self.exchange.delivery.manner = manner;
                false
            }
            Effect::Corrupt(corruption) => {
                self.exchange.reply =
                    corruption.apply(std::mem::replace(&mut self.exchange.reply, nothing()));
                true
            }
            Effect::Token(change) if self.is_token_call() => {
                self.change_issued(state, change);
                false
            }
            Effect::Token(change) => {
                self.change_carried(state, change);
                self.exchange.reply = refusal_of(change).reply(tracking_id);
                true
            }
            Effect::Platform(change) => {
                let made = self.exchange.changes.iter().find(|change| change.kind == ChangeKind::Created);
                let id = made.map_or_else(|| prepared.id().to_owned(), Changed::id);
                state.change_platform(change, self.context.body(), &id, now);
                false
            }
            Effect::Past(_) | Effect::Connector(_) | Effect::None => false,
        };
        self.exchange.answered = is_replaced.then_some(answered);
    }

    fn is_read(&self) -> bool {
        self.context.operation.is_some_and(Operation::is_read)
    }

    fn is_token_call(&self) -> bool {
        self.context.operation == Some(Operation::Token)
    }

    fn call(&self) -> Call {
        if self.is_token_call() { Call::Token } else { Call::Api }
    }

    /// Changes the token that the call returned.
    fn change_issued(&self, state: &mut TenantState, change: TokenChange<'_>) {
        if let Some(jti) = &self.issued {
            change_token(state, jti, change);
        }
    }

    /// Changes the token that the call carried.
    fn change_carried(&self, state: &mut TenantState, change: TokenChange<'_>) {
        if let Some(session) = self.identified.session() {
            change_token(state, &session.jti, change);
        }
    }

    fn note(&mut self, fired: &Fired) {
        let touches = fired.hold.is_some() || !fired.fault.effect().is_none();
        if touches {
            self.faults.push(Arc::clone(&fired.label));
        }
        let hold = &mut self.exchange.delivery.hold;
        *hold = match (*hold, fired.hold) {
            (Some(first), Some(second)) => Some(first.saturating_add(second)),
            (first, second) => first.or(second),
        };
    }
}

fn change_token(state: &mut TenantState, jti: &str, change: TokenChange<'_>) {
    match change {
        TokenChange::Expire => state.auth.expire(jti),
        TokenChange::LoseScope(scope) => state.auth.lose_scope(jti, scope),
    }
}

/// What the service answers to a token that was changed under it.
fn refusal_of(change: TokenChange<'_>) -> Refusal {
    match change {
        TokenChange::Expire => Refusal::expired_token(),
        TokenChange::LoseScope(_) => Refusal::Forbidden,
    }
}
