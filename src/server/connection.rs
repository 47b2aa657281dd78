//! One connection, from its first byte to its last: requests are read, answered and delivered, each with a
//! line in the log.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use hyper::http::request::Parts;
use hyper::service::Service;
use hyper::{Method, Response, StatusCode, Uri, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::body::{self, Broken, Outgoing};
use super::deliver::{Asked, deliver, response};
use super::dispatch::Answered;
use super::fate::{Fate, Open, is_stalled};
use super::interrupt::Interruption;
use super::{Limits, Shared, dispatch, head, monotonic_ns, pause, stopwatch, wall_now};
use crate::control;
use crate::metrics::Metrics;
use crate::operation::Operation;
use crate::wire::{Body, DetailCode, Outcome, Refusal, Request, Stopwatch, query};

/// Why an exchange ended without an answer.
type Ended = Box<dyn std::error::Error + Send + Sync>;

/// Serves a connection, over TLS where the server has it, until either side closes it or the server stops.
pub(super) async fn serve(stream: TcpStream, number: u64, shared: Arc<Shared>) {
    // Answers are small and whole: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let fate = Arc::new(Fate::default());
    let socket = Socket { stream, fate: Arc::clone(&fate) };
    let Some(tls) = &shared.tls else { return serve_http(socket, number, fate, shared).await };
    let shaking_hands = tls.acceptor().accept(socket);
    match tokio::time::timeout(shared.limits.header_timeout, shaking_hands).await {
        Ok(Ok(secured)) => serve_http(secured, number, fate, shared).await,
        Ok(Err(error)) => {
            tracing::info!(connection = number, %error, "no TLS could be agreed on; expected an https:// client that trusts our certificate");
        }
        Err(_) => tracing::info!(connection = number, "the client took too long to agree on TLS"),
    }
}

/// Header fields that hyper admits when it is told nothing else.
const HEADERS_OF_HYPER: usize = 100;

async fn serve_http<S>(socket: S, number: u64, fate: Arc<Fate>, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &shared.limits;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // hyper's own header timeout would count idle time, too; see `too_slow`.
        .header_read_timeout(None)
        .max_buf_size(limits.max_header_bytes as usize)
        .auto_date_header(false)
        .title_case_headers(true);
    // hyper keeps no more than its own default without an allocation for every request.
    if limits.max_headers != HEADERS_OF_HYPER {
        builder.http1().max_headers(limits.max_headers);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits.max_header_bytes)
        .max_concurrent_streams(limits.max_streams)
        .max_pending_accept_reset_streams(limits.max_resets)
        .max_local_error_reset_streams(limits.max_resets)
        .auto_date_header(false);
    let wait =
        |is_stopping| Interruption::new(interrupted(Arc::clone(&fate), Arc::clone(&shared), is_stopping));
    let (mut is_stopping, mut interruption) = (false, wait(false));
    let exchanges = Exchanges { connection: number, fate: Arc::clone(&fate), shared: Arc::clone(&shared) };
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(socket), exchanges));
    let ended = loop {
        let next = poll_fn(|context| match connection.as_mut().poll(context) {
            Poll::Ready(ended) => Poll::Ready(Err(ended)),
            Poll::Pending => interruption.poll(context).map(Ok),
        });
        match next.await {
            Err(ended) => break ended,
            Ok(Interrupted::TooSlow(why)) => {
                tracing::info!(connection = number, "a connection was closed: {why}");
                return;
            }
            // Half a request is no request: nobody waits for its other half.
            Ok(Interrupted::Stopping) if fate.is_reading_head() => return,
            Ok(Interrupted::Stopping) => is_stopping = true,
            Ok(Interrupted::Goodbye) => {}
        }
        connection.as_mut().graceful_shutdown();
        interruption = wait(is_stopping);
    };
    if let Err(error) = ended
        && !error.is::<Broken>()
        && error.source().is_none_or(|source| !source.is::<Broken>())
    {
        let is_head = |error: &hyper::Error| error.is_parse_too_large();
        let why = if error.downcast_ref().is_some_and(is_head) {
            HEAD_TOO_LARGE
        } else {
            "a connection ended early"
        };
        tracing::info!(connection = number, error, "{why}");
    }
}

/// hyper itself answers these heads, with a bare 431.
const HEAD_TOO_LARGE: &str = "a request's head is too large (--max-header-bytes, --max-headers)";

/// What may come between a connection and its client.
enum Interrupted {
    /// The server stops.
    Stopping,
    /// A delivery asks for a graceful end.
    Goodbye,
    /// The client takes too long; why.
    TooSlow(&'static str),
}

async fn interrupted(fate: Arc<Fate>, shared: Arc<Shared>, is_stopping: bool) -> Interrupted {
    let mut stopping = shared.stopping.clone();
    tokio::select! {
        _ = stopping.wait_for(|stopping| *stopping), if !is_stopping => Interrupted::Stopping,
        () = fate.goodbye.notified() => Interrupted::Goodbye,
        why = too_slow(&fate, &shared.limits) => Interrupted::TooSlow(why),
    }
}

/// Ready when the client has taken too long to send a head, to take its answer, or to do anything at all. Looks
/// now and then instead of keeping timers for every request.
async fn too_slow(fate: &Fate, limits: &Limits) -> &'static str {
    let shortest = limits.header_timeout.min(limits.write_timeout).min(limits.idle_timeout);
    let tick = (shortest / 4).max(Duration::from_millis(5));
    let (mut quiet, mut stall) = (Unchanged::new(fate.activity()), Unchanged::new(fate.stalls()));
    loop {
        pause(tick).await;
        quiet.look(fate.activity(), tick);
        stall.look(fate.stalls(), tick);
        if fate.is_reading_head() && quiet.lasted >= limits.header_timeout {
            return "the client took too long to send its headers (--header-timeout)";
        }
        if is_stalled(stall.number) && stall.lasted >= limits.write_timeout {
            return "the client took none of its answer for too long (--write-timeout)";
        }
        if fate.is_idle() && quiet.lasted >= limits.idle_timeout {
            return "the client was idle for too long (--idle-timeout)";
        }
    }
}

/// For how long a number has been the same.
struct Unchanged {
    number: u64,
    lasted: Duration,
}

impl Unchanged {
    fn new(number: u64) -> Self {
        Self { number, lasted: Duration::ZERO }
    }

    fn look(&mut self, number: u64, tick: Duration) {
        self.lasted = if number == self.number { self.lasted + tick } else { Duration::ZERO };
        self.number = number;
    }
}

/// The requests of one connection.
#[derive(Clone)]
struct Exchanges {
    connection: u64,
    fate: Arc<Fate>,
    shared: Arc<Shared>,
}

/// An answer on its way: most are there at once, and cost no task, timer or allocation of their own.
enum Answering {
    AtOnce(Option<Result<Response<Outgoing>, Ended>>),
    Later(Pin<Box<dyn Future<Output = Result<Response<Outgoing>, Ended>> + Send>>),
}

impl Future for Answering {
    type Output = Result<Response<Outgoing>, Ended>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::AtOnce(answer) => Poll::Ready(answer.take().expect("a future is not polled after its end")),
            Self::Later(answer) => answer.as_mut().poll(context),
        }
    }
}

impl Service<hyper::Request<Incoming>> for Exchanges {
    type Response = Response<Outgoing>;
    type Error = Ended;
    type Future = Answering;

    fn call(&self, request: hyper::Request<Incoming>) -> Answering {
        let open = Fate::open(&self.fate, request.version());
        if let Some(refused) = self.refused(&request) {
            return Answering::AtOnce(Some(Ok(refused)));
        }
        let exchanges = self.clone();
        if !request.body().is_end_stream() || control::may_take_long(request.uri().path()) {
            return Answering::Later(Box::pin(exchanges.read_and_answer(request, open)));
        }
        let (head, _) = request.into_parts();
        let version = head.version;
        let (answered, method) = self.answer(self.asked(head));
        if answered.is_told_at_once() {
            return Answering::AtOnce(Some(Ok(response(answered.outcome.reply, &method))));
        }
        Answering::Later(Box::pin(async move { exchanges.deliver(answered, method, version, open).await }))
    }
}

impl Exchanges {
    /// The answer to a request whose head is not as it should be.
    fn refused(&self, request: &hyper::Request<Incoming>) -> Option<Response<Outgoing>> {
        let (refusal, why) = if let Some(why) = head::ambiguity(request.version(), request.headers()) {
            (Refusal::bad_request(DetailCode::Syntax, why), why)
        } else {
            let text = head::excess(request, &self.shared.limits)?;
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            (Refusal::OverLimit { status, text }, HEAD_TOO_LARGE)
        };
        Some(closing(refused(request.method(), request.uri(), &self.shared, &refusal, why)))
    }

    /// Reads a request's body, has it answered, and delivers the answer.
    async fn read_and_answer(
        self,
        request: hyper::Request<Incoming>,
        open: Open,
    ) -> Result<Response<Outgoing>, Ended> {
        let (head, incoming) = request.into_parts();
        let (version, is_expecting) = (head.version, head.headers.contains_key(EXPECT));
        let mut request = self.asked(head);
        let limits = &self.shared.limits;
        let limit = if control::may_call(&self.shared.world, &request) {
            limits.max_control_body_bytes
        } else {
            limits.max_body_bytes
        };
        let mut reading = std::pin::pin!(body::read(incoming, limit, is_expecting));
        let body = if let Some(body) = body::at_hand(reading.as_mut()).await {
            body
        } else {
            let mut stopping = self.shared.stopping.clone();
            tokio::select! {
                body = tokio::time::timeout(limits.body_timeout, reading) => {
                    let Ok(body) = body else {
                        let why = "the client took too long to send its body (--body-timeout)";
                        let refusal = Refusal::RequestTimeout;
                        return Ok(refused(&request.method, &request.uri, &self.shared, &refusal, why));
                    };
                    body
                }
                _ = stopping.wait_for(|stopping| *stopping) => return Err(Broken.into()),
            }
        };
        // Chunks that are none, or a client that left; to that one we speak in vain.
        let Ok(body) = body else {
            let why = "The request body could not be read.";
            let refusal = Refusal::bad_request(DetailCode::Syntax, why);
            return Ok(closing(refused(&request.method, &request.uri, &self.shared, &refusal, why)));
        };
        request.body = body;
        let (answered, method) = if control::may_take_long(request.uri.path()) {
            self.answer_aside(request).await?
        } else {
            self.answer(request)
        };
        self.deliver(answered, method, version, open).await
    }

    /// A request whose body is not there yet.
    fn asked(&self, head: Parts) -> Request {
        Request {
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body: Body::Whole(Bytes::new()),
            is_secure: self.shared.tls.is_some(),
            connection: self.connection,
            is_reused_connection: false,
            stopwatch: Stopwatch::default(),
        }
    }

    /// The same for a call that may take long, on a thread where no other connection waits for it.
    async fn answer_aside(&self, request: Request) -> Result<(Answered, Method), Ended> {
        let _place = self.shared.aside.acquire().await?;
        let exchanges = self.clone();
        Ok(tokio::task::spawn_blocking(move || exchanges.answer(request)).await?)
    }

    /// Has a request answered, counts it and writes its line in the log.
    fn answer(&self, mut request: Request) -> (Answered, Method) {
        let shared = &self.shared;
        request.stopwatch = stopwatch();
        let answered = dispatch::answer(&shared.world, &request, wall_now());
        let took = Duration::from_nanos(monotonic_ns() - request.stopwatch.arrived_ns);
        count(&shared.world.metrics, &answered.outcome, took);
        log(&request, &answered.outcome, took);
        (answered, request.method)
    }

    /// Delivers an answer; the exchange is open until that is done.
    async fn deliver(
        &self,
        answered: Answered,
        method: Method,
        version: Version,
        open: Open,
    ) -> Result<Response<Outgoing>, Ended> {
        let (fate, shared) = (Arc::clone(&self.fate), Arc::clone(&self.shared));
        Ok(deliver(answered, Asked { method, version, fate, shared, open }).await?)
    }
}

/// The answer to a request that never was a whole one; nobody's exchange, and so in nobody's journal.
fn refused(method: &Method, uri: &Uri, shared: &Shared, refusal: &Refusal, why: &str) -> Response<Outgoing> {
    tracing::info!("{method} {}: {why}", query::redacted(uri));
    let answered = dispatch::refuse(&shared.world, refusal, wall_now());
    response(answered.outcome.reply, method)
}

/// The same, and the connection's last.
fn closing(mut response: Response<Outgoing>) -> Response<Outgoing> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
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

/// The longest answer that is copied into one piece, in bytes.
const SHORT: usize = 1_024;

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
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.fate.note_read();
        }
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.fate.note_write(polled.is_ready());
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // To copy a short answer costs less than to tell the kernel of its pieces.
        let mut whole = [0; SHORT];
        let mut len = 0;
        for slice in slices {
            let Some(place) = whole.get_mut(len..len + slice.len()) else {
                let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
                self.fate.note_write(polled.is_ready());
                return polled;
            };
            place.copy_from_slice(slice);
            len += slice.len();
        }
        self.poll_write(context, &whole[..len])
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
