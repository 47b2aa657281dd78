//! What is recorded of answered requests: counters, and a log line each.

use std::sync::Arc;
use std::time::Duration;

use super::dispatch::Answered;
use super::target::Room;
use crate::metrics::Metrics;
use crate::operation::Operation;
use crate::wire::secrets::{Censor, Secrets};
use crate::wire::{Body, Outcome, Request};

/// Counts what belongs to the API; the control API is not counted.
pub(super) fn count(metrics: &Metrics, outcome: &Outcome, took: Duration) {
    if outcome.trace.seq > 0 {
        let status = (!outcome.delivery.is_silent()).then(|| outcome.reply.status.as_u16());
        metrics.count(outcome.trace.operation, status, took);
    }
}

/// Whether a request to this room has a line: those to the API when requests are logged, others when control calls are.
fn is_logged(room: &Room) -> bool {
    match room {
        Room::Api => tracing::enabled!(target: "request", tracing::Level::INFO),
        _ => tracing::enabled!(target: "control", tracing::Level::INFO),
    }
}

/// One line per request, without the secrets of its tenant.
pub(super) fn log(request: &Request, room: &Room, answered: &Answered, took: Duration) {
    if !is_logged(room) {
        return;
    }
    let outcome = &answered.outcome;
    let trace = &outcome.trace;
    let known = answered.tenant.as_ref().map_or_else(Arc::<Secrets>::default, |tenant| tenant.secrets());
    let faults = trace.faults.join(" ");
    let detail = trace.violations.join("; ");
    // Only what refuses a request quotes it; and only one that is refused, or has a fault, has anything in its path.
    let is_usual = detail.is_empty() && faults.is_empty();
    let censor = if is_usual { Censor::knowing(&known) } else { Censor::of(request, &known) };
    let detail = censor.text(&detail);
    let client = trace.client.as_ref().map(|client| censor.text(&client.id));
    let client_name = trace.client.as_ref().map(|client| censor.text(&client.name));
    let body_bytes = match &request.body {
        Body::Whole(body) => body.len(),
        Body::TooLarge { limit } => *limit,
    };
    let delivery = (!trace.faults.is_empty()).then(|| outcome.delivery.to_string());
    tracing::info!(
        target: "request",
        status = (!outcome.delivery.is_silent()).then(|| outcome.reply.status.as_u16()),
        operation = trace.operation.map(Operation::id),
        tenant = (!trace.tenant.is_empty()).then_some(&*trace.tenant),
        client = client.as_deref(),
        client_name = client_name.as_deref().filter(|name| !name.is_empty()),
        fault = (!faults.is_empty()).then_some(faults.as_str()),
        delivery = delivery.as_deref(),
        body_bytes,
        took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        detail = (!detail.is_empty()).then_some(detail.as_str()),
        "{} {}",
        request.method,
        censor.target(&request.uri),
    );
}
