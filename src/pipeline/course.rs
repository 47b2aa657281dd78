//! An exchange on its way through the scenario: rules look at it, strike before the service and after it, and
//! the service's answer is kept, replaced, spoiled or never told.

use std::sync::Arc;

use super::{Performance, Prepared, operation_of, serve, version_of};
use crate::clock::Timestamp;
use crate::contract::Routed;
use crate::operation::Operation;
use crate::scenario::fault::{Effect, TokenChange};
use crate::scenario::{ExchangeView, Fired, Looks, Stage, Subject};
use crate::tenant::TenantState;
use crate::tenant::auth::Identified;
use crate::tenant::history::Past;
use crate::wire::{Body, Delivery, Manner, Refusal, Reply, Request, TrackingId};

/// An exchange on its way from nothing to what the client is told.
pub(super) struct Course {
    pub(super) tracking_id: TrackingId,
    now: Timestamp,
    pub(super) reply: Reply,
    pub(super) delivery: Delivery,
    /// Whether the service performed the operation.
    performed: bool,
    pub(super) faults: Vec<Arc<str>>,
    pub(super) violations: Arc<[String]>,
}

impl Course {
    pub(super) fn new(tracking_id: TrackingId, now: Timestamp) -> Self {
        let reply = Reply::empty(hyper::StatusCode::NO_CONTENT);
        let delivery = Delivery::default();
        Self {
            tracking_id,
            now,
            reply,
            delivery,
            performed: false,
            faults: Vec::new(),
            violations: Arc::default(),
        }
    }

    /// Lets the scenario strike before the service and after it; returns what each rule made of the exchange.
    pub(super) fn run_scenario(
        &mut self,
        state: &mut TenantState,
        prepared: Prepared<'_>,
        request: &Request,
        identified: &Identified,
        client: Option<&str>,
    ) -> Looks {
        let form = form_as_json(&prepared);
        let clients = Arc::clone(state.auth.clients());
        let mut exchange = exchange(&prepared, request, client, form.as_deref());
        exchange.client_name = client
            .and_then(|id| clients.iter().find(|client| client.client_id == id))
            .map(|client| client.name.as_str());
        let mut looks = state.scenario.look(Subject::Exchange(&exchange), self.now);
        let chance = state.chance;
        let is_token_call = operation_of(&prepared.routed) == Some(Operation::Token);
        match state.scenario.fire(&mut looks, Stage::Before, chance) {
            None => self.serve(state, prepared, identified, Performance::Real),
            Some(fired) => self.strike_before(state, prepared, identified, &fired),
        }
        if self.performed
            && let Some(fired) = state.scenario.fire(&mut looks, Stage::After, chance)
        {
            self.strike_after(state, identified, is_token_call, &fired);
        }
        looks.close(self.performed)
    }

    /// A fault before the service: it is served only where the fault needs the answer itself.
    fn strike_before(
        &mut self,
        state: &mut TenantState,
        prepared: Prepared<'_>,
        identified: &Identified,
        fired: &Fired,
    ) {
        let is_token_call = operation_of(&prepared.routed) == Some(Operation::Token);
        self.note(fired);
        match fired.fault.effect() {
            Effect::Instead(instead) => self.reply = instead.reply(self.tracking_id, self.now),
            Effect::Silence(manner) => self.delivery.manner = manner,
            Effect::Manner(manner @ Manner::Cut { .. }) => {
                self.rehearse(state, prepared, identified);
                self.delivery.manner = manner;
            }
            Effect::Manner(manner) => {
                self.serve(state, prepared, identified, Performance::Real);
                self.delivery.manner = manner;
            }
            Effect::Corrupt(corruption) => {
                self.rehearse(state, prepared, identified);
                self.reply = corruption.apply(std::mem::replace(&mut self.reply, nothing()));
            }
            Effect::Token(change) if is_token_call => {
                self.serve(state, prepared, identified, Performance::Real);
                if self.performed {
                    let issued = state.auth.last_issued().to_owned();
                    change_token(state, &issued, change);
                }
            }
            Effect::Token(change) => {
                if let Some(session) = identified.session() {
                    change_token(state, &session.jti, change);
                }
                self.serve(state, prepared, identified, Performance::Real);
            }
            Effect::Past(lag) => {
                let own =
                    identified.session().filter(|_| lag.read_your_writes).map(|session| &*session.client_id);
                let past = Past { at: self.now.minus(lag.by.0), own };
                self.serve(state, prepared, identified, Performance::Past(past));
            }
            Effect::None => self.serve(state, prepared, identified, Performance::Real),
        }
    }

    /// A fault after the service: what happened stays, what is told is changed.
    fn strike_after(
        &mut self,
        state: &mut TenantState,
        identified: &Identified,
        is_token_call: bool,
        fired: &Fired,
    ) {
        self.note(fired);
        match fired.fault.effect() {
            Effect::Instead(instead) => self.reply = instead.reply(self.tracking_id, self.now),
            Effect::Silence(manner) | Effect::Manner(manner) => self.delivery.manner = manner,
            Effect::Corrupt(corruption) => {
                self.reply = corruption.apply(std::mem::replace(&mut self.reply, nothing()));
            }
            Effect::Token(change) if is_token_call => {
                let issued = state.auth.last_issued().to_owned();
                change_token(state, &issued, change);
            }
            Effect::Token(change) => {
                if let Some(session) = identified.session() {
                    change_token(state, &session.jti, change);
                }
                self.reply = refusal_of(change).reply(self.tracking_id);
            }
            Effect::Past(_) | Effect::None => {}
        }
    }

    fn note(&mut self, fired: &Fired) {
        let touches = fired.hold.is_some() || !fired.fault.effect().is_none();
        if touches {
            self.faults.push(Arc::clone(&fired.label));
        }
        self.delivery.hold = match (self.delivery.hold, fired.hold) {
            (Some(first), Some(second)) => Some(first.saturating_add(second)),
            (first, second) => first.or(second),
        };
    }

    /// Serves the request for its answer alone: that is right, and nothing happened.
    fn rehearse(&mut self, state: &mut TenantState, prepared: Prepared<'_>, identified: &Identified) {
        self.serve(state, prepared, identified, Performance::Rehearsed);
        self.performed = false;
    }

    /// Has the service perform the operation, or refuse it.
    pub(super) fn serve(
        &mut self,
        state: &mut TenantState,
        prepared: Prepared<'_>,
        identified: &Identified,
        performance: Performance<'_>,
    ) {
        match serve(state, prepared, identified, performance, self.now) {
            Ok(reply) => (self.reply, self.performed) = (reply, true),
            Err(refusal) => {
                self.violations = refusal.summary().into();
                self.reply = refusal.reply(self.tracking_id);
            }
        }
    }
}

/// The exchange as rules see it.
fn exchange<'a>(
    prepared: &'a Prepared<'_>,
    request: &'a Request,
    client: Option<&'a str>,
    form: Option<&'a [u8]>,
) -> ExchangeView<'a> {
    let body = match (&request.body, form) {
        (_, Some(form)) => form,
        (Body::Whole(body), None) => body,
        (Body::TooLarge { .. }, None) => b"",
    };
    let mut exchange =
        ExchangeView::new(request.method.as_str(), prepared.located.path, &request.headers, body);
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

/// A cut as it can be made: there must be a body, and a byte of it must be missing.
pub(super) fn fitting(delivery: Delivery, reply: &Reply, request: &Request) -> Delivery {
    let manner = match delivery.manner {
        Manner::Cut { .. } if reply.body.is_empty() || request.method == hyper::Method::HEAD => Manner::Close,
        Manner::Cut { after_bytes } => Manner::Cut { after_bytes: after_bytes.min(reply.body.len() - 1) },
        manner => manner,
    };
    Delivery { manner, ..delivery }
}
