//! What is recorded of answered requests: counters, and a log line each.

use std::time::Duration;

use crate::metrics::Metrics;
use crate::operation::Operation;
use crate::wire::{Body, Outcome, Request, query};

/// Counts what belongs to the API; the control API is not counted.
pub(super) fn count(metrics: &Metrics, outcome: &Outcome, took: Duration) {
    if outcome.trace.seq > 0 {
        let status = (!outcome.delivery.is_silent()).then(|| outcome.reply.status.as_u16());
        metrics.count(outcome.trace.operation, status, took);
    }
}

/// One line per request.
pub(super) fn log(request: &Request, outcome: &Outcome, took: Duration) {
    if !tracing::enabled!(target: "request", tracing::Level::INFO) {
        return;
    }
    let trace = &outcome.trace;
    let faults = trace.faults.join(" ");
    let detail = trace.violations.join(" ");
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
        client = trace.client.as_ref().map(|client| &*client.id),
        fault = (!faults.is_empty()).then_some(faults.as_str()),
        delivery = delivery.as_deref(),
        body_bytes,
        took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        detail = (!detail.is_empty()).then_some(detail.as_str()),
        "{} {}",
        request.method,
        query::redacted(&request.uri),
    );
}
