//! Which room a request goes to: the control API's, or the pipeline's. Callable without a socket.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};

use crate::clock::Timestamp;
use crate::control::Control;
use crate::journal::Filter;
use crate::tenant::Tenant;
use crate::wire::{Delivery, Outcome, Refusal, Reply, Request, Trace};
use crate::world::{World, WorldError};
use crate::{control, pipeline};

/// An outcome, and the tenant whose time its delivery goes by.
#[derive(Debug)]
pub struct Answered {
    /// What is said, and how.
    pub outcome: Outcome,
    /// Whose request it was; `None` when it was nobody's.
    pub tenant: Option<Arc<Tenant>>,
    /// The exchanges that are to follow the outcome as they come; the outcome has those so far.
    pub follow: Option<Filter>,
}

impl Answered {
    /// Whether there is nothing to wait for and nothing to spoil.
    pub(super) fn is_told_at_once(&self) -> bool {
        self.outcome.delivery == Delivery::default() && self.follow.is_none()
    }
}

/// Answers a request.
pub fn answer(world: &World, request: &Request, wall: Timestamp) -> Answered {
    guarded(world, request, wall, || located_answer(world, request, wall))
}

/// A panic is our bug: it becomes a 500, is logged, and harms no other request. The tenant's lock is let go while
/// the panic unwinds and is not poisoned, so the tenant is served on. Its state is whole unless the panic came
/// between two of the few writes that make up an operation (`TenantState::change_group` says which); the
/// exchange itself is missing from the journal.
fn guarded(world: &World, request: &Request, wall: Timestamp, answer: impl FnOnce() -> Answered) -> Answered {
    catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|panic| {
        let why = panic.downcast_ref::<&str>().copied();
        let why = why.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        tracing::error!(
            method = %request.method,
            path = request.uri.path(),
            why,
            "a request met a bug of ours"
        );
        refuse(world, &Refusal::Internal, wall)
    })
}

/// A refusal outside every tenant.
pub(super) fn refuse(world: &World, refusal: &Refusal, wall: Timestamp) -> Answered {
    let outcome = pipeline::refuse(refusal, world.next_tracking_id(), wall);
    Answered { outcome, tenant: None, follow: None }
}

fn located_answer(world: &World, request: &Request, wall: Timestamp) -> Answered {
    // Before the tenant is found: who may not call makes no tenant by trying.
    if let Some(outcome) = control::turned_away(world, request) {
        return Answered { outcome, tenant: None, follow: None };
    }
    let located = match world.locate(request, wall) {
        Ok(located) => located,
        Err(error) if request.uri.path().split('/').any(|piece| piece == "_sim") => {
            return Answered { outcome: control::no_tenant(&error), tenant: None, follow: None };
        }
        Err(error) => return refuse(world, &no_tenant(&error), wall),
    };
    if !control::is_control(located.path) {
        let outcome = pipeline::answer(world, &located, request, wall);
        return Answered { outcome, tenant: Some(located.tenant), follow: None };
    }
    let (outcome, follow) = match control::answer(world, &located, request, wall) {
        Control::Answer(outcome) => (*outcome, None),
        Control::Follow(filter) => {
            let (events, last) = events(&located.tenant, &filter, wall);
            (event_stream(events), Some(Filter { after: last, ..filter }))
        }
    };
    Answered { outcome, tenant: Some(located.tenant), follow }
}

/// What the service says where there is no tenant.
fn no_tenant(error: &WorldError) -> Refusal {
    match error {
        WorldError::Full(_) => {
            Refusal::OverLimit { status: StatusCode::SERVICE_UNAVAILABLE, text: error.to_string() }
        }
        _ => Refusal::NotFound,
    }
}

/// The exchanges that a filter admits as server-sent events, and the number after which it would go on.
pub(super) fn events(tenant: &Tenant, filter: &Filter, wall: Timestamp) -> (String, u64) {
    let report = tenant.journal(filter, wall);
    let mut text = String::new();
    for exchange in report.exchanges {
        let _ = write!(text, "id: {}\nevent: exchange\ndata: {exchange}\n\n", exchange["seq"]);
    }
    (text, report.last)
}

fn event_stream(events: String) -> Outcome {
    let reply = Reply::empty(StatusCode::OK)
        .with_content_type(HeaderValue::from_static("text/event-stream"))
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .with_body(events);
    Outcome { reply, delivery: Delivery::default(), trace: Trace::default() }
}

#[cfg(test)]
mod tests {
    use hyper::Method;

    use super::super::captured::captured;
    use super::*;
    use crate::contract::Contract;
    use crate::fixture::Fixture;
    use crate::tenant::{Template, TenantOptions};
    use crate::world::{ControlPolicy, UnknownTenants, WorldConfig};

    const WALL: Timestamp = Timestamp::from_millis(0);

    fn world() -> World {
        World::new(WorldConfig {
            contract: Contract::built_in().unwrap(),
            template: Template::new(&Fixture::built_in("demo").unwrap(), WALL),
            options: TenantOptions::default(),
            max_tenants: 10,
            unknown_tenants: UnknownTenants::Made,
            tenant_domains: Vec::new(),
            control: ControlPolicy::default(),
            started: WALL,
        })
    }

    #[test]
    fn a_panic_under_the_tenants_lock_is_a_500_that_is_logged_and_harms_nobody() {
        let world = world();
        let request = Request::new(Method::GET, "/oauth/info").unwrap();
        let state = || world.default_tenant().state(WALL);
        let before = state();
        let (answered, log) = captured(|| {
            guarded(&world, &request, WALL, || {
                let mut state = world.default_tenant().enter(WALL);
                state.next_request();
                panic!("it slipped");
            })
        });
        assert_eq!(answered.outcome.reply.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answered.outcome.reply.value()["detailCode"], "500.0 Internal Fault");
        assert!(log.contains("ERROR") && log.contains("a request met a bug of ours"), "{log}");
        assert!(log.contains("/oauth/info") && log.contains("it slipped"), "{log}");
        // The same tenant, locked by somebody else, as it was.
        assert_eq!(state(), before);
        let next = answer(&world, &request, WALL).outcome;
        assert_eq!((next.reply.status, next.trace.seq), (StatusCode::OK, 2));
    }
}
