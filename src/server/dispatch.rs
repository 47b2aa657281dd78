//! Which room a request goes to: the control API's, or the pipeline's. Callable without a socket.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::tenant::Tenant;
use crate::wire::{Delivery, Outcome, Refusal, Request, Trace};
use crate::world::World;
use crate::{control, pipeline};

/// An outcome, and the tenant whose time its delivery goes by.
#[derive(Debug)]
pub struct Answered {
    /// What is said, and how.
    pub outcome: Outcome,
    /// Whose request it was; `None` when it was nobody's.
    pub tenant: Option<Arc<Tenant>>,
}

/// Answers a request. A panic is our bug: it becomes a 500, is logged, and harms no other request.
pub fn answer(world: &World, request: &Arc<Request>, wall: Timestamp) -> Answered {
    catch_unwind(AssertUnwindSafe(|| located_answer(world, request, wall))).unwrap_or_else(|_| {
        tracing::error!(method = %request.method, path = request.uri.path(), "a request met a bug of ours");
        refused(&Refusal::Internal)
    })
}

fn located_answer(world: &World, request: &Arc<Request>, wall: Timestamp) -> Answered {
    let Some(located) = world.locate(request, wall) else { return refused(&Refusal::NotFound) };
    let outcome = if control::is_control(located.path) {
        control::answer(world, &located, request, wall)
    } else {
        pipeline::answer(world, &located, request, wall)
    };
    Answered { outcome, tenant: Some(located.tenant) }
}

/// A refusal outside every tenant, whose luck would have drawn a tracking id.
fn refused(refusal: &Refusal) -> Answered {
    let reply = refusal.reply("00000000000000000000000000000000");
    Answered {
        outcome: Outcome { reply, delivery: Delivery::default(), trace: Trace::default() },
        tenant: None,
    }
}
