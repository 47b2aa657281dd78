//! The requests of one connection: each is read, answered and delivered, with a line in the log.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use hyper::http::request::Parts;
use hyper::service::Service;
use hyper::{Method, Response, StatusCode, Version};
use tokio::sync::SemaphorePermit;

use super::body::{Broken, Outgoing};
use super::budget::Budget;
use super::deliver::{Recipient, deliver, deliver_at_once, response};
use super::dispatch::{self, Answered};
use super::incoming::{self, Share, Unread};
use super::target::Target;
use super::vitals::{OpenRequest, Vitals};
use super::{Shared, head, monotonic_ns, refusal, request_log, stopwatch, wall_now};
use crate::wire::{Body, DetailCode, Refusal, Request, Stopwatch};

/// Why an exchange ended without an answer.
pub(super) type Ended = Box<dyn std::error::Error + Send + Sync>;

/// hyper itself answers these heads, with a bare 431.
pub(super) const HEAD_TOO_LARGE: &str = "a request's head is too large (--max-header-bytes, --max-headers)";

/// Control calls with longer bodies, in bytes, are read and answered one after the other.
const LARGE: u64 = 1 << 20;

/// How long others wait while such a body is read. One that takes longer gives its turn back, and takes another when it is
/// there.
const READING: Duration = Duration::from_millis(250);

/// The requests of one connection.
#[derive(Clone)]
pub(super) struct Exchanges {
    pub(super) connection: u64,
    pub(super) local_address: Option<SocketAddr>,
    pub(super) vitals: Arc<Vitals>,
    /// Bytes of request bodies of this connection: its share of those of all.
    pub(super) bodies: Arc<Budget>,
    pub(super) shared: Arc<Shared>,
}

/// An answer on its way.
pub(super) struct Answering {
    on_way: OnWay,
    is_http2: bool,
}

/// Most answers are ready at once, and cost no task, timer or allocation of their own.
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one, and costs no allocation")]
enum OnWay {
    AtOnce(Option<Result<Response<Outgoing>, Ended>>),
    Later(Pin<Box<dyn Future<Output = Result<Response<Outgoing>, Ended>> + Send>>),
}

impl Future for Answering {
    type Output = Result<Response<Outgoing>, Ended>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match &mut self.on_way {
            OnWay::AtOnce(answer) => answer.take().expect("a future is not polled after its end"),
            OnWay::Later(answer) => ready!(answer.as_mut().poll(context)),
        };
        if !self.is_http2 {
            return Poll::Ready(answer);
        }
        Poll::Ready(answer.map(|response| response.map(Outgoing::paced)))
    }
}

impl Service<hyper::Request<Incoming>> for Exchanges {
    type Response = Response<Outgoing>;
    type Error = Ended;
    type Future = Answering;

    fn call(&self, request: hyper::Request<Incoming>) -> Answering {
        let is_http2 = request.version() == Version::HTTP_2;
        Answering { on_way: self.begin(request), is_http2 }
    }
}

impl Exchanges {
    /// Has a request answered, at once if that is possible.
    fn begin(&self, request: hyper::Request<Incoming>) -> OnWay {
        let open = Vitals::open(&self.vitals, request.version());
        if let Some((refusal, why)) = self.fault_of(&request) {
            let request = self.without_body(request.into_parts().0, open.is_reused());
            return OnWay::AtOnce(Some(Ok(closing(self.refuse(request, &refusal, why)))));
        }
        let (head, incoming) = request.into_parts();
        let version = head.version;
        let request = self.without_body(head, open.is_reused());
        let target = Target::of(&self.shared.world, &request);
        if !incoming.is_end_stream() || target.is_slow() {
            let answering = self.clone().read_and_answer(request, target, incoming, version, open);
            return OnWay::Later(Box::pin(answering));
        }
        let (answered, method) = self.answer(request, &target);
        match deliver_at_once(answered, &method, &self.shared.answers) {
            Ok(response) => OnWay::AtOnce(Some(Ok(response))),
            Err(answered) => {
                let exchanges = self.clone();
                let delivering = async move { exchanges.deliver(answered, method, version, open).await };
                OnWay::Later(Box::pin(delivering))
            }
        }
    }

    /// Why a head is refused, for the client and for people.
    fn fault_of(&self, request: &hyper::Request<Incoming>) -> Option<(Refusal, &'static str)> {
        if let Some(why) = head::ambiguity(request.version(), request.headers()) {
            return Some((Refusal::bad_request(DetailCode::Syntax, why), why));
        }
        let text = head::excess(request, &self.shared.limits)?;
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Some((Refusal::OverLimit { status, text }, HEAD_TOO_LARGE))
    }

    /// Refuses a request below the application.
    fn refuse(&self, request: Request, refusal: &Refusal, why: &str) -> Response<Outgoing> {
        let (answered, method) = refusal::refuse(&self.shared, request, refusal, why);
        response(answered.outcome.reply, answered.outcome.stamp.as_ref(), &method)
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
        // What is large takes many times its size while it is answered. Its turn is taken before it is read or, where its
        // size is not said, as soon as it is known: a client that sends a little in chunks waits for nobody. And nobody
        // waits for one that says that much comes and does not send it.
        let said = incoming.size_hint().upper();
        let is_large = |bytes| target.is_slow() && bytes > LARGE;
        let mut turn =
            if said.is_some_and(is_large) { Some(self.shared.large.acquire().await?) } else { None };
        let mut share = Share::of(&self.shared.bodies, &self.bodies, said.is_some_and(is_large));
        match self.read_in_turn(&request, &target, incoming, &mut share, &mut turn).await? {
            Ok(body) => request.body = body,
            Err(refused) => return Ok(refused),
        }
        if turn.is_none() && is_large(read_bytes(&request.body)) {
            turn = Some(self.shared.large.acquire().await?);
        }
        let (answered, method) = if target.is_slow() {
            self.answer_aside(request, target).await?
        } else {
            self.answer(request, &target)
        };
        drop((turn, share));
        match deliver_at_once(answered, &method, &self.shared.answers) {
            Ok(response) => Ok(response),
            // Kept apart, so that those that need not wait carry nothing of what waiting takes.
            Err(answered) => Box::pin(self.deliver(answered, method, version, open)).await,
        }
    }

    /// Reads a request's body, or says why that is not possible. A turn is given back when that takes long.
    async fn read_in_turn(
        &self,
        request: &Request,
        target: &Target,
        incoming: Incoming,
        share: &mut Share<'_>,
        turn: &mut Option<SemaphorePermit<'_>>,
    ) -> Result<Result<Body, Response<Outgoing>>, Ended> {
        let mut reading = std::pin::pin!(self.read(request, target, incoming, share));
        if turn.is_some() {
            if let Ok(read) = tokio::time::timeout(READING, reading.as_mut()).await {
                return read;
            }
            *turn = None;
        }
        reading.await
    }

    /// Reads a request's body, or says why that is not possible.
    async fn read(
        &self,
        request: &Request,
        target: &Target,
        incoming: Incoming,
        share: &mut Share<'_>,
    ) -> Result<Result<Body, Response<Outgoing>>, Ended> {
        let limits = &self.shared.limits;
        let is_waiting_for_continue = request.headers.contains_key(EXPECT);
        let reading = incoming::read(incoming, target.max_body_bytes(limits), is_waiting_for_continue, share);
        let mut reading = std::pin::pin!(reading);
        let refused = |refusal: &Refusal, why: &str| self.refuse(request.clone(), refusal, why);
        let no_room = |text: &str| {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            closing(refused(&Refusal::OverLimit { status, text: text.to_owned() }, text))
        };
        let body = if let Some(body) = incoming::at_hand(reading.as_mut()).await {
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
        Ok(body.map_err(|unread| match unread {
            // Malformed chunks, or a client that left and cannot be answered any more.
            Unread::Broken => {
                let why = "The request body could not be read.";
                closing(refused(&Refusal::bad_request(DetailCode::Syntax, why), why))
            }
            Unread::NoRoom => {
                let most = self.shared.bodies.limit();
                no_room(&format!(
                    "{most} bytes of request bodies are being read and answered, which is the limit (--max-bodies-in-flight)"
                ))
            }
            Unread::NoRoomOnConnection => {
                let most = self.bodies.limit();
                no_room(&format!(
                    "{most} bytes of request bodies are being read and answered on this connection, which is the limit for \
                     one connection (half of --max-bodies-in-flight)"
                ))
            }
        }))
    }

    /// A request whose body is not read yet.
    pub(super) fn without_body(&self, head: Parts, is_reused_connection: bool) -> Request {
        Request {
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body: Body::Whole(Bytes::new()),
            is_secure: self.shared.tls.is_some(),
            connection: self.connection,
            local_address: self.local_address,
            is_reused_connection,
            is_multiplexed: head.version == Version::HTTP_2,
            stopwatch: Stopwatch::default(),
        }
    }

    /// Has a request answered, counts it and writes its line in the log.
    fn answer(&self, mut request: Request, target: &Target) -> (Answered, Method) {
        let shared = &self.shared;
        request.stopwatch = stopwatch();
        let answered =
            dispatch::answer_at(&shared.world, shared.journals.as_ref(), &request, target, wall_now());
        let decided_ns = match answered.outcome.trace.decided_ns {
            0 => monotonic_ns(),
            decided_ns => decided_ns,
        };
        let took = Duration::from_nanos(decided_ns - request.stopwatch.arrived_ns);
        request_log::count(&shared.world.metrics, &answered.outcome, took);
        request_log::log(&request, &target.room, &answered, took);
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
        answered: Box<Answered>,
        method: Method,
        version: Version,
        open: OpenRequest,
    ) -> Result<Response<Outgoing>, Ended> {
        let (vitals, shared) = (Arc::clone(&self.vitals), Arc::clone(&self.shared));
        let connection = self.connection;
        Ok(deliver(*answered, Recipient { connection, method, version, vitals, shared, open }).await?)
    }
}

/// How much was read of a body.
fn read_bytes(body: &Body) -> u64 {
    match body {
        Body::Whole(body) => body.len() as u64,
        Body::TooLarge { .. } => 0,
    }
}

/// A connection's last answer.
fn closing(mut response: Response<Outgoing>) -> Response<Outgoing> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
