//! One connection, from its first byte to its last: requests are read, answered and delivered, each with a
//! line in the log.

use std::future::{Future, poll_fn};
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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::body::{self, Broken, Outgoing};
use super::deliver::{Recipient, deliver, response};
use super::dispatch::{self, Answered};
use super::interrupt::Interruption;
use super::socket::Socket;
use super::target::Target;
use super::vitals::{OpenRequest, Vitals};
use super::watchdog::{Interrupted, interrupted};
use super::{Limits, Shared, head, monotonic_ns, request_log, stopwatch, wall_now};
use crate::wire::{Body, DetailCode, Refusal, Request, Stopwatch, query};

/// Why an exchange ended without an answer.
type Ended = Box<dyn std::error::Error + Send + Sync>;

/// Serves a connection, over TLS where the server has it, until either side closes it or the server stops.
pub(super) async fn serve(stream: TcpStream, number: u64, shared: Arc<Shared>) {
    let vitals = Arc::new(Vitals::default());
    let socket = Socket::new(stream, Arc::clone(&vitals));
    let Some(tls) = &shared.tls else { return serve_http(socket, number, vitals, shared).await };
    let shaking_hands = tls.acceptor().accept(socket);
    match tokio::time::timeout(shared.limits.header_timeout, shaking_hands).await {
        Ok(Ok(secured)) => serve_http(secured, number, vitals, shared).await,
        Ok(Err(error)) => {
            tracing::info!(connection = number, %error, "the TLS handshake failed; expected an https:// client that trusts this server's certificate");
        }
        Err(_) => tracing::info!(connection = number, "the client took too long for the TLS handshake"),
    }
}

/// The number of header fields that hyper allows by default.
const HEADERS_OF_HYPER: usize = 100;

/// HTTP in both versions, with those of our limits that hyper enforces.
fn http(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // hyper's own header timeout would count idle time, too; see `watchdog`.
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
    builder
}

async fn serve_http<S>(socket: S, number: u64, vitals: Arc<Vitals>, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let builder = http(&shared.limits);
    let wait =
        |is_stopping| Interruption::new(interrupted(Arc::clone(&vitals), Arc::clone(&shared), is_stopping));
    let (mut is_stopping, mut interruption) = (false, wait(false));
    let exchanges =
        Exchanges { connection: number, vitals: Arc::clone(&vitals), shared: Arc::clone(&shared) };
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
            // Half a request does not count: the server does not wait for the other half.
            Ok(Interrupted::Stopping) if vitals.is_reading_head() => return,
            Ok(Interrupted::Stopping) => is_stopping = true,
            Ok(Interrupted::Goodbye) => {}
        }
        connection.as_mut().graceful_shutdown();
        interruption = wait(is_stopping);
    };
    if let Err(error) = ended {
        log_early_end(number, &error);
    }
}

/// Logs why a connection ended early, unless that was on purpose.
fn log_early_end(number: u64, error: &Ended) {
    let is_on_purpose =
        error.is::<Broken>() || error.source().is_some_and(<dyn std::error::Error + 'static>::is::<Broken>);
    if is_on_purpose {
        return;
    }
    let is_head = |error: &hyper::Error| error.is_parse_too_large();
    let is_head = error.downcast_ref().is_some_and(is_head);
    let why = if is_head { HEAD_TOO_LARGE } else { "a connection ended early" };
    tracing::info!(connection = number, error, "{why}");
}

/// hyper itself answers these heads, with a bare 431.
const HEAD_TOO_LARGE: &str = "a request's head is too large (--max-header-bytes, --max-headers)";

/// The requests of one connection.
#[derive(Clone)]
struct Exchanges {
    connection: u64,
    vitals: Arc<Vitals>,
    shared: Arc<Shared>,
}

/// An answer on its way: most are ready at once, and cost no task, timer or allocation of their own.
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
        let open = Vitals::open(&self.vitals, request.version());
        if let Some(refused) = self.refused(&request) {
            return Answering::AtOnce(Some(Ok(refused)));
        }
        let (head, incoming) = request.into_parts();
        let version = head.version;
        let request = self.without_body(head, open.is_reused());
        let target = Target::of(&self.shared.world, &request);
        if !incoming.is_end_stream() || target.is_slow() {
            let answering = self.clone().read_and_answer(request, target, incoming, version, open);
            return Answering::Later(Box::pin(answering));
        }
        let (answered, method) = self.answer(request, &target);
        if answered.is_told_at_once() {
            return Answering::AtOnce(Some(Ok(response(
                answered.outcome.reply,
                answered.outcome.stamp.as_ref(),
                &method,
            ))));
        }
        let exchanges = self.clone();
        Answering::Later(Box::pin(async move { exchanges.deliver(answered, method, version, open).await }))
    }
}

impl Exchanges {
    /// The answer to a request with an unacceptable head.
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

    /// Reads a request's body, has the request answered, and delivers the answer.
    async fn read_and_answer(
        self,
        mut request: Request,
        target: Target,
        incoming: Incoming,
        version: Version,
        open: OpenRequest,
    ) -> Result<Response<Outgoing>, Ended> {
        match self.read(&request, &target, incoming).await? {
            Ok(body) => request.body = body,
            Err(refused) => return Ok(refused),
        }
        let (answered, method) = if target.is_slow() {
            self.answer_aside(request, target).await?
        } else {
            self.answer(request, &target)
        };
        self.deliver(answered, method, version, open).await
    }

    /// Reads a request's body, or says why that is not possible.
    async fn read(
        &self,
        request: &Request,
        target: &Target,
        incoming: Incoming,
    ) -> Result<Result<Body, Response<Outgoing>>, Ended> {
        let limits = &self.shared.limits;
        let is_waiting_for_continue = request.headers.contains_key(EXPECT);
        let reading = body::read(incoming, target.max_body_bytes(limits), is_waiting_for_continue);
        let mut reading = std::pin::pin!(reading);
        let refused =
            |refusal: &Refusal, why: &str| refused(&request.method, &request.uri, &self.shared, refusal, why);
        let body = if let Some(body) = body::at_hand(reading.as_mut()).await {
            body
        } else {
            let mut stopping = self.shared.stopping.clone();
            tokio::select! {
                body = tokio::time::timeout(limits.body_timeout, reading) => {
                    let Ok(body) = body else {
                        let why = "the client took too long to send its body (--body-timeout)";
                        return Ok(Err(refused(&Refusal::RequestTimeout, why)));
                    };
                    body
                }
                _ = stopping.wait_for(|stopping| *stopping) => return Err(Broken.into()),
            }
        };
        // Malformed chunks, or a client that left and cannot be answered any more.
        Ok(body.map_err(|_| {
            let why = "The request body could not be read.";
            closing(refused(&Refusal::bad_request(DetailCode::Syntax, why), why))
        }))
    }

    /// A request whose body is not read yet.
    fn without_body(&self, head: Parts, is_reused_connection: bool) -> Request {
        Request {
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body: Body::Whole(Bytes::new()),
            is_secure: self.shared.tls.is_some(),
            connection: self.connection,
            is_reused_connection,
            stopwatch: Stopwatch::default(),
        }
    }

    /// Has a request answered, counts it and writes its line in the log.
    fn answer(&self, mut request: Request, target: &Target) -> (Answered, Method) {
        let shared = &self.shared;
        request.stopwatch = stopwatch();
        let answered = dispatch::answer_at(&shared.world, &request, target, wall_now());
        let took = Duration::from_nanos(monotonic_ns() - request.stopwatch.arrived_ns);
        request_log::count(&shared.world.metrics, &answered.outcome, took);
        request_log::log(&request, &answered.outcome, took);
        (answered, request.method)
    }

    /// The same for a request that may take long, on a thread where no other connection waits for it.
    async fn answer_aside(&self, request: Request, target: Target) -> Result<(Answered, Method), Ended> {
        let _place = self.shared.aside.acquire().await?;
        let exchanges = self.clone();
        Ok(tokio::task::spawn_blocking(move || exchanges.answer(request, &target)).await?)
    }

    /// Delivers an answer; the exchange is open until that is done.
    async fn deliver(
        &self,
        answered: Answered,
        method: Method,
        version: Version,
        open: OpenRequest,
    ) -> Result<Response<Outgoing>, Ended> {
        let (vitals, shared) = (Arc::clone(&self.vitals), Arc::clone(&self.shared));
        Ok(deliver(answered, Recipient { method, version, vitals, shared, open }).await?)
    }
}

/// The answer to a request that was never complete; it belongs to no tenant and is in no journal.
fn refused(method: &Method, uri: &Uri, shared: &Shared, refusal: &Refusal, why: &str) -> Response<Outgoing> {
    tracing::info!("{method} {}: {why}", query::redacted(uri));
    let answered = dispatch::refuse(&shared.world, refusal, wall_now());
    response(answered.outcome.reply, answered.outcome.stamp.as_ref(), method)
}

/// The same, and the connection's last.
fn closing(mut response: Response<Outgoing>) -> Response<Outgoing> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
