//! Which room a request goes to: the control API's, or the pipeline's. Callable without a socket.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::clock::Timestamp;
use crate::wire::{Delivery, Outcome, Refusal, Request, Trace};
use crate::world::World;
use crate::{control, pipeline};

/// Answers a request. A panic is our bug: it becomes a 500, is logged, and harms no other request.
pub fn answer(world: &World, request: &Request, wall: Timestamp) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| located_answer(world, request, wall))).unwrap_or_else(|_| {
        tracing::error!(method = %request.method, path = request.uri.path(), "a request met a bug of ours");
        refused(&Refusal::Internal)
    })
}

fn located_answer(world: &World, request: &Request, wall: Timestamp) -> Outcome {
    match world.locate(request) {
        None => refused(&Refusal::NotFound),
        Some(located) if control::is_control(located.path) => control::answer(world, &located, request, wall),
        Some(located) => pipeline::answer(world, &located, request, wall),
    }
}

/// A refusal outside every tenant, whose luck would have drawn a tracking id.
fn refused(refusal: &Refusal) -> Outcome {
    let reply = refusal.reply("00000000000000000000000000000000");
    Outcome { reply, delivery: Delivery::Whole, trace: Trace::default() }
}
