//! One connection, from its first byte to its last: requests are read, answered and delivered, each with a
//! line in the log.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::body::{self, Outgoing};
use super::deliver::{Asked, Fate, deliver};
use super::{Shared, dispatch, monotonic_now, wall_now};
use crate::metrics::Metrics;
use crate::operation::Operation;
use crate::wire::{Body, Outcome, Request, query};

/// Why an exchange ended without an answer.
type Ended = Box<dyn std::error::Error + Send + Sync>;

/// Serves a connection until either side closes it or the server stops.
pub(super) async fn serve(stream: TcpStream, number: u64, shared: Arc<Shared>) {
    // Answers are small and whole: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let fate = Arc::new(Fate::default());
    let socket = Socket { stream, fate: Arc::clone(&fate) };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.header_timeout)
        .auto_date_header(false)
        .title_case_headers(true);
    builder.http2().timer(TokioTimer::new()).auto_date_header(false);
    let mut stopping = shared.stopping.clone();
    let ours = Arc::clone(&fate);
    let service =
        service_fn(move |request| exchange(request, number, Arc::clone(&ours), Arc::clone(&shared)));
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(socket), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { let _ = stopping.wait_for(|stopping| *stopping).await; } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = fate.goodbye.notified() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(connection = number, error, "a connection ended early");
    }
}

/// Reads one request, has it answered, and delivers the answer.
async fn exchange(
    request: hyper::Request<Incoming>,
    connection: u64,
    fate: Arc<Fate>,
    shared: Arc<Shared>,
) -> Result<Response<Outgoing>, Ended> {
    let (head, incoming) = request.into_parts();
    let reading = body::read(incoming, shared.limits.max_body_bytes);
    let body = match tokio::time::timeout(shared.limits.header_timeout, reading).await {
        Ok(body) => body?,
        Err(_) => return Ok(timed_out()),
    };
    let stopping = shared.stopping.clone();
    let asked = Asked { method: head.method.clone(), version: head.version, fate, stopping };
    let request = Arc::new(Request {
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body,
        is_secure: false,
        connection,
    });
    let started = monotonic_now();
    let answered = dispatch::answer(&shared.world, &request, wall_now());
    let took = monotonic_now() - started;
    count(&shared.world.metrics, &answered.outcome, took);
    log(&request, &answered.outcome, took);
    Ok(deliver(answered, asked).await?)
}

/// 408: the client did not send its body in time.
fn timed_out() -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::whole(Bytes::new()));
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response
}

/// Counts what belongs to the API; the control API is not counted.
fn count(metrics: &Metrics, outcome: &Outcome, took: Duration) {
    if outcome.trace.seq > 0 {
        let status = (!outcome.delivery.is_silent()).then(|| outcome.reply.status.as_u16());
        metrics.count(outcome.trace.operation, status, took);
    }
}

/// One line per request.
fn log(request: &Request, outcome: &Outcome, took: Duration) {
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
        tenant = (!trace.tenant.is_empty()).then_some(trace.tenant.as_str()),
        client = trace.client.as_deref(),
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

/// A socket that is reset instead of closed when its fate says so.
struct Socket {
    stream: TcpStream,
    fate: Arc<Fate>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.fate.is_reset() {
            // No lingering: the kernel throws away what is unsent and answers with RST.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
