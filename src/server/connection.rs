//! One connection, from its first byte to its last: requests are read, answered and delivered, each with a
//! line in the log.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::CONTENT_LENGTH;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;

use super::body::{self, Outgoing};
use super::{Shared, dispatch, wall_now};
use crate::operation::Operation;
use crate::wire::{Body, Outcome, Request, query};

/// Serves a connection until either side closes it or the server stops.
pub(super) async fn serve(socket: TcpStream, number: u64, shared: Arc<Shared>) {
    // Answers are small and whole: waiting to fill a packet only delays them.
    let _ = socket.set_nodelay(true);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.header_timeout)
        .auto_date_header(false)
        .title_case_headers(true);
    builder.http2().timer(TokioTimer::new()).auto_date_header(false);
    let mut stopping = shared.stopping.clone();
    let service = service_fn(move |request| exchange(request, number, Arc::clone(&shared)));
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(socket), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { let _ = stopping.wait_for(|stopping| *stopping).await; } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(connection = number, %error, "a connection ended early");
    }
}

/// Reads one request, has it answered, and delivers the answer.
async fn exchange(
    request: hyper::Request<Incoming>,
    connection: u64,
    shared: Arc<Shared>,
) -> Result<Response<Outgoing>, hyper::Error> {
    let (head, incoming) = request.into_parts();
    let reading = body::read(incoming, shared.limits.max_body_bytes);
    let body = match tokio::time::timeout(shared.limits.header_timeout, reading).await {
        Ok(body) => body?,
        Err(_) => return Ok(timed_out()),
    };
    let request = Request { method: head.method, uri: head.uri, headers: head.headers, body, connection };
    let started = wall_now();
    let outcome = dispatch::answer(&shared.world, &request, started);
    log(&request, &outcome, wall_now().since(started));
    Ok(deliver(&request, outcome))
}

/// Turns an outcome into what hyper sends.
fn deliver(request: &Request, outcome: Outcome) -> Response<Outgoing> {
    let reply = outcome.reply;
    let mut response = Response::new(Outgoing::whole(reply.body.clone()));
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        response.headers_mut().append(name, value);
    }
    if request.method == Method::HEAD {
        response.headers_mut().insert(CONTENT_LENGTH, reply.body.len().into());
        *response.body_mut() = Outgoing::whole(hyper::body::Bytes::new());
    }
    response
}

/// 408: the client did not send its body in time.
fn timed_out() -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::whole(hyper::body::Bytes::new()));
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response
}

/// One line per request.
fn log(request: &Request, outcome: &Outcome, took: Duration) {
    if !tracing::enabled!(target: "request", tracing::Level::INFO) {
        return;
    }
    let trace = &outcome.trace;
    let detail = trace.violations.join(" ");
    let body_bytes = match &request.body {
        Body::Whole(body) => body.len(),
        Body::TooLarge { limit } => *limit,
    };
    tracing::info!(
        target: "request",
        status = outcome.reply.status.as_u16(),
        operation = trace.operation.map(Operation::id),
        tenant = (!trace.tenant.is_empty()).then_some(trace.tenant.as_str()),
        client = trace.client.as_deref(),
        body_bytes,
        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        detail = (!detail.is_empty()).then_some(detail.as_str()),
        "{} {}",
        request.method,
        query::redacted(&request.uri),
    );
}
